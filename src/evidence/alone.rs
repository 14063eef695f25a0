//! What filed evidence shows by itself, without an inventory: that the document has its form, that its counts are those of its rows, and
//! that the cover page says what the document says, as far as the document tells it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::against::{listed, text};
use super::population::Counts;
use super::{COVER, DOCUMENT, FORMAT, cover, form, paragraph};
use crate::report::plain::day::when;

/// What came of it.
#[derive(Debug, Default)]
pub struct Alone {
    /// What is wrong, a line each.
    pub faults: Vec<String>,
    /// What only a second evaluation can tell.
    pub not_checked: Vec<String>,
    /// What no evaluation tells.
    pub never_compared: Vec<String>,
}

/// Checks a document, and the cover page that lies beside it. `hipaa_kinds` are those of the built-in rules.
pub fn check(document: &Value, page: Option<&[u8]>, hipaa_kinds: &BTreeSet<String>) -> Alone {
    let mut found = Alone::default();
    found.faults.extend(form::fault(document));
    if document.get("schema").and_then(Value::as_str) != Some(FORMAT) {
        found.never_compared.push(format!("{COVER}, which is of an earlier format"));
        return found;
    }
    if found.faults.is_empty() {
        found.faults.extend(counts(document));
    }
    let version = document.pointer("/provenance/version").and_then(Value::as_str).unwrap_or_default();
    match page {
        Some(_) if version != env!("CARGO_PKG_VERSION") => {
            found.not_checked.push(format!("{COVER}, which version {version} of countersign wrote"));
        }
        Some(page) if found.faults.is_empty() => {
            let phi = phi(document, hipaa_kinds);
            let told = match phi.is_some() {
                true if paragraph::tells_of_later(document) => "what changes later on the day, ",
                true => "",
                false => "what its first paragraph says besides how many accounts are covered, PHI, ",
            };
            found.faults.extend(on_the_cover(document, &String::from_utf8_lossy(page), phi.as_deref()));
            found.not_checked.push(format!("the rest of {COVER}: {told}what is not known, what was assumed"));
        }
        _ => {}
    }
    found
}

/// What the page says of PHI, by the rows. Rules of one's own say for themselves what covers an account.
fn phi(document: &Value, hipaa_kinds: &BTreeSet<String>) -> Option<String> {
    let origin = document.pointer("/provenance/rules/origin")?;
    origin.get("folder").filter(|folder| folder.is_null())?;
    cover::phi(document, hipaa_kinds)
}

/// The population against the rows: every account has one for each kind, but for those that are counted as having none.
fn counts(document: &Value) -> Option<String> {
    let population = document.get("population").cloned().unwrap_or_default();
    let counted: Counts = serde_json::from_value(population).ok()?;
    let wrong = |what: &str, counted: usize, rows: usize| {
        (counted != rows).then(|| format!("{DOCUMENT}: population counts {counted} {what}, and the rows have {rows}"))
    };
    let accounts = listed(document);
    for kind in document.get("kinds").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let of_kind = accounts.iter().filter(|row| text(row, "agreementKind") == kind).count();
        let without: usize = counted.without_row.iter().filter(|w| w.kind == kind).map(|w| w.accounts).sum();
        if let Some(fault) = wrong(&format!("accounts for {kind}"), counted.accounts, of_kind + without) {
            return Some(fault);
        }
    }
    // who has no row is counted, and nothing tells where they are
    if !counted.without_row.is_empty() {
        return None;
    }
    let of = |is: &dyn Fn(&Value) -> bool| -> usize {
        let numbers: BTreeSet<&str> = accounts.iter().filter(|r| is(r)).map(|r| text(r, "account")).collect();
        numbers.len()
    };
    let role = |name: &'static str| of(&|row| text(row, "role") == name);
    let members = |id: &str| of(&|row| text(row, "organization") == id);
    let all = counted.organizations.iter();
    wrong("accounts in no organization", counted.standalone, role("standalone"))
        .or_else(|| wrong("accounts whose organization is not known", counted.unknown, role("unknown")))
        .or_else(|| {
            all.clone()
                .find_map(|o| wrong(&format!("accounts of {}", o.organization), o.accounts, members(&o.organization)))
        })
}

/// The sections of a page by their titles; what stands before the first has none.
fn sections(page: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::from([("", Vec::new())]);
    let mut title = "";
    for line in page.lines() {
        match line.strip_prefix("## ") {
            Some(next) => {
                title = next;
                found.entry(title).or_default();
            }
            None if line.is_empty() => {}
            None => found.entry(title).or_default().push(line),
        }
    }
    found
}

/// What the cover page says otherwise than the document.
fn on_the_cover(document: &Value, page: &str, phi: Option<&str>) -> Option<String> {
    let sections = sections(page);
    let wrong = |what: &str| Some(format!("{COVER} does not say what {DOCUMENT} says: {what}"));
    let titles: Vec<&str> = page.lines().filter_map(|l| l.strip_prefix("## ")).collect();
    if titles != cover::TITLES {
        return wrong("its sections");
    }
    let at = text(document, "at");
    let kinds: Vec<String> = serde_json::from_value(document.get("kinds").cloned().unwrap_or_default()).ok()?;
    let head = sections.get("").map(Vec::as_slice).unwrap_or_default();
    let [title, answer, asked] = head else { return wrong("its beginning") };
    if *title != cover::title(at) || *asked != cover::asked(&kinds, at) {
        return wrong("what was asked");
    }
    if let Some(fault) = paragraph::fault(document, answer, (&kinds, phi)) {
        return wrong(fault);
    }
    let is = |title: &str, lines: Vec<String>| {
        let lines: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
        sections.get(title).is_some_and(|there| *there == lines)
    };
    let population = document.get("population").cloned().unwrap_or_default();
    let counts: Counts = serde_json::from_value(population).ok()?;
    let fixed = [
        (cover::POPULATION, cover::counted(&counts)),
        (cover::MEANING, cover::meaning()),
        (cover::CHECKING, cover::checking()),
    ];
    if let Some((title, _)) = fixed.into_iter().find(|(title, lines)| !is(title, lines.clone())) {
        return wrong(&format!("the section \"{title}\""));
    }
    let findings = sections.get(cover::FINDINGS).map(Vec::as_slice).unwrap_or_default();
    if !says(findings, &cover::findings_of(document)) {
        return wrong(&format!("the section \"{}\"", cover::FINDINGS));
    }
    let made = sections.get(cover::MADE_BY).map(Vec::as_slice).unwrap_or_default();
    if !says(made, &made_by(document)) {
        return wrong(&format!("the section \"{}\"", cover::MADE_BY));
    }
    None
}

/// Whether lines are as many as expected, and each begins as expected, to a blank, a dot or its end.
fn says(lines: &[&str], expected: &[String]) -> bool {
    let begins = |(line, expected): (&&str, &String)| {
        let rest = line.strip_prefix("- ").and_then(|line| line.strip_prefix(expected.as_str()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ']))
    };
    lines.len() == expected.len() && lines.iter().zip(expected).all(begins)
}

/// What the lines about what decided begin with.
fn made_by(document: &Value) -> Vec<String> {
    let none = json!(null);
    let of = |path: &str| document.pointer(path).unwrap_or(&none).as_str().map(str::to_owned);
    let digest = |what: &str, path: &str| of(path).map(|digest| format!("{what}: SHA-256 {digest}"));
    let mut lines = vec![format!("countersign {} ·", of("/provenance/version").unwrap_or_default())];
    lines.extend(digest("Rules", "/provenance/rules/sha256"));
    lines.extend(digest("Schema", "/provenance/schema/sha256"));
    lines.extend(digest("Inventory", "/provenance/inventory/sha256"));
    lines.push(cover::collected(of("/provenance/asOf/moment").as_deref().map(when)));
    lines.push("Collected by:".to_owned());
    lines
}
