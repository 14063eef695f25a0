//! What the inventory does not say of an account and what it stands in, tried in every way.
//!
//! The schema annotates attributes with `unknownWhenAbsent`. Where a policy reads one that is absent, the rules are asked with
//! each of its values. Where the tags of an account were not listed, they are asked without each tag that a policy reads, and with each value
//! that it is compared with.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Entities, Entity as CedarEntity};
use serde_json::{Value, json};

use super::Agreements;
use super::standing::Standing;
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::inventory::schema::Type;
use crate::policies::Tags;
use crate::problem::Failure;

/// With more worlds than this they are not tried, and the answer is unknown.
pub const MAX_WORLDS: usize = 64;

/// The entities that the rules read, with what is not known taken to be something.
pub struct World {
    /// What is taken to be what.
    pub choice: Vec<(String, String)>,
    /// The entities.
    pub entities: Entities,
}

/// The worlds of a question.
pub enum Tried {
    /// All of them; one where everything that it reads is known.
    All(Vec<World>),
    /// There are too many: what is not known, in words.
    TooMany(Vec<String>),
}

/// An attribute that is absent or a tag that is not known, and the values that it may have; none where they cannot all be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    uid: Uid,
    of: Of,
    values: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq)]
enum Of {
    Attribute(String),
    /// A tag by its key; its value is null where the account does not have it.
    Tag(String),
}

/// What policies read.
pub struct Read<'r> {
    /// Whether they read an attribute of this name.
    pub attribute: &'r dyn Fn(&str) -> bool,
    /// The tags.
    pub tags: Tags,
}

impl Open {
    /// In words, and as the key of a dependency.
    pub fn words(&self) -> String {
        match &self.of {
            Of::Attribute(name) => format!("{name} of {}", self.uid.id),
            Of::Tag(key) if key.is_empty() => format!("the tags of {}, which were not listed", self.uid.id),
            Of::Tag(key) => format!("the tag `{key}` of {}, whose tags were not listed", self.uid.id),
        }
    }
}

impl Tried {
    /// The worlds to try.
    pub fn worlds(&self) -> &[World] {
        match self {
            Self::All(worlds) => worlds,
            Self::TooMany(_) => &[],
        }
    }
}

/// What policies read of an account, what it stands in and what else is named, and the inventory does not say. `reads` tells
/// what they read.
pub fn open(
    agreements: &Agreements<'_>,
    (account, standing): (&Account, &Standing),
    more: Option<Uid>,
    read: &Read<'_>,
) -> Vec<Open> {
    let mut uids = vec![Uid::new("Account", &account.id)];
    uids.extend(standing.organizations().map(|o| Uid::new("Organization", o)));
    uids.extend(standing.path.iter().map(|u| Uid::new("OrganizationalUnit", u)));
    uids.extend(more);
    in_entities(agreements.inventory, &uids, read)
}

/// The worlds of policies that read tags of an account which were not listed; `None` where they read none, or these were.
pub fn of_tags(
    inventory: &Inventory,
    account: &str,
    tags: &Tags,
    entities: &Entities,
) -> Result<Option<Tried>, Failure> {
    if tags.is_empty() {
        return Ok(None);
    }
    let read = Read { attribute: &|_| false, tags: tags.clone() };
    let open = in_entities(inventory, &[Uid::new("Account", account)], &read);
    if open.is_empty() { Ok(None) } else { tried_in(inventory, &open, entities).map(Some) }
}

fn in_entities(inventory: &Inventory, uids: &[Uid], read: &Read<'_>) -> Vec<Open> {
    let mut open = Vec::new();
    for uid in uids {
        let (Some(entity), Some(ty)) = (inventory.entities.get(uid), inventory.schema.types.get(uid.ty.as_str()))
        else {
            continue;
        };
        for (attr, attribute) in ty.attributes.iter().filter(|(_, a)| a.unknown_when_absent) {
            if entity.attrs.contains_key(attr) || !(read.attribute)(attr) {
                continue;
            }
            let values = match (&attribute.ty, &attribute.values) {
                (Type::Boolean, _) => vec![json!(true), json!(false)],
                (_, values) => values.iter().flatten().map(|v| json!(v)).collect(),
            };
            open.push(Open { uid: uid.clone(), of: Of::Attribute(attr.clone()), values });
        }
        if entity.bool("tagsKnown") == Some(false) {
            let not_listed = read.tags.iter().filter(|(key, _)| !entity.tags.contains_key(*key));
            open.extend(not_listed.map(|(key, values)| Open {
                uid: uid.clone(),
                of: Of::Tag(key.clone()),
                values: values.as_ref().map(values_of_a_tag).unwrap_or_default(),
            }));
        }
    }
    open
}

/// Absent, each value that it is compared with, and another.
fn values_of_a_tag(compared: &BTreeSet<String>) -> Vec<Value> {
    let mut other = "another value".to_owned();
    while compared.contains(&other) {
        other.push('.');
    }
    let texts = compared.iter().cloned().chain([other]).map(Value::String);
    std::iter::once(Value::Null).chain(texts).collect()
}

/// Attributes, and what they are taken to be.
type Taken<'o> = Vec<(&'o Open, &'o Value)>;

/// Every assignment of what is open.
pub fn tried(agreements: &Agreements<'_>, open: &[Open], entities: &Entities) -> Result<Tried, Failure> {
    tried_in(agreements.inventory, open, entities)
}

fn tried_in(inventory: &Inventory, open: &[Open], entities: &Entities) -> Result<Tried, Failure> {
    let count = open.iter().try_fold(1_usize, |n, o| n.checked_mul(o.values.len()));
    if count.is_none_or(|n| n > MAX_WORLDS) || open.iter().any(|o| o.values.is_empty()) {
        return Ok(Tried::TooMany(open.iter().map(Open::words).collect()));
    }
    let mut taken: Vec<Taken<'_>> = vec![Vec::new()];
    for open in open {
        let each = taken.iter().flat_map(|set| open.values.iter().map(move |value| (set, value)));
        taken = each.map(|(set, value)| set.iter().copied().chain([(open, value)]).collect()).collect();
    }
    let world = |set: Taken<'_>| {
        let label = |value: &Value| match value {
            Value::Null => "(absent)".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let choice = set.iter().map(|(open, value)| (open.words(), label(value))).collect();
        Ok(World { choice, entities: with(inventory, &set, entities)? })
    };
    Ok(Tried::All(taken.into_iter().map(world).collect::<Result<_, Failure>>()?))
}

/// The entities with attributes that they do not have.
fn with(inventory: &Inventory, set: &[(&Open, &Value)], entities: &Entities) -> Result<Entities, Failure> {
    let mut changed: BTreeMap<&Uid, Value> = BTreeMap::new();
    for (open, value) in set {
        let uid = &open.uid;
        if !changed.contains_key(uid) {
            let entity = entities.get(&uid.to_cedar()?).map(CedarEntity::to_json_value);
            let Some(entity) = entity.transpose().map_err(Failure::internal("an entity"))? else { continue };
            changed.insert(uid, entity);
        }
        let Some(entity) = changed.get_mut(uid).and_then(Value::as_object_mut) else { continue };
        let (part, name) = match &open.of {
            Of::Attribute(name) => ("attrs", name),
            Of::Tag(_) if value.is_null() => continue,
            Of::Tag(key) => ("tags", key),
        };
        let part = entity.entry(part).or_insert_with(|| json!({}));
        if let Some(members) = part.as_object_mut() {
            members.insert(name.clone(), (*value).clone());
        }
    }
    let schema = &inventory.schema.cedar;
    let convert =
        |json: Value| CedarEntity::from_json_value(json, Some(schema)).map_err(Failure::internal("an entity"));
    let changed = changed.into_values().map(convert).collect::<Result<Vec<_>, _>>()?;
    entities.clone().upsert_entities(changed, None).map_err(Failure::internal("an entity"))
}
