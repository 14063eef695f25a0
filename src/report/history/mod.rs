//! Coverage over time: a line an account, the gaps, and of one account every interval with what tells of its edges.

mod timeline;

use super::foreign::Foreign;
use super::table::Table;
use super::{COVERED_MEANS, Shown, bold, count, day, dim, paragraph, verdict, wrapped};
use countersign_core::agreements::rests_on_events;
use countersign_core::assessment::beside;
use countersign_core::history::{AccountHistory, Event, EventKind, Gap, Held, History, Interval, KindHistory};
use countersign_core::terms::Coverage;
use std::collections::BTreeSet;
use timeline::Axis;

/// All of it.
pub fn text(width: usize, found: &History, all: bool) -> String {
    let from = found.from.as_deref().map_or("the beginning", day);
    let mut text = format!("{} {}\n", bold("Coverage over time"), dim(&format!("· {from} to {}", day(&found.to))));
    let mut hidden = Vec::new();
    for kind in kinds(found) {
        let rows = rows(found, kind);
        let was_covered = rows.iter().any(|(_, r)| r.intervals.iter().any(|i| i.coverage != Coverage::NotCovered));
        if !all && !was_covered && !found.hipaa_kinds.iter().any(|k| k == kind) {
            hidden.push(kind);
            continue;
        }
        text.push_str(&format!("\n{}", wrapped(width, "", 2, &format!("{}  {}", bold(kind), summary(&rows)))));
        text.push_str(&Axis::of(width, found, &rows).draw());
        text.push_str(&gaps(width, &rows));
        if let [(_, row)] = rows.as_slice() {
            text.push('\n');
            row.intervals.iter().for_each(|i| text.push_str(&interval(width, i)));
        }
    }
    text.push('\n');
    if !hidden.is_empty() {
        let what = format!("In force for no account at any time: {} (--all shows them).", hidden.join(", "));
        text.push_str(&paragraph(width, "", &what));
    }
    if found.accounts.len() > 1 {
        text.push_str(&paragraph(width, "", "--account shows each interval with what tells of its edges."));
    }
    for organization in &found.accounts_not_listed_of {
        let what = format!("Other accounts of {organization} are not known: its accounts were not all listed.");
        text.push_str(&paragraph(width, "", &what));
    }
    for what in found.assuming.iter().chain(&without_events(found)) {
        text.push_str(&paragraph(width, "", &format!("Assuming: {what}.")));
    }
    text.push_str(&paragraph(width, "", COVERED_MEANS));
    text
}

/// What is taken for granted where events could not be collected, each once; one account's intervals say it themselves.
fn without_events(found: &History) -> BTreeSet<String> {
    let rows = found.accounts.iter().filter(|_| found.accounts.len() > 1).flat_map(|a| &a.agreements);
    let all = rows.flat_map(|row| &row.intervals).flat_map(|i| &i.assuming);
    all.filter(|what| rests_on_events(what)).cloned().collect()
}

/// A kind of an account.
type Row<'a> = (&'a AccountHistory, &'a KindHistory);

fn kinds(found: &History) -> Vec<&str> {
    let mut kinds: Vec<&str> =
        found.accounts.iter().flat_map(|a| a.agreements.iter().map(|k| k.kind.as_str())).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn rows<'a>(found: &'a History, kind: &str) -> Vec<Row<'a>> {
    let of = |a: &'a AccountHistory| Some((a, a.agreements.iter().find(|k| k.kind == kind)?));
    found.accounts.iter().filter_map(of).collect()
}

/// How many were ever covered, are at the end, and have gaps.
fn summary(rows: &[Row<'_>]) -> String {
    let covered = |i: &Interval| i.coverage == Coverage::Covered;
    let ever = rows.iter().filter(|(_, r)| r.intervals.iter().any(covered)).count();
    let at_the_end = rows.iter().filter(|(_, r)| r.intervals.last().is_some_and(covered)).count();
    let all = count(rows.len(), "account");
    let mut parts = vec![format!("{ever} of {all} ever covered, {at_the_end} at the end")];
    let gaps = rows.iter().flat_map(|(_, r)| &r.gaps);
    let (mut number, mut of_phi) = (0, 0);
    for gap in gaps {
        number += 1;
        of_phi += usize::from(gap.phi.is_some_and(|held| held != Held::No));
    }
    if number > 0 {
        parts.push(count(number, "gap"));
    }
    if of_phi > 0 {
        parts.push(format!("{of_phi} while PHI was or may have been held"));
    }
    parts.join(", ")
}

fn gaps(width: usize, rows: &[Row<'_>]) -> String {
    let mut text = String::new();
    for (account, row) in rows {
        for gap in &row.gaps {
            let name = label(account);
            let unknown = if gap.coverage == Coverage::Unknown { " (unknown)" } else { "" };
            let phi = match gap.phi {
                Some(Held::Yes) => ", while it held PHI",
                Some(Held::Undated) => ", and it holds PHI: neither register nor tags say since when",
                Some(Held::Unknown) => ", and whether it held PHI is unknown",
                Some(Held::No) | None => "",
            };
            let ended: Vec<String> = gap.ended_with.iter().map(sentence).collect();
            let ended = if ended.is_empty() { String::new() } else { format!("; until {}", ended.join(", ")) };
            let body = format!("{name}: {}{unknown}{phi}{ended}", span(gap));
            text.push_str(&paragraph(width, &format!("  {:<5} ", "gap"), &body));
        }
    }
    text
}

/// `2024-03-05 to 2024-06-01, 88 days`
fn span(gap: &Gap) -> String {
    let days = match gap.span() {
        (Some(from), Some(until)) => match (until - from).num_days() {
            0 => ", less than a day".to_owned(),
            days => format!(", {}", count(usize::try_from(days).unwrap_or_default(), "day")),
        },
        _ => String::new(),
    };
    format!("{}{days}", dates(gap.from.as_deref(), gap.until.as_deref()))
}

fn dates(from: Option<&str>, until: Option<&str>) -> String {
    match (from, until) {
        (Some(from), Some(until)) => format!("{} to {}", day(from), day(until)),
        (Some(from), None) => format!("since {}", day(from)),
        (None, Some(until)) => format!("before {}", day(until)),
        (None, None) => "at every moment".to_owned(),
    }
}

/// An account by its number and name; a name from outside draws nothing but itself.
fn label(account: &AccountHistory) -> String {
    let name = account.name.as_deref().map(|n| format!(" {}", Foreign(n).line())).unwrap_or_default();
    format!("{}{name}", account.account)
}

/// An interval, what governs in it, and what it began with.
fn interval(width: usize, interval: &Interval) -> String {
    let when = dates(interval.from.as_deref(), interval.until.as_deref());
    let mut text = format!("  {}  {when}\n", verdict(interval.coverage));
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("    {name:<13} "), body));
    if let Some(governing) = &interval.governing {
        section("governed by", &format!("{} ({} agreement)", governing.id, governing.scope));
    }
    interval.superseded.iter().for_each(|id| section("superseded", id));
    let also = if interval.governing.is_some() { "also in force" } else { "in force" };
    interval.also_in_force.iter().for_each(|id| section(also, id));
    for (name, why) in [("superseded", &interval.superseded_unknown), (also, &interval.also_in_force_unknown)] {
        if let Some(why) = why.as_ref().filter(|_| interval.governing.is_some()) {
            section(name, &format!("unknown: {why}"));
        }
    }
    interval.began_with.iter().for_each(|event| section("began with", &sentence(event)));
    if interval.from.is_some() && interval.began_with.is_empty() {
        section("began with", "a date that the rules name");
    }
    interval
        .within
        .iter()
        .for_each(|event| section("within it", &format!("{} on {}", sentence(event), day(&event.at))));
    if let Some(reason) = &interval.reason {
        section("unknown", reason);
    }
    interval.assuming.iter().for_each(|what| section("assuming", what));
    text
}

/// What happened, to what, and what tells so.
pub fn sentence(event: &Event) -> String {
    let of = &event.of;
    let what = match event.event {
        EventKind::Accepted => format!("{of} was accepted"),
        EventKind::Began => format!("{of} began"),
        EventKind::Closed => "the account was closed".to_owned(),
        EventKind::Deleted => format!("{of} was deleted"),
        EventKind::Designated => format!("designated under {of}"),
        EventKind::Ended => format!("{of} ended"),
        EventKind::Joined => format!("joined {of}"),
        EventKind::Doubted => format!("whether {of} is still in force is not known from here on"),
        EventKind::AgreementsKnown => format!("which agreements of {of} are in force is known from here on"),
        EventKind::Known => "what it belonged to is known from here on".to_owned(),
        EventKind::Left => format!("left {of}"),
        EventKind::PhiHeld => "the register says that it holds PHI from here on".to_owned(),
        EventKind::PhiRemoved => "the register says that the last PHI was removed".to_owned(),
        EventKind::Removed => format!("removed from {of}"),
        EventKind::Terminated => format!("{of} was terminated"),
    };
    let witness = event.evidence.witness.as_ref().map(|w| format!(", {w}")).unwrap_or_default();
    format!("{what} ({}:{}{witness})", event.evidence.file, event.evidence.line)
}

/// The columns of the table of intervals.
const COLUMNS: [&str; 19] = [
    "account",
    "name",
    "kind",
    "from",
    "until",
    "coverage",
    "governing",
    "scope",
    "since",
    "superseded",
    "also in force",
    "holds PHI",
    "reason",
    "assuming",
    "began with",
    "ended with",
    "within",
    "to",
    "as of",
];

/// A row an interval.
pub fn table(found: &History) -> Table {
    let mut table = Table::new(&COLUMNS);
    let as_of = found.provenance.as_ref().and_then(|p| p.as_of.as_ref()).map(|a| a.moment.clone()).unwrap_or_default();
    for account in &found.accounts {
        for row in &account.agreements {
            for interval in &row.intervals {
                let governing = interval.governing.as_ref();
                let told = |events: &[Event]| events.iter().map(sentence).collect::<Vec<_>>().join("; ");
                // of kinds that have to do with PHI: of others it is not asked
                let is_hipaa = found.hipaa_kinds.contains(&row.kind);
                let phi = if is_hipaa { Shown::from(interval.holds_phi).words } else { "" };
                let own = |text: &Option<String>| text.clone().unwrap_or_default();
                table.rows.push(vec![
                    account.account.clone(),
                    own(&account.name),
                    row.kind.clone(),
                    own(&interval.from),
                    own(&interval.until),
                    Shown::from(interval.coverage).words.to_owned(),
                    governing.map(|g| g.id.clone()).unwrap_or_default(),
                    governing.map(|g| g.scope.to_string()).unwrap_or_default(),
                    governing.map(|g| g.since.clone().unwrap_or_else(|| "unknown".to_owned())).unwrap_or_default(),
                    beside(&interval.superseded, interval.superseded_unknown.as_ref()).join("; "),
                    beside(&interval.also_in_force, interval.also_in_force_unknown.as_ref()).join("; "),
                    phi.to_owned(),
                    own(&interval.reason),
                    interval.assuming.iter().chain(&found.assuming).cloned().collect::<Vec<_>>().join("; "),
                    told(&interval.began_with),
                    told(&interval.ended_with),
                    interval
                        .within
                        .iter()
                        .map(|e| format!("{} on {}", sentence(e), e.at))
                        .collect::<Vec<_>>()
                        .join("; "),
                    found.to.clone(),
                    as_of.clone(),
                ]);
            }
        }
    }
    table
}
