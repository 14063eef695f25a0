//! Who else is allowed something by edits: everyone who is under an edited policy, or has what is attached, is asked before
//! and after.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::Serialize;

use super::{Planner, Step, refers_to};
use crate::agreements::Agreements;
use crate::assessment::plans::edits::Edit;
use crate::assessment::{Filter, OperationAnswer, Options, PrincipalAnswer, assess, principals};
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::problem::Failure;
use crate::stack;
use crate::terms::Decision;

/// A principal that is allowed more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gain {
    /// Its ARN.
    pub principal: String,
    /// The account that it acts in.
    pub account: String,
    /// What people call it.
    pub name: String,
    /// The people behind a permission set, and the groups whose members are not named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// The operations that it is allowed after the edits, or may be, and was not before.
    pub operations: Vec<&'static str>,
}

/// Who acts as a principal: the people behind a permission set.
fn people(principal: &PrincipalAnswer) -> Vec<String> {
    let people: BTreeMap<&str, &str> = principal.people.iter().map(|p| (p.id.as_str(), p.user_name.as_str())).collect();
    let groups = principal.groups.iter().map(|g| format!("group {}", g.name));
    people.into_values().map(str::to_owned).chain(groups).collect()
}

/// More than this may be allowed something by edits: they are counted, and not asked.
const MOST_ASKED: usize = 5_000;

/// What is found out once for all plans of an inventory.
#[derive(Default)]
pub(super) struct Beside {
    everyone: OnceCell<Vec<PrincipalAnswer>>,
    places: OnceCell<Places>,
    /// Who is allowed something by edits, whoever it is that asks; many plans have edits that others have.
    known: RefCell<Vec<(Vec<Edit>, Rc<Gains>)>>,
}

/// What each account is in.
type Places = BTreeMap<String, BTreeSet<Uid>>;

/// Those who are allowed something, and how many may be who were not asked.
type Gains = (Vec<Gain>, usize);

/// Who else is allowed something once these steps are done, and how many may be, where they are too many to be asked.
pub(super) fn of(
    planner: &Planner<'_>,
    who: &PrincipalAnswer,
    steps: &[Step],
    edited: &Inventory,
) -> Result<Gains, Failure> {
    let edits: Vec<Edit> = steps.iter().filter_map(|step| step.edit.clone()).collect();
    let known = planner.beside.known.borrow().iter().find(|(of, _)| *of == edits).map(|(_, found)| found.clone());
    let found = match known {
        Some(found) => found,
        None => {
            let found = Rc::new(by(planner, who, &edits, edited)?);
            planner.beside.known.borrow_mut().push((edits, found.clone()));
            found
        }
    };
    // who asks may be one of several who act as the same
    let alone =
        |gain: &&Gain| (&gain.principal, &gain.account) == (&who.principal, &who.account) && gain.people.len() < 2;
    Ok((found.0.iter().filter(|gain| !alone(gain)).cloned().collect(), found.1))
}

/// The same of everybody. Where the edits except `who` from a denial, they except nobody of another account.
fn by(planner: &Planner<'_>, who: &PrincipalAnswer, edits: &[Edit], edited: &Inventory) -> Result<Gains, Failure> {
    let (excepts, others): (Vec<&Edit>, Vec<&Edit>) = edits.iter().partition(|e| matches!(e, Edit::Except { .. }));
    let near = touched(planner.inventory, excepts);
    let touched = touched(planner.inventory, others);
    // what is asked about a report is asked everywhere
    let everywhere = touched.iter().any(|uid| uid.ty == "Report");
    if touched.is_empty() && near.is_empty() {
        return Ok(Gains::default());
    }
    let places = planner.beside.places(planner)?;
    let is_among = |touched: &BTreeSet<Uid>, p: &PrincipalAnswer| {
        let groups = planner.inventory.entities.get(&p.uid).map(|e| e.parents.as_slice()).unwrap_or_default();
        touched.contains(&p.uid)
            || groups.iter().any(|(g, _)| touched.contains(g))
            || touched.contains(&Uid::new("Role", &p.principal))
            || touched.contains(&Uid::new("Account", &p.account))
            || places.get(&p.account).is_some_and(|nodes| nodes.iter().any(|node| touched.contains(node)))
    };
    let is_touched =
        |p: &&PrincipalAnswer| everywhere || is_among(&touched, p) || p.account == who.account && is_among(&near, p);
    let all = planner.beside.everyone(planner).iter().filter(is_touched);
    let others: Vec<(String, String)> = all.map(|p| (p.principal.clone(), p.account.clone())).collect();
    if others.is_empty() || others.len() > MOST_ASKED {
        return Ok((Vec::new(), others.len()));
    }
    let filter = Filter { principals: Some(others), answers_alone: true, ..Filter::default() };
    let options = Options { filter, ..planner.options.clone() };
    let before = assess(planner.inventory, planner.rules, &options)?;
    let after = assess(edited, planner.rules, &options)?;
    let mut gains = Vec::new();
    for (old, new) in before.principals.iter().zip(after.principals) {
        let operations = gained(old, &new);
        if !operations.is_empty() {
            let operations = operations.into_iter().collect();
            let people = people(&new);
            gains.push(Gain { principal: new.principal, account: new.account, name: new.name, people, operations });
        }
    }
    Ok((gains, 0))
}

impl Beside {
    fn everyone(&self, planner: &Planner<'_>) -> &[PrincipalAnswer] {
        self.everyone.get_or_init(|| principals(planner.inventory, planner.options.at))
    }

    fn places(&self, planner: &Planner<'_>) -> Result<&Places, Failure> {
        match self.places.get() {
            Some(places) => Ok(places),
            None => {
                let places = places(planner)?;
                Ok(self.places.get_or_init(|| places))
            }
        }
    }
}

/// What each account is in, at the moment asked or now: who is asked about needlessly gains nothing.
fn places(planner: &Planner<'_>) -> Result<Places, Failure> {
    let Planner { inventory, rules, options, .. } = planner;
    stack::evaluate(|| {
        let agreements = Agreements::new(inventory, rules, options.at);
        let mut places = BTreeMap::new();
        for account in agreements.tree.accounts.values() {
            let (now, then) = (agreements.tree.now(account), agreements.standing(account)?);
            let organizations = now.organization.iter().chain(&then.organization);
            let units = now.path.iter().chain(&then.path);
            let nodes = organizations.map(|o| Uid::new("Organization", o));
            let nodes = nodes.chain(units.map(|u| Uid::new("OrganizationalUnit", u))).collect();
            places.insert(account.id.clone(), nodes);
        }
        Ok(places)
    })
}

/// The operations that a principal is allowed after, or may be, and was not before.
fn gained(old: &PrincipalAnswer, new: &PrincipalAnswer) -> BTreeSet<&'static str> {
    let rank = |d: Decision| [Decision::Deny, Decision::Unknown, Decision::Allow].iter().position(|o| *o == d);
    let pairs = old.operations.iter().zip(&new.operations);
    pairs.filter(|(o, n)| rank(n.decision) > rank(o.decision)).map(|(_, n)| n.operation).collect()
}

/// What else the principal itself is allowed once these steps are done, where one of them lifts a denial.
pub(super) fn itself(
    planner: &Planner<'_>,
    who: &PrincipalAnswer,
    denial: &OperationAnswer,
    steps: &[Step],
    edited: &Inventory,
) -> Result<Vec<&'static str>, Failure> {
    if !steps.iter().filter_map(|s| s.edit.as_ref()).any(Edit::lifts) {
        return Ok(Vec::new());
    }
    let own = Some(vec![(who.principal.clone(), who.account.clone())]);
    let filter = Filter { principals: own, answers_alone: true, ..Filter::default() };
    let options = Options { filter, ..planner.options.clone() };
    let before = assess(planner.inventory, planner.rules, &options)?;
    let after = assess(edited, planner.rules, &options)?;
    let pairs = before.principals.iter().zip(&after.principals);
    let operations: BTreeSet<&'static str> = pairs.flat_map(|(old, new)| gained(old, new)).collect();
    Ok(operations.into_iter().filter(|o| *o != denial.operation).collect())
}

/// The entities whose policies are edited, to which one is attached, or of which an attribute is set: by an edit, or by an event whose
/// effect is known, as an acceptance of the NDA opens the agreements to all of the account.
fn touched<'e>(inventory: &Inventory, edits: impl IntoIterator<Item = &'e Edit>) -> BTreeSet<Uid> {
    let mut touched = BTreeSet::new();
    for edit in edits {
        if let Edit::Attach { to, .. } = edit {
            touched.insert(to.clone());
        }
        if let Edit::Detach { from, .. } = edit {
            touched.extend(from.iter().cloned());
        }
        if let Edit::Set { of, .. } = edit {
            touched.insert(of.clone());
        }
        if let Some(policy) = edit.policy() {
            touched.extend(inventory.entities.values().filter(|e| refers_to(e, policy)).map(|e| e.uid.clone()));
        }
    }
    touched
}
