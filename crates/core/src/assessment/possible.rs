//! Whether an operation can be done in an account by anybody at all, whatever the permissions.

use super::stage::{Stage, beside};
use super::{Filter, Options};
use crate::agreements::Agreements;
use crate::inventory::entity::Uid;
use crate::operations::Memo;
use crate::operations::catalogue::{Joins, Operation};
use crate::operations::stopped::Stopped;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::Scope;

/// An operation in an account.
pub(crate) struct Asked<'a> {
    /// The operation.
    pub operation: &'static str,
    /// The account whose principals would do it.
    pub account: &'a str,
    /// The scope, where it has one.
    pub scope: Option<Scope>,
    /// The kind of agreement.
    pub kind: Option<&'a str>,
    /// The member that it is done to.
    pub member: Option<&'a str>,
    /// The organization that the account would join.
    pub joins: Option<Joins>,
}

/// What stops it; `None` where nothing does, and where the rules do not have it or the inventory not the account. `kept` are
/// attributes that it does not change.
pub(crate) fn stopped(
    agreements: &Agreements<'_>,
    rules: &RuleBook,
    asked: &Asked<'_>,
    kept: &[&str],
) -> Result<Option<Stopped>, Failure> {
    let (Some(account), Some(_)) =
        (agreements.tree.accounts.get(asked.account), rules.operations.operation(asked.operation))
    else {
        return Ok(None);
    };
    let at = agreements.at();
    let filter = Filter { operations: vec![asked.operation.to_owned()], ..Filter::default() };
    let options = Options { at, snapshot: at, filter, ..Options::default() };
    let standing = agreements.standing(account)?;
    let root = Uid::new("Root", format!("arn:{}:iam::{}:root", account.partition, account.id));
    let mut more = beside(agreements.inventory);
    more.push(root.clone());
    let entities = agreements.entities(account, &standing, &more)?;
    let coverage = agreements.coverage(account, &standing, &entities)?;
    let stage = Stage::new(agreements, (account, &standing), (rules, &options), (entities, coverage))?;
    let is_it = |o: &&Operation| {
        o.scope == asked.scope
            && asked.kind.is_none_or(|kind| o.kind.as_deref() == Some(kind))
            && asked.member.is_none_or(|member| o.member.as_deref() == Some(member))
    };
    let memo = Memo::default();
    match stage.wanted().find(is_it) {
        Some(operation) => stage.evaluator(&memo).stopped(&root, &operation.joining(asked.joins.clone()), kept),
        None => Ok(None),
    }
}
