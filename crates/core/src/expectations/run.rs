//! Holds expectations against assessments: one assessment a moment and context.

use std::collections::{BTreeMap, BTreeSet};

use globset::Glob;
use serde::Serialize;

use super::{Access, Asked, Coverage, Expectation, Expected, Only, Suite};
use crate::assessment::{AgreementAnswer, Assessment, OperationAnswer, Options, PrincipalAnswer, assess};
use crate::diff::differences::Operation;
use crate::inventory::Inventory;
use crate::moment::{self, Moment};
use crate::naming;
use crate::policies::RuleBook;
use crate::problem::{Failure, Unknown, did_you_mean};
use crate::words::{answers, plain};

/// What became of an expectation.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The file that holds it.
    pub file: String,
    /// One-based line.
    pub line: usize,
    /// Its name, or what it says.
    pub name: String,
    /// The moment that it was held against.
    pub at: String,
    /// It is met.
    pub passed: bool,
    /// What is expected, in words.
    pub expected: String,
    /// What is, where that is something else: a line for each principal or account.
    pub actual: Vec<Actual>,
}

/// What is not as expected.
#[derive(Clone, Debug, Serialize)]
pub struct Actual {
    /// Who or what.
    pub subject: String,
    /// What is.
    pub is: String,
    /// Why.
    pub why: Vec<String>,
}

impl Actual {
    fn missing(is: impl Into<String>) -> Self {
        Self { subject: String::new(), is: is.into(), why: Vec::new() }
    }
}

/// The moment and the context of an assessment.
type Asking<'a> = (Moment, &'a BTreeMap<String, Vec<String>>);

/// Holds all expectations of a suite against the inventory.
pub fn run(suite: &Suite, inventory: &Inventory, rules: &RuleBook, options: &Options) -> Result<Vec<Case>, Failure> {
    let mut groups: BTreeMap<Asking<'_>, Vec<usize>> = BTreeMap::new();
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
        let assessment = assess(inventory, rules, &options)?;
        let held = Held { inventory, assessment: &assessment };
        for (index, expectation) in own {
            cases.insert(index, held.case(expectation, at));
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
    fn case(&self, expectation: &Expectation, at: Moment) -> Case {
        let (expected, actual) = match &expectation.of {
            Expected::Access(access) => (access_words(access), self.access(access)),
            Expected::Coverage(coverage) => (coverage_words(coverage), self.coverage(coverage)),
            Expected::Only(only) => (only_words(only), self.only(only)),
        };
        Case {
            file: expectation.place.source.path.clone(),
            line: expectation.place.line(),
            name: expectation.title(),
            at: moment::format(at),
            passed: actual.is_empty(),
            expected,
            actual,
        }
    }

    /// The principals that a name or a pattern stands for; what is wrong where it stands for none.
    fn named(&self, name: &str, accounts: &[String]) -> Result<Vec<PrincipalAnswer>, Actual> {
        let all = &self.assessment.principals;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        if name.contains('*') && !all.iter().any(|p| p.principal == name) {
            let glob = Glob::new(name)
                .map_err(|e| Actual::missing(format!("`{name}` is not a valid pattern: {}", e.kind())))?;
            let glob = glob.compile_matcher();
            let found: Vec<_> = all
                .iter()
                .filter(here)
                .filter(|p| glob.is_match(&p.principal) || glob.is_match(&p.name))
                .cloned()
                .collect();
            return if found.is_empty() {
                Err(Actual::missing(format!("no principal matches `{name}`")))
            } else {
                Ok(found)
            };
        }
        naming::principals(self.inventory, accounts, all, name).map_err(|failure| {
            let near = match &failure {
                Failure::Unknown(unknown) => unknown.iter().find_map(Unknown::near),
                _ => None,
            };
            let near = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            Actual::missing(format!("{failure}{near}"))
        })
    }

    fn access(&self, access: &Access) -> Vec<Actual> {
        let mut actual = self.unknown_accounts(&access.asked.accounts);
        let mut others = Vec::new();
        for name in &access.principals {
            let found = match self.named(name, &access.asked.accounts) {
                Ok(found) => found,
                Err(missing) => {
                    actual.push(missing);
                    continue;
                }
            };
            for principal in found {
                let answers: Vec<&OperationAnswer> =
                    principal.operations.iter().filter(|o| is_asked(o, &access.asked)).collect();
                if answers.is_empty() {
                    let is = format!("there is no {} there", access.asked.words());
                    actual.push(Actual { subject: who(&principal), is, why: Vec::new() });
                }
                let other = answers.into_iter().filter(|o| !is_expected(o, access));
                others.extend(other.map(|o| (who(&principal), o.clone())));
            }
        }
        actual.extend(answered(&others));
        actual
    }

    fn only(&self, only: &Only) -> Vec<Actual> {
        let mut actual = self.unknown_accounts(&only.asked.accounts);
        let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
        for name in &only.principals {
            match self.named(name, &only.asked.accounts) {
                Ok(found) => expected.extend(found.into_iter().map(|p| (p.account, p.principal))),
                Err(missing) => actual.push(missing),
            }
        }
        let accounts = &only.asked.accounts;
        let here = self.assessment.principals.iter().filter(|p| accounts.is_empty() || accounts.contains(&p.account));
        let (mut none, mut others) = (true, Vec::new());
        for principal in here {
            for operation in principal.operations.iter().filter(|o| is_asked(o, &only.asked)) {
                none = false;
                let listed = expected.contains(&(principal.account.clone(), principal.principal.clone()));
                // what may be allowed counts as allowed
                if operation.decision != "deny" && !listed {
                    others.push((who(principal), operation.clone()));
                }
            }
        }
        actual.extend(answered(&others));
        if none {
            actual.push(Actual::missing(format!("there is no {} in this inventory", only.asked.words())));
        }
        actual
    }

    fn coverage(&self, coverage: &Coverage) -> Vec<Actual> {
        let mut actual = self.unknown_accounts(&coverage.accounts);
        let accounts = &coverage.accounts;
        let here = self.assessment.accounts.iter().filter(|a| accounts.is_empty() || accounts.contains(&a.account));
        let mut answered = false;
        for account in here {
            let Some(row) = account.agreements.iter().find(|r| r.kind == coverage.agreement) else {
                if !accounts.is_empty() {
                    let kinds: Vec<&str> = account.agreements.iter().map(|r| r.kind.as_str()).collect();
                    let near = did_you_mean(&coverage.agreement, kinds).map(|k| format!(", did you mean `{k}`?"));
                    let is = format!("there is no agreement `{}`{}", coverage.agreement, near.unwrap_or_default());
                    actual.push(Actual { subject: format!("account {}", account.account), is, why: Vec::new() });
                }
                continue;
            };
            answered = true;
            let governing = row.governing.as_ref();
            let met = row.coverage == coverage.coverage.word()
                && coverage.scope.as_ref().is_none_or(|s| governing.is_some_and(|g| g.scope == s))
                && coverage.by.as_ref().is_none_or(|by| governing.is_some_and(|g| g.id == *by));
            if !met {
                actual.push(covered(&account.account, row));
            }
        }
        if !answered && actual.is_empty() {
            actual.push(Actual::missing(format!("no account has an agreement of kind `{}`", coverage.agreement)));
        }
        actual
    }

    fn unknown_accounts(&self, accounts: &[String]) -> Vec<Actual> {
        let known = |a: &&String| self.assessment.accounts.iter().any(|k| k.account == **a);
        accounts.iter().filter(|a| !known(a)).map(|a| Actual::missing(format!("there is no account {a}"))).collect()
    }
}

fn is_asked(answer: &OperationAnswer, asked: &Asked) -> bool {
    let is = |expected: &Option<String>, actual: Option<&str>| expected.as_deref().is_none_or(|e| actual == Some(e));
    answer.operation == asked.operation
        && is(&asked.scope, answer.scope)
        && is(&asked.agreement, answer.agreement.as_deref())
        && is(&asked.report, answer.report.as_deref())
}

fn is_expected(answer: &OperationAnswer, access: &Access) -> bool {
    let shown = answer.message.as_ref().or(answer.reason.as_ref());
    let says = |message: &String| shown.is_some_and(|s| plain(s) == plain(message));
    answer.decision == access.decision.word() && access.message.as_ref().is_none_or(says)
}

fn who(principal: &PrincipalAnswer) -> String {
    crate::words::principal(principal.kind, &principal.name, &principal.account)
}

/// Answers by what they say and why: those that are alike together, first by operations, then by principals.
fn answered(given: &[(String, OperationAnswer)]) -> Vec<Actual> {
    let mut operations: BTreeMap<(&str, String, Vec<String>), Vec<Operation>> = BTreeMap::new();
    for (who, answer) in given {
        let shown = answer.message.as_ref().or(answer.reason.as_ref()).map(|s| format!(" — {s}"));
        let words = format!("{}\n{}", answer.decision, shown.unwrap_or_default());
        let key = (who.as_str(), words, answers::why(answer));
        operations.entry(key).or_default().push(Operation::of(answer));
    }
    let mut subjects: BTreeMap<(String, Vec<String>), Vec<&str>> = BTreeMap::new();
    for ((who, words, why), operations) in operations {
        let (decision, shown) = words.split_once('\n').unwrap_or((&words, ""));
        let is = format!("{decision} {}{shown}", answers::operations(&operations));
        subjects.entry((is, why)).or_default().push(who);
    }
    let actual = |((is, why), who): ((String, Vec<String>), Vec<&str>)| Actual { subject: who.join(", "), is, why };
    subjects.into_iter().map(actual).collect()
}

fn covered(account: &str, row: &AgreementAnswer) -> Actual {
    let by = row.governing.as_ref().map(|g| format!(" by the {} agreement {}", g.scope, g.id)).unwrap_or_default();
    let is = format!("{} {}{by}", row.kind, row.coverage.replace('-', " "));
    let mut why: Vec<String> = row.reason.iter().cloned().collect();
    if !row.policies.is_empty() {
        why.push(format!("by {}", row.policies.join(", ")));
    }
    why.extend(row.evidence.iter().cloned());
    Actual { subject: format!("account {account}"), is, why }
}

fn access_words(access: &Access) -> String {
    match &access.message {
        Some(message) => format!("{} — {message}", access.decision.word()),
        None => access.decision.word().to_owned(),
    }
}

fn coverage_words(coverage: &Coverage) -> String {
    let by = match (&coverage.by, &coverage.scope) {
        (Some(by), _) => format!(" by {by}"),
        (None, Some(scope)) => format!(" by an agreement of scope {scope}"),
        (None, None) => String::new(),
    };
    format!("{}{by}", coverage.coverage.word().replace('-', " "))
}

fn only_words(only: &Only) -> String {
    match only.principals.as_slice() {
        [] => "nobody".to_owned(),
        principals => format!("nobody but {}", principals.join(", ")),
    }
}
