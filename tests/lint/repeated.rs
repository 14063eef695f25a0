//! What stands twice, or in several places, and counts once or together: keys, principals that may be missing, inline policies, documents in
//! documents.

use countersign_core::lint::{Finding, Severity};

use super::{Example, errors, findings, lint, settings, told};

fn of_code(found: &[Finding], code: &str) -> Vec<(Severity, String)> {
    found.iter().filter(|f| f.rule.code == code && f.is_open()).map(|f| (f.severity, f.message.clone())).collect()
}

fn in_files(files: &[(&str, &str)]) -> Vec<Finding> {
    let examples: Vec<Example> = files.iter().map(|(name, text)| Example::new(*name, *text)).collect();
    lint(&examples, &settings("")).findings
}

/// A statement of so many characters, more or less.
fn large(prefix: &str, count: usize) -> String {
    let one = |i: usize| format!("\"arn:aws:s3:::{prefix}-bucket-{i:05}/*\"");
    let resources: Vec<String> = (0..count).map(one).collect();
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": [{}]}}]}}"#,
        resources.join(", ")
    )
}

/// `dynamic` blocks whose elements are not known may make none: no principal is null by that.
#[test]
fn principals_that_may_be_missing_are_not_null() {
    for block in ["principals", "not_principals"] {
        for elements in
            ["var.ps", "var.x ? [1] : []", "try(var.ps, [])", "toset(var.ps)", "[for p in var.ps : p]", "keys(var.m)"]
        {
            let text = format!(
                "data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions   = [\"s3:GetObject\"]\n    resources = [\"arn:aws:s3:::b/*\"]\n    dynamic \"{block}\" {{\n      for_each = {elements}\n      content {{\n        type        = \"AWS\"\n        identifiers = [\"arn:aws:iam::111122223333:root\"]\n      }}\n    }}\n  }}\n}}\nresource \"aws_s3_bucket_policy\" \"b\" {{\n  bucket = \"b\"\n  policy = data.aws_iam_policy_document.d.json\n}}\n"
            );
            let found = findings("main.tf", &text);
            assert_eq!(of_code(&found, "CS128"), [], "{block} {elements}");
            assert!(!told(&found).iter().any(|t| t.contains("null")), "{:?}", told(&found));
        }
    }
    let null = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": null, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}"#;
    let found = of_code(&findings("bucket-policy.json", null), "CS128");
    assert_eq!(found, [(Severity::Error, "null is not a principal by itself".to_owned())]);
}

/// Terraform takes the last of two keys of one object, and the file is read.
#[test]
fn the_last_of_two_keys_of_terraform_counts() {
    let text = |first: &str, last: &str| {
        format!(
            "locals {{\n  tags = {{ owner = \"a\", owner = \"b\" }}\n}}\nresource \"aws_iam_policy\" \"p\" {{\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [{{ Effect = \"Allow\", Action = \"{first}\", Resource = \"*\", Action = \"{last}\" }}]\n  }})\n}}\n"
        )
    };
    let found = findings("main.tf", &text("s3:GetObjectZq", "s3:ListAllMyBuckets"));
    assert_eq!(errors(&found), [""; 0]);
    let found = findings("main.tf", &text("s3:ListAllMyBuckets", "s3:GetObjectZq"));
    assert!(matches!(errors(&found).as_slice(), [one] if one.starts_with("CS121") && one.contains("`s3:GetObjectZq`")));
}

/// The keys of a mapping win over those that are merged into it, wherever they stand; of several mappings the first.
#[test]
fn own_keys_win_over_merged_ones() {
    let text = |second: &str| {
        format!(
            "x-one: &one\n  Effect: Allow\n  Action: s3:PutObject\n  Resource: \"arn:aws:s3:::b/*\"\nx-two: &two\n  Effect: Deny\n  Resource: \"arn:aws:s3:::c/*\"\nVersion: \"2012-10-17\"\nStatement:\n  - *one\n  - {second}\n"
        )
    };
    for second in [
        "<<: *one\n    Action: s3:GetObjectZq",
        "Action: s3:GetObjectZq\n    <<: *one",
        "<<: [*two, *one]\n    Action: s3:GetObjectZq",
        "<<: *two\n    <<: *one\n    Action: s3:GetObjectZq",
    ] {
        let found = findings("policy.yaml", &text(second));
        assert_eq!(of_code(&found, "CS102"), [], "{second}");
        assert_eq!(of_code(&found, "CS183"), [], "{second}");
        let typos = of_code(&found, "CS121");
        assert!(
            matches!(typos.as_slice(), [(_, one)] if one.contains("`s3:GetObjectZq`")),
            "{second}: {:?}",
            told(&found)
        );
        assert_eq!(of_code(&findings("policy.yaml", &text(&second.replace("Zq", ""))), "CS121"), [], "{second}");
    }
    let same = findings("policy.yaml", &text("<<: *one"));
    assert_eq!(of_code(&same, "CS183").len(), 1, "{:?}", told(&same));
    let twice = findings("policy.yaml", &text("<<: *one\n    Action: s3:GetObject\n    Action: s3:GetObjectAcl"));
    assert_eq!(of_code(&twice, "CS102").len(), 1, "what is written twice is twice");
}

/// What is inline in one role, user or group counts together, in whatever resources it stands.
#[test]
fn inline_policies_of_several_resources_count_together() {
    let policy = |ty: &str, name: &str, rest: &str, count: usize| {
        format!("resource \"{ty}\" \"{name}\" {{\n  {rest}\n  policy = <<EOF\n{}\nEOF\n}}\n", large(name, count))
    };
    let two = |ty: &str, one: &str, other: &str, count: usize| {
        let text = policy(ty, "a", one, count) + &policy(ty, "b", other, count);
        of_code(&findings("main.tf", &text), "CS113").len()
    };
    let (role, user, group) = ("aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy");
    for (ty, one, other, count, expected) in [
        (role, "role = \"r\"", "role = \"r\"", 170, 1),
        (role, "role = aws_iam_role.r.name", "role = aws_iam_role.r.id", 170, 1),
        (role, "role = aws_iam_role.r[\"x\"].name", "role = aws_iam_role.r[\"x\"].name", 170, 1),
        (role, "role = var.role", "role = var.role", 170, 1),
        (user, "user = \"jane\"", "user = \"jane\"", 40, 1),
        (group, "group = \"g\"", "group = \"g\"", 90, 1),
        (group, "group = \"g\"", "group = \"g\"", 60, 0),
        (role, "role = \"r\"", "role = \"r\"", 120, 0),
        (role, "role = \"r\"", "role = \"s\"", 170, 0),
        (role, "role = aws_iam_role.r.name", "role = aws_iam_role.s.name", 170, 0),
        // only one of the two may be there, or each in another account
        (role, "role = \"r\"\n  count = var.x ? 1 : 0", "role = \"r\"\n  count = var.x ? 0 : 1", 170, 0),
        (role, "role = each.key\n  for_each = var.x", "role = each.key\n  for_each = var.y", 170, 0),
        (role, "role = \"r\"\n  provider = aws.one", "role = \"r\"\n  provider = aws.two", 170, 0),
    ] {
        assert_eq!(two(ty, one, other, count), expected, "{ty} {one} {other} {count}");
    }
    // over the files of one folder, and not over folders; a policy may stand in a document
    let (a, b) = (policy(role, "a", "role = \"r\"", 170), policy(role, "b", "role = \"r\"", 170));
    assert_eq!(of_code(&in_files(&[("m/a.tf", &a), ("m/b.tf", &b)]), "CS113").len(), 1);
    assert_eq!(of_code(&in_files(&[("m/a.tf", &a), ("n/b.tf", &b)]), "CS113").len(), 0);
    let resources: Vec<String> = (0..170).map(|i| format!("\"arn:aws:s3:::a-bucket-{i:05}/*\"")).collect();
    let document = format!(
        "data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions   = [\"s3:GetObject\"]\n    resources = [{}]\n  }}\n}}\nresource \"aws_iam_role_policy\" \"c\" {{\n  role   = \"r\"\n  policy = data.aws_iam_policy_document.d.json\n}}\n",
        resources.join(", ")
    );
    assert_eq!(of_code(&findings("main.tf", &(document.clone() + &a)), "CS113").len(), 1);
    assert_eq!(of_code(&findings("main.tf", &document), "CS113").len(), 0);
    let blocks = |count: usize| {
        let block = |name: &str| {
            format!(
                "  inline_policy {{\n    name   = \"{name}\"\n    policy = <<EOF\n{}\nEOF\n  }}\n",
                large(name, count)
            )
        };
        format!("resource \"aws_iam_role\" \"r\" {{\n{}{}}}\n", block("a"), block("b"))
    };
    assert_eq!(of_code(&findings("main.tf", &blocks(170)), "CS113").len(), 1);
    assert_eq!(of_code(&findings("main.tf", &blocks(120)), "CS113").len(), 0);
}

#[test]
fn inline_policies_of_templates_and_inventories_count_together() {
    let resource = |name: &str, ty: &str, rest: &str, count: usize| {
        format!(
            r#""{name}": {{"Type": "{ty}", "Properties": {{{rest}, "PolicyName": "{name}", "PolicyDocument": {}}}}}"#,
            large(name, count)
        )
    };
    let two = |ty: &str, one: &str, other: &str, count: usize| {
        let text =
            format!("{{\"Resources\": {{{}, {}}}}}", resource("A", ty, one, count), resource("B", ty, other, count));
        of_code(&findings("template.json", &text), "CS113").len()
    };
    for (ty, one, other, count, expected) in [
        ("AWS::IAM::Policy", r#""Roles": [{"Ref": "R"}]"#, r#""Roles": [{"Ref": "S"}, {"Ref": "R"}]"#, 170, 1),
        ("AWS::IAM::Policy", r#""Roles": [{"Ref": "R"}]"#, r#""Roles": [{"Ref": "S"}]"#, 170, 0),
        ("AWS::IAM::Policy", r#""Roles": ["r"]"#, r#""Roles": ["r"]"#, 120, 0),
        ("AWS::IAM::Policy", r#""Users": ["u"]"#, r#""Users": ["u"], "Roles": ["r"]"#, 40, 1),
        ("AWS::IAM::RolePolicy", r#""RoleName": {"Ref": "R"}"#, r#""RoleName": {"Ref": "R"}"#, 170, 1),
        ("AWS::IAM::GroupPolicy", r#""GroupName": "g""#, r#""GroupName": "g""#, 90, 1),
    ] {
        assert_eq!(two(ty, one, other, count), expected, "{ty} {one} {other}");
    }
    let role = format!(
        r#""A": {{"Type": "AWS::IAM::Role", "Properties": {{"Policies": [{{"PolicyName": "own", "PolicyDocument": {}}}]}}}}"#,
        large("own", 170)
    );
    let text = format!(
        "{{\"Resources\": {{{role}, {}}}}}",
        resource("B", "AWS::IAM::Policy", r#""Roles": [{"Ref": "A"}]"#, 170)
    );
    assert_eq!(of_code(&findings("template.json", &text), "CS113").len(), 1);
    for (list, holders, count, expected) in [
        ("RolePolicyList", "RoleDetailList", 170, 1),
        ("RolePolicyList", "RoleDetailList", 120, 0),
        ("UserPolicyList", "UserDetailList", 40, 1),
        ("GroupPolicyList", "GroupDetailList", 90, 1),
    ] {
        let one = |name: &str| format!(r#"{{"PolicyName": "{name}", "PolicyDocument": {}}}"#, large(name, count));
        let text = format!(r#"{{"{holders}": [{{"RoleName": "r", "{list}": [{}, {}]}}]}}"#, one("a"), one("b"));
        assert_eq!(of_code(&findings("details.json", &text), "CS113").len(), expected, "{list} {count}");
        // as the wire carries the documents
        let encoded = |name: &str| {
            let document =
                large(name, count).replace('{', "%7B").replace('}', "%7D").replace('"', "%22").replace(' ', "%20");
            format!(r#"{{"PolicyName": "{name}", "PolicyDocument": "{document}"}}"#)
        };
        let text = format!(r#"{{"{holders}": [{{"RoleName": "r", "{list}": [{}, {}]}}]}}"#, encoded("a"), encoded("b"));
        assert_eq!(of_code(&findings("details.json", &text), "CS113").len(), expected, "encoded {list} {count}");
    }
}

/// A permission set has one inline policy.
#[test]
fn two_inline_policies_of_one_permission_set_are_told() {
    let set = |name: &str, rest: &str| {
        format!(
            "resource \"aws_ssoadmin_permission_set_inline_policy\" \"{name}\" {{\n  {rest}\n  inline_policy = data.aws_iam_policy_document.{name}.json\n}}\n"
        )
    };
    let arn = "permission_set_arn = aws_ssoadmin_permission_set.p.arn";
    let literal = "permission_set_arn = \"arn:aws:sso:::permissionSet/ssoins-1/ps-1\"";
    for (one, other, expected) in [
        (arn, arn, 1),
        (literal, literal, 1),
        (arn, "permission_set_arn = aws_ssoadmin_permission_set.q.arn", 0),
        ("permission_set_arn = aws_ssoadmin_permission_set.p.arn\n  count = 0", arn, 0),
    ] {
        let (one, other) = (set("a", one), set("b", other));
        for found in [findings("main.tf", &(one.clone() + &other)), in_files(&[("m/a.tf", &one), ("m/b.tf", &other)])] {
            let told = of_code(&found, "CS120");
            assert_eq!(told.len(), expected, "{one} {other}");
            assert!(told.iter().all(|(severity, _)| *severity == Severity::Warning));
        }
        assert_eq!(of_code(&in_files(&[("m/a.tf", &one), ("n/b.tf", &other)]), "CS120"), []);
    }
}

/// A document that is written where another one takes it is read there, and takes its version.
#[test]
fn documents_in_documents_are_read() {
    let statement =
        |action: &str| format!(r#"{{"Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}]}}"#);
    let encoded = |action: &str| {
        format!("jsonencode({{ Statement = [{{ Effect = \"Allow\", Action = \"{action}\", Resource = \"*\" }}] }})")
    };
    let document = |attribute: &str| {
        format!(
            "data \"aws_iam_policy_document\" \"d\" {{\n  {attribute}\n  statement {{\n    actions   = [\"s3:GetObject\"]\n    resources = [\"arn:aws:s3:::b/*\"]\n  }}\n}}\nresource \"aws_iam_policy\" \"p\" {{\n  policy = data.aws_iam_policy_document.d.json\n}}\n"
        )
    };
    for attribute in ["source_json", "override_json", "source_policy_documents", "override_policy_documents"] {
        let lists = attribute.ends_with('s');
        for here in [true, false] {
            let text = |action: &str| {
                let value = if here { format!("<<EOF\n{}\nEOF\n", statement(action)) } else { encoded(action) };
                document(&if lists { format!("{attribute} = [{value}]") } else { format!("{attribute} = {value}") })
            };
            let found = findings("main.tf", &text("s3:GetObjectZq"));
            let typos = of_code(&found, "CS121");
            assert!(
                matches!(typos.as_slice(), [(_, one)] if one.contains("`s3:GetObjectZq`")),
                "{attribute} {here}: {:?}",
                told(&found)
            );
            assert_eq!(told(&findings("main.tf", &text("s3:ListAllMyBuckets"))), [""; 0], "{attribute} {here}");
        }
    }
    let local = format!("locals {{\n  x = {}\n}}\n{}", encoded("s3:GetObjectZq"), document("source_json = local.x"));
    assert_eq!(of_code(&findings("main.tf", &local), "CS121").len(), 1, "once, where it is written");
}

/// A template is filled in with what `vars` says, after the language has read it.
#[test]
fn a_template_is_filled_in() {
    let text = |resource: &str, vars: &str| {
        format!(
            "data \"template_file\" \"t\" {{\n  template = <<EOF\n{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"{resource}\"}}]}}\nEOF\n  vars = {vars}\n}}\nresource \"aws_iam_policy\" \"p\" {{\n  policy = data.template_file.t.rendered\n}}\n"
        )
    };
    for (resource, vars, expected) in [
        ("$${r}", "{ r = \"*\" }", 0),
        ("$${r}", "{ r = var.r }", 0),
        ("$${r}", "var.all", 0),
        ("$${upper(r)}", "{ r = \"*\" }", 0),
        ("arn:aws:s3:::$${r}/*", "{ r = \"b\" }", 0),
        ("$${r}", "{ r = \"bucket\" }", 1),
        ("$${r}:x", "{ r = \"arn:aws:s3\" }", 1),
    ] {
        let found = findings("main.tf", &text(resource, vars));
        assert_eq!(of_code(&found, "CS131").len(), expected, "{resource} {vars}: {:?}", told(&found));
        assert_eq!(of_code(&found, "CS101"), [], "{resource} {vars}");
    }
}

/// Conditions of one test and one variable are one condition with the values of all, as the provider writes them: they do not exclude
/// each other. Those of two variables do stand beside each other.
#[test]
fn conditions_of_one_variable_are_one() {
    let condition = |variable: &str, value: &str| {
        format!(
            "    condition {{\n      test     = \"StringEquals\"\n      variable = \"{variable}\"\n      values   = [\"{value}\"]\n    }}\n"
        )
    };
    let document = |conditions: &str| {
        format!(
            "data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions   = [\"s3:GetObject\"]\n    resources = [\"arn:aws:s3:::b/*\"]\n{conditions}  }}\n}}\n"
        )
    };
    let two = condition("aws:PrincipalTag/a", "x") + &condition("aws:PrincipalTag/a", "y");
    let dynamic = "    dynamic \"condition\" {\n      for_each = [\"x\", \"y\"]\n      content {\n        test     = \"StringEquals\"\n        variable = \"aws:PrincipalTag/a\"\n        values   = [condition.value]\n      }\n    }\n";
    for conditions in [two.as_str(), dynamic] {
        let found = findings("main.tf", &document(conditions));
        assert_eq!(of_code(&found, "CS144"), [], "{:?}", told(&found));
    }
    // in JSON a key is there once, and another operator is another condition
    let other = condition("aws:PrincipalTag/a", "x")
        + &condition("aws:PrincipalTag/a", "y").replace("StringEquals", "StringLike");
    assert_eq!(of_code(&findings("main.tf", &document(&other)), "CS144").len(), 1);
    // what a value of the second says is judged like that of the first
    let numbers = condition("aws:MultiFactorAuthAge", "60") + &condition("aws:MultiFactorAuthAge", "1h");
    let numbers = document(&numbers.replace("StringEquals", "NumericLessThan"));
    assert!(!errors(&findings("main.tf", &numbers)).is_empty(), "{:?}", told(&findings("main.tf", &numbers)));
}

/// The trust policies of service-linked roles are as AWS writes them.
#[test]
fn a_service_linked_role_is_as_aws_made_it() {
    let role = |name: &str| {
        format!(
            r#"{{"Role": {{"RoleName": "{name}", "Arn": "arn:aws:iam::111122223333:role/{name}", "AssumeRolePolicyDocument": {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "rolesanywhere.amazonaws.com"}}, "Action": "sts:AssumeRole"}}]}}}}}}"#
        )
    };
    assert_eq!(of_code(&findings("role.json", &role("AWSServiceRoleForRolesAnywhere")), "CS130"), []);
    assert_eq!(of_code(&findings("role.json", &role("Anywhere")), "CS130").len(), 1);
}
