//! The moment of an answer in words. A date alone is the start of that day, UTC (D22): that is said, and so is what the rest of the day
//! brings.

use super::{Names, listed};
use crate::report::{day, few};
use countersign_core::assessment::Governing;
use countersign_core::history::Turn;
use countersign_core::moment::{self, Moment};
use countersign_core::naming::kinds;
use countersign_core::policies::RuleBook;
use countersign_core::terms::{Coverage, Scope};

/// Accounts named in a sentence.
const NAMED: usize = 6;

/// `2023-04-01 at 15:20 UTC`, of a moment as it is written in answers.
pub fn when(moment: &str) -> String {
    match moment.strip_suffix('Z').and_then(|m| m.split_once('T')) {
        Some((day, time)) => format!("{day} at {} UTC", time.strip_suffix(":00").unwrap_or(time)),
        None => moment.to_owned(),
    }
}

/// The time of day: `15:20 UTC`.
fn time(at: Moment) -> String {
    let written = when(&moment::format(at));
    written.split_once(" at ").map_or(written.clone(), |(_, time)| time.to_owned())
}

/// Of what moment a text tells.
pub fn answered(at: &str) -> String {
    format!("Answered for {}.", when(at))
}

/// What a permission rests on changes within the day that was asked about.
pub fn later(moments: &[Moment]) -> Option<String> {
    let first = moments.first()?;
    let times: Vec<String> = moments.iter().map(|m| time(*m)).collect();
    Some(format!(
        "Agreements or memberships change later that day, at {}: --at {} asks about then.",
        listed(&times, "and"),
        moment::format(*first)
    ))
}

/// That what the files tell without a date is told of another moment than theirs (D22). `asked`: the moment was named, and is none
/// that the files tell of themselves. Memberships name no unit of an organization: where the rules read them, they are told as well.
pub fn undated(at: &str, as_of: Option<Moment>, asked: bool, rules: &RuleBook) -> Option<String> {
    let units = if rules.read_units() { "organizational units, " } else { "" };
    let what = format!("what the files tell without a date ({units}tags, PHI, attestations, names, settings)");
    match as_of.map(moment::format) {
        Some(as_of) if as_of == at => None,
        Some(as_of) => Some(format!("{what} is that of the snapshot of {}", day(&as_of))),
        None => asked.then(|| format!("{what} is that of the day they were written, which they do not say (asOf)")),
    }
}

/// What kind of agreement covers, as `its own`.
pub fn whose(governing: &Governing) -> &'static str {
    of_scope(governing.scope)
}

fn of_scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Account => "its own",
        Scope::Organization => "that of its organization",
        Scope::Offline => "one made outside AWS Artifact",
        _ => "one",
    }
}

/// What is said where it is not known what covers.
const NOT_KNOWN: &str = "which one is not known";

/// All that is said of what covers from then on.
pub fn all_whose() -> impl Iterator<Item = &'static str> {
    Scope::ALL.iter().copied().map(of_scope).chain([NOT_KNOWN])
}

/// What changes for accounts later on the day: those for which the same changes at the same time in one sentence.
pub fn changes(turns: &[Turn], names: Names<'_>) -> Vec<String> {
    let mut found: Vec<(String, Vec<String>, &Turn)> = Vec::new();
    for turn in turns {
        let key = sentence(turn, "", false);
        match found.iter_mut().find(|(known, ..)| *known == key) {
            Some((_, accounts, _)) => accounts.push(names.place(&turn.account)),
            None => found.push((key, vec![names.place(&turn.account)], turn)),
        }
    }
    found.iter().map(|(_, accounts, turn)| sentence(turn, &few(accounts, NAMED), accounts.len() > 1)).collect()
}

fn sentence(turn: &Turn, who: &str, many: bool) -> String {
    let (time, short) = (time(turn.at), kinds::short(&turn.kind));
    let is = if many { "are" } else { "is" };
    let by = turn.after.governing.as_ref().map(|g| format!(": {}", whose(g))).unwrap_or_default();
    match (turn.before.coverage, turn.after.coverage) {
        (Coverage::Covered, Coverage::Covered) => {
            let by = turn.after.governing.as_ref().map_or(NOT_KNOWN, whose);
            format!("From {time} on that day, another {short} governs {who}: {by}.")
        }
        (_, Coverage::Covered) => format!("From {time} on that day, {who} {is} covered by a {short}{by}."),
        (Coverage::Covered, Coverage::NotCovered) => {
            format!("Until {time} that day only: from then on, {who} {is} not covered by a {short}.")
        }
        (_, Coverage::NotCovered) => format!("From {time} on that day, {who} {is} not covered by a {short}."),
        (_, Coverage::Unknown) => {
            format!("From {time} on that day, it is not known whether {who} {is} covered by a {short}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_says_its_time_and_zone() {
        assert_eq!(when("2023-04-01T00:00:00Z"), "2023-04-01 at 00:00 UTC");
        assert_eq!(when("2023-04-01T15:20:00Z"), "2023-04-01 at 15:20 UTC");
        assert_eq!(when("2023-04-01T15:20:07.250Z"), "2023-04-01 at 15:20:07.250 UTC");
    }
}
