//! Conditions that contradict themselves: `context.inForce && !context.inForce`, or one attribute that is two texts at once. Such a
//! policy never applies, and a gate that never applies lets everybody pass.
//!
//! A condition is taken apart into what it asks, and tried with every combination of answers. What is compared with texts is one of
//! them or something else; whatever else is asked is true or false by itself. So a condition that is refused can never hold, and
//! one that passes may still be one that never does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::reads::attribute_of;

/// With more combinations than this they are not tried.
const MAX_COMBINATIONS: usize = 4_096;

/// Whether no request at all can meet the conditions of a policy in JSON.
pub fn never_holds(policy: &Value) -> bool {
    let conditions: Vec<&Value> = policy.get("conditions").and_then(Value::as_array).into_iter().flatten().collect();
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
}

/// What a condition asks.
#[derive(Default)]
struct Asked {
    /// Each by its text in JSON.
    truths: BTreeSet<String>,
    /// What is compared with texts, and these.
    texts: BTreeMap<String, BTreeSet<String>>,
}

impl Asked {
    fn collect(&mut self, expression: &Value) {
        if let Some(parts) = parts(expression) {
            parts.into_iter().for_each(|part| self.collect(part));
        } else if let Some((of, texts)) = compared(expression) {
            self.texts.entry(of.to_string()).or_default().extend(texts.into_iter().map(str::to_owned));
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
        truths.chain(texts)
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

fn constant(expression: &Value) -> Option<bool> {
    expression.get("Value")?.as_bool()
}

/// What is compared with texts that are written out: `x == "a"`, `x != "a"`, `["a", "b"].contains(x)`.
fn compared(expression: &Value) -> Option<(&Value, Vec<&str>)> {
    let text = |value: &'_ Value| value.get("Value").is_some_and(Value::is_string);
    if let Some(operands) = ["==", "!="].iter().find_map(|operator| expression.get(operator)) {
        let (left, right) = (operands.get("left")?, operands.get("right")?);
        let (of, written) = match (text(left), text(right)) {
            (false, true) => (left, right),
            (true, false) => (right, left),
            _ => return None,
        };
        return Some((of, vec![written.get("Value")?.as_str()?]));
    }
    let operands = expression.get("contains")?;
    let set = operands.get("left")?.get("Set")?.as_array()?;
    let of = operands.get("right")?;
    let texts: Option<Vec<&str>> = set.iter().map(|item| item.get("Value")?.as_str()).collect();
    (!text(of)).then_some((of, texts?))
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
    if let Some((of, texts)) = compared(expression) {
        let answer = answers.get(of.to_string().as_str());
        let among = matches!(answer, Some(Answer::Text(Some(text))) if texts.contains(text));
        return among != expression.get("!=").is_some();
    }
    if let Some(constant) = constant(expression) {
        return constant;
    }
    matches!(answers.get(expression.to_string().as_str()), Some(Answer::Is(true)))
}
