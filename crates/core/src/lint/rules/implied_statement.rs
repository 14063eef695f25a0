#![doc = include_str!("../../../../../docs/rules/CS182.md")]

use super::redundancy::{compared, head, named, same};
use crate::iam::document;
use crate::iam::patterns::statement_included;
use crate::lint::policy::{Policy, Statement};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS182",
    name: "implied-statement",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS182.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for (index, (statement, meaning)) in compared(policy).enumerate() {
        let others = compared(policy).enumerate().filter(|(i, (_, m))| *i != index && m.allow == meaning.allow);
        let implies = |(i, (_, other)): &(usize, (&Statement, &document::Statement))| {
            // of two that say the same, the second is told, as a duplicate
            statement_included(meaning, other)
                && !(statement_included(other, meaning) && *i > index)
                && !same(meaning, other)
        };
        if let Some((_, (by, _))) = others.into_iter().find(implies) {
            let verb = if meaning.allow { "allows" } else { "denies" };
            let message = format!("{} {verb} everything that this statement {verb}", named(by));
            if let Some(finding) = sink.add(&head(statement), message, "remove it") {
                let place = policy.statements.iter().position(|s| s.at == statement.at);
                let edits = place.and_then(|p| edit::remove_statement(policy, p));
                // where it is a part of another document, what says the same may be replaced there
                finding.fix(!policy.is_merged_by_sid(), format!("removes {}", named(statement)), edits);
            }
        }
    }
}
