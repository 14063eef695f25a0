//! What those who may be there unseen could do as roles (D31), in the form in which it is told of all who are not listed.
//!
//! Whatever rests on "nobody else" asks here, beside [`others`](crate::assessment::completeness::others), which tells what they could do
//! without a role.

use std::collections::BTreeSet;

use super::{Roles, Unlisted, follow};
use crate::assessment::completeness::others::{Assuming, Others, unlisted_groups};
use crate::assessment::completeness::person::Named;
use crate::assessment::completeness::{Missing, Unseen};
use crate::assessment::{Filter, Operation, Options, PrincipalAnswer, assess, principals};
use crate::inventory::Inventory;
use crate::inventory::permission_sets::is_provisioned;
use crate::inventory::tree::Tree;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Decision, PrincipalKind};
use crate::words;

/// Those who may be there unseen behind roles, as far as the answers of the roles let them do something.
pub fn at_roles<'p>(roles: &Roles, answers: impl IntoIterator<Item = &'p PrincipalAnswer>) -> Vec<Others> {
    let mut found = BTreeSet::new();
    for role in answers.into_iter().filter(|p| p.kind == PrincipalKind::Role) {
        let others = roles.get(&role.principal).into_iter().flat_map(|behind| &behind.others);
        let unlisted: Vec<_> = others.filter_map(|o| Some((o.unlisted.as_ref()?, &o.roles))).collect();
        if unlisted.is_empty() {
            continue;
        }
        let may = role.operations.iter().filter(|o| o.decision != Decision::Deny);
        let operations: Vec<Operation> = may.map(Operation::of).collect();
        if !operations.is_empty() {
            found.extend(unlisted.into_iter().map(|(who, by)| others_of(who, by, role, operations.clone())));
        }
    }
    found.into_iter().collect()
}

fn others_of(who: &Unlisted, roles: &[String], role: &PrincipalAnswer, operations: Vec<Operation>) -> Others {
    let assuming = Assuming {
        from: who.account.clone(),
        principal: who.by.as_ref().map(|by| by.arn.clone()),
        roles: roles.to_vec(),
    };
    Others {
        account: Some(role.account.clone()),
        organization: None,
        permission_set: who.by.as_ref().map(|by| by.name.clone()),
        groups: who.groups.clone(),
        missing: who.missing.clone(),
        operations,
        person: None,
        assuming: Some(assuming),
    }
}

/// All of them, of what the options ask about.
pub fn everywhere((inventory, rules): (&Inventory, &RuleBook), options: &Options) -> Result<Vec<Others>, Failure> {
    if is_all_listed(inventory) {
        return Ok(Vec::new());
    }
    let all = inventory.of_type("Role").map(|role| role.uid.id.clone()).collect();
    let options = Options { any_request: false, ..options.clone() };
    let mut roles = follow((inventory, rules), &options, &all)?;
    roles.retain(|_, behind| behind.others.iter().any(|other| other.unlisted.is_some()));
    let wanted = principals(inventory, options.at).into_iter();
    let wanted = wanted.filter(|p| roles.contains_key(&p.principal) && options.filter.account(&p.account));
    let wanted: Vec<(String, String)> = wanted.map(|p| (p.principal, p.account)).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter { principals: Some(wanted), principals_in: None, ..options.filter.clone() };
    let answers = assess(inventory, rules, &Options { filter, ..options })?;
    Ok(at_roles(&roles, &answers.principals))
}

/// As far as a person may be one of them. `everyone` has the people who are known to stand behind each permission set: who is there
/// already is not there unseen.
pub fn of_person(others: Others, person: &Named, everyone: &[PrincipalAnswer]) -> Option<Others> {
    let assuming = others.assuming.as_ref()?;
    match &assuming.principal {
        Some(arn) => {
            let set = everyone.iter().find(|p| p.account == assuming.from && p.principal == *arn);
            if set.is_some_and(|set| set.people.iter().any(|p| p.id == person.id)) {
                return None;
            }
        }
        // a person acts by permission sets alone
        None if !others.missing.contains(&Missing::Assignments) => return None,
        None => {}
    }
    Some(Others { person: Some(person.user_name.clone()), ..others })
}

/// The account and the ARN of a permission set or of a role, and the permission set, in words, from which the role is assumed.
pub type Way = (String, String, Option<String>);

/// Permission sets in accounts, and roles that they may assume, behind which somebody may stand who is not listed.
pub fn open(inventory: &Inventory, options: &Options, roles: &Roles) -> BTreeSet<Way> {
    let mut open = BTreeSet::new();
    if is_all_listed(inventory) {
        return open;
    }
    let (tree, unseen) = (Tree::new(inventory), Unseen::of(inventory));
    for set in principals(inventory, options.at) {
        let is_open = || {
            unseen.assignments_of(&set.account)
                || !unlisted_groups(inventory, &tree, (&set.uid, &set.account)).is_empty()
        };
        if set.kind == PrincipalKind::PermissionSet && is_open() {
            open.insert((set.account, set.principal, None));
        }
    }
    for (arn, behind) in roles {
        let account = inventory.entity("Role", arn).and_then(|role| role.reference("account"));
        // the role of a permission set, which is assigned there to whom nothing tells
        if let Some(account) = account.filter(|a| is_provisioned(arn) && unseen.assignments_of(a)) {
            open.insert((account.to_owned(), arn.clone(), None));
        }
        let sets = behind.others.iter().filter_map(|o| o.unlisted.as_ref()).filter_map(|who| {
            let name = &who.by.as_ref()?.name;
            Some((
                account?.to_owned(),
                arn.clone(),
                Some(words::principal(PrincipalKind::PermissionSet, name, &who.account)),
            ))
        });
        open.extend(sets);
    }
    open
}

/// Whether everybody is listed: the members of all groups, all assignments and all principals.
fn is_all_listed(inventory: &Inventory) -> bool {
    let is = |ty: &'static str, attr: &'static str| inventory.of_type(ty).all(|e| e.bool(attr) != Some(false));
    is("IdentityCenterInstance", "groupsKnown")
        && is("IdentityCenterGroup", "membersKnown")
        && Unseen::of(inventory).is_empty()
}
