//! Which pieces of a change cause a difference: found by evaluating with and without each of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::differences::{Answers, Difference, Subject, access_change, coverage_change};
use super::people::Actor;
use super::pieces::{Piece, What, without};
use super::reach::Reach;
use crate::assessment::Options;
use crate::inventory::Inventory;
use crate::inventory::permission_sets::is_provisioned;
use crate::policies::RuleBook;
use crate::problem::Failure;

/// With more pieces than this that may matter together, none is tried by itself.
const MAX_PIECES: usize = 48;

/// The finding of a document that nothing refers to.
const UNUSED: &str = "CS030";

/// What a piece has to do with a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Contribution {
    /// Without it, the answer would be as it was.
    Necessary,
    /// It changes the answer by itself, and so does another.
    Sufficient,
    /// It changes the answer together with the others that are named.
    Together,
    /// It is within reach, and it was not told apart from the others that are named.
    Possible,
}

/// The causes of a difference: pieces by their index.
pub type Causes = Vec<(usize, Contribution)>;

/// What is needed to evaluate with and without pieces.
pub struct Trials<'a> {
    /// The old inventory.
    pub base: &'a Inventory,
    /// The new one.
    pub head: &'a Inventory,
    /// The rules.
    pub rules: &'a RuleBook,
    /// What was asked of the old one, and of the new one: the settings may be others.
    pub options: (&'a Options, &'a Options),
    /// All pieces.
    pub pieces: &'a [Piece],
    /// Their reach.
    pub reach: &'a [Reach],
}

impl Trials<'_> {
    /// The causes of each difference.
    pub fn causes(&self, differences: &[Difference]) -> Vec<Causes> {
        let relevant: Vec<Vec<usize>> = differences.iter().map(|d| self.relevant(d)).collect();
        let several: BTreeSet<usize> = relevant.iter().filter(|r| r.len() > 1).flatten().copied().collect();
        let mut tried = if several.len() <= MAX_PIECES { several } else { BTreeSet::new() };
        let accounts = |pieces: &[usize]| -> BTreeSet<String> {
            let among =
                differences.iter().zip(&relevant).filter(|(_, r)| r.len() > 1 && r.iter().any(|p| pieces.contains(p)));
            among.filter_map(|(d, _)| d.account.clone()).collect()
        };
        let mut missing: BTreeMap<usize, Answers> = BTreeMap::new();
        for index in tried.clone() {
            match self.answers(&[index], accounts(&[index])) {
                Ok(answers) => drop(missing.insert(index, answers)),
                // a mixture of two inventories may be none: then it is not told apart
                Err(_) => {
                    tried.remove(&index);
                }
            }
        }
        let necessary: Vec<Causes> = differences
            .iter()
            .zip(&relevant)
            .map(|(d, relevant)| match relevant.as_slice() {
                [only] => vec![(*only, Contribution::Necessary)],
                _ => {
                    let turns = |p: &&usize| missing.get(p).is_some_and(|without| !is_after(d, without));
                    relevant.iter().filter(turns).map(|p| (*p, Contribution::Necessary)).collect()
                }
            })
            .collect();
        let open = |(causes, relevant): &(&Causes, &Vec<usize>)| causes.is_empty() && relevant.len() > 1;
        let open: BTreeSet<usize> =
            necessary.iter().zip(&relevant).filter(open).flat_map(|(_, r)| r).copied().collect();
        let mut alone: BTreeMap<usize, Answers> = BTreeMap::new();
        for index in open.intersection(&tried) {
            let others: Vec<usize> = (0..self.pieces.len()).filter(|i| i != index).collect();
            if let Ok(answers) = self.answers(&others, accounts(&[*index])) {
                alone.insert(*index, answers);
            }
        }
        let conclude = |((difference, relevant), necessary): ((&Difference, &Vec<usize>), Causes)| {
            if !necessary.is_empty() {
                return necessary;
            }
            let turns = |p: &&usize| alone.get(p).is_some_and(|with| is_after(difference, with));
            let sufficient: Causes = relevant.iter().filter(turns).map(|p| (*p, Contribution::Sufficient)).collect();
            if !sufficient.is_empty() {
                return sufficient;
            }
            let part = if relevant.iter().all(|p| tried.contains(p)) {
                Contribution::Together
            } else {
                Contribution::Possible
            };
            relevant.iter().map(|p| (*p, part)).collect()
        };
        differences.iter().zip(&relevant).zip(necessary).map(conclude).collect()
    }

    /// The pieces that can have to do with each difference, none of them tried.
    pub(super) fn possible(&self, differences: &[Difference]) -> Vec<Causes> {
        let of = |relevant: Vec<usize>| match relevant.as_slice() {
            [only] => vec![(*only, Contribution::Necessary)],
            all => all.iter().map(|index| (*index, Contribution::Possible)).collect(),
        };
        differences.iter().map(|d| of(self.relevant(d))).collect()
    }

    /// The answers without these pieces, for the principals of these accounts.
    fn answers(&self, pieces: &[usize], accounts: BTreeSet<String>) -> Result<Answers, Failure> {
        let pieces: Vec<&Piece> = pieces.iter().filter_map(|i| self.pieces.get(*i)).collect();
        let mixed = without(self.base, self.head, &pieces);
        let settings = pieces.iter().any(|p| p.of == What::Settings);
        let mut options = if settings { self.options.0 } else { self.options.1 }.clone();
        options.filter.principals_in = Some(accounts);
        Answers::assess(&mixed, self.rules, &options).map(|(answers, _)| answers)
    }

    /// The pieces that can have to do with a difference.
    fn relevant(&self, difference: &Difference) -> Vec<usize> {
        let pieces = self.pieces.iter().zip(self.reach).enumerate();
        let may = |(_, (piece, reach)): &(usize, (&Piece, &Reach))| {
            difference.account.as_ref().is_none_or(|a| reach.contains(a)) && concerns(piece, &difference.subject)
        };
        pieces.filter(may).map(|(index, _)| index).collect()
    }
}

/// Whether a piece can concern a subject within its reach: no principal concerns coverage, and none another.
fn concerns(piece: &Piece, subject: &Subject) -> bool {
    // a document that nothing refers to is a matter of what names it
    if let Subject::Finding(rule, file, _) = subject
        && rule == UNUSED
    {
        return piece.what.contains(file.as_str());
    }
    let uid = match &piece.of {
        What::Settings => return true,
        What::Document(_) | What::Statement(..) => return !matches!(subject, Subject::Coverage { .. }),
        What::Entity(uid) | What::Position(uid) | What::Parent(uid, _) | What::Element(uid, ..) => uid,
        What::Attribute(uid, _) | What::Tags(uid) => uid,
    };
    let principal = ["User", "Role", "Root"].contains(&uid.ty.as_str());
    let permissions =
        ["Group", "PermissionSet", "IdentityCenterUser", "IdentityCenterGroup"].contains(&uid.ty.as_str());
    match subject {
        Subject::Coverage { .. } => !principal && !permissions,
        Subject::Access { principal: (_, arn), .. } => !principal || uid.id == *arn || is_provisioned(arn),
        // who another person is changes nothing for this one
        Subject::Person { actor: Actor::Person(id), .. } => uid.ty != "IdentityCenterUser" || uid.id == *id,
        Subject::Person { .. } => true,
        Subject::Finding(_, of, _) => !principal || !of.starts_with("arn:") || uid.id == *of || is_provisioned(of),
    }
}

/// Whether the answer is the new one, as far as the kind of its change goes.
fn is_after(difference: &Difference, answers: &Answers) -> bool {
    let (before, after, found) = (&difference.before, &difference.after, answers.get(&difference.subject));
    match &difference.subject {
        Subject::Access { .. } | Subject::Person { .. } => {
            let (before, after, found) = (before.access(), after.access(), found.access());
            access_change(&before, &found) == access_change(&before, &after) && found.decision == after.decision
        }
        Subject::Coverage { .. } => {
            let (before, after, found) = (before.coverage(), after.coverage(), found.coverage());
            coverage_change(&before, &found) == coverage_change(&before, &after)
        }
        Subject::Finding(..) => *after == found,
    }
}
