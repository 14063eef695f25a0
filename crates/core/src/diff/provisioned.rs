//! The roles of permission sets: where only one side knows the role, the other calls the permission set `…/AWSReservedSSO_NAME_*`.
//! It is the same principal, which nobody gained or lost.

use std::collections::{BTreeMap, BTreeSet};

use super::PrincipalEntry;
use super::differences::Answers;
use super::people::Who;
use crate::inventory::permission_sets::{is_provisioned, is_role_of_set, set_of_unknown_role};
use crate::people::short;
use crate::terms::PrincipalKind;

/// The name of a permission set whose role is not known.
fn of_unknown_role(arn: &str) -> Option<&str> {
    set_of_unknown_role(short(arn)).filter(|_| is_provisioned(arn))
}

/// One ARN is that of a role, and the other that of its permission set where the role is not known.
pub(super) fn is_same(one: (&str, &str), other: (&str, &str)) -> bool {
    let is_role = |arn: &str, name: &str| is_provisioned(arn) && is_role_of_set(short(arn), name);
    let of = |one: &str, other: &str| of_unknown_role(one).is_some_and(|name| is_role(other, name));
    one.0 == other.0 && (of(one.1, other.1) || of(other.1, one.1))
}

/// By the ARN of a permission set whose role one side does not know, that which its role has on the other side.
pub(super) fn names(old: &[PrincipalEntry], new: &[PrincipalEntry]) -> BTreeMap<Who, Who> {
    let sets = |side: &[PrincipalEntry]| -> BTreeSet<Who> {
        let sets = side.iter().filter(|p| p.kind == PrincipalKind::PermissionSet);
        sets.map(|p| (p.account.clone(), p.principal.clone())).collect()
    };
    let (old, new) = (sets(old), sets(new));
    let mut names = BTreeMap::new();
    for (own, other) in [(&old, &new), (&new, &old)] {
        for who in own.difference(other).filter(|(_, arn)| of_unknown_role(arn).is_some()) {
            let roles = other.difference(own).filter(|role| is_same((&who.0, &who.1), (&role.0, &role.1)));
            // where there are several, none is the one
            if let [role] = roles.collect::<Vec<_>>().as_slice() {
                names.insert(who.clone(), (*role).clone());
            }
        }
    }
    names
}

/// Calls them alike on both sides.
pub(super) fn align(old: &mut Answers, new: &mut Answers) {
    let of = |side: &Answers| side.principals.values().cloned().collect::<Vec<_>>();
    for (unknown, role) in names(&of(old), &of(new)) {
        old.rename(&unknown, &role);
        new.rename(&unknown, &role);
    }
}
