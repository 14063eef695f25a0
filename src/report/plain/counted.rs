//! Whom rows of answers name: people, and principals behind whom nobody is known, each once. A count is of those, never of rows.

use std::collections::{HashMap, HashSet};

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
        Self::beside(names, rows, &[])
    }

    /// The same without those whom other rows name, who are counted there.
    pub fn beside(names: Names<'_>, rows: &[Row<'_>], others: &[&[Row<'_>]]) -> Self {
        let others = others.iter().copied().flatten();
        let mut keys: HashSet<Key<'_>> = others.clone().flat_map(|(p, _)| keys_of(p)).map(|(key, _)| key).collect();
        let mut groups_told: HashSet<&str> = others.flat_map(|(p, _)| groups_of(p)).collect();
        let mut found: Vec<(String, &PrincipalAnswer)> = Vec::new();
        let mut groups: Vec<String> = Vec::new();
        for (principal, _) in rows {
            for (key, name) in keys_of(principal) {
                if keys.insert(key) {
                    found.push((name.map_or_else(|| names.principal(principal), str::to_owned), principal));
                }
            }
            for group in groups_of(principal) {
                if groups_told.insert(group) {
                    groups.push(format!("whoever is in {group}"));
                }
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

    /// Nobody is named.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.groups.is_empty()
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

/// By what somebody is counted: what they are, and who.
type Key<'a> = (&'a str, &'a str);

/// Whom a principal stands for: each person behind it, by name, or itself.
fn keys_of(principal: &PrincipalAnswer) -> Vec<(Key<'_>, Option<&str>)> {
    // a permission set to which nobody is assigned is one, in however many accounts it is
    let itself: Key<'_> = match principal.kind {
        PrincipalKind::PermissionSet => ("", &principal.name),
        _ => (&principal.account, &principal.principal),
    };
    match principal.people.is_empty() && principal.groups.is_empty() {
        true => vec![(itself, None)],
        false => principal.people.iter().map(|p| (("person", p.id.as_str()), Some(p.user_name.as_str()))).collect(),
    }
}

/// The groups behind it whose members are not named.
fn groups_of(principal: &PrincipalAnswer) -> impl Iterator<Item = &str> {
    principal.groups.iter().map(|group| group.name.as_str())
}
