//! Templates whose placeholders are filled in by who uses them: each value that is given is one of those that may stand there.

use std::borrow::Cow;
use std::cell::Cell;

use super::loops::{Loop, loops};
use super::policy::{Found, Policy};
use super::read::choice::{is_unknown, one_of, perhaps};
use super::read::terraform::{expression, relocate};
use super::read::{interpolated, is_template_file};
use crate::problem::{SourceFile, Span};
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node, Value};

/// The policy of a template, with what it is given; others may use it as well.
pub fn filled(policy: Policy, given: &[Node]) -> Policy {
    // what is written in the template itself is known without anybody who fills it in
    let nothing = [Node::new(Span::default(), Value::Object(Vec::new()))];
    let is_expression = || is_template_file(&policy.source.path) && policy.source.text.contains("jsonencode(");
    let given = if given.is_empty() && !policy.complete && is_expression() { &nothing } else { given };
    if given.is_empty() || policy.complete {
        return policy;
    }
    let sent = policy.sent;
    // a template is a file by itself; a document of Terraform has its own directives within
    let is_template = is_template_file(&policy.source.path);
    let all = Span { start: 0, end: policy.source.text.len() };
    let loops = loops(&policy.source.text, if is_template { all } else { policy.root.span });
    let filling = Filling { source: &policy.source, given, loops, left: Cell::new(MOST_PLACED) };
    let root = filling.node(&policy.root);
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

/// So many placeholders are filled in, each counted for every value that it may have.
const MOST_PLACED: usize = 5_000;

/// So many turns of a loop are looked at.
const MOST_TURNS: usize = 200;

/// A template, and what it is filled in with.
struct Filling<'a> {
    source: &'a SourceFile,
    given: &'a [Node],
    loops: Vec<Loop>,
    left: Cell<usize>,
}

impl Filling<'_> {
    fn node(&self, of: &Node) -> Node {
        let value = match &of.value {
            Value::String(text) if text.contains(UNKNOWN) => {
                let names = self.names_at(of.span);
                let raw = first(self.source.slice(of.span));
                let values = names.iter().filter(|_| self.may_go_on()).filter_map(|given| placed(raw, given, of.span));
                return one_of(of.span, values.chain([of.clone()]).collect());
            }
            Value::Array(nodes) => {
                Value::Array(nodes.iter().flat_map(|n| self.joined(n).chain([self.node(n)])).collect())
            }
            Value::Object(members) => {
                Value::Object(members.iter().map(|m| Member { node: self.node(&m.node), ..m.clone() }).collect())
            }
            other => other.clone(),
        };
        Node::new(of.span, value)
    }

    /// What names mean at a place: each of what is given, and in a loop each of its turns.
    fn names_at(&self, span: Span) -> Cow<'_, [Node]> {
        let around = self.loops.iter().filter(|each| each.has(span));
        around.fold(Cow::Borrowed(self.given), |names, each| {
            Cow::Owned(names.iter().flat_map(|given| each.turns(given)).take(MOST_TURNS).collect())
        })
    }

    fn may_go_on(&self) -> bool {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.unwrap_or_default());
        left.is_some()
    }

    /// The elements that one text of a list becomes: `"${join("\",\"", actions)}"`.
    fn joined(&self, of: &Node) -> impl Iterator<Item = Node> {
        let is_open = of.as_str().is_some_and(|text| text.contains(UNKNOWN));
        let raw = if is_open { first(self.source.slice(of.span)) } else { "" };
        let expression = raw.strip_prefix("\"${join(").and_then(|rest| rest.strip_suffix(")}\""));
        let expression = expression.filter(|arguments| arguments.contains("\\\""));
        let names = expression.map(|_| self.names_at(of.span)).unwrap_or_default();
        let texts = names.iter().filter(|_| self.may_go_on()).filter_map(move |given| elements(expression?, given));
        let nodes: Vec<Node> = texts.flatten().map(|text| perhaps(Node::string(of.span, text))).collect();
        nodes.into_iter()
    }
}

/// The text or placeholder that a piece of a template begins with: directives after it are none of it.
fn first(raw: &str) -> &str {
    let is_quoted = raw.starts_with('"');
    if !is_quoted && !raw.starts_with("${") {
        return raw;
    }
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, c) in raw.char_indices().skip(1) {
        match c {
            _ if escaped => {
                escaped = false;
                continue;
            }
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_end = depth == 0 && c == if is_quoted { '"' } else { '}' };
        if is_end && let Some((own, rest)) = raw.split_at_checked(at + 1) {
            // a comma after the last element of a loop is left out where the template is read
            let rest = rest.trim_start().trim_start_matches(',').trim_start();
            return if rest.starts_with("%{") { own } else { raw };
        }
    }
    raw
}

/// The texts that the arguments of `join` make, where quotation marks and commas stand between them.
fn elements(arguments: &str, given: &Node) -> Option<Vec<String>> {
    let joined = expression::value_with(&format!("join({arguments})"), given)?;
    let text = joined.as_str()?;
    let texts: Vec<String> = serde_json::from_str(&format!("[\"{text}\"]")).ok()?;
    Some(texts.into_iter().filter(|text| !text.contains(UNKNOWN)).collect())
}

/// What a placeholder, or a text with several, becomes; `None` where nothing is given for it.
fn placed(raw: &str, given: &Node, at: Span) -> Option<Node> {
    let Some(inner) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) else {
        let call = raw.strip_prefix("${")?.strip_suffix('}')?.trim_matches('~').trim();
        let encoded = call.strip_prefix("jsonencode(")?.strip_suffix(')')?;
        let mut value = value(encoded, given).filter(|n| !is_unknown(n))?;
        relocate(&mut value, at);
        return Some(value);
    };
    if inner.contains('\\') || inner.contains("$${") || inner.contains("%{") {
        return None;
    }
    let scalar = |name: &str| match value(name, given)?.value {
        Value::String(text) | Value::Number(text) if !text.contains(UNKNOWN) => Some(text),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    let text = interpolated(inner, scalar);
    (text.matches(UNKNOWN).count() < inner.matches("${").count()).then(|| Node::string(at, text))
}

/// What a name or an expression means.
fn value(expression: &str, given: &Node) -> Option<Node> {
    let expression = expression.trim();
    let is_name = expression.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_name { given.get(expression).cloned() } else { expression::value_with(expression, given) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::json;

    #[test]
    fn directives_are_no_part_of_what_they_follow() {
        assert_eq!(first("\"${a}\"%{ endfor }"), "\"${a}\"");
        assert_eq!(first("\"${join(\"\\\",\\\"\", a)}\" %{ endif ~}"), "\"${join(\"\\\",\\\"\", a)}\"");
        assert_eq!(first("${jsonencode({ a = b })}%{ endif }"), "${jsonencode({ a = b })}");
        assert_eq!(first("\"${a}\",%{ endfor }"), "\"${a}\"");
        for whole in ["\"${a}\"", "${a}/b", "a${b}", "\"a"] {
            assert_eq!(first(whole), whole);
        }
    }

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
