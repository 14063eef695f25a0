//! `countersign/check/v1`: for programs.

use serde::Serialize;

use super::{entries, note};
use crate::check::{Checked, Done, Part, RulesChange, State, WeakeningReport};
use crate::report::expectations::CaseReport;
use crate::report::findings::Entry;
use countersign_core::assessment::completeness::Gap;
use countersign_core::diff::Diff;
use countersign_core::finding::Severity;
use countersign_core::guardrails::GuardrailResult;
use countersign_core::provenance::Provenance;

/// The document: `schemas/check.v1.schema.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: &'a str,
    passed: bool,
    base: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    assuming: &'a [String],
    parts: Vec<PartReport>,
    rules: Option<&'a RulesChange>,
    weakening: Option<&'a WeakeningReport>,
    diff: Option<&'a Diff>,
    diff_by_target: Option<ByTarget<'a>>,
    expectations: Vec<CaseReport>,
    guardrails: &'a [GuardrailResult],
    gaps: &'a [Gap],
    findings: Vec<One>,
}

/// What is worse only with the settings of the target.
#[derive(Serialize)]
struct ByTarget<'a> {
    settings: &'a str,
    diff: &'a Diff,
}

#[derive(Serialize)]
struct PartReport {
    part: Part,
    state: &'static str,
    note: String,
}

#[derive(Serialize)]
struct One {
    rule: String,
    name: String,
    severity: Severity,
    file: String,
    line: usize,
    message: String,
    help: String,
    fingerprint: String,
}

/// The JSON of a check.
pub fn json<'a>(checked: &'a Checked, provenance: &'a Provenance) -> Check<'a> {
    Check {
        schema: "countersign/check/v1",
        provenance,
        at: &checked.at,
        passed: checked.passed(),
        base: checked.base.as_deref(),
        assuming: &checked.assuming,
        parts: checked.parts.iter().map(|done| part(checked, done)).collect(),
        rules: checked.rules.as_ref(),
        weakening: checked.weakening.as_ref(),
        diff: checked.diff.as_ref(),
        diff_by_target: checked.by_settings.as_ref().map(|(settings, diff)| ByTarget { settings, diff }),
        expectations: entries::cases(checked),
        guardrails: &checked.guardrails,
        gaps: &checked.gaps,
        findings: entries::open(checked).into_iter().map(one).collect(),
    }
}

fn part(checked: &Checked, done: &Done) -> PartReport {
    let state = match done.state {
        State::Passed => "passed",
        State::Failed => "failed",
        State::Skipped(_) => "skipped",
    };
    PartReport { part: done.part, state, note: note(checked, done) }
}

fn one(entry: Entry) -> One {
    One {
        line: entry.line(),
        rule: entry.code,
        name: entry.name,
        severity: entry.severity,
        file: entry.file,
        message: entry.message,
        help: entry.help,
        fingerprint: entry.fingerprint,
    }
}
