//! Assessments of one inventory that several parts of a run ask for: each is made once.

use std::cell::RefCell;
use std::sync::Arc;

use crate::assessment::{Assessment, Filter, Options, assess};
use crate::inventory::Inventory;
use crate::policies::RuleBook;
use crate::problem::Failure;

/// The assessments of an inventory that were made so far.
pub struct Assessments<'a> {
    /// What is assessed.
    pub inventory: &'a Inventory,
    /// By which rules.
    pub rules: &'a RuleBook,
    made: RefCell<Vec<(Options, Arc<Assessment>)>>,
}

impl<'a> Assessments<'a> {
    /// None yet.
    pub fn new(inventory: &'a Inventory, rules: &'a RuleBook) -> Self {
        Self { inventory, rules, made: RefCell::default() }
    }

    /// An assessment that answers all that is asked, and maybe more: one that was made for the same question of more
    /// principals, operations or agreements will do. Its findings are those of what it was made for.
    pub fn at_least(&self, options: &Options) -> Result<Arc<Assessment>, Failure> {
        if let Some(made) = self.made(options) {
            return Ok(made);
        }
        let assessment = Arc::new(assess(self.inventory, self.rules, options)?);
        self.made.borrow_mut().push((options.clone(), assessment.clone()));
        Ok(assessment)
    }

    /// The same, if it was made.
    pub fn made(&self, options: &Options) -> Option<Arc<Assessment>> {
        let made = self.made.borrow();
        let found = made.iter().find(|(own, _)| own.answers(options));
        found.map(|(_, assessment)| assessment.clone())
    }
}

impl Options {
    /// An assessment under these options has every answer of one under the others.
    fn answers(&self, others: &Self) -> bool {
        let Self {
            at,
            snapshot,
            undated,
            model,
            context,
            any_request,
            any_state,
            by_the_call,
            grants_itself,
            by_itself,
            threads: _,
            filter,
        } = self;
        (*at, *snapshot, *undated, *model, *any_request, *any_state, *by_itself, *by_the_call)
            == (
                others.at,
                others.snapshot,
                others.undated,
                others.model,
                others.any_request,
                others.any_state,
                others.by_itself,
                others.by_the_call,
            )
            && (*grants_itself || !others.grants_itself)
            && *context == others.context
            && filter.includes(&others.filter)
    }
}

impl Filter {
    /// What this filter leaves out, the other leaves out too.
    fn includes(&self, other: &Self) -> bool {
        fn all<T: PartialEq>(own: &[T], other: &[T]) -> bool {
            own.is_empty() || own == other
        }
        let Self { accounts, principals, agreements, operations, scopes, reports, .. } = self;
        let Self { without_principals, principals_in, answers_alone, .. } = self;
        // an empty list of accounts is all of them, also where an expectation names one that was narrowed away
        *accounts == other.accounts
            && (principals.is_none() || *principals == other.principals)
            && all(agreements, &other.agreements)
            && all(operations, &other.operations)
            && all(scopes, &other.scopes)
            && all(reports, &other.reports)
            && (!without_principals || other.without_principals)
            && (principals_in.is_none() || *principals_in == other.principals_in)
            && (!answers_alone || other.answers_alone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assessment_is_used_for_what_it_answers_and_nothing_else() {
        let plain = Options::default();
        let narrow = |filter: Filter| Options { filter, ..Options::default() };
        let terminate = narrow(Filter { operations: vec!["terminate-agreement".to_owned()], ..Filter::default() });
        let coverage = narrow(Filter { without_principals: true, ..Filter::default() });
        let here = narrow(Filter { accounts: vec!["111111111111".to_owned()], ..Filter::default() });
        let within = narrow(Filter { principals_in: Some(Default::default()), ..Filter::default() });
        let alone = narrow(Filter { answers_alone: true, ..Filter::default() });
        for narrower in [&plain, &terminate, &coverage, &within, &alone] {
            assert!(plain.answers(narrower), "{narrower:?}");
        }
        for narrower in [&terminate, &coverage, &within, &alone] {
            assert!(!narrower.answers(&plain) && narrower.answers(narrower), "{narrower:?}");
        }
        assert!(!plain.answers(&here) && !here.answers(&plain), "which accounts there are is an answer too");
        assert!(!terminate.answers(&within) && !within.answers(&terminate), "neither has all that the other has");
        let mut others =
            vec![Options { any_request: true, ..plain.clone() }, Options { any_state: true, ..plain.clone() }];
        others.push(Options { by_the_call: true, ..plain.clone() });
        others.push(Options { at: plain.at + chrono::Duration::days(1), ..plain.clone() });
        others.push(Options { snapshot: plain.at + chrono::Duration::days(1), ..plain.clone() });
        others.push(Options { model: crate::terms::PermissionModel::Classic, ..plain.clone() });
        others.push(Options { context: [("aws:sourceip".to_owned(), Vec::new())].into(), ..plain.clone() });
        for other in &others {
            assert!(!plain.answers(other) && !other.answers(&plain), "{other:?}");
        }
    }
}
