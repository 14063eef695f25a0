//! A check: one report, for people, for a comment under a pull request, and for programs.

pub mod entries;
pub mod guardrails;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod rules;
pub mod weakening;

use anstyle::AnsiColor;

use super::{assumed, bold, completeness, day, diff, dim, expectations, in_colour, verdict, wrapped};
use crate::check::{Checked, Done, Found, Part, State};
use crate::report::findings::{Entry, FindingsReport, counts};
use countersign_core::diff::Diff;
use countersign_core::guardrails::GuardrailState;
use guardrails::{unmatched_words, violations_words};

/// The word of a part.
pub fn part(part: Part) -> &'static str {
    match part {
        Part::Diff => "change",
        Part::Expectations => "expectations",
        Part::Guardrails => "guardrails",
        Part::Findings => "findings",
        Part::Completeness => "completeness",
        Part::Lint => "lint",
        Part::Weakening => "weakening",
    }
}

/// What became of a part, in a line.
pub fn note(checked: &Checked, done: &Done) -> String {
    if let State::Skipped(why) = &done.state {
        return why.clone();
    }
    match done.part {
        Part::Diff => checked.diff.as_ref().map(|found| change(checked, found)).unwrap_or_default(),
        Part::Expectations => {
            let failed = checked.expectations.iter().filter(|c| !c.passed()).count();
            expectations::summary(checked.expectations.len(), failed)
        }
        Part::Guardrails => guardrails::summary(&checked.guardrails, &|severity| checked.fails(severity)),
        Part::Findings => counts(&checked.findings.iter().map(Found::severity).collect::<Vec<_>>()),
        Part::Completeness if checked.gaps.is_empty() => "nothing is missing".to_owned(),
        Part::Completeness => format!("not known: {}", completeness::summary(&checked.gaps)),
        Part::Lint => {
            let report = checked.lint.as_ref().map(FindingsReport::new);
            report
                .map(|report| {
                    [report.counts(), report.read()].into_iter().chain(report.besides()).collect::<Vec<_>>().join(" · ")
                })
                .unwrap_or_default()
        }
        Part::Weakening => checked.weakening.as_ref().map(weakening::summary).unwrap_or_default(),
    }
}

fn change(checked: &Checked, found: &Diff) -> String {
    let mut words = diff::worse(found.verdict);
    let besides = checked.by_settings.iter().flat_map(|(_, d)| diff::worse(d.verdict));
    besides.for_each(|word| {
        if !words.contains(&word) {
            words.push(word)
        }
    });
    if checked.adds_findings(found) {
        words.push("findings are new");
    }
    if words.is_empty() {
        words.push(diff::calm(found));
    }
    words.join(", ")
}

/// What became of each part, a line each.
pub fn summary(width: usize, checked: &Checked) -> String {
    let with = checked.base.as_ref().map(|b| format!(" · compared with {b}")).unwrap_or_default();
    let mut text = format!("{} {}\n", bold(&checked.folder), dim(&format!("· {}{with}", day(&checked.at))));
    for done in &checked.parts {
        let (word, colour) = match done.state {
            State::Passed => ("passed", AnsiColor::Green),
            State::Failed => ("failed", AnsiColor::Red),
            State::Skipped(_) => ("—", AnsiColor::White),
        };
        let word = in_colour(colour, &format!("{word:<7}"));
        text.push_str(&wrapped(width, &format!("  {word} {:<12} ", part(done.part)), 23, &note(checked, done)));
    }
    text
}

/// The text of a check: what became of each part, then what is not as it should be.
pub fn text(width: usize, checked: &Checked) -> String {
    let mut text = summary(width, checked);
    text.push_str(&assumed::text(width, checked.assuming.iter()));
    if let Some(change) = &checked.rules {
        text.push_str(&heading("rules"));
        text.push_str(&rules::sentences(change).iter().map(|s| wrapped(width, "  ", 4, s)).collect::<String>());
    }
    if let Some(report) = &checked.weakening
        && !report.entries.is_empty()
    {
        text.push_str(&heading("weakening"));
        text.push_str(&weakening::sentences(report).iter().map(|s| wrapped(width, "  ", 4, s)).collect::<String>());
    }
    if let Some(found) = &checked.diff
        && !found.is_empty()
    {
        text.push_str(&heading("change"));
        text.push_str(&diff::body(width, found, false));
    }
    if let Some(words) = wanted(checked) {
        text.push_str(&wrapped(width, "  ", 4, words));
    }
    if let Some((settings, found)) = &checked.by_settings {
        text.push_str(&heading(&format!("change, with the settings of {settings}, at {}", day(&found.at))));
        text.push_str(&diff::body(width, found, false));
    }
    if checked.expectations.iter().any(|c| !c.passed()) {
        text.push_str(&heading("expectations"));
        text.push_str(&expectations::text(width, &entries::cases(checked), &[], false));
    }
    let broken = checked.guardrails.iter().filter(|g| g.outcome != GuardrailState::Proved);
    let broken: Vec<String> = broken.map(|g| guardrail(width, g)).collect();
    if !broken.is_empty() {
        text.push_str(&heading("guardrails"));
        text.push_str(&broken.concat());
    }
    let open = entries::open(checked);
    if !open.is_empty() {
        text.push_str(&heading("findings"));
        text.push_str(&open.iter().map(|e| finding(width, e)).collect::<String>());
    }
    let ignored = entries::ignored(checked);
    if !ignored.is_empty() {
        text.push_str(&heading("ignored with a reason"));
        text.push_str(&ignored.iter().map(|words| wrapped(width, "  ", 4, words)).collect::<String>());
    }
    text
}

/// What to do about a change that fails the check and is wanted all the same; once, whatever it grants or takes.
pub fn wanted(checked: &Checked) -> Option<&'static str> {
    let failed = |done: &Done| done.part == Part::Diff && matches!(done.state, State::Failed);
    let diffs = || checked.diff.iter().chain(checked.by_settings.iter().map(|(_, diff)| diff));
    let is_it = checked.parts.iter().any(failed) && diffs().any(|diff| !diff.verdict.is_clean());
    is_it.then_some(
        "If the change is wanted, except it by `[[diff.allow]]` with a reason in countersign.toml, and check with --allow: the exception \
         counts once the target branch has it, or at once with --accept-change.",
    )
}

fn heading(text: &str) -> String {
    format!("\n{}\n", bold(text))
}

fn guardrail(width: usize, guarded: &countersign_core::guardrails::GuardrailResult) -> String {
    let word = verdict(guarded.outcome);
    let mut text = format!("  {word}  {} {}\n", bold(&guarded.id), dim(&format!("{}:{}", guarded.file, guarded.line)));
    for words in violations_words(&guarded.violations) {
        text.push_str(&wrapped(width, "          ", 12, &format!("{words} {}", guarded.message)));
    }
    if let Some((why, what)) = unmatched_words(guarded) {
        text.push_str(&wrapped(width, "          ", 12, &format!("{why}; {what}")));
    }
    text
}

fn finding(width: usize, entry: &Entry) -> String {
    let word = verdict(entry.severity);
    let mut text = format!(
        "  {word}  {} {}\n",
        bold(&format!("{} {}", entry.code, entry.name)),
        dim(&format!("{}:{}", entry.file, entry.line()))
    );
    text.push_str(&wrapped(width, "          ", 10, &entry.message));
    text
}
