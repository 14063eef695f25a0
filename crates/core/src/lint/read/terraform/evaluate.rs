//! The value of an expression, as far as the files say it: what depends on anything else is unknown, or one of several.

use std::cell::Cell;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{
    BinaryOperator, Expression, ForExpr, Object, ObjectKey, Traversal, TraversalOperator, UnaryOperator,
};
use hcl_edit::template::{Element, Template};

use super::functions;
use super::scope::{Named, Scope};
use crate::lint::read::choice::{is_known, is_unknown, items, one_of, perhaps, unknown};
use crate::lint::read::{MAX_DEPTH, UNKNOWN};
use crate::problem::{SourceFile, Span};
use crate::text::json::{Member, Node, Value};

/// A file is not evaluated beyond this many expressions: the rest of it is unknown.
const MOST: usize = 300_000;

/// Where an expression stands, and what names mean there.
#[derive(Clone)]
pub struct Evaluation<'a> {
    /// The file that findings are shown in.
    pub source: &'a Arc<SourceFile>,
    scope: &'a Scope<'a>,
    /// The place that stands for every place of another file.
    at: Option<Span>,
    names: Vec<(String, Node)>,
    depth: usize,
    left: &'a Cell<usize>,
}

impl<'a> Evaluation<'a> {
    /// For the expressions of one file.
    pub fn new(source: &'a Arc<SourceFile>, scope: &'a Scope<'a>, left: &'a Cell<usize>) -> Self {
        left.set(MOST);
        Self { source, scope, at: None, names: Vec::new(), depth: 0, left }
    }

    /// The same, where a name means a value.
    #[must_use]
    pub fn with(&self, name: &str, value: Node) -> Self {
        let mut inner = self.clone();
        inner.names.push((name.to_owned(), value));
        inner
    }

    /// Where something of the file stands.
    pub fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        let own = range.map_or(Span::default(), |r| Span { start: r.start, end: r.end });
        self.at.unwrap_or_else(|| trimmed(self.source, own))
    }

    /// The value; unknown where it cannot be told.
    pub fn value(&self, expression: &Expression) -> Node {
        self.attempt(expression).unwrap_or_else(|| unknown(self.span(expression.span())))
    }

    /// The value; `None` where it is certain that there is none, which only `try` passes over.
    pub fn attempt(&self, expression: &Expression) -> Option<Node> {
        let at = self.span(expression.span());
        let left = self.left.get();
        if self.depth > MAX_DEPTH || left == 0 {
            return Some(unknown(at));
        }
        self.left.set(left - 1);
        let inner = Self { depth: self.depth + 1, ..self.clone() };
        inner.deeper(expression, at)
    }

    fn deeper(&self, expression: &Expression, at: Span) -> Option<Node> {
        let value = match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(b) => Value::Bool(*b.value()),
            Expression::Number(n) => Value::Number(n.value().to_string()),
            Expression::String(text) => Value::String(unescaped(text.as_str())),
            Expression::Array(array) => Value::Array(array.iter().map(|e| self.value(e)).collect()),
            Expression::Object(members) => Value::Object(self.object(members)),
            Expression::StringTemplate(template) => return Some(self.template(template, at)),
            Expression::HeredocTemplate(heredoc) => {
                let text = self.text(&heredoc.template, false);
                // a part that is not known and a line break are not known
                Value::String(if text.trim() == UNKNOWN.to_string() { UNKNOWN.to_string() } else { text })
            }
            Expression::Parenthesis(inner) => return self.attempt(inner.inner()),
            Expression::FuncCall(call) => return functions::call(self, call, at),
            Expression::Variable(ident) => return Some(self.named(ident.as_str()).unwrap_or_else(|| unknown(at))),
            Expression::Traversal(traversal) => return self.traversal(traversal, at),
            Expression::Conditional(choice) => {
                return match self.value(&choice.cond_expr).value {
                    Value::Bool(true) => self.attempt(&choice.true_expr),
                    Value::Bool(false) => self.attempt(&choice.false_expr),
                    _ => Some(one_of(at, vec![self.value(&choice.true_expr), self.value(&choice.false_expr)])),
                };
            }
            Expression::ForExpr(each) => return Some(self.each(each, at)),
            Expression::BinaryOp(op) => {
                let sides = (self.value(&op.lhs_expr), self.value(&op.rhs_expr));
                return Some(compared(*op.operator.value(), &sides.0, &sides.1, at));
            }
            Expression::UnaryOp(op) => match (op.operator.value(), self.value(&op.expr).value) {
                (UnaryOperator::Not, Value::Bool(b)) => Value::Bool(!b),
                _ => return Some(unknown(at)),
            },
        };
        Some(Node::new(at, value))
    }

    fn named(&self, name: &str) -> Option<Node> {
        self.names.iter().rev().find(|(n, _)| n == name).map(|(_, node)| node.clone())
    }

    fn object(&self, object: &Object) -> Vec<Member> {
        let member = |(key, value): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
            let name = match key {
                ObjectKey::Ident(ident) => ident.as_str().to_owned(),
                ObjectKey::Expression(Expression::Variable(ident)) => ident.as_str().to_owned(),
                ObjectKey::Expression(expression) => key_text(&self.value(expression)),
            };
            Member { key: name, key_span: self.span(key.span()), node: self.value(value.expr()) }
        };
        object.iter().map(member).collect()
    }

    /// A text with what is known of its parts; a single part is what it is.
    fn template(&self, template: &Template, at: Span) -> Node {
        let mut elements = template.iter();
        if let (Some(Element::Interpolation(only)), None) = (elements.next(), elements.next()) {
            return self.value(&only.expr);
        }
        let first = template.iter().next();
        // a document in a text keeps its places, and so what stands for each of its parts
        let document = matches!(first, Some(Element::Literal(text)) if text.trim_start().starts_with(['{', '[']));
        Node::string(at, self.text(template, !document))
    }

    fn text(&self, template: &Template, filled: bool) -> String {
        let part = |element: &Element| match element {
            Element::Literal(text) => unescaped(text.as_str()),
            Element::Interpolation(inner) if filled => key_text(&self.value(&inner.expr)),
            Element::Interpolation(_) | Element::Directive(_) => UNKNOWN.to_string(),
        };
        template.iter().map(part).collect()
    }

    fn traversal(&self, traversal: &Traversal, at: Span) -> Option<Node> {
        let operators = traversal.operators.as_slice();
        let first = operators.first().and_then(|o| match o.value() {
            TraversalOperator::GetAttr(name) => Some(name.as_str()),
            _ => None,
        });
        let (base, rest) = match (&traversal.expr, first) {
            (Expression::Variable(ident), Some(name)) if self.named(ident.as_str()).is_none() => {
                let rest = operators.get(1..).unwrap_or_default();
                match ident.as_str() {
                    "local" => (self.elsewhere(self.scope.local(name)?, at), rest),
                    "var" => (self.variable(name, at), rest),
                    _ => return Some(unknown(at)),
                }
            }
            (expression, _) => (self.attempt(expression)?, operators),
        };
        rest.iter().try_fold(base, |node, operator| self.applied(node, operator.value(), at))
    }

    /// A value that is said elsewhere: in this file it has its own places, those of another file are shown where it is used.
    fn elsewhere(&self, (expression, source): Named<'_>, at: Span) -> Node {
        let here = self.at.is_none() && Arc::ptr_eq(source, self.source);
        let inner = Evaluation {
            source: self.source,
            scope: self.scope,
            at: if here { None } else { Some(at) },
            names: Vec::new(),
            depth: self.depth,
            left: self.left,
        };
        inner.value(expression)
    }

    /// A variable may be what it is by default, where that says something, and anything else.
    fn variable(&self, name: &str, at: Span) -> Node {
        let default = self.scope.default_of(name).map(|d| self.elsewhere(d, at));
        let says = |node: &Node| match &node.value {
            Value::Array(nodes) => !nodes.is_empty(),
            Value::Object(members) => !members.is_empty(),
            Value::String(text) => text.contains(':'),
            _ => false,
        };
        match default.filter(says) {
            Some(default) => one_of(at, vec![default, unknown(at)]),
            None => unknown(at),
        }
    }

    fn applied(&self, node: Node, operator: &TraversalOperator, at: Span) -> Option<Node> {
        if let Value::OneOf(nodes) = node.value {
            let each = nodes.into_iter().filter(|n| n.value != Value::Null);
            let found: Vec<Node> = each.filter_map(|n| self.applied(n, operator, at)).collect();
            return (!found.is_empty()).then(|| one_of(at, found));
        }
        if is_unknown(&node) {
            return Some(unknown(at));
        }
        match operator {
            TraversalOperator::GetAttr(name) => member(&node, name.as_str()),
            TraversalOperator::Index(index) => {
                let index = self.value(index);
                match &index.value {
                    Value::String(text) if is_known(&index) => member(&node, text),
                    Value::Number(number) => element(&node, number.parse().ok()?),
                    _ => Some(one_of(at, children(&node))),
                }
            }
            TraversalOperator::LegacyIndex(index) => element(&node, usize::try_from(*index.value()).ok()?),
            // what follows is asked of each, which a list of several shows as well
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                Some(if node.as_array().is_some() { one_of(at, children(&node)) } else { node })
            }
        }
    }

    /// A `for` expression: a value for each element; where the elements are not known, one that may be there.
    fn each(&self, each: &ForExpr, at: Span) -> Node {
        let collection = self.value(&each.intro.collection_expr);
        let mut nodes = Vec::new();
        let mut members = Vec::new();
        for (key, value, maybe) in entries(&collection, at) {
            let mut inner = self.with(each.intro.value_var.as_str(), value);
            if let Some(name) = &each.intro.key_var {
                inner = inner.with(name.as_str(), key);
            }
            let holds = each.cond.as_ref().map_or(Value::Bool(true), |c| inner.value(&c.expr).value);
            if holds == Value::Bool(false) {
                continue;
            }
            let node = inner.value(&each.value_expr);
            let node = if maybe || holds != Value::Bool(true) { perhaps(node) } else { node };
            match &each.key_expr {
                None => nodes.push(node),
                Some(key) => {
                    let key_span = inner.span(key.span());
                    members.push(Member { key: key_text(&inner.value(key)), key_span, node });
                }
            }
        }
        Node::new(at, if each.key_expr.is_some() { Value::Object(members) } else { Value::Array(nodes) })
    }
}

/// The elements of a collection with their keys, and whether each may be missing; of one that is not known, one of which nothing is known.
pub fn entries(collection: &Node, at: Span) -> Vec<(Node, Node, bool)> {
    let mut found = Vec::new();
    for (nth, alternative) in collection.alternatives().iter().enumerate() {
        let maybe = collection.alternatives().len() > 1 || nth > 0;
        match &alternative.value {
            Value::Null => {}
            Value::Object(members) => found.extend(members.iter().map(|m| {
                let uncertain = maybe || m.key.contains(UNKNOWN) || matches!(m.node.value, Value::OneOf(_));
                (Node::string(m.key_span, m.key.clone()), m.node.clone(), uncertain)
            })),
            Value::Array(_) => found.extend(items(alternative).into_iter().enumerate().map(|(index, item)| {
                let key = Node::new(item.node.span, Value::Number(index.to_string()));
                (key, item.node.clone(), maybe || item.perhaps || is_unknown(item.node))
            })),
            _ => found.push((unknown(at), unknown(at), true)),
        }
    }
    found
}

fn children(node: &Node) -> Vec<Node> {
    match &node.value {
        Value::Array(nodes) => nodes.clone(),
        Value::Object(members) => members.iter().map(|m| m.node.clone()).collect(),
        _ => vec![unknown(node.span)],
    }
}

fn member(node: &Node, key: &str) -> Option<Node> {
    match &node.value {
        Value::Object(members) => match members.iter().rev().find(|m| m.key == key) {
            Some(member) => Some(member.node.clone()),
            None if members.iter().any(|m| m.key.contains(UNKNOWN)) => Some(unknown(node.span)),
            None => None,
        },
        Value::Array(_) => Some(one_of(node.span, children(node).iter().filter_map(|n| member(n, key)).collect())),
        _ => Some(unknown(node.span)),
    }
}

fn element(node: &Node, index: usize) -> Option<Node> {
    let nodes = node.as_array()?;
    // where one before it may be missing, it may be another
    match nodes.iter().take(index + 1).all(|n| !is_unknown(n) && !matches!(n.value, Value::OneOf(_))) {
        true => nodes.get(index).cloned(),
        false => Some(one_of(node.span, children(node))),
    }
}

/// A value as a part of a text.
pub fn key_text(node: &Node) -> String {
    match &node.value {
        Value::String(text) | Value::Number(text) => text.clone(),
        Value::Bool(b) => b.to_string(),
        _ => UNKNOWN.to_string(),
    }
}

fn compared(operator: BinaryOperator, one: &Node, other: &Node, at: Span) -> Node {
    let scalar = |n: &Node| is_known(n) && !matches!(n.value, Value::Array(_) | Value::Object(_));
    let value = match (operator, &one.value, &other.value) {
        (BinaryOperator::And, Value::Bool(false), _) | (BinaryOperator::And, _, Value::Bool(false)) => false,
        (BinaryOperator::And, Value::Bool(true), Value::Bool(true)) => true,
        (BinaryOperator::Or, Value::Bool(true), _) | (BinaryOperator::Or, _, Value::Bool(true)) => true,
        (BinaryOperator::Or, Value::Bool(false), Value::Bool(false)) => false,
        (BinaryOperator::Eq, a, b) if scalar(one) && scalar(other) => a == b,
        (BinaryOperator::NotEq, a, b) if scalar(one) && scalar(other) => a != b,
        _ => return unknown(at),
    };
    Node::new(at, Value::Bool(value))
}

/// `$${` stands for `${`.
fn unescaped(text: &str) -> String {
    text.replace("$${", "${").replace("%%{", "%{")
}

/// A span without the white space around it: that of a here document includes its last line break.
fn trimmed(source: &Arc<SourceFile>, span: Span) -> Span {
    let text = source.slice(span);
    let start = span.start + (text.len() - text.trim_start().len());
    Span { start, end: start + text.trim().len() }
}
