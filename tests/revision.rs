//! Two revisions of an inventory in a git repository, read without touching the work tree.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const BEFORE: &str = "examples/pull-request/before";
const AFTER: &str = "examples/pull-request/after";

fn git(folder: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?} {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A repository with the inventory below `cloud/aws`: `main` holds the one before, `topic` the one after, and the work tree
/// that of `topic`.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet"]);
    copy(&example(BEFORE), &folder.path().join("cloud/aws"));
    std::fs::write(folder.path().join("README"), "elsewhere").unwrap();
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "-m", "before"]);
    git(folder.path(), &["checkout", "--quiet", "-b", "topic"]);
    copy(&example(AFTER), &folder.path().join("cloud/aws"));
    git(folder.path(), &["commit", "--quiet", "-am", "after"]);
    folder
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder).env("NO_COLOR", "1").args(args).output().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Copies of the same files have the same digests, and other commits.
fn without_commits(mut diff: serde_json::Value) -> serde_json::Value {
    for side in ["base", "inventory"] {
        let commit = diff["provenance"][side].as_object_mut().and_then(|files| files.remove("commit"));
        assert!(commit.is_some(), "{side}");
    }
    diff
}

#[test]
fn revisions_are_compared_like_folders() {
    let folders = run(&example("."), &["diff", BEFORE, AFTER, "--format", "json"]);
    let repository = repository();
    let inventory = repository.path().join("cloud/aws");
    for (at, range) in [
        (inventory.as_path(), &["--git", "main"][..]),
        (inventory.as_path(), &["--git", "main..topic"]),
        (inventory.as_path(), &["--git", "main..."]),
        (repository.path(), &["--git", "main", "cloud/aws"]),
        (repository.path(), &["--git", "main...topic", "cloud/aws"]),
    ] {
        let found = run(at, &[&["diff", "--format", "json"], range].concat());
        assert_eq!(found.status.code(), Some(1), "{range:?}");
        assert!(without_commits(json(&found)) == without_commits(json(&folders)), "{range:?}");
    }
    assert_eq!(git(repository.path(), &["status", "--porcelain"]), "", "the work tree is as it was");
    let same = run(&inventory, &["diff", "--git", "topic"]);
    assert_eq!(same.status.code(), Some(0));
}

/// What was merged to `main` since is no change of `topic`.
#[test]
fn three_dots_begin_where_both_branched() {
    let repository = repository();
    git(repository.path(), &["checkout", "--quiet", "main"]);
    let people = repository.path().join("cloud/aws/people.json");
    let text = std::fs::read_to_string(&people).unwrap();
    std::fs::write(&people, text.replace("\"dara\"", "\"dora\"")).unwrap();
    git(repository.path(), &["commit", "--quiet", "-am", "meanwhile"]);
    let changes = |range: &str| {
        let found = json(&run(repository.path(), &["diff", "--git", range, "cloud/aws", "--format", "json"]));
        found["changes"].as_array().unwrap().iter().any(|c| c["what"].as_str().unwrap().contains("userName"))
    };
    assert!(changes("main..topic") && !changes("main...topic"));
}

#[test]
fn what_is_not_there_is_a_clear_error() {
    let repository = repository();
    let words = |folder: &Path, args: &[&str]| {
        let output = run(folder, args);
        assert!(output.stdout.is_empty(), "{args:?}");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = words(repository.path(), &["diff", "--git", "nowhere", "cloud/aws"]);
    assert!(code == 2 && text.contains("no revision `nowhere`"), "{text}");
    let (code, text) = words(repository.path(), &["diff", "--git", "--output=x", "cloud/aws"]);
    assert!(code == 2, "{text}");
    // git would take the tag for the branch
    git(repository.path(), &["tag", "main", "topic"]);
    let (code, text) = words(repository.path(), &["diff", "--git", "main...", "cloud/aws"]);
    assert!(code == 2 && text.contains("several revisions: refs/heads/main, refs/tags/main"), "{text}");
    assert_eq!(run(repository.path(), &["diff", "--git", "refs/heads/main", "cloud/aws"]).status.code(), Some(1));
    git(repository.path(), &["tag", "--delete", "main"]);
    let empty = tempfile::tempdir().unwrap();
    let (code, text) = words(empty.path(), &["diff", "--git", "main"]);
    assert!(code == 2 && text.contains("not in a git repository"), "{text}");

    std::fs::create_dir(repository.path().join("new")).unwrap();
    std::fs::write(repository.path().join("new/x.json"), "[{\"uid\": \"111122223333\"}]").unwrap();
    let (code, text) = words(repository.path(), &["diff", "--git", "main", "new"]);
    assert!(code == 3 && text.contains("has no new"), "{text}");

    let shallow = tempfile::tempdir().unwrap();
    let from = format!("file://{}", repository.path().display());
    git(shallow.path(), &["clone", "--quiet", "--depth", "1", "--branch", "topic", &from, "clone"]);
    let (code, text) = words(&shallow.path().join("clone/cloud/aws"), &["diff", "--git", "origin/main..."]);
    assert!(code == 2 && text.contains("shallow") && text.contains("fetch-depth: 0"), "{text}");

    std::fs::write(repository.path().join("cloud/aws/broken.json"), "{").unwrap();
    git(repository.path(), &["add", "."]);
    git(repository.path(), &["commit", "--quiet", "-m", "broken"]);
    std::fs::remove_file(repository.path().join("cloud/aws/broken.json")).unwrap();
    let (code, text) = words(repository.path(), &["diff", "--git", "topic", "cloud/aws"]);
    assert!(code == 2 && text.contains("In the base, topic") && text.contains("broken.json"), "{text}");
}

/// A folder that was renamed is compared with what it was; one of which git cannot tell is not compared with nothing.
#[test]
fn a_renamed_inventory_is_followed() {
    let folder = repository();
    let at = ["--at", "2026-11-01"];
    let compared = |name: &str, base: &str| {
        run(folder.path(), &[&["diff", "--git", base, name, "--format", "json"][..], &at].concat())
    };
    let before = json(&compared("cloud/aws", "main"));
    git(folder.path(), &["mv", "cloud/aws", "accounts"]);
    git(folder.path(), &["commit", "--quiet", "-m", "renamed"]);
    let after = compared("accounts", "main");
    let told = String::from_utf8_lossy(&after.stderr).into_owned();
    assert!(told.contains("In the base, the inventory is `cloud/aws`."), "{told}");
    assert_eq!(without_commits(json(&after)), without_commits(before), "the same change");
    let check = run(folder.path(), &[&["check", "--git", "main", "accounts", "--only", "diff"][..], &at].concat());
    assert_eq!(check.status.code(), Some(1), "{}", String::from_utf8_lossy(&check.stdout));
    let ranged =
        run(folder.path(), &[&["diff", "--git", "main..topic", "accounts", "--format", "json"][..], &at].concat());
    assert_eq!(without_commits(json(&ranged))["access"], without_commits(json(&after))["access"]);

    // renamed, and nothing of it as it was: git sees no move
    git(folder.path(), &["checkout", "--quiet", "-b", "other", "main"]);
    git(folder.path(), &["rm", "--quiet", "-r", "cloud"]);
    let new = folder.path().join("new");
    std::fs::create_dir_all(&new).unwrap();
    std::fs::write(new.join("entities.json"), "[{\"uid\": \"Account::\\\"111122223333\\\"\"}]\n").unwrap();
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "-m", "another"]);
    let refused = run(folder.path(), &[&["check", "--git", "main", "new"][..], &at].concat());
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("`new` is not in ") && told.contains("cloud/aws/"), "{told}");

    // an inventory that is added beside the other begins anew, which is a weakening
    git(folder.path(), &["checkout", "--quiet", "-b", "beside", "main"]);
    std::fs::create_dir_all(&new).unwrap();
    std::fs::write(new.join("entities.json"), "[{\"uid\": \"Account::\\\"111122223333\\\"\"}]\n").unwrap();
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "-m", "beside"]);
    let began = run(folder.path(), &[&["check", "--git", "main", "new"][..], &at].concat());
    assert_eq!(began.status.code(), Some(4), "{}", String::from_utf8_lossy(&began.stderr));
}
