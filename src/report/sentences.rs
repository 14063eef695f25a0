//! Answers in sentences: what was asked, why, and what it depends on.

use std::collections::BTreeMap;

use countersign_core::assessment::Operation;
use countersign_core::assessment::{BecauseAnswer, GateAnswer, OperationAnswer, StatementPlace};
use countersign_core::people::{Other, short};
use countersign_core::terms::Scope;

/// Why an answer is what it is, a line a cause: the gates that fail, or the statements that allow.
pub fn why(operation: &OperationAnswer) -> Vec<String> {
    let gate = |gate: &GateAnswer| {
        let head = format!("{} ({}, {})", gate.id, gate.policy, gate.rule);
        std::iter::once(head).chain(gate.because.iter().map(blocked)).collect::<Vec<_>>()
    };
    let depends = operation.depends_on.iter().map(|d| format!("depends {}", depends(&d.key, &d.allows)));
    depends.chain(operation.gates.iter().flat_map(gate)).chain(granted(&operation.grants)).collect()
}

fn layer(because: &BecauseAnswer) -> String {
    match &because.of {
        Some(of) => format!("{} of {of}", because.layer),
        None => because.layer.clone(),
    }
}

/// What keeps an action from being allowed.
pub fn blocked(because: &BecauseAnswer) -> String {
    match &because.statement {
        Some(s) => format!("{} is denied by {}: {}", because.action, layer(because), place(s)),
        None => format!("{} is not allowed by {}", because.action, layer(because)),
    }
}

/// The actions that each statement grants.
pub fn granted(grants: &[BecauseAnswer]) -> Vec<String> {
    let mut by: Vec<(String, Vec<&str>)> = Vec::new();
    for grant in grants {
        let what = match &grant.statement {
            Some(s) => format!("{}: {}", layer(grant), place(s)),
            None => layer(grant),
        };
        match by.iter_mut().find(|(w, _)| *w == what) {
            Some((_, actions)) => actions.push(&grant.action),
            None => by.push((what, vec![&grant.action])),
        }
    }
    by.into_iter().map(|(what, actions)| format!("{} by {what}", actions.join(", "))).collect()
}

/// Where a statement stands.
pub fn place(statement: &StatementPlace) -> String {
    let sid = statement.sid.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
    format!("{}:{} {}{sid}", statement.file, statement.line, statement.pointer)
}

/// Who or what it is, where that is certain; else perhaps.
pub fn perhaps(certain: bool, what: &str) -> String {
    if certain { what.to_owned() } else { format!("perhaps {what}") }
}

/// What an answer depends on, as people say it: a condition key is one that they write themselves, an attribute of the inventory is not.
pub fn key(key: &str) -> String {
    match key {
        "agreementsKnown" => "whether an agreement is in force, which was not collected".to_owned(),
        key => key.to_owned(),
    }
}

/// What an answer depends on, and when it would be an allow.
pub fn depends(key: &str, allows: &[String]) -> String {
    // of a policy that is not told, what it says; of anything else, what it is
    let says =
        key.starts_with("arn:") || key.starts_with("the policy of ") || key.starts_with("the identity policies of ");
    let is = if says { "" } else { "is " };
    let told = self::key(key);
    match allows {
        [] => format!("on {told}"),
        _ if told != key => format!("on {told}"),
        values => format!("on {told}; allowed when it {is}{}", values.join(" or ")),
    }
}

/// Operations, those that differ in the kind of agreement alone together.
pub fn operations(operations: &[Operation]) -> String {
    let mut by: BTreeMap<(&str, Option<Scope>), Vec<&str>> = BTreeMap::new();
    for o in operations {
        let what = o.agreement.as_deref().or(o.report.as_deref());
        by.entry((o.operation, o.scope)).or_default().extend(what);
    }
    let words = by.into_iter().map(|((name, scope), what)| {
        let inner: Vec<String> = scope
            .filter(|_| !what.is_empty())
            .map(|s| format!("{s}: {}", what.join(", ")))
            .or_else(|| (!what.is_empty()).then(|| what.join(", ")))
            .into_iter()
            .collect();
        if inner.is_empty() { name.to_owned() } else { format!("{name} ({})", inner.join("")) }
    });
    words.collect::<Vec<_>>().join("; ")
}

/// Somebody of whom the inventory knows nothing, and the roles through which they come.
pub fn other(other: &Other) -> String {
    match other.roles.as_slice() {
        [_] | [] => other.who.clone(),
        roles => {
            format!("{}, by assuming {}", other.who, roles.iter().map(|r| short(r)).collect::<Vec<_>>().join(", then "))
        }
    }
}
