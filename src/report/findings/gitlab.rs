//! The code quality report of GitLab.

use serde_json::{Value, json};

use super::{Entry, Unit};
use countersign_core::finding::Severity;

/// The findings that count.
pub fn gitlab(entries: &[Entry]) -> Value {
    let entry = |finding: &Entry| {
        let [line, _, end, _] = finding.region(Unit::Characters);
        let severity = match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "minor",
            Severity::Info => "info",
        };
        let within = finding.address.as_ref().map(|address| format!(" (in {address})")).unwrap_or_default();
        json!({
            "description": format!("{}: {}. {}{within}", finding.code, finding.message, finding.help),
            "check_name": format!("{}/{}", finding.code, finding.name),
            "fingerprint": finding.fingerprint,
            "severity": severity,
            "location": {"path": finding.file, "lines": {"begin": line, "end": end}}
        })
    };
    entries.iter().filter(|e| e.suppressed.is_none()).map(entry).collect()
}
