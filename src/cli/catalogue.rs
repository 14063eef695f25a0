//! `show action`, `show key`, `show resource` and `show managed-policy`: what the catalogue of AWS and its managed policies say.

use std::collections::BTreeSet;

use serde::Serialize;

use super::errors::usage;
use super::output::{self, Output};
use super::{OK, input};
use crate::report::{bold, paragraph};
use countersign_core::aws::catalogue::{self, Action, Catalogue, Key, Known, Service};
use countersign_core::aws::{actions, api, managed};
use countersign_core::inventory::config::Config;
use countersign_core::inventory::newer;
use countersign_core::problem::{Failure, did_you_mean};
use countersign_core::provenance::Provenance;
use countersign_core::source::{Folder, Source};

/// What is shown, as JSON: `schemas/aws.v1.schema.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<T> {
    schema: &'static str,
    #[serde(flatten)]
    shown: T,
    as_of: String,
    provenance: Provenance,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Shown {
    Action(ShownAction),
    Key(ShownKey),
    Resource(ShownResource),
    ManagedPolicy(ShownPolicy),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownAction {
    name: String,
    service: String,
    access_level: Option<&'static str>,
    resources: Vec<ResourceOfAction>,
    condition_keys: Vec<ShownKey>,
    depends_on: Vec<String>,
    /// The last day on which a catalogue had it, where it has ended.
    ended: Option<String>,
    /// Since when AWS has deprecated it, by partition.
    deprecated: Vec<(String, String)>,
}

#[derive(Serialize)]
struct ResourceOfAction {
    name: String,
    required: bool,
    arns: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownKey {
    name: String,
    r#type: Option<String>,
    multi_valued: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownResource {
    service: String,
    name: String,
    arns: Vec<String>,
    condition_keys: Vec<ShownKey>,
    actions: Vec<String>,
}

#[derive(Serialize)]
struct ShownPolicy {
    name: String,
    arn: String,
    version: String,
    created: String,
    updated: String,
    document: serde_json::Value,
}

impl From<&Key> for ShownKey {
    fn from(key: &Key) -> Self {
        let r#type = Some(key.kind.clone()).filter(|k| !k.is_empty());
        Self { name: key.name.clone(), r#type, multi_valued: key.is_multi_valued(), services: Vec::new() }
    }
}

/// What is asked for.
pub enum Asked<'a> {
    /// `s3:GetObject`
    Action(&'a str),
    /// `aws:SourceVpce`
    Key(&'a str),
    /// `s3`, `object`
    Resource(&'a str, &'a str),
    /// `ReadOnlyAccess`, or its ARN
    ManagedPolicy(&'a str),
}

/// Shows what is asked for. The folder's `[aws]` may name newer files.
pub fn show(asked: &Asked<'_>, formats: &[Output]) -> Result<u8, Failure> {
    let folder = Folder::new(input::locate(None));
    let config = if folder.exists() { Config::read(&folder).map_err(Failure::Problems)? } else { Config::none() };
    let catalogue = newer::catalogue(&folder, &config.aws).map_err(Failure::Problems)?;
    let (shown, as_of) = match asked {
        Asked::Action(name) => action(&catalogue, name)?,
        Asked::Key(name) => key(&catalogue, name)?,
        Asked::Resource(service, name) => resource(&catalogue, service, name)?,
        Asked::ManagedPolicy(name) => {
            let mut problems = Vec::new();
            let given = newer::documents(&folder, &config.aws, &mut problems);
            if !problems.is_empty() {
                return Err(Failure::Problems(problems));
            }
            match given_policy(name, &given) {
                Some(shown) => (shown, config.aws.as_of.clone().unwrap_or_else(|| managed::date().to_owned())),
                None => (managed_policy(name)?, managed::date().to_owned()),
            }
        }
    };
    let text = text(&shown, &as_of);
    let provenance = Provenance::bare();
    let document = Document { schema: "countersign/aws/v1", shown, as_of, provenance: provenance.clone() };
    output::write(formats, &document, &provenance, || text.clone())?;
    Ok(OK)
}

fn unknown(what: &str, near: Option<String>, as_of: &str, otherwise: &str) -> Failure {
    let help = near.map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"));
    usage(format!("AWS has no {what} (as of {as_of})")).help(help).into()
}

/// What tells of the actions of a service that has ended.
pub(super) fn ended_actions(prefix: &str) -> String {
    format!("`show action {prefix}:…` says of an action that it had it")
}

/// The service of a prefix; else the near ones are told.
fn service<'c>(catalogue: &'c Catalogue, prefix: &str) -> Result<&'c Service, Failure> {
    catalogue.service(prefix).ok_or_else(|| {
        if let Some((ended, day)) = catalogue::ended_service(prefix) {
            let message = catalogue::has_ended(&format!("the service `{ended}`"), day);
            return usage(message).help(ended_actions(ended)).into();
        }
        let near = did_you_mean(prefix, catalogue.prefixes()).map(str::to_owned);
        unknown(
            &format!("service `{prefix}`"),
            near,
            catalogue::date(),
            "write the prefix that policies use, such as s3",
        )
    })
}

fn action(catalogue: &Catalogue, name: &str) -> Result<(Shown, String), Failure> {
    let Some((prefix, short)) = name.split_once(':') else {
        return Err(usage(format!("`{name}` is not an action")).help("write it as policies do: s3:GetObject").into());
    };
    let as_of = catalogue.date(prefix).to_owned();
    if let (Some(service), Some(found)) =
        (catalogue.service(prefix), catalogue.service(prefix).and_then(|s| s.action(short)))
    {
        return Ok((Shown::Action(shown_action(service, found)), as_of));
    }
    if let Some(known) = catalogue::known_action(prefix, short) {
        let ended = match known {
            Known::Ended(day) => Some(day.to_owned()),
            Known::Undocumented => None,
        };
        let shown = ShownAction {
            name: name.to_owned(),
            service: catalogue.service(prefix).map_or_else(|| prefix.to_owned(), |s| s.name.clone()),
            access_level: None,
            resources: Vec::new(),
            condition_keys: Vec::new(),
            depends_on: Vec::new(),
            ended,
            deprecated: deprecated(name),
        };
        return Ok((Shown::Action(shown), as_of));
    }
    let needed = api::actions_of(prefix, short);
    if !needed.is_empty() {
        let help = format!("it needs {}: show that", needed.join(" and "));
        return Err(usage(format!("`{name}` is an operation of the API, and no action has its name"))
            .help(help)
            .into());
    }
    if let Some((ended, day)) = catalogue::ended_service(prefix).filter(|_| catalogue.service(prefix).is_none()) {
        let near = did_you_mean(short, catalogue::known_actions(ended)).map(|n| format!("{ended}:{n}"));
        let message = catalogue::has_ended(&format!("the service of `{name}`"), day);
        let otherwise = format!("`{ended}` had no such action that is known");
        return Err(usage(message).help(near.map_or(otherwise, |near| format!("did you mean `{near}`?"))).into());
    }
    if catalogue.service(prefix).is_none() && catalogue::known_service(prefix).is_some() {
        let near = did_you_mean(short, catalogue::known_actions(prefix)).map(|n| format!("{prefix}:{n}"));
        let otherwise = "only AWS's own managed policies name actions of this service";
        return Err(unknown(&format!("action `{name}`"), near, &as_of, otherwise));
    }
    let service = service(catalogue, prefix)?;
    let near = did_you_mean(short, service.actions.iter().map(|a| a.name.as_str()));
    let near = near.map(|n| format!("{}:{n}", service.prefix));
    let otherwise = format!("{} has {} actions", service.name, service.actions.len());
    Err(unknown(&format!("action `{name}`"), near, &as_of, &otherwise))
}

fn deprecated(name: &str) -> Vec<(String, String)> {
    let known = actions::action(name);
    known.iter().flat_map(|a| a.deprecated()).map(|(partition, day)| (partition.to_owned(), day.to_owned())).collect()
}

fn shown_action(service: &Service, action: &Action) -> ShownAction {
    let name = format!("{}:{}", service.prefix, action.name);
    let resources = action.resources.iter().map(|(resource, required)| ResourceOfAction {
        name: resource.clone(),
        required: *required,
        arns: service.resource(resource).map_or_else(Vec::new, |r| r.arns.clone()),
    });
    ShownAction {
        deprecated: deprecated(&name),
        name,
        service: service.name.clone(),
        access_level: Some(action.level.words()),
        resources: resources.collect(),
        condition_keys: service.keys_of(action).map(ShownKey::from).collect(),
        depends_on: action.depends_on.clone(),
        ended: None,
    }
}

fn key(catalogue: &Catalogue, name: &str) -> Result<(Shown, String), Failure> {
    let prefix = name.split(':').next().unwrap_or_default();
    let global = catalogue::find(catalogue::global_keys(), name);
    let own = catalogue.service(prefix).and_then(|s| s.key(name));
    let Some(found) = global.or(own) else {
        let mut known: BTreeSet<&str> = catalogue::global_keys().iter().map(|k| k.name.as_str()).collect();
        known.extend(catalogue.service(prefix).into_iter().flat_map(|s| &s.keys).map(|k| k.name.as_str()));
        let near = did_you_mean(name, known).map(str::to_owned);
        let otherwise = "write it as policies do: aws:SourceVpce, s3:prefix";
        return Err(unknown(&format!("condition key `{name}`"), near, catalogue.date(prefix), otherwise));
    };
    let mut shown = ShownKey::from(found);
    if global.is_none() {
        let with = |p: &&str| catalogue.service(p).is_some_and(|s| s.keys.iter().any(|k| k.name == found.name));
        shown.services = catalogue.prefixes().filter(with).map(str::to_owned).collect();
    }
    Ok((Shown::Key(shown), catalogue.date(prefix).to_owned()))
}

fn resource(catalogue: &Catalogue, prefix: &str, name: &str) -> Result<(Shown, String), Failure> {
    let service = service(catalogue, prefix)?;
    let as_of = catalogue.date(prefix).to_owned();
    let Some(found) = service.resource(name) else {
        let known = || service.resources.iter().map(|r| r.name.as_str());
        let near = did_you_mean(name, known()).map(str::to_owned);
        let otherwise = match known().collect::<Vec<_>>().as_slice() {
            [] => format!("{} has no types of resources: its actions are asked on `*`", service.name),
            all => format!("its types are {}", all.join(", ")),
        };
        return Err(unknown(&format!("type of resource `{name}` in {}", service.prefix), near, &as_of, &otherwise));
    };
    let on = |a: &&Action| a.resources.iter().any(|(r, _)| r.eq_ignore_ascii_case(&found.name));
    let shown = ShownResource {
        service: service.prefix.clone(),
        name: found.name.clone(),
        arns: found.arns.clone(),
        condition_keys: service.keys_about(found).map(ShownKey::from).collect(),
        actions: service.actions.iter().filter(on).map(|a| format!("{}:{}", service.prefix, a.name)).collect(),
    };
    Ok((Shown::Resource(shown), as_of))
}

/// A policy whose document the inventory gives, which decides in place of what is built in.
fn given_policy(name: &str, given: &newer::Documents) -> Option<Shown> {
    let is_meant = |arn: &str| arn == name || arn.rsplit('/').next() == Some(name);
    let (arn, (source, document)) = given.iter().find(|(arn, _)| is_meant(arn))?;
    let answer: serde_json::Value = serde_json::from_str(&source.text).ok()?;
    let text =
        |key: &str| answer.get("PolicyVersion").and_then(|v| v.get(key)).and_then(|v| v.as_str()).unwrap_or_default();
    let built_in = managed::of_arn(arn).map_or("", |p| p.created());
    Some(Shown::ManagedPolicy(ShownPolicy {
        name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        arn: arn.clone(),
        version: text("VersionId").to_owned(),
        created: built_in.to_owned(),
        updated: text("CreateDate").get(..DAY).unwrap_or_default().to_owned(),
        document: document.to_json(),
    }))
}

/// The characters of a day.
const DAY: usize = "2026-11-01".len();

fn managed_policy(name: &str) -> Result<Shown, Failure> {
    let short = name.rsplit('/').next().unwrap_or(name);
    let found = if name.starts_with("arn:") { managed::of_arn(name) } else { managed::named(short) };
    let Some(policy) = found else {
        let near = managed::named(short).map(|p| p.arn()).or_else(|| managed::near(short).map(str::to_owned));
        let otherwise =
            "AWS's own policies are known by their names; a customer managed policy is a file of the inventory";
        return Err(unknown(&format!("managed policy `{name}`"), near, managed::date(), otherwise));
    };
    let document = serde_json::from_str(policy.document()).map_err(Failure::internal("a managed policy"))?;
    Ok(Shown::ManagedPolicy(ShownPolicy {
        name: policy.name().to_owned(),
        arn: policy.arn(),
        version: policy.version().to_owned(),
        created: policy.created().to_owned(),
        updated: policy.updated().to_owned(),
        document,
    }))
}

/// Lines of a label and what it says.
struct Lines(String);

impl Lines {
    fn new(title: &str) -> Self {
        Self(format!("{}\n", bold(title)))
    }

    fn add(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.0.push_str(&paragraph(output::width(), &format!("  {label:<14} "), text));
        }
    }

    fn keys(&mut self, keys: &[ShownKey]) {
        let words = |k: &ShownKey| format!("{} ({})", k.name, k.r#type.as_deref().unwrap_or("type not told"));
        self.add("condition keys", &keys.iter().map(words).collect::<Vec<_>>().join(", "));
    }
}

fn text(shown: &Shown, as_of: &str) -> String {
    let mut lines = match shown {
        Shown::Action(action) => action_text(action),
        Shown::Key(key) => {
            let mut lines = Lines::new(&key.name);
            lines.add("type", key.r#type.as_deref().unwrap_or("not told by AWS"));
            lines.add(
                "values",
                if key.multi_valued { "a list: compare it with ForAnyValue or ForAllValues" } else { "one" },
            );
            lines.add("services", &key.services.join(", "));
            lines
        }
        Shown::Resource(resource) => {
            let mut lines = Lines::new(&format!("{} {}", resource.service, resource.name));
            lines.add("ARN", &resource.arns.join(", "));
            lines.keys(&resource.condition_keys);
            lines.add("actions", &resource.actions.join(", "));
            lines
        }
        Shown::ManagedPolicy(policy) => {
            let mut lines = Lines::new(&policy.name);
            lines.add("ARN", &policy.arn);
            lines.add("version", &format!("{} of {}", policy.version, policy.updated));
            lines.add("made", &policy.created);
            lines
        }
    };
    lines.add("as of", as_of);
    if let Shown::ManagedPolicy(policy) = shown {
        let pretty = serde_json::to_string_pretty(&policy.document).unwrap_or_default();
        lines.0.push_str(&format!("\n{pretty}\n"));
    }
    lines.0
}

fn action_text(action: &ShownAction) -> Lines {
    let mut lines = Lines::new(&action.name);
    let prefix = action.name.split(':').next().unwrap_or_default();
    match catalogue::ended_service(prefix).filter(|_| action.ended.is_some()) {
        Some((_, day)) => {
            lines.add("service", &format!("{}, which has ended (last in AWS's catalogue on {day})", action.service))
        }
        None => lines.add("service", &action.service),
    }
    if let Some(level) = action.access_level {
        lines.add("access level", level);
        if action.resources.is_empty() {
            lines.add("resources", "none: it is asked on `*`");
        }
        for resource in &action.resources {
            let required = if resource.required { " (required)" } else { "" };
            lines.add("resource", &format!("{}{required}: {}", resource.name, resource.arns.join(", ")));
        }
        lines.keys(&action.condition_keys);
        lines.add("depends on", &action.depends_on.join(", "));
    }
    match (&action.ended, action.access_level) {
        (Some(day), _) => lines.add("ended", &format!("AWS's catalogue had it last on {day}")),
        (None, None) => lines.add("documented", "no: only AWS's own managed policies name it"),
        _ => {}
    }
    let since: Vec<String> = action.deprecated.iter().map(|(p, day)| format!("{p}: {day}")).collect();
    lines.add("deprecated", &since.join("; "));
    lines
}
