//! Limits of what is read: `[limits]` of `countersign.toml`, and what is built in.
//!
//! A change must not loosen its own check: the settings can only lower a limit. What raises one comes from outside of the tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::problem::{Problem, SourceFile, Span, instead};
use crate::source::folder::{MAX_DEPTH, MAX_ENTRIES};
use crate::text::json::{self, Node, Value};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limited {
    /// Files and folders of an inventory, or files that are linted.
    Files,
    /// The bytes of all files that are read, together.
    Bytes,
    /// Entities.
    Entities,
    /// Folders in folders.
    Folders,
    /// Values in values of JSON.
    Nesting,
    /// Seconds of a run.
    Seconds,
}

impl Limited {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Files, Self::Bytes, Self::Entities, Self::Folders, Self::Nesting, Self::Seconds];

    /// Its name in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Bytes => "bytes",
            Self::Entities => "entities",
            Self::Folders => "folders",
            Self::Nesting => "nesting",
            Self::Seconds => "seconds",
        }
    }

    /// The one of this name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limited| limited.word() == word)
    }

    /// What holds where nothing else is said.
    pub fn built_in(self) -> u64 {
        match self {
            Self::Files => MAX_ENTRIES as u64,
            Self::Bytes => 4 * 1024 * 1024 * 1024,
            Self::Entities => 2_000_000,
            Self::Folders => MAX_DEPTH as u64,
            Self::Nesting => json::MAX_DEPTH as u64,
            Self::Seconds => 3_600,
        }
    }

    /// Whether nothing can raise it: what reads has no room for more.
    pub fn is_fixed(self) -> bool {
        matches!(self, Self::Files | Self::Folders | Self::Nesting)
    }

    /// That there is more of something than its limit.
    fn exceeded(self, subject: &str, most: u64) -> Problem {
        let message = match self {
            Self::Files => format!("{subject} has more than {most} files and folders"),
            Self::Bytes => format!("the files of {subject} have more than {most} bytes together"),
            Self::Entities => format!("{subject} has more than {most} entities"),
            Self::Folders => format!("{subject} is nested in more than {most} folders"),
            Self::Nesting => format!("{subject} has values that are nested in more than {most} others"),
            Self::Seconds => format!("{subject} takes more than {most} seconds"),
        };
        let help = match self {
            Self::Folders | Self::Nesting => "move it, or exclude it in countersign.toml".to_owned(),
            _ => format!(
                "exclude what is no part of it, divide it, or raise the limit `{}` from outside of the inventory",
                self.word()
            ),
        };
        Problem::about(subject, message).help(help)
    }
}

/// The limits that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Those that something says.
    said: BTreeMap<Limited, u64>,
}

/// The table `[limits]`, as it is written.
pub(crate) type Table = BTreeMap<toml::Spanned<String>, toml::Spanned<u64>>;

impl Limits {
    /// Those of the settings; what is none, or is higher than what is built in, goes to `problems`.
    pub(crate) fn read(table: Table, source: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Self {
        let mut limits = Self::default();
        let at = |span: std::ops::Range<usize>, message: String| {
            Problem::at(source, Span { start: span.start, end: span.end }, message)
        };
        for (name, most) in table {
            let words = Limited::ALL.map(Limited::word);
            let Some(limited) = Limited::named(name.get_ref()) else {
                let help = instead(name.get_ref(), words, format!("the limits are {}", words.join(", ")));
                problems.push(at(name.span(), format!("there is no limit `{}`", name.get_ref())).help(help));
                continue;
            };
            let built_in = limited.built_in();
            if *most.get_ref() > built_in {
                let message = format!("the limit `{}` is at most {built_in} here", limited.word());
                let help = "settings can lower a limit; a change would raise its own otherwise";
                problems.push(at(most.span(), message).help(help));
            } else {
                limits.said.insert(limited, *most.get_ref());
            }
        }
        limits
    }

    /// The same, with a limit from outside of the inventory, which counts whatever the settings say.
    #[must_use]
    pub fn with(mut self, limited: Limited, most: u64) -> Self {
        let most = if limited.is_fixed() { most.min(limited.built_in()) } else { most };
        self.said.insert(limited, most);
        self
    }

    /// How much of something there may be.
    pub fn most(&self, limited: Limited) -> u64 {
        self.said.get(&limited).copied().unwrap_or_else(|| limited.built_in())
    }

    /// Those that something says.
    pub fn said(&self) -> impl Iterator<Item = (Limited, u64)> {
        self.said.iter().map(|(limited, most)| (*limited, *most))
    }

    /// An error if there is more of something than its limit.
    pub fn exceeded(&self, limited: Limited, number: u64, subject: &str) -> Option<Problem> {
        let most = self.most(limited);
        (number > most).then(|| limited.exceeded(subject, most))
    }

    /// An error if values of a file are nested too deeply. By default, what reads JSON has seen to that.
    pub(crate) fn nested(&self, root: &Node, subject: &str) -> Option<Problem> {
        let most = self.most(Limited::Nesting);
        let is_lower = most < Limited::Nesting.built_in();
        (is_lower && is_deeper(root, most)).then(|| Limited::Nesting.exceeded(subject, most))
    }
}

/// Whether a value is nested in itself more than so often.
fn is_deeper(node: &Node, most: u64) -> bool {
    let inner: Vec<&Node> = match &node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().collect(),
        Value::Object(members) => members.iter().map(|m| &m.node).collect(),
        _ => return false,
    };
    most == 0 || inner.into_iter().any(|node| is_deeper(node, most - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Limits, Vec<String>> {
        let source = SourceFile::new("countersign.toml", text);
        let mut problems = Vec::new();
        let limits = Limits::read(toml::from_str(text).unwrap(), &source, &mut problems);
        if problems.is_empty() { Ok(limits) } else { Err(problems.iter().map(|p| p.message().to_owned()).collect()) }
    }

    #[test]
    fn settings_lower_a_limit_and_never_raise_one() {
        let limits = read("files = 10\nnesting = 3\n").unwrap();
        assert_eq!((limits.most(Limited::Files), limits.most(Limited::Folders)), (10, MAX_DEPTH as u64));
        for limited in Limited::ALL {
            let (word, most) = (limited.word(), limited.built_in());
            assert_eq!(read(&format!("{word} = {most}\n")).unwrap().most(limited), most);
            let found = read(&format!("{word} = {}\n", most + 1)).unwrap_err();
            assert_eq!(found, [format!("the limit `{word}` is at most {most} here")]);
            // from outside it is raised, where there is room for more
            let raised = Limits::default().with(limited, most + 1).most(limited);
            assert_eq!(raised, if limited.is_fixed() { most } else { most + 1 });
        }
        assert_eq!(read("file = 10\n").unwrap_err(), ["there is no limit `file`"]);
    }

    #[test]
    fn nesting_is_counted_as_values_in_values() {
        let limits = read("nesting = 2\n").unwrap();
        let deep = |text: &str| limits.nested(&json::parse(&SourceFile::new("x", text)).unwrap(), "x").is_some();
        assert!(!deep("[[1]]") && deep("[[[]]]") && deep("[1, {\"a\": {\"b\": []}}]"));
    }
}
