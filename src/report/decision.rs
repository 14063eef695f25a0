//! One IAM decision for people: the answer, the layer that decides, and for every statement what did not match.

use anstyle::AnsiColor;

use super::sentences::depends;
use super::{bold, dim, in_colour, paragraph, verdict, wrapped};
use countersign_core::simulation::explain::{ClauseAnswer, ConditionAnswer, StatementAnswer};
use countersign_core::simulation::{IamDecision, SimulatedDecision};

/// The answer to one request.
pub fn answer(width: usize, answer: &SimulatedDecision) -> String {
    let mut text = format!("{}  {}\n", verdict(answer.decision), bold(&asked(answer)));
    if let Some(principal) = &answer.principal {
        text.push_str(&format!("  {}\n", dim(&format!("by {principal}"))));
    }
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("  {name:<8} "), body));
    if let Some(layer) = &answer.decided_by {
        let does = match answer.decision {
            IamDecision::Allowed => "grants it, and no layer restricts it",
            IamDecision::ExplicitDeny => "denies it",
            _ => "does not allow it",
        };
        section("because", &format!("{layer} {does}"));
        if answer.decision == IamDecision::ImplicitDeny && is_allowed(answer, "resource") {
            let why = match layer.as_str() {
                "identity" | "boundary" | "session" => Some(format!(
                    "resource allows it, but not in a way that grants it without {layer}: to the account, to a role, or from another account"
                )),
                layer if layer.contains("Control[") => {
                    Some(format!("resource allows it, and {layer} has to allow it, too, whomever resource names"))
                }
                _ => None,
            };
            why.iter().for_each(|why| section("because", why));
        }
    }
    if answer.denied_in_any_case {
        section("because", "it is denied in any case; whether explicitly or implicitly is unknown");
    }
    for dependency in &answer.depends_on {
        section("depends", &depends(&dependency.key, &dependency.allows));
    }
    for assumed in &answer.assuming {
        section("assuming", assumed);
    }
    for warning in &answer.warnings {
        section("note", warning);
    }
    for layer in &answer.layers {
        text.push_str(&format!("\n  {}  {}\n", bold(&layer.layer), verdict(layer.decision)));
        let mut statements = answer.statements.iter().filter(|s| s.layer == layer.layer).peekable();
        if statements.peek().is_none() {
            text.push_str("    no statements\n");
        }
        for statement in statements {
            text.push_str(&told(width, statement));
        }
    }
    text
}

fn is_allowed(answer: &SimulatedDecision, layer: &str) -> bool {
    answer.layers.iter().any(|l| l.layer == layer && l.decision == IamDecision::Allowed)
}

/// One answer of a batch.
pub fn line(number: usize, answer: &SimulatedDecision) -> String {
    let by = match (&answer.decided_by, answer.depends_on.as_slice()) {
        (Some(layer), _) => format!("  by {layer}"),
        (None, []) => String::new(),
        (None, keys) => format!("  depends on {}", keys.iter().map(|d| d.key.as_str()).collect::<Vec<_>>().join(", ")),
    };
    format!("{number}  {}  {}{}\n", verdict(answer.decision), asked(answer), dim(&by))
}

/// The line of a request that could not be decided.
pub fn refusal(number: usize, error: &str) -> String {
    format!("{number}  {}  {error}\n", in_colour(AnsiColor::Red, "error"))
}

fn asked(answer: &SimulatedDecision) -> String {
    format!("{} on {}", answer.action, answer.resource)
}

fn told(width: usize, statement: &StatementAnswer) -> String {
    let applies = match statement.applies {
        Some(true) => "applies",
        Some(false) => "does not apply",
        None => "may apply",
    };
    let sid = statement.sid.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
    let place = format!("{} {}{sid}, line {}", statement.policy, statement.pointer, statement.line);
    let mut text = format!("    {:<5} {place}: {applies}\n", statement.effect);
    for clause in statement.principal.iter().chain([&statement.action, &statement.resource]) {
        text.push_str(&unmatched(width, clause));
    }
    let decisive = |c: &&ConditionAnswer| c.matches != Some(true) || statement.applies == Some(true);
    for condition in statement.conditions.iter().filter(decisive) {
        text.push_str(&of_condition(width, condition));
    }
    text
}

/// What does not match, or may not.
fn unmatched(width: usize, clause: &ClauseAnswer) -> String {
    let word = match clause.matches {
        Some(true) => return String::new(),
        Some(false) => "does not match",
        None => "may match",
    };
    let patterns = clause.patterns.join(", ");
    wrapped(width, &format!("          {} {word}: ", clause.element), 12, &patterns)
}

fn of_condition(width: usize, condition: &ConditionAnswer) -> String {
    let word = match condition.matches {
        Some(true) => "holds",
        Some(false) => "does not hold",
        None => "may hold",
    };
    let values = condition.values.iter().map(|v| format!("\"{v}\"")).collect::<Vec<_>>().join(", ");
    let first = format!("          {} {} [{values}] {word}: ", condition.operator, condition.key);
    wrapped(width, "", 12, &format!("{first}{}", condition.because))
}
