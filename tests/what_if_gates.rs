//! `what-if --expect none-uncovered`: what is not known, or not possible to anybody, passes it in no plan.

use serde_json::{Value, json};

use crate::common::*;

const AT: &str = "2026-09-01";
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const ACCEPT: &str = "222222222222=baa";
/// Either lets a principal download what is to be accepted (D8).
const DOWNLOADS: [&str; 2] = ["artifact:GetAgreement", "artifact:DownloadAgreement"];

/// An organization with a BAA, and a member.
fn world() -> World {
    World::organization().accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None)
}

fn becomes(mut world: World, uid: &str, attr: &str, value: Value) -> World {
    world.entities.iter_mut().filter(|e| e["uid"] == uid).for_each(|e| e["attrs"][attr] = value.clone());
    world
}

/// Service control policies of the member.
fn bound(world: World, statement: Value) -> World {
    becomes(world, A, "serviceControlPolicies", json!(["p-FullAWSAccess", policy(json!([statement]))]))
}

fn deny(actions: &[&str]) -> Value {
    json!({"Effect": "Deny", "Action": actions, "Resource": "*"})
}

/// The exit code of the gate, the text, and the document.
fn planned(world: &World, plan: &[&str]) -> (Option<i32>, String, Value) {
    let folder = world.folder();
    let run = |format: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.env("NO_COLOR", "1").env("COLUMNS", "400").arg("what-if").arg(folder.path());
        let args = ["--at", AT, "--expect", "none-uncovered", "--format", format];
        let output = command.args(args).args(plan).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), told)
    };
    let (code, text, _) = run("text");
    let (_, json, told) = run("json");
    let document: Value = serde_json::from_str(&json).unwrap_or_else(|_| panic!("{told}"));
    assert_eq!(schema_errors("what-if.v1.schema.json", &document), Vec::<String>::new());
    (code, text.split_whitespace().collect::<Vec<_>>().join(" "), document)
}

/// The changes that nobody is known to make: number of the change, decision.
fn unmade(document: &Value) -> Vec<(u64, String)> {
    let all = document["unmade"].as_array().unwrap().iter();
    all.map(|u| (u["change"].as_u64().unwrap(), u["decision"].as_str().unwrap().to_owned())).collect()
}

fn plan(plan: &[&'static str]) -> Vec<&'static str> {
    plan.to_vec()
}

/// R37, D8, D12: accepting takes more than one action, and whichever of them is denied to everybody, nobody accepts.
#[test]
fn an_acceptance_that_is_denied_to_everybody_passes_no_gate() {
    let accepts_and_leaves = plan(&["--accept", ACCEPT, "--leave", A]);
    assert_eq!(planned(&world(), &accepts_and_leaves).0, Some(0));
    for actions in [&DOWNLOADS[..], &["artifact:AcceptAgreement"]] {
        let (code, text, document) = planned(&bound(world(), deny(actions)), &accepts_and_leaves);
        assert_eq!((code, unmade(&document)), (Some(1), vec![(1, "deny".to_owned())]), "{actions:?}");
        assert!(text.contains("not made: change 1, 222222222222 accepts baa: nobody who is listed can ("), "{text}");
        assert!(text.contains("Statement[0]"), "what denies it: {text}");
    }
    let all_but = json!({"Effect": "Deny", "NotAction": ["artifact:Accept*", "artifact:Terminate*"], "Resource": "*"});
    assert_eq!(planned(&bound(world(), all_but), &accepts_and_leaves).0, Some(1));
}

/// It is asked in the state of its turn.
#[test]
fn who_accepts_is_asked_after_what_is_changed_before() {
    let denied = bound(world(), deny(&DOWNLOADS));
    let (_, text, document) = planned(&denied, &plan(&["--leave", A, "--accept", ACCEPT]));
    assert!(unmade(&document).is_empty() && !text.contains("not made"), "D12: it is bound no more: {text}");
    let detached = ["--move", "222222222222=o-exampleorgid", "--accept", ACCEPT, "--leave", A];
    let unit = "ou-ex01-quiet001";
    let in_unit = World::organization()
        .entity(json!({"uid": unit, "attrs": {"name": "quiet", "serviceControlPolicies": ["p-FullAWSAccess", policy(json!([deny(&DOWNLOADS)]))]}, "parents": [ORG]}))
        .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None);
    let mut in_unit = in_unit;
    in_unit.entities.iter_mut().filter(|e| e["uid"] == A).for_each(|e| e["parents"] = json!([unit]));
    assert_eq!(planned(&in_unit, &plan(&detached)).0, Some(0));
    let (code, _, document) = planned(&in_unit, &plan(&["--accept", ACCEPT, "--leave", A]));
    assert_eq!((code, unmade(&document)), (Some(1), vec![(1, "deny".to_owned())]));
}

/// D16: what is not known passes no gate.
#[test]
fn an_acceptance_of_which_it_is_unknown_whether_anybody_can_make_it_passes_no_gate() {
    let unplaced = json!([policy(json!([deny(&["artifact:AcceptAgreement"])]))]);
    let world = becomes(world(), ORG, "serviceControlPoliciesUnplaced", unplaced);
    let (code, text, document) = planned(&world, &plan(&["--accept", ACCEPT, "--leave", A]));
    assert_eq!((code, unmade(&document)), (Some(1), vec![(1, "unknown".to_owned())]));
    assert!(text.contains("nobody is known who can (") && text.contains("serviceControlPoliciesUnplaced"), "{text}");
    // R36, D12: the management account is not bound
    assert!(unmade(&planned(&world, &plan(&["--accept", "111111111111=baa"])).2).is_empty());
}

/// D16, D27: what is active already covers, and what is not can be accepted: which of the two it is need not be known.
#[test]
fn whether_an_agreement_is_active_already_does_not_decide() {
    let listed = |world: World| [M, A].into_iter().fold(world, |w, id| becomes(w, id, "agreementsKnown", json!(false)));
    let accepts = plan(&["--accept", ACCEPT]);
    assert!(unmade(&planned(&listed(world()), &accepts).2).is_empty());
    let denied = listed(bound(world(), deny(&DOWNLOADS)));
    assert_eq!(unmade(&planned(&denied, &accepts).2).len(), 1, "if it is not active, nobody accepts it");
}

/// R54: a denial that spares a role, as `generate protect-agreements --accepting --exempt` writes it, leaves the account that role.
#[test]
fn whom_a_denial_spares_can_accept() {
    let legal = format!("arn:aws:iam::{A}:role/legal");
    let spares = json!({"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/legal"}}});
    let bound = bound(world(), spares);
    let accepts_and_leaves = plan(&["--accept", ACCEPT, "--leave", A]);
    let role = |policies: Value| bound.clone().entity(json!({"uid": legal, "attrs": {"policies": policies}}));
    assert_eq!(planned(&role(json!([ADMIN])), &accepts_and_leaves).0, Some(0));
    assert_eq!(planned(&role(json!([])), &accepts_and_leaves).0, Some(1), "it may not");
    assert_eq!(planned(&bound, &accepts_and_leaves).0, Some(1), "it is not there");
}

/// R62, D31: an account that was not listed is as uncovered on the way as a listed one without an agreement of its own.
#[test]
fn accounts_that_were_not_listed_are_uncovered_on_the_way() {
    let of = |known: Option<bool>| {
        let own = world().accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", None).accepted(
            "OwnBaa1234567891",
            "baa",
            "account",
            M,
            "2023-01-01",
            None,
        );
        match known {
            Some(known) => becomes(own, ORG, "accountsKnown", json!(known)),
            None => own,
        }
    };
    let anew = plan(&["--terminate", "o-exampleorgid=baa", "--accept", "o-exampleorgid=baa"]);
    assert_eq!(planned(&of(None), &anew).0, Some(0), "each has its own");
    let (code, text, document) = planned(&of(Some(false)), &anew);
    assert_eq!(code, Some(1), "{text}");
    let told =
        "uncovered on the way: baa of accounts of o-exampleorgid that were not listed, after change 1 until change 2";
    assert!(text.contains(told), "{text}");
    let gap = json!([{"account": null, "organization": ORG, "kind": "baa", "after": 1, "until": 2, "perhaps": true}]);
    assert_eq!(document["uncoveredBetween"], gap);
    assert_eq!(planned(&of(Some(false)), &plan(&["--terminate", "222222222222=baa"])).0, Some(0), "none of theirs");
}

/// R51: AWS refuses that a delegated administrator leaves or is removed, whoever asks, until it is deregistered.
#[test]
fn a_delegated_administrator_does_not_leave_before_it_is_deregistered() {
    let delegated = becomes(world(), ORG, "delegatedAdministrators", json!([A]));
    let leaves = plan(&["--accept", ACCEPT, "--leave", A]);
    let (code, text, document) = planned(&delegated, &leaves);
    assert_eq!((code, unmade(&document)), (Some(1), vec![(2, "deny".to_owned())]));
    assert!(text.contains("not made: change 2, account 222222222222 leaves its organization"), "{text}");
    assert!(text.contains("deregister it as a delegated administrator first"), "what to do: {text}");
    assert_eq!(planned(&world(), &leaves).0, Some(0), "of another it is not said");
    let other = delegated
        .entity(json!({"uid": "o-otherorgid0", "attrs": {"featureSet": "ALL", "managementAccount": "666666666666", "trustedAccess": true, "serviceRole": true}}))
        .account("666666666666", json!({}), &["o-otherorgid0"])
        .accepted("OtherBaa12345678", "baa", "organization", "o-otherorgid0", "2022-01-01", None);
    let joins = plan(&["--join", "222222222222=o-otherorgid0"]);
    assert_eq!(unmade(&planned(&other, &joins).2), vec![(1, "deny".to_owned())]);
    let stays = plan(&["--accept", ACCEPT, "--leave", A, "--close", A]);
    assert_eq!(unmade(&planned(&other, &stays).2), vec![(2, "deny".to_owned())], "what it does besides is made");
}

/// What is advised before a plan, by the policy.
fn advised(world: &World, changes: &[&str]) -> Vec<(String, String)> {
    let (_, _, document) = planned(world, changes);
    let all = document["advice"].as_array().unwrap().iter();
    all.map(|a| (a["policy"].as_str().unwrap().to_owned(), a["message"].as_str().unwrap().to_owned())).collect()
}

fn message<'a>(advice: &'a [(String, String)], policy: &str) -> Option<&'a str> {
    advice.iter().find(|(own, _)| own == policy).map(|(_, message)| message.as_str())
}

/// D12: what no policy of a level allows is not allowed by detaching one.
#[test]
fn where_no_policy_allows_accepting_one_has_to_allow_it() {
    let list = json!([policy(json!([{"Effect": "Allow", "Action": ["s3:*", "organizations:*"], "Resource": "*"}]))]);
    let advice = advised(&becomes(world(), A, "serviceControlPolicies", list), &["--leave", A]);
    let told = message(&advice, "not-allowed-by-any-policy").unwrap();
    assert!(
        told.contains("artifact:AcceptAgreement") && told.contains("have a policy attached there allow it"),
        "{told}"
    );
    assert_eq!(message(&advice, "accepting-is-denied"), None);
    let advice = advised(&bound(world(), deny(&["artifact:AcceptAgreement"])), &["--leave", A]);
    assert_eq!(message(&advice, "not-allowed-by-any-policy"), None);
    let told = message(&advice, "accepting-is-denied").unwrap();
    assert!(told.contains("taken out") && !told.contains("detached"), "R54: {told}");
}

/// D12: whom the condition of a policy spares can accept.
#[test]
fn who_is_spared_by_a_policy_is_named() {
    let spares = json!({"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/legal"}}});
    let nobody = bound(world(), spares);
    let advice = advised(&nobody, &["--leave", A]);
    assert!(
        message(&advice, "accepting-is-denied").is_some() && message(&advice, "denied-to-others-than-those").is_none()
    );
    let role = json!({"uid": "arn:aws:iam::222222222222:role/legal", "attrs": {"policies": [ADMIN]}});
    let advice = advised(&nobody.entity(role), &["--leave", A]);
    assert_eq!(message(&advice, "accepting-is-denied"), None);
    let told = message(&advice, "denied-to-others-than-those").unwrap();
    assert!(told.contains("role legal"), "{told}");
}

/// D16: whether a policy denies is unknown where its condition is about what is not known, or where it is not known where it is attached.
#[test]
fn policies_of_which_it_is_unknown_whether_they_deny_are_named() {
    let perhaps = json!({"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}});
    let advice = advised(&bound(world(), perhaps), &["--leave", A]);
    let told = message(&advice, "perhaps-denied").unwrap();
    assert!(told.contains("Statement[0]") && told.contains("aws:MultiFactorAuthPresent"), "{told}");
    assert_eq!(message(&advice, "accepting-is-denied"), None);
    let unplaced = json!([policy(json!([deny(&["artifact:AcceptAgreement"])]))]);
    let advice = advised(&becomes(world(), ORG, "serviceControlPoliciesUnplaced", unplaced), &["--leave", A]);
    let told = message(&advice, "perhaps-denied").unwrap();
    assert!(told.contains("serviceControlPoliciesUnplaced"), "{told}");
    assert_eq!(message(&advised(&world(), &["--leave", A]), "perhaps-denied"), None);
}

/// D27, D12: an agreement that ends later is terminated and accepted anew before the change, so what denies it then is told.
#[test]
fn what_denies_accepting_anew_before_a_later_loss_is_told() {
    let own = |world: World| world.accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", Some("2027-06-01"));
    let denied = own(bound(world(), deny(&["artifact:AcceptAgreement"])));
    let advice = advised(&denied, &["--leave", A]);
    assert!(message(&advice, "own-agreement-ends-then").is_some());
    assert!(message(&advice, "accepting-is-denied").is_some_and(|told| told.contains("Statement[0]")), "{advice:?}");
    let denied = own(bound(world(), deny(&["artifact:TerminateAgreement"])));
    assert!(message(&advised(&denied, &["--leave", A]), "terminating-is-denied").is_some());
    let free = own(world());
    assert_eq!(message(&advised(&free, &["--leave", A]), "accepting-is-denied"), None);
}

/// D5: from the day on that it is not covered without the change either, it is no loss by the change.
#[test]
fn what_is_uncovered_without_the_change_as_well_is_told() {
    let ends =
        |until: Option<&str>| {
            World::organization()
                .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", until)
                .accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", Some("2027-06-01"))
        };
    let (_, text, document) = planned(&ends(Some("2027-09-01")), &["--leave", A]);
    assert!(
        text.contains("from 2027-06-01 at 00:00 UTC on (from 2027-09-01 at 00:00 UTC on without the change as well)"),
        "{text}"
    );
    let all = document["difference"]["coverage"].as_array().unwrap();
    assert!(all.iter().any(|entry| entry["anywayFrom"] == "2027-09-01T00:00:00Z"), "{all:?}");
    assert!(!planned(&ends(None), &["--leave", A]).1.contains("as well)"));
}

/// D16: policies of which it is not known where they are attached are compared by what they say, not by their places in the list.
#[test]
fn unplaced_policies_are_compared_by_what_they_say() {
    let listing = |attr: &str, actions: &[&str]| {
        let of = |action: &&str| {
            let mut statement = deny(&[action]);
            if attr.starts_with("resource") {
                statement["Principal"] = json!("*");
            }
            policy(json!([statement]))
        };
        let member = json!({"uid": "arn:aws:iam::222222222222:role/legal", "attrs": {"policies": [ADMIN]}});
        becomes(world().entity(member), ORG, attr, json!(actions.iter().map(of).collect::<Vec<_>>()))
    };
    let compared = |base: &World, head: &World| {
        let (base, head) = (base.folder(), head.folder());
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.env("NO_COLOR", "1").env("COLUMNS", "400").arg("diff").args([base.path(), head.path()]);
        let output = command.args(["--at", AT]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (resource, service) = ("resourceControlPoliciesUnplaced", "serviceControlPoliciesUnplaced");
    let base = listing(resource, &["s3:*", "sqs:*"]);
    let text = compared(&base, &listing(resource, &["sqs:*", "s3:*"]));
    assert!(!text.contains("it is not known where"), "another order: {text}");
    let text = compared(&base, &listing(resource, &["s3:*", "sqs:SendMessage"]));
    assert!(text.contains("it is not known where"), "another document under the name: {text}");
    let base = listing(service, &["artifact:AcceptAgreement", "artifact:TerminateAgreement"]);
    let text = compared(&base, &listing(service, &["artifact:AcceptAgreement", "s3:PutObject"]));
    assert!(!text.contains("no request at all is newly allowed"), "another document under the name: {text}");
    let text = compared(&base, &listing(service, &["artifact:TerminateAgreement", "artifact:AcceptAgreement"]));
    assert!(!text.contains("allows requests that it did not allow before"), "another order: {text}");
}
