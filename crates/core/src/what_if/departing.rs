//! What service control policies deny of departing, in accounts that are about to: for advice.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, supposed};
use crate::assessment::{BecauseAnswer, Filter, Options, assess};
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Decision, PrincipalKind};

/// IAM actions, and what denies each.
pub(super) type Denied = BTreeMap<String, String>;

/// The operations by which an account departs by itself.
const DEPARTING: [&str; 2] = ["leave-organization", "accept-invitation"];

/// What is denied in each account that leaves or joins, as policies stand when it does: its root user has every permission that they
/// leave.
pub(super) fn denied(
    base: &Inventory,
    rules: &RuleBook,
    changes: &[Change],
    at: Moment,
) -> Result<BTreeMap<String, Denied>, Failure> {
    let mut found = BTreeMap::new();
    let (mut before, mut asked): (Vec<Change>, BTreeSet<String>) = (Vec::new(), BTreeSet::new());
    for change in changes {
        match change {
            Change::Leave { account } | Change::Join { account, .. } => drop(asked.insert(account.clone())),
            Change::Attach { .. } | Change::Detach { .. } | Change::Replace { .. } | Change::Move { .. } => {
                ask(base, rules, (&before, &mut asked), at, &mut found)?;
                before.push(change.clone());
            }
            // what else is made before it does not change which policies bind an account
            Change::Organization { .. } => before.push(change.clone()),
            _ => {}
        }
    }
    ask(base, rules, (&before, &mut asked), at, &mut found)?;
    Ok(found)
}

/// Asks about accounts, after these changes; each account is asked about once, where it departs first.
fn ask(
    base: &Inventory,
    rules: &RuleBook,
    (before, asked): (&[Change], &mut BTreeSet<String>),
    at: Moment,
    found: &mut BTreeMap<String, Denied>,
) -> Result<(), Failure> {
    let accounts: Vec<String> = std::mem::take(asked).into_iter().filter(|a| !found.contains_key(a)).collect();
    let operations: Vec<String> =
        DEPARTING.iter().filter(|o| rules.operations.operation(o).is_some()).map(|o| (*o).to_owned()).collect();
    if accounts.is_empty() || operations.is_empty() {
        return Ok(());
    }
    let edited = if before.is_empty() { None } else { Some(supposed(base, before, at)?) };
    let inventory = edited.as_ref().unwrap_or(base);
    let root = |account: &String| {
        let partition = inventory.entity("Account", account).and_then(|a| a.str("partition")).unwrap_or("aws");
        (format!("arn:{partition}:iam::{account}:root"), account.clone())
    };
    let principals = Some(accounts.iter().map(root).collect());
    let filter = Filter { accounts, operations, principals, answers_alone: true, ..Filter::default() };
    let answers = assess(inventory, rules, &Options { at, snapshot: at, filter, ..Options::default() })?;
    for principal in answers.principals.iter().filter(|p| p.kind == PrincipalKind::Root) {
        let denied: &mut Denied = found.entry(principal.account.clone()).or_default();
        for answer in principal.operations.iter().filter(|o| o.decision == Decision::Deny) {
            let because = answer.gates.iter().flat_map(|g| &g.because);
            let by_controls = because.filter(|b| b.layer.starts_with("serviceControl"));
            for because in by_controls {
                let by = denied.entry(because.action.clone()).or_default();
                let told = words(because);
                if !by.contains(&told) {
                    by.push_str(if by.is_empty() { "" } else { ", " });
                    by.push_str(&told);
                }
            }
        }
    }
    Ok(())
}

/// What denies, and where it is attached.
fn words(because: &BecauseAnswer) -> String {
    let of = because.of.as_deref().unwrap_or("the organization");
    match &because.statement {
        Some(s) => format!("{} of {}:{}, attached to {of}", s.pointer, s.file, s.line),
        None => format!("no policy attached to {of} allows it"),
    }
}
