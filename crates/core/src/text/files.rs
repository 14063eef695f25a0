//! Files of the user's: walking a folder, and reading text with the name by which answers show it.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::json::{self, Node};
use crate::problem::{Problem, Source, Span};

/// A larger file is refused.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The files below a folder in the order of their paths, hidden ones left out; what cannot be walked goes to `problems`.
pub fn below(root: &Path, problems: &mut Vec<Problem>) -> Vec<walkdir::DirEntry> {
    let hidden = |name: &std::ffi::OsStr| name.to_str().is_some_and(|n| n.starts_with('.') && n.len() > 1);
    let walker = walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name();
    let mut files = Vec::new();
    for entry in walker.into_iter().filter_entry(|e| e.depth() == 0 || !hidden(e.file_name())) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry),
            Ok(_) => {}
            Err(error) => {
                let what =
                    if error.loop_ancestor().is_some() { "the symbolic links form a loop" } else { "cannot be read" };
                let path = error.path().map_or(String::new(), |p| shown(root, p));
                let problem = Problem::general(format!("{path}: {what}: {error}"));
                problems.push(problem.help("remove it, or correct its permissions"));
            }
        }
    }
    files
}

/// A path as answers show it: relative to the inventory, with slashes.
pub fn shown(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// A path written in a file, relative to that file, as a path in the inventory.
pub fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<String> = from.split('/').map(str::to_owned).collect();
    parts.pop();
    for component in PathBuf::from(path).components() {
        match component {
            Component::ParentDir if parts.last().is_some_and(|p| p != "..") => drop(parts.pop()),
            Component::ParentDir => parts.push("..".to_owned()),
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts.join("/")
}

/// Reads a policy file as text and as JSON.
pub fn read(path: &Path, name: &str) -> Result<(Arc<Source>, Node), Vec<Problem>> {
    let source = read_text(path, name).map_err(|p| vec![p])?;
    let node = json::parse(&source)?;
    Ok((source, node))
}

/// Reads a file as text: UTF-8, without a byte order mark.
pub fn read_text(path: &Path, name: &str) -> Result<Arc<Source>, Problem> {
    text_of(read_bytes(path, name)?, name)
}

/// Reads a file, if it is not too large.
pub fn read_bytes(path: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let unreadable = |e: std::io::Error| Problem::general(format!("{name} cannot be read: {e}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_BYTES {
        return Err(too_large(name));
    }
    std::fs::read(path).map_err(unreadable)
}

fn too_large(name: &str) -> Problem {
    Problem::general(format!("{name} is larger than {} MiB", MAX_BYTES / 1024 / 1024))
}

/// The text of a file that was read.
pub fn text_of(bytes: Vec<u8>, name: &str) -> Result<Arc<Source>, Problem> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large(name));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let source = Source::new(name, String::from_utf8_lossy(error.as_bytes()));
            let span = Span { start, end: start + '\u{FFFD}'.len_utf8() };
            return Err(Problem::at(&source, span, "invalid UTF-8").help("save the file as UTF-8"));
        }
    };
    let source = Source::new(name, text);
    if source.text.starts_with('\u{FEFF}') {
        let span = Span { start: 0, end: '\u{FEFF}'.len_utf8() };
        return Err(
            Problem::at(&source, span, "the file begins with a byte order mark").help("save it as UTF-8 without BOM")
        );
    }
    Ok(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_that_names_them() {
        assert_eq!(resolve("org/entities.json", "../iam/legal.json"), "iam/legal.json");
        assert_eq!(resolve("entities.json", "./iam/legal.json"), "iam/legal.json");
        assert_eq!(resolve("entities.json", "../shared/p.json"), "../shared/p.json");
    }
}
