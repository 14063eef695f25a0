//! A layer: the policies that say together whether they allow, deny or are silent, as a Cedar policy set of its own.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Deref;
use std::rc::Rc;

use cedar_policy::{Authorizer, Decision, Entities, EntityUid, PolicyId, PolicySet, Response};

use super::atom::Atom;
use super::context::{Reads, Request};
use super::lower::{self, Lowered, quote};
use crate::iam::document::{Condition, ResourcePattern, Statement};
use crate::inventory::Policy;
use crate::problem::{Cause, Evaluation, Failure};

/// What a layer says of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerOutcome {
    /// These statements allow it, and none denies it.
    Allow(Vec<usize>),
    /// These statements deny it.
    Deny(Vec<usize>),
    /// No statement says anything.
    Silent,
}

/// Where a statement stands, for answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The file, or the ARN of an AWS managed policy.
    pub file: String,
    /// `Statement[2]`
    pub pointer: String,
    /// One-based line.
    pub line: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// One-based column: documents that are written within entities may stand on one line.
    pub column: usize,
}

impl Origin {
    /// Where a statement of a file stands.
    pub fn new(file: &str, statement: &Statement) -> Self {
        let (line, column) = statement.place.line_column();
        Self { file: file.to_owned(), pointer: statement.pointer.clone(), line, sid: statement.sid.clone(), column }
    }
}

/// A statement of a layer.
pub struct LayerStatement {
    /// Where it stands.
    pub origin: Origin,
    /// What it says.
    pub statement: Statement,
}

/// A statement as Cedar.
struct LoweredStatement {
    policy: cedar_policy::Policy,
    reads: Reads,
}

/// One condition of a statement by itself, for telling which of them hold.
pub struct ConditionPart {
    /// What it reads.
    pub reads: Reads,
    set: Rc<PolicySet>,
}

impl ConditionPart {
    /// Whether it holds for a request.
    pub fn holds(&self, request: &Request) -> Result<bool, Failure> {
        let response = authorize(&self.set, &self.reads, request)
            .map_err(Failure::internal("an answer to a part of a statement"))?;
        Ok(response.decision() == Decision::Allow)
    }
}

/// A layer of a principal's permissions.
#[derive(Clone)]
pub struct Layer {
    /// Its kind, as answers name it: `identity`, `boundary`, `serviceControl[0]`, `session`.
    pub name: String,
    /// What it is attached to, or who has it.
    pub of: String,
    /// It is known to be attached: of a policy that may be attached anywhere or nowhere, only denials can matter.
    pub placed: bool,
    /// The organization with whose feature set it exists, where that is not declared: only with all features are there control policies.
    pub of_all_features: Option<String>,
    /// What it says.
    pub documents: Rc<Documents>,
}

/// The documents of a layer, and what was found of them. Layers with the same policies share one: so do units of an organization.
pub struct Documents {
    /// Their statements: those of equal documents stand once, whatever their files are called.
    pub statements: Vec<LayerStatement>,
    /// The ids of policies whose document is not known.
    pub opaque: Vec<String>,
    /// The ids of the policies, in order.
    pub policies: Vec<String>,
    /// The files of the documents, for telling what to change; those of AWS are left out.
    pub files: Vec<String>,
    /// Each lowered once an action is asked about that it names: most documents are like others that were asked before
    /// ([`classes`](super::classes)), and of most others few statements are ever asked about.
    lowered: RefCell<BTreeMap<usize, LoweredStatement>>,
    parts: OnceCell<Vec<Vec<ConditionPart>>>,
    slices: RefCell<HashMap<String, Rc<Slice>>>,
    memo: RefCell<HashMap<Projection, LayerOutcome>>,
}

impl Deref for Layer {
    type Target = Documents;

    fn deref(&self) -> &Documents {
        &self.documents
    }
}

/// So many outcomes are kept of a layer.
const REMEMBERED: usize = 1024;

/// The part of a layer that can say something of one action.
pub struct Slice {
    /// Indices into the layer's statements.
    pub statements: Vec<usize>,
    /// What they read.
    pub reads: Reads,
    keys: BTreeSet<String>,
    /// Some statement names resources.
    names_resources: bool,
    set: PolicySet,
}

/// All that a slice can see of a request: two requests with the same projection have the same outcome.
#[derive(PartialEq, Eq, Hash)]
struct Projection {
    action: String,
    resource: Option<[String; 6]>,
    keys: Vec<(String, Option<super::context::KeyValue>)>,
    decided: Vec<(String, bool)>,
}

impl Layer {
    /// A layer of these policies. `policies` gives the document of an id, `None` where the inventory does not hold it.
    pub fn new<'p>(
        name: impl Into<String>,
        of: impl Into<String>,
        ids: impl IntoIterator<Item = String>,
        policies: impl Fn(&str) -> Option<&'p Policy>,
    ) -> Self {
        Self::of_documents(name, of, Rc::new(Documents::new(ids, policies)))
    }

    /// A layer that says what these documents do.
    pub fn of_documents(name: impl Into<String>, of: impl Into<String>, documents: Rc<Documents>) -> Self {
        Self { name: name.into(), of: of.into(), placed: true, of_all_features: None, documents }
    }

    /// The same layer with its statements read otherwise, in their order.
    pub fn with_statements(&self, statements: Vec<Statement>) -> Self {
        Self { documents: Rc::new(self.documents.with_statements(statements)), ..self.clone() }
    }

    /// The same layer, which is there only if an organization has all features.
    #[must_use]
    pub fn perhaps_of(&self, organization: &str) -> Self {
        Self { of_all_features: Some(organization.to_owned()), ..self.clone() }
    }

    /// What the layer says of a request. An error of Cedar's is an error of ours, never an answer.
    pub fn decide(&self, request: &Request) -> Result<LayerOutcome, Failure> {
        let slice = self.slice(&request.action)?;
        if slice.statements.is_empty() {
            return Ok(LayerOutcome::Silent);
        }
        let projection = slice.projection(request);
        if let Some(outcome) = self.memo.borrow().get(&projection) {
            return Ok(outcome.clone());
        }
        let outcome = self.evaluate(&slice, request)?;
        let mut memo = self.memo.borrow_mut();
        // requests in an account are alike, and those of the next differ
        if memo.len() >= REMEMBERED {
            memo.clear();
        }
        memo.insert(projection, outcome.clone());
        Ok(outcome)
    }

    fn evaluate(&self, slice: &Slice, request: &Request) -> Result<LayerOutcome, Failure> {
        let wrong = |source: Cause| {
            let policies = format!("the {} policies of {}", self.name, self.of);
            let request = String::new();
            Failure::Evaluation(Box::new(Evaluation { policies, request, place: None, source }))
        };
        let response = authorize(&slice.set, &slice.reads, request).map_err(wrong)?;
        let reasons = response.diagnostics().reason().filter_map(|id| id.to_string().parse().ok());
        let mut reasons: Vec<usize> = reasons.collect();
        reasons.sort_unstable();
        Ok(match response.decision() {
            Decision::Allow => LayerOutcome::Allow(reasons),
            Decision::Deny if reasons.is_empty() => LayerOutcome::Silent,
            Decision::Deny => LayerOutcome::Deny(reasons),
        })
    }
}

impl Documents {
    /// The documents of these policies. `policies` gives the document of an id, `None` where the inventory does not hold it.
    pub fn new<'p>(ids: impl IntoIterator<Item = String>, policies: impl Fn(&str) -> Option<&'p Policy>) -> Self {
        let mut documents: BTreeMap<&str, &Policy> = BTreeMap::new();
        let (mut opaque, mut files) = (BTreeSet::new(), BTreeSet::new());
        let mut own = Vec::new();
        for id in ids {
            own.push(id.clone());
            match policies(&id) {
                Some(policy) => {
                    if !policy.built_in {
                        files.insert((policy.content.as_str(), policy.label.clone()));
                    }
                    documents.entry(&policy.content).or_insert(policy);
                }
                None => drop(opaque.insert(id)),
            }
        }
        let stated_by = |p: &Policy, s: &Statement| (Origin::new(&p.label, s), s.clone());
        let stated = documents.values().flat_map(|p| p.document.statements.iter().map(move |s| stated_by(p, s)));
        let statements = stated.map(|(origin, statement)| LayerStatement { origin, statement }).collect();
        Self {
            opaque: opaque.into_iter().collect(),
            policies: own,
            files: files.into_iter().map(|(_, label)| label).collect(),
            ..Self::of_statements(statements)
        }
    }

    /// These statements, which nothing was found of yet.
    fn of_statements(statements: Vec<LayerStatement>) -> Self {
        Self {
            statements,
            opaque: Vec::new(),
            policies: Vec::new(),
            files: Vec::new(),
            lowered: RefCell::default(),
            parts: OnceCell::new(),
            slices: RefCell::default(),
            memo: RefCell::default(),
        }
    }

    /// The same documents with their statements read otherwise, in their order.
    fn with_statements(&self, statements: Vec<Statement>) -> Self {
        let read = |(old, statement): (&LayerStatement, _)| LayerStatement { origin: old.origin.clone(), statement };
        let (opaque, policies, files) = (self.opaque.clone(), self.policies.clone(), self.files.clone());
        let statements = self.statements.iter().zip(statements).map(read).collect();
        Self { opaque, policies, files, ..Self::of_statements(statements) }
    }

    /// The slice for an action, in lower case.
    pub fn slice(&self, action: &str) -> Result<Rc<Slice>, Failure> {
        if let Some(slice) = self.slices.borrow().get(action) {
            return Ok(slice.clone());
        }
        let named = |s: &LayerStatement| {
            let clause = &s.statement.actions;
            clause.patterns.iter().any(|p| p.matches(action)) != clause.negated
        };
        let mut slice = Slice {
            statements: Vec::new(),
            reads: Reads::default(),
            keys: BTreeSet::new(),
            names_resources: false,
            set: PolicySet::new(),
        };
        let about: Vec<usize> = self.statements.iter().enumerate().filter(|(_, s)| named(s)).map(|(i, _)| i).collect();
        self.lower(&about)?;
        let lowered = self.lowered.borrow();
        for index in about {
            let Some(lowered) = lowered.get(&index) else { continue };
            slice.statements.push(index);
            slice.reads.extend(&lowered.reads);
            let id = PolicyId::new(index.to_string());
            slice.set.add(lowered.policy.new_id(id)).map_err(Failure::internal("a set of policies"))?;
        }
        slice.keys = slice.reads.all_keys();
        let names = |s: &Statement| *s.resources.patterns != [ResourcePattern::All] || s.principals.is_some();
        let names_resources = self.of_slice(&slice).any(names);
        slice.names_resources = names_resources;
        drop(lowered);
        let slice = Rc::new(slice);
        self.slices.borrow_mut().insert(action.to_owned(), slice.clone());
        Ok(slice)
    }

    /// Makes Cedar of these statements, where that was not done. They are parsed together: most of what a parse costs is its beginning.
    fn lower(&self, about: &[usize]) -> Result<(), Failure> {
        let mut known = self.lowered.borrow_mut();
        let new: Vec<(usize, Lowered)> = about
            .iter()
            .filter(|index| !known.contains_key(index))
            .filter_map(|index| Some((*index, lower::statement(&self.statements.get(*index)?.statement))))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let policies = policies_of(new.iter().map(|(_, lowered)| lowered.text.as_str()))?;
        for ((index, Lowered { reads, .. }), policy) in new.into_iter().zip(policies) {
            known.insert(index, LoweredStatement { policy, reads });
        }
        Ok(())
    }

    /// Where a statement of this layer stands.
    pub fn origin(&self, index: usize) -> Option<&Origin> {
        self.statements.get(index).map(|s| &s.origin)
    }

    /// The action, the resource and the conditions of each statement, one by one.
    pub fn parts(&self) -> Result<&[Vec<ConditionPart>], Failure> {
        if let Some(parts) = self.parts.get() {
            return Ok(parts);
        }
        let lowered: Vec<_> = self.statements.iter().map(|s| lower::statement(&s.statement).parts).collect();
        let mut sets = sets_of(lowered.iter().flatten().map(|p| p.condition.as_str()))?.into_iter();
        let mut parts = Vec::new();
        for of_statement in lowered {
            let of_statement = of_statement.into_iter().zip(sets.by_ref());
            parts.push(of_statement.map(|(part, set)| ConditionPart { reads: part.reads, set }).collect());
        }
        Ok(self.parts.get_or_init(|| parts))
    }

    /// Whether a statement that can say something of an action denies, or a document that is not known may.
    pub fn may_deny(&self, slice: &Slice) -> bool {
        !self.opaque.is_empty()
            || slice.statements.iter().filter_map(|i| self.statements.get(*i)).any(|s| !s.statement.allow)
    }

    /// The statements that can say something of an action.
    pub fn of_slice<'a>(&'a self, slice: &'a Slice) -> impl Iterator<Item = &'a Statement> {
        slice.statements.iter().filter_map(|i| self.statements.get(*i)).map(|s| &s.statement)
    }

    /// Their conditions.
    pub fn conditions<'a>(&'a self, slice: &'a Slice) -> impl Iterator<Item = &'a Condition> {
        self.of_slice(slice).flat_map(|s| &s.conditions)
    }
}

impl Slice {
    /// Its atoms, by name.
    pub fn atoms(&self) -> &BTreeMap<String, Atom> {
        &self.reads.atoms
    }

    /// Every condition key that it reads.
    pub fn keys(&self) -> &BTreeSet<String> {
        &self.keys
    }

    fn projection(&self, request: &Request) -> Projection {
        let keys = self.keys.iter().map(|k| (k.clone(), request.keys.get(k).cloned()));
        let decided = request.decided.iter().filter(|(name, _)| self.reads.atoms.contains_key(*name));
        Projection {
            action: request.action.clone(),
            resource: request.resource.clone().filter(|_| self.names_resources),
            keys: keys.collect(),
            decided: decided.map(|(n, v)| (n.clone(), *v)).collect(),
        }
    }
}

/// What a policy set says of a request; an error of Cedar's is an error.
fn authorize(set: &PolicySet, reads: &Reads, request: &Request) -> Result<Response, Cause> {
    let context = reads.context(request)?;
    let [principal, action, resource] = scope()?;
    let asked = cedar_policy::Request::new(principal, action, resource, context, None)?;
    crate::work::add(1);
    let response = Authorizer::new().is_authorized(&asked, set, &Entities::empty());
    let error = response.diagnostics().errors().next().cloned();
    error.map_or(Ok(response), |error| Err(error.into()))
}

/// The policies of a text, in its order.
fn parse(text: &str, count: usize) -> Result<Vec<cedar_policy::Policy>, Failure> {
    let wrong = |e: String| Failure::internal("the lowered form of statements")(e);
    let set: PolicySet = text.parse().map_err(|e: cedar_policy::ParseErrors| wrong(e.to_string()))?;
    // Cedar names the policies of a text by their order
    let nth = |n: usize| set.policy(&PolicyId::new(format!("policy{n}"))).cloned();
    (0..count).map(|n| nth(n).ok_or_else(|| wrong(format!("policy {n} is lost")))).collect()
}

/// The policies of texts. Statements have most of them in common, whatever document they are of, so those that were parsed are
/// remembered.
fn policies_of<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Vec<cedar_policy::Policy>, Failure> {
    thread_local! {
        static KNOWN: RefCell<HashMap<String, cedar_policy::Policy>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let texts: Vec<&str> = texts.collect();
        let new: BTreeSet<&str> = texts.iter().copied().filter(|t| !known.contains_key(*t)).collect();
        let together: String = new.iter().map(|text| format!("{text}\n")).collect();
        for (text, policy) in new.iter().zip(parse(&together, new.len())?) {
            known.insert((*text).to_owned(), policy);
        }
        let lost = || Failure::internal("the lowered form of statements")("a statement is lost".to_owned());
        texts.iter().map(|text| known.get(*text).cloned().ok_or_else(lost)).collect()
    })
}

/// The sets of conditions, each by itself. Statements have most of them in common, whatever layer they are of, so those that were parsed
/// are remembered.
fn sets_of<'c>(conditions: impl Iterator<Item = &'c str>) -> Result<Vec<Rc<PolicySet>>, Failure> {
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Rc<PolicySet>>> = RefCell::default();
    }
    KNOWN.with(|known| {
        let mut known = known.borrow_mut();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let conditions: Vec<&str> = conditions.collect();
        let new: BTreeSet<&str> = conditions.iter().copied().filter(|c| !known.contains_key(*c)).collect();
        let text: String = new.iter().map(|c| format!("permit {}\nwhen {{ {c} }};\n", lower::SCOPE)).collect();
        for (condition, policy) in new.iter().zip(parse(&text, new.len())?) {
            let set = PolicySet::from_policies([policy]).map_err(Failure::internal("a set of policies"))?;
            known.insert((*condition).to_owned(), Rc::new(set));
        }
        let set = |condition: &&str| known.get(*condition).cloned();
        let lost = || Failure::internal("the lowered form of statements")("a condition is lost".to_owned());
        conditions.iter().map(|c| set(c).ok_or_else(lost)).collect()
    })
}

/// What leads a lowered policy back to its statement.
pub fn annotations(layer: &str, origin: &Origin) -> String {
    let mut text =
        format!("@layer({})\n@file({})\n@pointer({})\n", quote(layer), quote(&origin.file), quote(&origin.pointer));
    if let Some(sid) = &origin.sid {
        text.push_str(&format!("@sid({})\n", quote(sid)));
    }
    text
}

/// The scope of every request: lowered policies read the context only.
fn scope() -> Result<[EntityUid; 3], Failure> {
    let uid = |text: &str| text.parse::<EntityUid>().map_err(Failure::internal("a set of policies"));
    thread_local! {
        static SCOPE: RefCell<Option<[EntityUid; 3]>> = const { RefCell::new(None) };
    }
    SCOPE.with(|cell| {
        if let Some(scope) = cell.borrow().as_ref() {
            return Ok(scope.clone());
        }
        let scope = [uid("IAM::Principal::\"p\"")?, uid("IAM::Action::\"call\"")?, uid("IAM::Resource::\"r\"")?];
        *cell.borrow_mut() = Some(scope.clone());
        Ok(scope)
    })
}
