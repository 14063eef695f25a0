//! Organizations of any size, for the benchmarks.

use serde_json::{Value, json};

/// The id of the organization.
pub const ID: &str = "o-benchmark01";

/// The number of an account.
pub fn number(i: usize) -> String {
    format!("{:012}", 100_000_000_000 + i)
}

/// An organization: units with service control policies, members with roles of a few kinds.
pub fn organization(accounts: usize, roles: usize) -> Vec<Value> {
    let unit = |i: usize| format!("ou-ab12-unit{i:05}");
    let units = accounts / 50 + 1;
    let mut entities = vec![json!({"uid": ID, "attrs":
        {"featureSet": "ALL", "managementAccount": number(0), "trustedAccess": true, "serviceRole": true}})];
    for i in 0..units {
        let action = if i % 3 == 0 { "artifact:AcceptAgreement" } else { "organizations:LeaveOrganization" };
        let deny =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]});
        entities.push(
            json!({"uid": unit(i), "parents": [ID], "attrs": {"serviceControlPolicies": ["p-FullAWSAccess", deny]}}),
        );
    }
    let policies = [
        "AdministratorAccess",
        "AWSArtifactAgreementsFullAccess",
        "PowerUserAccess",
        "AWSArtifactReportsReadOnlyAccess",
    ];
    for i in 0..accounts {
        let parent = if i == 0 { ID.to_owned() } else { unit(i % units) };
        entities.push(json!({"uid": number(i), "parents": [parent], "attrs": {"memberships": [{"organization": ID, "from": "2022-01-01"}]}}));
        for (role, policy) in policies.iter().cycle().take(roles).enumerate() {
            let arn = format!("arn:aws:iam::{}:role/r{role}", number(i));
            entities.push(json!({"uid": arn, "attrs": {"policies": [format!("arn:aws:iam::aws:policy/{policy}")]}}));
        }
    }
    entities.push(json!({"uid": "customer-agreement-Benchmark0123456", "attrs":
        {"agreement": "baa", "organization": ID, "effectiveStart": "2023-01-01"}}));
    entities
}
