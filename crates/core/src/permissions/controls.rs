//! Which resource control policies bind the resources of an account, level by level.

use crate::inventory::model::Account;
use crate::inventory::tree::{Position, Tree};

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

    /// The ids of those of which it is known that they are attached.
    pub fn attached(&self) -> impl Iterator<Item = &String> {
        self.levels.iter().flat_map(|(_, policies)| policies)
    }
}
