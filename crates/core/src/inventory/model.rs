//! Typed views of the entities that evaluation reads.

use std::collections::BTreeMap;

use super::builtin::is_full_resource_access;
use super::entity::{Entity, Item, SharedTags};
use super::{Inventory, deleted};
use crate::moment::Moment;

/// An organization, and its root.
#[derive(Clone, Debug)]
pub struct Organization {
    /// `o-…`
    pub id: String,
    /// Enabled for all features, not for consolidated billing only; `None` where that is not known.
    pub all_features: Option<bool>,
    /// The account that manages it.
    pub management_account: String,
    /// Policies of its root; `None` where it declares none.
    pub scps: Option<Attachments>,
    /// The resource control policies of its root, besides RCPFullAWSAccess.
    pub rcps: Vec<String>,
    /// Policies of which it is not known where in the organization they are attached.
    pub unplaced: Vec<String>,
    /// Resource control policies of which that is not known.
    pub unplaced_rcps: Vec<String>,
    /// Delegated administrators declared for AWS Artifact.
    pub delegated: Vec<String>,
}

/// Service control policies of a root, a unit or an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attachments {
    /// Their ids.
    pub policies: Vec<String>,
    /// There are no others.
    pub complete: bool,
}

/// An organizational unit.
#[derive(Clone, Debug)]
pub struct Unit {
    /// `ou-…`
    pub id: String,
    /// Its parent: a unit, or the organization.
    pub parent: Option<Parent>,
    /// Its policies; `None` where it declares none.
    pub scps: Option<Attachments>,
    /// Its resource control policies, besides RCPFullAWSAccess.
    pub rcps: Vec<String>,
}

/// What an account or unit stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parent {
    /// An organizational unit.
    Unit(String),
    /// The root of an organization.
    Organization(String),
}

/// A time in an organization, half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization: String,
    /// Joined; `None` where it is not known when.
    pub from: Option<Moment>,
    /// Departed; `None` where it has not.
    pub until: Option<Moment>,
    /// What tells when it joined.
    pub from_witness: Option<String>,
    /// What tells when it departed.
    pub until_witness: Option<String>,
}

impl Membership {
    /// Whether it holds at a moment.
    pub fn holds(&self, at: Moment) -> bool {
        holds(self.from, self.until, at)
    }
}

/// Whether a half-open interval holds at a moment (D5); an end that is not there is open.
pub fn holds(from: Option<Moment>, until: Option<Moment>, at: Moment) -> bool {
    from.is_none_or(|f| f <= at) && until.is_none_or(|u| at < u)
}

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Its name, if declared.
    pub name: Option<String>,
    /// `aws` or `aws-us-gov`.
    pub partition: String,
    /// `ACTIVE`, `SUSPENDED`, …
    pub state: String,
    /// Where it stands now.
    pub parent: Option<Parent>,
    /// Its memberships over time; `None` where none are declared.
    pub memberships: Option<Vec<Membership>>,
    /// Before it, what the account belonged to is not known.
    pub known_since: Option<Moment>,
    /// From it on, what the account belongs to is not known.
    pub known_until: Option<Moment>,
    /// Whether its agreements could be listed (D16).
    pub agreements_known: bool,
    /// Its policies; `None` where it declares none.
    pub scps: Option<Attachments>,
    /// Its resource control policies, besides RCPFullAWSAccess.
    pub rcps: Vec<String>,
    /// Its tags.
    pub tags: SharedTags,
    /// Whether these are all of them.
    pub tags_known: bool,
}

/// What an acceptance is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Accepted {
    /// One account.
    Account(String),
    /// All accounts of an organization.
    Organization(String),
}

/// An agreement accepted in AWS Artifact.
#[derive(Clone, Debug)]
pub struct CustomerAgreement {
    /// `customer-agreement-…`
    pub id: String,
    /// The agreement that was accepted.
    pub agreement: String,
    /// For what.
    pub accepted: Accepted,
    /// When it began.
    pub start: Moment,
    /// When it was terminated.
    pub end: Option<Moment>,
    /// Until when it is known to be in force; `None` where it is known to be until its end.
    pub known_until: Option<Moment>,
    /// Who accepted it, if declared.
    pub accepted_by: Option<String>,
    /// What tells when it was accepted.
    pub start_witness: Option<String>,
    /// What tells when it was terminated.
    pub end_witness: Option<String>,
}

impl CustomerAgreement {
    /// Known to be in force at a moment, as far as it tells itself.
    pub fn is_active(&self, at: Moment) -> bool {
        let before = |moment: Option<Moment>| moment.is_none_or(|moment| at < moment);
        self.start <= at && before(self.end) && before(self.known_until)
    }
}

/// What AWS offers for acceptance.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// `agreement-…`
    pub id: String,
    /// `baa`, …
    pub kind: String,
    /// `account` or `organization`.
    pub scope: String,
    /// The partition that offers it.
    pub partition: String,
    /// The name in the console.
    pub name: Option<String>,
}

/// An agreement made outside AWS Artifact.
#[derive(Clone, Debug)]
pub struct OfflineAgreement {
    /// The user's own id.
    pub id: String,
    /// `baa`, …
    pub kind: String,
    /// When it began.
    pub start: Moment,
    /// When it ended.
    pub end: Option<Moment>,
    /// The accounts designated under it.
    pub designations: Vec<Designation>,
}

/// An account designated under an offline agreement, half-open.
#[derive(Clone, Debug)]
pub struct Designation {
    /// The account.
    pub account: String,
    /// Confirmed by AWS.
    pub from: Moment,
    /// Removed; `None` where it has not been.
    pub until: Option<Moment>,
}

impl Inventory {
    /// All organizations, by id.
    pub fn organizations(&self) -> BTreeMap<String, Organization> {
        by_id(
            self.of_type("Organization").map(|e| Organization {
                id: e.uid.id.clone(),
                all_features: e.str("featureSet").map(|f| f == "ALL"),
                management_account: e.reference("managementAccount").unwrap_or_default().to_owned(),
                scps: attachments(e),
                rcps: resource_control(e),
                unplaced: e.references("serviceControlPoliciesUnplaced").unwrap_or_default(),
                unplaced_rcps: e.references("resourceControlPoliciesUnplaced").unwrap_or_default(),
                delegated: e.references("delegatedAdministrators").unwrap_or_default(),
            }),
            |o| &o.id,
        )
    }

    /// All organizational units, by id.
    pub fn units(&self) -> BTreeMap<String, Unit> {
        by_id(
            self.of_type("OrganizationalUnit").map(|e| Unit {
                id: e.uid.id.clone(),
                parent: parent(e),
                scps: attachments(e),
                rcps: resource_control(e),
            }),
            |u| &u.id,
        )
    }

    /// All accounts, by number.
    pub fn accounts(&self) -> BTreeMap<String, Account> {
        let deleted =
            |a: Account| Account { memberships: a.memberships.clone().or_else(|| self.managed_once(&a)), ..a };
        by_id(self.of_type("Account").map(account).map(deleted), |a| &a.id)
    }

    /// The membership of an account in the organization that it managed until that was deleted, where it declares none.
    fn managed_once(&self, account: &Account) -> Option<Vec<Membership>> {
        let organization = deleted::managed(self.of_type("Organization"), &account.id)?;
        let membership = Membership {
            organization: organization.uid.id.clone(),
            from: None,
            until: None,
            from_witness: None,
            until_witness: None,
        };
        account.parent.is_none().then(|| vec![membership])
    }

    /// All agreements on offer, by id.
    pub fn agreements(&self) -> BTreeMap<String, Agreement> {
        by_id(
            self.of_type("Agreement").map(|e| Agreement {
                id: e.uid.id.clone(),
                kind: e.str("kind").unwrap_or_default().to_owned(),
                scope: e.str("scope").unwrap_or_default().to_owned(),
                partition: e.str("partition").unwrap_or_default().to_owned(),
                name: e.str("name").map(str::to_owned),
            }),
            |a| &a.id,
        )
    }

    /// All acceptances, by id.
    pub fn customer_agreements(&self) -> Vec<CustomerAgreement> {
        self.of_type("CustomerAgreement").filter_map(customer_agreement).collect()
    }

    /// All offline agreements, by id.
    pub fn offline_agreements(&self) -> Vec<OfflineAgreement> {
        self.of_type("OfflineAgreement").filter_map(offline_agreement).collect()
    }
}

/// The fields of a membership.
pub fn membership(item: &Item) -> Option<Membership> {
    let fields = item.record()?;
    Some(Membership {
        organization: fields.get("organization")?.id()?.to_owned(),
        from: fields.get("from").and_then(Item::moment),
        until: fields.get("until").and_then(Item::moment),
        from_witness: fields.get("fromWitness").and_then(Item::str).map(str::to_owned),
        until_witness: fields.get("untilWitness").and_then(Item::str).map(str::to_owned),
    })
}

/// Where an account or unit stands: in a unit, if it names one, else in an organization.
pub fn parent(entity: &Entity) -> Option<Parent> {
    let of = |ty: &str| entity.parents.iter().find(|(p, _)| p.ty == ty).map(|(p, _)| p.id.clone());
    of("OrganizationalUnit").map(Parent::Unit).or_else(|| of("Organization").map(Parent::Organization))
}

fn attachments(entity: &Entity) -> Option<Attachments> {
    let of = |name: &str, complete: bool| Some(Attachments { policies: entity.references(name)?, complete });
    of("serviceControlPolicies", true).or_else(|| of("serviceControlPoliciesAtLeast", false))
}

fn resource_control(entity: &Entity) -> Vec<String> {
    let declared = entity.references("resourceControlPolicies").unwrap_or_default();
    declared.into_iter().filter(|id| !is_full_resource_access(id)).collect()
}

fn by_id<T>(items: impl Iterator<Item = T>, id: impl Fn(&T) -> &String) -> BTreeMap<String, T> {
    items.map(|i| (id(&i).clone(), i)).collect()
}

fn account(e: &Entity) -> Account {
    Account {
        id: e.uid.id.clone(),
        name: e.str("name").map(str::to_owned),
        partition: e.str("partition").unwrap_or("aws").to_owned(),
        state: e.str("state").unwrap_or("ACTIVE").to_owned(),
        parent: parent(e),
        memberships: e.set("memberships").map(|items| joined(items.iter().filter_map(membership).collect())),
        known_since: e.moment("membershipsKnownSince"),
        known_until: e.moment("membershipsKnownUntil"),
        agreements_known: e.bool("agreementsKnown").unwrap_or(true),
        scps: attachments(e),
        rcps: resource_control(e),
        tags: e.tags.clone(),
        tags_known: e.bool("tagsKnown").unwrap_or(true),
    }
}

fn customer_agreement(e: &Entity) -> Option<CustomerAgreement> {
    let accepted = match (e.reference("account"), e.reference("organization")) {
        (Some(account), _) => Accepted::Account(account.to_owned()),
        (None, organization) => Accepted::Organization(organization?.to_owned()),
    };
    Some(CustomerAgreement {
        id: e.uid.id.clone(),
        agreement: e.reference("agreement")?.to_owned(),
        accepted,
        start: e.moment("effectiveStart")?,
        end: e.moment("effectiveEnd"),
        known_until: e.moment("knownUntil"),
        accepted_by: e.str("acceptedBy").map(str::to_owned),
        start_witness: e.str("startWitness").map(str::to_owned),
        end_witness: e.str("endWitness").map(str::to_owned),
    })
}

fn offline_agreement(e: &Entity) -> Option<OfflineAgreement> {
    let designation = |item: &Item| {
        let fields = item.record()?;
        let account = fields.get("account")?.id()?.to_owned();
        let until = fields.get("until").and_then(Item::moment);
        Some(Designation { account, from: fields.get("from")?.moment()?, until })
    };
    Some(OfflineAgreement {
        id: e.uid.id.clone(),
        kind: e.str("kind")?.to_owned(),
        start: e.moment("effectiveStart")?,
        end: e.moment("effectiveEnd"),
        designations: joined(e.set("designations")?.iter().filter_map(designation).collect()),
    })
}

/// A half-open interval of something.
trait Interval {
    /// What it is of, and when it begins.
    fn start(&self) -> (&str, Option<Moment>);
    fn until(&self) -> Option<Moment>;
    /// Takes the end of one that begins where this one ends.
    fn extend(&mut self, next: Self);
}

impl Interval for Membership {
    fn start(&self) -> (&str, Option<Moment>) {
        (&self.organization, self.from)
    }

    fn until(&self) -> Option<Moment> {
        self.until
    }

    fn extend(&mut self, next: Self) {
        (self.until, self.until_witness) = (next.until, next.until_witness);
    }
}

impl Interval for Designation {
    fn start(&self) -> (&str, Option<Moment>) {
        (&self.account, Some(self.from))
    }

    fn until(&self) -> Option<Moment> {
        self.until
    }

    fn extend(&mut self, next: Self) {
        self.until = next.until;
    }
}

/// Intervals of the same that meet, as one: [a, b) and [b, c) are [a, c), and what began at b did not begin anew.
fn joined<I: Interval>(mut all: Vec<I>) -> Vec<I> {
    all.sort_by(|a, b| a.start().cmp(&b.start()));
    let mut joined: Vec<I> = Vec::new();
    for next in all {
        match joined.last_mut() {
            Some(last)
                if last.start().0 == next.start().0 && last.until().is_some() && last.until() == next.start().1 =>
            {
                last.extend(next);
            }
            _ => joined.push(next),
        }
    }
    joined
}
