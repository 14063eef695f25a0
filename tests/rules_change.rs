//! A change of the rules is judged by the rules of the base, and told in every format.

use std::path::Path;
use std::process::Command;

use crate::common::*;
use serde_json::{Value, json};

/// An account with PHI and no BAA, for which the rules find CS001.
fn world() -> World {
    World::new().entity(json!({"uid": A, "tags": {"Data": "PHI"}}))
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for name in ["GITHUB_ACTIONS", "GITLAB_CI"] {
        command.env_remove(name);
    }
    let output = command.current_dir(folder).env("NO_COLOR", "1").args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The base, and a change of it that drops the finding about PHI without coverage and adds one of its own.
fn change() -> (tempfile::TempDir, tempfile::TempDir) {
    let rules = "@id(\"phi-without-coverage\") @remove
        permit(principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);
        @id(\"own\") @code(\"OWN1\") @rule(\"R1\") @severity(\"warning\") @message(\"m\") @help(\"h\")
        permit(principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);";
    let head = world().file("rules/own.cedar", rules).file("countersign.toml", "[rules]\npolicies = \"rules\"\n");
    (world().folder(), head.folder())
}

#[test]
fn a_change_cannot_switch_off_what_the_base_finds() {
    let (base, head) = change();
    let base_path = base.path().to_str().unwrap();
    let check = |format: &str, more: &[&str]| {
        let args = ["check", ".", "--base", base_path, "--format", format, "--at", "2026-11-01"];
        run(head.path(), &[&args[..], more].concat())
    };
    let (code, text, errors) = check("json", &[]);
    assert_eq!(code, Some(1), "{text} {errors}");
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema_errors("check.v1.schema.json", &document), Vec::<String>::new());
    let subject = format!("account {A}");
    let expected = json!({"added": ["own"], "changed": [], "removed": ["phi-without-coverage"],
        "operations": [], "noLongerFound": [{"rule": "CS001", "subject": subject}], "newlyFound": [{"rule": "OWN1", "subject": subject}]});
    assert_eq!(document["rules"], expected);
    let codes: Vec<&str> =
        document["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    assert!(codes.contains(&"CS001") && !codes.contains(&"OWN1"), "{codes:?}");
    assert_eq!(document["provenance"]["rules"]["origin"]["folder"], Value::Null, "the rules of the base decide");
    for format in ["text", "sarif", "junit", "github", "markdown"] {
        let (code, text, _) = check(format, &[]);
        assert_eq!(code, Some(1), "{format}");
        for words in ["is judged by those of the base", "phi-without-coverage", "would no longer be made", "CS001"] {
            assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{format}: {words}: {text}");
        }
    }
    // whichever parts are asked for
    assert_eq!(check("text", &["--only", "findings"]).0, Some(1));
    // without a base, there are the rules of the inventory alone
    let (code, text, _) = run(head.path(), &["check", ".", "--no-base", "--format", "json", "--at", "2026-11-01"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &document["rules"]), (Some(0), &Value::Null));
}

/// Guardrails and expectations are asked of what the rules of the base permit.
#[test]
fn guardrails_and_expectations_are_asked_by_the_rules_of_the_base() {
    // the new rules forbid everybody to accept, so that the guardrail would hold and the expectation would be met
    let gate = "@id(\"closed\") @rule(\"R1\") @order(\"1\") @reason(\"closed\")
        forbid(principal, action == Artifact::Action::\"accept-agreement\", resource);";
    let guardrail = "@id(\"nobody\") @message(\"accepts\")
        forbid(principal, action == Artifact::Action::\"may-accept-agreement\", resource);";
    let expectation = format!(
        "[[access]]\nname = \"closed\"\nprincipal = \"root\"\noperation = \"accept-agreement\"\naccount = \"{A}\"\nexpect = \"deny\"\n"
    );
    let world = World::new()
        .account(A, json!({}), &[])
        .file("guardrails/own.cedar", guardrail)
        .file("own.expect.toml", expectation);
    let base = world.clone().folder();
    let head = world.file("rules/own.cedar", gate).file("countersign.toml", "[rules]\npolicies = \"rules\"\n").folder();
    let part = |more: &[&str], part: &str| {
        let (_, text, errors) =
            run(head.path(), &[&["check", ".", "--format", "json", "--at", "2026-11-01"][..], more].concat());
        let document: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{errors}"));
        let parts = document["parts"].as_array().unwrap();
        parts.iter().find(|p| p["part"] == part).unwrap()["state"].as_str().unwrap().to_owned()
    };
    // and a comparison says so, in each format
    let both = [base.path().to_str().unwrap(), head.path().to_str().unwrap()];
    let compared = |format: &str, folders: [&str; 2]| {
        run(Path::new("."), &[&["diff", "--format", format][..], &folders].concat()).1
    };
    let told = "the rules of the base decide of both, and those of the new inventory are others";
    let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for format in ["text", "json"] {
        assert!(one_line(compared(format, both)).contains(told), "{format}");
        assert!(!one_line(compared(format, [both[0], both[0]])).contains(told), "{format}");
    }
    for name in ["guardrails", "expectations"] {
        assert_eq!(part(&["--no-base"], name), "passed", "{name}");
        assert_eq!(part(&["--base", base.path().to_str().unwrap()], name), "failed", "{name}");
    }
}
