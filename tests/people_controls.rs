//! Who may become a role, where resource control policies bind it, and how a statement's `Principal` reaches who asks: as `simulate` decides it.

#![allow(clippy::unwrap_used)]

use crate::common::*;
use countersign_core::assessment::assess;
use countersign_core::people::{Behind, behind};
use serde_json::{Value, json};

pub const ROLE: &str = "arn:aws:iam::222222222222:role/legal-admin";

pub fn trusts(principal: Value) -> Value {
    policy(json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]))
}

/// A role of A that may accept and trusts B, one of whose users may assume it.
pub fn world(trust: Value) -> World {
    let assume = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}]));
    World::organization()
        .account(B, json!({}), &[ORG])
        .user(B, "dev", json!([assume]))
        .entity(json!({"uid": ROLE, "attrs": {"policies": [FULL], "trustPolicy": trust}}))
}

/// The world with resource control policies on one of its nodes.
pub fn controlled(mut world: World, node: &str, policies: Value) -> World {
    let of_node = |e: &&mut Value| e["uid"] == node;
    world.entities.iter_mut().filter(of_node).for_each(|e| e["attrs"]["resourceControlPolicies"] = policies.clone());
    world
}

pub fn denies(condition: Value) -> Value {
    policy(
        json!([{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*", "Condition": condition}]),
    )
}

pub fn stands_behind(world: &World) -> Behind {
    let (inventory, options) = (world.load(), options_now());
    let assessment = assess(&inventory, &RULES, &options).unwrap();
    behind((&inventory, &RULES), &options, &assessment.principals).unwrap().remove(ROLE).unwrap_or_default()
}

/// How certain it is that somebody may become the role; `None` where nobody may.
fn assumed(world: &World) -> Option<bool> {
    stands_behind(world).assumers.first().map(|a| a.certain)
}

#[test]
fn resource_control_policies_bind_who_becomes_a_role() {
    let trust = || trusts(json!({"AWS": root(B)}));
    let of = |account: &str| json!({"StringEquals": {"aws:PrincipalAccount": account}});
    assert_eq!(assumed(&world(trust())), Some(true));
    for node in [ORG, A] {
        let at = |policies: Value| assumed(&controlled(world(trust()), node, policies));
        assert_eq!(at(json!([denies(of(B))])), None, "{node}");
        assert_eq!(at(json!([denies(of(M))])), Some(true), "{node}");
        // RCPFullAWSAccess is always attached, whether it is declared or not
        assert_eq!(at(json!([])), Some(true), "{node}");
        assert_eq!(at(json!(["p-RCPFullAWSAccess"])), Some(true), "{node}");
        let arn = "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess";
        assert_eq!(at(json!([arn, denies(of(B))])), None, "{node}");
        // what is not known of the request is perhaps
        let mfa = denies(json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}));
        assert_eq!(at(json!([mfa])), Some(false), "{node}");
        // both are in one organization, and the role is in its account
        assert_eq!(at(json!([denies(json!({"StringNotEquals": {"aws:PrincipalOrgID": ORG}}))])), Some(true), "{node}");
        assert_eq!(at(json!([denies(json!({"StringNotEquals": {"aws:ResourceOrgID": ORG}}))])), Some(true), "{node}");
        assert_eq!(at(json!([denies(json!({"StringEquals": {"aws:ResourceAccount": A}}))])), None, "{node}");
    }
    // those of the caller's account bind its own resources only
    assert_eq!(assumed(&controlled(world(trust()), B, json!([denies(of(B))]))), Some(true));
    // nor do any bind the roles of the management account
    let role = ROLE.replace(A, M);
    let mut managed = controlled(world(trust()), ORG, json!([denies(of(B))]));
    managed.entities.iter_mut().filter(|e| e["uid"] == ROLE).for_each(|e| e["uid"] = json!(role));
    let managed =
        managed.user(B, "ops", json!([policy(json!([{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]))]));
    let (inventory, options) = (managed.load(), options_now());
    let assessment = assess(&inventory, &RULES, &options).unwrap();
    let roles = behind((&inventory, &RULES), &options, &assessment.principals).unwrap();
    assert_eq!(roles.get(&role).map(|b| b.assumers.len()), Some(1));
}

/// A perimeter of the account keeps those out whom the inventory does not know, as far as it is known where they come from.
#[test]
fn a_perimeter_keeps_others_out() {
    let perimeter = |account: &str| denies(json!({"StringNotEquals": {"aws:PrincipalAccount": account}}));
    for (account, others) in [(A, 0), ("999999999999", 1)] {
        let world = controlled(world(trusts(json!({"AWS": "999999999999"}))), ORG, json!([perimeter(account)]));
        assert_eq!(stands_behind(&world).others.len(), others, "{account}");
    }
    // one that rests on what is not known of them does not
    let org = denies(json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}}));
    assert_eq!(
        stands_behind(&controlled(world(trusts(json!({"AWS": "999999999999"}))), ORG, json!([org]))).others.len(),
        1
    );
    let saml = json!([{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::222222222222:saml-provider/Okta"}, "Action": "sts:AssumeRoleWithSAML"}]);
    let deny = |action: &str| policy(json!([{"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}]));
    for (action, others) in [("sts:AssumeRoleWithSAML", 0), ("sts:AssumeRole", 1)] {
        let world = controlled(world(policy(saml.clone())), A, json!([deny(action)]));
        assert_eq!(stands_behind(&world).others.len(), others, "{action}");
    }
}

/// A resource control policy that is detached lets somebody become the role, which `diff` tells.
#[test]
fn a_control_that_goes_is_told() {
    let trust = || trusts(json!({"AWS": root(B)}));
    let deny = denies(json!({"StringEquals": {"aws:PrincipalAccount": B}}));
    for node in [ORG, A] {
        let (old, new) = (controlled(world(trust()), node, json!([deny.clone()])), world(trust()));
        let found = compare(&old, &new);
        let gained: Vec<String> =
            found.access.iter().filter(|e| e.widens()).flat_map(|e| &e.people).map(|p| p.person.clone()).collect();
        assert!(gained.contains(&"user dev".to_owned()), "{node}: {gained:?}");
        assert!(found.verdict.access_widens, "{node}");
        assert!(!compare(&new, &old).verdict.access_widens, "{node}");
    }
}

/// What Organizations does not store is an error, and one document cannot be a policy of both kinds.
#[test]
fn what_organizations_refuses_is_an_error() {
    let wrong = |policies: Value| -> Vec<String> {
        let world = controlled(world(trusts(json!({"AWS": root(B)}))), A, policies);
        world.problems().iter().filter(|p| p.is_error()).map(|p| p.message().to_owned()).collect()
    };
    let statement = |effect: &str, principal: Value, actions: &str| {
        json!([policy(json!([{"Effect": effect, "Principal": principal, actions: "sts:AssumeRole", "Resource": "*"}]))])
    };
    assert_eq!(wrong(statement("Deny", json!("*"), "Action")), Vec::<String>::new());
    assert_eq!(wrong(statement("Allow", json!("*"), "Action")).len(), 1);
    assert_eq!(wrong(statement("Deny", json!({"AWS": user(B, "dev")}), "Action")).len(), 1);
    assert_eq!(wrong(statement("Deny", json!("*"), "NotAction")).len(), 1);
    assert!(!wrong(json!([allows(&["sts:*"])])).is_empty(), "a policy without a principal");
}

/// One reading of `Principal`: `*` grants past a boundary, the name of the role does not (IAM User Guide, evaluation logic).
#[test]
fn a_wildcard_grants_past_a_boundary() {
    let step = "arn:aws:iam::222222222222:role/step";
    let session = "arn:aws:sts::222222222222:assumed-role/step/jo";
    let deny = |principal: Value| {
        policy(json!([
            {"Effect": "Allow", "Principal": {"AWS": step}, "Action": "sts:AssumeRole"},
            {"Effect": "Deny", "Principal": principal, "Action": "sts:AssumeRole"},
        ]))
    };
    let anyone = |arn: &str| {
        policy(
            json!([{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"ArnEquals": {"aws:PrincipalArn": arn}}}]),
        )
    };
    let bounded = |trust: Value, boundary: bool| {
        let mut attrs = json!({"trustPolicy": trusts(json!({"AWS": user(A, "jo")}))});
        if boundary {
            attrs["permissionsBoundary"] = json!("nothing.json");
        }
        let world = World::organization()
            .file("nothing.json", allows(&["s3:GetObject"]).to_string())
            .user(A, "jo", json!([]))
            .entity(json!({"uid": step, "attrs": attrs}))
            .entity(json!({"uid": ROLE, "attrs": {"policies": [FULL], "trustPolicy": trust}}));
        let found = stands_behind(&if boundary { world } else { World { files: Default::default(), ..world } });
        found.assumers.iter().any(|a| a.roles.len() == 2)
    };
    for (trust, boundary, becomes) in [
        (trusts(json!({"AWS": step})), false, true),
        (trusts(json!({"AWS": step})), true, false),
        (trusts(json!({"AWS": session})), true, true),
        (anyone(step), true, true),
        // the name of a session is chosen by whoever begins it
        (deny(json!({"AWS": session})), false, true),
        (deny(json!({"AWS": step})), false, false),
        (deny(json!({"AWS": root(A)})), false, false),
        (deny(json!("*")), false, false),
    ] {
        assert_eq!(bounded(trust.clone(), boundary), becomes, "{trust} {boundary}");
    }
}

/// A managed policy of AWS is as long as AWS makes it.
#[test]
fn a_long_managed_policy_is_read() {
    let world = World::organization().user(A, "reader", json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"]));
    assert_eq!(world.problems().iter().filter(|p| p.is_error()).count(), 0);
}
