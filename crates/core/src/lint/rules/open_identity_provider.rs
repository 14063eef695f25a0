#![doc = include_str!("../../../../../docs/rules/CS206.md")]

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
    for value in of_subject.flat_map(|c| &c.values) {
        let open = matches!(value.text.as_str(), "*" | "repo:*" | "repo:*/*" | "repo:*:*");
        if open {
            let message = format!("`{}` is every subject of {host}", value.text);
            sink.add(&value.at, message, "name the repository, as in repo:OWNER/NAME:ref:refs/heads/main");
        }
    }
}
