//! Reading the statements of a policy: what each says, where it is literal.

use std::borrow::Cow;
use std::sync::Arc;

use super::certain::certain;
use super::{Condition, List, PolicyKind, Statement, Text};
use crate::iam::document;
use crate::iam::operator::Operator;
use crate::iam::principal::Principals;
use crate::lint::At;
use crate::lint::read::choice::{Item, is_known, items};
use crate::problem::{Problem, SourceFile};
use crate::text::json::{Member, Node, Value};

pub(super) fn text(node: &Node, pointer: &str) -> Option<Text> {
    let text = match &node.value {
        Value::String(text) | Value::Number(text) => text.clone(),
        Value::Bool(b) => b.to_string(),
        _ => return None,
    };
    Some(Text { text, at: At { pointer: pointer.to_owned(), span: node.span }, perhaps: false })
}

/// The strings of a value, a string or a list.
fn texts(node: &Node, pointer: &str) -> Vec<Text> {
    let alone = !matches!(node.value, Value::Array(_) | Value::OneOf(_));
    let one = |(index, item): (usize, Item<'_>)| {
        let at = if alone { pointer.to_owned() } else { format!("{pointer}[{index}]") };
        Some(Text { perhaps: item.perhaps, ..text(item.node, &at)? })
    };
    items(node).into_iter().enumerate().filter_map(one).collect()
}

pub(super) fn statement(
    source: &Arc<SourceFile>,
    pointer: String,
    node: Node,
    kind: PolicyKind,
    variables: bool,
) -> Statement {
    let list = |plain: &str, negated: &str| {
        let member = node.member(plain).or_else(|| node.member(negated))?;
        let at = format!("{pointer}.{}", member.key);
        Some(List {
            key: member.key.clone(),
            key_at: At { pointer: at.clone(), span: member.key_span },
            negated: member.key == negated,
            texts: texts(&member.node, &at),
            is_array: member.node.as_array().is_some(),
        })
    };
    let allow = match node.get("Effect").and_then(Node::as_str) {
        Some("Allow") => Some(true),
        Some("Deny") => Some(false),
        _ => None,
    };
    let mut problems = Vec::new();
    let known = is_known(&node);
    // what is unknown is not wrong
    let sure = if known { None } else { certain(&node) };
    let read = if known { Some(evaluated(&node, kind)) } else { sure.as_ref().map(|n| evaluated(n, kind)) };
    let meaning =
        read.and_then(|read| document::read_statement(source, &read, pointer.clone(), variables, &mut problems));
    let principals = kind.has_principals().then(|| Principals::of_statement(&node)).flatten();
    // whom a statement is about decides what it does: if that is not understood, nothing is concluded from the statement
    let names_whom = principals.is_some() || !kind.has_principals();
    let valid = !problems.iter().any(Problem::is_error) && known && names_whom;
    Statement {
        sid: node.get("Sid").and_then(|n| text(n, &format!("{pointer}.Sid"))),
        allow,
        actions: list("Action", "NotAction"),
        resources: list("Resource", "NotResource"),
        conditions: conditions(&node, &pointer),
        meaning: meaning.filter(|_| valid).map(|m| document::Statement { principals, ..m }),
        problems,
        at: At { pointer, span: node.span },
        node,
        perhaps: false,
        replaced: false,
    }
}

/// A statement without what only policies with principals have.
fn evaluated(node: &Node, kind: PolicyKind) -> Cow<'_, Node> {
    let Some(members) = node.as_object().filter(|_| kind.has_principals()) else {
        return Cow::Borrowed(node);
    };
    let mut members: Vec<Member> =
        members.iter().filter(|m| !["Principal", "NotPrincipal"].contains(&m.key.as_str())).cloned().collect();
    let resource = |m: &Member| m.key == "Resource" || m.key == "NotResource";
    if !members.iter().any(resource) {
        let node = Node::string(node.span, "*");
        members.push(Member { key: "Resource".to_owned(), key_span: node.span, node });
    }
    Cow::Owned(Node::new(node.span, Value::Object(members)))
}

fn conditions(node: &Node, pointer: &str) -> Vec<Condition> {
    let mut conditions = Vec::new();
    let operators =
        node.get("Condition").map(Node::alternatives).unwrap_or_default().iter().filter_map(Node::as_object);
    for member in operators.flatten() {
        let at = format!("{pointer}.Condition.{}", member.key);
        let operator_text =
            Text { text: member.key.clone(), at: At { pointer: at.clone(), span: member.key_span }, perhaps: false };
        for key in member.node.alternatives().iter().filter_map(Node::as_object).flatten() {
            let at = format!("{at}.{}", key.key);
            conditions.push(Condition {
                operator_text: operator_text.clone(),
                operator: Operator::parse(&member.key),
                values: texts(&key.node, &at),
                is_empty: key.node.as_array().is_some_and(<[_]>::is_empty),
                key: Text { text: key.key.clone(), at: At { pointer: at, span: key.key_span }, perhaps: false },
            });
        }
    }
    conditions
}
