//! What public repositories write that was told wrongly once: each with what it must still be told for.

use countersign_core::lint::read::Form;
use countersign_core::lint::run::{self, Text};
use countersign_core::lint::{Finding, Severity};
use countersign_core::problem::SourceFile;

use super::{Example, codes, errors, findings, lint, settings, told};

/// The file has no error, and with a slip in place of `s3:GetObject` that slip is one.
#[track_caller]
fn is_read(name: &str, text: &str) {
    assert_eq!(errors(&findings(name, text)), Vec::<String>::new(), "{name}");
    let found = errors(&findings(name, &text.replace("s3:GetObject", "s3:GetObjct")));
    assert!(found.iter().any(|t| t.starts_with("CS121") && t.contains("s3:GetObjct")), "{name}: {found:#?}");
}

/// Variables of the Serverless Framework look like condition keys, and are none.
#[test]
fn what_a_framework_fills_in_is_no_policy_variable() {
    let text = |action: &str| {
        format!(
            "resources:\n  Resources:\n    P:\n      Type: AWS::S3::BucketPolicy\n      Properties:\n        PolicyDocument:\n          Statement:\n            - Effect: Allow\n              Principal: '*'\n              Action: {action}\n              Resource: arn:aws:s3:::${{self:custom.bucket}}/*\n"
        )
    };
    is_read("serverless.yml", &text("s3:GetObject"));
    // one of AWS's is text under a version that has none
    let own = text("s3:GetObject").replace("self:custom.bucket", "aws:username");
    assert!(codes(&findings("serverless.yml", &own)).contains("CS112"), "{own}");
}

/// A pattern that a template makes for each of several services need not match an action of all, and no fix puts one service in its place.
#[test]
fn what_is_made_for_several_services_is_a_warning() {
    let text = |actions: &str| {
        format!(
            "locals {{\n  services = [\"s3\", \"redshift\"]\n}}\ndata \"aws_iam_policy_document\" \"x\" {{\n  dynamic \"statement\" {{\n    for_each = toset(local.services)\n    content {{\n      actions   = {actions}\n      resources = [\"*\"]\n    }}\n  }}\n}}\n"
        )
    };
    for actions in ["[\"${statement.value}:BatchGet*\"]", "[format(\"%s:BatchGet*\", statement.value)]"] {
        let found = findings("x.tf", &text(actions));
        let slips: Vec<&Finding> = found.iter().filter(|f| f.rule.code == "CS121").collect();
        assert!(!slips.is_empty(), "{actions}: {:#?}", told(&found));
        assert!(
            slips.iter().all(|f| f.severity < Severity::Error && f.fix.is_none()),
            "{actions}: {:#?}",
            told(&found)
        );
    }
    let literal = findings("x.tf", &text("[\"redshift:BatchDleete*\"]"));
    assert!(literal.iter().any(|f| f.rule.code == "CS121" && f.severity == Severity::Error), "{:#?}", told(&literal));
    let service = findings("x.tf", &text("[\"${statement.value}:Get*\"]").replace("redshift", "redshft"));
    assert!(service.iter().any(|f| f.rule.code == "CS121" && f.fix.is_none()), "{:#?}", told(&service));
}

/// A template of CloudFormation is read as YAML where it is no JSON; a policy is not.
#[test]
fn a_comma_too_many_in_a_template_is_no_error() {
    let template = r#"{"Metadata": {"Source": "x",}, "Resources": {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {
  "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}}}}}"#;
    is_read("stack.json", template);
    is_read("stack.template", template);
    let policy =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",}]}"#;
    assert!(codes(&findings("policy.json", policy)).contains("CS101"));
}

/// What is filtered away for certain makes no statement.
#[test]
fn what_is_empty_is_filtered_by_its_length() {
    let text = |condition: &str| {
        format!(
            "locals {{\n  all = {{ a = [\"arn:aws:s3:::b/*\"], b = [null], c = [] }}\n}}\ndata \"aws_iam_policy_document\" \"x\" {{\n  dynamic \"statement\" {{\n    for_each = {{ for k, v in local.all : k => compact(v) if {condition} }}\n    content {{\n      actions   = [\"s3:GetObject\"]\n      resources = statement.value\n    }}\n  }}\n}}\n"
        )
    };
    assert_eq!(errors(&findings("x.tf", &text("length(compact(v)) > 0"))), Vec::<String>::new());
    assert_eq!(errors(&findings("x.tf", &text("length(compact(v)) >= 1"))), Vec::<String>::new());
    assert!(codes(&findings("x.tf", &text("length(v) >= 0"))).contains("CS107"));
}

/// Conditions that no request meets, also where every value of each by itself can be met.
#[test]
fn ranges_that_exclude_each_other_never_hold() {
    let fires = |condition: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": {{{condition}}}}}]}}"#
        );
        codes(&findings("p.json", &text)).contains("CS144")
    };
    for (never, sometimes) in [
        (
            r#""DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}, "DateLessThan": {"aws:CurrentTime": "2028-01-01T00:00:00Z"}"#,
            r#""DateGreaterThan": {"aws:CurrentTime": "2028-01-01T00:00:00Z"}, "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}"#,
        ),
        (
            r#""DateGreaterThan": {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}, "DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}"#,
            r#""DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}, "DateLessThan": {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}"#,
        ),
        (
            r#""NumericGreaterThan": {"s3:max-keys": "5"}, "NumericLessThan": {"s3:max-keys": "3"}"#,
            r#""NumericGreaterThan": {"s3:max-keys": "3"}, "NumericLessThan": {"s3:max-keys": "5"}"#,
        ),
        (
            r#""NumericGreaterThanEquals": {"s3:max-keys": "5"}, "NumericLessThan": {"s3:max-keys": "5"}"#,
            r#""NumericGreaterThanEquals": {"s3:max-keys": "5"}, "NumericLessThanEquals": {"s3:max-keys": "5"}"#,
        ),
        (
            r#""NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "5"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3"}"#,
            r#""NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "5"}, "NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "3"}"#,
        ),
        (
            r#""IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "NotIpAddress": {"aws:SourceIp": "203.0.0.0/16"}"#,
            r#""IpAddress": {"aws:SourceIp": "203.0.0.0/16"}, "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#,
        ),
    ] {
        assert!(fires(never), "{never}");
        assert!(!fires(sometimes), "{sometimes}");
    }
}

/// The policy of an API of SAM, and of its domain, says who may call it: it is that of `AWS::ApiGateway::RestApi`.
#[test]
fn the_policy_of_an_api_of_sam_is_a_resource_policy() {
    let policy = |indent: &str, effect: &str| {
        format!(
            "{indent}Version: '2012-10-17'\n{indent}Statement:\n{indent}- Effect: {effect}\n{indent}  Principal: '*'\n{indent}  Action: execute-api:Invoke\n{indent}  Resource: execute-api:/*\n"
        )
    };
    let head = "Transform: AWS::Serverless-2016-10-31\nResources:\n  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: Prod\n";
    let own = |effect: &str| format!("{head}      Policy:\n{}", policy("        ", effect));
    let domain = |effect: &str| format!("{head}      Domain:\n        Policy:\n{}", policy("          ", effect));
    for (right, slip) in [(own("Allow"), own("Alow")), (domain("Allow"), domain("Alow"))] {
        assert_eq!(errors(&findings("template.yaml", &right)), Vec::<String>::new(), "{right}");
        assert!(codes(&findings("template.yaml", &slip)).contains("CS105"), "{slip}");
    }
    // the policy of a function is one of its role
    let function = own("Allow").replace("Serverless::Api", "Serverless::Function").replace("Policy:", "Policies:");
    assert!(codes(&findings("template.yaml", &function)).contains("CS108"), "{function}");
}

/// The data source of Terraform keeps the values of a list as a set, and writes each once.
#[test]
fn what_terraform_writes_once_is_counted_once() {
    let text = |actions: &[String]| {
        let policy = "data.aws_iam_policy_document.d.json";
        format!(
            "data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions   = [{}]\n    resources = [\"*\"]\n  }}\n}}\nresource \"aws_iam_policy\" \"p\" {{\n  policy = {policy}\n}}\n",
            actions.join(", ")
        )
    };
    let same: Vec<String> = (0..500).map(|_| "\"s3:GetObject\"".to_owned()).collect();
    assert_eq!(errors(&findings("x.tf", &text(&same))), Vec::<String>::new());
    let distinct: Vec<String> = (0..500).map(|i| format!("\"s3:{}*\"", "?".repeat(1 + i))).collect();
    assert!(codes(&findings("x.tf", &text(&distinct))).contains("CS113"));
    // a document that is written as it stands has every one
    let json = format!(
        "resource \"aws_iam_policy\" \"p\" {{\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [{{ Effect = \"Allow\", Action = [{}], Resource = \"*\" }}]\n  }})\n}}\n",
        same.join(", ")
    );
    assert!(codes(&findings("x.tf", &json)).contains("CS113"));
}

/// What is compared may be unknown: an operator that there is not stays one.
#[test]
fn a_misspelt_operator_is_told_where_its_values_are_unknown() {
    let terraform = |test: &str| {
        format!(
            "variable \"org\" {{ type = string }}\ndata \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions   = [\"s3:GetObject\"]\n    resources = [\"*\"]\n    condition {{\n      test     = \"{test}\"\n      variable = \"aws:PrincipalOrgID\"\n      values   = [var.org]\n    }}\n  }}\n}}\n"
        )
    };
    let template = |test: &str| {
        format!(
            "Parameters: {{Org: {{Type: String}}}}\nResources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - Effect: Allow\n            Action: s3:GetObject\n            Resource: \"*\"\n            Condition: {{\"{test}\": {{\"aws:PrincipalOrgID\": !Ref Org}}}}\n"
        )
    };
    let json = |test: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*", "Condition": {{"{test}": {{"aws:PrincipalOrgID": "[MY_ORG]"}}}}}}]}}"#
        )
    };
    let text = |name: &str, test: &str| match name {
        "x.tf" => terraform(test),
        "x.yaml" => template(test),
        _ => json(test),
    };
    for name in ["x.tf", "x.yaml", "x.json"] {
        for known in ["StringEquals", "ForAnyValue:StringLikeIfExists"] {
            assert_eq!(errors(&findings(name, &text(name, known))), Vec::<String>::new());
        }
        let found = findings(name, &text(name, "StringEqualz"));
        let slip = found.iter().find(|f| f.rule.code == "CS105");
        assert!(slip.is_some_and(|f| f.message.contains("StringEqualz")), "{name}: {:#?}", told(&found));
    }
}

/// SAM makes the resource policy of an API of these statements.
#[test]
fn custom_statements_of_an_api_of_sam_are_read() {
    let text = |action: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: Prod\n      Auth:\n        ResourcePolicy:\n          CustomStatements:\n            - Effect: Allow\n              Principal: \"*\"\n              Action: {action}\n              Resource: execute-api:/Prod/*/*\n"
        )
    };
    assert_eq!(errors(&findings("template.yaml", &text("execute-api:Invoke"))), Vec::<String>::new());
    let found = errors(&findings("template.yaml", &text("execute-api:Invok")));
    assert!(matches!(found.as_slice(), [one] if one.starts_with("CS121") && one.contains("Invok")), "{found:#?}");
}

/// The answer of a call that adds one statement to a policy, and a message that AWS encoded, are no policies.
#[test]
fn an_answer_of_aws_is_no_policy() {
    let statement = r#"{"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "lambda:GetLayerVersion", "Resource": "arn:aws:lambda:us-east-1:111122223333:layer:l:1"}"#;
    for field in [r#""ResponseMetadata": {"HTTPStatusCode": 201}"#, r#""RevisionId": "3f7d5b6a""#] {
        let answer = format!(r#"{{"answer": {{"Statement": {statement}, {field}}}}}"#);
        assert_eq!(told(&findings("x.json", &answer)), Vec::<String>::new(), "{answer}");
        let whole = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}, {field}}}"#);
        assert!(codes(&findings("x.json", &whole)).contains("CS106"), "{whole}");
    }
    let message = |key: &str| {
        format!(r#"{{"DecodedMessage": "{{\"allowed\": \"false\", \"{key}\": \"\", \"context\": [{{\"item\": 1]}}"}}"#)
    };
    assert_eq!(told(&findings("x.json", &message("matchedStatements"))), Vec::<String>::new());
    assert!(codes(&findings("x.json", &message("Statement"))).contains("CS101"));
}

/// CloudFormation takes the last of two keys: one of a function that says nothing of its policies is no matter of theirs.
#[test]
fn a_key_of_a_function_that_stands_twice_is_told_where_it_concerns_policies() {
    let text = |before: &str, within: &str| {
        format!(
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: a.b\n{before}      Policies:\n        - Version: '2012-10-17'\n          Statement:\n            - Effect: Allow\n{within}              Action: s3:GetObject\n              Resource: \"*\"\n"
        )
    };
    is_read("template.yaml", &text("      Handler: c.d\n", ""));
    for twice in [
        text("      Role: a\n      Role: b\n", ""),
        text("      Policies: []\n", ""),
        text("", "              Action: s3:PutObject\n"),
    ] {
        assert!(codes(&findings("template.yaml", &twice)).contains("CS102"), "{twice}");
    }
}

/// A proposal exists, has an effect, and is not the opposite of what is written.
#[test]
fn what_is_proposed_exists_and_means_the_same() {
    let proposed = |action: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": ["{action}"], "Resource": "*"}}]}}"#
        );
        let found = findings("x.json", &text);
        let slip =
            found.iter().find(|f| f.rule.code == "CS121").unwrap_or_else(|| panic!("{action}: {:#?}", told(&found)));
        let near = slip.help.strip_prefix("did you mean `").map(|rest| rest.trim_end_matches("`?").to_owned());
        assert_eq!(near.is_some(), slip.fix.is_some(), "{action}: {}", slip.help);
        near
    };
    for without in [
        "organizations:Get*",
        "redshift:BatchGet*",
        "ds:DisconnectDirectory",
        "dynamo:FooBar",
        "dynamo:View*",
        "vpce:List*",
        "scheduler:TagSchedule",
    ] {
        assert_eq!(proposed(without), None, "{without}");
    }
    for (slip, near) in [
        ("s3:GetObjct", "s3:GetObject"),
        ("s3:GetObjct*", "s3:GetObject*"),
        ("ec2:Desribe*", "ec2:Describe*"),
        ("ec2:DetatchVolume", "ec2:DetachVolume"),
        ("ds:deauthorizeApplication", "ds:UnauthorizeApplication"),
        ("dynamo:GetItem", "dynamodb:GetItem"),
    ] {
        assert_eq!(proposed(slip).as_deref(), Some(near), "{slip}");
    }
}

/// The part of a key before the name of a tag is one of a closed list; other global keys that there are not may be younger than the list.
#[test]
fn a_global_key_that_there_is_not_is_told() {
    let of = |key: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Action": "ec2:StartInstances", "Resource": "*", "Condition": {{"StringEquals": {{"{key}": "x"}}}}}}]}}"#
        );
        let found = findings("x.json", &text);
        found.into_iter().find(|f| f.rule.code == "CS141").map(|f| (f.severity, f.help))
    };
    for (slip, near) in [
        ("aws:ResouceTag/env", "aws:ResourceTag/env"),
        ("aws:ReqestTag/env", "aws:RequestTag/env"),
        ("aws:PrincipalTags/env", "aws:PrincipalTag/env"),
        ("aws:ResourceTag:env", "aws:ResourceTag/env"),
        ("ec2:ResourceTg/env", "ec2:ResourceTag/env"),
        ("aws:SouceIp", "aws:SourceIp"),
    ] {
        assert_eq!(of(slip), Some((Severity::Error, format!("did you mean `{near}`?"))), "{slip}");
    }
    for unknown in ["aws:FooBar", "aws:Foo/env"] {
        assert!(matches!(of(unknown), Some((Severity::Warning, help)) if !help.contains("mean")), "{unknown}");
    }
    assert!(matches!(of("aws:ARN"), Some((Severity::Warning, help)) if help.contains("aws:PrincipalArn")));
    for right in ["aws:ResourceTag/a/b:c", "aws:sourceip", "aws:SourceOwner", "ec2:ResourceTag/env"] {
        assert_eq!(of(right), None, "{right}");
    }
}

/// The quotas are for what customers create, and AWS has larger ones.
#[test]
fn a_policy_of_aws_has_no_quota() {
    let actions: Vec<String> = (0..9_000).map(|i| format!("\"s3:GetObject{}{i:0>9}*\"", "?")).collect();
    let text = |arn: &str| {
        format!(
            r#"{{"arn": "{arn}", "document": {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": [{}], "Resource": "*"}}]}}}}"#,
            actions.join(", ")
        )
    };
    let large = |arn: &str| codes(&findings("x.json", &text(arn))).contains("CS113");
    assert!(large("arn:aws:iam::111122223333:policy/Large"));
    assert!(!large("arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy"));
}

/// What the same policy denies always, it does not allow; a condition on a key that every request carries holds with `IfExists` too.
#[test]
fn what_a_policy_denies_it_does_not_hand_out() {
    let codes_of = |statements: &str| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        let found = lint(&[Example::new("x.json", text)], &settings("[lint]\nprofile = \"security\"\n")).findings;
        let codes = codes(&found);
        ["CS126", "CS127", "CS202"].into_iter().filter(|c| codes.contains(c)).collect::<Vec<_>>()
    };
    let all = r#"{"Effect": "Allow", "Action": ["iam:PassRole", "ec2:RunInstances", "iam:CreateServiceLinkedRole"], "Resource": "*"}"#;
    assert_eq!(codes_of(all), ["CS126", "CS127", "CS202"]);
    let deny = |more: &str| format!(r#"{all}, {{"Effect": "Deny", "Action": "iam:*", "Resource": "*"{more}}}"#);
    assert_eq!(codes_of(&deny("")), Vec::<&str>::new());
    let mfa = r#", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#;
    assert_eq!(codes_of(&deny(mfa)), ["CS126", "CS127", "CS202"]);
    let pass = |resource: &str, condition: &str| {
        codes_of(&format!(r#"{{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "{resource}"{condition}}}"#))
    };
    let to_ec2 = r#", "Condition": {"StringEqualsIfExists": {"iam:PassedToService": "ec2.amazonaws.com"}}"#;
    assert_eq!(pass("*", to_ec2), Vec::<&str>::new());
    assert_eq!(pass("arn:aws:iam::*:role/*", ""), ["CS126"]);
    assert_eq!(pass("arn:aws:iam::*:role/service/*", ""), Vec::<&str>::new());
}

/// Requests through a VPC endpoint carry no aws:SourceIp, and meet what ends in `IfExists`.
#[test]
fn a_private_address_with_if_exists_tells_some_requests_apart() {
    let of = |operator: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {{"{operator}": {{"aws:SourceIp": "10.0.0.0/8"}}}}}}]}}"#
        );
        findings("x.json", &text).into_iter().find(|f| f.rule.code == "CS162").map(|f| f.severity)
    };
    assert_eq!(of("IpAddress"), Some(Severity::Error));
    assert_eq!(of("IpAddressIfExists"), Some(Severity::Warning));
    assert_eq!(of("NotIpAddressIfExists"), Some(Severity::Error));
}

/// A managed policy of AWS's that there is not, wherever one is listed; of other partitions and of customers' own nothing is known.
#[test]
fn a_managed_policy_that_aws_does_not_have_is_told() {
    let of = |name: &str, text: &str| {
        let found = findings(name, text);
        found.into_iter().find(|f| f.rule.code == "CS167").map(|f| (f.severity, f.help))
    };
    let terraform = |arn: &str| {
        format!(
            "resource \"aws_iam_role_policy_attachment\" \"a\" {{\n  policy_arn = \"{arn}\"\n}}\nresource \"aws_iam_role\" \"r\" {{\n  permissions_boundary = \"{arn}\"\n  managed_policy_arns  = [\"{arn}\"]\n}}\n"
        )
    };
    let template = |arn: &str| {
        format!("Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      ManagedPolicyArns: [\"{arn}\"]\n")
    };
    let slip = "arn:aws:iam::aws:policy/SecurityAudi";
    for (name, text) in [("x.tf", terraform(slip)), ("x.yaml", template(slip))] {
        let told = of(name, &text);
        assert!(matches!(&told, Some((Severity::Warning, help)) if help.contains("policy/SecurityAudit")), "{told:?}");
        for right in [
            "arn:aws:iam::aws:policy/SecurityAudit",
            "arn:aws-us-gov:iam::aws:policy/SecurityAudi",
            "arn:aws:iam::111122223333:policy/SecurityAudi",
            "arn:aws:iam::aws:policy/${aws:x}",
        ] {
            assert_eq!(of(name, &text.replace(slip, right)), None, "{right}");
        }
    }
    assert_eq!(findings("x.tf", &terraform(slip)).iter().filter(|f| f.rule.code == "CS167").count(), 3);
}

/// All that is wrong with a statement is told at once, and each thing once.
#[test]
fn one_slip_does_not_hide_another() {
    let text = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Alow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"StringEqls": {"aws:PrincipalOrgID": "o-a"}}}]}"#;
    let found = told(&findings("x.json", text));
    assert!(["Effect", "StringEqls"].iter().all(|words| found.iter().any(|t| t.contains(words))), "{found:#?}");
    let blank =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": " iot:Foo*", "Resource": "*"}]}"#;
    assert_eq!(codes(&findings("x.json", blank)).into_iter().collect::<Vec<_>>(), ["CS111"]);
    // Terraform's data source has arguments, which are called otherwise
    let terraform = "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    action    = [\"s3:GetObject\"]\n    resources = [\"*\"]\n  }\n}\n";
    let found = findings("x.tf", terraform);
    let slip = found.iter().find(|f| f.rule.code == "CS106").unwrap_or_else(|| panic!("{:#?}", told(&found)));
    assert!(slip.message.contains("Terraform rejects"), "{}", slip.message);
    assert_eq!(slip.fix.as_ref().map(|fix| fix.edits[0].text.as_str()), Some("actions"));
}

/// A colon alone makes no action, and nothing is near to it.
#[test]
fn an_action_has_a_service_and_a_name() {
    for half in ["s3:", ":GetObject"] {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": ["{half}", "s3:GetObject"], "Resource": "*"}}]}}"#
        );
        let found = findings("x.json", &text);
        let slip =
            found.iter().find(|f| f.rule.code == "CS121").unwrap_or_else(|| panic!("{half}: {:#?}", told(&found)));
        assert!(slip.severity == Severity::Error && slip.fix.is_none() && !slip.help.contains("mean"), "{}", slip.help);
    }
}

/// What CS143 writes for an ARN is no finding of CS150.
#[test]
fn arns_with_a_star_are_compared_as_arns() {
    let of = |key: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*", "Condition": {{"StringNotEquals": {{"{key}": "arn:aws:iam::111122223333:role/a*"}}}}}}]}}"#
        );
        findings("x.json", &text).into_iter().find(|f| f.rule.code == "CS143").map(|f| f.help)
    };
    assert_eq!(of("aws:PrincipalArn").as_deref(), Some("write `ArnNotLike`"));
    assert_eq!(of("aws:PrincipalTag/role").as_deref(), Some("write `StringNotLike`"));
}

/// A text with a version of the policy language and statements is a policy, though it has neither effect nor action yet.
#[test]
fn a_broken_policy_is_told_whatever_it_lacks() {
    let of = |text: &str| {
        let source = SourceFile::new("p.json", text);
        let texts = [Text { source, form: Form::Json, named: false }];
        codes(&run::lint(&texts, &settings(""), None, true).findings).contains("CS101")
    };
    assert!(of(r#"{"Version":"2012-10-17","Statement":[{]}"#));
    assert!(!of(r#"{"version":"2012-10-17","Statements":[{]}"#));
    assert!(!of(r#"{"date":"2012-10-17","statement":[{]}"#));
}

/// Ansible makes a value of a template of Jinja, and takes a comma after the last element; what is JSON by itself does not.
#[test]
fn a_comma_too_many_in_a_template_of_jinja_is_no_error() {
    let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": [\"s3:GetObject\", \"a,]\", ],\n      \"Resource\": \"arn:aws:s3:::{{ bucket }}/*\",\n    },\n  ]\n}\n".replace(", \"a,]\"", "");
    is_read("policy.json.j2", &text);
    assert!(codes(&findings("policy.json", &text)).contains("CS101"));
    // what stands in a text stays there
    let quoted = text.replace("s3:GetObject", "s3:GetObject,]");
    assert!(told(&findings("policy.json.j2", &quoted)).iter().any(|t| t.contains("s3:GetObject,]")), "{quoted}");
}

/// Names that AWS's own templates give to services of other partitions: whether IAM takes them there is not known.
#[test]
fn a_service_of_another_partition_is_no_error() {
    let text = |service: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "{service}"}}, "Action": "sts:AssumeRole"}}]}}"#
        )
    };
    for service in ["ec2.amazonaws.cn", "ec2.amazonaws-us-gov.com"] {
        let found = findings("trust.json", &text(service));
        let own: Vec<&Finding> = found.iter().filter(|f| f.rule.code == "CS128").collect();
        assert!(own.len() == 1 && own[0].severity == Severity::Warning, "{:#?}", told(&found));
    }
    for service in ["ec2.amazonaws.co", ".amazonaws.cn", "ec2.amazonaws-us-gov.org"] {
        assert!(errors(&findings("trust.json", &text(service))).iter().any(|t| t.starts_with("CS128")), "{service}");
    }
}
