#![doc = include_str!("../../../../../docs/rules/CS174.md")]

use super::hipaa;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::words::few;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS174",
    name: "hipaa-guardrail-blocks-parts",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS174.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let lists = sink.settings.eligible.clone();
    for guardrail in hipaa::guardrails(policy, &lists) {
        let blocked: Vec<String> = hipaa::parts()
            .iter()
            .filter(|part| !guardrail.lets(&part.prefix))
            .filter(|part| part.with.is_empty() || part.with.iter().any(|p| guardrail.lets(p)))
            .map(|part| format!("{} ({})", part.prefix, part.of))
            .collect();
        if !blocked.is_empty() {
            let message = format!("this blocks parts of eligible services: {}", few(&blocked, 6));
            sink.add(&guardrail.at, message, "add the prefixes of the parts that you use");
        }
    }
}
