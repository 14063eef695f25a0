//! JUnit: a suite a file, a case a finding; one case that passes where nothing was found.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Entry, Unit};
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;

/// The XML of findings; `read` says what was looked at.
pub fn junit(entries: &[Entry], read: &str, provenance: &Provenance) -> Result<String, Failure> {
    let mut xml = quick_junit::Report::new("countersign lint");
    xml.add_test_suites(told(suites("countersign lint", entries, read), provenance));
    xml.to_string().map_err(Failure::internal("a JUnit report"))
}

/// Says of each suite what it was made from: of a report as a whole, JUnit can say nothing.
pub fn told(mut suites: Vec<TestSuite>, provenance: &Provenance) -> Vec<TestSuite> {
    for suite in &mut suites {
        suite.add_property(("provenance", provenance.line().as_str()));
    }
    suites
}

/// The suites of findings that count.
pub fn suites(name: &str, entries: &[Entry], read: &str) -> Vec<TestSuite> {
    let mut suites: Vec<(&str, Vec<&Entry>)> = Vec::new();
    for finding in entries.iter().filter(|e| e.suppressed.is_none()) {
        let file = finding.file.as_str();
        match suites.last_mut() {
            Some((last, findings)) if *last == file => findings.push(finding),
            _ => suites.push((file, vec![finding])),
        }
    }
    if suites.is_empty() {
        let mut suite = TestSuite::new(name);
        suite.add_test_case(TestCase::new(read, TestCaseStatus::success()));
        return vec![suite];
    }
    let suite = |(file, findings): (&str, Vec<&Entry>)| {
        let mut suite = TestSuite::new(file);
        suite.add_test_cases(findings.into_iter().map(case));
        suite
    };
    suites.into_iter().map(suite).collect()
}

fn case(finding: &Entry) -> TestCase {
    let [line, column, ..] = finding.region(Unit::Characters);
    let place = format!("{}:{line}:{column}", finding.file);
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(finding.severity.word()).set_message(finding.message.clone());
    status.set_description(format!("{place}\n{}\n{}\n{}", finding.pointer, finding.message, finding.help));
    TestCase::new(format!("{} {} {place}", finding.code, finding.name), status)
}
