//! Edits of an inventory in memory: a statement, an attachment, an attribute. The files are left alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::grants::Grants;
use crate::iam::document;
use crate::inventory::entity::{Attr, Item, Uid};
use crate::inventory::{Inventory, Policy};
use crate::policies::settings::Becomes;
use crate::problem::{SourceFile, Span};
use crate::text::json as spanned;

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A statement that allows these actions is added to a policy.
    Allow {
        /// The id of the policy.
        policy: String,
        /// IAM actions, and on what.
        grants: Grants,
    },
    /// A statement that denies does so no longer for who has one of these ARNs.
    Except {
        /// The id of the policy.
        policy: String,
        /// The statement, from 0.
        statement: usize,
        /// Patterns of ARNs.
        arns: Vec<String>,
    },
    /// A statement that denies does so no longer for some actions: they are added to its `NotAction`, or taken out of its `Action`.
    Spare {
        /// The id of the policy.
        policy: String,
        /// The statement, from 0.
        statement: usize,
        /// IAM actions.
        actions: Vec<String>,
    },
    /// A statement is removed.
    Remove {
        /// The id of the policy.
        policy: String,
        /// The statement, from 0.
        statement: usize,
    },
    /// A new policy that allows these actions is attached.
    Attach {
        /// To what.
        to: Uid,
        /// The attribute that names what is attached; a single reference is replaced, and what it allowed stays allowed.
        attr: &'static str,
        /// IAM actions, and on what.
        grants: Grants,
    },
    /// A policy is taken from what it is attached to.
    Detach {
        /// From what.
        from: Vec<Uid>,
        /// The attribute that names what is attached.
        attr: &'static str,
        /// The id of the policy.
        policy: String,
    },
    /// An attribute becomes something else.
    Set {
        /// Of what.
        of: Uid,
        /// The attribute, and the fields within it.
        path: Vec<String>,
        /// What it becomes.
        becomes: Becomes,
        /// The report that is asked about.
        report: Option<String>,
    },
}

/// The key of a condition by which principals are excepted.
const PRINCIPAL: &str = "aws:PrincipalArn";

impl Edit {
    /// The policy that it edits.
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::Allow { policy, .. }
            | Self::Except { policy, .. }
            | Self::Spare { policy, .. }
            | Self::Remove { policy, .. } => Some(policy),
            Self::Attach { .. } | Self::Detach { .. } | Self::Set { .. } => None,
        }
    }

    /// How many permissions it changes: `None` where it sets an attribute, which is no permission.
    pub(super) fn permissions(&self) -> Option<usize> {
        match self {
            Self::Allow { grants, .. } | Self::Attach { grants, .. } => Some(grants.actions().len()),
            Self::Except { .. } | Self::Spare { .. } | Self::Remove { .. } | Self::Detach { .. } => Some(1),
            Self::Set { .. } => None,
        }
    }

    /// Whether it lifts a denial.
    pub(super) fn lifts(&self) -> bool {
        matches!(self, Self::Except { .. } | Self::Spare { .. } | Self::Remove { .. } | Self::Detach { .. })
    }

    /// Makes it. False where the inventory has nothing to edit.
    pub fn apply(&self, inventory: &mut Inventory) -> bool {
        match self {
            Self::Allow { policy, grants } => rewrite(inventory, policy, |s| {
                s.extend(grants.statements());
                true
            }),
            Self::Except { policy, statement, arns } => {
                rewrite(inventory, policy, |s| except(s.get_mut(*statement), arns))
            }
            Self::Spare { policy, statement, actions } => {
                rewrite(inventory, policy, |s| spare(s.get_mut(*statement), actions))
            }
            Self::Remove { policy, statement } => rewrite(inventory, policy, |s| silence(s.get_mut(*statement))),
            Self::Detach { from, attr, policy } => from.iter().all(|uid| detach(inventory, uid, attr, policy)),
            Self::Attach { to, attr, grants } => attach(inventory, to, attr, grants),
            Self::Set { of, path, becomes, report } => set(inventory, of, path, becomes, report.as_deref()),
        }
    }
}

/// Adds an exception for these ARNs to a statement.
fn except(statement: Option<&mut Value>, arns: &[String]) -> bool {
    let Some(statement) = statement.and_then(Value::as_object_mut) else { return false };
    let block = |value: &mut Value| value.as_object_mut().map(std::mem::take).unwrap_or_default();
    let mut conditions = statement.get_mut("Condition").map(block).unwrap_or_default();
    let mut keys = conditions.get_mut("ArnNotLike").map(block).unwrap_or_default();
    let name = keys.keys().find(|k| k.eq_ignore_ascii_case(PRINCIPAL)).cloned();
    let name = name.unwrap_or_else(|| PRINCIPAL.to_owned());
    let mut values = match keys.remove(&name) {
        Some(Value::Array(values)) => values,
        known => known.into_iter().collect(),
    };
    values.extend(arns.iter().map(|a| json!(a)));
    keys.insert(name, Value::Array(values));
    conditions.insert("ArnNotLike".to_owned(), Value::Object(keys));
    statement.insert("Condition".to_owned(), Value::Object(conditions));
    true
}

/// A statement denies these actions no longer.
fn spare(statement: Option<&mut Value>, actions: &[String]) -> bool {
    let Some(statement) = statement.and_then(Value::as_object_mut) else { return false };
    let negated = statement.contains_key("NotAction");
    let name = if negated { "NotAction" } else { "Action" };
    let mut texts = match statement.remove(name) {
        Some(Value::Array(texts)) => texts,
        known => known.into_iter().collect(),
    };
    if negated {
        texts.extend(actions.iter().map(|a| json!(a)));
    } else {
        let is_spared = |text: &Value| text.as_str().is_some_and(|t| actions.iter().any(|a| a.eq_ignore_ascii_case(t)));
        texts.retain(|text| !is_spared(text));
    }
    let denies = !texts.is_empty();
    statement.insert(name.to_owned(), Value::Array(texts));
    denies
}

/// An action that no service has.
const NO_ACTION: &str = "countersign:Removed";

/// Makes a statement say nothing. It keeps its place, so that the others are found by theirs, whatever was removed before.
fn silence(statement: Option<&mut Value>) -> bool {
    let removed = json!({"Effect": "Deny", "Action": NO_ACTION, "Resource": "*"});
    statement.map(|statement| *statement = removed).is_some()
}

/// Whether a statement was removed.
pub(super) fn is_silenced(statement: &document::Statement) -> bool {
    statement.actions.texts.iter().any(|text| text == NO_ACTION)
}

/// Edits the statements of a policy, and reads it again.
fn rewrite(inventory: &mut Inventory, id: &str, edit: impl FnOnce(&mut Vec<Value>) -> bool) -> bool {
    let Some(policy) = inventory.policies.get(id).filter(|p| !p.built_in) else { return false };
    let Some(mut content) = serde_json::from_str::<Map<String, Value>>(&policy.content).ok() else { return false };
    let mut statements = match content.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        known => known.into_iter().collect(),
    };
    if !edit(&mut statements) {
        return false;
    }
    content.insert("Statement".to_owned(), Value::Array(statements));
    let edited = read(&policy.label, &Value::Object(content));
    edited.map(|policy| inventory.policies.insert(id.to_owned(), policy)).is_some()
}

/// A policy of a document; `None` where it cannot be read.
fn read(label: &str, content: &Value) -> Option<Policy> {
    let source = SourceFile::new(label, content.to_string());
    let node = spanned::parse(&source).ok()?;
    let mut problems = Vec::new();
    let document = std::sync::Arc::new(document::read(&source, &node, &mut problems));
    let content = node.to_json().to_string();
    let policy = Policy { label: label.to_owned(), document, content, built_in: false };
    (!problems.iter().any(crate::problem::Problem::is_error)).then_some(policy)
}

fn attach(inventory: &mut Inventory, to: &Uid, attr: &str, grants: &Grants) -> bool {
    let Some(entity) = inventory.entities.get(to) else { return false };
    let mut statements = grants.statements();
    let replaced = entity.reference(attr).and_then(|id| inventory.policies.get(id));
    // what the policy in its place allows stays allowed
    if let Some(content) = replaced.and_then(|p| serde_json::from_str::<Value>(&p.content).ok()) {
        match content.get("Statement") {
            Some(Value::Array(known)) => statements.extend(known.iter().cloned()),
            known => statements.extend(known.cloned()),
        }
    }
    let id = format!("a new policy of {} {attr} {}", to.id, grants.actions().join(" "));
    let Some(policy) = read(&id, &json!({"Version": "2012-10-17", "Statement": statements})) else { return false };
    inventory.policies.insert(id.clone(), policy);
    let Some(entity) = inventory.entities.get_mut(to) else { return false };
    let item = |attr| Item { span: Span { start: 0, end: 0 }, attr };
    let reference = item(Attr::Entity(Uid::new("IamPolicy", id)));
    match entity.attrs.get_mut(attr).map(|i| &mut i.attr) {
        Some(Attr::Set(items)) => items.push(reference),
        _ if attr == "permissionsBoundary" => drop(entity.attrs.insert(attr, reference)),
        _ => drop(entity.attrs.insert(attr, item(Attr::Set(vec![reference])))),
    }
    true
}

fn detach(inventory: &mut Inventory, from: &Uid, attr: &str, policy: &str) -> bool {
    let Some(entity) = inventory.entities.get_mut(from) else { return false };
    let is = |item: &Item| matches!(&item.attr, Attr::Entity(uid) if uid.ty == "IamPolicy" && uid.id == policy);
    match entity.attrs.get_mut(attr) {
        Some(item) if is(item) => entity.attrs.remove(attr).is_some(),
        Some(Item { attr: Attr::Set(items), .. }) => {
            items.retain(|item| !is(item));
            true
        }
        _ => false,
    }
}

fn set(inventory: &mut Inventory, of: &Uid, path: &[String], becomes: &Becomes, report: Option<&str>) -> bool {
    let Some(entity) = inventory.entities.get_mut(of) else { return false };
    let mut fields: BTreeMap<String, Item> = std::mem::take(&mut entity.attrs).into();
    let done = set_in(&mut fields, path, becomes, report);
    entity.attrs = fields.into_iter().collect();
    done
}

fn set_in(fields: &mut BTreeMap<String, Item>, path: &[String], becomes: &Becomes, report: Option<&str>) -> bool {
    let Some((attr, within)) = path.split_last() else { return false };
    let item = |attr| Item { span: Span { start: 0, end: 0 }, attr };
    let mut fields = fields;
    for field in within {
        let record = fields.entry(field.clone()).or_insert_with(|| item(Attr::Record(BTreeMap::new())));
        match &mut record.attr {
            Attr::Record(inner) => fields = inner,
            _ => return false,
        }
    }
    match becomes {
        Becomes::Bool(value) => drop(fields.insert(attr.clone(), item(Attr::Bool(*value)))),
        Becomes::Text(text) => drop(fields.insert(attr.clone(), item(Attr::String(text.clone())))),
        Becomes::HasReport => {
            let Some(report) = report else { return false };
            let reference = item(Attr::Entity(Uid::new("Report", report)));
            match &mut fields.entry(attr.clone()).or_insert_with(|| item(Attr::Set(Vec::new()))).attr {
                Attr::Set(items) => items.push(reference),
                _ => return false,
            }
        }
    }
    true
}
