//! The first paragraph of a cover page against the document: how many accounts are covered, which hold PHI without cover, what changes
//! later on the day, and whose accounts were not all listed. The document does not tell what changes later: of that no more is known than
//! how it is said, and of which accounts it can be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::against::listed;
use super::cover;
use crate::report::findings::markdown::cell;
use crate::report::plain::day::all_whose;
use countersign_core::moment;
use countersign_core::naming::kinds;

/// What is in each sentence about PHI, of which the rest of an answer has none.
const OF_PHI: [&str; 4] =
    [" PHI without cover", " PHI and may be without cover", "to hold PHI is covered", "whether PHI is held"];

/// What the paragraph says otherwise than the document, in words. `phi`: what it says of PHI, where the rows tell that.
pub fn fault(document: &Value, paragraph: &str, (kinds, phi): (&[String], Option<&str>)) -> Option<&'static str> {
    let Some(rest) = paragraph.strip_prefix(&cover::answer(document, kinds)) else {
        return Some("how many accounts are covered");
    };
    let Some(rest) = rest.strip_suffix(&spaced(&cover::not_listed(document))) else {
        return Some("which organizations may have other accounts");
    };
    if rest.contains(cover::NOT_LISTED) {
        return Some("which organizations may have other accounts");
    }
    // what the rows do not tell is not checked, and is said not to be
    let phi = phi?;
    match rest.strip_prefix(&spaced(phi)) {
        Some(rest) if !OF_PHI.iter().any(|words| rest.contains(words)) => {
            (!is_of_later(document, kinds, rest)).then_some("what its first paragraph says besides")
        }
        _ => Some("which accounts hold PHI without cover"),
    }
}

fn spaced(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" {text}") }
}

/// Whether the rest of the day is asked about: an answer of a moment within it tells of that moment alone (D22).
pub fn tells_of_later(document: &Value) -> bool {
    let at = document.get("at").and_then(Value::as_str).unwrap_or_default();
    moment::parse(at).is_some_and(|at| moment::day_after(at).is_some())
}

/// Whether a text is nothing but sentences about what changes later on the day.
fn is_of_later(document: &Value, kinds: &[String], text: &str) -> bool {
    let places: BTreeSet<String> = listed(document).into_iter().map(|row| cell(&cover::place(row))).collect();
    let shorts: Vec<String> = kinds.iter().map(|kind| cell(kinds::short(kind))).collect();
    let mut rest = text;
    while !rest.is_empty() {
        if !tells_of_later(document) {
            return false;
        }
        let sentence = rest.strip_prefix(' ').and_then(|rest| sentence(rest, &places, &shorts));
        let Some(after) = sentence else { return false };
        rest = after;
    }
    true
}

/// What follows a sentence about a change.
fn sentence<'t>(text: &'t str, places: &BTreeSet<String>, shorts: &[String]) -> Option<&'t str> {
    let who = |text: &'t str| accounts(text, places);
    let is = |text: &'t str, words: &str| {
        let text = text.strip_prefix(" is ").or_else(|| text.strip_prefix(" are "))?;
        one_of(text.strip_prefix(words)?.strip_prefix("covered by a ")?, shorts)
    };
    if let Some(rest) = text.strip_prefix("Until ") {
        let rest = time(rest)?.strip_prefix(" that day only: from then on, ")?;
        return is(who(rest)?, "not ")?.strip_prefix('.');
    }
    let rest = time(text.strip_prefix("From ")?)?.strip_prefix(" on that day, ")?;
    if let Some(rest) = rest.strip_prefix("it is not known whether ") {
        return is(who(rest)?, "")?.strip_prefix('.');
    }
    let by = |text: &'t str| one_of(text.strip_prefix(": ")?, all_whose())?.strip_prefix('.');
    if let Some(rest) = rest.strip_prefix("another ") {
        return by(who(one_of(rest, shorts)?.strip_prefix(" governs ")?)?);
    }
    let rest = who(rest)?;
    let covered = is(rest, "").and_then(|rest| rest.strip_prefix('.').or_else(|| by(rest)));
    covered.or_else(|| is(rest, "not ")?.strip_prefix('.'))
}

/// What follows the longest of these at the beginning of a text.
fn one_of(text: &str, all: impl IntoIterator<Item = impl AsRef<str>>) -> Option<&str> {
    all.into_iter().filter_map(|one| text.strip_prefix(one.as_ref())).min_by_key(|rest| rest.len())
}

/// What follows accounts that are listed: places of the rows, and how many more there are.
fn accounts<'t>(text: &'t str, places: &BTreeSet<String>) -> Option<&'t str> {
    let mut rest = one_of(text, places)?;
    loop {
        let next = rest.strip_prefix(", ").or_else(|| rest.strip_prefix(" and "));
        match next.and_then(|next| one_of(next, places).or_else(|| more(next))) {
            Some(after) => rest = after,
            None => return Some(rest),
        }
    }
}

fn more(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.strip_prefix(" more").filter(|_| rest.len() < text.len())
}

/// What follows a time of day: `15:20 UTC`.
fn time(text: &str) -> Option<&str> {
    let (time, rest) = text.split_once(" UTC")?;
    let is_time = time.len() >= 5 && time.chars().all(|c| c.is_ascii_digit() || c == ':' || c == '.');
    is_time.then_some(rest)
}
