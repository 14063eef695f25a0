#![doc = include_str!("../../../../../docs/rules/CS135.md")]

use crate::aws::resources::{ArnText, is_id};
use crate::inventory::builtin;
use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::problem::instead;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS135",
    name: "unknown-agreement",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS135.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for text in policy.resource_texts() {
        let arn = ArnText::new(&text.text);
        if arn.segment(2) != "artifact" || !text.is_literal() {
            continue;
        }
        if let Some(id) = arn.segment(5).strip_prefix("agreement/") {
            offer(text, arn.segment(1), id, sink);
        } else if let Some(id) = arn.segment(5).strip_prefix("customer-agreement/")
            && !is_id("customer-agreement", id)
        {
            let message = format!("`{id}` is not the id of an accepted agreement: this matches nothing");
            sink.add(
                &text.at,
                message,
                "an id is `customer-agreement-` followed by sixteen letters and digits; or write `customer-agreement/*`",
            );
        }
    }
}

fn offer(text: &Text, partition: &str, id: &str, sink: &mut Sink<'_>) {
    let known = builtin::offers().iter().find(|o| o.id == id);
    match known {
        Some(offer) if offer.partition == partition => {}
        Some(offer) => {
            let message = format!(
                "{id} ({}) is an agreement of the partition {}: this matches nothing",
                offer.name, offer.partition
            );
            let twin = builtin::offers().iter().find(|o| o.name == offer.name && o.partition == partition);
            let help = twin.map_or("this partition has no such agreement".to_owned(), |t| {
                format!("in {partition} it is {}", t.id)
            });
            sink.add(&text.at, message, help);
        }
        // the legacy names are told as that
        None if builtin::offers().iter().any(|o| o.name == id) => {}
        None if is_id("agreement", id) => {
            let help = instead(
                id,
                builtin::offers().iter().map(|o| o.id.as_str()),
                "compare it with `aws artifact list-agreements`; `countersign show rule CS135` lists the known ones",
            );
            sink.add(&text.at, format!("{id} is not a known agreement (as of 2026-09)"), help);
        }
        None => {
            let message = format!("`{id}` is not the id of an agreement: this matches nothing");
            sink.add(&text.at, message, "an id is `agreement-` followed by sixteen letters and digits");
        }
    }
}
