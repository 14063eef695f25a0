//! One IAM decision for any action of AWS, layer by layer: `countersign simulate`.
//!
//! The layers, the lowering and the unknown keys are those of [`crate::permissions`]; nothing is decided here that is not
//! decided there. [`request`] reads questions from JSON, [`explain`] tells statement by statement why.

pub mod explain;
pub mod request;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use explain::StatementAnswer;

use crate::aws::keys::spelling;
use crate::inventory::Policy;
use crate::permissions::caller;
use crate::permissions::context::Keys;
use crate::permissions::dependence::{Choice, allowing, pairs};
use crate::permissions::knowledge::{Knowledge, Known, Rest};
use crate::permissions::layer::Layer;
use crate::permissions::principals::is_service_linked;
use crate::permissions::scenarios::{Call, CallResult, Memo, Scenarios, Stack, ask};
use crate::problem::{Failure, Problem, SourceFile};
use crate::provenance::Provenance;

/// One request to AWS, and the policies that it is under.
#[derive(Clone, Debug)]
pub struct Question {
    /// The ARN of who asks, where it is given.
    pub principal: Option<String>,
    /// `service:Action`
    pub action: String,
    /// An ARN, or `*` for an action without resources.
    pub resource: String,
    /// The condition keys that are given.
    pub keys: Keys,
    /// Keys that are known to be absent.
    pub absent: BTreeSet<String>,
    /// Keys that are not given are absent, rather than unknown.
    pub complete: bool,
    /// The layers that are given, with their policies. One that is not given does not restrict.
    pub layers: Vec<Attached>,
    /// What is odd about the request, without being wrong.
    pub warnings: Vec<Problem>,
}

impl Question {
    /// The texts of its policies, those that are built in left out.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<SourceFile>> {
        let policies = self.layers.iter().flat_map(|l| &l.policies).filter_map(|(_, policy)| policy.as_ref());
        policies.filter(|p| !p.built_in).map(|p| &p.document.source)
    }
}

/// The policies of a layer.
#[derive(Clone, Debug)]
pub struct Attached {
    /// `identity`, `boundary`, `session`, `serviceControl[0]`.
    pub layer: String,
    /// Each policy's id, and its document; `None` for an AWS managed policy that is not built in.
    pub policies: Vec<(String, Option<Policy>)>,
}

/// What a request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum IamDecision {
    /// Every layer allows it.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// A layer does not allow it, and no statement denies it.
    ImplicitDeny,
    /// It depends on what is not known.
    Unknown,
}

impl IamDecision {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitDeny => "explicitly denied",
            Self::ImplicitDeny => "implicitly denied",
            Self::Unknown => "unknown",
        }
    }
}

/// The answer, as JSON: `schemas/decision.v1.schema.json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SimulatedDecision {
    schema: &'static str,
    /// What it was made from; only at the top of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Arc<Provenance>>,
    /// What the request comes to.
    pub decision: IamDecision,
    /// The layer that decides; for an allow the one that grants, `None` where that depends on what is not known.
    pub decided_by: Option<String>,
    /// Denied whatever the unknown keys are, where only the kind of the denial is unknown.
    pub denied_in_any_case: bool,
    /// The condition keys, and policies outside the question, that the answer depends on.
    pub depends_on: Vec<Dependency>,
    /// Who asks.
    pub principal: Option<String>,
    /// What is asked for.
    pub action: String,
    /// On what.
    pub resource: String,
    /// What each layer says by itself.
    pub layers: Vec<LayerAnswer>,
    /// Every statement, layer by layer.
    pub statements: Vec<StatementAnswer>,
    /// What is odd about the request.
    pub warnings: Vec<String>,
}

/// A key that an answer depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Dependency {
    /// A condition key, or the ARN of a policy.
    pub key: String,
    /// What it would have to be for the request to be allowed; empty where no value is enough or there are too many.
    pub allows: Vec<String>,
}

/// What a layer says by itself.
#[derive(Clone, Debug, Serialize)]
pub struct LayerAnswer {
    /// Its name.
    pub layer: String,
    /// What it comes to.
    pub decision: IamDecision,
}

/// Decides questions, sharing the layers that several of them have.
#[derive(Default)]
pub struct Simulator {
    layers: RefCell<HashMap<Vec<String>, Rc<Layer>>>,
}

/// The layers that are kept for later questions; a batch whose policies are all different keeps no more.
const MOST_LAYERS: usize = 1024;

impl Simulator {
    /// Decides one question. Evaluation needs the stack of [`crate::stack`].
    pub fn decide(&self, question: &Question) -> Result<SimulatedDecision, Failure> {
        let mut warnings: Vec<String> = question.warnings.iter().map(|w| w.message().to_owned()).collect();
        let stack = Stack { layers: self.layers(question, &mut warnings)? };
        let rest = if question.complete { Rest::Absent } else { Rest::Unknown };
        let mut knowledge = Knowledge::given(&question.keys, rest);
        question.absent.iter().for_each(|key| knowledge.insert(key, Known::Absent));
        let mut keys = question.keys.clone();
        // what is given of a request prevails over what its principal tells
        for (key, known) in question.principal.as_deref().map(caller::keys).unwrap_or_default() {
            if !question.keys.contains_key(key) && !question.absent.contains(key) {
                if let Known::Value(value) = &known {
                    keys.insert(key.to_owned(), value.clone());
                }
                knowledge.insert(key, known);
            }
        }
        let call =
            Call { action: question.action.clone(), resources: vec![question.resource.clone()], keys: BTreeMap::new() };
        let scenarios = ask(&stack, std::slice::from_ref(&call), &knowledge, &Memo::default())?;
        let rows = Rows::new(&scenarios);
        let mut statements = Vec::new();
        for layer in &stack.layers {
            statements.extend(explain::layer(layer, (question, &keys), &knowledge)?);
        }
        let certain = Certain { statements: &statements };
        let too_many = rows.verdicts.is_empty();
        let layer_answer = |(index, layer): (usize, &Rc<Layer>)| LayerAnswer {
            layer: layer.name.clone(),
            decision: if too_many { certain.layer(layer) } else { rows.uniform(|v| of_layer(v, index)) },
        };
        let layers = stack.layers.iter().enumerate().map(layer_answer).collect();
        let (decision, decided_by) = if too_many {
            certain.stack(&stack)
        } else {
            let decision = rows.decision();
            (decision, rows.decided_by(decision, &stack))
        };
        Ok(SimulatedDecision {
            schema: "countersign/decision/v1",
            provenance: None,
            decision,
            decided_by,
            denied_in_any_case: decision == IamDecision::Unknown && rows.never(IamDecision::Allowed),
            depends_on: rows.depends_on(decision),
            principal: question.principal.clone(),
            action: question.action.clone(),
            resource: question.resource.clone(),
            layers,
            statements,
            warnings,
        })
    }

    /// The layers that bind the request, in the order in which they are asked.
    fn layers(&self, question: &Question, warnings: &mut Vec<String>) -> Result<Vec<Rc<Layer>>, Failure> {
        let service_linked = question.principal.as_deref().is_some_and(is_service_linked);
        let mut layers = Vec::new();
        for attached in order(&question.layers) {
            if service_linked && attached.layer.starts_with("serviceControl") {
                warnings.push(format!("{} does not apply to service-linked roles, and is left out", attached.layer));
                continue;
            }
            layers.push(self.layer(attached)?);
        }
        if !layers.iter().any(|l| l.name == "identity") {
            let warning = "no identity policies are given: only the other layers restrict the request";
            warnings.push(warning.to_owned());
        }
        Ok(layers)
    }

    fn layer(&self, attached: &Attached) -> Result<Rc<Layer>, Failure> {
        let mut key = vec![attached.layer.clone()];
        for (id, policy) in &attached.policies {
            key.push(id.clone());
            key.extend(policy.as_ref().map(|p| p.content.clone()));
        }
        if let Some(layer) = self.layers.borrow().get(&key) {
            return Ok(layer.clone());
        }
        let policies: HashMap<&str, &Policy> =
            attached.policies.iter().filter_map(|(id, p)| Some((id.as_str(), p.as_ref()?))).collect();
        let ids = attached.policies.iter().map(|(id, _)| id.clone());
        let layer = Rc::new(Layer::new(&attached.layer, &attached.layer, ids, |id| policies.get(id).copied())?);
        let mut layers = self.layers.borrow_mut();
        if layers.len() >= MOST_LAYERS {
            layers.clear();
        }
        layers.insert(key, layer.clone());
        Ok(layer)
    }
}

/// As AWS asks them: service control policies from the root down, identity policies, the boundary, the session policy.
fn order(layers: &[Attached]) -> Vec<&Attached> {
    let place = |a: &&Attached| match a.layer.as_str() {
        "identity" => 1,
        "boundary" => 2,
        "session" => 3,
        _ => 0,
    };
    let mut ordered: Vec<&Attached> = layers.iter().collect();
    ordered.sort_by_key(place);
    ordered
}

/// What the request comes to under every assignment of what is unknown.
struct Rows<'s> {
    verdicts: Vec<&'s CallResult>,
    decisions: Vec<IamDecision>,
    choices: Vec<Choice>,
    too_many: &'s [String],
}

impl<'s> Rows<'s> {
    fn new(scenarios: &'s Scenarios) -> Self {
        let choice = |indices: &Vec<usize>| {
            let labelled = scenarios.dimensions.iter().zip(indices);
            labelled.filter_map(|(d, i)| Some((d.key.clone(), d.labels.get(*i)?.clone()))).collect()
        };
        let verdicts: Vec<&CallResult> = scenarios.rows.iter().filter_map(|(_, verdicts)| verdicts.first()).collect();
        let decision = |(verdict, (indices, _)): (&&CallResult, &(Vec<usize>, Vec<CallResult>))| {
            // what a policy that is not told denies is denied explicitly
            let denied = scenarios.dimensions.iter().zip(indices).any(|(d, i)| d.denies(*i));
            if denied { IamDecision::ExplicitDeny } else { of_stack(verdict) }
        };
        Self {
            decisions: verdicts.iter().zip(&scenarios.rows).map(decision).collect(),
            verdicts,
            choices: scenarios.rows.iter().map(|(indices, _)| choice(indices)).collect(),
            too_many: &scenarios.too_many,
        }
    }

    /// The same in every row, or unknown.
    fn uniform(&self, of: impl Fn(&CallResult) -> IamDecision) -> IamDecision {
        let mut decisions = self.verdicts.iter().map(|v| of(v));
        let first = decisions.next().unwrap_or(IamDecision::Unknown);
        if decisions.all(|d| d == first) { first } else { IamDecision::Unknown }
    }

    /// The decision, if it is the same in every row.
    fn decision(&self) -> IamDecision {
        match self.decisions.split_first() {
            Some((first, rest)) if rest.iter().all(|d| d == first) => *first,
            _ => IamDecision::Unknown,
        }
    }

    fn never(&self, decision: IamDecision) -> bool {
        !self.decisions.is_empty() && self.decisions.iter().all(|d| *d != decision)
    }

    /// The first layer that brings the decision about, in the order of the stack, if it is the same in every row.
    fn decided_by(&self, decision: IamDecision, stack: &Stack) -> Option<String> {
        let deciding = |verdict: &CallResult| {
            let index = match (decision, verdict) {
                (IamDecision::ExplicitDeny, CallResult::Blocked(said)) => {
                    said.iter().find(|s| !s.statements.is_empty())?.layer
                }
                (IamDecision::ImplicitDeny, CallResult::Blocked(said)) => said.first()?.layer,
                (IamDecision::Allowed, _) => stack.layers.iter().position(|l| l.name == "identity")?,
                _ => return None,
            };
            stack.layers.get(index).map(|l| l.name.clone())
        };
        let mut layers = self.verdicts.iter().map(|v| deciding(v));
        let first = layers.next()?;
        if layers.all(|l| l == first) { first } else { None }
    }

    fn depends_on(&self, decision: IamDecision) -> Vec<Dependency> {
        if decision != IamDecision::Unknown {
            return Vec::new();
        }
        let decisions = &self.decisions;
        let assigned: Vec<((), &Choice)> = self.choices.iter().map(|c| ((), c)).collect();
        let mut keys: Vec<&String> = self.choices.iter().flatten().map(|(key, _)| key).collect();
        keys.sort();
        keys.dedup();
        let differs = |key: &&String| pairs(&assigned, key).iter().any(|(a, b)| decisions.get(*a) != decisions.get(*b));
        let allows = |key: &str| {
            let rows = self.choices.iter().zip(decisions);
            allowing(rows.map(|(c, d)| (c, *d == IamDecision::Allowed)), key)
        };
        let mut found: Vec<Dependency> = keys
            .into_iter()
            .filter(differs)
            .map(|key| Dependency { key: spelling(key), allows: allows(key) })
            .collect();
        found.extend(self.too_many.iter().map(|key| Dependency { key: spelling(key), allows: Vec::new() }));
        found.sort();
        found.dedup();
        found
    }
}

/// What is certain of each statement by itself, where there are too many combinations to try them all.
struct Certain<'a> {
    statements: &'a [StatementAnswer],
}

impl Certain<'_> {
    fn any(&self, layer: &Layer, effect: &str, applies: fn(Option<bool>) -> bool) -> bool {
        let of = self.statements.iter().filter(|s| s.layer == layer.name && s.effect == effect);
        of.into_iter().any(|s| applies(s.applies))
    }

    fn may_deny(&self, layer: &Layer) -> bool {
        !layer.opaque.is_empty() || self.any(layer, "Deny", |a| a != Some(false))
    }

    fn layer(&self, layer: &Layer) -> IamDecision {
        if self.any(layer, "Deny", |a| a == Some(true)) {
            IamDecision::ExplicitDeny
        } else if self.may_deny(layer) {
            IamDecision::Unknown
        } else if self.any(layer, "Allow", |a| a == Some(true)) {
            IamDecision::Allowed
        } else if self.any(layer, "Allow", |a| a.is_none()) {
            IamDecision::Unknown
        } else {
            IamDecision::ImplicitDeny
        }
    }

    /// The decision, and the layer that decides.
    fn stack(&self, stack: &Stack) -> (IamDecision, Option<String>) {
        let first = |decision: IamDecision| {
            let layer = stack.layers.iter().find(|l| self.layer(l) == decision);
            layer.map(|l| (decision, Some(l.name.clone())))
        };
        let denied = first(IamDecision::ExplicitDeny);
        let silent = || first(IamDecision::ImplicitDeny).filter(|_| !stack.layers.iter().any(|l| self.may_deny(l)));
        denied.or_else(silent).unwrap_or_else(|| {
            if stack.layers.iter().all(|l| self.layer(l) == IamDecision::Allowed) {
                (IamDecision::Allowed, stack.layers.iter().find(|l| l.name == "identity").map(|l| l.name.clone()))
            } else {
                (IamDecision::Unknown, None)
            }
        })
    }
}

fn of_stack(verdict: &CallResult) -> IamDecision {
    match verdict {
        CallResult::Allowed(_) => IamDecision::Allowed,
        CallResult::Blocked(said) if said.iter().any(|s| !s.statements.is_empty()) => IamDecision::ExplicitDeny,
        CallResult::Blocked(_) => IamDecision::ImplicitDeny,
    }
}

fn of_layer(verdict: &CallResult, layer: usize) -> IamDecision {
    match verdict {
        CallResult::Allowed(_) => IamDecision::Allowed,
        CallResult::Blocked(said) => match said.iter().find(|s| s.layer == layer) {
            None => IamDecision::Allowed,
            Some(said) if said.statements.is_empty() => IamDecision::ImplicitDeny,
            Some(_) => IamDecision::ExplicitDeny,
        },
    }
}
