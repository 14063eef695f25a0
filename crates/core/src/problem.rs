//! Places in files, and the problems found there.
//!
//! A [`Problem`] is an error or a warning about the user's input: one sentence, the words at fault underlined, and what
//! to do. Nothing here knows what a file means.

use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

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

/// A file that was read: its path as shown to the user, and its text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Relative to the inventory where the file is in it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A source that can be shared by all the places in it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// One-based line and column (in characters) of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
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
    pub source: Arc<Source>,
    /// The bytes.
    pub span: Span,
}

impl Place {
    /// One-based line.
    pub fn line(&self) -> usize {
        self.source.line_column(self.span.start).0
    }
}

/// Something wrong with the user's input.
#[derive(Clone, Debug)]
pub struct Problem {
    place: Option<Place>,
    message: String,
    label: String,
    help: Option<String>,
    severity: Severity,
}

impl Problem {
    /// An error at a place.
    pub fn at(source: &Arc<Source>, span: Span, message: impl Into<String>) -> Self {
        Self {
            place: Some(Place { source: source.clone(), span }),
            message: message.into(),
            label: "here".to_owned(),
            help: None,
            severity: Severity::Error,
        }
    }

    /// An error about something that is in no file.
    pub fn general(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into(), label: String::new(), help: None, severity: Severity::Error }
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
        self.label = label.into();
        self
    }

    /// The same problem, not worth stopping for.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Whether it stops the run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
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

impl Diagnostic for Problem {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn std::fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let length = place.span.end.saturating_sub(place.span.start);
        let label = LabeledSpan::new(Some(self.label.clone()), place.span.start, length);
        Some(Box::new(std::iter::once(label)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|p| p as &dyn SourceCode)
    }
}

impl SourceCode for Place {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let contents = self.source.text.read_span(span, before, after)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.source.path.clone(),
            contents.data(),
            *contents.span(),
            contents.line(),
            contents.column(),
            contents.line_count(),
        )))
    }
}

/// Why a run ends without an answer.
#[derive(Debug)]
pub enum Failure {
    /// Unreadable or invalid input, all of it: exit code 2.
    Problems(Vec<Problem>),
    /// Nothing to check: exit code 3.
    Nothing(String),
}

impl Failure {
    /// A failure of one problem that is in no file.
    pub fn general(message: impl Into<String>) -> Self {
        Self::Problems(vec![Problem::general(message)])
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problems(vec![problem])
    }
}

/// A name from `candidates` so near to `word` that it was probably meant.
///
/// Near is at most a third of the word's length in edits, and at most three.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let lower = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::osa_distance(&lower, &c.to_ascii_lowercase()), c))
        .filter(|(distance, c)| *distance <= limit && *distance < c.chars().count())
        .min()
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_near_names() {
        assert_eq!(did_you_mean("Acount", ["Account", "Agreement"]), Some("Account"));
        assert_eq!(did_you_mean("Bucket", ["Account", "Agreement"]), None);
        assert_eq!(did_you_mean("x", ["y"]), None);
    }

    #[test]
    fn counts_lines_and_characters() {
        let source = Source::new("a.json", "é\n€x");
        assert_eq!(source.line_column(6), (2, 2));
    }
}
