//! What stops an operation whoever asks: the gates that fail with every permission.

use std::collections::BTreeSet;

use super::catalogue::Operation;
use super::{AccountEvaluator, Facts, states};
use crate::agreements::open::Tried;
use crate::inventory::entity::Uid;
use crate::policies::Rule;
use crate::policies::reads::Reads;
use crate::problem::Failure;

/// Why an operation cannot be done by anybody, or why it is not known whether it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// It is not known whether it can.
    pub unknown: bool,
    /// The gate's message or reason.
    pub why: String,
    /// What would help.
    pub change: Option<String>,
    /// The rules that the gate states.
    pub rule: String,
}

impl AccountEvaluator<'_> {
    /// The first gate that fails for somebody with every permission; `None` where it can be done. `kept` are attributes that the
    /// operation does not change, though the permissions to change them would get past a gate.
    ///
    /// A gate that is `@uncertain` stops it only where it is about a state: others are about what no inventory says.
    pub fn stopped(&self, who: &Uid, operation: &Operation, kept: &[&str]) -> Result<Option<Stopped>, Failure> {
        if let Some(reason) = self.organization_unknown {
            return Ok(Some(Stopped { unknown: true, why: reason.to_owned(), change: None, rule: "D16".to_owned() }));
        }
        let worlds = match self.worlds.of(operation) {
            Tried::TooMany(what) => {
                let why = format!("it depends on {}", what.join(", "));
                return Ok(Some(Stopped { unknown: true, why, change: None, rule: "D16".to_owned() }));
            }
            Tried::All(worlds) => worlds,
        };
        let (in_force, designated) = self.state(operation);
        let (mut found, mut passed, mut open) = (None, false, BTreeSet::new());
        for (world, taken) in worlds.iter().enumerate() {
            let mut stopped = None;
            for in_force in states(in_force) {
                let facts = Facts::now(*in_force, designated, world);
                stopped = self.stopped_in(who, operation, facts, kept)?;
                // in either state it comes to the same
                if stopped.is_none() {
                    break;
                }
            }
            match stopped {
                Some(stopped) => {
                    open.extend(taken.choice.iter().map(|(key, _)| key.clone()));
                    found = found.or(Some(stopped));
                }
                None => passed = true,
            }
        }
        Ok(found.map(|stopped| match passed {
            false => stopped,
            true => {
                let open: Vec<String> = open.into_iter().collect();
                let why = format!("it depends on {}, which is not declared: {}", open.join(", "), stopped.why);
                Stopped { unknown: true, why, ..stopped }
            }
        }))
    }

    fn stopped_in(
        &self,
        who: &Uid,
        operation: &Operation,
        facts: Facts,
        kept: &[&str],
    ) -> Result<Option<Stopped>, Failure> {
        let gates: Vec<&Rule> = self.gates(operation).collect();
        let is_kept = |rule: &&&Rule| Reads::of(&rule.json).attributes.iter().any(|a| kept.contains(&a.as_str()));
        let mut found = None;
        for generation in self.model.generations() {
            let of = |rules: &mut dyn Iterator<Item = &&Rule>| -> BTreeSet<String> {
                rules.flat_map(|r| r.requires(generation, facts.in_force)).cloned().collect()
            };
            let without = of(&mut gates.iter().filter(is_kept));
            let allowed = of(&mut gates.iter()).difference(&without).cloned().collect();
            let failing = self.failing(who, operation, facts, generation, allowed)?;
            let rules: Vec<&Rule> = failing.iter().flatten().filter_map(|id| self.rules.rules.get(id)).collect();
            let counts = |r: &&&Rule| r.get("uncertain").is_none() || r.get("state").is_some();
            let Some(first) = rules.iter().filter(counts).min_by_key(|r| (r.order, r.id.clone())) else {
                return Ok(match failing {
                    // nothing forbids it, and nothing permits it
                    Some(gates) if gates.is_empty() => Some(self.without_permit(operation)),
                    _ => None,
                });
            };
            found = Some(Stopped {
                unknown: first.get("uncertain").is_some(),
                why: first.text("message").or_else(|| first.text("reason")).unwrap_or_default(),
                change: first.text("change"),
                rule: first.rule().to_owned(),
            });
        }
        Ok(found)
    }

    fn without_permit(&self, operation: &Operation) -> Stopped {
        Stopped { unknown: false, why: self.unpermitted(operation), change: None, rule: String::new() }
    }
}
