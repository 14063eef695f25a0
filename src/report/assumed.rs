//! What answers take for granted, said once: those alike together, of however many accounts.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::simulation::caller::is_account;

use super::plain::stopped;
use super::{few, wrapped};

/// Accounts named in a sentence.
const NAMED: usize = 4;

/// Sentences, without their first word: those that differ in the number of an account alone are one.
pub fn alike<'a>(assumptions: impl Iterator<Item = &'a String>) -> Vec<String> {
    let all: BTreeSet<&str> = assumptions.map(String::as_str).collect();
    let mut places: BTreeMap<(String, bool), usize> = BTreeMap::new();
    let mut found: Vec<Vec<(&str, &str)>> = Vec::new();
    for text in all {
        let number = account(text);
        let key = (number.map_or_else(|| text.to_owned(), |n| text.replace(n, "{}")), number.is_some());
        let place = *places.entry(key).or_insert(found.len());
        if place == found.len() {
            found.push(Vec::new());
        }
        if let Some(same) = found.get_mut(place) {
            same.push((number.unwrap_or_default(), text));
        }
    }
    let told = |same: Vec<(&str, &str)>| match same.as_slice() {
        [(_, text), others @ ..] if others.len() > 1 => {
            let others: Vec<String> = others.iter().map(|(number, _)| (*number).to_owned()).collect();
            vec![format!("{text}; and so of {}", few(&others, NAMED))]
        }
        few => few.iter().map(|(_, text)| (*text).to_owned()).collect(),
    };
    found.into_iter().flat_map(told).collect()
}

/// The only number of an account in a text.
fn account(text: &str) -> Option<&str> {
    let mut numbers = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| is_account(word));
    let first = numbers.next()?;
    numbers.all(|n| n == first).then_some(first)
}

/// A part of an answer, after a blank line; nothing where nothing is assumed.
pub fn text<'a>(width: usize, assumptions: impl Iterator<Item = &'a String>) -> String {
    let all = alike(assumptions);
    let lines = all.iter().map(|assumption| wrapped(width, "Assuming: ", 2, &stopped(assumption)));
    if all.is_empty() { String::new() } else { format!("\n{}", lines.collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_the_account_alone_is_said_once() {
        let of = |number: usize| format!("the NDA is accepted in account {number:012}, which declares no `nda`");
        let mut all: Vec<String> = (1..=7).map(of).collect();
        all.push("policies are those of the snapshot of 2026-11-01".to_owned());
        assert_eq!(
            alike(all.iter()),
            [
                "policies are those of the snapshot of 2026-11-01",
                "the NDA is accepted in account 000000000001, which declares no `nda`; and so of 000000000002, 000000000003, \
                 000000000004, 000000000005 and 2 more"
            ]
        );
        assert_eq!(alike(all.iter().take(2)), [of(1), of(2)]);
        assert_eq!(text(80, std::iter::empty()), "");
    }
}
