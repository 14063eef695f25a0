#![doc = include_str!("../../../../../docs/rules/CS202.md")]

use crate::aws::security;
use crate::iam::document;
use crate::iam::patterns::reaches_action;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS202",
    name: "escalation-path",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS202.md"),
    check: Check::Policy(check),
};

/// So many ways are named.
const NAMED: usize = 3;

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() {
        return;
    }
    let allows: Vec<&document::Statement> = policy.meanings().map(|(_, m)| m).filter(|m| m.allow).collect();
    let held = |action: &String| allows.iter().any(|s| reaches_action(s, action)) && !policy.always_denies(action);
    let paths: Vec<&security::Path> = security::paths().iter().filter(|p| p.permissions.iter().all(held)).collect();
    let Some(first) = paths.first() else {
        return;
    };
    let way = |p: &&security::Path| format!("{} ({})", p.permissions.join(" with "), p.id);
    let shown = paths.iter().take(NAMED).map(way).collect::<Vec<_>>().join("; ");
    let more = paths.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    let reached = first.permissions.first().and_then(|action| {
        policy.meanings().find(|(_, m)| m.allow && reaches_action(m, action)).and_then(|(s, _)| s.actions.as_ref())
    });
    let at = reached.map_or_else(|| policy.start(), |list| list.key_at.clone());
    let message = format!("whoever has this may gain more permissions: by {shown}{more}");
    sink.add(&at, message, "take one of the actions away, or name the roles and policies that they are for");
}
