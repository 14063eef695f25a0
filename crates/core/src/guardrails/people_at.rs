//! Who acts as a principal, and who may become a role: guardrails are asked about each of them.

use std::collections::{BTreeMap, BTreeSet};

use super::duties::{May, Somebody, Stranger};
use super::{Acting, Answered, By, GuardrailQuery, Question, group_name, possible};
use crate::agreements::standing::Standing;
use crate::assessment::{Answers, Operation, OperationAnswer, Person, PrincipalAnswer, principal_answer};
use crate::inventory::entity::{Entity, Item, Uid};
use crate::inventory::model::Account;
use crate::people::{Assumer, Behind};
use crate::problem::Failure;
use crate::terms::{Decision, PrincipalKind};

/// Who acts: one of the people behind a permission set, a group whose members are not known, or the principal itself.
pub(super) struct Actor {
    pub person: Option<Uid>,
    pub name: Option<String>,
    pub groups: BTreeSet<String>,
}

impl Actor {
    /// Who it is that acts as this principal, whatever else they act as.
    pub fn is(&self, as_who: &PrincipalAnswer) -> Somebody {
        match (&self.person, &self.name, as_who.kind) {
            (Some(person), ..) => Somebody::Person(person.id.clone()),
            (None, Some(name), PrincipalKind::PermissionSet) => Somebody::Group(name.clone()),
            (None, Some(name), _) => Somebody::Named(name.clone()),
            (None, None, PrincipalKind::User) => Somebody::User(as_who.principal.clone()),
            (None, None, _) => Somebody::Itself(as_who.principal.clone()),
        }
    }
}

impl<'a> GuardrailQuery<'a> {
    /// Who stands behind a role, as things are assumed, and for any request.
    pub(super) fn behind(&self, role: &str) -> [Behind; 2] {
        self.roles.each_ref().map(|roles| roles.get(role).cloned().unwrap_or_default())
    }

    /// Who may become a role, and how certain that is.
    pub(super) fn assumers(&self, role: &str) -> Vec<(Assumer, By)> {
        let [by_now, by_any] = self.behind(role);
        let same =
            |a: &Assumer, b: &Assumer| a.identity.uid == b.identity.uid && a.identity.account == b.identity.account;
        let beyond: Vec<Assumer> =
            by_any.assumers.into_iter().filter(|a| !by_now.assumers.iter().any(|b| same(a, b))).collect();
        let certain = |a: &Assumer| if a.certain { By::Grant } else { By::Unknown };
        let assumers = by_now.assumers.into_iter().map(|a| (certain(&a), a));
        assumers.chain(beyond.into_iter().map(|a| (By::Request, a))).map(|(by, a)| (a, by)).collect()
    }

    /// Asks about the operations of a role for whoever may become it, and says of those who are not known that they may break what is
    /// about people.
    pub(super) fn at_role(
        &mut self,
        (now, any): Answered<'_>,
        account: &Account,
        standing: &Standing,
    ) -> Result<(), Failure> {
        for (assumer, at_best) in self.assumers(&now.principal) {
            let who = principal_answer(assumer.identity.clone(), Answers::default());
            let actors = self.actors(&who);
            let entities = self.entities(&who, account, standing, &actors)?;
            let question = Question::of(self, &who, (account, standing), &entities)?;
            let with = |actor: Actor| (self.duties.of(&account.id, &actor.is(&who)), actor);
            let actors: Vec<(May, Actor)> = actors.into_iter().map(with).collect();
            self.operations(&question, (now, any), &actors, &Acting { as_who: &who, roles: &assumer.roles, at_best })?;
        }
        let [by_now, by_any] = self.behind(&now.principal);
        self.declared((now, any), account, standing, &by_now.trusted)?;
        let others: BTreeSet<String> = by_now.others.iter().chain(&by_any.others).map(|o| o.who.clone()).collect();
        for who in others {
            let actor = Actor { person: None, name: Some(who), groups: BTreeSet::new() };
            self.not_known((now, any), account, standing, &actor)?;
        }
        Ok(())
    }

    /// Somebody may become a role of whom nothing is known: they may break what is about people, and may do whatever others do here.
    fn not_known(
        &mut self,
        (now, any): Answered<'_>,
        account: &Account,
        standing: &Standing,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let acting = Acting { as_who: now, roles: &[], at_best: By::Unknown };
        let about_duties: BTreeSet<String> = self.guardrails.about_duties().cloned().collect();
        let entities = self.entities(now, account, standing, &[])?;
        let question = Question::of(self, now, (account, standing), &entities)?;
        let own = May::of((now, any));
        let besides = self.duties.of_stranger(&account.id, Stranger::Anyone);
        let done = |(operation, any): &(&OperationAnswer, &OperationAnswer)| {
            operation.decision != Decision::Deny || possible(any)
        };
        for (operation, _) in now.operations.iter().zip(&any.operations).filter(done) {
            let mut broken: BTreeMap<String, By> =
                self.may_break(&question, &Operation::of(operation))?.into_iter().map(|id| (id, By::Unknown)).collect();
            if about_duties.is_empty() {
                self.broken(broken, &acting, operation, actor);
                continue;
            }
            // what the role by itself breaks is told of the role
            let mut told: BTreeSet<String> = broken.keys().cloned().collect();
            let of_role: BTreeSet<&'static str> = own.certain.iter().copied().chain([operation.operation]).collect();
            told.extend(self.ask(&question, &Operation::of(operation), actor, &of_role)?);
            let perhaps: BTreeSet<&'static str> = own.perhaps.union(&besides.perhaps).copied().collect();
            let by_request = own.by_request.iter().chain(&besides.by_request).copied();
            let some: BTreeSet<&'static str> = perhaps.iter().copied().chain(by_request).collect();
            let denied = operation.decision == Decision::Deny;
            for (open, by) in [(perhaps, if denied { By::Request } else { By::Unknown }), (some, By::Request)] {
                for may in self.choose(&own.certain, &open, operation.operation) {
                    let forbidding = self.ask(&question, &Operation::of(operation), actor, &may)?;
                    for id in forbidding.into_iter().filter(|id| about_duties.contains(id) && !told.contains(id)) {
                        let known = broken.entry(id).or_insert(by);
                        *known = by.min(*known);
                    }
                }
            }
            self.broken(broken, &acting, operation, actor);
        }
        Ok(())
    }

    fn broken(
        &mut self,
        broken: BTreeMap<String, By>,
        acting: &Acting<'_>,
        operation: &OperationAnswer,
        actor: &Actor,
    ) {
        for (id, by) in broken {
            self.violated(&id, by, acting, operation, actor, BTreeMap::new());
        }
    }

    /// Asks about the operations of a role for the people whom `[[trusted]]` declares.
    fn declared(
        &mut self,
        (now, any): Answered<'_>,
        account: &Account,
        standing: &Standing,
        people: &[String],
    ) -> Result<(), Failure> {
        for name in people {
            let actor = self.declared_actor(name);
            let entities = self.entities(now, account, standing, std::slice::from_ref(&actor))?;
            let question = Question::of(self, now, (account, standing), &entities)?;
            let actors = [(self.duties.of(&account.id, &actor.is(now)), actor)];
            self.operations(&question, (now, any), &actors, &Acting { as_who: now, roles: &[], at_best: By::Grant })?;
        }
        Ok(())
    }

    /// Whom `[[trusted]]` names: the user of Identity Center who is called so, if there is one.
    pub(super) fn declared_actor(&self, name: &str) -> Actor {
        let inventory = self.agreements.inventory;
        let user = inventory.of_type("IdentityCenterUser").find(|u| u.str("userName") == Some(name));
        let groups = user.map(|u| u.parents.iter().map(|(p, _)| group_name(inventory, p)).collect());
        let person = user.map(|u| u.uid.clone());
        Actor { person, name: Some(name.to_owned()), groups: groups.unwrap_or_default() }
    }

    /// As whom guardrails see somebody.
    fn was(&self, uid: Uid) -> Uid {
        match self.reading {
            Some(reading) => reading.uid(&uid),
            None => uid,
        }
    }

    /// Who acts as a principal.
    pub(super) fn actors(&self, principal: &PrincipalAnswer) -> Vec<Actor> {
        let inventory = self.agreements.inventory;
        let entity = inventory.entities.get(&principal.uid);
        let names = |entity: &Entity| entity.parents.iter().map(|(p, _)| group_name(inventory, p)).collect();
        let person = |person: &Person| {
            let uid = self.was(Uid::new("IdentityCenterUser", &person.id));
            let groups = inventory.entities.get(&uid).map(names).unwrap_or_default();
            Actor { person: Some(uid), name: Some(person.user_name.clone()), groups }
        };
        let mut actors: Vec<Actor> = principal.people.iter().map(person).collect();
        let items = entity.and_then(|e| e.set("assignments")).unwrap_or_default().iter().filter_map(Item::record);
        for group in items.filter_map(|fields| fields.get("group").and_then(Item::id)) {
            let uid = self.was(Uid::new("IdentityCenterGroup", group));
            let has_members = inventory.of_type("IdentityCenterUser").any(|u| u.parents.iter().any(|(p, _)| *p == uid));
            if !has_members {
                let name = group_name(inventory, &uid);
                let groups = BTreeSet::from([name.clone()]);
                actors.push(Actor { person: None, name: Some(format!("group {name}")), groups });
            }
        }
        if actors.is_empty() {
            actors.push(Actor { person: None, name: None, groups: entity.map(names).unwrap_or_default() });
        }
        actors
    }
}
