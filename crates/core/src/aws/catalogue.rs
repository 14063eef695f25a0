//! The catalogue of AWS: the services, their actions, types of resources and condition keys, and the global condition keys
//! (`data/catalogue.bin`), with the names that are no more (`data/ended.json`).
//!
//! A service is read when it is first asked for. [`Catalogue`] lays newer files of an inventory's over what is built in.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use serde::Deserialize;

use super::arns::Shape;
use super::packed::Packed;
use crate::iam::template::{Syntax, Template, TemplatePart};
use crate::moment::{self, Moment};
use crate::text::squeezed;

/// The file of the catalogue.
pub(crate) const BYTES: &[u8] = include_bytes!("../../../../data/catalogue.bin");
/// The file of the names that are no more.
pub(crate) const ENDED_TEXT: &str = include_str!("../../../../data/ended.json");

static PACKED: LazyLock<Packed> = LazyLock::new(|| Packed::new(BYTES));
static SERVICES: LazyLock<Vec<OnceLock<Service>>> =
    LazyLock::new(|| PACKED.entries.iter().map(|_| OnceLock::new()).collect());
static ENDED: LazyLock<Ended> = LazyLock::new(|| serde_json::from_str(ENDED_TEXT).unwrap_or_default());

/// What is known of AWS's services: what is built in, and what newer files say.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Services that newer files describe, by their prefixes.
    newer: BTreeMap<String, Arc<Service>>,
    /// The day of the newer files.
    as_of: Option<String>,
}

/// A service.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// `s3`
    pub prefix: String,
    /// `Amazon S3`
    pub name: String,
    /// In the order of their names in lower case.
    pub actions: Vec<Action>,
    /// Its types of resources.
    pub resources: Vec<Resource>,
    /// The condition keys that its requests may carry.
    pub keys: Vec<Key>,
}

/// An action.
#[derive(Clone, Debug, Default)]
pub struct Action {
    /// Its name, without the prefix.
    pub name: String,
    /// The same in lower case.
    pub lower: String,
    /// What it does.
    pub level: Level,
    /// The types of resources that it acts on, and whether each is required; none where it is asked on `*`.
    pub resources: Vec<(String, bool)>,
    /// Indices into the keys of its service.
    keys: Vec<usize>,
    /// Actions that a caller needs besides.
    pub depends_on: Vec<String>,
}

/// What an action does, as AWS classifies it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It lists resources.
    List,
    /// It reads.
    Read,
    /// It changes something.
    #[default]
    Write,
    /// It changes who may do what.
    PermissionsManagement,
    /// It changes tags.
    Tagging,
}

impl Level {
    /// In AWS's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }
}

/// A type of resource.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// `bucket`
    pub name: String,
    /// Its ARNs, with `${…}` for what differs.
    pub arns: Vec<String>,
    keys: Vec<usize>,
    /// What these look like: read once, and held against every pattern.
    shapes: OnceLock<Vec<Shape>>,
}

impl Resource {
    /// What its ARNs look like.
    pub fn shapes(&self) -> &[Shape] {
        self.shapes.get_or_init(|| self.arns.iter().filter_map(|arn| Shape::new(arn)).collect())
    }
}

/// A condition key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// As AWS writes it; `${…}` stands for what the user names.
    pub name: String,
    /// `String`, `ArrayOfString`, `ARN`, …; empty where the catalogue does not tell.
    pub kind: String,
}

#[derive(Default, Deserialize)]
struct Ended {
    /// Actions by service and by the last day on which a catalogue had them.
    ended: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Actions that no catalogue had, and AWS's managed policies name.
    undocumented: BTreeMap<String, Vec<String>>,
}

/// Why a name that the catalogue lacks is known all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It has ended; the last day on which a catalogue had it.
    Ended(&'static str),
    /// Only AWS's own managed policies name it.
    Undocumented,
}

impl Catalogue {
    /// What is built in, and nothing else.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// The same, with these services in place of those that are built in.
    pub fn with(services: impl IntoIterator<Item = Service>, as_of: Option<String>) -> Self {
        let newer = services.into_iter().map(|s| (s.prefix.to_ascii_lowercase(), Arc::new(s))).collect();
        Self { newer, as_of }
    }

    /// The service of this prefix; case does not matter.
    pub fn service(&self, prefix: &str) -> Option<&Service> {
        if !self.newer.is_empty()
            && let Some(service) = self.newer.get(&prefix.to_ascii_lowercase())
        {
            return Some(service);
        }
        built_in(PACKED.position(prefix)?)
    }

    /// The prefixes of all services.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        let newer = self.newer.values().map(|s| s.prefix.as_str());
        newer.filter(|p| PACKED.position(p).is_none()).chain(PACKED.entries.iter().map(|e| e.name))
    }

    /// The day of what is known of a service.
    pub fn date(&self, prefix: &str) -> &str {
        let own = self.newer.contains_key(&prefix.to_ascii_lowercase());
        self.as_of.as_deref().filter(|_| own).unwrap_or(date())
    }

    /// Whether what is known of a service is so young at a moment that a name which is nearly another one is rather a slip than new.
    pub fn is_young(&self, prefix: &str, at: Moment) -> bool {
        moment::parse(self.date(prefix)).is_some_and(|day| at < day + chrono::Duration::days(YOUNG))
    }
}

/// For so many days the catalogue is young.
pub const YOUNG: i64 = 180;

/// The service at a place of the index.
fn built_in(position: usize) -> Option<&'static Service> {
    let (entry, service) = (PACKED.entries.get(position)?, SERVICES.get(position)?);
    Some(service.get_or_init(|| {
        let name = entry.more.first().copied().unwrap_or_default();
        Service::read(entry.name, name, PACKED.text(entry))
    }))
}

/// The name of each service that is built in, and its prefix, without reading what they have.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    PACKED.entries.iter().map(|entry| (entry.more.first().copied().unwrap_or_default(), entry.name))
}

/// The day of the catalogue that is built in.
pub fn date() -> &'static str {
    &super::sources().catalogue.date
}

/// The global condition keys.
pub fn global_keys() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let key = |fields: &Vec<&'static str>| match fields.as_slice() {
            ["G", name, kind] => Some(Key { name: (*name).to_owned(), kind: (*kind).to_owned() }),
            _ => None,
        };
        PACKED.head.iter().filter_map(key).collect()
    });
    &KEYS
}

/// The prefixes of condition keys that are not those of services: of providers of identities, and others.
pub fn other_prefixes() -> impl Iterator<Item = &'static str> {
    PACKED.head.iter().filter_map(|fields| match fields.as_slice() {
        ["P", prefix, ..] => Some(*prefix),
        _ => None,
    })
}

/// An action that the catalogue does not have, and AWS had or has; case does not matter.
pub fn known_action(prefix: &str, name: &str) -> Option<Known> {
    let prefix = prefix.to_ascii_lowercase();
    let mut days = ENDED.ended.get(&prefix).into_iter().flatten();
    let ended = days.rfind(|(_, names)| names.iter().any(|n| n.eq_ignore_ascii_case(name)));
    let undocumented = || ENDED.undocumented.get(&prefix)?.iter().find(|n| n.eq_ignore_ascii_case(name));
    ended.map(|(day, _)| Known::Ended(day)).or_else(|| undocumented().map(|_| Known::Undocumented))
}

/// The actions of a service that AWS had or has, and the catalogue lacks.
pub fn known_actions(prefix: &str) -> impl Iterator<Item = &'static str> {
    let prefix = prefix.to_ascii_lowercase();
    let ended = ENDED.ended.get(&prefix).into_iter().flat_map(BTreeMap::values).flatten();
    ended.chain(ENDED.undocumented.get(&prefix).into_iter().flatten()).map(String::as_str)
}

/// A service that the catalogue does not have, and AWS had or has.
pub fn known_service(prefix: &str) -> Option<Known> {
    let prefix = prefix.to_ascii_lowercase();
    let last = ENDED.ended.get(&prefix).and_then(|days| days.keys().next_back());
    last.map(|day| Known::Ended(day)).or_else(|| ENDED.undocumented.get(&prefix).map(|_| Known::Undocumented))
}

/// A service of this prefix, or of this name as people write it, that has ended as a whole: its prefix, and the last day on which a catalogue
/// had it.
pub fn ended_service(name: &str) -> Option<(&'static str, &'static str)> {
    let bare = ["aws ", "amazon "].iter().find_map(|word| name.get(word.len()..).filter(|_| begins(name, word)));
    let wanted = [squeezed(name), squeezed(bare.unwrap_or(name))];
    let prefix = ENDED.ended.keys().find(|prefix| wanted.contains(&squeezed(prefix)))?;
    match known_service(prefix)? {
        Known::Ended(day) if Catalogue::built_in().service(prefix).is_none() => Some((prefix, day)),
        _ => None,
    }
}

/// That an action or a service has ended, on which day AWS's catalogue had it last.
pub fn has_ended(what: &str, day: &str) -> String {
    format!("{what} has ended: AWS's catalogue had it last on {day}")
}

fn begins(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// An action, as a file describes it.
pub(crate) struct DescribedAction {
    pub name: String,
    pub level: Level,
    /// Types of resources, and whether each is required.
    pub resources: Vec<(String, bool)>,
    pub keys: Vec<String>,
}

/// A service, as a file describes it: lists refer to keys by their names.
#[derive(Default)]
pub(crate) struct Described {
    pub prefix: String,
    pub actions: Vec<DescribedAction>,
    /// Name, ARNs, keys.
    pub resources: Vec<(String, Vec<String>, Vec<String>)>,
    /// Name, type.
    pub keys: Vec<(String, String)>,
}

impl Service {
    /// A service that a newer file describes. What it is called in words is taken from the catalogue that is built in.
    pub(crate) fn described(of: Described) -> Self {
        let mut keys: Vec<Key> = of.keys.into_iter().map(|(name, kind)| Key { name, kind }).collect();
        let mut places = |names: Vec<String>| -> Vec<usize> {
            let place = |name: String| {
                keys.iter().position(|k| k.name == name).unwrap_or_else(|| {
                    keys.push(Key { name, kind: String::new() });
                    keys.len() - 1
                })
            };
            names.into_iter().map(place).collect()
        };
        let actions = of.actions.into_iter().map(|DescribedAction { name, level, resources, keys }| {
            let lower = name.to_ascii_lowercase();
            Action { name, lower, level, resources, keys: places(keys), depends_on: Vec::new() }
        });
        let mut actions: Vec<Action> = actions.collect();
        actions.sort_by(|a, b| a.lower.cmp(&b.lower));
        let resources = of.resources.into_iter().map(|(name, arns, keys)| Resource {
            name,
            arns,
            keys: places(keys),
            ..Resource::default()
        });
        let resources = resources.collect();
        let name = PACKED.position(&of.prefix).and_then(built_in).map_or_else(|| of.prefix.clone(), |s| s.name.clone());
        Self { prefix: of.prefix, name, actions, resources, keys }
    }

    /// Reads the lines of a service.
    fn read(prefix: &str, name: &str, text: &str) -> Self {
        let mut service = Self { prefix: prefix.to_owned(), name: name.to_owned(), ..Self::default() };
        for line in text.lines() {
            let mut fields = line.split('\t');
            let kind = fields.next();
            let mut next = || fields.next().unwrap_or_default();
            match kind {
                Some("K") => service.keys.push(Key { name: next().to_owned(), kind: next().to_owned() }),
                Some("R") => service.resources.push(Resource {
                    name: next().to_owned(),
                    arns: vec![next().to_owned()],
                    keys: numbers(next()),
                    ..Resource::default()
                }),
                Some("A") => service.actions.push(action([next(), next(), next(), next(), next()])),
                _ => {}
            }
        }
        service
    }

    /// The action of this name; case does not matter.
    pub fn action(&self, name: &str) -> Option<&Action> {
        let wanted = name.to_ascii_lowercase();
        let found = self.actions.binary_search_by(|a| a.lower.as_str().cmp(&wanted)).ok()?;
        self.actions.get(found)
    }

    /// The actions whose names a pattern matches, without looking at those that begin otherwise.
    pub fn matching<'a>(&'a self, pattern: &str) -> impl Iterator<Item = &'a Action> + use<'a> {
        let syntax = Syntax { wildcards: true, variables: false };
        let template = Template::parse(pattern, syntax).unwrap_or_default().to_lower();
        let prefix = match template.parts.first() {
            Some(TemplatePart::Literal(text)) => text.clone(),
            _ => String::new(),
        };
        let range = self.beginning_with(&prefix);
        self.actions.get(range).unwrap_or_default().iter().filter(move |a| template.matches(&a.lower))
    }

    fn beginning_with(&self, prefix: &str) -> Range<usize> {
        let start = self.actions.partition_point(|a| a.lower.as_str() < prefix);
        let rest = self.actions.get(start..).unwrap_or_default();
        start..start + rest.partition_point(|a| a.lower.starts_with(prefix))
    }

    /// The type of resource of this name; case does not matter.
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|r| r.name.eq_ignore_ascii_case(name))
    }

    /// The key of this name, or the one with a part of the user's that it fits; case does not matter.
    pub fn key(&self, name: &str) -> Option<&Key> {
        find(&self.keys, name)
    }

    /// The condition keys that requests for an action may carry besides the global ones.
    pub fn keys_of(&self, action: &Action) -> impl Iterator<Item = &Key> {
        action.keys.iter().filter_map(|i| self.keys.get(*i))
    }

    /// The condition keys that tell of a resource of a type.
    pub fn keys_about(&self, resource: &Resource) -> impl Iterator<Item = &Key> {
        resource.keys.iter().filter_map(|i| self.keys.get(*i))
    }
}

/// The key of this name among keys, some of which have a part that the user names.
pub fn find<'k>(keys: &'k [Key], name: &str) -> Option<&'k Key> {
    // a name that is written out needs no pattern
    keys.iter().find(|k| k.name.eq_ignore_ascii_case(name)).or_else(|| keys.iter().find(|k| k.is_named(name)))
}

impl Key {
    /// Whether this is a name of the key; case does not matter.
    pub fn is_named(&self, name: &str) -> bool {
        match self.pattern() {
            None => self.name.eq_ignore_ascii_case(name),
            Some(template) => template.matches(&name.to_ascii_lowercase()),
        }
    }

    /// The pattern of its names, in lower case, where the user names a part of it: `${TagKey}`, `<key>`, `tag-key`. What the user
    /// names is never empty.
    fn pattern(&self) -> Option<Template> {
        let mut parts = Vec::new();
        let mut rest = self.name.to_ascii_lowercase();
        if let Some(before) = rest.strip_suffix("/tag-key") {
            rest = format!("{before}/<key>");
        }
        let mut rest = rest.as_str();
        while let Some((before, variable)) = rest.split_once("${").or_else(|| rest.split_once('<')) {
            parts.push(TemplatePart::Literal(before.to_owned()));
            parts.extend([TemplatePart::One, TemplatePart::Any]);
            rest = variable.split_once(['}', '>']).map_or("", |(_, after)| after);
        }
        (!parts.is_empty()).then(|| {
            parts.push(TemplatePart::Literal(rest.to_owned()));
            Template { parts }
        })
    }

    /// Whether it holds a list.
    pub fn is_multi_valued(&self) -> bool {
        self.kind.starts_with("ArrayOf")
    }

    /// What each of its values is: `String`, `ARN`, …
    pub fn element(&self) -> &str {
        self.kind.strip_prefix("ArrayOf").unwrap_or(&self.kind)
    }
}

fn action([name, level, resources, keys, depends_on]: [&str; 5]) -> Action {
    let list = |field: &str| field.split(',').filter(|t| !t.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let resource = |text: String| match text.strip_suffix('!') {
        Some(name) => (name.to_owned(), true),
        None => (text, false),
    };
    Action {
        name: name.to_owned(),
        lower: name.to_ascii_lowercase(),
        level: match level {
            "L" => Level::List,
            "R" => Level::Read,
            "P" => Level::PermissionsManagement,
            "T" => Level::Tagging,
            _ => Level::Write,
        },
        resources: list(resources).into_iter().map(resource).collect(),
        keys: numbers(keys),
        depends_on: list(depends_on),
    }
}

fn numbers(field: &str) -> Vec<usize> {
    field.split(',').filter_map(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_whole() {
        let counts: serde_json::Value = serde_json::from_str(super::super::SOURCES_TEXT).unwrap();
        let catalogue = Catalogue::built_in();
        let services: Vec<&Service> = catalogue.prefixes().filter_map(|p| catalogue.service(p)).collect();
        assert_eq!(services.len() as u64, counts["catalogue"]["services"].as_u64().unwrap());
        let actions: usize = services.iter().map(|s| s.actions.len()).sum();
        assert_eq!(actions as u64, counts["catalogue"]["actions"].as_u64().unwrap());
        for service in services {
            for action in &service.actions {
                assert_eq!(service.action(&action.name).map(|a| &a.name), Some(&action.name));
                assert_eq!(service.keys_of(action).count(), action.keys.len());
                assert!(
                    action.resources.iter().all(|(r, _)| service.resource(r).is_some()),
                    "{}:{}",
                    service.prefix,
                    action.name
                );
            }
        }
        assert!(global_keys().len() >= 40);
    }

    #[test]
    fn names_are_found() {
        let catalogue = Catalogue::built_in();
        let s3 = catalogue.service("S3").unwrap();
        let get = s3.action("getobject").unwrap();
        assert_eq!((get.name.as_str(), get.level), ("GetObject", Level::Read));
        assert!(get.resources.iter().any(|(r, _)| r == "object"));
        assert_eq!(s3.resource("object").unwrap().arns, ["arn:${Partition}:s3:::${BucketName}/${ObjectName}"]);
        let matching = |pattern: &str| s3.matching(pattern).map(|a| a.name.as_str()).collect::<Vec<_>>();
        assert_eq!(matching("GETOBJECTT*"), ["GetObjectTagging", "GetObjectTorrent"]);
        assert_eq!(matching("GetObjec"), Vec::<&str>::new());
        assert_eq!(matching("*").len(), s3.actions.len());
        assert_eq!(s3.key("s3:existingobjecttag/Team").map(|k| k.name.as_str()), Some("s3:ExistingObjectTag/<key>"));
        assert_eq!(
            find(global_keys(), "aws:requesttag/team").map(|k| k.name.as_str()),
            Some("aws:RequestTag/${TagKey}")
        );
        assert!(find(global_keys(), "aws:RequestTag/").is_none(), "a tag has a name");
        assert!(find(global_keys(), "AWS:CalledVia").unwrap().is_multi_valued());
    }

    #[test]
    fn what_has_ended_is_known_as_ended() {
        assert!(matches!(known_service("deeplens"), Some(Known::Ended(_))));
        for name in ["deeplens", "DeepLens", "AWS DeepLens", "amazon deep-lens"] {
            assert_eq!(ended_service(name), Some(("deeplens", "2024-08-31")), "{name}");
        }
        assert_eq!((ended_service("s3"), ended_service("AWS"), ended_service("aws ")), (None, None, None));
        assert!(matches!(known_action("cloudhsm", "createlunaclient"), Some(Known::Ended(_))));
        assert_eq!(known_service("zocalo"), Some(Known::Undocumented));
        assert_eq!(known_action("s3", "GetObject"), None);
    }
}
