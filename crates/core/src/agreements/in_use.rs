//! What an inventory records at all: where nobody records something, that one account or agreement lacks it says nothing.

use super::Agreements;
use crate::inventory::Inventory;
use crate::inventory::entity::Entity;

/// What is recorded of some account or agreement.
#[derive(Clone, Copy, Debug)]
pub struct InUse {
    /// The register has an entry of an account.
    pub register: bool,
    /// A tag of an account says that it holds PHI.
    pub tags: bool,
    /// An agreement says where its executed copy is filed.
    pub copies: bool,
    /// An agreement says what tells when it was accepted.
    pub witnesses: bool,
}

impl Agreements<'_> {
    /// What the inventory records, found once.
    pub fn in_use(&self) -> InUse {
        *self.in_use.get_or_init(|| InUse::of(self.inventory))
    }
}

impl InUse {
    fn of(inventory: &Inventory) -> Self {
        let phi_tags: Vec<String> = inventory.config.compared_phi_tags().collect();
        let says_phi =
            |entity: &Entity| entity.tags.iter().any(|(k, v)| phi_tags.contains(&format!("{k}={v}").to_lowercase()));
        let some = |has: &dyn Fn(&Entity) -> bool| {
            inventory.of_type("CustomerAgreement").chain(inventory.of_type("OfflineAgreement")).any(has)
        };
        let designated = |e: &Entity| {
            e.set("designations")
                .is_some_and(|all| all.iter().any(|d| d.record().is_some_and(|r| r.contains_key("fromWitness"))))
        };
        Self {
            register: inventory.of_type("Account").any(|a| a.record("phi").is_some()),
            tags: inventory.of_type("Account").any(says_phi),
            copies: some(&|e| e.str("executedCopy").is_some()),
            witnesses: some(&|e| e.str("startWitness").is_some() || designated(e)),
        }
    }
}
