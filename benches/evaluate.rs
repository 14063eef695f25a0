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

struct Times {
    read: Duration,
    coverage: Duration,
    assess: Duration,
    /// The same with each principal asked by itself.
    plain: Duration,
}

fn measure(accounts: usize, schema: &Arc<EntitySchema>, rules: &RuleBook) -> Times {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("entities.json"), Value::Array(organization(accounts, ROLES)).to_string())
        .unwrap();
    let begin = Instant::now();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), schema.clone()).unwrap_or_else(|_| std::process::exit(2));
    let read = begin.elapsed();
    let at = moment::parse("2026-01-01").unwrap();
    let time = |options: &Options| {
        let begin = Instant::now();
        let assessment = assess(&inventory, rules, options).unwrap_or_else(|_| std::process::exit(2));
        assert_eq!(
            assessment.principals.len(),
            if options.filter.without_principals { 0 } else { accounts * (ROLES + 1) }
        );
        begin.elapsed()
    };
    let mut options = Options { at, snapshot: at, ..Options::default() };
    let assess = time(&options);
    options.by_itself = true;
    let plain = time(&options);
    options.filter.without_principals = true;
    Times { read, coverage: time(&options), assess, plain }
}

fn main() {
    let schema = Arc::new(EntitySchema::built_in().unwrap_or_else(|_| std::process::exit(2)));
    let rules = RuleBook::built_in(&schema).unwrap_or_else(|_| std::process::exit(2));
    let mut before: Option<(usize, Duration)> = None;
    println!("accounts  read      coverage  assess    µs/principal  coverage : assess  by itself : assess  growth");
    for accounts in [50, 200, 800] {
        let Times { read, coverage, assess, plain } = measure(accounts, &schema, &rules);
        let principals = u32::try_from(accounts * (ROLES + 1)).unwrap_or(u32::MAX);
        let growth = before.map_or(String::new(), |(n, t)| {
            format!("{:.2} × the time for {} × the accounts", assess.as_secs_f64() / t.as_secs_f64(), accounts / n)
        });
        println!(
            "{accounts:<9} {read:<9.1?} {coverage:<9.1?} {assess:<9.1?} {:<13} 1 : {:<13.1} {:<5.1} : 1           {growth}",
            (assess / principals).as_micros(),
            assess.as_secs_f64() / coverage.as_secs_f64(),
            plain.as_secs_f64() / assess.as_secs_f64(),
        );
        before = Some((accounts, assess));
    }
}
