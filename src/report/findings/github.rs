//! Workflow commands of GitHub Actions: an annotation for each finding.

use super::Entry;
use countersign_core::finding::Severity;

/// The commands of all findings that count, and a line for the log.
pub fn github(entries: &[Entry], summary: &str) -> String {
    let lines = entries.iter().filter(|e| e.suppressed.is_none()).map(command);
    lines.chain([format!("countersign: {summary}")]).collect::<Vec<_>>().join("\n")
}

fn command(finding: &Entry) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let [line, column, end_line, end_column] = finding.region(|text| text.chars().count());
    // GitHub takes columns only where a finding is on one line
    let columns = if line == end_line { format!(",col={column},endColumn={end_column}") } else { String::new() };
    let title = format!("{} {}", finding.code, finding.name);
    format!(
        "::{word} file={},line={line},endLine={end_line}{columns},title={}::{}",
        property(&finding.file),
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
