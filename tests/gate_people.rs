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

/// Groups by their ids with their names, people by their ids with their names and groups, permission sets with the group that has them and
/// what they may do; a guardrail that forbids acceptance where the condition holds.
pub fn staff(
    groups: &[(&str, &str)],
    people: &[(&str, &str, &str)],
    sets: &[(&str, &str, &[&str])],
    condition: &str,
) -> World {
    let mut world = World::organization()
        .file("guardrails/own.cedar", format!("@id(\"own\") @message(\"accepts\")\n{FORBID} when {{ {condition} }};"))
        .file("countersign.toml", "asOf = \"2026-11-15\"\n");
    for (id, name) in groups {
        world = world.entity(json!({"uid": format!("IdentityCenterGroup::{id:?}"), "attrs": {"displayName": name}}));
    }
    for (id, name, group) in people {
        let parents = [format!("IdentityCenterGroup::{group:?}")];
        let uid = format!("IdentityCenterUser::{id:?}");
        world = world.entity(json!({"uid": uid, "attrs": {"userName": name}, "parents": parents}));
    }
    for (name, group, may) in sets {
        let attrs = json!({"policies": [allows(may)], "assignments": [{"group": group, "accounts": [A]}]});
        world = world.entity(json!({"uid": format!("PermissionSet::{name:?}"), "attrs": attrs}));
    }
    world
}

pub const LIST: &[&str] = &["artifact:ListReports"];
pub const ALL: &[&str] = &["artifact:*"];

/// The kinds of what is weaker, and what is told of it, where one of these is changed to the other.
pub fn evaded(base: &World, head: &World) -> (i32, Vec<String>) {
    let repository = Repository::new(base);
    let before = repository.check(&["--only", "guardrails"]);
    assert_eq!(before.code, 0, "{}", before.document);
    repository.write("entities.json", &entities(head));
    let checked = repository.check(&["--only", "guardrails"]);
    assert!(kinds(&checked).iter().all(|kind| *kind == "evaded-guardrail"), "{}", checked.document);
    let entries = checked.document["weakening"]["entries"].as_array().cloned().unwrap_or_default();
    (checked.code, entries.iter().map(|e| e["what"].as_str().unwrap().to_owned()).collect())
}

/// A permission set is that which the same people have in the same account, whoever has its name now.
#[test]
fn a_permission_set_is_known_by_whom_it_is_assigned_to() {
    let groups = [("g", "developers"), ("h", "legal")];
    let people = [("u-dmitri", "dmitri", "g"), ("u-lena", "lena", "h")];
    for condition in [
        "context.name == \"Developers\"",
        "context.name like \"Dev*\"",
        "principal == Artifact::PermissionSet::\"Developers\"",
    ] {
        let of = |sets: &[(&str, &str, &[&str])]| staff(&groups, &people, sets, condition);
        let base = of(&[("Developers", "g", LIST), ("Legal", "h", LIST)]);
        for decoy in ["g", "h"] {
            let (code, told) =
                evaded(&base, &of(&[("Makers", "g", ALL), ("Developers", decoy, LIST), ("Legal", "h", LIST)]));
            assert_eq!(code, 4, "{condition} {decoy} {told:?}");
            assert!(told[0].contains("dmitri") && told[0].contains("Makers") && !told[0].contains("lena"), "{told:?}");
        }
        // others are in the group now
        let mut nina = of(&[("Makers", "g", ALL), ("Developers", "h", LIST)]);
        nina.entities.retain(|e| e["uid"] != "IdentityCenterUser::\"u-dmitri\"");
        let nina = nina
            .entity(json!({"uid": "IdentityCenterUser::\"u-nina\"", "attrs": {"userName": "nina"}, "parents": ["g"]}));
        let (code, told) = evaded(&base, &nina);
        assert!(code == 4 && told[0].contains("nina"), "{condition} {told:?}");
        // the same, and nothing that was forbidden; and those whom it was not about
        assert_eq!(evaded(&base, &of(&[("Makers", "g", LIST), ("Developers", "g", LIST), ("Legal", "h", LIST)])).0, 0);
        assert_eq!(evaded(&base, &of(&[("Developers", "g", LIST), ("Counsel", "h", ALL)])).0, 0, "{condition}");
        // assigned to the person, by name
        let mut own = of(&[("Makers", "g", ALL), ("Developers", "h", LIST)]);
        let makers = own.entities.iter_mut().find(|e| e["uid"] == "PermissionSet::\"Makers\"").unwrap();
        makers["attrs"]["assignments"] = json!([{"user": "u-dmitri", "accounts": [A]}]);
        assert_eq!(evaded(&base, &own).0, 4, "{condition}");
    }
}

/// A person is who has the id, and who has the user name, whatever its case.
#[test]
fn a_person_is_known_by_id_and_by_name() {
    let groups = [("g", "developers")];
    let sets = |may| [("Developers", "g", may)];
    for condition in [
        "context has person && context.person == Artifact::IdentityCenterUser::\"u-dmitri\"",
        "context has person && context.person in Artifact::IdentityCenterGroup::\"g\" && context.groups.contains(\"developers\")",
    ] {
        let base = staff(&groups, &[("u-dmitri", "dmitri", "g")], &sets(LIST), condition);
        for name in ["dmitri", "Dmitri"] {
            let groups = [("g2", "devs"), ("g", "developers")];
            let people = [("u-1", name, "g2"), ("u-dmitri", "mina", "g")];
            let sets = [("Developers", "g2", ALL), ("Nothing", "g", LIST)];
            let (code, told) = evaded(&base, &staff(&groups, &people, &sets, condition));
            assert!(code == 4 && told[0].contains(name), "{condition} {name} {told:?}");
            // nothing that was forbidden
            let sets = [("Developers", "g2", LIST), ("Nothing", "g", LIST)];
            assert_eq!(evaded(&base, &staff(&groups, &people, &sets, condition)).0, 0);
        }
    }
}

/// A group whose id and name are both new is that which had the permission set in the account.
#[test]
fn a_group_is_known_by_what_it_is_assigned() {
    let condition = "context.groups.contains(\"developers\")";
    for (before, now) in [(vec![], vec![]), (vec![("u-1", "dara", "g")], vec![("u-9", "dara.k", "g2")])] {
        let base = staff(&[("g", "developers")], &before, &[("Developers", "g", LIST)], condition);
        let of = |may| {
            let mut people = now.clone();
            people.push(("u-2", "mona", "x"));
            let sets = [("Developers", "g2", may), ("Nothing", "x", LIST)];
            staff(&[("g2", "devs"), ("x", "developers")], &people, &sets, condition)
        };
        let (code, told) = evaded(&base, &of(ALL));
        assert!(code == 4 && !told[0].contains("mona"), "{told:?}");
        assert_eq!(evaded(&base, &of(LIST)).0, 0);
    }
}

/// However an assignment is written, it is in the same accounts; and a name that differs in case is another to a guardrail.
#[test]
fn a_group_is_known_by_the_accounts_of_its_assignment() {
    let condition = "context.groups.contains(\"developers\")";
    let unit = "ou-abcd-11111111";
    let of = |groups: &[(&str, &str)], sets: &[(&str, &str, &[&str])], by_unit: bool| {
        let mut world =
            staff(groups, &[("u-2", "mona", "x")], sets, condition).entity(json!({"uid": unit, "parents": [ORG]}));
        let set = world.entities.iter_mut().find(|e| e["uid"] == "PermissionSet::\"Developers\"").unwrap();
        if by_unit {
            let group = set["attrs"]["assignments"][0]["group"].clone();
            set["attrs"]["assignments"] = json!([{"group": group, "organizationalUnits": [unit]}]);
        }
        world.entities.iter_mut().find(|e| e["uid"] == A).unwrap()["parents"] = json!([unit]);
        world
    };
    for by_units in [[true, false], [false, true]] {
        for name in ["devs", "Developers"] {
            let base = of(&[("g", "developers"), ("x", "x")], &[("Developers", "g", LIST)], by_units[0]);
            let change = |may| {
                let sets = [("Developers", "g2", may), ("Nothing", "y", LIST)];
                of(&[("g2", name), ("y", "developers"), ("x", "x")], &sets, by_units[1])
            };
            assert_eq!(evaded(&base, &change(ALL)).0, 4, "{by_units:?} {name}");
        }
    }
}

/// Who is listed now as a member of a group whose members were not all listed may have been one: what these could do is nothing new.
#[test]
fn another_member_who_is_listed_gains_nothing() {
    let of = |known: bool, people: &[(&str, &str, &str)], may: &[&str], other: Option<&str>| {
        let mut sets = vec![("Legal", "g", may)];
        sets.extend(other.map(|group| ("Admins", group, ALL)));
        let mut world = staff(&[("g", "legal"), ("h", "others")], people, &sets, "context.name == \"nobody\"");
        world.files.remove("guardrails/own.cedar");
        if !known {
            let group = world.entities.iter_mut().find(|e| e["uid"] == "IdentityCenterGroup::\"g\"").unwrap();
            group["attrs"]["membersKnown"] = json!(false);
        }
        world
    };
    let lena = ("u-lena", "lena", "g");
    let newbie = |group| ("u-new", "newbie", group);
    let code = |base: &World, head: &World| {
        let repository = Repository::new(base);
        repository.write("entities.json", &entities(head));
        let codes = ["diff", "change"].map(|part| repository.check(&["--only", part]).code);
        assert_eq!(codes[0], codes[1], "a part has one name, and what reports call it is another");
        codes[0]
    };
    let base = of(false, &[lena], ALL, None);
    assert_eq!(code(&base, &of(true, &[lena, newbie("g")], ALL, None)), 0, "listed, and all are");
    // the members of the group may do what they could, and others may be among them: it is unknown as it was
    assert_eq!(code(&base, &of(true, &[lena], ALL, None)), 0, "all are listed");
    // more than the unlisted members could
    let weak = of(false, &[lena], LIST, None);
    assert_eq!(code(&weak, &of(true, &[lena, newbie("g")], ALL, None)), 1);
    assert_eq!(code(&weak, &of(true, &[lena, newbie("g")], LIST, None)), 0);
    // by another group, all of whose members were listed
    let two = |people: &[(&str, &str, &str)], known| of(known, people, LIST, Some("h"));
    let base = two(&[lena, ("u-dara", "dara", "h")], false);
    assert_eq!(code(&base, &two(&[lena, ("u-dara", "dara", "h"), newbie("h")], true)), 1);
    assert_eq!(code(&base, &two(&[lena, ("u-dara", "dara", "h"), newbie("g")], true)), 0);
    // where all were listed, who comes is new
    assert_eq!(code(&of(true, &[lena], ALL, None), &of(true, &[lena, newbie("g")], ALL, None)), 1);
}

/// Where the last member of a group who is listed leaves, nobody is said to gain what the group could do: who is in it is not known any more.
#[test]
fn who_is_left_in_a_group_gains_nothing() {
    let of = |people: &[(&str, &str, &str)], may| {
        staff(&[("g", "legal")], people, &[("Legal", "g", may)], "context.name == \"nobody\"")
    };
    let repository = Repository::new(&of(&[("u-lena", "lena", "g")], ALL));
    repository.write("entities.json", &entities(&of(&[], ALL)));
    let checked = repository.check(&["--only", "diff"]);
    let changes: Vec<_> =
        checked.document["diff"]["access"].as_array().into_iter().flatten().map(|e| e["change"].clone()).collect();
    assert!(
        !changes.is_empty()
            && changes.iter().all(|c| ["lost", "actions", "no-longer-known"].iter().any(|known| c == known)),
        "{}",
        checked.document
    );
    assert_eq!(checked.document["diff"]["newAccess"], json!([]), "{}", checked.document);
    assert_eq!(checked.code, 1, "who is in the group is unknown");
    // what the group may do besides is new
    let repository = Repository::new(&of(&[("u-lena", "lena", "g")], LIST));
    repository.write("entities.json", &entities(&of(&[], ALL)));
    let checked = repository.check(&["--only", "diff"]);
    assert!(checked.document.to_string().contains("\"change\":\"gained\""), "{}", checked.document);
}
