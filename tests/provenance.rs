//! Every output says what it was made from: the tool, the rules, the files and the data.

use std::path::Path;
use std::process::Command;

use crate::common::*;
use serde_json::{Value, json};

const BEFORE: &str = "examples/pull-request/before";
const AFTER: &str = "examples/pull-request/after";

fn run(args: &[&str]) -> String {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), args)
}

/// The provenance of a JSON document, which stands right after its schema.
fn provenance(args: &[&str]) -> Value {
    let text = run(&[args, &["--format", "json"]].concat());
    let keys: Vec<&str> = text.lines().filter(|l| l.starts_with("  \"")).take(2).collect();
    assert!(
        keys[0].starts_with("  \"schema\": \"countersign/") && keys[1] == "  \"provenance\": {",
        "{args:?} {keys:?}"
    );
    let document: Value = serde_json::from_str(&text).unwrap();
    document["provenance"].clone()
}

/// Every command that answers, on an inventory or on policies.
fn commands() -> Vec<(Vec<&'static str>, bool)> {
    let policy = "docs/diff-sample/after.json";
    vec![
        (vec!["evaluate", BEFORE], true),
        (vec!["can", "root", "accept", BEFORE, "--account", "111122223333"], true),
        (vec!["who-can", "accept", BEFORE], true),
        (vec!["coverage", BEFORE], true),
        (vec!["what-if", BEFORE, "--leave", "444455556666"], true),
        (vec!["diff", BEFORE, AFTER], true),
        (vec!["check", AFTER, "--base", BEFORE], true),
        (vec!["test", BEFORE], true),
        (vec!["lint", "docs/lint-sample"], false),
        (vec!["diff", "--policy", "docs/diff-sample/before.json", policy], false),
        (vec!["simulate", policy, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::a/b"], false),
    ]
}

#[test]
fn every_command_says_what_it_was_made_from() {
    for (args, of_inventory) in commands() {
        let told = provenance(&args);
        assert_eq!(schema_errors("provenance.v1.schema.json", &told), Vec::<String>::new(), "{args:?}");
        assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
        for (name, there) in [("rules", of_inventory), ("schema", of_inventory), ("inventory", of_inventory)] {
            assert_eq!(told[name].is_object(), there, "{args:?} {name}");
        }
        let compares = args[0] == "check" || args.contains(&AFTER);
        assert_eq!(told["base"].is_object(), compares, "{args:?}");
        let others = !of_inventory || ["check", "test"].contains(&args[0]);
        assert_eq!(told["files"].is_object(), others, "{args:?}");
        let lists = told["data"].as_array().unwrap().iter().find(|d| d["file"] == "hipaa-eligible-services.json");
        assert_eq!(lists.unwrap()["date"], "2026-05-22");

        for data in told["data"].as_array().unwrap() {
            assert!(data["date"].is_string(), "{args:?} {data}");
        }
        assert_eq!(told["guardrails"].is_object(), args[0] == "check", "{args:?}");

        let text = run(&args);
        let last = text.lines().last().unwrap();
        assert!(last.contains(" · AWS data of 2026-"), "{args:?} {last}");
        for files in [&told["inventory"], &told["base"], &told["files"]].into_iter().filter(|f| f.is_object()) {
            assert!(last.contains(&format!(" ({} bytes) ", files["bytes"])), "{args:?} {last}");
            let commit = files["commit"].as_str().map(|commit| format!(" at {} ", &commit[..8]));
            assert!(commit.is_none_or(|commit| last.contains(&commit)), "{args:?} {last}");
        }
        assert!(last.starts_with(concat!("countersign ", env!("CARGO_PKG_VERSION"), " · ")), "{args:?} {last}");
        assert_eq!(text.matches("countersign 0").count(), 1, "it is told once: {text}");
        for digest in [&told["rules"], &told["inventory"], &told["base"], &told["files"], &told["guardrails"]] {
            let digest = digest["sha256"].as_str().map(|d| &d[..8]);
            assert!(digest.is_none_or(|d| last.contains(d)), "{args:?} {last} {digest:?}");
        }
        assert_eq!(last.contains("rules built in"), of_inventory, "{last}");
        assert_eq!(last.contains("HIPAA list of 2026-05-22"), of_inventory, "{last}");
        assert_eq!(run(&args), text, "two runs give the same bytes");
    }
}

/// Each command of the list answers in JSON; one that is new is missing here.
#[test]
fn no_command_is_left_out() {
    let help = run(&["--help"]);
    let named = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let named: Vec<&str> =
        named.filter_map(|l| l.strip_prefix("  ").filter(|l| !l.starts_with(' '))?.split_whitespace().next()).collect();
    assert!(named.len() > 10, "{help}");
    let without = ["lower", "init", "show", "help", "import"];
    for command in named.iter().filter(|n| !without.contains(n) && !n.is_empty()) {
        let is = |args: &[&str]| args[0] == *command;
        assert!(
            commands().iter().any(|(args, _)| is(args)) || !run(&[command, "--help"]).contains("json"),
            "{command}"
        );
    }
}

/// The formats for other programs tell it where they have a place for it.
#[test]
fn other_formats_tell_it_where_they_can() {
    for args in [&["check", AFTER, "--base", BEFORE][..], &["lint", "docs/lint-sample"]] {
        let text = run(args);
        let line = text.lines().last().unwrap();
        let as_format = |format: &str| run(&[args, &["--format", format]].concat());
        let sarif: Value = serde_json::from_str(&as_format("sarif")).unwrap();
        assert_eq!(sarif["runs"][0]["properties"]["provenance"], provenance(args));
        let junit = as_format("junit");
        let told = format!("<property name=\"provenance\" value=\"{line}\"/>");
        assert_eq!(junit.matches(&told).count(), junit.matches("<testsuite ").count(), "{junit}");
        assert_eq!(as_format("github").lines().last(), Some(line));
        assert_eq!(as_format("markdown").lines().last(), Some(format!("<sub>{line}</sub>").as_str()));
    }
    // an array of problems has no place
    assert!(!run(&["lint", "docs/lint-sample", "--format", "gitlab"]).contains("provenance"));
}

#[test]
fn lines_of_json_carry_none() {
    let request = json!({"action": "s3:GetObject", "resource": "arn:aws:s3:::a/b", "identity": [{"Statement": []}]});
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("requests.json");
    std::fs::write(&path, format!("{request}\n{request}\n")).unwrap();
    let path = path.to_str().unwrap();
    let lines = run(&["simulate", path, "--format", "jsonl"]);
    assert!(lines.lines().count() == 2 && !lines.contains("provenance"), "{lines}");
    let text = run(&["simulate", path]);
    assert_eq!(text.matches(" · 1 file ").count(), 1, "{text}");
}

#[test]
fn import_says_what_it_read() {
    let folder = tempfile::tempdir().unwrap();
    let organization = json!({"Organization": {"Id": ORG, "FeatureSet": "ALL", "MasterAccountId": M}}).to_string();
    std::fs::write(folder.path().join("organization.json"), &organization).unwrap();
    let text = run_in(folder.path(), &["import", "organization.json", "--out", "out", "--as-of", "2026-11-01"]);
    let mut listing = countersign_core::source::digest::Listing::default();
    listing.add("organization.json", organization.as_bytes());
    let digest = &listing.files().sha256[..8];
    assert!(
        text.lines()
            .last()
            .unwrap()
            .contains(&format!(" · 1 file ({} bytes) {digest} · AWS data of ", organization.len())),
        "{text}"
    );
}

/// The digest of an inventory is that of its files: their bytes and their paths.
#[test]
fn every_byte_of_the_inventory_counts_and_nothing_else_does() {
    let shared = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    let world = World::organization().user(A, "a", json!(["iam/p.json", "../shared.json"]));
    let world = world.file("iam/p.json", allows(&["artifact:*"]).to_string());
    let folder = world.folder();
    let root = folder.path().join("inventory");
    std::fs::create_dir_all(root.join("iam")).unwrap();
    for name in ["entities.json", "iam/p.json"] {
        std::fs::copy(folder.path().join(name), root.join(name)).unwrap();
    }
    std::fs::write(root.join("countersign.toml"), "asOf = 2026-11-01\n").unwrap();
    std::fs::write(folder.path().join("shared.json"), &shared).unwrap();
    let files = || {
        let inventory = countersign_core::inventory::Inventory::load(&Folder::new(&root), SCHEMA.clone());
        let files = inventory.unwrap_or_else(|f| panic!("{}", words(&f))).files;
        (files.files, files.bytes, files.sha256)
    };
    let before = files();
    assert_eq!(before.0, 4, "settings and the document beside the folder too");
    assert_eq!(files(), before);
    // what is not read does not count
    std::fs::write(root.join("README.md"), "x").unwrap();
    std::fs::create_dir(root.join(".hidden")).unwrap();
    std::fs::write(root.join(".hidden/x.json"), "[]").unwrap();
    assert_eq!(files(), before);
    for name in ["entities.json", "iam/p.json", "../shared.json", "countersign.toml"] {
        let path = root.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text} ")).unwrap();
        let after = files();
        assert!(after.0 == 4 && after.1 == before.1 + 1 && after.2 != before.2, "{name}");
        std::fs::write(&path, text).unwrap();
        assert_eq!(files(), before, "{name}");
    }
    std::fs::rename(root.join("entities.json"), root.join("other.json")).unwrap();
    let renamed = files();
    assert!((renamed.0, renamed.1) == (before.0, before.1) && renamed.2 != before.2);
}

/// Rules of the user's are not taken for those that are built in.
#[test]
fn other_rules_have_another_digest() {
    let folder = tempfile::tempdir().unwrap();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut paths = Vec::new();
    for entry in walkdir::WalkDir::new(&rules).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
        let path = entry.path().strip_prefix(&rules).unwrap().to_owned();
        std::fs::create_dir_all(folder.path().join(&path).parent().unwrap()).unwrap();
        std::fs::copy(entry.path(), folder.path().join(&path)).unwrap();
        paths.push(path);
    }
    let digest = |extra: &[&str]| provenance(&[&["coverage", BEFORE][..], extra].concat())["rules"]["sha256"].clone();
    let own = ["--policies", folder.path().to_str().unwrap()];
    let built_in = digest(&[]);
    assert_eq!(built_in, digest(&[]));
    let before = digest(&own);
    let governs = folder.path().join("agreements/governs.cedar");
    let text = std::fs::read_to_string(&governs).unwrap();
    std::fs::write(&governs, format!("{text}\n")).unwrap();
    assert_ne!(digest(&own), before);
    std::fs::write(&governs, text).unwrap();
    assert_eq!(digest(&own), before);
    let operations = folder.path().join("operations/operations.json");
    let text = std::fs::read_to_string(&operations).unwrap();
    std::fs::write(&operations, format!("{text}\n")).unwrap();
    assert_ne!(digest(&own), before, "the operations are rules too");
}

/// Rules in files of other names, in another order, decide the same and have the same digest; those in place of all others too.
#[test]
fn rules_are_told_by_their_content_alone() {
    let folder = tempfile::tempdir().unwrap();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for (index, entry) in walkdir::WalkDir::new(&rules).into_iter().map(Result::unwrap).enumerate() {
        let is_guardrail = entry.path().parent().is_some_and(|p| p.ends_with("guardrails"));
        let extension = entry.path().extension().unwrap_or_default();
        if extension == "cedar" && !is_guardrail {
            std::fs::copy(entry.path(), folder.path().join(format!("{}.cedar", 1000 - index))).unwrap();
        } else if extension == "json" {
            std::fs::copy(entry.path(), folder.path().join("operations.json")).unwrap();
        }
    }
    let only = ["coverage", BEFORE, "--only-policies", folder.path().to_str().unwrap()];
    let (built_in, own) = (provenance(&["coverage", BEFORE]), provenance(&only));
    assert_eq!(own["rules"]["sha256"], built_in["rules"]["sha256"]);
    assert_eq!(own["rules"]["without"], json!([]));
}

/// Rules in place of all others that find nothing, or leave out what depends on the state of agreements, say so wherever they decide.
#[test]
fn what_rules_leave_out_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let copy = |skip: &[&str]| {
        for entry in walkdir::WalkDir::new(&rules).into_iter().map(Result::unwrap) {
            let path = entry.path().strip_prefix(&rules).unwrap();
            if entry.file_type().is_file() && !path.starts_with("guardrails") && !skip.iter().any(|s| path.ends_with(s))
            {
                std::fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
                std::fs::copy(entry.path(), folder.path().join(path)).unwrap();
            }
        }
    };
    copy(&["findings.cedar", "register.cedar", "evidence.cedar"]);
    let only = ["--only-policies", folder.path().to_str().unwrap()];
    let args = [&["check", AFTER, "--base", BEFORE][..], &only].concat();
    assert_eq!(provenance(&args)["rules"]["without"], json!(["findings"]));
    for format in ["text", "sarif", "junit", "github", "markdown"] {
        let text = run(&[&args[..], &["--format", format]].concat());
        let told = if format == "sarif" { "\"without\": [" } else { ", which have no findings · " };
        assert!(text.contains(told), "{format}: {text}");
    }
    let evaluated = run(&[&["evaluate", BEFORE][..], &only].concat());
    assert!(evaluated.contains(", which have no findings · "), "{evaluated}");
}

/// A revision is told by its commit, wherever its files were written to.
#[test]
fn revisions_are_told_by_their_commits() {
    let git = |folder: &Path, args: &[&str]| {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"];
        let output = Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?} {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let folder = World::organization().folder();
    let diff = |range: &str| -> Value {
        let text = run_in(folder.path(), &["diff", "--git", range, ".", "--format", "json", "--at", "2026-11-01"]);
        serde_json::from_str::<Value>(&text).unwrap()["provenance"].clone()
    };
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "-m", "one"]);
    let one = git(folder.path(), &["rev-parse", "HEAD"]);
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "two"]);
    let two = git(folder.path(), &["rev-parse", "HEAD"]);
    git(folder.path(), &["pack-refs", "--all"]);
    let revisions = diff(&format!("{one}..{one}"));
    assert_eq!((&revisions["base"]["commit"], &revisions["inventory"]["commit"]), (&json!(one), &json!(one)));
    let worktree = diff(&one);
    assert_eq!((&worktree["base"]["commit"], &worktree["inventory"]["commit"]), (&json!(one), &json!(two)));
    assert_eq!(worktree["base"]["sha256"], worktree["inventory"]["sha256"], "the files are the same");
}
