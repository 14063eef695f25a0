//! Whom rows of answers name: people, and principals behind whom nobody is known, each once. A count is of those, never of rows.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Names, capital, listed};
use crate::report::who_can::Row;
use countersign_core::assessment::PrincipalAnswer;
use countersign_core::terms::PrincipalKind;

/// Whom some rows name.
#[derive(Debug, Default)]
pub struct Counted {
    /// People and principals.
    pub names: Vec<String>,
    /// Groups whose members are not listed: how many they are is not known.
    pub groups: Vec<String>,
}

impl Counted {
    /// Of these rows, in their order.
    pub fn of(names: Names<'_>, rows: &[Row<'_>]) -> Self {
        let mut keys: HashSet<(&str, &str)> = HashSet::new();
        let mut found: Vec<(String, &PrincipalAnswer)> = Vec::new();
        let mut groups: Vec<String> = Vec::new();
        let mut grouped: BTreeSet<&str> = BTreeSet::new();
        for (principal, _) in rows {
            for person in principal.people.iter() {
                if keys.insert(("person", &person.id)) {
                    found.push((person.user_name.clone(), principal));
                }
            }
            for group in principal.groups.iter() {
                if grouped.insert(&group.name) {
                    groups.push(format!("whoever is in {}", group.name));
                }
            }
            let is_set = principal.kind == PrincipalKind::PermissionSet;
            let is_nobody = principal.people.is_empty() && principal.groups.is_empty();
            // a permission set to which nobody is assigned is one, in however many accounts it is
            let account = if is_set { "" } else { &principal.account };
            let id = if is_set { &principal.name } else { &principal.principal };
            if is_nobody && keys.insert((account, id)) {
                found.push((names.principal(principal), principal));
            }
        }
        let mut called: HashMap<&str, usize> = HashMap::new();
        for (name, _) in &found {
            *called.entry(name).or_default() += 1;
        }
        let twice = |name: &String| called.get(name.as_str()).is_some_and(|number| *number > 1);
        let told = |(name, principal): &(String, &PrincipalAnswer)| {
            let is_person = !principal.people.is_empty();
            if twice(name) && !is_person {
                format!("{name} of {}", names.account(&principal.account))
            } else {
                name.clone()
            }
        };
        Self { names: found.iter().map(told).collect(), groups }
    }

    /// How many, within a sentence: `3`, `whoever is in Legal`, `3, and for whoever is in Legal,`.
    pub fn listed(&self) -> String {
        match (self.names.len(), self.groups.as_slice()) {
            (n, []) => n.to_string(),
            (0, groups) => listed(groups, "and"),
            (n, groups) => format!("{n}, and for {},", listed(groups, "and")),
        }
    }

    /// How many, in words: a group is not counted.
    pub fn number(&self) -> String {
        match (self.names.len(), self.groups.as_slice()) {
            (n, []) => n.to_string(),
            (0, groups) => capital(&listed(groups, "and")),
            (n, groups) => format!("{n}, and {},", listed(groups, "and")),
        }
    }
}
