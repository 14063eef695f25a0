//! What becomes a part of a document of Terraform: documents of its folder, files, and JSON that is written there.

use super::documents::{file_argument, is_one_document, name_of};
use crate::lint::policy::is_policy;
use crate::problem::Span;
use crate::text::json::{Node, Value};

/// Which attribute names it, in the order in which the provider lays them over each other; the document's own statements stand between
/// the sources and what overrides them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// `source_json`
    SourceJson,
    /// `source_policy_documents`, whose `Sid`s have to differ from each other.
    Source,
    /// `override_policy_documents`
    Override,
    /// `override_json`
    OverrideJson,
}

impl From {
    /// The attribute of this name.
    pub fn of(attribute: &str) -> Option<Self> {
        match attribute {
            "source_json" => Some(Self::SourceJson),
            "source_policy_documents" => Some(Self::Source),
            "override_policy_documents" => Some(Self::Override),
            "override_json" => Some(Self::OverrideJson),
            _ => None,
        }
    }

    /// It is laid over the document's own statements.
    pub fn overrides(self) -> bool {
        self >= Self::Override
    }
}

/// A document that becomes a part of another one.
#[derive(Clone, Debug)]
pub enum Part {
    /// A data source of the same folder, by its name.
    Document(String),
    /// A file, by its path from the file that names it.
    File(String),
    /// A document that is written there, or in a local.
    Known(Node),
    /// Something of which nothing is known.
    Unknown,
}

impl Part {
    /// The name of a data source.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Document(name) => Some(name),
            _ => None,
        }
    }
}

/// A part, and how it becomes one.
#[derive(Clone, Debug)]
pub struct Layer {
    /// By which attribute.
    pub from: From,
    /// What it is.
    pub part: Part,
    /// Where it is named.
    pub at: Span,
    /// It may be that it is not there.
    pub perhaps: bool,
}

/// What an expression that is not evaluated stands for, by its text.
pub fn named(raw: &str) -> Part {
    match file_argument(raw) {
        _ if is_one_document(raw) => Part::Document(name_of(raw).to_owned()),
        Some(path) => Part::File(path),
        None => Part::Unknown,
    }
}

/// A value that is a document, as far as it was read.
pub fn known(node: Node) -> Part {
    match node.value {
        Value::Object(_) if is_policy(&node) => Part::Known(node),
        _ => Part::Unknown,
    }
}
