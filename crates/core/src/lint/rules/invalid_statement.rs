#![doc = include_str!("../../../../../docs/rules/CS105.md")]

use std::collections::BTreeMap;

use crate::iam::stored::{self, Refusal};
use crate::lint::policy::{Policy, PolicyKind, Statement, Text};
use crate::lint::{At, Check, Confidence, Finding, Rule, Severity, Sink};
use crate::problem::Span;
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node, Value};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS105",
    name: "invalid-statement",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS105.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    match policy.root.member("Statement") {
        None => {
            let help = "add \"Statement\": [ … ]";
            sink.add(&policy.start(), "this policy has no `Statement`", help);
        }
        Some(member) if !matches!(member.node.value, Value::Array(_) | Value::Object(_) | Value::OneOf(_)) => {
            let at = At { pointer: "Statement".to_owned(), span: member.node.span };
            let message = format!("`Statement` must be a list of statements, but this is {}", member.node.kind());
            if member.node.as_str().is_none_or(|s| !s.contains(UNKNOWN)) {
                sink.add(&at, message, "write [ { \"Effect\": … } ]");
            }
        }
        Some(member) if is_empty_list(policy, member) => {
            let at = At { pointer: "Statement".to_owned(), span: member.node.span };
            let message = "this policy has no statement: it allows and denies nothing";
            sink.add_as(Severity::Warning, &at, message, "write a statement, or remove the policy");
        }
        Some(_) => {}
    }
    let known = |v: &&Text| v.is_known() && !["2012-10-17", "2008-10-17"].contains(&v.text.as_str());
    if let Some(version) = policy.version.as_ref().filter(known) {
        let message = format!("`{}` is not a policy version", version.text);
        sink.add(&version.at, message, "write \"2012-10-17\"");
    }
    for statement in &policy.statements {
        empty_lists(statement, sink);
        for problem in statement.problems.iter().filter(|p| p.is_error()) {
            let span = problem.place().map_or(statement.at.span, |p| p.span);
            // what misses is reported by other rules, but for the effect
            if span == statement.at.span
                && !problem.message().contains("Effect")
                && statement.node.as_object().is_some()
            {
                continue;
            }
            let at = At { pointer: statement.at.pointer.clone(), span: short(policy, span) };
            let help = problem.help_text().unwrap_or("correct it");
            // whether AWS takes it in a trust policy is not known
            let severity = if is_of_another_case(policy, statement) && problem.message().contains("Effect") {
                Severity::Warning
            } else {
                RULE.severity
            };
            sink.add_as(severity, &at, problem.message(), help);
        }
    }
}

/// The file itself says that there is no statement; a document that others become a part of may be made of theirs alone.
fn is_empty_list(policy: &Policy, member: &Member) -> bool {
    let written = policy.source.slice(member.node.span);
    member.node.as_array().is_some_and(<[_]>::is_empty) && written.split_whitespace().collect::<String>() == "[]"
}

/// IAM asks for an action and a resource, and takes an empty list for none.
fn empty_lists(statement: &Statement, sink: &mut Sink<'_>) {
    for key in ["Action", "NotAction", "Resource", "NotResource"] {
        let empty = |m: &&Member| m.node.as_array().is_some_and(<[_]>::is_empty);
        if let Some(member) = statement.node.member(key).filter(empty) {
            let at = At { pointer: format!("{}.{key}", statement.at.pointer), span: member.node.span };
            let Refusal { message, help } = stored::nothing(key);
            sink.add(&at, message, help);
        }
    }
}

/// The effect of a trust policy in other letters: `allow`.
fn is_of_another_case(policy: &Policy, statement: &Statement) -> bool {
    let written = statement.node.get("Effect").and_then(Node::as_str);
    let is_effect = |text: &str| ["Allow", "Deny"].iter().any(|effect| text.eq_ignore_ascii_case(effect));
    policy.kind == PolicyKind::Trust && written.is_some_and(is_effect)
}

/// A long place is shown by its first character.
fn short(policy: &Policy, span: Span) -> Span {
    if policy.source.slice(span).contains('\n') { Span { start: span.start, end: span.start + 1 } } else { span }
}

/// Without what another rule says of the same words, and says better. What a module is given stands in none of its own places: there,
/// several words are told at one.
pub fn without_repeated(findings: Vec<Finding>) -> Vec<Finding> {
    let mut reported: BTreeMap<Span, Vec<String>> = BTreeMap::new();
    for finding in findings.iter().filter(|f| f.rule.code != RULE.code && f.rule.severity == Severity::Error) {
        reported.entry(finding.place.span).or_default().push(finding.message.clone());
    }
    let is_repeated = |own: &Finding| {
        let of_others = reported.get(&own.place.span);
        let word = own.message.split('`').nth(1).filter(|word| !own.place.source.slice(own.place.span).contains(word));
        of_others.is_some_and(|others| word.is_none_or(|word| others.iter().any(|other| other.contains(word))))
    };
    findings.into_iter().filter(|f| f.rule.code != RULE.code || !is_repeated(f)).collect()
}
