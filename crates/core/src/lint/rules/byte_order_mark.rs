#![doc = include_str!("../../../../../docs/rules/CS115.md")]

use crate::lint::read::{FaultKind, Loaded};
use crate::lint::{Check, Confidence, Edit, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS115",
    name: "byte-order-mark",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS115.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    for finding in sink.faults(file, FaultKind::ByteOrderMark) {
        let edit = Edit { span: finding.place.span, text: String::new() };
        finding.fix(true, "removes the byte order mark", Some(vec![edit]));
    }
}
