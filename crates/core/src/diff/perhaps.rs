//! Coverage that a change perhaps ends: of accounts that were not listed (D31), and of accounts of which it is not known whether an
//! agreement of the organization that they leave was in force (D16). A difference of answers cannot tell it: there is no answer about
//! the first, and that about the others is as unknown after the change as before. The rules are asked about both.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Side;
use super::differences::Answers;
use crate::agreements::{Agreements, KindCoverage};
use crate::assessment::completeness::Unseen;
use crate::assessment::completeness::others::with_unlisted;
use crate::history::{self, Query};
use crate::inventory::Inventory;
use crate::moment::{self, Moment};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
use crate::terms::Coverage;

/// Coverage that is perhaps lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct PerhapsLost {
    /// The account; null for accounts that were not listed.
    pub account: Option<String>,
    /// The organization whose accounts were not all listed, or which the account is not in any more.
    pub organization: Option<String>,
    /// The kind of agreement.
    pub kind: String,
    /// The other moment from which it is so, a later one or one in the past; `None` where it is at the moment asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Why it is accepted, if an exception says so.
    pub allowed: Option<String>,
}

impl PerhapsLost {
    /// Whose coverage it is, in words.
    pub fn whose(&self) -> String {
        let organization = self.organization.as_deref().unwrap_or("its organization");
        match &self.account {
            Some(account) => format!("account {account}: whether it was covered by {organization} is unknown"),
            None => format!("accounts of {organization} that were not listed"),
        }
    }
}

/// How an account stands on one side.
#[derive(Default)]
pub(crate) struct Stand {
    organizations: BTreeSet<String>,
    rows: BTreeMap<String, KindCoverage>,
}

impl Stand {
    /// By the number of the account; of one that is not there, nothing.
    pub(crate) fn of(agreements: &Agreements<'_>, account: &str) -> Result<Self, Failure> {
        let Some(account) = agreements.tree.accounts.get(account) else { return Ok(Self::default()) };
        let standing = agreements.standing(account)?;
        let entities = agreements.entities(account, &standing, &[])?;
        let rows = agreements.coverage(account, &standing, &entities)?;
        Ok(Self {
            organizations: standing.organizations().cloned().collect(),
            rows: rows.into_iter().map(|row| (row.kind.clone(), row)).collect(),
        })
    }

    /// The kinds of which an agreement is in force.
    pub(crate) fn covered(&self) -> impl Iterator<Item = &String> {
        self.rows.values().filter(|row| row.coverage == Coverage::Covered).map(|row| &row.kind)
    }

    pub(crate) fn is_covered(&self, kind: &str) -> bool {
        self.rows.get(kind).is_some_and(|row| row.coverage == Coverage::Covered)
    }

    pub(crate) fn is_unknown(&self, kind: &str) -> bool {
        self.rows.get(kind).is_some_and(|row| row.coverage == Coverage::Unknown)
    }

    /// The kinds of which an agreement of an organization that the account is not in any more may have been in force.
    fn left<'a>(&'a self, new: &'a Self) -> impl Iterator<Item = (&'a String, &'a String)> {
        let gone = self.organizations.difference(&new.organizations).next();
        let open = |row: &&KindCoverage| row.coverage == Coverage::Unknown && row.organization.is_none();
        let of = gone
            .into_iter()
            .flat_map(move |organization| self.rows.values().filter(open).map(move |row| (organization, &row.kind)));
        let is_open = |kind: &String| new.rows.get(kind).is_none_or(|row| row.coverage == Coverage::Unknown);
        of.filter(move |(_, kind)| is_open(kind))
    }
}

/// All that is perhaps lost between two inventories, each asked at the moment of its options.
pub(super) fn lost(
    [base, head]: [&Side<'_>; 2],
    rules: &RuleBook,
    answers: [&Answers; 2],
) -> Result<Vec<PerhapsLost>, Failure> {
    stack::evaluate(|| {
        let filter = &head.options.filter;
        let mut found = listed([base, head], rules, answers)?;
        if filter.accounts.is_empty() {
            for organization in Unseen::of(base.inventory).organizations() {
                found.extend(unlisted([base, head], rules, organization)?);
            }
        }
        found.retain(|lost| filter.agreement(&lost.kind));
        found.sort();
        Ok(found)
    })
}

/// That of accounts whose coverage is unknown on both sides.
fn listed(sides: [&Side<'_>; 2], rules: &RuleBook, [old, new]: [&Answers; 2]) -> Result<Vec<PerhapsLost>, Failure> {
    let [before, after] = [old, new].map(Answers::of_unknown_coverage);
    let both: BTreeSet<&String> = before.intersection(&after).map(|(account, _)| account).collect();
    let mut found = Vec::new();
    if both.is_empty() {
        return Ok(found);
    }
    let [base, head] = sides.map(|side| Agreements::new(side.inventory, rules, side.options.at));
    for account in both {
        let (old, new) = (Stand::of(&base, account)?, Stand::of(&head, account)?);
        found.extend(old.left(&new).map(|(organization, kind)| PerhapsLost {
            account: Some(account.clone()),
            organization: Some(organization.clone()),
            kind: kind.clone(),
            from: None,
            allowed: None,
        }));
    }
    Ok(found)
}

/// That of accounts of an organization that were not listed: the rules are asked about one of which nothing is known but that it is
/// there, at the moment asked, at each later one that is recorded already, and at those in the past that both sides tell.
fn unlisted([base, head]: [&Side<'_>; 2], rules: &RuleBook, organization: &str) -> Result<Vec<PerhapsLost>, Failure> {
    let (old, id) = with_unlisted(base.inventory, organization);
    let (new, same) = with_unlisted(head.inventory, organization);
    let asked = [(&old, id.as_str()), (&new, same.as_str())];
    let mut moments: BTreeSet<Moment> = BTreeSet::new();
    let (end, beginning) = (base.options.at.min(head.options.at), moment::parse("0001-01-01").unwrap_or_default());
    for (inventory, account) in asked {
        moments.extend(later(inventory, rules, account, (head.options.at, None))?);
        moments.extend(later(inventory, rules, account, (beginning, Some(end)))?);
    }
    let mut found: BTreeMap<String, PerhapsLost> = BTreeMap::new();
    let first = (base.options.at, head.options.at, None);
    for (then, now, from) in std::iter::once(first).chain(moments.into_iter().map(|at| (at, at, Some(at)))) {
        let old = Stand::of(&Agreements::new(&old, rules, then), &id)?;
        let new = Stand::of(&Agreements::new(&new, rules, now), &same)?;
        let covered = old.covered().filter(|kind| !new.is_covered(kind));
        for kind in covered.chain(old.left(&new).map(|(_, kind)| kind)) {
            found.entry(kind.clone()).or_insert_with(|| PerhapsLost {
                account: None,
                organization: Some(organization.to_owned()),
                kind: kind.clone(),
                from: from.map(moment::format),
                allowed: None,
            });
        }
    }
    Ok(found.into_values().collect())
}

/// The moments after one, and before another, at which something changes; none where the rules reckon with dates, which is told by itself.
fn later(
    inventory: &Inventory,
    rules: &RuleBook,
    account: &str,
    (from, to): (Moment, Option<Moment>),
) -> Result<BTreeSet<Moment>, Failure> {
    let to = to.unwrap_or_else(moment::never);
    let query = Query { from: Some(from), to, accounts: vec![account.to_owned()], kinds: Vec::new() };
    match history::moments(inventory, rules, &query) {
        Err(Failure::Problems(_)) => Ok(BTreeSet::new()),
        found => found,
    }
}
