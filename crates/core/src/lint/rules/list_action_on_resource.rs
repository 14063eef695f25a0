#![doc = include_str!("../../../../../docs/rules/CS134.md")]

use super::action_of_another_resource::idle_actions;
use super::tasks;
use crate::aws::actions;
use crate::aws::catalogue::Catalogue;
use crate::lint::policy::{List, Policy, Statement, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit, idle};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS134",
    name: "list-action-on-resource",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS134.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let about = tasks::is_about_agreements(policy);
    for statement in &policy.statements {
        let (Some(actions), Some(resources)) = (&statement.actions, &statement.resources) else {
            continue;
        };
        // a text of stars only is `*`; what is not known may be
        let may_be_all = |t: &Text| !t.is_known() || (!t.text.is_empty() && t.text.chars().all(|c| c == '*'));
        if actions.negated || resources.negated || resources.texts.is_empty() || resources.texts.iter().any(may_be_all)
        {
            continue;
        }
        by_catalogue(statement, actions, resources, about, sink);
        let without = |t: &&Text| is_without_resource(t, about);
        let every = actions.texts.iter().all(|t| is_without_resource(t, about));
        for text in actions.texts.iter().filter(without) {
            let verb = if statement.allow == Some(false) { "denied" } else { "granted" };
            let message = format!("`{}` applies only to `*`, not to an ARN: it is not {verb} here", text.text);
            let help = if every {
                "write \"Resource\": \"*\""
            } else {
                "give it a statement of its own with \"Resource\": \"*\""
            };
            let finding = sink.add(&text.at, message, help);
            if let (Some(finding), [only]) = (finding, resources.texts.as_slice()) {
                let what = format!("sets the resource to `*`: the actions of this statement are {verb}");
                finding.fix(false, what, edit::replace(policy, only, "*").filter(|_| every));
            }
        }
    }
}

/// The actions of other services that have no resources, where none of the actions of a statement acts on any of its resources. Where one
/// does, the others may stand there for the sake of a short list.
fn by_catalogue(statement: &Statement, actions: &List, resources: &List, about: bool, sink: &mut Sink<'_>) {
    let settings = sink.settings;
    // most statements name no such action, and what their resources reach is not asked then
    if !actions.texts.iter().any(|text| has_no_types(text, &settings.catalogue)) {
        return;
    }
    let Some(reaches) = idle::reaches(resources) else {
        return;
    };
    let idle = idle_actions(actions, &reaches, &settings.catalogue).unwrap_or_default();
    let told = |text: &Text| is_without_resource(text, about);
    for (text, service, _) in idle.into_iter().filter(|(text, _, a)| a.resources.is_empty() && !told(text)) {
        let verb = if statement.allow == Some(false) { "denied" } else { "granted" };
        let date = settings.catalogue.date(&service.prefix);
        let message =
            format!("`{}` applies only to `*`, not to an ARN: it is not {verb} here (as of {date})", text.text);
        let incomplete = idle::may_be_incomplete(service, &reaches, &[]);
        let severity = if incomplete { Severity::Info } else { Severity::Warning };
        sink.add_as(severity, &text.at, message, "give it a statement of its own with \"Resource\": \"*\"");
    }
}

/// An action that has no resources by the catalogue.
fn has_no_types(text: &Text, catalogue: &Catalogue) -> bool {
    let action = text.text.split_once(':').and_then(|(prefix, short)| catalogue.service(prefix)?.action(short));
    action.is_some_and(|action| action.resources.is_empty())
}

/// An action that has no resources; those of IAM that list have paths, and so resources.
fn is_without_resource(text: &Text, about: bool) -> bool {
    let action = actions::action(&text.text);
    action.is_some_and(|a| {
        a.resources.is_empty() && (a.service() == "artifact" || about && a.service() == "organizations")
    })
}
