#![doc = include_str!("../../../../../docs/rules/CS106.md")]

use crate::iam::document::ELEMENTS;
use crate::lint::policy::{Policy, Statement};
use crate::lint::read::Host;
use crate::lint::read::documents::DOCUMENT;
use crate::lint::read::terraform::document::NAMES;
use crate::lint::{At, Check, Confidence, Edit, Rule, Severity, Sink, edit};
use crate::problem::{did_you_mean, is_nearest, meant};
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node};

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
        if policy.host == Host::Terraform && policy.pointer.starts_with(DOCUMENT) {
            arguments(statement, &elements, sink);
            continue;
        }
        unknown(policy, &statement.node, &statement.at.pointer, &elements, "a statement", sink);
    }
}

/// A statement of the data source of Terraform, which refuses arguments that it does not have.
fn arguments(statement: &Statement, known: &[&str], sink: &mut Sink<'_>) {
    let node = &statement.node;
    let own = NAMES.iter().map(|(own, _)| *own);
    let is_other = |m: &&Member| !known.contains(&m.key.as_str()) && !m.key.contains(UNKNOWN);
    for member in node.as_object().unwrap_or_default().iter().filter(is_other) {
        let near = did_you_mean(&member.key, own.clone());
        let help = near.map_or_else(|| format!("it may have {}", own.clone().collect::<Vec<_>>().join(", ")), meant);
        let at = At { pointer: format!("{}.{}", statement.at.pointer, member.key), span: member.key_span };
        let message = format!("a statement has no argument `{}`, and Terraform rejects it", member.key);
        if let (Some(finding), Some(near)) = (sink.add(&at, message, help), near) {
            let taken = NAMES.iter().any(|(own, name)| *own == near && node.get(name).is_some());
            let edits = vec![Edit { span: member.key_span, text: near.to_owned() }];
            finding.fix(
                false,
                format!("renames `{}` to `{near}`, which takes effect", member.key),
                Some(edits).filter(|_| !taken),
            );
        }
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
            let edits = edit::replace_span(policy, member.key_span, &member.key, near);
            finding.fix(false, what, edits.filter(|_| is_nearest(&member.key, near, known.iter().copied())));
        }
    }
}
