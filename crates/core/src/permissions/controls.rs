//! Which resource control policies bind the resources of an account, level by level.

use crate::inventory::model::Account;
use crate::inventory::tree::{Position, Tree};
use crate::permissions::moment::{Declared, Then};

/// The resource control policies above the resources of an account, besides RCPFullAWSAccess, which is always attached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Controls {
    /// By level: the root, each unit on the path, the account; each with the ids of its policies.
    pub levels: Vec<(String, Vec<String>)>,
    /// Policies of which it is not known where they are attached.
    pub unplaced: Vec<String>,
}

impl Controls {
    /// Of an account where it stands. They do not bind the management account, and exist with all features only.
    pub fn of(tree: &Tree, account: &Account, standing: &Position) -> Self {
        let Some(organization) = standing.organization.as_ref().and_then(|o| tree.organizations.get(o)) else {
            return Self::default();
        };
        if organization.all_features == Some(false) || organization.management_account == account.id {
            return Self::default();
        }
        let mut levels = vec![(organization.id.clone(), organization.rcps.clone())];
        let units = standing.path.iter().filter_map(|u| tree.units.get(u));
        levels.extend(units.map(|u| (u.id.clone(), u.rcps.clone())));
        levels.push((account.id.clone(), account.rcps.clone()));
        Self { levels, unplaced: organization.unplaced_rcps.clone() }
    }

    /// The same at the moment asked. What is attached to the account is attached where it is now; of where else it stood, not all is known.
    pub fn at(tree: &Tree, account: &Account, then: &Then) -> Self {
        let mut controls = Self::of(tree, account, &then.position);
        if then.unknown.is_some() {
            controls.levels.retain(|(node, _)| *node != account.id);
        }
        if then.may_bind(account, tree, |node| declares(tree, node)) {
            controls.unplaced.push(then.not_known("resource control policies", account));
        }
        controls
    }

    /// Whether there are any.
    pub fn exist(tree: &Tree) -> bool {
        tree.organizations.keys().any(|id| declares(tree, Declared::Organization(id)))
            || tree.units.keys().any(|id| declares(tree, Declared::Unit(id)))
            || tree.accounts.keys().any(|id| declares(tree, Declared::Account(id)))
    }

    /// The ids of those of which it is known that they are attached.
    pub fn attached(&self) -> impl Iterator<Item = &String> {
        self.levels.iter().flat_map(|(_, policies)| policies)
    }
}

/// Whether resource control policies are attached somewhere, or may be.
fn declares(tree: &Tree, node: Declared<'_>) -> bool {
    match node {
        Declared::Organization(id) => {
            tree.organizations.get(id).is_some_and(|o| !o.rcps.is_empty() || !o.unplaced_rcps.is_empty())
        }
        Declared::Unit(id) => tree.units.get(id).is_some_and(|u| !u.rcps.is_empty()),
        Declared::Account(id) => tree.accounts.get(id).is_some_and(|a| !a.rcps.is_empty()),
    }
}
