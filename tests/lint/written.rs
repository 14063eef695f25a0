//! Forms in which people write policies beside the plain ones: encoded templates, files of values, modules of registries, other languages.

use super::*;

/// The misspelt actions that are told in these files.
fn misspelt(files: &[(&str, &str)]) -> Vec<String> {
    let examples: Vec<Example> = files.iter().map(|(name, text)| Example::new(*name, *text)).collect();
    let found = lint(&examples, &settings("")).findings;
    let of = found.into_iter().filter(|f| f.rule.code == "CS121");
    of.map(|f| f.message.split('`').nth(1).unwrap_or_default().to_owned()).collect()
}

const STATEMENT: &str = r#"{Version="2012-10-17",Statement=[{Effect="Allow",Action="s3:GetObjectZq",Resource="*"}]}"#;

#[test]
fn a_template_may_be_one_expression() {
    let text = format!("${{jsonencode({STATEMENT})}}\n");
    for name in ["x.json.tpl", "x.tftpl", "x.yaml.tftpl"] {
        assert_eq!(misspelt(&[(name, &text.replace("\"*\"}", "a}"))]), ["s3:GetObjectZq"], "{name}");
    }
    let trimmed = format!("${{~ jsonencode({STATEMENT}) ~}}");
    assert_eq!(misspelt(&[("x.json.tpl", &trimmed)]), ["s3:GetObjectZq"]);
    let found = findings("x.json.tpl", &text);
    let words: Vec<&str> = found.iter().map(|f| f.place.source.slice(f.place.span)).collect();
    assert!(words.contains(&"\"s3:GetObjectZq\""), "it has its place: {words:?}");
}

#[test]
fn strings_of_json_encode_documents_and_blocks_are_dynamic() {
    let escaped = STATEMENT.replace('"', "\\\"");
    let text =
        format!("{{\"resource\": {{\"aws_iam_policy\": {{\"p\": {{\"policy\": \"${{jsonencode({escaped})}}\"}}}}}}}}");
    assert_eq!(misspelt(&[("x.tf.json", &text)]), ["s3:GetObjectZq"]);
    assert_eq!(misspelt(&[("x.tofu.json", &text)]), ["s3:GetObjectZq"]);
    let document = r#"{"data": {"aws_iam_policy_document": {"d": {"dynamic": [{"statement": {"for_each": "${var.x}", "content": {
        "actions": ["s3:GetObjectZq"], "resources": ["*"],
        "dynamic": {"condition": {"for_each": "${var.y}", "content": {"test": "StringEqualZq", "variable": "aws:RequestedRegion", "values": ["x"]}}}}}}]}}}}"#;
    assert_eq!(misspelt(&[("x.tf.json", document)]), ["s3:GetObjectZq"]);
    assert!(codes(&findings("x.tf.json", document)).contains("CS105"), "and of its operator");
    let right = document.replace("Zq", "").replace("StringEqual\"", "StringEquals\"");
    assert_eq!(errors(&findings("x.tf.json", &right)), Vec::<String>::new());
}

#[test]
fn a_function_of_pulumi_is_the_document_that_it_gives() {
    let text = |call: &str| {
        format!(
            "name: x\nruntime: yaml\nvariables:\n  doc:\n    {call}\nresources:\n  p:\n    type: aws:iam:Policy\n    properties:\n      policy: ${{doc}}\n"
        )
    };
    let statements = "statements:\n          - notActions: [\"s3:GetObjectZq\"]\n            notResources: [\"${b.arn}/*\"]\n            effect: Deny\n";
    let long =
        format!("fn::invoke:\n      function: aws:iam:getPolicyDocument\n      arguments:\n        {statements}");
    let short = format!("fn::aws:iam:getPolicyDocument:\n        {statements}");
    for call in [long, short] {
        assert_eq!(misspelt(&[("Pulumi.yaml", &text(&call))]), ["s3:GetObjectZq"], "{call}");
        assert_eq!(errors(&findings("Pulumi.yaml", &text(&call.replace("Zq", "")))), Vec::<String>::new());
    }
}

#[test]
fn modules_that_are_not_in_the_tree_take_statements_without_an_effect() {
    let module = |value: &str| format!("module \"m\" {{\n  source = \"a/kms/aws\"\n  key_statements = {value}\n}}\n");
    let one = "{ sid = \"A\", actions = [\"kms:DecryptZq\"], resources = [\"*\"] }";
    for value in [
        format!("[{one}]"),
        format!("{{ a = {one} }}"),
        format!("concat(var.x ? [{one}] : [], [{{ actions = [\"kms:Encrypt\"], resources = [\"*\"] }}])"),
        format!("slice([{one}], 0, var.n)"),
        format!("concat(var.x == null ? [] : var.x, [{one}])"),
    ] {
        assert_eq!(misspelt(&[("x.tf", &module(&value))]), ["kms:DecryptZq"], "{value}");
        assert_eq!(errors(&findings("x.tf", &module(&value.replace("Zq", "")))), Vec::<String>::new());
    }
    let other = "[{ actions = [\"app:start\"], name = \"x\" }]";
    assert_eq!(misspelt(&[("x.tf", &module(other))]), Vec::<String>::new(), "no statement has a name");
    // what Terragrunt gives, and what it writes
    let inputs = "inputs = {\n  policy_statements = {\n    a = { effect = \"Allow\", actions = [\"s3:GetObjectZq\"], resources = [\"*\"] }\n  }\n}\n";
    assert_eq!(misspelt(&[("terragrunt.hcl", inputs)]), ["s3:GetObjectZq"]);
    let generate = format!(
        "generate \"p\" {{\n  path = \"p.tf\"\n  contents = <<EOF\nresource \"aws_iam_policy\" \"p\" {{\n  policy = jsonencode({STATEMENT})\n}}\nEOF\n}}\n"
    );
    let found = findings("terragrunt.hcl", &generate);
    let typo = found.iter().find(|f| f.rule.code == "CS121").unwrap();
    assert_eq!(typo.place.source.slice(typo.place.span), "\"s3:GetObjectZq\"");
    assert_eq!(typo.address().as_deref(), Some("aws_iam_policy.p"));
}

#[test]
fn what_fills_a_template_in_is_judged() {
    let main = "resource \"aws_iam_policy\" \"p\" {\n  policy = templatefile(\"${path.module}/p/x.json.tftpl\", { act = \"s3:GetObjectZq\", more = [\"s3:PutObjectZq\"] })\n}\n";
    let template = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"${act}\",\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":${jsonencode(more)},\"Resource\":\"*\"}]}";
    assert_eq!(misspelt(&[("main.tf", main), ("p/x.json.tftpl", template)]), ["s3:GetObjectZq", "s3:PutObjectZq"]);
    assert_eq!(misspelt(&[("p/x.json.tftpl", template)]), Vec::<String>::new());
}

#[test]
fn what_variables_are_given_and_allowed_is_judged() {
    let main = |variable: &str| {
        format!(
            "variable \"e\" {{\n{variable}}}\ndata \"aws_iam_policy_document\" \"d\" {{\n  dynamic \"statement\" {{\n    for_each = var.e\n    content {{\n      actions = statement.value\n      resources = [\"*\"]\n    }}\n  }}\n}}\n"
        )
    };
    let values = "e = [[\"s3:GetObjectZq\"]]\n";
    assert_eq!(misspelt(&[("a/main.tf", &main("")), ("a/terraform.tfvars", values)]), ["s3:GetObjectZq"]);
    assert_eq!(misspelt(&[("a/main.tf", &main("")), ("b/terraform.tfvars", values)]), Vec::<String>::new());
    let policy = "policy = <<EOF\n{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObjectZq\",\"Resource\":\"*\"}]}\nEOF\n";
    assert_eq!(misspelt(&[("x.auto.tfvars", policy)]), ["s3:GetObjectZq"]);
    let one = |condition: &str| {
        format!(
            "variable \"e\" {{\n  validation {{\n    condition = {condition}\n    error_message = \"x\"\n  }}\n}}\ndata \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions = flatten([var.e])\n    resources = [\"*\"]\n  }}\n}}\n"
        )
    };
    for condition in [
        "contains([\"s3:GetObjectZq\", \"s3:PutObject\"], var.e)",
        "var.e == null || contains([\"s3:GetObjectZq\"], var.e)",
        "alltrue([for a in var.e : contains([\"s3:GetObjectZq\"], a)])",
    ] {
        assert_eq!(misspelt(&[("x.tf", &one(condition))]), ["s3:GetObjectZq"], "{condition}");
    }
    let allowed = "Parameters:\n  Pa:\n    Type: String\n    AllowedValues: [s3:GetObjectZq, s3:PutObject]\nResources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - {Effect: Allow, Action: !Ref Pa, Resource: \"*\"}\n";
    assert_eq!(misspelt(&[("t.yaml", allowed)]), ["s3:GetObjectZq"]);
}

#[test]
fn functions_give_what_they_give() {
    let of = |actions: &str| {
        let text = format!(
            "data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions = {actions}\n    resources = [\"*\"]\n  }}\n}}\n"
        );
        misspelt(&[("x.tf", &text)])
    };
    for actions in [
        "lookup({ a = [\"s3:GetObjectZq\"] }, var.k, [])",
        "setsubtract([\"s3:GetObjectZq\", \"s3:OldZq\"], [\"s3:OldZq\"])",
        "setsubtract([\"s3:GetObjectZq\"], var.x)",
        "setintersection([\"s3:GetObjectZq\", \"s3:OldZq\"], [\"s3:GetObjectZq\"])",
        "matchkeys([\"s3:GetObjectZq\", \"s3:OldZq\"], [\"a\", \"b\"], [\"a\"])",
        "[trimprefix(\"xs3:GetObjectZq\", \"x\")]",
        "[trimsuffix(\"s3:GetObjectZqx\", \"x\")]",
        "csvdecode(\"a,b\\ns3:GetObjectZq,y\")[*].a",
        "yamldecode(\"[s3:GetObjectZq]\")",
    ] {
        assert_eq!(of(actions), ["s3:GetObjectZq"], "{actions}");
    }
}

/// A version that may be any of several is not the old one.
#[test]
fn a_version_of_several_is_not_known() {
    let text = "locals {\n  v = var.c ? null : var.v\n}\ndata \"aws_iam_policy_document\" \"d\" {\n  version = local.v\n  statement {\n    actions = [\"s3:GetObject\"]\n    resources = [\"arn:aws:s3:::b/&{aws:username}/*\"]\n  }\n}\n";
    assert!(!codes(&findings("x.tf", text)).contains("CS112"));
}

/// What a filter leaves out, and what a choice does not choose, is not there: one list of literals that is split by what its values are.
#[test]
fn what_is_not_chosen_is_not_there() {
    let trust = |aws: &str, service: &str| {
        format!(
            "locals {{\n  l = [\"lambda.amazonaws.com\", \"arn:aws:iam::111122223333:root\"]\n}}\ndata \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions = [\"sts:AssumeRole\"]\n    principals {{\n      type        = \"AWS\"\n      identifiers = {aws}\n    }}\n    principals {{\n      type        = \"Service\"\n      identifiers = {service}\n    }}\n  }}\n}}\nresource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = data.aws_iam_policy_document.d.json\n}}\n"
        )
    };
    let filtered = |condition: &str| format!("[for p in local.l : p if {condition}]");
    let of = |condition: &str, other: &str| (filtered(condition), filtered(other));
    for (aws, service) in [
        of("startswith(p, \"arn:\")", "endswith(p, \".com\")"),
        of("strcontains(p, \":root\")", "!strcontains(p, \":root\")"),
        of("contains([\"arn:aws:iam::111122223333:root\"], p)", "!contains([\"arn:aws:iam::111122223333:root\"], p)"),
        of("substr(p, 0, 4) == \"arn:\"", "substr(p, 0, 4) != \"arn:\""),
        ("[element(local.l, 3)]".to_owned(), "[element(local.l, 2)]".to_owned()),
        ("[reverse(local.l)[0]]".to_owned(), "[local.l[0]]".to_owned()),
        ("[sort(local.l)[0]]".to_owned(), "[sort(local.l)[1]]".to_owned()),
        ("[local.l[length(local.l) - 1]]".to_owned(), "[local.l[length(local.l) - 2]]".to_owned()),
    ] {
        let found = findings("main.tf", &trust(&aws, &service));
        assert_eq!(errors(&found), Vec::<String>::new(), "{aws} {service}");
        // the other way round, what is chosen is no such principal
        assert!(!errors(&findings("main.tf", &trust(&service, &aws))).is_empty(), "{aws} {service}");
    }
}
