//! Which agreements of each kind are in force for an account, which governs, and what becomes of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use cedar_policy::{Entities, EntityUid, RestrictedExpression as Expr};

use super::open::{Open, Read, open, tried};
use super::standing::Standing;
use super::unlisted::{Governance, Unlisted};
use super::{Agreements, context, datetime};
use crate::inventory::entity::Uid;
use crate::inventory::model::{Accepted, Account, CustomerAgreement};
use crate::moment::{self, Moment};
use crate::policies::turning::Asked;
use crate::policies::{COVERAGE, Rule};
use crate::problem::{Failure, Problem};
use crate::terms::{Coverage, Scope};

/// An agreement in force for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// `customer-agreement-…`, or the id of an offline agreement.
    pub id: String,
    /// Its entity.
    pub uid: Uid,
    /// The `@scope` of the policy that says so.
    pub scope: Scope,
    /// Since when it has been in force for this account; `None` where it is not known when the account joined.
    pub since: Option<Moment>,
    /// The policies that say so.
    pub policies: Vec<String>,
}

/// The agreements of one kind that are in force for an account.
#[derive(Clone, Debug)]
pub struct KindCoverage {
    /// `baa`, …
    pub kind: String,
    /// Whether one is in force.
    pub coverage: Coverage,
    /// The one that governs; `None` also where it is unknown which.
    pub governing: Option<InForce>,
    /// Kept from governing by an agreement of wider scope.
    pub superseded: Vec<InForce>,
    /// In force beside the one that governs.
    pub also: Vec<InForce>,
    /// Why it is unknown whether others are superseded.
    pub perhaps_superseded: Option<String>,
    /// Why it is unknown whether others are in force beside the one that governs.
    pub perhaps_also: Option<String>,
    /// Whether one of scope `account` or `organization` is in force; `None` where it is unknown.
    pub account: Option<bool>,
    /// The same for the organization.
    pub organization: Option<bool>,
    /// An agreement that is not in the inventory may designate the account as a HIPAA Account.
    pub perhaps_designated: bool,
    /// What is taken for granted.
    pub assuming: Vec<String>,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// Why it is unknown.
    pub reason: Option<String>,
}

impl KindCoverage {
    /// All agreements in force.
    pub fn in_force(&self) -> impl Iterator<Item = &InForce> {
        self.governing.iter().chain(&self.superseded).chain(&self.also)
    }
}

impl KindCoverage {
    /// The row where nothing of it is known.
    fn not_known(self, reason: &str) -> Self {
        Self {
            coverage: Coverage::Unknown,
            governing: None,
            superseded: Vec::new(),
            also: Vec::new(),
            account: None,
            organization: None,
            perhaps_designated: true,
            reason: Some(reason.to_owned()),
            ..self
        }
    }

    /// What holds in this world and in another.
    fn and(self, other: &Self, reason: &str) -> Self {
        let same = |a: Option<bool>, b: Option<bool>| if a == b { a } else { None };
        let (account, organization) = (same(self.account, other.account), same(self.organization, other.organization));
        let perhaps_designated =
            self.perhaps_designated || other.perhaps_designated || self.agreements() != other.agreements();
        if self.coverage != other.coverage {
            return Self { account, organization, ..self.not_known(reason) };
        }
        let roles = |row: &Self| (row.governing.clone(), row.superseded.clone(), row.also.clone());
        let either = |one: &Option<String>, two: &Option<String>| one.clone().or_else(|| two.clone());
        let (perhaps_superseded, perhaps_also) = (
            either(&self.perhaps_superseded, &other.perhaps_superseded),
            either(&self.perhaps_also, &other.perhaps_also),
        );
        if roles(&self) == roles(other) {
            return Self { account, organization, perhaps_designated, perhaps_superseded, perhaps_also, ..self };
        }
        // covered in both, and not by the same
        let both: Vec<InForce> = self.in_force().filter(|i| other.in_force().any(|o| o == *i)).cloned().collect();
        Self {
            account,
            organization,
            perhaps_designated,
            governing: None,
            superseded: Vec::new(),
            also: both,
            perhaps_superseded,
            perhaps_also,
            reason: Some(reason.to_owned()),
            ..self
        }
    }

    fn agreements(&self) -> BTreeSet<&Uid> {
        self.in_force().map(|i| &i.uid).collect()
    }
}

/// What holds in every world, a kind a row; a kind that not every world has a row of is unknown.
fn in_all(worlds: Vec<Vec<KindCoverage>>, reason: &str) -> Vec<KindCoverage> {
    let count = worlds.len();
    let mut kinds: BTreeMap<String, Vec<KindCoverage>> = BTreeMap::new();
    for row in worlds.into_iter().flatten() {
        kinds.entry(row.kind.clone()).or_default().push(row);
    }
    let row = |rows: Vec<KindCoverage>| {
        let everywhere = rows.len() == count;
        let mut rows = rows.into_iter();
        let first = rows.next()?;
        let all = rows.fold(first, |a, b| a.and(&b, reason));
        Some(if everywhere { all } else { all.not_known(reason) })
    };
    kinds.into_values().filter_map(row).collect()
}

/// What the rules say of one agreement.
enum Found {
    /// It is in force.
    InForce(InForce),
    /// Nothing but what is not known keeps it from being in force, by this scope.
    Perhaps(Scope),
    /// It is not in force.
    Not,
}

/// Why it is not known whether an acceptance is in force, with what was collected of it.
fn doubt(agreement: &CustomerAgreement) -> String {
    let id = &agreement.id;
    let accepted = moment::format(agreement.start);
    match (&agreement.end_witness, &agreement.start_witness) {
        (Some(ended), _) => {
            format!(
                "whether {id} is still in force is not known: a list shows it, but it was terminated before, or may have been since ({ended})"
            )
        }
        (None, Some(began)) => {
            format!(
                "whether what was accepted on {accepted} is still in force is not known: no list shows it ({began})"
            )
        }
        (None, None) => format!("whether {id}, accepted on {accepted}, is still in force is not known"),
    }
}

/// What becomes of an agreement in force: it governs, or the `@standing` of the policy that keeps it from governing.
pub(super) type Stands = Option<String>;

impl Agreements<'_> {
    /// What is in force for an account, a kind a row: the kinds that its partition offers, and every other that the rules
    /// find in force.
    ///
    /// Where the rules read what the inventory does not say, they are asked in every way: what is not the same in all is unknown.
    pub fn coverage(
        &self,
        account: &Account,
        standing: &Standing,
        entities: &Entities,
    ) -> Result<Vec<KindCoverage>, Failure> {
        let reads = |attr: &str| COVERAGE.iter().any(|action| self.rules.reads_attribute(action, attr));
        let read = Read { attribute: &reads, tags: self.rules.tags_read(&COVERAGE) };
        let open = open(self, (account, standing), None, &read);
        if let Some(reason) = standing.unit_unknown.as_ref().filter(|_| self.reads_units()) {
            let rows = self.rows(account, standing, entities)?;
            return Ok(rows.into_iter().map(|row| row.not_known(reason)).collect());
        }
        if open.is_empty() {
            return self.rows(account, standing, entities);
        }
        let names: Vec<String> = open.iter().map(Open::words).collect();
        let reason = format!("it depends on what is not declared: {}", names.join(", "));
        let tried = tried(self, &open, entities)?;
        let worlds = tried.worlds().iter().map(|w| self.rows(account, standing, &w.entities));
        let worlds = worlds.collect::<Result<Vec<_>, Failure>>()?;
        if worlds.is_empty() {
            let rows = self.rows(account, standing, entities)?;
            return Ok(rows.into_iter().map(|row| row.not_known(&reason)).collect());
        }
        Ok(in_all(worlds, &reason))
    }

    fn reads_units(&self) -> bool {
        COVERAGE.iter().any(|action| self.rules.reads_units(action))
    }

    fn rows(&self, account: &Account, standing: &Standing, entities: &Entities) -> Result<Vec<KindCoverage>, Failure> {
        let offered = self.offers.values().filter(|o| o.partition == account.partition);
        let mut kinds: BTreeMap<String, Vec<InForce>> = offered.map(|o| (o.kind.clone(), Vec::new())).collect();
        let mut perhaps: BTreeMap<String, Vec<(Scope, String)>> = BTreeMap::new();
        for agreement in self.acceptances(account, standing) {
            let kind = self.kind_of(agreement);
            match self.accepted_in_force(agreement, account, standing, entities)? {
                Found::InForce(found) => kinds.entry(kind.to_owned()).or_default().push(found),
                Found::Perhaps(scope) => {
                    kinds.entry(kind.to_owned()).or_default();
                    perhaps.entry(kind.to_owned()).or_default().push((scope, doubt(agreement)));
                }
                Found::Not => {}
            }
        }
        for agreement in self.offline_to_ask(standing) {
            let uid = Uid::new("OfflineAgreement", &agreement.id);
            let starts = |bound: &str| match bound {
                "principal" => Some(agreement.start),
                "designation" => {
                    let own = standing.designations.iter().filter(|(id, _)| *id == agreement.id);
                    own.map(|(_, from)| *from).min()
                }
                _ => None,
            };
            // what designates an account has a row of its kind, in force or not
            let row = standing.offline().contains(&&agreement.id).then(|| kinds.entry(agreement.kind.clone()));
            row.map(std::collections::btree_map::Entry::or_default);
            match self.in_force(uid, &starts, account, entities)? {
                Found::InForce(found) => kinds.entry(agreement.kind.clone()).or_default().push(found),
                Found::Perhaps(scope) => {
                    let reason = format!("whether {} is still in force is not known", agreement.id);
                    perhaps.entry(agreement.kind.clone()).or_default().push((scope, reason));
                }
                Found::Not => {}
            }
        }
        let missing = self.missing(account, standing)?;
        let row = |(kind, found): (String, Vec<InForce>)| {
            let found = self.in_order(found, entities)?;
            let doubted = perhaps.get(&kind).map_or(&[][..], Vec::as_slice);
            let unlisted = Unlisted::new(&kind, &self.missing_of(&kind, &missing), &found).with(doubted, &found);
            self.row(account, standing, entities, found, (kind, unlisted))
        };
        kinds.into_iter().map(row).collect()
    }

    fn accepted_in_force(
        &self,
        agreement: &CustomerAgreement,
        account: &Account,
        standing: &Standing,
        entities: &Entities,
    ) -> Result<Found, Failure> {
        let uid = Uid::new("CustomerAgreement", &agreement.id);
        let joined = || {
            let Accepted::Organization(organization) = &agreement.accepted else {
                return None;
            };
            let memberships = standing.memberships.iter().filter(|m| m.organization == *organization);
            // one that has no beginning began before everything that is known
            memberships.map(|m| m.from).min().flatten()
        };
        let starts = |bound: &str| match bound {
            "principal" => Some(agreement.start),
            "membership" => joined(),
            _ => None,
        };
        self.in_force(uid, &starts, account, entities)
    }

    /// Asks the rules about one agreement. `starts` tells when what `@since` names began.
    fn in_force(
        &self,
        uid: Uid,
        starts: &dyn Fn(&str) -> Option<Moment>,
        account: &Account,
        entities: &Entities,
    ) -> Result<Found, Failure> {
        let resource = Uid::new("Account", &account.id).to_cedar()?;
        let (principal, at) = (uid.to_cedar()?, self.asked_at()?);
        let ruling = self.rules.rule("in-force", &principal, &resource, at.clone(), entities)?;
        if ruling.is_open() {
            let certain = self.rules.certainly("in-force", &principal, &resource, at, entities)?;
            let first = certain.by.first().filter(|_| certain.permitted);
            return first.map_or(Ok(Found::Not), |first| scope_of(first).map(Found::Perhaps));
        }
        let Some(first) = ruling.by.first().filter(|_| ruling.permitted) else {
            return Ok(Found::Not);
        };
        let scope = scope_of(first)?;
        // the earliest since which a policy says so; unknown for one is unknown for all
        let mut since = Vec::new();
        for rule in &ruling.by {
            let bounds = rule.get("since").ok_or_else(|| lacks(rule, "since"))?;
            let starts: Option<Vec<Moment>> = bounds.split_whitespace().map(starts).collect();
            since.push(starts.and_then(|s| s.into_iter().max()));
        }
        // a policy that puts an agreement in force before what it names has begun does not tell since when it is
        let since = since.into_iter().min().flatten().filter(|since| *since <= self.at());
        let policies = ruling.by.iter().map(|r| r.id.clone()).collect();
        let since = match since {
            Some(since) => self.without_a_break(since, &uid, account, entities)?,
            None => None,
        };
        Ok(Found::InForce(InForce { id: uid.id.clone(), uid, scope, since, policies }))
    }

    /// Since when the rules have put an agreement in force without a break, at the earliest since a moment; `None` where one reckons
    /// with the moment.
    fn without_a_break(
        &self,
        since: Moment,
        uid: &Uid,
        account: &Account,
        entities: &Entities,
    ) -> Result<Option<Moment>, Failure> {
        if ["in-force", "holds", "membership-known"].iter().any(|action| self.rules.reckons(action)) {
            return Ok(None);
        }
        let own = Uid::new("Account", &account.id);
        let of: [(&[&str], &Uid); 2] = [(&["principal"], uid), (&["resource"], &own)];
        let asked = Asked { inventory: self.inventory, of: &of };
        let mut compared = self.rules.moments("in-force", &asked);
        // where the rules let memberships and designations hold at some moments only, the account stood elsewhere at others
        let asked = Asked { of: of.get(1..).unwrap_or_default(), ..asked };
        let of_standing: BTreeSet<Moment> =
            ["holds", "membership-known"].iter().flat_map(|action| self.rules.moments(action, &asked)).collect();
        let moves = !of_standing.is_empty();
        compared.extend(of_standing);
        // what no policy compares the moment with since then, it said then as it does now
        let mut after = compared.range((Bound::Excluded(since), Bound::Included(self.at))).copied().peekable();
        if after.peek().is_none() {
            return Ok(Some(since));
        }
        let (principal, resource) = (uid.to_cedar()?, own.to_cedar()?);
        let moments: Vec<Moment> = std::iter::once(since).chain(after.filter(|moment| *moment < self.at)).collect();
        let mut first = self.at;
        for moment in moments.into_iter().rev() {
            let asked = context([("at", datetime(moment))])?;
            let then = if moves { self.entities_at(moment, account)? } else { None };
            let entities = then.as_ref().unwrap_or(entities);
            // one that the account is not asked about where it stood then
            if entities.get(&principal).is_none() {
                break;
            }
            if !self.rules.rule("in-force", &principal, &resource, asked, entities)?.permitted {
                break;
            }
            first = moment;
        }
        Ok(Some(first))
    }

    /// The entities as they stood at another moment; `None` where that is not known.
    fn entities_at(&self, moment: Moment, account: &Account) -> Result<Option<Entities>, Failure> {
        let then = self.moved_to(moment);
        let standing = then.standing(account)?;
        if standing.unknown.is_some() {
            return Ok(None);
        }
        then.entities(account, &standing, &[]).map(Some)
    }

    fn row(
        &self,
        account: &Account,
        standing: &Standing,
        entities: &Entities,
        found: Vec<InForce>,
        (kind, unlisted): (String, Unlisted),
    ) -> Result<KindCoverage, Failure> {
        let fact = |scope: Scope| match found.iter().any(|i| i.scope == scope) {
            true => Some(true),
            false => (!unlisted.scopes().contains(&scope)).then_some(false),
        };
        let mut row = KindCoverage {
            coverage: match (found.is_empty(), unlisted.is_empty()) {
                (false, _) => Coverage::Covered,
                (true, true) => Coverage::NotCovered,
                (true, false) => Coverage::Unknown,
            },
            governing: None,
            superseded: Vec::new(),
            also: Vec::new(),
            perhaps_superseded: None,
            perhaps_also: None,
            account: fact(Scope::Account),
            organization: fact(Scope::Organization),
            perhaps_designated: self.may_designate(account, &unlisted, entities)?,
            assuming: Vec::new(),
            policies: found.iter().flat_map(|i| i.policies.clone()).collect(),
            reason: None,
            kind,
        };
        self.govern(&mut row, account, found, &unlisted, entities)?;
        if row.coverage != Coverage::NotCovered || self.depends_on_organization(standing, &row.kind) {
            row.assuming.extend(standing.assuming.clone());
        }
        if row.coverage == Coverage::NotCovered {
            row.assuming.extend(self.without_events(account, standing));
        }
        Ok(row)
    }

    /// The order in which agreements are named (D19), and by their ids where the rules name none first.
    fn in_order(&self, mut found: Vec<InForce>, entities: &Entities) -> Result<Vec<InForce>, Failure> {
        found.sort_by(|a, b| a.id.cmp(&b.id));
        let uids = found.iter().map(|one| one.uid.to_cedar()).collect::<Result<Vec<_>, Failure>>()?;
        let is_before = |one: &EntityUid, other: &EntityUid| {
            Ok(self.rules.rule("named-before", one, other, self.asked_at()?, entities)?.permitted)
        };
        let order = match self.narrowing.named_in_order {
            true => sorted(&uids, is_before)?,
            false => ranked(&uids, is_before)?,
        };
        let mut found: Vec<Option<InForce>> = found.into_iter().map(Some).collect();
        Ok(order.into_iter().filter_map(|place| found.get_mut(place).and_then(Option::take)).collect())
    }

    /// Says which agreement governs and what becomes of the others: what holds whatever is not listed, or else that it is
    /// not known.
    fn govern(
        &self,
        row: &mut KindCoverage,
        account: &Account,
        found: Vec<InForce>,
        unlisted: &Unlisted,
        entities: &Entities,
    ) -> Result<(), Failure> {
        let worlds = self.worlds(account, &found, unlisted, entities)?;
        let mut same = worlds.iter().all(|w| w.governing == worlds.first().and_then(|f| f.governing));
        same &= !worlds.iter().any(|w| w.unreadable);
        for (index, agreement) in found.into_iter().enumerate() {
            let roles: BTreeSet<&Stands> = worlds.iter().filter_map(|w| w.roles.get(index)).collect();
            let role = roles.first().copied().filter(|_| roles.len() == 1);
            let governs = worlds.first().is_some_and(|w| w.governing == Some(index));
            match role.and_then(|r| r.as_deref()) {
                _ if governs && same => row.governing = Some(agreement),
                Some("superseded") => row.superseded.push(agreement),
                _ => row.also.push(agreement),
            }
        }
        let perhaps = |stands: &str| {
            let may_be = |w: &Governance| w.beside.contains(stands) || (w.unreadable && !unlisted.is_empty());
            worlds.iter().any(may_be).then(|| unlisted.reason())
        };
        (row.perhaps_superseded, row.perhaps_also) = (perhaps("superseded"), perhaps("also-in-force"));
        row.policies.extend(worlds.into_iter().next().map(|w| w.policies).unwrap_or_default());
        row.policies.sort();
        row.policies.dedup();
        if row.coverage == Coverage::Unknown || (row.coverage == Coverage::Covered && !same) {
            row.reason = Some(unlisted.reason());
        }
        if row.coverage == Coverage::Covered && same && row.governing.is_none() {
            let by = row.policies.join(", ");
            row.reason = Some(format!("the rules let none of the agreements in force govern: {by}"));
        }
        Ok(())
    }

    /// What the rules say of one agreement, where agreements of these scopes are in force.
    pub(super) fn governs(
        &self,
        principal: &EntityUid,
        account: &Account,
        scopes: &BTreeSet<Scope>,
        entities: &Entities,
    ) -> Result<(bool, Vec<&Rule>), Failure> {
        let scopes = Expr::new_set(scopes.iter().map(|s| Expr::new_string(s.word().to_owned())));
        let context = context([("at", datetime(self.at)), ("scopesInForce", scopes)])?;
        let resource = Uid::new("Account", &account.id).to_cedar()?;
        let ruling = self.rules.rule("governs", principal, &resource, context, entities)?;
        Ok((ruling.permitted, ruling.by))
    }

    /// Whether an agreement in force designates the account as a HIPAA Account.
    pub fn designates(&self, agreement: &InForce, account: &Account, entities: &Entities) -> Result<bool, Failure> {
        self.designating(&agreement.uid.to_cedar()?, account, entities)
    }

    pub(super) fn designating(
        &self,
        principal: &EntityUid,
        account: &Account,
        entities: &Entities,
    ) -> Result<bool, Failure> {
        let resource = Uid::new("Account", &account.id).to_cedar()?;
        Ok(self.rules.rule("designated", principal, &resource, self.asked_at()?, entities)?.permitted)
    }
}

/// The places of what is named, by how many of the others come before each: every pair is asked about.
fn ranked<T: PartialEq>(all: &[T], is_before: impl Fn(&T, &T) -> Result<bool, Failure>) -> Result<Vec<usize>, Failure> {
    let mut ranked = Vec::new();
    for (place, one) in all.iter().enumerate() {
        let mut before = 0;
        for other in all.iter().filter(|other| *other != one) {
            before += usize::from(is_before(other, one)?);
        }
        ranked.push((before, place));
    }
    ranked.sort_unstable();
    Ok(ranked.into_iter().map(|(_, place)| place).collect())
}

/// The same where the rules put all of them in an order: each is put after the last that does not come after it.
fn sorted<T>(all: &[T], is_before: impl Fn(&T, &T) -> Result<bool, Failure>) -> Result<Vec<usize>, Failure> {
    let mut order: Vec<usize> = Vec::new();
    for (place, one) in all.iter().enumerate() {
        let is_after = |known: Option<&usize>| match known.and_then(|known| all.get(*known)) {
            Some(known) => is_before(one, known),
            None => Ok(false),
        };
        let (mut from, mut until) = (0, order.len());
        // what is in its order already is asked about once
        if !is_after(order.last())? {
            from = until;
        }
        while from < until {
            let middle = from.midpoint(until);
            if is_after(order.get(middle))? { until = middle } else { from = middle + 1 }
        }
        order.insert(from, place);
    }
    Ok(order)
}

/// The `@scope` of a policy that says that an agreement is in force.
fn scope_of(rule: &Rule) -> Result<Scope, Failure> {
    rule.get("scope").and_then(Scope::named).ok_or_else(|| lacks(rule, "scope"))
}

fn lacks(rule: &Rule, annotation: &str) -> Failure {
    let message = format!("the policy `{}` puts agreements in force, but has no `@{annotation}`", rule.id);
    Problem::at(&rule.source, rule.span.first(), message).help(format!("add @{annotation}(\"…\")")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An order is an index: it has the places that asking about every pair has.
    #[test]
    fn what_is_sorted_is_what_is_ranked() {
        for size in 0..40_usize {
            for factor in [1, 3, 7, 11, 39] {
                // some are alike, and keep their order
                let all: Vec<(usize, usize)> = (0..size).map(|n| (n * factor % 13, n)).collect();
                let asked = std::cell::Cell::new(0);
                let is_before = |one: &(usize, usize), other: &(usize, usize)| {
                    asked.set(asked.get() + 1);
                    Ok(one.0 < other.0)
                };
                let sorted = sorted(&all, is_before).unwrap();
                assert!(asked.take() <= size * 7, "{size}");
                assert_eq!(sorted, ranked(&all, is_before).unwrap(), "{all:?}");
            }
        }
    }
}
