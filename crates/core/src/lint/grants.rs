//! What a policy allows and denies: statement by statement, service by service and access level by access level.
//!
//! It is read off the document. What comes of it together with other policies is for evaluation to say.

use std::collections::BTreeMap;

use serde::Serialize;

use super::policy::{Condition, List, Policy, Statement, Text};
use super::read::choice::values;
use super::{idle, told};
use crate::aws::arns::Reach;
use crate::aws::catalogue::{Action, Catalogue, Level, Service};
use crate::text::json::Node;

/// What a statement says of the actions of one service and access level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// `Allow`, `Deny`, or null where that is not known.
    pub effect: Option<&'static str>,
    /// The prefix of the service; `*` for all.
    pub service: String,
    /// Its name, where the catalogue has it.
    pub service_name: Option<String>,
    /// The access level; null for actions that the catalogue does not have, and for all at once.
    pub level: Option<&'static str>,
    /// The actions, or the patterns that no action of the catalogue fits, or `*`.
    pub actions: Vec<String>,
    /// Actions that are named as well, and by the catalogue act on none of the resources: these are neither allowed nor denied here.
    pub without_effect: Vec<String>,
    /// How many actions of this level the service has.
    pub of: Option<usize>,
    /// All actions but these.
    pub all_but: bool,
    /// The resources as they are written; none where the policy belongs to a resource.
    pub resources: Vec<String>,
    /// All resources but these.
    pub all_resources_but: bool,
    /// The conditions, all of which have to hold.
    pub conditions: Vec<String>,
    /// Whom it is about, where the statement says so.
    pub principals: Vec<String>,
    /// The statement's place in the policy.
    pub pointer: String,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Parts of the statement are not known here, or whether it is there.
    pub partly_known: bool,
}

/// What a policy says, in the order of its statements, services and levels.
pub fn grants(policy: &Policy, catalogue: &Catalogue) -> Vec<Grant> {
    if policy.layers.is_empty() {
        return policy.statements.iter().flat_map(|s| of_statement(policy, s, catalogue)).collect();
    }
    let laid = policy.laid.iter().flat_map(|laid| {
        let pointer = told(laid.pointer.clone());
        let of = of_statement(policy, &laid.statement, catalogue).into_iter();
        of.map(move |grant| Grant { pointer: pointer.clone(), ..grant })
    });
    laid.collect()
}

/// Whether all of the statements of a policy are known, those of its parts among them.
pub fn is_complete(policy: &Policy) -> bool {
    policy.complete && (policy.layers.is_empty() || policy.whole.is_some())
}

fn of_statement(policy: &Policy, statement: &Statement, catalogue: &Catalogue) -> Vec<Grant> {
    let resources = statement.resources.as_ref();
    let frame = Grant {
        effect: statement.allow.map(|allow| if allow { "Allow" } else { "Deny" }),
        service: "*".to_owned(),
        service_name: None,
        level: None,
        actions: vec!["*".to_owned()],
        without_effect: Vec::new(),
        of: None,
        all_but: false,
        resources: resources.iter().flat_map(|r| &r.texts).map(|t| told(t.text.clone())).collect(),
        all_resources_but: resources.is_some_and(|r| r.negated),
        conditions: statement.conditions.iter().map(condition).collect(),
        principals: principals(&statement.node),
        pointer: told(policy.pointer_to(&statement.at.pointer)),
        sid: statement.sid.as_ref().map(|s| told(s.text.clone())),
        partly_known: statement.perhaps || statement.meaning.is_none(),
    };
    let Some(actions) = &statement.actions else {
        return vec![Grant { actions: Vec::new(), ..frame }];
    };
    if actions.negated {
        let texts = actions.texts.iter().map(|t| told(t.text.clone())).collect();
        return vec![Grant { actions: texts, all_but: true, ..frame }];
    }
    if actions.texts.iter().any(|t| t.text == "*") {
        return vec![frame];
    }
    let mut found = Vec::new();
    let reaches = resources.and_then(idle::reaches);
    for ((service, level), names) in by_level(actions, reaches.as_deref(), catalogue) {
        let known = catalogue.service(&service);
        let of = known.zip(level).map(|(s, level)| s.actions.iter().filter(|a| a.level == level).count());
        found.push(Grant {
            service_name: known.map(|s| s.name.clone()),
            service,
            level: level.map(Level::words),
            actions: names.acting,
            without_effect: names.idle,
            of,
            ..frame.clone()
        });
    }
    found
}

/// The names of actions of one service and level.
#[derive(Default)]
struct Names {
    acting: Vec<String>,
    /// Those that act on none of the resources.
    idle: Vec<String>,
}

/// The actions that a list names, by service and level; those that the catalogue does not have as they are written.
fn by_level(
    actions: &List,
    reaches: Option<&[Reach]>,
    catalogue: &Catalogue,
) -> BTreeMap<(String, Option<Level>), Names> {
    let mut found: BTreeMap<(String, Option<Level>), Names> = BTreeMap::new();
    let mut add = |service: &str, level: Option<Level>, name: String, idle: bool| {
        let names = found.entry((service.to_ascii_lowercase(), level)).or_default();
        let names = if idle { &mut names.idle } else { &mut names.acting };
        if !names.contains(&name) {
            names.push(name);
        }
    };
    for text in &actions.texts {
        let (prefix, short) = text.text.split_once(':').unwrap_or(("*", &text.text));
        let service = catalogue.service(prefix);
        let matched = service.map(|s| named(s, short, text)).unwrap_or_default();
        if matched.is_empty() {
            add(&told(prefix.to_owned()), None, told(short.to_owned()), false);
        }
        for action in matched {
            let idle = service.zip(reaches).is_some_and(|(s, reaches)| idle::acts_on_none(s, action, reaches));
            add(prefix, Some(action.level), action.name.clone(), idle);
        }
    }
    found
}

fn named<'c>(service: &'c Service, pattern: &str, text: &Text) -> Vec<&'c Action> {
    if !text.is_known() {
        return Vec::new();
    }
    service.matching(pattern).collect()
}

fn condition(condition: &Condition) -> String {
    let values: Vec<&str> = condition.values.iter().map(|v| v.text.as_str()).collect();
    told(format!("{} {}: {}", condition.operator_text.text, condition.key.text, values.join(", ")))
}

/// Whom a statement is about, as it is written.
fn principals(statement: &Node) -> Vec<String> {
    let (but, node) = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(node), _) => ("", node),
        (None, Some(node)) => ("all but ", node),
        (None, None) => return Vec::new(),
    };
    let text = |node: &Node| node.as_str().map_or_else(|| "…".to_owned(), str::to_owned);
    let mut found = Vec::new();
    for node in values(node) {
        let Some(members) = node.as_object() else {
            found.push(told(format!("{but}{}", text(node))));
            continue;
        };
        for member in members {
            let values = member.node.as_array().unwrap_or(std::slice::from_ref(&member.node));
            found.extend(values.iter().map(|v| told(format!("{but}{} {}", member.key, text(v)))));
        }
    }
    found
}
