//! `can` tells beside its answer which roles the principal may become, and what each of them is answered.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::process::Command;

use crate::common::*;
use serde_json::{Value, json};

/// A command about a world, at the moment of all of these tests.
fn asked(world: &World, args: &[&str]) -> std::process::Output {
    let folder = world.folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GITLAB_CI").env("NO_COLOR", "1").env("COLUMNS", "200");
    command.args(args).args(["--at", "2026-11-01"]).arg(folder.path()).output().unwrap()
}

/// `can WHO accept` for the BAA of account A: the exit code, the text and the JSON.
pub fn can(world: &World, who: &str) -> (i32, String, Value) {
    let folder = world.folder();
    let run = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.env_remove("GITHUB_ACTIONS").env_remove("GITLAB_CI").env("NO_COLOR", "1").env("COLUMNS", "200");
        command.args([
            "can",
            who,
            "accept",
            "--scope",
            "account",
            "--account",
            A,
            "--at",
            "2026-11-01",
            "--format",
            format,
        ]);
        command.arg(folder.path()).output().unwrap()
    };
    let (text, json) = (run("text"), run("json"));
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(schema_errors("answers.v1.schema.json", &json), Vec::<String>::new());
    (text.status.code().unwrap(), String::from_utf8(text.stdout).unwrap(), json)
}

#[test]
fn the_roles_that_somebody_may_become_are_told() {
    let trust = |condition: Value| {
        policy(
            json!([{"Effect": "Allow", "Principal": {"AWS": user(A, "dev")}, "Action": "sts:AssumeRole", "Condition": condition}]),
        )
    };
    let role = |name: &str, policies: Value, condition: Value| {
        let arn = format!("arn:aws:iam::{A}:role/{name}");
        json!({"uid": arn, "attrs": {"policies": policies, "trustPolicy": trust(condition)}})
    };
    let world = World::organization()
        .user(A, "dev", json!([]))
        .user(A, "other", json!([]))
        .entity(role("legal", json!([FULL]), json!({})))
        .entity(role("reader", json!([]), json!({})))
        .entity(role("careful", json!([FULL]), json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})));
    let (code, text, json) = can(&world, "dev");
    assert_eq!(code, 1, "the answer is about the user itself: {text}");
    let roles = json["asRoles"].as_array().unwrap();
    let told: Vec<(&str, bool, &str)> = roles
        .iter()
        .map(|r| {
            let decision = r["answer"]["operations"][0]["decision"].as_str().unwrap();
            (r["answer"]["name"].as_str().unwrap(), r["certain"].as_bool().unwrap(), decision)
        })
        .collect();
    assert_eq!(told, [("careful", false, "allow"), ("legal", true, "allow"), ("reader", true, "deny")], "{json}");
    assert_eq!(roles[0]["dependsOn"], json!(["aws:MultiFactorAuthPresent"]));
    assert!(
        text.contains("as role legal of 222222222222, by assuming legal: allow accept-agreement (account: baa)"),
        "{text}"
    );
    assert!(text.contains("by assuming careful, perhaps (depends on aws:MultiFactorAuthPresent): allow"), "{text}");
    assert!(!text.contains("roles that the principal may assume"), "{text}");
    assert!(text.starts_with("Yes, by assuming the role legal of account"), "who reads the beginning alone: {text}");
    // nobody else may
    let (_, text, json) = can(&world, "other");
    assert_eq!(json["asRoles"], json!([]));
    assert!(!text.contains("By assuming roles") && text.starts_with("No"), "{text}");
    // of a role it is not told, and said to be left out
    let (_, text, _) = can(&world, "reader");
    assert!(text.contains("Left out: roles that the principal may assume"), "{text}");
}

/// Whoever acts in another account may act in the one that is asked about by a role alone.
#[test]
fn somebody_of_another_account_is_told_the_roles_here() {
    let world = |assumes: &str| {
        let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": B}, "Action": "sts:AssumeRole"}]));
        let assume = json!([policy(json!([{"Effect": "Allow", "Action": assumes, "Resource": "*"}]))]);
        let set = json!({"policies": assume, "assignments": [{"user": "u-dara", "accounts": [B]}]});
        World::new()
            .account(A, json!({}), &[])
            .account(B, json!({}), &[])
            .entity(json!({"uid": format!("arn:aws:iam::{A}:role/legal"),
                "attrs": {"policies": [FULL], "trustPolicy": trust}}))
            .entity(json!({"uid": "IdentityCenterUser::\"u-dara\"", "attrs": {"userName": "dara"}}))
            .entity(json!({"uid": "PermissionSet::\"Dev\"", "attrs": set}))
            .user(B, "jo", assume)
    };
    for who in ["jo", "dara"] {
        let (code, text, json) = can(&world("sts:AssumeRole"), who);
        assert!(text.starts_with("Yes, by assuming the role legal of account 222222222222."), "{text}");
        assert_eq!((code, json["asRoles"].as_array().unwrap().len(), &json["answers"]), (1, 1, &json!([])), "{text}");
        let folder = world("s3:GetObject").folder();
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(["can", who, "accept", "--scope", "account", "--account", A]).arg(folder.path());
        assert_eq!(command.output().unwrap().status.code(), Some(2), "{who} does nothing there");
    }
}

/// What is unknown is told as unknown in every format. A role that is perhaps become is perhaps allowed.
#[test]
fn a_role_that_is_perhaps_become_is_perhaps_allowed_in_tables() {
    let trust = |condition: Value| {
        policy(
            json!([{"Effect": "Allow", "Principal": {"AWS": user(A, "dev")}, "Action": "sts:AssumeRole", "Condition": condition}]),
        )
    };
    let role = |name: &str, condition: Value| {
        let arn = format!("arn:aws:iam::{A}:role/{name}");
        json!({"uid": arn, "attrs": {"policies": [FULL], "trustPolicy": trust(condition)}})
    };
    let world = World::organization()
        .user(A, "dev", json!([]))
        .entity(role("legal", json!({})))
        .entity(role("careful", json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})));
    let ask = |format: &str| {
        let args = ["can", "dev", "accept", "--scope", "account", "--account", A, "--format", format];
        String::from_utf8(asked(&world, &args).stdout).unwrap()
    };
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(std::io::Cursor::new(ask("csv")));
    let header = reader.headers().unwrap().clone();
    let cell = |row: &csv::StringRecord, name: &str| row[header.iter().position(|h| h == name).unwrap()].to_owned();
    let rows: Vec<[String; 4]> = reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            ["answer", "who", "depends on", "stands behind"].map(|name| cell(&row, name))
        })
        .collect();
    let of = |name: &str| rows.iter().find(|row| row[1].contains(name)).unwrap_or_else(|| panic!("{rows:?}"));
    assert_eq!(of("legal")[0], "yes");
    assert_eq!(of("legal")[3], "dev, by assuming legal");
    let careful = of("careful");
    assert_eq!(careful[0], "unknown", "{careful:?}");
    assert!(careful[2].contains("aws:MultiFactorAuthPresent"), "{careful:?}");
    assert!(careful[3].contains("dev, by assuming careful") && careful[3].contains("perhaps"), "{careful:?}");
    let table = ask("markdown");
    let row = table.lines().find(|line| line.contains("| the role careful")).unwrap_or_else(|| panic!("{table}"));
    assert!(row.starts_with("| unknown |"), "{row}");
}

/// D16: what an answer is said to depend on can be settled, or nobody is told to settle it.
#[test]
fn a_key_that_is_said_to_settle_an_answer_can_be_given() {
    let only = |operator: &str, key: &str, value: &str| {
        let condition = json!({operator: {key: value}});
        policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*", "Condition": condition}]))
    };
    let world = World::organization().user(A, "dev", json!([only("StringLike", "aws:userid", "AIDAEX*")]));
    let ask = |more: &[&str]| {
        let args = [&["can", "dev", "accept", "--scope", "account", "--account", A][..], more].concat();
        let asked = asked(&world, &args);
        let [out, wrong] = [asked.stdout, asked.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (asked.status.code().unwrap(), out, wrong)
    };
    assert!(ask(&[]).1.contains("aws:userid"));
    assert_eq!(
        ask(&["--context", "aws:userid=AIDAEXAMPLE"]).0,
        0,
        "{:?}",
        ask(&["--context", "aws:userid=AIDAEXAMPLE"])
    );
    assert_eq!(ask(&["--context", "aws:userid=AIDAOTHER"]).0, 1);
    // no request has it
    let wrong = ask(&["--context", "aws:userid=x"]);
    assert!(wrong.0 == 2 && wrong.2.contains("`x` is no aws:userid"), "{wrong:?}");
    // a root user's is its account, whatever is said of others
    let evaluated = asked(&world, &["evaluate", "--context", "aws:userid=AIDAEXAMPLE"]);
    assert_eq!(evaluated.status.code(), Some(0), "{evaluated:?}");
    // the inventory says where an account stands: nobody is told to say it
    let world = World::organization().user(
        A,
        "dev",
        json!([only("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-*/r-ab12/*")]),
    );
    let text = String::from_utf8(asked(&world, &["evaluate"]).stdout).unwrap();
    assert!(text.contains("aws:PrincipalOrgPaths") && !text.contains("--context aws:PrincipalOrgPaths"), "{text}");
}
