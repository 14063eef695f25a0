//! Cedar text: files of a folder, parsing with bounds, and where each policy stands.

use std::sync::Arc;

use cedar_policy::{Policy, PolicySet};

use crate::problem::{Problem, Source, Span};
use crate::source;

/// Cedar's parser gives up on the whole process where text is nested deeper than it has stack.
const MAX_NESTING: usize = 100;

/// The Cedar files below a folder of a source, in the order of their paths; all of them for `""`.
pub fn sources(files: &dyn source::Source, folder: &str, problems: &mut Vec<Problem>) -> Vec<Arc<Source>> {
    texts(files, problems, |path| path.starts_with(folder) && path.ends_with(".cedar"))
}

/// The files of this name, in the order of their paths.
pub fn files_named(files: &dyn source::Source, name: &str, problems: &mut Vec<Problem>) -> Vec<Arc<Source>> {
    texts(files, problems, |path| path.rsplit('/').next() == Some(name))
}

fn texts(files: &dyn source::Source, problems: &mut Vec<Problem>, wanted: impl Fn(&str) -> bool) -> Vec<Arc<Source>> {
    let paths = files.paths(problems);
    let read = paths.iter().filter(|path| wanted(path)).map(|path| source::text(files, path));
    let (texts, unread): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
    problems.extend(unread.into_iter().filter_map(Result::err));
    texts.into_iter().flatten().collect()
}

/// The policies of a file; what does not parse goes to `problems`, with Cedar's own words and place.
pub fn parse(source: &Arc<Source>, problems: &mut Vec<Problem>) -> Vec<Policy> {
    if let Some(deep) = nested_too_deep(&source.text) {
        let span = Span { start: deep, end: deep + 1 };
        problems.push(
            Problem::at(source, span, format!("a policy is nested more than {MAX_NESTING} deep")).help("split it"),
        );
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
            set.policies().cloned().collect()
        }
        Err(errors) => {
            problems.extend(errors.iter().map(|e| from_cedar(source, e)));
            Vec::new()
        }
    }
}

/// An error of Cedar's at its place in the source.
pub fn from_cedar(source: &Arc<Source>, error: &dyn miette::Diagnostic) -> Problem {
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

/// The place where brackets, operators and `if` would nest too deep, outside of strings and comments.
fn nested_too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut chain) = (0_usize, 0_usize);
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => skip_string(&mut characters),
            '/' if characters.peek().is_some_and(|(_, n)| *n == '/') => {
                while characters.next_if(|(_, n)| *n != '\n').is_some() {}
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            // prefix operators nest without brackets
            '!' | '-' => chain += 1,
            c if c.is_whitespace() => {}
            _ => chain = 0,
        }
        if depth > MAX_NESTING || chain > MAX_NESTING {
            return Some(at);
        }
    }
    let ifs = text.split(';').map(|policy| policy.matches("if ").count()).max().unwrap_or(0);
    (ifs > MAX_NESTING).then_some(0)
}

/// Where each policy of a text stands that parses: from its first annotation to its semicolon.
pub fn spans(text: &str) -> Vec<Span> {
    let (mut spans, mut start) = (Vec::new(), None);
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '/' if characters.peek().is_some_and(|(_, n)| *n == '/') => {
                while characters.next_if(|(_, n)| *n != '\n').is_some() {}
            }
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

fn skip_string(characters: &mut std::iter::Peekable<std::str::CharIndices<'_>>) {
    while let Some((_, c)) = characters.next() {
        match c {
            '\\' => drop(characters.next()),
            '"' => return,
            _ => {}
        }
    }
}
