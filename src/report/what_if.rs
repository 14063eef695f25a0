//! What a change would do, for people: the change, what to do before it, and the difference in the words of `diff`.

use std::collections::BTreeMap;

use super::check::markdown as lines;
use super::findings::markdown::cell;
use super::{COVERED_MEANS, bold, count, day, diff as differences, dim, few, paragraph};
use countersign_core::diff::Diff;
use countersign_core::terms::Decision;
use countersign_core::what_if::Change;
use countersign_core::what_if::able::Unmade;
use countersign_core::what_if::advice::Advice;
use countersign_core::what_if::between::Between;

/// Accounts shown without `--all`.
const SHOWN: usize = 6;

/// All of it.
pub fn text(
    width: usize,
    changes: &[Change],
    diff: &Diff,
    (advice, between, unmade): (&[Advice], &[Between], &[Unmade]),
    all: bool,
) -> String {
    let mut text = format!("{} {}\n", bold("What if"), dim(&format!("· {}", day(&diff.at))));
    for (index, change) in changes.iter().enumerate() {
        text.push_str(&paragraph(width, &format!("  {}. ", index + 1), &change.to_string()));
    }
    text.push_str(&format!("  {}\n", differences::verdict(diff)));
    text.push_str(&on_the_way(width, between, all));
    for one in unmade {
        text.push_str(&paragraph(width, "  not made: ", &not_made(one)));
    }
    text.push_str(&advised(width, advice, changes.len() > 1, all));
    text.push_str(&differences::body(width, diff, all));
    text.push('\n');
    for what in &diff.assuming {
        text.push_str(&paragraph(width, "", &format!("Assuming: {what}.")));
    }
    text.push_str(&paragraph(width, "", &format!("Left out: {}.", diff.leaves_out.join("; "))));
    text.push_str(&paragraph(width, "", COVERED_MEANS));
    text
}

/// The same in Markdown: every difference, as it stands in a comment of `check`.
pub fn markdown(
    changes: &[Change],
    diff: &Diff,
    (advice, between, unmade): (&[Advice], &[Between], &[Unmade]),
) -> String {
    let list = |title: &str, lines: Vec<String>| match lines.is_empty() {
        true => String::new(),
        false => format!("\n**{title}**\n\n- {}\n", lines.join("\n- ")),
    };
    let numbered = changes.iter().enumerate().map(|(at, change)| format!("{}. {}", at + 1, cell(&change.to_string())));
    let numbered: Vec<String> = numbered.collect();
    let mut text = format!("### What if · {}\n\n{}\n\n", day(&diff.at), numbered.join("\n"));
    text.push_str(&format!("{}.\n", super::plain::capital(&cell(&differences::said(diff)))));
    let on_the_way = alike(between, true).into_iter().map(|(head, body)| cell(&format!("{head}: {body}")));
    text.push_str(&list("On the way", on_the_way.collect()));
    text.push_str(&list("Not made", unmade.iter().map(|one| cell(&not_made(one))).collect()));
    let told = |one: &Advice| {
        let change = one.change.filter(|_| changes.len() > 1).map(|change| format!(" change {change}"));
        let then = one.before.as_ref().map(|then| format!(" {}", day(then)));
        let before = change.into_iter().chain(then).collect::<Vec<_>>().join(",");
        let before = if before.is_empty() { before } else { format!("before{before}: ") };
        cell(&format!("{before}{}", advice_of(one, usize::MAX)))
    };
    text.push_str(&list("Before", advice.iter().map(told).collect()));
    text.push_str(&list("What decides", lines::decisions(diff)));
    text.push_str(&list("Other differences", lines::details(diff)));
    let assuming = diff.assuming.iter().map(|what| format!("Assuming: {what}."));
    let left_out = format!("Left out: {}.", diff.leaves_out.join("; "));
    for words in assuming.chain([left_out, COVERED_MEANS.to_owned()]) {
        text.push_str(&format!("\n{}\n", cell(&words)));
    }
    text
}

/// What is alike of gaps: the changes that begin and end them, the kind, whether it is unknown, and who it is that was not listed.
type Gap<'a> = (usize, usize, &'a str, bool, Option<String>);

/// A change that nobody makes, and why.
fn not_made(one: &Unmade) -> String {
    let (what, so) = match one.decision {
        Decision::Deny => ("nobody who is listed can", "nothing may rest on it"),
        _ => ("nobody is known who can", "nothing may rest on it until that is known"),
    };
    let why = if one.because.is_empty() { String::new() } else { format!(" ({})", one.because.join("; ")) };
    format!("change {}, {}: {what}{why}; {so}", one.change, one.what)
}

/// Coverage that is lost between two of the changes.
fn on_the_way(width: usize, between: &[Between], all: bool) -> String {
    let line = |(head, body): (&str, String)| paragraph(width, &format!("  {head}: "), &body);
    alike(between, all).into_iter().map(line).collect()
}

/// The same, those that are alike together: what it is, and of which accounts.
fn alike(between: &[Between], all: bool) -> Vec<(&'static str, String)> {
    let mut alike: BTreeMap<Gap<'_>, Vec<String>> = BTreeMap::new();
    for gap in between {
        let entry = alike.entry((gap.after, gap.until, &gap.kind, gap.perhaps, gap.of_unlisted())).or_default();
        entry.extend(gap.account.clone());
    }
    let mut found = Vec::new();
    for ((after, until, kind, perhaps, unlisted), accounts) in alike {
        let shown = if all { accounts.len() } else { SHOWN };
        let listed = || format!("{}: {}", count(accounts.len(), "account"), few(&accounts, shown));
        let whose = unlisted.unwrap_or_else(listed);
        let body =
            format!("{kind} of {whose}, after change {after} until change {until}: put what covers them before it");
        found.push((if perhaps { "perhaps uncovered on the way" } else { "uncovered on the way" }, body));
    }
    found
}

/// What to do before the changes, each by its number where they are several, and before coverage is lost that they leave until later.
fn advised(width: usize, advice: &[Advice], several: bool, all: bool) -> String {
    let mut by: Vec<(String, Vec<&Advice>)> = Vec::new();
    for one in advice {
        let head = when(one, several);
        match by.last_mut().filter(|(last, _)| *last == head) {
            Some((_, alike)) => alike.push(one),
            None => by.push((head, vec![one])),
        }
    }
    let mut text = String::new();
    for (head, advice) in by {
        text.push_str(&format!("\n{head}\n"));
        for one in advice {
            let shown = if all { usize::MAX } else { SHOWN };
            text.push_str(&paragraph(width, "  - ", &advice_of(one, shown)));
        }
    }
    text
}

/// An advice, and for which accounts, so many of them by their numbers.
fn advice_of(one: &Advice, shown: usize) -> String {
    let names: Vec<String> = one.accounts.iter().map(|a| a.account.clone()).collect();
    let whose = format!("{}: {}", count(names.len(), "account"), few(&names, shown));
    format!("{} ({}; {}; {})", one.message, whose, one.kinds.join(", "), one.rule)
}

/// Before what an advice is to be followed.
fn when(advice: &Advice, several: bool) -> String {
    let change = advice.change.filter(|_| several);
    let lost = if advice.perhaps { "when coverage is perhaps lost later" } else { "when coverage is lost later" };
    match (&advice.before, change) {
        (None, None) => bold("Before"),
        (None, Some(change)) => bold(&format!("Before change {change}")),
        (Some(then), None) => format!("{}{}", bold(&format!("Before {}", day(then))), dim(&format!(", {lost}"))),
        (Some(then), Some(change)) => {
            format!("{}{}", bold(&format!("Before change {change}")), dim(&format!(", for {}, {lost}", day(then))))
        }
    }
}
