#![doc = include_str!("../../../../../docs/rules/CS106.md")]

use crate::iam::document::ELEMENTS;
use crate::lint::edit;
use crate::lint::policy::Policy;
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};
use crate::problem::{did_you_mean, meant};
use crate::text::UNKNOWN;
use crate::text::json::Node;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS106",
    name: "unknown-element",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS106.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    unknown(policy, &policy.root, "", &["Version", "Id", "Statement"], "a policy", sink);
    let elements: Vec<&str> = ELEMENTS.iter().copied().filter(|e| *e != "Id").collect();
    for statement in &policy.statements {
        unknown(policy, &statement.node, &statement.at.pointer, &elements, "a statement", sink);
    }
}

fn unknown(policy: &Policy, node: &Node, pointer: &str, known: &[&str], what: &str, sink: &mut Sink<'_>) {
    for member in node.as_object().unwrap_or_default() {
        if known.contains(&member.key.as_str()) || member.key.contains(UNKNOWN) {
            continue;
        }
        let near = did_you_mean(&member.key, known.iter().copied());
        let help = near.map_or_else(|| format!("{what} may have {}", known.join(", ")), meant);
        let dot = if pointer.is_empty() { "" } else { "." };
        let at = At { pointer: format!("{pointer}{dot}{}", member.key), span: member.key_span };
        let finding = sink.add(&at, format!("{what} has no `{}`, and AWS rejects it", member.key), help);
        // a name that is taken would stand twice
        if let (Some(finding), Some(near)) = (finding, near.filter(|n| node.get(n).is_none())) {
            let what = format!("renames `{}` to `{near}`, which takes effect", member.key);
            finding.fix(false, what, edit::replace_span(policy, member.key_span, near));
        }
    }
}
