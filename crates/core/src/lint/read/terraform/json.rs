//! `.tf.json`: documents of `aws_iam_policy_document` in Terraform's JSON form. What its strings encode is read; other
//! expressions in them are not evaluated, and unknown.

use std::sync::Arc;

use super::document::{MERGED, NAMES, given, instead_of_none, operators, variables, whom};
use crate::lint::read::UNKNOWN;
use crate::lint::read::choice::{perhaps, unknown};
use crate::problem::{SourceFile, Span};
use crate::text::json::{self, Member, Node, Value};

/// The tree of a file, with each such document as the policy that it renders.
pub fn resolved(root: Node) -> Node {
    within(root, &["data", "aws_iam_policy_document"])
}

/// The values of a file of variables.
pub fn values(source: &Arc<SourceFile>) -> Option<Node> {
    json::parse(source).ok().filter(|root| root.as_object().is_some())
}

/// Goes down the path; a value may be an object or a list of objects at each step.
fn within(node: Node, path: &[&str]) -> Node {
    let at = node.span;
    match (node.value, path) {
        (Value::Array(nodes), _) => Node::new(at, Value::Array(nodes.into_iter().map(|n| within(n, path)).collect())),
        (Value::Object(members), [first, rest @ ..]) => {
            let step = |m: Member| if m.key == *first { Member { node: within(m.node, rest), ..m } } else { m };
            Node::new(at, Value::Object(members.into_iter().map(step).collect()))
        }
        // the names of the documents
        (Value::Object(members), []) => {
            let named = |m: Member| Member { node: each(m.node, &policy), ..m };
            Node::new(at, Value::Object(members.into_iter().map(named).collect()))
        }
        (value, _) => Node::new(at, value),
    }
}

/// An object, or each object of a list.
fn each(node: Node, made: &impl Fn(Node) -> Node) -> Node {
    match node.value {
        Value::Array(nodes) => Node::new(node.span, Value::Array(nodes.into_iter().map(made).collect())),
        Value::Object(_) => made(node),
        _ => node,
    }
}

fn policy(mut node: Node) -> Node {
    expressions(&mut node);
    variables(&mut node);
    let at = node.span;
    let head = Span { start: at.start, end: at.start + 1 };
    let mut members = Vec::new();
    let mut statements = Vec::new();
    let mut parts = Vec::new();
    for member in node.as_object().unwrap_or_default() {
        match member.key.as_str() {
            "version" => members.push(Member { key: "Version".to_owned(), ..member.clone() }),
            "policy_id" => members.push(Member { key: "Id".to_owned(), ..member.clone() }),
            "statement" => statements.extend(all(&member.node).into_iter().map(statement)),
            "dynamic" => {
                statements.extend(dynamic(&member.node, "statement").into_iter().map(|n| perhaps(statement(n))))
            }
            // the finder looks up what they are
            key if MERGED.contains(&key) => {
                let (key, key_span, at) = (key.to_owned(), member.key_span, member.node.span);
                parts.push(Member { key, key_span, node: Node::new(at, Value::Array(documents(&member.node))) });
            }
            _ => {}
        }
    }
    if !members.iter().any(|m| m.key == "Version") {
        members.insert(0, Member { key: "Version".to_owned(), key_span: head, node: Node::string(head, "2012-10-17") });
    }
    members.push(Member { key: "Statement".to_owned(), key_span: head, node: Node::new(at, Value::Array(statements)) });
    members.extend(parts);
    Node::new(at, Value::Object(members))
}

/// The documents of a list, or the one of `source_json`; a list of which nothing is known is one of them.
fn documents(node: &Node) -> Vec<Node> {
    let all = node.as_array().map_or_else(|| vec![node.clone()], <[Node]>::to_vec);
    let is_none = |n: &Node| n.value == Value::Null || n.as_str() == Some("");
    // what a text is with parts of which nothing is known, is not known
    let one = |n: Node| if n.as_str().is_some_and(|text| text.contains(UNKNOWN)) { unknown(n.span) } else { n };
    all.into_iter().filter(|n| !is_none(n)).map(one).collect()
}

/// What the dynamic blocks of a name make of their content: each may be there any number of times.
fn dynamic(node: &Node, name: &str) -> Vec<Node> {
    let blocks: Vec<Node> = all(node).iter().filter_map(|n| n.get(name)).flat_map(all).collect();
    let contents = blocks.iter().filter_map(|block| block.get("content")).flat_map(all);
    contents.filter(|content| content.as_object().is_some_and(|members| !members.is_empty())).collect()
}

/// The objects of a list, or the one that stands alone; what is not known.
fn all(node: &Node) -> Vec<Node> {
    node.as_array().map_or_else(|| vec![node.clone()], <[Node]>::to_vec)
}

/// A statement in IAM's words.
pub fn statement(node: Node) -> Node {
    let at = node.span;
    let Some(of) = node.as_object() else {
        return node;
    };
    let mut members: Vec<Member> = Vec::new();
    let blocks = of.iter().filter(|m| m.key == "dynamic").map(|m| &m.node).collect::<Vec<_>>();
    let made = |name: &str| blocks.iter().flat_map(|node| dynamic(node, name)).map(perhaps).collect::<Vec<Node>>();
    for (block, name) in [("condition", "Condition"), ("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        let more = made(block);
        if more.is_empty() || of.iter().any(|m| m.key == block) {
            continue;
        }
        let node = match name {
            "Condition" => Node::new(at, Value::Object(operators(&more))),
            _ => whom(more.iter(), at),
        };
        members.push(Member { key: name.to_owned(), key_span: at, node });
    }
    for member in of.iter().filter(|m| m.key != "dynamic") {
        let with = |block: &str| [all(&member.node), made(block)].concat();
        let (key, key_span) = (member.key.as_str(), member.key_span);
        let (name, node) = match key {
            "condition" => {
                let node = Node::new(member.node.span, Value::Object(operators(&with("condition"))));
                ("Condition", Some(node))
            }
            "principals" => ("Principal", Some(whom(with("principals").iter(), key_span))),
            "not_principals" => ("NotPrincipal", Some(whom(with("not_principals").iter(), key_span))),
            _ => (NAMES.iter().find(|(own, _)| *own == key).map_or(key, |(_, name)| *name), given(member.node.clone())),
        };
        let node = if name == "Effect" { node.map(instead_of_none) } else { node };
        if let Some(node) = node.filter(|n| !(name == "Sid" && n.as_str() == Some(""))) {
            members.push(Member { key: name.to_owned(), key_span, node });
        }
    }
    if !members.iter().any(|m| m.key == "Effect") {
        let head = Span { start: at.start, end: at.start + 1 };
        members.push(Member { key: "Effect".to_owned(), key_span: head, node: Node::string(head, "Allow") });
    }
    Node::new(at, Value::Object(members))
}

/// What an expression becomes is not known; `$${` is `${` itself.
fn expressions(node: &mut Node) {
    match &mut node.value {
        Value::String(text) => *text = without_expressions(text),
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter_mut().for_each(expressions),
        Value::Object(members) => members.iter_mut().for_each(|m| expressions(&mut m.node)),
        _ => {}
    }
}

fn without_expressions(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            result.push_str(before);
            result.push_str("${");
            rest = after;
            continue;
        }
        result.push_str(before);
        result.push(UNKNOWN);
        rest = end_of(after);
    }
    result + rest
}

/// What stands after the brace that closes an expression.
fn end_of(text: &str) -> &str {
    let mut open = 1_usize;
    for (index, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return text.get(index + 1..).unwrap_or_default();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_unknown() {
        let told = |text: &str| without_expressions(text).replace(UNKNOWN, "?");
        assert_eq!(told("${var.a}"), "?");
        assert_eq!(told("arn:${var.p}:s3:::${merge({a = 1}, {})}/x"), "arn:?:s3:::?/x");
        assert_eq!(told("$${aws:username}/*"), "${aws:username}/*");
        assert_eq!(told("${var.a"), "?");
        assert_eq!(told("plain"), "plain");
    }
}
