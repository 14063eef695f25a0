#![doc = include_str!("../../../../../docs/rules/CS152.md")]

use super::tasks;
use crate::aws::linted::needed_first;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS152",
    name: "terminate-without-read",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS152.md"),
    check: Check::Policy(check),
};

const TERMINATE: &str = "artifact:TerminateAgreement";

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let read = needed_first(TERMINATE);
    let old = tasks::names_predecessor(policy, &read);
    if !policy.kind.grants() || !policy.set_is_known() || old {
        return;
    }
    let missing: Vec<&str> = read.into_iter().filter(|a| !tasks::may_allow(policy, a)).collect();
    if missing.is_empty() {
        return;
    }
    let named = missing.join(", ");
    for (statement, text) in tasks::allowing(policy, TERMINATE) {
        let message = format!("agreements must be read before they can be terminated, and this does not allow {named}");
        let help = "allow it on the same agreements, unless another policy of the same principals does";
        if let Some(finding) = sink.add(&text.at, message, help) {
            let edits = tasks::allow_beside(policy, statement, &text, &missing);
            finding.fix(false, format!("grants {named}"), edits);
        }
    }
}
