#![doc = include_str!("../../../../../docs/rules/CS148.md")]

use crate::iam::operator::{SetPrefix, Test};
use crate::iam::value;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS148",
    name: "mfa-denial-misses-keys",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS148.md"),
    check: Check::Policy(check),
};

const KEY: &str = "aws:multifactorauthpresent";

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in policy.statements.iter().filter(|s| s.allow == Some(false)) {
        for condition in statement.conditions.iter().filter(|c| c.key.text.eq_ignore_ascii_case(KEY)) {
            let fails_without = condition.operator.is_some_and(|o| {
                let compares = matches!(o.test, Test::Bool | Test::StringEquals | Test::StringEqualsIgnoreCase)
                    || o.test == Test::StringLike;
                compares && !o.if_exists && !o.negated && o.set != SetPrefix::All
            });
            let without_mfa = condition.values.iter().any(|v| value::boolean(&v.text) == Some(false));
            if !fails_without || !without_mfa {
                continue;
            }
            let message =
                "requests with long-lived access keys do not carry this key: this denial does not apply to them";
            let text = &condition.operator_text;
            let with_absent = format!("{}IfExists", text.text);
            if let Some(finding) = sink.add(&text.at, message, format!("write `{with_absent}`")) {
                // the operator may hold other keys, which the fix would change too
                let alone =
                    statement.conditions.iter().filter(|c| c.operator_text.at.span == text.at.span).count() == 1;
                let taken = statement.conditions.iter().any(|c| c.operator_text.text == with_absent);
                let edits = edit::replace(policy, text, &with_absent).filter(|_| alone && !taken);
                finding.fix(false, "denies requests that do not carry the key too".to_owned(), edits);
            }
        }
    }
}
