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
    let within = |p: &&PrincipalEntry| reach.contains(&p.account);
    let mut principals = access.principals.iter().filter(within);
    match access.is_of_resources() {
        true => principals.next().is_some() && controls_resources(piece),
        false => principals.any(|p| concerns(piece, p, access.is_trust())),
    }
}

/// Whether a piece is of resource control policies, or of where an account is under them.
fn controls_resources(piece: &Piece) -> bool {
    let is_of_layer = piece.layers.contains(&"resourceControl");
    match &piece.of {
        What::Document(_) | What::Statement(..) => is_of_layer,
        What::Attribute(_, attr) | What::Element(_, attr, _) => layer(attr) == Some("resourceControl"),
        What::Settings => true,
        What::Entity(uid) | What::Position(uid) | What::Parent(uid, _) => {
            ["Account", "Organization", "OrganizationalUnit"].contains(&uid.ty.as_str())
        }
        What::Tags(_) => false,
    }
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
