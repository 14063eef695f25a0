//! A resource control policy that is taken off or denies less is a control that is weaker, of whatever service: principals of the account
//! may ask for what it denied, and of everyone else it is not known whether policies of resources let them in.

#![allow(clippy::unwrap_used)]

use crate::common::*;
use crate::people_controls::controlled;
use countersign_core::access::NewRequests;
use countersign_core::diff::stacks::NewAccess;
use countersign_core::diff::{ChangeEntry, Diff};
use serde_json::{Value, json};

fn denies(action: &str, condition: Value) -> Value {
    let mut statement = json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"});
    if condition != Value::Null {
        statement["Condition"] = condition;
    }
    policy(json!([statement]))
}

fn all(action: &str) -> Value {
    denies(action, Value::Null)
}

/// dev of A may read objects, and so may ops of B.
fn world() -> World {
    let read = || json!([allows(&["s3:GetObject"])]);
    World::organization().account(B, json!({}), &[ORG]).user(A, "dev", read()).user(B, "ops", read())
}

fn at(node: &str, policies: Value) -> World {
    controlled(world(), node, policies)
}

/// By names: who may newly do something, and of which accounts it is not known whether anyone may.
fn told(found: &Diff) -> (Vec<String>, Vec<String>) {
    let of = found.new_access.iter().filter(|n| n.is_of_resources());
    let (anyone, known): (Vec<_>, Vec<_>) = of.partition(|n| n.is_of_anyone());
    assert!(anyone.iter().all(|n| n.answer.decision == NewRequests::Unknown));
    assert!(known.iter().all(|n| n.answer.decision == NewRequests::New));
    let mut accounts: Vec<String> = anyone.iter().flat_map(|n| &n.principals).map(|p| p.account.clone()).collect();
    let mut names: Vec<String> = known.iter().flat_map(|n| &n.principals).map(|p| p.name.clone()).collect();
    accounts.sort();
    names.sort();
    (names, accounts)
}

fn is_clean(base: &World, head: &World) -> bool {
    let found = compare(base, head);
    assert!(told(&found).0.is_empty() && told(&found).1.is_empty() == found.verdict.is_clean(), "{:?}", told(&found));
    found.verdict.is_clean()
}

#[test]
fn one_that_is_taken_off_or_denies_less_is_no_change_without_effect() {
    let both = (vec!["dev".to_owned(), "ops".to_owned()], vec![A.to_owned(), B.to_owned()]);
    let one = (vec!["dev".to_owned()], vec![A.to_owned()]);
    for (node, expected) in [(ORG, &both), (A, &one)] {
        let strict = at(node, json!([all("s3:*")]));
        for weaker in [json!([]), json!([all("s3:DeleteBucket")])] {
            let found = compare(&strict, &at(node, weaker));
            let mut got = told(&found);
            got.0.retain(|name| name != "root" && !name.starts_with("root"));
            assert_eq!(&got, expected, "{node}");
            assert!(found.verdict.access_widens && !found.verdict.access_may_widen);
            assert!(found.changes.iter().any(|c| c.matters && c.piece.layers.contains(&"resourceControl")));
        }
        assert!(is_clean(&strict, &strict));
        assert!(is_clean(&at(node, json!([])), &strict), "stricter");
        assert!(is_clean(&at(node, json!([all("s3:DeleteBucket")])), &strict), "stricter");
    }
}

/// The document is changed where it stands.
#[test]
fn a_document_that_changes_in_place_is_one() {
    let world = |document: Value| at(ORG, json!(["rcps/r.json"])).file("rcps/r.json", document.to_string());
    let found = compare(&world(all("s3:*")), &world(all("s3:DeleteBucket")));
    assert!(found.verdict.access_widens);
    assert!(told(&found).0.contains(&"dev".to_owned()));
    assert!(found.changes.iter().all(|c| c.matters), "no change is idle");
    assert!(is_clean(&world(all("s3:DeleteBucket")), &world(all("s3:*"))));
}

#[test]
fn what_it_did_not_limit_is_no_loss() {
    let open = at(ORG, json!([]));
    // no such policy binds a service that it does not reach
    assert!(is_clean(&at(ORG, json!([all("artifact:*")])), &open));
    // nor resources of another organization
    let elsewhere = denies("s3:*", json!({"StringEquals": {"aws:ResourceOrgID": "o-another0001"}}));
    assert!(is_clean(&at(ORG, json!([elsewhere])), &open));
    // nor those of the management account
    assert!(is_clean(&at(M, json!([all("s3:*")])), &at(M, json!([]))));
    // who assumes a role is told of the roles there are
    assert!(is_clean(&at(ORG, json!([all("sts:AssumeRole")])), &open));
    // the same two levels up
    assert!(is_clean(&at(A, json!([all("s3:*")])), &controlled(at(A, json!([])), ORG, json!([all("s3:*")]))));
}

/// A perimeter keeps out those of other organizations alone: nobody of the inventory gains by it, and it is not known who else does.
#[test]
fn a_perimeter_that_goes_is_about_others() {
    let perimeter = denies("s3:*", json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}}));
    let found = compare(&at(ORG, json!([perimeter])), &at(ORG, json!([])));
    assert_eq!(told(&found), (vec![], vec![A.to_owned(), B.to_owned()]));
    assert!(found.verdict.access_widens, "an unknown answer passes no gate");
    assert!(found.verdict.access_may_widen, "and it is said to be unknown");
    let entry = found.new_access.iter().find(|n| n.is_of_anyone()).unwrap();
    let reason = entry.answer.reason.clone().unwrap();
    assert!(reason.starts_with("s3:") && reason.contains("is denied no longer"), "{reason}");
}

/// Without all features there are none, and where these are not declared, that is not known.
#[test]
fn they_exist_with_all_features_alone() {
    let with = |set: Option<&str>| {
        let mut world = at(ORG, json!([all("s3:*")]));
        let own = world.entities.iter_mut().find(|e| e["uid"] == ORG).unwrap();
        match set {
            Some(set) => own["attrs"]["featureSet"] = json!(set),
            None => drop(own["attrs"].as_object_mut().unwrap().remove("featureSet")),
        }
        world
    };
    for (set, names) in [(Some("CONSOLIDATED_BILLING"), true), (None, false)] {
        let found = compare(&with(Some("ALL")), &with(set));
        assert_eq!((told(&found).1, told(&found).0.is_empty()), (vec![A.to_owned(), B.to_owned()], !names), "{set:?}");
        assert!(found.verdict.access_widens);
    }
    assert!(told(&compare(&with(None), &with(Some("ALL")))).1.is_empty());
}

#[test]
fn of_what_is_not_known_nothing_is_none() {
    let opaque = |world: World| world.entity(json!({"uid": {"type": "IamPolicy", "id": "p-opaque0001"}}));
    let (had, none) = (opaque(at(ORG, json!(["p-opaque0001"]))), opaque(at(ORG, json!([]))));
    let found = compare(&had, &none);
    assert_eq!(told(&found).1, [A, B]);
    assert!(found.verdict.access_widens);
    assert!(compare(&none, &had).verdict.is_clean());
    // where users and roles are not all listed, so do roles that are not
    let hidden = |policies: Value| {
        let mut world = at(ORG, policies);
        let of_a = |e: &&mut Value| e["uid"] == A;
        world.entities.iter_mut().filter(of_a).for_each(|e| e["attrs"]["principalsKnown"] = json!(false));
        world
    };
    let found = compare(&hidden(json!([all("sts:AssumeRole")])), &hidden(json!([])));
    assert_eq!(told(&found).1, [A]);
}

/// Accounts that the base did not list are there still, wherever in the organization, whatever the change calls known: what control
/// policies above them do not deny any more may be new to somebody. Where they deny as much, nothing is.
#[test]
fn accounts_that_were_not_listed_stay_below_their_policies() {
    const UNIT: &str = "ou-ab12-empty001";
    let world = |known: Option<bool>, unit: bool, (node, attr, policies): (&str, &str, Value)| {
        let mut world = World::organization();
        if unit {
            world = world.entity(json!({"uid": {"type": "OrganizationalUnit", "id": UNIT}, "parents": [ORG]}));
        }
        for entity in &mut world.entities {
            if entity["uid"] == ORG && known.is_some() {
                entity["attrs"]["accountsKnown"] = json!(known);
            }
            if (entity["uid"] == node || entity["uid"]["id"] == node) && policies != json!([]) {
                entity["attrs"][attr] = policies.clone();
            }
        }
        // only the organization and who manages it are listed
        world.entities.retain(|e| e["uid"] != A);
        world
    };
    let scp = |action: &str| {
        let statements = json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]);
        json!(["p-FullAWSAccess", policy(statements)])
    };
    let rcp = |action: &str| json!([all(action)]);
    let one_account = json!([denies("s3:*", json!({"StringEquals": {"aws:ResourceAccount": "999988887777"}}))]);
    let cases = [
        ("resourceControlPolicies", rcp("s3:*"), rcp("s3:DeleteBucket")),
        ("resourceControlPolicies", one_account, json!([])),
        ("serviceControlPolicies", scp("ec2:*"), scp("ec2:RunInstances")),
    ];
    for (attr, strict, loose) in cases {
        for node in [ORG, UNIT] {
            let base = world(Some(false), true, (node, attr, strict.clone()));
            for known in [Some(false), None] {
                let told = |unit: bool, policies: Value| {
                    let found = compare(&base, &world(known, unit, (node, attr, policies)));
                    let unlisted: Vec<_> = found.new_access.into_iter().filter(NewAccess::is_of_unlisted).collect();
                    assert!(unlisted.iter().all(|n| n.answer.decision == NewRequests::Unknown && n.widens()));
                    assert!(
                        unlisted.iter().flat_map(|n| &n.principals).all(|p| p.account == ORG && p.principal == "*")
                    );
                    if !unlisted.is_empty() {
                        assert!(!found.verdict.is_clean());
                        let of_policies = |c: &&ChangeEntry| c.piece.what.contains(attr) || c.piece.what.contains(UNIT);
                        assert!(found.changes.iter().filter(of_policies).all(|c| c.matters), "{:?}", found.changes);
                    }
                    unlisted.len()
                };
                let case = format!("{attr} {node} {known:?}");
                assert_eq!(told(true, loose.clone()), 1, "{case}: less is denied");
                assert_eq!(told(true, json!([])), 1, "{case}: nothing is denied");
                assert_eq!(told(true, strict.clone()), 0, "{case}: as much is denied");
                // who was in a unit that is gone is somewhere else
                assert_eq!(
                    told(false, if node == ORG { strict.clone() } else { json!([]) }),
                    usize::from(node != ORG),
                    "{case}"
                );
            }
            // stricter, and of accounts that were all listed
            let found = compare(
                &world(Some(false), true, (node, attr, loose.clone())),
                &world(None, true, (node, attr, strict.clone())),
            );
            assert!(!found.new_access.iter().any(NewAccess::is_of_unlisted));
            let found = compare(
                &world(None, true, (node, attr, strict.clone())),
                &world(None, true, (node, attr, loose.clone())),
            );
            assert!(!found.new_access.iter().any(NewAccess::is_of_unlisted));
        }
    }
}

/// An example is an action of a service that such policies bind, as AWS writes it, on a resource of the account that is told of.
#[test]
fn examples_are_of_the_account_and_in_awss_letters() {
    let own = |account: &str, reason: &str| {
        let such = reason.split(" is denied no longer").next().unwrap();
        let (action, resource) = such.split_once(" on ").unwrap();
        assert!(action.split(':').nth(1).unwrap().starts_with(char::is_uppercase), "{reason}");
        let of = resource.split(':').nth(4).unwrap_or_default();
        assert!(of.is_empty() || of == account, "{reason}");
    };
    for action in ["sqs:*", "s3:*", "s3:GetObject", "kms:*"] {
        let found = compare(&at(B, json!([all(action)])), &at(B, json!([])));
        let entry = found.new_access.iter().find(|n| n.is_of_anyone()).unwrap();
        own(B, entry.answer.reason.as_ref().unwrap());
        for entry in found.new_access.iter().filter(|n| n.is_of_resources() && !n.is_of_anyone()) {
            for witness in &entry.answer.witnesses {
                own(B, &format!("{} on {}", witness.action, witness.resource));
            }
        }
    }
}

/// A policy of which it was not known where it is attached denies, where it stands now, what it denied anywhere.
#[test]
fn one_that_is_placed_is_none_that_goes() {
    let unplaced = |attr: &str, policies: Value| {
        let mut world = world();
        let own = world.entities.iter_mut().find(|e| e["uid"] == ORG).unwrap();
        own["attrs"][attr] = policies;
        world
    };
    let base = unplaced("resourceControlPoliciesUnplaced", json!([all("s3:*")]));
    assert!(is_clean(&base, &at(ORG, json!([all("s3:*")]))));
    // of the other account it is not known whether it was attached there
    let found = compare(&base, &at(A, json!([all("s3:*")])));
    let told: Vec<&String> = found.first_seen.iter().flat_map(|n| &n.principals).map(|p| &p.account).collect();
    assert!(told.contains(&&B.to_owned()) && !told.contains(&&A.to_owned()), "{told:?}");
    // the same of service control policies
    let deny = |action: &str| policy(json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]));
    let base = unplaced("serviceControlPoliciesUnplaced", json!([deny("s3:*")]));
    let placed = |action: &str| unplaced("serviceControlPolicies", json!(["p-FullAWSAccess", deny(action)]));
    assert!(compare(&base, &placed("s3:*")).verdict.is_clean());
    assert!(!compare(&base, &placed("s3:DeleteBucket")).verdict.is_clean());
    assert!(!compare(&base, &world()).verdict.is_clean());
}

/// AWS stores no such policy of which an action names no service.
#[test]
fn an_action_names_its_service() {
    for action in ["*", "*:*", "s*:GetObject"] {
        let problems = at(ORG, json!([all(action)])).problems();
        assert!(problems.iter().any(|p| p.to_string().contains("names no service")), "{action} {problems:?}");
    }
}
