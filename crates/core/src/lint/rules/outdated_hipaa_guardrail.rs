#![doc = include_str!("../../../../../docs/rules/CS173.md")]

use super::hipaa;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::words::{count, few};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS173",
    name: "outdated-hipaa-guardrail",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS173.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let lists = sink.settings.eligible.clone();
    for guardrail in hipaa::guardrails(policy, &lists) {
        let (newest, first) = (lists.last(), lists.first());
        let added: Vec<String> = lists
            .all()
            .iter()
            .filter(|s| s.was_listed(newest) && !s.was_listed(first) && !s.prefixes.is_empty())
            .filter(|s| !s.prefixes.iter().any(|p| guardrail.lets(p)))
            .map(|s| format!("{} ({})", s.name, s.prefixes.join(", ")))
            .collect();
        let gone: Vec<String> = lists
            .all()
            .iter()
            .filter(|s| !s.was_listed(newest) && s.prefixes.iter().any(|p| guardrail.names(p)))
            .map(|s| format!("{} ({})", s.name, s.prefixes.join(", ")))
            .collect();
        if !added.is_empty() {
            let message = format!(
                "this blocks {} on the list of eligible services of {newest}: {}",
                count(added.len(), "service"),
                few(&added, 6)
            );
            sink.add(&guardrail.at, message, "add their prefixes if you use these services");
        }
        if !gone.is_empty() {
            let message = format!("no longer on the list of eligible services of {newest}: {}", few(&gone, 6));
            sink.add(&guardrail.at, message, "remove their prefixes");
        }
    }
}
