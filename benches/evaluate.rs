//! Reading and assessing organizations of growing size, told as ratios taken in one run: `cargo bench`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::assessment::{Options, assess};
use countersign::inventory::Inventory;
use countersign::inventory::schema::EntitySchema;
use countersign::moment;
use countersign::policies::RuleBook;
use serde_json::{Value, json};

const ROLES: usize = 10;

/// An organization: units with service control policies, members with roles of a few kinds.
fn organization(accounts: usize) -> Value {
    let number = |i: usize| format!("{:012}", 100_000_000_000 + i);
    let unit = |i: usize| format!("ou-ab12-unit{i:05}");
    let units = accounts / 50 + 1;
    let mut entities = vec![json!({"uid": "o-benchmark01", "attrs":
        {"featureSet": "ALL", "managementAccount": number(0), "trustedAccess": true, "serviceRole": true}})];
    for i in 0..units {
        let action = if i % 3 == 0 { "artifact:AcceptAgreement" } else { "organizations:LeaveOrganization" };
        let deny =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]});
        entities.push(json!({"uid": unit(i), "parents": ["o-benchmark01"], "attrs": {"serviceControlPolicies": ["p-FullAWSAccess", deny]}}));
    }
    let policies = [
        "AdministratorAccess",
        "AWSArtifactAgreementsFullAccess",
        "PowerUserAccess",
        "AWSArtifactReportsReadOnlyAccess",
    ];
    for i in 0..accounts {
        let parent = if i == 0 { "o-benchmark01".to_owned() } else { unit(i % units) };
        entities.push(json!({"uid": number(i), "parents": [parent], "attrs": {"memberships": [{"organization": "o-benchmark01", "from": "2022-01-01"}]}}));
        for (role, policy) in policies.iter().cycle().take(ROLES).enumerate() {
            let arn = format!("arn:aws:iam::{}:role/r{role}", number(i));
            entities.push(json!({"uid": arn, "attrs": {"policies": [format!("arn:aws:iam::aws:policy/{policy}")]}}));
        }
    }
    entities.push(json!({"uid": "customer-agreement-Benchmark0123456", "attrs":
        {"agreement": "baa", "organization": "o-benchmark01", "effectiveStart": "2023-01-01"}}));
    Value::Array(entities)
}

fn measure(accounts: usize, schema: &Arc<EntitySchema>, rules: &RuleBook) -> (Duration, Duration, Duration) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("entities.json"), organization(accounts).to_string()).unwrap();
    let begin = Instant::now();
    let inventory = Inventory::load(folder.path(), schema.clone()).unwrap_or_else(|_| std::process::exit(2));
    let read = begin.elapsed();
    let at = moment::parse("2026-01-01").unwrap();
    let mut options = Options { at, snapshot: at, ..Options::default() };
    let begin = Instant::now();
    let assessment = assess(&inventory, rules, &options).unwrap_or_else(|_| std::process::exit(2));
    let all = begin.elapsed();
    assert_eq!(assessment.principals.len(), accounts * (ROLES + 1));
    options.filter.without_principals = true;
    let begin = Instant::now();
    assess(&inventory, rules, &options).unwrap_or_else(|_| std::process::exit(2));
    (read, all, begin.elapsed())
}

fn main() {
    let schema = Arc::new(EntitySchema::built_in().unwrap_or_else(|_| std::process::exit(2)));
    let rules = RuleBook::built_in(&schema).unwrap_or_else(|_| std::process::exit(2));
    let mut before: Option<(usize, Duration)> = None;
    println!("accounts  read      coverage  assess    µs/principal  coverage : assess  growth");
    for accounts in [50, 200, 800] {
        let (read, all, coverage) = measure(accounts, &schema, &rules);
        let principals = u32::try_from(accounts * (ROLES + 1)).unwrap_or(u32::MAX);
        let growth = before.map_or(String::new(), |(n, t)| {
            format!("{:.2} × the time for {} × the accounts", all.as_secs_f64() / t.as_secs_f64(), accounts / n)
        });
        println!(
            "{accounts:<9} {:<9.1?} {:<9.1?} {:<9.1?} {:<13} 1 : {:<13.1} {growth}",
            read,
            coverage,
            all,
            (all / principals).as_micros(),
            all.as_secs_f64() / coverage.as_secs_f64(),
        );
        before = Some((accounts, all));
    }
}
