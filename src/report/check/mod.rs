//! A check: one report, for people, for a comment under a pull request, and for programs.

pub mod json;
pub mod junit;
pub mod markdown;

use anstyle::AnsiColor;

use super::{bold, day, diff, dim, expectations, paragraph, styled, verdict, wrapped};
use crate::check::{Checked, Part, State, violations_words};
use crate::report::findings::Entry;
use countersign_core::finding::Severity;
use countersign_core::guardrails::Verdict;

/// The word of a part.
pub fn part(part: Part) -> &'static str {
    match part {
        Part::Diff => "change",
        Part::Expectations => "expectations",
        Part::Guardrails => "guardrails",
        Part::Findings => "findings",
        Part::Lint => "lint",
    }
}

/// The text of a check: what became of each part, then what is not as it should be.
pub fn text(width: usize, checked: &Checked) -> String {
    let with = checked.base.as_ref().map(|b| format!(" · compared with {b}")).unwrap_or_default();
    let mut text = format!("{} {}\n", bold(&checked.folder), dim(&format!("· {}{with}", day(&checked.at))));
    for done in &checked.parts {
        let (word, colour) = match done.state {
            State::Passed => ("passed", AnsiColor::Green),
            State::Failed => ("failed", AnsiColor::Red),
            State::Skipped => ("—", AnsiColor::White),
        };
        let word = styled(anstyle::Style::new().fg_color(Some(colour.into())).bold(), &format!("{word:<7}"));
        text.push_str(&wrapped(width, &format!("  {word} {:<12} ", part(done.part)), 23, &done.note));
    }
    if let Some(found) = &checked.diff
        && !found.is_empty()
    {
        text.push_str(&heading("change"));
        text.push_str(&diff::body(width, found, false));
    }
    if checked.expectations.iter().any(|c| !c.passed) {
        text.push_str(&heading("expectations"));
        text.push_str(&expectations::text(width, &checked.expectations, false));
    }
    let broken = checked.guardrails.iter().filter(|g| g.outcome != Verdict::Proved || !g.forbids);
    let broken: Vec<String> = broken.map(|g| guardrail(width, g)).collect();
    if !broken.is_empty() {
        text.push_str(&heading("guardrails"));
        text.push_str(&broken.concat());
    }
    let open: Vec<&Entry> = checked.open().collect();
    if !open.is_empty() {
        text.push_str(&heading("findings"));
        text.push_str(&open.iter().map(|e| finding(width, e)).collect::<String>());
    }
    text
}

fn heading(text: &str) -> String {
    format!("\n{}\n", bold(text))
}

fn guardrail(width: usize, guarded: &countersign_core::guardrails::Outcome) -> String {
    let word = match guarded.outcome {
        Verdict::Proved => "proved",
        Verdict::Holds => "holds",
        Verdict::Unknown => "unknown",
        Verdict::Violated => "broken",
    };
    let word = verdict(if word == "broken" { "no" } else { word }).replace("no", "broken");
    let mut text = format!("  {word}  {} {}\n", bold(&guarded.id), dim(&format!("{}:{}", guarded.file, guarded.line)));
    for words in violations_words(&guarded.violations) {
        text.push_str(&wrapped(width, "          ", 12, &format!("{words} {}", guarded.message)));
    }
    if !guarded.forbids {
        text.push_str(&paragraph(width, "          ", "it forbids nothing to anyone here: check the names in it"));
    }
    text
}

fn finding(width: usize, entry: &Entry) -> String {
    let word = match entry.severity {
        Severity::Error => verdict("error"),
        severity => verdict(severity.word()),
    };
    let mut text = format!(
        "  {word}  {} {}\n",
        bold(&format!("{} {}", entry.code, entry.name)),
        dim(&format!("{}:{}", entry.file, entry.line()))
    );
    text.push_str(&wrapped(width, "          ", 10, &entry.message));
    text
}
