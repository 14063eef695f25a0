#![doc = include_str!("../../../../../docs/rules/CS137.md")]

use crate::aws::resource_policies;
use crate::lint::At;
use crate::lint::policy::{List, Policy, PolicyKind, Statement, Text};
use crate::lint::read::choice::{is_known, may_be_missing};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::problem::{Span, did_you_mean};
use crate::text::UNKNOWN;
use crate::text::json::Node;

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
        match policy.kind {
            PolicyKind::Trust => refused(statement, sink),
            PolicyKind::ResourceControl => of_resource_control(policy, statement, sink),
            _ => {}
        }
        // a document that is merged with others may say it there
        if policy.layers.is_empty() {
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

/// The grammar of resource control policies is narrower: a `Deny`, of everybody, of actions of the services that such policies bind.
/// Where that is what the policy is: of one that is only called so, each is a warning.
fn of_resource_control(policy: &Policy, statement: &Statement, sink: &mut Sink<'_>) {
    if is_full_access(statement) {
        return;
    }
    let severity = if policy.kind_is_told { Severity::Error } else { Severity::Warning };
    let member = |key: &str| statement.node.member(key).filter(|m| !may_be_missing(&m.node));
    let mut refuse = |key: &str, span: Span, message: &str, help: &str| {
        let at = At { pointer: format!("{}.{key}", statement.at.pointer), span };
        sink.add_as(severity, &at, message, help);
    };
    if let Some(effect) = member("Effect").filter(|m| m.node.as_str() == Some("Allow")) {
        let message = "of resource control policies only RCPFullAWSAccess allows: AWS rejects this `Allow`";
        refuse("Effect", effect.node.span, message, "write what is denied, with \"Effect\": \"Deny\"");
    }
    for key in ["NotAction", "NotPrincipal"] {
        if let Some(member) = member(key) {
            let message = format!("`{key}` is in a resource control policy, where AWS rejects it");
            refuse(
                key,
                member.key_span,
                &message,
                "name what the statement is about, with a condition for who is exempt",
            );
        }
    }
    if let Some(principal) = member("Principal").filter(|m| is_known(&m.node) && m.node.as_str() != Some("*")) {
        let message = "a resource control policy is about everybody: AWS rejects any `Principal` but \"*\"";
        refuse("Principal", principal.node.span, message, "write \"*\", and say in a condition who is meant");
    }
    for text in statement.actions.iter().filter(|list| !list.negated).flat_map(|list| &list.texts) {
        of_bound_service(text, severity, sink);
    }
}

/// An action of a resource control policy names a service that such policies bind.
fn of_bound_service(text: &Text, severity: Severity, sink: &mut Sink<'_>) {
    let prefix = text.text.split_once(':').map_or(text.text.as_str(), |(prefix, _)| prefix).to_ascii_lowercase();
    if prefix.contains(UNKNOWN) || resource_policies::are_controlled(&prefix) {
        return;
    }
    if prefix.contains(['*', '?']) {
        let message = format!("`{}` names no service, and AWS rejects it in a resource control policy", text.text);
        sink.add_as(severity, &text.at, message, "name the services whose resources are meant, as in `s3:*`");
    } else if sink.settings.catalogue.service(&prefix).is_some() {
        let date = resource_policies::date();
        let message = format!("resource control policies do not bind the resources of `{prefix}` (as of {date})");
        sink.add_as(Severity::Warning, &text.at, message, "remove it: AWS rejects it, or it denies nothing");
    }
}

/// The statement of `RCPFullAWSAccess`, which AWS attaches itself.
fn is_full_access(statement: &Statement) -> bool {
    let every = |list: Option<&List>| list.is_some_and(|l| !l.negated && l.texts.iter().all(|t| t.text == "*"));
    statement.allow == Some(true)
        && every(statement.actions.as_ref())
        && every(statement.resources.as_ref())
        && statement.node.get("Principal").and_then(Node::as_str) == Some("*")
        && statement.conditions.is_empty()
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
    let words = policy.kind.words();
    if policy.kind_is_told {
        let message = format!("this statement does not say whom it is about, which {words} has to");
        sink.add(&at, message, "add \"Principal\"");
    } else {
        let message =
            format!("this statement does not say whom it is about, as {words} has to, for which this is taken");
        let help = "add \"Principal\", or say what the policy is attached to: `--kind`, or [lint.kinds]";
        sink.add_as(Severity::Warning, &at, message, help);
    }
}
