//! The tree of organizations as the inventory declares it: a snapshot. `standing.rs` says where an account stands at a moment.

use std::collections::BTreeMap;

use super::Inventory;
use super::model::{Account, Organization, Parent, Unit};

/// Accounts, units and organizations, and how they hang together.
#[derive(Debug)]
pub struct Tree {
    /// By number.
    pub accounts: BTreeMap<String, Account>,
    /// By id.
    pub units: BTreeMap<String, Unit>,
    /// By id.
    pub organizations: BTreeMap<String, Organization>,
}

/// Where an account stands in the snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Its organization.
    pub organization: Option<String>,
    /// Units from the root down to the one that holds the account.
    pub path: Vec<String>,
}

impl Tree {
    /// The tree of an inventory.
    pub fn new(inventory: &Inventory) -> Self {
        crate::work::add(inventory.entities.len());
        Self { accounts: inventory.accounts(), units: inventory.units(), organizations: inventory.organizations() }
    }

    /// Where an account stands in the snapshot.
    pub fn now(&self, account: &Account) -> Position {
        let mut path = Vec::new();
        let mut current = account.parent.clone();
        while let Some(parent) = current {
            match parent {
                Parent::Organization(id) => {
                    path.reverse();
                    return Position { organization: Some(id), path };
                }
                // a cycle is an error of the inventory; this ends all the same
                Parent::Unit(id) if path.contains(&id) => break,
                Parent::Unit(id) => {
                    current = self.units.get(&id).and_then(|u| u.parent.clone());
                    path.push(id);
                }
            }
        }
        Position::default()
    }

    /// The organization that a unit is in.
    pub fn root_of(&self, unit: &str) -> Option<&str> {
        let mut unit = self.units.get(unit)?;
        // a cycle is an error of the inventory; this ends all the same
        for _ in 0..=self.units.len() {
            match unit.parent.as_ref()? {
                Parent::Organization(id) => return Some(id),
                Parent::Unit(id) => unit = self.units.get(id)?,
            }
        }
        None
    }

    /// Whether an account manages an organization.
    pub fn manages(&self, account: &str, organization: Option<&str>) -> bool {
        let organization = organization.and_then(|o| self.organizations.get(o));
        organization.is_some_and(|o| o.management_account == account)
    }
}
