//! What is in force once a way to end coverage is gone: the change is made, and the rules are asked.
//!
//! What is made to one account changes nothing of another, as far as the rules ask about each by itself. So each kind of change is made to
//! all accounts together, and all are asked at once; otherwise each is made alone.

use std::collections::BTreeMap;

use super::{Asked, Effect, coverage, row};
use crate::agreements::Agreements;
use crate::assessment::{AccountAnswer, AgreementAnswer, Filter, Options};
use crate::inventory::Inventory;
use crate::inventory::tree::Tree;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
use crate::terms::{Coverage, Scope};
use crate::what_if::{Change, supposed, together};

pub(super) struct Effects<'a> {
    pub inventory: &'a Inventory,
    pub rules: &'a RuleBook,
    pub options: &'a Options,
    pub kind: &'a str,
}

/// What is asked about an account: its place among all, and the change.
type Of<'a> = (usize, &'a Change);

impl Effects<'_> {
    /// What comes of each way of each account.
    pub fn of(&self, asked: &[(&AccountAnswer, Vec<Asked>)]) -> Result<Vec<Vec<Effect>>, Failure> {
        let apart = stack::evaluate(|| {
            Ok(Agreements::new(self.inventory, self.rules, self.options.at).stays_with_the_account())
        })?;
        // several ways make the same change
        let mut known: BTreeMap<(usize, String), Effect> = BTreeMap::new();
        for group in groups(asked) {
            let told = if apart { self.together(asked, &group)? } else { None };
            match told {
                Some(effects) => known.extend(group.iter().zip(effects).map(|((of, c), e)| ((*of, c.to_string()), e))),
                None => {
                    for (of, change) in &group {
                        let Some((account, _)) = asked.get(*of) else { continue };
                        let effect = self.alone(account, std::slice::from_ref(*change))?;
                        known.insert((*of, change.to_string()), effect);
                    }
                }
            }
        }
        let mut effects = Vec::new();
        for (of, (account, ways)) in asked.iter().enumerate() {
            let effect = |way: &Asked| match &way.change {
                Some(Change::Close { .. }) => Ok(Effect::DepartsLater),
                Some(change) => Ok(known.get(&(of, change.to_string())).copied().unwrap_or(Effect::Unknown)),
                None => self.deleted(account),
            };
            effects.push(ways.iter().map(effect).collect::<Result<Vec<Effect>, Failure>>()?);
        }
        Ok(effects)
    }

    /// Changes to many accounts, made together; `None` where they cannot be.
    fn together(
        &self,
        asked: &[(&AccountAnswer, Vec<Asked>)],
        group: &[Of<'_>],
    ) -> Result<Option<Vec<Effect>>, Failure> {
        // one change may be made for all of them
        let mut changes: BTreeMap<String, (usize, &Change)> = BTreeMap::new();
        for (_, change) in group {
            let next = changes.len();
            changes.entry(change.to_string()).or_insert((next, change));
        }
        let mut in_order: Vec<&(usize, &Change)> = changes.values().collect();
        in_order.sort_by_key(|(place, _)| *place);
        let each: Vec<&Change> = in_order.into_iter().map(|(_, change)| *change).collect();
        let Some((after, made)) = together(self.inventory, &each, self.options.at) else { return Ok(None) };
        let found = coverage(&after, self.rules, self.options)?;
        let rows: BTreeMap<&str, &AccountAnswer> = found.accounts.iter().map(|a| (a.account.as_str(), a)).collect();
        let effect = |(of, change): &Of<'_>| {
            let is_made = changes.get(&change.to_string()).and_then(|(place, _)| made.get(*place));
            let account = asked.get(*of).and_then(|(account, _)| rows.get(account.account.as_str()));
            match is_made {
                Some(true) => told(account.and_then(|account| row(account, self.kind))),
                // what cannot happen has no effect that is known
                _ => Effect::Unknown,
            }
        };
        Ok(Some(group.iter().map(effect).collect()))
    }

    /// Changes that are made for one account alone.
    fn alone(&self, account: &AccountAnswer, changes: &[Change]) -> Result<Effect, Failure> {
        // what cannot happen has no effect that is known
        let Ok(after) = supposed(self.inventory, changes, self.options.at) else { return Ok(Effect::Unknown) };
        let filter = Filter { accounts: vec![account.account.clone()], ..Filter::default() };
        let found = coverage(&after, self.rules, &Options { filter, ..self.options.clone() })?;
        Ok(told(found.accounts.first().and_then(|account| row(account, self.kind))))
    }

    /// Deleting the organization takes every member's departure first, so that the account's own agreement alone is asked about.
    fn deleted(&self, account: &AccountAnswer) -> Result<Effect, Failure> {
        let Some(organization) = &account.organization else { return Ok(Effect::Unknown) };
        let members = departures(self.inventory, organization);
        let left = together(self.inventory, &members.iter().collect::<Vec<_>>(), self.options.at);
        let left = left.filter(|(_, made)| made.iter().all(|made| *made)).map(|(left, _)| left);
        let delete = Change::Delete { organization: organization.clone() };
        match left {
            Some(left) => Effects { inventory: &left, ..*self }.alone(account, &[delete]),
            None => self.alone(account, &members.into_iter().chain([delete]).collect::<Vec<_>>()),
        }
    }
}

/// Changes of the same kind and scope, in which nobody has two: no account, and no organization.
fn groups<'a>(asked: &'a [(&AccountAnswer, Vec<Asked>)]) -> Vec<Vec<Of<'a>>> {
    let mut groups: BTreeMap<(&'static str, Option<Scope>, usize), Vec<Of<'a>>> = BTreeMap::new();
    let mut changes: BTreeMap<(&'static str, Option<Scope>, &str), Vec<String>> = BTreeMap::new();
    for (of, (account, ways)) in asked.iter().enumerate() {
        for way in ways {
            let Some(change) = way.change.as_ref().filter(|c| !matches!(c, Change::Close { .. })) else { continue };
            let whose = match way.scope {
                Some(Scope::Organization) => account.organization.as_deref().unwrap_or_default(),
                _ => account.account.as_str(),
            };
            let (word, told) = (change.word(), change.to_string());
            let of_its = changes.entry((word, way.scope, whose)).or_default();
            let place = of_its.iter().position(|known| *known == told).unwrap_or_else(|| {
                of_its.push(told);
                of_its.len() - 1
            });
            let group = groups.entry((word, way.scope, place)).or_default();
            if group.last().is_none_or(|(last, _)| *last != of) {
                group.push((of, change));
            }
        }
    }
    groups.into_values().collect()
}

/// What a row says of the time after.
fn told(row: Option<&AgreementAnswer>) -> Effect {
    match row.map(|r| (r.coverage, r.governing.as_ref().map(|g| g.scope))) {
        Some((Coverage::Covered, Some(Scope::Account))) => Effect::OwnAgreement,
        Some((Coverage::Covered, _)) => Effect::StillCovered,
        Some((Coverage::NotCovered, _)) | None => Effect::Uncovered,
        Some((Coverage::Unknown, _)) => Effect::Unknown,
    }
}

/// Every member departs.
fn departures(inventory: &Inventory, organization: &str) -> Vec<Change> {
    let tree = Tree::new(inventory);
    let is_member = |id: &&String| {
        let account = tree.accounts.get(*id);
        account.is_some_and(|a| tree.now(a).organization.as_deref() == Some(organization))
            && !tree.manages(id, Some(organization))
    };
    tree.accounts.keys().filter(is_member).map(|id| Change::Leave { account: id.clone() }).collect()
}
