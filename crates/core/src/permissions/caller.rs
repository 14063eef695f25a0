//! What a caller tells of its requests by its ARN, or by being a service or nobody: the keys that every request of it carries, and
//! those that none does.

use super::context::KeyValue;
use super::form::Form;
use super::knowledge::Known;
use super::partial_arn::{Part, PartialArn};
use crate::iam::principal::is_account;

/// Keys that tell of the organization of a principal, in lower case.
pub const OF_ORGANIZATIONS: [&str; 2] = ["aws:principalorgid", "aws:principalorgpaths"];
/// How the keys of a principal's tags begin, in lower case.
pub const TAGS: &str = "aws:principaltag/";

/// Keys that tell how the session of a role came about: a user and a federated user act without one. That of a root user may come from `sts:AssumeRoot`,
/// which passes a source identity on.
const OF_SESSIONS: [&str; 2] = ["aws:sourceidentity", "aws:federatedprovider"];

/// When the temporary credentials of a request were issued.
const TOKEN_ISSUED: &str = "aws:tokenissuetime";

/// Keys whose value is known of some principals and not of others: a user's `aws:userid` is an id that no inventory holds, and a root
/// user's its account.
pub const OF_SOME: [&str; 3] = ["aws:userid", OF_SESSIONS[0], OF_SESSIONS[1]];

/// Keys that every request of some callers carries, or that none of them does, besides those that tell who the caller is.
pub const OF_KINDS: [&str; 2] = ["aws:principalservicenameslist", TOKEN_ISSUED];

/// Whether `--context` can say what a key is: where a principal stands and what it is called the inventory says, if only in part.
pub fn can_be_settled(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let determined = keys("arn:aws:iam::000000000000:role/any");
    let is_open = |known: &Known| matches!(known, Known::Present | Known::OfForm(_));
    let is_of_principal = determined.iter().any(|(name, known)| *name == key && !is_open(known));
    !is_of_principal && !OF_ORGANIZATIONS.contains(&key.as_str())
}

/// Whether a text has the form of an `aws:userid`, of whatever principal that has an account.
pub fn is_userid(text: &str) -> bool {
    let account = text.split_once(':').map_or(text, |(account, _)| account);
    Form::user_or_session_id().matches(text) || is_account(account)
}

/// What every request says of whom is not a service.
pub fn no_service() -> [(&'static str, Known); 3] {
    [
        ("aws:principalisawsservice", Known::Value(KeyValue::One("false".to_owned()))),
        ("aws:principalservicename", Known::Absent),
        ("aws:principalservicenameslist", Known::Absent),
    ]
}

/// Whether a principal, a service or nobody in particular, is in no organization.
pub fn is_outside(principal: &str) -> bool {
    principal == "*" || is_service(principal)
}

/// Whether a principal has no tags: root users, services and nobody in particular.
pub fn is_untagged(principal: &str) -> bool {
    is_outside(principal) || principal.ends_with(":root")
}

/// Whether a text is the name of a service of AWS.
pub fn is_service(name: &str) -> bool {
    let ends = [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal"];
    ends.iter().any(|end| name.strip_suffix(end).is_some_and(|n| !n.is_empty() && !n.contains(['*', '/', ' ', ':'])))
}

/// The keys that a principal determines, in lower case. A principal that is not understood determines none. This is the one place
/// that says so: what is asked of the inventory and what `simulate` is asked both come here.
///
/// `aws:userid` is in every signed request (IAM User Guide, "Principal key values"): that of a root user is its account, that of a user its
/// unique id, that of the session of a role the role's unique id and the name of the session. No inventory holds such ids, but their form is
/// known. Of services and of anonymous requests, no source says the same. Temporary credentials tell when they were issued; those of a user
/// may be temporary or not.
pub fn keys(principal: &str) -> Vec<(&'static str, Known)> {
    let one = |text: &str| Known::Value(KeyValue::One(text.to_owned()));
    let of_account = |arn: Known, account: &str, kind: &str, username: Known, id: Known| {
        let mut keys = vec![
            ("aws:principalarn", arn),
            ("aws:principalaccount", one(account)),
            ("aws:principaltype", one(kind)),
            ("aws:username", username),
            ("aws:userid", id),
        ];
        keys.extend(no_service());
        keys
    };
    let of_session = |arn: Known, account: &str, name: Option<&str>| {
        let id = Known::OfForm(Form::session_id(name));
        let mut keys = of_account(arn, account, "AssumedRole", Known::Absent, id);
        keys.push((TOKEN_ISSUED, Known::Present));
        keys
    };
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] => {
            of_account(one(principal), account, "Account", Known::Absent, one(account))
        }
        ["arn", _, "iam", "", account, user] if user.starts_with("user/") => {
            let name = user.rsplit('/').next().unwrap_or_default();
            let id = Known::OfForm(Form::user_id());
            let mut keys = of_account(one(principal), account, "User", one(name), id);
            keys.extend(OF_SESSIONS.map(|key| (key, Known::Absent)));
            keys
        }
        ["arn", _, "iam", "", account, role] if role.starts_with("role/") => of_session(one(principal), account, None),
        ["arn", partition, "sts", "", account, session] => match session.split('/').collect::<Vec<_>>().as_slice() {
            ["assumed-role", role, name] => {
                // the ARN of a session leaves out the path of its role
                let direct = vec![Part::text(format!("role/{role}"))];
                let below = vec![Part::text("role/"), Part::Any, Part::text(format!("/{role}"))];
                let arn = PartialArn::new(partition, account, vec![direct, below]);
                of_session(Known::Like(arn), account, Some(name))
            }
            ["federated-user", name] => {
                let id = one(&format!("{account}:{name}"));
                let mut keys = of_account(one(principal), account, "FederatedUser", Known::Absent, id);
                keys.push((TOKEN_ISSUED, Known::Present));
                keys.extend(OF_SESSIONS.map(|key| (key, Known::Absent)));
                keys
            }
            _ => Vec::new(),
        },
        [service] if is_service(service) => vec![
            ("aws:principalarn", Known::Absent),
            ("aws:principalaccount", Known::Absent),
            ("aws:principaltype", Known::Absent),
            ("aws:username", Known::Absent),
            ("aws:principalisawsservice", one("true")),
            ("aws:principalservicename", one(service)),
        ],
        ["*"] => {
            let mut keys = vec![
                ("aws:principalarn", Known::Absent),
                ("aws:principalaccount", Known::Absent),
                ("aws:principaltype", one("Anonymous")),
                ("aws:username", Known::Absent),
            ];
            keys.extend(no_service());
            keys.extend(OF_SESSIONS.map(|key| (key, Known::Absent)));
            keys
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(principal: &str, name: &str) -> Option<Known> {
        keys(principal).into_iter().find(|(key, _)| *key == name).map(|(_, known)| known)
    }

    fn one(text: &str) -> Option<Known> {
        Some(Known::Value(KeyValue::One(text.to_owned())))
    }

    #[test]
    fn a_caller_determines_who_it_is() {
        let user = "arn:aws:iam::111122223333:user/legal/jo";
        assert_eq!(key(user, "aws:username"), one("jo"));
        assert_eq!(key(user, "aws:principaltype"), one("User"));
        let role = "arn:aws:iam::111122223333:role/legal";
        assert_eq!(key(role, "aws:principalarn"), one(role));
        assert_eq!(key(role, "aws:username"), Some(Known::Absent));
        let session = key("arn:aws:sts::111122223333:assumed-role/legal/jo", "aws:principalarn").unwrap();
        let Known::Like(partial) = session else { panic!("{session:?}") };
        for (arn, matches) in [
            (role, true),
            ("arn:aws:iam::111122223333:role/dept/legal", true),
            ("arn:aws:iam::111122223333:role/illegal", false),
        ] {
            assert_eq!(partial.matches(arn), matches, "{arn}");
        }
        assert_eq!(key("sns.amazonaws.com", "aws:principalarn"), Some(Known::Absent));
        assert_eq!(key(user, "aws:sourceidentity"), Some(Known::Absent));
        assert_eq!(key(role, "aws:sourceidentity"), None, "whoever assumes it may have set one");
        let ids = [
            (user, Known::OfForm(Form::user_id())),
            (role, Known::OfForm(Form::session_id(None))),
            ("arn:aws:sts::111122223333:assumed-role/legal/jo", Known::OfForm(Form::session_id(Some("jo")))),
            ("arn:aws:iam::111122223333:root", one("111122223333").unwrap()),
        ];
        for (who, id) in ids {
            assert_eq!(key(who, "aws:userid"), Some(id), "{who}");
            assert_eq!(key(who, "aws:principalservicenameslist"), Some(Known::Absent), "{who}");
            let temporary = who != user && !who.ends_with(":root");
            assert_eq!(key(who, TOKEN_ISSUED), temporary.then_some(Known::Present), "{who}");
        }
        assert_eq!(key("sns.amazonaws.com", "aws:principalservicenameslist"), None);
        assert_eq!(key("sns.amazonaws.com", "aws:principalisawsservice"), one("true"));
        assert!(is_untagged("arn:aws:iam::111122223333:root") && !is_outside("arn:aws:iam::111122223333:root"));
        assert!(is_untagged("*") && is_outside("sns.amazonaws.com") && !is_untagged(user) && !is_outside(role));
        assert!(keys("jo").is_empty() && keys("arn:aws:s3:::b").is_empty());
    }
}
