//! Whom a statement about everyone is left with by its conditions on who asks.
//!
//! Conditions are all to hold, so one that confines is enough: whatever stands beside it confines further. What a condition leaves is
//! told only where its values are texts, compared as they stand: a negated operator, one with `IfExists` or a set prefix, a policy
//! variable or a pattern that reaches over accounts may leave anybody. `aws:PrincipalOrgPaths` holds a list, and is asked with
//! `ForAnyValue`.

use std::collections::BTreeSet;

use crate::iam::document::{Condition, Statement};
use crate::iam::operator::{SetPrefix, Test};
use crate::iam::principal::{Who, is_account};
use crate::iam::segments;
use crate::iam::template::{Template, TemplatePart};

/// Whom a condition leaves at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confined {
    /// Those who are named so.
    To(Who),
    /// Those of the accounts of an organization.
    ToOrganization(String),
}

/// Whom the conditions of a statement leave, each by itself; none where any of them may leave anybody.
pub fn by_conditions(statement: &Statement) -> Vec<BTreeSet<Confined>> {
    statement.conditions.iter().filter_map(by).collect()
}

fn by(condition: &Condition) -> Option<BTreeSet<Confined>> {
    let operator = condition.operator;
    if operator.negated || operator.if_exists || condition.values.is_empty() {
        return None;
    }
    // a list of which one element has to match: whoever has none is left out
    let of_list = condition.key == "aws:principalorgpaths" && operator.set == SetPrefix::Any;
    if operator.set != SetPrefix::None && !of_list {
        return None;
    }
    let leaves = match (condition.key.as_str(), operator.test) {
        ("aws:principalorgpaths", Test::StringEquals | Test::StringLike) if of_list => by_path,
        ("aws:principalarn", Test::StringEquals | Test::StringLike | Test::Arn) => by_arn,
        ("aws:principalaccount", Test::StringEquals | Test::StringLike) => by_account,
        ("aws:principalorgid", Test::StringEquals | Test::StringLike) => by_organization,
        _ => return None,
    };
    condition.values.iter().map(leaves).collect()
}

/// A user or a role; or, whatever else follows, the account that an ARN begins with.
fn by_arn(value: &Template) -> Option<Confined> {
    if value.parts.iter().any(|part| matches!(part, TemplatePart::Variable { .. })) {
        return None;
    }
    let Some(TemplatePart::Literal(start)) = value.parts.first() else { return None };
    let [arn, partition, service, region, account, resource] = segments(start)?;
    let is_whole = arn == "arn" && !partition.is_empty() && service == "iam" && region.is_empty();
    if !is_whole || !is_account(&account) {
        return None;
    }
    let names_one = value.as_literal().is_some() && (resource.starts_with("user/") || resource.starts_with("role/"));
    Some(Confined::To(if names_one { Who::Aws(start.clone()) } else { Who::Account(account) }))
}

fn by_account(value: &Template) -> Option<Confined> {
    let number = value.as_literal().filter(|text| is_account(text))?;
    Some(Confined::To(Who::Account(number.to_owned())))
}

fn by_organization(value: &Template) -> Option<Confined> {
    let id = value.as_literal().filter(|text| text.starts_with("o-"))?;
    Some(Confined::ToOrganization(id.to_owned()))
}

/// Where in an organization an account is, which begins with the organization: `o-exampleorgid/*`.
fn by_path(value: &Template) -> Option<Confined> {
    let Some(TemplatePart::Literal(start)) = value.parts.first() else { return None };
    let (id, _) = start.split_once('/').filter(|(id, _)| id.starts_with("o-"))?;
    Some(Confined::ToOrganization(id.to_owned()))
}
