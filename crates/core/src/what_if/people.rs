//! Users who join and leave groups, and permission sets that are assigned.

use std::collections::BTreeSet;

use super::Why;
use super::edit::{Edit, record};
use crate::inventory::entity::{Attr, Item, Uid};

impl Edit {
    pub fn add_to_group(&mut self, user: &str, group: &str) -> Result<(), Why> {
        let (user, group) = self.member(user, group)?;
        let known = self.inventory.entities.get(&user).is_some_and(|e| e.parents.iter().any(|(p, _)| *p == group));
        if known {
            return Err(Why::new("it is in this group already", ""));
        }
        self.with(&user, |entity| entity.parents.push((group, entity.span)));
        Ok(())
    }

    pub fn remove_from_group(&mut self, user: &str, group: &str) -> Result<(), Why> {
        let (user, group) = self.member(user, group)?;
        let mut removed = false;
        self.with(&user, |entity| {
            let before = entity.parents.len();
            entity.parents.retain(|(p, _)| *p != group);
            removed = entity.parents.len() < before;
        });
        if removed { Ok(()) } else { Err(Why::new("it is not in this group", "")) }
    }

    /// A user and a group of the same kind: of IAM in one account, or of Identity Center.
    fn member(&self, user: &str, group: &str) -> Result<(Uid, Uid), Why> {
        let user = self.named(&["User", "IdentityCenterUser"], user)?;
        let kind = if user.ty == "User" { "Group" } else { "IdentityCenterGroup" };
        let group = self.named(&[kind], group)?;
        let account = |uid: &Uid| uid.id.split(':').nth(4).map(str::to_owned);
        if kind == "Group" && account(&user) != account(&group) {
            return Err(Why::new("the user and the group are in different accounts", ""));
        }
        Ok((user, group))
    }

    /// Takes all permission sets from accounts: their assignments end when one leaves its organization.
    pub fn unassign(&mut self, departed: &BTreeSet<String>) {
        let sets: Vec<Uid> = self.inventory.of_type("PermissionSet").map(|e| e.uid.clone()).collect();
        for set in sets {
            self.with(&set, |entity| {
                let Some(Attr::Set(items)) = entity.attrs.get_mut("assignments").map(|i| &mut i.attr) else { return };
                let lists =
                    |item: &Item| item.record().is_some_and(|f| f.get("accounts").is_some_and(|a| !a.ids().is_empty()));
                for item in items.iter_mut().filter(|i| lists(i)) {
                    let Attr::Record(fields) = &mut item.attr else { continue };
                    let Some(Attr::Set(accounts)) = fields.get_mut("accounts").map(|i| &mut i.attr) else { continue };
                    accounts.retain(|a| a.id().is_none_or(|id| !departed.contains(id)));
                    if accounts.is_empty() && fields.contains_key("organizationalUnits") {
                        fields.remove("accounts");
                    }
                }
                let is_nowhere = |item: &Item| {
                    let empty = |item: Option<&Item>| item.is_none_or(|i| i.ids().is_empty());
                    item.record()
                        .is_some_and(|fields| ["accounts", "organizationalUnits"].iter().all(|f| empty(fields.get(*f))))
                };
                items.retain(|i| !is_nowhere(i));
            });
        }
    }

    pub fn assign(&mut self, to: &str, set: &str, account: &str) -> Result<(), Why> {
        let to = self.named(&["IdentityCenterUser", "IdentityCenterGroup"], to)?;
        let set = self.named(&["PermissionSet"], set)?;
        let account = self.known("Account", account)?;
        let field = if to.ty == "IdentityCenterUser" { "user" } else { "group" };
        let is_it = |item: &Item| {
            let fields = item.record();
            let of = |name: &str| fields.and_then(|f| f.get(name));
            of(field).and_then(Item::id) == Some(to.id.as_str())
                && of("accounts").is_some_and(|accounts| accounts.ids().contains(&account.id))
        };
        let assigned = self.inventory.entities.get(&set).and_then(|e| e.attrs.get("assignments"));
        if assigned.is_some_and(|item| matches!(&item.attr, Attr::Set(items) if items.iter().any(is_it))) {
            return Err(Why::new("it is assigned there already", ""));
        }
        self.with(&set, |entity| {
            let span = entity.span;
            let accounts = Attr::Set(vec![Item { span, attr: Attr::Entity(account) }]);
            let assignment = record(span, [(field, Attr::Entity(to)), ("accounts", accounts)]);
            let empty = || Item { span, attr: Attr::Set(Vec::new()) };
            if let Some(Attr::Set(items)) = entity.attrs.get_or_insert_with("assignments", empty).map(|i| &mut i.attr) {
                items.push(assignment);
            }
        });
        Ok(())
    }
}
