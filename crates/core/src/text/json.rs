//! JSON with the place of every value and key.
//!
//! `serde_json` rules on validity, `jsonc-parser` gives the places, and what both let pass but a policy must not hold
//! (duplicate keys, deep nesting) is an error here. Nothing here knows what the JSON means.

mod plain;

use std::sync::Arc;

use jsonc_parser::ast;

use crate::problem::{Problem, SourceFile, Span};

/// Values nested deeper than this are refused.
pub const MAX_DEPTH: usize = 100;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands; for a value that was filled in, where it would stand.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// A JSON value whose parts know their places.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object, in the order written.
    Object(Vec<Member>),
    /// One of several, by what is not known here: `Null` among them, perhaps none. Only readers of other languages than JSON make it.
    OneOf(Vec<Node>),
}

/// A key of an object and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The key, unescaped.
    pub key: String,
    /// Where the key stands, with its quotes.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

impl Node {
    /// A value that was filled in for something at `span`.
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, value }
    }

    /// A string that was filled in.
    pub fn string(span: Span, value: impl Into<String>) -> Self {
        Self::new(span, Value::String(value.into()))
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(a) => Some(a),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&[Member]> {
        match &self.value {
            Value::Object(o) => Some(o),
            _ => None,
        }
    }

    /// The member of this name.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.as_object()?.iter().find(|m| m.key == key)
    }

    /// The value of the member of this name.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|m| &m.node)
    }

    /// The values that it may have: itself, unless it is one of several.
    pub fn alternatives(&self) -> &[Node] {
        match &self.value {
            Value::OneOf(nodes) => nodes,
            _ => std::slice::from_ref(self),
        }
    }

    /// What it is, in words for an error.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
            Value::OneOf(_) => "a value that is computed",
        }
    }

    /// The same value without places.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => serde_json::from_str(n).unwrap_or(serde_json::Value::Null),
            Value::String(s) => s.clone().into(),
            Value::Array(a) => a.iter().map(Node::to_json).collect(),
            Value::OneOf(alternatives) => alternatives.first().map_or(serde_json::Value::Null, Node::to_json),
            Value::Object(o) => {
                serde_json::Value::Object(o.iter().map(|m| (m.key.clone(), m.node.to_json())).collect())
            }
        }
    }
}

/// Reads a source as JSON; all its problems, if it has any.
pub fn parse(source: &Arc<SourceFile>) -> Result<Node, Vec<Problem>> {
    let (node, duplicates) = parse_with_duplicates(source)?;
    let problem = |key: &Member| {
        Problem::at(source, key.key_span, format!("the key `{}` appears twice in one object", key.key))
            .help("keep one of the two: JSON parsers disagree on which one counts")
    };
    if duplicates.is_empty() { Ok(node) } else { Err(duplicates.iter().map(problem).collect()) }
}

/// Reads a source as JSON, and the members whose key stands before them in the same object.
pub fn parse_with_duplicates(source: &Arc<SourceFile>) -> Result<(Node, Vec<Member>), Vec<Problem>> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&source.text) {
        return Err(vec![invalid(source, &error)]);
    }
    match plain::read(&source.text) {
        Some(node) => Ok((node, Vec::new())),
        None => by_jsonc(source),
    }
}

/// The same by `jsonc-parser`, of whatever text.
fn by_jsonc(source: &Arc<SourceFile>) -> Result<(Node, Vec<Member>), Vec<Problem>> {
    let options = jsonc_parser::ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = jsonc_parser::parse_to_ast(&source.text, &Default::default(), &options);
    let root = match parsed {
        Ok(result) => result.value,
        Err(error) => {
            let range = error.range();
            let span = Span { start: range.start, end: range.end.min(range.start + 1) };
            let message = format!("invalid JSON: {}", error.kind().to_string().to_lowercase());
            return Err(vec![Problem::at(source, span, message).help("values may be nested 100 deep")]);
        }
    };
    let Some(root) = root else {
        return Err(vec![Problem::at(source, Span::default(), "invalid JSON: the file is empty")]);
    };
    let mut found = Found::default();
    let node = convert(root, 0, &mut found);
    match found.too_deep {
        None => Ok((node, found.duplicates)),
        Some(span) => Err(vec![Problem::at(source, span, format!("values are nested more than {MAX_DEPTH} deep"))]),
    }
}

/// What JSON lets pass, and a policy must not hold.
#[derive(Default)]
struct Found {
    duplicates: Vec<Member>,
    too_deep: Option<Span>,
}

/// The words of serde_json without its place, which the frame shows.
fn invalid(source: &Arc<SourceFile>, error: &serde_json::Error) -> Problem {
    let start = offset(&source.text, error.line(), error.column());
    let end = source.text.get(start..).and_then(|s| s.chars().next()).map_or(start, |c| start + c.len_utf8());
    let text = error.to_string();
    let words = text.split(" at line ").next().unwrap_or("it does not parse").to_owned();
    Problem::at(source, Span { start, end }, format!("invalid JSON: {words}"))
        .help("correct the file, or exclude it in countersign.toml")
}

/// The byte offset of serde_json's line and column (in bytes), the character it complains about.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut offset = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn convert(value: ast::Value<'_>, depth: usize, found: &mut Found) -> Node {
    use jsonc_parser::common::Ranged;
    let range = value.range();
    let span = Span { start: range.start, end: range.end };
    if depth >= MAX_DEPTH {
        found.too_deep.get_or_insert(span.first());
        return Node::new(span, Value::Null);
    }
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(b) => Value::Bool(b.value),
        ast::Value::NumberLit(n) => Value::Number(n.value.to_owned()),
        ast::Value::StringLit(s) => Value::String(s.value.into_owned()),
        ast::Value::Array(a) => Value::Array(a.elements.into_iter().map(|e| convert(e, depth + 1, found)).collect()),
        ast::Value::Object(o) => object(o, depth, found),
    };
    Node::new(span, value)
}

fn object(object: ast::Object<'_>, depth: usize, found: &mut Found) -> Value {
    use jsonc_parser::common::Ranged;
    let mut seen = std::collections::HashSet::new();
    let mut members = Vec::with_capacity(object.properties.len());
    for property in object.properties {
        let range = property.name.range();
        let key_span = Span { start: range.start, end: range.end };
        let key = property.name.into_string();
        let member = Member { key, key_span, node: convert(property.value, depth + 1, found) };
        if !seen.insert(member.key.clone()) {
            found.duplicates.push(member.clone());
        }
        members.push(member);
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn underlined(text: &str) -> (String, String) {
        let problems = parse(&SourceFile::new("x.json", text)).unwrap_err();
        (problems[0].underlined().to_owned(), problems[0].message().to_owned())
    }

    #[test]
    fn places_of_keys_and_values() {
        let source = SourceFile::new("x.json", r#"{"a": ["é", 1.5e3]}"#);
        let node = parse(&source).unwrap();
        let member = node.member("a").unwrap();
        assert_eq!(source.slice(member.key_span), "\"a\"");
        let elements = member.node.as_array().unwrap();
        assert_eq!(source.slice(elements[0].span), "\"é\"");
        assert_eq!(source.slice(elements[1].span), "1.5e3");
    }

    #[test]
    fn errors_have_their_place() {
        assert_eq!(underlined(r#"{"a": 1, "a": 2}"#).0, "\"a\"");
        assert_eq!(underlined("{\n  \"a\": ture\n}").0, "u");
        assert_eq!(underlined("[1,]").0, "]");
        assert!(underlined("").1.contains("EOF"));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        for depth in [101, 600, 50_000] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert!(parse(&SourceFile::new("x.json", text)).is_err(), "{depth}");
        }
        let text = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(parse(&SourceFile::new("x.json", text)).is_ok());
    }

    #[test]
    fn only_json_is_json() {
        for text in ["{a: 1}", "[1,]", "// c\n1", "'a'", "0x1F", "+1", ".5", "NaN", "\"\\x41\"", "\"\u{1}\"", "01"] {
            assert!(parse(&SourceFile::new("x.json", text)).is_err(), "{text}");
        }
    }
}
