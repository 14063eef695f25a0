//! A trust policy about everyone with a condition that says who: it means whom its condition leaves, and nobody else is unknown.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::Cell;

use crate::common::*;
use countersign_core::assessment::Options;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const C: &str = "444444444444";
const ANYONE: &str = "anyone, of any account";

fn role() -> String {
    format!("arn:aws:iam::{A}:role/r")
}

fn statement(principal: &Value, conditions: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    if conditions.as_object().is_some_and(|c| !c.is_empty()) {
        statement["Condition"] = conditions.clone();
    }
    statement
}

fn trusting(world: &World, statements: Value) -> World {
    let attrs = json!({"policies": [FULL], "trustPolicy": policy(statements)});
    world.clone().entity(json!({"uid": format!("Role::\"{}\"", role()), "attrs": attrs}))
}

/// An organization of three accounts, all of whose principals are listed unless `attrs` of account A says otherwise.
fn world(organization: Value, attrs: Value) -> World {
    let asks = json!([allows(&["sts:AssumeRole"])]);
    let world = World::new().org(organization).account(M, json!({}), &[ORG]).account(A, attrs, &[ORG]);
    let world = world.account(B, json!({}), &[ORG]).user(A, "jane", asks.clone()).user(B, "bob", asks.clone());
    let attrs = json!({"policies": asks, "trustPolicy": policy(json!([statement(&json!({"AWS": user(A, "jane")}), &json!({}))]))});
    world.entity(json!({"uid": format!("Role::\"arn:aws:iam::{B}:role/hop\""), "attrs": attrs}))
}

fn others_with(world: &World, options: &Options) -> Vec<String> {
    let roles = countersign_core::people::follow((&world.load(), &RULES), options, &[role()].into()).unwrap();
    roles[&role()].others.iter().map(|other| other.who.clone()).collect()
}

fn others(world: &World, conditions: Value) -> Vec<String> {
    others_with(&trusting(world, json!([statement(&json!({"AWS": "*"}), &conditions)])), &options_now())
}

/// Who is meant, as a `Principal` names them, and as a condition does.
fn targets() -> Vec<(Value, Value)> {
    let arns = [
        user(A, "jane"),
        user(A, "gone"),
        user(C, "x"),
        format!("arn:aws:iam::{B}:role/hop"),
        format!("arn:aws:iam::{B}:role/dept/gone"),
    ];
    let mut targets = Vec::new();
    for arn in &arns {
        for operator in ["StringEquals", "StringLike", "ArnEquals", "ArnLike"] {
            targets.push((json!({"AWS": arn}), json!({operator: {"aws:PrincipalArn": arn}})));
        }
    }
    let two = json!([arns[0], arns[2]]);
    targets.push((json!({"AWS": two}), json!({"ArnLike": {"aws:principalarn": two}})));
    for account in [A, B, C] {
        for operator in ["StringEquals", "StringLike"] {
            targets.push((json!({"AWS": account}), json!({operator: {"aws:PrincipalAccount": account}})));
        }
        let any = format!("arn:aws:iam::{account}:*");
        targets.push((json!({"AWS": account}), json!({"ArnLike": {"aws:PrincipalArn": any}})));
    }
    let own = json!([M, A, B]);
    targets.push((json!({"AWS": own}), json!({"StringEquals": {"aws:PrincipalOrgID": ORG}})));
    for operator in ["ForAnyValue:StringLike", "ForAnyValue:StringEquals"] {
        let path = if operator.ends_with("Like") { format!("{ORG}/*") } else { format!("{ORG}/r-ab12/") };
        targets.push((json!({"AWS": own}), json!({operator: {"aws:PrincipalOrgPaths": path}})));
    }
    targets
}

/// The form with a condition leaves nobody unknown where the form that names leaves nobody, whatever stands beside.
#[test]
fn a_condition_that_says_who_leaves_unknown_whom_a_name_leaves() {
    let beside = prop::sample::select(vec![
        json!({}),
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"StringNotEqualsIfExists": {"aws:PrincipalTag/team": "x"}}),
        json!({"StringNotEquals": {"aws:PrincipalAccount": C}}),
        json!({"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": ["x"]}}),
    ]);
    let stars = prop::sample::select(vec![json!("*"), json!({"AWS": "*"}), json!({"AWS": ["*"]})]);
    let listed = prop::sample::select(vec![
        json!({}),
        json!({"principalsKnown": false}),
        json!({"assignmentsKnown": false}),
        json!({"state": "CLOSED"}),
    ]);
    let drawn = (prop::sample::select(targets()), beside, stars, listed);
    let (known, all) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new_with_rng(Config { cases: 150, ..Config::default() }, drawn_from(57));
    runner
        .run(&drawn, |((named, condition), beside, star, attrs)| {
            let world = world(json!({}), attrs);
            let mut conditioned = beside.clone();
            for (operator, keys) in condition.as_object().unwrap() {
                // both may be read by one operator
                for (key, value) in keys.as_object().unwrap() {
                    conditioned[operator][key] = value.clone();
                }
            }
            let by_name = trusting(&world, json!([statement(&named, &beside)]));
            let by_condition = trusting(&world, json!([statement(&star, &conditioned)]));
            let by_name = others_with(&by_name, &options_now());
            assert_eq!(others_with(&by_condition, &options_now()), by_name, "{star} {conditioned}");
            known.set(known.get() + usize::from(by_name.is_empty()));
            all.set(all.get() + 1);
            Ok(())
        })
        .unwrap();
    assert!(known.get() * 4 > all.get() && known.get() * 5 < all.get() * 4, "{} of {}", known.get(), all.get());
}

/// Whatever may leave somebody else is about anyone.
#[test]
fn what_may_leave_anybody_is_about_anyone() {
    let world = world(json!({}), json!({}));
    let jane = user(A, "jane");
    for conditions in [
        json!({}),
        json!({"StringEqualsIfExists": {"aws:PrincipalArn": jane}}),
        json!({"ArnLikeIfExists": {"aws:PrincipalArn": jane}}),
        json!({"StringEqualsIfExists": {"aws:PrincipalAccount": A}}),
        json!({"StringNotEquals": {"aws:PrincipalAccount": C}}),
        json!({"ArnNotLike": {"aws:PrincipalArn": user(C, "x")}}),
        json!({"ArnNotEquals": {"aws:PrincipalArn": user(C, "x")}}),
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-another0id"}}),
        json!({"ForAllValues:StringEquals": {"aws:PrincipalArn": jane}}),
        json!({"ForAnyValue:StringEquals": {"aws:PrincipalAccount": A}}),
        json!({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": format!("{ORG}/*")}}),
        json!({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-another0id/*"}}),
        json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-ab12/*"}}),
        json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": ORG}}),
        json!({"Null": {"aws:PrincipalArn": "false"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/jane"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::22222222222?:user/jane"}}),
        json!({"StringLike": {"aws:PrincipalArn": "*:user/jane"}}),
        json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::2222*"}}),
        json!({"ArnLike": {"aws:PrincipalArn": [jane, "arn:aws:iam::*:role/x"]}}),
        json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{A}:user/${{aws:username}}")}}),
        json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:user/jane"}}),
        json!({"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}),
        json!({"StringLike": {"aws:PrincipalAccount": "2222*"}}),
        json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
        json!({"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}),
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"StringEquals": {"aws:username": "jane"}}),
        json!({"StringEquals": {"sts:ExternalId": A}}),
    ] {
        assert_eq!(others(&world, conditions.clone()), [ANYONE], "{conditions}");
    }
    // one of two statements is about anyone
    let confined = statement(&json!("*"), &json!({"ArnEquals": {"aws:PrincipalArn": jane}}));
    let open = statement(&json!("*"), &json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
    assert_eq!(others_with(&trusting(&world, json!([confined.clone(), open])), &options_now()), [ANYONE]);
    let service = statement(&json!({"Service": "ec2.amazonaws.com"}), &json!({}));
    let told = others_with(&trusting(&world, json!([confined, service])), &options_now());
    assert_eq!(told, ["the service ec2.amazonaws.com"]);
}

/// Of an organization, all are known where its accounts are, and their principals; and now only.
#[test]
fn an_organization_leaves_those_of_its_accounts() {
    let of = |id: &str| json!({"StringEquals": {"aws:PrincipalOrgID": id}});
    assert!(others(&world(json!({}), json!({})), of(ORG)).is_empty());
    let anyone_of = |id: &str| format!("anyone of the organization {id}, whose accounts are not all known");
    assert_eq!(others(&world(json!({"accountsKnown": false}), json!({})), of(ORG)), [anyone_of(ORG)]);
    assert_eq!(others(&world(json!({}), json!({})), of("o-another0id")), [anyone_of("o-another0id")]);
    let paths = json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-another0id/r-ab12/ou-ab12-x/*"]}});
    assert_eq!(others(&world(json!({}), json!({})), paths), [anyone_of("o-another0id")]);
    // one account or ARN outside is told as what it is
    let account = json!({"StringEquals": {"aws:PrincipalAccount": C}});
    assert_eq!(others(&world(json!({}), json!({})), account), [format!("account {C}, which is not in the inventory")]);
    let arn = json!({"ArnEquals": {"aws:PrincipalArn": user(C, "x")}});
    let told = [format!("{}, which is not in the inventory", user(C, "x"))];
    assert_eq!(others(&world(json!({}), json!({})), arn), told);
    let told = others(&world(json!({}), json!({"principalsKnown": false})), of(ORG));
    assert!(matches!(told.as_slice(), [only] if only.contains(A) && only != ANYONE), "{told:?}");
    // of two conditions that hold together, one is enough
    let mut both = of("o-another0id");
    both["ArnEquals"] = json!({"aws:PrincipalArn": user(A, "jane")});
    assert!(others(&world(json!({}), json!({})), both).is_empty());
    // who was in the organization before the snapshot is not known
    let conditioned = statement(&json!({"AWS": "*"}), &of(ORG));
    let before = Options { at: at("2026-01-01"), ..options_now() };
    let told = others_with(&trusting(&world(json!({}), json!({})), json!([conditioned])), &before);
    assert_eq!(told, [anyone_of(ORG)]);
}
