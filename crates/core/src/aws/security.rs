//! What reviewers of security look for: known ways to more permissions, actions that return credentials, and what narrows a
//! grant (`data/security.json`).

use std::sync::LazyLock;

use serde::Deserialize;

/// The file.
pub(crate) const TEXT: &str = include_str!("../../../../data/security.json");

static DATA: LazyLock<Data> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

#[derive(Default, Deserialize)]
struct Data {
    escalation: Escalation,
    credentials: Credentials,
    narrowing: Narrowing,
    #[serde(rename = "ownServices")]
    own_services: OwnServices,
    #[serde(rename = "pairedKeys")]
    paired_keys: PairedKeys,
}

#[derive(Default, Deserialize)]
struct PairedKeys {
    pairs: Vec<Pair>,
}

/// A key that tells requests apart only together with another one.
#[derive(Debug, Deserialize)]
pub struct Pair {
    /// The key, in lower case.
    pub key: String,
    /// The keys, one of which it takes.
    pub with: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Narrowing {
    of_caller: Vec<String>,
    of_source: Vec<String>,
}

#[derive(Default, Deserialize)]
struct OwnServices {
    principals: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Escalation {
    paths: Vec<Path>,
}

#[derive(Default, Deserialize)]
struct Credentials {
    date: String,
    actions: Vec<String>,
}

/// A known way to more permissions.
#[derive(Debug, Deserialize)]
pub struct Path {
    /// What its source calls it, such as `lambda-001`.
    pub id: String,
    /// The actions that it takes, all of them.
    pub permissions: Vec<String>,
}

/// The known ways to more permissions.
pub fn paths() -> &'static [Path] {
    &DATA.escalation.paths
}

/// The actions whose answers hold credentials.
pub fn returning_credentials() -> &'static [String] {
    &DATA.credentials.actions
}

/// The keys, in lower case, that say who calls, or where from.
pub fn keys_of_caller() -> &'static [String] {
    &DATA.narrowing.of_caller
}

/// The keys, in lower case, that say for whom a service acts.
pub fn keys_of_source() -> &'static [String] {
    &DATA.narrowing.of_source
}

/// Whether a service takes roles for what their account itself runs.
pub fn acts_for_its_account(principal: &str) -> bool {
    DATA.own_services.principals.iter().any(|known| known == principal)
}

/// The keys that tell requests apart only together with others.
pub fn pairs() -> &'static [Pair] {
    &DATA.paired_keys.pairs
}

/// The day of the file.
pub fn date() -> &'static str {
    &DATA.credentials.date
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::catalogue::{Catalogue, known_action};
    use crate::aws::keys;

    #[test]
    fn every_paired_key_is_one_of_aws() {
        let all: Vec<&String> = pairs().iter().flat_map(|pair| pair.with.iter().chain([&pair.key])).collect();
        assert!(all.len() >= 4 && all.iter().all(|key| **key == key.to_ascii_lowercase()));
        assert!(all.iter().all(|key| keys::values::unknown(key).is_none()), "{all:?}");
    }

    #[test]
    fn every_action_is_one_of_aws() {
        assert_eq!(paths().len(), 65);
        let catalogue = Catalogue::built_in();
        let named = paths().iter().flat_map(|p| &p.permissions).chain(returning_credentials());
        for name in named {
            let (prefix, short) = name.split_once(':').unwrap();
            let found = catalogue.service(prefix).is_some_and(|s| s.action(short).is_some());
            assert!(found || known_action(prefix, short).is_some(), "{name}");
        }
    }
}
