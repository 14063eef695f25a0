//! What ended between two snapshots: coverage that the old inventory had at its own moment, and that the new one records to have ended
//! by its own, with the day and what happened. An end counts although something covers the account again by then.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::differences::{Answers, CoverageChange, CoverageState, Subject};
use super::{AccountEntry, CoverageEntry, Side, past};
use crate::history::{self, Event, Interval, Query};
use crate::moment::{self, Moment};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::Coverage;

/// That rules reckon with dates: when coverage ended is not known.
pub(super) const UNTOLD: &str = "what ended between the two moments and when: the rules reckon with dates";

/// A time in which an account was not covered, or may not have been: [from, until).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Uncovered {
    from: Option<Moment>,
    until: Option<Moment>,
    /// Of some of it that is certain.
    certainly: bool,
    /// Why of none of it is.
    reason: Option<String>,
    ended_with: Vec<Event>,
}

/// An account, and a kind of agreement.
type Of = (AccountEntry, String);

/// The intervals of accounts, by number and kind.
type Histories = BTreeMap<(String, String), Vec<Interval>>;

/// Both inventories, each asked at its own moment, and what the old one answered.
pub(super) struct Between<'a> {
    /// The old one and the new one.
    pub sides: [&'a Side<'a>; 2],
    /// The rules of both.
    pub rules: &'a RuleBook,
    /// The answers of both.
    pub answers: [&'a Answers; 2],
}

impl Between<'_> {
    /// Says of each loss when it happened and by what, and adds what was lost for a time only. Whether the rules could tell.
    pub fn tell(&self, entries: &mut Vec<CoverageEntry>) -> Result<bool, Failure> {
        let told = self.turned().and_then(|turned| self.told(entries, &turned));
        match told {
            Err(Failure::Problems(_)) => Ok(false),
            told => {
                *entries = told?;
                Ok(true)
            }
        }
    }

    /// What was lost for a time between the two, and is no loss that is told already.
    pub fn tell_others(&self, entries: &mut Vec<CoverageEntry>) -> Result<bool, Failure> {
        let found = self.turned().and_then(|turned| self.lost_for_a_time(&turned));
        let found = match found {
            Err(Failure::Problems(_)) => return Ok(false),
            found => found?,
        };
        for mut loss in found {
            let told = entries.iter().filter(|e| e.is_loss() && e.kind == loss.kind).flat_map(|e| &e.accounts);
            let told: BTreeSet<AccountEntry> = told.cloned().collect();
            loss.accounts.retain(|account| !told.contains(account));
            if !loss.accounts.is_empty() {
                entries.push(loss);
            }
        }
        Ok(true)
    }

    fn told(&self, entries: &[CoverageEntry], turned: &[Of]) -> Result<Vec<CoverageEntry>, Failure> {
        let lacks_day = |e: &&CoverageEntry| e.is_loss() && e.from.is_none();
        let lost = entries.iter().filter(lacks_day).flat_map(|e| e.accounts.iter().map(|a| a.account.clone()));
        let lost: BTreeSet<String> = lost.collect();
        let [old, new] = [self.histories(self.sides[0], &lost)?, self.histories(self.sides[1], &lost)?];
        let mut told = Vec::new();
        for entry in entries {
            match lacks_day(&entry) {
                true => {
                    entry.accounts.iter().for_each(|account| add(&mut told, self.dated(entry, account, [&old, &new])))
                }
                false => told.push(entry.clone()),
            }
        }
        self.lost_for_a_time(turned)?.into_iter().for_each(|loss| add(&mut told, loss));
        Ok(told)
    }

    fn lost_for_a_time(&self, turned: &[Of]) -> Result<Vec<CoverageEntry>, Failure> {
        let accounts = turned.iter().map(|(account, _)| account.account.clone()).collect();
        let new = self.histories(self.sides[1], &accounts)?;
        let mut found = Vec::new();
        for (account, kind) in turned {
            let intervals = new.get(&(account.account.clone(), kind.clone())).map_or(&[][..], Vec::as_slice);
            for loss in self.for_a_time(account, kind, intervals) {
                add(&mut found, loss);
            }
        }
        Ok(found)
    }

    fn moments(&self) -> [Moment; 2] {
        self.sides.map(|side| side.options.at)
    }

    fn answers_about(&self, account: &str, kind: &str) -> [CoverageState; 2] {
        let subject = Subject::Coverage { account: account.to_owned(), kind: kind.to_owned() };
        self.answers.map(|answers| answers.get(&subject).coverage())
    }

    /// The accounts and kinds of which the new inventory says that something changed in between.
    fn turned(&self) -> Result<Vec<Of>, Failure> {
        let ([from, to], [_, head]) = (self.moments(), self.sides);
        let filter = &head.options.filter;
        let (accounts, kinds) = (filter.accounts.clone(), filter.agreements.clone());
        let query = Query { from: Some(from), to: to + TimeDelta::milliseconds(1), accounts, kinds };
        let turns = history::turns(head.inventory, self.rules, &query)?;
        let of: BTreeSet<(String, String)> = turns.into_iter().map(|turn| (turn.account, turn.kind)).collect();
        Ok(of.into_iter().map(|(account, kind)| (self.named(account), kind)).collect())
    }

    fn named(&self, account: String) -> AccountEntry {
        let entity = self.sides[1].inventory.entity("Account", &account);
        AccountEntry { name: entity.and_then(|e| e.str("name")).map(str::to_owned), account }
    }

    /// What an inventory tells of the coverage of these accounts over time, by account and kind.
    fn histories(&self, side: &Side<'_>, accounts: &BTreeSet<String>) -> Result<Histories, Failure> {
        if accounts.is_empty() {
            return Ok(Histories::new());
        }
        let [_, to] = self.moments();
        let query = Query { from: None, to, accounts: accounts.iter().cloned().collect(), kinds: Vec::new() };
        let found = history::history(side.inventory, self.rules, &query)?;
        let rows =
            found.accounts.into_iter().flat_map(|a| a.agreements.into_iter().map(move |row| (a.account.clone(), row)));
        Ok(rows.map(|(account, row)| ((account, row.kind), row.intervals)).collect())
    }

    /// A loss of one account, with its day and what happened. What the new inventory has no record of, the old one may have recorded
    /// before its day.
    fn dated(&self, entry: &CoverageEntry, account: &AccountEntry, [old, new]: [&Histories; 2]) -> CoverageEntry {
        let [from, to] = self.moments();
        let of = (account.account.clone(), entry.kind.clone());
        let lasts = |u: &&Uncovered| u.from.is_none_or(|at| at <= to) && u.until.is_none_or(|at| at > to);
        let last =
            |histories: &Histories| histories.get(&of).and_then(|all| uncovered(all).iter().rfind(lasts).cloned());
        let tells = |u: &Uncovered| u.from.is_some() && (!u.ended_with.is_empty() || u.from > Some(from));
        let when = last(new).filter(tells).or_else(|| last(old).filter(tells));
        CoverageEntry {
            accounts: vec![account.clone()],
            from: when.as_ref().and_then(|u| u.from).map(moment::format),
            ended_with: when.map(|u| u.ended_with).unwrap_or_default(),
            ..entry.clone()
        }
    }

    /// What was lost until the moment of the new one, by what it records: an end of what the old one had, or of what began in between (D5,
    /// R51, R61). What is not known of that time counts as well (D16), unless the new inventory knows of its own moment alone.
    fn for_a_time(&self, account: &AccountEntry, kind: &str, intervals: &[Interval]) -> Vec<CoverageEntry> {
        let [from, to] = self.moments();
        let [before, _] = self.answers_about(&account.account, kind);
        let is_within = |i: &&Interval| {
            let (begins, ends) = i.span();
            begins.is_none_or(|at| at <= to) && ends.is_none_or(|at| at > from)
        };
        let mut lost = Vec::new();
        let (mut stood, mut open) = (before.clone(), None::<ForATime>);
        for interval in intervals.iter().filter(is_within) {
            let (stands, begins) = (past::state(interval), interval.span().0);
            let has_begun = begins.is_some_and(|at| at > from);
            match (&mut open, stands.coverage) {
                (Some(loss), Some(Coverage::Covered)) => {
                    loss.until = begins;
                    let is_snapshot = loss.since_before && !loss.certainly && begins.is_none_or(|at| at >= to);
                    if !(is_snapshot && interval.began_with.iter().all(|e| e.event.tells_of_knowledge())) {
                        lost.extend(open.take());
                    }
                    open = None;
                }
                (Some(loss), Some(Coverage::NotCovered)) if loss.before.coverage == Some(Coverage::Covered) => {
                    loss.certainly = true;
                    loss.after = stands.clone();
                }
                (None, Some(Coverage::NotCovered | Coverage::Unknown)) => {
                    let was_covered = stood.coverage == Some(Coverage::Covered);
                    let tells = |e: &history::Event| e.event == history::EventKind::AgreementsKnown || e.event.ends();
                    let was_unknown = stood.coverage == Some(Coverage::Unknown)
                        && stands.coverage == Some(Coverage::NotCovered)
                        && has_begun
                        && interval.began_with.iter().any(tells);
                    open = (was_covered || was_unknown).then(|| ForATime {
                        from: begins.filter(|_| has_begun || stands.coverage == Some(Coverage::NotCovered)),
                        until: None,
                        since_before: !has_begun,
                        certainly: was_covered && stands.coverage == Some(Coverage::NotCovered),
                        before: stood.clone(),
                        after: stands.clone(),
                        ended_with: interval.began_with.clone(),
                    });
                }
                _ => {}
            }
            stood = stands;
        }
        lost.extend(open);
        let known = before.coverage.is_some();
        let is_told = |loss: &ForATime| match (before.coverage, loss.before.coverage) {
            // at the moment of the new one, with its day
            (Some(Coverage::Covered), _) | (Some(Coverage::Unknown), Some(Coverage::Unknown)) => loss.until.is_none(),
            // of an account that is new the old one says nothing that could have been
            (_, Some(Coverage::Unknown)) => !known,
            _ => false,
        };
        lost.retain(|loss| !is_told(loss));
        let entry = |loss: ForATime| CoverageEntry {
            change: if loss.certainly { CoverageChange::Lost } else { CoverageChange::MayBeLost },
            kind: kind.to_owned(),
            before: loss.before,
            after: loss.after,
            accounts: vec![account.clone()],
            from: Some(moment::format(loss.from.unwrap_or(from))),
            until: loss.until.map(moment::format),
            anyway_from: None,
            past_from: None,
            ended_with: loss.ended_with,
            causes: Vec::new(),
            allowed: None,
        };
        lost.into_iter().map(entry).collect()
    }
}

/// Coverage that was over between the two moments.
struct ForATime {
    /// When it ended, where that is known to be after the first of them.
    from: Option<Moment>,
    until: Option<Moment>,
    /// The new inventory does not say that it was there at the first of them.
    since_before: bool,
    certainly: bool,
    before: CoverageState,
    after: CoverageState,
    ended_with: Vec<Event>,
}

/// An entry, or another account of one that is the same but for its accounts.
fn add(entries: &mut Vec<CoverageEntry>, entry: CoverageEntry) {
    let same = |e: &&mut CoverageEntry| {
        (e.change, &e.kind, &e.before, &e.after) == (entry.change, &entry.kind, &entry.before, &entry.after)
            && (&e.from, &e.until, &e.ended_with, &e.causes)
                == (&entry.from, &entry.until, &entry.ended_with, &entry.causes)
    };
    match entries.iter_mut().find(same) {
        Some(known) => {
            known.accounts.extend(entry.accounts);
            known.accounts.sort();
            known.accounts.dedup();
        }
        None => entries.push(entry),
    }
}

/// The times between intervals of coverage.
fn uncovered(intervals: &[Interval]) -> Vec<Uncovered> {
    let (mut found, mut open) = (Vec::<Uncovered>::new(), false);
    for interval in intervals {
        if interval.coverage == Coverage::Covered {
            open = false;
            continue;
        }
        let (from, until) = interval.span();
        let certainly = interval.coverage == Coverage::NotCovered;
        match found.last_mut().filter(|_| open) {
            Some(last) => (last.until, last.certainly) = (until, last.certainly || certainly),
            None => {
                let (reason, ended_with) = (interval.reason.clone(), interval.began_with.clone());
                found.push(Uncovered { from, until, certainly, reason, ended_with });
            }
        }
        open = true;
    }
    found
}
