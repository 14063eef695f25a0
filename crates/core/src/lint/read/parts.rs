//! The documents that a document of Terraform names as parts of it, as the finder of policies sees them.

use super::choice::is_unknown;
use super::documents::document_of;
use super::find::{Enclosing, Finder};
use super::layers::{From, Layer, Part, known, named};
use super::{Host, templates};
use crate::problem::Span;
use crate::text::json::{Member, Node, Value};

/// What becomes a part of a document.
#[derive(Default)]
pub struct Parts {
    /// The parts, in the order in which they are laid over each other.
    pub layers: Vec<Layer>,
    /// The documents of Terraform that are named there in any way.
    pub names: Vec<String>,
    /// Parts that are written there.
    literal: Vec<(String, Node)>,
}

impl Finder<'_> {
    /// What the attributes of a document make a part of it.
    pub(super) fn parts(&self, attributes: Vec<Member>) -> Parts {
        let mut parts = Parts::default();
        for attribute in attributes {
            let Some(from) = From::of(&attribute.key) else {
                continue;
            };
            let within = attribute.node.span;
            let named = self.scope.map(|s| s.documents(self.source.slice(within))).unwrap_or_default();
            let so_far = parts.layers.len();
            for (index, node) in attribute.node.as_array().unwrap_or_default().iter().enumerate() {
                let perhaps = matches!(node.value, Value::OneOf(_));
                for node in node.alternatives().iter().filter(|n| n.value != Value::Null) {
                    parts.layers.push(Layer { from, part: self.part(node), at: node.span, perhaps });
                    if within.start <= node.span.start && node.span.end <= within.end && self.is_written(node) {
                        let many = matches!(from, From::Source | From::Override);
                        let place = if many { format!("{}[{index}]", attribute.key) } else { attribute.key.clone() };
                        parts.literal.push((place, node.clone()));
                    }
                }
            }
            parts.choices(so_far, &named, (from, within));
            parts.names.extend(named);
            // in JSON each is named where it stands
            if self.scope.is_none() {
                let own = parts.layers.get(so_far..).unwrap_or_default().iter();
                let named: Vec<String> = own.filter_map(|layer| layer.part.name().map(str::to_owned)).collect();
                parts.names.extend(named);
            }
        }
        parts.layers.sort_by_key(|layer| layer.from);
        parts
    }

    fn part(&self, node: &Node) -> Part {
        match &node.value {
            _ if is_unknown(node) => named(self.source.slice(node.span).trim()),
            Value::String(text) if text.trim_start().starts_with('{') => {
                let Some(mapped) = self.mapped(node, text, Host::Terraform, false) else {
                    return Part::Unknown;
                };
                templates::json(self.source, &mapped).result.map_or(Part::Unknown, |(root, _)| known(root))
            }
            _ => known(node.clone()),
        }
    }

    /// A document that is written where it stands; one that is written elsewhere is linted there.
    fn is_written(&self, node: &Node) -> bool {
        let raw = self.source.slice(node.span);
        let begins = |words: &[&str]| words.iter().any(|word| raw.starts_with(word));
        match &node.value {
            Value::Object(_) => node.get("Statement").is_some() && begins(&["jsonencode", "{"]),
            Value::String(text) => {
                text.trim_start().starts_with('{') && text.contains("Statement") && begins(&["<<", "\""])
            }
            _ => false,
        }
    }

    /// Finds the policies in the parts that are written there.
    pub(super) fn literal_parts(&mut self, parts: Vec<(String, Node)>, around: &Enclosing) {
        for (place, node) in parts {
            let mut inner = around.below(&place);
            inner.beside.unknown.push(document_of(&around.pointer).to_owned());
            self.value(&node, &inner, Host::Terraform);
        }
    }
}

impl Parts {
    /// Of several lists that say as much, as those of a choice, one stands for all: each document that is named is perhaps a part.
    fn choices(&mut self, so_far: usize, named: &[String], (from, at): (From, Span)) {
        let own = self.layers.get(so_far..).unwrap_or_default();
        let is_there = |name: &&String| {
            own.iter().any(|l| matches!(&l.part, Part::Unknown) || matches!(&l.part, Part::Document(d) if d == *name))
        };
        let missing: Vec<String> = named.iter().filter(|name| !is_there(name)).cloned().collect();
        if missing.is_empty() {
            return;
        }
        self.layers.iter_mut().skip(so_far).for_each(|layer| layer.perhaps = true);
        let layer = |name| Layer { from, part: Part::Document(name), at, perhaps: true };
        self.layers.extend(missing.into_iter().map(layer));
    }

    /// Takes the parts that are written there.
    pub fn take_literal(&mut self) -> Vec<(String, Node)> {
        std::mem::take(&mut self.literal)
    }

    /// A statement of which nothing is known, for each part of which nothing is.
    pub fn unknown(&self) -> impl Iterator<Item = Node> {
        let unknown = self.layers.iter().filter(|layer| matches!(layer.part, Part::Unknown));
        unknown.map(|layer| super::choice::unknown(layer.at))
    }
}
