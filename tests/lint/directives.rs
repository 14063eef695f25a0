//! Templates whose directives choose what stands in the text: what may stand there is judged, whichever branch is taken.

use super::*;

fn misspelt(name: &str, text: &str) -> Vec<String> {
    let of = findings(name, text).into_iter().filter(|f| f.rule.code == "CS121");
    of.map(|f| f.message.split('`').nth(1).unwrap_or_default().to_owned()).collect()
}

fn policy(action: &str, more: &str) -> String {
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":{action},\"Resource\":\"*\"{more}}}]}}"
    )
}

#[test]
fn either_of_both_values_is_judged() {
    let choices = [
        ("x.json.tpl", r#"%{ if a }"s3:GetObjectZq"%{ else }"s3:PutObjectZq"%{ endif }"#),
        ("x.json.tftpl", r#""s3:%{ if a ~}GetObjectZq%{~ else ~}PutObjectZq%{ endif }""#),
        ("x.json.j2", r#"{% if a %}"s3:GetObjectZq"{%- else -%}"s3:PutObjectZq"{% endif %}"#),
        ("x.json.tmpl", r#"{{ if .a }}"s3:GetObjectZq"{{ else }}"s3:PutObjectZq"{{ end }}"#),
    ];
    for (name, choice) in choices {
        assert_eq!(misspelt(name, &policy(choice, "")), ["s3:GetObjectZq", "s3:PutObjectZq"], "{name}");
        assert_eq!(errors(&findings(name, &policy(&choice.replace("Zq", ""), ""))), Vec::<String>::new());
    }
    let three = r#"{% if a %}"s3:GetObject"{% elif b %}"s3:ListBucketZq"{% else %}"s3:PutObject"{% endif %}"#;
    assert_eq!(misspelt("x.json.j2", &policy(three, "")), ["s3:ListBucketZq"]);
}

#[test]
fn what_is_beside_a_directive_is_read() {
    let beside = policy("\"s3:GetObjectZq\"", ",\"Sid\":%{ if a }\"A\"%{ else }\"B\"%{ endif }");
    assert_eq!(misspelt("x.json.tpl", &beside), ["s3:GetObjectZq"], "told once");
    let perhaps = policy("\"s3:GetObjectZq\"", "%{ if var.c },\"Sid\":\"A\"%{ endif }");
    let heredoc = format!("resource \"aws_iam_policy\" \"p\" {{\n  policy = <<EOF\n{perhaps}\nEOF\n}}\n");
    assert_eq!(misspelt("x.tf", &heredoc), ["s3:GetObjectZq"]);
    let found = findings("x.tf", &heredoc);
    let typo = found.iter().find(|f| f.rule.code == "CS121").unwrap();
    assert_eq!(typo.place.source.slice(typo.place.span), "\"s3:GetObjectZq\"", "it has its place");
    let of_values =
        policy("[%{ for i, a in b }\"${a}\"%{ if i < length(b) - 1 },%{ endif }%{ endfor }]", ",\"Sid\":\"a-b\"");
    assert!(
        codes(&findings("x.json.tpl", &of_values)).contains("CS109")
            || !errors(&findings("x.json.tpl", &of_values)).is_empty()
    );
    let of_statements = "{\"Version\":\"2012-10-17\",\"Statement\":[{% for b in c %}{\"Effect\":\"Allow\",\"Action\":\"s3:GetObjectZq\",\"Resource\":\"arn:aws:s3:::{{ b }}/*\"}{% if not loop.last %},{% endif %}{% endfor %}]}";
    assert_eq!(misspelt("x.json.j2", of_statements), ["s3:GetObjectZq"]);
    let text = "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"s3:%{ if var.x }GetObjectZq%{ else }PutObject%{ endif }\"]\n    resources = [\"*\"]\n  }\n}\n";
    assert_eq!(misspelt("x.tf", text), ["s3:GetObjectZq"]);
    let yaml = "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n{% for a in b %}\n          - Effect: Allow\n            Action: s3:GetObjectZq\n            Resource: \"*\"\n{% endfor %}\n";
    assert_eq!(misspelt("x.yaml.j2", yaml), ["s3:GetObjectZq"]);
}

/// A template that is a part of a document is read as what it is a part of.
#[test]
fn statements_without_a_document_are_read_in_templates() {
    let one = "{\"Effect\": \"Allow\", \"Action\": \"s3:GetObjectZq\", \"Resource\": \"arn:aws:s3:::${name}\"}";
    for text in [one.to_owned(), format!("{one},\n{one},\n"), format!("%{{ if a }}{one},%{{ endif }}\n{one}")] {
        let told = misspelt("part.json.tftpl", &text);
        assert!(!told.is_empty() && told.iter().all(|t| t == "s3:GetObjectZq"), "{text}: {told:?}");
        assert_eq!(errors(&findings("part.json.tftpl", &text.replace("Zq", ""))), Vec::<String>::new());
    }
    assert_eq!(misspelt("part.json", one), Vec::<String>::new(), "a file that is no template may be anything");
}

/// A comment of a template is nothing, and what is left out before the first element of a loop may be left out.
#[test]
fn comments_are_nothing_and_commas_stand_between() {
    let typo = policy("\"s3:GetObjectZq\"", "");
    let element = |first: &str, end: &str| format!("[{first}\"s3:GetObjectZq\"{end}]");
    for (name, text) in [
        ("x.json.j2", format!("{{# roles }} of #}}\n{typo}")),
        ("x.json", typo.replace("\"Effect\"", "{# read #}\"Effect\"")),
        ("x.json.tmpl", format!("{{{{/* roles */}}}}{typo}")),
        ("x.json.tftpl", policy(&element("%{ for i, r in l }%{ if i > 0 },%{ endif }", "%{ endfor }"), "")),
        ("x.json.j2", policy(&element("{% for r in l %}{% if not loop.first %},{% endif %}", "{% endfor %}"), "")),
        ("x.json.tmpl", policy(&element("{{ range $i, $r := .l }}{{ if $i }},{{ end }}", "{{ end }}"), "")),
    ] {
        assert_eq!(misspelt(name, &text), ["s3:GetObjectZq"], "{name} {text}");
        assert_eq!(errors(&findings(name, &text.replace("Zq", ""))), Vec::<String>::new(), "{name} {text}");
    }
    let yaml = "{# roles #}\nResources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - Effect: Allow\n            {# read #}\n            Action: s3:GetObjectZq\n            Resource: \"*\"\n";
    assert_eq!(misspelt("x.yaml.j2", yaml), ["s3:GetObjectZq"]);
    // what is still no JSON is one note, and no error
    let broken = typo.replace("\"Effect\"", "{% raw %} x {# y #}\"Effect\"");
    let found = findings("x.json.j2", &broken);
    assert!(errors(&found).is_empty() && codes(&found).contains("CS116"), "{:?}", told(&found));
}
