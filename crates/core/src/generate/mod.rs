//! Policies that are written for their users: guardrails ([`guardrails`]) and policies for one job ([`jobs`]), each with the
//! expectations that hold an inventory to it ([`expect`]), in the forms in which they are kept ([`written`]).
//!
//! What each does is decided by nothing here: tests ask the evaluator whether a policy does what it says, and no more.

pub mod expect;
pub mod guardrails;
pub mod jobs;
pub mod written;

use serde_json::{Map, Value, json};

use crate::aws;
use crate::problem::{Failure, Problem, instead};

/// A policy, and what has to be said of it.
#[derive(Clone, Debug)]
pub struct Generated {
    /// What it is attached to.
    pub kind: Kind,
    /// What to call it, where it needs a name.
    pub name: String,
    /// What it does, in one sentence.
    pub description: String,
    /// The policy document.
    pub document: Value,
    /// What it does not do, and what else to know.
    pub notes: Vec<String>,
}

/// What a generated policy is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A root, a unit or an account of an organization.
    ServiceControl,
    /// Principals, as what they may do at most.
    Boundary,
    /// Principals.
    Identity,
}

impl Generated {
    /// Its characters without white space between them.
    pub fn size(&self) -> usize {
        self.document.to_string().chars().count()
    }
}

/// A part of a statement that has one value or several: a list of one is written as its value.
fn one_or_list(texts: &[String]) -> Value {
    match texts {
        [only] => json!(only),
        all => json!(all),
    }
}

/// A statement; `actions` are those of `Action`, or of `NotAction`.
fn statement(sid: &str, effect: &str, actions: (&str, &[String]), resources: &[String], condition: Value) -> Value {
    let mut statement = Map::new();
    statement.insert("Sid".to_owned(), json!(sid));
    statement.insert("Effect".to_owned(), json!(effect));
    statement.insert(actions.0.to_owned(), one_or_list(actions.1));
    statement.insert("Resource".to_owned(), one_or_list(resources));
    if !condition.is_null() {
        statement.insert("Condition".to_owned(), condition);
    }
    Value::Object(statement)
}

/// A document of these statements.
fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|t| (*t).to_owned()).collect()
}

/// The partition of this name; it must have AWS Artifact.
pub fn partition(name: &str) -> Result<&'static str, Failure> {
    let all = || aws::partitions().iter().map(|p| p.name.as_str());
    all().find(|p| *p == name).ok_or_else(|| {
        let known: Vec<&str> = all().collect();
        let help = instead(name, all(), format!("write {}", known.join(" or ")));
        Problem::about("--partition", format!("AWS Artifact is not in a partition `{name}`")).help(help).into()
    })
}
