//! The names and words that policies compare with: a value outside a closed set, or the name of something that does not
//! exist, never matches, and Cedar says nothing.
//!
//! What an attribute can hold stands in the schema: `values` closes the set, `names` says what its texts are names of. What
//! only an inventory can tell is kept as [`Named`], and asked once there is one.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::Policy;
use serde_json::Value;

use super::has;
use super::never;
use super::patterns;
use super::reads::{COMPARISONS, tag_key};
use super::shapes::{Shape, Variables, path, variables};
use super::tokens::Places;
use crate::inventory::expand::{article, type_of_id};
use crate::inventory::schema::{Attribute, EntitySchema, local};
use crate::problem::{Problem, SourceFile, Span, instead};

/// A name in a policy that only an inventory can tell to exist.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// What it is the name of.
    pub of: Of,
    /// The parts of a pattern that names are held against, `None` for a `*`; absent for a name.
    pub(super) pattern: Option<Vec<Option<String>>>,
    pub(super) source: Arc<SourceFile>,
    pub(super) span: Span,
}

impl Named {
    /// The file that it stands in.
    pub fn source(&self) -> &SourceFile {
        &self.source
    }
}

/// What a name is the name of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A kind of agreement.
    Kind,
    /// A group of IAM or of Identity Center.
    Group,
    /// A principal, as people call it.
    Principal,
    /// An account, by its name.
    Account,
    /// An organizational unit, by its name.
    Unit,
    /// A service, by its prefix.
    Service,
    /// A tag of an account, as its key and its value in lower case.
    Tag,
    /// The key of a tag.
    TagKey,
    /// The value of the tag with this key.
    TagValue(String),
    /// An entity of this type.
    Entity(String),
}

/// The names in a policy; what cannot exist at all goes to `problems`.
pub fn of(
    policy: &Policy,
    json: &Value,
    (source, span): (&Arc<SourceFile>, Span),
    schema: &EntitySchema,
    problems: &mut Vec<Problem>,
) -> Vec<Named> {
    let mut walk = Walk {
        tags: Vec::new(),
        variables: variables(policy, json, schema),
        texts: Vec::new(),
        found: Vec::new(),
        patterns: Vec::new(),
        entities: Vec::new(),
    };
    for part in ["principal", "resource"] {
        walk.entities(json.get(part).unwrap_or(&Value::Null));
    }
    for condition in json.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        walk.expression(condition.get("body").unwrap_or(&Value::Null));
    }
    problems.extend(has::faults(json, &walk.variables, (source, span)));
    problems.extend(never::faults(json, &walk.variables, schema, (source, span)));
    let Walk { texts, found, patterns, entities, tags, .. } = walk;
    let places = Places::new(source, span, &texts);
    let mut named = Vec::new();
    let name = |name: &str, of: Of, pattern: Option<Vec<Option<String>>>, span: Span| Named {
        name: name.to_owned(),
        of,
        pattern,
        source: source.clone(),
        span,
    };
    for (index, word) in found {
        let Some(text) = texts.get(index) else { continue };
        let span = places.text(index, text).unwrap_or(span.first());
        match word.fault(text, schema) {
            Some((message, help)) => problems.push(Problem::at(source, span, message).help(help)),
            None => named.extend(word.of().map(|of| name(text, of, None, span))),
        }
    }
    for (index, of) in tags {
        let Some(text) = texts.get(index) else { continue };
        named.push(name(text, of, None, places.text(index, text).unwrap_or(span.first())));
    }
    for (pattern, word) in patterns {
        let text = patterns::written(&pattern);
        let span = places.first(&text).unwrap_or(span.first());
        match word.never_like(&pattern, schema) {
            Some((message, help)) => problems.push(Problem::at(source, span, message).help(help)),
            None => named.extend(word.of().map(|of| name(&text, of, Some(pattern), span))),
        }
    }
    for (ty, id) in entities {
        let span = places.entity(&ty, &id).unwrap_or(span.first());
        if let Some((message, help)) = cannot_exist(&ty, &id, schema) {
            problems.push(Problem::at(source, span, message).help(help));
        } else {
            named.push(name(&id, Of::Entity(ty), None, span));
        }
    }
    named
}

/// What an attribute can hold, of all the types and actions that it is read of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Word {
    /// How it is read: `context.scope`.
    path: String,
    values: Option<BTreeSet<String>>,
    names: Option<String>,
}

impl Word {
    /// What an attribute can hold; `None` where that is anything.
    fn new(path: &str, attributes: &[&Attribute]) -> Option<Self> {
        let closed = |a: &&&Attribute| a.values.is_some() || a.names.is_some();
        if attributes.is_empty() || !attributes.iter().all(|a| closed(&a)) {
            return None;
        }
        let values: Option<Vec<&Vec<String>>> = attributes.iter().map(|a| a.values.as_ref()).collect();
        let names = attributes.first().and_then(|a| a.names.clone());
        let same = attributes.iter().all(|a| a.names == names);
        let values = values.map(|all| all.into_iter().flatten().cloned().collect());
        (values.is_some() || same).then(|| Self { path: path.to_owned(), values, names: names.filter(|_| same) })
    }

    /// What is wrong with a text that is compared with it, whatever the inventory has.
    fn fault(&self, text: &str, schema: &EntitySchema) -> Option<(String, String)> {
        let operations = || schema.operations.iter().cloned().collect();
        let (known, what) = match (&self.values, self.names.as_deref()) {
            (Some(values), _) => (values.clone(), format!("`{}` is never `{text}`", self.path)),
            (None, Some("operations")) => (operations(), format!("there is no operation `{text}`")),
            (None, Some("tags")) => return self.not_a_tag(text),
            _ => return None,
        };
        if known.contains(text) {
            return None;
        }
        let help = instead(
            text,
            known.iter().map(String::as_str),
            format!("it is one of {}", known.iter().cloned().collect::<Vec<_>>().join(", ")),
        );
        Some((what, help))
    }

    /// Tags are held in one form, so that no letter case keeps one from being found.
    fn not_a_tag(&self, text: &str) -> Option<(String, String)> {
        let lower = text.to_lowercase();
        let help = match text.contains('=') {
            true if lower == text => return None,
            true => format!("tags are in lower case: write `{lower}`"),
            false => format!("a tag is its key and its value: write `{lower}=…`"),
        };
        Some((format!("`{}` never has `{text}`", self.path), help))
    }

    /// What is wrong with a pattern that no value of a closed set has.
    fn never_like(&self, pattern: &[Option<String>], schema: &EntitySchema) -> Option<(String, String)> {
        let values = match (&self.values, self.names.as_deref()) {
            (Some(values), _) => values,
            (None, Some("operations")) => &schema.operations,
            _ => return None,
        };
        if values.iter().any(|value| patterns::matches(pattern, value)) {
            return None;
        }
        let message = format!("`{}` is never like `{}`", self.path, patterns::written(pattern));
        Some((message, format!("it is one of {}", values.iter().cloned().collect::<Vec<_>>().join(", "))))
    }

    fn of(&self) -> Option<Of> {
        match self.names.as_deref()? {
            "agreement-kinds" => Some(Of::Kind),
            "groups" => Some(Of::Group),
            "principals" => Some(Of::Principal),
            "accounts" => Some(Of::Account),
            "units" => Some(Of::Unit),
            "services" => Some(Of::Service),
            "tags" => Some(Of::Tag),
            _ => None,
        }
    }
}

/// An entity whose id has not the form that every id of its type has.
fn cannot_exist(ty: &str, id: &str, schema: &EntitySchema) -> Option<(String, String)> {
    let example = match ty {
        "Account" => "111122223333",
        "Organization" => "o-exampleorgid",
        "OrganizationalUnit" => "ou-ab12-11111111",
        "User" | "Role" | "Group" => "arn:aws:iam::111122223333:…/NAME",
        "Root" => "arn:aws:iam::111122223333:root",
        _ => return None,
    };
    if type_of_id(id) == Some(ty) || !schema.types.contains_key(ty) {
        return None;
    }
    let message = format!("`{id}` is not the id of {}", article(ty));
    Some((message, format!("such an id looks like {example}: a condition on another never holds")))
}

/// A walk over the conditions of a policy, in the order of their text.
struct Walk<'s> {
    variables: Variables<'s>,
    /// All texts that are written out, in their order.
    texts: Vec<String>,
    /// Those that are compared with an attribute, by their place among them.
    found: Vec<(usize, Word)>,
    /// The patterns that an attribute is held against.
    patterns: Vec<(Vec<Option<String>>, Word)>,
    entities: Vec<(String, String)>,
    /// The texts that are keys or values of tags, by their place among all.
    tags: Vec<(usize, Of)>,
}

impl<'s> Walk<'s> {
    fn expression(&mut self, json: &Value) {
        let Value::Object(members) = json else {
            if let Value::Array(items) = json {
                items.iter().for_each(|i| self.expression(i));
            }
            return;
        };
        for (operator, operands) in members {
            match operator.as_str() {
                "Value" => self.literal(operands),
                "if-then-else" => {
                    for part in ["if", "then", "else"] {
                        self.expression(operands.get(part).unwrap_or(&Value::Null));
                    }
                }
                operator if COMPARISONS.contains(&operator) => self.comparison(operands),
                "like" => {
                    let left = operands.get("left").unwrap_or(&Value::Null);
                    let pattern = patterns::parts(operands.get("pattern").unwrap_or(&Value::Null));
                    self.patterns.extend(pattern.zip(self.word(left)));
                    self.expression(left);
                }
                "hasTag" | "getTag" => {
                    self.expression(operands.get("left").unwrap_or(&Value::Null));
                    self.tags.extend(tag_key(operands).map(|_| (self.texts.len(), Of::TagKey)));
                    self.expression(operands.get("right").unwrap_or(&Value::Null));
                }
                "pattern" | "attr" | "entity_type" => {}
                _ => self.expression(operands),
            }
        }
    }

    fn comparison(&mut self, operands: &Value) {
        let (left, right) =
            (operands.get("left").unwrap_or(&Value::Null), operands.get("right").unwrap_or(&Value::Null));
        let start = self.texts.len();
        self.expression(left);
        let middle = self.texts.len();
        self.expression(right);
        let end = self.texts.len();
        if let (Some(word), true) = (self.word(left), is_written_out(right)) {
            self.found.extend((middle..end).map(|i| (i, word.clone())));
        } else if let (Some(word), true) = (self.word(right), is_written_out(left)) {
            self.found.extend((start..middle).map(|i| (i, word.clone())));
        }
        for (one, other, texts) in [(left, right, middle..end), (right, left, start..middle)] {
            if let (Some(key), true) = (one.get("getTag").and_then(tag_key), is_written_out(other)) {
                self.tags.extend(texts.map(|i| (i, Of::TagValue(key.to_owned()))));
            }
        }
    }

    fn literal(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.texts.push(text.clone()),
            other => self.entities(other),
        }
    }

    /// The entities that are written out, actions aside.
    fn entities(&mut self, json: &Value) {
        let Value::Object(members) = json else {
            return;
        };
        if let (Some(ty), Some(id)) =
            (members.get("type").and_then(Value::as_str), members.get("id").and_then(Value::as_str))
        {
            if local(ty) != "Action" {
                self.entities.push((local(ty).to_owned(), id.to_owned()));
            }
            return;
        }
        members.values().for_each(|m| self.entities(m));
    }

    /// What an expression that is read of an entity or of the context can hold.
    fn word(&self, json: &Value) -> Option<Word> {
        match self.variables.shape(json)? {
            Shape::Attributes(attributes) => Word::new(&path(json), &attributes),
            _ => None,
        }
    }
}

/// Whether all texts of an expression are its value: it is one, or a set of them, or chosen from them.
fn is_written_out(json: &Value) -> bool {
    let all = |items: &Value| items.as_array().is_some_and(|a| a.iter().all(is_written_out));
    let chosen = |parts: &Value| ["then", "else"].iter().all(|p| parts.get(p).is_some_and(is_written_out));
    json.get("Value").is_some_and(Value::is_string)
        || json.get("Set").is_some_and(all)
        || json.get("if-then-else").is_some_and(|i| chosen(i) && !has_text(i.get("if").unwrap_or(&Value::Null)))
}

fn has_text(json: &Value) -> bool {
    match json {
        Value::Object(members) => members.iter().any(|(k, v)| (k == "Value" && v.is_string()) || has_text(v)),
        Value::Array(items) => items.iter().any(has_text),
        _ => false,
    }
}
