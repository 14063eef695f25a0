//! Where an account stands at a moment: in which organization, and under which offline agreements.
//!
//! Cedar is asked which memberships and designations hold (`policies/agreements/standing.cedar`), and whether the moment is
//! one of which anything is known. What holds becomes the parents that every other policy sees.

use std::rc::Rc;

use cedar_policy::{Entities, Entity as CedarEntity, RestrictedExpression as Expr};

use super::Agreements;
use crate::inventory::entity::{Uid, cedar_uid};
use crate::inventory::model::{Account, Designation, Membership};
use crate::inventory::tree::Position;
use crate::moment::{self, Moment};
use crate::problem::Failure;

/// Where an account stands at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its organization.
    pub organization: Option<String>,
    /// Units from the root down to the one that holds the account.
    pub path: Vec<String>,
    /// The memberships that hold, the latest first.
    pub memberships: Vec<Membership>,
    /// The designations that hold: offline agreement, and since when.
    pub designations: Vec<(String, Moment)>,
    /// What is taken for granted, because no membership says it.
    pub assuming: Option<String>,
    /// Why it is not known where it stands.
    pub unknown: Option<String>,
    /// Why it is not known in which unit of its organization it is: memberships name none, and it is in another organization now.
    pub unit_unknown: Option<String>,
}

impl Standing {
    /// Every organization that a membership which holds names; the one of the snapshot where none is declared.
    pub fn organizations(&self) -> impl Iterator<Item = &String> {
        let named = self.memberships.iter().map(|m| &m.organization);
        self.organization.iter().chain(named.filter(|o| Some(*o) != self.organization.as_ref()))
    }

    /// The offline agreements that designate it, each once.
    pub fn offline(&self) -> Vec<&String> {
        let mut ids: Vec<&String> = self.designations.iter().map(|(id, _)| id).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

impl Agreements<'_> {
    /// Where an account stands at the moment asked. Computed once an account.
    pub fn standing(&self, account: &Account) -> Result<Rc<Standing>, Failure> {
        if let Some(standing) = self.standings.borrow().get(&account.id) {
            return Ok(standing.clone());
        }
        let standing = Rc::new(Standing { designations: self.designations(account)?, ..self.membership(account)? });
        self.standings.borrow_mut().insert(account.id.clone(), standing.clone());
        Ok(standing)
    }

    /// By its memberships, or by its parents where it declares none.
    fn membership(&self, account: &Account) -> Result<Standing, Failure> {
        if !self.is_membership_known(account)? {
            let unknown = format!("it is unknown which organization account {} belonged to at that time", account.id);
            return Ok(Standing { unknown: Some(unknown), ..Standing::default() });
        }
        let now = self.tree.now(account);
        let asked = account.memberships.is_some() || self.narrowing.holds_for("Membership").is_none();
        let mut memberships = if asked { self.memberships_that_hold(account)? } else { Vec::new() };
        // the latest names the organization; an account is in one at a time (R41), unless the rules say otherwise
        memberships.sort_by(|a, b| (b.from, &b.organization).cmp(&(a.from, &a.organization)));
        let Some(latest) = memberships.first() else {
            if account.memberships.is_some() || !self.snapshot_holds(account, &now)? {
                return Ok(Standing::default());
            }
            let assuming = now
                .organization
                .as_ref()
                .map(|o| format!("account {} is in {o} at that time: it declares no memberships", account.id));
            return Ok(Standing { organization: now.organization, path: now.path, assuming, ..Standing::default() });
        };
        let assuming = latest.from.is_none().then(|| {
            format!(
                "account {} had joined {} by that time: its membership has no `from`",
                account.id, latest.organization
            )
        });
        let organization = Some(latest.organization.clone());
        // the units of an earlier organization are not known, and no agreement depends on them
        let is_here = now.organization == organization;
        let path = if is_here { now.path } else { Vec::new() };
        let unit_unknown = (!is_here).then(|| {
            format!("it is unknown in which unit of its organization account {} was at that time", account.id)
        });
        Ok(Standing { organization, path, memberships, assuming, unit_unknown, ..Standing::default() })
    }

    /// Asked once of all accounts that declare no moment, where the rules read nothing else of an account.
    fn is_membership_known(&self, account: &Account) -> Result<bool, Failure> {
        const READ: [&str; 3] = ["membershipsKnownSince", "membershipsKnownUntil", "at"];
        let declares_none = account.known_since.is_none() && account.known_until.is_none();
        let alike = declares_none && self.reads_only("membership-known", &READ);
        if let Some(known) = self.stands_known.get().filter(|_| alike) {
            return Ok(*known);
        }
        let known = self.ask_membership_known(account)?;
        if alike {
            // computed once; a value that is there already is the same
            let _ = self.stands_known.set(known);
        }
        Ok(known)
    }

    /// Whether the policies of an action tell entities apart by no more than these attributes.
    fn reads_only(&self, action: &str, attributes: &[&str]) -> bool {
        let read = self.rules.attributes_of(action);
        read.is_some_and(|read| read.iter().all(|attribute| attributes.contains(&attribute.as_str())))
    }

    /// Whether an account that says by its parents alone where it is stands there at the moment: asked as a membership of which
    /// neither the beginning nor the end is known.
    fn snapshot_holds(&self, account: &Account, now: &Position) -> Result<bool, Failure> {
        let Some(organization) = &now.organization else {
            return Ok(true);
        };
        let alike = self.reads_only("holds", &["account", "organization", "from", "until", "deletedAt", "at"]);
        let key = (organization.clone(), now.path.last().cloned());
        if let Some(holds) = self.snapshots.borrow().get(&key).filter(|_| alike) {
            return Ok(*holds);
        }
        let membership = Membership {
            organization: organization.clone(),
            from: None,
            until: None,
            from_witness: None,
            until_witness: None,
        };
        let holds = self.membership_holds(account, (&account.id, &membership))?;
        self.snapshots.borrow_mut().insert(key, holds);
        Ok(holds)
    }

    fn ask_membership_known(&self, account: &Account) -> Result<bool, Failure> {
        let uid = Uid::new("Account", &account.id).to_cedar()?;
        let entities = self.declared(account, Vec::new())?;
        Ok(self.rules.rule("membership-known", &uid, &uid, self.asked_at()?, &entities)?.permitted)
    }

    fn memberships_that_hold(&self, account: &Account) -> Result<Vec<Membership>, Failure> {
        let own = account.memberships.iter().flatten().map(|m| (&account.id, m));
        let candidates: Vec<(&String, &Membership)> = match self.narrowing.holds_for("Membership") {
            Some(_) => own.collect(),
            None => {
                let all = self.tree.accounts.values();
                all.flat_map(|a| a.memberships.iter().flatten().map(move |m| (&a.id, m))).collect()
            }
        };
        let mut found = Vec::new();
        for (of, membership) in candidates {
            if self.membership_holds(account, (of, membership))? {
                found.push(membership.clone());
            }
        }
        Ok(found)
    }

    /// Asks the rules whether a membership, of this account or of another, holds for it.
    fn membership_holds(&self, account: &Account, (of, membership): (&String, &Membership)) -> Result<bool, Failure> {
        let from = membership.from.map_or_else(|| "start".to_owned(), moment::format);
        let uid = Uid::new("Membership", format!("{of}/{}/{from}", membership.organization));
        let entity = || {
            let references =
                [("account", "Account", of.as_str()), ("organization", "Organization", &membership.organization)];
            interval(&uid, &references, membership.from, membership.until)
        };
        self.does_hold(account, (&uid, membership.until), entity, &Uid::new("Organization", &membership.organization))
    }

    fn designations(&self, account: &Account) -> Result<Vec<(String, Moment)>, Failure> {
        let candidates: Vec<(&String, &Designation)> = match self.narrowing.holds_for("Designation") {
            Some(_) => {
                let own = self.designated.get(&account.id).into_iter().flatten();
                own.filter_map(|(of, at)| {
                    let agreement = self.offline.get(*of)?;
                    Some((&agreement.id, agreement.designations.get(*at)?))
                })
                .collect()
            }
            None => self.offline.iter().flat_map(|o| o.designations.iter().map(|d| (&o.id, d))).collect(),
        };
        let mut found = Vec::new();
        for (id, designation) in candidates {
            let from = moment::format(designation.from);
            let uid = Uid::new("Designation", format!("{id}/{}/{from}", designation.account));
            let entity = || {
                let references =
                    [("agreement", "OfflineAgreement", id.as_str()), ("account", "Account", &designation.account)];
                interval(&uid, &references, Some(designation.from), designation.until)
            };
            if self.does_hold(account, (&uid, designation.until), entity, &Uid::new("OfflineAgreement", id))? {
                found.push((id.clone(), designation.from));
            }
        }
        found.sort();
        Ok(found)
    }

    fn does_hold(
        &self,
        account: &Account,
        (uid, until): (&Uid, Option<Moment>),
        entity: impl FnOnce() -> Result<CedarEntity, Failure>,
        of: &Uid,
    ) -> Result<bool, Failure> {
        let make = || {
            let mut entities = vec![entity()?];
            entities.extend(self.entity(of)?);
            self.declared(account, entities)
        };
        let entities = self.kept.borrow_mut().of(&account.id).declared((uid.clone(), until), make)?;
        let resource = Uid::new("Account", &account.id).to_cedar()?;
        Ok(self.rules.rule("holds", &uid.to_cedar()?, &resource, self.asked_at()?, &entities)?.permitted)
    }

    /// An account as it is declared, with these entities.
    pub(super) fn declared(&self, account: &Account, mut entities: Vec<CedarEntity>) -> Result<Entities, Failure> {
        entities.extend(self.entity(&Uid::new("Account", &account.id))?);
        Entities::from_entities(entities, None).map_err(Failure::internal("an entity"))
    }
}

/// A membership or designation, as Cedar holds it.
fn interval(
    uid: &Uid,
    references: &[(&str, &str, &str)],
    from: Option<Moment>,
    until: Option<Moment>,
) -> Result<CedarEntity, Failure> {
    let mut attrs = std::collections::HashMap::new();
    for (name, ty, id) in references {
        attrs.insert((*name).to_owned(), Expr::new_entity_uid(cedar_uid(ty, id)?));
    }
    let at = |m: Moment| Expr::new_datetime(moment::format(m));
    attrs.extend(from.map(|m| ("from".to_owned(), at(m))));
    attrs.extend(until.map(|m| ("until".to_owned(), at(m))));
    CedarEntity::new(uid.to_cedar()?, attrs, std::collections::HashSet::new()).map_err(Failure::internal("an entity"))
}
