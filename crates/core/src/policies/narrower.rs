//! Whether a gate that stands in for another forbids less, as far as its conditions tell.

use serde_json::{Value, json};

use super::requires::asks;

/// The first thing that a gate asks for beside what another does, and without which it would not forbid; what is allowed aside,
/// which `@requires` tells. Equal conditions are those of equal text: another that means the same counts as one more.
pub fn asks_more(own: &[Value], than: &[Value]) -> Option<Value> {
    let than: Vec<Value> = than.iter().flat_map(conjuncts).collect();
    own.iter().flat_map(conjuncts).find(|part| !than.contains(part) && !asks(part))
}

/// The parts of a condition, each of which has to hold.
pub fn conjuncts(condition: &Value) -> Vec<Value> {
    let mut parts = Vec::new();
    let unless = condition.get("kind").and_then(Value::as_str) == Some("unless");
    split(condition.get("body").unwrap_or(&Value::Null), unless, &mut parts);
    parts
}

fn split(body: &Value, negated: bool, parts: &mut Vec<Value>) {
    let joined = body.get(if negated { "||" } else { "&&" });
    if let Some(operands) = joined {
        ["left", "right"].iter().filter_map(|side| operands.get(side)).for_each(|side| split(side, negated, parts));
    } else if let Some(operand) = body.get("!").and_then(|not| not.get("arg")) {
        split(operand, !negated, parts);
    } else if negated {
        parts.push(json!({"!": {"arg": body}}));
    } else {
        parts.push(body.clone());
    }
}
