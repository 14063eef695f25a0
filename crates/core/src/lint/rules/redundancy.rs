//! What the rules about redundant statements share.

use crate::iam::document;
use crate::iam::patterns::statement_included;
use crate::lint::At;
use crate::lint::policy::{Policy, Statement};
use crate::problem::Span;

/// A policy with more statements is larger than AWS takes, which CS113 tells; all of their pairs are too many.
const MOST: usize = 2_500;

/// The statements of a policy that are compared with each other: those that are there for certain.
pub fn compared(policy: &Policy) -> impl Iterator<Item = (&Statement, &document::Statement)> + Clone {
    let few = policy.statements.len() <= MOST;
    policy
        .statements
        .iter()
        .filter(move |s| few && !s.perhaps && !s.replaced)
        .filter_map(|s| Some((s, s.meaning.as_ref()?)))
}

/// Where a statement is shown: its name, else its first key.
pub fn head(statement: &Statement) -> At {
    let first = statement.node.as_object().and_then(<[_]>::first).map(|m| m.key_span);
    let span = statement.sid.as_ref().map(|s| s.at.span).or(first);
    let start = statement.at.span.start;
    At { pointer: statement.at.pointer.clone(), span: span.unwrap_or(Span { start, end: start + 1 }) }
}

/// A statement in words.
pub fn named(statement: &Statement) -> String {
    let sid = statement.sid.as_ref().filter(|s| !s.text.is_empty());
    sid.map_or_else(|| statement.at.pointer.clone(), |s| format!("{} ({})", statement.at.pointer, s.text))
}

/// Two statements that apply to the same requests with the same effect.
pub fn same(one: &document::Statement, other: &document::Statement) -> bool {
    one.allow == other.allow && statement_included(one, other) && statement_included(other, one)
}
