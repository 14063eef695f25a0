//! From which accounts anybody can act: the rules say it of an account's state (D26). Whoever may become a role of another account acts
//! from their own.

use std::collections::BTreeMap;

use cedar_policy::RestrictedExpression as Expr;

use crate::agreements::{Agreements, context, datetime};
use crate::inventory::entity::Uid;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::Decision;

/// The accounts asked about so far.
pub(super) struct States<'a> {
    agreements: &'a Agreements<'a>,
    rules: &'a RuleBook,
    /// The state of accounts is left out, as its gates are.
    any_state: bool,
    known: BTreeMap<String, Decision>,
}

impl<'a> States<'a> {
    pub fn new(agreements: &'a Agreements<'a>, rules: &'a RuleBook, any_state: bool) -> Self {
        Self { agreements, rules, any_state, known: BTreeMap::new() }
    }

    /// Whether anybody can act from an account. Of one that is not in the inventory, nothing is known that would keep them from it.
    pub fn of(&mut self, account: &str) -> Result<Decision, Failure> {
        let agreements = self.agreements;
        let Some(account) = agreements.tree.accounts.get(account).filter(|_| !self.any_state) else {
            return Ok(Decision::Allow);
        };
        if let Some(known) = self.known.get(&account.id) {
            return Ok(*known);
        }
        let standing = agreements.standing(account)?;
        let entities = agreements.entities(account, &standing, &[])?;
        let context = context([
            ("at", datetime(agreements.at())),
            ("generation", Expr::new_string(String::new())),
            ("scope", Expr::new_string("none".to_owned())),
            ("allowed", Expr::new_set([])),
            ("inForce", Expr::new_bool(false)),
            ("designated", Expr::new_bool(false)),
        ])?;
        let decision = self.rules.acting_in(&Uid::new("Account", &account.id).to_cedar()?, &context, &entities)?;
        self.known.insert(account.id.clone(), decision);
        Ok(decision)
    }
}

/// What an answer depends on that rests on the state of an account.
pub(super) fn depending(account: &str) -> String {
    format!("whether anybody can still act from account {account}")
}
