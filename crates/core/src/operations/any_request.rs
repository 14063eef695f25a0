//! Is there any request by which a principal could do an operation, whatever the request carries?

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::answer::Trial;
use crate::access::{NewRequests, settled};
use crate::aws::keys::spelling;
use crate::permissions::dependence::Choice;
use crate::permissions::principals::Principal;
use crate::problem::Failure;
use crate::terms::{AnyAllowed, Decision};

/// Whether some request is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnyRequest {
    /// Unknown where it depends on what the inventory does not tell.
    pub decision: AnyAllowed,
    /// What a request that is allowed carries: condition keys, and what they are.
    pub request: BTreeMap<String, String>,
}

impl AnyRequest {
    /// From all trials: those with the same facts are requests of one world.
    pub(super) fn of(trials: &[&Trial], decisions: &[Decision], state_unknown: bool) -> Self {
        let mut worlds: BTreeMap<(bool, &Choice), Vec<(&Trial, Decision)>> = BTreeMap::new();
        for (trial, decision) in trials.iter().zip(decisions) {
            worlds.entry((trial.in_force, &trial.facts)).or_default().push((trial, *decision));
        }
        let outcome = |trials: &Vec<(&Trial, Decision)>| {
            let has = |decision| trials.iter().any(|(_, d)| *d == decision);
            match (has(Decision::Allow), has(Decision::Unknown)) {
                (true, _) => AnyAllowed::Yes,
                (false, true) => AnyAllowed::Unknown,
                (false, false) => AnyAllowed::No,
            }
        };
        let outcomes: BTreeSet<AnyAllowed> = worlds.values().map(outcome).collect();
        let decision = match outcomes.first() {
            // which acceptance would be opened is not known, and a policy may name one
            Some(AnyAllowed::Yes) if outcomes.len() == 1 && !state_unknown => AnyAllowed::Yes,
            Some(AnyAllowed::No) if outcomes.len() == 1 => AnyAllowed::No,
            _ => AnyAllowed::Unknown,
        };
        let allowed = trials.iter().zip(decisions).filter(|(_, d)| **d == Decision::Allow).map(|(t, _)| *t);
        let carried = |t: &Trial| -> BTreeMap<String, String> {
            let keys = t.choice.iter().filter(|c| !t.facts.contains(c));
            keys.map(|(key, label)| (spelling(key), label.clone())).collect()
        };
        let present = |request: &BTreeMap<String, String>| request.values().filter(|v| *v != "(absent)").count();
        let request =
            allowed.map(carried).min_by_key(present).filter(|_| decision == AnyAllowed::Yes).unwrap_or_default();
        Self { decision, request }
    }

    /// Where there are too many combinations to try: if no request at all is allowed for an action that is `needed` in every
    /// world, in either generation, none does the operation.
    pub(super) fn search(
        &mut self,
        principal: &Principal,
        needed: &BTreeSet<(&'static str, String)>,
    ) -> Result<(), Failure> {
        if self.decision == AnyAllowed::No {
            return Ok(());
        }
        *self = Self { decision: AnyAllowed::Unknown, request: BTreeMap::new() };
        let mut possible: BTreeMap<&str, bool> = BTreeMap::new();
        for (generation, action) in needed {
            let possible = possible.entry(generation).or_insert(true);
            if *possible {
                let any = settled::allows_any(&principal.stack, &principal.knowledge, action)?;
                *possible = any != NewRequests::None;
            }
        }
        if !possible.is_empty() && !possible.values().any(|p| *p) {
            self.decision = AnyAllowed::No;
        }
        Ok(())
    }
}
