//! The code quality report of GitLab.

use serde_json::{Value, json};

use super::{Report, region};
use crate::lint::Severity;

/// The entries of a report.
pub fn gitlab(report: &Report) -> Value {
    let entry = |(finding, fingerprint): (&crate::lint::Finding, &String)| {
        let [line, _, end, _] = region(finding, |text| text.chars().count());
        let severity = match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "minor",
            Severity::Info => "info",
        };
        json!({
            "description": format!("{}: {}. {}", finding.rule.code, finding.message, finding.help),
            "check_name": format!("{}/{}", finding.rule.code, finding.rule.name),
            "fingerprint": fingerprint,
            "severity": severity,
            "location": {"path": finding.place.source.path, "lines": {"begin": line, "end": end}}
        })
    };
    report.open_with_fingerprints().map(entry).collect()
}
