//! Coverage that is lost between two changes of a plan: an account that is covered before all of them and after, and not in between.
//! Changes are made one after the other, and whoever makes them takes time.

use std::collections::BTreeMap;

use serde::Serialize;

use super::made::Made;
use super::{Change, steps, supposed};
use crate::agreements::Agreements;
use crate::assessment::completeness::Unseen;
use crate::assessment::completeness::others::with_unlisted;
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
    /// The account; null for accounts that were not listed.
    pub account: Option<String>,
    /// The organization whose accounts were not all listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The kind of agreement.
    pub kind: String,
    /// The change after which it is not covered, or perhaps not, counted from one.
    pub after: usize,
    /// The change that covers it again.
    pub until: usize,
    /// It is unknown whether it is covered meanwhile.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub perhaps: bool,
}

impl Between {
    /// Whose coverage it is, where nobody listed the account.
    pub fn of_unlisted(&self) -> Option<String> {
        let organization = self.organization.as_deref()?;
        Some(format!("accounts of {organization} that were not listed"))
    }
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
    let (Some(first), count) = (changes.iter().position(ends), changes.len()) else { return Ok(Vec::new()) };
    if first + 1 == count {
        return Ok(Vec::new());
    }
    let gaps = Gaps { rules, changes, first, at };
    let mut found = gaps.of(base, gaps.kept((before, after), made.accounts())?)?;
    found.extend(gaps.of_unlisted(base)?);
    Ok(found)
}

/// Whether a change may end coverage.
fn ends(change: &Change) -> bool {
    matches!(
        change,
        Change::Leave { .. }
            | Change::Join { .. }
            | Change::Terminate { .. }
            | Change::RemoveDesignation { .. }
            | Change::Delete { .. }
    )
}

struct Gaps<'a> {
    rules: &'a RuleBook,
    changes: &'a [Change],
    /// The first change that may end coverage, counted from nought.
    first: usize,
    at: Moment,
}

impl Gaps<'_> {
    /// What is covered before all changes and after them.
    fn kept<'b>(
        &self,
        (before, after): (&Agreements<'_>, &Agreements<'_>),
        accounts: impl Iterator<Item = &'b String>,
    ) -> Result<Vec<Of<'b>>, Failure> {
        let mut covered = Vec::new();
        for account in accounts {
            let (old, new) = (Stand::of(before, account)?, Stand::of(after, account)?);
            covered.extend(old.covered().filter(|kind| new.is_covered(kind)).map(|kind| (account, kind.clone())));
        }
        Ok(covered)
    }

    /// That of accounts that were not listed (D31): the changes are made where there is one more in each organization, of which nothing
    /// is known but that it is there.
    fn of_unlisted(&self, base: &Inventory) -> Result<Vec<Between>, Failure> {
        let mut organizations: BTreeMap<String, String> = BTreeMap::new();
        let mut with = base.clone();
        for organization in Unseen::of(base).organizations() {
            let (more, account) = with_unlisted(&with, organization);
            with = more;
            organizations.insert(account, organization.clone());
        }
        if organizations.is_empty() {
            return Ok(Vec::new());
        }
        let changed = supposed(&with, self.changes, self.at)?;
        let [before, after] = [&with, &changed].map(|inventory| Agreements::new(inventory, self.rules, self.at));
        let found = self.of(&with, self.kept((&before, &after), organizations.keys())?)?;
        let unlisted = |gap: Between| {
            let organization = gap.account.as_ref().and_then(|account| organizations.get(account)).cloned();
            Between { account: None, organization, ..gap }
        };
        Ok(found.into_iter().map(unlisted).collect())
    }

    /// What of this is lost after a change, and covered again by a later one.
    fn of(&self, base: &Inventory, covered: Vec<Of<'_>>) -> Result<Vec<Between>, Failure> {
        let mut found = Vec::new();
        if covered.is_empty() {
            return Ok(found);
        }
        // after which change it is not covered, and whether that is certain of any
        let mut open: BTreeMap<Of<'_>, (usize, bool)> = BTreeMap::new();
        steps(base, self.changes, self.at, |step, inventory| {
            let (step, agreements) = (step + 1, Agreements::new(inventory, self.rules, self.at));
            if step <= self.first {
                return Ok(());
            }
            let mut stands: BTreeMap<&String, Stand> = BTreeMap::new();
            for of in &covered {
                if !stands.contains_key(of.0) {
                    stands.insert(of.0, Stand::of(&agreements, of.0)?);
                }
                let is_covered = stands.get(of.0).is_some_and(|stand| stand.is_covered(&of.1));
                let is_open = stands.get(of.0).is_some_and(|stand| stand.is_unknown(&of.1));
                match open.get_mut(of) {
                    None if !is_covered => drop(open.insert(of.clone(), (step, !is_open))),
                    Some((after, certain)) if is_covered => {
                        let (account, kind) = (Some(of.0.clone()), of.1.clone());
                        let gap = Between {
                            account,
                            organization: None,
                            kind,
                            after: *after,
                            until: step,
                            perhaps: !*certain,
                        };
                        found.push(gap);
                        open.remove(of);
                    }
                    Some((_, certain)) => *certain |= !is_open,
                    None => {}
                }
            }
            Ok(())
        })?;
        Ok(found)
    }
}
