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
            || holders.iter().any(|holder| within(fault.span, *holder))
    });
}

fn within(inner: Span, outer: Span) -> bool {
    inner.start >= outer.start && inner.end <= outer.end
}
