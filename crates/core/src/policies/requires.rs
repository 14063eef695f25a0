//! `@requires`: the IAM actions that a gate asks for, and whether its condition asks for exactly these.
//!
//! What the annotation says is what answers tell people to grant. So it is held against the condition, over all subsets of
//! the actions that the condition names, in each generation of permissions and in and out of force.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression as Expr,
};
use serde_json::{Value, json};

use super::annotations::SCOPES;
use super::reads::{attribute_of, is_variable, literals};
use crate::terms::PermissionModel;

/// More actions than this are not tried in every combination.
const MAX_ACTIONS: usize = 12;

/// What is wrong with the text of `@requires`; each has the words at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRequires {
    /// A part that is not `GENERATION: ACTION, ACTION`.
    Form(String),
    /// What stands for a generation and is none.
    Generation(String),
    /// What stands for an IAM action and is none.
    Action(String),
    /// A generation that is named before.
    Repeated(String),
}

impl std::fmt::Display for BadRequires {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Form(part) => write!(f, "`{part}` is not GENERATION: ACTION, ACTION"),
            Self::Generation(word) => {
                write!(f, "`{word}` is neither classic nor fine-grained, nor one of them `in force`")
            }
            Self::Action(word) => write!(f, "`{word}` is not an IAM action such as artifact:GetReport"),
            Self::Repeated(generation) => write!(f, "it names `{generation}` twice"),
        }
    }
}

/// `classic: a, b; fine-grained in force: c` as a map.
pub fn parse(text: &str) -> Result<BTreeMap<String, Vec<String>>, BadRequires> {
    let mut requires = BTreeMap::new();
    for part in text.split(';').map(str::trim) {
        let Some((generation, actions)) = part.split_once(": ") else {
            return Err(BadRequires::Form(part.to_owned()));
        };
        let generation = generation.trim();
        if !generations().contains(&generation.strip_suffix(" in force").unwrap_or(generation)) {
            return Err(BadRequires::Generation(generation.to_owned()));
        }
        let actions: Vec<String> = actions.split(',').map(|a| a.trim().to_owned()).collect();
        if let Some(wrong) = actions.iter().find(|a| !is_action(a)) {
            return Err(BadRequires::Action(wrong.clone()));
        }
        if requires.insert(generation.to_owned(), actions).is_some() {
            return Err(BadRequires::Repeated(generation.to_owned()));
        }
    }
    Ok(requires)
}

/// The actions of a parsed `@requires` in one generation, where an agreement is in force or not.
pub fn of_generation<'r>(
    requires: &'r BTreeMap<String, Vec<String>>,
    generation: &str,
    in_force: bool,
) -> &'r [String] {
    let special = in_force.then(|| requires.get(&format!("{generation} in force"))).flatten();
    special.or_else(|| requires.get(generation)).map_or(&[], Vec::as_slice)
}

/// The generations of permissions.
pub fn generations() -> &'static [&'static str] {
    PermissionModel::Any.generations()
}

fn is_action(text: &str) -> bool {
    let well_formed =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "*-".contains(c));
    text.split_once(':').is_some_and(|(service, name)| well_formed(service) && well_formed(name))
}

/// What is wrong between the condition of a gate and what its `@requires` says; `None` where they are the same.
pub fn fault(json: &Value, required: &dyn Fn(&str, bool) -> BTreeSet<String>) -> Option<String> {
    let conditions: Vec<Value> = json.get("conditions")?.as_array()?.iter().filter(|c| asks(c)).cloned().collect();
    if let Some(wrong) = conditions.iter().find_map(not_by_itself) {
        return Some(wrong);
    }
    let mut named = BTreeSet::new();
    conditions.iter().for_each(|c| actions(c, &mut named));
    let mut annotated = generations().iter().flat_map(|g| [required(g, false), required(g, true)]).flatten();
    if let Some(unasked) = annotated.find(|a| !named.contains(a)) {
        return Some(format!("it names `{unasked}`, but the condition does not ask for it"));
    }
    if named.is_empty() {
        return None;
    }
    if named.len() > MAX_ACTIONS {
        return Some(format!("its condition names more than {MAX_ACTIONS} IAM actions: split the gate"));
    }
    let gate = Gate::new(conditions)?;
    let named: Vec<String> = named.into_iter().collect();
    for generation in generations() {
        for in_force in [false, true] {
            let required = required(generation, in_force);
            let mut fails = required.is_empty();
            for (scope, designated) in gate.others() {
                let asked =
                    |allowed: &BTreeSet<String>| gate.forbids(generation, in_force, (scope, designated), allowed);
                let none = match asked(&BTreeSet::new()) {
                    Ok(forbids) => forbids,
                    Err(wrong) => return Some(wrong),
                };
                fails |= none;
                for allowed in subsets(&named) {
                    let expected = none && !required.is_subset(&allowed);
                    match asked(&allowed) {
                        Ok(forbids) if forbids == expected => {}
                        Ok(_) => return Some(differs(generation, in_force, &required, &allowed, expected)),
                        Err(wrong) => return Some(wrong),
                    }
                }
            }
            if !fails {
                return Some(differs(generation, in_force, &required, &BTreeSet::new(), true));
            }
        }
    }
    None
}

fn differs(
    generation: &str,
    in_force: bool,
    required: &BTreeSet<String>,
    allowed: &BTreeSet<String>,
    expected: bool,
) -> String {
    let list = |actions: &BTreeSet<String>| match actions.is_empty() {
        true => "nothing".to_owned(),
        false => actions.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    let state = if in_force { ", in force," } else { "" };
    let what = if expected { "passes" } else { "fails" };
    format!(
        "it says {} ({generation}{state}), but the condition {what} when {} is allowed",
        list(required),
        list(allowed)
    )
}

/// The part of a gate's condition that asks what is allowed.
pub struct Gate {
    set: PolicySet,
    scopes: bool,
    designations: bool,
}

impl Gate {
    /// The conditions of a policy, as Cedar's JSON has them.
    pub fn new(conditions: Vec<Value>) -> Option<Self> {
        let text = json!(conditions).to_string();
        let policy = by_themselves(&conditions)?;
        let set = PolicySet::from_policies([policy]).ok()?;
        let reads = |attribute: &str| text.contains(&format!("\"attr\":\"{attribute}\""));
        Some(Self { set, scopes: reads("scope"), designations: reads("designated") })
    }

    /// What else the condition may read of the request.
    fn others(&self) -> Vec<(&'static str, bool)> {
        let every = SCOPES.iter().copied().chain(["none"]);
        let scopes = every.take(if self.scopes { SCOPES.len() + 1 } else { 1 });
        let designated: &[bool] = if self.designations { &[false, true] } else { &[false] };
        scopes.flat_map(|s| designated.iter().map(move |d| (s, *d))).collect()
    }

    /// Whether they hold where nothing else is known; an error where they read more.
    pub fn forbids(
        &self,
        generation: &str,
        in_force: bool,
        (scope, designated): (&str, bool),
        allowed: &BTreeSet<String>,
    ) -> Result<bool, String> {
        let text = |t: &str| Expr::new_string(t.to_owned());
        let pairs = [
            ("generation", text(generation)),
            ("inForce", Expr::new_bool(in_force)),
            ("designated", Expr::new_bool(designated)),
            ("scope", text(scope)),
            ("allowed", Expr::new_set(allowed.iter().map(|a| text(a)))),
        ];
        let wrong = |e: &dyn std::fmt::Display| e.to_string();
        let context = Context::from_pairs(pairs.map(|(k, v)| (k.to_owned(), v))).map_err(|e| wrong(&e))?;
        let uid: EntityUid = "Nobody::\"\"".parse().map_err(|e| wrong(&e))?;
        let request = Request::new(uid.clone(), uid.clone(), uid, context, None).map_err(|e| wrong(&e))?;
        let response = Authorizer::new().is_authorized(&request, &self.set, &Entities::empty());
        match response.diagnostics().errors().next() {
            Some(_) => {
                Err("cannot tell what the condition asks of `context.allowed`: put it into a clause of its own, \
                            with no other attributes than context.generation, inForce, scope and designated"
                    .to_owned())
            }
            None => Ok(response.decision() == Decision::Allow),
        }
    }
}

/// A policy that permits whatever meets these conditions.
pub fn by_themselves(conditions: &[Value]) -> Option<Policy> {
    let all = json!({"op": "All"});
    let policy =
        json!({"effect": "permit", "principal": all, "action": all, "resource": all, "conditions": conditions});
    Policy::from_json(Some(PolicyId::new("gate")), policy).ok()
}

fn subsets(named: &[String]) -> impl Iterator<Item = BTreeSet<String>> {
    (0..1_usize << named.len()).map(|bits| {
        let chosen = named.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
        chosen.map(|(_, action)| action.clone()).collect()
    })
}

/// What keeps a clause that asks what is allowed from being told by itself: it reads something else, or asks in another way
/// than by looking for actions that it names.
fn not_by_itself(clause: &Value) -> Option<String> {
    let mut others = BTreeSet::new();
    reads(clause, &mut others);
    if let Some(other) =
        others.iter().find(|o| !["allowed", "generation", "inForce", "scope", "designated"].contains(&o.as_str()))
    {
        return Some(format!(
            "the clause that asks what is allowed reads `{other}` too: put what it asks of context.allowed into a clause of \
             its own, with no other attribute than context.generation, inForce, scope and designated"
        ));
    }
    (count(clause, &is_allowed) != count(clause, &looks_for)).then(|| {
        "ask what is allowed with context.allowed.contains, containsAll or containsAny, and write out the actions"
            .to_owned()
    })
}

/// The attributes of the context that a part reads, and every other variable.
fn reads(value: &Value, found: &mut BTreeSet<String>) {
    let of_context = |access: &&Value| access.get("left").is_some_and(|l| is_variable(l, "context"));
    let access = [".", "has"].iter().find_map(|operator| value.get(operator).filter(of_context));
    if let Some(attribute) = access.and_then(|a| a.get("attr")).and_then(Value::as_str) {
        found.insert(attribute.to_owned());
        return;
    }
    if let Some(variable) = value.get("Var").and_then(Value::as_str) {
        found.insert(variable.to_owned());
        return;
    }
    match value {
        Value::Object(members) => members.values().for_each(|v| reads(v, found)),
        Value::Array(items) => items.iter().for_each(|i| reads(i, found)),
        _ => {}
    }
}

fn count(value: &Value, matches: &dyn Fn(&Value) -> bool) -> usize {
    let below = match value {
        Value::Object(members) => members.values().map(|v| count(v, matches)).sum(),
        Value::Array(items) => items.iter().map(|i| count(i, matches)).sum(),
        _ => 0,
    };
    below + usize::from(matches(value))
}

fn is_allowed(value: &Value) -> bool {
    attribute_of(value, "context") == Some("allowed")
}

/// `context.allowed.contains("…")` and its like, of texts that are written out.
fn looks_for(value: &Value) -> bool {
    ["contains", "containsAll", "containsAny"].iter().filter_map(|operator| value.get(operator)).any(|operands| {
        let text = |v: &Value| v.get("Value").is_some_and(Value::is_string);
        let written_out =
            |v: &Value| text(v) || v.get("Set").and_then(Value::as_array).is_some_and(|s| s.iter().all(text));
        operands.get("left").is_some_and(is_allowed) && operands.get("right").is_some_and(written_out)
    })
}

/// Whether a policy asks what is allowed; only gates may.
pub fn asks_what_is_allowed(json: &Value) -> bool {
    json.get("conditions").is_some_and(asks)
}

/// Whether a part of a policy reads `context.allowed`.
pub fn asks(value: &Value) -> bool {
    count(value, &is_allowed) > 0
}

/// The IAM actions that are looked for in `context.allowed`.
fn actions(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (operator, operands) in members {
                let of_allowed = operands.get("left").is_some_and(asks);
                if ["contains", "containsAll", "containsAny"].contains(&operator.as_str()) && of_allowed {
                    literals(operands.get("right").unwrap_or(&Value::Null), found);
                }
                actions(operands, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|i| actions(i, found)),
        _ => {}
    }
}
