#![doc = include_str!("../../../../../docs/rules/CS149.md")]

use crate::iam::operator::{Operator, SetPrefix, Test};
use crate::iam::value;
use crate::lint::policy::{Condition, Policy};
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
        let Some(asked) = condition.operator.and_then(|operator| asked(operator, condition)) else {
            continue;
        };
        let (operator, key) = (&condition.operator_text.text, &condition.key.text);
        let Asked { with, carried, severity } = asked;
        let carry = if carried { "carry" } else { "do not carry" };
        let message = format!("`{operator}` with {with} only asks that requests {carry} {key}");
        let null = format!("write \"Null\": {{ \"{key}\": \"{}\" }}, which says so", !carried);
        sink.add_as(severity, &condition.key.at, message, null);
    }
}

/// Whether requests have to carry a key or must not, and by which values it is asked.
struct Asked {
    with: &'static str,
    carried: bool,
    severity: Severity,
}

/// `None` where values are compared.
fn asked(operator: Operator, condition: &Condition) -> Option<Asked> {
    let plain = operator.set == SetPrefix::None && !operator.negated && !operator.if_exists;
    let is_there = condition.values.iter().all(|v| !v.perhaps && v.is_known());
    match condition.values.as_slice() {
        [] if condition.is_empty && absent_passes(operator) => {
            Some(Asked { with: "an empty list", carried: false, severity: Severity::Info })
        }
        [value] if plain && operator.test == Test::StringLike && value.text == "*" && is_there => {
            Some(Asked { with: "`*`", carried: true, severity: Severity::Info })
        }
        values if plain && operator.test == Test::Bool && is_there => {
            let has = |wanted: bool| values.iter().any(|v| value::boolean(&v.text) == Some(wanted));
            let both = has(true) && has(false);
            both.then_some(Asked { with: "both values", carried: true, severity: Severity::Warning })
        }
        _ => None,
    }
}

/// No value is in an empty list, so that only requests without the key pass.
fn absent_passes(operator: Operator) -> bool {
    !operator.negated && operator.test != Test::Null && (operator.if_exists || operator.set == SetPrefix::All)
}
