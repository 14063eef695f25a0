//! What comes of changes besides a difference: what to do before them, and the coverage that they perhaps end. Each account is asked
//! about once, as it stands before and after.

use super::Change;
use super::advice::{Advice, Advising, Made, concerned, view};
use super::perhaps::{self, Perhaps};
use crate::agreements::Agreements;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;

/// Advice, and what is perhaps lost.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Consequences {
    /// What the rules advise before the changes.
    pub advice: Vec<Advice>,
    /// Coverage that they perhaps end.
    pub perhaps_lost: Vec<Perhaps>,
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
        let mut advising = Advising::new(base, rules, changes, at)?;
        let mut perhaps_lost = Vec::new();
        let concerned = concerned(&before, changes, &made);
        let is_concerned = |id: &String| concerned.as_ref().is_none_or(|concerned| concerned.contains(id));
        for account in before.tree.accounts.values().filter(|a| is_concerned(&a.id)) {
            let Some(later) = after.tree.accounts.get(&account.id) else { continue };
            let views = (view(&before, account)?, view(&after, later)?);
            perhaps_lost.extend(perhaps::of_account(&made, account, &views));
            advising.account(&made, account, views)?;
        }
        perhaps_lost.extend(perhaps::of_unlisted(&before, &after, changes, at));
        Ok(Consequences { advice: advising.told(), perhaps_lost })
    })
}
