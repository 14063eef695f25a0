//! Which accounts a piece of a change can concern: what is beyond its reach has the same answers on both sides.
//!
//! Reach errs on the side of too much. `tests/diff.rs` holds the answers within reach against those of all accounts.

use std::collections::{BTreeMap, BTreeSet};

use super::pieces::{Piece, What};
use crate::agreements::Agreements;
use crate::agreements::narrowing::Narrowing;
use crate::assessment::completeness::Unseen;
use crate::iam::principal::is_account;
use crate::inventory::Inventory;
use crate::inventory::entity::policies_of;
use crate::inventory::entity::{Entity, Item, Uid};
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;

/// The accounts that a piece can concern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any.
    All,
    /// These.
    Accounts(BTreeSet<String>),
}

impl Reach {
    /// Whether an account is among them.
    pub fn contains(&self, account: &str) -> bool {
        match self {
            Self::All => true,
            Self::Accounts(accounts) => accounts.contains(account),
        }
    }

    /// The accounts of all of these; `None` for any.
    pub fn union<'r>(all: impl IntoIterator<Item = &'r Self>) -> Option<BTreeSet<String>> {
        let mut accounts = BTreeSet::new();
        for reach in all {
            match reach {
                Self::All => return None,
                Self::Accounts(more) => accounts.extend(more.iter().cloned()),
            }
        }
        Some(accounts)
    }
}

/// Attributes of an account that say nothing about any other.
const OWN: [&str; 15] = [
    "notCollected",
    "failedCalls",
    "rootCredentials",
    "name",
    "state",
    "nda",
    "approvedReports",
    "serviceControlPolicies",
    "serviceControlPoliciesAtLeast",
    "resourceControlPolicies",
    "phi",
    "tagsKnown",
    "principalsKnown",
    "assignmentsKnown",
    "notifications",
];

/// What hangs together on either side.
pub struct Reacher<'a> {
    sides: [&'a Inventory; 2],
    /// The accounts that stand, or ever stood, in an organization, or stand or stood at the moment asked below a unit. Those that a side does not list have
    /// the id of their organization in the place of a number.
    below: BTreeMap<String, BTreeSet<String>>,
    /// The entities that refer to a policy.
    users: BTreeMap<String, BTreeSet<Uid>>,
    /// The organizations of which the agreements are known on one side alone.
    known_otherwise: BTreeSet<String>,
    /// Agreements, memberships and designations concern only the accounts that they name.
    bounded: bool,
    /// What the rules read to tell whether an organization's agreements are known; `None` where that cannot be told.
    listing: Option<BTreeSet<String>>,
}

impl<'a> Reacher<'a> {
    /// For two inventories, at the moment asked.
    pub fn new(base: &'a Inventory, head: &'a Inventory, rules: &RuleBook, at: Moment) -> Result<Self, Failure> {
        let mut reacher = Self {
            sides: [base, head],
            below: BTreeMap::new(),
            users: BTreeMap::new(),
            known_otherwise: BTreeSet::new(),
            bounded: Narrowing::of(rules).is_complete(),
            listing: rules.attributes_of("lists-agreements-of").cloned(),
        };
        let mut known: Vec<BTreeSet<String>> = Vec::new();
        let unseen = [base, head].map(Unseen::of);
        let unlisted: BTreeSet<&String> = unseen.iter().flat_map(Unseen::organizations).collect();
        for inventory in [base, head] {
            let agreements = Agreements::new(inventory, rules, at);
            for organization in &unlisted {
                let is_below = |unit: &&String| agreements.tree.root_of(unit) == Some(organization.as_str());
                for node in agreements.tree.units.keys().filter(is_below).chain([*organization]) {
                    reacher.below.entry(node.clone()).or_default().insert((*organization).clone());
                }
            }
            for account in agreements.tree.accounts.values() {
                let (now, then) = (agreements.tree.now(account), agreements.standing(account)?);
                let ever = account.memberships.iter().flatten().map(|m| &m.organization);
                let nodes = now.organization.iter().chain(&now.path).chain(then.organizations()).chain(&then.path);
                let nodes = nodes.chain(ever);
                for node in nodes {
                    reacher.below.entry(node.clone()).or_default().insert(account.id.clone());
                }
            }
            let mut listed = BTreeSet::new();
            for organization in agreements.tree.organizations.keys() {
                listed.extend(agreements.lists_of(organization)?.then(|| organization.clone()));
            }
            known.push(listed);
            for entity in inventory.entities.values() {
                reacher.refers(entity);
            }
        }
        if let [base, head] = known.as_slice() {
            reacher.known_otherwise = base.symmetric_difference(head).cloned().collect();
        }
        Ok(reacher)
    }

    fn refers(&mut self, entity: &Entity) {
        for item in entity.attrs.values() {
            let users = &mut self.users;
            policies_of(item, &mut |id| {
                users.entry(id.to_owned()).or_default().insert(entity.uid.clone());
            });
        }
    }

    /// The accounts that a piece can concern.
    pub fn of(&self, piece: &Piece) -> Reach {
        if !self.bounded {
            return Reach::All;
        }
        match &piece.of {
            What::Settings => Reach::All,
            What::Document(id) | What::Statement(id, ..) => {
                let users = self.users.get(id).into_iter().flatten();
                let mut reached: Vec<Reach> = users.map(|uid| self.entity(uid)).collect();
                // permission sets name a customer's own policies by their names: they are those of one account
                let of_account = id.split(':').nth(4).filter(|a| is_account(a));
                reached.extend(of_account.map(|a| Reach::Accounts(BTreeSet::from([a.to_owned()]))));
                if reached.is_empty() { Reach::All } else { Reach::union(&reached).map_or(Reach::All, Reach::Accounts) }
            }
            What::Attribute(uid, attr) | What::Element(uid, attr, _) if uid.ty == "Account" && self.is_own(attr) => {
                self.account(&uid.id, false)
            }
            What::Tags(uid) if uid.ty == "Account" => self.account(&uid.id, self.listing.is_none()),
            What::Parent(uid, parent) => {
                let reached = [self.entity(uid), self.entity(parent)];
                Reach::union(&reached).map_or(Reach::All, Reach::Accounts)
            }
            What::Entity(uid)
            | What::Position(uid)
            | What::Element(uid, ..)
            | What::Attribute(uid, _)
            | What::Tags(uid) => self.entity(uid),
        }
    }

    /// An attribute of an account that says nothing about any other.
    fn is_own(&self, attr: &str) -> bool {
        OWN.contains(&attr) && self.listing.as_ref().is_some_and(|read| !read.contains(attr))
    }

    fn entity(&self, uid: &Uid) -> Reach {
        let below = |id: &str| Reach::Accounts(self.below.get(id).cloned().unwrap_or_default());
        match uid.ty.as_str() {
            "Account" => self.account(&uid.id, true),
            "Organization" | "OrganizationalUnit" => below(&uid.id),
            "User" | "Role" | "Root" | "Group" => self.owner(uid),
            "PermissionSet" => self.assigned(uid),
            "IdentityCenterUser" | "IdentityCenterGroup" => self.person(uid),
            "CustomerAgreement" => {
                let of = |attr: &str| {
                    self.each(uid).filter_map(|e| e.reference(attr)).map(str::to_owned).collect::<BTreeSet<_>>()
                };
                let mut accounts = of("account");
                for organization in of("organization") {
                    accounts.extend(self.below.get(&organization).into_iter().flatten().cloned());
                    // the acceptance is the management account's
                    accounts.extend(self.managers(&organization));
                }
                Reach::Accounts(accounts)
            }
            _ => Reach::All,
        }
    }

    /// The entity, on each side that has it.
    fn each(&self, uid: &Uid) -> impl Iterator<Item = &'a Entity> {
        let uid = uid.clone();
        self.sides.into_iter().filter_map(move |i| i.entities.get(&uid))
    }

    fn managers(&self, organization: &str) -> BTreeSet<String> {
        let uid = Uid::new("Organization", organization);
        self.each(&uid).filter_map(|o| o.reference("managementAccount")).map(str::to_owned).collect()
    }

    /// An account; with what it says of its organization, others may change with it.
    fn account(&self, id: &str, organization: bool) -> Reach {
        let mut accounts = BTreeSet::from([id.to_owned()]);
        if organization {
            for known in &self.known_otherwise {
                accounts.extend(self.below.get(known).into_iter().flatten().cloned());
            }
            let manages = |o: &&Entity| o.reference("managementAccount") == Some(id);
            let organizations = self.sides.into_iter().flat_map(|i| i.of_type("Organization")).filter(manages);
            for organization in organizations {
                accounts.extend(self.below.get(&organization.uid.id).into_iter().flatten().cloned());
            }
        }
        Reach::Accounts(accounts)
    }

    /// The account of a principal or a group.
    fn owner(&self, uid: &Uid) -> Reach {
        let of_entity = self.each(uid).filter_map(|e| e.reference("account")).map(str::to_owned);
        let of_arn = uid.id.split(':').nth(4).map(str::to_owned);
        let accounts: BTreeSet<String> = of_entity.chain(of_arn).collect();
        Reach::Accounts(accounts)
    }

    /// The accounts that a permission set is assigned in.
    fn assigned(&self, uid: &Uid) -> Reach {
        let mut accounts = BTreeSet::new();
        let items = self.each(uid).flat_map(|e| e.set("assignments").unwrap_or_default());
        for fields in items.filter_map(Item::record) {
            accounts.extend(fields.get("accounts").map(Item::ids).unwrap_or_default());
            for unit in fields.get("organizationalUnits").map(Item::ids).unwrap_or_default() {
                accounts.extend(self.below.get(&unit).into_iter().flatten().cloned());
            }
        }
        Reach::Accounts(accounts)
    }

    /// The accounts of the permission sets that are assigned to a person or a group, or to a group that the person is in.
    fn person(&self, uid: &Uid) -> Reach {
        let mut ids = BTreeSet::from([uid.id.as_str()]);
        for entity in self.each(uid) {
            ids.extend(entity.parents.iter().map(|(p, _)| p.id.as_str()));
        }
        let to = |set: &&Entity| {
            let items = set.set("assignments").unwrap_or_default().iter().filter_map(Item::record);
            let mut named = items.flat_map(|f| ["user", "group"].map(|k| f.get(k).and_then(Item::id))).flatten();
            named.any(|id| ids.contains(id))
        };
        let sets: BTreeSet<&Uid> =
            self.sides.iter().flat_map(|i| i.of_type("PermissionSet")).filter(to).map(|s| &s.uid).collect();
        let reached: Vec<Reach> = sets.into_iter().map(|s| self.assigned(s)).collect();
        Reach::union(&reached).map_or(Reach::All, Reach::Accounts)
    }
}
