//! What principals may do in AWS Artifact: the console's operations, gate by gate.
//!
//! The gates stand in `policies/operations`, and the operations with what they are asked on in the data beside them. Here the
//! IAM actions that the gates ask for become calls on resources, the outcomes become facts, and what the gates say becomes an
//! answer with its causes.

pub mod answer;
mod any_of;
pub mod any_request;
pub(crate) mod catalogue;
pub mod stopped;
pub(crate) mod worlds;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use cedar_policy::{Entities, RestrictedExpression as Expr};

use crate::agreements::open::{self, Tried};
use crate::agreements::standing::Standing;
use crate::agreements::{Agreements, KindCoverage, context, datetime};
use crate::inventory::Inventory;
use crate::inventory::entity::{Uid, cedar_uid};
use crate::inventory::model::Account;
use crate::moment::{self, Moment};
use crate::permissions::dependence::Choice;
use crate::permissions::principals::Principal;
use crate::permissions::scenarios::{Beside, Call, CallResult, Scenarios, ask};
use crate::policies::operations::check::ASSUME;
use crate::policies::turning::Asked;
use crate::policies::{Rule, RuleBook, Tags};
use crate::problem::Failure;
use crate::terms::{Decision, PermissionModel, PrincipalKind, Scope};
use answer::{Dependency, OperationResult, Trial};
use catalogue::Operation;
use worlds::Worlds;

/// The station: what is needed to decide for the principals of one account.
pub struct AccountEvaluator<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// The rules.
    pub rules: &'a RuleBook,
    /// The account.
    pub account: &'a Account,
    /// The agreements in force for it.
    pub coverage: &'a [KindCoverage],
    /// Its organization, at the moment asked.
    pub organization: Option<&'a str>,
    /// Why it is not known which organization that is.
    pub organization_unknown: Option<&'a str>,
    /// Why it is not known in which unit of it the account is.
    pub unit_unknown: Option<&'a str>,
    /// The entities that the rules read.
    pub entities: &'a Entities,
    /// The same, with what is not known taken to be something.
    pub worlds: &'a Worlds,
    /// The moment asked.
    pub at: Moment,
    /// Which generations count.
    pub model: PermissionModel,
    /// Whether any request is allowed is asked too.
    pub any_request: bool,
    /// Whatever agreements are in force: gates of that state do not count.
    pub any_state: bool,
    /// The permissions that the console asks for before the call itself do not count.
    pub by_the_call: bool,
    /// What was computed once for the account, and for all that the rules do not tell apart from it.
    pub memo: &'a Memo,
}

/// What is computed once for accounts that the rules do not tell apart, and the same for all their principals.
#[derive(Default)]
pub struct Memo {
    rulings: RefCell<HashMap<RulingKey, Option<Vec<String>>>>,
    /// What the gates of an operation may ask for, where the agreement is in force and where it is not.
    asked: RefCell<HashMap<(&'static str, bool), Rc<Needed>>>,
    assumptions: RefCell<HashMap<AssumptionKey, Vec<String>>>,
}

/// All that the rules of operations can read of an account and of what it stands in; `None` where they tell accounts apart by
/// their ids.
///
/// The key is derived from the policies: of the entities, the attributes that some policy of an operation reads, with the
/// account's own id taken out.
pub fn class(agreements: &Agreements<'_>, rules: &RuleBook, account: &Account, standing: &Standing) -> Option<String> {
    rules.attributes_of_operations().map(|attributes| read_of(agreements, account, standing, attributes))
}

/// The same for the rules of one operation.
pub fn class_for(
    operation: &str,
    agreements: &Agreements<'_>,
    rules: &RuleBook,
    account: &Account,
    standing: &Standing,
) -> Option<String> {
    rules.attributes_of(operation).map(|attributes| read_of(agreements, account, standing, attributes))
}

fn read_of(
    agreements: &Agreements<'_>,
    account: &Account,
    standing: &Standing,
    attributes: &BTreeSet<String>,
) -> String {
    let read = |uid: Uid| {
        let entity = agreements.inventory.entities.get(&uid)?;
        let attrs = entity.attrs.iter().filter(|(name, _)| attributes.contains(*name));
        Some(attrs.map(|(name, item)| format!("{name}={}", item.attr.to_json())).collect::<Vec<_>>())
    };
    let organization = standing.organization.as_ref().map(|o| (o, read(Uid::new("Organization", o))));
    // a policy that names a unit tells entities apart by their ids
    let units: Vec<_> = standing.path.iter().map(|u| read(Uid::new("OrganizationalUnit", u))).collect();
    let offline = standing.offline();
    let own = read(Uid::new("Account", &account.id));
    let text = format!("{} {own:?} {organization:?} {units:?} {offline:?} {:?}", account.partition, standing.unknown);
    let text = text.replace(&account.id, "SELF");
    // what is not said is told with whom it is of, and another account's answers do not have that
    // rules that read tags tell accounts apart by themselves
    let read = open::Read { attribute: &|attr| attributes.contains(attr), tags: Tags::new() };
    let open = open::open(agreements, (account, standing), None, &read);
    open.iter().fold(text, |text, open| format!("{text} {}", open.words()))
}

/// What a request by which something is allowed later is told with.
pub(crate) const LATER: &str = "the moment of the request";

/// IAM actions, by generation.
type Needed = BTreeSet<(&'static str, String)>;

/// Everything that the gates may read of a request, within one account.
#[derive(PartialEq, Eq, Hash)]
struct RulingKey {
    operation: &'static str,
    scope: Option<Scope>,
    report: Option<String>,
    other_members: Option<bool>,
    member_state: Option<String>,
    joins: Option<catalogue::Joins>,
    /// Where the policies may read which kind of agreement it is.
    kind: Option<String>,
    facts: Facts,
    generation: &'static str,
    principal: Option<Uid>,
    allowed: Vec<String>,
}

/// Everything that the policies of what is taken for granted may read, within one account.
#[derive(PartialEq, Eq, Hash)]
struct AssumptionKey {
    operation: &'static str,
    scope: Option<Scope>,
    kind: Option<String>,
    report: Option<String>,
    designated: bool,
    allowed: bool,
    /// The principal is the root user.
    root: bool,
    principal: Option<Uid>,
}

impl AccountEvaluator<'_> {
    /// Decides one operation for one principal. Where it may be done to one of several acceptances, the best of the answers is the
    /// answer, and says what each is.
    pub fn decide(&self, principal: &Principal, operation: &Operation) -> Result<OperationResult, Failure> {
        let mut best: Option<OperationResult> = None;
        let mut each = BTreeMap::new();
        for (id, values) in operation.of_each.iter() {
            let found = self.decide_one(principal, &operation.on(values))?;
            each.insert(id.clone(), found.decision);
            if best.as_ref().is_none_or(|b| rank(found.decision) > rank(b.decision)) {
                best = Some(found);
            }
        }
        match best {
            Some(best) => Ok(OperationResult { operation: operation.clone(), each, ..best }),
            None => self.decide_one(principal, operation),
        }
    }

    fn decide_one(&self, principal: &Principal, operation: &Operation) -> Result<OperationResult, Failure> {
        let mut answer = OperationResult::new(operation);
        if let Some(reason) = self.place_unknown(operation) {
            answer.reason = Some(reason.to_owned());
            answer.depends_on.push(Dependency { key: "memberships".to_owned(), allows: Vec::new() });
            return Ok(answer);
        }
        if let Tried::TooMany(what) = self.worlds.of(operation) {
            answer.reason = Some("too many combinations of unknowns to try them all".to_owned());
            answer.depends_on = what.iter().map(|key| Dependency { key: key.clone(), allows: Vec::new() }).collect();
            return Ok(answer);
        }
        let (in_force, designated) = self.state(operation);
        // in any state, what can be done in one can be done
        if self.any_state && in_force.is_none() {
            let of = |state| self.decide_in(principal, operation, (Some(state), designated));
            return Ok(better(of(false)?, of(true)?));
        }
        self.decide_in(principal, operation, (in_force, designated))
    }

    /// The answer where the agreement that an operation is about is in force, or is not; in both where that is not known.
    fn decide_in(
        &self,
        principal: &Principal,
        operation: &Operation,
        (in_force, designated): (Option<bool>, bool),
    ) -> Result<OperationResult, Failure> {
        let mut answer = OperationResult::new(operation);
        let variants = states(in_force);
        for in_force in variants {
            let facts = Facts::now(*in_force, designated, 0);
            self.variant(principal, operation, facts, &mut answer)?;
        }
        let no_actions = Needed::new();
        let too_many = !answer.too_many.is_empty();
        answer.conclude(in_force.is_none(), self, principal, operation)?;
        if let (Some(any), true) = (&mut answer.any_request, too_many) {
            // what is needed in one world alone is not needed in all
            let one = variants.len() == 1 && self.worlds.of(operation).worlds().len() == 1;
            any.search(principal, if one { &answer.needed } else { &no_actions })?;
        }
        Ok(answer)
    }

    /// Why it is not known where the account stands, where the answer may depend on it.
    fn place_unknown(&self, operation: &Operation) -> Option<&str> {
        self.organization_unknown.or(self.unit_unknown)?;
        let of_organization = operation.scope == Some(Scope::Organization) || operation.by_name;
        let reads_units = self.rules.reads_units(operation.name);
        let reads_organization = of_organization || reads_units || self.rules.reads_organization(operation.name);
        let organization = self.organization_unknown.filter(|_| reads_organization);
        organization.or_else(|| self.unit_unknown.filter(|_| reads_units))
    }

    /// All assignments of what is unknown, with the agreement in force or not. What IAM says is the same in every world.
    fn variant(
        &self,
        principal: &Principal,
        operation: &Operation,
        facts: Facts,
        answer: &mut OperationResult,
    ) -> Result<(), Failure> {
        let asked = self.asked(operation, facts.in_force);
        let call = |(generation, action): &(&str, String)| {
            self.rules.operations.call(operation, action, generation, facts.in_force)
        };
        let calls = asked.iter().map(call).collect::<Result<Vec<_>, _>>()?;
        let calls = any_of::Calls::new(&principal.stack, calls)?;
        let mut scenarios = ask(&principal.stack, calls.all(), &principal.knowledge, &principal.memo)?;
        calls.conclude(&mut scenarios, &mut answer.each);
        answer.keys.extend(scenarios.keys.iter().cloned());
        answer.too_many.extend(scenarios.too_many.iter().cloned());
        for (world, taken) in self.worlds.of(operation).worlds().iter().enumerate() {
            let facts = Facts { world, ..facts };
            answer.needed.extend(self.needed(principal, operation, facts)?);
            let known = (&taken.choice, asked.as_ref(), &scenarios);
            self.trials(principal, operation, facts, known, &mut answer.trials)?;
            if self.any_request {
                self.later(principal, operation, facts, known, answer)?;
            }
        }
        Ok(())
    }

    /// The same of requests that are made later: at each moment at which a policy can turn, and, where one reckons with the moment,
    /// without it.
    fn later(
        &self,
        principal: &Principal,
        operation: &Operation,
        facts: Facts,
        known: (&Choice, &Needed, &Scenarios),
        answer: &mut OperationResult,
    ) -> Result<(), Failure> {
        let later: Vec<Moment> =
            self.turns_of(&principal.uid, operation).into_iter().filter(|moment| *moment > self.at).collect();
        for moment in &later {
            let facts = Facts { later: Some(*moment), ..facts };
            let told = (LATER.to_owned(), moment::format(*moment));
            let mut found = Vec::new();
            self.trials(principal, operation, facts, known, &mut found)?;
            found.iter_mut().for_each(|trial| trial.choice.push(told.clone()));
            answer.later.extend(found);
        }
        if self.rules.reckons(operation.name) {
            for moment in std::iter::once(self.at).chain(later) {
                let facts = Facts { later: Some(moment), unreckoned: true, ..facts };
                self.trials(principal, operation, facts, known, &mut answer.perhaps_later)?;
            }
        }
        Ok(())
    }

    /// The moments at which what the policies of an operation say of a principal can turn.
    fn turns_of(&self, principal: &Uid, operation: &Operation) -> BTreeSet<Moment> {
        let own = Uid::new("Account", &self.account.id);
        let organization = self.organization.map(|id| Uid::new("Organization", id));
        let report = operation.report.as_ref().map(|id| Uid::new("Report", id));
        let mut of: Vec<(&[&str], &Uid)> = vec![(&["principal"], principal), (&["resource"], &own)];
        of.extend(organization.as_ref().map(|uid| (&["context", "organization"][..], uid)));
        of.extend(report.as_ref().map(|uid| (&["context", "report"][..], uid)));
        self.rules.moments(operation.name, &Asked { inventory: self.inventory, of: &of })
    }

    /// The trials of one world.
    fn trials(
        &self,
        principal: &Principal,
        operation: &Operation,
        facts: Facts,
        (world, asked, scenarios): (&Choice, &Needed, &Scenarios),
        found: &mut Vec<Trial>,
    ) -> Result<(), Failure> {
        if !scenarios.too_many.is_empty() {
            // all or nothing: a gate that fails under both fails under every assignment
            for verdict in [CallResult::Blocked(Vec::new()), CallResult::Allowed(Vec::new())] {
                let verdicts = asked.iter().map(|_| verdict.clone()).collect();
                let trial = self.trial(principal, operation, facts, asked, verdicts)?;
                found.push(Trial { choice: world.clone(), facts: world.clone(), ..trial });
            }
            return Ok(());
        }
        let beside: Rc<[Beside]> = scenarios.beside().into();
        for (choice, verdicts) in &scenarios.rows {
            let mut trial = self.trial(principal, operation, facts, asked, verdicts.clone())?;
            trial.beside = beside.clone();
            let choice = scenarios.dimensions.iter().zip(choice);
            trial.choice =
                choice.map(|(d, i)| (d.key.clone(), d.labels.get(*i).cloned().unwrap_or_default())).collect();
            // what the gates and the policies both depend on is one thing
            let contradicts =
                |(key, label): &&(String, String)| trial.choice.iter().any(|(k, l)| k == key && l != label);
            if world.iter().any(|taken| contradicts(&taken)) {
                continue;
            }
            trial.facts = scenarios
                .dimensions
                .iter()
                .zip(&trial.choice)
                .filter(|(d, _)| !d.is_of_request())
                .map(|(_, c)| c.clone())
                .collect();
            let more: Choice = world.iter().filter(|taken| !trial.choice.contains(taken)).cloned().collect();
            trial.choice.extend(more.iter().cloned());
            trial.facts.extend(more);
            found.push(trial);
        }
        Ok(())
    }

    /// All that the gates of an operation read beside the principal and the account's class, in any state of agreements.
    pub fn read_by(&self, operation: &Operation) -> String {
        let (in_force, designated) = self.state(operation);
        let Operation { name, scope, report, .. } = operation;
        let kind = operation.kind.as_ref().filter(|_| self.rules.reads_attribute(name, "agreement"));
        let each: Vec<&String> = operation.of_each.iter().map(|(id, _)| id).collect();
        format!(
            "{name} {scope:?} {kind:?} {report:?} {in_force:?} {designated} {:?} {each:?}",
            (self.organization_unknown, self.unit_unknown)
        )
    }

    /// The calls that an operation comes to, in any state of agreements.
    pub fn calls_of(&self, operation: &Operation) -> Result<Vec<Call>, Failure> {
        let (in_force, _) = self.state(operation);
        let each = operation.of_each.iter().map(|(_, values)| operation.on(values));
        let mut calls = Vec::new();
        for operation in std::iter::once(operation.clone()).chain(each) {
            for in_force in states(in_force) {
                for (generation, action) in self.asked(&operation, *in_force).iter() {
                    calls.push(self.rules.operations.call(&operation, action, generation, *in_force)?.0);
                }
            }
        }
        Ok(calls)
    }

    /// The IAM actions that an operation's gates may ask for, in any generation and state, as calls name them.
    pub fn actions_of<'d>(&'d self, operation: &'d Operation) -> BTreeSet<&'d str> {
        let required = self.gates(operation).flat_map(|gate| gate.requires.values().flatten());
        required.map(|action| self.rules.operations.asked_as(action)).collect()
    }

    /// Whether the agreement that an operation is about is in force, `None` where that is unknown; and whether the account is
    /// designated under an offline one.
    fn state(&self, operation: &Operation) -> (Option<bool>, bool) {
        let row = self.coverage.iter().find(|c| Some(&c.kind) == operation.kind.as_ref());
        // in any state: what is accepted is not in force yet, and what is terminated is
        let definition = self.rules.operations.operation(operation.name).filter(|_| self.any_state);
        let possible = definition.map(|d| d.possible).unwrap_or_default();
        let designated = possible.designated.unwrap_or_else(|| self.designated(operation));
        let in_force = match (possible.in_force, operation.scope) {
            (Some(in_force), _) => Some(in_force),
            (None, Some(Scope::Account | Scope::Organization)) if self.any_state && operation.kind.is_some() => None,
            (None, Some(Scope::Account)) => row.map_or(Some(false), |r| r.account),
            (None, Some(Scope::Organization)) if operation.kind.is_some() => {
                row.map_or(Some(false), |r| r.organization)
            }
            _ => Some(designated),
        };
        (in_force, designated)
    }

    /// The IAM actions that the gates of an operation may ask for, by generation.
    fn asked(&self, operation: &Operation, in_force: bool) -> Rc<Needed> {
        let asked = || {
            let of = |gate: &Rule, generation: &'static str| {
                let actions = gate.requires(generation, in_force);
                actions.iter().map(|action| (generation, action.clone())).collect::<Vec<_>>()
            };
            let each = self.gates(operation).flat_map(|gate| self.model.generations().iter().map(move |g| (gate, *g)));
            Rc::new(each.flat_map(|(gate, generation)| of(gate, generation)).collect())
        };
        self.memo.asked.borrow_mut().entry((operation.name, in_force)).or_insert_with(asked).clone()
    }

    /// The IAM actions that the gates do ask for here: what is required by the gates that fail where nothing is allowed.
    fn needed(&self, principal: &Principal, operation: &Operation, facts: Facts) -> Result<Needed, Failure> {
        let mut needed = Needed::new();
        for generation in self.model.generations() {
            let failing = self.failing(&principal.uid, operation, facts, generation, Vec::new())?;
            let gates = failing.iter().flatten().filter_map(|id| self.rules.rules.get(id));
            needed.extend(gates.flat_map(|g| g.requires(generation, facts.in_force)).map(|a| (*generation, a.clone())));
        }
        Ok(needed)
    }

    /// Whether the account is designated under an offline agreement of the operation's kind.
    fn designated(&self, operation: &Operation) -> bool {
        let row = self.coverage.iter().find(|c| Some(&c.kind) == operation.kind.as_ref());
        row.is_some_and(|r| r.in_force().any(|i| i.scope == Scope::Offline))
    }

    /// What an answer takes for granted, as the policies state it.
    pub fn assumptions(
        &self,
        principal: &Principal,
        operation: &Operation,
        allowed: bool,
    ) -> Result<Vec<String>, Failure> {
        let key = AssumptionKey {
            operation: operation.name,
            scope: operation.scope,
            kind: operation.kind.clone(),
            report: operation.report.clone(),
            designated: self.designated(operation),
            allowed,
            root: principal.kind == PrincipalKind::Root,
            principal: self.rules.reads_principal(ASSUME).then(|| principal.uid.clone()),
        };
        if let Some(found) = self.memo.assumptions.borrow().get(&key) {
            return Ok(found.clone());
        }
        let text = |t: &str| Expr::new_string(t.to_owned());
        let mut pairs = vec![
            ("at", datetime(self.at)),
            ("operation", text(operation.name)),
            ("scope", text(operation.scope.map_or("none", Scope::word))),
            ("designated", Expr::new_bool(key.designated)),
            ("allowed", Expr::new_bool(allowed)),
            ("root", Expr::new_bool(key.root)),
        ];
        pairs.extend(operation.kind.as_deref().map(|kind| ("agreement", text(kind))));
        pairs.extend(self.named(operation)?);
        let resource = Uid::new("Account", &self.account.id).to_cedar()?;
        let who = principal.uid.to_cedar()?;
        let ruling = self.rules.rule(ASSUME, &who, &resource, context(pairs)?, self.entities)?;
        let found: Vec<String> = ruling.by.iter().filter_map(|r| r.text("assuming")).collect();
        self.memo.assumptions.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    /// The organization and the report, for a context.
    fn named(&self, operation: &Operation) -> Result<Vec<(&'static str, Expr)>, Failure> {
        let mut pairs = Vec::new();
        if let Some(organization) = self.organization {
            pairs.push(("organization", Expr::new_entity_uid(cedar_uid("Organization", organization)?)));
        }
        if let Some(report) = &operation.report {
            pairs.push(("report", Expr::new_entity_uid(cedar_uid("Report", report)?)));
        }
        Ok(pairs)
    }

    /// The gates of an operation.
    pub fn gates<'r>(&'r self, operation: &'r Operation) -> impl Iterator<Item = &'r Rule> {
        self.rules.of_action(operation.name).filter(|r| r.forbids)
    }

    /// Why an operation is denied that no gate forbids: which policies could permit it, and do not apply.
    fn unpermitted(&self, operation: &Operation) -> String {
        let permits = self.rules.of_action(operation.name).filter(|r| !r.forbids);
        let named: Vec<String> = permits.map(|r| format!("{} ({}, {})", r.id, r.file, r.rule())).collect();
        let verb = if named.len() == 1 { "does" } else { "do" };
        format!("no policy permits {} here: {} {verb} not apply", operation.name, named.join(" and "))
    }

    /// What the gates say, each generation by itself.
    fn trial(
        &self,
        principal: &Principal,
        operation: &Operation,
        facts: Facts,
        asked: &Needed,
        verdicts: Vec<CallResult>,
    ) -> Result<Trial, Failure> {
        let verdicts: BTreeMap<(&'static str, String), CallResult> = asked.iter().cloned().zip(verdicts).collect();
        let mut failing = BTreeMap::new();
        for generation in self.model.generations() {
            let of_generation = verdicts.iter().filter(|((g, _), _)| g == generation);
            let allowed = of_generation.filter(|(_, v)| matches!(v, CallResult::Allowed(_)));
            let allowed = allowed.map(|((_, name), _)| name.clone()).collect();
            failing.insert(*generation, self.failing(&principal.uid, operation, facts, generation, allowed)?);
        }
        Ok(Trial {
            choice: Vec::new(),
            facts: Vec::new(),
            beside: Rc::default(),
            in_force: facts.in_force,
            verdicts,
            failing,
        })
    }

    /// The gates that fail in one generation where these IAM actions are allowed; `None` where all are passed.
    ///
    /// Requests that differ in nothing that a rule reads have the same answer: it is computed once an account.
    fn failing(
        &self,
        principal: &Uid,
        operation: &Operation,
        facts: Facts,
        generation: &'static str,
        allowed: Vec<String>,
    ) -> Result<Option<Vec<String>>, Failure> {
        let key = RulingKey {
            operation: operation.name,
            scope: operation.scope,
            report: operation.report.clone(),
            other_members: operation.other_members,
            member_state: operation.member_state.clone(),
            joins: operation.joins.clone(),
            kind: operation.kind.clone().filter(|_| self.rules.reads_attribute(operation.name, "agreement")),
            facts,
            generation,
            principal: self.rules.reads_principal(operation.name).then(|| principal.clone()),
            allowed,
        };
        if let Some(gates) = self.memo.rulings.borrow().get(&key) {
            return Ok(gates.clone());
        }
        let allowed = Expr::new_set(key.allowed.iter().cloned().map(Expr::new_string));
        let context = self.context(operation, facts, generation, allowed)?;
        let resource = Uid::new("Account", &self.account.id).to_cedar()?;
        let world = self.worlds.of(operation).worlds().get(facts.world);
        let entities = world.map_or(self.entities, |w| &w.entities);
        let ruling = self.rules.rule(operation.name, &principal.to_cedar()?, &resource, context, entities)?;
        let reckons = |r: &Rule| facts.unreckoned && self.rules.is_reckoning(&r.id);
        let call = self.by_the_call.then(|| self.rules.call_of(operation.name)).flatten();
        let asked_before = |r: &Rule| call.is_some_and(|call| !r.requires.is_empty() && r.order < call);
        let counts = |r: &&Rule| !(reckons(r) || asked_before(r) || self.any_state && r.get("state").is_some());
        // a permit that reckons may apply at another moment
        let unpermitted =
            || ruling.by.is_empty() && self.rules.of_action(operation.name).any(|r| !r.forbids && reckons(r));
        let passed = ruling.permitted
            || unpermitted()
            || (!ruling.by.is_empty() && !ruling.by.iter().copied().any(|r| counts(&r)));
        let failing = || ruling.by.iter().copied().filter(counts).map(|r| r.id.clone()).collect::<Vec<_>>();
        let gates = (!passed).then(failing);
        self.memo.rulings.borrow_mut().insert(key, gates.clone());
        Ok(gates)
    }

    fn context(
        &self,
        operation: &Operation,
        facts: Facts,
        generation: &str,
        allowed: Expr,
    ) -> Result<cedar_policy::Context, Failure> {
        let mut pairs = vec![
            ("at", datetime(facts.later.unwrap_or(self.at))),
            ("generation", Expr::new_string(generation.to_owned())),
            ("scope", Expr::new_string(operation.scope.map_or("none", Scope::word).to_owned())),
            ("allowed", allowed),
            ("inForce", Expr::new_bool(facts.in_force)),
            ("designated", Expr::new_bool(facts.designated)),
        ];
        pairs.extend(operation.other_members.map(|are| ("otherMembers", Expr::new_bool(are))));
        pairs.extend(operation.member_state.clone().map(|state| ("memberState", Expr::new_string(state))));
        if let Some(joins) = &operation.joins {
            pairs.push(("joins", Expr::new_entity_uid(Uid::new("Organization", &joins.organization).to_cedar()?)));
            let manager = joins
                .manager
                .clone()
                .map(|(partition, state)| [("joinsPartition", partition), ("joinsManagerState", state)]);
            pairs.extend(manager.into_iter().flatten().map(|(name, value)| (name, Expr::new_string(value))));
        }
        pairs.extend(operation.kind.clone().map(|kind| ("agreement", Expr::new_string(kind))));
        pairs.extend(self.named(operation)?);
        context(pairs)
    }
}

/// The better of the answers in two states, with the better of what any request may do.
fn better(one: OperationResult, other: OperationResult) -> OperationResult {
    let decision = |answer: &OperationResult| answer.any_request.as_ref().map(|any| any.decision);
    let any = if decision(&other) > decision(&one) { other.any_request.clone() } else { one.any_request.clone() };
    let best = if rank(other.decision) > rank(one.decision) { other } else { one };
    OperationResult { any_request: any, ..best }
}

/// Which of the answers about several resources is the answer: what can be done with one of them can be done.
fn rank(decision: Decision) -> u8 {
    match decision {
        Decision::Allow => 2,
        Decision::Unknown => 1,
        Decision::Deny => 0,
    }
}

/// The states to ask in.
fn states(in_force: Option<bool>) -> &'static [bool] {
    match in_force {
        Some(true) => &[true],
        Some(false) => &[false],
        None => &[false, true],
    }
}

/// What the gates read of the agreements.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Facts {
    /// An agreement of the kind and scope asked is in force.
    in_force: bool,
    /// The account is designated under an offline agreement of the kind.
    designated: bool,
    /// Which of the operation's worlds.
    world: usize,
    /// The moment of the request, where it is not the one asked.
    later: Option<Moment>,
    /// Policies that reckon with the moment are left out: at some other moment they may not apply.
    unreckoned: bool,
}

impl Facts {
    /// Of a request that is made at the moment asked.
    fn now(in_force: bool, designated: bool, world: usize) -> Self {
        Self { in_force, designated, world, later: None, unreckoned: false }
    }
}
