//! Where policies stand, and what is said of files that hold none.

use countersign_core::lint::rules;
use serde_json::json;

use super::{Example, codes, lint, settings, told};

fn found(name: &str, text: &str) -> Vec<String> {
    told(&lint(&[Example::new(name, text)], &settings("")).findings)
}

/// The words at fault of the only finding of a rule.
fn words(name: &str, text: &str, code: &str) -> String {
    let findings = lint(&[Example::new(name, text)], &settings("")).findings;
    let own: Vec<_> = findings.iter().filter(|f| f.rule.code == code).collect();
    assert_eq!(own.len(), 1, "{name}: {:#?}", told(&findings));
    own[0].place.source.slice(own[0].place.span).to_owned()
}

const DOCUMENT: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "artifact:Get", "Resource": "*"}]}"#;

/// One policy in every way in which files hold policies: the finding points at the words of the file.
#[test]
fn findings_point_into_the_file() {
    let escaped = serde_json::to_string(DOCUMENT).unwrap();
    let twice = serde_json::to_string(&escaped).unwrap();
    let percent: String = DOCUMENT
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", u32::from(c)) })
        .collect();
    let hcl = DOCUMENT.replace("\": ", "\" = ");
    for (name, text, expected) in [
        ("plain.json", DOCUMENT.to_owned(), "\"artifact:Get\""),
        ("aws-ia.json", format!(r#"{{"Name": "x", "CustomPolicy": {DOCUMENT}}}"#), "\"artifact:Get\""),
        ("get-policy-version.json", format!(r#"{{"PolicyVersion": {{"Document": {DOCUMENT}}}}}"#), "\"artifact:Get\""),
        ("get-inline-policy.json", format!(r#"{{"InlinePolicy": {escaped}}}"#), "\\\"artifact:Get\\\""),
        (
            "describe-policy.json",
            format!(r#"{{"Policy": {{"PolicySummary": {{"Type": "SERVICE_CONTROL_POLICY"}}, "Content": {escaped}}}}}"#),
            "\\\"artifact:Get\\\"",
        ),
        ("twice.json", format!(r#"{{"Content": {twice}}}"#), "\\\\\\\"artifact:Get\\\\\\\""),
        ("percent.json", format!(r#"{{"Document": "{percent}"}}"#), "%22artifact%3AGet%22"),
        ("wire.json", percent.clone(), "%22artifact%3AGet%22"),
        (
            "plan.json",
            format!(
                r#"{{"resource_changes": [{{"type": "aws_iam_policy", "mode": "managed", "change": {{"before": null, "after": {{"policy": {escaped}}}}}}}]}}"#
            ),
            "\\\"artifact:Get\\\"",
        ),
        (
            "cfn.json",
            format!(r#"{{"Resources": {{"P": {{"Type": "AWS::IAM::ManagedPolicy", "Properties": {{"PolicyDocument": {DOCUMENT}}}}}}}}}"#),
            "\"artifact:Get\"",
        ),
        ("flow.yaml", format!("Policy: {DOCUMENT}\n"), "\"artifact:Get\""),
        (
            "block.yaml",
            "PolicyDocument:\n  Version: 2012-10-17\n  Statement:\n    - Effect: Allow\n      Action: artifact:Get\n      Resource: '*'\n".to_owned(),
            "artifact:Get",
        ),
        ("string.yaml", format!("Content: |\n  {DOCUMENT}\n"), "\"artifact:Get\""),
        ("quoted.yaml", format!("Content: '{DOCUMENT}'\n"), "\"artifact:Get\""),
        ("jsonencode.tf", format!("resource \"aws_iam_policy\" \"x\" {{\n  policy = jsonencode({hcl})\n}}\n"), "\"artifact:Get\""),
        ("heredoc.tf", format!("resource \"aws_iam_policy\" \"x\" {{\n  policy = <<-EOT\n    {DOCUMENT}\n  EOT\n}}\n"), "\"artifact:Get\""),
        (
            "data.tf",
            "data \"aws_iam_policy_document\" \"x\" {\n  statement {\n    actions   = [\"artifact:Get\"]\n    resources = [\"*\"]\n  }\n}\n".to_owned(),
            "\"artifact:Get\"",
        ),
        ("module.tf", format!("module \"sso\" {{\n  permission_sets = [{{ name = \"x\", inline_policy = jsonencode({hcl}) }}]\n}}\n"), "\"artifact:Get\""),
    ] {
        assert_eq!(words(name, &text, "CS122"), expected, "{name}");
    }
}

#[test]
fn a_literal_part_of_a_text_is_looked_at() {
    let text = "resource \"aws_iam_policy\" \"x\" {\n  policy = <<-EOT\n    {\"Version\": \"2012-10-17\", \"Statement\": [\n      {\"Effect\": \"Allow\", \"Action\": \"${var.prefix}:Get\", \"Resource\": \"arn:aws:artifact:${var.r}:1:agreement/$${aws:username}\"},\n      {\"Effect\": \"Allow\", \"Action\": \"artifact:Get\", \"Resource\": \"*\"}\n    ]}\n  EOT\n}\n";
    assert_eq!(words("x.tf", text, "CS122"), "\"artifact:Get\"");
    assert_eq!(words("x.tf", text, "CS131"), "\"arn:aws:artifact:${var.r}:1:agreement/$${aws:username}\"");
}

/// The kind of a policy is found from what it stands in.
#[test]
fn kinds_are_found() {
    let deny =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "artifact:*", "Resource": "*"}]}"#;
    let hcl = deny.replace("\": ", "\" = ");
    let escaped = serde_json::to_string(deny).unwrap();
    let guardrails = [
        ("scp/a.json", deny.to_owned()),
        ("a.tf", format!("resource \"aws_organizations_policy\" \"x\" {{\n  content = jsonencode({hcl})\n}}\n")),
        (
            "b.tf",
            "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    effect = \"Deny\"\n    actions = [\"artifact:*\"]\n    resources = [\"*\"]\n  }\n}\nresource \"aws_organizations_policy\" \"x\" {\n  content = data.aws_iam_policy_document.d.json\n}\n".to_owned(),
        ),
        ("a.yaml", format!("Resources:\n  P:\n    Type: AWS::Organizations::Policy\n    Properties:\n      Type: SERVICE_CONTROL_POLICY\n      Content: {deny}\n")),
        ("entities.json", format!(r#"[{{"uid": "o-exampleorgid", "attrs": {{"serviceControlPolicies": [{deny}]}}}}]"#)),
        ("a.json", format!(r#"{{"Policy": {{"PolicySummary": {{"Type": "SERVICE_CONTROL_POLICY"}}, "Content": {escaped}}}}}"#)),
    ];
    for (name, text) in guardrails {
        let findings = lint(&[Example::new(name, text)], &settings("")).findings;
        assert!(codes(&findings).contains("CS171"), "{name}: {:#?}", told(&findings));
    }
    for (name, text) in [
        ("iam/a.json", deny.to_owned()),
        (
            "c.tf",
            format!(
                "resource \"aws_organizations_policy\" \"x\" {{\n  type = \"TAG_POLICY\"\n  content = jsonencode({hcl})\n}}\n"
            ),
        ),
    ] {
        let findings = lint(&[Example::new(name, text)], &settings("")).findings;
        assert!(!codes(&findings).contains("CS171"), "{name}: {:#?}", told(&findings));
    }
    // what names principals is a policy of a resource, or one of trust, and both may
    let bucket = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}"#;
    let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;
    for text in [bucket, trust] {
        assert_eq!(found("x.json", text), Vec::<String>::new());
    }
    let settings = settings("[lint.kinds]\n\"x.json\" = \"identity\"\n");
    let findings = lint(&[Example::new("x.json", bucket)], &settings).findings;
    assert!(codes(&findings).contains("CS108"), "{:#?}", told(&findings));
}

/// A permission set has what its managed policies allow, and nothing may be in the set but these.
#[test]
fn a_set_is_more_than_its_own_policy() {
    let set = |name: &str, managed: &str, own: &str| {
        format!(
            r#"{{"Name": "{name}", "ManagedPolicies": ["arn:aws:iam::aws:policy/{managed}"], "CustomerPolicies": [], "CustomPolicy": {own}}}"#
        )
    };
    let accept = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "artifact:AcceptAgreement", "Resource": "*"}]}"#;
    assert_eq!(
        words("s.json", &set("auditor", "PowerUserAccess", "{}"), "CS155"),
        "[\"arn:aws:iam::aws:policy/PowerUserAccess\"]"
    );
    assert_eq!(found("s.json", &set("auditor", "AWSArtifactReportsReadOnlyAccess", "{}")), Vec::<String>::new());
    assert_eq!(found("s.json", &set("legal", "PowerUserAccess", accept)), Vec::<String>::new());
    assert_eq!(
        words("s.json", &set("legal", "AWSArtifactAgreementsReadOnlyAccess", accept), "CS151"),
        "\"artifact:AcceptAgreement\""
    );
    // of a policy of one's own nothing is known
    let own = set("legal", "MyPolicy", accept).replace("iam::aws:policy", "iam::111122223333:policy");
    assert_eq!(found("s.json", &own), Vec::<String>::new());
    let role = |managed: &str| {
        format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: report-viewer\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/{managed}]\n"
        )
    };
    assert_eq!(words("r.yaml", &role("AdministratorAccess"), "CS155"), "[arn:aws:iam::aws:policy/AdministratorAccess]");
    assert_eq!(found("r.yaml", &role("ReadOnlyAccess")), Vec::<String>::new());
}

/// What is still to be filled in is not known, and not wrong.
#[test]
fn blanks_to_fill_in_are_unknown() {
    let text = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::${bucket}/*", "Condition": {"NotIpAddressIfExists": {"aws:SourceIp": ["<my-corporate-cidr>"]}}}]}"#;
    assert_eq!(found("x.json", text), Vec::<String>::new());
}

/// What cannot be read is told where it stands, and never passed over.
#[test]
fn what_is_not_literal_is_told() {
    for (name, text, expected) in [
        ("a.tf", "resource \"aws_iam_policy\" \"x\" {\n  policy = var.policy\n}\n", "var.policy"),
        (
            "a.tf",
            "resource \"aws_iam_role_policy\" \"x\" {\n  policy = templatefile(\"x.tpl\", {})\n}\n",
            "templatefile(\"x.tpl\", {})",
        ),
        (
            "a.tf",
            "resource \"aws_iam_policy\" \"x\" {\n  policy = data.aws_iam_policy_document.gone.json\n}\n",
            "data.aws_iam_policy_document.gone.json",
        ),
        (
            "a.yaml",
            "Resources:\n  P:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyDocument: !Ref Document\n",
            "!Ref Document",
        ),
        (
            "a.tf",
            "resource \"aws_iam_policy\" \"x\" {\n  policy = <<EOT\n{\"Version\": \"2012-10-17\", \"Statement\": ${jsonencode(var.s)}}\nEOT\n}\n",
            "<<EOT\n{\"Version\": \"2012-10-17\", \"Statement\": ${jsonencode(var.s)}}\nEOT",
        ),
    ] {
        assert_eq!(words(name, text, "CS116"), expected, "{name}");
    }
    let plan = r#"{"resource_changes": [{"address": "aws_iam_policy.x", "type": "aws_iam_policy", "mode": "managed", "change": {"after": {"name": "x"}, "after_unknown": {"arn": true, "policy": true}}}]}"#;
    assert_eq!(words("plan.json", plan, "CS116"), "\"policy\"");
    let file = "resource \"aws_iam_policy\" \"x\" {\n  policy = file(\"${path.module}/p.json\")\n}\n";
    assert_eq!(words("m/a.tf", file, "CS116"), "file(\"${path.module}/p.json\")");
    let policy =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;
    let both = [Example::new("m/a.tf", file), Example::new("m/p.json", policy)];
    assert_eq!(told(&lint(&both, &settings("")).findings), Vec::<String>::new());
    // a document that is used is read where it stands
    let used = "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"s3:GetObject\"]\n    resources = [\"*\"]\n  }\n}\nresource \"aws_iam_policy\" \"x\" {\n  policy = data.aws_iam_policy_document.d.json\n}\n";
    assert_eq!(found("a.tf", used), Vec::<String>::new());
}

#[test]
fn files_without_policies_are_passed_over_and_counted() {
    let texts = [
        ("package.json", r#"{"name": "x", "version": "1.0.0"}"#),
        (
            "waf.yaml",
            "Resources:\n  R:\n    Type: AWS::WAFv2::RuleGroup\n    Properties:\n      Rules:\n        - Statement:\n            RateBasedStatement: {Limit: 1}\n",
        ),
        ("broken.json", "{"),
        ("empty.yaml", ""),
        ("main.tf", "variable \"x\" {}\n"),
    ];
    let texts = texts.map(|(name, text)| {
        let mut text = Example::new(name, text).text();
        text.named = false;
        text
    });
    let outcome = countersign_core::lint::run::lint(&texts, &settings(""), None, true);
    assert_eq!(told(&outcome.findings), Vec::<String>::new());
    assert_eq!((outcome.files, outcome.passed_over), (0, 5));
}

#[test]
fn invalid_files_are_told_with_their_place() {
    for (name, text, expected) in [
        ("a.json", "{\"Statement\": [{\"Effect\": \"Allow\",}]}", "}"),
        ("a.json", "{\"Content\": \"{\\\"Statement\\\": [{\\\"Effect\\\": \\\"Allow\\\",}]}\"}", "}"),
        ("a.yaml", "Statement:\n  - Effect: [\n", ""),
        ("a.tf", "data \"aws_iam_policy_document\" \"x\" {\n  statement {\n", ""),
    ] {
        let own = words(name, text, "CS101");
        assert!(own.starts_with(expected), "{name}: {own:?}");
    }
    let twice =
        "Statement:\n  - Effect: Deny\n    Effect: Allow\n    Action: s3:a\n    Resource: '*'\nVersion: 2012-10-17\n";
    assert_eq!(words("a.yaml", twice, "CS102"), "Effect");
    let deep = format!("{{\"Statement\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    assert_eq!(words("a.json", &deep, "CS101"), "[");
    let deep = format!("Statement: {}1{}\n", "[".repeat(200), "]".repeat(200));
    assert!(!words("a.yaml", &deep, "CS101").is_empty());
}

/// One folder on which every rule fires.
#[test]
fn every_rule_fires_on_the_fixture() {
    let root = std::path::Path::new("tests/data/every-rule");
    let mut examples = Vec::new();
    for entry in walk(root) {
        let name = entry.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        examples.push(Example::new(name, std::fs::read_to_string(&entry).unwrap()));
    }
    let toml = examples.iter().find(|e| e.name == "countersign.toml").unwrap().text.clone();
    let mut settings = settings(&toml);
    rules::all().iter().filter(|r| r.opinion).for_each(|r| settings.switch_on(r));
    let fired = codes(&lint(&examples, &settings).findings);
    let silent: Vec<_> = rules::all().iter().map(|r| r.code).filter(|c| !fired.contains(c)).collect();
    assert_eq!(silent, Vec::<&str>::new());
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What a rule says of a file, with its severity.
fn said(name: &str, text: &str, code: &str) -> Vec<(countersign_core::lint::Severity, String)> {
    let found = lint(&[Example::new(name, text)], &settings("")).findings;
    found.into_iter().filter(|f| f.rule.code == code).map(|f| (f.severity, f.message)).collect()
}

/// The names of files and folders tell a kind where the statements can be of it; what is only guessed is told as that, and not mended.
#[test]
fn a_kind_that_names_tell_is_told_as_a_guess() {
    use countersign_core::lint::Severity::{Error, Warning};
    let deny = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}"#;
    for name in ["scp/p.json", "my-scp.json", "permission-sets/p.json"] {
        let found = said(name, deny, "CS108");
        assert!(matches!(found.as_slice(), [(Warning, message)] if message.contains("its name")), "{name}: {found:?}");
    }
    let of_somebody = deny.replace("\"*\", \"Action\"", "{\"AWS\": \"111122223333\"}, \"Action\"");
    for (name, text) in
        [("x.json", deny), ("rcps/x.json", deny), ("scp/x.json", &of_somebody), ("guardrails/x.json", deny)]
    {
        assert_eq!(said(name, text, "CS108"), [], "{name}");
    }
    let nobody = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}"#;
    let assume = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}"#;
    for (name, text) in [
        ("bucket-policy.json", nobody),
        ("bucket-policies/p.json", nobody),
        ("rcp/p.json", &deny.replace("\"Principal\": \"*\", ", "")),
        ("trust-policy.json", assume),
        ("assume-role.json", assume),
        ("trust-policies/p.json", assume),
    ] {
        let found = said(name, text, "CS137");
        assert!(matches!(found.as_slice(), [(Warning, message)] if message.contains("taken")), "{name}: {found:?}");
    }
    for (name, text) in
        [("read-bucket-policy.json", nobody), ("assume-role.json", nobody), ("bucket-policy.json", deny)]
    {
        assert_eq!(said(name, text, "CS137"), [], "{name}");
    }
    // some of nobody and some of somebody: no kind of policy, and which one was meant is not guessed
    let mixed = nobody.replace(
        "[{",
        "[{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:ListBucket\", \"Resource\": \"*\"}, {",
    );
    let found = lint(&[Example::new("x.json", mixed.clone())], &settings("")).findings;
    let mixture =
        found.iter().find(|f| f.rule.code == "CS108").unwrap_or_else(|| panic!("{mixed}: {:#?}", told(&found)));
    assert!(mixture.severity == Error && mixture.message.contains("mixture") && mixture.fix.is_none());
}

/// Terraform's types tell kinds, also where the policy is called otherwise, and what is no policy of IAM is none.
#[test]
fn types_of_terraform_tell_kinds() {
    let policy = |effect: &str| {
        format!(
            "jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"{effect}\", Action = \"es:*\", Resource = \"*\" }}] }})"
        )
    };
    for (ty, attribute) in [
        ("aws_opensearch_domain_policy", "access_policies"),
        ("aws_glacier_vault", "access_policy"),
        ("aws_cloudwatch_log_resource_policy", "policy_document"),
        ("aws_s3_bucket_policy", "policy"),
    ] {
        let text = format!("resource \"{ty}\" \"x\" {{\n  {attribute} = {}\n}}\n", policy("Allow"));
        assert_eq!(said("x.tf", &text, "CS137").len(), 1, "{ty}");
    }
    let not_iam = "variable \"p\" {}\nresource \"aws_ecr_lifecycle_policy\" \"x\" {\n  policy = var.p\n}\n";
    assert_eq!(said("x.tf", not_iam, "CS116"), []);
    assert_eq!(said("x.tf", &not_iam.replace("lifecycle", "repository"), "CS116").len(), 1);
    let account = "Resources:\n  P:\n    Type: AWS::Logs::AccountPolicy\n    Properties:\n      PolicyName: x\n      PolicyDocument: !Sub '{\"DestinationArn\":\"arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:f\"}'\n";
    assert_eq!(said("x.yaml", account, "CS116"), []);
    // whose boundary a managed policy is, and who has it
    let boundary = |more: &str| {
        format!(
            "resource \"aws_iam_user\" \"u\" {{\n  permissions_boundary = aws_iam_policy.b.arn\n}}\n{more}resource \"aws_iam_policy\" \"b\" {{\n  policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Principal = \"*\", Action = \"es:*\", Resource = \"*\" }}] }})\n}}\n"
        )
    };
    let kind = |text: &str| said("x.tf", text, "CS108").first().map(|(_, message)| message.contains("boundary"));
    assert_eq!(kind(&boundary("")), Some(true));
    let attached = "resource \"aws_iam_user_policy_attachment\" \"a\" {\n  policy_arn = aws_iam_policy.b.arn\n}\n";
    assert_eq!(kind(&boundary(attached)), Some(false));
}

/// A file that `templatefile` fills in is read where it stands, as what it is used for.
#[test]
fn the_file_of_a_template_is_what_it_is_used_for() {
    let main = "resource \"aws_iam_policy\" \"q\" {\n  policy = templatefile(\"${path.module}/p/x.json.tpl\", { bucket = var.b })\n}\n";
    let text = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::${bucket}/*"}]}"#;
    let of = |text: &str| {
        let files = [Example::new("main.tf", main), Example::new("p/x.json.tpl", text)];
        lint(&files, &settings("")).findings
    };
    let found = codes(&of(text));
    assert!(found.contains("CS108") && !found.contains("CS116"), "{found:?}");
    assert_eq!(told(&of(&text.replace("\"Principal\": \"*\", ", ""))), Vec::<String>::new());
    // what is not among the files is told
    assert!(codes(&lint(&[Example::new("main.tf", main)], &settings("")).findings).contains("CS116"));
}

/// A session policy has a quota of its own, and grants nothing: what a task lacks in it is no fault.
#[test]
fn a_session_policy_is_one_by_its_name() {
    let of = |actions: usize| {
        let names: Vec<String> = (0..actions).map(|n| format!("artifact:GetReport{n}*")).collect();
        let statements = json!([{"Effect": "Allow", "Action": "artifact:AcceptAgreement", "Resource": "*"},
            {"Effect": "Deny", "Action": names, "Resource": "*"}]);
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    };
    let told = |name: &str, actions: usize, code: &str| !said(name, &of(actions), code).is_empty();
    assert!(told("session-policies/read.json", 100, "CS113") && !told("session-policies/read.json", 10, "CS113"));
    assert!(!told("iam/read.json", 100, "CS113"));
    assert!(!told("session-policies/read.json", 10, "CS151") && told("iam/read.json", 10, "CS151"));
}
