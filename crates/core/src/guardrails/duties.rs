//! What else somebody may do in an account: `context.may`, by which a guardrail keeps duties apart.
//!
//! A person acts by all of their permission sets, a user as itself, and both as every role that they may become: all of it counts
//! in the account where it is done. What people of whom nothing is known may do there is perhaps done by anybody, and who is not
//! known perhaps does what others do: duties are apart only where it is known that nobody has both.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answered, By, GuardrailQuery, possible};
use crate::assessment::completeness::Missing;
use crate::assessment::completeness::others::Others;
use crate::assessment::{Answers, principal_answer};
use crate::terms::{Decision, PrincipalKind};

/// What somebody may do for certain, perhaps, and by some request.
#[derive(Clone, Debug, Default)]
pub(super) struct May {
    pub certain: BTreeSet<&'static str>,
    pub perhaps: BTreeSet<&'static str>,
    pub by_request: BTreeSet<&'static str>,
}

impl May {
    /// As a principal.
    pub fn of((now, any): Answered<'_>) -> Self {
        let mut may = Self::default();
        for answer in &now.operations {
            match answer.decision {
                Decision::Allow => drop(may.certain.insert(answer.operation)),
                Decision::Unknown => drop(may.perhaps.insert(answer.operation)),
                Decision::Deny => {}
            }
        }
        may.by_request.extend(any.operations.iter().filter(|o| possible(o)).map(|o| o.operation));
        may
    }

    /// The same, where it is no more certain than this that somebody acts as the principal.
    pub fn at_best(&self, by: By) -> Self {
        let mut may = self.clone();
        if by != By::Grant {
            may.perhaps.extend(std::mem::take(&mut may.certain));
        }
        if by == By::Request {
            may.by_request.extend(std::mem::take(&mut may.perhaps));
        }
        may
    }

    /// What this or the other allows.
    pub fn and(mut self, other: &Self) -> Self {
        self.add(other);
        self
    }

    fn add(&mut self, other: &Self) {
        self.certain.extend(&other.certain);
        self.perhaps.extend(&other.perhaps);
        self.by_request.extend(&other.by_request);
    }

    fn perhaps(operations: impl IntoIterator<Item = &'static str>) -> Self {
        Self { perhaps: operations.into_iter().collect(), ..Self::default() }
    }
}

/// Who acts, whichever principals they act as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Somebody {
    /// A person of Identity Center, by their id.
    Person(String),
    /// Members of a group, who are not named.
    Group(String),
    /// Whom `[[trusted]]` names.
    Named(String),
    /// An IAM user, by its ARN.
    User(String),
    /// A principal as itself, whoever uses it: a root user, a role.
    Itself(String),
}

/// Who somebody may be of whom nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// Anyone who acts in the account, its root user apart.
    Anyone,
    /// A person of Identity Center.
    Person,
    /// An IAM user that no one else is.
    User,
}

/// What everybody may do in each account, by its number.
#[derive(Debug, Default)]
pub(super) struct Duties(BTreeMap<String, InAccount>);

#[derive(Debug, Default)]
struct InAccount {
    own: BTreeMap<Somebody, May>,
    /// What people do who are not known, and may be anyone.
    by_anyone: May,
    /// What people of Identity Center do who are not known.
    by_people: May,
    /// What known people of Identity Center do.
    of_people: May,
    /// What is done as any principal but the root user.
    of_all: May,
}

impl InAccount {
    fn add(&mut self, somebody: Somebody, may: &May) {
        if matches!(somebody, Somebody::Person(_) | Somebody::Group(_)) {
            self.of_people.add(may);
        }
        if let Somebody::Group(_) = somebody {
            self.by_people.add(may);
        }
        self.own.entry(somebody).or_default().add(may);
    }
}

impl Duties {
    /// What somebody may do in an account.
    pub fn of(&self, account: &str, somebody: &Somebody) -> May {
        let Some(here) = self.0.get(account) else { return May::default() };
        let own = here.own.get(somebody).cloned().unwrap_or_default();
        let perhaps = |may: &May| may.at_best(By::Unknown);
        match somebody {
            Somebody::Itself(_) => own,
            Somebody::User(_) => own.and(&perhaps(&here.by_anyone)),
            Somebody::Person(_) | Somebody::Named(_) => {
                own.and(&perhaps(&here.by_anyone)).and(&perhaps(&here.by_people))
            }
            Somebody::Group(_) => own.and(&self.of_stranger(account, Stranger::Person)),
        }
    }

    /// What somebody of whom nothing is known perhaps does.
    pub fn of_stranger(&self, account: &str, stranger: Stranger) -> May {
        let Some(here) = self.0.get(account) else { return May::default() };
        let all = match stranger {
            Stranger::Anyone => here.of_all.clone().and(&here.by_people),
            Stranger::Person => here.of_people.clone().and(&here.by_people),
            Stranger::User => May::default(),
        };
        all.and(&here.by_anyone).at_best(By::Unknown)
    }
}

impl<'a> GuardrailQuery<'a> {
    /// What everybody may do, of these answers and of those who may be there unseen.
    pub(super) fn duties(&self, answered: &[Answered<'a>], others: &[Others]) -> Duties {
        let mut duties = Duties::default();
        for answered in answered {
            self.add_duties(*answered, duties.0.entry(answered.0.account.clone()).or_default());
        }
        self.add_named(answered, &mut duties);
        for others in others {
            let Some(account) = &others.account else { continue };
            let here = duties.0.entry(account.clone()).or_default();
            let may = May::perhaps(others.operations.iter().map(|o| o.operation));
            // a user or role that is not listed may be anyone's; a permission set is a person's
            let by =
                if others.missing.contains(&Missing::Principals) { &mut here.by_anyone } else { &mut here.by_people };
            by.add(&may);
        }
        duties
    }

    fn add_duties(&self, answered: Answered<'a>, here: &mut InAccount) {
        let (now, may) = (answered.0, May::of(answered));
        if now.kind != PrincipalKind::Root {
            here.of_all.add(&may);
        }
        for actor in self.actors(now) {
            here.add(actor.is(now), &may);
        }
        if now.kind != PrincipalKind::Role {
            return;
        }
        for (assumer, at_best) in self.assumers(&now.principal) {
            let who = principal_answer(assumer.identity.clone(), Answers::default());
            let may = may.at_best(at_best);
            self.actors(&who).iter().for_each(|actor| here.add(actor.is(&who), &may));
        }
        let [by_now, by_any] = self.behind(&now.principal);
        for name in &by_now.trusted {
            here.add(self.declared_actor(name).is(now), &may);
        }
        if !by_now.is_known() {
            here.by_anyone.add(&may.at_best(By::Unknown));
        } else if !by_any.is_known() {
            here.by_anyone.add(&may.at_best(By::Request));
        }
    }

    /// Whom `[[trusted]]` names may be called like an IAM user: perhaps it is the same, and by its ARN it is.
    fn add_named(&self, answered: &[Answered<'a>], duties: &mut Duties) {
        for (user, _) in answered.iter().filter(|(now, _)| now.kind == PrincipalKind::User) {
            let Some(here) = duties.0.get_mut(&user.account) else { continue };
            let own = Somebody::User(user.principal.clone());
            for (name, by) in [(&user.name, By::Unknown), (&user.principal, By::Grant)] {
                let named = Somebody::Named(name.clone());
                let (Some(a), Some(b)) = (here.own.get(&own).cloned(), here.own.get(&named).cloned()) else { continue };
                here.add(named, &a.at_best(by));
                here.add(own.clone(), &b.at_best(by));
            }
        }
    }

    /// Every choice of what somebody may do besides an operation: what is certain, with each choice of what is open. Operations that
    /// no guardrail names are told apart by none: all of them are there, or none is.
    pub(super) fn choose(
        &self,
        certain: &BTreeSet<&'static str>,
        open: &BTreeSet<&'static str>,
        own: &'static str,
    ) -> Vec<BTreeSet<&'static str>> {
        let mut least = certain.clone();
        least.insert(own);
        let mut all = vec![least.clone()];
        let named = self.guardrails.duties();
        if named.is_none() {
            return all;
        }
        let open = open.iter().copied().filter(|o| !least.contains(o));
        let (one_by_one, together): (Vec<_>, Vec<_>) =
            open.partition(|o| named.as_ref().is_some_and(|n| n.contains(o)));
        let mut choices: Vec<Vec<&'static str>> = one_by_one.into_iter().map(|o| vec![o]).collect();
        choices.push(together);
        for choice in choices.into_iter().filter(|c| !c.is_empty()) {
            let with = |set: &BTreeSet<&'static str>| set.iter().copied().chain(choice.iter().copied()).collect();
            let more: Vec<BTreeSet<&'static str>> = all.iter().map(with).collect();
            all.extend(more);
        }
        all
    }
}
