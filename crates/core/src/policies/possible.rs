//! The states of agreements in which an operation is possible, held against the gates of that state: an operation that they
//! always forbid is possible in no state, and every guardrail about it would pass.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Rule;
use super::operations::{Catalogue, Definition};
use super::reads::{any_part, is_variable};
use super::requires::Gate;
use crate::problem::Problem;
use crate::terms::{PermissionModel, Scope};

/// A problem for each operation that its own gates forbid whenever it is said to be possible.
pub fn faults(catalogue: &Catalogue, rules: &BTreeMap<String, Rule>) -> Vec<Problem> {
    // what a gate reads of the account may be otherwise
    let is_entity = |part: &Value| is_variable(part, "principal") || is_variable(part, "resource");
    let of_context = |rule: &Rule| !rule.conditions().iter().any(|condition| any_part(condition, &is_entity));
    let of_state = |rule: &&Rule| rule.forbids && rule.get("state") == Some("agreements") && of_context(rule);
    let gate = |rule| Some((rule, Gate::new(Rule::conditions(rule).to_vec())?));
    let gates: Vec<(&Rule, Gate)> = rules.values().filter(of_state).filter_map(gate).collect();
    catalogue.operations.iter().filter_map(|operation| fault(operation, &gates)).collect()
}

fn fault(operation: &Definition, gates: &[(&Rule, Gate)]) -> Option<Problem> {
    let scopes = || operation.scopes.iter().copied().map(Some);
    let none = operation.scopes.is_empty().then_some(None);
    for scope in scopes().chain(none) {
        let own = gates.iter().filter(|(rule, _)| rule.actions.iter().any(|action| action == operation.name));
        let always = own.clone().find(|(_, gate)| always_forbids(gate, operation, scope));
        if let Some((rule, _)) = always {
            let message = format!("`{}` is never possible in the state of `possibleWhile`", operation.name);
            let help = format!(
                "the gate `{}` always forbids it there: guardrails about it would pass, whoever may do it",
                rule.id
            );
            return Some(Problem::at(&operation.place.source, operation.place.span, message).help(help));
        }
    }
    None
}

/// Whether a gate forbids in every state that the operation is possible in. One that reads anything else may not.
fn always_forbids(gate: &Gate, operation: &Definition, scope: Option<Scope>) -> bool {
    let both = |known: Option<bool>| known.map_or(vec![false, true], |known| vec![known]);
    let scope = scope.map_or("none", Scope::word);
    PermissionModel::Any.generations().iter().all(|generation| {
        both(operation.possible.in_force).into_iter().all(|in_force| {
            both(operation.possible.designated)
                .into_iter()
                .all(|designated| gate.forbids(generation, in_force, (scope, designated), &BTreeSet::new()) == Ok(true))
        })
    })
}
