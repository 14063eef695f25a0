//! Resource control policies from the collecting script to the answer to who becomes a role: listed, denied, throttled, cut short.

#![cfg(unix)]
use std::path::Path;

use serde_json::Value;

use crate::collect::{Machine, countersign, json};

/// An organization in which resource control policies are enabled; the role `legal` of 222222222222 may be assumed by one user.
const WITH: [(&str, &str); 3] = [("CONTROLS", "1"), ("SUSPENDED", "ACTIVE"), ("ATTEMPTS", "1")];

fn collected(more: &[(&str, &str)]) -> (Machine, Option<i32>) {
    let machine = Machine::new();
    let run = machine.collect(&[&WITH[..], more].concat());
    (machine, run.status.code())
}

/// Who may become the role, with how certain that is; `None` where nobody may.
fn becomes(out: &str) -> Option<bool> {
    let asked = ["who-can", "accept", out, "--scope", "account", "--agreement", "baa", "--format", "json"];
    let found = json(&asked);
    let rows = ["may", "unknown"].into_iter().flat_map(|part| found[part].as_array().unwrap().clone());
    let role = rows.into_iter().find(|r| r["name"] == "legal" && r["account"] == "222222222222").unwrap();
    role["standsBehind"]["assumers"][0]["certain"].as_bool()
}

fn organization(out: &str) -> Value {
    let text = std::fs::read_to_string(Path::new(out).join("organization.json")).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    all.into_iter().find(|e| e["uid"].as_str().unwrap().starts_with("Organization::")).unwrap()["attrs"].clone()
}

fn gaps(out: &str) -> Vec<(String, String)> {
    let told = json(&["show", "completeness", out, "--format", "json"]);
    let gap = |g: &Value| (g["missing"].as_str().unwrap().to_owned(), g["calls"].as_str().unwrap().to_owned());
    let all = told["gaps"].as_array().unwrap().iter().map(gap);
    all.filter(|(missing, _)| missing != "membership").collect()
}

#[test]
fn what_is_listed_binds() {
    let (machine, code) = collected(&[]);
    assert_eq!(code, Some(0));
    let (_, out) = machine.import();
    assert_eq!(becomes(&out), Some(true), "it denies another account");
    assert_eq!(gaps(&out), []);
    assert_eq!(organization(&out).get("resourceControlPoliciesUnplaced"), None);
    let text = std::fs::read_to_string(Path::new(&out).join("rcps/p-perimeter01.json")).unwrap();
    assert!(text.contains("aws:PrincipalAccount"), "{text}");
    let accounts = std::fs::read_to_string(Path::new(&out).join("accounts.json")).unwrap();
    assert_eq!(accounts.matches("resourceControlPolicies").count(), 1, "RCPFullAWSAccess need not be said");
    // the same, where it denies the account of whoever asks
    let (machine, code) = collected(&[("DENIED", "222222222222")]);
    assert_eq!((code, becomes(&machine.import().1)), (Some(0), None));
}

/// D31: what denies, perhaps, takes away what is certain, and gives nothing; the account that asks decides nothing here.
#[test]
fn each_answer_that_is_missing_leaves_its_mark() {
    for (fault, pattern) in [
        ("FAIL", "*list-policies --filter RESOURCE_CONTROL_POLICY*"),
        ("BUSY", "*list-policies --filter RESOURCE_CONTROL_POLICY*"),
        ("TRUNCATE", "*list-policies --filter RESOURCE_CONTROL_POLICY*"),
        ("FAIL", "*describe-policy*p-perimeter01*"),
        ("FAIL", "*@(describe-policy|list-targets-for-policy)*p-perimeter01*"),
    ] {
        let (machine, code) = collected(&[(fault, pattern)]);
        assert_eq!(code, Some(1), "{fault} {pattern}");
        let (_, out) = machine.import();
        assert_eq!(becomes(&out), Some(false), "{fault} {pattern}");
        let missing: Vec<String> = gaps(&out).into_iter().map(|(missing, _)| missing).collect();
        let expected = match pattern {
            p if p.contains("list-policies") => vec!["resourceControlPolicies"],
            p if p.contains('@') => vec!["policies", "resourceControlPolicies"],
            _ => vec!["policies"],
        };
        assert_eq!(missing, expected, "{fault} {pattern}");
        let only = "[[only]]\nprincipal = [\"legal\", \"Compliance\", \"arn:aws:iam::*:root\"]\noperation = \"accept-agreement\"\nagreement = \"baa\"\nscope = \"account\"\naccount = \"222222222222\"\n";
        std::fs::write(Path::new(&out).join("promise.expect.toml"), only).unwrap();
        let required = ["check", &out, "--no-base", "--only", "completeness", "--require-complete"];
        assert_eq!(countersign(&required).status.code(), Some(1), "{fault} {pattern}");
    }
    // what it says is known, and not where it is attached
    let targets = ("FAIL", "*list-targets-for-policy*p-perimeter01*");
    for (denied, expected) in [("222222222222", Some(false)), ("444444444444", Some(true))] {
        let (machine, code) = collected(&[targets, ("DENIED", denied)]);
        let (_, out) = machine.import();
        assert_eq!((code, becomes(&out)), (Some(1), expected), "{denied}");
        assert_eq!(
            organization(&out)["resourceControlPoliciesUnplaced"],
            serde_json::json!(["rcps/p-perimeter01.json"])
        );
    }
}

/// The root tells which types of policies are enabled: where these are not, none is in effect, and none is asked for.
#[test]
fn what_is_not_enabled_is_not_missing() {
    let machine = Machine::new();
    assert_eq!(machine.collect(&[("SUSPENDED", "ACTIVE")]).status.code(), Some(0));
    assert!(!machine.calls().iter().any(|c| c.contains("RESOURCE_CONTROL_POLICY")));
    assert_eq!(gaps(&machine.import().1), []);
    // a root that was not asked leaves it open, and so does a list that was answered before there was a question
    let (machine, code) = collected(&[("FAIL", "*list-roots*")]);
    assert_eq!(code, Some(1));
    assert!(machine.calls().iter().any(|c| c.contains("--filter RESOURCE_CONTROL_POLICY")));
}

/// An empty list says of which type it is in its name alone: nothing else says that there are none.
#[test]
fn an_empty_list_tells_of_its_own_type_only() {
    for (name, missing) in [
        ("list-policies.RESOURCE_CONTROL_POLICY.json", vec![]),
        ("list-policies.TAG_POLICY.json", vec!["resourceControlPolicies"]),
        ("list-policies.json", vec!["resourceControlPolicies"]),
    ] {
        let (machine, _) = collected(&[]);
        let folder = machine.path("answers/organizations");
        for file in [
            "list-policies.RESOURCE_CONTROL_POLICY",
            "describe-policy.p-perimeter01",
            "list-targets-for-policy.p-perimeter01",
        ] {
            std::fs::remove_file(folder.join(format!("{file}.json"))).unwrap();
        }
        std::fs::write(folder.join(name), "{\"Policies\": []}").unwrap();
        let (_, out) = machine.import();
        let found: Vec<String> = gaps(&out).into_iter().map(|(missing, _)| missing).collect();
        assert_eq!(found, missing, "{name}");
    }
}
