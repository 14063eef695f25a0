//! The inventory in which pieces of a change are undone.

use std::collections::BTreeMap;

use super::shown::json_of;
use super::{POSITION, Piece, What, stands_by_itself};
use crate::inventory::entity::{Attr, Entity, Item};
use crate::inventory::{Inventory, Policy};

/// A statement of the old document, and the one of the new document that it takes the place of.
type Reverted = (Option<usize>, Option<usize>);

/// The new inventory with these pieces as they are in the old one.
pub fn without(base: &Inventory, head: &Inventory, pieces: &[&Piece]) -> Inventory {
    let mut mixed = head.clone();
    // what nothing refers to is without effect, so that what one side alone has may stay
    for (id, policy) in &base.policies {
        if !stands_by_itself(id) {
            mixed.policies.entry(id.clone()).or_insert_with(|| policy.clone());
        }
    }
    for (uid, entity) in base.entities.iter().filter(|(uid, e)| e.built_in || uid.ty == "IamPolicy") {
        mixed.entities.entry(uid.clone()).or_insert_with(|| entity.clone());
    }
    let mut statements: BTreeMap<&str, Vec<Reverted>> = BTreeMap::new();
    // entities come and go before their parts are touched
    for piece in pieces {
        if let What::Entity(uid) = &piece.of {
            match base.entities.get(uid) {
                Some(entity) => drop(mixed.entities.insert(uid.clone(), entity.clone())),
                None => drop(mixed.entities.remove(uid)),
            }
        }
    }
    for piece in pieces {
        match &piece.of {
            What::Entity(_) => {}
            What::Settings => mixed.config.clone_from(&base.config),
            What::Document(id) => match base.policies.get(id) {
                Some(policy) => drop(mixed.policies.insert(id.clone(), policy.clone())),
                None => drop(mixed.policies.remove(id)),
            },
            What::Statement(id, old, new) => statements.entry(id).or_default().push((*old, *new)),
            What::Position(uid)
            | What::Parent(uid, _)
            | What::Element(uid, ..)
            | What::Attribute(uid, _)
            | What::Tags(uid) => {
                if let (Some(entity), Some(old)) = (mixed.entities.get_mut(uid), base.entities.get(uid)) {
                    revert(entity, old, piece);
                }
            }
        }
    }
    // whether a document is AWS's own is told of it as a whole
    let documents = pieces.iter().filter_map(|piece| match &piece.of {
        What::Document(id) | What::Statement(id, ..) => Some(id),
        _ => None,
    });
    for id in documents {
        if base.unlike_aws.contains(id) {
            mixed.unlike_aws.insert(id.clone());
        } else {
            mixed.unlike_aws.remove(id);
        }
    }
    for (id, reverted) in statements {
        if let (Some(old), Some(policy)) = (base.policies.get(id), mixed.policies.get_mut(id)) {
            revert_statements(policy, old, &reverted);
        }
    }
    mixed
}

fn revert(entity: &mut Entity, old: &Entity, piece: &Piece) {
    let mut restore = |attr: &str| match old.attrs.get(attr) {
        Some(item) => drop(entity.attrs.insert(attr, item.clone())),
        None => drop(entity.attrs.remove(attr)),
    };
    match &piece.of {
        What::Position(_) => {
            POSITION.iter().for_each(|a| restore(a));
            entity.parents.clone_from(&old.parents);
        }
        What::Attribute(_, attr) => restore(attr),
        What::Tags(_) => entity.tags.clone_from(&old.tags),
        What::Parent(_, parent) => match old.parents.iter().find(|(p, _)| p == parent) {
            Some(known) => entity.parents.push(known.clone()),
            None => entity.parents.retain(|(p, _)| p != parent),
        },
        What::Element(_, attr, key) => {
            let is = |i: &Item| *key == json_of(i);
            let before = old.set(attr).and_then(|items| items.iter().find(|i| is(i)));
            if let Some(Attr::Set(items)) = entity.attrs.get_mut(attr).map(|i| &mut i.attr) {
                match before {
                    Some(item) => items.push(item.clone()),
                    None => items.retain(|i| !is(i)),
                }
            }
        }
        _ => {}
    }
}

fn revert_statements(policy: &mut Policy, old: &Policy, reverted: &[Reverted]) {
    let mut document = (*policy.document).clone();
    let replaced = |index: usize| reverted.iter().find(|(_, new)| *new == Some(index));
    let mut statements = Vec::new();
    for (index, statement) in document.statements.drain(..).enumerate() {
        match replaced(index) {
            None => statements.push(statement),
            Some((before, _)) => statements.extend(before.and_then(|b| old.document.statements.get(b)).cloned()),
        }
    }
    let lost = reverted.iter().filter(|(_, new)| new.is_none()).filter_map(|(before, _)| *before);
    statements.extend(lost.filter_map(|b| old.document.statements.get(b)).cloned());
    document.statements = statements;
    policy.document = std::sync::Arc::new(document);
    // equal documents are known by their content: this one is a mixture of two
    policy.content = format!("{} without {reverted:?}", policy.content);
}
