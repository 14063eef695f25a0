//! New access by trust policies: whether somebody may assume a role by a request by which nobody could before.
//!
//! People and their answers are compared elsewhere, as far as they are known ([`super::people`]). Of those who are not, a trust policy
//! says all that there is to know: an external id, a repository, an organization. So each trust policy is compared with what it was,
//! for any caller and any request.

use super::PrincipalEntry;
use super::stacks::{Compared, NewAccess};
use crate::access::{self, NewRequests};
use crate::assessment::completeness::Unseen;
use crate::iam::document::{Document, Statement};
use crate::iam::principal::Who;
use crate::inventory::entity::Entity;
use crate::inventory::{Inventory, Policy};
use crate::people;
use crate::problem::Failure;
use crate::terms::PrincipalKind;

/// What is compared.
pub(super) const NAME: &str = "who may assume it, by its trust policy";

/// The trust policies that are others than before, each compared with what it was.
pub(super) fn new_access(base: &Inventory, head: &Inventory) -> Result<Vec<NewAccess>, Failure> {
    let mut found = Vec::new();
    for role in head.of_type("Role") {
        let old = base.entities.get(&role.uid).and_then(|r| trust_of(base, r));
        let (Some(old), Some(new)) = (old, trust_of(head, role)) else { continue };
        if old.content == new.content {
            continue;
        }
        let side = |policy: Policy| access::Side::new(vec![("trust", vec![policy])]);
        let answer = access::new_access(&side(old.clone()), &side(of_someone(head, new)))?;
        if answer.decision == NewRequests::None {
            continue;
        }
        let principals = vec![PrincipalEntry {
            account: role.reference("account").unwrap_or_default().to_owned(),
            principal: role.uid.id.clone(),
            kind: PrincipalKind::Role,
            name: people::short(&role.uid.id).to_owned(),
            people: Vec::new(),
        }];
        found.push(NewAccess {
            of: Compared::Stack,
            name: NAME.to_owned(),
            was_there: true,
            principals,
            answer,
            allowed: None,
        });
    }
    Ok(found)
}

fn trust_of<'i>(inventory: &'i Inventory, role: &Entity) -> Option<&'i Policy> {
    role.reference("trustPolicy").and_then(|id| inventory.policies.get(id))
}

/// A trust policy without those whom it allows and who are nobody: accounts all of whose principals are listed, and that have none, and
/// principals that were deleted.
fn of_someone(inventory: &Inventory, policy: &Policy) -> Policy {
    let unseen = Unseen::of(inventory);
    let is_empty = |number: &str| {
        let of = |ty: &str| inventory.of_type(ty).any(|e| e.reference("account") == Some(number));
        let listed = !unseen.principals_of(number) && !unseen.assignments_of(number);
        let known = inventory.entity("Account", number).is_some();
        known && listed && !of("User") && !of("Role") && inventory.of_type("PermissionSet").next().is_none()
    };
    let someone = |who: &Who| match who {
        Who::Account(number) => !is_empty(number),
        // the unique id of a user or a role that was deleted
        Who::Aws(text) => text.starts_with("arn:"),
        _ => true,
    };
    let statement = |statement: &Statement| {
        let mut statement = statement.clone();
        if let Some(principals) = statement.principals.as_mut().filter(|p| statement.allow && !p.negated) {
            principals.who.retain(&someone);
            if principals.who.is_empty() {
                return None;
            }
        }
        Some(statement)
    };
    let statements: Vec<Statement> = policy.document.statements.iter().filter_map(statement).collect();
    let document = Document { source: policy.document.source.clone(), statements };
    Policy { document: std::sync::Arc::new(document), ..policy.clone() }
}
