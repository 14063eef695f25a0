//! How an assessment is made: account by account, and within an account a class of principals at a time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::answers::{ACCOUNT, Class, Moment, Said};
use super::asking::{Asking, Shared, Told};
use super::completeness::Completeness;
use super::stage::beside;
use super::{
    AccountAnswer, AgreementAnswer, Assessment, Filter, Governing, LEAVES_OUT, Options, PrincipalAnswer, UnitAnswer,
    threads,
};
use crate::agreements::standing::Standing;
use crate::agreements::{Agreements, InForce, KindCoverage};
use crate::findings::Findings;
use crate::findings::access::{Access, Worthy};
use crate::hipaa;
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::moment;
use crate::operations::answer::OperationResult;
use crate::operations::catalogue::Operation;
use crate::operations::{self, AccountEvaluator, Memo};
use crate::permissions::classes::{Asked, Classes, OWN, SharedAsked, Signature};
use crate::permissions::everyone::Everyone;
use crate::permissions::layer::Layer;
use crate::permissions::principals::Principal;
use crate::permissions::scenarios::Call;
use crate::policies::RuleBook;
use crate::policies::operations::check::ASSUME;
use crate::problem::Failure;
use crate::terms::Decision;

/// Assesses one inventory.
pub(super) struct Assessor<'a> {
    pub inventory: &'a Inventory,
    pub rules: &'a RuleBook,
    pub options: &'a Options,
}

/// What was decided of principals, for those that are like them.
pub(super) struct Decided {
    pub classes: Classes,
    by_signature: HashMap<Signature, Known>,
    /// The same for each operation by itself, which reads less than all do together; by its name.
    by_operation: HashMap<&'static str, OfOperation>,
    /// What accounts share that the rules do not tell apart.
    pub memos: HashMap<String, Memo>,
    /// What is asked in accounts that differ in their numbers alone.
    forms: HashMap<String, SharedAsked>,
    said: Said,
}

impl Decided {
    /// Nothing yet, of what the rules ask.
    pub fn new(rules: &RuleBook) -> Self {
        let classes = Classes::new(rules.operations.actions());
        Self {
            classes,
            by_signature: HashMap::new(),
            by_operation: HashMap::new(),
            memos: HashMap::new(),
            forms: HashMap::new(),
            said: Said::default(),
        }
    }
}

impl Decided {
    /// Layers that no principal has any more; what was decided by them stays.
    pub fn forget<'l>(&mut self, layers: impl Iterator<Item = &'l Rc<Layer>>) {
        for layer in layers {
            self.classes.forget(layer);
            self.by_operation.values_mut().for_each(|known| known.classes.forget(layer));
        }
    }
}

/// What was decided of one operation.
struct OfOperation {
    classes: Classes,
    by_signature: HashMap<Signature, KnownResult>,
}

/// An answer, and how many have asked for it. Statements are told by their position among those that say something of the operation.
struct KnownResult {
    result: OperationResult,
    members: u64,
}

/// The answers of a class, and how many principals have them.
#[derive(Clone)]
pub(super) struct Known {
    pub class: Arc<Class>,
    /// Those that may be worth a finding.
    pub worth: Rc<[Worthy]>,
    members: u64,
}

/// The principals of one account, and what is asked of them.
pub(super) struct Here<'s, 'a> {
    desk: &'s AccountEvaluator<'a>,
    agreements: &'s Agreements<'a>,
    standing: &'s Standing,
    operations: Vec<Wanted<'s>>,
    asked: Asked,
    /// The rules read who a principal is.
    told_apart: bool,
    pub moment: Arc<Moment>,
}

/// An operation that is asked about.
struct Wanted<'s> {
    operation: &'s Operation,
    /// What the rules can tell beside the account's class.
    kind: String,
    /// The same with the calls, numbered: once a principal is asked that is like no other.
    asked: Option<Asked>,
}

impl Assessor<'_> {
    /// Everything but the principals, each of which is handed over.
    pub fn run(&self, mut each: impl FnMut(PrincipalAnswer)) -> Result<Assessment, Failure> {
        let agreements = Agreements::new(self.inventory, self.rules, self.options.at);
        let filter = &self.options.filter;
        let lists = agreements.collected();
        let named = filter.named();
        let wanted = |account: &Account| filter.wants(&account.id, named.as_ref()).0;
        let is_asked = |account: &&Account| !filter.passes_over(&account.id, wanted(account));
        let asked: Vec<&Account> = agreements.tree.accounts.values().filter(is_asked).collect();
        let everyone = match asked.iter().any(|account| wanted(account)) {
            true => Everyone::new(self.inventory, &lists.tree),
            false => Everyone::nobody(self.inventory),
        };
        let shared = Shared { lists, everyone: Arc::new(everyone), beside: beside(self.inventory), named };
        let mut told = Told::default();
        let gathered = match threads::count(self.options.threads, asked.len()) {
            0 | 1 => {
                let mut asking = Asking::new(self, &shared)?;
                asked.into_iter().try_for_each(|account| asking.account(account, &mut told, &mut each))?;
                asking.findings().into_iter().collect()
            }
            threads => threads::ask((self, &shared), &asked, threads, (&mut told, &mut each))?,
        };
        let findings = match filter.answers_alone {
            true => Vec::new(),
            false => Findings::new(self.inventory, self.rules, self.options.at)?.all(gathered, &agreements)?,
        };
        let mut completeness = Completeness::of(self.inventory, self.rules, self.options)?;
        completeness.perhaps_others.append(&mut told.unseen);
        Ok(Assessment {
            schema: "countersign/assessment/v1",
            provenance: None,
            at: moment::format(self.options.at),
            permission_model: self.options.model,
            leaves_out: LEAVES_OUT.to_vec(),
            hipaa_kinds: self.rules.hipaa_kinds().clone(),
            accounts: told.accounts,
            principals: Vec::new(),
            findings,
            completeness,
        })
    }

    /// These entities, and the principals of an account where a rule reads those.
    pub(super) fn with_principals<'u>(&self, beside: &'u [Uid], here: &[Principal]) -> Cow<'u, [Uid]> {
        if !self.rules.reads_who_acts() {
            return Cow::Borrowed(beside);
        }
        beside.iter().chain(here.iter().map(|p| &p.uid)).cloned().collect()
    }

    /// The answers of a principal: those of one like it, if there is one.
    pub(super) fn known(
        &self,
        principal: &Principal,
        here: &mut Here<'_, '_>,
        decided: &mut Decided,
        findings: Option<&mut Findings<'_>>,
    ) -> Result<Known, Failure> {
        let comparable = self.shares();
        let signature =
            if comparable { decided.classes.signature(principal, here.told_apart, &mut here.asked) } else { None };
        if let Some(known) = signature.as_ref().and_then(|s| decided.by_signature.get_mut(s)) {
            known.members += 1;
            let known = known.clone();
            if is_sampled(known.members) {
                self.verify(principal, &known.class, here, decided)?;
            }
            return Ok(known);
        }
        let class = Arc::new(self.decide(principal, here, decided)?);
        let accesses = class.answers().map(|answer| Access {
            operation: answer.operation,
            series: answer.report.as_deref().and_then(|id| self.series(id)),
            allowed: answer.decision == Decision::Allow,
            allowed_unknown: answer.decision == Decision::Unknown,
            deprecated: answer.deprecated.is_some(),
        });
        let worth = findings.map(|findings| findings.worth(accesses)).transpose()?.unwrap_or_default();
        let known = Known { class, worth, members: 1 };
        if let Some(signature) = signature {
            decided.by_signature.insert(signature, known.clone());
        }
        Ok(known)
    }

    /// The series of a report.
    fn series(&self, report: &str) -> Option<String> {
        self.inventory.entity("Report", report)?.str("series").map(str::to_owned)
    }

    /// Principals share answers: a search for any request looks at more of them than their signatures tell.
    fn shares(&self) -> bool {
        // what is asked by name is about the members of one organization
        let by_name = |name: &String| self.rules.operations.operation(name).is_some_and(|o| o.by_name);
        !self.options.any_request && !self.options.by_itself && !self.options.filter.operations.iter().any(by_name)
    }

    /// What is asked of the principals of an account.
    pub(super) fn here<'s, 'a>(
        &self,
        (desk, agreements, standing): (&'s AccountEvaluator<'a>, &'s Agreements<'a>, &'s Standing),
        wanted: Vec<&'s Operation>,
        class: &str,
        decided: &mut Decided,
    ) -> Result<Here<'s, 'a>, Failure> {
        let (mut text, mut operations) = (class.to_owned(), Vec::new());
        let mut told_apart = self.rules.reads_principal(ASSUME);
        for operation in wanted {
            told_apart |= self.rules.reads_principal(operation.name);
            let kind = desk.read_by(operation);
            text.push_str(&format!("\n{kind} {:?}", operation.kind));
            operations.push(Wanted { operation, kind, asked: None });
        }
        let asked = asked_in(desk, &text, &operations, decided)?;
        let moment = Arc::new(self.moment(standing));
        Ok(Here { desk, agreements, standing, operations, asked, told_apart, moment })
    }

    /// The answers to each operation.
    fn decide(&self, principal: &Principal, here: &mut Here<'_, '_>, decided: &mut Decided) -> Result<Class, Failure> {
        let Here { desk, agreements, standing, operations, .. } = here;
        let class = |operation: &str| {
            let class = operations::class_for(operation, agreements, self.rules, desk.account, standing);
            class.unwrap_or_else(|| desk.account.id.clone())
        };
        let mut results = Vec::new();
        for wanted in operations {
            results.push(match self.shares() {
                true => self.operation(principal, wanted, (desk, &class), &mut decided.by_operation)?,
                false => desk.decide(principal, wanted.operation)?,
            });
        }
        Ok(self.class_of(principal, results, decided))
    }

    /// The answer to an operation: that of a principal which is like this one in all that the operation reads, if there is one.
    fn operation(
        &self,
        principal: &Principal,
        wanted: &mut Wanted<'_>,
        (desk, class): (&AccountEvaluator<'_>, &impl Fn(&str) -> String),
        by_operation: &mut HashMap<&'static str, OfOperation>,
    ) -> Result<OperationResult, Failure> {
        let Wanted { operation, kind, asked } = wanted;
        let known = by_operation.entry(operation.name).or_insert_with(|| OfOperation {
            classes: Classes::new(desk.actions_of(operation).into_iter()),
            by_signature: HashMap::new(),
        });
        let asked = match asked {
            Some(asked) => asked,
            None => {
                let (class, calls) = (class(operation.name), desk.calls_of(operation)?);
                asked.insert(known.classes.asked(&format!("{class}\n{kind}"), calls.iter()))
            }
        };
        let told_apart = self.rules.reads_principal(operation.name);
        let Some(signature) = known.classes.signature(principal, told_apart, asked) else {
            return desk.decide(principal, operation);
        };
        let layers = &principal.stack.layers;
        if let Some(found) = known.by_signature.get_mut(&signature) {
            found.members += 1;
            let index = |layer: usize, rank: usize| known.classes.statement(layers.get(layer)?, rank);
            let mut result = found.result.clone().of(operation, (ACCOUNT, &principal.account), index);
            // what is taken for granted may be about the kind of agreement, and about the principal
            if result.concluded {
                result.granted = desk.assumptions(principal, operation, result.decision == Decision::Allow)?;
            }
            if is_sampled(found.members) && !result.says_as(&desk.decide(principal, operation)?) {
                return Err(unlike(principal));
            }
            return Ok(result);
        }
        let result = desk.decide(principal, operation)?;
        let rank = |layer: usize, statement: usize| known.classes.rank(layers.get(layer)?, statement);
        let told = result.clone().of(operation, (&principal.account, ACCOUNT), rank);
        known.by_signature.insert(signature, KnownResult { result: told, members: 1 });
        Ok(result)
    }

    fn class_of(&self, principal: &Principal, results: Vec<OperationResult>, decided: &mut Decided) -> Class {
        let rank = |layer: usize, statement: usize| {
            principal.stack.layers.get(layer).and_then(|l| decided.classes.rank(l, statement))
        };
        Class::new(results, self.rules, &principal.account, &mut decided.said, rank)
    }

    /// Checks that a principal has the answers of its class, operation by operation: each is checked against one that is asked by
    /// itself.
    fn verify(
        &self,
        principal: &Principal,
        class: &Arc<Class>,
        here: &mut Here<'_, '_>,
        decided: &mut Decided,
    ) -> Result<(), Failure> {
        let own = self.decide(principal, here, decided)?;
        if *class.as_ref() == own { Ok(()) } else { Err(unlike(principal)) }
    }

    /// What every answer assumes of the moment: where the account stands, and that policies are those of the snapshot (D22).
    fn moment(&self, standing: &Standing) -> Moment {
        match self.options.assumed_permissions(self.rules) {
            None => Moment::default(),
            snapshot => Moment { standing: standing.assuming.clone(), snapshot },
        }
    }
}

/// What must not be.
fn unlike(principal: &Principal) -> Failure {
    let message = format!("{} in {} does not have the answers of its class", principal.arn, principal.account);
    Failure::internal("sharing answers among principals")(message)
}

/// What is asked of each principal of an account, which `text` tells but for the calls. Where another account is asked the same but for its
/// own number, the calls are not made anew.
fn asked_in(
    desk: &AccountEvaluator<'_>,
    text: &str,
    operations: &[Wanted<'_>],
    decided: &mut Decided,
) -> Result<Asked, Failure> {
    let account = &desk.account.id;
    let mut key = text.to_owned();
    let is_told = operations.iter().all(|wanted| wanted.operation.tell_places((account, OWN), &mut key));
    if let Some(form) = decided.forms.get(&key).filter(|_| is_told) {
        return Ok(form.asked(account));
    }
    let mut make = |calls: Result<Vec<Vec<Call>>, Failure>| {
        calls.map(|calls| (decided.classes.asked(text, calls.iter().flatten()), calls))
    };
    let named = || operations.iter().map(|wanted| desk.calls_of(&wanted.operation.naming(account, OWN))).collect();
    let form = match is_told {
        true => make(named()).map(|(asked, calls)| SharedAsked::of(&asked, calls.iter().flatten()))?,
        false => None,
    };
    match form {
        Some(form) => Ok(decided.forms.entry(key).or_insert(form).asked(account)),
        None => Ok(make(operations.iter().map(|wanted| desk.calls_of(wanted.operation)).collect())?.0),
    }
}

/// Whether the answers of a class are checked on this member: the second, and more rarely the more there are.
fn is_sampled(members: u64) -> bool {
    const EVERY: u32 = 6;
    members.is_power_of_two() && members.trailing_zeros() % EVERY == 1
}
pub(super) fn account_answer(
    agreements: &Agreements<'_>,
    account: &Account,
    standing: &Standing,
    coverage: &[KindCoverage],
    facts: &hipaa::Facts,
    filter: &Filter,
) -> AccountAnswer {
    let inventory = agreements.inventory;
    let unit = |id: &String| {
        let name = inventory.entity("OrganizationalUnit", id).and_then(|e| e.str("name"));
        UnitAnswer { id: id.clone(), name: name.map(str::to_owned) }
    };
    let ids = |list: &[InForce]| list.iter().map(|i| i.id.clone()).collect();
    let rows = coverage.iter().filter(|c| filter.agreement(&c.kind));
    let rows = rows.map(|row| AgreementAnswer {
        kind: row.kind.clone(),
        coverage: row.coverage,
        governing: row.governing.as_ref().map(|g| Governing::of(inventory, g)),
        superseded: ids(&row.superseded),
        also_in_force: ids(&row.also),
        superseded_unknown: row.perhaps_superseded.clone(),
        also_in_force_unknown: row.perhaps_also.clone(),
        reason: row.reason.clone(),
        assuming: row.assuming.clone(),
        evidence: agreements.evidence(account, standing, &row.kind),
        policies: row.policies.clone(),
    });
    AccountAnswer {
        account: account.id.clone(),
        name: account.name.clone(),
        partition: account.partition.clone(),
        state: account.state.clone(),
        organization: standing.organization.clone(),
        units: standing.path.iter().map(unit).collect(),
        role: agreements.role(&account.id, standing),
        agreements: rows.collect(),
        hipaa: facts.hipaa,
        phi: hipaa::phi(agreements, &account.id, facts),
    }
}
