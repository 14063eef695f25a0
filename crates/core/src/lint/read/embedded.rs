//! Documents in strings: the text that a string stands for, and where each of its bytes stands in the file.

use std::sync::Arc;

use super::UNKNOWN;
use crate::problem::{Problem, SourceFile, Span};
use crate::text::json::{self, Member, Node, Value};

/// A text that was decoded, and the offset in the file of each of its bytes and of its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The text.
    pub text: String,
    /// One offset a byte, and one for the end.
    pub offsets: Vec<usize>,
}

impl Mapped {
    /// Where a byte of the text stands in the file.
    pub fn offset(&self, offset: usize) -> usize {
        self.offsets.get(offset).or(self.offsets.last()).copied().unwrap_or_default()
    }

    fn span(&self, span: Span) -> Span {
        let start = self.offset(span.start);
        // the end of a span is where its last byte ends: the next one may stand further on
        let last = span.end.checked_sub(1).filter(|l| *l >= span.start).map_or(start, |l| self.offset(l));
        Span { start, end: self.offset(span.end).max(last) }
    }

    /// Adds a character that stands there.
    pub fn push(&mut self, c: char, offset: usize) {
        self.text.push(c);
        self.offsets.extend(std::iter::repeat_n(offset, c.len_utf8()));
    }

    /// The whole text, which ends there.
    #[must_use]
    pub fn ended(mut self, end: usize) -> Self {
        self.offsets.push(end);
        self
    }
}

/// The text of a JSON string that stands at `span` of the file, quotes included.
pub fn json_string(raw: &str, start: usize) -> Option<Mapped> {
    let value: String = serde_json::from_str(raw).ok()?;
    let mut mapped = Mapped { text: String::new(), offsets: Vec::new() };
    let mut rest = raw.char_indices().skip(1).peekable();
    let mut characters = value.chars();
    while let Some((offset, c)) = rest.next() {
        if c == '"' {
            break;
        }
        let Some(decoded) = characters.next() else {
            break;
        };
        mapped.push(decoded, start + offset);
        if c == '\\' && rest.next().is_some_and(|(_, escape)| escape == 'u') {
            // four digits, and the other half of a pair
            let pair = !matches!(u32::from(decoded), 0..=0xFFFF);
            let digits = if pair { 10 } else { 4 };
            rest.by_ref().take(digits).for_each(drop);
        }
    }
    Some(mapped.ended(start + raw.len().saturating_sub(1)))
}

/// The text of a JSON string that is itself the text of one.
pub fn unquoted(outer: &Mapped) -> Option<Mapped> {
    let start = outer.text.len() - outer.text.trim_start().len();
    let inner = json_string(outer.text.trim(), start)?;
    let offsets = inner.offsets.iter().map(|o| outer.offset(*o)).collect();
    Some(Mapped { text: inner.text, offsets })
}

/// The text of a percent-encoded string.
pub fn percent(text: &Mapped) -> Option<Mapped> {
    let bytes = text.text.as_bytes();
    let (mut decoded, mut offsets, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = text.text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let value = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
        decoded.push(value.unwrap_or(*byte));
        offsets.push(text.offset(at));
        at += if value.is_some() { 3 } else { 1 };
    }
    offsets.push(text.offset(at));
    Some(Mapped { text: String::from_utf8(decoded).ok()?, offsets })
}

/// A character that stands further on than this is taken to be lost.
const AHEAD: usize = 200;

/// A text whose characters stand in the file in their order, with indentation, escapes and interpolations between them.
pub fn aligned(value: &str, raw: &str, start: usize) -> Mapped {
    let mut mapped = Mapped { text: String::new(), offsets: Vec::new() };
    let mut at = 0;
    for c in value.chars() {
        let rest = raw.get(at..).unwrap_or_default();
        if c == UNKNOWN {
            mapped.push(c, start + at);
            at += interpolation(rest);
            continue;
        }
        // a line break may have been folded into a blank, and indentation is lost
        let same = |(_, found): &(usize, char)| *found == c || c.is_whitespace() && found.is_whitespace();
        let found = match rest.char_indices().next().filter(same) {
            None if c.is_whitespace() => None,
            None => rest.char_indices().take(AHEAD).find(same),
            next => next,
        };
        let offset = found.map_or(at, |(offset, _)| at + offset);
        mapped.push(c, start + offset);
        at = found.map_or(at, |(_, found)| offset + found.len_utf8());
    }
    mapped.ended(start + at)
}

/// The length of `${…}` or `%{…}` with which a text begins.
fn interpolation(raw: &str) -> usize {
    let mut depth = 0_usize;
    for (offset, c) in raw.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return offset + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    raw.len()
}

/// Reads a text as JSON with places in the file, and the members whose key stands twice.
pub fn parse(source: &Arc<SourceFile>, mapped: &Mapped) -> Result<(Node, Vec<Member>), Vec<Problem>> {
    let inner = SourceFile::new(source.path.clone(), mapped.text.clone());
    let moved = |problem: &Problem| {
        let span = problem.place().map_or(Span::default(), |p| mapped.span(p.span));
        let moved = Problem::at(source, span, problem.message());
        problem.help_text().map_or(moved.clone(), |h| moved.help(h))
    };
    let (mut root, mut duplicates) =
        json::parse_with_duplicates(&inner).map_err(|problems| problems.iter().map(moved).collect::<Vec<_>>())?;
    relocate(&mut root, mapped);
    duplicates.iter_mut().for_each(|m| m.key_span = mapped.span(m.key_span));
    Ok((root, duplicates))
}

/// Moves a value of a text to where the text stands.
pub fn relocate(node: &mut Node, mapped: &Mapped) {
    node.span = mapped.span(node.span);
    match &mut node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter_mut().for_each(|n| relocate(n, mapped)),
        Value::Object(members) => members.iter_mut().for_each(|m| {
            m.key_span = mapped.span(m.key_span);
            relocate(&mut m.node, mapped);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_in_a_string_keeps_its_places() {
        let source = SourceFile::new("x.json", r#"{"Content": "{\"a\":\t[\"\u00e9\", \"\ud83d\ude00\", 12]}"}"#);
        let raw = source.text.get(12..source.text.len() - 1).unwrap();
        let mapped = json_string(raw, 12).unwrap();
        let (node, _) = parse(&source, &mapped).unwrap();
        let items = node.get("a").unwrap().as_array().unwrap();
        assert_eq!(source.slice(items[0].span), r#"\"\u00e9\""#);
        assert_eq!(source.slice(items[1].span), r#"\"\ud83d\ude00\""#);
        assert_eq!(source.slice(items[2].span), "12");
    }

    #[test]
    fn percent_encoding_keeps_its_places() {
        let source = SourceFile::new("x.json", "%7B%22a%22%3A%20%22b%22%7D");
        let whole = Mapped { text: source.text.clone(), offsets: (0..=source.text.len()).collect() };
        let mapped = percent(&whole).unwrap();
        assert_eq!(mapped.text, r#"{"a": "b"}"#);
        let (node, _) = parse(&source, &mapped).unwrap();
        assert_eq!(source.slice(node.get("a").unwrap().span), "%22b%22");
    }

    #[test]
    fn indented_lines_keep_their_places() {
        let raw = "    {\n      \"a\": 1\n    }\n";
        let source = SourceFile::new("x.yaml", raw);
        let mapped = aligned("{\n  \"a\": 1\n}\n", raw, 0);
        let (node, _) = parse(&source, &mapped).unwrap();
        assert_eq!(source.slice(node.get("a").unwrap().span), "1");
        assert_eq!(source.slice(node.member("a").unwrap().key_span), "\"a\"");
    }
}
