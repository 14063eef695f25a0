//! Nobody acts from an account that is closed or suspended (D26): neither in it, nor as a role of another account.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::common::*;
use countersign_core::assessment::{Options, assess};
use countersign_core::people::{Behind, behind};
use serde_json::json;

const ROLE: &str = "arn:aws:iam::222222222222:role/legal-admin";

/// A role of A that may accept, which trusts principals of B; and B, in a state.
fn world(state: &str, trusted: &str, with_dev: bool) -> World {
    let trust = policy(json!([{"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}]));
    let assume = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}]));
    let world = World::organization()
        .account(B, json!({"state": state}), &[ORG])
        .entity(json!({"uid": ROLE, "attrs": {"policies": [FULL], "trustPolicy": trust}}));
    if with_dev { world.user(B, "dev", json!([assume])) } else { world }
}

fn stands_behind(world: &World, any_state: bool) -> Behind {
    let (inventory, options) = (world.load(), Options { any_state, ..options_now() });
    let assessment = assess(&inventory, &RULES, &options).unwrap();
    behind((&inventory, &RULES), &options, &assessment.principals).unwrap().remove(ROLE).unwrap_or_default()
}

fn only(world: &World) -> Vec<String> {
    let text = "[[only]]\nprincipal = [\"legal-admin\", \"arn:aws:iam::*:root\"]\noperation = \"accept\"\n\
        agreement = \"baa\"\nscope = \"account\"\naccount = \"222222222222\"\n";
    crate::people::only(world, text)
}

#[test]
fn nobody_becomes_a_role_from_an_account_that_is_not_active() {
    for (state, certain) in [
        ("ACTIVE", Some(true)),
        ("SUSPENDED", None),
        ("CLOSED", None),
        ("PENDING_ACTIVATION", None),
        // no source says what still works
        ("PENDING_CLOSURE", Some(false)),
    ] {
        for trusted in [user(B, "dev"), root(B)] {
            let world = world(state, &trusted, true);
            let found = stands_behind(&world, false);
            assert_eq!(found.assumers.first().map(|a| a.certain), certain, "{state} {trusted}");
            assert!(found.is_known(), "{:?}", found.others);
            let unmet = only(&world);
            assert_eq!(unmet.len(), usize::from(certain.is_some()), "{state}: {unmet:?}");
            assert!(unmet.iter().all(|u| u.contains("perhaps by assuming") == (certain == Some(false))), "{unmet:?}");
            let depends: Vec<&String> = found.assumers.iter().flat_map(|a| &a.depends_on).collect();
            match certain {
                Some(false) => assert_eq!(depends, ["whether anybody can still act from account 333333333333"]),
                _ => assert!(depends.is_empty(), "{depends:?}"),
            }
            // what is proved of permissions, whatever the state, holds once the account is reinstated
            assert_eq!(stands_behind(&world, true).assumers.len(), 1, "{state}");
        }
    }
}

/// Neither does somebody who is not in the inventory, by whatever name the trust policy has for them.
#[test]
fn nobody_who_is_not_listed_acts_from_there_either() {
    for (state, others) in [("ACTIVE", 1), ("SUSPENDED", 0), ("CLOSED", 0), ("PENDING_CLOSURE", 1)] {
        let found = stands_behind(&world(state, &user(B, "gone"), false), false);
        assert_eq!(found.others.len(), others, "{state}: {:?}", found.others);
        let mut world = world(state, &root(B), false);
        world.entities.iter_mut().filter(|e| e["uid"] == B).for_each(|e| e["attrs"]["principalsKnown"] = json!(false));
        assert_eq!(stands_behind(&world, false).others.len(), others, "{state}");
    }
}

/// A role of a suspended account is no step on the way to another.
#[test]
fn a_role_of_a_suspended_account_is_no_step() {
    let step = "arn:aws:iam::333333333333:role/step";
    let trust = |who: &str| policy(json!([{"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}]));
    let assume = |role: &str| policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]));
    for (state, assumers) in [("ACTIVE", 1), ("SUSPENDED", 0)] {
        let world = world(state, step, false)
            .user(M, "dev", json!([assume(step)]))
            .entity(json!({"uid": step, "attrs": {"policies": [assume(ROLE)], "trustPolicy": trust(&user(M, "dev"))}}));
        assert_eq!(stands_behind(&world, false).assumers.len(), assumers, "{state}");
    }
}

/// The account is reinstated: its user comes to stand behind the role, which `diff` tells.
#[test]
fn who_can_act_again_is_told() {
    let (old, new) = (world("SUSPENDED", &root(B), true), world("ACTIVE", &root(B), true));
    let gained = |base: &World, head: &World| -> Vec<String> {
        let found = compare(base, head);
        let people = found.access.iter().filter(|e| e.widens()).flat_map(|e| e.people.clone());
        people.filter(|p| p.through == ROLE).map(|p| p.person).collect()
    };
    assert!(gained(&old, &new).contains(&"user dev".to_owned()), "{:?}", gained(&old, &new));
    assert_eq!(gained(&new, &old), Vec::<String>::new());
    assert_eq!(gained(&old, &old.clone()), Vec::<String>::new());
}
