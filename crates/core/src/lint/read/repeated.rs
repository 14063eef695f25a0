//! Keys that stand twice: in a template of CloudFormation, those that concern its policies.

use super::{Fault, FaultKind};
use crate::lint::policy::Policy;
use crate::problem::Span;
use crate::text::json::{Member, Node};

/// Leaves out keys of a template that stand twice outside the resources that hold policies: no policy is read otherwise by them.
pub fn only_about_policies(root: &Node, policies: &[Policy], faults: &mut Vec<Fault>) {
    let Some(resources) = root.member("Resources").filter(|m| m.node.as_object().is_some()) else {
        return;
    };
    let members = resources.node.as_object().unwrap_or_default();
    let holds = |member: &&Member| policies.iter().any(|p| within(p.root.span, member.node.span));
    let holders: Vec<Span> = members.iter().filter(holds).map(|m| m.node.span).collect();
    let named: Vec<Span> = members.iter().map(|m| m.key_span).collect();
    faults.retain(|fault| {
        fault.kind != FaultKind::Duplicate
            || named.contains(&fault.span)
            || holders.iter().any(|holder| within(fault.span, *holder)) && !is_beside(fault.span, members, policies)
    });
}

/// A key beside the policies of a resource that says nothing of them: CloudFormation takes the last, the handler of a function.
fn is_beside(key: Span, members: &[Member], policies: &[Policy]) -> bool {
    let Some(resource) = members.iter().map(|m| &m.node).find(|n| within(key, n.span)) else {
        return false;
    };
    // what such a resource is, or whom it is for, is what its policy is for
    let ty = resource.get("Type").and_then(Node::as_str).unwrap_or_default();
    if ty.is_empty() || OF_POLICIES.iter().any(|word| ty.contains(word)) {
        return false;
    }
    policies.iter().filter(|p| within(p.root.span, resource.span)).all(|policy| {
        let name = policy.source.slice(key).trim_matches(['"', '\'']);
        let concerns = name.is_empty() || ABOUT_POLICIES.iter().any(|word| name.contains(word));
        !concerns && !within(key, policy.root.span) && policy.pointer.split(['.', '[']).all(|part| part != name)
    })
}

/// What types of resources are called that are there for policies.
const OF_POLICIES: [&str; 5] = ["::IAM::", "::SSO::", "::Organizations::", "Policy", "Permission"];

/// What keys are called that say which policies a resource has, or what it is.
const ABOUT_POLICIES: [&str; 8] =
    ["Polic", "Statement", "Role", "Boundary", "Principal", "Type", "Condition", "Action"];

fn within(inner: Span, outer: Span) -> bool {
    inner.start >= outer.start && inner.end <= outer.end
}
