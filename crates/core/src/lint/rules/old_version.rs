#![doc = include_str!("../../../../../docs/rules/CS104.md")]

use super::missing_version;
use crate::lint::edit;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS104",
    name: "old-version",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS104.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let Some(version) = policy.version.as_ref().filter(|v| v.text == "2008-10-17") else {
        return;
    };
    let message = "the version 2008-10-17 has no policy variables";
    if let Some(finding) = sink.add(&version.at, message, "write \"2012-10-17\"") {
        let (safe, what) = missing_version::effect(policy);
        finding.fix(safe, what, edit::replace_own(policy, version, "2012-10-17"));
    }
}
