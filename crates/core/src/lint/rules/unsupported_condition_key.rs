#![doc = include_str!("../../../../../docs/rules/CS142.md")]

use crate::aws::actions::{self, Action};
use crate::iam::operator::{SetPrefix, Test};
use crate::lint::policy::{Condition, Policy};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS142",
    name: "unsupported-condition-key",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS142.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        let Some(actions) = statement.actions.as_ref().filter(|a| !a.negated) else {
            continue;
        };
        for text in &actions.texts {
            let Some(action) = actions::action(&text.text).filter(|a| !a.is_deprecated()) else {
                continue;
            };
            let keys: Vec<&str> = statement
                .conditions
                .iter()
                .filter(|c| asks_for_presence(c))
                .filter_map(|c| missing(action, c))
                .collect();
            if keys.is_empty() {
                continue;
            }
            let verb = if statement.allow == Some(false) { "denied" } else { "granted" };
            let message =
                format!("requests for `{}` do not carry {}: it is not {verb} here", action.name, keys.join(" or "));
            sink.add(&text.at, message, "move it to a statement of its own, without this condition");
        }
    }
}

/// The keys that policies for AWS Artifact are written with.
const OF_ARTIFACT: [&str; 4] =
    ["artifact:ReportCategory", "artifact:ReportSeries", "iam:AWSServiceName", "organizations:ServicePrincipal"];

/// Keys of tags that a request or its resource carries.
const TAGS: [&str; 3] = ["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys"];

/// The condition fails where the key is absent.
fn asks_for_presence(condition: &Condition) -> bool {
    condition.operator.is_some_and(|o| {
        let absent_passes = o.if_exists || (o.negated && o.set != SetPrefix::Any) || o.set == SetPrefix::All;
        !absent_passes && o.test != Test::Null
    })
}

/// The key of a condition, where it is one of the services that are known here or a tag, and not one of the action's.
fn missing<'c>(action: &Action, condition: &'c Condition) -> Option<&'c str> {
    let key = condition.key.text.as_str();
    let is_tag = TAGS.iter().any(|t| key.get(..t.len()).is_some_and(|k| k.eq_ignore_ascii_case(t)));
    // of other services it is not known here which of their actions carry tags
    if is_tag && action.service() == "artifact" {
        return Some(key).filter(|key| !action.carries(key));
    }
    let key = actions::service_key(key).filter(|key| OF_ARTIFACT.contains(key));
    key.filter(|key| !action.carries(key))
}
