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

/// A document that stands in a file of Terraform, as `EOF` in it says, with what its names are in the folder.
fn in_terraform(document: &str, locals: &str) -> Vec<String> {
    let main = format!(
        "locals {{\n  {locals}\n}}\nresource \"aws_iam_policy\" \"p\" {{\n  policy = <<-EOF\n    {document}\n  EOF\n}}\n"
    );
    told(&lint(&[Example::new("main.tf", main)], &settings("")).findings)
}

/// A here document that encodes, joins or goes through a local says which of its values is wrong, as a template of its own does.
#[test]
fn what_a_here_document_is_made_of_is_judged() {
    for actions in [
        "${jsonencode(local.acts)}",
        "[\"${join(\"\\\",\\\"\", local.acts)}\"]",
        "[\n%{ for i, a in local.acts ~}\n\"${a}\"%{ if i < length(local.acts) - 1 },%{ endif }\n%{ endfor ~}\n]",
        "[%{ for a in local.acts }\"${a}\",%{ endfor }\"s3:ListBucket\"]",
        "\"${local.acts[1]}\"",
    ] {
        let of = |acts: &str| in_terraform(&statement(actions, "\"*\""), &format!("acts = {acts}"));
        let found = of(r#"["ec2:DescribeInstances", "ec2:RunInstancess"]"#);
        assert!(
            found.len() == 1 && found[0].contains("`ec2:RunInstancess` is not an AWS action"),
            "{actions} {found:?}"
        );
        assert_eq!(of(r#"["ec2:DescribeInstances", "ec2:RunInstances"]"#), Vec::<String>::new(), "{actions}");
    }
    // what is unknown stays unknown, and what the element of a loop is beside it is judged
    let open = in_terraform(&statement("\"${var.act}\"", "\"arn:aws:s3:::${each.key}/*\""), "acts = []");
    assert_eq!(open, Vec::<String>::new());
}

/// The text of `template_file` is that of its file, filled in with its `vars`, and of the kind that it is used as.
#[test]
fn the_text_of_a_template_file_is_read_where_it_is_used() {
    let of = |act: &str, principal: &str| {
        let main = format!(
            "data \"template_file\" \"t\" {{\n  count    = 1\n  template = file(\"${{path.module}}/t.tpl\")\n  vars = {{ act = \"{act}\" }}\n}}\nresource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = data.template_file.t[0].rendered\n}}\n"
        );
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "${{act}}"{principal}}}]}}"#
        );
        told(&lint(&[Example::new("main.tf", main), Example::new("t.tpl", text)], &settings("")).findings)
    };
    let whom = r#", "Principal": {"Service": "ec2.amazonaws.com"}"#;
    assert_eq!(of("sts:AssumeRole", whom), Vec::<String>::new());
    assert!(of("sts:AssumeRol", whom).iter().any(|t| t.starts_with("CS121")), "{:?}", of("sts:AssumeRol", whom));
    // what it is used for says that another action is none of a trust policy
    assert!(of("s3:GetObject", whom).iter().any(|t| t.starts_with("CS130")), "{:?}", of("s3:GetObject", whom));
}

/// What is merged with a part that is not known, and has only the ARNs of resources, is judged by them.
#[test]
fn resources_beside_what_is_not_known_are_judged() {
    let of = |resource: &str| {
        let main = format!(
            "module \"m\" {{\n  source     = \"example/policies/aws\"\n  statements = [merge(var.common, {{ resources = [\"{resource}\"] }})]\n}}\n"
        );
        told(&lint(&[Example::new("main.tf", main)], &settings("")).findings)
    };
    assert!(of("arn:asw:s3:::b").iter().any(|t| t.starts_with("CS131")), "{:?}", of("arn:asw:s3:::b"));
    for right in ["arn:aws:s3:::b", "reports", "${var.arn}"] {
        assert_eq!(of(right), Vec::<String>::new(), "{right}");
    }
}
