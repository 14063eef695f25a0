//! Policies of resources, resource control policies and callers of every kind, against the second interpreter (`reference::sides`).

use crate::common::drawn_from;
use countersign_core::problem::SourceFile;
use countersign_core::simulation::request::{Batch, Reader};
use countersign_core::simulation::{SimulatedDecision, Simulator};
use countersign_core::stack;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const HERE: &str = "111122223333";
const THERE: &str = "444455556666";

fn decide(simulator: &Simulator, request: &Value) -> SimulatedDecision {
    let source = SourceFile::new("request", request.to_string());
    match Reader::new(&countersign_core::source::Memory::new(".")).batch(&source).unwrap() {
        Batch::One(asked) => {
            simulator.decide(&asked.question.unwrap_or_else(|e| panic!("{e:?}\n{request:#}"))).unwrap()
        }
        Batch::Many(_) => panic!("one request"),
    }
}

fn decision(answer: &SimulatedDecision) -> Value {
    serde_json::to_value(answer.decision).unwrap()
}

fn callers() -> Vec<Value> {
    vec![
        json!("arn:aws:iam::111122223333:user/jo"),
        json!("arn:aws:iam::444455556666:user/jo"),
        json!("arn:aws:iam::111122223333:role/x/r"),
        json!(["arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:role/x/r"]),
        json!("arn:aws:iam::111122223333:root"),
        json!("arn:aws:iam::444455556666:root"),
        json!("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"),
        json!("sns.amazonaws.com"),
        json!("*"),
        json!("arn:aws:iam::111122223333:saml-provider/Okta"),
    ]
}

fn whom() -> impl Strategy<Value = Value> {
    let aws = prop::sample::subsequence(
        vec![
            "arn:aws:iam::111122223333:user/jo",
            "arn:aws:iam::444455556666:user/jo",
            "arn:aws:iam::111122223333:role/x/r",
            "arn:aws:sts::111122223333:assumed-role/r/s",
            "arn:aws:sts::111122223333:assumed-role/r/t",
            "arn:aws:iam::111122223333:root",
            "111122223333",
            "444455556666",
            "*",
        ],
        1..4,
    );
    let other = prop::sample::select(vec![
        json!("*"),
        json!({"Service": "sns.amazonaws.com"}),
        json!({"Service": ["events.amazonaws.com", "sns.amazonaws.com"], "AWS": "arn:aws:iam::111122223333:root"}),
        json!({"Federated": "arn:aws:iam::111122223333:saml-provider/Okta"}),
        json!({"CanonicalUser": "79a59df900b949e579a59df900b949e579a59df900b949e579a59df900b949e5"}),
    ]);
    prop_oneof![3 => aws.prop_map(|a| json!({"AWS": a})), 1 => other]
}

fn statement(of_resource: bool) -> impl Strategy<Value = Value> {
    let actions =
        prop::sample::select(vec!["*", "*", "s3:*", "kms:Decrypt", "sts:AssumeRole", "s3:GetObject", "sns:*"]);
    let resources = prop::sample::select(vec!["*", "*", "*", "arn:aws:s3:::b/*", "arn:aws:*:*:444455556666:*"]);
    let condition = prop::option::weighted(
        0.25,
        prop::sample::select(vec![
            json!({"StringEquals": {"aws:PrincipalAccount": HERE}}),
            json!({"StringNotEquals": {"aws:ResourceAccount": THERE}}),
            json!({"StringEquals": {"aws:SourceAccount": HERE}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x/*"}}),
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
        ]),
    );
    let trust = prop::bool::weighted(0.3);
    (prop::bool::weighted(0.75), actions, resources, condition, whom(), prop::bool::weighted(0.2), trust).prop_map(
        move |(allow, action, resource, condition, whom, negated, trust)| {
            let mut statement = json!({"Effect": if allow { "Allow" } else { "Deny" }, "Action": action});
            if !(trust && of_resource) {
                statement["Resource"] = json!(resource);
            }
            if of_resource {
                statement[if negated { "NotPrincipal" } else { "Principal" }] = whom;
            }
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn policy(of_resource: bool) -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(of_resource), 0..4)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

pub fn requests() -> impl Strategy<Value = Value> {
    let own = || prop::collection::vec(policy(false), 0..3);
    let some = |weight| prop::option::weighted(weight, own());
    let service_control = prop::option::weighted(0.3, prop::collection::vec(own(), 0..3));
    let controls = prop::collection::vec(policy(true), 0..3);
    let resource_control = prop::option::weighted(0.4, prop::collection::vec(controls, 0..3));
    let asked = prop::sample::select(vec![
        ("s3:GetObject", "arn:aws:s3:::b/k"),
        ("s3:GetObject", "arn:aws:s3:::b/k"),
        ("sns:Publish", "arn:aws:sns:eu-west-1:444455556666:t"),
        ("sns:Publish", "arn:aws:sns:eu-west-1:111122223333:t"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/k"),
        ("sts:AssumeRole", "arn:aws:iam::444455556666:role/z"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/z"),
    ]);
    let account = || prop::option::weighted(0.4, prop::sample::select(vec![HERE, THERE]));
    let source = prop::option::weighted(0.3, prop::sample::select(vec![HERE, THERE]));
    let of_resource = prop::option::weighted(0.8, policy(true));
    let layers = (own(), some(0.3), some(0.3), service_control, resource_control, of_resource);
    (layers, prop::sample::select(callers()), asked, account(), account(), source).prop_map(
        |(
            (identity, boundary, session, scps, rcps, of_resource),
            caller,
            (action, resource),
            account,
            management,
            source,
        )| {
            let mut request = json!({"action": action, "resource": resource, "identity": identity, "context": {},
                "contextIsComplete": true, "principal": caller});
            if let Value::Array(names) = &caller {
                request["principal"] = names[0].clone();
                request["context"]["aws:PrincipalArn"] = names[1].clone();
            }
            let fields = [
                ("boundary", json!(boundary)),
                ("session", json!(session)),
                ("serviceControl", json!(scps)),
                ("resourceControl", json!(rcps)),
                ("resourcePolicy", json!(of_resource)),
                ("managementAccount", json!(management)),
            ];
            for (field, value) in fields.into_iter().filter(|(_, v)| !v.is_null()) {
                request[field] = value;
            }
            // an ARN that names its account is not contradicted
            if let (Some(account), true) = (account, action.starts_with("s3:")) {
                request["resourceAccount"] = json!(account);
            }
            if let (Some(source), "sns.amazonaws.com") = (source, request["principal"].as_str().unwrap()) {
                request["context"]["aws:SourceAccount"] = json!(source);
            }
            request
        },
    )
}

fn cases() -> u32 {
    std::env::var("DIFFERENTIAL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(4000)
}

#[test]
fn both_sides_agree_with_the_reference() {
    let config = Config { cases: cases(), failure_persistence: None, max_shrink_iters: 3000, ..Config::default() };
    let seen = stack::evaluate(|| {
        let seen = std::cell::RefCell::new(std::collections::BTreeMap::new());
        let simulator = Simulator::default();
        let result = TestRunner::new_with_rng(config, drawn_from(11)).run(&requests(), |request| {
            let answer = decide(&simulator, &request);
            let told = decision(&answer).as_str().unwrap().to_owned();
            *seen.borrow_mut().entry((told.clone(), answer.decided_by.clone())).or_insert(0) += 1;
            prop_assert_eq!(told, crate::reference::sides::decide(&request), "{:#}", request);
            Ok(())
        });
        result.unwrap_or_else(|e| panic!("{e}"));
        Ok(seen.into_inner())
    })
    .unwrap();
    // every way of coming to an answer was tried
    for (decision, by) in [
        ("allowed", Some("identity")),
        ("allowed", Some("resource")),
        ("explicitDeny", Some("resource")),
        ("explicitDeny", Some("resourceControl[0]")),
        ("implicitDeny", Some("resource")),
        ("implicitDeny", Some("identity")),
        ("implicitDeny", Some("boundary")),
        ("unknown", None),
    ] {
        let times = seen.get(&(decision.to_owned(), by.map(str::to_owned))).copied().unwrap_or(0);
        assert!(times >= 5, "{decision} by {by:?}: {times} times in {seen:?}");
    }
}

/// A request of a principal of the account whose bucket it is, under these layers.
fn asked(principal: &str, layers: &Value) -> Value {
    let mut request = json!({"principal": principal, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
        "resourceAccount": HERE, "contextIsComplete": true, "identity": []});
    for (layer, policies) in layers.as_object().unwrap() {
        request[layer] = policies.clone();
    }
    request
}

fn told(request: &Value) -> String {
    let answer = stack::evaluate(|| Ok(decide(&Simulator::default(), request))).unwrap();
    decision(&answer).as_str().unwrap().to_owned()
}

fn grant(principal: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"}]})
}

const JO: &str = "arn:aws:iam::111122223333:user/jo";
const ROLE: &str = "arn:aws:iam::111122223333:role/r";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/r/s";

/// The table of the IAM User Guide: which implicit denials a grant to each kind of principal passes, within an account.
#[test]
fn what_a_policy_of_the_resource_grants_past() {
    let with_role = json!({"context": {"aws:PrincipalArn": ROLE}});
    for (principal, named, identity, boundary, session) in [
        (JO, json!({"AWS": JO}), "allowed", "allowed", "allowed"),
        (JO, json!("*"), "allowed", "allowed", "allowed"),
        (JO, json!({"AWS": HERE}), "implicitDeny", "implicitDeny", "implicitDeny"),
        (JO, json!({"AWS": "arn:aws:iam::111122223333:root"}), "implicitDeny", "implicitDeny", "implicitDeny"),
        (ROLE, json!({"AWS": ROLE}), "allowed", "implicitDeny", "implicitDeny"),
        (SESSION, json!({"AWS": ROLE}), "allowed", "implicitDeny", "implicitDeny"),
        (SESSION, json!({"AWS": SESSION}), "allowed", "allowed", "allowed"),
        (SESSION, json!({"AWS": "*"}), "allowed", "allowed", "allowed"),
        (SESSION, json!({"AWS": HERE}), "implicitDeny", "implicitDeny", "implicitDeny"),
        (JO, json!({"AWS": "arn:aws:iam::111122223333:user/other"}), "implicitDeny", "implicitDeny", "implicitDeny"),
        (JO, json!({"Service": "sns.amazonaws.com"}), "implicitDeny", "implicitDeny", "implicitDeny"),
    ] {
        for (layer, expected) in [("identity", identity), ("boundary", boundary), ("session", session)] {
            let mut request = asked(principal, &json!({"resourcePolicy": grant(&named), (layer): []}));
            request["context"] = with_role["context"].clone();
            if principal == JO {
                request["context"] = json!({});
            }
            if layer != "identity" {
                request["identity"] = json!([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]);
            }
            // the identity policies allow what the boundary and the session policy are then silent about
            assert_eq!(told(&request), expected, "{principal} as {named}: silent {layer}");
        }
    }
}

/// Explicit denials and control policies count in any case.
#[test]
fn nothing_is_granted_past_denials_and_control_policies() {
    let deny = json!([{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}]);
    let granted = grant(&json!({"AWS": JO}));
    for (layers, expected) in [
        (json!({}), "allowed"),
        (json!({"identity": deny}), "explicitDeny"),
        (json!({"boundary": deny}), "explicitDeny"),
        (json!({"session": deny}), "explicitDeny"),
        (json!({"serviceControl": [[]]}), "implicitDeny"),
        (json!({"serviceControl": [["p-FullAWSAccess"]]}), "allowed"),
        (json!({"serviceControl": [[]], "managementAccount": HERE}), "allowed"),
        (json!({"resourceControl": [[]]}), "implicitDeny"),
        (json!({"resourceControl": [["p-RCPFullAWSAccess"], ["p-RCPFullAWSAccess"]]}), "allowed"),
        (json!({"resourceControl": [[]], "managementAccount": HERE}), "allowed"),
        (json!({"resourceControl": [[]], "managementAccount": THERE}), "implicitDeny"),
        // AWS does not list SNS
        (
            json!({"resourceControl": [[]], "action": "sns:Publish", "resource": "arn:aws:sns:eu-west-1:111122223333:t"}),
            "allowed",
        ),
    ] {
        let mut request = asked(JO, &layers);
        request["resourcePolicy"] = granted.clone();
        assert_eq!(told(&request), expected, "{layers}");
    }
}

#[test]
fn across_accounts_both_sides_allow() {
    let all = json!([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]);
    let other = "arn:aws:iam::444455556666:user/jo";
    for (named, identity, expected) in [
        (json!({"AWS": other}), json!([]), "implicitDeny"),
        (json!({"AWS": other}), all.clone(), "allowed"),
        (json!({"AWS": THERE}), all.clone(), "allowed"),
        (json!({"AWS": HERE}), all.clone(), "implicitDeny"),
        (json!("*"), all.clone(), "allowed"),
        (json!("*"), json!([]), "implicitDeny"),
    ] {
        let request = asked(other, &json!({"resourcePolicy": grant(&named), "identity": identity}));
        assert_eq!(told(&request), expected, "{named} {identity}");
    }
    // a policy that is not given is unknown; where the service has none, nothing grants
    assert_eq!(told(&asked(other, &json!({"identity": all}))), "unknown");
    let accepted = "arn:aws:artifact::111122223333:customer-agreement/customer-agreement-abcdef0123456789";
    let terminate = json!({"identity": all, "action": "artifact:TerminateAgreement", "resource": accepted});
    assert_eq!(told(&asked(other, &terminate)), "implicitDeny");
    assert_eq!(told(&asked(JO, &terminate)), "allowed");
    // what AWS manages belongs to no other account
    let policy = json!({"identity": all, "action": "iam:GetPolicy", "resource": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "resourceAccount": null});
    assert_eq!(told(&asked(other, &policy)), "allowed");
}

#[test]
fn keys_and_roles_are_granted_by_their_own_policies_only() {
    let all = json!([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]);
    let key = json!({"action": "kms:Decrypt", "resource": "arn:aws:kms:eu-west-1:111122223333:key/k", "identity": all});
    let role = json!({"action": "sts:AssumeRole", "resource": ROLE, "identity": all});
    for asked_of in [key, role] {
        let ask = |policy: Option<Value>, identity: bool| {
            let mut request = asked(JO, &asked_of);
            if let Some(policy) = policy {
                request["resourcePolicy"] = policy;
            }
            if !identity {
                request["identity"] = json!([]);
            }
            told(&request)
        };
        assert_eq!(ask(None, true), "unknown", "{asked_of}");
        assert_eq!(ask(Some(grant(&json!({"Service": "sns.amazonaws.com"}))), true), "implicitDeny");
        assert_eq!(ask(Some(grant(&json!({"AWS": HERE}))), true), "allowed");
        assert_eq!(ask(Some(grant(&json!({"AWS": HERE}))), false), "implicitDeny", "the account delegates");
        assert_eq!(ask(Some(grant(&json!({"AWS": JO}))), false), "allowed");
    }
}

/// Services act under the policy of the resource alone, for the account that they name; so does nobody in particular.
#[test]
fn services_and_anonymous_requests_have_no_policies_of_their_own() {
    let for_account = json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "*",
        "Resource": "*", "Condition": {"StringEquals": {"aws:SourceAccount": HERE}}}]});
    let ask = |principal: &str, policy: &Value, context: Value| {
        let mut request = asked(principal, &json!({"resourcePolicy": policy, "context": context}));
        request.as_object_mut().unwrap().remove("identity");
        told(&request)
    };
    assert_eq!(ask("sns.amazonaws.com", &for_account, json!({"aws:SourceAccount": HERE})), "allowed");
    assert_eq!(ask("sns.amazonaws.com", &for_account, json!({"aws:SourceAccount": THERE})), "implicitDeny");
    assert_eq!(ask("sns.amazonaws.com", &for_account, json!({})), "implicitDeny");
    assert_eq!(ask("events.amazonaws.com", &for_account, json!({"aws:SourceAccount": HERE})), "implicitDeny");
    assert_eq!(ask("*", &grant(&json!("*")), json!({})), "allowed");
    assert_eq!(ask("*", &grant(&json!({"AWS": HERE})), json!({})), "implicitDeny");
    assert_eq!(
        ask("arn:aws:iam::111122223333:root", &grant(&json!({"AWS": THERE})), json!({})),
        "allowed",
        "its own bucket"
    );
    let kept: Value = serde_json::from_str(include_str!("data/cases/principal/kms-two-services.json")).unwrap();
    for (service, expected) in
        [("sns.amazonaws.com", "allowed"), ("events.amazonaws.com", "allowed"), ("s3.amazonaws.com", "implicitDeny")]
    {
        let key = json!({"action": "kms:Decrypt", "resource": "arn:aws:kms:eu-west-1:111122223333:key/k", "resourcePolicy": kept});
        assert_eq!(told(&asked(service, &key)), expected, "{service}");
    }
}

#[test]
fn what_not_principal_excepts() {
    let all = json!([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]);
    let but = |listed: Value| json!({"Statement": [{"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "*", "Resource": "*"}]});
    for (listed, more, expected) in [
        (json!([JO, HERE]), json!({}), "allowed"),
        (json!([JO]), json!({}), "unknown"),
        (json!([HERE]), json!({}), "explicitDeny"),
        (json!([ROLE, HERE]), json!({}), "explicitDeny"),
        // whoever has a boundary is denied, listed or not
        (json!([JO, HERE]), json!({"boundary": all}), "explicitDeny"),
    ] {
        let mut request = asked(JO, &json!({"identity": all, "resourcePolicy": but(listed.clone())}));
        for (field, value) in more.as_object().unwrap() {
            request[field] = value.clone();
        }
        assert_eq!(told(&request), expected, "{listed} {more}");
    }
}

/// A session is named without the path of its role, and a role without the session: what cannot be told is unknown.
#[test]
fn the_role_of_a_session_is_unknown_until_it_is_told() {
    let policy = grant(&json!({"AWS": "arn:aws:iam::111122223333:role/x/r"}));
    let mut request = asked(SESSION, &json!({"resourcePolicy": policy}));
    assert_eq!(told(&request), "unknown");
    request["context"] = json!({"aws:PrincipalArn": "arn:aws:iam::111122223333:role/x/r"});
    assert_eq!(told(&request), "allowed");
    request["context"] = json!({"aws:PrincipalArn": ROLE});
    assert_eq!(told(&request), "implicitDeny");
    let of_session =
        asked("arn:aws:iam::111122223333:role/x/r", &json!({"resourcePolicy": grant(&json!({"AWS": SESSION}))}));
    assert_eq!(told(&of_session), "unknown");
}

/// A provider's people assume the role that trusts it, by the keys of their tokens.
#[test]
fn identity_providers_are_trusted_by_the_keys_of_their_tokens() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:org/app:*"}}}]});
    let ask = |sub: &str| {
        let context = json!({"token.actions.githubusercontent.com:sub": sub});
        told(&asked(
            provider,
            &json!({"action": "sts:AssumeRoleWithWebIdentity", "resource": ROLE, "resourcePolicy": trust, "context": context}),
        ))
    };
    assert_eq!(ask("repo:org/app:ref:refs/heads/main"), "allowed");
    assert_eq!(ask("repo:other/app:ref:refs/heads/main"), "implicitDeny");
}
