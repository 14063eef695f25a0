//! Whether control policies bind an account: they exist with all features only (DESIGN §4), and are those of the organization that the
//! account is in at the moment asked (D22).

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::common::*;
use countersign_core::access::NewRequests;
use countersign_core::assessment::assess;
use countersign_core::people::behind;
use serde_json::{Value, json};

fn denies(action: &str) -> Value {
    policy(json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]))
}

/// jo of A has full access, and what the organization has attached denies everything.
fn world(feature_set: Option<&str>) -> World {
    let mut attrs = json!({"managementAccount": M, "trustedAccess": true, "serviceRole": true,
        "serviceControlPolicies": ["p-FullAWSAccess", denies("*")]});
    if let Some(set) = feature_set {
        attrs["featureSet"] = json!(set);
    }
    World::new()
        .entity(json!({"uid": ORG, "attrs": attrs}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG])
        .user(A, "jo", json!([FULL]))
}

fn decision(world: &World, when: &str) -> String {
    let found = world.assess(&on(when));
    found.decision(&user(A, "jo"), "accept-agreement", "account").to_owned()
}

const NOW: &str = "2026-11-01";

#[test]
fn service_control_policies_are_there_or_not_where_the_feature_set_is_not_known() {
    assert_eq!(decision(&world(Some("ALL")), NOW), "deny");
    assert_eq!(decision(&world(Some("CONSOLIDATED_BILLING")), NOW), "allow");
    let answers = world(None).now();
    let answer = answers.answer(&user(A, "jo"), "accept-agreement", "account");
    assert_eq!(answer["decision"], "unknown");
    assert_eq!(
        answer["dependsOn"],
        json!([{"key": format!("featureSet of {ORG}"), "allows": ["CONSOLIDATED_BILLING"]}])
    );
    // the management account is bound in neither case
    assert_eq!(answers.decision(&root(M), "accept-agreement", "account"), "allow");
    // the gates of the organization depend on the same thing, so that no world has both of it: without all features nobody can, with
    // them the policies deny
    assert_eq!(answers.decision(&user(A, "jo"), "view-organization-agreements", "organization"), "deny");
}

/// Accounts that differ in this alone do not share answers.
#[test]
fn accounts_of_an_organization_that_is_known_have_other_answers() {
    let other = "o-otherorgid1";
    let mut world = world(None);
    let attrs = json!({"managementAccount": "444444444444", "featureSet": "ALL",
        "serviceControlPolicies": ["p-FullAWSAccess", denies("*")]});
    world = world.entity(json!({"uid": other, "attrs": attrs})).account("444444444444", json!({}), &[other]);
    for account in [B, "555555555555", "666666666666"] {
        world = world.account(account, json!({}), &[other]).user(account, "jo", json!([FULL]));
    }
    let answers = world.now();
    assert_eq!(answers.decision(&user(A, "jo"), "accept-agreement", "account"), "unknown");
    assert_eq!(answers.decision(&user(B, "jo"), "accept-agreement", "account"), "deny");
}

#[test]
fn resource_control_policies_are_there_or_not() {
    let role = "arn:aws:iam::222222222222:role/legal";
    let of = |feature_set: Option<&str>| {
        let deny = policy(json!([{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}]));
        let mut attrs = json!({"managementAccount": M, "resourceControlPolicies": [deny]});
        if let Some(set) = feature_set {
            attrs["featureSet"] = json!(set);
        }
        let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}]));
        let assume = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]));
        let world = World::new()
            .entity(json!({"uid": ORG, "attrs": attrs}))
            .account(M, json!({}), &[ORG])
            .account(A, json!({}), &[ORG])
            .user(A, "dev", json!([assume]))
            .entity(json!({"uid": format!("Role::\"{role}\""), "attrs": {"policies": [FULL], "trustPolicy": trust}}));
        let (inventory, options) = (world.load(), options_now());
        let assessment = assess(&inventory, &RULES, &options).unwrap();
        let found = behind((&inventory, &RULES), &options, &assessment.principals).unwrap().remove(role);
        found.unwrap_or_default().assumers.first().map(|a| (a.certain, a.depends_on.clone()))
    };
    assert_eq!(of(Some("ALL")), None);
    assert_eq!(of(Some("CONSOLIDATED_BILLING")), Some((true, Vec::new())));
    assert_eq!(of(None), Some((false, vec![format!("featureSet of {ORG}")])));
}

/// A feature set that is no longer known may be that without control policies.
#[test]
fn a_feature_set_that_is_gone_may_give_access() {
    let found = compare(&world(Some("ALL")), &world(None));
    assert!(found.verdict.access_widens, "it may be gained");
    let stacks = found.new_access.iter().filter(|n| n.widens());
    assert!(stacks.clone().count() > 0 && stacks.clone().all(|n| n.answer.decision == NewRequests::Unknown));
    assert!(!compare(&world(None), &world(None)).verdict.access_widens);
    // that they are there takes away, beside what the management account may do for the organization
    assert!(!compare(&world(None), &world(Some("ALL"))).new_access.iter().any(|n| n.widens()));
}

/// The organization with these attributes for its unit, and A with these for itself, below the unit if it is there now.
fn moved(account: Value, parents: &[&str], unit: Value) -> World {
    let attrs = json!({"managementAccount": M, "featureSet": "ALL",
        "serviceControlPolicies": ["p-FullAWSAccess", denies("artifact:AcceptAgreement")]});
    World::new()
        .entity(json!({"uid": ORG, "attrs": attrs}))
        .entity(json!({"uid": "ou-exam-12345678", "attrs": unit, "parents": [ORG]}))
        .account(M, json!({}), &[ORG])
        .account(A, account, parents)
        .user(A, "jo", json!([FULL]))
}

#[test]
fn the_policies_of_an_organization_bind_while_the_account_is_in_it() {
    let joined = |known: Option<&str>| {
        let mut attrs = json!({"memberships": [{"organization": ORG, "from": "2026-10-05"}]});
        if let Some(since) = known {
            attrs["membershipsKnownSince"] = json!(since);
        }
        moved(attrs, &[ORG], json!({}))
    };
    assert_eq!(decision(&joined(None), NOW), "deny");
    assert_eq!(decision(&joined(None), "2026-10-01"), "allow", "it was in no organization");
    let left = moved(
        json!({"memberships": [{"organization": ORG, "from": "2026-01-05", "until": "2026-10-01"}]}),
        &[],
        json!({}),
    );
    assert_eq!(decision(&left, NOW), "allow");
    assert_eq!(decision(&left, "2026-09-01"), "deny", "the organization's policies bound it then");
    assert_eq!(decision(&joined(Some("2026-10-05")), "2026-10-01"), "unknown", "nothing tells where it was");
}

/// Of an earlier organization it is not known in which unit the account was.
#[test]
fn the_units_of_an_earlier_organization_are_not_known() {
    let left = json!({"memberships": [{"organization": ORG, "from": "2026-01-05", "until": "2026-10-01"}]});
    let with = |unit: Value| {
        let mut world = moved(left.clone(), &[], unit);
        world.entities.iter_mut().filter(|e| e["uid"] == ORG).for_each(|e| {
            e["attrs"].as_object_mut().unwrap().remove("serviceControlPolicies");
        });
        decision(&world, "2026-09-01")
    };
    assert_eq!(with(json!({})), "allow", "no unit declares any");
    assert_eq!(with(json!({"serviceControlPolicies": ["p-FullAWSAccess", denies("*")]})), "unknown");
    // what the organization itself denies is denied, wherever the account was
    let world = moved(left.clone(), &[], json!({"serviceControlPolicies": ["p-FullAWSAccess", denies("s3:*")]}));
    assert_eq!(decision(&world, "2026-09-01"), "deny");
}

/// What is attached to the account, and not to its organization, is attached where it is now.
#[test]
fn what_is_attached_to_the_account_is_not_attached_before_it_joined() {
    let attrs = json!({"memberships": [{"organization": ORG, "from": "2026-10-05"}],
        "serviceControlPolicies": ["p-FullAWSAccess", denies("*")]});
    let mut world = moved(attrs, &[ORG], json!({}));
    world.entities.iter_mut().filter(|e| e["uid"] == ORG).for_each(|e| {
        e["attrs"].as_object_mut().unwrap().remove("serviceControlPolicies");
    });
    assert_eq!(decision(&world, NOW), "deny");
    assert_eq!(decision(&world, "2026-10-01"), "allow");
}

/// A layer that allows everything denies nothing: whatever is above or below it, nothing is new where it goes, and where a layer that
/// denies is another level now.
#[test]
fn a_layer_that_allows_everything_is_no_loss() {
    let world = |parents: &[(&str, &str)], policies: &[(&str, Value)]| {
        let mut world = World::organization().user(A, "dev", json!([allows(&["s3:*"])]));
        for (unit, parent) in parents.iter().filter(|(node, _)| node.starts_with("ou-")) {
            world = world.entity(json!({"uid": {"type": "OrganizationalUnit", "id": unit}, "parents": [parent]}));
        }
        for entity in &mut world.entities {
            let id = entity["uid"].as_str().or(entity["uid"]["id"].as_str()).unwrap().to_owned();
            if let Some((_, parent)) = parents.iter().find(|(node, _)| *node == id) {
                entity["parents"] = json!([parent]);
            }
            if let Some((_, own)) = policies.iter().find(|(node, _)| *node == id) {
                entity["attrs"]["serviceControlPolicies"] = own.clone();
            }
        }
        world
    };
    const UPPER: &str = "ou-ab12-upper0001";
    const LOWER: &str = "ou-ab12-lower0001";
    let full = || json!(["p-FullAWSAccess"]);
    // what a search would not come to the end of
    let denies: Vec<Value> = (0..12)
        .map(|n| {
            json!({"Effect": "Deny", "Action": [format!("s3:A{n}*"), format!("s3:*{n}Z")],
                "Resource": [format!("arn:aws:s3:::a{n}*"), format!("arn:aws:s3:::*{n}z/*")],
                "Condition": {"StringNotLike": {"aws:PrincipalTag/team": [format!("a{n}*"), format!("*{n}")]}}})
        })
        .collect();
    let strict = || json!(["p-FullAWSAccess", policy(json!(denies))]);
    let below = [(UPPER, ORG), (LOWER, UPPER), (A, LOWER)];
    let above = [(UPPER, ORG), (LOWER, UPPER), (A, UPPER)];
    let clean = |base: &World, head: &World| {
        let found = compare(base, head);
        found.verdict.is_clean() && found.new_access.iter().all(|n| n.answer.decision == NewRequests::None)
    };
    let of = |at: &[(&str, &str)], lower: Option<Value>| {
        let mut policies = vec![(ORG, full()), (UPPER, strict()), (A, full())];
        policies.extend(lower.map(|own| (LOWER, own)));
        world(at, &policies)
    };
    assert!(clean(&of(&below, Some(full())), &of(&above, Some(full()))), "a level up");
    assert!(clean(&of(&below, Some(full())), &of(&below, None)), "not declared any more");
    assert!(clean(&of(&below, None), &of(&below, Some(full()))), "declared");
    // the layer that denies is a level further down
    let moved = [(LOWER, ORG), (UPPER, LOWER), (A, UPPER)];
    assert!(clean(&of(&below, Some(full())), &of(&moved, Some(full()))));
    // one that denies goes
    let out = [(UPPER, ORG), (LOWER, ORG), (A, LOWER)];
    assert!(!clean(&of(&below, Some(full())), &of(&out, Some(full()))));
    let some = || json!(["p-FullAWSAccess", policy(json!([{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]))]);
    assert!(compare(&of(&below, Some(some())), &of(&below, None)).verdict.access_widens);
}
