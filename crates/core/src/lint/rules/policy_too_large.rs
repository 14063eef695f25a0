#![doc = include_str!("../../../../../docs/rules/CS113.md")]

use crate::lint::policy::{Policy, PolicyKind};
use crate::lint::settings::Settings;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

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

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let (Some(limit), Some(size)) = (limit(policy, sink.settings), size(policy)) else {
        return;
    };
    if size > limit {
        let message =
            format!("{size} characters without white space, but {} may have only {limit}", policy.kind.words());
        sink.add(&policy.start(), message, "split it, or shorten it: use wildcards, and leave out `Sid`");
    }
}

/// The most that AWS takes of a kind, in characters: quotas of 2026, which `limits` may correct.
pub fn limit(policy: &Policy, settings: &Settings) -> Option<usize> {
    // what no policy may exceed, whatever it is
    const WIRE: usize = 131_072;
    if !policy.kind_is_told && matches!(policy.kind, PolicyKind::Identity | PolicyKind::Boundary) {
        return Some(settings.limit(RULE.code, "any").unwrap_or(WIRE));
    }
    let (name, limit) = match policy.kind {
        // what all inline policies of a role may have together; a managed policy may have less
        PolicyKind::Identity => ("identity", 10_240),
        PolicyKind::PermissionSet => ("permission-set", 32_768),
        PolicyKind::Boundary => ("boundary", 6_144),
        PolicyKind::ServiceControl => ("service-control", 10_240),
        PolicyKind::ResourceControl => ("resource-control", 5_120),
        PolicyKind::Trust => ("trust", 4_096),
        PolicyKind::Resource => return None,
    };
    Some(settings.limit(RULE.code, name).unwrap_or(limit))
}

/// The characters of a policy as JSON without white space; `None` where a part of it is unknown.
pub fn size(policy: &Policy) -> Option<usize> {
    let text = serde_json::to_string(&policy.root.to_json()).ok()?;
    policy.complete.then(|| text.chars().filter(|c| !c.is_whitespace()).count())
}
