//! Inline policies of one role, user, group or permission set that stand in several resources: known once all files are read.

use std::collections::{BTreeMap, BTreeSet};

use super::policy::PolicyKind;
use super::read::documents::DOCUMENT;
use super::read::terraform::scope::folder;
use super::read::{Fault, FaultKind, Loaded};
use super::references::place_of;
use super::rules::policy_too_large::size;

/// Tells each inline policy how much stands before it, and each permission set that it has two.
pub fn resolve(loaded: &mut [Loaded]) {
    summed(loaded);
    overwritten(loaded);
}

/// Names mean the same in all files of a folder of Terraform, and elsewhere in one file.
fn scope(path: &str) -> &str {
    if path.ends_with(".tf") || path.ends_with(".tofu") { folder(path) } else { path }
}

/// A name, and where it means the same.
type Whose = (String, String);

fn whose(path: &str, name: &str) -> Whose {
    (scope(path).to_owned(), name.to_owned())
}

/// A policy that is inline in somebody: a place by which it is sorted, whose it is, its file, its index there.
type Use = (usize, usize, Whose, usize, usize);

fn summed(loaded: &mut [Loaded]) {
    let mut before: BTreeMap<Whose, usize> = BTreeMap::new();
    for (_, _, whose, file, index) in uses(loaded) {
        let Some(policy) = loaded.get_mut(file).and_then(|f| f.policies.get_mut(index)) else {
            continue;
        };
        let Some(size) = size(policy) else {
            continue;
        };
        let before = before.entry(whose).or_default();
        policy.beside.inline_before = policy.beside.inline_before.max(*before);
        *before += size;
    }
}

fn uses(loaded: &[Loaded]) -> Vec<Use> {
    let mut places: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    let mut uses: Vec<Use> = Vec::new();
    // an override file says again what a resource has
    let is_override = |path: &str| path.ends_with("override.tf") || path.ends_with("override.tofu");
    for (file, read) in loaded.iter().enumerate() {
        let path = read.source.path.as_str();
        for (index, policy) in read.policies.iter().enumerate() {
            if policy.pointer.starts_with(DOCUMENT) {
                places.insert((folder(path), policy.pointer.as_str()), (file, index));
            }
            let is_inline = policy.kind == PolicyKind::Identity && !is_override(path);
            let names = policy.beside.inline_in.iter().filter(|_| is_inline);
            uses.extend(names.map(|name| (file, policy.root.span.start, whose(path, name), file, index)));
        }
    }
    for (file, read) in loaded.iter().enumerate() {
        let path = read.source.path.as_str();
        for reference in read.references.iter().filter(|r| !r.inline_in.is_empty() && !is_override(path)) {
            let (folder, pointer) = place_of(&reference.document);
            let Some((at, index)) = places.get(&(folder.as_str(), pointer.as_str())) else {
                continue;
            };
            let names = reference.inline_in.iter();
            uses.extend(names.map(|name| (file, reference.span.start, whose(path, name), *at, *index)));
        }
    }
    uses.sort();
    uses
}

/// A permission set has one inline policy: each that is put there is instead of the one before.
fn overwritten(loaded: &mut [Loaded]) {
    let mut known: BTreeMap<Whose, String> = BTreeMap::new();
    let mut addresses: BTreeSet<Whose> = BTreeSet::new();
    for file in loaded.iter_mut() {
        let path = file.source.path.clone();
        for set in &file.sets {
            // an override file says more of a resource that is there
            if !addresses.insert(whose(&path, &set.address)) {
                continue;
            }
            let of = whose(&path, &set.whose);
            match known.get(&of) {
                Some(first) => file.faults.push(Fault {
                    kind: FaultKind::Overwritten,
                    span: set.span,
                    message: format!("`{first}` is the inline policy of the same permission set, which has only one"),
                    help: "merge the two: each replaces the other whenever it is applied".to_owned(),
                }),
                None => drop(known.insert(of, set.address.clone())),
            }
        }
    }
}
