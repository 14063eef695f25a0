//! Who was counted: the accounts of each organization against the rows, and what could not be collected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Facts;
use countersign_core::assessment::completeness::Gap;
use countersign_core::inventory::entity::Uid;
use countersign_core::moment;
use countersign_core::terms::Role;

/// The population.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Population {
    /// Its numbers.
    #[serde(flatten)]
    pub counts: Counts,
    /// What was not collected, and the calls that would tell it.
    pub not_collected: Vec<Gap>,
}

/// Its numbers.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Accounts that the inventory has, each with its rows.
    pub accounts: usize,
    /// Those in no organization at the moment.
    pub standalone: usize,
    /// Those of which it is not known in what organization they were at the moment.
    pub unknown: usize,
    /// Organizations, and how many accounts each has at the moment.
    pub organizations: Vec<Counted>,
    /// Kinds of agreement that some accounts cannot have, and so have no row for.
    pub without_row: Vec<WithoutRow>,
}

/// Accounts of which nothing is told for a kind of agreement: it does not exist in their partition (D15).
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WithoutRow {
    /// The kind.
    pub kind: String,
    /// Their partition.
    pub partition: String,
    /// How many they are.
    pub accounts: usize,
}

/// The accounts of an organization.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// Its id.
    pub organization: String,
    /// Its accounts at the moment.
    pub accounts: usize,
    /// False where its accounts could not all be listed.
    pub all_listed: bool,
    /// When it was deleted, where it was at the moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<String>,
}

/// The population of an inventory.
pub fn population(facts: &Facts<'_>) -> Population {
    let accounts = &facts.assessment.accounts;
    let at = moment::parse(&facts.assessment.at).unwrap_or_default();
    let organizations = facts.inventory.of_type("Organization").map(|organization| {
        let Uid { id, .. } = &organization.uid;
        let members = accounts.iter().filter(|a| a.organization.as_ref() == Some(id));
        Counted {
            organization: id.clone(),
            accounts: members.count(),
            all_listed: organization.bool("accountsKnown") != Some(false),
            deleted_at: facts.inventory.deleted(id).filter(|deleted| *deleted <= at).map(moment::format),
        }
    });
    let counts = Counts {
        accounts: accounts.len(),
        standalone: accounts.iter().filter(|a| a.role == Role::Standalone).count(),
        unknown: accounts.iter().filter(|a| a.role == Role::Unknown).count(),
        organizations: organizations.collect(),
        without_row: without_row(facts),
    };
    Population { counts, not_collected: facts.assessment.completeness.gaps.clone() }
}

fn without_row(facts: &Facts<'_>) -> Vec<WithoutRow> {
    let mut found: BTreeMap<(&String, &String), usize> = BTreeMap::new();
    for account in &facts.assessment.accounts {
        let lacking = facts.kinds.iter().filter(|kind| account.agreements.iter().all(|r| r.kind != **kind));
        lacking.for_each(|kind| *found.entry((kind, &account.partition)).or_default() += 1);
    }
    let told = |((kind, partition), accounts): ((&String, &String), usize)| WithoutRow {
        kind: kind.clone(),
        partition: partition.clone(),
        accounts,
    };
    found.into_iter().map(told).collect()
}
