//! What a comparison can tell of principals that one side alone lists: where the other side did not list all, they are seen for the
//! first time, or no longer known. Neither is access that was gained or lost (D31).

use std::collections::BTreeSet;

use super::behind;
use super::differences::{AccessChange, Answers};
use super::listed::Listed;
use super::pieces::What;
use super::stacks::{Compared, NewAccess};
use super::trust::Says;
use super::{AccessEntry, Cause, ChangeEntry, PrincipalEntry, Side};
use crate::access::NewRequests;
use crate::agreements::Agreements;
use crate::assessment::completeness::Unseen;
use crate::permissions::controls::Controls;
use crate::permissions::moment::Then;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
use crate::terms::PrincipalKind;

/// Where either side may hold principals that it does not list, or does not know who is kept from becoming a role.
pub(super) struct Sight<'a> {
    sides: [&'a Side<'a>; 2],
    base: Unseen,
    head: Unseen,
    /// The accounts of which resource control policies came to be known, and those of which they are not known any more.
    controls: [BTreeSet<String>; 2],
    /// Members of groups who were not listed before.
    pub listed: Listed<'a>,
}

impl<'a> Sight<'a> {
    /// Of two inventories.
    pub fn new(base: &'a Side<'a>, head: &'a Side<'a>, rules: &RuleBook) -> Result<Self, Failure> {
        let (old, new) = stack::evaluate(|| Ok((unplaced(base, rules)?, unplaced(head, rules)?)))?;
        let only = |one: &BTreeSet<(String, Says)>, other: &BTreeSet<(String, Says)>| {
            one.difference(other).map(|(account, _)| account.clone()).collect()
        };
        let controls = [only(&old, &new), only(&new, &old)];
        let [before, after] = [base, head].map(|side| Unseen::of(side.inventory));
        Ok(Self { sides: [base, head], base: before, head: after, controls, listed: Listed::new(base, head) })
    }

    /// How it is told that somebody may become a role where nothing else is different than whether resource control policies are known;
    /// `None` where something is.
    fn by_controls(&self, entry: &AccessEntry, changes: &[ChangeEntry]) -> Option<AccessChange> {
        let is_of_list = |cause: &Cause| match changes.get(cause.change).map(|c| &c.piece.of) {
            Some(What::Attribute(_, attr) | What::Element(_, attr, _)) => attr == "resourceControlPoliciesUnplaced",
            _ => false,
        };
        let by_list = !entry.causes.is_empty() && entry.causes.iter().all(is_of_list);
        if entry.people.is_empty() || !by_list {
            return None;
        }
        let in_all = |accounts: &BTreeSet<String>| entry.principals.iter().all(|p| accounts.contains(&p.account));
        let [came, went] = &self.controls;
        match entry.change {
            AccessChange::Gained | AccessChange::Actions if in_all(came) && entry.actions_lost.is_empty() => {
                Some(AccessChange::FirstSeen)
            }
            AccessChange::MayBeLost | AccessChange::Actions if in_all(went) && entry.actions_gained.is_empty() => {
                Some(AccessChange::NoLongerKnown)
            }
            _ => None,
        }
    }

    /// Tells the first sight of a principal from access that it gained, and the last one from access that it lost.
    pub fn access(
        &self,
        entries: Vec<AccessEntry>,
        changes: &[ChangeEntry],
        answers: [&Answers; 2],
    ) -> Vec<AccessEntry> {
        let mut told = Vec::new();
        for entry in entries.into_iter().flat_map(|entry| self.people(entry, answers)) {
            if matches!(entry.change, AccessChange::FirstSeen | AccessChange::NoLongerKnown) {
                told.push(entry);
                continue;
            }
            if let Some(change) = self.by_controls(&entry, changes) {
                told.push(entry.unseen(change));
                continue;
            }
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
                told.push(AccessEntry { principals: unseen, ..entry }.unseen(change));
            }
        }
        told.sort_by_key(|e| e.change);
        told
    }

    fn people(&self, entry: AccessEntry, answers: [&Answers; 2]) -> Vec<AccessEntry> {
        behind::parted(entry, self.sides, [&self.base, &self.head], answers, &self.listed)
    }

    /// What is new, and what need not be: the stacks of principals that are seen for the first time.
    pub fn stacks(&self, entries: Vec<NewAccess>, answers: [&Answers; 2]) -> (Vec<NewAccess>, Vec<NewAccess>) {
        // behind them, somebody may have stood who was not listed
        let [old, _] = answers;
        let open = &old.open;
        let (mut new, mut first_seen) = (Vec::new(), Vec::new());
        for entry in entries {
            let [came, _] = &self.controls;
            if (entry.is_trust() || entry.is_of_anyone())
                && entry.answer.decision == NewRequests::Unknown
                && entry.principals.iter().all(|p| came.contains(&p.account))
            {
                first_seen.push(entry);
                continue;
            }
            if entry.is_of_people() {
                let is_open = |p: &PrincipalEntry| {
                    open.contains(&(p.account.clone(), p.principal.clone(), None))
                        || behind::are_groups_of_before(p, self.sides, old)
                };
                let (unseen, known): (Vec<_>, Vec<_>) = entry.principals.iter().cloned().partition(is_open);
                if !unseen.is_empty() {
                    first_seen.push(NewAccess { principals: unseen, ..entry.clone() });
                }
                if !known.is_empty() {
                    new.push(NewAccess { principals: known, ..entry });
                }
                continue;
            }
            let is_hidden = |p: &PrincipalEntry| self.base.may_hold(&p.account, PrincipalKind::Role);
            if entry.by_name && entry.widens() && entry.principals.iter().all(is_hidden) {
                first_seen.push(entry);
                continue;
            }
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

/// By account: the resource control policies of which it is not known where they are attached, by what they say.
fn unplaced(side: &Side<'_>, rules: &RuleBook) -> Result<BTreeSet<(String, Says)>, Failure> {
    let agreements = Agreements::new(side.inventory, rules, side.options.at);
    let tree = &agreements.tree;
    let mut found = BTreeSet::new();
    if !Controls::exist(tree) {
        return Ok(found);
    }
    for account in tree.accounts.values() {
        let then = Then::at(tree, account, agreements.standing(account)?.as_ref());
        let unplaced = Controls::at(tree, account, &then).unplaced;
        found.extend(unplaced.iter().map(|id| (account.id.clone(), Says::of(side.inventory, id))));
    }
    Ok(found)
}

/// Those that a side may hold unseen, and the others.
fn parted(principals: &[PrincipalEntry], side: &Unseen) -> (Vec<PrincipalEntry>, Vec<PrincipalEntry>) {
    principals.iter().cloned().partition(|p| side.may_hold(&p.account, p.kind))
}
