//! Guardrails that keep duties apart: whoever may have both, in whichever way, is counted (D31 where that is not known).

use crate::common::*;
use countersign_core::assessment::Options;
use countersign_core::assessments::Assessments;
use countersign_core::guardrails::{By, GuardrailResult, GuardrailState, Guardrails};
use countersign_core::inventory::Inventory;
use serde_json::{Value, json};

/// Who accepts does not terminate, and the other way round: each names the one duty as the action, the other by `context.may`.
const APART: &str = "@id(\"a\") @message(\"terminates, and accepts\")
forbid (principal, action == Artifact::Action::\"may-terminate-agreement\", resource)
when { context.may.contains(\"accept-agreement\") && !(principal is Artifact::Root) };
@id(\"b\") @message(\"accepts, and terminates\")
forbid (principal, action == Artifact::Action::\"may-accept-agreement\", resource)
when { context.may.contains(\"terminate-agreement\") && !(principal is Artifact::Root) };
";

fn outcomes(world: &World) -> [GuardrailResult; 2] {
    let folder = world.clone().file("guardrails/apart.cedar", APART).folder();
    let source = Folder::new(folder.path());
    let inventory = Inventory::load(&source, SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let guardrails = Guardrails::read(&source, &inventory, &SCHEMA).unwrap().unwrap();
    let at = at("2026-11-01");
    let options = Options { at, snapshot: at, ..Options::default() };
    let results = guardrails.check(&Assessments::new(&inventory, &RULES), &options);
    results.unwrap_or_else(|f| panic!("{}", words(&f))).try_into().unwrap()
}

/// What both come to, and no matter which duty a guardrail names first.
fn apart(world: &World) -> GuardrailState {
    let [one, other] = outcomes(world);
    assert_eq!(one.outcome, other.outcome, "{:#?} {:#?}", one.violations, other.violations);
    one.outcome
}

fn may(action: &str) -> Value {
    allows(&["artifact:Get*", "artifact:List*", "artifact:*Nda*", action])
}

fn accepts() -> Value {
    may("artifact:AcceptAgreement")
}

fn terminates() -> Value {
    may("artifact:TerminateAgreement")
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{A}:role/{name}")
}

fn role(name: &str, duty: Value, who: Value) -> Value {
    let action = if who.get("Federated").is_some() { "sts:AssumeRoleWithSAML" } else { "sts:AssumeRole" };
    let trust = policy(json!([{"Effect": "Allow", "Principal": who, "Action": action}]));
    json!({"uid": arn(name), "attrs": {"policies": [duty], "trustPolicy": trust}})
}

fn saml() -> Value {
    json!({"Federated": format!("arn:aws:iam::{A}:saml-provider/Okta")})
}

fn dev() -> Value {
    json!({"AWS": user(A, "dev")})
}

fn assumes(names: &[&str]) -> Value {
    let roles: Vec<String> = names.iter().map(|n| arn(n)).collect();
    policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}]))
}

fn set(name: &str, policies: Value, group: &str, account: &str) -> Value {
    let attrs = json!({"policies": policies, "assignments": [{"group": group, "accounts": [account]}]});
    json!({"uid": format!("PermissionSet::\"{name}\""), "attrs": attrs})
}

fn group(id: &str, attrs: Value) -> Value {
    let mut entity = json!({"uid": format!("IdentityCenterGroup::\"{id}\""), "attrs": attrs});
    entity["attrs"]["displayName"] = json!(id);
    entity
}

fn person(name: &str, groups: &[&str]) -> Value {
    json!({"uid": format!("IdentityCenterUser::\"u-{name}\""), "attrs": {"userName": name}, "parents": groups})
}

fn trusted(role: &str, person: &str) -> String {
    format!("[[trusted]]\nrole = \"{role}\"\npeople = [\"{person}\"]\nreason = \"reviewed\"\n")
}

fn world() -> World {
    World::new().account(A, json!({}), &[])
}

#[test]
fn a_user_and_the_roles_that_it_becomes_are_one() {
    let own = world().user(A, "dev", json!([terminates()]));
    assert_eq!(apart(&own.clone().entity(role("r", accepts(), dev()))), GuardrailState::Violated);
    let two =
        world().user(A, "dev", json!([])).entity(role("q", terminates(), dev())).entity(role("r", accepts(), dev()));
    assert_eq!(apart(&two), GuardrailState::Violated);
    let another = json!({"AWS": user(A, "other")});
    let other = own.user(A, "other", json!([])).entity(role("r", accepts(), another));
    assert_eq!(apart(&other), GuardrailState::Proved, "one terminates, and another accepts");
}

#[test]
fn what_depends_on_the_request_is_perhaps_both() {
    let mfa = policy(json!([{"Effect": "Allow", "Principal": dev(), "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]));
    let guarded = json!({"uid": arn("r"), "attrs": {"policies": [accepts()], "trustPolicy": mfa}});
    assert_eq!(apart(&world().user(A, "dev", json!([terminates()])).entity(guarded)), GuardrailState::Unknown);
}

#[test]
fn a_person_and_the_roles_that_their_permission_sets_become_are_one() {
    let root = |account: &str| json!({"AWS": account});
    let people = |groups: &[&str]| {
        World::new()
            .account(A, json!({}), &[])
            .account(B, json!({}), &[])
            .entity(group("g-one", json!({})))
            .entity(group("g-two", json!({})))
            .entity(person("dara", groups))
            .entity(person("omar", &["g-two"]))
            .entity(person("lena", &["g-one"]))
            .entity(set("One", json!([assumes(&["q"])]), "g-one", B))
            .entity(set("Two", json!([assumes(&["r"])]), "g-two", A))
            .entity(role("q", terminates(), root(B)))
            .entity(role("r", accepts(), root(A)))
    };
    assert_eq!(apart(&people(&["g-one"])), GuardrailState::Proved);
    let both = people(&["g-one", "g-two"]);
    assert_eq!(apart(&both), GuardrailState::Violated);
    let [one, _] = outcomes(&both);
    let who: Vec<&String> = one.violations.iter().flat_map(|v| &v.people).collect();
    assert_eq!(who, ["dara"]);
}

#[test]
fn those_at_two_roles_who_are_not_known_may_be_the_same() {
    let two = world().entity(role("q", terminates(), saml())).entity(role("r", accepts(), saml()));
    assert_eq!(apart(&two), GuardrailState::Unknown);
    // or somebody who is known
    let known = world().user(A, "dev", json!([terminates()])).entity(role("r", accepts(), saml()));
    assert_eq!(apart(&known), GuardrailState::Unknown);
    // a role that does neither tells nothing
    let neither = world().user(A, "dev", json!([terminates()])).entity(role("r", allows(&["s3:*"]), saml()));
    assert_eq!(apart(&neither), GuardrailState::Proved);
    // it is declared who stands there: others than each other, or the same
    let declared =
        |q: &str, r: &str| two.clone().file("countersign.toml", format!("{}{}", trusted("q", q), trusted("r", r)));
    assert_eq!(apart(&declared("lena", "omar")), GuardrailState::Proved);
    assert_eq!(apart(&declared("lena", "lena")), GuardrailState::Violated);
    let by_arn = known.clone().file("countersign.toml", trusted("r", &user(A, "dev")));
    assert_eq!(apart(&by_arn), GuardrailState::Violated);
    // a name alone may be another's
    assert_eq!(apart(&known.file("countersign.toml", trusted("r", "dev"))), GuardrailState::Unknown);
}

#[test]
fn members_of_groups_who_are_not_listed_may_be_in_both() {
    let groups = |attrs: Value| {
        world()
            .entity(group("g-one", attrs.clone()))
            .entity(group("g-two", attrs))
            .entity(person("lena", &["g-one"]))
            .entity(person("omar", &["g-two"]))
            .entity(set("One", json!([terminates()]), "g-one", A))
            .entity(set("Two", json!([accepts()]), "g-two", A))
    };
    assert_eq!(apart(&groups(json!({}))), GuardrailState::Proved);
    assert_eq!(apart(&groups(json!({"membersKnown": false}))), GuardrailState::Unknown);
    // nobody of the groups is named: they may have members in common
    let open = world().entity(group("g-one", json!({}))).entity(group("g-two", json!({}))).entity(set(
        "One",
        json!([terminates()]),
        "g-one",
        A,
    ));
    let apart_or_not = |of: &str| apart(&open.clone().entity(set("Two", json!([accepts()]), of, A)));
    assert_eq!(apart_or_not("g-two"), GuardrailState::Unknown);
    assert_eq!(apart_or_not("g-one"), GuardrailState::Violated);
}

/// A service control policy leaves strangers one of the duties; somebody who is listed has the other.
#[test]
fn those_who_are_not_listed_may_be_somebody_who_is() {
    let scp = policy(json!([{"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": arn("legal")}}},
        {"Effect": "Deny", "Action": "artifact:*", "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}}]));
    let sso = json!({"AWS": format!("arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_One_0123456789abcdef")});
    let of = |known: bool| {
        let attrs = json!({"assignmentsKnown": known, "serviceControlPolicies": ["p-FullAWSAccess", scp.clone()]});
        World::new()
            .org(json!({}))
            .account(M, json!({}), &[ORG])
            .account(A, attrs, &[ORG])
            .entity(group("g-one", json!({})))
            .entity(person("lena", &["g-one"]))
            .entity(set("One", json!([]), "g-one", A))
            .entity(role("legal", accepts(), sso.clone()))
    };
    let result = |known: bool| outcomes(&of(known)).map(|o| o.outcome);
    assert_ne!(result(true), [GuardrailState::Unknown; 2]);
    let [one, other] = outcomes(&of(false));
    assert_eq!([one.outcome, other.outcome], [GuardrailState::Unknown; 2], "{:#?}", other.violations);
    assert!(one.violations.iter().chain(&other.violations).all(|v| v.by != By::Grant));
}
