#![doc = include_str!("../../../../../docs/rules/CS204.md")]

use crate::iam::principal::Who;
use crate::lint::policy::{Policy, PolicyKind};
use crate::lint::sources::{narrows, principal_at, trusting};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS204",
    name: "public-principal",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS204.md"),
    check: Check::Policy(check),
};

/// Keys that say who calls, or where from.
const NARROWING: [&str; 18] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalisawsservice",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "kms:calleraccount",
    "lambda:functionurlauthtype",
    "s3:dataaccesspointaccount",
];

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !matches!(policy.kind, PolicyKind::Trust | PolicyKind::Resource) {
        return;
    }
    for (statement, principals) in trusting(policy) {
        let public = principals.who.iter().any(|who| matches!(who, Who::Everyone | Who::AnyAws));
        if public && !narrows(statement, &NARROWING) {
            let message = "this allows everyone, and no condition says who or where from";
            let help = "name the principals, or add \"StringEquals\": { \"aws:PrincipalOrgID\": \"o-…\" }";
            sink.add(&principal_at(statement), message, help);
        }
    }
}
