//! Workflow commands of GitHub Actions: an annotation for each finding.

use super::{Entry, Unit};
use crate::report::foreign::Foreign;
use countersign_core::finding::Severity;

/// The commands of all findings that count, and a line for the log.
pub fn github(entries: &[Entry], summary: &str) -> String {
    let mut open: Vec<&Entry> = entries.iter().filter(|e| e.suppressed.is_none()).collect();
    // GitHub shows ten errors, ten warnings and ten notices of a step
    open.sort_by_key(|e| std::cmp::Reverse(e.severity));
    let lines = open.into_iter().map(command);
    lines.chain([format!("countersign: {}", Foreign(summary).line())]).collect::<Vec<_>>().join("\n")
}

fn command(finding: &Entry) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let [line, column, end_line, end_column] = finding.region(Unit::Characters);
    // GitHub takes columns only where a finding is on one line
    let columns = if line == end_line { format!(",col={column},endColumn={end_column}") } else { String::new() };
    let within = finding.address.as_ref().map(|address| format!(" in {address}")).unwrap_or_default();
    let title = finding.title() + &within;
    format!(
        "::{word} file={},line={line},endLine={end_line}{columns},title={}::{}",
        Foreign(&finding.file).property(),
        Foreign(&title).property(),
        Foreign(&format!("{}\n{}", finding.message, finding.help)).data()
    )
}
