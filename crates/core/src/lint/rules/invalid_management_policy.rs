#![doc = include_str!("../../../../../docs/rules/CS211.md")]

use crate::aws::management::{self, Value as Takes};
use crate::lint::management::{ManagementPolicy, Visited, Within};
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};
use crate::problem::instead;
use crate::text::UNKNOWN;
use crate::text::json::Value;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS211",
    name: "invalid-management-policy",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS211.md"),
    check: Check::Management(check),
};

fn check(policy: &ManagementPolicy, sink: &mut Sink<'_>) {
    if !of_its_type(policy, sink) {
        return;
    }
    policy.visit(&mut |visited| {
        if !visited.member.key.starts_with("@@") {
            without_operator(visited, sink);
        } else if visited.member.key == management::operators().control {
            allowed(visited, sink);
        } else {
            operator(visited, sink);
        }
    });
}

/// What a policy begins with is of its type; whether it is.
fn of_its_type(policy: &ManagementPolicy, sink: &mut Sink<'_>) -> bool {
    let Some(told) = policy.told else {
        return true;
    };
    for root in policy.roots() {
        let message = match management::of_root(&root.key) {
            Some(own) if own.name != told.name && (told.statements || told.root.is_some()) => {
                format!("`{}` is what {} begins with, but this is {}", root.key, own.words, told.words)
            }
            None if root.key == "Statement" && !told.statements => format!("{} has no statements", told.words),
            _ => continue,
        };
        let help = "name the type that it is of: where Terraform's `type` is left out, it is a service control policy";
        sink.add(&policy.at_root(root), message, help);
        return false;
    }
    true
}

/// An operator that sets a value.
fn operator(visited: &Visited<'_>, sink: &mut Sink<'_>) {
    let operators = management::operators();
    let (member, known) = (visited.member, || operators.values.iter().chain([&operators.control]).map(String::as_str));
    let place = visited.at();
    if let Some(meant) = known().find(|o| o.eq_ignore_ascii_case(&member.key) && *o != member.key) {
        let message = format!("`{}` is written `{meant}` by AWS", member.key);
        sink.add_as(Severity::Warning, &place, message, format!("write `{meant}`"));
    } else if !known().any(|o| o == member.key) {
        let otherwise = format!("use one of {}", known().map(|o| format!("`{o}`")).collect::<Vec<_>>().join(", "));
        let message = format!("there is no operator `{}`: AWS rejects the policy", member.key);
        sink.add(&place, message, instead(&member.key, known(), otherwise));
    } else if let Within::Attribute(attribute) = visited.within
        && member.key != "@@assign"
        && attribute.is.is_some_and(|is| is != Takes::List)
    {
        let message = format!("`{}` is for lists, and this attribute has one value", member.key);
        sink.add(&place, message, "use `@@assign`");
    }
}

/// What policies further down may use.
fn allowed(visited: &Visited<'_>, sink: &mut Sink<'_>) {
    let known = || management::operators().allowed.iter().map(String::as_str);
    for (value, listed) in visited.values() {
        let place = At { span: value.span, ..visited.at() };
        match value.as_str() {
            Some(text) if text.contains(UNKNOWN) => {}
            Some(text) if !known().any(|k| k == text) => {
                let near = known().find(|k| k.eq_ignore_ascii_case(text));
                let severity = if near.is_some() { Severity::Warning } else { Severity::Error };
                let all = known().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
                let message = format!("`{text}` allows policies further down no operator");
                sink.add_as(severity, &place, message, instead(text, known(), format!("use some of {all}")));
            }
            Some(_) if !listed => {
                let message = format!("AWS documents a list for `{}`", visited.member.key);
                sink.add_as(Severity::Warning, &place, message, "put it into brackets");
            }
            _ => {}
        }
    }
}

/// A value of a known attribute that no operator sets.
fn without_operator(visited: &Visited<'_>, sink: &mut Sink<'_>) {
    let Some(attribute) = visited.attribute.filter(|a| a.is.is_some()) else {
        return;
    };
    let node = &visited.member.node;
    let is_value = match &node.value {
        Value::String(text) => !text.contains(UNKNOWN),
        Value::Number(_) | Value::Bool(_) => true,
        Value::Array(_) => attribute.is == Some(Takes::List),
        _ => false,
    };
    if is_value {
        let message = format!("no operator sets `{}`", visited.member.key);
        let help = format!("write `\"{}\": {{\"@@assign\": …}}`", visited.member.key);
        sink.add_as(Severity::Warning, &visited.at(), message, help);
    }
}
