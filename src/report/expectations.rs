//! What became of expectations: text, and JUnit.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::findings::junit::told;
use super::{bold, count, dim, paragraph, verdict};
use countersign_core::expectations::run::Case;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;

/// The text: those that are not met, all with `all`.
pub fn text(width: usize, cases: &[Case], all: bool) -> String {
    let mut text = String::new();
    for case in cases.iter().filter(|c| all || !c.passed) {
        let word = if case.passed { "yes" } else { "no" };
        text.push_str(&format!(
            "{}  {} {}\n",
            verdict(word),
            bold(&case.name),
            dim(&format!("{}:{}", case.file, case.line))
        ));
        if !case.passed {
            text.push_str(&failed(width, case));
            text.push('\n');
        }
    }
    text.push_str(&summary(cases));
    text.push('\n');
    text
}

/// `3 expectations, 1 not met`
pub fn summary(cases: &[Case]) -> String {
    let failed = cases.iter().filter(|c| !c.passed).count();
    let met = if failed == 0 { "all met".to_owned() } else { format!("{failed} not met") };
    format!("{}, {met}", count(cases.len(), "expectation"))
}

fn failed(width: usize, case: &Case) -> String {
    let mut text = paragraph(width, "    expected  ", &case.expected);
    for actual in &case.actual {
        let subject = if actual.subject.is_empty() { String::new() } else { format!("{}: ", actual.subject) };
        text.push_str(&paragraph(width, "    actual    ", &format!("{subject}{}", actual.is)));
        for why in &actual.why {
            text.push_str(&paragraph(width, "              · ", why));
        }
    }
    text
}

/// JUnit: a suite a file, a case an expectation.
pub fn junit(cases: &[Case], provenance: &Provenance) -> Result<String, Failure> {
    let mut xml = quick_junit::Report::new("countersign test");
    xml.add_test_suites(told(suites(cases), provenance));
    xml.to_string().map_err(Failure::internal("a JUnit report"))
}

/// The suites of expectations, a file each.
pub fn suites(cases: &[Case]) -> Vec<TestSuite> {
    let mut suites: Vec<TestSuite> = Vec::new();
    for case in cases {
        if suites.last().is_none_or(|s| s.name.as_str() != case.file) {
            suites.push(TestSuite::new(case.file.clone()));
        }
        let status = if case.passed {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let first = case.actual.first().map_or("", |a| a.is.as_str());
            status.set_type("expectation").set_message(format!("expected {}, got {first}", case.expected));
            let place = format!("{}:{}\n{}", case.file, case.line, failed(100, case));
            status.set_description(anstream::adapter::strip_str(&place).to_string());
            status
        };
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(TestCase::new(format!("{} (line {})", case.name, case.line), status));
        }
    }
    suites
}
