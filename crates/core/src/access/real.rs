//! Requests that exist: what the search finds is a member of a class, such as the shortest text that a pattern matches. Here it becomes a
//! request that AWS knows, an action of the catalogue on an ARN that the action takes, wherever one is newly allowed as well.

use std::collections::BTreeSet;

use super::witness::Change;
use crate::aws::actions;
use crate::aws::arns::without_variables;
use crate::aws::asked_on::{Asked as Possible, asked_on, forms};
use crate::aws::catalogue::Catalogue;
use crate::iam::segments;
use crate::permissions::context::Request;
use crate::problem::Failure;

/// So many requests are evaluated to find one that exists.
const MOST_EVALUATED: usize = 60;
/// So many actions of a service are looked at.
const MOST_ACTIONS: usize = 1_000;

/// Actions that people know, for where any service will do.
const WELL_KNOWN: [&str; 8] = [
    "iam:CreateUser",
    "s3:GetObject",
    "sts:AssumeRole",
    "ec2:RunInstances",
    "lambda:InvokeFunction",
    "dynamodb:GetItem",
    "kms:Decrypt",
    "s3:ListAllMyBuckets",
];

/// The Region of an ARN in which any will do.
const REGION: &str = "us-east-1";
/// The account of one where nothing tells another.
pub const ACCOUNT: &str = "111122223333";
/// The name of a resource where any will do.
const NAME: &str = "example";

/// Whether AWS knows a request: its action, on a resource that the action takes. `None` where the data does not tell.
pub fn exists(action: &str, resource: Option<&[String; 6]>) -> Option<bool> {
    let on = resource.map_or_else(|| "*".to_owned(), |segments| segments.join(":"));
    match asked_on(action, &on) {
        Possible::Possible => Some(true),
        Possible::Impossible(_) => Some(false),
        Possible::NotKnown => spelt(action).is_none().then_some(false),
    }
}

/// An action as AWS spells it, if it has one of this name.
pub fn spelt(action: &str) -> Option<String> {
    if let Some(known) = actions::action(action) {
        return Some(known.name.clone());
    }
    let (prefix, name) = action.split_once(':')?;
    let catalogue = Catalogue::built_in();
    let service = catalogue.service(prefix)?;
    Some(format!("{}:{}", service.prefix, service.action(name)?.name))
}

/// A request that exists and is newly allowed as another is, of this account where any will do: `newly` evaluates it. `None` where none was
/// found.
pub fn real(
    near: &Request,
    account: &str,
    mut newly: impl FnMut(&Request) -> Result<Option<Change>, Failure>,
) -> Result<Option<(Request, Change)>, Failure> {
    let mut left = MOST_EVALUATED;
    for action in near_actions(&near.action) {
        for resource in resources(&action, near.resource.as_ref(), account) {
            if left == 0 {
                return Ok(None);
            }
            left -= 1;
            let request = Request { action: action.to_ascii_lowercase(), resource, ..near.clone() };
            if let Some(change) = newly(&request)? {
                return Ok(Some((request, change)));
            }
        }
    }
    Ok(None)
}

/// Actions of the catalogue, the nearest first: itself, those of its service that begin alike, all of its service, well-known ones.
fn near_actions(action: &str) -> Vec<String> {
    let catalogue = Catalogue::built_in();
    let (prefix, name) = action.split_once(':').unwrap_or((action, ""));
    let mut found: Vec<String> = vec![spelt(action).unwrap_or_else(|| action.to_owned())];
    if let Some(service) = catalogue.service(prefix) {
        let named = |pattern: &str| {
            let matching = service.matching(pattern);
            matching.take(MOST_ACTIONS).map(|a| format!("{}:{}", service.prefix, a.name)).collect::<Vec<_>>()
        };
        found.extend(named(&format!("{name}*")));
        found
            .extend(WELL_KNOWN.iter().filter(|known| known.split(':').next() == Some(prefix)).map(|s| (*s).to_owned()));
        found.extend(named("*"));
    } else {
        found.extend(WELL_KNOWN.map(str::to_owned));
    }
    let mut seen = BTreeSet::new();
    found.retain(|action| seen.insert(action.clone()));
    found
}

/// Resources that an action takes, near to the one that was found: `None` for none at all. Where no ARN was found, any of the action's
/// own will do, if the statements reach it.
fn resources(action: &str, near: Option<&[String; 6]>, account: &str) -> Vec<Option<[String; 6]>> {
    let any = <[String; 6]>::default();
    let mut found: Vec<Option<[String; 6]>> = vec![near.cloned()];
    for form in forms(action) {
        let Some(form) = segments(&form) else { continue };
        found.extend(near_form(&form, near.unwrap_or(&any), account).into_iter().map(Some));
    }
    found.push(None);
    found.retain(|arn| exists(action, arn.as_ref()) == Some(true));
    found.dedup();
    // a pattern matches an empty name too, and nothing has one
    let is_empty = |[.., last]: &[String; 6]| last.ends_with(['/', ':']);
    found.sort_by_key(|arn| arn.as_ref().is_some_and(is_empty));
    found
}

/// ARNs of a form, near to another ARN.
fn near_form(form: &[String; 6], near: &[String; 6], usual: &str) -> Vec<[String; 6]> {
    let [_, _, service, region, account, last] = form;
    let [_, partition, _, near_region, near_account, near_last] = near;
    let either = |of_form: &String, near: &String, usual: &str| -> Vec<String> {
        match (of_form.as_str(), near.as_str()) {
            ("*", "") => vec![usual.to_owned()],
            ("*", given) => vec![given.to_owned(), usual.to_owned()],
            (fixed, _) => vec![fixed.to_owned()],
        }
    };
    let partition = if crate::aws::is_partition(partition) { partition.as_str() } else { "aws" };
    let mut found = Vec::new();
    for region in either(region, near_region, REGION) {
        for account in either(account, near_account, usual) {
            for last in lasts(last, near_last) {
                let arn = ["arn", partition, service, &region, &account, &last];
                found.push(arn.map(str::to_owned));
            }
        }
    }
    found
}

/// The last segment of ARNs of a form, near to that of another.
fn lasts(form: &str, near: &str) -> Vec<String> {
    let slashed = near.trim_end_matches('/');
    // forms of AWS Artifact have a star where others have a name
    let filled = |value: &str| without_variables(form, value).replace('*', value);
    vec![
        near.to_owned(),
        format!("{near}{NAME}"),
        format!("{slashed}/{NAME}"),
        format!("{slashed}:{NAME}"),
        filled(NAME),
        filled(if near.is_empty() { NAME } else { slashed }),
    ]
}
