//! Gates that follow from the state of agreements or of the account, and do not say so with `@state`: guardrails ask who may act whatever
//! that state is today, and take such a gate for one that always forbids.

use super::stated::reads_of;
use super::{Rule, RuleBook};
use crate::problem::Problem;

/// What a gate about a state reads: of what, which attribute, and the `@state` that says so.
const STATES: [(&str, &str, &str); 4] = [
    ("context", "inForce", "agreements"),
    ("context", "designated", "agreements"),
    ("resource", "nda", "agreements"),
    ("resource", "state", "account"),
];

impl RuleBook {
    /// A warning for each gate of the user's that reads a state, asks for no permission, and has no `@state`.
    pub(super) fn unsaid_states(&self) -> Vec<Problem> {
        let own = self.rules.values().filter(|rule| self.is_own(&rule.id) && rule.forbids);
        let is_gate = |rule: &&Rule| rule.actions.iter().all(|action| self.operations.operation(action).is_some());
        own.filter(is_gate).filter_map(unsaid).collect()
    }
}

fn unsaid(rule: &Rule) -> Option<Problem> {
    if !rule.requires.is_empty() || rule.get("state").is_some() {
        return None;
    }
    let (of, read, state) = STATES.into_iter().find(|(of, name, _)| reads_of(&rule.json, of, name))?;
    let message = format!("`{}` reads `{of}.{read}`, and has no `@state(\"{state}\")`", rule.id);
    let help = "add it: without it, guardrails take this gate for one that forbids whatever the state of today is";
    Some(Problem::at(&rule.source, rule.span.first(), message).help(help).warning())
}
