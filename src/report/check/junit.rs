//! JUnit: a suite a part; every guardrail and expectation is a case, those that pass too.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::guardrails::{unmatched_words, violation_words};
use super::{entries, note, rules, weakening};
use crate::check::{Checked, Done, Part, State};
use crate::report::{expectations, findings};
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;

/// The XML of a check.
pub fn junit(checked: &Checked, provenance: &Provenance) -> Result<String, Failure> {
    let mut xml = quick_junit::Report::new("countersign check");
    for done in &checked.parts {
        let note = note(checked, done);
        let suites = match done.part {
            _ if matches!(done.state, State::Skipped(_)) => vec![skipped(done, note)],
            Part::Expectations => expectations::suites(&entries::cases(checked)),
            Part::Guardrails => vec![guardrails(checked)],
            Part::Diff => vec![change(checked, &done.state, &note)],
            Part::Findings => findings::junit::suites("findings", &entries::findings(checked), &note),
            Part::Completeness => vec![completeness(checked, done, &note)],
            Part::Weakening => vec![weakened(checked, done, &note)],
            Part::Lint => findings::junit::suites("lint", &entries::lint(checked), &note),
        };
        xml.add_test_suites(findings::junit::told(suites, provenance));
    }
    if let Some(change) = &checked.rules {
        let mut suite = TestSuite::new("rules");
        let mut case = TestCase::new("the rules are those of the base", TestCaseStatus::skipped());
        case.status.set_message(rules::sentences(change).join("; "));
        suite.add_test_case(case);
        xml.add_test_suites(findings::junit::told(vec![suite], provenance));
    }
    xml.to_string().map_err(Failure::internal("a JUnit report"))
}

fn skipped(done: &Done, why: String) -> TestSuite {
    let name = super::part(done.part);
    let mut suite = TestSuite::new(name);
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    suite.add_test_case(TestCase::new(name, status));
    suite
}

fn guardrails(checked: &Checked) -> TestSuite {
    let mut suite = TestSuite::new("guardrails");
    for guarded in &checked.guardrails {
        let status = if guarded.is_open() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let mut words: Vec<String> =
                guarded.violations.iter().map(|v| format!("{} {}", violation_words(v), guarded.message)).collect();
            let unmatched = unmatched_words(guarded).map(|(why, _)| why);
            words.extend(unmatched.clone());
            status
                .set_type(guarded.severity.word())
                .set_message(unmatched.unwrap_or_else(|| guarded.message.clone()))
                .set_description(words.join("\n"));
            status
        } else if let Some((why, _)) = unmatched_words(guarded) {
            let mut status = TestCaseStatus::skipped();
            status.set_message(why);
            status
        } else {
            TestCaseStatus::success()
        };
        suite.add_test_case(TestCase::new(guarded.id.clone(), status));
    }
    suite
}

fn completeness(checked: &Checked, done: &Done, note: &str) -> TestSuite {
    let mut suite = TestSuite::new("completeness");
    let status = if done.state == State::Failed {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let lines = checked.gaps.iter().map(|g| format!("{}: {}: aws {}", g.missing.words(), g.of.join(", "), g.calls));
        status.set_type("completeness").set_message(note).set_description(lines.collect::<Vec<_>>().join("\n"));
        status
    } else {
        TestCaseStatus::success()
    };
    suite.add_test_case(TestCase::new("completeness", status));
    suite
}

fn weakened(checked: &Checked, done: &Done, note: &str) -> TestSuite {
    let mut suite = TestSuite::new("weakening");
    let status = if done.state == State::Failed {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let told = checked.weakening.as_ref().map(weakening::sentences).unwrap_or_default();
        status.set_type("weakening").set_message(note).set_description(told.join("\n"));
        status
    } else {
        TestCaseStatus::success()
    };
    suite.add_test_case(TestCase::new("the change does not weaken what it is checked by", status));
    suite
}

fn change(checked: &Checked, state: &State, note: &str) -> TestSuite {
    let mut suite = TestSuite::new("change");
    let status = if *state == State::Failed {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let both = checked.diff.iter().chain(checked.by_settings.iter().map(|(_, d)| d));
        let told: String = both.map(|d| crate::report::diff::body(100, d, false)).collect();
        status.set_type("change").set_message(note);
        status.set_description(crate::report::border::plain(&told).into_owned());
        status
    } else {
        TestCaseStatus::success()
    };
    suite.add_test_case(TestCase::new("no access is new, and no coverage is lost", status));
    suite
}
