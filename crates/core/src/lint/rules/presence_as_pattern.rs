#![doc = include_str!("../../../../../docs/rules/CS149.md")]

use crate::iam::operator::{SetPrefix, Test};
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS149",
    name: "presence-as-pattern",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS149.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let plain = condition
            .operator
            .is_some_and(|o| o.test == Test::StringLike && o.set == SetPrefix::None && !o.negated && !o.if_exists);
        let [value] = condition.values.as_slice() else {
            continue;
        };
        if plain && value.text == "*" && !value.perhaps {
            let (operator, key) = (&condition.operator_text.text, &condition.key.text);
            let message = format!("`{operator}` with `*` only asks that requests carry {key}");
            sink.add(&condition.key.at, message, format!("write \"Null\": {{ \"{key}\": \"false\" }}, which says so"));
        }
    }
}
