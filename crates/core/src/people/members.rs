//! Members of groups of Identity Center who were not all listed (D31): whoever is in such a group acts by the permission sets that the
//! group has, and so becomes the roles that these may assume.

use crate::assessment::completeness::open_groups;
use crate::inventory::Inventory;
use crate::inventory::entity::Item;
use crate::inventory::tree::Tree;
use crate::permissions::principals::Identity;
use crate::terms::PrincipalKind;
use crate::words;

/// Members of groups who may be there unseen, behind a permission set in an account.
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
}

impl Unlisted {
    /// In words.
    pub fn words(&self) -> String {
        let set = words::principal(PrincipalKind::PermissionSet, &self.permission_set, &self.account);
        format!("other members of {}, by {set}", self.groups.join(", "))
    }
}

/// Those behind a permission set; `None` where all are listed, and for every other principal.
pub(super) fn unlisted(inventory: &Inventory, tree: &Tree, identity: &Identity) -> Option<Unlisted> {
    let set = inventory.entities.get(&identity.uid).filter(|_| identity.kind == PrincipalKind::PermissionSet)?;
    let path = tree.accounts.get(&identity.account).map(|a| tree.now(a).path).unwrap_or_default();
    let groups = open_groups(inventory, set, |fields| {
        let named = |attr: &str| fields.get(attr).map(Item::ids).unwrap_or_default();
        named("accounts").contains(&identity.account) || named("organizationalUnits").iter().any(|u| path.contains(u))
    });
    (!groups.is_empty()).then(|| Unlisted {
        account: identity.account.clone(),
        arn: identity.arn.clone(),
        permission_set: identity.name.clone(),
        groups,
    })
}
