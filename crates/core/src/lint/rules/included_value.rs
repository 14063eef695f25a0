#![doc = include_str!("../../../../../docs/rules/CS185.md")]

use crate::iam::crossing::is_included_across;
use crate::iam::document::{Clause, ResourcePattern};
use crate::iam::operator::{Comparison, Operator, Test};
use crate::iam::patterns::{included, resource_included};
use crate::iam::value;
use crate::lint::edit;
use crate::lint::policy::{Condition, List, Policy, Statement};
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};
use crate::text::UNKNOWN;
use crate::text::json::Node;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS185",
    name: "included-value",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS185.md"),
    check: Check::Policy(check),
};

/// Longer lists are told to be too large.
const MOST: usize = 1_500;

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        let Some(meaning) = &statement.meaning else {
            continue;
        };
        if let Some(list) = &statement.actions {
            let clause = &meaning.actions;
            among(policy, list, clause, sink, |i, j| included(i.0, j.0));
        }
        statement.conditions.iter().for_each(|c| of_numbers(c, sink));
        sessions(statement, sink);
        if let Some(list) = &statement.resources {
            among(policy, list, &meaning.resources, sink, |inner, outer| {
                let counts = !matches!(inner.0, ResourcePattern::Nothing) && resource_included(inner.0, outer.0);
                counts && is_included_across(&alone(inner), &alone(outer))
            });
        }
    }
}

fn alone((pattern, text): (&ResourcePattern, &str)) -> Clause<ResourcePattern> {
    Clause::new(false, [pattern.clone()], [text.to_owned()])
}

/// A bound that a wider one of the same list includes: of `NumericLessThan` 10 and 20, only 20 counts.
fn of_numbers(condition: &Condition, sink: &mut Sink<'_>) {
    let Some(Operator { test: Test::Numeric(order), negated: false, .. }) = condition.operator else {
        return;
    };
    let numbers: Option<Vec<value::Number>> = condition.values.iter().map(|v| value::number(&v.text)).collect();
    let Some(numbers) = numbers.filter(|n| n.len() > 1 && condition.values.iter().all(|v| !v.perhaps)) else {
        return;
    };
    let widest = match order {
        Comparison::LessThan | Comparison::LessThanEquals => numbers.iter().max(),
        Comparison::GreaterThan | Comparison::GreaterThanEquals => numbers.iter().min(),
        Comparison::Equals => None,
    };
    let Some((widest, kept)) =
        widest.and_then(|w| Some((w, condition.values.get(numbers.iter().position(|n| n == w)?)?)))
    else {
        return;
    };
    for (value, _) in condition.values.iter().zip(&numbers).filter(|(_, number)| *number != widest) {
        let operator = &condition.operator_text.text;
        let message = format!("`{}` includes `{}`, which changes nothing under `{operator}`", kept.text, value.text);
        sink.add(&value.at, message, format!("remove `{}`, or write the bound that was meant", value.text));
    }
}

/// A session beside the role that it is of: who names the role names all of its sessions.
fn sessions(statement: &Statement, sink: &mut Sink<'_>) {
    let named = |element: &str| statement.node.member(element)?.node.member("AWS");
    for element in ["Principal", "NotPrincipal"] {
        let Some(list) = named(element).and_then(|member| member.node.as_array()) else {
            continue;
        };
        let roles: Vec<&str> = list.iter().filter_map(Node::as_str).collect();
        for (index, node) in list.iter().enumerate() {
            let Some(session) = node.as_str().filter(|t| !t.contains(UNKNOWN)) else {
                continue;
            };
            let Some(role) = roles.iter().find(|role| role_of_session(session).as_deref() == Some(role)) else {
                continue;
            };
            let at = At { pointer: format!("{}.{element}.AWS[{index}]", statement.at.pointer), span: node.span };
            let message = format!("`{role}` includes `{session}`, which changes nothing in this `{element}`");
            sink.add(&at, message, "remove the session, or name it without its role");
        }
    }
}

/// The ARN of the role that a session is of; `None` for what is none.
fn role_of_session(arn: &str) -> Option<String> {
    let (head, name) = arn.split_once(":assumed-role/")?;
    let (role, _) = name.split_once('/')?;
    Some(format!("{}:role/{role}", head.replacen(":sts:", ":iam:", 1)))
}

type Told<'c, T> = (&'c T, &'c str);

fn among<T>(
    policy: &Policy,
    list: &List,
    clause: &Clause<T>,
    sink: &mut Sink<'_>,
    included: impl Fn(Told<'_, T>, Told<'_, T>) -> bool,
) {
    let whole = list.texts.len() == clause.patterns.len() && list.texts.iter().all(|t| t.is_known() && !t.perhaps);
    if !whole || list.texts.len() > MOST {
        return;
    }
    let all = || clause.patterns.iter().zip(list.texts.iter().map(|t| t.text.as_str()));
    let open: Vec<(usize, Told<'_, T>)> = all().enumerate().filter(|(_, (_, t))| t.contains(['*', '?'])).collect();
    for (index, (pattern, text)) in all().enumerate() {
        let wider = open.iter().find(|(other, (outer, written))| {
            *other != index
                && !written.eq_ignore_ascii_case(text)
                && included((pattern, text), (*outer, *written))
                // of two that include each other the first one stays
                && (*other < index || !included((*outer, *written), (pattern, text)))
        });
        let (Some((_, (_, wider))), Some(at)) = (wider, list.texts.get(index).map(|t| &t.at)) else {
            continue;
        };
        let message = format!("`{wider}` includes `{text}`, which changes nothing in this `{}`", list.key);
        if let Some(finding) = sink.add(at, message, format!("remove `{text}`, or write what `{wider}` was meant for"))
        {
            finding.fix(true, format!("removes `{text}`"), edit::remove(policy, list, index));
        }
    }
}
