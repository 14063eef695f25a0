//! Properties over random organizations and policies.

use crate::common::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const ACTIONS: [&str; 8] = [
    "artifact:GetNdaForAgreement",
    "artifact:AcceptNdaForAgreement",
    "artifact:GetAgreement",
    "artifact:AcceptAgreement",
    "artifact:GetCustomerAgreement",
    "artifact:TerminateAgreement",
    "artifact:*",
    "organizations:DescribeOrganization",
];

fn statement() -> impl Strategy<Value = Value> {
    let resource =
        prop::sample::select(vec!["*", "arn:aws:artifact:::agreement/*", "arn:aws:artifact::*:customer-agreement/*"]);
    let condition = prop::sample::select(vec![
        json!(null),
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"StringNotEquals": {"aws:PrincipalAccount": A}}),
        json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
    ]);
    let actions = prop::sample::subsequence(ACTIONS.to_vec(), 1..4);
    (prop::bool::weighted(0.8), actions, resource, condition, prop::bool::weighted(0.1)).prop_map(
        |(allow, actions, resource, condition, not)| {
            let mut statement = json!({"Effect": if allow { "Allow" } else { "Deny" }, "Resource": resource});
            statement[if not { "NotAction" } else { "Action" }] = json!(actions);
            if !condition.is_null() {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn world(identity: &[Value], scp: &[Value]) -> World {
    let mut guard = vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})];
    guard.extend(scp.iter().cloned());
    World::new()
        .org(json!({"serviceControlPolicies": [policy(json!(guard))]}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG])
        .user(A, "a", json!([policy(json!(identity))]))
        .accepted("Own", "andb", "account", A, "2024-01-01", None)
}

/// What the user is allowed under some value of what is unknown, and under every value.
fn allowed(answers: &Answers) -> (Vec<String>, Vec<String>) {
    let of = |decisions: &[&str]| {
        let matching =
            answers.operations(&user(A, "a")).iter().filter(|o| decisions.contains(&o["decision"].as_str().unwrap()));
        matching.map(|o| format!("{} {} {}", o["operation"], o["scope"], o["agreement"])).collect::<Vec<_>>()
    };
    (of(&["allow", "unknown"]), of(&["allow"]))
}

fn subset(less: &[String], more: &[String]) -> bool {
    less.iter().all(|l| more.contains(l))
}

/// `.ci/long` asks for more by `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Adding a Deny, or removing an Allow, never allows more; nor does it make more of it unknown than was allowed.
    #[test]
    fn more_denies_and_fewer_allows_never_allow_more(
        identity in prop::collection::vec(statement(), 1..5),
        deny in statement(),
        to_scp in any::<bool>(),
        dropped in any::<prop::sample::Index>(),
    ) {
        let before = allowed(&world(&identity, &[]).now());
        let mut deny = deny;
        deny["Effect"] = json!("Deny");
        let after = if to_scp {
            allowed(&world(&identity, &[deny]).now())
        } else {
            allowed(&world(&[identity.clone(), vec![deny]].concat(), &[]).now())
        };
        prop_assert!(subset(&after.0, &before.0) && subset(&after.1, &before.1), "{after:?} {before:?}");
        let index = dropped.index(identity.len());
        if identity[index]["Effect"] == "Allow" {
            let mut rest = identity;
            rest.remove(index);
            let after = allowed(&world(&rest, &[]).now());
            prop_assert!(subset(&after.0, &before.0) && subset(&after.1, &before.1), "{after:?} {before:?}");
        }
    }

    /// The order of statements and accounts changes nothing but the places of statements.
    #[test]
    fn order_changes_nothing(identity in prop::collection::vec(statement(), 1..5)) {
        let forward = world(&identity, &[]);
        let mut backward = world(&identity.iter().rev().cloned().collect::<Vec<_>>(), &[]);
        backward.entities.reverse();
        let (forward, backward) = (forward.now(), backward.now());
        let decisions = |answers: &Answers| answers.operations(&user(A, "a")).iter().map(|o| {
            let mut gates = gates(o).into_iter().map(str::to_owned).collect::<Vec<_>>();
            gates.push(o["decision"].to_string());
            gates.push(o["dependsOn"].to_string());
            gates
        }).collect::<Vec<_>>();
        prop_assert_eq!(decisions(&forward), decisions(&backward));
        prop_assert_eq!(&forward.0["accounts"], &backward.0["accounts"]);
    }

    /// An organization agreement covers an account exactly while both the agreement and a membership hold, and coverage is
    /// that of the derived function of the rules.
    #[test]
    fn coverage_is_the_derived_function(
        organization in prop::option::of((0..20i64, prop::option::of(1..20i64))),
        account in prop::option::of((0..20i64, prop::option::of(1..20i64))),
        offline in prop::option::of((0..20i64, prop::option::of(1..20i64))),
        joined in 0..20i64,
        left in prop::option::of(1..20i64),
        asked in 0..40i64,
    ) {
        let day = |n: i64| (at("2024-01-01") + chrono::Duration::days(n)).format("%Y-%m-%d").to_string();
        let end = |start: i64, length: Option<i64>| length.map(|l| start + l);
        let holds = |i: Option<(i64, Option<i64>)>| i.is_some_and(|(s, l)| s <= asked && end(s, l).is_none_or(|e| asked < e));
        let mut membership = json!({"organization": ORG, "from": day(joined)});
        if let Some(left) = end(joined, left) {
            membership["until"] = json!(day(left));
        }
        let parents: &[&str] = if left.is_some() { &[] } else { &[ORG] };
        let mut world = World::new().org(json!({})).account(M, json!({}), &[ORG]).account(A, json!({"memberships": [membership]}), parents);
        world = world.account(B, json!({}), &[]);
        if let Some((start, length)) = organization {
            world = world.accepted("Org", "baa", "organization", ORG, &day(start), end(start, length).map(day).as_deref());
        }
        if let Some((start, length)) = account {
            world = world.accepted("Own", "baa", "account", A, &day(start), end(start, length).map(day).as_deref());
        }
        if let Some((start, length)) = offline {
            let mut designation = json!({"account": A, "from": day(start)});
            if let Some(end) = end(start, length) {
                designation["until"] = json!(day(end));
            }
            world = world.offline(json!([designation]));
        }
        let answers = world.assess(&on(&day(asked)));
        let member = joined <= asked && end(joined, left).is_none_or(|e| asked < e);
        let expected = match (holds(offline), member && holds(organization), holds(account)) {
            (true, ..) => "covered offline",
            (_, true, _) => "covered organization",
            (.., true) => "covered account",
            _ => "not-covered",
        };
        prop_assert_eq!(answers.baa(A), expected);
        prop_assert_eq!(answers.baa(B), "not-covered", "never a non-member");
    }
}
