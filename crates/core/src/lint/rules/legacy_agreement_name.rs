#![doc = include_str!("../../../../../docs/rules/CS133.md")]

use crate::aws;
use crate::aws::resources::ArnText;
use crate::inventory::builtin;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS133",
    name: "legacy-agreement-name",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS133.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for text in policy.resource_texts() {
        let arn = ArnText::new(&text.text);
        let Some(name) = arn.segment(5).strip_prefix("agreement/").filter(|_| arn.segment(2) == "artifact") else {
            continue;
        };
        let partition = aws::partition(arn.segment(1));
        let named = || builtin::offers().iter().filter(|o| o.name == name);
        let Some(offer) = named().find(|o| o.partition == partition).or(named().next()) else {
            continue;
        };
        let corrected = format!("arn:{}:artifact:::agreement/{}", offer.partition, offer.id);
        let message = format!("the ARN of {name} now ends in an id, not in its name: this matches nothing");
        if let Some(finding) = sink.add(&text.at, message, format!("write `{corrected}`")) {
            let what = format!("writes `{corrected}`, which takes effect");
            finding.fix(false, what, edit::replace(policy, text, &corrected));
        }
    }
}
