//! The policies that stand beside one, for the same principals: managed policies, a boundary, other inline policies.

use std::sync::Arc;

use super::Host;
use crate::iam::document;
use crate::inventory::builtin;
use crate::lint::policy::{SiblingPolicies, is_policy};
use crate::problem::{Problem, SourceFile};
use crate::text::json::{self, Member, Node, Value};

/// A permission set of the aws-ia module: its managed policies, its customer policies, its boundary.
pub(super) fn of_template(node: &Node) -> SiblingPolicies {
    let mut arns = node.get("ManagedPolicies").map(managed).unwrap_or_default();
    let customer = node.get("CustomerPolicies").and_then(Node::as_array).unwrap_or_default();
    arns.extend(customer.iter().map(|n| n.as_str().unwrap_or("a customer policy").to_owned()));
    let boundary = node.get("PermissionBoundary").and_then(|b| b.get("ManagedPolicy"));
    beside(arns, boundary_of(boundary))
}

pub(super) fn managed(node: &Node) -> Vec<String> {
    let text = |n: &Node| n.as_str().unwrap_or("a policy that is not literal").to_owned();
    match &node.value {
        Value::Array(nodes) => nodes.iter().map(text).collect(),
        Value::Null => Vec::new(),
        _ => vec![text(node)],
    }
}

pub(super) fn boundary_of(node: Option<&Node>) -> Option<String> {
    let node = node?;
    let inner = node.get("ManagedPolicyArn").unwrap_or(node);
    inner.as_str().map(str::to_owned)
}

pub(super) fn beside(arns: Vec<String>, boundary: Option<String>) -> SiblingPolicies {
    let mut beside = SiblingPolicies::default();
    for arn in arns {
        match statements_of(&arn) {
            Some(statements) => beside.managed.push((arn, statements)),
            None => beside.unknown.push(arn),
        }
    }
    beside.boundary = boundary.and_then(|arn| statements_of(&arn).map(|s| (arn.clone(), s)));
    beside
}

/// The statements of an AWS managed policy that is built in.
fn statements_of(arn: &str) -> Option<Vec<document::Statement>> {
    let named = format!("arn:aws:iam::aws:policy/{arn}");
    let policy = builtin::managed_policy(arn).or_else(|| builtin::managed_policy(&named))?;
    let source = SourceFile::new(policy.path, policy.text);
    let root = json::parse(&source).ok()?;
    let mut problems: Vec<Problem> = Vec::new();
    Some(document::read(&source, &root, &mut problems).statements)
}

/// The statements of the inline policies of one role, by their place in the list.
pub(super) fn sibling_statements(
    source: &Arc<SourceFile>,
    member: &Member,
    host: Host,
) -> Option<Vec<Vec<document::Statement>>> {
    if !["Policies", "RolePolicyList", "UserPolicyList", "GroupPolicyList"].contains(&member.key.as_str()) {
        return None;
    }
    let nodes = member.node.as_array().filter(|_| matches!(host, Host::Json | Host::Yaml))?;
    let statements = |node: &Node| {
        let document = node.get("PolicyDocument").filter(|d| is_policy(d))?;
        Some(document::read(source, document, &mut Vec::new()).statements)
    };
    Some(nodes.iter().map(|n| statements(n).unwrap_or_default()).collect())
}
