//! Slips beside what is not known: what stands there is judged, and what is filled in is never wrong.

use countersign_core::lint::Finding;

use super::{Example, codes, errors, findings, lint, settings};

/// A policy in a template whose `${x}` is filled in, with one action, one resource and one key.
fn with(action: &str, resource: &str, key: &str) -> Vec<Finding> {
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}", "Condition": {{"StringEquals": {{"{key}": "a"}}}}}}]}}"#
    );
    findings("role-policy.json.tpl", &text)
}

fn of_rule(found: &[Finding], code: &str) -> Vec<String> {
    found.iter().filter(|f| f.rule.code == code).map(|f| format!("{} {}", f.severity.word(), f.message)).collect()
}

const KEY: &str = "aws:PrincipalOrgID";

/// Each part of an ARN that stands there is judged as it is beside the number of an account.
#[test]
fn the_parts_of_an_arn_are_judged_beside_placeholders() {
    let cases = [
        ("iam:PassRole", "arn:aws:iam::ACCOUNT:rol/x"),
        ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:ACCOUNT:functions:f"),
        ("sqs:SendMessage", "arn:aws:sqs:eu-wset-1:ACCOUNT:q"),
        ("sqs:SendMessage", "arn:aws:sqss:us-east-1:ACCOUNT:q"),
        ("iam:GetRole", "arn:aws:iam:us-east-1:ACCOUNT:role/x"),
    ];
    for (action, arn) in cases {
        let literal = of_rule(&with(action, &arn.replace("ACCOUNT", "111122223333"), KEY), "CS131");
        let filled = of_rule(&with(action, &arn.replace("ACCOUNT", "${account}"), KEY), "CS131");
        assert_eq!(literal.len(), 1, "{arn}");
        assert_eq!(literal, filled, "{arn}");
    }
    for arn in ["arn:aws:s33:::${bucket}/*", "arn:${partition}:s33:::b/*"] {
        assert_eq!(of_rule(&with("s3:GetObject", arn, KEY), "CS131").len(), 1, "{arn}");
    }
}

/// Whatever part of an ARN is filled in, also one with colons in it, the ARN is not wrong, and a slip elsewhere is found.
#[test]
fn what_is_filled_in_is_never_wrong() {
    let cases = [
        ("logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:/a/b:log-stream:c"),
        ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:111122223333:function:f:live"),
        ("s3:GetObject", "arn:aws:s3:::bucket/a/*"),
        ("s3:GetObject", "arn:aws:s3:us-west-2:111122223333:accesspoint/a/object/b"),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/path/x"),
        ("sns:Publish", "arn:aws:sns:us-east-1:111122223333:topic"),
        ("states:StartExecution", "arn:aws:states:us-east-1:111122223333:stateMachine:x"),
        ("apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis/x"),
        ("dynamodb:Query", "arn:aws:dynamodb:us-east-1:111122223333:table/x/index/y"),
        ("ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1"),
        ("artifact:GetReport", "arn:aws:artifact:us-east-1::report/report-jRVRFP8HxUN5zpPh:1"),
    ];
    for (action, arn) in cases {
        let whole = with(action, arn, KEY);
        assert_eq!((errors(&whole), of_rule(&whole, "CS131")), (vec![], vec![]), "{arn}");
        let ends: Vec<usize> = arn.match_indices([':', '/']).map(|(at, _)| at).chain([arn.len()]).collect();
        let starts: Vec<usize> = [0].into_iter().chain(ends.iter().map(|end| end + 1)).collect();
        for start in &starts {
            for end in ends.iter().filter(|end| *end > start) {
                let filled = format!("{}${{x}}{}", &arn[..*start], &arn[*end..]);
                let found = with(action, &filled, KEY);
                assert_eq!((errors(&found), of_rule(&found, "CS131")), (vec![], vec![]), "{filled}");
                let slip = with(&format!("{action}Zq"), &filled, KEY);
                assert_eq!(of_rule(&slip, "CS121").len(), 1, "{filled}");
            }
        }
    }
}

/// The name of a key is judged though the name of its tag is filled in.
#[test]
fn a_key_is_judged_before_what_is_filled_in() {
    let key = |action: &str, key: &str| of_rule(&with(action, "*", key), "CS141");
    for wrong in ["aws:ResouceTag/kubernetes.io/cluster/${name}", "aws:RequestTagz/${name}", "aws:PrincipalTga/${x}/y"]
    {
        let [found] = key("ec2:RunInstances", wrong).try_into().unwrap();
        assert!(found.starts_with("error no request carries the key"), "{found}");
    }
    assert_eq!(key("s3:GetObject", "s3:ExistingObjectTga/${name}").len(), 1);
    for (action, right) in [
        ("ec2:RunInstances", "aws:ResourceTag/kubernetes.io/cluster/${name}"),
        ("ec2:RunInstances", "aws:RequestTag/${name}"),
        ("s3:GetObject", "s3:ExistingObjectTag/${name}"),
        ("kms:Decrypt", "kms:EncryptionContext:${name}"),
        ("ec2:RunInstances", "${prefix}:ResouceTag/a"),
        ("ec2:RunInstances", "aws:${name}/x"),
        ("ec2:RunInstances", "aws:Res${name}/x"),
        ("sts:AssumeRoleWithWebIdentity", "oidc.eks.eu-west-1.amazonaws.com/id/${id}:aud"),
        ("sts:AssumeRoleWithWebIdentity", "${host}/id/a:aud"),
    ] {
        assert_eq!(key(action, right), Vec::<String>::new(), "{right}");
    }
}

/// Requests of Amazon EC2 carry it with the ARN of the resource, though AWS does not list it among the global keys.
#[test]
fn a_key_that_aws_does_not_list_is_a_warning() {
    let [found] = of_rule(&with("ec2:TerminateInstances", "*", "aws:ARN"), "CS141").try_into().unwrap();
    assert_eq!(found, "warning AWS does not document the global condition key `aws:ARN`");
}

/// IAM stores no policy with such an ARN; access points and jobs of Amazon S3 have a Region.
#[test]
fn what_has_no_region_is_an_error_with_one() {
    let found = |action: &str, arn: &str| of_rule(&with(action, arn, KEY), "CS131");
    for (action, arn) in [
        ("iam:GetRole", "arn:aws:iam:us-east-1:111122223333:role/x"),
        ("s3:GetObject", "arn:aws:s3:eu-west-1:111122223333:bucket/*"),
        ("s3:ListBucket", "arn:aws:s3:eu-west-1::bucket"),
    ] {
        let [told] = found(action, arn).try_into().unwrap();
        assert!(told.starts_with("error ") && told.ends_with("IAM rejects the policy"), "{told}");
    }
    for (action, arn) in [
        ("s3:GetObject", "arn:aws:s3:eu-west-1:111122223333:accesspoint/x/object/*"),
        ("s3:DescribeJob", "arn:aws:s3:eu-west-1:111122223333:job/*"),
        ("s3:GetObject", "arn:aws:s3:eu-west-1:111122223333:${x}"),
        ("iam:GetRole", "arn:aws:iam:${region}:111122223333:role/x"),
    ] {
        assert_eq!(found(action, arn), Vec::<String>::new(), "{arn}");
    }
    let scp = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam:us-east-1:*:role/x"}]}"#;
    assert!(of_rule(&findings("scp/p.json", scp), "CS131")[0].starts_with("warning "));
}

/// A slip of the service of the actions beside it is an error; one that could be another service's is worth knowing.
#[test]
fn a_slip_of_the_service_of_the_action_is_an_error() {
    let found = |action: &str, arn: &str| of_rule(&with(action, arn, KEY), "CS131");
    assert!(found("s3:GetObject", "arn:aws:s33:::b/*")[0].starts_with("error "));
    assert!(found("sqs:SendMessage", "arn:aws:sqss:us-east-1:111122223333:q")[0].starts_with("error "));
    assert!(found("*", "arn:aws:sqss:us-east-1:111122223333:q")[0].starts_with("info "));
    assert!(found("ec2:RunInstances", "arn:aws:sqss:us-east-1:111122223333:q")[0].starts_with("info "));
}

/// AWS SAM names managed policies by their ARNs or names, and policy templates.
#[test]
fn the_policies_of_sam_are_looked_up() {
    let template = |policies: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Policies:\n{policies}"
        )
    };
    let found = |policy: &str| of_rule(&findings("t.yaml", &template(&format!("        - {policy}\n"))), "CS167");
    for (policy, named) in [
        ("AWSLambdaBasicExecutionRol", "AWSLambdaBasicExecutionRol"),
        ("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAcess", "AmazonS3ReadOnlyAcess"),
        ("S3ReadPolicyy: {BucketName: x}", "S3ReadPolicyy"),
        ("!If [C, S3ReadPolicyy: {BucketName: x}, AWSLambdaBasicExecutionRole]", "S3ReadPolicyy"),
    ] {
        let [told] = found(policy).try_into().unwrap();
        assert!(told.starts_with("warning ") && told.contains(named), "{told}");
    }
    for policy in [
        "AWSLambdaBasicExecutionRole",
        "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        "arn:aws:iam::111122223333:policy/own",
        "S3ReadPolicy: {BucketName: x}",
        "VPCAccessPolicy: {}",
        "!Ref Own",
        "!Sub arn:${AWS::Partition}:iam::aws:policy/x",
        "Statement: {Effect: Allow, Action: s3:GetObject, Resource: '*'}",
    ] {
        assert_eq!(found(policy), Vec::<String>::new(), "{policy}");
    }
    let one = template("").replace("Policies:\n", "Policies: AmazonS3ReadOnlyAcess\n");
    assert_eq!(of_rule(&findings("t.yaml", &one), "CS167").len(), 1);
}

/// AWS's own examples name such a service, and whether IAM takes it is not known.
#[test]
fn a_service_that_aws_does_not_document_is_a_warning() {
    let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "preprod.states.aws.internal"}, "Action": "sts:AssumeRole"}]}"#;
    let found = findings("trust-policy.json", trust);
    assert_eq!(errors(&found), Vec::<String>::new());
    assert!(of_rule(&found, "CS128")[0].starts_with("warning "));
}

/// Of two actions that are equally near, neither is written.
#[test]
fn no_fix_chooses_between_equals() {
    let fix = |action: &str| {
        let found = with(action, "*", KEY);
        found.iter().find(|f| f.rule.code == "CS121").unwrap().fix.clone()
    };
    assert!(fix("cloudformation:DescribeStacksZq").is_none());
    assert!(fix("ec2:DescribeInstancess").is_some());
    // of the services that are as near, one has such an action, or two have
    assert!(fix("ec3:DescribeInstances").is_some());
    assert!(fix("ec3:ListTagsForResource").is_none());
    let other = |policy: &str, code: &str| {
        let found = super::findings("p.json", policy);
        found.iter().find(|f| f.rule.code == code).unwrap_or_else(|| panic!("{:?}", super::told(&found))).fix.clone()
    };
    let arn = |arn: &str| {
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "{arn}"}}]}}"#
        );
        other(&policy, "CS131")
    };
    assert!(arn("arn:asw:s3:::a/*").is_some());
    assert!(arn("arn:aws-iso-c:s3:::a/*").is_none());
}

/// What is merged with what nobody knows, and given to a module that is elsewhere, is judged as far as it is written there.
#[test]
fn what_is_written_beside_unknown_parts_is_judged() {
    let module = |test: &str, key: &str| {
        format!(
            "variable \"st\" {{ default = [] }}\nmodule \"q\" {{\n  source = \"cloudposse/iam-policy/aws\"\n  version = \"2.0.1\"\n  iam_policy = [for p in var.st : {{\n    policy_id = p.id\n    statements = [for s in p.statements : merge(s, {{\n      resources = [\"*\"]\n      conditions = concat(s.conditions, [{{test = \"{test}\", variable = \"{key}\", values = [\"123456789012\"]}}])\n    }})]\n  }}]\n}}\n"
        )
    };
    let found = super::findings("m.tf", &module("StrngEquals", "aws:SourceAccount"));
    assert!(super::codes(&found).contains("CS105"), "{:?}", super::told(&found));
    let found = super::findings("m.tf", &module("StringEquals", "aws:SourceAccuont"));
    assert!(super::codes(&found).contains("CS141"), "{:?}", super::told(&found));
    assert_eq!(
        super::errors(&super::findings("m.tf", &module("StringEquals", "aws:SourceAccount"))),
        Vec::<String>::new()
    );
}

/// What a module is given stands where it is used: two slips of one condition are two findings.
#[test]
fn two_slips_that_a_module_is_given_are_both_told() {
    let module = Example::new(
        "mod/main.tf",
        "variable \"stmts\" {}\ndata \"aws_iam_policy_document\" \"d\" {\n  dynamic \"statement\" {\n    for_each = var.stmts\n    content {\n      actions   = statement.value.actions\n      resources = [\"*\"]\n      dynamic \"condition\" {\n        for_each = statement.value.conditions\n        content {\n          test     = condition.value.test\n          variable = condition.value.variable\n          values   = condition.value.values\n        }\n      }\n    }\n  }\n}\n",
    );
    let main = Example::new(
        "main.tf",
        "module \"m\" {\n  source = \"./mod\"\n  stmts  = { x = { actions = [\"ssm:PutParameter\"], conditions = [{ test = \"StringEqual\", variable = \"aws:SourceAcount\", values = [\"123456789012\"] }] } }\n}\n",
    );
    let found = lint(&[main, module], &settings("")).findings;
    assert!(codes(&found).contains("CS141") && codes(&found).contains("CS105"), "{:?}", errors(&found));
}
