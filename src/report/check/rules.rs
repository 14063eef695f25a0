//! A change of the rules, in words.

use crate::check::{RuleFinding, RulesChange};
use crate::report::{count, few};

/// Names in a line.
const NAMES: usize = 6;

/// What a change does to the rules, and what that does to what is found, a sentence each.
pub fn sentences(change: &RulesChange) -> Vec<String> {
    let ids = |ids: &[String], verb: &str| {
        (!ids.is_empty()).then(|| format!("it {verb} {}: {}", count(ids.len(), "policy"), few(ids, NAMES)))
    };
    let found = |findings: &[RuleFinding], verb: &str| {
        let named: Vec<String> = findings.iter().map(|f| format!("{} of {}", f.rule, f.subject)).collect();
        (!named.is_empty()).then(|| format!("{} {verb}: {}", count(named.len(), "finding"), few(&named, NAMES)))
    };
    let mut sentences = vec!["this change alters the rules, and is judged by those of the base".to_owned()];
    sentences.extend(ids(&change.removed, "removes"));
    sentences.extend(ids(&change.changed, "alters"));
    sentences.extend(ids(&change.added, "adds"));
    let operations = &change.operations;
    if !operations.is_empty() {
        sentences.push(format!("it alters what operations.json says of {}", few(operations, NAMES)));
    }
    if sentences.len() == 1 {
        sentences.push("the policies and operations are the same: comments or the schema differ".to_owned());
    }
    let effects = [
        found(&change.no_longer_found, "would no longer be made by the new rules"),
        found(&change.newly_found, "would be made by the new rules only"),
    ];
    let before = sentences.len();
    sentences.extend(effects.into_iter().flatten());
    if sentences.len() == before {
        sentences.push("the findings would be the same".to_owned());
    }
    sentences
}
