//! The company's register against what governs each account (R86, R93): what differs, and the register as it should read. What an
//! account holds is not for a tool to say: the column of PHI is compared, and never corrected.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::assessment::{AccountAnswer, AgreementAnswer, Assessment};
use countersign_core::finding::Severity;
use countersign_core::inventory::Inventory;
use countersign_core::inventory::register::RegisterColumns;
use countersign_core::naming::kinds;
use countersign_core::problem::Problem;
use countersign_core::simulation::caller::is_account;
use countersign_core::terms::{Coverage, Scope};
use countersign_core::words::plain;

use super::cells::Sheet;
use crate::report::count;
use crate::report::table::Table;

/// Something in which the register and the inventory differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// How bad it is.
    pub severity: Severity,
    /// The line of the register; `None` for an account that it does not have.
    pub line: Option<u64>,
    /// The account.
    pub account: String,
    /// In words.
    pub what: String,
}

/// What came of it.
#[derive(Debug)]
pub struct Reconciled {
    /// The rows that were read.
    pub rows: usize,
    /// What differs, by line; accounts that are missing last.
    pub differences: Vec<Difference>,
    /// What the register has no column of, by the name that it would have.
    pub not_compared: Vec<String>,
    /// The register as it should read, as CSV.
    pub corrected: String,
}

/// Where the columns stand.
struct Columns {
    account: usize,
    name: Option<usize>,
    agreement: Option<usize>,
    phi: Option<usize>,
}

/// Compares a register, as CSV, for one kind of agreement. `is_marked`: its file began with a byte order mark, and shall again.
pub fn reconcile(
    (text, is_marked): (&str, bool),
    file: &str,
    inventory: &Inventory,
    assessment: &Assessment,
    kind: &str,
) -> Result<Reconciled, Vec<Problem>> {
    let named = &inventory.config.register;
    let wrong = |message: String| Problem::about(file, message);
    let sheet = Sheet::read(text).map_err(|(line, what)| vec![wrong(format!("line {line}: {what}"))])?;
    let Some(header) = sheet.header() else { return Err(vec![wrong("it is empty".to_owned())]) };
    let (header, width) = (&header.cells, header.cells.len());
    let columns = columns(header, named, file)?;
    let (mut problems, mut seen, mut differences) = (Vec::new(), BTreeMap::new(), Vec::new());
    let (mut rows, mut added) = (Vec::new(), Vec::new());
    for row in sheet.rows() {
        let (line, mut cells) = (row.line, row.cells.clone());
        if cells.len() != width {
            let cells = count(cells.len(), "cell");
            problems.push(wrong(format!("line {line}: it has {cells}, and the header has {width}")));
            continue;
        }
        let found = cells.get(columns.account).cloned().unwrap_or_default();
        let Some(account) = number(&found) else {
            let help = "it has twelve digits; spreadsheets that treat it as a number drop its leading zeros";
            problems.push(wrong(format!("line {line}: `{found}` is not an account number")).help(help));
            continue;
        };
        if let Some(first) = seen.insert(account.clone(), line) {
            problems.push(wrong(format!("line {line}: account {account} has a row already, in line {first}")));
        }
        let compare = Compare { inventory, assessment, kind, named, columns: &columns, line, account: &account };
        differences.extend(compare.row(&mut cells));
        rows.push((line, cells));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let listed: BTreeSet<&String> = seen.keys().collect();
    for account in assessment.accounts.iter().filter(|a| !listed.contains(&a.account)) {
        if let Some(difference) = missing(account, kind) {
            differences.push(difference);
            added.push(row_of(account, (kind, named), &columns, width));
        }
    }
    let corrected = sheet.corrected(is_marked, &rows, &added);
    Ok(Reconciled { rows: seen.len(), differences, not_compared: columns.absent(named), corrected })
}

fn columns(header: &[String], named: &RegisterColumns, file: &str) -> Result<Columns, Vec<Problem>> {
    let at = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
    let all =
        [("account", &named.account), ("name", &named.name), ("agreement", &named.agreement), ("phi", &named.phi)];
    // of two columns of one name one would not be compared, and nobody would know which
    let times = |name: &str| header.iter().filter(|h| h.eq_ignore_ascii_case(name)).count();
    if let Some((setting, name)) = all.iter().find(|(_, name)| times(name) > 1) {
        let help = format!("call one of them otherwise, or name another column as {setting} under [register]");
        return Err(vec![Problem::about(file, format!("several columns are called `{name}`")).help(help)]);
    }
    // what is named and is not there would not be compared, and nobody would know
    let is_asked = |setting: &str| setting == "account" || named.named.contains(&setting);
    let absent = all.into_iter().find(|(setting, name)| is_asked(setting) && at(name).is_none());
    let Some(account) = at(&named.account).filter(|_| absent.is_none()) else {
        let name = absent.map_or(&named.account, |(_, name)| name);
        let there = header.iter().map(|h| format!("`{h}`")).collect::<Vec<_>>().join(", ");
        let message = format!("there is no column `{name}`; there are {there}");
        let help =
            "say what the columns are called under [register] in countersign.toml: account, name, agreement, phi";
        return Err(vec![Problem::about(file, message).help(help)]);
    };
    Ok(Columns { account, name: at(&named.name), agreement: at(&named.agreement), phi: at(&named.phi) })
}

impl Columns {
    /// What the register has no column of.
    fn absent(&self, named: &RegisterColumns) -> Vec<String> {
        let all = [(self.name, &named.name), (self.agreement, &named.agreement), (self.phi, &named.phi)];
        all.into_iter().filter(|(at, _)| at.is_none()).map(|(_, name)| name.clone()).collect()
    }
}

/// What a cell says of the agreement that covers an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// There is one of the kind, of this scope where one is named.
    Agreement(Option<Scope>),
    /// There is none.
    None,
    /// Neither: an id, or nothing that is understood.
    Other,
}

impl Says {
    /// What a cell says of an agreement of this kind: by a word of the settings, by what people call the kind, or with the scope before it
    /// (`org BAA`).
    fn of(cell: &str, (named, inventory, kind): (&RegisterColumns, &Inventory, &str)) -> Self {
        let said = plain(cell);
        let has = |values: &[String]| values.contains(&said);
        let is_kind = |text: &str| kinds::named(inventory, text).is_ok_and(|found| found == kind);
        if has(&named.agreement_values) {
            return Self::Agreement(None);
        }
        if has(&named.no_agreement_values) {
            return Self::None;
        }
        // an offline agreement is an id, and is what people call it: the id is the narrower
        if inventory.entity("OfflineAgreement", cell).is_some() {
            return Self::Other;
        }
        if is_kind(cell) {
            return Self::Agreement(None);
        }
        let scoped = kinds::with_scope(inventory, cell).filter(|(_, found)| found == kind);
        scoped.map_or(Self::Other, |(scope, _)| Self::Agreement(Some(scope)))
    }
}

/// A number of twelve digits, also as the console writes it: `1111-2222-3333`.
fn number(text: &str) -> Option<String> {
    let digits: String = text.trim_start_matches('\'').chars().filter(|c| *c != '-' && *c != ' ').collect();
    is_account(&digits).then_some(digits)
}

/// One row and its account.
struct Compare<'a> {
    inventory: &'a Inventory,
    assessment: &'a Assessment,
    kind: &'a str,
    named: &'a RegisterColumns,
    columns: &'a Columns,
    line: u64,
    account: &'a str,
}

impl Compare<'_> {
    fn differs(&self, severity: Severity, what: String) -> Difference {
        Difference { severity, line: Some(self.line), account: self.account.to_owned(), what }
    }

    /// What differs; the cells become what they should be.
    fn row(&self, cells: &mut [String]) -> Vec<Difference> {
        let Some(answer) = self.assessment.account(self.account) else {
            return vec![self.differs(Severity::Warning, "is in the register, and not in the inventory".to_owned())];
        };
        let mut found = Vec::new();
        found.extend(self.left(answer));
        found.extend(self.name(answer, cells));
        found.extend(self.agreement(answer, cells));
        found.extend(self.phi(answer, cells));
        found
    }

    fn left(&self, answer: &AccountAnswer) -> Option<Difference> {
        let memberships = self.inventory.memberships_of(self.inventory.entity("Account", self.account)?);
        let ended = memberships.into_iter().filter(|m| m.until.is_some()).max_by_key(|m| m.until)?;
        let until = countersign_core::moment::format(ended.until?);
        let is_out = answer.organization.is_none() && until <= self.assessment.at;
        is_out.then(|| self.differs(Severity::Warning, format!("left {} on {until}", ended.organization)))
    }

    fn name(&self, answer: &AccountAnswer, cells: &mut [String]) -> Option<Difference> {
        let cell = cells.get_mut(self.columns.name?)?;
        let name = answer.name.as_ref().filter(|name| !says(name, cell))?;
        let what = format!("is called `{cell}` in the register, and `{name}` in the inventory");
        cell.clone_from(name);
        Some(self.differs(Severity::Info, what))
    }

    fn agreement(&self, answer: &AccountAnswer, cells: &mut [String]) -> Option<Difference> {
        let cell = cells.get_mut(self.columns.agreement?)?;
        let row = answer.agreements.iter().find(|r| r.kind == self.kind)?;
        let governing = row.governing.as_ref().map_or("", |g| g.id.as_str());
        if row.coverage == Coverage::Unknown || (governing.is_empty() && row.coverage == Coverage::Covered) {
            let what = "which agreement governs it is not known, so the register cannot be checked".to_owned();
            return Some(self.differs(Severity::Warning, what));
        }
        let agrees = match Says::of(cell, (self.named, self.inventory, self.kind)) {
            Says::Agreement(scope) => {
                row.governing.as_ref().is_some_and(|g| scope.is_none_or(|scope| scope == g.scope))
            }
            Says::None => governing.is_empty(),
            Says::Other => says(governing, cell),
        };
        if agrees {
            return None;
        }
        if let Some(what) = self.covers_too(row, cell) {
            return Some(self.differs(Severity::Info, what));
        }
        let of_scope = row.governing.as_ref().map(|g| format!(" ({} agreement)", g.scope)).unwrap_or_default();
        let what = match (cell.as_str(), governing) {
            ("", id) => format!("has no agreement in the register, and {id} governs it"),
            (id, "") => format!("has `{id}` in the register, and no agreement is in force for it"),
            (old, id) => format!(
                "has `{old}` in the register, and {id} governs it{}",
                if old.starts_with("customer-agreement-") { "" } else { &of_scope }
            ),
        };
        governing.clone_into(cell);
        Some(self.differs(Severity::Error, what))
    }

    /// That a cell names an agreement of the kind and scope of the one that governs, which is in force as well: either covers, and the one
    /// that began first is named (D19).
    fn covers_too(&self, row: &AgreementAnswer, cell: &str) -> Option<String> {
        let governing = row.governing.as_ref()?;
        let id = row.also_in_force.iter().find(|id| says(id, cell))?;
        let entity = self.inventory.entity("CustomerAgreement", id)?;
        let scope = if entity.reference("account").is_some() { Scope::Account } else { Scope::Organization };
        let why =
            format!("has {id} in the register, which is in force too: {} began first, and is named", governing.id);
        (scope == governing.scope).then_some(why)
    }

    fn phi(&self, answer: &AccountAnswer, cells: &[String]) -> Option<Difference> {
        let cell = cells.get(self.columns.phi?)?;
        if answer.hipaa.holds_phi.is_none()
            && plain(cell) == not_known(&[&self.named.phi_values, &self.named.no_phi_values])
        {
            let what = "whether it holds PHI is not known, by the register and by its tags".to_owned();
            return Some(self.differs(Severity::Warning, what));
        }
        let says = |values: &[String]| values.iter().any(|value| says(value, &cell.to_lowercase()));
        let claimed = says(&self.named.phi_values);
        if !claimed && !says(&self.named.no_phi_values) {
            let what = format!(
                "has `{cell}` in the column {}, which says neither that it holds PHI nor that it does not (phiValues, noPhiValues)",
                self.named.phi
            );
            return Some(self.differs(Severity::Error, what));
        }
        let (severity, what) = match (claimed, answer.hipaa.holds_phi) {
            (true, Some(true)) | (false, Some(false)) => return None,
            (true, Some(false)) => (Severity::Error, "holds PHI by the register, and no tag or entry declares it"),
            (true, None) => (Severity::Warning, "holds PHI by the register, and its tags are not known"),
            (false, Some(true)) => (Severity::Error, "holds PHI by its tags or entry, and not by the register"),
            (false, None) => (Severity::Warning, "holds no PHI by the register, and its tags are not known"),
        };
        Some(self.differs(severity, what.to_owned()))
    }
}

/// An account that should be in the register: an agreement covers it, or may, or it holds PHI.
fn missing(account: &AccountAnswer, kind: &str) -> Option<Difference> {
    let row = account.agreements.iter().find(|r| r.kind == kind);
    let covered = row.is_some_and(|r| r.coverage != Coverage::NotCovered);
    let holds = account.hipaa.holds_phi == Some(true);
    let (severity, why) = match (holds, covered) {
        (true, _) => (Severity::Error, "it holds PHI"),
        (false, true) => (Severity::Warning, "an agreement covers it, or may"),
        (false, false) => return None,
    };
    let is_known = row.is_none_or(|r| r.coverage != Coverage::Unknown && (r.governing.is_some() || !covered));
    let unknown = if is_known { "" } else { "; which agreement governs it is not known" };
    let what = format!("is missing in the register: {why}{unknown}");
    Some(Difference { severity, line: None, account: account.account.clone(), what })
}

/// The word for what is not known: one that does not say in the register that there is something, or that there is nothing.
fn not_known(values: &[&Vec<String>]) -> &'static str {
    let is_free = |word: &&&str| values.iter().all(|all| !all.iter().any(|value| value == **word));
    ["unknown", "not known"].iter().find(is_free).unwrap_or(&"?")
}

/// The row of an account that the register does not have. What PHI it holds is told as its tags and its entry tell it. What is not known
/// is said to be unknown: nothing in a cell means that there is none (D16).
fn row_of(
    account: &AccountAnswer,
    (kind, named): (&str, &RegisterColumns),
    columns: &Columns,
    width: usize,
) -> Vec<String> {
    let phi = match account.hipaa.holds_phi {
        Some(true) => named.phi_values.first().cloned().unwrap_or_default(),
        Some(false) => named.no_phi_values.first().cloned().unwrap_or_default(),
        None => not_known(&[&named.phi_values, &named.no_phi_values]).to_owned(),
    };
    let mut cells = vec![String::new(); width];
    let row = account.agreements.iter().find(|r| r.kind == kind);
    let agreement = row.and_then(|row| match (&row.governing, row.coverage) {
        (Some(governing), _) => Some(governing.id.clone()),
        (None, Coverage::NotCovered) => None,
        (None, _) => Some(not_known(&[&named.agreement_values, &named.no_agreement_values]).to_owned()),
    });
    let values = [
        (Some(columns.account), Some(account.account.clone())),
        (columns.name, account.name.clone()),
        (columns.agreement, agreement),
        (columns.phi, Some(phi)),
    ];
    for (at, value) in values {
        if let (Some(cell), Some(value)) = (at.and_then(|at| cells.get_mut(at)), value) {
            *cell = value;
        }
    }
    cells
}

/// Whether a cell says a value: as it is, or as a corrected register has it: without characters that are not seen, and no formula. A
/// spreadsheet that saves it again may have taken the apostrophe at its beginning for its own.
fn says(value: &str, cell: &str) -> bool {
    let written = Table::said(value);
    let written = written.trim();
    let bare = written.strip_prefix('\'').map(str::trim);
    cell == value.trim() || cell == written || bare == Some(cell)
}
