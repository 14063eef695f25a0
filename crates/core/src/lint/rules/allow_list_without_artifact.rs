#![doc = include_str!("../../../../../docs/rules/CS172.md")]

use crate::aws::{self, actions};
use crate::iam::document::{Condition, ResourcePattern, Statement};
use crate::iam::patterns::reaches_action;
use crate::iam::template::Template;
use crate::lint::policy::{Policy, PolicyKind};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS172",
    name: "allow-list-without-artifact",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS172.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if policy.kind != PolicyKind::ServiceControl {
        return;
    }
    for (statement, meaning) in policy.meanings().filter(|(_, m)| !m.allow) {
        let all = !meaning.resources.negated && meaning.resources.patterns.contains(&ResourcePattern::All);
        let by_region = is_by_region(meaning);
        // what denies every action everywhere is no list
        let is_list = by_region || (meaning.actions.negated && meaning.conditions.iter().all(excepts_principals));
        if all && is_list && !excepts_artifact(meaning) {
            let where_ = if by_region { " outside the Regions that it names" } else { "" };
            let at = statement.actions.as_ref().map_or(&statement.at, |a| &a.key_at);
            let (why, edit) = match meaning.actions.negated {
                true => (": its actions are not among the exceptions", "add `artifact:*`, or only the read actions"),
                false => ("", "write `NotAction` with `artifact:*`"),
            };
            let message = format!("this denies AWS Artifact{where_}{why}");
            let help = format!("{edit}; AWS Artifact is served from us-east-1 (or us-gov-west-1) only");
            sink.add(at, message, help);
        }
    }
    allow_list(policy, sink);
}

/// Some action of AWS Artifact is left out of a `NotAction`.
fn excepts_artifact(statement: &Statement) -> bool {
    actions::actions().iter().filter(|a| a.service() == "artifact").any(|a| !reaches_action(statement, &a.name))
}

/// The condition is that the Region is none of a list, which has no Region of AWS Artifact; principals may be excepted.
fn is_by_region(statement: &Statement) -> bool {
    // where AWS Artifact answers: a guardrail by Region has to allow one of them
    let named = |v: &Template| aws::partitions().iter().any(|p| v.matches(&p.region));
    let by_region = |c: &Condition| c.key == "aws:requestedregion" && c.operator.negated && !c.values.iter().any(named);
    let (regions, others): (Vec<_>, Vec<_>) = statement.conditions.iter().partition(|c| by_region(c));
    !regions.is_empty() && others.into_iter().all(excepts_principals)
}

/// The condition leaves out some principals, and applies to all others.
fn excepts_principals(condition: &Condition) -> bool {
    condition.operator.negated && condition.key.starts_with("aws:principal")
}

/// A policy that allows some services, and not AWS Artifact.
fn allow_list(policy: &Policy, sink: &mut Sink<'_>) {
    let allows: Vec<_> = policy.meanings().filter(|(_, m)| m.allow).collect();
    let reaches = |(_, m): &(_, &Statement)| {
        actions::actions().iter().any(|a| a.service() == "artifact" && reaches_action(m, &a.name))
    };
    if !policy.complete || allows.is_empty() || allows.iter().any(reaches) {
        return;
    }
    let message = "if this is attached instead of FullAWSAccess, AWS Artifact is not allowed";
    sink.add(&policy.statements_at(), message, "add `artifact:*`, unless another policy of the same level allows it");
}
