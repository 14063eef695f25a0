#![doc = include_str!("../../../../../docs/rules/CS153.md")]

use super::tasks;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS153",
    name: "set-up-without-describe-organization",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS153.md"),
    check: Check::Policy(check),
};

const ENABLE: &str = "organizations:EnableAWSServiceAccess";
const DESCRIBE: &str = "organizations:DescribeOrganization";

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() || !policy.set_is_known() || tasks::may_allow(policy, DESCRIBE) {
        return;
    }
    let about = tasks::is_about_agreements(policy);
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)) {
        if let Some(text) = tasks::names(statement, ENABLE).filter(|_| about || tasks::is_for_artifact(statement)) {
            let message = format!("setting up organization agreements needs {DESCRIBE}, which this does not allow");
            sink.add(
                &text.at,
                message,
                format!("allow {DESCRIBE} on `*`, unless another policy of the same principals does"),
            );
        }
    }
}
