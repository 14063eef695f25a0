#![doc = include_str!("../../../docs/rules/CS116.md")]

use crate::lint::read::{FaultKind, Loaded};
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS116",
    name: "policy-not-literal",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../docs/rules/CS116.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    for fault in file.faults.iter().filter(|f| f.kind == FaultKind::NotLiteral) {
        let at = At { pointer: String::new(), span: fault.span };
        sink.add(&at, fault.message.clone(), fault.help.clone());
    }
}
