//! What became of expectations: the words, and from them text, JSON and JUnit.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::findings::junit::told;
use super::{Shown, assumed, bold, count, dim, few, paragraph, sentences, verdict};
use countersign_core::assessment::Operation;
use countersign_core::assessment::{AgreementAnswer, OperationAnswer};
use countersign_core::diff::PrincipalEntry;
use countersign_core::expectations::run::Case;
use countersign_core::expectations::unmet::Unmet;
use countersign_core::expectations::{Access, Asked, Expectation, Expected, Governed, Only};
use countersign_core::moment;
use countersign_core::people;
use countersign_core::problem::{Failure, Unknown, did_you_mean, meant};
use countersign_core::provenance::Provenance;
use countersign_core::terms::Decision;

/// Names of people in a line.
const NAMES: usize = 6;

/// What became of an expectation, in words: a part of `countersign/test/v1` and `countersign/check/v1`.
#[derive(Clone, Debug, Serialize)]
pub struct CaseReport {
    /// The file that holds it.
    pub file: String,
    /// One-based line.
    pub line: usize,
    /// Its name, or what it says.
    pub name: String,
    /// The moment that it was held against.
    pub at: String,
    /// It is met.
    pub passed: bool,
    /// What is expected.
    pub expected: String,
    /// What is, where that is something else: a line for each principal or account.
    pub actual: Vec<Actual>,
}

/// What is not as expected.
#[derive(Clone, Debug, Serialize)]
pub struct Actual {
    /// Who or what.
    pub subject: String,
    /// What is.
    pub is: String,
    /// Why.
    pub why: Vec<String>,
}

impl Actual {
    fn missing(is: impl Into<String>) -> Self {
        Self { subject: String::new(), is: is.into(), why: Vec::new() }
    }
}

/// What became of expectations, in words.
pub fn reports(cases: &[Case]) -> Vec<CaseReport> {
    cases.iter().map(report).collect()
}

fn report(case: &Case) -> CaseReport {
    let Case { expectation, at, unmet } = case;
    CaseReport {
        file: expectation.place.source.path.clone(),
        line: expectation.place.line(),
        name: title(expectation),
        at: moment::format(*at),
        passed: case.passed(),
        expected: expected(expectation),
        actual: actual(unmet),
    }
}

/// The name of an expectation, or what it says.
pub fn title(expectation: &Expectation) -> String {
    if let Some(name) = &expectation.name {
        return name.clone();
    }
    match &expectation.of {
        Expected::Access(access) => {
            let may = match access.decision {
                Decision::Allow => "may",
                Decision::Deny => "may not",
                Decision::Unknown => "may or may not",
            };
            format!("{} {may} {}", few(&access.principals, 3), asked(&access.asked))
        }
        Expected::Coverage(coverage) => {
            let Governed { accounts, agreement, coverage: is, scope, by } = coverage;
            let accounts = if accounts.is_empty() { "all accounts".to_owned() } else { few(accounts, 3) };
            let by = match (by, scope) {
                (Some(by), _) => format!(" by {by}"),
                (None, Some(scope)) => format!(" by {scope} agreement"),
                (None, None) => String::new(),
            };
            format!("{accounts}: {agreement} {}{by}", Shown::from(*is).words)
        }
        Expected::Only(only) if only.principals.is_empty() => format!("nobody may {}", asked(&only.asked)),
        Expected::Only(only) => format!("only {} may {}", few(&only.principals, 3), asked(&only.asked)),
    }
}

fn asked(asked: &Asked) -> String {
    let mut words = vec![asked.operation.to_owned()];
    words.extend(asked.agreement.clone());
    words.extend(asked.report.clone());
    words.extend(asked.scope.map(|s| format!("({s})")));
    if !asked.accounts.is_empty() {
        words.push(format!("in {}", asked.accounts.join(", ")));
    }
    words.join(" ")
}

fn expected(expectation: &Expectation) -> String {
    match &expectation.of {
        Expected::Access(Access { decision, message: Some(message), .. }) => format!("{decision} — {message}"),
        Expected::Access(access) => access.decision.to_string(),
        Expected::Coverage(coverage) => {
            let by = match (&coverage.by, coverage.scope) {
                (Some(by), _) => format!(" by {by}"),
                (None, Some(scope)) => format!(" by an agreement of scope {scope}"),
                (None, None) => String::new(),
            };
            format!("{}{by}", Shown::from(coverage.coverage).words)
        }
        Expected::Only(Only { principals, .. }) if principals.is_empty() => "nobody".to_owned(),
        Expected::Only(only) => format!("nobody but {}", only.principals.join(", ")),
    }
}

/// What is not as expected, answers that are alike together.
fn actual(unmet: &[Unmet]) -> Vec<Actual> {
    let answer = |unmet: &'_ Unmet| match unmet {
        Unmet::Answered { principal, answer } => Some((who(principal), answer.clone())),
        _ => None,
    };
    let answers: Vec<_> = unmet.iter().filter_map(answer).collect();
    let mut actual: Vec<Actual> = unmet.iter().filter_map(single).collect();
    actual.extend(answered(&answers));
    actual
}

/// What is told by itself; `None` for an answer, which is told with those that are like it.
fn single(unmet: &Unmet) -> Option<Actual> {
    Some(match unmet {
        Unmet::Answered { .. } => return None,
        Unmet::Assumes { principal, roles, certain, answer } => {
            let by = roles.iter().map(|r| people::short(r)).collect::<Vec<_>>().join(", then ");
            let perhaps = if *certain { "" } else { "perhaps " };
            let is = format!(
                "{} {} {perhaps}by assuming {by}",
                answer.decision,
                sentences::operations(&[Operation::of(answer)])
            );
            Actual { subject: who(principal), is, why: sentences::why(answer) }
        }
        Unmet::Declared { person, role, answer } => {
            let what = sentences::operations(&[Operation::of(answer)]);
            let is = format!("{} {what} as {}, by [[trusted]]", answer.decision, who(role));
            Actual { subject: person.clone(), is, why: sentences::why(answer) }
        }
        Unmet::PeopleUnknown { role, others } => {
            let is = "who may assume it is not known".to_owned();
            let why = others.iter().map(sentences::other).collect();
            Actual { subject: who(role), is, why }
        }
        Unmet::NoAccount { written, named } if named.is_empty() => {
            Actual::missing(format!("there is no account {written}"))
        }
        Unmet::NoAccount { written, named } => {
            let numbers = named.join(" or ");
            Actual::missing(format!("accounts are named by their numbers: {written} is the name of {numbers}"))
        }
        Unmet::NotNamed(failure) => Actual::missing(not_named(failure)),
        Unmet::InvalidPattern { pattern, error } => {
            Actual::missing(format!("`{pattern}` is not a valid pattern: {error}"))
        }
        Unmet::NoMatch(pattern) => Actual::missing(format!("no principal matches `{pattern}`")),
        Unmet::NotAskedOf { principal, asked: what } => {
            let is = format!("there is no {} there", asked(what));
            Actual { subject: who(principal), is, why: Vec::new() }
        }
        Unmet::NotAskedOfAnyone(what) => Actual::missing(format!("there is no {} in this inventory", asked(what))),
        Unmet::NoKind { account, kind, known } => {
            let near = did_you_mean(kind, known.iter().map(String::as_str));
            let near = near.map(|k| format!(", {}", meant(k))).unwrap_or_default();
            let is = format!("there is no agreement `{kind}`{near}");
            Actual { subject: format!("account {account}"), is, why: Vec::new() }
        }
        Unmet::NoKindAnywhere(kind) => Actual::missing(format!("no account has an agreement of kind `{kind}`")),
        Unmet::PerhapsOthers(others) => {
            let is = format!("unknown {}", sentences::operations(&others.operations));
            let why =
                format!("not listed: {}", others.missing.iter().map(|m| m.words()).collect::<Vec<_>>().join(", "));
            Actual { subject: format!("perhaps {}", others.words()), is, why: vec![why] }
        }
        Unmet::Governed { account, answer } => governed(account, answer),
    })
}

fn not_named(failure: &Failure) -> String {
    let near = match failure {
        Failure::Unknown(unknown) => unknown.iter().find_map(Unknown::near),
        _ => None,
    };
    let near = near.map(|near| format!(": {}", meant(near))).unwrap_or_default();
    format!("{failure}{near}")
}

fn who(principal: &PrincipalEntry) -> String {
    let people =
        if principal.people.is_empty() { String::new() } else { format!(" ({})", few(&principal.people, NAMES)) };
    format!("{}{people}", countersign_core::words::principal(principal.kind, &principal.name, &principal.account))
}

/// Answers by what they say and why: those that are alike together, first by operations, then by principals.
fn answered(given: &[(String, Box<OperationAnswer>)]) -> Vec<Actual> {
    let mut operations: BTreeMap<(&str, Decision, String, Vec<String>), Vec<Operation>> = BTreeMap::new();
    for (who, answer) in given {
        let shown = answer.message.as_ref().or(answer.reason.as_ref()).map(|s| format!(" — {s}"));
        let key = (who.as_str(), answer.decision, shown.unwrap_or_default(), sentences::why(answer));
        operations.entry(key).or_default().push(Operation::of(answer));
    }
    let mut subjects: BTreeMap<(String, Vec<String>), Vec<&str>> = BTreeMap::new();
    for ((who, decision, shown, why), operations) in operations {
        let is = format!("{decision} {}{shown}", sentences::operations(&operations));
        subjects.entry((is, why)).or_default().push(who);
    }
    let actual = |((is, why), who): ((String, Vec<String>), Vec<&str>)| Actual { subject: who.join(", "), is, why };
    subjects.into_iter().map(actual).collect()
}

fn governed(account: &str, row: &AgreementAnswer) -> Actual {
    let by = row.governing.as_ref().map(|g| format!(" by the {} agreement {}", g.scope, g.id)).unwrap_or_default();
    let is = format!("{} {}{by}", row.kind, Shown::from(row.coverage).words);
    let mut why: Vec<String> = row.reason.iter().cloned().collect();
    if !row.policies.is_empty() {
        why.push(format!("by {}", row.policies.join(", ")));
    }
    why.extend(row.evidence.iter().cloned());
    // accounts that were not listed have no number
    let numbered = account.bytes().all(|b| b.is_ascii_digit());
    let subject = if numbered { format!("account {account}") } else { account.to_owned() };
    Actual { subject, is, why }
}

/// The text: those that are not met, all with `all`.
pub fn text(width: usize, cases: &[CaseReport], assuming: &[String], all: bool) -> String {
    let mut text = String::new();
    for case in cases.iter().filter(|c| all || !c.passed) {
        text.push_str(&format!(
            "{}  {} {}\n",
            verdict(Some(case.passed)),
            bold(&case.name),
            dim(&format!("{}:{}", case.file, case.line))
        ));
        if !case.passed {
            text.push_str(&failed(width, case));
            text.push('\n');
        }
    }
    text.push_str(&summary(cases.len(), cases.iter().filter(|c| !c.passed).count()));
    text.push('\n');
    text.push_str(&assumed::text(width, assuming.iter()));
    text
}

/// `3 expectations, 1 not met`
pub fn summary(cases: usize, failed: usize) -> String {
    let met = if failed == 0 { "all met".to_owned() } else { format!("{failed} not met") };
    format!("{}, {met}", count(cases, "expectation"))
}

fn failed(width: usize, case: &CaseReport) -> String {
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
pub fn junit(cases: &[CaseReport], provenance: &Provenance) -> Result<String, Failure> {
    let mut xml = quick_junit::Report::new("countersign test");
    xml.add_test_suites(told(suites(cases), provenance));
    xml.to_string().map_err(Failure::internal("a JUnit report"))
}

/// The suites of expectations, a file each.
pub fn suites(cases: &[CaseReport]) -> Vec<TestSuite> {
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
            status.set_description(crate::report::border::plain(&place).into_owned());
            status
        };
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(TestCase::new(format!("{} (line {})", case.name, case.line), status));
        }
    }
    suites
}
