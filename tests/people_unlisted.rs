//! Guardrails about a person whom the inventory has, where it does not know of all groups and assignments (D31).

use crate::common::*;
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
