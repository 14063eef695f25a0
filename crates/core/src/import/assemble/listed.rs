//! What was listed whole, and what therefore is not known (D31): an answer that is not there, failed or was cut short tells nothing of
//! who else there is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Assembly, attributes, entity};
use crate::assessment::completeness::Missing;
use crate::import::facts::Unit;
use crate::import::policy_types::PolicyType;

/// Where the roles of permission sets stand.
const RESERVED: &str = ":role/aws-reserved/sso.amazonaws.com/";

impl Assembly<'_> {
    /// All accounts of an organization were listed.
    pub(super) fn are_accounts_listed(&self, organization: &str) -> bool {
        let known = self.facts.organizations.get(organization);
        known.is_some_and(|o| o.accounts_listed || o.accounts_exported)
    }

    /// All policies of a type of an organization were listed.
    pub(super) fn are_policies_listed(&self, ty: PolicyType, organization: &str) -> bool {
        let only = self.facts.organizations.len() == 1;
        let known = self.facts.organizations.get(organization);
        known.is_some_and(|o| o.policies_listed.contains(&ty)) || (only && self.facts.policies_listed.contains(&ty))
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
                // nothing tells which of the roles it has
                if set.name.is_none() {
                    return false;
                }
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

    /// What no answer tells of an account, beside its principals, agreements and tags.
    pub(super) fn not_collected_of(&self, account: &str) -> Option<Value> {
        let known = self.facts.accounts.get(account);
        let failed = &self.facts.listed.events_failed;
        // without an organization, its account is asked for what is otherwise the organization's
        let alone = self.facts.organizations.is_empty();
        not_collected([
            (Missing::Events, failed.contains(&Some(account.to_owned())) || (alone && failed.contains(&None))),
            (Missing::Notifications, known.is_none_or(|a| a.notifications.is_none())),
            (Missing::Reports, alone && !self.facts.listed.reports),
            (Missing::RootCredentials, known.is_none_or(|a| a.root_credentials.is_none())),
        ])
    }

    /// The calls that failed, of an account or of the organization. Without an organization, they are the accounts'.
    pub(super) fn failed_calls(&self, account: Option<&str>) -> Option<Value> {
        let of = |whom: Option<String>| self.facts.listed.failed.get(&whom).into_iter().flatten();
        let also = account.is_some() && self.facts.organizations.is_empty();
        let calls: BTreeSet<&String> =
            of(account.map(str::to_owned)).chain(also.then(|| of(None)).into_iter().flatten()).collect();
        (!calls.is_empty()).then(|| json!(calls))
    }

    /// What no answer tells of an organization, beside its accounts and policies.
    pub(super) fn not_collected_of_organization(&self, organization: &str) -> Option<Value> {
        let listed = &self.facts.listed;
        let services = |account: &String| self.facts.delegated_services.contains_key(account);
        let administrators = listed.delegated_administrators && self.administrators(organization).iter().all(services);
        let roots = self.facts.roots.iter().filter(|(_, o)| *o == organization).map(|(id, _)| id);
        let of_it = |unit: &Unit| unit.organization.as_deref().is_none_or(|o| o == organization);
        let units = self.facts.units.iter().filter(|(_, unit)| of_it(unit)).map(|(id, _)| id);
        let units = listed.roots && roots.chain(units).all(|id| listed.units_of.contains(id));
        not_collected([
            (Missing::DelegatedAdministrators, !administrators),
            (Missing::Events, listed.events_failed.contains(&None)),
            (Missing::OrganizationalUnits, !units),
            (Missing::Reports, !listed.reports),
        ])
    }

    /// The instances of Identity Center of which the groups or the users were not listed.
    pub(super) fn instances<'s>(&self, sets: impl Iterator<Item = &'s String>) -> Vec<Value> {
        // arn:aws:sso:::permissionSet/ssoins-…/ps-…
        let of_set = |arn: &String| {
            let mut parts = arn.splitn(2, ":permissionSet/");
            let (head, id) = (parts.next()?, parts.next()?.split('/').next()?);
            Some(format!("{head}:instance/{id}"))
        };
        let mut arns: BTreeSet<String> = self.facts.listed.instances.iter().flatten().cloned().collect();
        arns.extend(sets.filter_map(of_set));
        let listed = &self.facts.listed;
        let unlisted = arns.iter().filter(|_| !listed.groups || !listed.users);
        let instance = |arn: &String| {
            let attrs = attributes([
                ("groupsKnown", (!listed.groups).then_some(json!(false))),
                ("notCollected", not_collected([(Missing::Users, !listed.users)])),
            ]);
            entity("IdentityCenterInstance", arn, attrs, Vec::new(), &BTreeMap::new())
        };
        unlisted.map(instance).collect()
    }
}

/// The words of what is missing, for `notCollected`; `None` where nothing is.
fn not_collected<const N: usize>(all: [(Missing, bool); N]) -> Option<Value> {
    let words: Vec<&str> = all.into_iter().filter(|(_, missing)| *missing).map(|(what, _)| what.word()).collect();
    (!words.is_empty()).then(|| json!(words))
}

fn is_reserved(arn: &str, account: &str) -> bool {
    arn.split(':').nth(4) == Some(account) && arn.contains(RESERVED)
}
