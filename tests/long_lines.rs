//! A mistake on a line of 5 MB: in each kind of file, the place is true and what is printed stays short.

use std::path::Path;
use std::process::{Command, Output};

const LENGTH: usize = 5_000_000;

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder).env("NO_COLOR", "1").args(args).output().unwrap()
}

/// A file of one long line, with a mistake at the beginning, in the middle and at the end.
fn is_shown(file: &str, line: &str, mistake: &str, args: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("countersign.toml"), "asOf = \"2026-11-01\"\n").unwrap();
    let entities = if file == "entities.json" { "own.json" } else { "entities.json" };
    std::fs::write(folder.path().join(entities), "[{\"uid\": \"111122223333\"}]\n").unwrap();
    let path = folder.path().join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    for before in [0, LENGTH / 2, LENGTH] {
        std::fs::write(&path, format!("{}{line}{}", " ".repeat(before), " ".repeat(LENGTH - before))).unwrap();
        let result = run(folder.path(), args);
        let told = String::from_utf8_lossy(&[result.stderr, result.stdout].concat()).into_owned();
        let place = format!("{}:1:{}]", file.trim_start_matches("rules/"), before + line.find(mistake).unwrap() + 1);
        assert!(told.len() < 4_000, "{file}, {before}: {} bytes", told.len());
        assert!(told.contains(&place) && told.contains(mistake), "{file}, {before}: expected {place}\n{told}");
        assert!(matches!(result.status.code(), Some(1 | 2)), "{file}, {before}: {:?}", result.status.code());
    }
}

#[test]
fn entities() {
    is_shown("entities.json", r#"[{"uid": "444455556666", "attrs": {"nam": 1}}]"#, "\"nam\"", &["evaluate"]);
    is_shown("entities.json", r#"[{"uid": "444455556666"} {}]"#, "{}", &["evaluate"]);
}

#[test]
fn policies() {
    let policy = r#"{"Statement": [{"Effect": "Alow", "Action": "artifact:Get", "Resource": "*"}]}"#;
    is_shown("iam/legal.json", policy, "\"Alow\"", &["evaluate"]);
    is_shown("iam/legal.json", policy, "\"Alow\"", &["lower", "iam/legal.json"]);
    is_shown("iam/legal.json", policy, "\"Alow\"", &["lint", "iam"]);
}

#[test]
fn rules() {
    let rule = "@id(\"own\") @rule(\"OWN-1\") forbid (principal, action, resorce);";
    is_shown("rules/own.cedar", rule, "resorce", &["evaluate", ".", "--policies", "rules"]);
    is_shown("guardrails/own.cedar", "@id(\"own\") forbid (principal, action, resorce);", "resorce", &["check"]);
    let operations = r#"{"operations": [{"scops": []}]}"#;
    is_shown("rules/operations.json", operations, "\"scops\"", &["evaluate", ".", "--policies", "rules"]);
}

#[test]
fn schemas() {
    let overlay = r#"{"Artifact": {"entityTypes": {"Account": {"shape": 1}}}}"#;
    is_shown("own.cedarschema.json", overlay, "1}", &["evaluate", ".", "--schema", "own.cedarschema.json"]);
}

#[test]
fn settings_and_expectations() {
    is_shown("countersign.toml", "exclud = []", "exclud", &["evaluate"]);
    is_shown("own.expect.toml", "[[cann]]", "cann", &["test"]);
}
