//! Programs of Pulumi in YAML: what stands in `${…}` and the functions `fn::…` are known when the program runs.

use super::choice::unknown;
use super::placeholders;
use super::terraform::json::statement;
use crate::text::json::{Member, Node, Value};

/// A function; its arguments are its value.
const FUNCTION: &str = "fn::";

/// The function whose value is its argument, as text.
const TO_JSON: &str = "fn::toJSON";

/// The tree of a program without functions; any other tree as it is.
pub fn resolved(root: Node) -> Node {
    if !is_program(&root) {
        return root;
    }
    let mut root = value(root);
    placeholders(&mut root);
    root
}

/// A program has resources whose types are those of Pulumi: `aws:iam:Role`.
fn is_program(root: &Node) -> bool {
    let resources = root.get("resources").and_then(Node::as_object).unwrap_or_default();
    let ty =
        |node: &Node| node.get("type").and_then(Node::as_str).is_some_and(|ty| ty.contains(':') && !ty.contains("::"));
    resources.iter().any(|m| ty(&m.node))
}

fn value(node: Node) -> Node {
    let Node { span, value: own } = node;
    let own = match own {
        // `$${` is the text `${`
        Value::String(text) if text.contains("$${") => return literal(span, &text),
        Value::Array(nodes) => Value::Array(nodes.into_iter().map(value).collect()),
        Value::Object(members) => {
            let only = members.len() == 1;
            match members.first().filter(|m| only && m.key.to_ascii_lowercase().starts_with(FUNCTION)) {
                Some(function) if function.key.eq_ignore_ascii_case(TO_JSON) => return value(function.node.clone()),
                Some(function) => return document(function).unwrap_or_else(|| unknown(span)),
                None => Value::Object(
                    members
                        .into_iter()
                        .map(|mut member| {
                            member.node = value(member.node);
                            member
                        })
                        .collect(),
                ),
            }
        }
        other => other,
    };
    Node { span, value: own }
}

/// What the parts of a statement are called here, and in Terraform.
const NAMES: [(&str, &str); 4] = [
    ("notActions", "not_actions"),
    ("notResources", "not_resources"),
    ("notPrincipals", "not_principals"),
    ("conditions", "condition"),
];

/// The policy that `aws:iam:getPolicyDocument` gives, as its data source does in Terraform; `None` of any other function.
fn document(function: &Member) -> Option<Node> {
    let short = function.key.get(FUNCTION.len()..).unwrap_or_default();
    let named = function.node.get("function").and_then(Node::as_str).unwrap_or(short);
    if !named.starts_with("aws:iam") || !named.ends_with("getPolicyDocument") {
        return None;
    }
    let arguments = function.node.get("arguments").or_else(|| function.node.get("Arguments")).unwrap_or(&function.node);
    let at = function.key_span;
    let statements = arguments.get("statements").and_then(Node::as_array).unwrap_or_default();
    let mut statements: Vec<Node> = statements.iter().cloned().map(|n| statement(renamed(value(n)))).collect();
    const MERGED: [&str; 4] = ["sourcePolicyDocuments", "overridePolicyDocuments", "sourceJson", "overrideJson"];
    statements.extend(MERGED.iter().filter_map(|key| arguments.get(key)).map(|n| unknown(n.span)));
    let version = arguments.get("version").cloned().unwrap_or_else(|| Node::string(at, "2012-10-17"));
    let member = |key: &str, node: Node| Member { key: key.to_owned(), key_span: at, node };
    let statements = Node::new(at, Value::Array(statements));
    Some(Node::new(
        function.node.span,
        Value::Object(vec![member("Version", version), member("Statement", statements)]),
    ))
}

fn renamed(node: Node) -> Node {
    let Value::Object(members) = node.value else {
        return node;
    };
    let member = |m: Member| {
        let name = NAMES.iter().find(|(own, _)| *own == m.key).map_or(m.key.as_str(), |(_, name)| name);
        Member { key: name.to_owned(), ..m }
    };
    Node::new(node.span, Value::Object(members.into_iter().map(member).collect()))
}

/// A text with `${…}` that are meant: what else stands in it is left to the placeholders.
fn literal(span: crate::problem::Span, text: &str) -> Node {
    Node::string(span, text.replace("$${", "${"))
}

#[cfg(test)]
mod tests {
    use super::super::UNKNOWN;
    use super::*;
    use crate::problem::SourceFile;
    use crate::text::json;

    #[test]
    fn a_program_has_functions() {
        let text = r#"{"resources": {"r": {"type": "aws:iam:Role", "properties": {
            "a": {"fn::toJSON": {"Resource": ["${key.arn}", "$${aws:username}"]}}, "b": {"fn::invoke": {"function": "x"}}}}}}"#;
        let root = resolved(json::parse(&SourceFile::new("Pulumi.yaml", text)).unwrap());
        let properties = root.get("resources").and_then(|r| r.get("r")).and_then(|r| r.get("properties")).unwrap();
        let texts: Vec<&str> = properties
            .get("a")
            .unwrap()
            .get("Resource")
            .unwrap()
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Node::as_str)
            .collect();
        assert_eq!(texts, [UNKNOWN.to_string().as_str(), "${aws:username}"]);
        assert_eq!(properties.get("b").and_then(Node::as_str), Some(UNKNOWN.to_string().as_str()));
    }
}
