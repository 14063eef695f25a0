//! What service control policies deny in accounts that are about to depart, to accept or to terminate: for advice.

use std::collections::{BTreeMap, BTreeSet};

use super::advice::Made;
use super::{Change, supposed};
use crate::assessment::{Assessment, BecauseAnswer, Filter, OperationAnswer, Options, assess};
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Decision, PrincipalKind, Scope};

/// IAM actions, with the kind of agreement that they are about where they are about one, and what denies each.
pub(super) type Denied = BTreeMap<(String, Option<String>), String>;

/// The operations by which an account departs by itself, and accepts an agreement of its own before (R54).
const DEPARTING: [&str; 3] = ["leave-organization", "accept-invitation", ACCEPTING];
const ACCEPTING: &str = "accept-agreement";
const TERMINATING: &str = "terminate-agreement";

/// The operations to ask about, by account.
type Asked = BTreeMap<String, BTreeSet<&'static str>>;

/// What is denied in each account that departs, accepts, terminates, or loses the agreement of its organization, as policies stand when
/// that happens: its root user has every permission that they leave.
pub(super) fn denied(
    base: &Inventory,
    rules: &RuleBook,
    (changes, made): (&[Change], &Made),
    at: Moment,
) -> Result<BTreeMap<String, Denied>, Failure> {
    let mut asking = Asking { base, rules, at, done: BTreeSet::new(), found: BTreeMap::new() };
    let (mut before, mut asked): (Vec<Change>, Asked) = (Vec::new(), Asked::new());
    let is_account = |id: &String| base.entity("Account", id).is_some();
    for change in changes {
        match change {
            Change::Leave { account } | Change::Join { account, .. } => add(&mut asked, account, &DEPARTING),
            Change::Accept { by, .. } if is_account(by) => add(&mut asked, by, &[ACCEPTING]),
            Change::Terminate { .. } | Change::Delete { .. } => {
                terminating(base, change).iter().for_each(|account| add(&mut asked, account, &[TERMINATING]));
                let of_organization = ["organization-terminates", "delete-organization"];
                let members = of_organization.iter().flat_map(|word| made.with(word));
                members.for_each(|account| add(&mut asked, account, &[ACCEPTING]));
            }
            Change::Attach { .. } | Change::Detach { .. } | Change::Replace { .. } | Change::Move { .. } => {
                asking.ask(&before, std::mem::take(&mut asked))?;
                before.push(change.clone());
            }
            // what else is made before it does not change which policies bind an account
            Change::Organization { .. } => before.push(change.clone()),
            _ => {}
        }
    }
    asking.ask(&before, asked)?;
    Ok(asking.found)
}

fn add(asked: &mut Asked, account: &str, operations: &[&'static str]) {
    asked.entry(account.to_owned()).or_default().extend(operations.iter().copied());
}

/// The account whose own acceptance a change terminates.
fn terminating(base: &Inventory, change: &Change) -> Option<String> {
    let Change::Terminate { of, .. } = change else { return None };
    let acceptance = || base.entity("CustomerAgreement", of)?.reference("account").map(str::to_owned);
    if base.entity("Account", of).is_some() { Some(of.clone()) } else { acceptance() }
}

struct Asking<'a> {
    base: &'a Inventory,
    rules: &'a RuleBook,
    at: Moment,
    /// Each is asked once, where it happens first.
    done: BTreeSet<(String, &'static str)>,
    found: BTreeMap<String, Denied>,
}

impl Asking<'_> {
    /// Asks about accounts, after these changes.
    fn ask(&mut self, before: &[Change], mut asked: Asked) -> Result<(), Failure> {
        let is_known = |operation: &&'static str| self.rules.operations.operation(operation).is_some();
        for (account, operations) in &mut asked {
            operations.retain(|o| is_known(o) && self.done.insert((account.clone(), o)));
        }
        asked.retain(|_, operations| !operations.is_empty());
        if asked.is_empty() {
            return Ok(());
        }
        let edited = if before.is_empty() { None } else { Some(supposed(self.base, before, self.at)?) };
        let inventory = edited.as_ref().unwrap_or(self.base);
        let answers = answers(inventory, self.rules, &asked, self.at)?;
        for principal in answers.principals.iter().filter(|p| p.kind == PrincipalKind::Root) {
            let Some(operations) = asked.get(&principal.account) else { continue };
            let denied = self.found.entry(principal.account.clone()).or_default();
            let is_asked = |o: &&OperationAnswer| {
                operations.contains(o.operation) && o.decision == Decision::Deny && o.scope != Some(Scope::Organization)
            };
            for answer in principal.operations.iter().filter(is_asked) {
                tell(denied, answer);
            }
        }
        Ok(())
    }
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
        let by = denied.entry((because.action.clone(), answer.agreement.clone())).or_default();
        let told = denial(because);
        if !by.contains(&told) {
            by.push_str(if by.is_empty() { "" } else { ", " });
            by.push_str(&told);
        }
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
