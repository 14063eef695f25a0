//! What is known of a request's condition keys: from the inventory, from the operation, by assumption, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{KeyValue, Keys};
use crate::aws::keys::{CATALOGUED, MULTI_VALUED, spelling};
use crate::iam::template::Template;
use crate::problem::Failure;

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It has this value.
    Value(KeyValue),
    /// The request does not carry it.
    Absent,
    /// It has one value, which one of these patterns matches.
    Like(Vec<Template>),
    /// It has one value in a list, which this pattern matches.
    ManyLike(Template),
    /// It has one of these values, each with what it is, in words.
    OneOf(Vec<(KeyValue, String)>),
}

/// What is known of the keys of a principal's requests. A key that is not here may be anything, absent included.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    keys: BTreeMap<String, Known>,
    /// Prefixes (`aws:principaltag/`) whose other keys are absent.
    complete: Vec<&'static str>,
    /// Keys that are assumed, and how to say so.
    assumed: BTreeMap<String, String>,
    /// What every other key is.
    rest: Rest,
}

/// What a key is of which nothing is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// As the requests of AWS Artifact's operations carry them: what no such request carries is absent.
    #[default]
    Operations,
    /// Absent.
    Absent,
    /// Anything, or absent.
    Unknown,
}

/// Keys that only calls on behalf of AWS services carry, and tags that none of the operations sends.
const NEVER_CARRIED: [&str; 10] = [
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:tagkeys",
];

/// Keys that tell when a request is made.
const MOMENTS: [&str; 2] = ["aws:currenttime", "aws:epochtime"];

/// Keys of these services that a request carries with a value that no one has declared.
const OPEN: [&str; 2] = ["iam:permissionsboundary", "iam:roletemplatearn"];

impl Knowledge {
    /// What is known where these keys are given, and no more.
    pub fn given(keys: &Keys, rest: Rest) -> Self {
        let keys = keys.iter().map(|(k, v)| (k.clone(), Known::Value(v.clone()))).collect();
        Self { keys, rest, ..Self::default() }
    }

    /// A key with one value.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.keys.insert(key.to_owned(), Known::Value(KeyValue::One(value.into())));
    }

    /// What is known of a key.
    pub fn insert(&mut self, key: &str, known: Known) {
        self.keys.insert(key.to_owned(), known);
    }

    /// All keys of this prefix that are not set are absent.
    pub fn complete(&mut self, prefix: &'static str) {
        self.complete.push(prefix);
    }

    /// A key that is assumed to have this value.
    pub fn assume(&mut self, key: &str, value: KeyValue) {
        self.assumed.insert(key.to_owned(), format!("{} is {}", spelling(key), value.values().join(", ")));
        self.keys.insert(key.to_owned(), Known::Value(value));
    }

    /// Settles a key as the user says: no value is its absence. What the inventory determines cannot be
    /// settled otherwise.
    pub fn settle(&mut self, key: &str, values: &[String]) -> Result<(), Failure> {
        let determined = |by: &'static str| Err(Failure::KeyIsDetermined { key: spelling(key).to_owned(), by });
        if self.keys.contains_key(key) && !self.assumed.contains_key(key) {
            return determined("the inventory");
        }
        let prefix = key.split(':').next().unwrap_or_default();
        if CATALOGUED.contains(&prefix) && !OPEN.contains(&key) {
            return determined("the operation");
        }
        if self.complete.iter().any(|p| key.starts_with(p)) {
            // the tags of this principal are declared; the key is settled for those whose tags are not
            return Ok(());
        }
        match values {
            [] => {
                self.assumed.insert(key.to_owned(), format!("{} is absent", spelling(key)));
                self.keys.insert(key.to_owned(), Known::Absent);
            }
            [value] if !MULTI_VALUED.contains(&key) => self.assume(key, KeyValue::One(value.clone())),
            values => self.assume(key, KeyValue::Many(values.to_vec())),
        }
        Ok(())
    }

    /// What every request of the principal carries for a key: its value, or nothing. `None` where requests may differ in it:
    /// what is assumed, the moment, and what is not known.
    pub fn determined(&self, key: &str) -> Option<Option<&KeyValue>> {
        if self.assumed.contains_key(key) || MOMENTS.contains(&key) {
            return None;
        }
        match self.keys.get(key) {
            Some(Known::Value(value)) => Some(Some(value)),
            Some(Known::Absent) => Some(None),
            Some(_) => None,
            None => self.complete.iter().any(|p| key.starts_with(p)).then_some(None),
        }
    }

    /// The same for any request: nothing is assumed, nothing settled, and the moment may be any.
    pub fn of_any_request(mut self) -> Self {
        let assumed = std::mem::take(&mut self.assumed);
        self.keys.retain(|key, _| !assumed.contains_key(key) && !MOMENTS.contains(&key.as_str()));
        self
    }

    /// What is known of a key in a request for an action; `None` where it may be anything. `fixed` are the keys of the
    /// action's own service that the request carries, and their values where the operation determines them.
    pub fn of(&self, key: &str, action: &str, fixed: &BTreeMap<String, Option<String>>) -> Option<Known> {
        if let Some(Some(value)) = fixed.get(key) {
            return Some(Known::Value(KeyValue::One(value.clone())));
        }
        if let Some(known) = self.keys.get(key) {
            return Some(known.clone());
        }
        match self.rest {
            Rest::Absent => return Some(Known::Absent),
            Rest::Unknown => return None,
            Rest::Operations if fixed.contains_key(key) => return None,
            Rest::Operations => {}
        }
        let service = action.split(':').next().unwrap_or_default();
        let prefix = key.split(':').next().unwrap_or_default();
        let absent = self.complete.iter().any(|p| key.starts_with(p))
            || NEVER_CARRIED.contains(&key)
            || key.starts_with("aws:requesttag/")
            || (key.starts_with("aws:resourcetag/") && service != "iam")
            || CATALOGUED.contains(&prefix);
        absent.then_some(Known::Absent)
    }

    /// What is told of a key by itself.
    pub fn get(&self, key: &str) -> Option<&Known> {
        self.keys.get(key)
    }

    /// A key that is not told is known to be absent.
    pub fn is_complete(&self, key: &str) -> bool {
        !self.keys.contains_key(key) && self.complete.iter().any(|p| key.starts_with(p))
    }

    /// All that is assumed, as a text by which it is compared.
    pub fn assumed_text(&self) -> String {
        let mut text = String::new();
        for (key, assumed) in &self.assumed {
            text.push_str(key);
            text.push('=');
            text.push_str(assumed);
            text.push('\n');
        }
        text
    }

    /// The assumptions behind these keys, in words.
    pub fn assumptions<'a>(&'a self, keys: &'a BTreeSet<String>) -> impl Iterator<Item = &'a String> {
        keys.iter().filter_map(|k| self.assumed.get(k))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settles_only_what_is_open() {
        let mut knowledge = Knowledge::default();
        knowledge.set("aws:principalarn", "arn:aws:iam::111122223333:user/a");
        knowledge.assume("aws:securetransport", KeyValue::One("true".into()));
        assert!(knowledge.settle("aws:principalarn", &["x".into()]).is_err());
        assert!(knowledge.settle("aws:securetransport", &["false".into()]).is_ok());
        assert!(knowledge.settle("iam:awsservicename", &["x".into()]).is_err());
        knowledge.complete("aws:principaltag/");
        assert!(knowledge.settle("aws:principaltag/team", &["x".into()]).is_ok());
        assert_eq!(knowledge.of("aws:principaltag/team", "iam:getrole", &BTreeMap::new()), Some(Known::Absent));
        assert!(knowledge.settle("aws:sourceip", &[]).is_ok());
        assert_eq!(knowledge.of("aws:sourceip", "artifact:get", &BTreeMap::new()), Some(Known::Absent));
    }

    #[test]
    fn service_keys_are_absent_unless_the_operation_sends_them() {
        let knowledge = Knowledge::default();
        assert_eq!(knowledge.of("iam:awsservicename", "iam:getrole", &BTreeMap::new()), Some(Known::Absent));
        assert_eq!(knowledge.of("aws:multifactorauthpresent", "iam:getrole", &BTreeMap::new()), None);
        assert_eq!(knowledge.of("ec2:roledelivery", "iam:getrole", &BTreeMap::new()), None);
    }
}
