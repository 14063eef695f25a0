//! Whether a change can happen at all: the gates of the operation that makes it, asked as of somebody with every permission.

use super::organizations::SET_UP;
use super::{Becomes, Change, Why};
use crate::agreements::Agreements;
use crate::assessment::possible::{Asked, stopped};
use crate::inventory::Inventory;
use crate::inventory::model::{Accepted, Account, CustomerAgreement};
use crate::inventory::tree::Tree;
use crate::moment::Moment;
use crate::operations::catalogue::Joins;
use crate::operations::stopped::Stopped;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Departing, Scope};
use crate::words::few;

/// What stops a change, which the change itself does not tell.
#[derive(Default)]
pub(super) struct Stop {
    /// It would be another change than the one that is named.
    pub elsewhere: Option<Why>,
    /// A gate.
    pub gate: Option<Why>,
    /// No list tells the agreements of the account or organization whose agreement would be terminated.
    pub unlisted: bool,
}

/// What stops a change of an inventory at a moment.
pub(super) fn stop(inventory: &Inventory, rules: &RuleBook, change: &Change, at: Moment) -> Result<Stop, Failure> {
    let agreements = Agreements::new(inventory, rules, at);
    let unlisted = match change {
        Change::Terminate { of, kind: Some(kind) } => !is_listed(&agreements, of)? || agreements.is_doubted(of, kind),
        _ => false,
    };
    Ok(Stop { elsewhere: elsewhere(&agreements, change)?, gate: gate(&agreements, rules, change)?, unlisted })
}

/// Whether some list tells the agreements of an account or an organization.
fn is_listed(agreements: &Agreements<'_>, by: &str) -> Result<bool, Failure> {
    match agreements.tree.accounts.get(by) {
        Some(account) => agreements.is_own_listed(account),
        None => agreements.lists_of(by),
    }
}

/// The gate that stops a change, if every way to make it is stopped.
fn gate(agreements: &Agreements<'_>, rules: &RuleBook, change: &Change) -> Result<Option<Why>, Failure> {
    let kept: &[&str] = match change {
        Change::Organization { .. } => &[],
        _ => &SET_UP,
    };
    let mut first: Option<Stopped> = None;
    for asked in ways(&agreements.tree, agreements.inventory, change) {
        match stopped(agreements, rules, &asked, kept)? {
            None => return Ok(None),
            // with set-up left to it, it could happen
            Some(found) if stopped(agreements, rules, &asked, &[])?.is_none() => {
                let help =
                    "put --set-up with the organization before it: what is set up on the way is a change of its own";
                return Ok(Some(Why::new(words(&found), help)));
            }
            // what is unknown is nearer to being possible than what is not
            Some(stopped) if first.as_ref().is_none_or(|f| stopped.unknown && !f.unknown) => first = Some(stopped),
            Some(_) => {}
        }
    }
    Ok(first.map(|stopped| {
        let helps = stopped.change.clone().into_iter().chain(beside(agreements, change));
        Why::new(words(&stopped), helps.collect::<Vec<_>>().join("; "))
    }))
}

/// What of the inventory a gate is about that stops a change.
fn beside(agreements: &Agreements<'_>, change: &Change) -> Option<String> {
    let (tree, at) = (&agreements.tree, agreements.at());
    let (what, ids): (_, Vec<String>) = match change {
        Change::Delete { organization } => {
            let manager = tree.organizations.get(organization).map(|o| &o.management_account);
            let is_in = |a: &&Account| tree.now(a).organization.as_ref() == Some(organization);
            let all = tree.accounts.values().filter(is_in).map(|a| &a.id);
            ("its members are", all.filter(|id| Some(*id) != manager).cloned().collect())
        }
        Change::Accept { by, kind } => {
            let by = match tree.organizations.contains_key(by) {
                true => Accepted::Organization(by.clone()),
                false => Accepted::Account(by.clone()),
            };
            let is_active = |a: &&CustomerAgreement| a.is_active(at) && agreements.kind_of(a) == kind;
            ("active is", agreements.accepted(&by).filter(is_active).map(|a| a.id.clone()).collect())
        }
        _ => return None,
    };
    (!ids.is_empty()).then(|| format!("{what} {}", few(&ids, 5)))
}

fn words(stopped: &Stopped) -> String {
    let rule = match stopped.rule.as_str() {
        "" => String::new(),
        rule => format!(" ({rule})"),
    };
    match stopped.unknown {
        true => format!("it is unknown whether that can happen: {}{rule}", stopped.why),
        false => format!("{}{rule}", stopped.why),
    }
}

/// A change is made to the snapshot: where an account stood elsewhere at the moment asked, it would not be the change that is named.
fn elsewhere(agreements: &Agreements<'_>, change: &Change) -> Result<Option<Why>, Failure> {
    let id = match change {
        Change::Leave { account }
        | Change::Join { account, .. }
        | Change::Move { account, .. }
        | Change::Close { account } => account,
        _ => return Ok(None),
    };
    let Some(account) = agreements.tree.accounts.get(id) else { return Ok(None) };
    let standing = agreements.standing(account)?;
    let then = match (&standing.unknown, &standing.organization) {
        (Some(unknown), _) => return Ok(Some(Why::new(unknown.clone(), "ask about another moment with --at"))),
        (None, then) => then.clone(),
    };
    let now = agreements.tree.now(account).organization;
    let place = |o: &Option<String>| o.clone().unwrap_or_else(|| "no organization".to_owned());
    Ok((then != now).then(|| {
        let what = format!(
            "it is in {} at the moment asked, and in {} in the snapshot, to which changes are made",
            place(&then),
            place(&now)
        );
        Why::new(what, "ask about the moment of the snapshot: leave --at out")
    }))
}

/// The operations by which a change can be made: any of them will do.
pub(super) fn ways<'a>(tree: &'a Tree, inventory: &'a Inventory, change: &'a Change) -> Vec<Asked<'a>> {
    let manager = |organization: &str| tree.organizations.get(organization).map(|o| o.management_account.as_str());
    let manager_of = |account: &str| manager(tree.now(tree.accounts.get(account)?).organization.as_deref()?);
    let plain = |operation, account| Asked { operation, account, scope: None, kind: None, member: None, joins: None };
    let of_agreement = |operation, by: &'a str, kind: &'a str| {
        let (account, scope) = match inventory.entity("Organization", by) {
            Some(_) => (manager(by)?, Scope::Organization),
            None => (by, Scope::Account),
        };
        Some(Asked { scope: Some(scope), kind: Some(kind), ..plain(operation, account) })
    };
    let to_member = |operation, account: &'a str| {
        let manager = manager_of(account).filter(|manager| *manager != account)?;
        Some(Asked { member: Some(account), ..plain(operation, manager) })
    };
    let is_member = |account: &str| manager_of(account).is_some_and(|manager| manager != account);
    let is_departing = |id: &str| tree.accounts.get(id).is_some_and(|a| Departing::of(&a.state).is_some());
    let mut ways = Vec::new();
    match change {
        Change::Accept { by, kind } => ways.extend(of_agreement("accept-agreement", by, kind)),
        Change::Terminate { of, kind: Some(kind) } => ways.extend(of_agreement("terminate-agreement", of, kind)),
        Change::Terminate { of, kind: None } if inventory.entity("OfflineAgreement", of).is_some() => {
            let kind = inventory.entity("OfflineAgreement", of).and_then(|a| a.str("kind"));
            let agreement = inventory.offline_agreements().into_iter().find(|a| a.id == *of);
            let designated = agreement.into_iter().flat_map(|a| a.designations);
            let accounts = designated.filter_map(|d| Some(tree.accounts.get(&d.account)?.id.as_str()));
            ways.extend(accounts.filter_map(|account| of_agreement("terminate-agreement", account, kind?)));
        }
        Change::Terminate { of, kind: None } => {
            let acceptance = inventory.entity("CustomerAgreement", of);
            let by = acceptance.and_then(|a| a.reference("organization").or_else(|| a.reference("account")));
            let offer = acceptance.and_then(|a| a.reference("agreement"));
            let kind = offer.and_then(|offer| inventory.entity("Agreement", offer)?.str("kind"));
            ways.extend(by.zip(kind).and_then(|(by, kind)| of_agreement("terminate-agreement", by, kind)));
        }
        Change::RemoveDesignation { account, kind } => {
            let asked = plain("remove-offline-designation", account.as_str());
            ways.push(Asked { scope: Some(Scope::Offline), kind: Some(kind), ..asked });
        }
        // a member that departs by itself needs nobody
        Change::Leave { account } if is_member(account) && is_departing(account) => {}
        Change::Leave { account } => {
            ways.push(plain("leave-organization", account.as_str()));
            ways.extend(to_member("remove-account", account));
        }
        Change::Join { account, organization } => {
            let manager = manager(organization).and_then(|id| tree.accounts.get(id));
            let manager = manager.map(|manager| (manager.partition.clone(), manager.state.clone()));
            let joins = Some(Joins { organization: organization.clone(), manager });
            ways.push(Asked { joins, ..plain("accept-invitation", account.as_str()) });
        }
        Change::Close { account } => {
            ways.extend(to_member("close-account", account));
            ways.push(plain("close-own-account", account.as_str()));
        }
        Change::Delete { organization } => {
            ways.extend(manager(organization).map(|manager| plain("delete-organization", manager)));
        }
        Change::Organization { organization, becomes: Becomes::SetUp } => {
            let asked = manager(organization).map(|manager| plain("set-up-organization-agreements", manager));
            ways.extend(asked.map(|asked| Asked { scope: Some(Scope::Organization), ..asked }));
        }
        _ => {}
    }
    ways
}
