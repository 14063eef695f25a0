//! Workflow commands of GitHub Actions: an annotation for each finding.

use super::{Report, region};
use crate::lint::{Finding, Severity};

/// The commands of a report, and its counts for the log.
pub fn github(report: &Report) -> String {
    let lines: Vec<String> = report.open().map(command).collect();
    let counts = format!("countersign: {} · {}", report.counts(), report.read());
    lines.into_iter().chain([counts]).collect::<Vec<_>>().join("\n")
}

fn command(finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let [line, column, end_line, end_column] = region(finding, |text| text.chars().count());
    // GitHub takes columns only where a finding is on one line
    let columns = if line == end_line { format!(",col={column},endColumn={end_column}") } else { String::new() };
    let title = format!("{} {}", finding.rule.code, finding.rule.name);
    format!(
        "::{word} file={},line={line},endLine={end_line}{columns},title={}::{}",
        property(&finding.place.source.path),
        property(&title),
        data(&format!("{}\n{}", finding.message, finding.help))
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
