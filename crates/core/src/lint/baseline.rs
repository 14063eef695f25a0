//! A baseline: findings that were there before, counted by rule, file, place and content, never by line.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Finding, Suppressed};
use crate::problem::{Problem, SourceFile, Span};

/// The format of a baseline.
pub const SCHEMA: &str = "countersign/baseline/v1";

/// Known findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: String,
    /// In the order of their fields.
    pub entries: Vec<Entry>,
}

/// Findings that are the same but for their line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The rule's code.
    pub rule: String,
    /// The file.
    pub file: String,
    /// The place in the file, with the statement by its `Sid` where it has one, and without positions in lists.
    pub place: String,
    /// What stands there, as a hash.
    pub content: String,
    /// How many.
    pub count: usize,
}

/// FNV-1a, which stays the same from one version of this program to the next.
pub fn hash(parts: &[&str]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.join("\u{1f}").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// The place of a finding, in a way that adding a statement before it does not change.
fn place(finding: &Finding) -> String {
    let mut place = String::new();
    let mut rest = finding.pointer.as_str();
    while let Some((before, after)) = rest.split_once('[') {
        place.push_str(before);
        let (index, tail) = after.split_once(']').unwrap_or((after, ""));
        match (&finding.sid, before.ends_with("Statement")) {
            (Some(sid), true) => place.push_str(&format!("[{sid}]")),
            _ if index.chars().all(|c| c.is_ascii_digit()) => {}
            _ => place.push_str(&format!("[{index}]")),
        }
        rest = tail;
    }
    place.push_str(rest);
    place
}

/// The key of a finding; its count is one.
pub fn entry(finding: &Finding) -> Entry {
    let text = finding.place.source.slice(finding.place.span);
    let content: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Entry {
        rule: finding.rule.code.to_owned(),
        file: finding.place.source.path.clone(),
        place: place(finding),
        content: hash(&[&content, &finding.message]),
        count: 1,
    }
}

/// What a finding is known by elsewhere: the same in every run, one for each finding.
pub fn fingerprints(findings: &[Finding]) -> Vec<String> {
    let mut seen: BTreeMap<Entry, usize> = BTreeMap::new();
    let fingerprint = |f: &Finding| {
        let entry = entry(f);
        let nth = seen.entry(entry.clone()).or_insert(0);
        *nth += 1;
        hash(&[&entry.rule, &entry.file, &entry.place, &entry.content, &nth.to_string()])
    };
    findings.iter().map(fingerprint).collect()
}

impl Baseline {
    /// The baseline of these findings, those aside that the settings ignore.
    pub fn of(findings: &[Finding]) -> Self {
        let known = findings.iter().filter(|f| !matches!(f.suppressed, Some(Suppressed::Ignored(_))));
        let mut counts: BTreeMap<Entry, usize> = BTreeMap::new();
        for finding in known {
            *counts.entry(entry(finding)).or_default() += 1;
        }
        let entries = counts.into_iter().map(|(entry, count)| Entry { count, ..entry }).collect();
        Self { schema: SCHEMA.to_owned(), entries }
    }

    /// Reads a baseline.
    pub fn parse(source: &Arc<SourceFile>) -> Result<Self, Problem> {
        let whole = Span { start: 0, end: source.text.len().min(1) };
        let wrong = |message: String| {
            Problem::at(source, whole, message).help("write it again with --write-baseline, and review the difference")
        };
        let baseline: Self =
            serde_json::from_str(&source.text).map_err(|e| wrong(format!("this is not a baseline: {e}")))?;
        if baseline.schema != SCHEMA {
            return Err(wrong(format!("this is not a baseline: its schema is `{}`", baseline.schema)));
        }
        Ok(baseline)
    }

    /// As it is written: one entry a line, in order, so that differences are small.
    pub fn text(&self) -> String {
        let lines: Vec<String> =
            self.entries.iter().filter_map(|e| serde_json::to_string(e).ok()).map(|e| format!("  {e}")).collect();
        let entries = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", lines.join(",\n")) };
        format!("{{\"schema\": \"{SCHEMA}\", \"entries\": {entries}}}\n")
    }

    /// Marks the findings that are known; gives the entries that match nothing any more, with how often they do not.
    pub fn suppress(&self, findings: &mut [Finding]) -> Vec<Entry> {
        let mut left: BTreeMap<Entry, usize> = BTreeMap::new();
        for known in &self.entries {
            *left.entry(Entry { count: 1, ..known.clone() }).or_default() += known.count;
        }
        for finding in findings.iter_mut().filter(|f| f.is_open()) {
            if let Some(count) = left.get_mut(&entry(finding)).filter(|c| **c > 0) {
                *count -= 1;
                finding.suppressed = Some(Suppressed::Baseline);
            }
        }
        left.into_iter().filter(|(_, n)| *n > 0).map(|(entry, count)| Entry { count, ..entry }).collect()
    }

    /// Without some of the entries.
    #[must_use]
    pub fn leaving_out(mut self, out: impl Fn(&Entry) -> bool) -> Self {
        self.entries.retain(|entry| !out(entry));
        self
    }

    /// With the entries of another one.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut entries: Vec<Entry> = self.entries.iter().chain(&other.entries).cloned().collect();
        entries.sort();
        Self { schema: self.schema.clone(), entries }
    }

    /// Without the entries that match nothing.
    #[must_use]
    pub fn without(&self, idle: &[Entry]) -> Self {
        let remaining = |known: &Entry| {
            let same = |e: &&Entry| Entry { count: 1, ..(*e).clone() } == Entry { count: 1, ..known.clone() };
            let gone = idle.iter().find(same).map_or(0, |e| e.count);
            Some(Entry { count: known.count.saturating_sub(gone), ..known.clone() }).filter(|e| e.count > 0)
        };
        Self { schema: self.schema.clone(), entries: self.entries.iter().filter_map(remaining).collect() }
    }
}
