#![doc = include_str!("../../../../../docs/rules/CS183.md")]

use super::redundancy::{compared, head, named, same};
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS183",
    name: "duplicated-statement",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS183.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for (index, (statement, meaning)) in compared(policy).enumerate() {
        let Some((first, _)) = compared(policy).take(index).find(|(_, m)| same(m, meaning)) else {
            continue;
        };
        let message = format!("this statement repeats {}", named(first));
        if let Some(finding) = sink.add(&head(statement), message, "remove one of the two") {
            let place = policy.statements.iter().position(|s| s.at == statement.at);
            let edits = place.and_then(|p| edit::remove_statement(policy, p));
            // where it is a part of another document, what says the same may be replaced there
            finding.fix(!policy.is_merged_by_sid(), format!("removes {}", named(statement)), edits);
        }
    }
}
