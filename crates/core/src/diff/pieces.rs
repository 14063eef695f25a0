//! The pieces of a change: what is different between two inventories, in parts that can each be taken back by itself.

mod shown;
mod without;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::iam::document::Statement;
use crate::inventory::config::FILE;
use crate::inventory::entity::{Attr, Entity, Item, Uid, policies_of};
use crate::inventory::{Inventory, Policy, builtin};
use crate::problem::Span;
use shown::{different, json_of, normal, shown};
pub use without::without;

/// What a piece is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A whole entity, which one side alone has.
    Entity(Uid),
    /// Where an account or a unit stands: its parents, with the memberships that they agree with.
    Position(Uid),
    /// A parent of any other entity: a group that a user is in.
    Parent(Uid, Uid),
    /// An element of a set, as JSON.
    Element(Uid, String, String),
    /// An attribute.
    Attribute(Uid, String),
    /// The tags.
    Tags(Uid),
    /// A statement of a policy: the old one and the new one, by their places in the document.
    Statement(String, Option<usize>, Option<usize>),
    /// A whole policy document: its version is another, or one side alone has it.
    Document(String),
    /// `countersign.toml`.
    Settings,
}

/// How a piece is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
}

/// A piece of a change.
#[derive(Clone, Debug, Serialize)]
pub struct Piece {
    /// How it is different.
    pub change: Change,
    /// What is, in words.
    pub what: String,
    /// The file that says it: of the new side, or of the old one for what is gone.
    pub file: String,
    /// One-based line.
    pub line: usize,
    /// `Statement[2]`, for a statement.
    pub pointer: Option<String>,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// The layers of policies that it is a part of: `identity`, `boundary`, `serviceControl`, `resourceControl`, `trust`.
    pub layers: Vec<&'static str>,
    #[serde(skip)]
    pub(super) of: What,
}

/// Sets whose elements are pieces of their own.
const BY_ELEMENT: [&str; 8] = [
    "policies",
    "serviceControlPolicies",
    "serviceControlPoliciesAtLeast",
    "serviceControlPoliciesUnplaced",
    "resourceControlPolicies",
    "resourceControlPoliciesUnplaced",
    "assignments",
    "customerManagedPolicies",
];

/// What says where an account stands.
const POSITION: [&str; 3] = ["memberships", "membershipsKnownSince", "membershipsKnownUntil"];

impl Change {
    /// As sentences say it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// All pieces, in the order of what they are about.
pub fn pieces(base: &Inventory, head: &Inventory) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for uid in base.entities.keys().chain(head.entities.keys()).collect::<BTreeSet<_>>() {
        // documents are compared statement by statement
        if uid.ty == "IamPolicy" {
            continue;
        }
        match (base.entities.get(uid), head.entities.get(uid)) {
            (Some(old), Some(new)) => entity(old, new, &mut pieces),
            (Some(old), None) if !old.built_in => {
                pieces.push(of_entity(old, old.span, Change::Removed, What::Entity(uid.clone()), name(uid)))
            }
            (None, Some(new)) if !new.built_in => {
                pieces.push(of_entity(new, new.span, Change::Added, What::Entity(uid.clone()), name(uid)))
            }
            _ => {}
        }
    }
    let layers = layers_of_policies(base, head);
    for id in base.policies.keys().chain(head.policies.keys()).collect::<BTreeSet<_>>() {
        let layers = || layers.get(id).cloned().unwrap_or_default();
        match (base.policies.get(id), head.policies.get(id)) {
            (Some(old), Some(new)) if old.content != new.content => document(id, old, new, layers(), &mut pieces),
            (Some(old), None) if stands_by_itself(id) => pieces.push(told(id, old, Change::Removed, layers())),
            (None, Some(new)) if stands_by_itself(id) => pieces.push(told(id, new, Change::Added, layers())),
            _ => {}
        }
    }
    if !same_settings(base, head) {
        pieces.push(Piece {
            change: Change::Changed,
            what: "the settings of the inventory changed".to_owned(),
            file: FILE.to_owned(),
            line: 1,
            pointer: None,
            sid: None,
            layers: Vec::new(),
            of: What::Settings,
        });
    }
    pieces
}

/// Whether a policy is known by an id that is not a place in the files: what refers to it may be the same while its document comes
/// and goes.
fn stands_by_itself(id: &str) -> bool {
    (id.starts_with("arn:") || id.starts_with("p-"))
        // a document inside an entity comes and goes with the attribute
        && !id.contains('#')
        && !builtin::is_aws_managed(id)
        && builtin::managed_policy(id).is_none()
}

/// The file that holds a policy; `None` for what is built in.
fn file_of<'p>(id: &str, policy: &'p Policy) -> Option<&'p str> {
    let path = policy.document.source.path.as_str();
    // a document that is a text of an entity is called after both
    let of_entity = path.strip_suffix(id).and_then(|path| path.strip_suffix('#'));
    Some(of_entity.unwrap_or(path)).filter(|path| !path.starts_with("aws:"))
}

/// A policy whose document one side alone has.
fn told(id: &str, policy: &Policy, change: Change, layers: Vec<&'static str>) -> Piece {
    Piece {
        change,
        what: format!("the document of {id} {}", change.word()),
        file: file_of(id, policy).unwrap_or(FILE).to_owned(),
        line: 1,
        pointer: None,
        sid: None,
        layers,
        of: What::Document(id.to_owned()),
    }
}

fn same_settings(base: &Inventory, head: &Inventory) -> bool {
    let settings = |i: &Inventory| (i.config.context.clone(), i.config.signatories.clone(), i.config.phi_tags.clone());
    settings(base) == settings(head)
}

/// `user arn:…`, `account 111122223333`
fn name(uid: &Uid) -> String {
    let mut words = String::new();
    for c in uid.ty.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    format!("{words} {}", uid.id)
}

fn of_entity(entity: &Entity, span: Span, change: Change, of: What, what: String) -> Piece {
    let layers = match &of {
        What::Element(_, attr, _) | What::Attribute(_, attr) => layer(attr).into_iter().collect(),
        _ => Vec::new(),
    };
    let what = if matches!(of, What::Position(_)) { what } else { format!("{what} {}", change.word()) };
    Piece {
        change,
        what,
        file: entity.source.path.clone(),
        line: entity.source.line_column(span.start).0,
        pointer: None,
        sid: None,
        layers,
        of,
    }
}

/// The layer that an attribute makes.
pub(super) fn layer(attr: &str) -> Option<&'static str> {
    match attr {
        "policies" | "customerManagedPolicies" => Some("identity"),
        "permissionsBoundary" | "customerManagedPermissionsBoundary" => Some("boundary"),
        "trustPolicy" => Some("trust"),
        a if a.starts_with("serviceControlPolicies") => Some("serviceControl"),
        a if a.starts_with("resourceControlPolicies") => Some("resourceControl"),
        _ => None,
    }
}

/// The pieces in which an entity is different.
fn entity(old: &Entity, new: &Entity, pieces: &mut Vec<Piece>) {
    let uid = &new.uid;
    let positioned = ["Account", "OrganizationalUnit"].contains(&uid.ty.as_str());
    let parents = |e: &Entity| e.parents.iter().map(|(p, _)| p.clone()).collect::<BTreeSet<_>>();
    let (before, after) = (parents(old), parents(new));
    if positioned {
        let position = |e: &Entity| POSITION.map(|a| e.attrs.get(a).map(|i| i.attr.to_json()));
        if before != after || position(old) != position(new) {
            let words = |p: &BTreeSet<Uid>| match p.is_empty() {
                true => "no organization".to_owned(),
                false => p.iter().map(|u| u.id.as_str()).collect::<Vec<_>>().join(", "),
            };
            let what = match before == after {
                true => format!("the memberships of {} changed", name(uid)),
                false => format!("{} moves from {} to {}", name(uid), words(&before), words(&after)),
            };
            pieces.push(of_entity(new, new.span, Change::Changed, What::Position(uid.clone()), what));
        }
    } else {
        let of = |parent: &Uid| What::Parent(uid.clone(), parent.clone());
        let place = |e: &Entity, parent: &Uid| e.parents.iter().find(|(p, _)| p == parent).map_or(e.span, |(_, s)| *s);
        for parent in after.difference(&before) {
            let what = format!("{} in {}", name(uid), name(parent));
            pieces.push(of_entity(new, place(new, parent), Change::Added, of(parent), what));
        }
        for parent in before.difference(&after) {
            let what = format!("{} in {}", name(uid), name(parent));
            pieces.push(of_entity(old, place(old, parent), Change::Removed, of(parent), what));
        }
    }
    for attr in old.attrs.keys().chain(new.attrs.keys()).collect::<BTreeSet<_>>() {
        if positioned && POSITION.contains(&attr) {
            continue;
        }
        attribute(old, new, attr, pieces);
    }
    if old.tags != new.tags {
        let what = format!("the tags of {}", name(uid));
        pieces.push(of_entity(new, new.span, Change::Changed, What::Tags(uid.clone()), what));
    }
}

fn attribute(old: &Entity, new: &Entity, attr: &str, pieces: &mut Vec<Piece>) {
    let uid = &new.uid;
    let (before, after) = (old.attrs.get(attr), new.attrs.get(attr));
    let json = |i: Option<&Item>| i.map(|i| normal(&i.attr.to_json()));
    if json(before) == json(after) {
        return;
    }
    let (change, entity) = match (before, after) {
        (None, _) => (Change::Added, new),
        (_, None) => (Change::Removed, old),
        _ => (Change::Changed, new),
    };
    let by_element = BY_ELEMENT.contains(&attr);
    match (before.map(|i| &i.attr), after.map(|i| &i.attr)) {
        (Some(Attr::Set(before)), Some(Attr::Set(after))) if by_element => {
            let key = json_of;
            let sides = [(old, before, after, Change::Removed), (new, after, before, Change::Added)];
            for (entity, own, other, change) in sides {
                for item in own.iter().filter(|i| !other.iter().any(|o| key(o) == key(i))) {
                    let twin = other.iter().find_map(|twin| different(item, twin));
                    let what = format!("{} under `{attr}` of {}", shown(twin.as_ref().unwrap_or(item)), name(uid));
                    let of = What::Element(uid.clone(), attr.to_owned(), key(item));
                    pieces.push(of_entity(entity, item.span, change, of, what));
                }
            }
        }
        _ => {
            let what = format!("`{attr}` of {}", name(uid));
            let of = What::Attribute(uid.clone(), attr.to_owned());
            pieces.push(of_entity(entity, entity.span_of(attr), change, of, what));
        }
    }
}

/// A statement, and the document's version, which says whether it has variables.
fn signatures(policy: &Policy) -> Option<(Value, Vec<String>)> {
    let content: Value = serde_json::from_str(&policy.content).ok()?;
    let one = |statement: &Value| {
        let mut statement = statement.clone();
        if let Some(members) = statement.as_object_mut() {
            for key in ["Action", "NotAction", "Resource", "NotResource"] {
                if let Some(text) = members.get_mut(key).filter(|v| v.is_string()) {
                    *text = Value::Array(vec![text.clone()]);
                }
            }
        }
        normal(&statement).to_string()
    };
    let statements: Vec<String> = match content.get("Statement")? {
        Value::Array(statements) => statements.iter().map(one).collect(),
        statement => vec![one(statement)],
    };
    let version = content.get("Version").cloned().unwrap_or_default();
    (statements.len() == policy.document.statements.len()).then_some((version, statements))
}

/// The pieces in which a document is different. Statements that stand on both sides are the same wherever they stand.
fn document(id: &str, old: &Policy, new: &Policy, layers: Vec<&'static str>, pieces: &mut Vec<Piece>) {
    // what is built in stands in no file: what took its place does, or the settings, which name data of AWS's
    let file = |policy: &Policy| -> Option<String> {
        let other = || [new, old].into_iter().find_map(|p| file_of(id, p));
        file_of(id, policy).or_else(other).map(str::to_owned)
    };
    let is_whole = |policy: &Policy| file_of(id, policy) == Some(policy.document.source.path.as_str());
    let piece = |policy: &Policy, statement: Option<&Statement>, change: Change, of, what: String| Piece {
        change,
        what: format!("{what} {}", change.word()),
        file: file(policy).unwrap_or_else(|| FILE.to_owned()),
        line: statement.filter(|_| is_whole(policy)).map_or(1, |s| s.place.line()),
        pointer: statement.map(|s| s.pointer.clone()),
        sid: statement.and_then(|s| s.sid.clone()),
        layers: layers.clone(),
        of,
    };
    let (before, after) = match (signatures(old), signatures(new)) {
        (Some((a, before)), Some((b, after))) if a == b => (before, after),
        _ => {
            let what = format!("the policy {}", new.label);
            return pieces.push(piece(new, None, Change::Changed, What::Document(id.to_owned()), what));
        }
    };
    let (mut gone, mut come) = (Vec::new(), (0..after.len()).collect::<Vec<_>>());
    for (index, signature) in before.iter().enumerate() {
        match come.iter().position(|i| after.get(*i) == Some(signature)) {
            Some(position) => drop(come.remove(position)),
            None => gone.push(index),
        }
    }
    let at = |policy: &'_ Policy, index: usize| policy.document.statements.get(index).cloned();
    let words = |s: &Statement| match &s.sid {
        Some(sid) => format!("{} ({sid})", s.pointer),
        None => s.pointer.clone(),
    };
    for index in gone {
        let Some(statement) = at(old, index) else { continue };
        // the statement that took its place: of the same Sid, else the first without one that has the same effect
        let successor = come.iter().position(|i| {
            at(new, *i).is_some_and(|n| n.sid == statement.sid && (n.sid.is_some() || n.allow == statement.allow))
        });
        match successor.map(|position| come.remove(position)) {
            Some(successor) => {
                let Some(now) = at(new, successor) else { continue };
                let of = What::Statement(id.to_owned(), Some(index), Some(successor));
                pieces.push(piece(new, Some(&now), Change::Changed, of, words(&now)));
            }
            None => {
                let of = What::Statement(id.to_owned(), Some(index), None);
                pieces.push(piece(old, Some(&statement), Change::Removed, of, words(&statement)));
            }
        }
    }
    for index in come {
        let Some(statement) = at(new, index) else { continue };
        let of = What::Statement(id.to_owned(), None, Some(index));
        pieces.push(piece(new, Some(&statement), Change::Added, of, words(&statement)));
    }
}

/// The layers that each policy is a part of, on either side.
fn layers_of_policies(base: &Inventory, head: &Inventory) -> BTreeMap<String, Vec<&'static str>> {
    let mut layers: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for entity in base.entities.values().chain(head.entities.values()) {
        for (attr, item) in entity.attrs.iter() {
            if let Some(layer) = layer(attr) {
                policies_of(item, &mut |id| {
                    layers.entry(id.to_owned()).or_default().insert(layer);
                });
            }
        }
    }
    layers.into_iter().map(|(id, layers)| (id, layers.into_iter().collect())).collect()
}
