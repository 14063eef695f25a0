//! Findings about agreements that were accepted, and those made offline.

use cedar_policy::{Entities, RestrictedExpression as Expr};

use super::Findings;
use super::untagged::Untagged;
use crate::agreements::{Agreements, context, datetime};
use crate::inventory::copies::Copy;
use crate::inventory::entity::{Entity, Uid};
use crate::inventory::signatories::Standing;
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
        let inventory = self.inventory;
        for entity in inventory.of_type("CustomerAgreement").chain(inventory.of_type("OfflineAgreement")) {
            let uid = entity.uid.to_cedar()?;
            let entities = self.of_agreement(entity)?;
            let own = pairs.iter().cloned().chain(self.facts(entity));
            let account = entity.reference("account").unwrap_or_default();
            let untagged = Untagged { inventory, rules: self.rules, account, with_tags: None };
            let asked = (&context(own)?, &entities);
            self.found.extend(untagged.findings("report-on-agreement", (&uid, &uid), asked, &subject(entity))?);
        }
        Ok(())
    }

    /// What is known beside an agreement: on whose authority it was accepted (D24), and whether its copy is there, and the one declared (R81).
    fn facts(&self, entity: &Entity) -> Vec<(&'static str, Expr)> {
        let mut facts = Vec::new();
        if let (Some(signatories), Some(by)) = (&self.signatories, entity.str("acceptedBy")) {
            let authority = match signatories.accepted(self.inventory, by) {
                Standing::Is => "declared",
                Standing::IsNot => "not-declared",
                Standing::NotKnown(_) => "unknown",
            };
            facts.push(("authority", Expr::new_string(authority.to_owned())));
        }
        let copy = self.inventory.copies.get(&entity.uid);
        let compared = copy.filter(|copy| matches!(copy, Copy::Same | Copy::Other));
        facts.extend(compared.map(|copy| ("copyIsOther", Expr::new_bool(copy == Copy::Other))));
        let is_absent = |copy| Expr::new_bool(matches!(copy, Copy::Absent | Copy::Unreadable));
        facts.extend(copy.map(|copy| ("copyIsAbsent", is_absent(copy))));
        facts
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
