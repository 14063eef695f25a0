#![doc = include_str!("../../../../../docs/rules/CS167.md")]

use crate::aws::managed;
use crate::lint::read::{FaultKind, Loaded};
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS167",
    name: "unknown-managed-policy",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS167.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    for fault in file.faults.iter().filter(|f| f.kind == FaultKind::UnknownManaged) {
        // what the reader says of such a fault is the ARN
        if sink.settings.managed.contains(&fault.message) {
            continue;
        }
        if let Some((message, help)) = managed::unknown(&fault.message) {
            sink.add(&At { pointer: String::new(), span: fault.span }, message, help);
        }
    }
    sink.faults(file, FaultKind::UnknownTemplate);
}
