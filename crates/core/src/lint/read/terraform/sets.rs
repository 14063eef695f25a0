//! Functions of Terraform's language that leave out parts of lists, or read lists out of texts.

use std::sync::Arc;

use super::evaluate::relocate;
use crate::lint::read::choice::{is_known, items, perhaps, unknown};
use crate::lint::read::yaml;
use crate::problem::{SourceFile, Span};
use crate::text::json::{Member, Node, Value};

/// The elements of the first list: those of which it is known that they stay; of which it is not known, each perhaps. `stays` asks of one
/// that is known, where the second list is.
fn left(arguments: &[Node], at: Span, stays: impl Fn(bool) -> bool) -> Node {
    let Some(of) = arguments.first() else {
        return unknown(at);
    };
    let other = arguments.get(1).filter(|n| is_known(n)).and_then(Node::as_array);
    let mut kept = Vec::new();
    for item in items(of) {
        let node = item.node.clone();
        match other.filter(|_| !item.perhaps && is_known(item.node)) {
            Some(other) if stays(other.iter().any(|o| o.value == item.node.value)) => kept.push(node),
            Some(_) => {}
            None => kept.push(perhaps(node)),
        }
    }
    Node::new(at, Value::Array(kept))
}

/// `setsubtract`
pub fn subtracted(arguments: &[Node], at: Span) -> Node {
    left(arguments, at, |is_there| !is_there)
}

/// `setintersection`
pub fn intersected(arguments: &[Node], at: Span) -> Node {
    match arguments {
        [_, _] => left(arguments, at, |is_there| is_there),
        _ => left(arguments.get(..1).unwrap_or_default(), at, |_| true),
    }
}

/// `matchkeys`: the values whose keys are searched for.
pub fn matched(arguments: &[Node], at: Span) -> Node {
    let lists: Option<Vec<&[Node]>> = arguments.iter().map(|n| n.as_array().filter(|_| is_known(n))).collect();
    match lists.as_deref() {
        Some([values, keys, searched]) => {
            let pairs = values.iter().zip(keys.iter());
            let found = pairs.filter(|(_, key)| searched.iter().any(|s| s.value == key.value));
            Node::new(at, Value::Array(found.map(|(value, _)| value.clone()).collect()))
        }
        _ => left(arguments.get(..1).unwrap_or_default(), at, |_| true),
    }
}

/// `csvdecode`: an object for each line below the first; texts with quotes are not read.
pub fn of_csv(node: &Node, at: Span) -> Node {
    let Some(text) = node.as_str().filter(|text| is_known(node) && !text.contains('"')) else {
        return unknown(at);
    };
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let heads: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let row = |line: &str| {
        let cells = heads.iter().zip(line.split(','));
        let member = |(head, cell): (&&str, &str)| Member {
            key: (*head).to_owned(),
            key_span: at,
            node: Node::string(at, cell),
        };
        Node::new(at, Value::Object(cells.map(member).collect()))
    };
    Node::new(at, Value::Array(lines.map(row).collect()))
}

/// `yamldecode` of a text that is known.
pub fn of_yaml(node: &Node, at: Span) -> Option<Node> {
    let text = node.as_str().filter(|_| is_known(node))?;
    let source: Arc<SourceFile> = SourceFile::new("", text);
    let mut root = yaml::tree(&source).ok()?;
    relocate(&mut root, at);
    Some(root)
}
