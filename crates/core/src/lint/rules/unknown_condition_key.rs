#![doc = include_str!("../../../../../docs/rules/CS141.md")]

use std::collections::BTreeSet;

use crate::aws::keys::{known_keys, tag, undocumented};
use crate::aws::{actions, catalogue};
use crate::lint::policy::{Condition, Policy};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};
use crate::problem::{did_you_mean, distance, is_nearest, meant};
use crate::text::UNKNOWN;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS141",
    name: "unknown-condition-key",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS141.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let key = &condition.key;
        if !name_is_known(&key.text) || key.text.is_empty() || !begins_before_placeholder(&key.text) {
            continue;
        }
        let Some((prefix, _)) = key.text.split_once(':') else {
            if !policy.kind.has_principals() {
                let near = near(&format!("aws:{}", key.text));
                report(policy, condition, near, "a condition key has a prefix, such as `aws:`", sink);
            }
            continue;
        };
        let prefix = prefix.to_ascii_lowercase();
        match prefix.as_str() {
            "artifact" if actions::service_key(&key.text).is_none() => {
                let near = did_you_mean(&key.text, OF_ARTIFACT);
                report(
                    policy,
                    condition,
                    near,
                    "AWS Artifact has the keys artifact:ReportCategory and artifact:ReportSeries",
                    sink,
                );
            }
            "artifact" => {}
            "aws"
                if ["aws:principaltag", "aws:requesttag", "aws:resourcetag"]
                    .contains(&key.text.to_ascii_lowercase().trim_end_matches('/')) =>
            {
                let name = key.text.trim_end_matches('/');
                report(policy, condition, None, &format!("name the tag, as in `{name}/team`"), sink);
            }
            "aws" if !is_global(&key.text) && !is_of_a_service(policy, &key.text, sink) => {
                of_none(policy, condition, sink);
            }
            "aws" => {}
            prefix => of_a_service(policy, condition, prefix, sink),
        }
    }
}

/// Whether the name of a key is known: of `aws:ResourceTag/…`, what stands before the name of the tag.
fn name_is_known(key: &str) -> bool {
    let Some((before, _)) = key.split_once(UNKNOWN) else {
        return true;
    };
    let name = before.split_once(':').filter(|(prefix, _)| !prefix.contains('/'));
    name.is_some_and(|(_, name)| name.contains(['/', ':']))
}

/// Whether no part of the name of a key is filled in later: of `aws:ResourceTag/${team}`, only that of the tag is.
fn begins_before_placeholder(key: &str) -> bool {
    let name = |key: &str| key.split_once(':').is_some_and(|(_, name)| name.contains(['/', ':']));
    key.split_once("${").is_none_or(|(before, _)| name(before))
}

/// A global key that AWS does not list: a slip of one that there is, one that some requests carry, or one that may be younger than what is known.
fn of_none(policy: &Policy, condition: &Condition, sink: &mut Sink<'_>) {
    let key = &condition.key;
    if let Some(own) = undocumented().iter().find(|own| own.key.eq_ignore_ascii_case(&key.text)) {
        let message = format!("AWS does not document the global condition key `{}`", key.text);
        sink.add_as(Severity::Warning, &key.at, message, &own.help);
        return;
    }
    let slip = near(&key.text).map(str::to_owned).or_else(|| near_with_a_part(&key.text, TAGS));
    if slip.is_some() {
        return report(policy, condition, slip.as_deref(), "", sink);
    }
    let message = format!("AWS has no global condition key `{}` (as of {})", key.text, catalogue::date());
    sink.add_as(Severity::Warning, &key.at, message, "check its name: a younger key may be missing");
}

/// The global keys whose names end in that of a tag.
const TAGS: [&str; 3] = ["aws:PrincipalTag/${TagKey}", "aws:RequestTag/${TagKey}", "aws:ResourceTag/${TagKey}"];

/// The key whose name, up to the part that the user names, is one slip from this one's: `aws:ResouceTag/env`, `aws:ResourceTag:env`.
fn near_with_a_part<'k>(key: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let (prefix, name) = key.split_once(':')?;
    let (head, part) = name.split_at_checked(name.find(['/', ':'])? + 1)?;
    let heads = known.into_iter().filter_map(|k| k.find(['$', '<']).and_then(|end| k.get(..end)));
    let written = format!("{prefix}:{head}");
    let near = did_you_mean(&written, heads.filter(|h| h.ends_with(['/', ':']) && h.len() > prefix.len() + 1))?;
    distance(&written.to_ascii_lowercase(), &near.to_ascii_lowercase(), SLIP)?;
    (!part.is_empty()).then(|| format!("{near}{part}"))
}

/// The keys of AWS Artifact.
const OF_ARTIFACT: [&str; 2] = ["artifact:ReportCategory", "artifact:ReportSeries"];

/// So many edits make a slip of a key.
const SLIP: usize = 2;

/// A key of a service: the service has it, or one of those whose actions the policy names.
fn of_a_service(policy: &Policy, condition: &Condition, prefix: &str, sink: &mut Sink<'_>) {
    let settings = sink.settings;
    let (key, catalogue) = (&condition.key, &settings.catalogue);
    // providers of identities have keys of their own, and a variable may be part of a name
    let other = prefix.contains(['.', '/']);
    if other || catalogue::other_prefixes().any(|p| p.eq_ignore_ascii_case(prefix)) {
        return;
    }
    let global = catalogue::find(catalogue::global_keys(), &key.text).is_some();
    if global || is_of_a_service(policy, &key.text, sink) {
        return;
    }
    let (message, near, is_only) = match catalogue.service(prefix) {
        Some(service) if service.key(&key.text).is_some() => return,
        Some(service) => {
            let known = || service.keys.iter().map(|k| k.name.as_str());
            // a name with a part of the user's is no proposal that can be written as it is
            let whole = did_you_mean(&key.text, known().filter(|n| !n.contains(['<', '$']))).map(str::to_owned);
            let near = near_with_a_part(&key.text, known()).or(whole);
            let is_only = near.as_ref().is_some_and(|near| is_only_one(&key.text, near, known()));
            (format!("`{}` has no condition key `{}`", service.prefix, key.text), near, is_only)
        }
        None if catalogue::known_service(prefix).is_some() => return,
        None => {
            let near = did_you_mean(prefix, catalogue.prefixes());
            let rest = key.text.split_once(':').map_or("", |(_, rest)| rest);
            let is_only = near.is_some_and(|near| is_nearest(prefix, near, catalogue.prefixes()));
            (format!("`{prefix}` is not a service of AWS"), near.map(|n| format!("{n}:{rest}")), is_only)
        }
    };
    let message = format!("{message} (as of {})", catalogue.date(prefix));
    let slip = near.is_some() && catalogue.is_young(prefix, settings.at);
    let severity = if slip { Severity::Error } else { Severity::Warning };
    let help = near.as_ref().map_or_else(|| "check its name".to_owned(), |n| format!("did you mean `{n}`?"));
    let finding = sink.add_as(severity, &key.at, message, help);
    if let (Some(finding), Some(near)) = (finding, near) {
        let what = format!("asks for `{near}`, which requests carry: the condition takes effect");
        finding.fix(false, what, edit::replace(policy, key, &near).filter(|_| is_only));
    }
}

/// Whether no other key of a service is as near to a name, with the part that the user names.
fn is_only_one<'k>(key: &str, near: &str, known: impl IntoIterator<Item = &'k str>) -> bool {
    let part = key.split_once(':').and_then(|(_, name)| name.split_once(['/', ':'])).map_or("", |(_, part)| part);
    let named = |name: &str| match name.find(['$', '<']) {
        Some(end) => format!("{}{part}", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    };
    let all: Vec<String> = known.into_iter().map(named).collect();
    is_nearest(key, near, all.iter().map(String::as_str))
}

/// Whether one of the services whose actions the policy names has a key.
fn is_of_a_service(policy: &Policy, key: &str, sink: &Sink<'_>) -> bool {
    let prefixes: BTreeSet<&str> = policy.action_texts().filter_map(|t| t.text.split(':').next()).collect();
    prefixes.into_iter().filter_map(|p| sink.settings.catalogue.service(p)).any(|s| s.key(key).is_some())
}

fn is_global(key: &str) -> bool {
    tag(&key.to_ascii_lowercase()).is_some()
        || globals().any(|g| g.eq_ignore_ascii_case(key))
        || catalogue::find(catalogue::global_keys(), key).is_some()
}

fn globals() -> impl Iterator<Item = &'static str> {
    known_keys().filter(|s| s.starts_with("aws:"))
}

fn near(key: &str) -> Option<&'static str> {
    let found = did_you_mean(key, globals())?;
    distance(&key.to_ascii_lowercase(), &found.to_ascii_lowercase(), SLIP).map(|_| found)
}

fn report(policy: &Policy, condition: &Condition, near: Option<&str>, otherwise: &str, sink: &mut Sink<'_>) {
    let key = &condition.key;
    let help = near.map_or_else(|| otherwise.to_owned(), meant);
    let finding = sink.add(&key.at, format!("no request carries the key `{}`", key.text), help);
    if let (Some(finding), Some(near)) = (finding, near) {
        let what = format!("asks for `{near}`, which requests carry: the condition takes effect");
        let word = if key.text.contains(':') { key.text.clone() } else { format!("aws:{}", key.text) };
        let is_only = is_nearest(&word, near, globals().chain(OF_ARTIFACT));
        finding.fix(false, what, edit::replace(policy, key, near).filter(|_| is_only));
    }
}
