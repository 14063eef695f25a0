//! Long lists in guardrails. Cedar builds a set that is written out anew in each request: with 100,000 items, that takes longer
//! than everything else. Such a set is built once, as an attribute of an entity that the policy reads in its place.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entity, EntityUid, PolicySet, RestrictedExpression as Expr};
use serde_json::{Value, json};

use crate::inventory::entity::cedar_uid;
use crate::problem::Failure;

/// A set of as many items is long.
const LONG: usize = 50;
/// The type of the entities that hold the lists. No schema has it: policies are validated before.
const TYPE: &str = "GuardrailList";
const ATTRIBUTE: &str = "items";

/// The policies with their long lists taken out, and the entities that hold these.
pub fn taken_out(set: PolicySet) -> Result<(PolicySet, Vec<Entity>), Failure> {
    let mut lists = Lists::default();
    let mut policies = Vec::new();
    for policy in set.policies() {
        let mut json = policy.to_json().map_err(Failure::internal("the JSON of a policy"))?;
        let before = lists.entities.len();
        for condition in json.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten() {
            lists.take(condition)?;
        }
        policies.push(if lists.entities.len() == before {
            policy.clone()
        } else {
            let read = cedar_policy::Policy::from_json(Some(policy.id().clone()), json);
            read.map_err(Failure::internal("the JSON of a policy"))?
        });
    }
    let set = PolicySet::from_policies(policies).map_err(Failure::internal("a set of policies"))?;
    Ok((set, lists.entities))
}

#[derive(Default)]
struct Lists {
    entities: Vec<Entity>,
}

impl Lists {
    /// Takes the long lists out of an expression.
    fn take(&mut self, json: &mut Value) -> Result<(), Failure> {
        if let Some(items) = long(json) {
            let uid = cedar_uid(TYPE, &self.entities.len().to_string())?;
            let id: &str = uid.id().unescaped();
            let entity = json!({"Value": {"__entity": {"type": uid.type_name().to_string(), "id": id}}});
            *json = json!({".": {"left": entity, "attr": ATTRIBUTE}});
            let attributes = HashMap::from([(ATTRIBUTE.to_owned(), Expr::new_set(items))]);
            let entity = Entity::new(uid, attributes, HashSet::new()).map_err(Failure::internal("an entity"))?;
            self.entities.push(entity);
            return Ok(());
        }
        match json {
            Value::Object(members) => members.values_mut().try_for_each(|inner| self.take(inner)),
            Value::Array(items) => items.iter_mut().try_for_each(|inner| self.take(inner)),
            _ => Ok(()),
        }
    }
}

/// The items of a long list of texts, numbers and entities that are all written out.
fn long(json: &Value) -> Option<Vec<Expr>> {
    let items = json.get("Set")?.as_array().filter(|items| items.len() >= LONG)?;
    items.iter().map(item).collect()
}

fn item(json: &Value) -> Option<Expr> {
    match json.get("Value")? {
        Value::String(text) => Some(Expr::new_string(text.clone())),
        Value::Number(number) => number.as_i64().map(Expr::new_long),
        Value::Object(members) => {
            let entity = members.get("__entity")?;
            let uid = EntityUid::from_json(json!({"__entity": entity})).ok()?;
            Some(Expr::new_entity_uid(uid))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use cedar_policy::{Authorizer, Context, Entities, Request};

    use super::*;

    /// What is asked of the policies comes out as before, whether an item is in a list or not.
    #[test]
    fn lists_that_are_taken_out_answer_as_before() {
        let names: Vec<String> = (0..LONG).map(|i| format!("\"n\\\"{i}\"")).collect();
        let users: Vec<String> = (0..LONG).map(|i| format!("U::\"{i}\"")).collect();
        let text = format!(
            "@id(\"a\") forbid(principal, action, resource) when {{ [{}].contains(context.name) }};
             @id(\"b\") forbid(principal, action, resource) unless {{ principal in [{}] }};
             @id(\"c\") forbid(principal, action, resource) when {{ [\"x\", \"y\"].contains(context.name) }};",
            names.join(", "),
            users.join(", ")
        );
        let set = PolicySet::from_str(&text).unwrap();
        let (taken, lists) = taken_out(set.clone()).unwrap();
        assert_eq!(lists.len(), 2);
        assert!(!taken.to_string().contains("n\\\"7"), "{taken}");
        let annotations = |set: &PolicySet| set.policies().filter(|p| p.annotation("id").is_some()).count();
        assert_eq!(annotations(&taken), 3);
        let lists = Entities::from_entities(lists, None).unwrap();
        let mut told = HashSet::new();
        for user in ["0", "49", "50"] {
            for name in ["n\"0", "n\"49", "n\"50", "x"] {
                let context = Context::from_pairs([("name".to_owned(), Expr::new_string(name.to_owned()))]).unwrap();
                let uid = |text: &str| EntityUid::from_str(text).unwrap();
                let principal = uid(&format!("U::\"{user}\""));
                let request = Request::new(principal, uid("Action::\"a\""), uid("R::\"r\""), context, None).unwrap();
                let answers = |set: &PolicySet, entities: &Entities| {
                    let response = Authorizer::new().is_authorized(&request, set, entities);
                    assert_eq!(response.diagnostics().errors().count(), 0);
                    let mut by: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
                    by.sort();
                    by
                };
                let expected = answers(&set, &Entities::empty());
                assert_eq!(answers(&taken, &lists), expected, "{user} {name}");
                told.insert(expected);
            }
        }
        assert!(told.len() > 3, "the requests tell the policies apart: {told:?}");
    }
}
