//! What a change calls known that its base did not: who may have been there unseen is there still, whatever the change says of it.
//!
//! Where the policies of the change leave those people no more than the policies of the base did, nothing hangs on it, and a collection
//! that lists everybody is believed. Where they leave more, whether somebody gained access is as unknown as it was in the base.

use std::collections::{BTreeMap, BTreeSet};

use super::unlisted;
use crate::assessment::completeness::Missing;
use crate::assessment::completeness::others::{self, Assuming, Others};
use crate::assessment::{Operation, Options};
use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Item, Uid};
use crate::policies::RuleBook;
use crate::problem::Failure;

/// By types, the attributes that say whether all principals and people were listed.
const LISTED: [(&str, &[&str]); 4] = [
    ("Account", &["assignmentsKnown", "principalsKnown"]),
    ("IdentityCenterGroup", &["membersKnown"]),
    ("IdentityCenterInstance", &["assignmentsKnown", "groupsKnown"]),
    ("Organization", &["accountsKnown"]),
];

/// An attribute of an entity that is false in the base alone.
type Flag = (Uid, &'static str);

/// What is carried over from the base of a change.
#[derive(Default)]
pub struct Carried {
    /// The inventory of the change, in which not known is what was not known where it matters; `None` where that is the change itself.
    pub inventory: Option<Inventory>,
    /// Who may be there unseen, with what the change alone leaves them.
    pub others: Vec<Others>,
}

/// Of a change; nothing where it calls nothing known that was not, or leaves nobody who was unseen more than before.
pub fn carried(
    (base, head): (&Inventory, &Inventory),
    rules: &RuleBook,
    [old, new]: [&Options; 2],
) -> Result<Carried, Failure> {
    let flags = settled(base, head);
    if flags.is_empty() {
        return Ok(Carried::default());
    }
    let open = with(head, base, flags.iter());
    let had = may((base, rules), old)?;
    let may = may((&open, rules), new)?;
    let others: Vec<Others> = may.into_iter().filter_map(|(whom, others)| beyond(whom, others, &had)).collect();
    if others.is_empty() {
        return Ok(Carried::default());
    }
    let matters = |(uid, _): &&Flag| others.iter().any(|o| concerns(uid, o));
    let inventory = with(head, base, flags.iter().filter(matters));
    Ok(Carried { inventory: Some(inventory), others })
}

/// Those who are not listed, where they may do what they could not before, whatever agreements are in force.
pub fn beyond_those_of(
    of: (&Inventory, &RuleBook),
    options: &Options,
    others: Vec<Others>,
) -> Result<Vec<Others>, Failure> {
    if others.is_empty() {
        return Ok(others);
    }
    let had = may(of, options)?;
    Ok(others.into_iter().filter_map(|others| beyond(whom(&others), others, &had)).collect())
}

/// What was not known, and is said to be.
fn settled(base: &Inventory, head: &Inventory) -> Vec<Flag> {
    let mut found = Vec::new();
    for (ty, attrs) in LISTED {
        for entity in base.of_type(ty) {
            let new = head.entities.get(&entity.uid);
            // of an account, an organization or a group that is gone nobody can be anything; of Identity Center, all is of one instance
            let stands =
                new.is_some() || (ty == "IdentityCenterInstance" && head.of_type("PermissionSet").next().is_some());
            let was_open = |attr: &&&'static str| entity.bool(attr) == Some(false);
            let is_settled = |attr: &&&'static str| new.and_then(|e| e.bool(attr)) != Some(false);
            let of = attrs.iter().filter(was_open).filter(is_settled).filter(|_| stands);
            found.extend(of.map(|attr| (entity.uid.clone(), *attr)));
        }
    }
    found
}

/// The inventory of the change, with what was not known.
fn with<'f>(head: &Inventory, base: &Inventory, flags: impl Iterator<Item = &'f Flag>) -> Inventory {
    let mut open = head.clone();
    for (uid, attr) in flags {
        if !open.entities.contains_key(uid)
            && let Some(entity) = base.entities.get(uid)
        {
            open.entities.insert(uid.clone(), entity.clone());
        }
        if let Some(entity) = open.entities.get_mut(uid) {
            let item = Item { span: entity.span, attr: Attr::Bool(false) };
            entity.attrs.insert(*attr, item);
        }
    }
    open
}

/// Whom it is told of: the account, the organization of accounts that are not listed, the permission set, the roles.
type Whom = (Option<String>, Option<String>, Option<String>, Option<Assuming>);

fn whom(others: &Others) -> Whom {
    let Others { account, organization, permission_set, assuming, .. } = others;
    (account.clone(), organization.clone(), permission_set.clone(), assuming.clone())
}

/// What those could do who may be there unseen, whatever agreements are in force.
fn may((inventory, rules): (&Inventory, &RuleBook), options: &Options) -> Result<BTreeMap<Whom, Others>, Failure> {
    let mut options = Options { any_state: true, ..options.clone() };
    options.filter.principals_in = None;
    let of = (inventory, rules);
    let mut all = others::others(inventory, rules, &options)?;
    all.extend(others::all_members(of, &options, |_| true)?);
    all.extend(unlisted::everywhere(of, &options)?);
    let mut found: BTreeMap<Whom, Others> = BTreeMap::new();
    for others in all {
        let whom = whom(&others);
        match found.get_mut(&whom) {
            Some(known) => known.operations.extend(others.operations),
            None => drop(found.insert(whom, others)),
        }
    }
    Ok(found)
}

/// What they could not do before.
fn beyond(whom: Whom, others: Others, had: &BTreeMap<Whom, Others>) -> Option<Others> {
    let had: BTreeSet<&Operation> = had.get(&whom).iter().flat_map(|h| &h.operations).collect();
    let operations: BTreeSet<Operation> = others.operations.iter().filter(|o| !had.contains(o)).cloned().collect();
    let operations: Vec<Operation> = operations.into_iter().collect();
    (!operations.is_empty()).then_some(Others { operations, ..others })
}

/// Whether what is not known of an entity has to do with these people.
fn concerns(uid: &Uid, others: &Others) -> bool {
    let from = others.assuming.as_ref().map(|a| a.from.as_str());
    match uid.ty.as_str() {
        "Account" => others.account.as_deref() == Some(&uid.id) || from == Some(&uid.id),
        "Organization" => others.organization.as_deref() == Some(&uid.id),
        _ => others.missing.iter().any(|m| matches!(m, Missing::Assignments | Missing::Members)),
    }
}
