//! Calls of the collecting script that failed: why, and what is missing for it.
//!
//! The script leaves what AWS answered and the call; an import keeps both as a line of text, `failedCalls` of an organization or an
//! account, from which they are read again.

use std::fmt;

use serde::Serialize;

use super::{Gap, Missing};
use crate::inventory::Inventory;
use crate::permissions::names::is_account;

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// AWS did not allow it.
    Denied,
    /// It was made too often, or AWS was busy, and gave up after some attempts.
    Throttled,
    /// The answer lacks a page.
    Truncated,
    /// For another reason, which the code names if AWS gave one.
    Other,
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FailedCall {
    /// Why.
    pub why: Why,
    /// AWS's error code: `AccessDeniedException`.
    pub code: Option<String>,
    /// The call, without `aws`: `organizations list-accounts`.
    pub call: String,
}

const WORDS: [(Why, &str); 4] =
    [(Why::Denied, "denied"), (Why::Throttled, "throttled"), (Why::Truncated, "truncated"), (Why::Other, "failed")];

impl Why {
    /// In a word.
    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(why, _)| *why == self).map_or("failed", |(_, word)| word)
    }

    /// By the code of AWS's error, and what is said of it.
    fn of(code: Option<&str>, text: &str) -> Self {
        let code = code.unwrap_or_default();
        let has = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
        if has(&["AccessDenied", "Unauthorized", "Forbidden", "NotAuthorized", "AuthFailure"]) {
            Self::Denied
        } else if has(&["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown", "ServiceUnavailable"]) {
            Self::Throttled
        } else if code.is_empty() && text.starts_with("truncated:") {
            Self::Truncated
        } else {
            Self::Other
        }
    }
}

impl FailedCall {
    /// From what the script leaves in place of an answer: what AWS said, and the call in the last line.
    pub fn recorded(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let call = lines.last()?.strip_prefix("aws ")?.trim().to_owned();
        let said = lines.first().copied().unwrap_or_default();
        // An error occurred (AccessDeniedException) when calling …
        let code = lines.iter().find_map(|line| line.split_once("An error occurred (")?.1.split_once(')'));
        let is_code = |code: &&str| !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
        let code = code.map(|(code, _)| code).filter(is_code);
        Some(Self { why: Why::of(code, said), code: code.map(str::to_owned), call })
    }

    /// From the text that it is in an inventory.
    pub fn read(text: &str) -> Option<Self> {
        let (reason, call) = text.split_once(": ")?;
        let (word, code) = match reason.split_once(" (") {
            Some((word, code)) => (word, Some(code.strip_suffix(')')?.to_owned())),
            None => (reason, None),
        };
        let why = WORDS.iter().find(|(_, own)| *own == word).map(|(why, _)| *why)?;
        Some(Self { why, code, call: call.to_owned() })
    }

    /// Whether the answer would have told some of what is missing.
    fn would_tell(&self, gap: &Gap) -> bool {
        let is_made = |words: &Vec<&str>| words.iter().all(|word| self.call.split(' ').any(|own| own == *word));
        // a call about one policy tells nothing of another
        let names = |of: &String| of.rsplit(' ').next().is_some_and(|id| self.call.split(' ').any(|own| own == id));
        let is_about = gap.missing != Missing::Policies || gap.of.iter().any(names);
        is_about && calls(gap.calls).iter().any(is_made)
    }

    /// The credentials of an account were not given: nothing that only the account tells was asked for.
    fn is_of_role(&self) -> bool {
        self.call.starts_with("sts assume-role")
    }
}

impl fmt::Display for FailedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        write!(f, "{}{code}: {}", self.why.word(), self.call)
    }
}

/// The words of each call of a list such as `organizations list-policies, list-targets-for-policy; iam get-policy`.
fn calls(list: &str) -> Vec<Vec<&str>> {
    let mut all = Vec::new();
    for of_service in list.split("; ") {
        let (service, rest) = of_service.split_once(' ').unwrap_or((of_service, ""));
        all.extend(rest.split(", ").map(|call| std::iter::once(service).chain(call.split(' ')).collect()));
    }
    all
}

/// Tells of each gap which calls failed that would have told what is missing.
pub(super) fn tell(inventory: &Inventory, gaps: &mut [Gap]) {
    // only the account itself tells these
    const OF_ACCOUNT: [&str; 3] = ["artifact ", "cloudtrail ", "iam "];
    for ty in ["Organization", "Account"] {
        for entity in inventory.of_type(ty) {
            let texts = entity.texts("failedCalls");
            for failed in texts.into_iter().filter_map(FailedCall::read) {
                for gap in gaps.iter_mut() {
                    // what is asked about an account may be a matter of its organization
                    let beyond = !gap.of.iter().any(|id| is_account(id));
                    let here = ty == "Organization" || beyond || gap.of.contains(&entity.uid.id);
                    let by_role = failed.is_of_role() && OF_ACCOUNT.iter().any(|of| gap.calls.starts_with(of));
                    if here && (by_role || failed.would_tell(gap)) && !gap.failed.contains(&failed) {
                        gap.failed.push(failed.clone());
                    }
                }
            }
        }
    }
    gaps.iter_mut().for_each(|gap| gap.failed.sort());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_read_as_it_was_recorded() {
        for (said, why, code) in [
            (
                "An error occurred (AccessDeniedException) when calling the X operation: no",
                Why::Denied,
                "AccessDeniedException",
            ),
            ("\nAn error occurred (AccessDenied) when calling the X operation: no\n", Why::Denied, "AccessDenied"),
            ("An error occurred (ThrottlingException): Rate exceeded", Why::Throttled, "ThrottlingException"),
            ("An error occurred (TooManyRequestsException): wait", Why::Throttled, "TooManyRequestsException"),
            ("truncated: the answer has a token for a further page", Why::Truncated, ""),
            ("An error occurred (InvalidInputException): x", Why::Other, "InvalidInputException"),
            ("Could not connect to the endpoint URL", Why::Other, ""),
            // what a policy is called is no reason
            ("An error occurred (NoSuchEntity): policy AccessDenied was not found", Why::Other, "NoSuchEntity"),
        ] {
            let found = FailedCall::recorded(&format!("{said}\naws organizations list-accounts\n")).unwrap();
            let expected = (why, Some(code.to_owned()).filter(|c| !c.is_empty()), "organizations list-accounts");
            assert_eq!((found.why, found.code.clone(), found.call.as_str()), expected, "{said}");
            assert_eq!(FailedCall::read(&found.to_string()), Some(found));
        }
        assert_eq!(FailedCall::recorded("no\n"), None);
        assert_eq!(FailedCall::read("what: x"), None);
    }

    #[test]
    fn lists_of_calls_name_each_service_once() {
        let found = calls("organizations list-policies --filter X, list-targets-for-policy; iam get-policy");
        assert_eq!(found[0], ["organizations", "list-policies", "--filter", "X"]);
        assert_eq!(found[1], ["organizations", "list-targets-for-policy"]);
        assert_eq!(found[2], ["iam", "get-policy"]);
    }
}
