//! What is not as expected, as facts; and how an answer is told as one.

use super::Asked;
use crate::assessment::completeness::others::Others;
use crate::assessment::{AgreementAnswer, OperationAnswer, PrincipalAnswer};
use crate::diff::PrincipalEntry;
use crate::people::{Assumer, Other};
use crate::problem::Failure;

/// Something that is not as expected. Who reports it has words for each.
#[derive(Debug)]
pub enum Unmet {
    /// There is no account of this number.
    NoAccount {
        /// What stands for one.
        written: String,
        /// The numbers of the accounts that have it as their name.
        named: Vec<String>,
    },
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

pub(super) fn assumes(assumer: &Assumer, principal: PrincipalEntry, answer: &OperationAnswer) -> Unmet {
    let Assumer { roles, certain, .. } = assumer;
    Unmet::Assumes { principal, roles: roles.clone(), certain: *certain, answer: Box::new(answer.clone()) }
}

pub(super) fn declared(person: &str, role: &PrincipalAnswer, answer: &OperationAnswer) -> Unmet {
    Unmet::Declared { person: person.to_owned(), role: PrincipalEntry::of(role), answer: Box::new(answer.clone()) }
}

pub(super) fn answered(principal: &PrincipalAnswer, answer: &OperationAnswer) -> Unmet {
    Unmet::Answered { principal: PrincipalEntry::of(principal), answer: Box::new(answer.clone()) }
}
