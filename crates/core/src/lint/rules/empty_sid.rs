#![doc = include_str!("../../../../../docs/rules/CS109.md")]

use crate::lint::edit;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS109",
    name: "empty-sid",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS109.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        if let Some(sid) = statement.sid.as_ref().filter(|s| s.text.is_empty())
            && let Some(finding) = sink.add(&sid.at, "this `Sid` is empty", "leave it out, or give it a name")
        {
            finding.fix(true, "removes the empty `Sid`", edit::remove_member(policy, &statement.node, "Sid"));
        }
    }
}
