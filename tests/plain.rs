//! Answers in plain words: the sentence first, by any usual word, without codes, rules, paths and ARNs.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::*;

fn run(columns: &str, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").env("COLUMNS", columns);
    String::from_utf8(command.args(args).output().unwrap().stdout).unwrap()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const HOSPITAL: &str = "examples/hospital";

#[test]
fn an_operation_and_an_agreement_have_other_words() {
    let accept = run("100", &["can", "maria", "accept-agreement", HOSPITAL, "--agreement", "baa"]);
    for (verb, agreement) in [
        ("sign", "HIPAA BAA"),
        ("agree", "business associate addendum"),
        ("accept", "BAA"),
        ("Sign", "Business Associate Agreement"),
    ] {
        assert_eq!(
            run("100", &["can", "maria", verb, HOSPITAL, "--agreement", agreement]),
            accept,
            "{verb} {agreement}"
        );
    }
    let terminate = run("100", &["who-can", "terminate-agreement", HOSPITAL]);
    for verb in ["end", "cancel", "terminate"] {
        assert_eq!(run("100", &["who-can", verb, HOSPITAL]), terminate, "{verb}");
    }
}

#[test]
fn the_answer_is_the_first_sentence() {
    let first = |args: &[&str]| words(run("100", args).split("\n\n").next().unwrap());
    let ask = |account, scope| first(&["can", "maria", "accept", HOSPITAL, "--account", account, "--scope", scope]);
    let denied = ask("222222222222", "account");
    let expected = "No. maria cannot accept the BAA for account wards (222222222222): a service control policy of the \
                    organizational unit Clinical denies it.";
    assert!(denied.starts_with(expected), "{denied}");
    assert!(denied.contains("“You don’t have the permissions to accept the agreement”"), "{denied}");
    assert!(
        ask("111111111111", "account")
            .starts_with("Yes. maria can accept the BAA for account management (111111111111).")
    );
    let both = run("100", &["can", "maria", "accept", HOSPITAL]);
    assert!(both.starts_with("Yes and no.\n"), "{both}");
    let coverage = first(&["coverage", HOSPITAL]);
    let expected = "4 of 5 accounts are covered by the BAA. Not covered: former-clinic (555555555555). \
                    1 account holds PHI without cover: former-clinic (555555555555).";
    assert!(coverage.starts_with(expected), "{coverage}");
    let one = ["coverage", HOSPITAL, "--account", "333333333333", "--agreement", "baa", "--at"];
    let on = |day| first(&[&one[..], &[day]].concat());
    assert!(
        on("2024-08-31").starts_with(
            "Yes. On 2024-08-31 at 00:00 UTC, account research (333333333333) is covered by a BAA: its own"
        )
    );
    assert!(
        on("2023-11-14")
            .starts_with("No. On 2023-11-14 at 00:00 UTC, no BAA is in force for account research (333333333333).")
    );
}

/// Codes, rules, ARNs and places are there where they are asked for, and only there.
#[test]
fn codes_and_places_are_for_those_who_ask() {
    for command in [
        &["can", "maria", "accept", HOSPITAL][..],
        &["who-can", "terminate", HOSPITAL],
        &["coverage", HOSPITAL, "--account", "222222222222"],
    ] {
        let plain = run("100", command);
        for code in ["arn:aws", ".cedar", ".json", "R12", "serviceControl", "Statement["] {
            assert!(!plain.contains(code), "{code} in {plain}");
        }
        let explained = run("100", &[command, &["--explain"]].concat());
        assert!(explained.len() > plain.len(), "{explained}");
        assert!(["arn:aws", "agreement-covers"].iter().any(|code| explained.contains(code)), "{explained}");
    }
}

#[test]
fn every_line_fits_the_terminal() {
    for columns in ["80", "200"] {
        let most: usize = columns.parse().unwrap();
        for command in [
            &["can", "maria", "accept", HOSPITAL][..],
            &["who-can", "terminate", HOSPITAL],
            &["coverage", HOSPITAL, "--all"],
            &["coverage", HOSPITAL, "--account", "333333333333"],
        ] {
            let text = run(columns, command);
            // the last line says what decided, on one line for those who compare it
            for line in text.lines().filter(|l| !l.starts_with("countersign ")) {
                assert!(line.chars().count() <= most, "{columns}: {line}");
            }
        }
    }
    let wide = run("200", &["coverage", HOSPITAL]);
    assert!(wide.lines().count() <= run("80", &["coverage", HOSPITAL]).lines().count());
}

/// D3, D16: who holds PHI without cover; an account of which it is not known is never left out.
#[test]
fn accounts_that_hold_phi_without_cover() {
    let world = World::new()
        .account(A, json!({"name": "covered", "phi": {"services": ["s3"]}}), &[])
        .account(B, json!({"name": "perhaps", "tagsKnown": false}), &[])
        .account(M, json!({"name": "bare", "phi": {"services": ["s3"]}}), &[])
        .account("444444444444", json!({"name": "empty"}), &[])
        .accepted("customer-agreement-Own0123456789ab", "baa", "account", A, "2024-01-01", None);
    let folder = world.folder();
    let path = folder.path().to_str().unwrap();
    let accounts = |more: &[&str]| {
        let json = run("100", &[&["coverage", path, "--format", "json"][..], more].concat());
        let found: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(schema_errors("coverage.v1.schema.json", &found), [""; 0]);
        let accounts = found["accounts"].as_array().unwrap().iter();
        accounts.map(|a| a["account"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(accounts(&["--without-cover", "--holding-phi"]), [M, B]);
    assert_eq!(accounts(&["--without-cover"]), [M, B, "444444444444"]);
    assert_eq!(accounts(&["--holding-phi"]), [M, A, B]);
    assert_eq!(accounts(&[]).len(), 4);
    let text = words(&run("100", &["coverage", path, "--without-cover", "--holding-phi"]));
    assert!(text.contains("1 account holds PHI without cover: bare (111111111111)."), "{text}");
    assert!(text.contains("Of 1 account without known cover it is not known whether PHI is held there."), "{text}");
}

/// D31: an organization whose accounts were not all listed may have others, which the list does not have.
#[test]
fn coverage_says_that_other_accounts_are_not_known() {
    for (known, accounts) in [(true, vec![]), (false, vec![]), (false, vec!["--account", M])] {
        let world = World::new().org(json!({"accountsKnown": known})).account(M, json!({}), &[ORG]);
        let folder = world.folder();
        let args = [&["coverage", folder.path().to_str().unwrap(), "--without-cover", "--holding-phi"][..], &accounts]
            .concat();
        let told = !known && accounts.is_empty();
        let text = words(&run("100", &args));
        assert_eq!(text.contains(&format!("Other accounts of {ORG} are not known")), told, "{text}");
        let found: Value = serde_json::from_str(&run("100", &[&args[..], &["--format", "json"]].concat())).unwrap();
        assert_eq!(schema_errors("coverage.v1.schema.json", &found), [""; 0]);
        assert_eq!(found["accountsNotListedOf"], if told { json!([ORG]) } else { Value::Null });
    }
}

#[test]
fn tables_have_the_same_answers() {
    let csv = run("100", &["who-can", "terminate", HOSPITAL, "--format", "csv"]);
    let json: Value =
        serde_json::from_str(&run("100", &["who-can", "terminate", HOSPITAL, "--format", "json"])).unwrap();
    let rows = ["may", "unknown", "nearly"].map(|of| json[of].as_array().unwrap().len());
    assert_eq!(csv.lines().count(), 1 + rows.iter().sum::<usize>(), "{csv}");
    assert_eq!(csv.lines().filter(|l| l.starts_with("yes,")).count(), rows[0]);
    let csv = run("100", &["coverage", HOSPITAL, "--agreement", "baa", "--format", "csv"]);
    assert!(csv.contains("\n555555555555,former-clinic,aws,ACTIVE,,standalone,baa,not covered,"), "{csv}");
    let markdown = run("100", &["can", "maria", "accept", HOSPITAL, "--format", "markdown"]);
    assert!(markdown.starts_with("Yes: maria can accept the BAA for account management (111111111111)."), "{markdown}");
}

/// Whom a policy denies is not told that something is missing: who-can says what denies it.
#[test]
fn who_is_denied_lacks_nothing() {
    let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*"}]));
    let world = |denied: bool| {
        let attached = if denied { json!(["p-FullAWSAccess", deny.clone()]) } else { json!(["p-FullAWSAccess"]) };
        let but_accept =
            allows(&["artifact:GetAgreement", "artifact:AcceptNdaForAgreement", "artifact:GetNdaForAgreement"]);
        World::new()
            .org(json!({}))
            .account(M, json!({}), &[ORG])
            .account(A, json!({"serviceControlPolicies": attached}), &[ORG])
            .user(A, "legal", json!([FULL]))
            .user(A, "nearly", json!([but_accept]))
    };
    let told = |denied: bool| {
        let folder = world(denied).folder();
        words(&run(
            "200",
            &["who-can", "accept", &folder.path().display().to_string(), "--scope", "account", "--account", A],
        ))
    };
    let (open, denied) = (told(false), told(true));
    assert!(open.contains("nearly, a user of account 222222222222: accept the BAA for account 222222222222; missing: artifact:AcceptAgreement."), "{open}");
    let by = "denied by a service control policy of account 222222222222: artifact:AcceptAgreement";
    assert!(
        denied.contains(&format!(
            "legal, a user of account 222222222222: accept the BAA for account 222222222222; {by}."
        )),
        "{denied}"
    );
    assert!(denied.contains("few permissions are missing or denied"), "{denied}");
}

/// An operation in several words is one argument: the error says how to write it, with the folder where one was meant.
#[test]
fn the_words_of_an_operation_are_one_argument() {
    let told = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args).output().unwrap();
        (output.status.code(), words(&String::from_utf8(output.stderr).unwrap()))
    };
    for (args, expected) in [
        (
            &["can", "jane", "accept", "agreements", HOSPITAL][..],
            "countersign can jane 'accept agreements' examples/hospital",
        ),
        (
            &["can", "jane", "set", "up", "organization", "agreements"],
            "countersign can jane 'set up organization agreements'",
        ),
        (
            &["who-can", "accept", "agreements", HOSPITAL, "--explain"],
            "countersign who-can 'accept agreements' examples/hospital --explain",
        ),
    ] {
        let (code, text) = told(args);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(&format!("the operation is one argument: {expected} ")), "{text}");
    }
    assert!(run("100", &["can", "jane", "accept agreements", HOSPITAL]).starts_with("Yes and no."));
    // another argument too many is no word of an operation
    let (_, text) = told(&["evaluate", HOSPITAL, "more"]);
    assert!(!text.contains("one argument"), "{text}");
}

#[test]
fn every_kind_of_agreement_can_be_asked_about() {
    let json = |kind: &str| -> Value {
        let args =
            ["can", "jane", "accept", HOSPITAL, "--account", "management", "--agreement", kind, "--format", "json"];
        serde_json::from_str(&run("100", &args)).unwrap()
    };
    let kinds = |json: &Value| -> Vec<String> {
        let answers = json["answers"][0]["operations"].as_array().unwrap();
        let mut kinds: Vec<String> = answers.iter().map(|o| o["agreement"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds(&json("all")), ["andb", "baa", "nzndb", "sec-17a-4", "sec-18a-6"]);
    assert_eq!(kinds(&json("baa")), ["baa"]);
}

/// D8, D27: the console may say first that a permission is missing; the reason is what no permission changes.
#[test]
fn the_headline_is_what_no_permission_changes() {
    let active = World::organization().user(M, "j", json!([])).accepted(
        "abcdef0123456789",
        "baa",
        "organization",
        ORG,
        "2024-01-01",
        None,
    );
    let alone = World::new().account(A, json!({}), &[]).user(A, "j", json!([]));
    for (world, scope, reason) in [
        (active, "organization", "an agreement of this kind and scope is already active"),
        (alone, "organization", "no permission gets past “Your account isn’t in an organization”"),
    ] {
        let folder = world.folder();
        let path = folder.path().display().to_string();
        let text = words(&run("400", &["can", "j", "accept", &path, "--scope", scope, "--at", "2026-11-15"]));
        let first = text.split(" The console says ").next().unwrap();
        assert!(
            first.starts_with("No. j cannot accept the BAA for ") && first.trim_end_matches('.').ends_with(reason),
            "{text}"
        );
        assert!(
            text.contains("The console says “You don’t have the permissions to retrieve information about"),
            "{text}"
        );
    }
}

/// Two groups of answers that stand under one name say in which accounts each is.
#[test]
fn headings_of_other_answers_are_told_apart() {
    let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*"}]));
    let (c, d) = ("444444444444", "555555555555");
    let world = World::new()
        .org(json!({"serviceControlPolicies": ["p-FullAWSAccess"]}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG])
        .account(B, json!({}), &[ORG])
        .account(c, json!({"serviceControlPolicies": ["p-FullAWSAccess", "deny.json"]}), &[ORG])
        .account(d, json!({"serviceControlPolicies": ["p-FullAWSAccess", "deny.json"]}), &[ORG])
        .file("deny.json", deny.to_string())
        .folder();
    let text = run("200", &["evaluate", world.path().to_str().unwrap(), "--at", "2026-11-15"]);
    for accounts in [[A, B], [c, d]] {
        assert!(text.lines().any(|line| line == format!("root ({}, {})", accounts[0], accounts[1])), "{text}");
    }
}
