//! What comes of changes besides a difference: what to do before them. Each account is asked about as it stands
//! before and after, before each change that is made to it after another, and at each later moment from which it loses coverage.

use std::collections::BTreeMap;

use super::advice::{Advice, Advising, Later, Made, concerned, view};
use super::between::{self, Between};
use super::{Change, supposed};
use crate::agreements::Agreements;
use crate::diff::later;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
use crate::terms::Coverage;

/// What a difference does not tell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Consequences {
    /// What the rules advise before the changes.
    pub advice: Vec<Advice>,
    /// Coverage that is lost between two of the changes.
    pub uncovered_between: Vec<Between>,
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
        let mut stands = Stands::new();
        for account in before.tree.accounts.values().filter(|a| is_concerned(&a.id)) {
            let Some(changed) = after.tree.accounts.get(&account.id) else { continue };
            let views = (view(&before, account)?, view(&after, changed)?);
            stands.extend(views.0.kinds().chain(views.1.kinds()).map(|kind| {
                let stand = [&views.0, &views.1].map(|view| Some(view.coverage(kind)));
                ((account.id.clone(), kind.clone()), stand)
            }));
            advising.account((&made, 0), &account.id, views)?;
        }
        amid(base, &after, rules, (changes, &made), at, &mut advising)?;
        if concerned.as_ref().is_none_or(|concerned| !concerned.is_empty()) {
            let accounts = concerned.into_iter().flatten().collect();
            afterwards((&before, &after), rules, &made, (accounts, &stands), &mut advising)?;
        }
        let uncovered_between = between::uncovered(base, (&before, &after), rules, (changes, &made), at)?;
        Ok(Consequences { advice: advising.told(), uncovered_between })
    })
}

/// How each account stands, by kind, before the changes and after them.
type Stands = BTreeMap<(String, String), [Option<Coverage>; 2]>;

/// Asks about what is made to an account after other changes of the plan, as it stands then.
fn amid(
    base: &Inventory,
    after: &Agreements<'_>,
    rules: &RuleBook,
    (changes, made): (&[Change], &Made),
    at: Moment,
    advising: &mut Advising<'_>,
) -> Result<(), Failure> {
    let mut by_step: BTreeMap<usize, Vec<&String>> = BTreeMap::new();
    made.after_others().for_each(|(step, account)| by_step.entry(step).or_default().push(account));
    for (step, accounts) in by_step {
        let inventory = supposed(base, changes.get(..step).unwrap_or(changes), at)?;
        let before = Agreements::new(&inventory, rules, at);
        for id in accounts {
            let (old, new) = (before.tree.accounts.get(id), after.tree.accounts.get(id));
            let (Some(old), Some(new)) = (old, new) else { continue };
            advising.account((made, step), id, (view(&before, old)?, view(after, new)?))?;
        }
    }
    Ok(())
}

/// Asks about coverage that is lost later than the changes are made, at moments that are recorded already. Where the rules do not tell
/// when their answers change, the difference says so.
fn afterwards(
    (before, after): (&Agreements<'_>, &Agreements<'_>),
    rules: &RuleBook,
    made: &Made,
    (accounts, stands): (Vec<String>, &Stands),
    advising: &mut Advising<'_>,
) -> Result<(), Failure> {
    let query = later::from_then_on(before.at(), accounts, Vec::new());
    let turns = |agreements: &Agreements<'_>| later::turns(agreements.inventory, rules, &query);
    let (Some(old), Some(new)) = (turns(before)?, turns(after)?) else { return Ok(()) };
    for (at, lost) in later::moments([&old, &new], |of| stands.get(of).copied().unwrap_or_default()) {
        let (then, changed) = (before.moved_to(at), after.moved_to(at));
        for (id, kind) in &lost {
            let (account, other) = (then.tree.accounts.get(id), changed.tree.accounts.get(id));
            let (Some(account), Some(other)) = (account, other) else { continue };
            let turn = new.iter().find(|turn| turn.at == at && (&turn.account, &turn.kind) == (id, kind));
            let until_then = turn.and_then(|turn| turn.before.governing.as_ref()).map_or("none", |g| g.scope.word());
            let views = (view(&then, account)?, view(&changed, other)?);
            advising.later(made, id, views, &Later { at, kind, until_then })?;
        }
    }
    Ok(())
}
