//! Who was counted: the accounts of each organization against the rows, and what could not be collected.

use serde::Serialize;

use super::Facts;
use countersign_core::assessment::completeness::Gap;
use countersign_core::inventory::entity::Uid;

/// The population.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Population {
    /// Accounts that the inventory has, each with its rows.
    pub accounts: usize,
    /// Those in no organization at the moment.
    pub standalone: usize,
    /// Organizations, and how many accounts each has at the moment.
    pub organizations: Vec<Counted>,
    /// What was not collected, and the calls that would tell it.
    pub not_collected: Vec<Gap>,
}

/// The accounts of an organization.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// Its id.
    pub organization: String,
    /// Its accounts at the moment.
    pub accounts: usize,
    /// False where its accounts could not all be listed.
    pub all_listed: bool,
}

/// The population of an inventory.
pub fn population(facts: &Facts<'_>) -> Population {
    let accounts = &facts.assessment.accounts;
    let organizations = facts.inventory.of_type("Organization").map(|organization| {
        let Uid { id, .. } = &organization.uid;
        let members = accounts.iter().filter(|a| a.organization.as_ref() == Some(id));
        Counted {
            organization: id.clone(),
            accounts: members.count(),
            all_listed: organization.bool("accountsKnown") != Some(false),
        }
    });
    Population {
        accounts: accounts.len(),
        standalone: accounts.iter().filter(|a| a.organization.is_none()).count(),
        organizations: organizations.collect(),
        not_collected: facts.assessment.completeness.gaps.clone(),
    }
}
