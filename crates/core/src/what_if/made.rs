//! What each change of a plan is made to: an account by itself, or every account of the organization that it is in when it happens.

use std::collections::{BTreeMap, BTreeSet};

use super::Change;
use crate::agreements::Agreements;
use crate::inventory::model::Accepted;

/// What is made to each account.
#[derive(Default)]
pub(super) struct Made {
    of: BTreeMap<String, Vec<One>>,
    /// The changes, counted from nought, that close accounts that were active.
    closed: BTreeMap<String, usize>,
}

/// What one change of a plan makes to an account.
#[derive(Clone)]
struct One {
    /// Which change, counted from nought.
    step: usize,
    word: &'static str,
    /// The kind of agreement, where it is about one.
    kind: Option<String>,
}

impl Made {
    pub fn of(before: &Agreements<'_>, changes: &[Change]) -> Self {
        let mut made = Self::default();
        let tree = &before.tree;
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        for account in tree.accounts.values() {
            places.extend(tree.now(account).organization.map(|organization| (account.id.clone(), organization)));
        }
        for (step, change) in changes.iter().enumerate() {
            let agreement = agreement(before, change);
            let kind = agreement.as_ref().map(|(_, kind)| kind.clone());
            let one = One { step, word: change.word(), kind };
            match (agreement.map(|(by, _)| by), change) {
                (Some(Accepted::Organization(of)), Change::Accept { .. }) => {
                    made.add_to_members(&places, &of, &One { word: "organization-accepts", ..one });
                }
                (Some(Accepted::Organization(of)), _) => {
                    made.add_to_members(&places, &of, &One { word: "organization-terminates", ..one });
                }
                (Some(Accepted::Account(own)), _) => made.add(&own, one),
                (None, Change::Delete { organization: of } | Change::Organization { organization: of, .. }) => {
                    made.add_to_members(&places, of, &one);
                }
                (None, _) => change.accounts().iter().for_each(|id| made.add(id, one.clone())),
            }
            match change {
                Change::Leave { account } => drop(places.remove(account)),
                Change::Join { account, organization } => {
                    places.insert(account.clone(), organization.clone());
                }
                Change::Delete { organization } => places.retain(|_, of| of != organization),
                Change::Close { account } if tree.accounts.get(account).is_some_and(|a| a.state == ACTIVE) => {
                    made.closed.entry(account.clone()).or_insert(step);
                }
                _ => {}
            }
        }
        made
    }

    fn add_to_members(&mut self, places: &BTreeMap<String, String>, of: &str, what: &One) {
        let members = places.iter().filter(|(_, organization)| *organization == of);
        members.for_each(|(account, _)| self.add(account, what.clone()));
    }

    fn add(&mut self, account: &str, what: One) {
        self.of.entry(account.to_owned()).or_default().push(what);
    }

    /// The accounts that anything is made to.
    pub fn accounts(&self) -> impl Iterator<Item = &String> {
        self.of.keys()
    }

    /// The accounts that each change is made to, by the change, counted from nought.
    pub fn by_step(&self) -> BTreeMap<usize, BTreeSet<&String>> {
        let mut by: BTreeMap<usize, BTreeSet<&String>> = BTreeMap::new();
        for (account, made) in &self.of {
            for one in made {
                by.entry(one.step).or_default().insert(account);
            }
        }
        by
    }

    /// What a change makes to an account, about a kind of agreement or about none.
    pub fn to(&self, account: &str, kind: &str, step: usize) -> BTreeSet<&'static str> {
        let is_it = |one: &&One| one.step == step && one.kind.as_ref().is_none_or(|of| of == kind);
        self.of.get(account).into_iter().flatten().filter(is_it).map(|one| one.word).collect()
    }

    /// The same about any kind.
    pub fn words(&self, account: &str, step: usize) -> impl Iterator<Item = &'static str> {
        self.of.get(account).into_iter().flatten().filter(move |one| one.step == step).map(|one| one.word)
    }

    /// The change before another, counted from nought, that closed an account: what is to be done in it is done before that (D26).
    pub fn closed_before(&self, account: &str, step: usize) -> Option<usize> {
        self.closed.get(account).copied().filter(|closed| *closed < step)
    }
}

/// The state of an account in which somebody can do something in it.
pub(super) const ACTIVE: &str = "ACTIVE";

/// The accounts whose coverage can differ; `None` for all. What is made to another account changes nothing of one: who has listed what
/// is that of the inventory before the changes (D16).
pub(super) fn concerned(before: &Agreements<'_>, made: &Made) -> Option<BTreeSet<String>> {
    before.stays_with_the_account().then(|| made.accounts().cloned().collect())
}

/// Whose acceptance a change is about, and of which kind.
fn agreement(before: &Agreements<'_>, change: &Change) -> Option<(Accepted, String)> {
    let (by, kind) = match change {
        Change::Accept { by, kind } | Change::Terminate { of: by, kind: Some(kind) } => (by, kind),
        Change::RemoveDesignation { account, kind } => return Some((Accepted::Account(account.clone()), kind.clone())),
        Change::Terminate { of, kind: None } => {
            let acceptance = before.inventory.customer_agreements().into_iter().find(|a| a.id == *of)?;
            let kind = before.kind_of(&acceptance).to_owned();
            return Some((acceptance.accepted, kind));
        }
        _ => return None,
    };
    let by = match before.tree.organizations.contains_key(by) {
        true => Accepted::Organization(by.clone()),
        false => Accepted::Account(by.clone()),
    };
    Some((by, kind.clone()))
}
