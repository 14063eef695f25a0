//! What became of guardrails, in words.

use crate::report::{count, few, sentences};
use countersign_core::guardrails::{By, GuardrailResult, GuardrailState, Violation};
use countersign_core::people::short;
use countersign_core::words::principal;

/// `2 guardrails, 1 proved for any request`
pub fn summary(outcomes: &[GuardrailResult]) -> String {
    let all = count(outcomes.len(), "guardrail");
    match outcomes.iter().filter(|o| o.is_open()).count() {
        0 => {
            let proved = outcomes.iter().filter(|o| o.outcome == GuardrailState::Proved).count();
            format!("{all}, {proved} proved for any request")
        }
        broken => format!("{broken} of {all} broken or possibly broken"),
    }
}

/// Who breaks a guardrail, how, and with what.
pub fn violation_words(violation: &Violation) -> String {
    breaking(violation, &who(violation))
}

/// The same, those who break it in the same way together.
pub fn violations_words(violations: &[Violation]) -> Vec<String> {
    let mut alike: Vec<(&Violation, Vec<String>)> = Vec::new();
    let way = |v: &Violation| (v.by, v.operations.clone(), v.request.clone());
    for violation in violations {
        match alike.iter_mut().find(|(first, _)| way(first) == way(violation)) {
            Some((_, all)) => all.push(who(violation)),
            None => alike.push((violation, vec![who(violation)])),
        }
    }
    alike.into_iter().map(|(violation, who)| breaking(violation, &few(&who, 8))).collect()
}

fn who(violation: &Violation) -> String {
    let people =
        if violation.people.is_empty() { String::new() } else { format!(" ({})", violation.people.join(", ")) };
    let assuming = match violation.assuming.as_slice() {
        [] => String::new(),
        roles => format!(", by assuming {},", roles.iter().map(|r| short(r)).collect::<Vec<_>>().join(", then ")),
    };
    format!("{}{people}{assuming}", principal(violation.kind, &violation.name, &violation.account))
}

fn breaking(violation: &Violation, who: &str) -> String {
    let what = sentences::operations(&violation.operations);
    match violation.by {
        By::Grant => format!("{who} may {what}:"),
        By::Unknown => format!("{who} may perhaps {what}:"),
        By::Request => {
            let with: Vec<String> = violation.request.iter().map(|(k, v)| format!("{k} = {v}")).collect();
            let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
            format!("by some other request{with}, {who} may {what}:")
        }
    }
}
