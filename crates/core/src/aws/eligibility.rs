//! Which services are HIPAA eligible, by the dated lists, and what they are used with (`data/hipaa-*.json`).

use std::sync::LazyLock;

use serde::Deserialize;

use crate::moment::{self, Moment};

#[derive(Deserialize)]
struct EligibleServices {
    snapshots: Vec<String>,
    services: Vec<EligibleService>,
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
pub(crate) const TEXT: &str = include_str!("../../../../data/hipaa-eligible-services.json");
/// The file of the parts of services.
pub(crate) const PARTS_TEXT: &str = include_str!("../../../../data/hipaa-parts.json");

static ELIGIBLE: LazyLock<EligibleServices> = LazyLock::new(|| {
    // a test reads the file; an empty list would make every service unknown
    serde_json::from_str(TEXT).unwrap_or(EligibleServices { snapshots: Vec::new(), services: Vec::new() })
});

/// The services of the dated lists that have this name or IAM prefix.
pub fn services(name: &str) -> impl Iterator<Item = &'static EligibleService> {
    ELIGIBLE.services.iter().filter(move |s| s.name == name || s.prefixes.iter().any(|p| p == name))
}

/// Every service that was ever on a list.
pub fn all_services() -> &'static [EligibleService] {
    &ELIGIBLE.services
}

impl EligibleService {
    /// Whether it is on the list of a date.
    pub fn was_listed(&self, date: &str) -> bool {
        self.seen.iter().any(|d| d == date)
    }
}

/// The date of the first list.
pub fn first_list() -> &'static str {
    ELIGIBLE.snapshots.first().map_or("", String::as_str)
}

/// The date of the last list.
pub fn last_list() -> &'static str {
    ELIGIBLE.snapshots.last().map_or("", String::as_str)
}

/// The dates of the last list at or before a moment, and of the first one after it.
pub fn lists_around(at: Moment) -> (Option<&'static str>, Option<&'static str>) {
    let dates = || ELIGIBLE.snapshots.iter().filter_map(|s| Some((s.as_str(), moment::parse(s)?)));
    let before = dates().rfind(|(_, m)| *m <= at);
    let after = dates().find(|(_, m)| *m > at);
    (before.map(|(d, _)| d), after.map(|(d, _)| d))
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
pub(crate) const SUPPORT_TEXT: &str = include_str!("../../../../data/hipaa-support.json");

static SUPPORT: LazyLock<Vec<ServicePart>> = LazyLock::new(|| serde_json::from_str(SUPPORT_TEXT).unwrap_or_default());

/// What AWS's own guardrail spares besides, as every account needs it: identities, costs, support.
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
        let around = |date: &str| lists_around(moment::parse(date).unwrap());
        let (first, last) = (first_list(), last_list());
        assert_eq!(around("2019-01-01"), (None, Some(first)));
        assert_eq!(around(first).0, Some(first), "a list counts from its day");
        assert_eq!(around("2028-01-01"), (Some(last), None));
        assert_eq!(services("robomaker").count(), 1);
    }

    #[test]
    fn parts_are_read() {
        assert!(!parts().is_empty() && parts().iter().all(|p| !p.prefix.is_empty()));
        assert!(!support().is_empty() && support().iter().all(|p| !p.prefix.is_empty()));
    }
}
