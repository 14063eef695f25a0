#![doc = include_str!("../../../docs/rules/CS115.md")]

use crate::lint::read::{FaultKind, Loaded};
use crate::lint::{At, Check, Confidence, Edit, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS115",
    name: "byte-order-mark",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../docs/rules/CS115.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    for fault in file.faults.iter().filter(|f| f.kind == FaultKind::ByteOrderMark) {
        let at = At { pointer: String::new(), span: fault.span };
        if let Some(finding) = sink.add(&at, fault.message.clone(), fault.help.clone()) {
            finding.fix(
                true,
                "removes the byte order mark",
                Some(vec![Edit { span: fault.span, text: String::new() }]),
            );
        }
    }
}
