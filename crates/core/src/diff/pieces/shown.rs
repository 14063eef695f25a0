//! Values of attributes as a change tells them, and as they are compared.

use serde_json::Value;

use crate::inventory::entity::{Attr, Item};

/// What an element is known by.
pub(super) fn json_of(item: &Item) -> String {
    item.attr.to_json().to_string()
}

/// An element in a few words.
pub(super) fn shown(item: &Item) -> String {
    match &item.attr {
        Attr::Entity(uid) => uid.id.clone(),
        Attr::String(text) => text.clone(),
        Attr::Record(fields) => {
            let field = |(key, item): (&String, &Item)| match &item.attr {
                Attr::Set(items) => format!("{key} {}", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
                _ => format!("{key} {}", shown(item)),
            };
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
        other => other.to_json().to_string(),
    }
}

/// What of an element another one of the same kind lacks, where they differ in lists alone and have something of these in common: of an
/// assignment in two accounts that is left in one of them, the other. `None` where nothing is lacking, or where they are not so alike.
pub(super) fn different(item: &Item, other: &Item) -> Option<Item> {
    let (fields, others) = (item.record()?, other.record()?);
    let mut left = fields.clone();
    let (mut lacks, mut shares) = (false, false);
    for key in fields.keys().chain(others.keys()) {
        match (fields.get(key).map(|i| &i.attr), others.get(key).map(|i| &i.attr)) {
            (Some(Attr::Set(own)), Some(Attr::Set(theirs))) => {
                let of = |items: &[Item]| -> Vec<String> { items.iter().map(json_of).collect() };
                let theirs = of(theirs);
                let kept: Vec<Item> = own.iter().filter(|i| !theirs.contains(&json_of(i))).cloned().collect();
                shares |= kept.len() < own.len();
                lacks |= !kept.is_empty();
                if kept.is_empty() {
                    left.remove(key);
                } else if let Some(item) = left.get_mut(key) {
                    item.attr = Attr::Set(kept);
                }
            }
            (Some(own), Some(theirs)) if own.to_json() == theirs.to_json() => {}
            _ => return None,
        }
    }
    (lacks && shares).then_some(Item { span: item.span, attr: Attr::Record(left) })
}

/// A value whose lists are in order, and whose single strings are lists: what is only spelled otherwise is the same.
pub(super) fn normal(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(normal).collect();
            items.sort_by_key(ToString::to_string);
            items.dedup();
            Value::Array(items)
        }
        Value::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), normal(v))).collect()),
        other => other.clone(),
    }
}
