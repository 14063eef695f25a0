//! Those who may be there unseen and become a role (D31): members of groups of Identity Center who were not all listed, who act by the
//! permission sets that the group has, people with assignments that were not listed, and principals of an account.

use crate::assessment::completeness::others::unlisted_groups;
use crate::assessment::completeness::{Missing, Unseen};
use crate::inventory::Inventory;
use crate::inventory::tree::Tree;
use crate::permissions::principals::Identity;
use crate::terms::PrincipalKind;
use crate::words;

/// Who may be there unseen in an account: behind a permission set, or as any of its principals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlisted {
    /// The account from which they act.
    pub account: String,
    /// The permission set that they have there; none where they may be any principal.
    pub by: Option<BySet>,
    /// The groups whose members were not all listed, by their names.
    pub groups: Vec<String>,
    /// What was not listed.
    pub missing: Vec<Missing>,
}

/// A permission set in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BySet {
    /// Its ARN there.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Unlisted {
    /// Principals of an account which are not all listed.
    pub(super) fn of_account(account: &str, unseen: &Unseen) -> Option<Self> {
        let all = [
            (Missing::Assignments, unseen.assignments_of(account)),
            (Missing::Principals, unseen.principals_of(account)),
        ];
        let missing: Vec<Missing> = all.into_iter().filter(|(_, is)| *is).map(|(missing, _)| missing).collect();
        let account = account.to_owned();
        (!missing.is_empty()).then(|| Self { account, by: None, groups: Vec::new(), missing })
    }

    /// In words.
    pub fn words(&self) -> String {
        let Some(by) = &self.by else {
            return format!("account {}, whose principals are not all listed (D31)", self.account);
        };
        let set = words::principal(PrincipalKind::PermissionSet, &by.name, &self.account);
        let members = (!self.groups.is_empty()).then(|| format!("other members of {}", self.groups.join(", ")));
        let assigned = self.missing.contains(&Missing::Assignments);
        let assigned = assigned.then(|| "people whose assignments are not listed".to_owned());
        let who: Vec<String> = members.into_iter().chain(assigned).collect();
        format!("{}, by {set}", who.join(" and "))
    }
}

/// Those behind a permission set; `None` where all are listed, and for every other principal.
pub(super) fn unlisted(
    (inventory, tree, unseen): (&Inventory, &Tree, &Unseen),
    identity: &Identity,
) -> Option<Unlisted> {
    if identity.kind != PrincipalKind::PermissionSet {
        return None;
    }
    let groups = unlisted_groups(inventory, tree, (&identity.uid, &identity.account));
    let all =
        [(Missing::Assignments, unseen.assignments_of(&identity.account)), (Missing::Members, !groups.is_empty())];
    let missing: Vec<Missing> = all.into_iter().filter(|(_, is)| *is).map(|(missing, _)| missing).collect();
    (!missing.is_empty()).then(|| Unlisted {
        account: identity.account.clone(),
        by: Some(BySet { arn: identity.arn.clone(), name: identity.name.clone() }),
        groups,
        missing,
    })
}
