//! Everything that a check tells, as findings with places: for annotations, code scanning and the list at the end of a text.

use super::guardrails::{unmatched_words, violation_words};
use super::{rules, weakening};
use crate::check::{Checked, Found, RulesChange, Told};
use crate::report::diff as words;
use crate::report::expectations::CaseReport;
use crate::report::findings::{Entry, FindingsReport, Spot};
use crate::report::{completeness, expectations, few, sentences};
use countersign_core::access::Witness;
use countersign_core::assessment::completeness::Gap;
use countersign_core::diff::differences::FindingChange;
use countersign_core::diff::{Cause, Diff};
use countersign_core::finding::{Finding, Severity};
use countersign_core::guardrails::{By, GuardrailResult as Guarded};
use countersign_core::inventory::config::FILE;
use countersign_core::lint::Suppressed;
use countersign_core::lint::baseline::hash;
use countersign_core::problem::{Place, Problem};

/// Names in a line.
const NAMES: usize = 6;

/// All of them: the change, expectations, guardrails, findings, lint.
pub fn entries(checked: &Checked) -> Vec<Entry> {
    let mut all: Vec<Entry> = checked.rules.iter().map(|change| of_rules(checked, change)).collect();
    all.extend(of_weakening(checked));
    all.extend(checked.diff.iter().flat_map(|d| of_diff(checked, d)));
    all.extend(checked.by_settings.iter().flat_map(|(settings, d)| {
        let with = move |e: Entry| Entry { message: format!("with the settings of {settings}: {}", e.message), ..e };
        of_diff(checked, d).into_iter().map(with)
    }));
    let cases = cases(checked);
    all.extend(cases.iter().filter(|c| !c.passed).map(of_expectation));
    all.extend(checked.guardrails.iter().flat_map(of_guardrail));
    all.extend(findings(checked));
    all.extend(checked.gaps.iter().map(|g| of_gap(checked, g)));
    all.extend(lint(checked));
    all
}

/// What was found and counts: by `evaluate`, then by lint.
pub fn open(checked: &Checked) -> Vec<Entry> {
    let mut all = findings(checked);
    all.extend(lint(checked));
    all.retain(|e| e.suppressed.is_none());
    all
}

/// What lint found and an ignore in the tree sets aside, which the change itself may have brought: the finding, and the reason.
pub fn ignored(checked: &Checked) -> Vec<String> {
    let words = |e: Entry| match &e.suppressed {
        Some(Suppressed::Ignored(reason)) => Some(format!("{} {}:{}: {reason}", e.code, e.file, e.line())),
        _ => None,
    };
    lint(checked).into_iter().filter_map(words).collect()
}

/// What `evaluate` found, and warnings about the files.
pub fn findings(checked: &Checked) -> Vec<Entry> {
    let entry = |found: &Found| match found {
        Found::Warning(problem) => of_warning(checked, problem, found.severity()),
        Found::Finding(finding, place) => of_finding(checked, finding, place.as_ref()),
    };
    checked.findings.iter().map(entry).collect()
}

/// What lint found.
pub fn lint(checked: &Checked) -> Vec<Entry> {
    let found = checked.lint.iter().flat_map(|outcome| FindingsReport::new(outcome).entries());
    found.map(|e| Entry { file: checked.path(&e.file), ..e }).collect()
}

/// The expectations, by their files in the repository.
pub fn cases(checked: &Checked) -> Vec<CaseReport> {
    let located = |case: CaseReport| CaseReport { file: checked.path(&case.file), ..case };
    expectations::reports(&checked.expectations).into_iter().map(located).collect()
}

fn of_warning(checked: &Checked, problem: &Problem, severity: Severity) -> Entry {
    let help = problem.help_text().unwrap_or_default().to_owned();
    let (file, spot) = match problem.place() {
        Some(place) => (checked.path(&place.source.path), Spot::Place(place.clone())),
        None => (checked.path(FILE), Spot::Line(1)),
    };
    told(Told::Inventory, severity, (file, spot), problem.message().to_owned(), help)
}

fn of_finding(checked: &Checked, finding: &Finding, place: Option<&Place>) -> Entry {
    let (file, spot) = match place {
        Some(place) => (checked.path(&place.source.path), Spot::Place(place.clone())),
        None => (checked.path(&finding.subject), Spot::Line(1)),
    };
    let message = format!("{}: {}", finding.subject, finding.told());
    entry(&finding.rule, &finding.name, finding.severity, (file, spot), message, finding.help.clone())
}

fn of_expectation(case: &CaseReport) -> Entry {
    let actual = case.actual.iter().map(|a| format!("{}: {}", a.subject, a.is).trim_start_matches(": ").to_owned());
    let actual: Vec<String> = actual.collect();
    let message = format!("{}: expected {}, but {}", case.name, case.expected, actual.join("; "));
    let spot = (case.file.clone(), Spot::Line(case.line));
    let help = "fix what changed, or correct the expectation".to_owned();
    told(Told::Expectation, Severity::Error, spot, message, help)
}

fn of_guardrail(guarded: &Guarded) -> Vec<Entry> {
    let place = || (guarded.file.clone(), Spot::Line(guarded.line));
    let violations = guarded.violations.iter().map(|violation| {
        let severity = if violation.by == By::Request { Severity::Info } else { guarded.severity };
        let message = format!("{} {}", violation_words(violation), guarded.message);
        let help = "remove the permission, or change the guardrail".to_owned();
        entry(&guarded.id, &guarded.id, severity, place(), message, help)
    });
    let mut entries: Vec<Entry> = violations.collect();
    if let Some((why, what)) = unmatched_words(guarded) {
        let severity = if guarded.is_open() { guarded.severity } else { Severity::Info };
        let message = format!("the guardrail {} {why}", guarded.id);
        entries.push(entry(&guarded.id, &guarded.id, severity, place(), message, what.to_owned()));
    }
    entries
}

fn of_rules(checked: &Checked, change: &RulesChange) -> Entry {
    let message = rules::sentences(change).join("; ");
    let help = "review the rules as you would a permission: once they are merged, they judge".to_owned();
    told(Told::RulesChange, Severity::Warning, (checked.path(FILE), Spot::Line(1)), message, help)
}

fn of_weakening(checked: &Checked) -> Vec<Entry> {
    let Some(report) = &checked.weakening else { return Vec::new() };
    let severity = if report.accepted { Severity::Info } else { Severity::Error };
    let entry = |w: &countersign_core::promises::Weakening| {
        let file = w.file.clone().unwrap_or_else(|| checked.path(FILE));
        told(Told::Weakening, severity, (file, Spot::Line(w.line)), w.what.clone(), weakening::remedy(report))
    };
    report.entries.iter().map(entry).collect()
}

fn of_gap(checked: &Checked, gap: &Gap) -> Entry {
    let severity = if checked.require_complete { Severity::Error } else { Severity::Info };
    let message = format!("not known: {}: {}", gap.missing.words(), few(&gap.of, NAMES));
    let help = format!("collect {}", gap.calls);
    told(Told::NotCollected, severity, (checked.path(FILE), Spot::Line(1)), message, help)
}

fn of_diff(checked: &Checked, diff: &Diff) -> Vec<Entry> {
    let place = |causes: &[Cause]| {
        let first = causes.first().and_then(|c| diff.changes.get(c.change));
        let changed = first.or(diff.changes.first()).map(|c| (c.piece.file.clone(), c.piece.line));
        let (file, line) = changed.unwrap_or_else(|| (checked.path(FILE), 1));
        (file, Spot::Line(line))
    };
    let caused = |what: Told, severity: Severity, message: String, causes: &[Cause]| {
        told(what, severity, place(causes), message, words::causes(diff, causes).join("; "))
    };
    let severity = |worse: bool, allowed: bool| if worse && !allowed { Severity::Error } else { Severity::Info };
    let mut entries = Vec::new();
    for e in &diff.coverage {
        let accounts: Vec<String> = e.accounts.iter().map(|a| a.account.clone()).collect();
        let (was, is) = (words::coverage_state(&e.before), words::coverage_state(&e.after));
        let message = format!("{} of {}{}: was {was}, is {is}", e.kind, few(&accounts, NAMES), words::later(diff, e));
        entries.push(caused(Told::CoverageChange, severity(e.is_loss(), e.allowed.is_some()), message, &e.causes));
    }
    for lost in &diff.perhaps_lost {
        let severity = severity(true, lost.allowed.is_some());
        entries.push(caused(
            Told::CoverageChange,
            severity,
            format!("perhaps lost: {}", words::perhaps_lost(lost)),
            &[],
        ));
    }
    for e in diff.access.iter().filter(|e| e.widens() || e.change.decides()) {
        let who = words::whom(e, NAMES);
        let (word, _) = words::access_word(e.change);
        let message = format!("{word}: {} by {who}", sentences::operations(&e.operations));
        let worse = e.widens() || e.may_be_new();
        entries.push(caused(Told::AccessChange, severity(worse, e.allowed.is_some()), message, &e.causes));
    }
    // those who are not listed fail the check as whoever is listed does (D31)
    for others in completeness::others(&diff.perhaps_others) {
        let message = format!("possibly others, not listed: {others}");
        let help =
            "whether they gain or lose it is unknown: `countersign show completeness` names what would tell".to_owned();
        entries.push(told(Told::AccessChange, Severity::Error, place(&[]), message, help));
    }
    for e in diff.new_access.iter().filter(|n| n.widens()) {
        let witnesses = e.answer.witnesses.iter().map(Witness::words);
        let witnesses: Vec<String> = witnesses.collect();
        let who = words::principals(&e.principals, NAMES);
        let message = match (&e.answer.reason, witnesses.as_slice()) {
            (Some(reason), []) => format!("it is unknown whether a request is newly allowed to {who}: {reason}"),
            _ => format!("requests are newly allowed to {who}: such as {}", witnesses.join(", ")),
        };
        let severity = severity(true, e.allowed.is_some());
        entries.push(told(Told::NewAccess, severity, place(&[]), message, e.name.clone()));
    }
    for e in &diff.first_seen {
        let who = words::principals(&e.principals, NAMES);
        let message =
            format!("requests are allowed to {who}, or may be: the older inventory need not have listed them");
        entries.push(told(Told::NewAccess, severity(true, e.allowed.is_some()), place(&[]), message, e.name.clone()));
    }
    for f in diff.findings.iter().filter(|f| f.change == FindingChange::New) {
        let message = format!("new {} {}: {}", f.rule, f.subjects.join(", "), f.message);
        entries.push(caused(Told::NewFinding, Severity::Info, message, &f.causes));
    }
    entries
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
        address: None,
    }
}
