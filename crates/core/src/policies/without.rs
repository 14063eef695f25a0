//! What a set of rules leaves undecided. Rules that are replaced may lack what is no error to lack: without findings, nothing is
//! found, and without gates for the state of agreements, permissions alone decide. Every output says so.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Effect;

use super::parsed::Policies;
use super::{RuleBook, built_in};
use crate::inventory::schema::EntitySchema;
use crate::policies::Rule;
use crate::policies::operations::check::ASSUME;

/// The actions of findings, and what they are about.
const FINDINGS: [(&str, &str); 5] = [
    ("report-on-account", "findings about accounts"),
    ("report-on-organization", "findings about organizations"),
    ("report-on-agreement", "findings about agreements"),
    ("report-on-access", "findings about access"),
    ("report-on-policy", "findings about policy documents"),
];

/// The values of `@state`, and the gates that have it.
const STATES: [(&str, &str); 2] =
    [("account", "gates for the state of the account"), ("agreements", "gates for the state of agreements")];

impl RuleBook {
    /// What these rules do not decide: the words after "which have no".
    pub fn without(&self) -> Vec<String> {
        let permits = |action: &str| self.policies(action).any(|p| p.effect() == Effect::Permit);
        let missing: Vec<&str> =
            FINDINGS.iter().filter(|(action, _)| !permits(action)).map(|(_, words)| *words).collect();
        let mut without = if missing.len() == FINDINGS.len() { vec!["findings"] } else { missing };
        without.extend(STATES.iter().filter(|(state, _)| !of_state(&self.rules, state)).map(|(_, words)| *words));
        if !permits(ASSUME) {
            without.push("assumptions");
        }
        without.into_iter().map(str::to_owned).chain(self.lacks.iter().cloned()).collect()
    }
}

fn of_state(rules: &BTreeMap<String, Rule>, state: &str) -> bool {
    gates(rules).any(|rule| rule.get("state") == Some(state))
}

fn gates(rules: &BTreeMap<String, Rule>) -> impl Iterator<Item = &Rule> {
    rules.values().filter(|rule| rule.forbids)
}

/// What the built-in rules decide and rules that stand in for all of them do not: gates of a state for some operation, and
/// findings. What they lack altogether is told by [`RuleBook::without`].
pub fn lacks(own: &RuleBook, schema: &EntitySchema) -> Vec<String> {
    // the built-in policies fit the built-in schema, whatever is laid over it
    let Ok(ours) = Policies::of(&built_in::sources(), schema, false, &mut Vec::new()) else {
        return Vec::new();
    };
    let mut lacks = Vec::new();
    for (state, words) in STATES.iter().filter(|(state, _)| of_state(&own.rules, state)) {
        let named = |rules: &BTreeMap<String, Rule>| -> BTreeSet<String> {
            gates(rules).filter(|r| r.get("state") == Some(state)).flat_map(|r| r.actions.clone()).collect()
        };
        let known = named(&own.rules);
        let missing =
            named(&ours.rules).into_iter().filter(|o| !known.contains(o) && own.operations.operation(o).is_some());
        lacks.extend(missing.map(|operation| format!("{words} on {operation}")));
    }
    let codes = |rules: &BTreeMap<String, Rule>| -> BTreeSet<String> {
        rules.values().filter_map(|r| r.text("code")).collect()
    };
    let has_any = |rule: &Rule| rule.actions.iter().any(|action| own.policies(action).next().is_some());
    let known = codes(&own.rules);
    let of_ours = ours.rules.values().filter(|rule| has_any(rule)).filter_map(|r| r.text("code"));
    let missing: BTreeSet<String> = of_ours.filter(|code| !known.contains(code)).collect();
    lacks.extend(missing.into_iter().map(|code| format!("finding {code}")));
    lacks
}
