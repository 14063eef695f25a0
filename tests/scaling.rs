//! Work grows with the input, not with its square: steps are counted, not seconds (`countersign_core::work`).

use crate::common::*;
use countersign_core::assessment::{Options, assess};
use countersign_core::history::{Query, history};
use countersign_core::inventory::Inventory;
use countersign_core::lint::Finding;
use countersign_core::lint::read::Form;
use countersign_core::lint::run::{Text, lint};
use countersign_core::lint::settings::Settings;
use countersign_core::problem::{Failure, SourceFile};
use countersign_core::source::Memory;
use countersign_core::work;
use serde_json::{Value, json};

/// Twice the input takes at most about twice the work; and there is some.
pub(crate) fn is_linear(what: &str, size: usize, work_of: impl Fn(usize) -> u64) {
    let (one, two) = (work_of(size), work_of(2 * size));
    assert!(one >= size as u64 / 4, "{what}: {one} steps for {size} are not counted");
    assert!(two as f64 <= 2.2 * one as f64 + 10_000.0, "{what}: {one} steps for {size}, {two} for twice as many");
}

/// The steps of linting a text and of finding the place of each finding.
fn linting(text: String) -> u64 {
    let settings = Settings::none(at("2026-11-01"));
    let (places, steps) = work::during(|| {
        let source = SourceFile::new("policy.json", text);
        let outcome = lint(&[Text { source, form: Form::Json, named: true }], &settings, None, true);
        let place = |f: &Finding| f.place.source.line_column(f.place.span.start);
        outcome.findings.iter().map(place).collect::<Vec<_>>().len()
    });
    assert!(places > 0, "something is found");
    steps
}

fn statements(number: usize) -> Value {
    let one = |n: usize| {
        json!({"Sid": format!("S{n}"), "Effect": if n.is_multiple_of(3) { "Deny" } else { "Allow" }, "Action": "artifact:Get",
            "Resource": format!("arn:aws:s3:::b{n}*x*/k")})
    };
    policy((0..number).map(one).collect())
}

/// 20,000 statements on one line, each with a finding whose line and column are asked for.
#[test]
fn statements_of_a_policy() {
    is_linear("statements", 10_000, |n| linting(statements(n).to_string()));
    // a character that is several bytes changes how columns are counted
    is_linear("statements after a wide character", 5_000, |n| {
        linting(statements(n).to_string().replacen("\"S1\"", "\"\u{e9}\"", 1))
    });
}

/// All pairs of the values of one list are compared, up to the longest list that AWS takes; more are told to be too many.
#[test]
fn patterns_of_a_list() {
    let of = |n: usize| {
        let resources: Vec<String> = (0..n).map(|i| format!("arn:aws:s3:::b*{i}*x{}*/k*", i * 7)).collect();
        linting(policy(json!([{"Effect": "Allow", "Action": "s3:NoSuchAction", "Resource": resources}])).to_string())
    };
    // a pair costs the product of the lengths of its patterns, whatever stars they have
    let pairs = 300_u64 * 300;
    let steps = of(300);
    assert!(steps > pairs && steps < pairs * 40 * 40, "{steps}");
    is_linear("patterns", 1_501, of);
}

/// A text of many megabytes is looked through a few times, not once for each of its parts.
#[test]
fn one_long_string() {
    let of = |n: usize| {
        linting(
            policy(json!([
                {"Effect": "Allow", "Action": "s3:NoSuchAction", "Resource": format!("arn:aws:s3:::{}", "a".repeat(n))},
                {"Effect": "Allow", "Action": "s3:NoSuchAction", "Resource": "*"}
            ]))
            .to_string(),
        )
    };
    is_linear("one string", 5_000_000, of);
}

fn load(entities: &[Value]) -> (Result<Inventory, Failure>, u64) {
    let files = Memory::new("of many").with("entities.json", serde_json::to_vec(entities).unwrap());
    work::during(|| Inventory::load(&files, SCHEMA.clone()))
}

/// A chain of units is refused for its depth, and each is looked at as deep as AWS allows, not to its end.
#[test]
fn chains_of_units() {
    is_linear("units", 2_500, |number| {
        let mut world = World::organization();
        for n in 0..number {
            let parent = if n == 0 { ORG.to_owned() } else { format!("ou-abcd-{:08}", n - 1) };
            let (unit, account) = (format!("ou-abcd-{n:08}"), format!("{:012}", 444_400_000_000_u64 + n as u64));
            world = world.entity(json!({"uid": unit, "parents": [parent]})).account(&account, json!({}), &[&unit]);
        }
        let (loaded, steps) = load(&world.entities);
        let Err(Failure::Problems(problems)) = loaded else { panic!("a chain of {number} units") };
        assert!(problems.iter().any(|p| p.message().contains("more than 5 levels")), "{problems:?}");
        steps
    });
}

/// Coverage asks the rules about each account once.
#[test]
fn accounts_in_coverage() {
    is_linear("accounts", 400, |number| {
        let world = (0..number).fold(World::organization(), |w, n| {
            w.account(&format!("{:012}", 444_400_000_000_u64 + n as u64), json!({}), &[ORG])
        });
        let world = world.accepted("abcdef0123456789", "baa", "organization", ORG, "2024-01-01", None);
        let inventory = load(&world.entities).0.unwrap_or_else(|f| panic!("{}", words(&f)));
        let mut options = options_now();
        options.filter.without_principals = true;
        let (assessment, steps) = work::during(|| countersign_core::assessment::assess(&inventory, &RULES, &options));
        assert_eq!(assessment.unwrap_or_else(|f| panic!("{}", words(&f))).accounts.len(), number + 2);
        steps
    });
}

/// Of roles that trust their account, only who has a permission of their own is asked whether they may assume each.
#[test]
fn roles_that_trust_their_account() {
    is_linear("roles", 250, |number| {
        let trust = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": A}}]));
        let reads = || json!([policy(json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]))]);
        let role = |n: usize| json!({"uid": format!("arn:aws:iam::{A}:role/r{n}"), "attrs": {"policies": reads(), "trustPolicy": trust}});
        let assumes = policy(json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]));
        let world = World::organization().user(A, "jo", json!([assumes]));
        let world = (0..number).fold(world, |world, n| world.entity(role(n)));
        let (inventory, options) = (load(&world.entities).0.unwrap_or_else(|f| panic!("{}", words(&f))), options_now());
        let wanted = (0..number).map(|n| format!("arn:aws:iam::{A}:role/r{n}")).collect();
        let follow = || countersign_core::people::follow((&inventory, &RULES), &options, &wanted);
        let (roles, steps) = work::during(follow);
        let roles = roles.unwrap_or_else(|f| panic!("{}", words(&f)));
        assert!(roles.values().all(|behind| behind.assumers.len() == 1), "jo alone");
        steps
    });
}

/// Who can end the coverage of accounts that are alike is asked once for all of them.
#[test]
fn accounts_whose_coverage_can_end() {
    let of = |number: usize, own: bool| {
        let account = |n: usize| format!("{:012}", 444_400_000_000_u64 + n as u64);
        let mut world =
            World::organization().accepted("abcdef0123456789", "baa", "organization", ORG, "2024-01-01", None);
        for n in 0..number {
            world = world.account(&account(n), json!({}), &[ORG]);
            if own {
                world = world.accepted(&format!("{n:016}"), "baa", "account", &account(n), "2024-01-01", None);
            }
        }
        let inventory = load(&world.entities).0.unwrap_or_else(|f| panic!("{}", words(&f)));
        let (found, steps) =
            work::during(|| countersign_core::ending::endings(&inventory, &RULES, &options_now(), "baa").unwrap());
        assert_eq!(found.endings.len(), number + 2);
        steps
    };
    is_linear("accounts whose coverage can end", 60, |n| of(n, false));
    is_linear("accounts that have agreements of their own", 60, |n| of(n, true));
}

/// D19: of many agreements that cover one account, the order in which they are named asks about few pairs.
#[test]
fn agreements_of_one_account() {
    let of = |n: usize, start: &dyn Fn(usize) -> usize| {
        let mut entities = vec![json!({"uid": format!("Account::\"{A}\"")})];
        entities.extend((0..n).map(|i| {
            let id = format!("CustomerAgreement::\"customer-agreement-{i:016}\"");
            let day =
                format!("20{:02}-{:02}-{:02}", 10 + start(i) % 10, 1 + start(i) / 10 % 12, 1 + start(i) / 120 % 28);
            json!({"uid": id, "attrs": {"agreement": "baa", "account": A, "effectiveStart": day}})
        }));
        let inventory = load(&entities).0.unwrap();
        let options = Options { at: at("2026-11-01"), snapshot: at("2026-11-01"), ..Options::default() };
        let (assessed, steps) = work::during(|| assess(&inventory, &RULES, &options).unwrap());
        let governing = assessed.accounts[0].agreements.iter().find(|row| row.kind == "baa").unwrap();
        assert_eq!(governing.superseded.len() + governing.also_in_force.len(), n - 1);
        steps
    };
    is_linear("agreements of one day", 400, |n| of(n, &|_| 0));
    is_linear("agreements of different days", 400, |n| of(n, &|i| i * 7919 % 3360));
    let (_, steps) = work::during(|| of(1_000, &|i| i * 7919 % 3360));
    assert!(steps < 1_000 * 40, "{steps}");
    let query = |n: usize| {
        let entities: Vec<Value> = std::iter::once(json!({"uid": format!("Account::\"{A}\"")}))
            .chain((0..n).map(|i| {
                json!({"uid": format!("CustomerAgreement::\"customer-agreement-{i:016}\""),
                "attrs": {"agreement": "baa", "account": A, "effectiveStart": "2024-03-05"}})
            }))
            .collect();
        let inventory = load(&entities).0.unwrap();
        work::during(|| history(&inventory, &RULES, &Query { to: at("2026-11-01"), ..Query::default() }).unwrap()).1
    };
    is_linear("the history of agreements of one day", 400, query);
}
