#![doc = include_str!("../../../../../docs/rules/CS118.md")]

use crate::lint::read::Loaded;
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS118",
    name: "unnamed-cedar-policy",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS118.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    for (index, policy) in file.cedar.iter().enumerate().filter(|(_, p)| p.id.is_none()) {
        let at = At { pointer: format!("policy[{index}]"), span: policy.head(&file.source) };
        let message = "this Cedar policy has no `@id`, so answers cannot name it";
        sink.add(&at, message, "add @id(\"…\") before it");
    }
}
