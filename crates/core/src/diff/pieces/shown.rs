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
