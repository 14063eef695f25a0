//! Accounts that leave, join, move and are closed.

use std::collections::BTreeSet;

use super::Why;
use super::edit::{Edit, record};
use crate::inventory::entity::{Attr, Item, Uid};
use crate::inventory::model::{Account, Parent};
use crate::terms::Departing;

impl Edit {
    pub fn leave(&mut self, id: &str) -> Result<(), Why> {
        let account = self.account(id)?;
        let organization = self.left(&account)?;
        self.depart(&account, &organization);
        self.place(&Uid::new("Account", id), None);
        Ok(())
    }

    pub fn join(&mut self, id: &str, organization: &str) -> Result<(), Why> {
        let account = self.account(id)?;
        let joined = self.known("Organization", organization)?;
        match self.tree().now(&account).organization {
            Some(own) if own == organization => return Err(Why::nothing()),
            // an invitation can be accepted without leaving first: it leaves and joins at one moment
            Some(_) => {
                let left = self.left(&account)?;
                self.depart(&account, &left);
            }
            None if account.memberships.is_none() => {
                self.set(&Uid::new("Account", id), "memberships", Attr::Set(Vec::new()));
            }
            None => {}
        }
        let (uid, at) = (Uid::new("Account", id), self.at);
        self.with(&uid, |entity| {
            let span = entity.span;
            let of = ("organization", Attr::Entity(joined.clone()));
            let joined = record(span, [of, ("from", Attr::Moment(at))]);
            match entity.attrs.get_mut("memberships").map(|i| &mut i.attr) {
                Some(Attr::Set(items)) => items.push(joined),
                _ => drop(entity.attrs.insert("memberships", Item { span, attr: Attr::Set(vec![joined]) })),
            }
        });
        self.place(&uid, Some(&Parent::Organization(organization.to_owned())));
        Ok(())
    }

    pub fn move_to(&mut self, id: &str, to: &str) -> Result<(), Why> {
        let account = self.account(id)?;
        let tree = self.tree();
        let own = tree.now(&account).organization;
        let parent = match self.inventory.entity("Organization", to) {
            Some(_) => Parent::Organization(to.to_owned()),
            None => Parent::Unit(self.known("OrganizationalUnit", to)?.id),
        };
        let of = tree.now(&Account { parent: Some(parent.clone()), ..account.clone() }).organization;
        if own.is_none() || of != own {
            let where_it_is = own.map_or_else(|| "it is in no organization".to_owned(), |o| format!("it is in {o}"));
            return Err(Why::new(
                format!("{to} is not a part of its organization: {where_it_is}"),
                "an account moves between the units of one organization; use --join for another one",
            ));
        }
        if account.parent.as_ref() == Some(&parent) {
            return Err(Why::nothing());
        }
        self.place(&Uid::new("Account", id), Some(&parent));
        Ok(())
    }

    pub fn close(&mut self, id: &str) -> Result<(), Why> {
        let account = self.account(id)?;
        if Departing::of(&account.state) == Some(Departing::Closed) {
            return Err(Why::nothing());
        }
        let (uid, at) = (Uid::new("Account", id), self.at);
        self.set(&uid, "state", Attr::String("CLOSED".to_owned()));
        self.set(&uid, "closedAt", Attr::Moment(at));
        Ok(())
    }

    /// The organization that an account can leave.
    fn left(&self, account: &Account) -> Result<String, Why> {
        self.tree().now(account).organization.ok_or_else(Why::nothing)
    }

    /// Ends the membership that is open, and takes off what the organization attached and assigned.
    fn depart(&mut self, account: &Account, organization: &str) {
        match &mut self.shared {
            Some(shared) => shared.departs(&account.id),
            None => self.unassign(&BTreeSet::from([account.id.clone()])),
        }
        self.with(&Uid::new("Account", &account.id), |entity| {
            for attr in ["serviceControlPolicies", "serviceControlPoliciesAtLeast", "resourceControlPolicies"] {
                entity.attrs.remove(attr);
            }
        });
        self.end_membership(&account.id, organization);
    }

    /// Ends the membership that is open. One that is not declared is, so that it is known what it was.
    pub fn end_membership(&mut self, account: &str, organization: &str) {
        let (uid, at) = (Uid::new("Account", account), self.at);
        let of = ("organization", Attr::Entity(Uid::new("Organization", organization)));
        self.with(&uid, |entity| {
            let span = entity.span;
            let ended = |item: &mut Item| {
                if let Attr::Record(fields) = &mut item.attr {
                    fields.entry("until".to_owned()).or_insert(Item { span, attr: Attr::Moment(at) });
                }
            };
            match entity.attrs.get_mut("memberships").map(|i| &mut i.attr) {
                Some(Attr::Set(items)) => {
                    // what ends at the moment at which it begins never was (D5)
                    let begins = |item: &Item| item.record()?.get("from")?.moment();
                    items.retain(|item| begins(item) != Some(at));
                    items.iter_mut().for_each(ended);
                }
                _ => {
                    let ended = record(span, [of, ("until", Attr::Moment(at))]);
                    entity.attrs.insert("memberships", Item { span, attr: Attr::Set(vec![ended]) });
                }
            }
        });
    }
}
