//! Coverage over time: the intervals and their edges, the gaps, and that every moment of them is what `evaluate --at` answers.

use countersign_core::assessment::{Filter, Options, assess};
use countersign_core::history::{EventKind, Held, History, KindHistory, Query, history};
use countersign_core::inventory::Inventory;
use countersign_core::moment::{self, Moment};
use countersign_core::policies::RuleBook;
use countersign_core::problem::Failure;
use countersign_core::terms::Coverage;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::common::*;
use crate::narrowing;

const OTHER: &str = "o-otherorgid0";
const TO: &str = "2026-11-01";

fn told(world: &World) -> History {
    history(&world.load(), &RULES, &Query { to: at(TO), ..Query::default() }).unwrap()
}

fn baa<'h>(found: &'h History, account: &str) -> &'h KindHistory {
    let account = found.accounts.iter().find(|a| a.account == account).unwrap();
    account.agreements.iter().find(|k| k.kind == "baa").unwrap()
}

/// `2024-01-01 covered organization by joined`, an interval a line.
fn lines(row: &KindHistory) -> Vec<String> {
    let line = |i: &countersign_core::history::Interval| {
        let from = i.from.as_deref().map_or("–", |f| f.strip_suffix("T00:00:00Z").unwrap_or(f));
        let scope = i.governing.as_ref().map(|g| format!(" {}", g.scope)).unwrap_or_default();
        let events: Vec<String> = i.began_with.iter().map(|e| e.event.to_string()).collect();
        let by = if events.is_empty() { String::new() } else { format!(" by {}", events.join(", ")) };
        format!("{from} {}{scope}{by}", i.coverage)
    };
    row.intervals.iter().map(line).collect()
}

/// Two organizations with a BAA each, and what the account of these attributes does between them.
fn moving(attrs: Value, parents: &[&str]) -> World {
    World::organization()
        .entity(json!({"uid": OTHER, "attrs": {"featureSet": "ALL", "managementAccount": B}}))
        .account(B, json!({}), &[OTHER])
        .account("444444444444", attrs, parents)
        .accepted("FirstBaa12345678", "baa", "organization", ORG, "2022-01-01", None)
        .accepted("OtherBaa12345678", "baa", "organization", OTHER, "2022-01-01", None)
}

const X: &str = "444444444444";

#[test]
fn an_account_that_joins_later_is_covered_from_then_on_and_by_its_own_agreement_before() {
    // R35, R48, R50, D5
    let attrs = json!({"memberships": [{"organization": ORG, "from": "2023-01-01", "until": "2024-01-01", "untilWitness": "CloudTrail LeaveOrganization 7"}]});
    let world = moving(attrs, &[]).accepted("OwnBaa1234567890", "baa", "account", X, "2022-06-01", None);
    let found = told(&world);
    let row = baa(&found, X);
    assert_eq!(
        lines(row),
        [
            "– not-covered",
            "2022-06-01 covered account by accepted",
            "2023-01-01 covered organization by joined",
            "2024-01-01 covered account by left",
        ]
    );
    assert_eq!(row.intervals[2].superseded, ["customer-agreement-OwnBaa1234567890"]);
    assert_eq!(row.intervals[2].governing.as_ref().unwrap().since.as_deref(), Some("2023-01-01T00:00:00Z"));
    assert!(row.gaps.is_empty(), "it was covered throughout (R54)");
    let left = &row.intervals[3].began_with[0];
    assert_eq!((left.event, left.of.as_str()), (EventKind::Left, ORG));
    assert_eq!(left.evidence.witness.as_deref(), Some("CloudTrail LeaveOrganization 7"));
    assert_eq!(left.evidence.file, "entities.json");
    assert!(left.evidence.line > 1);
    assert_eq!(row.intervals[2].ended_with, row.intervals[3].began_with);
}

#[test]
fn leaving_and_coming_back_leaves_a_gap() {
    // R51, R35
    let attrs = json!({"memberships": [
        {"organization": ORG, "from": "2022-06-01", "until": "2023-01-01"}, {"organization": ORG, "from": "2023-03-01"}]});
    let found = told(&moving(attrs, &[ORG]));
    let row = baa(&found, X);
    assert_eq!(
        lines(row),
        [
            "– not-covered",
            "2022-06-01 covered organization by joined",
            "2023-01-01 not-covered by left",
            "2023-03-01 covered organization by joined",
        ]
    );
    let [gap] = row.gaps.as_slice() else { panic!("{:?}", row.gaps) };
    assert_eq!(
        (gap.from.as_deref(), gap.until.as_deref()),
        (Some("2023-01-01T00:00:00Z"), Some("2023-03-01T00:00:00Z"))
    );
    assert_eq!((gap.coverage, gap.phi), (Coverage::NotCovered, Some(Held::No)));
    let ends: Vec<&str> = gap.ended_with.iter().map(|e| e.of.as_str()).collect();
    assert_eq!(ends, [ORG], "the join that ends it");
}

/// A gap is not covered throughout, or unknown throughout: one word for both says neither.
#[test]
fn what_is_unknown_in_part_is_two_gaps() {
    let doubted = json!({"agreement": "baa", "account": X, "effectiveStart": "2022-01-01", "knownUntil": "2023-01-01"});
    let world = World::new()
        .account(X, json!({"agreementsKnownSince": "2022-06-01"}), &[])
        .accepted("FirstBaa12345678", "baa", "account", X, "2021-01-01", Some("2022-03-01"))
        .accepted("AgainBaa12345678", "baa", "account", X, "2024-01-01", None);
    let gaps = |world: &World| {
        let found = told(world);
        let gap = |g: &countersign_core::history::Gap| {
            let day = |m: &Option<String>| m.as_ref().map_or("–".to_owned(), |m| m[..10].to_owned());
            let ended: Vec<String> = g.ended_with.iter().map(|e| e.event.to_string()).collect();
            format!("{} {} {} {}", day(&g.from), day(&g.until), g.coverage, ended.join(","))
        };
        baa(&found, X).gaps.iter().map(gap).collect::<Vec<_>>()
    };
    assert_eq!(
        gaps(&world),
        ["2022-03-01 2022-06-01 unknown agreements-known", "2022-06-01 2024-01-01 not-covered accepted"]
    );
    let world = World::new()
        .account(X, json!({}), &[])
        .entity(json!({"uid": "customer-agreement-Doubted012345678", "attrs": doubted}))
        .accepted("AgainBaa12345678", "baa", "account", X, "2024-01-01", None);
    assert_eq!(gaps(&world), ["2023-01-01 2024-01-01 unknown accepted"]);
}

#[test]
fn moving_in_one_instant_leaves_no_gap_and_another_agreement() {
    // R41, R43, D5
    let attrs = json!({"memberships": [
        {"organization": ORG, "from": "2022-06-01", "until": "2023-01-01"}, {"organization": OTHER, "from": "2023-01-01"}]});
    let found = told(&moving(attrs, &[OTHER]));
    let row = baa(&found, X);
    assert_eq!(
        lines(row)[1..],
        ["2022-06-01 covered organization by joined", "2023-01-01 covered organization by left, joined"]
    );
    assert_eq!(row.intervals[2].governing.as_ref().unwrap().id, "customer-agreement-OtherBaa12345678");
    assert!(row.gaps.is_empty());
}

#[test]
fn what_is_accepted_again_after_an_end_has_a_gap() {
    // R62, D5
    let world = World::organization()
        .accepted("FirstBaa12345678", "baa", "organization", ORG, "2022-01-01", Some("2023-01-01"))
        .accepted("AgainBaa12345678", "baa", "organization", ORG, "2023-01-02T12:00:00Z", None);
    let found = told(&world);
    let row = baa(&found, A);
    assert_eq!(
        lines(row),
        [
            "– not-covered",
            "2022-01-01 covered organization by accepted",
            "2023-01-01 not-covered by terminated",
            "2023-01-02T12:00:00Z covered organization by accepted",
        ]
    );
    assert_eq!(row.gaps.len(), 1);
}

#[test]
fn an_offline_designation_that_is_removed_and_given_again() {
    // R66, R72, R74, D6
    let designations = json!([
        {"account": A, "from": "2022-01-01", "until": "2023-01-01", "fromWitness": "mail of aws-hipaa"},
        {"account": A, "from": "2024-01-01"}]);
    let world = World::organization().offline(designations).accepted(
        "OwnBaa1234567890",
        "baa",
        "account",
        A,
        "2021-01-01",
        Some("2025-01-01"),
    );
    let found = told(&world);
    let row = baa(&found, A);
    assert_eq!(
        lines(row),
        [
            "– not-covered",
            "2021-01-01 covered account by accepted",
            "2022-01-01 covered offline by designated",
            "2023-01-01 covered account by removed",
            "2024-01-01 covered offline by designated",
            "2025-01-01 covered offline by terminated",
        ]
    );
    assert_eq!(row.intervals[2].also_in_force, ["customer-agreement-OwnBaa1234567890"]);
    assert_eq!(row.intervals[2].began_with[0].evidence.witness.as_deref(), Some("mail of aws-hipaa"));
    // another account of the same agreement has no edge of this one
    assert_eq!(lines(baa(&found, M)), ["– not-covered"]);
}

#[test]
fn a_closed_account_stays_covered_and_its_closing_is_told() {
    // D14
    let attrs =
        json!({"state": "CLOSED", "closedAt": "2025-01-01", "closedWitness": "CloudTrail CloseAccountResult 9"});
    let world = World::organization().account(B, attrs, &[ORG]).accepted(
        "FirstBaa12345678",
        "baa",
        "organization",
        ORG,
        "2022-01-01",
        None,
    );
    let found = told(&world);
    assert_eq!(lines(baa(&found, B)), ["– not-covered", "2022-01-01 covered organization by accepted"]);
    let account = found.accounts.iter().find(|a| a.account == B).unwrap();
    let closed = account.events.iter().find(|e| e.event == EventKind::Closed).unwrap();
    assert_eq!(closed.at, "2025-01-01T00:00:00Z");
    assert_eq!(closed.evidence.witness.as_deref(), Some("CloudTrail CloseAccountResult 9"));
    // it is no edge, and each format says when it was and what tells so
    let row = baa(&found, B);
    assert!(row.intervals[0].within.is_empty());
    assert_eq!(row.intervals[1].within, std::slice::from_ref(closed));
    let folder = world.folder();
    for args in [vec!["--format", "csv"], vec!["--format", "jsonl"], vec!["--account", B]] {
        let text = run_in(folder.path(), &[&["coverage", "--history", "--to", TO], &args[..]].concat());
        assert!(text.contains("CloseAccountResult 9") && text.contains("2025-01-01"), "{args:?} {text}");
    }
    let json = run_in(folder.path(), &["coverage", "--history", "--to", TO, "--format", "json"]);
    assert_eq!(schema_errors("history.v1.schema.json", &serde_json::from_str(&json).unwrap()), Vec::<String>::new());
}

/// A timeline fits its terminal, and what its marks mean does too.
#[test]
fn the_legend_fits_the_terminal() {
    let attrs = json!({"state": "CLOSED", "closedAt": "2025-01-01", "memberships": [
        {"organization": ORG, "from": "2023-01-01", "until": "2024-01-01"},
        {"organization": OTHER, "from": "2024-06-01"}]});
    let world =
        moving(attrs, &[OTHER]).accepted("OwnBaa1234567890", "baa", "account", X, "2022-06-01", Some("2024-09-01"));
    let folder = world.folder();
    for width in [60, 80, 100] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        let command = command.env("NO_COLOR", "1").env("COLUMNS", width.to_string()).args(["coverage", "--history"]);
        let output = command.arg(folder.path()).args(["--to", TO]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let is_legend =
            |l: &&str| ["━ covered", "A accepted", "J joined", "T terminated"].iter().any(|m| l.contains(m));
        assert_eq!(text.lines().filter(is_legend).find(|l| l.chars().count() > width), None, "{text}");
        let all = ["━ covered", "· not covered", "? unknown", "A accepted", "J joined", "L left", "T terminated"];
        assert!(all.iter().all(|m| text.contains(m)), "{text}");
    }
}

#[test]
fn agreements_of_another_partition_make_no_interval() {
    // D15
    let attrs = json!({"partition": "aws-us-gov", "memberships": [{"organization": ORG, "from": "2022-06-01", "until": "2024-01-01"}]});
    let found = told(&moving(attrs, &[]));
    assert_eq!(lines(baa(&found, X)), ["– not-covered"]);
}

#[test]
fn before_the_first_evidence_it_is_unknown_and_where_nothing_is_declared_assumed() {
    // D16
    let attrs =
        json!({"membershipsKnownSince": "2023-01-01", "memberships": [{"organization": ORG, "from": "2023-01-01"}]});
    let found = told(&moving(attrs, &[ORG]));
    let row = baa(&found, X);
    assert_eq!(lines(row), ["– unknown", "2023-01-01 covered organization by joined, known"]);
    assert_eq!(
        row.intervals[0].reason.as_deref(),
        Some("it is unknown which organization account 444444444444 belonged to at that time")
    );
    // an account that declares no memberships is taken to have been where it is, and each interval says so
    let of_member = baa(&found, A);
    let assumed = "account 222222222222 is in o-exampleorgid at that time: it declares no memberships";
    assert!(of_member.intervals.iter().all(|i| i.assuming == [assumed]), "{:?}", of_member.intervals);
}

#[test]
fn gaps_while_phi_was_held_are_those_after_the_date_of_the_register() {
    // R79, D3
    let held = |phi: Value| {
        let attrs = json!({"phi": phi, "memberships": [
            {"organization": ORG, "from": "2022-06-01", "until": "2023-01-01"}, {"organization": ORG, "from": "2023-03-01"}]});
        let found = told(&moving(attrs, &[ORG]));
        let gap = |g: &countersign_core::history::Gap| {
            let day = |m: &Option<String>| m.as_deref().map_or("–".to_owned(), |m| m[..10].to_owned());
            format!("{} {} {}", day(&g.from), day(&g.until), g.phi.unwrap())
        };
        baa(&found, X).gaps.iter().map(gap).collect::<Vec<_>>()
    };
    // it held PHI before it was ever covered, and in the gap
    assert_eq!(
        held(json!({"services": ["s3"], "since": "2022-03-01"})),
        ["2022-03-01 2022-06-01 yes", "2023-01-01 2023-03-01 yes"]
    );
    // PHI came in the middle of the gap, or was gone by then, or has no date
    assert_eq!(held(json!({"services": ["s3"], "since": "2023-02-01"})), ["2023-01-01 2023-03-01 yes"]);
    assert_eq!(
        held(json!({"services": ["s3"], "since": "2022-07-01", "until": "2022-08-01"})),
        ["2023-01-01 2023-03-01 no"]
    );
    assert_eq!(held(json!({"services": ["s3"]})), ["– 2022-06-01 undated", "2023-01-01 2023-03-01 undated"]);
}

/// PHI without cover is a gap, whether or not there ever was cover; what is not known is not a pass.
#[test]
fn phi_in_an_account_that_was_never_covered_is_a_gap() {
    let gaps = |attrs: Value, tags: Value| {
        let mut entity = json!({"uid": X, "attrs": attrs});
        entity["tags"] = tags;
        let found = told(&World::new().entity(entity));
        baa(&found, X).gaps.iter().map(|g| (g.from.clone(), g.until.clone(), g.phi.unwrap())).collect::<Vec<_>>()
    };
    let none = json!({});
    assert_eq!(gaps(json!({"phi": {"services": ["s3"]}}), none.clone()), [(None, None, Held::Undated)]);
    assert_eq!(gaps(none.clone(), json!({"Data": "PHI"})), [(None, None, Held::Undated)]);
    assert_eq!(gaps(json!({"tagsKnown": false}), none.clone()), [(None, None, Held::Unknown)]);
    let since = json!({"phi": {"services": ["s3"], "since": "2024-01-01"}});
    assert_eq!(gaps(since, none.clone()), [(Some("2024-01-01T00:00:00Z".to_owned()), None, Held::Yes)]);
    assert_eq!(gaps(none.clone(), none), []);
}

/// The gate fails for each of them, under whatever name the agreement is asked for, and asks nothing in vain.
#[test]
fn the_gate_of_phi_gaps_fails_where_there_was_never_cover() {
    let of = |attrs: Value, args: &[&str]| {
        let folder = World::new().account(X, attrs, &[]).file("countersign.toml", "asOf = \"2026-11-01\"\n").folder();
        let folder = folder.path().to_str().unwrap();
        let out = command(&[&["coverage", folder, "--history", "--fail-on-phi-gap"], args].concat());
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let phi = json!({"phi": {"services": ["s3"]}});
    for args in [&[][..], &["--agreement", "baa"], &["--agreement", "BAA"], &["--from", "2026-01-01"]] {
        assert_eq!(of(phi.clone(), args).0, Some(1), "{args:?}");
    }
    assert_eq!(of(json!({"tagsKnown": false}), &[]).0, Some(1));
    // a tag would say that PHI is there although the register says that it is gone, or that there is none (R85, D3)
    let gone = json!({"services": ["s3"], "since": "2024-01-01", "until": "2025-01-01"});
    for phi in [json!({"services": []}), gone] {
        let args = ["--from", "2025-06-01"];
        assert_eq!(of(json!({"tagsKnown": false, "phi": phi}), &args).0, Some(1), "{phi}");
        assert_eq!(of(json!({"phi": phi}), &args).0, Some(0), "{phi}");
    }
    let later = json!({"services": ["s3"], "since": "2027-01-01"});
    assert_eq!(of(json!({"tagsKnown": false, "phi": later}), &[]).0, Some(0), "before it is there, no tag counts");
    assert_eq!(of(json!({}), &[]).0, Some(0));
    let (code, told) = of(phi, &["--agreement", "andb"]);
    assert!(code == Some(2) && told.contains("--fail-on-phi-gap is about baa"), "{told}");
}

/// Nothing passes where there is nobody to ask about, and not where accounts may be there that nobody listed.
#[test]
fn the_gate_of_phi_gaps_needs_all_accounts() {
    let gate = |world: &World, args: &[&str]| {
        let folder = world.clone().file("countersign.toml", "asOf = \"2026-11-01\"\n").folder();
        let out =
            command(&[&["coverage", folder.path().to_str().unwrap(), "--history", "--fail-on-phi-gap"], args].concat());
        let text = String::from_utf8([out.stdout, out.stderr].concat()).unwrap();
        (out.status.code(), text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (code, text) = gate(&World::new().report("report-SocReport1234567", "SOC", false), &[]);
    assert!(code == Some(3) && text.contains("contains no accounts"), "{text}");
    let partly = World::new().org(json!({"accountsKnown": false})).account(M, json!({}), &[ORG]);
    let (code, text) = gate(&partly, &[]);
    assert!(code == Some(1) && text.contains(&format!("Other accounts of {ORG} are not known")), "{text}");
    let document: Value = serde_json::from_str(&gate(&partly, &["--format", "json"]).1).unwrap();
    assert_eq!(schema_errors("history.v1.schema.json", &document), Vec::<String>::new());
    assert_eq!(document["accountsNotListedOf"], json!([ORG]));
    assert_eq!(gate(&partly, &["--account", M]).0, Some(0), "asked about one account alone");
}

/// What has no date is told as assumed, in every format (D22).
#[test]
fn facts_without_a_date_are_told_as_assumed() {
    let assumed = "what the files tell without a date (tags, PHI, attestations, names, settings)";
    let entity = json!({"uid": X, "tags": {"Data": "PHI"}});
    let dated = World::new().entity(entity.clone()).file("countersign.toml", "asOf = \"2026-10-01\"\n");
    for (world, words) in [(dated, "is that of the snapshot of 2026-10-01"), (World::new().entity(entity), "(asOf)")] {
        let folder = world.folder();
        for format in ["text", "json", "jsonl", "csv"] {
            let args = ["coverage", folder.path().to_str().unwrap(), "--history", "--format", format];
            let text = String::from_utf8(command(&args).stdout).unwrap();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(assumed) && text.contains(words), "{format}: {text}");
        }
    }
}

#[test]
fn what_is_asked_is_a_window_whose_last_moment_counts() {
    let attrs = json!({"memberships": [
        {"organization": ORG, "from": "2022-06-01", "until": "2023-01-01"}, {"organization": ORG, "from": "2023-03-01"}]});
    let inventory = moving(attrs, &[ORG]).load();
    let asked = |from: Option<&str>, to: &str| {
        let query =
            Query { from: from.map(at), to: at(to), accounts: vec![X.to_owned()], kinds: vec!["baa".to_owned()] };
        let found = history(&inventory, &RULES, &query).unwrap();
        assert_eq!((found.accounts.len(), found.accounts[0].agreements.len()), (1, 1));
        (lines(baa(&found, X)).len(), baa(&found, X).gaps.len())
    };
    assert_eq!(asked(None, TO), (4, 1));
    assert_eq!(asked(Some("2023-01-01"), TO), (2, 1), "what ended when it began is left out (D5)");
    assert_eq!(asked(Some("2022-12-31"), "2023-01-01"), (2, 1));
    assert_eq!(asked(None, "2022-12-31"), (2, 0));
}

#[test]
fn rules_that_reckon_with_dates_have_no_history_and_say_so() {
    let grace = rules_with(
        "agreements/standing.cedar",
        "unless { principal has until && principal.until <= context.at };\n\n@id(\"deleted-organization-has-no-members\")",
        "unless { principal has until && principal.until.offset(duration(\"30d\")) <= context.at };\n\n@id(\"deleted-organization-has-no-members\")",
    );
    let failure = history(&World::organization().load(), &grace, &Query { to: at(TO), ..Query::default() });
    let Err(Failure::Problems(problems)) = failure else { panic!("a history of rules that reckon with dates") };
    assert_eq!(problems.len(), 1);
    assert!(problems[0].to_string().contains("`membership-holds-within-its-interval` reckons with dates"));
}

#[test]
fn dates_that_stand_in_rules_are_edges() {
    let rules = rules_with(
        "agreements/in_force.cedar",
        "when { principal has account && principal.account == resource }",
        "when { principal has account && principal.account == resource && context.at < datetime(\"2024-02-03\") }",
    );
    let world =
        World::new().account(A, json!({}), &[]).accepted("OwnBaa1234567890", "baa", "account", A, "2022-01-01", None);
    let found = history(&world.load(), &rules, &Query { to: at(TO), ..Query::default() }).unwrap();
    assert_eq!(
        lines(baa(&found, A)),
        ["– not-covered", "2022-01-01 covered account by accepted", "2024-02-03 not-covered"]
    );
}

/// What a history and an assessment both tell of a kind at a moment.
const SHARED: [&str; 7] = ["coverage", "governing", "superseded", "alsoInForce", "reason", "assuming", "policies"];

/// Holds each moment of a history against the assessment of that moment.
fn agrees(inventory: &Inventory, rules: &RuleBook, moments: &[Moment]) -> Result<usize, TestCaseError> {
    let found = history(inventory, rules, &Query { to: at("9999-01-01"), ..Query::default() }).unwrap();
    let mut intervals = 0;
    for asked in moments {
        let filter = Filter { without_principals: true, ..Filter::default() };
        let options = Options { at: *asked, snapshot: at(TO), filter, ..Options::default() };
        let answers = Answers(serde_json::to_value(assess(inventory, rules, &options).unwrap()).unwrap());
        for account in &found.accounts {
            for row in &account.agreements {
                let holds = |i: &&countersign_core::history::Interval| {
                    let (from, until) = i.span();
                    from.is_none_or(|f| f <= *asked) && until.is_none_or(|u| *asked < u)
                };
                let mut at_moment = row.intervals.iter().filter(holds);
                let (interval, second) = (at_moment.next().unwrap(), at_moment.next());
                prop_assert!(second.is_none(), "two intervals at one moment");
                let told = serde_json::to_value(interval).unwrap();
                let account_answer = answers.account(&account.account);
                let rows = account_answer["agreements"].as_array().unwrap();
                let Some(answer) = rows.iter().find(|r| r["kind"] == row.kind.as_str()) else {
                    prop_assert_eq!(&told["coverage"], "not-covered");
                    continue;
                };
                for field in SHARED {
                    prop_assert_eq!(
                        &told[field],
                        &answer[field],
                        "{} {} {} {}",
                        account.account,
                        row.kind,
                        asked,
                        field
                    );
                }
                if row.kind == "baa" {
                    prop_assert_eq!(&told["holdsPhi"], &account_answer["hipaa"]["holdsPhi"]);
                }
            }
        }
        intervals = found.accounts.iter().flat_map(|a| &a.agreements).map(|k| k.intervals.len()).sum();
    }
    Ok(intervals)
}

fn sampled() -> Vec<Moment> {
    let days = (-1..26).map(|n| at(&narrowing::day(n)));
    let beside = [0, -1];
    let all = days.flat_map(|day| beside.map(|ms| day + chrono::Duration::milliseconds(ms)));
    all.chain([at("0000-01-01"), at("9998-12-31")]).collect()
}

fn property(rules: &RuleBook, worlds: u32, seed: u8) {
    let mut runner = TestRunner::new_with_rng(Config::default(), drawn_from(seed));
    let mut intervals = 0;
    for _ in 0..worlds {
        let world = narrowing::worlds().new_tree(&mut runner).unwrap().current();
        let inventory = world.load();
        intervals += agrees(&inventory, rules, &sampled()).unwrap_or_else(|e| panic!("{e}\n{:#?}", world.entities));
    }
    assert!(intervals > usize::try_from(worlds).unwrap() * 30, "something happens in these worlds: {intervals}");
}

#[test]
fn every_moment_of_a_history_is_what_evaluate_answers() {
    property(&RULES, 8, 41);
}

#[test]
fn the_same_for_rules_that_ask_each_account_about_everything() {
    let rules = rules_with(
        "agreements/in_force.cedar",
        "when { principal has account && principal.account == resource }",
        "when { principal has account }",
    );
    property(&rules, 4, 42);
}

#[test]
fn examples_have_the_history_that_evaluate_answers() {
    for example in ["hospital", "offline-baa", "consolidated-billing", "reseller/one", "not-set-up"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
        if !folder.is_dir() {
            continue;
        }
        let inventory = Inventory::load(&Folder::new(&folder), SCHEMA.clone()).unwrap();
        let dates = ["2017-01-01", "2019-06-15", "2021-03-04", "2022-09-01", "2024-05-05", "2025-07-01", "2026-10-30"];
        agrees(&inventory, &RULES, &dates.map(|d| moment::parse(d).unwrap())).unwrap();
    }
}

fn command(args: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn a_format_that_an_answer_has_not_is_an_error() {
    let hospital = "examples/hospital";
    for (asked, told) in [
        (&["--history", "--format", "markdown"][..], "`markdown` is no format of --history"),
        (&["--format", "jsonl"], "`jsonl` is a format of --history"),
    ] {
        let out = command(&[&["coverage", hospital], asked].concat());
        assert_eq!(out.status.code(), Some(2));
        assert!(String::from_utf8(out.stderr).unwrap().contains(told), "{told}");
        assert_eq!(out.stdout, b"");
    }
    for format in ["markdown", "csv"] {
        let asked = ["coverage", "--compare", hospital, hospital, "--format", format];
        assert_eq!(command(&asked).status.code(), Some(2), "{format}");
    }
}
