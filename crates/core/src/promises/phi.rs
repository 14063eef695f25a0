//! What accounts declared of PHI before a change, which does not make a finding go by declaring less.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Entity, Item, Uid};

/// The inventory of a change in which accounts declare what PHI they declared before, those that it does not list among them, and those
/// that no longer do.
pub struct Declared {
    /// The inventory.
    pub inventory: Inventory,
    /// The accounts.
    pub accounts: Vec<Uid>,
}

/// Of a change; `None` where it declares no less.
pub fn as_declared(base: &Inventory, head: &Inventory) -> Option<Declared> {
    let tags: BTreeSet<String> = base.config.compared_phi_tags().collect();
    let mut changed: BTreeMap<Uid, Entity> = BTreeMap::new();
    for old in base.of_type("Account") {
        let mut of_phi = old.tags.iter().filter(|(key, value)| tags.contains(&format!("{key}={value}").to_lowercase()));
        let Some(new) = head.entities.get(&old.uid) else {
            // one that was closed, or has left, is recorded as such: an entry that is gone tells nothing
            if old.attrs.contains_key("phi") || of_phi.next().is_some() {
                changed.insert(old.uid.clone(), as_it_stood(old, base, head));
            }
            continue;
        };
        let mut entity = new.clone();
        let gone: Vec<_> = of_phi.filter(|(key, value)| new.tags.get(*key) != Some(value)).collect();
        let record = less(old, new);
        if gone.is_empty() && record.is_none() {
            continue;
        }
        Arc::make_mut(&mut entity.tags).extend(gone.into_iter().map(|(key, value)| (key.clone(), value.clone())));
        if let Some(record) = record {
            entity.attrs.insert("phi", record);
        }
        changed.insert(old.uid.clone(), entity);
    }
    if changed.is_empty() {
        return None;
    }
    let mut inventory = head.clone();
    let accounts = changed.keys().cloned().collect();
    inventory.entities.extend(changed);
    Some(Declared { inventory, accounts })
}

/// An account that the change does not list, below what there still is of where it stood.
fn as_it_stood<'a>(old: &'a Entity, base: &'a Inventory, head: &Inventory) -> Entity {
    let above = |uid: &&'a Uid| base.entities.get(*uid)?.parents.first().map(|(above, _)| above);
    let still = |parent: &'a Uid| {
        // a cycle is an error of the inventory; this ends all the same
        let mut path = std::iter::successors(Some(parent), above).take(base.entities.len() + 1);
        path.find(|uid| head.entities.contains_key(*uid))
    };
    let parents = old.parents.iter().filter_map(|(parent, span)| Some((still(parent)?.clone(), *span))).collect();
    Entity { parents, ..old.clone() }
}

/// The entry of the register as it was, where it was of more services or of a longer time.
fn less(old: &Entity, new: &Entity) -> Option<Item> {
    let before = old.attrs.get("phi")?;
    let Some(after) = new.attrs.get("phi") else { return Some(before.clone()) };
    let (Some(was), Some(is)) = (before.record(), after.record()) else { return Some(before.clone()) };
    let services = |fields: &BTreeMap<String, Item>| -> BTreeSet<String> {
        fields.get("services").map(Item::ids).unwrap_or_default().into_iter().collect()
    };
    let moment = |fields: &BTreeMap<String, Item>, attr: &str| fields.get(attr).map(|item| item.attr.clone());
    let is_shorter = |attr: &str| moment(is, attr).is_some_and(|at| moment(was, attr) != Some(at));
    if services(is).is_superset(&services(was)) && !is_shorter("since") && !is_shorter("until") {
        return None;
    }
    let mut fields = is.clone();
    for attr in ["services", "since", "until"] {
        match was.get(attr) {
            Some(item) => drop(fields.insert(attr.to_owned(), item.clone())),
            None => drop(fields.remove(attr)),
        }
    }
    Some(Item { span: after.span, attr: Attr::Record(fields) })
}
