//! What ended between two snapshots: coverage that the old inventory had at its own moment, and that the new one records to have ended
//! by its own, with the day and what happened. An end counts although something covers the account again by then.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::differences::{Answers, CoverageChange, CoverageState, Subject};
use super::{AccountEntry, CoverageEntry, Side};
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

/// When accounts were not covered, by number and kind.
type Histories = BTreeMap<(String, String), Vec<Uncovered>>;

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
        let told = self.ended().and_then(|ended| self.told(entries, &ended));
        match told {
            Err(Failure::Problems(_)) => Ok(false),
            told => {
                *entries = told?;
                Ok(true)
            }
        }
    }

    fn told(&self, entries: &[CoverageEntry], ended: &[Of]) -> Result<Vec<CoverageEntry>, Failure> {
        let lacks_day = |e: &&CoverageEntry| e.is_loss() && e.from.is_none();
        let lost = entries.iter().filter(lacks_day).flat_map(|e| e.accounts.iter().map(|a| a.account.clone()));
        let accounts: BTreeSet<String> = ended.iter().map(|(account, _)| account.account.clone()).chain(lost).collect();
        let [old, new] = [self.histories(self.sides[0], &accounts)?, self.histories(self.sides[1], &accounts)?];
        let mut told = Vec::new();
        for entry in entries {
            match lacks_day(&entry) {
                true => {
                    entry.accounts.iter().for_each(|account| add(&mut told, self.dated(entry, account, [&old, &new])))
                }
                false => told.push(entry.clone()),
            }
        }
        for (account, kind) in ended {
            self.for_a_time(account, kind, &new).into_iter().for_each(|loss| add(&mut told, loss));
        }
        Ok(told)
    }

    fn moments(&self) -> [Moment; 2] {
        self.sides.map(|side| side.options.at)
    }

    fn answers_about(&self, account: &str, kind: &str) -> [CoverageState; 2] {
        let subject = Subject::Coverage { account: account.to_owned(), kind: kind.to_owned() };
        self.answers.map(|answers| answers.get(&subject).coverage())
    }

    /// The accounts and kinds that are covered at both moments, and of which the new inventory says that something changed in between.
    fn ended(&self) -> Result<Vec<Of>, Failure> {
        let ([from, to], [_, head]) = (self.moments(), self.sides);
        let filter = &head.options.filter;
        let (accounts, kinds) = (filter.accounts.clone(), filter.agreements.clone());
        let query = Query { from: Some(from), to: to + TimeDelta::milliseconds(1), accounts, kinds };
        let turns = history::turns(head.inventory, self.rules, &query)?;
        let of: BTreeSet<(String, String)> = turns.into_iter().map(|turn| (turn.account, turn.kind)).collect();
        let covered = |(account, kind): &(String, String)| {
            self.answers_about(account, kind).iter().all(|s| s.coverage == Some(Coverage::Covered))
        };
        Ok(of.into_iter().filter(covered).map(|(account, kind)| (self.named(account), kind)).collect())
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
        Ok(rows.map(|(account, row)| ((account, row.kind.clone()), uncovered(&row.intervals))).collect())
    }

    /// A loss of one account, with its day and what happened. What the new inventory has no record of, the old one may have recorded
    /// before its day.
    fn dated(&self, entry: &CoverageEntry, account: &AccountEntry, [old, new]: [&Histories; 2]) -> CoverageEntry {
        let [from, to] = self.moments();
        let of = (account.account.clone(), entry.kind.clone());
        let lasts = |u: &&Uncovered| u.from.is_none_or(|at| at <= to) && u.until.is_none_or(|at| at > to);
        let last = |histories: &Histories| histories.get(&of).and_then(|all| all.iter().rfind(lasts).cloned());
        let tells = |u: &Uncovered| u.from.is_some() && (!u.ended_with.is_empty() || u.from > Some(from));
        let when = last(new).filter(tells).or_else(|| last(old).filter(tells));
        CoverageEntry {
            accounts: vec![account.clone()],
            from: when.as_ref().and_then(|u| u.from).map(moment::format),
            ended_with: when.map(|u| u.ended_with).unwrap_or_default(),
            ..entry.clone()
        }
    }

    /// The losses of one that is covered at both moments, by what the new inventory records. What is not known of the time in between
    /// is none unless it begins with an end that is recorded: a snapshot often tells of its own moment only.
    fn for_a_time(&self, account: &AccountEntry, kind: &str, new: &Histories) -> Vec<CoverageEntry> {
        let [from, to] = self.moments();
        let is_within = |u: &&Uncovered| {
            let begins = u.certainly || (u.ended_with.iter().any(|e| e.event.ends()) && u.from > Some(from));
            begins && u.from.is_none_or(|at| at <= to) && u.until.is_some_and(|at| at > from && at <= to)
        };
        let [before, _] = self.answers_about(&account.account, kind);
        let after = |u: &Uncovered| match u.certainly {
            true => CoverageState { coverage: Some(Coverage::NotCovered), ..CoverageState::absent() },
            false => {
                CoverageState { coverage: Some(Coverage::Unknown), reason: u.reason.clone(), ..CoverageState::absent() }
            }
        };
        let all = new.get(&(account.account.clone(), kind.to_owned())).into_iter().flatten().filter(is_within);
        let entry = |u: &Uncovered| CoverageEntry {
            change: if u.certainly { CoverageChange::Lost } else { CoverageChange::MayBeLost },
            kind: kind.to_owned(),
            before: before.clone(),
            after: after(u),
            accounts: vec![account.clone()],
            from: u.from.map(moment::format),
            until: u.until.map(moment::format),
            anyway_from: None,
            past_from: None,
            ended_with: u.ended_with.clone(),
            causes: Vec::new(),
            allowed: None,
        };
        all.map(entry).collect()
    }
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
