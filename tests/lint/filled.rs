//! Templates of Terraform with what they are filled in with: lists that they encode, join or go through.

use super::{Example, lint, settings, told};

/// What is said of a template that is filled in with these arguments.
fn filled(template: &str, arguments: &str) -> Vec<String> {
    let main = format!(
        "resource \"aws_iam_policy\" \"p\" {{\n  policy = templatefile(\"${{path.module}}/p.json.tftpl\", {{ {arguments} }})\n}}\n"
    );
    let files = [Example::new("main.tf", main), Example::new("p.json.tftpl", template)];
    told(&lint(&files, &settings("")).findings)
}

fn statement(actions: &str, resource: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": {actions}, "Resource": {resource}}}]}}"#
    )
}

/// Every way in which a template has a list says which of its values is wrong, and nothing of those that are right.
#[test]
fn what_a_template_is_given_is_judged() {
    const WAYS: [(&str, &str); 7] = [
        ("${jsonencode(LIST)}", ""),
        ("${jsonencode(concat(LIST, [\"ec2:StopInstances\"]))}", ""),
        ("${jsonencode(actions)}", "actions = LIST"),
        ("[%{ for i, a in actions }%{ if i > 0 },%{ endif }\"${a}\"%{ endfor }]", "actions = LIST"),
        ("[%{ for s in sets }%{ for a in s.acts ~}\"${a}\",%{ endfor }%{ endfor }]", "sets = [{ acts = LIST }]"),
        ("[\"${join(\"\\\",\\\"\", actions)}\"]", "actions = LIST"),
        (
            "[\"s3:ListBucket\", \"${join(\"\\\", \\\"\", concat(actions, [\"ec2:StopInstances\"]))}\"]",
            "actions = LIST",
        ),
    ];
    for (template, arguments) in WAYS {
        let of = |list: &str| {
            let actions = template.replace("LIST", list);
            filled(&statement(&actions, "\"*\""), &arguments.replace("LIST", list))
        };
        let found = of(r#"["ec2:DescribeInstances", "ec2:RunInstancess"]"#);
        assert!(
            found.len() == 1 && found[0].contains("`ec2:RunInstancess` is not an AWS action"),
            "{template} {found:?}"
        );
        assert_eq!(of(r#"["ec2:DescribeInstances", "ec2:RunInstances"]"#), Vec::<String>::new(), "{template}");
    }
}

/// The name of a loop means something in that loop only: what another goes through is none of its values.
#[test]
fn loops_of_one_name_are_kept_apart() {
    let each = |list: &str| format!("[%{{ for x in {list} ~}}\"${{x}}\",%{{ endfor ~}}]");
    let given = r#"actions = ["s3:GetObject"], arns = ["arn:aws:s3:::a/*"], x = "y""#;
    assert_eq!(filled(&statement(&each("actions"), &each("arns")), given), Vec::<String>::new());
    // of what is not given, nothing is said
    assert_eq!(filled(&statement(&each("var.actions"), &each("arns")), given), Vec::<String>::new());
    let found = filled(&statement(&each("actions"), &each("arns")), &given.replace("arn:aws:s3", "arn:asw:s3"));
    assert!(found.len() == 1 && found[0].contains("asw"), "{found:?}");
}
