//! The texts of `policies/`, which are built in: the rules of the domain, and guardrails that an inventory may switch on.

use std::sync::Arc;

use crate::problem::SourceFile;

macro_rules! built_in {
    ($folder:literal; $($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../../policies/", $folder, $path)))),*]
    };
}

/// The policies that are built in: path below `policies/`, and text.
pub const BUILT_IN: [(&str, &str); 23] = built_in!(
    "";
    "agreements/findings.cedar",
    "agreements/governs.cedar",
    "agreements/in_force.cedar",
    "agreements/standing.cedar",
    "changes/advice.cedar",
    "hipaa/eligibility.cedar",
    "hipaa/evidence.cedar",
    "hipaa/facts.cedar",
    "hipaa/findings.cedar",
    "hipaa/register.cedar",
    "inventory/findings.cedar",
    "operations/accept.cedar",
    "operations/account.cedar",
    "operations/agreement.cedar",
    "operations/assumptions.cedar",
    "operations/designation.cedar",
    "operations/download.cedar",
    "operations/ending.cedar",
    "operations/findings.cedar",
    "operations/operations.cedar",
    "operations/organization.cedar",
    "operations/report.cedar",
    "operations/terminate.cedar",
);

/// The guardrails that can be switched on: path below `policies/guardrails/`, and text.
pub const GUARDRAILS: [(&str, &str); 5] = built_in!(
    "guardrails/";
    "no_iam_users.cedar",
    "no_root.cedar",
    "only_legal.cedar",
    "organization_first.cedar",
    "separation_of_duties.cedar",
);

/// The policies, as sources.
pub fn sources() -> Vec<Arc<SourceFile>> {
    BUILT_IN.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect()
}

/// Whether a text is one of them, as it is built in.
pub fn is_built_in(source: &SourceFile) -> bool {
    BUILT_IN.iter().any(|(path, text)| *path == source.path && *text == source.text)
}
