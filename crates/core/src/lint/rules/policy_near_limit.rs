#![doc = include_str!("../../../../../docs/rules/CS114.md")]

use super::policy_too_large::{limit, sent, size, words};
use crate::aws::quotas::quotas;
use crate::lint::policy::{Policy, PolicyKind};
use crate::lint::read::Host;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS114",
    name: "policy-near-limit",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS114.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let (Some(limit), Some(size)) = (limit(policy, sink.settings), size(policy)) else {
        return;
    };
    // one may have less than what roles hold inline
    let managed = quotas().managed;
    // service control policies are counted with their white space when the AWS CLI saves them
    let raw = policy.source.slice(policy.root.span).chars().count();
    let with_space = policy.kind == PolicyKind::ServiceControl && policy.host == Host::Json && raw > limit;
    let words = words(policy);
    let sent = sent(policy);
    let message = if size.max(sent.unwrap_or_default()) > limit {
        return;
    } else if let Some(sent) = sent.filter(|sent| *sent >= limit / 10 * 9) {
        format!(
            "{sent} of the {limit} characters that {words} may have, with its white space, which counts as it is sent"
        )
    } else if size >= limit / 10 * 9 {
        format!("{size} of the {limit} characters that {words} may have")
    } else if policy.kind == PolicyKind::Identity && policy.holder.is_none() && size > managed {
        format!(
            "{size} characters without white space: a managed policy may have {managed}; only the inline policies of a role may have more"
        )
    } else if with_space {
        format!(
            "{raw} characters with its white space, which counts when the AWS CLI saves it; {words} may have {limit}"
        )
    } else {
        return;
    };
    sink.add(&policy.start(), message, "split it before it grows, or save it without white space");
}
