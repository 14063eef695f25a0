//! Atoms: facts about a request that Cedar cannot express (`?`, case-insensitive patterns, set-valued patterns, policy
//! variables). Each is computed exactly, and its name passed to Cedar if it holds.

use super::context::{KeyValue, Keys, Request};
use crate::iam::document::Condition;
use crate::iam::operator::{Operator, SetPrefix, Test};
use crate::iam::template::Template;
use crate::iam::value;

/// A fact about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Atom {
    /// The action matches a pattern, in lower case.
    Action(Template),
    /// The resource matches a pattern a segment; variables stand in the last.
    Resource(Box<[Template; 6]>),
    /// A whole condition holds, an absent key included.
    Condition(Operator, String, Vec<Template>),
    /// The key has one value, and this operator's test passes on it against this value.
    Value(Operator, String, Template),
}

impl Atom {
    /// Its name, the same for the same text.
    pub fn name(&self) -> String {
        match self {
            Self::Action(pattern) => format!("action {pattern}"),
            Self::Resource(segments) => {
                let segments: Vec<_> = segments.iter().map(ToString::to_string).collect();
                format!("resource {}", segments.join(":"))
            }
            Self::Condition(operator, key, values) => {
                let values: Vec<_> = values.iter().map(|v| format!("{:?}", v.to_string())).collect();
                format!("{operator} {key} [{}]", values.join(", "))
            }
            Self::Value(operator, key, value) => {
                format!("{operator} {key} {:?}", value.to_string())
            }
        }
    }

    /// The condition keys that it reads, variables included.
    pub fn keys(&self) -> Vec<&str> {
        match self {
            Self::Action(_) => Vec::new(),
            Self::Resource(segments) => segments.iter().flat_map(Template::variables).collect(),
            Self::Condition(_, key, values) => {
                std::iter::once(key.as_str()).chain(values.iter().flat_map(Template::variables)).collect()
            }
            Self::Value(_, key, value) => std::iter::once(key.as_str()).chain(value.variables()).collect(),
        }
    }

    /// The keys of its policy variables.
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Self::Action(_) => Vec::new(),
            Self::Resource(segments) => segments.iter().flat_map(Template::variables).collect(),
            Self::Condition(_, _, values) => values.iter().flat_map(Template::variables).collect(),
            Self::Value(_, _, value) => value.variables().collect(),
        }
    }

    /// Whether it could hold for a request on one of these resources, whatever its variables are.
    pub fn is_possible(&self, resources: &[Option<[String; 6]>]) -> bool {
        let Self::Resource(segments) = self else {
            return true;
        };
        let open = segments.each_ref().map(Template::with_any_variables);
        resources.iter().flatten().any(|arn| open.iter().zip(arn).all(|(pattern, text)| pattern.matches(text)))
    }

    /// Whether it holds for a request.
    pub fn holds(&self, request: &Request) -> bool {
        match self {
            Self::Action(pattern) => pattern.matches(&request.action),
            Self::Resource(segments) => resource(segments, request),
            Self::Condition(operator, key, values) => {
                condition(*operator, request.keys.get(key), values, &request.keys)
            }
            Self::Value(operator, key, value) => {
                let actual = request.keys.get(key).and_then(KeyValue::single);
                actual.is_some_and(|a| passes(*operator, a, std::slice::from_ref(value), &request.keys))
            }
        }
    }
}

fn resource(segments: &[Template; 6], request: &Request) -> bool {
    let Some(arn) = &request.resource else {
        return false;
    };
    let value = |key: &str| request.keys.get(key).and_then(KeyValue::single);
    segments.iter().zip(arn).all(|(pattern, text)| pattern.substitute(value).is_some_and(|p| p.matches(text)))
}

/// Whether one value of a key passes the test against any of the policy's values.
fn passes(operator: Operator, actual: &str, expected: &[Template], keys: &Keys) -> bool {
    let value = |key: &str| keys.get(key).and_then(KeyValue::single);
    expected.iter().any(|e| e.substitute(value).is_some_and(|e| operator.test.matches(actual, &e)))
}

/// Whether a condition without variables holds for a value of its key, or for its absence.
pub fn holds(of: &Condition, value: Option<&KeyValue>) -> bool {
    holds_with(of, value, &Keys::new())
}

/// Whether a condition holds for a value of its key, or for its absence; variables have the values of these keys.
pub fn holds_with(of: &Condition, value: Option<&KeyValue>, keys: &Keys) -> bool {
    let operator = of.operator;
    if operator.test == Test::Null && operator.set == SetPrefix::None {
        let mut wanted = of.values.iter().filter_map(|v| value::boolean(v.as_literal()?));
        return wanted.any(|absent| absent == value.is_none());
    }
    if value.is_none() && operator.set == SetPrefix::None {
        return operator.negated || operator.if_exists;
    }
    condition(operator, value, &of.values, keys)
}

/// A condition with a set prefix: an empty key fails `ForAnyValue` and passes `ForAllValues`, an absent one likewise
/// unless `IfExists` stands there.
pub fn condition(operator: Operator, actual: Option<&KeyValue>, expected: &[Template], keys: &Keys) -> bool {
    let Some(actual) = actual else {
        return operator.if_exists || operator.set == SetPrefix::All;
    };
    let one = |value: &String| passes(operator, value, expected, keys) != operator.negated;
    match operator.set {
        SetPrefix::Any => actual.values().iter().any(one),
        SetPrefix::All => actual.values().iter().all(one),
        SetPrefix::None => matches!(actual, KeyValue::One(value) if one(value)),
    }
}
