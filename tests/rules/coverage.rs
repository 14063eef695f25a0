//! R31–R103: agreements, whom they cover, and since when.

use super::covered_organization;
use crate::common::*;
use serde_json::json;

#[test]
fn r31_r57_an_account_agreement_covers_its_account_only() {
    let world =
        World::organization().account(B, json!({}), &[]).accepted("Own", "baa", "account", A, "2024-01-01", None);
    let answers = world.now();
    assert_eq!([M, A, B].map(|a| answers.baa(a)), ["not-covered", "covered account", "not-covered"]);
    assert_eq!(answers.account(A)["hipaa"]["designated"], true);
}

#[test]
fn r32_r58_an_organization_agreement_covers_management_and_members() {
    let answers = covered_organization().account(B, json!({}), &[]).now();
    assert_eq!([M, A, B].map(|a| answers.baa(a)), ["covered organization", "covered organization", "not-covered"]);
    assert_eq!(answers.account(A)["hipaa"]["designated"], true);
    assert_eq!(answers.account(B)["hipaa"]["designated"], false);
}

#[test]
fn r33_r34_only_the_management_account_accepts_and_terminates_for_all() {
    for world in [World::organization(), covered_organization()] {
        let answers = world.now();
        for operation in ["accept-agreement", "terminate-agreement", "set-up-organization-agreements"] {
            let answer = answers.answer(&root(A), operation, "organization");
            assert_eq!((answer["decision"].as_str(), answer["message"].as_str()), (Some("deny"), None));
            assert_eq!(gates(answer)[0], "management-account");
        }
    }
}

#[test]
fn r35_who_joins_later_is_covered_from_then_on() {
    let joined = json!({"memberships": [{"organization": ORG, "from": "2024-09-01T08:15:44Z"}]});
    let world = covered_organization().account(B, joined, &[ORG]);
    assert_eq!(world.assess(&on("2024-09-01T08:15:43Z")).baa(B), "not-covered");
    let answers = world.assess(&on("2024-09-01T08:15:44Z"));
    assert_eq!(answers.baa(B), "covered organization");
    assert_eq!(answers.coverage_of(B, "baa")["governing"]["since"], "2024-09-01T08:15:44Z");
}

#[test]
fn r37_a_member_manages_account_agreements_for_itself() {
    let answers = World::organization().accepted("Own", "andb", "account", A, "2024-01-01", None).now();
    assert_eq!(answers.decision(&root(A), "accept-agreement", "account"), "allow");
    assert_eq!(answers.answer_of(&root(A), "terminate-agreement", "account", "andb")["decision"], "allow");
}

#[test]
fn r38_r40_a_member_sees_what_was_accepted_for_it() {
    let answers = covered_organization().now();
    assert_eq!(answers.decision(&root(A), "view-organization-agreements", "organization"), "allow");
    assert_eq!(answers.decision(&root(A), "download-agreement", "organization"), "allow");
    assert_eq!(
        gates(answers.answer_of(&root(A), "download-agreement", "organization", "andb")),
        ["organization-agreement-not-accepted"]
    );
    assert_eq!(gates(answers.answer(&root(M), "accept-agreement", "organization")), ["already-active"]);
}

#[test]
fn r41_one_organization_at_a_time() {
    let other = json!({"uid": "o-other00000", "attrs": {"featureSet": "ALL", "managementAccount": B, "trustedAccess": true, "serviceRole": true}});
    let world = World::organization().entity(other).account(B, json!({}), &["o-other00000"]);
    let problems = world.account("444444444444", json!({}), &[ORG, "o-other00000"]).problems();
    assert!(problems[0].message().contains("two organizations"), "{problems:?}");
}

#[test]
fn r43_r44_separate_organizations_are_accepted_separately() {
    let other = json!({"uid": "o-other00000", "attrs": {"featureSet": "ALL", "managementAccount": B, "trustedAccess": true, "serviceRole": true}});
    let invited = json!({"memberships": [{"organization": "o-other00000", "until": "2025-01-01"}, {"organization": ORG, "from": "2025-01-01"}]});
    let world = covered_organization().entity(other).account(B, json!({}), &["o-other00000"]);
    let world = world.account("444444444444", invited, &[ORG]);
    assert_eq!(world.now().baa(B), "not-covered");
    assert_eq!(world.assess(&on("2024-12-31")).baa("444444444444"), "not-covered");
    assert_eq!(
        world.assess(&on("2025-01-01")).baa("444444444444"),
        "covered organization",
        "invited into the one that has accepted"
    );
}

#[test]
fn r45_r91_r92_d1_units_are_never_chosen() {
    let claim = json!({"agreement": "baa", "organization": ORG, "effectiveStart": "2023-04-01", "organizationalUnits": ["ou-ab12-hipaa001"]});
    let problems = World::organization().entity(json!({"uid": "customer-agreement-x", "attrs": claim})).problems();
    assert!(problems[0].message().contains("R45"), "{problems:?}");
    let unit = json!({"uid": "ou-ab12-other001", "parents": [ORG]});
    let answers = covered_organization().entity(unit).account(B, json!({}), &["ou-ab12-other001"]).now();
    assert_eq!(answers.baa(B), "covered organization", "every unit is covered");
}

#[test]
fn r46_r59_some_accounts_are_covered_one_by_one() {
    let world = World::organization().account(B, json!({}), &[ORG]);
    let answers = world
        .accepted("OwnA", "baa", "account", A, "2024-01-01", None)
        .accepted("OwnB", "baa", "account", B, "2024-01-01", None)
        .now();
    assert_eq!([M, A, B].map(|a| answers.baa(a)), ["not-covered", "covered account", "covered account"]);
}

#[test]
fn r47_both_may_be_in_place() {
    let answers = covered_organization().now();
    assert_eq!(answers.decision(&root(A), "accept-agreement", "account"), "allow");
    assert_eq!(answers.decision(&root(M), "accept-agreement", "account"), "allow");
}

#[test]
fn r48_the_organization_agreement_applies_instead() {
    let answers = covered_organization().accepted("Own", "baa", "account", A, "2020-01-01", None).now();
    assert_eq!(answers.baa(A), "covered organization");
    let row = answers.coverage_of(A, "baa");
    assert_eq!(row["superseded"], json!(["customer-agreement-Own"]));
    assert!(texts(&row["policies"]).contains(&"organization-agreement-supersedes-account-agreement"));
}

#[test]
fn r49_r50_r62_d4_the_account_agreement_takes_over() {
    let world = World::organization()
        .accepted("OrgBaa", "baa", "organization", ORG, "2023-04-01", Some("2025-06-01"))
        .accepted("Own", "baa", "account", A, "2024-01-01", None);
    assert_eq!(world.assess(&on("2025-05-31T23:59:59Z")).baa(A), "covered organization");
    let answers = world.assess(&on("2025-06-01"));
    assert_eq!([M, A].map(|a| answers.baa(a)), ["not-covered", "covered account"]);
    assert_eq!(answers.account(M)["hipaa"]["designated"], false);
}

#[test]
fn r51_r52_r55_who_leaves_is_covered_no_longer() {
    let left = json!({"memberships": [{"organization": ORG, "from": "2021-01-01", "until": "2025-06-30"}]});
    let world = covered_organization().account(B, left, &[]);
    assert_eq!(world.assess(&on("2025-06-29T23:59:59Z")).baa(B), "covered organization");
    assert_eq!(world.assess(&on("2025-06-30")).baa(B), "not-covered");
}

#[test]
fn r53_r54_leaving_without_an_agreement_of_ones_own_is_pointed_out() {
    let closing = covered_organization().account(B, json!({"state": "PENDING_CLOSURE"}), &[ORG]).now();
    assert!(closing.codes().contains(&"CS011"));
    let left = json!({"memberships": [{"organization": ORG, "from": "2021-01-01", "until": "2025-06-30"}]});
    let world = covered_organization().account(B, left, &[]).accepted("Own", "baa", "account", B, "2025-06-01", None);
    for day in ["2025-06-29", "2025-06-30"] {
        assert!(world.assess(&on(day)).baa(B).starts_with("covered"), "no gap for who accepted before leaving");
    }
}

#[test]
fn r56_kinds_are_apart() {
    let world = World::organization().accepted("OrgAndb", "andb", "organization", ORG, "2023-04-01", None);
    let answers = world.accepted("Own", "baa", "account", A, "2024-01-01", None).now();
    assert_eq!(answers.baa(A), "covered account");
    assert_eq!(answers.coverage_of(A, "andb")["governing"]["scope"], "organization");
}

#[test]
fn r60_r73_only_what_was_accepted_online_is_terminated_here() {
    let world = World::new().account(A, json!({}), &[]).offline(json!([{"account": A, "from": "2019-01-01"}]));
    let answers = world.now();
    assert_eq!(answers.gates(&root(A), "terminate-agreement", "account"), ["offline-agreement-is-not-terminated-here"]);
    assert!(
        answers.answer(&root(A), "terminate-agreement", "account")["reason"]
            .as_str()
            .unwrap()
            .contains("written notice")
    );
    let answers = world.accepted("Own", "baa", "account", A, "2024-01-01", None).now();
    assert_eq!(answers.decision(&root(A), "terminate-agreement", "account"), "allow");
}

#[test]
fn r61_terminating_ends_coverage_at_once() {
    let world = World::new().account(A, json!({}), &[]).accepted(
        "Own",
        "baa",
        "account",
        A,
        "2024-01-01",
        Some("2025-01-01T12:00:00Z"),
    );
    assert_eq!(world.assess(&on("2025-01-01T11:59:59Z")).baa(A), "covered account");
    let after = world.assess(&on("2025-01-01T12:00:00Z"));
    assert_eq!(after.baa(A), "not-covered");
    assert_eq!(after.account(A)["hipaa"]["designated"], false);
}

#[test]
fn r63_phi_in_a_closing_account_is_pointed_out() {
    let world = World::new().entity(json!({"uid": A, "attrs": {"state": "SUSPENDED"}, "tags": {"Data": "PHI"}}));
    assert!(world.now().codes().contains(&"CS006"));
}

#[test]
fn r64_phi_in_eligible_services_only() {
    let phi =
        |service: &str| World::new().account(A, json!({"phi": {"services": [service]}}), &[]).assess(&on("2026-06-01"));
    assert!(!phi("s3").codes().contains(&"CS004"));
    assert!(phi("gamelift").codes().contains(&"CS004"));
}

#[test]
fn r65_r66_an_offline_baa_applies_to_the_accounts_designated_under_it() {
    let world = World::new().account(A, json!({}), &[]).account(B, json!({}), &[]);
    let answers = world.offline(json!([{"account": A, "from": "2019-01-01"}])).now();
    assert_eq!([A, B].map(|a| answers.baa(a)), ["covered offline", "not-covered"]);
}

#[test]
fn r67_r71_other_accounts_are_under_online_terms() {
    let world = World::organization().offline(json!([{"account": A, "from": "2019-01-01"}]));
    assert_eq!(world.now().decision(&root(M), "accept-agreement", "account"), "allow");
    let answers = world.accepted("Own", "baa", "account", M, "2024-01-01", None).now();
    assert_eq!(answers.baa(M), "covered account");
}

#[test]
fn r68_an_offline_holder_may_accept_for_the_organization() {
    let world = World::organization().offline(json!([{"account": M, "from": "2019-01-01"}]));
    assert_eq!(world.now().decision(&root(M), "accept-agreement", "organization"), "allow");
}

#[test]
fn r69_an_offline_baa_cannot_be_opened_here() {
    let customer_only = allows(&["artifact:GetCustomerAgreement"]);
    let world = World::new().account(A, json!({}), &[]).offline(json!([{"account": A, "from": "2019-01-01"}]));
    let answers = world.user(A, "a", json!([customer_only])).now();
    // what would be opened is the offer of the online agreement, never the offline one
    assert_eq!(answers.gates(&user(A, "a"), "download-agreement", "account"), ["download-agreement"]);
}

#[test]
fn r70_nothing_here_designates_further_accounts() {
    let mut names = RULES.operations.names();
    assert!(names.all(|n| !n.contains("designate-")));
    let world = World::new()
        .account(A, json!({}), &[])
        .account(B, json!({}), &[])
        .offline(json!([{"account": A, "from": "2019-01-01"}]));
    assert_eq!(world.now().gates(&root(B), "remove-offline-designation", "offline"), ["not-designated"]);
}

#[test]
fn r72_a_designation_counts_from_its_confirmation() {
    let world = World::new().account(A, json!({}), &[]).offline(json!([{"account": A, "from": "2019-03-15"}]));
    assert_eq!(world.assess(&on("2019-03-14")).baa(A), "not-covered");
    let answers = world.assess(&on("2019-03-15"));
    assert_eq!(answers.baa(A), "covered offline");
    assert_eq!(answers.account(A)["hipaa"]["designated"], true);
    assert_eq!(answers.coverage_of(A, "baa")["governing"]["since"], "2019-03-15T00:00:00Z");
}

#[test]
fn r74_an_account_can_be_removed_and_the_baa_stays() {
    let designations =
        json!([{"account": A, "from": "2019-01-01", "until": "2026-06-01"}, {"account": B, "from": "2019-01-01"}]);
    let world = World::new().account(A, json!({}), &[]).account(B, json!({}), &[]).offline(designations);
    assert_eq!(world.assess(&on("2026-05-31")).decision(&root(A), "remove-offline-designation", "offline"), "allow");
    let answers = world.assess(&on("2026-06-01"));
    assert_eq!([A, B].map(|a| answers.baa(a)), ["not-covered", "covered offline"]);
}

#[test]
fn r75_the_definition_takes_all_three() {
    let fact = |phi| {
        let world = World::new().account(A, json!({"phi": phi}), &[]);
        world.assess(&on("2026-06-01")).account(A)["hipaa"]["meetsDefinition"].clone()
    };
    assert_eq!(fact(json!({"services": ["s3"], "safeguardsAttested": true})), json!(true));
    assert_eq!(fact(json!({"services": ["s3"], "safeguardsAttested": false})), json!(false));
    assert_eq!(fact(json!({"services": ["s3", "gamelift"], "safeguardsAttested": true})), json!(false));
    assert_eq!(fact(json!({"services": [], "safeguardsAttested": true})), json!(false));
    assert_eq!(fact(json!({"services": ["s3"]})), json!(null), "not attested is unknown");
    assert_eq!(fact(json!({"services": ["s3"], "safeguardsAttested": true, "attestedAt": "2026-07-01"})), json!(null));
}

#[test]
fn r76_covered_and_outside_the_definition() {
    let phi = json!({"phi": {"services": ["gamelift"], "safeguardsAttested": true}});
    let answers = World::new()
        .org(json!({}))
        .account(M, phi, &[ORG])
        .accepted("OrgBaa", "baa", "organization", ORG, "2023-04-01", None)
        .assess(&on("2026-06-01"));
    let hipaa = &answers.account(M)["hipaa"];
    assert_eq!((&hipaa["covered"], &hipaa["meetsDefinition"]), (&json!(true), &json!(false)));
}

#[test]
fn r85_d3_four_facts_never_one_flag() {
    let tagged = |tags| World::new().entity(json!({"uid": A, "tags": tags}));
    for tags in [json!({"Data": "PHI"}), json!({"data": "phi"}), json!({"DataClassification": "PHI"})] {
        let answers = tagged(tags).now();
        let hipaa = &answers.account(A)["hipaa"];
        assert_eq!(*hipaa, json!({"covered": false, "designated": false, "holdsPhi": true, "meetsDefinition": null}));
        assert!(answers.codes().contains(&"CS001"), "PHI without coverage is an error");
    }
    let answers = tagged(json!({})).accepted("Own", "baa", "account", A, "2024-01-01", None).now();
    assert_eq!(answers.account(A)["hipaa"]["holdsPhi"], false);
    assert_eq!(answers.codes(), ["CS003"], "coverage without PHI is information");
}
