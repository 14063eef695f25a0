//! Holds expectations against assessments: one assessment a moment and context. What is not met is told as facts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use globset::Glob;

use super::{Access, Asked, Expectation, Expected, Governed, Only, Suite};
use crate::assessment::Operation;
use crate::assessment::completeness::others::{self, Others};
use crate::assessment::completeness::person;
use crate::assessment::{AgreementAnswer, Answers, Assessment, OperationAnswer, Options, PrincipalAnswer};
use crate::assessments::Assessments;
use crate::diff::PrincipalEntry;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::naming;
use crate::people::{self, Assumer, Other, Roles, Unlisted};
use crate::problem::Failure;
use crate::terms::{Decision, PrincipalKind};
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
    /// A principal may do it, or perhaps may, by assuming roles.
    Assumes {
        /// Who.
        principal: PrincipalEntry,
        /// The roles that are assumed one after the other.
        roles: Vec<String>,
        /// False where whether it may assume them depends on what is not known.
        certain: bool,
        /// The answer of the last of them.
        answer: Box<OperationAnswer>,
    },
    /// Somebody whom `[[trusted]]` declares to stand at a role may do it as the role, or perhaps may.
    Declared {
        /// Their name, as it is declared.
        person: String,
        /// The role.
        role: PrincipalEntry,
        /// The answer of the role.
        answer: Box<OperationAnswer>,
    },
    /// It is not known who stands at a role that may do it, or perhaps may.
    PeopleUnknown {
        /// The role.
        role: PrincipalEntry,
        /// Who may assume it, as far as its trust policy says.
        others: Vec<Other>,
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
    /// Who stands behind the roles that may do something.
    roles: &'a Roles,
}

impl Held<'_> {
    fn unmet(&self, expectation: &Expectation) -> Vec<Unmet> {
        match &expectation.of {
            Expected::Access(access) => self.access(access),
            Expected::Coverage(coverage) => self.coverage(coverage),
            Expected::Only(only) => self.only(only),
        }
    }

    /// What a name or a pattern stands for; what is wrong where it stands for nothing.
    fn named(&self, name: &str, accounts: &[String]) -> Result<Meant, Box<Unmet>> {
        let all = &self.assessment.principals;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        if name.contains('*') && !all.iter().any(|p| p.principal == name) {
            let invalid = |e: globset::Error| {
                Box::new(Unmet::InvalidPattern { pattern: name.to_owned(), error: e.kind().clone() })
            };
            let glob = Glob::new(name).map_err(invalid)?.compile_matcher();
            let matches = |p: &&PrincipalAnswer| glob.is_match(&p.principal) || glob.is_match(&p.name);
            let found: Vec<_> = all.iter().filter(here).filter(matches).cloned().collect();
            let people = all.iter().filter(here).flat_map(|p| p.people.iter()).filter(|p| glob.is_match(&p.user_name));
            let people: BTreeSet<String> = people.map(|p| p.id.clone()).collect();
            return match found.is_empty() && people.is_empty() {
                true => Err(Box::new(Unmet::NoMatch(name.to_owned()))),
                false => Ok(Meant { principals: found, people }),
            };
        }
        let not_named = |failure| Box::new(Unmet::NotNamed(failure));
        let principals = naming::principals(self.inventory, accounts, all, name).map_err(not_named)?;
        // a person is who they are, and not everyone behind their permission sets
        let own = |p: &PrincipalAnswer| p.principal == name || p.name == name;
        if principals.iter().any(own) {
            return Ok(Meant { principals, people: BTreeSet::new() });
        }
        let people =
            principals.iter().flat_map(|p| p.people.iter()).filter(|p| p.user_name == name).map(|p| p.id.clone());
        Ok(Meant { people: people.collect(), principals: Vec::new() })
    }

    fn access(&self, access: &Access) -> Vec<Unmet> {
        let mut unmet = self.unknown_accounts(&access.asked.accounts);
        let mut others = Vec::new();
        for name in &access.principals {
            let named = self.named(name, &access.asked.accounts);
            let denied = access.decision == Decision::Deny;
            if denied {
                others.extend(self.declared(access, name, named.as_ref().ok()));
            }
            // whom `[[trusted]]` names need be nobody whom the inventory knows
            let meant = match named.or_else(|missing| self.is_trusted(name, denied).ok_or(missing)) {
                Ok(meant) => meant,
                Err(missing) => {
                    unmet.push(*missing);
                    unmet.extend(self.perhaps_of_person(access, name));
                    continue;
                }
            };
            for principal in &meant.principals {
                let answers: Vec<&OperationAnswer> =
                    principal.operations.iter().filter(|o| is_asked(o, &access.asked)).collect();
                if answers.is_empty() {
                    let asked = access.asked.clone();
                    unmet.push(Unmet::NotAskedOf { principal: PrincipalEntry::of(principal), asked });
                }
                let other = answers.into_iter().filter(|o| !is_expected(o, access));
                // it is asked about as a whole
                if access.decision == Decision::Deny {
                    others.extend(self.assumed(access, |a| {
                        (&a.identity.account, &a.identity.arn) == (&principal.account, &principal.principal)
                    }));
                }
                let whole = PrincipalAnswer { people: Arc::default(), groups: Arc::default(), ..principal.clone() };
                others.extend(other.map(|o| answered(&whole, o)));
            }
            if meant.principals.is_empty() {
                others.extend(self.perhaps_of_person(access, name));
            }
            for person in &meant.people {
                others.extend(self.of_person(person, access));
                if access.decision == Decision::Deny {
                    others.extend(self.assumed(access, |a| a.identity.people.iter().any(|p| p.id == *person)));
                }
            }
        }
        unmet.extend(others);
        // a denial to all whom a pattern matches is one to those who are not listed
        if access.decision == Decision::Deny && access.principals.iter().any(|name| name.contains('*')) {
            unmet.extend(self.perhaps_others(&access.asked, &[]));
        }
        unmet
    }

    /// What a person who is denied may perhaps do, by groups or assignments that were not collected.
    fn perhaps_of_person(&self, access: &Access, name: &str) -> Vec<Unmet> {
        if access.decision != Decision::Deny {
            return Vec::new();
        }
        let accounts = &access.asked.accounts;
        let here = |o: &Others| accounts.is_empty() || o.account.as_ref().is_some_and(|a| accounts.contains(a));
        let people = person::named(self.inventory, name);
        let all = people.iter().flat_map(|person| self.assessment.perhaps_of_person(person)).filter(here);
        let asked = all.filter_map(|others| {
            let operations: Vec<_> = others.operations.iter().filter(|o| is_of(o, &access.asked)).cloned().collect();
            (!operations.is_empty()).then_some(Others { operations, ..others })
        });
        let besides = asked.map(|others| Unmet::PerhapsOthers(Box::new(others)));
        besides.chain(people.iter().flat_map(|person| self.perhaps_by_role(access, &person.id))).collect()
    }

    /// The roles that a person who is denied perhaps becomes, by a permission set of which not everybody who has it is known.
    fn perhaps_by_role(&self, access: &Access, person: &str) -> Vec<Unmet> {
        let accounts = &access.asked.accounts;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        let may = |p: &&PrincipalAnswer| {
            p.operations.iter().any(|o| is_asked(o, &access.asked) && o.decision != Decision::Deny)
        };
        let stands = |of: &Unlisted| {
            let is_its = |p: &&PrincipalAnswer| p.account == of.account && p.principal == of.arn;
            let own = self.assessment.principals.iter().filter(is_its);
            own.flat_map(|p| p.people.iter()).any(|p| p.id == person)
        };
        let mut unmet = Vec::new();
        for role in self.assessment.principals.iter().filter(here).filter(may) {
            let others = self.roles.get(&role.principal).into_iter().flat_map(|b| &b.others);
            let others = others.filter(|o| o.unlisted.as_ref().is_some_and(|of| !stands(of)));
            let others: Vec<Other> = others.cloned().collect();
            if !others.is_empty() {
                unmet.push(Unmet::PeopleUnknown { role: PrincipalEntry::of(role), others });
            }
        }
        unmet
    }

    /// What somebody who is denied may do all the same, or perhaps may, by assuming roles.
    fn assumed(&self, access: &Access, is: impl Fn(&Assumer) -> bool) -> Vec<Unmet> {
        let accounts = &access.asked.accounts;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        let mut unmet = Vec::new();
        for role in self.assessment.principals.iter().filter(here) {
            let behind = self.roles.get(&role.principal);
            for assumer in behind.iter().flat_map(|b| &b.assumers).filter(|a| is(a)) {
                let may = |o: &&OperationAnswer| is_asked(o, &access.asked) && o.decision != Decision::Deny;
                unmet.extend(
                    role.operations.iter().filter(may).map(|o| assumes(assumer, (&assumer.identity).into(), o)),
                );
            }
        }
        unmet
    }

    /// What somebody who is denied may do all the same as a role at which `[[trusted]]` declares them.
    fn declared(&self, access: &Access, name: &str, meant: Option<&Meant>) -> Vec<Unmet> {
        let accounts = &access.asked.accounts;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        let names = BTreeSet::from([name.to_owned()]);
        let mut unmet = Vec::new();
        for role in self.assessment.principals.iter().filter(here) {
            let trusted = self.roles.get(&role.principal).into_iter().flat_map(|b| &b.trusted);
            let own = |person: &&String| {
                is_called(&names, person) || meant.is_some_and(|m| self.is_meant(person, &m.principals, &m.people))
            };
            for person in trusted.filter(own) {
                let may = |o: &&OperationAnswer| is_asked(o, &access.asked) && o.decision != Decision::Deny;
                unmet.extend(role.operations.iter().filter(may).map(|o| declared(person, role, o)));
            }
        }
        unmet
    }

    /// Whether a person whom `[[trusted]]` names is one of these: a user by its name or ARN, or a user of Identity Center.
    fn is_meant(&self, person: &str, principals: &[PrincipalAnswer], people: &BTreeSet<String>) -> bool {
        let is = |p: &PrincipalAnswer| p.kind == PrincipalKind::User && (p.name == person || p.principal == person);
        let mut users = self.inventory.of_type("IdentityCenterUser").filter(|u| u.str("userName") == Some(person));
        principals.iter().any(is) || users.any(|u| people.contains(&u.uid.id))
    }

    /// Whom only `[[trusted]]` names, where that is asked.
    fn is_trusted(&self, name: &str, asked: bool) -> Option<Meant> {
        let names = BTreeSet::from([name.to_owned()]);
        let trusted = asked && self.roles.values().flat_map(|b| &b.trusted).any(|person| is_called(&names, person));
        trusted.then(Meant::default)
    }

    /// Who is not listed and may become a role that may do this, or perhaps may.
    fn at_role(&self, role: &PrincipalAnswer, answer: &OperationAnswer, listed: &Listed) -> Vec<Unmet> {
        let Some(behind) = self.roles.get(&role.principal) else {
            return vec![answered(role, answer)];
        };
        let own = listed.principals.contains(&(role.account.clone(), role.principal.clone()));
        let mut unmet: Vec<Unmet> =
            behind.assumers.iter().filter_map(|a| Some(assumes(a, listed.other(a)?, answer))).collect();
        // a permission set that is listed stands for everyone behind it, listed or not
        let is_listed = |o: &&Other| {
            let of = o.unlisted.as_ref().map(|u| (u.account.clone(), u.arn.clone()));
            of.is_some_and(|set| listed.principals.contains(&set))
        };
        let others: Vec<Other> = behind.others.iter().filter(|o| !is_listed(o)).cloned().collect();
        if !others.is_empty() {
            unmet.push(Unmet::PeopleUnknown { role: PrincipalEntry::of(role), others });
        }
        let others = behind.trusted.iter().filter(|person| !self.is_listed(person, listed));
        unmet.extend(others.map(|person| declared(person, role, answer)));
        let someone = !behind.assumers.is_empty() || !behind.trusted.is_empty();
        let all_are_listed = someone && unmet.is_empty();
        if !own && !all_are_listed {
            unmet.insert(0, answered(role, answer));
        }
        unmet
    }

    /// Whether somebody whom `[[trusted]]` names is listed.
    fn is_listed(&self, person: &str, listed: &Listed) -> bool {
        let all = &self.assessment.principals;
        let principals: Vec<PrincipalAnswer> = all
            .iter()
            .filter(|p| listed.principals.contains(&(p.account.clone(), p.principal.clone())))
            .map(|p| PrincipalAnswer { operations: Answers::default(), ..p.clone() })
            .collect();
        is_called(&listed.names, person) || self.is_meant(person, &principals, &listed.people)
    }

    /// Whether somebody of this name stands at a role: a user of another account, say, or whom `[[trusted]]` names.
    fn is_at_a_role(&self, name: &str) -> Option<Meant> {
        if let Some(meant) = self.is_trusted(name, true) {
            return Some(meant);
        }
        let meant = self.named(name, &[]).ok()?;
        let stands = |a: &Assumer| {
            let is = |p: &PrincipalAnswer| (&p.account, &p.principal) == (&a.identity.account, &a.identity.arn);
            meant.principals.iter().any(is) || a.identity.people.iter().any(|p| meant.people.contains(&p.id))
        };
        self.roles.values().flat_map(|b| &b.assumers).any(stands).then_some(meant)
    }

    /// What is not as expected of a person, who may do what one of their permission sets in an account allows.
    fn of_person(&self, person: &str, access: &Access) -> Vec<Unmet> {
        let accounts = &access.asked.accounts;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        let own: Vec<PrincipalAnswer> =
            self.assessment.principals.iter().filter(here).filter_map(|p| only(p, |id| id == person)).collect();
        let mut by: BTreeMap<(&str, Operation), Vec<(&PrincipalAnswer, &OperationAnswer)>> = BTreeMap::new();
        for principal in &own {
            for answer in principal.operations.iter().filter(|o| is_asked(o, &access.asked)) {
                by.entry((&principal.account, Operation::of(answer))).or_default().push((principal, answer));
            }
        }
        if by.is_empty() {
            let none = |p: &PrincipalAnswer| Unmet::NotAskedOf {
                principal: PrincipalEntry::of(p),
                asked: access.asked.clone(),
            };
            return own.first().map(none).into_iter().collect();
        }
        let mut unmet = Vec::new();
        for answers in by.into_values() {
            let reached = answers.iter().map(|(_, o)| order(o.decision)).max();
            // a denial is one by every permission set, with its message
            let counts = |o: &OperationAnswer| Some(order(o.decision)) == reached;
            let other = answers.iter().filter(|(_, o)| counts(o) && !is_expected(o, access));
            unmet.extend(other.map(|(p, o)| answered(p, o)));
        }
        unmet
    }

    fn only(&self, only: &Only) -> Vec<Unmet> {
        let mut unmet = self.unknown_accounts(&only.asked.accounts);
        let mut expected = Listed { names: only.principals.iter().cloned().collect(), ..Listed::default() };
        for name in &only.principals {
            let named = self.named(name, &only.asked.accounts);
            match named.or_else(|missing| self.is_at_a_role(name).ok_or(missing)) {
                Ok(meant) => {
                    expected.principals.extend(meant.principals.into_iter().map(|p| (p.account, p.principal)));
                    expected.people.extend(meant.people);
                }
                Err(missing) => unmet.push(*missing),
            }
        }
        let accounts = &only.asked.accounts;
        let here = self.assessment.principals.iter().filter(|p| accounts.is_empty() || accounts.contains(&p.account));
        let mut none = true;
        for principal in here {
            for operation in principal.operations.iter().filter(|o| is_asked(o, &only.asked)) {
                none = false;
                // what may be allowed counts as allowed
                if operation.decision != Decision::Deny && principal.kind == PrincipalKind::Role {
                    unmet.extend(self.at_role(principal, operation, &expected));
                } else if operation.decision != Decision::Deny {
                    unmet.extend(expected.others(principal).map(|p| answered(&p, operation)));
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

/// What a name stands for: principals with everyone behind them, or people.
#[derive(Default)]
struct Meant {
    principals: Vec<PrincipalAnswer>,
    /// Ids in Identity Center.
    people: BTreeSet<String>,
}

/// Who is listed by an expectation that nobody else may.
#[derive(Default)]
struct Listed {
    /// By account and ARN: whoever acts as them.
    principals: BTreeSet<(String, String)>,
    /// Ids in Identity Center.
    people: BTreeSet<String>,
    /// As they are written.
    names: BTreeSet<String>,
}

impl Listed {
    /// The same for whoever may become a role.
    fn other(&self, assumer: &Assumer) -> Option<PrincipalEntry> {
        let identity = &assumer.identity;
        if self.principals.contains(&(identity.account.clone(), identity.arn.clone())) {
            return None;
        }
        let entry = PrincipalEntry::from(identity);
        let people = identity.people.iter().filter(|p| !self.people.contains(&p.id)).map(|p| p.user_name.clone());
        let people: Vec<String> = people.chain(identity.groups.iter().map(|g| format!("group {}", g.name))).collect();
        let everyone = !entry.people.is_empty() && people.is_empty();
        (!everyone).then_some(PrincipalEntry { people, ..entry })
    }

    /// A principal that is not listed, with the people alone behind it who are not; `None` where all are.
    fn others(&self, principal: &PrincipalAnswer) -> Option<PrincipalAnswer> {
        if self.principals.contains(&(principal.account.clone(), principal.principal.clone())) {
            return None;
        }
        let everyone = !principal.people.is_empty() && principal.groups.is_empty();
        if everyone && principal.people.iter().all(|p| self.people.contains(&p.id)) {
            return None;
        }
        Some(only(principal, |id| !self.people.contains(id)).unwrap_or_else(|| principal.clone()))
    }
}

/// A principal with some of the people behind it; `None` where none of them is.
fn only(principal: &PrincipalAnswer, wanted: impl Fn(&str) -> bool) -> Option<PrincipalAnswer> {
    let people: Arc<[_]> = principal.people.iter().filter(|p| wanted(&p.id)).cloned().collect();
    (!people.is_empty()).then(|| PrincipalAnswer { people, ..principal.clone() })
}

fn assumes(assumer: &Assumer, principal: PrincipalEntry, answer: &OperationAnswer) -> Unmet {
    let Assumer { roles, certain, .. } = assumer;
    Unmet::Assumes { principal, roles: roles.clone(), certain: *certain, answer: Box::new(answer.clone()) }
}

fn declared(person: &str, role: &PrincipalAnswer, answer: &OperationAnswer) -> Unmet {
    Unmet::Declared { person: person.to_owned(), role: PrincipalEntry::of(role), answer: Box::new(answer.clone()) }
}

/// Whether one of these names, or a pattern among them, is somebody's.
fn is_called(names: &BTreeSet<String>, person: &str) -> bool {
    let matches = |pattern: &String| Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(person));
    names.contains(person) || names.iter().filter(|n| n.contains('*')).any(matches)
}

/// Deny, unknown, allow.
fn order(decision: Decision) -> u8 {
    match decision {
        Decision::Deny => 0,
        Decision::Unknown => 1,
        Decision::Allow => 2,
    }
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
