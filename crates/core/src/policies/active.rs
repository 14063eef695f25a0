//! The gates of the account's state, tried with each state that an account can be in: nobody does anything in one that is not
//! active, and the state forbids nothing in one that is (D26).

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, Policy, PolicySet, Request,
    RestrictedExpression as Expr,
};
use serde_json::Value;

use super::Rule;
use super::built_in::is_built_in;
use super::operations::{Catalogue, Definition};
use super::reads::attribute_of;
use super::requires::by_themselves;
use crate::inventory::schema::EntitySchema;
use crate::problem::Problem;

/// The state in which people work in the console.
const ACTIVE: &str = "ACTIVE";

/// A problem for each operation of the user's that is open in a state in which nobody acts, or closed in the one in which people do.
/// That the built-in ones are closed is what the policies' own tests show.
pub fn faults(catalogue: &Catalogue, rules: &BTreeMap<String, Rule>, schema: &EntitySchema) -> Vec<Problem> {
    let own = catalogue.operations.iter().filter(|operation| !catalogue.ships(&operation.place));
    own.filter_map(|operation| {
        let gates = of_state(operation.name, rules);
        // one that no such gate is about is told already
        if gates.is_empty() { None } else { states(schema).find_map(|state| of_one(operation, state, &gates)) }
    })
    .collect()
}

/// The operations of which the gates of `before` close a state, and those of `rules` do not, by that state: a gate was removed, or
/// another stands in for it.
pub fn opened(
    catalogue: &Catalogue,
    rules: &BTreeMap<String, Rule>,
    before: &BTreeMap<String, Rule>,
    schema: &EntitySchema,
) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut opened: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for operation in &catalogue.operations {
        let [now, then] = [rules, before].map(|rules| of_state(operation.name, rules));
        let is_closed = |gates: &[(&Rule, Option<Policy>)], state: &str| closing(gates, state).next().is_some();
        for state in states(schema).filter(|state| is_closed(&then, state) && !is_closed(&now, state)) {
            opened.entry(state.to_owned()).or_default().insert(operation.name);
        }
    }
    opened
}

/// The states that an account can be in.
fn states(schema: &EntitySchema) -> impl Iterator<Item = &str> {
    let values = schema.types.get("Account").and_then(|ty| ty.attributes.get("state")?.values.as_ref());
    values.into_iter().flatten().map(String::as_str)
}

/// The gates of the account's state that are about an operation, with the conditions of each that asks about the state alone.
fn of_state<'r>(operation: &str, rules: &'r BTreeMap<String, Rule>) -> Vec<(&'r Rule, Option<Policy>)> {
    let of_state = rules.values().filter(|rule| rule.forbids && rule.get("state") == Some("account"));
    let is_about = |rule: &&Rule| rule.actions.iter().any(|action| action == operation);
    of_state.filter(is_about).map(|rule| (rule, conditions(rule))).collect()
}

/// Those that forbid in a state, whatever else is so.
fn closing<'g, 'r>(gates: &'g [(&'r Rule, Option<Policy>)], state: &'g str) -> impl Iterator<Item = &'r Rule> + 'g {
    let forbids = move |gate: &Option<Policy>| gate.as_ref().is_some_and(|gate| holds(gate, state));
    gates.iter().filter(move |(_, gate)| forbids(gate)).map(|(rule, _)| *rule)
}

fn of_one(operation: &Definition, state: &str, gates: &[(&Rule, Option<Policy>)]) -> Option<Problem> {
    let name = operation.name;
    let mut closing = closing(gates, state);
    if state == ACTIVE {
        let rule = closing.next()?;
        let message = format!("`{}` forbids `{name}` in an account that is active, too", rule.id);
        let help = "a gate with @state(\"account\") says what the account's state forbids: ask `resource.state`";
        return Some(Problem::at(&rule.source, rule.span.first(), message).help(help));
    }
    if closing.next().is_some() {
        return None;
    }
    // where a gate of the user's is about it, that one is at fault
    let theirs = gates.iter().find(|(rule, _)| !is_built_in(&rule.source));
    let (source, span) =
        theirs.map_or((&operation.place.source, operation.place.span), |(rule, _)| (&rule.source, rule.span.first()));
    let message = format!("no gate forbids `{name}` in an account that is `{state}`, whatever else is so");
    let help = "nobody can do anything in the console of an account that is not active (D26): add a forbid with \
                @state(\"account\") unless { resource.state == \"ACTIVE\" }";
    Some(Problem::at(source, span, message).help(help))
}

/// The conditions of a gate that asks about the state alone, whatever its head says. One that asks for more leaves accounts out.
fn conditions(rule: &Rule) -> Option<Policy> {
    if is_of_state_alone(rule) { by_themselves(rule.conditions()) } else { None }
}

/// Whether a policy asks about the account's state and nothing else.
pub fn is_of_state_alone(rule: &Rule) -> bool {
    rule.conditions().iter().all(asks_state_alone)
}

fn asks_state_alone(json: &Value) -> bool {
    match json {
        _ if attribute_of(json, "resource") == Some("state") => true,
        Value::Object(members) => !members.contains_key("Var") && members.values().all(asks_state_alone),
        Value::Array(items) => items.iter().all(asks_state_alone),
        _ => true,
    }
}

/// Whether the conditions hold of an account of which nothing but its state is known.
fn holds(gate: &Policy, state: &str) -> bool {
    let decided = || {
        let uid: EntityUid = "Artifact::Account::\"\"".parse().ok()?;
        let attributes = [("state".to_owned(), Expr::new_string(state.to_owned()))];
        let account = Entity::new(uid.clone(), attributes.into(), [].into()).ok()?;
        let entities = Entities::from_entities([account], None).ok()?;
        let request = Request::new(uid.clone(), uid.clone(), uid, Context::empty(), None).ok()?;
        let set = PolicySet::from_policies([gate.clone()]).ok()?;
        Some(Authorizer::new().is_authorized(&request, &set, &entities).decision())
    };
    decided() == Some(Decision::Allow)
}
