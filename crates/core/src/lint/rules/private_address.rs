#![doc = include_str!("../../../../../docs/rules/CS162.md")]

use std::net::Ipv4Addr;

use crate::iam::operator::Test;
use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS162",
    name: "private-address",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS162.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let compares = condition.operator.is_some_and(|o| o.test == Test::Ip);
        if !compares || !condition.key.text.eq_ignore_ascii_case("aws:SourceIp") {
            continue;
        }
        let private: Vec<&Text> = condition.values.iter().filter(|v| is_private(&v.text)).collect();
        let Some(first) = private.first() else {
            continue;
        };
        let help = "compare aws:VpcSourceIp for requests through a VPC endpoint, or name public addresses";
        let all = private.len() == condition.values.len() && private.iter().all(|v| !v.perhaps);
        if all && condition.operator.is_some_and(|o| o.if_exists && !o.negated) {
            let message = "aws:SourceIp is never a private address: only requests without the key meet this, those through a VPC endpoint";
            sink.add_as(Severity::Warning, &first.at, message, help);
        } else if all {
            let message = "aws:SourceIp is never a private address: this condition tells no requests apart";
            sink.add(&first.at, message, help);
        } else {
            for value in private {
                let message = format!("aws:SourceIp is never a private address such as `{}`", value.text);
                sink.add_as(Severity::Info, &value.at, message, help);
            }
        }
    }
}

/// Whether every address of a range is one of RFC 1918.
fn is_private(text: &str) -> bool {
    let (address, length) = text.split_once('/').unwrap_or((text, "32"));
    let (Ok(address), Ok(length)) = (address.parse::<Ipv4Addr>(), length.parse::<u8>()) else {
        return false;
    };
    let least = match address.octets() {
        [10, ..] => 8,
        [172, ..] => 12,
        _ => 16,
    };
    address.is_private() && length >= least
}
