//! What functions choose and leave out: where all is known, what is left out is not there; where it is not, an element is perhaps there, and
//! nothing is concluded from it.

use super::*;

/// A document whose statements have these actions.
fn terraform(actions: &[&str]) -> String {
    let statement = |(index, actions): (usize, &&str)| {
        format!("  statement {{\n    sid = \"S{index}\"\n    actions = {actions}\n    resources = [\"*\"]\n  }}\n")
    };
    let statements: String = actions.iter().enumerate().map(statement).collect();
    format!(
        "locals {{\n  all = [\"s3:GetObject\", \"cost=1\", \"s3:PutObject\"]\n}}\nvariable \"on\" {{}}\ndata \"aws_iam_policy_document\" \"x\" {{\n{statements}}}\n"
    )
}

/// Each filter leaves out what is no action, as Terraform computes it.
#[test]
fn what_a_computed_filter_leaves_out_is_not_there() {
    for condition in [
        r#"can(regex("^s3:", x))"#,
        r#"length(regexall("^s3:", x)) > 0"#,
        r#"!can(regex("=", x))"#,
        r#"try(regex("^(s3):", x)[0], "") == "s3""#,
        r#"try(regex("^(?P<service>[a-z0-9]+):", x).service, null) != null"#,
        r#"alltrue([startswith(x, "s3:"), length(x) > 3])"#,
        r#"anytrue([x == "s3:GetObject", endswith(x, "PutObject")])"#,
        r#"replace(x, "/[^=]/", "") != "=""#,
        r#"{ a = 1 } != null && strcontains(x, ":")"#,
    ] {
        let list = format!("[for x in local.all : x if {condition}]");
        let found = findings("x.tf", &terraform(&[&list]));
        assert_eq!(errors(&found), Vec::<String>::new(), "{condition}");
        // a slip that stays is told
        let slip = terraform(&[&list]).replace("PutObject", "PutObjct");
        assert_eq!(codes(&findings("x.tf", &slip)), BTreeSet::from(["CS121"]), "{condition}");
    }
}

/// `one` of what may be left out may be none; of what is certain it is that.
#[test]
fn what_a_choice_may_not_choose_is_perhaps_there() {
    let implied = |first: &str| {
        let text = terraform(&[first, "[\"s3:GetObject\", \"s3:ListBucket\"]"]);
        codes(&findings("x.tf", &text)).contains("CS182")
    };
    assert!(implied("[one([\"s3:GetObject\"])]"));
    assert!(!implied("[\"s3:ListBucket\", one([for x in [\"s3:GetObject\"] : x if var.on])]"));
    assert!(!implied("[\"s3:ListBucket\", one(keys({ for x in [\"s3:GetObject\"] : x => 1 if var.on }))]"));
    let found = findings("x.tf", &terraform(&["[one([for x in local.all : x if startswith(x, \"s3:G\")])]"]));
    assert_eq!(errors(&found), Vec::<String>::new());
}

/// The element of a list that `Fn::Select` names is that one, wherever the list comes from; another is not there.
#[test]
fn an_element_is_selected_of_each_list_that_it_may_be() {
    let template = |action: &str| {
        format!(
            r#"Parameters:
  Actions: {{ Type: CommaDelimitedList, Default: "s3:GetObject,s3:GetObjct" }}
Mappings:
  M:
    a: {{ list: ["s3:GetObject", "arn:aws:s3:::b/*"] }}
    b: {{ list: ["s3:PutObject", "arn:aws:s3:::c/*"] }}
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: {action}
            Resource: "*"
"#
        )
    };
    for (action, expected) in [
        ("!Select [0, !FindInMap [M, a, list]]", None),
        ("!Select [0, !FindInMap [M, !Ref K, list]]", None),
        ("!Select [1, !FindInMap [M, !Ref K, list]]", Some("CS121")),
        ("!Select [0, !Ref Actions]", None),
        ("!Select [1, !Ref Actions]", Some("CS121")),
        ("!Ref Actions", Some("CS121")),
    ] {
        let found = findings("t.yaml", &template(action));
        assert_eq!(codes(&found).into_iter().next(), expected, "{action}: {:?}", told(&found));
    }
}
