//! A folder of the disk: the one place of the library that opens files.

use std::path::{Path, PathBuf};

use super::{Hidden, Source, commit};
use crate::problem::Problem;
use crate::text::files::{MAX_BYTES, too_large};

/// The files below a folder. Links are followed.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The files below this folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Source for Folder {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn exists(&self) -> bool {
        self.path.is_dir()
    }

    fn list(&self, folder: &str, hidden: Hidden, problems: &mut Vec<Problem>) -> Vec<String> {
        let root = if folder.is_empty() { self.path.clone() } else { self.path.join(folder) };
        let mut paths = Vec::new();
        if !root.exists() {
            return paths;
        }
        let listed = |entry: &walkdir::DirEntry| {
            let name = entry.file_name().to_string_lossy();
            let is_folder = entry.file_type().is_dir();
            entry.depth() == 0 || if is_folder { hidden.lists_folder(&name) } else { hidden.lists_file(&name) }
        };
        let walker = walkdir::WalkDir::new(&root).follow_links(true).sort_by_file_name();
        for entry in walker.into_iter().filter_entry(listed) {
            match entry {
                Ok(entry) if entry.file_type().is_file() => paths.push(shown(&self.path, entry.path())),
                Ok(_) => {}
                Err(error) => {
                    let is_loop = error.loop_ancestor().is_some();
                    let what = if is_loop { "the symbolic links form a loop" } else { "cannot be read" };
                    let path = error.path().map_or(String::new(), |p| shown(&self.path, p));
                    let problem = Problem::about(&path, format!("{path}: {what}: {error}"));
                    problems.push(problem.help("remove it, or correct its permissions"));
                }
            }
        }
        paths
    }

    fn has(&self, path: &str) -> bool {
        self.path.join(path).is_file()
    }

    fn below(&self, folder: &str) -> Box<dyn Source> {
        Box::new(Self::new(self.path.join(folder)))
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, Problem> {
        bytes(&self.path.join(path), path)
    }

    fn commit(&self) -> Option<String> {
        commit::commit_of(&self.path)
    }
}

/// A path as answers show it: relative to a folder, with slashes.
pub fn shown(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// What a file of the disk holds, if it is not too large; errors call it by `name`.
pub fn bytes(path: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    bytes_up_to(MAX_BYTES, path, name)
}

/// The same with a limit of its own.
pub fn bytes_up_to(most: u64, path: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let unreadable = |e: std::io::Error| Problem::unreadable(name, &e);
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > most {
        return Err(too_large(name, most));
    }
    std::fs::read(path).map_err(unreadable)
}
