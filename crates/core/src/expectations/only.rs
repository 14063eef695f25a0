//! `[[only]]`: that nobody else may, also by a role that they become, or because they were not listed.

use std::collections::BTreeSet;

use super::names::{is_called, people_alone};
use super::run::{Held, is_asked, is_of};
use super::unmet::{Unmet, answered, assumes, declared};
use super::{Asked, Only};
use crate::assessment::completeness::others::Others;
use crate::assessment::{Answers, OperationAnswer, PrincipalAnswer};
use crate::diff::PrincipalEntry;
use crate::people::{Assumer, Other};
use crate::terms::{Decision, PrincipalKind};

/// Who is listed by an expectation that nobody else may.
#[derive(Default)]
struct Listed {
    /// By account and ARN: whoever acts as them.
    principals: BTreeSet<(String, String)>,
    /// Ids in Identity Center.
    people: BTreeSet<String>,
    /// As they are written.
    names: BTreeSet<String>,
}

impl Listed {
    /// The same for whoever may become a role.
    fn other(&self, assumer: &Assumer) -> Option<PrincipalEntry> {
        let identity = &assumer.identity;
        if self.principals.contains(&(identity.account.clone(), identity.arn.clone())) {
            return None;
        }
        let entry = PrincipalEntry::from(identity);
        let people = identity.people.iter().filter(|p| !self.people.contains(&p.id)).map(|p| p.user_name.clone());
        let people: Vec<String> = people.chain(identity.groups.iter().map(|g| format!("group {}", g.name))).collect();
        let everyone = !entry.people.is_empty() && people.is_empty();
        (!everyone).then_some(PrincipalEntry { people, ..entry })
    }

    /// A principal that is not listed, with the people alone behind it who are not; `None` where all are.
    fn others(&self, principal: &PrincipalAnswer) -> Option<PrincipalAnswer> {
        if self.principals.contains(&(principal.account.clone(), principal.principal.clone())) {
            return None;
        }
        let everyone = !principal.people.is_empty() && principal.groups.is_empty();
        if everyone && principal.people.iter().all(|p| self.people.contains(&p.id)) {
            return None;
        }
        Some(people_alone(principal, |id| !self.people.contains(id)).unwrap_or_else(|| principal.clone()))
    }
}

impl Held<'_> {
    pub(super) fn only(&self, only: &Only) -> Vec<Unmet> {
        let mut unmet = self.unknown_accounts(&only.asked.accounts);
        let mut expected = Listed { names: only.principals.iter().cloned().collect(), ..Listed::default() };
        for name in &only.principals {
            let named = self.named(name, &only.asked.accounts);
            match named.or_else(|missing| self.is_at_a_role(name).ok_or(missing)) {
                Ok(meant) => {
                    expected.principals.extend(meant.principals.into_iter().map(|p| (p.account, p.principal)));
                    expected.people.extend(meant.people);
                }
                Err(missing) => unmet.push(*missing),
            }
        }
        let accounts = &only.asked.accounts;
        let here = self.assessment.principals.iter().filter(|p| accounts.is_empty() || accounts.contains(&p.account));
        let mut none = true;
        for principal in here {
            for operation in principal.operations.iter().filter(|o| is_asked(o, &only.asked)) {
                none = false;
                // what may be allowed counts as allowed
                if operation.decision != Decision::Deny && principal.kind == PrincipalKind::Role {
                    unmet.extend(self.at_role(principal, operation, &expected));
                } else if operation.decision != Decision::Deny {
                    unmet.extend(expected.others(principal).map(|p| answered(&p, operation)));
                }
            }
        }
        if none {
            unmet.push(Unmet::NotAskedOfAnyone(only.asked.clone()));
        }
        unmet.extend(self.perhaps_others(&only.asked, &only.principals));
        unmet
    }

    /// Who may be there unseen, beside those that are named: whoever has a permission set that is named is among them.
    pub(super) fn perhaps_others(&self, asked: &Asked, named: &[String]) -> Vec<Unmet> {
        let here = |o: &Others| match &o.account {
            Some(account) => asked.accounts.is_empty() || asked.accounts.contains(account),
            None => asked.accounts.is_empty(),
        };
        let is_named = |o: &Others| o.permission_set.as_ref().is_some_and(|set| named.contains(set));
        let found = self.assessment.perhaps_others(|operation| is_of(operation, asked));
        found.filter(|o| here(o) && !is_named(o)).map(|o| Unmet::PerhapsOthers(Box::new(o))).collect()
    }

    /// Who is not listed and may become a role that may do this, or perhaps may.
    fn at_role(&self, role: &PrincipalAnswer, answer: &OperationAnswer, listed: &Listed) -> Vec<Unmet> {
        let Some(behind) = self.roles.get(&role.principal) else {
            return vec![answered(role, answer)];
        };
        let own = listed.principals.contains(&(role.account.clone(), role.principal.clone()));
        let mut unmet: Vec<Unmet> =
            behind.assumers.iter().filter_map(|a| Some(assumes(a, listed.other(a)?, answer))).collect();
        // a permission set that is listed stands for everyone behind it, listed or not
        let is_listed = |o: &&Other| {
            let of = o.unlisted.as_ref().and_then(|u| Some((u.account.clone(), u.by.as_ref()?.arn.clone())));
            of.is_some_and(|set| listed.principals.contains(&set))
        };
        let others: Vec<Other> = behind.others.iter().filter(|o| !is_listed(o)).cloned().collect();
        if !others.is_empty() {
            unmet.push(Unmet::PeopleUnknown { role: PrincipalEntry::of(role), others });
        }
        let others = behind.trusted.iter().filter(|person| !self.is_listed(person, listed));
        unmet.extend(others.map(|person| declared(person, role, answer)));
        let someone = !behind.assumers.is_empty() || !behind.trusted.is_empty();
        let all_are_listed = someone && unmet.is_empty();
        if !own && !all_are_listed {
            unmet.insert(0, answered(role, answer));
        }
        unmet
    }

    /// Whether somebody whom `[[trusted]]` names is listed.
    fn is_listed(&self, person: &str, listed: &Listed) -> bool {
        let all = &self.assessment.principals;
        let principals: Vec<PrincipalAnswer> = all
            .iter()
            .filter(|p| listed.principals.contains(&(p.account.clone(), p.principal.clone())))
            .map(|p| PrincipalAnswer { operations: Answers::default(), ..p.clone() })
            .collect();
        is_called(&listed.names, person) || self.is_meant(person, &principals, &listed.people)
    }
}
