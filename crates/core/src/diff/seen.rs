//! What a comparison can tell of principals that one side alone lists: where the other side did not list all, they are seen for the
//! first time, or no longer known. Neither is access that was gained or lost (D31).

use super::differences::AccessChange;
use super::stacks::{Compared, NewAccess};
use super::{AccessEntry, PrincipalEntry};
use crate::assessment::completeness::Unseen;
use crate::inventory::Inventory;

/// Where either side may hold principals that it does not list.
pub(super) struct Sight {
    base: Unseen,
    head: Unseen,
}

impl Sight {
    /// Of two inventories.
    pub fn new(base: &Inventory, head: &Inventory) -> Self {
        Self { base: Unseen::of(base), head: Unseen::of(head) }
    }

    /// Tells the first sight of a principal from access that it gained, and the last one from access that it lost.
    pub fn access(&self, entries: Vec<AccessEntry>) -> Vec<AccessEntry> {
        let mut told = Vec::new();
        for entry in entries {
            let change = match (entry.before.decision, entry.after.decision) {
                (None, Some(_)) => AccessChange::FirstSeen,
                (Some(_), None) => AccessChange::NoLongerKnown,
                _ => {
                    told.push(entry);
                    continue;
                }
            };
            // whoever comes to stand behind a principal that was there gains access, even where not all were listed before
            if !entry.people.is_empty() {
                let lost = change == AccessChange::NoLongerKnown;
                let unseen = lost && entry.principals.iter().any(|p| self.head.may_hold(&p.account, p.kind));
                told.push(AccessEntry { change: if unseen { change } else { entry.change }, ..entry });
                continue;
            }
            let other = if change == AccessChange::FirstSeen { &self.base } else { &self.head };
            let (unseen, known) = parted(&entry.principals, other);
            // what is gained or lost comes first
            if !known.is_empty() {
                told.push(AccessEntry { principals: known, ..entry.clone() });
            }
            if !unseen.is_empty() {
                let (actions_gained, actions_lost) = (Vec::new(), Vec::new());
                told.push(AccessEntry { change, principals: unseen, actions_gained, actions_lost, ..entry });
            }
        }
        told.sort_by_key(|e| e.change);
        told
    }

    /// What is new, and what need not be: the stacks of principals that are seen for the first time.
    pub fn stacks(&self, entries: Vec<NewAccess>) -> (Vec<NewAccess>, Vec<NewAccess>) {
        let (mut new, mut first_seen) = (Vec::new(), Vec::new());
        for entry in entries {
            if entry.of == Compared::Document || entry.was_there {
                new.push(entry);
                continue;
            }
            let (unseen, known) = parted(&entry.principals, &self.base);
            if !unseen.is_empty() && entry.widens() {
                first_seen.push(NewAccess { principals: unseen, ..entry.clone() });
            }
            if !known.is_empty() {
                new.push(NewAccess { principals: known, ..entry });
            }
        }
        (new, first_seen)
    }
}

/// Those that a side may hold unseen, and the others.
fn parted(principals: &[PrincipalEntry], side: &Unseen) -> (Vec<PrincipalEntry>, Vec<PrincipalEntry>) {
    principals.iter().cloned().partition(|p| side.may_hold(&p.account, p.kind))
}
