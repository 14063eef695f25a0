#![doc = include_str!("../../../docs/rules/CS184.md")]

use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS184",
    name: "repeated-value",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../docs/rules/CS184.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        let lists = [(&statement.actions, false), (&statement.resources, true)];
        for (list, case) in lists.into_iter().filter_map(|(l, case)| Some((l.as_ref()?, case))) {
            let same = |a: &Text, b: &Text| if case { a.text == b.text } else { a.text.eq_ignore_ascii_case(&b.text) };
            for (index, text) in list.texts.iter().enumerate().filter(|(_, t)| t.is_known()) {
                if !list.texts.iter().take(index).any(|t| same(t, text)) {
                    continue;
                }
                let message = format!("`{}` stands twice in this `{}`", text.text, list.key);
                if let Some(finding) = sink.add(&text.at, message, "remove one of the two") {
                    finding.fix(true, format!("removes the second `{}`", text.text), edit::remove(policy, list, index));
                }
            }
        }
    }
}
