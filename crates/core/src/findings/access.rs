//! Which answers can be worth a finding at all, whoever the principal is.
//!
//! The policies are asked about each principal, since they may read its names and the people behind it. What they ask besides is asked
//! once: their conjuncts that read the answer alone. Where one of those fails, the policy permits for no one.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Entities, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression as Expr,
};
use serde_json::{Value, json};

use crate::agreements::{context, datetime};
use crate::inventory::config::Config;
use crate::inventory::entity::cedar_uid;
use crate::moment::Moment;
use crate::policies::{RuleBook, conjuncts_of};
use crate::problem::Failure;

/// The action that the policies of findings about access are asked with.
pub const ACTION: &str = "report-on-access";

const POLICIES: &str = "the policies of findings about access";

/// What the policies read of an answer: the attributes of the context that do not differ from principal to principal.
const OF_THE_ANSWER: [&str; 6] = ["at", "operation", "series", "allowed", "allowedUnknown", "deprecatedOnly"];

/// What they read of a principal.
const OF_THE_PRINCIPAL: [&str; 5] = ["names", "people", "namedAsSignatory", "signatoryPeople", "declaredSeries"];

/// The attributes of the context that nobody has, since the settings declare nothing of the kind.
pub fn absent(config: &Config) -> Vec<&'static str> {
    let declared = [("signatories", config.signatories.is_some()), ("declaredSeries", !config.auditors.is_empty())];
    declared.into_iter().filter(|(_, is_declared)| !is_declared).map(|(name, _)| name).collect()
}

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

/// An answer that a policy may make a finding of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worthy {
    /// The answer.
    pub access: Access,
    /// Whether it does depends on who the principal is.
    pub told_apart: bool,
}

/// Sorts out the answers that no policy makes a finding of.
pub struct Worth {
    policies: PolicySet,
    /// Those of the policies that read who a principal is.
    read_who: HashSet<PolicyId>,
    at: Moment,
    known: HashMap<Access, Option<Worthy>>,
}

impl Worth {
    /// Of these rules; `absent` are attributes of the context that nobody has.
    pub fn new(rules: &RuleBook, at: Moment, absent: &[&str]) -> Result<Self, Failure> {
        let (mut policies, mut read_who) = (PolicySet::new(), HashSet::new());
        // nothing forbids a finding
        for policy in rules.policies(ACTION) {
            let json = rules.json_of(policy).cloned().unwrap_or_default();
            let open = about_the_answer(json, absent).map_err(Failure::internal(POLICIES))?;
            policies.add(open.new_id(policy.id().clone())).map_err(Failure::internal(POLICIES))?;
            if rules.policy_reads_who(policy, &OF_THE_PRINCIPAL) {
                read_who.insert(policy.id().clone());
            }
        }
        Ok(Self { policies, read_who, at, known: HashMap::new() })
    }

    /// The answers that may be worth a finding, each once.
    pub fn of(&mut self, answers: impl Iterator<Item = Access>) -> Result<Rc<[Worthy]>, Failure> {
        let mut found: Vec<Worthy> = Vec::new();
        for access in answers {
            if !found.iter().any(|f| f.access == access) {
                found.extend(self.worthy(access)?);
            }
        }
        Ok(found.into())
    }

    fn worthy(&mut self, access: Access) -> Result<Option<Worthy>, Failure> {
        if let Some(known) = self.known.get(&access) {
            return Ok(known.clone());
        }
        let by = self.perhaps_by(context(access.pairs(self.at))?)?;
        let told_apart = by.iter().any(|id| self.read_who.contains(id));
        let worthy = (!by.is_empty()).then(|| Worthy { access: access.clone(), told_apart });
        self.known.insert(access, worthy.clone());
        Ok(worthy)
    }

    /// The policies that may permit for someone.
    fn perhaps_by(&self, context: Context) -> Result<Vec<PolicyId>, Failure> {
        let anyone = cedar_uid("Account", "anyone")?;
        let request = Request::new(anyone.clone(), cedar_uid("Action", ACTION)?, anyone, context, None)
            .map_err(Failure::internal("a request about findings"))?;
        let response = Authorizer::new().is_authorized(&request, &self.policies, &Entities::empty());
        let failed = response.diagnostics().errors().map(|AuthorizationError::PolicyEvaluationError(e)| e.policy_id());
        Ok(response.diagnostics().reason().chain(failed).cloned().collect())
    }
}

/// A policy for anyone and anything, with the conjuncts that read nothing but the answer, and those that ask for what no context has.
fn about_the_answer(mut json: Value, absent: &[&str]) -> Result<Policy, String> {
    let mut kept = Vec::new();
    for condition in json.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let (kind, body) = (condition.get("kind").and_then(Value::as_str), condition.get("body"));
        let mut conjuncts = Vec::new();
        match (kind, body) {
            (Some("when"), Some(body)) => conjuncts_of(body, &mut conjuncts),
            (_, Some(body)) => conjuncts.push(body),
            _ => {}
        }
        let own = conjuncts.into_iter().filter(|c| reads_the_answer_alone(c) || asks_for(c, absent));
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

/// Whether an expression is `context has ATTRIBUTE` of one of these.
fn asks_for(body: &Value, attributes: &[&str]) -> bool {
    let Some(has) = body.get("has") else { return false };
    let of_context = has.get("left").and_then(|l| l.get("Var")).and_then(Value::as_str) == Some("context");
    of_context && has.get("attr").and_then(Value::as_str).is_some_and(|attr| attributes.contains(&attr))
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
        // CS020 asks for an allow by deprecated permissions, CS021 for an allow of an acceptance where signatories are declared, CS031 for
        // one of a report where series are
        let mut settings = [&[][..], &["signatories", "declaredSeries"]]
            .map(|absent| Worth::new(&rules, Moment::default(), absent).unwrap());
        for (of, expected) in [
            (access("accept-agreement", true, false), [Some(true), None]),
            (access("accept-agreement", true, true), [Some(true), Some(false)]),
            (access("accept-agreement", false, false), [None, None]),
            (access("download-report", true, false), [Some(true), None]),
            (access("download-agreement", true, false), [None, None]),
            (access("download-report", true, true), [Some(true), Some(false)]),
            (access("download-report", false, true), [None, None]),
        ] {
            let found = settings.each_mut().map(|worth| worth.worthy(of.clone()).unwrap().map(|w| w.told_apart));
            assert_eq!(found, expected, "{of:?}");
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
            ("permit (principal, action, resource) when { context has signatories };", false),
            ("permit (principal, action, resource) when { context has names };", true),
            ("permit (principal, action, resource) unless { context has signatories };", true),
        ] {
            let policy =
                about_the_answer(text.parse::<Policy>().unwrap().to_json().unwrap(), &["signatories"]).unwrap();
            let policies = PolicySet::from_policies([policy]).unwrap();
            let (read_who, known) = (HashSet::new(), HashMap::new());
            let mut worth = Worth { policies, read_who, at: Moment::default(), known };
            assert_eq!(worth.worthy(access("x", false, false)).unwrap().is_some(), expected, "{text}");
        }
    }
}
