//! Everything that a gate asks of an inventory: findings, lint, guardrails, expectations and what a change does, as one report.

use serde::Serialize;

use crate::report::findings::{Entry, Report, Spot, counts};
use countersign_core::assessment::Assessment;
use countersign_core::diff::{Diff, FindingEntry};
use countersign_core::expectations::run::Case;
use countersign_core::finding::{Finding, Severity};
use countersign_core::guardrails::{By, Outcome as Guarded, Verdict, Violation};
use countersign_core::inventory::Inventory;
use countersign_core::inventory::entity::Uid;
use countersign_core::lint::baseline::hash;
use countersign_core::problem::{Place, Problem, Span};
use countersign_core::words::{answers, count, principal};

/// A part of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What the change does, against a base.
    Diff,
    /// The expectations kept beside the inventory.
    Expectations,
    /// The guardrails.
    Guardrails,
    /// Coverage, PHI, access: the findings of `evaluate`, and warnings about the files.
    Findings,
    /// The policies, by the rules of lint.
    Lint,
}

/// What a check tells beside findings, rules of lint and guardrails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A warning about a file of the inventory.
    Inventory,
    /// An expectation that is not met.
    Expectation,
    /// Coverage that a change gains or loses.
    CoverageChange,
    /// An operation that a change gives or takes.
    AccessChange,
    /// Requests that a change newly allows.
    NewAccess,
    /// A finding that a change brings.
    NewFinding,
}

impl Told {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Inventory,
        Self::Expectation,
        Self::CoverageChange,
        Self::AccessChange,
        Self::NewAccess,
        Self::NewFinding,
    ];

    /// The code that it is printed with.
    pub fn code(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Expectation => "expectation",
            Self::CoverageChange => "coverage-change",
            Self::AccessChange => "access-change",
            Self::NewAccess => "new-access",
            Self::NewFinding => "new-finding",
        }
    }

    /// The name that stands beside its code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expectation => "expectation-not-met",
            other => other.code(),
        }
    }

    /// What it means, and what to do.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Inventory => {
                "A warning about a file of the inventory: something in it has no effect, or is probably not meant. Correct the \
                 file, or exclude it in countersign.toml."
            }
            Self::Expectation => {
                "An expectation of a *.expect.toml file is not met. Fix what changed, or correct the expectation \
                 (docs/expectations.md)."
            }
            Self::CoverageChange => {
                "The change alters which agreement covers an account. A loss is an error unless [[diff.allow]] of \
                 countersign.toml excepts it with a reason (docs/diff.md)."
            }
            Self::AccessChange => {
                "The change alters what a principal may do in AWS Artifact. What widens access is an error unless \
                 [[diff.allow]] of countersign.toml excepts it with a reason (docs/diff.md)."
            }
            Self::NewAccess => {
                "The change lets a request succeed that did not before, for any action: witnesses are shown with it, or why \
                 this cannot be told. It is an error unless [[diff.allow]] excepts it with `anyRequest` (docs/diff.md)."
            }
            Self::NewFinding => {
                "The change brings a finding that the base does not have. `countersign show rule` explains the finding's own \
                 code."
            }
        }
    }
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing fails.
    Passed,
    /// Something does.
    Failed,
    /// There was nothing to check; the note says why.
    Skipped,
}

/// A part, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// Which.
    pub part: Part,
    /// What became of it.
    pub state: State,
    /// In words.
    pub note: String,
}

/// A check.
#[derive(Default)]
pub struct Checked {
    /// The moment asked.
    pub at: String,
    /// The folder of the inventory, as the user named it.
    pub folder: String,
    /// What it was compared with.
    pub base: Option<String>,
    /// The least severity that fails.
    pub fail_on: Option<Severity>,
    /// What became of each part.
    pub parts: Vec<Done>,
    /// What `evaluate` found, and warnings about the files.
    pub findings: Vec<Entry>,
    /// What lint found.
    pub lint: Vec<Entry>,
    /// What became of the guardrails.
    pub guardrails: Vec<Guarded>,
    /// What became of the expectations.
    pub expectations: Vec<Case>,
    /// What the change does.
    pub diff: Option<Diff>,
}

impl Checked {
    /// Nothing fails.
    pub fn passed(&self) -> bool {
        self.parts.iter().all(|p| p.state != State::Failed)
    }

    /// Nothing was there to check.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|p| p.state == State::Skipped)
    }

    /// What was found and counts: by `evaluate`, then by lint.
    pub fn open(&self) -> impl Iterator<Item = &Entry> {
        self.findings.iter().chain(&self.lint).filter(|e| e.suppressed.is_none())
    }

    fn fails(&self, severity: Severity) -> bool {
        self.fail_on.is_some_and(|limit| severity >= limit)
    }

    /// A part that was not checked, and why.
    pub fn skip(&mut self, part: Part, why: impl Into<String>) {
        self.parts.push(Done { part, state: State::Skipped, note: why.into() });
    }

    fn done(&mut self, part: Part, failed: bool, note: String) {
        let state = if failed { State::Failed } else { State::Passed };
        self.parts.push(Done { part, state, note });
    }

    fn path(&self, file: &str) -> String {
        match self.folder.trim_end_matches('/') {
            "" | "." => file.to_owned(),
            folder => format!("{folder}/{file}"),
        }
    }

    /// What `evaluate` finds, and warnings about the files.
    pub fn add_findings(&mut self, inventory: &Inventory, assessment: &Assessment) {
        let mut found: Vec<Entry> = inventory.warnings.iter().map(|p| self.warning(p)).collect();
        found.extend(assessment.findings.iter().map(|f| self.finding(inventory, f)));
        self.done(
            Part::Findings,
            found.iter().any(|e| self.fails(e.severity)),
            counts(&found.iter().map(|e| e.severity).collect::<Vec<_>>()),
        );
        self.findings = found;
    }

    fn warning(&self, problem: &Problem) -> Entry {
        let severity = if problem.is_error() { Severity::Error } else { Severity::Warning };
        let help = problem.help_text().unwrap_or_default().to_owned();
        let (file, spot) = match problem.place() {
            Some(place) => (self.path(&place.source.path), Spot::Place(place.clone())),
            None => (self.path(countersign_core::inventory::config::FILE), Spot::Line(1)),
        };
        told(Told::Inventory, severity, (file, spot), problem.message().to_owned(), help)
    }

    fn finding(&self, inventory: &Inventory, finding: &Finding) -> Entry {
        let severity = finding.severity;
        let (file, spot) = match subject(inventory, &finding.subject) {
            Some(place) => (self.path(&place.source.path), Spot::Place(place)),
            None => (self.path(&finding.subject), Spot::Line(1)),
        };
        let message = format!("{}: {}", finding.subject, finding.message);
        entry(&finding.rule, &finding.name, severity, (file, spot), message, finding.help.clone())
    }

    /// What lint found.
    pub fn add_lint(&mut self, report: &Report) {
        let found: Vec<Entry> = report.entries().into_iter().map(|e| Entry { file: self.path(&e.file), ..e }).collect();
        let failed = found.iter().any(|e| e.suppressed.is_none() && self.fails(e.severity));
        self.done(Part::Lint, failed, format!("{} · {}", report.counts(), report.read()));
        self.lint = found;
    }

    /// What became of the guardrails. Unknown never passes a gate.
    pub fn add_guardrails(&mut self, outcomes: Vec<Guarded>) {
        let broken: Vec<&Guarded> = outcomes.iter().filter(|o| o.is_open()).collect();
        let failed = broken.iter().any(|o| self.fails(o.severity));
        let proved = outcomes.iter().filter(|o| o.outcome == Verdict::Proved).count();
        let note = match broken.len() {
            0 => format!("{}, {proved} proved for any request", count(outcomes.len(), "guardrail")),
            n => format!("{n} of {} broken or possibly broken", count(outcomes.len(), "guardrail")),
        };
        self.done(Part::Guardrails, failed, note);
        self.guardrails = outcomes;
    }

    /// What became of the expectations.
    pub fn add_expectations(&mut self, cases: Vec<Case>) {
        let failed = cases.iter().any(|c| !c.passed);
        self.done(Part::Expectations, failed, crate::report::expectations::summary(&cases));
        self.expectations = cases;
    }

    /// What the change does.
    pub fn add_diff(&mut self, base: String, diff: Diff) {
        let new = diff.findings.iter().any(|f| f.change == "new" && self.fails(f.severity));
        let mut words = diff.verdict.words();
        if new {
            words.push("findings are new");
        }
        if words.is_empty() {
            words.push(diff.calm());
        }
        self.done(Part::Diff, new || !diff.verdict.is_clean(), words.join(", "));
        self.base = Some(base);
        self.diff = Some(diff);
    }

    /// Everything that is told, as findings with places: for annotations and code scanning.
    pub fn entries(&self) -> Vec<Entry> {
        let mut all: Vec<Entry> = self.diff.iter().flat_map(|d| self.of_diff(d)).collect();
        all.extend(self.expectations.iter().filter(|c| !c.passed).map(|c| self.of_expectation(c)));
        all.extend(self.guardrails.iter().flat_map(|g| self.of_guardrail(g)));
        all.extend(self.findings.iter().chain(&self.lint).cloned());
        all
    }

    fn of_expectation(&self, case: &Case) -> Entry {
        let actual: Vec<String> = case
            .actual
            .iter()
            .map(|a| format!("{}: {}", a.subject, a.is).trim_start_matches(": ").to_owned())
            .collect();
        let message = format!("{}: expected {}, but {}", case.name, case.expected, actual.join("; "));
        let spot = (self.path(&case.file), Spot::Line(case.line));
        told(
            Told::Expectation,
            Severity::Error,
            spot,
            message,
            "fix what changed, or correct the expectation".to_owned(),
        )
    }

    fn of_guardrail(&self, guarded: &Guarded) -> Vec<Entry> {
        // those that are shipped stand in no file of the inventory
        let file = if guarded.file.starts_with("policies/") {
            countersign_core::inventory::config::FILE
        } else {
            &guarded.file
        };
        let line = if file == guarded.file { guarded.line } else { 1 };
        let place = || (self.path(file), Spot::Line(line));
        let mut entries: Vec<Entry> = guarded
            .violations
            .iter()
            .map(|violation| {
                let severity = if violation.by == By::Request { Severity::Info } else { guarded.severity };
                let message = format!("{} {}", violation_words(violation), guarded.message);
                let help = "remove the permission, or change the guardrail".to_owned();
                entry(&guarded.id, &guarded.id, severity, place(), message, help)
            })
            .collect();
        if !guarded.forbids {
            let message = "this guardrail forbids nothing to anyone in this inventory".to_owned();
            let help = "check the names in it".to_owned();
            entries.push(entry(&guarded.id, &guarded.id, Severity::Warning, place(), message, help));
        }
        entries
    }

    fn of_diff(&self, diff: &Diff) -> Vec<Entry> {
        use crate::report::diff as words;
        let place = |causes: &[countersign_core::diff::Cause]| {
            let first = causes.first().and_then(|c| diff.changes.get(c.change));
            let changed = first.or(diff.changes.first()).map(|c| (self.path(&c.piece.file), c.piece.line));
            let (file, line) = changed.unwrap_or_else(|| (self.path(countersign_core::inventory::config::FILE), 1));
            (file, Spot::Line(line))
        };
        let because = |causes: &[countersign_core::diff::Cause]| words::causes(diff, causes).join("; ");
        let severity = |worse: bool, allowed: bool| if worse && !allowed { Severity::Error } else { Severity::Info };
        let mut entries = Vec::new();
        for e in &diff.coverage {
            let accounts: Vec<String> = e.accounts.iter().map(|a| a.account.clone()).collect();
            let accounts = countersign_core::words::few(&accounts, 6);
            let (was, is) = (words::coverage_state(&e.before), words::coverage_state(&e.after));
            let message = format!("{} of {accounts}: was {was}, is {is}", e.kind);
            let severity = severity(e.is_loss(), e.allowed.is_some());
            entries.push(told(Told::CoverageChange, severity, place(&e.causes), message, because(&e.causes)));
        }
        for e in diff.access.iter().filter(|e| e.widens() || e.change.decides()) {
            let who = words::principals(&e.principals, 6);
            let (word, _) = words::access_word(e.change);
            let message = format!("{word}: {} by {who}", answers::operations(&e.operations));
            let severity = severity(e.widens(), e.allowed.is_some());
            entries.push(told(Told::AccessChange, severity, place(&e.causes), message, because(&e.causes)));
        }
        for e in diff.new_access.iter().filter(|n| n.widens()) {
            let witnesses: Vec<String> =
                e.answer.witnesses.iter().map(|w| format!("{} on {}", w.action, w.resource)).collect();
            let who = words::principals(&e.principals, 6);
            let message = match (&e.answer.reason, witnesses.as_slice()) {
                (Some(reason), []) => format!("it is unknown whether a request is newly allowed to {who}: {reason}"),
                _ => format!("requests are newly allowed to {who}: such as {}", witnesses.join(", ")),
            };
            let severity = severity(true, e.allowed.is_some());
            entries.push(told(Told::NewAccess, severity, place(&[]), message, e.name.clone()));
        }
        entries.extend(diff.findings.iter().filter(|f| f.change == "new").map(|f: &FindingEntry| {
            let message = format!("new {} {}: {}", f.rule, f.subjects.join(", "), f.message);
            told(Told::NewFinding, Severity::Info, place(&f.causes), message, because(&f.causes))
        }));
        entries
    }
}

/// Who breaks a guardrail, how, and with what.
pub fn violation_words(violation: &Violation) -> String {
    breaking(violation, &who(violation))
}

/// The same, those who break it in the same way together.
pub fn violations_words(violations: &[Violation]) -> Vec<String> {
    let mut alike: Vec<(&Violation, Vec<String>)> = Vec::new();
    let way = |v: &Violation| (v.by, v.operations.clone(), v.request.clone());
    for violation in violations {
        match alike.iter_mut().find(|(first, _)| way(first) == way(violation)) {
            Some((_, all)) => all.push(who(violation)),
            None => alike.push((violation, vec![who(violation)])),
        }
    }
    alike.into_iter().map(|(violation, who)| breaking(violation, &countersign_core::words::few(&who, 8))).collect()
}

fn who(violation: &Violation) -> String {
    let people =
        if violation.people.is_empty() { String::new() } else { format!(" ({})", violation.people.join(", ")) };
    format!("{}{people}", principal(violation.kind, &violation.name, &violation.account))
}

fn breaking(violation: &Violation, who: &str) -> String {
    let what = answers::operations(&violation.operations);
    match violation.by {
        By::Grant => format!("{who} may {what}:"),
        By::Unknown => format!("{who} may perhaps {what}:"),
        By::Request => {
            let with: Vec<String> = violation.request.iter().map(|(k, v)| format!("{k} = {v}")).collect();
            let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
            format!("by some other request{with}, {who} may {what}:")
        }
    }
}

fn told(what: Told, severity: Severity, place: (String, Spot), message: String, help: String) -> Entry {
    entry(what.code(), what.name(), severity, place, message, help)
}

fn entry(
    code: &str,
    name: &str,
    severity: Severity,
    (file, spot): (String, Spot),
    message: String,
    help: String,
) -> Entry {
    let fingerprint = hash(&[code, &file, &message]);
    Entry {
        code: code.to_owned(),
        name: name.to_owned(),
        severity,
        file,
        spot,
        pointer: String::new(),
        message,
        help,
        suppressed: None,
        fingerprint,
    }
}

/// Where the subject of a finding stands.
fn subject(inventory: &Inventory, subject: &str) -> Option<Place> {
    let entity = |ty: &str, id: &str| inventory.entities.get(&Uid::new(ty, id));
    let found = if let Some(rest) = subject.strip_prefix("account ") {
        entity("Account", rest.split(' ').next().unwrap_or(rest))
    } else if let Some(id) = subject.strip_prefix("organization ") {
        entity("Organization", id)
    } else if let Some(source) = inventory.unused.iter().find(|s| s.path == subject) {
        return Some(Place { source: source.clone(), span: Span { start: 0, end: 1 } });
    } else {
        let own = ["User", "Role", "Root", "Group"].iter().find_map(|ty| entity(ty, subject));
        // a root user, or the role of a permission set, that is not declared stands with its account
        own.or_else(|| entity("Account", subject.split(':').nth(4)?))
    };
    found.filter(|e| !e.built_in).map(|e| Place { source: e.source.clone(), span: e.span })
}
