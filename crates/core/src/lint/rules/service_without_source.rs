#![doc = include_str!("../../../../../docs/rules/CS205.md")]

use crate::aws::security;
use crate::iam::principal::Who;
use crate::lint::policy::{Policy, PolicyKind};
use crate::lint::sources::{narrows, principal_at, trusting};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS205",
    name: "service-without-source",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS205.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !matches!(policy.kind, PolicyKind::Trust | PolicyKind::Resource) {
        return;
    }
    for (statement, principals) in trusting(policy) {
        let acts = |who: &Who| matches!(who, Who::Service(name) if !security::acts_for_its_account(name.as_str()));
        if principals.who.iter().any(acts) && !narrows(statement, security::keys_of_source()) {
            let message = "this allows a service, and no condition says for which account or resource it acts";
            let help = "add \"StringEquals\": { \"aws:SourceAccount\": \"…\" }, or ArnLike with aws:SourceArn";
            sink.add(&principal_at(statement), message, help);
        }
    }
}
