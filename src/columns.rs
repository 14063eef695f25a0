//! An assessment as three tables of columns, for engines of queries: answers, coverage, findings. What principals share is told of
//! each of them; the tables are written as answers come.
//!
//! The files' metadata has what the answers were made from. `docs/columns.md` explains the columns.

mod table;

use std::io::Write;

use serde::Serialize;

use countersign_core::assessment::{
    AccountAnswer, AgreementAnswer, Assessment, OperationAnswer, PrincipalAnswer, beside,
};
use countersign_core::finding::Finding;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;
use table::{Cell, Column, Kind, Table};

/// The name of the format.
pub const SCHEMA: &str = "countersign/assessment-columns/v1";

/// The tables, by the names of their files.
pub const FILES: [&str; 3] = ["answers.parquet", "coverage.parquet", "findings.parquet"];

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

const fn list(name: &'static str) -> Column {
    Column { name, kind: Kind::List }
}

const fn json(name: &'static str) -> Column {
    Column { name, kind: Kind::Json }
}

const fn truth(name: &'static str) -> Column {
    Column { name, kind: Kind::Truth }
}

/// An answer a row: a principal, and an entry of its `operations`.
const ANSWERS: [Column; 26] = [
    text("account"),
    text("principal"),
    text("kind"),
    text("name"),
    json("people"),
    text("operation"),
    text("scope"),
    text("agreement"),
    text("report"),
    text("member"),
    text("decision"),
    json("depends_on"),
    text("message"),
    text("detail"),
    text("reason"),
    text("remedy"),
    list("missing"),
    json("denied_by"),
    list("rests_on"),
    text("deprecated"),
    list("assuming"),
    list("gate_ids"),
    json("gates"),
    json("grants"),
    json("changes"),
    json("any_request"),
];

/// An account and a kind of agreement a row.
const COVERAGE: [Column; 24] = [
    text("account"),
    text("account_name"),
    text("partition"),
    text("state"),
    text("organization"),
    json("units"),
    text("role"),
    text("kind"),
    text("coverage"),
    text("governing"),
    text("governing_scope"),
    text("governing_since"),
    text("accepted_by"),
    list("superseded"),
    list("also_in_force"),
    text("reason"),
    list("assuming"),
    list("evidence"),
    list("policies"),
    truth("covered"),
    truth("designated"),
    truth("holds_phi"),
    truth("meets_definition"),
    json("phi"),
];

/// A finding a row.
const FINDINGS: [Column; 7] =
    [text("rule"), text("name"), text("severity"), text("cites"), text("subject"), text("message"), text("help")];

/// The three tables while they are written.
pub struct Columns<W: Write + Send> {
    answers: Table<W>,
    coverage: Table<W>,
    findings: Table<W>,
}

impl<W: Write + Send> Columns<W> {
    /// Begins the tables, in the order of [`FILES`].
    pub fn new([answers, coverage, findings]: [W; 3]) -> Result<Self, Failure> {
        Ok(Self {
            answers: Table::new("answers", &ANSWERS, answers)?,
            coverage: Table::new("coverage", &COVERAGE, coverage)?,
            findings: Table::new("findings", &FINDINGS, findings)?,
        })
    }

    /// The answers of a principal.
    pub fn principal(&mut self, principal: &PrincipalAnswer) -> Result<(), Failure> {
        let people = as_json(&principal.people)?;
        for answer in principal.operations.tell() {
            self.answers.row(answer_row(principal, &people, &answer)?)?;
        }
        Ok(())
    }

    /// What stands beside the answers, and what all was made from; the files, in the order of [`FILES`].
    pub fn end(mut self, assessment: &Assessment, provenance: &Provenance) -> Result<[W; 3], Failure> {
        for account in &assessment.accounts {
            for agreement in &account.agreements {
                self.coverage.row(coverage_row(account, agreement)?)?;
            }
        }
        for finding in &assessment.findings {
            self.findings.row(finding_row(finding))?;
        }
        let about = [
            ("countersign.schema", SCHEMA.to_owned()),
            ("countersign.at", assessment.at.clone()),
            ("countersign.permissionModel", assessment.permission_model.word().to_owned()),
            ("countersign.leavesOut", as_json(&assessment.leaves_out)?),
            ("countersign.completeness", as_json(&assessment.completeness)?),
            ("countersign.provenance", as_json(provenance)?),
        ];
        Ok([self.answers.end(&about)?, self.coverage.end(&about)?, self.findings.end(&about)?])
    }
}

fn as_json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(Failure::internal("JSON"))
}

fn answer_row(principal: &PrincipalAnswer, people: &str, answer: &OperationAnswer) -> Result<[Cell; 26], Failure> {
    let changes = answer.changes.as_ref().map(as_json).transpose()?;
    let any_request = answer.any_request.as_ref().map(as_json).transpose()?;
    Ok([
        Cell::text(&principal.account),
        Cell::text(&principal.principal),
        Cell::text(principal.kind.word()),
        Cell::text(&principal.name),
        Cell::text(people),
        Cell::text(answer.operation),
        Cell::Text(answer.scope.map(|s| s.word().to_owned())),
        Cell::Text(answer.agreement.clone()),
        Cell::Text(answer.report.clone()),
        Cell::Text(answer.member.clone()),
        Cell::text(answer.decision.word()),
        Cell::Text(Some(as_json(&answer.depends_on)?)),
        Cell::Text(answer.message.clone()),
        Cell::Text(answer.detail.clone()),
        Cell::Text(answer.reason.clone()),
        Cell::Text(answer.remedy.clone()),
        Cell::list(&answer.missing),
        Cell::Text(Some(as_json(&answer.denied_by)?)),
        Cell::list(&answer.rests_on),
        Cell::Text(answer.deprecated.clone()),
        Cell::list(&answer.assuming),
        Cell::List(answer.gates.iter().map(|g| g.id.clone()).collect()),
        Cell::Text(Some(as_json(&answer.gates)?)),
        Cell::Text(Some(as_json(&answer.grants)?)),
        Cell::Text(changes),
        Cell::Text(any_request),
    ])
}

fn coverage_row(account: &AccountAnswer, agreement: &AgreementAnswer) -> Result<[Cell; 24], Failure> {
    let governing = agreement.governing.as_ref();
    let hipaa = &account.hipaa;
    Ok([
        Cell::text(&account.account),
        Cell::Text(account.name.clone()),
        Cell::text(&account.partition),
        Cell::text(&account.state),
        Cell::Text(account.organization.clone()),
        Cell::Text(Some(as_json(&account.units)?)),
        Cell::text(account.role.word()),
        Cell::text(&agreement.kind),
        Cell::text(agreement.coverage.word()),
        Cell::Text(governing.map(|g| g.id.clone())),
        Cell::Text(governing.map(|g| g.scope.word().to_owned())),
        Cell::Text(governing.and_then(|g| g.since.clone())),
        Cell::Text(governing.and_then(|g| g.accepted_by.clone())),
        Cell::list(&beside(&agreement.superseded, agreement.superseded_unknown.as_ref())),
        Cell::list(&beside(&agreement.also_in_force, agreement.also_in_force_unknown.as_ref())),
        Cell::Text(agreement.reason.clone()),
        Cell::list(&agreement.assuming),
        Cell::list(&agreement.evidence),
        Cell::list(&agreement.policies),
        Cell::Truth(hipaa.covered),
        Cell::Truth(hipaa.designated),
        Cell::Truth(hipaa.holds_phi),
        Cell::Truth(hipaa.meets_definition),
        Cell::Text(account.phi.as_ref().map(as_json).transpose()?),
    ])
}

fn finding_row(finding: &Finding) -> [Cell; 7] {
    let Finding { rule, name, severity, cites, subject, help, message: _, assuming: _, unknown: _ } = finding;
    [rule, name, severity.word(), cites, subject, &finding.told(), help].map(Cell::text)
}
