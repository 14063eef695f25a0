//! ARNs in conditions and principals of which a part is wrong, whether or not another part is filled in later.

use countersign_core::lint::{Finding, Severity};

use super::{findings, told};

fn of_condition(operator: &str, key: &str, value: &str) -> Vec<Finding> {
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*", "Condition": {{"{operator}": {{"{key}": {value}}}}}}}]}}"#
    );
    findings("scp/x.json", &text).into_iter().filter(|f| f.rule.code == "CS161").collect()
}

/// An exemption that nobody has denies everyone: each part that nobody can have is told.
#[test]
fn an_arn_that_no_principal_has_is_told() {
    for value in [
        "arn:asw:iam::111122223333:role/a",
        "arn:aws:iamm::111122223333:role/a",
        "arn:aws:ima::*:role/a",
        "arn:aws:iamm::${Account}:role/[ADMIN]",
        "arn:aws:iam::111122223333:roles/a",
        "arn:aws:iam::${Account}:rol/a",
        "arn:aws:iam::*:usr/a",
        "arn:aws:sts::111122223333:assumed-role/a/b",
    ] {
        for (operator, key) in [
            ("ArnNotLike", "aws:PrincipalArn"),
            ("StringNotLike", "aws:PrincipalARN"),
            ("ArnEquals", "aws:PrincipalArn"),
        ] {
            let found = of_condition(operator, key, &format!("\"{value}\""));
            assert!(
                found.len() == 1 && found[0].severity == Severity::Warning,
                "{operator} {value}: {:?}",
                told(&found)
            );
        }
    }
    for value in [
        "arn:aws:iam::111122223333:role/a",
        "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*",
        "arn:aws:iam::${Account}:role/[ADMIN]",
        "arn:${Partition}:iam::${Account}:user/a",
        "arn:*:iam::*:root",
        "arn:aws*:iam::111122223333:role/a",
        "arn:aws:*::*:role/a",
        "arn:aws:sts::111122223333:federated-user/a",
        "arn:aws:iam::*:*",
        "*:role/a",
        "${aws:PrincipalArn}",
    ] {
        let found = of_condition("ArnNotLike", "aws:PrincipalArn", &format!("\"{value}\""));
        assert_eq!(told(&found), Vec::<String>::new(), "{value}");
    }
}

/// Beside the role that is meant, the ARN of a session only does nothing.
#[test]
fn a_session_beside_its_role_is_worth_knowing() {
    let list = r#"["arn:aws:iam::111122223333:role/a", "arn:aws:sts::111122223333:assumed-role/a/*"]"#;
    let found = of_condition("ArnNotLike", "aws:PrincipalArn", list);
    assert!(found.len() == 1 && found[0].severity == Severity::Info, "{:?}", told(&found));
}

/// A source is of any service: a slip of one is worth knowing, and a partition that there is not is wrong.
#[test]
fn a_source_of_no_service_is_told() {
    let one = |value: &str| of_condition("ArnLike", "aws:SourceArn", &format!("\"{value}\""));
    let slip = one("arn:aws:snss:us-east-1:111122223333:x");
    assert!(slip.len() == 1 && slip[0].severity == Severity::Info, "{:?}", told(&slip));
    assert_eq!(one("arn:awss:sns:us-east-1:111122223333:x").len(), 1);
    for right in [
        "arn:aws:sns:us-east-1:111122223333:x",
        "arn:aws:s3:::b",
        "arn:aws:*:*:111122223333:*",
        "arn:aws:${Service}:::x",
    ] {
        assert_eq!(told(&one(right)), Vec::<String>::new());
    }
}

/// A principal whose account is filled in later is known by the rest of its ARN.
#[test]
fn a_principal_beside_a_placeholder_is_judged() {
    let template = |arn: &str| {
        format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - Effect: Allow\n            Action: sts:AssumeRole\n            Principal:\n              AWS: !Sub '{arn}'\n"
        )
    };
    let terraform = |arn: &str| {
        format!(
            "data \"aws_iam_policy_document\" \"t\" {{\n  statement {{\n    actions = [\"sts:AssumeRole\"]\n    principals {{\n      type        = \"AWS\"\n      identifiers = [\"{arn}\"]\n    }}\n  }}\n}}\n"
        )
    };
    let of = |arn: &str| {
        let all = [
            findings("t.yaml", &template(arn)),
            findings(
                "x.tf",
                &terraform(&arn.replace("AWS::AccountId", "var.account").replace("AWS::Partition", "var.partition")),
            ),
        ];
        all.map(|found| found.iter().filter(|f| f.rule.code == "CS128").count())
    };
    for wrong in [
        "arn:aws:iamm::${AWS::AccountId}:root",
        "arn:asw:iam::${AWS::AccountId}:root",
        "arn:${AWS::Partition}:iams::${AWS::AccountId}:role/a",
        "arn:aws:iam::${AWS::AccountId}:rol/a",
        "arn:aws:iam::${AWS::AccountId}:group/a",
        "arn:aws:iam:us-east-1:${AWS::AccountId}:role/a",
    ] {
        assert_eq!(of(wrong), [1, 1], "{wrong}");
    }
    for right in [
        "arn:aws:iam::${AWS::AccountId}:root",
        "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/a",
        "arn:aws:iam::${AWS::AccountId}",
        "arn:aws:sts::${AWS::AccountId}:assumed-role/a/b",
        "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${AWS::AccountId}",
        "${AWS::AccountId}",
    ] {
        assert_eq!(of(right), [0, 0], "{right}");
    }
}

/// The name of a key is known before that of a tag that is filled in later.
#[test]
fn a_key_before_a_placeholder_is_judged() {
    let of = |key: &str| {
        let text = format!(
            "- sid: A\n  effect: Deny\n  actions: [\"ec2:RunInstances\"]\n  condition:\n  - test: StringNotEquals\n    variable: \"{key}\"\n    values: [\"x\"]\n  resources: [\"arn:aws:ec2:*::image/ami-*\"]\n"
        );
        told(&findings("catalog.yaml", &text)).iter().filter(|t| t.starts_with("CS141")).count()
    };
    assert_eq!(["ec2:ResourceTagg/${key}", "aws:ResouceTag/${key}"].map(of), [1, 1]);
    assert_eq!(
        ["ec2:ResourceTag/${key}", "aws:ResourceTag/${key}", "ec2:${key}", "aws:${key}", "${key}"].map(of),
        [0; 5]
    );
}

/// Only trust policies name providers of identities, by their domain or ARN (IAM: "must be valid domain names or SAML metadata ARNs").
#[test]
fn providers_of_identities_have_a_form() {
    let of = |who: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Federated": "{who}"}}, "Action": "sts:AssumeRoleWithWebIdentity"}}]}}"#
        );
        findings("x.json", &text).iter().filter(|f| f.rule.code == "CS128" && f.severity == Severity::Error).count()
    };
    for right in [
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
        "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC",
        "arn:aws-us-gov:iam::111122223333:saml-provider/x",
        "arn:aws:iam::${Account}:oidc-provider/x",
    ] {
        assert_eq!(of(right), 0, "{right}");
    }
    for wrong in [
        "google",
        "https://accounts.google.com",
        "arn:aws:iam::11112222333:saml-provider/x",
        "arn:aws:iam::111122223333:oidc-providers/x",
        "arn:aws:sts::111122223333:saml-provider/x",
    ] {
        assert_eq!(of(wrong), 1, "{wrong}");
    }
}
