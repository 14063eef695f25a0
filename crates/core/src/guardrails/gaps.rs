//! What a guardrail reads of an account and the inventory does not know: its tags, its organization, an attribute that may have any
//! value where it is absent. Whether such a guardrail holds there is unknown, whatever it says (D31).

use std::collections::BTreeSet;

use cedar_policy::{EntityUid, PrincipalConstraint};

use super::GuardrailQuery;
use crate::agreements::open::{Read, open};
use crate::agreements::standing::Standing;
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::policies::Tags;
use crate::policies::operations::check::grant;

impl GuardrailQuery<'_> {
    /// The guardrails about an operation of a principal that read what is not known of an account.
    pub(super) fn reading_gaps(
        &self,
        principal: &EntityUid,
        (account, standing): (&Account, &Standing),
        (operation, report): (&str, Option<&String>),
    ) -> BTreeSet<String> {
        let inventory = self.agreements.inventory;
        let tags = inventory.entity("Account", &account.id).and_then(|e| e.bool("tagsKnown")) == Some(false);
        let membership = standing.unknown.is_some();
        let report = report.map(|id| Uid::new("Report", id));
        let own = grant(operation);
        let reads_gap = |(id, terms): &(&String, &super::Terms)| {
            let read = Read { attribute: &|attr| terms.reads(attr), tags: Tags::new() };
            let attributes = || !open(self.agreements, (account, standing), report.clone(), &read).is_empty();
            let gap = (tags && terms.reads_tags) || (membership && terms.reads_membership()) || attributes();
            terms.is_asked(&own) && gap && self.may_be_about(id, principal)
        };
        self.guardrails.terms.iter().filter(reads_gap).map(|(id, _)| id.clone()).collect()
    }

    /// Whether the principal that a guardrail names can be this one.
    pub(super) fn may_be_about(&self, id: &str, principal: &EntityUid) -> bool {
        let of = cedar_policy::PolicyId::new(id);
        match self.guardrails.set.policy(&of).map(cedar_policy::Policy::principal_constraint) {
            Some(PrincipalConstraint::Eq(named)) => named == *principal,
            Some(PrincipalConstraint::Is(ty) | PrincipalConstraint::IsIn(ty, _)) => ty == *principal.type_name(),
            _ => true,
        }
    }
}
