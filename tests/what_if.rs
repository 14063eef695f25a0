//! What a change would do: each change, its inverse, the same inventory edited by hand, and what is advised before it.

use std::path::Path;

use countersign_core::assessment::{Options, assess};
use countersign_core::diff::{Diff, Side, diff};
use countersign_core::history::{Query, history};
use countersign_core::inventory::Inventory;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, SourceFile};
use countersign_core::source::Folder;
use countersign_core::what_if::consequences;
use countersign_core::what_if::{Becomes, Change, Named, apply, file, read_policy};
use serde_json::{Value, json};

use crate::common::*;

const AT: &str = "2026-11-01";
const OTHER: &str = "o-otherorgid0";
const C: &str = "444444444444";
const UNIT: &str = "ou-ab12-clinical1";
const SCP: &str = "p-protect1";
const PERSON: &str = "u-dara";

/// An organization with a BAA, a unit, an account outside it, people, and a policy to attach.
fn world() -> World {
    World::organization()
        .entity(json!({"uid": UNIT, "attrs": {"name": "clinical"}, "parents": [ORG]}))
        .entity(json!({"uid": OTHER, "attrs": {"featureSet": "CONSOLIDATED_BILLING", "managementAccount": "666666666666", "trustedAccess": true, "serviceRole": true}}))
        .account("666666666666", json!({}), &[OTHER])
        .account(B, json!({}), &[])
        .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None)
        .user(A, "jane", json!([]))
        .user(M, "clerk", json!([allows(&["artifact:*", "organizations:DescribeOrganization"])]))
        .entity(json!({"uid": user(A, "joe"), "parents": [format!("Group::\"arn:aws:iam::{A}:group/legal\"")]}))
        .entity(json!({"uid": format!("arn:aws:iam::{A}:group/legal"), "attrs": {"policies": [FULL]}}))
        .entity(json!({"uid": "IamPolicy::\"p-protect1\"", "attrs": {"document": deny("organizations:LeaveOrganization").to_string()}}))
        .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": [FULL], "assignments": [{"user": "u-maria", "accounts": [M]}]}}))
        .entity(json!({"uid": "IdentityCenterUser::\"u-maria\"", "attrs": {"userName": "maria"}}))
        .entity(json!({"uid": "IdentityCenterUser::\"u-dara\"", "attrs": {"userName": "dara"}}))
        .entity(json!({"uid": "IdentityCenterGroup::\"g-legal\"", "attrs": {"displayName": "counsel"}}))
}

fn deny(action: &str) -> Value {
    policy(json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]))
}

fn options() -> Options {
    Options { at: at(AT), snapshot: at(AT), ..Options::default() }
}

fn after(world: &World, changes: &[Change]) -> Inventory {
    apply(&world.load(), &RULES, changes, at(AT)).unwrap_or_else(|f| panic!("{}", words(&f)))
}

fn answers(inventory: &Inventory) -> Answers {
    Answers(serde_json::to_value(assess(inventory, &RULES, &options()).unwrap()).unwrap())
}

fn s(text: &str) -> String {
    text.to_owned()
}

fn leave(account: &str) -> Change {
    Change::Leave { account: s(account) }
}

fn join(account: &str, organization: &str) -> Change {
    Change::Join { account: s(account), organization: s(organization) }
}

fn attach(to: &str, policy: &str) -> Change {
    Change::Attach { to: s(to), policy: Named::Known(s(policy)) }
}

fn detach(from: &str, policy: &str) -> Change {
    Change::Detach { from: s(from), policy: s(policy) }
}

fn terminate(of: &str) -> Change {
    Change::Terminate { of: s(of), kind: Some(s("baa")) }
}

fn accept(by: &str) -> Change {
    Change::Accept { by: s(by), kind: s("baa") }
}

#[test]
fn each_change_of_accounts_and_agreements_changes_coverage_as_the_rules_say() {
    let baa = |changes: &[Change], account: &str| answers(&after(&world(), changes)).baa(account);
    assert_eq!(baa(&[leave(A)], A), "not-covered", "R51");
    assert_eq!(baa(&[join(B, ORG)], B), "covered organization", "R35");
    assert_eq!(baa(&[join(A, OTHER)], A), "not-covered", "R41, R43: it moves, and the other organization has none");
    assert_eq!(baa(&[accept(A), leave(A)], A), "covered account", "R54");
    assert_eq!(baa(&[leave(A), accept(A)], A), "covered account");
    assert_eq!(baa(&[terminate(ORG)], A), "not-covered", "R62");
    assert_eq!(baa(&[accept(A), terminate(ORG)], A), "covered account", "R49, R50");
    let by_id = Change::Terminate { of: s("customer-agreement-OrgBaa1234567890"), kind: None };
    assert_eq!(baa(&[by_id], M), "not-covered");
    let close = Change::Close { account: s(A) };
    assert_eq!(baa(std::slice::from_ref(&close), A), "covered organization", "D14");
    let closed = answers(&after(&world(), &[close]));
    assert_eq!(closed.gates(&user(A, "jane"), "accept-agreement", "account")[0], "account-closed", "D26");
    assert_eq!(baa(&[Change::Move { account: s(A), to: s(UNIT) }], A), "covered organization", "R45, D1");
    let delete = Change::Delete { organization: s(ORG) };
    assert_eq!(baa(&[leave(A), delete], M), "not-covered", "R51");
    let offline = world().offline(json!([{"account": B, "from": "2020-01-01"}]));
    let removed = Change::RemoveDesignation { account: s(B), kind: s("baa") };
    assert_eq!(answers(&after(&offline, &[])).baa(B), "covered offline");
    assert_eq!(answers(&after(&offline, &[removed])).baa(B), "not-covered", "R74");
}

#[test]
fn each_change_of_permissions_changes_decisions() {
    let decision = |changes: &[Change], who: &str, operation: &str, scope: &str| {
        answers(&after(&world(), changes)).decision(who, operation, scope).to_owned()
    };
    let jane = user(A, "jane");
    let accepts = |changes: &[Change]| decision(changes, &jane, "accept-agreement", "account");
    assert_eq!(accepts(&[]), "deny");
    assert_eq!(accepts(&[attach(&jane, FULL)]), "allow");
    assert_eq!(accepts(&[attach("jane", FULL), detach("jane", FULL)]), "deny");
    assert_eq!(accepts(&[Change::AddToGroup { user: s("jane"), group: s("legal") }]), "allow");
    let group = format!("arn:aws:iam::{A}:group/legal");
    let joined = Change::AddToGroup { user: s("jane"), group: group.clone() };
    assert_eq!(accepts(&[joined.clone(), Change::RemoveFromGroup { user: s("jane"), group: group.clone() }]), "deny");
    // service control policies at the account, its unit and the root
    let denies = read_policy(&SourceFile::new("deny.json", deny("artifact:AcceptAgreement").to_string())).unwrap();
    let scp =
        |to: &str| Change::Attach { to: s(to), policy: Named::Document(s("deny.json"), Box::new(denies.clone())) };
    for to in [A, ORG] {
        assert_eq!(accepts(&[joined.clone(), scp(to)]), "deny", "{to}");
    }
    let moved = Change::Move { account: s(A), to: s(UNIT) };
    assert_eq!(accepts(&[joined.clone(), scp(UNIT)]), "allow", "the account is not in the unit");
    assert_eq!(accepts(&[joined.clone(), scp(UNIT), moved]), "deny");
    assert_eq!(accepts(&[joined.clone(), detach(ORG, "p-FullAWSAccess")]), "deny");
    let replaced = Change::Replace {
        at: group,
        old: s(FULL),
        new: Named::Known(s("arn:aws:iam::aws:policy/AWSArtifactAgreementsReadOnlyAccess")),
    };
    assert_eq!(accepts(&[joined, replaced]), "deny");
    let assigned = Change::Assign { to: s("dara"), set: s("Legal"), account: s(A) };
    let people = answers(&after(&world(), &[assigned]));
    let found = people.0["principals"].as_array().unwrap().iter().any(|p| {
        p["account"] == A && p["people"].as_array().unwrap().iter().any(|person| person["userName"] == "dara")
    });
    assert!(found, "{PERSON} acts in {A}");
}

#[test]
fn organizations_change_what_their_gates_ask_for() {
    let clerk = user(M, "clerk");
    let becomes = |becomes: Becomes| Change::Organization { organization: s(ORG), becomes };
    let gates = |changes: &[Change]| {
        let answers = answers(&after(&world(), changes));
        answers.gates(&clerk, "terminate-agreement", "organization").iter().map(|g| s(g)).collect::<Vec<_>>()
    };
    assert!(!gates(&[]).contains(&s("trusted-access")));
    assert!(gates(&[becomes(Becomes::WithoutTrustedAccess)]).contains(&s("trusted-access")), "R18, D9");
    assert!(gates(&[becomes(Becomes::WithoutServiceRole)]).contains(&s("service-role")), "R19, D9");
    let all = Change::Organization { organization: s(OTHER), becomes: Becomes::AllFeatures };
    let of_other = |changes: &[Change]| {
        let answers = answers(&after(&world(), changes));
        answers.gates(&root("666666666666"), "accept-agreement", "organization").contains(&"all-features")
    };
    assert!(of_other(&[]) && !of_other(&[all]), "R17, R36");
}

#[test]
fn a_change_of_policy_or_unit_and_its_inverse_give_the_first_assessment_again() {
    let moved = |to: &str| Change::Move { account: s(A), to: s(to) };
    let jane = user(A, "jane");
    let group = format!("arn:aws:iam::{A}:group/legal");
    let first = answers(&world().load()).0;
    let pairs = [
        [attach(&jane, FULL), detach(&jane, FULL)],
        [detach(&group, FULL), attach(&group, FULL)],
        [attach("Legal", ADMIN), detach("Legal", ADMIN)],
        [attach(A, SCP), detach(A, SCP)],
        [attach(UNIT, SCP), detach(UNIT, SCP)],
        [attach(ORG, SCP), detach(ORG, SCP)],
        [moved(UNIT), moved(ORG)],
        [
            Change::AddToGroup { user: jane.clone(), group: group.clone() },
            Change::RemoveFromGroup { user: jane, group: group.clone() },
        ],
        [
            Change::Replace { at: group.clone(), old: s(FULL), new: Named::Known(s(ADMIN)) },
            Change::Replace { at: group, old: s(ADMIN), new: Named::Known(s(FULL)) },
        ],
    ];
    for [change, inverse] in pairs {
        let once = answers(&after(&world(), std::slice::from_ref(&change))).0;
        assert_eq!(answers(&after(&world(), &[change.clone(), inverse])).0, first, "{change}");
        let matters = !change.to_string().contains(UNIT) && !change.to_string().contains(SCP);
        assert!(once != first || !matters, "{change} changes something");
    }
}

#[test]
fn leaving_and_coming_back_restores_current_coverage_and_the_history_keeps_the_gap() {
    let left = apply(&world().load(), &RULES, &[leave(A)], at("2026-11-01")).unwrap();
    let back = apply(&left, &RULES, &[join(A, ORG)], at("2026-11-08")).unwrap();
    let asked = Options { at: at("2026-11-08"), snapshot: at("2026-11-08"), ..Options::default() };
    let found = Answers(serde_json::to_value(assess(&back, &RULES, &asked).unwrap()).unwrap());
    assert_eq!(found.baa(A), "covered organization");
    let told = history(
        &back,
        &RULES,
        &Query { to: at("2026-12-01"), accounts: vec![s(A)], kinds: vec![s("baa")], ..Query::default() },
    );
    let told = told.unwrap();
    let [gap] = told.accounts[0].agreements[0].gaps.as_slice() else { panic!("one gap") };
    assert_eq!(
        (gap.from.as_deref(), gap.until.as_deref()),
        (Some("2026-11-01T00:00:00Z"), Some("2026-11-08T00:00:00Z"))
    );
}

/// What cannot be undone in the history is undone in what covers an account now: an organization that is left to be deleted is another one
/// when it is made again, and a designation is given again by AWS alone (R72), so that both are put back by hand.
#[test]
fn what_is_deleted_or_removed_and_put_back_covers_as_before_and_the_history_keeps_the_gap() {
    let week = "2026-11-08";
    let at_week = Options { at: at(week), snapshot: at(week), ..Options::default() };
    let now =
        |inventory: &Inventory| Answers(serde_json::to_value(assess(inventory, &RULES, &at_week).unwrap()).unwrap());
    let gaps = |inventory: &Inventory, account: &str| {
        let query =
            Query { to: at("2026-12-01"), accounts: vec![s(account)], kinds: vec![s("baa")], ..Query::default() };
        let told = history(inventory, &RULES, &query).unwrap();
        let edge = |edge: &Option<String>| edge.as_deref().map(|m| m[..10].to_owned());
        told.accounts[0].agreements[0].gaps.iter().map(|g| (edge(&g.from), edge(&g.until))).collect::<Vec<_>>()
    };
    let gap = [(Some(s("2026-11-01")), Some(s(week)))];
    // the members of a deleted organization are covered by another one that they join
    let deleted = [leave(A), Change::Delete { organization: s(ORG) }];
    let after = apply(&world().load(), &RULES, &deleted, at("2026-11-01")).unwrap();
    assert_eq!((now(&after).baa(A), now(&after).baa(M)), (s("not-covered"), s("not-covered")), "R51");
    let other = Change::Organization { organization: s(OTHER), becomes: Becomes::AllFeatures };
    let again = apply(&after, &RULES, &[other, accept(OTHER), join(A, OTHER), join(M, OTHER)], at(week));
    let again = again.unwrap_or_else(|f| panic!("{}", words(&f)));
    assert_eq!((now(&again).baa(A), now(&again).baa(M)), (s("covered organization"), s("covered organization")), "R35");
    assert_eq!((gaps(&again, A).as_slice(), gaps(&again, M).as_slice()), (&gap[..], &gap[..]));
    // a designation that AWS gives again
    let designated = json!([{"account": B, "from": "2020-01-01"}]);
    let removed = [Change::RemoveDesignation { account: s(B), kind: s("baa") }];
    let removed = apply(&world().offline(designated).load(), &RULES, &removed, at("2026-11-01")).unwrap();
    assert_eq!(now(&removed).baa(B), "not-covered", "R74");
    assert_eq!(gaps(&removed, B), [(Some(s("2026-11-01")), None)]);
    let twice = json!([{"account": B, "from": "2020-01-01", "until": "2026-11-01"}, {"account": B, "from": week}]);
    let back = world().offline(twice).load();
    assert_eq!(now(&back).baa(B), "covered offline", "R72");
    assert_eq!(gaps(&back, B), gap);
}

/// A difference without the places of the changes.
fn compared(base: &Inventory, head: &Inventory) -> Value {
    let options = options();
    let side = |inventory| Side { inventory, options: &options };
    let found: Diff = diff(&side(base), &side(head), &RULES).unwrap();
    let mut value = serde_json::to_value(found).unwrap();
    without_places(&mut value);
    value
}

fn without_places(value: &mut Value) {
    match value {
        Value::Object(members) => {
            ["file", "line"].iter().for_each(|key| drop(members.remove(*key)));
            members.values_mut().for_each(without_places);
        }
        Value::Array(items) => items.iter_mut().for_each(without_places),
        _ => {}
    }
}

fn edited(change: impl Fn(&mut Value)) -> Inventory {
    let mut world = world();
    world.entities.iter_mut().for_each(change);
    world.load()
}

#[test]
fn the_answer_is_the_difference_from_the_inventory_edited_by_hand() {
    let base = world().load();
    let jane = user(A, "jane");
    let by_hand: Vec<(Change, Inventory)> = vec![
        (
            leave(A),
            edited(|e| {
                if e["uid"] == A {
                    e["parents"] = json!([]);
                    e["attrs"]["memberships"] = json!([{"organization": ORG, "until": AT}]);
                }
            }),
        ),
        (
            join(B, ORG),
            edited(|e| {
                if e["uid"] == B {
                    e["parents"] = json!([ORG]);
                    e["attrs"]["memberships"] = json!([{"organization": ORG, "from": AT}]);
                }
            }),
        ),
        (
            terminate(ORG),
            edited(|e| {
                if e["uid"] == "customer-agreement-OrgBaa1234567890" {
                    e["attrs"]["effectiveEnd"] = json!(AT);
                }
            }),
        ),
        (
            attach(&jane, FULL),
            edited(|e| {
                if e["uid"] == jane.as_str() {
                    e["attrs"]["policies"] = json!([FULL]);
                }
            }),
        ),
        (
            Change::Move { account: s(A), to: s(UNIT) },
            edited(|e| {
                if e["uid"] == A {
                    e["parents"] = json!([UNIT]);
                }
            }),
        ),
    ];
    for (change, head) in by_hand {
        let made = apply(&base, &RULES, std::slice::from_ref(&change), at(AT)).unwrap();
        assert_eq!(compared(&base, &made), compared(&base, &head), "{change}");
    }
}

/// One entity's attributes, as a hand would edit them.
fn with(uid: &str, attrs: &[(&str, Value)]) -> Inventory {
    edited(|e| {
        if e["uid"] == uid {
            attrs.iter().for_each(|(attr, value)| e["attrs"][*attr] = value.clone());
        }
    })
}

#[test]
fn the_answer_is_the_difference_from_the_inventory_edited_by_hand_for_each_kind_of_change() {
    let group = format!("arn:aws:iam::{A}:group/legal");
    let becomes = |of: &str, becomes| Change::Organization { organization: s(of), becomes };
    let acceptance = |by: &str, of: &str| {
        let mut world = world();
        let attrs = json!({"agreement": "baa", by: of, "effectiveStart": AT});
        world.entities.push(json!({"uid": "customer-agreement-WhatIf0000000001", "attrs": attrs}));
        world.load()
    };
    let assigned = json!([{"user": "u-maria", "accounts": [M]}, {"user": "u-dara", "accounts": [A]}]);
    let by_hand: Vec<(Vec<Change>, Inventory)> = vec![
        (vec![Change::Close { account: s(A) }], with(A, &[("state", json!("CLOSED")), ("closedAt", json!(AT))])),
        (vec![accept(A)], acceptance("account", A)),
        (vec![accept(B)], acceptance("account", B)),
        (vec![becomes(OTHER, Becomes::AllFeatures)], with(OTHER, &[("featureSet", json!("ALL"))])),
        (vec![becomes(ORG, Becomes::WithoutTrustedAccess)], with(ORG, &[("trustedAccess", json!(false))])),
        (vec![becomes(ORG, Becomes::WithoutServiceRole)], with(ORG, &[("serviceRole", json!(false))])),
        (
            vec![becomes(ORG, Becomes::WithoutServiceRole), becomes(ORG, Becomes::SetUp)],
            with(ORG, &[("serviceRole", json!(true)), ("trustedAccess", json!(true))]),
        ),
        (vec![detach(&group, FULL)], with(&group, &[("policies", json!([]))])),
        (
            vec![Change::Replace { at: group.clone(), old: s(FULL), new: Named::Known(s(ADMIN)) }],
            with(&group, &[("policies", json!([ADMIN]))]),
        ),
        (
            vec![Change::Assign { to: s("dara"), set: s("Legal"), account: s(A) }],
            with("PermissionSet::\"Legal\"", &[("assignments", assigned)]),
        ),
        (
            vec![Change::AddToGroup { user: user(A, "jane"), group: group.clone() }],
            edited(|e| {
                if e["uid"] == user(A, "jane").as_str() {
                    e["parents"] = json!([format!("Group::\"{group}\"")]);
                }
            }),
        ),
        (
            vec![join(A, OTHER)],
            edited(|e| {
                if e["uid"] == A {
                    e["parents"] = json!([OTHER]);
                    e["attrs"]["memberships"] =
                        json!([{"organization": ORG, "until": AT}, {"organization": OTHER, "from": AT}]);
                }
            }),
        ),
        // the organization ends for its last account, and what it attached goes with it (R51)
        (vec![leave(A), Change::Delete { organization: s(ORG) }], {
            let mut world = world();
            world.entities.retain(|e| e["uid"] != UNIT);
            for e in &mut world.entities {
                if e["uid"] == A || e["uid"] == M {
                    e["attrs"]["memberships"] = json!([{"organization": ORG, "until": AT}]);
                    e["parents"] = json!([]);
                }
                if e["uid"] == ORG {
                    e["attrs"]["deletedAt"] = json!(AT);
                }
            }
            world.load()
        }),
        // what begins and ends at one moment never was (D5)
        (vec![accept(A), terminate(A)], world().load()),
        (
            vec![leave(A), join(A, OTHER), leave(A)],
            edited(|e| {
                if e["uid"] == A {
                    e["parents"] = json!([]);
                    e["attrs"]["memberships"] = json!([{"organization": ORG, "until": AT}]);
                }
            }),
        ),
    ];
    let base = world().load();
    for (changes, head) in by_hand {
        let made = apply(&base, &RULES, &changes, at(AT)).unwrap_or_else(|f| panic!("{}", words(&f)));
        assert_eq!(compared(&base, &made), compared(&base, &head), "{changes:?}");
    }
    // R74: removed from the offline agreement, which stays
    let offline = |until: Value| {
        let mut designation = json!({"account": B, "from": "2020-01-01"});
        if !until.is_null() {
            designation["until"] = until;
        }
        world().offline(json!([designation, {"account": A, "from": "2020-01-01"}])).load()
    };
    let (base, removed) = (offline(Value::Null), [Change::RemoveDesignation { account: s(B), kind: s("baa") }]);
    let made = apply(&base, &RULES, &removed, at(AT)).unwrap_or_else(|f| panic!("{}", words(&f)));
    assert_eq!(compared(&base, &made), compared(&base, &offline(json!(AT))), "{removed:?}");
    assert!(made.entities.keys().any(|uid| uid.ty == "OfflineAgreement"));
    assert_eq!((answers(&base).baa(B), answers(&made).baa(B)), (s("covered offline"), s("not-covered")));
    // what an inventory may say is more than what can happen: a change that a gate stops is refused, and edited by hand it is another
    // state that is answered
    let hand = acceptance("organization", OTHER);
    assert_eq!(answers(&hand).baa("666666666666"), "covered organization");
    assert!(refused(&world(), &[accept(OTHER)], AT).contains("enabled for all features"));
}

#[test]
fn what_cannot_happen_is_an_error_that_says_why() {
    let base = world().load();
    let wrong = |changes: &[Change]| match apply(&base, &RULES, changes, at(AT)) {
        Err(Failure::Problems(problems)) => problems[0].to_string(),
        other => panic!("{:?}", other.map(|_| ())),
    };
    for (changes, expected) in [
        (vec![leave(B)], "this account is in no organization (R42)"),
        (vec![leave(M)], "a management account leaves its organization only when that is deleted (R33 R51)"),
        (vec![leave("999999999999")], "there is no account 999999999999"),
        (vec![join(A, ORG)], "this account is in that organization already (R41 D10)"),
        (vec![Change::Delete { organization: s(ORG) }], "an organization cannot be deleted while it has members"),
        (vec![accept(ORG)], "an agreement of this kind and scope is already active (R40 R47 D10 D27)"),
        (
            vec![Change::Accept { by: s(A), kind: s("bba") }],
            "aws offers no agreement of the kind `bba` and the scope account",
        ),
        (vec![terminate(A)], "no agreement of this kind and scope is in force (R60 D10 D27)"),
        (vec![terminate(ORG), terminate(ORG)], "no agreement of this kind and scope is in force"),
        (
            vec![Change::Move { account: s(B), to: s(UNIT) }],
            "is not a part of its organization: it is in no organization",
        ),
        (vec![Change::Close { account: s(M) }], "a management account cannot be closed while its organization exists"),
        (vec![detach("jane", FULL)], "is not attached to"),
        (vec![attach("jane", "arn:aws:iam::aws:policy/NoSuchPolicy")], "there is no policy"),
        (vec![attach("jim", FULL)], "there is no `jim`"),
        (vec![attach("jane", FULL), attach("jane", FULL)], "is attached already"),
        (
            vec![Change::RemoveDesignation { account: s(A), kind: s("baa") }],
            "this account is not designated under an offline agreement",
        ),
    ] {
        let message = wrong(&changes);
        assert!(message.contains(expected), "{message}");
    }
    // what of the inventory it is about
    let helps = |changes: &[Change]| match apply(&base, &RULES, changes, at(AT)) {
        Err(Failure::Problems(problems)) => problems[0].help_text().unwrap_or_default().to_owned(),
        other => panic!("{:?}", other.map(|_| ())),
    };
    assert_eq!(helps(&[accept(ORG)]), "active is customer-agreement-OrgBaa1234567890");
    assert_eq!(helps(&[Change::Delete { organization: s(ORG) }]), "its members are 222222222222");
}

/// What stops a change is a policy: without its gate, it is made (invariant 1).
#[test]
fn what_stops_a_change_is_a_policy_and_nothing_else() {
    let gov = world().account(C, json!({"partition": "aws-us-gov"}), &[]);
    let offline = || world().account(C, json!({}), &[]).offline(json!([{"account": C, "from": "2020-01-01"}]));
    let by_id = Change::Terminate { of: s("offline-baa"), kind: None };
    for (world, changes, gate, words) in [
        (gov, vec![join(C, ORG)], "joins-an-organization-of-its-partition", "of another partition"),
        (world(), vec![accept(ORG)], "already-active", "already active"),
        (
            world(),
            vec![Change::Delete { organization: s(ORG) }],
            "organization-still-has-members",
            "while it has members",
        ),
        (offline(), vec![by_id], "offline-agreement-is-not-terminated-here", "takes written notice"),
    ] {
        let (message, base) = (refused(&world, &changes, AT), world.load());
        assert!(message.contains(words), "{message}");
        let own = folder(&[("own.cedar", removing(gate))]);
        let rules = RuleBook::laid_over(&Folder::new(own.path()), &SCHEMA).unwrap();
        match apply(&base, &rules, &changes, at(AT)) {
            Ok(_) => {}
            Err(failure) => assert!(!self::words(&failure).contains(words), "{gate}: {}", self::words(&failure)),
        }
    }
}

#[test]
fn what_to_do_before_is_what_the_rules_say() {
    let advised = |world: &World, changes: &[Change]| {
        let base = world.load();
        let head = apply(&base, &RULES, changes, at(AT)).unwrap();
        let found = consequences((&base, &head), &RULES, changes, at(AT)).unwrap().advice;
        found
            .iter()
            .filter(|a| a.kinds.contains(&s("baa")))
            .map(|a| (a.policy.clone(), a.accounts.len()))
            .collect::<Vec<_>>()
    };
    let names = |found: Vec<(String, usize)>| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let plain = world();
    assert_eq!(
        names(advised(&plain, &[leave(A)])),
        ["accept-first", "leaving-needs-a-standalone-account", "warn-before-removing"]
    );
    let own = world().accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", None);
    assert_eq!(
        names(advised(&own, &[leave(A)])),
        ["leaving-needs-a-standalone-account", "own-agreement-takes-over", "warn-before-removing"]
    );
    assert_eq!(
        advised(&plain, &[terminate(ORG)]),
        [(s("accept-first"), 2), (s("terminating-for-the-organization"), 2)]
    );
    assert_eq!(
        advised(&own, &[terminate(ORG)]),
        [(s("accept-first"), 1), (s("own-agreement-takes-over"), 1), (s("terminating-for-the-organization"), 1)]
    );
    let alone = World::new().account(A, json!({"phi": {"services": ["s3"]}}), &[]).accepted(
        "OwnBaa1234567890",
        "baa",
        "account",
        A,
        "2023-01-01",
        None,
    );
    assert_eq!(names(advised(&alone, &[terminate(A)])), ["phi-first", "terminating-its-own-agreement"]);
    assert_eq!(names(advised(&plain, &[Change::Close { account: s(A) }])), ["closing-ends-no-coverage"]);
    assert_eq!(names(advised(&plain, &[Change::Move { account: s(A), to: s(UNIT) }])), Vec::<String>::new());
}

/// What is advised about a kind of agreement: the policy, and the accounts.
fn advised_of(world: &World, changes: &[Change], kind: &str) -> Vec<(String, Vec<String>, String)> {
    let base = world.load();
    let head = apply(&base, &RULES, changes, at(AT)).unwrap_or_else(|f| panic!("{}", words(&f)));
    let found = consequences((&base, &head), &RULES, changes, at(AT)).unwrap().advice;
    let accounts =
        |a: &countersign_core::what_if::advice::Advice| a.accounts.iter().map(|a| a.account.clone()).collect();
    let of_kind = found.iter().filter(|a| a.kinds.contains(&s(kind)));
    of_kind.map(|a| (a.policy.clone(), accounts(a), a.message.clone())).collect()
}

fn is_advised(found: &[(String, Vec<String>, String)], policy: &str, account: &str) -> bool {
    found.iter().any(|(name, accounts, _)| name == policy && accounts.contains(&s(account)))
}

#[test]
fn nobody_is_advised_to_accept_where_nobody_can() {
    // D26: the organization agreement covers an account in every state (D14)
    for (state, accept, nobody) in [
        ("ACTIVE", true, false),
        ("SUSPENDED", false, true),
        ("CLOSED", false, true),
        ("PENDING_CLOSURE", false, true),
        ("PENDING_ACTIVATION", false, true),
    ] {
        let world = world().account(C, json!({"state": state}), &[ORG]);
        for change in [leave(C), terminate(ORG)] {
            let found = advised_of(&world, &[change], "baa");
            assert_eq!(is_advised(&found, "accept-first", C), accept, "{state}");
            assert_eq!(is_advised(&found, "nobody-accepts-first", C), nobody, "{state}");
        }
    }
}

#[test]
fn before_an_organization_is_deleted_each_account_that_it_covers_accepts_for_itself() {
    // R54
    let delete = [leave(A), Change::Delete { organization: s(ORG) }];
    let found = advised_of(&world(), &delete, "baa");
    assert!(is_advised(&found, "accept-first", A) && is_advised(&found, "accept-first", M), "{found:?}");
    // what the plan does is not advised, in whatever it comes to
    let found = advised_of(&world(), &[&[accept(A), accept(M)], &delete[..]].concat(), "baa");
    assert!(!is_advised(&found, "accept-first", A) && !is_advised(&found, "accept-first", M), "{found:?}");
    let again = [accept(A), leave(A), terminate(A)];
    assert!(!is_advised(&advised_of(&world(), &again, "baa"), "accept-first", A));
    // the acceptance of another kind is no answer
    let other = [Change::Accept { by: s(A), kind: s("andb") }, leave(A)];
    assert!(is_advised(&advised_of(&world(), &other, "baa"), "accept-first", A));
}

#[test]
fn an_agreement_that_is_terminated_later_in_a_plan_is_of_the_organization_that_the_account_is_in_then() {
    let plan = [join(B, ORG), terminate(ORG)];
    let found = advised_of(&world(), &plan, "baa");
    assert!(
        is_advised(&found, "terminating-for-the-organization", B),
        "it is covered when it is terminated: {found:?}"
    );
    let plan = [leave(A), terminate(ORG)];
    let found = advised_of(&world(), &plan, "baa");
    assert!(!is_advised(&found, "terminating-for-the-organization", A), "it had left: {found:?}");
    assert!(is_advised(&found, "terminating-for-the-organization", M));
}

/// Each change of a plan is advised on as the account stands when it is made.
#[test]
fn what_a_plan_does_after_another_of_its_changes_is_advised_on() {
    // R54, R53: it was standalone before the plan, and a member when it leaves
    let found = advised_of(&world(), &[join(B, ORG), leave(B)], "baa");
    for policy in ["accept-first", "warn-before-removing", "leaving-needs-a-standalone-account"] {
        assert!(is_advised(&found, policy, B), "{policy}: {found:?}");
    }
    // R61: what it terminates was accepted by the plan
    let found = advised_of(&world(), &[accept(B), terminate(B)], "baa");
    assert!(is_advised(&found, "terminating-its-own-agreement", B), "{found:?}");
    // R50: what governs when it leaves was accepted by the plan
    let found = advised_of(&world(), &[accept(A), leave(A)], "baa");
    assert!(is_advised(&found, "own-agreement-takes-over", A), "{found:?}");
    assert!(!is_advised(&found, "accept-first", A), "{found:?}");
    // what comes after a change is known when it is made
    let found = advised_of(&world(), &[attach(A, SCP), accept(A), leave(A)], "baa");
    assert!(!is_advised(&found, "accept-first", A), "{found:?}");
}

/// What is advised before a later moment: the policy, the accounts, and the moment.
fn advised_later(world: &World, changes: &[Change]) -> Vec<(String, Vec<String>, String)> {
    let base = world.load();
    let head = apply(&base, &RULES, changes, at(AT)).unwrap_or_else(|f| panic!("{}", words(&f)));
    let found = consequences((&base, &head), &RULES, changes, at(AT)).unwrap().advice;
    let accounts =
        |a: &countersign_core::what_if::advice::Advice| a.accounts.iter().map(|a| a.account.clone()).collect();
    let told = |a: &countersign_core::what_if::advice::Advice| {
        a.before.as_ref().map(|before| (a.policy.clone(), accounts(a), before.clone()))
    };
    found.iter().filter_map(told).collect()
}

/// The account with other attributes.
fn become_another(world: &World, attrs: Value) -> World {
    let mut world = world.clone();
    world.entities.iter_mut().filter(|e| e["uid"] == A).for_each(|e| e["attrs"] = attrs.clone());
    world
}

/// What is recorded to end after a change is advised on: from that moment on the account loses what would have covered it.
#[test]
fn what_a_change_loses_later_is_advised_on() {
    const LATER: &str = "2027-06-01T00:00:00Z";
    let told = |policy: &str| (s(policy), vec![s(A)], s(LATER));
    let phi = json!({"phi": {"services": ["s3"]}});
    // D5, R50: its own agreement takes over now, and is recorded to end
    let ends = world().accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", Some("2027-06-01"));
    for change in [leave(A), terminate(ORG)] {
        assert_eq!(advised_later(&ends, std::slice::from_ref(&change)), [told("own-agreement-ends-then")], "{change}");
    }
    let holding = become_another(&ends, phi);
    assert_eq!(advised_later(&holding, &[leave(A)]), [told("own-agreement-ends-then"), told("phi-first")]);
    // D26: nobody accepts it anew where nobody can
    let closed = become_another(&ends, json!({"state": "CLOSED"}));
    assert_eq!(advised_later(&closed, &[terminate(ORG)]), [told("nobody-accepts-first")]);
    // R61: it is covered by its organization until it leaves
    let membership = json!({"memberships": [{"organization": ORG, "from": "2021-01-01", "until": "2027-06-01"}]});
    let own = world().accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", None);
    let mut leaves = become_another(&own, membership);
    leaves.entities.iter_mut().filter(|e| e["uid"] == A).for_each(|e| e["parents"] = json!([]));
    assert_eq!(advised_later(&leaves, &[terminate(A)]), [told("own-agreement-would-cover-later")]);
    // R54: what covers it in the organization that it joins ends
    let other = world().accepted("OtherBaa12345678", "baa", "organization", OTHER, "2022-01-01", Some("2027-06-01"));
    assert_eq!(advised_later(&other, &[join(A, OTHER)]), [told("accept-before-cover-ends")]);
    // what ends in any case is nothing of the change
    let both = world().accepted("AnotherBaa123456", "baa", "account", B, "2023-01-01", Some("2027-06-01"));
    assert_eq!(advised_later(&both, &[leave(A)]), []);
    assert_eq!(advised_later(&both, &[terminate(B)]), []);
    // as it is printed
    let folder = ends.folder();
    let (_, text) = printed(&["what-if", folder.path().to_str().unwrap(), "--at", AT, "--leave", A]);
    let (_, text) = text.split_once("Before 2027-06-01, when coverage is lost later").unwrap();
    assert!(text.trim_start().starts_with("- its own account agreement"), "{text}");
}

#[test]
fn where_control_policies_deny_departing_it_is_told_by_what_and_what_would_do() {
    let found = advised_of(&world(), &[attach(A, SCP), leave(A)], "baa");
    let (_, _, message) = found.iter().find(|(name, ..)| name == "leaving-is-denied").unwrap();
    assert!(message.contains("Statement[0]") && message.contains(&format!("attached to {A}")), "{message}");
    assert!(message.contains("the management account, which they do not bind, can remove it"), "D12: {message}");
    let plan = [attach(A, SCP), detach(A, SCP), leave(A)];
    assert!(!is_advised(&advised_of(&world(), &plan, "baa"), "leaving-is-denied", A), "it was detached before");
    let moved = [attach(UNIT, SCP), Change::Move { account: s(A), to: s(UNIT) }, leave(A)];
    assert!(is_advised(&advised_of(&world(), &moved, "baa"), "leaving-is-denied", A));
    assert!(!is_advised(&advised_of(&world(), &[attach(UNIT, SCP), leave(A)], "baa"), "leaving-is-denied", A));
    // to accept an invitation is an action of its own
    let join = [attach(A, SCP), join(A, OTHER)];
    let found = advised_of(&world(), &join, "baa");
    assert!(!found.iter().any(|(name, ..)| name.ends_with("denied")), "{found:?}");
    // an allow list that leaves it out denies it as well
    let none = [detach(ORG, "p-FullAWSAccess"), leave(A)];
    let found = advised_of(&world(), &none, "baa");
    let (_, _, message) = found.iter().find(|(name, ..)| name == "leaving-is-denied").unwrap();
    assert!(message.contains("no policy attached to o-exampleorgid allows it"), "{message}");
}

/// R54, R37, D12: nobody whom a service control policy binds follows the advice that it denies, and a plan that has it done passes no gate.
#[test]
fn where_control_policies_deny_accepting_it_is_told_and_no_gate_passes() {
    let mut world = world();
    let no = |action: &str| json!({"uid": format!("IamPolicy::\"p-no{action}0\""), "attrs": {"document": deny(&format!("artifact:{action}Agreement")).to_string()}});
    world.entities.extend([no("Accept"), no("Terminate")]);
    let (accepting, terminating) = ("p-noAccept0", "p-noTerminate0");
    let own = world.clone().accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", None);
    let told =
        |world: &World, changes: &[Change], policy: &str| is_advised(&advised_of(world, changes, "baa"), policy, A);
    let denied = "accepting-is-denied";
    for changes in [vec![leave(A)], vec![join(A, OTHER)], vec![terminate(ORG)], vec![accept(A), leave(A)]] {
        assert!(told(&world, &[&[attach(A, accepting)], &changes[..]].concat(), denied), "{changes:?}");
        assert!(!told(&world, &changes, denied), "{changes:?}");
    }
    let found = advised_of(&world, &[attach(A, accepting), leave(A)], "baa");
    let (_, _, message) = found.iter().find(|(name, ..)| name == denied).unwrap();
    assert!(message.contains("Statement[0]") && message.contains(&format!("attached to {A}")), "{message}");
    assert!(!told(&own, &[attach(A, accepting), leave(A)], denied), "R50: it has its own");
    assert!(!told(&world, &[accept(A), attach(A, accepting), leave(A)], denied), "it accepted before");
    assert!(!told(&world, &[attach(M, accepting), terminate(ORG)], denied), "D12: {M} is not bound");
    assert!(told(&own, &[attach(A, terminating), terminate(A)], "terminating-is-denied"));
    assert!(!told(&own, &[attach(A, accepting), terminate(A)], "terminating-is-denied"));
    // the gate
    let with = |policies: &[&str]| {
        let mut world = world.clone();
        world
            .entities
            .iter_mut()
            .filter(|e| e["uid"] == A)
            .for_each(|e| e["attrs"]["serviceControlPolicies"] = json!(policies));
        let folder = world.folder();
        let folder = folder.path().to_str().unwrap().to_owned();
        let plan = ["--accept", "222222222222=baa", "--leave", A, "--expect", "none-uncovered"];
        printed(&[&["what-if", &folder, "--at", AT], &plan[..]].concat()).0
    };
    assert_eq!((with(&["p-FullAWSAccess"]), with(&["p-FullAWSAccess", accepting])), (0, 1));
}

/// Changes are made one after the other: what is lost between two of them is told, and passes no gate (R54, R62).
#[test]
fn what_is_lost_between_two_changes_passes_no_gate() {
    let code = |plan: &[&str]| {
        let other = world().accepted("OtherBaa12345678", "baa", "organization", OTHER, "2022-01-01", None);
        let folder = other.folder();
        let folder = folder.path().to_str().unwrap().to_owned();
        let (code, text) = printed(&[&["what-if", &folder, "--at", AT, "--expect", "none-uncovered"], plan].concat());
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = text.split_once("uncovered on the way: ").map(|(_, t)| t.split(": put").next().unwrap().to_owned());
        (code, told)
    };
    let gap = |what: &str| (1, Some(format!("baa of 1 account: {A}, {what}")));
    assert_eq!(code(&["--leave", A, "--accept", "222222222222=baa"]), gap("after change 1 until change 2"));
    assert_eq!(code(&["--accept", "222222222222=baa", "--leave", A]), (0, None));
    assert_eq!(code(&["--leave", A, "--join", "222222222222=o-otherorgid0"]), gap("after change 1 until change 2"));
    assert_eq!(code(&["--join", "222222222222=o-otherorgid0"]), (0, None), "in one instant (D5)");
    let (fails, told) =
        code(&["--terminate", "o-exampleorgid=baa", "--accept", "222222222222=baa", "--accept", "111111111111=baa"]);
    assert!(fails == 1 && told.is_some(), "R62: {told:?}");
    assert_eq!(code(&["--leave", A]), (1, None), "it is lost, and not on the way");
}

#[test]
fn what_is_shown_is_narrowed_and_no_gate_is() {
    let folder = world().folder();
    let folder = folder.path().to_str().unwrap().to_owned();
    let code = |account: &str, of: &str| {
        printed(&["what-if", &folder, "--at", AT, "--leave", of, "--account", account, "--expect", "none-uncovered"])
    };
    let (code_of_another, text) = code(M, A);
    assert!(code_of_another == 1 && text.contains("coverage is lost"), "{text}");
    assert!(text.contains("accounts that are not asked about"), "{text}");
    assert_eq!(code(A, A).0, 1);
}

#[test]
fn a_delegated_administrator_is_deregistered_before_it_departs() {
    let mut delegated = world();
    delegated.entities.iter_mut().filter(|e| e["uid"] == ORG).for_each(|e| {
        e["attrs"]["delegatedAdministrators"] = json!([A]);
    });
    for change in [leave(A), join(A, OTHER)] {
        assert!(is_advised(
            &advised_of(&delegated, std::slice::from_ref(&change), "baa"),
            "deregister-before-leaving",
            A
        ));
        assert!(!is_advised(&advised_of(&world(), &[change], "baa"), "deregister-before-leaving", A));
    }
    let close = Change::Close { account: s(A) };
    assert!(!is_advised(&advised_of(&delegated, &[close], "baa"), "deregister-before-leaving", A));
}

/// The refusal of a change, with what helps.
fn refused(world: &World, changes: &[Change], moment: &str) -> String {
    match apply(&world.load(), &RULES, changes, at(moment)) {
        Err(Failure::Problems(problems)) => problems[0].to_string(),
        Ok(_) => panic!("{changes:?} is made"),
        Err(other) => panic!("{}", words(&other)),
    }
}

fn made(world: &World, changes: &[Change]) -> bool {
    apply(&world.load(), &RULES, changes, at(AT)).is_ok()
}

#[test]
fn an_acceptance_that_the_gates_stop_is_refused_with_their_words() {
    let accepts_for = |by: &str| Change::Accept { by: s(by), kind: s("baa") };
    let becomes = |becomes: Becomes| Change::Organization { organization: s(ORG), becomes };
    // R17, R36
    let message = refused(&world(), &[accepts_for(OTHER)], AT);
    assert!(message.contains("Your organization must be enabled for all features"), "{message}");
    let all = Change::Organization { organization: s(OTHER), becomes: Becomes::AllFeatures };
    assert!(made(&world(), &[all, accepts_for(OTHER)]));
    // R18, R19: what sets AWS Artifact up on the way is a change of its own
    for (lost, words) in [
        (Becomes::WithoutTrustedAccess, "you need the following permissions: organizations:EnableAWSServiceAccess"),
        (Becomes::WithoutServiceRole, "to list, create, and attach IAM roles"),
    ] {
        let plan = [terminate(ORG), becomes(lost), accepts_for(ORG)];
        let message = refused(&world(), &plan, AT);
        assert!(message.contains(words), "{message}");
        assert!(made(&world(), &[terminate(ORG), becomes(lost), becomes(Becomes::SetUp), accepts_for(ORG)]));
        let message = refused(&world(), &[becomes(lost), terminate(ORG)], AT);
        assert!(message.contains(words), "{message}");
    }
    // D26
    for (state, words) in [
        ("CLOSED", "this account is closed: nobody can do anything in its console"),
        ("SUSPENDED", "this account is suspended"),
        ("PENDING_ACTIVATION", "this account is not activated yet"),
        ("PENDING_CLOSURE", "it is unknown whether that can happen: this account is being closed"),
    ] {
        let world = world().account(C, json!({"state": state}), &[]);
        for change in [accepts_for(C), join(C, ORG)] {
            let message = refused(&world, &[change], AT);
            assert!(message.contains(words), "{message}");
        }
        let own = world.accepted("OwnBaa1234567890", "baa", "account", C, "2023-01-01", None);
        let message = refused(&own, &[terminate(C)], AT);
        assert!(message.contains(words), "{message}");
    }
    // R26, R28
    for nda in [json!({"accepted": false}), json!({"accepted": true, "acceptedAt": "2026-12-01"})] {
        let world = world().account(C, json!({"nda": nda}), &[]);
        let message = refused(&world, &[accepts_for(C)], AT);
        assert!(message.contains("the AWS Artifact NDA is declared as not accepted in this account"), "{message}");
    }
    // the gate --expect none-uncovered concludes nothing from what cannot happen
    let suspended = world().account(C, json!({"state": "SUSPENDED"}), &[ORG]);
    assert!(!made(&suspended, &[accepts_for(C), leave(C)]));
}

#[test]
fn what_is_not_declared_of_an_organization_leaves_open_whether_it_can_accept() {
    let open = |attr: &str| {
        let mut world = World::organization();
        world.entities.iter_mut().filter(|e| e["uid"] == ORG).for_each(|e| {
            e["attrs"].as_object_mut().unwrap().remove(attr);
        });
        world
    };
    for attr in ["featureSet", "trustedAccess", "serviceRole"] {
        let message = refused(&open(attr), &[accept(ORG)], AT);
        assert!(message.contains("it is unknown whether that can happen"), "{message}");
        assert!(message.contains(attr), "{message}");
    }
    let settled = Change::Organization { organization: s(ORG), becomes: Becomes::SetUp };
    assert!(made(&open("trustedAccess"), &[settled, accept(ORG)]));
}

#[test]
fn an_organization_is_deleted_where_it_is_known_to_have_no_members() {
    let delete = || Change::Delete { organization: s(ORG) };
    let mut unlisted = world();
    unlisted.entities.iter_mut().filter(|e| e["uid"] == ORG).for_each(|e| e["attrs"]["accountsKnown"] = json!(false));
    let message = refused(&unlisted, &[leave(A), delete()], AT);
    assert!(message.contains("whether the organization still has members is unknown"), "D31: {message}");
    let perhaps = world().account(C, json!({"membershipsKnownSince": "9999-12-31"}), &[]);
    let message = refused(&perhaps, &[leave(A), delete()], AT);
    assert!(message.contains("whether the organization still has members is unknown"), "{message}");
    let closed = world().account(C, json!({"state": "CLOSED"}), &[ORG]);
    let message = refused(&closed, &[leave(A), delete()], AT);
    assert!(message.contains("cannot be deleted while it has members"), "D14: {message}");
    // its departure follows from closing
    assert!(made(&closed, &[leave(A), leave(C), delete()]));
    assert!(made(&world(), &[leave(A), delete()]));
}

#[test]
fn an_account_is_closed_once_and_joins_what_can_invite_it() {
    let close = |account: &str| Change::Close { account: s(account) };
    for (state, words) in [
        ("CLOSED", "this member is closed already, or is being closed"),
        ("PENDING_CLOSURE", "this member is closed already, or is being closed"),
        ("SUSPENDED", "it is unknown whether that can happen: this member is suspended, and is perhaps closed already"),
    ] {
        let world = world().account(C, json!({"state": state}), &[ORG]);
        let message = refused(&world, &[close(C)], AT);
        assert!(message.contains(words), "{message}");
    }
    assert!(made(&world(), &[close(B)]), "an account that stands alone closes itself");
    let gov = world().account(C, json!({"partition": "aws-us-gov"}), &[]);
    let message = refused(&gov, &[join(C, ORG)], AT);
    assert!(message.contains("that organization is of another partition than this account"), "D15: {message}");
    let mut closed = world();
    closed
        .entities
        .iter_mut()
        .filter(|e| e["uid"] == "666666666666")
        .for_each(|e| e["attrs"]["state"] = json!("CLOSED"));
    let message = refused(&closed, &[join(A, OTHER)], AT);
    assert!(message.contains("is not active: nobody can invite an account"), "{message}");
    let mut closing = closed;
    let of_other = |e: &&mut Value| e["uid"] == "666666666666";
    closing.entities.iter_mut().filter(of_other).for_each(|e| e["attrs"]["state"] = json!("PENDING_CLOSURE"));
    let message = refused(&closing, &[join(A, OTHER)], AT);
    assert!(message.contains("it is unknown whether that can happen"), "D26: {message}");
    // who stands alone closes once (D14), and what departs by itself is a member
    for (state, words) in [("CLOSED", "this account is closed already"), ("PENDING_CLOSURE", "or is being closed")] {
        let alone = world().account(C, json!({"state": state}), &[]);
        let message = refused(&alone, &[close(C)], AT);
        assert!(message.contains(words), "{message}");
        assert!(!made(&alone, &[leave(C)]), "{state}");
    }
}

#[test]
fn a_change_is_made_where_the_account_stood_at_the_moment() {
    // it left, and the snapshot has it nowhere
    let gone = world().account(
        C,
        json!({"memberships": [{"organization": ORG, "from": "2022-06-01", "until": "2025-01-01"}]}),
        &[],
    );
    let message = refused(&gone, &[leave(C)], "2024-01-01");
    assert!(
        message.contains("it is in o-exampleorgid at the moment asked, and in no organization in the snapshot"),
        "{message}"
    );
    // it joined later than the moment
    let joined = world().account(C, json!({"memberships": [{"organization": ORG, "from": "2025-06-01"}]}), &[ORG]);
    let message = refused(&joined, &[leave(C)], "2024-01-01");
    assert!(message.contains("it is in no organization at the moment asked"), "{message}");
    let unknown = world().account(C, json!({"membershipsKnownSince": "2025-06-01"}), &[ORG]);
    let message = refused(&unknown, &[leave(C)], "2024-01-01");
    assert!(message.contains("unknown which organization"), "{message}");
}

#[test]
fn what_is_perhaps_lost_passes_no_gate() {
    let code = |world: &World, args: &[&str]| {
        let folder = world.folder();
        let folder = folder.path().to_str().unwrap().to_owned();
        let (code, text) = printed(&[&["what-if", &folder, "--at", AT, "--expect", "none-uncovered"], args].concat());
        let told = |l: &str| l.split_once("perhaps lost: ").map(|(_, what)| what.to_owned());
        (code, text.lines().filter_map(told).collect::<Vec<_>>().join("; "))
    };
    let with = |attrs: &[(&str, &str, Value)], world: World| {
        let mut world = world;
        for (uid, attr, value) in attrs {
            world.entities.iter_mut().filter(|e| e["uid"] == *uid).for_each(|e| e["attrs"][*attr] = value.clone());
        }
        world
    };
    // D31: accounts that were not listed lose what the organization's agreement covers
    let own = || {
        let own = World::organization().accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None);
        let own = own.accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", None);
        own.accepted("OwnBaa1234567891", "baa", "account", M, "2023-01-01", None)
    };
    let terminate = ["--terminate", "o-exampleorgid=baa"];
    assert_eq!(code(&own(), &terminate), (0, String::new()));
    let open = with(&[(ORG, "accountsKnown", json!(false))], own());
    assert_eq!(code(&open, &terminate), (1, "baa of accounts of o-exampleorgid that were not listed".to_owned()));
    let twice = with(&[(ORG, "accountsKnown", json!(false))], own());
    let twice = twice.accepted("OrgBaa1234567892", "baa", "organization", ORG, "2023-01-01", None);
    assert_eq!(code(&twice, &["--terminate", "customer-agreement-OrgBaa1234567890"]).0, 0, "another covers them");
    // D16: of an account of which it is not known whether it was covered
    let unknown = [(M, "agreementsKnown", json!(false)), (A, "agreementsKnown", json!(false))];
    let unknown = with(&unknown, World::organization());
    let (leaves, told) = code(&unknown, &["--leave", A]);
    assert_eq!(leaves, 1);
    assert!(told.contains("baa of account 222222222222: whether it was"), "{told}");
    assert_eq!(code(&unknown, &["--accept", "222222222222=baa"]).0, 0);
    assert_eq!(code(&unknown, &["--terminate", "222222222222=baa"]).0, 2, "nothing is known to be in force");
}

#[test]
fn a_chain_of_changes_is_asked_one_after_the_other() {
    let text = "[[change]]\naccept = { by = \"222222222222\", kind = \"baa\" }\n\
        [[change]]\nleave = { account = \"222222222222\" }\n\
        [[change]]\ndelete-organization = { organization = \"o-exampleorgid\" }\n\
        [[change]]\nset-up = { organization = \"o-otherorgid0\" }\n";
    let read = file::changes(&SourceFile::new("changes.toml", text)).unwrap();
    assert_eq!(answers(&after(&world(), &read[..3])).baa(A), "covered account");
    let message = refused(&world(), &read, AT);
    assert!(message.contains("must be enabled for all features"), "{message}");
    let message = refused(&world(), &[&read[..3], &[join(A, ORG)]].concat(), AT);
    assert!(message.contains("o-exampleorgid was deleted"), "{message}");
    let back = [accept(A), leave(A), join(A, ORG)];
    assert_eq!(answers(&after(&world(), &back)).baa(A), "covered organization", "R48");
    let twice = [accept(A), accept(A)];
    assert!(refused(&world(), &twice, AT).contains("already active"));
    assert!(made(&world(), &[accept(A), terminate(A), accept(A)]));
}

#[test]
fn changes_of_a_file_are_made_in_its_order() {
    let text = "[[change]]\nleave = { account = \"222222222222\" }\n[[change]]\njoin = { account = \"222222222222\", organization = \"o-otherorgid0\" }\n";
    let read = file::changes(&SourceFile::new("changes.toml", text)).unwrap();
    assert_eq!(
        read.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["account 222222222222 leaves its organization", "account 222222222222 joins o-otherorgid0"]
    );
    let wrong = file::changes(&SourceFile::new("changes.toml", "[[change]]\nleeve = { account = \"1\" }\n"));
    let Err(Failure::Problems(problems)) = wrong else { panic!("a misspelt change") };
    assert!(problems[0].to_string().contains("leeve"), "{}", problems[0]);
    // in the words of the file, each with its keys; the page has them all
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/what-if.md")).unwrap();
    for (change, keys) in file::KEYS {
        let Err(Failure::Problems(problems)) =
            file::changes(&SourceFile::new("changes.toml", format!("[[change]]\n{change} = \"1\"\n")))
        else {
            panic!("{change} is no text")
        };
        assert_eq!(problems[0].message(), format!("`{change}` is a table of what it is about"));
        let all: Vec<String> = keys.split(", ").map(|key| format!("{key} = \"1\"")).collect();
        let read =
            file::changes(&SourceFile::new("c.toml", format!("[[change]]\n{change} = {{ {} }}\n", all.join(", "))));
        assert!(read.is_ok_and(|read| read.len() == 1), "{change}");
        let row = page.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{change}`"))).unwrap();
        assert!(keys.split(", ").all(|key| row.contains(&format!("`{key}`"))), "{row}");
    }
    let two = "[[change]]\nleave = { account = \"1\" }\nclose = { account = \"1\" }\n";
    let Err(Failure::Problems(problems)) = file::changes(&SourceFile::new("changes.toml", two)) else { panic!("two") };
    assert_eq!(problems[0].message(), "a [[change]] is one change");
}

/// What people say stands for what is meant.
#[test]
fn accounts_and_kinds_are_named_as_people_call_them() {
    let hospital = "examples/hospital";
    let plan = |steps: &[&str]| printed(&[&["what-if", hospital, "--format", "json"], steps].concat()).1;
    assert_eq!(plan(&["--leave", "wards"]), plan(&["--leave", "222222222222"]));
    let steps = ["--move", "wards=o-hospital01", "--accept", "wards=HIPAA BAA", "--leave", "Wards"];
    let numbers = ["--move", "222222222222=o-hospital01", "--accept", "222222222222=baa", "--leave", "222222222222"];
    assert_eq!(plan(&steps), plan(&numbers));
    assert_eq!(printed(&["what-if", hospital, "--leave", "nowhere"]).0, 2);
    // a name that several have is none of one
    let world = World::organization().account(B, json!({"name": "x"}), &[ORG]).account(C, json!({"name": "x"}), &[ORG]);
    let folder = world.folder();
    assert_eq!(printed(&["what-if", folder.path().to_str().unwrap(), "--leave", "x"]).0, 2);
}

/// A change that cannot happen is an error that says why.
#[test]
fn what_is_attached_where_aws_does_not_take_it_is_refused() {
    let refused = |changes: &[Change]| refused(&world().offline(json!([])), changes, AT);
    assert!(refused(&[attach(ORG, ADMIN)]).contains("is a policy of IAM"));
    assert!(refused(&[attach(A, FULL)]).contains("is a policy of IAM"));
    let offline = world()
        .offline(json!([]))
        .entities
        .iter()
        .find_map(|e| e["uid"].as_str().filter(|u| u.starts_with("OfflineAgreement")).map(str::to_owned))
        .unwrap();
    let id = offline.split('"').nth(1).unwrap().to_owned();
    let words = refused(&[Change::Terminate { of: id, kind: None }]);
    assert!(words.contains("it is an offline agreement"), "{words}");
}

fn printed(args: &[&str]) -> (i32, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_is_printed_is_valid_against_its_schema() {
    let hospital = "examples/hospital";
    for (args, schema) in [
        (vec!["coverage", "--history", hospital], "history.v1.schema.json"),
        (vec!["what-if", hospital, "--leave", "222222222222"], "what-if.v1.schema.json"),
        (vec!["who-can", "end-coverage", hospital], "end-coverage.v1.schema.json"),
        (vec!["show", "service", "s3", "--at", "2026-06-01"], "service.v1.schema.json"),
        (vec!["coverage", "--compare", hospital, hospital], "diff.v1.schema.json"),
    ] {
        let (code, text) = printed(&[&args[..], &["--format", "json"]].concat());
        assert_eq!(code, 0, "{args:?}");
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema_errors(schema, &document), Vec::<String>::new(), "{args:?}");
    }
}

#[test]
fn gates_and_formats_of_the_command_line() {
    let hospital = "examples/hospital";
    let code = |args: &[&str]| printed(args).0;
    assert_eq!(code(&["what-if", hospital, "--leave", "222222222222", "--expect", "none-uncovered"]), 1);
    let (moves, accepts) = (["--move", "222222222222=o-hospital01"], ["--accept", "222222222222=baa"]);
    let (leaves, gate) = (["--leave", "222222222222"], ["--expect", "none-uncovered"]);
    let plan = |steps: &[[&str; 2]]| code(&[&["what-if", hospital], steps.concat().as_slice()].concat());
    assert_eq!(plan(&[moves, accepts, leaves, gate]), 0, "in their order");
    assert_eq!(plan(&[accepts, leaves, gate]), 1, "its unit denies accepting");
    assert_eq!(plan(&[moves, leaves, accepts, gate]), 1, "R54: it accepts before it leaves");
    assert_eq!(code(&["what-if", hospital]), 2);
    assert_eq!(code(&["what-if", hospital, "--join", "222222222222"]), 2);
    assert_eq!(code(&["coverage", hospital, "--format", "jsonl"]), 2, "a format of --history");
    assert_eq!(code(&["coverage", "--history", hospital, "--from", "2026-01-01", "--to", "2025-01-01"]), 2);
    assert_eq!(code(&["coverage", "--history", hospital, "--fail-on-phi-gap"]), 1);
    assert_eq!(code(&["coverage", "--compare", "examples/pull-request/before", "examples/pull-request/after"]), 1);
    assert_eq!(code(&["show", "service", "s4"]), 2);
    let world = World::new().account(A, json!({"name": "=HYPERLINK(\"http://x\")"}), &[]);
    let folder = world.folder();
    let (_, table) = printed(&["coverage", "--history", folder.path().to_str().unwrap(), "--format", "csv"]);
    assert!(table.contains("\"'=HYPERLINK(\"\"http://x\"\")\""), "{table}");
    let (_, lines) = printed(&["coverage", "--history", hospital, "--format", "jsonl"]);
    assert!(lines.lines().all(|line| line.starts_with("{\"schema\":\"countersign/history-line")), "{lines}");
    // a narrow terminal is no reason for a line that does not fit
    let (_, text) = printed(&["coverage", "--history", hospital]);
    assert!(text.lines().filter(|l| l.contains('━')).all(|l| l.chars().count() <= 100));
}

#[test]
fn findings_about_where_phi_is_held_are_made_while_it_is() {
    let codes = |attrs: Value| {
        let found = World::new()
            .account(A, attrs, &[])
            .accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", None)
            .now();
        found.codes().into_iter().map(s).collect::<Vec<_>>().join(" ")
    };
    // R96, R100, R64
    assert_eq!(codes(json!({"phi": {"services": ["rds"]}})), "CS017");
    assert_eq!(codes(json!({"phi": {"services": ["s3"]}})), "");
    assert_eq!(codes(json!({"phi": {"services": ["s3"]}, "rootCredentials": "present"})), "CS016");
    assert_eq!(codes(json!({"phi": {"services": ["s3"]}, "rootCredentials": "none"})), "");
    assert_eq!(codes(json!({"rootCredentials": "present"})), "CS003");
    assert_eq!(codes(json!({"phi": {"services": ["gamelift"]}})), "CS004");
    assert_eq!(
        codes(json!({"phi": {"services": ["gamelift"], "until": "2026-01-01"}})),
        "CS003",
        "it held PHI until then"
    );
}

/// Of these accounts the agreements could not be listed.
fn without_lists(mut world: World, accounts: &[&str]) -> World {
    let of = |e: &&mut Value| accounts.iter().any(|id| e["uid"] == *id);
    world.entities.iter_mut().filter(of).for_each(|e| e["attrs"]["agreementsKnown"] = json!(false));
    world
}

/// An organization of whose accounts none has its agreements listed, and an account that stands alone and has.
fn unlisted() -> World {
    without_lists(World::organization().account(C, json!({}), &[]), &[M, A])
}

/// D16: a list tells what its account saw where it stood when it was listed, not what it would see elsewhere.
#[test]
fn who_has_listed_what_is_that_of_before_the_changes() {
    let joined = answers(&after(&unlisted(), &[join(C, ORG)]));
    assert_eq!((joined.baa(C), joined.baa(M)), (s("unknown"), s("unknown")));
    let there = without_lists(World::organization().account(C, json!({}), &[ORG]), &[M, A]);
    assert_eq!(answers(&there.load()).baa(M), "unknown", "its own could not be listed");
    let row = |inventory: &Inventory, account: &str| answers(inventory).coverage_of(account, "baa")["reason"].clone();
    assert!(!row(&there.load(), M).to_string().contains("no account of"), "C was listed as one of its accounts");
    // the one that was listed leaves, or moves to another organization: what it saw stays known
    for change in [leave(C), join(C, OTHER)] {
        let there = without_lists(world().account(C, json!({}), &[ORG]), &[M, A, "666666666666"]);
        let gone = after(&there, &[change]);
        assert!(!row(&gone, M).to_string().contains("no account of"), "{}", row(&gone, M));
        assert_eq!(answers(&gone).baa("666666666666"), "unknown", "what it joins is not what it saw");
    }
    // and where it comes back, it is as it was
    let back = after(&unlisted(), &[join(C, ORG), leave(C)]);
    assert_eq!(answers(&back).baa(C), "not-covered");
}

/// D16: what is not known is not said as if it were.
#[test]
fn what_is_unknown_of_agreements_is_said_before_they_are_accepted_and_terminated() {
    for by in [ORG, A] {
        assert!(is_advised(&advised_of(&unlisted(), &[accept(by)], "baa"), "accepted-already-perhaps", A), "{by}");
        let message = refused(&unlisted(), &[terminate(by)], AT);
        assert!(
            message.contains(&format!("whether {by} has an active acceptance of the kind `baa` is unknown")),
            "{message}"
        );
    }
    assert!(!is_advised(&advised_of(&unlisted(), &[accept(C)], "baa"), "accepted-already-perhaps", C));
    assert!(!is_advised(&advised_of(&unlisted(), &[accept(ORG)], "baa"), "accepted-already-perhaps", C));
    let listed = World::organization();
    assert!(!is_advised(&advised_of(&listed, &[accept(ORG)], "baa"), "accepted-already-perhaps", A));
    assert!(refused(&listed, &[terminate(ORG)], AT).contains("no agreement of this kind and scope is in force"));
    let own = unlisted().accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", None);
    let found = advised_of(&own, &[terminate(A)], "baa");
    let (_, _, words) = found.iter().find(|(policy, ..)| policy == "terminating-its-own-agreement").unwrap();
    assert!(words.contains("is known to cover it"), "whether its organization has one is unknown: {words}");
}

/// Of an assignment in two accounts, one of which leaves, the cause is that of the other alone; and Markdown tells what text does.
#[test]
fn a_cause_names_who_leaves_and_nobody_else() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hospital");
    for format in ["text", "json", "markdown"] {
        let told =
            run_in(Path::new("."), &["what-if", example, "--leave", "222222222222", "--all", "--format", format]);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("accounts 222222222222, user u-sam under"), "{format}: {told}");
        assert!(!told.contains("222222222222, 333333333333, user u-sam"), "{format}: {told}");
    }
    let markdown = run_in(Path::new("."), &["what-if", example, "--leave", "222222222222", "--format", "markdown"]);
    for line in [
        "1. account 222222222222 leaves its organization",
        "Coverage is lost, access widens.",
        "**Before**",
        "**Coverage lost**: `baa` of 222222222222",
        "remove all PHI from it first",
    ] {
        assert!(markdown.contains(line), "{line}: {markdown}");
    }
    assert!(!markdown.contains('\u{1b}'), "{markdown}");
}
