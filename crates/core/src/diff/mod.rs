//! The difference between two inventories: access and coverage gained and lost, each with the change that causes it.
//!
//! [`pieces`] cuts the change into parts that can be taken back by themselves, [`reach`] says which accounts a part can
//! concern, [`differences`] compares two assessments, [`causes`] evaluates with and without each part, and [`stacks`] asks of
//! every changed document and stack of layers whether any request is newly allowed. [`allow`] holds reviewed exceptions.
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_core::assessment::Options;
//! use countersign_core::diff::{Side, diff};
//! use countersign_core::inventory::Inventory;
//! use countersign_core::inventory::schema::EntitySchema;
//! use countersign_core::moment;
//! use countersign_core::policies::RuleBook;
//! use countersign_core::source::Memory;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schema = Arc::new(EntitySchema::built_in()?);
//! let rules = RuleBook::built_in(&schema)?;
//! let with = |action: &str| {
//!     let policy = format!(
//!         r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}}}"#
//!     );
//!     let entities = r#"[{"uid": "111122223333"},
//!         {"uid": "arn:aws:iam::111122223333:user/jane", "attrs": {"policies": ["iam/legal.json"]}}]"#;
//!     let files = Memory::new("a clinic").with("entities.json", entities).with("iam/legal.json", policy);
//!     Inventory::load(&files, schema.clone())
//! };
//! let (base, head) = (with("artifact:List*")?, with("artifact:*")?);
//! let at = moment::parse("2026-11-01").ok_or("not a moment")?;
//! let options = Options { at, snapshot: at, ..Options::default() };
//! let side = |inventory| Side { inventory, options: &options };
//! let found = diff(&side(&base), &side(&head), &rules)?;
//! assert!(found.verdict.access_widens && !found.verdict.coverage_is_lost);
//! assert!(found.access.iter().flat_map(|entry| &entry.operations).any(|o| o.operation == "accept-agreement"));
//! # Ok(())
//! # }
//! ```

pub(crate) mod allow;
mod behind;
mod between;
pub mod causes;
pub mod differences;
mod effects;
mod group;
mod held;
pub(crate) mod later;
mod listed;
mod past;
pub mod people;
pub mod perhaps;
pub mod pieces;
mod provisioned;
pub(crate) mod reach;
mod resources;
mod seen;
pub mod stacks;
mod told;
mod trust;
mod trusting;
mod unlisted;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::assessment::completeness::others::{self, Others};
use crate::assessment::{ASSUMES, Assessment, Operation, Options, Person, PrincipalAnswer};
use crate::finding::Severity;
use crate::history::Event;
use crate::inventory::Inventory;
use crate::inventory::config::Exception;
use crate::moment::{self, Moment};
use crate::people::carried::{self, Carried};
use crate::people::unlisted as unlisted_people;
use crate::permissions::principals::{Identity, OpenGroup};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::provenance::Provenance;
use crate::terms::PrincipalKind;
use causes::{Contribution, Trials};
use differences::{
    AccessChange, AccessState, Answers, CoverageChange, CoverageState, Difference, FindingChange, Subject,
};
use people::PersonEntry;
use perhaps::PerhapsLost;
use pieces::Piece;
use reach::{Reach, Reacher};
use seen::Sight;
use stacks::NewAccess;
use trusting::Trusting;

/// One side of a comparison.
pub struct Side<'a> {
    /// What is there.
    pub inventory: &'a Inventory,
    /// What is asked of it. The moment is the same on both sides, but for [`coverage`].
    pub options: &'a Options,
}

/// What is different; `schemas/diff.v1.schema.json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Diff {
    /// `countersign/diff/v1`
    pub schema: &'static str,
    /// What it was made from; only at the top of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Arc<Provenance>>,
    /// The moment asked.
    pub at: String,
    /// That which the old inventory was asked about, where it is another: two snapshots that are asked each at its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_at: Option<String>,
    /// What is taken for granted of these moments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assuming: Vec<String>,
    /// What is worse, and is not excepted.
    pub verdict: Worsening,
    /// Operations, those that are gained first.
    pub access: Vec<AccessEntry>,
    /// Coverage, what is lost first.
    pub coverage: Vec<CoverageEntry>,
    /// Coverage that is perhaps lost: it is not known whether there was any.
    pub perhaps_lost: Vec<PerhapsLost>,
    /// New access for any request, document by document and stack by stack.
    pub new_access: Vec<NewAccess>,
    /// What is allowed to principals that are seen for the first time: the old inventory need not have listed them, and whether it is new
    /// is not known (D31).
    pub first_seen: Vec<NewAccess>,
    /// Who may be there unseen in the new inventory, within reach of the change, and what they could do.
    pub perhaps_others: Vec<Others>,
    /// Findings that are new and that are gone.
    pub findings: Vec<FindingEntry>,
    /// All pieces of the change.
    pub changes: Vec<ChangeEntry>,
    /// What no answer here takes into account.
    pub leaves_out: Vec<&'static str>,
    /// Whether coverage is lost at other moments is not told, since the rules reckon with dates.
    #[serde(skip)]
    pub coverage_is_untold: bool,
    /// Coverage and findings alone are compared.
    #[serde(skip)]
    pub access_is_untold: bool,
}

/// What a gate asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(into = "told::Verdict")]
#[non_exhaustive]
pub struct Worsening {
    /// An operation, an IAM action under one, or any request is allowed that was not, or may be.
    pub access_widens: bool,
    /// It only may be: of all that widens access, it is not known whether it does.
    pub access_may_widen: bool,
    /// Access was not compared: nothing is said of it, here or in a document.
    pub access_is_untold: bool,
    /// Whether access is new is not known: others may be there whom the new inventory does not list, or somebody is whom the old one
    /// need not have listed (D31).
    pub access_is_unknown: bool,
    /// An agreement that was in force for an account is not.
    pub coverage_is_lost: bool,
    /// Whether coverage is lost is not known: an agreement may have been in force, or may still be (D16), accounts that are not listed may
    /// have had it (D31), or the rules reckon with dates, so that other moments are not told of.
    pub coverage_is_unknown: bool,
}

impl Worsening {
    /// Coverage is lost, or may be: what a gate on coverage fails for.
    pub fn loses_coverage(self) -> bool {
        self.coverage_is_lost || self.coverage_is_unknown
    }

    /// Nothing is worse.
    pub fn is_clean(self) -> bool {
        !self.access_widens && !self.access_is_unknown && !self.access_is_untold && !self.loses_coverage()
    }
}

/// A cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Index into `changes`.
    pub change: usize,
    /// What it has to do with the difference.
    pub part: Contribution,
}

/// Operations whose answers changed alike, for these principals.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessEntry {
    /// How.
    pub change: AccessChange,
    /// The operations.
    pub operations: Vec<Operation>,
    /// The old answer.
    pub before: AccessState,
    /// The new one.
    pub after: AccessState,
    /// IAM actions under them that the policies allow now, or may allow, and did not.
    pub actions_gained: Vec<String>,
    /// IAM actions under them that the policies do not allow now.
    pub actions_lost: Vec<String>,
    /// Who. Of an entry about people, the principals through which they act, each with these people alone.
    pub principals: Vec<PrincipalEntry>,
    /// The people for whom it is so because they act as others than before; empty where the principals' own answers changed.
    pub people: Vec<PersonEntry>,
    /// Which changes make the difference.
    pub causes: Vec<Cause>,
    /// Why it is accepted, if an exception says so.
    pub allowed: Option<String>,
    /// Were everybody listed on both sides, access would be wider.
    #[serde(skip)]
    pub may_widen: bool,
    /// An agreement was accepted or terminated, and nothing else has to do with it.
    #[serde(skip)]
    pub of_agreements: bool,
    /// Members of a group who were not listed could do it already, and these people may have been among them.
    #[serde(skip)]
    pub of_members: bool,
}

impl AccessEntry {
    /// Something is allowed, or may be, that was not. What an acceptance or a termination alone makes possible to who was permitted it all
    /// along is gained, and no wider access.
    pub fn widens(&self) -> bool {
        let by_an_agreement = self.before.permitted && self.of_agreements;
        (self.change.is_gain() && !by_an_agreement) || !self.actions_gained.is_empty()
    }

    /// Something is allowed to somebody whom one of the inventories need not list: whether that is new is not known (D31).
    pub fn may_be_new(&self) -> bool {
        let is_seen = self.change == AccessChange::FirstSeen && self.after.allows_something();
        ((is_seen && !self.of_members) || self.may_widen) && self.allowed.is_none()
    }

    /// The same, as what it is where one of the inventories need not list who it is about.
    fn unseen(self, change: AccessChange) -> Self {
        let may_widen = self.may_widen || self.widens();
        Self { change, may_widen, actions_gained: Vec::new(), actions_lost: Vec::new(), ..self }
    }
}

/// A principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PrincipalEntry {
    /// The account that it acts in.
    pub account: String,
    /// Its ARN.
    pub principal: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// What people call it.
    pub name: String,
    /// The people behind a permission set, by their user names; `group` with the name of one whose members are not named.
    pub people: Vec<String>,
}

/// The user names of people, then the groups whose members are not named.
fn everyone(people: &[Person], groups: &[OpenGroup]) -> Vec<String> {
    let names = people.iter().map(|p| p.user_name.clone());
    names.chain(groups.iter().map(|g| format!("group {}", g.name))).collect()
}

impl PrincipalEntry {
    /// Of a principal of an assessment.
    pub fn of(principal: &PrincipalAnswer) -> Self {
        Self {
            account: principal.account.clone(),
            principal: principal.principal.clone(),
            kind: principal.kind,
            name: principal.name.clone(),
            people: everyone(&principal.people, &principal.groups),
        }
    }
}

impl From<&Identity> for PrincipalEntry {
    fn from(identity: &Identity) -> Self {
        let Identity { arn, kind, account, name, people, groups, .. } = identity;
        let people = people.iter().map(|p| p.user_name.clone());
        Self {
            account: account.clone(),
            principal: arn.clone(),
            kind: *kind,
            name: name.clone(),
            people: people.chain(groups.iter().map(|g| format!("group {}", g.name))).collect(),
        }
    }
}

/// Coverage that changed alike, for these accounts.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CoverageEntry {
    /// How.
    pub change: CoverageChange,
    /// The kind of agreement.
    pub kind: String,
    /// The old answer.
    pub before: CoverageState,
    /// The new one.
    pub after: CoverageState,
    /// The accounts.
    pub accounts: Vec<AccountEntry>,
    /// The moment from which it is so, where it is not the one asked: a later one, one in the past, or the one since when between two snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The moment until which it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The moment from which it is not covered without the changes either, where that is before it is over.
    #[serde(rename = "anywayFrom", skip_serializing_if = "Option::is_none")]
    pub anyway_from: Option<String>,
    /// The earliest moment before the one asked from which on it is told of the past as well, of any of the accounts.
    #[serde(rename = "pastFrom", skip_serializing_if = "Option::is_none")]
    pub past_from: Option<String>,
    /// What ended it between two snapshots.
    #[serde(rename = "endedWith", skip_serializing_if = "Vec::is_empty")]
    pub ended_with: Vec<Event>,
    /// Which changes make the difference.
    pub causes: Vec<Cause>,
    /// Why it is accepted, if an exception says so.
    pub allowed: Option<String>,
}

impl CoverageEntry {
    /// An agreement that was in force, or may have been, is not, or may not be.
    pub fn is_loss(&self) -> bool {
        matches!(self.change, CoverageChange::Lost | CoverageChange::MayBeLost)
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AccountEntry {
    /// Its number.
    pub account: String,
    /// Its name, if declared.
    pub name: Option<String>,
}

/// A finding that is new, or gone.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FindingEntry {
    /// Which of the two.
    pub change: FindingChange,
    /// Its code.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// `error`, `warning`, `info`
    pub severity: Severity,
    /// What it is.
    pub message: String,
    /// What to do.
    pub help: String,
    /// What it is about.
    pub subjects: Vec<String>,
    /// Which changes make the difference.
    pub causes: Vec<Cause>,
}

/// A piece of the change, and whether anything is different for it.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "told::Change")]
#[non_exhaustive]
pub struct ChangeEntry {
    /// The piece.
    pub piece: Piece,
    /// Some answer is different for it, or may be.
    pub matters: bool,
    /// Whether it matters to access was not asked.
    pub access_is_untold: bool,
}

/// Compares two inventories.
pub fn diff(base: &Side<'_>, head: &Side<'_>, rules: &RuleBook) -> Result<Diff, Failure> {
    diff_from(base, head, rules, Found::default())
}

/// What is different in coverage and findings alone: nothing is asked about principals and their policies. Each inventory is asked at
/// the moment of its options; what ended between the two is lost.
pub fn coverage(base: &Side<'_>, head: &Side<'_>, rules: &RuleBook) -> Result<Diff, Failure> {
    let options = |side: &Side<'_>| {
        let mut options = side.options.clone();
        options.filter.without_principals = true;
        options
    };
    let (old, new) = (options(base), options(head));
    let [base, head] = [(base, &old), (head, &new)].map(|(side, options)| Side { inventory: side.inventory, options });
    let found = compare(&base, &head, rules, Found::default(), false)?;
    let untold =
        found.leaves_out.iter().copied().filter(|what| [later::UNTOLD, between::UNTOLD, past::ALONE].contains(what));
    let narrowed = !head.options.filter.agreements.is_empty();
    let kinds = narrowed.then_some(OTHER_KINDS);
    let leaves_out = std::iter::once("what principals may do").chain(untold).chain(kinds).collect();
    Ok(Diff { leaves_out, ..found })
}

/// What a comparison that is narrowed to some accounts leaves out.
const OTHERS: &str = "differences of accounts that are not asked about, which the verdict counts all the same";

/// What a comparison of coverage that is narrowed to some kinds of agreements leaves out.
const OTHER_KINDS: &str =
    "differences of agreements of other kinds than those that are asked about, which the verdict counts all the same";

/// Judges all accounts, and of coverage alone all kinds, where the options ask about some: what is shown is narrowed, and no gate is.
/// `with_access` says whether more than coverage and findings is compared, and `except` which exceptions count.
pub fn judge_all(
    found: &mut Diff,
    [base, head]: [&Side<'_>; 2],
    rules: &RuleBook,
    (with_access, except): (bool, Option<(&[Exception], Moment)>),
) -> Result<(), Failure> {
    let by_account = [base, head].iter().any(|side| !side.options.filter.accounts.is_empty());
    let by_kind = !with_access && [base, head].iter().any(|side| !side.options.filter.agreements.is_empty());
    if !by_account && !by_kind {
        return Ok(());
    }
    let all = |side: &Side<'_>| {
        let mut options = side.options.clone();
        options.filter.accounts.clear();
        if by_kind {
            options.filter.agreements.clear();
        }
        options
    };
    let (old, new) = (all(base), all(head));
    let [base, head] = [(base, &old), (head, &new)].map(|(side, options)| Side { inventory: side.inventory, options });
    let mut of_all = if with_access { diff(&base, &head, rules)? } else { coverage(&base, &head, rules)? };
    if let Some((exceptions, now)) = except {
        drop(of_all.except(exceptions, now));
    }
    found.verdict = of_all.verdict;
    // what loses something that is not shown has an effect all the same
    for (change, judged) in found.changes.iter_mut().zip(&of_all.changes) {
        change.matters |= judged.matters;
    }
    found.leaves_out.extend(by_account.then_some(OTHERS));
    Ok(())
}

/// What was found already of two inventories, by the same rules.
#[derive(Clone, Copy, Default)]
pub struct Found<'f> {
    /// What the options of the new one ask of it.
    pub assessed: Option<&'f Assessment>,
    /// What is carried over from the old one.
    pub carried: Option<&'f Carried>,
}

/// The same, where something of it was found already.
pub fn diff_from(base: &Side<'_>, head: &Side<'_>, rules: &RuleBook, found: Found<'_>) -> Result<Diff, Failure> {
    compare(base, head, rules, found, true)
}

/// `with_access` says whether what any request may do, and who may be there unseen, is compared too. Where the old inventory is asked
/// about a moment of its own, the pieces of the change are told apart from what came to pass by itself: at the moment of the new one.
fn compare(
    base: &Side<'_>,
    head: &Side<'_>,
    rules: &RuleBook,
    Found { assessed, carried }: Found<'_>,
    with_access: bool,
) -> Result<Diff, Failure> {
    let own = base;
    let then = base.options.moved_to(head.options.at);
    let base = &Side { inventory: base.inventory, options: &then };
    let pieces = pieces::pieces(base.inventory, head.inventory);
    let reacher = Reacher::new(base.inventory, head.inventory, rules, head.options.at)?;
    let trusting = Trusting::new([base.inventory, head.inventory]);
    let reach: Vec<Reach> = pieces.iter().map(|p| trusting.beyond(reacher.of(p))).collect();
    let [(mut old, before), (mut new, after)] = both(base, head, rules, (Reach::union(&reach), assessed))?;
    provisioned::align(&mut old, &mut new);
    let differences = differences::differences(&old, &new);
    let trials = Trials {
        base: base.inventory,
        head: head.inventory,
        rules,
        options: (base.options, head.options),
        pieces: &pieces,
        reach: &reach,
    };
    let causes = trials.causes(&differences);
    let of_its_own = match own.options.at == head.options.at {
        true => None,
        false => Some(Answers::assess(own.inventory, rules, own.options)?),
    };
    let (first, first_assessed) =
        of_its_own.as_ref().map_or((&old, &before), |(answers, assessed)| (answers, assessed));
    let (differences, causes) = match &of_its_own {
        None => (differences, causes),
        Some((answers, _)) => by_itself(differences::differences(answers, &new), &differences, &causes),
    };
    let later = later::losses((base, head), rules, &trials, [&old, &new])?;
    let sight = Sight::new(base, head, rules)?;
    let new_access = if with_access { stacks::new_access(base, head, rules, &sight.listed)? } else { Vec::new() };
    let sides = group::Sides { before: first_assessed, after: &after, answers: [first, &new] };
    let (mut access, mut coverage, mut findings) = sides.entries(&differences, &causes);
    let is_of_agreement = |cause: &Cause| pieces.get(cause.change).is_some_and(later::concerns_agreements);
    access.iter_mut().for_each(|e| e.of_agreements = !e.causes.is_empty() && e.causes.iter().all(is_of_agreement));
    let mut untold: Vec<&'static str> = later.is_none().then_some(later::UNTOLD).into_iter().collect();
    let mut coverage_is_untold = later.is_none() && pieces.iter().any(later::concerns_coverage);
    if of_its_own.is_some() {
        let between = between::Between { sides: [own, head], rules, answers: [first, &new] };
        let is_told = between.tell(&mut coverage)?;
        untold.extend((!is_told).then_some(between::UNTOLD));
        coverage_is_untold |= !is_told;
    }
    let past = past::Past {
        sides: [own, head],
        rules,
        trials: &trials,
        reacher: &reacher,
        assessed: [first_assessed, &after],
        is_alone: Cell::new(false),
    };
    let mut is_told = past.tell(&mut coverage)?;
    if of_its_own.is_none() {
        is_told &= between_collections([base, head], rules, &new, &mut coverage)?;
    }
    untold.extend((!is_told && later.is_some()).then_some(later::UNTOLD));
    untold.extend(past.is_alone.get().then_some(past::ALONE));
    coverage_is_untold |= !is_told;
    // what happened between two collections is in what the newer one says otherwise
    for entry in coverage.iter_mut().filter(|e| e.is_loss() && e.causes.is_empty()) {
        if !is_of_time(entry, base, rules)? {
            entry.causes = told_by(entry, (&trials, rules));
        }
    }
    findings.extend(held::gone([own, head], (&trials, rules), [first_assessed, &after])?);
    coverage.extend(later.into_iter().flatten());
    coverage.sort_by_key(|e| e.change);
    let mut changes: Vec<ChangeEntry> = pieces.into_iter().map(|piece| of_piece(piece, with_access)).collect();
    let of_past = findings.iter().flat_map(|e| &e.causes);
    let of_coverage = coverage.iter().flat_map(|e| &e.causes).chain(of_past).map(|c| c.change);
    for index in causes.iter().flatten().map(|(index, _)| *index).chain(of_coverage) {
        if let Some(change) = changes.get_mut(index) {
            change.matters = true;
        }
    }
    let perhaps_lost = match changes.is_empty() && of_its_own.is_none() {
        true => Vec::new(),
        false => perhaps::lost([own, head], rules, [first, &new])?,
    };
    let (access, (new_access, first_seen)) =
        (sight.access(access, &changes, [&old, &new]), sight.stacks(new_access, [&old, &new]));
    for (change, reach) in changes.iter_mut().zip(&reach).filter(|(change, _)| !change.matters) {
        let mut told = new_access.iter().chain(&first_seen).filter(|n| n.widens());
        change.matters = told.any(|n| effects::may_cause(&change.piece, reach, n));
    }
    for (change, reach) in changes.iter_mut().zip(&reach) {
        // accounts that are not listed are reached as their organization
        let reached = |p: &PerhapsLost| p.account.iter().chain(&p.organization).any(|id| reach.contains(id));
        change.matters |= perhaps_lost.iter().any(reached);
    }
    let is_idle_in_access = |change: &ChangeEntry| !change.matters && later::concerns_permissions(&change.piece);
    untold.extend((with_access && changes.iter().any(is_idle_in_access)).then_some(later::ENDING));
    let perhaps_others =
        if with_access { unseen(base, head, rules, (&after, Reach::union(&reach)), carried)? } else { Vec::new() };
    let mut diff = Diff {
        schema: "countersign/diff/v1",
        provenance: None,
        at: moment::format(head.options.at),
        base_at: of_its_own.is_some().then(|| moment::format(own.options.at)),
        assuming: if with_access { assumed(base, head, rules) } else { Vec::new() },
        verdict: Worsening::default(),
        access,
        coverage,
        perhaps_lost,
        new_access,
        first_seen,
        perhaps_others,
        findings,
        changes,
        // who may become which role is compared
        leaves_out: after.leaves_out.iter().copied().filter(|what| *what != ASSUMES).chain(untold).collect(),
        coverage_is_untold,
        access_is_untold: !with_access,
    };
    diff.judge();
    Ok(diff)
}

/// Adds what was lost between the collections of two inventories that are asked about one moment, by what the newer one records of that time.
/// Whether the rules could tell.
fn between_collections(
    [base, head]: [&Side<'_>; 2],
    rules: &RuleBook,
    new: &Answers,
    coverage: &mut Vec<CoverageEntry>,
) -> Result<bool, Failure> {
    let (Some(from), Some(to)) = (base.inventory.config.as_of, head.inventory.config.as_of) else { return Ok(true) };
    if from >= to || head.options.at < to {
        return Ok(true);
    }
    let mut options = base.options.moved_to(from);
    options.filter.without_principals = true;
    let (old, _) = Answers::assess(base.inventory, rules, &options)?;
    let own = Side { inventory: base.inventory, options: &options };
    between::Between { sides: [&own, head], rules, answers: [&old, new] }.tell_others(coverage)
}

/// Whether the old inventory says the same of a loss: it came with time, and no piece of the change has to do with it.
fn is_of_time(entry: &CoverageEntry, base: &Side<'_>, rules: &RuleBook) -> Result<bool, Failure> {
    // one that is over was so from its first moment on
    let over = entry.until.as_ref().and(entry.from.as_deref()).and_then(moment::parse);
    let mut options = base.options.moved_to(over.unwrap_or(base.options.at));
    options.filter.without_principals = true;
    options.filter.accounts = entry.accounts.iter().map(|a| a.account.clone()).collect();
    let (answers, _) = Answers::assess(base.inventory, rules, &options)?;
    let says = |account: &AccountEntry| {
        let subject = Subject::Coverage { account: account.account.clone(), kind: entry.kind.clone() };
        answers.get(&subject).coverage().coverage
    };
    Ok(entry.accounts.iter().all(|account| says(account).is_some() && says(account) == entry.after.coverage))
}

/// The pieces that may tell of a loss which nothing but time seems to make.
fn told_by(entry: &CoverageEntry, (trials, rules): (&Trials<'_>, &RuleBook)) -> Vec<Cause> {
    let reached = |reach: &Reach| entry.accounts.iter().any(|a| reach.contains(&a.account));
    let pieces = trials.pieces.iter().zip(trials.reach).enumerate();
    let may = pieces.filter(|(_, (piece, reach))| past::concerns_history(piece, rules) && reached(reach));
    let found: Vec<usize> = may.map(|(index, _)| index).collect();
    let part = if found.len() == 1 { Contribution::Necessary } else { Contribution::Possible };
    found.into_iter().map(|change| Cause { change, part }).collect()
}

fn of_piece(piece: Piece, with_access: bool) -> ChangeEntry {
    ChangeEntry { piece, matters: false, access_is_untold: !with_access }
}

/// What is taken for granted of a moment that is named, and is not that of the snapshots (D22).
fn assumed(base: &Side<'_>, head: &Side<'_>, rules: &RuleBook) -> Vec<String> {
    let Some(new) = head.options.assumed(rules) else { return Vec::new() };
    match base.options.assumed(rules) {
        Some(old) if old != new => {
            vec![format!("in the older inventory, {old}"), format!("in the newer inventory, {new}")]
        }
        _ => vec![new],
    }
}

/// The differences of two moments, with the causes that they have at the later one; none where time alone makes them.
fn by_itself(
    found: Vec<Difference>,
    then: &[Difference],
    causes: &[causes::Causes],
) -> (Vec<Difference>, Vec<causes::Causes>) {
    let known: BTreeMap<&Subject, &causes::Causes> = then.iter().map(|d| &d.subject).zip(causes).collect();
    let causes = found.iter().map(|d| known.get(&d.subject).map(|c| (*c).clone()).unwrap_or_default()).collect();
    (found, causes)
}

/// Who may be there unseen where the change reaches, in either inventory.
fn unseen(
    base: &Side<'_>,
    head: &Side<'_>,
    rules: &RuleBook,
    (after, within): (&Assessment, Option<BTreeSet<String>>),
    carried: Option<&Carried>,
) -> Result<Vec<Others>, Failure> {
    let mut found = unseen_now(base, head, rules, (after, within))?;
    let sides = [base, head].map(|side| side.options);
    match carried {
        Some(carried) => found.extend(carried.others.iter().cloned()),
        None => found.extend(carried::carried((base.inventory, head.inventory), rules, sides)?.others),
    }
    found.sort();
    Ok(found)
}

/// Those of them whom the new inventory itself does not list. Two snapshots of different moments may differ wherever not all was listed.
fn unseen_now(
    base: &Side<'_>,
    head: &Side<'_>,
    rules: &RuleBook,
    (after, within): (&Assessment, Option<BTreeSet<String>>),
) -> Result<Vec<Others>, Failure> {
    let as_of = |side: &Side<'_>| side.inventory.config.as_of;
    if as_of(base) != as_of(head) {
        let of = (head.inventory, rules);
        let mut found = match within {
            Some(_) => others::others(head.inventory, rules, head.options)?,
            None => after.completeness.perhaps_others.clone(),
        };
        if within.is_some() {
            found.extend(others::all_members(of, head.options, |_| true)?);
        }
        found.extend(unlisted_people::everywhere(of, head.options)?);
        return Ok(found);
    }
    let reached = |o: &&Others| match (&o.account, &within) {
        (Some(account), Some(within)) => within.contains(account),
        // accounts that are not listed are reached as their organization
        (None, Some(within)) => o.organization.as_ref().is_some_and(|organization| within.contains(organization)),
        (_, None) => true,
    };
    let mut reached: Vec<Others> = after.completeness.perhaps_others.iter().filter(reached).cloned().collect();
    // whether control policies and what is assigned leave more in accounts that are not listed is compared
    let elsewhere: Vec<Others> = reached.extract_if(.., |o| o.account.is_none()).collect();
    reached.extend(carried::beyond_those_of((base.inventory, rules), base.options, elsewhere)?);
    Ok(reached)
}

/// Both assessments, beside each other. Beyond the reach of the change, principals have the same answers.
fn both(
    base: &Side<'_>,
    head: &Side<'_>,
    rules: &RuleBook,
    (within, assessed): (Option<BTreeSet<String>>, Option<&Assessment>),
) -> Result<[(Answers, Assessment); 2], Failure> {
    let options = |side: &Side<'_>| {
        let mut options = side.options.clone();
        options.filter.principals_in = within.clone();
        options
    };
    let (old, new) = (options(base), options(head));
    std::thread::scope(|scope| {
        let before = scope.spawn(|| Answers::assess(base.inventory, rules, &old));
        let after = match assessed {
            Some(assessment) => Answers::within((head.inventory, rules, &new), assessment, within.as_ref())?,
            None => Answers::assess(head.inventory, rules, &new)?,
        };
        let before = before.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok([before, after])
    })
}

impl Diff {
    /// Says what is worse, and not excepted.
    pub fn judge(&mut self) {
        let changes = |change| self.coverage.iter().any(|e| e.change == change && e.allowed.is_none());
        let new = || self.new_access.iter().filter(|n| n.widens() && n.allowed.is_none());
        self.verdict = Worsening {
            access_widens: self.access.iter().any(|e| e.widens() && e.allowed.is_none())
                || new().any(|n| !n.is_of_unlisted()),
            access_may_widen: false,
            access_is_untold: self.access_is_untold,
            access_is_unknown: new().any(NewAccess::is_of_unlisted)
                || !self.perhaps_others.is_empty()
                || self.access.iter().any(AccessEntry::may_be_new),
            coverage_is_lost: changes(CoverageChange::Lost),
            coverage_is_unknown: self.coverage_is_untold
                || changes(CoverageChange::MayBeLost)
                || self.perhaps_lost.iter().any(|p| p.allowed.is_none()),
        };
        let may_be = |e: &&AccessEntry| e.change == AccessChange::MayBeGained && e.actions_gained.is_empty();
        let is_certain = self.access.iter().filter(|e| !may_be(e)).any(|e| e.widens() && e.allowed.is_none())
            || self.new_access.iter().any(|n| n.is_certain() && n.allowed.is_none());
        self.verdict.access_may_widen = self.verdict.access_widens && !is_certain;
        self.verdict.access_is_unknown |= self.first_seen.iter().any(|n| n.widens() && n.allowed.is_none());
    }

    /// Keeps what is certainly worse, and judges again.
    pub fn keep_certain(&mut self) {
        self.access.retain(|e| e.change == AccessChange::Gained && e.widens());
        self.coverage.retain(|e| e.change == CoverageChange::Lost);
        self.perhaps_lost.clear();
        self.coverage_is_untold = false;
        self.new_access.clear();
        self.first_seen.clear();
        self.perhaps_others.clear();
        self.findings.clear();
        self.judge();
    }

    /// Leaves out what another comparison tells in the same words, and judges again.
    pub fn without(&mut self, other: &Self) {
        fn told<T: Serialize>(entries: &[T]) -> Vec<String> {
            let plain = |entry: &T| {
                let mut json = serde_json::to_value(entry).unwrap_or_default();
                if let Some(members) = json.as_object_mut() {
                    members.remove("causes");
                }
                json.to_string()
            };
            entries.iter().map(plain).collect()
        }
        fn left<T: Serialize>(own: &mut Vec<T>, other: &[T]) {
            let (told_own, told_other) = (told(own), told(other).into_iter().collect::<BTreeSet<_>>());
            let mut keep = told_own.iter().map(|entry| !told_other.contains(entry));
            own.retain(|_| keep.next().unwrap_or(true));
        }
        left(&mut self.access, &other.access);
        left(&mut self.coverage, &other.coverage);
        left(&mut self.perhaps_lost, &other.perhaps_lost);
        left(&mut self.new_access, &other.new_access);
        left(&mut self.first_seen, &other.first_seen);
        left(&mut self.perhaps_others, &other.perhaps_others);
        left(&mut self.findings, &other.findings);
        self.judge();
    }

    /// Nothing is different, and nothing was changed.
    pub fn is_empty(&self) -> bool {
        let is_same = self.access.is_empty() && self.coverage.is_empty() && self.findings.is_empty();
        self.changes.is_empty() && is_same && self.perhaps_lost.is_empty()
    }
}
