//! What a set of rules leaves undecided. Rules that are replaced may lack what is no error to lack: without findings, nothing is
//! found, and without gates for the state of agreements, permissions alone decide. Every output says so.

use cedar_policy::Effect;

use super::RuleBook;
use crate::policies::operations::check::ASSUME;

/// The actions of findings, and what they are about.
const FINDINGS: [(&str, &str); 5] = [
    ("report-on-account", "findings about accounts"),
    ("report-on-organization", "findings about organizations"),
    ("report-on-agreement", "findings about agreements"),
    ("report-on-access", "findings about access"),
    ("report-on-policy", "findings about policy documents"),
];

impl RuleBook {
    /// What these rules do not decide: the words after "which have no".
    pub fn without(&self) -> Vec<&'static str> {
        let permits = |action: &str| self.policies(action).any(|p| p.effect() == Effect::Permit);
        let missing: Vec<&'static str> =
            FINDINGS.iter().filter(|(action, _)| !permits(action)).map(|(_, words)| *words).collect();
        let mut without = if missing.len() == FINDINGS.len() { vec!["findings"] } else { missing };
        if !self.rules.values().any(|rule| rule.forbids && rule.get("state").is_some()) {
            without.push("gates for the state of agreements");
        }
        if !permits(ASSUME) {
            without.push("assumptions");
        }
        without
    }
}
