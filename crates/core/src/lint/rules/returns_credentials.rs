#![doc = include_str!("../../../../../docs/rules/CS203.md")]

use crate::aws::security;
use crate::iam::template::{Syntax, Template};
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS203",
    name: "returns-credentials",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS203.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() {
        return;
    }
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)) {
        let Some(actions) = statement.actions.as_ref().filter(|a| !a.negated) else {
            continue;
        };
        // of `*` other rules tell
        for text in actions.texts.iter().filter(|t| t.is_known() && t.text != "*") {
            let syntax = Syntax { wildcards: true, variables: false };
            let template = Template::parse(&text.text, syntax).unwrap_or_default().to_lower();
            let found: Vec<&str> = security::returning_credentials()
                .iter()
                .filter(|name| template.matches(&name.to_ascii_lowercase()))
                .map(String::as_str)
                .collect();
            if !found.is_empty() {
                let message = format!("this allows calls that return credentials: {}", found.join(", "));
                sink.add(&text.at, message, "allow it to those who need it only, and name the resource");
            }
        }
    }
}
