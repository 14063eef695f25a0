//! What comes of changes besides a difference: what to do before them. Each account is asked about once, as it stands before and after.

use super::Change;
use super::advice::{Advice, Advising, Made, concerned, view};
use super::between::{self, Between};
use crate::agreements::Agreements;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;

/// What a difference does not tell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Consequences {
    /// What the rules advise before the changes.
    pub advice: Vec<Advice>,
    /// Coverage that is lost between two of the changes.
    pub uncovered_between: Vec<Between>,
    /// Accounts that are to accept an agreement of their own, and in which service control policies deny that to everyone whom they bind.
    pub denied_acceptances: Vec<String>,
}

/// All of it, of changes that make one inventory of the other.
pub fn consequences(
    (base, head): (&Inventory, &Inventory),
    rules: &RuleBook,
    changes: &[Change],
    at: Moment,
) -> Result<Consequences, Failure> {
    stack::evaluate(|| {
        let (before, after) = (Agreements::new(base, rules, at), Agreements::new(head, rules, at));
        let made = Made::of(&before, changes);
        let mut advising = Advising::new(base, rules, (changes, &made), at)?;
        let concerned = concerned(&before, &made);
        let is_concerned = |id: &String| concerned.as_ref().is_none_or(|concerned| concerned.contains(id));
        for account in before.tree.accounts.values().filter(|a| is_concerned(&a.id)) {
            let Some(later) = after.tree.accounts.get(&account.id) else { continue };
            let views = (view(&before, account)?, view(&after, later)?);
            advising.account(&made, account, views)?;
        }
        let denied_acceptances = advising.denied_acceptances(changes);
        let uncovered_between = between::uncovered(base, (&before, &after), rules, (changes, &made), at)?;
        Ok(Consequences { advice: advising.told(), uncovered_between, denied_acceptances })
    })
}
