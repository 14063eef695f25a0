#![doc = include_str!("../../../../../docs/rules/CS192.md")]

use crate::lint::{Check, Confidence, Rule, Severity};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS192",
    name: "expired-ignore",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS192.md"),
    check: Check::Run,
};
