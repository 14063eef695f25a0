//! What public repositories write that was told wrongly once: each with what it must still be told for.

use countersign_core::lint::{Finding, Severity};

use super::{codes, errors, findings, told};

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
    let literal = findings("x.tf", &text("[\"redshift:BatchGet*\"]"));
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
