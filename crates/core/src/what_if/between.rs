//! Coverage that is lost between two changes of a plan: an account that is covered before all of them and after, and not in between.
//! Changes are made one after the other, and whoever makes them takes time.

use std::collections::BTreeMap;

use serde::Serialize;

use super::advice::Made;
use super::{Change, supposed};
use crate::agreements::Agreements;
use crate::diff::perhaps::Stand;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;

/// Coverage that is lost on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Between {
    /// The account.
    pub account: String,
    /// The kind of agreement.
    pub kind: String,
    /// The change after which it is not covered, or perhaps not, counted from one.
    pub after: usize,
    /// The change that covers it again.
    pub until: usize,
}

/// An account, and a kind of agreement.
type Of<'a> = (&'a String, String);

/// All of it.
pub(super) fn uncovered(
    base: &Inventory,
    (before, after): (&Agreements<'_>, &Agreements<'_>),
    rules: &RuleBook,
    (changes, made): (&[Change], &Made),
    at: Moment,
) -> Result<Vec<Between>, Failure> {
    let ends = |change: &Change| {
        matches!(
            change,
            Change::Leave { .. }
                | Change::Join { .. }
                | Change::Terminate { .. }
                | Change::RemoveDesignation { .. }
                | Change::Delete { .. }
        )
    };
    let (Some(first), count) = (changes.iter().position(ends), changes.len()) else { return Ok(Vec::new()) };
    if first + 1 == count {
        return Ok(Vec::new());
    }
    let mut covered: Vec<Of<'_>> = Vec::new();
    for account in made.accounts() {
        let (old, new) = (Stand::of(before, account)?, Stand::of(after, account)?);
        covered.extend(old.covered().filter(|kind| new.is_covered(kind)).map(|kind| (account, kind.clone())));
    }
    if covered.is_empty() {
        return Ok(Vec::new());
    }
    let mut open: BTreeMap<Of<'_>, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for step in first + 1..=count {
        let inventory = supposed(base, changes.get(..step).unwrap_or(changes), at)?;
        let agreements = Agreements::new(&inventory, rules, at);
        let mut stands: BTreeMap<&String, Stand> = BTreeMap::new();
        for of in &covered {
            if !stands.contains_key(of.0) {
                stands.insert(of.0, Stand::of(&agreements, of.0)?);
            }
            let is_covered = stands.get(of.0).is_some_and(|stand| stand.is_covered(&of.1));
            match open.get(of) {
                None if !is_covered => drop(open.insert(of.clone(), step)),
                Some(after) if is_covered => {
                    let (account, kind) = (of.0.clone(), of.1.clone());
                    found.push(Between { account, kind, after: *after, until: step });
                    open.remove(of);
                }
                _ => {}
            }
        }
    }
    Ok(found)
}
