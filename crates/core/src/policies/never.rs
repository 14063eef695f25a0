//! Tests of a type that what is asked about never is, or never is in: `principal in Artifact::IdentityCenterGroup::"legal"` in a gate, which
//! is asked about permission sets and not about people.
//!
//! Cedar takes such a test for false, as it does `has` of an attribute that there is not: alone it makes a policy impossible, which is an
//! error, and under `unless`, `||` or `!` the policy would decide the other way, without a word.

use std::sync::Arc;

use serde_json::Value;

use super::shapes::{Variables, path};
use super::tokens::tokens;
use crate::inventory::expand::article;
use crate::inventory::schema::{EntitySchema, local};
use crate::problem::{Problem, SourceFile, Span};

/// A test of an expression: what it has to be, or to be in one of.
struct Test<'v> {
    of: &'v Value,
    is: Option<&'v str>,
    within: Vec<&'v str>,
}

/// A problem for each test of the conditions that never holds.
pub fn faults(
    json: &Value,
    variables: &Variables<'_>,
    schema: &EntitySchema,
    (source, span): (&Arc<SourceFile>, Span),
) -> Vec<Problem> {
    let mut tests = Vec::new();
    find(json.get("conditions").unwrap_or(&Value::Null), &mut tests);
    let fault = |test: Test<'_>| {
        let types = variables.types(test.of)?;
        let is = |ty: &&str| test.is.is_none_or(|is| is == *ty);
        let within = |ty: &&str| test.within.is_empty() || test.within.iter().any(|of| reaches(schema, ty, of));
        if types.is_empty() || types.iter().any(|ty| is(ty) && within(ty)) {
            return None;
        }
        let (word, ty) = match (test.is, test.within.first()) {
            (Some(is), _) if !types.contains(&is) => ("", is),
            (_, Some(of)) => ("in ", *of),
            (is, None) => ("", is?),
        };
        let message = format!("`{}` is never {word}{}: this is never true", path(test.of), article(ty));
        let is_of = |token: &super::tokens::Token| token.ty.as_deref() == Some(ty);
        let place = tokens(source, span).into_iter().find(is_of).map(|token| token.span);
        let place = place.or_else(|| super::tokens::word(source, span, ty)).unwrap_or(span.first());
        let mut known: Vec<&str> = types.clone();
        known.sort_unstable();
        known.dedup();
        let person = if ty.starts_with("IdentityCenter") {
            "; people act as permission sets, and only guardrails read who they are (`context.person`)"
        } else {
            ""
        };
        Some(Problem::at(source, place, message).help(format!("it is one of: {}{person}", known.join(", "))))
    };
    tests.into_iter().filter_map(fault).collect()
}

/// Whether an entity of a type can be in one of another, or is one.
fn reaches(schema: &EntitySchema, ty: &str, of: &str) -> bool {
    let (mut seen, mut open) = (Vec::new(), vec![ty]);
    while let Some(ty) = open.pop() {
        if ty == of {
            return true;
        }
        if !seen.contains(&ty) {
            seen.push(ty);
            open.extend(schema.types.get(ty).into_iter().flat_map(|t| t.parents.iter().map(String::as_str)));
        }
    }
    false
}

fn find<'v>(json: &'v Value, tests: &mut Vec<Test<'v>>) {
    match json {
        Value::Object(members) => {
            if let Some(test) = members.get("is") {
                let is = test.get("entity_type").and_then(Value::as_str).map(local);
                let within = test.get("in").and_then(entities).unwrap_or_default();
                tests.extend(test.get("left").map(|of| Test { of, is, within }));
            }
            if let Some(test) = members.get("in") {
                let within = test.get("right").and_then(entities);
                tests.extend(test.get("left").zip(within).map(|(of, within)| Test { of, is: None, within }));
            }
            members.values().for_each(|value| find(value, tests));
        }
        Value::Array(items) => items.iter().for_each(|item| find(item, tests)),
        _ => {}
    }
}

/// The types of entities that are written out: of one, or of a set of them.
fn entities(json: &Value) -> Option<Vec<&str>> {
    match json.get("Set").and_then(Value::as_array) {
        Some(items) => items.iter().map(entity).collect(),
        None => Some(vec![entity(json)?]),
    }
}

fn entity(json: &Value) -> Option<&str> {
    json.get("Value")?.get("__entity")?.get("type")?.as_str().map(local)
}
