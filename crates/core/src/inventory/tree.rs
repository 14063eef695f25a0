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
    /// What tells the root of an organization, by the id of that, where its units tell it: `cd34` of `r-cd34`.
    roots: BTreeMap<String, String>,
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
        let (accounts, units, organizations) = (inventory.accounts(), inventory.units(), inventory.organizations());
        let mut tree = Self { accounts, units, organizations, roots: BTreeMap::new() };
        let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for unit in tree.units.keys() {
            if let Some(organization) = tree.root_of(unit) {
                of.entry(organization).or_default().push(unit);
            }
        }
        let told = |(organization, units): (&str, Vec<&str>)| {
            Some((organization.to_owned(), root_id(units.into_iter())?.to_owned()))
        };
        let roots = of.into_iter().filter_map(told).collect();
        tree.roots = roots;
        tree
    }

    /// What stands behind `r-` in the id of the root of an organization, where its units tell it.
    pub fn root_id(&self, organization: &str) -> Option<&str> {
        self.roots.get(organization).map(String::as_str)
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

/// What stands behind `r-` in the id of the root of an organization, which the id of each of its units holds: `cd34` of
/// `ou-cd34-legal001` (AWS Organizations API Reference). `None` where the units disagree, or there are none.
fn root_id<'u>(units: impl Iterator<Item = &'u str>) -> Option<&'u str> {
    let is_id = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    let of = |unit: &'u str| -> Option<&'u str> {
        let (root, own) = unit.strip_prefix("ou-")?.split_once('-')?;
        ((4..=32).contains(&root.len()) && (8..=32).contains(&own.len()) && is_id(root) && is_id(own)).then_some(root)
    };
    let mut found: Option<&str> = None;
    for unit in units {
        let root = of(unit)?;
        if *found.get_or_insert(root) != root {
            return None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_tell_the_root() {
        for (units, root) in [
            (vec!["ou-cd34-legal001"], Some("cd34")),
            (vec!["ou-cd34-legal001", "ou-cd34-nosts001"], Some("cd34")),
            (vec!["ou-cd34-legal001", "ou-zz99-nosts001"], None),
            (vec!["ou-legal"], None),
            (vec!["ou-cd34-x"], None),
            (vec![], None),
        ] {
            assert_eq!(root_id(units.iter().copied()), root, "{units:?}");
        }
    }
}
