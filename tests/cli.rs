//! The command as its users run it: exit codes, JSON against its schemas, and every example and page with its output.

use std::path::Path;
use std::process::{Command, Output};

use crate::common::*;
use serde_json::{Value, json};

const BEFORE: &str = "examples/pull-request/before";
const AFTER: &str = "examples/pull-request/after";

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    // the pipeline that these tests may run in is not theirs
    for name in ["GITHUB_ACTIONS", "GITLAB_CI"] {
        command.env_remove(name);
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args).output().unwrap()
}

fn code(args: &[&str]) -> i32 {
    run(args).status.code().unwrap()
}

fn stdout(args: &[&str]) -> String {
    String::from_utf8(run(args).stdout).unwrap()
}

fn stderr(args: &[&str]) -> String {
    String::from_utf8(run(args).stderr).unwrap()
}

#[test]
fn pages_and_examples_print_what_they_say() {
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .case("README.md")
        .case("docs/*.md")
        .case("examples/*/README.md")
        .case("examples/writing-rules/*/README.md");
}

#[test]
fn exit_codes() {
    let clinic = "examples/clinic";
    assert_eq!(code(&["evaluate", clinic]), 0);
    assert_eq!(code(&["can", "admin", "download-agreement", clinic, "--scope", "account"]), 0);
    assert_eq!(code(&["can", "admin", "accept", clinic]), 1, "denied");
    assert_eq!(code(&["can", "counsel", "accept", clinic, "--scope", "account", "--agreement", "andb"]), 1, "unknown");
    assert_eq!(code(&["evaluate", clinic, "--fail-on", "error"]), 0);
    assert_eq!(code(&["evaluate", clinic, "--fail-on", "warning"]), 1);
    assert_eq!(code(&["coverage", "examples/hospital", "--fail-on", "error"]), 1);
    for invalid in [
        &["evaluate", "no/such/folder"][..],
        &["evaluate", clinic, "--at", "soon"],
        &["evaluate", clinic, "--account", "999999999999"],
        &["evaluate", clinic, "--principal", "nobody"],
        &["evaluate", clinic, "--agreement", "bba"],
        &["evaluate", clinic, "--operation", "acept"],
        &["evaluate", clinic, "--context", "novalue"],
        &["evaluate", clinic, "--context", "aws:PrincipalAccount=1"],
        &["can", "counsel", "accept", clinic, "--context", "aws:MultiFactorAuthPresent=yes"],
        &["can", "counsel", "accept", clinic, "--context", "aws:SourceIp=10.0.0.0/8"],
        &["can", "counsel", "accept", clinic, "--context", "aws:MultiFactorAuthPresnt=true"],
        &["evaluate", clinic, "--format", "yaml"],
        &["evaluate", clinic, "--policies", "no/such/folder"],
        &["can", "nobody", "accept", clinic],
        &["can", "admin", "download-agreement", "examples/reseller/none"],
        &["can", "root", "accept", "examples/hospital"],
        &["show", "rule", "R999"],
        &["show", "message", "hello"],
        &["frobnicate"],
    ] {
        assert_eq!(code(invalid), 2, "{invalid:?}");
        assert!(run(invalid).stdout.is_empty() && !run(invalid).stderr.is_empty(), "{invalid:?}");
    }
    let unknown_key = ["evaluate", clinic, "--context", "aws:NewKeyOfAws=x"];
    assert_eq!(code(&unknown_key), 2);
    assert_eq!(code(&[&unknown_key[..], &["--context-unknown-keys"]].concat()), 0);
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    assert_eq!(code(&["evaluate", empty]), 3);
    assert_eq!(code(&["coverage", empty]), 3);
}

#[test]
fn people_are_found_by_name_and_ambiguity_is_an_error() {
    assert!(
        stdout(&["can", "maria", "accept", "examples/hospital", "--explain"])
            .contains("permission set LegalAgreements in 222222222222")
    );
    let jane = stdout(&["can", "jane", "accept", "examples/hospital", "--explain"]);
    assert!(jane.contains("arn:aws:iam::111111111111:user/jane"));
    assert_eq!(code(&["can", "arn:aws:iam::111111111111:user/jane", "view", "examples/hospital"]), 0);
    let ambiguous = stderr(&["can", "root", "accept", "examples/hospital"]);
    assert!(ambiguous.contains("is ambiguous") && ambiguous.contains("--account"), "{ambiguous}");
    assert!(stderr(&["can", "jan", "accept", "examples/hospital"]).contains("did you mean `jane`?"));
}

fn valid(schema: &str, document: &Value) {
    let errors = schema_errors(schema, document);
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn json_is_valid_against_its_schema() {
    for example in ["clinic", "hospital", "consolidated-billing", "not-set-up", "offline-baa", "reseller"] {
        let folder = format!("examples/{example}");
        for (args, schema) in [
            (vec!["evaluate", &folder], "assessment.v2.schema.json"),
            (vec!["evaluate", &folder, "--changes"], "assessment.v2.schema.json"),
            (vec!["coverage", &folder], "coverage.v1.schema.json"),
            (vec!["who-can", "accept", &folder], "who-can.v1.schema.json"),
            (vec!["who-can", "view", &folder], "who-can.v1.schema.json"),
        ] {
            let text = stdout(&[&args[..], &["--format", "json"]].concat());
            let document: Value = serde_json::from_str(&text).unwrap();
            assert!(text.starts_with("{\n  \"schema\": \"countersign/"), "the first key is the schema");
            valid(schema, &document);
        }
    }
    let change = ["diff", "examples/pull-request/before", "examples/pull-request/after", "--format", "json"];
    let text = stdout(&change);
    assert!(text.starts_with("{\n  \"schema\": \"countersign/diff/v1\""));
    valid("diff.v1.schema.json", &serde_json::from_str(&text).unwrap());
    let check = ["check", AFTER, "--base", BEFORE, "--format", "json"];
    valid("check.v1.schema.json", &serde_json::from_str(&stdout(&check)).unwrap());
    let tested = stdout(&["test", "examples/pull-request/after", "--format", "json"]);
    valid("test.v1.schema.json", &serde_json::from_str(&tested).unwrap());
    let any = stdout(&["can", "maria", "accept", "examples/hospital", "--any", "--format", "json"]);
    valid("answers.v1.schema.json", &serde_json::from_str(&any).unwrap());
    let answers = stdout(&["can", "maria", "accept", "examples/hospital", "--format", "json"]);
    valid("answers.v1.schema.json", &serde_json::from_str(&answers).unwrap());
    let earlier = stdout(&["evaluate", "examples/hospital", "--format", "json@v1"]);
    valid("assessment.v1.schema.json", &serde_json::from_str(&earlier).unwrap());
    for version in ["v1", "v2"] {
        let wrong = json!({"schema": format!("countersign/assessment/{version}")});
        let result = std::panic::catch_unwind(|| valid(&format!("assessment.{version}.schema.json"), &wrong));
        assert!(result.is_err(), "the schema refuses what is no assessment");
    }
}

#[test]
fn formats_may_be_repeated_and_go_to_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let target = format!("json={}", file.display());
    let text = stdout(&["coverage", "examples/clinic", "--format", "text", "--format", &target]);
    assert!(text.contains("Covered means"));
    valid("coverage.v1.schema.json", &serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap());
}

#[test]
fn narrowing_leaves_the_rest_out() {
    let args = [
        "evaluate",
        "examples/hospital",
        "--format",
        "json",
        "--account",
        "111111111111",
        "--principal",
        "jane",
        "--operation",
        "accept",
        "--agreement",
        "baa",
    ];
    let document: Value = serde_json::from_str(&stdout(&args)).unwrap();
    assert_eq!(document["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(document["principals"].as_array().unwrap().len(), 1);
    assert_eq!(document["principals"][0]["class"], 0);
    assert_eq!(document["classes"].as_array().unwrap().len(), 1);
    assert_eq!(document["classes"][0].as_array().unwrap().len(), 2);
}

#[test]
fn covered_means_is_said_once() {
    for args in [
        &["evaluate", "examples/hospital"][..],
        &["coverage", "examples/hospital"],
        &["coverage", "examples/hospital", "--account", "222222222222"],
    ] {
        assert_eq!(stdout(args).matches("Covered means").count(), 1, "{args:?}");
        assert!(!stdout(args).to_lowercase().contains("compliant"));
    }
}

#[test]
fn a_message_is_found_whatever_its_apostrophes_and_spaces() {
    for asked in [
        "You don’t have the permissions to accept the agreement",
        "you don't have  the permissions\nto accept the agreement.",
        "You don\u{2019}t have the\u{a0}permissions to accept the agreement",
        "“You don`t have the permissions to accept the agreement”",
        "You dont have the permissions to accept the agreement",
    ] {
        let text = stdout(&["show", "message", asked]);
        assert!(text.contains("(accept-agreement, operations/accept.cedar)"), "{asked}: {text}");
        assert!(!text.contains("terminate-agreement,"), "{asked}: {text}");
    }
    let download = stdout(&["show", "message", "permissions to download the agreement"]);
    assert!(
        download.contains("no download?") && download.contains("pop-ups"),
        "what F T1 says, where no message is shown"
    );
    let setup = stdout(&["show", "message", "Before you can manage agreements for your organization"]);
    assert!(setup.contains("trusted-access,") && setup.contains("service-role,"), "both begin so");
    assert!(setup.contains("crossed"));
}

/// A `forbid` that errors is skipped by Cedar: here it is an error of the run, never an allow.
#[test]
fn a_broken_policy_is_an_error_not_an_allow() {
    let folder = tempfile::tempdir().unwrap();
    let accept = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/operations/accept.cedar");
    std::fs::copy(accept, folder.path().join("accept.cedar")).unwrap();
    let path = folder.path().to_str().unwrap();
    assert_eq!(
        code(&["can", "admin", "download-agreement", "examples/clinic", "--scope", "account", "--policies", path]),
        0
    );
    let broken = |condition: &str| {
        let policy = format!(
            "@id(\"broken\")\n@rule(\"R1\")\n@order(\"1\")\n@reason(\"broken\")\nforbid (principal, action == Artifact::Action::\"download-agreement\", resource is Artifact::Account)\nwhen {{ {condition} }};\n"
        );
        std::fs::write(folder.path().join("broken.cedar"), policy).unwrap();
        let output =
            run(&["can", "admin", "download-agreement", "examples/clinic", "--scope", "account", "--policies", path]);
        assert_eq!(output.status.code(), Some(2), "{condition}");
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    // passes strict validation, and overflows in evaluation
    assert!(broken("9223372036854775807 + 1 > 0").contains("overflow"));
    // does not pass strict validation: the attribute may be missing
    assert!(broken("resource.nda.accepted").contains("nda"));
}

#[test]
fn lowering_prints_valid_cedar() {
    let text = stdout(&["lower", "examples/clinic/iam/accept-with-mfa.json"]);
    assert!(text.contains("@pointer(\"Statement[3]\")") && text.contains("permit ("), "{text}");
    text.parse::<cedar_policy::PolicySet>().unwrap();
    let merged = stdout(&[
        "lower",
        "examples/clinic/iam/accept-with-mfa.json",
        "--boundary",
        "examples/hospital/iam/read-only-boundary.json",
        "--merged",
    ]);
    assert!(merged.contains("@id(\"boundary\")") && merged.contains("unless"), "{merged}");
    merged.parse::<cedar_policy::PolicySet>().unwrap();
    let schema = stdout(&["lower", "examples/clinic/iam/accept-with-mfa.json", "--print-schema"]);
    cedar_policy::Schema::from_json_str(&schema).unwrap();
    assert_eq!(code(&["lower", "examples/clinic/entities.json"]), 2);
}

#[test]
fn a_first_inventory_evaluates_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert_eq!(code(&["init", path]), 0);
    assert_eq!(code(&["evaluate", path]), 0);
    // the BAA is accepted already (D27): of another kind, a permission is what is missing
    let other = stdout(&["can", "legal", "accept", path, "--agreement", "andb", "--explain"]);
    assert!(other.contains("allow artifact:AcceptAgreement on arn:aws:artifact:::agreement/"), "{other}");
    std::fs::write(folder.path().join("entities.json"), "[]").unwrap();
    assert_eq!(code(&["init", path]), 2);
    assert_eq!(std::fs::read_to_string(folder.path().join("entities.json")).unwrap(), "[]");
}

#[test]
fn what_is_shown_is_what_is_built_in() {
    let schema: Value = serde_json::from_str(&stdout(&["show", "schema"])).unwrap();
    assert!(schema["Artifact"]["entityTypes"]["Account"].is_object());
    assert!(stdout(&["show", "policies"]).contains("@id(\"organization-agreement-covers-members\")"));
    let rule = stdout(&["show", "rule", "r48"]);
    assert!(rule.contains("organization-agreement-supersedes-account-agreement"), "{rule}");
    let schema_file = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/artifact.cedarschema.json");
    assert_eq!(code(&["evaluate", "examples/clinic", "--schema", schema_file]), 0);
}

#[test]
fn errors_name_the_file_the_line_and_what_to_do() {
    let world = World::new().account(A, json!({"nam": "x"}), &[]);
    let folder = world.folder();
    let output = run(&["evaluate", folder.path().to_str().unwrap()]);
    let text = String::from_utf8(output.stderr).unwrap();
    for part in ["an Account has no `nam`", "entities.json:5:7", "did you mean `name`?", "───"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours outside a terminal");
}

#[test]
fn warnings_go_to_stderr_and_do_not_stop_the_run() {
    let document =
        json!({"Version": "2012-10-17", "Id": "x", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let folder = World::new().account(A, json!({}), &[]).user(A, "a", json!([document])).folder();
    let output = run(&["evaluate", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("`Id` has no effect"), "{text}");
}

#[test]
fn new_access_has_exit_codes_and_a_schema() {
    let policy = |name: &str| format!("docs/diff-sample/{name}.json");
    let (before, after, reordered) = (policy("before"), policy("after"), policy("reordered"));
    assert_eq!(code(&["diff", "--policy", &before, &reordered]), 0);
    assert_eq!(code(&["diff", "--policy", &before, &after]), 1);
    assert_eq!(code(&["diff", "--policy", &before]), 2);
    assert_eq!(code(&["diff", "--policy", &before, "no/such/file.json"]), 2);
    assert_eq!(code(&["diff", "--policy", "Cargo.toml", &before]), 2);
    let nothing = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(nothing.path(), r#"{"Version": "2012-10-17", "Statement": []}"#).unwrap();
    let nothing = nothing.path().to_str().unwrap();
    assert_eq!(code(&["diff", "--policy", nothing, nothing]), 3);
    for (new, decision) in [(&after, "new"), (&reordered, "none")] {
        let answer: Value =
            serde_json::from_str(&stdout(&["diff", "--policy", &before, new, "--format", "json"])).unwrap();
        valid("new-access.v1.schema.json", &answer);
        assert_eq!(answer["decision"], decision);
    }
}

#[test]
fn expectations_have_exit_codes_and_are_recorded_once() {
    let before = "examples/pull-request/before";
    assert_eq!(code(&["test", before]), 0);
    assert_eq!(code(&["test", "examples/pull-request/after"]), 1);
    assert_eq!(code(&["test", before, "--filter", "developers"]), 0);
    assert_eq!(code(&["test", before, "--filter", "no such name"]), 3, "an empty suite never passes");
    assert_eq!(code(&["test", "examples/clinic"]), 3, "there are no expectations");
    let junit = stdout(&["test", "examples/pull-request/after", "--format", "junit"]);
    assert!(junit.contains("failures=\"4\"") && junit.contains("every account that holds PHI has a BAA"), "{junit}");
    let folder = World::organization().folder();
    let path = folder.path().to_str().unwrap();
    assert_eq!(code(&["test", path, "--record"]), 0);
    assert_eq!(code(&["test", path]), 0);
    let again = stderr(&["test", path, "--record"]);
    assert!(again.contains("already exists"), "{again}");
    assert_eq!(code(&["test", path, "--record", "x.toml"]), 2);
    std::fs::write(folder.path().join("bad.expect.toml"), "[[only]]\n").unwrap();
    assert_eq!(code(&["test", path]), 2);
}

#[test]
fn a_check_is_one_report_with_one_exit_code() {
    assert_eq!(code(&["check", BEFORE]), 0);
    assert_eq!(code(&["check", AFTER, "--base", BEFORE]), 1);
    // each part fails by itself
    for (part, expected) in [("diff", 1), ("expectations", 1), ("guardrails", 1), ("findings", 0), ("lint", 0)] {
        assert_eq!(code(&["check", AFTER, "--base", BEFORE, "--only", part]), expected, "{part}");
    }
    assert_eq!(code(&["check", BEFORE, "--only", "lint", "--fail-on", "warning"]), 1);
    assert_eq!(code(&["check", BEFORE, "--only", "diff"]), 3, "nothing to compare with is nothing to check");
    assert_eq!(code(&["check", "examples/clinic", "--only", "guardrails"]), 3);
    assert_eq!(code(&["check", "examples/hospital"]), 1, "an error among the findings");
    assert_eq!(code(&["check", "examples/hospital", "--fail-on", "never"]), 0);
    assert_eq!(code(&["check", "examples/hospital", "--git", "no-such-revision"]), 2);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(code(&["check", empty.path().to_str().unwrap()]), 3);
    // policies without an inventory are linted
    std::fs::write(empty.path().join("p.json"), allows(&["s3:*"]).to_string()).unwrap();
    assert_eq!(code(&["check", empty.path().to_str().unwrap()]), 0);
}

/// What every format tells is the same.
#[test]
fn a_check_in_every_format() {
    let as_format = |format: &str| stdout(&["check", AFTER, "--base", BEFORE, "--format", format]);
    let sarif: Value = serde_json::from_str(&as_format("sarif")).unwrap();
    let schema = std::fs::read_to_string("tests/data/sarif-2.1.0.schema.json").unwrap().replace("{2}]?$", "{2}$");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&sarif).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    for rule in ["coverage-change", "access-change", "new-access", "expectation", "developers-bind-nobody", "CS003"] {
        assert!(results.iter().any(|r| r["ruleId"] == rule), "{rule}");
    }
    let uri = |r: &Value| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned();
    assert!(results.iter().all(|r| Path::new(&uri(r)).is_file()), "places are files, from where the command runs");
    let github = as_format("github");
    let errors = results.iter().filter(|r| r["level"] == "error").count();
    assert_eq!(github.lines().filter(|l| l.starts_with("::error ")).count(), errors);
    assert!(github.contains("file=examples/pull-request/after/organization.json,line=16"), "{github}");
    let junit = as_format("junit");
    assert!(junit.contains("developers-bind-nobody") && junit.contains("coverage is lost, access widens"), "{junit}");
    let markdown = as_format("markdown");
    let (decisions, details) = markdown.split_once("<details>").unwrap();
    assert!(decisions.contains("Coverage lost") && decisions.contains("333344445555"));
    assert!(decisions.lines().count() < 30 && details.contains("</details>"));
}

/// The base of a pull request is found from the environment; a shallow clone is a clear error.
#[test]
fn a_check_in_a_pipeline() {
    let run_in = |folder: &Path, variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        for name in ["GITHUB_ACTIONS", "GITLAB_CI", "GITHUB_BASE_REF"] {
            command.env_remove(name);
        }
        command.current_dir(folder).env("NO_COLOR", "1").envs(variables.iter().copied()).arg("check").output().unwrap()
    };
    let git = |folder: &Path, args: &[&str]| {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"];
        let output = Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?} {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let origin = World::organization().user(A, "a", json!([])).folder();
    git(origin.path(), &["init", "--quiet"]);
    git(origin.path(), &["add", "."]);
    git(origin.path(), &["commit", "--quiet", "-m", "base"]);
    let base = git(origin.path(), &["rev-parse", "HEAD"]);
    git(origin.path(), &["checkout", "--quiet", "-b", "topic"]);
    let wider = World::organization().user(A, "a", json!([ADMIN])).folder();
    std::fs::copy(wider.path().join("entities.json"), origin.path().join("entities.json")).unwrap();
    git(origin.path(), &["commit", "--quiet", "-am", "wider"]);
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", origin.path().display());
    git(clone.path(), &["clone", "--quiet", "--branch", "topic", &from, "whole"]);
    git(clone.path(), &["clone", "--quiet", "--branch", "topic", "--depth", "1", &from, "shallow"]);
    let (whole, shallow) = (clone.path().join("whole"), clone.path().join("shallow"));
    let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_BASE_REF", "main")];
    let gitlab = [("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.as_str())];
    for variables in [&github[..], &gitlab] {
        let found = run_in(&whole, variables);
        let text = String::from_utf8(found.stdout).unwrap();
        assert!(found.status.code() == Some(1) && text.contains("access widens"), "{text}");
        let found = run_in(&shallow, variables);
        let text = String::from_utf8(found.stderr).unwrap();
        assert!(found.status.code() == Some(2) && text.contains("this clone is shallow"), "{text}");
    }
    let alone = run_in(&whole, &[]);
    assert!(String::from_utf8(alone.stdout).unwrap().contains("no base to compare with"));
}

#[cfg(not(feature = "cvc5"))]
#[test]
fn a_solver_that_is_not_built_in_is_a_clear_error() {
    let args = ["diff", "--policy", "docs/diff-sample/before.json", "docs/diff-sample/after.json", "--solver", "cvc5"];
    assert_eq!(code(&args), 2);
    assert!(stderr(&args).contains("--features cvc5"));
}
