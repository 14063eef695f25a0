//! Markdown for a comment under a pull request: short, the decisions first, details folded.

use super::guardrails::{unmatched_words, violations_words};
use super::{entries, note, rules};
use crate::check::{Checked, State};
use crate::report::diff as words;
use crate::report::findings::markdown::cell;
use crate::report::{expectations::CaseReport, sentences};
use countersign_core::access::NewRequests;
use countersign_core::diff::{AccessEntry, Cause, CoverageEntry, Diff};
use countersign_core::guardrails::{By, GuardrailState};
use countersign_core::words::few;

/// Names in a line.
const NAMES: usize = 4;
/// Rows of a table; a comment has an end.
const ROWS: usize = 40;

/// The comment.
pub fn markdown(checked: &Checked) -> String {
    let word = if checked.passed() { "passed" } else { "failed" };
    let mut text = format!("### countersign: {word}\n\n| | | |\n|---|---|---|\n");
    for done in &checked.parts {
        let state = match done.state {
            State::Passed => "passed",
            State::Failed => "**failed**",
            State::Skipped(_) => "–",
        };
        text.push_str(&format!("| {} | {state} | {} |\n", super::part(done.part), cell(&note(checked, done))));
    }
    if let Some(change) = &checked.rules {
        let lines: Vec<String> = rules::sentences(change).iter().map(|s| format!("- {}\n", cell(s))).collect();
        text.push_str(&format!("\n**rules**\n\n{}", lines.concat()));
    }
    if let Some(diff) = &checked.diff {
        text.push_str(&decisions(diff));
        text.push_str(&details(diff));
    }
    text.push_str(&expectations(checked));
    text.push_str(&guardrails(checked));
    text.push_str(&findings(checked));
    if let Some(base) = &checked.base {
        text.push_str(&format!("\n<sub>compared with {} · {}</sub>\n", cell(base), checked.at));
    }
    text
}

/// What is worse: one line each.
fn decisions(diff: &Diff) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(diff.coverage.iter().filter(|e| e.is_loss()).map(|e| coverage(diff, e)));
    lines.extend(diff.access.iter().filter(|e| is_gain(e)).map(|e| access(diff, e)));
    for entry in diff.new_access.iter().filter(|n| n.widens()) {
        let who = words::principals(&entry.principals, NAMES);
        let told: Vec<String> =
            entry.answer.witnesses.iter().map(|w| format!("`{}` on `{}`", w.action, w.resource)).collect();
        let line = match (entry.answer.decision, &entry.answer.reason) {
            (NewRequests::New, _) => format!("**New requests** for {}: such as {}", cell(&who), told.join(", ")),
            (_, reason) => format!(
                "**Unknown** whether requests are new for {}: {}",
                cell(&who),
                cell(reason.as_deref().unwrap_or_default())
            ),
        };
        lines.push(format!("{line}{}", excepted(entry.allowed.as_ref())));
    }
    for entry in &diff.first_seen {
        let who = words::principals(&entry.principals, NAMES);
        let excepted = excepted(entry.allowed.as_ref());
        lines.push(format!("**First seen** with requests that are allowed, or may be: {}{excepted}", cell(&who)));
    }
    if lines.is_empty() {
        return String::new();
    }
    let more = lines.len().saturating_sub(ROWS);
    let mut text: String = "\n".to_owned();
    text.extend(lines.into_iter().take(ROWS).map(|l| format!("- {l}\n")));
    if more > 0 {
        text.push_str(&format!("- and {more} more\n"));
    }
    text
}

fn is_gain(entry: &AccessEntry) -> bool {
    (entry.change.is_gain() && entry.widens()) || entry.may_be_new()
}

fn excepted(allowed: Option<&String>) -> String {
    allowed.map(|reason| format!(" — accepted: {}", cell(reason))).unwrap_or_default()
}

fn coverage(diff: &Diff, entry: &CoverageEntry) -> String {
    let accounts: Vec<String> = entry.accounts.iter().map(|a| a.account.clone()).collect();
    let word = if entry.is_loss() { "Coverage lost" } else { words::coverage_word(entry.change).0 };
    format!(
        "**{word}**: `{}` of {} – was {}, is {}{}{}",
        entry.kind,
        few(&accounts, NAMES),
        cell(&words::coverage_state(&entry.before)),
        cell(&words::coverage_state(&entry.after)),
        because(diff, &entry.causes),
        excepted(entry.allowed.as_ref())
    )
}

fn access(diff: &Diff, entry: &AccessEntry) -> String {
    let (word, _) = words::access_word(entry.change);
    format!(
        "**{word}**: {} by {}{}{}",
        cell(&sentences::operations(&entry.operations)),
        cell(&words::whom(entry, NAMES)),
        because(diff, &entry.causes),
        excepted(entry.allowed.as_ref())
    )
}

fn because(diff: &Diff, causes: &[Cause]) -> String {
    let pieces: Vec<String> = causes
        .iter()
        .filter_map(|c| diff.changes.get(c.change))
        .map(|c| format!("`{}:{}` {}", c.piece.file, c.piece.line, cell(&c.piece.what)))
        .collect();
    if pieces.is_empty() { String::new() } else { format!(" – because of {}", few(&pieces, NAMES)) }
}

/// What else is different, folded.
fn details(diff: &Diff) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(diff.coverage.iter().filter(|e| !e.is_loss()).map(|e| coverage(diff, e)));
    lines.extend(diff.access.iter().filter(|e| !is_gain(e)).map(|e| access(diff, e)));
    lines.extend(diff.findings.iter().map(|f| {
        let subjects = cell(&few(&f.subjects, NAMES));
        format!("{} {} {}: {subjects} {}", f.change.word(), f.rule, f.name, cell(&f.message))
    }));
    folded("other differences", &lines)
}

fn folded(title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let more = lines.len().saturating_sub(ROWS);
    let shown: String = lines.iter().take(ROWS).map(|l| format!("- {l}\n")).collect();
    let more = if more > 0 { format!("- and {more} more\n") } else { String::new() };
    format!("\n<details><summary>{title} ({})</summary>\n\n{shown}{more}\n</details>\n", lines.len())
}

fn expectations(checked: &Checked) -> String {
    let line = |c: &CaseReport| {
        let actual: Vec<String> =
            c.actual.iter().map(|a| format!("{} {}", a.subject, a.is).trim().to_owned()).collect();
        format!(
            "`{}:{}` {} – expected {}, got {}",
            c.file,
            c.line,
            cell(&c.name),
            cell(&c.expected),
            cell(&few(&actual, NAMES))
        )
    };
    let cases = crate::report::expectations::reports(&checked.expectations);
    let lines: Vec<String> = cases.iter().filter(|c| !c.passed).map(line).collect();
    folded("expectations not met", &lines)
}

fn guardrails(checked: &Checked) -> String {
    let mut lines = Vec::new();
    for guarded in checked.guardrails.iter().filter(|g| g.outcome != GuardrailState::Proved) {
        let open =
            guarded.violations.iter().filter(|v| v.by != By::Request || guarded.outcome == GuardrailState::Holds);
        let words = violations_words(&open.cloned().collect::<Vec<_>>());
        lines.extend(words.iter().map(|w| format!("`{}` {} {}", guarded.id, cell(w), cell(&guarded.message))));
        let unmatched = unmatched_words(guarded);
        lines.extend(unmatched.map(|(why, what)| format!("`{}` {}; {what}", guarded.id, cell(&why))));
    }
    folded("guardrails", &lines)
}

fn findings(checked: &Checked) -> String {
    let line = |e: &crate::report::findings::Entry| {
        format!("{} {} `{}:{}` {}", e.severity.word(), e.code, e.file, e.line(), cell(&e.message))
    };
    let lines: Vec<String> = entries::open(checked).iter().map(line).collect();
    folded("findings", &lines)
}
