#![doc = include_str!("../../../../../docs/rules/CS136.md")]

use super::tasks;
use crate::aws::resources::ArnText;
use crate::inventory::builtin::{self, Offer};
use crate::lint::policy::{Policy, Statement, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS136",
    name: "agreement-of-another-scope",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS136.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)) {
        let Some(resources) = statement.resources.as_ref().filter(|r| !r.negated) else {
            continue;
        };
        let Some(purpose) =
            purpose(policy, statement).filter(|_| tasks::names(statement, "artifact:AcceptAgreement").is_some())
        else {
            continue;
        };
        let offers: Vec<_> = resources.texts.iter().map(|t| (t, offer(t))).collect();
        // one of the right scope, or any, is enough
        if offers.iter().any(|(_, o)| o.is_none_or(|o| o.scope == purpose)) {
            continue;
        }
        for (text, offer) in offers.into_iter().filter_map(|(t, o)| Some((t, o?))) {
            let twin = builtin::offers()
                .iter()
                .find(|o| o.kind == offer.kind && o.partition == offer.partition && o.scope == purpose);
            let message = format!(
                "{} is an agreement with the scope {}, but the names here say {purpose}",
                offer.name, offer.scope
            );
            let help = twin.map_or_else(
                || format!("there is no {} for the scope {purpose}", offer.kind),
                |t| format!("for the scope {purpose} it is {} ({})", t.id, t.name),
            );
            sink.add(&text.at, message, help);
        }
    }
}

fn offer(text: &Text) -> Option<&'static Offer> {
    let arn = ArnText::new(&text.text);
    let id = arn.segment(5).strip_prefix("agreement/")?;
    builtin::offers().iter().find(|o| o.id == id)
}

/// The scope that the names of a policy and of a statement tell; `None` where they tell none or both.
fn purpose(policy: &Policy, statement: &Statement) -> Option<&'static str> {
    let names = || policy.names.iter().map(String::as_str).chain(statement.sid.iter().map(|s| s.text.as_str()));
    let holds = |word: &str| names().any(|n| tasks::holds_word(n, &[word]));
    match (holds("organization"), holds("account")) {
        (true, false) => Some("organization"),
        (false, true) => Some("account"),
        _ => None,
    }
}
