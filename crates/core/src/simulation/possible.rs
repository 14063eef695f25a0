//! What cannot be: a request that AWS never receives is an error, not an answer. Its values are of the types of their keys, its principal
//! and its action determine keys that nothing else can say, its ARNs are those of one partition, and its control policies are such as
//! AWS stores.

use std::borrow::Cow;

use super::caller::{Caller, CallerKind, is_account};
use super::{Question, sides};
use crate::aws::asked_on::{Asked, asked_on};
use crate::aws::keys::catalogued::is_never_carried;
use crate::aws::keys::values::{self, Fault};
use crate::aws::keys::{is_always_carried, is_multi_valued, nature, spelling};
use crate::aws::{all_partitions, is_partition};
use crate::iam::document::Statement;
use crate::iam::value::boolean;
use crate::iam::{segments, stored};
use crate::permissions::context::KeyValue;
use crate::permissions::knowledge::{CALLED_VIA, Known, VIA_SERVICE};
use crate::problem::{Failure, Problem};

/// The question, with lists for the keys that hold lists, and whether it is known that its action can be asked on its resource.
pub(super) fn checked(question: &Question) -> Result<(Cow<'_, Question>, Asked), Failure> {
    let caller = super::caller(question)?;
    let asked = asked_on(&question.action, &question.resource);
    let mut problems: Vec<Problem> = pair(question, &asked).into_iter().collect();
    problems.extend(question.keys.iter().flat_map(|(key, value)| of_key(question, key, value)));
    problems.extend(always(question));
    problems.extend(called_via(question));
    if let Some(caller) = &caller {
        problems.extend(determined(question, caller));
        problems.extend(assumption(question, caller));
    }
    problems.extend(arns(question, caller.as_ref()));
    problems.extend(resource_account(question));
    problems.extend(refused(question));
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    Ok((with_lists(question), asked))
}

fn wrong(message: String, help: impl Into<String>) -> Problem {
    Problem::about("the request", message).help(help)
}

/// The action and the resource do not go together.
fn pair(question: &Question, asked: &Asked) -> Option<Problem> {
    let Question { action, resource, .. } = question;
    let Asked::Impossible(takes) = asked else {
        return None;
    };
    let help = format!("it is asked on {}", takes.join(", or on "));
    Some(wrong(format!("{action} is never asked on {resource}"), help))
}

/// A key that holds a list has one even where one value is given.
fn with_lists(question: &Question) -> Cow<'_, Question> {
    let is_one = |(key, value): &(&String, &KeyValue)| matches!(value, KeyValue::One(_)) && is_multi_valued(key);
    if !question.keys.iter().any(|pair| is_one(&pair)) {
        return Cow::Borrowed(question);
    }
    let mut question = question.clone();
    for (key, value) in &mut question.keys {
        if is_multi_valued(key) {
            *value = KeyValue::Many(value.values().to_vec());
        }
    }
    Cow::Owned(question)
}

/// A key that there is not, a value that is not of its key, a list for a key that has one value, or a key that the action does not carry.
fn of_key(question: &Question, key: &str, value: &KeyValue) -> Vec<Problem> {
    let unknown = values::unknown(key).filter(|_| !question.unknown_keys);
    let list = match value {
        KeyValue::Many(found) if nature(key).single && !is_multi_valued(key) => Some(Fault {
            message: format!("{} has one value, and {} are given in a list", spelling(key), found.len()),
            help: "give one value, without a list, and ask again for each of the others".to_owned(),
        }),
        _ => None,
    };
    let faults = unknown.into_iter().chain(list).chain(value.values().iter().filter_map(|v| values::wrong(key, v)));
    let mut problems: Vec<Problem> = faults.map(|f| wrong(f.message, f.help)).collect();
    if is_never_carried(&question.action.to_ascii_lowercase(), key) && !question.unknown_keys {
        let message = format!("no request for {} carries {}", question.action, spelling(key));
        problems.push(wrong(message, "leave the key out: the action does not have it"));
    }
    problems
}

/// Keys that every request carries, and that are said to be absent.
fn always(question: &Question) -> Vec<Problem> {
    let lacking = question.absent.iter().filter(|key| is_always_carried(key) && !question.unknown_keys);
    let told =
        |key: &String| wrong(format!("every request carries {}", spelling(key)), "give its value, or leave it out");
    lacking.map(told).collect()
}

/// The services that make the request for somebody are named, and it is said that none does.
fn called_via(question: &Question) -> Option<Problem> {
    let via = question.keys.get(VIA_SERVICE).and_then(KeyValue::single).and_then(boolean);
    let named = CALLED_VIA.iter().find(|key| question.keys.contains_key(**key))?;
    (via == Some(false)).then(|| {
        let message = format!("no request with {} false carries {}", spelling(VIA_SERVICE), spelling(named));
        wrong(message, format!("leave {} out, or give {} as true", spelling(named), spelling(VIA_SERVICE)))
    })
}

/// Keys that the principal determines, and that are given otherwise.
fn determined(question: &Question, caller: &Caller) -> Vec<Problem> {
    let given = question.keys.iter().map(|(key, value)| (key, Some(value)));
    let given = given.chain(question.absent.iter().map(|key| (key, None)));
    let mut problems = Vec::new();
    for (key, given) in given {
        let right = match (caller.determines(key), given) {
            (Some(Known::Value(value)), given) if given != Some(&value) => {
                format!("it is {}", value.values().join(", "))
            }
            (Some(Known::Absent), Some(_)) => "it has none".to_owned(),
            (Some(Known::Present | Known::OfForm(_)), None) => "it has one".to_owned(),
            (Some(Known::OfForm(form)), Some(value)) => {
                if value.single().is_some_and(|v| form.matches(v)) {
                    continue;
                }
                format!("it is {}", form.words())
            }
            (Some(Known::Like(arn)), given) => {
                let fits = |value: &KeyValue| value.single().is_some_and(|v| arn.matches(v));
                if given.is_some_and(fits) {
                    continue;
                }
                "it is the ARN of the role that the session is of, with whatever path".to_owned()
            }
            _ => continue,
        };
        let message = format!("no request of {} carries this {}: {right}", caller.name, spelling(key));
        problems.push(wrong(message, "leave the key out, or name the principal whose request it is"));
    }
    problems
}

/// Who can never assume a role, and who does nothing else.
fn assumption(question: &Question, caller: &Caller) -> Option<Problem> {
    let action = question.action.to_ascii_lowercase();
    let who = match caller.kind {
        CallerKind::Root => "a root user",
        CallerKind::FederatedUser => "a federated user",
        CallerKind::Anonymous => "an anonymous request",
        CallerKind::Provider => {
            let does = ["sts:assumerolewith", "sts:tagsession", "sts:setsourceidentity"];
            let help = "name the session of the role that it comes to by the identity provider";
            let message = format!("{} only lets somebody assume a role, and never asks for {action}", caller.name);
            return (!does.iter().any(|d| action.starts_with(d))).then(|| wrong(message, help));
        }
        _ => return None,
    };
    (action == "sts:assumerole")
        .then(|| wrong(format!("{who} cannot assume a role"), "name a user or a role of the account as the principal"))
}

/// ARNs that nothing has: of a partition that there is not, of two partitions, of a number that is not an account.
fn arns(question: &Question, caller: Option<&Caller>) -> Vec<Problem> {
    let mut problems = Vec::new();
    // an account may be named without its partition, and is then in that of the resource
    let principal = question.principal.as_deref().filter(|p| p.starts_with("arn:")).and_then(segments);
    let resource = segments(&question.resource);
    for arn in principal.iter().chain(&resource) {
        let [_, partition, service, _, account, name] = arn;
        if !is_partition(partition) {
            problems.push(wrong(
                format!("AWS has no partition `{partition}`"),
                format!("write one of {} after `arn:`", all_partitions().join(", ")),
            ));
        }
        if account.bytes().any(|b| b.is_ascii_digit()) && !is_account(account) {
            problems.push(wrong(format!("`{account}` is not an account"), "write its 12 digits"));
        }
        if service.is_empty() || name.is_empty() {
            problems.push(wrong(format!("`{}` names nothing", arn.join(":")), "write the ARN in full"));
        }
    }
    if let (Some([_, own, ..]), Some([_, of, ..]), true) = (&principal, &resource, problems.is_empty())
        && own != of
        && caller.is_some()
    {
        let message = format!("a principal of the partition {own} never asks for a resource of {of}");
        problems.push(wrong(message, "write both with the same partition"));
    }
    problems
}

/// The account of the resource is given otherwise than its ARN tells it.
fn resource_account(question: &Question) -> Vec<Problem> {
    let named = sides::named_account(&question.resource);
    let told = named.as_ref().or(question.resource_account.as_ref());
    let key = question.keys.get("aws:resourceaccount").and_then(KeyValue::single);
    let given = [question.resource_account.as_deref(), key].into_iter().flatten();
    let others = given.filter(|given| told.is_some_and(|told| told != given));
    let message = |given: &str| {
        format!("{} belongs to account {}, and not to {given}", question.resource, told.map_or("", String::as_str))
    };
    others.map(|given| wrong(message(given), "give the account once")).collect()
}

/// Policies of the principal that IAM does not store, and resource control policies that Organizations does not. What is refused of every
/// policy is an error where it is read.
fn refused(question: &Question) -> Vec<Problem> {
    let mut problems = Vec::new();
    for layer in &question.layers {
        let refusal = |s: &Statement| match layer.layer.as_str() {
            "identity" | "boundary" | "session" => s.sid.as_deref().and_then(stored::sid),
            name if name.starts_with("resourceControl") => stored::of_resource_control(s),
            _ => None,
        };
        let policies = layer.policies.iter().filter_map(|(_, p)| p.as_ref()).filter(|p| !p.built_in);
        for statement in policies.flat_map(|p| &p.document.statements) {
            let at =
                |r: stored::Refusal| Problem::at(&statement.place.source, statement.place.span, r.message).help(r.help);
            problems.extend(refusal(statement).map(at));
        }
    }
    problems
}
