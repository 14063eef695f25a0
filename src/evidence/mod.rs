//! What an auditor files: tables, one JSON document, a cover page and a manifest of digests. The same input gives the same bytes: no
//! clock, no name of a machine or of an operator is in it. Writing and the run record are `cli/evidence.rs`.

mod access;
pub mod against;
mod agreements;
pub mod alone;
mod cells;
mod cover;
mod form;
pub mod manifest;
mod paragraph;
mod population;
pub mod register;
mod rows;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::report::border;
use crate::report::plain::{Names, day};
use crate::report::table::Table;
use countersign_core::assessment::Assessment;
use countersign_core::history::History;
use countersign_core::inventory::Inventory;
use countersign_core::inventory::signatories::Signatories;
use countersign_core::people::Roles;
use countersign_core::policies::RuleBook;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;
use countersign_core::terms::PermissionModel;

/// The format of the document: the number goes up when a member changes its meaning or goes away.
pub const FORMAT: &str = "countersign/evidence/v2";
/// Every format that `--verify` and `--against` read.
pub const FORMATS: [&str; 2] = [FORMAT, "countersign/evidence/v1"];
/// The files of every format, the manifest and the run record not among them.
pub const FILES: [&str; 8] =
    ["access.csv", "accounts.csv", "agreements.csv", COVER, DOCUMENT, "exceptions.csv", "findings.csv", "history.csv"];
/// The JSON document.
pub const DOCUMENT: &str = "evidence.json";
/// The cover page.
pub const COVER: &str = "cover.md";

/// What evidence is made of.
pub struct Facts<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// The rules.
    pub rules: &'a RuleBook,
    /// Coverage over time, up to the moment.
    pub history: &'a History,
    /// Its declared signatories; `None` where none are declared.
    pub signatories: Option<&'a Signatories>,
    /// Coverage, who may accept and terminate, findings.
    pub assessment: &'a Assessment,
    /// Who stands behind roles.
    pub roles: &'a Roles,
    /// What it was made from. No commit is in it: the same files have others from one day to the next.
    pub provenance: &'a Provenance,
    /// The kinds of agreement that it is about.
    pub kinds: &'a [String],
    /// The condition keys that the question settled, besides those of the inventory.
    pub context: &'a BTreeMap<String, Vec<String>>,
    /// What of coverage changes later on the day, in sentences.
    pub later: &'a [String],
}

impl Facts<'_> {
    /// That facts without a date are told of another moment than that of the files.
    fn undated(&self) -> Option<String> {
        day::undated(&self.assessment.at, self.inventory.config.as_of, true, self.rules)
    }

    fn names(&self) -> Names<'_> {
        Names::new(self.inventory)
    }
}

/// Everything that is filed, by the names of its files.
#[derive(Debug)]
pub struct Bundle {
    /// The files, the manifest not among them.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The document.
    pub document: Value,
}

/// A table of the evidence, and its file.
struct Filed {
    file: &'static str,
    table: Table,
}

/// Makes the evidence.
pub fn bundle(facts: &Facts<'_>) -> Result<Bundle, Failure> {
    let tables = [
        Filed { file: "accounts.csv", table: rows::accounts(facts) },
        Filed { file: "agreements.csv", table: agreements::agreements(facts) },
        Filed { file: "access.csv", table: access::access(facts) },
        Filed { file: "findings.csv", table: rows::findings(facts) },
        Filed { file: "exceptions.csv", table: rows::exceptions(facts) },
        Filed { file: "history.csv", table: rows::history(facts) },
    ];
    let [accounts, agreements, access, findings, exceptions, history] = tables.each_ref().map(|t| t.table.json());
    let document = Document {
        schema: FORMAT,
        provenance: facts.provenance,
        at: &facts.assessment.at,
        permission_model: facts.assessment.permission_model,
        kinds: facts.kinds,
        context: facts.context,
        population: population::population(facts),
        leaves_out: &facts.assessment.leaves_out,
        accounts,
        agreements,
        access,
        findings,
        exceptions,
        history,
    };
    let json = Failure::internal("JSON");
    let text = border::json(&serde_json::to_string_pretty(&document).map_err(json)?).into_owned() + "\n";
    let document = serde_json::to_value(&document).map_err(Failure::internal("JSON"))?;
    let mut files: BTreeMap<String, Vec<u8>> =
        tables.iter().map(|t| (t.file.to_owned(), t.table.csv().into_bytes())).collect();
    files.insert(DOCUMENT.to_owned(), text.into_bytes());
    files.insert(COVER.to_owned(), cover::cover(facts).into_bytes());
    Ok(Bundle { files, document })
}

/// The document: all tables, and what they were made from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: &'a str,
    permission_model: PermissionModel,
    kinds: &'a [String],
    context: &'a BTreeMap<String, Vec<String>>,
    population: population::Population,
    leaves_out: &'a [&'static str],
    accounts: Value,
    agreements: Value,
    access: Value,
    findings: Value,
    exceptions: Value,
    history: Value,
}
