//! Filed evidence against an inventory of today: what a second evaluation at the same moment says differently. Every file is compared:
//! the tables with the document, the document and the cover page with those of the second evaluation, and all of them byte for byte where
//! the same version, rules and files decided. What may differ without a difference in what is said is named ([`Compared::decided`]).

mod sources;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::cover::MADE_BY;
use super::manifest::Filed;
use super::{Bundle, COVER, DOCUMENT, FORMAT};
use crate::report::rows::OTHER_ACCOUNTS;
use crate::report::table::{Table, member};
use crate::report::{border, few};

/// The tables of a document, with the members that a row is known by.
const TABLES: [(&str, &[&str]); 6] = [
    ("accounts", &["account", "agreementKind"]),
    ("agreements", &["agreementId"]),
    ("access", &["principal", "account", "operation", "agreementKind", "scope"]),
    ("findings", &["code", "about", "whatItIs"]),
    ("exceptions", &["account", "owner", "until"]),
    ("history", &["account", "kind", "from"]),
];

/// What came of comparing.
#[derive(Debug, Default)]
pub struct Compared {
    /// What a second evaluation says differently, a line each.
    pub differences: Vec<String>,
    /// What decided and is not the same: the version, the rules, the files; and files that were not read either time. Told apart from
    /// what it led to.
    pub decided: Vec<String>,
    /// What could not be compared, since something else decided.
    pub not_compared: Vec<String>,
}

/// Tables that do not say what the document says: the same rows, in the same order, in the same bytes.
pub fn tables(filed: &Filed) -> Vec<String> {
    let Some(document) = &filed.document else { return Vec::new() };
    let differs = |(table, _): &(&str, &[&str])| {
        let name = format!("{table}.csv");
        let bytes = filed.contents.get(&name)?;
        let written = written(bytes, &rows(document, table), of(document, "/schema") != FORMAT);
        let line = written.map_or(Some(1), |written| differing_line(bytes, written.as_bytes()))?;
        Some(format!("{name} does not say what {DOCUMENT} says: line {line}"))
    };
    let mut lines: Vec<String> = TABLES.iter().filter_map(differs).collect();
    lines.extend(not_of_its_format(document));
    if filed.contents.get(DOCUMENT).is_some_and(|bytes| !is_plain(bytes, document)) {
        lines.push(format!("{DOCUMENT} is not written as countersign writes it"));
    }
    lines
}

/// What a document has beside its tables: an earlier format has no context.
const MEMBERS: [&str; 8] =
    ["schema", "provenance", "at", "permissionModel", "kinds", "context", "population", "leavesOut"];

/// That a document has other members than its format: it was cut, or says that it is of another one.
fn not_of_its_format(document: &Value) -> Option<String> {
    let format = document.get("schema").and_then(Value::as_str).unwrap_or_default();
    let beside = MEMBERS.iter().filter(|member| format == FORMAT || **member != "context");
    let all: BTreeSet<&str> = beside.copied().chain(TABLES.iter().map(|(table, _)| *table)).collect();
    let there: BTreeSet<&str> = document.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let fault = |name: &&str, what: &str| format!("{DOCUMENT} {what} `{name}`: it is not of the format {format}");
    let lacks = all.difference(&there).next().map(|name| fault(name, "lacks"));
    lacks.or_else(|| there.difference(&all).next().map(|name| fault(name, "has")))
}

/// A table as it is written, under the header of the file; `None` where rows have other members than the header.
fn written(bytes: &[u8], rows: &[&Value], is_first: bool) -> Option<String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
    let members: Vec<String> = header.iter().map(|h| member(h)).collect();
    let mut text = table_line(header.iter().map(String::as_str), is_first);
    for row in rows {
        let row = row.as_object().filter(|row| row.len() == members.len())?;
        let cells: Option<Vec<&str>> =
            members.iter().map(|m| row.get(m).map(|cell| cell.as_str().unwrap_or_default())).collect();
        text.push_str(&table_line(cells?.into_iter(), is_first));
    }
    Some(text)
}

/// A line of a table as its format has it.
fn table_line<'a>(cells: impl Iterator<Item = &'a str>, is_first: bool) -> String {
    if is_first { Table::line_of_the_first_format(cells) } else { Table::line(cells) }
}

/// The first line in which two texts differ, from one.
fn differing_line(one: &[u8], other: &[u8]) -> Option<usize> {
    let (mut left, mut right) = (one.split(|b| *b == b'\n'), other.split(|b| *b == b'\n'));
    (1..).find_map(|line| match (left.next(), right.next()) {
        (None, None) => Some(None),
        (a, b) => (a != b).then_some(Some(line)),
    })?
}

/// Whether a document has the lines that it is written in, and each member once. The order of members is another thing.
fn is_plain(bytes: &[u8], document: &Value) -> bool {
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(|l| l.trim_end_matches(',').to_owned()).collect();
        lines.sort_unstable();
        lines
    };
    let text = String::from_utf8_lossy(bytes);
    // earlier versions wrote characters that are not seen as they are
    let is_as = |written: &str| lines(written) == lines(&text);
    serde_json::to_string_pretty(document).is_ok_and(|written| is_as(&border::json(&written)) || is_as(&written))
}

/// Compares all that was filed with a second evaluation.
pub fn compare(filed: &Filed, document: &Value, now: &Bundle) -> Compared {
    let is_same_format = document.get("schema").and_then(Value::as_str) == Some(FORMAT);
    let mut found = Compared::default();
    found.provenance(document, &now.document, is_same_format);
    // other files have other digests, though they say the same
    let other_files = of(document, FILES_DIGEST) != of(&now.document, FILES_DIGEST);
    for (table, known_by) in TABLES {
        let rows = [rows(document, table), rows(&now.document, table)];
        found.table((table, known_by), rows, (is_same_format, other_files));
    }
    found.members(document, &now.document, is_same_format);
    if is_same_format {
        found.files(filed, now);
    } else {
        found.decided.push(format!("decided by another format: {} is filed, now {FORMAT}", of(document, "/schema")));
    }
    found
}

/// Of the files of the inventory.
const FILES_DIGEST: &str = "/provenance/inventory/sha256";

/// Names in a line.
const NAMED: usize = 6;

fn members(document: &Value, path: &str) -> Map<String, Value> {
    document.pointer(path).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn of(document: &Value, path: &str) -> String {
    document.pointer(path).and_then(Value::as_str).unwrap_or("none").to_owned()
}

impl Compared {
    /// What decided. What the digest of the inventory does not tell is a difference where the digest is the same.
    fn provenance(&mut self, filed: &Value, now: &Value, is_same_format: bool) {
        let parts = [
            ("decided by another version of countersign", "/provenance/version"),
            ("decided by other rules, by their digest", "/provenance/rules/sha256"),
            ("decided by another schema, by its digest", "/provenance/schema/sha256"),
            ("decided by another inventory, by the digest of its files", FILES_DIGEST),
            ("decided by another snapshot", "/provenance/asOf/moment"),
        ];
        let differing = parts.into_iter().filter(|(_, path)| of(filed, path) != of(now, path));
        let told = differing.map(|(what, path)| format!("{what}: {} is filed, now {}", of(filed, path), of(now, path)));
        self.decided.extend(told);
        let is_told = |path: &str| of(filed, path) != of(now, path);
        let other_files = is_told(FILES_DIGEST);
        let (before, after) = (members(filed, "/provenance"), members(now, "/provenance"));
        for name in names(&before, &after) {
            let differs = before.get(name) != after.get(name);
            let path = format!("/provenance/{name}/sha256");
            match name.as_str() {
                "version" | "inventory" => {}
                "rules" | "schema" if is_told(&path) => {}
                "rules" | "schema" | "data" | "eligibleServices" if differs => {
                    let what = if name == "eligibleServices" { "lists of eligible services" } else { name };
                    self.decided.push(format!("decided by other {what}, as the provenance that is filed tells"));
                }
                "asOf" if other_files => {}
                _ if differs => self.differences.push(format!("provenance: {name} is not the same")),
                _ => {}
            }
        }
        self.files_of_the_inventory(filed, now, (is_same_format, other_files));
    }

    /// The files of the inventory: those that the tables name and that have other bytes, how many there are, and what was not read.
    fn files_of_the_inventory(&mut self, filed: &Value, now: &Value, (is_same_format, other_files): (bool, bool)) {
        let path = "/provenance/inventory";
        let (was, is) = (members(filed, path), members(now, path));
        let changed = sources::changed(filed, now);
        if other_files && !changed.is_empty() {
            self.decided.push(format!("decided by other bytes of {}", few(&changed, NAMED)));
        }
        let [unread, and] = sources::unread(was.get("unread"), is.get("unread"));
        self.decided.extend(unread);
        self.differences.extend(and.into_iter().map(|what| format!("provenance: of the inventory, {what}")));
        for name in names(&was, &is) {
            // an earlier format has the commit
            let is_told = ["sha256", "unread"].contains(&name.as_str()) || (name == "commit" && !is_same_format);
            if is_told || was.get(name) == is.get(name) {
                continue;
            }
            let [then, today] = [was.get(name), is.get(name)].map(values::shown);
            match (name.as_str(), other_files) {
                ("files", true) => self.decided.push(format!("decided by other files: {then} are filed, now {today}")),
                ("bytes", true) => {}
                (_, true) => self.decided.push(format!("decided by another inventory: {name} was {then}, now {today}")),
                _ => self.differences.push(format!("provenance: of the inventory, {name} is not the same")),
            }
        }
    }

    fn table(
        &mut self,
        (table, known_by): (&str, &[&str]),
        [before, after]: [Vec<&Value>; 2],
        (is_same_format, other_files): (bool, bool),
    ) {
        let so_far = self.differences.len();
        let key = |row: &Value| known_by.iter().map(|m| text(row, m).to_owned()).collect::<Vec<_>>();
        let mut by_key: BTreeMap<Vec<String>, [Vec<&Value>; 2]> = BTreeMap::new();
        for (side, rows) in [&before, &after].into_iter().enumerate() {
            for row in rows {
                by_key.entry(key(row)).or_default().iter_mut().skip(side).take(1).for_each(|of| of.push(row));
            }
        }
        for (id, [old, new]) in by_key {
            let what = id.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ");
            match (old.first(), new.first()) {
                (Some(_), None) => self.differences.push(format!("{table}: filed, and no longer there: {what}")),
                (None, Some(_)) => self.differences.push(format!("{table}: there, and not filed: {what}")),
                _ => {}
            }
            for (a, b) in old.iter().zip(&new) {
                let members = differing(a, b, (is_same_format, other_files));
                self.differences.extend(members.into_iter().map(|m| format!("{table}: {what}: {m}")));
            }
            if old.len() != new.len() && !old.is_empty() && !new.is_empty() {
                let (was, is) = (old.len(), new.len());
                self.differences.push(format!("{table}: {what}: {was} rows are filed, and {is} are there"));
            }
        }
        let order = |rows: &[&Value]| rows.iter().map(|r| key(r)).collect::<Vec<_>>();
        if is_same_format && self.differences.len() == so_far && order(&before) != order(&after) {
            self.differences.push(format!("{table}: the rows are filed in another order"));
        }
    }

    /// What is neither a table nor told of what decided.
    fn members(&mut self, filed: &Value, now: &Value, is_same_format: bool) {
        let (Some(before), Some(after)) = (filed.as_object(), now.as_object()) else { return };
        let is_told = |name: &str| name == "provenance" || name == "schema" || TABLES.iter().any(|(t, _)| *t == name);
        for name in names(before, after).into_iter().filter(|name| !is_told(name)) {
            let (was, is) = (before.get(name), after.get(name));
            let is_same = if is_same_format { was == is } else { was.is_none_or(|was| says(was, is)) };
            match name.as_str() {
                _ if is_same => {}
                _ => self.differences.extend(values::differing(name, was, is)),
            }
        }
    }

    /// The files themselves, where the document says the same.
    fn files(&mut self, filed: &Filed, now: &Bundle) {
        let is_all_the_same = self.differences.is_empty() && self.decided.is_empty();
        for (name, bytes) in &filed.contents {
            let Some(written) = now.files.get(name) else { continue };
            let header = |bytes: &[u8]| bytes.split(|b| *b == b'\n').next().map(<[u8]>::to_vec);
            let is_same = match name.as_str() {
                // earlier versions wrote characters that are not seen as they are
                DOCUMENT if is_all_the_same => border::json(&String::from_utf8_lossy(bytes)).as_bytes() == written,
                _ if is_all_the_same => bytes == written,
                COVER => {
                    self.not_compared.push(format!("the section \"{MADE_BY}\" of {COVER}"));
                    made_by(bytes) == made_by(written) && without_made_by(bytes) == without_made_by(written)
                }
                // its members were compared one by one
                DOCUMENT => true,
                // its rows were compared with the document
                _ => header(bytes) == header(written),
            };
            if !is_same {
                let line = differing_line(bytes, written).unwrap_or(1);
                self.differences.push(format!("{name} is not what a second evaluation writes: line {line}"));
            }
        }
    }
}

/// Of the section that tells what decided, what each line begins with: a line more is none of ours.
fn made_by(page: &[u8]) -> Vec<String> {
    let page = String::from_utf8_lossy(page).into_owned();
    let section = page.split_once(&format!("\n## {MADE_BY}\n")).map_or("", |(_, rest)| rest);
    let lines = section.split("\n## ").next().unwrap_or_default().lines();
    lines.map(|line| line.split(':').next().unwrap_or_default().split(' ').take(2).collect()).collect()
}

/// A cover page without the section that tells what decided.
fn without_made_by(page: &[u8]) -> String {
    let page = String::from_utf8_lossy(page).into_owned();
    let Some((before, rest)) = page.split_once(&format!("\n## {MADE_BY}\n")) else { return page };
    let after = rest.split_once("\n## ").map_or("", |(_, after)| after);
    format!("{before}\n## {after}")
}

/// Whether a value of an earlier format says what that of today says, as far as it went.
fn says(was: &Value, is: Option<&Value>) -> bool {
    match (was, is) {
        (Value::Object(was), Some(Value::Object(is))) => was.iter().all(|(name, value)| says(value, is.get(name))),
        (was, is) => Some(was) == is,
    }
}

fn names<'a>(one: &'a Map<String, Value>, other: &'a Map<String, Value>) -> BTreeSet<&'a String> {
    one.keys().chain(other.keys()).collect()
}

/// The rows of a table of a document.
pub fn rows<'a>(document: &'a Value, table: &str) -> Vec<&'a Value> {
    document.get(table).and_then(Value::as_array).into_iter().flatten().collect()
}

/// The rows of the accounts that are listed: those of accounts that were not are of nobody who was counted.
pub fn listed(document: &Value) -> Vec<&Value> {
    let is_listed = |row: &&Value| !text(row, "account").starts_with(OTHER_ACCOUNTS);
    rows(document, "accounts").into_iter().filter(is_listed).collect()
}

/// What a row says of a member; empty where it says nothing.
pub fn text<'a>(row: &'a Value, member: &str) -> &'a str {
    row.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a member tells of the bytes of the file that a row was read from. Another file that says the same makes no other row.
fn is_source(member: &str) -> bool {
    (member.ends_with("Sha256") && member != "executedCopySha256") || member.ends_with("Lines")
}

/// The members of a row that differ; of an earlier format, those that it had.
fn differing(before: &Value, after: &Value, (is_same_format, other_files): (bool, bool)) -> Vec<String> {
    let (Some(was), Some(is)) = (before.as_object(), after.as_object()) else { return Vec::new() };
    let counts = |name: &String| {
        let is_excepted = other_files && is_source(name);
        !is_excepted && (is_same_format || was.contains_key(name))
    };
    let is_same = |name: &String| {
        // what a document does not have says nothing
        let [then, today] = [was, is].map(|row| row.get(name).filter(|value| !value.is_null()));
        then == today || (other_files && sources::is_same_but_for_lines(name, then, today))
    };
    let differing = names(was, is).into_iter().filter(|n| counts(n) && !is_same(n));
    differing
        .map(|name| format!("{name} was {}, and is {}", values::shown(was.get(name)), values::shown(is.get(name))))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn what_a_row_does_not_have_says_nothing() {
        let differing = |before, after| super::differing(&before, &after, (true, false));
        assert!(differing(json!({"a": "x"}), json!({"a": "x", "assuming": null})).is_empty());
        assert!(differing(json!({"a": "x", "assuming": null}), json!({"a": "x"})).is_empty());
        let told = differing(json!({"a": "x"}), json!({"a": "x", "assuming": "y"}));
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
