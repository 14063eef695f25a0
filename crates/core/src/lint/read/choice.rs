//! Values that are not known, or of which several are possible: what readers make of expressions, and what policies read.
//!
//! A value is *there*; or one of several ([`Value::OneOf`], with `Null` for "none"); or unknown ([`UNKNOWN`]), which may be anything,
//! also none.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use super::UNKNOWN;
use crate::problem::Span;
use crate::text::json::{Node, Value};
use crate::work;

/// A value of which nothing is known.
pub fn unknown(span: Span) -> Node {
    Node::string(span, UNKNOWN.to_string())
}

/// Nothing is known of this value, not even whether there is one.
pub fn is_unknown(node: &Node) -> bool {
    let mut characters = node.as_str().unwrap_or_default().chars();
    characters.next() == Some(UNKNOWN) && characters.next().is_none()
}

/// No part of a value is unknown, and there is no other that it may be.
pub fn is_known(node: &Node) -> bool {
    match &node.value {
        Value::String(text) => !text.contains(UNKNOWN),
        Value::Array(nodes) => nodes.iter().all(is_known),
        Value::Object(members) => members.iter().all(|m| !m.key.contains(UNKNOWN) && is_known(&m.node)),
        Value::OneOf(_) => false,
        _ => true,
    }
}

/// A value that may be missing.
pub fn perhaps(node: Node) -> Node {
    let none = Node::new(node.span, Value::Null);
    one_of(node.span, vec![node, none])
}

/// The values that a node may have; that it may be missing is none of them.
pub fn values(node: &Node) -> impl Iterator<Item = &Node> {
    let several = matches!(node.value, Value::OneOf(_));
    node.alternatives().iter().filter(move |n| !several || n.value != Value::Null)
}

/// One of these values; those that are the same are one.
pub fn one_of(span: Span, nodes: Vec<Node>) -> Node {
    let several = nodes.len() > 1;
    let within = |n: &Node| span.start <= n.span.start && n.span.end <= span.end;
    let mut different = different(nodes.into_iter().flat_map(flat).collect());
    match different.len() {
        0 => Node::new(span, Value::Null),
        // of several of which nothing is known that are written there, it is none in particular
        1 if several && different.iter().all(|n| is_unknown(n) && within(n)) => unknown(span),
        1 => different.pop().unwrap_or_else(|| unknown(span)),
        _ => Node::new(span, Value::OneOf(different)),
    }
}

/// The values without those that were there before. Only values of one digest are compared with each other.
fn different(nodes: Vec<Node>) -> Vec<Node> {
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut kept: Vec<Node> = Vec::new();
    for node in nodes {
        let mut hasher = DefaultHasher::new();
        digest(&node, &mut hasher);
        let alike = seen.entry(hasher.finish()).or_default();
        if !alike.iter().filter_map(|index| kept.get(*index)).any(|k| same(k, &node)) {
            alike.push(kept.len());
            kept.push(node);
        }
    }
    kept
}

fn digest(node: &Node, hasher: &mut DefaultHasher) {
    work::add(1);
    std::mem::discriminant(&node.value).hash(hasher);
    match &node.value {
        Value::Null => {}
        Value::Bool(b) => b.hash(hasher),
        Value::Number(text) | Value::String(text) => text.hash(hasher),
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().for_each(|n| digest(n, hasher)),
        Value::Object(members) => members.iter().for_each(|m| {
            m.key.hash(hasher);
            digest(&m.node, hasher);
        }),
    }
}

fn flat(node: Node) -> Vec<Node> {
    match node.value {
        Value::OneOf(nodes) => nodes,
        _ => vec![node],
    }
}

/// Two values are the same, wherever they stand.
fn same(one: &Node, other: &Node) -> bool {
    work::add(1);
    match (&one.value, &other.value) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y)),
        (Value::OneOf(a), Value::OneOf(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.key == y.key && same(&x.node, &y.node))
        }
        (a, b) => a == b,
    }
}

/// A member of this value may be missing where a policy is made of it.
pub fn may_be_missing(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::String(_) => is_unknown(node),
        Value::OneOf(nodes) => nodes.iter().any(may_be_missing),
        _ => false,
    }
}

/// A value in a list, or alone.
#[derive(Clone, Copy, Debug)]
pub struct Item<'n> {
    /// The value; never one of several.
    pub node: &'n Node,
    /// It may be that it is not there.
    pub perhaps: bool,
}

/// The values of a list, or the value itself; of several that are possible each.
pub fn items(node: &Node) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    collect(node, false, &mut found);
    found
}

fn collect<'n>(node: &'n Node, perhaps: bool, found: &mut Vec<Item<'n>>) {
    match &node.value {
        Value::Array(nodes) => nodes.iter().for_each(|n| item(n, perhaps, found)),
        _ => item(node, perhaps, found),
    }
}

fn item<'n>(node: &'n Node, perhaps: bool, found: &mut Vec<Item<'n>>) {
    match &node.value {
        Value::OneOf(nodes) => {
            nodes.iter().filter(|n| n.value != Value::Null).for_each(|n| collect(n, true, found));
        }
        // where there may be something else, an empty text is as good as none
        Value::String(text) if perhaps && text.is_empty() => {}
        _ => found.push(Item { node, perhaps }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Span = Span { start: 0, end: 1 };

    fn text(text: &str) -> Node {
        Node::string(AT, text)
    }

    #[test]
    fn the_same_is_said_once() {
        let one = one_of(AT, vec![text("a"), perhaps(text("a")), perhaps(text("b"))]);
        assert_eq!(one.alternatives().len(), 3, "a, none, b");
        assert_eq!(one_of(AT, vec![text("a"), text("a")]), text("a"));
        assert!(may_be_missing(&one) && may_be_missing(&unknown(AT)) && !may_be_missing(&text("a")));
    }

    #[test]
    fn what_may_be_in_a_list_is_an_item() {
        let either = one_of(AT, vec![Node::new(AT, Value::Array(vec![text("b"), text("c")])), text("d")]);
        let list = Node::new(AT, Value::Array(vec![text("a"), either]));
        let told: Vec<(&str, bool)> = items(&list).iter().map(|i| (i.node.as_str().unwrap(), i.perhaps)).collect();
        assert_eq!(told, [("a", false), ("b", true), ("c", true), ("d", true)]);
        assert!(!is_known(&list));
    }
}
