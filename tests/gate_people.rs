//! Whom the promises of a gate are about: people whom the base did not list, and people who are called otherwise with the change.

use crate::common::*;
use crate::gate::{Checked, Repository, entities};
use serde_json::{Value, json};

const FORBID: &str = "forbid(principal, action == Artifact::Action::\"may-accept-agreement\", resource)";

fn kinds(checked: &Checked) -> Vec<&str> {
    checked.weakened()
}

/// An organization whose root users may not accept, and what account A is under.
fn organization(attrs: Value, denies: bool) -> World {
    let deny = |actions: Value, condition: Option<Value>| {
        let mut statement = json!({"Effect": "Deny", "Action": actions, "Resource": "*"});
        statement.as_object_mut().unwrap().extend(condition.map(|c| ("Condition".to_owned(), c)));
        statement
    };
    let roots = deny(json!("artifact:*"), Some(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}})));
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let mut statements = vec![all];
    if denies {
        statements.push(deny(json!("artifact:*"), None));
    }
    let mut world = World::organization()
        .file("scp.json", policy(json!(statements)).to_string())
        .file("guardrails/own.cedar", format!("@id(\"nobody\") @message(\"accepts\")\n{FORBID} when {{ resource == Artifact::Account::\"{A}\" }};"))
        .file(
            "own.expect.toml",
            format!("[[only]]\nprincipal = [\"arn:aws:iam::*:root\"]\noperation = \"accept-agreement\"\nscope = \"account\"\nagreement = \"baa\"\naccount = \"{A}\"\n"),
        )
        .file("countersign.toml", "asOf = \"2026-11-15\"\n");
    let of_organization = world.entities.iter_mut().find(|e| e["uid"] == ORG).unwrap();
    of_organization["attrs"]["serviceControlPolicies"] = json!(["p-FullAWSAccess", policy(json!([roots]))]);
    let own = world.entities.iter_mut().find(|e| e["uid"] == A).unwrap();
    own["attrs"]["serviceControlPolicies"] = json!(["scp.json"]);
    own["attrs"].as_object_mut().unwrap().extend(attrs.as_object().unwrap().clone());
    world
}

/// Who was not listed where the change began was there, whatever the change says: what it leaves them is not known to be theirs.
#[test]
fn people_whom_the_base_did_not_list_are_there_still() {
    for attr in ["principalsKnown", "assignmentsKnown"] {
        let repository = Repository::new(&organization(json!({attr: false}), true));
        let before = repository.check(&[]);
        assert_eq!(
            (before.part("guardrails"), before.part("expectations")),
            ("passed", "passed"),
            "{}",
            before.document
        );
        let write = |world: &World| {
            repository.write("entities.json", &entities(world)).write("scp.json", &world.files["scp.json"])
        };
        // everybody is listed now, and more is left to them
        write(&organization(json!({}), false));
        let checked = repository.check(&[]);
        assert_eq!(checked.code, 1, "{attr}");
        for part in ["diff", "expectations", "guardrails"] {
            assert_eq!(checked.part(part), "failed", "{attr} {part}");
        }
        let others = checked.document["diff"]["perhapsOthers"].as_array().unwrap();
        assert!(others.iter().any(|o| o["account"] == A), "{others:?}");
        for only in ["expectations", "guardrails", "diff"] {
            assert_eq!(repository.check(&["--only", only]).code, 1, "{attr} {only}");
        }
        // everybody is listed now, and no more is left to anyone
        write(&organization(json!({}), true));
        let checked = repository.check(&[]);
        assert_eq!(
            (checked.part("diff"), checked.part("guardrails"), checked.part("expectations")),
            ("passed", "passed", "passed"),
            "{attr}"
        );
    }
}

/// A promise that was open for people who were not listed is kept once they are, and nobody gained anything.
#[test]
fn a_change_that_does_nothing_but_collect_passes() {
    let repository = Repository::new(&organization(json!({"principalsKnown": false}), false));
    assert_eq!(repository.check(&["--only", "guardrails"]).code, 1);
    repository.write("entities.json", &entities(&organization(json!({}), false)));
    let checked = repository.check(&[]);
    for part in ["diff", "expectations", "guardrails"] {
        assert_eq!(checked.part(part), "passed", "{part} {}", checked.document);
    }
}

/// Accounts and members that were not listed.
#[test]
fn accounts_and_members_that_were_not_listed_are_there_still() {
    let of_organization = |known: bool, denies: bool| {
        let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:*", "Resource": "*"}]));
        let policies = if denies { json!(["p-FullAWSAccess", deny]) } else { json!(["p-FullAWSAccess"]) };
        let mut world = World::new();
        let mut attrs = json!({"managementAccount": M, "featureSet": "ALL", "trustedAccess": true, "serviceRole": true, "serviceControlPolicies": policies});
        if !known {
            attrs["accountsKnown"] = json!(false);
        }
        world = world.entity(json!({"uid": ORG, "attrs": attrs})).account(M, json!({}), &[ORG]);
        world.file("countersign.toml", "asOf = \"2026-11-15\"\n")
    };
    let of_group = |known: bool, accepts: bool| {
        let mut group = json!({"displayName": "legal"});
        if !known {
            group["membersKnown"] = json!(false);
        }
        let actions: &[&str] = if accepts { &["artifact:*"] } else { &["artifact:ListReports"] };
        World::organization()
            .entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": group}))
            .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": [allows(actions)], "assignments": [{"group": "g", "accounts": [A]}]}}))
            .file("countersign.toml", "asOf = \"2026-11-15\"\n")
    };
    type Of<'f> = &'f dyn Fn(bool, bool) -> World;
    let of_accounts = |known, open: bool| of_organization(known, !open);
    for (what, world) in [("accounts", &of_accounts as Of<'_>), ("members", &of_group)] {
        let repository = Repository::new(&world(false, false));
        repository.write("entities.json", &entities(&world(true, true)));
        let checked = repository.check(&["--only", "diff"]);
        let others = checked.document["diff"]["perhapsOthers"].as_array().unwrap();
        assert!(checked.code == 1 && !others.is_empty(), "{what} {}", checked.document["diff"]);
        repository.write("entities.json", &entities(&world(true, false)));
        assert_eq!(repository.check(&["--only", "diff"]).code, 0, "{what}");
    }
}

/// People of two groups; `developers` is what the first is called, and who is in the second.
fn team(first: &str, second: &[&str], may: &[&str]) -> World {
    let group =
        |id: &str, name: &str| json!({"uid": format!("IdentityCenterGroup::\"{id}\""), "attrs": {"displayName": name}});
    let person = |name: &str| {
        let parent = if second.contains(&name) { "h" } else { "g" };
        json!({"uid": format!("IdentityCenterUser::\"{name}\""), "attrs": {"userName": name}, "parents": [format!("IdentityCenterGroup::\"{parent}\"")]})
    };
    let set = |name: &str, group: &str, policy: &str| json!({"uid": format!("PermissionSet::\"{name}\""), "attrs": {"policies": [policy], "assignments": [{"group": group, "accounts": [A]}]}});
    let other = if first == "developers" { "legal" } else { "developers" };
    World::organization()
        .file("own.json", allows(may).to_string())
        .file("nothing.json", allows(&["artifact:ListReports"]).to_string())
        .entity(group("g", first))
        .entity(group("h", other))
        .entity(person("dmitri"))
        .entity(person("lena"))
        .entity(set("Developers", "g", "own.json"))
        .entity(set("Others", "h", "nothing.json"))
        .file(
            "guardrails/developers.cedar",
            format!("@id(\"developers\") @message(\"accepts\")\n{FORBID} when {{ context.groups.contains(\"developers\") }};"),
        )
        .file("countersign.toml", "asOf = \"2026-11-15\"\n")
}

#[test]
fn a_guardrail_that_is_about_others_is_told_where_those_it_was_about_may_do_it() {
    let strict = ["artifact:ListReports"];
    let open = ["artifact:*"];
    let repository = Repository::new(&team("developers", &["lena"], &strict));
    assert_eq!(repository.check(&["--only", "guardrails"]).code, 0);
    // another group has the name, with somebody harmless in it, and those who had it may accept
    let decoy = team("devs", &["lena"], &open);
    repository.write("entities.json", &entities(&decoy)).write("own.json", &decoy.files["own.json"]);
    for only in ["guardrails", "weakening"] {
        let checked = repository.check(&["--only", only]);
        assert_eq!((checked.code, kinds(&checked)), (4, vec!["evaded-guardrail"]), "{only} {}", checked.document);
        let entry = &checked.document["weakening"]["entries"][0];
        let what = entry["what"].as_str().unwrap();
        assert!(what.contains("dmitri") && what.contains("Developers") && what.contains("accept-agreement"), "{what}");
        assert!(!what.contains("lena"), "{what}");
        assert_eq!(entry["file"], "guardrails/developers.cedar");
    }
    let digest = repository.check(&["--only", "weakening"]).digest().to_owned();
    assert_eq!(repository.check(&["--only", "guardrails", "--accept-change", &digest]).code, 0);
    // by the change of the name alone nobody may do anything
    repository.write("own.json", &allows(&strict).to_string());
    assert_eq!(repository.check(&["--only", "guardrails"]).code, 0);
    // who stays is held to it by the guardrail itself
    let stays = team("developers", &["lena"], &open);
    repository.write("entities.json", &entities(&stays)).write("own.json", &stays.files["own.json"]);
    let checked = repository.check(&["--only", "guardrails"]);
    assert_eq!((checked.code, kinds(&checked)), (1, vec![]), "{}", checked.document);
}

/// Ids are what the change says: a person and a group that are written anew are those of before.
#[test]
fn people_are_known_by_their_names_too() {
    let repository = Repository::new(&team("developers", &["lena"], &["artifact:ListReports"]));
    let anew = team("devs", &["lena"], &["artifact:*"]);
    let text = entities(&anew).replace("IdentityCenterUser::\\\"dmitri", "IdentityCenterUser::\\\"d2");
    let text = text
        .replace("IdentityCenterGroup::\\\"g\\\"", "IdentityCenterGroup::\\\"g2\\\"")
        .replace("\"group\": \"g\"", "\"group\": \"g2\"");
    repository.write("entities.json", &text).write("own.json", &anew.files["own.json"]);
    let checked = repository.check(&["--only", "guardrails"]);
    assert_eq!((checked.code, kinds(&checked)), (4, vec!["evaded-guardrail"]), "{}", checked.document);
}

/// Who goes to another team, and may do nothing that was forbidden, evades nothing; nor does who could do it before.
#[test]
fn who_changes_teams_evades_nothing() {
    let repository = Repository::new(&team("developers", &["lena"], &["artifact:ListReports"]));
    let swapped = team("developers", &["dmitri"], &["artifact:ListReports"]);
    repository.write("entities.json", &entities(&swapped));
    assert_eq!(repository.check(&["--only", "guardrails"]).code, 0);
    let repository = Repository::new(&team("developers", &["lena"], &["artifact:*"]));
    assert_eq!(repository.check(&["--only", "guardrails"]).code, 1);
    repository.write("entities.json", &entities(&team("devs", &["lena"], &["artifact:*"])));
    let checked = repository.check(&["--only", "guardrails"]);
    assert!(!kinds(&checked).contains(&"evaded-guardrail"), "it was broken before: {}", checked.document);
}
