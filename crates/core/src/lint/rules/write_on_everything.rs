#![doc = include_str!("../../../../../docs/rules/CS201.md")]

use crate::aws::catalogue::{Action, Level};
use crate::lint::policy::{Policy, Statement};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::words::few;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS201",
    name: "write-on-everything",
    severity: Severity::Warning,
    confidence: Confidence::Low,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS201.md"),
    check: Check::Policy(check),
};

/// So many actions are named.
const NAMED: usize = 4;

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() {
        return;
    }
    let known = |s: &&Statement| s.allow == Some(true) && s.meaning.is_some() && s.conditions.is_empty();
    for statement in policy.statements.iter().filter(known) {
        let everything = statement.resources.iter().flat_map(|r| &r.texts).find(|t| t.text == "*");
        let plain = statement.resources.as_ref().is_some_and(|r| !r.negated);
        let (Some(at), Some(actions), true) = (everything.map(|t| &t.at), &statement.actions, plain) else {
            continue;
        };
        if actions.negated || actions.texts.iter().any(|t| t.text == "*") {
            let message = "this allows every action that writes or manages permissions, on every resource";
            sink.add(at, message, "name the actions and their resources");
            continue;
        }
        let mut names: Vec<String> = Vec::new();
        for text in &actions.texts {
            let Some((prefix, pattern)) = text.text.split_once(':') else {
                continue;
            };
            let Some(service) = sink.settings.catalogue.service(prefix) else {
                continue;
            };
            names.extend(service.matching(pattern).filter(|a| writes(a)).map(|a| format!("{prefix}:{}", a.name)));
        }
        if !names.is_empty() {
            let shown = few(&names, NAMED);
            let message = format!("this allows actions that write or manage permissions on every resource: {shown}");
            sink.add(at, message, "name their resources");
        }
    }
}

/// An action on resources that can be named.
fn writes(action: &Action) -> bool {
    matches!(action.level, Level::Write | Level::PermissionsManagement) && !action.resources.is_empty()
}
