//! Which answers can be worth a finding at all, whoever the principal is.
//!
//! The policies are asked about each principal, since they may read its names and the people behind it. What they ask besides is asked
//! once: their conjuncts that read the answer alone. Where one of those fails, the policy permits for no one.

use std::collections::HashMap;
use std::rc::Rc;

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, Policy, PolicyId, PolicySet, Request, RestrictedExpression as Expr,
};
use serde_json::{Value, json};

use crate::agreements::{context, datetime};
use crate::inventory::entity::cedar_uid;
use crate::moment::Moment;
use crate::policies::{RuleBook, conjuncts_of};
use crate::problem::Failure;

/// The action that the policies of findings about access are asked with.
pub const ACTION: &str = "report-on-access";

const POLICIES: &str = "the policies of findings about access";

/// What the policies read of an answer: the attributes of the context that do not differ from principal to principal.
const OF_THE_ANSWER: [&str; 6] = ["at", "operation", "series", "allowed", "allowedUnknown", "deprecatedOnly"];

/// An answer, as far as findings read it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// The operation.
    pub operation: &'static str,
    /// The series of the report that it is about.
    pub series: Option<String>,
    /// It is allowed.
    pub allowed: bool,
    /// Whether it is allowed is unknown.
    pub allowed_unknown: bool,
    /// By permissions that AWS has deprecated, and no others.
    pub deprecated: bool,
}

impl Access {
    /// The attributes of the context that tell it.
    pub fn pairs(&self, at: Moment) -> Vec<(&'static str, Expr)> {
        let mut pairs = vec![
            ("at", datetime(at)),
            ("operation", Expr::new_string(self.operation.to_owned())),
            ("allowed", Expr::new_bool(self.allowed)),
            ("allowedUnknown", Expr::new_bool(self.allowed_unknown)),
            ("deprecatedOnly", Expr::new_bool(self.deprecated)),
        ];
        pairs.extend(self.series.iter().map(|series| ("series", Expr::new_string(series.clone()))));
        pairs
    }
}

/// Sorts out the answers that no policy makes a finding of.
pub struct Worth {
    policies: PolicySet,
    at: Moment,
    known: HashMap<Access, bool>,
}

impl Worth {
    /// Of these rules.
    pub fn new(rules: &RuleBook, at: Moment) -> Result<Self, Failure> {
        let mut policies = PolicySet::new();
        let permits = rules.policies(ACTION).filter(|p| p.effect() == Effect::Permit);
        for (index, policy) in permits.enumerate() {
            let json = rules.json_of(policy).cloned().unwrap_or_default();
            let open = about_the_answer(json).map_err(Failure::internal(POLICIES))?;
            policies.add(open.new_id(PolicyId::new(index.to_string()))).map_err(Failure::internal(POLICIES))?;
        }
        Ok(Self { policies, at, known: HashMap::new() })
    }

    /// The answers that may be worth a finding, each once.
    pub fn of(&mut self, answers: impl Iterator<Item = Access>) -> Result<Rc<[Access]>, Failure> {
        let mut found: Vec<Access> = Vec::new();
        for access in answers {
            if !found.contains(&access) && self.may_be(&access)? {
                found.push(access);
            }
        }
        Ok(found.into())
    }

    fn may_be(&mut self, access: &Access) -> Result<bool, Failure> {
        if let Some(known) = self.known.get(access) {
            return Ok(*known);
        }
        let permitted = self.permits(context(access.pairs(self.at))?)?;
        self.known.insert(access.clone(), permitted);
        Ok(permitted)
    }

    fn permits(&self, context: Context) -> Result<bool, Failure> {
        let anyone = cedar_uid("Account", "anyone")?;
        let request = Request::new(anyone.clone(), cedar_uid("Action", ACTION)?, anyone, context, None)
            .map_err(Failure::internal("a request about findings"))?;
        let response = Authorizer::new().is_authorized(&request, &self.policies, &Entities::empty());
        Ok(response.decision() == Decision::Allow || response.diagnostics().errors().next().is_some())
    }
}

/// A policy for anyone and anything, with the conjuncts that read nothing but the answer.
fn about_the_answer(mut json: Value) -> Result<Policy, String> {
    let mut kept = Vec::new();
    for condition in json.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let (kind, body) = (condition.get("kind").and_then(Value::as_str), condition.get("body"));
        let mut conjuncts = Vec::new();
        match (kind, body) {
            (Some("when"), Some(body)) => conjuncts_of(body, &mut conjuncts),
            (_, Some(body)) => conjuncts.push(body),
            _ => {}
        }
        let own = conjuncts.into_iter().filter(|c| reads_the_answer_alone(c));
        kept.extend(own.map(|body| json!({"kind": kind, "body": body})));
    }
    if let Some(policy) = json.as_object_mut() {
        policy.insert("conditions".into(), Value::Array(kept));
        for scope in ["principal", "action", "resource"] {
            policy.insert(scope.into(), json!({"op": "All"}));
        }
    }
    Policy::from_json(None, json).map_err(|e| e.to_string())
}

/// Whether an expression reads attributes of the answer, and no variable besides.
fn reads_the_answer_alone(body: &Value) -> bool {
    let attribute = |of: &Value| -> Option<bool> {
        let of_context = of.get("left")?.get("Var")?.as_str()? == "context";
        Some(of_context && OF_THE_ANSWER.contains(&of.get("attr")?.as_str()?))
    };
    match body {
        Value::Object(fields) => fields.iter().all(|(name, inner)| match name.as_str() {
            "Var" => false,
            "." | "has" => attribute(inner).unwrap_or_else(|| reads_the_answer_alone(inner)),
            _ => reads_the_answer_alone(inner),
        }),
        Value::Array(items) => items.iter().all(reads_the_answer_alone),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::EntitySchema;
    use std::sync::Arc;

    fn access(operation: &'static str, allowed: bool, deprecated: bool) -> Access {
        let series = (operation == "download-report").then(|| "SOC".to_owned());
        Access { operation, series, allowed, allowed_unknown: false, deprecated }
    }

    #[test]
    fn what_no_policy_permits_for_anyone_is_sorted_out() {
        let rules = RuleBook::built_in(&Arc::new(EntitySchema::built_in().unwrap())).unwrap();
        let mut worth = Worth::new(&rules, Moment::default()).unwrap();
        // CS020 asks for an allow by deprecated permissions, CS021 for an allow of an acceptance, CS031 for one of a report
        for (of, expected) in [
            (access("accept-agreement", true, false), true),
            (access("accept-agreement", false, false), false),
            (access("download-report", true, false), true),
            (access("download-agreement", true, false), false),
            (access("download-report", true, true), true),
            (access("download-report", false, true), false),
        ] {
            assert_eq!(worth.may_be(&of).unwrap(), expected, "{of:?}");
        }
    }

    #[test]
    fn a_policy_that_reads_anything_else_first_is_kept() {
        for (text, expected) in [
            ("permit (principal, action, resource) when { context.names.contains(\"x\") };", true),
            ("permit (principal, action, resource) when { context.names.contains(\"x\") && context.allowed };", false),
            ("permit (principal, action, resource) when { context.names.contains(\"x\") || context.allowed };", true),
            ("permit (principal, action, resource) unless { context.allowed };", true),
            ("permit (principal, action, resource) unless { !context.allowed };", false),
            ("permit (principal is A, action, resource) when { principal.x == 1 };", true),
        ] {
            let policy = about_the_answer(text.parse::<Policy>().unwrap().to_json().unwrap()).unwrap();
            let policies = PolicySet::from_policies([policy]).unwrap();
            let mut worth = Worth { policies, at: Moment::default(), known: HashMap::new() };
            assert_eq!(worth.may_be(&access("x", false, false)).unwrap(), expected, "{text}");
        }
    }
}
