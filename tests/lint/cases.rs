//! Policies that people write, and what is found in each.

use super::{Example, codes, lint, settings};

#[test]
fn each_case_has_its_finding() {
    for (name, code) in [
        ("mfa-bool-false.json", "CS148"),
        ("request-tag.json", "CS142"),
        ("scp-regions-with-exempt-role.json", "CS172"),
    ] {
        let text = std::fs::read_to_string(format!("tests/data/cases/lint/{name}")).unwrap();
        let found = codes(&lint(&[Example::new(name, text)], &settings("")).findings);
        assert!(found.contains(code), "{name}: {found:?}");
    }
}

#[test]
fn a_denial_without_mfa_reaches_requests_without_the_key_only_if_it_says_so() {
    let finds = |effect: &str, operator: &str, value: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "{effect}", "Action": "artifact:*", "Resource": "*",
                "Condition": {{"{operator}": {{"aws:MultiFactorAuthPresent": {value}}}}}}}]}}"#
        );
        codes(&lint(&[Example::new("p.json", text)], &settings("")).findings).contains("CS148")
    };
    assert!(finds("Deny", "Bool", "\"false\"") && finds("Deny", "Bool", "false"));
    for operator in ["StringEquals", "StringLike", "ForAnyValue:Bool"] {
        assert!(finds("Deny", operator, "\"false\"") && !finds("Deny", &format!("{operator}IfExists"), "\"false\""));
    }
    assert!(!finds("Deny", "ForAllValues:Bool", "\"false\"") && !finds("Deny", "StringNotEquals", "\"true\""));
    assert!(!finds("Deny", "BoolIfExists", "\"false\""));
    assert!(!finds("Deny", "Bool", "\"true\""));
    assert!(!finds("Allow", "Bool", "\"false\""));
}

#[test]
fn a_region_guardrail_that_exempts_somebody_denies_everybody_else() {
    let finds = |actions: &str, condition: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", {actions}, "Resource": "*", "Condition": {condition}}}]}}"#
        );
        codes(&lint(&[Example::new("scp/p.json", text)], &settings("")).findings).contains("CS172")
    };
    let regions = r#""StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}"#;
    let exempt = r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}"#;
    let only = r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}"#;
    let list = r#""NotAction": ["iam:*", "sts:*"]"#;
    assert!(finds(list, &format!("{{{regions}}}")));
    assert!(finds(list, &format!("{{{regions}, {exempt}}}")));
    assert!(finds(list, &format!("{{{exempt}}}")));
    assert!(finds(r#""Action": "*""#, &format!("{{{regions}, {exempt}}}")));
    // for one role alone
    assert!(!finds(list, &format!("{{{regions}, {only}}}")));
    // what denies everything to all but some is no list of services
    assert!(!finds(r#""Action": "*""#, &format!("{{{exempt}}}")));
    assert!(!finds(r#""NotAction": ["iam:*", "artifact:*"]"#, &format!("{{{regions}, {exempt}}}")));
}
