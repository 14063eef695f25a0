//! What IAM and Organizations refuse to store (D29): one list, which evaluation and lint share. A policy that cannot exist decides
//! nothing.

use std::borrow::Cow;
use std::collections::HashSet;

use super::document::Statement;
use super::principal::{Who, is_account};
use crate::problem::{did_you_mean, meant};
use crate::text::json::Node;

/// What is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: Cow<'static, str>,
}

/// An action that is not a service and a name of one of its actions; and one whose service is a pattern: only the name of an action may
/// hold wildcards, but for `*` and `*:*`, all actions.
pub fn service_of_action(text: &str) -> Option<Refusal> {
    let (service, name) = text.split_once(':')?;
    let all = !service.is_empty() && text.bytes().all(|b| b == b'*' || b == b':');
    if name.contains(':') && !all {
        return Some(Refusal {
            message: format!("the action `{text}` has more than one colon, and AWS rejects it"),
            help: "write the service, one colon and the name of the action, as in s3:GetObject".into(),
        });
    }
    (service.contains(['*', '?']) && !all && !name.is_empty()).then(|| Refusal {
        message: format!("the action `{text}` has a wildcard in its service prefix, and AWS rejects it"),
        help: "name each service, or write \"*\" for every action".into(),
    })
}

/// `Principal` or `NotPrincipal` in a policy of this kind, in words, which is attached to whom it applies to.
pub fn principal(key: &str, of: &str) -> Refusal {
    Refusal {
        message: format!("`{key}` is in {of}, where AWS rejects it"),
        help: "leave it out: the policy applies to whatever it is attached to".into(),
    }
}

/// The `Sid` of a second statement, which another has already.
pub fn repeated_sid(sid: &str) -> Refusal {
    Refusal {
        message: format!("the `Sid` {sid} appears twice in one policy, and AWS rejects it"),
        help: "give each statement its own `Sid`".into(),
    }
}

/// Which of these `Sid`s stand again after the first time; empty ones name nothing.
pub fn repeated<'t>(sids: impl Iterator<Item = &'t str>) -> Vec<usize> {
    let mut seen = HashSet::new();
    let again = |(index, sid): (usize, &'t str)| (!sid.is_empty() && !seen.insert(sid)).then_some(index);
    sids.enumerate().filter_map(again).collect()
}

/// The `Sid`s of statements, with their places.
pub fn sids<'n>(statements: impl Iterator<Item = &'n Node>) -> Vec<&'n Node> {
    statements.filter_map(|s| s.get("Sid")).filter(|sid| sid.as_str().is_some()).collect()
}

/// Whether a character may stand in a policy: all others are refused.
pub fn is_character(c: char) -> bool {
    matches!(c, '\u{9}' | '\u{a}' | '\u{d}' | '\u{20}'..='\u{ff}')
}

/// A character that may stand in a policy, and looks like another, or like nothing.
pub fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{ad}' | '\u{b4}')
}

/// The name of an action or a key that holds a character which no name has; a text of a policy that holds one which AWS refuses.
pub fn characters(text: &str, is_name: bool) -> Option<Refusal> {
    let wrong = |c: &char| {
        !is_character(*c)
            || (is_name && (is_deceptive(*c) || c.is_whitespace() || matches!(c, '"' | '\'') || !c.is_ascii()))
    };
    text.chars().find(wrong).map(|c| Refusal {
        message: format!("`{}` contains the character U+{:04X}, and AWS rejects it", text.escape_debug(), u32::from(c)),
        help: "type it again, without formatting".into(),
    })
}

/// A resource that is neither an ARN nor `*`, or whose service is part of a pattern.
pub fn resource(text: &str) -> Option<Refusal> {
    if !is_arn_or_pattern(text) {
        return Some(Refusal {
            message: format!("the resource `{text}` is neither an ARN nor `*`, and AWS rejects it"),
            help: "write an ARN, or \"*\"".into(),
        });
    }
    let service = text.split(':').nth(2).unwrap_or_default();
    let is_part = service.contains(['*', '?']) && service.bytes().any(|b| !matches!(b, b'*' | b'?'));
    (is_part && text.splitn(6, ':').count() == 6).then(|| Refusal {
        message: format!("the resource `{text}` has a wildcard in its service segment, and AWS rejects it"),
        help: "name each service".into(),
    })
}

/// Whether a text begins as an ARN or a pattern of ARNs does.
pub fn is_arn_or_pattern(text: &str) -> bool {
    text.starts_with("arn:") || text.starts_with(['*', '?', '$'])
}

/// A condition key without a prefix. Those of policies of resources may be of identity providers.
pub fn condition_key(text: &str, of_resource: bool) -> Option<Refusal> {
    (text.is_empty() || (!of_resource && !text.contains(':'))).then(|| Refusal {
        message: format!("the condition key `{text}` has no prefix, and AWS rejects it"),
        help: "write it in full, such as aws:username".into(),
    })
}

/// The `Sid` of a policy of identities with other characters than letters and digits.
pub fn sid(text: &str) -> Option<Refusal> {
    (!text.chars().all(|c| c.is_ascii_alphanumeric())).then(|| Refusal {
        message: format!("the `Sid` {text} contains characters other than letters and digits, and IAM rejects it"),
        help: "use only letters and digits".into(),
    })
}

/// An element of a statement that lists nothing: of `Not…`, read literally, everything.
pub fn nothing(key: &str) -> Refusal {
    let help = match key.starts_with("Not") {
        true => "list what the statement leaves out, or write \"*\" without `Not`",
        false => "name at least one, or remove the statement",
    };
    let message = format!("`{key}` is an empty list, and AWS rejects a statement that names nothing");
    Refusal { message, help: help.into() }
}

/// An action of a trust policy that is not one of AWS STS.
pub fn action_of_trust(text: &str) -> Option<Refusal> {
    let (service, _) = text.split_once(':')?;
    (!service.contains('*') && !service.eq_ignore_ascii_case("sts")).then(|| Refusal {
        message: format!("the action `{text}` is in a trust policy, which has actions of AWS STS only: AWS rejects it"),
        help: "write sts:AssumeRole, or another action by which a role is assumed".into(),
    })
}

/// `NotPrincipal` of a trust policy.
pub fn trust_of_all_but() -> Refusal {
    Refusal {
        message: "`NotPrincipal` is in a trust policy, where AWS rejects it".to_owned(),
        help: "name whom the role trusts with `Principal`".into(),
    }
}

/// The keys of a `Principal` element.
pub const PRINCIPAL_KEYS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

/// A principal under one of [`PRINCIPAL_KEYS`] that names nobody whom AWS knows by its form.
pub fn named_principal(key: &str, text: &str) -> Option<Refusal> {
    match key {
        _ if text.is_empty() || text.trim() != text => Some(Refusal {
            message: format!("`{text}` is not a principal"),
            help: "write the name without blanks around it".into(),
        }),
        "AWS" => of_aws(text),
        _ if text.contains(['*', '?']) => Some(Refusal {
            message: format!("`{text}` has a wildcard, which IAM takes as a whole principal of `AWS` only"),
            help: "name the principal, or write \"*\" with a condition".into(),
        }),
        "Service" => service_principal(text),
        _ => None,
    }
}

/// How the names of services end, by the suffixes of the partitions.
pub const SERVICE_ENDINGS: [&str; 7] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
];

/// Whether a text has the form of the name of a service, or is one of Alexa's.
pub fn is_service_name(text: &str) -> bool {
    const ALEXA: [&str; 2] = ["alexa-appkit.amazon.com", "alexa-connectedhome.amazon.com"];
    ALEXA.contains(&text)
        || SERVICE_ENDINGS.iter().any(|end| text.strip_suffix(end).is_some_and(|name| !name.is_empty()))
}

fn service_principal(text: &str) -> Option<Refusal> {
    (!is_service_name(text)).then(|| Refusal {
        message: format!("`{text}` is not the name of a service"),
        help: "a service is named as in ec2.amazonaws.com".into(),
    })
}

fn of_aws(text: &str) -> Option<Refusal> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["*"] => None,
        _ if is_account(text) => None,
        ["arn", _, "iam" | "sts", _, _, _] if text.contains(['*', '?']) => Some(Refusal {
            message: format!("`{text}` has a wildcard, which only `*` as a whole principal may be"),
            help: "name the principal, or write \"*\" with a condition on aws:PrincipalArn".into(),
        }),
        ["arn", _, service @ ("iam" | "sts"), region, account, name] => wrong_part((service, region), (account, name))
            .map(|(message, help)| Refusal { message: format!("`{text}` is not an AWS principal: {message}"), help }),
        // an id: of what was deleted, or of a kind that is not known here
        [_] if is_unique_id(text) => None,
        _ => Some(Refusal {
            message: format!("`{text}` is not an AWS principal"),
            help: "write the twelve digits of an account, or the ARN of a user, a role or a session".into(),
        }),
    }
}

/// The unique id of a user, a role or another principal of IAM (`AROA…`).
pub fn is_unique_id(text: &str) -> bool {
    text.len() >= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// What keeps an ARN of IAM or of AWS STS from naming a principal, and what to write instead.
fn wrong_part((service, region): (&str, &str), (account, name): (&str, &str)) -> Option<(String, Cow<'static, str>)> {
    const DIGITS: &str = "write the twelve digits of the account";
    let wrong = |message: &str, help: &'static str| Some((message.to_owned(), help.into()));
    if !region.is_empty() {
        return wrong("its ARN has no Region", "leave the Region out");
    }
    if account.is_empty() {
        return wrong("its ARN has no account", DIGITS);
    }
    if account.bytes().all(|b| b.is_ascii_digit()) && account.len() != 12 {
        return Some((format!("the account `{account}` has {} digits", account.len()), DIGITS.into()));
    }
    let (word, rest) = name.split_once('/').unwrap_or((name, ""));
    if service == "iam" && word == "assumed-role" {
        return wrong("a session is of AWS STS", "write arn:aws:sts::…:assumed-role/ROLE/SESSION");
    }
    if service == "sts" || name == "root" {
        return None;
    }
    match word {
        "user" | "role" if !rest.is_empty() => None,
        "user" | "role" => Some((format!("it names no {word}"), format!("write its name, as in {word}/NAME").into())),
        "group" => wrong("a group is no principal", "name its users, or a role that they assume"),
        _ => {
            let near = did_you_mean(word, ["root", "user", "role"]);
            let help = near.map_or_else(|| "name a user, a role, or `root` for the account".to_owned(), meant);
            Some((format!("`{word}` is neither a user nor a role"), help.into()))
        }
    }
}

/// What is wrong with an ARN of IAM or AWS STS of which an account and a name are filled in later.
pub fn wrong_principal(service: &str, region: &str, word: &str, is_named: bool) -> Option<(String, Cow<'static, str>)> {
    let name = if is_named { format!("{word}/name") } else { word.to_owned() };
    wrong_part((service, region), ("111122223333", &name))
}

/// What Organizations refuses of a resource control policy of the organization's own: only denials of everyone are stored.
pub fn of_resource_control(statement: &Statement) -> Option<Refusal> {
    let of = "a resource control policy";
    let principals = statement.principals.as_ref();
    let everyone = |who: &Who| matches!(who, Who::Everyone | Who::AnyAws);
    if statement.allow {
        let message = format!("a statement of {of} allows, and AWS stores only those that deny");
        let help = "leave it out: RCPFullAWSAccess, which is always attached, allows".into();
        return Some(Refusal { message, help });
    }
    if principals.is_some_and(|p| p.negated || !p.who.iter().all(everyone)) {
        let message =
            format!("a statement of {of} is about some principals only, and AWS stores only \"Principal\": \"*\"");
        let help = "write \"Principal\": \"*\", and a condition on aws:PrincipalArn".into();
        return Some(Refusal { message, help });
    }
    if statement.actions.negated {
        let message = format!("`NotAction` is in {of}, where AWS rejects it");
        return Some(Refusal { message, help: "name the actions that are denied".into() });
    }
    let names_none = |text: &&String| text.split(':').next().unwrap_or_default().contains(['*', '?']);
    statement.actions.texts.iter().find(names_none).map(|text| Refusal {
        message: format!("the action `{text}` names no service, and AWS rejects it in {of}"),
        help: "name the services whose resources are meant, as in `s3:*`".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_actions_have_wildcards() {
        for text in ["s3:Get*", "*", "*:*", "s3:*", "**", "s3:"] {
            assert_eq!(service_of_action(text), None, "{text}");
        }
        for text in ["s*:GetObject", "*:GetObject", "s?:*", "*:Get*", "s3:Get:Object", "s3::*"] {
            assert!(service_of_action(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_sid_stands_once() {
        assert_eq!(repeated(["A", "", "B", "A", "", "A"].into_iter()), [3, 5]);
    }

    #[test]
    fn names_have_plain_characters() {
        for text in ["s3:Get*", "aws:PrincipalTag/team", "*", "execute-api:Invoke"] {
            assert_eq!(characters(text, true), None, "{text}");
        }
        for text in ["artifact:Accept\u{200b}Agreement", "s3:GetObject ", "s3:\u{201c}x", "s3:Gét", "s3:'x"] {
            assert!(characters(text, true).is_some(), "{text}");
        }
        assert_eq!(characters("arn:aws:s3:::b/é k", false), None);
        assert!(characters("arn:aws:s3:::b\u{200b}", false).is_some());
    }

    #[test]
    fn a_resource_is_an_arn_of_a_service() {
        for text in
            ["*", "arn:aws:s3:::b*", "arn:*:*:*:*:*", "arn:aws:*", "arn:aws:art*", "*:x", "${aws:PrincipalTag/arn}"]
        {
            assert_eq!(resource(text), None, "{text}");
        }
        for text in ["artifact", "", "agreement/*", "arn:aws:art*:::agreement/*", "arn:aws:s?:::b"] {
            assert!(resource(text).is_some(), "{text}");
        }
    }

    #[test]
    fn principals_have_the_forms_that_aws_knows() {
        for (key, text) in [
            ("AWS", "*"),
            ("AWS", "111122223333"),
            ("AWS", "arn:aws:iam::111122223333:root"),
            ("AWS", "arn:aws:iam::111122223333:role/path/reports"),
            ("AWS", "arn:aws:sts::111122223333:assumed-role/reports/session"),
            ("AWS", "arn:aws:sts::111122223333:federated-user/jo"),
            ("AWS", "AROAEXAMPLEID1234"),
            ("Service", "ec2.amazonaws.com"),
            ("Service", "alexa-appkit.amazon.com"),
            ("Federated", "cognito-identity.amazonaws.com"),
            ("CanonicalUser", "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"),
        ] {
            assert_eq!(named_principal(key, text), None, "{key} {text}");
        }
        for (key, text) in [
            ("AWS", "11112222333"),
            ("AWS", "arn:aws:iam::111122223333:group/g"),
            ("AWS", "arn:aws:iam::111122223333:assumed-role/reports/s"),
            ("AWS", "arn:aws:iam::11112222333:root"),
            ("AWS", "arn:aws:iam:us-east-1:111122223333:role/r"),
            ("AWS", "arn:aws:iam::111122223333:role/r*"),
            ("AWS", "arn:aws:s3:::bucket"),
            ("AWS", "jo"),
            ("Service", "ec2"),
            ("Service", "*"),
            ("Federated", "*"),
            ("CanonicalUser", "79*"),
            ("Federated", ""),
            ("Service", "ec2.amazonaws.com "),
        ] {
            assert!(named_principal(key, text).is_some(), "{key} {text}");
        }
    }

    #[test]
    fn keys_have_prefixes() {
        assert_eq!(condition_key("aws:username", false), None);
        assert_eq!(condition_key("username", true), None);
        assert!(condition_key("username", false).is_some() && condition_key("", true).is_some());
    }

    #[test]
    fn trust_policies_are_about_sts() {
        for text in ["sts:AssumeRole", "STS:*", "*", "sts:TagSession"] {
            assert_eq!(action_of_trust(text), None, "{text}");
        }
        assert!(action_of_trust("s3:GetObject").is_some());
        assert_eq!((sid("Ab1"), sid("A b").is_some()), (None, true));
    }
}
