#![doc = include_str!("../../../../../docs/rules/CS154.md")]

use super::tasks;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS154",
    name: "half-of-set-up",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS154.md"),
    check: Check::Policy(check),
};

/// What each step of the set-up begins with, and what it ends with.
const STEPS: [(&str, &str); 2] = [
    ("organizations:ListAWSServiceAccessForOrganization", "organizations:EnableAWSServiceAccess"),
    ("iam:GetRole", "iam:CreateServiceLinkedRole"),
];

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() || !policy.set_is_known() {
        return;
    }
    for (look, act) in STEPS.into_iter().filter(|(look, _)| !tasks::may_allow(policy, look)) {
        for statement in policy.statements.iter().filter(|s| s.allow == Some(true) && tasks::is_for_artifact(s)) {
            if let Some(text) = tasks::names(statement, act) {
                let message = format!("this allows {act}, but not {look}, which the console calls first");
                sink.add(
                    &text.at,
                    message,
                    format!("allow {look} as well, unless another policy of the same principals does"),
                );
            }
        }
    }
}
