//! Whose policies a file holds: `[[lint.owners]]` of `countersign.toml`.

use globset::GlobMatcher;

/// Who owns the files of some patterns.
#[derive(Debug)]
pub struct Owner {
    /// What they are called.
    pub name: String,
    /// Findings in their files are told, and make no command fail.
    pub report_only: bool,
    pub(super) paths: Vec<GlobMatcher>,
}

impl Owner {
    /// Whether a file is theirs.
    pub fn owns(&self, path: &str) -> bool {
        self.paths.iter().any(|g| g.is_match(path))
    }

    /// The patterns as they are written.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(|g| g.glob().glob())
    }
}
