//! Where accounts stand at the moment asked, as far as that decides which control policies bind.
//!
//! Policies are those of the snapshot (D22); which organization's bind an account follows its memberships. What is attached to an account,
//! or to its units, is known of the organization that it is in now: of an earlier or a later one, only what is attached to the organization
//! itself.

use std::rc::Rc;

use crate::agreements::standing::Standing;
use crate::inventory::model::Account;
use crate::inventory::tree::{Position, Tree};
use crate::problem::Failure;

/// Tells where an account stands at the moment asked.
pub type Stands<'a> = Box<dyn Fn(&Account) -> Result<Rc<Standing>, Failure> + 'a>;

/// Where an account stands at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Then {
    /// As far as it is known.
    pub position: Position,
    /// What of it is not known.
    pub unknown: Option<NotKnown>,
}

/// What is not known of where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKnown {
    /// In which organization, if in any.
    Organization,
    /// In which unit of its organization, and what was attached to the account there.
    Placement,
}

impl Then {
    /// As in the snapshot.
    pub fn now(tree: &Tree, account: &Account) -> Self {
        Self { position: tree.now(account), unknown: None }
    }

    /// At the moment of a standing.
    pub fn at(tree: &Tree, account: &Account, standing: &Standing) -> Self {
        let now = tree.now(account);
        if standing.unknown.is_some() {
            return Self { position: Position::default(), unknown: Some(NotKnown::Organization) };
        }
        match &standing.organization {
            then if *then == now.organization => Self { position: now, unknown: None },
            None => Self::default(),
            then => {
                let position = Position { organization: then.clone(), path: Vec::new() };
                Self { position, unknown: Some(NotKnown::Placement) }
            }
        }
    }

    /// What stands for control policies of which it is not known that they bound an account then, nor what they say.
    pub fn not_known(&self, what: &str, account: &Account) -> String {
        let within = self.position.organization.as_ref().map(|o| format!(" in {o}")).unwrap_or_default();
        format!("the {what} of account {}{within} at that time", account.id)
    }

    /// Whether control policies of which it is not known that they bind may do so. As everywhere, what a node does not declare does
    /// not restrict: `declares` tells whether an organization, or a unit below one, declares any.
    pub fn may_bind(&self, account: &Account, tree: &Tree, declares: impl Fn(Declared<'_>) -> bool) -> bool {
        let organization = self.position.organization.as_deref();
        let manages = tree.manages(&account.id, organization);
        match self.unknown {
            None => false,
            Some(NotKnown::Organization) => {
                tree.organizations.keys().any(|o| declares(Declared::Organization(o)))
                    || tree.units.keys().any(|u| declares(Declared::Unit(u)))
                    || tree.accounts.keys().any(|a| declares(Declared::Account(a)))
            }
            Some(NotKnown::Placement) => {
                let own = |unit: &&String| tree.root_of(unit) == organization;
                !manages && tree.units.keys().filter(own).any(|u| declares(Declared::Unit(u)))
            }
        }
    }
}

/// What may declare control policies.
#[derive(Clone, Copy, Debug)]
pub enum Declared<'a> {
    /// An organization, by id.
    Organization(&'a str),
    /// A unit, by id.
    Unit(&'a str),
    /// An account, by number.
    Account(&'a str),
}
