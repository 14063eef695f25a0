//! AWS's managed policies: their documents by their ARNs, with version and dates (`data/managed-policies.bin`).
//!
//! A document is inflated when it is first asked for. `FullAWSAccess` of AWS Organizations stands in a file of its own, since every
//! organization has it.

use std::sync::LazyLock;

use super::packed::{Entry, Packed};
use crate::problem::did_you_mean;

/// The file of the policies.
pub(crate) const BYTES: &[u8] = include_bytes!("../../../../data/managed-policies.bin");
/// The policy that is attached everywhere until an organization detaches it.
pub(crate) const FULL_AWS_ACCESS: &str = include_str!("../../../../data/full-aws-access.json");

static PACKED: LazyLock<Packed> = LazyLock::new(|| Packed::new(BYTES));

/// A managed policy that is built in.
#[derive(Clone, Copy)]
pub struct ManagedPolicy {
    entry: &'static Entry,
}

/// The day of the youngest of the policies that are built in.
pub fn date() -> &'static str {
    &super::sources().managed_policies.date
}

/// Every managed policy, in the order of their names.
pub fn all() -> impl Iterator<Item = ManagedPolicy> {
    PACKED.entries.iter().map(|entry| ManagedPolicy { entry })
}

/// The policy of this name, without its path; case does not matter.
pub fn named(name: &str) -> Option<ManagedPolicy> {
    let entry = PACKED.entries.get(PACKED.position(name)?)?;
    Some(ManagedPolicy { entry })
}

/// The policy of this ARN, exactly. The documents are those of the partition `aws`: what another partition has under the same name is
/// not known, but for `AdministratorAccess`, which is the same everywhere.
pub fn of_arn(arn: &str) -> Option<ManagedPolicy> {
    let (partition, rest) = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy")?;
    let policy = named(rest.rsplit('/').next()?).filter(|p| p.is_at(rest))?;
    (partition == "aws" || policy.name() == "AdministratorAccess").then_some(policy)
}

/// The name that is nearest to one, without its path.
pub fn near(name: &str) -> Option<&'static str> {
    did_you_mean(name, PACKED.entries.iter().map(|e| e.name))
}

/// What to say of the ARN of an AWS managed policy that is not known, and what to do: the name may be a slip, or younger than the
/// data. Nothing is said of other partitions, whose policies are not collected here.
pub fn unknown(arn: &str) -> Option<(String, String)> {
    let rest = arn.strip_prefix("arn:aws:iam::aws:policy/").filter(|_| of_arn(arn).is_none())?;
    let name = rest.rsplit('/').next().unwrap_or(rest);
    let near = named(name).or_else(|| named(near(name)?));
    let help = near.map_or_else(
        || "give its document, or newer policies with [aws] in countersign.toml".to_owned(),
        |policy| format!("did you mean {}?", policy.arn()),
    );
    Some((format!("AWS has no managed policy {rest} (as of {}): what it allows is unknown", date()), help))
}

impl ManagedPolicy {
    /// Its name, without its path.
    pub fn name(self) -> &'static str {
        self.entry.name
    }

    /// Its ARN in the partition `aws`.
    pub fn arn(self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path(), self.name())
    }

    /// `/`, `/service-role/`, …
    pub fn path(self) -> &'static str {
        self.more(0)
    }

    /// `v4`
    pub fn version(self) -> &'static str {
        self.more(1)
    }

    /// The day on which AWS made the policy.
    pub fn created(self) -> &'static str {
        self.more(2)
    }

    /// The day of this version.
    pub fn updated(self) -> &'static str {
        self.more(3)
    }

    /// Its document, as JSON.
    pub fn document(self) -> &'static str {
        PACKED.text(self.entry)
    }

    /// Its document in lines. Places in answers are those of this text.
    pub fn pretty(self) -> String {
        let value: Option<serde_json::Value> = serde_json::from_str(self.document()).ok();
        value.and_then(|v| serde_json::to_string_pretty(&v).ok()).unwrap_or_else(|| self.document().to_owned())
    }

    fn more(self, index: usize) -> &'static str {
        self.entry.more.get(index).copied().unwrap_or_default()
    }

    /// Whether path and name are these.
    fn is_at(self, rest: &str) -> bool {
        rest.strip_prefix(self.path()) == Some(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_whole() {
        for policy in all() {
            let document: serde_json::Value = serde_json::from_str(policy.document()).unwrap();
            assert!(document.get("Statement").is_some(), "{}", policy.name());
            assert_eq!(of_arn(&policy.arn()).unwrap().name(), policy.name());
        }
        assert!(all().count() > 1_500);
    }

    #[test]
    fn policies_are_found_by_their_arn_only() {
        let of = |arn: &str| of_arn(arn).map(ManagedPolicy::name);
        assert_eq!(of("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"), Some("ViewOnlyAccess"));
        assert_eq!(of("arn:aws:iam::aws:policy/ViewOnlyAccess"), None, "its path is another");
        assert_eq!(of("arn:aws:iam::aws:policy/readonlyaccess"), None, "case counts");
        assert_eq!(of("arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"), None);
        assert_eq!(of("arn:aws-us-gov:iam::aws:policy/AdministratorAccess"), Some("AdministratorAccess"));
        assert_eq!(of("arn:aws:iam::111122223333:policy/ReadOnlyAccess"), None);
    }
}
