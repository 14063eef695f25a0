//! What a change grants and loses: what is told, by whom and why; and that nothing is missed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::manual_is_multiple_of
)]

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::*;
use countersign_core::access::NewRequests;
use countersign_core::assessment::{Assessment, Options, assess};
use countersign_core::diff::causes::Contribution;
use countersign_core::diff::differences::{
    AccessChange, Answers, CoverageChange, Subject, access_change, coverage_change, differences, gained,
};
use countersign_core::diff::people::Actor;
use countersign_core::diff::pieces::{pieces, without};
use countersign_core::diff::stacks::Compared;
use countersign_core::diff::{AccessEntry, CoverageEntry, Diff, Found, Side, diff, diff_from};
use countersign_core::history::{History, Interval, Query, history};
use countersign_core::inventory::Inventory;
use countersign_core::moment::Moment;
use countersign_core::terms::{Coverage, Scope};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

fn load(folder: &Path) -> Inventory {
    Inventory::load(&Folder::new(folder), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)))
}

fn options(inventory: &Inventory) -> Options {
    let at = at("2026-11-01");
    Options { at, snapshot: at, context: inventory.config.context.clone(), ..Options::default() }
}

fn compare_folders(base: &Path, head: &Path) -> Diff {
    let (base, head) = (load(base), load(head));
    compare_inventories(&base, &head)
}

fn compare_inventories(base: &Inventory, head: &Inventory) -> Diff {
    let (old, new) = (options(base), options(head));
    let side = |inventory, options| Side { inventory, options };
    diff(&side(base, &old), &side(head, &new), &RULES).unwrap_or_else(|f| panic!("{}", words(&f)))
}

/// What was assessed of the new inventory for another purpose gives the same difference, also where the change concerns one
/// account of several.
#[test]
fn what_was_assessed_already_gives_the_same_difference() {
    let world = || {
        World::organization()
            .account(B, json!({}), &[])
            .user(A, "a", json!([FULL]))
            .user(B, "b", json!([FULL]))
            .accepted("Org", "baa", "organization", ORG, "2024-01-01", None)
            .file("countersign.toml", "signatories = [\"a\"]\n".to_owned())
    };
    let changes = [
        world().user(B, "new", json!([ADMIN])),
        world().accepted("Own", "baa", "account", B, "2024-01-01", None),
        world().account("444444444444", json!({}), &[]),
        world(),
    ];
    let folder = world().folder();
    let old = load(folder.path());
    for (index, changed) in changes.iter().enumerate() {
        let folder = changed.folder();
        let new = load(folder.path());
        let (before, after) = (options(&old), options(&new));
        let sides = (Side { inventory: &old, options: &before }, Side { inventory: &new, options: &after });
        let assessed = assess(&new, &RULES, &after).unwrap();
        let findings = assessed.findings.iter().filter(|f| f.subject.starts_with("arn:")).count();
        let shared = diff_from(&sides.0, &sides.1, &RULES, Found { assessed: Some(&assessed), carried: None }).unwrap();
        let plain = diff(&sides.0, &sides.1, &RULES).unwrap();
        assert_eq!(serde_json::to_value(&shared).unwrap(), serde_json::to_value(&plain).unwrap(), "{index}");
        assert!(findings > 0, "findings beyond the reach of the change are put aside: {:?}", assessed.findings);
    }
}

fn compare(base: &World, head: &World) -> Diff {
    let (base, head) = (base.folder(), head.folder());
    compare_folders(base.path(), head.path())
}

/// The entries of one kind for an operation of a scope on the BAA.
fn entries<'d>(diff: &'d Diff, change: AccessChange, operation: &str, scope: &str) -> Vec<&'d AccessEntry> {
    let is = |e: &&AccessEntry| {
        let of = |o: &countersign_core::assessment::Operation| {
            o.operation == operation
                && o.scope.map(Scope::word) == Some(scope)
                && o.agreement.as_deref().is_none_or(|a| a == "baa")
        };
        e.change == change && e.operations.iter().any(of)
    };
    diff.access.iter().filter(is).collect()
}

/// What causes an entry, in words.
fn causes(diff: &Diff, entry: &AccessEntry) -> Vec<(String, Contribution)> {
    entry.causes.iter().map(|c| (diff.changes[c.change].piece.what.clone(), c.part)).collect()
}

fn set(files: &[&str], assignments: Value) -> Value {
    json!({"uid": "PermissionSet::\"Team\"", "attrs": {"policies": files, "assignments": assignments}})
}

const READ: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "artifact:Get*", "Resource": "*"}}"#;
const WRITE: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "artifact:*", "Resource": "*"}}"#;

#[test]
fn nothing_changed_is_nothing() {
    let world = World::organization().user(A, "a", json!([ADMIN]));
    let found = compare(&world, &world);
    assert!(found.is_empty() && found.verdict.is_clean() && found.new_access.is_empty());
}

#[test]
fn one_change_to_one_permission_set_is_one_entry_with_all_its_names() {
    let world = |document: &str| {
        let mut world = World::organization().file("team.json", document);
        for i in 0..300 {
            world = world.entity(json!({"uid": format!("IdentityCenterUser::\"u-{i:03}\""), "attrs": {"userName": format!("person{i:03}")}, "parents": ["IdentityCenterGroup::\"g\""]}));
        }
        world = world.entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": {"displayName": "team"}}));
        for i in 0..30 {
            world = world.account(&format!("4444444444{i:02}"), json!({}), &[ORG]);
        }
        let accounts: Vec<String> = (0..30).map(|i| format!("4444444444{i:02}")).collect();
        world.entity(set(&["team.json"], json!([{"group": "g", "accounts": accounts}])))
    };
    let found = compare(&world(READ), &world(WRITE));
    let gained = entries(&found, AccessChange::Gained, "accept-agreement", "account");
    assert_eq!(gained.len(), 1);
    assert_eq!(gained[0].principals.len(), 30);
    assert!(gained[0].principals.iter().all(|p| p.people.len() == 300));
    assert_eq!(
        gained[0].actions_gained,
        ["artifact:AcceptAgreement", "artifact:AcceptNdaForAgreement", "artifact:DownloadAgreement"]
    );
    assert_eq!(found.changes.len(), 1);
    let change = &found.changes[0].piece;
    assert_eq!(
        (change.file.as_str(), change.pointer.as_deref(), change.layers.as_slice()),
        ("team.json", Some("Statement"), &["identity"][..])
    );
    let stacks: Vec<_> = found.new_access.iter().filter(|n| n.of == Compared::Stack).collect();
    assert_eq!((stacks.len(), stacks[0].principals.len(), stacks[0].answer.decision), (1, 30, NewRequests::New));
    assert!(found.verdict.access_widens && !found.verdict.coverage_is_lost);
    // the other way round, access is lost, which no gate holds up
    let back = compare(&world(WRITE), &world(READ));
    assert_eq!(entries(&back, AccessChange::Lost, "accept-agreement", "account").len(), 1);
    assert!(back.verdict.is_clean(), "{:?}", back.verdict);
}

/// R45, R46: an organization agreement covers members only; an account agreement is in force again (R48).
#[test]
fn leaving_the_organization_loses_its_baa_or_gives_way_to_the_accounts_own() {
    let world = |parents: &[&str]| {
        World::organization().account(B, json!({}), parents).accepted(
            "Org",
            "baa",
            "organization",
            ORG,
            "2024-01-01",
            None,
        )
    };
    let found = compare(&world(&[ORG]), &world(&[]));
    let lost: Vec<_> = found.coverage.iter().filter(|c| c.change == CoverageChange::Lost).collect();
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].kind.as_str(), lost[0].accounts[0].account.as_str()), ("baa", B));
    assert_eq!(lost[0].before.governing.as_deref(), Some("customer-agreement-Org"));
    assert!(
        found.changes[lost[0].causes[0].change].piece.what.contains("moves from o-exampleorgid to no organization")
    );
    assert!(found.verdict.coverage_is_lost);

    let own = |w: World| w.accepted("Own", "baa", "account", B, "2023-01-01", None);
    let found = compare(&own(world(&[ORG])), &own(world(&[])));
    assert_eq!(found.coverage.len(), 1);
    let entry = &found.coverage[0];
    assert_eq!(
        (entry.change, entry.after.scope, entry.after.governing.as_deref()),
        (CoverageChange::Governed, Some(Scope::Account), Some("customer-agreement-Own"))
    );
    assert!(!found.verdict.coverage_is_lost);
}

#[test]
fn causes_are_needed_together_or_enough_by_themselves() {
    let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*"}]));
    let world = |scps: Value, document: &str| {
        World::new()
            .org(json!({"serviceControlPolicies": scps}))
            .account(M, json!({}), &[ORG])
            .account(A, json!({}), &[ORG])
            .file("a.json", document)
            .user(A, "a", json!(["a.json"]))
    };
    let (closed, open) = (json!(["p-FullAWSAccess", deny]), json!(["p-FullAWSAccess"]));
    let found = compare(&world(closed.clone(), READ), &world(open.clone(), WRITE));
    let gained = entries(&found, AccessChange::Gained, "accept-agreement", "account");
    let of_user: Vec<_> = gained.iter().filter(|e| e.principals.iter().any(|p| p.name == "a")).collect();
    let parts: Vec<Contribution> = causes(&found, of_user[0]).iter().map(|(_, part)| *part).collect();
    assert_eq!(parts, [Contribution::Necessary, Contribution::Necessary], "{:?}", causes(&found, of_user[0]));
    // lost by either
    let found = compare(&world(open, WRITE), &world(closed, READ));
    let lost = entries(&found, AccessChange::Lost, "accept-agreement", "account");
    let of_user: Vec<_> = lost.iter().filter(|e| e.principals.iter().any(|p| p.name == "a")).collect();
    let parts: Vec<Contribution> = causes(&found, of_user[0]).iter().map(|(_, part)| *part).collect();
    assert_eq!(parts, [Contribution::Sufficient, Contribution::Sufficient]);
}

#[test]
fn changes_that_grant() {
    let world = || World::organization().file("read.json", READ).file("write.json", WRITE);
    let group =
        json!({"uid": "Group::\"arn:aws:iam::222222222222:group/legal\"", "attrs": {"policies": ["write.json"]}});
    let jane = |parents: Value, attrs: Value| json!({"uid": user(A, "jane"), "attrs": attrs, "parents": parents});
    let legal = json!(["arn:aws:iam::222222222222:group/legal"]);
    let with = |entity: Value| world().entity(group.clone()).entity(entity);
    let only = json!({"policies": ["read.json"]});
    let bounded = |boundary: &str| json!({"policies": ["write.json"], "permissionsBoundary": boundary});
    for (base, head, what) in [
        (with(jane(json!([]), only.clone())), with(jane(legal, only.clone())), "group/legal added"),
        (
            with(jane(json!([]), bounded("read.json"))),
            with(jane(json!([]), json!({"policies": ["write.json"]}))),
            "`permissionsBoundary`",
        ),
        (
            with(jane(json!([]), bounded("read.json"))),
            with(jane(json!([]), bounded("write.json"))),
            "`permissionsBoundary`",
        ),
        (
            with(jane(json!([]), only.clone())),
            with(jane(json!([]), json!({"policies": ["read.json", "write.json"]}))),
            "write.json under `policies`",
        ),
        (
            world().entity(group.clone()),
            with(jane(json!([]), json!({"policies": ["write.json"]}))),
            "user arn:aws:iam::222222222222:user/jane added",
        ),
    ] {
        let found = compare(&base, &head);
        let gained = entries(&found, AccessChange::Gained, "accept-agreement", "account");
        assert_eq!(gained.len(), 1, "{what}");
        assert!(causes(&found, gained[0])[0].0.contains(what), "{what}: {:?}", causes(&found, gained[0]));
        assert!(
            found.new_access.iter().any(|n| n.of == Compared::Stack && n.answer.decision == NewRequests::New),
            "{what}"
        );
        assert!(found.verdict.access_widens);
    }
}

/// Who may terminate an agreement once it is accepted was permitted to before: nothing widens.
#[test]
fn an_acceptance_widens_no_access() {
    let world = || World::organization().user(A, "a", json!([ADMIN]));
    let accepted = world().accepted("Own", "baa", "account", A, "2024-01-01", None);
    let found = compare(&world(), &accepted);
    assert_eq!(entries(&found, AccessChange::Gained, "terminate-agreement", "account").len(), 1);
    assert!(found.verdict.is_clean(), "{:?}", found.verdict);
    let back = compare(&accepted, &world());
    assert_eq!(entries(&back, AccessChange::Gained, "accept-agreement", "account").len(), 1);
    assert!(back.verdict.coverage_is_lost && !back.verdict.access_widens);
    // a permission that is new is, whatever the state
    let closed = World::organization().user(A, "a", json!([])).accepted("Own", "baa", "account", A, "2024-01-01", None);
    assert!(compare(&closed, &accepted).verdict.access_widens);
}

/// What else than an agreement makes possible widens access, were it permitted all along: nothing but an acceptance or a termination is
/// excepted.
#[test]
fn what_a_state_makes_possible_widens_access() {
    let world = |attrs: Value| World::new().account(A, attrs, &[]).user(A, "z", json!([FULL]));
    let closed = json!({"state": "CLOSED", "nda": {"accepted": true}});
    let (nda, no_nda) = (json!({"nda": {"accepted": true}}), json!({"nda": {"accepted": false}}));
    for before in [closed, no_nda] {
        let found = compare(&world(before.clone()), &world(nda.clone()));
        let gained = entries(&found, AccessChange::Gained, "accept-agreement", "account");
        assert!(!gained.is_empty() && gained.iter().all(|e| e.before.permitted && e.widens()), "{before}");
        assert!(found.verdict.access_widens, "{before}");
        // with an acceptance beside it too
        let accepted = world(nda.clone()).accepted("Own", "baa", "account", A, "2024-01-01", None);
        assert!(compare(&world(before), &accepted).verdict.access_widens);
    }
}

#[test]
fn what_is_rewritten_or_moved_is_no_difference() {
    let split = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["artifact:Get*", "artifact:GetReport"], "Resource": "*"}]}"#;
    let base = World::organization().file("a.json", READ).user(A, "a", json!(["a.json"]));
    let rewritten = World::organization().file("a.json", split).user(A, "a", json!(["a.json"]));
    let moved = World::organization().file("iam/b.json", READ).user(A, "a", json!(["iam/b.json"]));
    for head in [rewritten, moved] {
        let found = compare(&base, &head);
        assert!(found.access.is_empty() && found.coverage.is_empty() && found.verdict.is_clean());
        assert!(!found.changes.is_empty() && found.changes.iter().all(|c| !c.matters));
        assert!(found.new_access.iter().all(|n| n.answer.decision == NewRequests::None));
    }
}

/// What the policies say of another service is new access, and so is what a denial let through.
#[test]
fn any_request_of_any_service() {
    let world =
        |document: Value| World::organization().file("a.json", document.to_string()).user(A, "a", json!(["a.json"]));
    let stack = |found: &Diff| found.new_access.iter().find(|n| n.of == Compared::Stack).unwrap().answer.clone();
    let found = compare(&world(allows(&["s3:GetObject"])), &world(allows(&["s3:*"])));
    assert!(found.access.is_empty() && found.verdict.access_widens);
    assert_eq!(stack(&found).decision, NewRequests::New);
    // a policy that is not in the inventory may have allowed it before
    let with = |document: Value| {
        World::organization().file("a.json", document.to_string()).user(
            A,
            "a",
            json!(["a.json", "arn:aws:iam::aws:policy/SomethingElse"]),
        )
    };
    let found = compare(&with(allows(&["s3:GetObject"])), &with(allows(&["s3:*"])));
    assert_eq!(stack(&found).decision, NewRequests::Unknown);
    let found = compare(&with(allows(&["s3:*"])), &with(allows(&["s3:GetObject"])));
    assert_eq!(stack(&found).decision, NewRequests::None);
    let denied = |action: &str| policy(json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]));
    let found = compare(&with(denied("s3:*")), &with(denied("s3:Put*")));
    assert_eq!(stack(&found).decision, NewRequests::Unknown, "the other policy may allow what is denied no more");
}

/// What every request of a principal carries is settled: a statement for another principal grants nothing.
#[test]
fn conditions_on_the_principal_are_settled() {
    let world = |arn: &str| {
        let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": arn}}});
        World::organization().file("a.json", policy(json!([statement])).to_string()).user(A, "a", json!(["a.json"]))
    };
    let nobody = world("arn:aws:iam::222222222222:user/nobody");
    let found = compare(&nobody, &world("arn:aws:iam::222222222222:user/someone"));
    assert!(found.verdict.is_clean());
    let found = compare(&nobody, &world(&user(A, "a")));
    assert!(found.verdict.access_widens);
}

/// A negated operator passes on a key that the principal does not have, and so does `Null`: what they guard is granted.
#[test]
fn conditions_on_what_the_principal_has_not_are_settled() {
    let world = |statements: Value| {
        World::organization().file("a.json", policy(statements).to_string()).user(A, "a", json!(["a.json"]))
    };
    let guarded = |condition: Value| {
        let allow = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        let mut statement = allow("s3:*");
        statement["Condition"] = condition;
        let found = compare(&world(json!([allow("s3:GetObject")])), &world(json!([allow("s3:GetObject"), statement])));
        found.verdict.access_widens
    };
    assert!(guarded(json!({"StringNotEquals": {"aws:PrincipalTag/team": "x"}})));
    assert!(guarded(json!({"Null": {"aws:PrincipalTag/team": "true"}})));
    assert!(guarded(json!({"StringEqualsIfExists": {"aws:PrincipalTag/team": "x"}})));
    assert!(!guarded(json!({"StringEquals": {"aws:PrincipalTag/team": "x"}})));
    assert!(!guarded(json!({"Null": {"aws:PrincipalTag/team": "false"}})));
}

#[test]
fn exceptions_are_reviewed_and_have_a_reason() {
    let world = |toml: &str, policies: Value| {
        World::organization()
            .file("countersign.toml", toml)
            .file("read.json", READ)
            .file("write.json", WRITE)
            .user(A, "a", policies.clone())
            .user(A, "b", policies)
    };
    let toml = "[[diff.allow]]\noperation = \"*-agreement\"\nprincipal = \"a\"\nreason = \"agreed\"\n\
        [[diff.allow]]\nanyRequest = true\nprincipal = \"*:user/a\"\nreason = \"agreed\"\n\
        [[diff.allow]]\ncoverage = \"baa\"\nreason = \"idle\"\n\
        [[diff.allow]]\nanyRequest = true\nuntil = 2026-01-01\nreason = \"over\"\n";
    let (base, head) = (world("", json!(["read.json"])), world(toml, json!(["write.json"])));
    let head_folder = head.folder();
    let inventory = load(head_folder.path());
    let mut found = compare(&base, &head);
    let told = found.except(&inventory.config.exceptions, at("2026-11-01"));
    let told: Vec<&str> = told.iter().map(|p| p.message()).collect();
    assert_eq!(told, ["this exception applies to nothing", "this exception has expired"]);
    let gained = entries(&found, AccessChange::Gained, "accept-agreement", "account");
    let mut by: Vec<(Option<&str>, &str)> =
        gained.iter().map(|e| (e.allowed.as_deref(), e.principals[0].name.as_str())).collect();
    by.sort_unstable();
    assert_eq!(by, [(None, "b"), (Some("agreed"), "a")]);
    assert!(found.verdict.access_widens, "that of b is not excepted");
    let both = toml.replace("principal = \"a\"\n", "").replace("principal = \"*:user/a\"\n", "");
    let head = world(&both, json!(["write.json"])).folder();
    let mut found = compare_folders(base.folder().path(), head.path());
    found.except(&load(head.path()).config.exceptions, at("2026-11-01"));
    let widening: Vec<_> =
        found.access.iter().filter(|e| e.widens() && e.allowed.is_none()).map(|e| e.operations.clone()).collect();
    assert!(widening.iter().flatten().all(|o| o.operation == "remove-offline-designation"), "{widening:?}");
}

/// What is drawn for an organization.
fn draw(c: &[u8]) -> World {
    let pick = |i: usize, values: &[Value]| values[usize::from(c[i]) % values.len()].clone();
    let scp = |i: usize| {
        let deny = |action: &str| policy(json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]));
        pick(
            i,
            &[
                json!(["p-FullAWSAccess"]),
                json!(["p-FullAWSAccess", deny("artifact:Accept*")]),
                json!(["p-FullAWSAccess", deny("organizations:*")]),
                json!([]),
            ],
        )
    };
    let documents = [
        json!(["one.json"]),
        json!(["one.json", "two.json"]),
        json!([ADMIN]),
        json!([]),
        json!([FULL]),
        json!(["two.json", "arn:aws:iam::aws:policy/SomethingElse"]),
    ];
    let policies = |i: usize| pick(i, &documents);
    let place = |i: usize| -> Vec<&str> {
        [vec![], vec![ORG], vec!["ou-ab12-one00001"], vec!["ou-ab12-two00001"]][usize::from(c[i]) % 4].clone()
    };
    let statement = |i: usize| {
        let action = ["artifact:Get*", "artifact:*", "artifact:AcceptAgreement", "organizations:Describe*"]
            [usize::from(c[i]) % 4];
        let mut statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        match c[i] / 4 % 4 {
            1 => statement["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            2 => statement["Condition"] = json!({"StringEquals": {"aws:PrincipalTag/team": "legal"}}),
            3 => statement["Effect"] = json!("Deny"),
            _ => {}
        }
        statement
    };
    let toml = ["", "signatories = [\"a\"]\n", "[context]\n\"aws:MultiFactorAuthPresent\" = true\n", ""]
        [usize::from(c[0]) % 4];
    let mut world = World::new()
        .file("countersign.toml", toml)
        .file("one.json", policy(json!([statement(1), statement(2)])).to_string())
        .file("two.json", policy(json!([statement(3)])).to_string())
        .org(json!({"serviceControlPolicies": scp(4), "trustedAccess": c[5] % 4 != 0}))
        .entity(json!({"uid": "ou-ab12-one00001", "attrs": {"serviceControlPolicies": scp(6)}, "parents": [ORG]}))
        .entity(json!({"uid": "ou-ab12-two00001", "parents": [if c[7] % 2 == 0 { ORG } else { "ou-ab12-one00001" }]}))
        .account(M, json!({"agreementsKnown": c[8] % 2 != 0}), &[ORG])
        .account(A, json!({"agreementsKnown": c[9] % 2 != 0}), &place(10))
        .account(B, json!({"nda": {"accepted": c[11] % 4 != 0}, "agreementsKnown": c[27] % 2 != 0}), &place(12))
        .entity(json!({"uid": "Group::\"arn:aws:iam::222222222222:group/g\"", "attrs": {"policies": policies(13)}}))
        .entity(json!({"uid": user(A, "a"), "attrs": {"policies": policies(14)}, "tags": {"team": if c[15] % 2 == 0 { "legal" } else { "x" }},
            "parents": if c[16] % 2 == 0 { json!(["arn:aws:iam::222222222222:group/g"]) } else { json!([]) }}))
        .user(M, "m", policies(17))
        .entity(json!({"uid": "IdentityCenterGroup::\"g-one\"", "attrs": {"displayName": "one"}}))
        .entity(json!({"uid": "IdentityCenterUser::\"u-one\"", "attrs": {"userName": "one"}, "parents": if c[18] % 2 == 0 { json!(["g-one"]) } else { json!([]) }}))
        .entity(json!({"uid": "PermissionSet::\"Team\"", "attrs": {"policies": policies(19), "customerManagedPolicies": if c[19] % 3 == 0 { json!(["Own"]) } else { json!([]) }, "assignments":
            pick(20, &[json!([{"group": "g-one", "accounts": [A]}]), json!([{"group": "g-one", "organizationalUnits": ["ou-ab12-one00001"]}]), json!([{"user": "u-one", "accounts": [A, B, M]}])])}}))
        .report("report-bqhUJF3FrQZsMJpb", "SOC", c[21] % 4 == 0);
    // a customer's own policy, which the permission set names
    let own = format!("arn:aws:iam::{A}:policy/Own");
    match c[26] % 4 {
        0 => {}
        1 => world = world.entity(json!({"uid": format!("IamPolicy::\"{own}\"")})),
        n => {
            let document = allows(if n == 2 { &["artifact:*"] } else { &["artifact:Get*"] });
            world = world.entity(json!({"uid": format!("IamPolicy::\"{own}\""), "attrs": {"document": document}}));
        }
    }
    if c[22] % 3 != 0 {
        world =
            world.accepted("Org", "baa", "organization", ORG, "2024-01-01", (c[22] % 3 == 1).then_some("2026-01-01"));
    }
    if c[23] % 2 != 0 {
        world = world.accepted("Own", "baa", "account", A, "2024-01-01", None);
    }
    if c[24] % 3 != 0 {
        let account = if c[24] % 3 == 1 { A } else { B };
        world = world.offline(json!([{"account": account, "from": "2019-01-01"}]));
    }
    if c[25] % 3 == 0 {
        world = world.entity(
            json!({"uid": user(B, "b"), "attrs": {"policies": policies(14), "permissionsBoundary": "one.json"}}),
        );
    }
    world
}

const DRAWN: usize = 28;

/// What a comparison says of each answer, from the entries of a diff.
fn told(found: &Diff) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for entry in &found.access {
        for person in &entry.people {
            let told_of = |o| format!("{:?} {} {} {o:?}", entry.change, person.account, person.person);
            told.extend(entry.operations.iter().map(told_of));
        }
        for principal in entry.principals.iter().filter(|_| entry.people.is_empty()) {
            for operation in &entry.operations {
                told.insert(format!("{:?} {} {} {operation:?}", entry.change, principal.account, principal.principal));
            }
        }
    }
    // of days that are over, the histories tell
    for entry in found.coverage.iter().filter(|e| e.from.is_none() && e.until.is_none()) {
        told.extend(entry.accounts.iter().map(|a| format!("{:?} {} {}", entry.change, a.account, entry.kind)));
    }
    for entry in &found.findings {
        told.extend(entry.subjects.iter().map(|s| format!("{} {} {s}", entry.change, entry.rule)));
    }
    told
}

/// The same, from two assessments of everything. `named` says that the group had a named member before, who acted by it.
fn plain(base: &Assessment, head: &Assessment, named: bool) -> BTreeSet<String> {
    use countersign_core::diff::differences::State;
    let mut told = BTreeSet::new();
    let all = differences(&Answers::of(base), &Answers::of(head));
    // what the permission set of the group itself may do that it might not before
    let mut own = BTreeSet::new();
    for d in &all {
        if let Subject::Access { principal: (account, arn), operation } = &d.subject {
            let (old, new) = (d.before.access(), d.after.access());
            if arn.contains("Team") && (old.decision != new.decision || !gained(&old, &new).is_empty()) {
                own.insert((account.clone(), operation.clone()));
            }
        }
    }
    for d in all {
        match &d.subject {
            Subject::Access { principal: (account, arn), operation } => {
                if let Some(change) = access_change(&d.before.access(), &d.after.access()) {
                    told.insert(format!("{change:?} {account} {arn} {operation:?}"));
                }
            }
            // of the one person that is drawn
            Subject::Person { account, actor, operation } => {
                let name = if matches!(actor, Actor::Person(_)) { "one" } else { "group one" };
                let (old, new) = (d.before.access(), d.after.access());
                if let Some(mut change) = access_change(&old, &new) {
                    // whoever is left in a group of which no member is named any more could do no more than those who were
                    let is_taken = matches!(change, AccessChange::Lost | AccessChange::MayBeLost)
                        || change == AccessChange::Actions && gained(&old, &new).is_empty();
                    let is_alike = !own.contains(&(account.clone(), operation.clone()));
                    if named && is_alike && !is_taken && matches!(actor, Actor::Group(_)) {
                        change = AccessChange::NoLongerKnown;
                    }
                    told.insert(format!("{change:?} {account} {name} {operation:?}"));
                }
            }
            Subject::Coverage { account, kind } => {
                if let Some(change) = coverage_change(&d.before.coverage(), &d.after.coverage()) {
                    told.insert(format!("{change:?} {account} {kind}"));
                }
            }
            Subject::Finding(rule, subject, _) => {
                let change = if d.after == State::Found { "new" } else { "gone" };
                told.insert(format!("{change} {rule} {subject}"));
            }
        }
    }
    told
}

/// Days that an account was covered on by the old history, and is not by the new one, and which no entry tells.
fn untold(base: &Inventory, head: &Inventory, found: &Diff) -> Vec<String> {
    let to = at("2026-11-01");
    let told = |inventory: &Inventory| {
        let query = Query { to, ..Query::default() };
        history(inventory, &RULES, &query).unwrap_or_else(|f| panic!("{}", words(&f)))
    };
    let (old, new) = (told(base), told(head));
    let covered = |all: &History, account: &str, kind: &str, at: Moment| {
        let row = all.accounts.iter().find(|a| a.account == account)?.agreements.iter().find(|r| r.kind == kind)?;
        let holds = |i: &&Interval| i.span().0.is_none_or(|f| f <= at) && i.span().1.is_none_or(|u| at < u);
        row.intervals.iter().find(holds).map(|i| i.coverage)
    };
    let mut untold = Vec::new();
    for account in &old.accounts {
        let edges = [&old, &new].into_iter().flat_map(|h| h.accounts.iter().filter(|a| a.account == account.account));
        let spans = edges.flat_map(|a| &a.agreements).flat_map(|r| &r.intervals).filter_map(|i| i.span().0);
        let edges: BTreeSet<Moment> = spans.filter(|edge| *edge < to).collect();
        for (row, edge) in account.agreements.iter().flat_map(|row| edges.iter().map(move |edge| (row, *edge))) {
            let was = covered(&old, &account.account, &row.kind, edge) == Some(Coverage::Covered);
            if !was || covered(&new, &account.account, &row.kind, edge) == Some(Coverage::Covered) {
                continue;
            }
            let at = |text: &Option<String>| text.as_deref().and_then(countersign_core::moment::parse);
            let tells = |e: &CoverageEntry| {
                let from = at(&e.from).or(at(&e.past_from));
                let lasts = at(&e.until).is_none_or(|until| edge < until);
                let is_own = e.kind == row.kind && e.accounts.iter().any(|a| a.account == account.account);
                e.is_loss() && is_own && from.is_some_and(|from| from <= edge) && lasts
            };
            if !found.coverage.iter().any(tells) {
                untold.push(format!("{} {} {edge}", account.account, row.kind));
            }
        }
    }
    untold
}

/// `.ci/long` asks for more by `PROPTEST_CASES`.
fn cases() -> usize {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2 * DRAWN)
}

/// Nothing beyond the reach of a change is different; without all pieces, the new inventory is the old one; and every difference
/// has a cause. Everything that is drawn is changed in turn, by itself or with something else.
#[test]
fn nothing_is_missed() {
    let mut runner = TestRunner::new_with_rng(Config::default(), drawn_from(11));
    let drawn = (prop::collection::vec(any::<u8>(), DRAWN), 1..4_u8, prop::option::of((0..DRAWN, any::<u8>())));
    for case in 0..cases() {
        let (choices, step, besides) = drawn.new_tree(&mut runner).unwrap().current();
        let mut other = choices.clone();
        let index = case % DRAWN;
        other[index] = other[index].wrapping_add(step);
        if let Some((index, value)) = besides {
            other[index] = value;
        }
        let (base, head) = (draw(&choices).folder(), draw(&other).folder());
        let (base, head) = (load(base.path()), load(head.path()));
        let assess = |inventory: &Inventory| {
            assess(inventory, &RULES, &options(inventory)).unwrap_or_else(|f| panic!("{}", words(&f)))
        };
        let (before, after) = (assess(&base), assess(&head));
        let found = compare_inventories(&base, &head);
        // in the base, the one person is in the group, which has the permission set
        let named = choices[18] % 2 == 0 && choices[20] % 3 != 2;
        assert_eq!(told(&found), plain(&before, &after, named), "{choices:?} {other:?}");

        let all = pieces(&base, &head);
        let reverted = without(&base, &head, &all.iter().collect::<Vec<_>>());
        let reverted = assess(&reverted);
        // which documents nothing refers to is a matter of the files
        let left: Vec<String> = plain(&before, &reverted, named).into_iter().filter(|d| !d.contains("CS030")).collect();
        assert_eq!(left, Vec::<String>::new(), "{choices:?} {other:?}");

        assert_eq!(untold(&base, &head, &found), Vec::<String>::new(), "{choices:?} {other:?}");

        let caused = found.access.iter().map(|e| &e.causes).chain(found.coverage.iter().map(|e| &e.causes));
        for causes in caused {
            assert!(!causes.is_empty(), "{found:#?}");
        }
        // an operation that is gained is newly allowed by the policies, by the state of things, or by what is assumed
        if choices[0] == other[0] && found.new_access.iter().all(|n| n.answer.decision == NewRequests::None) {
            for entry in found.access.iter().filter(|e| e.change == AccessChange::Gained) {
                assert!(entry.actions_gained.is_empty(), "{entry:#?}");
            }
        }
    }
}
