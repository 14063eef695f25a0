//! Text for people: an assessment, or a part of it, in a terminal. Nothing here decides.

pub mod access;
pub mod answer;
pub mod assumed;
pub mod border;
pub mod check;
pub mod completeness;
pub mod coverage;
pub mod csv;
pub mod decision;
pub mod diff;
pub mod ending;
pub mod evaluation;
pub mod excerpt;
pub mod expectations;
pub mod findings;
pub mod foreign;
pub mod grid;
pub mod history;
pub mod plain;
pub mod plan;
pub mod rows;
pub mod sentences;
mod shown;
pub mod table;
pub mod typed;
pub mod what_if;
pub mod who_can;

use anstyle::{AnsiColor, Style};

pub use countersign_core::words::{count, few};
pub use shown::Shown;

/// What coverage means, and does not; every text about coverage says so once (D23).
pub const COVERED_MEANS: &str = "Covered means only that an agreement is in force for the account. It does not say \
    whether the account meets what the agreement or HIPAA asks for.";

/// A text in a style; colours are stripped where the output is no terminal.
pub fn styled(style: Style, text: &str) -> String {
    border::styled(style, text)
}

/// Bold.
pub fn bold(text: &str) -> String {
    styled(Style::new().bold(), text)
}

/// For what is less important.
pub fn dim(text: &str) -> String {
    styled(Style::new().dimmed(), text)
}

/// An answer in its words and its colour.
pub fn verdict(answer: impl Into<Shown>) -> String {
    let Shown { words, colour } = answer.into();
    in_colour(colour, words)
}

/// The same, followed by blanks up to a width.
pub fn verdict_padded(width: usize, answer: impl Into<Shown>) -> String {
    let shown = answer.into();
    format!("{}{}", in_colour(shown.colour, shown.words), " ".repeat(width.saturating_sub(shown.words.len())))
}

/// A bold word in a colour.
pub fn in_colour(colour: AnsiColor, text: &str) -> String {
    styled(Style::new().fg_color(Some(colour.into())).bold(), text)
}

/// A paragraph, wrapped: the first line begins with `first`, the others with as many blanks.
pub fn paragraph(width: usize, first: &str, text: &str) -> String {
    wrapped(width, first, textwrap::core::display_width(first), text)
}

/// A paragraph whose later lines are indented by so many blanks. Only blanks part words: paths, ARNs and commands stay whole.
pub fn wrapped(width: usize, first: &str, indent: usize, text: &str) -> String {
    let blanks = " ".repeat(indent);
    let options = textwrap::Options::new(width)
        .initial_indent(first)
        .subsequent_indent(&blanks)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let text = typed::glued(&border::line(text));
    let mut wrapped = typed::parted(&textwrap::fill(&text, options));
    wrapped.push('\n');
    wrapped
}

/// A moment without the time of day where that is midnight.
pub fn day(moment: &str) -> &str {
    moment.strip_suffix("T00:00:00Z").unwrap_or(moment)
}
