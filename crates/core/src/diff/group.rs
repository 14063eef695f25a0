//! Differences that are alike, as one entry: the same for these principals, for the same reason.

use std::collections::{BTreeMap, BTreeSet};

use super::causes::Causes;
use super::differences::{
    self, AccessChange, AccessState, CoverageChange, CoverageState, Difference, FindingChange, Operation, State,
    Subject,
};
use super::{AccessEntry, AccountEntry, Cause, CoverageEntry, FindingEntry, PrincipalEntry};
use crate::assessment::Assessment;

/// Brings differences together that are alike.
pub(super) struct Sides<'a> {
    /// The old assessment.
    pub before: &'a Assessment,
    /// The new one.
    pub after: &'a Assessment,
    /// The principals of both.
    pub principals: [&'a BTreeMap<(String, String), PrincipalEntry>; 2],
}

/// Principals, by account and ARN.
type Who<'a> = BTreeSet<&'a (String, String)>;

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
            causes: cause_entries(causes),
            allowed: None,
        });
        let coverage = coverage.collect();
        let findings = findings.into_iter().filter_map(|(key, subjects)| self.finding(key, &subjects)).collect();
        (self.access(access), coverage, findings)
    }

    /// Operations that changed alike for the same principals are one entry.
    fn access(&self, access: BTreeMap<(AccessKey, &Operation), Who<'_>>) -> Vec<AccessEntry> {
        let mut merged: BTreeMap<(AccessKey, Who<'_>), Vec<Operation>> = BTreeMap::new();
        for ((key, operation), principals) in access {
            merged.entry((key, principals)).or_default().push(operation.clone());
        }
        let [before, after] = self.principals;
        let named = |who: &(String, String)| after.get(who).or_else(|| before.get(who)).cloned();
        let entry = |((key, who), operations): ((AccessKey, Who<'_>), Vec<Operation>)| {
            let (change, before, after, actions_gained, actions_lost, causes) = key;
            AccessEntry {
                change,
                operations,
                before,
                after,
                actions_gained,
                actions_lost,
                principals: who.into_iter().filter_map(named).collect(),
                causes: cause_entries(&causes),
                allowed: None,
            }
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
