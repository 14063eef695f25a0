//! Members of groups whom the new inventory lists, and the old one did not, where it said so: what the unlisted members of the group could
//! do is nothing that they gain.

use std::collections::{BTreeMap, BTreeSet};

use super::Side;
use super::people::Who;
use crate::assessment::completeness::others::{groups_of, is_open};
use crate::assessment::principals;
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::tree::Tree;
use crate::terms::PrincipalKind;

/// By the account and the ARN of permission sets, the groups that have them on both sides, and whose members the old one did not all list.
pub(super) struct Listed<'a> {
    head: &'a Inventory,
    groups: BTreeMap<Who, BTreeSet<String>>,
}

impl<'a> Listed<'a> {
    pub fn new(base: &Side<'_>, head: &'a Side<'_>) -> Self {
        let (old, new) = (base.inventory, head.inventory);
        let mut listed = Self { head: new, groups: BTreeMap::new() };
        if !old.of_type("IdentityCenterGroup").any(|group| is_open(old, &group.uid.id)) {
            return listed;
        }
        let (before, after) = (Tree::new(old), Tree::new(new));
        for set in principals(old, base.options.at).into_iter().filter(|p| p.kind == PrincipalKind::PermissionSet) {
            let now = groups_of(new, &after, (&set.uid, &set.account));
            let then = groups_of(old, &before, (&set.uid, &set.account)).into_iter();
            let open: BTreeSet<String> = then.filter(|id| now.contains(id) && is_open(old, id)).collect();
            if !open.is_empty() {
                listed.groups.insert((set.account, set.principal), open);
            }
        }
        listed
    }

    /// Whether a person may have been one of those members, behind a permission set in an account.
    pub fn may_have_been(&self, set: &Who, person: &str) -> bool {
        let Some(groups) = self.groups.get(set) else { return false };
        let person = self.head.entities.get(&Uid::new("IdentityCenterUser", person));
        person.is_some_and(|p| p.parents.iter().any(|(group, _)| groups.contains(&group.id)))
    }
}
