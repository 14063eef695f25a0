//! Narrowing to what was named. Ambiguity and absence are errors.

use std::collections::BTreeSet;

use super::Session;
use super::errors::usage;
use crate::report::few;
use crate::report::plain::Names;
use countersign_core::assessment::completeness::person;
use countersign_core::assessment::{PrincipalAnswer, principals, principals_called};
use countersign_core::inventory::Inventory;
use countersign_core::naming;
use countersign_core::problem::{Failure, Named, Problem, Unknown};
use countersign_core::terms::Scope;
use countersign_core::words::plain;

/// Accounts that are named in a sentence.
const SHOWN: usize = 6;

/// The numbers of accounts that are named by number or by name, in any of these inventories. A name that several have is none of one.
pub fn accounts(inventories: &[&Inventory], accounts: &[String]) -> Result<Vec<String>, Failure> {
    let all = || inventories.iter().flat_map(|inventory| inventory.of_type("Account"));
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for named in accounts {
        if inventories.iter().any(|inventory| inventory.entity("Account", named).is_some()) {
            found.push(named.clone());
            continue;
        }
        let of = |name: &str| -> BTreeSet<String> {
            all().filter(|a| a.str("name") == Some(name)).map(|a| a.uid.id.clone()).collect()
        };
        let mut numbers = of(named);
        // as the console writes a number, or in another case than its name is written
        let names = || all().flat_map(|a| std::iter::once(a.uid.id.as_str()).chain(a.str("name")));
        if let Some(meant) = naming::meant(named, names()).filter(|_| numbers.is_empty()) {
            numbers = if inventories.iter().any(|i| i.entity("Account", meant).is_some()) {
                BTreeSet::from([meant.to_owned()])
            } else {
                of(meant)
            };
        }
        match numbers.len() {
            0 => {
                let mut names: Vec<&str> =
                    all().flat_map(|a| std::iter::once(a.uid.id.as_str()).chain(a.str("name"))).collect();
                let mut known = BTreeSet::new();
                names.retain(|name| known.insert(*name));
                unknown.push(Unknown::new(Named::Account, named, names));
            }
            1 => found.extend(numbers),
            _ => {
                let (what, name) = (Named::Account, named.clone());
                return Err(Failure::Ambiguous { what, name, meanings: numbers.into_iter().collect() });
            }
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(Failure::Unknown(unknown)) }
}

/// The kinds of agreements that these names stand for in one of two inventories, or in both.
pub fn kinds_of_either(one: &Inventory, other: &Inventory, names: &[String]) -> Result<Vec<String>, Failure> {
    let found = names.iter().map(|name| {
        let name = std::slice::from_ref(name);
        kinds(other, name).or_else(|failure| kinds(one, name).map_err(|_| failure))
    });
    Ok(found.collect::<Result<Vec<_>, _>>()?.concat())
}

/// The kinds of agreements that these names stand for. All that stand for none are named.
pub fn kinds(inventory: &Inventory, names: &[String]) -> Result<Vec<String>, Failure> {
    let (mut kinds, mut unknown) = (Vec::new(), Vec::new());
    for name in names {
        match naming::kinds::named(inventory, name) {
            Ok(kind) => kinds.push(kind),
            Err(Failure::Unknown(_)) if of_scope(inventory, name).is_some() => {
                return Err(Failure::Problems(of_scope(inventory, name).into_iter().collect()));
            }
            Err(Failure::Unknown(more)) => unknown.extend(more),
            Err(other) => return Err(other),
        }
    }
    if unknown.is_empty() { Ok(kinds) } else { Err(Failure::Unknown(unknown)) }
}

/// What to do about a name that says which scope of agreement is meant besides: `org BAA`.
fn of_scope(inventory: &Inventory, name: &str) -> Option<Problem> {
    let (scope, kind) = naming::kinds::with_scope(inventory, name)?;
    let help = if scope == Scope::Offline {
        format!("write --agreement {kind}; `who-can end-coverage` tells of offline agreements too")
    } else {
        format!("write --agreement {kind} --scope {scope} for `can` and `who-can`; coverage tells the scope of each")
    };
    Some(usage(format!("`{name}` is an agreement and its scope")).help(help))
}

/// The operation of a question, and the reports that it names. It may name the agreement too: `sign the HIPAA BAA`, `download the SOC
/// report`. `agreement`: the one that the question is about.
pub fn asked(session: &Session, words: &str, agreement: &str) -> Result<(&'static str, Vec<String>), Failure> {
    let failure = match operation(session, words) {
        Err(failure @ Failure::Unknown(_)) => failure,
        found => return found.map(|found| (found, Vec::new())),
    };
    let said = plain(words);
    let Some((verb, object)) = said.split_once(' ') else { return Err(failure) };
    if let Some(series) = object.strip_suffix("reports").or_else(|| object.strip_suffix("report")) {
        let Ok(found) = operation(session, &format!("{verb}-report")) else { return Err(failure) };
        let series = ["the ", "our ", "an ", "a "].iter().find_map(|word| series.strip_prefix(word)).unwrap_or(series);
        let named: Vec<String> = Some(series.trim()).filter(|s| !s.is_empty()).map(str::to_owned).into_iter().collect();
        return Ok((found, reports(session, &named)?));
    }
    let (Ok(found), Ok(kind)) = (operation(session, verb), naming::kinds::named(&session.inventory, object)) else {
        return Err(failure);
    };
    if naming::kinds::named(&session.inventory, agreement).is_ok_and(|asked| asked == kind) {
        return Ok((found, Vec::new()));
    }
    let problem = usage(format!("`{words}` names another agreement than --agreement, which is {agreement}"));
    Err(problem.help(format!("write `{verb}` and --agreement {kind}")).into())
}

/// The reports that these names stand for: ids, or series as people call them.
pub fn reports(session: &Session, names: &[String]) -> Result<Vec<String>, Failure> {
    let all = || session.inventory.of_type("Report");
    let mut found = Vec::new();
    for name in names {
        let is_series = |series: &str| plain(series) == plain(name);
        let of = all().filter(|r| r.uid.id == *name || r.str("series").is_some_and(is_series));
        let ids: Vec<String> = of.map(|r| r.uid.id.clone()).collect();
        if ids.is_empty() {
            let known: BTreeSet<&str> =
                all().flat_map(|r| [Some(r.uid.id.as_str()), r.str("series")]).flatten().collect();
            return Err(Unknown::new(Named::Report, name, known).into());
        }
        found.extend(ids);
    }
    Ok(found)
}

/// The full name of an operation.
pub fn operation(session: &Session, name: &str) -> Result<&'static str, Failure> {
    naming::operation(&session.rules.operations, name)
}

/// The full names of operations.
pub fn operations(session: &Session, names: &[String]) -> Result<Vec<String>, Failure> {
    names.iter().map(|n| operation(session, n).map(str::to_owned)).collect()
}

/// A name of a principal or a person as it is written, where what was said differs in its case, its hyphens or its blanks alone.
pub fn spelled(session: &Session, name: &str) -> String {
    let inventory = &session.inventory;
    let is_person = !person::named(inventory, name).is_empty();
    if is_person || !principals_called(inventory, session.options.at, name).is_empty() {
        return name.to_owned();
    }
    if ["root user", "the root user"].contains(&name.to_lowercase().as_str()) {
        return "root".to_owned();
    }
    let all = principals(inventory, session.options.at);
    let own = all.iter().map(|p| p.name.as_str());
    let people = inventory.of_type("IdentityCenterUser").filter_map(|u| u.str("userName"));
    naming::meant(name, own.chain(people)).unwrap_or(name).to_owned()
}

/// What a person of this id signs in with; any other name is itself.
pub fn signed_in(session: &Session, name: &str) -> String {
    match person::named(&session.inventory, name).as_slice() {
        [only] => only.user_name.clone(),
        _ => name.to_owned(),
    }
}

/// The principals that a name stands for, in the accounts that were asked about.
fn named(session: &Session, name: &str) -> Result<Vec<PrincipalAnswer>, Failure> {
    let (inventory, accounts) = (&session.inventory, &session.options.filter.accounts);
    let called = principals_called(inventory, session.options.at, name);
    let found = match naming::principals(inventory, accounts, &called, name) {
        // what was meant in its place is found among all names
        Err(Failure::Unknown(_)) => {
            naming::principals(inventory, accounts, &principals(inventory, session.options.at), name)
        }
        found => found,
    };
    match found {
        Err(failure @ (Failure::Unknown(_) | Failure::NoPermissionSet { .. })) => {
            Err(acts_elsewhere(session, name).map_or(failure, Failure::from))
        }
        found => found,
    }
}

/// That whoever is named acts in other accounts than those that were asked about.
fn acts_elsewhere(session: &Session, name: &str) -> Option<Problem> {
    let names = Names::new(&session.inventory);
    let places: BTreeSet<String> = elsewhere(session, name).iter().map(|(_, account)| names.place(account)).collect();
    let places: Vec<String> = places.into_iter().collect();
    let asked: Vec<String> = session.options.filter.accounts.iter().map(|account| names.place(account)).collect();
    if places.is_empty() || asked.is_empty() {
        return None;
    }
    let message = format!("`{name}` is in {}, and not in {}", few(&places, SHOWN), few(&asked, SHOWN));
    Some(usage(message).help("leave out --account, or name an account that it is in"))
}

/// The principals that one name stands for, as a filter.
pub fn principal(session: &Session, name: &str) -> Result<Vec<(String, String)>, Failure> {
    let found = named(session, name)?;
    Ok(found.into_iter().map(|p| (p.principal, p.account)).collect())
}

/// The principals that a name stands for in accounts that were not asked about; none where it is not clear who is meant.
pub fn elsewhere(session: &Session, name: &str) -> Vec<(String, String)> {
    let called = principals_called(&session.inventory, session.options.at, name);
    let found = naming::principals(&session.inventory, &[], &called, name).unwrap_or_default();
    found.into_iter().map(|p| (p.principal, p.account)).collect()
}

/// The filter for the principals of `--principal`.
pub fn principal_filter(session: &Session, names: &[String]) -> Result<Option<Vec<(String, String)>>, Failure> {
    if names.is_empty() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for name in names {
        found.extend(named(session, name)?.into_iter().map(|p| (p.principal, p.account)));
    }
    Ok(Some(found))
}
