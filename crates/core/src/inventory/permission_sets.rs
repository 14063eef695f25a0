//! What is known of a permission set by its declaration: the names of the roles that it becomes, and the accounts that it is assigned in.

use std::collections::BTreeSet;

use super::Inventory;
use super::entity::{Entity, Item, Uid};
use crate::iam::minterms::{Pattern, Piece};

/// What a permission set is called.
pub fn name(set: &Entity) -> &str {
    set.str("name").unwrap_or(&set.uid.id)
}

/// Whether a role is the one that a permission set becomes: its name ends in sixteen hexadecimal digits, in lower case.
pub fn is_role_of_set(role: &str, name: &str) -> bool {
    let suffix =
        role.strip_prefix("AWSReservedSSO_").and_then(|r| r.strip_prefix(name)).and_then(|r| r.strip_prefix('_'));
    suffix.is_some_and(|s| s.len() == 16 && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

/// Whether that is the role of a path below `/aws-reserved/sso.amazonaws.com/`, which has the name of a Region or nothing before the name.
pub fn is_path_of_set(path: &str, name: &str) -> bool {
    match path.rsplit_once('/') {
        Some((region, role)) => is_role_of_set(role, name) && Pattern::of_pieces(&[Piece::Region]).matches(region),
        None => is_role_of_set(path, name),
    }
}

/// The permission set by which a role is called that is not known: `AWSReservedSSO_NAME_*`.
pub fn set_of_unknown_role(role: &str) -> Option<&str> {
    role.strip_prefix("AWSReservedSSO_")?.strip_suffix("_*")
}

/// Whether an ARN is that of the role of a permission set, known or not.
pub fn is_provisioned(arn: &str) -> bool {
    arn.contains(":role/aws-reserved/sso.amazonaws.com/")
}

/// Whether a permission set is assigned in an account: there, or in a unit above it.
pub fn is_assigned(inventory: &Inventory, set: &Entity, account: &str) -> bool {
    let mut above: BTreeSet<Uid> = BTreeSet::from([Uid::new("Account", account)]);
    let mut rest: Vec<Uid> = above.iter().cloned().collect();
    while let Some(uid) = rest.pop() {
        let parents = inventory.entities.get(&uid).map(|e| e.parents.as_slice()).unwrap_or_default();
        rest.extend(
            parents.iter().filter(|(parent, _)| above.insert(parent.clone())).map(|(parent, _)| parent.clone()),
        );
    }
    let of = |ty: &str| -> BTreeSet<&str> { above.iter().filter(|u| u.ty == ty).map(|u| u.id.as_str()).collect() };
    let (accounts, units) = (of("Account"), of("OrganizationalUnit"));
    let mut assignments = set.set("assignments").unwrap_or_default().iter().filter_map(Item::record);
    assignments.any(|fields| {
        let ids = |field: &str| fields.get(field).map(Item::ids).unwrap_or_default();
        ids("accounts").iter().any(|id| accounts.contains(id.as_str()))
            || ids("organizationalUnits").iter().any(|id| units.contains(id.as_str()))
    })
}
