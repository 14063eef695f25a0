#![doc = include_str!("../../../../../docs/rules/CS141.md")]

use crate::aws::actions;
use crate::aws::keys::{known_keys, tag};
use crate::lint::policy::{Condition, Policy};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};
use crate::problem::{did_you_mean, meant};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS141",
    name: "unknown-condition-key",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS141.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let key = &condition.key;
        if !key.is_known() || key.text.is_empty() {
            continue;
        }
        let Some((prefix, _)) = key.text.split_once(':') else {
            if !policy.kind.has_principals() {
                let near = near(&format!("aws:{}", key.text));
                report(policy, condition, near, "a condition key has a prefix, such as `aws:`", sink);
            }
            continue;
        };
        match prefix.to_ascii_lowercase().as_str() {
            "artifact" if actions::service_key(&key.text).is_none() => {
                let known = ["artifact:ReportCategory", "artifact:ReportSeries"];
                let near = did_you_mean(&key.text, known);
                report(
                    policy,
                    condition,
                    near,
                    "AWS Artifact has the keys artifact:ReportCategory and artifact:ReportSeries",
                    sink,
                );
            }
            "aws" if !is_global(&key.text) => {
                // keys are added from time to time: only a slip of a known one is told
                if let Some(near) = near(&key.text) {
                    report(policy, condition, Some(near), "", sink);
                }
            }
            _ => {}
        }
    }
}

fn is_global(key: &str) -> bool {
    tag(&key.to_ascii_lowercase()).is_some() || globals().any(|g| g.eq_ignore_ascii_case(key))
}

fn globals() -> impl Iterator<Item = &'static str> {
    known_keys().filter(|s| s.starts_with("aws:"))
}

fn near(key: &str) -> Option<&'static str> {
    const SLIP: usize = 2;
    let found = did_you_mean(key, globals())?;
    let distance = strsim::osa_distance(&key.to_ascii_lowercase(), &found.to_ascii_lowercase());
    (distance <= SLIP).then_some(found)
}

fn report(policy: &Policy, condition: &Condition, near: Option<&str>, otherwise: &str, sink: &mut Sink<'_>) {
    let key = &condition.key;
    let help = near.map_or_else(|| otherwise.to_owned(), meant);
    let finding = sink.add(&key.at, format!("no request carries the key `{}`", key.text), help);
    if let (Some(finding), Some(near)) = (finding, near) {
        let what = format!("asks for `{near}`, which requests carry: the condition takes effect");
        finding.fix(false, what, edit::replace_span(policy, key.at.span, near));
    }
}
