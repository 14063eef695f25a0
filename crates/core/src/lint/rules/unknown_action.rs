#![doc = include_str!("../../../../../docs/rules/CS121.md")]

use crate::aws::actions;
use crate::aws::catalogue::{self, Catalogue, Known, Service};
use crate::iam::template::{Syntax, Template};
use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};
use crate::problem::{did_you_mean, distance};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS121",
    name: "unknown-action",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS121.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let settings = sink.settings;
    for text in policy.action_texts() {
        let Some((prefix, short)) = text.text.split_once(':').filter(|_| text.is_known()) else {
            continue;
        };
        // wildcards in the name of a service are told as that
        if prefix.contains(['*', '?']) || short.is_empty() {
            continue;
        }
        let catalogue = &settings.catalogue;
        match catalogue.service(prefix) {
            Some(service) => unknown_action(policy, text, (prefix, short), service, sink),
            None if catalogue::known_service(prefix).is_some() => {}
            None => {
                let near = near_service(catalogue, prefix, short).map(|near| format!("{near}:{short}"));
                report(policy, text, format!("`{prefix}` is not a service of AWS"), near, prefix, sink);
            }
        }
    }
}

fn unknown_action(policy: &Policy, text: &Text, (prefix, short): (&str, &str), service: &Service, sink: &mut Sink<'_>) {
    let found =
        if text.is_literal() { service.action(short).is_some() } else { service.matching(short).next().is_some() };
    // what AWS has deprecated is told as that
    if found || actions::matching(&text.text).next().is_some() {
        return;
    }
    match catalogue::known_action(prefix, short) {
        Some(Known::Undocumented) => return,
        Some(Known::Ended(day)) => {
            let message = format!("`{}` has ended: AWS's catalogue had it last on {day}", text.text);
            sink.add_as(Severity::Warning, &text.at, message, "remove it, or name what took its place");
            return;
        }
        None => {}
    }
    let syntax = Syntax { wildcards: true, variables: false };
    let template = Template::parse(short, syntax).unwrap_or_default().to_lower();
    if catalogue::known_actions(prefix).any(|name| template.matches(&name.to_ascii_lowercase())) {
        return;
    }
    let near = near_action(service, short).map(|near| format!("{}:{near}", service.prefix));
    let message = match text.is_literal() {
        true => format!("`{}` is not an AWS action", text.text),
        false => format!("`{}` matches no AWS action", text.text),
    };
    report(policy, text, message, near, prefix, sink);
}

/// A name that is nearly another one is a slip where the catalogue is young; else it may be younger than the catalogue.
fn report(policy: &Policy, text: &Text, message: String, near: Option<String>, prefix: &str, sink: &mut Sink<'_>) {
    let catalogue = &sink.settings.catalogue;
    let message = format!("{message} (as of {})", catalogue.date(prefix));
    let slip = near.is_some() && catalogue.is_young(prefix, sink.settings.at);
    let severity = if slip { Severity::Error } else { Severity::Warning };
    let help = near.as_ref().map_or_else(
        || {
            "check its name: `countersign show action` shows those that are known; a younger one may be missing"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    let finding = sink.add_as(severity, &text.at, message, help);
    if let (Some(finding), Some(near)) = (finding, near) {
        finding.fix(false, format!("writes `{near}`, which takes effect"), edit::replace(policy, text, &near));
    }
}

/// The nearest action. Of a pattern that ends in `*`, what stands before it is compared with how actions begin.
fn near_action(service: &Service, short: &str) -> Option<String> {
    let names = || service.actions.iter().map(|a| a.name.as_str());
    let Some(start) = short.strip_suffix('*') else {
        return did_you_mean(short, names()).filter(|_| !short.contains(['*', '?'])).map(str::to_owned);
    };
    if start.contains(['*', '?']) {
        return None;
    }
    let length = start.chars().count();
    let beginnings: Vec<String> = names().map(|name| name.chars().take(length).collect()).collect();
    did_you_mean(start, beginnings.iter().map(String::as_str)).map(|near| format!("{near}*"))
}

/// The nearest prefix; of several, one whose service has such an action.
fn near_service<'c>(catalogue: &'c Catalogue, prefix: &str, short: &str) -> Option<&'c str> {
    let has = |p: &str| catalogue.service(p).is_some_and(|s| s.matching(short).next().is_some());
    let limit = (prefix.chars().count() / 3).clamp(1, 3);
    let lower = prefix.to_ascii_lowercase();
    let near = catalogue.prefixes().filter_map(|p| Some((distance(&lower, p, limit)?, p)));
    near.min_by_key(|(distance, p)| (!has(p), *distance, *p)).map(|(_, p)| p)
}
