//! What a change says of days that are over: coverage that they had is lost, and what they gain is told as another record of the past.

use std::process::Command;

use countersign_core::diff::{CoverageEntry, Diff};
use serde_json::{Value, json};

use crate::common::*;

/// An organization whose BAA has these attributes beside the usual ones.
fn world(baa: Value) -> World {
    below(World::organization(), baa)
}

/// Below it, in a world with that organization.
fn below(world: World, baa: Value) -> World {
    let mut attrs = json!({"agreement": "baa", "organization": ORG, "effectiveStart": "2024-03-05"});
    attrs.as_object_mut().unwrap().extend(baa.as_object().unwrap().clone());
    world.entity(json!({"uid": "customer-agreement-OrgBaa0123456789", "attrs": attrs}))
}

fn of(start: &str) -> World {
    world(json!({"effectiveStart": start}))
}

fn day(moment: Option<&String>) -> &str {
    moment.map_or("–", |m| &m[..10])
}

fn line(entry: &CoverageEntry) -> String {
    let change = serde_json::to_value(entry.change).unwrap();
    let accounts: Vec<&str> = entry.accounts.iter().map(|a| a.account.as_str()).collect();
    let past = entry.past_from.as_ref().map(|_| format!(" past {}", day(entry.past_from.as_ref()))).unwrap_or_default();
    let (from, until) = (day(entry.from.as_ref()), day(entry.until.as_ref()));
    format!("{} {} {from} {until}{past}", change.as_str().unwrap(), accounts.join("+"))
}

fn told(diff: &Diff) -> Vec<String> {
    diff.coverage.iter().map(line).collect()
}

const BOTH: &str = "111111111111+222222222222";

/// R80, R86, D5: an acceptance that is moved on leaves days uncovered that were covered.
#[test]
fn coverage_that_past_days_had_is_lost() {
    let found = compare(&of("2024-03-05"), &of("2026-10-31"));
    assert_eq!(told(&found), [format!("lost {BOTH} 2024-03-05 2026-10-31")]);
    assert!(found.verdict.coverage_is_lost);
    let cause = &found.changes[found.coverage[0].causes[0].change];
    assert!(cause.matters && cause.piece.what.contains("effectiveStart"), "{:?}", cause.piece);
}

/// An end and another acceptance afterwards, both before the moment asked: the days in between.
#[test]
fn a_gap_that_is_over_is_a_loss() {
    let again =
        world(json!({"effectiveEnd": "2026-10-10"})).accepted("New", "baa", "organization", ORG, "2026-10-20", None);
    let found = compare(&of("2024-03-05"), &again);
    assert_eq!(told(&found), [format!("lost {BOTH} 2026-10-10 2026-10-20"), format!("governed {BOTH} – –")]);
    assert!(found.verdict.coverage_is_lost);
    // another agreement covered the member meanwhile (R50)
    let own = |world: World| world.accepted("Own", "baa", "account", A, "2025-01-01", None);
    let found = compare(&own(of("2024-03-05")), &own(again));
    let lost: Vec<String> = told(&found).into_iter().filter(|l| l.starts_with("lost")).collect();
    assert_eq!(lost, [format!("lost {M} 2026-10-10 2026-10-20")]);
}

/// What is gained for days that are over takes nothing away, and is told.
#[test]
fn a_start_that_is_set_back_is_told_and_no_loss() {
    let found = compare(&of("2024-03-05"), &of("2020-03-05"));
    assert_eq!(told(&found), [format!("gained {BOTH} 2020-03-05 2024-03-05")]);
    assert!(!found.verdict.coverage_is_lost && !found.verdict.coverage_is_unknown && found.changes[0].matters);
}

/// A loss at the moment asked is one loss, whatever it says of the days before; so is a gain.
#[test]
fn what_lasts_until_now_is_told_once() {
    let found = compare(&of("2024-03-05"), &world(json!({"effectiveEnd": "2026-10-20"})));
    assert_eq!(told(&found), [format!("lost {BOTH} – – past 2026-10-20")]);
    let found = compare(&world(json!({"effectiveEnd": "2026-10-20"})), &of("2024-03-05"));
    assert_eq!(told(&found), [format!("gained {BOTH} – – past 2026-10-20")]);
}

/// An account that left long ago, and which agreement covered it while it was a member.
#[test]
fn the_past_of_a_former_member_counts() {
    let left = |until: &str| {
        let attrs = json!({"memberships": [{"organization": ORG, "from": "2024-06-01", "until": until}]});
        of("2024-03-05").account(B, attrs, &[])
    };
    assert_eq!(told(&compare(&left("2025-06-30"), &left("2025-03-31"))), [format!("lost {B} 2025-03-31 2025-06-30")]);
    assert_eq!(told(&compare(&left("2025-03-31"), &left("2025-06-30"))), [format!("gained {B} 2025-03-31 2025-06-30")]);
    assert_eq!(told(&compare(&left("2025-06-30"), &of("2024-03-05"))), [format!("lost {B} 2024-06-01 2025-06-30")]);
    assert_eq!(told(&compare(&of("2024-03-05"), &left("2025-06-30"))), [] as [&str; 0], "it had no record");
    // the agreement that covered it then is moved on
    let moved = |start: &str| {
        let attrs = json!({"memberships": [{"organization": ORG, "from": "2024-06-01", "until": "2025-06-30"}]});
        of(start).account(B, attrs, &[])
    };
    let found = compare(&moved("2024-03-05"), &moved("2024-07-01"));
    assert_eq!(told(&found), [format!("lost {BOTH} 2024-03-05 2024-07-01"), format!("lost {B} 2024-06-01 2024-07-01")]);
    assert!(found.coverage.iter().all(|e| !e.causes.is_empty()), "{:?}", found.coverage);
}

/// What is not known with the change passes no more than what is not (D16).
#[test]
fn what_is_not_known_of_past_days_any_more_may_be_lost() {
    let member = |attrs: Value| of("2024-03-05").account(B, attrs, &[ORG]);
    let known = member(json!({"memberships": [{"organization": ORG, "from": "2024-06-01"}]}));
    let found = compare(&known, &member(json!({"membershipsKnownSince": "2026-01-01"})));
    let expected = [format!("may-be-lost {B} 2024-06-01 2026-01-01"), format!("may-be-gained {B} – 2024-06-01")];
    assert_eq!(told(&found), expected);
    assert!(found.verdict.coverage_is_unknown && !found.verdict.coverage_is_lost);
}

/// D16: a change that takes away a mark of what is not known says that there was nothing to lose, and nothing but the change does.
#[test]
fn a_mark_of_what_is_not_known_is_no_detail() {
    let of_own = |attrs: Value| World::new().account(A, attrs, &[]);
    let own = |mark: Value| {
        let mut attrs = json!({"agreement": "baa", "account": A, "effectiveStart": "2023-01-01"});
        attrs.as_object_mut().unwrap().extend(mark.as_object().unwrap().clone());
        let world = World::new()
            .account(A, json!({}), &[])
            .entity(json!({"uid": "customer-agreement-Own0123456789ab", "attrs": attrs}));
        world.accepted("Next", "baa", "account", A, "2025-06-01", None)
    };
    let none = of_own(json!({}));
    let marks = [
        (of_own(json!({"agreementsKnownSince": "2025-01-01"})), none, format!("may-be-lost {A} – 2025-01-01")),
        (
            own(json!({"knownUntil": "2025-01-01"})),
            own(json!({"effectiveEnd": "2025-01-01", "state": "CUSTOMER_TERMINATED"})),
            format!("may-be-lost {A} 2025-01-01 2025-06-01"),
        ),
    ];
    for (base, head, expected) in &marks {
        let found = compare(base, head);
        let baa: Vec<String> = found.coverage.iter().filter(|e| e.kind == "baa").map(line).collect();
        assert_eq!(baa, std::slice::from_ref(expected));
        assert!(found.verdict.coverage_is_unknown && found.changes.iter().any(|c| c.matters));
        // the other way round is told, and is no loss
        let found = compare(head, base);
        let baa: Vec<String> = found.coverage.iter().filter(|e| e.kind == "baa").map(line).collect();
        assert_eq!(baa, [expected.replace("may-be-lost", "may-be-gained")]);
        assert!(!found.verdict.coverage_is_unknown && !found.verdict.coverage_is_lost);
    }
}

/// What has nothing to do with coverage says nothing of the past.
#[test]
fn what_is_not_about_coverage_is_not_asked_about() {
    let found = compare(&of("2024-03-05"), &of("2024-03-05").user(M, "jane", json!([])));
    assert_eq!(told(&found), [] as [&str; 0]);
}

/// Accounts that were not listed, below an agreement that is moved on (D31).
#[test]
fn accounts_that_were_not_listed_may_have_lost_it_too() {
    let open = |start: &str| {
        let world = World::new().org(json!({"accountsKnown": false})).account(M, json!({}), &[ORG]);
        below(world, json!({"effectiveStart": start}))
    };
    let found = compare(&open("2024-03-05"), &open("2026-10-31"));
    assert!(found.perhaps_lost.iter().any(|p| p.account.is_none() && p.kind == "baa"), "{:?}", found.perhaps_lost);
    let found = compare(&open("2026-10-31"), &open("2024-03-05"));
    assert!(found.perhaps_lost.is_empty(), "{:?}", found.perhaps_lost);
}

/// `diff` and `coverage --compare` of two folders: the exit code and the words.
fn said(base: &World, head: &World, asked: &[&str]) -> (Option<i32>, String) {
    let (base, head) = (base.folder(), head.folder());
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env("NO_COLOR", "1").env("COLUMNS", "300").args(asked).arg(base.path()).arg(head.path());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code(), text)
}

#[test]
fn every_command_says_so() {
    let as_of = |world: World| world.file("countersign.toml", "asOf = \"2026-11-01\"\n".to_owned());
    let (old, new) = (as_of(of("2024-03-05")), as_of(of("2026-10-31")));
    for asked in [&["diff"][..], &["coverage", "--compare"]] {
        let (code, text) = said(&old, &new, asked);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("coverage is lost"), "{text}");
        assert!(text.contains("in the past, from 2024-03-05 at 00:00 UTC until 2026-10-31 at 00:00 UTC"), "{text}");
        let (code, text) = said(&new, &old, asked);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("no coverage is lost; the record of the past is another"), "{text}");
        assert!(!text.contains("no effect"), "{text}");
    }
}

/// D3, R79: days on which PHI was held without coverage are in the record; a change that takes them out of it is told, and has an effect.
#[test]
fn a_past_gap_with_phi_does_not_go_in_silence() {
    let holds = |phi: Option<Value>| {
        let phi = phi.map_or(json!({}), |phi| json!({"phi": phi}));
        let memberships = json!({"memberships": [{"organization": ORG, "from": "2021-01-01"}]});
        let mut attrs = memberships.as_object().unwrap().clone();
        attrs.extend(phi.as_object().unwrap().clone());
        below(World::organization().account(B, Value::Object(attrs), &[ORG]), json!({}))
    };
    let since = |day: &str| Some(json!({"services": ["s3"], "since": day}));
    let gone = |old: Option<Value>, new: Option<Value>| {
        let found = compare(&holds(old), &holds(new));
        let past = found.findings.iter().filter(|f| f.message.contains("on days that are over"));
        let told: Vec<String> = past.map(|f| format!("{} {}", f.rule, f.message)).collect();
        assert_eq!(found.changes.iter().any(|c| c.matters), !found.findings.is_empty());
        assert!(
            !found.verdict.coverage_is_lost && !found.verdict.coverage_is_unknown,
            "nothing that was covered is lost"
        );
        told
    };
    let words = "CS001 holds PHI, and no BAA is in force for it: from 2022-01-01T00:00:00Z until 2024-03-05T00:00:00Z, on days that are over";
    assert_eq!(gone(since("2022-01-01"), since("2025-01-01")), [words]);
    assert_eq!(gone(since("2022-01-01"), None), [words]);
    let until = gone(since("2022-01-01"), since("2023-01-01"));
    assert_eq!(until, [words.replace("2024-03-05", "2023-01-01")]);
    assert_eq!(gone(since("2023-01-01"), since("2022-01-01")), Vec::<String>::new(), "more is declared");
    assert_eq!(gone(since("2024-04-01"), since("2025-01-01")), Vec::<String>::new(), "it was covered all the time");
}
