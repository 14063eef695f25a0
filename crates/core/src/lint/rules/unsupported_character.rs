#![doc = include_str!("../../../../../docs/rules/CS111.md")]

use crate::iam::stored::{is_character, is_deceptive};
use crate::lint::edit;
use crate::lint::policy::{Policy, Text};
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};
use crate::problem::Span;
use crate::text::UNKNOWN;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS111",
    name: "unsupported-character",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS111.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        if let Some(actions) = &statement.actions {
            actions.texts.iter().for_each(|t| name(policy, t, t.text.len(), sink));
        }
        if let Some(resources) = &statement.resources {
            resources.texts.iter().for_each(|t| name(policy, t, 0, sink));
            resources.texts.iter().filter(|_| policy.variables).for_each(|t| variable(t, sink));
        }
        if let Some(sid) = &statement.sid {
            other(policy, sid, sink);
        }
        for condition in &statement.conditions {
            name(policy, &condition.key, without_tag(&condition.key.text), sink);
            condition.values.iter().for_each(|v| other(policy, v, sink));
            condition.values.iter().filter(|_| policy.variables).for_each(|t| variable(t, sink));
        }
    }
}

fn is_allowed(c: char) -> bool {
    is_character(c) || c == UNKNOWN
}

/// How much of a condition key is not the name of a tag or of an encryption context, which may hold blanks and quotes.
fn without_tag(key: &str) -> usize {
    const CONTEXT: &str = "kms:encryptioncontext:";
    let is_context = key.get(..CONTEXT.len()).is_some_and(|k| k.eq_ignore_ascii_case(CONTEXT));
    if is_context { CONTEXT.len() } else { key.find('/').unwrap_or(key.len()) }
}

/// `plain`: the length of the beginning in which there are neither blanks nor quotes.
fn name(policy: &Policy, text: &Text, plain: usize, sink: &mut Sink<'_>) {
    let is_wrong = |(at, c): &(usize, char)| {
        let (at, c) = (*at, *c);
        !is_allowed(c) || is_deceptive(c) || (at < plain && (c.is_whitespace() || c == '"' || c == '\''))
    };
    let Some((_, found)) = text.text.char_indices().find(is_wrong) else {
        return;
    };
    let effect = if is_allowed(found) { "with it, this matches nothing" } else { "AWS rejects the policy" };
    let message = format!("{} in {}: {effect}", described(found), shown(&text.text));
    if let Some(finding) = sink.add(&place(policy, text, found), message, "type it again, without formatting") {
        let right = text.text.char_indices().filter(|at| !is_wrong(at) && at.1 != '\u{2019}');
        let right: String = right.map(|(_, c)| c).collect();
        let what = format!("writes `{right}`, which takes effect");
        let edits = if plain > 0 { edit::replace(policy, text, &right) } else { None };
        finding.fix(false, what, edits);
    }
}

/// A policy variable with a blank around its key: `${aws: username}`. The name of a tag may hold one, and so may what stands for a key
/// that is absent.
fn variable(text: &Text, sink: &mut Sink<'_>) {
    let variables = text.text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    for inside in variables {
        let key = inside.split(',').next().unwrap_or_default();
        let plain = key.get(..without_tag(key)).unwrap_or_default();
        if !(plain.contains(char::is_whitespace) || key.ends_with(char::is_whitespace)) {
            continue;
        }
        let message =
            format!("white space in the policy variable {}, which AWS does not take", shown(&format!("${{{inside}}}")));
        let right: String = plain.chars().filter(|c| !c.is_whitespace()).collect();
        let rest = key.get(plain.len()..).unwrap_or_default().trim_end();
        sink.add_as(Severity::Warning, &text.at, message, format!("write `{right}{rest}`, without it"));
    }
}

fn other(policy: &Policy, text: &Text, sink: &mut Sink<'_>) {
    if let Some(found) = text.text.chars().find(|c| !is_allowed(*c)) {
        let message = format!("{} is not allowed in policies: AWS rejects the policy", described(found));
        sink.add(&place(policy, text, found), message, "use only Latin-1 characters");
    }
}

/// The character itself, where the file holds it as it is.
fn place(policy: &Policy, text: &Text, c: char) -> At {
    let raw = policy.source.slice(text.at.span);
    let span = raw.find(c).map_or(text.at.span, |offset| {
        let start = text.at.span.start + offset;
        Span { start, end: start + c.len_utf8() }
    });
    At { pointer: text.at.pointer.clone(), span }
}

fn described(c: char) -> String {
    let name = match c {
        '\u{a0}' => "a no-break space",
        '\u{ad}' => "a soft hyphen",
        '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{feff}' => "a zero-width character",
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{b4}' => "a curly quote",
        '\u{2010}'..='\u{2015}' => "a dash that is not a hyphen",
        c if c.is_whitespace() => "white space",
        '"' | '\'' => "a quote",
        _ => "a character",
    };
    format!("{name} (U+{:04X})", u32::from(c))
}

fn shown(text: &str) -> String {
    format!("`{}`", text.escape_debug())
}
