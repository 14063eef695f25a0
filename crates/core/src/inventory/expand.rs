//! From the short form of entity files to full entities, led by the schema.
//!
//! What may be left out is filled in, what may be written shortly is written in full, and every value is checked against
//! its type. What needs more than one entity to be judged is checked in `check.rs`.

mod fill;
mod ids;
mod parents;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::entity::{self, Attr, Entity, Item, Uid};
use super::fields::Fields;
use super::schema::{Attribute, EntitySchema, EntityType, Type};
use crate::moment;
use crate::problem::{Problem, SourceFile, Span, instead};
use crate::text::json::{Member, Node, Value};
use fill::{default_attr, derive};
use ids::{Written, written};
pub use ids::{article, type_of_id};

/// What the entity files of an inventory hold.
#[derive(Default)]
pub struct Expanded {
    /// Entities in the order read, documents as they were written.
    pub entities: Vec<Entity>,
    /// Policy documents that stand inside entity files, by the id of their policy.
    pub inline: Vec<Inline>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// A policy document inside an entity file.
pub struct Inline {
    /// The id of its policy.
    pub id: String,
    /// The document.
    pub node: Node,
    /// The file.
    pub source: Arc<SourceFile>,
}

/// Reads the entities of one file, which holds an array.
pub fn expand(schema: &EntitySchema, source: &Arc<SourceFile>, root: &Node, out: &mut Expanded) {
    let mut expander = Expander { schema, source, out };
    for node in root.as_array().unwrap_or_default() {
        expander.entity(node);
    }
}

struct Expander<'a> {
    schema: &'a EntitySchema,
    source: &'a Arc<SourceFile>,
    out: &'a mut Expanded,
}

/// The attribute being read, for messages.
struct Slot<'a> {
    ty: &'a str,
    name: &'a str,
    owner: &'a Uid,
}

impl Expander<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.out.problems.push(Problem::at(self.source, span, message).help(help));
    }

    fn entity(&mut self, node: &Node) {
        let Some(members) = node.as_object() else {
            let message = format!("an entity must be an object, but this is {}", node.kind());
            return self.error(node.span, message, "write { \"uid\": \"Account::\\\"111122223333\\\"\" }");
        };
        for member in members {
            if !["uid", "attrs", "parents", "tags"].contains(&member.key.as_str()) {
                let help = instead(
                    &member.key,
                    ["uid", "attrs", "parents", "tags"],
                    "an entity may have uid, attrs, parents and tags",
                );
                self.error(member.key_span, format!("an entity has no `{}`", member.key), help);
            }
        }
        let Some(uid_node) = node.get("uid") else {
            let first = Span { start: node.span.start, end: node.span.start + 1 };
            return self.error(first, "this entity has no `uid`", "write \"uid\": \"Account::\\\"111122223333\\\"\"");
        };
        let Some(uid) = self.uid(uid_node) else {
            return;
        };
        let Some(ty) = self.schema.types.get(uid.ty.as_str()) else {
            return;
        };
        if let Some(place) = &ty.nested {
            let message = format!("{} cannot be declared on its own", article(&uid.ty));
            return self.error(uid_node.span, message, format!("write it under {place}"));
        }
        let attrs = self.attrs(&uid, ty, node, uid_node.span);
        let parents = self.parents(&uid, ty, node);
        let tags = entity::shared(self.tags(&uid, ty, node));
        let source = self.source.clone();
        self.out.entities.push(Entity { uid, source, span: uid_node.span, attrs, parents, tags, built_in: false });
    }

    /// The uid of an entity: `Type::"id"`, a bare id whose form tells its type, or Cedar's object.
    fn uid(&mut self, node: &Node) -> Option<Uid> {
        let uid = match written(node) {
            Some(Written::Full(uid)) => uid,
            Some(Written::Bare(id)) => match type_of_id(&id) {
                Some(ty) => Uid::new(ty, id),
                None => {
                    let message = format!("`{id}` does not say which type this entity has");
                    self.error(node.span, message, format!("write Type::\"{id}\", such as Group::\"{id}\""));
                    return None;
                }
            },
            None => {
                let help = "write \"Account::\\\"111122223333\\\"\" or { \"type\": …, \"id\": … }";
                self.error(node.span, "this is not the uid of an entity", help);
                return None;
            }
        };
        if !self.schema.types.contains_key(uid.ty.as_str()) {
            self.unknown_type(node.span, &uid.ty);
            return None;
        }
        Some(uid)
    }

    fn unknown_type(&mut self, span: Span, ty: &str) {
        let names = || self.schema.types.keys().map(String::as_str);
        let help = instead(ty, names(), format!("the types are {}", names().collect::<Vec<_>>().join(", ")));
        self.error(span, format!("there is no entity type `{ty}`"), help);
    }

    fn attrs(&mut self, uid: &Uid, ty: &EntityType, node: &Node, uid_span: Span) -> Fields {
        let attrs = node.get("attrs");
        let members = match attrs {
            None => &[],
            Some(attrs) => match attrs.as_object() {
                Some(members) => members,
                None => {
                    self.error(
                        attrs.span,
                        format!("`attrs` must be an object, but this is {}", attrs.kind()),
                        "write { … }",
                    );
                    &[]
                }
            },
        };
        let mut record = self.record(uid, &ty.attributes, members, "");
        for (name, attribute) in &ty.attributes {
            if record.contains_key(name) || members.iter().any(|m| &m.key == name) {
                continue;
            }
            let filled = attribute.default.as_ref().and_then(default_attr).or_else(|| derive(attribute, uid, &record));
            match filled {
                Some(attr) => {
                    record.insert(name.clone(), Item { span: uid_span, attr });
                }
                None if attribute.required => {
                    let help = format!("add \"{name}\": {}", attribute.ty.describe());
                    self.error(uid_span, format!("{} needs `{name}`", article(&uid.ty)), help);
                }
                None => {}
            }
        }
        record.into_iter().collect()
    }

    fn record(
        &mut self,
        uid: &Uid,
        attributes: &BTreeMap<String, Attribute>,
        members: &[Member],
        within: &str,
    ) -> BTreeMap<String, Item> {
        let mut record = BTreeMap::new();
        for member in members {
            let Some(attribute) = attributes.get(&member.key) else {
                self.unknown_attribute(uid, attributes, member);
                continue;
            };
            let name = if within.is_empty() { member.key.clone() } else { format!("{within}.{}", member.key) };
            let slot = Slot { ty: &uid.ty, name: &name, owner: uid };
            if let Some(item) = self.value(&slot, attribute, &attribute.ty, &member.node) {
                record.insert(member.key.clone(), item);
            }
        }
        record
    }

    fn unknown_attribute(&mut self, uid: &Uid, attributes: &BTreeMap<String, Attribute>, member: &Member) {
        if claims_units(uid, &member.key) {
            return self.error(member.key_span, UNIT_CLAIM, UNIT_HELP);
        }
        let help = instead(
            &member.key,
            attributes.keys().map(String::as_str),
            format!("it has {}", attributes.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
        );
        let message = format!("{} has no `{}`", article(&uid.ty), member.key);
        self.out.problems.push(Problem::at(self.source, member.key_span, message).help(help).undeclared());
    }

    fn value(&mut self, slot: &Slot<'_>, attribute: &Attribute, ty: &Type, node: &Node) -> Option<Item> {
        let attr = match (ty, &node.value) {
            (Type::String, _) if attribute.form.as_deref() == Some("document") => self.document(slot, node)?,
            (Type::String, Value::String(s)) => {
                self.closed(slot, attribute, node.span, s)?;
                Attr::String(s.clone())
            }
            (Type::Boolean, Value::Bool(b)) => Attr::Bool(*b),
            (Type::Long, Value::Number(n)) => Attr::Long(self.long(slot, node.span, n)?),
            (Type::Datetime, _) => Attr::Moment(self.moment(slot, node)?),
            (Type::Entity(target), _) => Attr::Entity(self.reference(slot, target, node)?),
            (Type::Set(element), Value::Array(nodes)) => {
                let items = nodes.iter().enumerate();
                let mut set = Vec::with_capacity(nodes.len());
                set.extend(items.filter_map(|(i, n)| self.element(slot, attribute, element, n, i)));
                Attr::Set(set)
            }
            (Type::Record(fields), Value::Object(members)) => {
                let record = self.record(slot.owner, fields, members, slot.name);
                for (name, field) in fields {
                    if field.required && !members.iter().any(|m| &m.key == name) {
                        let help = format!("add \"{name}\": {}", field.ty.describe());
                        self.error(node.span, format!("`{}` needs `{name}`", slot.name), help);
                        return None;
                    }
                }
                Attr::Record(record)
            }
            _ => {
                let message = format!(
                    "`{}` of {} must be {}, but this is {}",
                    slot.name,
                    article(slot.ty),
                    ty.describe(),
                    node.kind()
                );
                self.error(node.span, message, format!("write {}", ty.form()));
                return None;
            }
        };
        Some(Item { span: node.span, attr })
    }

    fn element(
        &mut self,
        slot: &Slot<'_>,
        attribute: &Attribute,
        ty: &Type,
        node: &Node,
        index: usize,
    ) -> Option<Item> {
        let name = format!("{}[{index}]", slot.name);
        self.value(&Slot { name: &name, ..*slot }, attribute, ty, node)
    }

    fn closed(&mut self, slot: &Slot<'_>, attribute: &Attribute, span: Span, value: &str) -> Option<()> {
        let Some(values) = &attribute.values else {
            return Some(());
        };
        if values.iter().any(|v| v == value) {
            return Some(());
        }
        if slot.ty == "Agreement" && slot.name == "scope" && claims_units(slot.owner, value) {
            self.error(span, UNIT_CLAIM, UNIT_HELP);
            return None;
        }
        let help =
            instead(value, values.iter().map(String::as_str), format!("it must be one of {}", values.join(", ")));
        self.error(span, format!("`{}` of {} cannot be `{value}`", slot.name, article(slot.ty)), help);
        None
    }

    fn long(&mut self, slot: &Slot<'_>, span: Span, text: &str) -> Option<i64> {
        let value = text.parse().ok();
        if value.is_none() {
            let message = format!("`{}` must be a whole number, but this is {text}", slot.name);
            self.error(span, message, "write a whole number");
        }
        value
    }

    /// A plain string, or Cedar's `datetime`.
    fn moment(&mut self, slot: &Slot<'_>, node: &Node) -> Option<moment::Moment> {
        let inner = node.get("__extn").unwrap_or(node);
        let text = match inner.get("fn").map(Node::as_str) {
            Some(Some("datetime")) => inner.get("arg").and_then(Node::as_str),
            _ => inner.as_str(),
        };
        let moment = text.and_then(moment::parse);
        if moment.is_none() {
            let message = match text {
                Some(text) => format!("`{text}` is not a valid date or time"),
                None => format!("`{}` must be a date or time, but this is {}", slot.name, node.kind()),
            };
            self.error(node.span, message, "write \"2024-03-05\" or \"2024-03-05T14:01:12Z\"");
        }
        moment
    }

    fn reference(&mut self, slot: &Slot<'_>, target: &str, node: &Node) -> Option<Uid> {
        if target == "IamPolicy" && node.get("Statement").is_some() {
            let id = format!("{}#{}", slot.owner.id, slot.name);
            self.out.inline.push(Inline { id: id.clone(), node: node.clone(), source: self.source.clone() });
            return Some(Uid::new("IamPolicy", id));
        }
        match written(node) {
            Some(Written::Full(uid)) if uid.ty == target => Some(uid),
            Some(Written::Full(uid)) => {
                let message =
                    format!("`{}` must name an entity of type `{target}`, but this is of type `{}`", slot.name, uid.ty);
                self.error(node.span, message, format!("write the id of an entity of type `{target}`"));
                None
            }
            Some(Written::Bare(id)) => {
                if slot.ty == "CustomerAgreement"
                    && target == "Organization"
                    && (id.starts_with("ou-") || id.starts_with("r-"))
                {
                    self.error(node.span, UNIT_CLAIM, UNIT_HELP);
                    return None;
                }
                Some(Uid::new(target, id))
            }
            None => {
                let message = format!(
                    "`{}` must be the id of an entity of type `{target}`, but this is {}",
                    slot.name,
                    node.kind()
                );
                self.error(node.span, message, format!("write the id of an entity of type `{target}`"));
                None
            }
        }
    }

    /// The document of a policy: a path or a text stay as they are, an object is kept with its places.
    fn document(&mut self, slot: &Slot<'_>, node: &Node) -> Option<Attr> {
        match &node.value {
            Value::String(text) => Some(Attr::String(text.clone())),
            Value::Object(_) => {
                let id = slot.owner.id.clone();
                self.out.inline.push(Inline { id, node: node.clone(), source: self.source.clone() });
                Some(Attr::String(node.to_json().to_string()))
            }
            _ => {
                let message = format!("`document` must be a path or a policy document, but this is {}", node.kind());
                self.error(node.span, message, "write a path relative to this file, or the document");
                None
            }
        }
    }
}

const UNIT_CLAIM: &str =
    "an organization agreement covers every account of the organization, never some of its units (R45, D1)";
const UNIT_HELP: &str = "leave this out; to cover only some accounts, accept account agreements in each of them (R46)";

/// Whether a word claims that an agreement applies to organizational units or to chosen accounts (D1).
fn claims_units(uid: &Uid, word: &str) -> bool {
    let word = word.to_ascii_lowercase().replace(['-', '_'], "");
    ["CustomerAgreement", "Agreement"].contains(&uid.ty.as_str())
        && (word.contains("organizationalunit") || ["ou", "ous", "unit", "units", "accounts"].contains(&word.as_str()))
}
