#![doc = include_str!("../../../../../docs/rules/CS125.md")]

use crate::aws::actions;
use crate::aws::resources::{self, ArnText, Type};
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS125",
    name: "action-of-another-resource",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS125.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        let (Some(actions), Some(resources)) = (&statement.actions, &statement.resources) else {
            continue;
        };
        if actions.negated || resources.negated {
            continue;
        }
        let arns: Vec<ArnText> = resources.texts.iter().map(|t| ArnText::new(&t.text)).collect();
        let reaches = |arn: &ArnText, types: &[&Type]| types.iter().any(|ty| arn.reaches(ty).is_ok());
        // what matches nothing at all is told as that
        let all: Vec<&Type> = resources::types().iter().collect();
        if arns.is_empty() || !arns.iter().all(|arn| reaches(arn, &all)) {
            continue;
        }
        for text in actions.texts.iter().filter(|t| t.is_literal()) {
            let Some(action) = actions::action(&text.text).filter(|a| !a.resources.is_empty() && !a.is_deprecated())
            else {
                continue;
            };
            if action.service() != "artifact" || arns.iter().any(|arn| reaches(arn, &action.resources)) {
                continue;
            }
            let words: Vec<String> = action.resources.iter().map(|ty| ty.arn(policy.partition())).collect();
            let verb = if statement.allow == Some(false) { "deny" } else { "grant" };
            let message = format!(
                "`{}` does not act on any resource in this statement, which therefore does not {verb} it",
                action.name
            );
            sink.add(&text.at, message, format!("it acts on {}", words.join(" and ")));
        }
    }
}
