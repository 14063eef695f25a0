//! What the rules need not be asked about: the answers are the same as if they were asked about everything.

use std::collections::BTreeSet;

use crate::common::*;
use countersign_core::agreements::Agreements;
use countersign_core::agreements::narrowing::Narrowing;
use countersign_core::inventory::Inventory;
use countersign_core::policies::RuleBook;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::{Value, json};

/// Another organization, and accounts that stand nowhere or in the other partition.
const OTHER: &str = "o-otherorgid0";
const C: &str = "444444444444";
const GOV: &str = "555555555555";

type Interval = (i64, Option<i64>);

fn interval() -> impl Strategy<Value = Interval> {
    (0..12i64, prop::option::of(1..8i64)).prop_map(|(start, length)| (start, length.map(|l| start + l)))
}

pub fn day(n: i64) -> String {
    (at("2024-01-01") + chrono::Duration::days(n)).format("%Y-%m-%d").to_string()
}

fn attributes(mut attrs: Value, (start, end): Interval, names: [&str; 2]) -> Value {
    attrs[names[0]] = json!(day(start));
    if let Some(end) = end {
        attrs[names[1]] = json!(day(end));
    }
    attrs
}

/// Acceptances, memberships in two organizations that follow each other, designations, and lists that were not collected.
pub fn worlds() -> impl Strategy<Value = World> {
    let kind = || prop::sample::select(vec!["baa", "andb"]);
    let by = prop::sample::select(vec![
        ("account", M),
        ("account", A),
        ("account", B),
        ("account", C),
        ("organization", ORG),
        ("organization", OTHER),
    ]);
    let accepted = prop::collection::vec((kind(), by, interval()), 0..7);
    let memberships = (prop::option::of((0..6i64, 1..5i64)), any::<bool>(), prop::option::of(0..12i64));
    let designated = prop::collection::vec((prop::sample::select(vec![A, B, C]), interval()), 0..4);
    let unlisted = prop::sample::subsequence(vec![M, A, B, C, "666666666666"], 0..4);
    (accepted, memberships, designated, unlisted, interval()).prop_map(|(accepted, memberships, designated, unlisted, offline)| {
        let attrs = |id: &str| json!({"agreementsKnown": !unlisted.contains(&id)});
        let (earlier, is_member, known_since) = memberships;
        let mut own = attrs(A);
        let mut of_a = Vec::new();
        let mut from = 0;
        if let Some((start, length)) = earlier {
            of_a.push(json!({"organization": OTHER, "from": day(start), "until": day(start + length)}));
            from = start + length;
        }
        if is_member {
            of_a.push(json!({"organization": ORG, "from": day(from)}));
        }
        own["memberships"] = json!(of_a);
        if let Some(since) = known_since.filter(|s| earlier.is_none_or(|(start, _)| start >= *s) && (earlier.is_some() || *s == 0)) {
            own["membershipsKnownSince"] = json!(day(since));
        }
        let a_parents: &[&str] = if is_member { &[ORG] } else { &[] };
        let other = json!({"featureSet": "ALL", "managementAccount": "666666666666"});
        // an account of the other partition that was once in an organization of this one: its agreements never cover it
        let gov = json!({"partition": "aws-us-gov", "memberships": [{"organization": ORG, "from": day(0), "until": day(9)}]});
        let mut world = World::new()
            .org(json!({}))
            .entity(json!({"uid": OTHER, "attrs": other}))
            .account(M, attrs(M), &[ORG])
            .account("666666666666", attrs("666666666666"), &[OTHER])
            .account(A, own, a_parents)
            .account(B, attrs(B), &[ORG])
            .account(C, attrs(C), &[])
            .account(GOV, gov, &[]);
        for (index, (kind, (scope, of), when)) in accepted.into_iter().enumerate() {
            let attrs = attributes(json!({"agreement": kind, scope: of}), when, ["effectiveStart", "effectiveEnd"]);
            world = world.entity(json!({"uid": format!("customer-agreement-{index:016}"), "attrs": attrs}));
        }
        // an account is designated once at a time
        let mut seen = BTreeSet::new();
        let once = designated.into_iter().filter(|(account, _)| seen.insert(*account));
        let designations: Vec<Value> =
            once.map(|(account, when)| attributes(json!({"account": account}), when, ["from", "until"])).collect();
        let attrs = attributes(json!({"kind": "baa", "designations": designations}), offline, ["effectiveStart", "effectiveEnd"]);
        world.entity(json!({"uid": "OfflineAgreement::\"offline-baa\"", "attrs": attrs}))
    })
}

/// What is in force for every account, and where each stands.
fn answers(agreements: &Agreements<'_>) -> Vec<String> {
    let of = |account: &countersign_core::inventory::model::Account| {
        let standing = agreements.standing(account).unwrap();
        let entities = agreements.entities(account, &standing, &[]).unwrap();
        let rows = agreements.coverage(account, &standing, &entities).unwrap();
        format!("{} {standing:?} {rows:#?}", account.id)
    };
    agreements.tree.accounts.values().map(of).collect()
}

fn the_same_answers(rules: &RuleBook, worlds: u32, seed: u64) -> usize {
    let config = ProptestConfig {
        cases: worlds,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    };
    let covered = std::cell::Cell::new(0);
    let property = |(world, asked): (World, i64)| {
        let folder = world.folder();
        let inventory =
            Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
        let moment = at(&day(asked));
        let narrowed =
            countersign_core::stack::evaluate(|| Ok(answers(&Agreements::new(&inventory, rules, moment)))).unwrap();
        let all =
            countersign_core::stack::evaluate(|| Ok(answers(&Agreements::asking_about_all(&inventory, rules, moment))))
                .unwrap();
        prop_assert_eq!(&narrowed, &all);
        covered.set(covered.get() + all.iter().filter(|a| a.contains("coverage: Covered")).count());
        Ok(())
    };
    TestRunner::new(config).run(&(worlds_at()), property).unwrap_or_else(|e| panic!("{e}"));
    covered.get()
}

fn worlds_at() -> impl Strategy<Value = (World, i64)> {
    (worlds(), 0..14i64)
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string_pretty(&self.entities).unwrap())
    }
}

#[test]
fn the_built_in_rules_are_narrowed_and_answer_the_same() {
    assert!(Narrowing::of(&RULES).is_complete());
    let covered = the_same_answers(&RULES, 1000, 1);
    assert!(covered > 1000, "the worlds cover accounts: {covered}");
}

#[test]
fn rules_that_cover_only_the_management_account_are_asked_about_all_acceptances() {
    let own = rules_with(
        "agreements/in_force.cedar",
        "resource in principal.organization",
        "principal.organization has featureSet && [principal.agreement.kind].contains(\"baa\")",
    );
    assert_eq!(Narrowing::of(&own).in_force_for("CustomerAgreement"), None);
    assert!(Narrowing::of(&own).in_force_for("OfflineAgreement").is_some());
    assert!(the_same_answers(&own, 200, 2) > 200);
}

#[test]
fn rules_with_a_time_of_grace_let_memberships_overlap() {
    let own = rules_with(
        "agreements/standing.cedar",
        "unless { principal has until && principal.until <= context.at };\n\n@id(\"deleted",
        "unless { principal has until && principal.until.offset(duration(\"3d\")) <= context.at };\n\n@id(\"deleted",
    );
    assert!(Narrowing::of(&own).is_complete());
    assert!(the_same_answers(&own, 200, 3) > 200);
}

#[test]
fn rules_that_relate_nothing_to_the_account_are_asked_about_everything() {
    let own = rules_with(
        "agreements/standing.cedar",
        "when { principal.account == resource }",
        "when { resource has state }",
    );
    let narrowing = Narrowing::of(&own);
    assert!(narrowing.holds_for("Membership").is_none() && narrowing.holds_for("Designation").is_none());
    assert!(narrowing.in_force_for("OfflineAgreement").is_some());
    assert!(the_same_answers(&own, 200, 4) > 200);
}

#[test]
fn a_relation_counts_only_as_a_conjunct_of_a_when() {
    let narrowed = |condition: &str| {
        let own = rules_with(
            "agreements/in_force.cedar",
            "when { principal has account && principal.account == resource }",
            condition,
        );
        Narrowing::of(&own).in_force_for("CustomerAgreement").is_some()
    };
    assert!(narrowed("when { principal has account && resource == principal.account }"));
    assert!(narrowed(
        "when { principal has account } when { context.at > principal.effectiveStart && (principal has account && principal.account == resource) }"
    ));
    assert!(!narrowed("when { principal has account && (principal.account == resource || resource has phi) }"));
    assert!(!narrowed("unless { principal has account && principal.account == resource }"));
    assert!(!narrowed("when { principal has account && !(principal.account == resource) }"));
    assert!(!narrowed("when { if principal has account then principal.account == resource else false }"));
}
