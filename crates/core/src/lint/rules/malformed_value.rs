#![doc = include_str!("../../../../../docs/rules/CS161.md")]

use crate::aws::keys::values;
use crate::iam::operator::Test;
use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS161",
    name: "malformed-value",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS161.md"),
    check: Check::Policy(check),
};

/// Keys whose values have a form that is documented.
const FORMED: [&str; 9] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourcevpc",
    "aws:sourcevpce",
];

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let key = condition.key.text.to_ascii_lowercase();
        let compares = condition.operator.is_some_and(|o| matches!(o.test, Test::StringEquals | Test::StringLike));
        if !compares || !FORMED.contains(&key.as_str()) {
            continue;
        }
        for value in condition.values.iter().filter(is_written) {
            if let Some(fault) = values::wrong(&key, &value.text) {
                let severity = if key == "aws:requestedregion" { Severity::Info } else { Severity::Warning };
                sink.add_as(severity, &value.at, fault.message, fault.help);
            }
        }
    }
}

/// Neither a pattern nor a blank that somebody has to fill in.
fn is_written(value: &&Text) -> bool {
    let upper = value.text.bytes().any(|b| b.is_ascii_uppercase()) && value.text.contains(['_', '-', ' ']);
    value.is_literal() && !upper && !value.text.contains(['$', '<', '>', '[', ']', '{', '}', '%'])
}
