//! A first set of expectations, from what holds now.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::assessment::{Assessment, OperationAnswer, PrincipalAnswer};
use crate::problem::Failure;
use crate::terms::{Coverage, Decision, Scope};

#[derive(Default, Serialize)]
struct File<'a> {
    access: Vec<Access<'a>>,
    only: Vec<Only<'a>>,
    coverage: Vec<Governed<'a>>,
}

/// An operation, and on what.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Asked<'a> {
    operation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a str>,
}

#[derive(Serialize)]
struct Access<'a> {
    principal: Vec<&'a str>,
    #[serde(flatten)]
    asked: Asked<'a>,
    expect: Decision,
}

#[derive(Serialize)]
struct Only<'a> {
    principal: Vec<&'a str>,
    #[serde(flatten)]
    asked: Asked<'a>,
}

#[derive(Serialize)]
struct Governed<'a> {
    account: Vec<&'a str>,
    agreement: &'a str,
    expect: Coverage,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
}

const HEAD: &str = "# Expectations that were recorded from what holds: review each, and keep what must hold.\n\
    # `countersign test` runs them.\n";

/// The text of a file: who may do each operation that someone may, that nobody else may, and what covers each account.
/// `None` where there is nothing to record.
pub fn record(assessment: &Assessment) -> Result<Option<String>, Failure> {
    let mut by: BTreeMap<Asked<'_>, BTreeMap<Decision, BTreeSet<&str>>> = BTreeMap::new();
    for principal in &assessment.principals {
        for answer in principal.operations.iter().filter(|o| o.decision != Decision::Deny) {
            by.entry(asked(answer)).or_default().entry(answer.decision).or_default().insert(&principal.principal);
        }
    }
    let mut file = File::default();
    for (asked, decisions) in by {
        for (&expect, principals) in &decisions {
            let principal = principals.iter().copied().collect();
            file.access.push(Access { principal, asked: asked.clone(), expect });
        }
        // people who join later are not among those who may now
        let all: BTreeSet<&str> =
            decisions.into_values().flatten().flat_map(|arn| people_of(assessment, arn)).collect();
        file.only.push(Only { principal: all.into_iter().collect(), asked });
    }
    let mut rows: BTreeMap<(&str, Coverage, Option<Scope>), BTreeSet<&str>> = BTreeMap::new();
    let kinds: BTreeSet<&str> = assessment
        .accounts
        .iter()
        .flat_map(|a| &a.agreements)
        .filter(|r| assessment.hipaa_kinds.contains(&r.kind) || r.coverage != Coverage::NotCovered)
        .map(|r| r.kind.as_str())
        .collect();
    for account in &assessment.accounts {
        for row in account.agreements.iter().filter(|r| kinds.contains(r.kind.as_str())) {
            let scope = row.governing.as_ref().map(|g| g.scope);
            rows.entry((&row.kind, row.coverage, scope)).or_default().insert(&account.account);
        }
    }
    for ((agreement, expect, scope), accounts) in rows {
        file.coverage.push(Governed { account: accounts.into_iter().collect(), agreement, expect, scope });
    }
    if file.access.is_empty() && file.coverage.is_empty() {
        return Ok(None);
    }
    let text = toml::to_string_pretty(&file).map_err(Failure::internal("a file of expectations"))?;
    Ok(Some(format!("{HEAD}\n{text}")))
}

/// Whom an ARN stands for: the people behind a permission set, where all of them are named.
fn people_of<'a>(assessment: &'a Assessment, arn: &'a str) -> Vec<&'a str> {
    let of_arn: Vec<_> = assessment.principals.iter().filter(|p| p.principal == arn).collect();
    let named = |p: &&PrincipalAnswer| !p.people.is_empty() && p.groups.is_empty();
    let people: Vec<&str> = of_arn.iter().flat_map(|p| p.people.iter()).map(|p| p.user_name.as_str()).collect();
    // a name that a principal has too would stand for both
    let taken = |name: &&str| assessment.principals.iter().any(|p| p.name == **name);
    if of_arn.is_empty() || !of_arn.iter().all(named) || people.iter().any(taken) {
        return vec![arn];
    }
    people
}

fn asked(answer: &OperationAnswer) -> Asked<'_> {
    Asked {
        operation: answer.operation,
        scope: answer.scope,
        agreement: answer.agreement.as_deref(),
        report: answer.report.as_deref(),
    }
}
