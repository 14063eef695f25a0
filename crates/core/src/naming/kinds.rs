//! What people call the kinds of agreement: `data/names.json`. Names decide nothing.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::aws::NAMES_TEXT;
use crate::inventory::Inventory;
use crate::problem::{Failure, Named, Unknown};
use crate::terms::Scope;
use crate::words::plain;

#[derive(Deserialize)]
struct File {
    kinds: Vec<KindNames>,
}

/// The names of a kind of agreement.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KindNames {
    /// As files name it: `baa`.
    pub kind: String,
    /// In a sentence: `BAA`.
    pub short: String,
    /// In full, without the name of AWS.
    pub name: String,
    /// What else people call it.
    pub also_called: Vec<String>,
}

/// The kinds that AWS offers.
pub fn all() -> &'static [KindNames] {
    static ALL: LazyLock<Vec<KindNames>> =
        LazyLock::new(|| serde_json::from_str::<File>(NAMES_TEXT).map(|f| f.kinds).unwrap_or_default());
    &ALL
}

/// The names of a kind; `None` for one of the user's own.
pub fn of(kind: &str) -> Option<&'static KindNames> {
    all().iter().find(|k| k.kind == kind)
}

/// A kind in a sentence: `BAA`. One of the user's own is called as it is.
pub fn short(kind: &str) -> &str {
    of(kind).map_or(kind, |k| k.short.as_str())
}

/// A kind in full, where there is room: `HIPAA Business Associate Addendum (BAA)`.
pub fn full(kind: &str) -> String {
    match of(kind) {
        Some(names) if names.name.contains(&names.short) => names.name.clone(),
        Some(names) if names.short.split(' ').count() > 1 => names.name.clone(),
        Some(names) => format!("{} ({})", names.name, names.short),
        None => kind.to_owned(),
    }
}

/// The kind that a name stands for: as files name it, or as people do, whatever its case.
pub fn named(inventory: &Inventory, name: &str) -> Result<String, Failure> {
    let offers = || inventory.of_type("Agreement").chain(inventory.of_type("OfflineAgreement"));
    let known: BTreeSet<&str> = offers().filter_map(|o| o.str("kind")).collect();
    if known.contains(name) {
        return Ok(name.to_owned());
    }
    let said = plain(name);
    let said = ["the ", "our ", "an ", "a "].iter().find_map(|word| said.strip_prefix(word)).unwrap_or(&said);
    let is = |word: &str| plain(word) == said;
    let of_names = all()
        .iter()
        .filter(|k| is(&k.kind) || is(&k.short) || is(&k.name) || k.also_called.iter().any(|word| is(word)));
    let of_offers = offers().filter(|o| o.str("name").is_some_and(is) || o.uid.id == name);
    let found: BTreeSet<&str> = of_names
        .map(|k| k.kind.as_str())
        .filter(|kind| known.contains(kind))
        .chain(of_offers.filter_map(|o| o.str("kind")))
        .collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.to_owned()),
        _ => {
            let called = all().iter().filter(|k| known.contains(k.kind.as_str())).flat_map(|k| &k.also_called);
            let unknown = Unknown::new(Named::Kind, name, known.iter().copied());
            Err(Failure::Unknown(vec![unknown.or_called(called.map(String::as_str))]))
        }
    }
}

/// The scope and the kind that a name of both stands for: `org BAA`, `paper BAA`.
pub fn with_scope(inventory: &Inventory, name: &str) -> Option<(Scope, String)> {
    let said = plain(name);
    let (word, rest) = said.split_once(' ')?;
    let scope = match word {
        "org" | "organization" | "organizational" => Scope::Organization,
        "account" | "individual" => Scope::Account,
        "offline" | "paper" => Scope::Offline,
        _ => return None,
    };
    Some((scope, named(inventory, rest).ok()?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::inventory::schema::EntitySchema;
    use crate::source::Memory;

    fn inventory() -> Inventory {
        let files = Memory::new("x").with("entities.json", r#"[{"uid": "111122223333"}]"#);
        Inventory::load(&files, Arc::new(EntitySchema::built_in().unwrap())).unwrap()
    }

    #[test]
    fn a_kind_is_found_by_whatever_people_call_it() {
        let inventory = inventory();
        for (said, kind) in [
            ("baa", "baa"),
            ("HIPAA BAA", "baa"),
            ("the business associate addendum", "baa"),
            ("AWS Organizations Business Associate Addendum", "baa"),
            ("agreement-9c1kBcYznTkcpRIm", "baa"),
            ("sec 17a-4", "sec-17a-4"),
            ("ANDB", "andb"),
        ] {
            assert_eq!(named(&inventory, said).unwrap(), kind, "{said}");
        }
        let Err(Failure::Unknown(unknown)) = named(&inventory, "bba") else { panic!("no kind") };
        assert_eq!(unknown[0].near(), Some("baa"));
    }

    /// No word stands for two kinds, and every kind that AWS offers has its names.
    #[test]
    fn names_tell_kinds_apart() {
        let words = |k: &KindNames| {
            let all = [&k.kind, &k.short, &k.name].into_iter().chain(&k.also_called);
            all.map(|w| plain(w)).collect::<BTreeSet<_>>()
        };
        for (at, one) in all().iter().enumerate() {
            for other in all().iter().skip(at + 1) {
                assert!(words(one).is_disjoint(&words(other)), "{} and {}", one.kind, other.kind);
            }
        }
        let inventory = inventory();
        let offered: BTreeSet<&str> = inventory.of_type("Agreement").filter_map(|o| o.str("kind")).collect();
        assert!(offered.iter().all(|kind| of(kind).is_some()), "{offered:?}");
        assert_eq!(offered.len(), all().len());
    }

    #[test]
    fn a_kind_has_its_name_in_sentences() {
        assert_eq!((short("baa"), full("baa").as_str()), ("BAA", "HIPAA Business Associate Addendum (BAA)"));
        assert_eq!(full("sec-17a-4"), "SEC Rule 17a-4 Addendum");
        assert_eq!((short("our-own"), full("our-own").as_str()), ("our-own", "our-own"));
    }
}
