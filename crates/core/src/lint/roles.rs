//! What the rules about handing out roles share.

use super::At;
use super::policy::{Condition, Policy, Statement};
use crate::iam::operator::{SetPrefix, Test};
use crate::iam::patterns::reaches_action;

/// Where a policy allows an action of IAM on every role, and no condition on a key says for which service. Both are in lower case.
pub fn on_every_role(policy: &Policy, action: &str, key: &str) -> Vec<At> {
    let allows = |s: &&Statement| {
        let everything =
            s.resources.as_ref().is_some_and(|r| !r.negated && r.texts.iter().any(|t| is_every_role(&t.text)));
        let all_but = s.resources.as_ref().is_some_and(|r| r.negated);
        policy.kind.grants()
            && s.allow == Some(true)
            && (everything || all_but)
            && s.meaning.as_ref().is_some_and(|m| reaches_action(m, action))
            && !s.conditions.iter().any(|c| says_which(c, key))
    };
    if policy.always_denies(action) {
        return Vec::new();
    }
    policy.statements.iter().filter(allows).filter_map(|s| named_at(s, action)).collect()
}

/// Whether a pattern matches every role of every account.
fn is_every_role(pattern: &str) -> bool {
    match pattern.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["*"] => true,
        ["arn", _, "iam" | "*", "" | "*", "*", name] => *name == "*" || *name == "role/*",
        _ => false,
    }
}

/// The text with which a statement reaches an action; the element where that is a `NotAction`.
fn named_at(statement: &Statement, action: &str) -> Option<At> {
    let (list, meaning) = (statement.actions.as_ref()?, statement.meaning.as_ref()?);
    if list.negated {
        return Some(list.key_at.clone());
    }
    let mut pairs = list.texts.iter().zip(meaning.actions.patterns.iter());
    pairs.find(|(_, pattern)| pattern.matches(action)).map(|(text, _)| text.at.clone())
}

/// Whether a condition names the service: a value that begins with `*` also fits others. Every request of these actions carries the key.
fn says_which(condition: &Condition, key: &str) -> bool {
    let holds = condition.operator.is_some_and(|o| o.test != Test::Null && !o.negated && o.set != SetPrefix::All);
    holds && condition.key.text.eq_ignore_ascii_case(key) && !condition.values.iter().any(|v| v.text.starts_with('*'))
}
