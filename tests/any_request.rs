//! `can --any`: is there any request by which a principal could do an operation?

use std::collections::BTreeMap;

use crate::common::*;
use countersign_core::assessment::{Filter, Options, assess};
use countersign_core::inventory::Inventory;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Accepting a BAA in a standalone account is asked for `artifact:AcceptAgreement`, and for opening the agreement, which all
/// of these allow.
fn world(statements: Value) -> World {
    let open = json!({"Effect": "Allow", "Action": ["artifact:Get*", "artifact:AcceptNdaForAgreement", "artifact:DownloadAgreement"], "Resource": "*"});
    let mut all = vec![open];
    all.extend(statements.as_array().unwrap().iter().cloned());
    World::new().account(A, json!({}), &[]).user(A, "a", json!([policy(json!(all))]))
}

fn asked(world: &World, any_request: bool, context: &BTreeMap<String, Vec<String>>) -> Value {
    asked_of(&world.load(), any_request, context)
}

fn asked_of(inventory: &Inventory, any_request: bool, context: &BTreeMap<String, Vec<String>>) -> Value {
    let at = at("2026-11-01");
    let filter = Filter { operations: vec!["accept-agreement".to_owned()], ..Filter::default() };
    let options = Options { at, snapshot: at, context: context.clone(), any_request, filter, ..Options::default() };
    let assessment = assess(inventory, &RULES, &options).unwrap_or_else(|f| panic!("{}", words(&f)));
    Answers(serde_json::to_value(assessment).unwrap()).answer(&user(A, "a"), "accept-agreement", "account").clone()
}

fn any(world: &World) -> (String, Value) {
    let answer = asked(world, true, &BTreeMap::new())["anyRequest"].clone();
    (answer["decision"].as_str().unwrap().to_owned(), answer["request"].clone())
}

fn accept(condition: Value) -> Value {
    json!({"Effect": "Allow", "Action": "artifact:AcceptAgreement", "Resource": "*", "Condition": condition})
}

#[test]
fn what_is_assumed_is_open() {
    let region = world(json!([accept(json!({"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}))]));
    assert_eq!(asked(&region, false, &BTreeMap::new())["decision"], "deny");
    assert_eq!(any(&region), ("yes".to_owned(), json!({"aws:RequestedRegion": "eu-central-1"})));
    let later = world(json!([accept(json!({"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}))]));
    assert_eq!(asked(&later, false, &BTreeMap::new())["decision"], "deny");
    assert_eq!(any(&later).0, "yes", "the moment of a request may be any");
}

#[test]
fn what_no_request_passes_is_no() {
    let both = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}, "StringNotEquals": {"aws:SourceVpc": "vpc-1"}});
    assert_eq!(any(&world(json!([accept(both)]))).0, "no");
    let other = json!({"ArnEquals": {"aws:PrincipalArn": user(A, "b")}});
    assert_eq!(any(&world(json!([accept(other)]))).0, "no", "the principal is who it is");
    let active = world(json!([accept(json!({}))])).accepted("Own", "baa", "account", A, "2024-01-01", None);
    assert_eq!(any(&active).0, "no", "the state denies, whatever the request");
}

#[test]
fn what_the_inventory_does_not_tell_is_unknown() {
    let outside =
        World::new().account(A, json!({}), &[]).user(A, "a", json!(["arn:aws:iam::aws:policy/SomethingElse"]));
    assert_eq!(any(&outside).0, "unknown");
    let unknown = world(json!([accept(json!({}))]));
    let mut listed = unknown.clone();
    listed.entities[0]["attrs"] = json!({"agreementsKnown": false});
    assert_eq!(any(&listed).0, "unknown", "it may be active already");
}

/// Over the limit of combinations, what the search can prove is still said.
#[test]
fn too_many_keys() {
    let condition = |i: usize| json!({"StringEquals": {(format!("aws:RequestTag/t{i}")): ["a", "b"], (format!("aws:SourceVpc{i}")): ["a", "b"], (format!("ec2:K{i}")): ["a", "b"]}});
    let statements: Vec<Value> = (0..6).map(|i| accept(condition(i))).collect();
    assert_eq!(any(&world(json!(statements))).0, "unknown");
    let denied = json!({"Effect": "Deny", "Action": "artifact:Accept*", "Resource": "*"});
    let mut refused = statements;
    refused.push(denied);
    assert_eq!(any(&world(json!(refused))).0, "no");
}

const KEYS: [(&str, [&str; 4]); 3] = [
    ("aws:requestedregion", ["us-east-1", "eu-central-1", "eu-west-1", "ap-south-1"]),
    ("aws:multifactorauthpresent", ["true", "false", "", ""]),
    ("aws:sourcevpc", ["vpc-1", "vpc-2", "vpc-3", ""]),
];

fn statement() -> impl Strategy<Value = Value> {
    let operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringEqualsIfExists",
        "StringNotLike",
        "Null",
    ]);
    let condition =
        (operator, 0..3_usize, prop::sample::select(vec!["us-east-1", "eu-*", "vpc-1", "vpc-?", "true", "false"]));
    let action = prop::sample::select(vec!["artifact:AcceptAgreement", "artifact:Accept*", "*"]);
    (prop::bool::ANY, action, prop::collection::vec(condition, 0..3)).prop_map(|(allow, action, conditions)| {
        let mut statement =
            json!({"Effect": if allow { "Allow" } else { "Deny" }, "Action": action, "Resource": "*", "Condition": {}});
        for (operator, key, value) in conditions {
            let value = if operator == "Null" { "true" } else { value };
            statement["Condition"][operator][KEYS[key].0] = json!(value);
        }
        statement
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Where no request is said to pass, none of those tried does; and the request that is told passes.
    #[test]
    fn agrees_with_requests_that_are_tried(statements in prop::collection::vec(statement(), 1..5)) {
        let world = world(json!(statements)).load();
        let any = asked_of(&world, true, &BTreeMap::new())["anyRequest"].clone();
        let (decision, request) = (any["decision"].as_str().unwrap(), &any["request"]);
        let settle = |values: [&str; 3]| {
            let pairs = KEYS.iter().zip(values);
            let one = |v: &str| if v.is_empty() { Vec::new() } else { vec![v.to_owned()] };
            pairs.map(|((k, _), v)| ((*k).to_owned(), one(v))).collect::<BTreeMap<_, _>>()
        };
        let allowed = |context: &BTreeMap<String, Vec<String>>| asked_of(&world, false, context)["decision"] == "allow";
        let mut found = false;
        for region in KEYS[0].1 {
            for mfa in &KEYS[1].1[..3] {
                for vpc in KEYS[2].1 {
                    found = found || allowed(&settle([region, mfa, vpc]));
                }
            }
        }
        prop_assert!(!found || decision == "yes", "{decision} {statements:#?}");
        prop_assert!(decision != "unknown");
        if decision == "yes" {
            let value = |key: &str| {
                let told = request.as_object().unwrap().iter().find(|(k, _)| k.eq_ignore_ascii_case(key));
                told.map(|(_, v)| v.as_str().unwrap().to_owned()).filter(|v| v != "(absent)").unwrap_or_default()
            };
            let values = KEYS.map(|(key, _)| value(key));
            // a class of values is told in words
            if values.iter().all(|v| !v.contains(' ')) {
                let told = request.as_object().unwrap();
                let absent = |key: &str| told.iter().any(|(k, v)| k.eq_ignore_ascii_case(key) && v == "(absent)");
                let mut context = settle([&values[0], &values[1], &values[2]]);
                context.retain(|k, v| !v.is_empty() || absent(k));
                prop_assert!(allowed(&context), "{request} {statements:#?}");
            }
        }
    }
}

/// IAM User Guide, "Principal key values": a user's `aws:userid` is its unique id (AIDA…), that of a role's session the role's unique id
/// (AROA…), a colon and the session's name.
#[test]
fn an_id_is_of_the_form_of_its_principal() {
    let world = |condition: &Value| {
        let statements = json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "artifact:*", "Resource": "*", "Condition": condition}]);
        let attrs = json!({"policies": [policy(statements)]});
        let role = json!({"uid": format!("Role::\"arn:aws:iam::{A}:role/r\""), "attrs": attrs});
        let set = json!({"uid": "PermissionSet::\"arn:aws:sso:::permissionSet/ssoins-1/ps-1\"",
            "attrs": {"name": "Legal", "policies": attrs["policies"], "assignments": [{"user": "IdentityCenterUser::\"u\"", "accounts": [A]}]}});
        let person = json!({"uid": "IdentityCenterUser::\"u\"", "attrs": {"userName": "ann"}});
        World::new()
            .account(A, json!({}), &[])
            .user(A, "u", attrs["policies"].clone())
            .entity(role)
            .entity(person)
            .entity(set)
    };
    let (yes, no, perhaps) = ("allow", "deny", "unknown");
    for (condition, of_user, of_role) in [
        (json!({"StringLike": {"aws:userid": "AIDA*"}}), no, yes),
        (json!({"StringNotLike": {"aws:userid": "AIDA*"}}), yes, no),
        (json!({"StringLike": {"aws:userid": "AROA*"}}), yes, no),
        (json!({"StringLike": {"aws:userid": "*:*"}}), yes, no),
        (json!({"StringNotLike": {"aws:userid": "AROA*:*"}}), no, yes),
        (json!({"StringEquals": {"aws:userid": A}}), yes, yes),
        (json!({"StringLike": {"aws:userid": "ASIA*"}}), yes, yes),
        (json!({"StringLike": {"aws:userid": "AROA*:jane/*"}}), yes, yes),
        (json!({"NumericEquals": {"aws:userid": "1"}}), yes, yes),
        (json!({"StringLike": {"aws:userid": "AROADBQP57FF2AEXAMPLE:*"}}), yes, perhaps),
        (json!({"StringEquals": {"aws:userid": "AIDAJQABLZS4A3QDU576Q"}}), perhaps, yes),
        (json!({"Null": {"aws:userid": "true"}}), yes, yes),
        (json!({"Null": {"aws:TokenIssueTime": "true"}}), perhaps, yes),
        (json!({"Null": {"aws:TokenIssueTime": "false"}}), perhaps, no),
    ] {
        let answers = world(&condition).now();
        let of = |arn: &str| answers.decision(arn, "accept-agreement", "account").to_owned();
        let role = format!("arn:aws:iam::{A}:role/r");
        let set = format!("arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Legal_*");
        assert_eq!([of(&user(A, "u")), of(&role), of(&set)], [of_user, of_role, of_role], "{condition}");
    }
    let user_only = accept(json!({"StringLike": {"aws:userid": "AROA*:*"}}));
    assert_eq!(any(&self::world(json!([user_only]))).0, "no", "no request of a user has the id of a role");
}

/// `o-…/r-…/ou-…/`: the id of the root is that in the ids of the units, or unknown, and no slash stands in it.
#[test]
fn a_path_has_one_root_and_the_units_of_the_account() {
    const DIRECT: &str = "444444444444";
    let (unit, below) = ("ou-cd34-legal001", "ou-cd34-counsel1");
    let world = |units: bool, pattern: &str| {
        let condition = json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": pattern}});
        let grant = || {
            json!([policy(
                json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*", "Condition": condition}])
            )])
        };
        let world = World::new().org(json!({"managementAccount": M, "featureSet": "ALL"}));
        let world = world.account(M, json!({}), &[&format!("Organization::\"{ORG}\"")]);
        let world = world.account(DIRECT, json!({}), &[&format!("Organization::\"{ORG}\"")]).user(DIRECT, "d", grant());
        if !units {
            return world;
        }
        let of =
            |id: &str, parent: String| json!({"uid": format!("OrganizationalUnit::\"{id}\""), "parents": [parent]});
        let world = world.entity(of(unit, format!("Organization::\"{ORG}\"")));
        let world = world.entity(of(below, format!("OrganizationalUnit::\"{unit}\"")));
        world.account(A, json!({}), &[&format!("OrganizationalUnit::\"{below}\"")]).user(A, "u", grant())
    };
    let (yes, no, perhaps) = ("allow", "deny", "unknown");
    for (pattern, direct, within, untold) in [
        ("o-exampleorgid/r-cd34/ou-cd34-legal001/*", no, yes, no),
        ("o-exampleorgid/r-cd34/ou-cd34-legal001/ou-cd34-counsel1/", no, yes, no),
        ("o-exampleorgid/*/ou-cd34-legal001/*", no, yes, no),
        ("o-exampleorgid/r-zz99/*", no, no, perhaps),
        ("o-exampleorgid/r-cd34/*", yes, yes, perhaps),
        ("o-exampleorgid/r-????/", yes, no, perhaps),
        ("o-exampleorgid/r-???/", no, no, no),
        ("o-exampleorgid/r-*/", yes, yes, yes),
        ("o-exampleorgid/*", yes, yes, yes),
        ("o-another0id/*", no, no, no),
    ] {
        let answers = world(true, pattern).now();
        let of = |account: &str, name: &str| answers.decision(&user(account, name), "accept-agreement", "account");
        assert_eq!([of(DIRECT, "d"), of(A, "u")], [direct, within], "{pattern}");
        let alone = world(false, pattern).now();
        assert_eq!(alone.decision(&user(DIRECT, "d"), "accept-agreement", "account"), untold, "{pattern}");
    }
}

/// IAM User Guide, `aws:CalledVia`: who calls directly carries none, and whether a service calls is told by `aws:ViaAWSService`.
#[test]
fn services_are_named_where_one_calls_for_somebody() {
    let via = |condition: Value| world(json!([accept(condition)]));
    let context = |pairs: &[(&str, &str)]| -> BTreeMap<String, Vec<String>> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect()
    };
    let direct = context(&[]);
    let by_service = context(&[("aws:viaawsservice", "true")]);
    let named = context(&[("aws:viaawsservice", "true"), ("aws:calledvia", "cloudformation.amazonaws.com")]);
    let called = json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}});
    let first = json!({"StringEquals": {"aws:CalledViaFirst": "cloudformation.amazonaws.com"}});
    let service = json!({"Bool": {"aws:ViaAWSService": "true"}});
    let neither = json!({"Bool": {"aws:ViaAWSService": "false"}, "Null": {"aws:CalledVia": "false"}});
    for (condition, expected, request) in [
        (called, ["deny", "unknown", "allow"], "yes"),
        (first, ["deny", "unknown", "unknown"], "yes"),
        (service, ["deny", "allow", "allow"], "yes"),
        (neither, ["deny", "deny", "deny"], "no"),
    ] {
        let world = via(condition.clone());
        let of = |context: &BTreeMap<String, Vec<String>>| asked(&world, false, context)["decision"].clone();
        assert_eq!([of(&direct), of(&by_service), of(&named)], expected, "{condition}");
        assert_eq!(any(&world).0, request, "{condition}");
    }
    let denied = world(json!([{"Effect": "Allow", "Action": "artifact:AcceptAgreement", "Resource": "*"},
        {"Effect": "Deny", "Action": "artifact:*", "Resource": "*", "Condition": {"Null": {"aws:CalledVia": "false"}}}]));
    let answer = asked(&denied, false, &direct);
    assert_eq!(answer["decision"], "allow");
    assert!(answer["assuming"].to_string().contains("aws:ViaAWSService is false"), "{answer}");
}
