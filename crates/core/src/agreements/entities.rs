//! The entities that the rules read for an account: each account is evaluated with its own small set.

use std::collections::BTreeSet;

use cedar_policy::{Entities, Entity as CedarEntity};

use super::Agreements;
use super::kept::Place;
use super::narrowing::Relation;
use super::standing::Standing;
use crate::inventory::entity::Uid;
use crate::inventory::model::{Accepted, Account, CustomerAgreement, OfflineAgreement};
use crate::problem::Failure;

impl Agreements<'_> {
    /// The same as [`entities`](Self::entities), for who asks about one account at several moments: where it stands as at the moment
    /// before, they are those.
    pub fn entities_over_time(
        &self,
        account: &Account,
        standing: &Standing,
        more: &[Uid],
    ) -> Result<Entities, Failure> {
        let place = Place::of(standing, more);
        self.kept.borrow_mut().of(&account.id).standing(place, || self.entities(account, standing, more))
    }

    /// The entities that the rules read for an account at the moment, with whatever else is named.
    pub fn entities(&self, account: &Account, standing: &Standing, more: &[Uid]) -> Result<Entities, Failure> {
        let mut uids: BTreeSet<Uid> = more.iter().cloned().collect();
        let unit = |id: &String| Uid::new("OrganizationalUnit", id);
        let organizations = || standing.organizations().map(|o| Uid::new("Organization", o));
        uids.extend(standing.path.iter().map(unit));
        uids.extend(organizations());
        let mut parents: Vec<Uid> = standing.offline().into_iter().map(|id| Uid::new("OfflineAgreement", id)).collect();
        parents.extend(standing.path.last().map(unit));
        // the units of the snapshot lead to the first; a second is there only where the rules let memberships overlap
        parents.extend(organizations().skip(usize::from(!standing.path.is_empty())));
        for agreement in self.acceptances(account, standing) {
            uids.insert(Uid::new("CustomerAgreement", &agreement.id));
            uids.insert(Uid::new("Agreement", &agreement.agreement));
            // conditions may read what an acceptance is for, where the rules are asked about those of others too
            uids.insert(match &agreement.accepted {
                Accepted::Account(id) => Uid::new("Account", id),
                Accepted::Organization(id) => Uid::new("Organization", id),
            });
        }
        uids.extend(self.offline_to_ask(standing).map(|o| Uid::new("OfflineAgreement", &o.id)));
        let own = Uid::new("Account", &account.id);
        uids.remove(&own);
        let mut entities = Vec::new();
        for uid in &uids {
            entities.extend(self.entity(uid)?);
        }
        if let Some(entity) = self.inventory.entities.get(&own) {
            entities.push(entity.to_cedar(&parents)?);
        }
        Entities::from_entities(entities, None).map_err(Failure::internal("the entities of an account"))
    }

    /// The acceptances that the rules are asked about for an account.
    pub(super) fn acceptances(&self, account: &Account, standing: &Standing) -> Vec<&CustomerAgreement> {
        let Some(relations) = self.narrowing.in_force_for("CustomerAgreement") else {
            return self.customer.iter().collect();
        };
        let mut found = Vec::new();
        if relations.contains(&Relation::OwnAccount) {
            found.extend(self.accepted(&Accepted::Account(account.id.clone())));
        }
        if relations.contains(&Relation::InOrganization) {
            let organizations = standing.organizations().cloned().map(Accepted::Organization);
            found.extend(organizations.flat_map(|o| self.accepted(&o).collect::<Vec<_>>()));
        }
        found
    }

    /// The offline agreements that the rules are asked about for an account.
    pub(super) fn offline_to_ask(&self, standing: &Standing) -> impl Iterator<Item = &OfflineAgreement> {
        let narrowed = self.narrowing.in_force_for("OfflineAgreement").is_some();
        let designating: BTreeSet<String> = standing.offline().into_iter().cloned().collect();
        self.offline.iter().filter(move |o| !narrowed || designating.contains(&o.id))
    }

    /// Lets go of what was made of an account for itself: who asks about one account after the other does not keep them all.
    pub fn forget(&self, account: &Account) {
        self.entities.borrow_mut().remove(&Uid::new("Account", &account.id));
        self.standings.borrow_mut().remove(&account.id);
    }

    /// An entity as Cedar holds it, converted once, unless it is of one account alone.
    pub(super) fn entity(&self, uid: &Uid) -> Result<Option<CedarEntity>, Failure> {
        if let Some(entity) = self.entities.borrow().get(uid) {
            return Ok(Some(entity.clone()));
        }
        let Some(entity) = self.inventory.entities.get(uid) else {
            return Ok(None);
        };
        let parents: Vec<Uid> = entity.parents.iter().map(|(p, _)| p.clone()).collect();
        let converted = entity.to_cedar(&parents)?;
        if !OF_ONE_ACCOUNT.contains(&uid.ty.as_str()) {
            self.entities.borrow_mut().insert(uid.clone(), converted.clone());
        }
        Ok(Some(converted))
    }
}

/// The types of entities that no other account reads.
const OF_ONE_ACCOUNT: [&str; 4] = ["Group", "Role", "Root", "User"];
