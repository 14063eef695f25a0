//! Events about agreements that do not say which agreement: AWS has not published their fields, and CloudTrail may mask them. Whatever they
//! can be about is in doubt from then on (D16).

use super::Assembly;
use super::agreements::{append, is_ended_by_list, is_near};
use crate::import::cloudtrail::{Change, Event};
use crate::import::facts::Acceptance;
use crate::inventory::builtin::{self, Offer};
use crate::moment::{self, Moment};
use crate::problem::{Place, SourceFile};

impl Assembly<'_> {
    /// The acceptances that ended when an event tells that one was terminated, and that no other event ended. What AWS ended, no call of a
    /// customer did, and a list does not show an end that comes after it.
    pub(super) fn all_ended_at(&self, event: &Event) -> Vec<String> {
        if self.is_after_the_list(&event.recipient, event.at) {
            return Vec::new();
        }
        let by_customer = |a: &Acceptance| is_ended_by_list(a) && a.state != "AWS_TERMINATED";
        let then = |a: &Acceptance| a.end.is_some_and(|end| is_near(end, event.at)) && by_customer(a);
        let found = self.facts.agreements.iter().filter(|(_, a)| self.could_terminate(event, a) && then(a));
        found.map(|(id, _)| id.clone()).collect()
    }

    /// Whether the account of an event could terminate an acceptance: its own, or one of the organization that it manages (R34, R37).
    fn could_terminate(&self, event: &Event, told: &Acceptance) -> bool {
        self.facts.holder(told) == Some(&event.recipient)
    }

    /// An agreement was terminated, and nothing tells which: whatever a list shows to be in force, and the account could terminate, may have
    /// ended then (R61, R62), unless the list is the later of the two.
    pub(super) fn any_may_have_ended(&mut self, event: &Event) {
        if self.is_before_the_lists(event.at) {
            return;
        }
        let stands = |a: &Acceptance| a.end.is_none() && a.known_until.is_none() && a.start <= event.at;
        let found = self.facts.agreements.iter().filter(|(_, a)| stands(a) && self.could_terminate(event, a));
        let ids: Vec<String> = found.map(|(id, _)| id.clone()).collect();
        let witness = format!("{}; it does not name the agreement that was terminated", event.witness);
        for id in &ids {
            if let Some(known) = self.facts.agreements.get_mut(id) {
                known.known_until = Some(event.at);
                append(&mut known.end_witness, &witness);
            }
        }
        if !ids.is_empty() {
            let on = moment::format(event.at);
            let message =
                format!("{}: listed as in force, and may have been terminated on {on}: {witness}", ids.join(", "));
            self.facts.remark(message, "whether it is in force since is unknown: collect the list again");
        }
    }

    /// Whether lists were collected after a moment: what was in force then, and is no more, they do not show.
    pub(super) fn is_before_the_lists(&self, at: Moment) -> bool {
        self.facts.as_of.is_some_and(|as_of| at < as_of)
    }

    /// Whether an account that terminates an acceptance is known to be another than the one that can: a member terminates no agreement of its
    /// organization (R34, R37).
    pub(super) fn cannot_terminate(&self, event: &Event, told: &Acceptance) -> bool {
        self.facts.holder(told).is_some_and(|holder| *holder != event.recipient)
    }

    /// Whether ends that lists show account for all events of that time which name nothing, whichever is of which.
    pub(super) fn is_of_a_listed_end(&self, event: &Event) -> bool {
        let is_alike = |other: &&Event| {
            let is_unnamed = matches!(&other.change, Change::Terminated { acceptance: None });
            is_unnamed && other.recipient == event.recipient && is_near(other.at, event.at)
        };
        let ends = self.all_ended_at(event).len();
        ends > 0 && self.facts.events.values().filter(is_alike).count() <= ends
    }

    /// What was accepted where an event does not name it: any agreement of AWS's that the account could accept then, for itself or, from the
    /// management account, for its organization (R33, R37). None is known to be in force.
    pub(super) fn may_be_accepted(&self, id: &str, event: &Event) -> Vec<(String, Acceptance)> {
        let account = self.facts.accounts.get(&event.recipient);
        let partition = account.and_then(|a| a.partition.as_deref()).unwrap_or("aws");
        let managed = self.facts.managed_by(&event.recipient);
        let of_partition = builtin::offers().iter().filter(|o| o.partition == partition);
        let could = of_partition.filter(|o| !o.is_of_organization() || managed.is_some());
        let told = could.map(|offer| {
            let organization = managed.filter(|_| offer.is_of_organization()).map(str::to_owned);
            let account = organization.is_none().then(|| event.recipient.clone());
            let mut told = told_by(event, offer, account, organization);
            told.start_witness = Some(format!("{}; it does not name the agreement that was accepted", event.witness));
            (format!("accepted-by-event-{id}-{}-{}", offer.kind, offer.scope), told)
        });
        told.filter(|(_, told)| !self.stands(told, event.at)).collect()
    }

    /// Whether the same agreement is in force already: the console offers to accept only what is not (D27).
    fn stands(&self, told: &Acceptance, at: Moment) -> bool {
        self.facts.agreements.iter().any(|(id, a)| {
            let is_same =
                (&a.agreement, &a.account, &a.organization) == (&told.agreement, &told.account, &told.organization);
            let is_there = a.known_until.is_none() && a.start <= at && a.end.is_none_or(|end| end > at);
            is_same && is_there && !self.may_have_ended(id, a, at)
        })
    }

    /// Whether an event before a moment ended an acceptance, or may have.
    fn may_have_ended(&self, id: &String, told: &Acceptance, at: Moment) -> bool {
        self.facts.events.values().any(|event| match &event.change {
            Change::Terminated { acceptance } if event.at <= at && event.at >= told.start => match acceptance {
                Some(named) => named == id,
                None => {
                    let is_settled = self.is_before_the_lists(event.at) || self.is_of_a_listed_end(event);
                    !is_settled && self.could_terminate(event, told)
                }
            },
            _ => false,
        })
    }
}

/// What an event tells of an acceptance: that it began, and not that nobody terminated it since.
pub(super) fn told_by(
    event: &Event,
    offer: &Offer,
    account: Option<String>,
    organization: Option<String>,
) -> Acceptance {
    Acceptance {
        agreement: offer.id.clone(),
        name: None,
        account,
        organization,
        partition: offer.partition.clone(),
        start: event.at,
        end: None,
        known_until: Some(event.at),
        state: "ACTIVE".to_owned(),
        accepted_by: event.who.clone(),
        start_witness: Some(event.witness.clone()),
        end_witness: None,
        place: Place { source: SourceFile::new(event.witness.clone(), ""), span: Default::default() },
    }
}

/// Whether an event tells of an acceptance already.
pub(super) fn is_witnessed(told: &Acceptance) -> bool {
    told.start_witness.as_deref().is_some_and(|witness| witness.contains("CloudTrail AcceptAgreement"))
}
