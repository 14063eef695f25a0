#![doc = include_str!("../../../../../docs/rules/CS191.md")]

use crate::lint::{Check, Confidence, Rule, Severity};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS191",
    name: "idle-ignore",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS191.md"),
    check: Check::Run,
};
