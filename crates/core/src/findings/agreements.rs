//! Findings about agreements that were accepted, and those made offline.

use cedar_policy::{Entities, RestrictedExpression as Expr};

use super::{Findings, findings};
use crate::agreements::{Agreements, context, datetime};
use crate::inventory::entity::{Entity, Uid};
use crate::problem::Failure;

impl Findings<'_> {
    /// Those about every agreement of the inventory.
    pub fn agreements(&mut self, agreements: &Agreements<'_>) -> Result<(), Failure> {
        let in_use = agreements.in_use();
        let pairs = [
            ("at", datetime(self.at)),
            ("copiesInUse", Expr::new_bool(in_use.copies)),
            ("witnessesInUse", Expr::new_bool(in_use.witnesses)),
        ];
        let context = context(pairs)?;
        let inventory = self.inventory;
        for entity in inventory.of_type("CustomerAgreement").chain(inventory.of_type("OfflineAgreement")) {
            let uid = entity.uid.to_cedar()?;
            let entities = self.of_agreement(entity)?;
            let ruling = self.rules.rule("report-on-agreement", &uid, &uid, context.clone(), &entities)?;
            self.found.extend(findings(&ruling, &subject(entity))?);
        }
        Ok(())
    }

    /// An agreement, what was accepted by it, and for whom.
    fn of_agreement(&self, entity: &Entity) -> Result<Entities, Failure> {
        let named = [("agreement", "Agreement"), ("account", "Account"), ("organization", "Organization")];
        let beside = named.iter().filter_map(|(attribute, ty)| Some(Uid::new(*ty, entity.reference(attribute)?)));
        let beside = beside.filter_map(|uid| self.inventory.entities.get(&uid));
        let all: Vec<_> = std::iter::once(entity).chain(beside).map(|e| e.to_cedar(&[])).collect::<Result<_, _>>()?;
        Entities::from_entities(all, None).map_err(Failure::internal("the entities of an agreement"))
    }
}

/// An agreement, and whose it is (R80).
fn subject(entity: &Entity) -> String {
    let whose = entity.reference("account").map(|a| format!(" of account {a}"));
    let whose = whose.or_else(|| entity.reference("organization").map(|o| format!(" of organization {o}")));
    format!("agreement {}{}", entity.uid.id, whose.unwrap_or_default())
}
