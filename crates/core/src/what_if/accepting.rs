//! Whether anybody is known who can make the acceptances of a plan: what `who-can accept` answers of everyone in the account that
//! accepts, in the state that the changes before it leave.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Change, denial, supposed};
use crate::agreements::Agreements;
use crate::assessment::{Assessment, Filter, OperationAnswer, Options, PrincipalAnswer, assess};
use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Entity};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
use crate::terms::{Decision, PrincipalKind, Scope};

const ACCEPTING: &str = "accept-agreement";

/// An acceptance of a plan that nobody is known to be able to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Unaccepted {
    /// The change, counted from one.
    pub change: usize,
    /// The account or organization that accepts.
    pub by: String,
    /// The kind of agreement.
    pub kind: String,
    /// Nobody can, or of somebody it is not known.
    pub decision: Decision,
    /// Why.
    pub because: Vec<String>,
}

/// Of the changes of a plan that are acceptances, those that nobody is known to be able to make.
pub fn unaccepted(
    base: &Inventory,
    rules: &RuleBook,
    changes: &[Change],
    options: &Options,
) -> Result<Vec<Unaccepted>, Failure> {
    if rules.operations.operation(ACCEPTING).is_none() {
        return Ok(Vec::new());
    }
    stack::evaluate(|| {
        let mut found = Vec::new();
        let mut next = 0;
        while let Some(first) = changes.get(next..).and_then(|left| left.iter().position(is_acceptance)) {
            let from = next + first;
            // what an account accepts does not decide who may accept in another, nor another kind
            let left = changes.get(from..).into_iter().flatten();
            let together = left.take_while(|change| is_of_account(base, change)).count();
            let until = from + together.max(1);
            let plan = changes.get(from..until).unwrap_or_default();
            let before = changes.get(..from).unwrap_or_default();
            let edited = if before.is_empty() { None } else { Some(supposed(base, before, options.at)?) };
            let inventory = edited.as_ref().unwrap_or(base);
            found.extend(asked(inventory, rules, (plan, from), options)?);
            next = until;
        }
        Ok(found)
    })
}

fn is_acceptance(change: &Change) -> bool {
    matches!(change, Change::Accept { .. })
}

fn is_of_account(inventory: &Inventory, change: &Change) -> bool {
    matches!(change, Change::Accept { by, .. } if inventory.entity("Account", by).is_some())
}

/// Asks about some acceptances, of which the first is a change of this number, counted from nought.
fn asked(
    inventory: &Inventory,
    rules: &RuleBook,
    (plan, from): (&[Change], usize),
    options: &Options,
) -> Result<Vec<Unaccepted>, Failure> {
    let agreements = Agreements::new(inventory, rules, options.at);
    let place = |by: &String| match agreements.tree.organizations.get(by) {
        Some(organization) => (organization.management_account.clone(), Scope::Organization),
        None => (by.clone(), Scope::Account),
    };
    let accepted = plan.iter().enumerate().filter_map(|(index, change)| match change {
        Change::Accept { by, kind } => Some((from + index + 1, by, kind, place(by))),
        _ => None,
    });
    let accepted: Vec<_> = accepted.collect();
    let accounts: BTreeSet<String> = accepted.iter().map(|(.., (account, _))| account.clone()).collect();
    let filter = Filter {
        accounts: accounts.into_iter().collect(),
        operations: vec![ACCEPTING.to_owned()],
        answers_alone: true,
        ..Filter::default()
    };
    let options = Options { filter, any_request: false, ..options.clone() };
    let answers = assess(inventory, rules, &options)?;
    let is_open = |answers: &Assessment| answers.principals.iter().flat_map(|p| &p.operations).any(is_unknown);
    let otherwise = match is_open(&answers).then(|| all_listed(inventory)).flatten() {
        Some(listed) => Some(assess(&listed, rules, &options)?),
        None => None,
    };
    let one = |(change, by, kind, (account, scope)): &(usize, &String, &String, (String, Scope))| {
        let can = |answers: &Assessment| {
            of(answers, account, *scope, kind).iter().any(|(_, answer)| answer.decision == Decision::Allow)
        };
        if can(&answers) {
            return None;
        }
        let answers = of(&answers, account, *scope, kind);
        let is_open = answers.iter().any(|(_, answer)| is_unknown(answer));
        if is_open && otherwise.as_ref().is_some_and(can) {
            return None;
        }
        let decision = if is_open { Decision::Unknown } else { Decision::Deny };
        let because = match decision {
            Decision::Deny => why_nobody(answers.into_iter()),
            _ => open(&answers),
        };
        Some(Unaccepted { change: *change, by: (*by).clone(), kind: (*kind).clone(), decision, because })
    };
    Ok(accepted.iter().filter_map(one).collect())
}

fn is_unknown(answer: &OperationAnswer) -> bool {
    answer.decision == Decision::Unknown
}

/// The same where all agreements were listed; `None` where they were. What is active already covers, and what is not can be accepted:
/// which of the two it is need not be known.
fn all_listed(inventory: &Inventory) -> Option<Inventory> {
    const KNOWN: &str = "agreementsKnown";
    let is_open = |entity: &Entity| entity.bool(KNOWN) == Some(false);
    if !inventory.of_type("Account").any(is_open) {
        return None;
    }
    let mut listed = inventory.clone();
    for entity in listed.entities.values_mut().filter(|entity| is_open(entity)) {
        if let Some(item) = entity.attrs.get_mut(KNOWN) {
            item.attr = Attr::Bool(true);
        }
    }
    Some(listed)
}

/// The answers of everyone in an account about an acceptance.
fn of<'a>(
    answers: &'a Assessment,
    account: &str,
    scope: Scope,
    kind: &str,
) -> Vec<(&'a PrincipalAnswer, &'a OperationAnswer)> {
    let is_it = |o: &&OperationAnswer| {
        o.operation == ACCEPTING && o.scope == Some(scope) && o.agreement.as_deref().is_none_or(|k| k == kind)
    };
    let there = answers.principals.iter().filter(|p| p.account == account);
    there.flat_map(|p| p.operations.iter().filter(is_it).map(move |o| (p, o))).collect()
}

/// Why it is not known of those of whom it is not known.
fn open(answers: &[(&PrincipalAnswer, &OperationAnswer)]) -> Vec<String> {
    let why = |(_, answer): &(&PrincipalAnswer, &OperationAnswer)| {
        let on: Vec<&str> = answer.depends_on.iter().map(|d| d.key.as_str()).collect();
        let why = answer.reason.clone().or_else(|| answer.message.clone());
        let depends = (!on.is_empty()).then(|| format!("it depends on {}", on.join(", ")));
        why.into_iter().chain(depends).collect::<Vec<_>>().join("; ")
    };
    let unknown = answers.iter().filter(|(_, answer)| is_unknown(answer));
    let found: BTreeSet<String> = unknown.map(why).filter(|why| !why.is_empty()).collect();
    found.into_iter().collect()
}

/// What stops the root user: whatever policies say of others, of it they say nothing, and what binds it binds everyone there.
pub(crate) fn why_nobody<'a>(answers: impl Iterator<Item = (&'a PrincipalAnswer, &'a OperationAnswer)>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, answer) in answers.filter(|(principal, _)| principal.kind == PrincipalKind::Root) {
        let why = answer.reason.clone().or_else(|| answer.message.clone()).unwrap_or_default();
        let denials: BTreeSet<String> = answer.gates.iter().flat_map(|g| &g.because).map(denial).collect();
        let denials: Vec<String> = denials.into_iter().collect();
        let told = if denials.is_empty() { why } else { format!("{why} ({})", denials.join(", ")) };
        if !told.is_empty() && !found.contains(&told) {
            found.push(told);
        }
    }
    found
}
