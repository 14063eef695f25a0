//! What the inventory does not say, tried in every way.
//!
//! An attribute that the schema annotates with `unknownWhenAbsent` is Boolean or has a closed set of values. Where it is
//! absent, and a policy of an operation reads it, the operation's gates are asked with each value.

use std::collections::BTreeMap;

use cedar_policy::Entities;

use super::catalogue::Operation;
use crate::agreements::Agreements;
use crate::agreements::open::{Open, Read, Tried, World, open, tried};
use crate::agreements::standing::Standing;
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::permissions::dependence::Choice;
use crate::policies::RuleBook;
use crate::problem::Failure;

/// The worlds of an account's operations.
pub struct Worlds {
    /// The first is that in which everything is known.
    sets: Vec<Tried>,
    /// Those of an operation, by its name and report, where something is not known.
    of: BTreeMap<(&'static str, Option<String>), usize>,
}

impl Worlds {
    /// The worlds of an account's operations.
    pub fn new(
        agreements: &Agreements<'_>,
        rules: &RuleBook,
        (account, standing): (&Account, &Standing),
        operations: &[Operation],
        entities: &Entities,
    ) -> Result<Self, Failure> {
        let plain = World { choice: Choice::new(), entities: entities.clone() };
        let (mut sets, mut of) = (vec![Tried::All(vec![plain])], BTreeMap::new());
        let mut known: Vec<(Vec<Open>, usize)> = Vec::new();
        for operation in operations {
            let key = (operation.name, operation.report.clone());
            if of.contains_key(&key) {
                continue;
            }
            let report = operation.report.as_ref().map(|r| Uid::new("Report", r));
            let reads = |attr: &str| rules.reads_attribute(operation.name, attr);
            let read = Read { attribute: &reads, tags: rules.tags_read(&[operation.name]) };
            let open = open(agreements, (account, standing), report, &read);
            if open.is_empty() {
                continue;
            }
            let index = match known.iter().find(|(o, _)| *o == open) {
                Some((_, index)) => *index,
                None => {
                    sets.push(tried(agreements, &open, entities)?);
                    known.push((open, sets.len() - 1));
                    sets.len() - 1
                }
            };
            of.insert(key, index);
        }
        Ok(Self { sets, of })
    }

    /// Those of an operation.
    pub fn of(&self, operation: &Operation) -> &Tried {
        const NONE: &Tried = &Tried::All(Vec::new());
        let index = self.of.get(&(operation.name, operation.report.clone())).copied().unwrap_or(0);
        self.sets.get(index).unwrap_or(NONE)
    }
}
