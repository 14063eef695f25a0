//! New access by resource control policies: whether a request for resources of an account is denied no longer.
//!
//! They limit whoever asks for a resource of the accounts below them. What principals of the same account may do is compared with their
//! other layers ([`super::stacks`]). Whom else the policies of resources let in is not in an inventory, so that of all others it is not
//! known whether they gain by it. Who may assume a role is compared by its trust policy ([`super::trust`]).

use std::collections::BTreeMap;

use super::stacks::{ANYONE, NewAccess};
use super::trust::{Around, Controlled};
use super::{PrincipalEntry, Side};
use crate::access::settled::{self, Named, OUTSIDE, everything};
use crate::access::{self, AccessAnswer, NewRequests};
use crate::agreements::Agreements;
use crate::assessment::completeness::Unseen;
use crate::aws::resource_policies::are_controlled;
use crate::iam::document::{Clause, Statement};
use crate::iam::principal::Who;
use crate::iam::whom::is_whom;
use crate::permissions::controls::Controls;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::PrincipalKind;

/// What is compared.
pub(super) const NAME: &str = "resource control policies";

/// The actions by which a role is assumed.
const ASSUMING: [&str; 6] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
];

/// The accounts whose resources are under other resource control policies than before that deny less, or perhaps do.
pub(super) fn new_access(base: &Side<'_>, head: &Side<'_>, rules: &RuleBook) -> Result<Vec<NewAccess>, Failure> {
    let old = Agreements::new(base.inventory, rules, base.options.at);
    if !Controls::exist(&old.tree) {
        return Ok(Vec::new());
    }
    let new = Agreements::new(head.inventory, rules, head.options.at);
    let (before, after) = (Around::of(base, &old), Around::of(head, &new));
    let unseen = [base, head].map(|side| Unseen::of(side.inventory));
    let mut answers: BTreeMap<[Vec<String>; 2], AccessAnswer> = BTreeMap::new();
    let mut alike: BTreeMap<String, NewAccess> = BTreeMap::new();
    for account in new.tree.accounts.values().filter(|a| old.tree.accounts.contains_key(&a.id)) {
        // of roles that are listed, their trust policies are compared under their control policies
        let roles_known = unseen.iter().all(|u| !u.principals_of(&account.id));
        let of = |statement: &Statement| limits(statement, roles_known);
        let (had, has) = (before.over(&account.id, true, of)?, after.over(&account.id, true, of)?);
        if had.are_as(&has) {
            continue;
        }
        let answer = match had.not_comparable(&has) {
            Some(reason) => AccessAnswer::unknown(reason),
            None => {
                let key = [&had, &has].map(Controlled::signature);
                match answers.get(&key) {
                    Some(answer) => answer.clone(),
                    None => answers.entry(key).or_insert(compared(&had, &has, &account.id)?).clone(),
                }
            }
        };
        let Some(reason) = reason(&answer) else { continue };
        let principal = PrincipalEntry {
            account: account.id.clone(),
            principal: ANYONE.to_owned(),
            kind: PrincipalKind::Role,
            name: ANYONE.to_owned(),
            people: Vec::new(),
        };
        let entry = alike
            .entry(reason.clone())
            .or_insert_with(|| NewAccess::of_known(NAME.to_owned(), Vec::new(), AccessAnswer::unknown(reason)));
        entry.principals.push(principal);
    }
    Ok(alike.into_values().collect())
}

/// Why it is not known whether anyone gains access; `None` where nothing that was denied is not.
pub(super) fn reason(answer: &AccessAnswer) -> Option<String> {
    match answer.decision {
        NewRequests::None => None,
        NewRequests::Unknown => answer.reason.clone().or_else(|| Some("what they deny is not known".to_owned())),
        NewRequests::New => {
            let such = answer.witnesses.first().map_or_else(|| "a request".to_owned(), access::Witness::words);
            Some(format!("{such} is denied no longer, and whom policies of resources let in is not in the inventory"))
        }
    }
}

/// Whoever asks is allowed whatever is not denied; examples are of the account.
pub(super) fn compared(had: &Controlled, has: &Controlled, account: &str) -> Result<AccessAnswer, Failure> {
    let identity = || everything().map(|s| settled::of_statement(0, OUTSIDE.to_owned(), s)).into_iter().collect();
    let side = |controls: &Controlled| {
        access::Side::new(vec![("identity", identity()), ("resourceControl", controls.policies())])
    };
    access::new_access(&side(had), &side(has).in_account(account))
}

/// A statement of a resource control policy as far as it limits anything: of the services that such policies bind.
pub(super) fn limits(statement: &Statement, roles_known: bool) -> Option<Statement> {
    let mut statement = statement.clone();
    if statement.allow || statement.actions.negated {
        return Some(statement);
    }
    let counts = |text: &str| {
        let text = text.to_ascii_lowercase();
        let service = text.split(':').next().unwrap_or_default();
        are_controlled(service) && !(roles_known && ASSUMING.contains(&text.as_str()))
    };
    let Clause { negated, patterns, texts } = &statement.actions;
    let kept = patterns.iter().cloned().zip(texts.iter().cloned()).filter(|(_, text)| counts(text));
    let (patterns, texts): (Vec<_>, Vec<_>) = kept.unzip();
    statement.actions = Clause::new(*negated, patterns, texts);
    (!statement.actions.texts.is_empty()).then_some(statement)
}

/// Statements as they are about a principal whose own account the resources are in. AWS takes only those that are about everyone.
pub(super) fn of_own_account(statements: Vec<Named>) -> Vec<Named> {
    let everyone = |statement: &Statement| {
        let about = statement.principals.as_ref();
        about.is_none_or(|p| !p.negated && p.who.iter().any(|w| matches!(w, Who::Everyone | Who::AnyAws)))
    };
    let about = statements.into_iter().filter(|(_, statement)| everyone(statement));
    let plain = about.filter_map(|(file, statement)| {
        let mut statement = limits(&statement, true)?;
        statement.principals = None;
        statement.conditions.retain(|c| !is_whom(c));
        Some((file, statement))
    });
    plain.collect()
}
