//! Coverage that a change perhaps ends: of accounts that were not listed (D31), and of accounts whose cover by the organization that they
//! leave is not known (D16). It is told by every comparison alike, and no gate on coverage passes it.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::*;
use countersign_core::diff::Diff;

const OWN: [&str; 2] = ["OwnBaa1234567890", "OwnBaa1234567891"];
const ORG_BAA: &str = "OrgBaa1234567890";

/// An organization of which not all accounts were listed. Each that was has a BAA of its own, so that none of them loses anything.
fn world(accounts_known: bool, end: Option<&str>) -> World {
    let world = World::organization()
        .accepted(ORG_BAA, "baa", "organization", ORG, "2022-01-01", end)
        .accepted(OWN[0], "baa", "account", M, "2023-01-01", None)
        .accepted(OWN[1], "baa", "account", A, "2023-01-01", None);
    with(world, ORG, "accountsKnown", json!(accounts_known))
}

fn with(mut world: World, uid: &str, attr: &str, value: Value) -> World {
    world.entities.iter_mut().filter(|e| e["uid"] == uid).for_each(|e| e["attrs"][attr] = value.clone());
    world
}

/// Whose: an account or `unlisted`, the kind and the day from which it is so.
fn perhaps(diff: &Diff) -> Vec<String> {
    let line = |p: &countersign_core::diff::perhaps::PerhapsLost| {
        let from = p.from.as_deref().map(|from| format!(" from {}", &from[..10])).unwrap_or_default();
        format!("{} {}{from}", p.account.as_deref().unwrap_or("unlisted"), p.kind)
    };
    let told: Vec<String> = diff.perhaps_lost.iter().map(line).collect();
    assert_eq!(diff.verdict.coverage_is_unknown, !told.is_empty());
    assert!(told.is_empty() || !diff.verdict.is_clean());
    told
}

/// R62: all accounts of the organization are uncovered unless they hold account BAAs, which of those that were not listed nobody knows.
#[test]
fn accounts_that_were_not_listed_perhaps_lose_what_their_organization_loses() {
    let ended = "2026-10-20";
    let found = compare(&world(false, None), &world(false, Some(ended)));
    assert_eq!(perhaps(&found), ["unlisted baa"]);
    assert!(!found.verdict.coverage_is_lost, "the listed accounts have their own");
    assert!(found.changes.iter().all(|c| c.matters), "{:?}", found.changes);
    // all of them listed only now: those that were not may be gone
    assert_eq!(perhaps(&compare(&world(false, None), &world(true, Some(ended)))), ["unlisted baa"]);
    // an end that is recorded before its day
    let found = compare(&world(false, None), &world(false, Some("2026-12-01")));
    assert_eq!(perhaps(&found), ["unlisted baa from 2026-12-01"]);
    // the organization is deleted, or not in the inventory any more
    let deleted = with(world(false, None), ORG, "deletedAt", json!("2026-10-20"));
    let deleted = World {
        entities: deleted.entities.into_iter().map(|e| standalone(e, Some("2026-10-20"))).collect(),
        ..deleted
    };
    assert_eq!(perhaps(&compare(&world(false, None), &deleted)), ["unlisted baa"]);
    let gone = World::default().account(M, json!({}), &[]).account(A, json!({}), &[]);
    assert_eq!(perhaps(&compare(&world(false, None), &gone)), ["unlisted baa"]);
}

/// An account that is in no organization from a day on.
fn standalone(mut entity: Value, left: Option<&str>) -> Value {
    if entity["parents"] == json!([format!("Organization::\"{ORG}\"")]) || entity["parents"] == json!([ORG]) {
        entity["parents"] = json!([]);
        entity["attrs"]["memberships"] = json!([{"organization": ORG, "from": "2022-01-01", "until": left}]);
    }
    entity
}

#[test]
fn what_nobody_loses_is_not_told() {
    let ended = "2026-10-20";
    // everybody was listed
    assert_eq!(perhaps(&compare(&world(true, None), &world(true, Some(ended)))), [""; 0]);
    // it had ended before, and nothing changes
    let twice = world(false, Some(ended));
    assert_eq!(perhaps(&compare(&twice, &twice.clone().user(M, "jane", json!([])))), [""; 0]);
    // another agreement of the kind still covers every account (D19)
    let second = |world: World| world.accepted("OrgBaa1234567892", "baa", "organization", ORG, "2023-01-01", None);
    assert_eq!(perhaps(&compare(&second(world(false, None)), &second(world(false, Some(ended))))), [""; 0]);
    // an agreement of one account concerns no other (R31)
    let own = |end| World::organization().accepted(OWN[1], "baa", "account", A, "2023-01-01", end);
    let open = |end| with(own(end), ORG, "accountsKnown", json!(false));
    let found = compare(&open(None), &open(Some(ended)));
    assert_eq!(perhaps(&found), [""; 0]);
    assert!(found.verdict.coverage_is_lost);
}

/// D16: nobody's list tells which agreements of the organization are in force; one may have covered the account that leaves it (R51).
#[test]
fn an_account_perhaps_loses_what_was_not_known_of_the_organization_that_it_leaves() {
    let unknown =
        |world: World| with(with(world, M, "agreementsKnown", json!(false)), A, "agreementsKnown", json!(false));
    let base = unknown(World::organization());
    let leaves = |world: &World| {
        let leave = |e: Value| if e["uid"] == A { standalone(e, Some("2026-10-20")) } else { e };
        World { entities: world.entities.iter().cloned().map(leave).collect(), ..world.clone() }
    };
    let found = compare(&base, &leaves(&base));
    assert!(perhaps(&found).contains(&format!("{A} baa")), "{:?}", found.perhaps_lost);
    assert!(
        found.perhaps_lost.iter().all(|p| p.account.as_deref() == Some(A) && p.organization.as_deref() == Some(ORG))
    );
    // the management account's list tells that there is none: only the account's own agreements are not known, and they stay with it
    let known = with(World::organization(), A, "agreementsKnown", json!(false));
    assert_eq!(perhaps(&compare(&known, &leaves(&known))), [""; 0]);
    // nothing happens to an account by which less is known of it
    assert_eq!(perhaps(&compare(&base, &base.clone().user(M, "jane", json!([])))), [""; 0]);
}

fn run(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign")).env("NO_COLOR", "1").args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn no_gate_passes_what_is_perhaps_lost() {
    let settings = "asOf = \"2026-11-01\"\n";
    let base = world(false, None).file("countersign.toml", settings).folder();
    let head =
        |more: &str| world(false, Some("2026-10-20")).file("countersign.toml", format!("{settings}{more}")).folder();
    let folder = head("");
    let [old, new] = [&base, &folder].map(|folder| folder.path().to_str().unwrap());
    let words = "perhaps lost: baa of accounts of o-exampleorgid that were not listed";
    for args in [["diff", old, new].as_slice(), &["coverage", "--compare", old, new]] {
        let (code, text) = run(args);
        assert!(code == Some(1) && text.contains(words), "{args:?} {code:?} {text}");
        assert!(text.contains("coverage is perhaps lost"), "{text}");
        let (code, text) = run(&[args, &["--format", "json"]].concat());
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema_errors("diff.v1.schema.json", &document), [""; 0]);
        assert_eq!((code, &document["verdict"]["coverageIsUnknown"]), (Some(1), &json!(true)));
        // who asks about an account asks about no other
        let (_, text) = run(&[args, &["--account", A, "--format", "json"]].concat());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["perhapsLost"], json!([]), "{args:?}");
    }
    // what-if tells it in the same member
    let (_, text) = run(&["what-if", old, "--terminate", "o-exampleorgid=baa", "--format", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let told = &document["difference"]["perhapsLost"];
    assert_eq!(*told, json!([{"account": null, "organization": ORG, "kind": "baa", "allowed": null}]));
    // a reviewed exception about any account lets it pass; one about others does not
    let allow = |accounts: &str| {
        let folder = head(&format!("[[diff.allow]]\ncoverage = \"baa\"\n{accounts}reason = \"the contract ends\"\n"));
        run(&["diff", old, folder.path().to_str().unwrap(), "--allow"])
    };
    let (code, text) = allow("");
    assert!(text.contains("the contract ends") && !text.contains("coverage is perhaps lost"), "{code:?} {text}");
    let (code, text) = allow(&format!("accounts = [\"{A}\"]\n"));
    assert!(code == Some(1) && text.contains("coverage is perhaps lost"), "{code:?} {text}");
}

/// What came to be known of agreements gives nobody access: whoever was permitted it all along gained nothing, and an answer that the
/// policies widen is a gain as before.
#[test]
fn what_was_unknown_for_want_of_agreements_is_not_gained() {
    use countersign_core::diff::differences::AccessChange;
    let full = allows(&["artifact:*", "iam:*", "organizations:*"]);
    let one = |known: bool, policies: &Value| {
        World::new().account(A, json!({"agreementsKnown": known, "nda": {"accepted": true}}), &[]).user(
            A,
            "jo",
            policies.clone(),
        )
    };
    let (all, few) = (json!([full]), json!([allows(&["artifact:GetReport"])]));
    let changes = |base: &World, head: &World| -> std::collections::BTreeSet<AccessChange> {
        let found = compare(base, head);
        assert_eq!(found.verdict.access_widens, found.access.iter().any(|e| e.change == AccessChange::Gained));
        found.access.iter().map(|e| e.change).collect()
    };
    let told = changes(&one(false, &all), &one(true, &all));
    assert!(told.contains(&AccessChange::WasUnknown) && !told.contains(&AccessChange::Gained), "{told:?}");
    // the root user is permitted all on both sides, and jo is not
    let told = changes(&one(false, &few), &one(true, &all));
    assert!(told.contains(&AccessChange::Gained), "{told:?}");
    assert_eq!(changes(&one(true, &all), &one(true, &all)), [].into());
}
