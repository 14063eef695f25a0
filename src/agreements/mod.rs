//! Which agreements are in force for each account at a moment, and which of them governs.
//!
//! The rules stand in `policies/agreements`; here the tree of the moment is built, Cedar is asked, and what is not known is
//! said to be unknown (D16).

pub mod tree;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use cedar_policy::{Context, Entities, Entity as CedarEntity, RestrictedExpression as Expr};

use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::model::{Accepted, Account, Agreement, CustomerAgreement, OfflineAgreement, holds};
use crate::moment::{self, Moment};
use crate::policies::RuleBook;
use crate::problem::Failure;
use tree::{Standing, Tree};

/// Whether an agreement of a kind is in force for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coverage {
    /// One is.
    Covered,
    /// None is.
    NotCovered,
    /// The inventory does not tell.
    Unknown,
}

impl Coverage {
    /// As the assessment writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::NotCovered => "not-covered",
            Self::Unknown => "unknown",
        }
    }
}

/// An agreement in force for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// `customer-agreement-…`, or the id of an offline agreement.
    pub id: String,
    /// `account`, `organization` or `offline`.
    pub scope: &'static str,
    /// When the agreement itself began.
    pub start: Moment,
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
    /// Whether one of scope `account` or `organization` is in force; `None` where it is unknown.
    pub account: Option<bool>,
    /// The same for the organization.
    pub organization: Option<bool>,
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

/// The station: everything needed to say what is in force.
pub struct Agreements<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// Its tree.
    pub tree: Tree,
    /// What is on offer, by id.
    pub offers: BTreeMap<String, Agreement>,
    rules: &'a RuleBook,
    at: Moment,
    accepted: HashMap<Accepted, Vec<CustomerAgreement>>,
    offline: Vec<OfflineAgreement>,
    designated: HashMap<String, Vec<usize>>,
    known_organizations: BTreeSet<String>,
    entities: RefCell<HashMap<Uid, CedarEntity>>,
}

impl<'a> Agreements<'a> {
    /// The agreements of an inventory at a moment.
    pub fn new(inventory: &'a Inventory, rules: &'a RuleBook, at: Moment) -> Self {
        let tree = Tree::new(inventory);
        let mut accepted: HashMap<Accepted, Vec<CustomerAgreement>> = HashMap::new();
        for agreement in inventory.customer_agreements() {
            accepted.entry(agreement.accepted.clone()).or_default().push(agreement);
        }
        let offline = inventory.offline_agreements();
        let mut designated: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, agreement) in offline.iter().enumerate() {
            for designation in agreement.designations.iter().filter(|d| holds(Some(d.from), d.until, at)) {
                designated.entry(designation.account.clone()).or_default().push(index);
            }
        }
        let listed = tree.accounts.values().filter(|a| a.agreements_known);
        let known_organizations = listed.filter_map(|a| tree.at(a, at).organization).collect();
        let offers = inventory.agreements();
        Self {
            inventory,
            tree,
            offers,
            rules,
            at,
            accepted,
            offline,
            designated,
            known_organizations,
            entities: RefCell::default(),
        }
    }

    /// The moment asked.
    pub fn at(&self) -> Moment {
        self.at
    }

    /// The kinds of agreement that an account's partition knows, and those that are declared for it, in order.
    pub fn kinds(&self, account: &Account) -> BTreeSet<String> {
        let offered = self.offers.values().filter(|o| o.partition == account.partition).map(|o| o.kind.clone());
        let offline = self.offline_of(account).map(|o| o.kind.clone());
        offered.chain(offline).collect()
    }

    fn offline_of(&self, account: &Account) -> impl Iterator<Item = &OfflineAgreement> {
        self.designated.get(&account.id).into_iter().flatten().filter_map(|i| self.offline.get(*i))
    }

    /// The ids of the offline agreements that designate an account at the moment.
    pub fn designating(&self, account: &Account) -> impl Iterator<Item = &String> {
        self.offline_of(account).map(|o| &o.id)
    }

    /// Offline agreements of a kind, whether or not they designate any account at the moment.
    pub fn has_offline(&self, kind: &str) -> bool {
        self.offline.iter().any(|o| o.kind == kind)
    }

    /// Acceptances of an account or an organization.
    pub fn accepted(&self, by: &Accepted) -> &[CustomerAgreement] {
        self.accepted.get(by).map_or(&[], Vec::as_slice)
    }

    fn kind_of(&self, agreement: &CustomerAgreement) -> &str {
        self.offers.get(&agreement.agreement).map_or("", |o| &o.kind)
    }

    /// The entities that the rules read for an account at the moment, with whatever else is named.
    pub fn entities(&self, account: &Account, standing: &Standing, more: &[Uid]) -> Result<Entities, Failure> {
        self.entities_where(account, standing, more, &[])
    }

    /// The same, with attributes that are not known taken to have these values.
    pub fn entities_where(
        &self,
        account: &Account,
        standing: &Standing,
        more: &[Uid],
        taken: &[(Uid, &str, serde_json::Value)],
    ) -> Result<Entities, Failure> {
        let mut uids: BTreeSet<Uid> = more.iter().cloned().collect();
        let unit = |id: &String| Uid::new("OrganizationalUnit", id);
        uids.extend(standing.path.iter().map(unit));
        let organization = standing.organization.as_ref().map(|o| Uid::new("Organization", o));
        uids.extend(organization.clone());
        let mut parents: Vec<Uid> = self.offline_of(account).map(|o| Uid::new("OfflineAgreement", &o.id)).collect();
        parents.extend(standing.path.last().map(unit).or(organization));
        let customer = self.candidates(account, standing);
        uids.extend(customer.iter().map(|c| Uid::new("CustomerAgreement", &c.id)));
        uids.extend(customer.iter().map(|c| Uid::new("Agreement", &c.agreement)));
        uids.extend(parents.iter().filter(|p| p.ty == "OfflineAgreement").cloned());
        let own = Uid::new("Account", &account.id);
        uids.remove(&own);
        let mut entities = Vec::new();
        for uid in &uids {
            entities.extend(self.entity_where(uid, taken)?);
        }
        if let Some(entity) = self.inventory.entities.get(&own) {
            entities.push(self.convert(&entity.to_json(&parents))?);
        }
        Entities::from_entities(entities, None).map_err(|e| Failure::general(e.to_string()))
    }

    fn entity_where(
        &self,
        uid: &Uid,
        taken: &[(Uid, &str, serde_json::Value)],
    ) -> Result<Option<CedarEntity>, Failure> {
        let mut own = taken.iter().filter(|(of, ..)| of == uid).peekable();
        let Some(entity) = self.inventory.entities.get(uid).filter(|_| own.peek().is_some()) else {
            return self.entity(uid);
        };
        let parents: Vec<Uid> = entity.parents.iter().map(|(p, _)| p.clone()).collect();
        let mut json = entity.to_json(&parents);
        if let Some(attrs) = json.get_mut("attrs").and_then(serde_json::Value::as_object_mut) {
            attrs.extend(own.map(|(_, attr, value)| ((*attr).to_owned(), value.clone())));
        }
        self.convert(&json).map(Some)
    }

    /// An entity as Cedar holds it, converted once.
    fn entity(&self, uid: &Uid) -> Result<Option<CedarEntity>, Failure> {
        if let Some(entity) = self.entities.borrow().get(uid) {
            return Ok(Some(entity.clone()));
        }
        let Some(entity) = self.inventory.entities.get(uid) else {
            return Ok(None);
        };
        let parents: Vec<Uid> = entity.parents.iter().map(|(p, _)| p.clone()).collect();
        let converted = self.convert(&entity.to_json(&parents))?;
        self.entities.borrow_mut().insert(uid.clone(), converted.clone());
        Ok(Some(converted))
    }

    fn convert(&self, json: &serde_json::Value) -> Result<CedarEntity, Failure> {
        CedarEntity::from_json_value(json.clone(), Some(&self.inventory.schema.cedar))
            .map_err(|e| Failure::general(format!("{:?}", miette::Report::new(e))))
    }

    /// The acceptances that may concern an account: its own, and those of the organization that it stands in.
    fn candidates(&self, account: &Account, standing: &Standing) -> Vec<&CustomerAgreement> {
        let own = self.accepted(&Accepted::Account(account.id.clone()));
        let shared = standing.organization.clone().map(Accepted::Organization);
        own.iter().chain(shared.iter().flat_map(|s| self.accepted(s))).collect()
    }

    /// What is in force for an account, a kind a row.
    pub fn coverage(
        &self,
        account: &Account,
        standing: &Standing,
        entities: &Entities,
    ) -> Result<Vec<KindCoverage>, Failure> {
        let kinds = self.kinds(account);
        kinds.iter().map(|kind| self.kind(account, standing, entities, kind)).collect()
    }

    fn kind(
        &self,
        account: &Account,
        standing: &Standing,
        entities: &Entities,
        kind: &str,
    ) -> Result<KindCoverage, Failure> {
        let mut found = self.found(account, standing, entities, kind)?;
        // D19: of two of one scope, the one with the earlier start is named
        found.sort_by(|(a, _), (b, _)| (a.start, &a.id).cmp(&(b.start, &b.id)));
        let has = |scope: &str| found.iter().any(|(i, _)| i.scope == scope);
        let listed = standing.organization.as_ref().is_none_or(|o| self.known_organizations.contains(o));
        let known_organization = listed && standing.unknown.is_none();
        let account_fact = if has("account") { Some(true) } else { account.agreements_known.then_some(false) };
        let organization = if has("organization") { Some(true) } else { known_organization.then_some(false) };
        let mut row = KindCoverage {
            kind: kind.to_owned(),
            coverage: Coverage::NotCovered,
            governing: None,
            superseded: Vec::new(),
            also: Vec::new(),
            account: account_fact,
            organization,
            assuming: Vec::new(),
            policies: Vec::new(),
            reason: None,
        };
        self.govern(&mut row, account, found, entities)?;
        unknown(&mut row, account, standing);
        if row.coverage != Coverage::NotCovered || self.depends_on_organization(standing, kind) {
            row.assuming.extend(standing.assuming.clone());
        }
        Ok(row)
    }

    /// What tells when agreements of a kind, and the membership that they rest on, began and ended.
    pub fn evidence(&self, account: &Account, standing: &Standing, kind: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut tell = |what: String, witness: &Option<String>| {
            found.extend(witness.as_ref().map(|w| format!("{what}: {w}")));
        };
        for agreement in self.candidates(account, standing).into_iter().filter(|a| self.kind_of(a) == kind) {
            tell(format!("{} accepted", agreement.id), &agreement.start_witness);
            tell(format!("{} terminated", agreement.id), &agreement.end_witness);
        }
        for membership in account.memberships.iter().flatten() {
            let by = Accepted::Organization(membership.organization.clone());
            if self.accepted(&by).iter().any(|a| self.kind_of(a) == kind) {
                tell(format!("joined {}", membership.organization), &membership.from_witness);
                tell(format!("departed from {}", membership.organization), &membership.until_witness);
            }
        }
        found
    }

    /// Whether the standing matters to a kind: its organization has ever accepted one.
    fn depends_on_organization(&self, standing: &Standing, kind: &str) -> bool {
        let by = standing.organization.clone().map(Accepted::Organization);
        by.is_some_and(|by| self.accepted(&by).iter().any(|a| self.kind_of(a) == kind))
    }

    /// The agreements of a kind that the rules say are in force.
    fn found(
        &self,
        account: &Account,
        standing: &Standing,
        entities: &Entities,
        kind: &str,
    ) -> Result<Vec<(InForce, Uid)>, Failure> {
        let mut found = Vec::new();
        for agreement in self.candidates(account, standing).into_iter().filter(|a| self.kind_of(a) == kind) {
            let uid = Uid::new("CustomerAgreement", &agreement.id);
            let scope = match agreement.accepted {
                Accepted::Account(_) => "account",
                Accepted::Organization(_) => "organization",
            };
            let joined = standing.membership.as_ref().and_then(|m| m.from);
            let since = match (scope, joined) {
                ("organization", None) => None,
                ("organization", Some(joined)) => Some(agreement.start.max(joined)),
                _ => Some(agreement.start),
            };
            found.extend(self.in_force(&uid, scope, (agreement.start, since), account, entities)?);
        }
        for agreement in self.offline_of(account).filter(|a| a.kind == kind) {
            let uid = Uid::new("OfflineAgreement", &agreement.id);
            let own = agreement.designations.iter().filter(|d| d.account == account.id);
            let own = own.filter(|d| holds(Some(d.from), d.until, self.at));
            let since = own.map(|d| d.from.max(agreement.start)).min();
            found.extend(self.in_force(&uid, "offline", (agreement.start, since), account, entities)?);
        }
        Ok(found)
    }

    fn in_force(
        &self,
        uid: &Uid,
        scope: &'static str,
        (start, since): (Moment, Option<Moment>),
        account: &Account,
        entities: &Entities,
    ) -> Result<Option<(InForce, Uid)>, Failure> {
        let context = context([("at", datetime(self.at))])?;
        let resource = Uid::new("Account", &account.id).to_cedar()?;
        let ruling = self.rules.rule("in-force", &uid.to_cedar()?, &resource, context, entities)?;
        let policies = ruling.by.iter().map(|r| r.id.clone()).collect();
        Ok(ruling.permitted.then(|| (InForce { id: uid.id.clone(), scope, start, since, policies }, uid.clone())))
    }

    /// Asks the rules which agreement governs, and what becomes of the others.
    fn govern(
        &self,
        row: &mut KindCoverage,
        account: &Account,
        found: Vec<(InForce, Uid)>,
        entities: &Entities,
    ) -> Result<(), Failure> {
        let scopes: BTreeSet<&str> = found.iter().map(|(i, _)| i.scope).collect();
        let resource = Uid::new("Account", &account.id).to_cedar()?;
        for (agreement, uid) in found {
            let scopes = Expr::new_set(scopes.iter().map(|s| Expr::new_string((*s).to_owned())));
            let context = context([("at", datetime(self.at)), ("scopesInForce", scopes)])?;
            let ruling = self.rules.rule("governs", &uid.to_cedar()?, &resource, context, entities)?;
            row.coverage = Coverage::Covered;
            row.policies.extend(agreement.policies.iter().cloned());
            let standing = ruling.by.first().and_then(|r| r.get("standing"));
            match (ruling.permitted, standing) {
                (true, _) if row.governing.is_none() => row.governing = Some(agreement),
                (false, Some("superseded")) => row.superseded.push(agreement),
                _ => row.also.push(agreement),
            }
            if !ruling.permitted {
                row.policies.extend(ruling.by.iter().map(|r| r.id.clone()));
            }
        }
        row.policies.sort();
        row.policies.dedup();
        Ok(())
    }

    /// Whether an agreement in force designates the account as a HIPAA Account.
    pub fn designates(&self, agreement: &InForce, account: &Account, entities: &Entities) -> Result<bool, Failure> {
        let ty = if agreement.scope == "offline" { "OfflineAgreement" } else { "CustomerAgreement" };
        let principal = Uid::new(ty, &agreement.id).to_cedar()?;
        let resource = Uid::new("Account", &account.id).to_cedar()?;
        let context = context([("at", datetime(self.at))])?;
        Ok(self.rules.rule("designated", &principal, &resource, context, entities)?.permitted)
    }
}

/// What was not listed may be in force: then the answer is unknown, or it is unknown what governs (D16).
fn unknown(row: &mut KindCoverage, account: &Account, standing: &Standing) {
    let offline = row.in_force().any(|i| i.scope == "offline");
    let mut missing = Vec::new();
    if row.account.is_none() {
        missing.push(format!("the agreements of account {} could not be listed", account.id));
    }
    match &standing.unknown {
        Some(unknown) => missing.push(unknown.clone()),
        None if row.organization.is_none() => {
            let organization = standing.organization.as_deref().unwrap_or_default();
            missing.push(format!("no account of {organization} has its agreements listed"));
        }
        None => {}
    }
    match row.coverage {
        Coverage::NotCovered if !missing.is_empty() => {
            row.coverage = Coverage::Unknown;
            row.reason = Some(missing.join("; "));
        }
        Coverage::Covered if row.organization.is_none() && !offline => {
            // covered whatever the organization has accepted, and by which agreement is not known
            row.reason = Some(missing.join("; "));
            row.also.extend(row.governing.take());
        }
        _ => {}
    }
}

/// A Cedar context of these attributes.
pub fn context<'k>(pairs: impl IntoIterator<Item = (&'k str, Expr)>) -> Result<Context, Failure> {
    let pairs = pairs.into_iter().map(|(k, v)| (k.to_owned(), v));
    Context::from_pairs(pairs).map_err(|e| Failure::general(e.to_string()))
}

/// A moment for Cedar.
pub fn datetime(at: Moment) -> Expr {
    Expr::new_datetime(moment::format(at))
}
