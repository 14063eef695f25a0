//! What an inventory does not say: never taken for true, never for false, and named in the answer.

use crate::common::*;
use serde_json::{Value, json};

/// An organization of which only these facts are known.
fn partly(attrs: Value) -> World {
    let mut known = json!({"managementAccount": M});
    for (key, value) in attrs.as_object().unwrap() {
        known[key] = value.clone();
    }
    World::new()
        .entity(json!({"uid": ORG, "attrs": known}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG])
        .user(M, "admin", json!([ADMIN]))
        .user(M, "reader", json!([allows(&["organizations:DescribeOrganization"])]))
}

fn keys(answer: &Value) -> Vec<&str> {
    answer["dependsOn"].as_array().unwrap().iter().map(|d| d["key"].as_str().unwrap()).collect()
}

#[test]
fn facts_of_an_organization_are_tried_both_ways() {
    let answers = partly(json!({})).now();
    let (admin, reader) = (user(M, "admin"), user(M, "reader"));
    let accept = answers.answer(&admin, "accept-agreement", "organization");
    assert_eq!(accept["decision"], "unknown", "of consolidated billing no one can accept");
    assert_eq!(keys(accept), [format!("featureSet of {ORG}")]);
    assert_eq!(accept["dependsOn"][0]["allows"], json!(["ALL"]));
    let answers = partly(json!({"featureSet": "ALL"})).now();
    assert_eq!(answers.decision(&admin, "accept-agreement", "organization"), "allow", "an administrator may set up");
    let setup = answers.answer(&reader, "set-up-organization-agreements", "organization");
    assert_eq!(setup["decision"], "unknown");
    assert_eq!(keys(setup), [format!("serviceRole of {ORG}"), format!("trustedAccess of {ORG}")]);
    // what fails in any case is a denial: the reader may not accept
    assert_eq!(answers.decision(&reader, "accept-agreement", "organization"), "deny");
    let view = answers.answer(&root(A), "view-organization-agreements", "organization");
    assert_eq!((&view["decision"], keys(view)), (&json!("unknown"), vec![&*format!("trustedAccess of {ORG}")]));
    assert_eq!(
        answers.decision(&root(A), "accept-agreement", "account"),
        "allow",
        "the account's own do not depend on it"
    );
    let codes = partly(json!({})).accepted("Org", "baa", "organization", ORG, "2024-01-01", None).now();
    assert!(!codes.codes().contains(&"CS012") && !codes.codes().contains(&"CS013"), "no finding on what is not known");
}

#[test]
fn a_report_of_which_it_is_not_known_whether_it_needs_approval() {
    let report = "report-aaaaaaaaaaaaaaaa";
    let world = |attrs: Value| {
        let known = json!({"series": "SOC", "category": "C", "acceptanceType": "PASSTHROUGH"});
        World::new().entity(json!({"uid": report, "attrs": known})).account(A, attrs, &[])
    };
    let answer = world(json!({})).now().answer(&root(A), "download-report", report).clone();
    assert_eq!(
        (&answer["decision"], keys(&answer)),
        (&json!("unknown"), vec![&*format!("requiresApproval of {report}")])
    );
    let approved = world(json!({"approvedReports": [report]})).now();
    assert_eq!(approved.decision(&root(A), "download-report", report), "allow");
}

#[test]
fn before_what_is_known_of_its_memberships_an_account_is_unknown() {
    let membership = json!([{"organization": ORG, "from": "2024-01-01", "fromWitness": "a CloudTrail event"}]);
    let world = partly(json!({"featureSet": "ALL", "trustedAccess": true, "serviceRole": true}))
        .account(B, json!({"memberships": membership, "membershipsKnownSince": "2024-01-01"}), &[ORG])
        .accepted("Org", "baa", "organization", ORG, "2020-01-01", None);
    let (before, after) = (world.assess(&on("2023-06-01")), world.assess(&on("2024-06-01")));
    assert_eq!(before.baa(B), "unknown");
    assert_eq!(before.account(B)["role"], "unknown");
    assert!(before.coverage_of(B, "baa")["reason"].as_str().unwrap().contains("it is unknown which organization"));
    assert_eq!(before.decision(&root(B), "view-organization-agreements", "organization"), "unknown");
    assert_eq!(after.baa(B), "covered organization");
    assert_eq!(texts(&after.coverage_of(B, "baa")["evidence"]), [format!("joined {ORG}: a CloudTrail event")]);
    // its own agreement covers it whatever it belonged to
    let own = world.accepted("Own", "baa", "account", B, "2022-01-01", None).assess(&on("2023-06-01"));
    assert_eq!(own.coverage_of(B, "baa")["coverage"], "covered");
    assert_eq!(own.coverage_of(B, "baa")["governing"], Value::Null);
}

#[test]
fn policies_of_which_not_all_attachments_are_known() {
    let facts = |more: Value| {
        let mut attrs = json!({"featureSet": "ALL", "trustedAccess": true, "serviceRole": true});
        for (key, value) in more.as_object().unwrap() {
            attrs[key] = value.clone();
        }
        partly(attrs).user(A, "admin", json!([ADMIN]))
    };
    let deny = |action: &str| policy(json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]));
    let decision = |more: Value| {
        let answers = facts(more).now();
        let answer = answers.answer(&user(A, "admin"), "accept-agreement", "account").clone();
        (answer["decision"].as_str().unwrap().to_owned(), answer)
    };
    // at least: what denies denies, and FullAWSAccess is assumed beside it
    let (allowed, answer) = decision(json!({"serviceControlPoliciesAtLeast": [deny("s3:*")]}));
    assert_eq!(allowed, "allow");
    assert!(
        texts(&answer["assuming"]).iter().any(|a| a.contains("not all of its service control policies are known")),
        "{answer}"
    );
    assert_eq!(decision(json!({"serviceControlPolicies": [deny("s3:*")]})).0, "deny", "complete: nothing allows");
    assert_eq!(decision(json!({"serviceControlPoliciesAtLeast": [deny("artifact:*")]})).0, "deny");
    // unplaced: it may deny, unless it says nothing of the action
    assert_eq!(decision(json!({"serviceControlPoliciesUnplaced": [deny("s3:*")]})).0, "allow");
    let (unknown, answer) = decision(json!({"serviceControlPoliciesUnplaced": [deny("artifact:Accept*")]}));
    assert_eq!(unknown, "unknown");
    assert!(keys(&answer).iter().all(|k| k.starts_with("the targets of ")), "{answer}");
    // it cannot bind the management account
    let free = facts(json!({"serviceControlPoliciesUnplaced": [deny("*")]})).now();
    assert_eq!(free.decision(&user(M, "admin"), "accept-agreement", "account"), "allow");
    let both = partly(json!({"serviceControlPolicies": [], "serviceControlPoliciesAtLeast": []})).problems();
    assert!(both.iter().any(|p| p.message().contains("both `serviceControlPolicies`")), "{both:?}");
}
