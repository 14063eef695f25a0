#![doc = include_str!("../../../../../docs/rules/CS103.md")]

use crate::lint::edit;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::text::UNKNOWN;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS103",
    name: "missing-version",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS103.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let members = policy.root.as_object().unwrap_or_default();
    if members.iter().any(|m| m.key == "Version" || m.key.contains(UNKNOWN)) {
        return;
    }
    let message = "this policy has no `Version`: it uses 2008-10-17, which has no policy variables";
    if let Some(finding) = sink.add(&policy.start(), message, "add \"Version\": \"2012-10-17\"") {
        let (safe, what) = effect(policy);
        finding.fix(safe, what, edit::insert_first(policy, &policy.root, "Version", "2012-10-17"));
    }
}

/// Whether a newer version changes a decision, and what it does.
pub fn effect(policy: &Policy) -> (bool, &'static str) {
    if policy.may_have_variables() {
        (
            false,
            "sets the version 2012-10-17: `${…}` becomes a policy variable, which may grant or deny more than its text",
        )
    } else {
        (true, "sets the version 2012-10-17")
    }
}
