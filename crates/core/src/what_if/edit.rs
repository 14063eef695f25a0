//! An inventory that is edited: entities by their names, and values that stand where the entity does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::together::Shared;
use super::{Change, Why};
use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Entity, Item, Uid};
use crate::inventory::model::{Account, Parent};
use crate::inventory::tree::Tree;
use crate::moment::{self, Moment};
use crate::problem::{Span, did_you_mean};

/// What is edited, and when.
pub(super) struct Edit {
    pub inventory: Inventory,
    pub at: Moment,
    /// Which change is made, from one on.
    pub number: usize,
    /// Entities that got `serviceControlPoliciesAtLeast` here: FullAWSAccess was assumed for them, and is.
    pub assumed: BTreeSet<Uid>,
    /// What is read once for changes that are made together; none where each is made to what the one before has left.
    pub shared: Option<Shared>,
}

/// The types that a policy can be attached to, by which attribute.
const ATTACHED: [(&str, &str); 7] = [
    ("User", "policies"),
    ("Role", "policies"),
    ("Group", "policies"),
    ("PermissionSet", "policies"),
    ("OrganizationalUnit", "serviceControlPolicies"),
    ("Account", "serviceControlPolicies"),
    ("Organization", "serviceControlPolicies"),
];

impl Edit {
    pub fn new(inventory: Inventory, at: Moment) -> Self {
        Self { inventory, at, number: 0, assumed: BTreeSet::new(), shared: None }
    }

    /// The tree as it is after the changes so far, each of which may be about what the last one changed.
    pub fn tree(&self) -> Arc<Tree> {
        match &self.shared {
            Some(shared) => shared.tree.clone(),
            None => Arc::new(Tree::new(&self.inventory)),
        }
    }

    /// The entity of a type with an id.
    pub fn known(&self, ty: &str, id: &str) -> Result<Uid, Why> {
        let uid = Uid::new(ty, id);
        if self.inventory.entities.contains_key(&uid) {
            return Ok(uid);
        }
        let what = ty.chars().flat_map(|c| match c.is_ascii_uppercase() {
            true => vec![' ', c.to_ascii_lowercase()],
            false => vec![c],
        });
        let what: String = what.collect::<String>().trim_start().to_owned();
        let ids = self.inventory.of_type(ty).map(|e| e.uid.id.as_str());
        let help = did_you_mean(id, ids).map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
        Err(Why::new(format!("there is no {what} {id}"), help))
    }

    /// An account, and where it stands.
    pub fn account(&self, id: &str) -> Result<Account, Why> {
        self.known("Account", id)?;
        self.tree().accounts.get(id).cloned().ok_or_else(|| Why::new(format!("there is no account {id}"), ""))
    }

    /// The entity of some of these types that a name stands for: its id, its display name, or the last part of its ARN.
    pub fn named(&self, types: &[&str], name: &str) -> Result<Uid, Why> {
        let all = || types.iter().flat_map(|ty| self.inventory.of_type(ty));
        if let Some(exact) = all().find(|e| e.uid.id == name) {
            return Ok(exact.uid.clone());
        }
        let is_named = |e: &&Entity| {
            let own = ["userName", "displayName", "name"].iter().filter_map(|attr| e.str(attr));
            let last = e.uid.id.rsplit('/').next().filter(|_| e.uid.id.starts_with("arn:"));
            own.chain(last).any(|n| n == name)
        };
        let found: Vec<&Uid> = all().filter(is_named).map(|e| &e.uid).collect();
        match found.as_slice() {
            [only] => Ok((*only).clone()),
            [] => {
                let names = all().map(|e| e.uid.id.as_str());
                let help = did_you_mean(name, names).map(|near| format!("did you mean `{near}`?"));
                Err(Why::new(format!("there is no `{name}`"), help.unwrap_or_else(|| "write its id or ARN".to_owned())))
            }
            many => {
                let ids: Vec<&str> = many.iter().map(|u| u.id.as_str()).collect();
                Err(Why::new(format!("`{name}` is ambiguous: {}", ids.join(", ")), "write its id or ARN"))
            }
        }
    }

    /// Nothing is changed of an organization that was deleted, nor of its units. One that is to be deleted after the snapshot is
    /// there until then.
    pub fn is_there(&self, uid: &Uid) -> Result<(), Why> {
        let organization = match uid.ty.as_str() {
            "Organization" => Some(uid.id.clone()),
            "OrganizationalUnit" => self.tree().root_of(&uid.id).map(str::to_owned),
            _ => None,
        };
        let Some(organization) = organization else { return Ok(()) };
        let snapshot = self.inventory.config.as_of.map_or(self.at, |as_of| as_of.max(self.at));
        match self.inventory.deleted(&organization).filter(|deleted| *deleted <= snapshot) {
            None => Ok(()),
            Some(deleted) => {
                let what = format!("{organization} was deleted on {}", moment::format(deleted));
                Err(Why::new(what, "name another organization"))
            }
        }
    }

    /// The same of the organization that a change is about.
    pub fn organization_is_there(&self, change: &Change) -> Result<(), Why> {
        let of = match change {
            Change::Organization { organization, .. }
            | Change::Join { organization, .. }
            | Change::Delete { organization } => return self.is_there(&self.known("Organization", organization)?),
            Change::Accept { by, .. } | Change::Terminate { of: by, kind: Some(_) } => Some(by.as_str()),
            Change::Terminate { of, kind: None } => self
                .inventory
                .entity("CustomerAgreement", of)
                .and_then(|acceptance| acceptance.reference("organization")),
            _ => None,
        };
        let organization = of.filter(|of| self.inventory.entity("Organization", of).is_some());
        organization.map_or(Ok(()), |organization| self.is_there(&Uid::new("Organization", organization)))
    }

    /// What a policy is attached to, and by which attribute.
    pub fn target(&self, name: &str) -> Result<(Uid, &'static str), Why> {
        let types: Vec<&str> = ATTACHED.iter().map(|(ty, _)| *ty).collect();
        let uid = self.named(&types, name)?;
        self.is_there(&uid)?;
        let attr = ATTACHED.iter().find(|(ty, _)| uid.ty == *ty).map_or("policies", |(_, attr)| *attr);
        Ok((uid, attr))
    }

    /// Changes an entity.
    pub fn with(&mut self, uid: &Uid, change: impl FnOnce(&mut Entity)) {
        if let Some(entity) = self.inventory.entities.get_mut(uid) {
            change(entity);
        }
    }

    /// Sets an attribute; its value stands where the entity does.
    pub fn set(&mut self, uid: &Uid, attr: &str, value: Attr) {
        self.with(uid, |entity| {
            let span = entity.span;
            entity.attrs.insert(attr, Item { span, attr: value });
        });
    }

    /// Puts an account or a unit below something, or nowhere. What was listed of an account stays what it saw where it stood (D16).
    pub fn place(&mut self, uid: &Uid, below: Option<&Parent>) {
        if uid.ty == "Account" && !self.inventory.listed_at.contains_key(&uid.id) {
            let tree = self.tree();
            let stood = tree.accounts.get(&uid.id).map(|account| (uid.id.clone(), tree.now(account)));
            self.inventory.listed_at.extend(stood);
        }
        let parent = below.map(|p| match p {
            Parent::Unit(id) => Uid::new("OrganizationalUnit", id),
            Parent::Organization(id) => Uid::new("Organization", id),
        });
        self.with(uid, |entity| entity.parents = parent.map(|p| (p, entity.span)).into_iter().collect());
    }
}

/// A record of these fields, where a span is.
pub(super) fn record<'f>(span: Span, fields: impl IntoIterator<Item = (&'f str, Attr)>) -> Item {
    let fields = fields.into_iter().map(|(name, attr)| (name.to_owned(), Item { span, attr }));
    Item { span, attr: Attr::Record(fields.collect::<BTreeMap<_, _>>()) }
}
