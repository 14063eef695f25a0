//! What people write instead of literal values: it is read as far as the file says it, and nothing is made up about the rest.

use countersign_core::lint::{Finding, Severity};

use super::{Example, codes, errors, findings, lint, settings, told};

fn of_case(name: &str) -> Vec<Finding> {
    findings(name, &std::fs::read_to_string(format!("tests/data/cases/lint/{name}")).unwrap())
}

fn severities(findings: &[Finding], code: &str) -> Vec<Severity> {
    findings.iter().filter(|f| f.rule.code == code).map(|f| f.severity).collect()
}

/// Each file with a literal of its own replaced by a slip of it: the slip is found, and nothing is said to be malformed.
#[test]
fn what_may_be_there_is_judged() {
    for (name, right, slip) in [
        ("dynamic-statement.tf", "artifact:GetTermForReport", "artifact:GetTermsForReport"),
        ("dynamic-statement.tf", "artifact:GetReport\"", "artifact:GetReprot\""),
        ("source-policy-documents.tf", "artifact:ListAgreements", "artifact:ListAgreement"),
        ("source-policy-documents.tf", "artifact:ListReports", "artifact:ListReport"),
        ("try-null.tf", "artifact:ListReports", "artifact:ListReport"),
        ("fn-if.yaml", "artifact:ListReports", "artifact:ListReport"),
        ("arn-suffix.tf", "s3:GetObject\"]", "s3:GetObjct\"]"),
    ] {
        let text = std::fs::read_to_string(format!("tests/data/cases/lint/{name}")).unwrap();
        assert!(text.contains(right), "{name}: {right}");
        for text in [text.clone(), text.replacen(right, slip, 1)] {
            let codes = codes(&findings(name, &text));
            assert!(!codes.contains("CS105") && !codes.contains("CS107"), "{name}: {codes:?}");
        }
        let slipped = findings(name, &text.replacen(right, slip, 1));
        let words = slip.trim_end_matches([']', '"']);
        let found = |f: &&Finding| f.rule.code == "CS121" && f.message.contains(&format!("`{words}`"));
        assert_eq!(slipped.iter().filter(found).count(), 1, "{name}: {:#?}", told(&slipped));
    }
}

#[test]
fn each_case_has_its_findings() {
    assert_eq!(told(&of_case("arn-suffix.tf")), Vec::<String>::new());
    let fn_if = of_case("fn-if.yaml");
    assert!(
        fn_if.iter().any(|f| f.rule.code == "CS121" && f.message.contains("artifact:DownloadAgrement")),
        "{:#?}",
        told(&fn_if)
    );
    // the name that is meant is one that AWS has deprecated, and its catalogue has it no more
    let meant = |f: &Finding| f.help.contains("artifact:DownloadAgreement");
    assert!(fn_if.iter().any(|f| f.severity == Severity::Error && meant(f)), "{:#?}", told(&fn_if));
    let dynamic = of_case("dynamic-statement.tf");
    assert_eq!(codes(&dynamic).into_iter().collect::<Vec<_>>(), ["CS122"], "{:#?}", told(&dynamic));
    for silent in ["source-policy-documents.tf", "try-null.tf"] {
        assert_eq!(told(&of_case(silent)), Vec::<String>::new(), "{silent}");
    }
    let empty = of_case("empty-list.tf");
    assert_eq!(severities(&empty, "CS107"), [Severity::Error], "{:#?}", told(&empty));
    let large = of_case("permission-set-size.tf");
    assert_eq!(severities(&large, "CS113"), [Severity::Error], "{:#?}", told(&large));
    let message = &large.iter().find(|f| f.rule.code == "CS113").unwrap().message;
    assert!(message.contains("10240") && message.contains("32768"), "both are stated: {message}");
    let not_action = of_case("notaction-unknown.json");
    assert_eq!(severities(&not_action, "CS121"), [Severity::Warning], "{:#?}", told(&not_action));
    assert!(told(&not_action).iter().any(|t| t.contains("allows every action")), "{:#?}", told(&not_action));
}

/// A literal empty list is rejected by IAM; Terraform's data source leaves it out.
#[test]
fn empty_lists_are_judged_by_what_writes_them() {
    let json =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": []}]}"#;
    assert_eq!(severities(&findings("p.json", json), "CS105"), [Severity::Error]);
    let trust = r#"
data "aws_iam_policy_document" "x" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = []
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "r" {
  assume_role_policy = data.aws_iam_policy_document.x.json
}
"#;
    assert_eq!(told(&findings("t.tf", trust)), Vec::<String>::new());
}

/// What locals, functions and loops make of literals is read like a literal.
#[test]
fn terraform_says_more_than_literals() {
    let document = |actions: &str| {
        format!(
            "locals {{\n  more = [\"s3:LsitBucket\"]\n  one = \"LsitBucket\"\n  map = {{ a = {{ actions = [\"s3:LsitBucket\"] }} }}\n}}\ndata \"aws_iam_policy_document\" \"x\" {{\n  for_each = local.map\n  statement {{\n    actions   = {actions}\n    resources = [\"*\"]\n  }}\n}}\n"
        )
    };
    for actions in [
        "local.more",
        "concat([\"s3:GetObject\"], local.more)",
        "[\"s3:${local.one}\"]",
        "[for a in [\"LsitBucket\"] : \"s3:${a}\"]",
        "formatlist(\"s3:%s\", [\"LsitBucket\"])",
        "[format(\"s3:%s\", local.one)]",
        "each.value.actions",
        "try(each.value.gone, each.value.actions)",
        "var.c ? local.more : []",
        "compact([var.c ? \"s3:LsitBucket\" : \"\"])",
        "toset(flatten([[\"s3:GetObject\"], [local.more]]))",
        "split(\",\", \"s3:GetObject,s3:LsitBucket\")",
        "lookup(local.map, \"a\").actions",
        "merge({ a = [] }, { a = local.more }).a",
        "coalesce(null, local.more)",
        "values(local.map)[0].actions",
        "zipmap([\"x\"], [local.more])[\"x\"]",
        "jsondecode(\"{\\\"a\\\": [\\\"s3:LsitBucket\\\"]}\").a",
        "slice([\"s3:LsitBucket\", \"s3:GetObject\"], 0, 1)",
        "slice([\"s3:LsitBucket\", var.c], 0, var.n)",
        "flatten(chunklist(local.more, 1))",
        "merge([{ a = local.more }, {}]...).a",
        "[\"s3:GetObject\", jsondecode(\"x\"), \"s3:LsitBucket\"]",
    ] {
        let found = findings("x.tf", &document(actions));
        let slips = found.iter().filter(|f| f.rule.code == "CS121" && f.message.contains("`s3:LsitBucket`")).count();
        assert_eq!(slips, 1, "{actions}: {:#?}", told(&found));
        assert_eq!(errors(&found).len(), 1, "{actions}: {:#?}", errors(&found));
    }
}

/// The statements of merged documents count where a rule asks what a policy lets people do, and one with the same `Sid` replaces the other.
#[test]
fn documents_of_the_same_tree_are_merged() {
    let text = |open: &str, use_of: &str| {
        format!(
            "data \"aws_iam_policy_document\" \"open\" {{\n  statement {{\n    actions   = [{open}]\n    resources = [\"*\"]\n  }}\n}}\ndata \"aws_iam_policy_document\" \"x\" {{\n  {use_of}\n  statement {{\n    actions   = [\"artifact:AcceptAgreement\"]\n    resources = [\"arn:aws:artifact:::agreement/*\"]\n  }}\n}}\nresource \"aws_iam_policy\" \"p\" {{\n  policy = data.aws_iam_policy_document.x.json\n}}\n"
        )
    };
    let all = "\"artifact:GetAgreement\", \"artifact:GetNdaForAgreement\", \"artifact:AcceptNdaForAgreement\", \"artifact:ListAgreements\"";
    let merged = "source_policy_documents = [data.aws_iam_policy_document.open.json]";
    let fires = |text: &str| codes(&findings("x.tf", text)).contains("CS151");
    assert!(fires(&text(all, "")), "alone, it cannot open what it accepts");
    assert!(!fires(&text(all, merged)), "with the other, it can");
    assert!(fires(&text("\"s3:GetObject\"", merged)), "the other does not help");
    assert!(!fires(&text("\"s3:GetObject\"", "source_policy_documents = [var.more]")), "nobody knows");
    // kinds are passed on: no resource is right in a trust policy
    let trust = "data \"aws_iam_policy_document\" \"a\" {\n  statement {\n    actions = [\"sts:AssumeRole\"]\n    principals {\n      type = \"Service\"\n      identifiers = [\"ec2.amazonaws.com\"]\n    }\n  }\n}\ndata \"aws_iam_policy_document\" \"b\" {\n  override_policy_documents = [data.aws_iam_policy_document.a.json]\n}\nresource \"aws_iam_role\" \"r\" {\n  assume_role_policy = data.aws_iam_policy_document.b.json\n}\n";
    assert_eq!(told(&findings("t.tf", trust)), Vec::<String>::new());
}

/// What is a policy is told by the type of the resource.
#[test]
fn a_statement_of_an_event_bus_is_no_policy_with_unknown_elements() {
    let text = |action: &str| {
        format!(
            "Resources:\n  B:\n    Type: AWS::Events::EventBusPolicy\n    Properties:\n      EventBusName: x\n      StatementId: y\n      Statement:\n        Effect: Allow\n        Principal: '*'\n        Action: {action}\n        Resource: !Sub arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:event-bus/x\n        Condition: {{StringEquals: {{aws:PrincipalOrgID: !Ref O}}}}\n"
        )
    };
    assert_eq!(errors(&findings("t.yaml", &text("events:PutEvents"))), Vec::<String>::new());
    assert_eq!(severities(&findings("t.yaml", &text("events:PutEvnts")), "CS121"), [Severity::Error]);
}

/// Quotas by where a policy is stored.
#[test]
fn quotas_are_those_of_the_place() {
    let list = |characters: usize| -> String {
        // `"s3:GetObject",` has fifteen characters
        std::iter::repeat_n("\"s3:GetObject\"", characters / 15).collect::<Vec<_>>().join(", ")
    };
    let resource = |ty: &str, characters: usize| {
        format!(
            "resource \"{ty}\" \"x\" {{\n  policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Resource = \"*\", Action = [{}] }}] }})\n}}\n",
            list(characters)
        )
    };
    for (ty, limit) in [
        ("aws_iam_policy", 6_144),
        ("aws_iam_role_policy", 10_240),
        ("aws_iam_user_policy", 2_048),
        ("aws_iam_group_policy", 5_120),
    ] {
        assert_eq!(severities(&findings("x.tf", &resource(ty, limit - 200)), "CS113"), [], "{ty}");
        assert_eq!(severities(&findings("x.tf", &resource(ty, limit + 50)), "CS113"), [Severity::Error], "{ty}");
    }
    let inline = |each: usize| {
        let policy = format!(
            "{{\"PolicyName\": \"p\", \"PolicyDocument\": {{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Resource\": \"*\", \"Action\": [{}]}}]}}}}",
            list(each)
        );
        format!(
            "{{\"Resources\": {{\"U\": {{\"Type\": \"AWS::IAM::User\", \"Properties\": {{\"Policies\": [{policy}, {policy}]}}}}}}}}"
        )
    };
    assert_eq!(severities(&findings("t.json", &inline(800)), "CS113"), []);
    assert_eq!(severities(&findings("t.json", &inline(1_200)), "CS113"), [Severity::Error], "in all, told once");
}

/// An ignore in a comment holds for what begins below it, with a reason and to its last day.
#[test]
fn comments_ignore_what_stands_below_them() {
    let resource = |comment: &str, trailing: &str| {
        format!(
            "{comment}\nresource \"aws_iam_policy\" \"x\" {{\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [\n      {{ Effect = \"Allow\", Action = \"artifact:Get\", Resource = \"*\" }}, {trailing}\n      {{ Effect = \"Allow\", Action = \"artifact:Get\", Resource = \"arn:*\" }},\n    ]\n  }})\n}}\n"
        )
    };
    let outcome = |name: &str, text: &str| {
        let all = findings(name, text);
        let open = |code: &str| all.iter().filter(|f| f.rule.code == code && f.is_open()).count();
        (open("CS122"), open("CS191"), open("CS192"), open("CS193"))
    };
    for (comment, trailing, expected) in [
        ("", "", (2, 0, 0, 0)),
        ("# countersign: ignore CS122 reason the old console is used", "", (0, 0, 0, 0)),
        ("// countersign: ignore CS122: the old console is used", "", (0, 0, 0, 0)),
        ("# countersign: ignore CS122 reason soon gone until 2026-11-21", "", (0, 0, 0, 0)),
        ("# countersign: ignore CS122 reason soon gone until 2026-11-20", "", (2, 0, 1, 0)),
        ("# countersign: ignore CS122 reason soon gone until spring", "", (2, 1, 0, 0)),
        ("# countersign: ignore CS122", "", (2, 0, 0, 1)),
        ("# countersign: ignore CS121 reason none", "", (2, 1, 0, 0)),
        ("# countersign: ignore everything", "", (2, 1, 0, 0)),
        ("", "# countersign: ignore CS122 reason this one", (1, 0, 0, 0)),
    ] {
        let text = resource(comment, trailing);
        assert_eq!(outcome("x.tf", &text), expected, "{comment} {trailing}");
    }
    let yaml = "Statement:\n  # countersign: ignore CS122 reason the old console is used\n  - Effect: Allow\n    Action: artifact:Get\n    Resource: '*'\n  - Effect: Allow\n    Action: artifact:Get\n    Resource: 'arn:*'\nVersion: 2012-10-17\n";
    assert_eq!(outcome("x.yaml", yaml), (1, 0, 0, 0));
}

/// Findings name what they are in.
#[test]
fn findings_have_addresses() {
    let of = |name: &str, text: &str| findings(name, text).into_iter().map(|f| f.address()).next().unwrap();
    let policy = "jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Action = \"artifact:Get\", Resource = \"*\" }] })";
    let text = format!("resource \"aws_iam_policy\" \"legal\" {{\n  policy = {policy}\n}}\n");
    assert_eq!(of("a.tf", &text).as_deref(), Some("aws_iam_policy.legal"));
    assert_eq!(of("b.tf", &format!("module \"sso\" {{\n  p = {policy}\n}}\n")).as_deref(), Some("module.sso"));
    let yaml = "Resources:\n  Legal:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: 2012-10-17\n        Statement: [{Effect: Allow, Action: 'artifact:Get', Resource: '*'}]\n";
    assert_eq!(of("a.yaml", yaml).as_deref(), Some("Resources.Legal"));
}

/// Locals and defaults of the folder's other files count, and what is found in them is shown where they are used.
#[test]
fn a_folder_is_read_as_one() {
    let main = "data \"aws_iam_policy_document\" \"x\" {\n  statement {\n    actions   = concat(local.actions, var.more)\n    resources = [\"*\"]\n  }\n}\n";
    let others =
        "locals {\n  actions = [\"s3:LsitBucket\"]\n}\nvariable \"more\" {\n  default = [\"s3:GetObjct\"]\n}\n";
    let texts = [Example::new("m/main.tf", main), Example::new("m/other.tf", others)];
    let found = lint(&texts, &settings("")).findings;
    let words: Vec<&str> = found.iter().map(|f| f.place.source.slice(f.place.span)).collect();
    assert_eq!(words, ["local.actions", "var.more"], "{:#?}", told(&found));
    let elsewhere = [Example::new("m/main.tf", main), Example::new("n/other.tf", others)];
    assert_eq!(told(&lint(&elsewhere, &settings("")).findings), Vec::<String>::new());
}

/// The default of a parameter may be there, and what a literal is split into is.
#[test]
fn cloudformation_says_more_than_literals() {
    let template = |actions: &str| {
        format!(
            "Parameters:\n  P: {{Type: String, Default: \"s3:LsitBucket\"}}\n  L: {{Type: CommaDelimitedList, Default: \"s3:GetObject, s3:LsitBucket\"}}\n  N: {{Type: String, Default: none}}\nResources:\n  R:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - Effect: Allow\n            Resource: \"*\"\n            Action: {actions}\n"
        )
    };
    for actions in ["[!Ref P]", "!Ref L", "!Split [\",\", \"s3:GetObject,s3:LsitBucket\"]"] {
        let found = findings("x.yaml", &template(actions));
        let slips = found.iter().filter(|f| f.rule.code == "CS121" && f.message.contains("`s3:LsitBucket`")).count();
        assert_eq!((slips, errors(&found).len()), (1, 1), "{actions}: {:#?}", told(&found));
    }
    for actions in ["[!Ref N]", "!Split [\",\", !Ref N]"] {
        assert_eq!(errors(&findings("x.yaml", &template(actions))), Vec::<String>::new(), "{actions}");
    }
}
