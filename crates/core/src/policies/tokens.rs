//! Where the texts of a policy stand: what Cedar hands over of a condition has no places.

use std::ops::Range;

use super::text::skip_string;
use crate::inventory::schema::local;
use crate::problem::{SourceFile, Span};

/// A text in quotes, and the type before it if it is the id of an entity.
pub struct Token {
    /// What stands between the quotes, as it is written.
    pub text: String,
    /// The type, without its namespace, of the entity that it is the id of.
    pub ty: Option<String>,
    /// Where it stands; an entity with its type.
    pub span: Span,
}

/// The texts of a policy after its annotations, in their order.
pub fn tokens(source: &SourceFile, span: Span) -> Vec<Token> {
    let text = source.slice(span);
    let mut tokens = Vec::new();
    let mut characters = text.char_indices().peekable();
    let (mut annotation, mut word) = (false, 0..0);
    while let Some((at, c)) = characters.next() {
        match c {
            '@' => annotation = true,
            '/' if characters.peek().is_some_and(|(_, n)| *n == '/') => {
                while characters.next_if(|(_, n)| *n != '\n').is_some() {}
            }
            '"' => {
                skip_string(&mut characters);
                let end = characters.peek().map_or(text.len(), |(at, _)| *at);
                if !std::mem::take(&mut annotation) {
                    tokens.push(token(text, word.clone(), at..end, span.start));
                }
            }
            c if c.is_alphanumeric() || c == '_' || c == ':' => {
                let start = if word.end == at { word.start } else { at };
                word = start..at + c.len_utf8();
            }
            _ => {}
        }
    }
    tokens
}

/// A text in its quotes; an entity is underlined with its type: `Account::"12345"`.
fn token(text: &str, word: Range<usize>, quoted: Range<usize>, offset: usize) -> Token {
    let inner = text.get(quoted.start + 1..quoted.end.saturating_sub(1)).unwrap_or_default();
    let ty = text.get(word.clone()).filter(|_| word.end == quoted.start).and_then(|w| w.strip_suffix("::")).map(local);
    let start = ty.map_or(quoted.start, |ty| quoted.start - ty.len() - "::".len());
    let span = Span { start: offset + start, end: offset + quoted.end };
    Token { text: inner.to_owned(), ty: ty.map(str::to_owned), span }
}

/// Where a text stands that is written out so often, and of these the one with so many before it.
pub fn place(tokens: &[Token], text: &str, all: usize, before: usize) -> Option<Span> {
    let same: Vec<&Token> = tokens.iter().filter(|t| t.ty.is_none() && t.text == text).collect();
    let chosen = if same.len() == all { same.get(before) } else { same.first() };
    chosen.map(|t| t.span)
}
