#![doc = include_str!("../../../../../docs/rules/CS145.md")]

use super::truth::{Truth, judgements};
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS145",
    name: "idle-condition",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS145.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        for found in judgements(statement, sink.settings.at) {
            let key = &found.condition.key.text;
            match found.verdict {
                Truth::Always => {
                    let message = format!("every request passes this condition, with or without {key}");
                    sink.add(&found.condition.key.at, message, "remove it, or write the condition that you meant");
                }
                Truth::Since => {
                    let message = format!("{key} is past this time: every request passes this condition");
                    sink.add(&found.condition.key.at, message, "remove the condition");
                }
                _ => {}
            }
        }
    }
}
