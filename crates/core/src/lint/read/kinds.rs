//! What kind of policy the words around it tell: the name of a key, the type of a resource, the path of the file.

use super::choice::items;
use crate::aws::linted::{is_another_cloud, is_of_other_language};
use crate::aws::resource_policies;
use crate::lint::policy::{Holder, PolicyKind};
use crate::text::json::Node;

pub(super) fn of_key(key: &str) -> Option<PolicyKind> {
    match key {
        "AssumeRolePolicyDocument" | "assume_role_policy" | "assumeRolePolicy" => Some(PolicyKind::Trust),
        // of a REST API, in its definition
        "x-amazon-apigateway-policy" => Some(PolicyKind::Resource),
        "CustomPolicy" | "InlinePolicy" => Some(PolicyKind::PermissionSet),
        // attributes of an inventory
        "serviceControlPolicies" | "serviceControlPoliciesAtLeast" | "serviceControlPoliciesUnplaced" => {
            Some(PolicyKind::ServiceControl)
        }
        "resourceControlPolicies" | "resourceControlPoliciesUnplaced" => Some(PolicyKind::ResourceControl),
        "trustPolicy" => Some(PolicyKind::Trust),
        _ if holder_of_list(key).is_some() => Some(PolicyKind::Identity),
        "permissionsBoundary" => Some(PolicyKind::Boundary),
        _ => None,
    }
}

/// Under which keys statements stand by themselves, and what is made of them: the role of a function, the policy of an API.
pub(super) fn holder_of_statements(key: &str) -> Option<(Option<PolicyKind>, Option<Holder>)> {
    match key {
        "iamRoleStatements" | "iamManagedPolicyStatements" | "statements" => Some((None, None)),
        "resourcePolicy" => Some((Some(PolicyKind::Resource), None)),
        _ => None,
    }
}

pub(super) fn of_type(ty: &str) -> Option<PolicyKind> {
    match ty {
        "SERVICE_CONTROL_POLICY" => Some(PolicyKind::ServiceControl),
        "RESOURCE_CONTROL_POLICY" => Some(PolicyKind::ResourceControl),
        _ => None,
    }
}

pub(super) fn of_terraform(ty: &str, body: Option<&Node>) -> Option<PolicyKind> {
    match ty {
        "aws_organizations_policy" => {
            of_type(body.and_then(|b| b.get("type")).and_then(Node::as_str).unwrap_or("SERVICE_CONTROL_POLICY"))
        }
        "aws_ssoadmin_permission_set_inline_policy" | "aws_ssoadmin_permission_set" => Some(PolicyKind::PermissionSet),
        "aws_iam_policy" | "aws_iam_role_policy" | "aws_iam_user_policy" | "aws_iam_group_policy" | "aws_iam_role" => {
            Some(PolicyKind::Identity)
        }
        // attached to certificates and things, it names nobody
        "aws_iot_policy" => Some(PolicyKind::Identity),
        "aws_iam_policy_document" => None,
        _ if is_of_other_language(ty) => None,
        _ if ty.starts_with("aws_") && body.is_some_and(|b| OF_RESOURCES.iter().any(|key| b.get(key).is_some())) => {
            Some(PolicyKind::Resource)
        }
        _ => None,
    }
}

/// The attributes of Terraform's resources that hold the policy of the resource.
const OF_RESOURCES: [&str; 5] = ["policy", "access_policy", "access_policies", "resource_policy", "policy_document"];

pub(super) fn of_cloudformation(ty: &str, properties: Option<&Node>) -> Option<PolicyKind> {
    match ty {
        "AWS::Organizations::Policy" => properties.and_then(|p| p.get("Type")).and_then(Node::as_str).and_then(of_type),
        "AWS::SSO::PermissionSet" => Some(PolicyKind::PermissionSet),
        "AWS::IoT::Policy" => Some(PolicyKind::Identity),
        _ if is_of_other_language(ty) && ty != "AWS::ECR::Repository" => None,
        _ if ty.starts_with("AWS::IAM::") => Some(PolicyKind::Identity),
        // the policy of an API, or of its domain, says who may call it
        "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" => Some(PolicyKind::Resource),
        _ if ty.starts_with("AWS::Serverless::") => Some(PolicyKind::Identity),
        _ if ty.starts_with("AWS::") => Some(PolicyKind::Resource),
        _ => of_type(ty),
    }
}

/// A block of Terraform of another cloud: `resource.alicloud_ram_role.x`.
pub(super) fn of_another_cloud(block: &str) -> bool {
    let ty = block.strip_prefix("resource.").or_else(|| block.strip_prefix("data."));
    let provider = ty.and_then(|ty| ty.split(['.', '_']).next());
    provider.is_some_and(is_another_cloud)
}

/// Where the policies of a resource are stored, by its type in Terraform or CloudFormation.
pub(super) fn holder(ty: &str) -> Option<Holder> {
    match ty {
        "aws_iam_policy" | "AWS::IAM::ManagedPolicy" => Some(Holder::Managed),
        "aws_iam_role" | "aws_iam_role_policy" | "AWS::IAM::Role" | "AWS::IAM::RolePolicy" => Some(Holder::Role),
        "aws_iam_user_policy" | "AWS::IAM::User" | "AWS::IAM::UserPolicy" => Some(Holder::User),
        "aws_iam_group_policy" | "AWS::IAM::Group" | "AWS::IAM::GroupPolicy" => Some(Holder::Group),
        "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" => None,
        _ if ty.starts_with("AWS::Serverless::") => Some(Holder::Role),
        _ => None,
    }
}

/// Where the policies of a list of `get-account-authorization-details` are stored.
pub(super) fn holder_of_list(key: &str) -> Option<Holder> {
    match key {
        "RolePolicyList" => Some(Holder::Role),
        "UserPolicyList" => Some(Holder::User),
        "GroupPolicyList" => Some(Holder::Group),
        _ => None,
    }
}

/// The kind of a document that the names of its file and its folders tell, where its statements can be of that kind.
pub(super) fn by_name(path: &str, root: &Node) -> Option<PolicyKind> {
    // the nearest name counts: that of a checkout around it is nobody's word
    let name = path.rsplit('/').find(|name| by_path(name).is_some())?;
    let kind = by_path(name)?;
    let statements = root.get("Statement").map(items).unwrap_or_default();
    let principals = || statements.iter().flat_map(|s| [s.node.get("Principal"), s.node.get("NotPrincipal")]).flatten();
    let none = principals().next().is_none();
    let fits = match kind {
        // in such folders are also policies of the resources that such policies do not bind
        PolicyKind::ResourceControl => {
            (!none || is_outright(name)) && statements.iter().any(|s| names_controlled(s.node))
        }
        PolicyKind::Trust => none && !statements.iter().any(|s| s.node.get("Resource").is_some()),
        PolicyKind::Resource => none,
        // who writes one for everybody, and in such a place, mistakes it for a policy of a resource
        _ if is_outright(name) => principals().all(|p| p.as_str() == Some("*")),
        _ => none,
    };
    fits.then_some(kind)
}

/// Whether a statement names an action of a service whose resources are bound by resource control policies.
fn names_controlled(statement: &Node) -> bool {
    let actions = statement.get("Action").or_else(|| statement.get("NotAction")).map(items).unwrap_or_default();
    let mut prefixes = actions.iter().filter_map(|a| a.node.as_str()?.split_once(':'));
    prefixes.any(|(prefix, _)| resource_policies::are_controlled(&prefix.to_ascii_lowercase()))
}

/// The names say it in so many words.
fn is_outright(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let mut words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let squeezed = path.replace(['-', '_', ' '], "");
    words.any(|w| ["scp", "scps", "rcp", "rcps"].contains(&w))
        || ["servicecontrol", "permissionset", "resourcecontrolpolic"].iter().any(|part| squeezed.contains(part))
}

/// The kind that a name tells, or the names of a file and its folders.
pub(super) fn by_path(path: &str) -> Option<PolicyKind> {
    let path = path.to_ascii_lowercase();
    let words: Vec<&str> = path.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let squeezed = path.replace(['-', '_', ' '], "");
    let has = |word: &str| words.contains(&word);
    let holds = |part: &str| squeezed.contains(part);
    // a file or a folder of just this name
    let is =
        |names: &[&str]| squeezed.split('/').any(|part| part.split('.').next().is_some_and(|p| names.contains(&p)));
    if has("scp") || has("scps") || holds("servicecontrol") || has("guardrails") || has("guardrail") {
        Some(PolicyKind::ServiceControl)
    } else if has("rcp") || has("rcps") || holds("resourcecontrol") {
        Some(PolicyKind::ResourceControl)
    } else if has("boundary") || has("boundaries") || holds("permissionsboundar") || holds("permissionboundar") {
        Some(PolicyKind::Boundary)
    } else if holds("sessionpolic") {
        Some(PolicyKind::Session)
    } else if holds("permissionset") {
        Some(PolicyKind::PermissionSet)
    } else if is(&TRUST) {
        Some(PolicyKind::Trust)
    } else if is(&RESOURCE) {
        Some(PolicyKind::Resource)
    } else {
        None
    }
}

/// What files and folders of trust policies are called, without what stands between words.
const TRUST: [&str; 7] = [
    "assumerole",
    "assumerolepolicies",
    "assumerolepolicy",
    "trustpolicies",
    "trustpolicy",
    "trustrelationship",
    "trustrelationships",
];

/// The same of policies of resources.
const RESOURCE: [&str; 12] = [
    "bucketpolicies",
    "bucketpolicy",
    "keypolicies",
    "keypolicy",
    "queuepolicies",
    "queuepolicy",
    "resourcebasedpolicies",
    "resourcebasedpolicy",
    "resourcepolicies",
    "resourcepolicy",
    "topicpolicies",
    "topicpolicy",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_clouds_have_policies_of_their_own() {
        assert!(
            of_another_cloud("resource.alicloud_ram_role.trail")
                && of_another_cloud("data.minio_iam_policy_document.x")
        );
        assert!(!of_another_cloud("resource.aws_iam_role.alicloud_trail") && !of_another_cloud("module.google"));
        assert!(!of_another_cloud("resource.ocicat_x.y"));
    }

    #[test]
    fn the_nearest_name_tells_the_kind() {
        let document = |principal: &str| {
            let text = format!(
                r#"{{"Statement": [{{"Effect": "Deny"{principal}, "Action": "s3:GetObject", "Resource": "*"}}]}}"#
            );
            crate::text::json::parse(&crate::problem::SourceFile::new("x.json", text)).unwrap()
        };
        let (with, without) = (document(r#", "Principal": "*""#), document(""));
        for path in ["my-scps/rcp/root.json", "my-scps/resource-control-policies/root.json", "scps/x/rcp.json"] {
            assert_eq!(by_name(path, &with), Some(PolicyKind::ResourceControl), "{path}");
        }
        assert_eq!(by_name("rcps/scp/root.json", &without), Some(PolicyKind::ServiceControl));
        assert_eq!(by_name("guardrails/boundary.json", &without), Some(PolicyKind::Boundary));
    }

    #[test]
    fn paths_tell_kinds() {
        assert_eq!(by_path("org/scp/deny.json"), Some(PolicyKind::ServiceControl));
        assert_eq!(by_path("service-control-policies/a.json"), Some(PolicyKind::ServiceControl));
        assert_eq!(by_path("rcps/p-perimeter01.json"), Some(PolicyKind::ResourceControl));
        assert_eq!(by_path("permission-sets/auditor.json"), Some(PolicyKind::PermissionSet));
        assert_eq!(by_path("iam/boundary.json"), Some(PolicyKind::Boundary));
        assert_eq!(by_path("sts/session-policy.json"), Some(PolicyKind::Session));
        assert_eq!(by_path("iam/discprices.json"), None);
        assert_eq!(by_path("iam/trust-policies/ci.json"), Some(PolicyKind::Trust));
        assert_eq!(by_path("s3/bucket_policy.json"), Some(PolicyKind::Resource));
        assert_eq!(by_path("iam/read-bucket-policy.json"), None);
    }
}
