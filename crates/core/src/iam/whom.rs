//! Whom a statement is about, as a condition on who calls: so it is lowered, enumerated and explained as every other condition is.
//!
//! A caller has several names: a session those of itself, of its role and of its account. A request carries them under
//! [`PRINCIPAL`], which no policy can name by itself. What `NotPrincipal` excepts is asked of [`EXCEPTED`], because AWS does not say
//! whether all names of a caller have to be listed.

use super::document::Condition;
use super::operator::{Operator, SetPrefix, Test};
use super::principal::{Principals, Who};
use super::template::{Template, TemplatePart};
use crate::problem::Place;

/// The key that holds the names of who calls.
pub const PRINCIPAL: &str = "#principal";
/// The key that holds those of them that `NotPrincipal` must list to except the caller.
pub const EXCEPTED: &str = "#notprincipal";

/// The name that `*` has; whether identity providers have it, no source says.
pub const EVERYONE: &str = "*";
/// The name that `{"AWS": "*"}` has; whether services and identity providers have it, no source says.
pub const ANY_AWS: &str = "aws:*";
/// The name that `*` of a denial has: everyone has it.
pub const ALL: &str = "all";

impl Who {
    /// Its name among the names of a caller.
    pub fn name(&self) -> String {
        match self {
            Self::Everyone => EVERYONE.to_owned(),
            Self::AnyAws => ANY_AWS.to_owned(),
            Self::Account(number) => account(number),
            Self::Aws(arn) => arn.clone(),
            Self::Service(name) => format!("service:{name}"),
            Self::Federated(name) => format!("federated:{name}"),
            Self::CanonicalUser(id) => format!("canonical:{id}"),
        }
    }

    /// As it is written.
    pub fn text(&self) -> String {
        match self {
            Self::Everyone => EVERYONE.to_owned(),
            Self::AnyAws => "AWS *".to_owned(),
            Self::Account(id) | Self::Aws(id) => format!("AWS {id}"),
            Self::Service(name) => format!("Service {name}"),
            Self::Federated(name) => format!("Federated {name}"),
            Self::CanonicalUser(id) => format!("CanonicalUser {id}"),
        }
    }
}

/// How far a `*` of an `Allow` reaches beyond accounts, each further than the one before: what sources leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Star {
    /// `*` is about services, and not about identity providers.
    Services,
    /// `*` is about identity providers, too.
    Providers,
    /// `{"AWS": "*"}` is about services and identity providers, as `*` is.
    AnyAws,
}

/// Who asks, as far as a `*` may leave them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// Nobody: whoever acts for an account, or is anonymous.
    No,
    /// A service.
    Service,
    /// Whoever comes from an identity provider.
    Provider,
}

impl Star {
    /// From the least reading to the widest.
    pub const ALL: [Self; 3] = [Self::Services, Self::Providers, Self::AnyAws];

    /// The names that somebody has by it.
    pub fn names(self, who: Beyond) -> &'static [&'static str] {
        match (who, self) {
            (Beyond::No, _) | (_, Self::AnyAws) => &[EVERYONE, ANY_AWS],
            (Beyond::Service, _) | (Beyond::Provider, Self::Providers) => &[EVERYONE],
            (Beyond::Provider, Self::Services) => &[],
        }
    }
}

/// The name that all principals of an account have.
pub fn account(number: &str) -> String {
    format!("account:{number}")
}

/// Whether a condition was made of `Principal` or `NotPrincipal`.
pub fn is_whom(condition: &Condition) -> bool {
    condition.key == PRINCIPAL || condition.key == EXCEPTED
}

/// The condition that a statement's principals are.
pub fn condition(principals: &Principals, allow: bool, place: Place) -> Condition {
    let everyone = principals.who.iter().any(|w| matches!(w, Who::Everyone | Who::AnyAws));
    let mut names: Vec<String> = principals.who.iter().map(Who::name).collect();
    let (set, negated, key) = match (principals.negated, allow) {
        (false, _) => (SetPrefix::Any, false, PRINCIPAL),
        // nobody is left, so nobody's name is listed
        (true, _) if everyone => (SetPrefix::Any, false, PRINCIPAL),
        (true, true) => (SetPrefix::All, true, EXCEPTED),
        (true, false) => (SetPrefix::Any, true, EXCEPTED),
    };
    if principals.negated && everyone {
        names.clear();
    } else if principals.who.contains(&Who::Everyone) && !allow {
        names.push(ALL.to_owned());
    }
    let literal = |name: &String| Template { parts: vec![TemplatePart::Literal(name.clone())] };
    Condition {
        operator: Operator { set, test: Test::StringEquals, negated, if_exists: false },
        key: key.to_owned(),
        values: names.iter().map(literal).collect(),
        texts: principals.who.iter().map(Who::text).collect(),
        place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{SourceFile, Span};

    #[test]
    fn principals_of_every_kind_are_conditions() {
        let source = SourceFile::new("p.json", "{}");
        for (negated, allow, who) in [
            (false, true, Who::Everyone),
            (false, false, Who::AnyAws),
            (true, true, Who::Account("111122223333".into())),
            (true, false, Who::Service("sns.amazonaws.com".into())),
            (true, false, Who::Everyone),
        ] {
            let place = Place { source: source.clone(), span: Span { start: 0, end: 2 } };
            let principals = Principals { negated, who: vec![who.clone()] };
            let condition = condition(&principals, allow, place);
            assert!(is_whom(&condition), "{who:?}");
            assert_eq!(condition.values.is_empty(), negated && who == Who::Everyone);
        }
    }
}
