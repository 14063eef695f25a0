//! What the rules about whom a resource or a role trusts share.

use super::At;
use super::policy::{Condition, Policy, Statement};
use super::read::choice::is_known;
use crate::iam::operator::{SetPrefix, Test};
use crate::iam::principal::Principals;

/// The statements that allow, of which all is known, and whom each is about.
pub fn trusting(policy: &Policy) -> impl Iterator<Item = (&Statement, &Principals)> {
    let allows = policy.statements.iter().filter(|s| s.allow == Some(true) && is_known(&s.node));
    allows.filter_map(|s| Some((s, s.meaning.as_ref()?.principals.as_ref()?))).filter(|(_, p)| !p.negated)
}

/// Whether a condition fails where its key is absent, and asks for a value.
pub fn is_required(condition: &Condition) -> bool {
    condition.operator.is_some_and(|o| o.test != Test::Null && !o.negated && !o.if_exists && o.set != SetPrefix::All)
}

/// Whether a condition of a statement narrows it by one of these keys, which are in lower case.
pub fn narrows(statement: &Statement, keys: &[String]) -> bool {
    let by = |c: &&Condition| keys.contains(&c.key.text.to_ascii_lowercase());
    statement.conditions.iter().filter(by).any(|c| is_required(c) && !passes_everybody(c))
}

/// Whether a value of a condition is one that everybody has, or can have in an account of their own: every address, every organization, a
/// role of this name wherever it is.
fn passes_everybody(condition: &Condition) -> bool {
    let Some(test) = condition.operator.map(|operator| operator.test) else {
        return false;
    };
    let key = condition.key.text.to_ascii_lowercase();
    condition.values.iter().filter(|value| !value.perhaps && value.is_known()).any(|value| match test {
        Test::Ip => value.text.ends_with("/0"),
        Test::StringLike | Test::Arn => is_anybody(&key, &value.text),
        _ => false,
    })
}

fn is_anybody(key: &str, pattern: &str) -> bool {
    let is_open = |text: &str| !text.is_empty() && text.chars().all(|c| matches!(c, '*' | '?'));
    if key.contains("org") {
        let organization = pattern.split('/').next().unwrap_or_default();
        return is_open(organization.strip_prefix("o-").unwrap_or(organization));
    }
    match pattern.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, _, _, "", resource] => is_open(resource),
        ["arn", _, _, _, account, _] => is_open(account),
        _ => is_open(pattern),
    }
}

/// Where a statement says whom it is about.
pub fn principal_at(statement: &Statement) -> At {
    let member = statement.node.member("Principal").or_else(|| statement.node.member("NotPrincipal"));
    member.map_or_else(
        || statement.at.clone(),
        |m| At { pointer: format!("{}.{}", statement.at.pointer, m.key), span: m.key_span },
    )
}
