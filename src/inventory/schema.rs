//! The entity schema, as the short form of entity files needs it: types, defaults, closed sets.
//!
//! Cedar has neither default values nor closed sets of strings, so both stand in the schema as annotations that Cedar
//! ignores: `values`, `default`, `derived` (filled in from another part of the entity), `form` (has a short form), `nested`
//! (made from what another entity says).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::problem::Failure;

/// The namespace of every type and action.
pub const NAMESPACE: &str = "Artifact";

/// The schema that is built in.
pub const BUILT_IN: &str = include_str!("../../schemas/artifact.cedarschema.json");

/// The schema, for Cedar and for the short form.
#[derive(Debug)]
pub struct EntitySchema {
    /// What Cedar validates with.
    pub cedar: cedar_policy::Schema,
    /// Entity types by their name without namespace.
    pub types: BTreeMap<String, EntityType>,
    /// The text that it was read from.
    pub text: String,
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
    /// The closed set of its values, if it has one.
    pub values: Option<Vec<String>>,
    /// The value that it has when it is not written.
    pub default: Option<serde_json::Value>,
    /// Where its value comes from when it is not written: `arn`, `id`, `effectiveEnd`.
    pub derived: Option<String>,
    /// Which short form it has: `document`, `agreement`.
    pub form: Option<String>,
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
            Self::Datetime => "a moment, such as \"2024-03-05\" or \"2024-03-05T14:01:12Z\"".to_owned(),
            Self::Entity(ty) => format!("the id of an entity of type `{ty}`"),
            Self::Set(_) => "an array".to_owned(),
            Self::Record(_) => "an object".to_owned(),
        }
    }
}

impl EntitySchema {
    /// The schema that is built in.
    pub fn built_in() -> Result<Self, Failure> {
        Self::parse(BUILT_IN, "built-in schema")
    }

    /// A schema in Cedar's JSON form; `name` is where it came from.
    pub fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        let wrong = |e: &dyn std::fmt::Display| Failure::general(format!("{name}: not a Cedar schema in JSON: {e}"));
        let cedar = cedar_policy::Schema::from_json_str(text).map_err(|e| wrong(&miette::Report::new(e)))?;
        let mut namespaces: BTreeMap<String, NamespaceJson> = serde_json::from_str(text).map_err(|e| wrong(&e))?;
        let Some(namespace) = namespaces.remove(NAMESPACE) else {
            return Err(wrong(&format!("it has no namespace `{NAMESPACE}`")));
        };
        let mut types = BTreeMap::new();
        for (name, json) in &namespace.entity_types {
            let shape = json.shape.as_ref().and_then(|s| namespace.record(s, 0)).unwrap_or_default();
            let parents = json.member_of_types.iter().map(|p| local(p).to_owned()).collect();
            let nested = json.annotations.get("nested").cloned();
            types.insert(name.clone(), EntityType { parents, attributes: shape, tags: json.tags.is_some(), nested });
        }
        Ok(Self { cedar, types, text: text.to_owned() })
    }
}

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
            default: annotation("default").and_then(|d| serde_json::from_str(d).ok()),
            derived: annotation("derived").cloned(),
            form: annotation("form").cloned(),
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
