//! Coverage that a change loses later: an end that is written down before its day is told, and no gate passes it in silence.

use std::process::Command;

use serde_json::json;

use crate::common::*;
use countersign_core::diff::Diff;

const ORG_BAA: &str = "customer-agreement-OrgBaa0123456789";

/// An organization whose BAA ends at a moment or not at all, and which has a second agreement of its member from another.
fn world(end: Option<&str>, own: Option<(&str, Option<&str>)>) -> World {
    let mut attrs = json!({"agreement": "baa", "organization": ORG, "effectiveStart": "2024-01-01"});
    if let Some(end) = end {
        attrs["effectiveEnd"] = json!(end);
        attrs["state"] = json!("CUSTOMER_TERMINATED");
    }
    let world = World::organization().entity(json!({"uid": ORG_BAA, "attrs": attrs}));
    match own {
        Some((start, end)) => world.accepted("customer-agreement-Own0123456789ab", "baa", "account", A, start, end),
        None => world,
    }
}

/// What is lost: from when, by which accounts, and whether a gate fails.
fn lost(diff: &Diff) -> (Vec<(String, Vec<String>)>, bool) {
    let entry = |e: &countersign_core::diff::CoverageEntry| {
        let accounts = e.accounts.iter().map(|a| a.account.clone()).collect();
        (e.from.clone().unwrap_or_default(), accounts)
    };
    let losses = diff.coverage.iter().filter(|e| e.is_loss()).map(entry).collect();
    (losses, diff.verdict.coverage_is_lost)
}

fn at(day: &str, accounts: &[&str]) -> (String, Vec<String>) {
    let from = if day.is_empty() { String::new() } else { format!("{day}T00:00:00Z") };
    (from, accounts.iter().map(|a| (*a).to_owned()).collect())
}

/// R62, D5: all accounts are uncovered from the end on; half-open, so that on the day itself nothing is left.
#[test]
fn an_end_that_is_recorded_before_its_day_is_a_loss() {
    let found = compare(&world(None, None), &world(Some("2026-11-20"), None));
    assert_eq!(lost(&found), (vec![at("2026-11-20", &[M, A])], true));
    assert!(!found.coverage[0].causes.is_empty(), "{:?}", found.coverage);
    // what has ended by the moment asked is lost then, and told once
    let found = compare(&world(None, None), &world(Some("2026-10-20"), None));
    assert_eq!(lost(&found), (vec![at("", &[M, A])], true));
}

/// Only what the change does: an end that was recorded before, one that comes later, one after which another agreement governs (R50).
#[test]
fn what_a_change_does_not_lose_is_not_told() {
    let ends = world(Some("2026-11-20"), None);
    let renamed = |world: World| world.user(M, "jane", json!([]));
    assert_eq!(lost(&compare(&ends, &renamed(ends.clone()))), (vec![], false));
    assert_eq!(lost(&compare(&ends, &world(Some("2026-12-20"), None))), (vec![], false));
    assert_eq!(lost(&compare(&ends, &world(Some("2026-11-10"), None))), (vec![at("2026-11-10", &[M, A])], true));
    let own = Some(("2025-01-01", None));
    let found = compare(&world(None, own), &world(Some("2026-11-20"), own));
    assert_eq!(lost(&found), (vec![at("2026-11-20", &[M])], true), "the member has its own");
    // the own one ends later: the member is uncovered then
    let own = Some(("2025-01-01", Some("2027-01-01")));
    let found = compare(&world(None, own), &world(Some("2026-11-20"), own));
    assert_eq!(lost(&found), (vec![at("2026-11-20", &[M]), at("2027-01-01", &[A])], true));
}

/// Rules that reckon with dates do not tell when their answers change: what is lost later is not known, and no gate passes that. What has
/// nothing to do with coverage does not ask.
#[test]
fn what_rules_that_reckon_with_dates_do_not_tell_passes_no_gate() {
    let rules = rules_with(
        "agreements/standing.cedar",
        "unless { principal has until && principal.until <= context.at };\n\n@id(\"deleted-organization-has-no-members\")",
        "unless { principal has until && principal.until.offset(duration(\"30d\")) <= context.at };\n\n@id(\"deleted-organization-has-no-members\")",
    );
    let found = |base: &World, head: &World| {
        let (base, head) = (base.load(), head.load());
        let options = countersign_core::assessment::Options {
            at: crate::common::at("2026-11-01"),
            snapshot: crate::common::at("2026-11-01"),
            ..Default::default()
        };
        let side = |inventory| countersign_core::diff::Side { inventory, options: &options };
        countersign_core::diff::diff(&side(&base), &side(&head), &rules).unwrap()
    };
    let later = found(&world(None, None), &world(Some("2026-12-20"), None));
    assert!(later.verdict.coverage_is_unknown && !later.verdict.is_clean(), "{:?}", later.leaves_out);
    let other = found(&world(None, None), &world(None, None).user(M, "jane", json!([])));
    assert!(!other.verdict.loses_coverage());
}

/// Cover that was to begin is lost on the day on which it would have.
#[test]
fn a_beginning_that_is_taken_away_is_a_loss() {
    let begins =
        World::organization().accepted("customer-agreement-Own0123456789ab", "baa", "account", A, "2026-12-01", None);
    let found = compare(&begins, &World::organization());
    assert_eq!(lost(&found), (vec![at("2026-12-01", &[A])], true));
    assert_eq!(lost(&compare(&World::organization(), &begins)), (vec![], false));
}

/// The command says so and fails; an exception with a reason lets it pass, as any other loss.
#[test]
fn a_later_loss_fails_a_gate_unless_it_is_excepted() {
    let (base, head) = (world(None, None), world(Some("2026-11-20"), None));
    let settings = "asOf = \"2026-11-01\"\n";
    let allow = "[[diff.allow]]\ncoverage = \"baa\"\nreason = \"the contract ends\"\n";
    let ask = |more: &str, args: &[&str]| {
        let base = base.clone().file("countersign.toml", settings).folder();
        let head = head.clone().file("countersign.toml", format!("{settings}{more}")).folder();
        let folders = [base.path().to_str().unwrap(), head.path().to_str().unwrap()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.env("NO_COLOR", "1").arg("diff").args(folders).args(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        (output.status.code(), text)
    };
    let (code, text) = ask("", &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("baa of 2 accounts: 111111111111, 222222222222, from 2026-11-20 at 00:00 UTC on"), "{text}");
    assert!(text.contains("coverage is lost"), "{text}");
    let document: serde_json::Value = serde_json::from_str(&ask("", &["--format", "json"]).1).unwrap();
    assert_eq!(schema_errors("diff.v1.schema.json", &document), [""; 0]);
    assert_eq!(document["coverage"][0]["from"], "2026-11-20T00:00:00Z");
    let (code, text) = ask(allow, &["--allow"]);
    assert!(code == Some(0) && text.contains("the contract ends"), "{code:?} {text}");
}
