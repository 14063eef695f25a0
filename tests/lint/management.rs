//! Policies of AWS Organizations without statements: wherever something says that they are ones, and of which type.

use countersign_core::lint::Severity;
use countersign_core::source::unread::Reason;

use super::{Example, findings, lint, settings};

/// What is found, with its severity: `CS211 error the words at fault`.
fn said(name: &str, text: &str) -> Vec<String> {
    let found = findings(name, text);
    let one = |f: &countersign_core::lint::Finding| {
        let words = f.place.source.slice(f.place.span).trim_matches('"').to_owned();
        format!("{} {} {words}", f.rule.code, f.severity.word())
    };
    found.iter().map(one).collect()
}

fn ec2(attributes: &str) -> String {
    format!(r#"{{"ec2_attributes": {{{attributes}}}}}"#)
}

/// The documented examples of each type, and what people write: nothing is found, and what is not checked is counted.
#[test]
fn what_aws_documents_is_clean() {
    for (text, checked) in [
        (
            r#"{"ec2_attributes": {"exception_message": {"@@assign": "Ask the platform team. https://example.com"},
            "serial_console_access": {"status": {"@@assign": "disabled", "@@operators_allowed_for_child_policies": ["@@none"]}},
            "vpc_block_public_access": {"internet_gateway_block": {"mode": {"@@assign": "block_ingress"}, "exclusions_allowed": {"@@assign": "enabled"}}},
            "vpc_encryption_control": {"mode": {"@@assign": "attempt_enforce"}, "exclusions": {"@@assign": ["internet_gateway", "vpc_lattice"]}},
            "image_block_public_access": {"state": {"@@assign": "block_new_sharing"}},
            "snapshot_block_public_access": {"state": {"@@assign": "block_all_sharing"}},
            "allowed_images_settings": {"state": {"@@assign": "audit_mode"}, "image_criteria": {"criteria_1": {
                "allowed_image_providers": {"@@append": ["amazon", "123456789012"], "@@remove": ["aws_marketplace"]},
                "creation_date_condition": {"maximum_days_since_created": {"@@assign": 300}}}}},
            "instance_metadata_defaults": {"http_tokens": {"@@assign": "required"}, "http_put_response_hop_limit": {"@@assign": 2},
                "http_endpoint": {"@@assign": "no_preference"}, "http_tokens_enforced": {"@@assign": "enabled"}, "instance_metadata_tags": {"@@assign": "enabled"}}}}"#,
            true,
        ),
        (&ec2(r#""instance_metadata_defaults": {"http_put_response_hop_limit": {"@@assign": "4"}}"#), true),
        (
            r#"{"tags": {"costcenter": {"tag_key": {"@@assign": "CostCenter", "@@operators_allowed_for_child_policies": ["@@none"]},
            "tag_value": {"@@assign": ["100", "200"]}, "enforced_for": {"@@assign": ["secretsmanager:*"]}}}}"#,
            false,
        ),
        (
            r#"{"services": {"@@operators_allowed_for_child_policies": ["@@none"], "default": {"opt_out_policy": {"@@assign": "optOut"}}}}"#,
            false,
        ),
        (
            r#"{"plans": {"p": {"regions": {"@@append": ["us-east-1"], "@@remove": ["eu-west-1"]}, "rules": {"r": {
            "target_backup_vault_name": {"@@assign": "v"}, "lifecycle": {"delete_after_days": {"@@assign": "7"}}}}}}}"#,
            false,
        ),
        (
            r#"{"chatbot": {"platforms": {"slack": {"client": {"@@assign": "disabled"}}}, "default": {"client": {"@@assign": "disabled"}}}}"#,
            false,
        ),
        (
            r#"{"securityhub": {"enable_in_regions": {"@@append": ["ALL_SUPPORTED"], "@@operators_allowed_for_child_policies": ["@@all"]}, "disable_in_regions": {"@@append": []}}}"#,
            false,
        ),
    ] {
        let outcome = lint(&[Example::new("p.json", text)], &settings(""));
        assert!(outcome.findings.is_empty(), "{text}: {:#?}", super::told(&outcome.findings));
        assert_eq!((outcome.policies, outcome.unread.count(Reason::Attributes)), (1, usize::from(!checked)), "{text}");
    }
}

/// What is wrong has its place; what may be younger than the data is never an error.
#[test]
fn what_is_wrong_has_its_place() {
    for (text, expected) in [
        (
            ec2(
                r#""serial_console_access": {"status": {"@@asign": "disabled"}}, "image_block_public_access": {"state": {"@@assign": "unblocked"}}"#,
            ),
            "CS211 error @@asign",
        ),
        (
            ec2(r#""serial_console_access": {"status": {"@@Assign": "disabled"}}, "x": {"@@assign": 1}"#),
            "CS211 warning @@Assign",
        ),
        (ec2(r#""serial_console_access": {"status": {"@@append": ["disabled"]}}"#), "CS211 error @@append"),
        (
            ec2(r#""serial_console_access": {"status": "disabled"}, "exception_message": {"@@assign": ""}"#),
            "CS211 warning status",
        ),
        (
            ec2(
                r#""serial_console_access": {"status": {"@@assign": "disabled", "@@operators_allowed_for_child_policies": ["@@non"]}}"#,
            ),
            "CS211 error @@non",
        ),
        (
            ec2(
                r#""serial_console_access": {"status": {"@@assign": "disabled", "@@operators_allowed_for_child_policies": "@@none"}}"#,
            ),
            "CS211 warning @@none",
        ),
        (ec2(r#""serial_console": {"status": {"@@assign": "disabled"}}"#), "CS212 warning serial_console"),
        (ec2(r#""serial_console_access": {"status": {"@@assign": "off"}}"#), "CS212 warning off"),
        (ec2(r#""instance_metadata_defaults": {"http_put_response_hop_limit": {"@@assign": 65}}"#), "CS212 warning 65"),
        (ec2(r#""vpc_encryption_control": {"exclusions": {"@@append": ["lambdas"]}}"#), "CS212 warning lambdas"),
    ] {
        let said = said("p.json", &text);
        assert!(said.contains(&expected.to_owned()), "{text}: {said:?}");
        let errors = said.iter().filter(|s| s.contains(" error ")).count();
        assert_eq!(errors, usize::from(expected.contains(" error ")), "{text}: {said:?}");
    }
}

/// A type is told by a resource of Terraform, one of CloudFormation, a plan and an answer of AWS.
#[test]
fn a_type_is_told_by_what_holds_the_policy() {
    const WRONG: &str = r#"{"tags": {"team": {"tag_key": {"@@assing": "Team"}}}}"#;
    let escaped = WRONG.replace('"', "\\\"");
    let in_terraform = |ty: &str, content: &str| {
        format!("resource \"aws_organizations_policy\" \"p\" {{\n  name = \"p\"\n{ty}  content = {content}\n}}\n")
    };
    let heredoc = format!("<<EOT\n{WRONG}\nEOT");
    let encoded = "jsonencode({ tags = { team = { tag_key = { \"@@assing\" = \"Team\" } } } })";
    for (name, text) in [
        ("p.tf", in_terraform("  type = \"TAG_POLICY\"\n", &heredoc)),
        ("p.tf", in_terraform("  type = \"TAG_POLICY\"\n", encoded)),
        (
            "p.yaml",
            format!(
                "Resources:\n  P:\n    Type: AWS::Organizations::Policy\n    Properties:\n      Type: TAG_POLICY\n      Content: {WRONG}\n"
            ),
        ),
        (
            "p.json",
            format!(
                r#"{{"Policy": {{"PolicySummary": {{"Id": "p-1", "Type": "TAG_POLICY"}}, "Content": "{escaped}"}}}}"#
            ),
        ),
        (
            "plan.json",
            format!(
                r#"{{"resource_changes": [{{"address": "aws_organizations_policy.p", "type": "aws_organizations_policy", "mode": "managed",
            "change": {{"after": {{"type": "TAG_POLICY", "content": "{escaped}"}}}}}}]}}"#
            ),
        ),
    ] {
        let said = said(name, &text);
        assert!(said.iter().any(|s| s.starts_with("CS211 error") && s.contains("@@assing")), "{text}: {said:?}");
    }
    // the type is another than that of what stands there
    for (ty, text) in [
        ("", &heredoc),
        ("  type = \"BACKUP_POLICY\"\n", &heredoc),
        ("  type = \"SERVICE_CONTROL_POLICY\"\n", &heredoc),
    ] {
        let said = said("p.tf", &in_terraform(ty, text));
        assert!(said.iter().any(|s| s.starts_with("CS211 error") && s.contains("tags")), "{ty}: {said:?}");
    }
    let with_statements = "<<EOT\n{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Deny\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}\nEOT";
    let said_of = |ty: &str, content: &str| said("p.tf", &in_terraform(ty, content));
    assert_eq!(
        said_of("  type = \"TAG_POLICY\"\n", with_statements),
        ["CS212 warning Version", "CS211 error Statement"]
    );
    assert_eq!(said_of("", with_statements), [""; 0]);
    let typo = "jsonencode({ tag = { team = { tag_key = { \"@@assign\" = \"Team\" } } } })";
    assert_eq!(said_of("  type = \"TAG_POLICY\"\n", typo), ["CS212 warning tag"]);
    // what is not known is not wrong
    for content in ["jsonencode({ (var.root) = { team = var.team } })", "var.content"] {
        let errors =
            said_of("  type = \"TAG_POLICY\"\n", content).into_iter().filter(|s| !s.starts_with("CS116")).count();
        assert_eq!(errors, 0, "{content}");
    }
    assert_eq!(said_of("  type = var.type\n", encoded).len(), 1, "its own first key tells its type");
}

/// Quotas by type; white space between elements does not count, and what is unknown has no size.
#[test]
fn a_policy_has_a_size() {
    let of = |count: usize, gap: &str| {
        let one = |i: usize| format!("{gap}\"service{i:03}\":{gap}{{\"opt_out_policy\":{{\"@@assign\":\"optOut\"}}}}");
        format!("{{\"services\":{{{}}}}}", (0..count).map(one).collect::<Vec<_>>().join(","))
    };
    assert_eq!(said("p.json", &of(40, "\n      ")), [""; 0]);
    let found = findings("p.json", &of(60, ""));
    assert!(
        matches!(found.as_slice(), [f] if f.rule.code == "CS213" && f.severity == Severity::Error),
        "{found:#?}",
        found = super::told(&found)
    );
    let tags = of(60, "").replace("services", "tags");
    assert_eq!(said("p.json", &tags), [""; 0], "policies of tags may have 10,000");
}
