//! Who may become a role and is not in the inventory: as far as its trust policy, and the control policies of both sides, let them.

use std::collections::{BTreeMap, BTreeSet};

use super::members::Unlisted;
use super::states::States;
use crate::assessment::completeness::Unseen;
use crate::iam::principal::Who;
use crate::permissions::confined::Confined;
use crate::permissions::principals::{Identity, Principal};
use crate::permissions::trust::{Trust, is_identity};
use crate::problem::Failure;
use crate::terms::Decision;

/// Somebody who is not in the inventory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stranger {
    /// In words.
    pub words: String,
    /// What was not listed of where they are.
    pub unlisted: Option<Unlisted>,
    /// A statement about everyone means them: conditions that are others leave others of everyone.
    pub of_everyone: bool,
}

impl Stranger {
    /// Somebody who is named.
    pub fn named(words: impl Into<String>) -> Self {
        Self { words: words.into(), unlisted: None, of_everyone: false }
    }

    fn anyone() -> Self {
        Self { of_everyone: true, ..Self::named(ANYONE) }
    }
}

/// What is known of who is listed.
pub(super) struct Outside<'f> {
    pub identities: &'f [Identity],
    /// By accounts whose principals are not all listed.
    pub strangers: &'f BTreeMap<String, Principal>,
    pub unseen: &'f Unseen,
    /// The accounts of organizations, where all are known.
    pub organizations: &'f BTreeMap<String, BTreeSet<String>>,
}

/// Whoever it may be.
pub(crate) const ANYONE: &str = "anyone, of any account";

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
        let leaves = trust.leaves();
        for who in &trust.who {
            // whom the conditions leave is asked about below
            if leaves.is_none() || !matches!(who, Who::Everyone | Who::AnyAws) {
                others.extend(self.stranger(who, trust, states)?);
            }
        }
        for ways in leaves.unwrap_or_default() {
            others.extend(self.left_by(ways, trust, states)?);
        }
        if trust.allows_everyone_but_some() {
            others.push(Stranger::anyone());
        }
        others.sort();
        others.dedup();
        Ok(others)
    }

    /// Those of whom the inventory knows nothing among those whom the conditions of a statement about everyone leave. The conditions hold
    /// together: the one that leaves fewest says who.
    fn left_by(
        &self,
        ways: &[BTreeSet<Confined>],
        trust: &Trust,
        states: &mut States<'_>,
    ) -> Result<Vec<Stranger>, Failure> {
        let mut fewest: Option<Vec<Stranger>> = None;
        for way in ways {
            let mut left = Vec::new();
            for confined in way {
                left.extend(self.not_known(confined, trust, states)?);
            }
            if fewest.as_ref().is_none_or(|fewest| left.len() < fewest.len()) {
                fewest = Some(left);
            }
        }
        let left = fewest.unwrap_or_else(|| vec![Stranger::anyone()]);
        Ok(left.into_iter().map(|stranger| Stranger { of_everyone: true, ..stranger }).collect())
    }

    /// Those whom a condition leaves of everyone, and whom the inventory does not know.
    fn not_known(&self, confined: &Confined, trust: &Trust, states: &mut States<'_>) -> Result<Vec<Stranger>, Failure> {
        let organization = match confined {
            Confined::To(who) => return Ok(self.stranger(who, trust, states)?.into_iter().collect()),
            Confined::ToOrganization(id) => id,
        };
        let Some(accounts) = self.organizations.get(organization) else {
            let words = format!("anyone of the organization {organization}, whose accounts are not all known");
            return Ok(vec![Stranger::named(words)]);
        };
        let mut found = Vec::new();
        for account in accounts {
            found.extend(self.stranger(&Who::Account(account.clone()), trust, states)?);
        }
        Ok(found)
    }

    /// Who is named, as far as the inventory knows nothing of them and the trust policy lets them become the role.
    fn stranger(&self, who: &Who, trust: &Trust, states: &mut States<'_>) -> Result<Option<Stranger>, Failure> {
        // nobody acts from an account that is closed or suspended
        let from = match who {
            Who::Account(account) => Some(account.as_str()),
            Who::Aws(arn) => arn.split(':').nth(4),
            _ => None,
        };
        let elsewhere = |i: &&Identity| from == Some(i.account.as_str()) && !trust.is_of_partition(&i.arn);
        if self.identities.iter().any(|i| elsewhere(&i)) {
            return Ok(None);
        }
        if from.map(|account| states.of(account)).transpose()? == Some(Decision::Deny) {
            return Ok(None);
        }
        let mut unlisted = None;
        let words = match who {
            Who::Everyone | Who::AnyAws => ANYONE.to_owned(),
            Who::Account(account) if self.is_listed(account) || !self.may_come_from(account, trust)? => {
                return Ok(None);
            }
            Who::Account(account) if self.identities.iter().any(|i| i.account == *account) => {
                unlisted = Unlisted::of_account(account, self.unseen);
                unlisted.as_ref().map(Unlisted::words).unwrap_or_else(|| format!("account {account}"))
            }
            Who::Account(account) => format!("account {account}, which is not in the inventory"),
            // the unique id of a user or a role that was deleted
            Who::Aws(text) if !text.starts_with("arn:") => return Ok(None),
            Who::Aws(_) if self.identities.iter().any(|i| is_identity(who, i)) => return Ok(None),
            Who::Aws(arn) => {
                unlisted = from.and_then(|account| Unlisted::of_account(account, self.unseen));
                format!("{arn}, which is not in the inventory")
            }
            Who::Service(service) => format!("the service {service}"),
            Who::Federated(provider) => format!("the identity provider {provider}"),
            Who::CanonicalUser(id) => format!("the canonical user {id}"),
        };
        let may = trust.assumed_from_outside(who)?.decision != Decision::Deny;
        let of_everyone = matches!(who, Who::Everyone | Who::AnyAws);
        Ok(may.then_some(Stranger { words, unlisted, of_everyone }))
    }
}
