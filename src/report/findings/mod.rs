//! What lint found, one file a format. Each is a function of the [`Report`] alone.

pub mod github;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod text;

use crate::lint::baseline::fingerprints;
use crate::lint::{Finding, Severity};
use crate::report::count;

/// What a run of lint has to say.
pub struct Report {
    /// All findings, in order, those that are suppressed among them.
    pub findings: Vec<Finding>,
    /// What each finding is known by elsewhere.
    pub fingerprints: Vec<String>,
    /// Files with policies.
    pub files: usize,
    /// Policies in them.
    pub policies: usize,
    /// Files that hold no policy.
    pub passed_over: usize,
}

impl Report {
    /// The report of a run.
    pub fn new(outcome: crate::lint::run::Outcome) -> Self {
        let fingerprints = fingerprints(&outcome.findings);
        let crate::lint::run::Outcome { findings, files, policies, passed_over, .. } = outcome;
        Self { findings, fingerprints, files, policies, passed_over }
    }

    /// The findings that count.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.is_open())
    }

    /// The findings that count, with what they are known by.
    pub fn open_with_fingerprints(&self) -> impl Iterator<Item = (&Finding, &String)> {
        self.findings.iter().zip(&self.fingerprints).filter(|(f, _)| f.is_open())
    }

    /// `2 errors, 1 warning`; `no findings`.
    pub fn counts(&self) -> String {
        let words = [Severity::Error, Severity::Warning, Severity::Info].into_iter().filter_map(|severity| {
            let found = self.open().filter(|f| f.severity == severity).count();
            let noun = if severity == Severity::Info { "note" } else { severity.word() };
            (found > 0).then(|| count(found, noun))
        });
        let words: Vec<String> = words.collect();
        if words.is_empty() { "no findings".to_owned() } else { words.join(", ") }
    }

    /// What was read.
    pub fn read(&self) -> String {
        let plural = if self.policies == 1 { "1 policy".to_owned() } else { format!("{} policies", self.policies) };
        format!("{plural} in {}", count(self.files, "file"))
    }
}

/// Line and column of the start and of the end of a finding, one-based; `unit` measures a piece of a line.
fn region(finding: &Finding, unit: impl Fn(&str) -> usize) -> [usize; 4] {
    let text = &finding.place.source.text;
    let place = |offset: usize| {
        let before = text.get(..offset.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        (line, unit(before.rsplit('\n').next().unwrap_or_default()) + 1)
    };
    let (start, end) = (place(finding.place.span.start), place(finding.place.span.end));
    [start.0, start.1, end.0, end.1]
}
