//! The page of a change: what became of each part of a check, and what is different: before, after and why.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::{CHANGE, render};
use crate::check::{Checked, RulesChange, State};
use crate::report::check::{entries, note, part, rules, wanted};
use crate::report::diff as words;
use crate::report::expectations::reports;
use crate::report::{COVERED_MEANS, day, few, sentences};
use countersign_core::access::Witness;
use countersign_core::diff::{Cause, Diff};
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;

/// Names in a cell.
const NAMES: usize = 8;

#[derive(Serialize)]
struct PartRow {
    name: &'static str,
    word: &'static str,
    tone: &'static str,
    note: String,
}

/// A table; left out where it has no rows.
#[derive(Serialize)]
struct Section {
    title: String,
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// The page of a check.
pub fn page(checked: &Checked, provenance: &Provenance) -> Result<String, Failure> {
    let parts = checked.parts.iter().map(|done| {
        let (word, tone) = match done.state {
            State::Passed => ("passed", "good"),
            State::Failed => ("failed", "bad"),
            State::Skipped(_) => ("not checked", "plain"),
        };
        PartRow { name: part(done.part), word, tone, note: note(checked, done) }
    });
    let mut sections: Vec<Section> = checked.rules.iter().map(of_rules).collect();
    sections.extend(checked.diff.iter().flat_map(of_diff));
    sections.extend(checked.by_settings.iter().flat_map(|(settings, diff)| {
        let under = move |s: Section| Section { title: format!("{}, with the settings of {settings}", s.title), ..s };
        of_diff(diff).into_iter().map(under)
    }));
    sections.push(expectations(checked));
    sections.push(findings(checked));
    let values = context! {
        folder => checked.folder.as_str(),
        at => day(&checked.at),
        as_of => provenance.as_of.as_ref().map(|of| day(&of.moment)),
        base => checked.base.as_deref(),
        passed => checked.passed(),
        wanted => wanted(checked),
        parts => Value::from(Serde(parts.collect::<Vec<_>>())),
        sections => Value::from(Serde(&sections)),
        means => COVERED_MEANS,
        provenance => provenance.line(),
    };
    render("change.html", CHANGE, values)
}

fn of_diff(diff: &Diff) -> Vec<Section> {
    let coverage = diff.coverage.iter().map(|entry| {
        let accounts: Vec<String> = entry.accounts.iter().map(|a| a.account.clone()).collect();
        vec![
            words::coverage_word(entry).0.to_owned(),
            entry.kind.clone(),
            format!("{}{}", few(&accounts, NAMES), words::later(diff, entry)),
            words::coverage_state(&entry.before),
            words::coverage_state(&entry.after),
            why(diff, &entry.causes, entry.allowed.as_ref()),
        ]
    });
    let perhaps = diff.perhaps_lost.iter().map(|lost| {
        let accepted = lost.allowed.as_ref().map(|reason| format!("accepted: {reason}")).unwrap_or_default();
        vec![
            "perhaps lost".to_owned(),
            lost.kind.clone(),
            words::perhaps_lost(lost),
            "not known".to_owned(),
            "not known".to_owned(),
            accepted,
        ]
    });
    let access = diff.access.iter().map(|entry| {
        vec![
            words::access_word(entry.change).0.to_owned(),
            sentences::operations(&entry.operations),
            words::whom(entry, NAMES),
            words::access_state(&entry.before),
            words::access_state(&entry.after),
            why(diff, &entry.causes, entry.allowed.as_ref()),
        ]
    });
    let requests = diff.new_access.iter().filter(|n| n.widens()).map(|entry| {
        let such = entry.answer.witnesses.iter().map(Witness::words);
        let reason = entry.answer.reason.clone();
        let such: Vec<String> = such.chain(reason).collect();
        vec![words::principals(&entry.principals, NAMES), few(&such, NAMES)]
    });
    vec![
        Section {
            title: "Coverage".to_owned(),
            header: vec!["Change", "Agreement", "Accounts", "Before", "After", "Why"],
            rows: coverage.chain(perhaps).collect(),
        },
        Section {
            title: "Access".to_owned(),
            header: vec!["Change", "What", "Who", "Before", "After", "Why"],
            rows: access.collect(),
        },
        Section { title: "New requests".to_owned(), header: vec!["Who", "Such as"], rows: requests.collect() },
    ]
}

/// What the change does to the rules that judge.
fn of_rules(change: &RulesChange) -> Section {
    let rows = rules::sentences(change).into_iter().map(|sentence| vec![sentence]).collect();
    Section { title: "Rules".to_owned(), header: vec!["What the change does to the rules"], rows }
}

/// The edits that cause a difference, and why it is accepted where it is.
fn why(diff: &Diff, causes: &[Cause], allowed: Option<&String>) -> String {
    let causes = words::causes(diff, causes).into_iter();
    causes.chain(allowed.map(|reason| format!("accepted: {reason}"))).collect::<Vec<_>>().join("; ")
}

fn expectations(checked: &Checked) -> Section {
    let cases = reports(&checked.expectations);
    let failed = cases.iter().filter(|c| !c.passed).map(|case| {
        let actual: Vec<String> =
            case.actual.iter().map(|a| format!("{} {}", a.subject, a.is).trim().to_owned()).collect();
        vec![case.name.clone(), case.expected.clone(), few(&actual, NAMES)]
    });
    Section { title: "Expectations not met".to_owned(), header: vec!["What", "Expected", "Is"], rows: failed.collect() }
}

fn findings(checked: &Checked) -> Section {
    let rows = entries::entries(checked).into_iter().filter(|e| e.suppressed.is_none()).map(|e| {
        let place = format!("{}:{}", e.file, e.line());
        vec![e.severity.word().to_owned(), e.code.to_string(), e.message, place]
    });
    Section {
        title: "Everything that was found".to_owned(),
        header: vec!["", "Code", "What", "Where"],
        rows: rows.collect(),
    }
}
