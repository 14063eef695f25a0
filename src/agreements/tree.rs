//! The tree of organizations at a moment, rebuilt from memberships: the current parents of an account are a snapshot.

use std::collections::BTreeMap;

use crate::inventory::Inventory;
use crate::inventory::model::{Account, Membership, Organization, Parent, Unit};
use crate::moment::Moment;

/// Accounts, units and organizations, and how they hang together.
#[derive(Debug)]
pub struct Tree {
    /// By number.
    pub accounts: BTreeMap<String, Account>,
    /// By id.
    pub units: BTreeMap<String, Unit>,
    /// By id.
    pub organizations: BTreeMap<String, Organization>,
}

/// Where an account stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its organization.
    pub organization: Option<String>,
    /// Units from the root down to the one that holds the account.
    pub path: Vec<String>,
    /// The membership that says so.
    pub membership: Option<Membership>,
    /// What is taken for granted, because no membership says it.
    pub assuming: Option<String>,
    /// Why it is not known where it stands.
    pub unknown: Option<String>,
}

impl Tree {
    /// The tree of an inventory.
    pub fn new(inventory: &Inventory) -> Self {
        Self { accounts: inventory.accounts(), units: inventory.units(), organizations: inventory.organizations() }
    }

    /// Where an account stands in the snapshot.
    pub fn now(&self, account: &Account) -> Standing {
        let mut path = Vec::new();
        let mut current = account.parent.clone();
        while let Some(parent) = current {
            match parent {
                Parent::Organization(id) => {
                    path.reverse();
                    return Standing { organization: Some(id), path, ..Standing::default() };
                }
                // a cycle is an error of the inventory; this ends all the same
                Parent::Unit(id) if path.contains(&id) => break,
                Parent::Unit(id) => {
                    current = self.units.get(&id).and_then(|u| u.parent.clone());
                    path.push(id);
                }
            }
        }
        Standing::default()
    }

    /// Where an account stands at a moment: by its memberships, or by its parents where it declares none.
    pub fn at(&self, account: &Account, at: Moment) -> Standing {
        let now = self.now(account);
        if account.known_since.is_some_and(|since| at < since) {
            let unknown =
                format!("which organization account {} belonged to at the moment asked is not known", account.id);
            return Standing { unknown: Some(unknown), ..Standing::default() };
        }
        let Some(memberships) = &account.memberships else {
            let assuming = now
                .organization
                .as_ref()
                .map(|o| format!("account {} is in {o} at the moment asked: it declares no memberships", account.id));
            return Standing { assuming, ..now };
        };
        let Some(membership) = memberships.iter().find(|m| m.holds(at)) else {
            return Standing::default();
        };
        let assuming = membership.from.is_none().then(|| {
            format!(
                "account {} had joined {} by the moment asked: its membership has no `from`",
                account.id, membership.organization
            )
        });
        // the units of an earlier organization are not known, and no agreement depends on them
        let path = if now.organization.as_deref() == Some(&membership.organization) { now.path } else { Vec::new() };
        Standing {
            organization: Some(membership.organization.clone()),
            path,
            membership: Some(membership.clone()),
            assuming,
            unknown: None,
        }
    }

    /// Whether an account manages the organization that it stands in.
    pub fn manages(&self, account: &str, standing: &Standing) -> bool {
        let organization = standing.organization.as_ref().and_then(|o| self.organizations.get(o));
        organization.is_some_and(|o| o.management_account == account)
    }

    /// `management`, `member` or `standalone`; `unknown` where it is not known what it belonged to.
    pub fn role(&self, account: &str, standing: &Standing) -> &'static str {
        match (&standing.organization, self.manages(account, standing)) {
            (None, _) if standing.unknown.is_some() => "unknown",
            (None, _) => "standalone",
            (Some(_), true) => "management",
            (Some(_), false) => "member",
        }
    }
}
