//! The words of the command line for values of the library, which does not know that it has one.

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::check::Part;
use countersign_core::finding::Severity;
use countersign_core::lint::policy::PolicyKind;
use countersign_core::lint::profile::Profile;

/// A parser of one value out of a table: its word, what help says of it, and the value.
fn one_of<T: Clone + Send + Sync + 'static>(
    table: &'static [(&'static str, &'static str, T)],
) -> impl TypedValueParser<Value = T> {
    let words = table.iter().map(|(word, help, _)| PossibleValue::new(*word).help(*help));
    PossibleValuesParser::new(words).try_map(move |word| {
        let row = table.iter().find(|(known, _, _)| *known == word);
        row.map(|(_, _, value)| value.clone()).ok_or("not one of the values")
    })
}

/// How bad a finding is.
pub fn severity() -> impl TypedValueParser<Value = Severity> {
    one_of(&[
        ("info", "Worth knowing", Severity::Info),
        ("warning", "Probably not intended", Severity::Warning),
        ("error", "Invalid, or without the intended effect", Severity::Error),
    ])
}

/// What a policy is used as.
pub fn kind() -> impl TypedValueParser<Value = PolicyKind> {
    one_of(&[
        ("identity", "An identity policy, managed or inline", PolicyKind::Identity),
        ("permission-set", "The policy of a permission set", PolicyKind::PermissionSet),
        ("boundary", "A permissions boundary", PolicyKind::Boundary),
        ("session", "A policy that a session is narrowed by", PolicyKind::Session),
        ("service-control", "A service control policy", PolicyKind::ServiceControl),
        ("resource-control", "A resource control policy", PolicyKind::ResourceControl),
        ("trust", "Who may assume a role", PolicyKind::Trust),
        ("resource", "The policy of a bucket, key, queue or other resource", PolicyKind::Resource),
    ])
}

/// A choice of lint rules.
pub fn profile() -> impl TypedValueParser<Value = Profile> {
    one_of(&[
        ("default", "All rules but those that express an opinion", Profile::Default),
        ("security", "And what reviewers of security look for", Profile::Security),
        ("artifact", "What concerns AWS Artifact", Profile::Artifact),
        ("access-analyzer", "What IAM Access Analyzer checks, as far as files decide it", Profile::AccessAnalyzer),
    ])
}

impl ValueEnum for Part {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Diff,
            Self::Expectations,
            Self::Guardrails,
            Self::Findings,
            Self::Completeness,
            Self::Lint,
            Self::Weakening,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Diff => ("diff", "What the change does, compared with a base"),
            Self::Expectations => ("expectations", "The expectations kept next to the inventory"),
            Self::Guardrails => ("guardrails", "The guardrails"),
            Self::Findings => {
                ("findings", "Coverage, PHI, access: the findings of `evaluate`, and warnings about the files")
            }
            Self::Completeness => ("completeness", "Whether everything was collected that answers rest on"),
            Self::Lint => ("lint", "Problems in the policies: the lint rules"),
            Self::Weakening => ("weakening", "What the change weakens of what it is checked by"),
        };
        // reports call it what it is about
        let also = (*self == Self::Diff).then_some("change");
        Some(PossibleValue::new(name).help(help).aliases(also))
    }
}
