//! What takes more than one entity to be judged: references, ARNs, the tree, memberships, agreements.

mod memberships;

use std::collections::{BTreeMap, BTreeSet};

use super::entity::{Attr, Entity, Item, Uid};
use super::expand::{article, type_of_id};
use super::model::{Membership, Parent, parent};
use super::{deleted, offline};
use crate::moment::{self, Moment};
use crate::problem::{Problem, Span, did_you_mean, instead, meant};
use crate::work;

type Entities = BTreeMap<Uid, Entity>;

/// Levels of organizational units below the root: a quota that AWS does not raise.
const MOST_LEVELS: usize = 5;

/// Finds the agreements that are named by their kind: by the scope of the acceptance, and the partition of its account.
pub fn resolve_agreements(entities: &mut Entities, problems: &mut Vec<Problem>) {
    let mut resolved = Vec::new();
    for entity in entities.values().filter(|e| e.uid.ty == "CustomerAgreement") {
        let Some(name) = entity.reference("agreement") else {
            continue;
        };
        if entities.contains_key(&Uid::new("Agreement", name)) {
            continue;
        }
        let scope = if entity.attrs.contains_key("organization") { "organization" } else { "account" };
        let partition = partition_of(entities, entity).unwrap_or("aws");
        let found = agreements(entities)
            .filter(|e| e.str("kind") == Some(name))
            .find(|e| e.str("scope") == Some(scope) && e.str("partition") == Some(partition));
        match found {
            Some(agreement) => resolved.push((entity.uid.clone(), agreement.uid.clone())),
            None => problems.push(no_agreement(entities, entity, name, scope, partition)),
        }
    }
    for (uid, agreement) in resolved {
        if let Some(item) = entities.get_mut(&uid).and_then(|e| e.attrs.get_mut("agreement")) {
            item.attr = Attr::Entity(agreement);
        }
    }
}

/// What is on offer.
fn agreements(entities: &Entities) -> impl Iterator<Item = &Entity> {
    entities.range(Uid::new("Agreement", "")..).map(|(_, e)| e).take_while(|e| e.uid.ty == "Agreement")
}

fn no_agreement(entities: &Entities, entity: &Entity, name: &str, scope: &str, partition: &str) -> Problem {
    let kinds: BTreeSet<&str> =
        entities.values().filter(|e| e.uid.ty == "Agreement").filter_map(|e| e.str("kind")).collect();
    let (message, help) = if kinds.contains(name) {
        let message = format!("`{name}` is not an agreement of scope {scope} in the partition {partition}");
        (message, "name an agreement that this partition offers for this scope (R56, D15)".to_owned())
    } else {
        let near = did_you_mean(name, kinds.iter().copied());
        let kinds: Vec<_> = kinds.iter().copied().collect();
        let help =
            near.map_or_else(|| format!("the kinds are {}; declare an Agreement for another", kinds.join(", ")), meant);
        (format!("there is no agreement `{name}`"), help)
    };
    entity.problem(entity.span_of("agreement"), message).help(help)
}

/// The partition of the account that an acceptance is for, or of the account that manages its organization.
fn partition_of<'a>(entities: &'a Entities, agreement: &Entity) -> Option<&'a str> {
    let account = match agreement.reference("organization") {
        Some(organization) => entities.get(&Uid::new("Organization", organization))?.reference("managementAccount")?,
        None => agreement.reference("account")?,
    };
    entities.get(&Uid::new("Account", account))?.str("partition")
}

/// Everything that can be wrong between entities.
pub fn all(entities: &Entities, problems: &mut Vec<Problem>) {
    work::add(entities.len());
    let mut check = Check { entities, problems };
    for entity in entities.values().filter(|e| !e.built_in) {
        check.references(entity);
        check.attachments(entity);
        match entity.uid.ty.as_str() {
            "Account" => check.account(entity),
            "Organization" => check.organization(entity),
            "OrganizationalUnit" => check.unit(entity),
            "User" | "Role" | "Root" | "Group" => check.principal(entity),
            "PermissionSet" => check.assignments(entity),
            "Agreement" => check.problems.extend(offline::near_kind(entities, entity, |e| e.built_in)),
            "CustomerAgreement" => check.customer_agreement(entity),
            "OfflineAgreement" => check.offline_agreement(entity),
            _ => {}
        }
    }
}

struct Check<'a> {
    entities: &'a Entities,
    problems: &'a mut Vec<Problem>,
}

impl Check<'_> {
    fn error(&mut self, entity: &Entity, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(entity.problem(span, message).help(help));
    }

    fn references(&mut self, entity: &Entity) {
        let mut found = Vec::new();
        for item in entity.attrs.values() {
            collect(item, &mut found);
        }
        found.extend(entity.parents.iter().map(|(uid, span)| (uid, *span)));
        for (uid, span) in found {
            // policies were looked up with their documents
            let known = ["IamPolicy", "Service"].contains(&uid.ty.as_str()) || self.entities.contains_key(uid);
            let of_kind = uid.ty == "Agreement" && entity.uid.ty == "CustomerAgreement";
            if known || of_kind {
                continue;
            }
            let same = self.entities.keys().filter(|k| k.ty == uid.ty).map(|k| k.id.as_str());
            let help = instead(
                &uid.id,
                same,
                format!("declare it: {{ \"uid\": {} }}", serde_json::Value::String(uid.to_string())),
            );
            self.error(entity, span, format!("there is no {uid}"), help);
        }
    }

    fn attachments(&mut self, entity: &Entity) {
        let both = ["serviceControlPolicies", "serviceControlPoliciesAtLeast"];
        if both.iter().all(|a| entity.attrs.contains_key(a)) {
            let message = format!("this entity has both `{}` and `{}`", both[0], both[1]);
            self.error(entity, entity.span_of(both[1]), message, "keep the one that is true");
        }
    }

    fn account(&mut self, entity: &Entity) {
        if type_of_id(&entity.uid.id) != Some("Account") {
            let message = format!("`{}` is not an account number", entity.uid.id);
            self.error(entity, entity.span, message, "write its twelve digits, leading zeros included");
        }
        let organizations = self.organizations_of(entity);
        if organizations.len() > 1 {
            let names: Vec<_> = organizations.iter().cloned().collect();
            let message = format!("account {} is in two organizations, {} (R41)", entity.uid.id, names.join(" and "));
            let span = entity.parents.last().map_or(entity.span, |(_, s)| *s);
            self.error(entity, span, message, "an account belongs to at most one organization at a time");
        } else {
            self.single_parent(entity);
        }
        self.deleted(entity, organizations.first());
        self.memberships(entity, organizations.first().map(String::as_str));
    }

    /// Memberships and parents of organizations that were deleted.
    fn deleted(&mut self, entity: &Entity, now: Option<&String>) {
        let now = now.and_then(|o| self.entities.get(&Uid::new("Organization", o)));
        let organizations = self.entities.range(Uid::new("Organization", "")..).map(|(_, e)| e);
        let organizations = organizations.take_while(|e| e.uid.ty == "Organization");
        self.problems.extend(deleted::parents(entity, now, deleted::managed(organizations, &entity.uid.id)));
        self.problems.extend(deleted::memberships(self.entities, entity));
    }

    /// When a membership ended: by its `until`, or when its organization was deleted.
    fn until(&self, membership: &Membership) -> Option<moment::Moment> {
        let organization = self.entities.get(&Uid::new("Organization", &membership.organization));
        membership.until.or_else(|| organization?.moment("deletedAt"))
    }

    /// Whether a membership has not ended.
    fn is_open(&self, membership: &Membership) -> bool {
        self.until(membership).is_none()
    }

    /// The organizations that its parents lead to, at most one a parent.
    fn organizations_of(&self, entity: &Entity) -> BTreeSet<String> {
        let start = entity.parents.iter().map(|(p, _)| p);
        start.filter_map(|p| self.top(p)).collect()
    }

    /// The organization above a parent; `None` on a cycle or a dangling reference, which are reported elsewhere.
    fn top(&self, from: &Uid) -> Option<String> {
        let mut current = from.clone();
        // units that are nested more deeply are reported by themselves
        for _ in 0..=MOST_LEVELS + 2 {
            work::add(1);
            if current.ty == "Organization" {
                return Some(current.id);
            }
            current = match parent(self.entities.get(&current)?)? {
                Parent::Unit(id) => Uid::new("OrganizationalUnit", id),
                Parent::Organization(id) => Uid::new("Organization", id),
            };
        }
        None
    }

    /// One unit at most; its organization may be named beside it.
    fn single_parent(&mut self, entity: &Entity) {
        let mut units = entity.parents.iter().filter(|(p, _)| p.ty == "OrganizationalUnit");
        if let (Some(_), Some((_, span))) = (units.next(), units.next()) {
            let message = format!("{} is in two organizational units", entity.uid.id);
            self.error(entity, *span, message, "keep the one that it belongs to");
        }
    }

    fn unit(&mut self, entity: &Entity) {
        let mut seen = BTreeSet::from([entity.uid.id.clone()]);
        let mut current = parent(entity);
        let is_root = |id: &String| id.starts_with("r-");
        while let Some(Parent::Unit(id)) = current {
            work::add(1);
            if !seen.insert(id.clone()) {
                let message = format!("the parents of {} form a cycle", entity.uid.id);
                let span = entity.parents.first().map_or(entity.span, |(_, s)| *s);
                return self.error(entity, span, message, "a unit has one parent: a unit or an organization");
            }
            if seen.iter().filter(|id| !is_root(id)).count() > MOST_LEVELS {
                let message = format!("{} is nested in more than {MOST_LEVELS} levels of units", entity.uid.id);
                let span = entity.parents.first().map_or(entity.span, |(_, s)| *s);
                let help = "AWS allows five levels of organizational units below a root, whatever the account: correct the parents";
                return self.error(entity, span, message, help);
            }
            current = self.entities.get(&Uid::new("OrganizationalUnit", id)).and_then(parent);
        }
        if entity.parents.is_empty() {
            let message = format!("{} does not belong to an organization", entity.uid.id);
            self.error(
                entity,
                entity.span,
                message,
                "add \"parents\": [ … ], the unit or organization that it belongs to",
            );
        }
        if self.organizations_of(entity).len() > 1 {
            let span = entity.parents.last().map_or(entity.span, |(_, s)| *s);
            return self.error(entity, span, format!("{} is in two organizations", entity.uid.id), "keep one");
        }
        self.single_parent(entity);
    }

    fn organization(&mut self, entity: &Entity) {
        let Some(management) = entity.reference("managementAccount") else {
            return;
        };
        let Some(account) = self.entities.get(&Uid::new("Account", management)) else {
            return;
        };
        let span = entity.span_of("managementAccount");
        if !self.organizations_of(account).contains(&entity.uid.id) && !entity.attrs.contains_key("deletedAt") {
            let message = format!("account {management} manages {}, but is not in it", entity.uid.id);
            let help = format!(
                "add \"parents\": [\"{}\"] to the account, or `deletedAt` to an organization that is no more",
                entity.uid.id
            );
            self.error(entity, span, message, help);
        }
        let partition = account.str("partition");
        let members: Vec<Entity> = self
            .entities
            .values()
            .filter(|e| e.uid.ty == "Account" && e.str("partition") != partition)
            .cloned()
            .collect();
        for member in members {
            if self.organizations_of(&member).contains(&entity.uid.id) {
                let message = format!(
                    "account {} is not in the partition of its organization {} (D15)",
                    member.uid.id, entity.uid.id
                );
                self.error(
                    &member,
                    member.span_of("partition"),
                    message,
                    "all accounts of an organization are in one partition",
                );
            }
        }
    }

    fn principal(&mut self, entity: &Entity) {
        let arn: Vec<&str> = entity.uid.id.splitn(6, ':').collect();
        let (partition, account) = match arn.as_slice() {
            ["arn", partition, "iam", "", account, _] if type_of_id(&entity.uid.id) == Some(&entity.uid.ty) => {
                (*partition, *account)
            }
            _ => {
                let message =
                    format!("`{}` is not the ARN of {}", entity.uid.id, article(&entity.uid.ty).to_lowercase());
                let kind = entity.uid.ty.to_lowercase();
                let tail = if kind == "root" { kind } else { format!("{kind}/NAME") };
                return self.error(entity, entity.span, message, format!("write arn:aws:iam::111122223333:{tail}"));
            }
        };
        let declared = entity.reference("account").unwrap_or_default();
        if declared != account {
            let message = format!("the ARN names account {account}, but `account` is {declared}");
            return self.error(
                entity,
                entity.span_of("account"),
                message,
                "leave out `account`: the ARN already says it",
            );
        }
        let owner = self.entities.get(&Uid::new("Account", account));
        if let Some(own) = owner.and_then(|o| o.str("partition")).filter(|p| *p != partition) {
            let message = format!("the ARN is in the partition {partition}, but account {account} is in {own} (D15)");
            self.error(entity, entity.span, message, format!("write arn:{own}:…"));
        }
        for tag in entity.texts("sessionTags").into_iter().filter(|tag| !tag.contains('=')) {
            let message = format!("`{tag}` is not a tag: it has no value");
            self.error(entity, entity.span_of("sessionTags"), message, "write \"Key=Value\"");
        }
        for (group, span) in &entity.parents {
            if group.id.split(':').nth(4) != Some(account) {
                let message = format!("this group does not belong to account {account}");
                self.error(entity, *span, message, "a user can only be in groups of its own account");
            }
        }
    }

    fn assignments(&mut self, entity: &Entity) {
        for item in entity.set("assignments").unwrap_or_default() {
            let Some(fields) = item.record() else {
                continue;
            };
            if fields.contains_key("user") == fields.contains_key("group") {
                self.error(
                    entity,
                    item.span,
                    "an assignment must be to one `user` or to one `group`",
                    "name one of the two",
                );
            }
            if !fields.contains_key("accounts") && !fields.contains_key("organizationalUnits") {
                self.error(
                    entity,
                    item.span,
                    "this assignment names no account",
                    "add `accounts` or `organizationalUnits`",
                );
            }
        }
    }

    fn customer_agreement(&mut self, entity: &Entity) {
        let scope = match (entity.attrs.contains_key("account"), entity.attrs.contains_key("organization")) {
            (true, false) => "account",
            (false, true) => "organization",
            (both, _) => {
                let message =
                    if both { "both `account` and `organization`" } else { "neither `account` nor `organization`" };
                let help = "an acceptance is for one account or for one organization";
                return self.error(entity, entity.span, format!("this acceptance has {message}"), help);
            }
        };
        self.interval(entity);
        self.state(entity);
        self.known_until(entity);
        self.problems.extend(deleted::accepted_after(self.entities, entity));
        let Some(agreement) = entity.reference("agreement").and_then(|a| self.entities.get(&Uid::new("Agreement", a)))
        else {
            return;
        };
        let span = entity.span_of("agreement");
        if agreement.str("scope") != Some(scope) {
            let message = format!(
                "{} has the scope {}, but this acceptance is for one {scope}",
                agreement.uid.id,
                agreement.str("scope").unwrap_or_default()
            );
            self.error(entity, span, message, "name the agreement of the same kind and the other scope");
        }
        let partition = partition_of(self.entities, entity);
        if partition.is_some() && agreement.str("partition") != partition {
            let message = format!(
                "{} is an agreement of another partition, {} (D15)",
                agreement.uid.id,
                agreement.str("partition").unwrap_or_default()
            );
            self.error(
                entity,
                span,
                message,
                format!("name the agreement of the partition {}", partition.unwrap_or_default()),
            );
        }
    }

    fn offline_agreement(&mut self, entity: &Entity) {
        self.interval(entity);
        self.problems.extend(offline::check(self.entities, entity));
    }

    fn interval(&mut self, entity: &Entity) {
        if let (Some(start), Some(end)) = (entity.moment("effectiveStart"), entity.moment("effectiveEnd"))
            && end <= start
        {
            let message = format!("the agreement {}, on {}", ends((start, end)), moment::format(start));
            self.error(entity, entity.span_of("effectiveEnd"), message, "correct `effectiveStart` or `effectiveEnd`");
        }
    }

    /// What is known to have ended is not in doubt, and nothing is known to be in force before it begins.
    fn known_until(&mut self, entity: &Entity) {
        let (Some(start), Some(until)) = (entity.moment("effectiveStart"), entity.moment("knownUntil")) else { return };
        let span = entity.span_of("knownUntil");
        if entity.attrs.contains_key("effectiveEnd") {
            let message = "this agreement has both `effectiveEnd` and `knownUntil`";
            self.error(entity, span, message, "remove `knownUntil`: when it ended is known");
        } else if until < start {
            let message = "`knownUntil` is before `effectiveStart`";
            self.error(entity, span, message, "correct `effectiveStart` or `knownUntil`");
        }
    }

    /// D20: whatever the moment asked, what is active has no end, and what is terminated has one.
    fn state(&mut self, entity: &Entity) {
        let ended = entity.attrs.contains_key("effectiveEnd");
        let active = entity.str("state") == Some("ACTIVE");
        if active == ended {
            let (message, help) = if active {
                (
                    "this agreement is ACTIVE, but has an `effectiveEnd` (D20)",
                    "remove `effectiveEnd`, or correct `state`",
                )
            } else {
                (
                    "this agreement is terminated, but has no `effectiveEnd` (D20)",
                    "add `effectiveEnd`, or correct `state`",
                )
            };
            self.error(entity, entity.span_of("state"), message, help);
        }
    }
}

fn collect<'a>(item: &'a Item, found: &mut Vec<(&'a Uid, Span)>) {
    match &item.attr {
        Attr::Entity(uid) => found.push((uid, item.span)),
        Attr::Set(items) => items.iter().for_each(|i| collect(i, found)),
        Attr::Record(items) => items.values().for_each(|i| collect(i, found)),
        _ => {}
    }
}

/// What is wrong with a time that does not end after it begins: it is half-open (D5), and one without length never is.
pub(super) fn ends((from, until): (Moment, Moment)) -> &'static str {
    if until == from { "ends at the moment at which it begins" } else { "ends before it begins" }
}
