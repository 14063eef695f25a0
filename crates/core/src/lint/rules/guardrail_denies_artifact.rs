#![doc = include_str!("../../../../../docs/rules/CS171.md")]

use super::tasks;
use crate::iam::template::Template;
use crate::lint::policy::{Policy, PolicyKind};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS171",
    name: "guardrail-denies-artifact",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS171.md"),
    check: Check::Policy(check),
};

const ACCEPT: &str = "artifact:AcceptAgreement";

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if policy.kind != PolicyKind::ServiceControl {
        return;
    }
    for (statement, meaning) in policy.meanings() {
        let listed = statement.actions.as_ref().filter(|a| !a.negated && !meaning.allow);
        let reached = meaning.conditions.is_empty() && tasks::allows(meaning, ACCEPT);
        // who denies everything closes an account, and means it
        let everything = meaning.actions.patterns.iter().any(Template::is_any);
        if listed.is_none() || !reached || everything {
            continue;
        }
        if let Some(text) = tasks::reaching(statement, ACCEPT) {
            let message = format!(
                "this denial of `{}` prevents every member account under it, including its root user, from accepting agreements",
                text.text
            );
            let help = "organization agreements still cover them; to allow account agreements, add a condition that exempts those who may accept";
            sink.add(&text.at, message, help);
        }
    }
}
