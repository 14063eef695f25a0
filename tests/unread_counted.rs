//! Whatever is declined, or not checked, is counted in every report, by its reason and by name.

use crate::common::*;
use serde_json::{Value, json};

/// An inventory beside which a file of each kind stands that is not read; `iam/lambda.json` has a placeholder.
fn world() -> World {
    let with_placeholder = r#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "Known", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
        {"Sid": "${name}", "Effect": "Allow", "Action": "artifact:Get", "Resource": "*"},
        {"Effect": "Allow", "Action": "lambda:GetFunction", "Resource": "arn:aws:lambda:*:<account>:function:*"}]}"#;
    World::organization()
        .user(A, "a", json!(["a.json", "arn:aws:iam::aws:policy/NoSuchPolicyOfAws"]))
        .file("a.json", allows(&["s3:ListAllMyBuckets"]).to_string())
        .file("countersign.toml", "asOf = \"2026-11-01\"\nexclude = [\"old/*\", \"terraform/*\"]\n")
        .file("old/b.json", "{}")
        .file("old/c.json", "no JSON")
        .file("terraform/lambda.json", with_placeholder)
        .file("README.md", "read me")
        .file("table.csv", "a,b\n1,2\n")
        .file(".github/x.yml", "on: push")
        .file(".github/y.yml", "on: push")
        .file("guardrails/own.cedar", GUARDRAIL)
        .file(
            "own.expect.toml",
            format!("[[coverage]]\naccount = \"{A}\"\nagreement = \"baa\"\nexpect = \"not-covered\"\n"),
        )
}

const GUARDRAIL: &str = "@id(\"nobody\") @message(\"accepts\")
    forbid(principal is Artifact::User, action == Artifact::Action::\"may-accept-agreement\", resource);";

/// The counts and names of what was unread, by reason.
fn unread(files: &Value) -> Vec<(String, u64, Vec<String>)> {
    let one = |entry: &Value| {
        let names = entry["names"].as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_owned()).collect();
        (entry["reason"].as_str().unwrap().to_owned(), entry["count"].as_u64().unwrap(), names)
    };
    files["unread"].as_array().unwrap().iter().map(one).collect()
}

fn told(reason: &str, names: &[&str]) -> (String, u64, Vec<String>) {
    (reason.to_owned(), names.len() as u64, names.iter().map(|n| (*n).to_owned()).collect())
}

#[test]
fn every_answer_about_an_inventory_counts_what_it_did_not_read() {
    let folder = world().folder();
    let declined = [
        told("excluded", &["old/b.json", "old/c.json", "terraform/lambda.json"]),
        told("hidden", &[".github"]),
        told("other-kind", &["README.md", "table.csv"]),
        told("without-document", &["arn:aws:iam::aws:policy/NoSuchPolicyOfAws"]),
    ];
    let words = "6 declined: 3 excluded, 1 hidden, 2 of another kind; not checked: 1 policy without a document";
    for args in [
        &["evaluate"][..],
        &["coverage"],
        &["who-can", "accept"],
        &["can", "a", "accept"],
        &["test"],
        &["what-if", "--leave", A],
        &["check", "--no-base", "--only", "findings"],
    ] {
        let args = [args, &["."]].concat();
        let args: Vec<&str> = if args[0] == "can" { [&args[..], &["--account", A]].concat() } else { args };
        let text = run_in(folder.path(), &args);
        assert!(text.lines().last().unwrap().contains(words), "{args:?} {text}");
        let document: Value =
            serde_json::from_str(&run_in(folder.path(), &[&args[..], &["--format", "json"]].concat())).unwrap();
        assert_eq!(schema_errors("provenance.v1.schema.json", &document["provenance"]), Vec::<String>::new());
        assert_eq!(unread(&document["provenance"]["inventory"]), declined, "{args:?}");
    }
}

/// Two inventories that are compared each count their own.
#[test]
fn a_comparison_counts_both_sides() {
    let (base, head) = (World::organization().file("notes.txt", "x").folder(), world().folder());
    let args = ["diff", base.path().to_str().unwrap(), ".", "--format", "json"];
    let document: Value = serde_json::from_str(&run_in(head.path(), &args)).unwrap();
    assert_eq!(unread(&document["provenance"]["base"]), [told("other-kind", &["notes.txt"])]);
    assert_eq!(unread(&document["provenance"]["inventory"]).len(), 4);
}

#[test]
fn lint_counts_statements_that_have_placeholders_and_files_that_it_left() {
    let folder = world().folder();
    std::fs::write(folder.path().join(".gitignore"), "old\n").unwrap();
    std::fs::write(folder.path().join("countersign.toml"), "[lint]\nexclude = [\"a.json\"]\n").unwrap();
    let args = ["lint", "--fail-on", "never"];
    let document: Value =
        serde_json::from_str(&run_in(folder.path(), &[&args[..], &["--format", "json"]].concat())).unwrap();
    assert_eq!(schema_errors("findings.v1.schema.json", &document), Vec::<String>::new());
    let expected = [
        told("excluded", &["a.json"]),
        told("hidden", &[".github", ".gitignore"]),
        told("ignored", &["old"]),
        told("other-kind", &["README.md", "own.expect.toml", "table.csv"]),
        told("without-policy", &["entities.json"]),
        told("placeholders", &["terraform/lambda.json: Statement[1]", "terraform/lambda.json: Statement[2]"]),
    ];
    let found = unread(&document["provenance"]["files"]);
    for one in &expected {
        assert!(found.contains(one), "{one:?} {found:?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for format in ["text", "github", "markdown"] {
        let text = run_in(folder.path(), &[&args[..], &["--format", format]].concat());
        assert!(text.contains("not checked: placeholders in 2 statements"), "{format}: {text}");
    }
    // what is known of such a statement is checked all the same
    assert!(document["findings"].as_array().unwrap().iter().any(|f| f["rule"] == "CS122"), "{document}");
}

/// A check reads a file as the inventory or as policies: what either has read was not declined.
#[test]
fn a_check_counts_what_no_part_has_read() {
    let folder = world().folder();
    std::fs::write(folder.path().join("main.tf"), TERRAFORM).unwrap();
    let check = |more: &[&str]| -> Value {
        let args = [&["check", ".", "--no-base", "--fail-on", "never", "--format", "json"][..], more].concat();
        serde_json::from_str::<Value>(&run_in(folder.path(), &args)).unwrap()["provenance"].clone()
    };
    let alone = check(&["--only", "findings"]);
    assert!(unread(&alone["inventory"]).contains(&told("other-kind", &["README.md", "main.tf", "table.csv"])));
    let whole = check(&[]);
    assert_eq!(
        unread(&whole["inventory"])[..3],
        [
            // lint reads what the inventory excludes, where it is a policy
            told("excluded", &["old/b.json", "old/c.json"]),
            told("hidden", &[".github"]),
            told("other-kind", &["README.md", "table.csv"]),
        ]
    );
    assert!(unread(&whole["files"]).iter().any(|(reason, count, _)| reason == "placeholders" && *count == 2));
}

const TERRAFORM: &str = "resource \"aws_iam_policy\" \"p\" {\n  policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Action = \"s3:ListAllMyBuckets\", Resource = \"*\" }] })\n}\n";
