//! As whom a principal of the inventory asks to become a role: a user as itself; a role, or whoever has a permission set, in a session,
//! whose name is theirs to choose.

use std::collections::BTreeSet;

use super::context::KeyValue;
use super::knowledge::Known;
use super::names::{Caller, CallerKind};
use crate::iam::principal::Who;
use crate::iam::segments;
use crate::iam::whom::{ALL, ANY_AWS, EVERYONE};
use crate::inventory::permission_sets::{is_path_of_set, is_role_of_set};
use crate::terms::PrincipalKind;

/// The names that a caller has, and those that `NotPrincipal` must list to except it.
pub struct Named {
    pub names: Known,
    pub excepted: Known,
}

/// Somebody of the inventory, by what policies may name them by.
#[derive(Clone, Copy)]
pub struct Somebody<'p> {
    pub arn: &'p str,
    pub account: &'p str,
    pub kind: PrincipalKind,
    /// The last part of the ARN, or the name of the permission set.
    pub name: &'p str,
}

impl Somebody<'_> {
    /// The ARN of its role is known: it ends in `*` where the role of a permission set is not in the inventory.
    fn is_known(&self) -> bool {
        self.kind != PrincipalKind::PermissionSet || !self.arn.ends_with('*')
    }

    /// Whether an ARN is that of its role, or may be, where only the start of that is known.
    fn is_role(&self, arn: &str) -> bool {
        let Some(role) = self.own(arn, "iam").filter(|_| !self.is_known()) else {
            return arn == self.arn;
        };
        let path = role.strip_prefix("role/aws-reserved/sso.amazonaws.com/");
        arn == self.arn || path.is_some_and(|path| is_path_of_set(path, self.name))
    }

    /// Whether an ARN is that of a session of its role, whose path such an ARN leaves out, or may be.
    fn is_session(&self, arn: &str) -> bool {
        let session = self.own(arn, "sts").and_then(|name| name.strip_prefix("assumed-role/"));
        session.and_then(|s| s.split('/').next()).is_some_and(|role| match self.kind {
            PrincipalKind::User | PrincipalKind::Root => false,
            _ if self.is_known() => self.arn.rsplit('/').next() == Some(role),
            _ => is_role_of_set(role, self.name),
        })
    }

    /// What an ARN of a service in its account names.
    fn own<'a>(&self, arn: &'a str, service: &str) -> Option<&'a str> {
        match arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
            ["arn", _, of, "", account, name] if *of == service && *account == self.account => Some(*name),
            _ => None,
        }
    }

    /// Whether a policy that names somebody is about it.
    pub fn is(&self, who: &Who) -> bool {
        match who {
            Who::Everyone | Who::AnyAws => true,
            Who::Account(number) => number == self.account,
            Who::Aws(arn) => self.is_role(arn) || self.is_session(arn),
            Who::Service(_) | Who::Federated(_) | Who::CanonicalUser(_) => false,
        }
    }

    /// The ways in which it can ask, as far as policies that name these tell them apart. It chooses one of them.
    pub fn asks(&self, named: &BTreeSet<Who>, bounded: bool) -> Vec<Named> {
        let account = Some(self.account.to_owned());
        let named_arns = || named.iter().filter_map(|w| if let Who::Aws(arn) = w { Some(arn.as_str()) } else { None });
        if !matches!(self.kind, PrincipalKind::Role | PrincipalKind::PermissionSet) {
            let kind = if self.kind == PrincipalKind::Root { CallerKind::Root } else { CallerKind::User };
            let caller = Caller { kind, name: self.arn.to_owned(), account };
            return vec![Named { names: caller.names(None, named), excepted: caller.excepted(None, named, bounded) }];
        }
        // what names a role whose ARN is not known may mean another one
        let mut roles = vec![self.arn];
        roles.extend(named_arns().filter(|arn| *arn != self.arn && self.is_role(arn)));
        let partition = segments(self.arn).map_or_else(|| "aws".to_owned(), |[_, partition, ..]| partition);
        let other = format!("arn:{partition}:sts::{}:assumed-role/{}/*", self.account, self.name);
        let sessions = named_arns().filter(|arn| self.is_session(arn)).map(|session| match self.is_known() {
            true => vec![session],
            false => vec![other.as_str(), session],
        });
        let ask = |sessions: Vec<&str>| {
            let (mut names, mut excepted) = (Vec::new(), Vec::new());
            for session in sessions {
                let caller = Caller { kind: CallerKind::Session, name: session.to_owned(), account: account.clone() };
                for role in &roles {
                    names.push((caller.names(Some(role), named), *role));
                    excepted.push((caller.excepted(Some(role), named, bounded), *role));
                }
            }
            Named { names: one_of(names), excepted: one_of(excepted) }
        };
        std::iter::once(vec![other.as_str()]).chain(sessions).map(ask).collect()
    }
}

/// What holds in one of several ways, each with the role that it is told by.
fn one_of(ways: Vec<(Known, &str)>) -> Known {
    let mut found: Vec<(KeyValue, String)> = Vec::new();
    for (known, role) in ways {
        match known {
            Known::Value(value) => found.push((value, role.to_owned())),
            Known::OneOf(values) => found.extend(values),
            other => return other,
        }
    }
    match found.as_slice() {
        [(value, _)] => Known::Value(value.clone()),
        _ => Known::OneOf(found),
    }
}

/// Whom a policy names and who is not in the inventory, as a caller: the keys that it determines, and the ways in which it can ask.
pub fn outside(who: &Who, named: &BTreeSet<Who>) -> (Vec<(&'static str, Known)>, Vec<Named>) {
    let of = |kind: CallerKind, name: &str, account: Option<String>| Caller { kind, name: name.to_owned(), account };
    let caller = match who {
        Who::Service(name) => Some(of(CallerKind::Service, name, None)),
        Who::Federated(name) => Some(of(CallerKind::Provider, name, None)),
        Who::CanonicalUser(id) => Some(of(CallerKind::CanonicalUser, id, None)),
        Who::Aws(arn) => Caller::parse(arn, "sts:AssumeRole").ok(),
        // somebody of an account, of whom nothing else is known
        Who::Account(number) => Some(of(CallerKind::Root, number, Some(number.clone()))),
        Who::Everyone | Who::AnyAws => None,
    };
    let sources = || of(CallerKind::CanonicalUser, "", None).keys();
    let one = |text: &str| Known::Value(KeyValue::One(text.to_owned()));
    let Some(caller) = caller else {
        let mut own: Vec<String> = [ALL, EVERYONE, ANY_AWS].map(str::to_owned).into();
        own.extend(matches!(who, Who::Aws(_)).then(|| who.name()));
        let excepted = Known::Value(KeyValue::Many(vec![who.name()]));
        return (sources(), vec![Named { names: Known::Value(KeyValue::Many(own)), excepted }]);
    };
    let keys = match who {
        Who::Account(number) => sources().into_iter().chain([("aws:principalaccount", one(number))]).collect(),
        _ => caller.keys(),
    };
    let asks = match (caller.kind, &caller.account) {
        (CallerKind::Role, Some(account)) => {
            let name = caller.name.rsplit('/').next().unwrap_or_default();
            let role = Somebody { arn: &caller.name, account, kind: PrincipalKind::Role, name };
            role.asks(named, false)
        }
        _ => vec![Named { names: caller.names(None, named), excepted: caller.excepted(None, named, false) }],
    };
    (keys, asks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/dept/legal";

    fn values(named: &Named) -> Vec<String> {
        let Known::Value(value) = &named.names else { panic!("{:?}", named.names) };
        value.values().to_vec()
    }

    #[test]
    fn a_role_asks_in_a_session_of_any_name() {
        let session = "arn:aws:sts::111122223333:assumed-role/legal/jo";
        let other = "arn:aws:sts::111122223333:assumed-role/illegal/jo";
        let named: BTreeSet<Who> = [session, other].map(|arn| Who::Aws(arn.to_owned())).into();
        let role = Somebody { arn: ROLE, account: "111122223333", kind: PrincipalKind::Role, name: "legal" };
        let asks: Vec<Vec<String>> = role.asks(&named, false).iter().map(values).collect();
        assert_eq!(asks.len(), 2, "{asks:?}");
        assert!(asks.iter().all(|names| names.contains(&ROLE.to_owned())));
        assert_eq!(asks.iter().map(|n| n.contains(&session.to_owned())).collect::<Vec<_>>(), [false, true]);
        assert!(!asks.concat().contains(&other.to_owned()));
        assert!(role.is(&Who::Aws(session.to_owned())) && !role.is(&Who::Aws(other.to_owned())));
    }

    #[test]
    fn the_role_of_a_permission_set_is_known_by_its_name() {
        let arn = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Legal_*";
        let set = Somebody { arn, account: "111122223333", kind: PrincipalKind::PermissionSet, name: "Legal" };
        let named = |role: &str| format!("arn:aws:iam::111122223333:role/{role}");
        let own = named("aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Legal_0123456789abcdef");
        let not = [
            named("AWSReservedSSO_Legal_0123456789abcdef"),
            own.replace("Legal", "Legals"),
            own.replace("111122223333", "444455556666"),
        ];
        assert!(set.is(&Who::Aws(own.clone())));
        assert!(not.iter().all(|arn| !set.is(&Who::Aws(arn.clone()))));
        let all: BTreeSet<Who> = not.iter().cloned().chain([own.clone()]).map(Who::Aws).collect();
        // the suffix is not known: whom that ARN means may be another role
        let Known::OneOf(ways) = &set.asks(&all, false)[0].names else { panic!("certain") };
        assert!(ways.iter().any(|(way, _)| way.values().contains(&own)));
        assert!(ways.iter().any(|(way, _)| !way.values().contains(&own)));
        assert!(ways.iter().all(|(way, _)| not.iter().all(|n| !way.values().contains(n))));
        // the role is in the inventory: its ARN is compared whole, the Region and the suffix with it
        let listed = Somebody { arn: &own, ..set };
        let stale = [own.replace("0123456789abcdef", "9999456789abcdef"), own.replace("eu-west-1", "us-west-2")];
        let all: BTreeSet<Who> = stale.iter().cloned().chain([own.clone()]).map(Who::Aws).collect();
        assert!(listed.is(&Who::Aws(own.clone())) && stale.iter().all(|arn| !listed.is(&Who::Aws(arn.clone()))));
        let asks = listed.asks(&all, false);
        assert!(values(&asks[0]).contains(&own) && stale.iter().all(|arn| !values(&asks[0]).contains(arn)));
        let session = |role: &str| Who::Aws(format!("arn:aws:sts::111122223333:assumed-role/{role}/jo"));
        let [this, that] =
            ["0123456789abcdef", "9999456789abcdef"].map(|s| session(&format!("AWSReservedSSO_Legal_{s}")));
        assert!(listed.is(&this) && !listed.is(&that) && set.is(&this) && set.is(&that));
    }

    #[test]
    fn a_user_asks_as_itself() {
        let arn = "arn:aws:iam::111122223333:user/jo";
        let user = Somebody { arn, account: "111122223333", kind: PrincipalKind::User, name: "jo" };
        let asks = user.asks(&BTreeSet::new(), false);
        assert_eq!(values(&asks[0]), ["all", "*", "aws:*", arn, "account:111122223333"]);
    }

    #[test]
    fn whoever_is_outside_has_the_names_of_what_names_them() {
        let names = |who: Who| -> Vec<Vec<String>> {
            let ways = |known: &Known| match known {
                Known::Value(value) => vec![value.values().to_vec()],
                Known::OneOf(values) => values.iter().map(|(v, _)| v.values().to_vec()).collect(),
                other => panic!("{other:?}"),
            };
            outside(&who, &BTreeSet::new()).1.iter().flat_map(|named| ways(&named.names)).collect()
        };
        for who in [
            Who::Account("111122223333".to_owned()),
            Who::Aws("arn:aws:iam::111122223333:user/jo".to_owned()),
            Who::Aws(ROLE.to_owned()),
            Who::Service("ec2.amazonaws.com".to_owned()),
            Who::Federated("token.actions.githubusercontent.com".to_owned()),
            Who::CanonicalUser("79a59df9".to_owned()),
            Who::Everyone,
            Who::AnyAws,
        ] {
            let all = names(who.clone());
            let federated = matches!(who, Who::Federated(_));
            assert!(
                all.iter().all(|ways| ways.contains(&who.name()) || (federated && who == Who::Everyone)),
                "{who:?} {all:?}"
            );
        }
    }
}
