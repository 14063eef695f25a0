//! No rule and no decision goes untested. A rule that a policy states is held by `mutation`: without the policy, or with any
//! small change of it, some answer is another. A rule that no policy states is held by a contrast here: two inventories that
//! differ in the one fact that the rule is about, with what the rule says of each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use countersign_core::provenance::Provenance;

use crate::common::*;
use crate::lint;

/// One fact, and what the answer is with it and without.
struct Contrast {
    rule: &'static str,
    fact: &'static str,
    /// The answer, where the fact is so or not.
    answer: fn(bool) -> String,
    with: &'static str,
    without: &'static str,
}

const CONTRASTS: [Contrast; 17] = [
    Contrast {
        rule: "R4",
        fact: "a user is an administrator",
        answer: |admin| {
            let policies = if admin { json!([ADMIN]) } else { json!([]) };
            decision(World::new().account(A, json!({}), &[]).user(A, "a", policies), &user(A, "a"), "accept-agreement")
        },
        with: "allow",
        without: "deny",
    },
    Contrast {
        rule: "R30",
        fact: "an acceptance holds the terms of the agreement",
        answer: |terms| {
            let mut attrs = json!({"agreement": "baa", "account": A, "effectiveStart": "2024-01-01"});
            if terms {
                attrs["acceptanceTerms"] = json!(["…"]);
            }
            problem(&acceptance(attrs), "acceptanceTerms")
        },
        with: "refused",
        without: "read",
    },
    Contrast {
        rule: "R44",
        fact: "the account has been invited into the organization",
        answer: |invited| covered_on(if invited { "2025-01-01" } else { "2024-12-31" }),
        with: "covered organization",
        without: "not-covered",
    },
    Contrast {
        rule: "R52",
        fact: "the account was removed, of which nothing but its membership tells",
        answer: |removed| removed_from_organization(removed).baa(A),
        with: "not-covered",
        without: "covered organization",
    },
    Contrast {
        rule: "R55",
        fact: "the account was removed",
        answer: |removed| {
            let answers = removed_from_organization(removed);
            let accounts = [M, A].into_iter().filter(|a| answers.baa(a) == "covered organization");
            format!("{} accounts", accounts.count())
        },
        with: "1 accounts",
        without: "2 accounts",
    },
    Contrast {
        rule: "R59",
        fact: "the second account accepts as well",
        answer: |second| {
            let mut world = World::new().account(A, json!({}), &[]).account(B, json!({}), &[]);
            world = world.accepted("A", "baa", "account", A, "2024-01-01", None);
            if second {
                world = world.accepted("B", "baa", "account", B, "2024-01-01", None);
            }
            let answers = world.now();
            format!("{}, {}", answers.baa(A), answers.baa(B))
        },
        with: "covered account, covered account",
        without: "covered account, not-covered",
    },
    Contrast {
        rule: "D12",
        fact: "the account under a service control policy that denies is a member, and not the management account",
        answer: |member| {
            let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:*", "Resource": "*"}]));
            let world = World::new().org(json!({"serviceControlPolicies": ["p-FullAWSAccess", deny]}));
            let world = world.account(M, json!({}), &[ORG]).account(A, json!({}), &[ORG]);
            decision(world, &root(if member { A } else { M }), "accept-agreement")
        },
        with: "deny",
        without: "allow",
    },
    Contrast {
        rule: "D17",
        fact: "PHI is in a service that is on no list, and not only in a Region where few services are",
        answer: |service| {
            let services = if service { "gamelift" } else { "s3" };
            let phi = json!({"phi": {"services": [services], "regions": ["me-central-1"]}});
            let answers = World::new().account(A, phi, &[]).assess(&on("2026-06-01"));
            answers.codes().into_iter().filter(|c| ["CS004", "CS005"].contains(c)).collect()
        },
        with: "CS004",
        without: "",
    },
    Contrast {
        rule: "D20",
        fact: "an active acceptance has an end",
        answer: |end| {
            let mut attrs =
                json!({"agreement": "baa", "account": A, "effectiveStart": "2024-01-01", "state": "ACTIVE"});
            if end {
                attrs["effectiveEnd"] = json!("2125-01-01");
            }
            problem(&acceptance(attrs), "D20")
        },
        with: "refused",
        without: "read",
    },
    Contrast {
        rule: "D22",
        fact: "the first second of the day on which an agreement starts has come",
        answer: |come| {
            let world = World::new().account(A, json!({}), &[]).accepted("A", "baa", "account", A, "2024-01-01", None);
            world.assess(&on(if come { "2024-01-01T00:00:00Z" } else { "2023-12-31T23:59:59Z" })).baa(A)
        },
        with: "covered account",
        without: "not-covered",
    },
    Contrast {
        rule: "D23",
        fact: "the safeguards that the BAA demands are attested",
        answer: |attested| {
            let phi = json!({"phi": {"services": ["s3"], "safeguardsAttested": attested}});
            let world = World::new().account(A, phi, &[]).accepted("A", "baa", "account", A, "2024-01-01", None);
            let hipaa = world.assess(&on("2026-06-01")).account(A)["hipaa"].clone();
            format!("covered {}, meets the definition {}", hipaa["covered"], hipaa["meetsDefinition"])
        },
        with: "covered true, meets the definition true",
        without: "covered true, meets the definition false",
    },
    Contrast {
        rule: "D25",
        fact: "a pattern of fewer than six segments ends in a `*`",
        answer: |star| on_resource(if star { "arn:aws:artifact:*" } else { "arn:aws:artifact" }),
        with: "allow",
        without: "deny",
    },
    Contrast {
        rule: "D28",
        fact: "the settings say that the fine-grained permissions alone count",
        answer: |strict| {
            let settings = if strict { "permissionModel = \"fine-grained\"" } else { "" };
            let document =
                policy(json!([{"Effect": "Allow", "Action": "artifact:DownloadAgreement", "Resource": "*"}]));
            let found = lint::messages(&document.to_string(), settings);
            found.iter().any(|message| message.contains("grants nothing")).to_string()
        },
        with: "true",
        without: "false",
    },
    Contrast {
        rule: "D29",
        fact: "the name of an action's service has a wildcard",
        answer: |wildcard| {
            let action = if wildcard { "art*:GetReport" } else { "artifact:Get*" };
            let document = policy(json!([{"Effect": "Allow", "Action": action, "Resource": "*"}]));
            let world = World::new().account(A, json!({}), &[]).user(A, "a", json!([document]));
            problem(&world, "AWS rejects it")
        },
        with: "refused",
        without: "read",
    },
    Contrast {
        rule: "D30",
        fact: "a `*` would have to cross a colon",
        answer: |cross| on_resource(if cross { "arn:*:report/*" } else { "arn:aws:artifact:*::report/*" }),
        with: "unknown",
        without: "allow",
    },
    Contrast {
        rule: "D31",
        fact: "the users and roles of the account were listed",
        answer: |listed| {
            let world = World::new().account(A, json!({"principalsKnown": listed}), &[]);
            let assessment = world.assess(&on("2026-06-01")).0;
            assessment["completeness"]["perhapsOthers"].as_array().unwrap().len().to_string()
        },
        with: "0",
        without: "1",
    },
    Contrast {
        rule: "D32",
        fact: "the inventory was collected at the moment asked",
        answer: |then| {
            let as_of = at(if then { "2026-06-01" } else { "2026-05-01" });
            let told = Provenance::bare().at(at("2026-06-01"), Some(as_of)).later();
            told.unwrap_or_else(|| "nothing".to_owned())
        },
        with: "nothing",
        without: "as of 2026-05-01; nothing later is known",
    },
];

/// Whether a user may download a report who is allowed everything of AWS Artifact on a resource.
fn on_resource(resource: &str) -> String {
    let document = policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": resource}]));
    let world = World::new().account(A, json!({}), &[]).report("report-1", "SOC", false);
    world.user(A, "a", json!([document])).now().decision(&user(A, "a"), "download-report", "report-1").to_owned()
}

fn decision(world: World, who: &str, operation: &str) -> String {
    world.now().decision(who, operation, "account").to_owned()
}

fn acceptance(attrs: Value) -> World {
    World::new().account(A, json!({}), &[]).entity(json!({"uid": "customer-agreement-x", "attrs": attrs}))
}

/// Whether an input is refused for what is named.
fn problem(world: &World, what: &str) -> String {
    let problems = world.problems();
    match problems.iter().any(|p| p.message().contains(what)) {
        true => "refused".to_owned(),
        false if problems.is_empty() => "read".to_owned(),
        false => format!("{problems:?}"),
    }
}

/// An account that was in no organization, and was invited into one with a BAA in 2025.
fn covered_on(day: &str) -> String {
    let invited = json!({"memberships": [{"organization": ORG, "from": "2025-01-01"}]});
    let world = World::new().org(json!({})).account(M, json!({}), &[ORG]).account(B, invited, &[ORG]);
    world.accepted("Org", "baa", "organization", ORG, "2023-04-01", None).assess(&on(day)).baa(B)
}

fn removed_from_organization(removed: bool) -> Answers {
    let mut membership = json!({"organization": ORG, "from": "2021-01-01"});
    let mut parents = vec![ORG];
    if removed {
        membership["until"] = json!("2025-06-30");
        parents.clear();
    }
    let world = World::new().org(json!({})).account(M, json!({}), &[ORG]);
    let world = world.account(A, json!({"memberships": [membership]}), &parents);
    world.accepted("Org", "baa", "organization", ORG, "2023-04-01", None).now()
}

#[test]
fn what_no_policy_states_is_shown_by_a_contrast() {
    for contrast in CONTRASTS {
        let Contrast { rule, fact, answer, with, without } = contrast;
        assert_ne!(with, without, "{rule} says two things");
        assert_eq!((answer(true).as_str(), answer(false).as_str()), (with, without), "{rule}: {fact}");
    }
}

/// The rules of the FAQ and the decisions; of the HIPAA guide, whose advice begins with R77, those that policies cite.
#[test]
fn every_rule_and_decision_is_stated_by_a_policy_or_shown_by_a_contrast() {
    let page = include_str!("../docs/rules.md");
    let documented = page.lines().filter_map(|l| l.strip_prefix("### "));
    let binding = |rule: &&str| {
        let (kind, number) = rule.split_at(1);
        kind == "D" || number.parse::<u32>().unwrap() < 77
    };
    let binding: BTreeSet<&str> = documented.filter(binding).collect();
    let cited: BTreeSet<&str> = RULES.rules.values().flat_map(|r| r.rule().split_whitespace()).collect();
    let contrasted: BTreeSet<&str> = CONTRASTS.iter().map(|c| c.rule).collect();
    let open: Vec<&&str> = binding.iter().filter(|r| !cited.contains(**r) && !contrasted.contains(**r)).collect();
    assert!(open.is_empty(), "stated by no policy, and shown by no contrast: {open:?}");
    assert!(binding.len() >= 76 + 25 && contrasted.is_subset(&binding));
}

/// A file of tests that is not a module of the binary would never run.
#[test]
fn every_file_of_tests_is_a_module() {
    let main = include_str!("main.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_module = path.extension().is_some_and(|e| e == "rs") || path.join("mod.rs").exists();
        if is_module && name != "main" {
            assert!(main.lines().any(|l| l == format!("mod {name};")), "tests/main.rs has no `mod {name};`");
        }
    }
}
