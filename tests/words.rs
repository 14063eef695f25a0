//! What a newcomer reads in an answer: of which moment it is, for whom its reason holds, whom it counts, and the same in every format.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::*;

const HOSPITAL: &str = "examples/hospital";

pub fn run(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").env("COLUMNS", "100");
    let output = command.args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

/// On one line, as a reader takes it.
pub fn told(args: &[&str]) -> String {
    run(args).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The cells of a table by the names of its columns.
fn rows(csv: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    // what was not read is said beside the table
    let table: String = csv.lines().filter(|l| !l.starts_with("countersign ")).map(|l| format!("{l}\n")).collect();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

/// D22: a date alone is the start of that day, UTC; what the day brings is told (D5: half-open).
#[test]
fn an_answer_of_a_day_says_its_hour_and_what_the_day_brings() {
    let on = |day, account| told(&["coverage", HOSPITAL, "--at", day, "--account", account]);
    let joined = on("2023-04-01", M);
    assert!(
        joined.starts_with("No. On 2023-04-01 at 00:00 UTC, no BAA is in force for account management"),
        "{joined}"
    );
    let later = "From 15:20 UTC on that day, management (111111111111) is covered by a BAA: that of its organization.";
    assert!(joined.contains(later), "{joined}");
    let other = on("2023-04-01", A);
    assert!(other.contains("From 15:20 UTC on that day, another BAA governs wards"), "{other}");
    for (day, account) in [("2023-04-01T15:20:00Z", M), ("2023-04-02", M), ("2023-03-31", M)] {
        let text = on(day, account);
        assert!(!text.contains("that day"), "{day}: {text}");
    }
    let all = told(&["coverage", HOSPITAL, "--at", "2023-04-01"]);
    assert!(all.contains("former-clinic (555555555555) are covered by a BAA: that of its organization."), "{all}");
    let ended = World::new().account(A, json!({"name": "lab"}), &[]).accepted(
        "customer-agreement-Own0123456789ab",
        "baa",
        "account",
        A,
        "2024-01-01",
        Some("2024-05-01T10:00:00Z"),
    );
    let folder = ended.folder();
    let text = told(&["coverage", folder.path().to_str().unwrap(), "--at", "2024-05-01", "--agreement", "baa"]);
    assert!(
        text.contains("Until 10:00 UTC that day only: from then on, lab (222222222222) is not covered by a BAA."),
        "{text}"
    );
}

/// The same for permissions: what they rest on changes later that day.
#[test]
fn a_permission_of_a_day_says_its_hour() {
    let at = |day| told(&["can", "jane", "accept", HOSPITAL, "--scope", "organization", "--at", day]);
    let day = at("2023-04-01");
    assert!(day.contains("Answered for 2023-04-01 at 00:00 UTC."), "{day}");
    assert!(day.contains("change later that day, at 15:20 UTC: --at 2023-04-01T15:20:00Z asks about then."), "{day}");
    assert!(!at("2023-04-02").contains("later that day"));
    let who = told(&["who-can", "accept", HOSPITAL, "--at", "2023-04-01", "--format", "markdown"]);
    assert!(who.contains("Answered for 2023-04-01 at 00:00 UTC.") && who.contains("at 15:20 UTC"), "{who}");
}

/// A reason is told of the places for which it is the reason: management is under no denial of Clinical's.
#[test]
fn a_reason_holds_wherever_it_is_told() {
    let text = run(&["can", "maria", "accept", HOSPITAL]);
    let block = |first: &str| {
        let all: Vec<String> = text.split("\n\n").map(|b| b.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        all.into_iter().find(|b| b.starts_with(first)).unwrap_or_else(|| panic!("{first}: {text}"))
    };
    let whole = block("No: maria cannot accept the BAA for the whole organization:");
    assert!(!whole.contains("Clinical"), "{whole}");
    let research = block("No: maria cannot accept the BAA for account research (333333333333):");
    assert!(research.contains("Clinical denies"), "{research}");
    // where all reasons are the same, places are told together
    assert!(
        block("No: maria cannot accept the BAA for the whole organization from account wards")
            .contains("from account research")
    );
}

/// Who is denied a permission does not lack it.
#[test]
fn a_denial_is_no_missing_permission() {
    let by = "denied by a service control policy of the organizational unit Clinical: artifact:TerminateAgreement";
    let text = told(&["who-can", "end", HOSPITAL]);
    assert!(text.contains(&format!("The root user of account research (333333333333): terminate the BAA for account research (333333333333); {by}.")), "{text}");
    assert!(text.contains("not allowed by the permissions boundary: artifact:TerminateAgreement."), "{text}");
    let csv = run(&["who-can", "end", HOSPITAL, "--format", "csv"]);
    let root = rows(&csv).into_iter().find(|r| r["principal"] == root(B)).unwrap();
    assert_eq!((root["missing"].as_str(), root["denied by"].as_str()), ("", by));
    // to whom one action is denied, and two are not allowed, is three changes away, and not among those nearby
    // maria can elsewhere, and is counted there
    assert!(text.contains(" 2 nearly can: ") && !text.contains("sam"), "{text}");
    let csv = run(&["can", "sam", "end", HOSPITAL, "--account", "research", "--scope", "account", "--format", "csv"]);
    let sam = rows(&csv).remove(0);
    for action in ["artifact:GetCustomerAgreement", "artifact:TerminateAgreement"] {
        assert!(sam["missing"].contains(action) && sam["denied by"] == by, "{sam:?}");
    }
    assert!(told(&["who-can", "end", HOSPITAL, "--format", "markdown"]).contains(by));
}

/// A count is of people and principals, not of the ways in which they act.
#[test]
fn people_are_counted_one_by_one() {
    let world = World::organization()
        .entity(json!({"uid": "IdentityCenterUser::\"u-1\"", "attrs": {"userName": "maria"}, "parents": ["g-legal"]}))
        .entity(json!({"uid": "IdentityCenterUser::\"u-2\"", "attrs": {"userName": "otto"}, "parents": ["g-legal"]}))
        .entity(json!({"uid": "IdentityCenterGroup::\"g-legal\"", "attrs": {"displayName": "Legal"}}))
        .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": [ADMIN],
            "assignments": [{"group": "g-legal", "accounts": [M, A]}]}}))
        .user(M, "jane", json!([ADMIN]))
        .user(A, "jane", json!([ADMIN]));
    let folder = world.folder();
    let path = folder.path().to_str().unwrap();
    let text = told(&["who-can", "accept", path, "--scope", "account"]);
    let expected = "6 can accept the BAA: maria, otto, the root user of account 111111111111, jane of account \
                    111111111111, the root user of account 222222222222 and jane of account 222222222222.";
    assert!(text.starts_with(expected), "{text}");
}

/// D32: a row says of which moment it is; what is the same in every row stands above a table of Markdown.
#[test]
fn every_format_says_of_which_moment_it_is() {
    for command in [&["coverage", HOSPITAL][..], &["can", "jane", "accept", HOSPITAL], &["who-can", "accept", HOSPITAL]]
    {
        let ask = |at, format| run(&[command, &["--at", at, "--format", format]].concat());
        for (at, note) in [
            ("2026-12-01", "as of 2026-11-01; nothing later is known"),
            ("2026-11-01", ""),
            ("2026-10-01", "what has no date is that of the snapshot"),
        ] {
            let csv = rows(&ask(at, "csv"));
            assert!(!csv.is_empty());
            for row in csv {
                assert_eq!(row["at"], format!("{at}T00:00:00Z"), "{command:?}");
                assert_eq!(
                    (row["as of"].as_str(), row["note"].as_str()),
                    ("2026-11-01T00:00:00Z", note),
                    "{command:?}"
                );
            }
            let markdown = ask(at, "markdown");
            assert!(markdown.contains(&format!("Answered for {at} at 00:00 UTC.")), "{markdown}");
            assert_eq!(
                markdown.contains("\nAs of 2026-11-01; nothing later is known."),
                at == "2026-12-01",
                "{markdown}"
            );
            assert_eq!(markdown.contains("Left out: "), command[0] != "coverage", "{markdown}");
        }
    }
}

/// D22: tags and the like have no date; they are facts of the snapshot alone.
#[test]
fn what_has_no_date_is_told_as_assumed() {
    let assumed = "what the files tell without a date (tags, PHI, attestations, names, settings) is that of the snapshot of 2026-11-01";
    let ask = |more: &[&str]| told(&[&["coverage", HOSPITAL, "--without-cover", "--holding-phi"][..], more].concat());
    for format in ["text", "markdown", "json"] {
        assert!(ask(&["--at", "2023-04-01", "--format", format]).contains(assumed), "{format}");
        assert!(!ask(&["--at", "2026-11-01", "--format", format]).contains(assumed), "{format}");
    }
    for command in ["evaluate", "report"] {
        let at = |day| {
            told(&[command, HOSPITAL, "--at", day, "--format", if command == "report" { "markdown" } else { "text" }])
        };
        assert!(at("2023-04-01").contains(assumed) && !at("2026-11-01").contains(assumed), "{command}");
    }
    let document: Value =
        serde_json::from_str(&run(&["coverage", HOSPITAL, "--at", "2023-04-01", "--format", "json"])).unwrap();
    assert_eq!(schema_errors("coverage.v1.schema.json", &document), [""; 0]);
}

/// The state of an agreement is that at the moment of the evidence (D5).
#[test]
fn evidence_of_an_earlier_day_tells_nothing_of_a_later_one() {
    let at = |day: &str| {
        let folder = tempfile::tempdir().unwrap();
        run(&["evidence", HOSPITAL, "--at", day, "--out", folder.path().to_str().unwrap()]);
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        (rows(&read("accounts.csv")), rows(&read("agreements.csv")), read("cover.md"))
    };
    let state = |rows: &[std::collections::BTreeMap<String, String>], id: &str| {
        rows.iter().find(|r| r["agreement id"].ends_with(id)).unwrap()["state"].clone()
    };
    let (accounts, agreements, cover) = at("2023-04-01");
    let wards = accounts.iter().find(|r| r["account"] == A).unwrap();
    assert_eq!((wards["coverage"].as_str(), wards["agreement state"].as_str()), ("covered", "ACTIVE"));
    assert!(wards["assuming"].contains("is that of the snapshot of 2026-11-01"), "{wards:?}");
    assert_eq!(state(&agreements, "OrgBaa0123456789"), "not yet in force");
    assert_eq!(state(&agreements, "Wards01234567890"), "ACTIVE");
    assert!(cover.contains("What the files tell without a date"), "{cover}");
    let (_, agreements, _) = at("2023-05-01");
    assert_eq!(state(&agreements, "OrgBaa0123456789"), "ACTIVE");
    assert_eq!(state(&agreements, "Wards01234567890"), "CUSTOMER_TERMINATED");
    assert!(!at("2026-11-01").2.contains("without a date"));
}

/// What a table shows of accounts that lack cover is what the text shows.
#[test]
fn a_narrowed_table_has_the_rows_of_the_text() {
    let ask =
        |more: &[&str]| rows(&run(&[&["coverage", HOSPITAL, "--holding-phi", "--format", "csv"][..], more].concat()));
    assert!(ask(&[]).iter().all(|r| r["agreement"] == "baa") && ask(&[]).len() == 3);
    assert_eq!(ask(&["--all"]).len(), 15);
    assert_eq!(ask(&["--agreement", "andb"]).len(), 3);
}

/// The history in a table has the words of other tables.
#[test]
fn the_history_has_the_words_of_other_tables() {
    let args = ["coverage", "--history", HOSPITAL, "--account", "former-clinic", "--format", "csv"];
    let csv = run(&args);
    let all = rows(&csv);
    let baa: Vec<_> = all.iter().filter(|r| r["kind"] == "baa").collect();
    let told: Vec<[&str; 2]> = baa.iter().map(|r| [r["coverage"].as_str(), r["holds PHI"].as_str()]).collect();
    assert_eq!(told, [["not covered", "yes"], ["covered", "yes"], ["not covered", "yes"]]);
    assert!(
        all.iter().filter(|r| r["kind"] != "baa").all(|r| r["holds PHI"].is_empty()),
        "it is not asked of other kinds"
    );
    assert!(csv.starts_with(
        "account,name,kind,from,until,coverage,governing,scope,since,superseded,also in force,holds PHI,"
    ));
}

/// An account by its name, where one alone has it.
#[test]
fn an_account_is_named_by_its_name() {
    let ask = |account: &str| told(&["coverage", HOSPITAL, "--account", account]);
    assert_eq!(ask("research"), ask(B));
    assert!(ask("reserch").contains("did you mean `research`?"), "{}", ask("reserch"));
    let twins = World::new().account(A, json!({"name": "lab"}), &[]).account(B, json!({"name": "lab"}), &[]).folder();
    let text = told(&["coverage", twins.path().to_str().unwrap(), "--account", "lab"]);
    assert!(
        text.contains("`lab` is ambiguous: 222222222222, 333333333333") && text.contains("number of the account"),
        "{text}"
    );
}

/// A name is near another whatever its case.
#[test]
fn a_name_in_other_case_is_near() {
    assert_eq!(told(&["can", "Jane", "accept", HOSPITAL]), told(&["can", "jane", "accept", HOSPITAL]));
}

#[test]
fn what_is_behind_coverage_has_its_rule_and_place() {
    let text = told(&["coverage", HOSPITAL, "--account", A, "--agreement", "baa", "--explain"]);
    assert!(text.contains("organization-agreement-covers-members (agreements/"), "{text}");
    assert!(text.contains(".cedar, R32") && text.contains("OrgBaa0123456789 in agreements.json:2"), "{text}");
}

/// An exception about an account that there is not: the number is underlined.
#[test]
fn an_exception_points_at_its_account() {
    let settings =
        "[[exception]]\nowner = \"Dana\"\nreason = \"a lab\"\naccount = \"222222222223\"\nuntil = \"2030-01-01\"\n";
    let folder = World::new().account(A, json!({}), &[]).file("countersign.toml", settings).folder();
    let text = told(&["coverage", folder.path().to_str().unwrap()]);
    assert!(text.contains("countersign.toml:4:11") && text.contains("did you mean `222222222222`?"), "{text}");
}

#[test]
fn every_word_of_a_table_is_a_term() {
    for term in [
        "p-FullAWSAccess",
        "FullAWSAccess",
        "definition",
        "outside definition",
        "besides",
        "as of",
        "answered for",
        // the columns and words of the tables that are filed
        "standalone",
        "scope",
        "partition",
        "role",
        "also in force",
        "stands behind",
        "declared signatory",
        "safeguards attested",
        "manifest",
        "run record",
        "population",
        "gap",
        "declined",
        "nearly can",
        "offline",
    ] {
        let text = told(&["show", "term", term]);
        assert!(!text.contains("the glossary has no"), "{term}: {text}");
    }
}

/// D18: before the first list nothing is known of a service.
#[test]
fn no_list_is_older_than_the_first() {
    let at = ["--at", "2012-01-01"];
    let phi = told(&[&["coverage", HOSPITAL, "--account", A][..], &at].concat());
    assert!(phi.contains("s3: eligibility unknown (no list is that old: the first is of 20"), "{phi}");
    let service = told(&[&["show", "service", "s3"][..], &at].concat());
    assert!(service.contains("no list is that old: the first is of 20"), "{service}");
}

/// What begins is the answer: on the screen and on the page that is filed.
#[test]
fn evidence_begins_with_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let answer = "4 of 5 accounts are covered by the BAA. Not covered: former-clinic";
    let text = told(&["evidence", HOSPITAL, "--out", folder.path().to_str().unwrap()]);
    assert!(text.starts_with(answer), "{text}");
    let cover = std::fs::read_to_string(folder.path().join("cover.md")).unwrap();
    assert!(
        cover.starts_with("# Evidence of coverage on 2026-11-01 at 00:00 UTC\n\n4 of 5 accounts are covered"),
        "{cover}"
    );
}

/// An exception that is over is not on file as one that counts.
#[test]
fn a_cover_page_counts_the_exceptions_that_count() {
    let exception = |until| {
        format!("[[exception]]\naccount = \"{A}\"\nowner = \"Dana\"\nreason = \"a lab\"\nuntil = \"{until}\"\n")
    };
    let settings = format!("asOf = \"2026-11-01\"\n{}{}", exception("2026-11-01"), exception("2030-01-01"));
    let world = World::new().account(A, json!({}), &[]).file("countersign.toml", settings).folder();
    let folder = tempfile::tempdir().unwrap();
    run(&["evidence", world.path().to_str().unwrap(), "--out", folder.path().to_str().unwrap()]);
    let cover = std::fs::read_to_string(folder.path().join("cover.md")).unwrap();
    assert!(cover.contains("1 exception in force, in `exceptions.csv`."), "{cover}");
    assert!(cover.contains("1 exception that has ended, in `exceptions.csv`."), "{cover}");
}

/// Who perhaps can end coverage is told with the reason why that is not known (D21).
#[test]
fn perhaps_has_its_reason_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    run(&["report", "examples/offline-baa", "--out", page.to_str().unwrap()]);
    let html = std::fs::read_to_string(page).unwrap();
    let markdown = run(&["report", "examples/offline-baa", "--format", "markdown"]);
    let reason = "no source names the permission to remove an account from an offline agreement";
    assert!(html.contains(reason) && markdown.contains(reason), "{markdown}");
}

/// R66, D6: what is terminated need not be what governs.
#[test]
fn who_can_end_says_what_governs() {
    let text = told(&["who-can", "end", "examples/offline-baa"]);
    assert!(text.contains("; another governs this account: one made outside AWS Artifact."), "{text}");
    let json: Value =
        serde_json::from_str(&run(&["who-can", "end", "examples/offline-baa", "--format", "json"])).unwrap();
    let of = |row: &Value| row["anotherGoverns"] == "one made outside AWS Artifact";
    assert!(json["may"].as_array().unwrap().iter().any(of), "{json}");
    let csv = run(&["who-can", "end", "examples/offline-baa", "--format", "csv"]);
    assert!(csv.lines().any(|line| line.contains(",one made outside AWS Artifact,")), "{csv}");
}

/// What rules no longer find is told, also where they are laid over ours.
#[test]
fn a_finding_that_was_removed_is_lacking() {
    let rules = tempfile::tempdir().unwrap();
    let remove = "@id(\"phi-without-coverage\")\n@remove\npermit (principal is Artifact::Account, action == \
                  Artifact::Action::\"report-on-account\", resource is Artifact::Account);";
    std::fs::write(rules.path().join("own.cedar"), remove).unwrap();
    let text = told(&["coverage", HOSPITAL, "--policies", rules.path().to_str().unwrap()]);
    assert!(
        text.contains("(1 removed: phi-without-coverage)") && text.contains(", which have no finding CS001"),
        "{text}"
    );
}

/// What the tables of filed evidence call their columns is explained by `show term`, but for plain words that need no explanation.
#[test]
fn the_columns_of_evidence_are_explained() {
    const PLAIN: [&str; 10] =
        ["account", "account name", "name", "answer", "operation", "kind", "who", "people", "for", "agreement name"];
    let folder = crate::evidence::filed("examples/hospital");
    let mut missing = Vec::new();
    for table in ["accounts.csv", "agreements.csv", "access.csv"] {
        let text = crate::evidence::read(folder.path(), table);
        let columns = text.lines().next().unwrap().split(',');
        for column in columns.map(|c| c.trim_matches('"')).filter(|c| !PLAIN.contains(c)) {
            let output = crate::evidence::run(&["show", "term", column]);
            if output.status.code() != Some(0) {
                missing.push(format!("{table}: {column}"));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}
