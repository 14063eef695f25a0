//! Who can end the coverage of an account, and how.
//!
//! Each way is an operation with gates of its own (`policies/operations/ending.cedar`), asked as any other. What comes of it is
//! found by making the change and asking what is in force then ([`crate::what_if`]).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::assessment::completeness::others::Others;
use crate::assessment::{
    AccountAnswer, AgreementAnswer, Assessment, Filter, Governing, Operation, OperationAnswer, Options, assess,
};
use crate::diff::PrincipalEntry;
use crate::inventory::Inventory;
use crate::inventory::tree::Tree;
use crate::people::{self, Roles};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Coverage, Decision, Scope, terms};
use crate::what_if::{Change, apply};
use std::fmt;

use serde::Deserialize;

terms! {
    /// What comes of it for the account.
    Effect {
        /// Nothing at once: it leads to departure, on a date that is not known (D14).
        DepartsLater = "departs-later",
        /// Its own account agreement governs from then on (R50).
        OwnAgreement = "own-agreement",
        /// It stays covered by another agreement.
        StillCovered = "still-covered",
        /// No agreement is in force for it any more.
        Uncovered = "uncovered",
        /// Whether one is in force is unknown.
        Unknown = "unknown",
    }
}

/// A covered account, and the ways in which that can end.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Ending {
    /// Its number.
    pub account: String,
    /// Its name, if declared.
    pub name: Option<String>,
    /// The kind of agreement.
    pub kind: String,
    /// The agreement that governs; null where it is unknown which.
    pub governing: Option<Governing>,
    /// The ways.
    pub ways: Vec<Way>,
}

/// A way to end it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Way {
    /// The operation.
    pub operation: &'static str,
    /// Its scope, where it has one.
    pub scope: Option<Scope>,
    /// The account whose principals can.
    pub by: String,
    /// What comes of it.
    pub effect: Effect,
    /// Who may.
    pub may: Vec<PrincipalEntry>,
    /// Of whom it is not known, with the reason.
    pub unknown: Vec<Perhaps>,
}

/// Somebody of whom it is not known.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Perhaps {
    /// Who.
    #[serde(flatten)]
    pub principal: PrincipalEntry,
    /// The reason, of the project's own or the console's.
    pub reason: Option<String>,
    /// Condition keys and the like that it depends on.
    pub depends_on: Vec<String>,
}

/// What is not followed: each of these makes somebody able who is not told here.
pub const NOT_FOLLOWED: [&str; 3] = [
    "who may detach or change the service control policies that deny",
    "who may change the policies of a principal, or assume a role that may",
    "who controls another organization, and invites the account",
];

/// Who can end the coverage of accounts.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Found {
    /// The accounts that are covered, each with its ways.
    pub endings: Vec<Ending>,
    /// Those who may be there unseen, and which of these ways they could go.
    pub others: Vec<Others>,
    /// Who stands behind the roles that can go a way, or perhaps can.
    pub roles: Roles,
}

/// A way, as it is asked.
struct Asked {
    operation: &'static str,
    scope: Option<Scope>,
    by: String,
    change: Option<Change>,
}

/// The operations that end coverage.
const OPERATIONS: [&str; 7] = [
    "terminate-agreement",
    "leave-organization",
    "accept-invitation",
    "remove-account",
    "delete-organization",
    "close-account",
    "remove-offline-designation",
];

/// The accounts that an agreement of a kind covers, narrowed by the options, each with who can end that and how.
pub fn endings(inventory: &Inventory, rules: &RuleBook, options: &Options, kind: &str) -> Result<Found, Failure> {
    let coverage = coverage(inventory, rules, options)?;
    let is_covered = |a: &&AccountAnswer| row(a, kind).is_some_and(|r| r.coverage != Coverage::NotCovered);
    let targets: Vec<&AccountAnswer> = coverage.accounts.iter().filter(is_covered).collect();
    let tree = Tree::new(inventory);
    let manager = |organization: &String| tree.organizations.get(organization).map(|o| o.management_account.clone());
    let mut within: BTreeSet<String> = targets.iter().map(|a| a.account.clone()).collect();
    within.extend(targets.iter().filter_map(|a| a.organization.as_ref()).filter_map(manager));
    let known = |name: &&&str| rules.operations.operation(name).is_some();
    let filter = Filter {
        principals_in: Some(within),
        operations: OPERATIONS.iter().filter(known).map(|o| (*o).to_owned()).collect(),
        ..Filter::default()
    };
    let asking = Options { filter, ..options.clone() };
    let answers = assess(inventory, rules, &asking)?;
    let ending = |account: &&AccountAnswer| {
        let manager = account.organization.as_ref().and_then(manager);
        let ways = asked(account, kind, manager.as_deref());
        // several ways make the same change
        let mut known: BTreeMap<Option<String>, Effect> = BTreeMap::new();
        let way = |asked: Asked| {
            let change = asked.change.as_ref();
            let made = change.map(ToString::to_string);
            let effect = match known.get(&made) {
                Some(effect) => *effect,
                None => effect(inventory, rules, options, (account, kind), change)?,
            };
            known.insert(made, effect);
            Ok(way((account, kind), (asked, effect), &answers))
        };
        Ok(Ending {
            account: account.account.clone(),
            name: account.name.clone(),
            kind: kind.to_owned(),
            governing: row(account, kind).and_then(|r| r.governing.clone()),
            ways: ways.into_iter().map(way).collect::<Result<_, Failure>>()?,
        })
    };
    let endings: Vec<Ending> = targets.iter().map(ending).collect::<Result<_, Failure>>()?;
    let unseen = answers.completeness.perhaps_others.clone();
    Ok(Found {
        others: unseen.into_iter().filter_map(|o| on_a_way((&endings, kind), o)).collect(),
        roles: people::behind((inventory, rules), &asking, &answers.principals)?,
        endings,
    })
}

/// What of that which others could do ends the coverage of one of these accounts; `None` where nothing does.
fn on_a_way((endings, kind): (&[Ending], &str), others: Others) -> Option<Others> {
    let ways = || endings.iter().flat_map(|e| &e.ways).filter(|w| others.account.as_ref() == Some(&w.by));
    let is_way = |o: &&Operation| {
        let of_kind = o.agreement.as_deref().is_none_or(|k| k == kind);
        of_kind && ways().any(|w| w.operation == o.operation && w.scope == o.scope)
    };
    let operations: BTreeSet<Operation> = others.operations.iter().filter(is_way).cloned().collect();
    (!operations.is_empty()).then(|| Others { operations: operations.into_iter().collect(), ..others })
}

fn coverage(inventory: &Inventory, rules: &RuleBook, options: &Options) -> Result<Assessment, Failure> {
    let accounts = options.filter.accounts.clone();
    let filter = Filter { accounts, without_principals: true, ..Filter::default() };
    assess(inventory, rules, &Options { filter, ..options.clone() })
}

fn row<'a>(account: &'a AccountAnswer, kind: &str) -> Option<&'a AgreementAnswer> {
    account.agreements.iter().find(|r| r.kind == kind)
}

/// The ways that there are, by what covers the account.
fn asked(account: &AccountAnswer, kind: &str, manager: Option<&str>) -> Vec<Asked> {
    let id = || account.account.clone();
    let scope = row(account, kind).and_then(|r| r.governing.as_ref()).map(|g| g.scope);
    let mut ways = Vec::new();
    let mut add = |operation, scope, by: String, change| ways.push(Asked { operation, scope, by, change });
    let own = scope == Some(Scope::Account);
    if own || scope.is_none() {
        let change = Change::Terminate { of: id(), kind: Some(kind.to_owned()) };
        add("terminate-agreement", Some(Scope::Account), id(), Some(change));
    }
    if scope == Some(Scope::Offline) || scope.is_none() {
        let change = Change::RemoveDesignation { account: id(), kind: kind.to_owned() };
        add("remove-offline-designation", Some(Scope::Offline), id(), Some(change));
    }
    if let (Some(organization), Some(manager)) = (&account.organization, manager)
        && (scope == Some(Scope::Organization) || scope.is_none())
    {
        let leave = || Some(Change::Leave { account: id() });
        let change = Change::Terminate { of: organization.clone(), kind: Some(kind.to_owned()) };
        add("terminate-agreement", Some(Scope::Organization), manager.to_owned(), Some(change));
        if manager == account.account {
            add("delete-organization", None, manager.to_owned(), None);
        } else {
            add("leave-organization", None, id(), leave());
            add("accept-invitation", None, id(), leave());
            add("remove-account", None, manager.to_owned(), leave());
            add("close-account", None, manager.to_owned(), Some(Change::Close { account: id() }));
        }
    }
    ways
}

/// One way: what comes of it, and who can.
fn way((account, kind): (&AccountAnswer, &str), (asked, effect): (Asked, Effect), answers: &Assessment) -> Way {
    let is_it = |o: &&OperationAnswer| {
        o.operation == asked.operation
            && o.scope == asked.scope
            && o.agreement.as_deref().is_none_or(|k| k == kind)
            && o.member.as_ref().is_none_or(|member| *member == account.account)
    };
    let (mut may, mut unknown) = (Vec::new(), Vec::new());
    for principal in answers.principals.iter().filter(|p| p.account == asked.by) {
        for answer in principal.operations.iter().filter(is_it) {
            match answer.decision {
                Decision::Allow => may.push(PrincipalEntry::of(principal)),
                Decision::Unknown => unknown.push(Perhaps {
                    principal: PrincipalEntry::of(principal),
                    reason: answer.reason.clone().or_else(|| answer.message.clone()),
                    depends_on: answer.depends_on.iter().map(|d| d.key.clone()).collect(),
                }),
                Decision::Deny => {}
            }
        }
    }
    let Asked { operation, scope, by, .. } = asked;
    Way { operation, scope, by, effect, may, unknown }
}

/// What is in force once it is done. Deleting the organization takes every member's departure first, so that its own agreement
/// alone is asked about.
fn effect(
    inventory: &Inventory,
    rules: &RuleBook,
    options: &Options,
    (account, kind): (&AccountAnswer, &str),
    change: Option<&Change>,
) -> Result<Effect, Failure> {
    let changes: Vec<Change> = match (change, &account.organization) {
        (Some(Change::Close { .. }), _) => return Ok(Effect::DepartsLater),
        (Some(change), _) => vec![change.clone()],
        (None, Some(organization)) => departures(inventory, organization),
        (None, None) => return Ok(Effect::Unknown),
    };
    // what cannot happen has no effect that is known
    let Ok(after) = apply(inventory, &changes, options.at) else { return Ok(Effect::Unknown) };
    let filter = Filter { accounts: vec![account.account.clone()], ..Filter::default() };
    let asked = Options { filter, ..options.clone() };
    let found = coverage(&after, rules, &asked)?;
    let row = found.accounts.first().and_then(|a| row(a, kind));
    Ok(match row.map(|r| (r.coverage, r.governing.as_ref().map(|g| g.scope))) {
        Some((Coverage::Covered, Some(Scope::Account))) => Effect::OwnAgreement,
        Some((Coverage::Covered, _)) => Effect::StillCovered,
        Some((Coverage::NotCovered, _)) | None => Effect::Uncovered,
        Some((Coverage::Unknown, _)) => Effect::Unknown,
    })
}

/// Every member departs, and the organization is deleted.
fn departures(inventory: &Inventory, organization: &str) -> Vec<Change> {
    let tree = Tree::new(inventory);
    let is_member = |id: &&String| {
        let account = tree.accounts.get(*id);
        account.is_some_and(|a| tree.now(a).organization.as_deref() == Some(organization))
            && !tree.manages(id, Some(organization))
    };
    let members = tree.accounts.keys().filter(is_member).map(|id| Change::Leave { account: id.clone() });
    members.chain([Change::Delete { organization: organization.to_owned() }]).collect()
}
