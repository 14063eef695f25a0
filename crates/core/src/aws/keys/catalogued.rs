//! What the catalogue tells of a condition key: how AWS writes it, what its values are, and which actions carry it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::{CATALOGUED, tag};
use crate::aws::actions;
use crate::aws::catalogue::{self, Catalogue, Key};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

/// The key of this name, global or of the service that its prefix names; case does not matter.
pub fn key(name: &str) -> Option<&'static Key> {
    let (prefix, _) = name.split_once(':')?;
    let own = || CATALOGUE.service(prefix)?.key(name);
    catalogue::find(catalogue::global_keys(), name).or_else(own)
}

/// The same, also where only another service has it (`logs:LogGeneratingResourceArns` is a key of X-Ray's).
pub fn key_of_any(name: &str) -> Option<&'static Key> {
    let of = |prefix| CATALOGUE.service(prefix)?.key(name);
    key(name).or_else(|| CATALOGUE.prefixes().find_map(of))
}

/// The name of a key as AWS writes it, with what the user names in it as it is.
pub fn spelling(name: &str) -> Option<String> {
    let found = key(name)?;
    let fixed = found.name.split(['$', '<']).next().unwrap_or_default();
    let fixed = fixed.strip_suffix("tag-key").unwrap_or(fixed);
    Some(format!("{fixed}{}", name.get(fixed.len()..).unwrap_or_default()))
}

/// What is known of the prefix of a key.
pub enum Prefix {
    /// A service whose keys are known: their names.
    Service(Vec<&'static str>),
    /// No service has it: the prefixes that there are.
    None(Vec<&'static str>),
    /// A provider of identities, a service that has ended, or one of whose keys nothing is known.
    Open,
}

/// What is known of the prefix of a key.
pub fn prefix(text: &str) -> Prefix {
    let other = text.contains(['.', '/']) || catalogue::other_prefixes().any(|p| p.eq_ignore_ascii_case(text));
    match CATALOGUE.service(text) {
        _ if other => Prefix::Open,
        Some(service) if service.keys.is_empty() => Prefix::Open,
        Some(service) => Prefix::Service(service.keys.iter().map(|k| k.name.as_str()).collect()),
        None if catalogue::known_service(text).is_some() => Prefix::Open,
        None => Prefix::None(CATALOGUE.prefixes().collect()),
    }
}

/// Whether no request for an action carries a key, both in lower case: the key tells of something that only other actions ask for. Global
/// keys but those of tags, and those of credentials, are carried by every action; where the catalogue does not have the action or
/// the key, nothing is said.
pub fn is_never_carried(action: &str, name: &str) -> bool {
    let (Some((service, short)), Some((prefix, _))) = (action.split_once(':'), name.split_once(':')) else {
        return false;
    };
    let is_tag = name == "aws:tagkeys" || tag(name).is_some_and(|_| !name.starts_with("aws:principaltag/"));
    let precise = CATALOGUED.contains(&service);
    if is_tag {
        // what the catalogue tells of the tags of resources is not whole
        let said = precise || !name.starts_with("aws:resourcetag/");
        return said && known(service, short).is_some_and(|of| !of.carries(name));
    }
    if prefix == "aws" {
        return false;
    }
    NEVER.with_borrow_mut(|found| {
        if found.len() > MOST {
            found.clear();
        }
        let asked = (action.to_owned(), name.to_owned());
        *found.entry(asked).or_insert_with(|| is_of_other_actions((service, short), (prefix, name)))
    })
}

/// So many findings are kept.
const MOST: usize = 4096;

thread_local! {
    /// What was found: evaluation asks again and again about the keys of a policy.
    static NEVER: RefCell<HashMap<(String, String), bool>> = RefCell::default();
}

/// Whether a key of a service is one that its actions carry, and not this one.
fn is_of_other_actions((service, short): (&str, &str), (prefix, name): (&str, &str)) -> bool {
    let credentials = || catalogue::find(catalogue::global_keys(), name).is_some();
    if credentials() || CATALOGUE.service(prefix).is_none_or(|s| s.key(name).is_none()) {
        return false;
    }
    // a key that no action is said to carry is told of sessions, or the catalogue does not tell
    let told = CATALOGUE.service(prefix).is_some_and(|s| s.actions.iter().any(|a| of(s, a).carries(name)));
    told && known(service, short).is_some_and(|of| !of.carries(name))
}

/// The keys of an action.
struct Carried<'c> {
    keys: Vec<&'c Key>,
    /// What `data/actions.json` says, for an action of AWS Artifact that the catalogue no longer has.
    own: Option<&'static actions::Action>,
}

impl Carried<'_> {
    fn carries(&self, name: &str) -> bool {
        self.keys.iter().any(|k| k.is_named(name)) || self.own.is_some_and(|a| a.carries(name))
    }
}

fn known(service: &str, short: &str) -> Option<Carried<'static>> {
    let own = actions::action(&format!("{service}:{short}"));
    let found = CATALOGUE.service(service).and_then(|s| Some(of(s, s.action(short)?)));
    match (found, own) {
        (None, None) => None,
        (Some(found), own) => Some(Carried { own, ..found }),
        (None, own) => Some(Carried { keys: Vec::new(), own }),
    }
}

/// The keys of an action and of the types of resources that it is asked on.
fn of<'c>(service: &'c catalogue::Service, action: &'c catalogue::Action) -> Carried<'c> {
    let types = action.resources.iter().filter_map(|(name, _)| service.resource(name));
    let keys = service.keys_of(action).chain(types.flat_map(|ty| service.keys_about(ty))).collect();
    Carried { keys, own: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_aws_writes_them() {
        for (name, written) in [
            ("aws:requesttag/owner", "aws:RequestTag/owner"),
            ("sts:durationseconds", "sts:DurationSeconds"),
            ("identitystore:userid", "identitystore:UserId"),
            ("ec2:islaunchtemplateresource", "ec2:IsLaunchTemplateResource"),
            ("s3:existingobjecttag/team", "s3:ExistingObjectTag/team"),
            ("aws:resourcetag/x", "aws:ResourceTag/x"),
        ] {
            assert_eq!(spelling(name).as_deref(), Some(written));
        }
        assert_eq!(spelling("foo:bar"), None);
    }

    #[test]
    fn actions_carry_their_own_keys_and_the_global_ones() {
        for (action, key, never) in [
            ("artifact:acceptagreement", "aws:requesttag/owner", true),
            ("artifact:acceptagreement", "aws:tagkeys", true),
            ("artifact:acceptagreement", "aws:resourcetag/owner", true),
            ("artifact:acceptagreement", "s3:prefix", true),
            ("artifact:acceptagreement", "artifact:reportseries", true),
            ("artifact:downloadagreement", "aws:requesttag/owner", true),
            ("artifact:acceptagreement", "aws:principaltag/owner", false),
            ("artifact:acceptagreement", "aws:sourceip", false),
            ("artifact:acceptagreement", "ec2:sourceinstancearn", false),
            ("artifact:acceptagreement", "lambda:sourcefunctionarn", false),
            ("artifact:acceptagreement", "accounts.google.com:aud", false),
            ("artifact:acceptagreement", "foo:bar", false),
            ("artifact:getreport", "artifact:reportseries", false),
            ("artifact:createcomplianceinquiry", "aws:requesttag/owner", false),
            ("artifact:getcomplianceinquirymetadata", "aws:resourcetag/owner", false),
            ("iam:createrole", "aws:requesttag/owner", false),
            ("iam:getrole", "iam:resourcetag/owner", false),
            ("s3:listbucket", "s3:prefix", false),
            ("s3:getobject", "s3:prefix", true),
            ("s3:getobject", "s3:existingobjecttag/team", false),
            ("s3:getobject", "aws:resourcetag/team", false),
            ("sts:assumerole", "sts:externalid", false),
            ("sts:assumerole", "saml:aud", false),
            ("nosuch:action", "s3:prefix", false),
        ] {
            assert_eq!(is_never_carried(action, key), never, "{action} {key}");
        }
    }
}
