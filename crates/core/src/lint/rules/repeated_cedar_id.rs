#![doc = include_str!("../../../../../docs/rules/CS119.md")]

use crate::lint::read::Loaded;
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS119",
    name: "repeated-cedar-id",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS119.md"),
    check: Check::File(check),
};

fn check(file: &Loaded, sink: &mut Sink<'_>) {
    let ids = || file.cedar.iter().enumerate().filter_map(|(index, p)| Some((index, p.id.as_ref()?)));
    for (index, (id, span)) in ids() {
        if ids().take_while(|(i, _)| *i < index).any(|(_, (other, _))| other == id) {
            let at = At { pointer: format!("policy[{index}]"), span: *span };
            sink.add(&at, format!("the `@id` {id} appears twice"), "give each policy its own id");
        }
    }
}
