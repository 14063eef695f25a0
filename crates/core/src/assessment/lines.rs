//! An assessment as JSON lines, written as answers come: what many principals share is a line of its own, which stands before the first
//! of them and is named by its number. So a line of a principal is short, and nothing has to be kept but what is shared.

use serde::Serialize;
use serde_json::{Value, json};

use super::tables::{Numbers, Of, Tables};
use super::{Assessment, LEAVES_OUT, Options, PrincipalAnswer};
use crate::moment;
use crate::problem::Failure;
use crate::provenance::Provenance;
use crate::terms::{PermissionModel, PrincipalKind};

/// The name of the format.
pub const SCHEMA: &str = "countersign/assessment-lines/v1";

/// Writes lines, and remembers which of those that are shared it has written.
#[derive(Default)]
pub struct Lines {
    shared: Tables,
}

/// What it is, and what was asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: String,
    permission_model: PermissionModel,
    leaves_out: [&'static str; 3],
}

/// What is shared, by its numbers; what is a principal's own.
#[derive(Serialize)]
struct PrincipalLine<'a> {
    line: &'static str,
    principal: &'a str,
    account: &'a str,
    kind: PrincipalKind,
    name: &'a str,
    #[serde(flatten)]
    shared: Numbers,
}

impl Lines {
    /// The first line.
    pub fn header(options: &Options, provenance: &Provenance) -> Result<String, Failure> {
        let (at, permission_model) = (moment::format(options.at), options.model);
        let header = Header { schema: SCHEMA, provenance, at, permission_model, leaves_out: LEAVES_OUT };
        Ok(serde_json::to_string(&header).map_err(Failure::internal(JSON))? + "\n")
    }

    /// The line of a principal, after those that it names and that were not written before.
    pub fn principal(&mut self, answer: &PrincipalAnswer) -> Result<String, Failure> {
        let mut text = String::new();
        let mut new = |of: Of, number: usize, says: Value| {
            text.push_str(&format!("{{\"line\":\"{}\",\"number\":{number},\"says\":{says}}}\n", of.word()));
        };
        let lost = || Failure::internal(JSON)("there are no answers that are shared".to_owned());
        let shared = self.shared.numbers(answer, &mut new)?.ok_or_else(lost)?;
        let PrincipalAnswer { principal, account, kind, name, .. } = answer;
        let line = PrincipalLine { line: "principal", principal, account, kind: *kind, name, shared };
        text.push_str(&serde_json::to_string(&line).map_err(Failure::internal(JSON))?);
        text.push('\n');
        Ok(text)
    }

    /// The lines after those of principals: accounts, findings, and what was not collected, which is the last.
    pub fn rest(assessment: &Assessment) -> impl Iterator<Item = String> {
        let line = |what: &str, says: Value| format!("{{\"line\":\"{what}\",\"says\":{says}}}\n");
        let accounts = assessment.accounts.iter().map(move |a| line("account", json!(a)));
        let findings = assessment.findings.iter().map(move |f| line("finding", json!(f)));
        let last = std::iter::once_with(move || line("completeness", json!(assessment.completeness)));
        accounts.chain(findings).chain(last)
    }
}

const JSON: &str = "JSON lines";
