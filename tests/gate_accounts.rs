//! Accounts of which the promises of a gate are, where a change moves them, calls them otherwise, or where the base did not list them.

use crate::common::*;
use crate::gate::{Repository, entities};
use crate::gate_people::{ALL, LIST, evaded, staff};
use serde_json::{Value, json};

const CLINICAL: &str = "ou-abcd-11111111";
const LABS: &str = "ou-abcd-22222222";

/// Two accounts, each with a name, the unit that it is in and a tag; a permission set in the first, and a harmless one in the second.
fn accounts(first: (&str, &str, &str), second: (&str, &str, &str), may: &[&str], condition: &str) -> World {
    let people = [("u-1", "dara", "g"), ("u-2", "mona", "h")];
    let mut world = staff(&[("g", "developers"), ("h", "others")], &people, &[("Developers", "g", may)], condition);
    let other = json!({"policies": [allows(LIST)], "assignments": [{"group": "h", "accounts": [B]}]});
    world = world.entity(json!({"uid": "PermissionSet::\"Other\"", "attrs": other}));
    for unit in [first.1, second.1].into_iter().collect::<std::collections::BTreeSet<_>>() {
        world = world.entity(json!({"uid": unit, "parents": [ORG]}));
    }
    world.entities.retain(|e| e["uid"] != A);
    for (id, (name, unit, tag)) in [(A, first), (B, second)] {
        let tags = json!({"env": tag});
        world = world.entity(json!({"uid": id, "attrs": {"name": name}, "tags": tags, "parents": [unit]}));
    }
    world
}

/// A guardrail holds for an account as it stood before the change: in its unit, by its name, with its tags.
#[test]
fn an_account_is_held_as_it_stood() {
    let unit = format!("resource in Artifact::OrganizationalUnit::\"{CLINICAL}\"");
    let stood = ("records", CLINICAL, "prod");
    let prod = "resource.hasTag(\"env\") && resource.getTag(\"env\") == \"prod\"";
    for (condition, other, first, second) in [
        (unit.as_str(), ("lab", CLINICAL, "test"), ("records", LABS, "prod"), ("lab", CLINICAL, "test")),
        (unit.as_str(), ("lab", CLINICAL, "test"), ("records", "ou-abcd-99999999", "prod"), ("lab", CLINICAL, "test")),
        (
            "resource has name && resource.name == \"records\"",
            ("lab", LABS, "test"),
            ("recs", CLINICAL, "prod"),
            ("records", LABS, "test"),
        ),
        (prod, ("lab", LABS, "test"), ("records", CLINICAL, "none"), ("lab", LABS, "prod")),
    ] {
        // the root user may in every account
        let condition = &format!("principal is Artifact::PermissionSet && {condition}");
        let base = accounts(stood, other, LIST, condition);
        let (code, told) = evaded(&base, &accounts(first, second, ALL, condition));
        assert!(code == 4 && told[0].contains("dara"), "{condition} {first:?} {told:?}");
        // who may do nothing that is forbidden breaks nothing, wherever the account stands
        assert_eq!(evaded(&base, &accounts(first, second, LIST, condition)), (0, Vec::new()), "{condition} {first:?}");
    }
}

/// An account that left its organization is in the hands of others.
#[test]
fn an_account_that_left_is_held_to_nothing() {
    let condition = format!("resource in Artifact::OrganizationalUnit::\"{CLINICAL}\" && principal is Artifact::User");
    let of = |left: bool, may: &[&str]| {
        let world = accounts(("records", CLINICAL, "prod"), ("lab", CLINICAL, "test"), LIST, &condition);
        let mut world = world.user(A, "ann", json!([allows(may)])).user(B, "bob", json!([allows(LIST)]));
        world.entities.retain(|e| e["uid"] != "PermissionSet::\"Developers\"");
        if left {
            world.entities.iter_mut().find(|e| e["uid"] == A).unwrap()["parents"] = json!([]);
        }
        world
    };
    assert_eq!(evaded(&of(false, LIST), &of(true, ALL)), (0, Vec::new()));
}

/// An organization whose accounts were not all listed: in a unit without listed accounts a permission set is assigned to a group. `denies` is
/// denied by the unit.
fn unlisted(known: bool, denies: &[&str], may: &[&str], unit: &str) -> World {
    let mut world = World::organization().file("countersign.toml", "asOf = \"2026-11-15\"\n");
    let of_organization = world.entities.iter_mut().find(|e| e["uid"] == ORG).unwrap();
    let attrs = of_organization["attrs"].as_object_mut().unwrap();
    attrs.insert("serviceControlPolicies".to_owned(), json!(["p-FullAWSAccess"]));
    if !known {
        attrs.insert("accountsKnown".to_owned(), json!(false));
    }
    let mut policies: Vec<Value> = vec![json!("p-FullAWSAccess")];
    if !denies.is_empty() {
        policies.push(policy(json!([{"Effect": "Deny", "Action": denies, "Resource": "*"}])));
    }
    let unit = json!({"uid": LABS, "attrs": {"name": unit, "serviceControlPolicies": policies}, "parents": [ORG]});
    let assigned = json!([{"group": "g", "organizationalUnits": [LABS]}, {"group": "g", "accounts": [A]}]);
    world
        .entity(unit)
        .entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": {"displayName": "developers"}}))
        .entity(json!({"uid": "IdentityCenterUser::\"u\"", "attrs": {"userName": "dara"}, "parents": ["IdentityCenterGroup::\"g\""]}))
        .entity(json!({"uid": "PermissionSet::\"Developers\"", "attrs": {"policies": [allows(may)], "assignments": assigned}}))
}

/// Where accounts are not listed, a change that leaves nobody in them more passes; one that leaves somebody more does not, whether or not
/// it calls the accounts known.
#[test]
fn what_leaves_nobody_more_in_accounts_that_were_not_listed_passes() {
    let code = |base: &World, head: &World| {
        let repository = Repository::new(base);
        repository.write("entities.json", &entities(head));
        repository.check(&["--only", "change"]).code
    };
    let base = unlisted(false, &["s3:*"], LIST, "labs");
    for known in [false, true] {
        // a name reaches nobody
        assert_eq!(code(&base, &unlisted(known, &["s3:*"], LIST, "laboratories")), 0, "{known}: another name");
        assert_eq!(code(&base, &unlisted(known, &["s3:*", "ec2:*"], LIST, "labs")), 0, "{known}: more is denied");
        assert_eq!(code(&base, &unlisted(known, &[], LIST, "labs")), 1, "{known}: less is denied");
        assert_eq!(code(&base, &unlisted(known, &["s3:GetObject"], LIST, "labs")), 1, "{known}: another is denied");
    }
}

/// A permission set that is assigned to a unit is there in its accounts that were not listed.
#[test]
fn a_permission_set_gains_in_accounts_that_were_not_listed() {
    let told = |known: bool, may: &[&str]| {
        let mut base = unlisted(false, &[], LIST, "labs");
        let mut head = unlisted(known, &[], may, "labs");
        // in the account that is listed it is not
        for world in [&mut base, &mut head] {
            let set = world.entities.iter_mut().find(|e| e["uid"] == "PermissionSet::\"Developers\"").unwrap();
            set["attrs"]["assignments"].as_array_mut().unwrap().pop();
        }
        let repository = Repository::new(&base);
        repository.write("entities.json", &entities(&head));
        repository.check(&["--only", "change"]).code
    };
    for known in [false, true] {
        assert_eq!(told(known, ALL), 1, "{known}");
        assert_eq!(told(known, LIST), 0, "{known}");
        assert_eq!(told(known, &["artifact:ListReports", "s3:GetObject"]), 1, "{known}: of any service");
    }
}

/// Principals who were not listed in an account gain what control policies deny there no longer, of any service.
#[test]
fn whoever_was_not_listed_in_an_account_gains_what_is_denied_no_longer() {
    let of = |known: bool, denies: &[&str]| {
        let mut world = World::organization().file("countersign.toml", "asOf = \"2026-11-15\"\n");
        let own = world.entities.iter_mut().find(|e| e["uid"] == A).unwrap();
        let deny = policy(json!([{"Effect": "Deny", "Action": denies, "Resource": "*"}]));
        own["attrs"]["serviceControlPolicies"] = json!(["p-FullAWSAccess", deny]);
        if !known {
            own["attrs"]["principalsKnown"] = json!(false);
        }
        world
    };
    let code = |base: &World, head: &World| {
        let repository = Repository::new(base);
        repository.write("entities.json", &entities(head));
        let checked = repository.check(&["--only", "change"]);
        (checked.code, checked.document["diff"]["verdict"]["accessIsUnknown"] == true)
    };
    // nobody can do anything in AWS Artifact there, root users included
    let (closed, open) = (["artifact:*", "s3:*", "iam:*"], ["artifact:*", "iam:*"]);
    for known in [false, true] {
        assert_eq!(code(&of(false, &closed), &of(known, &open)), (1, true), "{known}");
    }
    assert_eq!(code(&of(false, &open), &of(true, &closed)), (0, false), "more is denied");
    // the root user gains, whoever else there is
    assert_eq!(code(&of(true, &closed), &of(true, &open)).0, 1);
}
