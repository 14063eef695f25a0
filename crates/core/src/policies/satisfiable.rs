//! Conditions that contradict themselves: `context.inForce && !context.inForce`, one attribute that is two texts at once, or a moment
//! that is both before one and after a later one. Such a policy never applies, and a gate that never applies lets everybody pass.
//!
//! A condition is taken apart into what it asks, and tried with every combination of answers. What is compared with texts is one of
//! them or something else; what is compared with numbers or moments is one of them, or before, between or after them; whatever else
//! is asked is true or false by itself. So a condition that is refused can never hold, and one that passes may still be one that
//! never does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ordered::{self, Ordered};
use super::reads::attribute_of;

/// With more combinations than this they are not tried.
const MAX_COMBINATIONS: usize = 4_096;

/// Whether no request at all can meet the conditions of a policy in JSON. `of_itself`: its resource is always its principal.
pub fn never_holds(policy: &Value, of_itself: bool) -> bool {
    let written = policy.get("conditions").and_then(Value::as_array).into_iter().flatten().cloned();
    let heads = ["principal", "resource"].into_iter().filter_map(|variable| in_head(policy, variable));
    let mut conditions: Vec<Value> = written.chain(heads).collect();
    if of_itself {
        conditions.iter_mut().for_each(of_one);
    }
    let mut asked = Asked::default();
    conditions.iter().filter_map(|c| c.get("body")).for_each(|body| asked.collect(body));
    let domains: Vec<(&String, Vec<Answer<'_>>)> = asked.domains().collect();
    let exclusive: BTreeMap<&str, Exclusive> =
        asked.truths.iter().filter_map(|t| Some((t.as_str(), exclusive(t)?))).collect();
    let combinations = domains.iter().try_fold(1_usize, |n, (_, answers)| n.checked_mul(answers.len()));
    let Some(count) = combinations.filter(|n| *n <= MAX_COMBINATIONS) else {
        return false;
    };
    !(0..count).any(|index| {
        let mut rest = index;
        let answers: BTreeMap<&str, Answer<'_>> = domains
            .iter()
            .filter_map(|(name, answers)| {
                let answer = answers.get(rest % answers.len())?;
                rest /= answers.len();
                Some((name.as_str(), *answer))
            })
            .collect();
        are_possible(&answers, &exclusive)
            && conditions.iter().all(|condition| {
                let holds = condition.get("body").is_some_and(|body| is_true(body, &answers));
                let unless = condition.get("kind").and_then(Value::as_str) == Some("unless");
                holds != unless
            })
    })
}

/// What the head of a policy asks of a variable, as a condition; `None` where it may be several.
fn in_head(policy: &Value, variable: &str) -> Option<Value> {
    let head = policy.get(variable)?;
    let entity = head.get("entity").filter(|_| head.get("op").and_then(Value::as_str) == Some("=="))?;
    let body = json!({"==": {"left": {"Var": variable}, "right": {"Value": {"__entity": entity}}}});
    Some(json!({"kind": "when", "body": body}))
}

/// The same condition where the resource is the principal.
fn of_one(condition: &mut Value) {
    match condition {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match value {
                    Value::String(variable) if name == "Var" && variable == "resource" => {
                        *variable = "principal".to_owned();
                    }
                    value if name != "Value" => of_one(value),
                    _ => {}
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(of_one),
        _ => {}
    }
}

/// Attributes of the context of which one at most is so: for Booleans, is true; for sets, has the same text.
const EXCLUSIVE: [&[&str]; 4] = [
    &["covered", "notCovered", "coverageUnknown"],
    &["holdsPhi", "holdsPhiUnknown"],
    &["attested", "attestedUnknown"],
    &["allowed", "allowedUnknown"],
];

/// The row of [`EXCLUSIVE`] that a question is of, and the text that it looks for in a set.
type Exclusive = (usize, String);

/// Which others a question excludes.
fn exclusive(asked: &str) -> Option<Exclusive> {
    let asked: Value = serde_json::from_str(asked).ok()?;
    let (of, text) = match asked.get("contains") {
        Some(operands) => (operands.get("left")?, operands.get("right")?.get("Value")?.as_str()?),
        None => (&asked, ""),
    };
    let attribute = attribute_of(of, "context")?;
    let row = EXCLUSIVE.iter().position(|row| row.contains(&attribute))?;
    Some((row, text.to_owned()))
}

/// Whether no two answers exclude each other.
fn are_possible(answers: &BTreeMap<&str, Answer<'_>>, exclusive: &BTreeMap<&str, Exclusive>) -> bool {
    let mut seen = BTreeSet::new();
    let is_so = |answer: &Answer<'_>| matches!(answer, Answer::Is(true));
    answers
        .iter()
        .filter(|(_, answer)| is_so(answer))
        .filter_map(|(asked, _)| exclusive.get(asked))
        .all(|e| seen.insert(e))
}

/// The answer to one thing that a condition asks.
#[derive(Clone, Copy)]
enum Answer<'a> {
    /// Of what is true or false.
    Is(bool),
    /// Of what is compared with texts: this one, or none of them.
    Text(Option<&'a str>),
    /// Of what is compared with numbers or moments: where it stands among them.
    Stands(&'a [i64], usize),
}

/// What a condition asks.
#[derive(Default)]
struct Asked {
    /// Each by its text in JSON.
    truths: BTreeSet<String>,
    /// What is compared with texts, and these.
    texts: BTreeMap<String, BTreeSet<String>>,
    /// What is compared with numbers or moments, and these in their order.
    ordered: BTreeMap<String, Vec<i64>>,
}

impl Asked {
    fn collect(&mut self, expression: &Value) {
        if let Some(parts) = parts(expression) {
            parts.into_iter().for_each(|part| self.collect(part));
        } else if let Some(Ordered { of, with, .. }) = ordered::comparison(expression) {
            let known = self.ordered.entry(of.to_string()).or_default();
            if let Err(place) = known.binary_search(&with) {
                known.insert(place, with);
            }
        } else if let Some((of, texts)) = compared(expression) {
            self.texts.entry(of.to_string()).or_default().extend(texts);
        } else if constant(expression).is_none() {
            self.truths.insert(expression.to_string());
        }
    }

    fn domains(&self) -> impl Iterator<Item = (&String, Vec<Answer<'_>>)> {
        let truths = self.truths.iter().map(|name| (name, vec![Answer::Is(false), Answer::Is(true)]));
        let texts = self.texts.iter().map(|(name, texts)| {
            let known = texts.iter().map(|text| Answer::Text(Some(text.as_str())));
            (name, known.chain([Answer::Text(None)]).collect())
        });
        let ordered = self.ordered.iter().map(|(name, known)| {
            let places = ordered::places(known).map(|place| Answer::Stands(known, place));
            (name, places.collect())
        });
        truths.chain(texts).chain(ordered)
    }
}

/// The parts that an operator of Cedar's joins; `None` where an expression is asked as a whole.
fn parts(expression: &Value) -> Option<Vec<&Value>> {
    let both = |operands: &'_ Value| -> Option<()> { operands.get("left").and(operands.get("right")).map(|_| ()) };
    for operator in ["&&", "||"] {
        if let Some(operands) = expression.get(operator) {
            both(operands)?;
            return Some(["left", "right"].iter().filter_map(|side| operands.get(side)).collect());
        }
    }
    if let Some(operand) = expression.get("!") {
        return Some(operand.get("arg").into_iter().collect());
    }
    let chosen = expression.get("if-then-else")?;
    Some(["if", "then", "else"].iter().filter_map(|part| chosen.get(part)).collect())
}

/// What an expression always is: a constant, or something compared with itself.
fn constant(expression: &Value) -> Option<bool> {
    let of_itself = |operator: &str| {
        let operands = expression.get(operator)?;
        (operands.get("left")? == operands.get("right")?).then_some(operator == "==")
    };
    expression.get("Value").and_then(Value::as_bool).or_else(|| of_itself("==")).or_else(|| of_itself("!="))
}

/// A text or an entity that is written out.
fn written(value: &Value) -> Option<String> {
    let value = value.get("Value")?;
    value.as_str().map(str::to_owned).or_else(|| value.get("__entity").map(Value::to_string))
}

/// What is compared with texts or entities that are written out: `x == "a"`, `x != "a"`, `["a", "b"].contains(x)`.
pub(super) fn compared(expression: &Value) -> Option<(&Value, Vec<String>)> {
    if let Some(operands) = ["==", "!="].iter().find_map(|operator| expression.get(operator)) {
        let (left, right) = (operands.get("left")?, operands.get("right")?);
        return match (written(left), written(right)) {
            (None, Some(text)) => Some((left, vec![text])),
            (Some(text), None) => Some((right, vec![text])),
            _ => None,
        };
    }
    let operands = expression.get("contains")?;
    let set = operands.get("left")?.get("Set")?.as_array()?;
    let of = operands.get("right")?;
    let texts: Option<Vec<String>> = set.iter().map(written).collect();
    written(of).is_none().then_some((of, texts?))
}

fn is_true(expression: &Value, answers: &BTreeMap<&str, Answer<'_>>) -> bool {
    let side = |operands: &Value, name: &str| operands.get(name).is_some_and(|part| is_true(part, answers));
    if let Some(operands) = expression.get("&&") {
        return side(operands, "left") && side(operands, "right");
    }
    if let Some(operands) = expression.get("||") {
        return side(operands, "left") || side(operands, "right");
    }
    if let Some(operand) = expression.get("!") {
        return !side(operand, "arg");
    }
    if let Some(chosen) = expression.get("if-then-else") {
        return side(chosen, if side(chosen, "if") { "then" } else { "else" });
    }
    if let Some(comparison) = ordered::comparison(expression) {
        let answer = answers.get(comparison.of.to_string().as_str());
        return matches!(answer, Some(Answer::Stands(known, place)) if comparison.holds(known, *place));
    }
    if let Some((of, texts)) = compared(expression) {
        let answer = answers.get(of.to_string().as_str());
        let among = matches!(answer, Some(Answer::Text(Some(text))) if texts.iter().any(|t| t == text));
        return among != expression.get("!=").is_some();
    }
    if let Some(constant) = constant(expression) {
        return constant;
    }
    matches!(answers.get(expression.to_string().as_str()), Some(Answer::Is(true)))
}
