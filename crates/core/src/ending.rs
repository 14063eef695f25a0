//! Who can end the coverage of an account, and how.
//!
//! Each way is an operation with gates of its own (`policies/operations/ending.cedar`), asked as any other. What comes of it is
//! found by making the change and asking what is in force then ([`crate::what_if`]).

mod effects;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::assessment::answered::Answered;
use crate::assessment::completeness::others::Others;
use crate::assessment::{
    AccountAnswer, AgreementAnswer, Assessment, Filter, Governing, Operation, OperationAnswer, Options,
    PrincipalAnswer, assess,
};
use crate::diff::PrincipalEntry;
use crate::inventory::Inventory;
use crate::inventory::tree::Tree;
use crate::people::{self, Roles};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Coverage, Decision, Departing, Scope, terms};
use crate::what_if::{Change, why_nobody};
use effects::Effects;
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
    /// It departs by itself, or perhaps does; null for one that is not closed, and for one in no organization.
    pub departing: Option<Departing>,
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
    /// The acceptances that it ends, where several are in force.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acceptances: Vec<String>,
    /// What comes of it.
    pub effect: Effect,
    /// Who may.
    pub may: Vec<PrincipalEntry>,
    /// Of whom it is not known, with the reason.
    pub unknown: Vec<Perhaps>,
    /// Whom IAM lets make the call, or perhaps lets, while the console asks them for a permission that they lack: no source says whether
    /// AWS Artifact carries it out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_the_call: Vec<PrincipalEntry>,
    /// Why nobody who is listed can: what stops the root user, whom nothing but that stops.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why_nobody: Vec<String>,
    /// What the answers about it take for granted (D22).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assuming: Vec<String>,
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
    /// What it can be done on alone, or perhaps can, where not everything will do: patterns for invitations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
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
    /// Which acceptances it ends, where several are in force.
    acceptances: Vec<String>,
}

/// The operations that end coverage.
const OPERATIONS: [&str; 8] = [
    "terminate-agreement",
    "leave-organization",
    "accept-invitation",
    "remove-account",
    "delete-organization",
    "close-account",
    "close-own-account",
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
    let assessed = assess(inventory, rules, &asking)?;
    let unseen = assessed.completeness.perhaps_others.clone();
    let answers = Answered::of(Some(assessed));
    let calls = calls(inventory, rules, &asking)?.map(|calls| Answered::of(Some(calls)));
    let asked: Vec<(&AccountAnswer, Vec<Asked>)> = targets
        .iter()
        .map(|account| {
            let manager = account.organization.as_ref().and_then(manager);
            (*account, asked(inventory, account, kind, manager.as_deref()))
        })
        .collect();
    let effects = Effects { inventory, rules, options, kind }.of(&asked)?;
    let mut endings = Vec::new();
    for ((account, ways), effects) in asked.into_iter().zip(effects) {
        let ways = ways.into_iter().zip(effects);
        endings.push(Ending {
            account: account.account.clone(),
            name: account.name.clone(),
            kind: kind.to_owned(),
            governing: row(account, kind).and_then(|r| r.governing.clone()),
            departing: account.organization.as_ref().and_then(|_| Departing::of(&account.state)),
            ways: ways.map(|asked| way((account, kind), asked, (&answers, calls.as_ref()))).collect(),
        });
    }
    Ok(Found {
        others: on_a_way((&endings, kind), unseen),
        roles: people::behind((inventory, rules), &asking, answers.principals())?,
        endings,
    })
}

/// The same as IAM decides the calls, of the operations for which the console asks more; `None` where it does for none.
fn calls(inventory: &Inventory, rules: &RuleBook, asking: &Options) -> Result<Option<Assessment>, Failure> {
    let mut filter = asking.filter.clone();
    filter.operations.retain(|operation| rules.asks_before_the_call(operation));
    filter.answers_alone = true;
    if filter.operations.is_empty() {
        return Ok(None);
    }
    assess(inventory, rules, &Options { filter, by_the_call: true, ..asking.clone() }).map(Some)
}

/// What of that which others could do ends the coverage of one of these accounts; those who could do nothing of it are left out.
fn on_a_way((endings, kind): (&[Ending], &str), unseen: Vec<Others>) -> Vec<Others> {
    let ways = endings.iter().flat_map(|e| &e.ways).map(|w| (w.by.as_str(), w.operation, w.scope));
    let ways: BTreeSet<(&str, &str, Option<Scope>)> = ways.collect();
    let told = |others: Others| {
        let is_way = |o: &&Operation| {
            let by = others.account.as_deref().unwrap_or_default();
            o.agreement.as_deref().is_none_or(|k| k == kind) && ways.contains(&(by, o.operation, o.scope))
        };
        let operations: BTreeSet<Operation> = others.operations.iter().filter(is_way).cloned().collect();
        (!operations.is_empty()).then(|| Others { operations: operations.into_iter().collect(), ..others })
    };
    unseen.into_iter().filter_map(told).collect()
}

fn coverage(inventory: &Inventory, rules: &RuleBook, options: &Options) -> Result<Assessment, Failure> {
    let accounts = options.filter.accounts.clone();
    let filter = Filter { accounts, without_principals: true, ..Filter::default() };
    assess(inventory, rules, &Options { filter, ..options.clone() })
}

fn row<'a>(account: &'a AccountAnswer, kind: &str) -> Option<&'a AgreementAnswer> {
    account.agreements.iter().find(|r| r.kind == kind)
}

/// Terminating: each acceptance of a scope that is in force by itself, and all of them.
fn terminating(
    inventory: &Inventory,
    row: Option<&AgreementAnswer>,
    (scope, of, by): (Scope, &str, &str),
) -> Vec<Asked> {
    let asked = |change, acceptances| Asked {
        operation: "terminate-agreement",
        scope: Some(scope),
        by: by.to_owned(),
        change: Some(change),
        acceptances,
    };
    let Some(row) = row else { return Vec::new() };
    let in_force = row.governing.iter().map(|g| &g.id).chain(&row.also_in_force).chain(&row.superseded);
    let is_of = |id: &&String| {
        let acceptance = inventory.entity("CustomerAgreement", id);
        acceptance.is_some_and(|a| a.reference("account").or_else(|| a.reference("organization")) == Some(of))
    };
    let mut ids: Vec<String> = in_force.filter(is_of).cloned().collect();
    ids.sort();
    ids.dedup();
    let all = Change::Terminate { of: of.to_owned(), kind: Some(row.kind.clone()) };
    if ids.len() < 2 {
        return vec![asked(all, Vec::new())];
    }
    let one = |id: &String| asked(Change::Terminate { of: id.clone(), kind: None }, vec![id.clone()]);
    ids.iter().map(one).chain([asked(all, ids.clone())]).collect()
}

/// The ways that there are, by what covers the account.
fn asked(inventory: &Inventory, account: &AccountAnswer, kind: &str, manager: Option<&str>) -> Vec<Asked> {
    let id = account.account.as_str();
    let row = row(account, kind);
    let scope = row.and_then(|r| r.governing.as_ref()).map(|g| g.scope);
    let may_be = |one: Scope| scope.is_none_or(|scope| scope == one);
    let way = |operation, by: &str, change| Asked {
        operation,
        scope: None,
        by: by.to_owned(),
        change,
        acceptances: Vec::new(),
    };
    let mut ways = Vec::new();
    if may_be(Scope::Account) {
        ways.extend(terminating(inventory, row, (Scope::Account, id, id)));
    }
    if may_be(Scope::Offline) {
        let change = Change::RemoveDesignation { account: id.to_owned(), kind: kind.to_owned() };
        let removed = way("remove-offline-designation", id, Some(change));
        ways.push(Asked { scope: Some(Scope::Offline), ..removed });
    }
    let organization = account.organization.as_deref().zip(manager);
    let Some((organization, manager)) = organization.filter(|_| may_be(Scope::Organization)) else { return ways };
    ways.extend(terminating(inventory, row, (Scope::Organization, organization, manager)));
    if manager == id {
        ways.push(way("delete-organization", manager, None));
        return ways;
    }
    let leave = || Some(Change::Leave { account: id.to_owned() });
    let close = || Some(Change::Close { account: id.to_owned() });
    ways.extend([
        way("leave-organization", id, leave()),
        way("accept-invitation", id, leave()),
        way("remove-account", manager, leave()),
        way("close-account", manager, close()),
        way("close-own-account", id, close()),
    ]);
    ways
}

/// One way: what comes of it, and who can.
fn way(
    (account, kind): (&AccountAnswer, &str),
    (asked, effect): (Asked, Effect),
    (answers, calls): (&Answered, Option<&Answered>),
) -> Way {
    let (mut may, mut unknown, mut assuming) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (principal, answer) in asked.of(account, kind, answers) {
        assuming.extend(answer.assuming.iter().cloned());
        match decision(answer, &asked.acceptances) {
            Decision::Allow => may.push(PrincipalEntry::of(principal)),
            Decision::Unknown => unknown.push(Perhaps {
                principal: PrincipalEntry::of(principal),
                reason: answer.reason.clone().or_else(|| answer.message.clone()),
                depends_on: answer.depends_on.iter().map(|d| d.key.clone()).collect(),
                on: match asked.acceptances.is_empty() {
                    true => can_be_on(answer),
                    false => Vec::new(),
                },
            }),
            Decision::Deny => {}
        }
    }
    let is_told = |who: &PrincipalEntry| may.contains(who) || unknown.iter().any(|p| p.principal == *who);
    let calls = calls.into_iter().flat_map(|calls| asked.of(account, kind, calls));
    let let_through = calls.filter(|(_, answer)| decision(answer, &asked.acceptances) != Decision::Deny);
    let by_the_call: Vec<PrincipalEntry> =
        let_through.map(|(principal, _)| PrincipalEntry::of(principal)).filter(|who| !is_told(who)).collect();
    let why_nobody = match may.is_empty() && unknown.is_empty() && by_the_call.is_empty() {
        true => why_nobody(asked.of(account, kind, answers)),
        false => Vec::new(),
    };
    let Asked { operation, scope, by, acceptances, .. } = asked;
    let assuming = assuming.into_iter().collect();
    Way { operation, scope, by, acceptances, effect, may, unknown, by_the_call, why_nobody, assuming }
}

impl Asked {
    /// The answers about it of everyone who is listed in the account that acts.
    fn of<'a>(
        &'a self,
        account: &'a AccountAnswer,
        kind: &'a str,
        answers: &'a Answered,
    ) -> impl Iterator<Item = (&'a PrincipalAnswer, &'a OperationAnswer)> {
        let all = answers.about((&self.by, self.operation), Some(&account.account));
        all.filter(move |(_, o)| o.scope == self.scope && o.agreement.as_deref().is_none_or(|k| k == kind))
    }
}

/// Whether somebody can end all of these acceptances.
fn decision(answer: &OperationAnswer, acceptances: &[String]) -> Decision {
    let of = |id: &String| answer.each.get(id).copied().unwrap_or(answer.decision);
    let all: Vec<Decision> = acceptances.iter().map(of).collect();
    match (all.contains(&Decision::Deny), all.contains(&Decision::Unknown)) {
        _ if all.is_empty() => answer.decision,
        (true, _) => Decision::Deny,
        (false, true) => Decision::Unknown,
        (false, false) => Decision::Allow,
    }
}

/// What something can be done on, or perhaps can, where not everything will do.
fn can_be_on(answer: &OperationAnswer) -> Vec<String> {
    answer.each.iter().filter(|(_, d)| **d != Decision::Deny).map(|(on, _)| on.clone()).collect()
}
