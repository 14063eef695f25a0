#![doc = include_str!("../../../../../docs/rules/CS158.md")]

use crate::iam::patterns::reaches_action;
use crate::iam::template::{Syntax, Template};
use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS158",
    name: "leave-organization",
    severity: Severity::Warning,
    confidence: Confidence::Low,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS158.md"),
    check: Check::Policy(check),
};

const ENDING: [&str; 3] = [
    "organizations:LeaveOrganization",
    "organizations:RemoveAccountFromOrganization",
    "organizations:DeleteOrganization",
];

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() {
        return;
    }
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)) {
        let Some(meaning) = &statement.meaning else {
            continue;
        };
        let reached: Vec<&str> = ENDING.into_iter().filter(|a| reaches_action(meaning, a)).collect();
        let Some(first) = reached.first() else {
            continue;
        };
        let pattern = |t: &Text| meaning_reaches(&t.text, first);
        let at = statement.actions.as_ref().map(|a| a.texts.iter().find(|t| pattern(t)).map_or(&a.key_at, |t| &t.at));
        if let Some(at) = at {
            let message = format!(
                "this allows {}, after which the organization's agreements no longer cover the account",
                reached.join(", ")
            );
            sink.add(
                at,
                message,
                "leave it to those who keep the register of agreements, or deny it with a service control policy",
            );
        }
    }
}

fn meaning_reaches(pattern: &str, action: &str) -> bool {
    let syntax = Syntax { wildcards: true, variables: false };
    Template::parse(pattern, syntax).is_ok_and(|t| t.to_lower().matches(&action.to_ascii_lowercase()))
}
