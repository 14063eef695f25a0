//! Documents of Terraform that other documents and resources name.

use super::choice::is_unknown;
use super::terraform::scope::Scope;
use crate::problem::SourceFile;
use crate::text::json::{Node, Value};

/// What the pointers of Terraform's documents begin with.
pub const DOCUMENT: &str = "data.aws_iam_policy_document.";

/// A document without what stands for other documents, and their names; what else may be merged stays unknown.
pub fn merged(source: &SourceFile, scope: &Scope<'_>, node: &Node) -> (Node, Vec<String>) {
    let mut root = node.clone();
    let mut names = Vec::new();
    let Value::Object(members) = &mut root.value else {
        return (root, names);
    };
    for member in members.iter_mut().filter(|m| m.key == "Statement") {
        let Value::Array(statements) = &mut member.node.value else {
            continue;
        };
        statements.retain(|statement| {
            let raw = source.slice(statement.span);
            let documents = if is_unknown(statement) { scope.documents(raw) } else { Vec::new() };
            let only =
                documents.iter().fold(raw.to_owned(), |rest, name| rest.replace(&format!("{DOCUMENT}{name}.json"), ""));
            let whole = !documents.is_empty() && only.chars().all(|c| c.is_whitespace() || "[],\"${}".contains(c));
            names.extend(documents);
            !whole
        });
    }
    (root, names)
}

/// The argument of `file("${path.module}/x.json")`.
pub fn file_argument(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix("file(")?.strip_suffix(')')?.trim();
    let path = inner.strip_prefix('"')?.strip_suffix('"')?;
    let path = path.strip_prefix("${path.module}/").unwrap_or(path);
    (!path.contains("${") && !path.contains('"')).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_terraform() {
        assert_eq!(file_argument("file(\"${path.module}/p/x.json\")").as_deref(), Some("p/x.json"));
        assert_eq!(file_argument("file(\"${var.x}.json\")"), None);
        assert_eq!(file_argument("templatefile(\"x\", {})"), None);
    }
}
