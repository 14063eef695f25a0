//! Manifests that name the files of policies: those of the Landing Zone Accelerator (`organization-config.yaml`, `iam-config.yaml`,
//! `network-config.yaml`, `security-config.yaml`) and of Customizations for AWS Control Tower (`manifest.yaml`).

use super::UNKNOWN;
use crate::aws::managed;
use crate::lint::policy::{Holder, PolicyKind};
use crate::problem::Span;
use crate::text::json::Node;

/// What a manifest names.
#[derive(Default)]
pub struct Manifest {
    /// Files of policies, with what each is and where it is stored.
    pub files: Vec<(String, PolicyKind, Option<Holder>, Span)>,
    /// The ARNs of managed policies of AWS that there are not.
    pub managed: Vec<(String, Span)>,
}

/// Where the accelerator names files of policies, and what they are; `*` stands for each element of a list.
const FILES: [(&[&str], PolicyKind); 5] = [
    (&["serviceControlPolicies", "*", "policy"], PolicyKind::ServiceControl),
    (&["resourceControlPolicies", "*", "policy"], PolicyKind::ResourceControl),
    (&["identityCenter", "identityCenterPermissionSets", "*", "policies", "inlinePolicy"], PolicyKind::PermissionSet),
    (&["endpointPolicies", "*", "document"], PolicyKind::Resource),
    (&["keyManagementService", "keySets", "*", "policy"], PolicyKind::Resource),
];

/// Where it names managed policies of AWS, by their ARNs or by their names.
const MANAGED: [&[&str]; 6] = [
    &["roleSets", "*", "roles", "*", "policies", "awsManaged", "*"],
    &["groupSets", "*", "groups", "*", "policies", "awsManaged", "*"],
    &["userSets", "*", "users", "*", "policies", "awsManaged", "*"],
    &["identityCenter", "identityCenterPermissionSets", "*", "policies", "awsManaged", "*"],
    &["identityCenter", "identityCenterPermissionSets", "*", "policies", "permissionsBoundary", "awsManagedPolicyName"],
    &["identityCenter", "identityCenterPermissionSets", "*", "policies", "permissionsBoundary", "awsManagedPolicy"],
];

/// Where it names the boundaries of roles and users, and where policies of its own that somebody has.
const BOUNDARIES: [&[&str]; 2] =
    [&["roleSets", "*", "roles", "*", "boundaryPolicy"], &["userSets", "*", "users", "*", "boundaryPolicy"]];
const ATTACHED: [&[&str]; 3] = [
    &["roleSets", "*", "roles", "*", "policies", "customerManaged", "*"],
    &["groupSets", "*", "groups", "*", "policies", "customerManaged", "*"],
    &["identityCenter", "identityCenterPermissionSets", "*", "policies", "acceleratorManaged", "*"],
];

/// What a file names, where it is a manifest; nothing of any other.
pub fn manifest(root: &Node) -> Manifest {
    let mut found = Manifest::default();
    if root.as_object().is_none() {
        return found;
    }
    for (path, kind) in FILES {
        found.files.extend(texts(root, path).filter_map(|node| file(node, kind, None)));
    }
    managed_policies(root, &mut found);
    customizations(root, &mut found);
    for arn in MANAGED.iter().flat_map(|path| texts(root, path)) {
        found.managed.extend(unknown(arn));
    }
    found
}

/// The managed policies that the accelerator makes: one that is only a boundary grants nothing.
fn managed_policies(root: &Node, found: &mut Manifest) {
    let named = |paths: &[&[&str]]| -> Vec<&str> {
        paths.iter().flat_map(|path| texts(root, path)).filter_map(Node::as_str).collect()
    };
    let (boundaries, attached) = (named(&BOUNDARIES), named(&ATTACHED));
    for policy in at(root, &["policySets", "*", "policies", "*"]) {
        let name = policy.get("name").and_then(Node::as_str).unwrap_or_default();
        let is_boundary = boundaries.contains(&name) && !attached.contains(&name);
        let (kind, holder) = match is_boundary {
            true => (PolicyKind::Boundary, None),
            false => (PolicyKind::Identity, Some(Holder::Managed)),
        };
        found.files.extend(policy.get("policy").and_then(|node| file(node, kind, holder)));
    }
}

/// Customizations for AWS Control Tower: `resource_file` with `deploy_method`, and `policy_file` of its first version.
fn customizations(root: &Node, found: &mut Manifest) {
    for resource in at(root, &["resources", "*"]) {
        let kind = match resource.get("deploy_method").and_then(Node::as_str) {
            Some("scp") => PolicyKind::ServiceControl,
            Some("rcp") => PolicyKind::ResourceControl,
            _ => continue,
        };
        found.files.extend(resource.get("resource_file").and_then(|node| file(node, kind, None)));
    }
    let policies = texts(root, &["organization_policies", "*", "policy_file"]);
    found.files.extend(policies.filter_map(|node| file(node, PolicyKind::ServiceControl, None)));
}

/// A file of this tree; what is fetched from elsewhere is none.
fn file(node: &Node, kind: PolicyKind, holder: Option<Holder>) -> Option<(String, PolicyKind, Option<Holder>, Span)> {
    let path = node.as_str().filter(|path| path.contains('.') && !path.contains("://") && !path.contains(UNKNOWN))?;
    Some((path.to_owned(), kind, holder, node.span))
}

/// The ARN of a managed policy that AWS has not, by its ARN or its name.
fn unknown(node: &Node) -> Option<(String, Span)> {
    let text = node.as_str().filter(|text| !text.contains(['*', '$', '{', '<', ' ', UNKNOWN]))?;
    let name = text.rsplit('/').next().unwrap_or(text);
    let arn = if text.starts_with("arn:") { text.to_owned() } else { format!("arn:aws:iam::aws:policy/{text}") };
    // with which path a policy that is named is looked up is for the accelerator to say
    (managed::named(name).is_none() && managed::unknown(&arn).is_some()).then_some((arn, node.span))
}

fn texts<'n>(root: &'n Node, path: &[&str]) -> impl Iterator<Item = &'n Node> {
    at(root, path).into_iter().filter(|node| node.as_str().is_some())
}

/// The values at a path.
fn at<'n>(root: &'n Node, path: &[&str]) -> Vec<&'n Node> {
    let mut found = vec![root];
    for step in path {
        let below = |node: &'n Node| -> Vec<&'n Node> {
            match *step {
                "*" => node.as_array().unwrap_or_default().iter().collect(),
                key => node.get(key).into_iter().collect(),
            }
        };
        found = found.into_iter().flat_map(below).collect();
    }
    found
}
