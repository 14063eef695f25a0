//! The ways in which statements can be read, where the documentation of AWS leaves more than one, and what is asked of callers.
//!
//! "None" is said only if it is so in every view; a witness stands only if it is newly allowed in every reading.

use super::callers::{Caller, Grant};
use super::population::callers;
use crate::iam::crossing::may_cross;
use crate::iam::document::Statement;
use crate::iam::principal::Who;
use crate::iam::whom::Star;

/// One choice for each point that sources leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// A `*` that ends a segment of an ARN crosses colons (D25).
    pub crosses: bool,
    /// How far a `*` reaches. That it is about identity providers is taken as settled: the labels of AWS's own pairs say so.
    pub star: Star,
    /// A `Deny` for all but some principals leaves out those whose user or role is listed without the account, or the account
    /// without the user or role.
    pub partly_named_is_left_out: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self { crosses: false, star: Star::AnyAws, partly_named_is_left_out: true }
    }
}

impl Reading {
    /// What it reads otherwise than the default does.
    pub fn words(self) -> String {
        let other = Self::default();
        let mut points = Vec::new();
        if self.crosses != other.crosses {
            points.push("whether a `*` at the end of a segment of an ARN crosses colons (D25)");
        }
        if self.star != other.star {
            points.push("whether {\"AWS\": \"*\"} stands for services and identity providers too");
        }
        if self.partly_named_is_left_out != other.partly_named_is_left_out {
            points.push("whether a Deny with NotPrincipal leaves out a principal that is listed without its account");
        }
        format!("the answer depends on what sources do not settle: {}", points.join(", and "))
    }
}

/// One reading, and who is asked about what.
pub struct View<'a> {
    /// The reading.
    pub reading: Reading,
    /// What an `Allow` must grant.
    pub grant: Grant,
    /// The callers; none where statements have no principals.
    pub callers: &'a [Caller],
}

impl View<'_> {
    /// Whether a statement is about a caller.
    pub fn is_about(&self, statement: &Statement, caller: Option<&Caller>) -> bool {
        match (&statement.principals, caller) {
            (Some(principals), Some(caller)) => caller.is_among(principals, statement.allow, self.grant, self.reading),
            _ => true,
        }
    }
}

/// Whether statements of a side have principals.
pub fn have_principals(statements: &[Vec<Statement>]) -> bool {
    statements.iter().flatten().any(|s| s.principals.is_some())
}

/// The callers that both sides tell apart; none where statements have no principals.
pub fn of_sides(old: &[Vec<Statement>], new: &[Vec<Statement>]) -> Result<Vec<Caller>, String> {
    if !have_principals(old) && !have_principals(new) {
        return Ok(Vec::new());
    }
    callers(old.iter().chain(new).flatten())
}

/// The readings that make a difference to some statement, the default first.
pub fn readings<'a>(statements: impl Iterator<Item = &'a Statement> + Clone, callers: &[Caller]) -> Vec<Reading> {
    let crosses = statements.clone().any(|s| s.resources.texts.iter().any(|t| may_cross(t)));
    let principals = || statements.clone().filter_map(|s| Some((s.allow, s.principals.as_ref()?)));
    let any_aws = principals().any(|(_, p)| p.who.contains(&Who::AnyAws));
    let partly = principals().any(|(allow, p)| !allow && callers.iter().any(|c| c.is_partly_named(p)));
    let mut readings = vec![Reading::default()];
    let mut double = |applies: bool, change: fn(&mut Reading)| {
        if applies {
            let others: Vec<Reading> = readings.iter().map(|r| with(*r, change)).collect();
            readings.extend(others);
        }
    };
    double(crosses, |r| r.crosses = true);
    double(any_aws, |r| r.star = Star::Providers);
    double(partly, |r| r.partly_named_is_left_out = false);
    readings
}

fn with(mut reading: Reading, change: fn(&mut Reading)) -> Reading {
    change(&mut reading);
    reading
}

/// What is asked of callers: where all have nothing but what the policy grants, one question is enough.
pub fn grants(callers: &[Caller]) -> &'static [Grant] {
    if callers.is_empty() { &[Grant::Delegated] } else { &[Grant::Delegated, Grant::Direct, Grant::Past] }
}
