#![doc = include_str!("../../../../../docs/rules/CS155.md")]

use super::tasks;
use crate::lint::policy::Policy;
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS155",
    name: "write-access-in-read-only",
    severity: Severity::Error,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS155.md"),
    check: Check::Policy(check),
};

/// Words of names that promise to change nothing; the option `words` has others.
pub(super) const WORDS: [&str; 4] = ["read-only", "view-only", "viewer", "auditor"];
const WRITE: [&str; 2] = ["artifact:AcceptAgreement", "artifact:TerminateAgreement"];

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.grants() {
        return;
    }
    let words = sink.settings.words(RULE.code, &WORDS);
    let promise = policy.names.iter().find(|n| tasks::holds_word(n, &words)).cloned();
    let mut reached: Vec<(At, String, Vec<&str>)> = Vec::new();
    for action in WRITE {
        for (statement, text) in tasks::allowing(policy, action) {
            let sid = statement.sid.as_ref().map(|s| s.text.clone()).filter(|s| tasks::holds_word(s, &words));
            let Some(name) = promise.clone().or(sid) else {
                continue;
            };
            match reached.iter_mut().find(|(at, ..)| *at == text.at) {
                Some((_, _, actions)) => actions.push(action),
                None => reached.push((text.at, name, vec![action])),
            }
        }
    }
    if let (Some(name), Some(span)) = (promise, policy.beside.listed_at) {
        for (arn, statements) in &policy.beside.managed {
            let allows = |a: &&str| statements.iter().any(|s| s.allow && tasks::allows(s, a));
            let actions: Vec<&str> = WRITE.into_iter().filter(allows).collect();
            if !actions.is_empty() {
                let policy_name = arn.rsplit('/').next().unwrap_or(arn);
                let message = format!("`{name}` has {policy_name}, which allows {}", actions.join(" and "));
                sink.add(&At { pointer: String::new(), span }, message, "remove it, or rename the permission set");
            }
        }
    }
    for (at, name, actions) in reached {
        let message = format!("`{name}` allows changes to agreements: {}", actions.join(" and "));
        sink.add(&at, message, "remove it, or rename the policy");
    }
}
