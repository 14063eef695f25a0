//! What the rules and decisions say, by their numbers: expected values come from docs/rules.md, not from the code. That none of
//! them goes without a test is held by `every_rule`.

mod coverage;
mod decisions;

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

/// What a policy of AWS's says is AWS's to say: a document that it does not have there is told, wherever it stands.
#[test]
fn a_policy_of_aws_with_another_document_is_a_finding() {
    const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
    let world = |id: &str, document: serde_json::Value| {
        World::new()
            .account(A, json!({}), &[])
            .user(A, "a", json!([id]))
            .entity(json!({"uid": format!("IamPolicy::\"{id}\""), "attrs": {"document": document}}))
    };
    let told = |world: World| -> Vec<String> {
        let answers = world.now();
        let found = answers.0["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "CS038");
        found.map(|f| f["subject"].as_str().unwrap().to_owned()).collect()
    };
    let whole = json!({"Statement": {"Resource": ["*"], "Action": "*", "Effect": "Allow"}, "Version": "2012-10-17"});
    assert_eq!(told(world(ADMIN, allows(&["artifact:ListReports"]))), [ADMIN]);
    assert_eq!(told(world(ADMIN, whole.clone())), Vec::<String>::new(), "in other words");
    let beside = world(ADMIN, json!("aws.json")).file("aws.json", allows(&["artifact:ListReports"]).to_string());
    assert_eq!(told(beside), [ADMIN]);
    assert_eq!(told(world("p-FullAWSAccess", allows(&["s3:*"]))), ["p-FullAWSAccess"]);
    // one of one's own, and one that the data do not have
    for id in ["arn:aws:iam::111122223333:policy/own", "arn:aws:iam::aws:policy/NoSuchPolicyOfAws"] {
        assert_eq!(told(world(id, whole.clone())), Vec::<String>::new(), "{id}");
    }
    // what `[aws]` names is AWS's own too
    let newer =
        json!({"PolicyVersion": {"VersionId": "v999", "IsDefaultVersion": true, "Document": allows(&["s3:*"])}});
    let named = world(ADMIN, allows(&["s3:*"]))
        .file("aws/AdministratorAccess.json", newer.to_string())
        .file("countersign.toml", "[aws]\nmanagedPolicies = \"aws\"\n");
    assert_eq!(told(named), Vec::<String>::new());
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

/// Tags that could not be listed may say that an account holds PHI (R79, D16): that no BAA covers it is told, and that it holds none
/// is not.
#[test]
fn phi_that_is_perhaps_held_without_coverage_is_a_finding() {
    let account = |attrs: serde_json::Value| World::new().entity(json!({"uid": A, "attrs": attrs}));
    let covered =
        |world: World| world.accepted("OwnBaa", "baa", "account", A, "2024-01-10", None).now().codes().join(" ");
    let codes = |world: World| world.now().codes().join(" ");
    assert_eq!(codes(account(json!({"tagsKnown": false}))), "CS008");
    assert_eq!(codes(account(json!({"tagsKnown": false, "agreementsKnown": false}))), "CS008", "nor is a BAA known");
    assert_eq!(covered(account(json!({"tagsKnown": false}))), "", "covered, and perhaps with PHI");
    assert_eq!(covered(account(json!({"tagsKnown": true}))), "CS003");
    assert_eq!(codes(account(json!({"tagsKnown": true}))), "", "it does not say that it holds PHI");
    assert_eq!(
        codes(account(json!({"tagsKnown": false, "phi": {"services": []}}))),
        "CS008",
        "the register says that it does not, and a tag would count all the same (D3)"
    );
    let registered = json!({"tagsKnown": false, "phi": {"services": ["s3"], "safeguardsAttested": true}});
    assert_eq!(codes(account(registered)), "CS001");
}
