//! Statements as a principal is under them: what every request of the principal carries is settled, the rest is open.

use std::sync::Arc;

use super::{AccessAnswer, NewRequests};
use super::{Side, new_access};
use crate::iam::document::{Condition, Document, ResourcePattern, Statement};
use crate::iam::template::Template;
use crate::inventory::Policy;
use crate::permissions::atom;
use crate::permissions::context::Keys;
use crate::permissions::knowledge::Knowledge;
use crate::permissions::scenarios::Stack;
use crate::problem::{Failure, SourceFile};

/// A statement, and the file that answers name.
pub type Named = (String, Statement);

/// The keys that a statement reads, variables included.
pub fn keys_of(statement: &Statement) -> impl Iterator<Item = &str> {
    let resources = statement.resources.patterns.iter().flat_map(|p| match p {
        ResourcePattern::Arn(segments) => segments.as_slice(),
        _ => &[],
    });
    let conditions = statement.conditions.iter();
    conditions
        .flat_map(|c| std::iter::once(c.key.as_str()).chain(c.values.iter().flat_map(Template::variables)))
        .chain(resources.flat_map(Template::variables))
}

/// A statement with what every request of the principal carries filled in; `None` where it applies to none of them.
pub fn settled(statement: &Statement, knowledge: &Knowledge) -> Option<Statement> {
    let mut settled = statement.clone();
    settled.conditions.clear();
    for condition in &statement.conditions {
        match outcome(condition, knowledge) {
            Some(true) => {}
            Some(false) => return None,
            None => settled.conditions.push(condition.clone()),
        }
    }
    let value = |key: &str| knowledge.determined(key).flatten().and_then(|v| v.single());
    // a default stands for a key that is known to be absent alone
    let filled = |segment: &Template| {
        let known = segment.variables().all(|k| value(k).is_some());
        known.then(|| segment.substitute(value)).flatten().unwrap_or_else(|| segment.clone())
    };
    let patterns = settled.resources.patterns.iter().map(|pattern| match pattern {
        ResourcePattern::Arn(segments) => ResourcePattern::Arn(Box::new(segments.each_ref().map(filled))),
        other => other.clone(),
    });
    settled.resources.patterns = patterns.collect();
    Some(settled)
}

/// Whether a condition holds for every request, or for none.
fn outcome(condition: &Condition, knowledge: &Knowledge) -> Option<bool> {
    let actual = knowledge.determined(&condition.key)?;
    let mut keys = Keys::new();
    for variable in condition.values.iter().flat_map(Template::variables) {
        if let Some(value) = knowledge.determined(variable)? {
            keys.insert(variable.to_owned(), value.clone());
        }
    }
    Some(atom::holds_with(condition, actual, &keys))
}

/// Policies of these statements, one each, so that each keeps its file.
pub fn policies(statements: Vec<Named>) -> Vec<Policy> {
    let numbered = statements.into_iter().enumerate();
    numbered.map(|(index, (label, statement))| of_statement(index, label, statement)).collect()
}

/// A policy of one statement; `index` tells it from others.
pub fn of_statement(index: usize, label: String, statement: Statement) -> Policy {
    Policy {
        label,
        content: index.to_string(),
        built_in: false,
        document: Arc::new(Document { source: statement.place.source.clone(), statements: vec![statement] }),
    }
}

/// What answers call a policy that is not there, and may say anything.
pub const OUTSIDE: &str = "another policy";

/// A statement that allows everything.
pub fn everything() -> Option<Statement> {
    allows("*")
}

/// The same, as a statement of a policy that is not there.
pub fn everything_outside() -> Option<Named> {
    everything().map(|statement| (OUTSIDE.to_owned(), statement))
}

/// A statement that allows an action on everything.
fn allows(action: &str) -> Option<Statement> {
    let text = serde_json::json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}).to_string();
    let source = SourceFile::new(OUTSIDE, text);
    let node = crate::text::json::parse(&source).ok()?;
    crate::iam::document::read(&source, &node, &mut Vec::new()).statements.pop()
}

/// Whether a stack allows any request for an action at all, on whatever resource.
pub fn allows_any(stack: &Stack, knowledge: &Knowledge, action: &str) -> Result<NewRequests, Failure> {
    if stack.layers.iter().any(|l| !l.opaque.is_empty()) {
        return Ok(NewRequests::Unknown);
    }
    let Some(only) = allows(action) else {
        return Ok(NewRequests::Unknown);
    };
    let mut layers = vec![("action", policies(vec![(OUTSIDE.to_owned(), only)]))];
    // a policy of which it is not known where it is attached, or whether it exists, can only take away
    for layer in stack.layers.iter().filter(|l| l.placed && l.of_all_features.is_none()) {
        let named =
            layer.statements.iter().filter_map(|s| Some((s.origin.file.clone(), settled(&s.statement, knowledge)?)));
        layers.push((layer.name.as_str(), policies(named.collect())));
    }
    let AccessAnswer { decision, .. } = new_access(&Side::new(vec![("nothing", Vec::new())]), &Side::new(layers))?;
    Ok(decision)
}
