//! Agreements that are accepted and terminated, and designations that end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Why;
use super::edit::Edit;
use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Entity, Item, Uid};
use crate::inventory::model::{Accepted, CustomerAgreement};
use crate::problem::{SourceFile, Span};

impl Edit {
    pub fn accept(&mut self, by: &str, kind: &str) -> Result<(), Why> {
        let (attr, uid, scope, partition) = self.party(by)?;
        let offers = self.inventory.agreements();
        let fits =
            |o: &&crate::inventory::model::Agreement| o.kind == kind && o.scope == scope && o.partition == partition;
        let Some(offer) = offers.values().find(fits) else {
            let mut kinds: Vec<&str> = offers.values().map(|o| o.kind.as_str()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let what = format!("{partition} offers no agreement of the kind `{kind}` and the scope {scope}");
            return Err(Why::new(what, format!("the kinds are {}", kinds.join(", "))));
        };
        let id = format!("customer-agreement-WhatIf{:010}", self.number);
        let source = SourceFile::new("what-if", format!("{by} accepts {kind}"));
        let span = Span { start: 0, end: source.text.len() };
        let item = |attr| Item { span, attr };
        let attrs = BTreeMap::from([
            ("agreement".to_owned(), item(Attr::Entity(Uid::new("Agreement", &offer.id)))),
            (attr.to_owned(), item(Attr::Entity(uid))),
            ("effectiveStart".to_owned(), item(Attr::Moment(self.at))),
            ("state".to_owned(), item(Attr::String("ACTIVE".to_owned()))),
        ]);
        let uid = Uid::new("CustomerAgreement", id);
        let entity = Entity {
            uid: uid.clone(),
            source,
            span,
            attrs: attrs.into_iter().collect(),
            parents: Vec::new(),
            tags: Arc::default(),
            built_in: false,
        };
        self.inventory.entities.insert(uid, entity);
        Ok(())
    }

    /// `unlisted` says that no list tells what there is to terminate.
    pub fn terminate(&mut self, of: &str, kind: Option<&str>, unlisted: bool) -> Result<(), Why> {
        let ids: Vec<String> = match kind {
            None => {
                if self.inventory.entity("OfflineAgreement", of).is_some() {
                    let help = "name an acceptance by its id, or the account or organization that accepted";
                    return Err(Why::new("it is an offline agreement", help));
                }
                let uid = self.known("CustomerAgreement", of)?;
                let ended = self.inventory.entities.get(&uid).and_then(|e| e.moment("effectiveEnd"));
                if ended.is_some_and(|end| end <= self.at) {
                    return Err(Why::new("it was terminated before", ""));
                }
                let known = self.inventory.entities.get(&uid).and_then(|e| e.moment("knownUntil"));
                if known.is_some_and(|until| until <= self.at) {
                    return Err(Why::new(
                        "whether it is still in force is unknown",
                        "collect its list of agreements again (D16)",
                    ));
                }
                vec![uid.id]
            }
            Some(kind) => {
                let (_, uid, ..) = self.party(of)?;
                let active = self.active(&uid, kind);
                if active.is_empty() && unlisted {
                    let what = format!("whether {of} has an active acceptance of the kind `{kind}` is unknown");
                    return Err(Why::new(what, "its agreements could not be listed (D16)"));
                }
                if active.is_empty() {
                    return Err(Why::nothing());
                }
                active.into_iter().map(|a| a.id).collect()
            }
        };
        for id in ids {
            let uid = Uid::new("CustomerAgreement", id);
            // what ends at the moment at which it begins is never in force (D5)
            if self.inventory.entities.get(&uid).and_then(|e| e.moment("effectiveStart")) == Some(self.at) {
                self.inventory.entities.remove(&uid);
                continue;
            }
            self.set(&uid, "effectiveEnd", Attr::Moment(self.at));
            self.set(&uid, "state", Attr::String("CUSTOMER_TERMINATED".to_owned()));
        }
        Ok(())
    }

    pub fn remove_designation(&mut self, account: &str, kind: &str) -> Result<(), Why> {
        self.known("Account", account)?;
        let at = self.at;
        let mut removed = 0;
        let places = match &self.shared {
            Some(shared) => shared.designated.get(account).cloned().unwrap_or_default(),
            None => designated(&self.inventory, Some(account)).remove(account).unwrap_or_default(),
        };
        for (uid, places) in places {
            self.with(&uid, |entity| {
                if entity.str("kind") != Some(kind) {
                    return;
                }
                let Some(Attr::Set(items)) = entity.attrs.get_mut("designations").map(|i| &mut i.attr) else { return };
                for place in places {
                    let Some(item) = items.get_mut(place) else { continue };
                    let span = item.span;
                    let Attr::Record(fields) = &mut item.attr else { continue };
                    let ended = fields.get("until").and_then(Item::moment).is_some_and(|until| until <= at);
                    let begun = fields.get("from").and_then(Item::moment).is_some_and(|from| from < at);
                    if begun && !ended {
                        fields.insert("until".to_owned(), Item { span, attr: Attr::Moment(at) });
                        removed += 1;
                    }
                }
            });
        }
        if removed == 0 {
            return Err(Why::nothing());
        }
        Ok(())
    }

    /// Who accepts: the attribute that names it, its entity, its scope and its partition.
    fn party(&self, id: &str) -> Result<(&'static str, Uid, &'static str, String), Why> {
        let partition = |account: &str| {
            let of = self.inventory.entity("Account", account).and_then(|e| e.str("partition"));
            of.unwrap_or("aws").to_owned()
        };
        if id.starts_with("o-") {
            let uid = self.known("Organization", id)?;
            let manager = self.inventory.entity("Organization", id).and_then(|o| o.reference("managementAccount"));
            return Ok(("organization", uid, "organization", partition(manager.unwrap_or_default())));
        }
        Ok(("account", self.known("Account", id)?, "account", partition(id)))
    }

    /// The acceptances of an account or an organization that are in force at the moment.
    fn active(&self, uid: &Uid, kind: &str) -> Vec<CustomerAgreement> {
        let offers = self.inventory.agreements();
        let by = match uid.ty.as_str() {
            "Organization" => Accepted::Organization(uid.id.clone()),
            _ => Accepted::Account(uid.id.clone()),
        };
        let is_active =
            |a: &CustomerAgreement| a.is_active(self.at) && offers.get(&a.agreement).is_some_and(|o| o.kind == kind);
        match &self.shared {
            Some(shared) => shared.accepted.get(&by).into_iter().flatten().filter(|a| is_active(a)).cloned().collect(),
            None => {
                let all = self.inventory.customer_agreements().into_iter();
                all.filter(|a| a.accepted == by && is_active(a)).collect()
            }
        }
    }
}

/// By account, the offline agreements that name it in a designation, and the places of those: of one account, or of all.
pub(super) fn designated(inventory: &Inventory, only: Option<&str>) -> BTreeMap<String, BTreeMap<Uid, Vec<usize>>> {
    let mut found: BTreeMap<String, BTreeMap<Uid, Vec<usize>>> = BTreeMap::new();
    for entity in inventory.of_type("OfflineAgreement") {
        let Some(Attr::Set(items)) = entity.attrs.get("designations").map(|i| &i.attr) else { continue };
        for (place, item) in items.iter().enumerate() {
            let account = item.record().and_then(|fields| fields.get("account")).and_then(Item::id);
            if let Some(account) = account.filter(|account| only.is_none_or(|only| only == *account)) {
                let of = found.entry(account.to_owned()).or_default();
                of.entry(entity.uid.clone()).or_default().push(place);
            }
        }
    }
    found
}
