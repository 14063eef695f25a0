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
}
