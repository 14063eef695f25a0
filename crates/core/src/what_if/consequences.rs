//! What comes of changes besides a difference: what to do before them. Each account that a change is made to is asked about as it stands
//! before that change and right after it, and at each later moment from which it loses coverage.

use std::collections::{BTreeMap, BTreeSet};

use super::able::Unmade;
use super::advice::{Advice, Asking, Later, Questions};
use super::between::{self, Between};
use super::departing::{self, Denied};
use super::made::{Made, concerned};
use super::view::{View, view};
use super::{Change, steps, supposed};
use crate::agreements::Agreements;
use crate::diff::later::{self, Loss, Of};
use crate::history::{State, Turn};
use crate::inventory::Inventory;
use crate::inventory::model::Accepted;
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
    /// Changes that AWS refuses as things stand, whoever makes them.
    pub refused: Vec<Unmade>,
}

/// All of it, of changes that make one inventory of the other.
pub fn consequences(
    (base, head): (&Inventory, &Inventory),
    rules: &RuleBook,
    changes: &[Change],
    at: Moment,
) -> Result<Consequences, Failure> {
    let questions = questions((base, head), rules, changes, at)?;
    let (advice, refused) = questions.advice_and_refused(rules, changes)?;
    let uncovered_between = stack::evaluate(|| {
        let (before, after) = (Agreements::new(base, rules, at), Agreements::new(head, rules, at));
        let made = Made::of(&before, changes);
        between::uncovered(base, (&before, &after), rules, (changes, &made), at)
    })?;
    Ok(Consequences { advice, uncovered_between, refused })
}

/// What is asked of the rules, to say what to do before changes that make one inventory of the other.
pub fn questions(
    (base, head): (&Inventory, &Inventory),
    rules: &RuleBook,
    changes: &[Change],
    at: Moment,
) -> Result<Questions, Failure> {
    stack::evaluate(|| {
        let (before, after) = (Agreements::new(base, rules, at), Agreements::new(head, rules, at));
        let made = Made::of(&before, changes);
        let concerned = concerned(&before, &made);
        let plan = Plan { base, rules, changes, made: &made, at, everyone: concerned.is_none() };
        let mut asking = Asking::new(&made, at);
        let stands = plan.each_change(&before, &mut asking)?;
        if concerned.as_ref().is_none_or(|concerned| !concerned.is_empty()) {
            let accounts = concerned.into_iter().flatten().collect();
            plan.afterwards((&before, &after), (accounts, &stands), &mut asking)?;
        }
        Ok(asking.questions())
    })
}

/// How each account stands, by kind, before the changes and after them.
type Stands = BTreeMap<Of, [Option<Coverage>; 2]>;

struct Plan<'a> {
    base: &'a Inventory,
    rules: &'a RuleBook,
    changes: &'a [Change],
    made: &'a Made,
    at: Moment,
    /// What is made to one account may change what another has.
    everyone: bool,
}

impl Plan<'_> {
    /// Asks about what each change is made to, as it stands before that change and right after it.
    fn each_change(&self, before: &Agreements<'_>, asking: &mut Asking<'_>) -> Result<Stands, Failure> {
        let denied = departing::denied(self.base, self.rules, (self.changes, self.made), self.at)?;
        let by_step = self.made.by_step();
        let mut stands = Stands::new();
        let mut old = self.views(before, by_step.get(&0))?;
        steps(self.base, self.changes, self.at, |step, inventory| {
            let agreements = Agreements::new(inventory, self.rules, self.at);
            let new = self.views(&agreements, by_step.get(&step))?;
            for (id, old) in &old {
                let Some(new) = new.get(id) else { continue };
                for kind in old.kinds().chain(new.kinds()) {
                    let stand = stands.entry((id.clone(), kind.clone())).or_insert([Some(old.coverage(kind)), None]);
                    stand[1] = Some(new.coverage(kind));
                }
                asking.step(step, id, (old, new), denied.get(&(step, id.clone())))?;
            }
            old = self.views(&agreements, by_step.get(&(step + 1)))?;
            Ok(())
        })?;
        Ok(stands)
    }

    /// How those accounts stand that a change is made to, or all that it may concern.
    fn views(
        &self,
        agreements: &Agreements<'_>,
        made_to: Option<&BTreeSet<&String>>,
    ) -> Result<BTreeMap<String, View>, Failure> {
        let is_asked = |id: &String| self.everyone || made_to.is_some_and(|accounts| accounts.contains(id));
        let asked = agreements.tree.accounts.values().filter(|account| is_asked(&account.id));
        asked.map(|account| Ok((account.id.clone(), view(agreements, account)?))).collect()
    }

    /// Asks about coverage that is lost later than the changes are made, at moments that are recorded already. Where the rules do not
    /// tell when their answers change, the difference says so.
    fn afterwards(
        &self,
        (before, after): (&Agreements<'_>, &Agreements<'_>),
        (accounts, stands): (Vec<String>, &Stands),
        asking: &mut Asking<'_>,
    ) -> Result<(), Failure> {
        let query = later::from_then_on(self.at, accounts, Vec::new());
        let turns = |agreements: &Agreements<'_>| later::turns(agreements.inventory, self.rules, &query);
        let (Some(old), Some(new)) = (turns(before)?, turns(after)?) else { return Ok(()) };
        let losses = later::losses_of([&old, &new], |of| stands.get(of).copied().unwrap_or_default());
        // whether an account agreement of its own covers it until then
        let has_own_until = |at: Moment, (id, kind): &Of| {
            let is_it = |turn: &&Turn| turn.at == at && (&turn.account, &turn.kind) == (id, kind);
            new.iter().find(is_it).is_some_and(|turn| has_own(after, id, &turn.before))
        };
        let of = |(loss, lost): (&Loss, &BTreeSet<Of>)| -> Vec<Anew> {
            lost.iter().map(|of| (of.0.clone(), has_own_until(loss.at, of))).collect()
        };
        let denied = self.denied_then(after.inventory, losses.iter().flat_map(of).collect())?;
        for (Loss { at, .. }, lost) in &losses {
            let (then, changed) = (before.moved_to(*at), after.moved_to(*at));
            for of in lost {
                let (id, kind) = of;
                let (account, other) = (then.tree.accounts.get(id), changed.tree.accounts.get(id));
                let (Some(account), Some(other)) = (account, other) else { continue };
                let own_until_then = has_own_until(*at, of);
                let (old, new) = (view(&then, account)?, view(&changed, other)?);
                let management = &view(before, account)?.management;
                let lost = Later { at: *at, kind, own_until_then, management, changes: self.changes.len() };
                asking.later(id, (&old, &new), &lost, denied.get(&(id.clone(), own_until_then)))?;
            }
        }
        Ok(())
    }

    /// What is denied of accepting once all changes are made; in an account that they close, before that. What is active until then is
    /// terminated and accepted anew, or accepted anew, before all of them (D27).
    fn denied_then(&self, head: &Inventory, lost: BTreeSet<Anew>) -> Result<BTreeMap<Anew, Denied>, Failure> {
        let mut asked: BTreeMap<usize, BTreeSet<Anew>> = BTreeMap::new();
        let all = self.changes.len();
        for (account, anew) in lost {
            let done = if anew { 0 } else { self.made.closed_before(&account, all).unwrap_or(all) };
            asked.entry(done).or_default().insert((account, anew));
        }
        let mut found = BTreeMap::new();
        for (done, accounts) in asked {
            let anew: BTreeMap<String, bool> = accounts.iter().cloned().collect();
            let inventory = match self.changes.get(..done).filter(|_| done < all) {
                Some(before) => &supposed(self.base, before, self.at)?,
                None => head,
            };
            let denied = departing::of_accepting(inventory, self.rules, accounts.into_iter(), self.at)?;
            let by = |(account, denied): (String, Denied)| {
                let anew = anew.get(&account).copied().unwrap_or_default();
                ((account, anew), denied)
            };
            found.extend(denied.into_iter().map(by));
        }
        Ok(found)
    }
}

/// An account, and whether what is active in it would have to be accepted anew.
type Anew = (String, bool);

/// Whether an account agreement of the account's own is among those in force.
fn has_own(agreements: &Agreements<'_>, account: &str, state: &State) -> bool {
    let in_force = state.governing.iter().map(|g| &g.id).chain(&state.superseded).chain(&state.also_in_force);
    let own: BTreeSet<&String> =
        agreements.accepted(&Accepted::Account(account.to_owned())).map(|acceptance| &acceptance.id).collect();
    in_force.into_iter().any(|id| own.contains(id))
}
