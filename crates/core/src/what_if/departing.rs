//! What service control policies deny in accounts that are about to depart, to accept or to terminate: for advice.

use std::collections::{BTreeMap, BTreeSet};

use super::made::Made;
use super::{Change, steps};
use crate::assessment::{Assessment, BecauseAnswer, Filter, OperationAnswer, Options, assess};
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Decision, PrincipalKind, Scope};

/// Operations, with the kind of agreement that they are about where they are about one: the IAM actions that are denied of each, and what
/// denies them.
pub(super) type Denied = BTreeMap<(&'static str, Option<String>), BTreeSet<(String, String)>>;

const ACCEPTING: &str = "accept-agreement";
const TERMINATING: &str = "terminate-agreement";

/// The operations to ask about, by account.
type Asked = BTreeMap<String, BTreeSet<&'static str>>;

/// What is denied in each account that a change is made to, by the change and the account, as policies stand when it would have to be
/// done: its root user has every permission that they leave.
pub(super) fn denied(
    base: &Inventory,
    rules: &RuleBook,
    (changes, made): (&[Change], &Made),
    at: Moment,
) -> Result<BTreeMap<(usize, String), Denied>, Failure> {
    // by the number of changes that are made before
    let mut asked: BTreeMap<usize, Asked> = BTreeMap::new();
    let mut places: BTreeMap<(usize, String), usize> = BTreeMap::new();
    for (step, accounts) in made.by_step() {
        for account in accounts {
            let operations: BTreeSet<&'static str> = made.words(account, step).flat_map(operations).copied().collect();
            if !operations.is_empty() {
                let done = made.closed_before(account, step).unwrap_or(step);
                let place = as_early(changes, made, account, done);
                asked.entry(place).or_default().entry(account.clone()).or_default().extend(operations);
                places.insert((step, account.clone()), place);
            }
        }
    }
    let mut found: BTreeMap<usize, BTreeMap<String, Denied>> = BTreeMap::new();
    if let Some(first) = asked.get(&0) {
        found.insert(0, denied_of(base, rules, first, at)?);
    }
    let last = asked.keys().next_back().copied().unwrap_or_default();
    steps(base, changes.get(..last).unwrap_or(changes), at, |step, inventory| {
        if let Some(these) = asked.get(&(step + 1)) {
            found.insert(step + 1, denied_of(inventory, rules, these, at)?);
        }
        Ok(())
    })?;
    let of = |((step, account), place): ((usize, String), usize)| {
        let denied = found.get(&place)?.get(&account)?.clone();
        Some(((step, account), denied))
    };
    Ok(places.into_iter().filter_map(of).collect())
}

/// What is denied of accepting in accounts, as an inventory has them.
pub(super) fn of_accepting(
    inventory: &Inventory,
    rules: &RuleBook,
    accounts: impl Iterator<Item = String>,
    at: Moment,
) -> Result<BTreeMap<String, Denied>, Failure> {
    let asked = accounts.map(|account| (account, BTreeSet::from([ACCEPTING]))).collect();
    denied_of(inventory, rules, &asked, at)
}

/// What is asked about where this is made to an account: what departs by itself accepts an agreement of its own before (R54).
fn operations(word: &'static str) -> &'static [&'static str] {
    match word {
        "leave" => &["leave-organization", ACCEPTING],
        "join" => &["accept-invitation", ACCEPTING],
        "accept" | "organization-terminates" | "delete-organization" => &[ACCEPTING],
        "terminate" => &[TERMINATING],
        _ => &[],
    }
}

/// How many changes have to be made before it is known which policies bind an account when so many are: what does not change that is
/// not waited for, so that many accounts are asked about together.
fn as_early(changes: &[Change], made: &Made, account: &str, done: usize) -> usize {
    let rebinds = |step: &usize| match changes.get(*step) {
        Some(Change::Leave { .. } | Change::Join { .. } | Change::Delete { .. }) => {
            made.words(account, *step).next().is_some()
        }
        Some(Change::Accept { .. } | Change::Terminate { .. } | Change::RemoveDesignation { .. }) => false,
        Some(Change::Close { .. }) | None => false,
        Some(_) => true,
    };
    (0..done).rev().find(rebinds).map_or(0, |step| step + 1)
}

/// What is denied in accounts.
fn denied_of(
    inventory: &Inventory,
    rules: &RuleBook,
    asked: &Asked,
    at: Moment,
) -> Result<BTreeMap<String, Denied>, Failure> {
    let is_known = |operation: &&'static str| rules.operations.operation(operation).is_some();
    let mut asked = asked.clone();
    asked.values_mut().for_each(|operations| operations.retain(|o| is_known(o)));
    asked.retain(|_, operations| !operations.is_empty());
    let mut found = BTreeMap::new();
    if asked.is_empty() {
        return Ok(found);
    }
    let answers = answers(inventory, rules, &asked, at)?;
    for principal in answers.principals.iter().filter(|p| p.kind == PrincipalKind::Root) {
        let Some(operations) = asked.get(&principal.account) else { continue };
        let denied: &mut Denied = found.entry(principal.account.clone()).or_default();
        let is_asked = |o: &&OperationAnswer| {
            operations.contains(o.operation) && o.decision == Decision::Deny && o.scope != Some(Scope::Organization)
        };
        principal.operations.iter().filter(is_asked).for_each(|answer| tell(denied, answer));
    }
    Ok(found)
}

/// What the root users of accounts may do, with every permission.
fn answers(inventory: &Inventory, rules: &RuleBook, asked: &Asked, at: Moment) -> Result<Assessment, Failure> {
    let root = |account: &String| {
        let partition = inventory.entity("Account", account).and_then(|a| a.str("partition")).unwrap_or("aws");
        (format!("arn:{partition}:iam::{account}:root"), account.clone())
    };
    let operations: BTreeSet<&str> = asked.values().flatten().copied().collect();
    let filter = Filter {
        accounts: asked.keys().cloned().collect(),
        operations: operations.into_iter().map(str::to_owned).collect(),
        principals: Some(asked.keys().map(root).collect()),
        answers_alone: true,
        ..Filter::default()
    };
    assess(inventory, rules, &Options { at, snapshot: at, filter, ..Options::default() })
}

/// What of service control policies denies an operation.
fn tell(denied: &mut Denied, answer: &OperationAnswer) {
    let because = answer.gates.iter().flat_map(|g| &g.because);
    for because in because.filter(|b| b.layer.starts_with("serviceControl")) {
        let of = denied.entry((answer.operation, answer.agreement.clone())).or_default();
        of.insert((because.action.clone(), denial(because)));
    }
}

/// What denies, and where it is attached.
pub(crate) fn denial(because: &BecauseAnswer) -> String {
    let of = because.of.as_deref().unwrap_or("the organization");
    match &because.statement {
        Some(s) => format!("{} of {}:{}, attached to {of}", s.pointer, s.file, s.line),
        None => format!("no policy attached to {of} allows it"),
    }
}
