//! Requests that AWS never receives are errors of `simulate`, and what is not known of a request is unknown: never an allow.

use std::process::{Command, Output};

use crate::common::output_of;
use serde_json::{Value, json};

const AGREEMENT: &str = "arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm";
const USER: &str = "arn:aws:iam::111122223333:user/u";
const ROLE: &str = "arn:aws:iam::111122223333:role/other";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/other/s";

fn run(args: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args);
    output_of(&mut command, stdin.as_bytes())
}

/// The answers to requests, in order.
fn answers(requests: &[Value]) -> Vec<Value> {
    let lines: String = requests.iter().map(|r| format!("{r}\n")).collect();
    let output = run(&["simulate", "--format", "jsonl"], &lines);
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), requests.len(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    answers
}

/// Holds what requests come to against what is right.
fn check(cases: &[(&str, Value, &str)]) {
    let requests: Vec<Value> = cases.iter().map(|(_, request, _)| request.clone()).collect();
    for ((what, request, expected), answer) in cases.iter().zip(answers(&requests)) {
        assert_eq!(answer["decision"], *expected, "{what}: {request}\n{answer}");
        if *expected == "error" {
            assert!(answer["help"].as_str().is_some_and(|h| !h.is_empty()), "{what}: what is to be done: {answer}");
        }
    }
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn all() -> Value {
    json!({"Effect": "Allow", "Action": "*", "Resource": "*"})
}

/// A request of a user who may do everything but what a statement denies.
fn request(action: &str, resource: &str, more: &Value) -> Value {
    let mut request =
        json!({"principal": USER, "action": action, "resource": resource, "identity": [policy(&[all()])]});
    for (field, value) in more.as_object().unwrap() {
        request[field] = value.clone();
    }
    request
}

/// All is allowed, but what is denied under a condition.
fn denied_if(action: &str, condition: Value) -> Value {
    json!([policy(&[all(), json!({"Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition})])])
}

#[test]
fn what_the_principal_determines_cannot_be_given_otherwise() {
    let accept = |principal: &str, context: Value| {
        let identity = denied_if("*", json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/legal"}}));
        request(
            "artifact:AcceptAgreement",
            AGREEMENT,
            &json!({"principal": principal, "context": context, "identity": identity}),
        )
    };
    let arn = |arn: &str| json!({"aws:PrincipalArn": arn});
    let by_name = denied_if("*", json!({"StringNotEquals": {"aws:username": "jane"}}));
    let named = |principal: &str, context: Value| {
        request(
            "artifact:AcceptAgreement",
            AGREEMENT,
            &json!({"principal": principal, "context": context, "identity": by_name}),
        )
    };
    check(&[
        ("a session of another role", accept(SESSION, arn("arn:aws:iam::111122223333:role/legal")), "error"),
        ("another role", accept(ROLE, arn("arn:aws:iam::111122223333:role/legal")), "error"),
        ("of another account", accept(SESSION, arn("arn:aws:iam::999922223333:role/other")), "error"),
        ("its role", accept(SESSION, arn(ROLE)), "explicitDeny"),
        ("its role, with a path", accept(SESSION, arn("arn:aws:iam::111122223333:role/x/other")), "explicitDeny"),
        ("itself", accept(ROLE, arn(ROLE)), "explicitDeny"),
        ("the role that is excepted", accept("arn:aws:iam::111122223333:role/legal", json!({})), "allowed"),
        ("a role has no user name", named(ROLE, json!({"aws:username": "jane"})), "error"),
        ("the name of another user", named(USER, json!({"aws:username": "jane"})), "error"),
        ("its own name", named("arn:aws:iam::111122223333:user/jane", json!({"aws:username": "jane"})), "allowed"),
        ("another account", named(USER, json!({"aws:PrincipalAccount": "444455556666"})), "error"),
        ("another type", named(USER, json!({"aws:PrincipalType": "Account"})), "error"),
        (
            "a service tells for whom it acts, a user does not",
            named(USER, json!({"aws:SourceAccount": "111122223333"})),
            "error",
        ),
    ]);
    let root = |context: Value| {
        request("artifact:ListAgreements", "*", &json!({"principal": "111122223333", "context": context}))
    };
    check(&[
        ("root users have no tags", root(json!({"aws:PrincipalTag/team": "legal"})), "error"),
        ("root users have an organization", root(json!({"aws:PrincipalOrgID": "o-exampleorgid"})), "allowed"),
    ]);
}

#[test]
fn values_are_of_the_types_of_their_keys() {
    let list = |context: Value| {
        let identity = denied_if("s3:ListBucket", json!({"NumericGreaterThan": {"s3:max-keys": "10"}}));
        request("s3:ListBucket", "arn:aws:s3:::b", &json!({"identity": identity, "context": context}))
    };
    let from = |context: Value| {
        let identity = denied_if("*", json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]}}));
        request("s3:ListBucket", "arn:aws:s3:::b", &json!({"identity": identity, "context": context}))
    };
    check(&[
        ("no number", list(json!({"s3:max-keys": "1000x"})), "error"),
        ("a number", list(json!({"s3:max-keys": 1000})), "explicitDeny"),
        ("a small number", list(json!({"s3:max-keys": "5"})), "allowed"),
        ("a list of numbers", list(json!({"s3:max-keys": ["5"]})), "error"),
        ("a key that there is not", list(json!({"s3:max-keyz": "1000"})), "error"),
        ("a service that there is not", list(json!({"foo:bar": "x"})), "error"),
        ("addresses in a list", from(json!({"aws:SourceIp": ["1.2.3.4", "10.0.0.1"]})), "error"),
        ("no address", from(json!({"aws:SourceIp": []})), "error"),
        ("an address", from(json!({"aws:SourceIp": "1.2.3.4"})), "explicitDeny"),
        ("one of ours", from(json!({"aws:SourceIp": "10.0.0.1"})), "allowed"),
        ("a range", from(json!({"aws:SourceIp": "10.0.0.0/8"})), "error"),
        ("a date that is none", from(json!({"aws:CurrentTime": "tomorrow"})), "error"),
    ]);
    let mut unknown = list(json!({"foo:bar": "x", "s3:max-keys": "5"}));
    unknown["contextUnknownKeys"] = json!(true);
    check(&[("a key that is let pass", unknown, "allowed")]);
    for (context, wants) in [
        (&["sts:DurationSeconds=7200s"][..], "sts:DurationSeconds is a number"),
        (&["ec2:IsLaunchTemplateResource=no"], "ec2:IsLaunchTemplateResource is true or false"),
        (&["s3:max-keyz=1000"], "did you mean `s3:max-keys`?"),
        (&["aws:SourceIp=1.2.3.4", "aws:SourceIp=10.0.0.1"], "aws:SourceIp has one value, and 2 are given"),
    ] {
        let pairs = context.iter().flat_map(|pair| ["--context", pair]);
        for command in [
            &[
                "simulate",
                "docs/simulate-sample/nothing.json",
                "--action",
                "s3:ListBucket",
                "--resource",
                "arn:aws:s3:::b",
            ][..],
            &["can", "legal", "accept", "examples/hospital"],
        ] {
            let args: Vec<&str> = command.iter().copied().chain(pairs.clone()).collect();
            let output = run(&args, "");
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{args:?}\n{said}");
            assert!(said.contains(wants), "{args:?}: {said}");
        }
    }
}

#[test]
fn keys_that_hold_lists_hold_them_with_one_value_too() {
    let tagged = |operator: &str| {
        let identity = denied_if("s3:CreateBucket", json!({operator: {"aws:TagKeys": "secret"}}));
        request(
            "s3:CreateBucket",
            "arn:aws:s3:::b",
            &json!({"identity": identity, "context": {"aws:TagKeys": "secret"}}),
        )
    };
    check(&[
        ("an operator for lists", tagged("ForAnyValue:StringEquals"), "explicitDeny"),
        ("an operator for one value", tagged("StringEquals"), "allowed"),
    ]);
}

#[test]
fn an_action_carries_its_own_keys_only() {
    let by_tag: Value = serde_json::from_str(include_str!("data/cases/lint/request-tag.json")).unwrap();
    let accept = |context: Value| {
        request("artifact:AcceptAgreement", AGREEMENT, &json!({"identity": [by_tag], "context": context}))
    };
    let read = |context: Value| {
        let identity = json!([policy(&[json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*",
            "Condition": {"StringEquals": {"s3:prefix": "home/"}}})])]);
        let list = request("s3:ListBucket", "arn:aws:s3:::b", &json!({"identity": identity, "context": context}));
        (request("s3:GetObject", "arn:aws:s3:::b/k", &json!({"identity": identity, "context": context})), list)
    };
    let ((get, list), (get_given, list_given)) = (read(json!({})), read(json!({"s3:prefix": "home/"})));
    check(&[
        ("no tags are accepted", accept(json!({})), "implicitDeny"),
        ("and none can be given", accept(json!({"aws:RequestTag/owner": "legal"})), "error"),
        ("an object has no prefix to list", get, "implicitDeny"),
        ("nor can it be given", get_given, "error"),
        ("a list has", list, "unknown"),
        ("and it can be given", list_given, "allowed"),
    ]);
}

#[test]
fn what_an_action_is_asked_on_is_of_one_partition_and_one_account() {
    let ask = |action: &str, resource: &str| request(action, resource, &json!({"contextIsComplete": true}));
    let of = |principal: &str, more: Value| {
        let mut request = request("artifact:AcceptAgreement", AGREEMENT, &more);
        request["principal"] = json!(principal);
        request
    };
    check(&[
        ("an agreement", ask("artifact:AcceptAgreement", AGREEMENT), "allowed"),
        ("another partition", of("arn:aws-us-gov:iam::111122223333:user/x", json!({})), "error"),
        (
            "the same partition",
            request(
                "artifact:AcceptAgreement",
                "arn:aws-us-gov:artifact:::agreement/agreement-9c1kBcYznTkcpRIm",
                &json!({"principal": "arn:aws-us-gov:iam::111122223333:user/x"}),
            ),
            "allowed",
        ),
        ("no partition", ask("s3:GetObject", "arn:foo:s3:::b/k"), "error"),
        ("no account", of("arn:aws:iam::1:user/x", json!({})), "error"),
        (
            "an acceptance of no account",
            ask("artifact:TerminateAgreement", "arn:aws:artifact:::customer-agreement/x"),
            "error",
        ),
        ("a bucket, and all", ask("s3:ListBucket", "*"), "error"),
        ("a function, and all", ask("lambda:InvokeFunction", "*"), "error"),
        ("instances, and all", ask("ec2:RunInstances", "*"), "error"),
        ("a name that IAM does not take", of("arn:aws:iam::111122223333:user/x${aws:username}", json!({})), "error"),
        ("control characters", of("arn:aws:iam::111122223333:user/\u{1b}[2Jx", json!({})), "error"),
        ("control characters of a resource", ask("s3:GetObject", "arn:aws:s3:::b/\u{1b}[31mk"), "error"),
        (
            "two accounts of a resource",
            request(
                "artifact:TerminateAgreement",
                "arn:aws:artifact::111122223333:customer-agreement/x",
                &json!({"resourceAccount": "444455556666"}),
            ),
            "error",
        ),
    ]);
}

#[test]
fn who_can_never_assume_a_role() {
    let trust = |principal: &str| {
        json!({"principal": principal, "resourcePolicy": policy(&[json!({"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": "111122223333"}})])})
    };
    let assume = |principal: &str| request("sts:AssumeRole", "arn:aws:iam::111122223333:role/r", &trust(principal));
    check(&[
        ("a user", assume(USER), "allowed"),
        ("the root user", assume("arn:aws:iam::111122223333:root"), "error"),
        ("the root user, by its account", assume("111122223333"), "error"),
        ("nobody in particular", assume("*"), "error"),
        ("a federated user", assume("arn:aws:sts::111122223333:federated-user/f"), "error"),
        (
            "an identity provider reads no object",
            request(
                "s3:GetObject",
                "arn:aws:s3:::b/k",
                &json!({"principal": "arn:aws:iam::111122223333:saml-provider/Okta"}),
            ),
            "error",
        ),
    ]);
}

/// A bucket policy with one more statement, and who asks.
fn of_bucket(principal: &str, statement: Value) -> Value {
    let mut request = request("s3:GetObject", "arn:aws:s3:::b/k", &json!({"principal": principal}));
    let open = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"});
    request["resourcePolicy"] = policy(&[open, statement]);
    request["resourceAccount"] = json!("111122223333");
    request["contextIsComplete"] = json!(true);
    request
}

#[test]
fn whom_a_name_is_about_is_unknown_where_no_source_says() {
    let id = "79a59df900b949e5".repeat(4);
    let deny =
        |principal: Value| json!({"Effect": "Deny", "Principal": principal, "Action": "s3:GetObject", "Resource": "*"});
    let canonical = || deny(json!({"CanonicalUser": id}));
    let any_aws = |effect: &str| {
        let mut request = of_bucket("sns.amazonaws.com", deny(json!({"AWS": "*"})));
        request["resourcePolicy"]["Statement"][1]["Effect"] = json!(effect);
        if effect == "Allow" {
            request["resourcePolicy"]["Statement"][0]["Principal"] = json!({"AWS": "111122223333"});
        }
        request
    };
    check(&[
        ("an account may have any canonical id", of_bucket(USER, canonical()), "unknown"),
        ("its root, too", of_bucket("111122223333", canonical()), "unknown"),
        ("a service has no account", of_bucket("sns.amazonaws.com", canonical()), "allowed"),
        ("who has the id", of_bucket(&id, canonical()), "explicitDeny"),
        ("a service denied as any AWS", any_aws("Deny"), "unknown"),
        ("a service allowed as any AWS", any_aws("Allow"), "unknown"),
        ("a user denied as any AWS", of_bucket(USER, deny(json!({"AWS": "*"}))), "explicitDeny"),
        ("nobody denied as any AWS", of_bucket("*", deny(json!({"AWS": "*"}))), "explicitDeny"),
    ]);
}

#[test]
fn control_policies_bind_a_session_of_what_may_be_a_service_linked_role() {
    let session = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForArtifact/x";
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/artifact.amazonaws.com/AWSServiceRoleForArtifact";
    let nothing =
        json!({"Effect": "Deny", "Principal": {"AWS": "444455556666"}, "Action": "s3:PutObject", "Resource": "*"});
    let ask = |principal: &str, role: Option<&str>, levels: Value| {
        let mut request = of_bucket(principal, nothing.clone());
        request["serviceControl"] = levels;
        if let Some(role) = role {
            request["context"] = json!({"aws:PrincipalArn": role});
        }
        request
    };
    let direct = "arn:aws:iam::111122223333:role/AWSServiceRoleForArtifact";
    check(&[
        ("its path is unknown", ask(session, None, json!([[]])), "unknown"),
        ("it is linked", ask(session, Some(linked), json!([[]])), "allowed"),
        ("it is not", ask(session, Some(direct), json!([[]])), "implicitDeny"),
        ("either way", ask(session, None, json!([["p-FullAWSAccess"]])), "allowed"),
        ("the role itself", ask(linked, None, json!([[]])), "allowed"),
        ("another session", ask(SESSION, None, json!([[]])), "implicitDeny"),
    ]);
    let open = answers(&[ask(session, None, json!([[]]))]).remove(0);
    assert_eq!(open["dependsOn"][0]["key"], "aws:PrincipalArn", "{open}");
}

#[test]
fn control_policies_of_resources_only_deny_everyone() {
    let ask = |statement: Value| {
        let mut request = of_bucket(
            USER,
            json!({"Effect": "Deny", "Principal": {"AWS": "444455556666"}, "Action": "s3:PutObject", "Resource": "*"}),
        );
        request["resourceControl"] = json!([["p-RCPFullAWSAccess", policy(&[statement])]]);
        request
    };
    let deny = |element: &str, value: Value| {
        let mut statement = json!({"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"});
        statement[element] = value;
        statement
    };
    let mut all_but = deny("Principal", json!("*"));
    all_but["NotAction"] = all_but["Action"].take();
    all_but.as_object_mut().unwrap().remove("Action");
    check(&[
        ("a denial of everyone", ask(deny("Principal", json!("*"))), "allowed"),
        ("a denial of a user", ask(deny("Principal", json!({"AWS": USER}))), "error"),
        ("a denial of all but a user", ask(deny("NotPrincipal", json!({"AWS": USER}))), "error"),
        ("a denial of all but an action", ask(all_but), "error"),
        ("an allow", ask(json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})), "error"),
    ]);
}

#[test]
fn across_accounts_nothing_grants_where_a_service_has_no_policies() {
    let ask = |action: &str, resource: &str| request(action, resource, &json!({}));
    check(&[
        ("an instance", ask("ec2:StartInstances", "arn:aws:ec2:us-east-1:999988887777:instance/i-1"), "implicitDeny"),
        ("a database", ask("rds:StartDBInstance", "arn:aws:rds:us-east-1:999988887777:db:t"), "implicitDeny"),
        ("its own instance", ask("ec2:StartInstances", "arn:aws:ec2:us-east-1:111122223333:instance/i-1"), "allowed"),
        ("a topic has a policy", ask("sns:Publish", "arn:aws:sns:us-east-1:999988887777:t"), "unknown"),
    ]);
}

/// The sentences that explain an answer are true of it.
#[test]
fn explanations_are_of_what_decides() {
    let text = |request: &Value| {
        let output = run(&["simulate"], &request.to_string().replace(",", ",\n"));
        String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let open = text(&request("sns:Publish", "arn:aws:sns:us-east-1:999988887777:t", &json!({})));
    assert!(open.contains("allowed when it allows it"), "{open}");
    let mut controlled = of_bucket(
        USER,
        json!({"Effect": "Deny", "Principal": {"AWS": "444455556666"}, "Action": "s3:PutObject", "Resource": "*"}),
    );
    controlled["serviceControl"] = json!([[]]);
    let said = text(&controlled);
    assert!(said.contains("serviceControl[0] has to allow it, too, whomever resource names"), "{said}");
    assert!(!said.contains("a role or an account"), "{said}");
}

#[test]
fn policies_that_iam_refuses_decide_nothing() {
    let deny = |statement: Value| {
        let mut denial = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        for (element, value) in statement.as_object().unwrap() {
            denial[element] = value.clone();
        }
        request("artifact:AcceptAgreement", AGREEMENT, &json!({"identity": [policy(&[all(), denial])]}))
    };
    let all_but_nothing = json!({"Effect": "Allow", "NotAction": [], "Resource": "*"});
    check(&[
        ("a resource that is no ARN", deny(json!({"Resource": "artifact"})), "error"),
        ("a zero-width space", deny(json!({"Action": "artifact:Accept\u{200b}Agreement"})), "error"),
        ("a blank at the end", deny(json!({"Action": "artifact:AcceptAgreement "})), "error"),
        ("a Sid with a blank", deny(json!({"Sid": "A b"})), "error"),
        ("a key without prefix", deny(json!({"Condition": {"StringEquals": {"username": "u"}}})), "error"),
        ("an empty key", deny(json!({"Condition": {"StringEquals": {"": "u"}}})), "error"),
        ("a service in part", deny(json!({"Resource": "arn:aws:art*:::agreement/*"})), "error"),
        (
            "all but nothing",
            request("artifact:AcceptAgreement", AGREEMENT, &json!({"identity": [policy(&[all_but_nothing])]})),
            "error",
        ),
        ("what IAM stores", deny(json!({"Sid": "Ab1"})), "explicitDeny"),
    ]);
}
