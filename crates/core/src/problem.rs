//! Places in files, and the problems found there.
//!
//! A [`Problem`] is an error or a warning about the user's input: one sentence, the words at fault underlined, and what
//! to do. Nothing here knows what a file means, nor how a problem is drawn.

mod failure;
mod lines;
mod near;

use std::sync::{Arc, OnceLock};

use lines::Lines;

pub use failure::{Cause, Doing, Evaluation, Failure, Named, NothingTo, Unknown, Unpermitted};
pub use near::{did_you_mean, distance, instead, is_nearest, meant};

/// A half-open range of bytes in a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// Its first byte: what a whole object or policy is underlined by.
    pub fn first(self) -> Self {
        Self { start: self.start, end: (self.start + 1).min(self.end) }
    }
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

/// A file that was read: its path as shown to the user, and its text.
#[derive(Debug)]
pub struct SourceFile {
    /// Relative to the inventory where the file is in it.
    pub path: String,
    /// The whole text.
    pub text: String,
    lines: OnceLock<Lines>,
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.text == other.text
    }
}

impl Eq for SourceFile {}

impl SourceFile {
    /// A source that can be shared by all the places in it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into(), lines: OnceLock::new() })
    }

    /// One-based line and column (in characters) of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = if self.text.is_char_boundary(offset) { offset } else { self.text.len() };
        let (line, start) = self.lines().line(offset);
        (line, self.lines().characters(&self.text, start, offset) + 1)
    }

    /// The same, with the column in units of UTF-16.
    pub fn line_column_utf16(&self, offset: usize) -> (usize, usize) {
        let offset = if self.text.is_char_boundary(offset) { offset } else { self.text.len() };
        let (line, start) = self.lines().line(offset);
        (line, self.lines().utf16(&self.text, start, offset) + 1)
    }

    /// The line of a byte offset, without the break that ends it. No byte is looked at for it.
    pub fn line_at(&self, offset: usize) -> Span {
        let (start, end) = self.lines().bounds(&self.text, offset.min(self.text.len()));
        Span { start, end }
    }

    /// How many lines end within a span.
    pub fn breaks_in(&self, span: Span) -> usize {
        let line = |offset: usize| self.lines().line(offset.min(self.text.len())).0;
        line(span.end).saturating_sub(line(span.start))
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::of(&self.text))
    }

    /// The text that a span covers.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }
}

/// A span in a source.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub source: Arc<SourceFile>,
    /// The bytes.
    pub span: Span,
}

impl Place {
    /// One-based line.
    pub fn line(&self) -> usize {
        self.line_column().0
    }

    /// The one-based line and column.
    pub fn line_column(&self) -> (usize, usize) {
        self.source.line_column(self.span.start)
    }
}

/// Something wrong with the user's input.
#[derive(Clone, Debug)]
pub struct Problem {
    place: Option<Place>,
    subject: Box<str>,
    message: String,
    label: Box<str>,
    help: Option<String>,
    is_error: bool,
    is_undeclared: bool,
}

impl Problem {
    /// An error at a place.
    pub fn at(source: &Arc<SourceFile>, span: Span, message: impl Into<String>) -> Self {
        Self {
            place: Some(Place { source: source.clone(), span }),
            subject: source.path.as_str().into(),
            message: message.into(),
            label: "here".into(),
            help: None,
            is_error: true,
            is_undeclared: false,
        }
    }

    /// An error about something without a place in a file, by its path, id or name.
    pub fn about(subject: impl Into<String>, message: impl Into<String>) -> Self {
        let (subject, message) = (subject.into().into_boxed_str(), message.into());
        Self { place: None, subject, message, label: Box::default(), help: None, is_error: true, is_undeclared: false }
    }

    /// A file that cannot be read.
    pub fn unreadable(path: &str, error: &std::io::Error) -> Self {
        Self::about(path, format!("{path} cannot be read: {error}"))
    }

    /// What it is about: the path of its file, or what it names where it has no place.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The same problem, with the folder of its file in the file's name.
    #[must_use]
    pub fn in_folder(mut self, folder: &str) -> Self {
        let path = format!("{}/{}", folder.trim_end_matches('/'), self.subject);
        if let Some(rest) = self.message.strip_prefix(&*self.subject) {
            self.message = format!("{path}{rest}");
        }
        if let Some(place) = &mut self.place {
            place.source = SourceFile::new(path.clone(), place.source.text.clone());
        }
        self.subject = path.into_boxed_str();
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What to do about it, if that was said.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The word under the underlined text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into().into_boxed_str();
        self
    }

    /// The word under the underlined text.
    pub fn label_text(&self) -> &str {
        &self.label
    }

    /// The same problem, not worth stopping for.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.is_error = false;
        self
    }

    /// The same problem, about an attribute that the schema does not declare: a schema of the user's can.
    #[must_use]
    pub fn undeclared(mut self) -> Self {
        self.is_undeclared = true;
        self
    }

    /// Whether it is about an attribute that a schema of the user's could declare.
    pub fn is_undeclared(&self) -> bool {
        self.is_undeclared
    }

    /// Whether it stops the run.
    pub fn is_error(&self) -> bool {
        self.is_error
    }

    /// The sentence, without its place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where, if it is in a file.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The underlined text.
    pub fn underlined(&self) -> &str {
        self.place.as_ref().map_or("", |p| p.source.slice(p.span))
    }

    /// What orders the problems of a run: file, place, sentence.
    pub fn sort_key(&self) -> (String, Span, String) {
        let (path, span) =
            self.place.as_ref().map_or((String::new(), Span::default()), |p| (p.source.path.clone(), p.span));
        (path, span, self.message.clone())
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters() {
        let source = SourceFile::new("a.json", "é\n€x");
        assert_eq!(source.line_column(6), (2, 2));
    }

    #[test]
    fn lines_are_counted_alike_wherever_they_stand() {
        const PLACE: usize = 4096;
        for length in [0, 1, PLACE - 1, PLACE, PLACE + 1, 2 * PLACE, 3 * PLACE + 7] {
            let text: String = (0..length).map(|i| if i % 7 == 3 || i == PLACE { '\n' } else { 'x' }).collect();
            let source = SourceFile::new("a.json", text.clone());
            for offset in (0..length + 3).rev() {
                let before = text.get(..offset.min(length)).unwrap();
                let expected = (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap().len() + 1);
                assert_eq!(source.line_column(offset), expected, "{offset} of {length}");
            }
        }
    }
}
