#![doc = include_str!("../../../../../docs/rules/CS101.md")]

use crate::lint::read::{FaultKind, Loaded};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS101",
    name: "unreadable-policy",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS101.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    sink.faults(file, FaultKind::Unreadable);
}
