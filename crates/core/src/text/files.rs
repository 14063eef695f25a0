//! Files of the user's: their paths, and their bytes as text.

use std::path::{Component, PathBuf};
use std::sync::Arc;

use crate::problem::{Problem, SourceFile, Span};

/// How a file begins that Git LFS put in the place of another.
const LFS: &str = "version https://git-lfs.github.com/spec/v1\n";

/// A larger file is refused.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

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

/// A file that is not read, for it has more bytes than `most`.
pub fn too_large(name: &str, most: u64) -> Problem {
    Problem::about(name, format!("{name} is larger than {} MiB", most / 1024 / 1024))
}

/// The text of a file that was read.
pub fn text_of(bytes: Vec<u8>, name: &str) -> Result<Arc<SourceFile>, Problem> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large(name, MAX_BYTES));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let source = SourceFile::new(name, String::from_utf8_lossy(error.as_bytes()));
            let span = Span { start, end: start + '\u{FFFD}'.len_utf8() };
            return Err(Problem::at(&source, span, "invalid UTF-8").help("save the file as UTF-8"));
        }
    };
    if text.starts_with(LFS) {
        let message = format!("{name} is a pointer of Git LFS: what it stands for is not here");
        return Err(Problem::about(name, message)
            .help("fetch it with `git lfs pull`; revisions that git keeps elsewhere cannot be read"));
    }
    let source = SourceFile::new(name, text);
    if source.text.starts_with('\u{FEFF}') {
        let span = Span { start: 0, end: '\u{FEFF}'.len_utf8() };
        return Err(Problem::at(&source, span, "the file begins with a byte order mark")
            .help("save it as UTF-8 without a byte order mark"));
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
