//! Values with which a condition over a policy variable holds, and such with which it does not, so that what an answer depends on can be
//! given back. The variable and the key that it is compared with may both be unknown: then they are a pair.

use std::collections::BTreeMap;

use super::atom::Atom;
use super::context::{KeyValue, Keys, Request};
use super::knowledge::Known;
use super::scenarios::is_settled;
use crate::aws::keys::values::{samples, wrong};
use crate::iam::template::{Template, TemplatePart};

/// A value of a policy variable, and what the key that it is compared with then has to be, where that is unknown too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Of the variable.
    pub value: String,
    /// The other key, and its value.
    pub beside: Option<(String, String)>,
}

/// What a key that takes any text is taken to be.
const ANY: &str = "example";

/// Values with which an atom holds, or does not; `None` where none is found. Each is tried.
pub fn sample(
    atom: &Atom,
    holds: bool,
    resources: &[Option<[String; 6]>],
    known: &impl Fn(&str) -> Option<Known>,
) -> Option<Sample> {
    let mut open: Vec<&str> = atom.keys().into_iter().filter(|key| !is_settled(known(key))).collect();
    open.sort_unstable();
    open.dedup();
    let settled: Keys = atom
        .keys()
        .into_iter()
        .filter_map(|key| match known(key) {
            Some(Known::Value(value)) => Some((key.to_owned(), value)),
            _ => None,
        })
        .collect();
    let does = |given: &[(&str, &str)]| {
        let mut keys = settled.clone();
        keys.extend(given.iter().map(|(key, value)| ((*key).to_owned(), KeyValue::One((*value).to_owned()))));
        let on = |resource: &Option<[String; 6]>| {
            let (action, decided) = (String::new(), BTreeMap::new());
            atom.holds(&Request { action, resource: resource.clone(), keys: keys.clone(), decided })
        };
        given.iter().all(|(key, value)| wrong(key, value).is_none()) && resources.iter().any(on) == holds
    };
    let variables = atom.variables();
    match open.as_slice() {
        [variable] if variables.contains(variable) => {
            let found = fitting(atom, variable, resources, &settled).into_iter().chain(values(variable));
            found.into_iter().find(|v| does(&[(variable, v)])).map(|value| Sample { value, beside: None })
        }
        [one, other] => {
            let (variable, key) = if variables.contains(one) { (one, other) } else { (other, one) };
            if !variables.contains(variable) || variables.contains(key) {
                return None;
            }
            values(variable).into_iter().find_map(|value| {
                let compared = templates(atom).into_iter().filter_map(|t| written(t, variable, &value));
                let beside = compared.chain(values(key)).find(|k| does(&[(variable, &value), (key, k)]))?;
                Some(Sample { value, beside: Some(((*key).to_owned(), beside)) })
            })
        }
        _ => None,
    }
}

/// Values that a key can have.
fn values(key: &str) -> Vec<String> {
    samples(key).iter().copied().chain([ANY]).map(str::to_owned).collect()
}

/// What an atom compares with.
fn templates(atom: &Atom) -> Vec<&Template> {
    match atom {
        Atom::Action(_) => Vec::new(),
        Atom::Resource(segments) => segments.iter().collect(),
        Atom::Condition(_, _, values) => values.iter().collect(),
        Atom::Value(_, _, value) => vec![value],
    }
}

/// A text that a template matches where its variable has this value.
fn written(template: &Template, variable: &str, value: &str) -> Option<String> {
    let filled = template.substitute(|key| (key == variable).then_some(value))?;
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.clone(),
        TemplatePart::One => "x".to_owned(),
        TemplatePart::Any | TemplatePart::Variable { .. } => String::new(),
    };
    Some(filled.parts.iter().map(part).collect())
}

/// Texts that may stand for a variable: what follows the text before it, up to each place where something else may begin.
fn fitting(atom: &Atom, variable: &str, resources: &[Option<[String; 6]>], settled: &Keys) -> Vec<String> {
    let compared: Vec<(&Template, &str)> = match atom {
        Atom::Resource(segments) => {
            resources.iter().flatten().flat_map(|arn| segments.iter().zip(arn.iter().map(String::as_str))).collect()
        }
        Atom::Condition(_, key, _) | Atom::Value(_, key, _) => {
            let texts = settled.get(key).map(KeyValue::values).unwrap_or_default();
            templates(atom).into_iter().flat_map(|t| texts.iter().map(move |text| (t, text.as_str()))).collect()
        }
        Atom::Action(_) => Vec::new(),
    };
    let mut found = Vec::new();
    for (template, text) in compared {
        let is_it = |part: &TemplatePart| matches!(part, TemplatePart::Variable { key, .. } if key == variable);
        let before = match template.parts.as_slice() {
            [first, ..] if is_it(first) => "",
            [TemplatePart::Literal(before), second, ..] if is_it(second) => before.as_str(),
            _ => continue,
        };
        let Some(rest) = text.strip_prefix(before) else {
            continue;
        };
        let ends = rest.char_indices().filter(|(_, c)| !c.is_alphanumeric()).map(|(at, _)| at).chain([rest.len()]);
        found.extend(ends.filter_map(|end| rest.get(..end)).filter(|v| !v.is_empty()).map(str::to_owned));
    }
    found
}
