//! The lines around a place in a file, as they are drawn under an error or a finding.
//!
//! A line may be as long as its file (minified JSON, a generated policy), so each is cut to a window around what is
//! underlined. Line and column stay those of the file. Nothing of the file can steer the terminal that it is drawn on.

use std::borrow::Cow;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::foreign::{Foreign, is_unseen, push_shown};
use countersign_core::problem::{Place, SourceFile, Span};
use countersign_core::work;

/// So many columns of a line are drawn.
const WINDOW: usize = 200;
/// So many of them before what is underlined.
const BEFORE: usize = 60;
/// What covers more lines than these is underlined in its first line only.
const MOST_LINES: usize = 10;
/// So many characters of a sentence are drawn: it may quote a value of any length.
const SENTENCE: usize = 2_000;

/// The text around a place, ready to be drawn.
#[derive(Debug)]
pub struct Excerpt {
    path: String,
    text: String,
    /// The zero-based number of the first line.
    first: usize,
    /// Where the place begins in the file, both zero-based.
    line: usize,
    column: usize,
    /// What is underlined, in `text`.
    underlined: Span,
}

impl Excerpt {
    /// The line of a place, and the lines before and after it.
    pub fn new(place: &Place) -> Self {
        let (source, text) = (&place.source, place.source.text.as_str());
        let start = place.span.start.min(text.len());
        let (line, column) = source.line_column(start);
        let (line, column) = (line - 1, column - 1);
        // of a long line with many findings, only what is drawn is looked at for each
        let begin = source.line_at(start).start;
        let span = Span { start, end: last_byte_drawn(source, start, place.span.end).max(start) };

        let above = source.line_at(begin.saturating_sub(1)).start;
        let mut excerpt = Self {
            path: Foreign(&place.source.path).line().into_owned(),
            text: String::new(),
            first: if above < begin { line - 1 } else { line },
            line,
            column,
            underlined: Span { start: usize::MAX, end: usize::MAX },
        };
        let mut at = above;
        loop {
            let line = source.line_at(at);
            excerpt.add(text, line, span);
            let is_below = at > span.end;
            at = line.end + 1;
            if is_below || at >= text.len() && !(at == text.len() && span.start == at) {
                break;
            }
            excerpt.text.push('\n');
        }
        excerpt
    }

    /// Adds a line of the file, cut to its window.
    fn add(&mut self, text: &str, line: Span, span: Span) {
        let anchor = match span {
            s if (line.start..=line.end).contains(&s.start) => s.start,
            s if (line.start..=line.end).contains(&s.end) => s.end,
            _ => line.start,
        };
        let window = window(text, line, anchor);
        if window.start > line.start {
            self.text.push('…');
        }
        for (at, c) in text.get(window.start..window.end).unwrap_or_default().char_indices() {
            self.mark(window.start + at, span);
            // that of a line break of Windows
            if c == '\r' && window.start + at + 1 == line.end {
                break;
            }
            if c != '\t' && is_unseen(c) { push_shown(&mut self.text, c) } else { self.text.push(c) }
        }
        if line.end >= span.start && self.underlined.start == usize::MAX {
            self.underlined.start = self.text.len();
            // so that there is something to underline where the file or the line ends
            self.text.push(' ');
        }
        if line.end >= span.end && self.underlined.end == usize::MAX {
            self.underlined.end = self.text.len();
        }
        if window.end < line.end {
            self.text.push('…');
        }
    }

    /// Notes where a character of the file stands in the text, if what is underlined begins or ends there.
    fn mark(&mut self, at: usize, span: Span) {
        if at >= span.start && self.underlined.start == usize::MAX {
            self.underlined.start = self.text.len();
        }
        if at >= span.end && self.underlined.end == usize::MAX {
            self.underlined.end = self.text.len();
        }
    }

    /// What is underlined, with the word under it.
    pub fn label(&self, label: Option<String>) -> LabeledSpan {
        let Span { start, end } = self.underlined;
        LabeledSpan::new(label, start, end.saturating_sub(start))
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // without lines around it, the place itself is meant: what the heading names
        let (line, column) = if before == 0 { (self.line, self.column) } else { (self.first, 0) };
        let whole = SourceSpan::from((0, self.text.len()));
        let lines = self.text.matches('\n').count();
        let (path, text) = (self.path.clone(), self.text.as_bytes());
        Ok(Box::new(MietteSpanContents::new_named(path, text, whole, line, column, lines)))
    }
}

/// Where what is underlined ends: in its first line if it covers too many.
fn last_byte_drawn(source: &SourceFile, start: usize, end: usize) -> usize {
    let end = end.min(source.text.len());
    if source.breaks_in(Span { start, end }) > MOST_LINES {
        return source.line_at(start).end;
    }
    // a line break at the end belongs to the line that it ends
    let ends_line = end > start && source.text.as_bytes().get(end - 1) == Some(&b'\n');
    if ends_line { end - 1 } else { end }
}

/// The part of a line that is drawn: all of it, or so many characters around the anchor.
fn window(text: &str, line: Span, anchor: usize) -> Span {
    let before = text.get(line.start..anchor).unwrap_or_default();
    let after = text.get(anchor..line.end).unwrap_or_default();
    let (left, right) = (before.chars().rev().take(WINDOW).count(), after.chars().take(WINDOW).count());
    work::add(left + right);
    if left + right < WINDOW {
        return line;
    }
    let left = left.min(BEFORE.max(WINDOW - right));
    let start = before.char_indices().rev().take(left).last().map_or(anchor, |(at, _)| line.start + at);
    let end = after.char_indices().nth(WINDOW - left).map_or(line.end, |(at, _)| anchor + at);
    Span { start, end }
}

/// A sentence about input as it is drawn: not longer than can be read, and harmless.
pub fn sentence(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SENTENCE) {
        Some((end, _)) => Cow::Owned(format!("{}…", Foreign(text.get(..end).unwrap_or_default()).lines())),
        None => Foreign(text).lines(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, start: usize, length: usize) -> Excerpt {
        Excerpt::new(&Place { source: SourceFile::new("a", text), span: Span { start, end: start + length } })
    }

    fn underlined(excerpt: &Excerpt) -> &str {
        excerpt.text.get(excerpt.underlined.start..excerpt.underlined.end).unwrap()
    }

    #[test]
    fn short_lines_are_whole() {
        let found = excerpt("one\ntwo\nthree\nfour\nfive", 8, 5);
        assert_eq!(found.text, "two\nthree\nfour");
        assert_eq!((underlined(&found), found.first, found.line, found.column), ("three", 1, 2, 0));
        assert_eq!(excerpt("one\ntwo", 0, 3).text, "one\ntwo");
        assert_eq!(excerpt("one\r\ntwo\r\n", 5, 3).text, "one\ntwo");
        let two = excerpt("one\ntwo\nthree\nfour\nfive", 4, 9);
        assert_eq!((two.text.as_str(), underlined(&two)), ("one\ntwo\nthree\nfour", "two\nthree"));
    }

    #[test]
    fn the_end_of_a_file_can_be_underlined() {
        for (text, line, column) in [("", 0, 0), ("one", 0, 3), ("one\n", 1, 0)] {
            let found = excerpt(text, text.len(), 1);
            assert_eq!((underlined(&found), found.line, found.column), (" ", line, column), "{text:?}");
        }
        assert_eq!(underlined(&excerpt("one\ntwo", 3, 1)), " ");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = "é".repeat(3_000_000);
        for at in [0, 1_500_000, 2_999_999] {
            let (before, after) = line.split_at(2 * at);
            let text = format!("{before}X{after}");
            let found = excerpt(&text, 2 * at, 1);
            let columns = found.text.chars().filter(|c| *c != '…').count();
            assert_eq!((underlined(&found), found.line, found.column, columns), ("X", 0, at, WINDOW), "{at}");
            assert_eq!(found.text.starts_with('…'), at > 0);
            assert_eq!(found.text.ends_with('…'), at < 2_999_999);
        }
        let whole = excerpt(&line, 0, line.len());
        assert_eq!(underlined(&whole).chars().count(), WINDOW);
    }

    /// However long the line, for each of the findings in it only what is drawn is looked at.
    #[test]
    fn many_findings_on_one_line_are_drawn_by_steps_of_their_number() {
        let steps = |findings: usize| {
            let piece = "{\"é\": 1}, ".repeat(8);
            let source = SourceFile::new("a", piece.repeat(findings));
            let place = |n: usize| Place {
                source: source.clone(),
                span: Span { start: n * piece.len(), end: source.text.len() },
            };
            let ((), steps) = work::during(|| {
                for n in 0..findings {
                    let found = Excerpt::new(&place(n));
                    assert!(found.text.chars().count() <= WINDOW + 2);
                    assert_eq!(source.line_column_utf16(n * piece.len()).0, 1);
                }
            });
            steps
        };
        let (one, two) = (steps(1000), steps(2000));
        assert!(one >= 1000 && two < one * 5 / 2, "{one} {two}");
    }

    #[test]
    fn long_lines_beside_it_are_cut_too() {
        let long = "a".repeat(100_000);
        let found = excerpt(&format!("{long}\nX\n{long}"), 100_001, 1);
        assert_eq!((underlined(&found), found.first, found.line), ("X", 0, 1));
        assert!(found.text.len() < 3 * WINDOW);
    }

    #[test]
    fn what_covers_many_lines_is_underlined_in_the_first() {
        let text = "line\n".repeat(100_000);
        let found = excerpt(&text, 0, text.len());
        assert_eq!((found.text.as_str(), underlined(&found)), ("line\nline", "line"));
    }

    #[test]
    fn a_terminal_is_not_steered_by_a_file() {
        let found = excerpt("\u{1b}[31m\u{202e}X\u{9b}", 8, 1);
        assert_eq!((found.text.as_str(), underlined(&found)), ("␛[31m\\u{202e}X\\u{9b}", "X"));
        assert_eq!(sentence("`\u{7}` is no name"), "`␇` is no name");
        assert_eq!(sentence(&"x".repeat(5_000_000)).chars().count(), SENTENCE + 1);
    }
}
