//! Who may become a role and is not in the inventory: as far as its trust policy, and the control policies of both sides, let them.

use std::collections::BTreeMap;

use super::members::Unlisted;
use super::states::States;
use crate::assessment::completeness::Unseen;
use crate::iam::principal::Who;
use crate::permissions::principals::{Identity, Principal};
use crate::permissions::trust::{Trust, is_identity};
use crate::problem::Failure;
use crate::terms::Decision;

/// Somebody in words, and what was not listed of where they are.
pub(super) type Stranger = (String, Option<Unlisted>);

/// What is known of who is listed.
pub(super) struct Outside<'f> {
    pub identities: &'f [Identity],
    /// By accounts whose principals are not all listed.
    pub strangers: &'f BTreeMap<String, Principal>,
    pub unseen: &'f Unseen,
}

impl Outside<'_> {
    /// Whether all who can act in an account are in the inventory.
    fn is_listed(&self, account: &str) -> bool {
        let known = !self.unseen.principals_of(account) && !self.unseen.assignments_of(account);
        known && self.identities.iter().any(|i| i.account == account)
    }

    /// Whether somebody of an account who is not listed could become the role, as far as its service control policies go.
    fn may_come_from(&self, account: &str, trust: &Trust) -> Result<bool, Failure> {
        let stranger = self.strangers.get(account).map(|stranger| trust.assumed_by(stranger)).transpose()?;
        Ok(stranger.is_none_or(|hop| hop.decision != Decision::Deny))
    }

    /// Those whom the trust policy lets become the role, and of whom the inventory knows nothing.
    pub fn of(&self, trust: &Trust, states: &mut States<'_>) -> Result<Vec<Stranger>, Failure> {
        let mut others = Vec::new();
        for who in &trust.who {
            // nobody acts from an account that is closed or suspended
            let from = match who {
                Who::Account(account) => Some(account.as_str()),
                Who::Aws(arn) => arn.split(':').nth(4),
                _ => None,
            };
            let elsewhere = |i: &&Identity| from == Some(i.account.as_str()) && !trust.is_of_partition(&i.arn);
            if self.identities.iter().any(|i| elsewhere(&i)) {
                continue;
            }
            if from.map(|account| states.of(account)).transpose()? == Some(Decision::Deny) {
                continue;
            }
            let mut unlisted = None;
            let words = match who {
                Who::Everyone | Who::AnyAws => "anyone, of any account".to_owned(),
                Who::Account(account) if self.is_listed(account) || !self.may_come_from(account, trust)? => continue,
                Who::Account(account) if self.identities.iter().any(|i| i.account == *account) => {
                    unlisted = Unlisted::of_account(account, self.unseen);
                    unlisted.as_ref().map(Unlisted::words).unwrap_or_else(|| format!("account {account}"))
                }
                Who::Account(account) => format!("account {account}, which is not in the inventory"),
                // the unique id of a user or a role that was deleted
                Who::Aws(text) if !text.starts_with("arn:") => continue,
                Who::Aws(_) if self.identities.iter().any(|i| is_identity(who, i)) => continue,
                Who::Aws(arn) => {
                    unlisted = from.and_then(|account| Unlisted::of_account(account, self.unseen));
                    format!("{arn}, which is not in the inventory")
                }
                Who::Service(service) => format!("the service {service}"),
                Who::Federated(provider) => format!("the identity provider {provider}"),
                Who::CanonicalUser(id) => format!("the canonical user {id}"),
            };
            if trust.assumed_from_outside(who)?.decision != Decision::Deny {
                others.push((words, unlisted));
            }
        }
        if trust.allows_everyone_but_some() {
            others.push(("anyone, of any account".to_owned(), None));
        }
        others.sort();
        others.dedup();
        Ok(others)
    }
}
