//! Filed evidence against an inventory of today: what a second evaluation at the same moment says differently.

use std::collections::BTreeSet;

use serde_json::Value;

/// The tables of a document, with the members that a row is known by.
const TABLES: [(&str, &[&str]); 6] = [
    ("accounts", &["account", "agreementKind"]),
    ("agreements", &["agreementId"]),
    ("access", &["principal", "account", "operation", "agreementKind", "scope"]),
    ("findings", &["code", "about", "whatItIs"]),
    ("exceptions", &["account", "owner", "until"]),
    ("history", &["account", "kind", "from"]),
];

/// What differs, a line each; nothing where all rows are the same.
pub fn differences(filed: &Value, now: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (table, known_by) in TABLES {
        let (before, after) = (rows(filed, table), rows(now, table));
        let key = |row: &Value| known_by.iter().map(|m| text(row, m)).collect::<Vec<_>>();
        let keys: BTreeSet<Vec<String>> = before.iter().chain(&after).map(|r| key(r)).collect();
        for id in keys {
            let of = |rows: &[&Value]| rows.iter().filter(|r| key(r) == id).map(|r| (*r).clone()).collect::<Vec<_>>();
            let (old, new) = (of(&before), of(&after));
            let what = id.join(" ");
            match (old.first(), new.first()) {
                (Some(_), None) => lines.push(format!("{table}: {what} is filed, and no longer there")),
                (None, Some(_)) => lines.push(format!("{table}: {what} is there, and not filed")),
                (Some(a), Some(b)) => lines.extend(members(a, b).map(|m| format!("{table}: {what}: {m}"))),
                (None, None) => {}
            }
            if old.len() != new.len() && !old.is_empty() && !new.is_empty() {
                lines.push(format!("{table}: {what}: {} rows are filed, and {} are there", old.len(), new.len()));
            }
        }
    }
    if filed.get("population") != now.get("population") {
        lines.push("population: other accounts were counted, or something else was not collected".to_owned());
    }
    lines
}

/// What decided and is not the same: the version, the rules, the schema, the files. Told apart from what it led to.
pub fn decided_by(filed: &Value, now: &Value) -> Vec<String> {
    let of = |document: &Value, path: &str| document.pointer(path).and_then(Value::as_str).unwrap_or("none").to_owned();
    let parts = [
        ("version of countersign", "/provenance/version"),
        ("digest of the rules", "/provenance/rules/sha256"),
        ("digest of the schema", "/provenance/schema/sha256"),
        ("digest of the inventory", "/provenance/inventory/sha256"),
        ("moment", "/at"),
        ("snapshot", "/provenance/asOf/moment"),
    ];
    let differing = parts.into_iter().filter(|(_, path)| of(filed, path) != of(now, path));
    differing.map(|(what, path)| format!("{what}: {} is filed, now {}", of(filed, path), of(now, path))).collect()
}

fn rows<'a>(document: &'a Value, table: &str) -> Vec<&'a Value> {
    document.get(table).and_then(Value::as_array).into_iter().flatten().collect()
}

fn text(row: &Value, member: &str) -> String {
    row.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Whether a member is the digest of the file that a row was read from. Another file that says the same makes no other row; that files
/// have other bytes is told by [`decided_by`].
fn is_source(member: &str) -> bool {
    member.ends_with("Sha256") && member != "executedCopySha256"
}

/// The members of a row that differ.
fn members<'a>(before: &'a Value, after: &'a Value) -> impl Iterator<Item = String> + 'a {
    let names: BTreeSet<&String> =
        [before, after].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys).collect();
    let shown = |value: Option<&Value>| match value.and_then(Value::as_str) {
        Some(text) => format!("`{text}`"),
        None => "nothing".to_owned(),
    };
    names
        .into_iter()
        .filter(|n| !is_source(n) && before.get(*n) != after.get(*n))
        .map(move |name| format!("{name} was {}, and is {}", shown(before.get(name)), shown(after.get(name))))
}
