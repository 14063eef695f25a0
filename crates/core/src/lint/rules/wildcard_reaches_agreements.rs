#![doc = include_str!("../../../../../docs/rules/CS156.md")]

use super::tasks;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS156",
    name: "wildcard-reaches-agreements",
    severity: Severity::Warning,
    confidence: Confidence::Low,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS156.md"),
    check: Check::Policy(check),
};

const WRITE: [&str; 2] = ["artifact:AcceptAgreement", "artifact:TerminateAgreement"];

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() {
        return;
    }
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)) {
        let reached: Vec<&str> = WRITE
            .into_iter()
            .filter(|a| {
                statement.meaning.as_ref().is_some_and(|m| tasks::allows(m, a)) && tasks::names(statement, a).is_none()
            })
            .collect();
        if let Some(text) = reached.first().and_then(|a| tasks::reaching(statement, a)) {
            let message = format!(
                "`{}` includes {} without naming {}",
                text.text,
                reached.join(" and "),
                if reached.len() > 1 { "them" } else { "it" }
            );
            sink.add(&text.at, message, "name the actions that you mean");
        }
    }
}
