//! Cedar text: files of a folder, parsing with bounds, and where each policy stands.

use std::sync::Arc;

use cedar_policy::{Policy, PolicySet};

use crate::problem::{Problem, SourceFile, Span};

/// Cedar's parser gives up on the whole process where text is nested deeper than it has stack.
const MAX_NESTING: usize = 100;

/// A chain of `||` or `&&` is a tree as deep as it is long, which everything that reads a condition walks.
const MAX_OPERATORS: usize = 2_000;

/// The policies of a file; what does not parse goes to `problems`, with Cedar's own words and place.
pub fn parse(source: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Vec<Policy> {
    if let Some((at, message, help)) = too_deep(&source.text) {
        problems.push(Problem::at(source, Span { start: at, end: at + 1 }, message).help(help));
        return Vec::new();
    }
    match source.text.parse::<PolicySet>() {
        Ok(set) => {
            for template in set.templates() {
                let text = template.to_string();
                let start = source.text.find(text.lines().next().unwrap_or_default()).unwrap_or(0);
                let problem =
                    Problem::at(source, Span { start, end: start + 1 }, "a template with a slot is not a policy");
                problems.push(problem.help("write the policy with a value instead of the slot"));
            }
            let mut policies: Vec<Policy> = set.policies().cloned().collect();
            // Cedar names the policies of a text by their order: `policy0`, `policy1`
            let nth = |p: &Policy| p.id().to_string().trim_start_matches("policy").parse().unwrap_or(usize::MAX);
            policies.sort_by_cached_key(nth);
            policies
        }
        Err(errors) => {
            problems.extend(errors.iter().map(|e| from_cedar(source, e)));
            Vec::new()
        }
    }
}

/// An error of Cedar's at its place in the source.
pub fn from_cedar(source: &Arc<SourceFile>, error: &dyn miette::Diagnostic) -> Problem {
    let label = error.labels().and_then(|mut l| l.next());
    let span = label.as_ref().map_or(Span::default(), |l| Span { start: l.offset(), end: l.offset() + l.len().max(1) });
    let mut problem = Problem::at(source, span, error.to_string());
    if let Some(text) = label.as_ref().and_then(|l| l.label()) {
        problem = problem.label(text);
    }
    match error.help() {
        Some(help) => problem.help(help.to_string()),
        None => problem,
    }
}

/// The place where brackets, operators and `if` would nest too deep, outside of strings and comments, and what to do.
fn too_deep(text: &str) -> Option<(usize, String, &'static str)> {
    let nested = || format!("a policy is nested more than {MAX_NESTING} deep");
    let mut depth = Depth::default();
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => {
                skip_string(&mut characters);
                depth.token(c);
            }
            '/' if characters.peek().is_some_and(|(_, n)| *n == '/') => skip_line(&mut characters),
            '|' | '&' => {
                depth.token(c);
                characters.next_if(|(_, n)| *n == c);
            }
            c => depth.token(c),
        }
        if depth.nesting > MAX_NESTING || depth.prefixes > MAX_NESTING || depth.accesses > MAX_NESTING {
            return Some((at, nested(), "split it"));
        }
        if depth.operators > MAX_OPERATORS {
            let message = format!("a policy has more than {MAX_OPERATORS} operators");
            let help = "write a list, such as [\"a\", \"b\"].contains(…), or split the policy";
            return Some((at, message, help));
        }
    }
    let mut start = 0;
    for policy in text.split_inclusive(';') {
        if policy.matches("if ").count() > MAX_NESTING {
            return Some((start, nested(), "split it"));
        }
        start += policy.len();
    }
    None
}

/// How deep the tree of a condition can be, told from its text alone.
#[derive(Default)]
struct Depth {
    /// Open brackets.
    nesting: usize,
    /// Prefix operators in a row, which nest without brackets.
    prefixes: usize,
    /// `.` in a row: `a.b.c`
    accesses: usize,
    /// Operators between operands, of the whole policy.
    operators: usize,
    /// What came before was an operand.
    after_operand: bool,
}

impl Depth {
    fn token(&mut self, c: char) {
        match c {
            c if c.is_whitespace() => return,
            '(' | '[' | '{' => self.nesting += 1,
            ')' | ']' | '}' => self.nesting = self.nesting.saturating_sub(1),
            '.' => self.accesses += 1,
            '|' | '&' | '+' | '*' => self.operators += 1,
            '-' if self.after_operand => self.operators += 1,
            '!' | '-' => self.prefixes += 1,
            ';' => self.operators = 0,
            _ => {}
        }
        if !"!-".contains(c) {
            self.prefixes = 0;
        }
        if "|&+*-<>=,;".contains(c) {
            self.accesses = 0;
        }
        self.after_operand = c.is_alphanumeric() || "_)]}\"".contains(c);
    }
}

/// Where each policy of a text stands that parses: from its first annotation to its semicolon.
pub fn spans(text: &str) -> Vec<Span> {
    let (mut spans, mut start) = (Vec::new(), None);
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '/' if characters.peek().is_some_and(|(_, n)| *n == '/') => skip_line(&mut characters),
            c if c.is_whitespace() => {}
            ';' => spans.extend(start.take().map(|start| Span { start, end: at + 1 })),
            c => {
                start.get_or_insert(at);
                if c == '"' {
                    skip_string(&mut characters);
                }
            }
        }
    }
    spans
}

/// Skips to the end of a line, in a comment.
pub(super) fn skip_line(characters: &mut std::iter::Peekable<std::str::CharIndices<'_>>) {
    while characters.next_if(|(_, c)| *c != '\n').is_some() {}
}

/// Skips to the end of a text, after its first quote.
pub(super) fn skip_string(characters: &mut std::iter::Peekable<std::str::CharIndices<'_>>) {
    while let Some((_, c)) = characters.next() {
        match c {
            '\\' => drop(characters.next()),
            '"' => return,
            _ => {}
        }
    }
}
