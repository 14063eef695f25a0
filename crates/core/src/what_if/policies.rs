//! Policies that are attached, detached and replaced.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::edit::Edit;
use super::{Named, Why};
use crate::iam::document;
use crate::inventory::entity::{Attr, Entity, Item, Uid};
use crate::inventory::{Policy, builtin};
use crate::problem::{Problem, SourceFile, Span, did_you_mean};
use crate::text::json;

/// A document of the user's that is not in the inventory.
pub fn read(source: &Arc<SourceFile>) -> Result<Policy, Vec<Problem>> {
    let node = json::parse(source)?;
    if !document::is_document(&node) {
        let message = format!("{} is not a policy document: it has no `Statement`", source.path);
        return Err(vec![Problem::about(&source.path, message).help("name an IAM policy")]);
    }
    let mut problems = Vec::new();
    let document = Arc::new(document::read(source, &node, &mut problems));
    problems.retain(Problem::is_error);
    let policy = Policy { label: source.path.clone(), document, content: node.to_json().to_string(), built_in: false };
    if problems.is_empty() { Ok(policy) } else { Err(problems) }
}

impl Edit {
    pub fn attach(&mut self, to: &str, policy: &Named) -> Result<(), Why> {
        let (uid, attr) = self.target(to)?;
        let id = self.policy(policy)?;
        self.add(&uid, attr, &id)
    }

    pub fn detach(&mut self, from: &str, policy: &str) -> Result<(), Why> {
        let (uid, attr) = self.target(from)?;
        self.remove(&uid, attr, policy)
    }

    pub fn replace(&mut self, at: &str, old: &str, new: &Named) -> Result<(), Why> {
        let (uid, attr) = self.target(at)?;
        let id = self.policy(new)?;
        self.add(&uid, attr, &id)?;
        self.remove(&uid, attr, old)
    }

    fn add(&mut self, uid: &Uid, attr: &'static str, policy: &str) -> Result<(), Why> {
        let at_least = "serviceControlPoliciesAtLeast";
        let has =
            |edit: &Self, attr: &str| edit.inventory.entities.get(uid).is_some_and(|e| e.attrs.contains_key(attr));
        // FullAWSAccess was assumed where nothing is declared, and is still assumed beside what is attached
        let attr = match attr {
            "serviceControlPolicies" if !has(self, attr) => {
                if !has(self, at_least) {
                    self.assumed.insert(uid.clone());
                }
                at_least
            }
            attr => attr,
        };
        let mut known = false;
        self.with(uid, |entity| {
            let span = entity.span;
            let reference = Item { span, attr: Attr::Entity(Uid::new("IamPolicy", policy)) };
            let empty = || Item { span, attr: Attr::Set(Vec::new()) };
            if let Some(Attr::Set(items)) = entity.attrs.get_or_insert_with(attr, empty).map(|i| &mut i.attr) {
                known = items.iter().any(|i| i.id() == Some(policy));
                if !known {
                    items.push(reference);
                }
            }
        });
        if known { Err(Why::new(format!("{policy} is attached already"), "")) } else { Ok(()) }
    }

    fn remove(&mut self, uid: &Uid, attr: &'static str, policy: &str) -> Result<(), Why> {
        let full = builtin::is_full_aws_access(policy);
        let assumed = self.assumed.contains(uid);
        let (mut removed, mut attached) = (false, Vec::new());
        let declared = |entity: &Entity, attr: &str| entity.attrs.contains_key(attr);
        self.with(uid, |entity| {
            if attr == "serviceControlPolicies" && full && !declared(entity, attr) {
                // what was assumed is not there any more: what is known to be attached is all
                let known = entity.attrs.remove("serviceControlPoliciesAtLeast");
                let none = Item { span: entity.span, attr: Attr::Set(Vec::new()) };
                entity.attrs.insert(attr.to_owned(), known.unwrap_or(none));
                removed = true;
                return;
            }
            for attr in [attr, "serviceControlPoliciesAtLeast"] {
                let Some(Attr::Set(items)) = entity.attrs.get_mut(attr).map(|i| &mut i.attr) else { continue };
                let before = items.len();
                attached.extend(items.iter().filter_map(Item::id).map(str::to_owned));
                let is_it = |id: &str| id == policy || full && builtin::is_full_aws_access(id);
                items.retain(|i| !i.id().is_some_and(is_it));
                removed |= items.len() < before;
                if items.is_empty() && assumed && attr == "serviceControlPoliciesAtLeast" {
                    entity.attrs.remove(attr);
                }
            }
        });
        if removed {
            return Ok(());
        }
        let near = did_you_mean(policy, attached.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
        let known = || match attached.as_slice() {
            [] => "nothing is attached there".to_owned(),
            ids => format!("attached are {}", ids.join(", ")),
        };
        Err(Why::new(format!("{policy} is not attached to {}", uid.id), near.unwrap_or_else(known)))
    }

    /// The id of a policy, which is in the inventory after this.
    fn policy(&mut self, named: &Named) -> Result<String, Why> {
        let (id, policy) = match named {
            Named::Document(path, policy) => (path.clone(), (**policy).clone()),
            Named::Known(id) if self.inventory.policies.contains_key(id) => return Ok(id.clone()),
            Named::Known(id) => {
                let Some(managed) = builtin::managed_policy(id) else {
                    let ids = self.inventory.policies.keys().map(String::as_str);
                    let near = did_you_mean(id, ids).map(|near| format!("did you mean `{near}`?"));
                    let help =
                        "name a policy of the inventory by its id, one of AWS by its ARN, or the path of a document";
                    return Err(Why::new(format!("there is no policy {id}"), near.unwrap_or_else(|| help.to_owned())));
                };
                let source = SourceFile::new(managed.path, managed.text);
                let policy = read(&source).map_err(|_| Why::new(format!("{id} cannot be read"), ""))?;
                (id.clone(), Policy { label: id.clone(), built_in: true, ..policy })
            }
        };
        self.declare(&id, policy);
        Ok(id)
    }

    fn declare(&mut self, id: &str, policy: Policy) {
        let (uid, span) = (Uid::new("IamPolicy", id), Span { start: 0, end: 0 });
        let text = Item { span, attr: Attr::String(policy.content.clone()) };
        let entity = Entity {
            uid: uid.clone(),
            source: policy.document.source.clone(),
            span,
            attrs: [("document", text)].into(),
            parents: Vec::new(),
            tags: BTreeMap::new(),
            built_in: policy.built_in,
        };
        self.inventory.entities.insert(uid, entity);
        self.inventory.policies.insert(id.to_owned(), policy);
    }
}
