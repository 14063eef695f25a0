//! Writing files: each is replaced whole or stays as it is, and keeps its mode. Where a link stands, what it leads to is replaced, and
//! the link stays.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use countersign_core::problem::{Doing, Failure, Problem};
use tempfile::NamedTempFile;

/// How the names of files begin that are being written; hidden, so that they are no part of an inventory.
const WRITING: &str = ".countersign-writing-";

/// Files that this run has read: the folder, and their paths in it.
type Read = (PathBuf, Arc<[String]>);

static READ: Mutex<Vec<Read>> = Mutex::new(Vec::new());

/// Notes what this run has read: no output is written over it.
pub fn was_read(folder: &Path, paths: Arc<[String]>) {
    if let Ok(mut read) = READ.lock() {
        read.push((folder.to_owned(), paths));
    }
}

/// Writes an output that the command line names: not over what this run has read.
pub fn write_output(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if is_input(path) {
        let message = format!("{} is a file that this run has read, and is not written over", path.display());
        return Err(Problem::about(path.display().to_string(), message).help("name another file").into());
    }
    replace(path, bytes)
}

/// Whether a file was read, or is one of a folder that was read whose name says that it decides: a policy, an expectation, a setting.
fn is_input(path: &Path) -> bool {
    let Ok(real) = path.canonicalize() else { return false };
    let decides = real.extension().is_some_and(|end| end == "cedar" || end == "toml");
    let is_read = |(folder, paths): &Read| {
        let is_within = || folder.canonicalize().is_ok_and(|folder| real.starts_with(folder));
        (decides && is_within()) || paths.iter().any(|inner| folder.join(inner).canonicalize().is_ok_and(|p| p == real))
    };
    READ.lock().is_ok_and(|read| read.iter().any(is_read)) && !is_output(&real)
}

/// Whether an earlier run has written a file as an output: findings may be written again where lint has looked at them.
fn is_output(path: &Path) -> bool {
    const BEGINNING: usize = 4096;
    let text = File::open(path).and_then(|file| {
        let mut text = Vec::new();
        file.take(BEGINNING as u64).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    });
    let is_one = |text: String| {
        let is_of_ours = text.contains("\"countersign/") && !text.contains("\"countersign/baseline/");
        is_of_ours || (text.contains("\"$schema\"") && text.contains("sarif")) || text.contains("\"check_name\"")
    };
    text.is_ok_and(is_one)
}

/// Whether a folder is one that was read, or within it: what is written there would be read as a part of it.
pub fn is_within(out: &Path, read: &Path) -> bool {
    let found = |path: &Path| path.canonicalize().ok();
    // what is not there yet is where its first parent is that is there
    let there = std::path::absolute(out).ok().and_then(|out| out.ancestors().find_map(found));
    match (there, found(read)) {
        (Some(out), Some(read)) => out.starts_with(read),
        _ => false,
    }
}

/// Replaces a file whole, or leaves it as it is.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    put(path, bytes).map_err(Failure::file(path, Doing::Writing))
}

/// The same for a file that was read before: if it has changed since, it is left alone.
pub fn replace_unchanged(path: &Path, before: &[u8], bytes: &[u8]) -> Result<(), Failure> {
    let now = std::fs::read(path).map_err(Failure::file(path, Doing::Reading))?;
    if now != before {
        let message = format!("{} has changed since it was read, and was left alone", path.display());
        return Err(Problem::about(path.display().to_string(), message).help("run the command again").into());
    }
    replace(path, bytes)
}

fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // a link to a file that is not there yet stays a link, too
    let target = if path.is_symlink() { path.canonicalize().or_else(|_| aimed_at(path))? } else { path.to_owned() };
    let known = std::fs::metadata(&target).ok();
    if known.as_ref().is_some_and(|m| !m.is_file()) {
        // a terminal, a pipe: there is nothing to replace
        return std::fs::OpenOptions::new().write(true).open(&target)?.write_all(bytes);
    }
    let mut file = begun(&target)?;
    file.write_all(bytes)?;
    ended(file, &target)
}

/// A file that is written as a stream; [`end`] puts it in its place.
#[cfg(feature = "parquet")]
pub fn begin(path: &Path) -> Result<NamedTempFile, Failure> {
    begun(path).map_err(Failure::file(path, Doing::Writing))
}

/// Puts a file in its place that [`begin`] gave.
#[cfg(feature = "parquet")]
pub fn end(file: NamedTempFile, path: &Path) -> Result<(), Failure> {
    ended(file, path).map_err(Failure::file(path, Doing::Writing))
}

/// A file beside its place, with another name.
fn begun(target: &Path) -> std::io::Result<NamedTempFile> {
    let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    clean(folder);
    let prefix = format!("{WRITING}{}-", std::process::id());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // that of a file that any program creates: the system takes away what the user's mask says
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Puts a file in its place, with the mode of the one that is there.
fn ended(file: NamedTempFile, target: &Path) -> std::io::Result<()> {
    if let Ok(known) = std::fs::metadata(target) {
        file.as_file().set_permissions(known.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

/// Where a link leads that leads to nothing.
fn aimed_at(link: &Path) -> std::io::Result<PathBuf> {
    let to = std::fs::read_link(link)?;
    Ok(link.parent().map_or(to.clone(), |folder| folder.join(&to)))
}

/// Removes what runs left behind that were ended while they wrote.
fn clean(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|n| n.strip_prefix(WRITING)) else { continue };
        let process = rest.split('-').next().and_then(|p| p.parse::<u32>().ok());
        let is_file = entry.file_type().is_ok_and(|t| t.is_file());
        if is_file && process.is_some_and(has_ended) {
            // one that cannot be removed is in nobody's way
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether a process has ended, where the system tells.
fn has_ended(process: u32) -> bool {
    Path::new("/proc/self").exists() && !Path::new("/proc").join(process.to_string()).exists()
}

/// Refuses a path below a folder if a link stands on the way, or in its place.
pub fn unlinked(folder: &Path, path: &str) -> Result<PathBuf, Failure> {
    let mut target = folder.to_owned();
    for part in path.split('/') {
        target.push(part);
        if target.is_symlink() {
            let message = format!("{} is a symbolic link: nothing is written or removed through it", target.display());
            return Err(Problem::about(target.display().to_string(), message)
                .help("put a folder or a file in its place, or name another folder")
                .into());
        }
    }
    Ok(target)
}

/// Keeps others out of a folder while it is written to: a file that is locked, and removed in the end. However the process ends, the
/// lock ends with it.
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // one that cannot be removed is locked by nobody
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Locks a file; if another process has it, that is an error.
pub fn lock(path: &Path) -> Result<Lock, Failure> {
    let failed = |error: std::io::Error| Failure::file(path, Doing::Writing)(error);
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    let taken = || {
        let message = "another import is writing to this folder".to_owned();
        Problem::about(path.display().to_string(), message).help("wait until it has ended").into()
    };
    match file.try_lock() {
        // the one who had it has removed it meanwhile, and a third may have made it anew
        Ok(()) if !is_at(&file, path) => Err(taken()),
        Ok(()) => Ok(Lock { path: path.to_owned(), file }),
        Err(TryLockError::WouldBlock) => Err(taken()),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Whether a file that is open is the one at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |m: std::fs::Metadata| (m.dev(), m.ino());
    matches!((file.metadata().map(id), std::fs::metadata(path).map(id)), (Ok(own), Ok(there)) if own == there)
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for wanted in [0o644, 0o600, 0o755] {
            std::fs::write(&path, "old").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(wanted)).unwrap();
            replace(&path, b"new").unwrap();
            assert_eq!((std::fs::read(&path).unwrap(), mode(&path)), (b"new".to_vec(), wanted));
        }
        // a new one has the mode that any program gives it
        let (new, plain) = (folder.path().join("new"), folder.path().join("plain"));
        replace(&new, b"").unwrap();
        std::fs::write(&plain, "").unwrap();
        assert_eq!(mode(&new), mode(&plain));
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        symlink("target", &link).unwrap();
        for text in ["first", "second"] {
            replace(&link, text.as_bytes()).unwrap();
            assert!(link.is_symlink());
            assert_eq!(std::fs::read_to_string(&target).unwrap(), text);
        }
    }

    #[test]
    fn what_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "theirs").unwrap();
        assert!(replace_unchanged(&path, b"read", b"new").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "theirs");
        replace_unchanged(&path, b"theirs", b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn what_a_run_left_behind_is_removed_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        // a process that cannot be there, and this one
        let (dead, alive) = (format!("{WRITING}4294967295-x"), format!("{WRITING}{}-x", std::process::id()));
        for name in [&dead, &alive] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        replace(&folder.path().join("a"), b"").unwrap();
        assert_eq!(folder.path().join(dead).exists(), !Path::new("/proc/self").exists());
        assert!(folder.path().join(alive).exists());
    }
}
