//! Writing what was imported: each file whole, those of an earlier import that are no longer told removed, and nothing of the
//! user's touched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign_core::import::Imported;
use countersign_core::import::texts::texts;
use countersign_core::inventory::config::FILE;
use countersign_core::moment::{self, Moment};
use countersign_core::problem::{Doing, Failure, Problem};

/// Lists the files of the last import; hidden, so that it is no part of the inventory.
const MANIFEST: &str = ".countersign-import";

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new or have changed.
    pub changed: usize,
    /// Files that are as they were.
    pub same: usize,
    /// Files that no answer tells of any more.
    pub removed: usize,
}

/// Writes an import into a folder. `replace` replaces a file whole.
pub fn write(
    folder: &Path,
    imported: &Imported,
    replace: impl Fn(&Path, &[u8]) -> Result<(), Failure>,
) -> Result<Written, Failure> {
    let texts = texts(imported)?;
    let before = manifest(folder)?;
    let foreign: Vec<Problem> = texts
        .keys()
        .filter(|path| !before.contains(*path) && folder.join(path).exists())
        .map(|path| {
            let message = format!("{} already exists, and no import wrote it", folder.join(path).display());
            Problem::about(path, message).help("move it elsewhere, or import into another folder")
        })
        .collect();
    if !foreign.is_empty() {
        return Err(Failure::Problems(foreign));
    }
    let mut written = Written::default();
    for (path, text) in &texts {
        let target = folder.join(path);
        if std::fs::read(&target).is_ok_and(|old| old == text.as_bytes()) {
            written.same += 1;
            continue;
        }
        create(&target)?;
        replace(&target, text.as_bytes())?;
        written.changed += 1;
    }
    // the list is written before files go: a run that is interrupted leaves no file that no list names
    let listed: Vec<&str> = texts.keys().map(String::as_str).collect();
    replace(&folder.join(MANIFEST), format!("{}\n", listed.join("\n")).as_bytes())?;
    for path in before.iter().filter(|path| !texts.contains_key(*path)) {
        written.removed += usize::from(remove(folder, path)?);
    }
    if let Some(as_of) = imported.as_of {
        settings(folder, as_of, &replace)?;
    }
    Ok(written)
}

fn create(target: &Path) -> Result<(), Failure> {
    let folder = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Failure::file(folder, Doing::Creating))
}

/// The paths of the last import, each inside the folder.
fn manifest(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let path = folder.join(MANIFEST);
    if !path.exists() {
        return Ok(BTreeSet::new());
    }
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(Failure::file(&path, Doing::Reading))?;
    let inside = |line: &&str| {
        !line.is_empty() && Path::new(line).components().all(|c| matches!(c, std::path::Component::Normal(_)))
    };
    Ok(text.lines().filter(inside).map(str::to_owned).collect())
}

/// Removes a file of an earlier import, and the folders that it leaves empty.
fn remove(folder: &Path, path: &str) -> Result<bool, Failure> {
    let target: PathBuf = folder.join(path);
    match std::fs::remove_file(&target) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(Failure::file(&target, Doing::Removing)(e)),
    }
    let mut parent = target.parent();
    while let Some(empty) = parent.filter(|p| *p != folder) {
        if std::fs::remove_dir(empty).is_err() {
            break;
        }
        parent = empty.parent();
    }
    Ok(true)
}

/// The moment of the collection, in `countersign.toml`: its line is replaced, all else stays.
fn settings(
    folder: &Path,
    as_of: Moment,
    replace: &impl Fn(&Path, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = folder.join(FILE);
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
