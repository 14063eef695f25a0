//! What is known of a policy by who uses it and how it is sent.

use super::*;

/// AWS Organizations counts the white space of what is sent, and the provider sends the text as it is.
#[test]
fn white_space_of_a_service_control_policy_counts_as_it_is_sent() {
    let actions = (0..250)
        .map(|n| format!("\"s3:GetObject{n:03}*\""))
        .collect::<Vec<_>>()
        .join(",\n                              ");
    let document = format!(
        "{{\n \"Version\": \"2012-10-17\",\n \"Statement\": [{{\"Effect\": \"Deny\", \"Action\": [{actions}], \"Resource\": \"*\"}}]\n}}\n"
    );
    assert!(document.len() > 10_240 && document.split_whitespace().collect::<String>().len() < 9_000);
    let resource = |content: &str, ty: &str| {
        format!("resource \"aws_organizations_policy\" \"a\" {{\n  type = \"{ty}\"\n  content = {content}\n}}\n")
    };
    let is_large = |files: &[(&str, &str)]| {
        let examples: Vec<Example> = files.iter().map(|(name, text)| Example::new(*name, *text)).collect();
        codes(&lint(&examples, &settings("")).findings).contains("CS113")
    };
    let here = format!("<<EOF\n{document}EOF");
    assert!(is_large(&[("a.tf", &resource(&here, "SERVICE_CONTROL_POLICY"))]));
    assert!(is_large(&[
        ("a.tf", &resource("file(\"${path.module}/x.json\")", "SERVICE_CONTROL_POLICY")),
        ("x.json", &document)
    ]));
    assert!(!is_large(&[
        ("a.tf", &resource("jsonencode(jsondecode(file(\"x.json\")))", "SERVICE_CONTROL_POLICY")),
        ("scp/x.json", &document)
    ]));
}

/// What the data source writes as `json` is indented by two spaces, and so sent; `minified_json` is not.
#[test]
fn a_service_control_policy_by_a_data_source_is_sent_indented() {
    let statement = |index: usize| {
        format!(
            "  statement {{\n    sid       = \"Deny{index:03}\"\n    effect    = \"Deny\"\n    actions   = [\"s3:DeleteBucket\", \"s3:PutBucketAcl\"]\n    resources = [\"arn:aws:s3:::bucket-{index:04}\"]\n  }}\n"
        )
    };
    // lines and blanks of a statement, and of what stands around all of them
    let written = "    {\n      \"Sid\": \"Deny000\",\n      \"Effect\": \"Deny\",\n      \"Action\": [\n        \"s3:DeleteBucket\",\n        \"s3:PutBucketAcl\"\n      ],\n      \"Resource\": \"arn:aws:s3:::bucket-0000\"\n    },\n";
    let around = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n  ]\n}".len();
    let fits = (10_240 - around + 1) / written.len();
    let is_large = |count: usize, by: &str, ty: &str| {
        let statements: String = (0..count).map(statement).collect();
        let resource = format!(
            "resource \"aws_organizations_policy\" \"a\" {{\n  type = \"{ty}\"\n  content = data.aws_iam_policy_document.d.{by}\n}}\n"
        );
        let text = format!("data \"aws_iam_policy_document\" \"d\" {{\n{statements}}}\n{resource}");
        codes(&findings("x.tf", &text)).contains("CS113")
    };
    assert!(!is_large(fits, "json", "SERVICE_CONTROL_POLICY") && is_large(fits + 1, "json", "SERVICE_CONTROL_POLICY"));
    assert!(!is_large(fits + 1, "minified_json", "SERVICE_CONTROL_POLICY"));
}

/// `each.value.json` is any of the documents that the block is for.
#[test]
fn the_kind_reaches_each_document() {
    let text = "data \"aws_iam_policy_document\" \"d\" {\n  for_each = toset([\"a\"])\n  statement {\n    actions = [\"s3:GetObject\"]\n    resources = [\"*\"]\n    principals {\n      type = \"AWS\"\n      identifiers = [\"*\"]\n    }\n  }\n}\nresource \"aws_iam_policy\" \"p\" {\n  for_each = data.aws_iam_policy_document.d\n  policy = each.value.json\n}\n";
    assert_eq!(errors(&findings("x.tf", text)).len(), 1, "{:?}", told(&findings("x.tf", text)));
    assert!(codes(&findings("x.tf", text)).contains("CS108"));
    assert!(!codes(&findings("x.tf", text)).contains("CS116"), "it is literal");
}

#[test]
fn a_document_that_is_joined_is_read() {
    let text = "Resources:\n  P:\n    Type: AWS::SSO::PermissionSet\n    Properties:\n      InlinePolicy: !Join [\"\", [\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"s3:GetObjectZq\\\",\\\"Resource\\\":\\\"\", !Ref B, \"\\\"}]}\"]]\n";
    let found = findings("t.yaml", text);
    let typo = found.iter().find(|f| f.rule.code == "CS121").unwrap();
    assert_eq!(typo.address().as_deref(), Some("Resources.P"));
    assert!(typo.fix.is_none(), "it has no place of its own");
}

/// The first key of a mapping begins where the mapping does, and is what is meant.
#[test]
fn a_comment_above_the_first_resource_is_about_that_one() {
    let one = |name: &str| {
        format!(
            "  {name}:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - Effect: Allow\n            Action: s3:GetObjectZq\n            Resource: \"*\"\n"
        )
    };
    let text = format!("Resources:\n  # countersign: ignore CS121 reason this one\n{}{}", one("A"), one("B"));
    let open: Vec<Finding> =
        findings("t.yaml", &text).into_iter().filter(|f| f.is_open() && f.rule.code == "CS121").collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].address().as_deref(), Some("Resources.B"));
}

#[test]
fn a_variable_of_cloudformation_without_sub_is_named() {
    let text = |sub: &str| {
        format!(
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - Effect: Allow\n            Action: ssm:GetParameter\n            Resource: {sub}arn:${{AWS::Partition}}:ssm:us-east-1:111122223333:parameter/x\n"
        )
    };
    let found = errors(&findings("t.yaml", &text("")));
    assert!(matches!(found.as_slice(), [only] if only.contains("`${AWS::Partition}` is not filled in")), "{found:?}");
    assert_eq!(errors(&findings("t.yaml", &text("!Sub "))), Vec::<String>::new());
}

/// A team that begins has every finding told, and no run that fails.
#[test]
fn report_only_may_hold_for_every_file() {
    let example = [Example::new(
        "policy.json",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObjectZq","Resource":"*"}]}"#,
    )];
    let may_fail = |toml: &str| lint(&example, &settings(toml)).findings.iter().filter(|f| f.may_fail()).count();
    assert_eq!(may_fail(""), 1);
    assert_eq!(may_fail("[lint]\nreportOnly = true\n"), 0);
    assert_eq!(may_fail("[lint]\nreportOnly = true\n[[lint.owners]]\nname = \"a\"\npaths = [\"**\"]\n"), 0);
    assert_eq!(lint(&example, &settings("[lint]\nreportOnly = true\n")).findings.len(), 1, "it is told");
}

#[test]
fn comments_name_rules_by_their_names() {
    let text = |comment: &str| {
        format!(
            "{comment}\nresource \"aws_iam_policy\" \"p\" {{\n  policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Action = \"s3:GetObjectZq\", Resource = \"*\" }}] }})\n}}\n"
        )
    };
    for comment in [
        "# countersign: ignore unknown-action reason it is new",
        "/* countersign: ignore CS121 reason it is new */",
        "// countersign: ignore CS121, unknown-action reason it is new",
    ] {
        let found = findings("x.tf", &text(comment));
        assert!(!found.iter().any(|f| f.rule.code == "CS121" && f.is_open()), "{comment}: {:?}", told(&found));
    }
}

/// What other programs fill in is no error, and what stands beside it is judged.
#[test]
fn blanks_of_other_programs_are_unknown() {
    for blank in [
        "\"__NAME__\"",
        "\"@@NAME@@\"",
        "\"%NAME%\"",
        "\"$NAME\"",
        "\"#{NAME}\"",
        "\"<%= @name %>\"",
        "\"REPLACE_ME\"",
        "[MAX_AGE]",
        "__NAME__",
    ] {
        let text = format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"s3:GetObjectZq\",\"Resource\":{blank}}}]}}"
        );
        let found = errors(&findings("policy.json", &text));
        assert!(matches!(found.as_slice(), [only] if only.starts_with("CS121")), "{blank}: {found:?}");
    }
}
