//! Templates whose placeholders are filled in by who uses them: each value that is given is one of those that may stand there.

use super::policy::{Found, Policy};
use super::read::choice::{is_known, one_of};
use super::read::interpolated;
use super::read::terraform::relocate;
use crate::problem::{SourceFile, Span};
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node, Value};

/// The policy of a template, with what it is given; others may use it as well.
pub fn filled(policy: Policy, given: &[Node]) -> Policy {
    if given.is_empty() || policy.complete {
        return policy;
    }
    let sent = policy.sent;
    let root = node(&policy.root, &policy.source, given);
    let found = Found {
        kind: Some(policy.kind),
        kind_is_guessed: !policy.kind_is_told,
        source: policy.source,
        host: policy.host,
        holder: policy.holder,
        of_service: policy.of_service,
        names: policy.names,
        pointer: policy.pointer,
        beside: policy.beside,
        merged: policy.merged,
        layers: policy.layers,
    };
    Policy { sent, ..Policy::new(found, root) }
}

/// The characters that a template has at least once it is filled in; `None` where its directives may leave out any of them.
pub fn sent_at_least(text: &str, given: &[Node]) -> Option<usize> {
    if text.replace("%%{", "").contains("%{") {
        return None;
    }
    let with = |given: Option<&Node>| {
        let known = |name: &str| match &given?.get(name.trim())?.value {
            Value::String(text) | Value::Number(text) => Some(text.clone()),
            _ => None,
        };
        // `$${` is `${`; what is not known has no length that is known
        let parts = text.split("$${").map(|part| interpolated(part, known).replace(UNKNOWN, ""));
        parts.collect::<Vec<_>>().join("${").chars().count()
    };
    given.iter().map(|given| with(Some(given))).min().or_else(|| Some(with(None)))
}

fn node(of: &Node, source: &SourceFile, given: &[Node]) -> Node {
    let value = match &of.value {
        Value::String(text) if text.contains(UNKNOWN) => {
            let values = given.iter().filter_map(|given| placed(source.slice(of.span), given, of.span));
            return one_of(of.span, values.chain([of.clone()]).collect());
        }
        Value::Array(nodes) => Value::Array(nodes.iter().map(|n| node(n, source, given)).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|m| Member { node: node(&m.node, source, given), ..m.clone() }).collect())
        }
        other => other.clone(),
    };
    Node::new(of.span, value)
}

/// What a placeholder, or a text with several, becomes; `None` where nothing is given for it.
fn placed(raw: &str, given: &Node, at: Span) -> Option<Node> {
    let scalar = |name: &str| match &given.get(name.trim())?.value {
        Value::String(text) | Value::Number(text) if !text.contains(UNKNOWN) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    let Some(inner) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) else {
        let name = raw.strip_prefix("${")?.strip_suffix('}')?.trim();
        let encoded = name.strip_prefix("jsonencode(").and_then(|name| name.strip_suffix(')'));
        let mut value = given.get(encoded.unwrap_or(name).trim()).filter(|n| encoded.is_some() && is_known(n))?.clone();
        relocate(&mut value, at);
        return Some(value);
    };
    if inner.contains('\\') || inner.contains("$${") || inner.contains("%{") {
        return None;
    }
    let text = interpolated(inner, scalar);
    (text.matches(UNKNOWN).count() < inner.matches("${").count()).then(|| Node::string(at, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::json;

    #[test]
    fn what_is_given_takes_its_place() {
        let given =
            json::parse(&SourceFile::new("", r#"{"act": "s3:GetObject", "arns": ["a", "b"], "n": 1}"#)).unwrap();
        let at = Span::default();
        let text = |raw: &str| placed(raw, &given, at).and_then(|n| n.as_str().map(str::to_owned));
        assert_eq!(text("\"${act}\"").as_deref(), Some("s3:GetObject"));
        assert_eq!(text("\"a${n}/${other}\""), Some(format!("a1/{UNKNOWN}")));
        assert_eq!(text("\"${other}\""), None);
        assert_eq!(text("${act}"), None, "without quotes it is no text");
        assert_eq!(placed("${jsonencode(arns)}", &given, at).unwrap().as_array().unwrap().len(), 2);
    }
}
