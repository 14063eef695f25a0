//! What lint found, one file a format. Each is a function of the [`FindingsReport`] alone.

pub mod github;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod text;

use crate::report::count;
use countersign_core::lint::baseline::fingerprints;
use countersign_core::lint::run::LintOutcome;
use countersign_core::lint::{Finding, Severity, Suppressed};
use countersign_core::problem::Place;

/// What a run of lint has to say.
pub struct FindingsReport<'a> {
    /// All findings, in order, those that are suppressed among them.
    pub findings: &'a [Finding],
    /// What each finding is known by elsewhere.
    pub fingerprints: Vec<String>,
    /// Files with policies.
    pub files: usize,
    /// Policies in them.
    pub policies: usize,
    /// Files that hold no policy.
    pub passed_over: usize,
}

impl<'a> FindingsReport<'a> {
    /// The report of a run.
    pub fn new(outcome: &'a LintOutcome) -> Self {
        let fingerprints = fingerprints(&outcome.findings);
        let LintOutcome { findings, files, policies, passed_over, .. } = outcome;
        Self { findings, fingerprints, files: *files, policies: *policies, passed_over: *passed_over }
    }

    /// The findings that count.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.is_open())
    }

    /// `2 errors, 1 warning`; `no findings`.
    pub fn counts(&self) -> String {
        counts(&self.open().map(|f| f.severity).collect::<Vec<_>>())
    }

    /// What does not count, and why: `1 ignored with a reason`.
    pub fn besides(&self) -> Option<String> {
        let number = |is: fn(&Suppressed) -> bool| {
            self.findings.iter().filter(|f| f.suppressed.as_ref().is_some_and(is)).count()
        };
        let ignored = number(|s| matches!(s, Suppressed::Ignored(_)));
        let known = number(|s| *s == Suppressed::Baseline);
        let told = [(ignored, "ignored with a reason"), (known, "in the baseline")];
        let told: Vec<String> = told.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    /// What was read.
    pub fn read(&self) -> String {
        let plural = if self.policies == 1 { "1 policy".to_owned() } else { format!("{} policies", self.policies) };
        format!("{plural} in {}", count(self.files, "file"))
    }
}

/// `2 errors, 1 warning`; `no findings`.
pub fn counts(severities: &[Severity]) -> String {
    let words = [Severity::Error, Severity::Warning, Severity::Info].into_iter().filter_map(|severity| {
        let found = severities.iter().filter(|s| **s == severity).count();
        let noun = if severity == Severity::Info { "note" } else { severity.word() };
        (found > 0).then(|| count(found, noun))
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "no findings".to_owned() } else { words.join(", ") }
}

/// A finding as the formats for other programs tell it, whatever found it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `CS101`, or the id of a guardrail.
    pub code: String,
    /// A name.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: String,
    /// Where in it.
    pub spot: Spot,
    /// Where, as a path in the file; empty where there is none.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Why it does not count, if it does not.
    pub suppressed: Option<Suppressed>,
    /// What it is known by elsewhere.
    pub fingerprint: String,
    /// The resource or module that it is in, where its file has some.
    pub address: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug)]
pub enum Spot {
    /// From one byte to another.
    Place(Place),
    /// A line, one-based.
    Line(usize),
}

impl Entry {
    /// Its code and its name, where they are not the same.
    pub fn title(&self) -> String {
        if self.code == self.name { self.code.clone() } else { format!("{} {}", self.code, self.name) }
    }

    /// Line and column of the start and of the end, one-based; `unit` measures a piece of a line.
    fn region(&self, unit: Unit) -> [usize; 4] {
        match &self.spot {
            Spot::Place(place) => region(place, unit),
            Spot::Line(line) => [*line, 1, *line, 1],
        }
    }

    /// One-based line.
    pub fn line(&self) -> usize {
        match &self.spot {
            Spot::Place(place) => place.line(),
            Spot::Line(line) => *line,
        }
    }
}

impl FindingsReport<'_> {
    /// All findings, those that are suppressed among them.
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |(f, fingerprint): (&Finding, &String)| Entry {
            code: f.rule.code.to_owned(),
            name: f.rule.name.to_owned(),
            severity: f.severity,
            file: f.place.source.path.clone(),
            spot: Spot::Place(f.place.clone()),
            pointer: f.pointer.clone(),
            message: f.message.clone(),
            help: f.help.clone(),
            suppressed: f.suppressed.clone(),
            fingerprint: fingerprint.clone(),
            address: f.address(),
        };
        self.findings.iter().zip(&self.fingerprints).map(entry).collect()
    }
}

/// By what columns are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Characters.
    Characters,
    /// Units of UTF-16.
    Utf16,
}

/// Line and column of the start and of the end of a place, one-based.
fn region(place: &Place, unit: Unit) -> [usize; 4] {
    let position = |offset: usize| match unit {
        Unit::Characters => place.source.line_column(offset),
        Unit::Utf16 => place.source.line_column_utf16(offset),
    };
    let (start, end) = (position(place.span.start), position(place.span.end));
    [start.0, start.1, end.0, end.1]
}
