//! The words of the command line for values of the library, which does not know that it has one.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::check::Part;
use crate::finding::Severity;
use crate::lint::policy::Kind;

impl ValueEnum for Severity {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Info, Self::Warning, Self::Error]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Info => "Worth knowing",
            Self::Warning => "Probably not what was meant",
            Self::Error => "Invalid, or without the effect that it was written for",
        };
        Some(PossibleValue::new(self.word()).help(help))
    }
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Identity,
            Self::PermissionSet,
            Self::Boundary,
            Self::ServiceControl,
            Self::ResourceControl,
            Self::Trust,
            Self::Resource,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Identity => ("identity", "An identity policy, managed or inline"),
            Self::PermissionSet => ("permission-set", "The policy of a permission set"),
            Self::Boundary => ("boundary", "A permissions boundary"),
            Self::ServiceControl => ("service-control", "A service control policy"),
            Self::ResourceControl => ("resource-control", "A resource control policy"),
            Self::Trust => ("trust", "Who may assume a role"),
            Self::Resource => ("resource", "The policy of a bucket, a key, a queue"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for Part {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Diff, Self::Expectations, Self::Guardrails, Self::Findings, Self::Lint]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Diff => ("diff", "What the change does, against a base"),
            Self::Expectations => ("expectations", "The expectations kept beside the inventory"),
            Self::Guardrails => ("guardrails", "The guardrails"),
            Self::Findings => {
                ("findings", "Coverage, PHI, access: the findings of `evaluate`, and warnings about the files")
            }
            Self::Lint => ("lint", "The policies, by the rules of lint"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}
