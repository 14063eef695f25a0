//! Where the texts of a policy stand: what Cedar hands over of a condition has no places.

use std::collections::HashMap;
use std::ops::Range;

use super::text::{skip_line, skip_string};
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
            '/' if characters.peek().is_some_and(|(_, n)| *n == '/') => skip_line(&mut characters),
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

/// Where a word of a policy stands that is no text and no comment.
pub fn word(source: &SourceFile, span: Span, wanted: &str) -> Option<Span> {
    let text = source.slice(span);
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '/' if characters.peek().is_some_and(|(_, n)| *n == '/') => skip_line(&mut characters),
            '"' => skip_string(&mut characters),
            c if is_of_word(c) => {
                while characters.next_if(|(_, n)| is_of_word(*n)).is_some() {}
                let end = characters.peek().map_or(text.len(), |(end, _)| *end);
                if text.get(at..end) == Some(wanted) {
                    return Some(Span { start: span.start + at, end: span.start + end });
                }
            }
            _ => {}
        }
    }
    None
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A text in its quotes; an entity is underlined with its type: `Account::"12345"`.
fn token(text: &str, word: Range<usize>, quoted: Range<usize>, offset: usize) -> Token {
    let inner = text.get(quoted.start + 1..quoted.end.saturating_sub(1)).unwrap_or_default();
    let ty = text.get(word.clone()).filter(|_| word.end == quoted.start).and_then(|w| w.strip_suffix("::")).map(local);
    let start = ty.map_or(quoted.start, |ty| quoted.start - ty.len() - "::".len());
    let span = Span { start: offset + start, end: offset + quoted.end };
    Token { text: inner.to_owned(), ty: ty.map(str::to_owned), span }
}

/// The places of all texts of a policy, found in one walk however many there are.
pub struct Places {
    /// By text, those that are no ids.
    texts: HashMap<String, Vec<Span>>,
    /// By type and id, the first place of an entity.
    entities: HashMap<(String, String), Span>,
    /// Of each text that Cedar hands over, how many like it there are before it.
    before: Vec<usize>,
    /// How often Cedar hands over a text.
    counts: HashMap<String, usize>,
}

impl Places {
    /// Those of the policy at a span, for the texts that Cedar hands over of it, in their order.
    pub fn new(source: &SourceFile, span: Span, handed_over: &[String]) -> Self {
        let (mut texts, mut entities) = (HashMap::new(), HashMap::new());
        for Token { text, ty, span } in tokens(source, span) {
            match ty {
                Some(ty) => drop(entities.entry((ty, text)).or_insert(span)),
                None => texts.entry(text).or_insert_with(Vec::new).push(span),
            }
        }
        let mut counts: HashMap<String, usize> = HashMap::new();
        let next = |text: &String| {
            let count = counts.entry(text.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let before = handed_over.iter().map(next).collect();
        Self { texts, entities, before, counts }
    }

    /// Where the text with this index stands. Where the file has it in other numbers, the first of them.
    pub fn text(&self, index: usize, text: &str) -> Option<Span> {
        let same = self.texts.get(text)?;
        let chosen = match self.counts.get(text) {
            Some(count) if *count == same.len() => same.get(*self.before.get(index)?),
            _ => same.first(),
        };
        chosen.copied()
    }

    /// The first place of a text.
    pub fn first(&self, text: &str) -> Option<Span> {
        self.texts.get(text)?.first().copied()
    }

    /// The first place of an entity.
    pub fn entity(&self, ty: &str, id: &str) -> Option<Span> {
        self.entities.get(&(ty.to_owned(), id.to_owned())).copied()
    }
}
