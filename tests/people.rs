//! Who accepts is a person: what changes for people although the answers of their permission sets are the same.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use crate::common::*;
use countersign::report::expectations::reports;
use countersign_core::assessment::Operation;
use countersign_core::assessment::escalation;
use countersign_core::assessment::{Assessment, assess};
use countersign_core::assessments::Assessments;
use countersign_core::diff::differences::AccessChange;
use countersign_core::diff::people::PersonEntry;
use countersign_core::diff::stacks::Compared;
use countersign_core::diff::{AccessEntry, Diff};
use countersign_core::expectations::Suite;
use countersign_core::expectations::run::run;
use countersign_core::guardrails::{GuardrailResult, GuardrailState, Guardrails};
use countersign_core::inventory::Inventory;
use countersign_core::terms::Decision;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

pub fn only(world: &World, text: &str) -> Vec<String> {
    let folder = world.clone().file("x.expect.toml", text).folder();
    let source = Folder::new(folder.path());
    let inventory = Inventory::load(&source, SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let suite = Suite::read(&source, &inventory.config.exclude, &RULES.operations).unwrap();
    let cases =
        run(&suite, &Assessments::new(&inventory, &RULES), &options_now()).unwrap_or_else(|f| panic!("{}", words(&f)));
    reports(&cases).iter().flat_map(|c| &c.actual).map(|a| format!("{}: {}", a.subject, a.is)).collect()
}

pub fn guardrails(world: &World) -> Vec<GuardrailResult> {
    let folder = world.folder();
    let source = Folder::new(folder.path());
    let inventory = Inventory::load(&source, SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let guardrails =
        Guardrails::read(&source, &inventory, &SCHEMA).unwrap_or_else(|f| panic!("{}", words(&f))).unwrap();
    guardrails.check(&Assessments::new(&inventory, &RULES), &options_now()).unwrap_or_else(|f| panic!("{}", words(&f)))
}

fn set(name: &str, policies: Value, assignments: Value) -> Value {
    let attrs = json!({"policies": policies, "assignments": assignments});
    json!({"uid": format!("PermissionSet::\"{name}\""), "attrs": attrs})
}

fn group(name: &str) -> Value {
    json!({"uid": format!("IdentityCenterGroup::\"g-{name}\""), "attrs": {"displayName": name}})
}

fn person(name: &str, groups: &[&str]) -> Value {
    let parents: Vec<String> = groups.iter().map(|g| format!("g-{g}")).collect();
    json!({"uid": format!("IdentityCenterUser::\"u-{name}\""), "attrs": {"userName": name}, "parents": parents})
}

/// Legal may accept in account A, and lena is of legal.
fn legal() -> World {
    World::organization().entity(group("legal")).entity(group("dev")).entity(person("lena", &["legal"])).entity(set(
        "Legal",
        json!([FULL]),
        json!([{"group": "g-legal", "accounts": [A]}]),
    ))
}

/// The entries about people for accepting the BAA for an account.
fn accepting(found: &Diff, change: AccessChange) -> Vec<&AccessEntry> {
    let of = |o: &Operation| o.operation == "accept-agreement" && o.agreement.as_deref() == Some("baa");
    found.access.iter().filter(|e| e.change == change && !e.people.is_empty() && e.operations.iter().any(of)).collect()
}

fn told(found: &Diff, change: AccessChange) -> Vec<&PersonEntry> {
    accepting(found, change).into_iter().flat_map(|e| &e.people).collect()
}

#[test]
fn who_joins_the_group_that_may_accept_gains_it() {
    let base = legal().entity(person("dara", &[]));
    let head = legal().entity(person("dara", &["legal"]));
    let found = compare(&base, &head);
    let entries = accepting(&found, AccessChange::Gained);
    assert_eq!(entries.len(), 1, "{:#?}", found.access);
    let people = &entries[0].people;
    assert_eq!((people[0].person.as_str(), people[0].groups.as_slice()), ("dara", &["legal".to_owned()][..]));
    assert!(people[0].through.contains("AWSReservedSSO_Legal_"), "{people:?}");
    assert_eq!(entries[0].principals[0].people, ["dara"], "lena could before");
    let causes: Vec<&str> = entries[0].causes.iter().map(|c| found.changes[c.change].piece.what.as_str()).collect();
    assert_eq!(causes, ["identity center user u-dara in identity center group g-legal added"]);
    assert!(found.verdict.access_widens);
    let stacks: Vec<_> = found.new_access.iter().filter(|n| n.of == Compared::Stack && n.widens()).collect();
    assert_eq!(stacks[0].principals[0].people, ["dara"]);
    // the other way round it is lost, which no gate holds up
    let back = compare(&head, &base);
    assert_eq!(told(&back, AccessChange::Lost)[0].person, "dara");
    assert!(back.verdict.is_clean(), "{:?}", back.verdict);
}

/// A new person, a new assignment to a person or a group, and a group of which nobody is named.
#[test]
fn whoever_comes_to_stand_behind_a_permission_set_gains_what_it_may() {
    let assigned = |assignments: Value| {
        World::organization()
            .entity(group("legal"))
            .entity(group("dev"))
            .entity(group("empty"))
            .entity(person("lena", &["legal"]))
            .entity(person("dara", &["dev"]))
            .entity(set("Legal", json!([FULL]), assignments))
    };
    let base = assigned(json!([{"group": "g-legal", "accounts": [A]}]));
    for (head, name) in [
        (base.clone().entity(person("new", &["legal"])), "new"),
        (assigned(json!([{"group": "g-legal", "accounts": [A]}, {"user": "u-dara", "accounts": [A]}])), "dara"),
        (assigned(json!([{"group": "g-legal", "accounts": [A]}, {"group": "g-dev", "accounts": [A]}])), "dara"),
        (
            assigned(json!([{"group": "g-legal", "accounts": [A]}, {"group": "g-empty", "accounts": [A]}])),
            "group empty",
        ),
    ] {
        let found = compare(&base, &head);
        let people: Vec<&str> = told(&found, AccessChange::Gained).iter().map(|p| p.person.as_str()).collect();
        assert_eq!(people, [name]);
        assert!(found.verdict.access_widens);
    }
}

/// Who could already, by another permission set in the account, gains nothing; and an exception is about a permission set.
#[test]
fn what_a_person_could_do_before_is_not_new() {
    let world = |groups: &[&str]| {
        legal().entity(group("counsel")).entity(person("omar", groups)).entity(set(
            "Counsel",
            json!([FULL]),
            json!([{"group": "g-counsel", "accounts": [A]}]),
        ))
    };
    let found = compare(&world(&["counsel"]), &world(&["counsel", "legal"]));
    assert_eq!(told(&found, AccessChange::Gained), Vec::<&PersonEntry>::new());
    assert!(found.verdict.is_clean(), "{:#?}", found.new_access);

    let mut found = compare(&world(&[]), &world(&["legal"]));
    let toml = "[[diff.allow]]\noperation = \"*\"\nprincipal = \"Legal\"\nreason = \"hired\"\n\
        [[diff.allow]]\nanyRequest = true\nprincipal = \"Legal\"\nreason = \"hired\"\n";
    let inventory = world(&[]).file("countersign.toml", toml).load();
    found.except(&inventory.config.exceptions, at("2026-11-01"));
    assert!(found.verdict.is_clean() && !told(&found, AccessChange::Gained).is_empty());
}

#[test]
fn only_the_people_that_are_named_may() {
    let joined = legal().entity(person("dara", &["legal"]));
    let may = |who: &str| format!("[[only]]\nprincipal = [{who}, \"arn:aws:iam::*:root\"]\noperation = \"accept\"\n");
    assert_eq!(only(&legal(), &may("\"lena\"")), Vec::<String>::new());
    let unmet = only(&joined, &may("\"lena\""));
    assert!(unmet[0].starts_with("permission set Legal in 222222222222 (dara): allow accept"), "{unmet:?}");
    assert_eq!(only(&joined, &may("\"lena\", \"da*\"")), Vec::<String>::new());
    // a permission set stands for whoever is behind it
    assert_eq!(only(&joined, &may("\"Legal\"")), Vec::<String>::new());
    // and nobody knows who is in a group of which nobody is named
    let open =
        legal().entity(group("open")).entity(set("Open", json!([FULL]), json!([{"group": "g-open", "accounts": [A]}])));
    let unmet = only(&open, &may("\"lena\""));
    assert!(unmet[0].starts_with("permission set Open in 222222222222 (group open): allow"), "{unmet:?}");
}

/// A person is denied what each of their permission sets is denied, and allowed what one of them is.
#[test]
fn a_person_may_what_one_of_their_permission_sets_may() {
    let world = legal().entity(person("dara", &["legal", "dev"])).entity(set(
        "Dev",
        json!([]),
        json!([{"group": "g-dev", "accounts": [A]}]),
    ));
    let expects = |who: &str, decision: &str| {
        let text = format!(
            "[[access]]\nprincipal = \"{who}\"\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\nexpect = \"{decision}\"\n"
        );
        only(&world, &text)
    };
    assert_eq!(expects("dara", "allow"), Vec::<String>::new());
    assert_eq!(expects("dara", "deny").len(), 1);
    assert_eq!(expects("Dev", "deny"), Vec::<String>::new());
}

/// One permission set accepts and another terminates: who has both may do both.
#[test]
fn duties_are_separated_for_people() {
    let world = |groups: &[&str]| {
        let may = |actions: &[&str]| {
            json!([allows(
                &[&["artifact:Get*", "artifact:List*", "artifact:DownloadAgreement", "artifact:*Nda*"], actions]
                    .concat()
            )])
        };
        World::organization()
            .file("countersign.toml", "[guardrails]\non = [\"separation-of-duties\"]\n")
            .entity(json!({"uid": format!("Account::\"{B}\"")}))
            .entity(group("one"))
            .entity(group("two"))
            .entity(person("ada", &["one"]))
            .entity(person("bo", groups))
            .entity(set("Accept", may(&["artifact:AcceptAgreement"]), json!([{"group": "g-one", "accounts": [A]}])))
            .entity(set(
                "Terminate",
                may(&["artifact:TerminateAgreement"]),
                json!([{"group": "g-two", "accounts": [A]}]),
            ))
    };
    let broken = |world: &World| -> Vec<String> {
        let results = guardrails(world);
        let by_people = results[0].violations.iter().flat_map(|v| v.people.clone());
        by_people.collect()
    };
    assert_eq!(broken(&world(&["two"])), Vec::<String>::new());
    let both = world(&["one", "two"]);
    assert_eq!(guardrails(&both)[0].outcome, GuardrailState::Violated);
    assert_eq!(broken(&both), ["bo"]);
}

/// Groups, permission sets and people that are drawn; and one thing more.
fn drawn(c: &[u8], more: Option<(u8, u8)>) -> World {
    let documents = [json!([FULL]), json!([]), json!([allows(&["artifact:Get*"])]), json!([ADMIN])];
    let accounts = [json!([A]), json!([B]), json!([A, B]), json!([M])];
    let mut groups: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (who, bits) in c.iter().take(3).enumerate() {
        let of = |g: &usize| bits >> g & 1 == 1;
        groups.insert(who, (0..2).filter(of).map(|g| g.to_string()).collect());
    }
    let mut assignments: Vec<Vec<Value>> = (0..2)
        .map(|set| {
            let to = usize::from(c[3 + set]) % 2;
            vec![json!({"group": format!("g-{to}"), "accounts": accounts[usize::from(c[5 + set]) % 4]})]
        })
        .collect();
    match more {
        Some((0, n)) => drop(groups.insert(3, vec![(n % 2).to_string()])),
        Some((1, n)) => {
            let own = groups.get_mut(&usize::from(n % 3)).unwrap();
            let joined = (n / 3 % 2).to_string();
            if !own.contains(&joined) {
                own.push(joined);
            }
        }
        Some((_, n)) => {
            let to = match n % 2 {
                0 => json!({"user": format!("u-{}", n / 2 % 3), "accounts": [A]}),
                _ => json!({"group": format!("g-{}", n / 2 % 2), "accounts": [B]}),
            };
            assignments[usize::from(n / 8 % 2)].push(to);
        }
        None => {}
    }
    let mut world = World::organization().account(B, json!({}), &[]).entity(group("0")).entity(group("1"));
    for (who, groups) in &groups {
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        world = world.entity(person(&who.to_string(), &groups));
    }
    for (index, assignments) in assignments.iter().enumerate() {
        let policies = documents[usize::from(c[7 + index]) % 4].clone();
        world = world.entity(set(&format!("Set{index}"), policies, json!(assignments)));
    }
    world
}

/// What each person may do in each account, by any permission set.
fn may(assessment: &Assessment) -> BTreeMap<(String, String, Operation), u8> {
    let mut may = BTreeMap::new();
    for principal in &assessment.principals {
        for person in principal.people.iter() {
            for answer in &principal.operations {
                let rank = match answer.decision {
                    Decision::Deny => 0,
                    Decision::Unknown => 1,
                    Decision::Allow => 2,
                };
                let key = (principal.account.clone(), person.user_name.clone(), Operation::of(answer));
                let best = may.entry(key).or_insert(0);
                *best = rank.max(*best);
            }
        }
    }
    may
}

/// A person, a membership or an assignment more that lets somebody do something new is told, with who it is.
#[test]
fn new_people_are_always_told() {
    let mut runner = TestRunner::new_with_rng(Config::default(), drawn_from(23));
    let strategy = (prop::collection::vec(any::<u8>(), 9), 0..3_u8, any::<u8>());
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let mut gains = 0;
    for _ in 0..cases {
        let (c, kind, n) = strategy.new_tree(&mut runner).unwrap().current();
        let (base, head) = (drawn(&c, None), drawn(&c, Some((kind, n))));
        let found = compare(&base, &head);
        let assessed = |world: &World| may(&assess(&world.load(), &RULES, &options_now()).unwrap());
        let before = assessed(&base);
        for ((account, who, operation), rank) in assessed(&head) {
            if rank <= before.get(&(account.clone(), who.clone(), operation.clone())).copied().unwrap_or(0) {
                continue;
            }
            gains += 1;
            let of = |e: &&AccessEntry| e.change.is_gain() && e.widens() && e.operations.contains(&operation);
            let named = |e: &AccessEntry| e.principals.iter().any(|p| p.account == account && p.people.contains(&who));
            assert!(found.access.iter().filter(of).any(named), "{c:?} {kind} {n}: {who} in {account} {operation:?}");
            assert!(found.verdict.access_widens && found.new_access.iter().any(|n| n.widens()), "{c:?} {kind} {n}");
        }
    }
    assert!(gains > cases / 2, "{gains} of {cases}");
}

/// A role, and who may assume it.
fn role(account: &str, name: &str, policies: Value, trust: Value) -> Value {
    let uid = format!("arn:aws:iam::{account}:role/{name}");
    json!({"uid": uid, "attrs": {"policies": policies, "trustPolicy": trust}})
}

fn trusts(principal: Value) -> Value {
    policy(json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]))
}

fn may_assume(role: &str) -> Value {
    policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]))
}

const ADMIN_ROLE: &str = "arn:aws:iam::222222222222:role/legal-admin";

/// Only the role and the root users are listed: what else is told.
fn at_role(world: &World) -> Vec<String> {
    only(
        world,
        "[[only]]\nprincipal = [\"legal-admin\", \"arn:aws:iam::*:root\"]\noperation = \"accept\"\nagreement = \"baa\"\nscope = \"account\"\naccount = \"222222222222\"\n",
    )
}

/// Who may become the role that may accept: the trust policy and the layers of who asks are evaluated together.
#[test]
fn roles_are_followed() {
    let root = |account: &str| json!({"AWS": format!("arn:aws:iam::{account}:root")});
    let dev = |own: Value, trust: Value| {
        World::organization()
            .account(B, json!({}), &[ORG])
            .user(A, "dev", own.clone())
            .user(B, "far", own)
            .entity(role(A, "legal-admin", json!([FULL]), trust))
    };
    let assume = || json!([may_assume(ADMIN_ROLE)]);
    let of = |account: &str, name: &str| json!({"AWS": user(account, name)});
    let near = ["user dev of 222222222222"].as_slice();
    let far = ["user far of 333333333333"].as_slice();
    let deny = json!([may_assume(ADMIN_ROLE), policy(json!([{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}]))]);
    let but_dev = policy(json!([
        {"Effect": "Allow", "Principal": root(A), "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "Principal": of(A, "dev"), "Action": "sts:AssumeRole"},
    ]));
    for (own, trust, expected) in [
        // the account is trusted: its identity policies decide
        (assume(), trusts(root(A)), near),
        (json!([]), trusts(root(A)), &[]),
        // whoever is named needs none in the account of the role, and one in another account
        (json!([]), trusts(of(A, "dev")), near),
        (json!([]), trusts(of(B, "far")), &[]),
        (assume(), trusts(of(B, "far")), far),
        (assume(), trusts(root(B)), far),
        // an explicit denial always counts
        (deny.clone(), trusts(of(A, "dev")), &[]),
        (assume(), but_dev, &[]),
        (assume(), policy(json!([{"Effect": "Allow", "Principal": root(A), "Action": "sts:TagSession"}])), &[]),
    ] {
        let unmet = at_role(&dev(own.clone(), trust.clone()));
        let who: Vec<&str> = unmet.iter().map(|u| u.split(": ").next().unwrap()).collect();
        assert_eq!(who, expected, "{own} {trust}");
        assert!(unmet.iter().all(|u| u.contains("by assuming legal-admin")), "{unmet:?}");
    }
    // what depends on the request is perhaps
    let mfa = policy(
        json!([{"Effect": "Allow", "Principal": root(A), "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]),
    );
    let unmet = at_role(&dev(assume(), mfa));
    assert!(unmet[0].ends_with("perhaps by assuming legal-admin"), "{unmet:?}");
    // one role after the other
    let chain = dev(json!([may_assume("*")]), trusts(json!({"AWS": "arn:aws:iam::222222222222:role/step"})))
        .entity(role(A, "step", json!([]), trusts(of(A, "dev"))));
    let unmet = at_role(&chain);
    assert!(unmet.len() == 1 && unmet[0].ends_with("by assuming step, then legal-admin"), "{unmet:?}");
    // and a promise about the user is broken
    let text = "[[access]]\nprincipal = \"dev\"\noperation = \"accept\"\nexpect = \"deny\"\n";
    assert!(only(&chain, text).iter().all(|u| u.contains("by assuming step, then legal-admin")));
    assert!(!only(&chain, text).is_empty());
}

/// The role is a permission set's to assume: people, told by the set; and a boundary limits a role that is named, not a user.
#[test]
fn people_and_boundaries_at_a_role() {
    let sso = "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef";
    let world = legal()
        .entity(person("dara", &["dev"]))
        .entity(set("Dev", json!([]), json!([{"group": "g-dev", "accounts": [A]}])))
        .entity(role(A, "legal-admin", json!([FULL]), trusts(json!({"AWS": sso}))));
    let unmet = at_role(&world);
    assert!(unmet.iter().any(|u| u.starts_with("permission set Dev in 222222222222 (dara): allow")), "{unmet:?}");
    let bounded =
        |entity: Value| {
            let trusted = entity["uid"].as_str().unwrap().to_owned();
            World::organization()
                .file("nothing.json", allows(&["s3:GetObject"]).to_string())
                .entity(entity)
                .entity(role(A, "legal-admin", json!([FULL]), trusts(json!({"AWS": trusted}))))
        };
    let attrs = json!({"permissionsBoundary": "nothing.json"});
    assert_eq!(at_role(&bounded(json!({"uid": user(A, "dev"), "attrs": attrs}))).len(), 1);
    let other = json!({"uid": "arn:aws:iam::222222222222:role/other", "attrs": {"permissionsBoundary": "nothing.json", "trustPolicy": trusts(json!({"Service": "ec2.amazonaws.com"}))}});
    assert_eq!(at_role(&bounded(other)), Vec::<String>::new());
}

/// Of whoever stands outside the inventory nothing is known: no gate passes on them, unless it is declared who they are.
#[test]
fn people_who_are_not_known_pass_no_gate() {
    let unknown = "role legal-admin of 222222222222: who may assume it is not known";
    let world = |trust: Value| World::organization().entity(role(A, "legal-admin", json!([FULL]), trust));
    for trust in [
        trusts(json!({"AWS": "999999999999"})),
        trusts(json!({"AWS": "arn:aws:iam::222222222222:user/gone"})),
        trusts(json!({"Service": "ec2.amazonaws.com"})),
        trusts(json!({"AWS": "*"})),
        policy(
            json!([{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::222222222222:saml-provider/Okta"}, "Action": "sts:AssumeRoleWithSAML"}]),
        ),
    ] {
        assert_eq!(at_role(&world(trust.clone())), [unknown], "{trust}");
    }
    let no_trust = json!({"uid": ADMIN_ROLE, "attrs": {"policies": [FULL]}});
    let not_told = World::organization().entity(no_trust);
    assert_eq!(at_role(&not_told), [unknown]);
    // who was deleted, or may not do what it takes, is nobody
    assert_eq!(at_role(&world(trusts(json!({"AWS": "AROAEXAMPLEEXAMPLE"})))), Vec::<String>::new());
    let saml = policy(
        json!([{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::222222222222:saml-provider/Okta"}, "Action": "sts:TagSession"}]),
    );
    assert_eq!(at_role(&world(saml)), Vec::<String>::new());
    // it is declared who stands there
    let trusted = "[[trusted]]\nrole = \"legal-*\"\npeople = [\"omar\"]\nreason = \"the group legal of Okta\"\n";
    let declared = not_told.clone().file("countersign.toml", trusted);
    // whoever is declared is asked about in place of those who are not known: the role alone does not stand for them
    let omar = "omar: allow accept-agreement (account: baa) as role legal-admin of 222222222222, by [[trusted]]";
    assert_eq!(at_role(&declared), [omar]);
    let both = "[[only]]\nprincipal = [\"legal-admin\", \"om*\", \"arn:aws:iam::*:root\"]\noperation = \"accept\"\n";
    assert_eq!(only(&declared, both), Vec::<String>::new());
    let denied = |who: &str| {
        let text = format!(
            "[[access]]\nprincipal = \"{who}\"\noperation = \"accept\"\nagreement = \"baa\"\nscope = \"account\"\nexpect = \"deny\"\n"
        );
        only(&declared.clone().user(A, "omar", json!([])).user(A, "lena", json!([])), &text)
    };
    assert_eq!(denied("omar"), [omar]);
    assert_eq!(denied("lena"), Vec::<String>::new());
    let only_omar = "[[only]]\nprincipal = [\"omar\", \"arn:aws:iam::*:root\"]\noperation = \"accept\"\n";
    assert_eq!(only(&declared, only_omar), Vec::<String>::new());
    let over = format!("{trusted}until = 2026-01-01\n");
    assert_eq!(at_role(&not_told.file("countersign.toml", over)), [unknown]);
}

/// A guardrail that exempts a role by its name holds for whoever may become it.
#[test]
fn guardrails_follow_roles() {
    let forbid = "@id(\"only-legal\") @message(\"accepts\")\nforbid (principal, action == Artifact::Action::\"may-accept-agreement\", resource)\n\
        unless { context.name == \"legal-admin\" || context.groups.contains(\"legal\") || principal is Artifact::Root };\n";
    let kinds = "@id(\"no-accounts\") @message(\"accepts for the account\")\nforbid (principal, action == Artifact::Action::\"may-accept-agreement\", resource)\n\
        when { context.role == \"standalone\" };\n";
    let outcome = |world: World| -> Vec<(GuardrailState, Vec<String>)> {
        let world = world.file("guardrails/a.cedar", format!("{forbid}{kinds}"));
        let told = |r: &GuardrailResult| {
            (
                r.outcome,
                r.violations.iter().flat_map(|v| v.people.clone().into_iter().chain([v.name.clone()])).collect(),
            )
        };
        guardrails(&world).iter().map(told).rev().collect()
    };
    let world = |trust: Value| {
        legal()
            .entity(person("dara", &["dev"]))
            .entity(set("Dev", json!([may_assume("*")]), json!([{"group": "g-dev", "accounts": [A]}])))
            .entity(role(A, "legal-admin", json!([FULL]), trust))
    };
    let found = outcome(world(trusts(json!({"AWS": "arn:aws:iam::222222222222:root"}))));
    assert_eq!(found[0], (GuardrailState::Violated, vec!["dara".to_owned(), "Dev".to_owned()]));
    // no account stands by itself, so it applies to nobody; and it is not about people
    assert_eq!(found[1].0, GuardrailState::NotApplicable);
    let found = outcome(world(trusts(json!({"Service": "ec2.amazonaws.com"}))));
    assert_eq!(found[0].0, GuardrailState::Unknown);
    assert_eq!(found[0].1, ["the service ec2.amazonaws.com", "legal-admin"]);
    assert_eq!(found[1].0, GuardrailState::NotApplicable);
    let trusted = "[[trusted]]\nrole = \"legal-admin\"\npeople = [\"lena\"]\nreason = \"reviewed\"\n";
    let found = outcome(world(trusts(json!({"Service": "ec2.amazonaws.com"}))).file("countersign.toml", trusted));
    assert_eq!(found[0].0, GuardrailState::Proved);
}

/// A trust policy that lets somebody in is new access, in the role's account and in that of who comes.
#[test]
fn a_trust_policy_that_opens_is_told() {
    let world = |trust: Value, own: Value| {
        World::organization().account(B, json!({}), &[ORG]).user(B, "far", own).entity(role(
            A,
            "legal-admin",
            json!([FULL]),
            trust,
        ))
    };
    let nobody = || trusts(json!({"AWS": "AROAEXAMPLEEXAMPLE"}));
    let of_b = || trusts(json!({"AWS": "333333333333"}));
    let assume = || json!([may_assume(ADMIN_ROLE)]);
    for (base, head, who) in [
        (world(nobody(), assume()), world(of_b(), assume()), "user far"),
        (world(of_b(), json!([])), world(of_b(), assume()), "user far"),
        (
            world(nobody(), assume()),
            world(trusts(json!({"AWS": "999999999999"})), assume()),
            "account 999999999999, which is not in the inventory",
        ),
    ] {
        let found = compare(&base, &head);
        let people = told(&found, AccessChange::Gained);
        let names: Vec<&str> = people.iter().map(|p| p.person.as_str()).collect();
        assert_eq!(names, [who], "{:#?}", found.access);
        assert_eq!(
            (people[0].through.as_str(), people[0].assuming.as_slice()),
            (ADMIN_ROLE, &["legal-admin".to_owned()][..])
        );
        assert!(found.verdict.access_widens && !accepting(&found, AccessChange::Gained)[0].causes.is_empty());
        assert!(compare(&head, &base).verdict.is_clean());
    }
}

/// Those whom a trust policy lets in are not known; by which requests it lets them in is.
#[test]
fn a_trust_policy_that_asks_less_of_those_it_trusts_is_new_access() {
    let world = |statement: Value| {
        World::organization().user(A, "dev", json!([may_assume(ADMIN_ROLE)])).entity(role(
            A,
            "legal-admin",
            json!([FULL]),
            policy(json!([statement])),
        ))
    };
    let allow = |principal: Value, action: &str, condition: Value| {
        let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": action});
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        statement
    };
    let web = |condition: Value| {
        let github = format!("arn:aws:iam::{A}:oidc-provider/token.actions.githubusercontent.com");
        allow(json!({"Federated": github}), "sts:AssumeRoleWithWebIdentity", condition)
    };
    let subject =
        |repository: &str| web(json!({"StringLike": {"token.actions.githubusercontent.com:sub": repository}}));
    let outside = |condition: Value| allow(json!({"AWS": "999988887777"}), "sts:AssumeRole", condition);
    let anyone = |condition: Value| allow(json!("*"), "sts:AssumeRole", condition);
    let service = |condition: Value| allow(json!({"Service": "sns.amazonaws.com"}), "sts:AssumeRole", condition);
    let dev = |condition: Value| allow(json!({"AWS": user(A, "dev")}), "sts:AssumeRole", condition);
    for (narrow, wide) in [
        (subject("repo:org/a:ref:refs/heads/main"), subject("repo:*")),
        (subject("repo:org/a:ref:refs/heads/main"), web(Value::Null)),
        (outside(json!({"StringEquals": {"sts:ExternalId": "x"}})), outside(Value::Null)),
        (
            outside(json!({"StringEquals": {"sts:ExternalId": "x"}})),
            outside(json!({"StringEquals": {"sts:ExternalId": ["x", "y"]}})),
        ),
        (anyone(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})), anyone(Value::Null)),
        (service(json!({"StringEquals": {"aws:SourceAccount": A}})), service(Value::Null)),
        (
            dev(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
            dev(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})),
        ),
    ] {
        let found = compare(&world(narrow.clone()), &world(wide.clone()));
        assert!(found.verdict.access_widens, "{narrow} {wide}");
        let back = compare(&world(wide.clone()), &world(narrow.clone()));
        let swapped = wide["Condition"]["IpAddress"].is_object();
        assert!(swapped || back.verdict.is_clean(), "{narrow} {wide}: {:?} {:#?}", back.verdict, back.new_access);
    }
}

/// An account that is listed, and whose principals are not all (D31): one of them may become the role.
#[test]
fn principals_that_were_not_listed_may_become_a_role() {
    let world = |trust: Value, listed: bool| {
        let account = json!({"principalsKnown": listed});
        let world = World::organization().account(B, account, &[ORG]);
        world.entity(role(A, "legal-admin", json!([FULL]), trust))
    };
    let base = |listed: bool| world(trusts(json!({"AWS": "AROAEXAMPLEEXAMPLE"})), listed);
    let head = |listed: bool| world(trusts(json!({"AWS": "333333333333"})), listed);
    let found = compare(&base(false), &head(false));
    let people = told(&found, AccessChange::MayBeGained).into_iter().chain(told(&found, AccessChange::Gained));
    let names: Vec<String> = people.map(|p| p.person.clone()).collect();
    assert_eq!(names, ["account 333333333333, whose principals are not all listed (D31)"], "{:#?}", found.access);
    assert!(found.verdict.access_widens);
    // of an account without users and roles there is nobody to become it
    assert!(!compare(&base(true), &head(true)).verdict.access_widens);
}

/// Who stands at one role need not be who stands at another: a trust policy that is not known any more may let anyone in.
#[test]
fn each_role_has_people_of_its_own() {
    let world = |trust: Option<Value>| {
        let other = json!({"uid": "arn:aws:iam::222222222222:role/other", "attrs": {"policies": [FULL]}});
        let own = match trust {
            Some(trust) => role(A, "legal-admin", json!([FULL]), trust),
            None => json!({"uid": ADMIN_ROLE, "attrs": {"policies": [FULL]}}),
        };
        World::organization().entity(other).entity(own)
    };
    let known = world(Some(trusts(json!({"AWS": "AROAEXAMPLEEXAMPLE"}))));
    let found = compare(&known, &world(None));
    let people = told(&found, AccessChange::MayBeGained);
    assert_eq!(people.iter().map(|p| p.through.as_str()).collect::<Vec<_>>(), [ADMIN_ROLE], "{:#?}", found.access);
    assert!(found.verdict.access_widens);
}

/// What is wrong in a trust policy has its place.
#[test]
fn a_trust_policy_is_read_strictly() {
    let problems = |trust: Value| -> Vec<String> {
        let world = World::organization().entity(role(A, "legal-admin", json!([FULL]), trust));
        match Inventory::load(&Folder::new(world.folder().path()), SCHEMA.clone()) {
            Ok(_) => Vec::new(),
            Err(countersign_core::problem::Failure::Problems(problems)) => {
                problems.iter().map(|p| p.message().to_owned()).collect()
            }
            Err(other) => panic!("{other:?}"),
        }
    };
    assert_eq!(problems(trusts(json!({"AWS": "*"}))), Vec::<String>::new());
    assert_eq!(problems(trusts(json!({"Aws": "*"}))), ["`Principal` does not say whom the statement is about"]);
    let missing = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole"}]));
    let nobody =
        "this statement has neither `Principal` nor `NotPrincipal`, and a policy of a resource says whom it is about";
    assert_eq!(problems(missing), [nobody]);
    let resource = policy(json!([{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}]));
    assert_eq!(problems(resource), ["a trust policy has no `Resource`"]);
}

/// What a principal may grant itself is told where it lacks something that its own policies alone keep from it.
#[test]
fn permissions_that_a_principal_may_grant_itself() {
    let own = |action: &str, on: &str| policy(json!([{"Effect": "Allow", "Action": action, "Resource": on}]));
    let group = "arn:aws:iam::222222222222:group/legal";
    let ways = |world: &World| -> Vec<(String, bool)> {
        let inventory = world.load();
        let mut options = options_now();
        options.filter.operations = vec!["accept-agreement".to_owned()];
        let answers = assess(&inventory, &RULES, &options).unwrap().principals;
        let found = escalation::of((&inventory, &RULES), &options, &answers).unwrap();
        // asked of all while they are at hand, it is the same
        options.grants_itself = true;
        let beside = assess(&inventory, &RULES, &options).unwrap().principals.into_iter();
        let beside = beside.filter(|p| !p.could_grant_itself.is_empty());
        let beside = beside.map(|p| ((p.account, p.principal), p.could_grant_itself)).collect();
        assert_eq!(found, beside);
        let found = found.into_iter().filter(|((_, arn), _)| !arn.ends_with(":root"));
        found.flat_map(|(_, ways)| ways).map(|w| (format!("{} {}", w.action, w.on), w.certain)).collect()
    };
    let world = |policies: Value| {
        World::organization()
            .entity(json!({"uid": format!("Group::\"{group}\""), "attrs": {"policies": [FULL]}}))
            .user(A, "dev", policies)
    };
    let dev = user(A, "dev");
    for (action, on, expected) in [
        ("iam:PutUserPolicy", "*", Some(format!("iam:PutUserPolicy {dev}"))),
        (
            "iam:PutUserPolicy",
            "arn:aws:iam::222222222222:user/${aws:username}",
            Some(format!("iam:PutUserPolicy {dev}")),
        ),
        ("iam:PutUserPolicy", "arn:aws:iam::222222222222:user/other", None),
        ("iam:AddUserToGroup", "*", Some(format!("iam:AddUserToGroup {group}"))),
        ("iam:AttachRolePolicy", "*", None),
        ("s3:*", "*", None),
    ] {
        let expected: Vec<(String, bool)> = expected.into_iter().map(|e| (e, true)).collect();
        assert_eq!(ways(&world(json!([own(action, on)]))), expected, "{action} {on}");
    }
    // on a condition, perhaps; who lacks nothing, or is denied by others, is not told
    let mfa = policy(
        json!([{"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]),
    );
    assert_eq!(ways(&world(json!([mfa]))), [(format!("iam:PutUserPolicy {dev}"), false)]);
    assert_eq!(ways(&world(json!([ADMIN]))), []);
    let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:*", "Resource": "*"}]));
    assert_eq!(ways(&world(json!([own("iam:PutUserPolicy", "*"), deny]))), []);
    // a version of a policy that it has
    let arn = "arn:aws:iam::222222222222:policy/own";
    let policies =
        json!({"uid": format!("IamPolicy::\"{arn}\""), "attrs": {"document": own("iam:CreatePolicyVersion", arn)}});
    assert_eq!(ways(&world(json!([arn])).entity(policies)), [(format!("iam:CreatePolicyVersion {arn}"), true)]);
}

/// R2, D12: a root user without credentials is still its account's, and the management account can bring it back.
#[test]
fn a_root_user_without_credentials_is_recoverable() {
    let told = |credentials: Option<&str>| -> Vec<(Decision, bool)> {
        let attrs = credentials.map_or_else(|| json!({}), |c| json!({"rootCredentials": c}));
        let world = World::organization().account(B, attrs, &[ORG]);
        let mut options = options_now();
        options.filter.operations = vec!["accept-agreement".to_owned()];
        options.filter.accounts = vec![B.to_owned()];
        let assessment = assess(&world.load(), &RULES, &options).unwrap();
        let answers =
            assessment.principals.iter().flat_map(|p| &p.operations).filter(|o| o.decision == Decision::Allow);
        answers
            .map(|o| (o.decision, o.assuming.iter().any(|a| a.contains("recoverable by the management account"))))
            .collect()
    };
    for (credentials, recoverable) in
        [(Some("none"), true), (Some("present"), false), (Some("unknown"), false), (None, false)]
    {
        let told = told(credentials);
        assert!(
            !told.is_empty() && told.iter().all(|t| *t == (Decision::Allow, recoverable)),
            "{credentials:?} {told:?}"
        );
    }
}

/// What AWS answers of a role and of the root user becomes the trust policy and the credentials; another account's proves nothing.
#[test]
fn trust_policies_and_root_credentials_are_imported() {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let encoded = trust.to_string().replace('{', "%7B").replace('}', "%7D").replace('"', "%22").replace(' ', "%20");
    let role = |name: &str, trust: Value| json!({"RoleName": name, "Arn": format!("arn:aws:iam::{A}:role/{name}"), "AssumeRolePolicyDocument": trust, "RolePolicyList": [], "AttachedManagedPolicies": []});
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [role("plain", trust), role("encoded", json!(encoded))]});
    let summary = |password: Value| json!({"SummaryMap": {"AccountPasswordPresent": password, "AccountAccessKeysPresent": 0, "AccountSigningCertificatesPresent": 0}});
    let mut part = summary(json!(0));
    part["SummaryMap"].as_object_mut().unwrap().remove("AccountPasswordPresent");
    let folder = tempfile::tempdir().unwrap();
    for (name, answer) in [
        ("details.222222222222.json", details),
        ("get-account-summary.222222222222.json", summary(json!(0))),
        ("get-account-summary.333333333333.json", summary(json!(1))),
        ("get-account-summary.444444444444.json", part),
    ] {
        std::fs::write(folder.path().join(name), answer.to_string()).unwrap();
    }
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let credentials = |account: &str| inventory.entity("Account", account).and_then(|a| a.str("rootCredentials"));
    assert_eq!([A, B, "444444444444"].map(credentials), [Some("none"), Some("present"), None]);
    for name in ["plain", "encoded"] {
        let role = inventory.entity("Role", &format!("arn:aws:iam::{A}:role/{name}")).unwrap();
        let policy = &inventory.policies[role.reference("trustPolicy").unwrap()];
        assert!(policy.is_trust(), "{name}");
    }
}
