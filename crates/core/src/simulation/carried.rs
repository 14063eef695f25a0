//! What a request cannot carry: its principal tells who it is, and a request of another is no request of this one.

use super::Question;
use super::caller::{Caller, CallerKind};
use crate::aws;
use crate::aws::keys::spelling;
use crate::iam::segments;
use crate::permissions::caller as determined;
use crate::permissions::context::KeyValue;
use crate::permissions::knowledge::Known;
use crate::problem::{Failure, Problem};

/// An error for what no request of the principal, or on the resource, can be.
pub(super) fn check(question: &Question) -> Result<(), Failure> {
    let caller = super::caller(question)?;
    let mut problems = Vec::new();
    if let Some(caller) = &caller {
        problems.extend(keys(question, caller));
        problems.extend(root(question, caller));
    }
    problems.extend(arns(question, caller.as_ref()));
    if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems)) }
}

/// Keys that the principal determines, and that are given otherwise.
fn keys(question: &Question, caller: &Caller) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, known) in determined::keys(&caller.name) {
        let given = question.keys.get(key);
        let right = match &known {
            Known::Value(value) if given.is_some_and(|g| g != value) || question.absent.contains(key) => {
                value.single().map(|v| format!("it is {v}"))
            }
            Known::Absent if given.is_some() => Some("it has none".to_owned()),
            Known::Like(patterns) => {
                let fits = |value: &KeyValue| value.single().is_some_and(|v| patterns.iter().any(|p| p.matches(v)));
                let wrong = given.is_some_and(|g| !fits(g)) || question.absent.contains(key);
                wrong.then(|| "its role is one of this account and name, with whatever path".to_owned())
            }
            _ => None,
        };
        problems.extend(right.map(|right| {
            let message = format!("no request of {} carries this {}: {right}", caller.name, spelling(key));
            Problem::about("the request", message).help("leave the key out, or name the principal that it is about")
        }));
    }
    problems
}

/// A root user assumes no role.
fn root(question: &Question, caller: &Caller) -> Option<Problem> {
    let assumes = question.action.eq_ignore_ascii_case("sts:AssumeRole");
    (assumes && caller.kind == CallerKind::Root).then(|| {
        let message = "a root user cannot assume a role".to_owned();
        Problem::about("the request", message).help("name a user or a role of the account as the principal")
    })
}

/// ARNs that no principal or resource has: of an unknown partition, of two partitions, of a number that is no account.
fn arns(question: &Question, caller: Option<&Caller>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |message: String, help: &str| problems.push(Problem::about("the request", message).help(help));
    let of_principal = caller.and_then(|c| segments(&c.name)).filter(|_| question.principal.as_deref() != Some("*"));
    let of_resource = segments(&question.resource);
    let known = |partition: &str| aws::ALL_PARTITIONS.contains(&partition);
    for [_, partition, _, _, account, _] in of_principal.iter().chain(&of_resource) {
        if !known(partition) {
            wrong(format!("AWS has no partition `{partition}`"), "write aws, aws-us-gov or aws-cn after `arn:`");
        }
        let numeric = !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit());
        if numeric && account.len() != 12 {
            wrong(format!("`{account}` is not an account"), "write its 12 digits");
        }
    }
    // an account is named without its partition
    let named = question.principal.as_deref().is_some_and(|p| p.starts_with("arn:"));
    if let (Some([_, own, ..]), Some([_, other, ..])) = (&of_principal, &of_resource)
        && named
        && own != other
        && problems.is_empty()
    {
        let message = format!("a principal of the partition {own} makes no request about a resource of {other}");
        problems.push(Problem::about("the request", message).help("write both with the same partition"));
    }
    problems
}
