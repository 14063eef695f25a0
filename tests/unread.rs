//! Files that look as if they counted, and do not, are told.

use std::process::Command;

use crate::common::*;
use countersign_core::inventory::Inventory;
use countersign_core::policies::RuleBook;
use serde_json::json;

fn warnings(files: &[(&str, &str)]) -> Vec<String> {
    let world = files.iter().fold(World::new().account(A, json!({}), &[]), |w, (path, text)| w.file(path, *text));
    let folder = world.folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    inventory.warnings.iter().map(|p| p.message().to_owned()).collect()
}

const FORBID: &str = "forbid(principal, action, resource);";

#[test]
fn files_beside_an_inventory_that_are_not_read_are_told() {
    for (path, why) in [
        ("Guardrails/own.cedar", "Guardrails/own.cedar is not read: guardrails stand in the folder `guardrails`"),
        ("countersgin.toml", "countersgin.toml is not read: settings stand in countersign.toml"),
        (
            "own.cedar",
            "own.cedar is not read: no setting names it as a rule, and it is not in the folder of guardrails",
        ),
        (
            "rules/own.cedar.txt",
            "rules/own.cedar.txt is not read: no setting names it as a rule, and it is not in the folder of guardrails",
        ),
    ] {
        assert_eq!(warnings(&[(path, FORBID)]), [why]);
    }
    assert_eq!(warnings(&[("README.md", FORBID), ("guardrails/own.cedar", FORBID)]), Vec::<String>::new());
    // what an author has excluded is known to be unread
    assert_eq!(
        warnings(&[("own.cedar", FORBID), ("countersign.toml", "exclude = [\"*.cedar\"]")]),
        Vec::<String>::new()
    );
    let own = "@id(\"a\") @remove permit(principal, action, resource);";
    assert_eq!(
        warnings(&[("rules/own.cedar", own), ("countersign.toml", "[rules]\npolicies = \"rules\"\n")]),
        Vec::<String>::new()
    );
}

#[test]
fn a_check_tells_them_and_rules_that_are_named_are_none() {
    let rule = "@id(\"own\") @code(\"OWN1\") @rule(\"R1\") @severity(\"info\") @message(\"m\") @help(\"h\")
        permit(principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);";
    let folder = World::new().account(A, json!({}), &[]).file("rules/own.cedar", rule).folder();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.current_dir(folder.path()).env("NO_COLOR", "1").args(args).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, told) = run(&["check", ".", "--no-base", "--fail-on", "warning"]);
    assert!(code == Some(1) && told.contains("rules/own.cedar is not read"), "{told}");
    let (code, told) = run(&["check", ".", "--no-base", "--fail-on", "warning", "--policies", "rules"]);
    assert!(code == Some(0) && !told.contains("is not read"), "{told}");
}

/// Files of rules are told with the folder that was typed.
#[test]
fn files_of_rules_have_the_name_that_was_typed() {
    let rule = "@id(\"own\") @code(\"OWN1\") @rule(\"R1\") @severity(\"info\") @message(\"m\") @help(\"h\")
        permit(principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);";
    let folder = |cedar: &str| {
        let world = World::new().account(A, json!({}), &[]).file("o/rules/x/own.cedar", cedar);
        world.file("o/rules/note.cedar.txt", "x").folder()
    };
    let told = |folder: &tempfile::TempDir, args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.current_dir(folder.path()).env("NO_COLOR", "1").args(args).output().unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let broken = told(&folder("permit ("), &["coverage", ".", "--policies", "o/rules"]);
    assert!(broken.contains("[o/rules/x/own.cedar:1:"), "{broken}");
    let rules = folder(rule);
    let warned = told(&rules, &["coverage", ".", "--policies", "./o/rules/"]);
    assert!(warned.contains("./o/rules/note.cedar.txt is not read"), "{warned}");
    std::fs::write(rules.path().join("countersign.toml"), "[rules]\npolicies = \"o/rules\"\n").unwrap();
    let named = told(&rules, &["coverage", "."]);
    assert!(named.contains("o/rules/note.cedar.txt is not read"), "{named}");
}

#[test]
fn files_beside_rules_that_are_not_read_are_told() {
    let unread = |path: &str| {
        let own = "@id(\"own\") @code(\"OWN1\") @rule(\"R1\") @severity(\"info\") @message(\"m\") @help(\"h\")
            permit(principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);";
        let folder = World::new().file("own.cedar", own).file(path, FORBID).folder();
        let read =
            RuleBook::laid_over(&Folder::new(folder.path()), &SCHEMA).unwrap_or_else(|f| panic!("{}", words(&f)));
        read.warnings.iter().map(|p| p.message().to_owned()).collect::<Vec<_>>().join("; ")
    };
    let ending = "is not read: its name does not end in .cedar";
    for path in ["gates.cedar.txt", "gates", "gates.cedar.md", "gates.cedar~"] {
        assert_eq!(unread(path), format!("{path} {ending}"));
    }
    for path in ["LICENSE", "README", "notes.txt", "README.md", "Makefile"] {
        assert_eq!(unread(path), "", "{path}");
    }
}
