//! Ignores in comments of Terraform and YAML: `# countersign: ignore CS122 reason … until 2027-01-01`.
//!
//! One on a line of its own holds for what begins on the next line, a whole resource or a single value; one at the end of a line for that
//! line, or for the block that begins on it.

use std::sync::Arc;

use super::{Finding, rules};
use crate::moment::{self, Moment};
use crate::problem::{SourceFile, Span};
use crate::text::json::{Member, Node, Value};

const MARK: &str = "countersign: ignore";

/// An ignore of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentIgnore {
    /// The rule's code, as written.
    pub code: String,
    /// Why; `None` is an error.
    pub reason: Option<String>,
    /// The last day on which it counts.
    pub until: Option<(String, Option<Moment>)>,
    /// Where it is said.
    pub span: Span,
    covers: Span,
}

impl CommentIgnore {
    /// Whether it speaks of a finding.
    pub fn matches(&self, finding: &Finding) -> bool {
        let at = finding.place.span.start;
        finding.rule.code.eq_ignore_ascii_case(&self.code) && at >= self.covers.start && at < self.covers.end
    }

    /// Its last day has passed.
    pub fn is_over(&self, at: Moment) -> bool {
        const DAY: chrono::Duration = chrono::Duration::days(1);
        self.until.as_ref().and_then(|(_, until)| *until).is_some_and(|until| at >= until + DAY)
    }
}

/// The ignores in the comments of a file, whose tree tells what each holds for.
pub fn ignores(source: &Arc<SourceFile>, root: &Node) -> Vec<CommentIgnore> {
    if !source.text.contains(MARK) {
        return Vec::new();
    }
    let mut starts = Vec::new();
    begins(root, false, &mut starts);
    let lines = lines(&source.text);
    let mut found = Vec::new();
    for (index, (start, line)) in lines.iter().enumerate() {
        let Some((before, said)) = line.split_once(MARK) else {
            continue;
        };
        let code = before.trim_end();
        let ends = ["#", "//", "/*"];
        let Some(code) = ends.iter().find_map(|end| code.strip_suffix(end)) else {
            continue;
        };
        let own = code.trim().is_empty();
        let target = if own { lines.iter().skip(index + 1).find(|(_, l)| is_code(l)) } else { Some(&(*start, *line)) };
        let Some((line_start, text)) = target else {
            continue;
        };
        let span = Span { start: start + before.len(), end: start + line.trim_end().len() };
        let said = said.trim_end().trim_end_matches("*/");
        found.extend(said_of(said, span, covered(*line_start, text, &starts)));
    }
    found
}

fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let place = |line| {
        let start = at;
        at += str::len(line);
        (start, line)
    };
    text.split_inclusive('\n').map(place).collect()
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#') && !line.starts_with("//")
}

/// Where the values of a tree begin, with their keys, and where they end.
fn begins(node: &Node, is_item: bool, found: &mut Vec<Span>) {
    // a list begins with its first item, and is not meant where that is; so does a mapping with its first key, unless it is an item itself
    let is_first = |members: &[Member]| members.first().is_some_and(|m| m.key_span.start == node.span.start);
    let begins_with_another = match &node.value {
        Value::Array(_) => true,
        Value::Object(members) => !is_item && is_first(members),
        _ => false,
    };
    if !begins_with_another {
        found.push(node.span);
    }
    match &node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().for_each(|n| begins(n, true, found)),
        Value::Object(members) => members.iter().for_each(|m| {
            found.push(Span { start: m.key_span.start, end: m.node.span.end });
            begins(&m.node, false, found);
        }),
        _ => {}
    }
}

/// The line, and the largest value that begins with it.
fn covered(start: usize, line: &str, starts: &[Span]) -> Span {
    let indentation = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    let first = start + indentation;
    let dashed = start + (line.len() - line.trim_start().len());
    let whole = starts.iter().filter(|s| s.start == first || s.start == dashed).map(|s| s.end).max();
    let end = start + line.len();
    Span { start, end: whole.unwrap_or(end).max(end) }
}

/// The ignores of one comment: rules, a reason, a last day.
fn said_of(said: &str, span: Span, covers: Span) -> Vec<CommentIgnore> {
    let mut words = said.split_whitespace().peekable();
    let mut codes = Vec::new();
    // a rule by its code or its name; a code that there is not matches nothing, which is told
    let code = |word: &str| {
        let word = word.trim_matches([',', ':']);
        let number = word.get(..2).filter(|start| start.eq_ignore_ascii_case("CS")).and_then(|_| word.get(2..));
        let is_code = number.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()));
        let named = || rules::by_code(word).map(|rule| rule.code.to_owned());
        if is_code { Some(word.to_ascii_uppercase()) } else { named() }
    };
    while let Some(own) = words.peek().and_then(|word| code(word)) {
        codes.push(own);
        words.next();
    }
    let rest: Vec<&str> = words.collect();
    let rest = rest.join(" ");
    let rest = rest.trim_start_matches("reason").trim_start_matches([':', '=', ' ']);
    let (reason, until) = match rest.rsplit_once("until ") {
        Some((reason, day)) => (reason, Some((day.trim().to_owned(), moment::parse(day.trim())))),
        None => (rest, None),
    };
    let reason = Some(reason.trim().trim_end_matches([',', ';']).to_owned()).filter(|r| !r.is_empty());
    if codes.is_empty() {
        codes.push(String::new());
    }
    let one = |code| CommentIgnore { code, reason: reason.clone(), until: until.clone(), span, covers };
    codes.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_says_what_why_and_until_when() {
        let at = Span::default();
        let [one] = said_of(" CS122 reason the old console is used until 2027-01-31", at, at).try_into().unwrap();
        assert_eq!((one.code.as_str(), one.reason.as_deref()), ("CS122", Some("the old console is used")));
        assert_eq!(one.until.unwrap().0, "2027-01-31");
        let two = said_of(" cs122, CS121: both are known", at, at);
        assert_eq!(two.iter().map(|i| i.code.as_str()).collect::<Vec<_>>(), ["CS122", "CS121"]);
        assert_eq!(two[0].reason.as_deref(), Some("both are known"));
        assert_eq!(said_of(" CS122", at, at)[0].reason, None);
        let named = said_of(" unknown-action reason it is new", at, at);
        assert_eq!((named[0].code.as_str(), named[0].reason.as_deref()), ("CS121", Some("it is new")));
    }
}
