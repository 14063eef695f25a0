#![doc = include_str!("../../../../../docs/rules/CS144.md")]

use super::truth::{Truth, judgements};
use crate::aws::catalogue::Key;
use crate::aws::keys::is_multi_valued;
use crate::iam::operator::{SetPrefix, Test};
use crate::lint::policy::{Condition, Policy};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS144",
    name: "impossible-condition",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS144.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    policy.conditions().for_each(|condition| unqualified(condition, sink));
    for statement in &policy.statements {
        for found in judgements(statement, sink.settings.at) {
            let key = &found.condition.key.text;
            match found.verdict {
                Truth::Never if found.together > 1 => {
                    let message =
                        format!("no value of {key} passes all conditions of this statement: it never applies");
                    sink.add(
                        &found.condition.key.at,
                        message,
                        "only the values under one operator are alternatives: every operator must pass",
                    );
                }
                Truth::Never => {
                    let message = format!("no value of {key} passes this condition: the statement never applies");
                    sink.add(&found.condition.key.at, message, "correct the values, or remove the statement");
                }
                Truth::Past => {
                    let message = format!("{key} is past this time: the statement no longer applies");
                    sink.add(&found.condition.key.at, message, "remove the statement, or set a later time");
                }
                Truth::Always | Truth::Since => {}
            }
        }
    }
}

/// A key of which a request carries several values is compared by an operator that says whether one of them counts or all.
fn unqualified(condition: &Condition, sink: &mut Sink<'_>) {
    let plain = |o: &crate::iam::operator::Operator| o.set == SetPrefix::None && o.test != Test::Null;
    let (operator, key) = (&condition.operator_text, &condition.key);
    let prefix = key.text.split(':').next().unwrap_or_default();
    let newer = sink.settings.catalogue.service(prefix).and_then(|s| s.key(&key.text)).map(Key::is_multi_valued);
    let several = newer.unwrap_or_default() || is_multi_valued(&key.text.to_ascii_lowercase());
    if !condition.operator.as_ref().is_some_and(plain) || !several {
        return;
    }
    let message = format!("{} has several values, and `{}` compares one", key.text, operator.text);
    let help = format!("write `ForAnyValue:{0}` or `ForAllValues:{0}`", operator.text);
    sink.add_as(Severity::Warning, &operator.at, message, help);
}
