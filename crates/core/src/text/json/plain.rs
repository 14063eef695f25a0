//! The values of a JSON text in one pass, without a tree in between: most of the time that large inventories take to read is this.
//!
//! `serde_json` has found the text valid before. Whatever is not quite ordinary (a key that is there twice, half a surrogate pair, deep
//! nesting) is left to `jsonc-parser`, so that what is an error, and what it says, is decided in one place.

use super::{MAX_DEPTH, Member, Node, Value};
use crate::problem::Span;

/// The value of a valid text; `None` where it is not ordinary.
pub(super) fn read(text: &str) -> Option<Node> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.space();
    (reader.at == text.len()).then_some(node)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

/// Objects with more members than this look their keys up in a set.
const FEW: usize = 16;

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes over white space and this byte, if it is next.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.space();
        let start = self.at;
        let value = match self.peek()? {
            b'"' => Value::String(self.string()?),
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b't' => self.word("true", Value::Bool(true))?,
            b'f' => self.word("false", Value::Bool(false))?,
            b'n' => self.word("null", Value::Null)?,
            _ => self.number()?,
        };
        Some(Node { span: Span { start, end: self.at }, value })
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        self.text.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.text.get(self.at..)?;
        let end = rest.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let number = rest.get(..end.unwrap_or(rest.len()))?;
        self.at += number.len();
        (!number.is_empty()).then(|| Value::Number(number.to_owned()))
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut nodes = Vec::new();
        if self.take(b']') {
            return Some(Value::Array(nodes));
        }
        loop {
            nodes.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Some(Value::Array(nodes));
            }
            self.take(b',').then_some(())?;
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        if self.take(b'}') {
            return Some(Value::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            (self.peek()? == b'"').then_some(())?;
            let key = self.string()?;
            let key_span = Span { start, end: self.at };
            self.take(b':').then_some(())?;
            members.push(Member { key, key_span, node: self.value(depth + 1)? });
            if self.take(b'}') {
                return are_unlike(&members).then_some(Value::Object(members));
            }
            self.take(b',').then_some(())?;
        }
    }

    /// A string, unescaped.
    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let plain = self.plain()?;
        if self.peek()? == b'"' {
            self.at += 1;
            return Some(plain.to_owned());
        }
        let mut text = plain.to_owned();
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(text);
                }
                _ => text.push(self.escaped()?),
            }
            text.push_str(self.plain()?);
        }
    }

    /// What stands before the next quote or backslash.
    fn plain(&mut self) -> Option<&'t str> {
        let rest = self.text.get(self.at..)?;
        let end = rest.bytes().position(|b| b == b'"' || b == b'\\')?;
        self.at += end;
        rest.get(..end)
    }

    /// The character that an escape stands for; `None` for half a surrogate pair.
    fn escaped(&mut self) -> Option<char> {
        self.at += 1;
        let kind = self.peek()?;
        self.at += 1;
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4)?;
                self.at += 4;
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            _ => return None,
        })
    }
}

/// No two members have the same key.
fn are_unlike(members: &[Member]) -> bool {
    if members.len() > FEW {
        let keys: std::collections::HashSet<&str> = members.iter().map(|m| m.key.as_str()).collect();
        return keys.len() == members.len();
    }
    let mut rest = members.iter();
    while let Some(member) = rest.next() {
        if rest.clone().any(|other| other.key == member.key) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::by_jsonc;
    use super::*;
    use crate::problem::SourceFile;

    #[test]
    fn the_two_ways_read_the_same() {
        for text in [
            r#"{"a": ["é", 1.5e3, -0, null, true, false, {}], "b": {"c": []}}"#,
            " [ 1 ,\t2 ]\r\n",
            r#""\"\\\/\b\f\n\r\té€\u001f""#,
            r#"{"a\u0062": "x\ny", "": ""}"#,
            "3",
            "\"\"",
            r#"{"0":0,"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0}"#,
        ] {
            let source = SourceFile::new("x.json", text);
            let (node, duplicates) = by_jsonc(&source).unwrap();
            assert_eq!((read(text), duplicates), (Some(node), vec![]), "{text}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let deepest = nested(MAX_DEPTH);
        let (node, _) = by_jsonc(&SourceFile::new("x.json", deepest.as_str())).unwrap();
        assert_eq!(read(&deepest), Some(node));
    }

    #[test]
    fn what_is_not_ordinary_is_left() {
        let many = r#"{"0":0,"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"0":0}"#;
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
        for text in [r#"{"a": 1, "\u0061": 2}"#, many, r#""\ud83d\ude00""#, r#""\ud83d""#, &deep, "[1,]", "", "[1] 2"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
