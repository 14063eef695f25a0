//! Findings about what the register, tags and files of agreements say against one another (R80, R81, R84 to R86, R88), and how they are told.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::*;

const PHI: &str = "222222222222";

/// The codes found of one account, beside another that is `beside`.
fn codes(attrs: Value, tags: Value, beside: Value) -> Vec<String> {
    let mut entity = json!({"uid": PHI, "attrs": attrs});
    entity["tags"] = tags;
    let world = World::new().entity(entity).entity(beside);
    found(&world, &format!("account {PHI}"))
}

fn found(world: &World, subject: &str) -> Vec<String> {
    let answers = world.now();
    let all = answers.0["findings"].as_array().unwrap().clone();
    let codes = all.iter().filter(|f| f["subject"].as_str().unwrap().starts_with(subject));
    let mut codes: Vec<String> = codes.map(|f| f["rule"].as_str().unwrap().to_owned()).collect();
    codes.retain(|c| ("CS022".."CS030").contains(&c.as_str()) || c == "CS037");
    codes
}

fn other(attrs: Value, tags: Value) -> Value {
    json!({"uid": B, "attrs": attrs, "tags": tags})
}

#[test]
fn other_workloads_are_found_where_the_register_says_so() {
    let of = |dedicated: Value| {
        let mut phi = json!({"services": ["s3"]});
        if !dedicated.is_null() {
            phi["dedicated"] = dedicated;
        }
        codes(json!({"phi": phi}), json!({}), other(json!({}), json!({})))
    };
    assert_eq!(of(json!(false)), ["CS022"], "R84");
    assert!(of(json!(true)).is_empty() && of(Value::Null).is_empty(), "asked once, and silent");
}

#[test]
fn tags_and_register_disagree_only_where_both_are_kept() {
    let (tag, none, entry) = (json!({"Data": "PHI"}), json!({}), json!({"phi": {"services": ["s3"]}}));
    let of = |attrs: &Value, tags: &Value, beside: Value| codes(attrs.clone(), tags.clone(), beside);
    let (registered, tagged) = (other(entry.clone(), none.clone()), other(json!({}), tag.clone()));
    assert_eq!(of(&none, &tag, registered.clone()), ["CS023"], "R86");
    assert_eq!(of(&entry, &none, tagged.clone()), ["CS024"], "R85");
    assert!(of(&none, &tag, tagged.clone()).is_empty(), "nobody keeps a register");
    assert!(of(&entry, &none, registered).is_empty(), "nobody tags");
    assert!(of(&entry, &tag, tagged.clone()).is_empty(), "they agree");
    let unknown = json!({"phi": {"services": ["s3"]}, "tagsKnown": false});
    assert!(of(&unknown, &none, tagged.clone()).is_empty(), "tags that were not listed say nothing");
    let ended = json!({"phi": {"services": ["s3"], "until": "2026-06-01"}});
    assert_eq!(of(&ended, &tag, tagged), ["CS023"], "the tag is still there");
}

#[test]
fn regions_are_those_of_the_account_else_of_its_organization() {
    let of = |regions: Value, own: Value, shared: Value| {
        let mut attrs = json!({"phi": {"services": ["s3"], "regions": regions}});
        if regions_absent(&attrs) {
            attrs["phi"].as_object_mut().unwrap().remove("regions");
        }
        if !own.is_null() {
            attrs["phiRegions"] = own;
        }
        let organization = if shared.is_null() { json!({}) } else { json!({"phiRegions": shared}) };
        let world = World::new().org(organization).account(M, json!({}), &[ORG]).account(A, attrs, &[ORG]);
        found(&world, &format!("account {A}"))
    };
    let (us, eu, none) = (json!(["us-east-1"]), json!(["eu-west-1"]), Value::Null);
    assert_eq!(of(eu.clone(), none.clone(), us.clone()), ["CS025"], "R88");
    assert!(of(us.clone(), none.clone(), us.clone()).is_empty());
    assert_eq!(of(json!(["us-east-1", "eu-west-1"]), none.clone(), us.clone()), ["CS025"], "one of two");
    assert!(of(eu.clone(), eu.clone(), us.clone()).is_empty(), "those of the account prevail");
    assert_eq!(of(us.clone(), eu.clone(), us.clone()), ["CS025"]);
    assert!(of(eu.clone(), none.clone(), none.clone()).is_empty(), "none are approved: D17");
    assert_eq!(of(none.clone(), none.clone(), us.clone()), ["CS026"], "it is not said in which");
    assert!(of(none.clone(), none.clone(), none).is_empty());
}

fn regions_absent(attrs: &Value) -> bool {
    attrs["phi"]["regions"].is_null()
}

#[test]
fn what_is_filed_of_some_agreements_is_missing_of_others() {
    let accepted = |id: &str, kind: &str, attrs: Value| {
        let mut all = json!({"agreement": kind, "account": A, "effectiveStart": "2024-01-10"});
        all.as_object_mut().unwrap().extend(attrs.as_object().unwrap().clone());
        json!({"uid": format!("customer-agreement-{id}"), "attrs": all})
    };
    let filed =
        accepted("Filed12345678901", "baa", json!({"executedCopy": "filed/baa.pdf", "startWitness": "event 1"}));
    let bare = |attrs: Value| accepted("Bare123456789012", "baa", attrs);
    let of = |entities: Vec<Value>| {
        let world = entities.into_iter().fold(World::new().account(A, json!({}), &[]), World::entity);
        found(&world, "agreement customer-agreement-Bare")
    };
    assert_eq!(of(vec![filed.clone(), bare(json!({}))]), ["CS027", "CS029"], "R80 and R81");
    assert!(of(vec![bare(json!({}))]).is_empty(), "this inventory files nothing");
    assert_eq!(of(vec![filed.clone(), bare(json!({"executedCopy": "x.pdf"}))]), ["CS029", "CS037"], "it is not there");
    assert!(of(vec![filed.clone(), bare(json!({"effectiveEnd": "2026-10-01"}))]).is_empty(), "it is over");
    let other = accepted("Bare123456789012", "andb", json!({}));
    assert!(of(vec![filed, other]).is_empty(), "the guide is about the BAA");
    let offline = |attrs: Value| {
        let mut all = json!({"kind": "baa", "effectiveStart": "2018-01-01", "designations": [{"account": A, "from": "2018-01-01"}]});
        all.as_object_mut().unwrap().extend(attrs.as_object().unwrap().clone());
        all
    };
    let world = World::new()
        .account(A, json!({}), &[])
        .entity(json!({"uid": "OfflineAgreement::\"one\"", "attrs": offline(json!({}))}))
        .entity(json!({"uid": "OfflineAgreement::\"two\"", "attrs": offline(json!({"executedCopy": "x.pdf"}))}));
    assert_eq!(found(&world, "agreement one"), ["CS028"]);
    assert_eq!(found(&world, "agreement two"), ["CS037"], "R81");
    assert!(found(&world.file("x.pdf", "signed"), "agreement two").is_empty());
}

#[test]
fn covered_accounts_without_phi_are_told_in_one_line() {
    let mut world = World::organization().accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None);
    for number in 0..5 {
        world = world.account(&format!("{}", 400_000_000_000_u64 + number), json!({}), &[ORG]);
    }
    let folder = world.folder();
    let told = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let command = command.current_dir(folder.path()).env("NO_COLOR", "1").env("COLUMNS", "120");
        String::from_utf8(command.args(args).output().unwrap().stdout).unwrap()
    };
    let text = told(&["evaluate", ".", "--at", "2026-11-01", "--all"]);
    assert_eq!(text.matches("CS003").count(), 1, "{text}");
    assert!(text.contains("7 accounts (111111111111, 222222222222, 400000000000 and 4 more):"), "{text}");
    // programs have each
    let json: Value =
        serde_json::from_str(&told(&["evaluate", ".", "--at", "2026-11-01", "--format", "json"])).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "CS003").count(), 7);
}

/// A tag has no date: what is found by tags of another day says so, whether a tag declares PHI, none does, or none was listed (D3, D22).
#[test]
fn what_rests_on_tags_of_another_day_says_so() {
    let world = World::new()
        .entity(json!({"uid": PHI, "tags": {"Data": "PHI"}}))
        .account(A.replace('2', "5").as_str(), json!({"tagsKnown": false}), &[])
        .account(B, json!({"phi": {"services": ["s3"]}}), &[])
        .account("666666666666", json!({}), &[])
        .accepted("abcdef0123456789", "baa", "account", "666666666666", "2022-01-01", None)
        .file("countersign.toml", "asOf = \"2026-10-01\"\n");
    let folder = world.folder();
    let told = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.current_dir(folder.path()).env("NO_COLOR", "1").env("COLUMNS", "250").args(args).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let of = |day: &[&str]| -> Vec<String> {
        let json: Value = serde_json::from_str(&told(&[&["evaluate", ".", "--format", "json"], day].concat())).unwrap();
        assert_eq!(schema_errors("assessment.v2.schema.json", &json), Vec::<String>::new());
        let found = json["findings"].as_array().unwrap();
        found.iter().filter(|f| f["assuming"].is_string()).map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of(&[]), Vec::<String>::new(), "of the day of the snapshot, nothing is assumed");
    assert_eq!(of(&["--at", "2025-01-01"]), ["CS001", "CS008", "CS023", "CS024", "CS003"]);
    // what the register says without a date is told for the whole answer
    let text = told(&["evaluate", ".", "--at", "2025-01-01"]);
    assert!(text.contains("(assuming that its tags then were those that the files tell of)"), "{text}");
}
