#![doc = include_str!("../../../../../docs/rules/CS145.md")]

use super::truth::{Truth, judgements};
use crate::lint::policy::{Policy, Statement};
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};
use crate::text::UNKNOWN;
use crate::text::json::Member;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS145",
    name: "idle-condition",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS145.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        nothing_compared(statement, sink);
        for found in judgements(statement, sink.settings.at) {
            let key = &found.condition.key.text;
            match found.verdict {
                Truth::Always => {
                    let message = format!("every request passes this condition, with or without {key}");
                    sink.add(&found.condition.key.at, message, "remove it, or write the condition that you meant");
                }
                Truth::Since => {
                    let message = format!("{key} is past this time: every request passes this condition");
                    sink.add(&found.condition.key.at, message, "remove the condition");
                }
                _ => {}
            }
        }
    }
}

/// A `Condition` without an operator, or an operator without a key: nothing is compared.
fn nothing_compared(statement: &Statement, sink: &mut Sink<'_>) {
    let is_empty = |member: &&Member| member.node.as_object().is_some_and(<[_]>::is_empty);
    let Some(condition) = statement.node.member("Condition") else {
        return;
    };
    let pointer = format!("{}.Condition", statement.at.pointer);
    let operators = condition.node.as_object().unwrap_or_default().iter();
    let idle = is_empty(&condition).then_some((condition, pointer.clone()));
    let of_operators = operators.filter(is_empty).map(|m| (m, format!("{pointer}.{}", m.key)));
    for (member, pointer) in idle.into_iter().chain(of_operators).filter(|(m, _)| !m.key.contains(UNKNOWN)) {
        let message = format!("`{}` is empty: it compares nothing, and every request passes", member.key);
        let at = At { pointer, span: member.key_span };
        sink.add_as(Severity::Info, &at, message, "remove it, or write the condition that you meant");
    }
}
