//! The types of policies of AWS Organizations, and how those without statements are written (`data/management-policies.json`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The file.
pub(crate) const TEXT: &str = include_str!("../../../../data/management-policies.json");

static DATA: LazyLock<Data> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

#[derive(Default, Deserialize)]
struct Data {
    date: String,
    operators: Operators,
    kinds: Vec<Kind>,
}

/// The operators by which such policies say what becomes of what they inherit.
#[derive(Default, Deserialize)]
pub struct Operators {
    /// Those that set a value.
    pub values: Vec<String>,
    /// The one that says which of them policies further down may use.
    pub control: String,
    /// What it lists.
    pub allowed: Vec<String>,
}

/// A type of policy.
#[derive(Debug, Deserialize)]
pub struct Kind {
    /// What the API calls it.
    #[serde(rename = "type")]
    pub name: String,
    /// What people call it, with its article.
    pub words: String,
    /// It has statements, as policies of IAM have.
    #[serde(default)]
    pub statements: bool,
    /// The one key that it begins with, where that is known.
    pub root: Option<String>,
    /// The most characters that AWS takes of it, where that is known.
    pub most: Option<usize>,
    /// What it sets, where that is known.
    pub attributes: Option<BTreeMap<String, Attribute>>,
}

/// An attribute of such a policy.
#[derive(Debug, Deserialize)]
pub struct Attribute {
    /// What stands below it.
    #[serde(default)]
    pub has: BTreeMap<String, Self>,
    /// What stands below it under any name.
    pub each: Option<Box<Self>>,
    /// What its value is; `None` where it has others.
    pub is: Option<Value>,
    /// The words that its value, or each of its values, is one of, where they are known.
    #[serde(default)]
    words: Vec<String>,
    from: Option<i64>,
    to: Option<i64>,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Any text.
    Text,
    /// One of some words.
    Words,
    /// A whole number.
    Number,
    /// A list.
    List,
}

impl Attribute {
    /// The words that its values are of, where they are known.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// Whether a text can be its value.
    pub fn takes(&self, text: &str) -> bool {
        match self.is {
            Some(Value::Number) => text
                .parse::<i64>()
                .is_ok_and(|n| self.from.is_none_or(|from| n >= from) && self.to.is_none_or(|to| n <= to)),
            Some(_) => self.words.is_empty() || self.words.iter().any(|word| word == text),
            None => true,
        }
    }

    /// What it takes, in words.
    pub fn takes_words(&self) -> String {
        match (self.is, self.from, self.to) {
            (Some(Value::Number), Some(from), Some(to)) => format!("a whole number from {from} to {to}"),
            (Some(Value::Number), Some(from), None) => format!("a whole number of at least {from}"),
            (Some(Value::Number), ..) => "a whole number".to_owned(),
            _ => self.words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The type of policy that the API calls so.
pub fn kind(name: &str) -> Option<&'static Kind> {
    DATA.kinds.iter().find(|kind| kind.name == name)
}

/// The type of policy that begins with a key.
pub fn of_root(key: &str) -> Option<&'static Kind> {
    DATA.kinds.iter().find(|kind| kind.root.as_deref() == Some(key))
}

/// The operators.
pub fn operators() -> &'static Operators {
    &DATA.operators
}

/// Whether a key is one of the operators.
pub fn is_operator(key: &str) -> bool {
    let operators = operators();
    operators.control == key || operators.values.iter().any(|operator| operator == key)
}

/// The day of the file.
pub fn date() -> &'static str {
    &DATA.date
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_of_the_file_are_read() {
        assert!(kind("SERVICE_CONTROL_POLICY").is_some_and(|k| k.statements && k.root.is_none()));
        assert_eq!(of_root("ec2_attributes").map(|k| k.name.as_str()), Some("DECLARATIVE_POLICY_EC2"));
        assert_eq!(kind("AISERVICES_OPT_OUT_POLICY").and_then(|k| k.most), Some(2_500));
        assert!(is_operator("@@assign") && is_operator("@@operators_allowed_for_child_policies"));
        assert!(!is_operator("@@none") && !date().is_empty());
    }

    #[test]
    fn every_attribute_has_a_value_or_others() {
        fn check(attribute: &Attribute) {
            let below = !attribute.has.is_empty() || attribute.each.is_some();
            assert!(below != attribute.is.is_some(), "{attribute:?}");
            assert_eq!(
                attribute.is == Some(Value::Words),
                !attribute.words.is_empty() && attribute.is != Some(Value::List)
            );
            attribute.has.values().chain(attribute.each.as_deref()).for_each(check);
        }
        let attributes = kind("DECLARATIVE_POLICY_EC2").and_then(|k| k.attributes.as_ref()).unwrap();
        assert_eq!(attributes.len(), 8);
        attributes.values().for_each(check);
    }
}
