//! Attributes that a policy asks for with `has` and that nothing can have.
//!
//! Cedar takes such a test for false, and what stands beside it for unreachable: under `unless`, `||` or `!` the policy would then
//! decide the other way, without a word.

use std::sync::Arc;

use serde_json::Value;

use super::shapes::{Variables, path};
use super::tokens::{tokens, word};
use crate::problem::{Problem, SourceFile, Span, instead};

/// A problem for each test of the conditions that never holds.
pub fn faults(json: &Value, variables: &Variables<'_>, (source, span): (&Arc<SourceFile>, Span)) -> Vec<Problem> {
    let mut tests = Vec::new();
    find(json.get("conditions").unwrap_or(&Value::Null), &mut tests);
    let fault = |(of, attribute): (&Value, &str)| {
        let known = variables.attributes(of)?;
        if known.contains(attribute) {
            return None;
        }
        let quoted =
            || tokens(source, span).into_iter().find(|t| t.ty.is_none() && t.text == attribute).map(|t| t.span);
        let place = word(source, span, attribute).or_else(quoted).unwrap_or(span.first());
        let list = known.iter().copied().collect::<Vec<_>>().join(", ");
        let otherwise = if list.is_empty() { "it has none".to_owned() } else { format!("it can have: {list}") };
        let help = instead(attribute, known, otherwise);
        let message = format!("`{}` has no attribute `{attribute}`: this is never true", path(of));
        Some(Problem::at(source, place, message).help(help).undeclared())
    };
    tests.into_iter().filter_map(fault).collect()
}

/// What is asked for an attribute, and the attribute.
fn find<'v>(json: &'v Value, tests: &mut Vec<(&'v Value, &'v str)>) {
    match json {
        Value::Object(members) => {
            let test = members.get("has").and_then(|has| Some((has.get("left")?, has.get("attr")?.as_str()?)));
            tests.extend(test);
            members.values().for_each(|value| find(value, tests));
        }
        Value::Array(items) => items.iter().for_each(|item| find(item, tests)),
        _ => {}
    }
}
