#![doc = include_str!("../../../../../docs/rules/CS143.md")]

use crate::aws::keys::nature;
use crate::aws::keys::values::{ADDRESSES, ARNS, MOMENTS};
use crate::iam::operator::Test;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS143",
    name: "mismatched-operator",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS143.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let Some(operator) = condition.operator.filter(|o| o.test != Test::Null) else {
            continue;
        };
        let key = condition.key.text.to_ascii_lowercase();
        if let Some((what, fitting)) = expected(&key).filter(|_| !fits(&key, operator.test)) {
            let message = format!(
                "`{}` does not compare {what}, but {} needs that",
                condition.operator_text.text, condition.key.text
            );
            sink.add(&condition.operator_text.at, message, format!("write {fitting}"));
            continue;
        }
        let literal = matches!(operator.test, Test::StringEquals | Test::StringEqualsIgnoreCase);
        let star = condition.values.iter().find(|v| v.text.replace("${*}", "").contains('*'));
        if let Some(value) = star.filter(|_| literal) {
            let message = format!("`{}` compares `*` literally: nothing has this value", condition.operator_text.text);
            let like = condition.operator_text.text.replace("EqualsIgnoreCase", "Like").replace("Equals", "Like");
            if let Some(finding) = sink.add(&value.at, message, format!("write `{like}`")) {
                let what = format!("writes `{like}`: the condition holds for more values");
                let edits = edit::replace_span(policy, condition.operator_text.at.span, &like);
                let alone = policy.conditions();
                let others = alone.filter(|c| c.operator_text.at.span == condition.operator_text.at.span).count() > 1;
                let taken = policy.conditions().any(|c| c.operator_text.text == like);
                finding.fix(false, what, edits.filter(|_| !others && !taken));
            }
        }
    }
}

/// What a key is, and which operators compare that.
fn expected(key: &str) -> Option<(&'static str, &'static str)> {
    match key {
        key if ADDRESSES.contains(&key) => Some(("addresses", "IpAddress or NotIpAddress")),
        key if MOMENTS.contains(&key) => Some(("dates and times", "DateLessThan, DateGreaterThan or another of Date…")),
        "aws:epochtime" => Some(("dates and times", "DateLessThan, NumericLessThan or another of Date… and Numeric…")),
        "aws:multifactorauthage" => Some(("numbers", "NumericLessThan or another of Numeric…")),
        key if nature(key).boolean => Some(("true and false", "Bool")),
        key if ARNS.contains(&key) => Some(("ARNs", "ArnLike or ArnNotLike")),
        _ => None,
    }
}

fn fits(key: &str, test: Test) -> bool {
    let text = matches!(test, Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike);
    match key {
        key if ADDRESSES.contains(&key) => test == Test::Ip,
        key if MOMENTS.contains(&key) => matches!(test, Test::Date(_)),
        "aws:epochtime" => matches!(test, Test::Date(_) | Test::Numeric(_)),
        "aws:multifactorauthage" => matches!(test, Test::Numeric(_)),
        // the words true and false compare as text as well
        key if nature(key).boolean => test == Test::Bool || text,
        _ => test == Test::Arn || text,
    }
}
