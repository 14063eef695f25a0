//! Digests that anyone can make again with `sha256sum`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::unread::Unread;
use crate::problem::SourceFile;
use crate::words::count;

/// The SHA-256 of bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(2 * digest.len()), |mut text, byte| {
        // writing to a string does not fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Files by their paths, each with its digest. That of all of them is the digest of what `sha256sum` prints of them, in the order of
/// the bytes of their paths: `LC_ALL=C sha256sum FILES… | sha256sum`.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Path, digest, size. A file that is met twice counts once.
    entries: BTreeSet<(String, String, u64)>,
}

impl Listing {
    /// Adds a file.
    pub fn add(&mut self, path: &str, bytes: &[u8]) {
        self.note(path, sha256(bytes), bytes.len() as u64);
    }

    /// Adds a text.
    pub fn add_text(&mut self, source: &SourceFile) {
        self.add(&source.path, source.text.as_bytes());
    }

    /// Adds a file of which the digest is known.
    pub fn note(&mut self, path: &str, sha256: String, bytes: u64) {
        self.entries.insert((path.to_owned(), sha256, bytes));
    }

    /// Whether a file was added.
    pub fn has(&self, path: &str) -> bool {
        let from = (path.to_owned(), String::new(), 0);
        self.entries.range(from..).next().is_some_and(|(first, ..)| first == path)
    }

    /// The paths of all of them.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(path, ..)| path.as_str())
    }

    /// All of them.
    pub fn files(&self) -> Files {
        let mut whole = Sha256::new();
        for (path, sha256, _) in &self.entries {
            whole.update(format!("{sha256}  {path}\n"));
        }
        Files {
            files: self.entries.len(),
            bytes: self.entries.iter().map(|(_, _, bytes)| bytes).sum(),
            sha256: hexadecimal(&whole.finalize()),
            commit: None,
            unread: Unread::default(),
        }
    }
}

/// Files that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// How many.
    pub files: usize,
    /// Their size, all together.
    pub bytes: u64,
    /// Of all of them: see [`Listing`].
    pub sha256: String,
    /// The commit that is checked out where they lie in a git repository. The work tree may differ from it.
    pub commit: Option<String>,
    /// What was declined beside them, or not checked in them.
    pub unread: Unread,
}

impl Files {
    /// Those of texts that were read.
    pub fn of<'a>(sources: impl IntoIterator<Item = &'a Arc<SourceFile>>) -> Self {
        let mut listing = Listing::default();
        for source in sources {
            listing.add(&source.path, source.text.as_bytes());
        }
        listing.files()
    }

    /// `12 files (4096 bytes) 9ab1c2d3 at 1f2e3d4c, 1 declined: 1 hidden`
    pub fn words(&self) -> String {
        let at = self.commit.as_deref().map(|commit| format!(" at {}", short(commit))).unwrap_or_default();
        let unread = if self.unread.is_empty() { String::new() } else { format!(", {}", self.unread.words()) };
        format!("{} ({}) {}{at}{unread}", count(self.files, "file"), bytes(self.bytes), short(&self.sha256))
    }
}

fn bytes(bytes: u64) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}

/// As much of a digest as people compare.
pub fn short(sha256: &str) -> &str {
    sha256.get(..8).unwrap_or(sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of `sha256sum`.
    #[test]
    fn digests_are_those_of_sha256sum() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mut listing = Listing::default();
        listing.add("b/x.json", b"[]\n");
        listing.add("a.json", b"{}\n");
        let files = listing.files();
        assert_eq!((files.files, files.bytes), (2, 6));
        assert_eq!(files.sha256, "04997cc97b53a1c2e0530ec3ed3de435abde1c49d0890167a2cc921eada072ad");
    }

    #[test]
    fn paths_bytes_and_nothing_else_count() {
        let of = |files: &[(&str, &str)]| {
            let mut listing = Listing::default();
            files.iter().for_each(|(path, text)| listing.add(path, text.as_bytes()));
            listing.files().sha256
        };
        let one = of(&[("a", "x"), ("b", "y")]);
        assert_eq!(of(&[("b", "y"), ("a", "x"), ("a", "x")]), one, "neither order nor how often a file is met");
        assert_ne!(of(&[("a", "y"), ("b", "x")]), one);
        assert_ne!(of(&[("a", "x"), ("c", "y")]), one);
        assert_ne!(of(&[("a", "x")]), one);
    }
}
