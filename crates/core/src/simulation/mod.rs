//! One IAM decision for any action of AWS, layer by layer: `countersign simulate`.
//!
//! The layers, the lowering and the unknown keys are those of [`crate::permissions`]; nothing is decided here that is not
//! decided there. [`request`] reads questions from JSON, [`caller`] tells who asks, [`sides`] which policies bind the request,
//! [`explain`] tells statement by statement why, and [`brief`] decides many requests without telling why.

mod brief;
pub mod explain;
mod fields;
mod possible;
pub mod request;
mod rows;
#[cfg(test)]
mod same;
mod sides;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use explain::StatementAnswer;

pub use brief::BriefDecision;

pub use crate::permissions::names as caller;
use caller::{Caller, CallerKind};
use rows::{Certain, Rows, of_layer};
use sides::{Bound, Sides};

use crate::aws;
use crate::aws::asked_on::Asked;
use crate::aws::keys::spelling;
use crate::iam::segments;
use crate::iam::whom::{EXCEPTED, PRINCIPAL};
use crate::inventory::Policy;
use crate::permissions::context::{KeyValue, Keys};
use crate::permissions::knowledge::{Knowledge, Known, Rest};
use crate::permissions::layer::Layer;
use crate::permissions::resource::OfResource;
use crate::permissions::scenarios::{Call, Memo, Stack, ask};
use crate::problem::{Failure, Problem, SourceFile};
use crate::provenance::Provenance;

/// One request to AWS, and the policies that it is under.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks, where it is given: an ARN, an account, a service, an identity provider, a canonical user, or `*`.
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
    /// The layers that are given, with their policies. One that is not given does not restrict; but identity policies, and
    /// a policy of the resource that could decide, are unknown where they are not given.
    pub layers: Vec<Attached>,
    /// The account that the resource belongs to, where its ARN does not name it.
    pub resource_account: Option<String>,
    /// The management account of the organization, which control policies do not bind.
    pub management_account: Option<String>,
    /// The identity policies are left out: they do not restrict.
    pub no_identity: bool,
    /// Condition keys that are not known, or that the action is not known to carry, are taken, too.
    pub unknown_keys: bool,
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
    /// `identity`, `boundary`, `session`, `serviceControl[0]`, `resource`, `resourceControl[0]`.
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
    /// It is denied, in whichever way.
    pub fn is_denial(self) -> bool {
        matches!(self, Self::ExplicitDeny | Self::ImplicitDeny)
    }

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
    /// What its sender calls the request, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<serde_json::Value>,
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
    /// What the answer takes for granted.
    pub assuming: Vec<String>,
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
    signatures: RefCell<brief::Signatures>,
}

/// The layers that are kept for later questions; a batch whose policies are all different keeps no more.
const MOST_LAYERS: usize = 1024;

impl Simulator {
    /// Decides one question, if it can be asked: see [`possible`]. What an action is asked on is told by its types of resources, as far as
    /// they are known; else the answer says that it assumes the question to be possible. Evaluation needs the stack of [`crate::stack`].
    pub fn answer(&self, question: &Question) -> Result<SimulatedDecision, Failure> {
        let (question, asked) = possible::checked(question)?;
        let mut answer = self.decide(&question)?;
        if asked == Asked::NotKnown {
            answer.assuming.push(can_be_asked(&question));
        }
        Ok(answer)
    }

    /// Decides one question, whether or not it can be asked.
    pub fn decide(&self, question: &Question) -> Result<SimulatedDecision, Failure> {
        let caller = self::caller(question)?;
        if let Some(linked) = sides::is_linked(question, caller.as_ref()) {
            return self.bound(question, caller.as_ref(), linked);
        }
        let bound = self.bound(question, caller.as_ref(), false)?;
        let linked = self.bound(question, caller.as_ref(), true)?;
        if bound.decision == linked.decision {
            return Ok(bound);
        }
        let denied = |d: &SimulatedDecision| d.denied_in_any_case || d.decision.is_denial();
        let denied_in_any_case = denied(&bound) && denied(&linked);
        let role = Dependency { key: spelling("aws:principalarn"), allows: Vec::new() };
        let mut depends_on = [linked.depends_on.as_slice(), &bound.depends_on].concat();
        depends_on.retain(|d| d.key != role.key);
        depends_on.push(role);
        depends_on.sort();
        depends_on.dedup();
        Ok(SimulatedDecision {
            decision: IamDecision::Unknown,
            decided_by: None,
            denied_in_any_case,
            depends_on,
            ..bound
        })
    }

    /// Decides one question, of a caller that is a service-linked role or is not.
    fn bound(&self, question: &Question, caller: Option<&Caller>, linked: bool) -> Result<SimulatedDecision, Failure> {
        let mut sides = Sides::of(question, caller, linked);
        let stack = self.stack(&sides)?;
        let (knowledge, keys) = known(question, caller, &sides);
        let call =
            Call { action: question.action.clone(), resources: vec![question.resource.clone()], keys: BTreeMap::new() };
        let calls = std::slice::from_ref(&call);
        let scenarios = ask(&stack, calls, &knowledge, &Memo::default())?;
        let rows = Rows::new(&scenarios);
        let mut statements = Vec::new();
        for layer in &stack.layers {
            statements.extend(explain::layer(layer, (question, &keys), &knowledge)?);
        }
        let certain = Certain { statements: &statements };
        let too_many = rows.verdicts.is_empty();
        let layers = match too_many {
            true => stack.layers.iter().map(|l| told(l, certain.layer(l))).collect(),
            false => alone(&stack, &rows, calls, &knowledge)?,
        };
        let (decision, decided_by) = if too_many {
            certain.stack(&stack)
        } else {
            let decision = rows.decision();
            (decision, rows.decided_by(decision, &stack))
        };
        if let (true, Some(region)) = (scenarios.keys.contains(REGION), assumed_region(question)) {
            sides.assuming.push(region_is(region));
        }
        let warnings = question.warnings.iter().map(|w| w.message().to_owned()).chain(sides.warnings);
        Ok(SimulatedDecision {
            schema: "countersign/decision/v1",
            provenance: None,
            id: None,
            decision,
            decided_by,
            denied_in_any_case: decision == IamDecision::Unknown && rows.never(IamDecision::Allowed),
            depends_on: rows.depends_on(decision),
            principal: question.principal.clone(),
            action: question.action.clone(),
            resource: question.resource.clone(),
            layers,
            statements,
            assuming: sides.assuming,
            warnings: warnings.collect(),
        })
    }

    /// The layers that bind the request, in the order in which they are asked.
    fn stack(&self, sides: &Sides<'_>) -> Result<Stack, Failure> {
        let mut stack = Stack::default();
        for (index, bound) in sides.layers.iter().enumerate() {
            if bound.name() == "resource" {
                let Sides { other_account, must_allow, .. } = *sides;
                stack.of_resource = Some(OfResource { layer: index, other_account, must_allow });
            }
            stack.layers.push(match bound {
                Bound::Given(attached) => self.layer(attached),
                Bound::Missing(name, policy) => Rc::new(Layer::new(*name, *name, policy.clone(), |_| None)),
            });
        }
        Ok(stack)
    }

    fn layer(&self, attached: &Attached) -> Rc<Layer> {
        let mut key = vec![attached.layer.clone()];
        for (id, policy) in &attached.policies {
            key.push(id.clone());
            key.extend(policy.as_ref().map(|p| p.content.clone()));
        }
        if let Some(layer) = self.layers.borrow().get(&key) {
            return layer.clone();
        }
        let policies: HashMap<&str, &Policy> =
            attached.policies.iter().filter_map(|(id, p)| Some((id.as_str(), p.as_ref()?))).collect();
        let ids = attached.policies.iter().map(|(id, _)| id.clone());
        let layer = Rc::new(Layer::new(&attached.layer, &attached.layer, ids, |id| policies.get(id).copied()));
        let mut layers = self.layers.borrow_mut();
        if layers.len() >= MOST_LAYERS {
            layers.clear();
        }
        layers.insert(key, layer.clone());
        layer
    }
}

fn told(layer: &Layer, decision: IamDecision) -> LayerAnswer {
    LayerAnswer { layer: layer.name.clone(), decision }
}

/// What each layer says by itself. Beside a policy of the resource, one that does not allow need not be in the way, so each is asked
/// alone.
fn alone(stack: &Stack, rows: &Rows<'_>, calls: &[Call], knowledge: &Knowledge) -> Result<Vec<LayerAnswer>, Failure> {
    let says = |(index, layer): (usize, &Rc<Layer>)| {
        if stack.of_resource.is_none() {
            return Ok(told(layer, rows.uniform(|v| of_layer(v, index))));
        }
        let stack = Stack { layers: vec![layer.clone()], of_resource: None };
        Ok(told(layer, Rows::new(&ask(&stack, calls, knowledge, &Memo::default())?).decision()))
    };
    stack.layers.iter().enumerate().map(says).collect()
}

/// Who asks. Policies of a resource are about principals, so with one it has to be told.
fn caller(question: &Question) -> Result<Option<Caller>, Failure> {
    let wrong =
        |message: String, help: &str| Failure::Problems(vec![Problem::about("the request", message).help(help)]);
    let Some(text) = &question.principal else {
        return match question.layers.iter().find(|l| l.layer.starts_with("resource")) {
            Some(layer) => {
                let message = format!("the request has no principal, and {} is about principals", layer.layer);
                Err(wrong(message, "say who asks, such as arn:aws:iam::111122223333:user/jo, or * for anonymous"))
            }
            None => Ok(None),
        };
    };
    let caller = Caller::parse(text, &question.action).map_err(|why| {
        wrong(
            format!("`{text}` is not a principal: {why}"),
            "write an ARN such as arn:aws:iam::111122223333:role/legal, an account, or a service such as sns.amazonaws.com",
        )
    })?;
    Ok(Some(caller))
}

const REGION: &str = "aws:requestedregion";

/// Taken for granted where the data does not tell.
fn can_be_asked(question: &Question) -> String {
    format!("{} can be asked on {}", question.action, question.resource)
}

/// Taken for granted where the request does not tell.
fn region_is(region: &str) -> String {
    format!("aws:RequestedRegion is {region}")
}

/// The Region that requests to AWS Artifact are taken to be made in, where that is not told.
fn assumed_region(question: &Question) -> Option<&'static str> {
    let told = question.complete || question.keys.contains_key(REGION) || question.absent.contains(REGION);
    let artifact = question.action.to_ascii_lowercase().starts_with("artifact:");
    let partition = segments(&question.resource).map(|[_, partition, ..]| partition);
    let partition = partition.or_else(|| question.principal.as_deref()?.split(':').nth(1).map(str::to_owned));
    (artifact && !told).then(|| aws::region_of(partition.as_deref().unwrap_or_default()))
}

/// What is known of the request's keys, and those that have a value. What is given of a request prevails over what its principal, its
/// resource and its action tell.
fn known(question: &Question, caller: Option<&Caller>, sides: &Sides<'_>) -> (Knowledge, Keys) {
    let rest = if question.complete { Rest::Absent } else { Rest::Unknown };
    let mut knowledge = Knowledge::given(&question.keys, rest);
    question.absent.iter().for_each(|key| knowledge.insert(key, Known::Absent));
    let mut told: Vec<(&str, Known)> = caller.map(Caller::keys).unwrap_or_default();
    for prefix in caller.map(Caller::complete).unwrap_or_default() {
        knowledge.complete(prefix);
    }
    let one = |text: &str| Known::Value(KeyValue::One(text.to_owned()));
    told.extend(sides.resource_account.as_deref().map(|account| ("aws:resourceaccount", one(account))));
    told.extend(assumed_region(question).map(|region| (REGION, one(region))));
    told.retain(|(key, _)| !question.keys.contains_key(*key) && !question.absent.contains(*key));
    if let Some(caller) = caller {
        let role = question.keys.get("aws:principalarn").and_then(KeyValue::single);
        let role = role.filter(|_| caller.kind == CallerKind::Session);
        let named = sides::named(question);
        let has_boundary = caller.has_identity() && question.layers.iter().any(|l| l.layer == "boundary");
        told.push((PRINCIPAL, caller.names(role, &named)));
        told.push((EXCEPTED, caller.excepted(role, &named, has_boundary)));
    }
    let mut keys = question.keys.clone();
    for (key, known) in told {
        if let Known::Value(value) = &known {
            keys.insert(key.to_owned(), value.clone());
        }
        knowledge.insert(key, known);
    }
    (knowledge, keys)
}
