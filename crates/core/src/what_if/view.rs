//! How an account stands before a change, or after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy::Entities;

use super::made::ACTIVE;
use crate::agreements::{Agreements, KindCoverage};
use crate::hipaa;
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::problem::Failure;
use crate::terms::{Coverage, Role, Scope};

/// How an account stands.
pub(super) struct View {
    pub name: Option<String>,
    pub role: Role,
    /// Its organization declares it as a delegated administrator.
    pub delegated: bool,
    /// The state of the management account of its organization; active where that is not listed, or there is none.
    pub management: String,
    rows: BTreeMap<String, KindCoverage>,
    pub holds_phi: Option<bool>,
    pub entities: Arc<Entities>,
}

pub(super) fn view(agreements: &Agreements<'_>, account: &Account) -> Result<View, Failure> {
    let standing = agreements.standing(account)?;
    let phi = agreements.inventory.entity("Account", &account.id).and_then(|e| e.record("phi"));
    let services = phi.and_then(|phi| phi.get("services")).map(|s| s.ids()).unwrap_or_default();
    let more: Vec<Uid> = services.into_iter().map(|id| Uid::new("Service", id)).collect();
    let entities = agreements.entities(account, &standing, &more)?;
    let coverage = agreements.coverage(account, &standing, &entities)?;
    let holds_phi = hipaa::holds_phi(agreements, account, &standing, &coverage, &entities)?;
    let role = agreements.role(&account.id, &standing);
    let organization = standing.organization.as_ref().and_then(|o| agreements.tree.organizations.get(o));
    let delegated = organization.is_some_and(|o| o.delegated.contains(&account.id));
    let manager = organization.and_then(|o| agreements.tree.accounts.get(&o.management_account));
    let management = manager.map_or(ACTIVE, |manager| manager.state.as_str()).to_owned();
    let rows = coverage.into_iter().map(|row| (row.kind.clone(), row)).collect();
    Ok(View { name: account.name.clone(), role, delegated, management, rows, holds_phi, entities: Arc::new(entities) })
}

impl View {
    /// The kinds that there are answers about.
    pub fn kinds(&self) -> impl Iterator<Item = &String> {
        self.rows.keys()
    }

    /// Whether an agreement of a kind is in force.
    pub fn coverage(&self, kind: &str) -> Coverage {
        self.rows.get(kind).map_or(Coverage::NotCovered, |row| row.coverage)
    }

    /// Of the agreement that governs; `none`.
    pub fn scope(&self, kind: &str) -> &'static str {
        self.rows.get(kind).and_then(|row| row.governing.as_ref()).map_or("none", |g| g.scope.word())
    }

    /// Whether it is unknown what a row says.
    pub fn is_open(&self, kind: &str, says: impl Fn(&KindCoverage) -> Option<bool>) -> bool {
        self.rows.get(kind).is_some_and(|row| says(row).is_none())
    }

    /// Whether an account agreement of its own is in force.
    pub fn has_own(&self, kind: &str) -> bool {
        self.rows.get(kind).is_some_and(|row| row.in_force().any(|i| i.scope == Scope::Account))
    }
}
