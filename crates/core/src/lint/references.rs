//! What documents of Terraform and files are used for: known once all files are read.

use std::collections::{BTreeMap, BTreeSet};

use super::filled::{filled, sent_at_least};
use super::policy::{Holder, Policy, PolicyKind};
use super::read::documents::{DOCUMENT, document_of};
use super::read::terraform::scope::folder;
use super::read::{Fault, FaultKind, Loaded};
use crate::text::files;
use crate::text::json::Node;

/// A folder, and the pointer of a document in one of its files.
type Place = (String, String);

/// What a document is used for.
struct Use {
    kind: Option<PolicyKind>,
    holder: Option<Holder>,
    /// What uses it.
    name: String,
    /// It is sent as it is written, with white space.
    is_indented: bool,
}

type Uses = BTreeMap<Place, Use>;

/// What a file is used for.
#[derive(Default)]
struct OfFile {
    kind: Option<PolicyKind>,
    holder: Option<Holder>,
    /// Its text is sent as it is, or as it is filled in.
    is_sent: bool,
    /// It is filled in by one who sends it.
    is_filled: bool,
    /// What its placeholders are filled in with, by each who uses it.
    given: Vec<Node>,
}

/// Documents that merge others which merge others are followed this deep.
const DEEP: usize = 5;

/// Tells the documents of Terraform what they are used for and what is a part of them; what is used and nowhere to be found is a fault.
pub fn resolve(loaded: &mut [Loaded]) {
    let mut uses = Uses::new();
    let mut of_files: BTreeMap<String, OfFile> = BTreeMap::new();
    let mut known: BTreeSet<Place> = BTreeSet::new();
    for file in loaded.iter() {
        let own = folder(&file.source.path);
        known.extend(file.policies.iter().map(|p| (own.to_owned(), p.pointer.clone())));
        for reference in &file.references {
            let (kind, holder, name) = (reference.kind, reference.holder, reference.name.clone());
            let used = Use { kind, holder, name, is_indented: reference.is_indented };
            uses.insert(place_of(&reference.document), used);
        }
        for reference in &file.files {
            let of_file = of_files.entry(files::resolve(&file.source.path, &reference.path)).or_default();
            (of_file.kind, of_file.holder) = (reference.kind, reference.holder);
            of_file.is_sent |= reference.is_sent;
            of_file.is_filled |= reference.is_sent && reference.is_filled;
            of_file.given.extend(reference.given.clone());
        }
    }
    for _ in 0..DEEP {
        if !passed_on(loaded, &mut uses) {
            break;
        }
    }
    let linted: BTreeSet<String> = loaded.iter().map(|f| f.source.path.clone()).collect();
    for file in loaded.iter_mut() {
        let lost = lost(file, &known, &linted);
        file.faults.extend(lost);
        let own = folder(&file.source.path).to_owned();
        let of_file = of_files.get(&file.source.path);
        let given = of_file.map(|of| of.given.as_slice()).unwrap_or_default();
        let policies = std::mem::take(&mut file.policies);
        let sent = of_file.filter(|of| of.is_sent).and_then(|of| match of.is_filled {
            true => sent_at_least(&file.source.text, given),
            false => Some(file.source.text.chars().count()),
        });
        file.policies = policies
            .into_iter()
            .map(|p| Policy { sent: p.sent.or(sent), ..p })
            .map(|p| filled(used(p, &own, &uses, of_file), given))
            .collect();
    }
}

/// Where the document stands that is named in a folder.
pub(super) fn place_of((folder, name): &(String, String)) -> (String, String) {
    document(folder, name)
}

fn document(folder: &str, name: &str) -> Place {
    (folder.to_owned(), format!("{DOCUMENT}{name}"))
}

/// What a document is used for, those are used for that become a part of it. Whether any of them was not known to be.
fn passed_on(loaded: &[Loaded], uses: &mut Uses) -> bool {
    let mut new = Vec::new();
    for file in loaded {
        let own = folder(&file.source.path);
        for policy in file.policies.iter().filter(|p| !p.merged.is_empty()) {
            let Some(Use { kind: Some(kind), name, .. }) = uses.get(&(own.to_owned(), policy.pointer.clone())) else {
                continue;
            };
            let parts = policy.merged.iter().map(|part| document(own, part)).filter(|place| !uses.contains_key(place));
            let used = || Use { kind: Some(*kind), holder: None, name: name.clone(), is_indented: false };
            new.extend(parts.map(|place| (place, used())));
        }
    }
    let any = !new.is_empty();
    uses.extend(new);
    any
}

/// The faults of what a file uses and nobody has.
fn lost(file: &Loaded, known: &BTreeSet<Place>, linted: &BTreeSet<String>) -> Vec<Fault> {
    let documents = file.references.iter().filter(|r| !known.contains(&place_of(&r.document)));
    let files = file.files.iter().filter(|r| !linted.contains(&files::resolve(&file.source.path, &r.path)));
    documents
        .map(|r| (r.span, format!("there is no document `{}` among the linted files", r.document.1)))
        .chain(files.map(|r| (r.span, format!("the file `{}` is not among the linted files", r.path))))
        .map(|(span, message)| Fault {
            kind: FaultKind::NotLiteral,
            span,
            message,
            help: "lint the whole folder of the module".to_owned(),
        })
        .collect()
}

fn used(policy: Policy, folder: &str, uses: &Uses, of_file: Option<&OfFile>) -> Policy {
    match uses.get(&(folder.to_owned(), document_of(&policy.pointer).to_owned())) {
        Some(Use { kind: Some(kind), holder, name, is_indented }) if !policy.kind_is_told => {
            let policy = policy.used_as(*kind, *holder, Some(name.clone()));
            Policy { is_indented: *is_indented, ..policy }
        }
        _ => match of_file.and_then(|of| Some((of.kind?, of.holder))) {
            Some((kind, holder)) if !policy.kind_is_told => policy.used_as(kind, holder, None),
            _ => policy,
        },
    }
}
