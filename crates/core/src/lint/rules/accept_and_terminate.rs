#![doc = include_str!("../../../../../docs/rules/CS157.md")]

use super::tasks;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS157",
    name: "accept-and-terminate",
    severity: Severity::Warning,
    confidence: Confidence::Low,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS157.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let accepts = tasks::may_allow(policy, "artifact:AcceptAgreement");
    if !policy.kind.grants() || !accepts {
        return;
    }
    if let Some((_, text)) = tasks::allowing(policy, "artifact:TerminateAgreement").next() {
        let message = "this allows both accepting and terminating agreements";
        sink.add(&text.at, message, "grant the two to different people");
    }
}
