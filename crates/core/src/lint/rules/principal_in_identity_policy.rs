#![doc = include_str!("../../../../../docs/rules/CS108.md")]

use crate::iam::stored::{self, Refusal};
use crate::lint::edit;
use crate::lint::policy::Policy;
use crate::lint::read::choice::may_be_missing;
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS108",
    name: "principal-in-identity-policy",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS108.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if policy.kind.has_principals() {
        return;
    }
    for statement in &policy.statements {
        for key in ["Principal", "NotPrincipal"] {
            let Some(member) = statement.node.member(key).filter(|m| !may_be_missing(&m.node)) else {
                continue;
            };
            let at = At { pointer: format!("{}.{key}", statement.at.pointer), span: member.key_span };
            let Refusal { message, help } = stored::principal(key, policy.kind.words());
            if let Some(finding) = sink.add(&at, message, help) {
                let what = format!("removes `{key}`: the statement applies to everyone who has the policy");
                finding.fix(false, what, edit::remove_member(policy, &statement.node, key));
            }
        }
    }
}
