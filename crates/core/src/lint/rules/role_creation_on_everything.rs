#![doc = include_str!("../../../../../docs/rules/CS159.md")]

use super::tasks;
use crate::aws::resources::ArnText;
use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS159",
    name: "role-creation-on-everything",
    severity: Severity::Warning,
    confidence: Confidence::Low,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS159.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() || !tasks::is_about_agreements(policy) {
        return;
    }
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)) {
        let (create, attach) =
            (tasks::names(statement, "iam:CreateRole"), tasks::names(statement, "iam:AttachRolePolicy"));
        let everything = |t: &Text| t.text == "*" || ArnText::new(&t.text).segment(5) == "role/*";
        let all = statement.resources.as_ref().is_some_and(|r| r.negated || r.texts.iter().any(everything));
        let free = statement.conditions.is_empty();
        if let (Some(create), Some(_), true, true) = (create, attach, all, free) {
            let message = "whoever may create any role and attach any policy can get every permission";
            sink.add(
                &create.at,
                message,
                "AWS Artifact needs iam:GetRole and iam:CreateServiceLinkedRole on its own role only",
            );
        }
    }
}
