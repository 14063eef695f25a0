//! Holds expectations against assessments: one assessment a moment and context. What is not met is told as facts.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage;
use super::unmet::Unmet;
use super::{Asked, Expectation, Expected, Suite};
use crate::assessment::{Assessment, Operation, OperationAnswer, Options};
use crate::assessments::Assessments;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::people::{self, Roles};
use crate::problem::Failure;

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

/// The moment, the context and the state of an assessment.
type Circumstances<'a> = (Moment, &'a BTreeMap<String, Vec<String>>, bool);

/// Holds all expectations of a suite against the inventory.
pub fn run(suite: &Suite, assessments: &Assessments<'_>, options: &Options) -> Result<Vec<Case>, Failure> {
    let mut groups: BTreeMap<Circumstances<'_>, Vec<usize>> = BTreeMap::new();
    for (index, expectation) in suite.expectations.iter().enumerate() {
        let at = expectation.at.unwrap_or(options.at);
        groups.entry((at, &expectation.context, expectation.any_state)).or_default().push(index);
    }
    let mut cases: BTreeMap<usize, Case> = BTreeMap::new();
    for ((at, context, any_state), indices) in groups {
        let own: Vec<(usize, &Expectation)> =
            indices.into_iter().filter_map(|i| Some((i, suite.expectations.get(i)?))).collect();
        let mut options = Options { at, any_state, ..options.clone() };
        options.context.extend(context.clone());
        let asked = own.iter().filter_map(|(_, e)| e.asked());
        options.filter.operations =
            asked.map(|a| a.operation.to_owned()).collect::<BTreeSet<_>>().into_iter().collect();
        options.filter.without_principals = options.filter.operations.is_empty();
        let assessment = assessments.at_least(&options)?;
        let roles = people::behind((assessments.inventory, assessments.rules), &options, &assessment.principals)?;
        let held = Held { inventory: assessments.inventory, assessment: &assessment, roles: &roles };
        for (index, expectation) in own {
            let mut unmet = held.unmet(expectation);
            if let Expected::Coverage(governed) = &expectation.of {
                unmet.extend(coverage::unlisted(governed, assessments, &options)?);
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

/// What expectations are held against.
pub(super) struct Held<'a> {
    pub inventory: &'a Inventory,
    pub assessment: &'a Assessment,
    /// Who stands behind the roles that may do something.
    pub roles: &'a Roles,
}

impl Held<'_> {
    fn unmet(&self, expectation: &Expectation) -> Vec<Unmet> {
        match &expectation.of {
            Expected::Access(access) => self.access(access),
            Expected::Coverage(coverage) => self.coverage(coverage),
            Expected::Only(only) => self.only(only),
        }
    }

    pub(super) fn unknown_accounts(&self, accounts: &[String]) -> Vec<Unmet> {
        let all = &self.assessment.accounts;
        let known = |a: &&String| all.iter().any(|k| k.account == **a);
        let named =
            |name: &String| all.iter().filter(|a| a.name.as_ref() == Some(name)).map(|a| a.account.clone()).collect();
        let none = |a: &String| Unmet::NoAccount { written: a.clone(), named: named(a) };
        accounts.iter().filter(|a| !known(a)).map(none).collect()
    }
}

pub(super) fn is_asked(answer: &OperationAnswer, asked: &Asked) -> bool {
    is_of(&Operation::of(answer), asked)
}

pub(super) fn is_of(operation: &Operation, asked: &Asked) -> bool {
    let is = |expected: &Option<String>, actual: &Option<String>| expected.is_none() || expected == actual;
    operation.operation == asked.operation
        && asked.scope.is_none_or(|s| operation.scope == Some(s))
        && is(&asked.agreement, &operation.agreement)
        && is(&asked.report, &operation.report)
}
