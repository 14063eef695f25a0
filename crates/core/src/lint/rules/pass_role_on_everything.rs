#![doc = include_str!("../../../../../docs/rules/CS126.md")]

use crate::lint::policy::Policy;
use crate::lint::roles::on_every_role;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS126",
    name: "pass-role-on-everything",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS126.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for at in on_every_role(policy, "iam:passrole", "iam:passedtoservice") {
        let help = "name the roles, or add \"StringEquals\": { \"iam:PassedToService\": \"…\" }";
        sink.add(&at, "this allows every role to be passed to every service", help);
    }
}
