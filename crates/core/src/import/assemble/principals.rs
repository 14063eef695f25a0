//! Principals of IAM, and permission sets with the people behind them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Assembly, attributes, entity, file_name, uid};
use crate::assessment::completeness::policies;
use crate::import::facts::PermissionSet;

impl Assembly<'_> {
    pub(super) fn principals(&mut self) {
        for (arn, (_, document)) in std::mem::take(&mut self.facts.managed) {
            let segments: Vec<&str> = arn.splitn(6, ':').collect();
            let account = segments.get(4).copied().unwrap_or_default();
            let name = segments.get(5).and_then(|r| r.strip_prefix("policy/")).unwrap_or(&arn);
            let parts: Vec<String> = name.split('/').map(file_name).collect();
            let file = format!("iam/{account}.json");
            let path = self.document(&file, format!("iam/{account}/policies/{}.json", parts.join("/")), &document);
            let attrs = attributes([("document", Some(json!(path)))]);
            self.push(&file, entity("IamPolicy", &arn, attrs, Vec::new(), &BTreeMap::new()));
        }
        for (arn, principal) in std::mem::take(&mut self.facts.principals) {
            let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
            let set = principal.name.strip_prefix("AWSReservedSSO_").and_then(|rest| rest.rsplit_once('_'));
            self.described_roles.extend(set.map(|(set, _)| (account.clone(), set.to_owned())));
            let file = format!("iam/{account}.json");
            let folder = format!("iam/{account}/{}s/{}", principal.kind.to_lowercase(), file_name(&principal.name));
            let mut policies = Vec::new();
            for (name, document) in &principal.inline {
                policies.push(self.document(&file, format!("{folder}/{}.json", file_name(name)), document));
            }
            policies.extend(principal.managed.iter().cloned());
            let trust = principal.trust.as_ref().map(|d| self.document(&file, format!("{folder}.trust.json"), d));
            let attrs = attributes([
                ("policies", Some(json!(policies)).filter(|p| p != &json!([]))),
                ("permissionsBoundary", principal.boundary.clone().map(Value::from)),
                ("trustPolicy", trust.map(Value::from)),
            ]);
            let parents = principal.groups.iter().map(|g| uid("Group", g)).collect();
            let tags = if principal.kind == "Group" { BTreeMap::new() } else { principal.tags.clone() };
            self.push(&file, entity(principal.kind, &arn, attrs, parents, &tags));
        }
    }

    pub(super) fn identity_center(&mut self) {
        let sets = std::mem::take(&mut self.facts.permission_sets);
        for (arn, set) in &sets {
            let Some(name) = &set.name else {
                // without it, nothing tells which roles it has: who acts by them is not known (D31)
                self.facts.remark(
                    format!("the name of {arn} is unknown: what it allows, and to whom, is left out"),
                    "collect describe-permission-set: the names of its roles contain the name",
                );
                continue;
            };
            let policies = self.policies_of(arn, name, set);
            let customer = set.customer.clone().filter(|c| !c.is_empty());
            let boundary = match &set.boundary {
                Some(boundary) => boundary.clone(),
                None => self.unknown_boundary(arn, name, set),
            };
            let by_name = boundary.as_ref().filter(|b| b.starts_with('/'));
            let assignments: Vec<Value> = assignments(set);
            let attrs = attributes([
                ("name", Some(json!(name))),
                ("policies", Some(json!(policies)).filter(|p| p != &json!([]))),
                ("customerManagedPolicies", customer.map(|c| json!(c))),
                ("permissionsBoundary", boundary.as_ref().filter(|b| !b.starts_with('/')).map(|b| json!(b))),
                ("customerManagedPermissionsBoundary", by_name.map(|b| json!(b))),
                ("assignments", Some(json!(assignments))),
            ]);
            self.push("identity-center.json", entity("PermissionSet", arn, attrs, Vec::new(), &BTreeMap::new()));
        }
        let mut store = Vec::new();
        for (id, name) in &self.facts.groups {
            let attrs = attributes([
                ("displayName", name.clone().map(Value::from)),
                ("membersKnown", (!self.are_members_listed(id)).then_some(json!(false))),
            ]);
            store.push(entity("IdentityCenterGroup", id, attrs, Vec::new(), &BTreeMap::new()));
        }
        let mut groups: BTreeMap<&String, Vec<String>> = BTreeMap::new();
        for (person, group) in &self.facts.members {
            groups.entry(person).or_default().push(uid("IdentityCenterGroup", group));
        }
        for (id, name) in &self.facts.people {
            let attrs = attributes([("userName", name.clone().map(Value::from))]);
            let groups = groups.remove(id).unwrap_or_default();
            store.push(entity("IdentityCenterUser", id, attrs, groups, &BTreeMap::new()));
        }
        store.extend(self.instances(sets.keys()));
        let open = self.facts.groups.keys().filter(|id| !self.are_members_listed(id)).count();
        if open > 0 {
            self.facts.remark(
                format!("who is in {} of Identity Center is unknown", crate::words::count(open, "group")),
                "collect identitystore list-users, list-groups and list-group-memberships",
            );
        }
        for entity in store {
            self.push("identity-center.json", entity);
        }
    }

    /// The policies of a permission set that are the same in every account; those that were not listed are unknown.
    pub(super) fn policies_of(&mut self, arn: &str, name: &str, set: &PermissionSet) -> Vec<String> {
        let mut policies = Vec::new();
        match &set.inline {
            Some(Some(document)) => {
                let path = format!("identity-center/{}/inline.json", file_name(name));
                policies.push(self.document("identity-center.json", path, document));
            }
            Some(None) => {}
            None => {
                policies.push(self.undocumented(
                    &format!("{}{arn}", policies::INLINE),
                    "collect get-inline-policy-for-permission-set",
                ))
            }
        }
        match &set.managed {
            Some(managed) => policies.extend(managed.iter().cloned()),
            None => policies.push(self.undocumented(
                &format!("{}{arn}", policies::MANAGED),
                "collect list-managed-policies-in-permission-set",
            )),
        }
        if set.customer.is_none() {
            let help = "collect list-customer-managed-policy-references-in-permission-set";
            policies.push(self.undocumented(&format!("{}{arn}", policies::CUSTOMER), help));
        }
        policies
    }

    /// The permissions boundary of a permission set of which no answer tells it. Where the role of the set was described in every
    /// account that it is assigned in, the boundaries of these roles count.
    fn unknown_boundary(&mut self, arn: &str, name: &str, set: &PermissionSet) -> Option<String> {
        let help = "collect get-permissions-boundary-for-permission-set";
        let unknown = self.undocumented(&format!("{}{arn}", policies::BOUNDARY), help);
        let accounts: BTreeSet<&String> = set.assignments.iter().map(|(account, ..)| account).collect();
        let is_described = |account: &&String| self.described_roles.contains(&((*account).clone(), name.to_owned()));
        (!accounts.iter().all(is_described)).then_some(unknown)
    }
}

/// One record a person or group, with its accounts.
fn assignments(set: &PermissionSet) -> Vec<Value> {
    let mut by_whom: BTreeMap<(&str, &String), Vec<&String>> = BTreeMap::new();
    for (account, kind, whom) in &set.assignments {
        let attr = if kind == "USER" { "user" } else { "group" };
        by_whom.entry((attr, whom)).or_default().push(account);
    }
    by_whom.into_iter().map(|((attr, whom), accounts)| json!({attr: whom, "accounts": accounts})).collect()
}
