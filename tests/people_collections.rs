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
        // the members who were not listed could do as much, and dara may have been one
        assert_eq!(changes(&of(false, false), &of(true, true)), (vec![FirstSeen], false, false));
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

/// How access changed of those about whom it is told, and the verdict.
fn told(base: &World, head: &World) -> (BTreeSet<AccessChange>, bool, bool) {
    let found = compare(base, head);
    let all = found.access.iter().filter(|e| e.change != AccessChange::Message).map(|e| e.change);
    (all.collect(), found.verdict.access_widens, found.verdict.access_is_unknown)
}

/// Nobody gained or lost anything where one side alone lists them, and no gate passes on it.
fn assert_seen(listed: &World, unlisted: &World, what: &str) {
    assert_told_as_seen((listed, unlisted), what, true);
}

/// The same; who is listed first passes where members of the group who were not listed could do as much.
fn assert_told_as_seen((listed, unlisted): (&World, &World), what: &str, first_is_unknown: bool) {
    for (base, head, way) in [(unlisted, listed, "first seen"), (listed, unlisted, "no longer known")] {
        let (changes, widens, is_unknown) = told(base, head);
        let seen = [AccessChange::FirstSeen, AccessChange::NoLongerKnown];
        assert!(
            changes.iter().all(|c| seen.contains(c))
                && !widens
                && is_unknown == (first_is_unknown || way != "first seen"),
            "{what}, {way}: {changes:?} {widens}"
        );
    }
    assert!(told(unlisted, listed).0.contains(&AccessChange::FirstSeen), "{what}");
    assert!(told(listed, unlisted).0.contains(&AccessChange::NoLongerKnown), "{what}");
}

/// A user whom a trust policy names, in an account whose users one side did not list.
#[test]
fn users_who_assume_a_role_are_neither_gained_nor_lost_by_being_listed() {
    let world = |known: bool, trusted: &str| {
        let open = if known { json!({}) } else { json!({"principalsKnown": false}) };
        World::organization().account(B, open, &[ORG]).entity(role(json!([FULL]), trusted))
    };
    let dev = |world: World| world.user(B, "dev", json!([assuming(ROLE)]));
    for trusted in [user(B, "dev"), B.to_owned()] {
        let of = |known| world(known, &trusted);
        assert_seen(&dev(of(true)), &of(false), &trusted);
        let (changes, widens, _) = told(&of(true), &dev(of(true)));
        assert!(changes.contains(&AccessChange::Gained) && widens, "all were listed: {changes:?}");
        let (changes, ..) = told(&dev(of(true)), &of(true));
        assert!(changes.contains(&AccessChange::Lost), "all are listed: {changes:?}");
    }
    // whom the policy did not name could not become the role before
    let other = world(false, &user(B, "other"));
    let (changes, widens, _) = told(&other, &dev(world(true, &user(B, "dev"))));
    assert!(changes.contains(&AccessChange::Gained) && widens, "{changes:?}");
}

/// All that a person could do as a role is denied by the state of things: that permissions are perhaps new is told all the same.
#[test]
fn permissions_of_somebody_who_was_not_listed_pass_no_gate() {
    let world = |known: bool| {
        let open = if known { json!({}) } else { json!({"principalsKnown": false}) };
        let denies = policy(json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["artifact:*", "organizations:*"], "Resource": "*"}
        ]));
        let mut attrs = open;
        attrs["serviceControlPolicies"] = json!([denies]);
        let terminates = allows(&["artifact:TerminateAgreement", "artifact:GetCustomerAgreement"]);
        World::organization().account(B, attrs, &[ORG]).entity(role(json!([terminates]), &user(B, "dev")))
    };
    let listed = world(true).user(B, "dev", json!([assuming(ROLE)]));
    let (_, widens, is_unknown) = told(&world(false), &listed);
    assert!(!widens && is_unknown);
    let (_, widens, is_unknown) = told(&listed, &world(false));
    assert!(!widens && is_unknown);
}

const LEGAL: &str =
    "arn:aws:iam::333333333333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Legal_0123456789abcdef";

/// lena has a permission set in B, whose role is there.
fn set(account: Value, assignments: Value, with_role: bool) -> World {
    let trust = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRoleWithSAML",
        "Principal": {"Federated": "arn:aws:iam::333333333333:saml-provider/AWSSSO_1_DO_NOT_DELETE"}}]));
    let own = policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*"}]));
    let denial = policy(json!([
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "artifact:*", "Resource": "*",
            "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws-reserved/*/AWSReservedSSO_*_fedcba9876543210"}}}
    ]));
    let mut attrs = account;
    attrs["serviceControlPolicies"] = json!([denial]);
    let mut world = World::organization()
        .account(B, attrs, &[ORG])
        .entity(json!({"uid": "IdentityCenterUser::\"u-lena\"", "attrs": {"userName": "lena"}}))
        .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": [own], "assignments": assignments}}));
    if with_role {
        let attrs = json!({"policies": [own], "trustPolicy": trust});
        world = world.entity(json!({"uid": format!("Role::\"{LEGAL}\""), "attrs": attrs}));
    }
    world
}

fn of_lena() -> Value {
    json!([{"user": "u-lena", "accounts": [B]}])
}

/// A permission set is the same principal, whether or not its role was listed.
#[test]
fn a_permission_set_whose_role_one_side_did_not_list_is_the_same() {
    let listed = set(json!({}), of_lena(), true);
    let unlisted = set(json!({"principalsKnown": false}), of_lena(), false);
    for (base, head) in [(&unlisted, &listed), (&listed, &unlisted)] {
        let found = compare(base, head);
        let of_set = |p: &countersign_core::diff::PrincipalEntry| p.name == "Legal";
        let changes: Vec<AccessChange> =
            found.access.iter().filter(|e| e.principals.iter().any(of_set)).map(|e| e.change).collect();
        assert!(!changes.contains(&AccessChange::Lost), "{changes:?}");
        assert!(!found.access.iter().any(|e| e.before.decision.is_none() || e.after.decision.is_none()));
        assert!(!found.new_access.iter().any(|n| n.widens()), "{:?}", found.new_access);
        assert!(found.verdict.access_is_unknown);
    }
    // one that is assigned where it was not is new
    let (changes, widens, _) = told(&set(json!({}), json!([]), false), &set(json!({}), of_lena(), true));
    assert!(changes.contains(&AccessChange::Gained) && widens, "{changes:?}");
}

/// The role of a permission set, where one side did not list to whom the set is assigned.
#[test]
fn people_whose_assignments_one_side_did_not_list_are_neither_gained_nor_lost() {
    let listed = set(json!({}), of_lena(), true);
    let unlisted = set(json!({"assignmentsKnown": false}), json!([]), true);
    assert_seen(&listed, &unlisted, "assignments");
    let (changes, widens, _) = told(&set(json!({}), json!([]), true), &listed);
    assert!(changes.contains(&AccessChange::Gained) && widens, "all were listed: {changes:?}");
}

/// A group stands for its members where they were not listed.
#[test]
fn a_group_whose_members_one_side_did_not_list_neither_gains_nor_loses() {
    let of = |known: bool, named: bool| {
        let own = policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*"}]));
        let assignments = json!([{"group": "g-ops", "accounts": [B]}]);
        let open = if known { json!({}) } else { json!({"membersKnown": false}) };
        let mut group = open;
        if named {
            group["displayName"] = json!("ops");
        }
        let parents = if known { json!(["g-ops"]) } else { json!([]) };
        World::organization()
            .account(B, json!({}), &[ORG])
            .entity(json!({"uid": "IdentityCenterGroup::\"g-ops\"", "attrs": group}))
            .entity(json!({"uid": "IdentityCenterUser::\"u-lena\"", "attrs": {"userName": "lena"}, "parents": parents}))
            .entity(json!({"uid": "PermissionSet::\"Ops\"", "attrs": {"policies": [own], "assignments": assignments}}))
    };
    assert_told_as_seen((&of(true, true), &of(false, true)), "members", false);
    assert_told_as_seen((&of(true, true), &of(false, false)), "members, and the name of the group", false);
    // a group that comes to have the permission set gains it
    let without = group(json!([]), json!({"membersKnown": false}));
    let (changes, widens, _) = told(&without, &of(false, true));
    assert!(changes.contains(&AccessChange::Gained) && widens, "{changes:?}");
}
