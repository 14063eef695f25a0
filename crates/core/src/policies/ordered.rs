//! Comparisons with a number or a moment that is written out, in the JSON of a condition: `context.at < datetime("2026-01-01")`.

use serde_json::Value;

use crate::moment;

/// What is compared, how, and with what.
pub struct Ordered<'a> {
    /// The expression beside the constant.
    pub of: &'a Value,
    how: How,
    /// The number, or the moment in milliseconds since 1970.
    pub with: i64,
}

#[derive(Clone, Copy)]
enum How {
    Less,
    LessOrEqual,
    Equal,
    Unequal,
    GreaterOrEqual,
    Greater,
}

const OPERATORS: [(&str, How); 6] = [
    ("<", How::Less),
    ("<=", How::LessOrEqual),
    ("==", How::Equal),
    ("!=", How::Unequal),
    (">=", How::GreaterOrEqual),
    (">", How::Greater),
];

impl How {
    /// The comparison with its sides changed.
    fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Greater => Self::Less,
            same => same,
        }
    }
}

impl How {
    /// Whether what is compared turns the comparison where it comes to the other, and right after it.
    fn turns(self) -> [bool; 2] {
        match self {
            Self::Less | Self::GreaterOrEqual => [true, false],
            Self::LessOrEqual | Self::Greater => [false, true],
            Self::Equal | Self::Unequal => [true, true],
        }
    }
}

impl Ordered<'_> {
    /// Whether it turns where what is compared comes to the constant, and right after it.
    pub fn turns(&self) -> [bool; 2] {
        self.how.turns()
    }

    /// Whether it holds of what stands at a place among these constants, of which its own is one.
    pub fn holds(&self, known: &[i64], place: usize) -> bool {
        let Ok(index) = known.binary_search(&self.with) else {
            return false;
        };
        let own = at(index);
        match self.how {
            How::Less => place < own,
            How::LessOrEqual => place <= own,
            How::Equal => place == own,
            How::Unequal => place != own,
            How::GreaterOrEqual => place >= own,
            How::Greater => place > own,
        }
    }
}

/// All places among constants in their order: before the first, at it, between it and the second, and so on.
pub fn places(known: &[i64]) -> impl Iterator<Item = usize> {
    0..=at(known.len()).saturating_sub(1)
}

/// The place of the constant with this index.
fn at(index: usize) -> usize {
    index.saturating_mul(2).saturating_add(1)
}

/// The comparison that an expression is; `None` where it is none with such a constant on one side.
pub fn comparison(expression: &Value) -> Option<Ordered<'_>> {
    let (how, left, right) = parts(expression)?;
    match (constant(left), constant(right)) {
        (None, Some(with)) => Some(Ordered { of: left, how, with }),
        (Some(with), None) => Some(Ordered { of: right, how: how.turned(), with }),
        _ => None,
    }
}

/// What an expression compares something with, and whether it turns where that comes to it, and right after it; `None` where it does not
/// compare it, or compares it with itself.
pub fn compared_with<'v>(expression: &'v Value, something: &dyn Fn(&Value) -> bool) -> Option<(&'v Value, [bool; 2])> {
    let (how, left, right) = parts(expression)?;
    match (something(left), something(right)) {
        (true, false) => Some((right, how.turns())),
        (false, true) => Some((left, how.turned().turns())),
        _ => None,
    }
}

fn parts(expression: &Value) -> Option<(How, &Value, &Value)> {
    // an operator is the only member of its expression
    let (operator, operands) = expression.as_object()?.iter().next()?;
    let (_, how) = *OPERATORS.iter().find(|(sign, _)| sign == operator)?;
    Some((how, operands.get("left")?, operands.get("right")?))
}

fn constant(expression: &Value) -> Option<i64> {
    if let Some(text) = expression.get("datetime").and_then(|arguments| arguments.get(0)?.get("Value")?.as_str()) {
        return moment::parse_cedar(text).map(|moment| moment.timestamp_millis());
    }
    expression.get("Value")?.as_i64()
}
