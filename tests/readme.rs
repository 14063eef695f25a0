//! The inventories that the README writes out are what it says of them.

use std::process::Command;

/// The blocks of JSON in the section about inventories.
fn inventories() -> Vec<&'static str> {
    let section =
        include_str!("../README.md").split("\n## An inventory\n").nth(1).unwrap().split("\n## ").next().unwrap();
    section.split("```json\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

fn ask(inventory: &str, question: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("entities.json"), inventory).unwrap();
    std::fs::create_dir(folder.path().join("iam")).unwrap();
    std::fs::write(folder.path().join("iam/legal.json"), r#"{"Version": "2012-10-17", "Statement": []}"#).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.current_dir(folder.path()).env("NO_COLOR", "1").args(question).output().unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn one_account_is_covered_since_its_acceptance() {
    let (code, text) = ask(inventories()[0], &["coverage", ".", "--agreement", "baa", "--at", "2026-11-01"]);
    assert!(
        code == Some(0)
            && text.contains("covered  HIPAA Business Associate Addendum (BAA)")
            && text.contains("since 2024-03-05"),
        "{text}"
    );
}

#[test]
fn nobody_accepts_in_a_member_account_under_the_service_control_policy() {
    let can = |account: &str| {
        ask(
            inventories()[1],
            &[
                "can",
                "root",
                "accept",
                ".",
                "--scope",
                "account",
                "--account",
                account,
                "--agreement",
                "baa",
                "--explain",
            ],
        )
    };
    let (code, text) = can("444455556666");
    assert!(code == Some(1) && text.contains("artifact:AcceptAgreement is denied by serviceControl"), "{text}");
    // service control policies do not bind the management account (D12)
    assert_eq!(can("111122223333").0, Some(0));
}
