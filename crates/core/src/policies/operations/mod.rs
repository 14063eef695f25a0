//! The operations as data: `policies/operations/operations.json`.
//!
//! Which operations there are, in what order, what each is about, and what each IAM action is asked on. A file of the same
//! name in a user's folder is laid over it: an entry of the same name replaces, any other is added at the end. What is read
//! here is held against the schema and the policies in [`check`].

pub(crate) mod check;
mod read;
pub(crate) mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::aws::catalogue::Catalogue as Catalogued;
use crate::inventory::schema::EntitySchema;
use crate::policies::origin::Laid;
use crate::problem::{Place, Problem, SourceFile, Span, instead};
use crate::terms::{PermissionModel, Scope};
use crate::text::json::{self, Node, Value};
use read::Reader;
use template::{Of, Slots, Template};

/// The name of the file, wherever it stands below the policies' folder.
pub const FILE: &str = "operations.json";

/// The file that is built in: path below `policies/`, and text.
pub const BUILT_IN: (&str, &str) =
    ("operations/operations.json", include_str!("../../../../../policies/operations/operations.json"));

/// What an operation is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Each agreement: on offer, or for the scope `offline` each kind.
    Agreement,
    /// Each report of the account's partition.
    Report,
    /// The account alone.
    Account,
    /// Each other account of the organization that the account manages.
    Member,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The action of the rules, such as `accept-agreement`.
    pub name: &'static str,
    /// What it is asked about.
    pub about: About,
    /// The scopes that it is asked for; none where it has no scope.
    pub scopes: Vec<Scope>,
    /// For the scope `offline`, the kinds of agreement that it is asked for even where none is declared.
    pub kinds: Vec<String>,
    /// The state of the agreement in which it is possible at all.
    pub possible: Possible,
    /// It is asked about only where it is named.
    pub by_name: bool,
    /// What the text for people calls it: `accept`.
    pub verb: &'static str,
    /// What it is done to: `agreements`.
    pub object: &'static str,
    /// Other words that people ask with, in lower case: `sign`.
    pub also_called: Vec<String>,
    /// Where its name stands.
    pub place: Place,
    /// All that the file says of it.
    entry: Span,
}

/// The state of an agreement in which an operation is possible; `None` where it does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Possible {
    /// One of the kind and scope is in force.
    pub in_force: Option<bool>,
    /// The account is designated under an offline one of the kind.
    pub designated: Option<bool>,
}

/// What an IAM action is asked on.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The action as the gates name it.
    pub action: String,
    /// The action that is asked, where the gates name one that no policy can.
    pub asked_as: Option<String>,
    /// ARNs, any of which will do unless one is denied.
    pub resources: Vec<Resource>,
    /// Keys of the action's own service, in lower case; `None` for one that may be anything.
    pub keys: BTreeMap<String, Option<Template>>,
    /// Where its name stands.
    pub place: Place,
    /// All that the file says of it.
    entry: Span,
}

/// An ARN, and when it is asked on.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The ARN, or `*`.
    pub arn: Template,
    /// In this generation of permissions alone.
    pub generation: Option<String>,
    /// While an agreement of the kind and scope is in force alone, or while none is.
    pub in_force: Option<bool>,
    /// The ARN is a pattern, and any resource that it matches will do, whatever is said of the others.
    pub any: bool,
    /// But for those that this pattern matches.
    pub except: Option<Template>,
    /// Where the ARN stands.
    pub place: Place,
}

impl Resource {
    /// Whether it is asked on in a generation, with the agreement in force or not.
    pub fn is_of(&self, generation: &str, in_force: bool) -> bool {
        self.generation.as_deref().is_none_or(|g| g == generation) && self.in_force.is_none_or(|f| f == in_force)
    }
}

/// All operations, and all IAM actions that they need.
#[derive(Debug)]
pub struct Catalogue {
    /// In order.
    pub operations: Vec<Definition>,
    /// By the name that the gates use.
    pub calls: BTreeMap<String, Asked>,
    /// What the templates name.
    pub slots: Slots,
    /// The files, the later laid over the earlier.
    pub sources: Vec<Arc<SourceFile>>,
    /// What the files after the first add to it and replace of it: operations, and calls.
    pub laid: (Laid, Laid),
}

/// What a file says of an operation or a call.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'c> {
    /// `operation`, `call`
    pub what: &'static str,
    /// Its name.
    pub name: &'c str,
    /// Where its name stands.
    pub place: &'c Place,
    span: Span,
}

impl Entry<'_> {
    /// All that is said of it, without spelling.
    pub fn content(&self) -> String {
        let written = self.place.source.slice(self.span);
        serde_json::from_str(written).map_or_else(|_| written.to_owned(), |entry: serde_json::Value| entry.to_string())
    }
}

impl Catalogue {
    /// Reads files, each laid over those before it.
    pub fn read(sources: &[Arc<SourceFile>], schema: &EntitySchema, problems: &mut Vec<Problem>) -> Self {
        let mut catalogue = Self {
            operations: Vec::new(),
            calls: BTreeMap::new(),
            slots: Slots::new(),
            sources: sources.to_vec(),
            laid: Default::default(),
        };
        let mut seen = Seen::default();
        for source in sources {
            // a user's files are laid over what is built in, and none over another: their paths decide nothing
            if source.text == BUILT_IN.1 {
                seen = Seen::default();
            }
            match json::parse(source) {
                Ok(root) => catalogue.lay_over(Reader::new(source, problems), &root, schema, &mut seen),
                Err(found) => problems.extend(found),
            }
            if source.text == BUILT_IN.1 {
                seen = Seen::default();
            }
        }
        catalogue
    }

    /// The file that is built in.
    pub fn built_in() -> Arc<SourceFile> {
        SourceFile::new(BUILT_IN.0, BUILT_IN.1)
    }

    /// Whether a place is in the first file: what the others say is laid over it.
    pub fn ships(&self, place: &Place) -> bool {
        self.sources.first().is_some_and(|first| Arc::ptr_eq(first, &place.source))
    }

    /// Whether a place is in a user's file.
    pub fn is_own(&self, place: &Place) -> bool {
        place.source.text != BUILT_IN.1
    }

    /// What the files say, an entry each: the operations, and the calls.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let operations = self.operations.iter().map(|o| ("operation", o.name, &o.place, o.entry));
        let calls = self.calls.values().map(|c| ("call", c.action.as_str(), &c.place, c.entry));
        operations.chain(calls).map(|(what, name, place, span)| Entry { what, name, place, span })
    }

    /// The names of all operations, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.operations.iter().map(|o| o.name)
    }

    /// The operation of this name.
    pub fn operation(&self, name: &str) -> Option<&Definition> {
        self.operations.iter().find(|o| o.name == name)
    }

    fn lay_over(&mut self, mut reader: Reader<'_>, root: &Node, schema: &EntitySchema, seen: &mut Seen) {
        reader.members(root, &["operations", "calls"], "a file of operations");
        let is_over = self.sources.first().is_some_and(|first| first.text == BUILT_IN.1) && !reader.reads(BUILT_IN.1);
        for node in reader.list(root.get("operations")) {
            let Some(operation) = definition(&mut reader, node) else { continue };
            if !seen.operations.insert(operation.name.to_owned()) {
                let message = format!("the operation `{}` appears twice", operation.name);
                reader.wrong(operation.place.span, message, "keep one of the two");
                continue;
            }
            let name = operation.name.to_owned();
            match self.operations.iter_mut().find(|o| o.name == operation.name) {
                Some(known) => {
                    narrower(&mut reader, known, &operation);
                    *known = operation;
                    self.laid.0.replaced.push(name);
                }
                None => {
                    self.operations.push(operation);
                    self.laid.0.added.extend(is_over.then_some(name));
                }
            }
        }
        for node in reader.list(root.get("calls")) {
            let Some(call) = asked(&mut reader, node, &mut self.slots, schema) else { continue };
            if !seen.calls.insert(call.action.clone()) {
                let message = format!("the call `{}` appears twice", call.action);
                reader.wrong(call.place.span, message, "keep one of the two");
                continue;
            }
            let laid = &mut self.laid.1;
            match self.calls.contains_key(&call.action) {
                true => laid.replaced.push(call.action.clone()),
                false => laid.added.extend(is_over.then(|| call.action.clone())),
            }
            self.calls.insert(call.action.clone(), call);
        }
    }
}

/// The names in the files so far, of which none is laid over another.
#[derive(Default)]
struct Seen {
    operations: BTreeSet<String>,
    calls: BTreeSet<String>,
}

/// An operation that stands in for another is about the same, in at least its scopes: in a scope that it drops nobody would be
/// asked about, and guardrails would pass.
fn narrower(reader: &mut Reader<'_>, known: &Definition, operation: &Definition) {
    let dropped = known.scopes.iter().find(|scope| !operation.scopes.contains(scope));
    let message = match dropped {
        _ if known.about != operation.about => format!(
            "`{}` is about {} in the built-in file, but about {} here",
            known.name,
            known.about.words(),
            operation.about.words()
        ),
        Some(scope) => {
            format!("`{}` has no scope `{}` any more: nobody would be asked about it", known.name, scope.word())
        }
        None => return,
    };
    let help = "keep what it is about and its scopes, or list an operation of another name";
    reader.wrong(operation.place.span, message, help);
}

fn definition(reader: &mut Reader<'_>, node: &Node) -> Option<Definition> {
    const KEYS: [&str; 9] =
        ["operation", "about", "scopes", "kinds", "possibleWhile", "byName", "verb", "object", "alsoCalled"];
    reader.members(node, &KEYS, "an operation")?;
    let (name, span) = reader.text(node, "operation")?;
    const ABOUT: [(&str, About); 4] = [
        ("agreement", About::Agreement),
        ("report", About::Report),
        ("account", About::Account),
        ("member", About::Member),
    ];
    let about = reader.one_of(node, "about", &ABOUT)?;
    let mut scopes = Vec::new();
    for scope in reader.list(node.get("scopes")) {
        scopes.push((reader.among(scope, &Scope::NARROW_FIRST.map(|s| (s.word(), s)))?, scope.span));
    }
    for (scope, at) in &scopes {
        let fits = match about {
            About::Agreement => true,
            About::Account => *scope != Scope::Offline,
            About::Report | About::Member => false,
        };
        if !fits {
            let message = format!("an operation about {} cannot have the scope `{}`", about.words(), scope.word());
            reader.wrong(*at, message, "leave it out, or make the operation about agreements");
        }
    }
    if about == About::Agreement && scopes.is_empty() {
        reader.wrong(span, format!("`{name}` has no scopes"), r#"add "scopes": ["account", "organization"]"#);
    }
    let kinds = reader.list(node.get("kinds")).iter().filter_map(|k| Some((k.as_str()?.to_owned(), k.span)));
    let kinds: Vec<_> = kinds.collect();
    if let Some((_, at)) = kinds.first().filter(|_| !scopes.iter().any(|(s, _)| *s == Scope::Offline)) {
        reader.wrong(
            *at,
            "only the scope `offline` may name kinds",
            "leave them out: the agreements on offer have their own",
        );
    }
    let mut possible = Possible::default();
    if let Some(state) = node.get("possibleWhile") {
        reader.members(state, &["inForce", "designated"], "a state")?;
        possible.in_force = reader.truth(state, "inForce");
        possible.designated = reader.truth(state, "designated");
    }
    let verb = reader.text(node, "verb")?.0;
    let object = reader.text(node, "object")?.0;
    let also_called = reader.list(node.get("alsoCalled")).iter().filter_map(|w| Some(w.as_str()?.to_lowercase()));
    let also_called = also_called.collect();
    Some(Definition {
        name: interned(name),
        about,
        scopes: scopes.into_iter().map(|(s, _)| s).collect(),
        kinds: kinds.into_iter().map(|(k, _)| k).collect(),
        possible,
        by_name: reader.truth(node, "byName").unwrap_or_default(),
        verb: interned(verb),
        object: interned(object),
        also_called,
        place: reader.place(span),
        entry: node.span,
    })
}

fn asked(reader: &mut Reader<'_>, node: &Node, slots: &mut Slots, schema: &EntitySchema) -> Option<Asked> {
    reader.members(node, &["action", "askedAs", "resources", "keys"], "a call")?;
    let (action, span) = reader.text(node, "action")?;
    let generations: Vec<(&str, &str)> = PermissionModel::Any.generations().iter().map(|g| (*g, *g)).collect();
    let mut resources = Vec::new();
    for entry in reader.list(node.get("resources")) {
        reader.members(entry, &["arn", "generation", "inForce", "any", "except"], "a resource")?;
        let (_, at) = reader.text(entry, "arn")?;
        let generation = match entry.get("generation") {
            Some(_) => Some(reader.one_of(entry, "generation", &generations)?.to_owned()),
            None => None,
        };
        let in_force = reader.truth(entry, "inForce");
        let arn = reader.template(entry.get("arn")?, slots, schema)?;
        let any = reader.truth(entry, "any").unwrap_or_default();
        let except = match entry.get("except") {
            Some(except) => Some(reader.template(except, slots, schema)?),
            None => None,
        };
        resources.push(Resource { arn, generation, in_force, any, except, place: reader.place(at) });
    }
    let asked_as = match node.get("askedAs") {
        Some(_) => Some(reader.text(node, "askedAs")?.0.to_owned()),
        None => None,
    };
    let service = action.split(':').next().unwrap_or_default();
    let mut keys = BTreeMap::new();
    let members = node.get("keys").map(|keys| reader.object(keys)).unwrap_or_default();
    for member in members {
        // the catalogue is unpacked for what users write alone
        let fault = if reader.reads(BUILT_IN.1) { None } else { no_key(service, &member.key) };
        if let Some((message, help)) = fault {
            reader.wrong(member.key_span, message, help);
        }
        let value = match member.node.value {
            Value::Null => None,
            _ => Some(reader.template(&member.node, slots, schema)?),
        };
        keys.insert(member.key.to_ascii_lowercase(), value);
    }
    Some(Asked { action: action.to_owned(), asked_as, resources, keys, place: reader.place(span), entry: node.span })
}

/// What is wrong with a key that a call would carry: AWS has none of that name.
fn no_key(service: &str, key: &str) -> Option<(String, String)> {
    let otherwise = "list only keys of the service: global keys are known from the inventory, assumed or unknown";
    let message = format!("`{key}` is not a key of {service}");
    if key.split(':').next() != Some(service) {
        return Some((message, otherwise.to_owned()));
    }
    // a service that is not known here may have any
    let catalogue = Catalogued::built_in();
    let known = catalogue.service(service).filter(|known| known.key(key).is_none())?;
    Some((message, instead(key, known.keys.iter().map(|key| key.name.as_str()), otherwise)))
}

impl About {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Agreement => "agreements",
            Self::Report => "reports",
            Self::Account => "the account",
            Self::Member => "members",
        }
    }

    /// Whether what it is about includes this, in a scope.
    pub fn has(self, of: Of, scope: Option<Scope>) -> bool {
        match of {
            Of::Account | Of::Partition => true,
            Of::Agreement | Of::Acceptance => self == Self::Agreement && scope != Some(Scope::Offline),
            Of::Report => self == Self::Report,
            Of::Organization => true,
            Of::Member => self == Self::Member,
        }
    }
}

/// The one copy of a name. There are few names of operations, and answers hold them by the million.
fn interned(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
}
