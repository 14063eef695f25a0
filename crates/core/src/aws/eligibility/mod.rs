//! Which services are HIPAA eligible, by the dated lists, and what they are used with (`data/hipaa-*.json`).

mod naming;

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::moment::{self, Moment};
use crate::problem::{Problem, SourceFile};
pub use naming::Meant;
pub(crate) use naming::NAMES_TEXT;

/// The dated lists, those that are built in or those of a newer file.
#[derive(Debug, Default, Deserialize)]
pub struct Lists {
    snapshots: Vec<String>,
    services: Vec<EligibleService>,
    /// The file that they were read from; `None` for those that are built in.
    #[serde(skip)]
    pub file: Option<ListsFile>,
    #[serde(skip)]
    by_name: naming::ByName,
}

/// A file of lists in place of those that are built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListsFile {
    /// Its path in the inventory.
    pub file: String,
    /// The day of its last list.
    pub date: String,
    /// Of its text.
    pub sha256: String,
}

/// A service of the dated lists.
#[derive(Debug, Deserialize)]
pub struct EligibleService {
    /// As AWS lists it.
    pub name: String,
    /// Its IAM prefixes.
    pub prefixes: Vec<String>,
    /// The dates of the lists that name it.
    pub seen: Vec<String>,
    /// What of it is excluded.
    pub exclusions: Option<String>,
}

/// The file of the dated lists.
pub(crate) const TEXT: &str = include_str!("../../../../../data/hipaa-eligible-services.json");
/// The file of the parts of services.
pub(crate) const PARTS_TEXT: &str = include_str!("../../../../../data/hipaa-parts.json");

static BUILT_IN: LazyLock<Arc<Lists>> = LazyLock::new(|| {
    // a test reads the file; an empty list would make every service unknown
    Arc::new(serde_json::from_str(TEXT).unwrap_or_default())
});

impl Lists {
    /// Those that are built in.
    pub fn built_in() -> Arc<Self> {
        BUILT_IN.clone()
    }

    /// Those of a file, in the form of those that are built in. They may not be older: what is known already would be unknown again.
    /// `sha256` is the digest of the file.
    pub fn read(source: &SourceFile, sha256: String) -> Result<Self, Problem> {
        const HELP: &str = "it has `snapshots`, days in order, and `services`, each with its name, prefixes and the snapshots that it is `seen` on";
        let wrong = |message: String| Problem::about(&source.path, message).help(HELP);
        let mut lists: Self = serde_json::from_str(&source.text)
            .map_err(|e| wrong(format!("{} has no lists of HIPAA eligible services: {e}", source.path)))?;
        let days: Option<Vec<Moment>> = lists.snapshots.iter().map(|day| moment::parse(day)).collect();
        if !days.is_some_and(|days| !days.is_empty() && days.is_sorted_by(|a, b| a < b)) {
            return Err(wrong(format!("the snapshots of {} are no days in order", source.path)));
        }
        let unknown =
            |s: &&EligibleService| s.seen.is_empty() || s.seen.iter().any(|day| !lists.snapshots.contains(day));
        if let Some(service) = lists.services.iter().find(unknown) {
            return Err(wrong(format!("{} is on a list that is none of the snapshots, or on no list", service.name)));
        }
        let own = Self::built_in();
        if moment::parse(lists.last()) < moment::parse(own.last()) {
            let message = format!(
                "the last list of {} is of {}, older than that of {}, which is built in",
                source.path,
                lists.last(),
                own.last()
            );
            return Err(Problem::about(&source.path, message).help("take it out, or name a newer one"));
        }
        let date = lists.last().to_owned();
        lists.file = Some(ListsFile { file: source.path.clone(), date, sha256 });
        Ok(lists)
    }

    /// Every service that was ever on a list.
    pub fn all(&self) -> &[EligibleService] {
        &self.services
    }

    /// The date of the first list.
    pub fn first(&self) -> &str {
        self.snapshots.first().map_or("", String::as_str)
    }

    /// The date of the last list.
    pub fn last(&self) -> &str {
        self.snapshots.last().map_or("", String::as_str)
    }

    /// The dates of the last list at or before a moment, and of the first one after it.
    pub fn around(&self, at: Moment) -> (Option<&str>, Option<&str>) {
        let dates = || self.snapshots.iter().filter_map(|s| Some((s.as_str(), moment::parse(s)?)));
        let before = dates().rfind(|(_, m)| *m <= at);
        let after = dates().find(|(_, m)| *m > at);
        (before.map(|(d, _)| d), after.map(|(d, _)| d))
    }
}

impl EligibleService {
    /// Whether it is on the list of a date.
    pub fn was_listed(&self, date: &str) -> bool {
        self.seen.iter().any(|d| d == date)
    }
}

/// A prefix that eligible services are used with.
#[derive(Debug, Deserialize)]
pub struct ServicePart {
    /// The prefix.
    pub prefix: String,
    /// What it is a part of.
    pub of: String,
    /// The prefixes of the service that it is a part of; none where every account needs it.
    #[serde(default)]
    pub with: Vec<String>,
}

static PARTS: LazyLock<Vec<ServicePart>> = LazyLock::new(|| serde_json::from_str(PARTS_TEXT).unwrap_or_default());

/// The file of what every account needs.
pub(crate) const SUPPORT_TEXT: &str = include_str!("../../../../../data/hipaa-support.json");

static SUPPORT: LazyLock<Vec<ServicePart>> = LazyLock::new(|| serde_json::from_str(SUPPORT_TEXT).unwrap_or_default());

/// What AWS's own guardrail spares besides, as every account needs it: identities, costs, support. With it stand the prefixes that took the
/// place of `aws-portal` in 2023, and those that notifications of AWS Artifact need (R82).
pub fn support() -> &'static [ServicePart] {
    &SUPPORT
}

/// The parts of eligible services.
pub fn parts() -> &'static [ServicePart] {
    &PARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_around_a_moment() {
        let lists = Lists::built_in();
        let around = |date: &str| lists.around(moment::parse(date).unwrap());
        let (first, last) = (lists.first(), lists.last());
        assert_eq!(around("2019-01-01"), (None, Some(first)));
        assert_eq!(around(first).0, Some(first), "a list counts from its day");
        assert_eq!(around("2028-01-01"), (Some(last), None));
        assert_eq!(lists.meant("robomaker").services().len(), 1);
    }

    #[test]
    fn lists_of_a_file_take_the_place_of_those_that_are_built_in() {
        let read = |text: &str| {
            Lists::read(&SourceFile::new("lists.json", text), String::new()).map_err(|p| p.message().to_owned())
        };
        let lists = read(
            r#"{"snapshots": ["2026-05-22", "2027-01-01"],
                "services": [{"name": "Amazon Novelty", "prefixes": ["novelty"], "seen": ["2027-01-01"]}]}"#,
        )
        .unwrap();
        assert_eq!((lists.last(), lists.all().len()), ("2027-01-01", 1));
        assert_eq!(lists.file.unwrap().date, "2027-01-01");
        for (text, words) in [
            ("{}", "no lists of HIPAA eligible services"),
            (r#"{"snapshots": [], "services": []}"#, "no days in order"),
            (r#"{"snapshots": ["2027-01-01", "2026-01-01"], "services": []}"#, "no days in order"),
            (r#"{"snapshots": ["soon"], "services": []}"#, "no days in order"),
            (r#"{"snapshots": ["2020-01-01"], "services": []}"#, "older than that of"),
            (
                r#"{"snapshots": ["2027-01-01"], "services": [{"name": "X", "prefixes": [], "seen": ["2026-01-01"]}]}"#,
                "X is on a list that is none of the snapshots",
            ),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.contains(words), "{text}: {found}");
        }
    }

    #[test]
    fn parts_are_read() {
        assert!(!parts().is_empty() && parts().iter().all(|p| !p.prefix.is_empty()));
        assert!(!support().is_empty() && support().iter().all(|p| !p.prefix.is_empty()));
    }
}
