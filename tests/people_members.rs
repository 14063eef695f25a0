//! Members of a group who were not all listed act through roles, too (D31); and nobody becomes a role of another partition.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::common::*;
use countersign_core::assessment::assess;
use countersign_core::diff::differences::AccessChange;
use countersign_core::guardrails::GuardrailState;
use countersign_core::people::{Behind, behind};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::222222222222:role/legal";

fn assuming(role: &str) -> Value {
    policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]))
}

fn trusting(account: &str) -> Value {
    policy(json!([{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]))
}

fn role(arn: &str, policies: Value, trusted: &str) -> Value {
    json!({"uid": format!("Role::\"{arn}\""), "attrs": {"policies": policies, "trustPolicy": trusting(trusted)}})
}

/// By the permission set Ops, whoever is of the group ops may assume the role of A that may accept. lena is the only member listed.
fn world(from: &str, group: Value) -> World {
    let assignments = json!([{"group": "g-ops", "accounts": [from]}]);
    let set =
        json!({"uid": "PermissionSet::\"Ops\"", "attrs": {"policies": [assuming(ROLE)], "assignments": assignments}});
    let lena = json!({"uid": "IdentityCenterUser::\"u-lena\"", "attrs": {"userName": "lena"}, "parents": ["g-ops"]});
    let mut attrs = group;
    attrs["displayName"] = json!("ops");
    World::organization()
        .account(B, json!({}), &[ORG])
        .entity(role(ROLE, json!([FULL]), from))
        .entity(json!({"uid": "IdentityCenterGroup::\"g-ops\"", "attrs": attrs}))
        .entity(lena)
        .entity(set)
}

fn open() -> Value {
    json!({"membersKnown": false})
}

fn stands_behind(world: &World, role: &str) -> Behind {
    let (inventory, options) = (world.load(), options_now());
    let assessment = assess(&inventory, &RULES, &options).unwrap();
    behind((&inventory, &RULES), &options, &assessment.principals).unwrap().remove(role).unwrap_or_default()
}

fn only(world: &World, listed: &str) -> Vec<String> {
    let text = format!(
        "[[only]]\nprincipal = [{listed}, \"arn:aws:iam::*:root\"]\noperation = \"accept\"\nagreement = \"baa\"\nscope = \"account\"\n"
    );
    crate::people::only(world, &text)
}

#[test]
fn members_who_are_not_listed_stand_behind_the_role() {
    for from in [A, B] {
        let known = stands_behind(&world(from, json!({})), ROLE);
        assert!(known.is_known() && known.assumers.len() == 1, "{from}");
        let found = stands_behind(&world(from, open()), ROLE);
        let who: Vec<&str> = found.others.iter().map(|o| o.who.as_str()).collect();
        assert_eq!(who, [format!("other members of ops, by permission set Ops in {from}")]);
        assert_eq!(found.others[0].roles, [ROLE]);
        assert_eq!(only(&world(from, json!({})), "\"lena\""), Vec::<String>::new());
        assert_eq!(only(&world(from, open()), "\"lena\"").len(), 2, "the role, and those who are not known at it");
        assert_eq!(only(&world(from, open()), "\"lena\", \"legal\"").len(), 1, "lena stands for herself alone");
        // a permission set that is named stands for everyone behind it
        assert_eq!(only(&world(from, open()), "\"Ops\""), Vec::<String>::new());
    }
}

/// The same where the groups of the identity store were not collected at all.
#[test]
fn groups_that_are_not_known_may_have_other_members() {
    let instance = json!({"uid": "IdentityCenterInstance::\"ssoins-1\"", "attrs": {"groupsKnown": false}});
    assert!(!stands_behind(&world(B, json!({})).entity(instance), ROLE).is_known());
}

/// They are followed through a chain of roles.
#[test]
fn members_are_followed_through_a_chain() {
    let last = "arn:aws:iam::222222222222:role/last";
    let chained = |group: Value| {
        let mut world = world(B, group);
        world.entities.retain(|e| e["uid"] != format!("Role::\"{ROLE}\""));
        world.entity(role(ROLE, json!([assuming(last)]), B)).entity(role(last, json!([FULL]), A))
    };
    let found = stands_behind(&chained(open()), last);
    assert_eq!(found.others.iter().map(|o| o.roles.clone()).collect::<Vec<_>>(), [vec![ROLE, last]]);
    assert!(stands_behind(&chained(json!({})), last).is_known());
}

/// Duties are apart only where it is known that nobody has both.
#[test]
fn a_guardrail_about_two_duties_is_not_proved() {
    let forbid = "@id(\"apart\") @message(\"both\")\nforbid (principal, action == Artifact::Action::\"may-accept-agreement\", resource)\n\
        when { context.may.contains(\"terminate-agreement\") && !(principal is Artifact::Root) };\n";
    let of = |group: Value| {
        let mut world = world(A, group);
        world.entities.retain(|e| e["uid"] != format!("Role::\"{ROLE}\""));
        let accepts = [
            "artifact:AcceptAgreement",
            "artifact:GetNdaForAgreement",
            "artifact:AcceptNdaForAgreement",
            "artifact:GetAgreement",
        ];
        let ends = ["artifact:TerminateAgreement", "artifact:GetCustomerAgreement"];
        let omar = json!({"uid": "IdentityCenterUser::\"u-omar\"", "attrs": {"userName": "omar"}});
        let set = json!({"uid": "PermissionSet::\"Acc\"", "attrs": {"policies": [allows(&accepts)],
            "assignments": [{"user": "u-omar", "accounts": [A]}]}});
        let world = world.entity(role(ROLE, json!([allows(&ends)]), A)).entity(omar).entity(set);
        crate::people::guardrails(&world.file("guardrails/a.cedar", forbid)).pop().unwrap().outcome
    };
    assert_ne!(of(json!({})), GuardrailState::Unknown);
    assert_eq!(of(open()), GuardrailState::Unknown, "omar may be of ops");
}

/// Members who may be there unseen come to stand behind the role: perhaps somebody gains access.
#[test]
fn a_group_whose_members_are_no_longer_known_may_give_access() {
    let found = compare(&world(B, json!({})), &world(B, open()));
    // who may have joined was listed before, and is not now (D31): neither gained nor lost, and no gate passes
    assert!(found.access.iter().all(|e| e.change != AccessChange::MayBeGained), "{:?}", found.access);
    assert!(found.verdict.access_is_unknown && !found.verdict.access_widens);
    let same = compare(&world(B, json!({})), &world(B, json!({})));
    assert!(!same.verdict.access_is_unknown && !same.verdict.access_widens);
}

/// A principal of one partition assumes no role of another, whomever the role trusts; `simulate` refuses the request.
#[test]
fn nobody_becomes_a_role_of_another_partition() {
    let of = |partition: &str, trusted: Value| {
        let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}]));
        let everything = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]));
        let user = format!("User::\"arn:{partition}:iam::{B}:user/jo\"");
        let world = World::new()
            .account(A, json!({}), &[])
            .account(B, json!({"partition": partition}), &[])
            .entity(json!({"uid": format!("Role::\"{ROLE}\""), "attrs": {"policies": [FULL], "trustPolicy": trust}}))
            .entity(json!({"uid": user, "attrs": {"policies": [everything]}}));
        let found = stands_behind(&world, ROLE);
        (found.assumers.len(), found.others.len())
    };
    assert_eq!(of("aws", json!("*")).0, 1);
    assert_eq!(of("aws-us-gov", json!("*")).0, 0);
    assert_eq!(of("aws", json!(B)), (1, 0));
    assert_eq!(of("aws-us-gov", json!(B)), (0, 0));
}

/// Who may assume a role, as far as their own policies go, perhaps becomes it where its trust policy is not known.
#[test]
fn a_trust_policy_that_is_not_known_may_let_somebody_assume_the_role() {
    let id = "arn:aws:iam::222222222222:policy/unknown";
    let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": root(B)}, "Action": "sts:AssumeRole"}]));
    let with = |trust: Value| {
        World::organization()
            .account(B, json!({}), &[ORG])
            .entity(json!({"uid": format!("IamPolicy::\"{id}\"")}))
            .entity(json!({"uid": format!("Role::\"{ROLE}\""), "attrs": {"policies": [FULL], "trustPolicy": trust}}))
            .user(A, "dev", json!([assuming(ROLE)]))
            .user(A, "clerk", json!([allows(&["s3:GetObject"])]))
    };
    let found = stands_behind(&with(json!(id)), ROLE);
    let names: Vec<(&str, bool)> = found.assumers.iter().map(|a| (a.identity.name.as_str(), a.certain)).collect();
    assert_eq!((names, found.others.len()), (vec![("dev", false)], 1));
    let access = "[[access]]\nprincipal = \"dev\"\noperation = \"accept\"\nagreement = \"baa\"\nscope = \"account\"\naccount = \"222222222222\"\nexpect = \"deny\"\n";
    assert_eq!(crate::people::only(&with(json!(id)), access).len(), 1, "not denied for certain");
    assert_eq!(crate::people::only(&with(trust), access), Vec::<String>::new(), "the policy names others");
}
