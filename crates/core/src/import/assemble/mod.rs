//! From facts to entity files and policy documents, each in its place, sorted: the same facts give the same bytes.

mod accounts;
mod agreements;
mod attached;
mod listed;
mod organization;
mod principals;
mod unnamed;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::facts::{Document, Facts};
use super::timeline::Timeline;
use crate::problem::Problem;

/// The files of an inventory: entities, and documents.
#[derive(Debug, Default)]
pub struct Files {
    /// Entity files, by path.
    pub entities: BTreeMap<String, Vec<Value>>,
    /// Policy documents, by path.
    pub documents: BTreeMap<String, Value>,
}

/// Puts the facts together.
pub fn assemble(facts: &mut Facts, problems: &mut Vec<Problem>) -> Files {
    let mut assembly = Assembly {
        facts,
        problems,
        files: Files::default(),
        timelines: BTreeMap::new(),
        described_roles: BTreeSet::new(),
    };
    if assembly.facts.organizations.is_empty() && !assembly.facts.events.is_empty() {
        let help = "collect describe-organization: events do not say which organization an account joined";
        assembly.facts.remark("there are events, but nothing describes an organization", help);
    }
    assembly.attached_accounts();
    assembly.known_accounts();
    assembly.open_questions();
    assembly.agreement_events();
    assembly.strange_targets();
    assembly.organizations();
    assembly.units();
    assembly.accounts();
    assembly.agreements();
    assembly.reports();
    assembly.principals();
    assembly.identity_center();
    assembly.files
}

struct Assembly<'a> {
    facts: &'a mut Facts,
    problems: &'a mut Vec<Problem>,
    files: Files,
    timelines: BTreeMap<String, Timeline>,
    /// The roles of permission sets that were described: the account, and the name of the permission set.
    described_roles: BTreeSet<(String, String)>,
}

fn entity(
    ty: &str,
    id: &str,
    attrs: Map<String, Value>,
    parents: Vec<String>,
    tags: &BTreeMap<String, String>,
) -> Value {
    Value::Object(attributes([
        ("uid", Some(json!(uid(ty, id)))),
        ("attrs", Some(attrs.into())),
        ("parents", Some(json!(parents)).filter(|_| !parents.is_empty())),
        ("tags", Some(json!(tags)).filter(|_| !tags.is_empty())),
    ]))
}

fn uid(ty: &str, id: &str) -> String {
    format!("{ty}::{}", Value::String(id.to_owned()))
}

/// A name as part of a path: what file systems do not bear is percent-encoded.
fn file_name(name: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'+')
        .remove(b'=')
        .remove(b'@')
        .remove(b',');
    let encoded = percent_encoding::utf8_percent_encode(name, KEPT).to_string();
    // a name that begins with a point would be hidden, and passed over
    encoded.strip_prefix('.').map_or(encoded.clone(), |rest| format!("%2E{rest}"))
}

/// The members of an object, without those that are absent.
fn attributes<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Map<String, Value> {
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

impl Assembly<'_> {
    fn push(&mut self, file: &str, entity: Value) {
        self.files.entities.entry(file.to_owned()).or_default().push(entity);
    }

    /// Writes a document; the path by which the entities of a file name it.
    fn document(&mut self, file: &str, path: String, document: &Document) -> String {
        self.files.documents.insert(path.clone(), document.node.to_json());
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        path.strip_prefix(folder).map_or(path.clone(), |p| p.trim_start_matches('/').to_owned())
    }

    /// A policy whose document is not told: what it says is unknown.
    fn undocumented(&mut self, id: &str, help: &str) -> String {
        let known = self.files.entities.get("undocumented.json").into_iter().flatten();
        if !known.clone().any(|e| e.get("uid") == Some(&json!(uid("IamPolicy", id)))) {
            self.push("undocumented.json", entity("IamPolicy", id, Map::new(), Vec::new(), &BTreeMap::new()));
            self.facts.remark(format!("what {id} says is unknown"), help);
        }
        id.to_owned()
    }
}
