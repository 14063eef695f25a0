#![doc = include_str!("../../../../../docs/rules/CS147.md")]

use crate::aws;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};
use crate::problem::distance;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS147",
    name: "misspelt-service-principal",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS147.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let right = match condition.key.text.to_ascii_lowercase().as_str() {
            "organizations:serviceprincipal" => aws::trusted_access_principal(),
            "iam:awsservicename" => aws::service_principal(),
            _ => continue,
        };
        for value in condition.values.iter().filter(|v| v.is_literal() && is_meant(&v.text, right)) {
            let message = format!("`{}` is not the value of {} for AWS Artifact", value.text, condition.key.text);
            if let Some(finding) = sink.add(&value.at, message, format!("write `{right}`")) {
                let what = format!("writes `{right}`: the condition holds for AWS Artifact");
                finding.fix(false, what, edit::replace(policy, value, right));
            }
        }
    }
}

/// Another name of AWS Artifact, or a slip of the right one.
fn is_meant(text: &str, right: &str) -> bool {
    const SLIP: usize = 2;
    let lower = text.to_ascii_lowercase();
    let other = [aws::trusted_access_principal(), aws::service_principal()].contains(&lower.as_str())
        || text.eq_ignore_ascii_case(aws::classic_role());
    text != right && (other || distance(&lower, right, SLIP).is_some())
}
