//! Where service and resource control policies are attached: all of them, as far as is known, or perhaps anywhere.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Assembly;
use crate::assessment::completeness::{UNLISTED_CONTROLS, UNLISTED_POLICIES};
use crate::import::facts::OrganizationPolicy;
use crate::import::policy_types::PolicyType;
use crate::inventory::builtin::{self, FULL_AWS_ACCESS, is_full_resource_access};

impl Assembly<'_> {
    /// The policies of a root, unit or account, of each type: all of them, or those that are known.
    pub(super) fn attached(&mut self, organization: &str, nodes: &[String]) -> Map<String, Value> {
        PolicyType::ALL.into_iter().flat_map(|ty| self.attached_of(ty, organization, nodes)).collect()
    }

    fn attached_of(&mut self, ty: PolicyType, organization: &str, nodes: &[String]) -> Option<(String, Value)> {
        if self.are_disabled(ty, organization) {
            return None;
        }
        let counts =
            |id: &String| self.facts.policies.get(id).is_some_and(|p| p.is(ty)) && !is_full_resource_access(id);
        let listed: Option<BTreeSet<String>> = nodes
            .iter()
            .map(|n| self.facts.attached.get(&(ty, n.clone())).cloned())
            .collect::<Option<Vec<_>>>()
            .map(|l| l.into_iter().flatten().collect());
        let by_targets: BTreeSet<String> = self
            .facts
            .policies
            .iter()
            .filter(|(_, p)| p.targets.as_ref().is_some_and(|t| nodes.iter().any(|n| t.contains(n))))
            .map(|(id, _)| id.clone())
            .collect();
        let listed_all = self.are_policies_listed(ty, organization);
        let of = |p: &OrganizationPolicy| p.is(ty) && p.organization.as_deref().is_none_or(|o| o == organization);
        let mut own = self.facts.policies.iter().filter(|(id, p)| of(p) && !is_full_resource_access(id));
        let placed = listed_all && own.all(|(_, p)| p.targets.is_some());
        let complete = (listed.is_some() || placed) && !nodes.is_empty();
        let ids: Vec<String> = listed.unwrap_or(by_targets).into_iter().filter(counts).collect();
        // RCPFullAWSAccess is always attached: where there are no others, nothing needs to be said
        let says = !ids.is_empty() || (complete && ty == PolicyType::ServiceControl);
        let named: Vec<String> = ids.iter().map(|id| self.policy(ty, id)).collect();
        let attribute = match (ty, complete) {
            (PolicyType::ServiceControl, false) => "serviceControlPoliciesAtLeast",
            _ => ty.attribute(),
        };
        says.then(|| (attribute.to_owned(), json!(named)))
    }

    /// Policies of which nothing tells where they are attached.
    pub(super) fn unplaced(&mut self, ty: PolicyType, organization: &str, only: bool) -> Vec<String> {
        let mut nodes: BTreeSet<&String> = self.facts.units.keys().collect();
        nodes.extend(self.facts.roots.keys());
        nodes.extend(self.facts.accounts.keys());
        if nodes.iter().all(|n| self.facts.attached.contains_key(&(ty, (*n).clone()))) {
            return Vec::new();
        }
        let off = self.are_disabled(ty, organization) || self.is_for_billing_only(organization);
        if off && ty == PolicyType::ResourceControl {
            return Vec::new();
        }
        let of = |p: &OrganizationPolicy| p.organization.as_deref().map_or(only, |o| o == organization);
        let unplaced = self.facts.policies.iter().filter(|(id, p)| {
            p.targets.is_none() && p.is(ty) && of(p) && *id != FULL_AWS_ACCESS && !is_full_resource_access(id)
        });
        let mut ids: BTreeSet<String> = unplaced.map(|(id, _)| id.clone()).collect();
        for id in &ids {
            self.facts.remark(format!("where {id} is attached is unknown"), "collect list-targets-for-policy");
        }
        ids.extend(self.perhaps_above(ty, organization));
        let mut unplaced: Vec<String> = ids.iter().map(|id| self.policy(ty, id)).collect();
        if !off && !self.are_policies_listed(ty, organization) {
            // others may be attached anywhere, and deny anything
            let unlisted = match ty {
                PolicyType::ServiceControl => UNLISTED_POLICIES,
                PolicyType::ResourceControl => UNLISTED_CONTROLS,
            };
            let help = format!("collect organizations list-policies --filter {}", ty.name());
            unplaced.push(self.undocumented(&format!("{unlisted}{organization}, which were not listed"), &help));
        }
        unplaced
    }

    /// The policies of units, where it is not known in which unit some account stands.
    fn perhaps_above(&self, ty: PolicyType, organization: &str) -> BTreeSet<String> {
        let astray = |id: &String| {
            let timeline = self.timelines.get(id).filter(|t| t.current.as_deref() == Some(organization));
            timeline.and_then(|t| self.parent(id, t)).is_some_and(|(_, known)| !known)
        };
        if !self.facts.accounts.keys().any(astray) {
            return BTreeSet::new();
        }
        let of_units = |p: &OrganizationPolicy| {
            let targets = p.targets.iter().flatten();
            p.is(ty) && targets.into_iter().any(|t| self.facts.units.contains_key(t))
        };
        let by_targets = self.facts.policies.iter().filter(|(_, p)| of_units(p)).map(|(id, _)| id.clone());
        let of_unit = |(of, node): &(PolicyType, String)| *of == ty && self.facts.units.contains_key(node);
        let attached = self.facts.attached.iter().filter(|(key, _)| of_unit(key));
        let all = by_targets.chain(attached.flat_map(|(_, ids)| ids.iter().cloned()));
        all.filter(|id| id != FULL_AWS_ACCESS && !is_full_resource_access(id)).collect()
    }

    /// The root tells that policies of a type are not enabled.
    fn are_disabled(&self, ty: PolicyType, organization: &str) -> bool {
        let known = self.facts.organizations.get(organization);
        known.is_some_and(|o| o.policies_enabled.get(&ty) == Some(&false))
    }

    /// No policies are in effect.
    fn is_for_billing_only(&self, organization: &str) -> bool {
        let known = self.facts.organizations.get(organization);
        known.is_some_and(|o| o.feature_set.as_deref() == Some("CONSOLIDATED_BILLING"))
    }

    /// A policy as entities name it.
    fn policy(&mut self, ty: PolicyType, id: &str) -> String {
        if is_full_resource_access(id) {
            return id.to_owned();
        }
        match self.facts.policies.get(id).and_then(|p| p.document.clone()) {
            Some(document) => self.document("organization.json", format!("{}/{id}.json", ty.folder()), &document),
            None if builtin::managed_policy(id).is_some() => id.to_owned(),
            None => self.undocumented(id, "collect describe-policy"),
        }
    }
}
