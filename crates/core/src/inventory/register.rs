//! `[register]` in `countersign.toml`: what the columns of the company's register are called (R86).

use serde::Deserialize;

use crate::words::plain;

/// The columns of a register, by their headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterColumns {
    /// The number of the account.
    pub account: String,
    /// Its name.
    pub name: String,
    /// The id of the agreement that covers it.
    pub agreement: String,
    /// Whether it holds PHI.
    pub phi: String,
    /// What stands in that column where it does, in lower case.
    pub phi_values: Vec<String>,
    /// What stands there where it does not, in lower case. Anything else says neither.
    pub no_phi_values: Vec<String>,
    /// What stands in the column of the agreement where there is one, whichever it is, in lower case.
    pub agreement_values: Vec<String>,
    /// What stands there where there is none, in lower case. Anything else is the id of one.
    pub no_agreement_values: Vec<String>,
    /// The columns that `[register]` names: a register without one of them is not the one that was meant.
    pub named: Vec<&'static str>,
}

impl Default for RegisterColumns {
    fn default() -> Self {
        Table::default().into()
    }
}

/// The table, as it is written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Table {
    account: Option<String>,
    name: Option<String>,
    agreement: Option<String>,
    phi: Option<String>,
    phi_values: Option<Vec<String>>,
    no_phi_values: Option<Vec<String>>,
    agreement_values: Option<Vec<String>>,
    no_agreement_values: Option<Vec<String>>,
}

impl From<Table> for RegisterColumns {
    fn from(table: Table) -> Self {
        let given = [
            ("account", table.account.is_some()),
            ("name", table.name.is_some()),
            ("agreement", table.agreement.is_some()),
            ("phi", table.phi.is_some()),
        ];
        let named = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
        let no_phi =
            table.no_phi_values.unwrap_or_else(|| ["no", "false", "none", "-", ""].map(str::to_owned).to_vec());
        let or = |text: Option<String>, default: &str| text.unwrap_or_else(|| default.to_owned());
        let texts = |all: &[&str]| all.iter().map(|v| (*v).to_owned()).collect();
        let agreed = table.agreement_values.unwrap_or_else(|| texts(&["yes", "true", "x", "covered"]));
        let none = table.no_agreement_values.unwrap_or_else(|| texts(&["", "no", "false", "none", "-"]));
        let values = table.phi_values.unwrap_or_else(|| ["yes", "true", "phi", "x"].map(str::to_owned).to_vec());
        Self {
            account: or(table.account, "account"),
            name: or(table.name, "name"),
            agreement: or(table.agreement, "agreement"),
            phi: or(table.phi, "PHI"),
            phi_values: values.iter().map(|v| v.to_lowercase()).collect(),
            no_phi_values: no_phi.iter().map(|v| v.to_lowercase()).collect(),
            agreement_values: agreed.iter().map(|v| plain(v)).collect(),
            no_agreement_values: none.iter().map(|v| plain(v)).collect(),
            named,
        }
    }
}
