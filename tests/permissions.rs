//! IAM's statement language lowered to Cedar: operators, patterns, layers, and what is unknown.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::common::*;
use countersign_core::iam::document;
use countersign_core::inventory::Policy;
use countersign_core::permissions::context::{KeyValue, Keys, Request};
use countersign_core::permissions::layer::{Layer, LayerOutcome};
use countersign_core::permissions::lower;
use countersign_core::problem::SourceFile;
use countersign_core::text::json as spanned;
use serde_json::{Value, json};

fn layer(document: &Value) -> Layer {
    let source = SourceFile::new("p.json", document.to_string());
    let node = spanned::parse(&source).unwrap();
    let mut problems = Vec::new();
    let read = document::read(&source, &node, &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    let policy =
        Policy { label: "p.json".into(), document: Arc::new(read), content: document.to_string(), built_in: false };
    Layer::new("identity", "test", ["p".to_owned()], |_| Some(&policy))
}

fn request(action: &str, resource: &str, keys: &[(&str, KeyValue)]) -> Request {
    let segments: Vec<String> = resource.splitn(6, ':').map(str::to_owned).collect();
    Request {
        action: action.to_ascii_lowercase(),
        resource: segments.try_into().ok(),
        keys: keys.iter().map(|(k, v)| (k.to_ascii_lowercase(), v.clone())).collect::<Keys>(),
        decided: BTreeMap::new(),
    }
}

fn one(value: &str) -> KeyValue {
    KeyValue::One(value.to_owned())
}

fn many(values: &[&str]) -> KeyValue {
    KeyValue::Many(values.iter().map(|v| (*v).to_owned()).collect())
}

/// Whether a condition holds, seen through an Allow and through a Deny, which must agree.
fn holds(operator: &str, values: Value, key: Option<KeyValue>) -> bool {
    let keys: Vec<(&str, KeyValue)> =
        key.into_iter().map(|v| ("test:Key", v)).chain([("aws:username", one("jo"))]).collect();
    let condition = json!({operator: {"Test:key": values}});
    let statement =
        |effect| json!({"Effect": effect, "Action": "s3:*", "Resource": "*", "Condition": condition.clone()});
    let request = request("s3:GetObject", "arn:aws:s3:::b/k", &keys);
    let allow = layer(&policy(json!([statement("Allow")]))).decide(&request).unwrap();
    let deny = layer(&policy(json!([statement("Deny")]))).decide(&request).unwrap();
    assert_eq!(
        matches!(allow, LayerOutcome::Allow(_)),
        matches!(deny, LayerOutcome::Deny(_)),
        "{operator} {condition}"
    );
    matches!(allow, LayerOutcome::Allow(_))
}

#[test]
fn operators_on_missing_single_and_multi_valued_keys() {
    let arn = "arn:aws:iam::111122223333:role/a";
    // operator, values of the policy, a value that passes the test, one that does not
    let table = [
        ("String{}Equals", json!(["a", "b"]), "b", "B"),
        ("String{}EqualsIgnoreCase", json!("Ab"), "aB", "abc"),
        ("String{}Like", json!(["a*", "b?c"]), "bxc", "bc"),
        ("Numeric{}Equals", json!("5"), "5.0", "6"),
        ("Date{}Equals", json!("2024-01-01"), "2024-01-01T00:00:00Z", "2024-01-02"),
        ("Arn{}Like", json!("arn:aws:iam::*:role/*"), arn, "arn:aws:iam::1:user/role/a"),
        ("Arn{}Equals", json!(arn), arn, "arn:aws:iam::1:role/a"),
    ];
    for (name, values, passes, fails) in table {
        let positive = name.replace("{}", "");
        let negated = name.replace("{}", "Not");
        for (operator, expected) in [(positive, true), (negated, false)] {
            assert_eq!(holds(&operator, values.clone(), Some(one(passes))), expected, "{operator} {passes}");
            assert_eq!(holds(&operator, values.clone(), Some(one(fails))), !expected, "{operator} {fails}");
            // an absent key fails a positive operator and passes a negated one; IfExists always passes
            assert_eq!(holds(&operator, values.clone(), None), !expected, "{operator} absent");
            assert!(holds(&format!("{operator}IfExists"), values.clone(), None), "{operator}IfExists absent");
            assert_eq!(holds(&format!("{operator}IfExists"), values.clone(), Some(one(passes))), expected);
            // a multi-valued key matches no operator without a set prefix
            assert!(!holds(&operator, values.clone(), Some(many(&[passes]))), "{operator} multi");
        }
    }
    for (operator, values, passes, fails) in [
        ("NumericLessThan", json!("5"), "4.9", "5"),
        ("NumericLessThanEquals", json!("5"), "5", "5.1"),
        ("NumericGreaterThan", json!("-5"), "-4", "-5"),
        ("NumericGreaterThanEquals", json!(5), "5", "4"),
        ("DateLessThan", json!("2024-01-01T00:00:00Z"), "2023-12-31T23:59:59Z", "2024-01-01"),
        ("DateLessThanEquals", json!("2024-01-01"), "1704067200", "1704067201"),
        ("DateGreaterThan", json!("2024-01-01"), "2024-01-01T00:00:01Z", "2024-01-01"),
        ("DateGreaterThanEquals", json!("2024-01-01"), "2024-01-01", "2023-12-31"),
        ("Bool", json!("true"), "TRUE", "false"),
        ("Bool", json!(false), "false", "true"),
        ("BinaryEquals", json!("QmluYXJ5"), "QmluYXJ5", "QmluYXJz"),
        ("IpAddress", json!(["10.0.0.0/8", "2001:db8::/32"]), "10.255.0.1", "11.0.0.1"),
        ("IpAddress", json!("2001:db8::/32"), "2001:db8:1::1", "10.0.0.1"),
        ("NotIpAddress", json!("203.0.113.5/24"), "203.0.114.1", "203.0.113.200"),
    ] {
        assert!(holds(operator, values.clone(), Some(one(passes))), "{operator} {passes}");
        assert!(!holds(operator, values.clone(), Some(one(fails))), "{operator} {fails}");
        assert!(!holds(operator, values.clone(), Some(one("no value of this type"))) || operator.starts_with("Not"));
    }
}

#[test]
fn set_operators() {
    let list = json!(["a", "b"]);
    let rows: [(&str, [bool; 5]); 8] = [
        // absent, empty, ["a"], ["a", "x"], ["x"]
        ("ForAnyValue:StringEquals", [false, false, true, true, false]),
        ("ForAllValues:StringEquals", [true, true, true, false, false]),
        ("ForAnyValue:StringNotEquals", [false, false, false, true, true]),
        ("ForAllValues:StringNotEquals", [true, true, false, false, true]),
        ("ForAnyValue:StringLike", [false, false, true, true, false]),
        ("ForAllValues:StringLike", [true, true, true, false, false]),
        ("ForAnyValue:StringNotLike", [false, false, false, true, true]),
        ("ForAnyValue:StringEqualsIfExists", [true, false, true, true, false]),
    ];
    for (operator, expected) in rows {
        let keys = [None, Some(many(&[])), Some(many(&["a"])), Some(many(&["a", "x"])), Some(many(&["x"]))];
        for (key, expected) in keys.into_iter().zip(expected) {
            assert_eq!(holds(operator, list.clone(), key.clone()), expected, "{operator} {key:?}");
        }
    }
    assert!(holds("ForAllValues:StringLike", json!("a*"), Some(one("ab"))), "one value is a set of one");
    assert!(holds("ForAnyValue:IpAddress", json!("10.0.0.0/8"), Some(many(&["1.1.1.1", "10.0.0.1"]))));
}

#[test]
fn null_asks_for_presence() {
    for (value, absent, present) in [("true", true, false), ("false", false, true)] {
        assert_eq!(holds("Null", json!(value), None), absent);
        assert_eq!(holds("Null", json!(value), Some(one(""))), present, "an empty string is a value");
        assert_eq!(holds("Null", json!(value), Some(many(&[]))), present, "and so is an empty list");
    }
}

/// AWS's policy simulator asks each value of the key whether it is there: without values, `ForAnyValue` fails and `ForAllValues`
/// passes.
#[test]
fn null_with_a_set_operator_asks_each_value() {
    for (operator, value, absent, empty, present) in [
        ("ForAllValues:Null", "false", true, true, true),
        ("ForAllValues:Null", "true", true, true, false),
        ("ForAnyValue:Null", "false", false, false, true),
        ("ForAnyValue:Null", "true", false, false, false),
    ] {
        assert_eq!(holds(operator, json!(value), None), absent, "{operator} {value}");
        assert_eq!(holds(operator, json!(value), Some(many(&[]))), empty, "{operator} {value}");
        assert_eq!(holds(operator, json!(value), Some(one("x"))), present, "{operator} {value}");
        assert_eq!(holds(operator, json!(value), Some(many(&["x", "y"]))), present, "{operator} {value}");
    }
}

#[test]
fn variables_defaults_and_escapes() {
    assert!(holds("StringEquals", json!("${aws:username}"), Some(one("jo"))));
    assert!(!holds("StringEquals", json!("${aws:username}"), Some(one("ann"))));
    assert!(holds("StringNotEquals", json!("${aws:username}"), Some(one("ann"))));
    assert!(holds("StringLike", json!("home/${aws:UserName}/*"), Some(one("home/jo/x"))));
    assert!(holds("StringEquals", json!("${aws:PrincipalTag/team, 'none'}"), Some(one("none"))));
    assert!(
        !holds("StringEquals", json!("${aws:PrincipalTag/team}"), Some(one(""))),
        "a variable without value matches nothing"
    );
    assert!(
        holds("StringLike", json!("a${*}b"), Some(one("a*b")))
            && !holds("StringLike", json!("a${*}b"), Some(one("axb")))
    );
}

fn allowed(document: &Value, action: &str, resource: &str) -> bool {
    matches!(
        layer(document).decide(&request(action, resource, &[("aws:username", one("jo"))])).unwrap(),
        LayerOutcome::Allow(_)
    )
}

#[test]
fn actions_are_matched_without_case_and_resources_by_segment() {
    let object = "arn:aws:s3:::bucket/jo/x:y";
    let with =
        |action: Value, resource: Value| policy(json!([{"Effect": "Allow", "Action": action, "Resource": resource}]));
    for (action, expected) in [
        ("S3:getobject", true),
        ("s3:Get*", true),
        ("s3:Get?bject", true),
        ("*", true),
        ("s3:Put*", false),
        ("s3express:*", false),
    ] {
        assert_eq!(allowed(&with(json!(action), json!("*")), "s3:GetObject", object), expected, "{action}");
    }
    for (resource, expected) in [
        (object, true),
        ("arn:aws:s3:::bucket/*", true),
        ("arn:aws:s3:::bucket/${aws:username}/*", true),
        ("arn:aws:s3:::bucket/jo/?:y", true),
        ("arn:aws:s3:::Bucket/*", false),
        ("arn:aws:s3:*", true),
        ("arn:aws:s3:*:bucket/*", false),
        ("arn:aws:s3", false),
        ("arn:*:*:*:*:*", true),
    ] {
        assert_eq!(allowed(&with(json!("s3:*"), json!(resource)), "s3:GetObject", object), expected, "{resource}");
    }
    let old = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/${aws:username}/*"}});
    assert!(!allowed(&old, "s3:GetObject", object), "without a version there are no variables");
    assert!(allowed(&old, "s3:GetObject", "arn:aws:s3:::bucket/${aws:username}/x"));
}

#[test]
fn not_action_and_not_resource() {
    let document = policy(
        json!([{"Effect": "Allow", "NotAction": ["iam:*", "s3:Delete*"], "NotResource": "arn:aws:s3:::secret/*"}]),
    );
    assert!(allowed(&document, "s3:GetObject", "arn:aws:s3:::bucket/x"));
    assert!(!allowed(&document, "s3:DeleteObject", "arn:aws:s3:::bucket/x"));
    assert!(!allowed(&document, "s3:GetObject", "arn:aws:s3:::secret/x"));
    assert!(!allowed(&document, "iam:GetRole", "arn:aws:iam::111122223333:role/a"));
}

/// T7: an action without resource types is asked on `*`, which only `Resource: "*"` matches.
#[test]
fn actions_without_resources_need_a_star() {
    let with = |resource: &str| policy(json!([{"Effect": "Allow", "Action": "artifact:List*", "Resource": resource}]));
    assert!(allowed(&with("*"), "artifact:ListReports", "*"));
    assert!(!allowed(&with("arn:aws:artifact:*::report/*"), "artifact:ListReports", "*"));
    assert!(!allowed(&with("arn:*"), "artifact:ListReports", "*"));
}

#[test]
fn every_lowered_statement_is_strictly_valid() {
    let mut statements = Vec::new();
    for name in countersign_core::iam::operator::names() {
        let value = match name {
            n if n.starts_with("Numeric") => json!(["1", "2.5"]),
            n if n.starts_with("Date") => json!(["2024-01-01", "86400"]),
            n if n.contains("Ip") => json!(["10.0.0.0/8", "::1"]),
            "Bool" | "Null" => json!("true"),
            "BinaryEquals" => json!("QQ=="),
            n if n.starts_with("Arn") => json!(["arn:aws:iam::*:role/a", "arn:aws:iam::1:role/${aws:username}", "x"]),
            _ => json!(["a", "b*", "c?", "${aws:username}", "\u{e9}\"\\\n"]),
        };
        for prefix in ["", "ForAnyValue:", "ForAllValues:"] {
            for suffix in ["", "IfExists"] {
                if name != "Null" || suffix.is_empty() {
                    let condition = json!({format!("{prefix}{name}{suffix}"): {"a:b": value, "c:d": []}});
                    statements.push(json!({"Effect": "Deny", "NotAction": ["s3:Get*", "s3:?ut"], "Resource": ["arn:aws:s3:::a?", "arn:aws:s3:::b*"], "Condition": condition}));
                }
            }
        }
    }
    let count = statements.len();
    assert!(count > 150);
    let text = policy(Value::Array(statements)).to_string();
    let source = SourceFile::new("p.json", text);
    let mut problems = Vec::new();
    let document = document::read(&source, &spanned::parse(&source).unwrap(), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(document.statements.len(), count);
    for statement in &document.statements {
        let lowered = lower::statement(statement);
        let schema = cedar_policy::Schema::from_json_value(lowered.reads.schema()).unwrap();
        let set: cedar_policy::PolicySet = lowered.text.parse().unwrap_or_else(|e| panic!("{}: {e}", lowered.text));
        let result = cedar_policy::Validator::new(schema).validate(&set, cedar_policy::ValidationMode::Strict);
        assert!(result.validation_passed(), "{}\n{result}", lowered.text);
    }
}

/// Run with the stack that evaluation has: Cedar recurses.
fn on_evaluation_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 * 1024 * 1024).spawn(test).unwrap().join().unwrap();
}

#[test]
fn a_layer_of_5000_statements_denies_what_it_must() {
    on_evaluation_stack(|| {
        let mut statements = vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})];
        statements.extend(
            (0..5000).map(|i| json!({"Effect": "Deny", "Action": "s3:*", "Resource": format!("arn:aws:s3:::b{i}/*")})),
        );
        let layer = layer(&policy(Value::Array(statements)));
        for (bucket, denied) in [(0, true), (4999, true), (5000, false)] {
            let outcome = layer.decide(&request("s3:GetObject", &format!("arn:aws:s3:::b{bucket}/k"), &[])).unwrap();
            assert_eq!(matches!(outcome, LayerOutcome::Deny(_)), denied, "{bucket}");
        }
    });
}

#[test]
fn a_statement_of_5000_alternatives_denies_what_it_must() {
    on_evaluation_stack(|| {
        let resources: Vec<String> = (0..5000).map(|i| format!("arn:aws:s3:::b{i}/*")).collect();
        let values: Vec<String> = (0..5000).map(|i| format!("v{i}*")).collect();
        let document = policy(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:*", "Resource": resources, "Condition": {"StringLike": {"test:Key": values}}}]));
        let layer = layer(&document);
        for (bucket, value, denied) in [(0, "v0", true), (4999, "v4999x", true), (5000, "v1", false), (1, "w", false)] {
            let request = request("s3:GetObject", &format!("arn:aws:s3:::b{bucket}/k"), &[("test:Key", one(value))]);
            assert_eq!(matches!(layer.decide(&request).unwrap(), LayerOutcome::Deny(_)), denied, "{bucket} {value}");
        }
    });
}

const CHAIN: [&str; 4] = [
    "artifact:GetNdaForAgreement",
    "artifact:AcceptNdaForAgreement",
    "artifact:GetAgreement",
    "artifact:AcceptAgreement",
];

fn with_condition(condition: Value) -> World {
    let document = policy(json!([{"Effect": "Allow", "Action": CHAIN, "Resource": "*", "Condition": condition}]));
    World::new().account(A, json!({}), &[]).user(A, "a", json!([document]))
}

fn accepting(world: &World, context: &[(&str, &str)]) -> Value {
    let context = context.iter().map(|(k, v)| ((*k).to_owned(), vec![(*v).to_owned()])).collect();
    let answers = world.assess(&Ask { context, ..Ask::default() });
    answers.answer(&user(A, "a"), "accept-agreement", "account").clone()
}

#[test]
fn what_the_inventory_does_not_determine_is_unknown() {
    let world = with_condition(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
    let answer = accepting(&world, &[]);
    assert_eq!(answer["decision"], "unknown");
    assert_eq!(answer["dependsOn"], json!([{"key": "aws:MultiFactorAuthPresent", "allows": ["true"]}]));
    assert_eq!(answer["message"], json!(null));
    let settled = accepting(&world, &[("aws:multifactorauthpresent", "true")]);
    assert_eq!(settled["decision"], "allow");
    assert!(settled["assuming"].to_string().contains("aws:MultiFactorAuthPresent is true"));
    assert_eq!(accepting(&world, &[("aws:multifactorauthpresent", "false")])["decision"], "deny");
}

/// A value is named that allows by itself; only where several keys are needed together, each one's share.
#[test]
fn the_values_that_would_allow() {
    let conditions =
        [json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}})];
    let statement = |c: &Value| json!({"Effect": "Allow", "Action": CHAIN, "Resource": "*", "Condition": c});
    let either = policy(conditions.iter().map(statement).collect());
    let both = policy(json!([statement(
        &json!({"Bool": conditions[0]["Bool"], "StringEquals": conditions[1]["StringEquals"]})
    )]));
    for document in [either, both] {
        let world = World::new().account(A, json!({}), &[]).user(A, "a", json!([document]));
        let expected = json!([{"key": "aws:MultiFactorAuthPresent", "allows": ["true"]}, {"key": "aws:SourceVpc", "allows": ["vpc-1"]}]);
        assert_eq!(accepting(&world, &[])["dependsOn"], expected);
    }
}

#[test]
fn the_same_answer_for_every_value_is_the_answer() {
    let both = policy(
        json!([{"Effect": "Allow", "Action": CHAIN, "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Effect": "Allow", "Action": CHAIN, "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]),
    );
    let world = World::new().account(A, json!({}), &[]).user(A, "a", json!([both]));
    assert_eq!(accepting(&world, &[])["decision"], "allow");
}

/// A class of values that only two patterns together reach is not overlooked.
#[test]
fn values_that_only_overlapping_patterns_reach_are_tried() {
    let document = policy(json!([{"Effect": "Allow", "Action": CHAIN, "Resource": "*"},
        {"Effect": "Deny", "Action": "artifact:*", "Resource": "*", "Condition":
            {"StringLike": {"aws:UserAgent": "a*"}, "StringNotLikeIfExists": {"aws:UserAgent": "*b"}}},
        {"Effect": "Deny", "Action": "artifact:*", "Resource": "*", "Condition":
            {"StringLike": {"aws:UserAgent": "*c"}, "StringEquals": {"aws:UserAgent": "bc"}}}]));
    let world = World::new().account(A, json!({}), &[]).user(A, "a", json!([document]));
    let answer = accepting(&world, &[]);
    assert_eq!(answer["decision"], "unknown");
    assert_eq!(answer["dependsOn"][0]["key"], "aws:UserAgent");
}

#[test]
fn a_definite_denial_comes_before_what_is_unknown() {
    let world = World::organization().user(A, "a", json!([policy(json!([
        {"Effect": "Allow", "Action": "organizations:DescribeOrganization", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]))]));
    let answers = world.now();
    let answer = answers.answer(&user(A, "a"), "accept-agreement", "organization");
    assert_eq!(answer["decision"], "deny");
    assert!(answer["reason"].as_str().unwrap().contains("only the management account"));
    assert_eq!(answer["dependsOn"][0]["key"], "aws:MultiFactorAuthPresent", "which gate is met first depends on it");
}

#[test]
fn variables_over_what_is_unknown_are_unknown() {
    let world = with_condition(json!({"StringEquals": {"aws:SourceVpc": "${aws:Referer}"}}));
    assert_eq!(accepting(&world, &[])["decision"], "unknown");
    // a source identity is set where a role is assumed: no request of a user carries one
    let none = with_condition(json!({"StringEquals": {"aws:SourceVpc": "${aws:SourceIdentity}"}}));
    assert_eq!(accepting(&none, &[])["decision"], "deny");
    let own = with_condition(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:user/*"}}));
    assert_eq!(accepting(&own, &[])["decision"], "allow");
}

#[test]
fn what_the_inventory_determines_is_filled_in() {
    for (condition, expected) in [
        (json!({"StringEquals": {"aws:PrincipalAccount": A}}), "allow"),
        (json!({"StringEquals": {"aws:username": "a"}}), "allow"),
        (json!({"StringEquals": {"aws:PrincipalType": "User"}}), "allow"),
        (json!({"Null": {"aws:PrincipalTag/team": "true"}}), "allow"),
        (json!({"StringEquals": {"aws:PrincipalOrgID": ORG}}), "deny"),
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2026-10-31"}}), "allow"),
        (json!({"NumericLessThan": {"aws:EpochTime": "1"}}), "deny"),
        (json!({"Bool": {"aws:SecureTransport": "true"}}), "allow"),
        (json!({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}), "allow"),
        (json!({"Bool": {"aws:ViaAWSService": "true"}}), "deny"),
    ] {
        assert_eq!(accepting(&with_condition(condition.clone()), &[])["decision"], expected, "{condition}");
    }
    let assumed = accepting(&with_condition(json!({"Bool": {"aws:SecureTransport": "true"}})), &[]);
    assert!(assumed["assuming"].to_string().contains("aws:SecureTransport is true"));
}

#[test]
fn too_many_combinations_are_said_to_be() {
    let keys: serde_json::Map<String, Value> =
        (0..20).map(|i| (format!("aws:RequestContext{i}"), json!("x"))).collect();
    let answer = accepting(&with_condition(json!({"StringEquals": keys})), &[]);
    assert_eq!(answer["decision"], "unknown");
    assert!(answer["reason"].as_str().unwrap().contains("too many"));
}

#[test]
fn a_managed_policy_outside_the_inventory_makes_its_principals_unknown() {
    let world = World::new().account(A, json!({}), &[]).user(A, "a", json!(["arn:aws:iam::aws:policy/SomethingNew"]));
    let answer = accepting(&world, &[]);
    assert_eq!(answer["decision"], "unknown");
    assert_eq!(answer["dependsOn"][0]["key"], "arn:aws:iam::aws:policy/SomethingNew");
    let beside =
        World::new().account(A, json!({}), &[]).user(A, "a", json!([ADMIN, "arn:aws:iam::aws:policy/SomethingNew"]));
    assert_eq!(accepting(&beside, &[])["decision"], "unknown", "it may deny");
}

#[test]
fn boundaries_groups_and_levels_of_service_control_policies() {
    let group = format!("arn:aws:iam::{A}:group/g");
    let boundary = allows(&["artifact:Get*", "artifact:AcceptNda*"]);
    let scp = |actions: &[&str]| json!({"serviceControlPolicies": [allows(actions)]});
    let build = |boundary: Option<Value>, root_scp: &[&str], unit_scp: &[&str]| {
        let mut attrs = json!({});
        if let Some(boundary) = boundary {
            attrs["permissionsBoundary"] = boundary;
        }
        World::new()
            .org(scp(root_scp))
            .entity(json!({"uid": "ou-ab12-one00001", "attrs": scp(unit_scp), "parents": [ORG]}))
            .account(M, json!({}), &[ORG])
            .account(A, json!({}), &["ou-ab12-one00001"])
            .entity(json!({"uid": group, "attrs": {"policies": [ADMIN]}}))
            .entity(json!({"uid": user(A, "a"), "attrs": attrs, "parents": [group]}))
            .now()
    };
    let decide = |answers: &Answers| answers.decision(&user(A, "a"), "accept-agreement", "account").to_owned();
    assert_eq!(decide(&build(None, &["*"], &["*"])), "allow", "the group's policies count");
    assert_eq!(decide(&build(Some(boundary), &["*"], &["*"])), "deny");
    assert_eq!(decide(&build(None, &["*"], &["s3:*"])), "deny", "each level must allow");
    assert_eq!(decide(&build(None, &["s3:*"], &["*"])), "deny");
    let answers = build(None, &["*"], &["artifact:Get*", "artifact:AcceptNda*"]);
    let answer = answers.answer(&user(A, "a"), "accept-agreement", "account");
    let because = &answer["gates"][0]["because"][0];
    assert_eq!(
        (because["layer"].as_str(), because["of"].as_str()),
        (Some("serviceControl[1]"), Some("ou-ab12-one00001"))
    );
    assert_eq!(answer["gates"].as_array().unwrap().len(), 1);
    assert_eq!(answer["gates"][0]["because"].as_array().unwrap().len(), 1, "one layer, one action: {answer}");
    assert_eq!(decide(&build(None, &["*"], &[])), "deny", "an empty document allows nothing");
}

#[test]
fn permission_sets_and_the_people_behind_them() {
    let world = World::organization()
        .entity(json!({"uid": "ou-ab12-one00001", "parents": [ORG]}))
        .account(B, json!({}), &["ou-ab12-one00001"])
        .entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": {"displayName": "Legal"}}))
        .entity(json!({"uid": "IdentityCenterUser::\"u\"", "attrs": {"userName": "maria"}, "parents": ["g"]}))
        .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": [FULL],
            "assignments": [{"group": "g", "accounts": [M], "organizationalUnits": ["ou-ab12-one00001"]}]}}));
    let answers = world.now();
    for (account, expected) in [(M, "allow"), (B, "deny")] {
        let arn = format!("arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Legal_*");
        assert_eq!(answers.decision(&arn, "accept-agreement", "organization"), expected);
    }
    let provisioned =
        format!("arn:aws:iam::{M}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Legal_0123456789abcdef");
    let merged = world.entity(json!({"uid": provisioned})).now();
    assert_eq!(merged.decision(&provisioned, "accept-agreement", "organization"), "allow");
    let people =
        merged.0["principals"].as_array().unwrap().iter().find(|p| p["principal"] == provisioned.as_str()).unwrap();
    assert_eq!(people["people"], json!([{"userName": "maria", "group": "Legal"}]));
}

/// A customer managed policy of a permission set is each account's own: of an account that does not tell it, unknown.
#[test]
fn customer_managed_policies_of_permission_sets_are_each_accounts_own() {
    let of = |account: &str| format!("arn:aws:iam::{account}:policy/teams/guard");
    let arn =
        |account: &str| format!("arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Legal_*");
    let world = |attrs: Value| {
        let mut set = json!({"policies": [ADMIN], "assignments": [{"user": "u", "accounts": [M, A, B]}]});
        for (key, value) in attrs.as_object().unwrap() {
            set[key] = value.clone();
        }
        let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*"}]));
        World::organization()
            .account(B, json!({}), &[ORG])
            .entity(json!({"uid": "IdentityCenterUser::\"u\"", "attrs": {"userName": "maria"}}))
            .entity(json!({"uid": format!("IamPolicy::\"{}\"", of(M)), "attrs": {"document": deny}}))
            .entity(json!({"uid": format!("IamPolicy::\"{}\"", of(A)), "attrs": {"document": allows(&["*"])}}))
            .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": set}))
            .now()
    };
    for attr in [
        json!({"customerManagedPolicies": ["/teams/guard"]}),
        json!({"customerManagedPolicies": ["teams/guard"]}),
        json!({"customerManagedPermissionsBoundary": "/teams/guard"}),
    ] {
        let answers = world(attr.clone());
        let decisions = [M, A, B].map(|a| answers.decision(&arn(a), "accept-agreement", "account").to_owned());
        assert_eq!(decisions, ["deny", "allow", "unknown"], "{attr}");
    }
}

/// AWS's own policies, and the traps of its examples.
#[test]
fn managed_policies_and_traps_come_out_as_documented() {
    let read_only = "arn:aws:iam::aws:policy/AWSArtifactAgreementsReadOnlyAccess";
    let power = "arn:aws:iam::aws:policy/PowerUserAccess";
    let world = World::new().org(json!({"trustedAccess": false, "serviceRole": false})).account(M, json!({}), &[ORG]);
    let answers =
        world.user(M, "full", json!([FULL])).user(M, "read", json!([read_only])).user(M, "power", json!([power])).now();
    for operation in ["set-up-organization-agreements", "accept-agreement"] {
        assert_eq!(answers.decision(&user(M, "full"), operation, "organization"), "allow");
    }
    assert_eq!(answers.gates(&user(M, "read"), "download-agreement", "account"), ["download-agreement"], "T10");
    assert_eq!(answers.decision(&user(M, "power"), "accept-agreement", "account"), "allow", "T11");

    // T3: GetRole requests do not carry iam:AWSServiceName
    let example = policy(json!([{"Effect": "Allow", "Action": ["iam:CreateServiceLinkedRole", "iam:GetRole"],
        "Resource": "arn:aws:iam::*:role/aws-service-role/artifact.amazonaws.com/AWSServiceRoleForArtifact",
        "Condition": {"StringEquals": {"iam:AWSServiceName": "artifact.amazonaws.com"}}}]));
    let world =
        World::new().org(json!({"serviceRole": false})).account(M, json!({}), &[ORG]).user(M, "a", json!([example]));
    let answers = world.now();
    let answer = answers.answer(&user(M, "a"), "set-up-organization-agreements", "organization");
    let gate = answer["gates"].as_array().unwrap().iter().find(|g| g["id"] == "service-role").unwrap();
    let missing: Vec<_> = gate["because"].as_array().unwrap().iter().map(|b| b["action"].as_str().unwrap()).collect();
    assert!(!missing.contains(&"iam:CreateServiceLinkedRole") && missing.contains(&"iam:GetRole"), "{missing:?}");

    // T15: terminating is a customer-agreement's, accepting an agreement's
    let agreement_only =
        policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "arn:aws:artifact:::agreement/*"}]));
    let world = World::new().account(A, json!({}), &[]).accepted("Own", "baa", "account", A, "2024-01-01", None);
    let answers = world.user(A, "a", json!([agreement_only])).now();
    assert_eq!(answers.decision(&user(A, "a"), "terminate-agreement", "account"), "deny");
    assert_eq!(answers.answer_of(&user(A, "a"), "accept-agreement", "account", "andb")["decision"], "allow");
}

#[test]
fn legacy_names_count_in_the_classic_generation_only() {
    let legacy = "arn:aws:artifact:::agreement/AWS Business Associate Addendum";
    let document = policy(
        json!([{"Effect": "Allow", "Action": ["artifact:DownloadAgreement", "artifact:AcceptAgreement", CHAIN[0], CHAIN[1], CHAIN[2]], "Resource": legacy}]),
    );
    let answers = World::new().account(A, json!({}), &[]).user(A, "a", json!([document])).now();
    let answer = answers.answer(&user(A, "a"), "accept-agreement", "account");
    assert_eq!((&answer["decision"], &answer["restsOn"]), (&json!("allow"), &json!(["classic"])));
    let denied = policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": legacy}]));
    let answers = World::new().account(A, json!({}), &[]).user(A, "a", json!([denied])).now();
    assert_eq!(answers.answer(&user(A, "a"), "accept-agreement", "account")["restsOn"], json!(["fine-grained"]));
}

/// What `lower --merged` prints as one set decides as the layers do together.
#[test]
fn merged_layers_decide_as_the_layers_do() {
    let identity = policy(json!([{"Effect": "Allow", "Action": ["s3:*", "artifact:Get*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "arn:aws:s3:::keep/*"}]));
    let boundary = policy(json!([{"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]));
    let guard =
        policy(json!([{"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::*", "arn:aws:s3:::keep/a?"],
        "Condition": {"StringNotLike": {"aws:UserAgent": "bad*"}}}]));
    let documents = [("identity.json", &identity), ("boundary.json", &boundary), ("guard.json", &guard)];
    let folder = tempfile::tempdir().unwrap();
    let mut reads = countersign_core::permissions::context::Reads::default();
    for (name, document) in documents {
        std::fs::write(folder.path().join(name), document.to_string()).unwrap();
        let source = SourceFile::new(name, document.to_string());
        let read = document::read(&source, &spanned::parse(&source).unwrap(), &mut Vec::new());
        read.statements.iter().for_each(|s| reads.extend(&lower::statement(s).reads));
    }
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["lower", "identity.json", "--boundary", "boundary.json", "--service-control", "guard.json", "--merged"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let merged: cedar_policy::PolicySet = String::from_utf8(output.stdout).unwrap().parse().unwrap();
    let uid = |text: &str| text.parse::<cedar_policy::EntityUid>().unwrap();
    let (mut allowed, mut denied) = (0, 0);
    for action in ["s3:GetObject", "s3:DeleteObject", "s3:PutObject", "artifact:GetReport", "iam:GetRole"] {
        for resource in ["arn:aws:s3:::keep/ab", "arn:aws:s3:::other/x", "arn:aws:artifact:us-east-1::report/r:1", "*"]
        {
            for keys in [
                &[][..],
                &[("aws:securetransport", one("false"))],
                &[("aws:useragent", one("bad/1"))],
                &[("aws:useragent", one("good"))],
            ] {
                let request = request(action, resource, keys);
                let apart =
                    documents.iter().all(|(_, d)| matches!(layer(d).decide(&request).unwrap(), LayerOutcome::Allow(_)));
                let asked = cedar_policy::Request::new(
                    uid("IAM::Principal::\"p\""),
                    uid("IAM::Action::\"call\""),
                    uid("IAM::Resource::\"r\""),
                    reads.context(&request).unwrap(),
                    None,
                );
                let entities = cedar_policy::Entities::empty();
                let response = cedar_policy::Authorizer::new().is_authorized(&asked.unwrap(), &merged, &entities);
                assert_eq!(response.diagnostics().errors().count(), 0);
                assert_eq!(response.decision() == cedar_policy::Decision::Allow, apart, "{action} {resource} {keys:?}");
                if apart { allowed += 1 } else { denied += 1 }
            }
        }
    }
    assert!(allowed > 3 && denied > 3, "{allowed} {denied}");
}
