#![doc = include_str!("../../../../../docs/rules/CS161.md")]

use crate::aws::keys::values;
use crate::iam::operator::Test;
use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS161",
    name: "malformed-value",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS161.md"),
    check: Check::Policy(check),
};

/// Keys whose values have a form that is documented.
const FORMED: [&str; 9] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourcevpc",
    "aws:sourcevpce",
];

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let key = condition.key.text.to_ascii_lowercase();
        let compares = condition.operator.is_some_and(|o| matches!(o.test, Test::StringEquals | Test::StringLike));
        if !compares || !FORMED.contains(&key.as_str()) {
            continue;
        }
        for value in condition.values.iter().filter(is_written) {
            if let Some(fault) = values::wrong(&key, &value.text) {
                let severity = if key == "aws:requestedregion" { Severity::Info } else { Severity::Warning };
                sink.add_as(severity, &value.at, fault.message, fault.help);
            } else if let Some(of) = VPC.iter().find(|of| **of == key)
                && !is_vpc_id(&value.text)
            {
                let message = format!(
                    "`{}` is no value of {}: its ids end in 8 or 17 letters and digits",
                    value.text, condition.key.text
                );
                let kind = if of.ends_with('e') { "vpce-" } else { "vpc-" };
                sink.add(&value.at, message, format!("write the id as AWS shows it, as in {kind}0a1b2c3d4e5f67890"));
            }
        }
    }
}

/// Keys whose values are the ids of a VPC or of an endpoint.
const VPC: [&str; 2] = ["aws:sourcevpc", "aws:sourcevpce"];

/// So many letters and digits follow the prefix of an id: 8 in those of before 2018, 17 since.
fn is_vpc_id(id: &str) -> bool {
    let Some((_, rest)) = id.split_once('-') else {
        return false;
    };
    matches!(rest.len(), 8 | 17) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Neither a pattern nor a blank that somebody has to fill in.
fn is_written(value: &&Text) -> bool {
    let upper = value.text.bytes().any(|b| b.is_ascii_uppercase()) && value.text.contains(['_', '-', ' ']);
    value.is_literal() && !upper && !value.text.contains(['$', '<', '>', '[', ']', '{', '}', '%'])
}
