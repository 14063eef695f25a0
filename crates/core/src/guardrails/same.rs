//! Who of a change is the same as somebody before it. Ids and names are what a change says that they are, so that each way to know them
//! again is a reading of its own, in which they are called as they were: people by their ids, or by their user names; groups by their ids, by
//! their names, or by the permission set that they had in an account; permission sets by their names, or by whom they are assigned to in an
//! account. Whoever has taken somebody's id or name does not take their place in every reading.

use std::collections::{BTreeMap, BTreeSet};

use super::moved::{as_it_was, as_they_were};
use crate::assessment::completeness::others::groups_of;
use crate::assessment::{PrincipalAnswer, principals};
use crate::inventory::Inventory;
use crate::inventory::entity::{Entity, Item, Uid};
use crate::inventory::tree::Tree;
use crate::moment::Moment;
use crate::terms::PrincipalKind;

/// By who they are with the change, who they were.
pub(super) type Same = BTreeMap<Uid, Uid>;

/// Whose place a permission set has in an account.
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
    /// By the account and the ARN of a permission set.
    places: BTreeMap<Who, Place>,
}

/// An account, and the ARN of a permission set there.
type Who = (String, String);

impl Reading {
    /// Who somebody was.
    pub fn uid(&self, uid: &Uid) -> Uid {
        was(&self.same, uid)
    }

    /// In whose place a permission set is in an account.
    pub fn place(&self, account: &str, arn: &str) -> Option<&Place> {
        self.places.get(&(account.to_owned(), arn.to_owned()))
    }
}

/// Who somebody of a change was.
pub(super) fn was(same: &Same, uid: &Uid) -> Uid {
    same.get(uid).unwrap_or(uid).clone()
}

/// All readings of a change in which somebody is called, or stands, otherwise than with the change.
pub(super) fn readings(base: &Inventory, head: &Inventory, at: Moment) -> Vec<Reading> {
    let mut ways = vec![Same::new()];
    for same in [by_names(base, head), by_assignments(base, head)] {
        if !ways.contains(&same) {
            ways.push(same);
        }
    }
    let sets = NewSets::of(base, head, at);
    let mut found = Vec::new();
    for same in ways {
        let as_they_were = as_they_were(base, head, &same);
        let by_themselves = as_they_were.is_some().then(BTreeMap::new);
        for places in by_themselves.into_iter().chain(sets.rounds(&same)) {
            let mut inventory = as_they_were.clone().unwrap_or_else(|| head.clone());
            for Place { uid, .. } in places.values() {
                if let Some(old) = base.entities.get(uid) {
                    let as_before = head.entities.get(uid).map_or(Some(old.clone()), |new| as_it_was(old, new));
                    inventory.entities.extend(as_before.map(|entity| (uid.clone(), entity)));
                }
            }
            found.push(Reading { inventory, same: same.clone(), places });
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
    // a name that differs in case is no name that a guardrail asks for, and may be that of another
    let names: BTreeSet<&str> = base.of_type("IdentityCenterGroup").filter_map(|e| e.str("displayName")).collect();
    let is_known =
        |e: &Entity| base.entities.contains_key(&e.uid) || e.str("displayName").is_some_and(|n| names.contains(n));
    let new: BTreeSet<&str> =
        head.of_type("IdentityCenterGroup").filter(|e| !is_known(e)).map(|e| e.uid.id.as_str()).collect();
    if new.is_empty() {
        return by_names(base, head);
    }
    let is_new = |group: &&String| new.contains(group.as_str());
    let (had, has) = (assigned(base), assigned(head));
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

/// The groups that have a permission set in an account, however it is assigned, or by a unit.
fn assigned(inventory: &Inventory) -> BTreeMap<(Uid, String), BTreeSet<String>> {
    let tree = Tree::new(inventory);
    let mut below: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for account in tree.accounts.values() {
        for unit in tree.now(account).path {
            below.entry(unit).or_default().push(account.id.clone());
        }
    }
    let mut found: BTreeMap<(Uid, String), BTreeSet<String>> = BTreeMap::new();
    for set in inventory.of_type("PermissionSet") {
        for fields in set.set("assignments").unwrap_or_default().iter().filter_map(Item::record) {
            let Some(group) = fields.get("group").and_then(Item::id) else { continue };
            let places = ["accounts", "organizationalUnits"].into_iter().filter_map(|attr| fields.get(attr));
            let named: Vec<String> = places.flat_map(Item::ids).collect();
            let accounts = named.iter().filter_map(|unit| below.get(unit)).flatten().cloned();
            for place in named.iter().cloned().chain(accounts) {
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

/// Permission sets that a change brings, and those that there were in the same accounts.
struct NewSets<'a> {
    head: &'a Inventory,
    /// Each with the groups by which people have it.
    new: Vec<(PrincipalAnswer, BTreeSet<String>)>,
    /// The same by account.
    old: BTreeMap<String, Vec<(PrincipalAnswer, BTreeSet<String>)>>,
}

impl<'a> NewSets<'a> {
    fn of(base: &Inventory, head: &'a Inventory, at: Moment) -> Self {
        let of = |inventory: &Inventory, is: &dyn Fn(&PrincipalAnswer) -> bool| -> Vec<_> {
            let tree = Tree::new(inventory);
            let all = principals(inventory, at).into_iter().filter(|p| p.kind == PrincipalKind::PermissionSet && is(p));
            let with = |set: PrincipalAnswer| {
                let groups = groups_of(inventory, &tree, (&set.uid, &set.account));
                (set, groups)
            };
            all.map(with).collect()
        };
        let new = of(head, &|set| !base.entities.contains_key(&set.uid));
        let mut old: BTreeMap<String, Vec<_>> = BTreeMap::new();
        let accounts: BTreeSet<&String> = new.iter().map(|(set, _)| &set.account).collect();
        if !accounts.is_empty() {
            let there = of(base, &|set| accounts.contains(&set.account));
            there.into_iter().for_each(|set| old.entry(set.0.account.clone()).or_default().push(set));
        }
        Self { head, new, old }
    }

    /// Each with one that people or groups had in the same account whom it is assigned to: as many rounds as one has the places of several.
    fn rounds(&self, same: &Same) -> Vec<BTreeMap<Who, Place>> {
        let mut rounds: Vec<BTreeMap<Who, Place>> = Vec::new();
        for (set, groups) in &self.new {
            let places = self.old.get(&set.account).into_iter().flatten().filter_map(|(before, had)| {
                let mut people = in_common(before, set, same);
                let kept =
                    groups.iter().filter(|id| had.contains(&was(same, &Uid::new("IdentityCenterGroup", *id)).id));
                people.extend(by_groups(self.head, set, kept));
                (!people.is_empty()).then(|| Place { uid: before.uid.clone(), arn: before.principal.clone(), people })
            });
            for (round, place) in places.enumerate() {
                if rounds.len() <= round {
                    rounds.push(BTreeMap::new());
                }
                let who = (set.account.clone(), set.principal.clone());
                rounds.get_mut(round).map(|places| places.insert(who, place));
            }
        }
        rounds
    }
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
    let was = |ty: &'static str, id: &str| was(same, &Uid::new(ty, id)).id;
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
