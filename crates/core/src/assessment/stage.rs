//! What has to be known of an account before its principals are asked about.

use cedar_policy::Entities;

use super::Options;
use crate::agreements::standing::Standing;
use crate::agreements::{Agreements, KindCoverage};
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::operations::catalogue::{self, Operation};
use crate::operations::worlds::Worlds;
use crate::operations::{AccountEvaluator, Memo};
use crate::policies::RuleBook;
use crate::problem::Failure;

/// An account, what is in force for it, and the operations that can be done in it.
pub(super) struct Stage<'s> {
    account: &'s Account,
    standing: &'s Standing,
    inventory: &'s Inventory,
    rules: &'s RuleBook,
    options: &'s Options,
    entities: Entities,
    pub coverage: Vec<KindCoverage>,
    pub operations: Vec<Operation>,
    worlds: Worlds,
}

impl<'s> Stage<'s> {
    /// Of an account with the entities that the rules read of it, and the agreements in force.
    pub fn new(
        agreements: &Agreements<'s>,
        (account, standing): (&'s Account, &'s Standing),
        (rules, options): (&'s RuleBook, &'s Options),
        (entities, coverage): (Entities, Vec<KindCoverage>),
    ) -> Result<Self, Failure> {
        let asked = (standing.organization.as_deref(), coverage.as_slice());
        let named = &options.filter.operations;
        let operations = catalogue::operations(&rules.operations, agreements, account, asked, named)?;
        let worlds = Worlds::new(agreements, rules, (account, standing), &operations, &entities)?;
        let inventory = agreements.inventory;
        Ok(Self { account, standing, inventory, rules, options, entities, coverage, operations, worlds })
    }

    /// Asks about the principals of the account.
    pub fn evaluator<'e>(&'e self, memo: &'e Memo) -> AccountEvaluator<'e> {
        AccountEvaluator {
            inventory: self.inventory,
            rules: self.rules,
            account: self.account,
            coverage: &self.coverage,
            organization: self.standing.organization.as_deref(),
            organization_unknown: self.standing.unknown.as_deref(),
            unit_unknown: self.standing.unit_unknown.as_deref(),
            entities: &self.entities,
            worlds: &self.worlds,
            at: self.options.at,
            model: self.options.model,
            any_request: self.options.any_request,
            any_state: self.options.any_state,
            by_the_call: self.options.by_the_call,
            memo,
        }
    }

    /// The operations that are asked about.
    pub fn wanted(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|o| self.options.filter.operation(o))
    }
}

/// The entities that the rules may read of every account beside its own: reports and services.
pub(super) fn beside(inventory: &Inventory) -> Vec<Uid> {
    let of_type = |ty| inventory.of_type(ty).map(|e| e.uid.clone());
    of_type("Report").chain(of_type("Service")).collect()
}
