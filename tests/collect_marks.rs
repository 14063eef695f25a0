//! Every call of the collecting script that fails leaves its mark, and is made again.

#![cfg(unix)]
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json as value;

use crate::collect::{Machine, countersign, json};

/// Calls whose answers nobody is sought in, and what is missing without each.
const BESIDE: [(&str, &str); 8] = [
    ("artifact get-account-settings", "notifications"),
    ("artifact list-reports", "reports"),
    ("cloudtrail lookup-events", "events"),
    ("iam get-account-summary", "rootCredentials"),
    ("identitystore list-users", "users"),
    ("organizations list-delegated-administrators", "delegatedAdministrators"),
    ("organizations list-organizational-units-for-parent", "organizationalUnits"),
    ("sso-admin get-permissions-boundary-for-permission-set", "policies"),
];

fn missing(out: &str) -> BTreeSet<String> {
    let told = json(&["show", "completeness", out, "--format", "json"]);
    told["gaps"].as_array().unwrap().iter().map(|g| g["missing"].as_str().unwrap().to_owned()).collect()
}

/// D31: each is told by itself, where it is asked what is complete, and a gate that requires it fails; the next run asks again.
#[test]
fn each_call_that_fails_is_told_and_made_again() {
    let machine = Machine::new();
    let all: Vec<&str> = BESIDE.iter().map(|(call, _)| *call).collect();
    let pattern = format!("*@({})*", all.join("|"));
    let run = machine.collect(&[("BUSY", &pattern), ("ATTEMPTS", "1"), ("SUSPENDED", "ACTIVE")]);
    assert_eq!(run.status.code(), Some(1));
    let (_, out) = machine.import();
    let expected: BTreeSet<String> = BESIDE.iter().map(|(_, what)| (*what).to_owned()).collect();
    // a sample tells of no membership before the first event
    let told = |out: &str| missing(out).into_iter().filter(|m| m != "membership").collect::<BTreeSet<_>>();
    assert_eq!(told(&out), expected);
    for command in [
        &["evaluate", &out, "--require-complete"][..],
        &["check", &out, "--no-base", "--only", "completeness", "--require-complete"],
    ] {
        assert_eq!(countersign(command).status.code(), Some(1), "{command:?}");
    }
    let text = String::from_utf8(countersign(&["show", "completeness", &out]).stdout).unwrap();
    for (call, _) in BESIDE.iter().filter(|(call, _)| !call.starts_with("sso-admin")) {
        assert!(text.contains(call.split(' ').nth(1).unwrap()), "{call}: {text}");
    }
    let run = machine.collect(&[("SUSPENDED", "ACTIVE")]);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let (_, out) = machine.import();
    assert_eq!(told(&out), BTreeSet::new(), "everything was told the second time");
}

fn accept(out: &str, account: &str, agreement: &str) -> serde_json::Value {
    let asked = ["root", "accept", out, "--account", account, "--agreement", agreement, "--scope", "account"];
    let found = json(&[&["can"], &asked[..], &["--format", "json"]].concat());
    found["answers"][0]["operations"][0]["decision"].clone()
}

/// D31: service control policies that were not listed may deny anything to any member, and nothing to the management account.
#[test]
fn policies_that_were_not_listed_may_deny() {
    for (fault, pattern) in [
        ("FAIL", "*organizations list-policies*"),
        ("BUSY", "*organizations list-policies*"),
        ("TRUNCATE", "*organizations list-policies*"),
        // what it says and where it is attached, both
        ("FAIL", "*@(describe-policy|list-targets-for-policy)*p-noleave00001*"),
    ] {
        let machine = Machine::new();
        let run = machine.collect(&[(fault, pattern), ("ATTEMPTS", "1"), ("SUSPENDED", "ACTIVE")]);
        assert_eq!(run.status.code(), Some(1));
        let (_, out) = machine.import();
        assert_eq!(accept(&out, "222222222222", "baa"), "unknown", "{fault} {pattern}");
        assert_eq!(accept(&out, "111111111111", "andb"), "allow", "{fault} {pattern}");
        assert!(missing(&out).contains("serviceControlPolicies"), "{fault} {pattern}");
        let promise = "[[access]]\nprincipal = \"arn:aws:iam::222222222222:root\"\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\nexpect = \"allow\"\n";
        std::fs::write(Path::new(&out).join("promise.expect.toml"), promise).unwrap();
        assert_eq!(countersign(&["test", &out]).status.code(), Some(1));
    }
    let machine = Machine::new();
    assert_eq!(machine.collect(&[("SUSPENDED", "ACTIVE")]).status.code(), Some(0));
    assert_eq!(accept(&machine.import().1, "222222222222", "baa"), "allow");
}

/// Why a call failed, with AWS's code, stands beside what is missing for it, and beside nothing else.
#[test]
fn why_a_call_failed_is_told() {
    let failed = |out: &str, missing: &str| -> Vec<(String, serde_json::Value, String)> {
        let told = json(&["show", "completeness", out, "--format", "json"]);
        let gap = told["gaps"].as_array().unwrap().iter().find(|g| g["missing"] == missing).unwrap().clone();
        let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
        let all = gap["failed"].as_array().unwrap();
        all.iter().map(|f| (text(&f["why"]), f["code"].clone(), text(&f["call"]))).collect()
    };
    let organization = "organizations list-delegated-administrators";
    for (fault, why, code) in [
        ("FAIL", "denied", value!("AccessDeniedException")),
        ("BUSY", "throttled", value!("ThrottlingException")),
        ("TRUNCATE", "truncated", value!(null)),
    ] {
        let machine = Machine::new();
        let pattern = format!("*@({organization}|222222222222 iam get-account-summary|333333333333:role)*");
        let run = machine.collect(&[(fault, &pattern), ("ATTEMPTS", "1")]);
        assert_eq!(run.status.code(), Some(1));
        let (_, out) = machine.import();
        assert_eq!(failed(&out, "delegatedAdministrators"), [(why.to_owned(), code.clone(), organization.to_owned())]);
        let summary = (why.to_owned(), code.clone(), "iam get-account-summary".to_owned());
        let told = failed(&out, "rootCredentials");
        assert!(told.contains(&summary), "{told:?}");
        // without credentials of an account, nothing that it alone tells was asked
        if fault != "TRUNCATE" {
            let role = (why.to_owned(), code.clone(), "sts assume-role in 333333333333".to_owned());
            assert!(told.contains(&role) && failed(&out, "principals") == [role], "{told:?}");
        }
        let text = String::from_utf8(countersign(&["show", "completeness", &out]).stdout).unwrap();
        let code = code.as_str().map(|code| format!(" ({code})")).unwrap_or_default();
        assert!(text.contains(&format!("{why}{code}: aws {organization}")), "{text}");
    }
}

/// One call that fails stops nothing else: what it would have told is missing, with the call and the reason (D31).
#[test]
fn a_call_that_failed_is_named_beside_what_it_would_have_told() {
    let machine = Machine::new();
    for (call, missing) in [
        ("organizations list-accounts", "accounts"),
        ("organizations list-delegated-services-for-account", "delegatedAdministrators"),
        ("sso-admin list-instances", "assignments"),
        ("sso-admin describe-permission-set", "assignments"),
        ("sso-admin get-inline-policy-for-permission-set", "policies"),
        ("sso-admin list-managed-policies-in-permission-set", "policies"),
        ("sso-admin list-customer-managed-policy-references-in-permission-set", "policies"),
        ("sso-admin get-permissions-boundary-for-permission-set", "policies"),
    ] {
        for folder in ["answers", "inventory"] {
            drop(std::fs::remove_dir_all(machine.path(folder)));
        }
        let pattern = format!("* {call}*");
        let run = machine.collect(&[("FAIL", &pattern), ("ATTEMPTS", "1"), ("SUSPENDED", "ACTIVE")]);
        assert_eq!(run.status.code(), Some(1), "{call}");
        let (_, out) = machine.import();
        let told = json(&["show", "completeness", &out, "--format", "json"]);
        let gaps = told["gaps"].as_array().unwrap().iter().filter(|g| g["missing"] == missing);
        let failed: Vec<&serde_json::Value> = gaps.flat_map(|g| g["failed"].as_array().unwrap()).collect();
        let is_told = |f: &&serde_json::Value| {
            f["code"] == "AccessDeniedException" && f["call"].as_str().unwrap().starts_with(call)
        };
        assert!(failed.iter().any(is_told), "{call}: {}", told["gaps"]);
        let required = countersign(&["show", "completeness", &out, "--require-complete"]);
        assert_eq!(required.status.code(), Some(1), "{call}");
    }
}

/// A failure of a call that nothing asks for any more does not fail every later run.
#[test]
fn a_failure_of_what_is_gone_goes() {
    let machine = Machine::new();
    assert_eq!(machine.collect(&[]).status.code(), Some(0));
    for gone in
        ["sso-admin/ps-9999999999999999/list-accounts.json.failed", "accounts/999999999999/assume-role.json.failed"]
    {
        let path = machine.path("answers").join(gone);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "no\n").unwrap();
    }
    assert_eq!(
        machine.collect(&[("ACCOUNTS", "222222222222")]).status.code(),
        Some(1),
        "other accounts were not meant"
    );
    assert_eq!(machine.collect(&[]).status.code(), Some(0));
}
