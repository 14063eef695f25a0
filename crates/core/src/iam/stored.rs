//! What IAM and Organizations refuse to store (D29): one list, which evaluation and lint share. A policy that cannot exist decides
//! nothing.

use std::collections::HashSet;

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
}
