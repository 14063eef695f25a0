//! What the rules and decisions say, by their numbers: expected values come from docs/rules.md, not from the code. That none of
//! them goes without a test is held by `every_rule`.

use crate::common::*;
use countersign_core::terms::PermissionModel;
use serde_json::json;

/// A member account with nothing but what is given, in an organization with a BAA.
fn covered_organization() -> World {
    World::organization().accepted("OrgBaa", "baa", "organization", ORG, "2023-04-01", None)
}

const CHAIN: [&str; 3] = ["artifact:GetNdaForAgreement", "artifact:AcceptNdaForAgreement", "artifact:GetAgreement"];

#[test]
fn r1_every_account_has_access_without_opting_in() {
    let answers = World::new().account(A, json!({}), &[]).now();
    assert_eq!(answers.decision(&root(A), "accept-agreement", "account"), "allow");
}

#[test]
fn r2_r4_r9_root_and_administrators_hold_every_permission() {
    let world =
        World::new().account(A, json!({}), &[]).user(A, "admin", json!([ADMIN])).report("report-1", "SOC", false);
    let answers = world.accepted("Own", "baa", "account", A, "2024-01-01", None).now();
    for who in [root(A), user(A, "admin")] {
        assert_eq!(answers.decision(&who, "download-agreement", "account"), "allow");
        assert_eq!(answers.decision(&who, "terminate-agreement", "account"), "allow");
        assert_eq!(answers.decision(&who, "download-report", "report-1"), "allow");
        assert_eq!(answers.answer_of(&who, "accept-agreement", "account", "andb")["decision"], "allow");
    }
}

#[test]
fn r3_r11_others_have_no_access_until_it_is_granted() {
    let world = World::new().account(A, json!({}), &[]).user(A, "new", json!([])).report("report-1", "SOC", false);
    let answers = world.now();
    for (operation, scope) in
        [("download-agreement", "account"), ("accept-agreement", "account"), ("download-report", "report-1")]
    {
        assert_eq!(answers.decision(&user(A, "new"), operation, scope), "deny", "{operation}");
    }
}

#[test]
fn r5_permissions_may_differ_by_document() {
    let andb = "arn:aws:artifact:::agreement/agreement-sbLSDe8bitmAXNr9";
    let only = policy(
        json!([{"Effect": "Allow", "Action": [CHAIN[0], CHAIN[1], CHAIN[2], "artifact:AcceptAgreement"], "Resource": andb}]),
    );
    let answers = World::new().account(A, json!({}), &[]).user(A, "a", json!([only])).now();
    assert_eq!(answers.answer_of(&user(A, "a"), "accept-agreement", "account", "andb")["decision"], "allow");
    assert_eq!(answers.answer_of(&user(A, "a"), "accept-agreement", "account", "baa")["decision"], "deny");
}

#[test]
fn r6_an_auditor_can_be_limited_to_some_reports() {
    let soc = policy(
        json!([{"Effect": "Allow", "Action": ["artifact:GetReport", "artifact:GetTermForReport"], "Resource": "*",
        "Condition": {"StringEquals": {"artifact:ReportSeries": "SOC"}}}]),
    );
    let world = World::new().account(A, json!({}), &[]).user(A, "auditor", json!([soc]));
    let answers = world.report("report-1", "SOC", false).report("report-2", "PCI", false).now();
    assert_eq!(answers.decision(&user(A, "auditor"), "download-report", "report-1"), "allow");
    assert_eq!(answers.decision(&user(A, "auditor"), "download-report", "report-2"), "deny");
}

#[test]
fn r8_r24_customers_and_resellers_use_their_own_accounts() {
    let world = World::organization().account(B, json!({}), &[]).report("report-1", "SOC", false);
    let answers = world.user(B, "customer", json!([])).now();
    assert_eq!(answers.decision(&root(B), "download-report", "report-1"), "allow");
    assert_eq!(answers.decision(&user(B, "customer"), "accept-agreement", "account"), "deny");
    assert_eq!(answers.decision(&root(B), "accept-agreement", "account"), "allow");
}

#[test]
fn r10_an_administrator_of_the_management_account_acts_for_all() {
    let world = World::organization().user(M, "admin", json!([ADMIN]));
    assert_eq!(world.now().decision(&user(M, "admin"), "accept-agreement", "organization"), "allow");
    let answers = world.accepted("OrgBaa", "baa", "organization", ORG, "2023-04-01", None).now();
    assert_eq!(answers.decision(&user(M, "admin"), "terminate-agreement", "organization"), "allow");
}

/// The message of a denial, and the one gate behind it.
fn denied(answers: &Answers, who: &str, operation: &str, scope: &str, gate: &str, message: &str) {
    let answer = answers.answer(who, operation, scope);
    assert_eq!(answer["decision"], "deny");
    assert_eq!(answer["message"], message);
    assert_eq!(gates(answer)[0], gate);
}

#[test]
fn r12_accepting_asks_for_accept_agreement() {
    let answers = World::new().account(A, json!({}), &[]).user(A, "a", json!([allows(&CHAIN)])).now();
    denied(
        &answers,
        &user(A, "a"),
        "accept-agreement",
        "account",
        "accept-agreement",
        "You don’t have the permissions to accept the agreement",
    );
    assert_eq!(
        answers.answer(&user(A, "a"), "accept-agreement", "account")["missing"],
        json!(["artifact:AcceptAgreement"])
    );
}

#[test]
fn r13_terminating_asks_for_terminate_agreement() {
    let world = World::new().account(A, json!({}), &[]).accepted("Own", "baa", "account", A, "2024-01-01", None);
    let answers = world.user(A, "a", json!([allows(&["artifact:GetCustomerAgreement"])])).now();
    denied(
        &answers,
        &user(A, "a"),
        "terminate-agreement",
        "account",
        "terminate-agreement",
        "You don’t have the permissions to terminate the agreement",
    );
}

#[test]
fn r14_downloading_asks_for_the_agreement() {
    let answers =
        World::new().account(A, json!({}), &[]).user(A, "a", json!([allows(&["artifact:AcceptAgreement"])])).now();
    for operation in ["download-agreement", "accept-agreement"] {
        denied(
            &answers,
            &user(A, "a"),
            operation,
            "account",
            "download-agreement",
            "You don’t have the permissions to download the agreement",
        );
    }
}

#[test]
fn r15_downloading_a_report_asks_for_it_in_any_case() {
    let world = World::new().account(A, json!({}), &[]).report("report-1", "SOC", false);
    let world = world.user(A, "none", json!([])).user(A, "lower", json!([allows(&["artifact:get"])]));
    let answers = world.now();
    denied(
        &answers,
        &user(A, "none"),
        "download-report",
        "report-1",
        "download-report",
        "You don't have the permissions to download this report",
    );
    assert_eq!(answers.decision(&user(A, "lower"), "download-report", "report-1"), "allow");
}

#[test]
fn r16_an_approval_is_bound_to_the_account() {
    let world = World::new().report("report-1", "SOC", true).account(A, json!({"approvedReports": ["report-1"]}), &[]);
    let answers = world.account(B, json!({}), &[]).now();
    assert_eq!(answers.decision(&root(A), "download-report", "report-1"), "allow");
    denied(
        &answers,
        &root(B),
        "download-report",
        "report-1",
        "report-needs-approval",
        "You need additional approval from AWS to access this report",
    );
}

#[test]
fn r17_r36_consolidated_billing_is_not_enough() {
    let world = World::new().org(json!({"featureSet": "CONSOLIDATED_BILLING"})).account(M, json!({}), &[ORG]);
    denied(
        &world.now(),
        &root(M),
        "accept-agreement",
        "organization",
        "all-features",
        "Your organization must be enabled for all features",
    );
}

/// A management account where set-up is not done, and a user with these actions beside those of agreements.
fn not_set_up(actions: &[&str]) -> Answers {
    let world = World::new().org(json!({"trustedAccess": false, "serviceRole": false})).account(M, json!({}), &[ORG]);
    let all = [&CHAIN[..], &["artifact:AcceptAgreement", "organizations:DescribeOrganization"], actions].concat();
    world.user(M, "a", json!([allows(&all)])).now()
}

const TRUST: [&str; 2] = ["organizations:EnableAWSServiceAccess", "organizations:ListAWSServiceAccessForOrganization"];

#[test]
fn r18_trusted_access_takes_both_permissions() {
    for actions in [&TRUST[..1], &TRUST[1..], &[]] {
        let answers = not_set_up(actions);
        let answer = answers.answer(&user(M, "a"), "accept-agreement", "organization");
        assert!(answer["message"].as_str().unwrap().starts_with(
            "Before you can manage agreements for your organization, you need the following permissions: organizations:"
        ));
    }
}

#[test]
fn r19_the_role_takes_its_permissions() {
    let answers = not_set_up(&TRUST);
    let answer = answers.answer(&user(M, "a"), "accept-agreement", "organization");
    assert!(answer["message"].as_str().unwrap().ends_with("iam:ListRoles, iam:CreateRole, and iam:AttachRolePolicy."));
    for role in [
        &["iam:ListRoles", "iam:CreateRole", "iam:AttachRolePolicy"][..],
        &["iam:GetRole", "iam:CreateServiceLinkedRole"],
    ] {
        let answers = not_set_up(&[&TRUST[..], role, &["artifact:DownloadAgreement"]].concat());
        assert_eq!(answers.decision(&user(M, "a"), "accept-agreement", "organization"), "allow", "{role:?}");
    }
}

#[test]
fn r20_r39_seeing_the_organization_takes_describe_organization() {
    let answers = covered_organization().user(A, "a", json!([allows(&["artifact:*"])])).now();
    let message = "You don’t have the permissions to retrieve information about your AWS account’s organization";
    denied(&answers, &user(A, "a"), "view-organization-agreements", "organization", "describe-organization", message);
    denied(&answers, &user(A, "a"), "download-agreement", "organization", "describe-organization", message);
}

#[test]
fn r21_r42_an_account_in_no_organization() {
    let answers = World::new().account(A, json!({}), &[]).now();
    for operation in ["accept-agreement", "view-organization-agreements", "set-up-organization-agreements"] {
        denied(
            &answers,
            &root(A),
            operation,
            "organization",
            "not-in-organization",
            "Your account isn’t in an organization",
        );
    }
}

#[test]
fn r22_getting_started_with_all_nine_permissions() {
    let nine = [
        "artifact:DownloadAgreement",
        "artifact:AcceptAgreement",
        "artifact:TerminateAgreement",
        "organizations:DescribeOrganization",
        TRUST[0],
        TRUST[1],
        "iam:ListRoles",
        "iam:CreateRole",
        "iam:AttachRolePolicy",
    ];
    let world = World::new().org(json!({"trustedAccess": false, "serviceRole": false})).account(M, json!({}), &[ORG]);
    let ask = by(PermissionModel::Classic);
    let answers = world.clone().user(M, "a", json!([allows(&nine)])).assess(&ask);
    for operation in ["set-up-organization-agreements", "accept-agreement"] {
        assert_eq!(answers.decision(&user(M, "a"), operation, "organization"), "allow");
    }
    for missing in nine.iter().filter(|a| !a.contains("Terminate")) {
        let rest: Vec<&str> = nine.iter().filter(|a| *a != missing).copied().collect();
        let answers = world.clone().user(M, "a", json!([allows(&rest)])).assess(&ask);
        assert_eq!(answers.decision(&user(M, "a"), "accept-agreement", "organization"), "deny", "{missing}");
    }
}

#[test]
fn r23_listing_accounts_is_for_the_role_not_for_the_user() {
    assert!(RULES.rules.values().all(|r| !r.requires.values().flatten().any(|a| a == "organizations:ListAccounts")));
    let answers = not_set_up(&[&TRUST[..], &["iam:GetRole", "iam:CreateServiceLinkedRole"]].concat());
    assert_eq!(answers.decision(&user(M, "a"), "accept-agreement", "organization"), "allow");
}

#[test]
fn r25_d24_permission_without_authority_is_a_finding() {
    let world = World::new().account(A, json!({}), &[]).user(A, "jane", json!([ADMIN])).user(A, "bob", json!([ADMIN]));
    assert!(!world.now().codes().contains(&"CS021"), "no signatories are declared");
    let answers = world.file("countersign.toml", "signatories = [\"jane\"]\n").now();
    let about: Vec<_> = answers.0["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["rule"] == "CS021")
        .map(|f| f["subject"].as_str().unwrap())
        .collect();
    assert_eq!(about, [root(A), user(A, "bob")]);
    assert_eq!(answers.decision(&user(A, "bob"), "accept-agreement", "account"), "allow", "advice is never a denial");
}

#[test]
fn r26_r28_r29_the_nda_is_accepted_first_also_beside_another() {
    let with = |nda| World::new().account(A, json!({"nda": nda}), &[]).now();
    let refused = with(json!({"accepted": false, "prior": true}));
    let answer = refused.answer(&root(A), "accept-agreement", "account");
    assert_eq!((answer["decision"].as_str(), answer["message"].as_str()), (Some("deny"), None));
    assert!(answer["reason"].as_str().unwrap().contains("NDA"));
    assert_eq!(refused.gates(&root(A), "download-agreement", "account"), ["nondisclosure-agreement"]);
    assert_eq!(
        with(json!({"accepted": true, "prior": true})).decision(&root(A), "accept-agreement", "account"),
        "allow"
    );
    let later = with(json!({"accepted": true, "acceptedAt": "2030-01-01"}));
    assert_eq!(later.decision(&root(A), "accept-agreement", "account"), "deny");
    let silent = World::new().account(A, json!({}), &[]).now();
    let assuming = silent.answer(&root(A), "accept-agreement", "account")["assuming"].to_string();
    assert!(assuming.contains("NDA"), "{assuming}");
}

#[test]
fn r27_a_click_through_does_not_deny_a_report() {
    let answers =
        World::new().account(A, json!({"nda": {"accepted": false}}), &[]).report("report-1", "SOC", false).now();
    assert_eq!(answers.decision(&root(A), "download-report", "report-1"), "allow");
}

#[test]
fn r30_no_text_of_an_agreement_is_held() {
    // the schema has no place for terms, and an attribute for them is an error
    let world = World::new().account(A, json!({}), &[]);
    let terms = json!({"agreement": "baa", "account": A, "effectiveStart": "2024-01-01", "acceptanceTerms": ["…"]});
    let problems = world.entity(json!({"uid": "customer-agreement-x", "attrs": terms})).problems();
    assert_eq!(problems[0].underlined(), "\"acceptanceTerms\"");
}

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
    let of_facts = ["governs", "in-force", "covered", "holds-phi", "attested", "meets-definition", "eligible"];
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
fn every_rule_that_a_policy_cites_is_documented() {
    let text = include_str!("../docs/rules.md");
    let documented: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("### ")).collect();
    for rule in RULES.rules.values() {
        assert!(!rule.rule().is_empty());
        for number in rule.rule().split_whitespace() {
            assert!(documented.contains(&number), "{}: {number}", rule.id);
        }
    }
}

#[test]
fn every_finding_is_documented_and_its_code_is_its_own() {
    let page = include_str!("../docs/findings.md");
    let mut codes: Vec<&str> = RULES.rules.values().filter_map(|r| r.get("code")).collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!((codes.len(), count > 10), (count, true), "codes are not used twice");
    for code in codes {
        assert!(page.contains(&format!("| {code} |")), "{code}");
    }
}

#[test]
fn a_document_that_nothing_refers_to_is_a_finding() {
    let world = World::new().account(A, json!({}), &[]).file("iam/unused.json", allows(&["s3:*"]).to_string());
    let answers = world.now();
    let finding = answers.0["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "CS030").unwrap();
    assert_eq!(finding["subject"], "iam/unused.json");
}

#[test]
fn contradictions_of_consolidated_billing_are_findings() {
    let billing = json!({"featureSet": "CONSOLIDATED_BILLING", "serviceControlPolicies": ["p-FullAWSAccess"]});
    let world = World::new().org(billing).account(M, json!({}), &[ORG]);
    let answers = world.accepted("OrgBaa", "baa", "organization", ORG, "2023-04-01", None).now();
    for code in ["CS013", "CS015"] {
        assert!(answers.codes().contains(&code), "{code}");
    }
}

#[test]
fn phi_of_unknown_coverage_is_an_error() {
    let hidden = json!({"uid": A, "attrs": {"agreementsKnown": false}, "tags": {"Data": "PHI"}});
    assert!(World::new().entity(hidden).now().codes().contains(&"CS002"));
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
