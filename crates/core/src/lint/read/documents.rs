//! Documents of Terraform that other documents and resources name.

use super::terraform::document::MERGED;
use crate::text::json::{Member, Node, Value};

/// What the pointers of Terraform's documents begin with.
pub const DOCUMENT: &str = "data.aws_iam_policy_document.";

/// The document that a pointer leads to, or into.
pub fn document_of(pointer: &str) -> &str {
    let name = pointer.strip_prefix(DOCUMENT).unwrap_or_default();
    let end = name.find(['.', '[']).map_or(pointer.len(), |end| DOCUMENT.len() + end);
    pointer.get(..end).unwrap_or(pointer)
}

/// Whether a pointer leads to a document that is written in another one, of which it becomes a part.
pub fn is_part(pointer: &str) -> bool {
    pointer.starts_with(DOCUMENT) && document_of(pointer) != pointer
}

/// Whether this is a document that blocks of Terraform are, and none that is written in one of its attributes.
pub fn is_block(pointer: &str) -> bool {
    pointer.starts_with(DOCUMENT) && document_of(pointer) == pointer
}

/// Takes out of a document what becomes a part of it.
pub fn take_parts(root: &mut Node) -> Vec<Member> {
    let Value::Object(members) = &mut root.value else {
        return Vec::new();
    };
    let (parts, rest) = std::mem::take(members).into_iter().partition(|m| MERGED.contains(&m.key.as_str()));
    *members = rest;
    parts
}

/// Adds statements to those of a document.
pub fn add_statements(root: &mut Node, more: impl Iterator<Item = Node>) {
    let Value::Object(members) = &mut root.value else {
        return;
    };
    if let Some(Value::Array(statements)) = members.iter_mut().find(|m| m.key == "Statement").map(|m| &mut m.node.value)
    {
        statements.extend(more);
    }
}

/// A part takes the version of the document that it becomes a part of, which it may leave out.
pub fn with_version(root: &mut Node) {
    let at = root.span.first();
    if let Value::Object(members) = &mut root.value {
        let version = Node::string(at, "2012-10-17");
        match members.iter_mut().find(|m| m.key == "Version") {
            Some(own) => own.node = Node { span: own.node.span, ..version },
            None => members.insert(0, Member { key: "Version".to_owned(), key_span: at, node: version }),
        }
    }
}

/// The name of the one document that a text names.
pub fn name_of(raw: &str) -> &str {
    let name = raw.split_once(DOCUMENT).map_or("", |(_, name)| name);
    name.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).next().unwrap_or_default()
}

/// The text of one document, and nothing else.
pub fn is_one_document(raw: &str) -> bool {
    let inner = raw.strip_prefix("\"${").and_then(|r| r.strip_suffix("}\"")).unwrap_or(raw).trim();
    inner.starts_with(DOCUMENT) && names_only_documents(inner)
}

/// A list, or a text, of documents and of nothing else.
fn names_only_documents(raw: &str) -> bool {
    let between = |text: &str| text.chars().all(|c| c.is_whitespace() || "[],\"${}".contains(c));
    let mut parts = raw.split(DOCUMENT);
    let first = parts.next().unwrap_or_default();
    between(first)
        && parts.all(|part| {
            let rest = part.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
            // one of several, by its number or its key
            let rest = match rest.strip_prefix('[') {
                Some(index) => index.split_once(']').map_or("", |(_, rest)| rest),
                None => rest,
            };
            rest.strip_prefix(".json").is_some_and(between)
        })
}

/// The `template_file` whose text an expression is: `data.template_file.NAME.rendered`, also of one of several.
pub fn rendered(raw: &str) -> Option<&str> {
    let inner = raw.strip_prefix("\"${").and_then(|r| r.strip_suffix("}\"")).unwrap_or(raw).trim();
    let rest = inner.strip_prefix("data.template_file.")?;
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))?;
    let (name, rest) = rest.split_at_checked(end)?;
    let rest = match rest.strip_prefix('[') {
        Some(index) => index.split_once(']')?.1,
        None => rest,
    };
    (rest == ".rendered").then_some(name)
}

/// What is encoded once more as it was decoded, which leaves out its white space: `jsonencode(jsondecode(…))`.
pub fn decoded(raw: &str) -> Option<&str> {
    let encoded = raw.strip_prefix("jsonencode(")?.strip_suffix(')')?.trim();
    encoded.strip_prefix("jsondecode(")?.strip_suffix(')').map(str::trim)
}

/// The file of `file("${path.module}/x.json")`, and of `templatefile` with whatever fills it in.
pub fn file_argument(raw: &str) -> Option<String> {
    let raw = decoded(raw).unwrap_or(raw);
    let path = match raw.strip_prefix("templatefile(") {
        Some(arguments) => arguments.trim_start().strip_prefix('"')?.split_once('"').filter(|_| raw.ends_with(')'))?.0,
        None => {
            let inner = raw.strip_prefix("file(")?.strip_suffix(')')?.trim();
            inner.strip_prefix('"')?.strip_suffix('"')?
        }
    };
    let path = path.strip_prefix("${path.module}/").unwrap_or(path);
    (!path.contains("${") && !path.contains('"')).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_documents() {
        let one = "data.aws_iam_policy_document.a.json";
        assert!(names_only_documents(&format!("[{one}, \"${{{one}}}\"]")));
        for other in ["local.x", "data.aws_iam_policy_document.a", "data.aws_iam_policy_document.a.jsonx"] {
            assert!(!names_only_documents(&format!("[{one}, {other}]")), "{other}");
        }
    }

    #[test]
    fn texts_of_template_files() {
        for raw in [
            "data.template_file.a.rendered",
            "\"${data.template_file.a.rendered}\"",
            "data.template_file.a[0].rendered",
        ] {
            assert_eq!(rendered(raw), Some("a"), "{raw}");
        }
        for raw in [
            "data.template_file.a.rendered_x",
            "data.template_file.a",
            "local.rendered",
            "\"x${data.template_file.a.rendered}\"",
        ] {
            assert_eq!(rendered(raw), None, "{raw}");
        }
    }

    #[test]
    fn files_of_terraform() {
        assert_eq!(file_argument("file(\"${path.module}/p/x.json\")").as_deref(), Some("p/x.json"));
        assert_eq!(file_argument("file(\"${var.x}.json\")"), None);
        assert_eq!(file_argument("jsonencode(jsondecode(file(\"x.json\")))").as_deref(), Some("x.json"));
        assert_eq!(file_argument("templatefile(\"x.tpl\", {})").as_deref(), Some("x.tpl"));
        let filled = "templatefile(\n  \"${path.module}/p/x.json.tpl\",\n  { a = \"b\" }\n)";
        assert_eq!(file_argument(filled).as_deref(), Some("p/x.json.tpl"));
        assert_eq!(file_argument("templatefile(\"${var.x}.tpl\", {})"), None);
    }
}
