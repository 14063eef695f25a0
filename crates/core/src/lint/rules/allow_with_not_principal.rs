#![doc = include_str!("../../../../../docs/rules/CS129.md")]

use crate::lint::At;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS129",
    name: "allow-with-not-principal",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS129.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.has_principals() {
        return;
    }
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)) {
        if let Some(member) = statement.node.member("NotPrincipal") {
            let at = At { pointer: format!("{}.NotPrincipal", statement.at.pointer), span: member.key_span };
            let message = "`Allow` with `NotPrincipal` allows everyone who is not named, anonymous requests included";
            sink.add(&at, message, "name with `Principal` whom the statement allows, or make it a `Deny`");
        }
    }
}
