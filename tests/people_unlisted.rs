//! Guardrails about a person whom the inventory has, where it does not know of all groups and assignments (D31).

use crate::can_roles::can;
use crate::common::*;
use crate::people::only;
use countersign_core::guardrails::GuardrailState;
use serde_json::{Value, json};

fn not_dara(world: World) -> GuardrailState {
    let forbid = "@id(\"not-dara\") @message(\"accepts\")\nforbid (principal, action == Artifact::Action::\"may-accept-agreement\", resource)\n\
        when { context has person && context.person == Artifact::IdentityCenterUser::\"u-dara\" };\n";
    crate::people::guardrails(&world.file("guardrails/a.cedar", forbid))
        .pop()
        .map(|r| r.outcome)
        .unwrap_or(GuardrailState::Proved)
}

/// Whoever is in the group may accept; dara is listed, and has a permission set that may not.
fn world(account: Value, group: Value) -> World {
    let set = |name: &str, policies: Value, assignments: Value| json!({"uid": format!("PermissionSet::\"{name}\""), "attrs": {"policies": policies, "assignments": assignments}});
    World::new()
        .entity(json!({"uid": A, "attrs": account}))
        .entity(json!({"uid": "IdentityCenterGroup::\"g-legal\"", "attrs": group}))
        .entity(json!({"uid": "IdentityCenterUser::\"u-lena\"", "attrs": {"userName": "lena"}, "parents": ["g-legal"]}))
        .entity(json!({"uid": "IdentityCenterUser::\"u-dara\"", "attrs": {"userName": "dara"}}))
        .entity(set("Legal", json!([FULL]), json!([{"group": "g-legal", "accounts": [A]}])))
        .entity(set("Dev", json!([allows(&["s3:GetObject"])]), json!([{"user": "u-dara", "accounts": [A]}])))
}

#[test]
fn somebody_who_is_listed_may_be_where_not_all_are() {
    let (known, open) = (json!({"displayName": "legal"}), json!({"displayName": "legal", "membersKnown": false}));
    assert_ne!(not_dara(world(json!({}), known.clone())), GuardrailState::Unknown, "everybody is listed");
    assert_eq!(not_dara(world(json!({}), open)), GuardrailState::Unknown, "dara may be of legal");
    let assignments = json!({"assignmentsKnown": false});
    assert_eq!(not_dara(world(assignments, known)), GuardrailState::Unknown, "dara may have another permission set");
}

const DENIED: &str = "[[access]]\nprincipal = \"dara\"\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\nexpect = \"deny\"\n";

/// `can` and a promise that denies name the person, and what is not known of them.
#[test]
fn whoever_is_named_is_never_a_no_where_not_all_is_listed() {
    let known = || json!({"displayName": "legal"});
    let open = || json!({"displayName": "legal", "membersKnown": false});
    let instance = |world: World| {
        let uid = "IdentityCenterInstance::\"arn:aws:sso:::instance/ssoins-1234567890abcdef\"";
        world.entity(json!({"uid": uid, "attrs": {"groupsKnown": false}}))
    };
    for (world, missing) in [
        (world(json!({}), known()), None),
        (world(json!({}), open()), Some("members")),
        (instance(world(json!({}), known())), Some("members")),
        (world(json!({"assignmentsKnown": false}), known()), Some("assignments")),
    ] {
        let (code, text, json) = can(&world, "dara");
        let through = json["perhapsThrough"].as_array().unwrap();
        let unmet = only(&world, DENIED);
        assert_eq!(code, 1, "{text}");
        match missing {
            None => {
                assert!(text.starts_with("No. dara cannot accept"), "{text}");
                assert_eq!((through.len(), unmet.len()), (0, 0), "{unmet:?}");
            }
            Some(missing) => {
                assert!(text.starts_with("Unknown: "), "{text}");
                assert_eq!((&through[0]["person"], &through[0]["missing"]), (&json!("dara"), &json!([missing])));
                assert!(unmet.iter().any(|u| u.starts_with("perhaps dara")), "{unmet:?}");
            }
        }
        // lena may, whatever else she is
        let (code, text, json) = can(&world, "lena");
        assert_eq!((code, &json["perhapsThrough"]), (0, &json!([])), "{text}");
    }
    // somebody of whom no permission set is known at all
    let without = |mut world: World| {
        world.entities.retain(|e| e["uid"] != "PermissionSet::\"Dev\"");
        world
    };
    let (code, text, json) = can(&without(world(json!({}), open())), "dara");
    assert_eq!((code, &json["answers"]), (1, &json!([])), "{text}");
    assert!(text.starts_with("Unknown: ") && !text.contains("No. dara"), "{text}");
    let unmet = only(&without(world(json!({}), open())), DENIED);
    assert!(unmet.iter().any(|u| u.starts_with("perhaps dara")), "{unmet:?}");
    // the members of a group by which nobody may do it are no matter
    let mut reader = world(json!({}), open());
    let legal = |e: &&mut Value| e["uid"] == "PermissionSet::\"Legal\"";
    reader.entities.iter_mut().filter(legal).for_each(|e| e["attrs"]["policies"] = json!([allows(&["s3:GetObject"])]));
    let (_, text, json) = can(&reader, "dara");
    assert!(text.starts_with("No. ") && json["perhapsThrough"] == json!([]), "{text}");
    assert_eq!(only(&reader, DENIED), Vec::<String>::new());
}

/// Whoever has a permission set becomes the roles that it may assume: also somebody who is not listed.
#[test]
fn members_who_are_not_listed_stand_behind_the_roles_of_their_permission_set() {
    let world = |group: Value, account: Value| {
        let assume = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]));
        let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": root(A)}, "Action": "sts:AssumeRole"}]));
        let role =
            json!({"uid": format!("arn:aws:iam::{A}:role/legal"), "attrs": {"policies": [FULL], "trustPolicy": trust}});
        let set = json!({"policies": [assume], "assignments": [{"group": "g-dev", "accounts": [A]}]});
        World::new()
            .entity(json!({"uid": A, "attrs": account}))
            .entity(json!({"uid": "IdentityCenterGroup::\"g-dev\"", "attrs": group}))
            .entity(json!({"uid": "IdentityCenterUser::\"u-x\"", "attrs": {"userName": "x"}, "parents": ["g-dev"]}))
            .entity(json!({"uid": "IdentityCenterUser::\"u-dara\"", "attrs": {"userName": "dara"}}))
            .entity(json!({"uid": "PermissionSet::\"Dev\"", "attrs": set}))
            .entity(role)
    };
    let promise = |who: &str| {
        format!(
            "[[only]]\nprincipal = [\"{who}\", \"arn:aws:iam::*:root\"]\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\n"
        )
    };
    let known = world(json!({"displayName": "dev"}), json!({}));
    assert_eq!(only(&known, &promise("x")), Vec::<String>::new());
    let open = [
        world(json!({"displayName": "dev", "membersKnown": false}), json!({})),
        world(json!({"displayName": "dev"}), json!({"assignmentsKnown": false})),
    ];
    for (open, words) in open.iter().zip(["other members of dev, by", "people whose assignments are not listed, by"]) {
        let (inventory, options) = (open.load(), options_now());
        let role = format!("arn:aws:iam::{A}:role/legal");
        let roles = countersign_core::people::follow((&inventory, &RULES), &options, &[role.clone()].into()).unwrap();
        assert!(roles[&role].others.iter().any(|o| o.who.starts_with(words)), "{:?}", roles[&role].others);
        let unmet = only(open, &promise("x"));
        assert!(unmet.iter().any(|u| u.contains("legal")), "{unmet:?}");
        assert!(!only(open, DENIED).iter().all(|u| !u.contains("legal")), "dara may be one of them");
        let (code, text, json) = can(open, "dara");
        assert!(code == 1 && text.starts_with("Unknown: ") && text.contains("legal"), "{text}");
        assert_eq!(json["perhapsThrough"][0]["person"], "dara");
    }
    // the permission set stands for everyone who has it
    assert_eq!(only(&open[0], &promise("Dev")), Vec::<String>::new());
}
