//! The files of the inventory that filed evidence was made from, as far as it names them: those that tables lead to, with their digests,
//! and those that were not read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{NAMED, TABLES, rows, text};
use crate::report::few;

/// The files that both documents name, with other digests.
pub fn changed(filed: &Value, now: &Value) -> Vec<String> {
    let (was, is) = (digests(filed), digests(now));
    let differs = |(file, digests): &(&String, &BTreeSet<String>)| is.get(*file).is_some_and(|other| other != *digests);
    was.iter().filter(differs).map(|(file, _)| file.clone()).collect()
}

/// The digests of the files that the rows of a document lead to.
fn digests(document: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |file: &str, digest: &str| {
        if !file.is_empty() && !digest.is_empty() {
            found.entry(file.to_owned()).or_default().insert(digest.to_owned());
        }
    };
    for row in TABLES.iter().flat_map(|(table, _)| rows(document, table)) {
        for (file, digest) in [
            ("source", "sourceSha256"),
            ("accountSource", "accountSourceSha256"),
            ("agreementSource", "agreementSourceSha256"),
        ] {
            add(text(row, file), text(row, digest));
        }
        for one in text(row, "allowedBySha256").split("; ") {
            one.split_once(' ').into_iter().for_each(|(digest, file)| add(file, digest));
        }
    }
    found
}

/// The members of a row that tell of events, each with the file that says so and its line: `… was accepted (agreements.json:2)`.
const EVENTS: [&str; 3] = ["beganWith", "endedWith", "within"];

/// How the names of the files end that an inventory is read from.
const ENDINGS: [&str; 5] = [".json", ".toml", ".csv", ".tf", ".cedar"];

/// Whether a member tells of the same events, of the same files, though on other lines.
pub fn is_same_but_for_lines(member: &str, was: Option<&Value>, is: Option<&Value>) -> bool {
    let (Some(was), Some(is)) = (was.and_then(Value::as_str), is.and_then(Value::as_str)) else { return false };
    EVENTS.contains(&member) && without_lines(was) == without_lines(is)
}

/// Events without the lines of their files: a number that a witness names stays.
fn without_lines(events: &str) -> String {
    let mut parts = events.split(':');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_line = rest.len() < part.len() && (rest.starts_with(')') || rest.starts_with(", "));
        let of_a_file = ENDINGS.iter().any(|ending| text.ends_with(ending));
        text.push(':');
        text.push_str(if is_line && of_a_file { rest } else { part });
    }
    text
}

/// Why an entry that was declined had no part in what was read, whatever is in it.
const WITHOUT_PART: [&str; 3] = ["other-kind", "hidden", "ignored"];

/// What was not read then or today, and is not the same: what had no part in the answers, and what may have had one.
pub fn unread(was: Option<&Value>, is: Option<&Value>) -> [Vec<String>; 2] {
    let (was, is) = (reasons(was), reasons(is));
    let (mut without_part, mut with_part) = (Vec::new(), Vec::new());
    for reason in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
        let none = (BTreeSet::new(), 0);
        let (then, today) = (was.get(reason).unwrap_or(&none), is.get(reason).unwrap_or(&none));
        if then == today {
            continue;
        }
        let of = |one: &(BTreeSet<String>, u64), other: &(BTreeSet<String>, u64)| -> Vec<String> {
            one.0.difference(&other.0).cloned().collect()
        };
        let (gone, new) = (of(then, today), of(today, then));
        // a file that is declined for another reason now is no other file
        let elsewhere = |name: &String, all: &BTreeMap<String, (BTreeSet<String>, u64)>| {
            all.iter().any(|(other, (names, _))| other != reason && names.contains(name))
        };
        let moved = gone.iter().any(|n| elsewhere(n, &is)) || new.iter().any(|n| elsewhere(n, &was));
        let told = if WITHOUT_PART.contains(&reason.as_str()) && !moved { &mut without_part } else { &mut with_part };
        let so_far = told.len();
        if !gone.is_empty() {
            told.push(format!("not read ({reason}), filed, and no longer there: {}", few(&gone, NAMED)));
        }
        if !new.is_empty() {
            told.push(format!("not read ({reason}), there, and not filed: {}", few(&new, NAMED)));
        }
        if told.len() == so_far {
            told.push(format!("not read ({reason}): {} are filed, now {}", then.1, today.1));
        }
    }
    [without_part, with_part]
}

/// The names by reasons, with how many there are.
fn reasons(unread: Option<&Value>) -> BTreeMap<String, (BTreeSet<String>, u64)> {
    let all = unread.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let of = |entry: &Map<String, Value>| {
        let names = entry.get("names").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let count = entry.get("count").and_then(Value::as_u64).unwrap_or_default();
        Some((entry.get("reason")?.as_str()?.to_owned(), (names.map(str::to_owned).collect(), count)))
    };
    all.filter_map(of).collect()
}
