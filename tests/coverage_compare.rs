//! Two exports compared, each at its own moment: what ended in between is lost, with its day and what ended it.

use std::process::Command;

use countersign_core::assessment::{Filter, Options};
use countersign_core::diff::{Side, coverage};
use countersign_core::history::{Query, history};
use countersign_core::terms::Coverage;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::common::*;
use crate::narrowing;

const OTHER: &str = "o-otherorgid0";
const OLD: &str = "2026-10-01";
const NEW: &str = "2026-11-01";
const X: &str = "444444444444";
const OWN: &str = "OwnBaa1234567890";

/// What `coverage --compare` answers to an older and a newer export: its exit code, and its document.
fn compared(old: &World, new: &World, args: &[&str]) -> (Option<i32>, Value) {
    let (code, text, told) = printed(old, new, &[&["--format", "json"], args].concat());
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{told}"));
    assert_eq!(schema_errors("diff.v1.schema.json", &document), Vec::<String>::new());
    (code, document)
}

fn printed(old: &World, new: &World, args: &[&str]) -> (Option<i32>, String, String) {
    let (old, new) = (old.folder(), new.folder());
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env("NO_COLOR", "1").env("COLUMNS", "200").args(["coverage", "--compare"]);
    let output = command.arg(old.path()).arg(new.path()).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn collected(world: World, day: &str) -> World {
    world.file("countersign.toml", format!("asOf = \"{day}\"\n"))
}

/// An export of each day.
fn exports(old: World, new: World) -> (World, World) {
    (collected(old, OLD), collected(new, NEW))
}

/// `2026-10-15 – left`: what is lost of X, from when, until when, by what.
fn losses(document: &Value) -> Vec<String> {
    let day = |moment: &Value| moment.as_str().map_or("–".to_owned(), |m| m[..10].to_owned());
    let lost = document["coverage"].as_array().unwrap().iter().filter(|e| e["change"] == "lost");
    let line = |e: &Value| {
        let events = e["endedWith"].as_array().cloned().unwrap_or_default();
        let events: Vec<&str> = events.iter().map(|e| e["event"].as_str().unwrap()).collect::<Vec<_>>().to_vec();
        assert!(e["accounts"].as_array().unwrap().iter().any(|a| a["account"] == X), "{e}");
        format!("{} {} {}", day(&e["from"]), day(&e["until"]), events.join(", "))
    };
    lost.map(|e| line(e).trim().to_owned()).collect()
}

fn lost(old: World, new: World) -> (Option<i32>, Vec<String>) {
    let (old, new) = exports(old, new);
    let (code, document) = compared(&old, &new, &[]);
    assert_eq!(
        (&document["baseAt"], &document["at"]),
        (&json!("2026-10-01T00:00:00Z"), &json!("2026-11-01T00:00:00Z"))
    );
    assert_eq!(document.get("assuming"), None, "both say when they were collected");
    (code, losses(&document))
}

/// Two organizations with a BAA each, and an account of these attributes.
fn of(attrs: Value, parents: &[&str]) -> World {
    World::organization()
        .entity(json!({"uid": OTHER, "attrs": {"featureSet": "ALL", "managementAccount": B}}))
        .account(B, json!({}), &[OTHER])
        .account(X, attrs, parents)
        .accepted("FirstBaa12345678", "baa", "organization", ORG, "2022-01-01", None)
        .accepted("OtherBaa12345678", "baa", "organization", OTHER, "2022-01-01", None)
}

fn own(end: Option<&str>) -> World {
    World::new().account(X, json!({}), &[]).accepted(OWN, "baa", "account", X, "2024-01-01", end)
}

fn one(line: &str) -> (Option<i32>, Vec<String>) {
    (Some(1), vec![line.to_owned()])
}

const NOTHING: (Option<i32>, Vec<String>) = (Some(0), Vec::new());

#[test]
fn an_end_between_the_collections_is_lost_with_its_day_and_event() {
    let ended = || own(Some("2026-10-15"));
    assert_eq!(lost(own(None), ended()), one("2026-10-15 – terminated"), "R61");
    assert_eq!(lost(ended(), ended()), one("2026-10-15 – terminated"), "the old export records the end itself");
    assert_eq!(lost(own(None), own(None)), NOTHING);
    assert_eq!(lost(own(None), own(Some("2026-11-01"))), one("2026-11-01 – terminated"), "half-open (D5)");
    assert_eq!(lost(own(Some("2026-10-01")), own(Some("2026-10-01"))), NOTHING, "it had ended by then");
    // recorded to have ended before: the older export did not know
    assert_eq!(lost(own(None), own(Some("2026-09-15"))), one("2026-09-15 – terminated"));
    // not listed any more: when is not known
    let gone = World::new().account(X, json!({}), &[]);
    assert_eq!(lost(own(None), gone.clone()), one("– –"));
    assert_eq!(lost(ended(), gone), one("2026-10-15 – terminated"), "what the old export recorded");
}

#[test]
fn a_departure_is_lost_unless_something_else_covers() {
    let stays = || of(json!({"memberships": [{"organization": ORG, "from": "2023-01-01"}]}), &[ORG]);
    let left = json!({"memberships": [{"organization": ORG, "from": "2023-01-01", "until": "2026-10-15"}]});
    assert_eq!(lost(stays(), of(left.clone(), &[])), one("2026-10-15 – left"), "R51");
    let with_own = |world: World| world.accepted(OWN, "baa", "account", X, "2024-01-01", None);
    assert_eq!(lost(stays(), with_own(of(left, &[]))), NOTHING, "R50, R54");
    let moved = |day: &str| json!({"memberships": [{"organization": ORG, "from": "2023-01-01", "until": "2026-10-15"}, {"organization": OTHER, "from": day}]});
    assert_eq!(lost(stays(), of(moved("2026-10-15"), &[OTHER])), NOTHING, "in one instant (R35, D5)");
    assert_eq!(lost(stays(), of(moved("2026-10-20"), &[OTHER])), one("2026-10-15 2026-10-20 left"));
}

#[test]
fn what_is_covered_again_was_lost_for_a_time() {
    let again = |start: &str| own(Some("2026-10-15")).accepted("AgainBaa12345678", "baa", "account", X, start, None);
    assert_eq!(lost(own(None), again("2026-10-20")), one("2026-10-15 2026-10-20 terminated"));
    assert_eq!(lost(own(None), again("2026-10-15")), NOTHING, "without a gap");
    assert_eq!(lost(own(None), again("2026-11-01")), one("2026-10-15 2026-11-01 terminated"));
    assert_eq!(lost(own(None), again("2026-11-02")), one("2026-10-15 – terminated"), "not covered at the new moment");
    let offline = |designations: Value| World::new().account(X, json!({}), &[]).offline(designations);
    let first = json!([{"account": X, "from": "2020-01-01"}]);
    let twice =
        json!([{"account": X, "from": "2020-01-01", "until": "2026-10-10"}, {"account": X, "from": "2026-10-12"}]);
    assert_eq!(lost(offline(first.clone()), offline(twice)), one("2026-10-10 2026-10-12 removed"), "R74");
    let removed = json!([{"account": X, "from": "2020-01-01", "until": "2026-10-10"}]);
    assert_eq!(lost(offline(first), offline(removed)), one("2026-10-10 – removed"));
}

/// What is shown is narrowed to the accounts that are asked about, and the gate is not.
#[test]
fn a_loss_of_an_account_that_is_not_shown_passes_no_gate() {
    let both = |end| own(end).account(A, json!({}), &[]);
    let (old, new) = exports(both(None), both(Some("2026-10-15")));
    let (code, document) = compared(&old, &new, &["--account", A]);
    assert_eq!((code, &document["verdict"]["coverageIsLost"]), (Some(1), &json!(true)));
    assert!(document["coverage"].as_array().unwrap().is_empty(), "{document}");
    let (_, text, _) = printed(&old, &new, &["--account", A]);
    assert!(text.contains("coverage is lost") && text.contains("accounts that are not asked about"), "{text}");
    let (old, new) = exports(both(None), both(None));
    assert_eq!(compared(&old, &new, &["--account", A]).0, Some(0));
}

/// The same of the agreements that are asked about.
#[test]
fn a_loss_of_an_agreement_that_is_not_shown_passes_no_gate() {
    let (old, new) = exports(own(None), own(Some("2026-10-15")));
    let (code, document) = compared(&old, &new, &["--agreement", "andb"]);
    assert_eq!((code, &document["verdict"]["coverageIsLost"]), (Some(1), &json!(true)));
    assert!(document["coverage"].as_array().unwrap().is_empty(), "{document}");
    let (_, text, _) = printed(&old, &new, &["--agreement", "andb"]);
    assert!(text.contains("coverage is lost") && text.contains("agreements of other kinds"), "{text}");
    let (old, new) = exports(own(None), own(None));
    assert_eq!(compared(&old, &new, &["--agreement", "andb"]).0, Some(0));
}

/// Principals are not asked about: that a new one gains nothing, and that it has no effect, is not said.
#[test]
fn of_access_that_is_not_compared_nothing_is_said() {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let (old, new) = exports(own(None), own(None).user(X, "new", json!([admin])));
    let (code, document) = compared(&old, &new, &[]);
    assert_eq!(code, Some(0));
    let verdict = &document["verdict"];
    assert_eq!((&verdict["accessWidens"], &verdict["accessIsUnknown"]), (&Value::Null, &Value::Null), "{verdict}");
    assert_eq!(verdict["coverageIsLost"], json!(false));
    let changes = document["changes"].as_array().unwrap();
    assert!(!changes.is_empty() && changes.iter().all(|c| c["matters"].is_null()), "{changes:?}");
    let text = printed(&old, &new, &[]).1;
    assert!(text.contains("no coverage is lost") && text.contains("what principals may do is not compared"), "{text}");
    for said in ["no access is new", "idle", "with no effect user"] {
        assert!(!text.contains(said), "{said}: {text}");
    }
    // what does something to coverage matters
    let (_, document) =
        compared(&collected(own(None), OLD), &collected(World::new().account(X, json!({}), &[]), NEW), &[]);
    assert!(document["changes"].as_array().unwrap().iter().any(|c| c["matters"] == true), "{document}");
    let same = exports(own(None), own(None));
    assert!(printed(&same.0, &same.1, &[]).1.contains("nothing is different in coverage"));
}

/// D16: of what was unknown nobody knows whether there was any to lose.
#[test]
fn what_was_unknown_and_is_not_there_was_perhaps_lost() {
    let open = World::new().account(X, json!({"agreementsKnown": false}), &[]);
    let (old, new) = exports(open, World::new().account(X, json!({}), &[]));
    let (code, document) = compared(&old, &new, &[]);
    let changes: Vec<&Value> = document["coverage"].as_array().unwrap().iter().map(|e| &e["change"]).collect();
    assert!(!changes.is_empty() && changes.iter().all(|change| **change == "may-be-lost"), "{document}");
    let verdict = |name: &str| document["verdict"][name].clone();
    assert_eq!((code, verdict("coverageIsLost"), verdict("coverageIsUnknown")), (Some(1), json!(false), json!(true)));
    let (_, text, _) = printed(&old, &new, &[]);
    assert!(text.contains("coverage is perhaps lost") && text.contains("perhaps lost: baa of account"), "{text}");
    assert!(!text.contains("coverage is lost") && !text.contains("uncovered"), "{text}");
}

/// D16: what is recorded to have ended may have been lost until the next acceptance; what no record begins is not told of.
#[test]
fn what_is_not_known_after_an_end_is_perhaps_lost_for_a_time() {
    let again = |known: bool| {
        let world = World::new().account(X, json!({"agreementsKnown": known}), &[]);
        let world = world.accepted(OWN, "baa", "account", X, "2024-01-01", Some("2026-10-15"));
        world.accepted("AgainBaa12345678", "baa", "account", X, "2026-10-20", None)
    };
    assert_eq!(lost(own(None), again(true)), one("2026-10-15 2026-10-20 terminated"));
    let (old, new) = exports(own(None), again(false));
    let (code, document) = compared(&old, &new, &[]);
    let told = document["coverage"].as_array().unwrap().iter().find(|e| e["kind"] == "baa" && e.get("until").is_some());
    let entry = told.unwrap_or_else(|| panic!("{document:#}"));
    assert_eq!((code, &entry["change"]), (Some(1), &json!("may-be-lost")), "{document}");
    assert_eq!((&entry["from"], &entry["until"]), (&json!("2026-10-15T00:00:00Z"), &json!("2026-10-20T00:00:00Z")));
    assert_eq!(entry["after"]["coverage"], "unknown");
    assert_eq!(entry["endedWith"][0]["event"], "terminated");
    let (_, text, _) = printed(&old, &new, &[]);
    assert!(text.contains("is covered again, and was for that time unknown"), "{text}");
    // a snapshot that tells of its own moment only
    let stays = |attrs: Value| of(attrs, &[ORG]);
    let known = json!({"memberships": [{"organization": ORG, "from": "2023-01-01"}]});
    assert_eq!(lost(stays(known), stays(json!({"membershipsKnownSince": "2026-11-01"}))), NOTHING);
}

/// `may-be-lost baa 2026-10-01 2026-10-15`: what is told of X by an answer, of agreements of these kinds.
fn told(document: &Value, kind: &str) -> Vec<String> {
    let day = |moment: &Value| moment.as_str().map_or("–".to_owned(), |m| m[..10].to_owned());
    let own = document["coverage"].as_array().unwrap().iter().filter(|e| e["kind"] == kind);
    let own = own.filter(|e| e["accounts"].as_array().unwrap().iter().any(|a| a["account"] == X));
    own.map(|e| format!("{} {} {}", e["change"].as_str().unwrap(), day(&e["from"]), day(&e["until"]))).collect()
}

/// R51, D5, D16: who joined again, or somewhere else, between the two had left before.
#[test]
fn who_joins_again_between_the_collections_had_left() {
    let since = |from: &str, organization: &str| json!({"memberships": [{"organization": organization, "from": from}], "membershipsKnownSince": from});
    let stays = || of(since("2021-01-01", ORG), &[ORG]);
    for (organization, more) in [(ORG, vec![]), (OTHER, vec!["governed – –"])] {
        let (old, new) = exports(stays(), of(since("2026-10-15", organization), &[organization]));
        let (code, document) = compared(&old, &new, &[]);
        let mut told = told(&document, "baa");
        told.retain(|line| !line.starts_with("may-be-gained"));
        assert_eq!(
            (code, told),
            (
                Some(1),
                [vec!["may-be-lost 2026-10-01 2026-10-15"], more].concat().iter().map(|l| (*l).to_owned()).collect()
            )
        );
        assert!(document["changes"].as_array().unwrap().iter().any(|c| c["matters"] == true), "{document}");
    }
    // who had nothing to lose lost nothing
    let bare = |from: &str, organization: &str| {
        World::organization()
            .entity(json!({"uid": OTHER, "attrs": {"featureSet": "ALL", "managementAccount": B}}))
            .account(B, json!({}), &[OTHER])
            .account(X, since(from, organization), &[organization])
    };
    assert_eq!(lost(bare("2021-01-01", ORG), bare("2026-10-15", OTHER)), NOTHING);
}

/// R61: what was accepted between the two, and terminated again, is over; an event tells of one that no list shows (D16).
#[test]
fn what_begins_and_ends_between_the_collections_is_lost() {
    let none = || World::new().account(X, json!({}), &[]);
    let short = none().accepted(OWN, "baa", "account", X, "2026-10-10", Some("2026-10-20"));
    assert_eq!(lost(none(), short.clone()), one("2026-10-20 – terminated"));
    let again = short.clone().accepted("AgainBaa12345678", "baa", "account", X, "2026-10-25", None);
    assert_eq!(lost(none(), again), one("2026-10-20 2026-10-25 terminated"));
    let by_event = World::new().account(X, json!({"agreementsKnownSince": "2026-10-20"}), &[]);
    let (old, new) = exports(none(), by_event);
    let (code, document) = compared(&old, &new, &[]);
    let lost = told(&document, "baa");
    assert!(code == Some(1) && lost.contains(&"may-be-lost 2026-10-20 –".to_owned()), "{lost:?}");
    // the other commands say the same of the same two
    for head in [&short, &World::new().account(X, json!({"agreementsKnownSince": "2026-10-20"}), &[])] {
        let (old, new) = exports(none(), head.clone());
        let (old, new) = (old.folder(), new.folder());
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.arg("diff").args([old.path(), new.path()]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.code() == Some(1) && text.contains("lost"), "{text}");
    }
}

/// D16: what a newer collection knows of days that were unknown is told, and no loss; what it does not know any more is told as well.
#[test]
fn what_becomes_known_of_the_past_is_told() {
    let since = |known: &str| World::new().account(X, json!({"agreementsKnownSince": known}), &[]);
    let known = || World::new().account(X, json!({}), &[]);
    let (old, new) = exports(since("2025-01-01"), known());
    let (code, document) = compared(&old, &new, &[]);
    assert_eq!((code, told(&document, "baa")), (Some(0), vec!["now-known – 2025-01-01".to_owned()]));
    assert!(document["changes"].as_array().unwrap().iter().all(|c| c["matters"] == true), "{document}");
    let (old, new) = exports(known(), since("2025-01-01"));
    let (code, document) = compared(&old, &new, &[]);
    assert_eq!((code, told(&document, "baa")), (Some(0), vec!["may-be-gained – 2025-01-01".to_owned()]));
    // of one collection, nothing but the change tells that there was nothing to lose
    let (old, new) = (collected(since("2025-01-01"), NEW), collected(known(), NEW));
    let (code, document) = compared(&old, &new, &[]);
    assert_eq!((code, told(&document, "baa")), (Some(1), vec!["may-be-lost – 2025-01-01".to_owned()]));
}

#[test]
fn an_account_of_one_export_only() {
    let (with, without) = (own(None), World::new().account(A, json!({}), &[]));
    assert_eq!(lost(with.clone(), without.clone()), one("– –"));
    assert_eq!(lost(without, with), NOTHING);
    // closed and still listed: it stays covered (D14)
    let closed = World::new().account(X, json!({"state": "SUSPENDED", "closedAt": "2026-10-15"}), &[]).accepted(
        OWN,
        "baa",
        "account",
        X,
        "2024-01-01",
        None,
    );
    assert_eq!(lost(own(None), closed), NOTHING);
}

#[test]
fn two_organizations_and_two_partitions_are_told_apart() {
    let gov = |end: Option<&str>| {
        World::new()
            .account(X, json!({"partition": "aws-us-gov"}), &[])
            .account(A, json!({}), &[])
            .accepted(OWN, "agreement-Og8HCNyYwYNp8AR1", "account", X, "2024-01-01", end)
            .accepted("AwsBaa1234567890", "baa", "account", A, "2024-01-01", None)
    };
    assert_eq!(lost(gov(None), gov(Some("2026-10-15"))), one("2026-10-15 – terminated"), "D15");
    let of_org = |end: Option<&str>| {
        World::organization()
            .entity(json!({"uid": OTHER, "attrs": {"featureSet": "ALL", "managementAccount": X}}))
            .account(X, json!({}), &[OTHER])
            .accepted("FirstBaa12345678", "baa", "organization", ORG, "2022-01-01", None)
            .accepted("OtherBaa12345678", "baa", "organization", OTHER, "2022-01-01", end)
    };
    let (old, new) = exports(of_org(None), of_org(Some("2026-10-15")));
    let (code, document) = compared(&old, &new, &[]);
    assert_eq!((code, losses(&document)), one("2026-10-15 – terminated"));
    assert_eq!(
        document["coverage"][0]["accounts"].as_array().unwrap().len(),
        1,
        "the other organization keeps its own"
    );
}

#[test]
fn an_export_without_a_moment_is_told() {
    let ended = own(Some("2026-10-15"));
    let (code, document) = compared(&ended, &collected(ended.clone(), NEW), &[]);
    assert_eq!(code, Some(0));
    let assuming = document["assuming"].to_string();
    assert!(
        assuming.contains("does not say when it was collected (asOf)") && assuming.contains("2026-11-01"),
        "{assuming}"
    );
    let (code, document) = compared(&collected(ended.clone(), OLD), &ended, &[]);
    assert_eq!((code, losses(&document)), one("2026-10-15 – terminated"));
    assert!(document["assuming"].to_string().contains("it is asked about now"), "{document}");
    // a moment that is named stands for the new one
    let (old, new) = exports(ended.clone(), ended);
    let (code, document) = compared(&old, &new, &["--at", "2026-10-10"]);
    assert_eq!((code, &document["at"]), (Some(0), &json!("2026-10-10T00:00:00Z")));
    assert!(document["assuming"].to_string().contains("that of its snapshot of 2026-11-01"), "{document}");
}

#[test]
fn exports_the_wrong_way_round_are_an_error() {
    let (old, new) = exports(own(None), own(Some("2026-10-15")));
    let (code, _, told) = printed(&new, &old, &[]);
    assert!(
        code == Some(2)
            && told.contains("is asked about 2026-11-01 at 00:00 UTC, and")
            && told.contains("name the older export first"),
        "{told}"
    );
}

/// What is narrowed to something is narrowed by what people call it, and nothing is asked in vain.
#[test]
fn an_account_and_a_kind_are_named_as_people_do() {
    let named = |end: Option<&str>| {
        World::new().account(X, json!({"name": "wards"}), &[]).accepted(OWN, "baa", "account", X, "2024-01-01", end)
    };
    let (old, new) = exports(named(None), named(Some("2026-10-15")));
    for args in [&["--agreement", "BAA"][..], &["--agreement", "HIPAA BAA"], &["--account", "wards"], &["--account", X]]
    {
        let (code, text, told) = printed(&old, &new, args);
        assert!(code == Some(1) && text.contains("on 2026-10-15 at 00:00 UTC: "), "{args:?} {text} {told}");
        assert!(text.contains("was terminated (entities.json:"), "{text}");
    }
    // so does diff
    let folders = [old.folder(), new.folder()];
    let paths = folders.each_ref().map(|f| f.path().to_str().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.arg("diff").args(paths).args(["--account", "wards"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    for args in [&["--account", "nobody"], &["--agreement", "nothing"]] {
        assert_eq!(printed(&old, &new, args).0, Some(2), "{args:?}");
    }
    let text = printed(&old, &new, &[]).1;
    assert!(text.contains("· 2026-10-01 → 2026-11-01 coverage is lost"), "{text}");
}

/// Of one record of what happened, told at two moments: something is lost exactly where the history says that an account was covered at
/// the first and not at some moment until the second.
#[test]
fn what_is_lost_is_what_the_history_tells_of_the_time_in_between() {
    let mut runner = TestRunner::new_with_rng(Config::default(), drawn_from(57));
    let mut seen = [0, 0];
    let mut drawn = None;
    for round in 0..32 {
        // four times of each world
        if round % 4 == 0 || drawn.is_none() {
            let world = narrowing::worlds().new_tree(&mut runner).unwrap().current();
            drawn = Some((world.load(), world));
        }
        let Some((inventory, world)) = &drawn else { continue };
        let (first, last) = (narrowing::day(round % 4 * 2 + 2), narrowing::day(round % 4 * 4 + 6));
        let options = |day: &str| {
            let filter = Filter { without_principals: true, ..Filter::default() };
            Options { at: at(day), snapshot: at(day), filter, ..Options::default() }
        };
        let (old, new) = (options(&first), options(&last));
        let side = |options| Side { inventory, options };
        let found = coverage(&side(&old), &side(&new), &RULES).unwrap();
        let told = history(inventory, &RULES, &Query { to: at("9999-01-01"), ..Query::default() }).unwrap();
        for account in &told.accounts {
            for row in &account.agreements {
                let state = |day: &str| {
                    let holds = |(from, until): (Option<_>, Option<_>)| {
                        from.is_none_or(|f| f <= at(day)) && until.is_none_or(|u| at(day) < u)
                    };
                    row.intervals.iter().find(|i| holds(i.span())).unwrap().coverage
                };
                let uncovered = row.intervals.iter().any(|i| {
                    let (from, until) = i.span();
                    let within = from.is_none_or(|f| f <= at(&last)) && until.is_none_or(|u| u > at(&first));
                    i.coverage == Coverage::NotCovered && within
                });
                // covered at the first, or from a later moment on: an end, and no beginning alone
                let begins = row.intervals.iter().zip(row.intervals.iter().skip(1)).any(|(one, next)| {
                    let at_edge = next.span().0.is_some_and(|edge| edge > at(&first) && edge <= at(&last));
                    let ends = one.coverage == Coverage::Covered && next.coverage == Coverage::NotCovered;
                    at_edge && ends
                });
                let is_lost = (state(&first) == Coverage::Covered && uncovered) || begins;
                let told = found.coverage.iter().any(|e| {
                    let of = e.kind == row.kind && e.accounts.iter().any(|a| a.account == account.account);
                    of && e.is_loss() && e.after.coverage == Some(Coverage::NotCovered)
                });
                // where one of the two is not known, a loss is one that may be
                if ![state(&first), state(&last)].contains(&Coverage::Unknown) {
                    assert_eq!(told, is_lost, "{} {} {first} {last} {:#?}", account.account, row.kind, world.entities);
                    seen[usize::from(is_lost)] += 1;
                }
            }
        }
    }
    assert!(seen.iter().all(|n| *n > 5), "both happen: {seen:?}");
}

/// D16: days that the older export says were covered, and of which the newer one does not know, are told whatever makes them so.
#[test]
fn covered_days_that_are_not_known_any_more_are_told() {
    let told = |old: World, new: World| {
        let (old, new) = exports(old, new);
        let (code, document) = compared(&old, &new, &[]);
        let day = |moment: &Value| moment.as_str().map_or("–".to_owned(), |m| m[..10].to_owned());
        let lost = document["coverage"].as_array().unwrap().iter().filter(|e| e["change"] == "may-be-lost");
        let lines: Vec<String> = lost.map(|e| format!("{} {}", day(&e["from"]), day(&e["until"]))).collect();
        let alone = document["leavesOut"]
            .as_array()
            .unwrap()
            .iter()
            .any(|w| w.as_str().unwrap().contains("its own moment alone"));
        (code, lines, alone)
    };
    let baa = |attrs: Value| World::new().account(X, attrs, &[]);
    let ended = || baa(json!({})).accepted(OWN, "baa", "account", X, "2023-06-01", Some("2026-09-15"));
    // an event ended an agreement that no list shows any more: a day that the newer one records
    let since = |day: &str| baa(json!({"agreementsKnownSince": day}));
    let (code, lines, alone) = told(ended(), since("2024-03-05"));
    assert_eq!((code, lines.as_slice(), alone), (Some(1), &["2023-06-01 2024-03-05".to_owned()][..], false));
    // where the newer one does not know of its own moment either
    let (code, lines, _) = told(ended(), baa(json!({"agreementsKnown": false})));
    assert_eq!((code, lines.as_slice()), (Some(1), &["2023-06-01 2026-09-15".to_owned()][..]));
    // one that knows of its own moment alone says so, and loses nothing by that
    let member = |attrs: Value| of(attrs, &[ORG]);
    let known = || member(json!({"memberships": [{"organization": ORG, "from": "2023-01-01"}]}));
    let (code, lines, alone) = told(known(), member(json!({"membershipsKnownSince": NEW})));
    assert_eq!((code, lines.len(), alone), (Some(0), 0, true));
    let (code, lines, alone) = told(known(), member(json!({"membershipsKnownSince": "2026-09-20"})));
    assert_eq!((code, lines.as_slice(), alone), (Some(1), &["2023-01-01 2026-09-20".to_owned()][..], false));
}

/// What both exports record came with time: no change has to do with it, and none is named.
#[test]
fn what_time_alone_ends_has_no_change_as_its_cause() {
    let ends = |state: &str| {
        World::new().account(X, json!({"state": state}), &[]).accepted(
            OWN,
            "baa",
            "account",
            X,
            "2024-01-01",
            Some("2026-10-15"),
        )
    };
    let (old, new) = exports(ends("ACTIVE"), ends("SUSPENDED"));
    let (code, document) = compared(&old, &new, &[]);
    assert_eq!((code, losses(&document)), (Some(1), vec!["2026-10-15 – terminated".to_owned()]));
    assert_eq!(document["coverage"][0]["causes"], json!([]));
    let (_, text, _) = printed(&old, &new, &[]);
    assert!(text.contains("because of the time between the two: no change has to do with it"), "{text}");
}
