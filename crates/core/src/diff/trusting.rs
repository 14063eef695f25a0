//! Reach beyond an account: what changes in it changes who may become the roles that trust it.

use std::collections::{BTreeMap, BTreeSet};

use super::reach::Reach;
use crate::iam::principal::Who;
use crate::inventory::Inventory;

/// The accounts of the roles that trust an account.
pub(super) struct Trusting {
    by_account: BTreeMap<String, BTreeSet<String>>,
    /// The accounts of roles that trust anyone.
    open: BTreeSet<String>,
}

impl Trusting {
    /// On either side.
    pub fn new(sides: [&Inventory; 2]) -> Self {
        let mut trusting = Self { by_account: BTreeMap::new(), open: BTreeSet::new() };
        for inventory in sides {
            for role in inventory.of_type("Role") {
                let policy = role.reference("trustPolicy").and_then(|id| inventory.policies.get(id));
                if let (Some(policy), Some(account)) = (policy, role.reference("account")) {
                    let principals = policy.document.statements.iter().filter_map(|s| s.principals.as_ref());
                    for named in principals {
                        named.who.iter().for_each(|who| trusting.trusts(account, who));
                        if named.negated {
                            trusting.open.insert(account.to_owned());
                        }
                    }
                }
            }
        }
        trusting
    }

    fn trusts(&mut self, account: &str, who: &Who) {
        let named = match who {
            Who::Account(number) => Some(number.as_str()),
            Who::Aws(arn) => arn.split(':').nth(4),
            Who::Everyone | Who::AnyAws => {
                self.open.insert(account.to_owned());
                None
            }
            Who::Service(_) | Who::Federated(_) | Who::CanonicalUser(_) => None,
        };
        if let Some(named) = named {
            self.by_account.entry(named.to_owned()).or_default().insert(account.to_owned());
        }
    }

    /// A reach, with the accounts of the roles that trust an account within it, one role after the other.
    pub fn beyond(&self, reach: Reach) -> Reach {
        let Reach::Accounts(mut accounts) = reach else {
            return reach;
        };
        let mut open: Vec<String> = accounts.iter().cloned().collect();
        while let Some(account) = open.pop() {
            let trusting = self.by_account.get(&account).into_iter().flatten().chain(&self.open);
            let new: Vec<String> = trusting.filter(|a| !accounts.contains(*a)).cloned().collect();
            accounts.extend(new.iter().cloned());
            open.extend(new);
        }
        Reach::Accounts(accounts)
    }
}
