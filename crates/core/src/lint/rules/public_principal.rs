#![doc = include_str!("../../../../../docs/rules/CS204.md")]

use crate::aws::security;
use crate::iam::principal::Who;
use crate::lint::policy::{Policy, PolicyKind};
use crate::lint::sources::{narrows, principal_at, trusting};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS204",
    name: "public-principal",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS204.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !matches!(policy.kind, PolicyKind::Trust | PolicyKind::Resource) {
        return;
    }
    for (statement, principals) in trusting(policy) {
        let public = principals.who.iter().any(|who| matches!(who, Who::Everyone | Who::AnyAws));
        if public && !narrows(statement, security::keys_of_caller()) {
            let message = "this allows everyone, and no condition says who or where from";
            let help = "name the principals, or add \"StringEquals\": { \"aws:PrincipalOrgID\": \"o-…\" }";
            sink.add(&principal_at(statement), message, help);
        }
    }
}
