//! Functions of Terraform's language that match texts with regular expressions: computed where the pattern and the text are known. Terraform
//! reads RE2, which the expressions of Rust are made after; what only one of the two has is not known.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::{Captures, Regex, RegexBuilder};

use crate::lint::read::choice::{is_known, unknown};
use crate::problem::Span;
use crate::text::json::{Member, Node, Value};

/// A pattern may become so many bytes.
const LARGEST: usize = 1 << 18;

/// So many patterns are kept: those of a filter are asked for each element.
const KEPT: usize = 64;

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Option<Regex>>> = RefCell::default();
}

/// `regex`: the first match; `None` where there is none, which is an error in Terraform.
pub fn first(arguments: &[Node], at: Span) -> Option<Node> {
    let Some((pattern, text)) = asked(arguments) else {
        return Some(unknown(at));
    };
    let captures = pattern.captures(text)?;
    Some(found(&pattern, &captures, at))
}

/// `regexall`: all matches.
pub fn all(arguments: &[Node], at: Span) -> Node {
    let Some((pattern, text)) = asked(arguments) else {
        return unknown(at);
    };
    let matches: Vec<Captures<'_>> = pattern.captures_iter(text).collect();
    // where an empty match counts, the two differ
    if matches.iter().any(|m| m.get(0).is_none_or(|whole| whole.is_empty())) {
        return unknown(at);
    }
    Node::new(at, Value::Array(matches.iter().map(|m| found(&pattern, m, at)).collect()))
}

/// `replace`: of a part between slashes, what matches it.
pub fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
    match from.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(inner) if !to.contains('$') && text.is_ascii() => Some(pattern(inner)?.replace_all(text, to).into_owned()),
        Some(_) => None,
        None => (!from.is_empty()).then(|| text.replace(from, to)),
    }
}

/// A pattern and a text of which all is known. Of letters beyond ASCII the two may think otherwise.
fn asked(arguments: &[Node]) -> Option<(Regex, &str)> {
    let [pattern, text] = arguments else { return None };
    let known = |node: &'_ Node| is_known(node);
    let (pattern, text) = (pattern.as_str().filter(|_| known(pattern))?, text.as_str().filter(|_| known(text))?);
    Some((self::pattern(pattern).filter(|_| text.is_ascii())?, text))
}

fn pattern(text: &str) -> Option<Regex> {
    PATTERNS.with_borrow_mut(|known| {
        if known.len() >= KEPT {
            known.clear();
        }
        let made = || RegexBuilder::new(text).size_limit(LARGEST).build().ok();
        known.entry(text.to_owned()).or_insert_with(made).clone()
    })
}

/// A match: its text; where the pattern has groups, what they matched, by their names where they have some.
fn found(pattern: &Regex, captures: &Captures<'_>, at: Span) -> Node {
    let group = |index: usize| match captures.get(index) {
        Some(part) => Node::string(at, part.as_str()),
        None => Node::new(at, Value::Null),
    };
    let names: Vec<Option<&str>> = pattern.capture_names().skip(1).collect();
    if names.is_empty() {
        return group(0);
    }
    if names.iter().all(Option::is_none) {
        return Node::new(at, Value::Array((1..=names.len()).map(group).collect()));
    }
    let member = |(index, name): (usize, &Option<&str>)| {
        Some(Member { key: (*name)?.to_owned(), key_span: at, node: group(index + 1) })
    };
    Node::new(at, Value::Object(names.iter().enumerate().filter_map(member).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Span = Span { start: 0, end: 1 };

    fn asked(pattern: &str, text: &str) -> [Node; 2] {
        [Node::string(AT, pattern), Node::string(AT, text)]
    }

    #[test]
    fn the_first_match_is_a_text_a_list_or_an_object() {
        assert_eq!(first(&asked("^s3:", "s3:GetObject"), AT), Some(Node::string(AT, "s3:")));
        assert_eq!(first(&asked("^s3:", "ec2:RunInstances"), AT), None);
        let list = first(&asked("^(.*):(.*)$", "s3:GetObject"), AT).unwrap();
        assert_eq!(list.as_array().unwrap().len(), 2);
        let named = first(&asked("^(?P<service>.*):", "s3:GetObject"), AT).unwrap();
        assert_eq!(named.get("service").and_then(Node::as_str), Some("s3"));
    }

    #[test]
    fn what_the_two_languages_differ_in_is_not_known() {
        let unknown = unknown(AT);
        assert_eq!(first(&asked("(?!x)", "a"), AT), Some(unknown.clone()), "no look-around in either");
        assert_eq!(all(&asked("x*", "axa"), AT), unknown, "empty matches");
        assert_eq!(all(&asked("x", "é"), AT), unknown);
        assert_eq!(all(&asked("x", "axa"), AT).as_array().map(<[Node]>::len), Some(1));
        assert_eq!(replaced("a-b", "/[^a-z]/", "_").as_deref(), Some("a_b"));
        assert_eq!(replaced("a/b", "/", "_").as_deref(), Some("a_b"));
    }
}
