//! What of an inventory was not collected, and who may therefore be there unseen (D31).
//!
//! Users, roles, assignments and members are listed in full unless an attribute says that they could not be: an import writes it, and
//! an inventory that is written by hand is a declaration. [`Completeness`] tells what is missing and what would tell it;
//! [`others`] asks the rules what those who are not listed could do. Whatever rests on "nobody else" asks here.

pub mod failed;
pub mod others;
pub mod person;
pub mod policies;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::assessment::Options;
use crate::inventory::Inventory;
use crate::inventory::entity::{Entity, Item};
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{PrincipalKind, terms};
use failed::FailedCall;
use others::Others;

terms! {
    /// What can be missing.
    Missing {
        /// The accounts of an organization.
        Accounts = "accounts",
        /// The agreements of an account.
        Agreements = "agreements",
        /// Which permission sets are assigned in an account, and to whom.
        Assignments = "assignments",
        /// Which accounts are delegated administrators of an organization, and of what.
        DelegatedAdministrators = "delegatedAdministrators",
        /// Events of an account, or of an organization.
        Events = "events",
        /// What an organization is enabled for.
        FeatureSet = "featureSet",
        /// The groups of an identity store.
        Groups = "groups",
        /// Who is in a group of Identity Center.
        Members = "members",
        /// Which organization an account belongs to.
        Membership = "membership",
        /// Whether an account is notified by AWS Artifact.
        Notifications = "notifications",
        /// The agreements of an organization, as of one that was deleted before they were listed.
        OrganizationAgreements = "organizationAgreements",
        /// The units of an organization.
        OrganizationalUnits = "organizationalUnits",
        /// What a policy says.
        Policies = "policies",
        /// The users, groups and roles of an account.
        Principals = "principals",
        /// The reports that there are.
        Reports = "reports",
        /// Which resource control policies are attached.
        ResourceControlPolicies = "resourceControlPolicies",
        /// Whether the root user of an account has credentials.
        RootCredentials = "rootCredentials",
        /// Which service control policies are attached.
        ServiceControlPolicies = "serviceControlPolicies",
        /// Whether the role that AWS Artifact uses exists.
        ServiceRole = "serviceRole",
        /// The tags of an account.
        Tags = "tags",
        /// Whether trusted access for AWS Artifact is on.
        TrustedAccess = "trustedAccess",
        /// The users of an identity store: without them, people are known by their ids.
        Users = "users",
    }
}

impl Missing {
    /// The calls of the AWS CLI that tell it.
    pub fn calls(self) -> &'static str {
        match self {
            Self::Accounts => "organizations list-accounts",
            Self::Agreements => "artifact list-customer-agreements",
            Self::Assignments => {
                "sso-admin list-instances, list-permission-sets, describe-permission-set, list-accounts-for-provisioned-permission-set, list-account-assignments"
            }
            Self::DelegatedAdministrators => {
                "organizations list-delegated-administrators, list-delegated-services-for-account"
            }
            Self::Events => "cloudtrail lookup-events",
            Self::FeatureSet => "organizations describe-organization",
            Self::Groups => "identitystore list-groups",
            Self::Members => "identitystore list-group-memberships",
            Self::Membership => "organizations describe-organization, list-accounts; CloudTrail for earlier times",
            Self::Notifications => "artifact get-account-settings",
            Self::OrganizationAgreements => "artifact list-customer-agreements; CloudTrail for earlier times",
            Self::OrganizationalUnits => "organizations list-roots, list-organizational-units-for-parent",
            Self::Policies => "organizations describe-policy; iam get-policy-version",
            Self::Principals | Self::ServiceRole => "iam get-account-authorization-details",
            Self::Reports => "artifact list-reports",
            Self::ResourceControlPolicies => {
                "organizations list-policies --filter RESOURCE_CONTROL_POLICY, list-targets-for-policy"
            }
            Self::RootCredentials => "iam get-account-summary",
            Self::ServiceControlPolicies => {
                "organizations list-policies --filter SERVICE_CONTROL_POLICY, list-targets-for-policy"
            }
            Self::Tags => "organizations list-tags-for-resource",
            Self::TrustedAccess => "organizations list-aws-service-access-for-organization",
            Self::Users => "identitystore list-users",
        }
    }

    /// What it is, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Accounts => "the accounts of the organization",
            Self::Agreements => "agreements",
            Self::Assignments => "assignments of permission sets",
            Self::DelegatedAdministrators => "delegated administrators",
            Self::Events => "events of CloudTrail",
            Self::FeatureSet => "the feature set of the organization",
            Self::Groups => "the groups of the identity store",
            Self::Members => "members of groups",
            Self::Membership => "the organization of the account",
            Self::Notifications => "whether it is notified",
            Self::OrganizationAgreements => "the agreements of the organization",
            Self::OrganizationalUnits => "the units of the organization",
            Self::Policies => "what policies say",
            Self::Principals => "users, groups and roles",
            Self::Reports => "reports",
            Self::ResourceControlPolicies => "where resource control policies are attached",
            Self::RootCredentials => "whether the root user has credentials",
            Self::ServiceControlPolicies => "where service control policies are attached",
            Self::ServiceRole => "whether the service role exists",
            Self::Tags => "tags",
            Self::TrustedAccess => "whether trusted access is on",
            Self::Users => "the names of people",
        }
    }
}

/// Something that is missing, of all that it is missing of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What.
    pub missing: Missing,
    /// Account numbers, ids of organizations, names of groups, ids of policies.
    pub of: Vec<String>,
    /// The calls of the AWS CLI that tell it.
    pub calls: &'static str,
    /// Those of the collecting script that failed, where an import noted it.
    pub failed: Vec<FailedCall>,
}

/// What is known of an inventory, and what is not.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Completeness {
    /// What is missing; nothing where the inventory is complete.
    pub gaps: Vec<Gap>,
    /// Those who may be there unseen, and what they could do.
    pub perhaps_others: Vec<Others>,
}

impl Completeness {
    /// Of an inventory at the moment of the options, and what others could do of that which the options ask for.
    pub fn of(inventory: &Inventory, rules: &RuleBook, options: &Options) -> Result<Self, Failure> {
        let perhaps_others = others::others(inventory, rules, options)?;
        Ok(Self { gaps: gaps(inventory, options.at), perhaps_others })
    }

    /// The organizations that may have accounts which were not listed.
    pub fn not_listed(&self) -> Vec<String> {
        let gaps = self.gaps.iter().filter(|gap| gap.missing == Missing::Accounts);
        gaps.flat_map(|gap| gap.of.clone()).collect()
    }

    /// Nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }
}

/// What is missing of an inventory at a moment.
pub fn gaps(inventory: &Inventory, at: Moment) -> Vec<Gap> {
    let mut gaps: BTreeMap<(Missing, &'static str), BTreeSet<String>> = BTreeMap::new();
    let mut note = |missing: Missing, of: &str| {
        let calls = policies::call(of).filter(|_| missing == Missing::Policies).unwrap_or(missing.calls());
        gaps.entry((missing, calls)).or_default().insert(of.to_owned());
    };
    let unseen = Unseen::of(inventory);
    let not_yet = |of: &Entity| of.moment("agreementsKnownSince").is_some_and(|since| at < since);
    let in_doubt = |a: &&Entity| a.moment("knownUntil").is_some_and(|until| until <= at);
    let acceptances = inventory.of_type("CustomerAgreement").filter(in_doubt);
    let whose = |a: &'_ Entity| a.reference("account").or(a.reference("organization")).map(str::to_owned);
    let doubted: BTreeSet<String> = acceptances.filter_map(whose).collect();
    for account in inventory.of_type("Account") {
        let id = account.uid.id.as_str();
        let not_known = |attr: &str| account.bool(attr) == Some(false);
        let of_account = [
            (Missing::Principals, not_known("principalsKnown")),
            (Missing::Assignments, unseen.assignments_of(id)),
            (Missing::Agreements, not_known("agreementsKnown") || not_yet(account) || doubted.contains(id)),
            (Missing::Tags, not_known("tagsKnown")),
            (
                Missing::Membership,
                account.moment("membershipsKnownSince").is_some_and(|since| at < since)
                    || account.moment("membershipsKnownUntil").is_some_and(|until| until <= at),
            ),
            (Missing::ServiceControlPolicies, account.attrs.contains_key("serviceControlPoliciesAtLeast")),
        ];
        of_account.iter().filter(|(_, missing)| *missing).for_each(|(what, _)| note(*what, id));
    }
    for organization in inventory.of_type("Organization") {
        let id = organization.uid.id.as_str();
        let absent = |attr: &str| !organization.attrs.contains_key(attr);
        let has = |attr: &str| organization.references(attr).is_some_and(|p| !p.is_empty());
        let of_organization = [
            (Missing::Accounts, organization.bool("accountsKnown") == Some(false)),
            (
                Missing::OrganizationAgreements,
                // none is in force once it is deleted
                (organization.bool("agreementsKnown") == Some(false) || not_yet(organization) || doubted.contains(id))
                    && organization.moment("deletedAt").is_none_or(|deleted| at < deleted),
            ),
            (Missing::FeatureSet, absent("featureSet")),
            (Missing::TrustedAccess, absent("trustedAccess")),
            (Missing::ServiceRole, absent("serviceRole")),
            (
                Missing::ServiceControlPolicies,
                has("serviceControlPoliciesUnplaced") || !absent("serviceControlPoliciesAtLeast"),
            ),
            (Missing::ResourceControlPolicies, has("resourceControlPoliciesUnplaced")),
        ];
        of_organization.iter().filter(|(_, missing)| *missing).for_each(|(what, _)| note(*what, id));
    }
    for unit in inventory.of_type("OrganizationalUnit") {
        if unit.attrs.contains_key("serviceControlPoliciesAtLeast") {
            note(Missing::ServiceControlPolicies, &unit.uid.id);
        }
    }
    for instance in inventory.of_type("IdentityCenterInstance").filter(|i| i.bool("groupsKnown") == Some(false)) {
        note(Missing::Groups, &instance.uid.id);
    }
    for group in inventory.of_type("IdentityCenterGroup").filter(|g| g.bool("membersKnown") == Some(false)) {
        note(Missing::Members, group_name(group));
    }
    for ty in ["Account", "IdentityCenterInstance", "Organization"] {
        for entity in inventory.of_type(ty) {
            let words = entity.texts("notCollected").into_iter();
            words.filter_map(Missing::named).for_each(|what| note(what, &entity.uid.id));
        }
    }
    // of those that were not listed it is told already where they may be attached
    let unlisted = |id: &str| id.starts_with(UNLISTED_POLICIES) || id.starts_with(UNLISTED_CONTROLS);
    for policy in inventory.of_type("IamPolicy").filter(|p| !inventory.policies.contains_key(&p.uid.id)) {
        if !unlisted(&policy.uid.id) {
            note(Missing::Policies, &policy.uid.id);
        }
    }
    let gap = |((missing, calls), of): ((Missing, &'static str), BTreeSet<String>)| Gap {
        missing,
        of: of.into_iter().collect(),
        calls,
        failed: Vec::new(),
    };
    let mut gaps: Vec<Gap> = gaps.into_iter().map(gap).collect();
    failed::tell(inventory, &mut gaps);
    gaps
}

/// How an import calls the service control policies of an organization that were not listed: nothing tells what they say, nor where they
/// are attached.
pub const UNLISTED_POLICIES: &str = "the service control policies of ";

/// The same of resource control policies.
pub const UNLISTED_CONTROLS: &str = "the resource control policies of ";

/// The name of a group of Identity Center.
fn group_name(group: &Entity) -> &str {
    group.str("displayName").unwrap_or(&group.uid.id)
}

/// Where people and principals may be that are not listed.
#[derive(Clone, Debug, Default)]
pub struct Unseen {
    /// Accounts whose users and roles are not all listed.
    principals: BTreeSet<String>,
    /// Accounts in which assignments are not all listed.
    assignments: BTreeSet<String>,
    /// Assignments may be missing in any account.
    any_assignment: bool,
    /// Organizations whose accounts are not all listed.
    organizations: BTreeSet<String>,
    /// All accounts that are listed.
    accounts: BTreeSet<String>,
}

impl Unseen {
    /// Of an inventory.
    pub fn of(inventory: &Inventory) -> Self {
        let not_known = |e: &&Entity, attr: &str| e.bool(attr) == Some(false);
        let ids = |ty: &'static str, attr: &'static str| -> BTreeSet<String> {
            inventory.of_type(ty).filter(|e| not_known(e, attr)).map(|e| e.uid.id.clone()).collect()
        };
        Self {
            principals: ids("Account", "principalsKnown"),
            assignments: ids("Account", "assignmentsKnown"),
            any_assignment: !ids("IdentityCenterInstance", "assignmentsKnown").is_empty(),
            organizations: ids("Organization", "accountsKnown"),
            accounts: inventory.of_type("Account").map(|e| e.uid.id.clone()).collect(),
        }
    }

    /// Everybody is listed.
    pub fn is_empty(&self) -> bool {
        self.principals.is_empty()
            && self.assignments.is_empty()
            && !self.any_assignment
            && self.organizations.is_empty()
    }

    /// Organizations whose accounts are not all listed.
    pub fn organizations(&self) -> impl Iterator<Item = &String> {
        self.organizations.iter()
    }

    /// In some account, assignments are not all listed.
    pub fn may_lack_assignments(&self) -> bool {
        self.any_assignment || !self.assignments.is_empty()
    }

    /// The users and roles of an account are not all listed.
    pub fn principals_of(&self, account: &str) -> bool {
        self.principals.contains(account)
    }

    /// The assignments in an account are not all listed.
    pub fn assignments_of(&self, account: &str) -> bool {
        self.any_assignment || self.assignments.contains(account)
    }

    /// A principal that is not listed may be there all the same. Every account that is listed has its root user.
    pub fn may_hold(&self, account: &str, kind: PrincipalKind) -> bool {
        if !self.accounts.contains(account) {
            return !self.organizations.is_empty();
        }
        match kind {
            PrincipalKind::Root => false,
            PrincipalKind::User | PrincipalKind::Role => self.principals_of(account),
            PrincipalKind::PermissionSet => self.assignments_of(account),
        }
    }
}

/// The groups that a permission set is assigned to in an account whose members are not all listed, by their names.
pub fn open_groups(
    inventory: &Inventory,
    set: &Entity,
    is_in: impl Fn(&BTreeMap<String, Item>) -> bool,
) -> Vec<String> {
    let open = |id: &&str| others::is_open(inventory, id);
    let items = set.set("assignments").unwrap_or_default().iter().filter_map(Item::record);
    // the accounts of an assignment may be many: they are read where the group counts
    let of_open = items.filter_map(|f| Some((f, f.get("group")?.id().filter(open)?)));
    let assigned: BTreeSet<&str> = of_open.filter(|(f, _)| is_in(f)).map(|(_, id)| id).collect();
    let groups = assigned.into_iter().filter_map(|id| inventory.entity("IdentityCenterGroup", id));
    groups.map(|g| group_name(g).to_owned()).collect()
}
