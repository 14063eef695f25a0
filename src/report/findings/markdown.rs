//! Markdown: a table, for a comment or a job's summary.

use super::{FindingsReport, Unit, region};
use crate::report::foreign::Foreign;
use countersign_core::lint::Finding;

/// The Markdown of a report.
pub fn markdown(report: &FindingsReport<'_>) -> String {
    let mut text = format!("**countersign lint**: {} · {}\n", report.counts(), report.read());
    let rows: Vec<String> = report.open().map(row).collect();
    if !rows.is_empty() {
        text.push_str("\n| | rule | where | what |\n|---|---|---|---|\n");
        text.push_str(&rows.concat());
    }
    text
}

fn row(finding: &Finding) -> String {
    let [line, ..] = region(&finding.place, Unit::Characters);
    format!(
        "| {} | {} {} | {} | {} — {} |\n",
        finding.severity.word(),
        finding.rule.code,
        finding.rule.name,
        place(finding, line),
        cell(&finding.message),
        cell(&finding.help),
    )
}

/// The line, and what it is in.
fn place(finding: &Finding, line: usize) -> String {
    let place = Foreign(&format!("{}:{line}", finding.place.source.path)).code();
    match finding.address() {
        Some(address) => format!("{place} {}", Foreign(&address).code()),
        None => place,
    }
}

/// A text in a cell of a table, on one line.
pub fn cell(text: &str) -> String {
    Foreign(text).markdown()
}
