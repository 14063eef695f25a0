//! Where the rules come from: built in, laid over by a user's, or a user's alone. Every output tells it.

use serde::Serialize;

/// Where a set of rules comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The user's folder, as it was named; `None` where only the built-in rules count.
    pub folder: Option<String>,
    /// The built-in rules do not count (`--only-policies`).
    pub only: bool,
    /// Ids that the built-in rules do not have.
    pub added: Vec<String>,
    /// Ids of built-in rules that the user's stand in for.
    pub replaced: Vec<String>,
    /// Ids of built-in rules that were dropped.
    pub removed: Vec<String>,
    /// What the file of operations adds and replaces.
    #[serde(skip_serializing_if = "Laid::is_empty")]
    pub operations: Laid,
    /// The same of the calls.
    #[serde(skip_serializing_if = "Laid::is_empty")]
    pub calls: Laid,
}

/// What a file of operations lays over the built-in one, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Laid {
    /// Names that the built-in file does not have.
    pub added: Vec<String>,
    /// Names of built-in entries that the user's stand in for.
    pub replaced: Vec<String>,
}

impl Laid {
    /// Nothing is laid over.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.replaced.is_empty()
    }
}
