#![doc = include_str!("../../../../../docs/rules/CS150.md")]

use crate::aws::keys::{KeyType, catalogued, type_of};
use crate::iam::operator::Test;
use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS150",
    name: "arn-compared-as-text",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS150.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let key = condition.key.text.to_ascii_lowercase();
        if condition.operator.is_none_or(|o| o.test != Test::StringLike) || !is_arn(&key) {
            continue;
        }
        let crosses = |v: &&Text| v.text.starts_with("arn:") && v.text.contains(['*', '?']);
        if condition.values.iter().any(|v| crosses(&v)) {
            let operator = &condition.operator_text;
            let written = operator.text.replace("StringNotLike", "ArnNotLike").replace("StringLike", "ArnLike");
            let message =
                format!("`{}` compares {} as text, and its `*` crosses colons", operator.text, condition.key.text);
            sink.add(&condition.key.at, message, format!("write `{written}`, which compares ARNs part by part"));
        }
    }
}

/// Whether the values of a key are ARNs.
fn is_arn(key: &str) -> bool {
    type_of(key) == Some(KeyType::Arn) || catalogued::key(key).is_some_and(|k| k.element() == "ARN")
}
