//! YAML as a tree with places. Tags of CloudFormation (`!Sub`, `!Ref`) are functions; what they give is not known.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as YamlSpan, Tag};

use super::given::Given;
use super::{MAX_DEPTH, UNKNOWN, cloudformation};
use crate::problem::{Problem, SourceFile, Span};
use crate::text::json::{Member, Node, Value};

/// A tree may not grow by aliases beyond this many values.
const MAX_VALUES: usize = 1_000_000;

/// A text is read again with one more line moved in at most this often.
const MOST_LINES: usize = 64;

/// What the reader says of a line within brackets that is not far enough in for it.
const NOT_FAR_ENOUGH_IN: &str = "invalid indentation";

/// Reads a source as YAML; several documents are a list of them.
pub fn tree(source: &Arc<SourceFile>) -> Result<Node, Problem> {
    read(source, Given::file(&source.text))
}

/// The same of a text that stands in a file.
pub fn read(source: &Arc<SourceFile>, given: Given) -> Result<Node, Problem> {
    let mut given = given;
    let mut first = None;
    for _ in 0..MOST_LINES {
        let (problem, line) = match compose(source, &given) {
            Ok(node) => return Ok(node),
            Err(unread) => unread,
        };
        let again = line.and_then(|line| match line {
            Line::Quoted(character) => given.quoted_further_in(character),
            Line::Of(character) => given.further_in(character),
        });
        let first = first.get_or_insert(*problem);
        match again {
            Some(again) => given = again,
            None => return Err(first.clone()),
        }
    }
    Err(first.unwrap_or_else(|| Problem::at(source, Span::default(), "invalid YAML")))
}

/// Why a text is not read, and what may have to be further in.
type Unread = (Box<Problem>, Option<Line>);

/// What is not far enough in for the reader.
#[derive(Clone, Copy)]
enum Line {
    /// The line of a character.
    Of(usize),
    /// Those of the quoted text that begins at a character.
    Quoted(usize),
}

fn compose(source: &Arc<SourceFile>, given: &Given) -> Result<Node, Unread> {
    let mut composer = Composer {
        source,
        given,
        parser: Parser::new_from_str(&given.text),
        anchors: HashMap::new(),
        values: 0,
        further_in: None,
    };
    match composer.documents() {
        Ok(node) => Ok(node),
        Err(problem) => Err((Box::new(problem), composer.further_in)),
    }
}

struct Composer<'a> {
    source: &'a Arc<SourceFile>,
    given: &'a Given,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    values: usize,
    /// Where the reader stopped for want of indentation.
    further_in: Option<Line>,
}

impl<'a> Composer<'a> {
    fn documents(&mut self) -> Result<Node, Problem> {
        let mut documents = Vec::new();
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => break,
                event => documents.push(self.value(event, span, 0)?),
            }
        }
        match documents.pop() {
            Some(only) if documents.is_empty() => Ok(cloudformation::resolved(only)),
            Some(last) => {
                documents.push(last);
                let documents = documents.into_iter().map(cloudformation::resolved).collect();
                let whole = Span { start: self.given.offset(0), end: self.given.offset(usize::MAX) };
                Ok(Node::new(whole, Value::Array(documents)))
            }
            None => Ok(Node::new(Span::default(), Value::Null)),
        }
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Problem> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, self.span(span)))),
            Some(Err(error)) => {
                let character = error.marker().index();
                self.further_in = match error.info() {
                    NOT_FAR_ENOUGH_IN => Some(Line::Of(character)),
                    super::STRICT => Some(Line::Quoted(character)),
                    _ => None,
                };
                let at = self.given.offset(character);
                let end = self.source.text.get(at..).and_then(|t| t.chars().next()).map_or(at, |c| at + c.len_utf8());
                Err(self.problem(Span { start: at, end }, format!("invalid YAML: {}", error.info())))
            }
        }
    }

    fn problem(&self, span: Span, message: String) -> Problem {
        Problem::at(self.source, span, message)
    }

    fn span(&self, span: YamlSpan) -> Span {
        Span { start: self.given.offset(span.start.index()), end: self.given.offset(span.end.index()) }
    }

    fn value(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Problem> {
        self.values += 1;
        if depth >= MAX_DEPTH {
            return Err(self.problem(span, format!("values are nested more than {MAX_DEPTH} deep")));
        }
        if self.values > MAX_VALUES {
            return Err(self.problem(span, "the file has too many values to read".to_owned()));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let span = self.written(span, style);
                let node = tagged(Node::new(span, scalar(&text, style)), tag.as_deref());
                self.anchored(anchor, &node);
                Ok(node)
            }
            Event::SequenceStart(anchor, tag) => {
                let (nodes, end) = self.sequence(depth)?;
                let node = Node::new(self.trimmed(span.start, end), Value::Array(nodes));
                let node = tagged(node, tag.as_deref());
                self.anchored(anchor, &node);
                Ok(node)
            }
            Event::MappingStart(anchor, tag) => {
                let (members, end) = self.mapping(depth)?;
                let node = Node::new(self.trimmed(span.start, end), Value::Object(members));
                let node = tagged(node, tag.as_deref());
                self.anchored(anchor, &node);
                Ok(node)
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| self.problem(span, "this alias has no anchor".to_owned()))?;
                self.values += count(&node);
                Ok(node)
            }
            _ => Err(self.problem(span, "invalid YAML".to_owned())),
        }
    }

    /// A collection ends with its last value, not with the blank lines after it.
    fn trimmed(&self, start: usize, end: usize) -> Span {
        let text = self.source.text.get(start..end).unwrap_or_default();
        Span { start, end: start + text.trim_end().len() }
    }

    /// The same place without the anchor that it begins with.
    fn after_anchor(&self, span: Span) -> Span {
        let text = self.source.slice(span);
        let rest = text.strip_prefix('&').and_then(|named| named.get(named.find(char::is_whitespace)?..));
        rest.map_or(span, |rest| Span { start: span.end - rest.trim_start().len(), end: span.end })
    }

    /// A scalar ends with its quotation mark, or with its last line: not with what the reader passes over before the next value.
    fn written(&self, span: Span, style: ScalarStyle) -> Span {
        let span = self.after_anchor(span);
        let text = self.source.slice(span);
        let quoted =
            |quote| quoted_length(text, quote).map(|length| Span { start: span.start, end: span.start + length });
        match style {
            ScalarStyle::SingleQuoted => quoted('\'').unwrap_or(span),
            ScalarStyle::DoubleQuoted => quoted('"').unwrap_or(span),
            _ => self.trimmed(span.start, span.end),
        }
    }

    fn anchored(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<(Vec<Node>, usize), Problem> {
        let mut nodes = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                return Ok((nodes, span.end));
            }
            nodes.push(self.value(event, span, depth + 1)?);
        }
        Ok((nodes, self.given.offset(usize::MAX)))
    }

    fn mapping(&mut self, depth: usize) -> Result<(Vec<Member>, usize), Problem> {
        let mut members: Vec<Member> = Vec::new();
        let mut merged: Vec<Member> = Vec::new();
        let mut end = self.given.offset(usize::MAX);
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                end = span.end;
                break;
            }
            let key = self.value(event, span, depth + 1)?;
            let Some((event, span)) = self.next()? else {
                break;
            };
            let node = self.value(event, span, depth + 1)?;
            match (key.as_str(), &node.value) {
                (Some("<<"), Value::Object(_) | Value::Array(_)) => {
                    let mappings = node.as_array().unwrap_or(std::slice::from_ref(&node)).iter();
                    merged.extend(mappings.filter_map(Node::as_object).flatten().cloned());
                }
                (text, _) => {
                    let text = text.map_or_else(|| UNKNOWN.to_string(), str::to_owned);
                    members.push(Member { key: text, key_span: key.span, node })
                }
            }
        }
        Ok((with_merged(members, merged), end))
    }
}

/// The members of a mapping and those that are merged into it: its own keys count, wherever they stand, then the mappings that are merged
/// first.
fn with_merged(own: Vec<Member>, merged: Vec<Member>) -> Vec<Member> {
    if merged.is_empty() {
        return own;
    }
    let mut members = own;
    let mut known: HashSet<String> = members.iter().map(|m| m.key.clone()).collect();
    for member in merged {
        if known.insert(member.key.clone()) {
            members.push(member);
        }
    }
    members
}

/// The members whose key stands before them in the same object.
pub fn duplicates(node: &Node) -> Vec<&Member> {
    match &node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().flat_map(duplicates).collect(),
        Value::Object(members) => {
            let mut seen = HashSet::new();
            let own: Vec<&Member> = members.iter().filter(|m| !seen.insert(m.key.as_str())).collect();
            own.into_iter().chain(members.iter().flat_map(|m| duplicates(&m.node))).collect()
        }
        _ => Vec::new(),
    }
}

/// The length of the quoted text that a text begins with.
fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let inner = text.strip_prefix(quote)?;
    let mut characters = inner.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if quote == '"' => {
                characters.next();
            }
            // two of them stand for one
            '\'' if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
            }
            c if c == quote => return Some(at + 2),
            _ => {}
        }
    }
    None
}

fn count(node: &Node) -> usize {
    match &node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => 1 + nodes.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.iter().map(|m| count(&m.node)).sum::<usize>(),
        _ => 1,
    }
}

fn is_function(tag: &Tag) -> bool {
    tag.handle == "!" && !tag.suffix.is_empty()
}

/// A value with a tag is an argument of the function that the tag names.
fn tagged(node: Node, tag: Option<&Tag>) -> Node {
    let Some(tag) = tag.filter(|t| is_function(t)) else {
        return node;
    };
    let key = if tag.suffix == "Ref" { "Ref".to_owned() } else { format!("Fn::{}", tag.suffix) };
    Node::new(node.span, Value::Object(vec![Member { key, key_span: node.span, node }]))
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if serde_json::from_str::<serde_json::Number>(text).is_ok() => Value::Number(text.to_owned()),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Arc<SourceFile>, Node), Problem> {
        let source = SourceFile::new("x.yaml", text);
        let node = tree(&source)?;
        Ok((source, node))
    }

    #[test]
    fn values_have_their_places() {
        let (source, node) = read("é: [1, 'x']\nb:\n  - c: !Sub \"a${B}\"\n  - !Ref D\n\n").unwrap();
        assert_eq!(source.slice(node.get("é").unwrap().as_array().unwrap()[1].span), "'x'");
        let list = node.get("b").unwrap().as_array().unwrap();
        assert_eq!(list[0].get("c").and_then(Node::as_str), Some(format!("a{UNKNOWN}").as_str()));
        assert_eq!(list[1].as_str(), Some(UNKNOWN.to_string().as_str()));
        assert_eq!(source.slice(node.member("b").unwrap().key_span), "b");
    }

    /// A finding underlines the value, and a fix replaces it: neither the comment after it nor the line break.
    #[test]
    fn a_scalar_is_what_stands_between_its_ends() {
        let text = "a: 'x''y' # one\nb: \"x\\\"y\"   # two\nc: x # three\nd: >-\n  x\n\n# four\ne: |\n  x\n  y\nf: [ 'x' , x ] # five\n'g' : x\n";
        let (source, node) = read(text).unwrap();
        let at = |key: &str| source.slice(node.get(key).unwrap().span).to_owned();
        assert_eq!([at("a"), at("b"), at("c"), at("d")], ["'x''y'", "\"x\\\"y\"", "x", "x"]);
        assert_eq!(at("e"), "x\n  y");
        let list = node.get("f").unwrap().as_array().unwrap();
        assert_eq!([source.slice(list[0].span), source.slice(list[1].span)], ["'x'", "x"]);
        assert_eq!(source.slice(node.member("g").unwrap().key_span), "'g'");
    }

    #[test]
    fn hostile_files_are_errors() {
        assert!(read(&"- ".repeat(5000)).is_err());
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read("a: [1\nb: }").is_err());
        let mut bomb = "a0: &a0 [x, x]\n".to_owned();
        for i in 1..40 {
            bomb.push_str(&format!("a{i}: &a{i} [*a{0}, *a{0}]\n", i - 1));
        }
        assert!(read(&bomb).is_err());
        assert_eq!(read("").unwrap().1.value, Value::Null);
    }
}
