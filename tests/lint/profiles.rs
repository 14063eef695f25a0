//! Profiles, owners, and what a policy grants.

use std::process::{Command, Output};

use countersign_core::lint::profile::Profile;
use countersign_core::lint::rules;
use countersign_core::lint::settings::Settings;
use countersign_core::lint::{Finding, Severity};
use countersign_core::moment;
use countersign_core::problem::SourceFile;
use serde_json::{Value, json};

use super::{Example, codes, lint, settings};
use crate::common::schema_errors;

fn policy(statement: &Value) -> Example {
    Example::new("p.json", json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
}

fn of(profile: &str, statement: &Value) -> Vec<&'static str> {
    let settings = settings(&format!("[lint]\nprofile = \"{profile}\"\n"));
    codes(&lint(&[policy(statement)], &settings).findings).into_iter().collect()
}

#[test]
fn a_profile_says_which_rules_are_on() {
    let writes = json!({"Effect": "Allow", "Action": ["s3:PutObject", "s3:Put*"], "Resource": "*"});
    assert_eq!(of("default", &writes), ["CS185"]);
    assert_eq!(of("security", &writes), ["CS185", "CS201"]);
    assert_eq!(of("access-analyzer", &writes), ["CS185"]);
    assert_eq!(of("artifact", &writes), Vec::<&str>::new(), "it does not name AWS Artifact");
    let deprecated = json!({"Effect": "Allow", "Action": "artifact:Get", "Resource": "*"});
    assert_eq!(of("artifact", &deprecated), ["CS122"]);
    assert!(!of("access-analyzer", &deprecated).contains(&"CS122"));
    let slip = json!({"Effect": "Allow", "Action": "artifact:ListReprts", "Resource": "*"});
    assert_eq!(of("artifact", &slip), ["CS121"], "a rule of any service, in a policy that names AWS Artifact");
}

#[test]
fn a_rule_of_the_settings_prevails_over_the_profile() {
    let writes = json!({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"});
    let on = settings("[lint]\nprofile = \"default\"\n[lint.rules]\nCS201 = \"error\"\n");
    assert!(codes(&lint(&[policy(&writes)], &on).findings).contains("CS201"));
    let off = settings("[lint]\nprofile = \"security\"\n[lint.rules]\nCS201 = \"off\"\n");
    assert!(!codes(&lint(&[policy(&writes)], &off).findings).contains("CS201"));
}

#[test]
fn a_profile_that_there_is_not_is_an_error() {
    let source = SourceFile::new("countersign.toml", "[lint]\nprofile = \"securty\"\n");
    let problems = Settings::parse(&source, moment::parse("2026-11-21").unwrap()).unwrap_err();
    let told: Vec<(&str, Option<&str>)> = problems.iter().map(|p| (p.message(), p.help_text())).collect();
    assert!(
        matches!(told.as_slice(), [("there is no profile `securty`", Some(help))] if help.contains("`security`")),
        "{told:?}"
    );
}

/// What reviewers ask for is never on by default, and everything of the default profile is on for them too.
#[test]
fn the_security_profile_adds_to_the_default_one() {
    for rule in rules::all() {
        assert!(Profile::Security.has(rule) || !Profile::Default.has(rule), "{}", rule.code);
        let of_security = rule.code.starts_with("CS20");
        assert!(!of_security || (rule.opinion && Profile::Security.has(rule)), "{}", rule.code);
    }
}

#[test]
fn findings_of_owners_who_only_report_make_nothing_fail() {
    let toml = "[[lint.owners]]\nname = \"all\"\npaths = [\"**\"]\n\
                [[lint.owners]]\nname = \"platform\"\npaths = [\"platform/**\"]\nreportOnly = true\n";
    let text = policy(&json!({"Effect": "Allow", "Action": "s3:GetObjct", "Resource": "*"})).text;
    let files = [Example::new("platform/a.json", text.clone()), Example::new("legal/b.json", text)];
    let findings = lint(&files, &settings(toml)).findings;
    let told =
        |f: &Finding| (f.place.source.path.clone(), f.owner.clone().unwrap_or_default(), f.is_open(), f.may_fail());
    let told: Vec<_> = findings.iter().map(told).collect();
    let row = |path: &str, owner: &str, fails| (path.to_owned(), owner.to_owned(), true, fails);
    assert_eq!(told, [row("legal/b.json", "all", true), row("platform/a.json", "platform", false)]);
}

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args);
    command.output().unwrap()
}

fn shown(args: &[&str]) -> (Option<i32>, String) {
    let output = run(args);
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn a_policy_is_shown_by_service_and_level() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("legal");
    let text = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Reports", "Effect": "Allow", "Action": ["artifact:ListReports", "artifact:GetReport", "s3:PutObject", "s3:CreateBucket", "s3:NoSuchThing"],
         "Resource": ["arn:aws:s3:::b/*", "arn:aws:artifact:::report/*"], "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["legal", "audit"]}}},
        {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "*"}]});
    std::fs::write(&path, text.to_string()).unwrap();
    let path = path.to_str().unwrap();
    let output = run(&["show", "policy", path, "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema_errors("policy.v1.schema.json", &document), Vec::<String>::new());
    let grants = document["policies"][0]["grants"].as_array().unwrap();
    let row = |g: &Value| {
        json!([
            g["effect"],
            g["service"],
            g["level"],
            g["actions"],
            g["withoutEffect"],
            g["allBut"],
            g["allResourcesBut"]
        ])
    };
    let rows: Vec<Value> = grants.iter().map(row).collect();
    assert_eq!(
        rows,
        [
            json!(["Allow", "artifact", "List", [], ["ListReports"], false, false]),
            json!(["Allow", "artifact", "Read", ["GetReport"], [], false, false]),
            json!(["Allow", "s3", null, ["NoSuchThing"], [], false, false]),
            json!(["Allow", "s3", "Write", ["PutObject"], ["CreateBucket"], false, false]),
            json!(["Deny", "*", null, ["iam:*"], [], true, true]),
        ]
    );
    assert_eq!(grants[0]["conditions"], json!(["StringEquals aws:PrincipalTag/team: legal, audit"]));
    assert_eq!(grants[0]["resources"], json!(["arn:aws:s3:::b/*", "arn:aws:artifact:::report/*"]));
    let (code, text) = shown(&["show", "policy", path]);
    assert_eq!(code, Some(0), "{text}");
    for says in [
        "(Reports)",
        "allows",
        "denies",
        "every action but iam:*",
        "every resource but *",
        "not in the catalogue",
        "without effect",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
}

/// A word is a file where there is one, or where it is written as a path; else it is the id of a Cedar policy.
#[test]
fn a_file_and_an_id_are_told_apart() {
    let (code, text) = shown(&["show", "policy", "download-agreement"]);
    assert!(code == Some(0) && text.contains("@id"), "{text}");
    for file in ["no/such", "legal.json", "./legal"] {
        let (code, text) = shown(&["show", "policy", file]);
        assert!(code == Some(2) && !text.contains("@id") && text.contains(file), "{file}: {text}");
    }
    let (code, text) = shown(&["show", "policy", "no-such-policy"]);
    assert!(code == Some(2) && text.contains("no-such-policy"), "{text}");
    let (code, text) = shown(&["show", "policy", "README.md", "--format", "json"]);
    assert!(code == Some(2) && text.contains("contains no policy"), "{text}");
}

/// What is not known of a policy is said, never left out.
#[test]
fn what_is_unknown_in_a_policy_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.tf");
    let text = "data \"aws_iam_policy_document\" \"a\" {\n  source_policy_documents = [var.more]\n  statement {\n    actions   = [\"s3:GetObject\", var.action]\n    resources = [\"*\"]\n  }\n}\n";
    std::fs::write(&path, text).unwrap();
    let (code, text) = shown(&["show", "policy", path.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Some of its statements are not known here"), "{text}");
    assert!(
        text.contains("of which some is not known here") && text.contains("GetObject") && text.contains('…'),
        "{text}"
    );
}

/// A slip of the name of AWS Artifact is what its profile is about.
#[test]
fn the_profile_of_artifact_tells_slips_of_its_name() {
    let settings = settings("[lint]\nprofile = \"artifact\"\n");
    let told = |action: &str| {
        let text =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
        super::codes(&super::lint(&[Example::new("p.json", text.to_string())], &settings).findings).contains("CS121")
    };
    for slip in ["artifac:GetReport", "artefact:ListReports", "atrifact:AcceptAgreement"] {
        assert!(told(slip), "{slip}");
    }
    assert!(!told("s3:GetObjct") && !told("artifact:GetReport"));
}

/// Anybody can have an owner whose name a pattern leaves open; which repository of an owner it is, is only worth knowing.
#[test]
fn subjects_of_github_that_anybody_can_have_are_told() {
    let settings = settings("[lint]\nprofile = \"security\"\n");
    let told = |operator: &str, subject: &str| {
        let host = "token.actions.githubusercontent.com";
        let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{host}")},
            "Condition": {"StringEquals": {format!("{host}:aud"): "sts.amazonaws.com"}, operator: {format!("{host}:sub"): subject}}}]});
        let found = super::lint(&[Example::new("p.json", text.to_string())], &settings).findings;
        found.iter().find(|f| f.rule.code == "CS206").map(|f| f.severity)
    };
    for open in ["repo:*", "repo:*:ref:refs/heads/main", "repo:myorg*", "repo:my*/repo:*"] {
        assert_eq!(told("StringLike", open), Some(Severity::Warning), "{open}");
    }
    for named in ["repo:myorg/repo:*", "repo:myorg/*"] {
        assert_eq!(told("StringLike", named), Some(Severity::Info), "{named}");
        assert_eq!(told("StringEqualsIgnoreCase", named), None, "{named}");
    }
    assert_eq!(told("StringLike", "repo:myorg/repo:ref:refs/heads/main"), None);
}

/// Of two lists that a choice is between, either may become a part of a document of Terraform: neither is told as certain.
#[test]
fn both_sides_of_a_choice_are_shown() {
    let document = |name: &str, body: &str| format!("data \"aws_iam_policy_document\" \"{name}\" {{\n{body}}}\n");
    let statement =
        |action: &str| format!("  statement {{\n    actions   = [\"{action}\"]\n    resources = [\"*\"]\n  }}\n");
    let shown = |parts: &str| {
        let parts = parts
            .replace('A', "data.aws_iam_policy_document.a.json")
            .replace('B', "data.aws_iam_policy_document.b.json");
        let text = [
            document("a", &statement("s3:GetObject")),
            document("b", &statement("iam:PassRole")),
            document("m", &format!("  source_policy_documents = {parts}\n")),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.tf");
        std::fs::write(&path, text.concat()).unwrap();
        let text = shown(&["show", "policy", path.to_str().unwrap()]).1;
        text.split("aws_iam_policy_document.m").nth(1).unwrap().to_owned()
    };
    assert!(shown("[var.c ? A : B]").contains("it may say more than this"));
    for parts in ["var.c ? [A] : [B]", "var.c ? [B] : [A]"] {
        let text = shown(parts);
        assert!(text.contains("GetObject") && text.contains("PassRole"), "{parts} {text}");
        assert_eq!(text.matches("of which some is not known here").count(), 2, "{parts} {text}");
    }
    let certain = shown("[A, B]");
    assert!(
        certain.contains("GetObject") && certain.contains("PassRole") && !certain.contains("not known"),
        "{certain}"
    );
}
