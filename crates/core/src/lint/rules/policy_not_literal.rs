#![doc = include_str!("../../../../../docs/rules/CS116.md")]

use crate::lint::read::{FaultKind, Loaded};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS116",
    name: "policy-not-literal",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS116.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    sink.faults(file, FaultKind::NotLiteral);
}
