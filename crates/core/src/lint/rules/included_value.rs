#![doc = include_str!("../../../../../docs/rules/CS185.md")]

use crate::iam::crossing::is_included_across;
use crate::iam::document::{Clause, ResourcePattern};
use crate::iam::patterns::{included, resource_included};
use crate::lint::edit;
use crate::lint::policy::{List, Policy};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

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
        if let Some(list) = &statement.resources {
            among(policy, list, &meaning.resources, sink, |inner, outer| {
                let counts = !matches!(inner.0, ResourcePattern::Nothing) && resource_included(inner.0, outer.0);
                counts && is_included_across(&alone(inner), &alone(outer))
            });
        }
    }
}

fn alone((pattern, text): (&ResourcePattern, &str)) -> Clause<ResourcePattern> {
    Clause { negated: false, patterns: vec![pattern.clone()], texts: vec![text.to_owned()] }
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
