//! Coverage that a change perhaps ends: of accounts of which it is not known whether they were covered, and of accounts that were
//! not listed. A difference cannot tell it, since it is as unknown after the change as before.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Change;
use super::advice::{Made, view};
use crate::agreements::Agreements;
use crate::inventory::Inventory;
use crate::inventory::model::{Accepted, holds};
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
use crate::terms::Coverage;

/// What can end coverage of the account that it is made to, or of the accounts of its organization.
const ENDING: [&str; 6] =
    ["leave", "join", "terminate", "remove-designation", "delete-organization", "organization-terminates"];

/// Coverage that is perhaps lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Perhaps {
    /// The account; null for accounts that were not listed.
    pub account: Option<String>,
    /// The organization whose accounts were not all listed.
    pub organization: Option<String>,
    /// The kinds of agreement.
    pub kinds: Vec<String>,
}

/// All of it, of changes that make one inventory of the other.
pub fn perhaps_lost(
    (base, head): (&Inventory, &Inventory),
    rules: &RuleBook,
    changes: &[Change],
    at: Moment,
) -> Result<Vec<Perhaps>, Failure> {
    stack::evaluate(|| {
        let (before, after) = (Agreements::new(base, rules, at), Agreements::new(head, rules, at));
        let made = Made::of(&before, changes);
        let mut found = Vec::new();
        for account in before.tree.accounts.values().filter(|account| made.any(&account.id)) {
            let Some(later) = after.tree.accounts.get(&account.id) else { continue };
            let (old, new) = (view(&before, account)?, view(&after, later)?);
            let is_lost = |kind: &&String| {
                let ends = made.to(&account.id, kind).iter().any(|word| ENDING.contains(word));
                ends && old.coverage(kind) == Coverage::Unknown && new.coverage(kind) != Coverage::Covered
            };
            let kinds: Vec<String> = old.kinds().filter(is_lost).cloned().collect();
            if !kinds.is_empty() {
                found.push(Perhaps { account: Some(account.id.clone()), organization: None, kinds });
            }
        }
        let unlisted = unlisted(&before, &after, changes, at);
        let told = |(organization, kinds): (String, BTreeSet<String>)| Perhaps {
            account: None,
            organization: Some(organization),
            kinds: kinds.into_iter().collect(),
        };
        found.extend(unlisted.into_iter().map(told));
        Ok(found)
    })
}

/// The organizations with accounts that were not listed, and the kinds that no agreement of theirs is in force of any more.
fn unlisted(
    before: &Agreements<'_>,
    after: &Agreements<'_>,
    changes: &[Change],
    at: Moment,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let in_force = |agreements: &Agreements<'_>, organization: &String| -> BTreeSet<String> {
        let accepted = Accepted::Organization(organization.clone());
        let all = agreements.accepted(&accepted).filter(|a| holds(Some(a.start), a.end, at));
        all.map(|a| agreements.kind_of(a).to_owned()).collect()
    };
    let is_open =
        |id: &&String| before.inventory.entity("Organization", id).and_then(|o| o.bool("accountsKnown")) == Some(false);
    if changes.iter().any(|change| matches!(change, Change::Terminate { .. } | Change::Delete { .. })) {
        for organization in before.tree.organizations.keys().filter(is_open) {
            let lost: BTreeSet<String> =
                in_force(before, organization).difference(&in_force(after, organization)).cloned().collect();
            if !lost.is_empty() {
                found.insert(organization.clone(), lost);
            }
        }
    }
    found
}
