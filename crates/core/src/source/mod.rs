//! Where files come from. Everything that the library reads comes through a [`Source`]: the folders of a disk are [`Folder`], the
//! only module that opens files; what is held in memory, as a revision of a repository is, is [`Memory`].

mod commit;
pub mod digest;
pub mod folder;
mod memory;
pub mod unread;

use std::sync::Arc;

pub use folder::Folder;
pub use memory::Memory;

use crate::problem::{self, Problem};
use crate::text::files;
use crate::text::json::{self, Node};

/// What becomes of files and folders whose names begin with a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// They are not listed.
    LeftOut,
    /// Files are listed, and what is in such folders is not.
    Files,
    /// They are listed, but for what is git's own.
    All,
}

impl Hidden {
    fn lists_folder(self, name: &str) -> bool {
        match self {
            Self::LeftOut | Self::Files => !is_hidden(name),
            Self::All => name != ".git",
        }
    }

    fn lists_file(self, name: &str) -> bool {
        self != Self::LeftOut || !is_hidden(name)
    }
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The paths of its files.
    pub files: Vec<String>,
    /// Hidden files and folders that are not listed; what is git's own is none of them.
    pub hidden: Vec<String>,
}

/// Files by their paths: relative, with slashes.
///
/// ```
/// use countersign_core::source::{Memory, Source};
///
/// let source = Memory::new("an example").with("iam/legal.json", "{}");
/// assert_eq!(source.paths(&mut Vec::new()), ["iam/legal.json"]);
/// assert_eq!(source.bytes("iam/legal.json").unwrap(), b"{}");
/// ```
pub trait Source: Send + Sync {
    /// What people call it: a folder as they named it.
    fn name(&self) -> String;

    /// Whether there is such a source at all.
    fn exists(&self) -> bool {
        true
    }

    /// The files below a folder (`""` for all) in the order of their paths, which begin with the folder's; what cannot be listed goes
    /// to `problems`. A folder that is not there holds none.
    fn list(&self, folder: &str, hidden: Hidden, problems: &mut Vec<Problem>) -> Vec<String> {
        self.listed(folder, hidden, problems).files
    }

    /// The same, with what is left out of the list.
    fn listed(&self, folder: &str, hidden: Hidden, problems: &mut Vec<Problem>) -> Listed;

    /// All files but hidden ones.
    fn paths(&self, problems: &mut Vec<Problem>) -> Vec<String> {
        self.list("", Hidden::LeftOut, problems)
    }

    /// Whether there is a file at a path; the path may lead out of what [`paths`](Self::paths) lists, by `..`.
    fn has(&self, path: &str) -> bool;

    /// The files below a folder, by their paths in it.
    fn below(&self, folder: &str) -> Box<dyn Source>;

    /// What a file holds.
    fn bytes(&self, path: &str) -> Result<Vec<u8>, Problem>;

    /// The commit that the files were read at, if they are in a repository.
    fn commit(&self) -> Option<String> {
        None
    }
}

/// A file as text: UTF-8, without a byte order mark.
pub fn text(source: &dyn Source, path: &str) -> Result<Arc<problem::SourceFile>, Problem> {
    files::text_of(source.bytes(path)?, path)
}

/// A file as text and as JSON.
pub fn json(source: &dyn Source, path: &str) -> Result<(Arc<problem::SourceFile>, Node), Vec<Problem>> {
    let text = text(source, path).map_err(|p| vec![p])?;
    let node = json::parse(&text)?;
    Ok((text, node))
}

/// Whether some part of a path is hidden: its name begins with a dot.
pub(crate) fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') && part.len() > 1 && part != "..")
}
