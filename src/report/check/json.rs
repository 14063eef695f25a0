//! `countersign/check/v1`: for programs.

use serde::Serialize;

use crate::check::{Checked, Done};
use countersign_core::diff::Diff;
use countersign_core::expectations::run::Case;
use countersign_core::finding::Severity;
use countersign_core::guardrails::Outcome;
use countersign_core::provenance::Provenance;

/// The document: `schemas/check.v1.schema.json`.
#[derive(Serialize)]
pub struct Check<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: &'a str,
    passed: bool,
    base: Option<&'a str>,
    parts: &'a [Done],
    diff: Option<&'a Diff>,
    expectations: &'a [Case],
    guardrails: &'a [Outcome],
    findings: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    rule: &'a str,
    name: &'a str,
    severity: Severity,
    file: &'a str,
    line: usize,
    message: &'a str,
    help: &'a str,
    fingerprint: &'a str,
}

/// The JSON of a check.
pub fn json<'a>(checked: &'a Checked, provenance: &'a Provenance) -> Check<'a> {
    Check {
        schema: "countersign/check/v1",
        provenance,
        at: &checked.at,
        passed: checked.passed(),
        base: checked.base.as_deref(),
        parts: &checked.parts,
        diff: checked.diff.as_ref(),
        expectations: &checked.expectations,
        guardrails: &checked.guardrails,
        findings: checked
            .open()
            .map(|e| One {
                rule: &e.code,
                name: &e.name,
                severity: e.severity,
                file: &e.file,
                line: e.line(),
                message: &e.message,
                help: &e.help,
                fingerprint: &e.fingerprint,
            })
            .collect(),
    }
}
