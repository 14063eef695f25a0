//! What is known of a request's condition keys: from the inventory, from the operation, by assumption, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::caller;
use super::context::{KeyValue, Keys};
use super::form::Form;
use super::partial_arn::PartialArn;
use crate::aws::actions;
use crate::aws::keys::catalogued::is_never_carried;
use crate::aws::keys::{CATALOGUED, is_always_carried, is_multi_valued, is_of_services, spelling};
use crate::iam::value::boolean;
use crate::problem::{Failure, Problem};

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It has this value.
    Value(KeyValue),
    /// The request does not carry it.
    Absent,
    /// It has one value, of which nothing is known.
    Present,
    /// It has one value, of which a part is known.
    Like(PartialArn),
    /// It has one value, of this form.
    OfForm(Form),
    /// It has one value in a list, of this form.
    ManyOfForm(Form),
    /// It has one of these values, each with what it is, in words.
    OneOf(Vec<(KeyValue, String)>),
}

/// What is known of the keys of a principal's requests. A key that is not here may be anything, absent included.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    keys: BTreeMap<String, Known>,
    /// What is known of all principals of the account, of keys of which nothing is known here.
    shared: Option<Arc<Knowledge>>,
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

/// Keys that tell when a request is made.
const MOMENTS: [&str; 2] = ["aws:currenttime", "aws:epochtime"];

/// Whether a service makes a request for somebody: every request tells.
pub const VIA_SERVICE: &str = "aws:viaawsservice";

/// Keys that name the services that make a request for somebody. Only requests with `aws:ViaAWSService` carry them, and of those not all:
/// some services are not named (IAM User Guide, `aws:CalledVia`, `aws:ViaAWSService`).
pub const CALLED_VIA: [&str; 3] = ["aws:calledvia", "aws:calledviafirst", "aws:calledvialast"];

/// Keys of these services that a request carries with a value that no one has declared.
const OPEN: [&str; 2] = ["iam:permissionsboundary", "iam:roletemplatearn"];

impl Knowledge {
    /// What is known where these keys are given, and no more.
    pub fn given(keys: &Keys, rest: Rest) -> Self {
        let keys = keys.iter().map(|(k, v)| (k.clone(), Known::Value(v.clone()))).collect();
        Self { keys, rest, ..Self::default() }
    }

    /// What is known of all principals of an account, for one of them.
    pub fn of_account(shared: Arc<Knowledge>) -> Self {
        Self { shared: Some(shared), ..Self::default() }
    }

    fn assumption(&self, key: &str) -> Option<&String> {
        self.assumed.get(key).or_else(|| self.shared.as_ref()?.assumption(key))
    }

    /// What is taken for granted of a key, or of the one that tells whether it is carried.
    fn basis(&self, key: &str) -> Option<&String> {
        let told_by = || CALLED_VIA.contains(&key).then(|| self.assumption(VIA_SERVICE)).flatten();
        self.assumption(key).or_else(told_by)
    }

    /// Whether services make the requests for somebody; `None` where they may or may not.
    fn via_service(&self) -> Option<bool> {
        match self.get(VIA_SERVICE)? {
            Known::Value(value) => Some(value.single().and_then(boolean) == Some(true)),
            Known::Absent => Some(false),
            _ => None,
        }
    }

    /// Settles keys as the user says, those first on which others depend.
    pub fn settle_all(&mut self, settled: &BTreeMap<String, Vec<String>>) -> Result<(), Failure> {
        let (last, first): (Vec<_>, Vec<_>) = settled.iter().partition(|(key, _)| CALLED_VIA.contains(&key.as_str()));
        first.into_iter().chain(last).try_for_each(|(key, values)| self.settle(key, values))
    }

    /// Whether all keys of its prefix that are not told are absent.
    fn has_prefix(&self, key: &str) -> bool {
        self.complete.iter().any(|p| key.starts_with(p)) || self.shared.as_ref().is_some_and(|s| s.has_prefix(key))
    }

    /// The same by itself.
    fn alone(mut self) -> Self {
        if let Some(shared) = self.shared.take() {
            let of_all = Self::clone(&shared).alone();
            // what is told here stands before what is told of all
            let own = std::mem::replace(&mut self.keys, of_all.keys);
            self.keys.extend(own);
            let own = std::mem::replace(&mut self.assumed, of_all.assumed);
            self.assumed.extend(own);
            self.complete.extend(of_all.complete);
        }
        self
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
        if let Some(text) = values.iter().find(|v| key == caller::OF_SOME[0] && !caller::is_userid(v)) {
            let message = format!("`{text}` is no {}", spelling(key));
            let help = "that of a user is its unique id, such as AIDAJQABLZS4A3QDU576Q, and that of a role's session the role's unique \
                        id, a colon and the session's name";
            return Err(Problem::about(spelling(key), message).help(help).into());
        }
        let determined = |by: &'static str| Err(Failure::KeyIsDetermined { key: spelling(key).to_owned(), by });
        match self.get(key) {
            // it is carried, with a value that the inventory does not hold
            None => {}
            // of some principals it is never absent
            Some(Known::Present | Known::OfForm(_)) if values.is_empty() => return Ok(()),
            // it is settled for those who can have it
            Some(Known::OfForm(form)) if !values.iter().all(|v| form.matches(v)) => return Ok(()),
            Some(Known::Present | Known::OfForm(_)) => {}
            Some(_) if self.assumption(key).is_some() => {}
            // it is settled for those of whom it is not known
            Some(_) if caller::OF_SOME.contains(&key) => return Ok(()),
            Some(_) => return determined("the inventory"),
        }
        let via = CALLED_VIA.contains(&key);
        if via && !values.is_empty() && self.via_service() != Some(true) {
            let message = format!("only requests with {} true carry {}", spelling(VIA_SERVICE), spelling(key));
            return Err(Problem::about(spelling(key), message).help("set that one, too").into());
        }
        let prefix = key.split(':').next().unwrap_or_default();
        let of_service = CATALOGUED.contains(&prefix) && !OPEN.contains(&key);
        if of_service
            || (is_of_services(key) && !via)
            || actions::actions().iter().all(|a| is_never_carried(a.lower(), key))
        {
            return determined("the operation");
        }
        if values.is_empty() && is_always_carried(key) {
            let message = format!("every request carries {}: it is never absent", spelling(key));
            return Err(Problem::about(spelling(key), message).help("give its value, or leave it out").into());
        }
        if self.has_prefix(key) {
            // the tags of this principal are declared; the key is settled for those whose tags are not
            return Ok(());
        }
        match values {
            [] => {
                self.assumed.insert(key.to_owned(), format!("{} is absent", spelling(key)));
                self.keys.insert(key.to_owned(), Known::Absent);
            }
            [value] if !is_multi_valued(key) => self.assume(key, KeyValue::One(value.clone())),
            values => self.assume(key, KeyValue::Many(values.to_vec())),
        }
        Ok(())
    }

    /// What every request of the principal carries for a key: its value, or nothing. `None` where requests may differ in it:
    /// what is assumed, the moment, and what is not known.
    pub fn determined(&self, key: &str) -> Option<Option<&KeyValue>> {
        if self.assumption(key).is_some() || MOMENTS.contains(&key) {
            return None;
        }
        self.settled(key)
    }

    /// What is told of a key that is known: its value, or that it is absent; `None` where neither is.
    pub fn settled(&self, key: &str) -> Option<Option<&KeyValue>> {
        match self.get(key) {
            Some(Known::Value(value)) => Some(Some(value)),
            Some(Known::Absent) => Some(None),
            Some(_) => None,
            None => self.is_complete(key).then_some(None),
        }
    }

    /// The same for any request: nothing is assumed, nothing settled, and the moment may be any.
    pub fn of_any_request(self) -> Self {
        let mut alone = self.alone();
        let assumed = std::mem::take(&mut alone.assumed);
        alone.keys.retain(|key, _| !assumed.contains_key(key) && !MOMENTS.contains(&key.as_str()));
        alone
    }

    /// What is known of a key in a request for an action; `None` where it may be anything. `fixed` are the keys of the
    /// action's own service that the request carries, and their values where the operation determines them.
    pub fn of(&self, key: &str, action: &str, fixed: &BTreeMap<String, Option<String>>) -> Option<Known> {
        if let Some(Some(value)) = fixed.get(key) {
            return Some(Known::Value(KeyValue::One(value.clone())));
        }
        // what is settled for one operation is not carried by another
        let elsewhere = self.rest == Rest::Operations && self.assumption(key).is_some();
        if elsewhere && !fixed.contains_key(key) && is_never_carried(action, key) {
            return Some(Known::Absent);
        }
        if let Some(known) = self.get(key) {
            return Some(known.clone());
        }
        let prefix = key.split(':').next().unwrap_or_default();
        let service = action.split(':').next().unwrap_or_default();
        let absent = match self.rest {
            Rest::Absent => true,
            _ if CALLED_VIA.contains(&key) => self.via_service() == Some(false),
            _ if is_always_carried(key) => return Some(Known::Present),
            Rest::Unknown => self.has_prefix(key) || is_never_carried(action, key),
            Rest::Operations if fixed.contains_key(key) => return None,
            Rest::Operations => {
                self.has_prefix(key)
                    || is_of_services(key)
                    || (key.starts_with("aws:resourcetag/") && service != "iam")
                    || CATALOGUED.contains(&prefix)
                    || is_never_carried(action, key)
            }
        };
        absent.then_some(Known::Absent)
    }

    /// What is told of a key by itself.
    pub fn get(&self, key: &str) -> Option<&Known> {
        self.keys.get(key).or_else(|| self.shared.as_ref()?.get(key))
    }

    /// A key that is not told is known to be absent.
    pub fn is_complete(&self, key: &str) -> bool {
        self.get(key).is_none() && self.has_prefix(key)
    }

    /// What is known of all principals of the account, where nothing else is assumed of this one.
    pub fn assumed_of_all(&self) -> Option<&Arc<Knowledge>> {
        self.shared.as_ref().filter(|_| self.assumed.is_empty())
    }

    /// All that is assumed, as a text by which it is compared.
    pub fn assumed_text(&self) -> String {
        let mut text = String::new();
        let shared =
            self.shared.iter().flat_map(|s| s.assumed.iter()).filter(|(key, _)| !self.assumed.contains_key(*key));
        let mut all: Vec<(&String, &String)> = self.assumed.iter().chain(shared).collect();
        all.sort_unstable();
        for (key, assumed) in all {
            text.push_str(key);
            text.push('=');
            text.push_str(assumed);
            text.push('\n');
        }
        text
    }

    /// The assumptions behind these keys, in words.
    pub fn assumptions<'a>(&'a self, keys: &'a BTreeSet<String>) -> impl Iterator<Item = &'a String> {
        keys.iter().filter_map(|k| self.basis(k))
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
        for never in ["aws:requesttag/owner", "aws:tagkeys", "aws:sourceaccount", "s3:prefix", "artifact:reportseries"]
        {
            assert!(knowledge.settle(never, &["x".into()]).is_err(), "{never}");
        }
        for open in ["iam:permissionsboundary", "ec2:sourceinstancearn", "accounts.google.com:aud", "foo:bar"] {
            assert!(knowledge.settle(open, &["x".into()]).is_ok(), "{open}");
        }
        assert!(knowledge.settle("aws:resourcetag/team", &["x".into()]).is_ok(), "a role may have it");
        let tag = |action: &str| knowledge.of("aws:resourcetag/team", action, &BTreeMap::new());
        assert_eq!(tag("artifact:acceptagreement"), Some(Known::Absent));
        assert!(matches!(tag("iam:getrole"), Some(Known::Value(_))));
        assert!(knowledge.settle("aws:sourceip", &[]).is_ok());
        for always in ["aws:securetransport", "aws:requestedregion", "aws:useragent"] {
            assert!(knowledge.settle(always, &[]).is_err(), "{always}");
            assert!(knowledge.settle(always, &["true".into()]).is_ok(), "{always}");
        }
        assert_eq!(knowledge.of("aws:sourceip", "artifact:get", &BTreeMap::new()), Some(Known::Absent));
    }

    #[test]
    fn who_called_is_told_where_a_service_calls_for_somebody() {
        let none = BTreeMap::new();
        let of = |knowledge: &Knowledge| CALLED_VIA.map(|key| knowledge.of(key, "artifact:acceptagreement", &none));
        let absent = || CALLED_VIA.map(|_| Some(Known::Absent));
        let mut assumed = Knowledge::default();
        assert_eq!(of(&assumed), [None, None, None], "nothing is assumed");
        assumed.assume(VIA_SERVICE, KeyValue::One("false".into()));
        assert_eq!(of(&assumed), absent());
        let keys: BTreeSet<String> = CALLED_VIA.map(str::to_owned).into();
        assert!(assumed.assumptions(&keys).all(|a| a == "aws:ViaAWSService is false"));
        assert_eq!(assumed.assumptions(&keys).count(), 3);
        assert!(assumed.settle(CALLED_VIA[0], &["cloudformation.amazonaws.com".into()]).is_err());
        let both = |via: &str| -> BTreeMap<String, Vec<String>> {
            [(CALLED_VIA[0], "cloudformation.amazonaws.com"), (VIA_SERVICE, via)]
                .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
                .into()
        };
        assert!(assumed.clone().settle_all(&both("false")).is_err());
        assert!(assumed.settle_all(&both("true")).is_ok());
        assert_eq!(of(&assumed)[1..], [None, None], "not every service is named");
        assert!(matches!(&of(&assumed)[0], Some(Known::Value(_))));
        for (via, expected) in [("false", absent()), ("true", [None, None, None])] {
            let keys = Keys::from([(VIA_SERVICE.to_owned(), KeyValue::One(via.to_owned()))]);
            assert_eq!(of(&Knowledge::given(&keys, Rest::Unknown)), expected, "{via}");
        }
    }

    #[test]
    fn service_keys_are_absent_unless_the_operation_sends_them() {
        let knowledge = Knowledge::default();
        assert_eq!(knowledge.of("iam:awsservicename", "iam:getrole", &BTreeMap::new()), Some(Known::Absent));
        assert_eq!(knowledge.of("aws:multifactorauthpresent", "iam:getrole", &BTreeMap::new()), None);
        assert_eq!(knowledge.of("ec2:roledelivery", "iam:getrole", &BTreeMap::new()), None);
        assert_eq!(knowledge.of("s3:prefix", "artifact:acceptagreement", &BTreeMap::new()), Some(Known::Absent));
    }

    #[test]
    fn what_every_request_carries_is_there_whatever_is_asked() {
        let none = BTreeMap::new();
        for rest in [Rest::Operations, Rest::Unknown] {
            let knowledge = Knowledge::given(&Keys::new(), rest);
            for key in ["aws:currenttime", "aws:epochtime", "aws:securetransport", "aws:requestedregion"] {
                assert_eq!(knowledge.of(key, "artifact:acceptagreement", &none), Some(Known::Present), "{key}");
            }
            assert_eq!(knowledge.of("aws:sourceip", "artifact:acceptagreement", &none), None);
        }
        let whole = Knowledge::given(&Keys::new(), Rest::Absent);
        assert_eq!(whole.of("aws:currenttime", "s3:getobject", &none), Some(Known::Absent), "nothing else is carried");
    }

    #[test]
    fn what_an_action_does_not_carry_is_absent_in_any_question() {
        let knowledge = Knowledge::given(&Keys::new(), Rest::Unknown);
        let of = |key: &str, action: &str| knowledge.of(key, action, &BTreeMap::new());
        assert_eq!(of("aws:requesttag/owner", "artifact:acceptagreement"), Some(Known::Absent));
        assert_eq!(of("s3:prefix", "s3:getobject"), Some(Known::Absent));
        assert_eq!(of("s3:prefix", "s3:listbucket"), None);
        assert_eq!(of("aws:sourceip", "s3:getobject"), None);
    }
}
