//! What the answers say, before it is put together: each fact with what told it.

use std::collections::{BTreeMap, BTreeSet};

use super::policy_types::PolicyType;
use crate::moment::Moment;
use crate::problem::{Place, Problem};
use crate::text::json::Node;

/// Everything that was read.
#[derive(Default)]
pub struct Facts {
    /// By id.
    pub organizations: BTreeMap<String, Organization>,
    /// The organization of each root.
    pub roots: BTreeMap<String, String>,
    /// By id.
    pub units: BTreeMap<String, Unit>,
    /// By number.
    pub accounts: BTreeMap<String, Account>,
    /// Policies of Organizations, by id.
    pub policies: BTreeMap<String, OrganizationPolicy>,
    /// Service principals with trusted access, and since when: of the organization of an account, where the answer's name
    /// names one.
    pub service_access: Vec<(Option<String>, ServiceAccess)>,
    /// The services that an account administers.
    pub delegated_services: BTreeMap<String, BTreeSet<String>>,
    /// The policies of a type that are attached to a root, unit or account: complete answers.
    pub attached: BTreeMap<(PolicyType, String), BTreeSet<String>>,
    /// The types of policies that were listed, of an organization that the list does not tell.
    pub policies_listed: BTreeSet<PolicyType>,
    /// The ids of the agreements that answers list, by the account that asked.
    pub lists: BTreeMap<String, Vec<(Place, BTreeSet<String>)>>,
    /// Acceptances, by id.
    pub agreements: BTreeMap<String, Acceptance>,
    /// Reports, by id.
    pub reports: BTreeMap<String, Report>,
    /// Users, groups and roles of IAM, by ARN.
    pub principals: BTreeMap<String, Principal>,
    /// Managed policies of IAM, by ARN, and the version that told their document.
    pub managed: BTreeMap<String, (String, Document)>,
    /// Permission sets, by ARN.
    pub permission_sets: BTreeMap<String, PermissionSet>,
    /// People and groups of the identity store, by id.
    pub people: BTreeMap<String, Option<String>>,
    /// Groups of the identity store, by id.
    pub groups: BTreeMap<String, Option<String>>,
    /// Person and group.
    pub members: BTreeSet<(String, String)>,
    /// What was answered whole.
    pub listed: Listed,
    /// Events of CloudTrail, by id: those that are changes.
    pub events: BTreeMap<String, super::cloudtrail::Event>,
    /// Events that failed, and changed nothing.
    pub failed_events: usize,
    /// When the answers were collected, where that is told.
    pub as_of: Option<Moment>,
    /// What is odd, without stopping the import.
    pub notes: Vec<Problem>,
}

/// Which lists were answered whole, and until when answers were collected.
#[derive(Default)]
pub struct Listed {
    /// When the last answer was collected, where that is told.
    pub until: Option<Moment>,
    /// The ARNs of instances of Identity Center; `None` where they were not listed.
    pub instances: Option<BTreeSet<String>>,
    /// Permission sets were listed.
    pub permission_sets: bool,
    /// The accounts that each permission set is assigned in, by its ARN.
    pub provisioned: BTreeMap<String, BTreeSet<String>>,
    /// The ids of permission sets, and the accounts in which their assignments were listed.
    pub assignments: BTreeSet<(String, String)>,
    /// Groups of the identity store were listed.
    pub groups: bool,
    /// The files that list members of groups: their names say of which.
    pub members: Vec<String>,
    /// Users of the identity store were listed.
    pub users: bool,
    /// Roots were listed.
    pub roots: bool,
    /// The roots and units of which the units below were listed.
    pub units_of: BTreeSet<String>,
    /// Delegated administrators were listed.
    pub delegated_administrators: bool,
    /// Those whose ARN names no organization.
    pub administrators: BTreeSet<String>,
    /// Reports were listed.
    pub reports: bool,
    /// The accounts in which events were asked for in vain; `None` for those of the organization.
    pub events_failed: BTreeSet<Option<String>>,
    /// The calls that failed, each with why, by the account that is asked about; `None` for those of the organization.
    pub failed: BTreeMap<Option<String>, BTreeSet<String>>,
}

/// Service principals with trusted access, and since when.
pub type ServiceAccess = BTreeMap<String, Option<Moment>>;

/// An organization.
#[derive(Default)]
pub struct Organization {
    /// Its management account.
    pub management: Option<String>,
    /// `ALL` or `CONSOLIDATED_BILLING`.
    pub feature_set: Option<String>,
    /// Its accounts were listed, all of them.
    pub accounts_listed: bool,
    /// The console's export of its accounts was read.
    pub accounts_exported: bool,
    /// The types of policies that its root says to be enabled, or not to be.
    pub policies_enabled: BTreeMap<PolicyType, bool>,
    /// The types of its policies that were listed, all of them.
    pub policies_listed: BTreeSet<PolicyType>,
    /// Accounts that administer services.
    pub delegated: BTreeSet<String>,
    /// Before it, agreements that no list shows may have been in force.
    pub agreements_since: Option<Moment>,
}

/// An organizational unit.
#[derive(Default)]
pub struct Unit {
    /// Its name.
    pub name: Option<String>,
    /// The root or unit that it stands in.
    pub parent: Option<String>,
    /// Its organization.
    pub organization: Option<String>,
}

/// An account.
#[derive(Default)]
pub struct Account {
    /// How much the answer tells that told the rest: an answer of today's form before one of a retired form.
    pub rank: u8,
    /// Its name.
    pub name: Option<String>,
    /// `ACTIVE`, …
    pub state: Option<String>,
    /// `aws`, `aws-us-gov`.
    pub partition: Option<String>,
    /// Its organization, as the list of accounts says.
    pub organization: Option<String>,
    /// Its organization, as a policy tells that is attached to it: since when it is there is not told.
    pub attached_in: Option<String>,
    /// The root or unit that it stands in.
    pub parent: Option<String>,
    /// When it joined, how, and what tells so.
    pub joined: Option<Joined>,
    /// Its tags; `None` where they were not listed.
    pub tags: Option<BTreeMap<String, String>>,
    /// The lists of accounts that have it, an organization each.
    pub listings: Vec<Listing>,
    /// Its agreements were listed: a complete answer, be it empty.
    pub agreements_listed: bool,
    /// Before it, agreements that no list shows may have been in force.
    pub agreements_since: Option<Moment>,
    /// Organizations whose agreements its own answer lists, and whether one of them is in force.
    pub shown_agreements_of: BTreeMap<String, bool>,
    /// Whether it is notified of new agreements and reports.
    pub notifications: Option<bool>,
    /// Whether its root user has credentials.
    pub root_credentials: Option<&'static str>,
    /// Its IAM was told, roles included.
    pub roles_told: bool,
    /// Its users, groups and roles were listed, all of them.
    pub principals_listed: bool,
}

/// What the list of accounts of one organization says of an account.
#[derive(Clone)]
pub struct Listing {
    /// The organization.
    pub organization: String,
    /// How much the answer tells that told it.
    pub rank: u8,
    /// When it joined.
    pub joined: Option<Joined>,
    /// Its name.
    pub name: Option<String>,
    /// `ACTIVE`, …
    pub state: Option<String>,
    /// The root or unit that it stands in.
    pub parent: Option<String>,
    /// Where that stands.
    pub place: Place,
}

/// How an account came into its organization.
#[derive(Clone)]
pub struct Joined {
    /// When.
    pub at: Moment,
    /// `INVITED` or `CREATED`, where it is told.
    pub method: Option<String>,
    /// What tells so.
    pub witness: String,
}

/// A policy of Organizations.
#[derive(Default)]
pub struct OrganizationPolicy {
    /// Its name.
    pub name: Option<String>,
    /// `SERVICE_CONTROL_POLICY`, …
    pub kind: Option<String>,
    /// The organization in its ARN; none for a policy of AWS's own.
    pub organization: Option<String>,
    /// Its document.
    pub document: Option<Document>,
    /// The roots, units and accounts that it is attached to; `None` where that was not listed.
    pub targets: Option<BTreeSet<String>>,
    /// Where it was first told of.
    pub place: Option<Place>,
}

impl OrganizationPolicy {
    /// Whether it is known to be of a type.
    pub fn is(&self, ty: PolicyType) -> bool {
        self.kind.as_deref() == Some(ty.name())
    }
}

/// A policy document.
#[derive(Clone)]
pub struct Document {
    /// The document.
    pub node: Node,
}

/// An acceptance.
pub struct Acceptance {
    /// The id of what was accepted.
    pub agreement: String,
    /// The name of what was accepted.
    pub name: Option<String>,
    /// The account that it is for.
    pub account: Option<String>,
    /// The organization that it is for.
    pub organization: Option<String>,
    /// The partition of its ARN.
    pub partition: String,
    /// When it began.
    pub start: Moment,
    /// When it was terminated.
    pub end: Option<Moment>,
    /// Until when it is known to be in force, where that is not until its end.
    pub known_until: Option<Moment>,
    /// `ACTIVE`, …
    pub state: String,
    /// Who accepted it.
    pub accepted_by: Option<String>,
    /// What tells when it was accepted.
    pub start_witness: Option<String>,
    /// What tells when it was terminated.
    pub end_witness: Option<String>,
    /// Where it was told of.
    pub place: Place,
}

/// A report.
pub struct Report {
    /// Its version.
    pub version: String,
    /// The Region of its ARN.
    pub region: Option<String>,
    /// `SOC`, …
    pub series: String,
    /// `Certifications and Attestations`, …
    pub category: String,
    /// `PASSTHROUGH` or `EXPLICIT`.
    pub acceptance: String,
}

/// A user, group or role of IAM.
#[derive(Default)]
pub struct Principal {
    /// `User`, `Group` or `Role`.
    pub kind: &'static str,
    /// The file that tells it.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Its inline policies, by name.
    pub inline: BTreeMap<String, Document>,
    /// Who may assume it, for a role.
    pub trust: Option<Document>,
    /// ARNs of its managed policies.
    pub managed: BTreeSet<String>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// ARNs of the groups that it is in.
    pub groups: BTreeSet<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A permission set of IAM Identity Center.
#[derive(Default)]
pub struct PermissionSet {
    /// Its name.
    pub name: Option<String>,
    /// Its inline policy; `Some(None)` where it has none.
    pub inline: Option<Option<Document>>,
    /// ARNs of AWS managed policies; `None` where they were not listed.
    pub managed: Option<BTreeSet<String>>,
    /// Paths and names of customer managed policies; `None` where they were not listed.
    pub customer: Option<BTreeSet<String>>,
    /// Its boundary: an ARN, or a path and name; `Some(None)` where it has none.
    pub boundary: Option<Option<String>>,
    /// Account, `USER` or `GROUP`, and whom.
    pub assignments: BTreeSet<(String, String, String)>,
}

impl Facts {
    /// An organization that an answer names.
    pub fn organization(&mut self, id: &str) -> &mut Organization {
        self.organizations.entry(id.to_owned()).or_default()
    }

    /// An account that an answer names.
    pub fn account(&mut self, id: &str) -> &mut Account {
        self.accounts.entry(id.to_owned()).or_default()
    }

    /// When the last answer was collected: what happened later is in none of them.
    pub fn collected_until(&self) -> Option<Moment> {
        self.listed.until.max(self.as_of)
    }

    /// Says what is odd.
    pub fn note(&mut self, problem: Problem) {
        self.notes.push(problem.warning());
    }

    /// Says what is odd, of no place.
    pub fn remark(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.note(Problem::about("", message).help(help));
    }

    /// The organization that an account's own list of agreements shows it to be in; one whose agreement is in force comes first.
    pub fn shown_in(&self, account: &str) -> Option<String> {
        let shown = &self.accounts.get(account)?.shown_agreements_of;
        let in_force = shown.iter().find(|(_, in_force)| **in_force);
        in_force.or_else(|| shown.iter().next_back()).map(|(id, _)| id.clone())
    }

    /// That an account's own list shows agreements in force of two organizations, which is impossible (R41): one of them has ended.
    pub fn shown_in_two(&self, account: &str) -> Option<String> {
        let shown = &self.accounts.get(account)?.shown_agreements_of;
        let mut in_force = shown.iter().filter(|(_, in_force)| **in_force).map(|(id, _)| id);
        let (first, second) = (in_force.next()?, in_force.next()?);
        Some(format!("its own list shows agreements of both {first} and {second} in force"))
    }

    /// When an account deleted an organization that it managed, and what tells so.
    pub fn deleted_by(&self, account: &str) -> Option<(Moment, String)> {
        let is = |e: &&super::cloudtrail::Event| {
            e.recipient == account && matches!(e.change, super::cloudtrail::Change::Deleted)
        };
        let events = self.events.values().filter(is).map(|e| (e.at, e.witness.clone()));
        events.max()
    }

    /// When an organization was deleted, where the account that did so managed no other, and what tells so.
    pub fn deleted(&self, organization: &str) -> Option<(Moment, String)> {
        let manager = self.organizations.get(organization)?.management.as_deref()?;
        let managed = self.organizations.values().filter(|o| o.management.as_deref() == Some(manager)).count();
        self.deleted_by(manager).filter(|_| managed == 1)
    }

    /// The organization that an account manages.
    pub fn managed_by(&self, account: &str) -> Option<&str> {
        let managed = self.organizations.iter().find(|(_, o)| o.management.as_deref() == Some(account));
        managed.map(|(id, _)| id.as_str())
    }

    /// The account that holds an acceptance: its own, or the one that manages its organization (R34, R37). `None` where that is not known.
    pub fn holder<'f>(&'f self, told: &'f Acceptance) -> Option<&'f String> {
        let organization = told.organization.as_ref().and_then(|id| self.organizations.get(id));
        told.account.as_ref().or(organization.and_then(|o| o.management.as_ref()))
    }
}
