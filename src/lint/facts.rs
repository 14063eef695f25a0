//! What AWS publishes of the actions that this project knows: `data/actions.json`, and the ARNs of what they act on.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::iam::document::ResourcePattern;
use crate::iam::template::{Syntax, Template};
use crate::permissions::patterns::overlap;

/// An action.
#[derive(Debug, Deserialize)]
pub struct Action {
    /// `artifact:GetReport`, as AWS writes it.
    #[serde(rename = "action")]
    pub name: String,
    /// The types of resources that it acts on; none for an action that is asked on `*`.
    #[serde(default)]
    pub resources: Vec<Type>,
    /// The condition keys that its requests carry besides the global ones; one that ends in `/` stands for all tags.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Since when it grants nothing, by partition.
    #[serde(default)]
    pub ended: BTreeMap<String, String>,
    /// The name in lower case.
    #[serde(skip)]
    lower: String,
}

/// A type of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// An offer to accept.
    Agreement,
    /// An acceptance.
    CustomerAgreement,
    /// A version of a report.
    Report,
    /// Reports before 2025.
    ReportPackage,
    /// A question to AWS.
    ComplianceInquiry,
    /// A role of IAM.
    Role,
}

/// All types of resources.
pub const TYPES: [Type; 6] =
    [Type::Agreement, Type::CustomerAgreement, Type::Report, Type::ReportPackage, Type::ComplianceInquiry, Type::Role];

/// The partitions that have AWS Artifact.
pub const PARTITIONS: [&str; 2] = ["aws", "aws-us-gov"];

static ACTIONS: LazyLock<Vec<Action>> = LazyLock::new(|| {
    let mut actions: Vec<Action> = serde_json::from_str(include_str!("../../data/actions.json")).unwrap_or_default();
    actions.iter_mut().for_each(|a| a.lower = a.name.to_ascii_lowercase());
    actions
});

/// Every action that is known.
pub fn actions() -> &'static [Action] {
    &ACTIONS
}

/// The ARNs of a type in every partition, as patterns.
pub fn patterns(ty: Type) -> &'static [ResourcePattern] {
    static PATTERNS: LazyLock<Vec<(Type, Vec<ResourcePattern>)>> = LazyLock::new(|| {
        let of = |ty: Type| PARTITIONS.iter().filter_map(|p| ResourcePattern::parse(&ty.arn(p), false).ok()).collect();
        TYPES.iter().map(|ty| (*ty, of(*ty))).collect()
    });
    PATTERNS.iter().find(|(t, _)| *t == ty).map_or(&[], |(_, p)| p)
}

/// The action of this name; case does not matter.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|a| a.name.eq_ignore_ascii_case(name))
}

/// The actions that a pattern reaches; case does not matter.
pub fn matching(pattern: &str) -> impl Iterator<Item = &'static Action> {
    let syntax = Syntax { wildcards: true, variables: false };
    let template = Template::parse(pattern, syntax).unwrap_or_default().to_lower();
    ACTIONS.iter().filter(move |a| template.matches(&a.lower))
}

impl Action {
    /// The service's prefix.
    pub fn service(&self) -> &str {
        self.name.split(':').next().unwrap_or_default()
    }

    /// The name without the prefix.
    pub fn short(&self) -> &str {
        self.name.split(':').nth(1).unwrap_or_default()
    }

    /// Whether its requests carry a key, given in any case. Global keys are carried by all.
    pub fn carries(&self, key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        self.keys.iter().map(|k| k.to_ascii_lowercase()).any(|k| k == key || (k.ends_with('/') && key.starts_with(&k)))
    }
}

/// A key of a service that is known here, as AWS writes it, for any case.
pub fn service_key(key: &str) -> Option<&'static str> {
    let named = ACTIONS.iter().flat_map(|a| &a.keys).filter(|k| !k.ends_with('/') && !k.starts_with("aws:"));
    named.map(String::as_str).find(|k| k.eq_ignore_ascii_case(key))
}

impl Type {
    /// Its name in ARNs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::CustomerAgreement => "customer-agreement",
            Self::Report => "report",
            Self::ReportPackage => "report-package",
            Self::ComplianceInquiry => "compliance-inquiry",
            Self::Role => "role",
        }
    }

    /// The ARNs of this type, as a policy names all of them.
    pub fn arn(self, partition: &str) -> String {
        match self {
            Self::Agreement => format!("arn:{partition}:artifact:::agreement/*"),
            Self::CustomerAgreement => format!("arn:{partition}:artifact::*:customer-agreement/*"),
            Self::Report => format!("arn:{partition}:artifact:*::report/*"),
            Self::ReportPackage => format!("arn:{partition}:artifact:::report-package/*"),
            Self::ComplianceInquiry => format!("arn:{partition}:artifact:*:*:compliance-inquiry/*"),
            Self::Role => format!("arn:{partition}:iam::*:role/*"),
        }
    }

    fn service(self) -> &'static str {
        if self == Self::Role { "iam" } else { "artifact" }
    }

    fn has_region(self) -> bool {
        matches!(self, Self::Report | Self::ComplianceInquiry)
    }

    fn has_account(self) -> bool {
        matches!(self, Self::CustomerAgreement | Self::ComplianceInquiry | Self::Role)
    }

    /// The pattern of the last segment.
    fn resource(self) -> &'static str {
        match self {
            Self::Agreement => "agreement/*",
            Self::CustomerAgreement => "customer-agreement/*",
            Self::Report => "report/*:*",
            Self::ReportPackage => "report-package/*",
            Self::ComplianceInquiry => "compliance-inquiry/*",
            Self::Role => "role/*",
        }
    }
}

/// The part of an ARN that keeps a pattern from matching anything of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Wrong {
    /// Another service, or another type of resource.
    Resource,
    Region,
    Account,
    Partition,
}

/// A pattern of a policy's `Resource`, by its segments. A character that is not known stands for any text.
pub struct ArnText {
    segments: Vec<String>,
}

impl ArnText {
    /// Splits a pattern at its first five colons; short patterns that end in `*` are filled up with `*`.
    pub fn new(text: &str) -> Self {
        let mut segments: Vec<String> = text.splitn(6, ':').map(|s| s.replace(super::read::UNKNOWN, "*")).collect();
        if segments.len() < 6 && segments.last().is_some_and(|s| s.ends_with('*')) {
            segments.resize(6, "*".to_owned());
        }
        Self { segments }
    }

    /// A segment, as a pattern.
    pub fn segment(&self, index: usize) -> &str {
        self.segments.get(index).map_or("", String::as_str)
    }

    /// It has six segments, or is filled up to them.
    pub fn is_whole(&self) -> bool {
        self.segments.len() == 6
    }

    /// Whether it can match something of a type; else the segments that keep it from that.
    pub fn reaches(&self, ty: Type) -> Result<(), Vec<Wrong>> {
        if !self.is_whole() {
            return Err(vec![Wrong::Resource]);
        }
        let one_of = |index: usize, texts: &[&str]| texts.iter().any(|t| glob(self.segment(index)).matches(t));
        let mut wrong = Vec::new();
        let named =
            one_of(0, &["arn"]) && one_of(2, &[ty.service()]) && overlap(&glob(self.segment(5)), &glob(ty.resource()));
        if !named {
            wrong.push(Wrong::Resource);
        }
        if if ty.has_region() { !may_be_region(self.segment(3)) } else { !one_of(3, &[""]) } {
            wrong.push(Wrong::Region);
        }
        if if ty.has_account() { !may_be_account(self.segment(4)) } else { !one_of(4, &[""]) } {
            wrong.push(Wrong::Account);
        }
        if ty != Type::Role && !one_of(1, &PARTITIONS) || ty == Type::Role && self.segment(1).is_empty() {
            wrong.push(Wrong::Partition);
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

fn glob(text: &str) -> Template {
    Template::parse(text, Syntax { wildcards: true, variables: false }).unwrap_or_default()
}

fn may_be_region(text: &str) -> bool {
    !text.is_empty()
}

/// Whether a pattern can match twelve digits.
fn may_be_account(text: &str) -> bool {
    if !text.contains('*') {
        return text.chars().count() == 12 && text.chars().all(|c| c.is_ascii_digit() || c == '?');
    }
    let fixed = text.chars().filter(|c| *c != '*');
    text.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '?') && fixed.count() <= 12
}

/// Whether a text has the form of an id of AWS Artifact: the type's name, and sixteen letters and digits.
pub fn is_id(ty: Type, text: &str) -> bool {
    let rest = text.strip_prefix(ty.word()).and_then(|r| r.strip_prefix('-'));
    rest.is_some_and(|r| r.len() == 16 && r.chars().all(|c| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_whole() {
        assert_eq!(actions().iter().filter(|a| a.service() == "artifact").count(), 26);
        assert_eq!(actions().iter().filter(|a| !a.ended.is_empty()).count(), 2);
        assert_eq!(action("ARTIFACT:getreport").map(Action::short), Some("GetReport"));
        assert_eq!(matching("artifact:*Agreement").count(), 7);
    }

    #[test]
    fn arns_reach_their_types() {
        let reaches = |text: &str, ty| ArnText::new(text).reaches(ty);
        for ty in TYPES {
            assert_eq!(reaches(&ty.arn("aws"), ty), Ok(()), "{ty:?}");
            assert_eq!(reaches("*", ty), Ok(()), "{ty:?}");
        }
        assert_eq!(reaches("arn:aws:artifact:us-east-1::report/report-X", Type::Report), Err(vec![Wrong::Resource]));
        assert_eq!(reaches("arn:aws:artifact:us-east-1::report/report-X:*", Type::Report), Ok(()));
        assert_eq!(reaches("arn:aws:artifact::111122223333:agreement/*", Type::Agreement), Err(vec![Wrong::Account]));
        assert_eq!(reaches("arn:aws-cn:artifact:::agreement/*", Type::Agreement), Err(vec![Wrong::Partition]));
        assert_eq!(reaches("arn:aws:iam:::role/*", Type::Role), Err(vec![Wrong::Account]));
        assert_eq!(reaches("arn:aws:iam::1111*3333:role/x", Type::Role), Ok(()));
    }
}
