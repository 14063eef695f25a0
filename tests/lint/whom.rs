//! Rules about whom a policy is about, and about the forms of values: what each takes and refuses.

use serde_json::{Value, json};

use super::{Example, lint, settings};

/// What a rule says of a statement, by severity and the words at fault.
fn found(code: &str, name: &str, statement: &Value) -> Vec<String> {
    let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let mut settings = settings("");
    settings.switch_on(countersign_core::lint::rules::by_code(code).unwrap());
    let findings = lint(&[Example::new(name, text)], &settings).findings;
    let one =
        |f: &countersign_core::lint::Finding| format!("{} {}", f.severity.word(), f.place.source.slice(f.place.span));
    findings.iter().filter(|f| f.rule.code == code).map(one).collect()
}

fn on_bucket(principal: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})
}

#[test]
fn principals_that_aws_takes_and_refuses() {
    for right in [
        json!("*"),
        json!({"AWS": "*"}),
        json!({"AWS": ["111122223333", "arn:aws:iam::111122223333:root", "arn:aws-us-gov:iam::111122223333:role/a/b"]}),
        json!({"AWS": "arn:aws:sts::111122223333:assumed-role/a/b"}),
        json!({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}),
        json!({"AWS": "${ACCOUNT}"}),
        json!({"Service": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn", "logs.eu-west-1.amazonaws.com"]}),
        json!({"Service": ["ecs-tasks.amazonaws.com", "macie.amazonaws.com", "lexv2.amazonaws.com", "younger.amazonaws.com"]}),
        json!({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}),
    ] {
        assert_eq!(found("CS128", "p.json", &on_bucket(&right)), Vec::<String>::new(), "{right}");
    }
    for (wrong, told) in [
        (json!("111122223333"), "error \"111122223333\""),
        (json!({"AWS": "arn:aws:iam::111122223333:role/a*"}), "error \"arn:aws:iam::111122223333:role/a*\""),
        (json!({"AWS": "arn:aws:s3:::b"}), "error \"arn:aws:s3:::b\""),
        (json!({"AWS": "11112222333"}), "error \"11112222333\""),
        (json!({"AWS": "AROAEXAMPLE123456789"}), "warning \"AROAEXAMPLE123456789\""),
        (json!({"Service": "ec2.amazon.com"}), "error \"ec2.amazon.com\""),
        (json!({"Service": "lamda.amazonaws.com"}), "warning \"lamda.amazonaws.com\""),
        (json!({"Service": "cloudtrial.amazonaws.com"}), "warning \"cloudtrial.amazonaws.com\""),
        (json!({"Aws": "111122223333"}), "error \"Aws\""),
    ] {
        assert_eq!(found("CS128", "p.json", &on_bucket(&wrong)), [told], "{wrong}");
    }
}

fn trust(principal: &Value, actions: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": actions})
}

#[test]
fn each_principal_assumes_a_role_by_its_own_action() {
    let saml = json!({"Federated": "arn:aws:iam::111122223333:saml-provider/C"});
    let oidc = json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/x.example"});
    let account = json!({"AWS": "111122223333"});
    for (principal, actions) in [
        (&saml, json!(["sts:AssumeRoleWithSAML", "sts:TagSession"])),
        (&oidc, json!("sts:AssumeRoleWithWebIdentity")),
        (&account, json!(["sts:AssumeRole", "sts:SetSourceIdentity"])),
        (&account, json!("sts:TagSession")),
        (
            &json!({"AWS": "111122223333", "Federated": "cognito-identity.amazonaws.com"}),
            json!(["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]),
        ),
    ] {
        assert_eq!(
            found("CS130", "p.json", &trust(principal, &actions)),
            Vec::<String>::new(),
            "{principal} {actions}"
        );
    }
    for (principal, action) in
        [(&saml, "sts:AssumeRole"), (&oidc, "sts:AssumeRoleWithSAML"), (&account, "sts:AssumeRoleWithWebIdentity")]
    {
        assert_eq!(found("CS130", "p.json", &trust(principal, &json!(action))), [format!("error \"{action}\"")]);
    }
    let anywhere = json!({"Service": "rolesanywhere.amazonaws.com"});
    assert_eq!(found("CS130", "p.json", &trust(&anywhere, &json!("sts:AssumeRole"))), ["error \"Action\""]);
    let all = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
    assert_eq!(found("CS130", "p.json", &trust(&anywhere, &all)), Vec::<String>::new());
}

/// A policy of a resource says whom it is about, where the file tells that it is one; one of AWS IoT names nobody.
#[test]
fn a_policy_of_a_resource_names_principals() {
    let template = |ty: &str, action: &str| {
        let document =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
        let text = json!({"Resources": {"P": {"Type": ty, "Properties": {"PolicyDocument": document}}}}).to_string();
        let findings = lint(&[Example::new("t.json", text)], &settings("")).findings;
        findings.iter().filter(|f| f.rule.code == "CS137").count()
    };
    assert_eq!(template("AWS::SQS::QueuePolicy", "sqs:SendMessage"), 1);
    assert_eq!(template("AWS::IoT::Policy", "iot:*"), 0);
    assert_eq!(template("AWS::IAM::ManagedPolicy", "sqs:SendMessage"), 0);
}

fn when(operator: &str, key: &str, values: &Value) -> Value {
    json!({"Effect": "Allow", "Action": "artifact:ListReports", "Resource": "*", "Condition": {operator: {key: values}}})
}

#[test]
fn values_have_the_form_of_their_key() {
    let none = Vec::<String>::new();
    for (key, right, wrong, severity) in [
        ("aws:PrincipalAccount", "111122223333", "1111222233334", "warning"),
        ("aws:SourceVpc", "vpc-0a1b2c3d", "vpce-0a1b2c3d", "warning"),
        ("aws:SourceVpce", "vpce-0a1b2c3d4e5f67890", "vpce-0a1b2c", "warning"),
        ("aws:PrincipalOrgID", "o-a1b2c3d4e5", "r-abcd", "warning"),
        ("aws:RequestedRegion", "eu-west-1", "eu-wst-1", "info"),
    ] {
        assert_eq!(found("CS161", "p.json", &when("StringEquals", key, &json!(right))), none, "{key}");
        assert_eq!(found("CS161", "p.json", &when("StringLike", key, &json!("*-1"))), none, "{key}");
        assert_eq!(
            found("CS161", "p.json", &when("StringEquals", key, &json!("${aws:PrincipalTag/x}"))),
            none,
            "{key}"
        );
        assert_eq!(found("CS161", "p.json", &when("StringEquals", key, &json!("YOUR_VALUE"))), none, "{key}");
        assert_eq!(
            found("CS161", "p.json", &when("StringEquals", key, &json!(wrong))),
            [format!("{severity} \"{wrong}\"")]
        );
    }
    let at = |code: &str, values: Value| found(code, "p.json", &when("IpAddress", "aws:SourceIp", &values));
    assert_eq!(at("CS162", json!(["10.0.0.0/8", "192.168.1.1"])), ["error \"10.0.0.0/8\""]);
    assert_eq!(at("CS162", json!(["10.0.0.0/8", "203.0.113.0/24"])), ["info \"10.0.0.0/8\""]);
    for public in ["203.0.113.0/24", "10.0.0.0/7", "172.16.0.0/11", "2001:db8::/32", "0.0.0.0/0"] {
        assert_eq!(at("CS162", json!(public)), none, "{public}");
    }
    assert_eq!(
        at("CS163", json!(["203.0.113.7/24", "203.0.113.0/24", "203.0.113.7/32", "0.0.0.0/0"])),
        ["info \"203.0.113.7/24\""]
    );
    let vpc = found("CS162", "p.json", &when("IpAddress", "aws:VpcSourceIp", &json!("10.0.0.0/8")));
    assert_eq!(vpc, none);
}

/// Of two patterns that include each other one stays, and what only looks alike is not told.
#[test]
fn a_value_is_included_by_a_pattern_of_its_list() {
    let told =
        |actions: &Value| found("CS185", "p.json", &json!({"Effect": "Allow", "Action": actions, "Resource": "*"}));
    assert_eq!(
        told(&json!(["s3:Get*", "s3:GetObject", "S3:GETOBJECTACL", "s3:List*"])),
        ["info \"s3:GetObject\"", "info \"S3:GETOBJECTACL\""]
    );
    assert_eq!(told(&json!(["s3:Get*", "s3:Get**"])), ["info \"s3:Get**\""]);
    assert_eq!(told(&json!(["s3:Get*", "s3:List*", "s3-object-lambda:GetObject"])), Vec::<String>::new());
    let resources = |list: &Value| {
        found("CS185", "p.json", &json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": list}))
    };
    assert_eq!(resources(&json!(["arn:aws:s3:::b/*", "arn:aws:s3:::b/c/*"])), ["info \"arn:aws:s3:::b/c/*\""]);
    assert_eq!(resources(&json!(["arn:aws:s3:::b/*", "arn:aws:s3:::B/c", "arn:aws:s3:::b"])), Vec::<String>::new());
}

/// A policy of data protection has a `Statement` and an `Effect`-like member, and is none of IAM's.
#[test]
fn a_policy_of_data_protection_is_none_of_iam() {
    let text = "resource \"aws_sns_topic_data_protection_policy\" \"p\" {\n  policy = jsonencode({\n    Name = \"p\", Version = \"2021-06-01\",\n    \
                Statement = [{ Sid = \"d\", DataDirection = \"Inbound\", Principal = [\"*\"], DataIdentifier = [\"arn:aws:x\"], Operation = { Deny = {} } }]\n  })\n}\n";
    let outcome = lint(&[Example::new("main.tf", text)], &settings(""));
    assert_eq!(super::told(&outcome.findings), Vec::<String>::new());
}

/// A condition that everybody meets, or can meet from an account of their own, says neither who nor where from.
#[test]
fn a_condition_that_everybody_meets_keeps_nobody_out() {
    let told = |operator: &str, key: &str, values: Value| {
        let mut statement = on_bucket(&json!("*"));
        statement["Condition"] = json!({operator: {key: values}});
        !found("CS204", "p.json", &statement).is_empty()
    };
    for (operator, key, values) in [
        ("IpAddress", "aws:SourceIp", json!("0.0.0.0/0")),
        ("IpAddress", "aws:SourceIp", json!(["203.0.113.0/24", "::/0"])),
        ("StringLike", "aws:PrincipalOrgID", json!("o-*")),
        ("StringLike", "aws:PrincipalOrgID", json!("*")),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", json!("o-*/*")),
        ("StringLike", "aws:PrincipalAccount", json!("????????????")),
        ("ArnLike", "aws:PrincipalArn", json!("arn:aws:iam::*:role/admin")),
        ("ArnEquals", "aws:PrincipalArn", json!(["arn:aws:iam::111122223333:root", "*"])),
    ] {
        assert!(told(operator, key, values.clone()), "{operator} {key} {values}");
    }
    for (operator, key, values) in [
        ("IpAddress", "aws:SourceIp", json!("203.0.113.0/24")),
        ("IpAddress", "aws:SourceIp", json!("10.0.0.0/10")),
        ("StringLike", "aws:PrincipalOrgID", json!("o-a1b2c3*")),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", json!("o-a1b2c3d4e5/*")),
        ("StringEquals", "aws:PrincipalOrgID", json!("o-a1b2c3d4e5")),
        ("ArnLike", "aws:PrincipalArn", json!("arn:aws:iam::111122223333:role/*")),
        ("ArnLike", "aws:SourceArn", json!("arn:aws:s3:::reports")),
        ("StringEquals", "aws:SourceVpce", json!("vpce-0a1b2c3d")),
    ] {
        assert!(!told(operator, key, values.clone()), "{operator} {key} {values}");
    }
}
