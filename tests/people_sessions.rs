//! Who may begin a session with tags, or with a source identity: both sides have to allow it (IAM User Guide, "Pass session tags in AWS
//! STS", "Monitor and control actions taken with assumed roles"), and without it the request carries none.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use crate::common::*;
use serde_json::{Value, json};

fn role(name: &str, policies: Value, trust: Value) -> Value {
    json!({"uid": format!("Role::\"arn:aws:iam::{A}:role/{name}\""), "attrs": {"policies": policies, "trustPolicy": trust}})
}

fn trust(who: Value, actions: Value, condition: Value) -> Value {
    policy(json!([{"Effect": "Allow", "Principal": {"AWS": who}, "Action": actions, "Condition": condition}]))
}

fn may(actions: Value) -> Value {
    json!([policy(json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]))])
}

fn who_can(world: &World) -> Value {
    let folder = world.folder();
    let text = run_in(folder.path(), &["who-can", "accept", "--scope", "account", "--account", A, "--format", "json"]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert!(
        schema_errors("who-can.v1.schema.json", &answer).is_empty(),
        "{:?}",
        schema_errors("who-can.v1.schema.json", &answer)
    );
    answer
}

/// Who may become a role: each by name, `perhaps` where it is not certain.
fn behind(world: &World, role: &str) -> Vec<String> {
    let answer = who_can(world);
    let all = ["may", "unknown"].into_iter().flat_map(|part| answer[part].as_array().unwrap().clone());
    let of = all.into_iter().find(|p| p["name"] == role).unwrap_or_else(|| panic!("{role}: {answer}"));
    let told =
        |a: &Value| format!("{}{}", if a["certain"] == true { "" } else { "perhaps " }, a["name"].as_str().unwrap());
    of["standsBehind"]["assumers"].as_array().unwrap().iter().map(told).collect()
}

/// Three users: one only assumes roles, one may tag sessions, one may set a source identity. Another is of another account.
fn users() -> World {
    World::organization()
        .account(B, json!({}), &[ORG])
        .user(A, "assume", may(json!("sts:AssumeRole")))
        .user(A, "tag", may(json!(["sts:AssumeRole", "sts:TagSession"])))
        .user(A, "source", may(json!(["sts:AssumeRole", "sts:SetSourceIdentity"])))
        .user(B, "far", may(json!("sts:AssumeRole")))
}

#[test]
fn who_cannot_tag_a_session_asks_with_no_tags() {
    let tags = json!({"StringEquals": {"aws:RequestTag/team": "legal"}});
    let source = json!({"StringEquals": {"sts:SourceIdentity": "ann"}});
    let transitive = json!({"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "team"}});
    let keys = json!({"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}});
    let none = json!({"Null": {"aws:RequestTag/team": "true", "sts:SourceIdentity": "true"}});
    let only = "sts:AssumeRole";
    let with_tags = json!([only, "sts:TagSession"]);
    let with_source = json!([only, "sts:SetSourceIdentity"]);
    let (tag, src) = (&["perhaps tag"][..], &["perhaps source"][..]);
    let all = &["assume", "source", "tag"][..];
    for (actions, condition, expected) in [
        (json!(only), &tags, &[][..]),
        (with_tags.clone(), &tags, tag),
        (json!("sts:*"), &tags, tag),
        (json!(only), &keys, &[]),
        (with_tags.clone(), &keys, tag),
        (json!(only), &transitive, &[]),
        (with_tags.clone(), &transitive, tag),
        (json!(only), &source, &[]),
        (with_source.clone(), &source, src),
        (with_tags.clone(), &source, &[]),
        (with_source, &tags, &[]),
        // what need not be asked for is left out
        (json!(only), &none, all),
        (with_tags, &none, all),
    ] {
        let trusted = trust(json!(A), actions.clone(), condition.clone());
        let world = users().entity(role("legal", json!([FULL]), trusted));
        let mut found = behind(&world, "legal");
        found.sort();
        assert_eq!(found, expected, "{actions} {condition}");
    }
    // who is named needs no policy of its own in the account of the role, and one in another account
    for (named, expected) in [(user(A, "assume"), &["perhaps assume"][..]), (user(B, "far"), &[])] {
        let trusted = trust(json!(named), json!([only, "sts:TagSession"]), tags.clone());
        assert_eq!(behind(&users().entity(role("legal", json!([FULL]), trusted)), "legal"), expected, "{named}");
    }
}

/// A session has a source identity only where the trust policy lets one be set, or passed on.
#[test]
fn a_session_has_a_source_identity_where_the_trust_policy_allows_it() {
    let granted = json!([policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceIdentity": "ann"}}}]))]);
    for (actions, expected) in [
        (json!("sts:AssumeRole"), "deny"),
        (json!(["sts:AssumeRole", "sts:TagSession"]), "deny"),
        (json!(["sts:AssumeRole", "sts:SetSourceIdentity"]), "unknown"),
        (json!("sts:*"), "unknown"),
    ] {
        let trusted = trust(json!(A), actions.clone(), json!({}));
        let answers = users().entity(role("legal", granted.clone(), trusted)).now();
        let arn = format!("arn:aws:iam::{A}:role/legal");
        assert_eq!(answers.decision(&arn, "accept-agreement", "account"), expected, "{actions}");
    }
    let untold = json!({"uid": format!("Role::\"arn:aws:iam::{A}:role/legal\""), "attrs": {"policies": granted}});
    let answers = users().entity(untold).now();
    assert_eq!(answers.decision(&format!("arn:aws:iam::{A}:role/legal"), "accept-agreement", "account"), "unknown");
}

/// A role that nobody may assume is told as that, in every format, and counts as nobody.
#[test]
fn a_role_that_nobody_may_assume_is_nobody() {
    const NOBODY: &str = "nobody in the inventory may assume it";
    let world = users()
        .entity(role("legal", json!([FULL]), trust(json!(A), json!("sts:AssumeRole"), json!({}))))
        .entity(role("nobodys", json!([FULL]), trust(json!(A), json!("sts:TagSession"), json!({}))));
    let folder = world.folder();
    let ask = |format: &str| {
        let args = ["who-can", "accept", "--scope", "account", "--account", A, "--format", format];
        run_in(folder.path(), &args).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = ask("text");
    assert!(text.starts_with("2 can accept the BAA: the role legal and the root user"), "{text}");
    assert!(text.contains("The role nobodys could, but nobody in the inventory may assume it."), "{text}");
    assert_eq!(text.matches(NOBODY).count(), 2, "{text}");
    for format in ["csv", "markdown"] {
        let table = ask(format);
        assert_eq!(table.matches(NOBODY).count(), if format == "csv" { 1 } else { 2 }, "{table}");
    }
    let answer = who_can(&world);
    let nobody = |name: &str| {
        answer["may"].as_array().unwrap().iter().find(|p| p["name"] == name).unwrap()["standsBehind"]["nobody"].clone()
    };
    assert_eq!([nobody("legal"), nobody("nobodys")], [json!(false), json!(true)]);
}

/// One person is counted once, whatever permission sets and accounts they have: first among those who can, then among those of whom it is
/// not known.
#[test]
fn a_person_is_counted_where_most_is_known() {
    let set = |name: &str, policies: Value, who: &str, accounts: Value| {
        let attrs = json!({"name": name, "policies": policies, "assignments": [{"user": who, "accounts": accounts}]});
        json!({"uid": format!("PermissionSet::\"{name}\""), "attrs": attrs})
    };
    let person = |name: &str| json!({"uid": format!("IdentityCenterUser::\"{name}\""), "attrs": {"userName": name}});
    let perhaps = json!([policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]))]);
    let denied =
        json!([FULL, policy(json!([{"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*"}]))]);
    let world = World::organization()
        .account(B, json!({}), &[ORG])
        .entity(person("ann"))
        .entity(person("ben"))
        .entity(person("cat"))
        .entity(set("Legal", json!([FULL]), "ann", json!([A])))
        .entity(set("Perhaps", perhaps.clone(), "ann", json!([A, B])))
        .entity(set("Also", perhaps, "ben", json!([A])))
        .entity(set("Near", denied.clone(), "ben", json!([A])))
        .entity(set("Nearly", denied.clone(), "ann", json!([B])))
        .entity(set("Last", denied, "cat", json!([A, B])));
    let folder = world.folder();
    let text = run_in(folder.path(), &["who-can", "accept", "--scope", "account", "--account", A, "--account", B]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "3 can accept the BAA: ann, the root user of account 222222222222 and the root user of account 333333333333. \
        For 1 it is not known. 1 nearly can: few permissions are missing or denied.";
    assert!(text.starts_with(expected), "{text}");
}
