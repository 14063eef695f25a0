#![doc = include_str!("../../../../../docs/rules/CS184.md")]

use std::collections::HashSet;

use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS184",
    name: "repeated-value",
    severity: Severity::Info,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS184.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        let lists = [(&statement.actions, false), (&statement.resources, true)];
        for (list, case) in lists.into_iter().filter_map(|(l, case)| Some((l.as_ref()?, case))) {
            let mut seen = HashSet::new();
            for (index, text) in list.texts.iter().enumerate().filter(|(_, t)| t.is_known() && !t.perhaps) {
                if seen.insert(if case { text.text.clone() } else { text.text.to_ascii_lowercase() }) {
                    continue;
                }
                let message = format!("`{}` appears twice in this `{}`", text.text, list.key);
                if let Some(finding) = sink.add(&text.at, message, "remove one of the two") {
                    finding.fix(true, format!("removes the second `{}`", text.text), edit::remove(policy, list, index));
                }
            }
        }
    }
}
