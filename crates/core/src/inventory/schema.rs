//! The entity schema, as the short form of entity files needs it: types, defaults, closed sets.
//!
//! Cedar has neither default values nor closed sets of strings, so both stand in the schema as annotations that Cedar
//! ignores: `values`, `names` (its values are the names of something), `default`, `derived` (filled in from another part of the entity), `form` (has a short form), `nested`
//! (made from what another entity says), `unknownWhenAbsent` (an attribute that is absent may have any of its values).

mod faults;
mod overlay;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use crate::problem::{Failure, Problem, SourceFile};
use crate::text::json::Node;
use faults::{ANNOTATIONS, Fault};

/// The context of an operation of the console: an action that has it is one.
pub const CONTEXT: &str = "OperationContext";

/// The group of the actions that guardrails are asked about.
const GRANTS: &str = "may";

/// The namespace of every type and action.
pub const NAMESPACE: &str = "Artifact";

/// The schema that is built in.
pub const BUILT_IN: &str = include_str!("../../../../schemas/artifact.cedarschema.json");

/// The schema, for Cedar and for the short form.
#[derive(Debug)]
pub struct EntitySchema {
    /// What Cedar validates with.
    pub cedar: cedar_policy::Schema,
    /// Entity types by their name without namespace.
    pub types: BTreeMap<String, EntityType>,
    /// The actions that are operations of the console: those with the context `OperationContext`.
    pub operations: BTreeSet<String>,
    /// The actions that guardrails are asked about: the members of `may`.
    pub grants: BTreeSet<String>,
    /// What each action is asked with.
    pub actions: BTreeMap<String, ActionType>,
    /// The text that it was read from.
    pub text: String,
    /// The file that was laid over the built-in schema, as it was named.
    pub overlay: Option<String>,
}

/// What an action is asked with.
#[derive(Debug, Default)]
pub struct ActionType {
    /// The types of its principals.
    pub principals: Vec<String>,
    /// The types of its resources.
    pub resources: Vec<String>,
    /// Its context.
    pub context: BTreeMap<String, Attribute>,
}

/// What entities of one type look like.
#[derive(Debug, Default)]
pub struct EntityType {
    /// Types that its entities may be in.
    pub parents: Vec<String>,
    /// Attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// Whether its entities have tags.
    pub tags: bool,
    /// What they are.
    pub doc: Option<String>,
    /// Where its entities stand, if they are made from what another entity says and are never declared by themselves.
    pub nested: Option<String>,
}

/// One attribute of an entity or a record.
#[derive(Debug)]
pub struct Attribute {
    /// Its type.
    pub ty: Type,
    /// Whether it must be there once defaults are filled in.
    pub required: bool,
    /// The closed set of its values, if it has one; of its elements, if it is a set.
    pub values: Option<Vec<String>>,
    /// What its values, or its elements, are the names of: one of [`NAMES`].
    pub names: Option<String>,
    /// The value that it has when it is not written.
    pub default: Option<serde_json::Value>,
    /// Where its value comes from when it is not written: `arn`, `id`, `effectiveEnd`.
    pub derived: Option<String>,
    /// Which short form it has: `document`, `agreement`.
    pub form: Option<String>,
    /// What it says.
    pub doc: Option<String>,
    /// Annotations that mean nothing here.
    unknown: Vec<String>,
    /// Where it is absent, it may have any of its values: it is Boolean, or the set of its values is closed.
    pub unknown_when_absent: bool,
}

/// The type of a value.
#[derive(Debug)]
pub enum Type {
    /// A string.
    String,
    /// A whole number.
    Long,
    /// A boolean.
    Boolean,
    /// A moment.
    Datetime,
    /// A reference to an entity of this type.
    Entity(String),
    /// A set.
    Set(Box<Type>),
    /// A record.
    Record(BTreeMap<String, Attribute>),
}

impl Type {
    /// The type in words for an error.
    pub fn describe(&self) -> String {
        match self {
            Self::String => "a string".to_owned(),
            Self::Long => "a whole number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Datetime => "a date or time, such as \"2024-03-05\" or \"2024-03-05T14:01:12Z\"".to_owned(),
            Self::Entity(ty) => format!("the id of an entity of type `{ty}`"),
            Self::Set(_) => "an array".to_owned(),
            Self::Record(_) => "an object".to_owned(),
        }
    }

    /// The fields of a record, or of each of a set of records.
    pub fn fields(&self) -> Option<&BTreeMap<String, Attribute>> {
        match self {
            Self::Record(fields) => Some(fields),
            Self::Set(element) => element.fields(),
            _ => None,
        }
    }

    /// What to write for it, in words: of an object, what it has.
    pub fn form(&self) -> String {
        let Self::Record(fields) = self else { return self.describe() };
        let of = |(name, field): (&String, &Attribute)| {
            let may = if field.required { "" } else { ", if known" };
            format!("\"{name}\": {}{may}", field.ty.describe())
        };
        format!("{{ {} }}", fields.iter().map(of).collect::<Vec<_>>().join("; "))
    }
}

impl EntitySchema {
    /// The schema that is built in.
    pub fn built_in() -> Result<Self, Failure> {
        Self::parse(BUILT_IN, "built-in schema")
    }

    /// Whether it is the one that is built in, as it is.
    pub(crate) fn is_built_in(&self) -> bool {
        self.overlay.is_none() && self.text == BUILT_IN
    }

    /// The built-in schema with another laid over it; `name` is where that came from.
    ///
    /// Objects are merged by their keys, and lists get what they lack. A value that stands in both and differs is an error:
    /// what the built-in policies rest on does not change under them.
    pub fn laid_over(source: &Arc<SourceFile>, node: &Node) -> Result<Self, Failure> {
        let mut merged: serde_json::Value =
            serde_json::from_str(BUILT_IN).map_err(Failure::internal("the built-in schema"))?;
        let mut problems = overlay::wrong_annotations(node, source);
        overlay::merge(&mut merged, node, "", source, &mut problems);
        if !problems.is_empty() {
            return Err(Failure::Problems(problems));
        }
        let placed = |faults: Vec<Fault>| faults.iter().map(|f| overlay::placed(f, source, node)).collect();
        let schema = Self::read(&merged.to_string()).map_err(|faults| Failure::Problems(placed(faults)))?;
        Ok(Self { overlay: Some(source.path.clone()), ..schema })
    }

    /// A schema in Cedar's JSON form; `name` is where it came from.
    pub fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        let placed = |fault: Fault| {
            let problem = Problem::about(name, format!("{name}: {}", fault.message));
            if fault.help.is_empty() { problem } else { problem.help(fault.help) }
        };
        Self::read(text).map_err(|faults| Failure::Problems(faults.into_iter().map(placed).collect()))
    }

    fn read(text: &str) -> Result<Self, Vec<Fault>> {
        let wrong = |e: &dyn std::fmt::Display| vec![Fault::of_cedar(e.to_string())];
        let cedar = cedar_policy::Schema::from_json_str(text).map_err(|e| wrong(&miette::Report::new(e)))?;
        let mut namespaces: BTreeMap<String, NamespaceJson> = serde_json::from_str(text).map_err(|e| wrong(&e))?;
        let Some(namespace) = namespaces.remove(NAMESPACE) else {
            return Err(wrong(&format!("it has no namespace `{NAMESPACE}`")));
        };
        let mut types = BTreeMap::new();
        for (name, json) in &namespace.entity_types {
            let shape = json.shape.as_ref().and_then(|s| namespace.record(s, 0)).unwrap_or_default();
            let parents = json.member_of_types.iter().map(|p| local(p).to_owned()).collect();
            let [nested, doc] = ["nested", "doc"].map(|name| json.annotations.get(name).cloned());
            let tags = json.tags.is_some();
            types.insert(name.clone(), EntityType { parents, attributes: shape, tags, doc, nested });
        }
        let attributes = types.iter().flat_map(|(ty, t)| t.attributes.iter().map(move |(attr, a)| (ty, attr, a)));
        let faults: Vec<Fault> =
            attributes.flat_map(|(ty, attr, a)| faults::of(&[ty.clone(), attr.clone()], a, true)).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let is = |action: &ActionJson| action.context().is_some_and(|c| local(c) == CONTEXT);
        let operations = namespace.actions.iter().filter(|(_, a)| is(a)).map(|(n, _)| n.clone()).collect();
        let grants = namespace.actions.iter().filter(|(_, a)| a.is_member_of(GRANTS)).map(|(n, _)| n.clone()).collect();
        let actions = namespace.actions.iter().map(|(n, a)| (n.clone(), namespace.action(a))).collect();
        Ok(Self { cedar, types, operations, grants, actions, text: text.to_owned(), overlay: None })
    }
}

/// What the values of an attribute can be the names of.
pub(crate) const NAMES: [&str; 8] =
    ["operations", "agreement-kinds", "groups", "principals", "accounts", "units", "services", "tags"];

/// A type's name without the namespace.
pub fn local(name: &str) -> &str {
    name.strip_prefix(NAMESPACE).and_then(|rest| rest.strip_prefix("::")).unwrap_or(name)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamespaceJson {
    #[serde(default)]
    common_types: BTreeMap<String, TypeJson>,
    entity_types: BTreeMap<String, EntityTypeJson>,
    #[serde(default)]
    actions: BTreeMap<String, ActionJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionJson {
    #[serde(default)]
    member_of: Vec<MemberJson>,
    applies_to: Option<AppliesJson>,
}

#[derive(Deserialize)]
struct MemberJson {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppliesJson {
    #[serde(default)]
    principal_types: Vec<String>,
    #[serde(default)]
    resource_types: Vec<String>,
    context: Option<TypeJson>,
}

impl ActionJson {
    /// The name of the common type that its context has.
    fn context(&self) -> Option<&str> {
        let context = self.applies_to.as_ref()?.context.as_ref()?;
        Some(context.name.as_deref().unwrap_or(&context.ty))
    }

    fn is_member_of(&self, group: &str) -> bool {
        self.member_of.iter().any(|m| m.id == group)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntityTypeJson {
    #[serde(default)]
    member_of_types: Vec<String>,
    shape: Option<TypeJson>,
    tags: Option<TypeJson>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct TypeJson {
    #[serde(rename = "type")]
    ty: String,
    name: Option<String>,
    element: Option<Box<TypeJson>>,
    attributes: Option<BTreeMap<String, TypeJson>>,
    #[serde(default = "yes")]
    required: bool,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

impl NamespaceJson {
    fn action(&self, json: &ActionJson) -> ActionType {
        let Some(applies) = &json.applies_to else {
            return ActionType::default();
        };
        let types = |all: &[String]| all.iter().map(|ty| local(ty).to_owned()).collect();
        let context = applies.context.as_ref().and_then(|c| self.record(c, 0)).unwrap_or_default();
        ActionType { principals: types(&applies.principal_types), resources: types(&applies.resource_types), context }
    }

    fn record(&self, json: &TypeJson, depth: usize) -> Option<BTreeMap<String, Attribute>> {
        match self.ty(json, depth) {
            Type::Record(attributes) => Some(attributes),
            _ => None,
        }
    }

    /// A reference to a common type is followed; Cedar has made sure that there is no cycle.
    fn ty(&self, json: &TypeJson, depth: usize) -> Type {
        let name = json.name.as_deref().unwrap_or(&json.ty);
        match json.ty.as_str() {
            "String" => Type::String,
            "Long" => Type::Long,
            "Boolean" | "Bool" => Type::Boolean,
            "Extension" => {
                if name == "datetime" {
                    Type::Datetime
                } else {
                    Type::String
                }
            }
            "Entity" => Type::Entity(local(name).to_owned()),
            "Set" => Type::Set(Box::new(json.element.as_ref().map_or(Type::String, |e| self.ty(e, depth)))),
            "Record" => {
                let attributes = json.attributes.iter().flatten();
                Type::Record(attributes.map(|(n, a)| (n.clone(), self.attribute(a, depth))).collect())
            }
            _ => match self.common_types.get(local(name)) {
                Some(common) if depth < 50 => self.ty(common, depth + 1),
                _ => self.named(local(name)),
            },
        }
    }

    /// `EntityOrCommon` and its like, once it is no common type.
    fn named(&self, name: &str) -> Type {
        match name {
            "Long" => Type::Long,
            "Bool" | "Boolean" => Type::Boolean,
            "datetime" => Type::Datetime,
            entity if self.entity_types.contains_key(entity) => Type::Entity(entity.to_owned()),
            _ => Type::String,
        }
    }

    fn attribute(&self, json: &TypeJson, depth: usize) -> Attribute {
        let annotation = |key: &str| json.annotations.get(key);
        Attribute {
            ty: self.ty(json, depth),
            required: json.required,
            values: annotation("values").map(|v| v.split_whitespace().map(str::to_owned).collect()),
            names: annotation("names").cloned(),
            // what is no JSON is of no type, and is told so
            default: annotation("default").map(|d| serde_json::from_str(d).unwrap_or_default()),
            derived: annotation("derived").cloned(),
            form: annotation("form").cloned(),
            doc: annotation("doc").cloned(),
            unknown: json
                .annotations
                .iter()
                .filter(|(k, v)| !ANNOTATIONS.contains(&k.as_str()) || (*k == "unknownWhenAbsent" && *v != "true"))
                .map(|(k, v)| if k == "unknownWhenAbsent" { format!("{k}: {v}") } else { k.clone() })
                .collect(),
            unknown_when_absent: annotation("unknownWhenAbsent").is_some_and(|v| v == "true"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_annotations() {
        let schema = EntitySchema::built_in().unwrap();
        let account = &schema.types["Account"];
        assert_eq!(account.attributes["partition"].default, Some("aws".into()));
        assert_eq!(account.attributes["state"].values.as_ref().unwrap().len(), 5);
        assert!(matches!(account.attributes["phi"].ty, Type::Record(_)));
        assert!(account.tags);
    }
}
