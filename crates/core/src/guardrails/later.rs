//! Guardrails that read the moment: what they forbid at a later one, a later request breaks.

use std::collections::{BTreeMap, BTreeSet};

use super::people_at::Actor;
use super::{GuardrailQuery, Question};
use crate::assessment::{Operation, OperationAnswer};
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::moment::{self, Moment};
use crate::operations::LATER;
use crate::policies::operations::check::grant;
use crate::policies::turning::Asked;
use crate::problem::Failure;

/// What a request carries that is not granted as assumed.
type Carried = BTreeMap<String, String>;

impl GuardrailQuery<'_> {
    /// The guardrails that forbid an operation to an actor at a later moment, each with the first; and those that reckon with the moment,
    /// which no date tells when.
    pub(super) fn forbidding_later(
        &mut self,
        question: &Question<'_>,
        operation: &OperationAnswer,
        actor: &Actor,
        (certain, open): (&BTreeSet<&'static str>, &BTreeSet<&'static str>),
    ) -> Result<BTreeMap<String, Carried>, Failure> {
        let mut found = BTreeMap::new();
        for at in self.later_moments(question.account) {
            for may in self.choose(certain, open, operation.operation) {
                for id in self.ask_at(at, question, &Operation::of(operation), (actor, &may))? {
                    found.entry(id).or_insert_with(|| Carried::from([(LATER.to_owned(), moment::format(at))]));
                }
            }
        }
        let own = grant(operation.operation);
        let reckoning = self.guardrails.terms.iter().filter(|(_, terms)| terms.turning.reckons && terms.is_asked(&own));
        for (id, _) in reckoning.filter(|(id, _)| self.may_be_about(id, &question.principal)) {
            found.entry(id.clone()).or_default();
        }
        Ok(found)
    }

    /// The moments after the one asked at which some guardrail can turn.
    fn later_moments(&self, account: &Account) -> BTreeSet<Moment> {
        let own = Uid::new("Account", &account.id);
        let of: [(&[&str], &Uid); 1] = [(&["resource"], &own)];
        let asked = Asked { inventory: self.agreements.inventory, of: &of };
        let all = self.guardrails.terms.values().flat_map(|terms| terms.turning.moments(&asked));
        all.filter(|at| *at > self.agreements.at()).collect()
    }
}
