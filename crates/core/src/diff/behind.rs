//! People behind principals, of whom one side need not have listed all (D31): who they are is seen for the first time there, or is no
//! longer known, or was told without their names. Neither is access that was gained or lost.

use std::collections::{BTreeMap, BTreeSet};

use super::differences::{AccessChange, Answers, gained};
use super::listed::Listed;
use super::people::{Actor, Hat, PersonEntry, is_loss};
use super::{AccessEntry, PrincipalEntry, Side};
use crate::assessment::completeness::Unseen;
use crate::inventory::Inventory;
use crate::people::unlisted::Way;
use crate::people::{Other, Unlisted, short};
use crate::terms::PrincipalKind;
use crate::words;

/// What a difference of somebody comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    /// What it says.
    Known,
    /// Somebody, of whom one side need not have told.
    As(AccessChange),
    /// Nobody: those who were told as not listed are told by their names now.
    ByName,
    /// Somebody who may have been one of the members of a group who were not listed, and could do as much.
    Member,
}

/// One side, as far as it counts here.
#[derive(Clone, Copy)]
struct Collected<'a> {
    inventory: &'a Inventory,
    unseen: &'a Unseen,
    answers: &'a Answers,
}

/// Both sides, from that on which somebody has less.
struct Behind<'a> {
    entry: &'a AccessEntry,
    /// Where they have less, or are not at all.
    less: Collected<'a>,
    /// Where they have more.
    more: Collected<'a>,
    /// They have less than before.
    taken: bool,
    listed: &'a Listed<'a>,
}

/// An entry about people, by what it comes to.
pub(super) fn parted(
    entry: AccessEntry,
    [base, head]: [&Side<'_>; 2],
    [before, after]: [&Unseen; 2],
    [old, new]: [&Answers; 2],
    listed: &Listed<'_>,
) -> Vec<AccessEntry> {
    if entry.people.is_empty() {
        return vec![entry];
    }
    let old = Collected { inventory: base.inventory, unseen: before, answers: old };
    let new = Collected { inventory: head.inventory, unseen: after, answers: new };
    let taken = is_loss(Some(entry.change), &entry.actions_gained);
    let (less, more) = if taken { (new, old) } else { (old, new) };
    let behind = Behind { entry: &entry, less, more, taken, listed };
    let mut by: BTreeMap<&Actor, Vec<Seen>> = BTreeMap::new();
    entry.people.iter().for_each(|p| by.entry(&p.actor).or_default().push(behind.seen(p)));
    let mut kinds: BTreeMap<Seen, Vec<&Actor>> = BTreeMap::new();
    for (actor, seen) in by {
        let first = seen.first().copied().unwrap_or(Seen::Known);
        // who has it in a way that is known has it
        let all = if seen.iter().all(|s| *s == first) { first } else { Seen::Known };
        kinds.entry(all).or_default().push(actor);
    }
    let told = |(seen, actors): (Seen, Vec<&Actor>)| match seen {
        Seen::Known => Some(of(&entry, &actors)),
        Seen::As(change) => Some(of(&entry, &actors).unseen(change)),
        // what is not allowed any more is no matter of a gate
        Seen::ByName => entry.widens().then(|| of(&entry, &actors)),
        Seen::Member => {
            let seen = of(&entry, &actors).unseen(AccessChange::FirstSeen);
            Some(AccessEntry { may_widen: false, of_members: true, ..seen })
        }
    };
    kinds.into_iter().filter_map(told).collect()
}

/// All who came to stand behind a permission set are groups of which the members were named before.
pub(super) fn are_groups_of_before(principal: &PrincipalEntry, [base, head]: [&Side<'_>; 2], old: &Answers) -> bool {
    let names = |group: &str| -> BTreeSet<String> {
        let called = |side: &Side<'_>, id: &str| {
            let entity = side.inventory.entity("IdentityCenterGroup", id);
            entity.and_then(|g| g.str("displayName")).unwrap_or(id).to_owned()
        };
        let groups = head.inventory.of_type("IdentityCenterGroup").map(|g| g.uid.id.as_str());
        let of = groups.filter(|id| called(head, id) == group);
        of.flat_map(|id| [id.to_owned(), called(base, id), called(head, id)]).collect()
    };
    let is_of_before = |person: &String| {
        let names = person.strip_prefix("group ").map(names).unwrap_or_default();
        let has = |hat: &Hat| hat.group.as_ref().is_some_and(|name| names.contains(name));
        let own = |hat: &&Hat| hat.who.1 == principal.principal && hat.via.is_empty();
        old.acting.members(&principal.account).filter(own).any(has)
    };
    !principal.people.is_empty() && principal.people.iter().all(is_of_before)
}

/// The entry, about these alone.
fn of(entry: &AccessEntry, actors: &[&Actor]) -> AccessEntry {
    let people: Vec<PersonEntry> = entry.people.iter().filter(|p| actors.contains(&&p.actor)).cloned().collect();
    let through = |p: &&PrincipalEntry| people.iter().any(|x| (&x.account, &x.through) == (&p.account, &p.principal));
    let principals = entry.principals.iter().filter(through).map(|p| {
        let own = |name: &&String| people.iter().any(|x| x.person == **name);
        PrincipalEntry { people: p.people.iter().filter(own).cloned().collect(), ..p.clone() }
    });
    let principals = principals.collect();
    AccessEntry { people, principals, ..entry.clone() }
}

impl Behind<'_> {
    fn seen(&self, person: &PersonEntry) -> Seen {
        let unseen = if self.taken { AccessChange::NoLongerKnown } else { AccessChange::FirstSeen };
        let who = (person.account.clone(), person.through.clone());
        if let Actor::Other(_) = person.actor {
            return self.other(person);
        }
        let is_there = self.less.answers.principals.contains_key(&who);
        if !is_there && !person.assuming.is_empty() {
            // they act as a role, which may be there unseen
            let hidden = self.less.unseen.may_hold(&person.account, PrincipalKind::Role);
            return if hidden { Seen::As(unseen) } else { Seen::Known };
        }
        // what the principal itself may do has to be the same there
        if !self.is_alike(&who) {
            return Seen::Known;
        }
        let way = (person.account.clone(), person.through.clone(), person.from.clone());
        let by_set = person.assuming.is_empty() || person.from.is_some();
        if by_set && self.is_member(person, &way) {
            return Seen::Member;
        }
        if by_set && self.less.answers.open.contains(&way) || self.is_unlisted(person) {
            return Seen::As(unseen);
        }
        match &person.actor {
            // who is left in a group of which no member is named any more could do no more than those who were
            Actor::Group(id) if !self.taken && self.has_members(person, id) => Seen::As(AccessChange::NoLongerKnown),
            Actor::Group(id) if self.more.answers.open.contains(&way) && self.has_members(person, id) => Seen::ByName,
            _ => Seen::Known,
        }
    }

    /// Where they have less, unlisted members of a group acted in the same way, and they may have been among them.
    fn is_member(&self, person: &PersonEntry, way: &Way) -> bool {
        let Actor::Person(id) = &person.actor else { return false };
        if self.taken || !self.less.answers.open.contains(way) {
            return false;
        }
        let named = |p: &&PrincipalEntry| Some(&words::principal(p.kind, &p.name, &p.account)) == person.from.as_ref();
        let set = match &person.from {
            None => Some((person.account.clone(), person.through.clone())),
            Some(_) => {
                let set = self.less.answers.principals.values().find(named);
                set.map(|p| (p.account.clone(), p.principal.clone()))
            }
        };
        set.is_some_and(|set| self.listed.may_have_been(&set, id))
    }

    fn is_alike(&self, who: &(String, String)) -> bool {
        let reached = if self.taken { &self.entry.before } else { &self.entry.after };
        self.entry.operations.iter().all(|operation| {
            let theirs = self.less.answers.state(who, operation);
            theirs.is_some_and(|s| s.decision == reached.decision && gained(&s, reached).is_empty())
        })
    }

    /// Where they have less, somebody who is not listed may stand behind the role, and it may be they.
    fn is_unlisted(&self, person: &PersonEntry) -> bool {
        let Collected { unseen, answers, .. } = self.less;
        let who = (person.account.clone(), person.through.clone());
        let strangers = answers.strangers.get(&who).into_iter().flatten();
        let hidden = |account: &str, arn: &str, kind| {
            unseen.may_hold(account, kind) && !answers.principals.contains_key(&(account.to_owned(), arn.to_owned()))
        };
        let own = match &person.actor {
            Actor::Principal(account, arn) if hidden(account, arn, PrincipalKind::User) => Some((account, arn)),
            _ => None,
        };
        // a role on the way may be the one that is not listed
        let roles = self.more.answers.principals.keys().filter(|(account, arn)| {
            person.assuming.iter().any(|name| name == short(arn)) && hidden(account, arn, PrincipalKind::Role)
        });
        let ways: Vec<(&String, &String)> = own.into_iter().chain(roles.map(|(account, arn)| (account, arn))).collect();
        let may_be = |other: &Other| {
            let Some(Unlisted { account, by: None, .. }) = &other.unlisted else { return false };
            ways.iter().any(|(of, arn)| *of == account && named(other).is_none_or(|named| named == arn.as_str()))
        };
        strangers.into_iter().any(may_be)
    }

    /// Where they have less, members of the group are named, who act in the same way.
    fn has_members(&self, person: &PersonEntry, group: &str) -> bool {
        let names = [self.less, self.more].map(|side| {
            let entity = side.inventory.entity("IdentityCenterGroup", group);
            entity.and_then(|g| g.str("displayName")).unwrap_or(group)
        });
        self.less.answers.acting.members(&person.account).any(|hat| {
            let named = |name: &&str| hat.group.as_deref() == Some(*name);
            let same = (&hat.who.1, &hat.from, &hat.via) == (&person.through, &person.from, &person.assuming);
            same && names.iter().chain([&group]).any(named)
        })
    }

    /// Somebody of whom the inventory knows nothing, at a role.
    fn other(&self, person: &PersonEntry) -> Seen {
        let who = (person.account.clone(), person.through.clone());
        let kind = |side: Collected<'_>| side.answers.principals.get(&who).map(|p| p.kind);
        let has = |side: Collected<'_>| {
            let role = side.inventory.entity("Role", &who.1)?;
            let policy = side.inventory.policies.get(role.reference("trustPolicy")?)?;
            Some(policy.content.clone())
        };
        // whoever may become it is the same, by the policy
        let trusted = has(self.less);
        if trusted.is_none() || trusted != has(self.more) {
            return Seen::Known;
        }
        let lists = |account: &str| {
            let (less, more) = (self.less.unseen, self.more.unseen);
            (more.principals_of(account) && !less.principals_of(account))
                || (more.assignments_of(account) && !less.assignments_of(account))
        };
        let mut strangers = self.more.answers.strangers.get(&who).into_iter().flatten();
        let stranger = strangers.find(|other| other.who == person.person);
        let is_unseen = match stranger.map(|other| &other.unlisted) {
            Some(Some(Unlisted { account, by: None, .. })) => lists(account),
            Some(Some(Unlisted { account, by: Some(set), .. })) => {
                let is_open = |side: Collected<'_>| {
                    side.answers.open.iter().any(|(a, arn, from)| (a, arn) == (account, &set.arn) && from.is_none())
                };
                is_open(self.more) && !is_open(self.less)
            }
            // the role of a permission set, of which nothing tells here that it is assigned
            Some(None) => {
                kind(self.less) == Some(PrincipalKind::PermissionSet)
                    && kind(self.more) == Some(PrincipalKind::Role)
                    && self.more.unseen.assignments_of(&who.0)
            }
            None => false,
        };
        match (is_unseen, self.taken) {
            (false, _) => Seen::Known,
            (true, true) => Seen::ByName,
            (true, false) => Seen::As(AccessChange::NoLongerKnown),
        }
    }
}

/// The ARN by which a trust policy names somebody who is not listed; `None` where it names the whole account.
fn named(other: &Other) -> Option<&str> {
    other.who.split_once(',').map(|(arn, _)| arn).filter(|arn| arn.starts_with("arn:"))
}
