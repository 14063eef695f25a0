//! Finding what was named: operations, agreements, principals and people. Ambiguity and absence are errors.

pub mod kinds;

use std::collections::BTreeSet;

use crate::assessment::PrincipalAnswer;
use crate::inventory::Inventory;
use crate::permissions::principals::Person;
use crate::policies::operations::{Catalogue, Definition};
use crate::problem::{Failure, Named, Unknown};
use crate::terms::PrincipalKind;

/// The full name of an operation: as it is, another word for it (`sign`), what answers call it (`accept agreements`), or a beginning that no other operation has.
pub fn operation(catalogue: &Catalogue, name: &str) -> Result<&'static str, Failure> {
    let said = name.trim().to_lowercase();
    if let Some(exact) = catalogue.operation(name).or_else(|| catalogue.operation(&said)) {
        return Ok(exact.name);
    }
    let in_words = |o: &&Definition| format!("{} {}", o.verb, o.object).to_lowercase() == said;
    let also = catalogue.operations.iter().filter(|o| o.also_called.contains(&said) || in_words(o));
    let mut also = also.map(|o| o.name).peekable();
    // what is asked by its whole name alone is no other meaning of a beginning
    let asked = catalogue.operations.iter().filter(|o| !o.by_name).map(|o| o.name);
    let starting = asked.filter(|n| n.starts_with(said.as_str()) && !said.is_empty());
    let mut found: Box<dyn Iterator<Item = &'static str>> =
        if also.peek().is_some() { Box::new(also) } else { Box::new(starting) };
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(first), Some(second)) => {
            let meanings = vec![first.to_owned(), second.to_owned()];
            Err(Failure::Ambiguous { what: Named::Operation, name: name.to_owned(), meanings })
        }
        _ => Err(Unknown::new(Named::Operation, name, catalogue.names()).into()),
    }
}

/// The only one of some names that differs from a word in nothing but its case, its hyphens and its blanks; an exact one is itself.
pub fn meant<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let names: BTreeSet<&str> = names.collect();
    if let Some(exact) = names.get(word) {
        return Some(*exact);
    }
    let loose = |text: &str| -> String {
        let letters = text.chars().filter(|c| !matches!(c, '-' | '_' | ' '));
        letters.flat_map(char::to_lowercase).collect()
    };
    let said = loose(word);
    let mut found: BTreeSet<&str> =
        names.iter().copied().filter(|name| !said.is_empty() && loose(name) == said).collect();
    found.pop_first().filter(|_| found.is_empty())
}

/// The principals, each in its account, that a name stands for.
///
/// An ARN is exact. A name is that of a user, a role or a root in one account, of a permission set in all its accounts, or
/// of a person in Identity Center, who stands for each of their permission sets.
pub fn principals(
    inventory: &Inventory,
    accounts: &[String],
    all: &[PrincipalAnswer],
    name: &str,
) -> Result<Vec<PrincipalAnswer>, Failure> {
    let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
    let by_arn: Vec<_> = all.iter().filter(here).filter(|p| p.principal == name).cloned().collect();
    if !by_arn.is_empty() {
        return Ok(by_arn);
    }
    let named = all.iter().filter(here).filter(|p| p.name == name && p.kind != PrincipalKind::PermissionSet);
    let iam: Vec<_> = named.cloned().collect();
    let sets: Vec<_> =
        all.iter().filter(here).filter(|p| p.name == name && p.kind == PrincipalKind::PermissionSet).cloned().collect();
    let people = |is: &dyn Fn(&Person) -> bool| -> Vec<PrincipalAnswer> {
        all.iter().filter(here).filter(|p| p.people.iter().any(is)).cloned().collect()
    };
    let by_name = people(&|person| person.user_name == name);
    // an id names a person where nobody signs in with it
    let person = if by_name.is_empty() { people(&|person| person.id == name) } else { by_name };
    let known_person =
        inventory.of_type("IdentityCenterUser").any(|u| u.str("userName") == Some(name) || u.uid.id == name);
    let meanings = [iam.len(), usize::from(!sets.is_empty()), usize::from(!person.is_empty())].iter().sum::<usize>();
    match meanings {
        0 if known_person => Err(Failure::NoPermissionSet { person: name.to_owned() }),
        0 => {
            // the same name in an account that was not asked about is no other spelling
            let names = all
                .iter()
                .filter(here)
                .flat_map(|p| std::iter::once(p.name.as_str()).chain(p.people.iter().map(|x| x.user_name.as_str())));
            let names: BTreeSet<&str> = names.collect();
            if let Some(only) = meant(name, names.iter().copied()) {
                return principals(inventory, accounts, all, only);
            }
            Err(Unknown::new(Named::Principal, name, names).into())
        }
        1 => Ok([iam, sets, person].concat()),
        _ => {
            let mut meanings: Vec<String> = iam.iter().map(|p| p.principal.clone()).collect();
            meanings.extend(sets.iter().chain(&person).map(|p| format!("{} in {}", p.principal, p.account)));
            meanings.truncate(8);
            Err(Failure::Ambiguous { what: Named::Principal, name: name.to_owned(), meanings })
        }
    }
}
