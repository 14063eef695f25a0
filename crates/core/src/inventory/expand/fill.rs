//! What the short form leaves out: defaults of the schema, and what another part of the entity tells.

use std::collections::BTreeMap;

use super::ids::type_of_id;
use crate::inventory::entity::{Attr, Item, Uid};
use crate::inventory::schema::Attribute;

pub(super) fn default_attr(value: &serde_json::Value) -> Option<Attr> {
    match value {
        serde_json::Value::String(s) => Some(Attr::String(s.clone())),
        serde_json::Value::Bool(b) => Some(Attr::Bool(*b)),
        serde_json::Value::Number(n) => n.as_i64().map(Attr::Long),
        serde_json::Value::Array(a) if a.is_empty() => Some(Attr::Set(Vec::new())),
        _ => None,
    }
}

/// A value that another part of the entity tells.
pub(super) fn derive(attribute: &Attribute, uid: &Uid, record: &BTreeMap<String, Item>) -> Option<Attr> {
    match attribute.derived.as_deref()? {
        "arn" => {
            let account = uid.id.split(':').nth(4).filter(|a| type_of_id(a) == Some("Account"))?;
            Some(Attr::Entity(Uid::new("Account", account)))
        }
        "id" => Some(Attr::String(uid.id.rsplit('/').next().unwrap_or(&uid.id).to_owned())),
        "effectiveEnd" => {
            let ended = record.contains_key("effectiveEnd");
            Some(Attr::String(if ended { "CUSTOMER_TERMINATED" } else { "ACTIVE" }.to_owned()))
        }
        _ => None,
    }
}
