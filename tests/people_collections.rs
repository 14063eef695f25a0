//! Between two collections of different moments, whoever was not listed may have come to act (D31): by themselves, by a permission set, or
//! as a role. That no access is new is then not known.

#![allow(clippy::unwrap_used)]

use crate::common::*;
use std::collections::BTreeSet;

use countersign_core::diff::Diff;
use countersign_core::diff::differences::AccessChange;
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::222222222222:role/legal";

fn assuming(role: &str) -> Value {
    policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]))
}

fn role(policies: Value, trusted: &str) -> Value {
    let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}]));
    json!({"uid": format!("Role::\"{ROLE}\""), "attrs": {"policies": policies, "trustPolicy": trust}})
}

/// lena is the only member of ops who is listed, and ops has this permission set in B.
fn group(policies: Value, group: Value) -> World {
    let mut attrs = group;
    attrs["displayName"] = json!("ops");
    let assignments = json!([{"group": "g-ops", "accounts": [B]}]);
    World::organization()
        .account(B, json!({}), &[ORG])
        .entity(json!({"uid": "IdentityCenterGroup::\"g-ops\"", "attrs": attrs}))
        .entity(json!({"uid": "IdentityCenterUser::\"u-lena\"", "attrs": {"userName": "lena"}, "parents": ["g-ops"]}))
        .entity(json!({"uid": "PermissionSet::\"Ops\"", "attrs": {"policies": policies, "assignments": assignments}}))
}

/// Two collections that differ in a user who may read buckets in the management account.
fn collected(world: &World, days: [&str; 2]) -> Diff {
    let of = |day: &str, action: &str| {
        let world = world.clone().user(M, "other", json!([allows(&[action])]));
        world.file("countersign.toml", format!("asOf = \"{day}\"\n"))
    };
    let [before, after] = days;
    compare(&of(before, "s3:GetObject"), &of(after, "s3:ListBucket"))
}

/// Who may be there unseen, by two collections and by one.
fn unseen(world: &World) -> [Vec<String>; 2] {
    [["2026-10-01", "2026-10-02"], ["2026-10-01", "2026-10-01"]].map(|days| {
        let found = collected(world, days);
        assert_eq!(found.verdict.access_is_unknown, !found.perhaps_others.is_empty());
        let diff = serde_json::to_value(&found).unwrap();
        let errors = schema_errors("diff.v1.schema.json", &diff);
        assert!(errors.iter().all(|e| e.contains("provenance")), "{errors:?}");
        found.perhaps_others.iter().map(|others| others.words()).collect()
    })
}

#[test]
fn members_may_have_joined_who_act_by_a_permission_set() {
    let of = |known: Value| unseen(&group(json!([FULL]), known));
    let words = "other members of ops (permission set Ops in 333333333333)";
    assert_eq!(of(json!({"membersKnown": false})), [vec![words.to_owned()], vec![]]);
    assert_eq!(of(json!({})), [vec![""; 0], vec![]]);
}

#[test]
fn members_may_have_joined_who_act_as_a_role() {
    let of = |known: Value, policies: Value| unseen(&group(json!([assuming(ROLE)]), known).entity(role(policies, B)));
    let words = "other members of ops (permission set Ops in 333333333333), by assuming legal in 222222222222";
    assert_eq!(of(json!({"membersKnown": false}), json!([FULL])), [vec![words.to_owned()], vec![]]);
    assert_eq!(of(json!({}), json!([FULL])), [vec![""; 0], vec![]]);
    // a role that may do nothing here is no matter
    let reads = json!([allows(&["s3:GetObject"])]);
    assert_eq!(of(json!({"membersKnown": false}), reads), [vec![""; 0], vec![]]);
}

/// Members whom only one side lists, where the other did not list all, are neither gained nor lost.
#[test]
fn members_whom_one_side_did_not_list_are_neither_gained_nor_lost() {
    let dara = |world: World, parents: &[&str]| {
        let attrs = json!({"userName": "dara"});
        world.entity(json!({"uid": "IdentityCenterUser::\"u-dara\"", "attrs": attrs, "parents": parents}))
    };
    let of = |known: bool, member: bool, policies: Value| {
        let open = if known { json!({}) } else { json!({"membersKnown": false}) };
        let may = group(policies, open).entity(role(json!([FULL]), B));
        dara(may, if member { &["g-ops"] } else { &[] })
    };
    let changes = |base: &World, head: &World| {
        let found = compare(base, head);
        let of_dara = found.access.iter().filter(|e| e.people.iter().any(|p| p.person == "dara"));
        let changes: BTreeSet<AccessChange> = of_dara.map(|e| e.change).collect();
        (changes.into_iter().collect::<Vec<_>>(), found.verdict.access_widens, found.verdict.access_is_unknown)
    };
    use AccessChange::{FirstSeen, Gained, Lost, NoLongerKnown};
    let reads = || json!([allows(&["s3:GetObject"])]);
    for policies in [json!([FULL]), json!([assuming(ROLE)])] {
        let of = |known, member| of(known, member, policies.clone());
        assert_eq!(changes(&of(false, false), &of(true, true)), (vec![FirstSeen], false, true));
        assert_eq!(changes(&of(true, true), &of(false, false)).0, [NoLongerKnown]);
        let (found, widens, _) = changes(&of(true, false), &of(true, true));
        assert!(found.contains(&Gained) && widens, "{found:?}");
        let (found, widens, _) = changes(&of(true, true), &of(true, false));
        assert!(found.contains(&Lost) && !widens, "{found:?}");
    }
    // a role that comes to trust a user is none that the user perhaps could assume before
    let trusted = |jo: bool| {
        let world = group(json!([assuming(ROLE)]), json!({"membersKnown": false}));
        let who = if jo { json!([root(B), user(A, "jo")]) } else { json!([root(B)]) };
        let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}]));
        let attrs = json!({"policies": [FULL], "trustPolicy": trust});
        world.user(A, "jo", json!([])).entity(json!({"uid": format!("Role::\"{ROLE}\""), "attrs": attrs}))
    };
    let found = compare(&trusted(false), &trusted(true));
    let of_jo = found.access.iter().filter(|e| e.people.iter().any(|p| p.person == "user jo"));
    assert!(
        of_jo.clone().count() > 0 && of_jo.clone().all(|e| matches!(e.change, Gained | AccessChange::Actions)),
        "{:?}",
        found.access
    );
    // what she could not do as a member either is gained
    let (_, widens, _) = changes(&of(false, false, reads()), &of(true, true, json!([FULL])));
    assert!(widens);
}

/// Of an account whose principals were not all listed, somebody new may assume the role, although nobody there may do anything in it.
#[test]
fn principals_may_be_new_who_act_as_a_role() {
    let of = |attrs: Value, denied: &[&str]| {
        let denial = policy(json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": denied, "Resource": "*"}
        ]));
        let mut attrs = attrs;
        attrs["serviceControlPolicies"] = json!([denial]);
        let world = World::organization().account(B, attrs, &[ORG]).entity(role(json!([FULL]), B));
        unseen(&world)
    };
    let mut open = json!({"principalsKnown": false});
    let nothing = ["artifact:*", "organizations:*"];
    let words = |who: &str| format!("other {who} in 333333333333, by assuming legal in 222222222222");
    assert_eq!(of(open.clone(), &nothing), [vec![words("users and roles")], vec![]]);
    assert_eq!(of(json!({}), &nothing), [vec![""; 0], vec![]]);
    assert_eq!(of(open.clone(), &["artifact:*", "organizations:*", "sts:*"]), [vec![""; 0], vec![]]);
    open["assignmentsKnown"] = json!(false);
    let all = words("users, roles and people with permission sets");
    assert_eq!(of(open, &nothing), [vec![all], vec![]]);
}

/// A person, who is listed, may have a permission set there that is not, and become the role by it.
#[test]
fn a_person_may_have_an_assignment_by_which_they_become_a_role() {
    let of = |attrs: Value| {
        let world = World::organization().account(B, attrs, &[ORG]).entity(role(json!([FULL]), B));
        let dara = json!({"uid": "IdentityCenterUser::\"u-dara\"", "attrs": {"userName": "dara"}});
        let denies = policy(json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["artifact:*", "organizations:*"], "Resource": "*"}
        ]));
        let mut world = world.entity(dara);
        let account = world.entities.iter_mut().find(|e| e["uid"] == B).unwrap();
        account["attrs"]["serviceControlPolicies"] = json!([denies]);
        let set =
            json!({"policies": [allows(&["s3:GetObject"])], "assignments": [{"user": "u-dara", "accounts": [A, B]}]});
        let world = world.entity(json!({"uid": "PermissionSet::\"Dev\"", "attrs": set}));
        let denied = "[[access]]\nprincipal = \"dara\"\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\nexpect = \"deny\"\n";
        let (_, _, json) = crate::can_roles::can(&world, "dara");
        (json["perhapsThrough"].as_array().unwrap().len(), crate::people::only(&world, denied).len())
    };
    assert_eq!(of(json!({"assignmentsKnown": false})), (1, 1));
    assert_eq!(of(json!({"principalsKnown": false})), (0, 0), "dara is no user of IAM");
    assert_eq!(of(json!({})), (0, 0));
}

/// The whole list of who may be there unseen has those who act as roles.
#[test]
fn show_completeness_tells_who_perhaps_acts_as_a_role() {
    let world = group(json!([assuming(ROLE)]), json!({"membersKnown": false})).entity(role(json!([FULL]), B));
    let folder = world.folder();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.args(["show", "completeness", "--format", "json"]).arg(folder.path()).output();
    let found: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(schema_errors("completeness.v1.schema.json", &found), Vec::<String>::new());
    let others = found["perhapsOthers"].as_array().unwrap();
    let assuming: Vec<&Value> = others.iter().map(|o| &o["assuming"]["roles"]).filter(|r| !r.is_null()).collect();
    assert_eq!(assuming, [&json!([ROLE])]);
}

/// Accounts that are not listed have principals, too: a change of their organization, or of what is attached to it or its units, reaches them.
#[test]
fn accounts_that_are_not_listed_may_gain_by_a_change_of_their_organization() {
    let unit = "ou-exam-12345678";
    let world = |known: bool, of_root: &str, of_unit: &str, policies: Value| {
        let scps = |denied: &str| {
            let denial = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": denied, "Resource": "*"}]);
            json!([policy(denial)])
        };
        let world = World::new().org(json!({"accountsKnown": known, "serviceControlPolicies": scps(of_root)}));
        let attrs = json!({"serviceControlPolicies": scps(of_unit)});
        let world = world.entity(json!({"uid": unit, "attrs": attrs, "parents": [ORG]}));
        world.account(M, json!({}), &[ORG]).user(M, "other", policies)
    };
    let unknown = |base: World, head: World| {
        let found = compare(&base, &head);
        assert!(!found.verdict.access_widens, "{:?}", found.access);
        found.verdict.access_is_unknown
    };
    let none = || json!([]);
    let same = |known| world(known, "ec2:*", "ec2:*", none());
    assert!(unknown(same(true), same(false)), "others may be there now");
    assert!(unknown(world(false, "s3:*", "ec2:*", none()), same(false)), "the root denies less");
    assert!(unknown(world(false, "ec2:*", "s3:*", none()), same(false)), "a unit denies less");
    assert!(!unknown(world(true, "s3:*", "ec2:*", none()), same(true)), "M is the only account");
    let denied = json!([policy(json!([{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]))]);
    assert!(!unknown(same(false), world(false, "ec2:*", "ec2:*", denied)), "the change is of a user of M alone");
}

/// D31: a check fails because of those who are not listed, and each format says so.
#[test]
fn every_format_of_a_check_tells_those_who_are_not_listed() {
    let world = group(json!([FULL]), json!({"membersKnown": false}));
    let of = |action: &str| {
        let world = world.clone().user(M, "other", json!([allows(&[action])]));
        world.file("countersign.toml", format!("asOf = \"2026-10-{:02}\"\n", action.len())).folder()
    };
    let (base, head) = (of("s3:GetObject"), of("s3:ListBuckets2"));
    for format in ["text", "sarif", "junit", "github", "gitlab", "markdown", "html"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        let args = ["check", ".", "--base", base.path().to_str().unwrap(), "--only", "diff", "--format", format];
        let output = command.current_dir(head.path()).env("NO_COLOR", "1").args(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).to_lowercase().replace("**", "");
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(text.contains("possibly others, not listed") && text.contains("members of ops"), "{format}: {text}");
    }
}
