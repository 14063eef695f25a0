//! Terraform's language as a tree with places: a member for each block (`resource.aws_iam_policy.x`), `aws_iam_policy_document` as the
//! policy that it renders. [`evaluate`] gives values as far as the files of a folder ([`scope`]) say them.

pub mod calls;
mod chosen;
pub(in crate::lint) mod document;
mod evaluate;
pub mod expression;
mod functions;
pub mod json;
mod matching;
mod memo;
mod repeated;
pub mod scope;
mod sets;
mod types;

use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, BlockLabel, Body, Structure};

pub use self::evaluate::relocate;
use self::evaluate::{Budget, Evaluation, entries};
use self::scope::Scopes;
use super::choice::{one_of, perhaps, unknown};
use super::{MAX_DEPTH, UNKNOWN, interpolated};
use crate::problem::{Problem, SourceFile, Span};
use crate::text::json::{Member, Node, Value};

/// Values in JSON as the language writes them, which differs in a few escapes. Their places are never shown.
fn of_json_values(source: &Arc<SourceFile>) -> Option<Body> {
    let root = json::values(source)?;
    let member = |m: &Member| Some(format!("{} = {}\n", m.key, serde_json::to_string(&m.node.to_json()).ok()?));
    let lines: Option<Vec<String>> = root.as_object()?.iter().map(member).collect();
    hcl_edit::parser::parse_body(&lines?.concat()).ok()
}

/// Parses a source.
fn parse(source: &Arc<SourceFile>) -> Result<Body, Problem> {
    if scope::is_json_values(&source.path) {
        return of_json_values(source).ok_or_else(|| Problem::at(source, Span::default(), "these are no values"));
    }
    repeated::parse(&source.text).map_err(|error| {
        let at = error.location();
        let before: usize = source.text.split_inclusive('\n').take(at.line().saturating_sub(1)).map(str::len).sum();
        let line = source.text.get(before..).unwrap_or_default();
        let inner = line.char_indices().nth(at.column().saturating_sub(1)).map_or(0, |(offset, _)| offset);
        let start = before + inner;
        let end = source.text.get(start..).and_then(|t| t.chars().next()).map_or(start, |c| start + c.len_utf8());
        Problem::at(source, Span { start, end }, format!("invalid Terraform: {}", error.message()))
    })
}

/// The tree of a file.
pub fn tree(source: &Arc<SourceFile>, body: &Body, scopes: &Scopes<'_>) -> Node {
    let left = Budget::default();
    let of = Evaluation::new(source, scopes, &left);
    let member = |structure: &Structure| match structure {
        Structure::Attribute(attribute) => attribute_member(&of, attribute),
        Structure::Block(block) => {
            let block = checked(block).unwrap_or(block);
            let mut key = vec![block.ident.as_str().to_owned()];
            key.extend(block.labels.iter().map(|l| match l {
                BlockLabel::Ident(ident) => ident.as_str().to_owned(),
                BlockLabel::String(text) => text.as_str().to_owned(),
            }));
            let document = matches!(key.as_slice(), [data, ty, _] if data == "data" && ty == "aws_iam_policy_document");
            // the expressions of a block without policies are asked where something names it
            let text = block.span().and_then(|range| source.text.get(range)).unwrap_or_default();
            let node = if !scope::may_hold_policies(text) {
                Node::new(of.span(block.span()), Value::Object(Vec::new()))
            } else if document {
                document::policy_document(&of, block)
            } else {
                let node = block_node(&each(&of, &block.body), block, 0);
                if matches!(key.as_slice(), [data, ty, _] if data == "data" && ty == "template_file") {
                    filled_in(node)
                } else {
                    node
                }
            };
            Member { key: key.join("."), key_span: of.span(block.ident.span()), node }
        }
    };
    let members = body.iter().map(member).collect();
    Node::new(Span { start: 0, end: source.text.len() }, Value::Object(members))
}

/// The data source that a `check` block has for itself.
fn checked(block: &Block) -> Option<&Block> {
    let is_document = |b: &&Block| scope::label(b, 0) == Some("aws_iam_policy_document");
    let own = || block.body.get_blocks("data").find(is_document);
    (block.ident.as_str() == "check").then(own).flatten()
}

/// `template_file`: its template is filled in from `vars` once the language has read it.
fn filled_in(node: Node) -> Node {
    let vars = node.get("vars").cloned();
    let Value::Object(mut members) = node.value else {
        return node;
    };
    let known = |name: &str| match &vars.as_ref()?.get(name.trim())?.value {
        Value::String(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    for member in members.iter_mut().filter(|m| m.key == "template") {
        if let Value::String(text) = &mut member.node.value {
            let filled: Vec<String> = text.split("$${").map(|part| interpolated(part, known)).collect();
            *text = filled.join("${");
            // what a directive makes of it may be anything
            if text.contains("%{") {
                *text = UNKNOWN.to_string();
            }
        }
    }
    Node::new(node.span, Value::Object(members))
}

fn unknown_member(at: Span) -> Member {
    Member { key: UNKNOWN.to_string(), key_span: at, node: unknown(at) }
}

fn attribute_member(of: &Evaluation<'_>, attribute: &Attribute) -> Member {
    Member {
        key: attribute.key.as_str().to_owned(),
        key_span: of.span(attribute.key.span()),
        node: of.value(&attribute.value),
    }
}

fn block_node(of: &Evaluation<'_>, block: &Block, depth: usize) -> Node {
    let member = |structure: &Structure| match structure {
        Structure::Attribute(attribute) => attribute_member(of, attribute),
        Structure::Block(inner) if inner.ident.as_str() == "dynamic" => dynamic_member(of, inner, depth),
        Structure::Block(inner) => {
            let at = of.span(inner.span());
            let node = if depth > MAX_DEPTH { unknown(at) } else { block_node(of, inner, depth + 1) };
            Member { key: inner.ident.as_str().to_owned(), key_span: of.span(inner.ident.span()), node }
        }
    };
    Node::new(of.span(block.span()), Value::Object(block.body.iter().map(member).collect()))
}

/// A block that may be there, any number of times.
fn dynamic_member(of: &Evaluation<'_>, block: &Block, depth: usize) -> Member {
    let at = of.span(block.span());
    let content = block.body.get_blocks("content").next().filter(|_| depth <= MAX_DEPTH);
    let node = content.map_or_else(|| unknown(at), |content| perhaps(block_node(of, content, depth + 1)));
    let key = scope::label(block, 0).unwrap_or("dynamic").to_owned();
    Member { key, key_span: of.span(block.ident.span()), node }
}

/// What `each` means in a block with `for_each`: the key and the value of any of its elements.
fn each<'a>(of: &Evaluation<'a>, body: &Body) -> Evaluation<'a> {
    body.get_attribute("for_each").map_or_else(|| of.clone(), |attribute| each_of(of, &attribute.value))
}

/// The same, of what it is for.
fn each_of<'a>(of: &Evaluation<'a>, elements: &Expression) -> Evaluation<'a> {
    let at = of.span(elements.span());
    let all = entries(&of.value(elements), at);
    if all.is_empty() {
        return of.clone();
    }
    let keys = one_of(at, all.iter().map(|(key, ..)| key.clone()).collect());
    let values = one_of(at, all.into_iter().map(|(_, value, _)| value).collect());
    let members =
        [("key", keys), ("value", values)].map(|(key, node)| Member { key: key.to_owned(), key_span: at, node });
    of.with("each", Node::new(at, Value::Object(members.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::scope::Modules;
    use super::*;

    fn read(text: &str) -> (Arc<SourceFile>, Node) {
        let source = SourceFile::new("x.tf", text);
        let body = parse(&source).unwrap();
        let modules = Modules::parse(std::iter::empty());
        let node = tree(&source, &body, &Scopes::new(&modules));
        (source, node)
    }

    #[test]
    fn a_data_source_is_the_policy_that_it_renders() {
        let text = r#"
data "aws_iam_policy_document" "x" {
  statement {
    actions   = ["artifact:GetReport", var.more]
    resources = ["arn:aws:artifact:${var.region}::report/*", "a/&{aws:username}"]
    condition {
      test     = "StringEquals"
      variable = "artifact:ReportSeries"
      values   = ["SOC"]
    }
  }
}
"#;
        let (source, node) = read(text);
        let policy = node.get("data.aws_iam_policy_document.x").unwrap();
        assert_eq!(policy.get("Version").and_then(Node::as_str), Some("2012-10-17"));
        let statement = &policy.get("Statement").unwrap().as_array().unwrap()[0];
        assert_eq!(statement.get("Effect").and_then(Node::as_str), Some("Allow"));
        let actions = statement.get("Action").unwrap().as_array().unwrap();
        assert_eq!(source.slice(actions[0].span), "\"artifact:GetReport\"");
        assert_eq!(actions[1].as_str(), Some(UNKNOWN.to_string().as_str()));
        let resources = statement.get("Resource").unwrap().as_array().unwrap();
        assert_eq!(resources[0].as_str(), Some(format!("arn:aws:artifact:{UNKNOWN}::report/*").as_str()));
        assert_eq!(resources[1].as_str(), Some("a/${aws:username}"));
        let key =
            statement.get("Condition").unwrap().get("StringEquals").unwrap().member("artifact:ReportSeries").unwrap();
        assert_eq!(source.slice(key.key_span), "\"artifact:ReportSeries\"");
    }

    #[test]
    fn strings_and_documents_are_literal() {
        let text = "resource \"a\" \"b\" {\n  policy = jsonencode({ Version = \"2012-10-17\", \"Statement\" = [] })\n  other = <<-EOT\n    {\"a\": \"$${aws:username}\"}\n  EOT\n  s = \"$${x} ${y}\"\n}\n";
        let (source, node) = read(text);
        let block = node.get("resource.a.b").unwrap();
        assert!(block.get("policy").unwrap().get("Statement").is_some());
        assert_eq!(block.get("other").and_then(Node::as_str), Some("{\"a\": \"${aws:username}\"}\n"));
        assert!(source.slice(block.get("other").unwrap().span).starts_with("<<-EOT"));
        assert_eq!(block.get("s").and_then(Node::as_str), Some(format!("${{x}} {UNKNOWN}").as_str()));
    }

    #[test]
    fn hostile_files_are_errors() {
        let source = |text: String| SourceFile::new("x.tf", text);
        assert!(parse(&source(format!("a = {}", "[".repeat(100_000)))).is_err());
        assert!(parse(&source(format!("a = {}1", "-".repeat(100_000)))).is_err());
        assert!(parse(&source("a \"b\" {".repeat(10_000))).is_err());
        assert!(parse(&source("a = ".to_owned())).is_err());
    }
}
