//! What a guardrail forbids whoever acts, of those that read who acts. Of people who are not known nothing can be asked but what is the
//! same for everybody: the account, and the operation. Where that alone keeps a guardrail from matching, nobody breaks it.

use cedar_policy::{Policy, PolicySet};
use serde_json::{Value, json};

use super::reach::{Terms, reads_actor};
use crate::policies::name_of;
use crate::policies::narrower::conjuncts;
use crate::problem::Failure;

/// The guardrails that are about people, with only those of their conditions that are the same for whoever stands at a role. What these
/// do not forbid, the guardrail does not; what they do, it may.
pub fn whoever<'t>(set: &PolicySet, terms: impl Fn(&str) -> Option<&'t Terms>) -> Result<PolicySet, Failure> {
    let about_people = |policy: &&Policy| terms(name_of(policy.id())).is_some_and(|terms| terms.is_about_people);
    let mut policies = Vec::new();
    for policy in set.policies().filter(about_people) {
        let mut json = policy.to_json().map_err(Failure::internal("the JSON of a policy"))?;
        if json.get("principal").is_some_and(is_about_roots) {
            continue;
        }
        let conditions = json.get("conditions").and_then(Value::as_array).into_iter().flatten().flat_map(conjuncts);
        let same = conditions.filter(|c| !may_differ(c)).map(|c| json!({"kind": "when", "body": c})).collect();
        if let Some(members) = json.as_object_mut() {
            members.insert("conditions".to_owned(), Value::Array(same));
            members.insert("principal".to_owned(), json!({"op": "All"}));
        }
        let wider = Policy::from_json(Some(policy.id().clone()), json);
        policies.push(wider.map_err(Failure::internal("the JSON of a policy"))?);
    }
    PolicySet::from_policies(policies).map_err(Failure::internal("a set of policies"))
}

/// Whether a head is about root users alone: they cannot assume a role.
fn is_about_roots(principal: &Value) -> bool {
    let ty = principal.get("entity_type").or_else(|| principal.pointer("/entity/type")).and_then(Value::as_str);
    let is_type = matches!(principal.get("op").and_then(Value::as_str), Some("is" | "=="));
    is_type && ty.is_some_and(|ty| crate::inventory::schema::local(ty) == "Root")
}

/// Whether a condition may differ by who acts, by what else they may do, or by when: it reads anything but the terms that are the same for
/// all.
fn may_differ(json: &Value) -> bool {
    const SAME: [&str; 5] = ["role", "organization", "scope", "agreement", "report"];
    reads_actor(json, &|attribute| !SAME.contains(&attribute))
}
