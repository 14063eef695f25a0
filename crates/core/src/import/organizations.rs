//! Answers of AWS Organizations.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{COLLECT, CliAnswer, Fields, is_account, is_organization, is_root, is_unit};
use super::cloudtrail::{Change, Event};
use super::documents;
use super::facts::{Account, Facts, Joined, Listing};
use super::policy_types::PolicyType;
use crate::aws;
use crate::moment;
use crate::problem::{Place, Problem};

const STATES: [&str; 5] = ["PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"];

/// Whether the agreements of a partition are known (D15).
pub fn is_partition(name: &str) -> bool {
    aws::partitions().iter().any(|partition| partition.name == name)
}

/// The partitions whose agreements are known, in words.
pub fn partitions() -> String {
    let names: Vec<&str> = aws::partitions().iter().map(|partition| partition.name.as_str()).collect();
    names.join(" and ")
}

/// Whether the ARN is of a partition whose agreements are not known, which is an error where it stands.
fn is_elsewhere(fields: &mut Fields<'_>, what: &str) -> bool {
    let Some(partition) = fields.text("Arn").and_then(arn).map(|a| a.partition.to_owned()) else { return false };
    if is_partition(&partition) {
        return false;
    }
    let span = fields.get("Arn").map_or(fields.node.span, |n| n.span);
    let help = format!("countersign knows the agreements of {}", partitions());
    fields.wrong(span, format!("this {what} is of the partition `{partition}`"), help);
    true
}

/// The segments of an ARN of Organizations that tell most: partition, management account, what it is of, organization.
struct Arn<'a> {
    partition: &'a str,
    management: &'a str,
    organization: &'a str,
}

fn arn(text: &str) -> Option<Arn<'_>> {
    let segments: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "organizations", _, management, rest] = segments.as_slice() else {
        return None;
    };
    let organization = rest.split('/').nth(1).filter(|o| is_organization(o))?;
    Some(Arn { partition, management, organization })
}

/// The organization that an ARN names, and its management account.
pub fn named(facts: &mut Facts, text: &str) -> Option<String> {
    let arn = arn(text)?;
    let (organization, management) = (arn.organization.to_owned(), arn.management.to_owned());
    if is_account(&management) {
        facts.account(&management).partition.get_or_insert(arn.partition.to_owned());
        facts.organization(&organization).management.get_or_insert(management);
    }
    Some(organization)
}

/// `describe-organization`
pub fn organization(facts: &mut Facts, mut fields: Fields<'_>) {
    let id = fields.id("Id", is_organization, "id of an organization").map(str::to_owned);
    let feature_set = fields.text("FeatureSet");
    if let Some(other) = feature_set.filter(|f| !["ALL", "CONSOLIDATED_BILLING"].contains(f)) {
        let span = fields.get("FeatureSet").map_or(fields.node.span, |n| n.span);
        fields.wrong(span, format!("there is no feature set `{other}`"), "AWS writes ALL or CONSOLIDATED_BILLING");
    }
    if is_elsewhere(&mut fields, "organization") {
        return;
    }
    let arn = fields.text("Arn").and_then(|a| named(facts, a));
    let (master, master_arn) = (fields.text("MasterAccountId"), fields.text("MasterAccountArn"));
    master_arn.and_then(|a| named(facts, a));
    let Some(id) = id else { return };
    if arn.is_some_and(|a| a != id) {
        let span = fields.get("Arn").map_or(fields.node.span, |n| n.span);
        fields.wrong(span, format!("this is not the ARN of {id}"), COLLECT);
    }
    let organization = facts.organization(&id);
    organization.feature_set = feature_set.map(str::to_owned);
    if let Some(master) = master {
        organization.management = Some(master.to_owned());
    }
}

/// `list-accounts`, `list-accounts-for-parent`
pub fn accounts(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let parent = answer.node();
    let mut listed = None;
    for node in fields.entries("Accounts") {
        let organization = account(facts, fields.of(node), parent.as_deref());
        listed = listed.or(organization);
    }
    if let (Some(organization), None) = (listed, parent) {
        facts.organization(&organization).accounts_listed = true;
    }
}

/// One account of a list; its organization.
pub fn account(facts: &mut Facts, mut fields: Fields<'_>, parent: Option<&str>) -> Option<String> {
    let id = fields.id("Id", is_account, "account number")?.to_owned();
    if is_elsewhere(&mut fields, "account") {
        return None;
    }
    let text = fields.text("Arn");
    let organization = text.and_then(|a| named(facts, a));
    let state = fields.text("State").or_else(|| fields.text("Status"));
    if let Some(other) = state.filter(|s| !STATES.contains(s)) {
        let span = fields.get("State").or_else(|| fields.get("Status")).map_or(fields.node.span, |n| n.span);
        fields.wrong(span, format!("there is no state `{other}`"), format!("AWS writes {}", STATES.join(", ")));
    }
    let path = path(facts, &mut fields, &id);
    let joined = fields.moment("JoinedTimestamp").map(|at| Joined {
        at,
        method: fields.text("JoinedMethod").map(str::to_owned),
        witness: format!("JoinedTimestamp of ListAccounts ({})", fields.file()),
    });
    let told = Account {
        rank: 1 + u8::from(fields.get("State").is_some()) + u8::from(path.is_some()),
        name: fields.text("Name").map(str::to_owned),
        state: state.map(str::to_owned),
        partition: text.and_then(arn).map(|a| a.partition.to_owned()),
        organization: organization.clone().or_else(|| path.as_ref().map(|(o, _)| o.clone())),
        parent: path.map(|(_, parent)| parent).or_else(|| parent.map(str::to_owned)),
        joined,
        ..Account::default()
    };
    let organization = told.organization.clone();
    merge(facts, &id, told, fields.place());
    organization
}

/// `o-…/r-…/ou-…/123456789012/`: the organization, and the last root or unit; units on the way are noted.
fn path(facts: &mut Facts, fields: &mut Fields<'_>, id: &str) -> Option<(String, String)> {
    let node = fields.list("Paths").first()?;
    let parts: Vec<&str> = node.as_str().unwrap_or_default().trim_end_matches('/').split('/').collect();
    let Some((organization, rest)) = parts.split_first().filter(|(o, _)| is_organization(o)) else {
        fields.wrong(node.span, "a path must begin with the id of an organization", COLLECT);
        return None;
    };
    let above: Vec<&str> = rest.iter().copied().take_while(|p| *p != id).collect();
    units_of(facts, organization, &above);
    let Some(last) = above.last().filter(|p| is_root(p) || is_unit(p)) else {
        fields.wrong(node.span, "a path must have a root below its organization", COLLECT);
        return None;
    };
    Some(((*organization).to_owned(), (*last).to_owned()))
}

/// Notes the root and the units of a path.
fn units_of(facts: &mut Facts, organization: &str, path: &[&str]) {
    for (index, id) in path.iter().enumerate() {
        if is_root(id) {
            facts.roots.insert((*id).to_owned(), organization.to_owned());
        } else if is_unit(id) {
            let unit = facts.units.entry((*id).to_owned()).or_default();
            unit.organization = Some(organization.to_owned());
            unit.parent = index.checked_sub(1).and_then(|i| path.get(i)).map(|p| (*p).to_owned());
        }
    }
}

/// Puts what one answer says of an account to what others say: an answer of today's form overrules one of a retired form.
fn merge(facts: &mut Facts, id: &str, told: Account, place: Place) {
    let known = facts.account(id);
    let elsewhere = matches!((&known.organization, &told.organization), (Some(a), Some(b)) if a != b);
    let differs = match (&known.joined, &told.joined) {
        (Some(a), Some(b)) => !elsewhere && (a.at - b.at).num_milliseconds().abs() > 1000,
        _ => false,
    };
    let mut note = None;
    if differs && let (Some(a), Some(b)) = (&known.joined, &told.joined) {
        let (kept, dropped) = if told.rank > known.rank { (b, a) } else { (a, b) };
        let (at, other) = (moment::format(kept.at), moment::format(dropped.at));
        let help = match told.rank == known.rank {
            true => "the first of them counts; delete the older one",
            false => "the newer format counts; delete the older one",
        };
        let message = format!(
            "account {id} joined at {at} according to {}, but at {other} according to {}",
            kept.witness, dropped.witness
        );
        note = Some((message, help));
    }
    if let Some(organization) = &told.organization {
        list(known, organization, &told, place);
        if elsewhere {
            // which of them it is in is settled once everything is read
            return;
        }
    }
    let newer = told.rank > known.rank;
    fn put<T>(known: &mut Option<T>, told: Option<T>, newer: bool) {
        if known.is_none() || (newer && told.is_some()) {
            *known = told;
        }
    }
    put(&mut known.name, told.name, newer);
    put(&mut known.state, told.state, newer);
    put(&mut known.partition, told.partition, newer);
    put(&mut known.organization, told.organization, newer);
    put(&mut known.parent, told.parent, newer);
    put(&mut known.joined, told.joined, newer);
    known.rank = known.rank.max(told.rank);
    if let Some((message, help)) = note {
        facts.remark(message, help);
    }
}

/// Notes that the list of an organization has an account; of two answers about the same organization, the one that tells more counts.
fn list(known: &mut Account, organization: &str, told: &Account, place: Place) {
    let listing = Listing {
        organization: organization.to_owned(),
        rank: told.rank,
        joined: told.joined.clone(),
        name: told.name.clone(),
        state: told.state.clone(),
        parent: told.parent.clone(),
        place,
    };
    match known.listings.iter_mut().find(|l| l.organization == organization) {
        Some(listed) if listed.rank < listing.rank => *listed = listing,
        Some(_) => {}
        None => known.listings.push(listing),
    }
}

/// An account is in one organization at a time (R41): of two that list it, it is in the one of which no event says that it departed
/// after it had joined. Where events do not tell, the lists contradict each other.
pub fn settle(facts: &mut Facts, problems: &mut Vec<Problem>) {
    let several: Vec<String> =
        facts.accounts.iter().filter(|(_, a)| a.listings.len() > 1).map(|(id, _)| id.clone()).collect();
    for id in several {
        let listings = facts.accounts.get(&id).map(|a| a.listings.clone()).unwrap_or_default();
        let (left, stays): (Vec<&Listing>, Vec<&Listing>) =
            listings.iter().partition(|l| has_left(facts, &id, l, &listings));
        let account = facts.account(&id);
        match (stays.as_slice(), left.is_empty()) {
            ([listing], false) => {
                account.organization = Some(listing.organization.clone());
                account.joined.clone_from(&listing.joined);
                account.parent.clone_from(&listing.parent);
                account.name = listing.name.clone().or(account.name.take());
                account.state = listing.state.clone().or(account.state.take());
            }
            _ => {
                let mut places = listings.iter();
                if let (Some(first), Some(second)) = (places.next(), places.next()) {
                    problems.push(in_two(&id, first, second));
                }
            }
        }
    }
}

fn in_two(id: &str, first: &Listing, second: &Listing) -> Problem {
    let (one, other) = (&first.organization, &second.organization);
    let message = format!(
        "account {id} is in the list of accounts of {other}, and in that of {one} ({}:{}): it is in one organization at a time (R41)",
        first.place.source.path,
        first.place.line()
    );
    let help = "one of the two lists is out of date: collect both again, delete the older one, or add the CloudTrail event \
                AccountDepartedOrganization of the organization that it left";
    Problem::at(&second.place.source, second.place.span.first(), message).help(help)
}

/// Whether an event of the organization itself says that an account departed from it after the list says that it had joined, and the
/// account joined the other organization no earlier.
fn has_left(facts: &Facts, id: &str, listing: &Listing, all: &[Listing]) -> bool {
    let Some(joined) = &listing.joined else { return false };
    let manager = facts.organizations.get(&listing.organization).and_then(|o| o.management.as_deref());
    let later = all.iter().filter(|l| l.organization != listing.organization);
    let moved_later = later.clone().all(|l| l.joined.as_ref().is_some_and(|j| j.at > joined.at));
    let departed = |event: &Event| match &event.change {
        Change::Departed { account, .. } => {
            account == id && Some(event.recipient.as_str()) == manager && event.at > joined.at
        }
        _ => false,
    };
    moved_later && facts.events.values().any(departed)
}

/// The organization of a row of the console's export, which lists all accounts.
fn exported(facts: &mut Facts, text: &str) -> Option<String> {
    let organization = named(facts, text)?;
    facts.organization(&organization).accounts_exported = true;
    Some(organization)
}

/// One row of the accounts CSV of the console.
pub fn row(facts: &mut Facts, id: &str, text: &str, told: Account, place: Place) {
    let told =
        Account { organization: exported(facts, text), partition: arn(text).map(|a| a.partition.to_owned()), ..told };
    merge(facts, id, told, place);
}

/// `list-roots`
pub fn roots(facts: &mut Facts, fields: &mut Fields<'_>) {
    facts.listed.roots = true;
    for node in fields.entries("Roots") {
        let mut root = fields.of(node);
        let id = root.id("Id", is_root, "id of a root").map(str::to_owned);
        let organization = root.needed("Arn").and_then(|a| named(facts, a));
        // a type that is about to be enabled or disabled may be in effect
        let mut enabled: BTreeMap<PolicyType, Option<bool>> = BTreeMap::new();
        for policy_type in root.entries("PolicyTypes") {
            let mut kind = root.of(policy_type);
            if let Some(ty) = kind.text("Type").and_then(PolicyType::named) {
                enabled.insert(ty, (kind.text("Status") == Some("ENABLED")).then_some(true));
            }
        }
        let told = root.get("PolicyTypes").is_some();
        if let (Some(id), Some(organization)) = (id, organization) {
            for ty in PolicyType::ALL.into_iter().filter(|_| told) {
                if let Some(enabled) = enabled.get(&ty).copied().unwrap_or(Some(false)) {
                    facts.organization(&organization).policies_enabled.insert(ty, enabled);
                }
            }
            facts.roots.insert(id, organization);
        }
    }
}

/// `list-organizational-units-for-parent`, `describe-organizational-unit`
pub fn unit(facts: &mut Facts, mut fields: Fields<'_>, parent: Option<&str>) {
    let id = fields.id("Id", is_unit, "id of an organizational unit").map(str::to_owned);
    let organization = fields.text("Arn").and_then(|a| named(facts, a));
    let name = fields.text("Name").map(str::to_owned);
    let path = fields.text("Path").map(|p| p.trim_end_matches('/').split('/').collect::<Vec<_>>());
    let Some(id) = id else { return };
    if let Some((organization, above)) = path.as_deref().and_then(<[&str]>::split_first) {
        units_of(facts, organization, above);
    }
    let unit = facts.units.entry(id).or_default();
    unit.name = name;
    unit.organization = unit.organization.take().or(organization);
    unit.parent = unit.parent.take().or(parent.map(str::to_owned));
}

/// `list-parents`, whose child the file's name names.
pub fn parents(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let Some(node) = fields.entries("Parents").first().copied() else {
        return;
    };
    let parent = fields.of(node).id("Id", |i| is_root(i) || is_unit(i), "id of a root or unit").map(str::to_owned);
    match (answer.account(), answer.node()) {
        (Some(account), _) => facts.account(&account).parent = parent,
        (None, Some(unit)) => facts.units.entry(unit).or_default().parent = parent,
        (None, None) => unnamed(facts, answer, "which account or unit this is the parent of"),
    }
}

/// `list-children`, whose parent the file's name names.
pub fn children(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let Some(parent) = answer.node() else {
        return unnamed(facts, answer, "which root or unit these are the children of");
    };
    for node in fields.entries("Children") {
        let mut child = fields.of(node);
        match child.needed("Id").map(str::to_owned) {
            Some(id) if is_account(&id) => facts.account(&id).parent = Some(parent.clone()),
            Some(id) if is_unit(&id) => facts.units.entry(id).or_default().parent = Some(parent.clone()),
            _ => {}
        }
    }
}

/// An answer whose file does not name whom it is about.
pub fn unnamed(facts: &mut Facts, answer: &CliAnswer, whom: &str) {
    let message = format!("{}: this file is ignored: its name does not say {whom}", answer.source.path);
    facts.note(Problem::about(&answer.source.path, message).help("put the id in the name of the file or its folder"));
}

/// `list-policies`, `list-policies-for-target`
pub fn policies(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let target = answer.node().or_else(|| answer.account());
    let mut attached = BTreeSet::new();
    let (mut of, mut types) = (None, BTreeSet::new());
    for node in fields.entries("Policies") {
        let mut summary = fields.of(node);
        let Some(id) = policy_summary(facts, &mut summary) else {
            continue;
        };
        let policy = facts.policies.get(&id);
        types.extend(policy.map(|p| p.kind.as_deref().and_then(PolicyType::named)));
        of = of.or_else(|| policy.and_then(|p| p.organization.clone()));
        attached.insert(id);
    }
    // AWS is asked for one type at a time; a list without policies says of which only in its name
    let ty = match types.pop_first() {
        Some(ty) if types.is_empty() => ty,
        Some(_) => None,
        None => {
            let named = PolicyType::ALL.into_iter().find(|ty| answer.source.path.contains(ty.name()));
            if named.is_none() {
                unnamed(facts, answer, "of which type of policies there are none");
            }
            named
        }
    };
    match (ty, target, of) {
        (None, ..) => {}
        (Some(ty), Some(target), _) => drop(facts.attached.insert((ty, target), attached)),
        (Some(ty), None, Some(organization)) => {
            facts.organization(&organization).policies_listed.insert(ty);
        }
        (Some(ty), None, None) => {
            facts.policies_listed.insert(ty);
        }
    }
}

fn policy_summary(facts: &mut Facts, fields: &mut Fields<'_>) -> Option<String> {
    let id = fields.id("Id", |i| i.starts_with("p-"), "id of a policy of Organizations")?.to_owned();
    let organization = fields.text("Arn").and_then(|a| named(facts, a));
    let policy = facts.policies.entry(id.clone()).or_default();
    policy.name = fields.text("Name").map(str::to_owned).or(policy.name.take());
    policy.kind = fields.text("Type").map(str::to_owned).or(policy.kind.take());
    policy.organization = organization.or(policy.organization.take());
    policy.place.get_or_insert(fields.place());
    Some(id)
}

/// `describe-policy`
pub fn policy(facts: &mut Facts, mut fields: Fields<'_>) {
    let Some(summary) = fields.get("PolicySummary") else {
        let span = fields.node.span;
        return fields.wrong(
            span,
            "this policy has no `PolicySummary`",
            "this is not the output of organizations describe-policy",
        );
    };
    let Some(id) = policy_summary(facts, &mut fields.of(summary)) else {
        return;
    };
    let decides = facts.policies.get(&id).is_some_and(|p| PolicyType::ALL.iter().any(|ty| p.is(*ty)));
    let content = fields.get("Content").filter(|_| decides);
    let controls = facts.policies.get(&id).is_some_and(|p| p.is(PolicyType::ResourceControl));
    let read = if controls { documents::read_of_resource } else { documents::read };
    let document = content.and_then(|c| read(&mut fields, c));
    if let Some(policy) = facts.policies.get_mut(&id) {
        policy.document = document.or(policy.document.take());
    }
}

/// `list-targets-for-policy`, whose policy the file's name names.
pub fn targets(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let Some(policy) = answer.policy() else {
        return unnamed(facts, answer, "which policy these are the targets of");
    };
    let mut targets = BTreeSet::new();
    for node in fields.entries("Targets") {
        let is = |i: &str| is_root(i) || is_unit(i) || is_account(i);
        let mut target = fields.of(node);
        let organization = target.text("Arn").and_then(|a| named(facts, a));
        let Some(id) = target.id("TargetId", is, "root, unit or account").map(str::to_owned) else {
            continue;
        };
        match organization {
            Some(organization) if is_root(&id) => drop(facts.roots.insert(id.clone(), organization)),
            Some(organization) if is_unit(&id) => {
                facts.units.entry(id.clone()).or_default().organization.get_or_insert(organization);
            }
            _ => {}
        }
        targets.insert(id);
    }
    facts.policies.entry(policy).or_default().targets = Some(targets);
}

/// `list-aws-service-access-for-organization`, which does not say of which organization.
pub fn service_access(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let mut enabled = BTreeMap::new();
    for node in fields.entries("EnabledServicePrincipals") {
        let mut principal = fields.of(node);
        let since = principal.moment("DateEnabled");
        if let Some(name) = principal.needed("ServicePrincipal") {
            enabled.insert(name.to_owned(), since);
        }
    }
    facts.service_access.push((answer.account(), enabled));
}

/// `list-delegated-administrators`
pub fn delegated_administrators(facts: &mut Facts, fields: &mut Fields<'_>) {
    facts.listed.delegated_administrators = true;
    for node in fields.entries("DelegatedAdministrators") {
        let mut administrator = fields.of(node);
        let id = administrator.id("Id", is_account, "account number").map(str::to_owned);
        let organization = administrator.text("Arn").and_then(|a| named(facts, a));
        let Some(id) = id else { continue };
        match organization {
            Some(organization) => drop(facts.organization(&organization).delegated.insert(id)),
            None => drop(facts.listed.administrators.insert(id)),
        }
    }
}

/// `list-delegated-services-for-account`, whose account the file's name names.
pub fn delegated_services(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let Some(account) = answer.account() else {
        return unnamed(facts, answer, "which account these services are delegated to");
    };
    let mut services = BTreeSet::new();
    for node in fields.entries("DelegatedServices") {
        services.extend(fields.of(node).needed("ServicePrincipal").map(str::to_owned));
    }
    facts.delegated_services.entry(account).or_default().extend(services);
}

/// `list-tags-for-resource`, whose account the file's name names.
pub fn tags(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let tags = tag_list(fields, "Tags");
    match answer.account() {
        Some(account) => facts.account(&account).tags = Some(tags),
        None if answer.node().is_some() || answer.policy().is_some() => {
            facts.remark(
                format!("{}: tags of units and policies are not read", answer.source.path),
                "only the tags of accounts are",
            );
        }
        None => unnamed(facts, answer, "which account these tags belong to"),
    }
}

/// A list of `Key` and `Value`.
pub fn tag_list(fields: &mut Fields<'_>, name: &str) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for node in fields.entries(name) {
        let mut tag = fields.of(node);
        if let (Some(key), Some(value)) = (tag.needed("Key"), tag.needed("Value")) {
            tags.insert(key.to_owned(), value.to_owned());
        }
    }
    tags
}
