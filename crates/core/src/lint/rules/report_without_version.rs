#![doc = include_str!("../../../../../docs/rules/CS132.md")]

use crate::aws::resources::ArnText;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS132",
    name: "report-without-version",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS132.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for text in policy.resource_texts() {
        let arn = ArnText::new(&text.text);
        let resource = arn.segment(5);
        let is_report = arn.is_whole() && arn.segment(2) == "artifact" && resource.starts_with("report/");
        if !is_report || resource.contains(':') || resource.ends_with('*') || !text.is_known() {
            continue;
        }
        let message = "this matches nothing: the ARN of a report ends in its version";
        let corrected = format!("{}:*", text.text);
        if let Some(finding) = sink.add(&text.at, message, format!("write `{corrected}` for all versions")) {
            let what = format!("writes `{corrected}`, which takes effect");
            finding.fix(false, what, edit::replace(policy, text, &corrected));
        }
    }
}
