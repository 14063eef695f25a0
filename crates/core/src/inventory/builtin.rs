//! What no one has to write: the known agreements, AWS's managed policies, the services of the dated list.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::Policy;
use crate::aws::managed;
use crate::iam::document::{self, Document};
use crate::problem::SourceFile;
use crate::text::json;

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

/// The names that it has: its id, its ARNs, its name.
const NAMES_OF_FULL_AWS_ACCESS: [&str; 4] = [
    FULL_AWS_ACCESS,
    "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
    "arn:aws-us-gov:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
    "FullAWSAccess",
];

/// The resource control policy that AWS attaches to every root, unit and account, and that nobody can detach.
pub const FULL_RESOURCE_ACCESS: &str = "p-RCPFullAWSAccess";

/// Whether an ARN, an id or a name is that of RCPFullAWSAccess.
pub fn is_full_resource_access(id: &str) -> bool {
    // what every reference to a policy is asked
    if !id.ends_with("FullAWSAccess") {
        return false;
    }
    let name =
        id.strip_prefix("arn:").and_then(|arn| arn.split_once(":organizations::aws:policy/resource_control_policy/"));
    [FULL_RESOURCE_ACCESS, "RCPFullAWSAccess"].contains(&name.map_or(id, |(_, name)| name))
}

/// RCPFullAWSAccess.
pub fn full_resource_access() -> &'static Policy {
    static POLICY: LazyLock<Policy> = LazyLock::new(|| {
        let text = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}"#;
        let source = SourceFile::new("aws:RCPFullAWSAccess", text);
        let statements = match json::parse(&source) {
            Ok(node) => document::read_of_resource(&source, &node, &mut Vec::new()).statements,
            Err(_) => Vec::new(),
        };
        let document = Arc::new(Document { source, statements });
        Policy { label: FULL_RESOURCE_ACCESS.to_owned(), document, content: text.to_owned(), built_in: true }
    });
    &POLICY
}

/// An AWS managed policy whose document is known.
#[derive(Debug)]
pub struct ManagedPolicy {
    /// What its document is called in answers.
    pub path: String,
    /// The document, in lines, so that answers can name them.
    pub text: String,
}

/// Whether an ARN or id is that of FullAWSAccess.
pub fn is_full_aws_access(id: &str) -> bool {
    NAMES_OF_FULL_AWS_ACCESS.contains(&id)
}

/// The built-in policy of this ARN or id.
pub fn managed_policy(id: &str) -> Option<ManagedPolicy> {
    if NAMES_OF_FULL_AWS_ACCESS.contains(&id) {
        return Some(ManagedPolicy { path: "aws:FullAWSAccess".to_owned(), text: managed::FULL_AWS_ACCESS.to_owned() });
    }
    let policy = managed::of_arn(id)?;
    Some(ManagedPolicy { path: format!("aws:{}", policy.name()), text: policy.pretty() })
}

/// Whether a document is that of an AWS managed policy, as it is built in. `FullAWSAccess` has no date.
pub fn is_managed_document(policy: &super::Policy) -> bool {
    let path = policy.document.source.path.as_str();
    path.strip_prefix("aws:").is_some_and(|name| name != "FullAWSAccess")
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
    fn managed_policies_are_known() {
        for id in NAMES_OF_FULL_AWS_ACCESS {
            serde_json::from_str::<serde_json::Value>(&managed_policy(id).unwrap().text).unwrap();
        }
        assert!(is_aws_managed("arn:aws:iam::aws:policy/SecurityAudit"));
        assert!(!is_aws_managed("arn:aws:iam::111122223333:policy/a"));
    }
}
