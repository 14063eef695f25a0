//! Organizations and their units.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Assembly, attributes, entity, uid};
use crate::import::answer::is_account;
use crate::import::cloudtrail::Change;
use crate::import::facts::OrganizationPolicy;
use crate::import::policy_types::PolicyType;
use crate::moment::{self, Moment};
use crate::problem::Problem;

/// The service principals under which trusted access for AWS Artifact is known (T4): the console's comes first.
const ARTIFACT: [&str; 2] = ["aws-artifact-account-sync.amazonaws.com", "artifact.amazonaws.com"];

/// Roles that AWS Artifact uses in the management account, today's and the classic one.
const SERVICE_ROLES: [&str; 2] = [
    ":role/aws-service-role/artifact.amazonaws.com/AWSServiceRoleForArtifact",
    ":role/service-role/AWSArtifactAccountSync",
];

impl Assembly<'_> {
    /// The accounts that policies are attached to are there, also where the accounts of the organization were not listed (D31).
    pub(super) fn attached_accounts(&mut self) {
        let only = Some(self.facts.organizations.keys().next().cloned()).flatten();
        let only = only.filter(|_| self.facts.organizations.len() == 1);
        let of = |policy: Option<&OrganizationPolicy>| policy.and_then(|p| p.organization.clone()).or(only.clone());
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for policy in self.facts.policies.values() {
            let targets = policy.targets.iter().flatten().filter(|id| is_account(id));
            found.extend(targets.filter_map(|id| Some((id.clone(), of(Some(policy))?))));
        }
        let asked = self.facts.attached.iter().filter(|((_, id), _)| is_account(id));
        for ((_, id), policies) in asked {
            let organization = policies.iter().find_map(|p| of(self.facts.policies.get(p)));
            found.extend(organization.map(|organization| (id.clone(), organization)));
        }
        found.retain(|_, organization| {
            self.facts.organizations.contains_key(organization) && !self.are_accounts_listed(organization)
        });
        for (id, organization) in found {
            self.facts.account(&id).attached_in = Some(organization);
        }
    }

    /// What is attached where nothing is told of would be lost.
    pub(super) fn strange_targets(&mut self) {
        let known = |id: &String| {
            self.facts.roots.contains_key(id)
                || self.facts.units.contains_key(id)
                || self.facts.accounts.contains_key(id)
        };
        let by_policy = self.facts.policies.values().flat_map(|p| p.targets.iter().flatten());
        let all: BTreeSet<&String> =
            by_policy.chain(self.facts.attached.keys().map(|(_, id)| id)).filter(|id| !known(id)).collect();
        for id in all {
            let problem = Problem::about(id, format!("policies are attached to {id}, but nothing describes it"));
            self.problems
                .push(problem.help("collect list-roots, list-accounts and list-organizational-units-for-parent"));
        }
    }

    pub(super) fn organizations(&mut self) {
        let ids: Vec<String> = self.facts.organizations.keys().cloned().collect();
        for id in &ids {
            let Some(management) = self.facts.organizations.get(id).and_then(|o| o.management.clone()) else {
                let problem = Problem::about(id, format!("the management account of {id} is unknown"));
                self.problems.push(problem.help("collect describe-organization"));
                continue;
            };
            let trusted = self.trusted_access(id, ids.len() == 1);
            let service_role = self.service_role(&management);
            let delegated = self.delegated(id);
            let deleted = self.deleted(id);
            let organization = self.facts.organizations.get(id);
            let feature_set = organization.and_then(|o| o.feature_set.clone());
            let since = organization.and_then(|o| o.agreements_since);
            let told = [
                ("featureSet", feature_set.is_some()),
                ("trustedAccess", trusted.is_some()),
                ("serviceRole", service_role.is_some()),
            ];
            for (fact, _) in told.iter().filter(|(_, told)| !told) {
                self.facts.remark(format!("{fact} of {id} is unknown"), collecting(fact));
            }
            let mut attrs = attributes([
                ("featureSet", feature_set.map(Value::from)),
                ("managementAccount", Some(json!(management))),
                ("trustedAccess", trusted.map(Value::from)),
                ("serviceRole", service_role.map(Value::from)),
                ("delegatedAdministrators", Some(json!(delegated)).filter(|d| d != &json!([]))),
                ("deletedAt", deleted.map(|at| json!(moment::format(at)))),
                // no account is left whose list tells what was in force before
                ("agreementsKnown", deleted.map(|_| json!(false))),
                ("agreementsKnownSince", since.map(|since| json!(moment::format(since)))),
                ("notCollected", self.not_collected_of_organization(id)),
                ("failedCalls", self.failed_calls(None)),
            ]);
            let roots: Vec<String> =
                self.facts.roots.iter().filter(|(_, o)| *o == id).map(|(r, _)| r.clone()).collect();
            if !self.are_accounts_listed(id) {
                attrs.insert("accountsKnown".to_owned(), json!(false));
                self.facts.remark(
                    format!("the accounts of {id} were not listed: others may be in it"),
                    "collect list-accounts",
                );
            }
            attrs.extend(self.attached(id, &roots));
            for ty in PolicyType::ALL {
                let unplaced = self.unplaced(ty, id, ids.len() == 1);
                if !unplaced.is_empty() {
                    attrs.insert(format!("{}Unplaced", ty.attribute()), json!(unplaced));
                }
            }
            self.push("organization.json", entity("Organization", id, attrs, Vec::new(), &BTreeMap::new()));
        }
    }

    /// When an organization was deleted. The event does not name it: it is the one that the account managed.
    fn deleted(&mut self, organization: &str) -> Option<Moment> {
        let manager = self.facts.organizations.get(organization).and_then(|o| o.management.clone())?;
        let (at, _) = self.facts.deleted_by(&manager)?;
        if self.facts.deleted(organization).is_none() {
            let message =
                format!("account {manager} deleted an organization, and nothing tells which of those that it managed");
            self.facts.remark(message, "import the answers of each organization by themselves, or declare `deletedAt`");
            return None;
        }
        Some(at)
    }

    /// Whether trusted access for AWS Artifact is on: by the list, and by events after what it tells.
    pub(super) fn trusted_access(&mut self, organization: &str, only: bool) -> Option<bool> {
        let of = |account: &Option<String>| match account {
            Some(account) => self.facts.managed_by(account) == Some(organization),
            None => only,
        };
        let lists: Vec<_> =
            self.facts.service_access.iter().filter(|(account, _)| of(account)).map(|(_, l)| l.clone()).collect();
        let enabled = |name: &str| lists.iter().find_map(|l| l.get(name).copied());
        let listed = (!lists.is_empty()).then(|| ARTIFACT.iter().any(|a| enabled(a).is_some()));
        let since = ARTIFACT.iter().filter_map(|a| enabled(a).flatten()).max();
        let other = enabled(ARTIFACT[0]).is_none() && enabled(ARTIFACT[1]).is_some();
        // a list that was collected after an event knows better
        let known = since.max(self.facts.as_of.filter(|_| listed.is_some()));
        let last = self.last_switch(organization).filter(|(at, ..)| known.is_none_or(|k| k < *at));
        if other {
            let message = format!(
                "trusted access of {organization} is listed as {}, which the console does not use",
                ARTIFACT[1]
            );
            self.facts.remark(message, format!("the console enables {}", ARTIFACT[0]));
        }
        match (listed, last) {
            (listed, None) => listed,
            (None, Some((_, on, _))) => Some(on),
            (Some(listed), Some((_, on, _))) if listed == on => Some(on),
            (Some(_), Some((_, on, witness))) => {
                // turned off after it was listed as on; listed as off after it was turned on, or before: nothing tells
                let what = if on { "on, but is listed as off" } else { "off after it was listed" };
                let message = format!("trusted access of {organization} was turned {what}: {witness}");
                self.facts.remark(message, "collect list-aws-service-access-for-organization again");
                (!on).then_some(false)
            }
        }
    }

    /// The last event that turned trusted access for AWS Artifact on or off.
    fn last_switch(&self, organization: &str) -> Option<(Moment, bool, String)> {
        let switches = self.facts.events.values().filter_map(|event| match &event.change {
            Change::TrustedAccess { service, on } if ARTIFACT.contains(&service.as_str()) => {
                let own = self.facts.managed_by(&event.recipient) == Some(organization);
                own.then(|| (event.at, *on, event.witness.clone()))
            }
            _ => None,
        });
        switches.max_by(|a, b| (a.0, &a.2).cmp(&(b.0, &b.2)))
    }

    pub(super) fn service_role(&self, management: &str) -> Option<bool> {
        let told = self.facts.accounts.get(management).is_some_and(|a| a.roles_told);
        let is = |arn: &&String| SERVICE_ROLES.iter().any(|r| arn.ends_with(&format!("{management}{r}")));
        told.then(|| self.facts.principals.keys().any(|arn| is(&arn)))
    }

    /// The accounts that administer services of an organization; those whose ARN names none are of the only one.
    pub(super) fn administrators(&self, organization: &str) -> BTreeSet<String> {
        let known = self.facts.organizations.get(organization);
        let mut found = known.map(|o| o.delegated.clone()).unwrap_or_default();
        if self.facts.organizations.len() == 1 {
            found.extend(self.facts.listed.administrators.iter().cloned());
        }
        found
    }

    pub(super) fn delegated(&mut self, organization: &str) -> Vec<String> {
        let administrators = self.administrators(organization);
        let mut delegated = Vec::new();
        for account in administrators {
            match self.facts.delegated_services.get(&account) {
                Some(services) if services.iter().any(|s| ARTIFACT.contains(&s.as_str())) => delegated.push(account),
                Some(_) => {}
                None => self.facts.remark(
                    format!("account {account} is a delegated administrator, but its services are unknown"),
                    "collect list-delegated-services-for-account",
                ),
            }
        }
        delegated
    }

    pub(super) fn units(&mut self) {
        let ids: Vec<String> = self.facts.units.keys().cloned().collect();
        for id in ids {
            let Some(unit) = self.facts.units.get(&id) else { continue };
            let (name, organization) = (unit.name.clone(), unit.organization.clone());
            let parent = match unit.parent.as_deref() {
                Some(parent) if self.facts.units.contains_key(parent) => Some(uid("OrganizationalUnit", parent)),
                Some(root) => self.facts.roots.get(root).map(|o| uid("Organization", o)),
                None => None,
            };
            let Some(parent) = parent.or_else(|| organization.as_ref().map(|o| uid("Organization", o))) else {
                let problem = Problem::about(&id, format!("the organization that {id} belongs to is unknown"));
                self.problems.push(
                    problem.help("collect list-organizational-units-for-parent, or list-accounts with its Paths"),
                );
                continue;
            };
            let mut attrs = attributes([("name", name.map(Value::from))]);
            attrs.extend(self.attached(organization.as_deref().unwrap_or_default(), std::slice::from_ref(&id)));
            self.push("organization.json", entity("OrganizationalUnit", &id, attrs, vec![parent], &BTreeMap::new()));
        }
    }
}

fn collecting(fact: &str) -> &'static str {
    match fact {
        "featureSet" => "collect describe-organization",
        "trustedAccess" => "collect list-aws-service-access-for-organization in the management account",
        _ => "collect iam get-account-authorization-details in the management account",
    }
}
