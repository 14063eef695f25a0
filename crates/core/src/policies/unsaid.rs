//! Gates that follow from the state of agreements or of the account, and do not say so with `@state`: guardrails ask who may act whatever
//! that state is today, and take such a gate for one that always forbids.

use super::operations::{About, Definition};
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
        let of_gates = own.filter(is_gate).filter_map(unsaid);
        let of_operations = self.operations.operations.iter().filter_map(|operation| self.without_member(operation));
        of_gates.chain(of_operations).collect()
    }

    /// A warning for an operation of the user's about members that no gate keeps from an account that manages none: it is asked there about
    /// none, for its gates to tell.
    fn without_member(&self, operation: &Definition) -> Option<Problem> {
        if operation.about != About::Member || self.operations.ships(&operation.place) {
            return None;
        }
        let mut gates = self.of_action(operation.name).filter(|rule| rule.forbids);
        if gates.any(|rule| self.by_id.get(&rule.id).is_some_and(|reads| reads.attributes.contains("memberState"))) {
            return None;
        }
        let message =
            format!("`{}` is allowed in an account that manages no other, where there is no member", operation.name);
        let help = "add a forbid `unless { context has memberState }`, with a @reason";
        Some(Problem::at(&operation.place.source, operation.place.span, message).help(help).warning())
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
