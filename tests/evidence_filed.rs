//! What is filed is whole: about every account, whose organization is known or not, with the findings of every other command; it says who
//! acts by which statement, who may be there unseen, and holds no clock and no commit.

use serde_json::{Value, json};

use crate::common::*;
use crate::evidence::{filed, read, run, text, verify};

/// Evidence that is written with more arguments, and its document.
fn filed_with(inventory: &str, more: &[&str]) -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let output = run(&[&["evidence", inventory, "--out", out][..], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let document = serde_json::from_str(&read(folder.path(), "evidence.json")).unwrap();
    assert_eq!(schema_errors("evidence.v2.schema.json", &document), [""; 0]);
    (folder, document)
}

fn path(world: &tempfile::TempDir) -> &str {
    world.path().to_str().unwrap()
}

/// What is said of some accounts is never filed as if it were said of all.
#[test]
fn evidence_is_about_all_accounts() {
    let filed = filed("examples/hospital");
    let out = tempfile::tempdir().unwrap();
    let into = out.path().join("e");
    for what in [
        ["--out", into.to_str().unwrap()],
        ["--register", into.to_str().unwrap()],
        ["--verify", filed.path().to_str().unwrap()],
    ] {
        let output = run(&["evidence", "examples/hospital", what[0], what[1], "--account", "wards"]);
        assert_eq!(output.status.code(), Some(2), "{what:?}");
        assert!(text(&output).contains("about all accounts of the inventory"), "{}", text(&output));
    }
    assert!(!into.exists());
}

/// The hospital has five accounts, of which one holds PHI without cover: whoever asks about others is not told that all are covered.
#[test]
fn sentences_about_some_accounts_say_so() {
    let two = ["--account", "wards", "--account", "research"];
    for command in [
        &["coverage", "examples/hospital", "--agreement", "baa"][..],
        &["coverage", "examples/hospital", "--agreement", "baa", "--format", "markdown"],
        &["coverage", "examples/hospital", "--without-cover", "--holding-phi"],
        &["report", "examples/hospital", "--format", "markdown"],
    ] {
        let told = text(&run(&[command, &two].concat()));
        assert!(told.contains("All 2 accounts named are covered by the BAA."), "{told}");
        assert!(told.contains("Every account named that is known to hold PHI is covered."), "{told}");
        assert!(told.contains("The inventory has 5 accounts: nothing is said here of those"), "{told}");
        assert!(!told.contains("All 2 accounts are") && !told.contains("Every account that is"), "{told}");
    }
    let one = text(&run(&["report", "examples/hospital", "--format", "markdown", "--account", "wards"]));
    assert!(one.contains("The account named is covered by the BAA.") && !one.contains("The only account"), "{one}");
    let both = ["coverage", "examples/hospital", "--account", "wards", "--account", "former-clinic"];
    let told = text(&run(&both));
    assert!(told.contains("1 of 2 accounts named is covered by the BAA. Not covered: former-clinic"), "{told}");
    assert!(told.contains("1 of the accounts named holds PHI without cover: former-clinic"), "{told}");
    let all = text(&run(&["coverage", "examples/hospital", "--agreement", "baa"]));
    assert!(all.contains("4 of 5 accounts are covered by the BAA.") && !all.contains("named"), "{all}");
}

/// The number of findings is that of every other command, whatever is filed (32).
#[test]
fn findings_are_those_of_every_command() {
    for (inventory, more) in [
        ("examples/clinic", &[][..]),
        ("examples/hospital", &["--at", "2024-01-01"]),
        ("examples/hospital", &["--agreement", "andb"]),
    ] {
        let (_, document) = filed_with(inventory, more);
        let at = if more.first() == Some(&"--at") { more } else { &[] };
        let output = run(&[&["evaluate", inventory, "--format", "json"][..], at].concat());
        let assessment: Value = serde_json::from_slice(&output.stdout).unwrap();
        let of = |list: &Value, code: &str, about: &str| -> Vec<(String, String)> {
            let text = |f: &Value, member: &str| f[member].as_str().unwrap().to_owned();
            list.as_array().unwrap().iter().map(|f| (text(f, code), text(f, about))).collect()
        };
        let filed = of(&document["findings"], "code", "about");
        assert_eq!(filed, of(&assessment["findings"], "rule", "subject"), "{inventory} {more:?}");
        assert!(!filed.is_empty());
    }
}

/// The same bytes on another day: an inventory that does not say when it was collected is of no day, and a commit is no part of it.
#[test]
fn neither_the_clock_nor_a_commit_is_filed() {
    let world = World::new().account(A, json!({}), &[]).user(A, "jane", json!([ADMIN])).folder();
    let git = world.path().join(".git");
    std::fs::create_dir(&git).unwrap();
    let at = |commit: char| {
        std::fs::write(git.join("HEAD"), format!("{}\n", commit.to_string().repeat(40))).unwrap();
        filed_with(path(&world), &["--at", "2025-01-01"])
    };
    let (one, document) = at('a');
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (other, _) = at('b');
    assert_eq!(read(one.path(), "MANIFEST.sha256"), read(other.path(), "MANIFEST.sha256"));
    let assuming = document["access"][0]["assuming"].as_str().unwrap();
    assert!(assuming.contains("of the day they were written, which the files do not say"), "{assuming}");
    assert!(!read(one.path(), "evidence.json").contains("the snapshot of"));
    assert_eq!(document["provenance"]["inventory"]["commit"], Value::Null);
    let record: Value = serde_json::from_str(&read(one.path(), "run-record.json")).unwrap();
    assert_eq!(record["commit"], json!("a".repeat(40)));
    let output = verify(one.path(), &["--against", path(&world)]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let told = text(&run(&["can", "jane", "accept", path(&world), "--at", "2025-01-01"]));
    assert!(!told.contains("the snapshot of"), "{told}");
}

/// A condition key that the question settles is filed, and settled again for the second evaluation.
#[test]
fn the_keys_of_the_question_are_filed() {
    let mfa = policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]));
    let world = World::new()
        .account(A, json!({}), &[])
        .user(A, "jane", json!([mfa]))
        .file("countersign.toml", "asOf = 2026-11-01\n")
        .folder();
    let (folder, document) = filed_with(path(&world), &["--context", "aws:MultiFactorAuthPresent=true"]);
    assert_eq!(document["context"], json!({"aws:multifactorauthpresent": ["true"]}));
    let answer = |document: &Value| {
        let rows = document["access"].as_array().unwrap().clone();
        rows.iter().find(|r| r["kind"] == "user" && r["operation"] == "accept-agreement").unwrap()["answer"].clone()
    };
    assert_eq!(answer(&document), "yes");
    let output = verify(folder.path(), &["--against", path(&world)]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let cover = read(folder.path(), "cover.md");
    assert!(cover.contains("`aws:multifactorauthpresent` is `true` in every request, as the question says"), "{cover}");
    let (_, without) = filed_with(path(&world), &[]);
    assert_eq!((answer(&without), &without["context"]), (json!("unknown"), &json!({})));
}

/// The register is compared for the BAA, also where another agreement is filed beside it.
#[test]
fn a_register_is_compared_for_the_baa() {
    let out = tempfile::tempdir().unwrap();
    let register = out.path().join("register.csv");
    std::fs::write(&register, "account,agreement\n111111111111,customer-agreement-OrgBaa0123456789\n").unwrap();
    let (register, into) = (register.to_str().unwrap(), out.path().join("e"));
    let args = ["evidence", "examples/hospital", "--register", register, "--agreement", "andb"];
    let output = run(&args);
    assert_eq!(output.status.code(), Some(2), "nothing is filed: {}", text(&output));
    let told = text(&run(&[&args[..], &["--out", into.to_str().unwrap()]].concat()));
    assert!(told.contains("1 row of the register") && !told.contains("no agreement is in force"), "{told}");
}

/// Evidence within an inventory would be read as a part of it.
#[test]
fn evidence_is_not_written_into_the_inventory() {
    let world = World::new().account(A, json!({}), &[]).file("countersign.toml", "asOf = 2026-11-01\n").folder();
    for out in ["filed", "audits/2026/filed"] {
        let out = world.path().join(out);
        let output = run(&["evidence", path(&world), "--out", out.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains("is within the inventory") && !out.exists(), "{}", text(&output));
    }
    assert!(!world.path().join("audits").exists());
    assert_eq!(run(&["coverage", path(&world)]).status.code(), Some(0));
}

/// D31, D15: whose organization is not known is in none of them; who has no row is counted; what failed, and who collected, is said.
#[test]
fn the_population_is_counted() {
    let gov = json!({"uid": {"type": "Account", "id": M}, "attrs": {"partition": "aws-us-gov"}});
    let world = World::new()
        .entity(
            json!({"uid": {"type": "Organization", "id": ORG}, "attrs": {"managementAccount": A, "featureSet": "ALL",
            "trustedAccess": true, "serviceRole": true, "accountsKnown": false,
            "failedCalls": ["denied (AccessDeniedException): organizations list-accounts"]}}),
        )
        .account(A, json!({}), &[ORG])
        .account(
            B,
            json!({"memberships": [{"organization": ORG, "from": "2025-06-01"}],
            "membershipsKnownSince": "2025-06-01"}),
            &[ORG],
        )
        .entity(gov)
        .file("countersign.toml", "asOf = 2026-11-01\ncollectedBy = \"Dana Reyes\"\n")
        .folder();
    let (folder, document) = filed_with(path(&world), &["--at", "2024-06-01", "--agreement", "sec-17a-4"]);
    let population = &document["population"];
    assert_eq!((&population["standalone"], &population["unknown"]), (&json!(1), &json!(1)));
    assert_eq!(
        population["withoutRow"],
        json!([{"kind": "sec-17a-4", "partition": "aws-us-gov", "accounts": 1}]),
        "the SEC addendum is not offered there"
    );
    // who reads a table alone would take its rows for all: the accounts that were not listed have one, and are not counted
    let others = format!("other accounts of {ORG}");
    for (table, kind) in [("accounts", "agreementKind"), ("history", "kind")] {
        let rows = document[table].as_array().unwrap().iter().filter(|row| row["account"] == others.as_str());
        let told: Vec<_> = rows.map(|row| (row[kind].as_str().unwrap(), row["coverage"].as_str().unwrap())).collect();
        assert_eq!(told, [("baa", "unknown"), ("sec-17a-4", "unknown")], "{table}");
        let csv = read(folder.path(), &format!("{table}.csv"));
        assert_eq!(csv.lines().filter(|line| line.starts_with(&others)).count(), 2, "{csv}");
    }
    let verified = verify(folder.path(), &[]);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    let cover = read(folder.path(), "cover.md");
    for expected in [
        "1 in no organization; 1 whose organization at that time is not known",
        "1 account of the partition aws-us-gov without a row for",
        "Denied (AccessDeniedException): `aws organizations list-accounts`",
        &format!("Other accounts of {ORG} are not known: its accounts were not all listed."),
        "No account that can have it is covered by the SEC",
        "Collected by: Dana Reyes.",
    ] {
        assert!(cover.contains(expected), "{expected}: {cover}");
    }
    let told = text(&run(&["evidence", path(&world), "--out", folder.path().join("again").to_str().unwrap()]));
    assert!(told.contains(&format!("Other accounts of {ORG} are not known")), "{told}");
    let told = text(&run(&["coverage", path(&world), "--at", "2024-06-01", "--account", B]));
    assert!(told.contains("in an organization that is not known"), "{told}");
}

/// R2, D24, D31: each row of access leads to a statement, to the people behind a role, and those who are not listed have a row.
#[test]
fn access_leads_to_its_causes() {
    let legal = json!([{"Sid": "Legal", "Effect": "Allow", "Action": "artifact:*", "Resource": "*"}]);
    let file = serde_json::to_string_pretty(&policy(legal)).unwrap();
    let world = World::new()
        .account(A, json!({}), &[])
        .account(B, json!({"principalsKnown": false}), &[])
        .user(A, "jane", json!(["iam/legal.json"]))
        .entity(json!({"uid": {"type": "Role", "id": format!("arn:aws:iam::{A}:role/legal")},
            "attrs": {"policies": ["iam/legal.json"]}}))
        .file("iam/legal.json", file.clone())
        .file(
            "countersign.toml",
            "asOf = 2026-11-01\n[[trusted]]\nrole = \"legal\"\npeople = [\"omar\"]\nreason = \"reviewed\"\n",
        )
        .folder();
    let (_, document) = filed_with(path(&world), &[]);
    let rows = document["access"].as_array().unwrap();
    let of = |kind: &str| rows.iter().find(|r| r["kind"] == kind && r["operation"] == "accept-agreement").unwrap();
    let jane = of("user");
    let by = jane["allowedBy"].as_str().unwrap();
    assert!(by.contains("artifact:AcceptAgreement") && by.contains("iam/legal.json Statement[0] (Legal)"), "{by}");
    assert_eq!(jane["allowedByLines"], "iam/legal.json:4");
    let digest = countersign_core::source::digest::sha256(file.as_bytes());
    assert_eq!(jane["allowedBySha256"], format!("{digest} iam/legal.json"));
    assert!(of("root user")["allowedBy"].as_str().unwrap().contains("the root user holds every permission"));
    assert_eq!(of("role")["people"], "omar");
    let unseen = of("not listed");
    assert_eq!((&unseen["answer"], &unseen["account"]), (&json!("perhaps"), &json!(B)));
    assert!(unseen["dependsOn"].as_str().unwrap().contains("users, groups and roles"), "{unseen}");
}

/// D24: a name that several have, and the name of a session, are nobody's for certain; a finding says so.
#[test]
fn authority_is_that_of_one_principal() {
    let session = format!("arn:aws:sts::{A}:assumed-role/dev/jane");
    let accepted = |id: &str, of: &str, by: &str| {
        json!({"uid": {"type": "CustomerAgreement", "id": format!("customer-agreement-{id}")},
            "attrs": {"agreement": "baa", "account": of, "effectiveStart": "2024-01-01", "acceptedBy": by}})
    };
    let world = |signatories: &str| {
        World::new()
            .account(A, json!({}), &[])
            .account(B, json!({}), &[])
            .user(A, "jane", json!([ADMIN]))
            .user(B, "jane", json!([ADMIN]))
            .entity(accepted("A0123456789abcde", A, &user(A, "jane")))
            .entity(accepted("B0123456789abcde", B, &session))
            .file("countersign.toml", format!("asOf = 2026-11-01\nsignatories = {signatories}\n"))
            .folder()
    };
    let told = |signatories: &str| {
        let (_, document) = filed_with(path(&world(signatories)), &[]);
        let cells = |table: &str, member: &str| -> Vec<String> {
            let rows = document[table].as_array().unwrap().iter();
            let rows =
                rows.filter(|r| table != "access" || (r["kind"] == "user" && r["operation"] == "accept-agreement"));
            rows.map(|r| r[member].as_str().unwrap().to_owned()).collect()
        };
        let findings: Vec<String> = document["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| format!("{} {}", f["code"].as_str().unwrap(), f["about"].as_str().unwrap()))
            .collect();
        (cells("agreements", "authority"), cells("access", "declaredSignatory"), findings)
    };
    let (authority, signatory, findings) = told("[\"jane\"]");
    assert!(authority.iter().all(|a| a.starts_with("not known: ")), "{authority:?}");
    assert!(authority[1].contains("`jane` is what a session calls itself"), "{authority:?}");
    // one of them has accepted already, and is asked about no more
    assert!(signatory.iter().all(|s| s == "not known: `jane` fits several in the inventory"), "{signatory:?}");
    assert!(findings.iter().any(|f| f.starts_with("CS036 agreement customer-agreement-A")), "{findings:?}");
    let (authority, _, findings) = told(&format!("[\"{}\"]", user(A, "jane")));
    assert_eq!(authority[0], "among the declared signatories");
    assert!(!findings.iter().any(|f| f.contains("customer-agreement-A")), "{findings:?}");
    assert!(findings.iter().any(|f| f.starts_with("CS036 agreement customer-agreement-B")), "{findings:?}");
    let (authority, _, findings) = told(&format!("[\"{}\"]", user(B, "jane")));
    assert_eq!(authority[0], "not among the declared signatories");
    assert!(findings.iter().any(|f| f.starts_with("CS035 agreement customer-agreement-A")), "{findings:?}");
}

/// Files that claim to be of a day that has not come are told of, and nothing of the clock is filed.
#[test]
fn a_snapshot_of_the_future_is_told() {
    let world = World::new().account(A, json!({}), &[]).file("countersign.toml", "asOf = 9000-01-01\n").folder();
    let out = tempfile::tempdir().unwrap();
    let told = text(&run(&["evidence", path(&world), "--out", out.path().to_str().unwrap()]));
    assert!(told.contains("asOf says 9000-01-01 at 00:00 UTC, which has not come"), "{told}");
    let told = text(&run(&[
        "evidence",
        "examples/clinic",
        "--at",
        "2024-01-01",
        "--out",
        out.path().join("x").to_str().unwrap(),
    ]));
    assert!(!told.contains("has not come"), "{told}");
}

/// The same rules are filed alike, wherever whoever filed them keeps them.
#[test]
fn where_the_rules_lie_is_not_filed() {
    let rules = || {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own-rules");
        std::fs::create_dir(&own).unwrap();
        let text = "@id(\"own\") @code(\"OWN001\") @rule(\"X\") @severity(\"info\") @message(\"look\")\n\
            permit (principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);";
        std::fs::write(own.join("r.cedar"), text).unwrap();
        (folder, own.to_str().unwrap().to_owned())
    };
    let [(one, first), (other, second)] = [rules(), rules()];
    let [(a, _), (b, document)] = [first, second].map(|own| filed_with("examples/clinic", &["--policies", &own]));
    assert_ne!(one.path(), other.path());
    assert_eq!(read(a.path(), "MANIFEST.sha256"), read(b.path(), "MANIFEST.sha256"));
    assert_eq!(document["provenance"]["rules"]["origin"]["folder"], "own-rules");
}

/// What a corrected register writes of a name is that name when it is read again.
#[test]
fn a_corrected_register_settles() {
    let world = World::new()
        .entity(json!({"uid": A, "attrs": {"name": "-old"}}))
        .entity(json!({"uid": B, "attrs": {"name": "tab\there"}}))
        .entity(json!({"uid": "444444444444", "attrs": {"name": "  +both;=1 "}}))
        .entity(json!({"uid": "555555555555", "attrs": {"name": "'quoted'"}}))
        .entity(json!({"uid": "666666666666", "attrs": {}, "tags": {"Data": "PHI"}}))
        .file("countersign.toml", "asOf = 2026-11-01\n[register]\naccount = \"Account\"\nname = \"Name\"\nagreement = \"BAA\"\nphi = \"PHI\"\nphiValues = [\"+\"]\nnoPhiValues = [\"-\"]\n")
        .entity(json!({"uid": "OfflineAgreement::\"=paper\"", "attrs": {"kind": "baa", "effectiveStart": "2018-01-01",
            "designations": [{"account": A, "from": "2018-01-01"}]}}))
        .folder();
    let folder = tempfile::tempdir().unwrap();
    let register = folder.path().join("register.csv");
    let rows = [A, B, "444444444444", "555555555555"].map(|account| format!("{account},other,unsigned,-\n"));
    std::fs::write(&register, format!("Account,Name,BAA,PHI\n{}", rows.concat())).unwrap();
    let reconcile =
        |file: &std::path::Path| text(&run(&["evidence", path(&world), "--register", file.to_str().unwrap()]));
    let first = reconcile(&register);
    assert!(first.contains("9 differences"), "{first}");
    let corrected = folder.path().join("register.corrected.csv");
    let again = folder.path().join("again.csv");
    std::fs::copy(&corrected, &again).unwrap();
    let second = reconcile(&again);
    assert!(second.contains("0 differences"), "{second}\n{}", std::fs::read_to_string(&again).unwrap());
}

/// What the rest of the day brings is filed and reported as it is said on the screen (D22).
#[test]
fn the_day_of_a_change_is_told_wherever_coverage_is() {
    const TOLD: &str = "From 15:20 UTC on that day";
    let at = ["--at", "2023-04-01"];
    assert!(text(&run(&[&["coverage", "examples/hospital"][..], &at].concat())).contains(TOLD));
    let (folder, _) = filed_with("examples/hospital", &at);
    assert!(read(folder.path(), "cover.md").contains(TOLD));
    let (other, _) = filed_with("examples/hospital", &["--at", "2023-04-02"]);
    assert!(!read(other.path(), "cover.md").contains(TOLD));
    let report = |more: &[&str]| text(&run(&[&["report", "examples/hospital"][..], &at, more].concat()));
    assert!(report(&["--format", "markdown"]).contains(TOLD));
    let page = folder.path().join("report.html");
    report(&["--out", page.to_str().unwrap()]);
    assert!(std::fs::read_to_string(&page).unwrap().contains(TOLD));
}
