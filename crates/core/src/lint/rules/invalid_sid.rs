#![doc = include_str!("../../../../../docs/rules/CS117.md")]

use crate::iam::stored::{self, Refusal};
use crate::lint::edit;
use crate::lint::policy::{Policy, PolicyKind};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS117",
    name: "invalid-sid",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS117.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let of_identities = [PolicyKind::Identity, PolicyKind::PermissionSet, PolicyKind::Boundary, PolicyKind::Session];
    if !of_identities.contains(&policy.kind) {
        return;
    }
    let sids = || policy.statements.iter().filter_map(|s| s.sid.as_ref());
    for sid in sids().filter(|s| s.is_known()) {
        let Some(Refusal { message, help }) = stored::sid(&sid.text) else {
            continue;
        };
        if let Some(finding) = sink.add(&sid.at, message, help) {
            let plain: String = sid.text.chars().filter(char::is_ascii_alphanumeric).collect();
            let is_one = sids().filter(|s| s.at.span == sid.at.span).count() == 1;
            let free = is_one && !plain.is_empty() && !sids().any(|s| s.text == plain);
            let safe = !policy.is_merged_by_sid();
            finding.fix(
                safe,
                format!("renames it to {plain}"),
                edit::replace_own(policy, sid, &plain).filter(|_| free),
            );
        }
    }
}
