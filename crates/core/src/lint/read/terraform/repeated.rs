//! Keys that stand twice in an object: Terraform takes the last, and the parser refuses them. For the parser each that is repeated has another
//! name of the same length, so that places stay; [`name`] reads it as it is written.

use std::collections::{BTreeSet, HashMap, HashSet};

use hcl_edit::parser::{Error, parse_body};
use hcl_edit::structure::Body;

use crate::text::UNKNOWN;
use crate::text::json::Member;

/// So many keys of a file may be repeated.
const MOST: usize = 64;

/// What the parser says of a key that was there before.
const REPEATED: &str = "redefined object key";

/// A text as Terraform takes it.
pub fn parse(text: &str) -> Result<Body, Error> {
    let mut error = match parse_body(text) {
        Ok(body) => return Ok(body),
        Err(error) => error,
    };
    let (mut renamed, mut tried) = (text.to_owned(), BTreeSet::new());
    for _ in 0..MOST {
        if !error.message().contains(REPEATED) {
            break;
        }
        let at = error.location().offset();
        let Some((start, key)) = renamed.get(at..).and_then(key).map(|(skip, key)| (at + skip, key.to_owned())) else {
            break;
        };
        let Some(other) = other_name(&key, &mut tried) else { break };
        renamed.replace_range(start..start + key.len(), &other);
        match parse_body(&renamed) {
            Ok(body) => return Ok(body),
            Err(next) => error = next,
        }
    }
    Err(error)
}

/// The key that a text begins with, and where it begins: an identifier, or what stands in quotes without anything to be read in it.
fn key(text: &str) -> Option<(usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    match text.strip_prefix('"') {
        Some(quoted) => {
            let inner = quoted.split('"').next()?;
            (!inner.is_empty() && !inner.contains(['\\', '$', '%', '\n'])).then_some((1, inner))
        }
        None => text.split(|c| !is_part(c)).next().filter(|key| !key.is_empty()).map(|key| (0, key)),
    }
}

/// A name of the same length that was not tried; where it is a key beside this one, the parser says so.
fn other_name(key: &str, tried: &mut BTreeSet<String>) -> Option<String> {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let letter = |n: usize| LETTERS.get(n % LETTERS.len()).map(|b| char::from(*b));
    let name = |n: usize| {
        let last = if key.len() > 1 { letter(n / LETTERS.len()) } else { None };
        let filled = std::iter::repeat_n('_', key.len().saturating_sub(2)).chain(last);
        Some(letter(n)?.to_string() + &filled.collect::<String>())
    };
    let other = (0..LETTERS.len().pow(2)).filter_map(name).find(|name| !tried.contains(name))?;
    tried.insert(other.clone());
    Some(other)
}

/// The name of a key as it is written at its place, where the parser was told another.
pub fn name(told: String, written: &str) -> String {
    let quotes = if written.starts_with('"') { 2 } else { 0 };
    match key(written).filter(|(_, key)| key.len() + quotes == written.len()) {
        Some((_, key)) if key.len() == told.len() && key != told => key.to_owned(),
        _ => told,
    }
}

/// Of members with one key, the last, in the place of the first; a key that is not known may be any.
pub fn last_of_each(members: Vec<Member>) -> Vec<Member> {
    let mut seen = HashSet::with_capacity(members.len());
    // most objects have none twice, and are left as they are
    if members.iter().all(|m| m.key.contains(UNKNOWN) || seen.insert(m.key.as_str())) {
        return members;
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Member> = Vec::with_capacity(members.len());
    for member in members {
        let known = places.get(&member.key).copied().filter(|_| !member.key.contains(UNKNOWN));
        match known.and_then(|at| kept.get_mut(at)) {
            Some(earlier) => *earlier = member,
            None => {
                places.insert(member.key.clone(), kept.len());
                kept.push(member);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_repeated_has_another_name_of_its_length() {
        for (text, ok) in [
            ("a = { k = 1, b = 2, k = 3, k = 4 }", true),
            ("a = {\n  owner = 1\n  \"x/y\" = 2\n  \"x/y\" = 3\n  owner = 2\n}", true),
            ("a = { if = 1, if = 2 }", true),
            ("a = { \"a${b}\" = 1, \"a${b}\" = 2 }", false),
            ("a = { k = 1, k = 2", false),
            ("a = 1\na = 2", false),
        ] {
            assert_eq!(parse(text).is_ok(), ok, "{text}");
        }
        let many: String = (0..200).map(|_| "k = 1\n").collect();
        assert!(parse(&format!("a = {{\n{many}}}")).is_err(), "more than are looked at");
    }

    #[test]
    fn a_name_is_as_it_is_written() {
        for (told, written, expected) in
            [("a___b", "owner", "owner"), ("a_b", "\"x/y\"", "x/y"), ("abc", "var.x", "abc"), ("abc", "(x)", "abc")]
        {
            assert_eq!(name(told.to_owned(), written), expected);
        }
    }
}
