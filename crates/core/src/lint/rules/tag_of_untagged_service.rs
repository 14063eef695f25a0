#![doc = include_str!("../../../../../docs/rules/CS166.md")]

use std::collections::BTreeSet;

use crate::aws::catalogue::Service;
use crate::iam::operator::{SetPrefix, Test};
use crate::lint::policy::{Condition, Policy};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS166",
    name: "tag-of-untagged-service",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS166.md"),
    check: Check::Policy(check),
};

const TAG: &str = "aws:resourcetag/";

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        let Some(condition) = statement.conditions.iter().find(|c| asks_for_a_tag(c)) else {
            continue;
        };
        let Some(actions) = statement.actions.as_ref().filter(|a| !a.negated) else {
            continue;
        };
        let mut told = BTreeSet::new();
        for text in actions.texts.iter().filter(|t| t.is_known()) {
            let Some((prefix, _)) = text.text.split_once(':') else {
                continue;
            };
            let Some(service) = sink.settings.catalogue.service(prefix).filter(|s| !tells_tags(s)) else {
                continue;
            };
            if told.insert(service.prefix.clone()) {
                let verb = if statement.allow == Some(false) { "denied" } else { "granted" };
                let message = format!(
                    "requests to `{}` do not carry {}: its actions are not {verb} here",
                    service.prefix, condition.key.text
                );
                sink.add(&text.at, message, "move them to a statement of their own, without this condition");
            }
        }
    }
}

fn asks_for_a_tag(condition: &Condition) -> bool {
    let asks = condition
        .operator
        .is_some_and(|o| o.test != Test::Null && !o.if_exists && !o.negated && o.set != SetPrefix::All);
    asks && condition.key.text.get(..TAG.len()).is_some_and(|k| k.eq_ignore_ascii_case(TAG))
}

fn tells_tags(service: &Service) -> bool {
    service.keys.iter().any(|k| k.name.to_ascii_lowercase().contains("resourcetag/"))
}
