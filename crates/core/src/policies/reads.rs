//! What policies read: the attributes that they tell entities apart by, and whether they tell principals apart.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{ActionConstraint, Policy, PrincipalConstraint};
use serde_json::Value;

use super::patterns;
use super::satisfiable::compared;
use super::turning::Turning;
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
    /// More of it is read than its type, which it has wherever nothing else is known of it.
    pub principal_itself: bool,
    /// A user, a role or another principal of AWS is named.
    pub names_who_acts: bool,
    /// The tags, of whatever entity.
    pub tags: Tags,
    /// Some policy asks which organization the account is in, and not only where the scope is the organization.
    pub organization: bool,
    /// A unit is named.
    pub units: bool,
    /// What the moment asked is compared with.
    pub turning: Turning,
}

/// The types of entities that act in AWS, and those that hold them.
const WHO_ACTS: [&str; 5] = ["Root", "User", "Role", "PermissionSet", "Group"];

/// The keys of tags that policies read, each with the values that it is compared with; `None` where it is compared with something else. A
/// key that is not written out is empty.
pub type Tags = BTreeMap<String, Option<BTreeSet<String>>>;

impl Reads {
    /// What a policy in JSON reads.
    pub fn of(json: &Value) -> Self {
        let mut reads = Self::default();
        reads.add(json);
        reads.turns(json);
        let scope = json.get("principal");
        let op = scope.and_then(|p| p.get("op")).and_then(Value::as_str);
        reads.principal |= op != Some("All");
        let by_type = op == Some("is") && scope.is_some_and(|p| p.get("in").is_none());
        reads.principal_itself |= op != Some("All") && !by_type;
        reads.organization = reads.organization && !asks_for_the_organization(json);
        // most policies read none, and each of them is read in each run
        if reads.names_entities {
            tags(json, &mut reads.tags);
        }
        reads
    }

    /// What some of these read.
    pub fn all<'r>(all: impl IntoIterator<Item = &'r Self>) -> Self {
        let mut reads = Self::default();
        for one in all {
            reads.attributes.extend(one.attributes.iter().cloned());
            reads.names_entities |= one.names_entities;
            reads.principal |= one.principal;
            reads.principal_itself |= one.principal_itself;
            reads.names_who_acts |= one.names_who_acts;
            reads.organization |= one.organization;
            reads.units |= one.units;
            reads.turning.extend(&one.turning);
            for (key, values) in &one.tags {
                add_values(&mut reads.tags, key, values.clone());
            }
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
                if members.get("is").is_some_and(is_type_of_principal) {
                    self.principal = true;
                    return;
                }
                let is_principal = is_variable(json, "principal");
                self.principal |= is_principal;
                self.principal_itself |= is_principal;
                let of = |name: &str| ty.is_some_and(|ty| local(ty) == name);
                self.units |= of("OrganizationalUnit");
                self.names_who_acts |= WHO_ACTS.iter().any(|name| of(name));
                self.organization |= of("Organization") || attribute_of(json, "context") == Some("organization");
                self.organization |= members.get("has").is_some_and(|has| {
                    let attribute = has.get("attr").and_then(Value::as_str);
                    attribute == Some("organization") && has.get("left").is_some_and(|l| is_variable(l, "context"))
                });
                self.attributes.extend(members.get("attr").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|v| self.add(v));
            }
            Value::Array(items) => items.iter().for_each(|v| self.add(v)),
            _ => {}
        }
    }

    /// Takes in what the moment asked is compared with.
    fn turns(&mut self, json: &Value) {
        match json {
            Value::Object(members) if self.turning.add(json) => members.values().for_each(|part| self.turns(part)),
            Value::Array(items) => items.iter().for_each(|item| self.turns(item)),
            _ => {}
        }
    }
}

/// Whether a policy applies only where the scope is the organization: one of its conditions says so.
fn asks_for_the_organization(policy: &Value) -> bool {
    let conditions = policy.get("conditions").and_then(Value::as_array).into_iter().flatten();
    let when = conditions.filter(|c| c.get("kind").and_then(Value::as_str) == Some("when"));
    let mut parts = Vec::new();
    when.filter_map(|c| c.get("body")).for_each(|body| conjuncts_of(body, &mut parts));
    let is_scope = |of: &Value| attribute_of(of, "context") == Some("scope");
    let is_one = |part: &Value| {
        part.get("==").and_then(|_| compared(part)).is_some_and(|(of, words)| is_scope(of) && words == ["organization"])
    };
    parts.into_iter().any(is_one)
}

fn add_values(tags: &mut Tags, key: &str, values: Option<BTreeSet<String>>) {
    let known = tags.entry(key.to_owned()).or_insert_with(|| Some(BTreeSet::new()));
    *known = match (known.take(), values) {
        (Some(mut known), Some(values)) => {
            known.extend(values);
            Some(known)
        }
        _ => None,
    };
}

/// Adds the tag that these operands of `hasTag` or `getTag` name, and what it is compared with.
fn add_tag(tags: &mut Tags, operands: &Value, values: Option<BTreeSet<String>>) {
    let key = tag_key(operands);
    add_values(tags, key.unwrap_or_default(), values.filter(|_| key.is_some()));
}

/// The tags that an expression reads.
fn tags(json: &Value, found: &mut Tags) {
    let members = match json {
        Value::Object(members) => members,
        Value::Array(items) => return items.iter().for_each(|item| tags(item, found)),
        _ => return,
    };
    for (operator, operands) in members {
        let side = |name: &str| operands.get(name).unwrap_or(&Value::Null);
        let tag_of = |name: &str| side(name).get("getTag");
        // a tag, and the texts that its value is compared with
        let compared = match operator.as_str() {
            "like" => tag_of("left").zip(sample(side("pattern")).map(|sample| BTreeSet::from([sample]))),
            operator if COMPARISONS.contains(&operator) => {
                let both = [("left", "right"), ("right", "left")];
                both.into_iter().find_map(|(tag, other)| tag_of(tag).zip(texts(side(other))))
            }
            _ => None,
        };
        if let Some((tag, texts)) = compared {
            add_tag(found, tag, Some(texts));
            tags(tag.get("left").unwrap_or(&Value::Null), found);
            continue;
        }
        match operator.as_str() {
            "hasTag" => add_tag(found, operands, Some(BTreeSet::new())),
            // compared with what is not written out
            "getTag" => add_tag(found, operands, None),
            _ => {}
        }
        tags(operands, found);
    }
}

/// The texts of an expression that is one, or a set of them.
fn texts(json: &Value) -> Option<BTreeSet<String>> {
    let text = |json: &Value| Some(json.get("Value")?.as_str()?.to_owned());
    match json.get("Set").and_then(Value::as_array) {
        Some(items) => items.iter().map(text).collect(),
        None => text(json).map(|text| BTreeSet::from([text])),
    }
}

/// A text that has a pattern.
fn sample(pattern: &Value) -> Option<String> {
    Some(patterns::parts(pattern)?.into_iter().flatten().collect())
}

/// The comparisons, in which each side is held against the other.
pub const COMPARISONS: [&str; 5] = ["==", "!=", "contains", "containsAll", "containsAny"];

/// The key that `hasTag` or `getTag` asks for, where it is written out.
pub fn tag_key(operands: &Value) -> Option<&str> {
    operands.get("right")?.get("Value")?.as_str()
}

/// Whether an expression in JSON, or a part of it, is one of those that are looked for.
pub fn any_part(json: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
    is(json)
        || match json {
            Value::Object(members) => members.values().any(|value| any_part(value, is)),
            Value::Array(items) => items.iter().any(|item| any_part(item, is)),
            _ => false,
        }
}

/// The texts that are written out in an expression in JSON, or in a part of it.
pub fn literals(json: &Value, found: &mut BTreeSet<String>) {
    match json {
        Value::Object(members) => {
            found.extend(members.get("Value").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| literals(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| literals(item, found)),
        _ => {}
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

/// Whether the operands of `is` ask of what type the principal is, and nothing else.
fn is_type_of_principal(operands: &Value) -> bool {
    operands.get("in").is_none() && operands.get("left").is_some_and(|left| is_variable(left, "principal"))
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
