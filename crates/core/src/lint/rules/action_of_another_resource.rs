#![doc = include_str!("../../../../../docs/rules/CS125.md")]

use crate::aws::actions;
use crate::aws::arns::Reach;
use crate::aws::catalogue::{Action, Catalogue, Service};
use crate::aws::resources::{self, ArnText, Type};
use crate::lint::policy::{List, Policy, Statement, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, idle};

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
    of_another_service(policy, sink);
    // every statement is looked at for it
    let partition = std::cell::LazyCell::new(|| policy.partition());
    for statement in &policy.statements {
        let (Some(actions), Some(resources)) = (&statement.actions, &statement.resources) else {
            continue;
        };
        if actions.negated || resources.negated {
            continue;
        }
        by_catalogue(statement, actions, resources, sink);
        let literal = actions.texts.iter().filter(|t| t.is_literal());
        let named: Vec<(&Text, &actions::Action)> = literal
            .filter_map(|t| Some((t, actions::action(&t.text)?)))
            .filter(|(_, a)| a.service() == "artifact" && !a.resources.is_empty() && !a.is_deprecated())
            .collect();
        if named.is_empty() {
            continue;
        }
        let arns: Vec<ArnText> = resources.texts.iter().map(|t| ArnText::new(&t.text)).collect();
        let reaches = |arn: &ArnText, types: &[&Type]| types.iter().any(|ty| arn.reaches(ty).is_ok());
        // what matches nothing at all is told as that
        let all: Vec<&Type> = resources::types().iter().collect();
        if arns.is_empty() || !arns.iter().all(|arn| reaches(arn, &all)) {
            continue;
        }
        for (text, action) in named.into_iter().filter(|(_, a)| !arns.iter().any(|arn| reaches(arn, &a.resources))) {
            let words: Vec<String> = action.resources.iter().map(|ty| ty.arn(&partition)).collect();
            let verb = if statement.allow == Some(false) { "deny" } else { "grant" };
            let message = format!(
                "`{}` does not act on any resource in this statement, which therefore does not {verb} it",
                action.name
            );
            sink.add(&text.at, message, format!("it acts on {}", words.join(" and ")));
        }
    }
}

/// The actions of another service than the one whose resource the policy is of, where it takes no others.
fn of_another_service(policy: &Policy, sink: &mut Sink<'_>) {
    let Some(service) = policy.of_service else {
        return;
    };
    for text in policy.action_texts().filter(|t| t.is_known()) {
        let Some((prefix, _)) = text.text.split_once(':').filter(|(prefix, _)| !prefix.eq_ignore_ascii_case(service))
        else {
            continue;
        };
        let message = format!("`{}` is an action of {prefix}, and AWS takes only those of {service} here", text.text);
        sink.add(&text.at, message, format!("write an action of {service}"));
    }
}

/// A statement none of whose actions acts on any of its resources, by the catalogue: each action is told. Where one of them acts on
/// something, the others may stand there for the sake of a short list.
fn by_catalogue(statement: &Statement, actions: &List, resources: &List, sink: &mut Sink<'_>) {
    let settings = sink.settings;
    let catalogue = &settings.catalogue;
    let Some(reaches) = idle::reaches(resources) else {
        return;
    };
    // what matches nothing at all is told as that
    let known = |reach: &Reach| reach.service().is_some_and(|s| catalogue.resources_of(s).any(|r| reach.reaches(r)));
    let Some(named) = idle_actions(actions, &reaches, catalogue) else {
        return;
    };
    if !reaches.iter().all(known) {
        return;
    }
    // what is asked on `*` only is told as that
    for (text, service, action) in named.into_iter().filter(|(.., a)| !a.resources.is_empty()) {
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
        let incomplete = idle::may_be_incomplete(service, &reaches, &arns);
        let severity = if incomplete { Severity::Info } else { Severity::Warning };
        sink.add_as(severity, &text.at, message, help);
    }
}

/// The actions of a list, each of which acts on none of the resources; `None` where one does, or where that is not known of one.
pub(super) fn idle_actions<'a>(
    actions: &'a List,
    reaches: &[Reach],
    catalogue: &'a Catalogue,
) -> Option<Vec<(&'a Text, &'a Service, &'a Action)>> {
    let one = |text: &'a Text| {
        let (prefix, short) = text.text.split_once(':').filter(|_| text.is_literal())?;
        let found = catalogue.service(prefix).and_then(|s| Some((s, s.action(short)?)));
        // AWS Artifact's own actions are told by what is known of them
        let (service, action) = found.filter(|(s, _)| s.prefix != "artifact")?;
        idle::acts_on_none(service, action, reaches).then_some((text, service, action))
    };
    actions.texts.iter().map(one).collect()
}
