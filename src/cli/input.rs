//! Files named on the command line; `-` is stdin.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::files::was_read;
use crate::walk;
use countersign_core::inventory::config::FILE;
use countersign_core::problem::{Failure, Problem, SourceFile};
use countersign_core::source::folder;
use countersign_core::text::files;

/// Reads a file, or stdin, as text.
pub fn read(path: &Path) -> Result<Arc<SourceFile>, Problem> {
    let name = path.display().to_string();
    if name != "-" {
        return text(path, &name);
    }
    files::text_of(stdin()?, "stdin")
}

/// A file, or stdin, as a stream.
pub fn opened(path: &Path) -> Result<BufReader<Box<dyn Read>>, Problem> {
    let name = path.display().to_string();
    let opened: Box<dyn Read> = match name.as_str() {
        "-" => Box::new(std::io::stdin()),
        _ => Box::new(folder::opened(path, &name)?),
    };
    Ok(BufReader::with_capacity(1 << 16, opened))
}

/// What stdin holds; a little more than may be read where that is too much.
pub fn stdin() -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(files::MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|e| Problem::unreadable("stdin", &e))?;
    Ok(bytes)
}

/// A file of the disk as text; errors call it by `name`.
pub fn text(path: &Path, name: &str) -> Result<Arc<SourceFile>, Problem> {
    was_read(Path::new(""), [path.display().to_string()].into());
    files::text_of(folder::bytes(path, name)?, name)
}

/// A table as text, without the byte order mark that spreadsheets write at the beginning; and whether there was one.
pub fn table(path: &Path, name: &str) -> Result<(Arc<SourceFile>, bool), Problem> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    was_read(Path::new(""), [path.display().to_string()].into());
    let bytes = folder::bytes(path, name)?;
    match bytes.strip_prefix(MARK) {
        Some(rest) => Ok((files::text_of(rest.to_vec(), name)?, true)),
        None => Ok((files::text_of(bytes, name)?, false)),
    }
}

/// The inventory to read: the folder given, else the nearest folder upward with `countersign.toml`, else this one.
pub fn locate(given: Option<&Path>) -> PathBuf {
    if let Some(given) = given {
        return given.to_owned();
    }
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    here.ancestors().find(|d| d.join(FILE).is_file()).map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// The inventories to check: the folder given, else the nearest upward, else all below this folder that have a `countersign.toml`, else
/// this folder. What `.gitignore` leaves out and what is hidden is not looked at.
pub fn inventories(given: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    let located = locate(given);
    if given.is_some() || located != Path::new(".") {
        return Ok(vec![located]);
    }
    let mut found = Vec::new();
    if let Some(problem) = walk::unreadable_ignore(Path::new(".")) {
        return Err(problem.into());
    }
    let wrong = Arc::new(Mutex::new(None));
    let told = wrong.clone();
    let walker = ignore::WalkBuilder::new(".")
        .require_git(false)
        .ignore(false)
        .max_depth(Some(folder::MAX_DEPTH))
        .filter_entry(move |entry| {
            let unreadable = walk::unreadable_ignore(entry.path());
            let enters = unreadable.is_none();
            if let (Some(problem), Ok(mut told)) = (unreadable, told.lock()) {
                *told = Some(problem);
            }
            enters
        })
        .build();
    for entry in walker {
        let entry = entry.map_err(|e| Problem::about(".", format!("a part of this folder cannot be read: {e}")))?;
        if entry.file_name() == FILE && entry.file_type().is_some_and(|t| t.is_file()) {
            let path = entry.path().strip_prefix(".").unwrap_or(entry.path());
            found.extend(path.parent().map(Path::to_owned));
        }
    }
    if let Some(problem) = wrong.lock().ok().and_then(|mut wrong| wrong.take()) {
        return Err(problem.into());
    }
    found.sort();
    Ok(if found.is_empty() { vec![located] } else { found })
}
