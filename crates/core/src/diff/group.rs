//! Differences that are alike, as one entry: the same for these principals, for the same reason.

use std::collections::{BTreeMap, BTreeSet};

use super::causes::Causes;
use super::differences::{
    self, AccessChange, AccessState, Answers, CoverageChange, CoverageState, Difference, FindingChange, State, Subject,
};
use super::people::{self, Actor};
use super::{AccessEntry, AccountEntry, Cause, CoverageEntry, FindingEntry};
use crate::assessment::{Assessment, Operation};

/// Brings differences together that are alike.
pub(super) struct Sides<'a> {
    /// The old assessment.
    pub before: &'a Assessment,
    /// The new one.
    pub after: &'a Assessment,
    /// The answers of both.
    pub answers: [&'a Answers; 2],
}

/// Principals, by account and ARN.
type Who<'a> = BTreeSet<&'a (String, String)>;

/// People, by the account that they act in.
type Whom<'a> = BTreeSet<(&'a str, &'a Actor)>;

/// All that entries of access are told apart by, but for the operation and the principals.
type AccessKey = (AccessChange, AccessState, AccessState, Vec<String>, Vec<String>, Causes);

impl Sides<'_> {
    /// The entries of all differences.
    pub fn entries(
        &self,
        differences: &[Difference],
        causes: &[Causes],
    ) -> (Vec<AccessEntry>, Vec<CoverageEntry>, Vec<FindingEntry>) {
        let mut access: BTreeMap<(AccessKey, &Operation), Who<'_>> = BTreeMap::new();
        let mut people: BTreeMap<(AccessKey, &Operation), Whom<'_>> = BTreeMap::new();
        let mut coverage: BTreeMap<(CoverageChange, &str, CoverageState, CoverageState, &Causes), BTreeSet<&str>> =
            BTreeMap::new();
        let mut findings: BTreeMap<(FindingChange, &str, &str, &Causes), BTreeSet<&str>> = BTreeMap::new();
        for (difference, causes) in differences.iter().zip(causes) {
            match &difference.subject {
                Subject::Access { principal, operation } => {
                    if let Some(key) = access_key(difference, causes) {
                        access.entry((key, operation)).or_default().insert(principal);
                    }
                }
                Subject::Person { account, actor, operation } => {
                    if let Some(key) = access_key(difference, causes) {
                        people.entry((key, operation)).or_default().insert((account, actor));
                    }
                }
                Subject::Coverage { account, kind } => {
                    let (before, after) = (difference.before.coverage(), difference.after.coverage());
                    if let Some(change) = differences::coverage_change(&before, &after) {
                        coverage.entry((change, kind, before, after, causes)).or_default().insert(account);
                    }
                }
                Subject::Finding(rule, subject, message) => {
                    let is_new = difference.after == State::Found;
                    let change = if is_new { FindingChange::New } else { FindingChange::Gone };
                    findings.entry((change, rule, message, causes)).or_default().insert(subject);
                }
            }
        }
        let coverage = coverage.into_iter().map(|((change, kind, before, after, causes), accounts)| CoverageEntry {
            change,
            kind: kind.to_owned(),
            before,
            after,
            accounts: accounts.into_iter().map(|a| self.account(a)).collect(),
            from: None,
            until: None,
            anyway_from: None,
            past_from: None,
            ended_with: Vec::new(),
            causes: cause_entries(causes),
            allowed: None,
        });
        let coverage = coverage.collect();
        let findings = findings.into_iter().filter_map(|(key, subjects)| self.finding(key, &subjects)).collect();
        let mut entries = self.access(access);
        entries.extend(self.people(people));
        entries.sort_by_key(|e| e.change);
        (entries, coverage, findings)
    }

    /// The same for people who act as others than before.
    fn people(&self, access: BTreeMap<(AccessKey, &Operation), Whom<'_>>) -> Vec<AccessEntry> {
        let mut merged: BTreeMap<(AccessKey, Whom<'_>), Vec<Operation>> = BTreeMap::new();
        for ((key, operation), people) in access {
            merged.entry((key, people)).or_default().push(operation.clone());
        }
        let [old, new] = self.answers;
        let entry = |((key, whom), operations): ((AccessKey, Whom<'_>), Vec<Operation>)| {
            let mut entry = access_entry(key, operations);
            let lost = people::is_loss(Some(entry.change), &entry.actions_gained);
            let side = if lost { old } else { new };
            let ways = whom.into_iter().flat_map(|(account, actor)| side.ways(account, actor, &entry.operations));
            let ways: Vec<_> = ways.collect();
            entry.principals = people::principals(&ways, |who| side.principals.get(who).cloned());
            entry.people = ways.into_iter().map(|(_, person)| person).collect();
            entry
        };
        merged.into_iter().map(entry).collect()
    }

    /// Operations that changed alike for the same principals are one entry.
    fn access(&self, access: BTreeMap<(AccessKey, &Operation), Who<'_>>) -> Vec<AccessEntry> {
        let mut merged: BTreeMap<(AccessKey, Who<'_>), Vec<Operation>> = BTreeMap::new();
        for ((key, operation), principals) in access {
            merged.entry((key, principals)).or_default().push(operation.clone());
        }
        let [before, after] = self.answers.map(|a| &a.principals);
        let named = |who: &(String, String)| after.get(who).or_else(|| before.get(who)).cloned();
        let entry = |((key, who), operations): ((AccessKey, Who<'_>), Vec<Operation>)| {
            let principals = who.into_iter().filter_map(named).collect();
            AccessEntry { principals, ..access_entry(key, operations) }
        };
        merged.into_iter().map(entry).collect()
    }

    fn account(&self, id: &str) -> AccountEntry {
        // accounts stand in the order of their numbers
        let of = |side: &Assessment| {
            let index = side.accounts.binary_search_by(|a| a.account.as_str().cmp(id)).ok()?;
            side.accounts.get(index)?.name.clone()
        };
        let name = of(self.after).or_else(|| of(self.before));
        AccountEntry { account: id.to_owned(), name }
    }

    fn finding(
        &self,
        (change, rule, message, causes): (FindingChange, &str, &str, &Causes),
        subjects: &BTreeSet<&str>,
    ) -> Option<FindingEntry> {
        let side = if change == FindingChange::New { self.after } else { self.before };
        let finding = side.findings.iter().find(|f| f.rule == rule && f.message == message)?;
        Some(FindingEntry {
            change,
            rule: finding.rule.clone(),
            name: finding.name.clone(),
            severity: finding.severity,
            message: finding.message.clone(),
            help: finding.help.clone(),
            subjects: subjects.iter().map(|s| (*s).to_owned()).collect(),
            causes: cause_entries(causes),
        })
    }
}

/// An entry of nobody yet.
fn access_entry(key: AccessKey, operations: Vec<Operation>) -> AccessEntry {
    let (change, before, after, actions_gained, actions_lost, causes) = key;
    AccessEntry {
        change,
        operations,
        before,
        after,
        actions_gained,
        actions_lost,
        principals: Vec::new(),
        people: Vec::new(),
        causes: cause_entries(&causes),
        allowed: None,
        may_widen: false,
        of_agreements: false,
        of_members: false,
    }
}

fn cause_entries(causes: &Causes) -> Vec<Cause> {
    causes.iter().map(|(change, part)| Cause { change: *change, part: *part }).collect()
}

fn access_key(difference: &Difference, causes: &Causes) -> Option<AccessKey> {
    let (mut before, mut after) = (difference.before.access(), difference.after.access());
    let change = differences::access_change(&before, &after)?;
    let (gained, lost) = (differences::gained(&before, &after), differences::gained(&after, &before));
    // which actions are allowed is told by what is gained and lost
    before.actions.clear();
    after.actions.clear();
    Some((change, before, after, gained, lost, causes.clone()))
}
