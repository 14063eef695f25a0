//! What each person can do: the best of what the principals are answered that they act as.
//!
//! A permission set, or a role, is how people act. Whoever comes to stand behind one can do what it may, although its own answers are the
//! same as before. Only those are compared whose ways of acting are others on the two sides.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::PrincipalEntry;
use super::differences::{AccessChange, AccessState, Answers, Difference, State, Subject, access_change, gained};
use crate::assessment::Operation;
use crate::assessment::PrincipalAnswer;
use crate::people::{ANYONE, Assumer, Behind, Other, UNKNOWN, short};
use crate::terms::{Decision, PrincipalKind};
use crate::words;

/// An account, and an ARN.
pub(super) type Who = (String, String);

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// A user of Identity Center, by id.
    Person(String),
    /// Whoever is in a group of Identity Center whose members are not named, by its id.
    Group(String),
    /// An IAM user, by account and ARN.
    Principal(String, String),
    /// Somebody of whom the inventory knows nothing: who, and at which role.
    Other(String),
}

/// A principal that somebody acts as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hat {
    /// The principal whose answers count.
    pub who: Who,
    /// The group that makes it so.
    pub group: Option<String>,
    /// The permission set that assumes the first of the roles.
    pub from: Option<String>,
    /// The roles that are assumed one after the other; none for a permission set itself.
    pub via: Vec<String>,
    /// It is known that they may act as it.
    pub certain: bool,
}

/// How a person does something: `schemas/diff.v1.schema.json`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PersonEntry {
    /// The user name, the name of an IAM user, or `group` with the name of a group whose members are not named.
    pub person: String,
    /// The account of the principal.
    pub account: String,
    /// The ARN of the permission set or the role through which they act.
    pub through: String,
    /// The groups that make it so.
    pub groups: Vec<String>,
    /// The permission set that assumes the first of the roles.
    pub from: Option<String>,
    /// The names of the roles that are assumed one after the other, where the principal is a role.
    pub assuming: Vec<String>,
    /// Who it is.
    #[serde(skip)]
    pub actor: Actor,
}

/// Who acts as what, on one side.
#[derive(Default)]
pub(super) struct Acting {
    names: BTreeMap<Actor, String>,
    /// By the account in which they act.
    hats: BTreeMap<(String, Actor), BTreeSet<Hat>>,
}

impl Acting {
    /// Takes note of the people behind a permission set.
    pub fn principal(&mut self, principal: &PrincipalAnswer) {
        let who = (principal.account.clone(), principal.principal.clone());
        for person in principal.people.iter() {
            let actor = Actor::Person(person.id.clone());
            let hat = Hat { who: who.clone(), group: person.group.clone(), from: None, via: Vec::new(), certain: true };
            self.acts(&principal.account, actor, person.user_name.clone(), hat);
        }
        for group in principal.groups.iter() {
            let actor = Actor::Group(group.id.clone());
            let hat =
                Hat { who: who.clone(), group: Some(group.name.clone()), from: None, via: Vec::new(), certain: true };
            self.acts(&principal.account, actor, format!("group {}", group.name), hat);
        }
    }

    /// Takes note that somebody may have the credentials of a root user.
    pub fn root(&mut self, who: &Who) {
        let hat = Hat { who: who.clone(), group: None, from: None, via: Vec::new(), certain: true };
        let actor = Actor::Other(format!("credentials of {}", who.1));
        self.acts(&who.0, actor, "whoever has the credentials of the root user".to_owned(), hat);
    }

    /// Takes note of who may become a role.
    pub fn role(&mut self, who: Who, behind: &Behind) {
        let account = who.0.clone();
        let hat = |group: Option<&String>, (from, roles): (Option<String>, &[String]), certain: bool| Hat {
            who: who.clone(),
            group: group.cloned(),
            from,
            via: roles.iter().map(|r| short(r).to_owned()).collect(),
            certain,
        };
        for Assumer { identity, roles, certain, .. } in &behind.assumers {
            let set = words::principal(identity.kind, &identity.name, &identity.account);
            let via = (Some(set).filter(|_| identity.kind == PrincipalKind::PermissionSet), roles.as_slice());
            for person in identity.people.iter() {
                let hat = hat(person.group.as_ref(), via.clone(), *certain);
                self.acts(&account, Actor::Person(person.id.clone()), person.user_name.clone(), hat);
            }
            for group in identity.groups.iter() {
                let hat = hat(Some(&group.name), via.clone(), *certain);
                self.acts(&account, Actor::Group(group.id.clone()), format!("group {}", group.name), hat);
            }
            if identity.kind == PrincipalKind::User {
                let actor = Actor::Principal(identity.account.clone(), identity.arn.clone());
                self.acts(&account, actor, format!("user {}", identity.name), hat(None, via, *certain));
            }
        }
        for Other { who: other, roles, unlisted, of_everyone } in &behind.others {
            let hat = hat(None, (None, roles), other != UNKNOWN && unlisted.is_none());
            // those at one role need not be those at another
            // and whom conditions leave of everyone are compared as everyone: fewer are nobody new
            let key = if *of_everyone { ANYONE } else { other };
            let actor = Actor::Other(format!("{key} at {}", who.1));
            let is_another = self.names.get(&actor).is_some_and(|name| name != other);
            let name = if is_another { ANYONE } else { other };
            self.acts(&account, actor, name.to_owned(), hat);
        }
    }

    /// Takes note of one way to act.
    pub fn acts(&mut self, account: &str, actor: Actor, name: String, hat: Hat) {
        self.names.insert(actor.clone(), name);
        self.hats.entry((account.to_owned(), actor)).or_default().insert(hat);
    }

    /// The ways by which members of groups act in an account: those who are named.
    pub fn members<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a Hat> {
        let named = move |(of, actor): &(String, Actor)| of == account && matches!(actor, Actor::Person(_));
        self.hats.iter().filter(move |(key, _)| named(key)).flat_map(|(_, hats)| hats)
    }

    /// A principal is called by another ARN.
    pub fn rename(&mut self, from: &Who, to: &Who) {
        for hats in self.hats.values_mut() {
            if hats.iter().any(|hat| hat.who == *from) {
                let renamed = |hat: Hat| if hat.who == *from { Hat { who: to.clone(), ..hat } } else { hat };
                *hats = std::mem::take(hats).into_iter().map(renamed).collect();
            }
        }
    }

    fn of(&self, account: &str, actor: &Actor) -> Option<&BTreeSet<Hat>> {
        self.hats.get(&(account.to_owned(), actor.clone()))
    }
}

impl Answers {
    /// The answer to somebody's operation in an account: the best of those of the principals that they act as.
    pub(super) fn of_person(&self, account: &str, actor: &Actor, operation: &Operation) -> State {
        let hats = self.acting.of(account, actor).into_iter().flatten();
        let states = hats.filter_map(|hat| Some(as_worn(hat, self.state(&hat.who, operation)?)));
        states.reduce(best).map_or(State::Absent, State::Access)
    }

    /// How somebody does an operation as well as they can: by each principal that has the best answer.
    pub(super) fn ways(&self, account: &str, actor: &Actor, operations: &[Operation]) -> Vec<(Who, PersonEntry)> {
        let mut ways: BTreeMap<(Who, Option<String>, Vec<String>), BTreeSet<String>> = BTreeMap::new();
        for operation in operations {
            let reached = self.of_person(account, actor, operation).access();
            let counts = |s: &AccessState| rank(s) == rank(&reached) && (rank(s) > (0, false) || s.allows_something());
            for hat in self.acting.of(account, actor).into_iter().flatten() {
                let state = self.state(&hat.who, operation).map(|s| as_worn(hat, s));
                if state.is_some_and(|s| counts(&s)) {
                    let way = (hat.who.clone(), hat.from.clone(), hat.via.clone());
                    ways.entry(way).or_default().extend(hat.group.clone());
                }
            }
        }
        let name = self.acting.names.get(actor).cloned().unwrap_or_default();
        let entry = |((who, from, assuming), groups): ((Who, Option<String>, Vec<String>), BTreeSet<String>)| {
            let (account, through) = who.clone();
            let groups = groups.into_iter().collect();
            (who, PersonEntry { person: name.clone(), account, through, groups, from, assuming, actor: actor.clone() })
        };
        ways.into_iter().map(entry).collect()
    }
}

/// As far as an answer lets its principal go.
fn rank(state: &AccessState) -> (usize, bool) {
    (state.decision.map_or(0, order), state.permitted)
}

fn order(decision: Decision) -> usize {
    match decision {
        Decision::Deny => 0,
        Decision::Unknown => 1,
        Decision::Allow => 2,
    }
}

impl AccessState {
    /// The operation, or some IAM action under it, is allowed, or may be.
    pub(super) fn allows_something(&self) -> bool {
        self.decision.is_some_and(|d| d != Decision::Deny) || self.actions.values().any(|d| *d != Decision::Deny)
    }
}

/// What is allowed to a principal that somebody perhaps acts as is perhaps allowed to them.
fn as_worn(hat: &Hat, state: AccessState) -> AccessState {
    if hat.certain {
        return state;
    }
    let perhaps = |d: Decision| if d == Decision::Allow { Decision::Unknown } else { d };
    let actions = state.actions.iter().map(|(a, d)| (a.clone(), perhaps(*d))).collect();
    AccessState { decision: state.decision.map(perhaps), actions, permitted: false, ..state }
}

/// Whoever has both answers can do what one of them allows.
fn best(one: AccessState, other: AccessState) -> AccessState {
    let (mut better, worse) = if rank(&other) > rank(&one) { (other, one) } else { (one, other) };
    better.permitted |= worse.permitted;
    for (action, decision) in worse.actions {
        let own = better.actions.entry(action).or_insert(decision);
        if order(decision) > order(*own) {
            *own = decision;
        }
    }
    better
}

/// What people gain and lose by acting as others than before. What their principals gain and lose is told of the principals.
pub(super) fn differences(before: &Answers, after: &Answers) -> Vec<Difference> {
    let all: BTreeSet<&(String, Actor)> = before.acting.hats.keys().chain(after.acting.hats.keys()).collect();
    let mut found = Vec::new();
    for (account, actor) in all {
        let (old, new) = (before.acting.of(account, actor), after.acting.of(account, actor));
        if old == new {
            continue;
        }
        let hats: Vec<&Hat> = old.into_iter().chain(new).flatten().collect();
        let sides = [before, after].into_iter();
        let operations: BTreeSet<&Operation> =
            sides.flat_map(|side| hats.iter().flat_map(|hat| side.operations_of(&hat.who))).collect();
        for operation in operations {
            let states = [before, after].map(|side| side.of_person(account, actor, operation));
            let [old, new] = &states;
            let change = access_change(&old.access(), &new.access());
            if change.is_none_or(|c| c == AccessChange::Message) || is_told(before, after, (account, actor), operation)
            {
                continue;
            }
            let subject =
                Subject::Person { account: account.clone(), actor: actor.clone(), operation: operation.clone() };
            let [before, after] = states;
            found.push(Difference { subject, before, after, account: Some(account.clone()) });
        }
    }
    found
}

/// Whether the answers of a permission set tell it already: the set that is behind the answer on the side that has more of it is answered
/// alike, and was not on the other side.
fn is_told(before: &Answers, after: &Answers, (account, actor): (&str, &Actor), operation: &Operation) -> bool {
    let states = [before, after].map(|side| side.of_person(account, actor, operation).access());
    let [old, new] = &states;
    let change = access_change(old, new);
    let taken = is_loss(change, &gained(old, new));
    let side = if taken { before } else { after };
    let hats = side
        .acting
        .of(account, actor)
        .into_iter()
        .flatten()
        .filter(|hat| hat.via.is_empty() || matches!(actor, Actor::Other(_)));
    hats.into_iter().any(|hat| {
        let own = |side: &Answers| side.state(&hat.who, operation).unwrap_or_else(AccessState::absent);
        let (own_old, own_new) = (own(before), own(after));
        let same_actions =
            |a: &AccessState, b: &AccessState, c: &AccessState, d: &AccessState| gained(a, b) == gained(c, d);
        own_old.permitted == old.permitted
            && access_change(&own_old, &own_new) == change
            && same_actions(&own_old, &own_new, old, new)
            && same_actions(&own_new, &own_old, new, old)
    })
}

/// Whether somebody has less than before.
pub(super) fn is_loss(change: Option<AccessChange>, gained: &[String]) -> bool {
    match change {
        Some(AccessChange::Lost | AccessChange::MayBeLost) => true,
        Some(AccessChange::Actions) => gained.is_empty(),
        _ => false,
    }
}

/// The entries of permission sets and roles, with the people alone that an entry is about.
pub(super) fn principals(
    ways: &[(Who, PersonEntry)],
    named: impl Fn(&Who) -> Option<PrincipalEntry>,
) -> Vec<PrincipalEntry> {
    let mut by: BTreeMap<&Who, BTreeSet<&str>> = BTreeMap::new();
    for (who, entry) in ways {
        by.entry(who).or_default().insert(&entry.person);
    }
    let entry = |(who, people): (&Who, BTreeSet<&str>)| {
        let people = people.into_iter().map(str::to_owned).collect();
        Some(PrincipalEntry { people, ..named(who)? })
    };
    by.into_iter().filter_map(entry).collect()
}
