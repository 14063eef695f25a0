#![doc = include_str!("../../../../../docs/rules/CS165.md")]

use std::collections::BTreeMap;

use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS165",
    name: "repeated-condition-key",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS165.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        let mut seen: BTreeMap<(usize, String), &str> = BTreeMap::new();
        for condition in statement.conditions.iter().filter(|c| c.key.is_known()) {
            let key = (condition.operator_text.at.span.start, condition.key.text.to_ascii_lowercase());
            match seen.get(&key) {
                Some(first) if *first != condition.key.text => {
                    let message =
                        format!("{} is the same key as {first}, which stands here already", condition.key.text);
                    sink.add(&condition.key.at, message, "write the values as one list");
                }
                Some(_) => {}
                None => {
                    seen.insert(key, &condition.key.text);
                }
            }
        }
    }
}
