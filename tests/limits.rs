//! Limits of what is read: each ends a run with exit code 2, the limit, and what to do.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::*;
use serde_json::json;

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.current_dir(folder).env("NO_COLOR", "1").args(args).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code(), told)
}

fn world() -> World {
    World::organization()
        .user(A, "a", json!(["iam/deep/a.json"]))
        .file("iam/deep/a.json", allows(&["s3:*"]).to_string())
}

/// What of the world is at the limit: so much passes, and one less does not.
const AT_LIMIT: [(&str, u64, &str); 5] = [
    ("files", 3, "has more than 2 files and folders"),
    ("entities", 4, "has more than 3 entities"),
    ("folders", 2, "iam/deep/a.json is nested in more than 1 folders"),
    ("nesting", 4, "has values that are nested in more than 3 others"),
    ("bytes", 0, "bytes together"),
];

#[test]
fn each_limit_ends_the_run_in_words() {
    for (name, most, words) in AT_LIMIT {
        let size: u64 = ["entities.json", "iam/deep/a.json"]
            .map(|file| std::fs::metadata(world().folder().path().join(file)).unwrap().len())
            .into_iter()
            .sum();
        let most = if name == "bytes" { size } else { most };
        for (limit, passes) in [(most, true), (most - 1, false)] {
            let settings = format!("[limits]\n{name} = {limit}\n");
            let by_settings = world().file("countersign.toml", settings.clone()).folder();
            let by_line = world().file("countersign.toml", "# the same number of files\n").folder();
            let flag = format!("{name}={limit}");
            for (code, told) in
                [run(by_settings.path(), &["coverage", "."]), run(by_line.path(), &["coverage", ".", "--limit", &flag])]
            {
                assert_eq!(code, Some(if passes { 0 } else { 2 }), "{settings} {told}");
                assert_eq!(told.contains(words), !passes, "{settings} {told}");
            }
        }
    }
}

#[test]
fn lint_has_limits_too() {
    let folder =
        World::new().file("a.json", allows(&["s3:*"]).to_string()).file("b.json", allows(&["s3:*"]).to_string());
    let folder = folder.file("countersign.toml", "[limits]\nfiles = 1\n").folder();
    let (code, told) = run(folder.path(), &["lint"]);
    assert!(code == Some(2) && told.contains("more than 1 files"), "{told}");
    let (code, told) = run(folder.path(), &["lint", "--limit", "files=2", "--fail-on", "never"]);
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = run(folder.path(), &["lint", "--limit", "files=2", "--limit", "bytes=10"]);
    assert!(code == Some(2) && told.contains("more than 10 bytes together"), "{told}");
}

/// The time is that of the whole run: one that waits for its input ends as well.
#[test]
fn a_run_that_takes_too_long_ends() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.args(["lint", "-", "--limit", "seconds=1"]).spawn().unwrap();
    // the pipe stays open: there is no end to wait for
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(input);
    let told = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("more than 1 seconds; nothing was decided") && told.contains("--limit seconds"), "{told}");
}

#[test]
fn a_limit_that_is_none_is_told() {
    let folder = world().folder();
    for (given, words) in [
        ("files", "NAME=NUMBER"),
        ("filse=3", "there is no limit `filse`"),
        ("files=many", "`many` is not a number"),
        ("nesting=1000", "`nesting` is at most 100"),
    ] {
        let (code, told) = run(folder.path(), &["coverage", ".", "--limit", given]);
        assert!(code == Some(2) && told.contains(words), "{given}: {told}");
    }
    let folder = world().file("countersign.toml", "[limits]\nfilse = 3\n").folder();
    let (code, told) = run(folder.path(), &["coverage", "."]);
    assert!(code == Some(2) && told.contains("there is no limit `filse`") && told.contains("`files`"), "{told}");
}
