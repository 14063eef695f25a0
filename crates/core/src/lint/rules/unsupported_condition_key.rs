#![doc = include_str!("../../../../../docs/rules/CS142.md")]

use crate::aws::actions::{self, Action};
use crate::aws::catalogue;
use crate::aws::keys::catalogued::is_never_carried;
use crate::iam::operator::{SetPrefix, Test};
use crate::iam::patterns::reaches_action;
use crate::lint::policy::{Condition, Policy, PolicyKind, Statement, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::text::json::{Node, Value};

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
    if policy.kind == PolicyKind::Trust {
        of_session(policy, sink);
    }
    for statement in &policy.statements {
        let Some(actions) = statement.actions.as_ref().filter(|a| !a.negated) else {
            continue;
        };
        let mut told = Vec::new();
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
            told.push(text.at.span);
            let verb = if statement.allow == Some(false) { "denied" } else { "granted" };
            let message =
                format!("requests for `{}` do not carry {}: it is not {verb} here", action.name, keys.join(" or "));
            sink.add(&text.at, message, "move it to a statement of its own, without this condition");
        }
        for text in actions.texts.iter().filter(|t| t.is_literal() && !told.contains(&t.at.span)) {
            by_catalogue(statement, text, sink);
        }
    }
}

/// Keys of what a session begins with, in lower case, and the action without which nobody can pass it (AWS STS, *Passing session tags*
/// and *Monitoring and controlling actions taken with assumed roles*).
const OF_SESSION: [(&str, &str); 4] = [
    ("aws:requesttag/", "sts:TagSession"),
    ("aws:tagkeys", "sts:TagSession"),
    ("sts:transitivetagkeys", "sts:TagSession"),
    ("sts:sourceidentity", "sts:SetSourceIdentity"),
];

/// A trust policy that asks for session tags, or for a source identity, and lets nobody pass one.
fn of_session(policy: &Policy, sink: &mut Sink<'_>) {
    let allowing = || policy.statements.iter().filter(|s| s.allow == Some(true));
    let whole = policy.complete && policy.layers.is_empty() && policy.statements.iter().all(|s| s.meaning.is_some());
    let allows = |action: &str| allowing().filter_map(|s| s.meaning.as_ref()).any(|m| reaches_action(m, action));
    let conditions = allowing().filter(|_| whole).flat_map(|s| &s.conditions);
    for condition in conditions.filter(|c| asks_for_presence(c)) {
        let key = condition.key.text.to_ascii_lowercase();
        let needed = OF_SESSION.iter().find(|(own, _)| key == *own || own.ends_with('/') && key.starts_with(own));
        let Some((_, action)) = needed.filter(|(_, action)| !allows(action)) else {
            continue;
        };
        let message = format!(
            "no request carries {} here: nobody passes it without `{action}`, which this policy does not allow",
            condition.key.text
        );
        sink.add(&condition.key.at, message, format!("add \"{action}\" to the actions, or remove the condition"));
    }
}

/// A key that by the catalogue only other actions carry: that of another service, or of other actions of the same one.
fn by_catalogue(statement: &Statement, text: &Text, sink: &mut Sink<'_>) {
    let action = text.text.to_ascii_lowercase();
    // conditions of which one or another is there say nothing of each action
    if text.perhaps || statement.perhaps || statement.node.get("Condition").is_some_and(has_choice) {
        return;
    }
    let of_service = |c: &&Condition| c.key.is_known() && !c.key.text.to_ascii_lowercase().starts_with("aws:");
    let conditions = statement.conditions.iter().filter(|c| asks_for_presence(c)).filter(of_service);
    let mut keys: Vec<&str> = conditions
        .filter(|c| is_never_carried(&action, &c.key.text.to_ascii_lowercase()))
        .map(|c| c.key.text.as_str())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return;
    }
    let verb = if statement.allow == Some(false) { "denied" } else { "granted" };
    let message = format!(
        "requests for `{}` do not carry {}: it is not {verb} here (as of {})",
        text.text,
        keys.join(" or "),
        catalogue::date()
    );
    // AWS lists the keys of the actions of a service incompletely, but for a few
    let own = action.split(':').next().unwrap_or_default();
    let of_own = |key: &&str| key.split(':').next().is_some_and(|prefix| prefix.eq_ignore_ascii_case(own));
    let is_listed = |key: &&str| COMPLETE.contains(&own) || key.eq_ignore_ascii_case("iam:PassedToService");
    let incomplete = keys.iter().all(|key| of_own(key) && !is_listed(key));
    let severity = if incomplete { Severity::Info } else { Severity::Warning };
    sink.add_as(severity, &text.at, message, "move it to a statement of its own, without this condition");
}

/// Services of which every key is listed with every action that carries it (Service Authorization Reference, 2026-09).
const COMPLETE: [&str; 3] = ["artifact", "organizations", "s3"];

/// A part of it is one of several values.
fn has_choice(node: &Node) -> bool {
    match &node.value {
        Value::OneOf(_) => true,
        Value::Array(nodes) => nodes.iter().any(has_choice),
        Value::Object(members) => members.iter().any(|m| has_choice(&m.node)),
        _ => false,
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
