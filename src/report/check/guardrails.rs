//! What became of guardrails, in words.

use crate::report::{count, few, sentences};
use countersign_core::finding::Severity;
use countersign_core::guardrails::{By, GuardrailResult, GuardrailState, Violation};
use countersign_core::people::short;
use countersign_core::words::principal;

/// `3 guardrails, 1 proved for any request, 1 applies to no one`; first those that do not hold. Of a severity that does not fail the
/// check, they are told apart: a part that passed has none that is broken without a word.
pub fn summary(outcomes: &[GuardrailResult], fails: &dyn Fn(Severity) -> bool) -> String {
    let number = |states: &[GuardrailState]| outcomes.iter().filter(|o| states.contains(&o.outcome)).count();
    let verb = |number: usize, one: &'static str, more: &'static str| if number == 1 { one } else { more };
    let (cannot, no_one) = (number(&[GuardrailState::CannotMatch]), number(&[GuardrailState::NotApplicable]));
    let is_open = |o: &&GuardrailResult| matches!(o.outcome, GuardrailState::Violated | GuardrailState::Unknown);
    let failing = outcomes.iter().filter(is_open).filter(|o| fails(o.severity)).count();
    let others = outcomes.iter().filter(is_open).count() - failing;
    let counts = [
        (failing, "broken or possibly broken"),
        (others, "broken or possibly broken, of a severity that does not fail the check"),
        (cannot, "cannot match"),
        (number(&[GuardrailState::Proved]), "proved for any request"),
        (number(&[GuardrailState::Holds]), verb(number(&[GuardrailState::Holds]), "holds", "hold")),
        (no_one, verb(no_one, "applies to no one", "apply to no one")),
    ];
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
    format!("{}, {}", count(outcomes.len(), "guardrail"), counts.join(", "))
}

/// Why a guardrail that forbids nothing does not, and what to do; `None` for the others.
pub fn unmatched_words(outcome: &GuardrailResult) -> Option<(String, &'static str)> {
    let reason = outcome.reason.as_deref()?;
    Some(match outcome.outcome {
        GuardrailState::NotApplicable => (format!("applies to no one so far: {reason}"), "nothing is to be done"),
        GuardrailState::Unknown => (reason.to_owned(), "check the names in it"),
        _ => (format!("cannot match, so it protects from nothing: {reason}"), "correct the guardrail, or remove it"),
    })
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
