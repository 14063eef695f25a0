#![doc = include_str!("../../../../../docs/rules/CS107.md")]

use crate::lint::policy::{Policy, Statement};
use crate::lint::read::choice::may_be_missing;
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};
use crate::problem::did_you_mean;
use crate::text::UNKNOWN;
use crate::text::json::Member;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS107",
    name: "conflicting-elements",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS107.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    // what another document takes the place of need not be whole
    for statement in policy.statements.iter().filter(|s| !s.replaced) {
        pair(statement, "Action", "NotAction", sink);
        // a statement with principals may belong to one resource, and names none
        if !policy.kind.has_principals() || statement.node.get("NotResource").is_some() {
            pair(statement, "Resource", "NotResource", sink);
        }
    }
}

fn pair(statement: &Statement, plain: &str, negated: &str, sink: &mut Sink<'_>) {
    match (statement.node.member(plain), statement.node.member(negated)) {
        // of two of which one may be missing, one counts
        (Some(first), Some(second)) if may_be_missing(&first.node) || may_be_missing(&second.node) => {}
        (Some(_), Some(second)) => {
            let at = At { pointer: format!("{}.{negated}", statement.at.pointer), span: second.key_span };
            sink.add(&at, format!("this statement has both `{plain}` and `{negated}`"), "keep one of the two");
        }
        (None, None) => {
            let members = statement.node.as_object().unwrap_or_default();
            // a misspelt element is told as that
            let misspelt = |m: &&Member| did_you_mean(&m.key, [plain, negated]).is_some() || m.key.contains(UNKNOWN);
            if members.is_empty() || members.iter().any(|m| misspelt(&m)) {
                return;
            }
            let span = members.first().map_or(statement.at.span, |m| m.key_span);
            let at = At { pointer: statement.at.pointer.clone(), span };
            sink.add(&at, format!("this statement has neither `{plain}` nor `{negated}`"), format!("add \"{plain}\""));
        }
        _ => {}
    }
}
