//! Terraform's language as a tree with places: a member for each block (`resource.aws_iam_policy.x`), literal values as
//! values, `aws_iam_policy_document` as the policy that it renders. What would have to be computed is unknown.

use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::{Block, BlockLabel, Body, Structure};
use hcl_edit::template::{Element, Template};

use super::{MAX_DEPTH, UNKNOWN};
use crate::problem::{Problem, SourceFile, Span};
use crate::text::json::{Member, Node, Value};

/// Reads a source.
pub fn tree(source: &Arc<SourceFile>) -> Result<Node, Problem> {
    let body = hcl_edit::parser::parse_body(&source.text).map_err(|error| {
        let at = error.location();
        let before: usize = source.text.split_inclusive('\n').take(at.line().saturating_sub(1)).map(str::len).sum();
        let line = source.text.get(before..).unwrap_or_default();
        let inner = line.char_indices().nth(at.column().saturating_sub(1)).map_or(0, |(offset, _)| offset);
        let start = before + inner;
        let end = source.text.get(start..).and_then(|t| t.chars().next()).map_or(start, |c| start + c.len_utf8());
        Problem::at(source, Span { start, end }, format!("invalid Terraform: {}", error.message()))
    })?;
    let mut members = Vec::new();
    for structure in &body {
        if let Structure::Block(block) = structure {
            let mut key = vec![block.ident.as_str().to_owned()];
            key.extend(block.labels.iter().map(|l| match l {
                BlockLabel::Ident(ident) => ident.as_str().to_owned(),
                BlockLabel::String(text) => text.as_str().to_owned(),
            }));
            let span = span(block.ident.span());
            let document = matches!(key.as_slice(), [data, ty, _] if data == "data" && ty == "aws_iam_policy_document");
            let node = if document { policy_document(source, block) } else { block_node(source, block, 0) };
            members.push(Member { key: key.join("."), key_span: span, node });
        }
    }
    Ok(Node::new(Span { start: 0, end: source.text.len() }, Value::Object(members)))
}

fn span(range: Option<std::ops::Range<usize>>) -> Span {
    range.map_or(Span::default(), |r| Span { start: r.start, end: r.end })
}

fn unknown(span: Span) -> Node {
    Node::string(span, UNKNOWN.to_string())
}

fn block_node(source: &Arc<SourceFile>, block: &Block, depth: usize) -> Node {
    Node::new(span(block.span()), Value::Object(body_members(source, &block.body, depth)))
}

fn body_members(source: &Arc<SourceFile>, body: &Body, depth: usize) -> Vec<Member> {
    let member = |structure: &Structure| match structure {
        Structure::Attribute(a) => Member {
            key: a.key.as_str().to_owned(),
            key_span: span(a.key.span()),
            node: expression(source, &a.value, depth + 1),
        },
        Structure::Block(b) => {
            let node = if depth > MAX_DEPTH { unknown(span(b.span())) } else { block_node(source, b, depth + 1) };
            Member { key: b.ident.as_str().to_owned(), key_span: span(b.ident.span()), node }
        }
    };
    body.iter().map(member).collect()
}

/// The value of an expression, as far as it is literal.
fn expression(source: &Arc<SourceFile>, expression: &Expression, depth: usize) -> Node {
    let at = trimmed(source, span(expression.span()));
    if depth > MAX_DEPTH {
        return unknown(at);
    }
    let value = match expression {
        Expression::Null(_) => Value::Null,
        Expression::Bool(b) => Value::Bool(*b.value()),
        Expression::Number(n) => Value::Number(n.value().to_string()),
        Expression::String(text) => Value::String(unescaped(text.as_str())),
        Expression::Array(array) => {
            Value::Array(array.iter().map(|e| self::expression(source, e, depth + 1)).collect())
        }
        Expression::Object(members) => Value::Object(object(source, members, depth)),
        Expression::StringTemplate(template) => Value::String(template_text(template)),
        Expression::HeredocTemplate(heredoc) => Value::String(template_text(&heredoc.template)),
        Expression::Parenthesis(inner) => return self::expression(source, inner.inner(), depth + 1),
        Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" => match call.args.iter().next() {
            Some(argument) => return self::expression(source, argument, depth + 1),
            None => return unknown(at),
        },
        _ => return unknown(at),
    };
    Node::new(at, value)
}

/// A span without the white space around it: that of a here document includes its last line break.
fn trimmed(source: &Arc<SourceFile>, span: Span) -> Span {
    let text = source.slice(span);
    let start = span.start + (text.len() - text.trim_start().len());
    Span { start, end: start + text.trim().len() }
}

fn object(source: &Arc<SourceFile>, object: &Object, depth: usize) -> Vec<Member> {
    let member = |(key, value): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
        let name = match key {
            ObjectKey::Ident(ident) => ident.as_str().to_owned(),
            ObjectKey::Expression(Expression::String(text)) => unescaped(text.as_str()),
            ObjectKey::Expression(Expression::StringTemplate(template)) => template_text(template),
            ObjectKey::Expression(Expression::Variable(ident)) => ident.as_str().to_owned(),
            ObjectKey::Expression(_) => UNKNOWN.to_string(),
        };
        let key_span = trimmed(source, span(key.span()));
        Member { key: name, key_span, node: expression(source, value.expr(), depth + 1) }
    };
    object.iter().map(member).collect()
}

/// `$${` stands for `${`.
fn unescaped(text: &str) -> String {
    text.replace("$${", "${").replace("%%{", "%{")
}

fn template_text(template: &Template) -> String {
    let part = |element: &Element| match element {
        Element::Literal(text) => unescaped(text.as_str()),
        Element::Interpolation(_) | Element::Directive(_) => UNKNOWN.to_string(),
    };
    template.iter().map(part).collect()
}

/// The policy that a data source renders: its elements under IAM's names.
fn policy_document(source: &Arc<SourceFile>, block: &Block) -> Node {
    let at = span(block.span());
    let head = span(block.ident.span());
    let mut members = Vec::new();
    let mut statements = Vec::new();
    for member in body_members(source, &block.body, 0) {
        match member.key.as_str() {
            "version" => members.push(Member { key: "Version".to_owned(), ..member }),
            "policy_id" => members.push(Member { key: "Id".to_owned(), ..member }),
            "statement" => statements.push(statement(member)),
            "dynamic" | "source_policy_documents" | "override_policy_documents" | "source_json" | "override_json" => {
                statements.push(unknown(member.node.span));
            }
            _ => {}
        }
    }
    if !members.iter().any(|m| m.key == "Version") {
        members.insert(0, Member { key: "Version".to_owned(), key_span: head, node: Node::string(head, "2012-10-17") });
    }
    members.push(Member { key: "Statement".to_owned(), key_span: head, node: Node::new(at, Value::Array(statements)) });
    Node::new(at, Value::Object(members))
}

const NAMES: [(&str, &str); 8] = [
    ("sid", "Sid"),
    ("effect", "Effect"),
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
    ("principals", "Principal"),
    ("not_principals", "NotPrincipal"),
];

fn statement(block: Member) -> Node {
    let at = block.node.span;
    let head = block.key_span;
    let mut members: Vec<Member> = Vec::new();
    let mut operators: Vec<Member> = Vec::new();
    for mut member in block.node.as_object().unwrap_or_default().to_vec() {
        if member.node.value == Value::Null {
            continue;
        }
        variables(&mut member.node);
        if member.key == "condition" {
            condition(&member, &mut operators);
        } else if member.key == "dynamic" {
            // a condition, most often: what the statement asks for is not known
            operators.push(Member {
                key: UNKNOWN.to_string(),
                key_span: member.key_span,
                node: unknown(member.node.span),
            });
        } else if let Some((_, name)) = NAMES.iter().find(|(key, _)| *key == member.key) {
            let again = members.iter().any(|m| m.key == *name);
            if !again {
                members.push(Member { key: (*name).to_owned(), ..member });
            }
        } else {
            members.push(member);
        }
    }
    if !members.iter().any(|m| m.key == "Effect") {
        members.push(Member { key: "Effect".to_owned(), key_span: head, node: Node::string(head, "Allow") });
    }
    if !operators.is_empty() {
        let node = Node::new(at, Value::Object(operators));
        members.push(Member { key: "Condition".to_owned(), key_span: head, node });
    }
    Node::new(at, Value::Object(members))
}

/// `&{x}` is the policy variable `${x}`.
fn variables(node: &mut Node) {
    match &mut node.value {
        Value::String(text) => *text = text.replace("&{", "${"),
        Value::Array(nodes) => nodes.iter_mut().for_each(variables),
        Value::Object(members) => members.iter_mut().for_each(|m| variables(&mut m.node)),
        _ => {}
    }
}

/// A block `condition { test, variable, values }`, below the operator that it names.
fn condition(block: &Member, operators: &mut Vec<Member>) {
    let text = |key: &str| block.node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
    let place = |key: &str| block.node.get(key).map_or(block.key_span, |n| n.span);
    let values =
        block.node.get("values").cloned().unwrap_or_else(|| Node::new(block.key_span, Value::Array(Vec::new())));
    let key = Member { key: text("variable"), key_span: place("variable"), node: values };
    let test = text("test");
    let same = operators.iter_mut().find(|m| m.key == test);
    match same.map(|m| &mut m.node.value) {
        Some(Value::Object(keys)) => keys.push(key),
        _ => operators.push(Member {
            key: test,
            key_span: place("test"),
            node: Node::new(block.node.span, Value::Object(vec![key])),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Arc<SourceFile>, Node) {
        let source = SourceFile::new("x.tf", text);
        let node = tree(&source).unwrap();
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
        assert!(tree(&source(format!("a = {}", "[".repeat(100_000)))).is_err());
        assert!(tree(&source(format!("a = {}1", "-".repeat(100_000)))).is_err());
        assert!(tree(&source("a \"b\" {".repeat(10_000))).is_err());
        assert!(tree(&source("a = ".to_owned())).is_err());
    }
}
