//! Policies that are attached, detached and replaced.

use std::sync::Arc;

use super::edit::Edit;
use super::{Named, Why};
use crate::iam::{document, stored};
use crate::inventory::entity::{Attr, Entity, Item, Uid};
use crate::inventory::{Policy, builtin};
use crate::problem::{Problem, SourceFile, Span, did_you_mean};
use crate::text::json::{self, Node, Value};

/// The attribute of a root, a unit or an account that has its service control policies.
const SERVICE_CONTROL: &str = "serviceControlPolicies";

/// The same of its resource control policies, beside RCPFullAWSAccess.
const RESOURCE_CONTROL: &str = "resourceControlPolicies";

/// A document of the user's that is not in the inventory. One that says whom it is about is read as a resource control policy.
pub fn read(source: &Arc<SourceFile>) -> Result<Policy, Vec<Problem>> {
    let node = json::parse(source)?;
    if !document::is_document(&node) {
        let message = format!("{} is not a policy document: it has no `Statement`", source.path);
        return Err(vec![Problem::about(&source.path, message).help("name an IAM policy")]);
    }
    let mut problems = Vec::new();
    let read = if says_whom(&node) { document::read_of_resource } else { document::read };
    let document = Arc::new(read(source, &node, &mut problems));
    problems.retain(Problem::is_error);
    let policy = Policy { label: source.path.clone(), document, content: node.to_json().to_string(), built_in: false };
    if problems.is_empty() { Ok(policy) } else { Err(problems) }
}

/// Whether a statement of a document has a principal.
fn says_whom(root: &Node) -> bool {
    let has = |statement: &Node| ["Principal", "NotPrincipal"].iter().any(|element| statement.get(element).is_some());
    match root.get("Statement") {
        Some(Node { value: Value::Array(statements), .. }) => statements.iter().any(has),
        Some(statement) => has(statement),
        None => false,
    }
}

impl Edit {
    pub fn attach(&mut self, to: &str, policy: &Named) -> Result<(), Why> {
        let (uid, attr) = self.target(to)?;
        let id = self.policy(policy)?;
        let attr = self.attribute_for(&id, attr)?;
        self.add(&uid, attr, &id)
    }

    pub fn detach(&mut self, from: &str, policy: &str) -> Result<(), Why> {
        let (uid, attr) = self.target(from)?;
        let attr = self.attribute_with(&uid, policy, attr)?;
        self.remove(&uid, attr, policy)
    }

    pub fn replace(&mut self, at: &str, old: &str, new: &Named) -> Result<(), Why> {
        let (uid, attr) = self.target(at)?;
        let id = self.policy(new)?;
        let (its, had) = (self.attribute_for(&id, attr)?, self.attribute_with(&uid, old, attr)?);
        if its != had {
            let kind = |attr| if attr == RESOURCE_CONTROL { "a resource" } else { "a service" };
            let what = format!("{old} is {} control policy, and {id} is {} control policy", kind(had), kind(its));
            return Err(Why::new(what, "one cannot take the place of the other: use --detach and --attach"));
        }
        self.add(&uid, its, &id)?;
        self.remove(&uid, had, old)
    }

    /// The attribute that a policy stands in where it is attached to what has service control policies, or others, in `attr`.
    fn attribute_for(&self, id: &str, attr: &'static str) -> Result<&'static str, Why> {
        let of_iam = id.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(1)) == Some("iam");
        if of_iam && attr == SERVICE_CONTROL {
            let what = format!("{id} is a policy of IAM, which is attached to users, roles and groups");
            let help =
                "an organization, a unit or an account takes service control policies and resource control policies";
            return Err(Why::new(what, help));
        }
        let policy = self.inventory.policies.get(id).filter(|p| !p.built_in);
        let statements = policy.map(|p| p.document.statements.as_slice()).unwrap_or_default();
        let refused = |refusal: stored::Refusal| Why::new(format!("{id}: {}", refusal.message), refusal.help);
        let sid = statements.iter().find_map(|s| s.sid.as_deref().and_then(stored::sid));
        if let Some(refusal) = sid.filter(|_| attr != SERVICE_CONTROL) {
            return Err(refused(refusal));
        }
        if !statements.iter().any(|s| s.principals.is_some()) {
            return Ok(attr);
        }
        if attr != SERVICE_CONTROL {
            let help = "attach it to an organization, a unit or an account, or leave out `Principal`";
            return Err(Why::new(format!("{id} says whom it is about, as a resource control policy does"), help));
        }
        match statements.iter().find_map(stored::of_resource_control) {
            Some(refusal) => Err(refused(refusal)),
            None => Ok(RESOURCE_CONTROL),
        }
    }

    /// The attribute in which a policy is attached.
    fn attribute_with(&self, uid: &Uid, policy: &str, attr: &'static str) -> Result<&'static str, Why> {
        if attr == SERVICE_CONTROL && builtin::is_full_resource_access(policy) {
            return Err(Why::new(format!("{policy} is attached everywhere, and cannot be detached"), ""));
        }
        let controls = self.inventory.entities.get(uid).and_then(|e| e.references(RESOURCE_CONTROL));
        let has = controls.is_some_and(|ids| attr == SERVICE_CONTROL && ids.iter().any(|id| id == policy));
        Ok(if has { RESOURCE_CONTROL } else { attr })
    }

    fn add(&mut self, uid: &Uid, attr: &'static str, policy: &str) -> Result<(), Why> {
        let at_least = "serviceControlPoliciesAtLeast";
        let has =
            |edit: &Self, attr: &str| edit.inventory.entities.get(uid).is_some_and(|e| e.attrs.contains_key(attr));
        // FullAWSAccess was assumed where nothing is declared, and is still assumed beside what is attached
        let attr = match attr {
            SERVICE_CONTROL if !has(self, attr) => {
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
            if attr == SERVICE_CONTROL && full && !declared(entity, attr) {
                // what was assumed is not there any more: what is known to be attached is all
                let known = entity.attrs.remove("serviceControlPoliciesAtLeast");
                let none = Item { span: entity.span, attr: Attr::Set(Vec::new()) };
                entity.attrs.insert(attr, known.unwrap_or(none));
                removed = true;
                return;
            }
            if attr == SERVICE_CONTROL {
                attached.extend(entity.references(RESOURCE_CONTROL).unwrap_or_default());
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
            Named::Known(id) if builtin::is_full_resource_access(id) => {
                return Err(Why::new(format!("{id} is attached everywhere already"), "name another policy"));
            }
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
            tags: Arc::default(),
            built_in: policy.built_in,
        };
        self.inventory.entities.insert(uid, entity);
        self.inventory.policies.insert(id.to_owned(), policy);
    }
}
