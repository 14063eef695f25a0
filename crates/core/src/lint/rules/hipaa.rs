//! What the rules about HIPAA guardrails share: the dated list of eligible services, and which lists of a policy are meant
//! to be that list.

use super::tasks::holds_word;
use crate::aws::eligibility::Lists;
pub use crate::aws::eligibility::parts;
use crate::iam::document;
use crate::lint::At;
use crate::lint::policy::{Policy, PolicyKind};

/// A list of prefixes that is meant to be that of the eligible services.
pub struct Guardrail<'p> {
    /// Where it stands.
    pub at: At,
    statement: &'p document::Statement,
}

impl Guardrail<'_> {
    /// It lets actions of a service pass.
    pub fn lets(&self, prefix: &str) -> bool {
        let start = format!("{prefix}:");
        let of_service = |p: &crate::iam::template::Template| {
            p.is_any() || p.to_string().starts_with(&start) || p.matches(&format!("{start}x"))
        };
        self.statement.actions.patterns.iter().any(of_service)
    }

    /// It names a service, rather than letting everything pass.
    pub fn names(&self, prefix: &str) -> bool {
        let start = format!("{prefix}:");
        self.statement.actions.patterns.iter().any(|p| p.to_string().starts_with(&start))
    }
}

/// The lists of a guardrail for HIPAA: it is called after it, and lets half of the eligible services pass.
pub fn guardrails<'p>(policy: &'p Policy, lists: &Lists) -> Vec<Guardrail<'p>> {
    let sids = policy.statements.iter().filter_map(|s| s.sid.as_ref()).map(|s| s.text.as_str());
    let named = policy.names.iter().map(String::as_str).chain(sids).chain([policy.source.path.as_str()]);
    if policy.kind != PolicyKind::ServiceControl || !named.into_iter().any(|n| holds_word(n, &["hipaa"])) {
        return Vec::new();
    }
    let list = policy.meanings().filter(|(_, m)| m.allow != m.actions.negated);
    let guardrails = list.filter_map(|(statement, meaning)| {
        let at = statement.actions.as_ref()?.key_at.clone();
        Some(Guardrail { at, statement: meaning })
    });
    let eligible: Vec<_> =
        lists.all().iter().filter(|s| s.was_listed(lists.last()) && !s.prefixes.is_empty()).collect();
    let lets_half = |g: &Guardrail<'_>| {
        eligible.iter().filter(|s| s.prefixes.iter().any(|p| g.names(p))).count() * 2 >= eligible.len()
    };
    guardrails.filter(lets_half).collect()
}
