#![doc = include_str!("../../../../../docs/rules/CS207.md")]

use crate::iam::principal::Who;
use crate::lint::policy::{Policy, PolicyKind};
use crate::lint::sources::{is_required, principal_at, trusting};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS207",
    name: "whole-account-trusted",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS207.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if policy.kind != PolicyKind::Trust {
        return;
    }
    for (statement, principals) in trusting(policy) {
        let account = principals.who.iter().find_map(|who| match who {
            Who::Account(number) => Some(number),
            _ => None,
        });
        let Some(account) = account.filter(|_| !statement.conditions.iter().any(is_required)) else {
            continue;
        };
        let message = format!("this trusts everyone in the account {account} whom that account allows");
        sink.add(
            &principal_at(statement),
            message,
            "name the role, or add a condition on aws:PrincipalArn or sts:ExternalId",
        );
    }
}
