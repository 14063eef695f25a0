//! What policies read: the attributes that they tell entities apart by, and whether they tell principals apart.

use std::collections::BTreeSet;

use cedar_policy::{ActionConstraint, Policy, PrincipalConstraint};
use serde_json::Value;

use crate::inventory::schema::local;

/// What policies read of entities.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// The attributes, of whatever entity.
    pub attributes: BTreeSet<String>,
    /// An entity that is no action is named, or tags are read: entities cannot be told apart by their attributes alone.
    names_entities: bool,
    /// The principal is read: in the scope of a policy, or in a condition.
    pub principal: bool,
}

impl Reads {
    /// What a policy in JSON reads.
    pub fn of(json: &Value) -> Self {
        let mut reads = Self::default();
        reads.add(json);
        let any = json.get("principal").and_then(|p| p.get("op")).and_then(Value::as_str) == Some("All");
        reads.principal |= !any;
        reads
    }

    /// What some of these read.
    pub fn all<'r>(all: impl IntoIterator<Item = &'r Self>) -> Self {
        let mut reads = Self::default();
        for one in all {
            reads.attributes.extend(one.attributes.iter().cloned());
            reads.names_entities |= one.names_entities;
            reads.principal |= one.principal;
        }
        reads
    }

    /// The attributes, if entities are told apart by nothing else.
    pub fn told_apart_by(&self) -> Option<&BTreeSet<String>> {
        (!self.names_entities).then_some(&self.attributes)
    }

    fn add(&mut self, json: &Value) {
        match json {
            Value::Object(members) => {
                let ty = members.get("type").and_then(Value::as_str);
                let is_entity =
                    ty.is_some_and(|t| !t.ends_with("Action")) && members.get("id").is_some_and(Value::is_string);
                self.names_entities |= is_entity || members.contains_key("getTag") || members.contains_key("hasTag");
                self.principal |= is_variable(json, "principal");
                self.attributes.extend(members.get("attr").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|v| self.add(v));
            }
            Value::Array(items) => items.iter().for_each(|v| self.add(v)),
            _ => {}
        }
    }
}

/// The names of the actions that a policy names; none where it applies to all.
pub fn actions(policy: &Policy) -> Vec<String> {
    let uids = match policy.action_constraint() {
        ActionConstraint::Any => Vec::new(),
        ActionConstraint::Eq(uid) => vec![uid],
        ActionConstraint::In(uids) => uids,
    };
    uids.iter().map(|uid| uid.id().unescaped().to_owned()).collect()
}

/// Whether an expression in JSON is this variable.
pub fn is_variable(value: &Value, name: &str) -> bool {
    value.get("Var").and_then(Value::as_str) == Some(name)
}

/// The attribute that an expression in JSON reads of a variable, if it is such a reading.
pub fn attribute_of<'v>(value: &'v Value, variable: &str) -> Option<&'v str> {
    let access = value.get(".")?;
    access.get("left").filter(|left| is_variable(left, variable))?;
    access.get("attr")?.as_str()
}

/// The top-level conjuncts of an expression in JSON.
pub fn conjuncts_of<'v>(body: &'v Value, conjuncts: &mut Vec<&'v Value>) {
    match body.get("&&") {
        Some(both) => ["left", "right"].iter().filter_map(|s| both.get(s)).for_each(|b| conjuncts_of(b, conjuncts)),
        None => conjuncts.push(body),
    }
}

/// Whether a policy can apply to principals of a type, by its scope.
pub fn applies_to(policy: &Policy, ty: &str) -> bool {
    match policy.principal_constraint() {
        PrincipalConstraint::Is(of) | PrincipalConstraint::IsIn(of, _) => local(&of.to_string()) == ty,
        PrincipalConstraint::Eq(uid) => local(&uid.type_name().to_string()) == ty,
        PrincipalConstraint::Any | PrincipalConstraint::In(_) => true,
    }
}
