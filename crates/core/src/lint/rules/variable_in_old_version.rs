#![doc = include_str!("../../../../../docs/rules/CS112.md")]

use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS112",
    name: "variable-in-old-version",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS112.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if policy.variables || policy.version.as_ref().is_some_and(|v| !v.is_known()) {
        return;
    }
    for statement in &policy.statements {
        let resources = statement.resources.iter().flat_map(|r| &r.texts);
        let values = statement.conditions.iter().flat_map(|c| &c.values);
        for text in resources.chain(values).filter(|t| has_variable(&t.text)) {
            let message = "this is plain text, not a policy variable: the version of the policy is 2008-10-17";
            sink.add(&text.at, message, "write \"Version\": \"2012-10-17\"");
        }
    }
}

fn has_variable(text: &str) -> bool {
    let inner = text.split_once("${").and_then(|(_, rest)| rest.split_once('}')).map(|(inner, _)| inner);
    inner.is_some_and(|i| i.contains(':') || ["*", "?", "$"].contains(&i))
}
