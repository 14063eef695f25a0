//! `[[coverage]]`: which agreement governs an account.

use super::Governed;
use super::run::Held;
use super::unmet::Unmet;
use crate::assessment::completeness::others;
use crate::assessment::{AgreementAnswer, Options};
use crate::assessments::Assessments;
use crate::problem::Failure;

impl Held<'_> {
    pub(super) fn coverage(&self, coverage: &Governed) -> Vec<Unmet> {
        let mut unmet = self.unknown_accounts(&coverage.accounts);
        let accounts = &coverage.accounts;
        let here = self.assessment.accounts.iter().filter(|a| accounts.is_empty() || accounts.contains(&a.account));
        let mut answered = false;
        for account in here {
            let Some(row) = account.agreements.iter().find(|r| r.kind == coverage.agreement) else {
                if !accounts.is_empty() {
                    let known = account.agreements.iter().map(|r| r.kind.clone()).collect();
                    let (account, kind) = (account.account.clone(), coverage.agreement.clone());
                    unmet.push(Unmet::NoKind { account, kind, known });
                }
                continue;
            };
            answered = true;
            if !is_governed(row, coverage) {
                unmet.push(Unmet::Governed { account: account.account.clone(), answer: Box::new(row.clone()) });
            }
        }
        if !answered && unmet.is_empty() {
            unmet.push(Unmet::NoKindAnywhere(coverage.agreement.clone()));
        }
        unmet
    }
}

/// What is expected of all accounts is expected of those that were not listed, too.
pub(super) fn unlisted(
    coverage: &Governed,
    assessments: &Assessments<'_>,
    options: &Options,
) -> Result<Vec<Unmet>, Failure> {
    if !coverage.accounts.is_empty() || !options.filter.accounts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = others::unlisted_coverage(assessments.inventory, assessments.rules, options, &coverage.agreement)?;
    let other = rows.into_iter().filter(|(_, row)| !is_governed(row, coverage));
    Ok(other.map(|(account, row)| Unmet::Governed { account, answer: Box::new(row) }).collect())
}

fn is_governed(row: &AgreementAnswer, coverage: &Governed) -> bool {
    let governing = row.governing.as_ref();
    row.coverage == coverage.coverage
        && coverage.scope.is_none_or(|s| governing.is_some_and(|g| g.scope == s))
        && coverage.by.as_ref().is_none_or(|by| governing.is_some_and(|g| g.id == *by))
}
