//! The memberships of an account: no two at once, and the one that has no end agrees with where the account is.

use super::{Check, ends};
use crate::inventory::entity::Entity;
use crate::inventory::model::{Membership, membership};
use crate::problem::Span;

impl Check<'_> {
    pub(super) fn memberships(&mut self, entity: &Entity, now: Option<&str>) {
        let Some(items) = entity.set("memberships") else {
            return;
        };
        let mut memberships: Vec<(Membership, Span)> =
            items.iter().filter_map(|i| membership(i).map(|m| (m, i.span))).collect();
        for (m, span) in &memberships {
            if let (Some(from), Some(until)) = (m.from, m.until)
                && from >= until
            {
                let message = format!("this membership {}", ends((from, until)));
                self.error(entity, *span, message, "correct `from` or `until`");
            }
        }
        memberships.sort_by_key(|(m, _)| m.from);
        for pair in memberships.windows(2) {
            if let [(first, other), (second, span)] = pair {
                let apart = matches!((self.until(first), second.from), (Some(until), Some(from)) if until <= from);
                if !apart {
                    let message = format!("memberships of account {} overlap (R41)", entity.uid.id);
                    let help = format!(
                        "the other is at {}: end the earlier one with `until` at or before the `from` of the later one",
                        entity.at(*other)
                    );
                    self.error(entity, *span, message, help);
                }
            }
        }
        if let (Some(since), Some((m, span))) = (entity.moment("membershipsKnownSince"), memberships.first())
            && m.from.is_some_and(|from| from < since)
        {
            let message = "this membership begins before `membershipsKnownSince`";
            self.error(entity, *span, message, "correct `from` or `membershipsKnownSince`");
        }
        let open = memberships.iter().find(|(m, _)| self.is_open(m));
        match (open, now) {
            (Some((m, _)), Some(now)) if m.organization == now => {}
            (None, None) => {}
            (Some((m, span)), _) => {
                let message = format!(
                    "account {} is in {} according to this membership, but not according to its parents",
                    entity.uid.id, m.organization
                );
                self.error(entity, *span, message, "end the membership with `until`, or correct `parents`");
            }
            (None, Some(now)) => {
                let message = format!(
                    "account {} is in {now} according to its parents, but no membership is open",
                    entity.uid.id
                );
                self.error(
                    entity,
                    entity.span_of("memberships"),
                    message,
                    "add a membership without `until`, or remove the parents",
                );
            }
        }
    }
}
