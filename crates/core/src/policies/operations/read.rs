//! Reading the file of operations: what is there, what is missing, what has a wrong type or name, each at its place.

use std::sync::Arc;

use super::template::{Slots, Template};
use crate::inventory::schema::EntitySchema;
use crate::problem::{Place, Problem, SourceFile, Span, instead};
use crate::text::json::{Member, Node, Value};

/// Reads a file; what is wrong is added to the problems.
pub struct Reader<'a> {
    source: &'a Arc<SourceFile>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader of this file.
    pub fn new(source: &'a Arc<SourceFile>, problems: &'a mut Vec<Problem>) -> Self {
        Self { source, problems }
    }

    /// Whether the file is this text.
    pub fn reads(&self, text: &str) -> bool {
        self.source.text == text
    }

    /// A place in the file.
    pub fn place(&self, span: Span) -> Place {
        Place { source: self.source.clone(), span }
    }

    /// Something is wrong.
    pub fn wrong(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem::at(self.source, span, message).help(help));
    }

    /// The members of an object.
    pub fn object<'n>(&mut self, node: &'n Node) -> &'n [Member] {
        node.as_object().unwrap_or_else(|| {
            self.wrong(node.span, format!("expected an object, but this is {}", node.kind()), "write { … }");
            &[]
        })
    }

    /// Makes sure that a node is an object with no other keys than these.
    pub fn members(&mut self, node: &Node, keys: &[&str], what: &str) -> Option<()> {
        for member in self.object(node) {
            if !keys.contains(&member.key.as_str()) {
                let help = instead(&member.key, keys.iter().copied(), format!("it may have {}", keys.join(", ")));
                self.wrong(member.key_span, format!("{what} has no `{}`", member.key), help);
            }
        }
        node.as_object().map(|_| ())
    }

    /// The elements of a list, which may be left out.
    pub fn list<'n>(&mut self, node: Option<&'n Node>) -> &'n [Node] {
        let Some(node) = node else { return &[] };
        node.as_array().unwrap_or_else(|| {
            self.wrong(node.span, format!("expected a list, but this is {}", node.kind()), "write [ … ]");
            &[]
        })
    }

    /// A text that must be there.
    pub fn text<'n>(&mut self, node: &'n Node, key: &str) -> Option<(&'n str, Span)> {
        let Some(found) = node.get(key) else {
            self.wrong(node.span, format!("there is no `{key}`"), format!("add \"{key}\": \"…\""));
            return None;
        };
        let text = found.as_str().filter(|t| !t.trim().is_empty());
        if text.is_none() {
            self.wrong(found.span, format!("`{key}` must be a string"), "put it in quotes");
        }
        text.map(|t| (t, found.span))
    }

    /// A boolean that may be left out.
    pub fn truth(&mut self, node: &Node, key: &str) -> Option<bool> {
        let found = node.get(key)?;
        match found.value {
            Value::Bool(truth) => Some(truth),
            _ => {
                self.wrong(found.span, format!("`{key}` must be true or false"), "write true or false");
                None
            }
        }
    }

    /// A member whose text is one of these.
    pub fn one_of<T: Copy>(&mut self, node: &Node, key: &str, known: &[(&str, T)]) -> Option<T> {
        self.text(node, key)?;
        self.among(node.get(key)?, known)
    }

    /// A text that is one of these.
    pub fn among<T: Copy>(&mut self, node: &Node, known: &[(&str, T)]) -> Option<T> {
        let found = known.iter().find(|(name, _)| node.as_str() == Some(name));
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.wrong(node.span, "this value is not allowed here", format!("write one of {}", names.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    /// A text with places to fill in.
    pub fn template(&mut self, node: &Node, slots: &mut Slots, schema: &EntitySchema) -> Option<Template> {
        let Some(text) = node.as_str() else {
            self.wrong(node.span, format!("expected a string, but this is {}", node.kind()), "put it in quotes");
            return None;
        };
        match Template::parse(text, slots, schema) {
            Ok(template) => Some(template),
            Err((at, message, help)) => {
                // the text stands in the file as it is, but for escapes
                let plain = self.source.slice(node.span) == format!("\"{text}\"");
                let start = node.span.start + 1;
                let span = if plain { Span { start: start + at.start, end: start + at.end } } else { node.span };
                self.wrong(span, message, help);
                None
            }
        }
    }
}
