//! Filed evidence is compared file by file with its document and with a second evaluation, and nothing that is asked is passed over.

use std::path::Path;

use serde_json::json;

use crate::common::*;
use crate::evidence::{filed, read, run, text, verify};

/// The manifest of what the files are now, as whoever edits them can make it.
fn sealed(folder: &Path) {
    let manifest = read(folder, "MANIFEST.sha256");
    let names = manifest.lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| name);
    let lines: String = names.map(|name| line(folder, name)).collect();
    std::fs::write(folder.join("MANIFEST.sha256"), lines).unwrap();
}

fn line(folder: &Path, name: &str) -> String {
    let digest = countersign_core::source::digest::sha256(&std::fs::read(folder.join(name)).unwrap());
    format!("{digest}  {name}\n")
}

fn edited(folder: &Path, name: &str, edit: impl Fn(&str) -> String) {
    let (before, after) = (read(folder, name), edit(&read(folder, name)));
    assert_ne!(before, after, "{name}");
    std::fs::write(folder.join(name), after).unwrap();
    sealed(folder);
}

/// What people read and file is what was evaluated: whoever edits it and makes the manifest anew is found by a second evaluation.
#[test]
fn every_file_is_compared() {
    const INVENTORY: &str = "examples/hospital";
    type Edit = fn(&str) -> String;
    let edits: [(&str, Edit, &str); 11] = [
        (
            "accounts.csv",
            |t| t.replacen("not covered,", "covered,", 1),
            "accounts.csv does not say what evidence.json says",
        ),
        (
            "findings.csv",
            |t| t.lines().filter(|l| !l.contains("CS001")).map(|l| format!("{l}\r\n")).collect(),
            "findings.csv does not say",
        ),
        ("access.csv", |t| t.replacen("declared signatory", "signatory", 1), "access.csv does not say"),
        (
            "exceptions.csv",
            |t| t.replacen("owner", "answers", 1),
            "exceptions.csv is not what a second evaluation writes",
        ),
        ("history.csv", |t| format!("{t}x\r\n"), "history.csv does not say"),
        (
            "cover.md",
            |t| t.replacen("4 of 5 accounts are", "All 5 accounts are", 1),
            "cover.md is not what a second evaluation writes: line 3",
        ),
        ("cover.md", |t| t.replacen("Rules: SHA-256 ", "Rules: SHA-256 0", 1), "cover.md is not what"),
        (
            "evidence.json",
            |t| t.replacen("\"leavesOut\": [", "\"extra\": 1,\n  \"leavesOut\": [", 1),
            "extra was 1, and is nothing",
        ),
        (
            "evidence.json",
            |t| {
                let (before, rest) = t.split_once("\"leavesOut\": [").unwrap();
                format!("{before}\"leavesOut\": []{}", rest.split_once(']').unwrap().1)
            },
            "leavesOut: `session policies, which are given when a role is assumed` is there, and is not filed",
        ),
        (
            "evidence.json",
            |t| t.replacen("\"reason\": \"other-kind\"", "\"reason\": \"excluded\"", 1),
            "of the inventory, not read (excluded), filed, and no longer there: README.md",
        ),
        (
            "evidence.json",
            |t| t.replacen("\"at\": ", "\"at\":  ", 1),
            "evidence.json is not written as countersign writes it",
        ),
    ];
    let whole = filed(INVENTORY);
    assert_eq!(verify(whole.path(), &["--against", INVENTORY]).status.code(), Some(0));
    for (name, edit, expected) in edits {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(whole.path()).unwrap().map(Result::unwrap) {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        edited(folder.path(), name, edit);
        let output = verify(folder.path(), &["--against", INVENTORY]);
        let told = text(&output);
        assert!(output.status.code() == Some(1) && told.contains(expected), "{name}, {expected}: {told}");
    }
}

/// Without an inventory, the document is held to its form and to its rows, and the cover page to the document; what is left is said.
#[test]
fn what_needs_no_inventory_is_checked() {
    type Edit = fn(&str) -> String;
    let edits: [(&str, Edit, &str); 17] = [
        // D3: what the page says of PHI is what the rows say
        ("cover.md", |t| t.replacen("1 account holds PHI", "2 accounts hold PHI", 1), "hold PHI without cover"),
        (
            "cover.md",
            |t| {
                let (before, rest) = t.split_once(" 1 account holds PHI without cover").unwrap();
                format!("{before}{}", &rest[rest.find('\n').unwrap()..])
            },
            "hold PHI without cover",
        ),
        (
            "cover.md",
            |t| {
                let (before, rest) = t.split_once(" 1 account holds PHI without cover").unwrap();
                format!(
                    "{before} Every account that is known to hold PHI is covered.{}",
                    &rest[rest.find('\n').unwrap()..]
                )
            },
            "hold PHI without cover",
        ),
        (
            "evidence.json",
            |t| t.replacen("\"accounts\": 5,", "\"accounts\": 99,", 1),
            "population counts 99 accounts for baa, and the rows have 5",
        ),
        (
            "evidence.json",
            |t| t.replacen("\"standalone\": 1,", "\"standalone\": 2,", 1),
            "population counts 2 accounts in no organization",
        ),
        (
            "evidence.json",
            |t| t.replacen("\"accounts\": 4,", "\"accounts\": 3,", 1),
            "population counts 3 accounts of o-hospital01, and the rows have 4",
        ),
        (
            "evidence.json",
            |t| t.replacen("\"permissionModel\": \"any\"", "\"permissionModel\": \"all\"", 1),
            "permissionModel is none of the words",
        ),
        (
            "evidence.json",
            |t| t.replacen("\"files\": null,", "\"files\": null, \"more\": 1,", 1),
            "is not written as countersign writes it",
        ),
        ("evidence.json", |t| t.replacen("    \"files\": null,\n", "", 1), "it lacks provenance.files"),
        (
            "evidence.json",
            |t| t.replacen("\"count\": 1,", "\"count\": \"1\",", 1),
            "provenance.inventory.unread[0].count is of another type",
        ),
        ("cover.md", |t| t.replacen("4 of 5 accounts are", "All 5 accounts are", 1), "how many accounts are covered"),
        ("cover.md", |_| String::new(), "its sections"),
        (
            "cover.md",
            |t| t.replacen("on 2026-11-01 at 00:00 UTC.\n", "on 2026-12-01 at 00:00 UTC.\n", 1),
            "what was asked",
        ),
        (
            "cover.md",
            |t| t.replacen("5 accounts in the inventory", "6 accounts in the inventory", 1),
            "the section \"Population\"",
        ),
        ("cover.md", |t| t.replacen("## Findings\n\n- ", "## Findings\n\n- 1", 1), "the section \"Findings\""),
        ("cover.md", |t| t.replacen("Rules: SHA-256 ", "Rules: SHA-256 0", 1), "the section \"Made by\""),
        (
            "cover.md",
            |t| t.replacen("## Checking it", "- All is well.\n\n## Checking it", 1),
            "the section \"Made by\"",
        ),
    ];
    let whole = filed("examples/hospital");
    let output = verify(whole.path(), &[]);
    let told = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.status.code() == Some(0) && told.contains("Not checked: the rest of cover.md"), "{told}");
    for (name, edit, expected) in edits {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(whole.path()).unwrap().map(Result::unwrap) {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        edited(folder.path(), name, edit);
        let output = verify(folder.path(), &[]);
        let told = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(output.status.code() == Some(1) && told.contains(expected), "{name}, {expected}: {told}");
    }
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    edited(whole.path(), "evidence.json", |t| t.replacen(&version, "\"version\": \"9.9.9\"", 1));
    let output = verify(whole.path(), &[]);
    let told = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.status.code() == Some(0) && told.contains("Not checked: cover.md, which version 9.9.9"), "{told}");
}

/// A table that the manifest does not name was not checked, and a file that no evidence has was not written by us.
#[test]
fn a_manifest_names_the_files_of_the_format() {
    let folder = filed("examples/clinic");
    let manifest = read(folder.path(), "MANIFEST.sha256");
    let findings = read(folder.path(), "findings.csv");
    let without: String = manifest.lines().filter(|l| !l.ends_with("findings.csv")).map(|l| format!("{l}\n")).collect();
    std::fs::write(folder.path().join("MANIFEST.sha256"), without).unwrap();
    for there in [true, false] {
        if !there {
            std::fs::remove_file(folder.path().join("findings.csv")).unwrap();
        }
        for more in [&[][..], &["--against", "examples/clinic"]] {
            let output = verify(folder.path(), more);
            assert_eq!(output.status.code(), Some(1), "{}", text(&output));
            assert!(text(&output).contains("does not name findings.csv"), "{}", text(&output));
        }
    }
    std::fs::write(folder.path().join("findings.csv"), findings).unwrap();
    std::fs::write(folder.path().join("summary.md"), "All is well.\n").unwrap();
    std::fs::write(folder.path().join("MANIFEST.sha256"), manifest + &line(folder.path(), "summary.md")).unwrap();
    let output = verify(folder.path(), &[]);
    assert!(output.status.code() == Some(1), "{}", text(&output));
    assert!(text(&output).contains("names summary.md, which no evidence has"), "{}", text(&output));
}

/// What --verify would pass over is refused: whoever gives it believes that it counts.
#[test]
fn what_verify_does_not_use_is_refused() {
    let folder = filed("examples/clinic");
    let filed = folder.path().to_str().unwrap();
    for (args, expected) in [
        (&["examples/clinic"][..], "write --against examples/clinic"),
        (&["nosuchfolder"], "write --against nosuchfolder"),
        (&["--at", "2024-01-01"], "name the inventory with --against"),
        (&["--context", "aws:MultiFactorAuthPresent=true"], "name the inventory with --against"),
        (&["--permission-model", "classic"], "name the inventory with --against"),
        (&["--agreement", "andb"], "--agreement has no part in --verify"),
        (&["--operator", "Dana"], "--operator has no part in --verify"),
        (&["--fail-on", "error"], "--fail-on has no part in --verify"),
    ] {
        let output = run(&[&["evidence", "--verify", filed][..], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output).contains(expected), "{}", text(&output));
    }
}

/// Other files that say the same are told of, and are no difference: another digest, another line.
#[test]
fn other_bytes_that_say_the_same_are_no_difference() {
    let world = World::new()
        .account(A, serde_json::json!({}), &[])
        .user(A, "jane", serde_json::json!(["iam/legal.json"]))
        .file(
            "iam/legal.json",
            policy(serde_json::json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*"}])).to_string(),
        )
        .file("countersign.toml", "asOf = 2026-11-01\n")
        .folder();
    let inventory = world.path().to_str().unwrap();
    let folder = filed(inventory);
    let file = world.path().join("iam/legal.json");
    let text_of = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("\n\n{text_of}")).unwrap();
    let output = verify(folder.path(), &["--against", inventory]);
    let told = text(&output);
    assert!(output.status.code() == Some(0) && told.contains("decided by other bytes of iam/legal.json"), "{told}");
    edited(folder.path(), "cover.md", |t| t.replacen("1 account in the inventory", "2 accounts in the inventory", 1));
    let output = verify(folder.path(), &["--against", inventory]);
    assert!(output.status.code() == Some(1) && text(&output).contains("cover.md is not what"), "{}", text(&output));
}

/// Files that had no part in what was read are told by their names, and are no difference; what differs of the population is told, and how.
#[test]
fn what_differs_is_named() {
    let account = |id: &str| World::new().account(A, json!({}), &[]).account(id, json!({}), &[]);
    let settings = "asOf = 2026-11-01\n";
    let world = account(B).file("countersign.toml", settings).file("README.md", "x").folder();
    let inventory = world.path().to_str().unwrap();
    let folder = filed(inventory);
    let same = |told: &[&str]| {
        let output = verify(folder.path(), &["--against", inventory]);
        let text = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(output.status.code() == Some(0) && told.iter().all(|t| text.contains(t)), "{text}");
    };
    same(&["a second evaluation says the same"]);
    std::fs::write(world.path().join("notes.txt"), "x").unwrap();
    std::fs::write(world.path().join(".DS_Store"), "x").unwrap();
    same(&[
        "not read (other-kind), there, and not filed: notes.txt",
        "not read (hidden), there, and not filed: .DS_Store",
    ]);
    std::fs::remove_file(world.path().join("notes.txt")).unwrap();
    std::fs::remove_file(world.path().join(".DS_Store")).unwrap();
    std::fs::remove_file(world.path().join("README.md")).unwrap();
    same(&["not read (other-kind), filed, and no longer there: README.md"]);
    let other = World::organization().account(B, json!({"principalsKnown": false}), &[ORG]);
    let other = other.file("countersign.toml", settings).folder();
    let output = verify(folder.path(), &["--against", other.path().to_str().unwrap()]);
    let text = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "population: accounts was 2, and is 3",
        "population: organizations o-exampleorgid is there, and is not filed",
        "population: notCollected principals",
        "decided by other bytes of entities.json",
        "accounts: there, and not filed: 111111111111 · baa",
    ] {
        assert!(output.status.code() == Some(1) && text.contains(told), "{told}: {text}");
    }
}

/// What is of one format does not pass for another, of which less is compared, and a document that was cut is told without a second evaluation.
#[test]
fn a_document_has_the_members_of_its_format() {
    const INVENTORY: &str = "examples/clinic";
    type Edit = fn(&str) -> String;
    let edits: [(Edit, &str); 4] = [
        (|t| t.replacen("countersign/evidence/v2", "countersign/evidence/v1", 1), "evidence.json has `context`"),
        (|t| t.replacen("\"kinds\": [", "\"sorts\": [", 1), "evidence.json lacks `kinds`"),
        (|t| t.replacen("\"population\": {", "\"counted\": {", 1), "evidence.json lacks `population`"),
        (|t| t.replacen("\"at\": ", "\"extra\": 1,\n  \"at\": ", 1), "evidence.json has `extra`"),
    ];
    for (edit, expected) in edits {
        for more in [&[][..], &["--against", INVENTORY]] {
            let folder = filed(INVENTORY);
            edited(folder.path(), "evidence.json", edit);
            let output = verify(folder.path(), more);
            assert!(output.status.code() == Some(1) && text(&output).contains(expected), "{}", text(&output));
        }
    }
}

/// Where another version decided, what it decided by is another section of the cover page: it is said not to be compared, and holds no line more.
#[test]
fn what_is_not_compared_is_said() {
    const INVENTORY: &str = "examples/clinic";
    let folder = filed(INVENTORY);
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    edited(folder.path(), "evidence.json", |t| t.replacen(&version, "\"version\": \"0.0.9\"", 1));
    let output = verify(folder.path(), &["--against", INVENTORY]);
    let told = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("but for the section \"Made by\" of cover.md, which was not compared"), "{told}");
    edited(folder.path(), "cover.md", |t| {
        t.replacen("## Made by\n\n", "## Made by\n\n- Correction: all accounts are covered.\n", 1)
    });
    let output = verify(folder.path(), &["--against", INVENTORY]);
    assert!(output.status.code() == Some(1) && text(&output).contains("cover.md is not what"), "{}", text(&output));
}

/// Evidence of every earlier format is read for years: it verifies, and what was changed in it is found.
#[test]
fn evidence_of_an_earlier_format_is_read() {
    const INVENTORY: &str = "tests/data/evidence/inventory";
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir("tests/data/evidence/v1").unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let output = verify(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let again = text(&verify(folder.path(), &["--against", INVENTORY]));
    assert!(again.contains("countersign/evidence/v1 is filed, now countersign/evidence/v2"), "{again}");
    // what the rules of then called otherwise is another finding; everything else is said again
    for table in ["accounts:", "agreements:", "access:", "exceptions:", "history:", "population:"] {
        assert!(!again.contains(table), "{table} {again}");
    }
    // its cover page is held against nothing, which is said whatever else differs
    edited(folder.path(), "cover.md", |_| "All accounts are covered.\n".to_owned());
    for more in [&[][..], &["--against", INVENTORY]] {
        let told = text(&verify(folder.path(), more)).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains("Not checked: cover.md, which is of an earlier format. No evaluation compares it"),
            "{told}"
        );
    }
    edited(folder.path(), "accounts.csv", |t| t.replacen("not covered,", "covered,", 1));
    let output = verify(folder.path(), &[]);
    assert!(
        output.status.code() == Some(1) && text(&output).contains("accounts.csv does not say"),
        "{}",
        text(&output)
    );
    edited(folder.path(), "evidence.json", |t| t.replacen("\"not covered\"", "\"covered\"", 1));
    let output = verify(folder.path(), &["--against", INVENTORY]);
    assert!(text(&output).contains("coverage was `covered`, and is `not covered`"), "{}", text(&output));
}

/// What is not seen is escaped in the document, as in all other JSON; evidence that earlier versions filed, where it stood as it is, still
/// verifies.
#[test]
fn characters_that_are_not_seen_are_escaped() {
    let name = "x\u{202e}y\u{200b}z\u{2028}\u{9b}";
    let world = World::organization().account(B, json!({"name": name}), &[ORG]);
    let inventory = world.file("countersign.toml", "asOf = \"2026-11-15\"\n").folder();
    let path = inventory.path().to_str().unwrap();
    let folder = filed(path);
    let text = read(folder.path(), "evidence.json");
    assert!(text.contains("x\\u202ey\\u200bz\\u2028\\u009b"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !(c.is_control() || "\u{202e}\u{200b}\u{2028}".contains(c))));
    for against in [&[][..], &["--against", path]] {
        let output = verify(folder.path(), against);
        assert_eq!(output.status.code(), Some(0), "{}", self::text(&output));
    }
    let earlier: serde_json::Value = serde_json::from_str(&text).unwrap();
    edited(folder.path(), "evidence.json", |_| String::new());
    edited(folder.path(), "evidence.json", |_| serde_json::to_string_pretty(&earlier).unwrap() + "\n");
    assert!(read(folder.path(), "evidence.json").contains(name));
    for against in [&[][..], &["--against", path]] {
        let output = verify(folder.path(), against);
        assert_eq!(output.status.code(), Some(0), "{}", self::text(&output));
    }
}

/// The lines on which events stand are those of the files: where others say the same they are no difference, and what else is told of an
/// event is one.
#[test]
fn other_lines_of_history_are_no_difference() {
    let world = |witness: &str| {
        let offline = json!([{"account": A, "from": "2024-02-01", "fromWitness": witness}]);
        let world = World::new().account(A, json!({}), &[]).account(B, json!({}), &[]).offline(offline);
        let world = world.accepted("Own123456789012", "baa", "account", B, "2023-01-01", Some("2024-01-01"));
        world.file("countersign.toml", "asOf = 2026-11-01\n").folder()
    };
    let there = world("mail of 10:12, Dana");
    let inventory = there.path().to_str().unwrap();
    let folder = filed(inventory);
    let history = read(folder.path(), "history.csv");
    assert!(
        history.contains("was terminated (entities.json:") || history.contains("ended (entities.json:"),
        "{history}"
    );
    assert!(history.contains(", mail of 10:12, Dana)"), "{history}");
    let file = there.path().join("entities.json");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("\n{before}")).unwrap();
    let output = verify(folder.path(), &["--against", inventory]);
    let told = text(&output);
    assert!(output.status.code() == Some(0) && told.contains("decided by other bytes of entities.json"), "{told}");
    // a number of the witness is none of a line
    let other = world("mail of 10:13, Dana");
    let output = verify(folder.path(), &["--against", other.path().to_str().unwrap()]);
    let told = text(&output);
    assert!(output.status.code() == Some(1) && told.contains("beganWith was"), "{told}");
    assert!(!told.contains("endedWith was `customer-agreement"), "{told}");
}

/// The first paragraph of the page is held to the document whole: nothing is put behind it, and nothing of it taken away. What changes later
/// on the day is in no document: it is said not to be checked, and tells of accounts of the document in its own words.
#[test]
fn the_first_paragraph_is_held_whole() {
    let others = "Other accounts of o-exampleorgid are not known: its accounts were not all listed.";
    let later = format!("From 15:20 UTC on that day, clinic ({A}) is covered by a BAA: its own.");
    let world = World::new().org(json!({"accountsKnown": false})).account(M, json!({}), &[ORG]);
    let world = world.account(A, json!({"name": "clinic"}), &[ORG]);
    let world = world.accepted("Own123456789012", "baa", "account", A, "2024-03-01T15:20:00Z", None);
    let world = world.file("countersign.toml", "asOf = 2026-11-01\n").folder();
    let inventory = world.path().to_str().unwrap();
    let file = |at: &str| {
        let folder = tempfile::tempdir().unwrap();
        let output = run(&["evidence", inventory, "--out", folder.path().to_str().unwrap(), "--at", at]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        folder
    };
    let page = |folder: &Path, edit: &dyn Fn(&str) -> String| {
        let whole = read(folder, "cover.md");
        let first = whole.lines().nth(2).unwrap();
        let page = whole.replacen(first, &edit(first), 1);
        std::fs::write(folder.join("cover.md"), &page).unwrap();
        sealed(folder);
        let output = verify(folder, &[]);
        std::fs::write(folder.join("cover.md"), &whole).unwrap();
        (output.status.code(), text(&output))
    };
    let (of_the_day, within) = (file("2024-03-01"), file("2024-03-01T12:00:00Z"));
    for folder in [of_the_day.path(), within.path()] {
        let (code, told) = page(folder, &|first| first.to_owned());
        assert_eq!(code, Some(0), "{told}");
        assert_eq!(
            told.contains("Not checked: the rest of cover.md: what changes later on the day,"),
            folder == of_the_day.path()
        );
        for added in [
            " All 2 accounts are covered by the BAA.",
            " Correction: clinic is covered by an offline BAA.",
            " From 15:20 UTC on that day, all accounts are covered by a BAA.",
            ".",
        ] {
            let (code, told) = page(folder, &|first| format!("{first}{added}"));
            assert!(
                code == Some(1) && told.contains("cover.md does not say what evidence.json says"),
                "{added}: {told}"
            );
            let (code, told) =
                page(folder, &|first| first.replacen(&format!(" {others}"), &format!("{added} {others}"), 1));
            assert!(code == Some(1) && told.contains("what its first paragraph says besides"), "{added}: {told}");
        }
        let (code, told) = page(folder, &|first| first.replacen(&format!(" {others}"), "", 1));
        assert!(code == Some(1) && told.contains("which organizations may have other accounts"), "{told}");
        let (code, told) = page(folder, &|first| format!("{first} {others}"));
        assert!(code == Some(1) && told.contains("which organizations may have other accounts"), "{told}");
    }
    assert!(read(of_the_day.path(), "cover.md").contains(&format!(" {later} {others}\n")));
    let (code, told) = page(within.path(), &|first| first.replacen(others, &format!("{later} {others}"), 1));
    assert!(code == Some(1) && told.contains("what its first paragraph says besides"), "{told}");
}
