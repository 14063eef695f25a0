//! The inventory: the user's files as entities and policy documents, every value with its place.
//!
//! What is loaded here is complete and consistent, or the run ends with all that is wrong. Nothing here decides who may do
//! what.
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_core::inventory::Inventory;
//! use countersign_core::inventory::schema::EntitySchema;
//! use countersign_core::problem::Failure;
//! use countersign_core::source::Memory;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schema = Arc::new(EntitySchema::built_in()?);
//! let files = Memory::new("a clinic").with("entities.json", r#"[{"uid": "111122223333", "attrs": {"nmae": "prod"}}]"#);
//! let Err(Failure::Problems(problems)) = Inventory::load(&files, schema.clone()) else { panic!("a misspelt attribute") };
//! assert_eq!(problems[0].to_string(), "an Account has no `nmae`");
//! assert_eq!(problems[0].underlined(), "\"nmae\"");
//!
//! let files = Memory::new("a clinic").with("entities.json", r#"[{"uid": "111122223333", "attrs": {"name": "prod"}}]"#);
//! let inventory = Inventory::load(&files, schema)?;
//! assert!(inventory.entity("Account", "111122223333").is_some());
//! # Ok(())
//! # }
//! ```

pub mod auditors;
pub(crate) mod builtin;
pub(crate) mod check;
pub mod config;
pub mod copies;
mod deleted;
pub mod entity;
pub mod exceptions;
pub(crate) mod expand;
pub mod fields;
pub mod limits;
pub mod model;
pub mod newer;
mod offline;
pub(crate) mod permission_sets;
pub mod register;
pub mod schema;
pub mod settings;
pub mod signatories;
pub(crate) mod tree;
pub mod type_name;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use config::Config;
use entity::{Attr, Entity, Item, Uid};
use expand::Expanded;
use fields::Fields;
use schema::EntitySchema;

use crate::aws::eligibility::Lists;
use crate::aws::managed;
use crate::iam::document::{self, Document, Statement};
use crate::iam::stored;
use crate::problem::{Failure, NothingTo, Place, Problem, SourceFile, instead};
use crate::source;
use crate::source::digest::Files;
use crate::source::digest::Listing;
use crate::source::unread::{Reason, Unread};
use crate::text::{files, json};

/// A policy document of the inventory.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What answers call it: its file, or the ARN that it is built in by.
    pub label: String,
    /// Its statements.
    pub document: Arc<Document>,
    /// Its content without spelling, by which equal documents are known.
    pub content: String,
    /// It is AWS's own, and cannot be edited.
    pub built_in: bool,
}

impl Policy {
    /// It says who may assume a role.
    pub fn is_trust(&self) -> bool {
        self.document.statements.iter().any(|s| s.principals.is_some())
    }
}

/// Everything that was read.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// `countersign.toml`.
    pub config: Config,
    /// The entity schema.
    pub schema: Arc<EntitySchema>,
    /// All entities, built-in ones included.
    pub entities: BTreeMap<Uid, Entity>,
    /// Documents by the id of their `IamPolicy`; AWS managed policies that are not built in are missing.
    pub policies: BTreeMap<String, Policy>,
    /// Policies of AWS's, by their ids, whose document here is not the one that is built in, nor one that `[aws]` names.
    pub unlike_aws: BTreeSet<String>,
    /// Policy documents that nothing refers to.
    pub unused: Vec<Arc<SourceFile>>,
    /// What was wrong without stopping the run.
    pub warnings: Vec<Problem>,
    /// The files that it was read from.
    pub files: Files,
    /// Their paths, of policy documents that its entities name among them, wherever those stand.
    pub paths: Arc<[String]>,
    /// Those of them that may hold policies: tables, calls that failed and packed files aside.
    pub holding: Arc<[String]>,
    /// The dated lists of HIPAA eligible services.
    pub eligible: Arc<Lists>,
    /// What the executed copies are that are filed below it.
    pub copies: copies::Copies,
    /// Where accounts stood when their agreements were listed, of those that a plan has moved since: their lists tell of that place.
    pub(crate) listed_at: BTreeMap<String, tree::Position>,
}

impl Inventory {
    /// The entities of one type, in the order of their ids.
    pub fn of_type<'a>(&'a self, ty: &'a str) -> impl Iterator<Item = &'a Entity> {
        let first = Uid::new(ty, "");
        self.entities.range(first..).map(|(_, e)| e).take_while(move |e| e.uid.ty == ty)
    }

    /// One entity.
    pub fn entity(&self, ty: &str, id: &str) -> Option<&Entity> {
        self.entities.get(&Uid::new(ty, id))
    }
}

/// An inventory in the making: entities and documents come in, and are completed and checked at the end.
pub(crate) struct Builder<'a> {
    source: &'a dyn source::Source,
    schema: Arc<EntitySchema>,
    expanded: Expanded,
    documents: BTreeMap<String, (Arc<SourceFile>, json::Node)>,
    policies: BTreeMap<String, Policy>,
    used: BTreeSet<String>,
    /// The files that were read.
    listing: Listing,
    /// A file could not be read.
    unparsed: bool,
    /// Documents of AWS's managed policies that are newer than those built in, by their ARNs.
    newer: newer::Documents,
    /// The dated lists of HIPAA eligible services.
    eligible: Arc<Lists>,
    /// Policies that are declared without a document: what they say is not known.
    undocumented: BTreeSet<String>,
    /// What is declared, and was not there to be read.
    unread: Unread,
    /// The trust policies of roles, by every id that they may have.
    trusts: BTreeSet<String>,
    /// The ids of the resource control policies.
    controls: BTreeSet<String>,
    /// Policies that are attached to identities.
    attached: BTreeSet<String>,
    /// Policies that are declared, or stand inside entity files: others are named by a path or an ARN.
    declared: BTreeSet<String>,
    /// Files that hold no policy, whatever they hold: tables, calls that failed, packed files.
    aside: BTreeSet<String>,
    /// Those of AWS's among what is declared, with a document that AWS does not give them.
    unlike_aws: BTreeSet<String>,
}

/// No policy that a customer stores has more characters, white space aside, whatever its kind. AWS's own have.
const MOST_OF_POLICY: usize = 65_536;

impl<'a> Builder<'a> {
    /// An empty one, of the files of a source.
    pub(crate) fn new(source: &'a dyn source::Source, schema: Arc<EntitySchema>) -> Self {
        Self {
            source,
            schema,
            expanded: Expanded::default(),
            documents: BTreeMap::new(),
            policies: BTreeMap::new(),
            used: BTreeSet::new(),
            listing: Listing::default(),
            unparsed: false,
            newer: newer::Documents::new(),
            eligible: Lists::built_in(),
            undocumented: BTreeSet::new(),
            unread: Unread::default(),
            trusts: BTreeSet::new(),
            controls: BTreeSet::new(),
            attached: BTreeSet::new(),
            declared: BTreeSet::new(),
            aside: BTreeSet::new(),
            unlike_aws: BTreeSet::new(),
        }
    }

    /// Reads a file of entities.
    pub(crate) fn entities(&mut self, source: &Arc<SourceFile>, root: &json::Node) {
        expand::expand(&self.schema, source, root, &mut self.expanded);
    }

    /// Takes a policy document; one of the same path that is already there is handed back.
    pub(crate) fn document(&mut self, source: Arc<SourceFile>, root: json::Node) -> Option<Arc<SourceFile>> {
        self.documents.insert(source.path.clone(), (source, root)).map(|(first, _)| first)
    }

    /// Reads the newer managed policies that the settings name.
    pub(crate) fn newer(&mut self, config: &Config) {
        self.newer = newer::documents(self.source, &config.aws, &mut self.expanded.problems);
        for (source, _) in self.newer.values() {
            self.listing.add(&source.path, source.text.as_bytes());
        }
        match newer::eligible(self.source, &config.aws) {
            Ok((lists, file)) => {
                self.eligible = lists;
                file.iter().for_each(|source| self.listing.add_text(source));
            }
            Err(problems) => self.expanded.problems.extend(problems),
        }
    }

    /// Notes a file that was read.
    pub(crate) fn note(&mut self, path: &str, sha256: String, bytes: u64) {
        self.listing.note(path, sha256, bytes);
    }

    /// Notes a file that holds no policy, whatever it holds.
    pub(crate) fn aside(&mut self, path: &str) {
        self.aside.insert(path.to_owned());
    }

    /// How many entities were read so far.
    pub(crate) fn entities_read(&self) -> usize {
        self.expanded.entities.len()
    }

    /// Notes what is wrong.
    pub(crate) fn problems(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.expanded.problems.extend(problems);
    }

    /// Notes what is wrong with files that were not read.
    pub(crate) fn unread(&mut self, problems: Vec<Problem>) {
        self.unparsed |= problems.iter().any(Problem::is_error);
        self.problems(problems);
    }

    /// Checks everything together. What holds nothing is [`Failure::Nothing`].
    pub(crate) fn finish(mut self, config: Config) -> Result<Inventory, Failure> {
        let stopped = self.expanded.problems.iter().any(Problem::is_error);
        if self.expanded.entities.is_empty() && self.documents.is_empty() && !stopped {
            return Err(Failure::Nothing(NothingTo::Check(self.source.name())));
        }
        let mut entities = self.index();
        self.trusts = trusts(&entities);
        self.controls = controls(&entities);
        self.inline();
        self.policies_of(&mut entities);
        self.services(&mut entities);
        check::resolve_agreements(&mut entities, &mut self.expanded.problems);
        // what a file that does not parse declares is not missing
        if !self.unparsed {
            check::all(&entities, &mut self.expanded.problems);
            self.expanded.problems.extend(exceptions::unknown(&entities, &config));
            self.expanded.problems.extend(settings::doubtful(&entities, &config));
            self.expanded.problems.extend(config.auditors.unknown(&entities));
        }
        let unused = self.unused();
        let mut problems = std::mem::take(&mut self.expanded.problems);
        problems.sort_by_key(Problem::sort_key);
        problems.dedup_by_key(|p| p.sort_key());
        if problems.iter().any(Problem::is_error) {
            return Err(Failure::Problems(problems));
        }
        if entities.values().all(|e| e.built_in) && unused.is_empty() {
            return Err(Failure::Nothing(NothingTo::Check(self.source.name())));
        }
        let paths: Arc<[String]> = self.listing.paths().map(str::to_owned).collect();
        let holding = paths.iter().filter(|path| !self.aside.contains(*path)).cloned().collect();
        let mut files = self.listing.files();
        files.unread = self.unread;
        Ok(Inventory {
            config,
            schema: self.schema,
            entities,
            policies: self.policies,
            unlike_aws: self.unlike_aws,
            unused,
            warnings: problems,
            files,
            paths,
            holding,
            eligible: self.eligible,
            copies: copies::Copies::default(),
            listed_at: BTreeMap::new(),
        })
    }

    /// Entities by uid; what is declared twice is an error.
    fn index(&mut self) -> BTreeMap<Uid, Entity> {
        let mut built_in = Expanded::default();
        let source = SourceFile::new("built-in agreements", builtin::AGREEMENTS);
        if let Ok(root) = json::parse(&source) {
            expand::expand(&self.schema, &source, &root, &mut built_in);
        }
        built_in.entities.iter_mut().for_each(|entity| entity.built_in = true);
        let declared = std::mem::take(&mut self.expanded.entities);
        // a map that is made of what is in order is full: one that grows is half empty
        let mut all: Vec<(Uid, Entity)> =
            built_in.entities.into_iter().chain(declared).map(|e| (e.uid.clone(), e)).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.dedup_by(|(uid, entity), (first_uid, first)| {
            let is_same = uid == first_uid;
            if is_same {
                self.expanded.problems.push(defined_twice(entity, first));
            }
            is_same
        });
        all.into_iter().collect()
    }

    /// Documents that stand inside entity files.
    fn inline(&mut self) {
        for inline in std::mem::take(&mut self.expanded.inline) {
            let label = inline.source.path.clone();
            self.add(inline.id, label, &inline.source, &inline.node);
        }
    }

    fn add(&mut self, id: String, label: String, source: &Arc<SourceFile>, node: &json::Node) {
        let text = source.text.get(node.span.start..node.span.end).unwrap_or_default();
        let built_in = builtin::is_aws_managed(&id);
        if !built_in
            && text.len() > MOST_OF_POLICY
            && text.chars().filter(|c| !c.is_whitespace()).count() > MOST_OF_POLICY
        {
            let message = format!("this policy has more than {MOST_OF_POLICY} characters");
            let help = "AWS stores no policy of yours that is this long, of any kind: its largest quota is that of key policies, half of it";
            self.expanded.problems.push(Problem::at(source, node.span.first(), message).help(help));
            return;
        }
        let controls = self.controls.contains(&id);
        let read = match (self.trusts.contains(&id), controls) {
            (true, _) => document::read_trust,
            (false, true) => document::read_of_resource,
            (false, false) => document::read,
        };
        let document = Arc::new(read(source, node, &mut self.expanded.problems));
        for statement in document.statements.iter().filter(|_| controls) {
            self.refuse(statement, stored::of_resource_control(statement));
        }
        let content = node.to_json().to_string();
        let policy = Policy { label, document, content, built_in };
        self.policies.insert(id, policy);
    }

    /// What AWS does not store is an error where it stands (D29).
    fn refuse(&mut self, statement: &Statement, refusal: Option<stored::Refusal>) {
        let Place { source, span } = &statement.place;
        let problem = refusal.map(|r| Problem::at(source, *span, r.message).help(r.help));
        self.expanded.problems.extend(problem);
    }

    /// What IAM refuses of a policy because it is one of identities.
    fn of_identities(&mut self, attr: &str, id: &str) {
        let of_others = attr == "trustPolicy" || CONTROLS.contains(&attr) || attr.starts_with(SERVICE_CONTROL);
        if of_others || !self.attached.insert(id.to_owned()) {
            return;
        }
        let document = self.policies.get(id).filter(|p| !p.built_in).map(|p| p.document.clone());
        for statement in document.iter().flat_map(|d| &d.statements) {
            self.refuse(statement, statement.sid.as_deref().and_then(stored::sid));
        }
    }

    /// Finds the document of every policy that is declared or referred to, and adds the entities left out.
    fn policies_of(&mut self, entities: &mut BTreeMap<Uid, Entity>) {
        let declared: Vec<Entity> = entities.values().filter(|e| e.uid.ty == "IamPolicy").cloned().collect();
        for entity in declared {
            if self.policies.contains_key(&entity.uid.id) {
                continue;
            }
            let Some(text) = entity.str("document").map(str::to_owned) else {
                self.undocumented.insert(entity.uid.id.clone());
                self.unread.add(Reason::WithoutDocument, entity.uid.id.clone());
                continue;
            };
            let span = entity.span_of("document");
            if text.trim_start().starts_with('{') {
                self.text(&entity, &text, span);
            } else {
                self.path(&entity.source, &text, span, &entity.uid.id);
            }
        }
        self.declared = self.policies.keys().cloned().collect();
        self.unlike_aws = self.declared.iter().filter(|id| self.is_unlike_aws(id)).cloned().collect();
        for entity in entities.values_mut() {
            let source = entity.source.clone();
            for (attr, item) in entity.attrs.iter_mut() {
                let mut found = Vec::new();
                policy_references(item, &mut found);
                for (uid, span) in found {
                    self.reference(&source, uid, span);
                    self.of_identities(attr, &uid.id);
                    if attr != "trustPolicy" && self.trusts.contains(&uid.id) {
                        let message = format!("{} is the trust policy of a role", uid.id);
                        let help = "name a policy that says what is allowed, not who may assume the role";
                        self.problem(Problem::at(&source, span, message).help(help));
                    }
                    if !CONTROLS.contains(&attr) && self.controls.contains(&uid.id) {
                        let message = format!("{} is a resource control policy", uid.id);
                        let help = "name a policy without `Principal`: one document cannot be both";
                        self.problem(Problem::at(&source, span, message).help(help));
                    }
                }
            }
        }
        self.declare(entities);
    }

    /// Whether a document that is declared differs from what AWS gives the policy of this id, as far as that is known.
    fn is_unlike_aws(&self, id: &str) -> bool {
        let Some(own) = self.policies.get(id).map(|policy| &policy.content) else { return false };
        let newer = self.newer.get(id).map(|(_, node)| node.to_json().to_string());
        let known: Vec<String> = newer.into_iter().chain(builtin::managed_policy(id).map(|p| p.text)).collect();
        !known.is_empty() && !known.iter().any(|text| document::say_the_same(text, own))
    }

    /// A reference to a policy: an entity, a built-in policy, or the path of a document.
    fn reference(&mut self, source: &Arc<SourceFile>, uid: &mut Uid, span: crate::problem::Span) {
        if builtin::is_full_resource_access(&uid.id) {
            return;
        }
        let known = self.declared.contains(&uid.id);
        if known || builtin::is_aws_managed(&uid.id) || builtin::managed_policy(&uid.id).is_some() {
            self.built_in(&uid.id);
            if !self.policies.contains_key(&uid.id) && !self.undocumented.contains(&uid.id) {
                let unknown = managed::unknown(&uid.id);
                let problem = |(message, help)| Problem::at(source, span, message).help(help).warning();
                self.expanded.problems.extend(unknown.map(problem));
                self.unread.add(Reason::WithoutDocument, uid.id.clone());
            }
            return;
        }
        if self.undocumented.contains(&uid.id) {
            return;
        }
        if uid.id.starts_with("arn:") || uid.id.starts_with("p-") {
            let help = format!("declare IamPolicy::\"{}\" with its document", uid.id);
            return self.problem(Problem::at(source, span, format!("there is no policy {}", uid.id)).help(help));
        }
        let id = files::resolve(&source.path, &uid.id);
        if !self.policies.contains_key(&id) {
            self.path(source, &uid.id, span, &id);
        }
        uid.id = id;
    }

    fn problem(&mut self, problem: Problem) {
        self.expanded.problems.push(problem);
    }

    /// The document at a path, relative to the file that names it.
    fn path(&mut self, from: &Arc<SourceFile>, path: &str, span: crate::problem::Span, id: &str) {
        let name = files::resolve(&from.path, path);
        if let Some((source, node)) = self.documents.get(&name).cloned() {
            self.used.insert(name.clone());
            return self.add(id.to_owned(), name, &source, &node);
        }
        if !self.source.has(&name) {
            let names = self.documents.keys().map(String::as_str);
            let help = instead(&name, names, "paths are relative to the file that names them");
            return self.problem(Problem::at(from, span, format!("there is no policy document {name}")).help(help));
        }
        match source::json(self.source, &name) {
            Ok((source, node)) if document::is_document(&node) => {
                self.listing.add(&name, source.text.as_bytes());
                self.add(id.to_owned(), name, &source, &node);
            }
            Ok(_) => self.problem(
                Problem::at(from, span, format!("{name} is not a policy document: it has no `Statement`"))
                    .help("name an IAM policy"),
            ),
            // what the walk has reported too is shown once
            Err(problems) => self.expanded.problems.extend(problems),
        }
    }

    /// A document that is the text of a string.
    fn text(&mut self, entity: &Entity, text: &str, span: crate::problem::Span) {
        let source = SourceFile::new(format!("{}#{}", entity.source.path, entity.uid.id), text);
        match json::parse(&source) {
            Ok(node) => self.add(entity.uid.id.clone(), entity.uid.id.clone(), &source, &node),
            Err(problems) => {
                let wrong = problems.first().map_or("", |p| p.message()).to_owned();
                self.problem(
                    entity
                        .problem(span, format!("the document of {}: {wrong}", entity.uid.id))
                        .help("write the document, or its path"),
                );
            }
        }
    }

    fn built_in(&mut self, id: &str) {
        if self.policies.contains_key(id) {
            return;
        }
        if let Some((source, node)) = self.newer.get(id).cloned() {
            return self.add(id.to_owned(), id.to_owned(), &source, &node);
        }
        if let Some(managed) = builtin::managed_policy(id) {
            let source = SourceFile::new(managed.path, managed.text);
            if let Ok(node) = json::parse(&source) {
                self.add(id.to_owned(), id.to_owned(), &source, &node);
                if let Some(policy) = self.policies.get_mut(id) {
                    policy.built_in = true;
                }
            }
        }
    }

    /// An `IamPolicy` entity for every document, so that the entities are complete. FullAWSAccess is always there.
    fn declare(&mut self, entities: &mut BTreeMap<Uid, Entity>) {
        self.built_in(builtin::FULL_AWS_ACCESS);
        for (id, policy) in &self.policies {
            let source = policy.document.source.clone();
            let span = crate::problem::Span { start: 0, end: 0 };
            let text = Item { span, attr: Attr::String(policy.content.clone()) };
            let entity = entities.entry(Uid::new("IamPolicy", id)).or_insert_with(|| Entity {
                uid: Uid::new("IamPolicy", id),
                source,
                span,
                attrs: Fields::new(),
                parents: Vec::new(),
                tags: Arc::default(),
                built_in: policy.built_in,
            });
            entity.attrs.insert("document", text);
        }
    }

    /// Services need not be declared: the dated list tells whether they are eligible.
    fn services(&mut self, entities: &mut BTreeMap<Uid, Entity>) {
        let mut named = BTreeMap::new();
        for entity in entities.values().filter(|e| e.uid.ty == "Account") {
            if let Some(services) = entity.record("phi").and_then(|phi| phi.get("services")) {
                named.extend(services.ids().into_iter().map(|id| (id, (entity.source.clone(), services.span))));
            }
        }
        for (id, (source, span)) in named {
            let prefix = self.eligible.prefix(&id).unwrap_or_else(|| id.clone());
            let uid = Uid::new("Service", id);
            entities.entry(uid.clone()).or_insert_with(|| {
                let attrs = Fields::from([("prefix", Item { span, attr: Attr::String(prefix) })]);
                Entity { uid, source, span, attrs, parents: Vec::new(), tags: Arc::default(), built_in: true }
            });
        }
    }

    /// Documents that nothing refers to; they are read, so that what is wrong with them is not passed over.
    fn unused(&mut self) -> Vec<Arc<SourceFile>> {
        let unused: Vec<_> =
            self.documents.iter().filter(|(path, _)| !self.used.contains(*path)).map(|(_, d)| d.clone()).collect();
        for (source, node) in &unused {
            document::read(source, node, &mut self.expanded.problems);
        }
        unused.into_iter().map(|(source, _)| source).collect()
    }
}

fn defined_twice(entity: &Entity, first: &Entity) -> Problem {
    let place = if first.built_in {
        "the other is built in".to_owned()
    } else {
        let (line, _) = first.source.line_column(first.span.start);
        format!("the other is in {}, line {line}", first.source.path)
    };
    let message = format!("{} is defined twice", entity.uid);
    entity.problem(entity.span, message).help(format!("keep one of the two: {place}"))
}

/// The trust policies that roles refer to: by their ids, or by their paths as they are resolved.
fn trusts(entities: &BTreeMap<Uid, Entity>) -> BTreeSet<String> {
    let roles = entities.values().filter(|e| e.uid.ty == "Role");
    let named = roles.filter_map(|e| Some((e, e.reference("trustPolicy")?)));
    named.flat_map(|(e, id)| [id.to_owned(), files::resolve(&e.source.path, id)]).collect()
}

/// How the attributes of an organization, a unit or an account begin that have its service control policies.
const SERVICE_CONTROL: &str = "serviceControlPolicies";

/// The attributes of an organization, a unit or an account that have its resource control policies.
const CONTROLS: [&str; 2] = ["resourceControlPolicies", "resourceControlPoliciesUnplaced"];

/// The resource control policies that are attached: by their ids, or by their paths as they are resolved.
fn controls(entities: &BTreeMap<Uid, Entity>) -> BTreeSet<String> {
    let of = |e: &Entity| CONTROLS.iter().flat_map(|attr| e.references(attr).unwrap_or_default()).collect::<Vec<_>>();
    let named = entities.values().flat_map(|e| of(e).into_iter().map(move |id| (e, id)));
    named.flat_map(|(e, id)| [files::resolve(&e.source.path, &id), id]).collect()
}

/// The references to policies in a value, to be corrected in place.
fn policy_references<'a>(item: &'a mut Item, found: &mut Vec<(&'a mut Uid, crate::problem::Span)>) {
    let span = item.span;
    match &mut item.attr {
        Attr::Entity(uid) if uid.ty == "IamPolicy" => found.push((uid, span)),
        Attr::Set(items) => items.iter_mut().for_each(|i| policy_references(i, found)),
        Attr::Record(items) => items.values_mut().for_each(|i| policy_references(i, found)),
        _ => {}
    }
}
