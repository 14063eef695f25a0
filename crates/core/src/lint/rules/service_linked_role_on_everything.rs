#![doc = include_str!("../../../../../docs/rules/CS127.md")]

use crate::lint::policy::Policy;
use crate::lint::roles::on_every_role;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS127",
    name: "service-linked-role-on-everything",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS127.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for at in on_every_role(policy, "iam:createservicelinkedrole", "iam:awsservicename") {
        let help = "name the role, or add \"StringEquals\": { \"iam:AWSServiceName\": \"…\" }";
        sink.add(&at, "this allows the service-linked roles of every service to be created", help);
    }
}
