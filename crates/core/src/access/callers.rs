//! Who can make a request, and what a statement with principals says to them. Which callers there are: [`super::population`].
//!
//! A caller determines the keys that tell who it is (`aws:PrincipalArn`, `aws:PrincipalAccount` …), so that a request that is
//! tried is one that can exist. What is not known of a caller stays open, and is tried with every value.

use serde::Serialize;

use super::views::Reading;
use crate::iam::principal::{Principals, Who};
use crate::iam::whom::Beyond;
use crate::permissions::caller;
use crate::permissions::context::KeyValue;
use crate::permissions::knowledge::Known;
use crate::permissions::resource::Reach;

/// What a resource-based policy grants a caller, from less to more: in the account of the resource, it depends on whom the
/// statement names (IAM User Guide, "Policy evaluation logic").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// If its own identity policies grant it too.
    Delegated,
    /// Without identity policies, as far as its boundary and its session policy allow it.
    Direct,
    /// Whatever its boundary and its session policy leave out.
    Past,
}

/// What kind of principal a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Root,
    User,
    Session,
    FederatedUser,
    Service,
    Federated,
    Anonymous,
    /// A named principal of a form that is not understood.
    Other,
}

/// Somebody who makes requests.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What answers call it: an ARN, a service, an identity provider, `*` for an anonymous request.
    pub name: String,
    pub(super) kind: Kind,
    /// What it is named by, and what an `Allow` for that name grants.
    pub(super) names: Vec<(Who, Grant)>,
    /// The names that `NotPrincipal` must list so that a `Deny` surely leaves it out.
    own: Vec<Who>,
    /// It has a boundary: a `Deny` with `NotPrincipal` denies it always.
    bounded: bool,
    keys: Vec<(&'static str, Known)>,
}

/// The keys that callers determine, in lower case, besides those of tags.
pub(super) const KEYS: [&str; 8] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:username",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principalorgid",
    "aws:principalorgpaths",
];
const TAGS: &str = "aws:principaltag/";

/// Whether a key tells who the caller is, or every request of some callers carries it, or none does: whatever [`caller::keys`] says.
pub fn is_of_caller(key: &str) -> bool {
    let more = || caller::OF_SOME.iter().chain(&caller::OF_KINDS);
    KEYS.contains(&key) || key.starts_with(TAGS) || more().any(|known| *known == key)
}

impl Caller {
    /// The same with a permissions boundary.
    pub(super) fn with_boundary(&self) -> Self {
        Self { bounded: true, name: format!("{}, with a permissions boundary", self.name), ..self.clone() }
    }

    /// What every request of the caller carries for a key: its value, or nothing; `None` where requests may differ in it.
    pub fn known(&self, key: &str) -> Option<Option<KeyValue>> {
        // a service, an identity provider and nobody in particular are in no organization; they and root users have no tags
        let outside = matches!(self.kind, Kind::Service | Kind::Federated | Kind::Anonymous);
        let untagged = matches!(self.kind, Kind::Service | Kind::Anonymous | Kind::Root) && key.starts_with(TAGS);
        if untagged || (outside && matches!(key, "aws:principalorgid" | "aws:principalorgpaths")) {
            return Some(None);
        }
        match self.keys.iter().find(|(name, _)| *name == key).map(|(_, known)| known) {
            Some(Known::Value(value)) => Some(Some(value.clone())),
            Some(Known::Absent) => Some(None),
            _ => None,
        }
    }

    /// What is known of a key that every request of the caller carries with a value that may be another each time.
    pub(super) fn carries(&self, key: &str) -> Option<&Known> {
        let known = self.keys.iter().find(|(name, _)| *name == key).map(|(_, known)| known);
        known.filter(|known| !matches!(known, Known::Value(_) | Known::Absent))
    }

    /// It can have identity policies, a boundary or a session policy of its own: more than one kind of grant is to be told apart.
    pub fn has_policies(&self) -> bool {
        matches!(self.kind, Kind::User | Kind::Session | Kind::FederatedUser)
    }

    /// What an `Allow` for a name grants the caller; `None` if it is not named by it.
    fn grant(&self, who: &Who, reading: Reading) -> Option<Grant> {
        let beyond = match self.kind {
            Kind::Service => Beyond::Service,
            Kind::Federated => Beyond::Provider,
            _ => Beyond::No,
        };
        let holds = match who {
            Who::Everyone | Who::AnyAws => reading.star.names(beyond).contains(&who.name().as_str()),
            Who::Service(name) if name == "*" => self.kind == Kind::Service,
            Who::Federated(name) if name == "*" => self.kind == Kind::Federated,
            who => return self.names.iter().find(|(name, _)| name == who).map(|(_, grant)| *grant),
        };
        // `*` grants whoever it is about by itself, not by a role
        holds.then_some(Grant::Past)
    }

    /// Whether a statement with these principals is about the caller; an `Allow` counts only if it grants this much.
    pub fn is_among(&self, principals: &Principals, allow: bool, grant: Grant, reading: Reading) -> bool {
        let listed = |who: &Who| self.grant(who, reading);
        match (principals.negated, allow) {
            (false, true) => principals.who.iter().filter_map(listed).any(|g| g >= grant),
            // a denial for `*` is about everyone
            (false, false) => principals.who.iter().any(|who| *who == Who::Everyone || listed(who).is_some()),
            (true, true) => !principals.who.iter().any(|who| *who == Who::Everyone || listed(who).is_some()),
            (true, false) => !self.is_left_out(principals, reading),
        }
    }

    /// Whether a `Deny` for all but these principals leaves the caller out. AWS says that the account is to be listed beside
    /// the user or role; where it is not, or is listed alone, the readings differ.
    fn is_left_out(&self, principals: &Principals, reading: Reading) -> bool {
        let everyone = |who: &Who| match who {
            Who::Everyone => true,
            Who::AnyAws => self.grant(who, reading).is_some(),
            _ => false,
        };
        let whole = principals.who.iter().any(everyone) || self.own.iter().all(|own| principals.who.contains(own));
        let partly = principals.who.iter().any(|who| self.grant(who, reading).is_some());
        !self.bounded && (whole || (partly && reading.partly_named_is_left_out))
    }

    /// Only some of the names that a `Deny` for all but these principals would have to list are listed.
    pub fn is_partly_named(&self, principals: &Principals) -> bool {
        let reading = Reading::default();
        let strict = Reading { partly_named_is_left_out: false, ..reading };
        principals.negated && self.is_left_out(principals, reading) != self.is_left_out(principals, strict)
    }
}

impl Caller {
    /// A caller of these names and keys, without a boundary.
    pub(super) fn new(name: &str, kind: Kind, own: Vec<Who>, keys: Vec<(&'static str, Known)>) -> Self {
        let mut caller =
            Self { name: name.to_owned(), kind, names: Vec::new(), own: own.clone(), bounded: false, keys };
        caller.with_names(own);
        caller
    }

    /// The same with more names, which `NotPrincipal` need not list.
    pub(super) fn with_names(&mut self, more: Vec<Who>) {
        let all: Vec<Who> = self.names.drain(..).map(|(who, _)| who).chain(more).collect();
        let names: Vec<String> = all.iter().map(Who::name).collect();
        let grant = |who: &Who| match Reach::of(&who.name(), &names) {
            // the root user has no policies that could leave anything out
            _ if self.kind == Kind::Root => Grant::Past,
            Reach::Direct => Grant::Past,
            Reach::Role => Grant::Direct,
            Reach::Account => Grant::Delegated,
        };
        self.names = all.iter().map(|who| (who.clone(), grant(who))).collect();
    }
}
