//! What a request carries, in every command: the tags of sessions, and values that an answer promises to be enough.

use std::process::Command;

use crate::common::*;
use serde_json::{Value, json};

fn countersign(args: &[&str]) -> (Value, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(args)
        .args(["--format", if args[0] == "evaluate" { "json@v1" } else { "json" }])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    (serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}\n{error}")), output.status.code().unwrap())
}

/// Whoever assumes a role can tag the session, and so override the role's tags.
#[test]
fn the_tags_of_a_role_are_those_of_its_session() {
    let role = format!("arn:aws:iam::{A}:role/legal");
    let accept = policy(json!([
        {"Effect": "Allow", "Action": "artifact:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "legal"}}},
    ]));
    let ask = |tags: Value, more: Value| {
        let mut attrs = json!({"policies": [accept.clone()]});
        for (key, value) in more.as_object().unwrap() {
            attrs[key] = value.clone();
        }
        let world = World::new()
            .account(A, json!({}), &[])
            .entity(json!({"uid": format!("Role::{role:?}"), "attrs": attrs, "tags": tags}));
        world.now().decision(&role, "accept-agreement", "account").to_owned()
    };
    for (tags, attrs, decision) in [
        (json!({"team": "legal"}), json!({}), "unknown"),
        (json!({}), json!({}), "unknown"),
        (json!({"team": "legal"}), json!({"sessionTags": []}), "allow"),
        (json!({"team": "sales"}), json!({"sessionTags": []}), "deny"),
        (json!({}), json!({"sessionTags": []}), "deny"),
        (json!({}), json!({"sessionTags": ["team=legal"]}), "allow"),
        (json!({"team": "legal"}), json!({"sessionTags": ["Team=sales"]}), "deny"),
    ] {
        assert_eq!(ask(tags.clone(), attrs.clone()), decision, "{tags} {attrs}");
    }
    let world = World::new()
        .account(A, json!({}), &[])
        .entity(json!({"uid": format!("Role::{role:?}"), "attrs": {"policies": [accept]}, "tags": {"team": "legal"}}));
    let answers = world.now();
    let answer = answers.answer(&role, "accept-agreement", "account");
    assert_eq!(answer["dependsOn"], json!([{"key": "aws:PrincipalTag/team", "allows": ["legal"]}]));
}

/// The end of a permission set's role is not known, but it is sixteen hexadecimal digits: no colon, no slash and no word is in it.
#[test]
fn the_role_of_a_permission_set_is_no_root_user() {
    let under = |pattern: &str, operator: &str| {
        let denies = json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {operator: {"aws:PrincipalArn": pattern}}},
        ]);
        let world = World::new()
            .org(json!({"serviceControlPolicies": ["scp.json"]}))
            .file("scp.json", policy(denies).to_string())
            .account(M, json!({}), &[ORG])
            .account(A, json!({"nda": {"accepted": true}}), &[ORG])
            .entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": {"displayName": "g"}}))
            .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {
                "policies": ["arn:aws:iam::aws:policy/AdministratorAccess"], "assignments": [{"group": "g", "accounts": [A]}]}}));
        let role = format!("arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Legal_*");
        world.now().decision(&role, "accept-agreement", "account").to_owned()
    };
    for (pattern, operator, decision) in [
        ("arn:aws:iam::*:root", "StringLike", "allow"),
        ("*:root", "StringLike", "allow"),
        ("arn:aws:iam::*:role/break-glass", "StringLike", "allow"),
        ("arn:aws:iam::*/break-glass", "StringNotLike", "deny"),
        ("*/AWSReservedSSO_Legal_*", "StringLike", "deny"),
        ("*AWSReservedSSO_Legal_0*", "StringLike", "unknown"),
        ("*_Legal_*break-glass", "StringLike", "allow"),
        ("*_Legal_*0af", "StringLike", "unknown"),
        ("*/eu-west-1/*", "StringLike", "unknown"),
    ] {
        assert_eq!(under(pattern, operator), decision, "{operator} {pattern}");
    }
}

/// What an unknown answer depends on can be pasted into `--context`, and then has the answer that it promises.
#[test]
fn what_an_answer_depends_on_can_be_pasted() {
    let mut pasted = 0;
    for example in ["clinic", "consolidated-billing", "hospital", "not-set-up", "offline-baa", "reseller"] {
        let folder = format!("examples/{example}");
        let (assessment, _) = countersign(&["evaluate", &folder]);
        for principal in assessment["principals"].as_array().unwrap() {
            for answer in principal["operations"].as_array().unwrap().iter().filter(|o| o["decision"] == "unknown") {
                let keys = answer["dependsOn"].as_array().unwrap();
                let [key] = keys.as_slice() else { continue };
                let name = key["key"].as_str().unwrap();
                if !name.contains(':') || name.starts_with("arn:") || name.contains(" of ") {
                    continue;
                }
                for value in key["allows"].as_array().unwrap() {
                    let context = format!("{}={}", key["key"].as_str().unwrap(), value.as_str().unwrap());
                    let mut args = vec![
                        "can",
                        principal["principal"].as_str().unwrap(),
                        answer["operation"].as_str().unwrap(),
                        &folder,
                    ];
                    for (flag, field) in [("--scope", "scope"), ("--agreement", "agreement"), ("--report", "report")] {
                        if let Some(text) = answer[field].as_str() {
                            args.extend([flag, text]);
                        }
                    }
                    args.extend(["--context", &context]);
                    let (told, code) = countersign(&args);
                    assert_eq!(code, 0, "{args:?}\n{told:#}");
                    pasted += 1;
                }
            }
        }
    }
    assert!(pasted > 0);
}

/// A class of values is printed with one of them, and can be pasted as it is printed.
#[test]
fn classes_of_values_can_be_pasted() {
    let mut pasted = 0;
    for (condition, key, printed) in [
        (
            json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}),
            "aws:MultiFactorAuthAge",
            "less than 3600 (such as 3599)",
        ),
        (
            json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}),
            "aws:SourceIp",
            "any other IPv4 address (such as 0.0.0.0)",
        ),
        (
            json!({"DateLessThan": {"aws:TokenIssueTime": "2027-01-01T00:00:00Z"}}),
            "aws:TokenIssueTime",
            "less than 2027-01-01T00:00:00.000Z (such as 2026-12-31T23:59:59.000Z)",
        ),
        (
            json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}),
            "aws:SourceVpc",
            "any other value (such as vpc-0a1b2c3d)",
        ),
        (json!({"StringLike": {"aws:UserAgent": "curl/*"}}), "aws:UserAgent", "curl/* (such as curl/)"),
        (
            json!({"ForAllValues:StringEquals": {"aws:VpceOrgPaths": ["a", "b"]}}),
            "aws:VpceOrgPaths",
            "a and b (such as [\"a\",\"b\"])",
        ),
    ] {
        let statement =
            json!({"Effect": "Allow", "Action": "artifact:*", "Resource": "*", "Condition": condition.clone()});
        let folder =
            World::new().account(A, json!({}), &[]).user(A, "jo", json!([policy(json!([statement]))])).folder();
        let folder = folder.path().to_str().unwrap();
        let ask = |more: &[&str]| may_jo_accept(folder, more);
        let (open, code) = ask(&[]);
        assert_eq!(code, 1);
        let answer = &open["answers"][0]["operations"][0];
        let allows = answer["dependsOn"][0]["allows"].as_array().unwrap_or_else(|| panic!("{open:#}"));
        assert!(allows.contains(&json!(printed)), "{condition} {allows:?}");
        for value in allows {
            let context = format!("{key}={}", value.as_str().unwrap());
            let (told, code) = ask(&["--context", &context]);
            assert_eq!(code, 0, "{context}\n{told:#}");
            pasted += 1;
        }
    }
    assert!(pasted >= 8, "{pasted}");
}

/// Whether the user jo may accept an agreement, and the exit code.
fn may_jo_accept(folder: &str, more: &[&str]) -> (Value, i32) {
    let asked = ["can", "jo", "accept-agreement", folder, "--scope", "account", "--agreement", "andb"];
    countersign(&[&asked[..], more].concat())
}

/// The absence of a key can be pasted as it is printed, too.
#[test]
fn absence_can_be_pasted() {
    let folder = World::new()
        .account(A, json!({}), &[])
        .user(
            A,
            "jo",
            json!([policy(json!([
                {"Effect": "Allow", "Action": "artifact:*", "Resource": "*"},
                {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Null": {"aws:SourceVpce": "false"}}},
            ]))]),
        )
        .folder();
    let folder = folder.path().to_str().unwrap();
    let ask = |more: &[&str]| may_jo_accept(folder, more);
    let (open, code) = ask(&[]);
    assert_eq!(code, 1);
    let text = open.to_string();
    assert!(text.contains(r#"{"key":"aws:SourceVpce","allows":["(absent)"]}"#), "{text}");
    assert_eq!(ask(&["--context", "aws:SourceVpce=(absent)"]).1, 0);
}

/// The settings of an inventory can be strict about deprecated permissions, for evaluation and lint alike (D11, D28).
#[test]
fn the_permission_model_is_a_setting() {
    let old = policy(
        json!([{"Effect": "Allow", "Action": ["artifact:AcceptAgreement", "artifact:DownloadAgreement"], "Resource": "*"}]),
    );
    let world = |settings: &str| {
        World::new()
            .account(A, json!({}), &[])
            .user(A, "jo", json!(["jo.json"]))
            .file("jo.json", old.to_string())
            .file("countersign.toml", settings)
            .folder()
    };
    for (settings, flag, code) in [
        ("", None, 0),
        ("permissionModel = \"fine-grained\"", None, 1),
        ("permissionModel = \"fine-grained\"", Some("any"), 0),
        ("permissionModel = \"fine\"", None, 2),
    ] {
        let folder = world(settings);
        let mut args =
            vec!["can", "jo", "accept", folder.path().to_str().unwrap(), "--scope", "account", "--agreement", "andb"];
        args.extend(flag.iter().flat_map(|f| ["--permission-model", f]));
        let output = Command::new(env!("CARGO_BIN_EXE_countersign")).args(&args).env("NO_COLOR", "1").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{settings} {flag:?}\n{text}");
        if code == 0 {
            let first = text.split("\n\n").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(first.starts_with("Yes."), "{text}");
            assert!(first.ends_with(": only by permissions that AWS deprecated on 2025-03-03."), "{text}");
        }
    }
    for (settings, message) in [
        ("", "AWS deprecated `artifact:DownloadAgreement` on"),
        ("permissionModel = \"fine-grained\"", "grants nothing"),
    ] {
        let folder = world(settings);
        let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .current_dir(folder.path())
            .args(["lint", "."])
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(message), "{settings}\n{text}");
    }
}

/// What depends on a policy variable is printed with a value of it, and with one of the key that it is compared with where that is unknown as
/// well: both can be pasted, and then have the answer that was promised.
#[test]
fn values_of_policy_variables_can_be_pasted() {
    for (statement, keys) in [
        (
            json!({"Effect": "Allow", "Action": "artifact:*", "Resource": "*",
                "Condition": {"StringEquals": {"aws:UserAgent": "${aws:SourceVpce}"}}}),
            vec!["aws:SourceVpce", "aws:UserAgent"],
        ),
        (
            json!({"Effect": "Allow", "Action": "artifact:*", "Resource": "*",
                "Condition": {"StringLike": {"aws:UserAgent": "app/${aws:SourceVpce}/*"}}}),
            vec!["aws:SourceVpce", "aws:UserAgent"],
        ),
        (
            json!({"Effect": "Allow", "Action": "artifact:*", "Resource": "*",
                "Condition": {"StringNotLike": {"aws:UserAgent": "app/${aws:SourceVpce}/*"}}}),
            vec!["aws:SourceVpce", "aws:UserAgent"],
        ),
        (
            json!({"Effect": "Allow", "Action": "artifact:*", "Resource": "*",
                "Condition": {"ArnEquals": {"aws:PrincipalArn": format!("arn:aws:iam::{A}:user/${{aws:UserAgent}}")}}}),
            vec!["aws:UserAgent"],
        ),
    ] {
        let world = World::new().account(A, json!({}), &[]);
        let folder = world.user(A, "jo", json!([policy(json!([statement]))])).folder();
        let folder = folder.path().to_str().unwrap();
        let (open, code) = may_jo_accept(folder, &[]);
        assert_eq!(code, 1, "{open:#}");
        let told = open["answers"][0]["operations"][0]["dependsOn"].as_array().unwrap().clone();
        let named: Vec<&str> = told.iter().map(|d| d["key"].as_str().unwrap()).collect();
        assert_eq!(named, keys, "{statement} {told:#?}");
        let pasted: Vec<String> = told
            .iter()
            .map(|d| format!("{}={}", d["key"].as_str().unwrap(), d["allows"][0].as_str().unwrap()))
            .collect();
        let more: Vec<&str> = pasted.iter().flat_map(|context| ["--context", context.as_str()]).collect();
        let (answer, code) = may_jo_accept(folder, &more);
        assert_eq!(code, 0, "{pasted:?}\n{answer:#}");
    }
}
