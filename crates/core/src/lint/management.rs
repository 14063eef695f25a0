//! Policies of AWS Organizations that have no statements: declarative policies, and those of backups, tags and what else is managed.

use std::sync::Arc;

use super::At;
use super::read::choice::is_known;
use crate::aws::management::{self, Attribute, Kind};
use crate::problem::{SourceFile, Span};
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node, Value};

/// Such a policy, and where it was found.
pub struct ManagementPolicy {
    /// The file.
    pub source: Arc<SourceFile>,
    /// The path of the policy in its file; empty where the file is the policy.
    pub pointer: String,
    /// The document.
    pub root: Node,
    /// The type that whatever holds it says.
    pub told: Option<&'static Kind>,
    /// Its type, told or by what it begins with.
    pub kind: Option<&'static Kind>,
}

/// A place in such a policy, and what is known of what may stand there.
pub struct Visited<'a> {
    /// The path in the file.
    pub pointer: String,
    /// The member.
    pub member: &'a Member,
    /// The attribute that it is, where it is a known one.
    pub attribute: Option<&'static Attribute>,
    /// The attribute that it stands below, where that is a known one, or the attributes of the policy.
    pub within: Within,
}

/// What is known of the names that may stand in an object.
#[derive(Clone, Copy)]
pub enum Within {
    /// Nothing.
    Unknown,
    /// The attributes of the policy.
    Policy(&'static Kind),
    /// Those of an attribute.
    Attribute(&'static Attribute),
}

impl Visited<'_> {
    /// Where its name stands.
    pub fn at(&self) -> At {
        At { pointer: self.pointer.clone(), span: self.member.key_span }
    }

    /// The values that an operator sets or lists, each with whether it stands in a list; of several that are possible each.
    pub fn values(&self) -> impl Iterator<Item = (&Node, bool)> {
        self.member.node.alternatives().iter().flat_map(|node| {
            let (nodes, listed) = match &node.value {
                Value::Array(nodes) => (nodes.as_slice(), true),
                _ => (std::slice::from_ref(node), false),
            };
            nodes.iter().flat_map(Node::alternatives).map(move |value| (value, listed))
        })
    }
}

impl Within {
    /// The attribute of a name.
    fn get(self, name: &str) -> Option<&'static Attribute> {
        match self {
            Self::Unknown => None,
            Self::Policy(kind) => kind.attributes.as_ref()?.get(name),
            Self::Attribute(attribute) => attribute.has.get(name).or(attribute.each.as_deref()),
        }
    }

    /// The names that there are, where they are known.
    pub fn names(self) -> Vec<&'static str> {
        let attributes = match self {
            Self::Policy(kind) => kind.attributes.as_ref(),
            Self::Attribute(attribute) => Some(&attribute.has),
            Self::Unknown => None,
        };
        attributes.into_iter().flat_map(|all| all.keys().map(String::as_str)).collect()
    }
}

impl ManagementPolicy {
    /// Reads one; `told` is the type that whatever holds it says.
    pub fn new(source: Arc<SourceFile>, pointer: String, root: Node, told: Option<&'static Kind>) -> Self {
        let by_root = roots(&root).find_map(|member| management::of_root(&member.key));
        Self { source, pointer, root, told, kind: told.or(by_root) }
    }

    /// What it is, in words.
    pub fn words(&self) -> &'static str {
        self.kind.map_or("a management policy", |kind| kind.words.as_str())
    }

    /// Whether what it sets is known to these data, so that it is checked.
    pub fn is_checked(&self) -> bool {
        self.kind.is_some_and(|kind| kind.attributes.is_some())
    }

    /// Where it begins.
    pub fn start(&self) -> Span {
        self.root.span.first()
    }

    /// The members that it begins with.
    pub fn roots(&self) -> impl Iterator<Item = &Member> {
        roots(&self.root)
    }

    /// Where the name of a member stands that it begins with.
    pub fn at_root(&self, root: &Member) -> At {
        At { pointer: self.pointer_to(&root.key), span: root.key_span }
    }

    /// The path in the file of a path in the policy.
    fn pointer_to(&self, inner: &str) -> String {
        if self.pointer.is_empty() { inner.to_owned() } else { format!("{}.{inner}", self.pointer) }
    }

    /// Every member of it whose name is known, from the outside to the inside.
    pub fn visit<'a>(&'a self, seen: &mut dyn FnMut(&Visited<'a>)) {
        for root in self.roots() {
            let known = self.kind.filter(|kind| kind.root.as_deref() == Some(root.key.as_str()));
            let within = known.filter(|kind| kind.attributes.is_some()).map_or(Within::Unknown, Within::Policy);
            let visited =
                Visited { pointer: self.pointer_to(&root.key), member: root, attribute: None, within: Within::Unknown };
            seen(&visited);
            below(&visited.pointer, &root.node, within, seen);
        }
    }

    /// Its characters as JSON without white space between elements; `None` where a part of it is unknown.
    pub fn size(&self) -> Option<usize> {
        let text = is_known(&self.root).then(|| serde_json::to_string(&self.root.to_json()).ok()).flatten()?;
        Some(text.chars().count())
    }
}

fn below<'a>(pointer: &str, node: &'a Node, within: Within, seen: &mut dyn FnMut(&Visited<'a>)) {
    for member in node.alternatives().iter().filter_map(Node::as_object).flatten() {
        if member.key.contains(UNKNOWN) {
            continue;
        }
        let attribute = if member.key.starts_with("@@") { None } else { within.get(&member.key) };
        let visited = Visited { pointer: format!("{pointer}.{}", member.key), member, attribute, within };
        seen(&visited);
        // what an operator sets is a value
        if !member.key.starts_with("@@") {
            below(&visited.pointer, &member.node, attribute.map_or(Within::Unknown, Within::Attribute), seen);
        }
    }
}

fn roots(root: &Node) -> impl Iterator<Item = &Member> {
    root.alternatives().iter().filter_map(Node::as_object).flatten().filter(|m| !m.key.contains(UNKNOWN))
}

/// Whether a document without a word of what it is is such a policy: an operator stands in it, as they are written, and no statement.
pub fn is_management_policy(node: &Node) -> bool {
    let Some(members) = node.as_object() else {
        return false;
    };
    let of_a_kind = |m: &Member| management::of_root(&m.key).is_some() && has_operator(&m.node);
    members.iter().any(of_a_kind) && !members.iter().any(|m| m.key == "Statement")
}

fn has_operator(node: &Node) -> bool {
    match &node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().any(has_operator),
        Value::Object(members) => members.iter().any(|m| m.key.starts_with("@@") || has_operator(&m.node)),
        _ => false,
    }
}
