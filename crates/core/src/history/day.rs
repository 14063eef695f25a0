//! What changes within a time. An answer about a day is that at its start (D22): what the rest of the day brings is told beside it.

use std::collections::BTreeSet;

use super::{Historian, Query, State};
use crate::inventory::Inventory;
use crate::inventory::model::Account;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;

/// A change of what covers an account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Turn {
    /// When.
    pub at: Moment,
    /// The number of the account.
    pub account: String,
    /// The kind of agreement.
    pub kind: String,
    /// What the rules said of it until then.
    pub before: State,
    /// What they say from then on.
    pub after: State,
}

/// The changes of coverage after a moment and before another, by account and moment: of the accounts and kinds asked, or of all.
pub fn turns(inventory: &Inventory, rules: &RuleBook, query: &Query) -> Result<Vec<Turn>, Failure> {
    stack::evaluate(|| {
        let mut historian = Historian::new(inventory, rules, query)?;
        let mut found = Vec::new();
        for account in &historian.asked() {
            found.extend(historian.turns(account)?);
        }
        Ok(found)
    })
}

/// The moments after one and before another at which anything changes that coverage of the accounts rests on: an agreement, a
/// membership, a designation.
pub fn moments(inventory: &Inventory, rules: &RuleBook, query: &Query) -> Result<BTreeSet<Moment>, Failure> {
    stack::evaluate(|| {
        let mut historian = Historian::new(inventory, rules, query)?;
        let asked = historian.asked();
        Ok(asked.iter().flat_map(|account| historian.between(account)).collect())
    })
}

impl Historian<'_> {
    fn asked(&self) -> Vec<Account> {
        let is_asked = |a: &&Account| self.query.accounts.is_empty() || self.query.accounts.contains(&a.id);
        self.first.tree.accounts.values().filter(is_asked).cloned().collect()
    }

    /// The moments of an account that lie between those that are asked about.
    fn between(&mut self, account: &Account) -> Vec<Moment> {
        let (from, to) = (self.query.from, self.query.to);
        let all = self.edges.of(&self.first, account).into_iter();
        all.filter(|at| from.is_none_or(|from| *at > from) && *at < to).collect()
    }

    fn turns(&mut self, account: &Account) -> Result<Vec<Turn>, Failure> {
        let moments = self.between(account);
        let mut found = Vec::new();
        let Some(from) = self.query.from.filter(|_| !moments.is_empty()) else { return Ok(found) };
        let mut before = self.at(account, from)?.rows;
        for at in moments {
            let after = self.at(account, at)?.rows;
            let kinds: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let is_asked = |kind: &&String| self.query.kinds.is_empty() || self.query.kinds.contains(kind);
            for kind in kinds.into_iter().filter(is_asked) {
                let of = |rows: &std::collections::BTreeMap<String, State>| {
                    rows.get(kind).cloned().unwrap_or_else(|| State::none(None))
                };
                let (before, after) = (of(&before), of(&after));
                if (before.coverage, &before.governing) != (after.coverage, &after.governing) {
                    let (account, kind) = (account.id.clone(), kind.clone());
                    found.push(Turn { at, account, kind, before, after });
                }
            }
            before = after;
        }
        Ok(found)
    }
}
