//! A folder of the disk: the one place of the library that opens files.
//!
//! What it reads are regular files, each up to a limit whatever the disk says of its size, that lie in the *tree*: the repository that
//! holds the folder, or the folder itself where there is none. A link that leads out of the tree is an error, and what it leads to is
//! neither read nor shown.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::{Hidden, Listed, Source, commit};
use crate::problem::Problem;
use crate::text::files::{MAX_BYTES, too_large};

/// Folders nested deeper than this are refused.
pub const MAX_DEPTH: usize = 64;
/// A folder with more entries than this is refused.
pub const MAX_ENTRIES: usize = 1_000_000;

/// The files below a folder. Links within the tree are followed.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    tree: Option<Tree>,
}

/// What may be read of the disk for a folder.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The folder.
    root: PathBuf,
    /// The repository that holds it.
    top: Option<PathBuf>,
}

impl Tree {
    /// The tree of a folder; `None` where the folder is not there.
    pub fn of(folder: &Path) -> Option<Self> {
        let root = folder.canonicalize().ok()?;
        let top = root.ancestors().find(|f| f.join(".git").exists()).map(Path::to_owned);
        Some(Self { root, top })
    }

    /// Whether a path of the disk lies in the tree, wherever links on its way lead. `named` is a path that a file of the folder names:
    /// without a repository, it may stand beside the folder.
    pub fn holds(&self, path: &Path, named: bool) -> bool {
        let Ok(real) = path.canonicalize() else {
            // what is not there cannot be read either
            return true;
        };
        if let Ok(inner) = real.strip_prefix(&self.root) {
            return !is_of_git(inner);
        }
        // what is hidden beside the inventory is not meant to be read: the repository may be someone's home
        let is_plain = |inner: &Path| inner.components().all(|c| !c.as_os_str().to_string_lossy().starts_with('.'));
        if let Some(top) = &self.top {
            return real.strip_prefix(top).is_ok_and(is_plain);
        }
        let beside = self.root.parent().and_then(|parent| real.strip_prefix(parent).ok());
        named && beside.is_some_and(is_plain) && !passes_links(path)
    }
}

/// Whether a path lies in what is git's own.
fn is_of_git(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == ".git")
}

/// Whether the last part of a path, or a folder that it names on the way up, is a link.
fn passes_links(path: &Path) -> bool {
    let named = path.components().rev().take_while(|c| matches!(c, Component::Normal(_))).count();
    path.ancestors().take(named).any(|p| p.symlink_metadata().is_ok_and(|m| m.is_symlink()))
}

impl Folder {
    /// The files below this folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let tree = Tree::of(&path);
        Self { path, tree }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// An error about an entry of a folder that cannot be read.
fn refused(path: &str, why: impl std::fmt::Display) -> Problem {
    Problem::about(path, format!("{path} {why}"))
}

/// An error about a link that leads out of the tree.
pub fn leads_out(path: &str) -> Problem {
    refused(path, "leads out of its folder and the repository around it, and is not read")
        .help("put a copy in place of the link, or remove it")
}

/// What is wrong with an entry of a folder, apart from where it leads: its name, or that it is no file.
pub fn wrong_entry(name: &std::ffi::OsStr, kind: std::fs::FileType, path: &str) -> Option<Problem> {
    if name.to_str().is_none() {
        let problem = refused(path, "has a name that is not UTF-8, so that nothing can refer to it");
        return Some(problem.help("rename it, or move it elsewhere"));
    }
    let is_other = !kind.is_file() && !kind.is_dir() && !kind.is_symlink();
    is_other.then(|| refused(path, "is not a regular file").help("remove it, or move it elsewhere"))
}

impl Source for Folder {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn exists(&self) -> bool {
        self.path.is_dir()
    }

    fn listed(&self, folder: &str, hidden: Hidden, problems: &mut Vec<Problem>) -> Listed {
        let root = if folder.is_empty() { self.path.clone() } else { self.path.join(folder) };
        let (mut paths, mut left_out) = (Vec::new(), Vec::new());
        if !root.exists() {
            return Listed::default();
        }
        if !self.tree.as_ref().is_none_or(|tree| tree.holds(&root, true)) {
            let named = if folder.is_empty() { self.name() } else { folder.to_owned() };
            problems.push(leads_out(&named));
            return Listed::default();
        }
        let mut refused_here = Vec::new();
        let listed = |entry: &walkdir::DirEntry| {
            let name = entry.file_name().to_string_lossy();
            let is_folder = entry.file_type().is_dir();
            let counts =
                entry.depth() == 0 || if is_folder { hidden.lists_folder(&name) } else { hidden.lists_file(&name) };
            let leaves = || {
                let is_link = entry.depth() > 0 && entry.path_is_symlink();
                is_link && self.tree.as_ref().is_some_and(|tree| !tree.holds(entry.path(), false))
            };
            if !counts && name != ".git" {
                left_out.push(shown(&self.path, entry.path()));
            }
            if counts && leaves() {
                refused_here.push(leads_out(&shown(&self.path, entry.path())));
                return false;
            }
            counts
        };
        let walker = walkdir::WalkDir::new(&root).follow_links(true).sort_by_file_name().max_depth(MAX_DEPTH + 1);
        for (number, entry) in walker.into_iter().filter_entry(listed).enumerate() {
            if number > MAX_ENTRIES {
                problems.push(refused(folder, format!("has more than {MAX_ENTRIES} files and folders")));
                break;
            }
            match entry {
                Ok(entry) => {
                    let path = shown(&self.path, entry.path());
                    if entry.depth() > MAX_DEPTH {
                        problems.push(refused(&path, format!("is nested in more than {MAX_DEPTH} folders")));
                    } else if entry.depth() > 0
                        && let Some(problem) = wrong_entry(entry.file_name(), entry.file_type(), &path)
                    {
                        problems.push(problem);
                    } else if entry.file_type().is_file() {
                        paths.push(path);
                    }
                }
                Err(error) => problems.push(unlisted(&self.path, &error)),
            }
        }
        problems.extend(refused_here);
        Listed { files: paths, hidden: left_out }
    }

    fn has(&self, path: &str) -> bool {
        self.path.join(path).is_file()
    }

    fn below(&self, folder: &str) -> Box<dyn Source> {
        let path = self.path.join(folder);
        // a folder of rules belongs to the tree of the inventory that names it
        let tree = self.tree.clone().or_else(|| Tree::of(&path));
        Box::new(Self { path, tree })
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, Problem> {
        let file = self.path.join(path);
        if self.tree.as_ref().is_some_and(|tree| !tree.holds(&file, true)) {
            return Err(leads_out(path));
        }
        regular_up_to(MAX_BYTES, &file, path)
    }

    fn commit(&self) -> Option<String> {
        commit::commit_of(&self.path)
    }
}

/// What a walk could not read.
fn unlisted(root: &Path, error: &walkdir::Error) -> Problem {
    let is_loop = error.loop_ancestor().is_some();
    let what = if is_loop { "the symbolic links form a loop" } else { "cannot be read" };
    let path = error.path().map_or(String::new(), |p| shown(root, p));
    Problem::about(&path, format!("{path}: {what}: {error}")).help("remove it, or correct its permissions")
}

/// A path as answers show it: relative to a folder, with slashes.
pub fn shown(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// What a file holds that the user names, if it is not too large; errors call it by `name`. It may be a pipe.
pub fn bytes(path: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    bounded(MAX_BYTES, opened(path, name)?, name)
}

/// A file that the user names, which is read as a stream; errors call it by `name`. It may be a pipe.
pub fn opened(path: &Path, name: &str) -> Result<File, Problem> {
    File::open(path).map_err(|e| Problem::unreadable(name, &e))
}

/// What a regular file holds, if it has at most so many bytes.
pub fn regular_up_to(most: u64, path: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let unreadable = |e: std::io::Error| Problem::unreadable(name, &e);
    // asked before it is opened: to open a pipe is to wait for one who writes
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(refused(name, "is not a regular file").help("remove it, or move it elsewhere"));
    }
    bounded(most, File::open(path).map_err(unreadable)?, name)
}

/// Reads to the end, or to the limit: what the disk says of a size need not be so.
fn bounded(most: u64, file: File, name: &str) -> Result<Vec<u8>, Problem> {
    let size = file.metadata().map_or(0, |m| m.len());
    if size > most {
        return Err(too_large(name, most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(most + 1).read_to_end(&mut bytes).map_err(|e| Problem::unreadable(name, &e))?;
    if bytes.len() as u64 > most { Err(too_large(name, most)) } else { Ok(bytes) }
}
