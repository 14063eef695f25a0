#![doc = include_str!("../../../../../docs/rules/CS146.md")]

use crate::iam::operator::{SetPrefix, Test};
use crate::lint::policy::{Policy, Statement};
use crate::lint::read::choice::is_known;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS146",
    name: "for-all-values-without-presence",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS146.md"),
    check: Check::Policy(check),
};

/// Whether requests often carry a key, and often do not. What another service's own keys are for, is not known here; and
/// the absence of tags is what a condition on them is meant to allow: a request without tags has no wrong tag.
fn is_often_absent(key: &str) -> bool {
    (key.starts_with("aws:") && key != "aws:tagkeys") || key.starts_with("artifact:")
}

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    // a condition that may be there as well may ask for the key
    let known = |s: &&Statement| s.node.get("Condition").is_none_or(is_known);
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)).filter(known) {
        for condition in &statement.conditions {
            let key = condition.key.text.to_ascii_lowercase();
            let all = condition.operator.is_some_and(|o| o.set == SetPrefix::All && !o.if_exists);
            if !all || !is_often_absent(&key) || is_required(statement, &key) {
                continue;
            }
            let message = format!(
                "a request without {} passes `{}`, and this statement allows it",
                condition.key.text, condition.operator_text.text
            );
            let help = format!("add \"Null\": {{ \"{}\": \"false\" }}, or use ForAnyValue", condition.key.text);
            sink.add(&condition.operator_text.at, message, help);
        }
    }
}

/// Another condition of the statement fails where the key is absent.
fn is_required(statement: &Statement, key: &str) -> bool {
    statement.conditions.iter().filter(|c| c.key.text.eq_ignore_ascii_case(key)).any(|c| {
        c.operator.is_some_and(|o| match o.test {
            Test::Null => o.set != SetPrefix::All && c.values.iter().any(|v| v.text.eq_ignore_ascii_case("false")),
            _ => !o.if_exists && o.set != SetPrefix::All && (!o.negated || o.set == SetPrefix::Any),
        })
    })
}
