//! Statements of IAM without a policy around them and without a key that says so: in a text, and alone in a file.

use super::{codes, errors, findings};

const STATEMENTS: &str =
    r#"[{"Effect": "Allow", "Action": ["ec2:DescribeInstances", "ec2:RunInstances"], "Resource": "*"}]"#;

fn slip(text: &str) -> String {
    text.replace("RunInstances", "RunInstancess")
}

/// A text that is a list of statements, as tools that make a role of it have it, and a file that is one.
#[test]
fn statements_in_a_text_are_judged() {
    let yaml = |text: &str| format!("spec:\n  additionalPolicies:\n    node: |\n      {text}\n    master: '{text}'\n");
    let json = |text: &str| format!("{{\"roles\": {{\"node\": {}}}}}", serde_json::to_string(text).unwrap());
    for (name, around, times) in [
        ("cluster.yaml", &yaml as &dyn Fn(&str) -> String, 2),
        ("cluster.json", &json, 1),
        ("statements.json", &|text: &str| text.to_owned(), 1),
    ] {
        assert_eq!(errors(&findings(name, &around(STATEMENTS))), Vec::<String>::new(), "{name}");
        let found = errors(&findings(name, &around(&slip(STATEMENTS))));
        assert_eq!(
            found.iter().filter(|t| t.starts_with("CS121") && t.contains("RunInstancess")).count(),
            times,
            "{name}: {found:?}"
        );
        let effect = errors(&findings(name, &around(&STATEMENTS.replace("Allow", "Alow"))));
        assert!(effect.iter().any(|t| t.starts_with("CS105")), "{name}: {effect:?}");
    }
}

/// What only looks like statements is none: of another cloud, with actions of no service, or beside something else.
#[test]
fn other_lists_are_left_alone() {
    for text in [
        r#"[{"Effect": "Allow", "Action": "ecs:DescribeNothing", "Resource": "acs:ecs:*:*:*"}]"#,
        r#"[{"Effect": "Allow", "Action": "door:Opne", "Resource": "*"}]"#,
        r#"[{"Effect": "Alow", "Action": "ec2:RunInstancess"}]"#,
        r#"[{"Effect": "Allow", "Action": "ec2:RunInstancess", "Resource": "*"}, {"Name": "x"}]"#,
    ] {
        let quoted = format!("{{\"a\": {}}}", serde_json::to_string(text).unwrap());
        assert!(
            codes(&findings("x.json", text)).is_empty() && codes(&findings("x.json", &quoted)).is_empty(),
            "{text}"
        );
    }
}
