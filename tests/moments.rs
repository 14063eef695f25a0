//! Plans, permissions that a principal may grant itself, and new access are about the moment asked: which control policies bind an account
//! depends on the organization that it was in then, not on the one that it is in now.

#![allow(clippy::unwrap_used)]

use crate::common::*;
use countersign_core::access::NewRequests;
use countersign_core::assessment::escalation;
use countersign_core::assessment::plans::{Plan, Planner, StepKind};
use countersign_core::assessment::{Filter, Options, assess};
use countersign_core::diff::differences::AccessChange;
use countersign_core::diff::{Diff, Side, diff};
use countersign_core::terms::Decision;
use serde_json::{Value, json};

/// While A is in the organization, or B, and while neither is.
const WITHIN: &str = "2026-09-01";
const BEYOND: &str = "2026-11-01";

fn options_at(moment: &str) -> Options {
    let at = at(moment);
    Options { at, snapshot: at, ..Options::default() }
}

fn denies(action: &str) -> Value {
    policy(json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]))
}

/// A and B have left an organization that had these attributes.
fn left(attrs: Value) -> World {
    let member = || json!({"memberships": [{"organization": ORG, "from": "2026-01-05", "until": "2026-10-01"}]});
    World::new().org(attrs).account(M, json!({}), &[ORG]).account(A, member(), &[]).account(B, member(), &[])
}

/// A has joined it.
fn joined(attrs: Value) -> World {
    let member = json!({"memberships": [{"organization": ORG, "from": "2026-10-01"}]});
    World::new().org(attrs).account(M, json!({}), &[ORG]).account(A, member, &[ORG])
}

fn plan(world: &World, moment: &str, (operation, scope): (&str, &str)) -> Option<Plan> {
    let (inventory, mut options) = (world.load(), options_at(moment));
    let principals = Some(vec![(user(A, "jo"), A.to_owned())]);
    options.filter = Filter { operations: vec![operation.to_owned()], principals, ..Filter::default() };
    let mut assessment = assess(&inventory, &RULES, &options).unwrap();
    Planner::new(&inventory, &RULES, &options).add(&mut assessment).unwrap();
    let found = assessment.principals.iter().flat_map(|p| &p.operations);
    let found = found.into_iter().find(|o| o.scope.is_some_and(|s| s.word() == scope)).unwrap();
    found.changes.clone()
}

#[test]
fn a_plan_edits_the_policies_that_bound_the_account() {
    let scps = json!({"serviceControlPolicies": ["p-FullAWSAccess", denies("artifact:AcceptAgreement")]});
    let world = left(scps).user(A, "jo", json!([FULL])).user(B, "mo", json!([FULL]));
    let accept = ("accept-agreement", "account");
    assert_eq!(plan(&world, BEYOND, accept), None, "it is allowed");
    let found = plan(&world, WITHIN, accept).unwrap();
    assert_eq!((found.steps.len(), found.leads_to), (1, Some(Decision::Allow)), "{found:?}");
    let step = found.steps.first().unwrap();
    assert!(step.text.starts_with("except arn:aws:iam::222222222222:user/jo from the denial"), "{}", step.text);
    // to remove it would allow whoever else was in the organization then
    let gains = &step.instead.as_ref().unwrap().also_allows;
    assert!(gains.iter().any(|g| g.principal == user(B, "mo")), "{gains:?}");
}

/// The organization of which an attribute has to be set is that of the moment.
#[test]
fn a_plan_sets_attributes_of_the_organization_of_the_moment() {
    let world = left(json!({"trustedAccess": false})).user(A, "jo", json!([FULL]));
    let found = plan(&world, WITHIN, ("view-organization-agreements", "organization")).unwrap();
    assert!(found.steps.iter().any(|s| s.kind == StepKind::Attribute), "{found:?}");
}

#[test]
fn what_a_principal_may_grant_itself_was_denied_then() {
    let may = |world: &World, moment: &str| {
        let (inventory, options) = (world.load(), options_at(moment));
        let assessment = assess(&inventory, &RULES, &options).unwrap();
        let found = escalation::of((&inventory, &RULES), &options, &assessment.principals).unwrap();
        found.get(&(A.to_owned(), user(A, "jo"))).is_some_and(|ways| ways.iter().all(|w| w.certain))
    };
    let scps = || json!({"serviceControlPolicies": ["p-FullAWSAccess", denies("iam:*")]});
    let jo = json!([allows(&["iam:PutUserPolicy"])]);
    let (left, joined) = (left(scps()).user(A, "jo", jo.clone()), joined(scps()).user(A, "jo", jo));
    assert_eq!([may(&left, WITHIN), may(&left, BEYOND)], [false, true]);
    assert_eq!([may(&joined, WITHIN), may(&joined, BEYOND)], [true, false]);
}

fn compare_at(base: &World, head: &World, moment: &str) -> Diff {
    let (base, head, options) = (base.load(), head.load(), options_at(moment));
    let side = |inventory| Side { inventory, options: &options };
    diff(&side(&base), &side(&head), &RULES).unwrap_or_else(|f| panic!("{}", words(&f)))
}

/// Whether requests are newly allowed to anybody, before and after the first of October.
fn newly_allowed(base: &World, head: &World) -> [bool; 2] {
    [WITHIN, BEYOND].map(|moment| {
        let found = compare_at(base, head, moment);
        found.new_access.iter().any(|n| n.widens() && n.answer.decision == NewRequests::New)
    })
}

#[test]
fn new_access_is_what_the_policies_of_the_moment_leave() {
    let scps = || json!({"serviceControlPolicies": ["p-FullAWSAccess", denies("s3:*")]});
    let with = |world: World, action: &str| world.user(A, "jo", json!([allows(&[action])]));
    let of = |world: World| newly_allowed(&with(world.clone(), "s3:GetObject"), &with(world, "s3:*"));
    assert_eq!(of(left(scps())), [false, true]);
    assert_eq!(of(joined(scps())), [true, false]);
}

#[test]
fn who_may_assume_a_role_is_what_the_policies_of_the_moment_leave() {
    let perimeter = policy(json!([{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "999999999999"}}}]));
    let rcps = || json!({"resourceControlPolicies": [perimeter]});
    let with = |world: World, trusted: &str| {
        let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}]));
        let attrs = json!({"policies": [FULL], "trustPolicy": trust});
        world.entity(json!({"uid": format!("Role::\"arn:aws:iam::{A}:role/legal\""), "attrs": attrs}))
    };
    let of = |world: World| newly_allowed(&with(world.clone(), "999999999999"), &with(world, "*"));
    assert_eq!(of(left(rcps())), [false, true]);
    assert_eq!(of(joined(rcps())), [true, false]);
}

/// That resource control policies of the organization of that time came to be known gives nobody access.
#[test]
fn policies_that_came_to_be_known_are_those_of_the_moment() {
    let with = |attrs: Value| {
        let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": root(A)}, "Action": "sts:AssumeRole"}]));
        let role = format!("arn:aws:iam::{A}:role/legal");
        let assume = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]));
        left(attrs)
            .entity(json!({"uid": "IamPolicy::\"p-unplaced\""}))
            .entity(json!({"uid": format!("Role::\"{role}\""), "attrs": {"policies": [FULL], "trustPolicy": trust}}))
            .user(A, "dev", json!([assume]))
    };
    let found = compare_at(&with(json!({"resourceControlPoliciesUnplaced": ["p-unplaced"]})), &with(json!({})), WITHIN);
    let of_dev = found.access.iter().filter(|e| e.people.iter().any(|p| p.person == "user dev"));
    let changes: Vec<AccessChange> = of_dev.map(|e| e.change).collect();
    assert!(!changes.is_empty() && changes.iter().all(|c| *c == AccessChange::FirstSeen), "{changes:?}");
    assert!(found.verdict.access_is_unknown && !found.verdict.access_widens);
}

/// D22: policies and permissions are those of the snapshot, whichever command tells of another moment.
#[test]
fn an_answer_for_another_moment_says_of_which_the_policies_are() {
    let promise = "[[access]]\nprincipal = \"jo\"\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\nexpect = \"allow\"\n";
    let world = World::organization()
        .user(A, "jo", json!([FULL]))
        .file("countersign.toml", "asOf = \"2026-11-01\"\n".to_owned())
        .file("jo.expect.toml", promise.to_owned());
    let folder = world.folder();
    let other = world.clone().user(M, "other", json!([FULL])).folder();
    let (dir, base) = (folder.path().to_str().unwrap(), other.path().to_str().unwrap());
    let said = "policies, permissions and what else the files tell without a date";
    let commands: [(&str, &[&str]); 4] = [
        ("diff", &["diff", base, dir]),
        ("what-if", &["what-if", dir, "--leave", A]),
        ("test", &["test", dir]),
        ("check", &["check", dir, "--base", base]),
    ];
    for (name, command) in commands {
        let run = |more: &[&str]| {
            let mut countersign = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
            let output = countersign.env("NO_COLOR", "1").args(command).args(more).output().unwrap();
            String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
        };
        for format in ["text", "json"] {
            let then = run(&["--at", "2026-10-01", "--format", format]);
            assert!(then.contains(said) && then.contains("the snapshot of 2026-11-01"), "{name} {format}: {then}");
            let of_it = run(&["--at", "2026-11-01", "--format", format]);
            assert!(!of_it.contains(said), "{name} {format}: {of_it}");
        }
        if let "test" | "check" = name {
            let found: Value = serde_json::from_str(&run(&["--at", "2026-10-01", "--format", "json"])).unwrap();
            assert_eq!(found["assuming"].as_array().map(Vec::len), Some(1), "{name}");
            assert_eq!(schema_errors(&format!("{name}.v1.schema.json"), &found), Vec::<String>::new());
        }
    }
}
