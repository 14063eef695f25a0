//! Whether the conditions of a statement can hold, and whether they can fail: by the representatives of the values that
//! they tell apart.

use std::collections::BTreeMap;

use crate::aws::keys::nature;
use crate::iam::document;
use crate::iam::operator::{Comparison, SetPrefix, Test};
use crate::iam::value;
use crate::lint::policy::{Condition, Statement};
use crate::moment::Moment;
use crate::permissions::atom;
use crate::permissions::representatives::{Use, candidates};

/// What conditions on one key come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Nothing passes.
    Never,
    /// Everything passes, the key's absence included.
    Always,
    /// Nothing passes any more.
    Past,
    /// Everything passes by now.
    Since,
}

/// A verdict, and the condition that it is shown at.
pub struct Judgement<'s> {
    /// The condition.
    pub condition: &'s Condition,
    /// How many conditions on the key were judged together.
    pub together: usize,
    /// What they come to.
    pub verdict: Truth,
}

/// The verdicts on a statement's conditions, where there is something to say.
pub fn judgements(statement: &Statement, at: Moment) -> Vec<Judgement<'_>> {
    let Some(meaning) = &statement.meaning else {
        return Vec::new();
    };
    let mut by_key: BTreeMap<&str, Vec<(&Condition, &document::Condition)>> = BTreeMap::new();
    for (written, meant) in statement.conditions.iter().zip(&meaning.conditions) {
        by_key.entry(&meant.key).or_default().push((written, meant));
    }
    let mut found = Vec::new();
    for pairs in by_key.into_values() {
        let moments = pairs.iter().filter_map(|(written, meant)| Some((*written, by_clock(meant, at)?)));
        let by_clock: Vec<_> = moments.collect();
        if !by_clock.is_empty() {
            found.extend(by_clock.into_iter().map(|(condition, verdict)| Judgement {
                condition,
                together: 1,
                verdict,
            }));
            continue;
        }
        let of_all = verdict(&pairs.iter().map(|(_, m)| *m).collect::<Vec<_>>());
        if of_all == Some(Truth::Never) {
            found.extend(pairs.first().map(|(condition, _)| Judgement {
                condition,
                together: pairs.len(),
                verdict: Truth::Never,
            }));
            continue;
        }
        let always = pairs.iter().filter(|(_, m)| verdict(&[*m]) == Some(Truth::Always));
        found.extend(always.map(|(condition, _)| Judgement { condition, together: 1, verdict: Truth::Always }));
    }
    found
}

/// What conditions on one key come to, where that can be told.
fn verdict(conditions: &[&document::Condition]) -> Option<Truth> {
    let variable = |c: &&document::Condition| c.values.iter().any(|v| v.variables().next().is_some());
    if conditions.iter().any(variable) {
        return None;
    }
    if let [only] = conditions
        && is_plain(only)
    {
        return None;
    }
    let uses: Vec<Use> = conditions.iter().map(|c| Use { operator: c.operator, values: c.values.clone() }).collect();
    let key = conditions.first().map(|c| c.key.as_str())?;
    let candidates = candidates(&uses, None, nature(key))?;
    let mut passing =
        candidates.iter().map(|c| conditions.iter().all(|condition| atom::holds(condition, c.value.as_ref())));
    let first = passing.next()?;
    if !passing.all(|p| p == first) {
        return None;
    }
    Some(if first { Truth::Always } else { Truth::Never })
}

/// One value passes and the key's absence does not, or the other way round: there is nothing to say, and no need to look.
fn is_plain(condition: &document::Condition) -> bool {
    let operator = condition.operator;
    let compared = !matches!(operator.test, Test::Null | Test::Arn) && !condition.values.is_empty();
    compared && operator.set == SetPrefix::None && !operator.if_exists
}

/// What a condition on the time of the request comes to from now on.
fn by_clock(condition: &document::Condition, at: Moment) -> Option<Truth> {
    let Test::Date(order) = condition.operator.test else {
        return None;
    };
    if condition.key != "aws:currenttime" || condition.operator.negated || condition.values.is_empty() {
        return None;
    }
    let passed = |v: &crate::iam::template::Template| value::date(v.as_literal()?).map(|d| d < at.timestamp_millis());
    let passed: Vec<bool> = condition.values.iter().map(passed).collect::<Option<_>>()?;
    match order {
        Comparison::LessThan | Comparison::LessThanEquals if passed.iter().all(|p| *p) => Some(Truth::Past),
        Comparison::GreaterThan | Comparison::GreaterThanEquals if passed.iter().any(|p| *p) => Some(Truth::Since),
        _ => None,
    }
}
