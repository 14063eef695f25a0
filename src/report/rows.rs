//! Answers as tables, for CSV and Markdown: a row an answer, or an account and kind of agreement.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::plain::{Names, can, lacking, who};
use super::table::Table;
use super::who_can::{self, Escalations};
use super::{Shown, completeness, plan, sentences};
use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::{AccountAnswer, Assessment, OperationAnswer, PrincipalAnswer, beside};
use countersign_core::people::Roles;
use countersign_core::terms::Decision;

const ANSWERS: [&str; 22] = [
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
    "member",
    "console message",
    "reason",
    "depends on",
    "missing",
    "denied by",
    "what would change it",
    "stands behind",
    "may grant itself",
    "assuming",
    "another governs",
];

/// What stands beside answers about principals: who may become their roles, and what they may grant themselves.
#[derive(Clone, Copy, Default)]
pub struct Besides<'a> {
    /// Who stands behind roles, where that was asked.
    pub roles: Option<&'a Roles>,
    /// What principals may grant themselves.
    pub grants: Option<&'a Escalations>,
    /// How whoever is asked about becomes a role, by its ARN.
    pub ways: Option<&'a BTreeMap<String, String>>,
}

impl Besides<'_> {
    fn behind(&self, principal: &PrincipalAnswer, answer: &OperationAnswer) -> String {
        if let Some(way) = self.ways.and_then(|ways| ways.get(&principal.principal)) {
            return way.clone();
        }
        let behind = self.roles.and_then(|roles| roles.get(&principal.principal));
        let behind = behind.filter(|_| answer.decision != Decision::Deny);
        behind.map(|b| who_can::behind(b).join("; ")).unwrap_or_default()
    }

    fn grants(&self, principal: &PrincipalAnswer) -> String {
        let key = (principal.account.clone(), principal.principal.clone());
        let ways = self.grants.and_then(|grants| grants.get(&key)).into_iter().flatten();
        let told = ways.map(|way| {
            let on = if way.on == principal.principal { "itself" } else { &way.on };
            sentences::perhaps(way.certain, &format!("{} on {on}", way.action))
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

/// The rows of a question about who, and what belongs to its answer: who may grant themselves what is missing, whatever else is, and those
/// who are not listed.
pub fn who<'a>(
    assessment: &'a Assessment,
    names: Names<'_>,
    besides: Besides<'_>,
    shown: Vec<who_can::Row<'a>>,
) -> Table {
    let grants = |p: &PrincipalAnswer| {
        let key = (p.account.clone(), p.principal.clone());
        besides.grants.is_some_and(|grants| grants.contains_key(&key))
    };
    let answers_shown: HashSet<*const OperationAnswer> =
        shown.iter().map(|(_, answer)| std::ptr::from_ref(*answer)).collect();
    let is_shown = |(_, answer): &who_can::Row<'_>| answers_shown.contains(&std::ptr::from_ref(*answer));
    let all = assessment.principals.iter().filter(|p| grants(p));
    let all = all.flat_map(|p| p.operations.iter().map(move |o| (p, o)));
    let others: Vec<who_can::Row<'a>> = all.filter(|row| !is_shown(row)).collect();
    let table = answers(assessment, names, besides, shown.iter().chain(&others).copied());
    unlisted(table, &assessment.completeness.perhaps_others)
}

/// The same with the agreements that nobody can end by what is asked, in a sentence each.
pub fn elsewhere(mut table: Table, sentences: &[String]) -> Table {
    for sentence in sentences {
        let told = [("answer", "no"), ("who", "nobody, by this operation"), ("reason", sentence.as_str())];
        table.rows.push(row_of(&table, &told));
    }
    table
}

/// A row of which some columns are told.
fn row_of(table: &Table, told: &[(&str, &str)]) -> Vec<String> {
    let cell = |name: &&str| told.iter().find(|(column, _)| column == name).map(|(_, text)| (*text).to_owned());
    table.header.iter().map(|name| cell(name).unwrap_or_default()).collect()
}

/// The same with those who may be there unseen, a row each: of whom it is not known is no less an answer (D31).
pub fn unlisted(mut table: Table, others: &[Others]) -> Table {
    for who in completeness::others(others) {
        let told = [("answer", "unknown"), ("who", who_can::OTHERS), ("reason", who.as_str())];
        table.rows.push(row_of(&table, &told));
    }
    table
}

/// The answers of an assessment that are wanted, a row each.
pub fn answers<'a>(
    assessment: &'a Assessment,
    names: Names<'_>,
    besides: Besides<'_>,
    rows: impl Iterator<Item = (&'a PrincipalAnswer, &'a OperationAnswer)>,
) -> Table {
    let mut table = Table::new(&ANSWERS);
    for (principal, answer) in rows {
        let account = assessment.account(&principal.account);
        let depends = answer.depends_on.iter().map(|d| sentences::depends(&d.key, &d.allows));
        let changes = answer.changes.iter().flat_map(plan::lines).map(|(label, text)| format!("{label}: {text}"));
        let any = answer.any_request.as_ref().map(|any| Shown::from(any.decision).words.to_owned());
        // of an answer that is not known, what it depends on is told
        let (missing, denied) = match answer.decision {
            Decision::Deny => lacking::cells(answer, names),
            _ => (String::new(), String::new()),
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
            answer.member.clone().unwrap_or_default(),
            answer.message.clone().unwrap_or_default(),
            answer.reason.clone().unwrap_or_default(),
            depends.collect::<Vec<_>>().join("; "),
            missing,
            denied,
            changes.collect::<Vec<_>>().join("; "),
            besides.behind(principal, answer),
            besides.grants(principal),
            answer.assuming.join("; "),
            who::another_governs(assessment, principal, answer).unwrap_or_default().to_owned(),
        ]);
    }
    table
}

const COVERAGE: [&str; 18] = [
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
    "assuming",
];

/// The same with accounts that were not listed, a row an organization and kind of agreement: of them it is unknown, and who reads the rows
/// alone would take those for all (D31).
pub fn others(mut table: Table, organizations: &[String], kinds: &BTreeSet<&str>, column: &str) -> Table {
    for organization in organizations {
        let (who, why) = (other_accounts(organization), "its accounts were not all listed");
        for kind in kinds {
            let told = [
                ("account", who.as_str()),
                ("organization", organization.as_str()),
                (column, *kind),
                ("coverage", "unknown"),
                ("unknown because", why),
                ("reason", why),
            ];
            let row = row_of(&table, &told);
            table.rows.push(row);
        }
    }
    table
}

/// What the place of accounts that were not listed begins with.
pub const OTHER_ACCOUNTS: &str = "other accounts of ";

/// Who stands in the place of accounts that were not listed.
pub fn other_accounts(organization: &str) -> String {
    format!("{OTHER_ACCOUNTS}{organization}")
}

/// Coverage, a row an account and kind of agreement that is shown. `undated`: what of another moment is taken for granted (D22).
pub fn coverage(accounts: &[AccountAnswer], undated: Option<&String>, shows: impl Fn(&str) -> bool) -> Table {
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
                beside(&row.superseded, row.superseded_unknown.as_ref()).join("; "),
                beside(&row.also_in_force, row.also_in_force_unknown.as_ref()).join("; "),
                row.reason.clone().unwrap_or_default(),
                fact(account.hipaa.designated),
                fact(account.hipaa.holds_phi),
                fact(account.hipaa.meets_definition),
                row.assuming.iter().chain(undated).cloned().collect::<Vec<_>>().join("; "),
            ]);
        }
    }
    table
}
