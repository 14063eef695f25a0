//! A schema of the user's, laid over the built-in one: merging, and where in the user's file something is wrong.

use std::sync::Arc;

use super::faults::Fault;
use super::{BUILT_IN, NAMESPACE, local};
use crate::problem::{Problem, SourceFile, Span, did_you_mean, instead, meant};
use crate::text::json::{Member, Node, Value};

/// Lays a part of a schema over another.
pub fn merge(
    into: &mut serde_json::Value,
    node: &Node,
    path: &str,
    source: &Arc<SourceFile>,
    problems: &mut Vec<Problem>,
) {
    use serde_json::Value as Json;
    let own = node.to_json();
    match (into, &node.value) {
        (Json::Object(known), Value::Object(members)) => {
            for member in members {
                let path = if path.is_empty() { member.key.clone() } else { format!("{path}.{}", member.key) };
                match known.get_mut(&member.key) {
                    Some(inner) => merge(inner, &member.node, &path, source, problems),
                    // no one would supply it: `has` would be false whatever the truth
                    None if path.contains("Context.attributes.") || path.contains(".context.") => {
                        let message =
                            format!("nothing supplies `{}` to the policies that read this context", member.key);
                        let help = "add an attribute to an entity, such as the account, instead";
                        problems.push(Problem::at(source, member.key_span, message).help(help));
                    }
                    None if !path.contains('.') => {
                        let message = format!("there is no namespace `{path}`");
                        let help = instead(&path, [NAMESPACE], format!("put it into `{NAMESPACE}`"));
                        problems.push(Problem::at(source, member.key_span, message).help(help));
                    }
                    None => {
                        problems.extend(nearly_a_type(member, &path, known.keys().map(String::as_str), source));
                        known.insert(member.key.clone(), member.node.to_json());
                    }
                }
            }
        }
        (Json::Array(known), Value::Array(nodes)) => {
            let missing: Vec<Json> = nodes.iter().map(Node::to_json).filter(|n| !known.contains(n)).collect();
            known.extend(missing);
        }
        // a closed set of values may get more
        (Json::String(known), Value::String(words)) if path.ends_with("annotations.values") => {
            for word in words.split_whitespace() {
                if !known.split_whitespace().any(|k| k == word) {
                    known.push(' ');
                    known.push_str(word);
                }
            }
        }
        (known, _) if *known == own => {}
        (known, _) if path.is_empty() || known.is_object() || known.is_array() => {
            let name = if path.is_empty() { "a schema".to_owned() } else { format!("`{path}`") };
            let kind = if known.is_array() { "an array" } else { "an object" };
            let message = format!("{name} is {kind}, but this is {}", node.kind());
            let help = if known.is_array() { "write [ … ]" } else { "write { … }" };
            problems.push(Problem::at(source, node.span, message).help(help));
        }
        (known, _) => {
            let message = format!("`{path}` is {known} in the built-in schema, and cannot be changed to {own}");
            problems.push(Problem::at(source, node.span, message).help("leave it out, or use another name"));
        }
    }
}

/// Annotations that are no texts, which Cedar would refuse without a place.
pub fn wrong_annotations(node: &Node, source: &Arc<SourceFile>) -> Vec<Problem> {
    let fault = |annotation: &Member| {
        let message = format!("the annotation `{}` is a text, but this is {}", annotation.key, annotation.node.kind());
        let help = format!("write \"{}\": \"{}\"", annotation.key, annotation.node.to_json());
        Problem::at(source, annotation.node.span, message).help(help)
    };
    let mut problems = Vec::new();
    for member in node.as_object().into_iter().flatten() {
        match (member.key.as_str(), member.node.as_object()) {
            ("annotations", Some(annotations)) => {
                problems.extend(annotations.iter().filter(|a| a.node.as_str().is_none()).map(fault));
            }
            _ => problems.extend(wrong_annotations(&member.node, source)),
        }
    }
    problems
}

/// A new type of entity with nearly the name of one that there is: what it says of that one would count for nothing.
fn nearly_a_type<'k>(
    member: &Member,
    path: &str,
    known: impl Iterator<Item = &'k str>,
    source: &Arc<SourceFile>,
) -> Option<Problem> {
    let of_types = path.rsplit_once('.').is_some_and(|(of, _)| of == format!("{NAMESPACE}.entityTypes"));
    let near = did_you_mean(&member.key, known.filter(|_| of_types))?;
    let message = format!("there is no type `{}`", member.key);
    Some(
        Problem::at(source, member.key_span, message)
            .help(format!("{}; for a new type, use another name", meant(near))),
    )
}

/// A fault at its place in the file that was laid over the built-in schema.
pub fn placed(fault: &Fault, source: &Arc<SourceFile>, overlay: &Node) -> Problem {
    let whole = overlay.span.first();
    let span = if fault.names.is_empty() {
        named_by(&fault.message, overlay).unwrap_or(whole)
    } else {
        let mut found = (whole, overlay);
        for name in &fault.names {
            // a type or attribute that the built-in schema has need not stand in the overlay
            found = below(found.1, name).unwrap_or(found);
        }
        found.0
    };
    let problem = Problem::at(source, span, fault.message.clone());
    if fault.help.is_empty() { problem } else { problem.help(fault.help.clone()) }
}

/// The first member of this name, at any depth: its name's place, and its value.
fn below<'n>(node: &'n Node, name: &str) -> Option<(Span, &'n Node)> {
    match &node.value {
        Value::Object(members) => {
            let direct = members.iter().find(|m| m.key == name).map(|m| (m.key_span, &m.node));
            direct.or_else(|| members.iter().find_map(|m| below(&m.node, name)))
        }
        Value::Array(nodes) => nodes.iter().find_map(|n| below(n, name)),
        _ => None,
    }
}

/// Where something stands that an error of Cedar's names, and that the built-in schema has not: Cedar reads the merged
/// text, whose places are not those of the file.
fn named_by(message: &str, node: &Node) -> Option<Span> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-');
    let is_named = |text: &str| {
        let mut words = message.split(|c| !is_word(c)).map(|word| word.trim_matches(':'));
        words.any(|word| word == text || local(word) == text) && !BUILT_IN.contains(&format!("\"{text}\""))
    };
    match &node.value {
        Value::String(text) => is_named(text).then_some(node.span),
        Value::Object(members) => {
            members.iter().find_map(|m| named_by(message, &m.node).or_else(|| is_named(&m.key).then_some(m.key_span)))
        }
        Value::Array(nodes) => nodes.iter().find_map(|n| named_by(message, n)),
        _ => None,
    }
}
