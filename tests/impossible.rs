//! What is impossible is named before what is forbidden: the state of the account before everything (D26), and what follows from
//! the state, the scope or the account before `artifact:` permissions (D8, D27).

use crate::common::*;
use crate::gates::OPERATIONS;
use serde_json::{Value, json};

/// A member in a state, where it could do everything that a member can, and one of its users without any permission.
fn in_state(state: &str) -> World {
    World::new()
        .org(json!({}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({"state": state}), &[ORG])
        .user(A, "none", json!([]))
        .report("report-1", "SOC", false)
        .offline(json!([{"account": A, "from": "2019-01-01"}]))
        .accepted("Org", "baa", "organization", ORG, "2024-01-01", None)
}

#[test]
fn nobody_does_anything_in_an_account_that_is_not_active() {
    for (state, said) in
        [("PENDING_ACTIVATION", "is not activated yet"), ("SUSPENDED", "is suspended"), ("CLOSED", "is closed")]
    {
        let answers = in_state(state).now();
        for who in [root(A), user(A, "none")] {
            for (operation, scope) in OPERATIONS {
                let answer = answers.answer(&who, operation, scope);
                assert_eq!(answer["decision"], "deny", "{state} {who} {operation} {scope}");
                assert!(answer["message"].is_null(), "no console shows it: {answer}");
                assert!(answer["reason"].as_str().unwrap().contains(said), "{state}: {answer}");
                assert_eq!(answer["gates"][0]["rule"], "D26 D10", "{state} stands first: {answer}");
                assert_eq!(answer["missing"], json!([]), "no permission helps: {answer}");
            }
        }
        assert_eq!(answers.baa(A), "covered offline", "coverage is another question (D14)");
    }
}

#[test]
fn nobody_else_is_concerned_by_the_state_of_a_member() {
    let [active, suspended] = ["ACTIVE", "SUSPENDED"].map(|state| in_state(state).now());
    let of = |answers: &Answers| answers.operations(&root(M)).to_vec();
    assert_eq!(of(&active), of(&suspended));
    assert_eq!(active.decision(&root(A), "accept-agreement", "account"), "allow");
}

#[test]
fn what_is_possible_while_an_account_is_being_closed_is_unknown() {
    let answers = in_state("PENDING_CLOSURE").now();
    let active = in_state("ACTIVE").now();
    for (operation, scope) in OPERATIONS {
        let (now, before) = (answers.answer(&root(A), operation, scope), active.answer(&root(A), operation, scope));
        let expected = if before["decision"] == "allow" { "unknown" } else { "deny" };
        assert_eq!(now["decision"], expected, "{operation} {scope}: what is denied in an active account stays denied");
        if expected == "unknown" {
            assert!(now["reason"].as_str().unwrap().contains("is being closed"), "{now}");
        }
    }
}

fn first(answer: &Value) -> &str {
    answer["gates"][0]["id"].as_str().unwrap()
}

/// An organization whose management account and member each have a user who may read their organization, and nothing more.
fn reading(world: World) -> World {
    let reads = || json!([allows(&["organizations:DescribeOrganization"])]);
    world.user(M, "reader", reads()).user(A, "reader", reads())
}

#[test]
fn a_member_is_told_that_its_organization_has_not_accepted_and_not_what_to_allow() {
    let answers = reading(World::organization()).now();
    let answer = answers.answer(&user(A, "reader"), "download-agreement", "organization");
    assert_eq!(answer["decision"], "deny");
    // the Knowledge Center's words, which the FAQ does not have
    assert_eq!(
        answer["message"],
        "Your organization isn’t using AWS Artifact to accept agreements for its member accounts"
    );
    assert_eq!(answer["remedy"], "To get started, contact your master account administrator");
    assert!(answer["reason"].is_null());
    assert_eq!(answer["missing"], json!([]));
    // in the management account nobody is told so
    let own = answers.answer(&user(M, "reader"), "download-agreement", "organization");
    assert_eq!(first(own), "download-agreement");
    assert_eq!(
        own["missing"],
        json!(["artifact:AcceptNdaForAgreement", "artifact:GetAgreement", "artifact:GetNdaForAgreement"])
    );
}

#[test]
fn the_state_of_an_agreement_is_named_before_a_missing_permission() {
    let accepted = World::organization().accepted("Own", "baa", "account", A, "2024-01-01", None).accepted(
        "Org",
        "baa",
        "organization",
        ORG,
        "2024-01-01",
        None,
    );
    let accepted = reading(accepted).now();
    let nothing = reading(World::organization()).now();
    let offline = reading(World::organization().offline(json!([{"account": A, "from": "2019-01-01"}]))).now();
    for (answers, who, operation, scope, gate) in [
        (&accepted, user(A, "reader"), "accept-agreement", "account", "already-active"),
        (&accepted, user(M, "reader"), "accept-agreement", "organization", "already-active"),
        (&nothing, user(A, "reader"), "terminate-agreement", "account", "nothing-to-terminate"),
        (&nothing, user(M, "reader"), "terminate-agreement", "organization", "nothing-to-terminate"),
        (&offline, user(A, "reader"), "terminate-agreement", "account", "offline-agreement-is-not-terminated-here"),
        (&nothing, user(A, "reader"), "accept-agreement", "organization", "management-account"),
        (&nothing, user(A, "reader"), "terminate-agreement", "organization", "management-account"),
    ] {
        let answer = answers.answer(&who, operation, scope);
        assert_eq!((answer["decision"].as_str(), first(answer)), (Some("deny"), gate), "{who} {operation} {scope}");
        assert_eq!(answer["missing"], json!([]), "{who} {operation} {scope}");
    }
}

/// What only the permission shows is asked first (D8): who may not read its organization does not learn that there is none.
#[test]
fn who_may_not_describe_the_organization_is_told_so_and_no_permission_helps_all_the_same() {
    let answers = World::new().account(A, json!({}), &[]).user(A, "none", json!([])).now();
    let answer = answers.answer(&user(A, "none"), "accept-agreement", "organization");
    assert_eq!(gates(answer)[..2], ["describe-organization", "not-in-organization"]);
    assert!(answer["message"].as_str().unwrap().starts_with("You don’t have the permissions to retrieve"));
    assert_eq!(answer["missing"], json!([]));
}
