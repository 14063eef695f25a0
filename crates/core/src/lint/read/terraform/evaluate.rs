//! The value of an expression, as far as the files say it: what depends on anything else is unknown, or one of several.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{
    BinaryOperator, Expression, ForExpr, Object, ObjectKey, Traversal, TraversalOperator, UnaryOperator,
};
use hcl_edit::template::{Directive, Element, Template};

use super::calls::without_policies;
use super::each_of;
use super::functions;
use super::memo::{Key, Kind, Known, Memo, size};
use super::repeated;
use super::scope::{Named, Scope, Scopes};
use super::types::typed;
use crate::lint::read::choice::{is_known, is_unknown, items, one_of, perhaps, unknown};
use crate::lint::read::{MAX_DEPTH, UNKNOWN};
use crate::problem::{SourceFile, Span};
use crate::text::json::{Member, Node, Value};
use crate::work;

/// A file is not evaluated beyond this many expressions: the rest of it is unknown.
const MOST: usize = 300_000;

/// What other folders say is not evaluated beyond this many expressions for one file.
const MOST_OF_OTHERS: usize = 50_000;

/// What is given to a variable beyond this many values is unknown: configurations of whole environments, not policies.
const MOST_GIVEN: usize = 3_000;

/// So many members are looked at for the price of one expression.
const LOOKED_AT: usize = 64;

/// Of a module that is called more often, what further calls give is unknown.
const MOST_CALLS: usize = 200;

/// What the evaluation of a file may still cost, and what its own names stand for, with their places in it.
pub struct Budget {
    own: Cell<usize>,
    others: Cell<usize>,
    memo: Memo,
}

impl Default for Budget {
    fn default() -> Self {
        Self { own: Cell::new(MOST), others: Cell::new(MOST_OF_OTHERS), memo: Memo::default() }
    }
}

/// A name that means a value in a part of a file, and those around it.
struct Name {
    name: Box<str>,
    node: Node,
    outer: Option<Rc<Self>>,
}

/// What is asked of a value.
type Operator = hcl_edit::Decorated<TraversalOperator>;

/// A value that is said elsewhere.
struct Said {
    node: Rc<Node>,
    /// In another file: its places are none of this one.
    elsewhere: bool,
}

/// The names of a folder stay where they are.
fn address(scope: &Scope<'_>) -> usize {
    std::ptr::from_ref(scope).addr()
}

/// Where an expression stands, and what names mean there.
#[derive(Clone)]
pub struct Evaluation<'a> {
    /// The file that findings are shown in.
    pub source: &'a Arc<SourceFile>,
    scope: &'a Scope<'a>,
    all: &'a Scopes<'a>,
    /// The place that stands for every place of another file.
    at: Option<Span>,
    names: Option<Rc<Name>>,
    depth: usize,
    /// What is evaluated stands in another folder.
    of_others: bool,
    left: &'a Budget,
}

impl<'a> Evaluation<'a> {
    /// For the expressions of one file.
    pub fn new(source: &'a Arc<SourceFile>, all: &'a Scopes<'a>, left: &'a Budget) -> Self {
        let scope = all.of(&source.path);
        Self { source, scope, all, at: None, names: None, depth: 0, of_others: false, left }
    }

    /// The same, where a name means a value.
    #[must_use]
    pub fn with(&self, name: &str, value: Node) -> Self {
        let names = Name { name: name.into(), node: value, outer: self.names.clone() };
        Self { names: Some(Rc::new(names)), ..self.clone() }
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
        if self.depth > MAX_DEPTH || !self.may_cost(1) {
            self.all.open.cut();
            return Some(unknown(at));
        }
        let inner = Self { depth: self.depth + 1, ..self.clone() };
        inner.deeper(expression, at)
    }

    /// Whether so many expressions may still be evaluated, or values be copied; then they are counted.
    fn may_cost(&self, steps: usize) -> bool {
        work::add(steps);
        let cell = if self.of_others { &self.left.others } else { &self.left.own };
        let left = cell.get().checked_sub(steps);
        cell.set(left.unwrap_or_default());
        left.is_some()
    }

    /// A copy of a value costs as much as it is large.
    fn copied(&self, node: &Node) -> Node {
        if self.may_cost(size(node)) {
            return node.clone();
        }
        self.all.open.cut();
        unknown(node.span)
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
                let is_open = !is_document(&heredoc.template) && has_directives(&heredoc.template);
                let text = if is_open { UNKNOWN.to_string() } else { self.text(&heredoc.template, None) };
                // a part that is not known and a line break are not known
                Value::String(if text.trim() == UNKNOWN.to_string() { UNKNOWN.to_string() } else { text })
            }
            Expression::Parenthesis(inner) => return self.attempt(inner.inner()),
            Expression::FuncCall(call) => return functions::call(self, call, at),
            Expression::Variable(ident) => {
                return Some(self.name(ident.as_str()).map_or_else(|| unknown(at), |node| self.copied(node)));
            }
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

    fn name(&self, name: &str) -> Option<&Node> {
        let mut names = self.names.as_deref();
        while let Some(own) = names {
            if own.name.as_ref() == name {
                return Some(&own.node);
            }
            names = own.outer.as_deref();
        }
        None
    }

    fn object(&self, object: &Object) -> Vec<Member> {
        let member = |(key, value): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
            let name = match key {
                ObjectKey::Ident(ident) => ident.as_str().to_owned(),
                ObjectKey::Expression(Expression::Variable(ident)) => ident.as_str().to_owned(),
                ObjectKey::Expression(expression) => key_text(&self.value(expression)),
            };
            let key_span = self.span(key.span());
            let key = repeated::name(name, self.source.slice(key_span));
            Member { key, key_span, node: self.value(value.expr()) }
        };
        repeated::last_of_each(object.iter().map(member).collect())
    }

    /// A text with what is known of its parts; a single part is what it is.
    fn template(&self, template: &Template, at: Span) -> Node {
        let mut elements = template.iter();
        if let (Some(Element::Interpolation(only)), None) = (elements.next(), elements.next()) {
            return self.value(&only.expr);
        }
        // a document in a text keeps its places, and so what stands for each of its parts
        if is_document(template) {
            return Node::string(at, self.text(template, None));
        }
        let branches = if has_directives(template) { 2 } else { 1 };
        let texts = (0..branches).map(|nth| self.text(template, Some(nth)));
        // where there may be something else, an empty text is as good as none
        let given = |text: String| if branches > 1 && text.is_empty() { unknown(at) } else { Node::string(at, text) };
        one_of(at, texts.map(given).collect())
    }

    /// A text with the branch of this number of each choice; without one, what a document is: its parts are unknown, its choices stand in it.
    fn text(&self, template: &Template, branch: Option<usize>) -> String {
        let part = |element: &Element| match element {
            Element::Literal(text) => unescaped(text.as_str()),
            Element::Interpolation(inner) if branch.is_some() => key_text(&self.value(&inner.expr)),
            Element::Interpolation(_) => UNKNOWN.to_string(),
            Element::Directive(directive) => self.directive(directive, branch),
        };
        template.iter().map(part).collect()
    }

    fn directive(&self, directive: &Directive, branch: Option<usize>) -> String {
        match directive {
            Directive::If(choice) => {
                let first = || self.text(&choice.if_expr.template, branch);
                let other = choice.else_expr.as_ref().map(|e| &e.template);
                let last = || other.map(|template| self.text(template, branch));
                match (self.value(&choice.if_expr.cond_expr).value, branch) {
                    (Value::Bool(true), _) | (_, Some(0)) => first(),
                    (Value::Bool(false), _) | (_, Some(_)) => last().unwrap_or_default(),
                    (_, None) => {
                        let last = last().map_or_else(String::new, |last| format!("%{{else}}{last}"));
                        format!("%{{if}}{}{last}%{{endif}}", first())
                    }
                }
            }
            Directive::For(each) => {
                let body = self.text(&each.for_expr.template, branch);
                if branch.is_some() { body } else { format!("%{{for}}{body}%{{endfor}}") }
            }
        }
    }

    fn traversal(&self, traversal: &Traversal, at: Span) -> Option<Node> {
        let operators = traversal.operators.as_slice();
        let first = operators.first().and_then(|o| match o.value() {
            TraversalOperator::GetAttr(name) => Some(name.as_str()),
            _ => None,
        });
        let rest = operators.get(1..).unwrap_or_default();
        match (&traversal.expr, first) {
            (Expression::Variable(ident), Some(name)) => match (ident.as_str(), self.name(ident.as_str())) {
                (_, Some(node)) => self.asked(node, operators, at),
                ("local", _) => {
                    let said = self.said(Kind::Local, name, self.scope.local(name)?, self.scope, at);
                    self.asked_elsewhere(&said, rest, at)
                }
                ("var", _) => self.asked_elsewhere(&self.variable(name, at), rest, at),
                ("module", _) => Some(self.output(name, rest, at)),
                _ => Some(unknown(at)),
            },
            (expression, _) => {
                let base = self.attempt(expression)?;
                operators.iter().try_fold(base, |node, operator| self.applied(&node, operator.value(), at))
            }
        }
    }

    /// What is asked of a value is looked up in it before it is copied, for it may be large.
    fn asked(&self, base: &Node, operators: &[Operator], at: Span) -> Option<Node> {
        let (node, rest, looked_at) = below(base, operators);
        if !self.may_cost(looked_at / LOOKED_AT) {
            return Some(self.too_large(at));
        }
        let Some((first, rest)) = rest.split_first() else {
            return Some(self.copied(node));
        };
        let found = self.applied(node, first.value(), at)?;
        let found = if self.may_cost(size(&found)) { found } else { self.too_large(at) };
        rest.iter().try_fold(found, |node, operator| self.applied(&node, operator.value(), at))
    }

    fn too_large(&self, at: Span) -> Node {
        self.all.open.cut();
        unknown(at)
    }

    fn asked_elsewhere(&self, said: &Said, operators: &[Operator], at: Span) -> Option<Node> {
        let mut found = self.asked(&said.node, operators, at)?;
        if said.elsewhere {
            relocate(&mut found, at);
        }
        Some(found)
    }

    /// A value that is said elsewhere: in this file it has its own places, those of another file are shown where it is used.
    fn elsewhere(&self, named: Named<'_>, scope: &'a Scope<'a>, at: Span) -> Node {
        self.there(named.1, scope, at).value(named.0)
    }

    /// The evaluation of what a file of a folder says.
    fn there(&self, source: &Arc<SourceFile>, scope: &'a Scope<'a>, at: Span) -> Self {
        Evaluation {
            source: self.source,
            scope,
            all: self.all,
            at: if self.is_here(source) { None } else { Some(at) },
            names: None,
            depth: self.depth,
            of_others: self.of_others || !std::ptr::eq(scope, self.scope),
            left: self.left,
        }
    }

    fn is_here(&self, source: &Arc<SourceFile>) -> bool {
        self.at.is_none() && Arc::ptr_eq(source, self.source)
    }

    /// The same, evaluated once for all who name it.
    fn said(&self, kind: Kind, name: &str, named: Named<'_>, scope: &'a Scope<'a>, at: Span) -> Said {
        let here = self.is_here(named.1);
        let memo = if here { &self.left.memo } else { &self.all.memo };
        let node = self.once(memo, (address(scope), kind, name.to_owned()), at, || self.elsewhere(named, scope, at));
        Said { node, elsewhere: !here }
    }

    /// The value of a name that others may have asked for. Who asks while it is evaluated asks in a circle.
    fn once(&self, memo: &Memo, key: Key, at: Span, value: impl FnOnce() -> Node) -> Rc<Node> {
        match memo.get(&key, &self.all.open) {
            Known::Value(node) => node,
            Known::Circle => Rc::new(unknown(at)),
            Known::Nothing => memo.evaluate(key, &self.all.open, value),
        }
    }

    /// A variable may be what it is by default, where that says something, what the modules' callers give, and anything else.
    fn variable(&self, name: &str, at: Span) -> Said {
        let default = self.scope.default_of(name);
        // a default of this file has its own places, the others those where it is used
        if default.is_some_and(|(_, source)| self.is_here(source)) {
            return Said { node: Rc::new(self.possible(name, at)), elsewhere: false };
        }
        let key = (address(self.scope), Kind::Variable, name.to_owned());
        Said { node: self.once(&self.all.memo, key, at, || self.possible(name, at)), elsewhere: true }
    }

    fn possible(&self, name: &str, at: Span) -> Node {
        let default = self.scope.default_of(name).map(|d| self.said(Kind::Default, name, d, self.scope, at));
        let default = default.and_then(|said| self.asked_elsewhere(&said, &[], at));
        let possible = default.into_iter().chain(self.given(name, at)).chain(self.named_values(name, at)).filter(says);
        let typed = |node: Node| match self.scope.type_of(name) {
            Some((ty, _)) => {
                let value = |value: &Expression| {
                    let mut node = self.value(value);
                    relocate(&mut node, at);
                    node
                };
                typed(node, ty, &value)
            }
            None => node,
        };
        one_of(at, possible.map(typed).chain([unknown(at)]).collect())
    }

    /// What files of values set a variable to, and what its validation allows.
    fn named_values(&self, name: &str, at: Span) -> Vec<Node> {
        let mut found = Vec::new();
        for named in self.scope.set(name).into_iter().take(MOST_CALLS) {
            found.push(without_policies(self.there(named.1, self.scope, at).value(named.0), at));
        }
        for (list, each) in self.scope.allowed(name) {
            let list = self.there(list.1, self.scope, at).value(list.0);
            let values = items(&list).into_iter().map(|i| i.node.clone());
            match each {
                false => found.extend(values),
                true => found.push(Node::new(at, Value::Array(values.map(perhaps).collect()))),
            }
        }
        found.iter_mut().for_each(|node| relocate(node, at));
        found
    }

    /// What the callers of the folder give to a variable.
    fn given(&self, name: &str, at: Span) -> Vec<Node> {
        let given = self.scope.given(name);
        if given.is_empty() {
            return Vec::new();
        }
        let all = || {
            let mut left = MOST_GIVEN;
            let mut values = Vec::new();
            for given in given.iter().take(MOST_CALLS) {
                let (value, source) = given.value;
                let there = self.there(source, self.all.at(given.folder), at);
                let there = given.for_each.map_or_else(|| there.clone(), |(elements, _)| each_of(&there, elements));
                let value = without_policies(there.value(value), at);
                let Some(remaining) = left.checked_sub(size(&value)) else {
                    continue;
                };
                left = remaining;
                values.push(value);
            }
            one_of(at, values)
        };
        let known = self.once(&self.all.memo, (address(self.scope), Kind::Given, name.to_owned()), at, all);
        let mut known = self.copied(&known);
        relocate(&mut known, at);
        match known.value {
            Value::OneOf(nodes) => nodes,
            _ => vec![known],
        }
    }

    /// What a module of the same tree gives back: `module.name.output`, of one of several as well.
    fn output(&self, name: &str, rest: &[Operator], at: Span) -> Node {
        let several = rest.first().is_some_and(|o| matches!(o.value(), TraversalOperator::Index(_)));
        let rest = rest.get(usize::from(several)..).unwrap_or_default();
        let Some((TraversalOperator::GetAttr(output), rest)) = rest.split_first().map(|(o, rest)| (o.value(), rest))
        else {
            return unknown(at);
        };
        let scope = self.scope.module(name).map(|folder| self.all.at(folder));
        let Some((scope, value)) = scope.and_then(|scope| Some((scope, scope.output(output.as_str())?))) else {
            return unknown(at);
        };
        let whole = || without_policies(self.elsewhere(value, scope, at), at);
        let here = self.is_here(value.1);
        let memo = if here { &self.left.memo } else { &self.all.memo };
        let node = self.once(memo, (address(scope), Kind::Output, output.as_str().to_owned()), at, whole);
        let found = self.asked_elsewhere(&Said { node, elsewhere: !here }, rest, at);
        found.unwrap_or_else(|| unknown(at))
    }

    fn applied(&self, node: &Node, operator: &TraversalOperator, at: Span) -> Option<Node> {
        if !self.may_cost(node.as_object().map_or(0, <[Member]>::len) / LOOKED_AT) {
            return Some(self.too_large(at));
        }
        if let Value::OneOf(nodes) = &node.value {
            let each = nodes.iter().filter(|n| n.value != Value::Null);
            let found: Vec<Node> = each.filter_map(|n| self.applied(n, operator, at)).collect();
            return (!found.is_empty()).then(|| one_of(at, found));
        }
        if is_unknown(node) {
            return Some(unknown(at));
        }
        match operator {
            TraversalOperator::GetAttr(name) => member(node, name.as_str()),
            TraversalOperator::Index(index) => {
                let index = self.value(index);
                match &index.value {
                    Value::String(text) if is_known(&index) => member(node, text),
                    Value::Number(number) => element(node, number.parse().ok()?),
                    _ => Some(one_of(at, children(node))),
                }
            }
            TraversalOperator::LegacyIndex(index) => element(node, usize::try_from(*index.value()).ok()?),
            // what follows is asked of each, which a list of several shows as well
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                Some(if node.as_array().is_some() { one_of(at, children(node)) } else { node.clone() })
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

/// The value that the first attributes name in a value, what else is asked, and how many members were looked at.
fn below<'n, 'o>(node: &'n Node, operators: &'o [Operator]) -> (&'n Node, &'o [Operator], usize) {
    let (mut node, mut rest, mut looked_at) = (node, operators, 0);
    while let Some((TraversalOperator::GetAttr(name), after)) = rest.split_first().map(|(o, after)| (o.value(), after))
        && let Some(members) = node.as_object()
        && let Some(member) = members.iter().rev().find(|m| m.key == name.as_str())
    {
        (node, rest) = (&member.node, after);
        looked_at += members.len();
    }
    (node, rest, looked_at)
}

/// A value that says something where others are possible.
fn says(node: &Node) -> bool {
    match &node.value {
        Value::Array(nodes) => !nodes.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::String(text) => text.contains(':'),
        Value::OneOf(nodes) => nodes.iter().any(says),
        _ => false,
    }
}

/// A value of another file, shown in one place of this one.
pub fn relocate(node: &mut Node, at: Span) {
    node.span = at;
    match &mut node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter_mut().for_each(|n| relocate(n, at)),
        Value::Object(members) => {
            for member in members {
                member.key_span = at;
                relocate(&mut member.node, at);
            }
        }
        _ => {}
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
        (BinaryOperator::Eq | BinaryOperator::NotEq, Value::Null, _) if is_present(other) => {
            operator == BinaryOperator::NotEq
        }
        (BinaryOperator::Eq | BinaryOperator::NotEq, _, Value::Null) if is_present(one) => {
            operator == BinaryOperator::NotEq
        }
        (BinaryOperator::Eq, a, b) if scalar(one) && scalar(other) => a == b,
        (BinaryOperator::NotEq, a, b) if scalar(one) && scalar(other) => a != b,
        (operator, Value::Number(a), Value::Number(b)) => match (ordered(operator, a, b), sum(operator, a, b)) {
            (Some(value), _) => value,
            (None, Some(sum)) => return Node::new(at, Value::Number(sum.to_string())),
            (None, None) => return unknown(at),
        },
        _ => return unknown(at),
    };
    Node::new(at, Value::Bool(value))
}

/// A value that is certainly not `null`, though parts of it may be unknown.
fn is_present(node: &Node) -> bool {
    !matches!(node.value, Value::Null | Value::OneOf(_)) && !is_unknown(node)
}

/// How whole numbers compare.
fn ordered(operator: BinaryOperator, one: &str, other: &str) -> Option<bool> {
    let (one, other): (i64, i64) = (one.parse().ok()?, other.parse().ok()?);
    match operator {
        BinaryOperator::Less => Some(one < other),
        BinaryOperator::LessEq => Some(one <= other),
        BinaryOperator::Greater => Some(one > other),
        BinaryOperator::GreaterEq => Some(one >= other),
        _ => None,
    }
}

/// What whole numbers come to.
fn sum(operator: BinaryOperator, one: &str, other: &str) -> Option<i64> {
    let (one, other): (i64, i64) = (one.parse().ok()?, other.parse().ok()?);
    match operator {
        BinaryOperator::Plus => one.checked_add(other),
        BinaryOperator::Minus => one.checked_sub(other),
        BinaryOperator::Mul => one.checked_mul(other),
        _ => None,
    }
}

/// A text that begins as a document does.
fn is_document(template: &Template) -> bool {
    matches!(template.iter().next(), Some(Element::Literal(text)) if text.trim_start().starts_with(['{', '[']))
}

fn has_directives(template: &Template) -> bool {
    template.iter().any(|element| matches!(element, Element::Directive(_)))
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
