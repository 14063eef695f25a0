//! Which pieces of a change can make requests newly allowed. Differences of operations have causes that were tried one by one; for new
//! access of any request it is told which pieces may have to do with it.

use super::PrincipalEntry;
use super::pieces::{Piece, What, layer};
use super::reach::Reach;
use super::stacks::NewAccess;
use crate::inventory::entity::Uid;
use crate::inventory::permission_sets::is_provisioned;

/// What people and their permissions are made of, beside principals themselves.
const AROUND: [&str; 7] = [
    "Account",
    "Group",
    "IdentityCenterGroup",
    "IdentityCenterUser",
    "Organization",
    "OrganizationalUnit",
    "PermissionSet",
];

/// Whether a piece may have to do with new access.
pub(super) fn may_cause(piece: &Piece, reach: &Reach, access: &NewAccess) -> bool {
    let trust = access.is_trust();
    access.principals.iter().any(|p| reach.contains(&p.account) && concerns(piece, p, trust))
}

fn concerns(piece: &Piece, principal: &PrincipalEntry, trust: bool) -> bool {
    // who may assume a role is decided by its trust policy and the resource control policies of its account
    let of_role = |layer: &str| layer == "trust" || layer == "resourceControl";
    let of_trust = piece.layers.iter().any(|layer| of_role(layer));
    let own = |uid: &Uid| uid.id == principal.principal || is_provisioned(&principal.principal);
    let has = |uid: &Uid| if is_principal(uid) { own(uid) } else { AROUND.contains(&uid.ty.as_str()) };
    match &piece.of {
        What::Settings => true,
        // a document may be a trust policy here and another there
        What::Document(_) | What::Statement(..) => of_trust == trust || piece.layers.len() > 1,
        What::Attribute(uid, attr) | What::Element(uid, attr, _) => match layer(attr) {
            Some(of) => of_role(of) == trust && has(uid),
            None => !trust && (uid.ty == "PermissionSet" || (is_principal(uid) && own(uid))),
        },
        What::Entity(uid) => has(uid),
        What::Position(uid) => has(uid),
        What::Parent(uid, _) | What::Tags(uid) => !trust && has(uid),
    }
}

fn is_principal(uid: &Uid) -> bool {
    ["User", "Role", "Root"].contains(&uid.ty.as_str())
}
