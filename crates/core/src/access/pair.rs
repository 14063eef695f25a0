//! Two policies that can be compared: both of identities, both of resources, or both of roles that may be assumed.

use std::sync::Arc;

use crate::iam::document;
use crate::iam::resource_based::{self, DocumentKind};
use crate::inventory::Policy;
use crate::problem::{Problem, SourceFile};
use crate::text::json::{self, Node};

/// Two policies of one kind.
pub struct Pair {
    /// The old one.
    pub old: Policy,
    /// The new one.
    pub new: Policy,
    /// Their kind; `None` if neither has a statement.
    pub kind: Option<DocumentKind>,
}

/// Reads two policies, with their warnings. The kind is told by `Principal` and `NotPrincipal`; two of different kinds are an error.
pub fn read(old: &Arc<SourceFile>, new: &Arc<SourceFile>) -> Result<(Pair, Vec<Problem>), Vec<Problem>> {
    let (old_node, new_node) = match (json::parse(old), json::parse(new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => return Err([old.err(), new.err()].into_iter().flatten().flatten().collect()),
    };
    let kinds = (DocumentKind::of(&old_node), DocumentKind::of(&new_node));
    if let (Some(before), Some(after)) = kinds
        && before != after
    {
        let message = format!("this is {}, but {} is {}", after.words(), old.path, before.words());
        let help = "compare two policies of the same kind: what one allows cannot be held against the other";
        return Err(vec![Problem::at(new, new_node.span.first(), message).help(help)]);
    }
    let kind = kinds.0.or(kinds.1);
    let mut problems = Vec::new();
    let mut policy = |source: &Arc<SourceFile>, node: &Node| {
        let document = match kind {
            Some(kind @ (DocumentKind::Resource | DocumentKind::Trust)) => {
                resource_based::read(source, node, kind, &mut problems)
            }
            _ => document::read(source, node, &mut problems),
        };
        let content = node.to_json().to_string();
        Policy { label: source.path.clone(), document: Arc::new(document), content, built_in: false }
    };
    let (old, new) = (policy(old, &old_node), policy(new, &new_node));
    let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(Problem::is_error);
    if errors.is_empty() { Ok((Pair { old, new, kind }, warnings)) } else { Err(errors) }
}
