//! Templates of CloudFormation: what their functions stand for is not known.

use super::{UNKNOWN, interpolated};
use crate::text::json::{Node, Value};

/// The tree without functions: literal parts of `Fn::Sub` stay, everything else is unknown.
pub fn resolved(root: Node) -> Node {
    let template = root.get("Resources").and_then(Node::as_object).is_some_and(|resources| {
        resources.iter().any(|m| m.node.get("Type").and_then(Node::as_str).is_some_and(|t| t.contains("::")))
    });
    if template { resolve(root) } else { root }
}

fn resolve(node: Node) -> Node {
    let Node { span, value } = node;
    let value = match value {
        Value::Array(nodes) => Value::Array(nodes.into_iter().map(resolve).collect()),
        Value::Object(members) => match members.as_slice() {
            [only] if only.key == "Ref" || only.key.starts_with("Fn::") => {
                Value::String(function(&only.key, &only.node))
            }
            _ => Value::Object(
                members
                    .into_iter()
                    .map(|mut m| {
                        m.node = resolve(m.node);
                        m
                    })
                    .collect(),
            ),
        },
        other => other,
    };
    Node { span, value }
}

fn function(name: &str, argument: &Node) -> String {
    let text = match &argument.value {
        Value::Array(nodes) => nodes.first().and_then(Node::as_str),
        _ => argument.as_str(),
    };
    match (name, text) {
        ("Fn::Sub", Some(text)) => substituted(text),
        _ => UNKNOWN.to_string(),
    }
}

/// The text of `Fn::Sub`: `${!x}` is the text `${x}`, any other `${…}` is unknown.
pub fn substituted(text: &str) -> String {
    interpolated(text, |name| name.strip_prefix('!').map(|literal| format!("${{{literal}}}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_keeps_what_is_literal() {
        assert_eq!(
            substituted("arn:${AWS::Partition}:s3:::x/${!aws:username}"),
            format!("arn:{UNKNOWN}:s3:::x/${{aws:username}}")
        );
    }
}
