//! D1, …: what the sources leave open, decided.

use super::{CHAIN, covered_organization};
use crate::common::*;
use countersign_core::terms::PermissionModel;
use serde_json::json;

#[test]
fn d2_r90_a_delegated_administrator_decides_nothing() {
    let world = World::new().org(json!({"delegatedAdministrators": [A]})).account(M, json!({}), &[ORG]).account(
        A,
        json!({}),
        &[ORG],
    );
    let answers = world.now();
    assert!(answers.codes().contains(&"CS014"));
    assert_eq!(answers.gates(&root(A), "accept-agreement", "organization")[0], "management-account");
}

#[test]
fn d5_intervals_are_half_open() {
    let world =
        World::new().account(A, json!({}), &[]).accepted("Own", "baa", "account", A, "2024-01-01", Some("2025-01-01"));
    let covered = ["2023-12-31T23:59:59Z", "2024-01-01", "2024-12-31T23:59:59Z", "2025-01-01"]
        .map(|t| world.assess(&on(t)).baa(A));
    assert_eq!(covered, ["not-covered", "covered account", "covered account", "not-covered"]);
}

#[test]
fn d6_offline_governs_and_calls_for_legal_review() {
    let world = covered_organization().accepted("Own", "baa", "account", A, "2022-01-01", None);
    let answers = world.offline(json!([{"account": A, "from": "2019-01-01"}])).now();
    let row = answers.coverage_of(A, "baa");
    assert_eq!(row["governing"]["scope"], "offline");
    assert_eq!(row["superseded"], json!(["customer-agreement-Own"]));
    assert_eq!(row["alsoInForce"], json!(["customer-agreement-OrgBaa"]));
    assert!(answers.codes().contains(&"CS010"));
}

#[test]
fn d7_remedies_are_never_crossed() {
    let trust = &RULES.rules["trusted-access"];
    let role = &RULES.rules["service-role"];
    assert!(
        trust.get("remedy").unwrap().contains("organizations:EnableAWSServiceAccess")
            && !trust.get("remedy").unwrap().contains("iam:")
    );
    assert!(
        role.get("remedy").unwrap().contains("iam:CreateRole")
            && !role.get("remedy").unwrap().contains("organizations:")
    );
    assert!(trust.get("erratum").is_some() && role.get("erratum").is_some());
}

#[test]
fn d8_all_failing_gates_in_order() {
    let world =
        World::new().org(json!({"trustedAccess": false, "serviceRole": false, "featureSet": "CONSOLIDATED_BILLING"}));
    let world = world.account(M, json!({"nda": {"accepted": false}}), &[ORG]).user(M, "a", json!([]));
    let gates = [
        "describe-organization",
        "all-features",
        "trusted-access",
        "service-role",
        "download-agreement",
        "nondisclosure-agreement",
        "accept-agreement",
    ];
    assert_eq!(world.now().gates(&user(M, "a"), "accept-agreement", "organization"), gates);
}

#[test]
fn d9_set_up_permissions_are_not_asked_for_after_set_up() {
    let manage = [&CHAIN[..], &["artifact:AcceptAgreement", "organizations:DescribeOrganization"]].concat();
    let answers = World::organization().user(M, "a", json!([allows(&manage)])).now();
    assert_eq!(answers.decision(&user(M, "a"), "accept-agreement", "organization"), "allow");
}

#[test]
fn d10_messages_and_reasons_are_never_mixed_up() {
    let of_facts = [
        "governs",
        "in-force",
        "holds",
        "lists-agreements-of",
        "covered",
        "holds-phi",
        "attested",
        "meets-definition",
        "eligible",
    ];
    let is_gate =
        |r: &&countersign_core::policies::Rule| r.forbids && r.actions.iter().all(|a| !of_facts.contains(&a.as_str()));
    for rule in RULES.rules.values().filter(is_gate) {
        assert_ne!(rule.get("message").is_some(), rule.get("reason").is_some(), "{}", rule.id);
    }
    let answers = covered_organization().now();
    for operation in answers.operations(&root(A)) {
        assert!(operation["message"].is_null() || operation["reason"].is_null(), "{operation}");
    }
}

#[test]
fn d11_what_rests_on_deprecated_permissions_says_so() {
    let classic = allows(&["artifact:DownloadAgreement", "artifact:AcceptAgreement"]);
    let world = World::new().account(A, json!({}), &[]).user(A, "a", json!([classic]));
    let after = world.assess(&on("2025-03-03"));
    let answer = after.answer(&user(A, "a"), "accept-agreement", "account");
    assert_eq!((&answer["decision"], &answer["restsOn"]), (&json!("allow"), &json!(["classic"])));
    assert_eq!(answer["deprecated"], "by permissions that AWS deprecated on 2025-03-03");
    assert!(after.codes().contains(&"CS020"));
    let before = world.assess(&on("2025-03-02"));
    assert_eq!(before.answer(&user(A, "a"), "accept-agreement", "account")["deprecated"], json!(null));
    let pinned = world.assess(&by(PermissionModel::FineGrained));
    assert_eq!(pinned.decision(&user(A, "a"), "accept-agreement", "account"), "deny");
}

#[test]
fn d12_service_control_policies_bind_members_and_never_the_management_account() {
    let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:*", "Resource": "*"}]));
    let world = World::new().org(json!({"serviceControlPolicies": ["p-FullAWSAccess", deny]}));
    let answers =
        world.account(M, json!({}), &[ORG]).account(A, json!({}), &[ORG]).user(M, "admin", json!([ADMIN])).now();
    assert_eq!(answers.decision(&root(A), "accept-agreement", "account"), "deny");
    assert_eq!(answers.decision(&root(M), "accept-agreement", "account"), "allow");
    assert_eq!(answers.decision(&user(M, "admin"), "accept-agreement", "account"), "allow");
}

#[test]
fn d13_trusted_access_off_hides_and_does_not_end() {
    let world =
        World::new().org(json!({"trustedAccess": false})).account(M, json!({}), &[ORG]).account(A, json!({}), &[ORG]);
    let answers = world.accepted("OrgBaa", "baa", "organization", ORG, "2023-04-01", None).now();
    assert_eq!(answers.baa(A), "covered organization");
    assert_eq!(answers.gates(&root(A), "view-organization-agreements", "organization"), ["trusted-access-off"]);
    assert!(answers.codes().contains(&"CS012"));
}

#[test]
fn d14_closed_accounts_are_members_until_they_depart() {
    for state in ["SUSPENDED", "PENDING_CLOSURE", "CLOSED"] {
        let world = covered_organization()
            .entity(json!({"uid": B, "attrs": {"state": state}, "parents": [ORG], "tags": {"Data": "PHI"}}));
        let answers = world.now();
        assert_eq!(answers.baa(B), "covered organization", "{state}");
        assert!(answers.codes().contains(&"CS006"));
    }
}

#[test]
fn d15_partitions_are_apart() {
    let gov = json!({"partition": "aws-us-gov"});
    let world = World::new().account(A, gov, &[]);
    let answers = world.clone().accepted("Own", "baa", "account", A, "2024-01-01", None).now();
    assert_eq!(answers.baa(A), "covered account", "named by its kind: that of the partition");
    let kinds: Vec<_> =
        answers.account(A)["agreements"].as_array().unwrap().iter().map(|r| r["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["andb", "baa"]);
    let problems = world.accepted("Own", "agreement-9c1kBcYznTkcpRIm", "account", A, "2024-01-01", None).problems();
    assert!(problems[0].message().contains("D15"), "{problems:?}");
}

#[test]
fn d16_what_could_not_be_listed_is_unknown() {
    let hidden = json!({"agreementsKnown": false});
    let world = World::organization().account(B, hidden.clone(), &[ORG]);
    let answers = world.now();
    assert_eq!([A, B].map(|a| answers.baa(a)), ["not-covered", "unknown"]);
    assert_eq!(answers.account(B)["hipaa"]["covered"], json!(null));
    assert_eq!(answers.decision(&root(B), "accept-agreement", "account"), "unknown");
    let shared = world.accepted("OrgBaa", "baa", "organization", ORG, "2023-04-01", None).now();
    assert_eq!(shared.baa(B), "covered organization", "known from another account");
    let none = World::new().org(json!({})).account(M, hidden.clone(), &[ORG]).account(A, hidden, &[ORG]);
    assert_eq!(none.now().baa(A), "unknown");
}

#[test]
fn d17_no_region_makes_a_service_eligible_or_not() {
    let world = World::new().account(A, json!({"phi": {"services": ["s3"], "regions": ["eu-central-1"]}}), &[]);
    assert!(!world.assess(&on("2026-06-01")).codes().iter().any(|c| ["CS004", "CS005"].contains(c)));
}

#[test]
fn d18_eligibility_is_that_of_the_moment() {
    let codes = |service: &str, day: &str| {
        let world = World::new().account(A, json!({"phi": {"services": [service]}}), &[]);
        world
            .assess(&on(day))
            .codes()
            .iter()
            .filter(|c| c.starts_with("CS00") && **c > "CS003")
            .map(|c| (*c).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes("robomaker", "2025-01-01"), Vec::<String>::new());
    assert_eq!(codes("robomaker", "2026-01-01"), ["CS005"]);
    assert_eq!(codes("robomaker", "2026-06-01"), ["CS004"]);
    assert_eq!(codes("s3", "2028-01-01"), ["CS005"]);
}

#[test]
fn d19_of_two_the_earlier_is_named() {
    let world = World::new().account(A, json!({}), &[]);
    let answers = world
        .accepted("A", "baa", "account", A, "2024-01-01", None)
        .accepted("B", "baa", "account", A, "2023-01-01", None)
        .now();
    let row = answers.coverage_of(A, "baa");
    assert_eq!(row["governing"]["id"], "customer-agreement-B");
    assert_eq!(row["alsoInForce"], json!(["customer-agreement-A"]));
}

#[test]
fn d20_state_and_end_must_agree() {
    let world = World::new().account(A, json!({}), &[]);
    let with = |extra: serde_json::Value| {
        let mut attrs = json!({"agreement": "baa", "account": A, "effectiveStart": "2024-01-01"});
        attrs.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        world.clone().entity(json!({"uid": "customer-agreement-x", "attrs": attrs})).problems()
    };
    assert!(with(json!({"state": "ACTIVE", "effectiveEnd": "2025-01-01"}))[0].message().contains("D20"));
    assert!(with(json!({"state": "AWS_TERMINATED"}))[0].message().contains("D20"));
    assert!(
        with(json!({"state": "ACTIVE", "effectiveEnd": "2125-01-01"}))[0].message().contains("D20"),
        "whatever the moment"
    );
    assert!(with(json!({"state": "CUSTOMER_TERMINATED", "effectiveEnd": "2025-01-01"})).is_empty());
}

#[test]
fn d21_who_may_remove_a_designation_is_known_of_administrators_only() {
    let world = World::new().account(A, json!({}), &[]).offline(json!([{"account": A, "from": "2019-01-01"}]));
    let not = policy(json!([{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}]));
    let world = world.user(A, "admin", json!([ADMIN])).user(A, "power", json!([not])).user(A, "clerk", json!([FULL]));
    let answers = world.now();
    for who in [root(A), user(A, "admin"), user(A, "power")] {
        assert_eq!(answers.decision(&who, "remove-offline-designation", "offline"), "allow", "{who}");
    }
    let clerk = answers.answer(&user(A, "clerk"), "remove-offline-designation", "offline");
    assert_eq!(clerk["decision"], "unknown");
    assert!(clerk["reason"].as_str().unwrap().contains("no source names"));
}

#[test]
fn d22_a_date_is_the_start_of_its_day_and_asof_is_the_moment() {
    let world = World::new().account(A, json!({}), &[]).accepted("Own", "baa", "account", A, "2024-01-01", None);
    assert_eq!(world.assess(&on("2024-01-01")).0["at"], "2024-01-01T00:00:00Z");
    assert_eq!(world.assess(&on("2024-01-01")).baa(A), "covered account");
}

#[test]
fn d23_the_word_is_covered() {
    let texts = RULES.sources.iter().map(|s| s.text.as_str()).chain([countersign::report::COVERED_MEANS]);
    for text in texts {
        assert!(!text.to_lowercase().contains("complian") || text.contains("Compliance Reports"), "{text}");
    }
}

#[test]
fn d25_a_star_stays_in_its_segment() {
    let on_resource = |resource: &str| {
        let document = policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": resource}]));
        let world =
            World::new().account(A, json!({}), &[]).user(A, "a", json!([document])).report("report-X", "SOC", false);
        world.now().decision(&user(A, "a"), "download-report", "report-X").to_owned()
    };
    for resource in [
        "*",
        "arn:aws:artifact:us-east-1::report/*",
        "arn:aws:artifact:*::report/report-X:1",
        "arn:aws:artifact:*",
        "arn:*",
    ] {
        assert_eq!(on_resource(resource), "allow", "{resource}");
    }
    for resource in [
        "arn:aws:artifact:::report/*",
        "arn:aws:artifact:us-east-1::report/report-X",
        "arn:aws:artifact",
        "arn:aws-us-gov:artifact:*",
    ] {
        assert_eq!(on_resource(resource), "deny", "{resource}");
    }
    // in the other reading this `*` stands for all that is missing (D30)
    assert_eq!(on_resource("arn:*:report/*"), "unknown");
}

#[test]
fn d15_an_offline_agreement_covers_accounts_of_its_partition() {
    let of = |partition| {
        let answers = across_partitions(Some(partition)).now();
        [A, B].map(|a| answers.baa(a))
    };
    assert_eq!(of("aws"), ["covered offline", "not-covered"]);
    assert_eq!(of("aws-us-gov"), ["not-covered", "covered offline"]);
    let problems = across_partitions(None).problems();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].underlined().contains(B) && problems[0].message().contains("D15"), "{problems:?}");
    // those of one partition tell which it is of
    let gov = World::new().account(B, json!({"partition": "aws-us-gov"}), &[]);
    let attrs =
        json!({"kind": "baa", "effectiveStart": "2019-01-01", "designations": [{"account": B, "from": "2019-03-01"}]});
    assert_eq!(gov.entity(json!({"uid": "offline-x", "attrs": attrs})).now().baa(B), "covered offline");
}

/// Intervals that meet are one: an account that never ceased to be covered is covered since the first of them.
#[test]
fn d5_intervals_that_meet_are_one() {
    let since = |world: World, day: &str| {
        let answers = world.assess(&on(day));
        answers.coverage_of(A, "baa")["governing"]["since"].as_str().map(|s| s[..10].to_owned())
    };
    let offline = |second: &str| {
        World::new().account(A, json!({}), &[]).offline(json!([
            {"account": A, "from": second}, {"account": A, "from": "2020-01-01", "until": "2021-01-01"}]))
    };
    assert_eq!(since(offline("2021-01-01"), "2022-01-01").as_deref(), Some("2020-01-01"));
    assert_eq!(since(offline("2021-01-02"), "2022-01-01").as_deref(), Some("2021-01-02"));
    assert_eq!(since(offline("2021-01-02"), "2021-01-01").as_deref(), None);
    let member = |rejoined: &str| {
        let memberships = json!([{"organization": ORG, "from": "2022-01-01", "until": "2023-01-01"},
            {"organization": ORG, "from": rejoined}]);
        let world = World::new().org(json!({})).account(M, json!({}), &[ORG]);
        let world = world.account(A, json!({"memberships": memberships}), &[ORG]);
        world.accepted("Org", "baa", "organization", ORG, "2019-01-01", None)
    };
    assert_eq!(since(member("2023-01-01"), "2024-01-01").as_deref(), Some("2022-01-01"));
    assert_eq!(since(member("2023-01-02"), "2024-01-01").as_deref(), Some("2023-01-02"));
}

/// An offline agreement and the accounts designated under it, in two partitions.
fn across_partitions(partition: Option<&str>) -> World {
    let mut attrs = json!({"kind": "baa", "effectiveStart": "2019-01-01", "designations": [
        {"account": A, "from": "2019-02-01"}, {"account": B, "from": "2019-03-01"}]});
    if let Some(partition) = partition {
        attrs["partition"] = json!(partition);
    }
    let gov = json!({"partition": "aws-us-gov"});
    let world = World::new().account(A, json!({}), &[]).account(B, gov, &[]);
    world.entity(json!({"uid": "offline-x", "attrs": attrs}))
}
