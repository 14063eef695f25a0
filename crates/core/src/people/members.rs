//! Members of groups of Identity Center who were not all listed (D31): whoever is in such a group acts by the permission sets that the
//! group has, and so becomes the roles that these may assume.

use crate::assessment::completeness::Unseen;
use crate::assessment::completeness::others::unlisted_groups;
use crate::inventory::Inventory;
use crate::inventory::tree::Tree;
use crate::permissions::principals::Identity;
use crate::terms::PrincipalKind;
use crate::words;

/// Members of groups, and people with assignments, who may be there unseen, behind a permission set in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlisted {
    /// The account in which they have the permission set.
    pub account: String,
    /// The ARN of the permission set there.
    pub arn: String,
    /// Its name.
    pub permission_set: String,
    /// The groups, by their names.
    pub groups: Vec<String>,
    /// Not all assignments of the account were listed either.
    pub assignments: bool,
}

impl Unlisted {
    /// In words.
    pub fn words(&self) -> String {
        let set = words::principal(PrincipalKind::PermissionSet, &self.permission_set, &self.account);
        let members = (!self.groups.is_empty()).then(|| format!("other members of {}", self.groups.join(", ")));
        let assigned = self.assignments.then(|| "people whose assignments are not listed".to_owned());
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
    let assignments = unseen.assignments_of(&identity.account);
    (assignments || !groups.is_empty()).then(|| Unlisted {
        account: identity.account.clone(),
        arn: identity.arn.clone(),
        permission_set: identity.name.clone(),
        groups,
        assignments,
    })
}
