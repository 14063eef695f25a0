//! What a set of rules leaves undecided. Rules that are replaced may lack what is no error to lack: without findings, nothing is
//! found, and without gates for the state of agreements, permissions alone decide. Every output says so.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Effect;

use super::parsed::Policies;
use super::{RuleBook, active, built_in};
use crate::inventory::schema::EntitySchema;
use crate::policies::Rule;
use crate::policies::operations::check::ASSUME;
use crate::problem::Problem;

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

/// The built-in rules, which fit the built-in schema, whatever is laid over it.
fn built_in_rules(schema: &EntitySchema) -> Option<BTreeMap<String, Rule>> {
    Policies::of(&built_in::sources(), schema, |_| true, &mut Vec::new()).ok().map(|policies| policies.rules)
}

/// What rules decide less than those that are built in.
#[derive(Default)]
pub struct Less {
    /// What these rules lack of what the built-in ones decide: the words after "which have no". What they lack altogether is told by
    /// [`RuleBook::without`].
    pub lacks: Vec<String>,
    /// The operations that built-in gates close in a state of the account, and these do not.
    opened: BTreeMap<String, BTreeSet<&'static str>>,
    /// The built-in policies that they leave out, and whether each asks for permissions.
    left_out: Vec<(String, bool)>,
}

impl Less {
    /// Of rules that stand in for all that are built in, or are laid over them with less.
    pub fn of(own: &RuleBook, schema: &EntitySchema) -> Self {
        let Some(ours) = built_in_rules(schema) else {
            return Self::default();
        };
        let opened = active::opened(&own.operations, &own.rules, &ours, schema);
        let left_out = left_out(own, &ours);
        let mut lacks = told(left_out.iter().map(|(name, _)| name.clone()).collect());
        lacks.extend(states(own, &ours, &opened));
        lacks.extend(findings(own, &ours));
        Self { lacks, opened, left_out }
    }

    /// A warning for each state of an account in which the built-in gates let nobody act, and these rules somebody (D26).
    pub fn opened<'w>(&'w self, folder: &'w str) -> impl Iterator<Item = Problem> + 'w {
        self.opened.iter().map(move |(state, operations)| {
            let names: Vec<String> = operations.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("no gate forbids {} in an account that is `{state}`", names.join(", "));
            let help = "nobody can do anything in the console of an account that is not active (D26): replace the gate of \
                        that state instead of removing it, or add one with @state(\"account\")";
            Problem::about(folder.to_owned(), message).help(help).warning()
        })
    }

    /// A warning where built-in policies that decide are left out. `asking`: those that ask for permissions count, of which nothing else is
    /// told.
    pub fn left_out(&self, folder: &str, asking: bool) -> Option<Problem> {
        let names = self.left_out.iter().filter(|(_, asks)| asking || !asks).map(|(name, _)| name.clone());
        let names = told(names.collect());
        let message = format!("these rules have no {}", names.join(", no "));
        let help = "what they alone deny, nothing denies: write a policy with this @id, unless that is meant";
        (!names.is_empty()).then(|| Problem::about(folder.to_owned(), message).help(help).warning())
    }
}

/// As many names are told of what is left out.
const NAMES: usize = 6;

/// A few names, and how many more there are.
fn told(mut names: Vec<String>) -> Vec<String> {
    if names.len() > NAMES {
        let more = names.split_off(NAMES).len();
        names.push(format!("{more} more of the built-in policies"));
    }
    names
}

/// The built-in policies that deny an operation, or say what is in force and what is a fact, of which these rules have none of the same
/// `@id`: `gate all-features`. What gates of the account's state alone close is asked of all of them together ([`active::opened`]).
fn left_out(own: &RuleBook, ours: &BTreeMap<String, Rule>) -> Vec<(String, bool)> {
    let is_told = |rule: &&Rule| {
        let others = |action: &String| action == ASSUME || action == "advise" || action.starts_with("report-on-");
        let is_measured = rule.get("state") == Some("account") && active::is_of_state_alone(rule);
        !own.rules.contains_key(&rule.id) && !is_measured && !rule.actions.iter().any(others)
    };
    let is_operation = |action: &String| own.operations.operation(action).is_some();
    let named = |rule: &Rule| {
        let what = if rule.forbids && rule.actions.iter().all(is_operation) { "gate" } else { "policy" };
        (format!("{what} {}", rule.id), !rule.requires.is_empty())
    };
    let mut left_out: Vec<(String, bool)> = ours.values().filter(is_told).map(named).collect();
    left_out.sort();
    left_out
}

/// The gates of a state that these rules have for some operations, and not for others, or not in each state.
fn states(
    own: &RuleBook,
    ours: &BTreeMap<String, Rule>,
    opened: &BTreeMap<String, BTreeSet<&'static str>>,
) -> Vec<String> {
    let mut lacks = Vec::new();
    for (state, words) in STATES.iter().filter(|(state, _)| of_state(&own.rules, state)) {
        let named = |rules: &BTreeMap<String, Rule>| -> BTreeSet<String> {
            gates(rules).filter(|r| r.get("state") == Some(state)).flat_map(|r| r.actions.clone()).collect()
        };
        let known = named(&own.rules);
        let missing = named(ours).into_iter().filter(|o| !known.contains(o) && own.operations.operation(o).is_some());
        lacks.extend(missing.map(|operation| format!("{words} on {operation}")));
        // of the others, what they forbid in some states only
        if *state == "account" {
            let in_part = opened.iter().map(|(state, of)| (state, of.iter().filter(|o| known.contains(**o))));
            let in_part = in_part.map(|(state, of)| (state, of.copied().collect::<Vec<_>>()));
            let in_part = in_part.filter(|(_, operations)| !operations.is_empty());
            lacks.extend(
                in_part.map(|(state, of)| format!("gates for an account that is {state} on {}", of.join(", "))),
            );
        }
    }
    lacks
}

/// The built-in findings that these rules do not make.
fn findings(own: &RuleBook, ours: &BTreeMap<String, Rule>) -> Vec<String> {
    let codes = |rules: &BTreeMap<String, Rule>| -> BTreeSet<String> {
        rules.values().filter_map(|r| r.text("code")).collect()
    };
    let has_any = |rule: &Rule| rule.actions.iter().any(|action| own.policies(action).next().is_some());
    let known = codes(&own.rules);
    let of_ours = ours.values().filter(|rule| has_any(rule)).filter_map(|r| r.text("code"));
    let missing: BTreeSet<String> = of_ours.filter(|code| !known.contains(code)).collect();
    missing.into_iter().map(|code| format!("finding {code}")).collect()
}
