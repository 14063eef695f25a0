//! Reviewed exceptions: what `[[diff.allow]]` of `countersign.toml` says of a difference. The principals and accounts that an
//! exception is about are told by themselves, with its reason.

use super::perhaps::PerhapsLost;
use super::{AccessEntry, AccountEntry, CoverageEntry, Diff, NewAccess, PrincipalEntry};
use crate::assessment::Operation;
use crate::iam::principal::is_account;
use crate::inventory::config::{Excepted, Exception};
use crate::moment::Moment;
use crate::problem::Problem;

impl Exception {
    fn is_of(&self, principal: &PrincipalEntry) -> bool {
        let named = |p: &globset::GlobMatcher| p.is_match(&principal.principal) || p.is_match(&principal.name);
        self.is_in(&principal.account) && self.principal.as_ref().is_none_or(named)
    }

    fn is_in(&self, account: &str) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|a| a == account)
    }

    fn excepts_access(&self, entry: &AccessEntry, principal: &PrincipalEntry) -> bool {
        let Excepted::Operation(pattern) = &self.of else {
            return false;
        };
        (entry.widens() || entry.may_be_new())
            && entry.operations.iter().all(|o| pattern.is_match(o.operation))
            && self.is_of(principal)
    }

    fn excepts_requests(&self, entry: &NewAccess, principal: &PrincipalEntry) -> bool {
        matches!(self.of, Excepted::AnyRequest) && entry.widens() && self.is_of(principal)
    }

    fn excepts_loss(&self, entry: &CoverageEntry, account: &AccountEntry) -> bool {
        let Excepted::Coverage(kind) = &self.of else {
            return false;
        };
        entry.is_loss() && entry.kind == *kind && self.is_in(&account.account)
    }

    /// Whether what stands for an account is no number of one.
    fn names_accounts(&self) -> bool {
        !self.accounts.iter().all(|account| is_account(account))
    }

    /// An exception that names accounts is about no account that is not listed.
    fn excepts_perhaps(&self, lost: &PerhapsLost) -> bool {
        let Excepted::Coverage(kind) = &self.of else {
            return false;
        };
        lost.kind == *kind && lost.account.as_ref().map_or(self.accounts.is_empty(), |account| self.is_in(account))
    }
}

impl Diff {
    /// Applies exceptions, and judges again. Gives a warning for each that is over or excepts nothing.
    pub fn except(&mut self, exceptions: &[Exception], now: Moment) -> Vec<Problem> {
        let counting: Vec<&Exception> = exceptions.iter().filter(|e| e.until.is_none_or(|until| now < until)).collect();
        let mut used = vec![false; counting.len()];
        let mut first = |excepts: &dyn Fn(&Exception) -> bool| -> Option<String> {
            let index = counting.iter().position(|e| excepts(e))?;
            if let Some(used) = used.get_mut(index) {
                *used = true;
            }
            counting.get(index).map(|e| e.reason.clone())
        };
        let access = std::mem::take(&mut self.access).into_iter().flat_map(|e| by_exception(e, &counting)).collect();
        self.access = parted(
            access,
            |e| &mut e.principals,
            |e, p| first(&|x| x.excepts_access(e, p)),
            |e, reason| {
                e.allowed = reason;
                let through = |p: &PrincipalEntry| (p.account.clone(), p.principal.clone());
                let kept: Vec<_> = e.principals.iter().map(through).collect();
                e.people.retain(|p| kept.contains(&(p.account.clone(), p.through.clone())));
            },
        );
        for entries in [&mut self.new_access, &mut self.first_seen] {
            *entries = parted(
                std::mem::take(entries),
                |e| &mut e.principals,
                |e, p| first(&|x| x.excepts_requests(e, p)),
                |e, reason| e.allowed = reason,
            );
        }
        self.coverage = parted(
            std::mem::take(&mut self.coverage),
            |e| &mut e.accounts,
            |e, a| first(&|x| x.excepts_loss(e, a)),
            |e, reason| e.allowed = reason,
        );
        for lost in &mut self.perhaps_lost {
            lost.allowed = first(&|x| x.excepts_perhaps(lost));
        }
        self.judge();
        let idle = counting
            .iter()
            .zip(&used)
            .filter(|(_, used)| !**used)
            .map(|(e, _)| (*e, "applies to nothing", if e.names_accounts() { NUMBERS } else { "remove it" }));
        let over = exceptions.iter().filter(|e| e.until.is_some_and(|until| now >= until));
        let over = over.map(|e| (e, "has expired", "remove it, or have it reviewed again"));
        let problem = |(e, is, help): (&Exception, &str, &str)| {
            Problem::at(&e.place.source, e.place.span, format!("this exception {is}")).help(help).warning()
        };
        idle.chain(over).map(problem).collect()
    }
}

/// What helps where an exception names accounts by what they are called.
const NUMBERS: &str = "`accounts` takes their numbers, such as \"111122223333\", and no names";

/// The operations of an entry by the exceptions that name them.
fn by_exception(entry: AccessEntry, exceptions: &[&Exception]) -> Vec<AccessEntry> {
    let named = |operation: &Operation| -> Vec<bool> {
        let names =
            |e: &&Exception| matches!(&e.of, Excepted::Operation(pattern) if pattern.is_match(operation.operation));
        exceptions.iter().map(names).collect()
    };
    let mut parts: Vec<(Vec<bool>, Vec<Operation>)> = Vec::new();
    for operation in &entry.operations {
        let key = named(operation);
        match parts.iter_mut().find(|(k, _)| *k == key) {
            Some((_, operations)) => operations.push(operation.clone()),
            None => parts.push((key, vec![operation.clone()])),
        }
    }
    parts.into_iter().map(|(_, operations)| AccessEntry { operations, ..entry.clone() }).collect()
}

/// Entries whose members are told by the reason that excepts them, those that none does first.
fn parted<E: Clone, M: Clone>(
    entries: Vec<E>,
    members: impl Fn(&mut E) -> &mut Vec<M>,
    mut reason: impl FnMut(&E, &M) -> Option<String>,
    set: impl Fn(&mut E, Option<String>),
) -> Vec<E> {
    let mut all = Vec::new();
    for mut entry in entries {
        let own = std::mem::take(members(&mut entry));
        if own.is_empty() {
            all.push(entry);
            continue;
        }
        let mut parts: Vec<(Option<String>, Vec<M>)> = Vec::new();
        for member in own {
            let reason = reason(&entry, &member);
            match parts.iter_mut().find(|(r, _)| *r == reason) {
                Some((_, members)) => members.push(member),
                None => parts.push((reason, vec![member])),
            }
        }
        parts.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (reason, own) in parts {
            let mut part = entry.clone();
            *members(&mut part) = own;
            set(&mut part, reason);
            all.push(part);
        }
    }
    all
}
