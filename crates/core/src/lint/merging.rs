//! Documents of Terraform with those that become a part of them, as the provider lays them over each other: first the sources, then the
//! document's own statements, then what overrides them. A statement takes the place of one with the same `Sid`.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::policy::{Found, IsPart, Laid, Policy, Statement};
use super::read::choice::is_known;
use super::read::documents::{DOCUMENT, is_part};
use super::read::layers::{From, Layer, Part};
use super::read::terraform::scope::folder;
use super::read::{Host, Loaded};
use super::references::place_of;
use crate::problem::Span;
use crate::text::files;
use crate::text::json::{Member, Node, Value};

/// Documents that become a part of others which become a part of others are followed this deep.
const DEEP: usize = 8;

/// A whole of so many statements is read no further: no policy that AWS stores has room for as many.
const MOST: usize = 1_000;

/// A file, and a policy in it, by their indices.
type Place = (usize, usize);

/// What a document says once it is merged.
#[derive(Default)]
struct Merged {
    version: String,
    statements: Vec<One>,
    /// What of it is not known.
    open: BTreeSet<String>,
    /// The `Sid`s that stand in several sources, and where the later one is named.
    repeated: Vec<(Span, String)>,
    /// Statements of it were left out for being too many, or too deep.
    is_cut: bool,
}

/// A statement of a merged document.
#[derive(Clone)]
struct One {
    laid: Laid,
    /// Its place among the statements of the document itself.
    own: Option<usize>,
    /// The file that it is written in.
    file: usize,
}

impl One {
    fn sid(&self) -> Option<&str> {
        self.laid.statement.sid.as_ref().map(|sid| sid.text.as_str()).filter(|sid| !sid.is_empty())
    }
}

/// Tells each document that has parts what it says with them.
pub fn resolve(loaded: &mut [Loaded]) {
    if !loaded.iter().any(|file| file.policies.iter().any(|p| !p.layers.is_empty())) {
        return;
    }
    let mut all = Documents::of(loaded);
    let mut merged: Vec<(Place, Rc<Merged>)> = Vec::new();
    for (file, read) in loaded.iter().enumerate() {
        for index in (0..read.policies.len()).filter(|i| read.policies.get(*i).is_some_and(|p| !p.layers.is_empty())) {
            let place = (file, index);
            merged.push((place, all.merged(place, DEEP)));
        }
    }
    let parts = Parts::of(loaded, &all, &merged);
    drop(all);
    for ((file, index), part, replaced) in parts.of_policies(loaded) {
        if let Some(policy) = loaded.get_mut(file).and_then(|f| f.policies.get_mut(index)) {
            policy.part = part;
            for (index, statement) in policy.statements.iter_mut().enumerate() {
                statement.replaced |= replaced.contains(&index);
            }
        }
    }
    for ((file, index), merged) in merged {
        if let Some(policy) = loaded.get_mut(file).and_then(|f| f.policies.get_mut(index)) {
            apply(policy, &merged);
        }
    }
}

fn apply(policy: &mut Policy, merged: &Merged) {
    let kept: BTreeSet<usize> = merged.statements.iter().filter_map(|s| s.own).collect();
    for (index, statement) in policy.statements.iter_mut().enumerate() {
        statement.replaced |= !kept.contains(&index);
    }
    let others = || merged.statements.iter().filter(|s| s.own.is_none()).map(|s| &s.laid.statement);
    policy.beside.statements = others().filter(|s| !s.perhaps).filter_map(|s| s.meaning.clone()).collect();
    policy.beside.unknown = merged.open.iter().cloned().collect();
    if others().any(|s| s.perhaps || s.meaning.is_none()) {
        policy.beside.unknown.push("a statement of another document".to_owned());
    }
    policy.repeated.clone_from(&merged.repeated);
    policy.laid = merged.statements.iter().map(|s| s.laid.clone()).collect();
    policy.whole = whole(policy, merged);
}

/// The document as it is sent, where all of it is known.
fn whole(policy: &Policy, merged: &Merged) -> Option<Node> {
    let certain = |s: &One| !s.laid.statement.perhaps && is_known(&s.laid.statement.node);
    if !policy.complete || !merged.open.is_empty() || !merged.statements.iter().all(certain) {
        return None;
    }
    let at = policy.root.span;
    let own = policy.root.as_object().unwrap_or_default().iter();
    let member = |key: &str, node: Node| Member { key: key.to_owned(), key_span: at, node };
    let mut members: Vec<Member> = own.filter(|m| m.key != "Statement" && m.key != "Version").cloned().collect();
    members.push(member("Version", Node::string(at, merged.version.clone())));
    let statements = merged.statements.iter().map(|s| s.laid.statement.node.clone()).collect();
    members.push(member("Statement", Node::new(at, Value::Array(statements))));
    Some(Node::new(at, Value::Object(members)))
}

/// All documents that may become a part of others.
struct Documents<'l> {
    loaded: &'l [Loaded],
    named: BTreeMap<(&'l str, &'l str), Place>,
    files: BTreeMap<&'l str, Place>,
    /// By how deep others are followed from it: what is cut short is not all of it.
    known: BTreeMap<(Place, usize), Rc<Merged>>,
}

impl<'l> Documents<'l> {
    fn of(loaded: &'l [Loaded]) -> Self {
        let (mut named, mut files) = (BTreeMap::new(), BTreeMap::new());
        for (file, read) in loaded.iter().enumerate() {
            let path = read.source.path.as_str();
            for (index, policy) in read.policies.iter().enumerate() {
                match policy.pointer.strip_prefix(DOCUMENT) {
                    Some(name) if !is_part(&policy.pointer) => drop(named.insert((folder(path), name), (file, index))),
                    None if policy.pointer.is_empty() => drop(files.insert(path, (file, index))),
                    _ => {}
                }
            }
        }
        Self { loaded, named, files, known: BTreeMap::new() }
    }

    fn policy(&self, (file, index): Place) -> Option<&'l Policy> {
        self.loaded.get(file)?.policies.get(index)
    }

    fn merged(&mut self, place: Place, left: usize) -> Rc<Merged> {
        if let Some(known) = self.known.get(&(place, left)) {
            return known.clone();
        }
        let Some(policy) = self.policy(place) else {
            return Rc::default();
        };
        let merged = Rc::new(self.of_policy((policy, place.0), left));
        self.known.insert((place, left), merged.clone());
        merged
    }

    fn of_policy(&mut self, (policy, file): (&'l Policy, usize), left: usize) -> Merged {
        let mut merged = Merged::default();
        let mut sids: BTreeSet<String> = BTreeSet::new();
        let (under, over): (Vec<&Layer>, Vec<&Layer>) = policy.layers.iter().partition(|l| !l.from.overrides());
        for layer in under {
            let part = self.part((policy, file), layer, left, &mut merged);
            unique(layer, &part, &mut sids, &mut merged.repeated);
            merged.lay(part, false);
        }
        merged.lay(own(policy, file), false);
        merged.version = merged.version.clone().max(version(policy));
        if !policy.complete {
            merged.open.insert(policy.pointer.clone());
        }
        for layer in over {
            let unknown = matches!(layer.part, Part::Unknown);
            let part = self.part((policy, file), layer, left, &mut merged);
            merged.lay(part, unknown);
        }
        merged
    }

    /// The statements of a part; what is not known of it is said of the whole.
    fn part(
        &mut self,
        (policy, file): (&'l Policy, usize),
        layer: &Layer,
        left: usize,
        whole: &mut Merged,
    ) -> Vec<One> {
        if let Part::Known(node) = &layer.part {
            let part = of_node(policy, node);
            whole.version = whole.version.clone().max(version(&part));
            return own(&part, file).into_iter().map(|one| one.of_other(layer.perhaps)).collect();
        }
        let place = self.place(policy, layer);
        whole.is_cut |= place.is_some() && left == 0;
        let Some(place) = place.filter(|_| left > 0) else {
            whole.open.insert("a document of which nothing is known".to_owned());
            return Vec::new();
        };
        let part = self.merged(place, left - 1);
        whole.open.extend(part.open.iter().cloned());
        whole.is_cut |= part.is_cut;
        whole.version = whole.version.clone().max(part.version.clone());
        part.statements.iter().map(|one| one.clone().of_other(layer.perhaps)).collect()
    }

    /// Where the document stands that a part is.
    fn place(&self, policy: &Policy, layer: &Layer) -> Option<Place> {
        let path = policy.source.path.as_str();
        match &layer.part {
            Part::Document(name) => self.named.get(&(folder(path), name.as_str())).copied(),
            Part::File(file) => self.files.get(files::resolve(path, file).as_str()).copied(),
            Part::Known(_) | Part::Unknown => None,
        }
    }
}

impl One {
    fn of_other(mut self, perhaps: bool) -> Self {
        self.own = None;
        self.laid.statement.perhaps |= perhaps;
        self
    }
}

impl Merged {
    /// Lays statements over those that are there; `unknown`: others may be laid over them as well.
    fn lay(&mut self, statements: Vec<One>, unknown: bool) {
        if self.statements.len() + statements.len() > MOST && !statements.is_empty() {
            self.open.insert("a document of more statements than a policy has room for".to_owned());
            self.is_cut = true;
            return;
        }
        if unknown {
            for one in self.statements.iter_mut().filter(|s| s.sid().is_some()) {
                one.laid.statement.perhaps = true;
            }
        }
        for new in statements {
            let same = new.sid().and_then(|sid| self.statements.iter_mut().find(|s| s.sid() == Some(sid)));
            match same {
                Some(old) if !new.laid.statement.perhaps => *old = new,
                Some(old) => {
                    old.laid.statement.perhaps = true;
                    self.statements.push(new);
                }
                None => self.statements.push(new),
            }
        }
    }
}

/// What becomes of the documents that are parts of others.
#[derive(Default)]
struct Parts {
    /// What each is used as, by its place.
    used: BTreeMap<Place, IsPart>,
    /// The same of those that are written where they become a part, by their file and place in it.
    written: BTreeMap<(usize, Span), IsPart>,
    /// Where the statements stand that are left in a document that is no part itself.
    left: BTreeSet<(usize, Span)>,
    /// What was left out of a whole may be left in it.
    is_cut: bool,
}

impl Parts {
    fn of(loaded: &[Loaded], all: &Documents<'_>, merged: &[(Place, Rc<Merged>)]) -> Self {
        let mut parts = Self { is_cut: merged.iter().any(|(_, merged)| merged.is_cut), ..Self::default() };
        for (file, _) in loaded.iter().enumerate() {
            for (index, policy) in loaded.get(file).map(|f| f.policies.iter().enumerate()).into_iter().flatten() {
                for layer in &policy.layers {
                    let how = if layer.from == From::Source { IsPart::Yes } else { IsPart::Laid };
                    if let Part::Known(node) = &layer.part {
                        note(parts.written.entry((file, node.span)).or_insert(how), how);
                    }
                    // what is a part of itself is not followed
                    if let Some(place) = all.place(policy, layer).filter(|place| *place != (file, index)) {
                        note(parts.used.entry(place).or_insert(how), how);
                    }
                }
            }
        }
        let alone = used_alone(loaded);
        let is_top = |place: &Place| !parts.used.contains_key(place) || alone.contains(place);
        let tops = merged.iter().filter(|(place, _)| is_top(place)).flat_map(|(_, merged)| &merged.statements);
        parts.left = tops.map(|one| (one.file, one.laid.statement.at.span)).collect();
        for place in &alone {
            let policy = loaded.get(place.0).and_then(|f| f.policies.get(place.1));
            if let Some(policy) = policy.filter(|p| p.layers.is_empty()) {
                parts.left.extend(policy.statements.iter().map(|s| (place.0, s.at.span)));
            }
            parts.used.entry(*place).and_modify(|how| *how = IsPart::Yes);
        }
        parts
    }

    /// What each document is as a part, and which of its statements are left nowhere.
    fn of_policies(&self, loaded: &[Loaded]) -> Vec<(Place, IsPart, Vec<usize>)> {
        let mut found = Vec::new();
        for (file, read) in loaded.iter().enumerate() {
            for (index, policy) in read.policies.iter().enumerate() {
                let written = || self.written.get(&(file, policy.root.span)).filter(|_| is_part(&policy.pointer));
                let Some(part) = self.used.get(&(file, index)).or_else(written) else {
                    continue;
                };
                let statements = policy.statements.iter().enumerate();
                let replaced = statements.filter(|(_, s)| !self.is_cut && !self.left.contains(&(file, s.at.span)));
                found.push(((file, index), *part, replaced.map(|(index, _)| index).collect()));
            }
        }
        found
    }
}

fn note(known: &mut IsPart, how: IsPart) {
    if how == IsPart::Yes {
        *known = how;
    }
}

/// Documents that something uses as they are.
fn used_alone(loaded: &[Loaded]) -> BTreeSet<Place> {
    let documents: BTreeSet<(String, String)> =
        loaded.iter().flat_map(|f| &f.references).map(|r| place_of(&r.document)).collect();
    let of_file =
        |f: &Loaded| -> Vec<String> { f.files.iter().map(|r| files::resolve(&f.source.path, &r.path)).collect() };
    let texts: BTreeSet<String> = loaded.iter().flat_map(of_file).collect();
    let mut found = BTreeSet::new();
    for (file, read) in loaded.iter().enumerate() {
        let own = folder(&read.source.path);
        for (index, policy) in read.policies.iter().enumerate() {
            let is_file = policy.pointer.is_empty() && texts.contains(&read.source.path);
            if is_file || documents.contains(&(own.to_owned(), policy.pointer.clone())) {
                found.insert((file, index));
            }
        }
    }
    found
}

/// Notes the `Sid`s of a source that stand in one before it, which the provider refuses.
fn unique(layer: &Layer, part: &[One], sids: &mut BTreeSet<String>, repeated: &mut Vec<(Span, String)>) {
    for one in part.iter().filter(|one| !one.laid.statement.perhaps) {
        let Some(sid) = one.laid.statement.sid.as_ref().filter(|sid| sid.is_known() && !sid.text.is_empty()) else {
            continue;
        };
        if !sids.insert(sid.text.clone()) && layer.from == From::Source {
            repeated.push((layer.at, sid.text.clone()));
        }
    }
}

fn own(policy: &Policy, file: usize) -> Vec<One> {
    let laid = |s: &Statement| Laid { pointer: policy.pointer_to(&s.at.pointer), statement: s.clone() };
    policy.statements.iter().enumerate().map(|(index, s)| One { laid: laid(s), own: Some(index), file }).collect()
}

fn version(policy: &Policy) -> String {
    policy.version.as_ref().map(|v| v.text.clone()).unwrap_or_default()
}

/// A document that is written where it becomes a part.
fn of_node(policy: &Policy, node: &Node) -> Policy {
    let found = Found {
        source: policy.source.clone(),
        host: Host::Closed,
        kind: Some(policy.kind),
        kind_is_guessed: !policy.kind_is_told,
        holder: policy.holder,
        of_service: policy.of_service,
        names: Vec::new(),
        pointer: policy.pointer.clone(),
        beside: Default::default(),
        merged: Vec::new(),
        layers: Vec::new(),
    };
    Policy::new(found, node.clone())
}
