//! Changes that are made together: each as if it were the only one, to accounts that have nothing to do with each other. What they read
//! is read once, so that many cost little more than one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Change;
use super::agreements::designated;
use super::edit::Edit;
use crate::inventory::entity::Uid;
use crate::inventory::model::{Accepted, CustomerAgreement};
use crate::inventory::tree::Tree;
use crate::inventory::{Inventory, check};
use crate::moment::Moment;
use crate::problem::Problem;

/// What is read of an inventory before changes that are made together.
pub(super) struct Shared {
    pub tree: Arc<Tree>,
    pub accepted: HashMap<Accepted, Vec<CustomerAgreement>>,
    /// By account, the offline agreements that designate it, and where in them.
    pub designated: BTreeMap<String, BTreeMap<Uid, Vec<usize>>>,
    /// The accounts that left, of which permission sets are taken at the end.
    departed: BTreeSet<String>,
}

impl Shared {
    fn of(inventory: &Inventory) -> Self {
        let mut accepted: HashMap<Accepted, Vec<CustomerAgreement>> = HashMap::new();
        for acceptance in inventory.customer_agreements() {
            accepted.entry(acceptance.accepted.clone()).or_default().push(acceptance);
        }
        let tree = Arc::new(Tree::new(inventory));
        Self { tree, accepted, designated: designated(inventory, None), departed: BTreeSet::new() }
    }

    /// An account leaves.
    pub fn departs(&mut self, account: &str) {
        self.departed.insert(account.to_owned());
    }
}

/// The inventory after changes of which each is about another account than all others, and which of them can be made; `None` where that
/// is no inventory, so that each has to be made by itself. Leaving, terminating and removing designations alone are made together.
pub(crate) fn together(inventory: &Inventory, changes: &[&Change], at: Moment) -> Option<(Inventory, Vec<bool>)> {
    let mut edit = Edit::new(inventory.clone(), at);
    edit.shared = Some(Shared::of(inventory));
    let make = |change: &&Change| match change {
        Change::Leave { account } => Some(edit.leave(account).is_ok()),
        Change::Terminate { of, kind } => Some(edit.terminate(of, kind.as_deref(), false).is_ok()),
        Change::RemoveDesignation { account, kind } => Some(edit.remove_designation(account, kind).is_ok()),
        _ => None,
    };
    let made: Vec<bool> = changes.iter().map(make).collect::<Option<_>>()?;
    let departed = edit.shared.take().map(|shared| shared.departed).unwrap_or_default();
    edit.unassign(&departed);
    let mut problems = Vec::new();
    check::all(&edit.inventory.entities, &mut problems);
    problems.retain(Problem::is_error);
    problems.is_empty().then_some((edit.inventory, made))
}
