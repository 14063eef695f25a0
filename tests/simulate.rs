//! `simulate` as its users run it: requests in JSON and on the command line, batches, and AWS's own examples.

use std::process::{Command, Output};

use crate::common::{output_of, schema_validator};
use serde_json::{Value, json};

fn countersign(args: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").arg("simulate").args(args);
    output_of(&mut command, stdin.as_bytes())
}

/// The answers to requests, one a line, each valid against its schema.
fn answers(stdin: &str) -> (Vec<Value>, i32) {
    let output = countersign(&["--format", "jsonl"], stdin);
    let text = String::from_utf8(output.stdout).unwrap();
    let validator = schema_validator("decision.v1.schema.json");
    let answer = |line: &str| {
        let answer: Value = serde_json::from_str(line).unwrap();
        let wrong: Vec<String> =
            validator.iter_errors(&answer).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{line}\n{}", wrong.join("\n"));
        assert!(line.starts_with(r#"{"schema":"countersign/decision/v1","decision":"#), "the first keys: {line}");
        answer
    };
    (text.lines().map(answer).collect(), output.status.code().unwrap())
}

fn answer(request: &Value) -> Value {
    answers(&request.to_string()).0.remove(0)
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

fn get_object(layers: &Value) -> Value {
    let mut request = json!({"principal": "arn:aws:iam::111122223333:user/a", "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k", "contextIsComplete": true, "identity": [allow("s3:*", "*")]});
    for (layer, policies) in layers.as_object().unwrap() {
        request[layer] = policies.clone();
    }
    request
}

#[test]
fn a_layer_that_is_absent_does_not_restrict_and_an_empty_one_allows_nothing() {
    let all = allow("*", "*");
    let none = allow("ec2:*", "*");
    for (layers, decision, by) in [
        (json!({}), "allowed", "identity"),
        (json!({"identity": []}), "implicitDeny", "identity"),
        (json!({"boundary": []}), "implicitDeny", "boundary"),
        (json!({"boundary": null}), "allowed", "identity"),
        (json!({"session": []}), "implicitDeny", "session"),
        (json!({"session": [none.clone()]}), "implicitDeny", "session"),
        (json!({"serviceControl": []}), "allowed", "identity"),
        (json!({"serviceControl": [[all.clone()], []]}), "implicitDeny", "serviceControl[1]"),
        (json!({"serviceControl": [[all.clone()], [none.clone(), all.clone()]]}), "allowed", "identity"),
        (json!({"serviceControl": [["p-FullAWSAccess"], [none]]}), "implicitDeny", "serviceControl[1]"),
    ] {
        let answer = answer(&get_object(&layers));
        assert_eq!((&answer["decision"], &answer["decidedBy"]), (&json!(decision), &json!(by)), "{layers}");
    }
    let deny = json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}});
    let answer = answer(&get_object(&json!({"boundary": [all, deny], "session": []})));
    assert_eq!((&answer["decision"], &answer["decidedBy"]), (&json!("explicitDeny"), &json!("boundary")));
}

#[test]
fn service_control_policies_do_not_bind_service_linked_roles() {
    let role = "arn:aws:iam::111122223333:role/aws-service-role/artifact.amazonaws.com/AWSServiceRoleForArtifact";
    let answer = answer(&get_object(&json!({"principal": role, "serviceControl": [[]]})));
    assert_eq!(answer["decision"], "allowed");
    assert!(answer["warnings"][0].as_str().unwrap().contains("service-linked"));
}

#[test]
fn only_a_star_matches_actions_without_resources() {
    let list = |resource: &str| {
        json!({"action": "artifact:ListReports", "resource": "*", "contextIsComplete": true,
            "identity": [allow("artifact:List*", resource)]})
    };
    assert_eq!(answer(&list("*"))["decision"], "allowed");
    assert_eq!(answer(&list("arn:aws:artifact:*:*:*"))["decision"], "implicitDeny");
    assert_eq!(answer(&list("arn:*"))["decision"], "implicitDeny");
}

#[test]
fn each_statement_says_what_matched_and_what_did_not() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*", "Condition": {
            "StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}},
        {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]});
    let request = get_object(&json!({"identity": [policy], "context": {
        "aws:principaltag/Team": "a", "aws:MultiFactorAuthAge": 4000, "aws:CalledVia": ["x"]}}));
    let answer = answer(&request);
    assert_eq!(answer["decision"], "implicitDeny");
    let [read, deny] = &answer["statements"].as_array().unwrap()[..] else { panic!("{answer}") };
    assert_eq!(
        (&read["sid"], &read["applies"], &read["action"]["matches"]),
        (&json!("Read"), &json!(false), &json!(true))
    );
    let conditions = read["conditions"].as_array().unwrap();
    assert_eq!(conditions[0]["matches"], true, "{conditions:?}");
    assert_eq!(conditions[1]["matches"], false);
    assert_eq!(conditions[1]["because"], "aws:MultiFactorAuthAge is \"4000\"");
    assert_eq!((&deny["action"]["element"], &deny["action"]["matches"]), (&json!("NotAction"), &json!(false)));
}

#[test]
fn what_is_not_given_is_unknown_unless_the_context_is_complete() {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]});
    let ask = |complete: bool, context: Value| {
        answer(&get_object(&json!({"identity": [policy.clone()], "contextIsComplete": complete, "context": context})))
    };
    let open = ask(false, json!({}));
    assert_eq!(open["decision"], "unknown");
    assert_eq!(open["dependsOn"], json!([{"key": "aws:MultiFactorAuthPresent", "allows": ["true"]}]));
    assert_eq!(open["decidedBy"], Value::Null);
    assert_eq!(ask(true, json!({}))["decision"], "implicitDeny");
    assert_eq!(ask(false, json!({"aws:MultiFactorAuthPresent": true}))["decision"], "allowed");
    // a request carries one value of this key: a list of them is a slip, which would pass a denial
    assert_eq!(ask(false, json!({"aws:MultiFactorAuthPresent": ["true"]}))["decision"], "error", "a list");
    // only whether the denial is explicit is unknown
    let deny = json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}}});
    let denied = answer(&get_object(&json!({"identity": [deny], "contextIsComplete": false})));
    assert_eq!((&denied["decision"], &denied["deniedInAnyCase"]), (&json!("unknown"), &json!(true)));
    // a variable that cannot lead to the resource changes nothing
    let home = answer(&get_object(
        &json!({"identity": [allow("s3:*", "arn:aws:s3:::home/${aws:username}")], "contextIsComplete": false}),
    ));
    assert_eq!(home["decision"], "implicitDeny");
}

#[test]
fn a_batch_has_one_line_a_request_and_an_invalid_one_is_an_error() {
    let good = get_object(&json!({}));
    let denied = get_object(&json!({"identity": []}));
    let lines = format!("{good}\n{{\"action\": oops\n\n{denied}\n{{\"action\":\"s3:GetObject\"}}\n");
    let (answers, code) = self::answers(&lines);
    let decisions: Vec<&Value> = answers.iter().map(|a| &a["decision"]).collect();
    assert_eq!(decisions, ["allowed", "error", "implicitDeny", "error"]);
    assert_eq!(code, 2);
    assert!(answers[1]["place"].as_str().unwrap().contains("line 2"), "{}", answers[1]);
    assert_eq!(answers[3]["error"], "this request has no `resource`");
    let (array, code) = self::answers(&json!([good, denied]).to_string());
    assert_eq!((array.len(), code), (2, 1));
    assert_eq!(self::answers(&json!([good]).to_string()).1, 0);
    let (wrong, code) = self::answers(r#"{"action": "s3:GetObject"}"#);
    assert_eq!((&wrong[0]["decision"], code), (&json!("error"), 2), "lines were asked for");
    for (text, expected) in [("[]", 3), ("", 3), ("{", 2), ("3", 2), (r#"{"action": "s3:GetObject"}"#, 2)] {
        assert_eq!(countersign(&[], text).status.code(), Some(expected), "{text}");
    }
}

#[test]
fn wrong_requests_have_their_place_and_what_to_do() {
    for (wrong, message, help) in [
        (json!({"acton": 1}), "a request has no `acton`", "did you mean `action`?"),
        (json!({"action": "GetObject"}), "`GetObject` is not a valid action", "in full"),
        (json!({"action": "s3:*"}), "`s3:*` is not a valid action", "in full"),
        (json!({"resource": "b/k"}), "`b/k` is not a valid resource", "an ARN"),
        (json!({"identity": {}}), "`identity` must be a list of policies", "write [ … ]"),
        (json!({"identity": [3]}), "a policy must be a document or the path of one", "a path"),
        (json!({"identity": ["no/such.json"]}), "there is no policy document no/such.json", "relative"),
        (json!({"identity": [{"Statement": {"Effect": "Allow"}}]}), "neither `Action` nor `NotAction`", "add"),
        (json!({"serviceControl": [{}]}), "`serviceControl[0]` must be a list of policies", "write [ … ]"),
        (json!({"context": {"aws:x": {}}}), "the value of a key must be a string", "write null"),
        (json!({"context": {"aws:x": "1", "AWS:X": "2"}}), "is given twice", "keep one"),
        (json!({"contextIsComplete": "yes"}), "`contextIsComplete` must be true or false", "true or false"),
    ] {
        let output = countersign(&[], &get_object(&wrong).to_string());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(output.stdout.is_empty() && text.contains(message) && text.contains(help), "{wrong}\n{text}");
        assert!(text.contains("stdin:1:"), "{text}");
    }
}

#[test]
fn an_id_is_ignored_with_a_warning() {
    let policy = json!({"Version": "2012-10-17", "Id": "x",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let answer = answer(&get_object(&json!({"identity": [policy]})));
    assert_eq!((&answer["decision"], answer["warnings"].as_array().unwrap().len()), (&json!("allowed"), 1));
}

/// What AWS does not store decides nothing (D29).
#[test]
fn what_aws_does_not_store_is_an_error() {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let with = |key: &str, value: Value| {
        let mut statement = statement.clone();
        statement[key] = value;
        statement
    };
    for (statements, message) in [
        (json!([with("Principal", json!("*"))]), "`Principal` is in a policy of identities, where AWS rejects it"),
        (json!([with("Action", json!(["s3:*", "*:GetObject"]))]), "has a wildcard in its service prefix"),
        (json!([with("Sid", json!("A")), with("Sid", json!("A"))]), "the `Sid` A appears twice"),
        (json!([with("Resource", json!([]))]), "`Resource` is an empty list"),
    ] {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let output = countersign(&[], &get_object(&json!({"identity": [policy]})).to_string());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{policy}");
        assert!(output.stdout.is_empty() && text.contains(message) && text.contains("stdin:1:"), "{policy}\n{text}");
    }
}

/// Every request carries the time, the transport, the Region and the agent, and every signed one an id; only services carry the names of
/// services, and only sessions of roles a source identity.
#[test]
fn what_every_request_carries_need_not_be_told() {
    let user = "arn:aws:iam::111122223333:user/a";
    let role = "arn:aws:iam::111122223333:role/r";
    for (principal, key, there) in [
        (user, "aws:CurrentTime", Some(true)),
        (role, "aws:EpochTime", Some(true)),
        (user, "aws:SecureTransport", Some(true)),
        (user, "aws:RequestedRegion", Some(true)),
        (role, "aws:UserAgent", Some(true)),
        (user, "aws:userid", Some(true)),
        (role, "aws:userid", Some(true)),
        (user, "aws:PrincipalServiceNamesList", Some(false)),
        (role, "aws:PrincipalServiceNamesList", Some(false)),
        (user, "aws:SourceIdentity", Some(false)),
        (role, "aws:SourceIdentity", None),
        (user, "aws:SourceIp", None),
        (user, "aws:MultiFactorAuthAge", None),
    ] {
        for (absent, allowed) in [("false", Some(true)), ("true", Some(false))] {
            let policy = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Null": {key: absent}}}]});
            let question = json!({"principal": principal, "action": "s3:ListBucket", "resource": "arn:aws:s3:::e",
                "resourceAccount": "111122223333", "identity": [policy]});
            let expected = match there {
                None => "unknown",
                there if there == allowed => "allowed",
                _ => "implicitDeny",
            };
            assert_eq!(answer(&question)["decision"], expected, "{principal} {key} {absent}");
        }
    }
    // what cannot be absent is not said to be
    for (key, told) in [("aws:CurrentTime", "every request carries aws:CurrentTime"), ("aws:userid", "it has one")] {
        let question = json!({"principal": user, "action": "s3:ListBucket", "resource": "arn:aws:s3:::e",
            "resourceAccount": "111122223333", "identity": [allow("*", "*")], "context": {key: null}});
        let output = countersign(&[], &question.to_string());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && text.contains(told), "{key}: {text}");
    }
    // that it is there says nothing of its value
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]});
    let question = json!({"principal": user, "action": "s3:ListBucket", "resource": "arn:aws:s3:::e",
        "resourceAccount": "111122223333", "identity": [policy]});
    let open = answer(&question);
    assert_eq!((&open["decision"], &open["dependsOn"][0]["key"]), (&json!("unknown"), &json!("aws:SecureTransport")));
}

/// What an answer prints as what a key would have to be is a value of that key, whatever its type, and has the answer that it promised.
#[test]
fn any_value_of_a_key_is_one_that_the_key_can_have() {
    for key in [
        "aws:MultiFactorAuthAge",
        "aws:TokenIssueTime",
        "aws:SourceIp",
        "aws:VpcSourceIp",
        "aws:ViaAWSService",
        "aws:SourceVpce",
        "aws:PrincipalTag/team",
        "s3:max-keys",
    ] {
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Null": {key: "false"}}}]});
        let question = |context: Value| {
            json!({"principal": "arn:aws:iam::111122223333:user/r", "action": "s3:ListBucket", "resource": "arn:aws:s3:::e",
                "resourceAccount": "111122223333", "identity": [policy], "context": context})
        };
        let open = answer(&question(json!({})));
        let allows = open["dependsOn"][0]["allows"][0].as_str().unwrap_or_else(|| panic!("{open}"));
        let file = crate::common::folder(&[("p.json", policy.to_string())]);
        let path = file.path().join("p.json");
        let given = format!("{key}={allows}");
        let arguments = [
            "--principal",
            "arn:aws:iam::111122223333:user/r",
            "--action",
            "s3:ListBucket",
            "--resource",
            "arn:aws:s3:::e",
            "--resource-account",
            "111122223333",
            "--context",
            &given,
            path.to_str().unwrap(),
        ];
        let output = countersign(&arguments, "");
        assert_eq!(output.status.code(), Some(0), "{given}: {}", String::from_utf8_lossy(&output.stderr));
        // null is the absent key
        assert_eq!(answer(&question(json!({key: null})))["decision"], "implicitDeny", "{key}");
    }
}

#[test]
fn a_list_is_given_as_it_is_printed() {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}, "Null": {"aws:TagKeys": "false"}}}]});
    let file = crate::common::folder(&[("p.json", policy.to_string())]);
    let path = file.path().join("p.json");
    let run = |context: &str| {
        let arguments = [
            "--principal",
            "arn:aws:iam::111122223333:user/dev",
            "--action",
            "ec2:CreateTags",
            "--resource",
            "arn:aws:ec2:eu-central-1:111122223333:instance/i-1",
            "--context",
            context,
            path.to_str().unwrap(),
        ];
        countersign(&arguments, "").status.code()
    };
    assert_eq!((run(r#"aws:TagKeys=["a","b"]"#), run(r#"aws:TagKeys=["a","c"]"#)), (Some(0), Some(1)));
}

#[test]
fn policies_are_files_on_the_command_line() {
    let policy = "examples/clinic/iam/accept-with-mfa.json";
    let accept = [
        "--action",
        "artifact:AcceptAgreement",
        "--resource",
        "arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm",
    ];
    let run = |more: &[&str]| countersign(&[&accept[..], more].concat(), "").status.code().unwrap();
    assert_eq!(run(&[policy]), 1, "multi-factor authentication is unknown");
    assert_eq!(run(&[policy, "--context", "aws:MultiFactorAuthPresent=true"]), 0);
    assert_eq!(run(&[policy, "--context", "aws:MultiFactorAuthPresent="]), 1);
    assert_eq!(run(&["arn:aws:iam::aws:policy/AWSArtifactAgreementsFullAccess", "--context-is-complete"]), 0);
    let boundary = ["--boundary", "examples/hospital/iam/read-only-boundary.json", "--context-is-complete"];
    assert_eq!(run(&[&["arn:aws:iam::aws:policy/AdministratorAccess"][..], &boundary[..]].concat()), 1);
    let denied = countersign(
        &[
            &accept[..],
            &[
                "arn:aws:iam::aws:policy/AdministratorAccess",
                "--service-control",
                "p-FullAWSAccess,examples/hospital/scps/no-agreements-by-members.json",
            ],
        ]
        .concat(),
        "",
    );
    let text = String::from_utf8(denied.stdout).unwrap();
    assert!(text.starts_with("explicitly denied") && text.contains("because  serviceControl[0] denies it"), "{text}");
    assert_eq!(run(&[]), 2, "under no policies");
    assert_eq!(countersign(&["--action", "s3:GetObject"], "").status.code(), Some(2));
    assert_eq!(countersign(&["--context", "a=b"], "").status.code(), Some(2));
}

/// A role that a denial excepts by its ARN is excepted, whatever else is given of the request; no other is.
#[test]
fn a_principal_tells_its_own_arn() {
    let asked = |principal: &str, more: &[&str]| {
        let arguments = [
            "--action",
            "artifact:AcceptAgreement",
            "--resource",
            "arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm",
            "--principal",
            principal,
            "tests/data/cases/principal/exempt-role.json",
        ];
        countersign(&[&arguments[..], more].concat(), "").status.code().unwrap()
    };
    for more in [&[][..], &["--context-is-complete"]] {
        assert_eq!(asked("arn:aws:iam::111122223333:role/legal", more), 0, "{more:?}");
        assert_eq!(asked("arn:aws:iam::111122223333:role/other", more), 1, "{more:?}");
    }
}

/// The traps of AWS's own documentation that are about IAM alone.
#[test]
fn published_policies_come_out_as_documented() {
    let ask = |policy: &Value, action: &str, resource: &str, context: Value| {
        let request = json!({"action": action, "resource": resource, "contextIsComplete": true, "identity": [policy], "context": context});
        answer(&request)["decision"].as_str().unwrap().to_owned()
    };
    let full = json!("arn:aws:iam::aws:policy/AWSArtifactAgreementsFullAccess");
    let read = json!("arn:aws:iam::aws:policy/AWSArtifactAgreementsReadOnlyAccess");
    let offer = "arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm";
    let accepted = "arn:aws:artifact::111122223333:customer-agreement/customer-agreement-abcdef0123456789";
    let role = "arn:aws:iam::111122223333:role/aws-service-role/artifact.amazonaws.com/AWSServiceRoleForArtifact";
    for (action, resource, context) in [
        ("artifact:AcceptAgreement", offer, json!({})),
        ("artifact:TerminateAgreement", accepted, json!({})),
        ("iam:GetRole", role, json!({})),
        ("iam:CreateServiceLinkedRole", role, json!({"iam:AWSServiceName": "artifact.amazonaws.com"})),
        (
            "organizations:EnableAWSServiceAccess",
            "*",
            json!({"organizations:ServicePrincipal": "aws-artifact-account-sync.amazonaws.com"}),
        ),
    ] {
        assert_eq!(ask(&full, action, resource, context.clone()), "allowed", "{action}");
        let expected = if action == "iam:GetRole" { "allowed" } else { "implicitDeny" };
        assert_eq!(ask(&read, action, resource, context), expected, "read only: {action}");
    }
    assert_eq!(ask(&read, "artifact:GetAgreement", offer, json!({})), "implicitDeny", "T10");
    // T15: an agreement that is offered is not one that can be terminated
    assert_eq!(ask(&full, "artifact:TerminateAgreement", offer, json!({})), "error", "T15");
    // T3: GetRole carries no iam:AWSServiceName
    let t3 = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:GetRole", "iam:CreateServiceLinkedRole"],
        "Resource": "*", "Condition": {"StringEquals": {"iam:AWSServiceName": "artifact.amazonaws.com"}}}]});
    assert_eq!(ask(&t3, "iam:GetRole", role, json!({})), "implicitDeny");
    // T6: a list of versions carries no report keys; T7: it has no resource either
    let t6 = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["artifact:GetReport", "artifact:ListReportVersions"],
        "Resource": "*", "Condition": {"StringEquals": {"artifact:ReportSeries": "SOC"}}}]});
    assert_eq!(ask(&t6, "artifact:ListReportVersions", "*", json!({})), "implicitDeny");
    let report = "arn:aws:artifact:us-east-1::report/report-bqhUJF3FrQZsMJpb:1";
    assert_eq!(ask(&t6, "artifact:GetReport", report, json!({"artifact:ReportSeries": "SOC"})), "allowed");
    assert_eq!(
        ask(&allow("artifact:List*", "arn:aws:artifact:us-east-1::report/*"), "artifact:ListReports", "*", json!({})),
        "implicitDeny"
    );
    // T8: the resource part of a report holds a colon
    assert_eq!(
        ask(&allow("artifact:*", "arn:aws:artifact:us-east-1::report/*"), "artifact:GetReport", report, json!({})),
        "allowed"
    );
    assert_eq!(
        ask(
            &allow("artifact:*", "arn:aws:artifact:us-east-1::report/report-bqhUJF3FrQZsMJpb"),
            "artifact:GetReport",
            report,
            json!({})
        ),
        "implicitDeny"
    );
}

/// More combinations than are tried: what is certain of each statement by itself is still certain.
#[test]
fn too_many_unknown_keys_leave_certain_what_is_certain() {
    let keys = |operator: &str| -> Value {
        (0..8).map(|i| (format!("test:Key{i}"), json!(["a", "b"]))).collect::<serde_json::Map<_, _>>().into_iter().fold(
            json!({operator: {}}),
            |mut block, (key, values)| {
                block[operator][key] = values;
                block
            },
        )
    };
    let many = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": keys("StringEquals")});
    let ask = |statements: Value| {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        answer(&get_object(&json!({"identity": [policy], "contextIsComplete": false})))
    };
    let plain = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"});
    let elsewhere = json!({"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": keys("StringEquals")});
    let open = ask(json!([many]));
    assert_eq!(open["decision"], "unknown");
    assert_eq!(open["dependsOn"].as_array().unwrap().len(), 8, "{open}");
    assert_eq!(ask(json!([many, plain]))["decision"], "allowed");
    assert_eq!(ask(json!([many, plain, elsewhere]))["decision"], "allowed");
    let denied = ask(json!([many, plain, deny]));
    assert_eq!((&denied["decision"], &denied["decidedBy"]), (&json!("explicitDeny"), &json!("identity")));
    let maybe = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": keys("StringLike")});
    assert_eq!(ask(json!([plain, maybe]))["decision"], "unknown");
    // no combination allows what no statement is about
    let other = json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::other/*", "Condition": keys("StringEquals")});
    assert_eq!(ask(json!([other]))["decision"], "implicitDeny");
}

/// A policy of AWS's that is not built in may deny, explicitly: then the kind of a denial is not known either.
#[test]
fn a_policy_that_is_not_told_may_deny() {
    let answer = answer(&get_object(&json!({"identity": [], "boundary": ["arn:aws:iam::aws:policy/Unheard"]})));
    assert_eq!((&answer["decision"], &answer["deniedInAnyCase"]), (&json!("unknown"), &json!(true)));
    assert_eq!(answer["dependsOn"][0]["key"], "arn:aws:iam::aws:policy/Unheard");
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    for (wrong, message, help) in [
        (
            json!({"action": "s3:ListBucket"}),
            "s3:ListBucket is never asked on arn:aws:s3:::b/k",
            "arn:*:s3:::${BucketName}",
        ),
        (
            json!({"action": "artifact:ListAgreements"}),
            "artifact:ListAgreements is never asked on arn:aws:s3:::b/k",
            "asked on *",
        ),
        (json!({"action": "iam:PassRole", "resource": "*"}), "iam:PassRole is never asked on *", "role/"),
        (json!({"principal": "jo"}), "`jo` is not a principal", "an ARN such as"),
        (json!({"principal": "arn:aws:iam::111122223333:group/a"}), "a group does not ask", "an ARN such as"),
        (json!({"principal": null, "resourcePolicy": {"Statement": []}}), "the request has no principal", "anonymous"),
        (json!({"resourceAccount": "1"}), "`1` is not an account", "12 digits"),
        (json!({"resourcePolicy": allow("*", "*")}), "neither `Principal` nor `NotPrincipal`", "add \"Principal\""),
        (
            json!({"resourcePolicy": {"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}, "Action": "*"}}}),
            "has a wildcard",
            "aws:PrincipalArn",
        ),
        (json!({"resourceControl": [{}]}), "`resourceControl[0]` must be a list of policies", "write [ … ]"),
    ] {
        let output = countersign(&[], &get_object(&wrong).to_string());
        let text = String::from_utf8(output.stderr).unwrap().replace("\n  ", " ");
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(output.stdout.is_empty() && text.contains(message) && text.contains(help), "{wrong}\n{text}");
    }
    // a request is that of its principal, about a resource that there is
    let id = "arn:aws:iam::111122223333";
    let session = "arn:aws:sts::111122223333:assumed-role/other/s";
    for (wrong, message) in [
        (
            json!({"principal": session, "context": {"aws:PrincipalArn": format!("{id}:role/legal")}}),
            "carries this aws:PrincipalArn",
        ),
        (
            json!({"principal": format!("{id}:role/other"), "context": {"aws:PrincipalArn": format!("{id}:role/legal")}}),
            "carries this aws:PrincipalArn: it is",
        ),
        (json!({"principal": format!("{id}:role/other"), "context": {"aws:username": "jane"}}), "it has none"),
        (
            json!({"principal": format!("{id}:user/jo"), "context": {"aws:PrincipalAccount": "444455556666"}}),
            "it is 111122223333",
        ),
        (json!({"principal": "arn:aws-us-gov:iam::111122223333:user/x"}), "a principal of the partition aws-us-gov"),
        (json!({"resource": "arn:foo:s3:::b/k"}), "AWS has no partition `foo`"),
        (json!({"resource": "arn:aws:s3::1:b/k", "action": "test:Read"}), "`1` is not an account"),
        (
            json!({"principal": format!("{id}:root"), "action": "sts:AssumeRole", "resource": format!("{id}:role/r")}),
            "a root user cannot assume a role",
        ),
        (json!({"action": "s3:ListBucket", "resource": "*"}), "s3:ListBucket is never asked on *"),
        (json!({"action": "lambda:InvokeFunction", "resource": "*"}), "lambda:InvokeFunction is never asked on *"),
    ] {
        let output = countersign(&[], &get_object(&wrong).to_string());
        let text = String::from_utf8(output.stderr).unwrap().replace("\n  ", " ");
        assert_eq!(output.status.code(), Some(2), "{wrong}\n{text}");
        assert!(
            output.stdout.is_empty()
                && text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ").contains(message),
            "{wrong}\n{text}"
        );
    }
    // the path of a session's role is open
    let told = json!({"principal": session, "context": {"aws:PrincipalArn": format!("{id}:role/dept/other")}});
    assert_eq!(answer(&get_object(&told))["decision"], "allowed");
    // what the data does not tell is assumed, and said
    let assumed = answer(&get_object(&json!({"action": "test:Read", "identity": [allow("*", "*")]})));
    assert!(
        assumed["assuming"].as_array().unwrap().contains(&json!("test:Read can be asked on arn:aws:s3:::b/k")),
        "{assumed}"
    );
}

#[test]
fn identity_policies_that_are_not_given_are_unknown() {
    let ask = |fields: Value| {
        let mut request = get_object(&fields);
        request.as_object_mut().unwrap().remove("identity");
        answer(&request)
    };
    let open = ask(json!({}));
    assert_eq!(open["decision"], "unknown");
    assert_eq!(open["dependsOn"][0]["key"], "the identity policies of arn:aws:iam::111122223333:user/a");
    assert_eq!(ask(json!({"noIdentity": true}))["decision"], "allowed");
    assert_eq!(ask(json!({"serviceControl": [[]]}))["deniedInAnyCase"], true);
    // these have none
    assert_eq!(ask(json!({"principal": "arn:aws:iam::111122223333:root"}))["decision"], "allowed");
    assert_eq!(ask(json!({"principal": "111122223333"}))["decision"], "allowed");
    assert_eq!(ask(json!({"principal": "*"}))["decision"], "unknown", "the policy of the bucket");
    let root = answer(&get_object(&json!({"principal": "arn:aws:iam::111122223333:root", "identity": []})));
    assert_eq!(root["decision"], "allowed");
    assert!(root["warnings"][0].as_str().unwrap().contains("has no identity policies"), "{root}");
    let code = |more: &[&str]| {
        let asked = [
            "--action",
            "s3:GetObject",
            "--resource",
            "arn:aws:s3:::b/k",
            "--principal",
            "arn:aws:iam::111122223333:user/a",
        ];
        countersign(&[&asked[..], more].concat(), "").status.code().unwrap()
    };
    assert_eq!(code(&["--boundary", "arn:aws:iam::aws:policy/AdministratorAccess"]), 1);
    assert_eq!(code(&["--boundary", "arn:aws:iam::aws:policy/AdministratorAccess", "--no-identity"]), 0);
}

/// AWS Artifact answers in one Region, which is assumed and said unless the context is told to be complete.
#[test]
fn the_region_of_artifact_is_assumed() {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "artifact:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}]});
    let ask = |complete: bool, context: Value| {
        answer(&json!({"action": "artifact:ListAgreements", "resource": "*", "identity": [policy], "context": context,
            "contextIsComplete": complete}))
    };
    let assumed = ask(false, json!({}));
    assert_eq!(
        (&assumed["decision"], &assumed["assuming"]),
        (&json!("allowed"), &json!(["aws:RequestedRegion is us-east-1"]))
    );
    let other = ask(false, json!({"aws:RequestedRegion": "eu-west-1"}));
    assert_eq!((&other["decision"], &other["assuming"]), (&json!("implicitDeny"), &json!([])));
    assert_eq!(ask(true, json!({}))["decision"], "implicitDeny");
}
