#![doc = include_str!("../../../../../docs/rules/CS120.md")]

use crate::lint::read::{FaultKind, Loaded};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS120",
    name: "overwritten-inline-policy",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS120.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    sink.faults(file, FaultKind::Overwritten);
}
