#![doc = include_str!("../../../../../docs/rules/CS163.md")]

use std::net::Ipv4Addr;

use crate::iam::operator::Test;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS163",
    name: "address-within-range",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS163.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions().filter(|c| c.operator.is_some_and(|o| o.test == Test::Ip)) {
        for value in condition.values.iter().filter(|v| v.is_known()) {
            if let Some(range) = range(&value.text) {
                let message = format!("`{}` is all of {range}", value.text);
                sink.add(&value.at, message, format!("write {range}, or the address with /32"));
            }
        }
    }
}

/// The range as it is written plainly, where it is not.
fn range(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    let (address, bits) = (address.parse::<Ipv4Addr>().ok()?, length.parse::<u32>().ok().filter(|l| *l <= 32)?);
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    let first = Ipv4Addr::from(u32::from(address) & mask);
    (first != address).then(|| format!("{first}/{bits}"))
}
