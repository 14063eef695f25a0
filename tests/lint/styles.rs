//! Ways of writing that programs and people have: values in files of their own, templates of several languages, blanks to fill in.

use super::*;

const DOCUMENT: &str = "data \"aws_iam_policy_document\" \"x\" {\n  statement {\n    actions   = var.actions\n    resources = [\"*\"]\n  }\n}\nvariable \"actions\" {\n  default = [\"s3:GetObjct\"]\n}\n";

fn typos(files: &[(&str, &str)]) -> Vec<String> {
    let texts: Vec<Example> = files.iter().map(|(name, text)| Example::new(*name, *text)).collect();
    let found = lint(&texts, &settings("")).findings;
    found.into_iter().filter(|f| f.rule.code == "CS121").map(|f| f.message).collect()
}

/// Terraform: terraform.tfvars, then terraform.tfvars.json, then *.auto.tfvars and *.auto.tfvars.json in the order of their names; a later
/// one counts, and any of them more than the default. Files that it is told to read may say anything.
#[test]
fn the_last_of_the_files_of_values_counts() {
    let of = |files: &[(&str, &str)]| {
        let mut all = vec![("main.tf", DOCUMENT)];
        all.extend_from_slice(files);
        typos(&all)
    };
    let (right, wrong) = ("actions = [\"s3:GetObject\"]\n", "actions = [\"s3:PutObjct\"]\n");
    let right_json = r#"{"actions": ["s3:GetObject"]}"#;
    assert_eq!(of(&[]).len(), 1, "the default");
    assert_eq!(of(&[("terraform.tfvars", right)]), Vec::<String>::new());
    assert_eq!(of(&[("terraform.tfvars.json", right_json)]), Vec::<String>::new());
    assert_eq!(of(&[("terraform.tfvars", wrong), ("terraform.tfvars.json", right_json)]), Vec::<String>::new());
    assert_eq!(of(&[("a.auto.tfvars", right), ("terraform.tfvars.json", r#"{"actions": ["s3:PutObjct"]}"#)]).len(), 0);
    assert_eq!(of(&[("a.auto.tfvars", wrong), ("b.auto.tfvars.json", right_json)]), Vec::<String>::new());
    assert_eq!(of(&[("b.auto.tfvars", wrong), ("a.auto.tfvars.json", right_json)]).len(), 1);
    assert_eq!(of(&[("terraform.tfvars", right), ("prod.tfvars", wrong)]).len(), 1, "it may be told to read it");
    assert_eq!(of(&[("other/terraform.tfvars", right)]).len(), 1, "another folder");
}

/// A `check` block may have a data source for itself.
#[test]
fn a_check_has_a_document() {
    let text = "check \"c\" {\n  data \"aws_iam_policy_document\" \"x\" {\n    statement {\n      actions   = [\"s3:GetObjct\"]\n      resources = [\"*\"]\n    }\n  }\n  assert {\n    condition     = true\n    error_message = \"x\"\n  }\n}\n";
    assert_eq!(typos(&[("main.tf", text)]).len(), 1);
}

/// The suffixes of the partitions, as AWS's SDKs list them: a service is called by them, and a slip is one in each.
#[test]
fn services_of_every_partition() {
    let of = |service: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "{service}"}}, "Action": "sts:AssumeRole"}}]}}"#
        );
        codes(&findings("trust-policy.json", &text)).contains("CS128")
    };
    for suffix in ["com", "com.cn"] {
        assert!(!of(&format!("lambda.amazonaws.{suffix}")) && of(&format!("lamda.amazonaws.{suffix}")), "{suffix}");
    }
    for suffix in ["amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov"] {
        assert!(!of(&format!("ec2.{suffix}")), "{suffix}");
    }
    assert!(of("ec2.amazonws.com"));
}

/// Identity policies: "The Effect value is case sensitive". Whether AWS takes another case in a trust policy is not known.
#[test]
fn an_effect_in_other_letters() {
    let of = |statement: &str| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
        let found = findings("policy.json", &text);
        found.iter().find(|f| f.rule.code == "CS105").map(|f| f.severity)
    };
    let trust = r#"{"Effect": "allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}"#;
    assert_eq!(of(trust), Some(Severity::Warning));
    assert_eq!(of(&trust.replace("allow", "permit")), Some(Severity::Error));
    assert_eq!(of(r#"{"Effect": "allow", "Action": "s3:GetObject", "Resource": "*"}"#), Some(Severity::Error));
}

/// Separators, sections, macros: the slip in what a template says is found, and nothing is malformed.
#[test]
fn templates_of_several_languages_are_read() {
    let statement = r#"{"Effect": "Allow", "Action": "s3:GetObjct", "Resource": "*"}"#;
    let more = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}"#;
    let around = |inner: &str| format!("{{\"Version\": \"2012-10-17\", \"Statement\": [{inner}, {more}]}}");
    for (name, inner) in [
        ("a.json.j2", format!("{{% for b in l %}}{statement}{{{{ \",\" if not loop.last }}}}{{% endfor %}}")),
        ("a.json.j2", format!("{{% for b in l %}}{statement}{{% if not loop.last %}},{{% endif %}}{{% endfor %}}")),
        ("a.json.j2", format!("{{% macro m(x) %}}{statement}{{% endmacro %}}{{{{ m(1) }}}}")),
        ("a.json.tmpl", format!("{{{{ range $i, $b := .L }}}}{{{{ if $i }}}},{{{{ end }}}}{statement}{{{{ end }}}}")),
        ("a.json.tmpl", format!("{{{{ define \"m\" }}}}{statement}{{{{ end }}}}{{{{ template \"m\" . }}}}")),
        ("a.json.mustache", format!("{{{{#l}}}}{statement}{{{{^last}}}},{{{{/last}}}}{{{{/l}}}}{{{{! note }}}}")),
        ("a.json.hbs", format!("{{{{#each l}}}}{statement}{{{{#unless @last}}}},{{{{/unless}}}}{{{{/each}}}}")),
        ("a.json.erb", format!("<% l.each do |b| %>{statement}<%= \",\" unless b == l.last %><% end %>")),
        ("a.json.tftpl", format!("%{{ for b in l }}{statement}%{{ if b != last }},%{{ endif }}%{{ endfor }}")),
    ] {
        let found = findings(name, &around(&inner));
        assert_eq!(errors(&found).len(), 1, "{name} {inner}: {:?}", told(&found));
        assert!(codes(&found).contains("CS121"), "{name}");
    }
    // what is no JSON whatever is chosen is told once, and is no error
    let found = findings("a.json.j2", &around("{% for b in l %}]]{% endfor %}"));
    assert_eq!(codes(&found), BTreeSet::from(["CS116"]));
    assert_eq!(errors(&found), Vec::<String>::new());
}

/// Blanks to fill in, whatever they are written like: nothing of them is wrong. What only looks like one is a value.
#[test]
fn blanks_to_fill_in_are_unknown() {
    for blank in [
        "@@x@@",
        "__X__",
        "__x__",
        "#{x}",
        "$[x]",
        "%X%",
        "{{x}}",
        "<x>",
        "[X]",
        "[your-bucket]",
        "${x}",
        "{x}",
        "((x))",
        "$(x)",
        "$X",
        "@x@",
    ] {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [
  {{"Sid": "{blank}", "Effect": "{blank}", "Action": ["{blank}", "s3:GetObjct"], "Resource": ["{blank}", "arn:aws:s3:::b/{blank}"],
    "Condition": {{"Bool": {{"aws:SecureTransport": "{blank}"}}, "IpAddress": {{"aws:SourceIp": "{blank}"}}}}}}]}}"#
        );
        let found = findings("policy.json", &text);
        assert_eq!(errors(&found).len(), 1, "{blank}: {:?}", told(&found));
        let trust = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{blank}"}}, "Action": "sts:AssumeRole"}}]}}"#
        );
        assert_eq!(errors(&findings("trust-policy.json", &trust)), Vec::<String>::new(), "{blank}");
    }
    let action = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObjct", "Resource": "arn:aws:s3:::${aws:username}/*"}]}"#;
    assert_eq!(errors(&findings("policy.json", action)).len(), 1);
}

/// A service control policy with so many characters of white space that it is too large as it is sent.
fn wide() -> String {
    let statements = [r#"{"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}"#; 3]
        .join(&" ".repeat(6_000).replacen(' ', ",", 1));
    format!("{{\"Version\": \"2012-10-17\", \"Statement\": [{statements}]}}")
}

#[test]
fn service_control_policies_are_measured_as_they_are_sent() {
    let of = |content: &str, name: &str| {
        let main =
            format!("resource \"aws_organizations_policy\" \"p\" {{\n  name    = \"p\"\n  content = {content}\n}}\n");
        let found = lint(&[Example::new("main.tf", main), Example::new(name, wide())], &settings("")).findings;
        codes(&found).contains("CS113")
    };
    assert!(of("file(\"x.json\")", "x.json"));
    assert!(of("templatefile(\"x.json.tpl\", { a = 1 })", "x.json.tpl"));
    assert!(!of("jsonencode(jsondecode(file(\"x.json\")))", "x.json"), "its white space is left out");
    let template = serde_json::json!({"Resources": {"P": {"Type": "AWS::Organizations::Policy", "Properties":
        {"Name": "p", "Type": "SERVICE_CONTROL_POLICY", "Content": wide()}}}});
    let found = findings("t.json", &template.to_string());
    let size = found.iter().find(|f| f.rule.code == "CS113").unwrap();
    assert_eq!((size.severity, size.address().as_deref()), (Severity::Warning, Some("Resources.P")));
}

/// Documents in Terraform's JSON are merged as those in its language are.
#[test]
fn documents_in_json_are_merged() {
    let own = |sid: &str| {
        format!(
            r#"{{"data": {{"aws_iam_policy_document": {{
  "base": {{"statement": [{{"sid": "A", "actions": ["s3:GetObject"]}}]}},
  "x": {{"source_policy_documents": ["${{data.aws_iam_policy_document.base.json}}"],
         "statement": {{"sid": "{sid}", "actions": ["s3:GetObject"], "resources": ["*"]}}}}}}}}}}"#
        )
    };
    assert_eq!(errors(&findings("x.tf.json", &own("A"))), Vec::<String>::new(), "its own statement takes the place");
    assert_eq!(errors(&findings("x.tf.json", &own("B"))).len(), 1);
}

/// What stands in a resource and is no part of a policy says which resource.
#[test]
fn all_findings_of_a_resource_name_it() {
    for (name, text, address) in [
        ("a.tf", "resource \"aws_iam_policy\" \"p\" {\n  policy = var.x\n}\n", "aws_iam_policy.p"),
        (
            "a.tf",
            "resource \"aws_iam_role\" \"r\" {\n  assume_role_policy = data.aws_iam_policy_document.none.json\n}\n",
            "aws_iam_role.r",
        ),
        (
            "a.yaml",
            "Resources:\n  R:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: !GetAtt X.Y\n",
            "Resources.R",
        ),
    ] {
        let found = findings(name, text);
        assert!(!found.is_empty(), "{text}");
        assert!(found.iter().all(|f| f.address().as_deref() == Some(address)), "{text}: {:?}", told(&found));
    }
}
