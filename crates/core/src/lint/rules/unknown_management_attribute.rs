#![doc = include_str!("../../../../../docs/rules/CS212.md")]

use crate::aws::management::{self, Attribute};
use crate::lint::management::{ManagementPolicy, Visited, Within};
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};
use crate::problem::instead;
use crate::text::UNKNOWN;
use crate::text::json::Value;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS212",
    name: "unknown-management-attribute",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS212.md"),
    check: Check::Management(check),
};

fn check(policy: &ManagementPolicy, sink: &mut Sink<'_>) {
    root(policy, sink);
    policy.visit(&mut |visited| {
        if visited.member.key.starts_with("@@") {
            if let Within::Attribute(attribute) = visited.within {
                values(visited, attribute, sink);
            }
            return;
        }
        let names = visited.within.names();
        if visited.attribute.is_none() && !names.is_empty() {
            let message = format!(
                "`{}` is no attribute that AWS documents here (data of {})",
                visited.member.key,
                management::date()
            );
            sink.add(&visited.at(), message, instead(&visited.member.key, names, YOUNGER));
        }
    });
}

/// What is said where nothing near was meant.
const YOUNGER: &str = "look it up: it may be younger than these data";

/// What a policy of a told type begins with.
fn root(policy: &ManagementPolicy, sink: &mut Sink<'_>) {
    let Some((told, root)) = policy.told.and_then(|told| Some((told, told.root.as_deref()?))) else {
        return;
    };
    let unknown =
        policy.roots().filter(|m| m.key != root && m.key != "Statement" && management::of_root(&m.key).is_none());
    for member in unknown {
        let message =
            format!("{} begins with `{root}`, not `{}` (data of {})", told.words, member.key, management::date());
        sink.add(&policy.at_root(member), message, format!("write `{root}`"));
    }
}

/// The values that an operator sets.
fn values(visited: &Visited<'_>, attribute: &'static Attribute, sink: &mut Sink<'_>) {
    if attribute.is.is_none()
        || !management::is_operator(&visited.member.key)
        || visited.member.key == management::operators().control
    {
        return;
    }
    for (node, _) in visited.values() {
        let text = match &node.value {
            Value::String(text) | Value::Number(text) => text.clone(),
            Value::Bool(is) => is.to_string(),
            _ => continue,
        };
        if text.contains(UNKNOWN) || attribute.takes(&text) {
            continue;
        }
        let place = At { span: node.span, ..visited.at() };
        let message = format!("`{text}` is no value that AWS documents here (data of {})", management::date());
        let otherwise = format!("AWS documents {}", attribute.takes_words());
        sink.add(&place, message, instead(&text, attribute.words(), otherwise));
    }
}
