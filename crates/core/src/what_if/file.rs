//! Changes in a TOML file: `[[change]]`, each with the name of what happens and what it is about.

use std::sync::Arc;

use serde::Deserialize;

use super::{Becomes, Change, Named};
use crate::problem::{Failure, Problem, SourceFile, Span};

/// `[[change]]` of a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    change: Vec<Table>,
}

/// A change in a file, by the name of its flag.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Table {
    Leave { account: String },
    Join { account: String, organization: String },
    Move { account: String, to: String },
    Close { account: String },
    Accept { by: String, kind: String },
    Terminate { of: String, kind: Option<String> },
    RemoveDesignation { account: String, kind: String },
    AllFeatures { organization: String },
    SetUp { organization: String },
    NoTrustedAccess { organization: String },
    NoServiceRole { organization: String },
    DeleteOrganization { organization: String },
    Attach { to: String, policy: String },
    Detach { from: String, policy: String },
    Replace { at: String, old: String, new: String },
    AddToGroup { user: String, group: String },
    RemoveFromGroup { user: String, group: String },
    Assign { to: String, set: String, account: String },
}

/// The changes of a TOML file, in its order. A policy is named as it is written.
pub fn changes(source: &Arc<SourceFile>) -> Result<Vec<Change>, Failure> {
    let file: File = toml::from_str(&source.text).map_err(|e| wrong(source, &e))?;
    Ok(file.change.into_iter().map(of_table).collect())
}

fn wrong(source: &Arc<SourceFile>, error: &toml::de::Error) -> Failure {
    let span = error.span().unwrap_or(0..0);
    let problem = Problem::at(source, Span { start: span.start, end: span.end }, error.message());
    problem.help("write [[change]] and, below it, leave = { account = \"111122223333\" }").into()
}

fn of_table(table: Table) -> Change {
    match table {
        Table::Leave { account } => Change::Leave { account },
        Table::Join { account, organization } => Change::Join { account, organization },
        Table::Move { account, to } => Change::Move { account, to },
        Table::Close { account } => Change::Close { account },
        Table::Accept { by, kind } => Change::Accept { by, kind },
        Table::Terminate { of, kind } => Change::Terminate { of, kind },
        Table::RemoveDesignation { account, kind } => Change::RemoveDesignation { account, kind },
        Table::AllFeatures { organization: of } => organization(&of, Becomes::AllFeatures),
        Table::SetUp { organization: of } => organization(&of, Becomes::SetUp),
        Table::NoTrustedAccess { organization: of } => organization(&of, Becomes::WithoutTrustedAccess),
        Table::NoServiceRole { organization: of } => organization(&of, Becomes::WithoutServiceRole),
        Table::DeleteOrganization { organization } => Change::Delete { organization },
        Table::Attach { to, policy } => Change::Attach { to, policy: Named::Known(policy) },
        Table::Detach { from, policy } => Change::Detach { from, policy },
        Table::Replace { at, old, new } => Change::Replace { at, old, new: Named::Known(new) },
        Table::AddToGroup { user, group } => Change::AddToGroup { user, group },
        Table::RemoveFromGroup { user, group } => Change::RemoveFromGroup { user, group },
        Table::Assign { to, set, account } => Change::Assign { to, set, account },
    }
}

fn organization(of: &str, becomes: Becomes) -> Change {
    Change::Organization { organization: of.to_owned(), becomes }
}
