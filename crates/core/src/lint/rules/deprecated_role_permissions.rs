#![doc = include_str!("../../../../../docs/rules/CS123.md")]

use super::tasks;
use crate::aws;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS123",
    name: "deprecated-role-permissions",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS123.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() {
        return;
    }
    let allows =
        |name: &str| policy.statements.iter().any(|s| s.allow == Some(true) && tasks::names(s, name).is_some());
    let (role, classic) = (aws::classic_role(), aws::of_classic_role());
    let old = &classic.created_by;
    let whole_set = old.iter().all(|name| allows(name)) && tasks::is_about_agreements(policy);
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)) {
        let texts = statement.resources.iter().flat_map(|r| &r.texts);
        let values = statement.conditions.iter().flat_map(|c| &c.values);
        let for_role = texts.chain(values).any(|t| t.text.contains(role));
        if !(whole_set || for_role) {
            continue;
        }
        for text in old.iter().filter_map(|name| tasks::names(statement, name)) {
            let message = format!(
                "`{}` creates the role {role}, which AWS Artifact has not used since {}",
                text.text, classic.until
            );
            let help = format!(
                "the service-linked role needs iam:GetRole, and iam:CreateServiceLinkedRole with iam:AWSServiceName {}",
                aws::service_principal()
            );
            sink.add(&text.at, message, help);
        }
    }
}
