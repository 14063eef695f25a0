//! What is asked on screen is answered alike by every command and format: the first reason, who stands behind it, and what is taken for
//! granted.

use std::process::Command;

use crate::common::*;
use serde_json::json;

const HOSPITAL: &str = "examples/hospital";
const RESELLER: &str = "examples/reseller";

/// The exit code, and all that is told, on one line.
fn run(args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .args(args)
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn told(args: &[&str]) -> String {
    run(args).1
}

/// A table of CSV, a map a row.
fn rows(args: &[&str]) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(args).args(["--format", "csv"]).output().unwrap();
    csv::Reader::from_reader(output.stdout.as_slice()).deserialize().map(Result::unwrap).collect()
}

/// D8, D27: what everybody is told first is the answer, and `can` says the same of each. A message that nobody sees is none.
#[test]
fn nobody_can_for_the_reason_that_each_is_told() {
    let (none, message) = (
        "no agreement of this kind and scope is in force",
        "retrieve information about your AWS account’s organization”",
    );
    for (account, of_organization) in [("wards", "only the management account"), ("sandbox", message)] {
        let text = told(&["who-can", "end", HOSPITAL, "--account", account]);
        let governed = format!("{account} (");
        assert!(text.starts_with(&governed) && text.contains("Nobody can terminate the BAA from there"), "{text}");
        assert!(!text.contains("to terminate the agreement”"), "{text}");
        for reason in [none, of_organization] {
            assert!(text.contains(reason), "{reason}: {text}");
            let can = told(&["can", "root", "end", HOSPITAL, "--account", account]);
            assert!(can.contains(reason), "{reason}: {can}");
        }
        // what governs it is the organization's, and who can end that (R62) comes first
        let text = text.replace('\n', " ");
        let who = "which maria, its root user and jane can terminate in account management (111111111111)";
        assert!(text.split(who).next().is_some_and(|before| !before.contains("Nobody")), "{text}");
        let can = told(&["can", "root", "end", HOSPITAL, "--account", account]).replace('\n', " ");
        assert!(can.contains(who), "{can}");
    }
    let research = told(&["who-can", "end-coverage", HOSPITAL, "--account", "research"]);
    let who = "maria, the root user of account management (111111111111) and jane of account management (111111111111)";
    let can = "can end the cover of research (333333333333) by the BAA that governs it, which then has another agreement in force.";
    assert!(
        research.starts_with(&format!(
            "{who} {can} Perhaps can: the root user of account research (333333333333). The root user of"
        )),
        "{research}"
    );
    let all = told(&["who-can", "end-coverage", HOSPITAL]);
    assert!(all.starts_with("A BAA covers management (111111111111), wards (222222222222)"), "{all}");
    let own = told(&["who-can", "end", HOSPITAL, "--account", "management"]);
    assert!(!own.starts_with("Nobody"), "{own}");
}

/// A command that is printed as advice is run as it stands: it names the inventory, the moment and the rules of the question.
#[test]
fn a_command_that_is_printed_asks_what_was_asked() {
    let world = World::organization().accepted("org", "baa", "organization", ORG, "2024-01-01", None).account(
        "444444444444",
        json!({"name": "Night Desk", "principalsKnown": false}),
        &[],
    );
    let entities = serde_json::to_string(&world.entities).unwrap();
    let asking = ["--at", "2026-01-01", "--context", "aws:MultiFactorAuthPresent=true", "--policies", "our rules"];
    let folder = folder(&[("our clinic/entities.json", entities.as_str()), ("our rules/none.cedar", "")]);
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign")).current_dir(folder.path()).args(args).output();
        let output = output.unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    for (question, expected) in [
        (&["who-can", "end", "our clinic", "--account", A][..], "who-can end-coverage"),
        (&["who-can", "accept", "our clinic"], "show completeness"),
        (&["evaluate", "our clinic"], "show completeness"),
        (&["evidence", "our clinic", "--out", "filed", "--account", "Night Desk"], "coverage"),
        (&["check", "our clinic", "--only", "expectations"], "test"),
    ] {
        let (_, text) = run(&[question, &asking[..]].concat());
        let printed = text
            .split('`')
            .find(|c| c.starts_with(&format!("countersign {expected} ")))
            .unwrap_or_else(|| panic!("{text}"));
        for part in
            ["'our clinic'", "--at 2026-01-01", "--context aws:MultiFactorAuthPresent=true", "--policies 'our rules'"]
        {
            assert!(printed.contains(part), "{part}: {printed}");
        }
        let words: Vec<&str> = printed
            .split('\'')
            .enumerate()
            .flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
            .collect();
        let (code, text) = run(&words[1..]);
        assert_eq!(code, 0, "{printed}: {text}");
    }
}

/// Whoever is not in the accounts that were named is told where they are, not that there is nobody of that name.
#[test]
fn whoever_is_in_another_account_is_told_to_be_there() {
    for (args, told) in [
        (
            &["can", "jane", "accept", HOSPITAL, "--account", "333333333333"][..],
            "`jane` is in management (111111111111)",
        ),
        (&["can", "maria", "accept", HOSPITAL, "--account", "former-clinic"], "`maria` is in "),
        (&["evaluate", HOSPITAL, "--principal", "jane", "--account", "research"], "and not in research (333333333333)"),
    ] {
        let (code, text) = run(args);
        assert!(code == 2 && text.contains(told), "{args:?}: {text}");
    }
    assert!(
        self::told(&["can", "jone", "accept", HOSPITAL, "--account", "research"]).contains("there is no principal")
    );
}

/// A person is who is asked about, by the id as by the user name.
#[test]
fn a_person_is_named_by_the_id_too() {
    let by_name = run(&["can", "maria", "accept", HOSPITAL]);
    assert_eq!(run(&["can", "u-maria", "accept", HOSPITAL]), by_name);
    assert!(by_name.1.starts_with("Yes and no."), "{}", by_name.1);
    // an id that somebody signs in with names whoever does
    let world = World::organization()
        .entity(json!({"uid": "IdentityCenterUser::\"one\"", "attrs": {"userName": "two"}}))
        .entity(json!({"uid": "IdentityCenterUser::\"two\"", "attrs": {"userName": "three"}}))
        .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": [ADMIN], "assignments": [{"user": "one", "accounts": [A]}]}}))
        .entity(json!({"uid": "PermissionSet::\"Other\"", "attrs": {"policies": [], "assignments": [{"user": "two", "accounts": [A]}]}}))
        .folder();
    let text = told(&["can", "two", "accept", "--scope", "account", world.path().to_str().unwrap()]);
    assert!(text.starts_with("Yes. two can accept"), "{text}");
}

#[test]
fn names_are_found_as_people_write_them() {
    let maria = run(&["can", "maria", "accept", HOSPITAL, "--account", "222222222222"]);
    for (who, account) in
        [("Maria", "wards"), ("maria", "Wards"), ("MARIA", "2222-2222-2222"), ("maria", "2222 2222 2222")]
    {
        assert_eq!(run(&["can", who, "accept", HOSPITAL, "--account", account]), maria, "{who} {account}");
    }
    let clinic = run(&["coverage", HOSPITAL, "--account", "former-clinic"]);
    assert_eq!(run(&["coverage", HOSPITAL, "--account", "Former clinic"]), clinic);
    let root = run(&["can", "root", "accept", HOSPITAL]);
    assert_eq!(run(&["can", "root user", "accept", HOSPITAL]), root);
    assert_eq!(run(&["can", "maria", "sign the HIPAA BAA", HOSPITAL]), run(&["can", "maria", "sign", HOSPITAL]));
    assert_eq!(run(&["can", "maria", "Accept-Agreement", HOSPITAL]), run(&["can", "maria", "accept", HOSPITAL]));
    assert_eq!(run(&["can", "maria", "revoke", HOSPITAL]), run(&["can", "maria", "terminate", HOSPITAL]));
    assert_eq!(run(&["can", "maria", "read", HOSPITAL]), run(&["can", "maria", "download-agreement", HOSPITAL]));
    let soc = run(&["can", "sam", "download-report", HOSPITAL, "--report", "report-bqhUJF3FrQZsMJpb"]);
    assert_eq!(run(&["can", "sam", "download the SOC report", HOSPITAL]), soc);
    assert_eq!(run(&["can", "sam", "download-report", HOSPITAL, "--report", "soc"]), soc);
    let all = run(&["who-can", "download-report", HOSPITAL]);
    assert_eq!(run(&["who-can", "read reports", HOSPITAL]), all);
    for agreement in ["our BAA", "the HIPAA BAA", "a business associate agreement"] {
        assert_eq!(
            run(&["coverage", HOSPITAL, "--agreement", agreement]),
            run(&["coverage", HOSPITAL, "--agreement", "baa"])
        );
    }
    for (args, help) in [
        (&["coverage", HOSPITAL, "--agreement", "HIPPA BAA"][..], "did you mean `HIPAA BAA`?"),
        (&["coverage", HOSPITAL, "--agreement", "org BAA"], "--scope"),
        (&["who-can", "end", HOSPITAL, "--agreement", "organization BAA"], "--agreement baa --scope organization"),
        (&["who-can", "end", HOSPITAL, "--agreement", "paper BAA"], "end-coverage"),
        (&["can", "maria", "peruse", HOSPITAL], "help: "),
        (&["who-can", HOSPITAL, "end"], "write `countersign who-can end examples/hospital`"),
        (&["can", "maria", HOSPITAL, "sign"], "write `countersign can maria sign examples/hospital`"),
        (&["can", "maria", "download the tax report", HOSPITAL], "there is no report"),
        (&["can", "maria", "sign the ANDB", HOSPITAL], "--agreement andb"),
    ] {
        let (code, text) = run(args);
        assert!(code == 2 && text.contains(help), "{args:?}: {text}");
    }
    // two names that differ in their case alone are two
    let world = World::organization().user(A, "jane", json!([])).user(A, "JANE", json!([])).folder();
    let (code, text) = run(&["can", "Jane", "accept", world.path().to_str().unwrap()]);
    assert!(code == 2 && text.contains("Jane"), "{text}");
}

/// D22: what an answer takes for granted stands beside it, in every format, and whatever rows are shown.
#[test]
fn what_is_assumed_is_said_in_every_format() {
    let snapshot = "policies and permissions are those of the snapshot of 2026-11-01";
    let at = ["--at", "2025-01-01"];
    for command in [
        &["who-can", "accept", HOSPITAL][..],
        &["can", "maria", "accept", HOSPITAL],
        &["who-can", "end-coverage", HOSPITAL],
    ] {
        for format in ["text", "markdown", "csv", "json"] {
            let text = told(&[command, &at, &["--format", format]].concat());
            assert!(text.contains(snapshot), "{command:?} {format}: {text}");
        }
        assert!(rows(&[command, &at].concat()).iter().all(|row| row["assuming"].contains(snapshot)), "{command:?}");
    }
    let nda = "the AWS Artifact NDA is accepted in account 111111111111";
    for format in ["text", "markdown", "csv"] {
        assert!(told(&["who-can", "accept", HOSPITAL, "--format", format]).contains(nda), "{format}");
    }
    let asked = ["coverage", RESELLER, "--at", "2023-06-01", "--agreement", "baa"];
    for format in ["text", "markdown", "csv"] {
        let text = told(&[&asked[..], &["--format", format]].concat());
        assert!(text.contains("2023-06-01") && text.to_lowercase().contains("assum"), "{format}: {text}");
    }
    assert!(rows(&asked).iter().any(|row| row["account"] == "999999999994" && !row["assuming"].is_empty()));
    for format in ["text", "markdown"] {
        let text = told(&[&asked[..], &["--without-cover", "--holding-phi", "--format", format]].concat());
        assert!(text.contains("Assuming: the organizations of 3 accounts at that time"), "{format}: {text}");
        assert!(text.contains("customer-b (999999999994)"), "{format}: {text}");
    }
    let report = told(&["report", RESELLER, "--at", "2023-06-01", "--format", "markdown"]);
    for what in ["## Taken for granted", snapshot, "the AWS Artifact NDA", "999999999994 is in o-customer0b2"] {
        assert!(report.contains(what), "{what}: {report}");
    }
}

/// R85: which tags count is said where somebody asks for PHI: another tag is no "no".
#[test]
fn which_tags_say_phi_is_said() {
    let world = World::organization()
        .entity(json!({"uid": B, "parents": [ORG], "tags": {"Reg": "HIPAA"}}))
        .file("countersign.toml", "asOf = \"2026-11-01\"\n");
    let holding = |world: &World| {
        let folder = world.folder();
        told(&["coverage", "--holding-phi", folder.path().to_str().unwrap()])
    };
    let text = holding(&world);
    assert!(text.contains("An account holds PHI by its entry `phi`, or by the tag `Data=PHI`"), "{text}");
    let own = holding(&world.file("countersign.toml", "asOf = \"2026-11-01\"\nphiTags = [\"Reg=HIPAA\"]\n"));
    assert!(own.contains("or by the tag `Reg=HIPAA`") && own.contains(B), "{own}");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("filed");
    assert_eq!(run(&["evidence", HOSPITAL, "--out", out.to_str().unwrap()]).0, 0);
    let cover = std::fs::read_to_string(out.join("cover.md")).unwrap();
    assert!(cover.contains("An account holds PHI by its entry"), "{cover}");
}

/// The two filters say something of one moment; over time they are refused, and not passed over.
#[test]
fn filters_of_a_moment_are_not_passed_over() {
    for filter in ["--without-cover", "--holding-phi"] {
        let (code, text) = run(&["coverage", HOSPITAL, "--history", filter]);
        assert!(code == 2 && text.contains(filter), "{text}");
        assert_eq!(run(&["coverage", "--compare", HOSPITAL, HOSPITAL, filter]).0, 2, "{filter}");
    }
}

/// D31, R9: who is not listed, who stands behind a role and who may grant themselves what is missing is part of "who", in every format.
#[test]
fn a_table_of_who_has_everybody() {
    let trusting = |who: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}]});
    let world = World::new()
        .org(json!({}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({"principalsKnown": false}), &[ORG])
        .user(A, "omar", json!([allows(&["sts:AssumeRole"])]))
        .user(A, "pat", json!([allows(&["iam:AttachUserPolicy"])]))
        .entity(json!({"uid": format!("arn:aws:iam::{A}:role/legal"), "attrs": {"policies": [ADMIN], "trustPolicy": trusting(&user(A, "omar"))}}))
        .file("countersign.toml", "asOf = \"2026-11-01\"\n")
        .folder();
    let folder = world.path().to_str().unwrap();
    let who = ["who-can", "accept", folder, "--scope", "account"];
    let table = rows(&who);
    let of =
        |name: &str| table.iter().find(|row| row["who"].contains(name)).unwrap_or_else(|| panic!("{name}: {table:?}"));
    assert!(of("legal")["stands behind"].contains("omar"), "{table:?}");
    assert_eq!(of("others, who are not listed")["answer"], "unknown");
    let pat = of("pat");
    assert!(pat["answer"] == "no" && pat["may grant itself"].contains("iam:AttachUserPolicy"), "{pat:?}");
    let markdown = told(&[&who[..], &["--format", "markdown"]].concat());
    for what in ["Perhaps others, who are not listed", "1 principal may grant itself", "omar", "AttachUserPolicy"] {
        assert!(markdown.contains(what), "{what}: {markdown}");
    }
    let ending = rows(&["who-can", "end-coverage", "examples/hospital"]);
    assert!(ending.iter().all(|row| row.contains_key("stands behind") && row.contains_key("assuming")));
}

/// Sentences name what they count, and no attribute of a file.
#[test]
fn sentences_are_for_people() {
    let text = told(&["coverage", RESELLER, "--at", "2022-01-01"]);
    assert!(
        text.contains("0 of 4 accounts are covered by the BAA. Not covered: ")
            && text.contains("Not known: customer-b"),
        "{text}"
    );
    let text = told(&["who-can", "end", RESELLER]);
    assert!(text.contains("whether an agreement is in force") && !text.contains("agreementsKnown"), "{text}");
    let clinic = rows(&["who-can", "accept", HOSPITAL, "--at", "2025-01-01"]);
    let clinic = clinic.iter().find(|row| row["answer"] == "unknown").unwrap();
    assert!(
        clinic["denied by"].is_empty() && clinic["depends on"].contains("the service control policies of account"),
        "{clinic:?}"
    );
}

/// D32: the page is about a moment, and its files are as of another.
#[test]
fn a_page_says_the_moment_of_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    assert_eq!(run(&["report", HOSPITAL, "--at", "2024-06-01", "--out", page.to_str().unwrap()]).0, 0);
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text.contains("answered for 2024-06-01 · as of 2026-11-01"), "{}", &text[..2000]);
    assert!(!text.contains("as of 2024-06-01"));
}

/// A number or an id that is cut in two is another one: columns are stacked in a terminal that is too narrow for them.
#[test]
fn no_number_is_cut_in_a_narrow_terminal() {
    for columns in ["60", "80", "100", "200"] {
        for example in ["hospital", "reseller", "offline-baa", "clinic"] {
            let folder = format!("examples/{example}");
            let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
            command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").env("COLUMNS", columns);
            let output = command.args(["coverage", &folder, "--agreement", "baa"]).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            for row in rows(&["coverage", &folder, "--agreement", "baa"]) {
                let mut whole = vec![row["account"].clone()];
                whole.extend(row["governing"].strip_prefix("customer-agreement-").map(str::to_owned));
                whole.extend(
                    row["superseded"]
                        .split("; ")
                        .filter_map(|id| id.strip_prefix("customer-agreement-"))
                        .map(str::to_owned),
                );
                for id in whole {
                    let is_there = text.split(|c: char| c.is_whitespace() || c == ',').any(|word| word.ends_with(&id));
                    assert!(is_there, "{columns} {example}: {id} in {text}");
                }
            }
            let is_alone = |l: &str| l.split("  ").any(|cell| cell.trim() == "not");
            assert!(!text.lines().any(is_alone), "covered below not: {text}");
            let width: usize = columns.parse().unwrap();
            let table = text.lines().filter(|l| l.starts_with("  "));
            assert!(table.clone().all(|l| l.chars().count() <= width), "{columns} {example}: {text}");
        }
    }
}

/// R73, R74: a BAA that was made offline is told of, whoever can terminate another: that AWS Artifact does not terminate it, and who can
/// remove the account from it.
#[test]
fn a_baa_that_was_made_offline_is_told_of() {
    let world = |own: bool| {
        let world = World::new().account(A, json!({"name": "clinic"}), &[]).account(B, json!({"name": "lab"}), &[]);
        let world = world.user(A, "ann", json!(["arn:aws:iam::aws:policy/AdministratorAccess"]));
        let world = world.offline(json!([{"account": A, "from": "2020-02-01"}]));
        let own = if own { world.accepted("Lab0000000000001", "baa", "account", B, "2023-01-01", None) } else { world };
        own.file("countersign.toml", "asOf = 2026-11-01\n").folder()
    };
    let offline = format!(
        "clinic ({A}) is governed by a BAA made outside AWS Artifact, which nobody can terminate there: that takes written notice under \
         its own terms; its root user and ann can remove the designation in account clinic ({A}); `countersign who-can end-coverage"
    );
    let (another, alone) = (world(true), world(false));
    let of = |folder: &tempfile::TempDir, more: &[&str]| {
        told(&[&["who-can", "end", folder.path().to_str().unwrap()][..], more].concat())
    };
    let text = of(&another, &[]);
    let lab = format!("1 can terminate the BAA: the root user of account lab ({B}).");
    assert!(text.starts_with(&format!("{lab} {offline}")), "{text}");
    let markdown = of(&another, &["--format", "markdown"]).replace('\\', "");
    assert!(markdown.contains(offline.split('`').next().unwrap()), "{markdown}");
    let table = rows(&["who-can", "end", another.path().to_str().unwrap()]);
    let told_of: Vec<&str> = table.iter().filter(|r| r["answer"] == "no").map(|r| r["reason"].as_str()).collect();
    assert!(told_of.iter().any(|reason| reason.starts_with(offline.split('`').next().unwrap())), "{table:?}");
    let json: serde_json::Value = serde_json::from_str(&of(&another, &["--format", "json"])).unwrap();
    assert!(json["elsewhere"][0].as_str().unwrap().starts_with(offline.split('`').next().unwrap()), "{json}");
    let text = of(&alone, &[]);
    assert!(text.starts_with("Nobody can terminate the BAA; ") && text.contains(&offline), "{text}");
    let text = of(&another, &["--account", "clinic"]);
    assert!(text.starts_with(&offline) && text.contains("Nobody can terminate the BAA from there"), "{text}");
    // who has one of its own alone is told of no other
    assert!(!of(&another, &["--account", "lab"]).contains("made outside"));
}
