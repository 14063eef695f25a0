//! What service control policies deny in accounts that are about to depart, to accept or to terminate: for advice.

use std::collections::{BTreeMap, BTreeSet};

use super::able::is_possible;
use super::made::Made;
use super::{Change, steps};
use crate::assessment::{BecauseAnswer, Filter, OperationAnswer, Options, assess};
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Decision, PrincipalKind, Scope};
use crate::words;

/// How service control policies stand to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// A statement denies it.
    Denied,
    /// None attached to some level allows it.
    NotAllowed,
    /// It is unknown whether they deny it.
    Perhaps,
    /// They spare somebody, who can do it.
    Spared,
}

/// By how they stand to operations, with the kind of agreement that they are about where they are about one: the IAM actions, and what
/// denies them; of those whom they spare, no action and who it is.
pub(super) type Denied = BTreeMap<(How, &'static str, Option<String>), BTreeSet<(String, String)>>;

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

/// What is denied of accepting in accounts, and of terminating where what is active has to be terminated before, as an inventory has
/// them.
pub(super) fn of_accepting(
    inventory: &Inventory,
    rules: &RuleBook,
    accounts: impl Iterator<Item = (String, bool)>,
    at: Moment,
) -> Result<BTreeMap<String, Denied>, Failure> {
    let operations = |anew| if anew { BTreeSet::from([ACCEPTING, TERMINATING]) } else { BTreeSet::from([ACCEPTING]) };
    let asked = accounts.map(|(account, anew)| (account, operations(anew))).collect();
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
    let mut found: BTreeMap<String, Denied> = BTreeMap::new();
    if asked.is_empty() {
        return Ok(found);
    }
    for (account, operation, answer) in answers(inventory, rules, (&asked, true), at)? {
        tell(found.entry(account).or_default(), rules, (operation, &answer));
    }
    // of those whom root users are no example of
    let open = |(account, denied): (&String, &Denied)| {
        let operations: BTreeSet<&'static str> = denied.keys().map(|(_, operation, _)| *operation).collect();
        (!operations.is_empty()).then(|| (account.clone(), operations))
    };
    let open: Asked = found.iter().filter_map(open).collect();
    if !open.is_empty() {
        for (account, operation, answer) in answers(inventory, rules, (&open, false), at)? {
            if let Some(denied) = found.get_mut(&account) {
                spare(denied, rules, (operation, &answer));
            }
        }
    }
    Ok(found)
}

/// The account, the operation, and who has which answer.
type Answered = (String, &'static str, (String, OperationAnswer));

/// What the root users of accounts may do, with every permission; or everyone else.
fn answers(
    inventory: &Inventory,
    rules: &RuleBook,
    (asked, roots): (&Asked, bool),
    at: Moment,
) -> Result<Vec<Answered>, Failure> {
    let root = |account: &String| {
        let partition = inventory.entity("Account", account).and_then(|a| a.str("partition")).unwrap_or("aws");
        (format!("arn:{partition}:iam::{account}:root"), account.clone())
    };
    let operations: BTreeSet<&str> = asked.values().flatten().copied().collect();
    let filter = Filter {
        accounts: asked.keys().cloned().collect(),
        operations: operations.into_iter().map(str::to_owned).collect(),
        principals: roots.then(|| asked.keys().map(root).collect()),
        answers_alone: true,
        ..Filter::default()
    };
    let assessment = assess(inventory, rules, &Options { at, snapshot: at, filter, ..Options::default() })?;
    let mut found = Vec::new();
    for principal in assessment.principals.iter().filter(|p| (p.kind == PrincipalKind::Root) == roots) {
        let name = words::principal(principal.kind, &principal.name, &principal.account);
        for answer in &principal.operations {
            let mut operations = asked.get(&principal.account).into_iter().flatten();
            let Some(operation) = operations.find(|o| **o == answer.operation) else { continue };
            if answer.scope != Some(Scope::Organization) {
                found.push((principal.account.clone(), *operation, (name.clone(), answer.clone())));
            }
        }
    }
    Ok(found)
}

/// What of service control policies denies an operation to the root user, or perhaps does.
fn tell(denied: &mut Denied, rules: &RuleBook, (operation, (_, answer)): (&'static str, &(String, OperationAnswer))) {
    // beside what denies for certain, what perhaps does is no matter
    let any_certain = answer.decision == Decision::Deny && answer.gates.iter().any(|gate| gate.certain);
    let gates = answer.gates.iter().filter(|gate| gate.certain || !any_certain);
    let because = gates.flat_map(|g| &g.because).filter(|b| b.layer.starts_with("serviceControl"));
    let mut tell = |how, action: &str, by: String| {
        let of = denied.entry((how, operation, answer.agreement.clone())).or_default();
        of.insert((action.to_owned(), by));
    };
    match answer.decision {
        Decision::Allow => {}
        Decision::Deny => because.for_each(|because| {
            let how = if because.statement.is_some() { How::Denied } else { How::NotAllowed };
            tell(how, &because.action, denial(because));
        }),
        Decision::Unknown => {
            let is_permission = |id: &String| rules.rules.get(id).is_some_and(|rule| !rule.requires.is_empty());
            if answer.gates.iter().any(|gate| is_permission(&gate.id)) {
                because.for_each(|because| tell(How::Perhaps, &because.action, denial(because)));
                let on = answer.depends_on.iter();
                on.for_each(|on| tell(How::Perhaps, "", format!("it depends on {}", on.key)));
            }
        }
    }
}

/// Somebody who can do what the root user cannot, or perhaps cannot.
fn spare(
    denied: &mut Denied,
    rules: &RuleBook,
    (operation, (who, answer)): (&'static str, &(String, OperationAnswer)),
) {
    let is_told =
        |(_, about, kind): &(How, &'static str, Option<String>)| *about == operation && *kind == answer.agreement;
    if is_possible(rules, answer.decision, answer) && denied.keys().any(is_told) {
        let of = denied.entry((How::Spared, operation, answer.agreement.clone())).or_default();
        of.insert((String::new(), who.clone()));
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
