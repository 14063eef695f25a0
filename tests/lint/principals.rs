//! Statements that differ in whom they are about are not the same, and none of them is removed.

use serde_json::{Value, json};

use super::{Example, codes, findings, lint, settings};

const REDUNDANCY: [&str; 3] = ["CS181", "CS182", "CS183"];

/// The codes of redundancy that are found in a policy.
fn redundant(text: &str) -> Vec<String> {
    let found = codes(&lint(&[Example::new("p.json", text)], &settings("")).findings);
    REDUNDANCY.iter().filter(|c| found.contains(*c)).map(|c| (*c).to_owned()).collect()
}

fn policy(statements: &[(&str, &str, Value)]) -> String {
    let statement = |(effect, key, principal): &(&str, &str, Value)| {
        let mut statement = json!({"Effect": effect, "Action": "kms:Decrypt", "Resource": "*"});
        statement[*key] = principal.clone();
        statement
    };
    let statements: Vec<Value> = statements.iter().map(statement).collect();
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[test]
fn each_service_keeps_its_own_grant() {
    for name in ["kms-two-services", "principal-implied", "trust-two"] {
        let text = std::fs::read_to_string(format!("tests/data/cases/principal/{name}.json")).unwrap();
        assert_eq!(redundant(&text), [""; 0], "{name}");
    }
}

#[test]
fn what_is_the_same_for_the_same_principals_is_told() {
    let (sns, events) = (json!({"Service": "sns.amazonaws.com"}), json!({"Service": "events.amazonaws.com"}));
    let both = json!({"Service": ["events.amazonaws.com", "sns.amazonaws.com"]});
    let (account, root) = (json!({"AWS": "111122223333"}), json!({"AWS": "arn:aws:iam::111122223333:root"}));
    let user = json!({"AWS": "arn:aws:iam::111122223333:user/jo"});
    let all = json!("*");
    for (one, other, expected) in [
        (("Allow", "Principal", &sns), ("Allow", "Principal", &sns), "CS183"),
        (("Allow", "Principal", &sns), ("Allow", "Principal", &events), ""),
        (("Allow", "Principal", &sns), ("Allow", "Principal", &both), "CS182"),
        (("Allow", "Principal", &account), ("Allow", "Principal", &root), "CS183"),
        // a grant to a user passes what a grant to everyone or to the account leaves to other policies
        (("Allow", "Principal", &user), ("Allow", "Principal", &all), ""),
        (("Allow", "Principal", &user), ("Allow", "Principal", &account), ""),
        (("Deny", "Principal", &user), ("Deny", "Principal", &all), "CS182"),
        (("Allow", "NotPrincipal", &sns), ("Allow", "Principal", &sns), ""),
        (("Allow", "Principal", &account), ("Deny", "Principal", &all), "CS181"),
        (("Allow", "Principal", &sns), ("Allow", "Principal", &all), ""),
        (("Allow", "Principal", &sns), ("Deny", "Principal", &events), ""),
        (("Allow", "Principal", &sns), ("Deny", "NotPrincipal", &sns), ""),
    ] {
        let found = redundant(&policy(&[(one.0, one.1, one.2.clone()), (other.0, other.1, other.2.clone())]));
        assert_eq!(found.join(" "), expected, "{one:?} {other:?}");
    }
}

/// An ARN of IAM names a principal only with a partition of AWS's, twelve digits, and the name of a user or a role.
#[test]
fn a_principal_that_nobody_can_be_is_told() {
    let found = |principal: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}}]}}"#
        );
        let found = findings("bucket-policy.json", &text);
        found.into_iter().find(|f| f.rule.code == "CS128").map(|f| format!("{} / {}", f.message, f.help))
    };
    for (wrong, says) in [
        ("arn:aws:iam::1234567890:root", "10 digits"),
        ("arn:aws:iam::111122223333:user", "no user"),
        ("arn:aws:iam::111122223333:rol/x", "`role`"),
        ("arn:aws:iam::111122223333:group/x", "group"),
        ("arn:aws:iam:us-east-1:111122223333:role/x", "Region"),
        ("arn:asw:iam::111122223333:role/x", "`aws`"),
        ("arn:aws:iam:::role/x", "no account"),
    ] {
        assert!(found(wrong).is_some_and(|said| said.contains(says)), "{wrong}: {:?}", found(wrong));
    }
    for right in [
        "arn:aws-us-gov:iam::111122223333:root",
        "arn:aws:iam::111122223333:role/path/x",
        "arn:aws:sts::111122223333:assumed-role/r/s",
        "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
        "arn:aws:iam::ACCOUNT_ID:root",
        "arn:PARTITION:iam::111122223333:root",
    ] {
        assert_eq!(found(right), None, "{right}");
    }
}

/// The partitions of AWS are few: another one is in no ARN, of whatever service and in whatever policy.
#[test]
fn a_partition_that_there_is_not_is_told() {
    let found = |resource: &str, principal: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {principal}"Action": "s3:GetObject", "Resource": "{resource}"}}]}}"#
        );
        let found = findings("x.json", &text);
        found.into_iter().find(|f| f.rule.code == "CS131").map(|f| f.help)
    };
    for principal in ["", r#""Principal": {"AWS": "111122223333"}, "#] {
        assert_eq!(found("arn:asw:s3:::b/*", principal).as_deref(), Some("did you mean `aws`?"));
        assert_eq!(found("arn:aws-usgov:s3:::b/*", principal).as_deref(), Some("did you mean `aws-us-gov`?"));
        for right in ["arn:aws-cn:s3:::b/*", "arn:*:s3:::b/*", "arn:aws*:s3:::b/*", "arn:${aws:x}:s3:::b/*"] {
            assert_eq!(found(right, principal), None, "{right}");
        }
    }
}

/// What AWS Organizations refuses of a resource control policy.
#[test]
fn a_resource_control_policy_that_is_refused_is_told() {
    let found = |effect: &str, principal: &str, action: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "{effect}", "Principal": {principal}, {action}, "Resource": "*"}}]}}"#
        );
        let settings = settings("[lint.kinds]\n\"p.json\" = \"resource-control\"\n");
        lint(&[Example::new("p.json", text)], &settings)
            .findings
            .into_iter()
            .filter(|f| f.rule.code == "CS137")
            .map(|f| f.pointer)
            .collect::<Vec<_>>()
    };
    let (all, s3) = (r#""*""#, r#""Action": "s3:*""#);
    assert_eq!(found("Deny", all, s3), Vec::<String>::new());
    assert_eq!(found("Allow", all, r#""Action": "*""#), Vec::<String>::new(), "RCPFullAWSAccess");
    assert_eq!(found("Allow", all, s3), ["Statement[0].Effect"]);
    assert_eq!(found("Deny", all, r#""NotAction": "s3:*""#), ["Statement[0].NotAction"]);
    assert_eq!(found("Deny", r#"{"AWS": "111122223333"}"#, s3), ["Statement[0].Principal"]);
    assert_eq!(found("Deny", all, r#""Action": "*""#), ["Statement[0].Action"]);
    assert_eq!(found("Deny", all, r#""Action": ["s3:*", "ec2:*"]"#), ["Statement[0].Action[1]"]);
}
