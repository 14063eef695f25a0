//! New access for any request: is there a request that one side allows and the other does not?
//!
//! Both sides are Boolean functions of finitely many atoms, each of which reads one dimension of a request: the action, a
//! segment of the ARN, a condition key. [`space`] cuts each dimension into the classes that the atoms tell apart, [`search`]
//! tries all combinations of classes, [`witness`] makes requests of them, each of which is evaluated again under both
//! sides. "None" is said only after all combinations; what has no answer is unknown.

pub mod callers;
mod classes;
pub mod pair;
mod population;
mod real;
pub(crate) mod search;
pub(crate) mod settled;
pub mod solver;
pub(crate) mod space;
pub(crate) mod views;
pub(crate) mod witness;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use crate::iam::document::{Document, Statement};
use crate::iam::patterns::statement_included;
use crate::inventory::Policy;
use crate::permissions::context::Request;
use crate::permissions::crossing;
use crate::permissions::layer::Layer;
use crate::problem::Failure;
use crate::provenance::Provenance;
use callers::{Caller, Grant};
use search::Found;
use space::Space;
use views::{Reading, View};
use witness::{Asked, Change, Realized};

/// The layers that a request is under. All of them must allow.
pub struct Side {
    layers: Vec<SideLayer>,
    /// The account that examples are of, where any will do.
    account: String,
}

struct SideLayer {
    name: String,
    policies: Vec<Policy>,
    /// The same as it is evaluated, for checking witnesses: made when there is one.
    evaluated: OnceCell<Rc<Layer>>,
}

impl SideLayer {
    fn statements(&self) -> Vec<Statement> {
        self.policies.iter().flat_map(|p| p.document.statements.iter().cloned()).collect()
    }

    /// The layer as it decides about a request: with the statements that are about the caller, read as the view has it.
    fn asked(&self, asked: &Asked<'_>) -> Rc<Layer> {
        let crosses = asked.view.reading.crosses;
        if asked.caller.is_none() && !crosses {
            return self.evaluated();
        }
        let arn = asked.request.resource.as_ref().map(|segments| segments.join(":")).filter(|_| crosses);
        let policies = self.policies.iter().map(|policy| {
            let about = policy.document.statements.iter().filter(|s| asked.view.is_about(s, asked.caller));
            let read = about.map(|statement| {
                let mut statement = statement.clone();
                if let Some(arn) = &arn {
                    statement.resources = crossing::resources_for(&statement.resources, arn, &asked.request.keys);
                }
                statement
            });
            let source = policy.document.source.clone();
            let document = Arc::new(Document { source, statements: read.collect() });
            Policy { document, ..policy.clone() }
        });
        Rc::new(layer(&self.name, &policies.collect::<Vec<_>>()))
    }

    fn evaluated(&self) -> Rc<Layer> {
        self.evaluated.get_or_init(|| Rc::new(layer(&self.name, &self.policies))).clone()
    }
}

fn layer(name: &str, policies: &[Policy]) -> Layer {
    let ids = (0..policies.len()).map(|i| i.to_string());
    let of = |id: &str| id.parse::<usize>().ok().and_then(|i| policies.get(i));
    Layer::new(name, "the request", ids, of)
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
    /// Who makes it, where statements have principals; otherwise `aws:PrincipalArn`, where they ask for it.
    pub principal: Option<String>,
    /// What the resource-based policy grants; `None` where that is all the principal needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// `service:Action`
    pub action: String,
    /// An ARN, or `*` for an action without resources.
    pub resource: String,
    /// AWS has the action, and the action takes the resource; `None` where the data does not tell.
    pub exists: Option<bool>,
    /// The condition keys that it carries; all others are absent.
    pub context: BTreeMap<String, serde_json::Value>,
    /// The statements that allow it: file and pointer.
    pub allowed_by: Vec<String>,
    /// The statements of the old side that deny it; none where it was only not allowed.
    pub was_denied_by: Vec<String>,
}

impl Witness {
    /// The request in a few words: what it does on what, and that AWS does not know it where that is so.
    pub fn words(&self) -> String {
        let Self { action, resource, .. } = self;
        match self.unheard_of() {
            None => format!("{action} on {resource}"),
            Some(what) => format!("{what}, such as {action} on {resource}"),
        }
    }

    /// What does not exist of it, in words; `None` where it may exist.
    pub fn unheard_of(&self) -> Option<&'static str> {
        let has_action = real::spelt(&self.action).is_some();
        match (self.exists, has_action) {
            (Some(false), true) => Some("an action on a resource that it does not take"),
            (Some(false), false) => Some("an action that AWS does not have yet"),
            _ => None,
        }
    }
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
        Self { layers: layers.into_iter().map(layer).collect(), account: real::ACCOUNT.to_owned() }
    }

    /// The same, asked about an account: it is that of examples.
    pub fn in_account(self, account: &str) -> Self {
        Self { account: account.to_owned(), ..self }
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
    let callers = match views::of_sides(&before, &after) {
        Ok(callers) => callers,
        Err(reason) => return Ok(AccessAnswer::unknown(reason)),
    };
    let readings = views::readings(before.iter().chain(&after).flatten(), &callers);
    let sides = Compared { old, new, statements: (before, after), callers };
    let mut found = sides.read(Reading::default())?;
    for reading in readings.iter().skip(1) {
        sides.by_another(*reading, &mut found)?;
    }
    let decision = match (found.witnesses.is_empty(), &found.doubt) {
        (false, _) => NewRequests::New,
        (true, Some(_)) => NewRequests::Unknown,
        (true, None) => NewRequests::None,
    };
    let mut witnesses: Vec<Witness> = Vec::new();
    for found in found.witnesses {
        let witness = sides.made_real(found, &readings)?;
        if !witnesses.contains(&witness) {
            witnesses.push(witness);
        }
    }
    // what exists is told first
    witnesses.sort_by_key(|w| w.exists != Some(true));
    Ok(AccessAnswer::new(decision, found.doubt, witnesses))
}

/// Two sides that are compared in several views.
struct Compared<'a> {
    old: &'a Side,
    new: &'a Side,
    /// Their statements, layer by layer.
    statements: (Vec<Vec<Statement>>, Vec<Vec<Statement>>),
    callers: Vec<Caller>,
}

impl Compared<'_> {
    /// What is newly allowed in one reading: the first kind of grant that is new, which is the least that a request needs.
    fn read(&self, reading: Reading) -> Result<Found, Failure> {
        let mut doubt = None;
        for grant in views::grants(&self.callers) {
            let view = View { reading, grant: *grant, callers: &self.callers };
            let space = Space::new(&self.statements.0, &self.statements.1, &view);
            let mut found = search::search(&space, self.old, self.new)?;
            doubt = doubt.or_else(|| found.doubt.take());
            if !found.witnesses.is_empty() {
                return Ok(Found { doubt, ..found });
            }
        }
        Ok(Found { witnesses: Vec::new(), doubt })
    }

    /// Holds what was found against another reading: a witness stands if it is newly allowed there too, and nothing is "none" if
    /// it is not none there.
    fn by_another(&self, reading: Reading, found: &mut Found) -> Result<(), Failure> {
        if found.witnesses.is_empty() {
            if found.doubt.is_none() {
                let there = self.read(reading)?;
                let differs = (!there.witnesses.is_empty()).then(|| reading.words());
                found.doubt = differs.or_else(|| there.doubt.map(|d| format!("{}; there, {d}", reading.words())));
            }
            return Ok(());
        }
        let mut standing = Vec::new();
        for witness in std::mem::take(&mut found.witnesses) {
            let caller = witness.caller.and_then(|index| self.callers.get(index));
            if self.is_new(&witness.request, caller, reading)? {
                standing.push(witness);
            }
        }
        if standing.is_empty() {
            found.doubt = Some(reading.words());
        }
        found.witnesses = standing;
        Ok(())
    }

    /// Whether a witness is newly allowed in a reading, by whatever kind of grant.
    fn is_new(&self, request: &Request, caller: Option<&Caller>, reading: Reading) -> Result<bool, Failure> {
        for grant in views::grants(&self.callers) {
            let view = View { reading, grant: *grant, callers: &self.callers };
            let asked = Asked { request, caller, view: &view };
            if witness::newly_allowed(self.old, self.new, &asked)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A witness that AWS knows, in place of the shortest one of its class: it is newly allowed by the same kind of grant, and in
    /// every reading. Where none is found, the witness stays, and says that it does not exist.
    fn made_real(&self, found: Realized, readings: &[Reading]) -> Result<Witness, Failure> {
        let caller = found.caller.and_then(|index| self.callers.get(index));
        let grants = views::grants(&self.callers).iter().filter(|g| found.witness.grant.is_none_or(|own| own == **g));
        let grants: Vec<Grant> = grants.copied().collect();
        let newly = |request: &Request| -> Result<Option<Change>, Failure> {
            for reading in readings.iter().skip(1) {
                if !self.is_new(request, caller, *reading)? {
                    return Ok(None);
                }
            }
            for grant in &grants {
                let view = View { reading: Reading::default(), grant: *grant, callers: &self.callers };
                let change = witness::newly_allowed(self.old, self.new, &Asked { request, caller, view: &view })?;
                if change.is_some() {
                    return Ok(change);
                }
            }
            Ok(None)
        };
        let Some((request, Change { allowed_by, was_denied_by })) =
            real::real(&found.request, &self.new.account, newly)?
        else {
            return Ok(found.witness);
        };
        let action = real::spelt(&request.action);
        let resource = request.resource.as_ref().map_or_else(|| "*".to_owned(), |segments| segments.join(":"));
        let action = action.unwrap_or_else(|| found.witness.action.clone());
        Ok(Witness { action, resource, exists: Some(true), allowed_by, was_denied_by, ..found.witness })
    }
}
