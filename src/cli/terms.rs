//! `show term`: the glossary of `docs/glossary.md`, which is built in.

use super::errors::usage;
use super::output;
use crate::report::{bold, dim, paragraph};
use countersign_core::problem::{Failure, instead};
use countersign_core::words::plain;

const GLOSSARY: &str = include_str!("../../docs/glossary.md");

/// What the line below a term begins with that has other words for it.
const ALSO: &str = "Also: ";

/// A term of the glossary.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    also: Vec<&'static str>,
    text: Vec<&'static str>,
}

impl Entry {
    fn words(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.also.iter().copied())
    }
}

fn entries() -> Vec<Entry> {
    let sections = GLOSSARY.split("\n## ").skip(1);
    let entry = |section: &'static str| {
        let (name, rest) = section.split_once('\n').unwrap_or((section, ""));
        let mut paragraphs = rest.split("\n\n").map(str::trim).filter(|p| !p.is_empty()).peekable();
        let also = paragraphs.next_if(|p| p.starts_with(ALSO)).and_then(|p| p.strip_prefix(ALSO));
        let also = also.map(|also| also.trim_end_matches('.').split(", ").collect()).unwrap_or_default();
        Entry { name: name.trim(), also, text: paragraphs.collect() }
    };
    sections.map(entry).collect()
}

/// One term, or the list of all.
pub fn term(asked: Option<&str>) -> Result<String, Failure> {
    let entries = entries();
    let Some(asked) = asked else {
        let names: Vec<&str> = entries.iter().map(|e| e.name).collect();
        return Ok(paragraph(output::width(), "", &names.join(", ")));
    };
    let said = plain(asked);
    let said = said.strip_prefix("the ").unwrap_or(&said);
    let is = |word: &str| plain(word) == said || plain(word) == said.trim_end_matches('s');
    let Some(found) = entries.iter().find(|e| e.words().any(is)) else {
        let words: Vec<&str> = entries.iter().flat_map(Entry::words).collect();
        let help = "`countersign show term` lists all terms".to_owned();
        let problem = usage(format!("the glossary has no `{asked}`"));
        return Err(problem.help(instead(asked, words, help)).into());
    };
    let width = output::width();
    let mut text = format!("{}\n", bold(found.name));
    if !found.also.is_empty() {
        text.push_str(&paragraph(width, "  ", &dim(&format!("also: {}", found.also.join(", ")))));
    }
    for words in &found.text {
        text.push_str(&paragraph(width, "  ", &words.replace('\n', " ")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_term_is_explained_once() {
        let entries = entries();
        assert!(entries.len() > 20, "{}", entries.len());
        let mut seen = BTreeSet::new();
        for entry in &entries {
            assert!(!entry.text.is_empty(), "{}", entry.name);
            for word in entry.words() {
                assert!(seen.insert(plain(word)), "{word} is explained twice");
            }
        }
    }

    #[test]
    fn a_term_is_found_by_any_of_its_words() {
        for word in
            ["BAA", "hipaa baa", "business associate agreements", "covered", "the management account", "payer account"]
        {
            assert!(term(Some(word)).is_ok(), "{word}");
        }
        assert!(term(Some("bananas")).is_err());
    }
}
