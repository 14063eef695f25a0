//! New access for any request: is there a request that one side allows and the other does not?
//!
//! Both sides are Boolean functions of finitely many atoms, each of which reads one dimension of a request: the action, a
//! segment of the ARN, a condition key. [`space`] cuts each dimension into the classes that the atoms tell apart, [`search`]
//! tries all combinations of classes, [`witness`] makes requests of them, each of which is evaluated again under both
//! sides. "None" is said only after all combinations; what has no answer is unknown.

pub(crate) mod search;
pub(crate) mod settled;
pub mod solver;
pub(crate) mod space;
pub(crate) mod witness;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::iam::document::Statement;
use crate::iam::patterns::statement_included;
use crate::inventory::Policy;
use crate::permissions::layer::Layer;
use crate::problem::Failure;
use crate::provenance::Provenance;
use space::Space;

/// The layers that a request is under. All of them must allow.
pub struct Side {
    layers: Vec<SideLayer>,
}

struct SideLayer {
    name: String,
    policies: Vec<Policy>,
    /// The same as it is evaluated, for checking witnesses: made when there is one.
    evaluated: OnceCell<Layer>,
}

impl SideLayer {
    fn statements(&self) -> Vec<Statement> {
        self.policies.iter().flat_map(|p| p.document.statements.iter().cloned()).collect()
    }

    fn evaluated(&self) -> Result<&Layer, Failure> {
        if let Some(layer) = self.evaluated.get() {
            return Ok(layer);
        }
        let ids = (0..self.policies.len()).map(|i| i.to_string());
        let of = |id: &str| id.parse::<usize>().ok().and_then(|i| self.policies.get(i));
        let layer = Layer::new(self.name.clone(), "the request", ids, of)?;
        Ok(self.evaluated.get_or_init(|| layer))
    }
}

/// What the comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NewRequests {
    /// No request is allowed by the new side alone.
    None,
    /// The witnesses are.
    New,
    /// It cannot be told.
    Unknown,
}

/// The answer, as JSON: `schemas/new-access.v1.schema.json`.
#[derive(Clone, Debug, Serialize)]
pub struct AccessAnswer {
    schema: &'static str,
    /// What it was made from; only at the top of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Arc<Provenance>>,
    /// What it comes to.
    pub decision: NewRequests,
    /// Why it is unknown; or what else could not be told.
    pub reason: Option<String>,
    /// Requests that the new side allows and the old one does not, the smallest first.
    pub witnesses: Vec<Witness>,
    /// What the solver says, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solver: Option<solver::Opinion>,
}

/// A request that is newly allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Witness {
    /// `aws:PrincipalArn`, where the policies ask for it.
    pub principal: Option<String>,
    /// `service:Action`
    pub action: String,
    /// An ARN, or `*` for an action without resources.
    pub resource: String,
    /// The condition keys that it carries; all others are absent.
    pub context: BTreeMap<String, serde_json::Value>,
    /// The statements that allow it: file and pointer.
    pub allowed_by: Vec<String>,
    /// The statements of the old side that deny it; none where it was only not allowed.
    pub was_denied_by: Vec<String>,
}

impl AccessAnswer {
    /// Nothing is newly allowed.
    pub fn none() -> Self {
        Self::new(NewRequests::None, None, Vec::new())
    }

    /// It cannot be told.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::new(NewRequests::Unknown, Some(reason.into()), Vec::new())
    }

    fn new(decision: NewRequests, reason: Option<String>, witnesses: Vec<Witness>) -> Self {
        Self { schema: "countersign/new-access/v1", provenance: None, decision, reason, witnesses, solver: None }
    }
}

impl Side {
    /// A side of these layers, each by its name with its policies.
    pub fn new(layers: Vec<(&str, Vec<Policy>)>) -> Self {
        let layer = |(name, policies): (&str, Vec<Policy>)| SideLayer {
            name: name.to_owned(),
            policies,
            evaluated: OnceCell::new(),
        };
        Self { layers: layers.into_iter().map(layer).collect() }
    }
}

/// Layer by layer, every `Allow` of the new side stands under one of the old, and every `Deny` of the old under one of the
/// new: nothing can be new, and there is no need to search.
fn is_covered(old: &[Vec<Statement>], new: &[Vec<Statement>]) -> bool {
    let within = |inner: &Statement, outer: &[Statement]| {
        outer.iter().any(|o| o.allow == inner.allow && statement_included(inner, o))
    };
    let layer = |(old, new): (&Vec<Statement>, &Vec<Statement>)| {
        new.iter().filter(|s| s.allow).all(|s| within(s, old))
            && old.iter().filter(|s| !s.allow).all(|s| within(s, new))
    };
    old.len() == new.len() && old.iter().zip(new).all(layer)
}

/// Compares what two sides allow. Evaluation needs the stack of [`crate::stack`].
pub fn new_access(old: &Side, new: &Side) -> Result<AccessAnswer, Failure> {
    let statements = |side: &Side| side.layers.iter().map(SideLayer::statements).collect::<Vec<_>>();
    let (before, after) = (statements(old), statements(new));
    if is_covered(&before, &after) {
        return Ok(AccessAnswer::none());
    }
    let space = Space::new(&before, &after);
    let found = search::search(&space, old, new)?;
    let decision = match (found.witnesses.is_empty(), &found.doubt) {
        (false, _) => NewRequests::New,
        (true, Some(_)) => NewRequests::Unknown,
        (true, None) => NewRequests::None,
    };
    Ok(AccessAnswer::new(decision, found.doubt, found.witnesses))
}
