#![doc = include_str!("../../../../../docs/rules/CS125.md")]

use crate::aws::actions;
use crate::aws::arns::Reach;
use crate::aws::catalogue::{Action, Level, Service};
use crate::aws::resources::{self, ArnText, Type};
use crate::lint::policy::{List, Policy, Statement, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS125",
    name: "action-of-another-resource",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS125.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        let (Some(actions), Some(resources)) = (&statement.actions, &statement.resources) else {
            continue;
        };
        if actions.negated || resources.negated {
            continue;
        }
        by_catalogue(statement, actions, resources, sink);
        let arns: Vec<ArnText> = resources.texts.iter().map(|t| ArnText::new(&t.text)).collect();
        let reaches = |arn: &ArnText, types: &[&Type]| types.iter().any(|ty| arn.reaches(ty).is_ok());
        // what matches nothing at all is told as that
        let all: Vec<&Type> = resources::types().iter().collect();
        if arns.is_empty() || !arns.iter().all(|arn| reaches(arn, &all)) {
            continue;
        }
        for text in actions.texts.iter().filter(|t| t.is_literal()) {
            let Some(action) = actions::action(&text.text).filter(|a| !a.resources.is_empty() && !a.is_deprecated())
            else {
                continue;
            };
            if action.service() != "artifact" || arns.iter().any(|arn| reaches(arn, &action.resources)) {
                continue;
            }
            let words: Vec<String> = action.resources.iter().map(|ty| ty.arn(policy.partition())).collect();
            let verb = if statement.allow == Some(false) { "deny" } else { "grant" };
            let message = format!(
                "`{}` does not act on any resource in this statement, which therefore does not {verb} it",
                action.name
            );
            sink.add(&text.at, message, format!("it acts on {}", words.join(" and ")));
        }
    }
}

/// A statement none of whose actions acts on any of its resources, by the catalogue: each action is told. Where one of them acts on
/// something, the others may stand there for the sake of a short list.
fn by_catalogue(statement: &Statement, actions: &List, resources: &List, sink: &mut Sink<'_>) {
    let settings = sink.settings;
    let catalogue = &settings.catalogue;
    let reaches: Option<Vec<Reach>> =
        resources.texts.iter().map(|t| Reach::new(&t.text).filter(|_| t.is_known())).collect();
    let Some(reaches) = reaches.filter(|r| !r.is_empty() && !actions.texts.is_empty()) else {
        return;
    };
    // what matches nothing at all is told as that
    let known = |reach: &Reach| reach.service().is_some_and(|s| catalogue.resources_of(s).any(|r| reach.reaches(r)));
    let mut named: Vec<(&Text, &Service, &Action)> = Vec::new();
    for text in &actions.texts {
        let split = text.text.split_once(':').filter(|(prefix, _)| !prefix.eq_ignore_ascii_case("artifact"));
        let Some((prefix, short)) = split.filter(|_| text.is_literal()) else {
            return;
        };
        let found = catalogue.service(prefix).and_then(|s| Some((s, s.action(short)?)));
        // of what is not known, and of what has no type of its own, nothing can be said
        let Some((service, action)) = found.filter(|(_, a)| !a.resources.is_empty()) else {
            return;
        };
        if reaches.iter().any(|reach| reach.reaches_action(service, action)) {
            return;
        }
        named.push((text, service, action));
    }
    if !reaches.iter().all(known) {
        return;
    }
    for (text, service, action) in named {
        let types = action.resources.iter().filter_map(|(name, _)| service.resource(name));
        let arns: Vec<&str> = types.flat_map(|r| &r.arns).map(String::as_str).collect();
        let verb = if statement.allow == Some(false) { "deny" } else { "grant" };
        let message = format!(
            "`{}:{}` does not act on any resource in this statement, which therefore does not {verb} it (as of {})",
            service.prefix,
            action.name,
            catalogue.date(&service.prefix)
        );
        let help = format!("it acts on {}", arns.join(" and "));
        // AWS lists the types of some actions incompletely, and those that can be tagged most of all
        let near = reaches
            .iter()
            .any(|reach| reach.service().is_none_or(|s| s == service.prefix || arns.iter().any(|a| is_of(a, s))));
        let severity = if near || action.level == Level::Tagging { Severity::Info } else { Severity::Warning };
        sink.add_as(severity, &text.at, message, help);
    }
}

/// Whether an ARN names a service.
fn is_of(arn: &str, service: &str) -> bool {
    arn.split(':').nth(2) == Some(service)
}
