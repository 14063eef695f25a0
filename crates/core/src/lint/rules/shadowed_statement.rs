#![doc = include_str!("../../../../../docs/rules/CS181.md")]

use super::redundancy::{compared, head, named};
use crate::iam::patterns::statement_included;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS181",
    name: "shadowed-statement",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS181.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for (statement, allow) in compared(policy).filter(|(_, m)| m.allow) {
        let denies = compared(policy).filter(|(_, m)| !m.allow);
        if let Some((by, _)) = denies.into_iter().find(|(_, deny)| statement_included(allow, deny)) {
            let message = format!("{} denies everything that this statement allows", named(by));
            sink.add(&head(statement), message, "remove it, or narrow the denial");
        }
    }
}
