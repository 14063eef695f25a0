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
            } else if let Some((_, prefix)) = VPC.iter().find(|(of, _)| *of == key)
                && !is_vpc_id(&value.text, prefix)
            {
                let message = format!(
                    "`{}` is no value of {}: its ids end in 8 or 17 letters and digits",
                    value.text, condition.key.text
                );
                sink.add(&value.at, message, format!("write the id as AWS shows it, as in {prefix}0a1b2c3d4e5f67890"));
            }
        }
    }
}

/// Keys whose values are the ids of a VPC or of an endpoint, and what these begin with.
const VPC: [(&str, &str); 2] = [("aws:sourcevpc", "vpc-"), ("aws:sourcevpce", "vpce-")];

/// So many letters and digits follow the prefix of an id: 8 in those of before 2018, 17 since.
fn is_vpc_id(id: &str, prefix: &str) -> bool {
    let Some(rest) = id.strip_prefix(prefix) else {
        return false;
    };
    matches!(rest.len(), 8 | 17) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Neither a pattern nor a blank that somebody has to fill in.
fn is_written(value: &&Text) -> bool {
    let upper = value.text.bytes().any(|b| b.is_ascii_uppercase()) && value.text.contains(['_', '-', ' ']);
    value.is_literal() && !upper && !value.text.contains(['$', '<', '>', '[', ']', '{', '}', '%'])
}
