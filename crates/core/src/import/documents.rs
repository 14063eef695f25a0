//! Policy documents inside answers: an object, JSON in a string, or percent-encoded JSON in a string.

use std::sync::Arc;

use super::answer::Fields;
use super::facts::Document;
use crate::iam::document;
use crate::problem::{Problem, SourceFile};
use crate::text::json::{self, Node, Value};

/// The document of a member; what is wrong with it is reported where it stands.
pub fn read(fields: &mut Fields<'_>, node: &Node) -> Option<Document> {
    read_by(fields, node, document::read)
}

/// The same for a resource control policy.
pub fn read_of_resource(fields: &mut Fields<'_>, node: &Node) -> Option<Document> {
    read_by(fields, node, document::read_of_resource)
}

/// The same for the trust policy of a role.
pub fn read_trust(fields: &mut Fields<'_>, node: &Node) -> Option<Document> {
    read_by(fields, node, document::read_trust)
}

/// How the statements of a document are read.
type Reading = fn(&Arc<SourceFile>, &Node, &mut Vec<Problem>) -> document::Document;

fn read_by(fields: &mut Fields<'_>, node: &Node, reading: Reading) -> Option<Document> {
    match &node.value {
        Value::Object(_) => {
            reading(fields.source, node, fields.problems);
            Some(Document { node: node.clone() })
        }
        Value::String(text) => {
            let text = if text.trim_start().starts_with('{') { text.clone() } else { decoded(fields, node, text)? };
            let (line, _) = fields.source.line_column(node.span.start);
            let source = SourceFile::new(format!("{}, the document in line {line}", fields.source.path), text);
            let inner = match json::parse(&source) {
                // a sample of AWS's own is encoded twice
                Ok(Node { value: Value::String(inner), .. }) => {
                    return read_by(fields, &Node::string(node.span, inner), reading);
                }
                Ok(inner) => inner,
                Err(problems) => {
                    fields.problems.extend(problems);
                    return None;
                }
            };
            reading(&source, &inner, fields.problems);
            Some(Document { node: inner })
        }
        _ => {
            let message = format!("a policy document must be an object or a string, but this is {}", node.kind());
            fields.wrong(node.span, message, super::answer::COLLECT);
            None
        }
    }
}

/// The text behind a percent-encoded one.
fn decoded(fields: &mut Fields<'_>, node: &Node, text: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8().ok().map(|t| t.into_owned());
    let json = decoded.filter(|t| t.trim_start().starts_with(['{', '"']));
    if json.is_none() {
        fields.wrong(
            node.span,
            "this is not a policy document, whether plain or percent-encoded",
            super::answer::COLLECT,
        );
    }
    json
}
