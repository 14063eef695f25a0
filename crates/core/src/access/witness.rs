//! Requests made of classes, and evaluated again by the layers themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::callers::Caller;
use super::real;
use super::search::Chosen;
use super::space::{Atom, Space, Value, What};
use super::views::View;
use super::{Side, Witness};
use crate::aws::keys::{nature, spelling};
use crate::iam::template::{Template, TemplatePart};
use crate::permissions::context::{KeyValue, Keys, Request};
use crate::permissions::layer::{Layer, LayerOutcome};
use crate::permissions::representatives::candidates;
use crate::problem::Failure;

/// Why an answer is unknown although the search came to its end.
pub const DOUBTFUL: &str =
    "conditions that read two parts of a request, or one key as several types, could not be distinguished";

/// Completions of a draft that are tried.
const MAX_COMPLETIONS: usize = 400;

/// A request that is newly allowed, as answers tell it and as it is evaluated.
pub struct Realized {
    /// What answers tell of it.
    pub witness: Witness,
    /// The request.
    pub request: Request,
    /// Who makes it, by its index; `None` where statements have no principals.
    pub caller: Option<usize>,
}

/// A request that is not whole yet.
pub struct Draft {
    caller: Option<usize>,
    action: Option<String>,
    has_arn: Option<bool>,
    segments: [Option<String>; 6],
    keys: BTreeMap<String, Option<KeyValue>>,
    /// Atoms of classes of which it is not known whether a request has them.
    doubtful: Vec<usize>,
}

/// The ARN of a request of which a part was not asked for.
const ANY: [&str; 6] = ["arn", "aws", "s3", "", "", "x"];

impl Draft {
    /// The request of these classes.
    pub fn new(space: &Space<'_>, chosen: &[Option<Chosen>]) -> Self {
        let mut draft = Self {
            caller: None,
            action: None,
            has_arn: None,
            segments: Default::default(),
            keys: BTreeMap::new(),
            doubtful: Vec::new(),
        };
        for (dimension, class) in space.dimensions.iter().zip(chosen) {
            let Some(class) = class else {
                continue;
            };
            match (&dimension.what, &class.value) {
                (_, Value::Doubtful) => draft.doubtful.extend(&class.atoms),
                (What::Action, Value::Text(text)) => draft.action = Some(text.clone()),
                (What::HasArn, Value::Flag(flag)) => draft.has_arn = Some(*flag),
                (What::Whole, Value::Text(arn)) => {
                    draft.segments.iter_mut().zip(arn.splitn(6, ':')).for_each(|(s, t)| *s = Some(t.to_owned()));
                }
                (What::Caller, Value::Caller(index)) => draft.with_caller(space, *index),
                (What::Segment(index), Value::Text(text)) => {
                    if let Some(cell) = draft.segments.get_mut(*index) {
                        *cell = Some(text.clone());
                    }
                }
                (What::Key(key), Value::Key(value)) => drop(draft.keys.insert(key.clone(), value.clone())),
                _ => {}
            }
        }
        draft
    }

    /// The keys that tell who makes the request, as far as statements read them.
    fn with_caller(&mut self, space: &Space<'_>, index: usize) {
        self.caller = Some(index);
        let Some(caller) = space.view.callers.get(index) else {
            return;
        };
        for key in space.atoms.iter().flat_map(keys_of) {
            match caller.known(key) {
                Some(value) => drop(self.keys.insert(key.to_owned(), value)),
                // some value of it, where no condition asks which
                None => {
                    let carried = caller.carries(key).and_then(|known| candidates(&[], Some(known), nature(key)));
                    let value = carried.into_iter().flatten().next().and_then(|c| c.value);
                    self.keys.extend(value.map(|value| (key.to_owned(), Some(value))));
                }
            }
        }
    }

    /// Some of its classes may have no member.
    pub fn is_doubtful(&self) -> bool {
        !self.doubtful.is_empty()
    }

    /// A whole request that the new side allows and the old one does not; `None` where none was found.
    pub fn realized(&self, space: &Space<'_>, old: &Side, new: &Side) -> Result<Option<Realized>, Failure> {
        let caller = self.caller.and_then(|index| space.view.callers.get(index));
        for (keys, last) in self.completions(space) {
            let request = self.request(keys, last);
            let asked = Asked { request: &request, caller, view: space.view };
            if let Some(change) = newly_allowed(old, new, &asked)? {
                let witness = witness(space, &asked, change);
                return Ok(Some(Realized { witness, request, caller: self.caller }));
            }
        }
        Ok(None)
    }

    fn request(&self, keys: Keys, last: Option<String>) -> Request {
        let segment = |index: usize| {
            let given = self.segments.get(index).cloned().flatten();
            let given = if index == 5 { last.clone().or(given) } else { given };
            given.unwrap_or_else(|| ANY.get(index).copied().unwrap_or_default().to_owned())
        };
        let resource = (self.has_arn == Some(true)).then(|| std::array::from_fn(segment));
        let action = self.action.clone().unwrap_or_else(|| "s3:getobject".to_owned());
        Request { action, resource, keys, decided: BTreeMap::new() }
    }

    /// The keys, and the last segment of the ARN, in every way that is worth trying.
    fn completions(&self, space: &Space<'_>) -> Vec<(Keys, Option<String>)> {
        let given: Keys = self.keys.iter().filter_map(|(k, v)| Some((k.clone(), v.clone()?))).collect();
        if self.doubtful.is_empty() {
            return vec![(given, None)];
        }
        let mut pools: BTreeMap<String, BTreeSet<Option<KeyValue>>> = BTreeMap::new();
        let mut last: BTreeSet<Option<String>> = BTreeSet::from([None]);
        for atom in self.doubtful.iter().filter_map(|a| space.atoms.get(*a)) {
            let templates: &[Template] = match atom {
                Atom::Variable(template) => std::slice::from_ref(template),
                Atom::Condition(condition) => &condition.values,
                _ => &[],
            };
            for template in templates {
                for key in template.variables() {
                    let values = ["v", "a"].map(|t| Some(KeyValue::One(t.to_owned())));
                    pools.entry(key.to_owned()).or_default().extend(values);
                    pools.entry(key.to_owned()).or_default().insert(None);
                }
            }
            let of_caller = |t: &Template| {
                let value = |key: &str| given.get(key).and_then(KeyValue::single);
                t.substitute(value).map(|t| text(&t, None))
            };
            let texts = templates
                .iter()
                .flat_map(|t| [Some(text(t, Some("v"))), Some(text(t, None)), of_caller(t)].into_iter().flatten());
            match atom {
                Atom::Variable(_) => last.extend(texts.map(Some)),
                Atom::Condition(condition) => {
                    let pool = pools.entry(condition.key.clone()).or_default();
                    pool.extend(texts.clone().map(|t| Some(KeyValue::One(t))));
                    pool.extend(texts.map(|t| Some(KeyValue::Many(vec![t]))));
                    pool.extend([None, Some(KeyValue::One("other".to_owned())), Some(KeyValue::Many(Vec::new()))]);
                }
                _ => {}
            }
        }
        let mut completions: Vec<(Keys, Option<String>)> = last.into_iter().map(|l| (given.clone(), l)).collect();
        for (key, pool) in pools.into_iter().filter(|(key, _)| !self.keys.contains_key(key)) {
            let longer = completions.iter().flat_map(|(keys, last)| {
                pool.iter().map(|value| {
                    let mut keys = keys.clone();
                    if let Some(value) = value {
                        keys.insert(key.clone(), value.clone());
                    }
                    (keys, last.clone())
                })
            });
            completions = longer.take(MAX_COMPLETIONS).collect();
        }
        completions
    }
}

/// A text of a template: its variables by this value, or by their defaults; wildcards by nothing or one letter.
fn text(template: &Template, variable: Option<&str>) -> String {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.clone(),
        TemplatePart::Any => String::new(),
        TemplatePart::One => "x".to_owned(),
        TemplatePart::Variable { default, .. } => variable.or(default.as_deref()).unwrap_or("v").to_owned(),
    };
    template.parts.iter().map(part).collect()
}

/// The condition keys that an atom reads, variables included.
fn keys_of(atom: &Atom) -> Vec<&str> {
    match atom {
        Atom::Condition(c) => {
            std::iter::once(c.key.as_str()).chain(c.values.iter().flat_map(Template::variables)).collect()
        }
        Atom::Variable(template) => template.variables().collect(),
        _ => Vec::new(),
    }
}

/// A request that is evaluated.
pub struct Asked<'a> {
    /// The request.
    pub request: &'a Request,
    /// Who makes it.
    pub caller: Option<&'a Caller>,
    /// How statements are read.
    pub view: &'a View<'a>,
}

/// By what a request is newly allowed.
pub struct Change {
    /// The statements of the new side that allow it.
    pub allowed_by: Vec<String>,
    /// The statements of the old side that deny it.
    pub was_denied_by: Vec<String>,
}

/// By what the new side allows a request that the old one does not; `None` if it is not newly allowed.
pub fn newly_allowed(old: &Side, new: &Side, asked: &Asked<'_>) -> Result<Option<Change>, Failure> {
    let (Some(allowed_by), None) = (allows(new, asked)?, allows(old, asked)?) else {
        return Ok(None);
    };
    Ok(Some(Change { allowed_by, was_denied_by: denials(old, asked)? }))
}

/// The statements by which every layer allows a request; `None` where one does not.
fn allows(side: &Side, asked: &Asked<'_>) -> Result<Option<Vec<String>>, Failure> {
    let mut by = Vec::new();
    for layer in &side.layers {
        let layer = layer.asked(asked);
        match layer.decide(asked.request)? {
            LayerOutcome::Allow(statements) => by.extend(origins(&layer, &statements)),
            LayerOutcome::Deny(_) | LayerOutcome::Silent => return Ok(None),
        }
    }
    Ok(Some(by))
}

fn denials(side: &Side, asked: &Asked<'_>) -> Result<Vec<String>, Failure> {
    let mut by = Vec::new();
    for layer in &side.layers {
        let layer = layer.asked(asked);
        if let LayerOutcome::Deny(statements) = layer.decide(asked.request)? {
            by.extend(origins(&layer, &statements));
        }
    }
    Ok(by)
}

fn origins(layer: &Layer, statements: &[usize]) -> Vec<String> {
    let origin = |index: &usize| layer.origin(*index).map(|o| format!("{} {}", o.file, o.pointer));
    statements.iter().filter_map(origin).collect()
}

fn witness(space: &Space<'_>, asked: &Asked<'_>, change: Change) -> Witness {
    let Change { allowed_by, was_denied_by } = change;
    let request = asked.request;
    let value = |value: &KeyValue| match value {
        KeyValue::One(text) => serde_json::Value::from(text.as_str()),
        KeyValue::Many(texts) => serde_json::Value::from(texts.clone()),
    };
    let by_key = || request.keys.get("aws:principalarn").and_then(KeyValue::single).map(str::to_owned);
    Witness {
        principal: asked.caller.map(|c| c.name.clone()).or_else(by_key),
        grant: asked.caller.filter(|c| c.has_policies()).map(|_| asked.view.grant),
        action: real::spelt(&request.action)
            .or_else(|| space.spellings.get(&request.action).cloned())
            .unwrap_or_else(|| request.action.clone()),
        exists: real::exists(&request.action, request.resource.as_ref()),
        resource: request.resource.as_ref().map_or_else(|| "*".to_owned(), |segments| segments.join(":")),
        context: request.keys.iter().map(|(k, v)| (spelling(k), value(v))).collect(),
        allowed_by,
        was_denied_by,
    }
}
