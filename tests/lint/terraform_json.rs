//! `aws_iam_policy_document` in `.tf.json`: judged as in Terraform's own language.

use serde_json::{Value, json};

use super::{Example, lint, settings, told};

fn found(document: &Value) -> Vec<String> {
    let text = json!({"data": {"aws_iam_policy_document": {"legal": document}}}).to_string();
    told(&lint(&[Example::new("main.tf.json", text)], &settings("")).findings)
}

#[test]
fn what_is_wrong_in_a_document_is_found_where_it_stands() {
    let document = json!({"statement": [{"sid": "", "actions": ["s3:GetObjct"], "resources": ["*"],
        "condition": {"test": "StringEquals", "variable": "aws:PrincipalOrgID", "values": ["r-abcd"]}}]});
    let found = found(&document);
    assert!(
        matches!(found.as_slice(), [slip, form] if slip.contains("CS121 main.tf.json data.aws_iam_policy_document.legal.Statement[0].Action")
        && slip.contains("`\"s3:GetObjct\"`") && form.starts_with("CS161") && form.contains("`\"r-abcd\"`")),
        "{found:?}"
    );
}

#[test]
fn what_is_right_or_unknown_in_a_document_is_not_told() {
    for document in [
        json!({"statement": {"actions": ["s3:GetObject"], "resources": ["${aws_s3_bucket.b.arn}/*", "arn:aws:s3:::b/&{aws:username}/*"]}}),
        json!({"statement": [{"effect": "${var.effect}", "actions": ["${var.action}"], "resources": ["${var.arn}"]}]}),
        json!({"source_policy_documents": ["${data.aws_iam_policy_document.other.json}"]}),
        json!([{"statement": [{"actions": ["s3:GetObject"], "resources": ["*"], "dynamic": {"condition": {"for_each": "${var.c}", "content": {}}}}]}]),
        json!({"statement": [{"actions": ["sts:AssumeRole"], "principals": [{"type": "Service", "identifiers": ["backup.amazonaws.com"]}]}]}),
    ] {
        assert_eq!(found(&document), Vec::<String>::new(), "{document}");
    }
}
