#![doc = include_str!("../../../../../docs/rules/CS151.md")]

use super::tasks;
use crate::aws::linted::needed_first;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS151",
    name: "accept-without-open",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS151.md"),
    check: Check::Policy(check),
};

const ACCEPT: &str = "artifact:AcceptAgreement";

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let open = needed_first(ACCEPT);
    let old = tasks::names_predecessor(policy, &open);
    if !policy.kind.grants() || !policy.set_is_known() || old {
        return;
    }
    let missing: Vec<&str> = open.into_iter().filter(|a| !tasks::may_allow(policy, a)).collect();
    if missing.is_empty() {
        return;
    }
    for (statement, text) in tasks::allowing(policy, ACCEPT) {
        let message = format!(
            "agreements must be opened before they can be accepted, and this does not allow {}",
            missing.join(", ")
        );
        let help = "allow them on the same agreements, unless another policy of the same principals does";
        if let Some(finding) = sink.add(&text.at, message, help) {
            let edits = tasks::allow_beside(policy, statement, &text, &missing);
            finding.fix(false, format!("grants {}", missing.join(", ")), edits);
        }
    }
}
