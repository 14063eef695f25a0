//! `[[access]]`: what somebody who is named is answered, by themselves, as a role that they become, and, where it is a denial, as far as it
//! is known that they may not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Access;
use super::names::{Meant, is_called, people_alone};
use super::run::{Held, is_asked, is_of};
use super::unmet::{Unmet, answered, assumes, declared};
use crate::assessment::completeness::others::Others;
use crate::assessment::completeness::person;
use crate::assessment::{Operation, OperationAnswer, PrincipalAnswer};
use crate::diff::PrincipalEntry;
use crate::people::{Assumer, unlisted};
use crate::terms::Decision;
use crate::words::plain;

impl Held<'_> {
    pub(super) fn access(&self, access: &Access) -> Vec<Unmet> {
        let mut unmet = self.unknown_accounts(&access.asked.accounts);
        let no_account = !unmet.is_empty() && unmet.len() == access.asked.accounts.len();
        let mut others = Vec::new();
        for name in &access.principals {
            let named = self.named(name, &access.asked.accounts);
            let denied = access.decision == Decision::Deny;
            if denied {
                others.extend(self.declared(access, name, named.as_ref().ok()));
            }
            // whom `[[trusted]]` names need be nobody whom the inventory knows
            let meant = match named.or_else(|missing| self.is_trusted(name, denied).ok_or(missing)) {
                Ok(meant) => meant,
                // of a name that stands for somebody elsewhere, it is the account that is wrong
                Err(_) if no_account && self.named(name, &[]).is_ok() => continue,
                Err(missing) => {
                    unmet.push(*missing);
                    unmet.extend(self.perhaps_of_person(access, name));
                    continue;
                }
            };
            for principal in &meant.principals {
                let answers: Vec<&OperationAnswer> =
                    principal.operations.iter().filter(|o| is_asked(o, &access.asked)).collect();
                if answers.is_empty() {
                    let asked = access.asked.clone();
                    unmet.push(Unmet::NotAskedOf { principal: PrincipalEntry::of(principal), asked });
                }
                let other = answers.into_iter().filter(|o| !is_expected(o, access));
                // it is asked about as a whole
                if access.decision == Decision::Deny {
                    others.extend(self.assumed(access, |a| {
                        (&a.identity.account, &a.identity.arn) == (&principal.account, &principal.principal)
                    }));
                }
                let whole = PrincipalAnswer { people: Arc::default(), groups: Arc::default(), ..principal.clone() };
                others.extend(other.map(|o| answered(&whole, o)));
            }
            if meant.principals.is_empty() {
                others.extend(self.perhaps_of_person(access, name));
            }
            for person in &meant.people {
                others.extend(self.of_person(person, access));
                if access.decision == Decision::Deny {
                    others.extend(self.assumed(access, |a| a.identity.people.iter().any(|p| p.id == *person)));
                }
            }
        }
        unmet.extend(others);
        // a denial to all whom a pattern matches is one to those who are not listed
        if access.decision == Decision::Deny && access.principals.iter().any(|name| name.contains('*')) {
            unmet.extend(self.perhaps_others(&access.asked, &[]));
        }
        unmet
    }

    /// What a person who is denied may perhaps do, by groups or assignments that were not collected, or as a role that they become by them.
    fn perhaps_of_person(&self, access: &Access, name: &str) -> Vec<Unmet> {
        let people = person::named(self.inventory, name);
        if access.decision != Decision::Deny || people.is_empty() {
            return Vec::new();
        }
        let accounts = &access.asked.accounts;
        let here = |o: &Others| accounts.is_empty() || o.account.as_ref().is_some_and(|a| accounts.contains(a));
        let everyone = &self.assessment.principals;
        let at_roles = unlisted::at_roles(self.roles, everyone);
        let by_roles = |person| at_roles.iter().cloned().filter_map(move |o| unlisted::of_person(o, person, everyone));
        let all = people.iter().flat_map(|p| self.assessment.perhaps_of_person(p).into_iter().chain(by_roles(p)));
        let asked = all.filter(here).filter_map(|others| {
            let operations: Vec<_> = others.operations.iter().filter(|o| is_of(o, &access.asked)).cloned().collect();
            (!operations.is_empty()).then_some(Others { operations, ..others })
        });
        asked.map(|others| Unmet::PerhapsOthers(Box::new(others))).collect()
    }

    /// What somebody who is denied may do all the same, or perhaps may, by assuming roles.
    fn assumed(&self, access: &Access, is: impl Fn(&Assumer) -> bool) -> Vec<Unmet> {
        let accounts = &access.asked.accounts;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        let mut unmet = Vec::new();
        for role in self.assessment.principals.iter().filter(here) {
            let behind = self.roles.get(&role.principal);
            for assumer in behind.iter().flat_map(|b| &b.assumers).filter(|a| is(a)) {
                let may = |o: &&OperationAnswer| is_asked(o, &access.asked) && o.decision != Decision::Deny;
                unmet.extend(
                    role.operations.iter().filter(may).map(|o| assumes(assumer, (&assumer.identity).into(), o)),
                );
            }
        }
        unmet
    }

    /// What somebody who is denied may do all the same as a role at which `[[trusted]]` declares them.
    fn declared(&self, access: &Access, name: &str, meant: Option<&Meant>) -> Vec<Unmet> {
        let accounts = &access.asked.accounts;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        let names = BTreeSet::from([name.to_owned()]);
        let mut unmet = Vec::new();
        for role in self.assessment.principals.iter().filter(here) {
            let trusted = self.roles.get(&role.principal).into_iter().flat_map(|b| &b.trusted);
            let own = |person: &&String| {
                is_called(&names, person) || meant.is_some_and(|m| self.is_meant(person, &m.principals, &m.people))
            };
            for person in trusted.filter(own) {
                let may = |o: &&OperationAnswer| is_asked(o, &access.asked) && o.decision != Decision::Deny;
                unmet.extend(role.operations.iter().filter(may).map(|o| declared(person, role, o)));
            }
        }
        unmet
    }

    /// What is not as expected of a person, who may do what one of their permission sets in an account allows.
    fn of_person(&self, person: &str, access: &Access) -> Vec<Unmet> {
        let accounts = &access.asked.accounts;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        let own: Vec<PrincipalAnswer> =
            self.assessment.principals.iter().filter(here).filter_map(|p| people_alone(p, |id| id == person)).collect();
        let mut by: BTreeMap<(&str, Operation), Vec<(&PrincipalAnswer, &OperationAnswer)>> = BTreeMap::new();
        for principal in &own {
            for answer in principal.operations.iter().filter(|o| is_asked(o, &access.asked)) {
                by.entry((&principal.account, Operation::of(answer))).or_default().push((principal, answer));
            }
        }
        if by.is_empty() {
            let none = |p: &PrincipalAnswer| Unmet::NotAskedOf {
                principal: PrincipalEntry::of(p),
                asked: access.asked.clone(),
            };
            return own.first().map(none).into_iter().collect();
        }
        let mut unmet = Vec::new();
        for answers in by.into_values() {
            let reached = answers.iter().map(|(_, o)| order(o.decision)).max();
            // a denial is one by every permission set, with its message
            let counts = |o: &OperationAnswer| Some(order(o.decision)) == reached;
            let other = answers.iter().filter(|(_, o)| counts(o) && !is_expected(o, access));
            unmet.extend(other.map(|(p, o)| answered(p, o)));
        }
        unmet
    }
}

/// Deny, unknown, allow.
fn order(decision: Decision) -> u8 {
    match decision {
        Decision::Deny => 0,
        Decision::Unknown => 1,
        Decision::Allow => 2,
    }
}

fn is_expected(answer: &OperationAnswer, access: &Access) -> bool {
    let shown = answer.message.as_ref().or(answer.reason.as_ref());
    let says = |message: &String| shown.is_some_and(|s| plain(s) == plain(message));
    answer.decision == access.decision && access.message.as_ref().is_none_or(says)
}
