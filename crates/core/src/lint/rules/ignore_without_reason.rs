#![doc = include_str!("../../../../../docs/rules/CS193.md")]

use crate::lint::read::Loaded;
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS193",
    name: "ignore-without-reason",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS193.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    for (index, policy) in file.cedar.iter().enumerate() {
        for ignore in policy.ignores.iter().filter(|i| i.reason.is_none()) {
            let at = At { pointer: format!("policy[{index}]"), span: ignore.span };
            let message = format!("`@ignore` of {} has no reason, so it ignores nothing", ignore.code);
            sink.add(&at, message, format!("write @ignore(\"{}: why\")", ignore.code));
        }
    }
    for ignore in file.ignores.iter().filter(|i| i.reason.is_none()) {
        let at = At { pointer: String::new(), span: ignore.span };
        let message = format!("this ignore of {} has no reason, so it ignores nothing", ignore.code);
        sink.add(&at, message, "write `countersign: ignore CS122 reason …`");
    }
}
