//! Writing what was imported: each file whole, those of an earlier import that are no longer told removed, and nothing of the
//! user's touched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::files;

use countersign_core::import::Imported;
use countersign_core::import::texts::texts;
use countersign_core::inventory::config::FILE;
use countersign_core::moment::{self, Moment};
use countersign_core::problem::{Doing, Failure, Problem};
use countersign_core::source::digest::sha256;

/// Lists the files of the last import, each with the digest of what was written; hidden, so that it is no part of the inventory.
const MANIFEST: &str = ".countersign-import";
/// Held while an import writes.
const LOCK: &str = ".countersign-import.lock";

/// What an import wrote: the digests that a file may have, by its path. An import that was ended midway leaves two.
type Manifest = BTreeMap<String, BTreeSet<String>>;

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new or have changed.
    pub changed: usize,
    /// Files that are as they were.
    pub same: usize,
    /// Files that no answer tells of any more.
    pub removed: usize,
    /// Files that no answer tells of any more, and that are no longer what an import wrote: they are left.
    pub kept: Vec<String>,
}

/// Writes an import into a folder. `replace` replaces a file whole.
pub fn write(
    folder: &Path,
    imported: &Imported,
    replace: impl Fn(&Path, &[u8]) -> Result<(), Failure>,
) -> Result<Written, Failure> {
    let texts = texts(imported)?;
    let _lock = files::lock(&files::unlinked(folder, LOCK)?)?;
    let before = manifest(folder)?;
    let mut foreign: Vec<Problem> = Vec::new();
    for path in texts.keys() {
        let target = files::unlinked(folder, path)?;
        if !before.contains_key(path) && target.exists() {
            let message = format!("{} already exists, and no import wrote it", target.display());
            foreign.push(Problem::about(path, message).help("move it elsewhere, or import into another folder"));
        }
    }
    if !foreign.is_empty() {
        return Err(Failure::Problems(foreign));
    }
    // the list is written before and after: a run that is ended midway leaves no file that no list names
    let after: Manifest =
        texts.iter().map(|(path, text)| (path.clone(), BTreeSet::from([sha256(text.as_bytes())]))).collect();
    let mut both = before.clone();
    after.iter().for_each(|(path, digests)| both.entry(path.clone()).or_default().extend(digests.iter().cloned()));
    let list = files::unlinked(folder, MANIFEST)?;
    replace(&list, listed(&both).as_bytes())?;
    let mut written = Written::default();
    for (path, text) in &texts {
        let target = files::unlinked(folder, path)?;
        if std::fs::read(&target).is_ok_and(|old| old == text.as_bytes()) {
            written.same += 1;
            continue;
        }
        create(&target)?;
        replace(&target, text.as_bytes())?;
        written.changed += 1;
    }
    for (path, digests) in before.iter().filter(|(path, _)| !texts.contains_key(*path)) {
        match remove(folder, path, digests)? {
            Removal::Removed => written.removed += 1,
            Removal::Kept => written.kept.push(path.clone()),
            Removal::Gone => {}
        }
    }
    if let Some(as_of) = imported.as_of {
        settings(folder, as_of, &replace)?;
    }
    replace(&list, listed(&after).as_bytes())?;
    Ok(written)
}

/// The text of a manifest.
fn listed(manifest: &Manifest) -> String {
    let lines = manifest.iter().flat_map(|(path, digests)| digests.iter().map(move |d| format!("{d}  {path}\n")));
    lines.collect()
}

fn create(target: &Path) -> Result<(), Failure> {
    let folder = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Failure::file(folder, Doing::Creating))
}

/// What the last import wrote. A line of any other form was not written by an import, and nothing follows from it.
fn manifest(folder: &Path) -> Result<Manifest, Failure> {
    let path = files::unlinked(folder, MANIFEST)?;
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = std::fs::read_to_string(&path).map_err(Failure::file(&path, Doing::Reading))?;
    let mut all = Manifest::new();
    for line in text.lines() {
        let (digest, path) = line.split_once("  ").unwrap_or(("", line));
        if is_written(path) {
            let digests = all.entry(path.to_owned()).or_default();
            digests.extend((!digest.is_empty()).then(|| digest.to_owned()));
        }
    }
    Ok(all)
}

/// Whether an import writes files of this path at all.
fn is_written(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let plain = parts.iter().all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains('\\'));
    let own = match parts.as_slice() {
        [file] => TOP.contains(file),
        [folder, _, ..] => FOLDERS.contains(folder),
        [] => false,
    };
    plain && own && path.ends_with(".json")
}

/// The files of entities.
const TOP: [&str; 6] = [
    "accounts.json",
    "agreements.json",
    "identity-center.json",
    "organization.json",
    "reports.json",
    "undocumented.json",
];
/// The folders of documents, and of the entities of each account.
const FOLDERS: [&str; 3] = ["iam", "identity-center", "scps"];

/// What became of a file of an earlier import.
enum Removal {
    /// It is removed.
    Removed,
    /// It is no longer what an import wrote.
    Kept,
    /// It was not there.
    Gone,
}

/// Removes a file of an earlier import that is as it was written, and the folders that it leaves empty.
fn remove(folder: &Path, path: &str, digests: &BTreeSet<String>) -> Result<Removal, Failure> {
    let target = files::unlinked(folder, path)?;
    let bytes = match std::fs::read(&target) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Removal::Gone),
        Err(e) => return Err(Failure::file(&target, Doing::Reading)(e)),
    };
    if !digests.contains(&sha256(&bytes)) {
        return Ok(Removal::Kept);
    }
    std::fs::remove_file(&target).map_err(Failure::file(&target, Doing::Removing))?;
    let mut parent = target.parent();
    while let Some(empty) = parent.filter(|p| *p != folder) {
        if std::fs::remove_dir(empty).is_err() {
            break;
        }
        parent = empty.parent();
    }
    Ok(Removal::Removed)
}

/// The moment of the collection, in `countersign.toml`: its line is replaced, all else stays.
fn settings(
    folder: &Path,
    as_of: Moment,
    replace: &impl Fn(&Path, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = files::unlinked(folder, FILE)?;
    let line = format!("asOf = \"{}\"", moment::format(as_of));
    let old = if path.exists() {
        std::fs::read_to_string(&path).map_err(Failure::file(&path, Doing::Reading))?
    } else {
        String::new()
    };
    let is_ours = |l: &str| l.trim_start().strip_prefix("asOf").is_some_and(|rest| rest.trim_start().starts_with('='));
    let new = if old.lines().any(is_ours) {
        old.split_inclusive('\n').map(|l| if is_ours(l) { format!("{line}\n") } else { l.to_owned() }).collect()
    } else {
        format!("{line}\n{old}")
    };
    if new == old { Ok(()) } else { replace(&path, new.as_bytes()) }
}
