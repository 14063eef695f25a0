//! What was declined, or read and not checked, by reason: nothing is left out in silence.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use crate::words::count;

/// Why something was declined, or not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// A setting leaves the file out.
    Excluded,
    /// The name of a file or folder begins with a dot; what is in such a folder is not counted by itself.
    Hidden,
    /// `.gitignore` leaves the file or folder out; what is in such a folder is not counted by itself.
    Ignored,
    /// The name of the file ends in none of those that are read.
    OtherKind,
    /// The file is in another encoding than UTF-8.
    NotUtf8,
    /// The file holds no policy.
    WithoutPolicy,
    /// The statement has placeholders: what they stand for is not checked.
    Placeholders,
    /// The policy has no statements, and what it sets is not checked: a policy of tags, of backups.
    Attributes,
    /// The policy is put together when it is applied.
    NotLiteral,
    /// The document of the policy is not there: what rests on it is unknown.
    WithoutDocument,
}

impl Reason {
    /// What is counted by it.
    fn noun(self) -> &'static str {
        match self {
            Self::Excluded | Self::OtherKind | Self::NotUtf8 | Self::WithoutPolicy => "file",
            Self::Hidden | Self::Ignored => "entry",
            Self::Placeholders => "statement",
            Self::Attributes | Self::NotLiteral | Self::WithoutDocument => "policy",
        }
    }

    /// Whether it was declined as a whole, before anything was read of it or after nothing was found in it.
    fn is_declined(self) -> bool {
        matches!(self.noun(), "file" | "entry")
    }

    /// So many of them, in words.
    fn words(self, number: usize) -> String {
        match self {
            Self::Excluded => format!("{number} excluded"),
            Self::Hidden => format!("{number} hidden"),
            Self::Ignored => format!("{number} ignored by git"),
            Self::OtherKind => format!("{number} of another kind"),
            Self::NotUtf8 => format!("{number} in UTF-16, not UTF-8"),
            Self::WithoutPolicy => format!("{number} without a policy"),
            Self::Placeholders => format!("placeholders in {}", count(number, "statement")),
            Self::Attributes => {
                format!("what {} without statements set{}", policies(number), if number == 1 { "s" } else { "" })
            }
            Self::NotLiteral => format!("{} not literal", policies(number)),
            Self::WithoutDocument => format!("{} without a document", policies(number)),
        }
    }
}

fn policies(number: usize) -> String {
    if number == 1 { "1 policy".to_owned() } else { format!("{number} policies") }
}

/// What was declined, or not checked: names by reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread(BTreeMap<Reason, BTreeSet<String>>);

/// As many names of a reason are told; all are counted.
const MOST_NAMED: usize = 100;

/// What JSON tells of one reason.
#[derive(Serialize)]
struct Told<'a> {
    what: &'static str,
    reason: Reason,
    count: usize,
    names: Vec<&'a str>,
}

impl Unread {
    /// Notes one: a path, a place of a policy, the id of a policy. The same one counts once.
    pub fn add(&mut self, reason: Reason, name: impl Into<String>) {
        self.0.entry(reason).or_default().insert(name.into());
    }

    /// Notes what another noted.
    pub fn extend(&mut self, other: Self) {
        for (reason, names) in other.0 {
            self.0.entry(reason).or_default().extend(names);
        }
    }

    /// Leaves out of the files that were declined those that something else has read.
    pub fn retain(&mut self, is_unread: impl Fn(Reason, &str) -> bool) {
        for (reason, names) in self.0.iter_mut().filter(|(reason, _)| reason.is_declined()) {
            names.retain(|name| is_unread(*reason, name));
        }
        self.0.retain(|_, names| !names.is_empty());
    }

    /// Whether one is noted.
    pub fn has(&self, reason: Reason, name: &str) -> bool {
        self.0.get(&reason).is_some_and(|names| names.contains(name))
    }

    /// How many there are of a reason.
    pub fn count(&self, reason: Reason) -> usize {
        self.0.get(&reason).map_or(0, BTreeSet::len)
    }

    /// Nothing was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `3 declined: 1 excluded, 2 hidden; not checked: placeholders in 3 statements`; empty where nothing was.
    pub fn words(&self) -> String {
        let of = |declined: bool| self.0.iter().filter(move |(reason, _)| reason.is_declined() == declined);
        let told = |declined: bool| {
            let words: Vec<String> = of(declined).map(|(reason, names)| reason.words(names.len())).collect();
            words.join(", ")
        };
        let number: usize = of(true).map(|(_, names)| names.len()).sum();
        let declined = (number > 0).then(|| format!("{number} declined: {}", told(true)));
        let unchecked = of(false).next().is_some().then(|| format!("not checked: {}", told(false)));
        declined.into_iter().chain(unchecked).collect::<Vec<_>>().join("; ")
    }
}

impl Serialize for Unread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(reason, names)| Told {
            what: reason.noun(),
            reason: *reason,
            count: names.len(),
            names: names.iter().take(MOST_NAMED).map(String::as_str).collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Unread {
        let mut unread = Unread::default();
        unread.add(Reason::Placeholders, "a.json: Statement[0]");
        unread.add(Reason::Hidden, ".github");
        unread.add(Reason::Hidden, ".github");
        unread.add(Reason::Excluded, "old/a.json");
        unread
    }

    #[test]
    fn what_is_unread_is_counted_once_and_by_reason() {
        assert_eq!(Unread::default().words(), "");
        let mut unread = some();
        assert_eq!(unread.words(), "2 declined: 1 excluded, 1 hidden; not checked: placeholders in 1 statement");
        unread.retain(|_, name| name != "old/a.json");
        assert_eq!(unread.words(), "1 declined: 1 hidden; not checked: placeholders in 1 statement");
        unread.retain(|_, _| false);
        assert_eq!(unread.words(), "not checked: placeholders in 1 statement", "what was read may be unchecked");
    }

    #[test]
    fn all_are_counted_and_a_hundred_are_named() {
        let mut unread = Unread::default();
        (0..150).for_each(|n| unread.add(Reason::OtherKind, format!("{n:03}.md")));
        let json = serde_json::to_value(&unread).unwrap();
        assert_eq!((&json[0]["count"], json[0]["names"].as_array().unwrap().len()), (&150.into(), 100));
        assert_eq!((&json[0]["what"], &json[0]["reason"]), (&"file".into(), &"other-kind".into()));
    }
}
