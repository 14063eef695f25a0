//! Organizations that change, and that are deleted.

use std::collections::BTreeSet;

use super::edit::Edit;
use super::{Becomes, Why};
use crate::inventory::entity::{Attr, Item, Uid};

/// What setting up AWS Artifact makes of an organization.
pub(super) const SET_UP: [&str; 2] = ["trustedAccess", "serviceRole"];

impl Edit {
    pub fn organization(&mut self, id: &str, becomes: Becomes) -> Result<(), Why> {
        let uid = self.known("Organization", id)?;
        let values = match becomes {
            Becomes::AllFeatures => vec![("featureSet", Attr::String("ALL".to_owned()))],
            Becomes::SetUp => SET_UP.iter().map(|attr| (*attr, Attr::Bool(true))).collect(),
            Becomes::WithoutTrustedAccess => vec![("trustedAccess", Attr::Bool(false))],
            Becomes::WithoutServiceRole => vec![("serviceRole", Attr::Bool(false))],
        };
        let entity = self.inventory.entities.get(&uid);
        let is_so = |(attr, value): &(&str, Attr)| {
            entity.and_then(|e| e.attrs.get(attr)).is_some_and(|item| item.attr == *value)
        };
        if values.iter().all(is_so) {
            return Err(Why::nothing());
        }
        values.into_iter().for_each(|(attr, value)| self.set(&uid, attr, value));
        Ok(())
    }

    pub fn delete(&mut self, id: &str) -> Result<(), Why> {
        let uid = self.known("Organization", id)?;
        let tree = self.tree();
        let Some(organization) = tree.organizations.get(id) else { return Ok(()) };
        let manager = organization.management_account.clone();
        let members = tree.accounts.values().filter(|a| tree.now(a).organization.as_deref() == Some(id));
        let members: Vec<String> = members.map(|a| a.id.clone()).filter(|account| *account != manager).collect();
        for member in &members {
            self.leave(member)?;
        }
        self.set(&uid, "deletedAt", Attr::Moment(self.at));
        self.end_membership(&manager, id);
        self.place(&Uid::new("Account", manager), None);
        // its units go with it, and so do assignments in them
        let below = |unit: &String| {
            let account = crate::inventory::model::Parent::Unit(unit.clone());
            let mut parent = Some(account);
            for _ in 0..=tree.units.len() {
                match parent {
                    Some(crate::inventory::model::Parent::Organization(of)) => return of == id,
                    Some(crate::inventory::model::Parent::Unit(of)) => {
                        parent = tree.units.get(&of).and_then(|u| u.parent.clone());
                    }
                    None => return false,
                }
            }
            false
        };
        let gone: BTreeSet<Uid> =
            tree.units.keys().filter(|unit| below(unit)).map(|unit| Uid::new("OrganizationalUnit", unit)).collect();
        self.inventory.entities.retain(|uid, _| !gone.contains(uid));
        let sets: Vec<Uid> = self.inventory.of_type("PermissionSet").map(|e| e.uid.clone()).collect();
        for set in sets {
            self.with(&set, |entity| without_units(entity.attrs.get_mut("assignments"), &gone));
        }
        Ok(())
    }
}

/// Assignments without units that are gone, and without those that were in nothing else.
fn without_units(assignments: Option<&mut Item>, gone: &BTreeSet<Uid>) {
    let Some(Attr::Set(items)) = assignments.map(|i| &mut i.attr) else { return };
    for item in items.iter_mut() {
        let Attr::Record(fields) = &mut item.attr else { continue };
        if let Some(Attr::Set(units)) = fields.get_mut("organizationalUnits").map(|i| &mut i.attr) {
            units.retain(|unit| unit.id().is_none_or(|id| !gone.contains(&Uid::new("OrganizationalUnit", id))));
            if units.is_empty() {
                fields.remove("organizationalUnits");
            }
        }
    }
    items.retain(|item| {
        item.record().is_none_or(|fields| ["accounts", "organizationalUnits"].iter().any(|f| fields.contains_key(*f)))
    });
}
