//! Whether a promise is weaker than another. Where that cannot be told, it is.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Item, Kind, Told, Value};
use crate::moment::{self, Moment};

/// What a change does to a promise if it weakens it; `None` if it does not.
pub fn weaker(kind: Kind, old: Option<&Item>, new: Option<&Item>, now: Moment) -> Option<String> {
    let named = |verb: &str| {
        let name = new.or(old).map_or("", |i| i.name.as_str());
        Some(format!("{name} {verb}"))
    };
    match (kind, old, new) {
        (Kind::Guardrail, Some(_), None) => named("is removed: what it forbade is no longer checked"),
        (Kind::Guardrail, Some(old), Some(new)) => guardrail(old, new),
        (Kind::Expectation, Some(_), None) => named("is removed or changed: what it expected is no longer checked"),
        (Kind::Rule, None, Some(new)) => match &new.value {
            Value::Rule(_, true) => None,
            _ => named("is added to the rules that decide"),
        },
        (Kind::Rule, Some(_), None) => named("is removed from the rules that decide"),
        (Kind::Rule, Some(_), Some(_)) => named("is changed in the rules that decide"),
        (Kind::Schema, ..) => named("is changed"),
        (Kind::AccountException, None, Some(_)) => named("is added: somebody answers for what the account lacks"),
        (Kind::Exception, None, Some(_)) => named("is added: what it excepts no longer fails a change"),
        (Kind::Exception | Kind::AccountException, Some(old), Some(new)) => match (&old.value, &new.value) {
            (Value::Until(Some(old)), Value::Until(Some(new))) if new <= old => None,
            (Value::Until(None), Value::Until(_)) => None,
            _ => named("holds for longer"),
        },
        (Kind::Exclude | Kind::LintFiles, None, Some(_)) => named("is added: such files are no longer checked"),
        (Kind::LintFiles, Some(old), Some(new)) => match (&old.value, &new.value) {
            (Value::Parts(old), Value::Parts(new)) if new.is_superset(old) => None,
            (Value::Parts(_), Value::Parts(_)) => {
                named("is for more files: an owner after it, whose findings fail, is gone")
            }
            _ => named("is changed"),
        },
        (Kind::LintFiles, Some(old), None) => match &old.value {
            Value::Text(text) if !text.is_empty() => named("is removed"),
            _ => None,
        },
        (Kind::LintPaths, Some(_), None) => named("is no longer linted"),
        (Kind::Moment, old, Some(new)) => moved(old, new, now),
        (Kind::Context | Kind::Trusted, _, Some(_)) => named("settles what was unknown, or otherwise than before"),
        (Kind::Signatories | Kind::PermissionModel, Some(old), None) => {
            Some(format!("{} is removed", old.name)).filter(|_| kind == Kind::Signatories)
        }
        (Kind::Signatories, Some(old), Some(new)) => match (&old.value, &new.value) {
            (Value::Names(old), Value::Names(new)) if new.is_subset(old) => None,
            _ => named("is changed"),
        },
        (Kind::Auditors, Some(_), None) => named("is no longer declared"),
        (Kind::Auditors, Some(old), Some(new)) => match (&old.value, &new.value) {
            (Value::Text(old), Value::Text(new)) if series(new).is_subset(&series(old)) => None,
            _ => named("is more than before"),
        },
        (Kind::PhiTags, Some(_), None) => named("no longer declares PHI"),
        (Kind::PermissionModel, _, Some(new)) if new.value != Value::Text("any".to_owned()) => {
            named("leaves out permissions that counted")
        }
        (Kind::LintRule, Some(old), Some(new)) => match (&old.value, &new.value) {
            (Value::Rank(old, told), Value::Rank(new, tell)) if new >= old && finds_all_of(tell, told) => None,
            _ => named("finds less, or something less severe"),
        },
        (Kind::EligibleServices, Some(_), None) => named("is taken out"),
        (Kind::EligibleServices, _, Some(_)) => named("decides which services are eligible, otherwise than before"),
        (Kind::Agreement, _, Some(_)) => named("counts as one of AWS's"),
        (Kind::AwsData, Some(_), None) => named("is taken out"),
        (Kind::AwsData, _, Some(_)) => named("decides, otherwise than before"),
        (Kind::Limit, Some(_), None) => named("is removed: more is read than before"),
        (Kind::Limit, Some(old), Some(new)) => match (&old.value, &new.value) {
            (Value::Count(old), Value::Count(new)) if new <= old => None,
            _ => named("is raised"),
        },
        (Kind::Baseline, old, Some(new)) => {
            let count = |item: Option<&Item>| match item.map(|i| &i.value) {
                Some(Value::Count(n)) => *n,
                _ => 0,
            };
            if count(Some(new)) > count(old) { named("is added to the baseline, and no longer told") } else { None }
        }
        _ => None,
    }
}

/// Whether a rule of lint that is told one thing finds whatever it finds when it is told another.
fn finds_all_of(now: &Told, before: &Told) -> bool {
    // without a limit of its own, a rule has one of AWS's, which may be higher or lower
    let as_low = |(name, most): (&String, &usize)| now.limits.get(name).is_some_and(|own| own <= most);
    let limits = before.limits.iter().all(as_low) && now.limits.len() == before.limits.len();
    (!now.narrowed || before.narrowed) && now.words.is_superset(&before.words) && limits
}

/// The series of a declaration.
fn series(text: &str) -> BTreeSet<&str> {
    text.split(", ").filter(|s| !s.is_empty()).collect()
}

/// The moment asked where none is named: set back, it does not see what happened since; in the future, it sees what nobody knows.
fn moved(old: Option<&Item>, new: &Item, now: Moment) -> Option<String> {
    let at = |item: &Item| if let Value::At(at) = item.value { at } else { now };
    let (was, is) = (old.map_or(now, at), at(new));
    let from = old.map_or_else(|| "now".to_owned(), |_| moment::format(was));
    if is < was {
        Some(format!("asOf is set back from {from} to {}: what happened in between is not seen", moment::format(is)))
    } else if is > now && is > was {
        Some(format!("asOf is set from {from} to {}, which is in the future", moment::format(is)))
    } else {
        None
    }
}

/// A guardrail is at least as strong as another if it forbids whatever that one forbids, as severely.
fn guardrail(old: &Item, new: &Item) -> Option<String> {
    let (Value::Policy(was, rank), Value::Policy(is, new_rank)) = (&old.value, &new.value) else {
        return Some(format!("{} is changed", new.name));
    };
    if new_rank < rank {
        return Some(format!("{} is less severe", new.name));
    }
    if forbids_all_of(is, was) {
        return None;
    }
    Some(format!("{} is changed, and may forbid less", new.name))
}

/// Whether a `forbid` applies wherever another does, by its form: the same scope or a wider one, and no condition more.
fn forbids_all_of(wide: &Json, narrow: &Json) -> bool {
    let part = |policy: &Json, name: &str| policy.get(name).cloned().unwrap_or(Json::Null);
    let is_all = |scope: &Json| scope.get("op").and_then(Json::as_str) == Some("All");
    let entities = |scope: &Json| -> Option<Vec<Json>> {
        match scope.get("op").and_then(Json::as_str)? {
            "==" => scope.get("entity").map(|e| vec![e.clone()]),
            "in" => scope.get("entities").and_then(Json::as_array).cloned(),
            _ => None,
        }
    };
    let scope = |name: &str| {
        let (wide, narrow) = (part(wide, name), part(narrow, name));
        let listed = || match (entities(&wide), entities(&narrow)) {
            // `==` is about an action itself, `in` about those of a group too
            _ if wide.get("op") != narrow.get("op") && wide.get("op").and_then(Json::as_str) == Some("==") => false,
            (Some(wide), Some(narrow)) if name == "action" => narrow.iter().all(|e| wide.contains(e)),
            _ => false,
        };
        is_all(&wide) || wide == narrow || listed()
    };
    let conditions = |policy: &Json| part(policy, "conditions").as_array().cloned().unwrap_or_default();
    let narrower = conditions(narrow);
    ["principal", "action", "resource"].into_iter().all(scope)
        && part(wide, "effect") == part(narrow, "effect")
        && conditions(wide).iter().all(|c| narrower.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbids(wide: &str, narrow: &str) -> bool {
        let json = |text: &str| cedar_policy::Policy::parse(None, text).unwrap().to_json().unwrap();
        forbids_all_of(&json(wide), &json(narrow))
    }

    #[test]
    fn a_guardrail_is_as_strong_where_it_applies_wherever_the_other_does() {
        let one = "forbid(principal, action == Action::\"x\", resource) when { principal.a } unless { principal.b };";
        for wider in [
            one,
            "forbid(principal, action == Action::\"x\", resource) when { principal.a };",
            "forbid(principal, action in [Action::\"x\", Action::\"y\"], resource) when { principal.a } unless { principal.b };",
            "forbid(principal, action == Action::\"x\", resource) unless { principal.b };",
            "forbid(principal, action, resource);",
        ] {
            assert!(forbids(wider, one), "{wider}");
        }
        for other in [
            "forbid(principal, action == Action::\"y\", resource) when { principal.a } unless { principal.b };",
            "forbid(principal, action == Action::\"x\", resource) when { principal.a } unless { principal.b || principal.c };",
            "forbid(principal, action == Action::\"x\", resource) when { principal.a && false } unless { principal.b };",
            "forbid(principal == P::\"q\", action == Action::\"x\", resource) when { principal.a } unless { principal.b };",
            "forbid(principal, action in [], resource);",
            "forbid(principal, action == Action::\"x\", resource) when { principal.a } unless { principal.b } unless { true };",
        ] {
            assert!(!forbids(other, one), "{other}");
        }
    }
}
