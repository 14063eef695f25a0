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
    let at = Span { start: span.start, end: span.end };
    let told = error.message();
    let help = "write [[change]] and, below it, leave = { account = \"111122223333\" }";
    // in the words of the file: what is expected is told by names of this program
    if let Some((_, name)) = told.split_once("Table::") {
        let key = keyed(name);
        let keys = KEYS.iter().find(|(known, _)| *known == key).map_or("account", |(_, keys)| *keys);
        let keys: Vec<String> = keys.split(", ").map(|key| format!("{key} = \"…\"")).collect();
        let message = format!("`{key}` is a table of what it is about");
        return Problem::at(source, at, message).help(format!("write {key} = {{ {} }}", keys.join(", "))).into();
    }
    if told.contains("wanted exactly 1 element") {
        let message = "a [[change]] is one change";
        return Problem::at(source, at, message)
            .help("write [[change]] before each, in the order in which they happen")
            .into();
    }
    Problem::at(source, at, told).help(help).into()
}

/// The keys of each change.
pub const KEYS: [(&str, &str); 18] = [
    ("leave", "account"),
    ("join", "account, organization"),
    ("move", "account, to"),
    ("close", "account"),
    ("accept", "by, kind"),
    ("terminate", "of, kind"),
    ("remove-designation", "account, kind"),
    ("all-features", "organization"),
    ("set-up", "organization"),
    ("no-trusted-access", "organization"),
    ("no-service-role", "organization"),
    ("delete-organization", "organization"),
    ("attach", "to, policy"),
    ("detach", "from, policy"),
    ("replace", "at, old, new"),
    ("add-to-group", "user, group"),
    ("remove-from-group", "user, group"),
    ("assign", "to, set, account"),
];

/// A name of the source as the file has it: `RemoveDesignation` is `remove-designation`.
fn keyed(name: &str) -> String {
    let mut key = String::new();
    for c in name.chars().take_while(char::is_ascii_alphanumeric) {
        if c.is_ascii_uppercase() && !key.is_empty() {
            key.push('-');
        }
        key.push(c.to_ascii_lowercase());
    }
    key
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
