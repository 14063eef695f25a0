//! Guardrails: Cedar policies of the user's that forbid what a principal may be able to do.
//!
//! A guardrail is a `forbid` over the terms of the assessment (`Artifact::Action::"may-…"` in the schema). It is asked of
//! every operation that some principal is permitted, whether or not an agreement is in force today. It is proved where no
//! request at all, whatever it carries, does what it forbids.

mod duties;
mod gaps;
mod later;
mod lists;
mod moved;
mod people_at;
mod reach;
mod same;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::{
    AuthorizationError, Authorizer, Effect, Entities, EntityUid, PolicyId, PolicySet, Request, RequestValidationError,
    RestrictedExpression as Expr,
};
use serde::Serialize;

use crate::agreements::standing::Standing;
use crate::agreements::{Agreements, context, datetime};
use crate::assessment::Operation;
use crate::assessment::completeness::others::{Others, with_unlisted};
use crate::assessment::{Filter, OperationAnswer, Options, PrincipalAnswer};
use crate::assessments::Assessments;
use crate::finding::Severity;
use crate::inventory::Inventory;
use crate::inventory::entity::{Uid, cedar_uid};
use crate::inventory::model::Account;
use crate::inventory::schema::EntitySchema;
use crate::moment::Moment;
use crate::people::{self, Roles};
use crate::policies::annotations::{Annotated, Subject};
use crate::policies::folder::{self, Folder};
use crate::policies::names::{self, Named};
use crate::policies::operations::check::grant;
use crate::policies::{self, GUARDRAILS, name_of, unknown};
use crate::problem::{Cause, Evaluation, Failure, Place, Problem, SourceFile, Span, instead};
use crate::provenance::Guarding;
use crate::source;
use crate::stack;
use crate::terms::{AnyAllowed, Decision, PrincipalKind};
use duties::{Duties, May};
pub use moved::Evaded;
use people_at::Actor;
use reach::{Terms, Unmatched};
use same::Reading;

mod unseen;
mod whoever;

/// The folder beside the inventory.
pub const FOLDER: &str = "guardrails";

/// A guardrail.
#[derive(Clone, Debug)]
pub struct Guardrail {
    /// `@id`
    pub id: String,
    /// `@severity`; an error unless it says otherwise.
    pub severity: Severity,
    /// `@message`: what is wrong where it is broken.
    pub message: String,
    /// `@rule`: what it rests on, if it says so.
    pub rule: Option<String>,
    /// Where it stands.
    pub place: Place,
}

impl Guardrail {
    /// The file that states it; `None` where it is built in.
    pub fn file(&self) -> Option<&Arc<SourceFile>> {
        (!is_shipped(&self.place.source)).then_some(&self.place.source)
    }
}

fn is_shipped(source: &SourceFile) -> bool {
    GUARDRAILS.iter().any(|(_, text)| *text == source.text)
}

/// All guardrails of an inventory.
#[derive(Debug)]
pub struct Guardrails {
    /// By id.
    pub all: BTreeMap<String, Guardrail>,
    /// Names that the inventory does not have, and files that are not read.
    pub warnings: Vec<Problem>,
    /// The policies, with their long lists taken out.
    set: PolicySet,
    /// Of those about people, what is the same for whoever acts.
    whoever: PolicySet,
    /// What holds those lists.
    lists: Vec<cedar_policy::Entity>,
    terms: BTreeMap<String, Terms>,
    named: Vec<Named>,
}

/// What a guardrail comes to.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GuardrailResult {
    /// Its id.
    pub id: String,
    /// The file that states it.
    pub file: String,
    /// One-based line.
    pub line: usize,
    /// `error`, `warning`, `info`
    pub severity: Severity,
    /// What is wrong where it is broken.
    pub message: String,
    /// What it rests on.
    pub rule: Option<String>,
    /// What it comes to.
    pub outcome: GuardrailState,
    /// It forbids something to some principal, granted or not.
    pub forbids: bool,
    /// Why it forbids nothing, where it does not.
    pub reason: Option<String>,
    /// Who breaks it, or may.
    pub violations: Vec<Violation>,
}

impl GuardrailResult {
    /// It does not hold: it is broken, or may be, or forbids nothing that could happen.
    pub fn is_open(&self) -> bool {
        matches!(self.outcome, GuardrailState::Violated | GuardrailState::Unknown | GuardrailState::CannotMatch)
    }
}

/// What a guardrail comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuardrailState {
    /// No request at all breaks it, and there is someone to whom it forbids something.
    Proved,
    /// The inventory has no one whom it is about.
    NotApplicable,
    /// Nothing that is granted breaks it; some request would, if it carried something else than is assumed.
    Holds,
    /// Whether it is broken depends on what is not known.
    Unknown,
    /// It is broken.
    Violated,
    /// It forbids nothing to anyone who could be in the inventory: it promises nothing.
    CannotMatch,
}

/// A principal that breaks a guardrail, or may.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Violation {
    /// How it is granted what is forbidden.
    pub by: By,
    /// The account that it acts in.
    pub account: String,
    /// Its ARN.
    pub principal: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// What people call it.
    pub name: String,
    /// The people behind a permission set for whom it is so; of a role, those who perhaps stand at it and are not known.
    pub people: Vec<String>,
    /// The ARNs of the roles that are assumed one after the other, where the operation is that of the last of them.
    pub assuming: Vec<String>,
    /// What it may do.
    pub operations: Vec<Operation>,
    /// What a request carries that is not granted as assumed.
    pub request: BTreeMap<String, String>,
}

/// How something is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// It is.
    Grant,
    /// It may be: that depends on what is not known.
    Unknown,
    /// It is not as things are assumed to be; a request that carries something else would be.
    Request,
}

impl Guardrails {
    /// What provenance tells of them.
    pub fn provenance(&self) -> Guarding {
        let files: BTreeMap<&str, &Arc<SourceFile>> =
            self.all.values().map(|g| (g.place.source.path.as_str(), &g.place.source)).collect();
        Guarding::of(self.all.keys().cloned().collect(), files.into_values())
    }

    /// Those of an inventory: the policies of its folder `guardrails`, and those that its settings switch on. `None` where
    /// there are none, and nothing to warn of.
    pub fn read(
        files: &dyn source::Source,
        inventory: &Inventory,
        schema: &EntitySchema,
    ) -> Result<Option<Self>, Failure> {
        let mut problems = Vec::new();
        let Folder { policies: mut sources, unread, .. } = folder::read(files, FOLDER, None, None, &mut problems);
        problems.extend(unread.into_iter().chain(folder::empty(&sources)));
        let shipped = shipped()?;
        for (name, place) in &inventory.config.guardrails {
            match shipped.iter().find(|(_, policy)| policy.annotation("id") == Some(name)) {
                Some((source, _)) => sources.push(source.clone()),
                None => {
                    let names: Vec<&str> = shipped.iter().filter_map(|(_, p)| p.annotation("id")).collect();
                    let help = instead(name, names.iter().copied(), format!("the guardrails are {}", names.join(", ")));
                    let message = format!("there is no guardrail `{name}`");
                    problems.push(Problem::at(&place.source, place.span, message).help(help));
                }
            }
        }
        let read = stack::evaluate(|| Self::new(&sources, schema, &mut problems))?;
        if problems.iter().any(Problem::is_error) {
            return Err(Failure::Problems(problems));
        }
        let of_files = read.named.iter().filter(|n| !is_shipped(n.source()));
        problems.extend(unknown::unknown(of_files, inventory));
        let read = Self { warnings: problems, ..read };
        Ok((!read.all.is_empty() || !read.warnings.is_empty()).then_some(read))
    }

    /// The guardrails of these sources.
    pub fn of_sources(sources: &[Arc<SourceFile>], schema: &EntitySchema) -> Result<Self, Failure> {
        let mut problems = Vec::new();
        let read = stack::evaluate(|| Self::new(sources, schema, &mut problems))?;
        if problems.iter().any(Problem::is_error) { Err(Failure::Problems(problems)) } else { Ok(read) }
    }

    fn new(sources: &[Arc<SourceFile>], schema: &EntitySchema, problems: &mut Vec<Problem>) -> Result<Self, Failure> {
        let (mut all, mut set, mut named) = (BTreeMap::new(), PolicySet::new(), Vec::new());
        let mut terms = BTreeMap::new();
        for source in sources {
            let spans = policies::spans(&source.text);
            for (index, policy) in policies::parse(source, problems).into_iter().enumerate() {
                let span = spans.get(index).copied().unwrap_or_default();
                let guardrail = match guardrail(source, span, &policy) {
                    Ok(guardrail) => guardrail,
                    Err(problem) => {
                        problems.push(*problem);
                        continue;
                    }
                };
                let subjects = &[Subject::Guardrail];
                problems.extend(Annotated { source, span, policy: &policy, subjects }.check());
                if let Some(known) = all.get(&guardrail.id) {
                    problems.push(repeated(&guardrail.id, (source, span), known));
                    continue;
                }
                problems.extend(reach::unasked(&policy, source, span, schema));
                let json = policy.to_json().map_err(Failure::internal("the JSON of a policy"))?;
                named.extend(names::of(&policy, &json, (source, span), schema, problems));
                terms.insert(guardrail.id.clone(), Terms::of(&policy, &json, schema));
                let renamed = policy.new_id(PolicyId::new(&guardrail.id));
                set.add(renamed).map_err(Failure::internal("a set of policies"))?;
                all.insert(guardrail.id.clone(), guardrail);
            }
        }
        let result = policies::behind::validate(&set, &schema.cedar);
        reach::impossible(&result, &mut terms);
        let mut of_any_action = std::collections::BTreeSet::new();
        for error in result.validation_errors() {
            let id = error.policy_id();
            let names_none = |p: &cedar_policy::Policy| p.action_constraint() == cedar_policy::ActionConstraint::Any;
            if set.policy(id).is_some_and(names_none) {
                // Cedar tells of every action that lacks a term of guardrails, and each is one that was not meant
                let guardrail = all.get(name_of(id)).filter(|_| of_any_action.insert(name_of(id).to_owned()));
                problems.extend(guardrail.map(names_no_action));
                continue;
            }
            let place = all.get(name_of(id)).map(|g: &Guardrail| &g.place);
            problems.extend(match place {
                Some(place) => policies::of_validation(policies::from_cedar(&place.source, error), error, schema),
                None => Some(Problem::about(name_of(id), error.to_string())),
            });
        }
        let (set, lists) = lists::taken_out(set)?;
        let whoever = whoever::whoever(&set, |id| terms.get(id))?;
        Ok(Self { all, warnings: Vec::new(), set, whoever, lists, terms, named })
    }

    /// The guardrails that read what else somebody may do.
    fn about_duties(&self) -> impl Iterator<Item = &String> {
        self.terms.iter().filter(|(_, terms)| terms.reads("may")).map(|(id, _)| id)
    }

    /// Asks all guardrails of an inventory: of what principals are permitted, whichever agreements are in force, and of any
    /// request.
    pub fn check(&self, assessments: &Assessments<'_>, options: &Options) -> Result<Vec<GuardrailResult>, Failure> {
        self.check_as(assessments, options, None)
    }

    /// The same; a reading has those who are listed as guardrails see them, where it is not as they are.
    fn check_as(
        &self,
        assessments: &Assessments<'_>,
        options: &Options,
        reading: Option<&Reading>,
    ) -> Result<Vec<GuardrailResult>, Failure> {
        let permitted = Options { any_state: true, ..options.clone() };
        let open = Options { any_request: true, ..permitted.clone() };
        let (assessment, any) = (assessments.at_least(&permitted)?, assessments.at_least(&open)?);
        let (inventory, rules) = (assessments.inventory, assessments.rules);
        stack::evaluate(|| {
            let agreements = Agreements::new(reading.map_or(inventory, |r| &r.inventory), rules, options.at);
            let mut asking = GuardrailQuery::new(self, &agreements);
            asking.reading = reading;
            asking.roles = [
                people::behind((inventory, rules), &permitted, &assessment.principals)?,
                people::behind((inventory, rules), &open, &any.principals)?,
            ];
            let answered: Vec<Answered<'_>> = assessment.principals.iter().zip(&any.principals).collect();
            asking.duties = asking.duties(&answered, &assessment.completeness.perhaps_others);
            for (principal, any) in answered {
                asking.principal(principal, any)?;
            }
            if reading.is_some() {
                return Ok(asking.outcomes(&BTreeMap::new()));
            }
            for others in &assessment.completeness.perhaps_others {
                asking.others(others)?;
            }
            let filtered = options.filter != Filter::default();
            let unmatched = asking.unmatched(&assessment, filtered)?;
            Ok(asking.outcomes(&unmatched))
        })
    }
}

/// The guardrails that are built in.
pub fn shipped() -> Result<Vec<(Arc<SourceFile>, cedar_policy::Policy)>, Failure> {
    let mut shipped = Vec::new();
    for (path, text) in GUARDRAILS {
        let source = SourceFile::new(format!("policies/guardrails/{path}"), text);
        let mut problems = Vec::new();
        let policies = policies::parse(&source, &mut problems);
        if !problems.is_empty() {
            return Err(Failure::Problems(problems));
        }
        shipped.extend(policies.into_iter().map(|policy| (source.clone(), policy)));
    }
    Ok(shipped)
}

fn names_no_action(guardrail: &Guardrail) -> Problem {
    let message =
        format!("`{}` is about all actions, and the terms of guardrails are those of `may` alone", guardrail.id);
    Problem::at(&guardrail.place.source, guardrail.place.span, message)
        .help("write `action in Artifact::Action::\"may\"`, or name those that it is about")
}

/// Two guardrails of one id, told where the user can change one: not in one that is included.
fn repeated(id: &str, (source, span): (&Arc<SourceFile>, Span), known: &Guardrail) -> Problem {
    let message = format!("two guardrails have the id `{id}`");
    let is_included = policies::GUARDRAILS.iter().any(|(_, text)| *text == source.text);
    let (source, span) = if is_included { (&known.place.source, known.place.span) } else { (source, span) };
    Problem::at(source, span, message).help("ids must be unique across all files, those of included guardrails too")
}

fn guardrail(source: &Arc<SourceFile>, span: Span, policy: &cedar_policy::Policy) -> Result<Guardrail, Box<Problem>> {
    let wrong = |message: &str, help: &str| Box::new(Problem::at(source, span, message.to_owned()).help(help));
    if policy.effect() != Effect::Forbid {
        return Err(wrong("a guardrail must forbid, but this permits", "write what must never happen as a `forbid`"));
    }
    let text = |key: &str| policy.annotation(key).filter(|t| !t.trim().is_empty()).map(str::to_owned);
    let id =
        text("id").ok_or_else(|| wrong("this guardrail has no `@id`", "add @id(\"…\"), the name of the guardrail"))?;
    let message = text("message");
    let message = message
        .ok_or_else(|| wrong("this guardrail has no `@message`", "add @message(\"…\"), which says what is wrong"))?;
    let severity = match policy.annotation("severity") {
        None => Severity::Error,
        Some(word) => {
            Severity::named(word).ok_or_else(|| wrong("this is not a severity", "write error, warning or info"))?
        }
    };
    let place = Place { source: source.clone(), span };
    Ok(Guardrail { id, severity, message, rule: text("rule"), place })
}

/// A principal, with what it is permitted and what any request would be.
type Answered<'a> = (&'a PrincipalAnswer, &'a PrincipalAnswer);

/// Some request is allowed, or may be.
fn possible(answer: &OperationAnswer) -> bool {
    answer.any_request.as_ref().is_some_and(|a| a.decision != AnyAllowed::No)
}

/// As whom somebody acts.
struct Acting<'q> {
    /// The principal that they are.
    as_who: &'q PrincipalAnswer,
    /// The roles that they assume.
    roles: &'q [String],
    /// How certain it can be at best that they may.
    at_best: By,
}

struct GuardrailQuery<'a> {
    guardrails: &'a Guardrails,
    agreements: &'a Agreements<'a>,
    violations: BTreeMap<String, BTreeSet<Violation>>,
    /// What everybody may do in each account, as whoever they act there.
    duties: Duties,
    /// Who stands behind roles, as things are assumed, and for any request.
    roles: [Roles; 2],
    /// Who they are who are asked about, where that is not as the inventory says.
    reading: Option<&'a Reading>,
    /// Guardrails that have not forbidden anything to anyone yet.
    idle: BTreeSet<String>,
    /// The policies that are asked.
    set: PolicySet,
}

/// One operation of a principal, as guardrails are asked about it.
struct Question<'q> {
    principal: EntityUid,
    name: &'q str,
    account: &'q Account,
    standing: &'q Standing,
    entities: &'q Entities,
    /// What the account is to its organization.
    role: &'static str,
}

impl<'q> Question<'q> {
    fn of(
        asking: &GuardrailQuery<'q>,
        who: &'q PrincipalAnswer,
        (account, standing): (&'q Account, &'q Standing),
        entities: &'q Entities,
    ) -> Result<Self, Failure> {
        let (agreements, uid) = (asking.agreements, asking.stands_as(who));
        let role = agreements.role(&account.id, standing).word();
        let set = agreements.inventory.entities.get(uid).filter(|e| e.uid.ty == "PermissionSet");
        let own = if *uid == who.uid { &who.name } else { &uid.id };
        let name = set.and_then(|set| set.str("name")).unwrap_or(own);
        Ok(Self { principal: uid.to_cedar()?, name, account, standing, entities, role })
    }
}

impl<'a> GuardrailQuery<'a> {
    fn new(guardrails: &'a Guardrails, agreements: &'a Agreements<'a>) -> Self {
        let idle = guardrails.all.keys().cloned().collect();
        Self {
            guardrails,
            agreements,
            violations: BTreeMap::new(),
            duties: Duties::default(),
            roles: Default::default(),
            reading: None,
            idle,
            set: guardrails.set.clone(),
        }
    }

    /// As which entity guardrails see a principal.
    fn stands_as<'w>(&self, who: &'w PrincipalAnswer) -> &'w Uid
    where
        'a: 'w,
    {
        let reading = self.reading.filter(|_| who.kind == PrincipalKind::PermissionSet);
        let place = reading.and_then(|reading| reading.place(&who.account, &who.principal));
        place.map_or(&who.uid, |place| &place.uid)
    }

    /// Those who may be there unseen, in an account that is listed or in one that is not.
    fn others(&mut self, others: &Others) -> Result<(), Failure> {
        let agreements = self.agreements;
        // names that stand for nobody who is listed are probably misspelt all the same
        let idle = self.idle.clone();
        match (&others.account, &others.organization) {
            (Some(id), _) => {
                if let Some(account) = agreements.tree.accounts.get(id) {
                    self.unseen(others, account)?;
                }
            }
            (None, Some(organization)) => {
                let (inventory, id) = with_unlisted(agreements.inventory, organization);
                let agreements = Agreements::new(&inventory, agreements.rules, agreements.at());
                let mut asking = GuardrailQuery::new(self.guardrails, &agreements);
                if let Some(account) = agreements.tree.accounts.get(&id) {
                    asking.unseen(others, account)?;
                }
                for (id, found) in asking.violations {
                    self.violations.entry(id).or_default().extend(found);
                }
            }
            (None, None) => {}
        }
        self.idle = idle;
        Ok(())
    }

    fn principal(&mut self, now: &PrincipalAnswer, any: &PrincipalAnswer) -> Result<(), Failure> {
        let concerned =
            now.operations.iter().any(|o| o.decision != Decision::Deny) || any.operations.iter().any(possible);
        let Some(account) = self.agreements.tree.accounts.get(&now.account) else {
            return Ok(());
        };
        if !concerned {
            return Ok(());
        }
        let agreements = self.agreements;
        let standing = agreements.standing(account)?;
        let actors = self.actors(now);
        let entities = self.entities(now, account, &standing, &actors)?;
        let question = Question::of(self, now, (account, &standing), &entities)?;
        let with = |actor: Actor| (self.duties.of(&now.account, &actor.is(now)), actor);
        let actors: Vec<(May, Actor)> = actors.into_iter().map(with).collect();
        self.operations(&question, (now, any), &actors, &Acting { as_who: now, roles: &[], at_best: By::Grant })?;
        if now.kind == PrincipalKind::Role {
            self.at_role((now, any), account, &standing)?;
        }
        Ok(())
    }

    /// Asks about each operation of a principal, for each who acts as it.
    fn operations(
        &mut self,
        question: &Question<'_>,
        (now, any): Answered<'_>,
        actors: &[(May, Actor)],
        acting: &Acting<'_>,
    ) -> Result<(), Failure> {
        for (operation, any) in now.operations.iter().zip(&any.operations) {
            let by = match operation.decision {
                Decision::Allow => By::Grant,
                Decision::Unknown => By::Unknown,
                Decision::Deny if possible(any) => By::Request,
                Decision::Deny => continue,
            };
            let by = by.max(acting.at_best);
            let asked = (operation.operation, operation.report.as_ref());
            for id in self.reading_gaps(&question.principal, (question.account, question.standing), asked) {
                for (_, actor) in actors {
                    self.violated(&id, by.max(By::Unknown), acting, operation, actor, BTreeMap::new());
                }
            }
            for (May { certain, perhaps, by_request }, actor) in actors {
                let open = if by == By::Request { by_request } else { perhaps };
                let mut all: Option<BTreeSet<String>> = None;
                let mut some: BTreeSet<String> = BTreeSet::new();
                for may in self.choose(certain, open, operation.operation) {
                    let forbidding = self.ask(question, &Operation::of(operation), actor, &may)?;
                    some.extend(forbidding.iter().cloned());
                    all = Some(match all {
                        None => forbidding,
                        Some(all) => all.intersection(&forbidding).cloned().collect(),
                    });
                }
                let all = all.unwrap_or_default();
                // what some other request would let it do besides
                let mut besides = BTreeSet::new();
                if by != By::Request {
                    let open = perhaps.union(by_request).copied().collect();
                    for may in self.choose(certain, &open, operation.operation) {
                        besides.extend(self.ask(question, &Operation::of(operation), actor, &may)?);
                    }
                }
                for id in besides.difference(&some) {
                    self.violated(id, By::Request, acting, operation, actor, BTreeMap::new());
                }
                let open = perhaps.union(by_request).copied().collect();
                for (id, at) in self.forbidding_later(question, operation, actor, (certain, &open))? {
                    if !some.contains(&id) {
                        self.violated(&id, By::Request, acting, operation, actor, at);
                    }
                }
                for id in some {
                    let by = if by == By::Grant && !all.contains(&id) { By::Unknown } else { by };
                    let request = any.any_request.as_ref().filter(|_| by == By::Request).map(|a| a.request.clone());
                    self.violated(&id, by, acting, operation, actor, request.unwrap_or_default());
                }
            }
        }
        Ok(())
    }

    /// The guardrails that forbid an operation to an actor who may do these.
    fn ask(
        &mut self,
        question: &Question<'_>,
        operation: &Operation,
        actor: &Actor,
        may: &BTreeSet<&'static str>,
    ) -> Result<BTreeSet<String>, Failure> {
        self.ask_at(self.agreements.at(), question, operation, (actor, may))
    }

    /// The same at a moment.
    fn ask_at(
        &mut self,
        at: Moment,
        question: &Question<'_>,
        operation: &Operation,
        (actor, may): (&Actor, &BTreeSet<&'static str>),
    ) -> Result<BTreeSet<String>, Failure> {
        let wrong = |source: Cause, policy: Option<&PolicyId>| {
            let guardrail = policy.and_then(|id| self.guardrails.all.get(name_of(id)));
            let place = guardrail.map(|g| Place { source: g.place.source.clone(), span: g.place.span.first() });
            let (policies, request) = ("the guardrails".to_owned(), format!("{}", question.principal));
            Failure::Evaluation(Box::new(Evaluation { policies, request, place, source }))
        };
        let request = self.request(at, question, operation, (actor, may))?.map_err(|e| wrong(e.into(), None))?;
        let response = Authorizer::new().is_authorized(&request, &self.set, question.entities);
        if let Some(error) = response.diagnostics().errors().next() {
            let AuthorizationError::PolicyEvaluationError(failed) = error;
            return Err(wrong(error.to_string().into(), Some(failed.policy_id())));
        }
        let forbidding: BTreeSet<String> = response.diagnostics().reason().map(|id| name_of(id).to_owned()).collect();
        self.idle.retain(|id| !forbidding.contains(id));
        Ok(forbidding)
    }

    /// The guardrails about people that an operation of somebody of whom nothing is known may break, as far as the account and the operation
    /// tell. One that cannot be evaluated without who acts may be.
    fn may_break(&self, question: &Question<'_>, operation: &Operation) -> Result<BTreeSet<String>, Failure> {
        let nobody = Actor { person: None, name: None, groups: BTreeSet::new() };
        let request = self.request(self.agreements.at(), question, operation, (&nobody, &BTreeSet::new()))?;
        let request = request.map_err(Failure::internal("a request"))?;
        let response = Authorizer::new().is_authorized(&request, &self.guardrails.whoever, question.entities);
        let errors = response.diagnostics().errors().map(|AuthorizationError::PolicyEvaluationError(e)| e.policy_id());
        Ok(response.diagnostics().reason().chain(errors).map(|id| name_of(id).to_owned()).collect())
    }

    /// What guardrails are asked with. An inner error is that of a request that does not fit the schema.
    fn request(
        &self,
        at: Moment,
        question: &Question<'_>,
        operation: &Operation,
        (actor, may): (&Actor, &BTreeSet<&'static str>),
    ) -> Result<Result<Request, RequestValidationError>, Failure> {
        let text = |t: &str| Expr::new_string(t.to_owned());
        let mut pairs = vec![
            ("at", datetime(at)),
            ("role", text(question.role)),
            ("name", text(question.name)),
            ("groups", Expr::new_set(actor.groups.iter().map(|g| text(g)))),
            ("may", Expr::new_set(may.iter().map(|o| text(o)))),
        ];
        pairs.extend(operation.scope.map(|s| ("scope", text(s.word()))));
        pairs.extend(operation.agreement.as_deref().map(|a| ("agreement", text(a))));
        if let Some(organization) = &question.standing.organization {
            pairs.push(("organization", Expr::new_entity_uid(cedar_uid("Organization", organization)?)));
        }
        if let Some(report) = &operation.report {
            pairs.push(("report", Expr::new_entity_uid(cedar_uid("Report", report)?)));
        }
        if let Some(person) = &actor.person {
            pairs.push(("person", Expr::new_entity_uid(person.to_cedar()?)));
        }
        let action = cedar_uid("Action", &grant(operation.operation))?;
        let resource = Uid::new("Account", &question.account.id).to_cedar()?;
        Ok(Request::new(question.principal.clone(), action, resource, context(pairs)?, None))
    }

    /// The principal, the account, and all that they and the people are in.
    fn entities(
        &self,
        principal: &PrincipalAnswer,
        account: &Account,
        standing: &Standing,
        actors: &[Actor],
    ) -> Result<Entities, Failure> {
        let inventory = self.agreements.inventory;
        let mut more: Vec<Uid> = inventory.of_type("Report").map(|e| e.uid.clone()).collect();
        let first =
            std::iter::once(self.stands_as(principal).clone()).chain(actors.iter().filter_map(|a| a.person.clone()));
        for uid in first {
            let parents =
                inventory.entities.get(&uid).into_iter().flat_map(|e| e.parents.iter().map(|(p, _)| p.clone()));
            more.extend(parents);
            more.push(uid);
        }
        let entities = self.agreements.entities(account, standing, &more)?;
        let actions = inventory.schema.cedar.action_entities().map_err(Failure::internal("a set of policies"))?;
        let entities = entities.add_entities(actions.iter().cloned(), None);
        self.guardrails.with_lists(entities.map_err(Failure::internal("a set of policies"))?)
    }

    fn violated(
        &mut self,
        id: &str,
        by: By,
        Acting { as_who, roles, .. }: &Acting<'_>,
        operation: &OperationAnswer,
        actor: &Actor,
        request: BTreeMap<String, String>,
    ) {
        let violation = Violation {
            by,
            account: as_who.account.clone(),
            principal: as_who.principal.clone(),
            kind: as_who.kind,
            name: as_who.name.clone(),
            assuming: roles.to_vec(),
            people: actor.name.iter().cloned().collect(),
            operations: vec![Operation::of(operation)],
            request,
        };
        self.violations.entry(id.to_owned()).or_default().insert(violation);
    }

    fn outcomes(self, unmatched: &BTreeMap<String, Unmatched>) -> Vec<GuardrailResult> {
        let outcome = |guardrail: &Guardrail| {
            let violations = merged(self.violations.get(&guardrail.id).cloned().unwrap_or_default());
            let unmatched = unmatched.get(&guardrail.id);
            let outcome = match violations.iter().map(|v| v.by).min() {
                None => unmatched.map_or(GuardrailState::Proved, |u| u.state),
                Some(By::Grant) => GuardrailState::Violated,
                Some(By::Unknown) => GuardrailState::Unknown,
                Some(By::Request) => GuardrailState::Holds,
            };
            GuardrailResult {
                id: guardrail.id.clone(),
                file: guardrail.place.source.path.clone(),
                line: guardrail.place.line(),
                severity: guardrail.severity,
                message: guardrail.message.clone(),
                rule: guardrail.rule.clone(),
                outcome,
                forbids: unmatched.is_none(),
                reason: unmatched.map(|u| u.reason.clone()),
                violations,
            }
        };
        self.guardrails.all.values().map(outcome).collect()
    }
}

/// The name of a group: its display name in Identity Center, the last part of its ARN in IAM.
fn group_name(inventory: &Inventory, uid: &Uid) -> String {
    let shown = inventory.entities.get(uid).and_then(|e| e.str("displayName"));
    shown.unwrap_or_else(|| uid.id.rsplit('/').next().unwrap_or(&uid.id)).to_owned()
}

/// Violations of a principal that are alike, with all their operations; then those of all people with the same.
fn merged(violations: BTreeSet<Violation>) -> Vec<Violation> {
    let mut by_actor: BTreeMap<Violation, Vec<Operation>> = BTreeMap::new();
    for mut violation in violations {
        let operations = std::mem::take(&mut violation.operations);
        by_actor.entry(violation).or_default().extend(operations);
    }
    let mut by_people: BTreeMap<Violation, Vec<String>> = BTreeMap::new();
    for (mut violation, operations) in by_actor {
        let people = std::mem::take(&mut violation.people);
        by_people.entry(Violation { operations, ..violation }).or_default().extend(people);
    }
    by_people.into_iter().map(|(violation, people)| Violation { people, ..violation }).collect()
}
