//! AWS's managed policies and the catalogue: every policy can be used everywhere, what an inventory holds prevails, and `show`.

use std::process::{Command, Output};

use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};
use countersign_core::aws::managed;
use countersign_core::iam::document;
use countersign_core::permissions::context::Reads;
use countersign_core::permissions::lower;
use countersign_core::problem::SourceFile;
use countersign_core::text::json;
use serde_json::{Value, json};

use crate::common::{output_of, schema_validator};

fn run(folder: &std::path::Path, args: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder).env("NO_COLOR", "1").args(args);
    output_of(&mut command, stdin.as_bytes())
}

fn here(args: &[&str]) -> Output {
    run(std::path::Path::new(env!("CARGO_MANIFEST_DIR")), args, "")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every policy is read without a problem, and its lowered form is valid by the strict rules of Cedar.
#[test]
fn every_managed_policy_is_lowered_and_strictly_valid() {
    let validate = |name: &str, body: &str| {
        let source = SourceFile::new(name, body);
        let mut problems = Vec::new();
        let document = document::read(&source, &json::parse(&source).unwrap(), &mut problems);
        assert!(problems.iter().all(|p| !p.is_error()), "{name}: {problems:?}");
        assert!(!document.statements.is_empty(), "{name}");
        let mut reads = Reads::default();
        let mut cedar = String::new();
        for statement in &document.statements {
            let lowered = lower::statement(statement);
            reads.extend(&lowered.reads);
            cedar.push_str(&lowered.text);
            cedar.push('\n');
        }
        let set: PolicySet = cedar.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
        let validator = Validator::new(Schema::from_json_value(reads.schema()).unwrap());
        let result = validator.validate(&set, ValidationMode::Strict);
        assert_eq!(
            result.validation_errors().map(ToString::to_string).collect::<Vec<_>>(),
            Vec::<String>::new(),
            "{name}"
        );
    };
    // Cedar's parser recurses
    let all = move || managed::all().for_each(|p| validate(p.name(), p.document()));
    std::thread::Builder::new().stack_size(256 << 20).spawn(all).unwrap().join().unwrap();
}

/// Each policy has an answer that no missing document keeps unknown.
#[test]
fn every_managed_policy_is_simulated() {
    let request = |p: managed::ManagedPolicy| json!({"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "contextIsComplete": true, "identity": [p.arn()]});
    let requests: Vec<String> = managed::all().map(|p| request(p).to_string()).collect();
    let output = run(std::path::Path::new("."), &["simulate", "--format", "jsonl"], &requests.join("\n"));
    let answers = text(&output.stdout);
    assert_eq!(answers.lines().count(), requests.len(), "{}", text(&output.stderr));
    let decision = |line: &str| serde_json::from_str::<Value>(line).unwrap()["decision"].as_str().unwrap().to_owned();
    let by_name: Vec<(&str, String)> = managed::all().map(|p| p.name()).zip(answers.lines().map(decision)).collect();
    assert!(by_name.iter().all(|(_, d)| d != "unknown"), "{by_name:?}");
    let of = |name: &str| by_name.iter().find(|(n, _)| *n == name).unwrap().1.as_str();
    assert_eq!(of("AmazonS3ReadOnlyAccess"), "allowed");
    assert_eq!(of("AdministratorAccess"), "allowed");
    assert_eq!(of("IAMReadOnlyAccess"), "implicitDeny");
}

const ENTITIES: &str = r#"[{"uid": "Account::\"111122223333\""},
  {"uid": "User::\"arn:aws:iam::111122223333:user/a\"", "attrs": {"policies": ["arn:aws:iam::aws:policy/NAME"]}}]"#;

fn inventory(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("entities.json"), ENTITIES.replace("NAME", name)).unwrap();
    folder
}

fn accepts(folder: &tempfile::TempDir) -> (String, String) {
    let args =
        ["can", "arn:aws:iam::111122223333:user/a", "accept-agreement", "--agreement", "baa", "--format", "json"];
    let output = run(folder.path(), &args, "");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    (answer.to_string(), text(&output.stderr))
}

/// Every policy of AWS's is known to an inventory, the largest too, which are longer than a customer's could be.
#[test]
fn every_managed_policy_stands_in_an_inventory() {
    let arns: Vec<String> = managed::all().map(|p| p.arn()).collect();
    let users = arns.iter().enumerate().map(|(at, arn)| {
        json!({"uid": format!("User::\"arn:aws:iam::111122223333:user/u{at}\""), "attrs": {"policies": [arn]}})
    });
    let entities: Vec<Value> = std::iter::once(json!({"uid": "Account::\"111122223333\""})).chain(users).collect();
    let files = countersign_core::source::Memory::new("x").with("entities.json", json!(entities).to_string());
    let inventory = countersign_core::inventory::Inventory::load(&files, crate::common::SCHEMA.clone());
    let inventory = inventory.unwrap_or_else(|f| panic!("{}", crate::common::words(&f)));
    let longest = arns.iter().map(|arn| inventory.policies[arn].content.len()).max().unwrap();
    assert!(inventory.warnings.is_empty() && longest > 65_536, "{longest} {:?}", inventory.warnings);
}

/// `ReadOnlyAccess` is known whole; an unknown name is told with the one that was meant, and stays unknown.
#[test]
fn an_unknown_managed_policy_is_told_with_the_near_one() {
    let (answer, told) = accepts(&inventory("SecurtyAudit"));
    assert!(answer.contains("SecurtyAudit") && answer.contains("\"unknown\""), "{answer}");
    assert!(told.contains("AWS has no managed policy SecurtyAudit"), "{told}");
    assert!(told.contains("did you mean arn:aws:iam::aws:policy/SecurityAudit?"), "{told}");
    let (answer, told) = accepts(&inventory("SecurityAudit"));
    assert!(!answer.contains("\"unknown\"") && told.is_empty(), "{answer} {told}");
}

/// Newer policies of `[aws]` prevail over those built in, and a document of the inventory's own over both.
#[test]
fn what_an_inventory_holds_prevails() {
    let folder = inventory("SecurityAudit");
    let allow = |action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
    std::fs::create_dir(folder.path().join("newer")).unwrap();
    let answer = json!({"PolicyVersion": {"Document": allow("artifact:*"), "VersionId": "v99"}});
    std::fs::write(folder.path().join("newer/SecurityAudit.json"), answer.to_string()).unwrap();
    std::fs::write(folder.path().join("countersign.toml"), "[aws]\nmanagedPolicies = \"newer\"\nasOf = 2026-11-20\n")
        .unwrap();
    let (answer, told) = accepts(&folder);
    assert!(answer.contains("\"decision\":\"allow\""), "{answer} {told}");
    let own = json!([{"uid": "IamPolicy::\"arn:aws:iam::aws:policy/SecurityAudit\"", "attrs": {"document": allow("s3:*").to_string()}}]);
    std::fs::write(folder.path().join("own.json"), own.to_string()).unwrap();
    assert!(accepts(&folder).0.contains("\"decision\":\"deny\""));
}

#[test]
fn the_date_of_managed_policies_is_told_where_they_decide() {
    let told = |name: &str| {
        let folder = inventory(name);
        text(&run(folder.path(), &["evaluate"], "").stdout)
    };
    let line = format!("AWS managed policies of {}", managed::date());
    assert!(told("SecurityAudit").contains(&line));
    assert!(!told("SecurtyAudit").contains(&line), "no document of theirs has a part in it");
}

#[test]
fn the_catalogue_is_shown() {
    let validator = schema_validator("aws.v1.schema.json");
    for (args, says) in [
        (vec!["action", "S3:getobject"], vec!["s3:GetObject", "Read", "object", "arn:${Partition}:s3:::"]),
        (vec!["action", "deeplens:GetModel"], vec!["ended"]),
        (vec!["action", "artifact:Get"], vec!["deprecated", "2025-03-03"]),
        (vec!["key", "aws:sourcevpce"], vec!["aws:SourceVpce", "String", "one"]),
        (vec!["key", "aws:CalledVia"], vec!["a list"]),
        (vec!["resource", "s3", "object"], vec!["s3 object", "s3:GetObject"]),
        (
            vec!["managed-policy", "ReadOnlyAccess"],
            vec!["arn:aws:iam::aws:policy/ReadOnlyAccess", "v190", "\"artifact:GetReport\""],
        ),
    ] {
        let mut all = vec!["show"];
        all.extend(args);
        let plain = here(&all);
        let shown = text(&plain.stdout);
        assert!(
            plain.status.success() && says.iter().all(|s| shown.contains(s)),
            "{all:?}: {shown}{}",
            text(&plain.stderr)
        );
        all.extend(["--format", "json"]);
        let json: Value = serde_json::from_slice(&here(&all).stdout).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{all:?} {wrong:?}\n{json}");
    }
    for (args, near) in [
        (vec!["action", "s3:GetObjct"], "did you mean `s3:GetObject`?"),
        (vec!["action", "s33:GetObject"], "did you mean `s3`?"),
        (vec!["key", "aws:SorceVpce"], "did you mean `aws:SourceVpce`?"),
        (vec!["resource", "s3", "objct"], "did you mean `object`?"),
        (vec!["managed-policy", "ReadOnlyAcess"], "did you mean `ReadOnlyAccess`?"),
    ] {
        let mut all = vec!["show"];
        all.extend(args);
        let output = here(&all);
        assert_eq!(output.status.code(), Some(2), "{all:?}");
        assert!(text(&output.stderr).contains(near), "{all:?}: {}", text(&output.stderr));
    }
}
