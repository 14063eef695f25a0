//! Who asks: what kind of principal a text names, in which account, and the names that the policy of a resource may have for it. The
//! one reading of `Principal`, for `simulate` as for who may assume a role.

use std::collections::BTreeSet;

use super::caller as determined;
use super::context::KeyValue;
use super::knowledge::Known;
use crate::aws::keys::is_identity_provider;
use crate::iam::principal::Who;
pub use crate::iam::principal::is_account;
use crate::iam::whom::{ALL, Beyond, EVERYONE, Star, account as account_name};

/// What a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CallerKind {
    Root,
    User,
    Role,
    /// A session of a role.
    Session,
    FederatedUser,
    Service,
    /// An identity provider, by which somebody is about to assume a role.
    Provider,
    CanonicalUser,
    Anonymous,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// What it is.
    pub kind: CallerKind,
    /// Its ARN or name; that of an account's root where the account is named.
    pub name: String,
    /// The account that it acts for.
    pub account: Option<String>,
}

impl Caller {
    /// Reads a principal, which asks for an action. The text says what is wrong.
    pub fn parse(text: &str, action: &str) -> Result<Self, String> {
        let caller =
            |kind, account: Option<&str>| Ok(Self { kind, name: text.to_owned(), account: account.map(str::to_owned) });
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, service @ ("iam" | "sts"), "", account, resource] if is_account(account) => {
                let Some(kind) = of_arn(service, resource) else {
                    return Err(match resource.starts_with("group/") {
                        true => "a group does not ask: its users do".to_owned(),
                        false => format!("`{resource}` is not a user, a role, a session or an identity provider"),
                    });
                };
                let account = (kind != CallerKind::Provider).then_some(*account);
                caller(kind, account)
            }
            [number] if is_account(number) => {
                let name = format!("arn:aws:iam::{number}:root");
                Ok(Self { kind: CallerKind::Root, name, account: Some(text.to_owned()) })
            }
            ["*"] => caller(CallerKind::Anonymous, None),
            [id] if id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()) => {
                caller(CallerKind::CanonicalUser, None)
            }
            [name] if is_identity_provider(name) && action.to_ascii_lowercase().starts_with("sts:assumerolewith") => {
                caller(CallerKind::Provider, None)
            }
            [name] if determined::is_service(name) => caller(CallerKind::Service, None),
            _ => {
                Err("it is neither an ARN nor an account, a service, an identity provider, a canonical user or `*`"
                    .into())
            }
        }
    }

    /// Whether it has identity policies: a user, a role, or a session of one.
    pub fn has_identity(&self) -> bool {
        use CallerKind::{FederatedUser, Role, Session, User};
        matches!(self.kind, User | Role | Session | FederatedUser)
    }

    /// The keys that every request of it carries, and those that none does.
    pub fn keys(&self) -> Vec<(&'static str, Known)> {
        let mut keys = match self.kind {
            CallerKind::Provider => {
                let provider = Known::Value(KeyValue::One(self.name.clone()));
                let own = [("aws:federatedprovider", provider), ("aws:username", Known::Absent)];
                own.into_iter().chain(determined::no_service()).collect()
            }
            _ => determined::keys(&self.name),
        };
        if self.kind != CallerKind::Service {
            // what a service tells of whom it acts for
            let sources = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];
            keys.extend(sources.map(|key| (key, Known::Absent)));
        }
        if determined::is_outside(&self.name) || self.kind == CallerKind::Provider {
            keys.extend(determined::OF_ORGANIZATIONS.map(|key| (key, Known::Absent)));
        }
        keys
    }

    /// Prefixes of keys that none of its requests carries.
    pub fn complete(&self) -> &'static [&'static str] {
        if determined::is_untagged(&self.name) { &[determined::TAGS] } else { &[] }
    }

    /// What every request of it carries for a key in lower case; `None` where requests may differ in it.
    pub fn determines(&self, key: &str) -> Option<Known> {
        let own = self.keys().into_iter().find(|(name, _)| *name == key).map(|(_, known)| known);
        let untagged = || self.complete().iter().any(|prefix| key.starts_with(prefix));
        own.or_else(|| untagged().then_some(Known::Absent))
    }

    /// Its names, as far as they are known. `role` is the ARN of a session's role where that is given, `named` are those whom the
    /// policies name: of those that it may be, each is tried.
    pub fn names(&self, role: Option<&str>, named: &BTreeSet<Who>) -> Known {
        let (beyond, what) = match self.kind {
            CallerKind::Provider => (Beyond::Provider, "identity providers"),
            CallerKind::Service => (Beyond::Service, "services"),
            _ => (Beyond::No, ""),
        };
        let by_star = |star: Star| star.names(beyond).iter().map(|name| (*name).to_owned());
        let [least, ..] = Star::ALL;
        let mut own = vec![ALL.to_owned()];
        own.extend(by_star(least));
        own.extend(self.own_name());
        own.extend(self.account.as_deref().map(account_name));
        own.extend(role.filter(|_| self.kind == CallerKind::Session).map(str::to_owned));
        let one = |name: &str| (vec![name.to_owned()], name.to_owned());
        let mut open: Vec<Vec<(Vec<String>, String)>> = Vec::new();
        let mut readings: Vec<(Vec<String>, String)> = Vec::new();
        for star in Star::ALL {
            let names: Vec<String> = by_star(star).filter(|name| !own.contains(name)).collect();
            if !names.is_empty() && readings.iter().all(|(known, _)| *known != names) {
                let text = if star == Star::AnyAws { "AWS *" } else { EVERYONE };
                readings.push((names, format!("`{text}` is about {what}")));
            }
        }
        if !readings.is_empty() {
            open.push(readings);
        }
        if role.is_none() || self.kind != CallerKind::Session {
            open.push(self.maybe(named).map(one).collect());
        }
        open.push(self.canonical(named).iter().map(|name| one(name)).collect());
        let mut found = vec![(own, String::new())];
        for choices in open {
            let extend = |(names, label): &(Vec<String>, String)| -> Vec<(Vec<String>, String)> {
                let with = |(more, what): &(Vec<String>, String)| {
                    let label = if label.is_empty() { what.clone() } else { format!("{label} and {what}") };
                    (names.iter().chain(more).cloned().collect(), label)
                };
                std::iter::once((names.clone(), label.clone())).chain(choices.iter().map(with)).collect()
            };
            found = found.iter().flat_map(extend).collect();
        }
        let value = |(names, label): (Vec<String>, String)| {
            (KeyValue::Many(names), if label.is_empty() { "another one".to_owned() } else { label })
        };
        let mut found: Vec<(KeyValue, String)> = found.into_iter().map(value).collect();
        if found.len() > 1 {
            return Known::OneOf(found);
        }
        found.pop().map_or(Known::Absent, |(names, _)| Known::Value(names))
    }

    /// The ARNs that are named and that it may have besides its own.
    fn maybe<'n>(&'n self, named: &'n BTreeSet<Who>) -> impl Iterator<Item = &'n str> {
        let arn = |who: &'n Who| match who {
            Who::Aws(arn) => Some(arn.as_str()),
            _ => None,
        };
        named.iter().filter_map(arn).filter(|arn| self.may_be(arn))
    }

    /// The names of the canonical users that its account may be: any account may have any such id.
    fn canonical(&self, named: &BTreeSet<Who>) -> Vec<String> {
        let canonical = named.iter().filter(|who| matches!(who, Who::CanonicalUser(_)));
        canonical.filter(|_| self.account.is_some()).map(Who::name).collect()
    }

    /// The names that `NotPrincipal` may have to list to except it: no source says whether one of them is enough, or all are needed.
    /// One that has a boundary is never excepted from a denial.
    pub fn excepted(&self, role: Option<&str>, named: &BTreeSet<Who>, has_boundary: bool) -> Known {
        let own = self.own_name().unwrap_or_else(|| match &self.account {
            Some(account) => account_name(account),
            None => "#nobody".to_owned(),
        });
        let mut readings = vec![vec![own.clone()]];
        if self.has_identity() {
            let mut all = vec![own.clone()];
            let behind: Vec<String> = match role {
                Some(role) => vec![role.to_owned()],
                None => self.maybe(named).map(str::to_owned).collect(),
            };
            match (self.kind, role) {
                (CallerKind::User, _) => {}
                (_, Some(role)) => all.push(role.to_owned()),
                // a session, a role or a user that no policy can be known to list
                _ => all.push("#unknown".to_owned()),
            }
            all.extend(self.account.as_deref().map(account_name));
            readings.extend(behind.into_iter().filter(|b| *b != own).map(|b| vec![b]));
            readings.push(all);
        }
        readings.extend(self.canonical(named).into_iter().map(|name| vec![name]));
        let mut values = readings.into_iter().map(|mut names| {
            let listed: Vec<&str> = names.iter().map(String::as_str).filter(|n| !n.starts_with('#')).collect();
            let label = format!("whoever is listed as {}", listed.join(" and "));
            names.extend(has_boundary.then(|| "#boundary".to_owned()));
            (KeyValue::Many(names), label)
        });
        match (values.next(), values.collect::<Vec<_>>()) {
            (Some((value, _)), rest) if rest.is_empty() => Known::Value(value),
            (first, rest) => Known::OneOf(first.into_iter().chain(rest).collect()),
        }
    }

    /// What `Principal` names it by itself; the root has the name of its account only.
    fn own_name(&self) -> Option<String> {
        match self.kind {
            CallerKind::Root | CallerKind::Anonymous => None,
            CallerKind::Service => Some(format!("service:{}", self.name)),
            CallerKind::Provider => Some(format!("federated:{}", self.name)),
            CallerKind::CanonicalUser => Some(format!("canonical:{}", self.name)),
            _ => Some(self.name.clone()),
        }
    }

    /// Whether an ARN can be that of the role of a session, of a session of a role, of the user that a federated user comes from.
    pub(crate) fn may_be(&self, arn: &str) -> bool {
        let (Some(account), Some((head, resource))) = (&self.account, split(arn)) else {
            return false;
        };
        let last = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
        let own = |arn: &str| arn.split(':').nth(1).map(str::to_owned);
        let of = |service: &str| head == format!("{service}::{account}") && own(arn) == own(&self.name);
        match self.kind {
            CallerKind::Session => {
                let role = split(&self.name).and_then(|(_, r)| r.split('/').nth(1).map(str::to_owned));
                of("iam") && resource.starts_with("role/") && role == Some(last(resource))
            }
            CallerKind::Role => {
                let role = resource.strip_prefix("assumed-role/").and_then(|r| r.split('/').next());
                of("sts") && role == Some(last(&self.name).as_str())
            }
            CallerKind::FederatedUser => of("iam") && resource.starts_with("user/"),
            _ => false,
        }
    }
}

/// The service, Region and account of an ARN, and its resource.
fn split(arn: &str) -> Option<(String, &str)> {
    match arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, service, region, account, resource] => Some((format!("{service}:{region}:{account}"), *resource)),
        _ => None,
    }
}

fn of_arn(service: &str, resource: &str) -> Option<CallerKind> {
    let (ty, rest) = resource.split_once('/').unwrap_or((resource, ""));
    if rest.split('/').any(str::is_empty) != (ty == "root") {
        return None;
    }
    // what IAM takes in names, and in the paths before them; a provider is called as its host and path
    let of_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let of_path = |c: char| c.is_ascii_graphic() && !"*?${}".contains(c);
    let (path, name) = rest.rsplit_once('/').unwrap_or(("", rest));
    let is_name = name.chars().all(|c| of_name(c) || (ty == "oidc-provider" && of_path(c)));
    if !is_name || !path.chars().all(of_path) {
        return None;
    }
    Some(match (service, ty) {
        ("iam", "root") => CallerKind::Root,
        ("iam", "user") => CallerKind::User,
        ("iam", "role") => CallerKind::Role,
        ("iam", "saml-provider" | "oidc-provider") => CallerKind::Provider,
        ("sts", "assumed-role") if rest.split('/').count() == 2 => CallerKind::Session,
        ("sts", "federated-user") => CallerKind::FederatedUser,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::whom::ANY_AWS;

    #[test]
    fn what_is_no_principal_is_an_error() {
        for text in [
            "jo",
            "",
            "1234",
            "arn:aws:iam::111122223333:group/a",
            "arn:aws:s3:::b",
            "arn:aws:iam::aws:user/a",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/a*",
            "arn:aws:iam::111122223333:user/x${aws:username}",
            "arn:aws:iam::111122223333:user/\u{1b}[2Jx",
            "arn:aws:iam::111122223333:user/a b",
            "arn:aws:sts::111122223333:assumed-role/a",
            "amazonaws.com",
            "arn:aws:iam::111122223333:root/x",
        ] {
            assert!(Caller::parse(text, "s3:GetObject").is_err(), "{text}");
        }
    }

    #[test]
    fn principals_of_every_kind_are_told_apart() {
        use CallerKind::*;
        for (text, kind, account) in [
            ("111122223333", Root, true),
            ("arn:aws:iam::111122223333:root", Root, true),
            ("arn:aws:iam::111122223333:user/a/b", User, true),
            ("arn:aws:iam::111122223333:role/a", Role, true),
            ("arn:aws:sts::111122223333:assumed-role/a/s", Session, true),
            ("arn:aws:sts::111122223333:federated-user/a", FederatedUser, true),
            ("sns.amazonaws.com", Service, false),
            ("arn:aws:iam::111122223333:saml-provider/Okta", Provider, false),
            ("arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com", Provider, false),
            ("*", Anonymous, false),
            (&"79a59df900b949e5".repeat(4), CanonicalUser, false),
        ] {
            let caller = Caller::parse(text, "s3:GetObject").unwrap();
            assert_eq!((caller.kind, caller.account.is_some()), (kind, account), "{text}");
        }
        let cognito = |action: &str| Caller::parse("cognito-identity.amazonaws.com", action).unwrap().kind;
        assert_eq!(cognito("sts:AssumeRoleWithWebIdentity"), Provider);
        assert_eq!(cognito("s3:GetObject"), Service);
    }

    #[test]
    fn any_account_may_be_a_canonical_user() {
        let id = Who::CanonicalUser("79a59df900b949e5".repeat(4));
        let named: BTreeSet<Who> = [id.clone()].into();
        for text in ["arn:aws:iam::111122223333:user/jo", "arn:aws:iam::111122223333:root"] {
            let caller = Caller::parse(text, "s3:GetObject").unwrap();
            let Known::OneOf(found) = caller.names(None, &named) else { panic!("{text}") };
            let has = |value: &KeyValue| value.values().contains(&id.name());
            assert_eq!(found.iter().map(|(v, _)| has(v)).collect::<Vec<_>>(), [false, true], "{text}");
            let Known::OneOf(found) = caller.excepted(None, &named, false) else { panic!("{text}") };
            assert!(found.iter().any(|(v, _)| v.values() == [id.name()]), "{text}");
        }
        let service = Caller::parse("sns.amazonaws.com", "s3:GetObject").unwrap();
        let Known::OneOf(found) = service.names(None, &named) else { panic!() };
        assert!(found.iter().all(|(v, _)| !v.values().contains(&id.name())), "a service has no account");
    }

    #[test]
    fn whether_any_aws_is_about_services_is_unknown() {
        for (text, readings) in [("sns.amazonaws.com", 2), ("arn:aws:iam::111122223333:saml-provider/Okta", 3)] {
            let caller = Caller::parse(text, "s3:GetObject").unwrap();
            let Known::OneOf(found) = caller.names(None, &BTreeSet::new()) else { panic!("{text}") };
            let with = found.iter().filter(|(v, _)| v.values().iter().any(|n| n == ANY_AWS)).count();
            assert_eq!((found.len(), with), (readings, 1), "{text}");
        }
        let user = Caller::parse("arn:aws:iam::111122223333:user/jo", "s3:GetObject").unwrap();
        let Known::Value(names) = user.names(None, &BTreeSet::new()) else { panic!() };
        assert!(names.values().iter().any(|n| n == ANY_AWS));
    }

    #[test]
    fn the_role_of_a_session_may_have_any_path() {
        let session = Caller::parse("arn:aws:sts::111122223333:assumed-role/a/s", "s3:GetObject").unwrap();
        let roles = ["role/a", "role/x/a", "role/b", "user/a"].map(|r| format!("arn:aws:iam::111122223333:{r}"));
        let named = roles.iter().cloned().map(Who::Aws).collect();
        let Known::OneOf(found) = session.names(None, &named) else { panic!() };
        let labels: Vec<&str> = found.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["another one", roles[0].as_str(), roles[1].as_str()]);
        assert!(matches!(session.names(Some(&roles[1]), &named), Known::Value(_)));
    }
}
