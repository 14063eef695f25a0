//! The actions of the services that AWS Artifact needs: what they act on, which keys they carry, and since when AWS has
//! deprecated them (`data/actions.json`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::resources::{self, Type};
use crate::iam::template::{Syntax, Template};

/// An action.
#[derive(Debug)]
pub struct Action {
    /// `artifact:GetReport`, as AWS writes it.
    pub name: String,
    /// The types of resources that it acts on; none for an action that is asked on `*`.
    pub resources: Vec<&'static Type>,
    /// The condition keys that its requests carry besides the global ones; one that ends in `/` stands for all tags.
    pub keys: Vec<String>,
    /// The actions that took its place.
    pub replaced_by: Vec<String>,
    deprecation: Option<Deprecation>,
    /// The name in lower case.
    lower: String,
}

/// That AWS has deprecated actions, and since when.
#[derive(Clone, Debug, Deserialize)]
struct Deprecation {
    since: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
struct Data {
    deprecations: BTreeMap<String, Deprecation>,
    actions: Vec<ActionData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionData {
    action: String,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    replaced_by: Vec<String>,
    deprecated: Option<String>,
}

/// The file of the actions.
pub(crate) const TEXT: &str = include_str!("../../../../data/actions.json");

static ACTIONS: LazyLock<Vec<Action>> = LazyLock::new(|| {
    let data: Data = serde_json::from_str(TEXT).unwrap_or_default();
    let deprecations = data.deprecations;
    let action = |a: ActionData| Action {
        lower: a.action.to_ascii_lowercase(),
        resources: a.resources.iter().filter_map(|name| resources::named(name)).collect(),
        deprecation: a.deprecated.and_then(|d| deprecations.get(&d).cloned()),
        name: a.action,
        keys: a.keys,
        replaced_by: a.replaced_by,
    };
    data.actions.into_iter().map(action).collect()
});

/// Every action that is known.
pub fn actions() -> &'static [Action] {
    &ACTIONS
}

/// The action of this name; case does not matter.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|a| a.name.eq_ignore_ascii_case(name))
}

/// The actions that a pattern reaches; case does not matter.
pub fn matching(pattern: &str) -> impl Iterator<Item = &'static Action> {
    let syntax = Syntax { wildcards: true, variables: false };
    let template = Template::parse(pattern, syntax).unwrap_or_default().to_lower();
    ACTIONS.iter().filter(move |a| template.matches(&a.lower))
}

impl Action {
    /// Since when AWS has deprecated it, by partition; nothing where it has not.
    pub fn deprecated(&self) -> impl Iterator<Item = (&str, &str)> {
        self.deprecation.iter().flat_map(|d| &d.since).map(|(partition, day)| (partition.as_str(), day.as_str()))
    }

    /// Whether AWS has deprecated it, in whichever partition.
    pub fn is_deprecated(&self) -> bool {
        self.deprecation.is_some()
    }

    /// Since when AWS has deprecated it in a partition.
    pub fn deprecated_in(&self, partition: &str) -> Option<&str> {
        self.deprecated().find(|(p, _)| *p == partition).map(|(_, day)| day)
    }

    /// The name in lower case.
    pub fn lower(&self) -> &str {
        &self.lower
    }

    /// The service's prefix.
    pub fn service(&self) -> &str {
        self.name.split(':').next().unwrap_or_default()
    }

    /// The name without the prefix.
    pub fn short(&self) -> &str {
        self.name.split(':').nth(1).unwrap_or_default()
    }

    /// Whether its requests carry a key, given in any case. Global keys are carried by all.
    pub fn carries(&self, key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        self.keys.iter().map(|k| k.to_ascii_lowercase()).any(|k| k == key || (k.ends_with('/') && key.starts_with(&k)))
    }

    /// The keys of the action's own service that its requests carry.
    pub fn own_keys(&self) -> impl Iterator<Item = &str> + Clone {
        let service = format!("{}:", self.service());
        self.keys.iter().map(String::as_str).filter(move |key| key.starts_with(&service) && !key.ends_with('/'))
    }
}

/// A key of a service that is known here, as AWS writes it, for any case.
pub fn service_key(key: &str) -> Option<&'static str> {
    let named = ACTIONS.iter().flat_map(|a| &a.keys).filter(|k| !k.ends_with('/') && !k.starts_with("aws:"));
    named.map(String::as_str).find(|k| k.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_whole() {
        let text: serde_json::Value = serde_json::from_str(include_str!("../../../../data/actions.json")).unwrap();
        assert_eq!(actions().len(), text["actions"].as_array().unwrap().len());
        for (action, data) in actions().iter().zip(text["actions"].as_array().unwrap()) {
            assert_eq!(action.resources.len(), data["resources"].as_array().map_or(0, Vec::len), "{}", action.name);
            assert_eq!(action.is_deprecated(), data.get("deprecated").is_some(), "{}", action.name);
            assert!(action.replaced_by.iter().all(|a| super::action(a).is_some_and(|a| !a.is_deprecated())));
        }
        assert_eq!(actions().iter().filter(|a| a.service() == "artifact").count(), 26);
        assert_eq!(action("ARTIFACT:getreport").map(Action::short), Some("GetReport"));
        assert_eq!(matching("artifact:*Agreement").count(), 7);
    }

    #[test]
    fn two_actions_are_deprecated() {
        let deprecated: Vec<&str> = actions().iter().filter(|a| a.is_deprecated()).map(|a| a.name.as_str()).collect();
        assert_eq!(deprecated, ["artifact:DownloadAgreement", "artifact:Get"]);
        let get = action("artifact:Get").unwrap();
        assert_eq!(get.deprecated_in("aws"), Some("2025-03-03"));
        assert_eq!(get.deprecated_in("aws-us-gov"), Some("2025-07-01"));
        assert_eq!(action("artifact:GetReport").unwrap().deprecated_in("aws"), None);
    }
}
