//! What is filed: the same bytes from the same input, checked by its manifest, evaluated again, harmless in a spreadsheet; the register.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::common::*;

pub fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args).output().unwrap()
}

pub fn text(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn file(inventory: &str, into: &Path) -> Output {
    run(&["evidence", inventory, "--out", into.to_str().unwrap(), "--operator", "Dana"])
}

pub fn filed(inventory: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = file(inventory, folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    folder
}

pub fn verify(folder: &Path, more: &[&str]) -> Output {
    run(&[&["evidence", "--verify", folder.to_str().unwrap()][..], more].concat())
}

pub fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

const EXAMPLES: [&str; 6] = ["clinic", "consolidated-billing", "hospital", "not-set-up", "offline-baa", "reseller"];

#[test]
fn the_same_input_gives_the_same_bytes() {
    for example in EXAMPLES {
        let inventory = format!("examples/{example}");
        let (one, other) = (filed(&inventory), filed(&inventory));
        let manifest = read(one.path(), "MANIFEST.sha256");
        assert_eq!(manifest, read(other.path(), "MANIFEST.sha256"), "{example}");
        for line in manifest.lines() {
            let name = line.split_once("  ").unwrap().1;
            assert_eq!(read(one.path(), name), read(other.path(), name), "{example}: {name}");
        }
        assert_eq!(verify(one.path(), &["--against", &inventory]).status.code(), Some(0), "{example}");
        let document: Value = serde_json::from_str(&read(one.path(), "evidence.json")).unwrap();
        assert_eq!(schema_errors("evidence.v2.schema.json", &document), [""; 0], "{example}");
        assert!(!manifest.contains("run-record") && read(one.path(), "run-record.json").contains("Dana"), "{example}");
        let cover = read(one.path(), "cover.md");
        assert!(!cover.contains("Dana") && cover.contains("Covered means only"), "{example}");
    }
}

/// Each byte counts, and so does each file.
#[test]
fn what_was_changed_is_found() {
    let folder = filed("examples/clinic");
    for name in ["accounts.csv", "cover.md", "evidence.json"] {
        let path = folder.path().join(name);
        let before = std::fs::read(&path).unwrap();
        let mut bytes = before.clone();
        bytes[20] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let output = verify(folder.path(), &[]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(text(&output).contains(&format!("{name} was changed")), "{}", text(&output));
        std::fs::remove_file(&path).unwrap();
        let output = verify(folder.path(), &[]);
        assert!(output.status.code() == Some(1) && text(&output).contains(&format!("{name} is missing")), "{name}");
        std::fs::write(&path, before).unwrap();
    }
    assert_eq!(verify(folder.path(), &[]).status.code(), Some(0));
    // a signature beside the manifest is expected, another file is not
    std::fs::write(folder.path().join("MANIFEST.sha256.minisig"), "x").unwrap();
    assert_eq!(verify(folder.path(), &[]).status.code(), Some(0));
    std::fs::write(folder.path().join("more.csv"), "x").unwrap();
    let output = verify(folder.path(), &[]);
    assert!(output.status.code() == Some(1) && text(&output).contains("more.csv is not in MANIFEST.sha256"));
}

#[test]
fn what_is_no_evidence_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(verify(folder.path(), &[]).status.code(), Some(2), "no manifest");
    let digest = "0".repeat(64);
    for manifest in [
        format!("{digest}  ../evidence.json\n"),
        format!("{digest}  accounts.csv\n"),
        "evidence.json\n".to_owned(),
        String::new(),
        format!("{digest}  evidence.json\n{digest}  evidence.json\n"),
    ] {
        std::fs::write(folder.path().join("MANIFEST.sha256"), &manifest).unwrap();
        assert_eq!(verify(folder.path(), &[]).status.code(), Some(2), "{manifest}");
    }
    let future = r#"{"schema": "countersign/evidence/v999"}"#;
    std::fs::write(folder.path().join("evidence.json"), future).unwrap();
    let digest = countersign_core::source::digest::sha256(future.as_bytes());
    std::fs::write(folder.path().join("MANIFEST.sha256"), format!("{digest}  evidence.json\n")).unwrap();
    let output = verify(folder.path(), &[]);
    assert!(output.status.code() == Some(2) && text(&output).contains("evidence/v999"), "{}", text(&output));
}

/// Evidence is about a moment that somebody names, and what was filed is never written over.
#[test]
fn it_needs_a_moment_and_an_empty_folder() {
    let world = World::new().account(A, json!({}), &[]).folder();
    let inventory = world.path().to_str().unwrap();
    let out = tempfile::tempdir().unwrap();
    let output = file(inventory, &out.path().join("a"));
    assert!(output.status.code() == Some(2) && text(&output).contains("asOf"), "{}", text(&output));
    assert!(!out.path().join("a").exists());
    std::fs::write(out.path().join("mine.txt"), "x").unwrap();
    assert_eq!(file("examples/clinic", out.path()).status.code(), Some(2));
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 1);
}

#[test]
fn a_second_evaluation_says_what_differs() {
    let world = |start: &str| {
        World::new()
            .account(A, json!({"name": "wards"}), &[])
            .accepted("customer-agreement-Own0123456789ab", "baa", "account", A, start, None)
            .file("countersign.toml", "asOf = 2026-11-01\n")
            .folder()
    };
    let (before, after) = (world("2024-01-01"), world("2026-12-01"));
    let folder = filed(before.path().to_str().unwrap());
    let output = verify(folder.path(), &["--against", after.path().to_str().unwrap()]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("222222222222 · baa: coverage was `covered`, and is `not covered`"), "{told}");
    assert!(told.contains("decided by another inventory"), "{told}");
    let same = world("2024-01-01");
    std::fs::rename(same.path().join("entities.json"), same.path().join("other.json")).unwrap();
    let output = verify(folder.path(), &["--against", same.path().to_str().unwrap()]);
    assert!(text(&output).contains("accountSource was `entities.json`, and is `other.json`"), "{}", text(&output));
}

/// D24, R81: who accepted, on what authority, and where the executed copy is.
#[test]
fn who_accepted_and_where_it_is_filed() {
    let digest = countersign_core::source::digest::sha256(b"the executed agreement");
    let acceptance = |id: &str, of: &str, more: Value| {
        let mut attrs = json!({"agreement": "baa", "account": of, "effectiveStart": "2024-01-01"});
        attrs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"uid": {"type": "CustomerAgreement", "id": format!("customer-agreement-{id}")}, "attrs": attrs})
    };
    let copy = json!({"acceptedBy": "arn:aws:iam::222222222222:user/jane", "executedCopy": "filed/baa.pdf", "executedCopySha256": digest});
    let other = json!({"acceptedBy": "bob", "executedCopy": "filed/baa.pdf", "executedCopySha256": "0".repeat(64)});
    // no file beside the inventory, wherever that stands
    let outside = "/etc/passwd";
    let world = World::new()
        .account(A, json!({}), &[])
        .account(B, json!({}), &[])
        .account(M, json!({}), &[])
        .user(A, "jane", json!([]))
        .user(B, "bob", json!([]))
        .entity(acceptance("A0123456789abcde", A, copy))
        .entity(acceptance("B0123456789abcde", B, other))
        .entity(acceptance("M0123456789abcde", M, json!({})))
        .account("444444444444", json!({}), &[])
        .entity(acceptance("N0123456789abcde", "444444444444", json!({"executedCopy": "filed/none.pdf"})))
        .entity(acceptance("O0123456789abcde", "444444444444", json!({"executedCopy": outside})))
        .entity(acceptance("P0123456789abcde", "444444444444", json!({"executedCopy": "filed/baa.pdf"})))
        .file("filed/baa.pdf", "the executed agreement")
        .file("countersign.toml", "asOf = 2026-11-01\nsignatories = [\"jane\", \"the board\"]\n")
        .folder();
    let folder = filed(world.path().to_str().unwrap());
    let document: Value = serde_json::from_str(&read(folder.path(), "evidence.json")).unwrap();
    let rows = document["agreements"].as_array().unwrap();
    let told: Vec<_> =
        rows.iter().map(|r| [&r["authority"], &r["executedCopyCheck"]].map(|v| v.as_str().unwrap())).collect();
    assert_eq!(
        told,
        [
            ["among the declared signatories", "the file has this digest"],
            ["not among the declared signatories", "THE FILE HAS ANOTHER DIGEST"],
            ["who accepted it is not declared", "none is filed"],
            ["who accepted it is not declared", "declared, and not in this folder"],
            ["who accepted it is not declared", "the file cannot be read"],
            ["who accepted it is not declared", "no digest is declared"],
        ]
    );
    let all = walkdir::WalkDir::new(folder.path()).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    for entry in all {
        assert!(!std::fs::read_to_string(entry.path()).unwrap().contains("the executed agreement"), "R30: {entry:?}");
    }
    // what is wrong with them is a finding, and an error is on the cover
    let codes: Vec<(&str, &str)> = document["findings"].as_array().unwrap().iter().map(finding).collect();
    let of = |id: &str, account: &str| format!("agreement customer-agreement-{id} of account {account}");
    let of_b = of("B0123456789abcde", B);
    assert!(codes.contains(&("CS034", &of_b)) && codes.contains(&("CS035", &of_b)), "{codes:?}");
    assert!(!codes.iter().any(|(_, about)| *about == of("A0123456789abcde", A)), "{codes:?}");
    // a copy that is not there, or that cannot be read, is told as one with another digest is (R81)
    let absent: Vec<&str> = codes.iter().filter(|(code, _)| *code == "CS037").map(|(_, about)| *about).collect();
    assert_eq!(absent, [of("N0123456789abcde", "444444444444"), of("O0123456789abcde", "444444444444")]);
    let cover = read(folder.path(), "cover.md");
    assert!(
        cover.contains("`the board` is declared as a signatory, and nobody in the inventory is called that."),
        "{cover}"
    );
    assert!(read(folder.path(), "cover.md").contains("CS034: agreement customer-agreement-B0123456789abcde"));
}

fn finding(finding: &Value) -> (&str, &str) {
    (finding["code"].as_str().unwrap(), finding["about"].as_str().unwrap())
}

const EXCEPTION: &str = "asOf = 2026-11-01\n[[exception]]\naccount = \"222222222222\"\nowner = \"Dana\"\n\
    reason = \"a lab of its own\"\ncompensatingControls = [\"no network\", \"no users\"]\nuntil = ";

/// R94: an exception is filed, and is a finding once it has ended; it changes no answer.
#[test]
fn an_exception_ends() {
    let world = |until: &str| {
        let settings = format!("{EXCEPTION}{until}\n");
        World::new().account(A, json!({"phi": {"services": ["s3"]}}), &[]).file("countersign.toml", settings).folder()
    };
    for (until, state, code) in [("2026-11-02", "in force", false), ("2026-11-01", "ended", true)] {
        let world = world(until);
        let folder = filed(world.path().to_str().unwrap());
        let document: Value = serde_json::from_str(&read(folder.path(), "evidence.json")).unwrap();
        let row = &document["exceptions"][0];
        assert_eq!((&row["state"], &row["owner"]), (&json!(state), &json!("Dana")), "{until}");
        assert_eq!(row["compensatingControls"], "no network; no users");
        let codes: Vec<&str> =
            document["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
        assert_eq!(codes.contains(&"CS009"), code, "{until}: {codes:?}");
        assert!(codes.contains(&"CS001"), "an exception does not cover: {codes:?}");
    }
    let unknown = World::new().account(B, json!({}), &[]).file("countersign.toml", format!("{EXCEPTION}2026-12-01\n"));
    let unknown = unknown.folder();
    let output = run(&["evaluate", unknown.path().to_str().unwrap()]);
    assert!(output.status.code() == Some(2) && text(&output).contains("there is no account 222222222222"));
}

#[test]
fn names_are_no_formulas() {
    let name = "=HYPERLINK(\"http://x\",\"y\")";
    let world = World::new()
        .account(A, json!({"name": name}), &[])
        .account(B, json!({"name": "@SUM(1+1)"}), &[])
        .file("countersign.toml", "asOf = 2026-11-01\n")
        .folder();
    let folder = filed(world.path().to_str().unwrap());
    let mut reader = csv::Reader::from_path(folder.path().join("accounts.csv")).unwrap();
    let cells: Vec<String> =
        reader.records().flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(cells.iter().any(|c| c == &format!("'{name}")), "{cells:?}");
    let computed = |c: &&String| c.trim_start().starts_with(['=', '+', '-', '@']);
    assert_eq!(cells.iter().filter(computed).count(), 0, "{cells:?}");
}

const REGISTER: &str = "Account,Called,BAA,Holds PHI,Owner\n\
    222222222222,wards,customer-agreement-Wards01234567890,yes,Ann\n\
    3333-3333-3333,Research lab,customer-agreement-OrgBaa0123456789,no,=1+1\n\
    999999999999,ghost,,no,Bo\n\
    555555555555,former-clinic,customer-agreement-OrgBaa0123456789,yes,Cy\n";

#[test]
fn a_register_is_reconciled() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory");
    std::fs::create_dir_all(&inventory).unwrap();
    for entry in walkdir::WalkDir::new("examples/hospital").into_iter().map(Result::unwrap) {
        let to = inventory.join(entry.path().strip_prefix("examples/hospital").unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(to).unwrap();
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
    let settings = std::fs::read_to_string("examples/hospital/countersign.toml").unwrap();
    let columns = "\n[register]\naccount = \"account\"\nname = \"Called\"\nagreement = \"BAA\"\nphi = \"Holds PHI\"\n";
    std::fs::write(inventory.join("countersign.toml"), settings + columns).unwrap();
    let register = folder.path().join("register.csv");
    std::fs::write(&register, REGISTER).unwrap();
    let ask = |more: &[&str]| {
        let args = ["evidence", inventory.to_str().unwrap(), "--register", register.to_str().unwrap()];
        run(&[&args[..], more].concat())
    };
    let output = ask(&[]);
    assert_eq!(output.status.code(), Some(0));
    let told = text(&output);
    for expected in [
        "line 2, account 222222222222 has `customer-agreement-Wards01234567890` in the register, and customer-agreement-OrgBaa0123456789 governs it",
        "line 3, account 333333333333 is called `Research lab` in the register, and `research` in the inventory",
        "line 3, account 333333333333 holds PHI by its tags or entry, and not by the register",
        "line 4, account 999999999999 is in the register, and not in the inventory",
        "line 5, account 555555555555 left o-hospital01 on 2025-06-30T00:00:00Z",
        "line 5, account 555555555555 has `customer-agreement-OrgBaa0123456789` in the register, and no agreement is in force for it",
        "account 111111111111 is missing in the register",
        "account 444444444444 is missing in the register",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let corrected = folder.path().join("register.corrected.csv");
    let text = std::fs::read_to_string(&corrected).unwrap();
    assert!(text.contains("222222222222,wards,customer-agreement-OrgBaa0123456789,yes,Ann\n"), "{text}");
    assert!(text.contains("3333-3333-3333,research,customer-agreement-OrgBaa0123456789,no,=1+1\n"), "{text}");
    assert_eq!(ask(&["--fail-on", "error"]).status.code(), Some(1));
    // what PHI an account holds is not corrected: everything else agrees after one round
    std::fs::copy(&corrected, &register).unwrap();
    let again = self::text(&ask(&[]));
    assert!(again.contains("holds PHI by its tags or entry, and not by the register"), "{again}");
    assert!(!again.contains("governs it") && !again.contains("is missing"), "{again}");
    std::fs::write(&register, "Account,Called,BAA,Holds PHI\n22222222222,x,x,no\n").unwrap();
    let output = ask(&[]);
    assert!(output.status.code() == Some(2) && self::text(&output).contains("leading zeros"));
}

/// An inventory of one account that holds PHI, with these settings, and a register.
fn reconciled(settings: &str, register: &str) -> (Option<i32>, String, String) {
    let world = World::new()
        .account(A, json!({"name": "lab; north", "phi": {"services": ["s3"]}}), &[])
        .file("countersign.toml", format!("asOf = \"2026-11-01\"\n{settings}"));
    let (inventory, folder) = (world.folder(), tempfile::tempdir().unwrap());
    let file = folder.path().join("register.csv");
    std::fs::write(&file, register).unwrap();
    let args =
        ["evidence", inventory.path().to_str().unwrap(), "--register", file.to_str().unwrap(), "--fail-on", "error"];
    let output = run(&args);
    let corrected = std::fs::read_to_string(folder.path().join("register.corrected.csv")).unwrap_or_default();
    (output.status.code(), text(&output), corrected)
}

/// A column that is named and not there is an error; one that is not there is told; a word that says neither is not a no.
#[test]
fn nothing_of_a_register_is_passed_over() {
    let (code, told, _) = reconciled("[register]\nphi = \"Sensitive\"\n", "account,name\n222222222222,lab; north\n");
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("there is no column `Sensitive`; there are `account`, `name`"), "{told}");
    let (code, told, _) = reconciled("", "account,name\n222222222222,lab; north\n");
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("There is no column PHI, so that nothing of it was compared"), "{told}");
    assert!(told.contains("There is no column agreement,") && !told.contains("no column name"), "{told}");
    for cell in ["Y", "maybe"] {
        let (code, told, _) = reconciled("", &format!("account,PHI\n222222222222,{cell}\n"));
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(&format!("has `{cell}` in the column PHI, which says neither")), "{told}");
    }
    for (cell, code) in [("YES", 0), ("x", 0), ("no", 1), ("", 1), ("-", 1)] {
        let (found, told, _) = reconciled("", &format!("account,PHI\n222222222222,{cell}\n"));
        assert_eq!(found, Some(code), "{cell}: {told}");
        assert_eq!(told.contains("and not by the register"), code == 1, "{cell}: {told}");
    }
    let own = "[register]\nphiValues = [\"J\"]\nnoPhiValues = [\"N\"]\n";
    assert_eq!(reconciled(own, "account,PHI\n222222222222,j\n").0, Some(0));
    assert!(reconciled(own, "account,PHI\n222222222222,n\n").1.contains("and not by the register"));
    assert!(reconciled(own, "account,PHI\n222222222222,yes\n").1.contains("says neither"));
}

/// D16: what is not known is no blank, which says that there is none; D19: of two agreements either covers.
#[test]
fn a_register_says_unknown_and_takes_either_agreement() {
    let world = World::new()
        .account(A, json!({"name": "lab", "phi": {"services": ["s3"]}, "agreementsKnown": false}), &[])
        .account(B, json!({"name": "ward", "tagsKnown": false}), &[])
        .account(M, json!({"name": "two"}), &[])
        .accepted("First", "baa", "account", M, "2024-01-01", None)
        .accepted("Later", "baa", "account", M, "2025-01-01", None)
        .accepted("Ward", "baa", "account", B, "2025-01-01", None)
        .file("countersign.toml", "asOf = \"2026-11-01\"\n");
    let (inventory, folder) = (world.folder(), tempfile::tempdir().unwrap());
    let file = folder.path().join("register.csv");
    let reconcile = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let args = ["evidence", inventory.path().to_str().unwrap(), "--register", file.to_str().unwrap()];
        let output = run(&[&args[..], &["--fail-on", "error"]].concat());
        let corrected = std::fs::read_to_string(folder.path().join("register.corrected.csv")).unwrap();
        (output.status.code(), text_of(&output), corrected)
    };
    let (_, told, corrected) = reconcile("account,agreement,PHI\n111111111111,customer-agreement-Later,no\n");
    assert!(told.contains("which is in force too: customer-agreement-First began first"), "{told}");
    assert!(told.contains("it holds PHI; which agreement governs it is not known"), "{told}");
    assert_eq!(
        corrected,
        "account,agreement,PHI\n111111111111,customer-agreement-Later,no\n222222222222,unknown,yes\n333333333333,customer-agreement-Ward,unknown\n"
    );
    let (code, told, again) = reconcile(&corrected);
    assert_eq!((code, again), (Some(0), corrected), "{told}");
    assert!(told.contains("whether it holds PHI is not known, by the register and by its tags"), "{told}");
}

fn text_of(output: &std::process::Output) -> String {
    text(output).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What spreadsheets write: a byte order mark, semicolons or tabs. The corrected register is written in the same way.
#[test]
fn a_register_of_any_spreadsheet_is_read() {
    for (register, expected) in [
        (
            "\u{feff}account;name;PHI\r\n222222222222;lab;yes\r\n",
            "\u{feff}account;name;PHI\r\n222222222222;\"lab; north\";yes\r\n",
        ),
        ("account\tname\tPHI\n222222222222\tlab\tyes\n", "account\tname\tPHI\n222222222222\tlab; north\tyes\n"),
        (
            "account,\"name; here\",name,PHI\n222222222222,a,lab,yes\n",
            "account,\"name; here\",name,PHI\n222222222222,a,lab; north,yes\n",
        ),
    ] {
        let (code, told, corrected) = reconciled("", register);
        assert_eq!((code, corrected.as_str()), (Some(0), expected), "{told}");
    }
}

/// Of two columns of one name one would not be compared; rows that a spreadsheet leaves empty are none; `sep=` is Excel's.
#[test]
fn a_register_as_people_keep_it_is_read() {
    for header in ["account,name,agreement,PHI,phi", "Account,account,name,PHI"] {
        let (code, told, _) = reconciled("", &format!("{header}\n222222222222,x,,no,yes\n"));
        assert!(code == Some(2) && told.contains("several columns are called"), "{told}");
    }
    let (code, told, corrected) = reconciled("", "sep=;\r\naccount;name;PHI\r\n222222222222;lab;yes\r\n;;\r\n;;\r\n");
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(corrected, "sep=;\r\naccount;name;PHI\r\n222222222222;\"lab; north\";yes\r\n;;\r\n;;\r\n");
    assert!(told.contains("1 row of the register"), "{told}");
    for end in ["\n", "\r\n", "\r"] {
        let register = ["account,note,PHI", "222222222222,\"a,b\",yes", "999999999999,,no", ""].join(end);
        let (_, told, corrected) = reconciled("", &register);
        assert!(told.contains("line 3, account 999999999999"), "{end:?}: {told}");
        assert_eq!(corrected, register, "{end:?}");
    }
    let (code, told, _) = reconciled("", "account,PHI\n222222222222,\"yes\n");
    assert!(code == Some(2) && told.contains("line 2: a quotation mark is not closed"), "{told}");
    let (code, told, _) = reconciled("", "account,PHI\n222222222222\n");
    assert!(code == Some(2) && told.contains("line 2: it has 1 cell, and the header has 2"), "{told}");
}

/// What nobody asked about stays as it was written: notes of several lines, numbers of telephones, balances.
#[test]
fn a_register_keeps_what_is_not_corrected() {
    let register =
        "account,name,phone,balance,note,PHI\n222222222222,lab,+49 30 123,-5,\"two\r\nlines\tand a tab\",yes\n";
    let (_, told, corrected) = reconciled("", register);
    assert_eq!(corrected, register.replace(",lab,", ",lab; north,"), "{told}");
}

/// An account that is added is told as the inventory tells it: the corrected register has nothing left to correct.
#[test]
fn a_corrected_register_agrees() {
    let (_, told, corrected) = reconciled("", "account,name,agreement,PHI\n");
    assert!(
        told.contains("is missing in the register") && corrected.contains("222222222222,lab; north,,yes"),
        "{corrected}"
    );
    let (code, told, again) = reconciled("", &corrected);
    assert!(code == Some(0) && told.contains("0 differences"), "{told}");
    assert_eq!(again, corrected);
}

/// The column of the agreement may say that there is one, which kind, and of which scope, as companies write it.
#[test]
fn a_register_may_say_yes() {
    let world = World::organization()
        .accepted("abcdef0123456789", "baa", "organization", ORG, "2024-01-01", None)
        .account("444444444444", json!({}), &[])
        .file("countersign.toml", "asOf = \"2026-11-01\"\n")
        .folder();
    let folder = tempfile::tempdir().unwrap();
    let told = |cell: &str, other: &str| {
        let file = folder.path().join("register.csv");
        std::fs::write(&file, format!("account,agreement\n{M},yes\n{A},{cell}\n444444444444,{other}\n")).unwrap();
        text(&run(&["evidence", world.path().to_str().unwrap(), "--register", file.to_str().unwrap()]))
    };
    for cell in [
        "yes",
        "YES",
        "x",
        "BAA",
        "baa",
        "HIPAA BAA",
        "org BAA",
        "Organization BAA",
        "customer-agreement-abcdef0123456789",
    ] {
        let told = told(cell, "no");
        assert!(told.contains("0 differences"), "{cell}: {told}");
    }
    for cell in ["no", "", "account BAA", "ANDB", "customer-agreement-another0123456", "perhaps"] {
        let told = told(cell, "none");
        assert!(told.contains("1 difference.") && told.contains("governs it"), "{cell}: {told}");
    }
    assert!(told("account BAA", "").contains("governs it (organization agreement)"));
    assert!(told("yes", "yes").contains("has `yes` in the register, and no agreement is in force for it"));
    assert!(told("yes", "").contains("in place of an earlier one"));
}
