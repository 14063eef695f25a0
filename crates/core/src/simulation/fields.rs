//! The fields of a request in JSON that are no policies: texts, switches, accounts, condition keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::caller::is_account;
use super::request::given;
use crate::permissions::context::{KeyValue, Keys};
use crate::problem::{Problem, SourceFile};
use crate::text::json::{Node, Value};

/// The fields of a request; what is wrong goes to `problems`.
pub struct Fields<'a> {
    pub source: &'a Arc<SourceFile>,
    pub node: &'a Node,
    pub problems: &'a mut Vec<Problem>,
}

impl<'a> Fields<'a> {
    fn wrong(&mut self, node: &Node, message: String, help: &str) {
        self.problems.push(Problem::at(self.source, node.span, message).help(help));
    }

    pub fn text(&mut self, field: &str) -> Option<&'a str> {
        let member = given(self.node, field)?;
        if member.node.as_str().is_none() {
            self.wrong(
                &member.node,
                format!("`{field}` must be a string, but this is {}", member.node.kind()),
                "put it in quotes",
            );
        }
        member.node.as_str()
    }

    pub fn required(&mut self, field: &str, check: fn(&str) -> Result<(), &'static str>) -> Option<String> {
        let Some(member) = given(self.node, field) else {
            self.wrong(self.node, format!("this request has no `{field}`"), &format!("add \"{field}\": …"));
            return None;
        };
        let text = self.text(field)?;
        if let Err(wanted) = check(text) {
            self.wrong(&member.node, format!("`{text}` is not a valid {field}"), wanted);
            return None;
        }
        Some(text.to_owned())
    }

    pub fn boolean(&mut self, field: &str) -> bool {
        match given(self.node, field).map(|m| &m.node) {
            None => false,
            Some(Node { value: Value::Bool(value), .. }) => *value,
            Some(node) => {
                self.wrong(
                    node,
                    format!("`{field}` must be true or false, but this is {}", node.kind()),
                    "write true or false",
                );
                false
            }
        }
    }

    pub fn account(&mut self, field: &str) -> Option<String> {
        let text = self.text(field)?;
        if !is_account(text)
            && let Some(member) = given(self.node, field)
        {
            self.wrong(&member.node, format!("`{text}` is not an account"), "write its 12 digits, in quotes");
        }
        Some(text.to_owned())
    }

    /// The condition keys that are given, and those that are said to be absent: by `null`.
    pub fn context(&mut self) -> (Keys, BTreeSet<String>) {
        let (mut keys, mut absent) = (Keys::new(), BTreeSet::new());
        let Some(member) = given(self.node, "context") else {
            return (keys, absent);
        };
        let Some(members) = member.node.as_object() else {
            let message = format!("`context` must be an object of condition keys, but this is {}", member.node.kind());
            self.wrong(&member.node, message, "write { \"aws:MultiFactorAuthPresent\": \"true\" }");
            return (keys, absent);
        };
        let mut seen = BTreeSet::new();
        for member in members {
            let key = member.key.to_ascii_lowercase();
            if !seen.insert(key.clone()) {
                let message = format!("the key `{}` is given twice: keys are not case-sensitive", member.key);
                self.problems.push(Problem::at(self.source, member.key_span, message).help("keep one of the two"));
            }
            if matches!(member.node.value, Value::Null) {
                absent.insert(key);
            } else if let Some(value) = self.value(&member.node) {
                keys.insert(key, value);
            }
        }
        (keys, absent)
    }

    /// A string, a number or a boolean; a list makes the key multi-valued, even with one element.
    fn value(&mut self, node: &Node) -> Option<KeyValue> {
        let mut one = |node: &Node| match &node.value {
            Value::String(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            _ => {
                let message =
                    format!("the value of a key must be a string or a list of strings, but this is {}", node.kind());
                self.wrong(node, message, "write null if the request does not carry the key");
                None
            }
        };
        match &node.value {
            Value::Array(nodes) => nodes.iter().map(one).collect::<Option<_>>().map(KeyValue::Many),
            _ => one(node).map(KeyValue::One),
        }
    }
}
