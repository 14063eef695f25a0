#![doc = include_str!("../../../../../docs/rules/CS160.md")]

use crate::iam::document::{Clause, Statement};
use crate::iam::patterns::{included, overlap};
use crate::iam::template::Template;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS160",
    name: "no-effect-under-boundary",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS160.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let Some((arn, boundary)) = policy.beside.boundary.as_ref().filter(|_| policy.kind.grants()) else {
        return;
    };
    let allows: Vec<_> = policy.meanings().filter(|(_, m)| m.allow).collect();
    let within = |m: &Statement| boundary.iter().any(|b| b.allow && may_share_actions(&m.actions, &b.actions));
    if !policy.set_is_known() || allows.is_empty() || allows.iter().any(|(_, m)| within(m)) {
        return;
    }
    let message = format!("the boundary {arn} allows nothing that this policy allows");
    sink.add(&policy.statements_at(), message, "widen the boundary, or remove the policy");
}

fn may_share_actions(one: &Clause<Template>, other: &Clause<Template>) -> bool {
    match (one.negated, other.negated) {
        (false, false) => one.patterns.iter().any(|a| other.patterns.iter().any(|b| overlap(a, b))),
        (false, true) => one.patterns.iter().any(|a| !other.patterns.iter().any(|b| included(a, b))),
        (true, false) => other.patterns.iter().any(|a| !one.patterns.iter().any(|b| included(a, b))),
        (true, true) => true,
    }
}
