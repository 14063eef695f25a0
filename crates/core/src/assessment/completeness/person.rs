//! What a person who is named may do besides, by groups whose members, or by assignments that, were not listed (D31).
//!
//! Whoever is listed may be a member of such a group all the same, or have such an assignment: that a person may not do something cannot
//! be told from the permission sets alone that are known to be theirs.

use super::others::{self, Others};
use super::{Missing, Unseen};
use crate::assessment::{Assessment, Filter, Operation, Options, PrincipalAnswer};
use crate::inventory::Inventory;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::Decision;

/// A user of Identity Center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The id.
    pub id: String,
    /// The user name.
    pub user_name: String,
}

/// The users of Identity Center that a name stands for: a user name, or an id.
pub fn named(inventory: &Inventory, name: &str) -> Vec<Named> {
    let all = inventory.of_type("IdentityCenterUser");
    let own = all.filter(|user| user.uid.id == name || user.str("userName") == Some(name));
    own.map(|user| Named {
        id: user.uid.id.clone(),
        user_name: user.str("userName").unwrap_or(&user.uid.id).to_owned(),
    })
    .collect()
}

/// What a person may do besides, of that which the options ask for; the principals that these name are not counted. `own` are the answers
/// that are known to be the person's: what they allow need not be told.
pub fn perhaps(
    (inventory, rules): (&Inventory, &RuleBook),
    options: &Options,
    person: &Named,
    own: &[PrincipalAnswer],
) -> Result<Vec<Others>, Failure> {
    let mut found = others::all_members((inventory, rules), options, |p| !stands_behind(person, p))?;
    if Unseen::of(inventory).may_lack_assignments() {
        let filter = Filter { principals: None, ..options.filter.clone() };
        let asking = Options { filter, any_request: false, ..options.clone() };
        found.extend(others::others(inventory, rules, &asking)?);
    }
    let besides = found.iter().filter_map(|others| concerning(others, person, own));
    Ok(besides.collect())
}

/// What those who may be there unseen could do, as far as a person may be one of them, and is not allowed it by what is known.
fn concerning(others: &Others, person: &Named, own: &[PrincipalAnswer]) -> Option<Others> {
    let account = others.account.as_ref()?;
    let here = || own.iter().filter(|p| p.account == *account);
    let known =
        others.permission_set.as_ref().is_some_and(|set| here().any(|p| p.name == *set && stands_behind(person, p)));
    if known || !(others.permission_set.is_some() || others.missing.contains(&Missing::Assignments)) {
        return None;
    }
    let allowed = |operation: &Operation| {
        let theirs = here().filter(|p| stands_behind(person, p));
        theirs
            .flat_map(|p| p.operations.in_common())
            .any(|o| o.decision == Decision::Allow && Operation::of(o) == *operation)
    };
    let operations: Vec<Operation> = others.operations.iter().filter(|o| !allowed(o)).cloned().collect();
    let missing = if others.permission_set.is_some() { Missing::Members } else { Missing::Assignments };
    let person = Some(person.user_name.clone());
    (!operations.is_empty()).then(|| Others { person, missing: vec![missing], operations, ..others.clone() })
}

fn stands_behind(person: &Named, principal: &PrincipalAnswer) -> bool {
    principal.people.iter().any(|p| p.id == person.id)
}

impl Assessment {
    /// What a person may do besides, of what was asked about everybody.
    pub fn perhaps_of_person(&self, person: &Named) -> Vec<Others> {
        let all = self.completeness.perhaps_others.iter();
        all.filter_map(|others| concerning(others, person, &self.principals)).collect()
    }
}
