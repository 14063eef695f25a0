//! What AWS publishes, each fact in one place: the files of `data/`, read once.
//!
//! Evaluation, lint and the search for new access all read it here. What follows from a fact is decided elsewhere. The catalogue of
//! all services and AWS's managed policies are compressed, and read only by what needs them.

pub mod actions;
pub mod api;
pub mod arns;
pub mod asked_on;
pub mod catalogue;
pub mod eligibility;
pub mod keys;
pub mod linted;
pub mod managed;
pub mod management;
mod packed;
pub mod quotas;
pub mod report_series;
pub mod resource_policies;
pub mod resources;
pub mod security;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Default, Deserialize)]
struct Artifact {
    #[serde(rename = "allPartitions")]
    all_partitions: Vec<String>,
    partitions: Vec<Partition>,
    regions: Vec<String>,
    names: BTreeMap<String, String>,
    #[serde(rename = "classicRole")]
    classic_role: ClassicRole,
}

/// What is known of the role before the service-linked one.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassicRole {
    /// The day since when AWS Artifact has not used it.
    pub until: String,
    /// The permissions that the console needed to create it.
    pub created_by: Vec<String>,
}

/// A partition in which AWS Artifact is offered.
#[derive(Debug, Deserialize)]
pub struct Partition {
    /// `aws`, `aws-us-gov`
    #[serde(rename = "partition")]
    pub name: String,
    /// How the names of its Regions begin. Of two that fit, the longer one counts.
    regions: String,
    /// The Region in which AWS Artifact answers.
    pub region: String,
}

/// The actions by which principals can grant themselves what they lack.
pub(crate) const ESCALATION_TEXT: &str = include_str!("../../../../data/escalation.json");

/// The day of that file.
pub(crate) const ESCALATION_DATE: &str = "2025-12-17";

/// What people call the kinds of agreement.
pub(crate) const NAMES_TEXT: &str = include_str!("../../../../data/names.json");

/// The file that tells where the catalogue and the managed policies come from, and their digests.
pub(crate) const SOURCES_TEXT: &str = include_str!("../../../../data/aws.json");

/// Where the packed data comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sources {
    /// The catalogue of services.
    pub catalogue: Source,
    /// The managed policies.
    pub managed_policies: Source,
}

/// Where a packed file comes from.
#[derive(Debug, Default, Deserialize)]
pub struct Source {
    /// The package that it was made from.
    #[serde(rename = "source")]
    pub package: String,
    /// The version of the package.
    pub version: String,
    /// The day of the catalogue, or that of the youngest policy.
    pub date: String,
    /// The digest of the file.
    pub sha256: String,
}

/// Where the packed data comes from, without reading it.
pub fn sources() -> &'static Sources {
    static SOURCES: LazyLock<Sources> = LazyLock::new(|| serde_json::from_str(SOURCES_TEXT).unwrap_or_default());
    &SOURCES
}

/// The file of AWS Artifact's own names.
pub(crate) const TEXT: &str = include_str!("../../../../data/artifact.json");

static ARTIFACT: LazyLock<Artifact> = LazyLock::new(|| {
    let none = Artifact::default();
    serde_json::from_str(TEXT).unwrap_or(none)
});

/// The partitions of AWS, whether or not they have AWS Artifact.
pub fn all_partitions() -> &'static [String] {
    &ARTIFACT.all_partitions
}

/// Whether a text is the name of a partition of AWS.
pub fn is_partition(text: &str) -> bool {
    all_partitions().iter().any(|partition| partition == text)
}

/// The partitions that have AWS Artifact.
pub fn partitions() -> &'static [Partition] {
    &ARTIFACT.partitions
}

/// A partition that has AWS Artifact, by its name; the first where this is none.
pub fn partition(name: &str) -> &'static str {
    let found = partitions().iter().find(|p| p.name == name).or(partitions().first());
    found.map_or("", |p| &p.name)
}

/// The partition that a Region is in.
pub fn partition_of(region: &str) -> &'static str {
    let fitting = partitions().iter().filter(|p| region.starts_with(&p.regions));
    fitting.max_by_key(|p| p.regions.len()).map_or("", |p| &p.name)
}

/// The Regions that are known, of every partition.
pub fn regions() -> impl Iterator<Item = &'static str> {
    ARTIFACT.regions.iter().map(String::as_str)
}

/// Whether a text is the name of a Region that is known, of any partition.
pub fn is_region(text: &str) -> bool {
    ARTIFACT.regions.iter().any(|r| r == text)
}

/// The Region in which AWS Artifact answers in a partition; that of the first where there is no such partition.
pub fn region_of(partition: &str) -> &'static str {
    let all = partitions();
    let found = all.iter().find(|p| p.name == partition).or(all.first());
    found.map_or("", |p| &p.region)
}

/// The principal that Organizations knows AWS Artifact by.
pub fn trusted_access_principal() -> &'static str {
    name("trustedAccessPrincipal").unwrap_or_default()
}

/// The service that owns the service-linked role.
pub fn service_principal() -> &'static str {
    name("servicePrincipal").unwrap_or_default()
}

/// The service-linked role.
pub fn service_linked_role() -> &'static str {
    name("serviceLinkedRole").unwrap_or_default()
}

/// What is known of the role before 2023 besides its name.
pub fn of_classic_role() -> &'static ClassicRole {
    &ARTIFACT.classic_role
}

/// The name of the role before 2023.
pub fn classic_role() -> &'static str {
    name("classicRole").unwrap_or_default()
}

/// A name that AWS gives to something of AWS Artifact: `servicePrincipal`, `serviceLinkedRole`, …
pub fn name(key: &str) -> Option<&'static str> {
    ARTIFACT.names.get(key).map(String::as_str)
}

/// All such names, and what they name.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    ARTIFACT.names.iter().map(|(key, name)| (key.as_str(), name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_in_their_partition() {
        assert_eq!(partition_of("us-gov-east-1"), "aws-us-gov");
        assert_eq!(partition_of("eu-west-1"), "aws");
        assert_eq!(region_of("aws-us-gov"), "us-gov-west-1");
        assert_eq!(region_of("aws"), "us-east-1");
    }

    #[test]
    fn names_are_there() {
        assert_eq!(name("servicePrincipal"), Some("artifact.amazonaws.com"));
        assert_eq!(names().count(), 6);
        assert_eq!(of_classic_role().until, "2023-09-26");
        assert_eq!(of_classic_role().created_by.len(), 3);
    }
}
