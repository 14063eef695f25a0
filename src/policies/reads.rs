//! What policies read: the attributes that they tell entities apart by, and whether they tell principals apart.

use std::collections::BTreeSet;

use cedar_policy::{Policy, PrincipalConstraint};

use crate::inventory::schema::local;

/// The attributes that a policy in JSON reads, and whether it names an entity or reads tags.
pub fn reads(json: &serde_json::Value, attributes: &mut BTreeSet<String>, names_entities: &mut bool) {
    use serde_json::Value;
    match json {
        Value::Object(members) => {
            let ty = members.get("type").and_then(Value::as_str);
            let is_entity =
                ty.is_some_and(|t| !t.ends_with("Action")) && members.get("id").is_some_and(Value::is_string);
            *names_entities |= is_entity || members.contains_key("getTag") || members.contains_key("hasTag");
            attributes.extend(members.get("attr").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|v| reads(v, attributes, names_entities));
        }
        Value::Array(items) => items.iter().for_each(|v| reads(v, attributes, names_entities)),
        _ => {}
    }
}

/// Whether a policy reads its principal: in its scope, or in a condition. What cannot be told is taken to.
pub fn reads_principal(policy: &Policy) -> bool {
    let any = policy.principal_constraint() == cedar_policy::PrincipalConstraint::Any;
    let conditions = policy.to_json().ok().and_then(|json| json.get("conditions").map(ToString::to_string));
    !any || conditions.is_none_or(|text| text.contains("\"Var\":\"principal\""))
}

/// Whether a policy can apply to principals of a type, by its scope.
pub fn applies_to(policy: &Policy, ty: &str) -> bool {
    match policy.principal_constraint() {
        PrincipalConstraint::Is(of) | PrincipalConstraint::IsIn(of, _) => local(&of.to_string()) == ty,
        PrincipalConstraint::Eq(uid) => local(&uid.type_name().to_string()) == ty,
        PrincipalConstraint::Any | PrincipalConstraint::In(_) => true,
    }
}
