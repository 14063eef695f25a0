//! Whom a statement is about: `Principal` and `NotPrincipal` of resource-based policies, trust policies and resource control policies.

use super::stored::{self, Refusal};
use crate::text::json::{Node, Value};

/// Whom a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principals {
    /// `NotPrincipal`: everyone but these.
    pub negated: bool,
    /// In the order that they are written in, each once.
    pub who: Vec<Who>,
}

/// One principal of a `Principal` element.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// `*`, anonymous requests included.
    Everyone,
    /// `{"AWS": "*"}`: whoever acts for an account, and anonymous requests. Services and identity providers are named by themselves.
    AnyAws,
    /// An account: its number or the ARN of its root.
    Account(String),
    /// A user, a role or a session, by its ARN; or the unique id of one that was deleted.
    Aws(String),
    /// A service of AWS.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// A canonical user id.
    CanonicalUser(String),
}

impl Who {
    /// A principal under one of the keys of a `Principal` element; `None` if there is no such key.
    pub fn parse(key: &str, text: &str) -> Option<Self> {
        let text = text.to_owned();
        Some(match key {
            "AWS" if text == "*" => Self::AnyAws,
            "AWS" => account(&text).map_or(Self::Aws(text), Self::Account),
            "Service" => Self::Service(text),
            "Federated" => Self::Federated(text),
            "CanonicalUser" => Self::CanonicalUser(text),
            _ => return None,
        })
    }

    /// Why AWS stores no policy that names it.
    pub fn refused(&self) -> Option<Refusal> {
        let (key, text) = match self {
            Self::Everyone | Self::AnyAws | Self::Account(_) => return None,
            Self::Aws(arn) => ("AWS", arn),
            Self::Service(name) => ("Service", name),
            Self::Federated(name) => ("Federated", name),
            Self::CanonicalUser(id) => ("CanonicalUser", id),
        };
        stored::named_principal(key, text)
    }
}

/// The account that a text names as a whole: `111122223333` or `arn:aws:iam::111122223333:root`.
fn account(text: &str) -> Option<String> {
    let number = match text.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "iam", "", number, "root"] => number,
        _ => text,
    };
    is_account(number).then(|| number.to_owned())
}

/// Whether a text is the number of an account.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

impl Principals {
    /// Reads the element of a statement; `None` where the statement has none, or one that is not understood.
    pub fn of_statement(statement: &Node) -> Option<Self> {
        let (negated, node) = match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(node), None) => (false, node),
            (None, Some(node)) => (true, node),
            _ => return None,
        };
        let mut who = Vec::new();
        match &node.value {
            Value::String(text) if text == "*" => who.push(Who::Everyone),
            Value::Object(members) => {
                for member in members {
                    for text in texts(&member.node)? {
                        who.push(Who::parse(&member.key, text)?);
                    }
                }
            }
            _ => return None,
        }
        let mut principals = Self { negated, who: Vec::new() };
        for one in who {
            if !principals.who.contains(&one) {
                principals.who.push(one);
            }
        }
        (!principals.who.is_empty()).then_some(principals)
    }

    /// They are everyone.
    pub fn is_everyone(&self) -> bool {
        !self.negated && self.who.contains(&Who::Everyone)
    }

    /// What a statement does to these principals, one about `others` with the same effect does to them too.
    ///
    /// It is said only where it holds for every request. An `Allow` that names a user, a role or a session passes denials that are
    /// only implied, those of a boundary say; one that names an account leaves the decision to the account. So a user is never taken to
    /// be among its account's principals, nor, for an `Allow`, among everyone; and whoever is no principal of an account, a service or an
    /// identity provider, is taken to be named by itself alone.
    pub fn included_in(&self, others: &Self, allow: bool) -> bool {
        match (self.negated, others.negated) {
            (false, false) => self.who.iter().all(|who| {
                let everyone = others.is_everyone() || others.who.contains(&Who::AnyAws);
                let is_aws = matches!(who, Who::Account(_) | Who::AnyAws) || (!allow && matches!(who, Who::Aws(_)));
                others.who.contains(who) || (everyone && is_aws)
            }),
            (true, true) => self.same_as(others),
            (true, false) | (false, true) => false,
        }
    }

    /// An `Allow` for these principals is without effect beside a `Deny` for `others`, as far as principals decide it.
    pub fn denied_by(&self, others: &Self) -> bool {
        !self.negated && self.included_in(others, false)
    }

    fn same_as(&self, others: &Self) -> bool {
        let all = |some: &Self, many: &Self| some.who.iter().all(|who| many.who.contains(who));
        self.negated == others.negated && all(self, others) && all(others, self)
    }
}

fn texts(node: &Node) -> Option<Vec<&str>> {
    match &node.value {
        Value::Array(nodes) => nodes.iter().map(Node::as_str).collect(),
        _ => Some(vec![node.as_str()?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::SourceFile;
    use crate::text::json;

    fn read(text: &str) -> Option<Principals> {
        let source = SourceFile::new("p.json", text);
        Principals::of_statement(&json::parse(&source).unwrap())
    }

    #[test]
    fn an_account_is_its_root() {
        let number = read(r#"{"Principal": {"AWS": "111122223333"}}"#).unwrap();
        let root = read(r#"{"Principal": {"AWS": ["arn:aws:iam::111122223333:root", "111122223333"]}}"#).unwrap();
        assert_eq!(number, root);
        assert_ne!(read(r#"{"Principal": {"AWS": "*"}}"#), read(r#"{"Principal": "*"}"#));
    }

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        for text in [
            "{}",
            r#"{"Principal": "arn:aws:iam::111122223333:root"}"#,
            r#"{"Principal": {"Aws": "*"}}"#,
            r#"{"Principal": {}}"#,
            r#"{"Principal": {"AWS": [1]}}"#,
            r#"{"Principal": "*", "NotPrincipal": "*"}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn inclusion_is_said_only_where_it_always_holds() {
        const SNS: &str = r#"{"Principal": {"Service": "sns.amazonaws.com"}}"#;
        const BOTH: &str = r#"{"Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}}"#;
        const ACCOUNT: &str = r#"{"Principal": {"AWS": "111122223333"}}"#;
        const USER: &str = r#"{"Principal": {"AWS": "arn:aws:iam::111122223333:user/jo"}}"#;
        const ALL: &str = r#"{"Principal": "*"}"#;
        const ANY_AWS: &str = r#"{"Principal": {"AWS": "*"}}"#;
        const BUT_SNS: &str = r#"{"NotPrincipal": {"Service": "sns.amazonaws.com"}}"#;
        for (one, other, allowed, denied) in [
            (SNS, SNS, true, true),
            (SNS, BOTH, true, true),
            (BOTH, SNS, false, false),
            (SNS, ALL, false, false),
            (SNS, ANY_AWS, false, false),
            (ACCOUNT, ANY_AWS, true, true),
            (ANY_AWS, ALL, true, true),
            (ALL, ANY_AWS, false, false),
            (USER, ANY_AWS, false, true),
            (ALL, SNS, false, false),
            (ACCOUNT, ALL, true, true),
            (USER, ACCOUNT, false, false),
            (USER, ALL, false, true),
            (SNS, BUT_SNS, false, false),
            (USER, BUT_SNS, false, false),
            (BUT_SNS, BUT_SNS, true, true),
            (BUT_SNS, ALL, false, false),
            (ALL, BUT_SNS, false, false),
        ] {
            let (one, other) = (read(one).unwrap(), read(other).unwrap());
            assert_eq!(one.included_in(&other, true), allowed, "{one:?} {other:?}");
            assert_eq!(one.included_in(&other, false), denied, "{one:?} {other:?}");
        }
    }
}
