//! What no one has to write: the known agreements, AWS's managed policies, the services of the dated list.

use std::sync::LazyLock;

use serde::Deserialize;

/// The known agreements, as an entity file.
pub const AGREEMENTS: &str = include_str!("../../../../data/agreements.json");

/// An agreement that can be accepted.
#[derive(Debug, Deserialize)]
pub struct Offer {
    /// `agreement-…`
    #[serde(skip)]
    pub id: String,
    /// `baa`
    pub kind: String,
    /// `account` or `organization`
    pub scope: String,
    /// `aws`
    pub partition: String,
    /// Its name, with which its ARN ended before 2024.
    pub name: String,
}

impl Offer {
    /// It is accepted for a whole organization.
    pub fn is_of_organization(&self) -> bool {
        self.scope == "organization"
    }
}

/// The known agreements.
pub fn offers() -> &'static [Offer] {
    #[derive(Deserialize)]
    struct Entity {
        uid: String,
        attrs: Offer,
    }
    static OFFERS: LazyLock<Vec<Offer>> = LazyLock::new(|| {
        let entities: Vec<Entity> = serde_json::from_str(AGREEMENTS).unwrap_or_default();
        let id = |uid: &str| uid.split('"').nth(1).unwrap_or_default().to_owned();
        entities.into_iter().map(|e| Offer { id: id(&e.uid), ..e.attrs }).collect()
    });
    &OFFERS
}

/// The policy that is attached everywhere until an organization detaches it.
pub const FULL_AWS_ACCESS: &str = "p-FullAWSAccess";

/// An AWS managed policy whose document is built in.
#[derive(Debug)]
pub struct ManagedPolicy {
    /// Its ARN, or its id as Organizations prints it.
    pub id: &'static str,
    /// What its document is called in answers.
    pub path: &'static str,
    /// The document.
    pub text: &'static str,
    /// The document tells only what the policy says of `artifact:` actions; the rest is unknown.
    pub artifact_only: bool,
}

macro_rules! managed {
    ($id:literal, $file:literal, $artifact_only:literal) => {
        ManagedPolicy {
            id: $id,
            path: concat!("aws:", $file),
            text: include_str!(concat!("../../../../data/managed-policies/", $file, ".json")),
            artifact_only: $artifact_only,
        }
    };
}

const MANAGED: [ManagedPolicy; 22] = [
    managed!("arn:aws:iam::aws:policy/AdministratorAccess", "AdministratorAccess", false),
    managed!("arn:aws-us-gov:iam::aws:policy/AdministratorAccess", "AdministratorAccess", false),
    managed!("arn:aws:iam::aws:policy/PowerUserAccess", "PowerUserAccess", false),
    managed!("arn:aws:iam::aws:policy/AWSArtifactAgreementsFullAccess", "AWSArtifactAgreementsFullAccess", false),
    managed!(
        "arn:aws:iam::aws:policy/AWSArtifactAgreementsReadOnlyAccess",
        "AWSArtifactAgreementsReadOnlyAccess",
        false
    ),
    managed!("arn:aws:iam::aws:policy/AWSArtifactReportsReadOnlyAccess", "AWSArtifactReportsReadOnlyAccess", false),
    managed!(
        "arn:aws:iam::aws:policy/AWSArtifactComplianceInquiriesFullAccess",
        "AWSArtifactComplianceInquiriesFullAccess",
        false
    ),
    managed!(
        "arn:aws:iam::aws:policy/AWSArtifactComplianceInquiriesReadOnlyAccess",
        "AWSArtifactComplianceInquiriesReadOnlyAccess",
        false
    ),
    managed!(
        "arn:aws:iam::aws:policy/aws-service-role/AWSArtifactServiceRolePolicy",
        "AWSArtifactServiceRolePolicy",
        false
    ),
    managed!("arn:aws:iam::aws:policy/service-role/AWSArtifactAccountSync", "AWSArtifactAccountSync", false),
    managed!("arn:aws:iam::aws:policy/ReadOnlyAccess", "ReadOnlyAccess", true),
    managed!("arn:aws:iam::aws:policy/AWSVendorInsightsAssessorFullAccess", "AWSVendorInsights", true),
    managed!("arn:aws:iam::aws:policy/AWSVendorInsightsAssessorReadOnly", "AWSVendorInsights", true),
    managed!("arn:aws:iam::aws:policy/AWSVendorInsightsVendorFullAccess", "AWSVendorInsights", true),
    managed!("arn:aws:iam::aws:policy/AWSVendorInsightsVendorReadOnly", "AWSVendorInsights", true),
    managed!("arn:aws:iam::aws:policy/SecurityAudit", "NoArtifactAction", true),
    managed!("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", "NoArtifactAction", true),
    managed!("arn:aws:iam::aws:policy/job-function/Billing", "NoArtifactAction", true),
    managed!("p-FullAWSAccess", "FullAWSAccess", false),
    managed!("arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", "FullAWSAccess", false),
    managed!("arn:aws-us-gov:organizations::aws:policy/service_control_policy/p-FullAWSAccess", "FullAWSAccess", false),
    managed!("FullAWSAccess", "FullAWSAccess", false),
];

/// The built-in policies, several of which may have one document.
pub fn managed_policies() -> &'static [ManagedPolicy] {
    static POLICIES: [ManagedPolicy; 22] = MANAGED;
    &POLICIES
}

/// The built-in policy of this ARN or id.
pub fn managed_policy(id: &str) -> Option<&'static ManagedPolicy> {
    managed_policies().iter().find(|p| p.id == id)
}

/// Whether an ARN is that of an AWS managed policy, built in or not.
pub fn is_aws_managed(id: &str) -> bool {
    let mut segments = id.split(':');
    let arn = segments.next() == Some("arn");
    let service = segments.nth(1);
    arn && matches!(service, Some("iam" | "organizations")) && segments.nth(1) == Some("aws")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreements_are_read() {
        assert_eq!(offers().len(), 12);
        assert!(offers().iter().all(|o| o.id.starts_with("agreement-")));
    }

    #[test]
    fn managed_policies_are_json() {
        for policy in &MANAGED {
            serde_json::from_str::<serde_json::Value>(policy.text).unwrap();
        }
        assert!(is_aws_managed("arn:aws:iam::aws:policy/SecurityAudit"));
        assert!(!is_aws_managed("arn:aws:iam::111122223333:policy/a"));
    }
}
