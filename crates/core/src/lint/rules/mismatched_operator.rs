#![doc = include_str!("../../../../../docs/rules/CS143.md")]

use crate::aws::catalogue::{self, Catalogue};
use crate::aws::keys::{KeyType, nature, type_of};
use crate::iam::operator::Test;
use crate::lint::policy::{Condition, Policy};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};
use crate::text::json::Node;

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
        with_variable(policy, condition, operator.test, sink);
        by_catalogue(condition, operator.test, sink);
        let literal = matches!(operator.test, Test::StringEquals | Test::StringEqualsIgnoreCase);
        let star = condition.values.iter().find(|v| v.text.replace("${*}", "").contains('*'));
        if let Some(value) = star.filter(|_| literal) {
            let message = format!("`{}` compares `*` literally: nothing has this value", condition.operator_text.text);
            let like = condition.operator_text.text.replace("EqualsIgnoreCase", "Like").replace("Equals", "Like");
            // ARNs are compared part by part
            let like = if type_of(&key) == Some(KeyType::Arn) { like.replace("String", "Arn") } else { like };
            if let Some(finding) = sink.add(&value.at, message, format!("write `{like}`")) {
                let what = format!("writes `{like}`: the condition holds for more values");
                let edits = edit::replace(policy, &condition.operator_text, &like);
                let alone = policy.conditions();
                let others = alone.filter(|c| c.operator_text.at.span == condition.operator_text.at.span).count() > 1;
                let taken = policy.conditions().any(|c| c.operator_text.text == like);
                finding.fix(false, what, edits.filter(|_| !others && !taken));
            }
        }
    }
}

/// A policy variable beside an operator that takes none: it is compared as it is written, and is no number, date or address.
fn with_variable(policy: &Policy, condition: &Condition, test: Test, sink: &mut Sink<'_>) {
    let takes_none = matches!(test, Test::Numeric(_) | Test::Date(_) | Test::Bool | Test::Binary | Test::Ip);
    let has_variables = policy.root.get("Version").and_then(Node::as_str) == Some("2012-10-17");
    let is_one = |text: &str| text.split_once("${").is_some_and(|(_, rest)| rest.contains(':') && rest.contains('}'));
    if !takes_none || !has_variables {
        return;
    }
    for value in condition.values.iter().filter(|v| v.is_known() && is_one(&v.text)) {
        let message = format!("`{}` takes no policy variables: nothing passes this", condition.operator_text.text);
        sink.add(&value.at, message, "write the value itself, or compare as text with String… where the key is one");
    }
}

/// An operator that is not meant for what the catalogue says that a key is. Texts may be numbers, and the words true and false compare as
/// text, so that most of these only surprise.
fn by_catalogue(condition: &Condition, test: Test, sink: &mut Sink<'_>) {
    let key = &condition.key.text;
    let Some(element) = element(key, &sink.settings.catalogue) else {
        return;
    };
    let text = matches!(test, Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike);
    let (what, fitting, severity) = match (element.as_str(), test) {
        ("Bool", _) if text => ("true and false", "Bool", Severity::Info),
        ("Numeric", _) if text => ("numbers", "NumericEquals or another of Numeric…", Severity::Info),
        ("Bool", Test::Numeric(_) | Test::Date(_) | Test::Ip | Test::Arn) => {
            ("true and false", "Bool", Severity::Warning)
        }
        ("Numeric", Test::Bool | Test::Date(_) | Test::Ip | Test::Arn) => {
            ("numbers", "NumericEquals or another of Numeric…", Severity::Warning)
        }
        ("Date", Test::Bool | Test::Ip | Test::Arn) => {
            ("dates and times", "DateLessThan, DateGreaterThan or another of Date…", Severity::Warning)
        }
        ("IPAddress", Test::Bool | Test::Numeric(_) | Test::Date(_) | Test::Arn) => {
            ("addresses", "IpAddress or NotIpAddress", Severity::Warning)
        }
        ("String", Test::Date(_) | Test::Ip) => ("texts", "StringEquals or another of String…", Severity::Warning),
        // what is called an ARN is one, whatever its type is said to be
        ("String", Test::Arn) if key.to_ascii_lowercase().contains("arn") => return,
        ("String", Test::Bool | Test::Arn | Test::Numeric(_)) => {
            ("texts", "StringEquals or another of String…", Severity::Info)
        }
        _ => return,
    };
    let message = format!("`{}` is not meant for {key}, whose values are {what}", condition.operator_text.text);
    sink.add_as(severity, &condition.operator_text.at, message, format!("write {fitting}"));
}

/// What the values of a key are, by the catalogue; not told of keys with a part of the user's, whose values are the user's as well.
fn element(key: &str, catalogue: &Catalogue) -> Option<String> {
    let prefix = key.split(':').next().unwrap_or_default();
    let global = catalogue::find(catalogue::global_keys(), key);
    let found = global.or_else(|| catalogue.service(prefix)?.key(key))?;
    (!found.name.contains(['$', '<']) && !found.name.ends_with("/tag-key")).then(|| found.element().to_owned())
}

/// What a key is, and which operators compare that.
fn expected(key: &str) -> Option<(&'static str, &'static str)> {
    match type_of(key).unwrap_or_default() {
        KeyType::IpAddress => Some(("addresses", "IpAddress or NotIpAddress")),
        KeyType::Date => Some(("dates and times", "DateLessThan, DateGreaterThan or another of Date…")),
        KeyType::EpochTime => {
            Some(("dates and times", "DateLessThan, NumericLessThan or another of Date… and Numeric…"))
        }
        KeyType::Numeric => Some(("numbers", "NumericLessThan or another of Numeric…")),
        _ if nature(key).boolean => Some(("true and false", "Bool")),
        KeyType::Arn => Some(("ARNs", "ArnLike or ArnNotLike")),
        _ => None,
    }
}

fn fits(key: &str, test: Test) -> bool {
    let text = matches!(test, Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike);
    match type_of(key).unwrap_or_default() {
        KeyType::IpAddress => test == Test::Ip,
        KeyType::Date => matches!(test, Test::Date(_)),
        KeyType::EpochTime => matches!(test, Test::Date(_) | Test::Numeric(_)),
        KeyType::Numeric => matches!(test, Test::Numeric(_)),
        // the words true and false compare as text as well
        _ if nature(key).boolean => test == Test::Bool || text,
        _ => test == Test::Arn || text,
    }
}
