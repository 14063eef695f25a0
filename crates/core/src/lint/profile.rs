//! Profiles: which rules are on where the settings do not say so of a rule.

use super::policy::Policy;
use super::{Check, Rule};
use crate::aws::catalogue::Catalogue;
use crate::problem::did_you_mean;

/// A choice of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// All rules but those that express an opinion.
    #[default]
    Default,
    /// These, and what reviewers of security look for.
    Security,
    /// What concerns AWS Artifact.
    Artifact,
    /// What IAM Access Analyzer checks as well, as far as files decide it.
    AccessAnalyzer,
}

/// What reviewers of security look for, off by default.
const SECURITY: [&str; 11] =
    ["CS158", "CS159", "CS156", "CS201", "CS202", "CS203", "CS204", "CS205", "CS206", "CS207", "CS208"];

/// Rules that speak of AWS Artifact in any policy.
const OF_ARTIFACT: [&str; 22] = [
    "CS101", "CS116", "CS122", "CS123", "CS124", "CS132", "CS133", "CS134", "CS135", "CS136", "CS147", "CS151",
    "CS152", "CS153", "CS154", "CS155", "CS171", "CS172", "CS191", "CS192", "CS193", "CS115",
];

/// Rules that tell what a check of Access Analyzer does (`docs/access-analyzer.md`), as of 2026-03.
const OF_ACCESS_ANALYZER: [&str; 46] = [
    "CS101", "CS102", "CS103", "CS105", "CS106", "CS107", "CS108", "CS109", "CS110", "CS112", "CS113", "CS117",
    "CS121", "CS126", "CS127", "CS128", "CS129", "CS130", "CS131", "CS137", "CS141", "CS142", "CS143", "CS144",
    "CS145", "CS146", "CS149", "CS150", "CS161", "CS162", "CS163", "CS164", "CS165", "CS166", "CS182", "CS183",
    "CS184", "CS185", "CS205", "CS206", "CS191", "CS192", "CS193", "CS111", "CS116", "CS208",
];

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 4] = [Self::Default, Self::Security, Self::Artifact, Self::AccessAnalyzer];

    /// Its name on the command line and in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Security => "security",
            Self::Artifact => "artifact",
            Self::AccessAnalyzer => "access-analyzer",
        }
    }

    /// Whether a rule is on.
    pub fn has(self, rule: &Rule) -> bool {
        match self {
            // policies without statements name no action
            Self::Artifact if matches!(rule.check, Check::Management(_)) => false,
            Self::Default => !rule.opinion,
            Self::Security => !rule.opinion || SECURITY.contains(&rule.code),
            Self::Artifact => !rule.opinion,
            Self::AccessAnalyzer => OF_ACCESS_ANALYZER.contains(&rule.code),
        }
    }

    /// Whether a rule looks at a policy: of those that speak of any service, `artifact` wants only what they say of policies that name
    /// AWS Artifact.
    pub fn looks_at(self, rule: &Rule, policy: &Policy) -> bool {
        !self.narrows(rule) || names_artifact(policy)
    }

    /// Whether a rule does not look at every policy.
    pub fn narrows(self, rule: &Rule) -> bool {
        self == Self::Artifact && matches!(rule.check, Check::Policy(_)) && !OF_ARTIFACT.contains(&rule.code)
    }
}

/// Whether a policy names an action or a resource of AWS Artifact, or an action of what is nearly called so and nothing of AWS.
fn names_artifact(policy: &Policy) -> bool {
    const NAME: &str = "artifact";
    let is_meant = |prefix: &str| {
        prefix.eq_ignore_ascii_case(NAME)
            || did_you_mean(prefix, [NAME]).is_some() && Catalogue::built_in().service(prefix).is_none()
    };
    let mut actions = policy.action_texts().filter_map(|t| t.text.split_once(':'));
    let mut resources = policy.resource_texts();
    actions.any(|(prefix, _)| is_meant(prefix)) || resources.any(|t| t.text.split(':').nth(2) == Some("artifact"))
}
