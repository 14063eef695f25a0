//! Holds expectations against assessments: one assessment a moment and context. What is not met is told as facts.

use std::collections::{BTreeMap, BTreeSet};

use globset::Glob;

use super::{Access, Asked, Expectation, Expected, Governed, Only, Suite};
use crate::assessment::{AgreementAnswer, Assessment, OperationAnswer, Options, PrincipalAnswer};
use crate::assessments::Assessments;
use crate::completeness::others::{self, Others};
use crate::diff::PrincipalEntry;
use crate::diff::differences::Operation;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::naming;
use crate::problem::Failure;
use crate::terms::Decision;
use crate::words::plain;

/// What became of an expectation.
#[derive(Debug)]
pub struct Case {
    /// What is expected, and where it says so.
    pub expectation: Expectation,
    /// The moment that it was held against.
    pub at: Moment,
    /// What is not as expected; nothing where it is met.
    pub unmet: Vec<Unmet>,
}

impl Case {
    /// It is met.
    pub fn passed(&self) -> bool {
        self.unmet.is_empty()
    }
}

/// Something that is not as expected. Who reports it has words for each.
#[derive(Debug)]
pub enum Unmet {
    /// There is no account of this number.
    NoAccount(String),
    /// A name stands for no principal, or for more than one.
    NotNamed(Failure),
    /// A pattern cannot be read.
    InvalidPattern {
        /// The pattern.
        pattern: String,
        /// Why.
        error: globset::ErrorKind,
    },
    /// No principal matches a pattern.
    NoMatch(String),
    /// A principal has no such operation.
    NotAskedOf {
        /// Who.
        principal: PrincipalEntry,
        /// What.
        asked: Asked,
    },
    /// Nobody has such an operation.
    NotAskedOfAnyone(Asked),
    /// A principal has another answer.
    Answered {
        /// Who.
        principal: PrincipalEntry,
        /// The answer.
        answer: Box<OperationAnswer>,
    },
    /// An account does not know the kind of agreement.
    NoKind {
        /// The account.
        account: String,
        /// The kind.
        kind: String,
        /// The kinds that it knows.
        known: Vec<String>,
    },
    /// No account knows the kind of agreement.
    NoKindAnywhere(String),
    /// Others may be there unseen who may do it (D31).
    PerhapsOthers(Box<Others>),
    /// An account's coverage is another.
    Governed {
        /// The account.
        account: String,
        /// What is.
        answer: Box<AgreementAnswer>,
    },
}

/// The moment and the context of an assessment.
type Circumstances<'a> = (Moment, &'a BTreeMap<String, Vec<String>>);

/// Holds all expectations of a suite against the inventory.
pub fn run(suite: &Suite, assessments: &Assessments<'_>, options: &Options) -> Result<Vec<Case>, Failure> {
    let mut groups: BTreeMap<Circumstances<'_>, Vec<usize>> = BTreeMap::new();
    for (index, expectation) in suite.expectations.iter().enumerate() {
        groups.entry((expectation.at.unwrap_or(options.at), &expectation.context)).or_default().push(index);
    }
    let mut cases: BTreeMap<usize, Case> = BTreeMap::new();
    for ((at, context), indices) in groups {
        let own: Vec<(usize, &Expectation)> =
            indices.into_iter().filter_map(|i| Some((i, suite.expectations.get(i)?))).collect();
        let mut options = Options { at, ..options.clone() };
        options.context.extend(context.clone());
        let asked = own.iter().filter_map(|(_, e)| e.asked());
        options.filter.operations =
            asked.map(|a| a.operation.to_owned()).collect::<BTreeSet<_>>().into_iter().collect();
        options.filter.without_principals = options.filter.operations.is_empty();
        let assessment = assessments.at_least(&options)?;
        let held = Held { inventory: assessments.inventory, assessment: &assessment };
        for (index, expectation) in own {
            let mut unmet = held.unmet(expectation);
            if let Expected::Coverage(coverage) = &expectation.of {
                unmet.extend(unlisted(coverage, assessments, &options)?);
            }
            cases.insert(index, Case { expectation: expectation.clone(), at, unmet });
        }
    }
    Ok(cases.into_values().collect())
}

impl Expectation {
    fn asked(&self) -> Option<&Asked> {
        match &self.of {
            Expected::Access(a) => Some(&a.asked),
            Expected::Only(o) => Some(&o.asked),
            Expected::Coverage(_) => None,
        }
    }
}

struct Held<'a> {
    inventory: &'a Inventory,
    assessment: &'a Assessment,
}

impl Held<'_> {
    fn unmet(&self, expectation: &Expectation) -> Vec<Unmet> {
        match &expectation.of {
            Expected::Access(access) => self.access(access),
            Expected::Coverage(coverage) => self.coverage(coverage),
            Expected::Only(only) => self.only(only),
        }
    }

    /// The principals that a name or a pattern stands for; what is wrong where it stands for none.
    fn named(&self, name: &str, accounts: &[String]) -> Result<Vec<PrincipalAnswer>, Box<Unmet>> {
        let all = &self.assessment.principals;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        if name.contains('*') && !all.iter().any(|p| p.principal == name) {
            let invalid = |e: globset::Error| {
                Box::new(Unmet::InvalidPattern { pattern: name.to_owned(), error: e.kind().clone() })
            };
            let glob = Glob::new(name).map_err(invalid)?.compile_matcher();
            let matches = |p: &&PrincipalAnswer| glob.is_match(&p.principal) || glob.is_match(&p.name);
            let found: Vec<_> = all.iter().filter(here).filter(matches).cloned().collect();
            return if found.is_empty() { Err(Box::new(Unmet::NoMatch(name.to_owned()))) } else { Ok(found) };
        }
        naming::principals(self.inventory, accounts, all, name).map_err(|failure| Box::new(Unmet::NotNamed(failure)))
    }

    fn access(&self, access: &Access) -> Vec<Unmet> {
        let mut unmet = self.unknown_accounts(&access.asked.accounts);
        let mut others = Vec::new();
        for name in &access.principals {
            let found = match self.named(name, &access.asked.accounts) {
                Ok(found) => found,
                Err(missing) => {
                    unmet.push(*missing);
                    continue;
                }
            };
            for principal in found {
                let answers: Vec<&OperationAnswer> =
                    principal.operations.iter().filter(|o| is_asked(o, &access.asked)).collect();
                if answers.is_empty() {
                    let asked = access.asked.clone();
                    unmet.push(Unmet::NotAskedOf { principal: PrincipalEntry::of(&principal), asked });
                }
                let other = answers.into_iter().filter(|o| !is_expected(o, access));
                others.extend(other.map(|o| answered(&principal, o)));
            }
        }
        unmet.extend(others);
        // a denial to all whom a pattern matches is one to those who are not listed
        if access.decision == Decision::Deny && access.principals.iter().any(|name| name.contains('*')) {
            unmet.extend(self.perhaps_others(&access.asked, &[]));
        }
        unmet
    }

    fn only(&self, only: &Only) -> Vec<Unmet> {
        let mut unmet = self.unknown_accounts(&only.asked.accounts);
        let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
        for name in &only.principals {
            match self.named(name, &only.asked.accounts) {
                Ok(found) => expected.extend(found.into_iter().map(|p| (p.account, p.principal))),
                Err(missing) => unmet.push(*missing),
            }
        }
        let accounts = &only.asked.accounts;
        let here = self.assessment.principals.iter().filter(|p| accounts.is_empty() || accounts.contains(&p.account));
        let mut none = true;
        for principal in here {
            for operation in principal.operations.iter().filter(|o| is_asked(o, &only.asked)) {
                none = false;
                let listed = expected.contains(&(principal.account.clone(), principal.principal.clone()));
                // what may be allowed counts as allowed
                if operation.decision != Decision::Deny && !listed {
                    unmet.push(answered(principal, operation));
                }
            }
        }
        if none {
            unmet.push(Unmet::NotAskedOfAnyone(only.asked.clone()));
        }
        unmet.extend(self.perhaps_others(&only.asked, &only.principals));
        unmet
    }

    /// Who may be there unseen, beside those that are named: whoever has a permission set that is named is among them.
    fn perhaps_others(&self, asked: &Asked, named: &[String]) -> Vec<Unmet> {
        let here = |o: &Others| match &o.account {
            Some(account) => asked.accounts.is_empty() || asked.accounts.contains(account),
            None => asked.accounts.is_empty(),
        };
        let is_named = |o: &Others| o.permission_set.as_ref().is_some_and(|set| named.contains(set));
        let found = self.assessment.perhaps_others(|operation| is_of(operation, asked));
        found.filter(|o| here(o) && !is_named(o)).map(|o| Unmet::PerhapsOthers(Box::new(o))).collect()
    }

    fn coverage(&self, coverage: &Governed) -> Vec<Unmet> {
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

    fn unknown_accounts(&self, accounts: &[String]) -> Vec<Unmet> {
        let known = |a: &&String| self.assessment.accounts.iter().any(|k| k.account == **a);
        accounts.iter().filter(|a| !known(a)).map(|a| Unmet::NoAccount(a.clone())).collect()
    }
}

/// What is expected of all accounts is expected of those that were not listed, too.
fn unlisted(coverage: &Governed, assessments: &Assessments<'_>, options: &Options) -> Result<Vec<Unmet>, Failure> {
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

fn answered(principal: &PrincipalAnswer, answer: &OperationAnswer) -> Unmet {
    Unmet::Answered { principal: PrincipalEntry::of(principal), answer: Box::new(answer.clone()) }
}

fn is_asked(answer: &OperationAnswer, asked: &Asked) -> bool {
    is_of(&Operation::of(answer), asked)
}

fn is_of(operation: &Operation, asked: &Asked) -> bool {
    let is = |expected: &Option<String>, actual: &Option<String>| expected.is_none() || expected == actual;
    operation.operation == asked.operation
        && asked.scope.is_none_or(|s| operation.scope == Some(s))
        && is(&asked.agreement, &operation.agreement)
        && is(&asked.report, &operation.report)
}

fn is_expected(answer: &OperationAnswer, access: &Access) -> bool {
    let shown = answer.message.as_ref().or(answer.reason.as_ref());
    let says = |message: &String| shown.is_some_and(|s| plain(s) == plain(message));
    answer.decision == access.decision && access.message.as_ref().is_none_or(says)
}
