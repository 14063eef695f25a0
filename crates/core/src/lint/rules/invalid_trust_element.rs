#![doc = include_str!("../../../../../docs/rules/CS137.md")]

use crate::lint::At;
use crate::lint::policy::{Policy, PolicyKind, Statement};
use crate::lint::read::choice::{is_known, may_be_missing};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::problem::did_you_mean;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS137",
    name: "invalid-trust-element",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS137.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.has_principals() {
        return;
    }
    for statement in &policy.statements {
        if policy.kind == PolicyKind::Trust {
            refused(statement, sink);
        }
        // a document that is merged with others may say it there
        if policy.kind_is_told && policy.merged.is_empty() {
            missing(policy, statement, sink);
        }
    }
}

fn refused(statement: &Statement, sink: &mut Sink<'_>) {
    for key in ["Resource", "NotResource", "NotPrincipal"] {
        if let Some(member) = statement.node.member(key).filter(|m| !may_be_missing(&m.node)) {
            let at = At { pointer: format!("{}.{key}", statement.at.pointer), span: member.key_span };
            let help = match key {
                "NotPrincipal" => "name whom the role trusts with `Principal`",
                _ => "leave it out: the policy is about the role that it belongs to",
            };
            sink.add(&at, format!("`{key}` is in a trust policy, where AWS rejects it"), help);
        }
    }
}

fn missing(policy: &Policy, statement: &Statement, sink: &mut Sink<'_>) {
    const BOTH: [&str; 2] = ["Principal", "NotPrincipal"];
    let members = statement.node.as_object().unwrap_or_default();
    let named = members.iter().any(|m| did_you_mean(&m.key, BOTH).is_some() || BOTH.contains(&m.key.as_str()));
    // a policy of AWS IoT is attached to certificates, and names nobody
    let of_iot = statement.actions.iter().flat_map(|a| &a.texts).any(|t| t.text.starts_with("iot:"));
    if named || of_iot || members.is_empty() || !is_known(&statement.node) {
        return;
    }
    let span = members.first().map_or(statement.at.span, |m| m.key_span);
    let at = At { pointer: statement.at.pointer.clone(), span };
    let message = format!("this statement does not say whom it is about, which {} has to", policy.kind.words());
    sink.add(&at, message, "add \"Principal\"");
}
