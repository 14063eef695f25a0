#![doc = include_str!("../../../../../docs/rules/CS121.md")]

use crate::aws::actions;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};
use crate::problem::{did_you_mean, meant};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS121",
    name: "unknown-action",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS121.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for text in policy.action_texts() {
        let Some((prefix, short)) = text.text.split_once(':').filter(|_| text.is_known()) else {
            continue;
        };
        // of other services only some actions are known here, and only a slip of them is told
        let slip = match prefix.to_ascii_lowercase().as_str() {
            "artifact" => false,
            "organizations" | "iam" if text.is_literal() => true,
            _ => continue,
        };
        if actions::matching(&text.text).next().is_some() {
            continue;
        }
        let near = near(prefix, short, slip);
        if slip && near.is_none() {
            continue;
        }
        let help = near.map_or("`countersign show rule CS121` lists them".to_owned(), meant);
        let message = format!("`{}` is not an AWS action (as of {AS_OF})", text.text);
        let finding = sink.add(&text.at, message, help);
        if let (Some(finding), Some(near)) = (finding, near.filter(|_| text.is_literal())) {
            finding.fix(false, format!("writes `{near}`, which takes effect"), edit::replace(policy, text, near));
        }
    }
}

/// The month of the list.
const AS_OF: &str = "2026-09";

fn near(prefix: &str, short: &str, slip: bool) -> Option<&'static str> {
    let known = || actions::actions().iter().filter(|a| a.service().eq_ignore_ascii_case(prefix) && !a.is_deprecated());
    let found = did_you_mean(short, known().map(actions::Action::short))?;
    let distance = strsim::osa_distance(&short.to_ascii_lowercase(), &found.to_ascii_lowercase());
    let action = known().find(|a| a.short() == found)?;
    (!slip || distance <= 1).then_some(action.name.as_str())
}
