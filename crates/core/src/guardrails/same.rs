//! Who of a change is the same as somebody before it. Ids and names are what a change says that they are, so that each way to know them
//! again is a reading of its own, in which they are called as they were: people by their ids, or by their user names; groups by their ids, by
//! their names, or by the permission set that they had in an account; permission sets by their names, or by whom they are assigned to in an
//! account. Whoever has taken somebody's id or name does not take their place in every reading.

use std::collections::{BTreeMap, BTreeSet};

use super::moved::{as_it_was, as_they_were};
use crate::assessment::completeness::others::groups_of;
use crate::assessment::{PrincipalAnswer, principals};
use crate::inventory::Inventory;
use crate::inventory::entity::{Item, Uid};
use crate::inventory::tree::Tree;
use crate::moment::Moment;
use crate::terms::PrincipalKind;

/// By who they are with the change, who they were.
pub(super) type Same = BTreeMap<Uid, Uid>;

/// Whose place a permission set has in an account.
#[derive(Clone)]
pub(super) struct Place {
    /// The permission set that was there.
    pub uid: Uid,
    /// The ARN that it had.
    pub arn: String,
    /// Those whom both are assigned to, as they are told.
    pub people: BTreeSet<String>,
}

/// A change, with those who are the same under the ids that they had.
pub(super) struct Reading {
    /// How guardrails see them.
    pub inventory: Inventory,
    same: Same,
    /// By account and permission set.
    sets: BTreeMap<(String, Uid), Place>,
    /// The same by account and ARN.
    by_arn: BTreeMap<(String, String), Place>,
}

impl Reading {
    /// Who somebody was.
    pub fn uid(&self, uid: Uid) -> Uid {
        self.same.get(&uid).cloned().unwrap_or(uid)
    }

    /// In whose place a principal is in an account.
    pub fn principal(&self, who: &PrincipalAnswer) -> Option<&Uid> {
        self.sets.get(&(who.account.clone(), who.uid.clone())).map(|place| &place.uid)
    }

    /// The same by its ARN.
    pub fn place(&self, account: &str, arn: &str) -> Option<&Place> {
        self.by_arn.get(&(account.to_owned(), arn.to_owned()))
    }
}

/// All readings of a change in which somebody is called, or stands, otherwise than with the change.
pub(super) fn readings(base: &Inventory, head: &Inventory, at: Moment) -> Vec<Reading> {
    let mut ways = vec![Same::new()];
    for same in [by_names(base, head), by_assignments(base, head)] {
        if !ways.contains(&same) {
            ways.push(same);
        }
    }
    let mut found = Vec::new();
    for same in ways {
        let as_they_were = as_they_were(base, head, &same);
        let rounds = sets(base, head, &same, at);
        if let Some(inventory) = &as_they_were {
            let (inventory, same) = (inventory.clone(), same.clone());
            found.push(Reading { inventory, same, sets: BTreeMap::new(), by_arn: BTreeMap::new() });
        }
        for round in rounds {
            let mut inventory = as_they_were.clone().unwrap_or_else(|| head.clone());
            let mut by_arn = BTreeMap::new();
            let mut sets = BTreeMap::new();
            for ((account, uid, arn), place) in round {
                if let Some(old) = base.entities.get(&place.uid) {
                    let as_before = head.entities.get(&place.uid).map_or(Some(old.clone()), |new| as_it_was(old, new));
                    inventory.entities.extend(as_before.map(|entity| (place.uid.clone(), entity)));
                }
                by_arn.insert((account.clone(), arn), place.clone());
                sets.insert((account, uid), place);
            }
            found.push(Reading { inventory, same: same.clone(), sets, by_arn });
        }
    }
    found
}

/// A name as the identity store compares it.
pub(super) fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// What people and groups are called.
const CALLED: [(&str, &str); 2] = [("IdentityCenterUser", "userName"), ("IdentityCenterGroup", "displayName")];

fn named(inventory: &Inventory, (ty, attr): (&'static str, &str)) -> BTreeMap<String, Uid> {
    inventory.of_type(ty).filter_map(|e| Some((folded(e.str(attr)?), e.uid.clone()))).collect()
}

/// People and groups who have the name of somebody who had another id.
fn by_names(base: &Inventory, head: &Inventory) -> Same {
    let mut same = Same::new();
    for of in CALLED {
        let old = named(base, of);
        let new = named(head, of).into_iter();
        same.extend(new.filter_map(|(name, uid)| Some((uid, old.get(&name)?.clone()))).filter(|(new, old)| new != old));
    }
    in_turn(same, head)
}

/// The same, but for groups that are new, and have the permission set in an account that another group has there no more.
fn by_assignments(base: &Inventory, head: &Inventory) -> Same {
    let (had, has) = (assigned(base), assigned(head));
    let names = CALLED.map(|of| named(base, of));
    let is_new = |group: &&String| {
        let uid = Uid::new("IdentityCenterGroup", group.as_str());
        let name = head.entities.get(&uid).and_then(|e| e.str("displayName")).map(folded);
        !base.entities.contains_key(&uid) && !names.iter().any(|of| name.as_ref().is_some_and(|n| of.contains_key(n)))
    };
    let mut same = Same::new();
    let mut taken: BTreeSet<Uid> = BTreeSet::new();
    let mut known = |new: Uid, old: Uid| {
        if new != old && !same.contains_key(&new) && taken.insert(old.clone()) {
            same.insert(new, old);
        }
    };
    let none = BTreeSet::new();
    for (at, groups) in &had {
        let now = has.get(at).unwrap_or(&none);
        let gone = groups.difference(now);
        for (new, old) in now.difference(groups).filter(is_new).zip(gone) {
            known(Uid::new("IdentityCenterGroup", new.as_str()), Uid::new("IdentityCenterGroup", old.as_str()));
        }
    }
    by_names(base, head).into_iter().for_each(|(new, old)| known(new, old));
    in_turn(same, head)
}

/// The groups that have a permission set in an account, or in those below a unit.
fn assigned(inventory: &Inventory) -> BTreeMap<(Uid, String), BTreeSet<String>> {
    let mut found: BTreeMap<(Uid, String), BTreeSet<String>> = BTreeMap::new();
    for set in inventory.of_type("PermissionSet") {
        for fields in set.set("assignments").unwrap_or_default().iter().filter_map(Item::record) {
            let Some(group) = fields.get("group").and_then(Item::id) else { continue };
            let places = ["accounts", "organizationalUnits"].into_iter().filter_map(|attr| fields.get(attr));
            for place in places.flat_map(Item::ids) {
                found.entry((set.uid.clone(), place)).or_default().insert(group.to_owned());
            }
        }
    }
    found
}

/// With whoever has the id of another in the place of the first who has somebody's: no two are one.
fn in_turn(mut same: Same, head: &Inventory) -> Same {
    let before: BTreeMap<Uid, Uid> = same.iter().map(|(new, old)| (old.clone(), new.clone())).collect();
    for last in before.keys().filter(|old| head.entities.contains_key(*old)) {
        if same.contains_key(last) {
            continue;
        }
        let mut first = last;
        while let Some(earlier) = before.get(first) {
            first = earlier;
        }
        same.insert(last.clone(), first.clone());
    }
    same
}

/// A permission set in an account: the account, its entity, its ARN there.
type Set = (String, Uid, String);

/// Permission sets that are new, each with one that people or groups had in the same account whom it is assigned to: as many rounds as one
/// has the places of several.
fn sets(base: &Inventory, head: &Inventory, same: &Same, at: Moment) -> Vec<BTreeMap<Set, Place>> {
    let of = |inventory: &Inventory| -> Vec<PrincipalAnswer> {
        let all = principals(inventory, at).into_iter();
        all.filter(|p| p.kind == PrincipalKind::PermissionSet).collect()
    };
    let mut rounds: Vec<BTreeMap<Set, Place>> = Vec::new();
    let is_new = |set: &PrincipalAnswer| !base.entities.contains_key(&set.uid);
    let new: Vec<PrincipalAnswer> = of(head).into_iter().filter(is_new).collect();
    if new.is_empty() {
        return rounds;
    }
    let mut old: BTreeMap<String, Vec<PrincipalAnswer>> = BTreeMap::new();
    of(base).into_iter().for_each(|set| old.entry(set.account.clone()).or_default().push(set));
    let (before_it, with_it) = (Tree::new(base), Tree::new(head));
    for set in new {
        let groups = groups_of(head, &with_it, (&set.uid, &set.account));
        let places = old.get(&set.account).into_iter().flatten().filter_map(|before| {
            let mut people = in_common(before, &set, same);
            let had = groups_of(base, &before_it, (&before.uid, &before.account));
            people.extend(by_groups(head, &set, groups.iter().filter(|id| had.contains(&was(same, id)))));
            let place = Place { uid: before.uid.clone(), arn: before.principal.clone(), people };
            (!place.people.is_empty()).then_some(place)
        });
        for (round, place) in places.enumerate() {
            if rounds.len() <= round {
                rounds.push(BTreeMap::new());
            }
            let key = (set.account.clone(), set.uid.clone(), set.principal.clone());
            rounds.get_mut(round).map(|sets| sets.insert(key, place));
        }
    }
    rounds
}

/// The id that a group had.
fn was(same: &Same, id: &str) -> String {
    let uid = Uid::new("IdentityCenterGroup", id);
    same.get(&uid).map_or_else(|| id.to_owned(), |uid| uid.id.clone())
}

/// Whoever has a permission set by one of these groups: who is in them may be another than before.
fn by_groups<'g>(
    head: &Inventory,
    set: &PrincipalAnswer,
    groups: impl Iterator<Item = &'g String>,
) -> BTreeSet<String> {
    let name = |id: &String| {
        head.entity("IdentityCenterGroup", id).and_then(|g| g.str("displayName")).unwrap_or(id).to_owned()
    };
    let names: BTreeSet<String> = groups.map(name).collect();
    let people = set.people.iter().filter(|p| p.group.as_ref().is_some_and(|group| names.contains(group)));
    people.map(|p| p.user_name.clone()).collect()
}

/// The people, and the groups without listed members, whom a permission set was assigned to and another one is.
fn in_common(before: &PrincipalAnswer, now: &PrincipalAnswer, same: &Same) -> BTreeSet<String> {
    let was = |ty: &'static str, id: &str| {
        let uid = Uid::new(ty, id);
        same.get(&uid).map_or_else(|| id.to_owned(), |uid| uid.id.clone())
    };
    let people = now.people.iter().filter(|new| {
        let id = was("IdentityCenterUser", &new.id);
        before.people.iter().any(|old| old.id == id || folded(&old.user_name) == folded(&new.user_name))
    });
    let groups = now.groups.iter().filter_map(|new| {
        let id = was("IdentityCenterGroup", &new.id);
        let old = before.groups.iter().find(|old| old.id == id || folded(&old.name) == folded(&new.name))?;
        Some([format!("group {}", old.name), format!("group {}", new.name)])
    });
    people.map(|p| p.user_name.clone()).chain(groups.flatten()).collect()
}
