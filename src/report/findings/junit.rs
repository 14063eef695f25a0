//! JUnit: a suite a file, a case a finding; one case that passes where nothing was found.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Report, region};
use crate::lint::Finding;
use crate::problem::Failure;

/// The XML of a report.
pub fn junit(report: &Report) -> Result<String, Failure> {
    let mut xml = quick_junit::Report::new("countersign lint");
    let mut suites: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in report.open() {
        let file = finding.place.source.path.as_str();
        match suites.last_mut() {
            Some((last, findings)) if *last == file => findings.push(finding),
            _ => suites.push((file, vec![finding])),
        }
    }
    if suites.is_empty() {
        let mut suite = TestSuite::new("countersign lint");
        suite.add_test_case(TestCase::new(report.read(), TestCaseStatus::success()));
        xml.add_test_suite(suite);
    }
    for (file, findings) in suites {
        let mut suite = TestSuite::new(file);
        suite.add_test_cases(findings.into_iter().map(case));
        xml.add_test_suite(suite);
    }
    xml.to_string().map_err(|e| Failure::general(format!("JUnit: {e}")))
}

fn case(finding: &Finding) -> TestCase {
    let [line, column, ..] = region(finding, |text| text.chars().count());
    let place = format!("{}:{line}:{column}", finding.place.source.path);
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(finding.severity.word()).set_message(finding.message.clone());
    status.set_description(format!("{place}\n{}\n{}\n{}", finding.pointer, finding.message, finding.help));
    TestCase::new(format!("{} {} {place}", finding.rule.code, finding.rule.name), status)
}
