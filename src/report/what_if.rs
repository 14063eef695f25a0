//! What a change would do, for people: the change, what to do before it, and the difference in the words of `diff`.

use std::collections::BTreeMap;

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
        let (what, so) = match one.decision {
            Decision::Deny => ("nobody who is listed can", "nothing may rest on it"),
            _ => ("nobody is known who can", "nothing may rest on it until that is known"),
        };
        let why = if one.because.is_empty() { String::new() } else { format!(" ({})", one.because.join("; ")) };
        let body = format!("change {}, {}: {what}{why}; {so}", one.change, one.what);
        text.push_str(&paragraph(width, "  not made: ", &body));
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

/// What is alike of gaps: the changes that begin and end them, the kind, whether it is unknown, and who it is that was not listed.
type Gap<'a> = (usize, usize, &'a str, bool, Option<String>);

/// Coverage that is lost between two of the changes.
fn on_the_way(width: usize, between: &[Between], all: bool) -> String {
    let mut alike: BTreeMap<Gap<'_>, Vec<String>> = BTreeMap::new();
    for gap in between {
        let entry = alike.entry((gap.after, gap.until, &gap.kind, gap.perhaps, gap.of_unlisted())).or_default();
        entry.extend(gap.account.clone());
    }
    let mut text = String::new();
    for ((after, until, kind, perhaps, unlisted), accounts) in alike {
        let shown = if all { accounts.len() } else { SHOWN };
        let listed = || format!("{}: {}", count(accounts.len(), "account"), few(&accounts, shown));
        let whose = unlisted.unwrap_or_else(listed);
        let body =
            format!("{kind} of {whose}, after change {after} until change {until}: put what covers them before it");
        let head = if perhaps { "  perhaps uncovered on the way: " } else { "  uncovered on the way: " };
        text.push_str(&paragraph(width, head, &body));
    }
    text
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
            let names: Vec<String> = one.accounts.iter().map(|a| a.account.clone()).collect();
            let shown = if all { names.len() } else { SHOWN };
            let whose = format!("{}: {}", count(names.len(), "account"), few(&names, shown));
            let body = format!("{} ({}; {}; {})", one.message, whose, one.kinds.join(", "), one.rule);
            text.push_str(&paragraph(width, "  - ", &body));
        }
    }
    text
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
