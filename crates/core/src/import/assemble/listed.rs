//! What was listed whole, and what therefore is not known (D31): an answer that is not there, failed or was cut short tells nothing of
//! who else there is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Assembly, attributes, entity};

/// Where the roles of permission sets stand.
const RESERVED: &str = ":role/aws-reserved/sso.amazonaws.com/";

impl Assembly<'_> {
    /// All accounts of an organization were listed.
    pub(super) fn are_accounts_listed(&self, organization: &str) -> bool {
        let known = self.facts.organizations.get(organization);
        known.is_some_and(|o| o.accounts_listed || o.accounts_exported)
    }

    /// All assignments of permission sets in an account were listed; or its roles were, and none is that of a permission set:
    /// Identity Center makes a role in every account that it assigns a set in.
    pub(super) fn are_assignments_listed(&self, account: &str) -> bool {
        let roles = self.facts.accounts.get(account).is_some_and(|a| a.principals_listed);
        let of_sets: Vec<&String> = self.facts.principals.keys().filter(|arn| is_reserved(arn, account)).collect();
        if roles && of_sets.is_empty() {
            return true;
        }
        let listed = &self.facts.listed;
        // the script asks one instance for its permission sets
        if !listed.permission_sets || listed.instances.as_ref().is_some_and(|i| i.len() > 1) {
            return false;
        }
        let mut names = BTreeSet::new();
        for (arn, set) in &self.facts.permission_sets {
            let Some(accounts) = listed.provisioned.get(arn) else {
                return false;
            };
            if accounts.contains(account) {
                let id = arn.rsplit('/').next().unwrap_or(arn);
                if !listed.assignments.contains(&(id.to_owned(), account.to_owned())) {
                    return false;
                }
                names.extend(set.name.as_deref());
            }
        }
        // a role of a set that no answer tells of
        let is_of = |arn: &&String| {
            let role = arn.rsplit('/').next().and_then(|r| r.strip_prefix("AWSReservedSSO_"));
            role.and_then(|r| r.rsplit_once('_')).is_some_and(|(name, _)| names.contains(name))
        };
        of_sets.iter().all(is_of)
    }

    /// The members of a group of the identity store were listed.
    pub(super) fn are_members_listed(&self, group: &str) -> bool {
        self.facts.listed.members.iter().any(|file| file.contains(group))
    }

    /// The instances of Identity Center of which the groups were not listed.
    pub(super) fn instances<'s>(&self, sets: impl Iterator<Item = &'s String>) -> Vec<Value> {
        // arn:aws:sso:::permissionSet/ssoins-…/ps-…
        let of_set = |arn: &String| {
            let mut parts = arn.splitn(2, ":permissionSet/");
            let (head, id) = (parts.next()?, parts.next()?.split('/').next()?);
            Some(format!("{head}:instance/{id}"))
        };
        let mut arns: BTreeSet<String> = self.facts.listed.instances.iter().flatten().cloned().collect();
        arns.extend(sets.filter_map(of_set));
        let unlisted = arns.iter().filter(|_| !self.facts.listed.groups);
        let instance = |arn: &String| {
            let attrs = attributes([("groupsKnown", Some(json!(false)))]);
            entity("IdentityCenterInstance", arn, attrs, Vec::new(), &BTreeMap::new())
        };
        unlisted.map(instance).collect()
    }
}

fn is_reserved(arn: &str, account: &str) -> bool {
    arn.split(':').nth(4) == Some(account) && arn.contains(RESERVED)
}
