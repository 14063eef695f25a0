//! Condition keys: which there are, how AWS writes them, and what values each can have.

pub mod catalogued;
pub mod values;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::catalogue::Key;

/// Services whose own keys are known action by action.
pub(crate) const CATALOGUED: [&str; 3] = ["artifact", "iam", "organizations"];

/// The file of the global condition keys, and of those of services that are asked about.
pub(crate) const TEXT: &str = include_str!("../../../../../data/condition-keys.json");

static DATA: LazyLock<Data> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

static BY_NAME: LazyLock<HashMap<String, &'static Known>> =
    LazyLock::new(|| DATA.keys.iter().map(|known| (known.key.to_ascii_lowercase(), known)).collect());

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    date: String,
    keys: Vec<Known>,
    undocumented: Vec<Undocumented>,
    identity_providers: Providers,
}

#[derive(Default, Deserialize)]
struct Providers {
    names: Vec<String>,
}

/// A condition key, as AWS documents it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Known {
    /// As AWS writes it.
    key: String,
    /// What its values are.
    #[serde(default, rename = "type")]
    pub kind: KeyType,
    /// It holds a list even where it has one element.
    #[serde(default)]
    list: bool,
    /// What its values begin with, where they are ids.
    pub begins: Option<String>,
    /// The values that it can have, where AWS lists them.
    #[serde(default)]
    pub values: Vec<String>,
    /// Requests that are asked about may carry it.
    #[serde(default = "asked")]
    asked: bool,
    /// Only calls on behalf of services carry it, or calls about tags.
    #[serde(default)]
    of_services: bool,
    /// Every request carries it.
    #[serde(default)]
    always: bool,
}

fn asked() -> bool {
    true
}

/// What the values of a key are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum KeyType {
    #[default]
    String,
    Bool,
    Numeric,
    Date,
    EpochTime,
    #[serde(rename = "IPAddress")]
    IpAddress,
    #[serde(rename = "ARN")]
    Arn,
    Account,
    Organization,
    Region,
}

impl KeyType {
    /// Numbers, moments and addresses.
    fn is_typed(self) -> bool {
        matches!(self, Self::Numeric | Self::Date | Self::EpochTime | Self::IpAddress)
    }
}

/// A key that some requests carry, and AWS does not list among the global ones.
#[derive(Deserialize)]
pub struct Undocumented {
    /// The key.
    pub key: String,
    /// What is known of it.
    pub help: String,
}

/// The keys that some requests carry, and AWS does not list.
pub fn undocumented() -> &'static [Undocumented] {
    &DATA.undocumented
}

/// The day of the file.
pub(crate) fn date() -> &'static str {
    &DATA.date
}

/// A key in lower case, where AWS documents its values.
pub(crate) fn known(key: &str) -> Option<&'static Known> {
    BY_NAME.get(key).copied()
}

/// What the values of a key in lower case are, where AWS documents that.
pub(crate) fn type_of(key: &str) -> Option<KeyType> {
    known(key).map(|known| known.kind)
}

/// What values a key can have, as far as AWS documents it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nature {
    /// Never a list.
    pub single: bool,
    /// `true` or `false`.
    pub boolean: bool,
    /// A number, a moment or an address, whichever operators are meant for it.
    pub typed: bool,
    /// Values that a key can have of which not every text is one.
    pub samples: &'static [&'static str],
}

/// What values a key can have.
pub fn nature(key: &str) -> Nature {
    let element = of_service(key).map(Key::element).unwrap_or_default();
    Nature {
        single: is_single_valued(key),
        boolean: is_boolean(key),
        typed: type_of(key).is_some_and(KeyType::is_typed) || matches!(element, "Numeric" | "Date" | "IPAddress"),
        samples: values::samples(key),
    }
}

/// Whether no request of an operation carries a key in lower case: only calls on behalf of services do, or calls about tags.
pub fn is_of_services(key: &str) -> bool {
    key.starts_with("aws:requesttag/") || known(key).is_some_and(|known| known.of_services)
}

/// Whether every request carries a key in lower case, whoever asks.
pub fn is_always_carried(key: &str) -> bool {
    known(key).is_some_and(|known| known.always)
}

/// Whether an identity provider is named so, without an ARN.
pub fn is_identity_provider(name: &str) -> bool {
    DATA.identity_providers.names.iter().any(|known| known == name)
}

/// Whether a key in lower case is true or false.
fn is_boolean(key: &str) -> bool {
    type_of(key) == Some(KeyType::Bool) || of_service(key).is_some_and(|k| k.element() == "Bool")
}

/// A key of a service, or of credentials, in the catalogue.
fn of_service(key: &str) -> Option<&'static Key> {
    if key.starts_with("aws:") { None } else { catalogued::key(key) }
}

/// Whether a key in lower case holds a list even where it has one element.
pub fn is_multi_valued(key: &str) -> bool {
    known(key).is_some_and(|known| known.list) || of_service(key).is_some_and(Key::is_multi_valued)
}

/// Whether a key never has a list of values: the global keys that are not known to have one, tags, and the keys of services whose
/// type the catalogue tells.
fn is_single_valued(key: &str) -> bool {
    let global = known(key).is_some_and(|known| known.asked) || tag(key).is_some();
    let of_service = key.split(':').next().is_some_and(|prefix| CATALOGUED.contains(&prefix));
    (global && !known(key).is_some_and(|known| known.list)) || of_service || is_told_as_single(key)
}

fn is_told_as_single(key: &str) -> bool {
    self::of_service(key).is_some_and(|k| !k.kind.is_empty() && !k.is_multi_valued())
}

/// The tag that a key in lower case is about: keys of tags end in a name of the user's.
pub fn tag(key: &str) -> Option<&str> {
    ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/"].iter().find_map(|prefix| key.strip_prefix(prefix))
}

/// Every key that is known by its name, as AWS writes it: all but those of tags.
pub fn known_keys() -> impl Iterator<Item = &'static str> {
    DATA.keys.iter().map(|known| known.key.as_str())
}

/// A key as AWS writes it.
pub fn spelling(key: &str) -> String {
    if let Some(tag) = key.strip_prefix("aws:principaltag/") {
        return format!("aws:PrincipalTag/{tag}");
    }
    let common = known(&key.to_ascii_lowercase()).filter(|known| known.asked).map(|known| known.key.clone());
    common.or_else(|| catalogued::spelling(key)).unwrap_or_else(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in a file is read, and each key once.
    #[test]
    fn the_keys_of_the_file_are_read() {
        assert_eq!(DATA.keys.len(), BY_NAME.len());
        assert!(moment_like(date()) && undocumented().iter().all(|old| known(&old.key.to_ascii_lowercase()).is_none()));
        assert_eq!(type_of("aws:sourceip"), Some(KeyType::IpAddress));
        assert!(is_multi_valued("aws:tagkeys") && !is_multi_valued("aws:sourceip"));
        assert_eq!(spelling("aws:principalorgid"), "aws:PrincipalOrgID");
        let of_services = DATA.keys.iter().filter(|known| !known.key.starts_with("aws:"));
        for key in of_services.map(|known| known.key.to_ascii_lowercase()) {
            assert!(catalogued::key(&key).is_some(), "{key}");
        }
    }

    fn moment_like(date: &str) -> bool {
        crate::moment::parse(date).is_some()
    }
}
