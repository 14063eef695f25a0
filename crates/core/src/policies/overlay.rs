//! A user's rules laid over the built-in ones by `@id`: another policy of the same id stands in for ours, a new id is added,
//! and `@remove` drops one. What becomes of the built-in texts keeps its places: a policy that no longer counts is blanked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::Effect;
use serde_json::Value;

use super::annotations::{Annotated, annotation};
use super::narrower::asks_more;
use super::reads::actions;
use super::requires::{self, generations, of_generation};
use super::{Origin, parse, spans};
use crate::problem::{Place, Problem, SourceFile, Span, distance, instead};

/// Built-in texts and a user's, as one set of rules.
pub struct Overlay {
    /// The texts, of which each policy counts.
    pub sources: Vec<Arc<SourceFile>>,
    /// What was laid over.
    pub origin: Origin,
    /// Where each policy that was dropped is said to be.
    pub removed: BTreeMap<String, Place>,
    /// What is likely not meant.
    pub warnings: Vec<Problem>,
}

/// A policy by its `@id`, where it stands, what drops ours, and what it is about.
struct Named {
    id: String,
    span: Span,
    /// Where it says that it drops the built-in one.
    removal: Option<Span>,
    /// Its effect and its actions.
    about: String,
    /// Of a forbid, the principals and resources that it is about.
    scope: Option<[Value; 2]>,
    /// Of a forbid, its conditions.
    conditions: Vec<Value>,
    /// Its `@order`.
    order: Option<String>,
    /// The permissions that it asks for, by the generation of permissions.
    requires: BTreeMap<String, Vec<String>>,
}

impl Named {
    /// Whether it drops the built-in policy of its id.
    fn removes(&self) -> bool {
        self.removal.is_some()
    }

    /// Whether a forbid is about fewer principals or resources than another, as far as its head tells.
    fn is_narrower_than(&self, other: &Self) -> bool {
        let (Some(own), Some(others)) = (&self.scope, &other.scope) else {
            return false;
        };
        let is_all = |part: &Value| part.get("op").and_then(Value::as_str) == Some("All");
        own.iter().zip(others).any(|(own, other)| own != other && !is_all(own))
    }

    /// The order of the policy that it stands in for, where it has none of its own.
    fn lacks_order<'o>(&self, ours: &'o Self) -> Option<&'o str> {
        ours.order.as_deref().filter(|_| self.order.is_none() && !self.removes())
    }

    /// A warning where a gate asks for more than the one that it stands in for, before it forbids.
    fn forbids_less(&self, source: &Arc<SourceFile>, ours: &Self) -> Option<Problem> {
        asks_more(&self.conditions, &ours.conditions)?;
        let message =
            format!("`{}` stands in for the built-in gate and has a condition that this one has not", self.id);
        let help = "where the condition does not hold, the gate forbids nobody: everybody passes it. To forbid more, \
                    write a gate of your own beside it";
        Some(Problem::at(source, self.span.first(), message).help(help).warning())
    }

    /// A warning where a gate does not ask for a permission that the one does that it stands in for.
    fn asks_less(&self, source: &Arc<SourceFile>, ours: &Self) -> Option<Problem> {
        let dropped: BTreeSet<&str> = generations()
            .iter()
            .flat_map(|generation| [(*generation, false), (*generation, true)])
            .flat_map(|(generation, in_force)| {
                let own = of_generation(&self.requires, generation, in_force);
                of_generation(&ours.requires, generation, in_force).iter().filter(|action| !own.contains(action))
            })
            .map(String::as_str)
            .collect();
        let names = dropped.into_iter().collect::<Vec<_>>().join(", ");
        let message = format!("`{}` stands in for the built-in gate, which also asks for {names}", self.id);
        let help = format!(
            "who lacks it passes this gate: ask for it in the condition and in @requires, as `countersign show policy {}` prints them, \
             unless that is meant",
            self.id
        );
        (!names.is_empty()).then(|| Problem::at(source, self.span.first(), message).help(help).warning())
    }

    /// A warning where a policy has nearly the id of a built-in one that is about the same: it stands in for nothing.
    fn nearly(&self, source: &Arc<SourceFile>, ours: &BTreeMap<&str, &Self>) -> Option<Problem> {
        /// More letters than a slip changes make another word.
        const SLIP: usize = 2;
        let alike = ours.values().filter(|other| other.about == self.about).map(|other| other.id.as_str());
        let near = alike.filter(|other| distance(&self.id, other, SLIP).is_some()).min()?;
        let message = format!("`{}` is added beside the built-in policy `{near}`, which still decides", self.id);
        let help = format!("to stand in for it, write @id(\"{near}\")");
        Some(Problem::at(source, self.span.first(), message).help(help).warning())
    }
}

/// Lays a user's texts over the built-in ones.
pub fn lay(
    built_in: Vec<Arc<SourceFile>>,
    own: Vec<Arc<SourceFile>>,
    folder: &str,
    problems: &mut Vec<Problem>,
) -> Overlay {
    let built_in: Vec<(Arc<SourceFile>, Vec<Named>)> =
        built_in.into_iter().map(|s| (s.clone(), named(&s, problems))).collect();
    let ours: BTreeMap<&str, &Named> =
        built_in.iter().flat_map(|(_, policies)| policies).map(|n| (n.id.as_str(), n)).collect();
    let mut seen = BTreeSet::new();
    let mut origin = Origin { folder: Some(folder.to_owned()), ..Origin::default() };
    let (mut sources, mut warnings) = (Vec::new(), Vec::new());
    let mut gone = BTreeSet::new();
    let mut removed = BTreeMap::new();
    for source in own {
        let policies = named(&source, problems);
        for policy in &policies {
            let at =
                |message: String, help: &str| Problem::at(&source, policy.span.first(), message).help(help.to_owned());
            if !seen.insert(policy.id.clone()) {
                problems.push(at(
                    format!("two policies have the id `{}`", policy.id),
                    "ids must be unique across all files",
                ));
                continue;
            }
            // another policy of the id of a gate would take the gate away without a word
            let known = ours.get_key_value(policy.id.as_str());
            if let Some((_, ours)) = known.filter(|(_, ours)| !policy.removes() && policy.is_narrower_than(ours)) {
                let message =
                    format!("`{}` forbids less than the built-in policy: whom it leaves out would pass", ours.id);
                let help = "write `principal` and `resource` as the built-in policy has them; to drop it, write it with @remove";
                problems.push(at(message, help));
                continue;
            }
            if let Some((_, ours)) = known.filter(|(_, ours)| !policy.removes() && ours.about != policy.about) {
                let about = &ours.about;
                let message =
                    format!("`{}` is a {about} in the built-in rules, but a {} here", policy.id, policy.about);
                problems.push(at(message, "use another @id; to drop the built-in policy, write it with @remove"));
                continue;
            }
            if let Some(order) = known.and_then(|(_, ours)| policy.lacks_order(ours)) {
                let message = format!("this policy has no `@order`, and the built-in `{}` has", policy.id);
                let help = format!(
                    "write @order(\"{order}\") as there: of the gates that deny, the first by order gives the reason"
                );
                problems.push(at(message, &help));
                continue;
            }
            if !policy.removes() {
                match known {
                    Some((_, ours)) => {
                        warnings.extend(policy.forbids_less(&source, ours));
                        warnings.extend(policy.asks_less(&source, ours));
                    }
                    None => warnings.extend(policy.nearly(&source, &ours)),
                }
            }
            match (known.is_some(), policy.removes()) {
                (true, true) => {
                    let span = policy.removal.unwrap_or(policy.span);
                    removed.insert(policy.id.clone(), Place { source: source.clone(), span });
                    origin.removed.push(policy.id.clone());
                }
                (true, false) => origin.replaced.push(policy.id.clone()),
                (false, false) => origin.added.push(policy.id.clone()),
                (false, true) => problems.push(unknown(&source, policy, &ours)),
            }
            gone.extend(known.map(|(id, _)| *id));
        }
        let removing: Vec<Span> = policies.iter().filter(|p| p.removes()).map(|p| p.span).collect();
        sources.push(without(&source, &removing));
    }
    let kept = built_in.iter().map(|(source, policies)| {
        let dropped = policies.iter().filter(|n| gone.contains(n.id.as_str()));
        without(source, &dropped.map(|n| n.span).collect::<Vec<_>>())
    });
    let sources = kept.chain(sources).collect();
    for ids in [&mut origin.added, &mut origin.replaced, &mut origin.removed] {
        ids.sort();
    }
    Overlay { sources, origin, removed, warnings }
}

fn unknown(source: &Arc<SourceFile>, policy: &Named, ours: &BTreeMap<&str, &Named>) -> Problem {
    let help = instead(&policy.id, ours.keys().copied(), "`countersign show policies` prints the built-in rules");
    Problem::at(source, policy.span.first(), format!("there is no built-in policy `{}` to remove", policy.id))
        .help(help)
}

/// The policies of a text that have an `@id`; what is wrong with others is told when they are loaded.
fn named(source: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Vec<Named> {
    let policies = parse(source, problems);
    let policies = policies.iter().zip(spans(&source.text));
    policies
        .filter_map(|(policy, span)| {
            let id = annotation(policy, "id")?.to_owned();
            let remove = annotation(policy, "remove");
            if remove.is_some_and(|value| !value.is_empty()) {
                let place = Annotated { source, span, policy, subjects: &[] }.place("remove");
                problems.push(Problem::at(source, place, "`@remove` takes no value").help("write @remove"));
                return None;
            }
            let effect = if policy.effect() == Effect::Permit { "permit" } else { "forbid" };
            let mut actions = actions(policy);
            actions.sort();
            let about = format!("{effect} of {}", actions.join(", "));
            let json = (policy.effect() == Effect::Forbid).then(|| policy.to_json().ok()).flatten();
            let part = |name: &str| json.as_ref().and_then(|json| json.get(name).cloned());
            let conditions = part("conditions").and_then(|c| c.as_array().cloned()).unwrap_or_default();
            let scope = part("principal").zip(part("resource")).map(|(principal, resource)| [principal, resource]);
            let place = || Annotated { source, span, policy, subjects: &[] }.place("remove");
            let order = annotation(policy, "order").map(str::to_owned);
            // what is wrong with it is told when the policies are loaded
            let requires =
                annotation(policy, "requires").and_then(|text| requires::parse(text).ok()).unwrap_or_default();
            Some(Named { id, span, removal: remove.map(|_| place()), about, scope, conditions, order, requires })
        })
        .collect()
}

/// A text in which these policies are blank.
fn without(source: &Arc<SourceFile>, blank: &[Span]) -> Arc<SourceFile> {
    if blank.is_empty() {
        return source.clone();
    }
    let is_blank = |at: usize| blank.iter().any(|s| s.start <= at && at < s.end);
    let blanked = source.text.char_indices().flat_map(|(at, c)| {
        let width = if is_blank(at) && c != '\n' { c.len_utf8() } else { 0 };
        // as many bytes as before, so that places stay
        std::iter::repeat_n(if width > 0 { ' ' } else { c }, width.max(1))
    });
    SourceFile::new(source.path.clone(), blanked.collect::<String>())
}
