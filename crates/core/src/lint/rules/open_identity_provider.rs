#![doc = include_str!("../../../../../docs/rules/CS206.md")]

use crate::iam::operator::Test;
use crate::iam::principal::Who;
use crate::lint::policy::{Policy, PolicyKind, Statement};
use crate::lint::sources::{is_required, principal_at, trusting};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS206",
    name: "open-identity-provider",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS206.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if policy.kind != PolicyKind::Trust {
        return;
    }
    for (statement, principals) in trusting(policy) {
        for who in &principals.who {
            let Who::Federated(provider) = who else {
                continue;
            };
            let Some((_, host)) = provider.split_once(":oidc-provider/") else {
                continue;
            };
            missing(statement, host, sink);
        }
    }
}

fn missing(statement: &Statement, host: &str, sink: &mut Sink<'_>) {
    let asks = |claim: &str| {
        let key = format!("{host}:{claim}");
        statement.conditions.iter().any(|c| c.key.text.eq_ignore_ascii_case(&key) && is_required(c))
    };
    let lacking: Vec<String> = ["aud", "sub"].iter().filter(|c| !asks(c)).map(|c| format!("{host}:{c}")).collect();
    if !lacking.is_empty() {
        let message = format!("this trusts every token that {host} signs: no condition on {}", lacking.join(" and "));
        sink.add(&principal_at(statement), message, format!("add a condition on {}", lacking.join(" and ")));
        return;
    }
    let subject = format!("{host}:sub");
    let of_subject = statement.conditions.iter().filter(|c| c.key.text.eq_ignore_ascii_case(&subject));
    for condition in of_subject {
        let pattern = condition.operator.is_some_and(|o| o.test == Test::StringLike);
        for value in condition.values.iter().filter(|v| v.is_known()) {
            let help = "name the repository, as in repo:OWNER/NAME:ref:refs/heads/main";
            let message = match open(&value.text, pattern, host) {
                Some(Open::Repositories) => {
                    let message = format!("`{}` is of every repository, or every branch, of one owner", value.text);
                    sink.add_as(Severity::Info, &value.at, message, help);
                    continue;
                }
                Some(Open::Everybody) => format!("`{}` is every subject of {host}", value.text),
                Some(Open::Owners) => {
                    format!("`{}` is of every owner of this name, and anybody can have one", value.text)
                }
                None => continue,
            };
            sink.add(&value.at, message, help);
        }
    }
}

/// Whose a subject is, where that is left open.
enum Open {
    Everybody,
    /// Of owners whose names the pattern does not fix: everybody may be one.
    Owners,
    /// Of one owner, and which repository or branch is left open.
    Repositories,
}

/// The host of GitHub's tokens.
const GITHUB: &str = "token.actions.githubusercontent.com";

fn open(subject: &str, pattern: bool, host: &str) -> Option<Open> {
    if matches!(subject, "*" | "repo:*" | "repo:*/*" | "repo:*:*") {
        return Some(Open::Everybody);
    }
    if !pattern || !host.eq_ignore_ascii_case(GITHUB) {
        return None;
    }
    // up to its first slash, a subject names the owner
    let owner = subject.split('/').next().unwrap_or_default();
    if owner.contains(['*', '?']) {
        return Some(Open::Owners);
    }
    subject.contains(['*', '?']).then_some(Open::Repositories)
}
