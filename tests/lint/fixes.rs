//! Fixes: they come to an end, what comes out parses, and a safe one changes no decision of the second interpreter.

use std::sync::Arc;

use countersign_core::lint::fix::{self, Fixed, Which, Why};
use countersign_core::lint::read::{Form, form};
use countersign_core::lint::run::{self, Text};
use countersign_core::lint::settings::Settings;
use countersign_core::lint::{Edit, Finding, Fix, rules};
use countersign_core::problem::{SourceFile, Span};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Example, codes, examples, lint, settings, settings_of, told};

/// Applies the fixes of a file, if it has some.
fn fixed(example: &Example, which: Which, settings: &Settings) -> Option<Fixed> {
    let findings = lint(std::slice::from_ref(example), settings).findings;
    let again = |source: &Arc<SourceFile>| {
        let form = form(&source.path).unwrap_or(Form::Json);
        run::lint(&[Text { source: source.clone(), form, named: true }], settings, None, true)
    };
    let fixed = fix::fix(&findings, which, again);
    assert!(fixed.len() <= 1);
    fixed.iter().for_each(|f| assert_eq!(f.left_out, [], "{}", f.before.text));
    fixed.into_iter().next().filter(|f| !f.done.is_empty())
}

/// The policies that a text of JSON holds.
fn policies(text: &str) -> Vec<Value> {
    fn find(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Object(members) if members.contains_key("Statement") => found.push(value.clone()),
            Value::Object(members) => members.values().for_each(|v| find(v, found)),
            Value::Array(values) => values.iter().for_each(|v| find(v, found)),
            Value::String(text) if text.starts_with('{') => {
                find(&serde_json::from_str(text).unwrap(), found);
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    find(&serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap(), &mut found);
    found
}

const ACTIONS: [&str; 6] = [
    "artifact:GetReport",
    "artifact:ListReports",
    "artifact:AcceptAgreement",
    "artifact:TerminateAgreement",
    "iam:GetRole",
    "s3:GetObject",
];
const RESOURCES: [&str; 5] = [
    "*",
    "arn:aws:artifact:us-east-1::report/report-jRVRFP8HxUN5zpPh:1",
    "arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm",
    "arn:aws:artifact::111122223333:customer-agreement/customer-agreement-abcdef0123456789",
    "arn:aws:s3:::home/jo",
];

/// What a policy decides on every request of a small world.
fn decisions(policy: &Value, crosses: bool) -> Vec<&'static str> {
    let contexts = [
        json!({}),
        json!({"aws:username": "jo"}),
        json!({"artifact:ReportSeries": "SOC", "aws:SourceIp": "10.1.2.3"}),
        json!({"artifact:ReportSeries": "PCI", "aws:username": "x"}),
    ];
    let mut decisions = Vec::new();
    for action in ACTIONS {
        for resource in RESOURCES {
            for context in &contexts {
                let request = json!({
                    "principal": "arn:aws:iam::111122223333:user/jo", "action": action, "resource": resource,
                    "context": context, "identity": [policy],
                });
                decisions.push(crate::reference::decide(&request));
                if crosses {
                    decisions.push(crate::reference::decide(&crossing(request)));
                }
            }
        }
    }
    decisions
}

/// The request by the other reading of a `*` in an ARN (D25): a fix keeps what either grants.
fn crossing(mut request: Value) -> Value {
    request["crosses"] = true.into();
    request
}

/// What a resource-based policy says to callers of every kind.
fn grants(policy: &Value, crosses: bool) -> Vec<[bool; 4]> {
    let callers = [
        json!({"AWS": "arn:aws:iam::111122223333:user/jo", "account": "111122223333"}),
        json!({"AWS": ["arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:role/r"], "account": "111122223333"}),
        json!({"account": "111122223333"}),
        json!({"AWS": "arn:aws:iam::111122223333:role/other", "account": "111122223333"}),
        json!({"AWS": "arn:aws:sts::111122223333:federated-user/jo", "account": "111122223333"}),
        json!({"AWS": "arn:aws:iam::444455556666:user/jo", "account": "444455556666"}),
        json!({"account": "444455556666"}),
        json!({"Service": "sns.amazonaws.com"}),
        json!({"Service": "events.amazonaws.com"}),
        json!({"Service": "ec2.amazonaws.com"}),
        json!({"Federated": "cognito-identity.amazonaws.com"}),
        json!({"Federated": "arn:aws:iam::111122223333:saml-provider/corp"}),
        json!({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}),
        json!({}),
    ];
    let contexts = [
        json!({}),
        json!({"artifact:ReportSeries": "SOC", "aws:SourceIp": "10.1.2.3"}),
        json!({"aws:PrincipalArn": "arn:aws:iam::111122223333:role/r", "aws:PrincipalIsAWSService": "false"}),
        json!({"aws:PrincipalIsAWSService": "true", "aws:SourceAccount": "111122223333"}),
    ];
    let mut grants = Vec::new();
    for caller in &callers {
        for action in ["artifact:GetReport", "s3:GetObject", "sts:AssumeRole"] {
            for resource in RESOURCES.into_iter().take(2) {
                for context in &contexts {
                    let request = json!({"action": action, "resource": resource, "context": context});
                    grants.push(crate::reference::resource_based(policy, caller, &request));
                    if crosses {
                        grants.push(crate::reference::resource_based(policy, caller, &crossing(request)));
                    }
                }
            }
        }
    }
    grants
}

/// Whether every statement says whom it is about.
fn has_principals(policy: &Value) -> bool {
    let statements = policy["Statement"].as_array().cloned().unwrap_or_else(|| vec![policy["Statement"].clone()]);
    statements.iter().all(|s| s.get("Principal").is_some() || s.get("NotPrincipal").is_some())
}

fn keep_decisions(before: &str, after: &str) {
    let (before, after) = (policies(before), policies(after));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        let crosses = before.to_string().contains(":*:");
        if has_principals(before) {
            assert_eq!(grants(before, crosses), grants(after, crosses), "{before:#}\n{after:#}");
        } else {
            assert_eq!(decisions(before, crosses), decisions(after, crosses), "{before:#}\n{after:#}");
        }
    }
}

#[test]
fn fixes_of_bad_examples_converge_and_parse() {
    let mut changed = 0;
    for rule in rules::all() {
        let bad = examples(rule.page, "Bad");
        let mut settings = settings_of(&bad);
        if rule.opinion {
            settings.switch_on(rule);
        }
        for example in bad.iter().filter(|e| e.name != "countersign.toml") {
            for which in [Which::Safe, Which::All] {
                let Some(fixed) = fixed(example, which, &settings) else {
                    continue;
                };
                changed += 1;
                let after = Example::new(example.name.clone(), fixed.after.clone());
                let left = lint(&[after], &settings).findings;
                assert!(!codes(&left).contains("CS101"), "{}: {}", rule.code, fixed.after);
                assert_eq!(with_crlf(example, which, &settings), fixed.after, "{}", rule.code);
                let again = left.iter().filter(|f| f.fix.as_ref().is_some_and(|x| x.safe || which == Which::All));
                assert_eq!(again.count(), 0, "{}: {:#?}", rule.code, told(&left));
                if which == Which::Safe && example.name.ends_with(".json") {
                    keep_decisions(&example.text, &fixed.after);
                }
            }
        }
    }
    assert!(changed >= 25, "{changed}");
}

/// What is made of a file whose lines end in CR and LF, which they do afterwards as well; without the CRs.
fn with_crlf(example: &Example, which: Which, settings: &Settings) -> String {
    let example = Example::new(example.name.clone(), example.text.replace('\n', "\r\n"));
    let after = fixed(&example, which, settings).map_or_else(String::new, |f| f.after);
    let lines = after.replace("\r\n", "");
    assert!(!lines.contains(['\r', '\n']), "{after:?}");
    after.replace("\r\n", "\n")
}

/// An example, one after the other: what each fix makes of the text.
#[test]
fn fixes_keep_what_they_do_not_touch() {
    let settings = settings("");
    let cases = [
        (
            "a.json",
            "{\n\t\"Statement\" : [ {\"Sid\":\"\",\n   \"Effect\":\"Allow\", \"Action\": [ \"artifact:ListReports\" ,\"artifact:listreports\"], \"Resource\":\"*\"} ]\n}",
            "{\n\t\"Version\": \"2012-10-17\",\n\t\"Statement\" : [ {\"Effect\":\"Allow\", \"Action\": [ \"artifact:ListReports\"], \"Resource\":\"*\"} ]\n}",
        ),
        (
            "a.json",
            r#"{"Content": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:a\", \"s3:a\"], \"Resource\": \"*\"}]}"}"#,
            r#"{"Content": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:a\"], \"Resource\": \"*\"}]}"}"#,
        ),
        (
            "a.yaml",
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Statement:\n          - Effect: Allow\n            Action:\n              - s3:a # first\n              - s3:b\n              - s3:a\n            Resource: '*'\n",
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - Effect: Allow\n            Action:\n              - s3:a # first\n              - s3:b\n            Resource: '*'\n",
        ),
        (
            "a.tf",
            "data \"aws_iam_policy_document\" \"x\" {\n  statement {\n    actions   = [\"s3:a\", \"s3:b\", \"s3:a\"] # why\n    resources = [\"*\"]\n  }\n}\n",
            "data \"aws_iam_policy_document\" \"x\" {\n  statement {\n    actions   = [\"s3:a\", \"s3:b\"] # why\n    resources = [\"*\"]\n  }\n}\n",
        ),
        (
            "a.tf",
            "resource \"aws_iam_policy\" \"x\" {\n  policy = <<EOT\n{\n  \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:a\", \"s3:a\"], \"Resource\": \"${var.x}\"}]\n}\nEOT\n}\n",
            "resource \"aws_iam_policy\" \"x\" {\n  policy = <<EOT\n{\n  \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:a\"], \"Resource\": \"${var.x}\"}]\n}\nEOT\n}\n",
        ),
    ];
    for (name, before, after) in cases {
        let example = Example::new(name, before);
        let found = fixed(&example, Which::Safe, &settings).unwrap();
        assert_eq!(found.after, after);
        assert_eq!(with_crlf(&example, Which::Safe, &settings), after);
    }
}

/// Lines that a fix adds or removes end as the others of the file do, whatever stands beside them.
#[test]
fn lines_end_as_they_did() {
    let item = |first: &str, second: &str| {
        format!(
            "Version: '2012-10-17'\nStatement:\n- Effect: Allow\n  Action:\n  - {first}\n  - {second}\n  Resource: '*'\n"
        )
    };
    for (name, before, after) in [
        ("a.yaml", item("s3:GetObject # a", "s3:GetObject # b"), item("s3:GetObject # a # b", "").replace("  - \n", "")),
        ("a.yaml", item("|-\n    s3:PutObject", "s3:PutObject"), item("|-\n    s3:PutObject", "").replace("  - \n", "")),
        (
            "a.yaml",
            item("artifact:Get", "s3:GetObject").replace("Version: '2012-10-17'\n", ""),
            format!(
                "Version: \"2012-10-17\"\n{}",
                item(
                    "artifact:ListReports\n  - artifact:GetReportMetadata\n  - artifact:GetReport\n  - artifact:GetTermForReport",
                    "s3:GetObject"
                )
            )
            .replace("Version: '2012-10-17'\n", ""),
        ),
        (
            "a.json",
            "{\n  \"Statement\": {\n    \"Effect\": \"Allow\",\n    \"Action\": [\n      \"artifact:Get\",\n      \"s3:GetObject\",\n      \"s3:GetObject\"\n    ],\n    \"Resource\": \"*\"\n  }\n}\n".to_owned(),
            "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": {\n    \"Effect\": \"Allow\",\n    \"Action\": [\n      \"artifact:ListReports\",\n      \"artifact:GetReportMetadata\",\n      \"artifact:GetReport\",\n      \"artifact:GetTermForReport\",\n      \"s3:GetObject\"\n    ],\n    \"Resource\": \"*\"\n  }\n}\n".to_owned(),
        ),
        (
            "a.tf",
            "data \"aws_iam_policy_document\" \"x\" {\n  statement {\n    actions = [\n      \"artifact:Get\",\n    ]\n    resources = [\"*\"]\n  }\n}\n".to_owned(),
            "data \"aws_iam_policy_document\" \"x\" {\n  statement {\n    actions = [\n      \"artifact:ListReports\",\n      \"artifact:GetReportMetadata\",\n      \"artifact:GetReport\",\n      \"artifact:GetTermForReport\",\n    ]\n    resources = [\"*\"]\n  }\n}\n".to_owned(),
        ),
    ] {
        let example = Example::new(name, before);
        assert_eq!(fixed(&example, Which::All, &settings("")).unwrap().after, after);
        assert_eq!(with_crlf(&example, Which::All, &settings("")), after);
    }
}

/// What two fixes of a list write stands there once, whatever the list had: no fix makes a finding of another rule.
#[test]
fn what_is_written_stands_there_once() {
    const SUCCESSORS: &str =
        r#""artifact:ListReports", "artifact:GetReportMetadata", "artifact:GetReport", "artifact:GetTermForReport""#;
    let json = |actions: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": [{actions}], "Resource": "*"}}]}}"#
        )
    };
    for (before, after) in [
        (r#""artifact:Get", "artifact:Get""#, SUCCESSORS),
        (r#""artifact:Get", "s3:GetObject", "artifact:get""#, &format!("{SUCCESSORS}, \"s3:GetObject\"")),
        (
            r#""artifact:GetReport*", "artifact:Get""#,
            r#""artifact:GetReport*", "artifact:ListReports", "artifact:GetTermForReport""#,
        ),
        (r#""s3:GetObjct", "s3:GetObjectt""#, r#""s3:GetObject""#),
        (r#""s3:GetObject", "s3:GetObjct""#, r#""s3:GetObject""#),
        (r#""s3:Get*", "s3:GetObjct""#, r#""s3:Get*""#),
    ] {
        let found = fixed(&Example::new("p.json", json(before)), Which::All, &settings("")).unwrap();
        assert_eq!(found.after, json(after));
        let is_new =
            |done: &String| ["CS184", "CS185"].iter().any(|rule| done.starts_with(rule)) && !done.contains(":get`");
        assert!(!found.done.iter().any(is_new), "{:?}", found.done);
    }
    // where nothing can be removed, the second one stays and is told
    let tf = "resource \"aws_iam_policy\" \"p\" {\n  policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Action = concat([\"artifact:Get\"], [\"artifact:Get\"]), Resource = \"*\" }] })\n}\n";
    let after = fixed(&Example::new("p.tf", tf), Which::All, &settings("")).map_or(tf.to_owned(), |f| f.after);
    assert!(after.matches("artifact:ListReports").count() <= 1, "{after}");
}

/// A text for people that looks like a policy is told of, and never written.
#[test]
fn descriptions_are_not_fixed() {
    let policy = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:GetObject"],"Resource":"*"}]}"#;
    let template = |key: &str, tag: &str| {
        format!(
            "Resources:\n  P:\n    Type: AWS::SecretsManager::ResourcePolicy\n    Properties:\n      {key}: {tag}|\n        {policy}\n"
        )
    };
    for (key, is_fixed) in [("Description", false), ("Comments", false), ("ResourcePolicy", true)] {
        for tag in ["", "!Sub "] {
            let example = Example::new("t.yaml", template(key, tag));
            assert_eq!(fixed(&example, Which::All, &settings("")).is_some(), is_fixed, "{key} {tag}");
        }
    }
}

/// A text as YAML writes it, with a comment beside it where one can stand; whether a fix can replace it.
const STYLES: [(&str, bool); 10] = [
    ("TEXT # comment", true),
    ("'TEXT' # comment", true),
    ("\"TEXT\"   # comment", true),
    (">-\n                TEXT", true),
    ("|- # comment\n                TEXT", true),
    ("&unused 'TEXT' # comment", true),
    (">\n                TEXT", false),
    ("|\n                TEXT\n\n                # no comment", false),
    ("\n                TEXT # comment", true),
    ("\"\\\n                TEXT\" # comment", false),
];

/// A template in which each value is written in a style of its own.
fn styled(first: usize, step: usize) -> (String, bool) {
    let mut nth = first;
    let mut all = true;
    let mut text = |value: &str| {
        let (style, is_fixed) = STYLES[nth % STYLES.len()];
        nth += step;
        all &= is_fixed;
        style.replace("TEXT", value)
    };
    let (version, sid, again) = (text("2008-10-17"), text("Admin"), text("Admin"));
    let (action, item, arn) = (text("s3:GetObjct"), text("s3:GetObjct"), text("arn:asw:s3:::first/*"));
    let yaml = format!(
        "Resources:\n  P:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: b\n      PolicyDocument:\n        Version: {version}\n        Statement:\n          - Sid: {sid}\n            Effect: Allow # one\n            Principal: '*'\n            Action: {action}\n            Resource: 'arn:aws:s3:::x/*' # two\n          - Sid: {again}\n            Effect: Deny\n            Principal: '*'\n            Action:\n              - {item}\n              - s3:PutObject # three\n            Resource:\n              - {arn}\n              - arn:aws:s3:::second/* # four\n"
    );
    (yaml, all)
}

/// The documents of a file, as they are read.
fn read(example: &Example) -> String {
    let loaded = run::read_all(&[example.text()], &settings(""), None);
    let documents: Vec<Value> = loaded[0].policies.iter().map(|p| p.root.to_json()).collect();
    assert_eq!(documents.len(), 1, "{}", example.text);
    documents[0].to_string()
}

/// However a value is written, a fix replaces the value alone, or nothing: no statement, no line and no comment is lost.
#[test]
fn a_fix_of_yaml_leaves_all_else_as_it_is() {
    const RIGHT: [(&str, &str); 4] = [
        ("2012-10-17", "2008-10-17"),
        ("Admin2", "Admin"),
        ("s3:GetObject", "s3:GetObjct"),
        ("arn:aws:s3:::first", "arn:asw:s3:::first"),
    ];
    let wrong = |text: &str| RIGHT.iter().fold(text.to_owned(), |text, (right, wrong)| text.replace(right, wrong));
    let mut changed = 0;
    for first in 0..STYLES.len() {
        for step in [0, 1, 3] {
            for ending in ["\n", "\r\n"] {
                let (text, all) = styled(first, step);
                let example = Example::new("t.yaml", text.replace('\n', ending));
                for which in [Which::Safe, Which::All] {
                    let Some(fixed) = fixed(&example, which, &settings("")) else {
                        assert!(which == Which::Safe || !all, "{}", example.text);
                        continue;
                    };
                    changed += 1;
                    let after = Example::new("t.yaml", fixed.after.clone());
                    assert_eq!(wrong(&read(&after)), read(&example), "{}\n{}", example.text, fixed.after);
                    let comments = |text: &str| text.matches('#').count();
                    assert_eq!(comments(&fixed.after), comments(&example.text), "{}", fixed.after);
                    let lines = |text: &str| text.lines().count();
                    assert_eq!(lines(&fixed.after), lines(&example.text), "{}", fixed.after);
                    if all && which == Which::All {
                        let left = fixed.after.contains("2008")
                            || fixed.after.contains("Objct")
                            || fixed.after.contains("asw");
                        assert!(!left && fixed.after.contains("Admin2"), "{}", fixed.after);
                    }
                }
            }
        }
    }
    assert!(changed >= 60, "{changed}");
}

/// What stands at an anchor is read in other places as well, and what an alias names stands in none of its own.
#[test]
fn what_aliases_name_is_told_and_not_fixed() {
    let template = |first: &str, second: &str| {
        format!(
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - Sid: {first}\n            Effect: Allow\n            Action: ec2:DescribeTags\n            Resource: '*'\n          - Sid: {second}\n            Effect: Allow\n            Action: ec2:DescribeInstances\n            Resource: '*'\n"
        )
    };
    let safe = |text: String| fixed(&Example::new("t.yaml", text), Which::Safe, &settings(""));
    assert!(
        codes(&lint(&[Example::new("t.yaml", template("&a One", "*a"))], &settings("")).findings).contains("CS110")
    );
    assert!(safe(template("&a One", "*a")).is_none());
    assert!(safe(template("&a One", "One")).unwrap().after.contains("&a One\n"));
}

/// A text of here documents and blocks is JSON in them: a fix writes it as that, and knows `$${`.
#[test]
fn texts_within_texts_are_fixed_as_they_are_written() {
    let policy =
        r#"{"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObjct", "Resource": "*"}]}"#;
    let right = policy.replace("Objct", "Object").replace("2008", "2012");
    let cases = [
        ("a.tf", "resource \"aws_iam_policy\" \"x\" {\n  policy = <<-EOT\n    POLICY\n  EOT\n  # why\n}\n"),
        (
            "a.yaml",
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: |\n        POLICY\n      Description: x # why\n",
        ),
        (
            "a.yaml",
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: >-\n        POLICY\n\n      # why\n      Description: x\n",
        ),
    ];
    for (name, text) in cases {
        let found = fixed(&Example::new(name, text.replace("POLICY", policy)), Which::All, &settings("")).unwrap();
        assert_eq!(found.after, text.replace("POLICY", &right));
    }
}

/// A fix that comes to no end, or that breaks the file, is left out and told; the others are made.
#[test]
fn fixes_that_do_not_settle_or_break_the_file_are_left_out() {
    let text = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObject"], "Resource": "*"}]}"#;
    let right = text.replace(", \"s3:GetObject\"]", "]");
    let example = Example::new("p.json", text);
    let findings = lint(std::slice::from_ref(&example), &settings("")).findings;
    let own = findings.iter().find(|f| f.rule.code == "CS184").unwrap();
    let planted = |edit: Edit| {
        let mut finding = own.clone();
        finding.rule = &rules::repeated_sid::RULE;
        finding.pointer = "Statement[0].Effect".to_owned();
        finding.fix = Some(Fix { what: "writes nonsense".to_owned(), safe: true, edits: vec![edit] });
        finding
    };
    let at = text.find("Allow").unwrap();
    let endless = planted(Edit { span: Span { start: at, end: at + 5 }, text: "Allow".to_owned() });
    let broken = planted(Edit { span: Span { start: at - 1, end: at + 5 }, text: "Allow".to_owned() });
    for (planted, why) in [(endless, Why::NeverSettles), (broken, Why::Breaks)] {
        let again = |source: &Arc<SourceFile>| {
            let text = Text { source: source.clone(), form: Form::Json, named: true };
            let mut outcome = run::lint(&[text], &settings(""), None, true);
            outcome.findings.push(planted.clone());
            outcome
        };
        let all: Vec<Finding> = findings.iter().cloned().chain([planted.clone()]).collect();
        let fixed = fix::fix(&all, Which::Safe, again).into_iter().next().unwrap();
        assert_eq!(fixed.after, right);
        let left: Vec<_> = fixed.left_out.iter().map(|l| (l.rule, l.pointer.as_deref(), l.why)).collect();
        assert_eq!(left, [("CS110", Some("Statement[0].Effect"), why)]);
    }
}

/// Of several statements with one `Sid`, each gets a name of its own, that no other has.
#[test]
fn a_new_sid_is_one_that_nobody_has() {
    let statement =
        |(sid, action): (&str, &str)| json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*"});
    let sids = [
        ("Admin", "ec2:DescribeTags"),
        ("Admin", "ec2:DescribeImages"),
        ("Admin2", "ec2:DescribeHosts"),
        ("Admin", "ec2:DescribeVpcs"),
    ];
    let statements: Vec<Value> = sids.into_iter().map(statement).collect();
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let after: Value =
        serde_json::from_str(&fixed(&Example::new("p.json", text), Which::Safe, &settings("")).unwrap().after).unwrap();
    let sids: Vec<&str> = after["Statement"].as_array().unwrap().iter().map(|s| s["Sid"].as_str().unwrap()).collect();
    assert_eq!(sids, ["Admin", "Admin3", "Admin2", "Admin4"]);
}

/// A variable is one however its characters are written.
#[test]
fn a_version_that_makes_variables_is_no_safe_fix() {
    for resource in
        ["arn:aws:s3:::${aws:username}/*", r"arn:aws:s3:::\u0024{aws:username}/*", "arn:aws:s3:::${bucket}/*"]
    {
        let text =
            format!(r#"{{"Statement": [{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "{resource}"}}]}}"#);
        let example = Example::new("p.json", text);
        assert!(fixed(&example, Which::Safe, &settings("")).is_none(), "{resource}");
        assert!(fixed(&example, Which::All, &settings("")).unwrap().after.contains("2012-10-17"), "{resource}");
    }
}

/// What changes nothing in one list may be all that another reads of it: an exception of a `Deny` that is written in a local stays.
#[test]
fn a_list_that_is_read_elsewhere_is_no_safe_fix() {
    let text = |head: &str, list: &str| {
        format!(
            "{head}data \"aws_iam_policy_document\" \"x\" {{\n  statement {{\n    effect      = \"Deny\"\n    not_actions = {list}\n    resources   = [\"*\"]\n  }}\n}}\n"
        )
    };
    let list = r#"["s3:Get*", "s3:GetObject"]"#;
    let local = format!("locals {{\n  all = {list}\n}}\n");
    let fixes = |text: String| fixed(&Example::new("x.tf", text), Which::Safe, &settings("")).is_some();
    assert!(fixes(text("", list)));
    assert!(!fixes(text(&local, "local.all")));
    assert!(!fixes(text("", &format!("[for x in {list} : x]"))));
    assert!(!fixes(text("", &format!("concat({list}, [\"ec2:*\"])"))));
    let template = "Mappings:\n  M:\n    a:\n      list:\n        - s3:Get*\n        - s3:GetObject\nResources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - Effect: Deny\n            NotAction: !FindInMap [M, a, list]\n            Resource: '*'\n";
    assert!(codes(&lint(&[Example::new("t.yaml", template)], &settings("")).findings).contains("CS185"));
    assert!(fixed(&Example::new("t.yaml", template), Which::Safe, &settings("")).is_none());
}

/// What a template chooses need not be there: what it makes redundant may be all that is left without it.
#[test]
fn what_a_template_may_leave_out_makes_no_safe_fix() {
    let fixes = |name: &str, actions: &str, statement: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{statement}{{"Effect": "Deny", "NotAction": [{actions}], "Resource": "*"}}]}}"#
        );
        fixed(&Example::new(name, text), Which::Safe, &settings("")).is_some()
    };
    let all = r#""ec2:*", "s3:GetObject""#;
    assert!(fixes("a.json", &format!(r#""s3:Get*", {all}"#), ""));
    assert!(!fixes("a.json.tpl", &format!(r#"%{{ if x }}"s3:Get*", %{{ endif }}{all}"#), ""));
    assert!(!fixes("a.json.j2", &format!(r#"{{% if x %}}"s3:Get*", {{% else %}}"iam:*",{{% endif %}} {all}"#), ""));
    let wider = r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}, "#;
    assert!(fixes("a.json", all, wider));
    assert!(!fixes("a.json.tpl", all, &format!("%{{ if x }}{wider}%{{ endif }}")));
    // a placeholder for a value chooses nothing
    assert!(fixes("a.json.j2", &format!(r#""{{{{ x }}}}:*", "s3:PutObject", "s3:PutObject", {all}"#), ""));
}

/// Where documents are merged, a `Sid` decides what takes the place of what.
#[test]
fn the_sids_of_merged_documents_are_no_safe_fix() {
    let text = |attributes: &str| {
        format!(
            "data \"aws_iam_policy_document\" \"a\" {{\n  statement {{\n    sid       = \"A 1\"\n    actions   = [\"s3:GetObject\"]\n    resources = [\"*\"]\n  }}\n}}\ndata \"aws_iam_policy_document\" \"b\" {{\n{attributes}  statement {{\n    sid       = \"A1\"\n    actions   = [\"ec2:RunInstances\"]\n    resources = [\"*\"]\n  }}\n}}\n"
        )
    };
    let fixes = |attributes: &str| fixed(&Example::new("x.tf", text(attributes)), Which::Safe, &settings("")).is_some();
    assert!(fixes(""));
    assert!(!fixes("  override_policy_documents = [data.aws_iam_policy_document.a.json]\n"));
}

/// The old permission to read reports becomes what the User Guide maps it to.
#[test]
fn reports_are_migrated() {
    let statement = |resource: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": ["artifact:Get"], "Resource": "{resource}"}}]}}"#
        )
    };
    let migrated = |resource: &str| -> Value {
        let example = Example::new("p.json", statement(resource));
        serde_json::from_str(&fixed(&example, Which::All, &settings("")).unwrap().after).unwrap()
    };
    let all = migrated("arn:aws:artifact:::report-package/*");
    assert_eq!(all["Statement"][0]["Resource"], "*");
    assert_eq!(all["Statement"][0]["Action"].as_array().unwrap().len(), 4);
    let soc = migrated("arn:aws:artifact:::report-package/Certifications and Attestations/SOC/*");
    assert_eq!(
        soc["Statement"][0]["Action"],
        json!(["artifact:GetReportMetadata", "artifact:GetReport", "artifact:GetTermForReport"])
    );
    let keys = json!({"artifact:ReportCategory": "Certifications and Attestations", "artifact:ReportSeries": "SOC"});
    assert_eq!(soc["Statement"][0]["Condition"], json!({"StringEquals": keys}));
    assert_eq!(soc["Statement"][1], json!({"Effect": "Allow", "Action": "artifact:ListReports", "Resource": "*"}));
}

/// Without the denial, what the deprecated action may still do would be allowed (D28).
#[test]
fn a_deprecated_action_stays_denied() {
    let text = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["artifact:DownloadAgreement", "artifact:getAgreement"], "Resource": "*"}]}"#;
    let example = Example::new("policy.json", text.to_owned());
    let after = fixed(&example, Which::All, &settings("")).unwrap().after;
    let [policy] = policies(&after).try_into().unwrap();
    let actions: Vec<&str> =
        policy["Statement"][0]["Action"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(actions.first(), Some(&"artifact:DownloadAgreement"), "{after}");
    for denied in [
        "artifact:getAgreement",
        "artifact:GetNdaForAgreement",
        "artifact:AcceptNdaForAgreement",
        "artifact:GetCustomerAgreement",
    ] {
        assert_eq!(actions.iter().filter(|action| **action == denied).count(), 1, "{denied}: {after}");
    }
}

fn one_or_more(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(texts).prop_map(Value::from),
        prop::collection::vec(prop::sample::select(texts), 1..4).prop_map(Value::from),
    ]
}

fn statement() -> impl Strategy<Value = Value> {
    const PATTERNS: [&str; 8] = [
        "artifact:GetReport",
        "artifact:getreport",
        "artifact:Get*",
        "artifact:*",
        "*",
        "s3:GetObject",
        "artifact:ListReports",
        "iam:Get?ole",
    ];
    const ARNS: [&str; 8] = [
        "*",
        "arn:aws:artifact:*:report/*",
        "arn:aws:artifact:*::report/*",
        "arn:aws:artifact:us-east-1::report/*:1",
        "arn:aws:artifact:::agreement/*",
        "arn:*",
        "arn:aws:s3:::home/*",
        "arn:aws:s3:::home/${aws:username}",
    ];
    let conditions = prop_oneof![
        4 => Just(Value::Null),
        1 => Just(json!({"StringEquals": {"artifact:ReportSeries": "SOC"}})),
        1 => Just(json!({"StringEquals": {"artifact:ReportSeries": ["SOC", "PCI"]}})),
        1 => Just(json!({"StringNotEquals": {"artifact:ReportSeries": "SOC"}})),
        1 => Just(json!({"StringNotEquals": {"artifact:ReportSeries": ["SOC", "PCI"]}})),
        1 => Just(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "StringLikeIfExists": {"aws:username": "j*"}})),
    ];
    let sid = prop::sample::select(vec![None, Some(""), Some("A"), Some("B")]);
    let parts = (
        sid,
        prop::bool::weighted(0.8),
        one_or_more(&PATTERNS),
        any::<bool>(),
        one_or_more(&ARNS),
        any::<bool>(),
        conditions,
    );
    parts.prop_map(|(sid, allow, actions, not_action, resources, not_resource, condition)| {
        let mut statement = json!({"Effect": if allow { "Allow" } else { "Deny" }});
        if let Some(sid) = sid {
            statement["Sid"] = sid.into();
        }
        statement[if not_action { "NotAction" } else { "Action" }] = actions;
        statement[if not_resource { "NotResource" } else { "Resource" }] = resources;
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        statement
    })
}

/// Whom a statement is about.
fn principal() -> impl Strategy<Value = (&'static str, Value)> {
    let aws = one_or_more(&[
        "111122223333",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:user/jo",
        "arn:aws:iam::111122223333:role/r",
        "arn:aws:sts::111122223333:assumed-role/r/s",
        "arn:aws:sts::111122223333:federated-user/jo",
        "444455556666",
        "*",
    ]);
    let service = one_or_more(&["sns.amazonaws.com", "events.amazonaws.com"]);
    let provider = one_or_more(&["cognito-identity.amazonaws.com", "arn:aws:iam::111122223333:saml-provider/corp"]);
    let element = prop_oneof![
        1 => Just(json!("*")),
        3 => aws.prop_map(|aws| json!({"AWS": aws})),
        3 => service.prop_map(|service| json!({"Service": service})),
        1 => provider.prop_map(|provider| json!({"Federated": provider})),
        1 => Just(json!({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"})),
        1 => Just(json!({"AWS": "111122223333", "Service": "sns.amazonaws.com"})),
    ];
    (prop::bool::weighted(0.85), element).prop_map(|(plain, e)| (if plain { "Principal" } else { "NotPrincipal" }, e))
}

/// A resource-based policy with much that is redundant but for whom it is about.
fn resource_policy() -> impl Strategy<Value = Example> {
    let sts = one_or_more(&["sts:AssumeRole", "sts:TagSession", "sts:assumerole", "sts:*"]);
    let of_caller = prop::sample::select(vec![
        Value::Null,
        Value::Null,
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/r"}}),
        json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
        json!({"StringNotEqualsIfExists": {"aws:SourceAccount": "111122223333"}}),
    ]);
    let parts = (statement(), principal(), any::<bool>(), sts, of_caller);
    let one = parts.prop_map(|(mut statement, (key, element), trust, actions, condition)| {
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        if trust {
            // as a trust policy has none
            let members = statement.as_object_mut().unwrap();
            members.remove("Resource");
            members.remove("NotResource");
            members.remove("NotAction");
            statement["Action"] = actions;
        }
        statement[key] = element;
        statement
    });
    let again = (any::<prop::sample::Index>(), principal());
    (prop::collection::vec(one, 1..4), prop::option::of(again)).prop_map(|(mut statements, again)| {
        if let Some((index, (key, element))) = again {
            // the same for another principal
            let mut other = statements[index.index(statements.len())].clone();
            other.as_object_mut().unwrap().retain(|k, _| !k.ends_with("Principal"));
            other[key] = element;
            statements.push(other);
        }
        Example::new("p.json", json!({"Version": "2012-10-17", "Statement": statements}).to_string())
    })
}

/// A policy with much that is redundant, in one of the ways that files hold one.
fn file() -> impl Strategy<Value = Example> {
    let version = prop::sample::select(vec![None, Some("2012-10-17"), Some("2008-10-17")]);
    let parts = (version, prop::collection::vec(statement(), 1..4), any::<prop::sample::Index>(), any::<bool>(), 0..4);
    parts.prop_map(|(version, mut statements, again, twice, host)| {
        if twice {
            statements.push(statements[again.index(statements.len())].clone());
        }
        let mut policy = json!({"Statement": statements});
        if let Some(version) = version {
            policy["Version"] = version.into();
        }
        match host {
            0 => Example::new("p.json", policy.to_string()),
            1 => Example::new("p.json", serde_json::to_string_pretty(&policy).unwrap()),
            2 => Example::new("p.json", json!({"Policy": {"Content": policy.to_string()}}).to_string()),
            _ => Example::new("p.json", json!({"CustomPolicy": policy, "Name": "x"}).to_string()),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn safe_fixes_of_resource_policies_keep_what_each_principal_may(example in resource_policy()) {
        if let Some(fixed) = fixed(&example, Which::Safe, &settings("")) {
            keep_decisions(&example.text, &fixed.after);
        }
    }

    #[test]
    fn safe_fixes_of_generated_policies_keep_decisions(example in file()) {
        if let Some(fixed) = fixed(&example, Which::Safe, &settings("")) {
            keep_decisions(&example.text, &fixed.after);
            let left = lint(&[Example::new("p.json", fixed.after.clone())], &settings("")).findings;
            prop_assert!(!left.iter().any(|f| f.fix.as_ref().is_some_and(|x| x.safe)), "{}", fixed.after);
        }
        // all fixes come to an end, and what comes out parses
        if let Some(fixed) = fixed(&example, Which::All, &settings("")) {
            policies(&fixed.after);
        }
    }
}
