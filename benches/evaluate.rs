//! Reading and assessing organizations of growing size, told as ratios taken in one run: `cargo bench`.
#![allow(missing_docs, clippy::unwrap_used)]

mod organization;

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::assessment::{Options, assess};
use countersign_core::inventory::Inventory;
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::moment;
use countersign_core::policies::RuleBook;
use countersign_core::source::Folder;
use serde_json::Value;

use organization::organization;

const ROLES: usize = 10;

fn measure(accounts: usize, schema: &Arc<EntitySchema>, rules: &RuleBook) -> (Duration, Duration, Duration) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("entities.json"), Value::Array(organization(accounts, ROLES)).to_string())
        .unwrap();
    let begin = Instant::now();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), schema.clone()).unwrap_or_else(|_| std::process::exit(2));
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
