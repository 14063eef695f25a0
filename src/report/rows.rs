//! Answers as tables, for CSV and Markdown: a row an answer, or an account and kind of agreement.

use super::plain::{Names, can, lacking, who};
use super::table::Table;
use super::{Shown, plan, sentences};
use countersign_core::assessment::{AccountAnswer, Assessment, OperationAnswer, PrincipalAnswer};
use countersign_core::terms::Decision;

const ANSWERS: [&str; 17] = [
    "answer",
    "who",
    "people",
    "kind",
    "principal",
    "account",
    "account name",
    "operation",
    "agreement",
    "scope",
    "report",
    "console message",
    "reason",
    "depends on",
    "missing",
    "denied by",
    "what would change it",
];

/// The answers of an assessment that are wanted, a row each.
pub fn answers<'a>(
    assessment: &'a Assessment,
    names: Names<'_>,
    rows: impl Iterator<Item = (&'a PrincipalAnswer, &'a OperationAnswer)>,
) -> Table {
    let mut table = Table::new(&ANSWERS);
    for (principal, answer) in rows {
        let account = assessment.accounts.iter().find(|a| a.account == principal.account);
        let depends = answer.depends_on.iter().map(|d| sentences::depends(&d.key, &d.allows));
        let changes = answer.changes.iter().flat_map(plan::lines).map(|(label, text)| format!("{label}: {text}"));
        let any = answer.any_request.as_ref().map(|any| Shown::from(any.decision).words.to_owned());
        let (missing, denied) = match answer.decision {
            Decision::Allow => (String::new(), String::new()),
            _ => lacking::cells(answer, names),
        };
        table.rows.push(vec![
            any.unwrap_or_else(|| can::word(answer.decision).to_lowercase()),
            names.principal(principal),
            who::people(principal).join("; "),
            principal.kind.to_string(),
            principal.principal.clone(),
            principal.account.clone(),
            account.and_then(|a| a.name.clone()).unwrap_or_default(),
            answer.operation.to_owned(),
            answer.agreement.clone().unwrap_or_default(),
            answer.scope.map(|s| s.to_string()).unwrap_or_default(),
            answer.report.clone().unwrap_or_default(),
            answer.message.clone().unwrap_or_default(),
            answer.reason.clone().unwrap_or_default(),
            depends.collect::<Vec<_>>().join("; "),
            missing,
            denied,
            changes.collect::<Vec<_>>().join("; "),
        ]);
    }
    table
}

const COVERAGE: [&str; 17] = [
    "account",
    "name",
    "partition",
    "state",
    "organization",
    "role",
    "agreement",
    "coverage",
    "scope",
    "governing",
    "since",
    "superseded",
    "also in force",
    "unknown because",
    "designated",
    "holds PHI",
    "meets definition",
];

/// Coverage, a row an account and kind of agreement that is shown.
pub fn coverage(accounts: &[AccountAnswer], shows: impl Fn(&str) -> bool) -> Table {
    let mut table = Table::new(&COVERAGE);
    for account in accounts {
        for row in account.agreements.iter().filter(|r| shows(&r.kind)) {
            let governing = row.governing.as_ref();
            let fact = |fact: Option<bool>| Shown::from(fact).words.to_owned();
            table.rows.push(vec![
                account.account.clone(),
                account.name.clone().unwrap_or_default(),
                account.partition.clone(),
                account.state.clone(),
                account.organization.clone().unwrap_or_default(),
                account.role.to_string(),
                row.kind.clone(),
                Shown::from(row.coverage).words.to_owned(),
                governing.map(|g| g.scope.to_string()).unwrap_or_default(),
                governing.map(|g| g.id.clone()).unwrap_or_default(),
                governing.map(|g| g.since.clone().unwrap_or_else(|| "unknown".to_owned())).unwrap_or_default(),
                row.superseded.join("; "),
                row.also_in_force.join("; "),
                row.reason.clone().unwrap_or_default(),
                fact(account.hipaa.designated),
                fact(account.hipaa.holds_phi),
                fact(account.hipaa.meets_definition),
            ]);
        }
    }
    table
}
