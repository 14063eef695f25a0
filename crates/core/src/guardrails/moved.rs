//! People and accounts as they were before a change: a guardrail that is about a group is about whoever was in it, also where the change
//! renames the group, moves them out of it, or gives its name to others; one that is about a unit, the name or a tag of an account is
//! about that account.

use std::collections::{BTreeMap, BTreeSet};

use super::same::{Same, folded, readings, was};
use super::{By, Guardrails, Violation};
use crate::assessment::Options;
use crate::assessments::Assessments;
use crate::inventory::Inventory;
use crate::inventory::entity::{Entity, Uid};
use crate::inventory::tree::Tree;
use crate::problem::Failure;

/// What a guardrail no longer holds for: what those whom it was about before may do with the change, and could not.
#[derive(Clone, Debug)]
pub struct Evaded {
    /// The guardrail.
    pub id: String,
    /// Who, and what they may do.
    pub violations: Vec<Violation>,
}

/// The types of whom and of what guardrails are about, and of the groups and units that these are in.
const WHO: [&str; 8] = [
    "Account",
    "Group",
    "IdentityCenterGroup",
    "IdentityCenterUser",
    "OrganizationalUnit",
    "PermissionSet",
    "Role",
    "User",
];

/// Those of them who may be there under another id.
const CALLED_OTHERWISE: [&str; 2] = ["IdentityCenterGroup", "IdentityCenterUser"];

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
        let mut known: Option<[BTreeMap<String, BTreeSet<Single>>; 2]> = None;
        let mut evaded: BTreeMap<String, BTreeSet<Violation>> = BTreeMap::new();
        for reading in readings(base.inventory, head.inventory, new.at) {
            let found = self.check_as(head, new, Some(&reading))?;
            if !found.iter().any(|result| result.violations.iter().any(is_open)) {
                continue;
            }
            let known = match &mut known {
                Some(known) => known,
                none => none.insert([self.known(base, old)?, self.known(head, new)?]),
            };
            for result in found {
                let [before, now] = known.each_ref().map(|side| side.get(&result.id));
                let is_known =
                    |single: &Single, side: Option<&BTreeSet<Single>>| side.is_some_and(|known| known.contains(single));
                for (single, violation) in result.violations.iter().filter(|v| is_open(v)).flat_map(singles) {
                    let place = reading.place(&violation.account, &violation.principal);
                    // of whom a permission set has the place of another for
                    let is_other = |person: &String| place.is_some_and(|place| !place.people.contains(person));
                    let was = place.map(|place| {
                        let (account, _, person, what) = single.clone();
                        (account, place.arn.clone(), person, what)
                    });
                    let could = is_known(&single, before) || was.is_some_and(|was| is_known(&was, before));
                    if !could && !is_known(&single, now) && !violation.people.iter().any(is_other) {
                        evaded.entry(result.id.clone()).or_default().insert(violation);
                    }
                }
            }
        }
        let evaded =
            evaded.into_iter().map(|(id, violations)| Evaded { id, violations: violations.into_iter().collect() });
        Ok(evaded.collect())
    }

    /// What breaks each guardrail, or may.
    fn known(
        &self,
        assessments: &Assessments<'_>,
        options: &Options,
    ) -> Result<BTreeMap<String, BTreeSet<Single>>, Failure> {
        let mut known: BTreeMap<String, BTreeSet<Single>> = BTreeMap::new();
        for result in self.check_as(assessments, options, None)? {
            let of = result.violations.iter().filter(|v| is_open(v)).flat_map(singles);
            known.entry(result.id).or_default().extend(of.map(|(single, _)| single));
        }
        Ok(known)
    }
}

/// It is granted, or may be.
fn is_open(violation: &Violation) -> bool {
    violation.by != By::Request
}

/// Somebody's operation in an account, as which principal, by a name that the identity store takes for the same.
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
                person.map(|name| folded(name)),
                format!("{operation:?} {:?}", violation.assuming),
            );
            let people = person.cloned().into_iter().collect();
            found.push((key, Violation { people, operations: vec![operation.clone()], ..violation.clone() }));
        }
    }
    found
}

/// The inventory of a change, with everybody who was there in the groups, with the tags and by the names that they had; `None` where
/// these are the same. `same` has those who are somebody of before under another id.
pub(super) fn as_they_were(base: &Inventory, head: &Inventory, same: &Same) -> Option<Inventory> {
    let is_now: BTreeMap<&Uid, &Uid> = same.iter().map(|(new, old)| (old, new)).collect();
    let trees = [Tree::new(base), Tree::new(head)];
    // what stands in another organization is in the hands of others
    let stays = |old: &&Entity| {
        let [before, after] = trees.each_ref().map(|tree| organization(tree, &old.uid.id));
        old.uid.ty != "Account" || before == after
    };
    let mut changed: Vec<(Uid, Entity)> = Vec::new();
    for old in WHO.iter().flat_map(|ty| base.of_type(ty)).filter(stays) {
        // whoever has the id now may be somebody else
        let now = is_now.get(&old.uid).copied().unwrap_or(&old.uid);
        match head.entities.get(now) {
            Some(new) => {
                let as_before = as_it_was(old, new).or_else(|| (*now != old.uid).then(|| new.clone()));
                changed.extend(as_before.map(|entity| (old.uid.clone(), Entity { uid: old.uid.clone(), ..entity })));
            }
            // what they were in may be gone
            None if is_container(&old.uid.ty) => changed.push((old.uid.clone(), old.clone())),
            None => {}
        }
    }
    changed.extend(anew(base, head, same));
    // a group that nobody was in who is somewhere else now changes nothing for anyone
    if same.is_empty() && changed.iter().all(|(uid, _)| is_container(&uid.ty) && !head.entities.contains_key(uid)) {
        return None;
    }
    let mut inventory = head.clone();
    inventory.entities.extend(changed);
    Some(inventory)
}

/// The organization in which an account stands.
fn organization(tree: &Tree, account: &str) -> Option<String> {
    tree.accounts.get(account).and_then(|account| tree.now(account).organization)
}

/// Those who are nobody of before, in groups that are.
fn anew(base: &Inventory, head: &Inventory, same: &Same) -> Vec<(Uid, Entity)> {
    let of = |uid: &Uid| was(same, uid);
    let fresh =
        CALLED_OTHERWISE.iter().flat_map(|ty| head.of_type(ty)).filter(|e| !base.entities.contains_key(&of(&e.uid)));
    let read = |new: &Entity| {
        let uid = of(&new.uid);
        let parents = new.parents.iter().map(|(parent, span)| (of(parent), *span)).collect();
        (uid.clone(), Entity { uid, parents, ..new.clone() })
    };
    if same.is_empty() { Vec::new() } else { fresh.map(read).collect() }
}

fn is_container(ty: &str) -> bool {
    ["Group", "IdentityCenterGroup", "OrganizationalUnit"].contains(&ty)
}

/// An entity of the change as it was called and where it stood; `None` where it is so still.
pub(super) fn as_it_was(old: &Entity, new: &Entity) -> Option<Entity> {
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
