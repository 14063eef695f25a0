//! Principals with the same answers, as they come: no more of each is kept than the text tells.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use countersign_core::assessment::{Answers, OperationAnswer, PrincipalAnswer};
use countersign_core::terms::PrincipalKind;

/// What principals answer, in the order in which they come: that of their accounts.
#[derive(Default)]
pub struct Answered {
    groups: Vec<Group>,
    /// The group of a class, by its address, where the group keeps it.
    classes: HashMap<usize, usize>,
    /// The numbers of accounts, each once.
    accounts: Vec<String>,
    number: usize,
}

/// Principals of one class, or one of which more is told.
struct Group {
    answers: Answers,
    who: Names,
}

/// What principals are called, and the accounts in which they are: places in a list, in order.
#[derive(Default)]
pub struct Names {
    names: BTreeMap<(PrincipalKind, String), Vec<u32>>,
    number: usize,
}

impl Answered {
    /// Of these principals.
    pub fn of(principals: &[PrincipalAnswer]) -> Self {
        let mut answered = Self::default();
        principals.iter().for_each(|principal| answered.add(principal));
        answered
    }

    /// One more principal.
    pub fn add(&mut self, principal: &PrincipalAnswer) {
        self.number += 1;
        if self.accounts.last() != Some(&principal.account) {
            self.accounts.push(principal.account.clone());
        }
        let account = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let class = principal.operations.class().map(|class| Arc::as_ptr(class).addr());
        let known = class.and_then(|class| self.classes.get(&class)).and_then(|index| self.groups.get_mut(*index));
        if let Some(group) = known {
            return group.who.add(principal, account);
        }
        self.classes.extend(class.map(|class| (class, self.groups.len())));
        let mut group = Group { answers: principal.operations.clone(), who: Names::default() };
        group.who.add(principal, account);
        self.groups.push(group);
    }

    /// How many principals there are, whether or not there is something to answer.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Answers, and the principals that have them; who has nothing to answer is left out.
    pub fn groups(&self) -> impl Iterator<Item = (Vec<&OperationAnswer>, &Names)> {
        let groups = self.groups.iter().map(|group| (group.answers.in_common(), &group.who));
        groups.filter(|(answers, _)| !answers.is_empty())
    }

    /// The number of an account.
    pub fn account(&self, place: u32) -> &str {
        usize::try_from(place).ok().and_then(|place| self.accounts.get(place)).map_or("", String::as_str)
    }
}

impl Names {
    fn add(&mut self, principal: &PrincipalAnswer, account: u32) {
        self.number += 1;
        let key = (principal.kind, principal.name.clone());
        self.names.entry(key).or_default().push(account);
    }

    /// Those of another group too.
    pub fn extend(&mut self, other: &Self) {
        self.number += other.number;
        for (name, accounts) in &other.names {
            let all = self.names.entry(name.clone()).or_default();
            all.extend(accounts);
            all.sort_unstable();
        }
    }

    /// How many principals they are.
    pub fn number(&self) -> usize {
        self.number
    }

    /// What they are called, with their accounts.
    pub fn iter(&self) -> impl Iterator<Item = (PrincipalKind, &str, &[u32])> {
        self.names.iter().map(|((kind, name), accounts)| (*kind, name.as_str(), accounts.as_slice()))
    }
}
