//! `countersign/findings/v1`: for programs.

use serde::Serialize;

use super::{FindingsReport, Unit, region};
use countersign_core::lint::{Finding, Severity, Suppressed};
use countersign_core::provenance::Provenance;

/// The document: `schemas/findings.v1.schema.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    findings: Vec<One>,
    suppressed: Vec<One>,
    files: usize,
    policies: usize,
    passed_over: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One {
    rule: &'static str,
    name: &'static str,
    severity: Severity,
    confidence: &'static str,
    file: String,
    pointer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    uses: Vec<String>,
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    report_only: bool,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: String,
    help: String,
    fix: Option<FixAnswer>,
    fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct FixAnswer {
    what: String,
    safe: bool,
}

/// The JSON of a report.
pub fn json<'a>(report: &FindingsReport<'_>, provenance: &'a Provenance) -> Findings<'a> {
    let answers = |open: bool| {
        let pairs = report.findings.iter().zip(&report.fingerprints).filter(move |(f, _)| f.is_open() == open);
        pairs.map(|(f, fingerprint)| one(f, fingerprint)).collect()
    };
    Findings {
        schema: "countersign/findings/v1",
        provenance,
        findings: answers(true),
        suppressed: answers(false),
        files: report.files,
        policies: report.policies,
        passed_over: report.passed_over,
    }
}

fn one(finding: &Finding, fingerprint: &str) -> One {
    let [line, column, end_line, end_column] = region(&finding.place, Unit::Characters);
    let (suppressed_by, reason) = match &finding.suppressed {
        None => (None, None),
        Some(Suppressed::Ignored(reason)) => (Some("ignore"), Some(reason.clone())),
        Some(Suppressed::Baseline) => (Some("baseline"), None),
    };
    One {
        rule: finding.rule.code,
        name: finding.rule.name,
        severity: finding.severity,
        confidence: finding.rule.confidence.word(),
        file: finding.place.source.path.clone(),
        address: finding.address(),
        pointer: finding.pointer.clone(),
        uses: finding.uses.clone(),
        sid: finding.sid.clone(),
        owner: finding.owner.clone(),
        report_only: finding.report_only,
        line,
        column,
        end_line,
        end_column,
        message: finding.message.clone(),
        help: finding.help.clone(),
        fix: finding.fix.as_ref().map(|f| FixAnswer { what: f.what.clone(), safe: f.safe }),
        fingerprint: fingerprint.to_owned(),
        suppressed_by,
        reason,
    }
}
