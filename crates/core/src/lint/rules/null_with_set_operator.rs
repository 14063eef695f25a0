#![doc = include_str!("../../../../../docs/rules/CS164.md")]

use crate::iam::operator::{SetPrefix, Test};
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS164",
    name: "null-with-set-operator",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS164.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        if condition.operator.is_some_and(|o| o.test == Test::Null && o.set != SetPrefix::None) {
            let message = format!("`{}` asks of values whether they are there", condition.operator_text.text);
            sink.add(&condition.operator_text.at, message, "write `Null` alone, which asks whether the key is there");
        }
    }
}
