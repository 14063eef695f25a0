//! Agreements that may be in force without being in the inventory (D16).
//!
//! Whether the lists that were collected tell which agreements are in force is a policy (`lists-agreements-of`). Where they do
//! not, the rules are asked with and without a stand-in of each scope that may be missing: at most four worlds a kind. Of a
//! stand-in only the kind, scope and partition are known; where a policy reads more of it, the answer is unknown.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cedar_policy::{Entities, Entity as CedarEntity, EntityUid, RestrictedExpression as Expr};

use super::Agreements;
use super::coverage::{InForce, Stands};
use super::standing::Standing;
use crate::inventory::builtin;
use crate::inventory::entity::{Entity, Uid, cedar_uid};
use crate::inventory::model::Account;
use crate::inventory::tree::Position;
use crate::moment::{self, Moment};
use crate::problem::Failure;
use crate::terms::Scope;

/// The word in `notCollected` for events of CloudTrail.
const EVENTS: &str = "events";

/// How the assumption begins that no event is missing.
const WITHOUT_EVENTS: &str = "no agreement ended";

/// Whether an assumption is that nothing ended which only events would show that could not be collected.
pub fn rests_on_events(assumption: &str) -> bool {
    assumption.starts_with(WITHOUT_EVENTS)
}

/// The scopes of which an agreement of one kind may be in force for an account without being listed.
pub(super) struct Unlisted {
    kind: String,
    /// Each with the reason.
    scopes: Vec<(Scope, String)>,
}

/// What the rules say where some of what may be missing is in force.
pub(super) struct Governance {
    /// The one that governs, by its place among those found.
    pub governing: Option<usize>,
    /// What becomes of each of those found.
    pub roles: Vec<Stands>,
    /// The policies that keep agreements from governing.
    pub policies: Vec<String>,
    /// What becomes of what is not listed, where it does not govern.
    pub beside: BTreeSet<String>,
    /// A policy reads more of what is not listed than is known of it.
    pub unreadable: bool,
}

impl Unlisted {
    /// What may be missing of one kind. A scope of which an agreement is known to be in force is settled.
    pub fn new(kind: &str, missing: &[(Scope, String)], found: &[InForce]) -> Self {
        let settled = |scope: Scope| found.iter().any(|i| i.scope == scope);
        let scopes = missing.iter().filter(|(scope, _)| !settled(*scope)).cloned().collect();
        Self { kind: kind.to_owned(), scopes }
    }

    /// What is in doubt as well: of a scope that may be missing anyway, that says more.
    pub fn with(mut self, doubted: &[(Scope, String)], found: &[InForce]) -> Self {
        for (scope, reason) in doubted.iter().filter(|(scope, _)| !found.iter().any(|i| i.scope == *scope)) {
            match self.scopes.iter_mut().find(|(known, _)| known == scope) {
                Some((_, known)) if known.contains(reason) => {}
                Some((_, known)) => *known = format!("{known}; {reason}"),
                None => self.scopes.push((*scope, reason.clone())),
            }
        }
        self
    }

    /// The scopes.
    pub fn scopes(&self) -> Vec<Scope> {
        self.scopes.iter().map(|(s, _)| *s).collect()
    }

    /// Everything is listed.
    pub fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// Why.
    pub fn reason(&self) -> String {
        self.scopes.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>().join("; ")
    }
}

impl Agreements<'_> {
    /// What may be in force for an account without being listed, whatever the kind: each scope with the reason.
    pub(super) fn missing(&self, account: &Account, standing: &Standing) -> Result<Vec<(Scope, String)>, Failure> {
        let mut missing = Vec::new();
        if !self.is_own_listed(account)? {
            missing.push((Scope::Account, self.own_not_listed(account)));
        }
        let mut unknown = standing.unknown.clone();
        for organization in standing.organizations() {
            if unknown.is_none() && !self.is_listed(organization, account)? {
                unknown = Some(self.not_listed(organization));
            }
        }
        missing.extend(unknown.map(|reason| (Scope::Organization, reason)));
        if self.narrowing.others_cover { self.missing_of_others(missing) } else { Ok(missing) }
    }

    /// That nothing was in force before the lists which events would show that could not be collected: lists show what is in force (D16).
    pub(super) fn without_events(&self, account: &Account, standing: &Standing) -> Option<String> {
        let as_of = self.inventory.config.as_of;
        if as_of.is_some_and(|as_of| as_of <= self.at) {
            return None;
        }
        let lacks = |ty: &str, id: &str| {
            let entity = self.inventory.entity(ty, id);
            entity.is_some_and(|e| e.texts("notCollected").contains(&EVENTS))
        };
        let own = lacks("Account", &account.id).then(|| format!("account {}", account.id));
        let above = standing.organizations().filter(|id| lacks("Organization", id)).cloned();
        // what ends for all of an organization is told by its management account (R34)
        let organizations = standing.organizations().filter_map(|id| self.tree.organizations.get(id));
        let managers = organizations.map(|o| &o.management_account).filter(|id| **id != account.id);
        let managers = managers.filter(|id| lacks("Account", id)).map(|id| format!("account {id}"));
        let of: Vec<String> = own.into_iter().chain(managers).chain(above).collect();
        let before = as_of.map_or("it was listed".to_owned(), moment::format);
        let whose = of.join(" and ");
        let said = format!(
            "{WITHOUT_EVENTS} before {before} that no list shows: the events of CloudTrail of {whose} could not be collected"
        );
        (!of.is_empty()).then_some(said)
    }

    /// Why the agreements of an account's own are not known.
    fn own_not_listed(&self, account: &Account) -> String {
        let whose = format!("the agreements of account {}", account.id);
        let entity = self.inventory.entity("Account", &account.id);
        not_known_before(&whose, entity, self.at).unwrap_or_else(|| format!("{whose} could not be listed"))
    }

    /// Why the agreements of an organization are not known.
    fn not_listed(&self, organization: &str) -> String {
        let entity = self.inventory.entity("Organization", organization);
        if let Some(why) = not_known_before(&format!("the agreements of {organization}"), entity, self.at) {
            return why;
        }
        if let Some(deleted) = entity.and_then(|o| o.moment("deletedAt")) {
            let on = moment::format(deleted);
            return format!("the agreements of {organization}, which was deleted on {on}, could not be listed");
        }
        match entity.and_then(|o| o.bool("agreementsKnown")) {
            Some(false) => format!("the agreements of {organization} could not be listed"),
            _ => format!("no account of {organization} has its agreements listed"),
        }
    }

    /// Whether an agreement of a kind can be accepted for a scope. AWS offers those of `data/agreements.json`, some for accounts alone; an
    /// inventory may declare others, and of a kind that AWS's list does not have nothing is known.
    fn is_offered(&self, kind: &str, scope: Scope) -> bool {
        let of_aws = builtin::offers().iter().any(|o| o.kind == kind);
        !of_aws || self.offers.values().any(|o| o.kind == kind && o.scope == scope.word())
    }

    /// Of what may be in force without being listed, what an agreement of a kind can be: none is in force that cannot be accepted.
    pub(super) fn missing_of(&self, kind: &str, missing: &[(Scope, String)]) -> Vec<(Scope, String)> {
        missing.iter().filter(|(scope, _)| self.is_offered(kind, *scope)).cloned().collect()
    }

    /// Whether some list tells the agreements of an account.
    pub(crate) fn is_own_listed(&self, account: &Account) -> Result<bool, Failure> {
        let own = Uid::new("Account", &account.id);
        // with other rules, the list of another account may tell it
        Ok(self.lists(account, &own)?
            || (!self.narrowing.members_tell() && self.lists_any(self.tree.accounts.values(), &own)?))
    }

    /// The same where the rules may let the agreement of any account or organization cover any account: what was not listed of
    /// one may be in force for all.
    fn missing_of_others(&self, own: Vec<(Scope, String)>) -> Result<Vec<(Scope, String)>, Failure> {
        if self.of_others.get().is_none() {
            let mut found = Vec::new();
            for account in self.tree.accounts.values() {
                if !self.is_own_listed(account)? {
                    let reason = format!(
                        "the agreements of account {} could not be listed, and by these rules they may cover other accounts",
                        account.id
                    );
                    found.push((Scope::Account, reason));
                    break;
                }
            }
            for organization in self.tree.organizations.keys() {
                if !self.lists_of(organization)? {
                    found.push((Scope::Organization, self.not_listed(organization)));
                    break;
                }
            }
            // computed once; a value that is there already is the same
            let _ = self.of_others.set(found);
        }
        let others = self.of_others.get().into_iter().flatten();
        let is_new = |scope: Scope| own.iter().all(|(known, _)| *known != scope);
        let new: Vec<(Scope, String)> = others.filter(|(scope, _)| is_new(*scope)).cloned().collect();
        Ok(own.into_iter().chain(new).collect())
    }

    /// Whether some account's list tells the agreements of an organization. The account that is asked about is tried first.
    fn is_listed(&self, organization: &str, account: &Account) -> Result<bool, Failure> {
        if let Some(listed) = self.listed.borrow().get(organization) {
            return Ok(*listed);
        }
        if self.lists(account, &Uid::new("Organization", organization))? {
            self.listed.borrow_mut().insert(organization.to_owned(), true);
            return Ok(true);
        }
        self.lists_of(organization)
    }

    /// Whether some account's list tells which agreements of an organization are in force.
    pub fn lists_of(&self, organization: &str) -> Result<bool, Failure> {
        if let Some(listed) = self.listed.borrow().get(organization) {
            return Ok(*listed);
        }
        let uid = Uid::new("Organization", organization);
        let listed = if self.narrowing.members_tell() {
            let members = self.members().get(organization).into_iter().flatten();
            let manager = self.tree.organizations.get(organization).map(|o| &o.management_account);
            let accounts = members.chain(manager).filter_map(|id| self.tree.accounts.get(id));
            self.lists_any(accounts, &uid)?
        } else {
            self.lists_any(self.tree.accounts.values(), &uid)?
        };
        self.listed.borrow_mut().insert(organization.to_owned(), listed);
        Ok(listed)
    }

    /// Whether the list of some of these accounts tells the agreements of an account or organization.
    fn lists_any<'t>(&self, accounts: impl Iterator<Item = &'t Account>, of: &Uid) -> Result<bool, Failure> {
        for account in accounts {
            if self.lists(account, of)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The accounts of each organization when they were listed.
    fn members(&self) -> &BTreeMap<String, Vec<String>> {
        self.members.get_or_init(|| {
            let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for account in self.tree.accounts.values() {
                if let Some(organization) = self.listed_at(account).organization {
                    members.entry(organization).or_default().push(account.id.clone());
                }
            }
            members
        })
    }

    /// Where an account stood when its agreements were listed: where it stands, unless a plan has moved it since.
    fn listed_at(&self, account: &Account) -> Position {
        self.inventory.listed_at.get(&account.id).cloned().unwrap_or_else(|| self.tree.now(account))
    }

    fn is_moved(&self, account: &Account) -> bool {
        self.inventory.listed_at.contains_key(&account.id)
    }

    /// Whether the list of one account tells the agreements of it or of its organization.
    ///
    /// It is asked of the account as the inventory declares it: the list tells what the account saw when it was listed, which
    /// is nothing of an organization that it had left, nor of one that it joins by a plan.
    fn lists(&self, account: &Account, of: &Uid) -> Result<bool, Failure> {
        let then = self.listed_at(account);
        let above = then.organization.iter().map(|o| Uid::new("Organization", o));
        let above = above.chain(then.path.iter().map(|u| Uid::new("OrganizationalUnit", u)));
        // of one that was deleted it is read that it was
        let other = Some(of).filter(|of| of.ty == "Organization" && then.organization.as_ref() != Some(&of.id));
        let above = above.chain(other.cloned());
        let above = above.map(|uid| self.entity(&uid)).collect::<Result<Vec<_>, Failure>>()?;
        let mut entities: Vec<CedarEntity> = above.into_iter().flatten().collect();
        let own = Uid::new("Account", &account.id);
        let entities = match self.inventory.entities.get(&own).filter(|_| self.is_moved(account)) {
            Some(moved) => {
                let unit = then.path.last().map(|u| Uid::new("OrganizationalUnit", u));
                let below = unit.or_else(|| then.organization.as_ref().map(|o| Uid::new("Organization", o)));
                entities.push(moved.to_cedar(&below.into_iter().collect::<Vec<_>>())?);
                Entities::from_entities(entities, None).map_err(Failure::internal("an entity"))?
            }
            None => self.declared(account, entities)?,
        };
        let principal = own.to_cedar()?;
        let context = self.asked_at()?;
        Ok(self.rules.rule("lists-agreements-of", &principal, &of.to_cedar()?, context, &entities)?.permitted)
    }

    /// What governs in each world: without what may be missing first, then with it.
    pub(super) fn worlds(
        &self,
        account: &Account,
        found: &[InForce],
        unlisted: &Unlisted,
        entities: &Entities,
    ) -> Result<Vec<Governance>, Failure> {
        let mut subsets: Vec<Vec<Scope>> = vec![Vec::new()];
        for scope in unlisted.scopes() {
            let with: Vec<_> = subsets.iter().map(|s| s.iter().copied().chain([scope]).collect()).collect();
            subsets.extend(with);
        }
        let readable = unlisted.is_empty() || self.narrowing.stand_ins_govern;
        let mut worlds = Vec::new();
        for present in subsets {
            worlds.push(self.world(account, found, &present, (unlisted, readable), entities)?);
        }
        Ok(worlds)
    }

    fn world(
        &self,
        account: &Account,
        found: &[InForce],
        present: &[Scope],
        (unlisted, readable): (&Unlisted, bool),
        entities: &Entities,
    ) -> Result<Governance, Failure> {
        let scopes: BTreeSet<Scope> = found.iter().map(|i| i.scope).chain(present.iter().copied()).collect();
        let mut world = Governance {
            governing: None,
            roles: Vec::new(),
            policies: Vec::new(),
            beside: BTreeSet::new(),
            unreadable: false,
        };
        for (index, agreement) in found.iter().enumerate() {
            let (governs, by) = self.governs(&agreement.uid.to_cedar()?, account, &scopes, entities)?;
            if governs {
                world.governing = world.governing.or(Some(index));
                world.roles.push(None);
            } else {
                world.roles.push(Some(by.first().and_then(|r| r.text("standing")).unwrap_or_default()));
                world.policies.extend(by.iter().map(|r| r.id.clone()));
            }
        }
        for scope in present {
            if !readable {
                world.unreadable = true;
                continue;
            }
            let (uid, entities) = stand_in(account, &unlisted.kind, *scope, entities)?;
            // it governs in place of what was found: which of the two is named is not known
            let (governs, by) = self.governs(&uid, account, &scopes, &entities)?;
            match governs {
                true => world.governing = None,
                false => world.beside.extend(by.first().and_then(|rule| rule.text("standing"))),
            }
        }
        Ok(world)
    }

    /// Whether an agreement that may be missing would designate the account as a HIPAA Account.
    pub(super) fn may_designate(
        &self,
        account: &Account,
        unlisted: &Unlisted,
        entities: &Entities,
    ) -> Result<bool, Failure> {
        if !unlisted.is_empty() && !self.narrowing.stand_ins_designate {
            return Ok(true);
        }
        for scope in unlisted.scopes() {
            let (uid, entities) = stand_in(account, &unlisted.kind, scope, entities)?;
            if self.designating(&uid, account, &entities)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Why agreements are not known at a moment before they are.
fn not_known_before(whose: &str, entity: Option<&Entity>, at: Moment) -> Option<String> {
    let since = entity?.moment("agreementsKnownSince").filter(|since| at < *since)?;
    let on = moment::format(since);
    Some(format!("{whose} are known from {on} on: one that no list shows was terminated then"))
}

/// An acceptance that is not listed, of which no more is known than what it is of.
fn stand_in(
    account: &Account,
    kind: &str,
    scope: Scope,
    entities: &Entities,
) -> Result<(EntityUid, Entities), Failure> {
    let name = format!("not listed: {kind} of scope {scope}");
    let (offer, uid) = (cedar_uid("Agreement", &name)?, cedar_uid("CustomerAgreement", &name)?);
    let text = |value: &str| Expr::new_string(value.to_owned());
    let known = [("kind", kind), ("scope", scope.word()), ("partition", &account.partition)];
    let known: HashMap<String, Expr> = known.into_iter().map(|(k, v)| (k.to_owned(), text(v))).collect();
    let of = HashMap::from([("agreement".to_owned(), Expr::new_entity_uid(offer.clone()))]);
    let offer = CedarEntity::new(offer, known, HashSet::new()).map_err(Failure::internal("an entity"))?;
    let acceptance = CedarEntity::new(uid.clone(), of, HashSet::new()).map_err(Failure::internal("an entity"))?;
    let entities = entities.clone().add_entities([offer, acceptance], None).map_err(Failure::internal("an entity"))?;
    Ok((uid, entities))
}
