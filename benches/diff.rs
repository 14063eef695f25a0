//! Comparing two organizations of 10,000 accounts that differ in one service control policy, told as ratios taken in one run.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod organization;

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::assessment::{Options, assess};
use countersign_core::diff::{Side, diff};
use countersign_core::inventory::Inventory;
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::moment;
use countersign_core::policies::RuleBook;
use countersign_core::source::Folder;
use organization::{ID, organization};
use serde_json::{Value, json};

const ACCOUNTS: usize = 10_000;
const ROLES: usize = 2;

/// Where the service control policy is attached that is another on the new side.
#[derive(Clone, Copy)]
enum At {
    Nowhere,
    Unit,
    Root,
}

fn load(at: At, loosened: bool, schema: &Arc<EntitySchema>) -> (Inventory, Duration) {
    let mut entities = organization(ACCOUNTS, ROLES);
    let actions = if loosened {
        json!(["artifact:TerminateAgreement"])
    } else {
        json!(["artifact:AcceptAgreement", "artifact:TerminateAgreement"])
    };
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Guard", "Effect": "Deny", "Action": actions, "Resource": "*"}]});
    let wanted = match at {
        At::Nowhere => "",
        At::Unit => "ou-ab12-unit00001",
        At::Root => ID,
    };
    for entity in entities.iter_mut().filter(|e| e["uid"] == wanted) {
        entity["attrs"]["serviceControlPolicies"] = json!(["p-FullAWSAccess", "guard.json"]);
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("guard.json"), deny.to_string()).unwrap();
    std::fs::write(folder.path().join("entities.json"), Value::Array(entities).to_string()).unwrap();
    let begin = Instant::now();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), schema.clone()).unwrap_or_else(|_| std::process::exit(2));
    (inventory, begin.elapsed())
}

fn main() {
    let schema = Arc::new(EntitySchema::built_in().unwrap_or_else(|_| std::process::exit(2)));
    let rules = RuleBook::built_in(&schema).unwrap_or_else(|_| std::process::exit(2));
    let moment = moment::parse("2026-01-01").unwrap();
    let options = Options { at: moment, snapshot: moment, ..Options::default() };
    let (whole, read) = load(At::Root, false, &schema);
    let begin = Instant::now();
    let assessment = assess(&whole, &rules, &options).unwrap_or_else(|_| std::process::exit(2));
    let one = begin.elapsed();
    println!(
        "{} accounts, {} principals: read {read:.1?}, one assessment {one:.1?}",
        assessment.accounts.len(),
        assessment.principals.len()
    );
    drop((assessment, whole));
    println!("the policy is attached to  diff      diff : assessment  entries  principals");
    for (name, at) in [("nothing", At::Nowhere), ("one unit", At::Unit), ("the root", At::Root)] {
        let (base, head) = (load(at, false, &schema).0, load(at, true, &schema).0);
        let side = |inventory| Side { inventory, options: &options };
        let begin = Instant::now();
        let found = diff(&side(&base), &side(&head), &rules).unwrap_or_else(|_| std::process::exit(2));
        let time = begin.elapsed();
        let principals: usize = found.access.iter().map(|e| e.principals.len()).sum();
        println!(
            "{name:<26} {:<9.1?} {:<18.2} {:<8} {principals}",
            time,
            time.as_secs_f64() / one.as_secs_f64(),
            found.access.len(),
        );
    }
}
