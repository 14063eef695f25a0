#![doc = include_str!("../../../../../docs/rules/CS113.md")]

use std::collections::HashSet;

use crate::aws::quotas::quotas;
use crate::lint::policy;
use crate::lint::policy::{Holder, Policy, PolicyKind};
use crate::lint::read::Host;
use crate::lint::read::documents::DOCUMENT;
use crate::lint::settings::Settings;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::text::json::{Member, Node, Value};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS113",
    name: "policy-too-large",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS113.md"),
    check: Check::Policy(check),
};

/// What Identity Center's API takes of a permission set, white space included.
const PERMISSION_SET_API: usize = 32_768;

/// What AWS takes of a trust policy without being asked to take more.
const TRUST_AT_FIRST: usize = 2_048;

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let (Some(limit), Some(size)) = (limit(policy, sink.settings), size(policy)) else {
        return;
    };
    let before = policy.beside.inline_before;
    let help = "split it, or shorten it: use wildcards, and leave out `Sid`";
    let words = words(policy);
    if size > limit {
        let and = if policy.kind == PolicyKind::PermissionSet {
            format!(
                " (the API takes {PERMISSION_SET_API} characters, and the service refuses more than {limit} bytes when it provisions the set)"
            )
        } else {
            String::new()
        };
        let message = format!("{size} characters without white space, but {words} may have only {limit}{and}");
        sink.add(&policy.start(), message, help);
    } else if let Some(sent) = sent(policy).filter(|sent| *sent > limit) {
        let by_provider = policy.is_indented || is_sent_by_terraform(policy);
        let who = if by_provider { "the provider of Terraform sends it" } else { "a text is sent" };
        let message =
            format!("{sent} characters with its white space, which counts as {who}, but {words} may have only {limit}");
        let (severity, help) = match by_provider {
            true => (
                RULE.severity,
                "write it with `jsonencode`, or take it through `jsondecode`, which leaves white space out",
            ),
            // what CloudFormation does with the text, no source says
            false => (Severity::Warning, "write it as an object, or without white space"),
        };
        sink.add_as(severity, &policy.start(), message, help);
    } else if before <= limit && before + size > limit {
        let total = before + size;
        let message = format!(
            "{total} characters without white space with the inline policies before it, but {words} may have only {limit} in all"
        );
        sink.add(&policy.start(), message, "move statements to a managed policy");
    } else if policy.kind == PolicyKind::Trust && size > TRUST_AT_FIRST && limit > TRUST_AT_FIRST {
        let message = format!(
            "{size} characters without white space: {words} may have {TRUST_AT_FIRST} until AWS raises the quota, {limit} at most"
        );
        sink.add_as(Severity::Warning, &policy.start(), message, "have the quota raised, or shorten it");
    }
}

/// The characters of a service control policy whose text is sent as it is: AWS Organizations counts its white space.
pub fn sent(policy: &Policy) -> Option<usize> {
    let sent = policy.sent.or_else(|| indented(policy));
    sent.filter(|_| policy.kind == PolicyKind::ServiceControl)
}

/// A resource of Terraform has it; what names a file of another language is one, too.
fn is_sent_by_terraform(policy: &Policy) -> bool {
    !policy.pointer.starts_with("Resources.")
}

/// The characters of a document as the data source of Terraform writes it.
fn indented(policy: &Policy) -> Option<usize> {
    let whole =
        if policy.layers.is_empty() { Some(&policy.root).filter(|_| policy.complete) } else { policy.whole.as_ref() };
    let written = with_sets(whole.filter(|_| policy.is_indented)?).to_json();
    serde_json::to_string_pretty(&written).ok().map(|text| text.chars().count())
}

/// What the quota is one of.
pub fn words(policy: &Policy) -> &'static str {
    match policy.holder {
        Some(holder) if policy.kind == PolicyKind::Identity => holder.words(),
        _ => policy.kind.words(),
    }
}

/// The most that AWS takes of a kind, in characters: quotas of 2026-11, which `limits` may correct.
pub fn limit(policy: &Policy, settings: &Settings) -> Option<usize> {
    // what no policy may exceed, whatever it is
    const WIRE: usize = 131_072;
    // the quotas are for what customers create
    if policy.holder == Some(Holder::OfAws) {
        return None;
    }
    if !policy.kind_is_told && matches!(policy.kind, PolicyKind::Identity | PolicyKind::Boundary) {
        return Some(settings.limit(RULE.code, "any").unwrap_or(WIRE));
    }
    let (name, limit) = match (policy.kind, policy.holder) {
        (PolicyKind::Identity, Some(Holder::Managed)) => ("managed", quotas().managed),
        (PolicyKind::Identity, Some(Holder::User)) => ("user", quotas().user),
        (PolicyKind::Identity, Some(Holder::Group)) => ("group", quotas().group),
        // what all inline policies of a role may have together
        (PolicyKind::Identity, Some(Holder::Role)) => ("role", quotas().role),
        // wherever it is attached, it may not have more than a role's
        (PolicyKind::Identity, None) => ("identity", quotas().role),
        (PolicyKind::PermissionSet, _) => ("permission-set", quotas().permission_set),
        (PolicyKind::Boundary, _) => ("boundary", quotas().managed),
        (PolicyKind::Session, _) => ("session", quotas().session),
        (PolicyKind::ServiceControl, _) => ("service-control", quotas().service_control),
        (PolicyKind::ResourceControl, _) => ("resource-control", quotas().resource_control),
        (PolicyKind::Trust, _) => ("trust", quotas().trust),
        (PolicyKind::Resource, _) | (_, Some(Holder::OfAws)) => return None,
    };
    let own = settings.limit(RULE.code, name);
    let of_identities = || settings.limit(RULE.code, "identity").filter(|_| policy.kind == PolicyKind::Identity);
    Some(own.or_else(of_identities).unwrap_or(limit))
}

/// The characters of a policy as JSON without white space; `None` where a part of it is unknown.
pub fn size(policy: &Policy) -> Option<usize> {
    if !policy.complete {
        return None;
    }
    if !policy.layers.is_empty() {
        return policy.whole.as_ref().and_then(|whole| policy::size_of(&with_sets(whole)));
    }
    if policy.host == Host::Terraform && policy.pointer.starts_with(DOCUMENT) {
        return policy::size_of(&with_sets(&policy.root));
    }
    policy::size_of(&policy.root)
}

/// A document as the data source of Terraform writes it, which keeps the values of a list as a set, and one value alone as a text.
fn with_sets(node: &Node) -> Node {
    let value = match &node.value {
        Value::Array(nodes) => {
            let mut seen = HashSet::new();
            let first = nodes.iter().filter(|n| n.as_str().is_none_or(|text| seen.insert(text.to_owned())));
            let all: Vec<Node> = first.map(with_sets).collect();
            match all.as_slice() {
                [one] if one.as_str().is_some() => one.value.clone(),
                _ => Value::Array(all),
            }
        }
        Value::Object(members) => {
            Value::Object(members.iter().map(|m| Member { node: with_sets(&m.node), ..m.clone() }).collect())
        }
        other => other.clone(),
    };
    Node::new(node.span, value)
}
