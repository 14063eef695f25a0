//! What IAM and Organizations refuse to store (D29): one list, which evaluation and lint share. A policy that cannot exist decides
//! nothing.

use std::collections::HashSet;

use super::document::Statement;
use super::principal::Who;
use crate::text::json::Node;

/// What is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

/// An action whose service is a pattern: only the name of an action may hold wildcards, but for `*` and `*:*`, all actions.
pub fn service_of_action(text: &str) -> Option<Refusal> {
    let (service, name) = text.split_once(':')?;
    let all = !service.is_empty() && text.bytes().all(|b| b == b'*' || b == b':');
    (service.contains(['*', '?']) && !all && !name.is_empty()).then(|| Refusal {
        message: format!("the action `{text}` has a wildcard in its service prefix, and AWS rejects it"),
        help: "name each service, or write \"*\" for every action",
    })
}

/// `Principal` or `NotPrincipal` in a policy of this kind, in words, which is attached to whom it applies to.
pub fn principal(key: &str, of: &str) -> Refusal {
    Refusal {
        message: format!("`{key}` is in {of}, where AWS rejects it"),
        help: "leave it out: the policy applies to whatever it is attached to",
    }
}

/// The `Sid` of a second statement, which another has already.
pub fn repeated_sid(sid: &str) -> Refusal {
    Refusal {
        message: format!("the `Sid` {sid} appears twice in one policy, and AWS rejects it"),
        help: "give each statement its own `Sid`",
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
        help: "type it again, without formatting",
    })
}

/// A resource that is neither an ARN nor `*`, or whose service is part of a pattern.
pub fn resource(text: &str) -> Option<Refusal> {
    if !is_arn_or_pattern(text) {
        return Some(Refusal {
            message: format!("the resource `{text}` is neither an ARN nor `*`, and AWS rejects it"),
            help: "write an ARN, or \"*\"",
        });
    }
    let service = text.split(':').nth(2).unwrap_or_default();
    let is_part = service.contains(['*', '?']) && service.bytes().any(|b| !matches!(b, b'*' | b'?'));
    (is_part && text.splitn(6, ':').count() == 6).then(|| Refusal {
        message: format!("the resource `{text}` has a wildcard in its service segment, and AWS rejects it"),
        help: "name each service",
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
        help: "write it in full, such as aws:username",
    })
}

/// The `Sid` of a policy of identities with other characters than letters and digits.
pub fn sid(text: &str) -> Option<Refusal> {
    (!text.chars().all(|c| c.is_ascii_alphanumeric())).then(|| Refusal {
        message: format!("the `Sid` {text} contains characters other than letters and digits, and IAM rejects it"),
        help: "use only letters and digits",
    })
}

/// `NotAction` or `NotResource` of nothing. What AWS does with it no source says, and read literally it is everything.
pub fn all_but_nothing(key: &str) -> Refusal {
    Refusal {
        message: format!("`{key}` is an empty list, and AWS rejects a statement that names nothing"),
        help: "list what the statement leaves out, or write \"*\" without `Not`",
    }
}

/// An action of a trust policy that is not one of AWS STS.
pub fn action_of_trust(text: &str) -> Option<Refusal> {
    let (service, _) = text.split_once(':')?;
    (!service.contains('*') && !service.eq_ignore_ascii_case("sts")).then(|| Refusal {
        message: format!("the action `{text}` is in a trust policy, which has actions of AWS STS only: AWS rejects it"),
        help: "write sts:AssumeRole, or another action by which a role is assumed",
    })
}

/// `NotPrincipal` of a trust policy.
pub fn trust_of_all_but() -> Refusal {
    Refusal {
        message: "`NotPrincipal` is in a trust policy, where AWS rejects it".to_owned(),
        help: "name whom the role trusts with `Principal`",
    }
}

/// What Organizations refuses of a resource control policy of the organization's own: only denials of everyone are stored.
pub fn of_resource_control(statement: &Statement) -> Option<Refusal> {
    let of = "a resource control policy";
    let principals = statement.principals.as_ref();
    let everyone = |who: &Who| matches!(who, Who::Everyone | Who::AnyAws);
    if statement.allow {
        let message = format!("a statement of {of} allows, and AWS stores only those that deny");
        return Some(Refusal { message, help: "leave it out: RCPFullAWSAccess, which is always attached, allows" });
    }
    if principals.is_some_and(|p| p.negated || !p.who.iter().all(everyone)) {
        let message =
            format!("a statement of {of} is about some principals only, and AWS stores only \"Principal\": \"*\"");
        return Some(Refusal { message, help: "write \"Principal\": \"*\", and a condition on aws:PrincipalArn" });
    }
    statement.actions.negated.then(|| Refusal {
        message: format!("`NotAction` is in {of}, where AWS rejects it"),
        help: "name the actions that are denied",
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
        for text in ["s*:GetObject", "*:GetObject", "s?:*", "*:Get*"] {
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
