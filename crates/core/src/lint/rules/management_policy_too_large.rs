#![doc = include_str!("../../../../../docs/rules/CS213.md")]

use crate::aws::management;
use crate::lint::management::ManagementPolicy;
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS213",
    name: "management-policy-too-large",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS213.md"),
    check: Check::Management(check),
};

fn check(policy: &ManagementPolicy, sink: &mut Sink<'_>) {
    let Some((kind, most)) = policy.kind.and_then(|kind| Some((kind, kind.most?))) else {
        return;
    };
    let most = sink.settings.limit(RULE.code, &kind.name).unwrap_or(most);
    if let Some(size) = policy.size().filter(|size| *size > most) {
        let at = At { pointer: policy.pointer.clone(), span: policy.start() };
        let message = format!(
            "{size} characters without white space between elements, but {} may have only {most} (data of {})",
            kind.words,
            management::date()
        );
        sink.add(&at, message, "split it: several policies of one type can be attached");
    }
}
