//! What a change says of days that are over: the record of which account was covered when is what an auditor reads (R80, R86), and may be
//! corrected, but never in silence. The histories of both sides are laid over each other, up to the moment of the old one. Accounts
//! about which the change says nothing that coverage rests on are not asked about.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::causes::{Causes, Trials};
use super::differences::{Answers, CoverageChange, CoverageState, Difference, State, Subject, coverage_change};
use super::group::Sides;
use super::pieces::{Piece, What};
use super::reach::{Reach, Reacher};
use super::{CoverageEntry, Side};
use crate::assessment::{Assessment, Options};
use crate::history::{self, Interval, Query};
use crate::moment::{self, Moment};
use crate::policies::{COVERAGE, RuleBook};
use crate::problem::Failure;
use crate::terms::Coverage;

/// The questions beside coverage itself that decide what an account was covered by.
const ASKED: [&str; 3] = ["holds", "membership-known", "lists-agreements-of"];

/// What coverage rests on.
const TYPES: [&str; 6] =
    ["Account", "Agreement", "CustomerAgreement", "OfflineAgreement", "Organization", "OrganizationalUnit"];

/// Attributes that say nothing of coverage, unless a policy reads them.
const BESIDE: [&str; 22] = [
    "acceptedBy",
    "approvedReports",
    "assignmentsKnown",
    "delegatedAdministrators",
    "failedCalls",
    "featureSet",
    "groupsKnown",
    "name",
    "nda",
    "notCollected",
    "notifications",
    "phi",
    "principalsKnown",
    "resourceControlPolicies",
    "resourceControlPoliciesUnplaced",
    "rootCredentials",
    "serviceControlPolicies",
    "serviceControlPoliciesAtLeast",
    "serviceControlPoliciesUnplaced",
    "serviceRole",
    "state",
    "trustedAccess",
];

/// That a newer export which knows of its own moment alone says nothing of days before it that the older one says were covered.
pub(super) const ALONE: &str = "days that the older export says were covered, and of which the newer one, which knows of its own moment alone, says nothing";

/// With more moments than this, what caused a difference is not tried at each.
const MAX_MOMENTS: usize = 24;

/// An account, and a kind of agreement.
type Of = (String, String);

/// The intervals of each account and kind.
type Histories = BTreeMap<Of, Vec<Interval>>;

/// A time in which the two sides do not say the same: [from, until).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    from: Option<Moment>,
    until: Moment,
    change: CoverageChange,
    before: CoverageState,
    after: CoverageState,
}

/// The past that two inventories tell.
pub(super) struct Past<'a> {
    /// The old one and the new one, the old one at its own moment.
    pub sides: [&'a Side<'a>; 2],
    /// The rules of both.
    pub rules: &'a RuleBook,
    /// The pieces of the change.
    pub trials: &'a Trials<'a>,
    /// Which accounts they can concern.
    pub reacher: &'a Reacher<'a>,
    /// What both were assessed to be.
    pub assessed: [&'a Assessment; 2],
    /// Whether the new one, an export, says nothing of days that the old one says were covered.
    pub is_alone: Cell<bool>,
}

impl Past<'_> {
    /// Adds what is different in the past to what is different at the moment asked; whether the rules could tell.
    pub fn tell(&self, entries: &mut Vec<CoverageEntry>) -> Result<bool, Failure> {
        let found = match self.differences() {
            Err(Failure::Problems(_)) => return Ok(false),
            found => found?,
        };
        let mut over: Vec<(Of, Span)> = Vec::new();
        for (of, spans) in found {
            for span in spans {
                let since = if self.are_exports() { None } else { Some(self.end()) };
                if span.until != self.end() || !stands(entries, (&of, &span), since) {
                    over.push((of.clone(), span));
                }
            }
        }
        let by_moment = over.iter().map(|(_, span)| span.from).collect::<BTreeSet<_>>();
        for from in &by_moment {
            let then: Vec<&(Of, Span)> = over.iter().filter(|(_, span)| span.from == *from).collect();
            entries.extend(self.entries(*from, &then, by_moment.len() > MAX_MOMENTS)?);
        }
        Ok(true)
    }

    /// Until when both sides tell of the past.
    fn end(&self) -> Moment {
        let [base, head] = self.sides.map(|side| side.options.at);
        base.min(head)
    }

    /// Two exports, each of its own moment: an account that the newer one does not list has no record in it.
    fn are_exports(&self) -> bool {
        let [base, head] = self.sides.map(|side| side.options.at);
        base != head
    }

    /// Whether the new side was collected later: then it may know what the old one did not.
    fn is_newer(&self) -> bool {
        let [base, head] = self.sides.map(|side| side.inventory.config.as_of);
        matches!((base, head), (Some(base), Some(head)) if base < head)
    }

    fn differences(&self) -> Result<BTreeMap<Of, Vec<Span>>, Failure> {
        let pieces = self.trials.pieces.iter().filter(|piece| concerns_history(piece, self.rules));
        let reach: Vec<Reach> = pieces.map(|piece| self.reacher.of(piece)).collect();
        if reach.is_empty() {
            return Ok(BTreeMap::new());
        }
        let within = Reach::union(&reach);
        let [old, new] = [self.histories(0, within.as_ref())?, self.histories(1, within.as_ref())?];
        let keys: BTreeSet<&Of> = old.keys().chain(new.keys()).collect();
        let had = |kind: &str| {
            let rows = old.iter().chain(&new).filter(|((_, of), _)| of == kind);
            let mut states = rows.flat_map(|(_, intervals)| intervals.iter().map(|i| i.coverage));
            self.rules.hipaa_kinds().contains(kind) || states.any(|coverage| coverage == Coverage::Covered)
        };
        let mut found = BTreeMap::new();
        for of in keys {
            let [is_old, is_new] = self.sides.map(|side| side.inventory.entity("Account", &of.0).is_some());
            // an account that is new has no record that could be another
            if !is_old || (!is_new && self.are_exports()) {
                continue;
            }
            let states = |all: &Histories, is_there: bool| match all.get(of) {
                Some(intervals) => intervals.iter().map(|i| (i.span().0, state(i))).collect(),
                None if is_there => vec![(None, none())],
                None => vec![(None, CoverageState::absent())],
            };
            let mut spans = spans(&states(&old, is_old), &states(&new, is_new), self.end(), self.is_newer());
            if !had(&of.1) {
                // of what no account ever had, and HIPAA does not ask for, that it is not known is nothing to tell
                spans.retain(|span| span.change != CoverageChange::MayBeGained);
            }
            if self.are_exports() {
                let may_be = |span: &Span| span.change == CoverageChange::MayBeLost && !was_unknown(&span.before);
                let told = |span: &Span| {
                    !may_be(span) || is_ended(new.get(of), span) || !self.is_unknown_before(new.get(of), span)
                };
                self.is_alone.set(self.is_alone.get() || !spans.iter().all(told));
                spans.retain(told);
            }
            if !spans.is_empty() {
                found.insert(of.clone(), spans);
            }
        }
        Ok(found)
    }

    /// Whether what is not known lasts until the moment of the new side: it knows of that alone, and says nothing of the time before.
    fn is_unknown_before(&self, intervals: Option<&Vec<Interval>>, span: &Span) -> bool {
        let [_, head] = self.sides.map(|side| side.options.at);
        let is_over = |i: &Interval| i.coverage == Coverage::Unknown && i.span().1.is_none_or(|until| until < head);
        let mut within = intervals.into_iter().flatten().filter(|i| {
            i.span().0.is_none_or(|from| from < span.until)
                && i.span().1.is_none_or(|until| span.from.is_none_or(|from| from < until))
        });
        !within.any(is_over)
    }

    /// What a side tells of the accounts that the change may concern.
    fn histories(&self, side: usize, within: Option<&BTreeSet<String>>) -> Result<Histories, Failure> {
        let [_, head] = self.sides;
        let Some(inventory) = self.sides.get(side).map(|side| side.inventory) else { return Ok(Histories::new()) };
        let filter = &head.options.filter;
        let is_asked = |id: &&String| filter.accounts.is_empty() || filter.accounts.contains(id);
        let accounts: Vec<String> = match within {
            Some(within) => within.iter().filter(is_asked).cloned().collect(),
            None => filter.accounts.clone(),
        };
        if accounts.is_empty() && within.is_some() {
            return Ok(Histories::new());
        }
        let query = Query { from: None, to: self.end(), accounts, kinds: filter.agreements.clone() };
        let told = history::history(inventory, self.rules, &query)?;
        let rows = told.accounts.into_iter().flat_map(|a| {
            let account = a.account;
            a.agreements.into_iter().map(move |row| ((account.clone(), row.kind), row.intervals))
        });
        Ok(rows.collect())
    }

    /// The entries of what is different from a moment on, with what makes it so.
    fn entries(&self, from: Option<Moment>, of: &[&(Of, Span)], untried: bool) -> Result<Vec<CoverageEntry>, Failure> {
        let at = from.unwrap_or_else(|| self.end());
        let options = |options: &Options| {
            let mut options = Options { at, ..options.clone() };
            options.filter.without_principals = true;
            options.filter.accounts = of.iter().map(|((account, _), _)| account.clone()).collect();
            options
        };
        let (old, new) = self.trials.options;
        let (old, new) = (options(old), options(new));
        let difference = |((account, kind), span): &&(Of, Span)| Difference {
            subject: Subject::Coverage { account: account.clone(), kind: kind.clone() },
            before: State::Coverage(span.before.clone()),
            after: State::Coverage(span.after.clone()),
            account: Some(account.clone()),
        };
        let differences: Vec<Difference> = of.iter().map(difference).collect();
        let then = Trials { options: (&old, &new), ..*self.trials };
        let causes: Vec<Causes> = if untried { then.possible(&differences) } else { then.causes(&differences) };
        let answers = [&Answers::default(), &Answers::default()];
        let sides = Sides { before: self.assessed[0], after: self.assessed[1], answers };
        let untils: BTreeSet<Moment> = of.iter().map(|(_, span)| span.until).collect();
        let mut all = Vec::new();
        for until in untils {
            let (own, causes): (Vec<Difference>, Vec<Causes>) = of
                .iter()
                .zip(differences.iter().zip(&causes))
                .filter(|((_, span), _)| span.until == until)
                .map(|(_, (difference, causes))| (difference.clone(), causes.clone()))
                .unzip();
            let (_, mut coverage, _) = sides.entries(&own, &causes);
            for entry in &mut coverage {
                if entry.change == CoverageChange::MayBeLost && self.is_newer() && was_unknown(&entry.before) {
                    entry.change = CoverageChange::NowKnown;
                }
                entry.from = from.map(moment::format);
                entry.until = Some(moment::format(until));
            }
            all.extend(coverage);
        }
        Ok(all)
    }
}

/// Whether what is different up to the end of the past is so at the moment asked too, and told then: the entry says since when. It begins by
/// the moment given; whenever it does where there is none, since an export need not list what ended after the one before it.
fn stands(entries: &mut [CoverageEntry], ((account, kind), span): (&Of, &Span), by: Option<Moment>) -> bool {
    let is_loss =
        |change| matches!(change, CoverageChange::Lost | CoverageChange::MayBeLost | CoverageChange::NowKnown);
    let since = span.from.map(moment::format);
    let is_told = |e: &&mut CoverageEntry| {
        let begins = e.from.as_deref().and_then(moment::parse).is_none_or(|from| by.is_none_or(|by| from <= by));
        let lasts = e.until.as_deref().and_then(moment::parse).is_none_or(|until| until >= span.until);
        let alike = e.change == span.change || (is_loss(e.change) && is_loss(span.change));
        e.kind == *kind && alike && begins && lasts && e.accounts.iter().any(|a| a.account == *account)
    };
    let Some(entry) = entries.iter_mut().find(is_told) else { return false };
    if entry.from.is_none() && entry.change != CoverageChange::Governed {
        entry.past_from = match (entry.past_from.take(), since) {
            (Some(known), Some(since)) => Some(known.min(since)),
            (known, since) => known.or(since),
        };
    }
    true
}

/// Whether what is not known begins with an end that is recorded: a later export often tells of its own moment only.
fn is_ended(intervals: Option<&Vec<Interval>>, span: &Span) -> bool {
    let mut begins = intervals.into_iter().flatten().filter(|i| i.span().0 == span.from);
    begins.any(|i| i.began_with.iter().any(|event| event.event.ends()))
}

/// Whether a piece of a change may say something of what covers an account, and when.
pub(super) fn concerns_history(piece: &Piece, rules: &RuleBook) -> bool {
    let asked: Vec<&str> = COVERAGE.iter().chain(&ASKED).copied().collect();
    match &piece.of {
        What::Settings | What::Statement(..) | What::Document(_) => false,
        What::Entity(uid) | What::Position(uid) | What::Parent(uid, _) => TYPES.contains(&uid.ty.as_str()),
        What::Tags(uid) => uid.ty == "Account" && !rules.tags_read(&asked).is_empty(),
        What::Attribute(uid, attr) | What::Element(uid, attr, _) => {
            let is_read = || asked.iter().any(|action| rules.reads_attribute(action, attr));
            TYPES.contains(&uid.ty.as_str()) && (!BESIDE.contains(&attr.as_str()) || is_read())
        }
    }
}

/// What both sides say of an account, from moment to moment, where it is not the same, up to an end. The new side may be a newer collection.
fn spans(
    old: &[(Option<Moment>, CoverageState)],
    new: &[(Option<Moment>, CoverageState)],
    end: Moment,
    is_newer: bool,
) -> Vec<Span> {
    let mut moments: BTreeSet<Option<Moment>> = old.iter().chain(new).map(|(from, _)| *from).collect();
    moments.retain(|from| from.is_none_or(|from| from < end));
    let ends = moments.iter().copied().skip(1).flatten().chain([end]);
    let at = |states: &[(Option<Moment>, CoverageState)], moment: Option<Moment>| {
        let holds = states.iter().rfind(|(from, _)| *from <= moment);
        holds.map_or_else(none, |(_, state)| state.clone())
    };
    let mut found: Vec<Span> = Vec::new();
    for (from, until) in moments.iter().zip(ends) {
        let (before, after) = (at(old, *from), at(new, *from));
        let Some(change) = told(&before, &after, is_newer) else { continue };
        let from = *from;
        let span = Span { from, until, change, before, after };
        let continues = |last: &&mut Span| {
            let alike = (&last.before, &last.after) == (&span.before, &span.after);
            Some(last.until) == from && last.change == change && (alike || change != CoverageChange::Governed)
        };
        match found.last_mut().filter(continues) {
            Some(last) => last.until = until,
            None => found.push(span),
        }
    }
    found
}

/// How the past is another: covered or not, or by another agreement. What was unknown and is not covered with the change is known now where
/// it was collected later. Otherwise nothing tells but the change that there was nothing to lose (D16).
fn told(before: &CoverageState, after: &CoverageState, is_newer: bool) -> Option<CoverageChange> {
    let change = coverage_change(before, after)?;
    match change {
        CoverageChange::Governed if before.governing == after.governing => None,
        // for another reason
        CoverageChange::MayBeGained if before.coverage == after.coverage => None,
        CoverageChange::MayBeLost if is_newer && was_unknown(before) => Some(CoverageChange::NowKnown),
        change => Some(change),
    }
}

fn was_unknown(state: &CoverageState) -> bool {
    state.coverage == Some(Coverage::Unknown)
}

pub(super) fn state(interval: &Interval) -> CoverageState {
    CoverageState {
        coverage: Some(interval.coverage),
        governing: interval.governing.as_ref().map(|g| g.id.clone()),
        scope: interval.governing.as_ref().map(|g| g.scope),
        reason: interval.reason.clone(),
    }
}

/// Of an account without an agreement of the kind.
fn none() -> CoverageState {
    CoverageState { coverage: Some(Coverage::NotCovered), ..CoverageState::absent() }
}
