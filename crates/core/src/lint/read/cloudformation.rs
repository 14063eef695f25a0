//! Templates of CloudFormation: what their functions give, as far as the template says it.

use super::choice::{is_known, is_unknown, items, one_of, unknown};
use super::terraform::relocate;
use super::{UNKNOWN, interpolated};
use crate::problem::{SourceFile, Span};
use crate::text::json::{self, Member, Node, Value};

/// A loop over resources: `Fn::ForEach::Name`.
const FOR_EACH: &str = "Fn::ForEach::";

/// The tree without functions: `Fn::If` is one of two values, `AWS::NoValue` none, and what depends on a deployment is unknown.
pub fn resolved(root: Node) -> Node {
    if !has_functions(&root) {
        return root;
    }
    // a template that may become several
    if let Value::OneOf(roots) = root.value {
        return Node::new(root.span, Value::OneOf(roots.into_iter().map(resolved).collect()));
    }
    let mappings = root.get("Mappings").cloned();
    let parameters = root.get("Parameters").cloned();
    let at = root.span;
    Resolver { mappings, parameters }.value(root).unwrap_or_else(|| Node::new(at, Value::Null))
}

fn has_functions(node: &Node) -> bool {
    match &node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().any(has_functions),
        Value::Object(members) => {
            function(members).is_some() || members.iter().any(|m| m.key.starts_with("Fn::") || has_functions(&m.node))
        }
        Value::String(text) => is_function_text(text),
        _ => false,
    }
}

/// A function of org-formation that stands in a text: `Fn::EnumTargetAccounts Binding arn:aws:iam::${account}:root`.
fn is_function_text(text: &str) -> bool {
    text.strip_prefix("Fn::").is_some_and(|rest| rest.starts_with(char::is_alphabetic) && rest.contains(' '))
}

/// The function that an object stands for.
fn function(members: &[Member]) -> Option<&Member> {
    match members {
        [only] if only.key == "Ref" || only.key.starts_with("Fn::") && !only.key.starts_with(FOR_EACH) => Some(only),
        _ => None,
    }
}

struct Resolver {
    mappings: Option<Node>,
    parameters: Option<Node>,
}

impl Resolver {
    /// The value; `None` where it is `AWS::NoValue`, and what holds it has no such member.
    fn value(&self, node: Node) -> Option<Node> {
        let Node { span, value } = node;
        let value = match value {
            Value::Array(nodes) => Value::Array(nodes.into_iter().filter_map(|n| self.value(n)).collect()),
            Value::Object(members) => match function(&members) {
                Some(only) => return self.function(only, span),
                None => Value::Object(members.into_iter().flat_map(|m| self.member(m)).collect()),
            },
            Value::String(text) if is_function_text(&text) => return Some(unknown(span)),
            other => other,
        };
        Some(Node { span, value })
    }

    fn member(&self, member: Member) -> Vec<Member> {
        let Member { key, key_span, node } = member;
        if let Some(name) = key.strip_prefix(FOR_EACH) {
            return self.looped(name, &node);
        }
        if key.starts_with("Fn::") {
            // a macro may add anything
            return vec![Member { key: UNKNOWN.to_string(), key_span, node: unknown(node.span) }];
        }
        self.value(node).map(|node| Member { key, key_span, node }).into_iter().collect()
    }

    /// The members that a loop makes, once each: the name that it runs over is not known.
    fn looped(&self, name: &str, node: &Node) -> Vec<Member> {
        let Some([id, _, body]) = node.as_array() else {
            return Vec::new();
        };
        let variable = id.as_str().unwrap_or(name);
        let Some(Node { value: Value::Object(members), .. }) = self.value(without_variable(body.clone(), variable))
        else {
            return Vec::new();
        };
        members
    }

    fn function(&self, function: &Member, at: Span) -> Option<Node> {
        let argument = &function.node;
        let arguments = argument.as_array().unwrap_or(std::slice::from_ref(argument));
        let of = |index: usize| arguments.get(index).and_then(|n| self.value(n.clone()));
        Some(match function.key.as_str() {
            "Ref" if argument.as_str() == Some("AWS::NoValue") => return None,
            "Ref" => argument.as_str().map_or_else(|| unknown(at), |name| self.parameter(name, at)),
            "Fn::Split" => split(of(0), of(1), at),
            "Fn::If" if arguments.len() == 3 => {
                let none = || Node::new(at, Value::Null);
                let either = one_of(at, vec![of(1).unwrap_or_else(none), of(2).unwrap_or_else(none)]);
                return (either.value != Value::Null).then_some(either);
            }
            "Fn::Sub" => match of(0) {
                Some(Node { value: Value::String(text), .. }) => {
                    let values = of(1);
                    let known = |name: &str| values.as_ref()?.get(name)?.as_str().map(str::to_owned);
                    Node::string(at, substituted(&text, known))
                }
                // a document that org-formation makes a text of
                Some(node) if node.as_object().is_some() => filled_in(node, of(1).as_ref()),
                _ => unknown(at),
            },
            "Fn::Join" => joined(of(0), of(1), at),
            "Fn::Select" => selected(of(0), of(1), at),
            "Fn::FindInMap" => {
                let found = self.found(&[of(0), of(1), of(2)], at);
                // what it is where the mapping does not have the keys
                let default = arguments.get(3).and_then(|n| n.get("DefaultValue")).and_then(|n| self.value(n.clone()));
                one_of(at, [found].into_iter().chain(default).collect())
            }
            "Fn::ToJsonString" | "Fn::JsonString" | "Fn::GetPolicy" => of(0)?,
            _ => unknown(at),
        })
    }

    /// What a parameter may be: its default and the values that it allows, where they say something of a policy, and anything else.
    fn parameter(&self, name: &str, at: Span) -> Node {
        let says = |text: &&str| is_known_text(text) && text.contains(':') && !text.contains("{{");
        let own = self.parameters.as_ref().and_then(|all| all.get(name));
        let ty = own.and_then(|own| own.get("Type")).and_then(Node::as_str).unwrap_or_default();
        // where the value is kept in Systems Manager, the default is the name that it has there
        let own = own.filter(|_| !ty.starts_with("AWS::SSM::Parameter::"));
        let default = own.and_then(|own| own.get("Default")).and_then(Node::as_str);
        let allowed = own.and_then(|own| own.get("AllowedValues")).and_then(Node::as_array).unwrap_or_default();
        let texts = default.into_iter().chain(allowed.iter().filter_map(Node::as_str)).filter(says);
        let parts = |text: &str| text.split(',').map(|part| Node::string(at, part.trim())).collect::<Vec<Node>>();
        let is_list = ty.starts_with("List<") || ty == "CommaDelimitedList";
        let possible: Vec<Node> = match is_list {
            true => texts.map(|text| Node::new(at, Value::Array(parts(text)))).collect(),
            false => texts.flat_map(parts).collect(),
        };
        one_of(at, possible.into_iter().chain([unknown(at)]).collect())
    }

    /// What a mapping says under keys, all of them where one is not known.
    fn found(&self, keys: &[Option<Node>], at: Span) -> Node {
        let mut possible: Vec<&Node> = self.mappings.iter().collect();
        for key in keys {
            let name = key.as_ref().filter(|k| is_known(k)).and_then(Node::as_str);
            let below = |node: &&'_ Node| -> Vec<usize> {
                let members = node.as_object().unwrap_or_default().iter().enumerate();
                members.filter(|(_, m)| name.is_none_or(|name| m.key == name)).map(|(index, _)| index).collect()
            };
            possible = possible
                .into_iter()
                .flat_map(|node| below(&node).into_iter().filter_map(|i| Some(&node.as_object()?.get(i)?.node)))
                .collect();
        }
        let found: Vec<Node> = possible.into_iter().cloned().collect();
        if found.is_empty() { unknown(at) } else { one_of(at, found) }
    }
}

/// A document with what its placeholders stand for, as `Fn::Sub` fills them in.
fn filled_in(node: Node, values: Option<&Node>) -> Node {
    let known = |name: &str| values?.get(name)?.as_str().map(str::to_owned);
    let value = match node.value {
        Value::String(text) if text.contains("${") => Value::String(substituted(&text, known)),
        Value::Array(nodes) => Value::Array(nodes.into_iter().map(|n| filled_in(n, values)).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|m| Member { node: filled_in(m.node, values), ..m }).collect())
        }
        other => other,
    };
    Node { value, ..node }
}

fn joined(separator: Option<Node>, list: Option<Node>, at: Span) -> Node {
    let (Some(separator), Some(list)) = (separator, list) else {
        return unknown(at);
    };
    let part = |node: &Node| match &node.value {
        Value::String(text) | Value::Number(text) => text.clone(),
        _ => UNKNOWN.to_string(),
    };
    let Some(nodes) = list.as_array().filter(|_| !items(&list).iter().any(|i| i.perhaps)) else {
        return unknown(at);
    };
    let Some(separator) = separator.as_str() else {
        return unknown(at);
    };
    let text = nodes.iter().map(part).collect::<Vec<_>>().join(separator);
    if text.trim_start().starts_with('{') { document(text, at) } else { Node::string(at, text) }
}

/// A document in pieces: all of it stands where it is joined.
fn document(text: String, at: Span) -> Node {
    if !text.contains("Statement") {
        return unknown(at);
    }
    match json::parse(&SourceFile::new("", text)) {
        Ok(mut root) => {
            relocate(&mut root, at);
            root
        }
        Err(_) => unknown(at),
    }
}

fn is_known_text(text: &str) -> bool {
    !text.contains(UNKNOWN)
}

/// The parts of a text that is known.
fn split(separator: Option<Node>, text: Option<Node>, at: Span) -> Node {
    let (Some(separator), Some(text)) = (separator, text) else {
        return unknown(at);
    };
    match (separator.as_str(), text.as_str()) {
        (Some(separator), Some(parts)) if is_known(&text) && !separator.is_empty() => {
            Node::new(at, Value::Array(parts.split(separator).map(|part| Node::string(text.span, part)).collect()))
        }
        _ => unknown(at),
    }
}

fn selected(index: Option<Node>, list: Option<Node>, at: Span) -> Node {
    let Some(list) = list else {
        return unknown(at);
    };
    let number = match index.map(|i| i.value) {
        Some(Value::Number(text) | Value::String(text)) => text.parse::<usize>().ok(),
        _ => None,
    };
    let of_list = |list: &Node| match (number, list.as_array()) {
        (Some(number), Some(nodes)) if nodes.iter().take(number + 1).all(is_one) => {
            nodes.get(number).cloned().unwrap_or_else(|| unknown(at))
        }
        _ => one_of(at, items(list).into_iter().map(|i| i.node.clone()).chain([unknown(at)]).collect()),
    };
    // of each list that it may be, the element at the index
    one_of(at, list.alternatives().iter().map(of_list).collect())
}

/// It stands for one element, and for no more or fewer.
fn is_one(node: &Node) -> bool {
    !is_unknown(node) && !matches!(node.value, Value::OneOf(_))
}

/// A part of a loop, in which the variable of the loop is not known.
fn without_variable(node: Node, variable: &str) -> Node {
    let without = |text: String| {
        let marks = ["${", "&{"].map(|open| format!("{open}{variable}}}"));
        marks.iter().fold(text, |text, mark| text.replace(mark.as_str(), &UNKNOWN.to_string()))
    };
    let Node { span, value } = node;
    let value = match value {
        Value::String(text) => Value::String(without(text)),
        Value::Array(nodes) => Value::Array(nodes.into_iter().map(|n| without_variable(n, variable)).collect()),
        Value::Object(members)
            if members.len() == 1 && members.iter().any(|m| m.key == "Ref" && m.node.as_str() == Some(variable)) =>
        {
            return unknown(span);
        }
        Value::Object(members) => {
            let member = |m: Member| Member { key: without(m.key), node: without_variable(m.node, variable), ..m };
            Value::Object(members.into_iter().map(member).collect())
        }
        other => other,
    };
    Node { span, value }
}

/// The text of `Fn::Sub`: `${!x}` is the text `${x}`; of any other `${…}` what is known counts.
fn substituted(text: &str, known: impl Fn(&str) -> Option<String>) -> String {
    interpolated(text, |name| match name.strip_prefix('!') {
        Some(literal) => Some(format!("${{{literal}}}")),
        None => known(name.trim()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        resolved(json::parse(&SourceFile::new("x.json", text)).unwrap())
    }

    #[test]
    fn sub_keeps_what_is_literal() {
        let none = |_: &str| None;
        assert_eq!(
            substituted("arn:${AWS::Partition}:s3:::x/${!aws:username}", none),
            format!("arn:{UNKNOWN}:s3:::x/${{aws:username}}")
        );
        let node = read(r#"{"a": {"Fn::Sub": ["${A}-${B}", {"A": "x", "B": {"Ref": "C"}}]}}"#);
        assert_eq!(node.get("a").and_then(Node::as_str), Some(format!("x-{UNKNOWN}").as_str()));
    }

    #[test]
    fn a_document_that_is_made_a_text_of_is_read() {
        let node = read(
            r#"{"a": {"Fn::Sub": [{"Fn::JsonString": {"Version": "2012-10-17", "Statement": [{"Action": "${act}", "Resource": "${other}"}]}},
            {"act": "s3:GetObject"}]}}"#,
        );
        let statement = &node.get("a").unwrap().get("Statement").unwrap().as_array().unwrap()[0];
        assert_eq!(statement.get("Action").and_then(Node::as_str), Some("s3:GetObject"));
        assert_eq!(statement.get("Resource").and_then(Node::as_str), Some(UNKNOWN.to_string().as_str()));
    }

    #[test]
    fn functions_give_what_the_template_says() {
        let node = read(
            r#"{"Mappings": {"M": {"k": {"a": "x", "b": "y"}}},
            "join": {"Fn::Join": [":", ["arn", {"Ref": "AWS::Partition"}, "s3"]]},
            "select": {"Fn::Select": ["1", ["p", "q"]]},
            "map": {"Fn::FindInMap": ["M", {"Ref": "K"}, "b"]},
            "if": {"Fn::If": ["C", "p", {"Ref": "AWS::NoValue"}]},
            "none": {"Ref": "AWS::NoValue"},
            "list": ["p", {"Ref": "AWS::NoValue"}]}"#,
        );
        assert_eq!(node.get("join").and_then(Node::as_str), Some(format!("arn:{UNKNOWN}:s3").as_str()));
        assert_eq!(node.get("select").and_then(Node::as_str), Some("q"));
        assert_eq!(node.get("map").and_then(Node::as_str), Some("y"));
        assert_eq!(node.get("if").unwrap().alternatives().len(), 2);
        assert!(node.get("none").is_none());
        assert_eq!(node.get("list").unwrap().as_array().unwrap().len(), 1);
    }
}
