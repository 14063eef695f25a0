//! Policies where people keep them, as public repositories have them: templates in strings, programs of Pulumi, templates with blanks,
//! and what only looks like a policy of AWS.

use super::{Example, codes, errors, findings, lint, settings, told};

/// The file has no error, and with each slip in place of `s3:GetObject` that slip is one, underlined where it stands.
#[track_caller]
fn is_read(name: &str, text: &str) {
    assert!(text.contains("s3:GetObject"), "{name}");
    assert_eq!(errors(&findings(name, text)), Vec::<String>::new(), "{name}");
    let slipped = text.replace("s3:GetObject", "s3:GetObjct");
    let found = findings(name, &slipped);
    let slip = found.iter().find(|f| f.rule.code == "CS121").unwrap_or_else(|| panic!("{name}: {:#?}", told(&found)));
    let words = slip.place.source.slice(slip.place.span);
    assert!(words.contains("s3:GetObjct"), "{name}: {words}");
    assert_eq!(errors(&found).len(), slipped.matches("s3:GetObjct").count(), "{name}: {:#?}", told(&found));
}

/// Nothing is said of the file, and no policy is found in it.
#[track_caller]
fn is_no_policy(name: &str, text: &str) {
    let outcome = lint(&[Example::new(name, text)], &settings(""));
    assert_eq!((told(&outcome.findings), outcome.policies), (Vec::new(), 0), "{name}");
}

const MANAGED: &str = r#"
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: s3:GetObject
            Resource: "*"
"#;

#[test]
fn a_template_in_a_string_is_read() {
    let indented = |by: usize| MANAGED.trim().lines().map(|l| format!("{}{l}\n", " ".repeat(by))).collect::<String>();
    for tag in ["|", "!Sub |", "|-"] {
        let text = format!(
            "Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n      TemplateBody: {tag}\n{}",
            indented(8)
        );
        is_read("stack-set.yaml", &text);
    }
    let heredoc =
        format!("resource \"aws_cloudformation_stack\" \"s\" {{\n  template_body = <<-EOT\n{}  EOT\n}}\n", indented(4));
    is_read("stack.tf", &heredoc);
    // commas that JSON does not have
    let json = r#"Resources:
  S:
    Type: AWS::CloudFormation::StackSet
    Properties:
      TemplateBody: |
        {
          "Parameters": {"A": {"Type": "String"},},
          "Resources": {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}}}}
        }
"#;
    is_read("stack-set.yaml", json);
}

/// PyYAML and CloudFormation do not ask how far in the lines of a quoted text are.
#[test]
fn a_quoted_text_may_end_as_far_out_as_its_key() {
    let quoted = |head: &str, quote: char| {
        let text = if quote == '"' {
            r#"\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:GetObject\"], \"Resource\": \"*\"}]"#
        } else {
            r#""Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}]"#
        };
        format!(
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n{head}      PolicyDocument: !Sub {quote}{{\n          {text}\n      }}{quote}\n"
        )
    };
    for quote in ['\'', '"'] {
        is_read("template.yaml", &quoted("", quote));
        is_read("template.yaml", &quoted("      Description: \"{{resolve:ssm:x}}\"\n", quote));
    }
}

#[test]
fn a_bracket_may_stand_as_far_out_as_its_key() {
    let text = MANAGED.replace("Action: s3:GetObject", "Action: [\n  \"s3:GetObject\",\n            ]");
    is_read("template.yaml", &text);
}

#[test]
fn a_template_with_blanks_is_read_where_they_are_values() {
    is_read(
        "template.yaml",
        &format!("Mappings:\n  M:\n    Name: %TEMPLATE_BUCKET%\n    Key: %A%/%B%/x.zip\n{}", MANAGED.trim_start()),
    );
    is_read("template.yaml", &MANAGED.replace("Resource: \"*\"", "Resource: {{ bucket_arn }}/*"));
    // where a part may be missing or repeated, the file is told not to be read
    let conditional = MANAGED.replace("            Resource", "{% if x %}\n            Resource");
    let found = findings("template.yaml", &conditional);
    assert_eq!(codes(&found).into_iter().collect::<Vec<_>>(), ["CS116"], "{:#?}", told(&found));
}

#[test]
fn a_program_of_pulumi_is_read() {
    let text = r#"
name: x
runtime: yaml
resources:
  role:
    type: aws:iam:Role
    properties:
      assumeRolePolicy:
        fn::toJSON:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: sts:AssumeRole
              Principal: {Service: ecs-tasks.amazonaws.com}
      inlinePolicies:
        - name: ${pulumi-project}-secrets
          policy:
            fn::toJSON:
              Version: "2012-10-17"
              Statement:
                - Effect: Allow
                  Action: s3:GetObject
                  Resource: ["${bucket.arn}/*", "${key.arn}", {"fn::select": [0, "${all}"]}]
                  Condition: {StringEquals: {"aws:username": "$${aws:username}"}}
"#;
    is_read("Pulumi.yaml", text);
    // of a role, what trusts is a trust policy
    let wrong = text.replace("Principal: {Service: ecs-tasks.amazonaws.com}", "Resource: \"*\"");
    assert!(codes(&findings("Pulumi.yaml", &wrong)).contains("CS137"));
}

#[test]
fn functions_of_org_formation_are_unknown() {
    for (value, replaced) in [
        ("Resource: \"*\"", "Resource: Fn::EnumTargetAccounts Binding 'arn:aws:iam::${account}:role/${name}'"),
        ("Resource: \"*\"", "Resource: [\"Fn::EnumTargetRegions B arn:aws:s3:::${region}-x\", \"*\"]"),
    ] {
        is_read("template.yaml", &MANAGED.replace(value, replaced));
    }
}

/// CloudFormation takes the last of two keys; where no policy is concerned, that is not a matter of policies.
#[test]
fn a_key_that_stands_twice_is_told_where_policies_are() {
    let outputs = format!("{MANAGED}Outputs:\n  A:\n    Value: 1\n  A:\n    Value: 2\n");
    is_read("template.yaml", &outputs);
    for (once, twice) in [
        ("            Action: s3:GetObject\n", "            Action: s3:PutObject\n            Action: s3:GetObject\n"),
        (
            "    Type: AWS::IAM::ManagedPolicy\n",
            "    Type: AWS::IAM::ManagedPolicy\n    Type: AWS::IAM::ManagedPolicy\n",
        ),
        ("Resources:\n", "Resources:\n  P:\n    Type: AWS::S3::Bucket\n"),
    ] {
        let text = MANAGED.replace(once, twice);
        assert!(codes(&findings("template.yaml", &text)).contains("CS102"), "{text}");
    }
}

#[test]
fn a_policy_of_a_rest_api_is_one_of_a_resource() {
    let text = r#"
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      DefinitionBody:
        swagger: "2.0"
        x-amazon-apigateway-policy:
          Version: "2012-10-17"
          Statement:
            Effect: Allow
            Principal: "*"
            Action: execute-api:Invoke
            Resource: execute-api:/*
"#;
    assert_eq!(errors(&findings("api.yaml", text)), Vec::<String>::new());
    assert!(codes(&findings("api.yaml", &text.replace("            Principal: \"*\"\n", ""))).contains("CS137"));
}

#[test]
fn a_policy_of_iot_names_nobody() {
    let text = r#"{"Resources": {"P": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": {"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}}}}"#;
    assert_eq!(errors(&findings("iot.json", text)), Vec::<String>::new());
    let text = "resource \"aws_iot_policy\" \"p\" {\n  policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Action = [\"iot:*\"], Resource = \"*\" }] })\n}\n";
    assert_eq!(errors(&findings("iot.tf", text)), Vec::<String>::new());
}

#[test]
fn policies_of_others_are_not_judged() {
    is_no_policy(
        "alicloud.tf",
        "resource \"alicloud_ram_role\" \"r\" {\n  document = <<EOF\n{\"Statement\": [{\"Action\": \"sts:AssumeRole\", \"Effect\": \"Allow\", \"Principal\": {\"Service\": [\"actiontrail.aliyuncs.com\"]}}], \"Version\": \"1\"}\nEOF\n}\nlocals {\n  policy = 1\n}\n",
    );
    is_no_policy(
        "tencent.json",
        r#"{"Statement": [{"Action": ["name/cos:HeadBucket"], "Effect": "Allow", "Principal": {"qcs": ["qcs::cam::anyone:anyone"]}, "Resource": ["qcs::x/*"]}], "version": "2.0"}"#,
    );
    // which resources an update may touch
    is_no_policy(
        "stack-policy.json",
        r#"{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}, {"Effect": "Deny", "Action": ["Update:Delete"], "Principal": "*", "Resource": "LogicalResourceId/Db"}]}"#,
    );
    // a message about a template
    is_no_policy(
        "results.json",
        r#"[{"Message": "{'Ref': 'Topic'} does not match when resolved at 'PolicyDocument/Statement/2/Resource'"}]"#,
    );
}

/// What is proposed for a name that AWS has not is a name that it has.
#[test]
fn proposals_exist() {
    for (written, proposed) in [
        ("efs:DescribeFileSystems", "elasticfilesystem:DescribeFileSystems"),
        ("kms:ReEncrypt", "kms:ReEncryptFrom"),
        ("lambda:UpdateFunction", "lambda:UpdateFunctionCode"),
        ("s3:GetObjct", "s3:GetObject"),
    ] {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "{written}", "Resource": "*"}}]}}"#
        );
        let found = findings("p.json", &text);
        let help = found.iter().find(|f| f.rule.code == "CS121").map(|f| f.help.clone());
        assert_eq!(help, Some(format!("did you mean `{proposed}`?")), "{written}");
    }
}

/// The name of a tag, and of an encryption context, may hold blanks (IAM User Guide, *Tags for IAM resources*); what stands before it may not.
#[test]
fn a_tag_whose_name_has_a_blank_is_no_slip() {
    let policy = |key: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Action": "ec2:StartInstances", "Resource": "*",
              "Condition": {{"StringEquals": {{"{key}": "x"}}}}}}]}}"#
        )
    };
    let of = |key: &str| {
        let found = findings("policy.json", &policy(key));
        found.iter().filter(|f| f.rule.code == "CS111").count()
    };
    for key in ["aws:ResourceTag/Cost Center", "ec2:ResourceTag/it's", "kms:EncryptionContext:Dept Name"] {
        assert_eq!(of(key), 0, "{key}");
    }
    for key in ["aws:Resource Tag/Cost", "aws:SourceIp ", "kms:Encryption Context:Dept"] {
        assert_eq!(of(key), 1, "{key}");
    }
}

/// Statements that something else makes a policy of: a module of a registry, the Serverless Framework, a catalog in YAML.
#[test]
fn statements_without_a_policy_around_them_are_read() {
    let module = |source: &str| {
        format!(
            "module \"f\" {{\n  source = \"{source}\"\n  policy_statements = {{\n    step = {{\n      effect    = \"Allow\"\n      actions   = [\"s3:GetObject\"]\n      resources = [\"*\"]\n      condition = {{\n        a = {{ test = \"StringEquals\", variable = \"aws:SourceVpc\", values = [\"vpc-1\"] }}\n      }}\n    }}\n  }}\n}}\n"
        )
    };
    is_read("main.tf", &module("terraform-aws-modules/lambda/aws"));
    let list = module("git::https://example.com/x.git")
        .replace("{\n    step = {", "[\n    {")
        .replace("    }\n  }\n}\n", "    }\n  ]\n}\n");
    is_read("main.tf", &list);
    let slip = findings("main.tf", &module("a/b/c").replace("StringEquals", "StringEqualz"));
    assert!(codes(&slip).contains("CS105"), "{:#?}", told(&slip));
    let framework = "service: x\nprovider:\n  name: aws\n  iam:\n    role:\n      statements:\n        - Effect: Allow\n          Action: [s3:GetObject]\n          Resource: arn:aws:s3:::${self:custom.bucket}/*\n";
    is_read("serverless.yml", framework);
    is_read(
        "serverless.yml",
        "functions:\n  f:\n    iamRoleStatements:\n      - ${file(more.yml)}\n      - Effect: Allow\n        Action: s3:GetObject\n        Resource: '*'\n",
    );
    let catalog = "- sid: Deny\n  effect: Deny\n  actions:\n    - s3:GetObject\n  condition:\n    - test: \"Null\"\n      variable: aws:SourceVpc\n      values:\n        - true\n  resources:\n    - \"*\"\n";
    is_read("catalog/s3.yaml", catalog);
    for other in [
        "- effect: NoSchedule\n  actions: [a:b]\n",
        "- effect: Allow\n  actions: [create, delete]\n",
        "rules:\n  - actions: [s3:GetObjct]\n",
        "statements:\n  - Effect: Allow\n    Text: x\n",
    ] {
        is_no_policy("x.yaml", other);
    }
}
