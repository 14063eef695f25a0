#![doc = include_str!("../../../../../docs/rules/CS108.md")]

use crate::iam::stored::{self, Refusal};
use crate::lint::edit;
use crate::lint::policy::{Policy, Statement};
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

/// The kind is guessed: from names, or because some statements have nobody and so the policy cannot be one of a resource either.
fn guessed(policy: &Policy, at: &At, key: &str, sink: &mut Sink<'_>) {
    let has = |s: &Statement| s.node.member("Principal").is_some() || s.node.member("NotPrincipal").is_some();
    if policy.statements.iter().all(has) {
        let message = format!("`{key}` is in what its name says is {}, where AWS rejects it", policy.kind.words());
        let help = "leave it out, or say what the policy is attached to: `--kind`, or [lint.kinds]";
        sink.add_as(Severity::Warning, at, message, help);
    } else {
        let message = format!(
            "`{key}` is in this statement, and others say of nobody whom they are about: AWS rejects a policy of such a mixture"
        );
        let help = "name whom each statement is about in a policy of a resource, and nobody in any other policy";
        sink.add(at, message, help);
    }
}

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
            if !policy.kind_is_told {
                guessed(policy, &at, key, sink);
            } else if let Some(finding) = sink.add(&at, message, help) {
                let what = format!("removes `{key}`: the statement applies to everyone who has the policy");
                finding.fix(false, what, edit::remove_member(policy, &statement.node, key));
            }
        }
    }
}
