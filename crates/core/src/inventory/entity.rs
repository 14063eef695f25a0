//! Entities as they are once the short form is expanded: every value typed by the schema, and with its place.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, RestrictedExpression as Expr};
use serde_json::json;

use super::fields::Fields;
use super::schema::NAMESPACE;
use super::type_name::TypeName;
use crate::moment::{self, Moment};
use crate::problem::{Failure, Problem, SourceFile, Span};

/// The type (without namespace) and id of an entity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid {
    /// Such as `Account`.
    pub ty: TypeName,
    /// What AWS prints.
    pub id: String,
}

impl Uid {
    /// A uid of this type and id.
    pub fn new(ty: impl Into<TypeName>, id: impl Into<String>) -> Self {
        Self { ty: ty.into(), id: id.into() }
    }

    /// The same for Cedar.
    pub fn to_cedar(&self) -> Result<cedar_policy::EntityUid, Failure> {
        cedar_uid(&self.ty, &self.id)
    }
}

/// A uid of the project's namespace, for Cedar.
pub fn cedar_uid(ty: &str, id: &str) -> Result<EntityUid, Failure> {
    Ok(EntityUid::from_type_name_and_id(type_name(ty)?, EntityId::new(id)))
}

/// Cedar parses the name of a type each time; there are few, and they are asked for with every request.
fn type_name(ty: &str) -> Result<EntityTypeName, Failure> {
    thread_local! {
        static NAMES: RefCell<HashMap<String, EntityTypeName>> = RefCell::default();
    }
    NAMES.with_borrow_mut(|names| {
        if let Some(name) = names.get(ty) {
            return Ok(name.clone());
        }
        let name = format!("{NAMESPACE}::{ty}");
        let parsed: EntityTypeName = name.parse().map_err(Failure::internal("the name of a type"))?;
        names.insert(ty.to_owned(), parsed.clone());
        Ok(parsed)
    })
}

/// A moment for Cedar, which parses the name of its function each time: the moment asked is in every request.
pub fn datetime(at: Moment) -> Expr {
    thread_local! {
        static LAST: RefCell<Option<(Moment, Expr)>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some((moment, expr)) if *moment == at => expr.clone(),
        _ => {
            let expr = Expr::new_datetime(moment::format(at));
            *last = Some((at, expr.clone()));
            expr
        }
    })
}

impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}::{}", self.ty, serde_json::Value::String(self.id.clone()))
    }
}

/// A value and its place in the entity's source.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Where it stands; for a filled-in value, where the entity's uid stands.
    pub span: Span,
    /// The value.
    pub attr: Attr,
}

/// A typed value.
#[derive(Clone, Debug, PartialEq)]
pub enum Attr {
    /// A string.
    String(String),
    /// A whole number.
    Long(i64),
    /// A boolean.
    Bool(bool),
    /// A moment.
    Moment(Moment),
    /// A reference.
    Entity(Uid),
    /// A set.
    Set(Vec<Item>),
    /// A record.
    Record(BTreeMap<String, Item>),
}

impl Attr {
    /// The value in Cedar's entity JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::String(s) => json!(s),
            Self::Long(n) => json!(n),
            Self::Bool(b) => json!(b),
            Self::Moment(m) => json!({"__extn": {"fn": "datetime", "arg": moment::format(*m)}}),
            Self::Entity(uid) => json!({"__entity": uid_json(uid)}),
            Self::Set(items) => items.iter().map(|i| i.attr.to_json()).collect(),
            Self::Record(items) => {
                serde_json::Value::Object(items.iter().map(|(k, i)| (k.clone(), i.attr.to_json())).collect())
            }
        }
    }
}

impl Attr {
    /// The value as Cedar holds it.
    pub fn to_cedar(&self) -> Result<Expr, Failure> {
        Ok(match self {
            Self::String(s) => Expr::new_string(s.clone()),
            Self::Long(n) => Expr::new_long(*n),
            Self::Bool(b) => Expr::new_bool(*b),
            Self::Moment(m) => Expr::new_datetime(moment::format(*m)),
            Self::Entity(uid) => Expr::new_entity_uid(uid.to_cedar()?),
            Self::Set(items) => {
                Expr::new_set(items.iter().map(|i| i.attr.to_cedar()).collect::<Result<Vec<_>, Failure>>()?)
            }
            Self::Record(items) => {
                let fields = items.iter().map(|(k, i)| Ok((k.clone(), i.attr.to_cedar()?)));
                Expr::new_record(fields.collect::<Result<Vec<_>, Failure>>()?)
                    .map_err(Failure::internal("an entity"))?
            }
        })
    }
}

/// A uid in Cedar's entity JSON.
pub fn uid_json(uid: &Uid) -> serde_json::Value {
    json!({"type": format!("{NAMESPACE}::{}", uid.ty), "id": uid.id})
}

/// An entity of the inventory.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its type and id.
    pub uid: Uid,
    /// The file that declares it.
    pub source: Arc<SourceFile>,
    /// Where its uid stands.
    pub span: Span,
    /// Its attributes, defaults filled in.
    pub attrs: Fields,
    /// Its parents, with their places.
    pub parents: Vec<(Uid, Span)>,
    /// Its tags.
    pub tags: SharedTags,
    /// Built in: nothing in the user's files declares it.
    pub built_in: bool,
}

impl Entity {
    /// A problem at one of its values.
    pub fn problem(&self, span: Span, message: impl Into<String>) -> Problem {
        Problem::at(&self.source, span, message)
    }

    /// A place in its file, in words: path and line.
    pub fn at(&self, span: Span) -> String {
        format!("{}:{}", self.source.path, self.source.line_column(span.start).0)
    }

    /// Where an attribute stands, or else the uid.
    pub fn span_of(&self, attr: &str) -> Span {
        self.attrs.get(attr).map_or(self.span, |i| i.span)
    }

    /// A string attribute.
    pub fn str(&self, attr: &str) -> Option<&str> {
        match &self.attrs.get(attr)?.attr {
            Attr::String(s) => Some(s),
            _ => None,
        }
    }

    /// A boolean attribute.
    pub fn bool(&self, attr: &str) -> Option<bool> {
        match self.attrs.get(attr)?.attr {
            Attr::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// A whole number.
    pub fn long(&self, attr: &str) -> Option<i64> {
        match self.attrs.get(attr)?.attr {
            Attr::Long(n) => Some(n),
            _ => None,
        }
    }

    /// The texts of a set of strings; none where it is absent.
    pub fn texts(&self, attr: &str) -> Vec<&str> {
        self.set(attr).unwrap_or_default().iter().filter_map(Item::str).collect()
    }

    /// A moment.
    pub fn moment(&self, attr: &str) -> Option<Moment> {
        match self.attrs.get(attr)?.attr {
            Attr::Moment(m) => Some(m),
            _ => None,
        }
    }

    /// The id of a referenced entity.
    pub fn reference(&self, attr: &str) -> Option<&str> {
        match &self.attrs.get(attr)?.attr {
            Attr::Entity(uid) => Some(&uid.id),
            _ => None,
        }
    }

    /// The ids of a set of references; `None` where the attribute is absent.
    pub fn references(&self, attr: &str) -> Option<Vec<String>> {
        Some(self.set(attr)?.iter().filter_map(Item::id).map(str::to_owned).collect())
    }

    /// The elements of a set.
    pub fn set(&self, attr: &str) -> Option<&[Item]> {
        match &self.attrs.get(attr)?.attr {
            Attr::Set(items) => Some(items),
            _ => None,
        }
    }

    /// The fields of a record.
    pub fn record(&self, attr: &str) -> Option<&BTreeMap<String, Item>> {
        self.attrs.get(attr)?.record()
    }

    /// The entity as Cedar holds it, with these parents.
    pub fn to_cedar(&self, parents: &[Uid]) -> Result<cedar_policy::Entity, Failure> {
        let attrs = self.attrs.iter().map(|(k, i)| Ok((k.to_owned(), i.attr.to_cedar()?)));
        let attrs = attrs.collect::<Result<HashMap<_, _>, Failure>>()?;
        let parents = parents.iter().map(Uid::to_cedar).collect::<Result<Vec<_>, Failure>>()?;
        let tags = self.tags.iter().map(|(k, v)| (k.clone(), Expr::new_string(v.clone())));
        cedar_policy::Entity::new_with_tags(self.uid.to_cedar()?, attrs, parents, tags)
            .map_err(Failure::internal("an entity"))
    }

    /// Cedar's entity JSON, with these parents.
    pub fn to_json(&self, parents: &[Uid]) -> serde_json::Value {
        let attrs: serde_json::Map<_, _> = self.attrs.iter().map(|(k, i)| (k.to_owned(), i.attr.to_json())).collect();
        let parents: Vec<_> = parents.iter().map(uid_json).collect();
        let mut json = json!({"uid": uid_json(&self.uid), "attrs": attrs, "parents": parents});
        if let (false, Some(object)) = (self.tags.is_empty(), json.as_object_mut()) {
            object.insert("tags".to_owned(), json!(*self.tags));
        }
        json
    }
}

impl Item {
    /// The id, if it is a reference.
    pub fn str(&self) -> Option<&str> {
        match &self.attr {
            Attr::String(text) => Some(text),
            _ => None,
        }
    }

    /// The id of a reference.
    pub fn id(&self) -> Option<&str> {
        match &self.attr {
            Attr::Entity(uid) => Some(&uid.id),
            _ => None,
        }
    }

    /// The fields, if it is a record.
    pub fn record(&self) -> Option<&BTreeMap<String, Item>> {
        match &self.attr {
            Attr::Record(fields) => Some(fields),
            _ => None,
        }
    }

    /// The moment, if it is one.
    pub fn moment(&self) -> Option<Moment> {
        match self.attr {
            Attr::Moment(m) => Some(m),
            _ => None,
        }
    }

    /// The ids, if it is a set of references.
    pub fn ids(&self) -> Vec<String> {
        match &self.attr {
            Attr::Set(items) => items.iter().filter_map(Item::id).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }
}

/// The tags of an entity: those with the same share them.
pub type SharedTags = Arc<BTreeMap<String, String>>;

/// Tags, once for all entities that a thread reads with the same.
pub(crate) fn shared(tags: BTreeMap<String, String>) -> SharedTags {
    thread_local! {
        static KNOWN: RefCell<HashSet<SharedTags>> = RefCell::default();
    }
    /// So many are remembered.
    const REMEMBERED: usize = 16_384;
    KNOWN.with_borrow_mut(|known| {
        if let Some(known) = known.get(&tags) {
            return known.clone();
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let tags = Arc::new(tags);
        known.insert(tags.clone());
        tags
    })
}

/// The policies that a value refers to.
pub(crate) fn policies_of(item: &Item, found: &mut impl FnMut(&str)) {
    match &item.attr {
        Attr::Entity(uid) if uid.ty == "IamPolicy" => found(&uid.id),
        Attr::Set(items) => items.iter().for_each(|i| policies_of(i, found)),
        _ => {}
    }
}
