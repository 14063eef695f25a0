//! `aws_iam_policy_document`: the policy that the data source renders, under IAM's names.

use hcl_edit::Span as _;
use hcl_edit::structure::{Block, Body, Structure};

use super::evaluate::{Evaluation, entries};
use super::scope::label;
use super::{each, unknown_member};
use crate::lint::read::UNKNOWN;
use crate::lint::read::choice::{is_unknown, items, one_of, perhaps, unknown};
use crate::problem::Span;
use crate::text::json::{Member, Node, Value};

/// The attributes whose documents become a part of this one.
pub const MERGED: [&str; 4] = ["source_policy_documents", "override_policy_documents", "source_json", "override_json"];

/// The policy that a data source renders.
pub fn policy_document(of: &Evaluation<'_>, block: &Block) -> Node {
    let at = of.span(block.span());
    let head = of.span(block.ident.span());
    let of = each(of, &block.body);
    let mut members = Vec::new();
    let mut statements = Vec::new();
    let mut parts = Vec::new();
    for structure in &block.body {
        match structure {
            Structure::Attribute(attribute) => {
                let key_span = of.span(attribute.key.span());
                let node = of.value(&attribute.value);
                let name = match attribute.key.as_str() {
                    "version" => "Version",
                    "policy_id" => "Id",
                    // the finder looks up what they are
                    merged if MERGED.contains(&merged) => {
                        // the whole of it is where its documents are looked for
                        let at = of.span(attribute.value.span());
                        let node = Node::new(at, Value::Array(documents(&node)));
                        parts.push(Member { key: merged.to_owned(), key_span, node });
                        continue;
                    }
                    _ => continue,
                };
                if node.value != Value::Null {
                    members.push(Member { key: name.to_owned(), key_span, node });
                }
            }
            Structure::Block(inner) if inner.ident.as_str() == "statement" => {
                statements.push(statement(&of, &inner.body, of.span(inner.ident.span()), of.span(inner.span())));
            }
            Structure::Block(inner) if is_dynamic(inner, "statement") => {
                let made = |of: &Evaluation<'_>, body: &Body, head: Span, at: Span| statement(of, body, head, at);
                statements.extend(dynamic(&of, inner, made));
            }
            Structure::Block(_) => {}
        }
    }
    if !members.iter().any(|m| m.key == "Version") {
        members.insert(0, Member { key: "Version".to_owned(), key_span: head, node: Node::string(head, "2012-10-17") });
    }
    members.push(Member { key: "Statement".to_owned(), key_span: head, node: Node::new(at, Value::Array(statements)) });
    members.extend(parts);
    Node::new(at, Value::Object(members))
}

/// The documents that become a part of another one; each that may be missing as one that may be. The provider passes over what is empty.
fn documents(node: &Node) -> Vec<Node> {
    let is_none = |n: &Node| n.value == Value::Null || n.as_str() == Some("");
    let found = items(node).into_iter().filter(|i| !is_none(i.node));
    found.map(|i| if i.perhaps { perhaps(i.node.clone()) } else { i.node.clone() }).collect()
}

fn is_dynamic(block: &Block, name: &str) -> bool {
    block.ident.as_str() == "dynamic" && label(block, 0) == Some(name)
}

/// What a `dynamic` block makes of its content: one for each element of what it is for.
fn dynamic<T: Into<Node>>(
    of: &Evaluation<'_>,
    block: &Block,
    made: impl Fn(&Evaluation<'_>, &Body, Span, Span) -> T,
) -> Vec<Node> {
    let at = of.span(block.span());
    let Some(content) = block.body.get_blocks("content").next() else {
        return vec![unknown(at)];
    };
    let collection = block.body.get_attribute("for_each").map_or_else(|| unknown(at), |a| of.value(&a.value));
    let iterator = block.body.get_attribute("iterator").map(|a| of.source.slice(of.span(a.value.span())).to_owned());
    let name = iterator.or_else(|| label(block, 0).map(str::to_owned)).unwrap_or_default();
    let mut nodes = Vec::new();
    for (key, value, maybe) in entries(&collection, at) {
        let pair = [("key", key), ("value", value)];
        let members = pair.map(|(key, node)| Member { key: key.to_owned(), key_span: at, node });
        let inner = of.with(&name, Node::new(at, Value::Object(members.to_vec())));
        let node = made(&inner, &content.body, of.span(content.ident.span()), of.span(content.span())).into();
        nodes.push(if maybe { perhaps(node) } else { node });
    }
    nodes
}

/// What the attributes of a statement are called here, and in IAM.
pub const NAMES: [(&str, &str); 6] = [
    ("sid", "Sid"),
    ("effect", "Effect"),
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
];

fn statement(of: &Evaluation<'_>, body: &Body, head: Span, at: Span) -> Node {
    let mut members: Vec<Member> = Vec::new();
    let mut principals: Vec<(&str, Span, Node)> = Vec::new();
    let mut conditions: Vec<Node> = Vec::new();
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                let key_span = of.span(attribute.key.span());
                let Some(mut node) = given(of.value(&attribute.value)) else {
                    continue;
                };
                variables(&mut node);
                let key = attribute.key.as_str();
                let name = NAMES.iter().find(|(own, _)| *own == key).map_or(key, |(_, name)| name);
                // an empty name is left out, and the effect of none is `Allow`
                match name {
                    "Sid" if node.as_str() == Some("") => continue,
                    "Effect" => node = instead_of_none(node),
                    _ => {}
                }
                members.push(Member { key: name.to_owned(), key_span, node });
            }
            Structure::Block(block) => {
                let (name, nodes) = blocks(of, block);
                match name {
                    "condition" => conditions.extend(nodes),
                    "principals" | "not_principals" => {
                        let span = of.span(block.ident.span());
                        principals.extend(nodes.into_iter().map(|node| (name, span, node)));
                    }
                    _ => {}
                }
            }
        }
    }
    if !members.iter().any(|m| m.key == "Effect") {
        members.push(Member { key: "Effect".to_owned(), key_span: head, node: Node::string(head, "Allow") });
    }
    for (own, name) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        let mut of_name = principals.iter().filter(|(n, ..)| *n == own).peekable();
        if let Some(key_span) = of_name.peek().map(|(_, span, _)| *span) {
            let node = whom(of_name.map(|(_, _, node)| node), key_span);
            members.push(Member { key: name.to_owned(), key_span, node });
        }
    }
    if !conditions.is_empty() {
        let node = Node::new(at, Value::Object(operators(&conditions)));
        members.push(Member { key: "Condition".to_owned(), key_span: head, node });
    }
    Node::new(at, Value::Object(members))
}

/// A block of a statement, or what a dynamic one makes: its name, and its attributes as an object.
fn blocks<'b>(of: &Evaluation<'_>, block: &'b Block) -> (&'b str, Vec<Node>) {
    let attributes = |of: &Evaluation<'_>, body: &Body, _: Span, at: Span| {
        let attributes = body.iter().filter_map(Structure::as_attribute);
        let member = |a: &hcl_edit::structure::Attribute| {
            let mut node = of.value(&a.value);
            variables(&mut node);
            Member { key: a.key.as_str().to_owned(), key_span: of.span(a.key.span()), node }
        };
        Node::new(at, Value::Object(attributes.map(member).collect()))
    };
    match block.ident.as_str() {
        "dynamic" => (label(block, 0).unwrap_or_default(), dynamic(of, block, attributes)),
        name => (name, vec![attributes(of, &block.body, of.span(block.ident.span()), of.span(block.span()))]),
    }
}

/// What the provider takes as given: neither nothing nor an empty list.
pub(super) fn given(node: Node) -> Option<Node> {
    match node.value {
        Value::Null => None,
        Value::Array(nodes) if nodes.is_empty() => None,
        Value::Array(nodes) => {
            let at = node.span;
            // elements that may all be missing leave an empty list
            let uncertain = nodes.iter().all(|n| is_unknown(n) || matches!(n.value, Value::OneOf(_)));
            let list = Node::new(at, Value::Array(nodes));
            Some(if uncertain { perhaps(list) } else { list })
        }
        Value::OneOf(nodes) => {
            let none = Node::new(node.span, Value::Null);
            let each = nodes.into_iter().map(|n| given(n).unwrap_or_else(|| none.clone())).collect();
            Some(one_of(node.span, each)).filter(|n| n.value != Value::Null)
        }
        _ => Some(node),
    }
}

pub(super) fn instead_of_none(node: Node) -> Node {
    let at = node.span;
    match node.value {
        Value::OneOf(nodes) => {
            let allow = |n: Node| if n.value == Value::Null { Node::string(at, "Allow") } else { n };
            one_of(at, nodes.into_iter().map(allow).collect())
        }
        _ => node,
    }
}

/// `&{x}` is the policy variable `${x}`.
pub(super) fn variables(node: &mut Node) {
    match &mut node.value {
        Value::String(text) => *text = text.replace("&{", "${"),
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter_mut().for_each(variables),
        Value::Object(members) => members.iter_mut().for_each(|m| variables(&mut m.node)),
        _ => {}
    }
}

/// `Principal` as the provider writes it: its types with their identifiers; `"*"` for everyone.
pub fn whom<'n>(nodes: impl Iterator<Item = &'n Node>, at: Span) -> Node {
    let mut types: Vec<Member> = Vec::new();
    let mut certain = false;
    for node in nodes {
        certain |= matches!(node.value, Value::Object(_));
        for block in node.alternatives().iter().filter(|n| n.as_object().is_some()) {
            let ty = block.get("type").and_then(Node::as_str).map_or_else(|| UNKNOWN.to_string(), str::to_owned);
            let identifiers = block.get("identifiers").cloned().unwrap_or_else(|| unknown(block.span));
            let only_everyone = matches!(identifiers.as_array(), Some([one]) if one.as_str() == Some("*"));
            if ty == "*" && only_everyone && certain {
                return Node::string(at, "*");
            }
            let key = if ty == "*" { UNKNOWN.to_string() } else { ty };
            match types.iter_mut().find(|m| m.key == key).map(|m| &mut m.node.value) {
                Some(Value::Array(known)) => known.push(identifiers),
                _ => types.push(Member { key, key_span: at, node: Node::new(at, Value::Array(vec![identifiers])) }),
            }
        }
    }
    for member in &mut types {
        if let Value::Array(nodes) = &mut member.node.value {
            let all = std::mem::take(nodes);
            *nodes =
                all.into_iter().flat_map(|n| if let Value::Array(inner) = n.value { inner } else { vec![n] }).collect();
        }
    }
    let node = Node::new(at, Value::Object(types));
    if certain { node } else { perhaps(node) }
}

/// The values of two lists as one.
fn together(one: Node, other: Node) -> Node {
    let at = one.span;
    let values = [one, other].into_iter().flat_map(|node| match node.value {
        Value::Array(nodes) => nodes,
        _ => vec![node],
    });
    Node::new(at, Value::Array(values.collect()))
}

/// Blocks `condition { test, variable, values }`, below the operators that they name; one that may be missing leaves something unknown.
pub fn operators(blocks: &[Node]) -> Vec<Member> {
    let mut operators: Vec<Member> = Vec::new();
    for node in blocks {
        if !matches!(node.value, Value::Object(_)) && !operators.iter().any(|m| m.key.contains(UNKNOWN)) {
            operators.push(unknown_member(node.span));
        }
        for block in node.alternatives().iter().filter(|n| n.as_object().is_some()) {
            condition(block, &mut operators);
        }
    }
    operators
}

fn condition(block: &Node, operators: &mut Vec<Member>) {
    let text = |key: &str| match block.get(key).map(|n| &n.value) {
        Some(Value::String(text)) => text.clone(),
        Some(_) => UNKNOWN.to_string(),
        None => String::new(),
    };
    let place = |key: &str| block.get(key).map_or(block.span, |n| n.span);
    let values = block.get("values").cloned().unwrap_or_else(|| Node::new(block.span, Value::Array(Vec::new())));
    let key = Member { key: text("variable"), key_span: place("variable"), node: values };
    let test = text("test");
    match operators.iter_mut().find(|m| m.key == test).map(|m| &mut m.node.value) {
        Some(Value::Object(keys)) => match keys.iter_mut().find(|known| known.key == key.key) {
            // the provider writes the values of both as those of one
            Some(known) => known.node = together(known.node.clone(), key.node),
            None => keys.push(key),
        },
        _ => operators.push(Member {
            key: test,
            key_span: place("test"),
            node: Node::new(block.span, Value::Object(vec![key])),
        }),
    }
}
