//! Lint beside IAM Access Analyzer: its answers on AWS's managed policies, and the map of its checks.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::aws::managed;
use countersign_core::lint::policy::PolicyKind;
use countersign_core::lint::profile::Profile;
use countersign_core::lint::run::{self, Text};
use countersign_core::lint::{Finding, Severity, rules};
use serde_json::Value;

use super::{Example, settings, told};

/// The rules that tell what a check of Access Analyzer does.
fn rules_for(check: &str) -> &'static [&'static str] {
    match check {
        "INVALID_ACTION" | "INVALID_SERVICE_IN_ACTION" => &["CS121"],
        "INVALID_SERVICE" => &["CS131", "CS121"],
        "INVALID_SERVICE_CONDITION_KEY" => &["CS141"],
        "INVALID_SERVICE_PRINCIPAL_FORMAT" => &["CS147"],
        "MISSING_QUALIFIER" => &["CS144"],
        "TYPE_MISMATCH" => &["CS143"],
        "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS" => &["CS150"],
        "EQUIVALENT_TO_NULL_FALSE" => &["CS149"],
        "REDUNDANT_ACTION" | "REDUNDANT_RESOURCE" => &["CS184", "CS185"],
        "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA" => &["CS113"],
        "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE" => &["CS142", "CS166"],
        check if check.starts_with("PASS_ROLE_WITH_") => &["CS126"],
        check if check.starts_with("CREATE_SLR_WITH_") => &["CS127"],
        other => panic!("no rule is named for {other}"),
    }
}

pub fn answers() -> Value {
    let text = std::fs::read_to_string("tests/data/access-analyzer/managed-policies.json").unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The findings of the managed policies that are the ones which Access Analyzer was asked about, by their names.
fn linted(versions: &BTreeMap<&str, &str>) -> BTreeMap<String, Vec<Finding>> {
    let same = |p: &managed::ManagedPolicy| versions.get(p.name()) == Some(&p.version());
    let examples: Vec<Example> =
        managed::all().filter(same).map(|p| Example::new(format!("{}.json", p.name()), p.document())).collect();
    let texts: Vec<Text> = examples.iter().map(Example::text).collect();
    let mut by_name: BTreeMap<String, Vec<Finding>> =
        examples.iter().map(|e| (e.name.trim_end_matches(".json").to_owned(), Vec::new())).collect();
    for finding in run::lint(&texts, &settings(""), Some(PolicyKind::Identity), true).findings {
        let name = finding.place.source.path.trim_end_matches(".json").to_owned();
        by_name.get_mut(&name).unwrap().push(finding);
    }
    by_name
}

/// `Statement[3]`
fn statement(pointer: &str) -> &str {
    pointer.split('.').next().unwrap_or_default()
}

/// At least nine in ten of its findings are told, by a rule for the check and in the statement.
#[test]
fn what_access_analyzer_finds_in_managed_policies_is_found() {
    let answers = answers();
    let found = answers["found"].as_object().unwrap();
    let versions = found.iter().map(|(name, list)| (name.as_str(), list[0].as_str().unwrap())).collect();
    let own = linted(&versions);
    assert!(own.len() >= 80, "{} documents are still those that it was asked about", own.len());
    let (mut asked, mut missed) = (0, Vec::new());
    for (name, findings) in &own {
        for answer in found[name].as_array().unwrap().iter().skip(1) {
            let (check, pointer) = answer.as_str().unwrap().split_once(' ').unwrap();
            let wanted = rules_for(check);
            let told = |f: &&Finding| wanted.contains(&f.rule.code) && statement(&f.pointer) == statement(pointer);
            asked += 1;
            if !findings.iter().any(|f| told(&f)) {
                missed.push(format!("{name} {check} {pointer}"));
            }
        }
    }
    assert!(asked >= 130, "{asked} findings are asked about");
    assert!(missed.len() * 10 <= asked, "{} of {asked} missed: {missed:#?}", missed.len());
}

/// Of the policies that it finds clean, fewer than one in a hundred has a warning or an error.
#[test]
fn what_access_analyzer_finds_clean_gives_no_alarm() {
    let answers = answers();
    let clean = answers["clean"].as_object().unwrap();
    let own = linted(&clean.iter().map(|(name, version)| (name.as_str(), version.as_str().unwrap())).collect());
    assert!(own.len() >= 1_000, "{} documents are still those that it was asked about", own.len());
    let alarm = |f: &&Finding| f.is_open() && f.severity >= Severity::Warning;
    let alarmed: Vec<&Vec<Finding>> = own.values().filter(|all| all.iter().any(|f| alarm(&f))).collect();
    let shown: Vec<Finding> = alarmed.iter().flat_map(|all| all.iter().filter(alarm)).cloned().collect();
    assert!(alarmed.len() * 100 < own.len(), "{} of {}: {:#?}", alarmed.len(), own.len(), told(&shown));
}

/// The map has a line for each check, and names rules that exist and are on in its profile.
#[test]
fn the_map_names_each_check_once() {
    let map = std::fs::read_to_string("docs/access-analyzer.md").unwrap();
    let rows: Vec<Vec<&str>> = map
        .lines()
        .filter(|l| l.starts_with("| ") && !l.starts_with("| check") && !l.starts_with("| rule"))
        .map(|l| l.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let checks: Vec<&str> = rows.iter().map(|r| r[0]).collect();
    let once: BTreeSet<&str> = checks.iter().copied().collect();
    assert_eq!((checks.len(), once.len()), (137, 137));
    let profile = Profile::AccessAnalyzer;
    for row in &rows {
        for code in row[1].split([' ', ',', '(', '[', ']', ')']).filter(|w| w.starts_with("CS") && w.len() == 5) {
            let rule = rules::by_code(code).unwrap_or_else(|| panic!("{code} of {} is no rule", row[0]));
            assert!(profile.has(rule), "{code} of {} is off in the profile", row[0]);
        }
    }
}

/// Each row of the map that names rules, tried: one policy that the check is about and one that it is not.
#[test]
fn each_row_of_the_map_is_told() {
    let map = std::fs::read_to_string("docs/access-analyzer.md").unwrap();
    let rows = map.lines().filter_map(|l| l.strip_prefix("| ")?.split_once(" | "));
    let named: BTreeMap<&str, &str> = rows.filter(|(_, rules)| rules.contains("[CS")).collect();
    let text = std::fs::read_to_string("tests/data/access-analyzer-cases.json").unwrap();
    let cases: Vec<BTreeMap<String, String>> = serde_json::from_str(&text).unwrap();
    let settings = settings("[lint]\nprofile = \"access-analyzer\"\n");
    let found = |file: &str, text: &str| super::codes(&super::lint(&[Example::new(file, text)], &settings).findings);
    let mut wrong = Vec::new();
    for case in &cases {
        let (check, rule, file) = (case["check"].as_str(), case["rule"].as_str(), case["file"].as_str());
        let row = named.get(check).copied().unwrap_or_default();
        if !row.contains(&format!("[{rule}]")) {
            wrong.push(format!("{check}: the map does not name {rule}"));
        }
        let (bad, good) = (found(file, &case["bad"]), found(file, &case["good"]));
        if !bad.contains(rule) || good.contains(rule) {
            wrong.push(format!("{check}: {rule} is not in {bad:?}, or in {good:?}"));
        }
    }
    let tried: BTreeSet<&str> = cases.iter().map(|case| case["check"].as_str()).collect();
    let untried: Vec<&&str> = named.keys().filter(|check| !tried.contains(**check)).collect();
    assert!(wrong.is_empty() && untried.is_empty(), "{wrong:#?} not tried: {untried:?}");
}
