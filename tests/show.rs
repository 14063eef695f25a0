//! What is shown of the rules: every code, rule and policy, and what an IAM policy becomes in Cedar.

use std::process::{Command, Output};

use crate::common::*;
use countersign_core::{guardrails, lint};
use serde_json::json;

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args).output().unwrap()
}

fn shown(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?} {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A paragraph may be wrapped anywhere.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_code_that_is_printed_is_explained() {
    for rule in lint::rules::all() {
        // a byte order mark is shown, as all that is not seen
        let page = rule.page.replace('\u{feff}', "\\u{feff}");
        assert_eq!(shown(&["show", "rule", rule.code]).trim_end(), page.trim_end());
    }
    let mut codes = 0;
    for rule in RULES.rules.values() {
        let Some(code) = rule.get("code") else { continue };
        let text = shown(&["show", "rule", &code.to_ascii_lowercase()]);
        for part in
            [format!("@code(\"{code}\")"), format!("@help(\"{}\")", rule.get("help").unwrap()), rule.file.clone()]
        {
            assert!(text.contains(&part), "{code} {part}\n{text}");
        }
        codes += 1;
    }
    assert!(codes > 10);
    // those of the page too
    let page = include_str!("../docs/findings.md");
    let listed = page.lines().filter(|l| l.starts_with("| CS")).count();
    assert_eq!(listed, codes, "docs/findings.md lists every finding");
}

#[test]
fn every_policy_is_shown_with_its_text_and_its_rules() {
    let rules = include_str!("../docs/rules.md");
    for rule in RULES.rules.values() {
        let text = shown(&["show", "policy", &rule.id]);
        assert_eq!(text.matches("@id(").count(), 1, "one policy, and no other: {text}");
        assert!(text.starts_with(&format!("{} {}:", rule.id, rule.file)), "{text}");
        assert!(text.contains(&format!("@id(\"{}\")", rule.id)) && text.contains(";\n"), "{text}");
        for action in &rule.actions {
            assert!(one_line(&text).contains(action.as_str()), "{} {action}", rule.id);
        }
        for number in rule.rule().split_whitespace() {
            let (_, body) = rules.split_once(&format!("### {number}\n\n")).unwrap();
            let sentence = body.split("\n\n").next().unwrap();
            assert!(one_line(&text).contains(&one_line(sentence)), "{} {number}\n{text}", rule.id);
        }
    }
    for (_, policy) in guardrails::shipped().unwrap() {
        let id = policy.annotation("id").unwrap();
        let text = shown(&["show", "policy", id]);
        assert!(text.contains(&format!("@id(\"{id}\")")) && text.contains("[guardrails]"), "{text}");
    }
}

#[test]
fn the_whole_of_a_policy_is_shown() {
    let text = shown(&["show", "policy", "phi-without-notifications"]);
    assert!(
        text.contains("when { context.holdsPhi && principal has notifications && !principal.notifications };"),
        "{text}"
    );
    assert!(
        text.contains("applies to  report-on-account") && text.contains("source      HIPAA guide, Using Artifact"),
        "{text}"
    );
    assert!(one_line(&text).contains("R82 Artifact notifications are on"), "{text}");
    let decision = shown(&["show", "policy", "only-legal-binds"]);
    assert!(one_line(&decision).contains("D24 *Permission and authority.* "), "{decision}");
    assert_eq!(
        shown(&["show", "rule", "phi-without-notifications"]),
        text,
        "a policy by its id is found as a rule too"
    );
}

/// What to write for an account, from the schema: each attribute with what it takes and what it says, and the fields of an object.
#[test]
fn what_an_entity_can_have_is_shown_by_its_type() {
    let text = one_line(&shown(&["show", "schema", "account"]));
    for said in [
        "nda: an object; may be left out the AWS Artifact NDA",
        "accepted: true or false",
        "phi: an object",
        "\"aws\" where it is left out",
        "`tags`: an object of strings",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(shown(&["show", "schema", "Membership"]).contains("under `memberships` of its account"));
    let types = countersign_core::inventory::schema::EntitySchema::built_in().unwrap().types;
    for (name, ty) in &types {
        let text = shown(&["show", "schema", name]);
        assert!(ty.attributes.keys().all(|attribute| text.contains(&format!("  {attribute}: "))), "{name}: {text}");
    }
    // somebody who writes something else is told what to write
    let world = World::new().account(A, json!({"nda": true}), &[]);
    let problems = world.problems();
    let help = problems[0].help_text().unwrap();
    assert!(help.contains("\"accepted\": true or false"), "{help}");
}

#[test]
fn what_is_not_there_has_near_names() {
    for (args, near) in [
        (["show", "policy", "only-legal-bind"], "did you mean `only-legal-binds`?"),
        (["show", "rule", "CS0007"], "did you mean `CS007`?"),
        (["show", "rule", "no-effect-under-boundry"], "did you mean `no-effect-under-boundary`?"),
        (["show", "rule", "R999"], "the last is R103"),
        (["show", "rule", "R0"], "did you mean"),
        (["show", "policy", "something else"], "`countersign show policies`"),
        (["show", "schema", "Acount"], "did you mean `Account`?"),
    ] {
        let output = run(&args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && one_line(&text).contains(near), "{args:?} {text}");
    }
}

/// The ids that JSON names gates by are known as the messages are.
#[test]
fn a_gate_is_explained_by_its_id() {
    for (id, told) in [("trusted-access", "rule"), ("service-role", "rule"), ("account-closed", "applies to")] {
        let text = shown(&["show", "message", id]);
        assert!(text.contains(told) && one_line(&text).contains(&format!("({id},")), "{text}");
    }
}

/// D14: an account that is closed is covered still, and that it is closed is said.
#[test]
fn coverage_of_a_closed_account_says_that_it_is_closed() {
    for (state, told) in [
        (
            "CLOSED",
            "In the snapshot, the account is closed. It still belongs to its organization and is still covered, until it departs (D14).",
        ),
        ("SUSPENDED", "In the snapshot, the account is suspended."),
        ("PENDING_CLOSURE", "In the snapshot, the account is being closed."),
        ("ACTIVE", ""),
    ] {
        let world = World::organization().account(B, json!({"state": state}), &[ORG]);
        let folder = world.accepted("Org", "baa", "organization", ORG, "2024-01-01", None).folder();
        let path = folder.path().display().to_string();
        let text = one_line(&shown(&["coverage", &path, "--account", B, "--at", "2026-11-01"]));
        assert!(text.contains(told), "{text}");
        assert!(state != "ACTIVE" || !text.contains("In the snapshot, the account"), "{text}");
    }
}

#[test]
fn a_lowered_statement_says_what_it_became() {
    let condition = json!({
        "StringNotEquals": {"aws:RequestedRegion": "eu-west-1"},
        "ForAllValues:StringLike": {"aws:TagKeys": "x*"},
        "Null": {"aws:MultiFactorAuthAge": "false"},
    });
    let statements = json!([
        {"Sid": "A", "Effect": "Allow", "Action": "s3:Get?bject", "Resource": "arn:aws:s3:::${aws:username}/*", "Condition": condition},
        {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3"},
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.json");
    std::fs::write(&path, json!({"Version": "2012-10-17", "Statement": statements}).to_string()).unwrap();
    let path = path.to_str().unwrap();
    let text = shown(&["lower", "--explain", path]);
    for part in [
        "// Statement[0]: `Allow` is a permit",
        "atom `action s3:get?bject`: computed before the request is evaluated, and listed in `context.atoms` if it holds; Cedar's `like` has no `?`",
        "atom `resource arn:aws:s3:::${aws:username}/*`: computed before the request is evaluated, and listed in `context.atoms` if it holds; it contains a policy variable",
        "guarded by `context has \"aws:requestedregion#string\"`",
        "a negated operator also holds where the key is absent",
        "`ForAllValues` also holds where the key is absent",
        "tests whether the key is present",
        "// Statement[1]: `Deny` is a forbid",
        "Action [*]: always holds, and is left out",
        "Resource [arn:aws:s3]: never holds",
        "a pattern with fewer than six segments that does not end in `*` matches nothing",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let code = |text: &str| text.lines().filter(|l| !l.starts_with("//")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(code(&text), code(&shown(&["lower", path])), "comments alone are added");
    let merged = shown(&["lower", "--merged", "--explain", path, "--boundary", path]);
    assert!(merged.contains("`Allow` is one of the alternatives under `unless`"), "{merged}");
    assert_eq!(code(&merged), code(&shown(&["lower", "--merged", path, "--boundary", path])));
}

/// Whatever stands as a code in an output can be looked up: what `check` tells of a change, and guardrails of the user's.
#[test]
fn what_a_check_tells_is_explained() {
    for told in countersign::check::Told::ALL {
        for name in [told.code(), told.name()] {
            let text = shown(&["show", "rule", name]);
            assert!(
                text.starts_with(told.code()) && one_line(&text).contains(&one_line(told.meaning())),
                "{name}: {text}"
            );
        }
    }
    let near = run(&["show", "rule", "acces-change"]);
    assert!(String::from_utf8_lossy(&near.stderr).contains("did you mean `access-change`?"));
    let guardrail = "@id(\"company-guardrail\") @rule(\"R33\") @message(\"m\")\nforbid (principal, action in [Artifact::Action::\"may\"], resource);";
    let folder = World::new()
        .account(A, json!({}), &[])
        .file("guardrails/own.cedar", guardrail)
        .file("countersign.toml", "")
        .folder();
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .args(["show", "rule", "company-guardrail"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("company-guardrail guardrails/own.cedar:1") && text.contains("forbid (principal"),
        "{text}"
    );
    assert!(one_line(&text).contains("R33 Only the management account"), "{text}");
}

/// A finding of the user's own has its code; a policy that is not built in claims no test of ours.
#[test]
fn codes_and_policies_of_the_users_are_shown() {
    let finding = "@id(\"own\") @rule(\"X\") @code(\"OWN1\") @severity(\"info\") @message(\"m\")\npermit (principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);";
    let folder = World::new().account(A, json!({}), &[]).file("own.cedar", finding).folder();
    let rules = folder.path().to_str().unwrap();
    let text = shown(&["show", "rule", "OWN1", "--policies", rules]);
    assert!(text.contains("@code(\"OWN1\")") && !text.contains("shown by"), "{text}");
}

/// What shows a policy is told with it: an inventory of the tests in which its absence makes a difference.
#[test]
fn a_policy_names_the_test_that_shows_it() {
    for id in RULES.rules.keys() {
        let text = shown(&["show", "policy", id]);
        let Some((_, shown_by)) = text.split_once("shown by    tests/data/mutation/") else {
            // the permits that a gate stands before in every case
            assert!(RULES.rules[id].file == "operations/ending.cedar" && !RULES.rules[id].forbids, "{text}");
            continue;
        };
        let inventory = shown_by.split(' ').next().unwrap();
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mutation").join(inventory);
        assert!(path.is_dir(), "{id}: {inventory}");
        let is_gate = RULES.rules[id].forbids && RULES.rules[id].file.starts_with("operations/");
        assert_eq!(text.contains("tests/gates.rs") || text.contains("tests/ending.rs"), is_gate, "{id}");
    }
    assert!(shown(&["show", "policy", "no-member-root"]).contains("shown by    tests/data/mutation/"));
}

/// A rule of the user's own is known by the policies that state it, and the accounts of an inventory are listed once.
#[test]
fn rules_of_the_users_own_are_shown() {
    let rules = "examples/writing-rules/operation";
    let named = [&format!("{rules}/rules"), &format!("{rules}/schema.json")];
    let text = shown(&["show", "rule", "company-1", "--policies", named[0], "--schema", named[1]]);
    assert!(one_line(&text).starts_with("COMPANY-1 A rule of your own"), "{text}");
    for id in ["create-compliance-inquiry (inquiry.cedar)", "create-compliance-inquiry-with-permission (inquiry.cedar)"]
    {
        assert!(text.contains(id), "{text}");
    }
    let fails = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        one_line(&String::from_utf8_lossy(&output.stderr))
    };
    let text = fails(&["show", "rule", "COMPANY-11", "--policies", named[0], "--schema", named[1]]);
    assert!(text.contains("did you mean `COMPANY-1`?"), "{text}");
    let text = fails(&["evaluate", "examples/offline-baa", "--account", "999999999999"]);
    let accounts: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|w| w.len() == 12).collect();
    let distinct: std::collections::BTreeSet<&&str> = accounts.iter().collect();
    assert_eq!((accounts.len(), distinct.len()), (4, 4), "three, each once, and the one asked about: {text}");
    // what the schema does not have may be the user's own
    let text = fails(&["show", "rule", "COMPANY-1", "--policies", named[0]]);
    assert!(text.contains("named with --schema"), "{text}");
}

/// A service that has ended is told as that, with the last day on which AWS's catalogue had it, by each name that people use.
#[test]
fn what_has_ended_is_told_as_ended() {
    for (args, words) in [
        (vec!["action", "mobilehub:GetProject"], vec!["which has ended", "2024-07-21"]),
        (vec!["action", "mobilehub:GetProjects"], vec!["has ended", "2024-07-21", "mobilehub:GetProject"]),
        (vec!["action", "deepracer:Nothing"], vec!["the service of `deepracer:Nothing` has ended", "2024-08-31"]),
        (vec!["resource", "iot1click", "device"], vec!["the service `iot1click` has ended", "2024-08-31"]),
        (vec!["service", "deeplens"], vec!["`deeplens` has ended", "2024-08-31", "not known"]),
        (vec!["service", "AWS DeepRacer"], vec!["`deepracer` has ended"]),
        (vec!["service", "Mobile Hub"], vec!["`mobilehub` has ended", "2024-07-21"]),
    ] {
        let output = run(&[&["show"], args.as_slice()].concat());
        let text = [output.stdout, output.stderr].map(|b| String::from_utf8(b).unwrap()).concat();
        let text = one_line(&text);
        assert!(words.iter().all(|word| text.contains(word)), "{args:?} {text}");
    }
    for name in ["s3", "dms", "connect"] {
        let text = shown(&["show", "service", name, "--at", "2026-06-01"]);
        assert!(!text.contains("ended"), "actions of it have ended, and it has not: {text}");
    }
}
