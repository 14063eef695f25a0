//! What an expression of a policy can be, by the schema: entities of some types, the context, or what attributes hold.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Policy;
use serde_json::Value;

use super::reads::{actions, is_variable};
use crate::inventory::schema::{Attribute, EntitySchema, Type, local};

/// The types that `principal` and `resource` can have, and the contexts.
pub struct Variables<'s> {
    schema: &'s EntitySchema,
    principal: Vec<&'s str>,
    resource: Vec<&'s str>,
    contexts: Vec<&'s BTreeMap<String, Attribute>>,
}

/// Those of a policy, by what it is asked about.
pub fn variables<'s>(policy: &Policy, json: &'s Value, schema: &'s EntitySchema) -> Variables<'s> {
    let named = actions(policy);
    // `may` is the group of all that guardrails are asked about
    let asked: Vec<_> = schema
        .actions
        .iter()
        .filter(|(name, _)| {
            named.is_empty()
                || named.contains(name)
                || (named.iter().any(|n| n == "may") && schema.grants.contains(*name))
        })
        .map(|(_, action)| action)
        .collect();
    let scope = |part: &str| {
        let constraint = json.get(part)?;
        let ty = constraint.get("entity_type").and_then(Value::as_str);
        let of_one = || match constraint.get("op").and_then(Value::as_str) {
            Some("==") => constraint.get("entity")?.get("type")?.as_str(),
            _ => None,
        };
        ty.or_else(of_one).map(local)
    };
    let types = |part: &str, all: Vec<&'s str>| scope(part).map_or(all, |ty| vec![ty]);
    Variables {
        schema,
        principal: types("principal", asked.iter().flat_map(|a| a.principals.iter().map(String::as_str)).collect()),
        resource: types("resource", asked.iter().flat_map(|a| a.resources.iter().map(String::as_str)).collect()),
        contexts: asked.iter().map(|a| &a.context).collect(),
    }
}

/// What an expression can be: entities of some types, or what these attributes hold.
pub enum Shape<'s> {
    /// Entities of one of these types.
    Entities(Vec<&'s str>),
    /// The context of the request.
    Contexts,
    /// What one of these attributes holds.
    Attributes(Vec<&'s Attribute>),
}

impl<'s> Variables<'s> {
    /// What an expression in JSON can be; `None` where that is not told.
    pub fn shape(&self, json: &Value) -> Option<Shape<'s>> {
        for (name, types) in [("principal", &self.principal), ("resource", &self.resource)] {
            if is_variable(json, name) {
                return Some(Shape::Entities(types.clone()));
            }
        }
        if is_variable(json, "context") {
            return Some(Shape::Contexts);
        }
        let access = json.get(".")?;
        let name = access.get("attr")?.as_str()?;
        let attributes: Vec<&Attribute> = match self.shape(access.get("left")?)? {
            Shape::Entities(types) => of_types(self.schema, &types, name),
            Shape::Contexts => self.contexts.iter().filter_map(|c| c.get(name)).collect(),
            Shape::Attributes(of) => {
                let inside = |a: &&'s Attribute| match &a.ty {
                    Type::Entity(ty) => of_types(self.schema, &[ty.as_str()], name),
                    Type::Record(inner) => inner.get(name).into_iter().collect(),
                    _ => Vec::new(),
                };
                of.iter().flat_map(inside).collect()
            }
        };
        (!attributes.is_empty()).then_some(Shape::Attributes(attributes))
    }

    /// The types of which an expression can be an entity; `None` where that is not told.
    pub fn types(&self, json: &Value) -> Option<Vec<&'s str>> {
        match self.shape(json)? {
            Shape::Entities(types) => Some(types),
            Shape::Contexts => None,
            Shape::Attributes(of) => {
                let entity = |a: &'s Attribute| match &a.ty {
                    Type::Entity(ty) => Some(ty.as_str()),
                    _ => None,
                };
                of.into_iter().map(entity).collect()
            }
        }
    }

    /// The attributes that what an expression is can have, whichever it is; `None` where that is not told.
    pub fn attributes(&self, json: &Value) -> Option<BTreeSet<&'s str>> {
        let of_type = |ty: &str| self.schema.types.get(ty).map(|t| t.attributes.keys().map(String::as_str));
        match self.shape(json)? {
            Shape::Entities(types) => Some(types.into_iter().filter_map(of_type).flatten().collect()),
            Shape::Contexts => Some(self.contexts.iter().flat_map(|c| c.keys().map(String::as_str)).collect()),
            Shape::Attributes(of) => {
                let inside = |a: &'s Attribute| match &a.ty {
                    Type::Entity(ty) => of_type(ty).map(Iterator::collect::<Vec<_>>),
                    Type::Record(inner) => Some(inner.keys().map(String::as_str).collect()),
                    _ => None,
                };
                of.into_iter().map(inside).collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect())
            }
        }
    }
}

fn of_types<'s>(schema: &'s EntitySchema, types: &[&str], name: &str) -> Vec<&'s Attribute> {
    types.iter().filter_map(|ty| schema.types.get(*ty)?.attributes.get(name)).collect()
}

/// `context.report.series`, as it is written.
pub fn path(json: &Value) -> String {
    let inner = || {
        let access = json.get(".")?;
        Some(format!("{}.{}", path(access.get("left")?), access.get("attr")?.as_str()?))
    };
    inner().unwrap_or_else(|| json.get("Var").and_then(Value::as_str).unwrap_or_default().to_owned())
}
