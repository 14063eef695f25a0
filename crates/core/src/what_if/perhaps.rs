//! Coverage that a change perhaps ends: of accounts of which it is not known whether they were covered, and of accounts that were
//! not listed. A difference cannot tell it, since it is as unknown after the change as before.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Change;
use super::advice::{Made, View};
use crate::agreements::Agreements;
use crate::inventory::model::{Accepted, Account, holds};
use crate::moment::Moment;
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

/// That of an account, by how it stands before and after.
pub(super) fn of_account(made: &Made, account: &Account, (old, new): &(View, View)) -> Option<Perhaps> {
    let is_lost = |kind: &&String| {
        let ends = made.to(&account.id, kind).iter().any(|word| ENDING.contains(word));
        ends && old.coverage(kind) == Coverage::Unknown && new.coverage(kind) != Coverage::Covered
    };
    let kinds: Vec<String> = old.kinds().filter(is_lost).cloned().collect();
    (!kinds.is_empty()).then(|| Perhaps { account: Some(account.id.clone()), organization: None, kinds })
}

/// That of accounts that were not listed: the kinds that no agreement of their organization is in force of any more.
pub(super) fn of_unlisted(
    before: &Agreements<'_>,
    after: &Agreements<'_>,
    changes: &[Change],
    at: Moment,
) -> Vec<Perhaps> {
    if !changes.iter().any(|change| matches!(change, Change::Terminate { .. } | Change::Delete { .. })) {
        return Vec::new();
    }
    let in_force = |agreements: &Agreements<'_>, organization: &str| -> BTreeSet<String> {
        let accepted = Accepted::Organization(organization.to_owned());
        let all = agreements.accepted(&accepted).filter(|a| holds(Some(a.start), a.end, at));
        all.map(|a| agreements.kind_of(a).to_owned()).collect()
    };
    let organizations = before.inventory.of_type("Organization");
    let open = organizations.filter(|o| o.bool("accountsKnown") == Some(false)).map(|o| &o.uid.id);
    let lost = open.map(|id| {
        let kinds = in_force(before, id).difference(&in_force(after, id)).cloned().collect();
        Perhaps { account: None, organization: Some(id.clone()), kinds }
    });
    lost.filter(|lost| !lost.kinds.is_empty()).collect()
}
