//! People as they were before a change: a guardrail that is about a group is about whoever was in it, also where the change renames the
//! group, moves them out of it, or gives its name to others.

use std::collections::{BTreeMap, BTreeSet};

use super::{By, Guardrails, Violation};
use crate::assessment::Options;
use crate::assessments::Assessments;
use crate::inventory::Inventory;
use crate::inventory::entity::{Entity, Uid};
use crate::problem::Failure;

/// What a guardrail no longer holds for: what those whom it was about before may do with the change, and could not.
#[derive(Clone, Debug)]
pub struct Evaded {
    /// The guardrail.
    pub id: String,
    /// Who, and what they may do.
    pub violations: Vec<Violation>,
}

/// The types of whom guardrails are about, and of the groups that these are in. What becomes of accounts is told of the accounts.
const WHO: [&str; 6] = ["Group", "IdentityCenterGroup", "IdentityCenterUser", "PermissionSet", "Role", "User"];

/// By what they are called.
const CALLED: [&str; 3] = ["displayName", "name", "userName"];

impl Guardrails {
    /// What those of the principals whom these guardrails were about in `base`, and who still exist, may do with the change that a
    /// guardrail forbade them, and that breaks it neither with the change nor before it.
    pub fn evaded(
        &self,
        base: &Assessments<'_>,
        head: &Assessments<'_>,
        [old, new]: [&Options; 2],
    ) -> Result<Vec<Evaded>, Failure> {
        let Some(as_before) = as_they_were(base.inventory, head.inventory) else { return Ok(Vec::new()) };
        let open = |by: &Violation| by.by != By::Request;
        let found = self.check_as(head, new, Some(&as_before))?;
        if !found.iter().any(|result| result.violations.iter().any(open)) {
            return Ok(Vec::new());
        }
        let mut known: BTreeMap<String, BTreeSet<Single>> = BTreeMap::new();
        for (assessments, options) in [(base, old), (head, new)] {
            for result in self.check_as(assessments, options, None)? {
                let of = result.violations.iter().filter(|v| open(v)).flat_map(singles);
                known.entry(result.id).or_default().extend(of.map(|(single, _)| single));
            }
        }
        let evaded = found.into_iter().filter_map(|result| {
            let known = known.get(&result.id);
            let of = result.violations.iter().filter(|v| open(v)).flat_map(singles);
            let new = of.filter(|(single, _)| known.is_none_or(|known| !known.contains(single)));
            let mut violations: Vec<Violation> = new.map(|(_, violation)| violation).collect();
            violations.sort();
            (!violations.is_empty()).then_some(Evaded { id: result.id, violations })
        });
        Ok(evaded.collect())
    }
}

/// Somebody's operation in an account, as which principal.
type Single = (String, String, Option<String>, String);

/// A violation by each of its people and operations.
fn singles(violation: &Violation) -> Vec<(Single, Violation)> {
    let people: Vec<Option<&String>> = match violation.people.as_slice() {
        [] => vec![None],
        people => people.iter().map(Some).collect(),
    };
    let mut found = Vec::new();
    for person in people {
        for operation in &violation.operations {
            let key = (
                violation.account.clone(),
                violation.principal.clone(),
                person.cloned(),
                format!("{operation:?} {:?}", violation.assuming),
            );
            let people = person.cloned().into_iter().collect();
            found.push((key, Violation { people, operations: vec![operation.clone()], ..violation.clone() }));
        }
    }
    found
}

/// The inventory of a change, with everybody who was there in the groups, with the tags and by the names that they had; `None` where
/// these are the same.
fn as_they_were(base: &Inventory, head: &Inventory) -> Option<Inventory> {
    let mut changed: Vec<(Uid, Entity)> = Vec::new();
    for old in WHO.iter().flat_map(|ty| base.of_type(ty)) {
        match head.entities.get(&old.uid) {
            Some(new) => {
                let as_before = as_it_was(old, new);
                changed.extend(as_before.map(|entity| (old.uid.clone(), entity)));
            }
            // what they were in may be gone
            None if is_container(&old.uid.ty) => changed.push((old.uid.clone(), old.clone())),
            None => {}
        }
    }
    // the id of a person is what the inventory says that it is; people are told apart by their names
    let name = |user: &Entity| user.str("userName").map(str::to_owned);
    let gone = |user: &&Entity| !head.entities.contains_key(&user.uid);
    let by_name: BTreeMap<String, &Entity> =
        base.of_type("IdentityCenterUser").filter(gone).filter_map(|u| Some((name(u)?, u))).collect();
    let fresh = head.of_type("IdentityCenterUser").filter(|u| !base.entities.contains_key(&u.uid));
    for new in fresh {
        let old = name(new).and_then(|name| by_name.get(&name).copied());
        let as_before = old.and_then(|old| as_it_was(old, new));
        changed.extend(as_before.map(|entity| (new.uid.clone(), entity)));
    }
    // a group that nobody was in who is somewhere else now changes nothing for anyone
    if changed.iter().all(|(uid, _)| is_container(&uid.ty) && !head.entities.contains_key(uid)) {
        return None;
    }
    let mut inventory = head.clone();
    inventory.entities.extend(changed);
    Some(inventory)
}

fn is_container(ty: &str) -> bool {
    ["Group", "IdentityCenterGroup"].contains(&ty)
}

/// An entity of the change as it was called and where it stood; `None` where it is so still.
fn as_it_was(old: &Entity, new: &Entity) -> Option<Entity> {
    let mut entity = Entity { parents: old.parents.clone(), tags: old.tags.clone(), ..new.clone() };
    for attr in CALLED {
        match old.attrs.get(attr) {
            Some(item) => drop(entity.attrs.insert(attr, item.clone())),
            None => drop(entity.attrs.remove(attr)),
        }
    }
    let parents = |entity: &Entity| entity.parents.iter().map(|(uid, _)| uid.clone()).collect::<BTreeSet<_>>();
    let said = |entity: &Entity| {
        let attrs = CALLED.map(|a| entity.attrs.get(a).map(|i| i.attr.clone()));
        (parents(entity), entity.tags.clone(), attrs)
    };
    (said(&entity) != said(new)).then_some(entity)
}
