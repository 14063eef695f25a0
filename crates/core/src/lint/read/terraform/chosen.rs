//! Functions of Terraform's language that ask something of what is known, and that choose an element of a list: what a filter leaves out
//! is not there.

use crate::lint::read::choice::{is_known, is_unknown, items, one_of, unknown};
use crate::problem::Span;
use crate::text::json::{Node, Value};

/// A question about two texts, such as `startswith`.
pub fn of_texts(arguments: &[Node], at: Span, holds: impl Fn(&str, &str) -> bool) -> Node {
    match arguments {
        [one, other] => match (known_text(one), known_text(other)) {
            (Some(one), Some(other)) => Node::new(at, Value::Bool(holds(one, other))),
            _ => unknown(at),
        },
        _ => unknown(at),
    }
}

/// `contains`: whether a list has a value; certain where it has it, or where all of its elements are known.
pub fn contains(arguments: &[Node], at: Span) -> Node {
    let [list, value] = arguments else { return unknown(at) };
    if !is_scalar(value) {
        return unknown(at);
    }
    let all = items(list);
    let is_there = all.iter().any(|item| !item.perhaps && item.node.value == value.value);
    let is_certain = list.as_array().is_some() && all.iter().all(|item| !item.perhaps && is_scalar(item.node));
    if is_there || is_certain { Node::new(at, Value::Bool(is_there)) } else { unknown(at) }
}

/// `can`: whether an expression has a value. `None` is that of one that certainly fails.
pub fn can(value: Option<Option<Node>>, at: Span) -> Node {
    match value {
        Some(Some(node)) if is_known(&node) => Node::new(at, Value::Bool(true)),
        Some(None) => Node::new(at, Value::Bool(false)),
        _ => unknown(at),
    }
}

/// `alltrue` and `anytrue`: the first looks for one that is false, the second for one that is true.
pub fn truths(node: &Node, at: Span, all: bool) -> Node {
    let Some(nodes) = certain(node) else { return unknown(at) };
    let (decides, rest) = (Value::Bool(!all), Value::Bool(all));
    match nodes.iter().any(|n| n.value == decides) {
        true => Node::new(at, decides),
        false if nodes.iter().all(|n| n.value == rest) => Node::new(at, rest),
        false => unknown(at),
    }
}

/// `one`: the element of a list of one, and `null` of an empty list; `None` where there are certainly more.
pub fn only(node: &Node, at: Span) -> Option<Node> {
    match certain(node) {
        Some([]) => Some(Node::new(at, Value::Null)),
        Some([one]) => Some(one.clone()),
        Some(_) => None,
        // which of them it is, and whether there is any, is not known
        None => {
            let none = Node::new(at, Value::Null);
            Some(one_of(at, items(node).into_iter().map(|item| item.node.clone()).chain([none]).collect()))
        }
    }
}

/// `substr`: a negative length reaches to the end.
pub fn substring(arguments: &[Node], at: Span) -> Node {
    let [text, from, length] = arguments else { return unknown(at) };
    let (Some(text), Some(from), Some(length)) = (known_text(text), whole(from), whole(length)) else {
        return unknown(at);
    };
    let Ok(from) = usize::try_from(from) else { return unknown(at) };
    let rest = text.chars().skip(from);
    let part: String = match usize::try_from(length) {
        Ok(length) => rest.take(length).collect(),
        Err(_) => rest.collect(),
    };
    Node::string(at, part)
}

/// `element`: the one at an index, which begins again at the end; of a list that is not certain, any of them.
pub fn element(arguments: &[Node], at: Span) -> Node {
    let any = |of: &Node| one_of(at, items(of).into_iter().map(|item| item.node.clone()).collect());
    match arguments {
        [of, index] => match (certain(of), whole(index).and_then(|index| usize::try_from(index).ok())) {
            (Some(nodes), Some(index)) if !nodes.is_empty() => {
                nodes.get(index % nodes.len()).map_or_else(|| unknown(at), Node::clone)
            }
            _ => any(of),
        },
        [of, ..] => any(of),
        [] => unknown(at),
    }
}

/// `reverse` of a list that is certain; the same list otherwise.
pub fn reversed(node: Node) -> Node {
    match (certain(&node).is_some(), node.value) {
        (true, Value::Array(nodes)) => Node::new(node.span, Value::Array(nodes.into_iter().rev().collect())),
        (_, value) => Node::new(node.span, value),
    }
}

/// `sort` of texts that are known; the same list otherwise.
pub fn sorted(node: Node) -> Node {
    let are_texts = certain(&node).is_some_and(|nodes| nodes.iter().all(|n| known_text(n).is_some()));
    match (are_texts, node.value) {
        (true, Value::Array(mut nodes)) => {
            nodes.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            Node::new(node.span, Value::Array(nodes))
        }
        (_, value) => Node::new(node.span, value),
    }
}

fn known_text(node: &Node) -> Option<&str> {
    node.as_str().filter(|_| is_known(node))
}

fn is_scalar(node: &Node) -> bool {
    is_known(node) && matches!(node.value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}

fn whole(node: &Node) -> Option<i64> {
    match &node.value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// The elements of a list each of which is there.
fn certain(node: &Node) -> Option<&[Node]> {
    let nodes = node.as_array()?;
    // one of which nothing is known may stand for any number
    items(node).iter().all(|item| !item.perhaps && !is_unknown(item.node)).then_some(nodes)
}
